package adapter

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/secretstest"
)

var update = flag.Bool("update", false, "write adapter.sum, which the compiled adapter must match")

// The bytes that this library's sources make are the ones that it accepts. After a change of the
// adapter: make golden.
func TestSum(t *testing.T) {
	var made strings.Builder
	for _, goarch := range []string{"amd64", "arm64"} {
		binary, err := compile(goarch, "")
		check(t, err)
		fmt.Fprintf(&made, "%s %s\n", goarch, sum(binary))
		if len(binary) > 6_000_000 {
			t.Errorf("%s: got %d bytes, want a small program", goarch, len(binary))
		}
	}
	if *update {
		check(t, os.WriteFile("adapter.sum", []byte(made.String()), 0o644))
		return
	}
	if got := made.String(); got != sums {
		t.Errorf("got\n%swant\n%sIf the adapter was changed, run make golden", got, sums)
	}
}

// Who waits for a compiler is told so; a second synth does not wait.
func TestProgress(t *testing.T) {
	newCache(t)
	said := func() string {
		stderr := os.Stderr
		defer func() { os.Stderr = stderr }()
		file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
		check(t, err)
		os.Stderr = file
		_, err = build("amd64")
		check(t, err)
		check(t, file.Close())
		content, err := os.ReadFile(file.Name())
		check(t, err)
		return string(content)
	}
	if first := said(); !strings.HasPrefix(first, "cdkweb: compiling the Lambda adapter for linux/amd64 (once; kept ") {
		t.Errorf("the first synth said %q", first)
	}
	if second := said(); second != "" {
		t.Errorf("the second synth said %q", second)
	}
}

// newCache makes an empty cache folder for compiled adapters. What the go command keeps stays where
// it is.
func newCache(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE").Output()
	check(t, err)
	folders := strings.Split(string(out), "\n")
	t.Setenv("GOCACHE", folders[0])
	t.Setenv("GOMODCACHE", folders[1])
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	return dir
}

// cacheFiles returns the files of the cache.
func cacheFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	}))
	return files
}

// What lies in the cache is used if it is the adapter, and nothing else is, whoever has put it
// there.
func TestCacheIsChecked(t *testing.T) {
	cache := newCache(t)
	first, err := build("amd64")
	check(t, err)
	files := cacheFiles(t, cache)
	if len(files) != 1 {
		t.Fatalf("the cache holds %d files, want one adapter", len(files))
	}
	if info, err := os.Stat(filepath.Dir(files[0])); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("got the cache folder's mode %v (%v), want 0700", info.Mode(), err)
	}
	for name, planted := range map[string][]byte{
		"empty": {}, "cut short": first[:len(first)/2], "another program": []byte("#!/bin/sh\necho planted\n"),
	} {
		check(t, os.WriteFile(files[0], planted, 0o755))
		got, err := build("amd64")
		check(t, err)
		if string(got) != string(first) {
			t.Errorf("%s: the image gets a program of %d bytes that the library does not know", name, len(got))
		}
		if kept, err := os.ReadFile(files[0]); err != nil || string(kept) != string(first) {
			t.Errorf("%s: the cache still holds it (%v)", name, err)
		}
	}
}

// A user without a home folder keeps nothing where others could put something first.
func TestWithoutAHome(t *testing.T) {
	want, err := build("amd64")
	check(t, err)
	for name, set := range map[string]func(t *testing.T){
		"no home": func(t *testing.T) {
			t.Setenv("HOME", "")
			t.Setenv("XDG_CACHE_HOME", "")
		},
		"a relative cache folder": func(t *testing.T) { t.Setenv("XDG_CACHE_HOME", "cache") },
	} {
		t.Run(name, func(t *testing.T) {
			newCache(t)
			shared := t.TempDir()
			t.Setenv("TMPDIR", shared)
			set(t)
			got, err := build("amd64")
			check(t, err)
			if string(got) != string(want) {
				t.Error("got another adapter")
			}
			if files := cacheFiles(t, shared); len(files) != 0 {
				t.Errorf("the temporary folder holds %q", files)
			}
		})
	}
}

// The same sources make the same adapter, whatever the machine is set to.
func TestIgnoresTheMachine(t *testing.T) {
	usual, err := build("amd64")
	check(t, err)
	settings := filepath.Join(t.TempDir(), "env")
	check(t, os.WriteFile(settings, []byte("GOFLAGS=-gcflags=-N\nGOEXPERIMENT=jsonv2\nGOAMD64=v3\n"), 0o644))
	for name, environment := range map[string]map[string]string{
		"go env -w":                 {"GOENV": settings},
		"variables":                 {"GOFLAGS": "-race", "GOEXPERIMENT": "jsonv2", "GOAMD64": "v3", "CGO_ENABLED": "1", "GO_EXTLINK_ENABLED": "1"},
		"another toolchain is set":  {"GOTOOLCHAIN": "go1.26.7"},
		"a workspace of the user's": {"GOWORK": filepath.Join(settings, "go.work")},
	} {
		t.Run(name, func(t *testing.T) {
			newCache(t)
			for name, value := range environment {
				t.Setenv(name, value)
			}
			got, err := build("amd64")
			check(t, err)
			if string(got) != string(usual) {
				t.Error("got another adapter")
			}
		})
	}
}

