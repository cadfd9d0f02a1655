package store

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// errLocked is the error of a lock that another process holds.
var errLocked = errors.New("another process holds the lock")

// lock locks a file, for this process alone if exclusive is true. The lock ends with the file.
func lock(file *os.File, exclusive, wait bool) error {
	var flags uint32
	if exclusive {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	if !wait {
		flags |= windows.LOCKFILE_FAIL_IMMEDIATELY
	}
	handle, overlapped := windows.Handle(file.Fd()), new(windows.Overlapped)
	// Unlike on Unix, a lock of the same file does not take the place of one.
	windows.UnlockFileEx(handle, 0, 1, 0, new(windows.Overlapped))
	err := windows.LockFileEx(handle, flags, 0, 1, 0, overlapped)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errLocked
	}
	return err
}
