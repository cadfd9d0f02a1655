//go:build unix

package importer

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What is no file is not read, however long it would wait.
func TestNoFile(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "manifest.yml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	// A reader that opens the pipe would wait: this lets it go on, with nothing to read.
	other, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.WriteString("name: api\n"); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(10*time.Second, func() { _ = other.Close() })
	defer timer.Stop()
	for _, from := range []string{"copilot", "apprunner", "sam"} {
		if _, err := importFiles([]string{from, pipe}); err == nil || !strings.Contains(err.Error(), "is no file") {
			t.Errorf("%s: got %v, want that the pipe is no file", from, err)
		}
	}
}