// A toolchain that cannot be had is an error, and no reason to take another one.
func TestNeedsItsToolchain(t *testing.T) {
	newCache(t)
	empty := t.TempDir()
	check(t, os.WriteFile(filepath.Join(empty, "go"), []byte("#!/bin/sh\necho 'go: download go1.26.8: no network' >&2\nexit 1\n"), 0o755))
	t.Setenv("PATH", empty+string(os.PathListSeparator)+os.Getenv("PATH"))
	_, err := build("amd64")
	if err == nil || !strings.Contains(err.Error(), "compile the Lambda adapter with go1.26.8, which the go command fetches") || !strings.Contains(err.Error(), "no network") {
		t.Errorf("got %v", err)
	}
}

// A process compiles once, also without a cache.
func TestBuildRemembers(t *testing.T) {
	first, err := Build("amd64")
	check(t, err)
	t.Setenv("PATH", t.TempDir())
	t.Setenv("HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
	second, err := Build("amd64")
	check(t, err)
	if &first[0] != &second[0] {
		t.Error("it was built again")
	}
	if _, err := Build("mips"); err == nil || !strings.Contains(err.Error(), "mips") {
		t.Errorf("got %v for an architecture that images cannot have", err)
	}
}

func TestHealthCommand(t *testing.T) {
	const url = "http://127.0.0.1:8080/healthz"
	for _, test := range []struct {
		url, statusCodes string
		timeout          time.Duration
		want             string
	}{
		{url, "", 0, "CMD /opt/extensions/cdkweb-adapter health http://127.0.0.1:8080/healthz 200-499 5s"},
		{url, "200", 0, "CMD /opt/extensions/cdkweb-adapter health http://127.0.0.1:8080/healthz 200 5s"},
		{url, "", 4500 * time.Millisecond, "CMD /opt/extensions/cdkweb-adapter health http://127.0.0.1:8080/healthz 200-499 4.5s"},
		{"tcp://127.0.0.1:80", "200-399,404", 2 * time.Minute, "CMD /opt/extensions/cdkweb-adapter health tcp://127.0.0.1:80 200-399,404 2m0s"},
	} {
		if got := strings.Join(HealthCommand(test.url, test.statusCodes, test.timeout), " "); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

// The adapter as it lies in an image understands the command, and says by its exit code what it
// found.
func TestHealthCommandRuns(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the adapter runs on Linux")
	}
	program, err := Build(runtime.GOARCH)
	check(t, err)
	path := filepath.Join(t.TempDir(), "cdkweb-adapter")
	check(t, os.WriteFile(path, program, 0o755))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/healthz" {
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		command []string
		code    int
	}{
		{HealthCommand(server.URL+"/healthz", "", 0), 0},
		{HealthCommand(server.URL+"/elsewhere", "200", 2*time.Minute), 1},
		{HealthCommand(server.URL+"/elsewhere", "200-299,404", time.Second), 0},
		{HealthCommand("tcp://"+server.Listener.Addr().String(), "", 0), 0},
		{HealthCommand(server.URL, "all", 0), 2},
	} {
		command := exec.Command(path, test.command[2:]...)
		command.Env = []string{}
		output, err := command.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if got := command.ProcessState.ExitCode(); got != test.code {
			t.Errorf("%q: got exit code %d and %q, want %d", test.command, got, output, test.code)
		}
	}
}

// The adapter as it lies in an image starts a server by the command, and gives it the value and not
// the reference.
func TestExecCommandRuns(t *testing.T) {
	if got := strings.Join(ExecCommand(), " "); got != "/opt/extensions/cdkweb-adapter exec --" {
		t.Errorf("got the command %s", got)
	}
	if runtime.GOOS != "linux" {
		t.Skip("the adapter runs on Linux")
	}
	program, err := Build(runtime.GOARCH)
	check(t, err)
	path := filepath.Join(t.TempDir(), "cdkweb-adapter")
	check(t, os.WriteFile(path, program, 0o755))
	aws := secretstest.New(t)
	const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"
	aws.SetSecret(arn, `"SecretString":"{\"password\":\"hunter2\"}"`)
	server := []string{"sh", "-c", `echo "$DB_PASSWORD ${` + SecretVariable("DB_PASSWORD") + `-none}"`}
	command := exec.Command(path, append(ExecCommand()[1:], server...)...)
	command.Env = append(aws.Env(), "PATH="+os.Getenv("PATH"), SecretVariable("DB_PASSWORD")+"="+arn+":password::")
	output, err := command.CombinedOutput()
	if string(output) != "hunter2 none\n" || err != nil {
		t.Errorf("got %q, %v", output, err)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
