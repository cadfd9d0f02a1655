package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// The adapter speaks HTTP/1.1 itself, on plain TCP to two peers on the same
// machine. net/http would be five times the program, hand every message
// between three goroutines, and add, join and drop headers on its own account.

const (
	// maxHead bounds the head of an answer. Servers commonly allow 8 to 64 KB.
	maxHead = 256 << 10

	// inlineBody is the largest request body that is written before the answer
	// is read. A loopback socket takes this much even if the server reads
	// nothing; a larger one could block while the server blocks on its answer.
	inlineBody = 32 << 10

	readSize = 64 << 10
)

var (
	errGarbage = errors.New("the answer is not HTTP/1.1")
	errCut     = errors.New("the connection ended in the middle of the answer")
)

// noAnswerError says that a connection ended before the first byte of an answer.
type noAnswerError struct{ cause error }

func (e *noAnswerError) Error() string {
	return "the connection ended before an answer: " + e.cause.Error()
}

func (e *noAnswerError) Unwrap() error { return e.cause }

// field is one line of a head.
type field struct{ name, value []byte }

// response is an HTTP response as it came from the wire. Its slices are good
// until the next one is read into it.
type response struct {
	status int
	fields []field
	head   []byte
	length int64 // of the body, -1 when only its end tells

	body  bodyState
	conn  *conn
	chunk int64 // what is left of the chunk, or of the body
	keep  bool  // the connection can carry another request
}

type bodyState uint8

const (
	bodyDone bodyState = iota
	bodySized
	bodyChunked
	bodyChunkEnd // the CRLF after a chunk comes next
	bodyToEOF
)

// get returns the value of the first field with the lower-case name, nil if
// there is none.
func (r *response) get(name string) []byte {
	for _, f := range r.fields {
		if len(f.name) == len(name) && equalFold(f.name, name) {
			return f.value
		}
	}
	return nil
}

// equalFold compares with a name in lower case, ASCII only.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if lowerByte(c) != lower[i] {
			return false
		}
	}
	return true
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// conn is a connection to a peer, kept between requests.
type conn struct {
	net.Conn
	raw    syscall.RawConn
	buf    []byte // what was read and not used yet
	store  []byte
	used   bool
	idleAt time.Time
}

func dial(address string, deadline time.Time) (*conn, error) {
	d := net.Dialer{Deadline: deadline, KeepAlive: -1, FallbackDelay: -1}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return newConn(c), nil
}

func newConn(c net.Conn) *conn {
	wrapped := &conn{Conn: c, store: make([]byte, 8<<10)}
	if tcp, ok := c.(syscall.Conn); ok {
		wrapped.raw, _ = tcp.SyscallConn()
	}
	return wrapped
}

// dead tells whether the peer has closed an idle connection, or sent something
// that nobody asked for. It does not wait.
func (c *conn) dead() bool {
	if len(c.buf) > 0 {
		return true
	}
	if c.raw == nil {
		return false
	}
	alive := false
	var b [1]byte
	err := c.raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		alive = err == syscall.EAGAIN || err == syscall.EINTR
		return true
	})
	return err != nil || !alive
}

// fill reads more into the buffer.
func (c *conn) fill() error {
	if len(c.buf) == 0 {
		c.buf = c.store[:0]
	} else if len(c.buf) == cap(c.buf) {
		if 2*len(c.buf) > len(c.store) {
			c.store = make([]byte, 2*len(c.buf))
		}
		c.buf = c.store[:copy(c.store, c.buf)]
	}
	n, err := c.Conn.Read(c.buf[len(c.buf):cap(c.buf)])
	c.buf = c.buf[:len(c.buf)+n]
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// line returns the next line without its end, and moves over it. It is good
// until the next call.
func (c *conn) line(limit int) ([]byte, error) {
	for searched := 0; ; {
		if n := bytes.IndexByte(c.buf[searched:], '\n'); n >= 0 {
			line := c.buf[:searched+n]
			c.buf = c.buf[searched+n+1:]
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		searched = len(c.buf)
		if searched > limit {
			return nil, errGarbage
		}
		if err := c.fill(); err != nil {
			return nil, cut(err)
		}
	}
}

// isTimeout tells whether a deadline has passed.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// cut turns the end of a connection into errCut and leaves other errors alone.
func cut(err error) error {
	if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return errCut
	}
	return err
}

// send writes a request and reads the head of its answer into r. A body that
// might not fit into the socket is written while the answer is read; the
// channel, if there is one, gets the result of that.
func (c *conn) send(r *response, method, head []byte, body *payload) (writing chan error, err error) {
	if body.size() <= inlineBody {
		err = body.writeTo(c, head)
	} else {
		writing = make(chan error, 1)
		go func() {
			err := body.writeTo(c, head)
			if errors.Is(err, errMalformed) {
				c.Conn.Close() // the server waits for a rest that will not come
			}
			writing <- err
		}()
	}
	// A server may answer and close without reading all of the body, so that
	// the answer counts even if writing failed.
	if readErr := r.read(c, method); readErr != nil {
		return writing, readErr
	}
	if err != nil {
		r.keep = false
	}
	return writing, nil
}

func (c *conn) write(head, body []byte) error {
	if len(body) == 0 {
		_, err := c.Conn.Write(head)
		return err
	}
	buffers := net.Buffers{head, body}
	_, err := buffers.WriteTo(c.Conn)
	return err
}

// read reads the head of an answer to a request with the method, past interim
// answers (RFC 9110, 15.2).
func (r *response) read(c *conn, method []byte) error {
	r.conn, r.body = c, bodyDone
	if len(c.buf) == 0 {
		if err := c.fill(); err != nil {
			if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				return &noAnswerError{cause: err}
			}
			return err
		}
	}
	for {
		if err := r.readHead(c); err != nil {
			return err
		}
		if r.status >= 200 {
			return r.frame(method)
		}
		if r.status == 101 {
			return fmt.Errorf("%w: 101 Switching Protocols without being asked", errGarbage)
		}
	}
}

