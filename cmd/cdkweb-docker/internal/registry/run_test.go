package registry

import (
	"testing"
	"time"
)

// fakeTable is a table of processes by their numbers.
type fakeTable map[int]fakeProcess

type fakeProcess struct {
	parent, group, session int
	start                  string
}

func (f fakeTable) process(pid int) (Process, int, bool) {
	p, ok := f[pid]
	return Process{PID: pid, Start: p.start}, p.parent, ok && p.start != ""
}

func (f fakeTable) exists(pid int) bool {
	if pid >= 0 {
		_, ok := f[pid]
		return ok
	}
	for _, p := range f {
		if p.group == -pid {
			return true
		}
	}
	return false
}

func (f fakeTable) session(pid int) int { return f[pid].session }

func (f fakeTable) run(pid int) Run {
	return newRun(f, pid, f[pid].parent, f[pid].group, "here")
}

// TestRuns is who may use a login, and when it ends. Number 10 logs in and ends, and then 20 asks
// for the login; after that some processes end.
func TestRuns(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		at    fakeTable
		has   bool
		ended []int
		alive bool
	}{
		"the CDK below an interactive shell": {fakeTable{
			1: {0, 1, 1, "0"}, 5: {1, 5, 5, "1"}, 6: {5, 6, 5, "2"},
			10: {6, 6, 5, "3"}, 20: {6, 6, 5, "4"},
		}, true, []int{6}, false},
		"commands of an interactive shell": {fakeTable{
			1: {0, 1, 1, "0"}, 5: {1, 5, 5, "1"}, 10: {5, 10, 5, "3"}, 20: {5, 20, 5, "4"},
		}, true, nil, true},
		"an interactive shell, and the CDK below it": {fakeTable{
			1: {0, 1, 1, "0"}, 5: {1, 5, 5, "1"}, 10: {5, 10, 5, "3"},
			6: {5, 6, 5, "2"}, 20: {6, 6, 5, "4"},
		}, true, []int{6}, true},
		"two interactive shells": {fakeTable{
			1: {0, 1, 1, "0"}, 5: {1, 5, 5, "1"}, 6: {1, 6, 6, "1"},
			10: {5, 10, 5, "3"}, 20: {6, 20, 6, "4"},
		}, false, []int{5}, false},
		"each by way of a script": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 6, 5, "2"}, 7: {6, 6, 5, "3"}, 8: {6, 6, 5, "3"},
			10: {7, 6, 5, "3"}, 20: {8, 6, 5, "4"},
		}, true, []int{7}, true},
		"the CDK with setsid": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 6, 6, "2"}, 10: {6, 6, 6, "3"}, 20: {6, 6, 6, "4"},
		}, true, []int{6}, false},
		"login and push with setsid": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 6, 6, "2"}, 10: {6, 10, 10, "3"}, 20: {6, 20, 20, "4"},
		}, true, []int{6}, false},
		"the CDK is the first process": {fakeTable{
			1: {0, 1, 1, "0"}, 10: {1, 1, 1, "3"}, 20: {1, 1, 1, "4"},
		}, true, nil, true},
		"the CDK is the first process, of a group outside": {fakeTable{
			1: {0, 0, 0, "0"}, 10: {1, 0, 0, "3"}, 20: {1, 0, 0, "4"},
		}, true, nil, true},
		"the CDK is the first process, and nothing is told": {fakeTable{
			1: {0, 1, 1, ""}, 10: {1, 1, 1, ""}, 20: {1, 1, 1, ""},
		}, true, nil, true},
		"an interactive shell is the first process": {fakeTable{
			1: {0, 1, 1, "0"}, 10: {1, 10, 1, "3"}, 6: {1, 6, 1, "3"}, 20: {6, 6, 1, "4"},
		}, true, []int{6}, true},
		"the CDK below the first process, in its group": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 1, 1, "2"}, 10: {6, 1, 1, "3"}, 20: {6, 1, 1, "4"},
		}, true, []int{6}, false},
		"the CDK twice below the first process": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 1, 1, "2"}, 7: {1, 1, 1, "2"},
			10: {6, 1, 1, "3"}, 20: {7, 1, 1, "4"},
		}, false, []int{6}, false},
		"the CDK below an init": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 6, 1, "2"}, 10: {6, 6, 1, "3"}, 20: {6, 6, 1, "4"},
		}, true, []int{6}, false},
		"the CDK in a container that runs already": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {0, 6, 6, "2"}, 10: {6, 6, 6, "3"}, 20: {6, 6, 6, "4"},
		}, true, []int{6}, false},
		"the CDK has lost its parent": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 4, 5, "2"}, 10: {6, 4, 5, "3"}, 20: {6, 4, 5, "4"},
		}, true, []int{6}, false},
		"login has lost its parent": {fakeTable{
			1: {0, 1, 1, "0"}, 10: {1, 10, 5, "3"}, 20: {1, 20, 6, "4"},
		}, false, nil, false},
		"login has lost its parent, not its group": {fakeTable{
			1: {0, 1, 1, "0"}, 6: {1, 6, 5, "3"}, 10: {1, 6, 5, "3"}, 20: {1, 6, 5, "4"},
		}, true, []int{6}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			login := test.at.run(10)
			delete(test.at, 10)
			if got := login.has(test.at.run(20)); got != test.has {
				t.Errorf("the run %+v has %+v: %v, want %v", login, test.at.run(20), got, test.has)
			}
			delete(test.at, 20)
			for _, pid := range test.ended {
				delete(test.at, pid)
			}
			if got := login.alive(test.at, "here"); got != test.alive {
				t.Errorf("the run %+v is alive: %v, want %v", login, got, test.alive)
			}
		})
	}
}

