package registry

import (
	"os"
	"slices"
)

// Run is what a login lives as long as, and who may use it: the program that called login and what
// that program starts, and the other processes of its group. As the CDK's command line calls login
// and push itself, a login ends with it.
type Run struct {
	Caller Process // the program that called this one; none if it has ended already
	Group  int     // process group; 0 where there are none, and where the group says nothing
	Space  string  // in which the numbers of processes are unique: a container has one of its own

	Above []Process // the caller, its caller and so on
}

// Process is a process. Numbers are given again, and the time of its start tells who has one now.
type Process struct {
	PID   int
	Start string // in the system's own words; empty where it does not tell
}

// table is what the system knows of processes.
type table interface {
	// process returns a process and the number of its parent. It reports false if the system does
	// not tell.
	process(pid int) (p Process, parent int, ok bool)
	// exists reports whether a process goes on, or any of a group if the number is negative. One
	// that has ended, and whose parent has not asked how, does not if the system tells of it.
	exists(pid int) bool
	// session returns the session that a process belongs to, and -1 if the system does not tell.
	session(pid int) int
}

// first is the number of the first process of a machine or a container. It becomes the parent of
// whatever has lost its own.
const first = 1

// ThisRun returns the run that this process is a part of.
func ThisRun() Run {
	return newRun(system{}, os.Getpid(), os.Getppid(), processGroup(), processSpace())
}

func newRun(t table, self, parent, group int, space string) Run {
	r := Run{Space: space}
	const most = 1000 // callers of callers, whatever the system says
	for pid := parent; pid > 0 && len(r.Above) < most; {
		p, next, ok := t.process(pid)
		if !ok {
			p, next = Process{PID: pid}, 0
		}
		if slices.ContainsFunc(r.Above, func(other Process) bool { return other.PID == pid }) {
			break
		}
		r.Above = append(r.Above, p)
		pid = next
	}
	// What the first process of a container has started is in its session, and what has lost its
	// parent elsewhere is not.
	if len(r.Above) > 0 && (parent != first || t.session(self) == t.session(first)) {
		r.Caller = r.Above[0]
	}
	// The group of the first process, which has the number 0 if it was made outside of the
	// container, is the group of everything there: that it exists says nothing. A group that this
	// process has made ends with it.
	if group > first && (group != self || r.Caller.PID > 0) {
		r.Group = group
	}
	return r
}

// known reports whether there is anything that a login could live as long as.
func (r Run) known() bool { return r.Caller.PID > 0 || r.Group > 0 }

// has reports whether another run is a part of this one.
func (r Run) has(other Run) bool {
	return r.Space == other.Space &&
		(r.Caller.PID > 0 && slices.Contains(other.Above, r.Caller) ||
			r.Group > 0 && r.Group == other.Group)
}

// distance is how far what has started both runs is from another one: of several runs that have
// that, those are meant that are the least away.
func (r Run) distance(other Run) int {
	for i, p := range other.Above {
		if p == r.Caller || slices.Contains(r.Above, p) {
			return i
		}
	}
	return len(other.Above)
}

// alive reports whether anything of a run is left. That of another space cannot be asked after.
func (r Run) alive(t table, space string) bool {
	return r.Space != space || r.Caller.alive(t) || r.Group > 0 && t.exists(-r.Group)
}

func (p Process) alive(t table) bool {
	if p.PID <= 0 || !t.exists(p.PID) {
		return false
	}
	found, _, ok := t.process(p.PID)
	return !ok || p.Start == "" || found.Start == p.Start
}
