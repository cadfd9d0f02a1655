package registry

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// here are the logins of this test's own run.
func here(t *testing.T) *Logins {
	t.Helper()
	return &Logins{Dir: filepath.Join(t.TempDir(), "logins"), Run: ThisRun()}
}

// of are the logins of a run in the same folder.
func (l *Logins) of(change func(r *Run)) *Logins {
	other := *l
	other.Run.Above = slices.Clone(l.Run.Above)
	change(&other.Run)
	return &other
}

// another is a run that has nothing to do with this one, and goes on.
func another(r *Run) {
	self := Process{PID: os.Getpid()}
	if found, _, ok := (system{}).process(self.PID); ok {
		self = found
	}
	*r = Run{Caller: self, Space: r.Space, Above: []Process{self}}
}

func save(t *testing.T, l *Logins, registry, user, password string) string {
	t.Helper()
	file, err := l.Save(registry, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// held are the users that a run has, by registry.
func held(t *testing.T, l *Logins) string {
	t.Helper()
	all, err := l.Held()
	if err != nil {
		t.Fatal(err)
	}
	var users []string
	for registry, login := range all {
		users = append(users, registry+"="+login.Username+":"+login.Password)
	}
	slices.Sort(users)
	return strings.Join(users, " ")
}

// forget is Remove without what it says.
func forget(l *Logins, registry string) error {
	_, _, err := l.Remove(registry)
	return err
}

// kept counts the files that hold logins.
func kept(t *testing.T, l *Logins) int {
	t.Helper()
	entries, err := os.ReadDir(l.Dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(entries)
}

// rewrite changes a login as it is kept.
func rewrite(t *testing.T, file string, change func(l *Login)) {
	t.Helper()
	login, err := readLogin(file)
	if err != nil {
		t.Fatal(err)
	}
	change(&login)
	content, err := json.Marshal(login)
	if err == nil {
		err = os.WriteFile(file+".new", content, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestLogins keeps logins for their run, in files for nobody else.
func TestLogins(t *testing.T) {
	t.Parallel()
	l := here(t)
	if got := held(t, l); got != "" {
		t.Errorf("without a folder there is %q", got)
	}
	if err := errors.Join(forget(l, "example.com"), l.Sweep()); err != nil {
		t.Errorf("without a folder: %v", err)
	}
	file := save(t, l, "https://example.com/v2/", "me", "first")
	info, err := os.Stat(file)
	dir, err2 := os.Stat(l.Dir)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && (info.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700) {
		t.Errorf("the login is in a file of mode %v in a folder of mode %v", info.Mode(), dir.Mode())
	}
	save(t, l, "example.com", "me", "second")
	save(t, l, "localhost:5000", "you", "third")
	other := l.of(another)
	save(t, other, "example.com", "they", "fourth")
	if got, want := held(t, l), "example.com=me:second localhost:5000=you:third"; got != want || kept(t, l) != 3 {
		t.Errorf("the run has %q in %d files, want %q", got, kept(t, l), want)
	}
	if got, want := held(t, other), "example.com=they:fourth"; got != want {
		t.Errorf("the other run has %q, want %q", got, want)
	}
	if err := errors.Join(l.Sweep(), forget(l, "none.example.com"), forget(l, "example.com")); err != nil {
		t.Fatal(err)
	}
	if got, other := held(t, l), held(t, other); got != "localhost:5000=you:third" || other != "example.com=they:fourth" {
		t.Errorf("without one login there are %q and %q", got, other)
	}
	for registry, want := range map[string]authn.Authenticator{
		"localhost:5000": &authn.Basic{Username: "you", Password: "third"}, "example.com": authn.Anonymous,
	} {
		resource, err := name.NewRegistry(registry)
		if err != nil {
			t.Fatal(err)
		}
		got, err := l.Resolve(resource)
		if err != nil {
			t.Fatal(err)
		}
		gotWho, err := got.Authorization()
		wantWho, err2 := want.Authorization()
		if err != nil || err2 != nil || *gotWho != *wantWho {
			t.Errorf("for %s it is %+v, %v; want %+v", registry, gotWho, err, wantWho)
		}
	}
	for what, err := range map[string]error{"Save": func() error { _, err := l.Save("A B", "", ""); return err }(), "Remove": forget(l, "A B")} {
		if err == nil || !strings.Contains(err.Error(), `"A B" is no name of a registry`) {
			t.Errorf("%s: %v", what, err)
		}
	}
	nobody := l.of(func(r *Run) { *r = Run{} })
	if _, err := nobody.Save("example.com", "a", "b"); err == nil || !strings.Contains(err.Error(), "nothing that called it is left") {
		t.Errorf("a login of nobody: %v", err)
	}
}

// TestLoginsEnd wants nothing of a login whose time is over, and keeps those that go on.
func TestLoginsEnd(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change     func(l *Login)
		used, kept bool
	}{
		"as it is":          {func(*Login) {}, true, true},
		"almost too old":    {func(l *Login) { l.Made = l.Made.Add(time.Minute - LoginAge) }, true, true},
		"too old":           {func(l *Login) { l.Made = l.Made.Add(-time.Minute - LoginAge) }, false, false},
		"of a wrong clock":  {func(l *Login) { l.Made = l.Made.Add(30 * time.Minute) }, true, true},
		"of the future":     {func(l *Login) { l.Made = l.Made.Add(2 * time.Hour) }, false, false},
		"its run has ended": {func(l *Login) { l.Run = Run{Caller: Process{PID: noProcess}, Space: l.Run.Space} }, false, false},
		"of another process that had the number": {func(l *Login) {
			l.Run = Run{Caller: Process{PID: l.Run.Caller.PID, Start: "another time"}, Space: l.Run.Space}
		}, false, false},
		"of nobody":                    {func(l *Login) { l.Run = Run{Space: l.Run.Space} }, false, false},
		"of another container":         {func(l *Login) { l.Run.Space = "elsewhere" }, false, true},
		"of another container, old":    {func(l *Login) { l.Run.Space, l.Made = "elsewhere", l.Made.Add(-13*time.Hour) }, false, false},
		"of another version, unknown":  {func(l *Login) { *l = Login{Registry: l.Registry, Made: l.Made} }, false, runtime.GOOS == "linux"},
		"a later one of the same name": {func(l *Login) { l.Username = "later" }, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := here(t)
			file := save(t, l, "example.com", "me", "secret")
			rewrite(t, file, test.change)
			if got := held(t, l); (got != "") != test.used {
				t.Errorf("the run has %q, want any: %v", got, test.used)
			}
			if err := l.Sweep(); err != nil {
				t.Fatal(err)
			}
			if got := kept(t, l); (got == 1) != test.kept {
				t.Errorf("%d logins are kept, want it kept: %v", got, test.kept)
			}
		})
	}
}

// noProcess is a number that no process has.
const noProcess = 1<<31 - 2

// TestLoginsNewest uses the login that was made last.
func TestLoginsNewest(t *testing.T) {
	t.Parallel()
	l := here(t)
	if len(l.Run.Above) < 2 {
		t.Skip("the system tells of one caller alone")
	}
	above := l.of(func(r *Run) { r.Caller, r.Group = r.Above[1], 0 })
	file := save(t, l, "example.com", "inner", "x")
	save(t, above, "example.com", "outer", "x")
	if got := held(t, l); got != "example.com=outer:x" {
		t.Errorf("the run has %q, want the last", got)
	}
	rewrite(t, file, func(l *Login) { l.Made = l.Made.Add(time.Minute) })
	if got := held(t, l); got != "example.com=inner:x" {
		t.Errorf("the run has %q, want the last", got)
	}
	for _, want := range []bool{true, false} {
		registry, found, err := l.Remove("https://example.com/v1/")
		if registry != "example.com" || found != want || err != nil || kept(t, l) != 0 {
			t.Errorf("logout of %s: %v, %v, and %d are kept", registry, found, err, kept(t, l))
		}
	}
}

// TestLoginsDamaged passes over what is no login, which a killed process may leave.
func TestLoginsDamaged(t *testing.T) {
	t.Parallel()
	l := here(t)
	save(t, l, "example.com", "me", "secret")
	for file, content := range map[string]string{"new-1": "", "b.json": "{", "c.json": `"text"`} {
		if err := os.WriteFile(filepath.Join(l.Dir, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(l.Dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got := held(t, l); got != "example.com=me:secret" {
		t.Errorf("the run has %q", got)
	}
	if err := errors.Join(l.Sweep(), forget(l, "example.com")); err != nil || held(t, l) != "" {
		t.Errorf("after logout there is %q, %v", held(t, l), err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	l.Dir = file
	if _, err := l.Save("example.com", "a", "b"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("in a file: %v", err)
	}
	if _, err := l.Held(); err == nil {
		t.Error("a file was read as a folder")
	}
}

// TestAwait returns once a login has ended, and has removed it.
func TestAwait(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before    func(l *Login)
		meanwhile func(t *testing.T, file string) bool // again and again, until it says so
		interrupt bool
		left      int
	}{
		"it has ended":      {func(l *Login) { l.Made = l.Made.Add(-13 * time.Hour) }, nil, false, 0},
		"its run has ended": {func(l *Login) { l.Run = Run{Space: l.Run.Space} }, nil, false, 0},
		"interrupted":       {func(*Login) {}, nil, true, 1},
		"its run ends": {func(*Login) {}, func(t *testing.T, file string) bool {
			rewrite(t, file, func(l *Login) { l.Run = Run{Space: l.Run.Space} })
			return false
		}, false, 0},
		"another call has made it anew": {func(*Login) {}, func(t *testing.T, file string) bool {
			rewrite(t, file, func(l *Login) { l.Made = l.Made.Add(time.Second) })
			return true
		}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := here(t)
			file := save(t, l, "example.com", "me", "secret")
			rewrite(t, file, test.before)
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			if test.interrupt {
				stop()
			}
			done := make(chan error)
			go func() { done <- Await(ctx, file) }()
			var err error
			act := test.meanwhile != nil
			for waiting := true; waiting; {
				select {
				case err = <-done:
					waiting = false
				case <-time.After(20 * time.Millisecond):
					act = act && test.meanwhile(t, file)
				}
			}
			if errors.Is(err, context.Canceled) != test.interrupt || err != nil && !test.interrupt {
				t.Errorf("it ended with %v", err)
			}
			if got := kept(t, l); got != test.left {
				t.Errorf("%d logins are left, want %d", got, test.left)
			}
		})
	}
}

func TestRegistryKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"example.com": "example.com", "https://example.com/v2/": "example.com", "http://localhost:5000": "localhost:5000",
		"docker.io": "index.docker.io", "https://index.docker.io/v1/": "index.docker.io", "127.0.0.1:1": "127.0.0.1:1",
	} {
		if got, err := registryKey(text); got != want || err != nil {
			t.Errorf("%s is %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"A B", "example.com:x", "a?b"} {
		if got, err := registryKey(text); err == nil {
			t.Errorf("%q is %q", text, got)
		}
	}
	for host, want := range map[string]bool{"127.0.0.1:5000": true, "localhost": true, "[::1]:5000": true, "192.0.2.1:5000": false, "192.0.2.1": false} {
		if got := insecure(t.Context(), host); got != want {
			t.Errorf("%s may be talked to without TLS: %v, want %v", host, got, want)
		}
	}
}
