//go:build !windows

package registry

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// ThisRun returns the run that this process is a part of.
func ThisRun() Run { return Run{Parent: os.Getppid(), Group: syscall.Getpgrp()} }

// alive reports whether anything of a run is left.
func (r Run) alive() bool { return exists(r.Parent) || r.Group > 1 && exists(-r.Group) }

// exists reports whether a process exists, or any of a group if the number is negative.
func exists(process int) bool {
	if process == 0 || process == 1 {
		return false
	}
	err := syscall.Kill(process, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// Detach makes a command outlive this process and its group.
func Detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
