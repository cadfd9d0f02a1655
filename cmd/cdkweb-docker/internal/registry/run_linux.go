package registry

import (
	"os"
	"strconv"
	"strings"
)

func (system) process(pid int) (Process, int, bool) {
	// In a container whose /proc is another's, the numbers there mean other processes.
	if self, err := os.Readlink("/proc/self"); err != nil || self != strconv.Itoa(os.Getpid()) {
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

// processSpace names the PID namespace, and the machine since it was started.
func processSpace() string {
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return namespace
	}
	return namespace + " " + strings.TrimSpace(string(boot))
}
