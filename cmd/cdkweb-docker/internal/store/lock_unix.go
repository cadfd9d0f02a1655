//go:build !windows

package store

import (
	"errors"
	"os"
	"syscall"
)

// errLocked is the error of a lock that another process holds.
var errLocked = errors.New("another process holds the lock")

// lock locks a file, for this process alone if exclusive is true. The lock ends with the file.
func lock(file *os.File, exclusive, wait bool) error {
	how := syscall.LOCK_SH
	if exclusive {
		how = syscall.LOCK_EX
	}
	if !wait {
		how |= syscall.LOCK_NB
	}
	for {
		err := syscall.Flock(int(file.Fd()), how)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errLocked
		}
		return err
	}
}
