package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// preludeEnd stands between the prelude and the body.
const preludeEnd = "\x00\x00\x00\x00\x00\x00\x00\x00"

const streamMode = "AWS_LWA_INVOKE_MODE=response_stream"

// The stream's form is in AWS's documentation of custom runtimes and of
// response streaming for API Gateway.
func TestStream(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		switch r.URL.Path {
		case "/text":
			w.Header().Set("Content-Type", "text/plain")
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.WriteHeader(201)
			io.WriteString(w, "he\x00llo")
		case "/empty":
			w.Header()["Content-Type"] = nil
			w.WriteHeader(204)
		}
	})
	ready(t, lambda, streamMode)
	for _, test := range []struct{ path, want string }{
		{"/text", `{"statusCode":201,"headers":{"content-type":"text/plain","content-length":"6"},"cookies":["a=1","b=2"]}` + preludeEnd + "he\x00llo"},
		{"/empty", `{"statusCode":204,"headers":{"content-type":"application/octet-stream"},"cookies":[]}` + preludeEnd},
	} {
		for _, event := range [][]byte{getEvent(test.path), fmt.Appendf(nil, `{"httpMethod":"GET","path":%q,"requestContext":{}}`, test.path)} {
			res := lambda.Invoke(event)
			if got := string(res.Payload); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if mode, media := res.Header.Get("Lambda-Runtime-Function-Response-Mode"), res.Header.Get("Content-Type"); mode != "streaming" ||
				media != "application/vnd.awslambda.http-integration-response" || res.Cut != nil {
				t.Errorf("got mode %q, type %q, %v", mode, media, res.Cut)
			}
			if len(res.Trailer.Get("Lambda-Runtime-Function-Error-Type")) > 0 {
				t.Errorf("got the trailers %v", res.Trailer)
			}
		}
	}
}

// arrivals passes on when what was waited for has arrived.
type arrivals struct {
	all  bytes.Buffer
	want string
	done chan bool
}

func (a *arrivals) Write(p []byte) (int, error) {
	a.all.Write(p)
	if a.want != "" && strings.HasSuffix(a.all.String(), a.want) {
		a.want = ""
		a.done <- true
	}
	return len(p), nil
}

// The server writes its second piece only when the first has reached Lambda, so
// that nothing can be held back, without a clock in the test.
func TestStreamHoldsNothingBack(t *testing.T) {
	lambda := lambdatest.New(t)
	first := &arrivals{want: "first", done: make(chan bool, 1)}
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "first")
		w.(http.Flusher).Flush()
		select {
		case <-first.done:
			io.WriteString(w, "second")
		case <-time.After(patience):
			io.WriteString(w, "too late")
		}
	})
	ready(t, lambda, streamMode)
	lambda.Do(lambdatest.Invocation{Event: getEvent("/"), Body: first})
	if got := first.all.String(); !strings.HasSuffix(got, "firstsecond") {
		t.Errorf("got %q", got)
	}
}

