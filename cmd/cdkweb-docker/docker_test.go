//go:build !windows

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fakeDocker is a docker in PATH that writes down how it is called, and as whom.
func fakeDocker(t *testing.T, m *machine) (calls func() string) {
	t.Helper()
	log := filepath.Join(t.TempDir(), "calls")
	text := fmt.Sprintf(`#!/bin/sh
{ echo "$*"; test -z "$DOCKER_CONFIG" || /bin/cat "$DOCKER_CONFIG/config.json" "$DOCKER_CONFIG/contexts/mine"; } >> %s
echo docker says "$1"
test "$1" != load || /bin/cat > /dev/null
test "$1" != fail || exit 17
`, log)
	if err := script(filepath.Join(m.path, "docker"), text); err != nil {
		t.Fatal(err)
	}
	return func() string {
		content, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		os.Remove(log)
		return strings.TrimSpace(string(content))
	}
}

// TestHandOver gives what runs programs to docker, and what becomes of it.
func TestHandOver(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch AS a\nCOPY x /\nFROM a\nRUN make\n", "x": "x"})
	args := []string{"build", "--build-arg", "A=b", "--tag", "app", dir}
	m.fails(1, `this build needs Docker, and there is no docker in PATH: line 4 of the Dockerfile (RUN make) runs a program in a container`, args...)
	m.must("build", "--target", "a", dir)

	calls := fakeDocker(t, m)
	got := m.call("", args...)
	if want := strings.Join(args, " "); got.status != 0 || calls() != want || got.stdout != "docker says build\n" {
		t.Errorf("build: %+v", got)
	}
	for _, test := range [][]string{{"inspect", "app"}, {"tag", "app", "example.com/app:1"}, {"push", "example.com/app:1"}, {"run", "--rm", "app"}} {
		m.must(test...)
		if got, want := calls(), strings.Join(test, " "); got != want {
			t.Errorf("docker was called with %q, want %q", got, want)
		}
	}
	if got := m.call("", "fail"); got.status != 17 || got.stdout != "docker says fail\n" {
		t.Errorf("a docker that fails: %+v", got)
	}
	// What was built here since is ours, and docker gets it when it is to run it.
	m.must("build", "--tag", "app", "--target", "a", dir)
	m.must("inspect", "app")
	calls()
	m.must("run", "--rm", "app", "ls")
	if got := calls(); got != "load --quiet\nrun --rm app ls" {
		t.Errorf("docker was called with %q", got)
	}
	// What neither has built may be docker's, as the CDK may have called docker itself.
	for _, test := range [][]string{{"tag", "docker-has-it", "example.com/x:1"}, {"push", "example.com/x:1"}, {"push", "example.com/other"}} {
		m.must(test...)
		if got, want := calls(), strings.Join(test, " "); got != want {
			t.Errorf("docker was called with %q, want %q", got, want)
		}
	}
	m.fails(1, "there is no image docker-has-it here", "inspect", "docker-has-it") // the CDK has it built
	if got := calls(); got != "" {
		t.Errorf("docker was called with %q", got)
	}
	if got := m.must("tag", "app", "other"); got != "" || calls() != "" {
		t.Errorf("docker was asked to rename an image that it has not: %q", got)
	}

	for _, dockerfile := range []string{
		"# syntax=example.com/other:1\nFROM scratch\n", "FROM scratch\nADD https://example.com/x /\n",
		"FROM scratch\nARG U=https://example.com/x\nADD $U /\n", "FROM scratch\nCOPY --parents x /\n",
		"FROM scratch\nHEALTHCHECK --start-interval=5s CMD x\n",
		"FROM scratch\nADD https://github.com/a/b.git /\n", "FROM scratch\nADD git@github.com:a/b.git /\n",
	} {
		m.must("build", files(t, map[string]string{"Dockerfile": dockerfile, "x": "x"}))
		if got := calls(); !strings.HasPrefix(got, "build ") {
			t.Errorf("docker was not called for %q", dockerfile)
		}
	}
	for _, args := range []string{
		"buildx build --push " + dir, "image build --output type=local " + dir, "build --push " + dir,
		"buildx inspect mine", "image push docker-has-it", "image tag docker-has-it other/x",
	} {
		m.must(strings.Fields(args)...)
		if got := calls(); got != args {
			t.Errorf("docker was called with %q, want %q", got, args)
		}
	}
	m.must("build", "https://github.com/a/b.git")
	if got := calls(); got != "build https://github.com/a/b.git" {
		t.Errorf("docker was called with %q", got)
	}
}

