package integ

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
)

var deploy = flag.Bool("deploy", false, "deploy for real: needs root on Debian, installs Docker's engine and more")

// own is the lab of this run. It is nil where nothing is deployed.
var own *lab

// lab is what runs on the machine of a run.
type lab struct {
	dir      string // temporary files of this run
	tools    tools
	docker   *docker
	emulator *emulator

	startEngine, startAWS func() error         // once
	startApp              func() (*app, error) // once
}

func TestMain(m *testing.M) {
	flag.Parse()
	if dir := os.Getenv(insideVariable); dir != "" {
		os.Exit(inside(m, dir))
	}
	if *deploy {
		os.Exit(outside())
	}
	os.Exit(m.Run())
}

// outside installs what is needed, runs the tests on a machine of their own, and removes what is
// left of it. A signal ends what runs, and nothing else.
func outside() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := func() (err error) {
		if runtime.GOARCH != "amd64" {
			return fmt.Errorf("the images that are tried are for x86-64, which this machine (%s) does not run; use one that does", runtime.GOARCH)
		}
		dir, err := os.MkdirTemp("", "integ-")
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, removeControlGroups(dir), os.RemoveAll(dir)) }()
		tools, err := newTools(ctx, dir)
		if err != nil {
			return err
		}
		if err := tools.install(); err != nil {
			return fmt.Errorf("nothing was tried: %w", err)
		}
		return onOwnMachine(ctx, dir).Run()
	}()
	if ctx.Err() != nil {
		err = errors.Join(errors.New("interrupted"), err)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "integ:", err)
		return 1
	}
	return 0
}

// inside runs the tests, as the first process of a machine of their own. Everything that they start
// ends with it.
func inside(m *testing.M, dir string) int {
	err := setUpMachine(dir)
	if err == nil {
		own = &lab{dir: dir}
		own.tools, err = newTools(context.Background(), dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "integ:", err)
		return 1
	}
	own.startApp = sync.OnceValues(own.runApp)
	own.startEngine = sync.OnceValue(own.runEngine)
	own.startAWS = sync.OnceValue(func() error { return errors.Join(own.runEmulator(), own.bootstrap()) })
	return m.Run()
}

// withMachine returns the lab of this run.
func withMachine(t *testing.T) *lab {
	t.Helper()
	if own == nil {
		t.Skip("it deploys for real: make integ, or go test ./integ -deploy -v -run " + t.Name())
	}
	return own
}

// withEngine returns the lab with a Docker engine.
func withEngine(t *testing.T) *lab {
	t.Helper()
	l := withMachine(t)
	if err := l.startEngine(); err != nil {
		t.Fatal(err)
	}
	return l
}

// withAWS returns the lab with a Docker engine and a bootstrapped AWS account.
func withAWS(t *testing.T) *lab {
	t.Helper()
	l := withEngine(t)
	if err := l.startAWS(); err != nil {
		t.Fatal(err)
	}
	return l
}

// folder makes a folder of this run.
func (l *lab) folder(name string) string {
	dir := filepath.Join(l.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		panic(err) // the run's own temporary folder
	}
	return dir
}

// errMissing is the reason of a test that could not be run here, which is not the fault of what it
// tests.
var errMissing = errors.New("could not be had")

func missing(format string, arguments ...any) error {
	return fmt.Errorf("%w: %s", errMissing, fmt.Sprintf(format, arguments...))
}

// do runs a part of a test that the rest needs. It logs what was found, and how long it took.
func do(t *testing.T, name string, run func() (note string, err error)) {
	t.Helper()
	begin := time.Now()
	note, err := run()
	took := time.Since(begin).Round(100 * time.Millisecond)
	switch {
	case errors.Is(err, errMissing):
		t.Skip(err)
	case err != nil:
		t.Fatalf("%s, after %s: %v", name, took, err)
	case note != "":
		note = ": " + note
	}
	t.Logf("%s (%s)%s", name, took, note)
}

// try runs a part of a test that nothing else needs, as a test of its own.
func try(t *testing.T, name string, run func() (note string, err error)) bool {
	t.Helper()
	return t.Run(name, func(t *testing.T) {
		t.Helper()
		do(t, name, run)
	})
}
