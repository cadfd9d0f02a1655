package runtimeapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// peer is a connection to an API that has said all it will say.
type peer struct {
	net.Conn
	said    io.Reader
	written bytes.Buffer
}

func (p *peer) Read(b []byte) (int, error)  { return p.said.Read(b) }
func (p *peer) Write(b []byte) (int, error) { return p.written.Write(b) }
func (p *peer) SetDeadline(time.Time) error { return nil }
func (p *peer) Close() error                { return nil }

func TestDeadline(t *testing.T) {
	if got := (&Invocation{}).Deadline(); !got.IsZero() {
		t.Errorf("got %v without a deadline", got)
	}
	if got := (&Invocation{DeadlineMS: 1500}).Deadline(); !got.Equal(time.UnixMilli(1500)) {
		t.Errorf("got %v", got)
	}
}

func TestNextReadsWhatLambdaSays(t *testing.T) {
	p := &peer{said: bytes.NewReader([]byte("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id\r\nLambda-Runtime-Deadline-Ms: 7\r\n" +
		"Lambda-Runtime-Trace-Id: Root=1\r\nLambda-Runtime-Aws-Tenant-Id: blue\r\nContent-Length: 2\r\n\r\n{}"))}
	c := Client{Address: "127.0.0.1:9001", conn: http1.NewConn(p)}
	var inv Invocation
	if err := c.Next(&inv); err != nil {
		t.Fatal(err)
	}
	if string(inv.RequestID) != "id" || inv.DeadlineMS != 7 || string(inv.TraceID) != "Root=1" || string(inv.TenantID) != "blue" || string(inv.Event) != "{}" {
		t.Errorf("got %+v", inv)
	}
	if got, want := p.written.String(), "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nhost: 127.0.0.1:9001\r\n\r\n"; got != want {
		t.Errorf("got the request %q, want %q", got, want)
	}
}

// A refusal is told in Lambda's own words, if there are any.
func TestFailuresSayWhatLambdaSaid(t *testing.T) {
	for body, want := range map[string]string{
		`{"errorType":"Extension.Unknown","errorMessage":"not \"known\""}`: `Lambda responded with 403 to next: Extension.Unknown, not "known"`,
		`{"errorType":"Fault"}`:              "Lambda responded with 403 to next: Fault",
		`{"errorMessage":"broken`:            "Lambda responded with 403 to next: no reason given",
		`[]`:                                 "Lambda responded with 403 to next: no reason given",
		`{"errorType":1,"errorMessage":"x"}`: "Lambda responded with 403 to next: no reason given, x",
		"":                                   "Lambda responded with 403 to next: no reason given",
	} {
		said := fmt.Sprintf("HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
		c := Client{Address: "127.0.0.1:9001", conn: http1.NewConn(&peer{said: strings.NewReader(said)})}
		if err := c.Next(&Invocation{}); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}

// FuzzRuntimeAPI gives bytes to a client as Lambda's response to a request for
// an invocation. What is taken has an id, its context is JSON that a header can
// hold, and so is the fault that quotes it.
func FuzzRuntimeAPI(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: id\r\nContent-Length: 2\r\n\r\n{}",
		"HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: id\r\nlambda-runtime-deadline-ms: -1\r\nlambda-runtime-client-context: {\"a\":\"\xc3\xbc\"}\r\ncontent-length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nlambda-runtime-aws-request-id: \xff\"\r\nlambda-runtime-cognito-identity: [1, 2]\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
		"HTTP/1.1 500 Oops\r\nContent-Length: 20\r\n\r\n{\"errorType\":\"Fault\"}", "HTTP/1.1 403\r\n\r\n", "",
	} {
		f.Add([]byte(seed))
	}
	function := &settings.Function{Name: "site", Memory: 128}
	f.Fuzz(func(t *testing.T, said []byte) {
		c := Client{Address: "127.0.0.1:9001", conn: http1.NewConn(&peer{said: bytes.NewReader(said)})}
		var inv Invocation
		if err := c.Next(&inv); err != nil {
			fault := (&Fault{Kind: "Adapter.Test", Message: err.Error()}).appendJSON(nil)
			if !json.Valid(fault) {
				t.Fatalf("%q is no JSON", fault)
			}
			return
		}
		if len(inv.RequestID) == 0 {
			t.Fatal("an invocation without an id is taken")
		}
		context := inv.AppendContext(nil, function)
		if !json.Valid(context) {
			t.Fatalf("the context %q is no JSON", context)
		}
		for _, b := range context {
			if b < ' ' || b > '~' {
				t.Fatalf("the context %q does not fit into a header", context)
			}
		}
	})
}