func (r *response) readHead(c *conn) error {
	r.head, r.fields = r.head[:0], r.fields[:0]
	line, err := c.line(maxHead)
	if err != nil {
		return err
	}
	// HTTP/1.1 200 OK, where the reason and the space before it may be missing
	// (RFC 9112, 4).
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return errGarbage
	}
	status, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || status < 100 {
		return errGarbage
	}
	r.status = int(status)
	r.keep = line[7] >= '1' // HTTP/1.0 closes unless it says keep-alive

	// The lines are collected first: r.head moves while it grows.
	for {
		line, err := c.line(maxHead)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if len(r.head)+len(line) > maxHead {
			return errGarbage
		}
		r.head = append(append(r.head, line...), '\n')
	}
	for rest := r.head; len(rest) > 0; {
		n := bytes.IndexByte(rest, '\n')
		line := rest[:n:n]
		rest = rest[n+1:]
		colon := bytes.IndexByte(line, ':')
		// A line that begins with white space continues the one before: obsolete
		// and forbidden (RFC 9112, 5.2).
		if colon <= 0 || !isToken(line[:colon]) {
			return errGarbage
		}
		r.fields = append(r.fields, field{line[:colon:colon], bytes.Trim(line[colon+1:], " \t")})
	}
	return nil
}

// frame works out where the body ends (RFC 9112, 6.3).
func (r *response) frame(method []byte) error {
	r.length = -1
	chunked, coded, closes, keeps := false, false, false, false
	for _, f := range r.fields {
		switch {
		case equalFold(f.name, "connection"):
			eachToken(f.value, func(token []byte) {
				closes = closes || equalFold(token, "close")
				keeps = keeps || equalFold(token, "keep-alive")
			})
		case equalFold(f.name, "transfer-encoding"):
			eachToken(f.value, func(token []byte) {
				coded = coded || chunked || !equalFold(token, "chunked")
				chunked = true
			})
		case equalFold(f.name, "content-length"):
			// Repeated equal lengths count as one (RFC 9110, 8.6).
			bad, seen := false, false
			eachToken(f.value, func(token []byte) {
				n, err := strconv.ParseUint(string(token), 10, 63)
				bad = bad || err != nil || r.length >= 0 && int64(n) != r.length
				seen = true
				r.length = int64(n)
			})
			if bad || !seen {
				return fmt.Errorf("%w: content-length", errGarbage)
			}
		}
	}
	// A length beside chunks, or of no content, is not the client's (RFC 9112, 6.3; RFC 9110, 8.6).
	if chunked || r.status == 204 {
		r.fields = slices.DeleteFunc(r.fields, func(f field) bool { return equalFold(f.name, "content-length") })
	}
	// A chunked HTTP/1.0 answer is a server's mistake (RFC 9112, 6.1).
	r.keep = !closes && (r.keep || keeps && !chunked)
	switch {
	case coded:
		return fmt.Errorf("%w: its transfer-encoding is not chunked", errGarbage)
	case string(method) == "HEAD" || r.status == 204 || r.status == 304:
		r.body, r.length = bodyDone, 0
	case chunked:
		r.length = -1
		r.body, r.chunk = bodyChunked, 0
	case r.length >= 0:
		r.chunk = r.length
		if r.body = bodySized; r.length == 0 {
			r.body = bodyDone
		}
	default:
		r.body, r.keep = bodyToEOF, false
	}
	return nil
}

// Read reads the body. After io.EOF the connection is free again.
func (r *response) Read(p []byte) (int, error) {
	switch r.body {
	case bodySized:
		if int64(len(p)) > r.chunk {
			p = p[:r.chunk]
		}
		n, err := r.conn.readInto(p)
		if r.chunk -= int64(n); r.chunk == 0 && err == nil {
			r.body = bodyDone
		}
		return n, cut(err)
	case bodyChunked, bodyChunkEnd:
		return r.readChunks(p)
	case bodyToEOF:
		n, err := r.conn.readInto(p)
		if err == io.EOF {
			r.body = bodyDone
		}
		return n, err
	}
	return 0, io.EOF
}

