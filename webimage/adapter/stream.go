package main

import (
	"encoding/base64"
	"io"
	"strconv"
	"time"
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

	// preludeEnd stands between the prelude and the body.
	preludeEnd = "\x00\x00\x00\x00\x00\x00\x00\x00"

	// streamSize is the most that is read and sent at once. A server's chunks are
	// sent on as soon as they come, however small; this bounds the larger ones.
	streamSize = 256 << 10

	// trailerTime is for what is sent after the limit; it is less than the
	// deadlineMargin.
	trailerTime = 10 * time.Millisecond

	chunkHead = 10 // room for a chunk's size and its CRLF
)

// stream posts a response while it is being read, so that neither its size nor
// its duration costs memory.
type stream struct {
	conn *conn
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
func (s *stream) end(f *fault) error {
	tail := []byte("0\r\n")
	if f != nil {
		tail = append(tail, errorTypeTrailer+": "+f.kind+"\r\n"+errorBodyTrailer+": "...)
		tail = base64.StdEncoding.AppendEncode(tail, f.appendJSON(nil))
		tail = append(tail, "\r\n"...)
	}
	_, err := s.conn.Conn.Write(append(tail, "\r\n"...))
	return err
}

// appendPrelude appends the JSON before a streamed body and the end of it.
func appendPrelude(dst []byte, r *response) []byte {
	fields := endToEnd(r)
	if r.get("content-type") == nil {
		fields = append(fields, field{[]byte("content-type"), []byte("application/octet-stream")})
	}
	dst = append(dst, `{"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(r.status), 10)
	dst = appendJoined(dst, fields)
	dst = appendCookies(dst, fields)
	return append(append(dst, '}'), preludeEnd...)
}

// stream posts a response as its body comes in, and returns how reading that
// ended. At the limit it is given up, also where Lambda takes no more: the
// environment lives on.
func (w *worker) stream(inv *invocation, r *response, body io.Reader, limit time.Time) (read error) {
	if w.streamBuf == nil {
		w.streamBuf = make([]byte, chunkHead+streamSize+2)
	}
	head := w.api.postHead(inv)
	head = append(head, streamHeader...)
	err := w.api.exchange("POST", true, func(c *conn) error {
		if !limit.IsZero() {
			// The trailers that say why it ended need a moment more.
			c.SetDeadline(limit.Add(trailerTime))
		}
		s := stream{c, w.streamBuf}
		if err := s.begin(head, appendPrelude(nil, r)); err != nil {
			return err
		}
		for {
			n, err := body.Read(s.buf[chunkHead : chunkHead+streamSize])
			if writeErr := s.writeChunk(n); writeErr != nil {
				read = writeErr
				return writeErr
			}
			if err == io.EOF {
				return s.end(nil)
			}
			if err != nil {
				f := streamFault(err)
				w.log.print(levelError, f.message, "requestId", inv.requestID, "errorType", f.kind)
				read = err
				return s.end(f)
			}
		}
	})
	if err == nil {
		err = w.api.failed("response")
	}
	if err != nil {
		w.log.print(levelError, "Lambda did not take the response", "requestId", inv.requestID, "reason", err.Error())
	}
	return read
}

func streamFault(err error) *fault {
	if isTimeout(err) {
		return &fault{faultDeadline, "the server did not finish its response before the function's timeout"}
	}
	return &fault{faultBadAnswer, "the server's response broke off: " + err.Error()}
}
