package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"
)

// worker takes invocations one after another. A Lambda function has one worker,
// one on Managed Instances has as many as it allows concurrent invocations.
// Each owns its connections and buffers, so that nothing is shared or locked.
type worker struct {
	config *config
	log    *logger
	ready  *readiness

	api       apiClient
	requests  requestWriter
	conn      *conn // to the web server
	resp      response
	body      []byte
	answer    answer
	gzip      compressor
	streamBuf []byte
}

// The fault kinds that Lambda and its metrics get to see.
const (
	faultMalformed   = "Adapter.MalformedEvent"
	faultNotReady    = "Adapter.ServerNotReady"
	faultUnreachable = "Adapter.ServerUnreachable"
	faultNoAnswer    = "Adapter.ServerNoAnswer"
	faultBadAnswer   = "Adapter.ServerBadAnswer"
	faultDeadline    = "Adapter.DeadlineExceeded"
	faultTooLarge    = "Adapter.ResponseTooLarge"
	faultStatus      = "Adapter.ErrorStatus"
	faultConfig      = "Adapter.InvalidConfiguration"
	faultInit        = "Adapter.InitFailed"
	faultNotAlone    = "Adapter.SecondAdapter"
)

// nextTries is how often /next is asked again after a failure. Lambda's
// documentation wants a runtime to end after a 500, so this is not long.
const nextTries = 5

func retryPause(failures int) time.Duration {
	return time.Duration(failures*failures) * 20 * time.Millisecond
}

// run handles invocations until Lambda's API is gone. It holds busy for reading
// while it works on one.
func (w *worker) run(busy *sync.RWMutex) error {
	var inv invocation
	failures := 0
	for {
		if err := w.api.next(&inv); err != nil {
			w.api.close()
			if failures++; failures == nextTries {
				return fmt.Errorf("cannot get the next invocation: %w", err)
			}
			w.log.print(levelWarn, "cannot get the next invocation, trying again", "reason", err.Error())
			time.Sleep(retryPause(failures))
			continue
		}
		failures = 0
		busy.RLock()
		w.handle(&inv)
		busy.RUnlock()
	}
}

// deadlineMargin is how long before its deadline an invocation is given up: a
// twentieth of what it has, at most 150 ms and at least 20 ms, enough to send
// the answer.
func deadlineMargin(left time.Duration) time.Duration {
	return min(max(left/20, 20*time.Millisecond), 150*time.Millisecond)
}

// handle answers one invocation, whatever happens.
func (w *worker) handle(inv *invocation) {
	limit := inv.deadline()
	if !limit.IsZero() {
		limit = limit.Add(-deadlineMargin(time.Until(limit)))
	}
	e, err := parseEvent(inv.event)
	if err != nil {
		w.fail(inv, &fault{faultMalformed, err.Error()})
		return
	}
	r, err := w.requests.write(e, inv)
	if err != nil {
		w.fail(inv, &fault{faultMalformed, err.Error()})
		return
	}
	if w.config.isHook(r.path) && e.source != passThrough {
		w.message(inv, e, 403, "this path is for SnapStart only")
		return
	}
	if err := w.ready.wait(limit); err != nil {
		w.failServer(inv, e, err)
		return
	}

	writing, err := w.send(r, limit)
	switch {
	case err != nil:
		w.failServer(inv, e, err)
	case w.config.errorStatus.has(w.resp.status):
		w.body, err = io.ReadAll(io.LimitReader(&w.resp, maxErrorBody))
		w.release(writing, err == nil)
		w.fail(inv, w.statusFault())
	case w.config.streaming:
		if writing != nil {
			w.api.body = nil // it holds the event, of which the body is still being written; Lambda's answer goes elsewhere
		}
		err = w.stream(inv, &w.resp, &w.resp, limit)
		w.release(writing, err == nil)
	default:
		body, err := w.readBody(r, maxAnswer(e.source))
		w.release(writing, err == nil)
		if err != nil {
			w.failServer(inv, e, err)
			return
		}
		w.answer.write(e, &w.resp, body)
		if w.answer.size() > maxAnswer(e.source) {
			w.failServer(inv, e, errTooLarge)
			return
		}
		if w.answer.lost != "" {
			w.log.print(levelWarn, w.answer.lost, "requestId", inv.requestID)
		}
		w.respond(inv)
	}
}

// readBody reads the body of the server's response, with gzip if that is wanted.
func (w *worker) readBody(r *request, limit int) ([]byte, error) {
	if w.config.compression {
		may, takes := compressible(r, &w.resp)
		if may {
			varyByEncoding(&w.resp)
		}
		if takes {
			return w.gzip.read(&w.resp, limit)
		}
	}
	var err error
	w.body, err = appendBody(w.body[:0], &w.resp, limit)
	return w.body, err
}

func maxAnswer(s source) int {
	if s == alb {
		return maxALBPayload
	}
	return maxPayload
}

// maxErrorBody bounds how much of a response goes into an invocation's error.
const maxErrorBody = 128 << 10