// TestItself is called docker in PATH: it must not hand over to itself for ever.
func TestItself(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.Symlink(os.Args[0], filepath.Join(m.path, "docker")); err != nil {
		t.Fatal(err)
	}
	m.fails(2, `"run" is no command of cdkweb-docker, and there is no docker in PATH`, "run", "x")
	if err := os.Remove(filepath.Join(m.path, "docker")); err != nil {
		t.Fatal(err)
	}
	if err := script(filepath.Join(m.path, "docker"), "#!/bin/sh\nexec "+os.Args[0]+" \"$@\"\n"); err != nil {
		t.Fatal(err)
	}
	m.fails(2, "the docker in PATH is cdkweb-docker itself", "run", "x")
}

// TestHandOverLogin gives docker the login of the run, beside the user's configuration.
func TestHandOverLogin(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	text := "#!/bin/sh\n{ echo; /bin/cat \"$DOCKER_CONFIG/config.json\" \"$DOCKER_CONFIG/contexts/mine\";\n" +
		"echo " + r.host + " | docker-credential-cdkweb-docker get; docker-credential-cdkweb-docker list;\n" +
		"echo other.example.com | docker-credential-cdkweb-docker get; echo $?;\n" +
		"docker-credential-cdkweb-docker erase; } > \"$HOME/calls\" 2>&1; :\n"
	if err := script(filepath.Join(m.path, "docker"), text); err != nil {
		t.Fatal(err)
	}
	calls := func() string {
		content, err := os.ReadFile(filepath.Join(m.home, "calls"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(content))
	}
	own := filepath.Join(m.home, ".docker")
	before := `{"auths":{"other.example.com":{}},"credsStore":"desktop","credHelpers":{"` + r.host + `":"x"},"currentContext":"mine"}`
	if err := os.MkdirAll(filepath.Join(own, "contexts"), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, content := range map[string]string{"config.json": before, "contexts/mine": "context"} {
		if err := os.WriteFile(filepath.Join(own, file), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.call("secret", "login", "--username", "me", "--password-stdin", r.host); got.status != 0 {
		t.Fatalf("login: %+v", got)
	}
	// A relative folder is that of where the program was called.
	for _, args := range [][]string{{"build"}, {"--config", ".docker", "build"}} {
		command := m.command(append(args, files(t, map[string]string{"Dockerfile": "FROM scratch\nRUN x\n"}))...)
		command.Dir = m.home
		if got := finish(t, command); got.status != 0 {
			t.Fatalf("%q: %+v", args, got)
		}
		want := `{"auths":{"other.example.com":{}},"credHelpers":{"` + r.host + `":"cdkweb-docker"},` +
			`"credsStore":"desktop","currentContext":"mine"}context` +
			`{"Secret":"secret","ServerURL":"` + r.host + `","Username":"me"}` + "\n" +
			`{"` + r.host + `":"me"}` + "\ncredentials not found in native keychain\n1\n" +
			`cdkweb-docker: the credential helper of cdkweb-docker knows get and list, got ["erase"]`
		if got := calls(); got != want {
			t.Errorf("%q: docker had %s, want %s", args, got, want)
		}
	}
	after, err := os.ReadFile(filepath.Join(own, "config.json"))
	if err != nil || string(after) != before {
		t.Errorf("the user's configuration is %s, %v", after, err)
	}
	if left := append(temporaries(t, m), leftFor(t, m)...); len(left) != 0 {
		t.Errorf("it left %q", left)
	}
}

// leftFor is what is in the folder for temporary files.
func leftFor(t *testing.T, m *machine) []string {
	t.Helper()
	for _, variable := range m.environment {
		if dir, ok := strings.CutPrefix(variable, "TMPDIR="); ok {
			left, err := filepath.Glob(filepath.Join(dir, "*"))
			if err != nil {
				t.Fatal(err)
			}
			return left
		}
	}
	return nil
}

// TestKilledDocker ends the program while docker has the login: nothing that it leaves holds the
// password.
func TestKilledDocker(t *testing.T) {
	t.Parallel()
	for _, sent := range []syscall.Signal{syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGKILL} {
		t.Run(sent.String(), func(t *testing.T) {
			t.Parallel()
			if signal.Ignored(sent) {
				t.Skip("the tests run with this signal ignored, as below nohup")
			}
			r, m := newRegistry(t, false), newMachine(t)
			// What has started this docker ends it, or the end of its input does.
			text := "#!/bin/sh\ntrap 'exit 17' INT\necho waiting >&2\nread line\n"
			if err := script(filepath.Join(m.path, "docker"), text); err != nil {
				t.Fatal(err)
			}
			if got := m.call("secret", "login", "-u", "me", "--password-stdin", r.host); got.status != 0 {
				t.Fatalf("login: %+v", got)
			}
			in, out, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer out.Close()
			defer time.AfterFunc(30*time.Second, func() { out.Close() }).Stop()
			command := m.command("push", r.host+"/app:1")
			command.Stdin = in
			printed, err := command.StderrPipe()
			if err == nil {
				err = errors.Join(command.Start(), in.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
			var stderr strings.Builder
			for lines := bufio.NewScanner(printed); lines.Scan(); {
				stderr.WriteString(lines.Text() + "\n")
				if lines.Text() == "waiting" {
					if err := command.Process.Signal(sent); err != nil {
						t.Fatal(err)
					}
					if sent == syscall.SIGKILL {
						out.Close() // this docker goes on otherwise
					}
				}
			}
			err = command.Wait()
			if sent == syscall.SIGKILL {
				if left := temporaries(t, m); len(left) != 1 || !strings.Contains(fmt.Sprint(err), "killed") {
					t.Errorf("it left %q, and ended with %v: %s", left, err, stderr.String())
				}
			} else {
				got := result{command.ProcessState.ExitCode(), "", stderr.String()}
				m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
				if left := append(temporaries(t, m), leftFor(t, m)...); len(left) != 0 {
					t.Errorf("it left %q", left)
				}
			}
			for _, dir := range append(temporaries(t, m), leftFor(t, m)...) {
				err := filepath.WalkDir(dir, func(file string, entry fs.DirEntry, err error) error {
					if err != nil || !entry.Type().IsRegular() {
						return err
					}
					content, err := os.ReadFile(file)
					if strings.Contains(string(content), "secret") || strings.Contains(string(content), "bWU6c2VjcmV0") {
						t.Errorf("%s holds the password: %s", file, content)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestLoginEnds keeps a login for the run, where nobody else may read it, and no longer.
func TestLoginEnds(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	r.protect("AWS", "secret")
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))

	// A run of its own: a shell that logs in, by way of another shell, and pushes.
	line := `printf secret | "$0" login --username AWS --password-stdin ` + r.host + `
/bin/sh -c '"$0" push ` + r.host + `/app:1; exit $?' "$0" && echo pushed
read line`
	run := exec.Command("/bin/sh", "-c", line, os.Args[0])
	run.Env = m.environment
	run.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end, err := run.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	run.Stderr = run.Stdout
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	printed := make([]byte, 1<<16)
	read := 0
	for !strings.Contains(string(printed[:read]), "pushed\n") {
		n, err := out.Read(printed[read:])
		read += n
		if err != nil {
			t.Fatalf("the run printed %q: %v", printed[:read], err)
		}
	}
	if strings.Contains(string(printed[:read]), "secret") {
		t.Errorf("the run printed the password: %q", printed[:read])
	}
	kept := keptLogins(t, m)
	if len(kept) != 1 {
		t.Fatalf("the login is kept in %q", kept)
	}
	info, err := os.Stat(kept[0])
	dir, err2 := os.Stat(filepath.Dir(kept[0]))
	if err != nil || err2 != nil || info.Mode().Perm() != 0o600 || dir.Mode().Perm() != 0o700 {
		t.Errorf("the login is in a file of mode %v in a folder of mode %v: %v, %v", info.Mode(), dir.Mode(), err, err2)
	}
	// Another run has nothing of it.
	m.must("tag", r.host+"/app:1", r.host+"/app:2")
	m.fails(1, "there is no login for "+r.host+" in this run", "push", r.host+"/app:2")

	end.Close()
	if err := run.Wait(); err == nil {
		t.Error("the shell's read succeeded")
	}
	for limit := time.Now().Add(5 * time.Minute); len(keptLogins(t, m)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the login is still there 5 min after its run has ended")
		}
	}
}

// TestLogout forgets a login at once.
func TestLogout(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	for range 2 {
		if got := m.call("secret\n", "login", "-u", "me", "--password-stdin", "https://"+r.host+"/v2/"); got.status != 0 || got.stdout != "Login Succeeded\n" {
			t.Fatalf("login: %+v", got)
		}
	}
	if kept := keptLogins(t, m); len(kept) != 1 {
		t.Errorf("the login is kept in %q", kept)
	}
	m.must("logout", r.host)
	if kept := keptLogins(t, m); len(kept) != 0 {
		t.Errorf("the login is kept in %q", kept)
	}
}
