//go:build !windows

package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// interrupted calls the program, sends it a signal once it has printed some words, and returns how
// it ended.
func (m *machine) interrupted(sent os.Signal, words string, args ...string) result {
	m.t.Helper()
	command := m.command(args...)
	errors, err := command.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		m.t.Fatal(err)
	}
	var printed strings.Builder
	waiting := true
	for lines := bufio.NewScanner(errors); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if waiting && strings.Contains(lines.Text(), words) {
			waiting = false
			if err := command.Process.Signal(sent); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); waiting {
		m.t.Fatalf("%q never printed %q: %v: %s", args, words, err, printed.String())
	}
	return result{command.ProcessState.ExitCode(), "", printed.String()}
}

// TestInterruptCopy ends a build while COPY reads a large file.
func TestInterruptCopy(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY large /\n", "large": ""})
	if err := os.Truncate(filepath.Join(dir, "large"), 1<<30); err != nil {
		t.Fatal(err)
	}
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		got := m.interrupted(sent, "COPY large /", "build", "--tag", "large", dir)
		m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
		if left := append(temporaries(t, m), blobs(t, m)...); len(left) != 0 {
			t.Errorf("%v left %q", sent, left)
		}
	}
	m.fails(1, "there is no image large here", "inspect", "large")
}

// TestInterruptDocker wants the same of a docker that ends with a status of its own.
func TestInterruptDocker(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	text := "#!/bin/sh\ntrap 'exit 17' INT\necho waiting >&2\nwhile :; do :; done\n"
	if err := script(filepath.Join(m.path, "docker"), text); err != nil {
		t.Fatal(err)
	}
	got := m.interrupted(os.Interrupt, "waiting", "run", "x")
	m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
}

// TestInterruptWaiting interrupts whatever waits for a registry, at any point: it ends at once, with
// one sentence, and does what was asked for the next time.
func TestInterruptWaiting(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		method, path string // of the request that the registry does not respond to
		halfway      bool   // it begins to
		args         string
	}{
		{"GET", "/v2/", false, "build --tag HOST/app:1 DIR"},
		{"GET", "/v2/base/manifests/", false, "build --tag HOST/app:1 DIR"},
		{"GET", "/v2/base/manifests/", true, "build --tag HOST/app:1 DIR"},
		{"GET", "/v2/base/blobs/", false, "build --tag HOST/app:1 DIR"},
		{"GET", "/v2/base/blobs/", true, "build --tag HOST/app:1 DIR"},
		{"HEAD", "/v2/app/manifests/", false, "push HOST/app:1"},
		{"HEAD", "/v2/app/blobs/", false, "push HOST/app:1"},
		{"POST", "/v2/app/blobs/", false, "push HOST/app:1"},
		{"PATCH", "/v2/app/blobs/", false, "push HOST/app:1"},
		{"PUT", "/v2/app/blobs/", false, "push HOST/app:1"},
		{"PUT", "/v2/app/manifests/", false, "push HOST/app:1"},
		{"GET", "/v2/app/referrers/", false, "push HOST/app:1"},
		{"GET", "/v2/", false, "login --username a --password-stdin HOST"},
	} {
		name := test.args[:strings.Index(test.args, " ")] + " " + test.method + " " + strings.ReplaceAll(test.path, "/", " ")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, true), newMachine(t)
			base := r.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x")))
			program, err := os.ReadFile(os.Args[0]) // so that there is a list of what is in the image
			if err != nil {
				t.Fatal(err)
			}
			dir := files(t, map[string]string{
				"Dockerfile": "FROM " + base + "\nCOPY Dockerfile /\n" + "COPY --chmod=755 program /\nENTRYPOINT [\"/program\"]\n",
				"program":    "",
			})
			if strings.Contains(test.path, "referrers") {
				if err := os.WriteFile(filepath.Join(dir, "program"), program, 0o755); err != nil {
					t.Fatal(err)
				}
			}
			args := strings.Fields(strings.NewReplacer("HOST", r.host, "DIR", dir).Replace(test.args))
			if args[0] == "build" {
				args = append(args, "--platform", "linux/amd64")
			}
			if args[0] == "push" {
				m.must("build", "--platform", "linux/amd64", "--tag", r.host+"/app:1", dir)
			}
			before := len(blobs(t, m))

			reached, free := make(chan bool), make(chan bool)
			var once sync.Once
			r.ask(func(w http.ResponseWriter, request *http.Request) bool {
				if request.Method != test.method || !strings.HasPrefix(request.URL.Path, test.path) {
					return false
				}
				if test.halfway {
					w.Write([]byte("{")) // without a length, which would be another one than the manifest's
					w.(http.Flusher).Flush()
				}
				once.Do(func() { close(reached) })
				<-free // which is after the program has ended
				return true
			})
			command := m.command(args...)
			command.Stdin = strings.NewReader("secret")
			var stdout, stderr strings.Builder
			command.Stdout, command.Stderr = &stdout, &stderr
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			<-reached
			if err := command.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			err = command.Wait()
			got := result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
			m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
			if got.stdout != "" || strings.Count(got.stderr, "interrupted") != 1 {
				t.Errorf("%v: it printed %q and %q", err, got.stdout, got.stderr)
			}
			close(free)
			r.ask(nil)
			if left := temporaries(t, m); len(left) != 0 || len(keptLogins(t, m)) != 0 {
				t.Errorf("it left %q, and the logins %q", left, keptLogins(t, m))
			}
			if args[0] == "build" {
				m.fails(1, "there is no image", "inspect", r.host+"/app:1")
			} else if after := len(blobs(t, m)); after != before {
				t.Errorf("of %d parts %d are left", before, after)
			}
			if args[0] != "login" {
				m.must(args...)
			}
		})
	}
}

// TestInterruptConnecting interrupts a push to a registry that never takes the connection up.
func TestInterruptConnecting(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // the kernel connects, and nobody reads
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	image := listener.Addr().String() + "/app:1"
	m.must("build", "--tag", image, folder(t, asset))
	got := m.interrupted(os.Interrupt, "pushing "+image, "push", image)
	m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
}
