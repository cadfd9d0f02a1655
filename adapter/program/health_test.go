package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// outcome is how a run of the program ended.
type outcome struct {
	code   int
	stderr string
}

// runBoth runs the program with arguments, in this process, where the race
// detector sees it, and as a container does, without any variable.
func runBoth(t *testing.T, arguments ...string) map[string]outcome {
	t.Helper()
	inside := make(chan outcome, 1)
	go func() {
		var stderr bytes.Buffer
		code := command(arguments, &stderr)
		inside <- outcome{code, stderr.String()}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, lambdatest.BuildAdapter(t), arguments...)
	cmd.Env, cmd.Stdout, cmd.Stderr = []string{}, &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if stdout.Len() > 0 {
		t.Errorf("%q: got %q on standard output, want nothing", arguments, &stdout)
	}
	outcomes := map[string]outcome{"process": {cmd.ProcessState.ExitCode(), stderr.String()}}
	select {
	case outcomes["function"] = <-inside:
	case <-time.After(patience):
		t.Fatalf("%q does not end within %s", arguments, patience)
	}
	return outcomes
}

// checkBoth runs the program and compares the exit code and what it says: the
// line want, nothing if that is empty.
func checkBoth(t *testing.T, code int, want string, arguments ...string) {
	t.Helper()
	if want != "" {
		want += "\n"
	}
	for how, got := range runBoth(t, arguments...) {
		if got != (outcome{code, want}) {
			t.Errorf("%q as a %s: got exit code %d and %q, want %d and %q", arguments, how, got.code, got.stderr, code, want)
		}
	}
}

func TestHealthByStatus(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var status int
		if _, err := fmt.Sscanf(r.URL.RequestURI(), "/status?is=%d", &status); err != nil || r.Method != "GET" {
			t.Errorf("got the request %s %s", r.Method, r.URL)
		}
		w.Header().Set("Location", "/status?is=200")
		w.WriteHeader(status)
		io.WriteString(w, strings.Repeat("x", 100<<10))
	}))
	t.Cleanup(server.Close)
	for _, test := range []struct {
		status    int
		arguments []string
		unhealthy string
	}{
		{200, nil, ""},
		{404, nil, ""},
		{500, nil, "status 500, healthy would be 200-499"},
		{200, []string{"200"}, ""},
		{204, []string{"200"}, "status 204, healthy would be 200"},
		{404, []string{"200-399,404"}, ""},
		{403, []string{"200-399,404"}, "status 403, healthy would be 200-399,404"},
		{503, []string{"500-599", "5s"}, ""},
		// A redirect is a response as others are; nobody follows it.
		{302, nil, ""},
		{302, []string{"200", "5s"}, "status 302, healthy would be 200"},
	} {
		url := fmt.Sprintf("%s/status?is=%d", server.URL, test.status)
		code, want := 0, ""
		if test.unhealthy != "" {
			code, want = 1, url+" is not healthy: "+test.unhealthy
		}
		asked.Store(0)
		checkBoth(t, code, want, append([]string{"health", url}, test.arguments...)...)
		if n := asked.Load(); n != 2 {
			t.Errorf("%d %q: got %d requests, want one in each way", test.status, test.arguments, n)
		}
	}
}

// wire is a server below HTTP, which writes a text after a request and then
// closes the connection, or keeps it open until the test ends.
func wire(t *testing.T, text string, open bool) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	end := make(chan struct{})
	t.Cleanup(func() { listener.Close(); close(end) })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if _, err := c.Read(make([]byte, 4<<10)); err != nil {
					return // a check that only connects
				}
				io.WriteString(c, text)
				if open {
					<-end
				}
			}()
		}
	}()
	return listener.Addr().String()
}

func TestHealthOfServersThatMisbehave(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		open       bool
		timeout    string
		want       string // after "is not healthy: "; empty for healthy
	}{
		{"another protocol", "SSH-2.0-OpenSSH_9.9\r\n", false, "5s", "the response is not HTTP/1.1"},
		{"a status that is none", "HTTP/1.1 abc OK\r\n\r\n", false, "5s", "the response is not HTTP/1.1"},
		{"the end at once", "", false, "5s", "the connection ended before a response: EOF"},
		{"half a head", "HTTP/1.1 200 OK\r\nContent-Le", false, "5s", "the connection ended in the middle of the response"},
		{"silence", "", true, "50ms", "no response within 50ms"},
		{"half a head and silence", "HTTP/1.1 200 OK\r\n", true, "50ms", "no response within 50ms"},
		{"interim responses alone", "HTTP/1.1 103 Early Hints\r\n\r\n", true, "50ms", "no response within 50ms"},
		{"a response without an end", "HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n", true, "1h", ""},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhal", false, "5s", ""},
		{"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\nwell", false, "5s", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := "http://" + wire(t, test.text, test.open)
			code, want := 0, ""
			if test.want != "" {
				code, want = 1, url+" is not healthy: "+test.want
			}
			checkBoth(t, code, want, "health", url, "200", test.timeout)
		})
	}
}

