package http1

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// sink is a connection that remembers what was written and gives what it was told to.
type sink struct {
	net.Conn
	written bytes.Buffer
	answer  io.Reader
}

func (s *sink) Write(p []byte) (int, error) { return s.written.Write(p) }
func (s *sink) Read(p []byte) (int, error)  { return s.answer.Read(p) }
func (s *sink) SetDeadline(time.Time) error { return nil }
func (s *sink) Close() error                { return nil }

// What a server says against HTTP/1.1 is refused, so that two ways of reading
// it cannot both seem right.
func TestGarbageIsRefused(t *testing.T) {
	for _, wire := range []string{
		"SSH-2.0-OpenSSH_9.2\n\n",
		"HTTP/2 200\n\n",
		"HTTP/1.1 2000 OK\n\n",
		"HTTP/1.1 abc OK\n\n",
		"HTTP/1.1 200 OK\nno colon\n\n",
		"HTTP/1.1 200 OK\nName : value\n\n",
		"HTTP/1.1 200 OK\nA: b\n folded\n\n",
		"HTTP/1.1 200 OK\nContent-Length: 1, 2\n\nab",
		"HTTP/1.1 200 OK\nContent-Length: 1\nContent-Length: 2\n\nab",
		"HTTP/1.1 200 OK\nContent-Length: -1\n\n",
		"HTTP/1.1 200 OK\nContent-Length: +1\n\na",
		"HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n",
		"HTTP/1.1 101 Switching Protocols\n\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\nxyz\r\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nabc\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n2\r\nab\r\n",
		"HTTP/1.1 200 OK\nContent-Length: 3\n\nab",
	} {
		head, body, _ := strings.Cut(wire, "\n\n")
		wire := strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n" + body
		r := &Response{}
		err := r.ReadHead(NewConn(&sink{answer: strings.NewReader(wire)}), []byte("GET"))
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err == nil {
			t.Errorf("%q is taken for a response", wire)
		}
	}
}

// Lines of a head are compared with each other, so that their number is bounded.
func TestTooManyHeadersAreRefused(t *testing.T) {
	for n, ok := range map[int]bool{1000: true, 1001: false} {
		wire := "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + strings.Repeat("A: b\r\n", n-1) + "\r\n"
		err := (&Response{}).ReadHead(NewConn(&sink{answer: strings.NewReader(wire)}), []byte("GET"))
		if ok != (err == nil) {
			t.Errorf("%d headers: got %v", n, err)
		}
	}
}

// FuzzHTTP gives bytes to the client as a server's response. If net/http reads
// a response too, both must read the same.
func FuzzHTTP(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nto the end", "HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "garbage\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(7))
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, wire []byte, size uint8) {
		read := func(method string) (*Response, []byte, error) {
			var from io.Reader = bytes.NewReader(wire)
			if size > 0 {
				from = &slowReader{from, int(size)}
			}
			r := &Response{}
			if err := r.ReadHead(NewConn(&sink{answer: from}), []byte(method)); err != nil {
				return r, nil, err
			}
			body, err := AppendBody(nil, r, 1<<20)
			return r, body, err
		}
		read("HEAD")
		r, body, err := read("GET")
		// The same bytes in one piece and byte by byte mean the same.
		one := &Response{}
		if oneErr := one.ReadHead(NewConn(&sink{answer: iotest.OneByteReader(bytes.NewReader(wire))}), []byte("GET")); oneErr == nil {
			oneBody, oneErr := AppendBody(nil, one, 1<<20)
			if (oneErr == nil) != (err == nil) || err == nil && !bytes.Equal(body, oneBody) {
				t.Fatalf("in pieces of %d: %q, %v; byte by byte: %q, %v", size, body, err, oneBody, oneErr)
			}
		} else if err == nil {
			t.Fatalf("byte by byte: %v", oneErr)
		}
		if err != nil {
			return
		}
		// With little room for each piece, too.
		small := &Response{}
		if err := small.ReadHead(NewConn(&sink{answer: bytes.NewReader(wire)}), []byte("GET")); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(&slowReader{small, int(size) + 1}); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("with room for %d: %q, %v; with more: %q", size+1, got, err, body)
		}
		want, wantErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), nil)
		if wantErr != nil || want.StatusCode < 200 || want.ProtoMinor == 0 && r.Get("transfer-encoding") != nil {
			return // net/http reads a chunked HTTP/1.0 response to its end
		}
		wantBody, wantErr := io.ReadAll(want.Body)
		if wantErr != nil {
			return
		}
		if r.Status != want.StatusCode || !bytes.Equal(body, wantBody) {
			t.Fatalf("got %d %q, net/http reads %d %q", r.Status, body, want.StatusCode, wantBody)
		}
	})
}

// slowReader reads at most n bytes at a time.
type slowReader struct {
	r io.Reader
	n int
}

func (s *slowReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }
