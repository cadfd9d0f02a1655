package webimage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// adapterSources is the program that answers Lambda's invocations: package main, the standard library alone.
//
//go:embed adapter/*.go
var adapterSources embed.FS

// adapterSums holds a line for each architecture: its name in Go, and the SHA-256 of the compiled adapter.
//
//go:embed adapter.sum
var adapterSums string

const (
	// adapterPath is where Lambda looks for external extensions. Nobody else starts what lies there.
	adapterPath = "opt/extensions/cdkweb-adapter"

	// adapterModule lets the sources compile outside their repository.
	adapterModule = "module cdkweb-adapter\n\ngo 1.26\n"

	// adapterToolchain compiles the adapter on every machine, whichever Go is installed there. An adapter with other bytes makes
	// another image, so that a laptop and a build server with two patch versions of Go would deploy again and again.
	adapterToolchain = "go1.26.8"
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

// adapterBinary returns the compiled adapter, from the user's cache folder if it has been compiled before. Wherever it comes from, it
// is the one whose hash this library knows: nobody can put another program into the image, and every machine makes the same image.
func adapterBinary(architecture Architecture) ([]byte, error) {
	goarch := architectures[architecture].goarch
	want, err := adapterSum(goarch)
	if err != nil {
		return nil, err
	}
	cached := cachedAdapter(goarch, want)
	if cached != "" {
		if binary, err := os.ReadFile(cached); err == nil && sum(binary) == want {
			return binary, nil
		}
	}
	binary, err := compileAdapter(architecture, cached)
	if err != nil {
		return nil, fmt.Errorf("compile the Lambda adapter with %s: %w", adapterToolchain, err)
	}
	if got := sum(binary); got != want {
		return nil, fmt.Errorf("the Lambda adapter for linux/%s has the SHA-256 %s, want %s: the go command in PATH is not the %s "+
			"of https://go.dev/dl/, or the adapter's sources were changed; use that Go, or run make golden after a change",
			goarch, got, want, adapterToolchain)
	}
	if cached != "" {
		if err := keep(cached, binary); err != nil {
			progress("the compiled Lambda adapter could not be kept: %v", err)
		}
	}
	return binary, nil
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// adapterSum returns the hash that the compiled adapter must have.
func adapterSum(goarch string) (string, error) {
	for line := range strings.Lines(adapterSums) {
		if name, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == goarch {
			return hash, nil
		}
	}
	return "", fmt.Errorf("adapter.sum has no line for %s", goarch)
}

// cachedAdapter is where a compiled adapter is kept, "" for a user who has no cache folder. There is no other place for it: a shared
// temporary folder is everybody's.
func cachedAdapter(goarch, hash string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "cdkweb", "adapter", goarch+"-"+hash)
}

// compileAdapter compiles the sources in a folder of their own.
func compileAdapter(architecture Architecture, cached string) ([]byte, error) {
	kept := "no cache folder to keep it in"
	if cached != "" {
		kept = "once; kept as " + cached
	}
	progress("compiling the Lambda adapter for linux/%s (%s)", architectures[architecture].goarch, kept)
	dir, err := os.MkdirTemp("", "cdkweb-adapter-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	environment, err := adapterEnvironment(architecture, dir)
	if err != nil {
		return nil, err
	}
	sources, err := adapterFiles()
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "program")
	if err := os.Mkdir(program, 0o700); err != nil {
		return nil, err
	}
	for _, source := range sources {
		if err := os.WriteFile(filepath.Join(program, source.name), source.content, 0o600); err != nil {
			return nil, err
		}
	}
	output := filepath.Join(dir, "cdkweb-adapter")
	arguments := append([]string{"build", "-o", output, "-ldflags", "-s -w -buildid="}, buildFlags...)
	if _, err := goTool(program, environment, append(arguments, ".")...); err != nil {
		return nil, err
	}
	return os.ReadFile(output)
}

// adapterEnvironment is how the adapter is compiled, whatever the user's environment and go env -w say: it is no part of the user's
// workspace, and the user's flags are for the user's code. What remains of them is where to fetch the toolchain and where to keep
// what was compiled; for a user who has no such folders, that is inside dir.
func adapterEnvironment(architecture Architecture, dir string) ([]string, error) {
	names := []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOAUTH", "GOCACHE", "GOMODCACHE", "GOTMPDIR"}
	text, err := goTool(dir, append(os.Environ(), "GOTOOLCHAIN=local"), append([]string{"env", "-json"}, names...)...)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	if err := json.Unmarshal([]byte(text), &values); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	flags := ""
	if values["GOCACHE"] == "" || values["GOCACHE"] == "off" {
		values["GOCACHE"] = filepath.Join(dir, "build")
	}
	if values["GOMODCACHE"] == "" {
		values["GOMODCACHE"] = filepath.Join(dir, "modules")
		flags = "-modcacherw" // so that it can be removed with dir
	}
	environment := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "GO") || strings.HasPrefix(pair, "CGO_")
	})
	for _, name := range names {
		environment = append(environment, name+"="+values[name])
	}
	environment = append(environment, "GOENV=off", "GOTOOLCHAIN="+adapterToolchain, "GOWORK=off", "GOFLAGS="+flags, "GOFIPS140=off")
	return append(environment, crossCompile(architecture)...), nil
}

// keep writes a file of the cache in one step, so that a synth beside this one never reads half of it.
func keep(name string, content []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
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

// buildFlags make the same program from the same sources in every folder: no paths, no revision.
var buildFlags = []string{"-trimpath", "-buildvcs=false"}

// crossCompile is the environment that compiles for Linux without a C library, for every CPU of the architecture: what this machine is
// tuned for is no matter of the image's. None of the values is empty: for an empty one the go command reads what go env -w has set.
func crossCompile(architecture Architecture) []string {
	return []string{
		"CGO_ENABLED=0", "GOOS=linux", "GOARCH=" + architectures[architecture].goarch,
		"GOAMD64=v1", "GOARM64=v8.0", "GOEXPERIMENT=none",
	}
}

// goTool runs the go command with an environment and returns what it printed. An error holds the command's own words.
func goTool(dir string, environment []string, arguments ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command("go", arguments...)
	command.Dir = dir
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = environment
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
