// Command integ deploys what this library defines to a local AWS, and asks it over HTTP. It uses nothing that is written for it:
// the CDK's command line, a Docker engine, ministack as AWS, and AWS's own emulator of Lambda's execution environment.
//
//	go run ./integ
//
// It installs what it needs, prints a line for every step, stops what it started and leaves the machine as it was, but for Debian's
// packages and the folder .tools, which make the next run quicker. README.md says what was found.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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
	root, err := output(exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cdkweb/cdkweb"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	dir, err := os.MkdirTemp("", "integ-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	l := &lab{dir: dir, tools: tools{root: root, kept: filepath.Join(root, ".tools", "integ")}, begin: time.Now()}
	l.atEnd(func() error { return os.RemoveAll(dir) })

	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		fmt.Println("interrupted")
		l.close()
		os.Exit(1)
	}()

	if l.prepare() {
		for _, group := range groups {
			if only == "" || strings.Contains(","+only+",", ","+group.name+",") {
				group.run(l)
			}
		}
	} else {
		l.failed = append(l.failed, "everything else, which was not run")
	}
	l.step("leave the machine as it was", func() (string, error) { return "", l.close() })
	return l.summary()
}

// prepare installs and starts what everything else needs.
func (l *lab) prepare() bool {
	ready := l.step("Debian packages", l.tools.debian)
	for _, name := range []string{"ministack", "awscli", "cfn-lint", "checkov"} {
		ready = l.step("Python: "+name, func() (string, error) { return l.tools.installPython(name) }) && ready
	}
	ready = l.step("Lambda Runtime Interface Emulator", l.tools.installRIE) && ready
	ready = l.step("CDK command line", l.tools.installCDK) && ready
	return ready && l.step("Docker engine", l.startEngine) && l.step("local AWS", l.startEmulator) &&
		l.step("cdk bootstrap", l.bootstrap)
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
