package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/runtimeapitest"
)

// These tests run the compiled program, as Lambda does.

func TestTheProgramLivesAndEndsAsAnExtension(t *testing.T) {
	for _, how := range []string{"SHUTDOWN", "SIGTERM"} {
		t.Run(how, func(t *testing.T) {
			lambda := runtimeapitest.New(t)
			serve(t, lambda, hello)
			// A team may give the file another name; Lambda insists on it.
			path := filepath.Join(t.TempDir(), "my-adapter")
			if err := os.Link(runtimeapitest.BuildAdapter(t), path); err != nil {
				t.Skip(err) // the two folders are on different file systems
			}
			p := lambda.StartAdapter(path)
			lambda.WaitInit()
			if got := lambda.Extensions()[0].Name; got != "my-adapter" {
				t.Errorf("got the name %s", got)
			}
			expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
			code := 0
			if how == "SHUTDOWN" {
				lambda.Shutdown()
				code = p.Wait()
			} else {
				code = p.Stop()
			}
			if code != 0 || p.Logs() != "" {
				t.Errorf("got exit code %d, log %q", code, p.Logs())
			}
		})
	}
}

func TestTheProgramFailsWithALine(t *testing.T) {
	lambda := runtimeapitest.New(t)
	for _, test := range []struct{ env, want string }{
		{"AWS_LAMBDA_RUNTIME_API=", "only AWS Lambda starts this program"},
		{"AWS_LWA_PORT=x", `AWS_LWA_PORT must be a port`},
	} {
		p := lambda.StartAdapter(runtimeapitest.BuildAdapter(t), test.env)
		if code, log := p.Wait(), p.Logs(); code != 1 || !strings.Contains(log, test.want) || strings.Count(log, "\n") != 1 {
			t.Errorf("%s: got exit code %d and the log %q, want one line with %q", test.env, code, log, test.want)
		}
	}
}

// A function of 128 MB has to hold the server too. The numbers are far from
// what was measured (docs/adapter.md), as memory depends on the system.
func TestMemoryStaysSmall(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcde\n"), 4<<20/16)
	t.Run("streaming 100 MB", func(t *testing.T) {
		lambda := runtimeapitest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			for range 25 {
				w.Write(large)
			}
		})
		p := lambda.StartAdapter(runtimeapitest.BuildAdapter(t), streamMode)
		lambda.WaitInit()
		count := &counter{}
		lambda.Do(runtimeapitest.Invocation{Event: getEvent("/"), Body: count})
		if count.n < 100<<20 {
			t.Errorf("got %d bytes", count.n)
		}
		checkMemory(t, p, 20<<20)
	})
	t.Run("4 MB in, 4 MB out", func(t *testing.T) {
		lambda := runtimeapitest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.Write(body)
		})
		p := lambda.StartAdapter(runtimeapitest.BuildAdapter(t))
		lambda.WaitInit()
		event := httpEvent("POST", "/", string(large))
		for range 3 {
			if a := lambda.Invoke(event).HTTP(t); !bytes.Equal(a.Body, large) {
				t.Fatalf("got %d bytes", len(a.Body))
			}
		}
		checkMemory(t, p, 35<<20)
	})
}

func checkMemory(t *testing.T, p *runtimeapitest.Process, most int64) {
	t.Helper()
	if got := p.PeakMemory(); got > most {
		t.Errorf("got a peak of %d KB, want at most %d KB", got>>10, most>>10)
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }

// The parent package compiles the sources by themselves, for both processors,
// and puts the binary into every image.
func TestTheSourcesAloneMakeASmallProgram(t *testing.T) {
	dir := t.TempDir()
	for name, text := range sourceFiles(t, "*.go") {
		if !strings.HasSuffix(name, "_test.go") {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module adapter\ngo 1.26\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, arch := range []string{"amd64", "arm64"} {
		cmd := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", arch)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch, "GOFLAGS=-mod=mod", "GOPROXY=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if info, err := os.Stat(filepath.Join(dir, arch)); err != nil || info.Size() > 6_000_000 {
			t.Errorf("%s: got %d bytes, %v", arch, info.Size(), err)
		}
	}
}

func TestItImportsTheStandardLibraryOnly(t *testing.T) {
	for name, text := range sourceFiles(t, "*.go") {
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			first, _, _ := strings.Cut(path, "/")
			inTests := strings.HasSuffix(name, "_test.go") && path == "github.com/cdkweb/cdkweb/internal/runtimeapitest"
			if strings.Contains(first, ".") && !inTests {
				t.Errorf("%s imports %s", name, path)
			}
			if path == "net/http" && !strings.HasSuffix(name, "_test.go") {
				t.Errorf("%s imports net/http, which would double the program", name)
			}
		}
	}
}

// sourceFiles returns the text of this folder's files that match.
func sourceFiles(t *testing.T, pattern string) map[string]string {
	t.Helper()
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		t.Fatalf("no %s: %v", pattern, err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

// The page must know every variable that the program reads.
func TestThePageListsEverySetting(t *testing.T) {
	page, err := os.ReadFile("../../docs/adapter.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		for _, name := range s.names {
			if !bytes.Contains(page, fmt.Append(nil, "`", name, "`")) {
				t.Errorf("docs/adapter.md does not name %s", name)
			}
		}
	}
}

func gunzip(t *testing.T, body []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
