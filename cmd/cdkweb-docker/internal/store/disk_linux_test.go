package store

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
)

// disk mounts a small disk, which takes root.
func disk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k")
	if errors.Is(err, syscall.EPERM) {
		t.Skip("only root makes a disk")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		settle()
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// settle waits until each process that was started is another program: until then it has open what
// was open here, and a disk in use is neither unmounted nor made read-only.
func settle() {
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
}

// TestFullDisk keeps what is there whole while nothing more can be written.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	s, err := Open(disk(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	image := tagged(t, s, "a", "1")
	w, err := s.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 4096)
	for err == nil {
		_, err = w.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if _, _, err := s.Add(block); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("another blob: %v", err)
	}
	if err := s.Tag("b", image); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("another name: %v", err)
	}
	if got := names(t, s); got != "a" {
		t.Errorf("there are %q", got)
	}
	w.Close()
	if left := inside(t, s, temporary); len(left) != 0 {
		t.Errorf("there is %q", left)
	}
	if err := s.Tag("b", image); err != nil {
		t.Error(err)
	}
}

// TestReadOnly names the file that cannot be written.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	dir := disk(t)
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	image := tagged(t, s, "a", "1")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	settle()
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size=64k"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, syscall.EROFS) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a store that cannot be written was opened: %v", err)
	}
	if err := s.Tag("b", image); !errors.Is(err, syscall.EROFS) {
		t.Errorf("a name was given: %v", err)
	}
	if _, err := os.Stat(s.blob(image.Digest)); err != nil {
		t.Error(err)
	}
}