// readChunks reads once from the socket and takes all chunks out of what came,
// so that the server's chunks need not be read one by one.
func (r *response) readChunks(p []byte) (int, error) {
	for {
		// What is buffered begins with the rest of a chunk, or with the line
		// before the next one, which may not be complete.
		raw := len(r.conn.buf)
		if raw > len(p) || len(p) <= maxChunkLine {
			return r.readChunk(p)
		}
		copy(p, r.conn.buf)
		if raw == 0 || r.chunk == 0 && bytes.IndexByte(r.conn.buf, '\n') < 0 {
			if raw > maxChunkLine {
				return 0, errGarbage
			}
			n, err := r.conn.Conn.Read(p[raw:])
			if n == 0 && err != nil {
				return 0, cut(err)
			}
			raw += n
		}
		r.conn.buf = nil
		n, rest, err := r.dechunk(p[:raw])
		if len(rest) > 0 {
			if len(rest) > len(r.conn.store) {
				r.conn.store = make([]byte, len(rest))
			}
			r.conn.buf = r.conn.store[:copy(r.conn.store, rest)]
		}
		if err == nil && r.chunk < 0 {
			err = r.trailers()
		}
		if n == 0 && err == nil && r.body == bodyDone {
			err = io.EOF
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// maxChunkLine bounds the line before a chunk.
const maxChunkLine = 4 << 10

// dechunk moves the bytes of chunks to the front of raw and returns how many
// they are and what is left: the beginning of a line, or what follows the last
// chunk, after which r.chunk is negative.
func (r *response) dechunk(raw []byte) (n int, rest []byte, err error) {
	for rest = raw; len(rest) > 0 && r.chunk >= 0; {
		if r.chunk == 0 {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				break
			}
			line := rest[:end]
			rest = rest[end+1:]
			if err := r.chunkLine(bytes.TrimSuffix(line, []byte("\r"))); err != nil {
				return n, rest, err
			}
			continue
		}
		piece := rest[:min(int64(len(rest)), r.chunk)]
		n += copy(raw[n:], piece)
		rest = rest[len(piece):]
		r.took(len(piece))
	}
	return n, rest, nil
}

// readChunk reads from one chunk, for those who have little room.
func (r *response) readChunk(p []byte) (int, error) {
	for r.chunk == 0 {
		line, err := r.conn.line(maxChunkLine)
		if err == nil {
			err = r.chunkLine(line)
		}
		if err == nil && r.chunk < 0 {
			if err = r.trailers(); err == nil {
				err = io.EOF
			}
		}
		if err != nil {
			return 0, err
		}
	}
	n, err := r.conn.readInto(p[:min(int64(len(p)), r.chunk)])
	r.took(n)
	return n, cut(err)
}

// took notes that so many bytes of the chunk were read.
func (r *response) took(n int) {
	if r.chunk -= int64(n); r.chunk == 0 {
		r.body = bodyChunkEnd
	}
}

// chunkLine reads the line before a chunk, or the empty one behind it (RFC 9112,
// 7.1). The last chunk makes r.chunk negative.
func (r *response) chunkLine(line []byte) error {
	if r.body == bodyChunkEnd {
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is longer than its size", errGarbage)
		}
		r.body = bodyChunked
		return nil
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimRight(size, " \t")), 16, 63)
	if err != nil {
		return fmt.Errorf("%w: chunk size", errGarbage)
	}
	if r.chunk = int64(n); n == 0 {
		r.chunk = -1
	}
	return nil
}

// trailers reads and drops the trailers behind the last chunk.
func (r *response) trailers() error {
	for total := 0; total < maxHead; {
		line, err := r.conn.line(maxHead)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			r.chunk, r.body = 0, bodyDone
			return nil
		}
		total += len(line)
	}
	return errGarbage
}

// readInto reads what is buffered, else straight from the socket.
func (c *conn) readInto(p []byte) (int, error) {
	if len(c.buf) > 0 {
		n := copy(p, c.buf)
		c.buf = c.buf[n:]
		return n, nil
	}
	n, err := c.Conn.Read(p)
	if n > 0 {
		err = nil
	}
	return n, err
}

// eachToken visits the members of a comma-separated list (RFC 9110, 5.6.1).
func eachToken(list []byte, visit func(token []byte)) {
	for len(list) > 0 {
		var token []byte
		token, list, _ = bytes.Cut(list, []byte(","))
		if token = bytes.Trim(token, " \t"); len(token) > 0 {
			visit(token)
		}
	}
}

// tokenByte marks what method and field names are made of (RFC 9110, 5.6.2).
var tokenByte = func() (table [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		table[c] = true
	}
	return table
}()

func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenByte[c] {
			return false
		}
	}
	return len(b) > 0
}
