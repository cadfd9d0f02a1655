package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/random"
)

// TestRefusedLogin wants one sentence, and nothing kept.
func TestRefusedLogin(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	r.protect("AWS", "right")
	got := m.call("wrong-password", "login", "--username", "AWS", "--password-stdin", r.host)
	m.wantFailure(got, 1, "log in: the registry "+r.host+" refused the login; check the user and the password")
	if strings.Contains(got.stderr+got.stdout, "wrong-password") {
		t.Error("login printed the password")
	}
	if kept := keptLogins(t, m); len(kept) != 0 {
		t.Errorf("the refused login is kept in %q", kept)
	}
	m.wantFailure(m.call("", "login", "--username", "AWS", "--password-stdin", r.host), 1, "there is no password on standard input")
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	m.fails(1, "push "+r.host+"/app:1: there is no login for "+r.host+" in this run", "push", r.host+"/app:1")
}

func keptLogins(t *testing.T, m *machine) []string {
	t.Helper()
	kept, err := filepath.Glob(filepath.Join(m.cache, "logins", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// TestBrokenRegistry wants one sentence whatever a registry does, and no half of an image there.
func TestBrokenRegistry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		broken func(w http.ResponseWriter, r *http.Request) bool
		want   string
	}{
		{"says 500 to all", func(w http.ResponseWriter, r *http.Request) bool {
			http.Error(w, "", http.StatusInternalServerError)
			return true
		}, "is broken"},
		{"breaks connections", func(w http.ResponseWriter, r *http.Request) bool { panic(http.ErrAbortHandler) }, "cannot be reached"},
		{"loses what is sent", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			io.Copy(io.Discard, r.Body)
			http.Error(w, `{"errors":[{"code":"DIGEST_INVALID","message":"it does not match"}]}`, http.StatusBadRequest)
			return true
		}, "it does not match"},
		{"forbids the manifest", func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodPut || !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			http.Error(w, `{"errors":[{"code":"DENIED","message":"no"}]}`, http.StatusForbidden)
			return true
		}, "does not allow it to this user"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, false), newMachine(t)
			r.ask(test.broken)
			image := r.host + "/app:1"
			m.must("build", "--tag", image, folder(t, asset))
			got := m.fails(1, test.want, "push", image)
			if !strings.Contains(got.stderr, "push "+image) {
				t.Errorf("%q does not name the push", got.stderr)
			}
			r.ask(nil)
			m.must("push", image) // what is here is whole
			r.image(t, "app:1")
		})
	}
}

// TestNoRegistry wants one sentence if there is none.
func TestNoRegistry(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.must("build", "--tag", "127.0.0.1:1/app:1", folder(t, asset))
	m.fails(1, "the registry 127.0.0.1:1 cannot be reached", "push", "127.0.0.1:1/app:1")
	m.fails(1, "pull 127.0.0.1:1/base: the registry 127.0.0.1:1 cannot be reached", "build", files(t, map[string]string{"Dockerfile": "FROM 127.0.0.1:1/base\n"}))
}

// TestDamagedLayer pulls a layer that is not what its manifest says.
func TestDamagedLayer(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	base, err := random.Image(10_000, 1)
	if err != nil {
		t.Fatal(err)
	}
	image := r.push(t, "base:1", base)
	layers, err := base.Layers()
	if err != nil {
		t.Fatal(err)
	}
	digest, err := layers[0].Digest()
	if err != nil {
		t.Fatal(err)
	}
	size, err := layers[0].Size()
	if err != nil {
		t.Fatal(err)
	}
	r.ask(func(w http.ResponseWriter, request *http.Request) bool {
		if request.Method != http.MethodGet || !strings.HasSuffix(request.URL.Path, "/blobs/"+digest.String()) {
			return false
		}
		w.Write(make([]byte, size))
		return true
	})
	dir := files(t, map[string]string{"Dockerfile": "FROM " + image + "\n"})
	m.fails(1, digest.Hex, "build", "--tag", "built", dir)
	m.fails(1, "there is no image built here", "inspect", "built")
	r.ask(nil)
	m.must("build", "--tag", "built", dir)
}