func TestStreamFaults(t *testing.T) {
	for _, test := range []struct {
		name    string
		respond func(c net.Conn)
		kind    string
		body    string // what arrived before
	}{
		{
			"the server ends in the middle",
			func(c net.Conn) { io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello") },
			"Adapter.ServerInvalidResponse", "hello",
		},
		{
			"the server sends garbage in the middle",
			func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\ngarbage\r\n")
			},
			"Adapter.ServerInvalidResponse", "hello",
		},
		{
			"the server hangs past the deadline",
			func(c net.Conn) {
				io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
				io.Copy(io.Discard, c)
			},
			"Adapter.DeadlineExceeded", "hello",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lambda := lambdatest.New(t)
			serveWire(t, lambda, func(c net.Conn, number int, request string) {
				if strings.HasPrefix(request, "GET /bad") {
					test.respond(c)
					return
				}
				io.WriteString(c, okWire)
			})
			r := ready(t, lambda, streamMode)
			invocation := lambdatest.Invocation{Event: getEvent("/bad")}
			if test.kind == "Adapter.DeadlineExceeded" {
				invocation.Timeout = 3 * time.Second
			}
			res := lambda.Do(invocation)
			if got := string(res.HTTP(t).Body); got != test.body {
				t.Errorf("got %q before the fault, want %q", got, test.body)
			}
			if got := res.Trailer.Get("Lambda-Runtime-Function-Error-Type"); got != test.kind {
				t.Errorf("got the error type %q, want %q", got, test.kind)
			}
			reason, err := base64.StdEncoding.DecodeString(res.Trailer.Get("Lambda-Runtime-Function-Error-Body"))
			if err != nil || !strings.HasPrefix(string(reason), `{"errorType":"`+test.kind+`","errorMessage":"`) {
				t.Errorf("got the error body %q, %v", reason, err)
			}
			if lines := strings.Count(r.log(), "\n"); lines != 1 {
				t.Errorf("got the log %s", r.log())
			}
			expect(t, lambda.Invoke(getEvent("/good")), 200, "hello")
		})
	}
}

func TestStreamedResponsesOfTheAdaptersOwn(t *testing.T) {
	t.Parallel()
	lambda := lambdatest.New(t)
	serveWire(t, lambda, func(c net.Conn, number int, request string) { io.Copy(io.Discard, c) })
	ready(t, lambda, streamMode)
	// So long that the adapter keeps as much as it ever does to send the response.
	res := lambda.Do(lambdatest.Invocation{Event: getEvent("/"), Timeout: 3 * time.Second})
	expect(t, res, 504, "timeout")
	if !bytes.Contains(res.Payload, []byte(preludeEnd)) {
		t.Errorf("got %q, want a stream", res.Payload)
	}
}

// A REST API reads at most 16 KB for the end of the prelude, and gives up without
// a word. Nothing of the kind is known of function URLs.
func TestStreamedHeadersMustFit(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			t.Errorf("got the path %s", r.URL.Path)
		}
		w.Header()["Date"] = nil
		w.Header().Set("X-Long", strings.Repeat("a", n))
		io.WriteString(w, "hello")
	})
	r := ready(t, lambda, streamMode)
	get := func(event func(lambdatest.Request) []byte, n int) *lambdatest.Response {
		return lambda.Invoke(event(lambdatest.Request{Method: "GET", Path: fmt.Sprint("/", n)}))
	}
	short := get(lambdatest.RESTAPIEvent, 1)
	expect(t, short, 200, "hello")
	most := 1 + 16<<10 - bytes.Index(short.Payload, []byte(preludeEnd)) - len(preludeEnd)
	expect(t, get(lambdatest.RESTAPIEvent, most), 200, "hello")
	if log := r.log(); log != "" {
		t.Errorf("got the log %s", log)
	}

	const sentence = "the response has 16385 bytes of status and headers, and a REST API that streams takes 16384"
	expect(t, get(lambdatest.RESTAPIEvent, most+1), 502, sentence)
	if log := r.log(); strings.Count(log, "\n") != 1 || !strings.Contains(log, sentence) || !strings.Contains(log, "Adapter.ResponseTooLarge") {
		t.Errorf("got the log %s", log)
	}
	expect(t, get(lambdatest.FunctionURLEvent, most+1), 200, "hello")
	expect(t, get(lambdatest.RESTAPIEvent, 1), 200, "hello")
}

func TestLambdaMayCutAStream(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		for range 200 {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	r := ready(t, lambda, streamMode)
	lambda.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/response") {
			lambda.Intercept(nil)
			cutConnection(w)
			return true
		}
		return false
	})
	go lambda.Try(lambdatest.Invocation{Event: getEvent("/")})
	r.waitLog("did not take the response")
	if a := lambda.Invoke(getEvent("/")).HTTP(t); len(a.Body) != 200<<16 {
		t.Errorf("got %d bytes after it", len(a.Body))
	}
}
