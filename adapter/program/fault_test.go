package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

const okWire = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

// serverFaults are what a server can do to one invocation. After each the next
// one, on a new connection, is answered.
var serverFaults = []struct {
	name    string
	respond func(c net.Conn)
	hangs   bool   // the deadline ends it
	kind    string // of the invocation's error, or
	status  int    // of the answer
	text    string
}{
	{
		name:    "it ends in the middle of the head",
		respond: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nConte") },
		kind:    "Adapter.ServerInvalidResponse", text: "ended in the middle",
	},
	{
		name:    "it ends in the middle of the body",
		respond: func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello") },
		kind:    "Adapter.ServerInvalidResponse", text: "ended in the middle",
	},
	{
		name: "it ends in the middle of a chunk",
		respond: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
		},
		kind: "Adapter.ServerInvalidResponse", text: "ended in the middle",
	},
	{
		name: "it resets the connection in the middle of the body",
		respond: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
			c.(*net.TCPConn).SetLinger(0)
		},
		kind: "Adapter.ServerInvalidResponse", text: "ended in the middle",
	},
	{
		// The connection is the init's, which may have died while frozen: a request that may be repeated is.
		name:    "it closes the connection of the init without an answer",
		respond: func(c net.Conn) {},
		status:  200, text: "hello",
	},
	{
		name:    "it does not speak HTTP",
		respond: func(c net.Conn) { io.WriteString(c, "220 mail.example.com ESMTP\r\n") },
		kind:    "Adapter.ServerInvalidResponse", text: "not HTTP/1.1",
	},
	{
		name: "its head has no end",
		respond: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n")
			for range 10_000 {
				if _, err := io.WriteString(c, "X-Filler: "+strings.Repeat("x", 100)+"\r\n"); err != nil {
					return
				}
			}
		},
		kind: "Adapter.ServerInvalidResponse", text: "not HTTP/1.1",
	},
	{
		name:    "it hangs past the deadline",
		respond: func(c net.Conn) { io.Copy(io.Discard, c) },
		hangs:   true,
		status:  504, text: "before the function's timeout",
	},
	{
		name: "it hangs in the middle of the body past the deadline",
		respond: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
			io.Copy(io.Discard, c)
		},
		hangs:  true,
		status: 504, text: "before the function's timeout",
	},
	{
		name: "it answers more than Lambda takes",
		respond: func(c net.Conn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", 7<<20)
			io.Copy(io.Discard, c)
		},
		status: 502, text: "larger than the 6291556 bytes",
	},
	{
		name: "it answers more than Lambda takes, without saying so before",
		respond: func(c net.Conn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n")
			for range 7 << 4 {
				if _, err := c.Write(make([]byte, 1<<16)); err != nil {
					return
				}
			}
		},
		status: 502, text: "larger than the 6291556 bytes",
	},
	{
		name: "it answers what is too large only as base64",
		respond: func(c net.Conn) {
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: %d\r\n\r\n", 5<<20)
			c.Write(make([]byte, 5<<20))
		},
		status: 502, text: "larger than the 6291556 bytes",
	},
	{
		name:    "it says more than was asked",
		respond: func(c net.Conn) { io.WriteString(c, okWire+okWire); io.Copy(io.Discard, c) },
		status:  200, text: "hello",
	},
	{
		name:    "it closes after the answer without saying so",
		respond: func(c net.Conn) { io.WriteString(c, okWire) },
		status:  200, text: "hello",
	},
}

func TestServerFaults(t *testing.T) {
	for _, test := range serverFaults {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lambda := lambdatest.New(t)
			var bad atomic.Bool
			serveWire(t, lambda, func(c net.Conn, _ int, request string) {
				if bad.Swap(false) {
					test.respond(c)
					return
				}
				io.WriteString(c, okWire)
			})
			r := ready(t, lambda)
			bad.Store(true)
			invocation := lambdatest.Invocation{Event: secretEvent}
			if test.hangs {
				invocation.Timeout = 2 * time.Second
			}
			res := lambda.Do(invocation)
			if test.kind != "" {
				expectError(t, res, test.kind, test.text)
			} else {
				expect(t, res, test.status, test.text)
			}
			for range 2 {
				expect(t, lambda.Invoke(getEvent("/next")), 200, "hello")
			}
			log := r.log()
			if lines, failed := strings.Count(log, "\n"), test.status != 200; failed && lines != 1 || !failed && lines != 0 {
				t.Errorf("got %d lines of log: %s", lines, log)
			}
			if strings.Contains(log, "secret") {
				t.Errorf("a header or body is in the log: %s", log)
			}
		})
	}
}

