package runtimeapi

import (
	"encoding/base64"
	"io"
	"strconv"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
)

const (
	// streamHeader makes a post to /response a stream. Its trailers say how the
	// stream ended if it did not end well.
	// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html#runtimes-custom-response-streaming
	streamHeader = "lambda-runtime-function-response-mode: streaming\r\n" +
		"content-type: application/vnd.awslambda.http-integration-response\r\n" +
		"transfer-encoding: chunked\r\n" +
		"trailer: " + errorTypeTrailer + ", " + errorBodyTrailer + "\r\n\r\n"

	errorTypeTrailer = "lambda-runtime-function-error-type"
	errorBodyTrailer = "lambda-runtime-function-error-body"

	// streamSize is the most that is read and sent at once. A server's chunks are
	// sent on as soon as they come, however small; this bounds the larger ones.
	streamSize = 256 << 10

	// TrailerTime is the least time for what is sent after the limit; it is less
	// than the margin that the worker keeps.
	TrailerTime = 10 * time.Millisecond

	chunkHead = 10 // room for a chunk's size and its CRLF
)

// stream posts a response while it is being read, so that neither its size nor
// its duration costs memory.
type stream struct {
	conn *http1.Conn
	buf  []byte // chunkHead, a piece of the body, CRLF
}

// writeChunk sends n bytes that stand in the buffer behind the chunk's head.
func (s *stream) writeChunk(n int) error {
	if n == 0 {
		return nil // an empty chunk would end the stream
	}
	var digits [chunkHead]byte
	size := append(strconv.AppendInt(digits[:0], int64(n), 16), '\r', '\n')
	start := chunkHead - len(size)
	copy(s.buf[start:], size)
	end := chunkHead + n
	end += copy(s.buf[end:], "\r\n")
	_, err := s.conn.Conn.Write(s.buf[start:end])
	return err
}

// begin sends the head of the post and the prelude.
func (s *stream) begin(head, prelude []byte) error {
	head = strconv.AppendInt(head, int64(len(prelude)), 16)
	head = append(append(append(head, "\r\n"...), prelude...), "\r\n"...)
	_, err := s.conn.Conn.Write(head)
	return err
}

// end ends the stream, with trailers if there was a fault.
func (s *stream) end(f *Fault) error {
	tail := []byte("0\r\n")
	if f != nil {
		tail = append(tail, errorTypeTrailer+": "+f.Kind+"\r\n"+errorBodyTrailer+": "...)
		tail = base64.StdEncoding.AppendEncode(tail, f.appendJSON(nil))
		tail = append(tail, "\r\n"...)
	}
	_, err := s.conn.Conn.Write(append(tail, "\r\n"...))
	return err
}

// Stream posts a response as its body comes in: the prelude that Lambda's HTTP
// integrations read, and the body. At the limit it is given up, also if Lambda
// takes no more: the environment lives on. If reading the body fails, the
// trailers tell Lambda the fault that describe makes of the error. They have the
// time until Lambda's deadline, and some in any case: on a busy machine, and on a
// function with little CPU, the limit is noticed late. Lambda's response to them
// says nothing new, so that it is no error if it is late.
//
// It returns how reading ended and how posting did.
func (c *Client) Stream(inv *Invocation, prelude []byte, body io.Reader, limit time.Time, describe func(error) *Fault) (readErr, err error) {
	if c.piece == nil {
		c.piece = make([]byte, chunkHead+streamSize+2)
	}
	head := c.postHead(inv)
	head = append(head, streamHeader...)
	told := false
	err = c.exchange("POST", true, func(conn *http1.Conn) error {
		if !limit.IsZero() {
			conn.SetDeadline(limit.Add(TrailerTime)) // what came in time is sent on
		}
		s := stream{conn, c.piece}
		if err := s.begin(head, prelude); err != nil {
			return err
		}
		for {
			n, err := body.Read(s.buf[chunkHead : chunkHead+streamSize])
			if writeErr := s.writeChunk(n); writeErr != nil {
				readErr = writeErr
				return writeErr
			}
			if err == io.EOF {
				return s.end(nil)
			}
			if err != nil {
				readErr = err
				fault := describe(err)
				if !limit.IsZero() {
					conn.SetDeadline(later(inv.Deadline().Add(-TrailerTime), time.Now().Add(TrailerTime)))
				}
				err := s.end(fault)
				told = err == nil
				return err
			}
		}
	})
	if told && http1.IsTimeout(err) {
		err = nil
	} else if err == nil {
		err = c.failed("response")
	}
	return readErr, err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
