package adapter

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/gobuild"
)

// Path is where the adapter lies in an image: Lambda starts what lies in this folder, and nobody
// else does.
const Path = "opt/extensions/cdkweb-adapter"

const (
	// module is the path of the program's module, so that its packages are found in the repository
	// and outside of it.
	module = "github.com/cdkweb/cdkweb/adapter/program"

	// toolchain compiles the adapter on every machine, whichever Go is installed there. An adapter
	// with other bytes makes another image, so that a laptop and a build server with two patch
	// versions of Go would deploy again and again.
	toolchain = "go1.26.8"
)

// sources are the program and its packages: the standard library alone.
//
//go:embed program/*.go program/*/*.go
var sources embed.FS

// sums holds a line for each architecture: its name in Go, and the SHA-256 of the compiled adapter.
//
//go:embed adapter.sum
var sums string

// built remembers what this process has built, by architecture.
var built struct {
	sync.Mutex
	programs map[string][]byte
}

// Build returns the compiled adapter for linux/goarch, "amd64" or "arm64". It is compiled once: a
// process remembers it, and the user's cache folder keeps it for the next one. It must not be
// changed.
func Build(goarch string) ([]byte, error) {
	built.Lock()
	defer built.Unlock()
	if program, ok := built.programs[goarch]; ok {
		return program, nil
	}
	program, err := build(goarch)
	if err != nil {
		return nil, err
	}
	if built.programs == nil {
		built.programs = map[string][]byte{}
	}
	built.programs[goarch] = program
	return program, nil
}

// HealthCommand returns the command of a container's health check, as Amazon ECS takes it: the
// adapter asks for a URL, once, and the container is healthy if the status of the response is one of
// statusCodes. It works in each image that has the adapter, also without a shell and curl.
//
// The URL is as "http://127.0.0.1:8080/healthz", or as "tcp://127.0.0.1:8080" if it is enough to
// connect. The status codes are as "200" or "200-399,404"; "" stands for "200-499". A timeout of 0
// stands for 5 s. ECS ends the command after the health check's own timeout; with a shorter one
// here, the command can say what is wrong.
func HealthCommand(url, statusCodes string, timeout time.Duration) []string {
	if statusCodes == "" {
		statusCodes = settings.HealthStatusCodes
	}
	if timeout == 0 {
		timeout = settings.HealthTimeout
	}
	return []string{"CMD", "/" + Path, "health", url, statusCodes, timeout.String()}
}

// ExecCommand returns the beginning of a command that starts a server with the values of secrets in
// its environment. The server's own command follows. It is a Lambda function's entry point, as
// Lambda itself knows no secrets: in the function's ImageConfig, EntryPoint is what ExecCommand
// returns, and Command the image's entry point and command together.
func ExecCommand() []string { return []string{"/" + Path, "exec", "--"} }

// SecretVariable returns the name of the variable that tells the command of [ExecCommand] where the
// value of the variable name is: the ARN of a secret or of a parameter, as Amazon ECS takes it in
// valueFrom. The server gets name, with the value, and not this variable.
func SecretVariable(name string) string { return settings.SecretPrefix + name }

// Who may come in is said by variables of the function, if at all. The adapter takes them away from a
// server that it starts itself.
const (
	// FrontSecrets names the variable that lets in who comes through the service's front only: every
	// HTTP request must have one header FrontHeader with one of these secrets, or gets 403. The value
	// is one or more secrets, separated by commas, of 16 to 128 letters, digits, "-" and "_" each.
	// With two or more, the front's secret can be changed without a gap.
	FrontSecrets = settings.FrontSecrets

	// FrontHeader is the header in which the front sends its secret. The server does not see it.
	FrontHeader = settings.FrontHeader

	// AllowFrom names the variable that lets in who comes from certain addresses only; others get
	// 403. The value is one or more prefixes separated by commas, such as
	// "192.0.2.0/24,2001:db8::/32". Whose connection to the endpoint it is counts, and no header.
	AllowFrom = settings.AllowFrom
)