// TestRunOfAnother wants nothing of a process that got the number of one that has ended, nor of
// another container in which the numbers are the same.
func TestRunOfAnother(t *testing.T) {
	t.Parallel()
	at := fakeTable{1: {0, 1, 1, "0"}, 6: {1, 1, 1, "2"}, 10: {6, 1, 1, "3"}}
	login := at.run(10)
	if elsewhere := newRun(at, 10, 6, 1, "there"); login.has(elsewhere) {
		t.Error("another container has the login")
	}
	if !login.alive(fakeTable{}, "there") {
		t.Error("a container takes the login of another for ended")
	}
	at[6] = fakeProcess{1, 1, 1, "9"}
	if login.alive(at, "here") || login.has(at.run(10)) {
		t.Error("a later process is taken for the one that has ended")
	}
	at[6], at[1] = fakeProcess{7, 1, 1, "2"}, fakeProcess{0, 1, 1, "0"}
	at[7] = fakeProcess{6, 1, 1, "2"} // a table that leads in a circle
	if got := at.run(10).Above; len(got) != 2 {
		t.Errorf("the callers are %v", got)
	}
	if run := newRun(fakeTable{}, 10, 0, 10, "here"); run.known() {
		t.Errorf("without a parent the run is %+v", run)
	}
	if run := newRun(fakeTable{}, 10, 0, 9, "here"); !run.known() {
		t.Errorf("without a parent, and in a group, the run is %+v", run)
	}
}

// TestNearest uses the login of the program that is nearest, of two deployments in one group, and
// removes no other's.
func TestNearest(t *testing.T) {
	t.Parallel()
	at := fakeTable{
		1: {0, 1, 1, "0"}, 5: {1, 5, 5, "1"}, 6: {5, 5, 5, "2"}, 7: {5, 5, 5, "2"},
		16: {6, 5, 5, "3"}, 17: {7, 5, 5, "3"}, // shells of each
		10: {6, 5, 5, "4"}, 11: {7, 5, 5, "4"}, 12: {16, 5, 5, "4"}, 13: {17, 5, 5, "4"}, 20: {5, 5, 5, "4"},
	}
	for name, callers := range map[string][2]int{
		"called by each": {10, 11}, "by way of a shell": {12, 13}, "one by way of a shell": {12, 11},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			of := func(pid int) *Logins {
				r := at.run(pid)
				r.Space = processSpace()
				r.Group = processGroup() // which goes on
				return &Logins{dir, r}
			}
			first := save(t, of(callers[0]), "example.com", "first", "x")
			second := save(t, of(callers[1]), "example.com", "second", "x")
			rewrite(t, second, func(l *Login) { l.Made = l.Made.Add(time.Minute) })
			for pid, want := range map[int]string{10: "first", 12: "first", 11: "second", 13: "second"} {
				if got := held(t, of(pid)); got != "example.com="+want+":x" {
					t.Errorf("%d has %q, want %s", pid, got, want)
				}
			}
			if got := held(t, of(20)); got != "example.com=second:x" {
				t.Errorf("another of the group has %q, want the last", got)
			}
			if err := forget(of(10), "example.com"); err != nil {
				t.Fatal(err)
			}
			if _, ok := ReadLogin(first); ok {
				t.Error("the login is there after logout")
			}
			if _, ok := ReadLogin(second); !ok {
				t.Error("logout removed the login of the other")
			}
		})
	}
}
