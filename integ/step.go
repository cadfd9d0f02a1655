package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// lab is everything that runs.
type lab struct {
	dir      string // temporary files of this run
	tools    tools
	docker   *docker
	engine   string // socket
	emulator *emulator
	app      string // the compiled integ/app
	missing  []string
	failed   []string
	passed   int
	begin    time.Time
}

// errMissing is the reason of a step that could not be run here, which is not the fault of what it tests.
var errMissing = errors.New("could not be had")

func missing(format string, arguments ...any) error {
	return fmt.Errorf("%w: %s", errMissing, fmt.Sprintf(format, arguments...))
}

// step runs one step and prints its line: how long it took, its name and what it found.
func (l *lab) step(name string, run func() (string, error)) bool {
	begin := time.Now()
	note, err := run()
	took := fmt.Sprintf("%6.1fs", time.Since(begin).Seconds())
	switch {
	case errors.Is(err, errMissing):
		l.missing = append(l.missing, name)
		fmt.Printf("%s  ----  %s: %v\n", took, name, err)
	case err != nil:
		l.failed = append(l.failed, name)
		fmt.Printf("%s  FAIL  %s: %v\n", took, name, err)
	default:
		l.passed++
		if note != "" {
			name += ": " + note
		}
		fmt.Printf("%s  ok    %s\n", took, name)
	}
	return err == nil
}

// summary prints how it went and returns the program's exit status.
func (l *lab) summary() int {
	fmt.Printf("%6.1fs  in all\n", time.Since(l.begin).Seconds())
	if len(l.missing) > 0 {
		fmt.Printf("not run, because a piece could not be had: %s\n", strings.Join(l.missing, "; "))
	}
	if len(l.failed) > 0 {
		fmt.Printf("failed: %s\n", strings.Join(l.failed, "; "))
	}
	fmt.Printf("integ: %d passed, %d failed, %d skipped\n", l.passed, len(l.failed), len(l.missing))
	if len(l.failed) > 0 {
		return 1
	}
	return 0
}

// folder makes a folder of this run.
func (l *lab) folder(name string) string {
	dir := l.dir + "/" + name
	if err := os.MkdirAll(dir, 0o755); err != nil {
		panic(err) // the run's own temporary folder
	}
	return dir
}
