package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

var binaryDir string

// buildBinary compiles the server once, the way its image is built.
var buildBinary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "guestbook")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	binary := filepath.Join(dir, "server")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return binary, nil
})

func removeBinary() {
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
}

// A process is a running server. Its log lines come one by one, and the channel closes when the
// process has ended.
type process struct {
	*exec.Cmd
	url string
	log chan string
}

// start runs the server, through a shell line that ends in exec "$0" when one is given.
func start(t *testing.T, shell string) *process {
	t.Helper()
	binary, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	if shell != "" {
		cmd = exec.Command("sh", "-c", shell, binary)
	}
	cmd.Env = []string{"PORT=0"}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	p := &process{Cmd: cmd, log: make(chan string, 10_000)}
	go func() {
		defer close(p.log)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.log <- lines.Text()
		}
	}()
	var listening struct{ Msg, Address, Entries string }
	line := p.waitFor(t, `"listening"`)
	if err := json.Unmarshal([]byte(line), &listening); err != nil {
		t.Fatalf("got log line %s, want JSON: %v", line, err)
	}
	if !strings.Contains(listening.Entries, "TABLE_NAME is not set") {
		t.Errorf("got entries %q, want a word about TABLE_NAME", listening.Entries)
	}
	_, port, _ := net.SplitHostPort(listening.Address)
	p.url = "http://" + net.JoinHostPort("127.0.0.1", port)
	return p
}

// patience is how long is waited for what has to happen: it is enough on a busy machine.
const patience = 5 * time.Minute

// waitFor returns the next log line that contains part.
func (p *process) waitFor(t *testing.T, part string) string {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case line, ok := <-p.log:
			if !ok {
				t.Fatalf("got no log line with %q, want one before the end", part)
			}
			if strings.Contains(line, part) {
				return line
			}
		case <-timeout:
			t.Fatalf("got no log line with %q within %s", part, patience)
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path     string
		shell    string
		wantLog  string
		wantExit int // 0: the server lives on
	}{
		{path: "/panic", wantLog: "a visitor opened /panic"},
		{path: "/exit", wantLog: "a visitor opened /exit", wantExit: 1},
		{path: "/fatal", wantLog: "a visitor opened /fatal", wantExit: 1},
		// A limit on addresses stands in for the hosting's on memory: the Go runtime gives up by
		// itself, with status 2.
		{path: "/use-all-memory", shell: `ulimit -v 1600000 && exec "$0"`, wantLog: "out of memory", wantExit: 2},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			t.Parallel()
			if test.shell != "" && runtime.GOOS != "linux" {
				t.Skip("nothing limits memory here, and all of it would be used")
			}
			p := start(t, test.shell)
			client := &http.Client{Timeout: patience}
			if response, err := client.Get(p.url + test.path); err == nil {
				t.Errorf("got response %s, want a cut connection", response.Status)
			} else if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
				t.Fatalf("got no end within %s", patience)
			}
			p.waitFor(t, test.wantLog)

			if test.wantExit != 0 {
				p.Wait()
				if got := p.ProcessState.ExitCode(); got != test.wantExit {
					t.Errorf("got exit status %d, want %d", got, test.wantExit)
				}
				return
			}
			response, err := client.Get(p.url + "/healthz")
			if err != nil {
				t.Fatalf("got %v after %s, want a server that lives on", err, test.path)
			}
			response.Body.Close()
		})
	}
}

func TestRequestLog(t *testing.T) {
	t.Parallel()
	p := start(t, "")
	for path, want := range map[string]string{
		"/healthz?secret=1": `"level":"INFO","msg":"request","method":"GET","path":"/healthz","status":200,"bytes":2,"ms":`,
		"/status/503":       `"level":"ERROR","msg":"request","method":"GET","path":"/status/503","status":503,"bytes":24,"ms":`,
	} {
		response, err := http.Get(p.url + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if line := p.waitFor(t, `"msg":"request"`); !strings.Contains(line, want) {
			t.Errorf("got log line %s, want %s", line, want)
		}
	}
}

// TestSIGTERM stops the server while a request is under way: that request gets its response, and the
// process ends well.
func TestSIGTERM(t *testing.T) {
	t.Parallel()
	p := start(t, "")
	body, rest := io.Pipe()
	type result struct {
		body string
		err  error
	}
	done := make(chan result)
	// The body is sent when the server has asked for it, so that a write of it shows that the
	// server is at work on the request.
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: patience}}
	request, err := http.NewRequest("POST", p.url+"/echo", body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Expect", "100-continue")
	go func() {
		response, err := client.Do(request)
		if err != nil {
			done <- result{err: err}
			return
		}
		b, err := io.ReadAll(response.Body)
		done <- result{string(b), err}
	}()
	io.WriteString(rest, "half, ")
	p.Process.Signal(syscall.SIGTERM)
	p.waitFor(t, `"stopping"`)
	io.WriteString(rest, "whole")
	rest.Close()

	if got := <-done; got.err != nil || got.body != "half, whole" {
		t.Errorf("got %q and error %v, want half, whole", got.body, got.err)
	}
	p.waitFor(t, `"stopped"`)
	if err := p.Wait(); err != nil {
		t.Errorf("got %v, want exit status 0", err)
	}
}

func TestStartErrors(t *testing.T) {
	t.Parallel()
	binary, err := buildBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary)
	cmd.Env = []string{"PORT=eighty"}
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "listen on PORT: ") {
		t.Errorf("got %v and %s, want an error about PORT", err, out)
	}
}
