package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// asProgram makes the test's program be cdkweb-docker, so that the tests call it as the CDK does.
const asProgram = "CDKWEB_DOCKER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// machine is where the program is called: with a cache, a home and a PATH of its own.
type machine struct {
	t                 *testing.T
	cache, home, path string
	environment       []string
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, cache: filepath.Join(t.TempDir(), "cache"), home: t.TempDir(), path: t.TempDir()}
	m.environment = []string{
		asProgram + "=1", "HOME=" + m.home, "PATH=" + m.path, "TMPDIR=" + t.TempDir(),
		"CDKWEB_DOCKER_CACHE=" + m.cache,
	}
	return m
}

func (m *machine) command(args ...string) *exec.Cmd {
	command := exec.Command(os.Args[0], args...)
	command.Env = m.environment
	return command
}

// result is how a call ended.
type result struct {
	status         int
	stdout, stderr string
}

func (m *machine) call(stdin string, args ...string) result {
	m.t.Helper()
	command := m.command(args...)
	command.Stdin = strings.NewReader(stdin)
	return finish(m.t, command)
}

func finish(t *testing.T, command *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if ended := (*exec.ExitError)(nil); err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// must calls the program, which has to succeed, and returns what it printed.
func (m *machine) must(args ...string) string {
	m.t.Helper()
	got := m.call("", args...)
	if got.status != 0 {
		m.t.Fatalf("%q ended with status %d: %s", args, got.status, got.stderr)
	}
	return strings.TrimSpace(got.stdout)
}

// fails calls the program, which has to fail with a status and one sentence that holds some words.
func (m *machine) fails(status int, words string, args ...string) result {
	m.t.Helper()
	got := m.call("", args...)
	m.wantFailure(got, status, words)
	return got
}

func (m *machine) wantFailure(got result, status int, words string) {
	m.t.Helper()
	lines := strings.Split(strings.TrimSuffix(got.stderr, "\n"), "\n")
	last := lines[len(lines)-1]
	if got.status != status || !strings.HasPrefix(last, "cdkweb-docker: ") || !strings.Contains(last, words) {
		m.t.Errorf("got status %d and %q, want %d and one line with %q", got.status, got.stderr, status, words)
	}
}

// script writes a program. Meanwhile no process is started, which would have the file open until it
// is another program, so that nobody could run the file ("text file busy").
func script(file, text string) error {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	return os.WriteFile(file, []byte(text), 0o755)
}

// folder copies a folder, so that it has other times, and the modes that git keeps.
func folder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), filepath.Base(from))
	err := filepath.WalkDir(from, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(file, from))
		switch {
		case entry.IsDir():
			if err := os.Mkdir(target, 0o755); err != nil {
				return err
			}
			return os.Chmod(target, 0o755)
		case entry.Type() == fs.ModeSymlink:
			link, err := os.Readlink(file)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return errors.Join(os.WriteFile(target, content, mode), os.Chmod(target, mode))
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// files writes a folder.
func files(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		file := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644))
		for mode := fs.FileMode(0o644); file != dir && err == nil; file, mode = filepath.Dir(file), 0o755 {
			err = os.Chmod(file, mode) // whatever the umask is
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// fakeRegistry is a registry in memory, which remembers what it was asked.
type fakeRegistry struct {
	host string

	mutex    sync.Mutex
	requests []string
	handle   func(w http.ResponseWriter, r *http.Request) bool // reports whether it has responded
}

func newRegistry(t *testing.T, referrers bool) *fakeRegistry {
	t.Helper()
	f := &fakeRegistry{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(referrers))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mutex.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		handle := f.handle
		f.mutex.Unlock()
		if handle == nil || !handle(w, r) {
			inner.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	f.host = strings.TrimPrefix(server.URL, "http://")
	return f
}

// ask sets what the registry does before anything else.
func (f *fakeRegistry) ask(handle func(w http.ResponseWriter, r *http.Request) bool) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.handle = handle
}

// protect makes the registry ask for a password.
func (f *fakeRegistry) protect(user, password string) {
	f.ask(func(w http.ResponseWriter, r *http.Request) bool {
		gotUser, gotPassword, _ := r.BasicAuth()
		if gotUser == user && gotPassword == password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		w.WriteHeader(http.StatusUnauthorized)
		io.WriteString(w, `{"errors":[{"code":"UNAUTHORIZED","message":"wrong password"}]}`)
		return true
	})
}

// count counts the requests that begin with some words, and forgets all.
func (f *fakeRegistry) count(start string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	n := 0
	for _, request := range f.requests {
		if strings.HasPrefix(request, start) {
			n++
		}
	}
	f.requests = nil
	return n
}

// image is what the registry has under a name.
func (f *fakeRegistry) image(t *testing.T, repository string) v1.Image {
	t.Helper()
	ref, err := name.ParseReference(f.host + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	image, err := remote.Image(ref)
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// push puts an image there.
func (f *fakeRegistry) push(t *testing.T, repository string, image v1.Image) string {
	t.Helper()
	ref, err := name.ParseReference(f.host + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(ref, image); err != nil {
		t.Fatal(err)
	}
	return ref.Name()
}

// asset is the context of an image of webimage.Go.
const asset = "testdata/go"

// TestDeploy calls what aws-cdk 2.1148.1 calls to publish an image, with its arguments.
func TestDeploy(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, true), newMachine(t)
	r.protect("AWS", "secret-token")
	const local = "cdkasset-0123456789abcdef"
	remoteName := r.host + "/cdk-assets:0123456789abcdef"

	if got := m.call("secret-token", "login", "--username", "AWS", "--password-stdin", r.host); got.status != 0 {
		t.Fatalf("login: %+v", got)
	}
	if got := m.fails(1, "there is no image "+local+" here", "inspect", local); strings.TrimSpace(got.stdout) != "[]" {
		t.Errorf("inspect printed %q, want an empty list", got.stdout)
	}
	build := m.command("build", "--tag", local, "--file", "Dockerfile", "--platform", "linux/amd64", ".")
	build.Dir = folder(t, asset)
	build.Env = append(build.Env, "BUILDX_NO_DEFAULT_ATTESTATIONS=1")
	if got := finish(t, build); got.status != 0 || got.stdout != "" {
		t.Fatalf("build: %+v", got)
	}
	m.must("inspect", local)
	m.must("tag", local, remoteName)
	if got := m.must("images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=*/*:0123456789abcdef"); got != remoteName {
		t.Errorf("images printed %q, want %q", got, remoteName)
	}
	got := m.must("push", remoteName)

	r.ask(nil)
	digest, err := r.image(t, "cdk-assets:0123456789abcdef").Digest()
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%s: digest: %s size: ", remoteName, digest); !strings.HasPrefix(got, want) {
		t.Errorf("push printed %q, want %q", got, want)
	}
}

// TestPushAgain pushes two images that differ in the server alone.
func TestPushAgain(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	first := folder(t, asset)
	m.must("build", "--tag", r.host+"/app:1", first)
	m.must("push", r.host+"/app:1")
	if got := r.count("PATCH "); got != 4 {
		t.Errorf("the first push sent %d parts, want three layers and a configuration", got)
	}
	// The same again, even on another machine.
	other := newMachine(t)
	other.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	other.must("push", r.host+"/app:1")
	if sent, put := r.count("PATCH "), r.count("PUT "); sent+put != 0 {
		t.Errorf("the same image was sent again: %d parts, %d manifests", sent, put)
	}
	second := folder(t, asset)
	if err := os.WriteFile(filepath.Join(second, "server.tar.gz"), archiveOf(t, "app/server", "new"), 0o644); err != nil {
		t.Fatal(err)
	}
	other.must("build", "--tag", r.host+"/app:2", second)
	pushed := other.call("", "push", r.host+"/app:2")
	if got := r.count("PATCH "); got != 2 || pushed.status != 0 {
		t.Errorf("the second push sent %d parts, want the server and a configuration: %+v", got, pushed)
	}
	if want := "the registry had 2 of 4 parts"; !strings.Contains(pushed.stderr, want) {
		t.Errorf("push printed %q, want %q", pushed.stderr, want)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for _, test := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"build"}, 2, "build takes one folder, got 0"},
		{[]string{"build", "--nothing", "."}, 2, "build has no flag --nothing"},
		{[]string{"build", "--tag"}, 2, "--tag must be followed by a value"},
		{[]string{"build", "--tag", "A B", "."}, 2, `--tag must be the name of an image, such as example.com/team/image:tag, got "A B"`},
		{[]string{"build", "--platform", "windows/amd64", "."}, 2, `--platform must be one of Linux, such as linux/amd64 or linux/arm64, got "windows/amd64"`},
		{[]string{"build", "--build-arg", "=x", "."}, 2, "--build-arg must be NAME=VALUE"},
		{[]string{"build", "no-such-folder"}, 1, "no-such-folder"},
		{[]string{"build", m.home}, 1, "there is no Dockerfile " + filepath.Join(m.home, "Dockerfile") + "; name it with --file"},
		{[]string{"build", "--target", "x", asset}, 1, `--target "x" is no stage of the Dockerfile, which has 0`},
		{[]string{"build", "--output", "type=local", asset}, 1, "this build needs Docker, and there is no docker in PATH: the flag --output asks for it"},
		{[]string{"tag", "a"}, 2, "tag takes an image and a name"},
		{[]string{"tag", "a", "b"}, 1, "there is no image a here; build it first"},
		{[]string{"push", "example.com/a"}, 1, "there is no image example.com/a here; build it first"},
		{[]string{"push"}, 2, "push takes the name of an image"},
		{[]string{"login"}, 2, "login must be called with --username NAME --password-stdin REGISTRY"},
		{[]string{"login", "-p", "hidden", "example.com"}, 2, "use --password-stdin"},
		{[]string{"images", "--filter", "label=x"}, 2, `--filter must be reference=PATTERN, got "label=x"`},
		{[]string{"save"}, 2, "save takes the names of images"},
		{[]string{"run", "busybox"}, 2, `"run" is no command of cdkweb-docker, and there is no docker in PATH that would know it`},
		{[]string{"--config"}, 2, "--config must be --config and a folder"},
	} {
		got := m.fails(test.status, test.want, test.args...)
		if strings.Contains(got.stderr+got.stdout, "hidden") {
			t.Errorf("%q printed the password", test.args)
		}
	}
	if got := m.call(""); got.status != 2 || !strings.HasPrefix(got.stderr, "usage: cdkweb-docker COMMAND") {
		t.Errorf("without arguments: %+v", got)
	}
	for _, args := range [][]string{{"--help"}, {"build", "--help"}} {
		if got := m.must(args...); !strings.HasPrefix(got, "usage: cdkweb-docker ") {
			t.Errorf("%q printed %q", args, got)
		}
	}
}

