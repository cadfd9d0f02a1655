package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

func TestMain(m *testing.M) {
	if os.Getenv(serverMode) != "" {
		os.Exit(serveSelf())
	}
	os.Exit(lambdatest.Main(m))
}

// serve runs a handler as the web server on the port that the stand-in for
// Lambda has chosen, until the test ends.
func serve(t testing.TB, lambda *lambdatest.Lambda, handler http.HandlerFunc) *http.Server {
	t.Helper()
	server := &http.Server{Handler: handler}
	go server.Serve(listen(t, lambda))
	t.Cleanup(func() { server.Close() })
	return server
}

func listen(t testing.TB, lambda *lambdatest.Lambda) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lambda.ServerPort))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return listener
}

// serveWire runs a server below HTTP: respond gets each connection, its number
// from 1, and what was read from it first.
func serveWire(t testing.TB, lambda *lambdatest.Lambda, respond func(c net.Conn, number int, request string)) {
	t.Helper()
	listener := listen(t, lambda)
	go func() {
		for number := 1; ; number++ {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 64<<10)
				if n, err := c.Read(buf); err == nil {
					respond(c, number, string(buf[:n]))
				}
			}()
		}
	}()
}

// running is an adapter inside the test's own process, where the race detector
// sees it.
type running struct {
	t    testing.TB
	stop chan os.Signal
	done chan error
	mu   sync.Mutex
	logs bytes.Buffer
	said chan struct{} // closed and replaced with each line
}

// start runs the adapter with the environment that Lambda gives and NAME=value
// pairs.
func start(t testing.TB, lambda *lambdatest.Lambda, env ...string) *running {
	t.Helper()
	values := map[string]string{}
	for _, pair := range lambda.Env(env...) { // the last one counts
		name, value, _ := strings.Cut(pair, "=")
		values[name] = value
	}
	var all environment
	for name, value := range values {
		all = append(all, name+"="+value)
	}
	r := &running{t: t, said: make(chan struct{}), stop: make(chan os.Signal, 2), done: make(chan error, 2)}
	go func() { r.done <- run("cdkweb-adapter", all, newLogger(r, all.get), r.stop) }()
	t.Cleanup(func() {
		r.stop <- syscall.SIGTERM
		r.wait()
	})
	return r
}

// patience is how long is waited for what has to happen: it is enough on a busy machine.
const patience = 5 * time.Minute

// wait waits for the adapter to end and returns how.
func (r *running) wait() error {
	select {
	case err := <-r.done:
		r.done <- err
		return err
	case <-time.After(patience):
		err := fmt.Errorf("the adapter does not end within %s", patience)
		r.t.Error(err)
		return err
	}
}

func (r *running) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.said)
	r.said = make(chan struct{})
	return r.logs.Write(p)
}

// waitLog waits until the log holds a text.
func (r *running) waitLog(text string) {
	r.t.Helper()
	timeout := time.After(patience)
	for {
		r.mu.Lock()
		found, said := strings.Contains(r.logs.String(), text), r.said
		r.mu.Unlock()
		if found {
			return
		}
		select {
		case <-said:
		case <-timeout:
			r.t.Fatalf("got the log %s within %s, want %q in it", r.log(), patience, text)
		}
	}
}

func (r *running) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.String()
}

// ready is start and the wait for the init.
func ready(t testing.TB, lambda *lambdatest.Lambda, env ...string) *running {
	t.Helper()
	r := start(t, lambda, env...)
	lambda.WaitInit()
	return r
}

func getEvent(path string) []byte  { return httpEvent("GET", path, "") }
func postEvent(path string) []byte { return httpEvent("POST", path, "body") }

func httpEvent(method, path, body string) []byte {
	return lambdatest.HTTPAPIEvent(lambdatest.Request{
		Method: method, Path: path, Body: []byte(body), Header: map[string]string{"host": "example.com"},
	})
}

// albEvent comes from a load balancer without multi-value headers.
var albEvent = lambdatest.LoadBalancerEvent(lambdatest.Request{Method: "GET", Path: "/"}, false)

// expect fails the test unless the invocation is answered with the status and a
// body that contains text.
func expect(t testing.TB, r *lambdatest.Response, status int, text string) {
	t.Helper()
	if a := r.HTTP(t); a.Status != status || !strings.Contains(string(a.Body), text) {
		t.Fatalf("got %d %.200q, want %d with %q", a.Status, a.Body, status, text)
	}
}

// expectError fails the test unless the invocation ended with the error.
func expectError(t testing.TB, r *lambdatest.Response, kind, text string) {
	t.Helper()
	if r.Error == nil {
		t.Fatalf("got the answer %.200q, want the error %s", r.Payload, kind)
	}
	if r.Error.ErrorType != kind || r.Error.HeaderType != kind || !strings.Contains(r.Error.ErrorMessage, text) {
		t.Fatalf("got %+v, want %s with %q", *r.Error, kind, text)
	}
}

func hello(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.URL.Path) }
