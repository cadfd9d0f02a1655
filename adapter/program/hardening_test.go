package main

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// A server that reads a part of a POST, acts on it and closes must not get it again.
func TestAPartlyReadPostIsNotSentAgain(t *testing.T) {
	lambda := lambdatest.New(t)
	orders := make(chan bool, 10)
	listener := listen(t, lambda)
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				buf := make([]byte, 4096)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					if bytes.HasPrefix(buf[:n], []byte("POST")) {
						orders <- true
						return // with the rest unread, so that the peer gets a reset
					}
					io.WriteString(c, okWire)
				}
			}()
		}
	}()
	ready(t, lambda)
	expect(t, lambda.Invoke(getEvent("/first")), 200, "hello")
	expectError(t, lambda.Invoke(httpEvent("POST", "/order", string(bytes.Repeat([]byte("x"), 200<<10)))), "Adapter.ServerNoResponse", "")
	if n := len(orders); n != 1 {
		t.Errorf("the order was placed %d times, want once", n)
	}
}

// SIGTERM and SHUTDOWN end the adapter also while it waits for a server that never comes.
func TestItEndsInTheInit(t *testing.T) {
	for name, end := range map[string]func(*lambdatest.Lambda, *lambdatest.Process) int{
		"SIGTERM": func(_ *lambdatest.Lambda, p *lambdatest.Process) int { return p.Stop() },
		"SHUTDOWN": func(l *lambdatest.Lambda, p *lambdatest.Process) int {
			l.Shutdown()
			return p.Wait()
		},
	} {
		t.Run(name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			adapter := lambda.StartAdapter(lambdatest.BuildAdapter(t), "AWS_LWA_ASYNC_INIT=false", "AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS=3600")
			lambda.WaitExtensions()
			// Within an hour, which the adapter would wait otherwise.
			if code := end(lambda, adapter); code != 0 {
				t.Errorf("got exit status %d: %s", code, adapter.Logs())
			}
		})
	}
}

// A length that is not the body's does not reach the client (RFC 9112, 6.3; RFC 9110, 8.6).
func TestWrongLengthsAreNotHandedOn(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
	}{
		{"beside chunks", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", http.StatusOK},
		{"of no content", "HTTP/1.1 204 No Content\r\nContent-Length: 12\r\n\r\n", http.StatusNoContent},
	} {
		t.Run(test.name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			serveWire(t, lambda, func(c net.Conn, _ int, _ string) { io.WriteString(c, test.answer) })
			ready(t, lambda)
			answer := lambda.Invoke(getEvent("/")).HTTP(t)
			if answer.Status != test.status || answer.Header.Get("Content-Length") != "" {
				t.Errorf("got %d with content-length %q", answer.Status, answer.Header.Get("Content-Length"))
			}
		})
	}
	t.Run("two that differ", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serveWire(t, lambda, func(c net.Conn, _ int, _ string) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1, 2, 2\r\n\r\nhi")
		})
		ready(t, lambda)
		expectError(t, lambda.Invoke(getEvent("/")), "Adapter.ServerInvalidResponse", "content-length")
	})
}

// A server that comes and goes after the init has ended is waited for, and answers when it is back.
func TestAServerThatBouncesAfterTheInit(t *testing.T) {
	lambda := lambdatest.New(t)
	r := &readiness{config: &settings.Config{Host: "127.0.0.1", ReadinessPort: strconv.Itoa(lambda.ServerPort)}}
	r.began.Store(true)
	r.listened, r.refused = time.Now(), time.Now().Add(-time.Minute)
	err := r.wait(time.Now().Add(50 * time.Millisecond))
	if _, ok := err.(*notReadyError); !ok {
		t.Errorf("got %v, want that it is not ready yet", err)
	}
	serve(t, lambda, hello)
	if err := r.wait(time.Now().Add(patience)); err != nil {
		t.Errorf("the server is back, but: %v", err)
	}
}

// stuck is a client that takes the first bytes of a stream and then no more.
type stuck chan bool

func (s stuck) Write(p []byte) (int, error) {
	<-s
	return len(p), nil
}

// A stream that nobody takes any more is given up before the deadline, and the next invocation is handled.
func TestAStreamThatIsStuck(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		piece := make([]byte, 1<<20)
		for range 64 { // more than the buffers on the way hold
			if _, err := w.Write(piece); err != nil {
				return
			}
		}
	})
	r := start(t, lambda, "AWS_LWA_INVOKE_MODE=response_stream")
	lambda.WaitInit()
	client := make(stuck)
	defer close(client)
	go lambda.Try(lambdatest.Invocation{Event: getEvent("/large"), Timeout: time.Second, Body: client})
	r.waitLog("Lambda did not take the response")
	lambda.WaitNext()
}

// The answer comes before the deadline, by a twentieth of the time within bounds.
func TestDeadlineMargin(t *testing.T) {
	t.Parallel()
	for left, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond: 20 * time.Millisecond,
		time.Second:            50 * time.Millisecond,
		29 * time.Second:       150 * time.Millisecond,
		15 * time.Minute:       150 * time.Millisecond,
	} {
		if got := deadlineMargin(left); got != want {
			t.Errorf("with %s left: got %s, want %s", left, got, want)
		}
	}
	if runtimeapi.TrailerTime >= deadlineMargin(0) {
		t.Errorf("the trailers have %s, which is not less than the margin", runtimeapi.TrailerTime)
	}
}

// A bare CR in a header does not reach what a front end makes of the answer (RFC 9110, 5.5).
func TestABareCarriageReturnInAHeader(t *testing.T) {
	lambda := lambdatest.New(t)
	serveWire(t, lambda, func(c net.Conn, _ int, _ string) {
		io.WriteString(c, "HTTP/1.1 200 OK\r\nX-A: one\rX-B: two\r\nContent-Length: 2\r\n\r\nhi")
	})
	ready(t, lambda)
	if got := lambda.Invoke(getEvent("/")).HTTP(t).Header.Get("X-A"); got != "one X-B: two" {
		t.Errorf("got the header %q", got)
	}
}