// TestImages lists, renames, saves and removes images.
func TestImages(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY x /\nENV A=b\n", "x": "x"})
	m.must("build", "-qt", "one", dir)
	m.must("image", "tag", "one", "example.com/team/two:3")
	id := m.must("buildx", "build", "--quiet", "--label", "a=b", dir)
	if got := m.must("inspect", "--format", "{{.Config.Labels.a}} {{json .Config.Env}} {{.Id}}", id); got !=
		`b ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","A=b"] `+id {
		t.Errorf("inspect printed %q", got)
	}
	if got, want := m.must("images", "--format", "{{.Repository}}:{{.Tag}}"), "<none>:<none>\nexample.com/team/two:3\none:latest"; sorted(got) != want {
		t.Errorf("images printed %q, want %q", got, want)
	}
	if got := m.must("images", "--quiet", "one"); got != m.must("inspect", "--format", "{{slice .ID 7 19}}", "one") {
		t.Errorf("images --quiet printed %q", got)
	}
	archive := filepath.Join(t.TempDir(), "one.tar")
	m.must("save", "--output", archive, "one")
	if got := m.must("save", "one"); got == "" || len(got) < 1000 {
		t.Errorf("save printed %d bytes", len(got))
	}
	m.must("prune")
	if got := m.must("images", "--quiet"); got != "" {
		t.Errorf("after prune there is %q", got)
	}
	if left := blobs(t, m); len(left) != 0 {
		t.Errorf("after prune there are %q", left)
	}
}

