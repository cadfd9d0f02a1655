package http1

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

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/buffer"
)

const (
	// MaxHead bounds the head of a response. Servers commonly allow 8 to 64 KB.
	MaxHead = 256 << 10

	// maxFields bounds the lines of a head. They are compared with each other, so
	// that their number counts twice.
	maxFields = 1000

	// inlineBody is the largest request body that is written before the
	// response is read. A loopback socket takes this much even if the server reads
	// nothing; a larger one could block while the server blocks on its response.
	inlineBody = 32 << 10

	// ReadSize is how much is read at once.
	ReadSize = 64 << 10
)

var (
	errNotHTTP = errors.New("the response is not HTTP/1.1")
	errCut     = errors.New("the connection ended in the middle of the response")
)

// NoResponseError says that a connection ended before the first byte of a
// response.
type NoResponseError struct{ cause error }

func (e *NoResponseError) Error() string {
	return "the connection ended before a response: " + e.cause.Error()
}

func (e *NoResponseError) Unwrap() error { return e.cause }

// Field is one line of a head.
type Field struct{ Name, Value []byte }

// Response is an HTTP response as it came from the wire. Its slices are good
// until the next one is read into it.
type Response struct {
	Status int
	Fields []Field
	Length int64 // of the body, -1 if only its end tells
	Keep   bool  // the connection can carry another request

	head []byte

	body  bodyState
	conn  *Conn
	chunk int64 // what is left of the chunk, or of the body
}

type bodyState uint8

const (
	bodyDone bodyState = iota
	bodySized
	bodyChunked
	bodyChunkEnd // the CRLF after a chunk comes next
	bodyToEOF
)

