package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// container starts a shell as the first process of a PID namespace, as in a container. Its $0 is
// the program.
func container(t *testing.T, m *machine, ownProc, ownGroup bool, script string) (string, error) {
	t.Helper()
	if ownProc {
		script = "/bin/mount -t proc proc /proc && " + script
	}
	run := exec.Command("/bin/sh", "-c", script, os.Args[0])
	run.Env = m.environment
	run.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: ownGroup, Cloneflags: syscall.CLONE_NEWPID, Unshareflags: syscall.CLONE_NEWNS,
	}
	out, err := run.CombinedOutput()
	if run.ProcessState == nil {
		t.Skipf("this machine allows no namespace of processes: %v", err)
	}
	return string(out), err
}

// containers are the kinds that there are: whether /proc tells of their processes, and whether the
// first process leads a group.
func containers(t *testing.T, test func(t *testing.T, ownProc, ownGroup bool)) {
	for name, kind := range map[string][2]bool{
		"group 1": {true, true}, "group 0": {true, false},
		"group 1 without proc": {false, true}, "group 0 without proc": {false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, kind[0], kind[1])
		})
	}
}

// TestLoginOfPID1 logs in and pushes from a shell that is the first process.
func TestLoginOfPID1(t *testing.T) {
	t.Parallel()
	containers(t, func(t *testing.T, ownProc, ownGroup bool) {
		r, m := newRegistry(t, false), newMachine(t)
		r.protect("AWS", "secret")
		m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
		script := `printf secret | "$0" login --username AWS --password-stdin ` + r.host + ` &&
"$0" push ` + r.host + `/app:1`
		if ownProc {
			script += ` && /bin/sh -c '"$0" push ` + r.host + `/app:1; exit $?' "$0"`
		}
		out, err := container(t, m, ownProc, ownGroup, script)
		if err != nil || ownProc && !strings.Contains(out, "the registry has it already") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// TestLoginBelowPID1 wants a login to end with the program that called login, and not to wait for
// the first process, in whose group it is. Another program there has nothing of it.
func TestLoginBelowPID1(t *testing.T) {
	t.Parallel()
	containers(t, func(t *testing.T, ownProc, ownGroup bool) {
		r, m := newRegistry(t, false), newMachine(t)
		r.protect("AWS", "secret")
		m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
		out, err := container(t, m, ownProc, ownGroup, `
/bin/sh -c 'printf secret | "$0" login --username AWS --password-stdin `+r.host+` &&
	"$0" push `+r.host+`/app:1 || exit 1
	set -- "$CDKWEB_DOCKER_CACHE"/logins/*; test -e "$1" || exit 2' "$0" || exit $?
tries=0
while set -- "$CDKWEB_DOCKER_CACHE"/logins/*; test -e "$1"; do
	tries=$((tries+1)); test $tries -lt 3000 || exit 3; /bin/sleep 0.1
done
"$0" tag `+r.host+`/app:1 `+r.host+`/app:2 || exit 4
"$0" push `+r.host+`/app:2 && exit 5
exit 0`)
		if err != nil || !strings.Contains(out, "there is no login for "+r.host+" in this run") {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// TestLoginOfOrphan refuses a login that nobody could use: whatever called login has ended.
func TestLoginOfOrphan(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	fifo, password := filepath.Join(m.home, "fifo"), filepath.Join(m.home, "password")
	err := errors.Join(syscall.Mkfifo(fifo, 0o600), os.WriteFile(password, []byte("secret"), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	// The shell has a session of its own, and waits until it is the first process's child.
	out, err := container(t, m, true, true, `
/usr/bin/setsid --fork /bin/sh -c '
	while read pid name state parent rest < /proc/$$/stat; test "$parent" != 1; do :; done
	exec "$0" login --username AWS --password-stdin `+r.host+` < `+password+`
' "$0" > `+fifo+` 2>&1 & exec /bin/cat < `+fifo)
	const want = "cdkweb-docker: login: nothing that called it is left, and a login is kept as long as that"
	if err != nil || !strings.HasPrefix(out, want) {
		t.Errorf("%v: %q, want %q", err, out, want)
	}
	if kept := keptLogins(t, m); len(kept) != 0 {
		t.Errorf("the login is kept in %q", kept)
	}
}

// TestLoginOfNextContainer wants nothing of a login to be left for a container that gets the same
// number as one that has ended, with processes of the same numbers.
func TestLoginOfNextContainer(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	r.protect("AWS", "secret")
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	login := `/usr/bin/setsid -w /bin/sh -c 'printf secret | "$0" login --username AWS --password-stdin ` +
		r.host + `; exit $?' "$0" || exit 1`
	push := `/usr/bin/setsid -w /bin/sh -c '"$0" push ` + r.host + `/app:1; exit $?' "$0"; exit $?`
	for range 3 { // most of the time one of two has a number that was given before
		for range 2 {
			if out, err := container(t, m, true, true, login); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		}
		out, err := container(t, m, true, true, push)
		if err == nil || !strings.Contains(out, "there is no login for "+r.host+" in this run") {
			t.Fatalf("%v: %s", err, out)
		}
	}
}
