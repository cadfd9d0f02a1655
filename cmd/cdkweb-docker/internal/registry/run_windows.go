package registry

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// ThisRun returns the run that this process is a part of.
func ThisRun() Run { return Run{Parent: os.Getppid()} }

// alive reports whether anything of a run is left.
func (r Run) alive() bool {
	handle, err := windows.OpenProcess(
		windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.SYNCHRONIZE,
		false,
		uint32(r.Parent),
	)
	if err != nil {
		return false
	}
	defer windows.CloseHandle(handle)
	event, err := windows.WaitForSingleObject(handle, 0)
	return err == nil && event == uint32(windows.WAIT_TIMEOUT)
}

// Detach makes a command outlive this process.
func Detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP,
	}
}
