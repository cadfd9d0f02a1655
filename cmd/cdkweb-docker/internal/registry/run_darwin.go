package registry

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func (system) process(pid int) (Process, int, bool) {
	found, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if err != nil {
		return Process{}, 0, false
	}
	start := found.Proc.P_starttime
	return Process{PID: pid, Start: fmt.Sprintf("%d.%06d", start.Sec, start.Usec)},
		int(found.Eproc.Ppid), true
}

func processSpace() string { return "" }

func ended(int) bool { return false }

func groupEnded(int) bool { return false }
