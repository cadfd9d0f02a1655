package registry

import (
	"os"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const after = " S 12 34 56 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1 2 3"
	for _, name := range []string{"sh", "a) S 1 (b", ""} {
		p, parent, ok := parseStat(7, "7 ("+name+")"+after)
		if !ok || parent != 12 || p != (Process{7, "98765"}) {
			t.Errorf("the program %q is %+v, parent %d, %v", name, p, parent, ok)
		}
	}
	for _, text := range []string{"", "7 (sh) S 12", "7 (sh) S x 34 56 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 9"} {
		if p, _, ok := parseStat(7, text); ok {
			t.Errorf("%q is %+v", text, p)
		}
	}
	self, parent, ok := system{}.process(os.Getpid())
	if !ok || parent != os.Getppid() || self.Start == "" || !self.alive(system{}) {
		t.Errorf("this process is %+v, parent %d, %v", self, parent, ok)
	}
}

// TestEnded takes a process for ended that nobody has asked how it ended, alone or as its group.
func TestEnded(t *testing.T) {
	t.Parallel()
	command := exec.Command("/bin/cat")
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := command.StdinPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	pid := command.Process.Pid
	p, _, _ := system{}.process(pid)
	run := Run{Caller: p, Group: pid}
	if !p.alive(system{}) || !run.alive(system{}, "") {
		t.Errorf("%+v has ended before its time", p)
	}
	in.Close()
	if err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	if p.alive(system{}) || run.alive(system{}, "") {
		t.Errorf("%+v goes on after it has ended", p)
	}
	if err := command.Wait(); err != nil {
		t.Fatal(err)
	}
}