// TestInterrupt ends a build while a registry lets it wait, and a push.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	base, err := random.Image(10_000, 2)
	if err != nil {
		t.Fatal(err)
	}
	dir := files(t, map[string]string{"Dockerfile": "FROM " + r.push(t, "base:1", base) + "\n"})

	interrupt := func(waits func(r *http.Request) bool, args ...string) {
		t.Helper()
		reached, free := make(chan bool), make(chan bool)
		var once sync.Once
		r.ask(func(w http.ResponseWriter, request *http.Request) bool {
			if !waits(request) {
				return false
			}
			w.WriteHeader(http.StatusOK)
			w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			once.Do(func() { close(reached) })
			<-free
			return true
		})
		defer r.ask(nil)
		defer close(free)
		command := m.command(args...)
		var stderr strings.Builder
		command.Stderr = &stderr
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		<-reached
		if err := command.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		err := command.Wait()
		got := result{command.ProcessState.ExitCode(), "", stderr.String()}
		m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
		if left := temporaries(t, m); len(left) != 0 {
			t.Errorf("%q, interrupted, left %q: %v", args, left, err)
		}
	}
	blob := func(method string) func(r *http.Request) bool {
		return func(r *http.Request) bool { return r.Method == method && strings.Contains(r.URL.Path, "/blobs/") }
	}
	interrupt(blob(http.MethodGet), "build", "--tag", r.host+"/app:1", dir)
	m.fails(1, "there is no image", "inspect", r.host+"/app:1")
	m.must("build", "--tag", r.host+"/app:1", dir)
	interrupt(blob(http.MethodPatch), "push", r.host+"/app:1")
	m.must("push", r.host+"/app:1")
}

// TestKilled leaves what a killed process leaves, and wants nothing of it taken for whole.
func TestKilled(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	dir, image := folder(t, asset), r.host+"/app:1"
	m.must("build", "--tag", image, dir)
	digest := m.must("inspect", "--format", "{{.Id}}", image)
	for _, blob := range blobs(t, m) {
		info, err := os.Stat(blob)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(blob, info.Size()/2); err != nil {
			t.Fatal(err)
		}
		m.fails(1, "there is no image "+image+" here", "inspect", image)
		m.fails(1, "there is no image "+image+" here; build it first", "push", image)
		m.must("build", "--tag", image, dir)
		if got := m.must("inspect", "--format", "{{.Id}}", image); got != digest {
			t.Errorf("built again it is %s, want %s", got, digest)
		}
	}
	m.must("push", image)
}

// TestCacheFolder wants the folder's name.
func TestCacheFolder(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	file := filepath.Join(m.home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE="+filepath.Join(file, "cache"))
	m.fails(1, filepath.Join(file, "cache"), "images")
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE=", "HOME=", "XDG_CACHE_HOME=")
	m.fails(1, "there is no folder for images; name one in CDKWEB_DOCKER_CACHE", "images")

	m = newMachine(t)
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE_SIZE=5XB")
	m.fails(1, `CDKWEB_DOCKER_CACHE_SIZE must be a size such as 500MB or 5GB, got "5XB"`, "build", folder(t, asset))
}

// TestCacheSize keeps what was used last, within the size.
func TestCacheSize(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE_SIZE=1MB")
	noise := func(n int) string {
		base, err := random.Image(400_000, 1)
		if err != nil {
			t.Fatal(err)
		}
		layers, err := base.Layers()
		if err != nil {
			t.Fatal(err)
		}
		in, err := layers[0].Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		return files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY x /\n", "x": fmt.Sprint(n, string(content))})
	}
	for n := range 5 {
		m.must("build", "--tag", fmt.Sprintf("image-%d", n), noise(n))
		for _, blob := range blobs(t, m) { // time goes by
			info, err := os.Stat(blob)
			if err != nil {
				t.Fatal(err)
			}
			earlier := info.ModTime().Add(-2 * time.Hour)
			if err := os.Chtimes(blob, earlier, earlier); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, want := sorted(m.must("images", "--format", "{{.Repository}}")), "image-3\nimage-4"; got != want {
		t.Errorf("there are %q, want %q", got, want)
	}
	var total int64
	for _, blob := range blobs(t, m) {
		info, err := os.Stat(blob)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > 1e6 {
		t.Errorf("the cache has %d bytes", total)
	}
	// What nobody has used for long goes, and what a killed process has left.
	left := filepath.Join(m.cache, "tmp", "blob-left")
	old := time.Now().Add(-30 * 24 * time.Hour)
	err := os.WriteFile(left, nil, 0o600)
	for _, file := range append(blobs(t, m), left) {
		err = errors.Join(err, os.Chtimes(file, old, old))
	}
	if err != nil {
		t.Fatal(err)
	}
	m.must("build", "--tag", "last", noise(9))
	if got := m.must("images", "--format", "{{.Repository}}"); got != "last" {
		t.Errorf("there are %q, want the last alone", got)
	}
	if got := temporaries(t, m); len(got) != 0 {
		t.Errorf("there is %q", got)
	}
}
