package main

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// separate makes a registry keep blobs by repository, as real ones do: what was pushed to others is
// not there. It mounts a blob if mounts says so, and returns what it was asked to mount.
func (f *fakeRegistry) separate(
	repository string, mounts func(w http.ResponseWriter, r *http.Request) bool,
) (asked func() []string) {
	var mutex sync.Mutex
	var wanted []string
	there := map[string]bool{}
	f.ask(func(w http.ResponseWriter, r *http.Request) bool {
		mutex.Lock()
		defer mutex.Unlock()
		if !strings.HasPrefix(r.URL.Path, "/v2/"+repository+"/blobs/") {
			return false
		}
		query := r.URL.Query()
		switch {
		case r.Method == http.MethodPut:
			there[query.Get("digest")] = true
		case r.Method == http.MethodHead && !there[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]:
			w.WriteHeader(http.StatusNotFound)
			return true
		case r.Method == http.MethodPost && query.Has("mount"):
			wanted = append(wanted, query.Get("mount")+" from "+query.Get("from"))
			if mounts(w, r) {
				return true
			}
		}
		return false
	})
	return func() []string {
		mutex.Lock()
		defer mutex.Unlock()
		slices.Sort(wanted)
		return slices.Compact(wanted)
	}
}

// mounted responds that a blob was mounted.
func mounted(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Location", "/v2/app/blobs/"+r.URL.Query().Get("mount"))
	w.WriteHeader(http.StatusCreated)
	return true
}

// TestMount pushes to a registry that has the layers of the base image in another repository.
func TestMount(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		mounts func(w http.ResponseWriter, r *http.Request) bool
		sent   int
		says   string
	}{
		{"a registry that mounts", mounted, 2, "the registry had 2 of 4 parts"},
		{"a registry that does not", func(w http.ResponseWriter, r *http.Request) bool {
			return false // it starts an upload
		}, 4, "the registry had 0 of 4 parts"},
		{"a registry that knows nothing of it", func(w http.ResponseWriter, r *http.Request) bool {
			w.WriteHeader(http.StatusBadRequest)
			return true
		}, 4, "the registry had 0 of 4 parts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, false), newMachine(t)
			layers := []v1.Layer{layerOf(t, "x", "x"), layerOf(t, "y", "y")}
			base := r.push(t, "team/base:1", imageOf(t, "amd64", v1.Config{}, layers...))
			dir := files(t, map[string]string{
				"Dockerfile": "FROM " + base + " AS first\nFROM first\nCOPY Dockerfile /\n",
			})
			m.must("build", "--tag", "local", "--platform", "linux/amd64", dir)
			m.must("tag", "local", r.host+"/app:1")

			asked := r.separate("app", test.mounts)
			r.count("")
			got := m.call("", "push", r.host+"/app:1")
			if got.status != 0 || !strings.Contains(got.stderr, test.says) {
				t.Errorf("push: %+v, want %q", got, test.says)
			}
			if sent := r.count("PATCH "); sent != test.sent {
				t.Errorf("%d parts were sent, want %d", sent, test.sent)
			}
			var want []string
			for _, layer := range layers {
				digest, err := layer.Digest()
				if err != nil {
					t.Fatal(err)
				}
				want = append(want, digest.String()+" from team/base")
			}
			slices.Sort(want)
			if !slices.Equal(asked(), want) {
				t.Errorf("the registry was asked to mount %q, want %q", asked(), want)
			}
			r.ask(nil)
			if got := contents(t, r.image(t, "app:1")); got["x"] == "" || got["Dockerfile"] == "" {
				t.Errorf("the registry has %q", got)
			}
		})
	}
}

// TestMountElsewhere sends the layers of a base image that lies in another registry.
func TestMountElsewhere(t *testing.T) {
	t.Parallel()
	bases, r, m := newRegistry(t, false), newRegistry(t, false), newMachine(t)
	base := bases.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x")))
	dir := files(t, map[string]string{"Dockerfile": "FROM " + base + "\nCOPY Dockerfile /\n"})
	m.must("build", "--tag", r.host+"/app:1", "--platform", "linux/amd64", dir)
	asked := r.separate("app", mounted)
	m.must("push", r.host+"/app:1")
	if got := asked(); len(got) != 0 {
		t.Errorf("the registry was asked to mount %q", got)
	}
	if sent := r.count("PATCH "); sent != 3 {
		t.Errorf("%d parts were sent, want 3", sent)
	}
}

// TestMountForbidden pushes as who may not read the repository of the base image any more: the
// registry gives no token for both repositories.
func TestMountForbidden(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 500} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, false), newMachine(t)
			base := r.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x")))
			dir := files(t, map[string]string{"Dockerfile": "FROM " + base + "\nCOPY Dockerfile /\n"})
			m.must("build", "--tag", r.host+"/app:1", "--platform", "linux/amd64", dir)
			r.separate("app", mounted)
			blobs := r.handle
			var refused atomic.Bool
			r.ask(func(w http.ResponseWriter, request *http.Request) bool {
				switch {
				case request.URL.Path == "/token":
					if strings.Contains(request.URL.RawQuery, "base") {
						refused.Store(true)
						w.WriteHeader(status)
					} else {
						w.Write([]byte(`{"token":"good"}`))
					}
				case request.Header.Get("Authorization") != "Bearer good":
					w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.host+`/token",service="test"`)
					w.WriteHeader(http.StatusUnauthorized)
				default:
					return blobs(w, request)
				}
				return true
			})
			m.must("push", r.host+"/app:1")
			r.ask(nil)
			if !refused.Load() {
				t.Error("nobody asked for a token for the repository of the base image")
			}
		})
	}
}