func sorted(lines string) string {
	all := strings.Split(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func blobs(t *testing.T, m *machine) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(m.cache, "blobs", "sha256", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// temporaries are the files that a call has not finished.
func temporaries(t *testing.T, m *machine) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(m.cache, "tmp", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestTogether builds with several processes at once, as the CDK does.
func TestTogether(t *testing.T) {
	t.Parallel()
	m, dir := newMachine(t), folder(t, asset)
	var group sync.WaitGroup
	results := make([]result, 6)
	for i := range results {
		group.Go(func() {
			command := m.command("build", "--quiet", "--tag", fmt.Sprintf("image-%d", i), dir)
			var stdout, stderr bytes.Buffer
			command.Stdout, command.Stderr = &stdout, &stderr
			err := command.Run()
			results[i] = result{command.ProcessState.ExitCode(), stdout.String(), fmt.Sprint(err, stderr.String())}
		})
	}
	group.Wait()
	for i, got := range results {
		if got.status != 0 || got.stdout != results[0].stdout {
			t.Errorf("build %d: %+v", i, got)
		}
		m.must("inspect", fmt.Sprintf("image-%d", i))
	}
}

// pushIndex puts images for several CPUs there.
func (f *fakeRegistry) pushIndex(t *testing.T, repository string, index v1.ImageIndex) string {
	t.Helper()
	ref, err := name.ParseReference(f.host + "/" + repository)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(ref, index); err != nil {
		t.Fatal(err)
	}
	return ref.Name()
}
