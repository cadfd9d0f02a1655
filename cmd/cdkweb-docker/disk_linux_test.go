package main

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// TestFullDisk builds on a disk of one megabyte, which takes root to make.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	if err := os.Mkdir(m.cache, 0o700); err != nil {
		t.Fatal(err)
	}
	err := syscall.Mount("tmpfs", m.cache, "tmpfs", 0, "size=1m")
	if errors.Is(err, syscall.EPERM) {
		t.Skip("only root makes a disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// No process may be between its start and its program: it would have open what is open here.
		syscall.ForkLock.Lock()
		defer syscall.ForkLock.Unlock()
		if err := syscall.Unmount(m.cache, 0); err != nil {
			t.Error(err)
		}
	})
	m.must("build", "--tag", "small", folder(t, asset))
	large := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY x /\n", "x": noise(2 << 20)})
	m.fails(1, "no space left on device; free some space, or name a folder on another disk in CDKWEB_DOCKER_CACHE",
		"build", "--tag", "large", large)
	m.fails(1, "there is no image large here", "inspect", "large")
	if left := temporaries(t, m); len(left) != 0 {
		t.Errorf("the build left %q", left)
	}
	m.must("inspect", "small")
	m.must("prune")
}

// noise is text that hardly gets smaller.
func noise(size int) string {
	text, state := make([]byte, size), uint32(1)
	for i := range text {
		state ^= state << 13
		state ^= state >> 17
		state ^= state << 5
		text[i] = byte(state)
	}
	return string(text)
}