// secretEvent has a secret everywhere that a client can put one.
var secretEvent = []byte(`{"version":"2.0","rawPath":"/secret","rawQueryString":"secret","cookies":["secret=secret"],
	"headers":{"authorization":"secret"},"requestContext":{"http":{"method":"GET"}},"body":"secret"}`)

// An idle connection that died is found dead before it is used, so that even a
// POST is safe to send.
func TestAConnectionThatDiedWhileIdleIsReplaced(t *testing.T) {
	lambda := lambdatest.New(t)
	closed := make(chan bool, 10)
	serveWire(t, lambda, func(c net.Conn, number int, request string) {
		io.WriteString(c, okWire)
		c.Close()
		closed <- true
	})
	r := ready(t, lambda)
	for range 3 {
		expect(t, lambda.Invoke(postEvent("/")), 200, "hello")
		<-closed
	}
	if log := r.log(); log != "" {
		t.Errorf("got the log %s", log)
	}
}

// A connection that dies as the request arrives is the race that a frozen
// environment makes: a request that may be repeated is.
func TestARequestIsSentAgainOnlyIfThatIsSafe(t *testing.T) {
	for _, test := range []struct {
		method string
		reset  bool // the server closes with the request unread
		again  bool
	}{
		{"GET", false, true},
		{"PUT", false, true},
		{"POST", false, false},
		{"POST", true, false}, // also a server that has read a part, and acted on it, closes this way
		{"PATCH", true, false},
	} {
		t.Run(fmt.Sprintf("%s, unread %v", test.method, test.reset), func(t *testing.T) {
			lambda := lambdatest.New(t)
			var requests atomic.Int32
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
						for n := 0; ; n++ {
							if n == 1 && test.reset {
								// One byte is read, so that the rest is there unread.
								c.Read(buf[:1])
								c.(*net.TCPConn).SetLinger(0)
								return
							}
							if _, err := c.Read(buf); err != nil {
								return
							}
							requests.Add(1)
							if n == 1 {
								return
							}
							io.WriteString(c, okWire)
						}
					}()
				}
			}()
			ready(t, lambda)
			expect(t, lambda.Invoke(getEvent("/first")), 200, "hello")
			res := lambda.Invoke(httpEvent(test.method, "/second", "x"))
			if test.again {
				expect(t, res, 200, "hello")
			} else {
				expectError(t, res, "Adapter.ServerNoResponse", "before a response")
				want := int32(2)
				if test.reset {
					want = 1 // the second is not counted, as it is not read; nor is it sent again
				}
				if n := requests.Load(); n != want {
					t.Errorf("the server got %d requests, want %d: none twice", n, want)
				}
			}
			expect(t, lambda.Invoke(getEvent("/third")), 200, "hello")
		})
	}
}

func TestAServerThatIsKilledIsReportedAndFoundAgain(t *testing.T) {
	lambda := lambdatest.New(t)
	server := serve(t, lambda, hello)
	ready(t, lambda)
	expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
	server.Close()
	expectError(t, lambda.Invoke(getEvent("/")), "Adapter.ServerUnreachable", "connection refused")
	serve(t, lambda, hello)
	expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
}

// A server may answer before it has read the request, and echo while it reads:
// neither may block the adapter.
func TestLargeRequestsDoNotBlock(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 4<<20/16)
	event := httpEvent("POST", "/", large)
	t.Run("the server answers at once and closes", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serveWire(t, lambda, func(c net.Conn, _ int, request string) {
			io.WriteString(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
			c.(*net.TCPConn).CloseWrite()
			io.Copy(io.Discard, c)
		})
		ready(t, lambda)
		for range 2 {
			expect(t, lambda.Invoke(event), 413, "no")
		}
	})
	t.Run("the server answers and never reads", func(t *testing.T) {
		lambda := lambdatest.New(t)
		end := make(chan bool)
		defer close(end)
		serveWire(t, lambda, func(c net.Conn, _ int, request string) {
			c.(*net.TCPConn).SetReadBuffer(4096)
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			<-end
		})
		ready(t, lambda)
		// More than the buffers of a socket hold, which grow: else all of it would be written, and the connection be one that
		// can be used again.
		event := httpEvent("POST", "/", strings.Repeat(large, 8))
		for range 2 {
			expect(t, lambda.Invoke(event), 200, "ok")
		}
	})
	t.Run("the server sends back what it reads", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			http.NewResponseController(w).EnableFullDuplex()
			w.Header().Set("Content-Type", "text/plain")
			io.Copy(w, r.Body)
		})
		ready(t, lambda)
		if got := string(lambda.Invoke(event).HTTP(t).Body); got != large {
			t.Errorf("got %d bytes, want %d", len(got), len(large))
		}
	})
	t.Run("the body is not base64 far behind its beginning", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			hello(w, r)
		})
		ready(t, lambda)
		event := fmt.Appendf(nil, `{"requestContext":{"http":{"method":"POST"}},"rawPath":"/","body":"%s-%s","isBase64Encoded":true}`,
			strings.Repeat("QUJD", 100_000), strings.Repeat("A", 1003))
		expectError(t, lambda.Invoke(event), "Adapter.MalformedEvent", "not base64")
		expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
	})
}

