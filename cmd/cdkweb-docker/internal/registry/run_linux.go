package registry

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

func (system) process(pid int) (Process, int, bool) {
	if !ownProc() {
		return Process{}, 0, false
	}
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Process{}, 0, false
	}
	return parseStat(pid, string(content))
}

// parseStat reads /proc/PID/stat. The name of the program, in parentheses, may hold anything.
func parseStat(pid int, content string) (Process, int, bool) {
	const parentField, startField = 1, 19 // counted after the name
	fields := strings.Fields(content[strings.LastIndex(content, ")")+1:])
	if len(fields) <= startField {
		return Process{}, 0, false
	}
	parent, err := strconv.Atoi(fields[parentField])
	return Process{PID: pid, Start: fields[startField]}, parent, err == nil
}

// ended reports whether a process has ended and its parent has not asked how.
func ended(pid int) bool {
	content, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && ownProc() && endedStat(string(content))
}

func endedStat(content string) bool {
	fields := strings.Fields(content[strings.LastIndex(content, ")")+1:])
	return len(fields) > 0 && (fields[0] == "Z" || fields[0] == "X")
}

// groupEnded reports whether all processes of a group have ended.
func groupEnded(group int) bool {
	if !ownProc() {
		return false
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return false
	}
	seen := false
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		if of, err := syscall.Getpgid(pid); err != nil || of != group {
			continue
		}
		if !ended(pid) {
			return false
		}
		seen = true
	}
	return seen // what is hidden may go on
}

// ownProc reports whether /proc tells of the processes that have numbers here: in a container whose
// /proc is another's, the numbers there mean other processes.
func ownProc() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
}

// processSpace names the PID namespace, since its first process was started, and the machine since
// it was. The number of a namespace that has ended is given again.
func processSpace() string {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	if p, _, ok := (system{}).process(first); ok {
		namespace += " " + p.Start
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return namespace
	}
	return namespace + " " + strings.TrimSpace(string(boot))
}
