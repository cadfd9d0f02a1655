package lambdatest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Process is a running program. It ends with the test at the latest.
type Process struct {
	t     T
	limit time.Duration // of Wait
	cmd   *exec.Cmd
	logs  lockedBuffer
	done  chan struct{}
	start time.Time
}

// Env is the environment that Lambda gives to a process, with the variables in
// extra, NAME=value, put in.
func (l *Lambda) Env(extra ...string) []string {
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + os.Getenv("HOME"),
		"AWS_LAMBDA_RUNTIME_API=" + l.Address(),
		"AWS_LAMBDA_FUNCTION_NAME=site",
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/site",
		"AWS_LAMBDA_LOG_STREAM_NAME=2026/11/21/[$LATEST]0",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"PORT=" + strconv.Itoa(l.ServerPort),
	}
	return append(append(env, l.Environment...), extra...)
}

// StartAdapter starts an extension's binary, with env added to Env.
func (l *Lambda) StartAdapter(binary string, env ...string) *Process {
	l.t.Helper()
	return l.Start(exec.Command(binary), env...)
}

// StartServer starts a web server's binary, with env added to Env. It finds its
// port in PORT.
func (l *Lambda) StartServer(binary string, env ...string) *Process {
	l.t.Helper()
	return l.Start(exec.Command(binary), env...)
}

// Start starts any command, with env added to Env.
func (l *Lambda) Start(cmd *exec.Cmd, env ...string) *Process {
	l.t.Helper()
	p := &Process{t: l.t, limit: l.Timeout, cmd: cmd, done: make(chan struct{}), start: time.Now()}
	cmd.Env = l.Env(env...)
	cmd.Stdout, cmd.Stderr = &p.logs, &p.logs
	if err := cmd.Start(); err != nil {
		l.t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(p.done)
	}()
	l.t.Cleanup(p.Kill)
	return p
}

// Logs returns what the process has written.
func (p *Process) Logs() string { return p.logs.String() }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Started is when the process was started.
func (p *Process) Started() time.Time { return p.start }

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the process at once.
func (p *Process) Kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// Stop sends SIGTERM, waits for the end and returns the exit code.
func (p *Process) Stop() int {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	return p.Wait()
}

// Wait waits for the process to end by itself and returns its exit code, -1 if
// a signal ended it. A process that lives on fails the test.
func (p *Process) Wait() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(p.limit):
		p.t.Fatalf("process %d does not end within %s; its log: %s", p.PID(), p.limit, p.Logs())
	}
	return p.cmd.ProcessState.ExitCode()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// WaitListening waits until something listens on the server's port.
func (l *Lambda) WaitListening() {
	l.t.Helper()
	for end := time.Now().Add(l.Timeout); ; time.Sleep(time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", l.ServerPort))
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			l.t.Fatalf("nothing listens on port %d within %s: %v", l.ServerPort, l.Timeout, err)
		}
	}
}

var builds struct {
	sync.Mutex
	paths map[string]string
}

// BuildAdapter compiles the adapter as a portable image gets it, once for all
// tests of a package, and returns the binary's path. Its file is called
// cdkweb-adapter.
func BuildAdapter(t T) string {
	t.Helper()
	return Build(t, "github.com/cdkweb/cdkweb/adapter/program", "cdkweb-adapter")
}

// Build compiles a program of this module under the name, once for all tests of
// a package, with extra flags if there are any, and returns the binary's path.
func Build(t T, pkg, name string, flags ...string) string {
	t.Helper()
	builds.Lock()
	defer builds.Unlock()
	key := fmt.Sprint(pkg, name, flags)
	if path, ok := builds.paths[key]; ok {
		return path
	}
	dir, err := os.MkdirTemp("", "lambdatest")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, name)
	args := append(
		[]string{"build", "-trimpath", "-ldflags", "-s -w -buildid=", "-o", path},
		flags...)
	cmd := exec.Command("go", append(args, pkg)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	if builds.paths == nil {
		builds.paths = map[string]string{}
	}
	builds.paths[key] = path
	return path
}

// Main runs a package's tests and then removes the programs that they built:
// func TestMain(m *testing.M) { os.Exit(lambdatest.Main(m)) }.
func Main(m *testing.M) int {
	defer func() {
		builds.Lock()
		defer builds.Unlock()
		for _, path := range builds.paths {
			os.RemoveAll(filepath.Dir(path))
		}
	}()
	return m.Run()
}

// CPU returns the processor time that a running process has used, 0 where
// the system does not tell.
func (p *Process) CPU() time.Duration {
	// The scheduler's statistics count nanoseconds; /proc/PID/stat counts ticks
	// of 10 ms.
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.PID()))
	var sum time.Duration
	for _, thread := range threads {
		var ns int64
		text, _ := os.ReadFile(thread)
		fmt.Sscan(string(text), &ns)
		sum += time.Duration(ns)
	}
	return sum
}

// PeakMemory returns the largest resident size in bytes so far of a running
// process, 0 where the system does not tell.
func (p *Process) PeakMemory() int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb int64
			fmt.Sscan(value, &kb)
			return kb << 10
		}
	}
	return 0
}