// statusFault is the fault of a response with an error status. Its message is
// JSON, so that who invoked the function can read what the server said.
func (w *worker) statusFault() *fault {
	text := fmt.Appendf(nil, `{"statusCode":%d,"body":`, w.resp.status)
	return &fault{faultStatus, string(append(appendString(text, w.body), '}'))}
}

// send sends the request to the web server and reads the head of its response.
// A kept connection may have died while the environment was frozen; then the
// request is sent once more, unless the server may have worked on it.
func (w *worker) send(r *request, limit time.Time) (writing chan error, err error) {
	for try := 0; ; try++ {
		if err := w.connect(limit); err != nil {
			return nil, err
		}
		used := w.conn.used
		w.conn.used = true
		writing, err := w.conn.send(&w.resp, r.method, r.head, &r.body)
		if err == nil {
			return writing, nil
		}
		if writeErr := w.release(writing, false); errors.Is(writeErr, errMalformed) {
			return nil, writeErr
		}
		var none *noAnswerError
		if try > 0 || !used || !errors.As(err, &none) || !isIdempotent(r.method) {
			return nil, err
		}
	}
}

// isIdempotent tells which methods may be repeated without knowing whether the
// server has seen them (RFC 9110, 9.2.2).
func isIdempotent(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE":
		return true
	}
	return false
}

// connect sees to it that there is a connection, with the deadline set.
func (w *worker) connect(limit time.Time) (err error) {
	if w.conn == nil {
		w.conn = w.ready.take()
	}
	if w.conn != nil {
		w.conn.SetDeadline(limit) // the last invocation's may have passed
		if !w.conn.used || time.Since(w.conn.idleAt) <= w.config.idleTimeout {
			if !w.conn.dead() {
				return nil
			}
		}
		w.conn.Close()
	}
	if w.conn, err = dial(w.config.serverAddress(), limit); err != nil {
		return err
	}
	return w.conn.SetDeadline(limit)
}

// release keeps the connection for the next request, or closes it if it cannot
// be used again, and waits until the request's body is no longer being written.
// It returns how that ended.
func (w *worker) release(writing chan error, reusable bool) (err error) {
	keep := reusable && w.resp.keep && w.resp.body == bodyDone
	if writing != nil && keep {
		select {
		case err = <-writing:
			writing = nil
			keep = err == nil
		default: // the server answered without reading the whole body
			keep = false
		}
	}
	if keep {
		w.conn.idleAt = time.Now()
		return nil
	}
	w.conn.Close()
	w.conn = nil
	if writing != nil {
		err = <-writing
	}
	return err
}

// failServer answers an invocation for which the server gave no good response.
func (w *worker) failServer(inv *invocation, e *event, err error) {
	f := &fault{faultBadAnswer, "the server's response is no good: " + err.Error()}
	var none *noAnswerError
	var late *notReadyError
	status := 0
	switch {
	case errors.As(err, &late):
		f = &fault{faultNotReady, err.Error()}
		status = 504
	case isTimeout(err):
		f = &fault{faultDeadline, "the server did not finish its response before the function's timeout"}
		status = 504
	case err == errTooLarge:
		f = &fault{faultTooLarge, fmt.Sprintf("the response is larger than the %d bytes that Lambda or its caller takes",
			maxAnswer(e.source))}
		status = 502
	case errors.Is(err, errMalformed):
		f = &fault{faultMalformed, err.Error()}
	case errors.Is(err, syscall.ECONNREFUSED):
		f = &fault{faultUnreachable, "the server does not listen any more: " + err.Error()}
	case errors.As(err, &none):
		f = &fault{faultNoAnswer, "the server gave no response: " + err.Error()}
	}
	if status == 0 || e.source == passThrough {
		w.fail(inv, f)
		return
	}
	w.log.print(levelError, f.message, "requestId", inv.requestID, "errorType", f.kind)
	if late != nil {
		f.message = "the server was not ready before the function's timeout" // ports are not the client's business
	}
	w.message(inv, e, status, f.message)
}

// message answers with a response of the adapter's own.
func (w *worker) message(inv *invocation, e *event, status int, text string) {
	r, body := message(status, text)
	if w.config.streaming {
		w.stream(inv, r, bytes.NewReader(body), inv.deadline())
		return
	}
	w.answer.write(e, r, body)
	w.respond(inv)
}

func (w *worker) respond(inv *invocation) {
	if err := w.api.respond(inv, &w.answer); err != nil {
		w.log.print(levelError, "Lambda did not take the response", "requestId", inv.requestID,
			"reason", err.Error(), "bytes", w.answer.size())
	}
}

func (w *worker) fail(inv *invocation, f *fault) {
	message := f.message
	if f.kind == faultStatus {
		message = fmt.Sprintf("the server answered with the error status %d", w.resp.status) // without the body
	}
	w.log.print(levelError, message, "requestId", inv.requestID, "errorType", f.kind)
	if err := w.api.invocationError(inv, f); err != nil {
		w.log.print(levelError, "Lambda did not take the error", "requestId", inv.requestID, "reason", err.Error())
	}
}