// runtimeFaults are what Lambda's API can do to a call. The next invocation
// works after each.
var runtimeFaults = []struct {
	name string
	call string // the end of the call's path
	do   func(http.ResponseWriter)
	logs string
}{
	{"next answers 500", "/next", status(500), "trying again"},
	{"next answers 403", "/next", status(403), "trying again"},
	{"next cuts the connection", "/next", cutConnection, ""}, // which happens: asked again at once
	{"next answers without a request id", "/next", status(200), "no request id"},
	{"response answers 400", "/response", status(400), "Lambda responded with 400"},
	{"response answers 413", "/response", status(413), "Lambda responded with 413"},
	{"response answers 500", "/response", status(500), "Lambda responded with 500"},
	{"error answers 500", "/error", status(500), "Lambda responded with 500"},
}

func status(code int) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(code)
		io.WriteString(w, `{"errorType":"Fault","errorMessage":"as asked"}`)
	}
}

func cutConnection(w http.ResponseWriter) {
	c, _, _ := w.(http.Hijacker).Hijack()
	c.Close()
}

func TestRuntimeAPIFaults(t *testing.T) {
	for _, test := range runtimeFaults {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lambda := lambdatest.New(t)
			serve(t, lambda, hello)
			r := ready(t, lambda)
			expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
			faulty, seen := atomic.Bool{}, make(chan bool, 1)
			faulty.Store(true)
			lambda.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.Path, "/runtime/") && strings.HasSuffix(r.URL.Path, test.call) && faulty.Swap(false) {
					test.do(w)
					seen <- true
					return true
				}
				return false
			})
			event := getEvent("/")
			if test.call == "/error" {
				event = []byte("no JSON")
			}
			// A call to next is open already; the fault meets the one after it. An
			// invocation whose answer is lost gets none.
			go lambda.Try(lambdatest.Invocation{Event: event})
			<-seen
			expect(t, lambda.Invoke(getEvent("/after")), 200, "hello /after")
			if log := r.log(); !strings.Contains(log, test.logs) {
				t.Errorf("got the log %q, want %q in it", log, test.logs)
			}
		})
	}
}

// A post whose connection dies before Lambda answers is made again: Lambda
// refuses the second one if it had the first.
func TestAResponseIsPostedAgainIfTheConnectionDies(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, hello)
	ready(t, lambda)
	var cuts atomic.Int32
	lambda.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/response") && cuts.Add(1) == 1 {
			cutConnection(w)
			return true
		}
		return false
	})
	expect(t, lambda.Invoke(getEvent("/a")), 200, "hello /a")
	expect(t, lambda.Invoke(getEvent("/b")), 200, "hello /b")
}

func TestItEndsWhenTheRuntimeAPIIsGone(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, hello)
	r := ready(t, lambda)
	lambda.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		cutConnection(w)
		return true
	})
	go lambda.Try(lambdatest.Invocation{Event: getEvent("/")}) // its post is cut too
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "cannot get the next") {
		t.Errorf("got %v", err)
	}
}

func TestWarnings(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Set-Cookie", "a=secret")
		w.Header().Add("Set-Cookie", "b=secret")
		io.WriteString(w, "secret")
	})
	r := ready(t, lambda)
	lambda.Invoke(albEvent)
	if got := string(lambda.Invoke([]byte(`{"Records":[]}`)).Payload); got != "null" {
		t.Errorf("got %s, want null", got)
	}
	for _, want := range []string{"only the first of several cookies", "is not JSON; Lambda gets null"} {
		if log := r.log(); !strings.Contains(log, want) || strings.Contains(log, "secret") {
			t.Errorf("got the log %s, want %q in it and no secret", log, want)
		}
	}
}

func TestALoadBalancerTakesOneMegabyte(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) { w.Write(make([]byte, 900_000)) })
	ready(t, lambda)
	expect(t, lambda.Invoke(albEvent), 502, "larger than the 1048576 bytes")
	if a := lambda.Invoke(getEvent("/")).HTTP(t); a.Status != 200 || len(a.Body) != 900_000 {
		t.Errorf("got %d with %d bytes for another source", a.Status, len(a.Body))
	}
}
