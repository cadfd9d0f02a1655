// Command integ deploys what this library defines to a local AWS, and asks it over HTTP. It uses nothing that is written for it:
// the CDK's command line, a Docker engine, ministack as AWS, and AWS's own emulator of Lambda's execution environment.
//
//	go run ./integ
//
// It installs what it needs, and prints a line for every step. All that it starts runs on a machine of its own (machine.go) and ends
// with it. What stays is Debian's packages and the folder .tools, which make the next run quicker. README.md says what was found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func main() {
	only := flag.String("only", "", "run the named groups of steps alone, separated by commas")
	flag.Parse()
	os.Exit(run(*only))
}

func run(only string) int {
	if dir := os.Getenv(insideVariable); dir != "" {
		return try(dir, only)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := os.MkdirTemp("", "integ-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	status := prepareAndTry(ctx, dir)
	if err := errors.Join(removeControlGroups(dir), os.RemoveAll(dir)); err != nil {
		fmt.Println(err)
		status = 1
	}
	if ctx.Err() != nil {
		fmt.Println("interrupted")
	}
	return status
}

// prepareAndTry installs what is needed, and runs this program again on a machine of its own.
func prepareAndTry(ctx context.Context, dir string) int {
	l := newLab(ctx, dir)
	ready := l.step("Debian packages", l.tools.debian)
	for _, name := range []string{"ministack", "awscli", "cfn-lint", "checkov"} {
		ready = ready && l.step("Python: "+name, func() (string, error) { return l.tools.installPython(name) })
	}
	ready = ready && l.step("Lambda Runtime Interface Emulator", l.tools.installRIE) && l.step("CDK command line", l.tools.installCDK) &&
		l.step("Debian root file system", l.tools.installDebianRoot) && l.step("Go modules", l.tools.modules)
	if !ready {
		fmt.Println("nothing was tried")
		return 1
	}
	if err := onOwnMachine(ctx, dir).Run(); err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

// try runs the groups of steps, on a machine of its own.
func try(dir, only string) int {
	l := newLab(context.Background(), dir)
	ready := l.step("machine", func() (string, error) { return "", setUpMachine(dir) }) && l.step("Docker engine", l.startEngine) &&
		l.step("local AWS", l.startEmulator) && l.step("cdk bootstrap", l.bootstrap)
	if !ready {
		l.failed = append(l.failed, "everything else, which was not run")
		return l.summary()
	}
	for _, group := range groups {
		if only == "" || strings.Contains(","+only+",", ","+group.name+",") {
			group.run(l)
		}
	}
	return l.summary()
}

func newLab(ctx context.Context, dir string) *lab {
	_, file, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(file))
	return &lab{dir: dir, tools: tools{ctx: ctx, root: root, kept: filepath.Join(root, ".tools", "integ")}, begin: time.Now()}
}

// groups are what is tried, in order. Each brings what it needs and takes it away.
var groups = []struct {
	name string
	run  func(l *lab)
}{
	{"images", (*lab).images},
	{"lambda", (*lab).lambda},
	{"grants", (*lab).grants},
	{"containers", (*lab).containers},
	{"switching", (*lab).switching},
	{"applications", (*lab).applications},
	{"linters", (*lab).linters},
}
