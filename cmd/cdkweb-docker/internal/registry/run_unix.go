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

// alive reports whether anything of a run is left. Process 1 lives as long as its container, and
// with it the groups 1 and 0, which cannot be asked after.
func (r Run) alive() bool {
	switch r.Group {
	case 0, 1:
		return true
	case noGroup:
		return exists(r.Parent)
	}
	return exists(r.Parent) || exists(-r.Group)
}

// exists reports whether a process exists, or any of a group if the number is negative.
func exists(process int) bool {
	err := syscall.Kill(process, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// Detach makes a command outlive this process and its group.
func Detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
