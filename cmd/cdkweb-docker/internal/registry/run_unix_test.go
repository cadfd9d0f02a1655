//go:build !windows

package registry

import (
	"os"
	"syscall"
	"testing"
)

// TestRunOfPID1 is a container whose first process calls this program, in a group of its own
// number, or in one that lies outside of the container, which is 0.
func TestRunOfPID1(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		login, push Run
		want        bool
	}{
		{Run{1, 1}, Run{1, 1}, true},
		{Run{1, 0}, Run{1, 0}, true},
		{Run{1, 7}, Run{1, 8}, true},   // a shell gives each command a group
		{Run{10, 1}, Run{11, 1}, true}, // by way of other programs
		{Run{10, 0}, Run{11, 0}, true},
		{Run{10, 12}, Run{11, 12}, true},
		{Run{10, 12}, Run{10, 13}, true},
		{Run{10, 12}, Run{11, 13}, false},
		{Run{10, 1}, Run{11, 0}, false},
		{Run{10, noGroup}, Run{11, noGroup}, false},
	} {
		if got := test.login.same(test.push); got != test.want {
			t.Errorf("%v and %v: %v, want %v", test.login, test.push, got, test.want)
		}
	}
	self := os.Getpid()
	for run, want := range map[Run]bool{
		{1, 1}: true, {1, 0}: true, {none, 1}: true, {none, 0}: true, {self, none}: true,
		{none, syscall.Getpgrp()}: true, {none, none}: false, {none, noGroup}: false,
	} {
		if got := run.alive(); got != want {
			t.Errorf("%v is alive: %v, want %v", run, got, want)
		}
	}
}

// none is a number that no process has.
const none = 1<<31 - 2