// build returns the adapter from the cache, else from the compiler, in either case the one whose
// hash is known.
func build(goarch string) ([]byte, error) {
	want, err := knownSum(goarch)
	if err != nil {
		return nil, err
	}
	cached := cachedProgram(goarch, want)
	if cached != "" {
		if program, err := os.ReadFile(cached); err == nil && sum(program) == want {
			return program, nil
		}
	}
	program, err := compile(goarch, cached)
	if err != nil {
		return nil, fmt.Errorf("compile the Lambda adapter with %s, which the go command fetches "+
			"from its module proxy unless it is installed: %w", toolchain, err)
	}
	if got := sum(program); got != want {
		return nil, fmt.Errorf("the Lambda adapter for linux/%s has the SHA-256 %s, want %s: the go command in PATH is not the %s "+
			"of https://go.dev/dl/, or the adapter's sources were changed; use that Go, or run make golden after a change",
			goarch, got, want, toolchain)
	}
	if cached != "" {
		if err := keep(cached, program); err != nil {
			say("the compiled Lambda adapter could not be kept: %v", err)
		}
	}
	return program, nil
}

// say tells the person who waits for synth something.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "cdkweb: "+format+"\n", arguments...)
}

func sum(content []byte) string {
	hash := sha256.Sum256(content)
	return hex.EncodeToString(hash[:])
}

// knownSum returns the hash that the compiled adapter must have.
func knownSum(goarch string) (string, error) {
	for line := range strings.Lines(sums) {
		if name, hash, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == goarch {
			return hash, nil
		}
	}
	return "", fmt.Errorf("adapter.sum has no line for %s", goarch)
}

// cachedProgram is where a compiled adapter is kept, "" for a user who has no cache folder. There
// is no other place for it: a shared temporary folder is everybody's.
func cachedProgram(goarch, hash string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "cdkweb", "adapter", goarch+"-"+hash)
}

// compile compiles the sources in a folder of their own.
func compile(goarch, cached string) ([]byte, error) {
	kept := "no cache folder to keep it in"
	if cached != "" {
		kept = "once; kept as " + cached
	}
	say("compiling the Lambda adapter for linux/%s (%s)", goarch, kept)
	dir, err := os.MkdirTemp("", "cdkweb-adapter-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	environment, err := environment(goarch, dir)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "program")
	if err := stage(program); err != nil {
		return nil, err
	}
	output := filepath.Join(dir, "cdkweb-adapter")
	arguments := append([]string{"build", "-o", output, "-ldflags", "-s -w -buildid="}, gobuild.Flags...)
	if _, err := gobuild.Tool(program, environment, append(arguments, ".")...); err != nil {
		return nil, err
	}
	return os.ReadFile(output)
}

// environment is how the adapter is compiled, whatever the user's environment and go env -w say: it
// is no part of the user's workspace, and the user's flags are for the user's code. What remains of
// them is where to fetch the toolchain and where to keep what was compiled; for a user who has no
// such folders, that is inside dir.
func environment(goarch, dir string) ([]string, error) {
	names := []string{"GOPROXY", "GOSUMDB", "GONOSUMDB", "GONOPROXY", "GOPRIVATE", "GOINSECURE", "GOAUTH",
		"GOPATH", "GOMODCACHE", "GOCACHE", "GOTMPDIR"}
	text, err := gobuild.Tool(dir, append(os.Environ(), "GOTOOLCHAIN=local"), append([]string{"env", "-json"}, names...)...)
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
	if values["GOPATH"] == "" { // what the checksum database said is kept there
		values["GOPATH"] = filepath.Join(dir, "path")
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
	environment = append(environment, "GOENV=off", "GOTOOLCHAIN="+toolchain, "GOWORK=off", "GOFLAGS="+flags, "GOFIPS140=off")
	return append(environment, gobuild.CrossCompile(goarch)...), nil
}

// keep writes a file of the cache in one step, so that a synth beside this one never reads half of
// it.
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

// stage writes the program's module into a new folder: go.mod, and the sources without their tests.
func stage(dir string) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module "+module+"\n\ngo 1.26\n"), 0o600); err != nil {
		return err
	}
	program, err := fs.Sub(sources, "program")
	if err != nil {
		return err
	}
	return fs.WalkDir(program, ".", func(name string, entry fs.DirEntry, err error) error {
		target := filepath.Join(dir, filepath.FromSlash(name))
		switch {
		case err != nil:
			return err
		case name == "." || strings.HasSuffix(name, "_test.go"):
			return nil
		case entry.IsDir():
			return os.Mkdir(target, 0o700)
		}
		content, err := fs.ReadFile(program, name)
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	})
}