// Servers that cannot write their response to the end may log that, each time.
func TestHealthLetsTheServerFinish(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	ended := make(chan error, 4)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4<<10)
				if _, err := c.Read(buf); err != nil {
					ended <- err
					return
				}
				io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 200000\r\n\r\n")
				if _, err := c.Write(make([]byte, 200_000)); err != nil {
					ended <- err
					return
				}
				_, err := c.Read(buf) // a reset if something was not read
				ended <- err
			}()
		}
	}()
	url := "http://" + listener.Addr().String()
	checkBoth(t, 0, "", "health", url)
	checkBoth(t, 1, url+" is not healthy: status 404, healthy would be 200", "health", url, "200")
	for range 4 {
		if err := <-ended; err != io.EOF {
			t.Errorf("got %v, want the end of the connection", err)
		}
	}
}

func TestHealthByConnection(t *testing.T) {
	t.Parallel()
	url := "tcp://" + wire(t, "not HTTP", false)
	checkBoth(t, 0, "", "health", url)
	checkBoth(t, 0, "", "health", url, "200", "5s")

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // nobody listens there now
	for _, url := range []string{"tcp://" + address, "http://" + address + "/healthz"} {
		checkBoth(t, 1, url+" is not healthy: dial tcp "+address+": connect: connection refused", "health", url)
	}
}

// A server may listen on IPv6 alone, and a URL may name its host.
func TestHealthOfOtherAddresses(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip(err) // a machine without IPv6
	}
	hosts := make(chan string, 2)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hosts <- r.Host })}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	checkBoth(t, 0, "", "health", "http://"+listener.Addr().String()+"/", "200")
	for range 2 {
		if got := <-hosts; got != listener.Addr().String() {
			t.Errorf("got the host %q, want %s", got, listener.Addr())
		}
	}
}

func TestWrongArguments(t *testing.T) {
	t.Parallel()
	const (
		usage = "; usage: cdkweb-adapter health URL [STATUSCODES [TIMEOUT]]"
		url   = "http://127.0.0.1:8080/healthz"
	)
	for _, test := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"health"}, "health takes 1 to 3 arguments, got 0"},
		{[]string{"health", url, "200", "5s", "5s"}, "health takes 1 to 3 arguments, got 4"},
		{[]string{"health", url, "ok"}, `STATUSCODES must be statuses and ranges such as 200-399,404, got "ok"`},
		{[]string{"health", url, ""}, `STATUSCODES must be statuses and ranges such as 200-399,404, got ""`},
		{[]string{"health", url, "200", "5"}, `TIMEOUT must be more than 0, such as 5s or 500ms, got "5"`},
		{[]string{"health", url, "200", "0s"}, `TIMEOUT must be more than 0, such as 5s or 500ms, got "0s"`},
		{[]string{"health", url, "200", "-5s"}, `TIMEOUT must be more than 0, such as 5s or 500ms, got "-5s"`},
	} {
		checkBoth(t, 2, test.want+usage, test.arguments...)
	}
	for _, arguments := range [][]string{{"--help"}, {""}, {"Health", url}} {
		checkBoth(t, 2, fmt.Sprintf("%q is no command%s or cdkweb-adapter exec -- COMMAND [ARGUMENT...]", arguments[0], usage), arguments...)
	}
	for _, url := range []string{
		"", "/healthz", "127.0.0.1:8080", "http://127.0.0.1/healthz", "http://:8080/", "http://127.0.0.1:0/", "http://127.0.0.1:http/",
		"http://::1:8080/", "http://user@127.0.0.1:8080/", "https://127.0.0.1:8080/", "udp://127.0.0.1:8080", "tcp://127.0.0.1:8080/",
		"tcp://127.0.0.1:8080?a=b", "http://127.0.0.1:8080/a b", "http://127.0.0.1:8080/a\r\nb: c", "http://127.0.0.1:8080/#a",
	} {
		want := fmt.Sprintf("URL must be as http://127.0.0.1:8080/healthz or tcp://127.0.0.1:8080, got %q", url)
		checkBoth(t, 2, want+usage, "health", url)
	}
}

// What the request line gets is what the URL says.
func TestHealthURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][2]string{
		"http://127.0.0.1:8080":                 {"127.0.0.1:8080", "/"},
		"http://127.0.0.1:8080/":                {"127.0.0.1:8080", "/"},
		"http://127.0.0.1:8080?a=/b":            {"127.0.0.1:8080", "/?a=/b"},
		"http://localhost:80/caf%C3%A9//x/?a=b": {"localhost:80", "/caf%C3%A9//x/?a=b"},
		"http://[::1]:8080/healthz":             {"[::1]:8080", "/healthz"},
		"tcp://[::1]:8080":                      {"[::1]:8080", ""},
	} {
		if address, path, ok := parseHealthURL(url); !ok || address != want[0] || path != want[1] {
			t.Errorf("%s: got %q, %q, %v, want %q", url, address, path, ok, want)
		}
	}
}
