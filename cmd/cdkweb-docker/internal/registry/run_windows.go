package registry

import (
	"os/exec"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// system is the machine's own table of processes.
type system struct{}

// open opens a process that has not ended.
func (system) open(pid int) (windows.Handle, bool) {
	const access = windows.PROCESS_QUERY_LIMITED_INFORMATION | windows.SYNCHRONIZE
	handle, err := windows.OpenProcess(access, false, uint32(pid))
	if err != nil {
		return 0, false
	}
	event, err := windows.WaitForSingleObject(handle, 0)
	if err != nil || event != uint32(windows.WAIT_TIMEOUT) {
		windows.CloseHandle(handle)
		return 0, false
	}
	return handle, true
}

func (s system) exists(pid int) bool {
	handle, ok := s.open(pid)
	if ok {
		windows.CloseHandle(handle)
	}
	return ok
}

func (s system) process(pid int) (Process, int, bool) {
	start, ok := s.start(pid)
	if !ok {
		return Process{}, 0, false
	}
	p := Process{PID: pid, Start: strconv.FormatInt(start, 10)}
	// The number of a parent that has ended may be another's by now, which started later.
	parent, ok := parentOf(uint32(pid))
	if began, known := s.start(parent); !ok || !known || began > start {
		parent = 0
	}
	return p, parent, true
}

// start returns when a process started.
func (s system) start(pid int) (int64, bool) {
	handle, ok := s.open(pid)
	if !ok {
		return 0, false
	}
	defer windows.CloseHandle(handle)
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return 0, false
	}
	return created.Nanoseconds(), true
}

func parentOf(pid uint32) (int, bool) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return 0, false
	}
	defer windows.CloseHandle(snapshot)
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	for err = windows.Process32First(snapshot, &entry); err == nil; {
		if entry.ProcessID == pid {
			return int(entry.ParentProcessID), true
		}
		err = windows.Process32Next(snapshot, &entry)
	}
	return 0, false
}

func (system) session(int) int { return -1 }

func processGroup() int { return 0 }

func processSpace() string { return "" }

// Detach makes a command outlive this process.
func Detach(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{
		CreationFlags: windows.DETACHED_PROCESS | windows.CREATE_NEW_PROCESS_GROUP,
	}
}
