package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestLoginOfPID1 logs in and pushes from a shell that is the first process, as in a container.
func TestLoginOfPID1(t *testing.T) {
	t.Parallel()
	for name, ownGroup := range map[string]bool{"group 1": true, "group 0": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, m := newRegistry(t, false), newMachine(t)
			r.protect("AWS", "secret")
			m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
			script := `printf secret | "$0" login --username AWS --password-stdin ` + r.host + ` &&
"$0" push ` + r.host + `/app:1 && /bin/sh -c '"$0" push ` + r.host + `/app:1; exit $?' "$0"`
			run := exec.Command("/bin/sh", "-c", script, os.Args[0])
			run.Env = m.environment
			run.SysProcAttr = &syscall.SysProcAttr{Setpgid: ownGroup, Cloneflags: syscall.CLONE_NEWPID}
			if os.Getuid() != 0 {
				run.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			}
			out, err := run.CombinedOutput()
			if run.ProcessState == nil {
				t.Skipf("this machine allows no namespace of processes: %v", err)
			}
			if err != nil || !strings.Contains(string(out), "the registry has it already") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