// Get returns the value of the first field with the lower-case name, nil if
// there is none.
func (r *Response) Get(name string) []byte {
	for _, f := range r.Fields {
		if len(f.Name) == len(name) && ascii.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return nil
}

// Conn is a connection to a peer, kept between requests.
type Conn struct {
	net.Conn
	raw   syscall.RawConn
	buf   []byte // what was read and not used yet
	store []byte

	// For the owner: whether it has carried a request, and since when it is idle.
	Used   bool
	IdleAt time.Time
}

// Dial connects to a peer.
func Dial(address string, deadline time.Time) (*Conn, error) {
	d := net.Dialer{Deadline: deadline, KeepAlive: -1, FallbackDelay: -1}
	c, err := d.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	return NewConn(c), nil
}

// NewConn speaks HTTP over a connection.
func NewConn(c net.Conn) *Conn {
	wrapped := &Conn{Conn: c, store: make([]byte, 8<<10)}
	if tcp, ok := c.(syscall.Conn); ok {
		wrapped.raw, _ = tcp.SyscallConn()
	}
	return wrapped
}

// Dead tells whether the peer has closed an idle connection, or sent something
// that nobody asked for. It does not wait.
func (c *Conn) Dead() bool {
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
func (c *Conn) fill() error {
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
func (c *Conn) line(limit int) ([]byte, error) {
	for searched := 0; ; {
		if n := bytes.IndexByte(c.buf[searched:], '\n'); n >= 0 {
			line := c.buf[:searched+n]
			c.buf = c.buf[searched+n+1:]
			return bytes.TrimSuffix(line, []byte("\r")), nil
		}
		searched = len(c.buf)
		if searched > limit {
			return nil, errNotHTTP
		}
		if err := c.fill(); err != nil {
			return nil, cut(err)
		}
	}
}

// IsTimeout tells whether a deadline has passed.
func IsTimeout(err error) bool {
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

// Send writes a request and reads the head of its response into r. A body that
// might not fit into the socket is written while the response is read; the
// channel, if there is one, gets the result of that.
func (c *Conn) Send(r *Response, method, head []byte, body *Body) (writing chan error, err error) {
	if body.Size() <= inlineBody {
		err = body.SendTo(c, head)
	} else {
		writing = make(chan error, 1)
		go func() {
			err := body.SendTo(c, head)
			if errors.Is(err, ErrBase64) {
				c.Conn.Close() // the server waits for a rest that will not come
			}
			writing <- err
		}()
	}
	// A server may respond and close without reading all of the body, so that
	// the response counts even if writing failed.
	if readErr := r.ReadHead(c, method); readErr != nil {
		return writing, readErr
	}
	if err != nil {
		r.Keep = false
	}
	return writing, nil
}

// WriteBoth writes a head and a body at once.
func (c *Conn) WriteBoth(head, body []byte) error {
	if len(body) == 0 {
		_, err := c.Conn.Write(head)
		return err
	}
	buffers := net.Buffers{head, body}
	_, err := buffers.WriteTo(c.Conn)
	return err
}

// ReadHead reads the head of a response to a request with the method, past interim
// responses (RFC 9110, 15.2).
func (r *Response) ReadHead(c *Conn, method []byte) error {
	r.conn, r.body = c, bodyDone
	if len(c.buf) == 0 {
		if err := c.fill(); err != nil {
			if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				return &NoResponseError{cause: err}
			}
			return err
		}
	}
	for {
		if err := r.readLines(c); err != nil {
			return err
		}
		if r.Status >= 200 {
			return r.frame(method)
		}
		if r.Status == 101 {
			return fmt.Errorf("%w: 101 Switching Protocols without being asked", errNotHTTP)
		}
	}
}

func (r *Response) readLines(c *Conn) error {
	r.head, r.Fields = r.head[:0], r.Fields[:0]
	line, err := c.line(MaxHead)
	if err != nil {
		return err
	}
	// HTTP/1.1 200 OK, where the reason and the space before it may be missing
	// (RFC 9112, 4).
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || line[8] != ' ' || len(line) > 12 && line[12] != ' ' {
		return errNotHTTP
	}
	status, err := strconv.ParseUint(string(line[9:12]), 10, 16)
	if err != nil || status < 100 {
		return errNotHTTP
	}
	r.Status = int(status)
	r.Keep = line[7] >= '1' // HTTP/1.0 closes unless it says keep-alive

	// The lines are collected first: r.head moves while it grows.
	for {
		line, err := c.line(MaxHead)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if len(r.head)+len(line) > MaxHead {
			return errNotHTTP
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
		if colon <= 0 || !ascii.IsToken(line[:colon]) {
			return errNotHTTP
		}
		if len(r.Fields) == maxFields {
			return fmt.Errorf("%w: it has more than %d headers", errNotHTTP, maxFields)
		}
		r.Fields = append(r.Fields, Field{line[:colon:colon], bytes.Trim(line[colon+1:], " \t")})
	}
	return nil
}

// frame works out where the body ends (RFC 9112, 6.3).
func (r *Response) frame(method []byte) error {
	r.Length = -1
	chunked, coded, closes, keeps := false, false, false, false
	for _, f := range r.Fields {
		switch {
		case ascii.EqualFold(f.Name, "connection"):
			ascii.EachMember(f.Value, func(token []byte) {
				closes = closes || ascii.EqualFold(token, "close")
				keeps = keeps || ascii.EqualFold(token, "keep-alive")
			})
		case ascii.EqualFold(f.Name, "transfer-encoding"):
			ascii.EachMember(f.Value, func(token []byte) {
				coded = coded || chunked || !ascii.EqualFold(token, "chunked")
				chunked = true
			})
		case ascii.EqualFold(f.Name, "content-length"):
			// Repeated equal lengths count as one (RFC 9110, 8.6).
			bad, seen := false, false
			ascii.EachMember(f.Value, func(token []byte) {
				n, err := strconv.ParseUint(string(token), 10, 63)
				bad = bad || err != nil || r.Length >= 0 && int64(n) != r.Length
				seen = true
				r.Length = int64(n)
			})
			if bad || !seen {
				return fmt.Errorf("%w: content-length", errNotHTTP)
			}
		}
	}
	// A length beside chunks, or of no content, is not the client's (RFC 9112, 6.3; RFC 9110, 8.6).
	if chunked || r.Status == 204 {
		r.Fields = slices.DeleteFunc(r.Fields, func(f Field) bool { return ascii.EqualFold(f.Name, "content-length") })
	}
	// A chunked HTTP/1.0 response is a server's mistake (RFC 9112, 6.1).
	r.Keep = !closes && (r.Keep || keeps && !chunked)
	switch {
	case coded:
		return fmt.Errorf("%w: its transfer-encoding is not chunked", errNotHTTP)
	case string(method) == "HEAD" || r.Status == 204 || r.Status == 304:
		r.body, r.Length = bodyDone, 0
	case chunked:
		r.Length = -1
		r.body, r.chunk = bodyChunked, 0
	case r.Length >= 0:
		r.chunk = r.Length
		if r.body = bodySized; r.Length == 0 {
			r.body = bodyDone
		}
	default:
		r.body, r.Keep = bodyToEOF, false
	}
	return nil
}

// Done tells whether the whole body was read, or there is none.
func (r *Response) Done() bool { return r.body == bodyDone }

// Read reads the body. After io.EOF the connection is free again.
func (r *Response) Read(p []byte) (int, error) {
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
func (r *Response) readChunks(p []byte) (int, error) {
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
				return 0, errNotHTTP
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
func (r *Response) dechunk(raw []byte) (n int, rest []byte, err error) {
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
func (r *Response) readChunk(p []byte) (int, error) {
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
func (r *Response) took(n int) {
	if r.chunk -= int64(n); r.chunk == 0 {
		r.body = bodyChunkEnd
	}
}

// chunkLine reads the line before a chunk, or the empty one behind it (RFC 9112,
// 7.1). The last chunk makes r.chunk negative.
func (r *Response) chunkLine(line []byte) error {
	if r.body == bodyChunkEnd {
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is longer than its size", errNotHTTP)
		}
		r.body = bodyChunked
		return nil
	}
	size, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimRight(size, " \t")), 16, 63)
	if err != nil {
		return fmt.Errorf("%w: chunk size", errNotHTTP)
	}
	if r.chunk = int64(n); n == 0 {
		r.chunk = -1
	}
	return nil
}

// trailers reads and drops the trailers behind the last chunk.
func (r *Response) trailers() error {
	for total := 0; total < MaxHead; {
		line, err := r.conn.line(MaxHead)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			r.chunk, r.body = 0, bodyDone
			return nil
		}
		total += len(line)
	}
	return errNotHTTP
}

// readInto reads what is buffered, else straight from the socket.
func (c *Conn) readInto(p []byte) (int, error) {
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

// AppendBody appends a response's body to dst. A limit of 0 or more bounds it;
// a longer body gives ErrTooLarge.
func AppendBody(dst []byte, r *Response, limit int) ([]byte, error) {
	start := len(dst)
	if r.Length > 0 {
		if limit >= 0 && r.Length > int64(limit) {
			return dst, ErrTooLarge
		}
		if r.Length > maxTrusted {
			return dst, ErrTooLarge
		}
		dst = buffer.Grow(dst, int(r.Length))
	}
	for {
		if len(dst) == cap(dst) {
			if r.body == bodyDone {
				return dst, nil
			}
			dst = buffer.Grow(dst, max(ReadSize, len(dst)))
		}
		n, err := r.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
		if limit >= 0 && len(dst)-start > limit {
			return dst, ErrTooLarge
		}
	}
}

// maxTrusted is the largest content-length for which memory is set aside at
// once. Lambda's events and responses are bounded at 6 MB.
const maxTrusted = 64 << 20

// ErrTooLarge says that a body is larger than a limit.
var ErrTooLarge = errors.New("the body is too large")
