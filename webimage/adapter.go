package webimage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// adapterSources is the program that answers Lambda's invocations: package main, the standard library alone.
//
//go:embed adapter/*.go
var adapterSources embed.FS

const (
	// adapterPath is where Lambda looks for external extensions. Nobody else starts what lies there.
	adapterPath = "opt/extensions/cdkweb-adapter"

	// adapterModule lets the sources compile outside their repository.
	adapterModule = "module cdkweb-adapter\n\ngo 1.26\n"
)

// writeAdapter writes the archive with the adapter that an image of this architecture gets.
func writeAdapter(file string, architecture Architecture) error {
	binary, err := adapterBinary(architecture)
	if err != nil {
		return err
	}
	archive := newArchive()
	if err := archive.file(adapterPath, 0o755, binary); err != nil {
		return fmt.Errorf("pack the Lambda adapter: %w", err)
	}
	return archive.write(file)
}

// adapterBinary returns the compiled adapter, from the user's cache folder where it has been compiled before by this toolchain
// from these sources.
func adapterBinary(architecture Architecture) ([]byte, error) {
	binary, err := cachedAdapter(architecture)
	if err != nil {
		return nil, fmt.Errorf("compile the Lambda adapter: %w", err)
	}
	return binary, nil
}

func cachedAdapter(architecture Architecture) ([]byte, error) {
	sources, err := adapterFiles()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "cdkweb-adapter-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	hash := sha256.New()
	for _, source := range sources {
		if err := os.WriteFile(filepath.Join(dir, source.name), source.content, 0o644); err != nil {
			return nil, err
		}
		fmt.Fprintf(hash, "%s\x00%d\x00%s", source.name, len(source.content), source.content)
	}

	environment := adapterEnvironment(architecture)
	version, err := goTool(dir, environment, "env", "GOVERSION") // there, because go.mod selects the toolchain
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(hash, "%s\x00%s\x00%s", version, environment, buildFlags)
	cached := filepath.Join(cacheFolder(), "adapter", hex.EncodeToString(hash.Sum(nil)[:16]), "cdkweb-adapter")
	if binary, err := os.ReadFile(cached); err == nil {
		return binary, nil
	}
	return compileAdapter(dir, architecture, cached)
}

// compileAdapter compiles the sources in a folder and keeps the result in the cache. A cache that cannot be written costs the next
// synth a few seconds, so it is no error.
func compileAdapter(dir string, architecture Architecture, cached string) ([]byte, error) {
	progress("compiling the Lambda adapter for linux/%s (once; kept in %s)", architectures[architecture].goarch, filepath.Dir(cached))
	output := filepath.Join(dir, "cdkweb-adapter")
	arguments := append([]string{"build", "-o", output, "-ldflags", "-s -w"}, buildFlags...)
	if _, err := goTool(dir, adapterEnvironment(architecture), append(arguments, ".")...); err != nil {
		return nil, err
	}
	binary, err := os.ReadFile(output)
	if err != nil {
		return nil, err
	}
	if err := keep(cached, binary); err != nil {
		progress("the compiled Lambda adapter could not be kept: %v", err)
	}
	return binary, nil
}

// adapterEnvironment is how the adapter is compiled, whatever the user's environment says: it is no part of the user's workspace, and
// the user's flags are for the user's code.
func adapterEnvironment(architecture Architecture) []string {
	return append(crossCompile(architecture), "GOWORK=off", "GOFLAGS=", "GOFIPS140=off")
}

// keep writes a file of the cache in one step, so that a synth beside this one never reads half of it.
func keep(name string, content []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.Write(content); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

type sourceFile struct {
	name    string
	content []byte
}

// adapterFiles returns the adapter's module: go.mod, and the sources in the order of their names, without its tests.
func adapterFiles() ([]sourceFile, error) {
	files := []sourceFile{{"go.mod", []byte(adapterModule)}}
	entries, err := fs.ReadDir(adapterSources, "adapter")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), "_test.go") {
			continue
		}
		content, err := adapterSources.ReadFile("adapter/" + entry.Name())
		if err != nil {
			return nil, err
		}
		files = append(files, sourceFile{entry.Name(), content})
	}
	return files, nil
}

// cacheFolder is where compiled adapters are kept: the user's cache folder or, for a user without a home, a temporary one.
func cacheFolder() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "cdkweb")
}

// buildFlags make the same program from the same sources in every folder: no paths, no revision.
var buildFlags = []string{"-trimpath", "-buildvcs=false"}

// crossCompile is the environment that compiles for Linux without a C library, for every CPU of the architecture: what this machine is
// tuned for is no matter of the image's.
func crossCompile(architecture Architecture) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + architectures[architecture].goarch,
		"GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=",
	}
}

// goTool runs the go command and returns what it printed. An error holds the command's own words.
func goTool(dir string, environment []string, arguments ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command("go", arguments...)
	command.Dir = dir
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = append(os.Environ(), environment...)
	if err := command.Run(); err != nil {
		if message := strings.TrimSpace(stderr.String()); message != "" {
			return "", fmt.Errorf("go %s: %w\n%s", arguments[0], err, message)
		}
		return "", fmt.Errorf("go %s: %w", arguments[0], err)
	}
	return stdout.String(), nil
}

// progress tells the person who waits for synth what takes so long.
func progress(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "cdkweb: "+format+"\n", arguments...)
}
