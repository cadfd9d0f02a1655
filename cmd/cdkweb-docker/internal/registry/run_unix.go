//go:build !windows

package registry

import (
	"errors"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// system is the machine's own table of processes.
type system struct{}

func (system) exists(pid int) bool {
	if err := syscall.Kill(pid, 0); err != nil && !errors.Is(err, syscall.EPERM) {
		return false
	}
	if pid < 0 {
		return !groupEnded(-pid)
	}
	return !ended(pid)
}

func (system) session(pid int) int {
	session, err := unix.Getsid(pid)
	if err != nil {
		return -1
	}
	return session
}

func processGroup() int { return syscall.Getpgrp() }

// Detach makes a command outlive this process and its group.
func Detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
