//go:build !windows

package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// interrupted calls the program, sends it a signal once it has printed some words, and returns how
// it ended.
func (m *machine) interrupted(sent os.Signal, words string, args ...string) result {
	m.t.Helper()
	command := m.command(args...)
	errors, err := command.StderrPipe()
	if err != nil {
		m.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		m.t.Fatal(err)
	}
	var printed strings.Builder
	waiting := true
	for lines := bufio.NewScanner(errors); lines.Scan(); {
		printed.WriteString(lines.Text() + "\n")
		if waiting && strings.Contains(lines.Text(), words) {
			waiting = false
			if err := command.Process.Signal(sent); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	if err := command.Wait(); waiting {
		m.t.Fatalf("%q never printed %q: %v: %s", args, words, err, printed.String())
	}
	return result{command.ProcessState.ExitCode(), "", printed.String()}
}

// TestInterruptCopy ends a build while COPY reads a large file.
func TestInterruptCopy(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY large /\n", "large": ""})
	if err := os.Truncate(filepath.Join(dir, "large"), 1<<30); err != nil {
		t.Fatal(err)
	}
	for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		got := m.interrupted(sent, "COPY large /", "build", "--tag", "large", dir)
		m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
		if left := append(temporaries(t, m), blobs(t, m)...); len(left) != 0 {
			t.Errorf("%v left %q", sent, left)
		}
	}
	m.fails(1, "there is no image large here", "inspect", "large")
}

// TestInterruptDocker wants the same of a docker that ends with a status of its own.
func TestInterruptDocker(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	text := "#!/bin/sh\ntrap 'exit 17' INT\necho waiting >&2\nwhile :; do :; done\n"
	if err := script(filepath.Join(m.path, "docker"), text); err != nil {
		t.Fatal(err)
	}
	got := m.interrupted(os.Interrupt, "waiting", "run", "x")
	m.wantFailure(got, 130, "interrupted; what was not finished is not kept")
}
