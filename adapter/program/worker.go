package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/lambdaevent"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// worker takes invocations one after another. A Lambda function has one worker,
// one on Managed Instances has as many as it allows concurrent invocations.
// Each owns its connections and buffers, so that nothing is shared or locked.
type worker struct {
	config *settings.Config
	log    *logger
	ready  *readiness
	away   *turnedAway

	api      runtimeapi.Client
	requests lambdaevent.RequestWriter
	conn     *http1.Conn // to the web server
	resp     http1.Response
	body     []byte
	response lambdaevent.Response
	gzip     lambdaevent.Compressor
}

// The fault kinds that Lambda and its metrics get to see.
const (
	faultMalformed   = "Adapter.MalformedEvent"
	faultNotReady    = "Adapter.ServerNotReady"
	faultUnreachable = "Adapter.ServerUnreachable"
	faultNoResponse  = "Adapter.ServerNoResponse"
	faultInvalid     = "Adapter.ServerInvalidResponse"
	faultDeadline    = "Adapter.DeadlineExceeded"
	faultTooLarge    = "Adapter.ResponseTooLarge"
	faultStatus      = "Adapter.ErrorStatus"
	faultConfig      = "Adapter.InvalidConfiguration"
	faultInit        = "Adapter.InitFailed"
	faultNotAlone    = "Adapter.SecondAdapter"
	faultSecret      = "Adapter.SecretUnavailable"
	faultCommand     = "Adapter.InvalidCommand"
)

// run handles invocations until Lambda's API is gone. It holds busy for reading
// while it works on one.
func (w *worker) run(busy *sync.RWMutex) error {
	var inv runtimeapi.Invocation
	failures := 0
	for {
		if err := w.api.Next(&inv); err != nil {
			w.api.Close()
			if failures++; failures == runtimeapi.Tries {
				return fmt.Errorf("cannot get the next invocation: %w", err)
			}
			w.log.print(levelWarn, "cannot get the next invocation, trying again", "reason", err.Error())
			time.Sleep(runtimeapi.RetryPause(failures))
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
// the response.
func deadlineMargin(left time.Duration) time.Duration {
	return min(max(left/20, 20*time.Millisecond), 150*time.Millisecond)
}

// handle responds to one invocation, whatever happens.
func (w *worker) handle(inv *runtimeapi.Invocation) {
	limit := inv.Deadline()
	if !limit.IsZero() {
		limit = limit.Add(-deadlineMargin(time.Until(limit)))
	}
	e, err := lambdaevent.Parse(inv.Event)
	if err != nil {
		w.fail(inv, malformed(err))
		return
	}
	r, err := w.requests.Write(e, inv)
	if err != nil {
		w.fail(inv, malformed(err))
		return
	}
	if r.Refusal != lambdaevent.Admitted {
		w.turnAway(inv, e, r.Refusal)
		return
	}
	if e.Source != lambdaevent.PassThrough && w.refuse(inv, e, r.Path) {
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
	case w.config.ErrorStatus.Has(w.resp.Status):
		w.body, err = io.ReadAll(io.LimitReader(&w.resp, maxErrorBody))
		w.release(writing, err == nil)
		w.fail(inv, w.statusFault())
	case w.config.Streaming:
		prelude := lambdaevent.AppendPrelude(nil, &w.resp)
		if most := lambdaevent.MaxPrelude(e.Source); most > 0 && len(prelude) > most {
			w.release(writing, false)
			w.failServer(inv, e, &headersError{len(prelude), most})
			return
		}
		if writing != nil {
			w.api.KeepEvent() // of which the body is still being written; Lambda's response goes elsewhere
		}
		err = w.stream(inv, prelude, &w.resp, limit)
		w.release(writing, err == nil)
	default:
		body, err := w.readBody(r, lambdaevent.MaxResponse(e.Source))
		w.release(writing, err == nil)
		if err != nil {
			w.failServer(inv, e, err)
			return
		}
		w.response.Write(e, &w.resp, body)
		if w.response.Size() > lambdaevent.MaxResponse(e.Source) {
			w.failServer(inv, e, http1.ErrTooLarge)
			return
		}
		if w.response.Lost != "" {
			w.log.print(levelWarn, w.response.Lost, "requestId", inv.RequestID)
		}
		w.respond(inv)
	}
}

// turnedAway counts requests that did not come by the front, and those from
// addresses that are not allowed.
type turnedAway struct{ byFront, allowed seldom }

// turnAway responds to a client's request that must not reach the server. Anybody
// can send as many of them as they like, so that few are logged.
func (w *worker) turnAway(inv *runtimeapi.Invocation, e *lambdaevent.Event, why lambdaevent.Refusal) {
	text, count := "this address takes requests of its front only", &w.away.byFront
	line := "clients without the front's secret got 403; " + settings.FrontSecrets + " lets in who comes by the front"
	if why == lambdaevent.NotAllowed {
		text, count = "this address takes requests from some networks only", &w.away.allowed
		line = "clients from addresses outside of " + settings.AllowFrom + " got 403"
	}
	if requests := count.due(time.Now()); requests > 0 {
		w.log.print(levelWarn, line, "requestId", inv.RequestID, "requests", requests)
	}
	w.message(inv, e, 403, text)
}

// refuse responds to a client's request for a path that is not for clients, and tells
// whether it did.
func (w *worker) refuse(inv *runtimeapi.Invocation, e *lambdaevent.Event, path []byte) bool {
	text := "this path is for SnapStart only"
	switch w.config.Guard(path) {
	case settings.Open:
		return false
	case settings.PassThrough:
		text = "this path is for events only"
		w.log.print(levelWarn, "a client asked for the path of events that are not HTTP requests and got 403; "+
			"CDKWEB_PASS_THROUGH_FROM_CLIENTS=true lets clients use it", "requestId", inv.RequestID)
	}
	w.message(inv, e, 403, text)
	return true
}

// readBody reads the body of the server's response, with gzip if that is wanted.
func (w *worker) readBody(r *lambdaevent.Request, limit int) ([]byte, error) {
	if w.config.Compression {
		may, takes := lambdaevent.Compressible(r, &w.resp)
		if may {
			lambdaevent.VaryByEncoding(&w.resp)
		}
		if takes {
			return w.gzip.Read(&w.resp, limit)
		}
	}
	var err error
	w.body, err = http1.AppendBody(w.body[:0], &w.resp, limit)
	return w.body, err
}

// maxErrorBody bounds how much of a response goes into an invocation's error.
const maxErrorBody = 128 << 10

// statusFault is the fault of a response with an error status. Its message is
// JSON, so that who invoked the function can read what the server said.
func (w *worker) statusFault() *runtimeapi.Fault {
	text := fmt.Appendf(nil, `{"statusCode":%d,"body":`, w.resp.Status)
	return &runtimeapi.Fault{Kind: faultStatus, Message: string(append(jsontext.AppendString(text, w.body), '}'))}
}

// send sends the request to the web server and reads the head of its response.
// A kept connection may have died while the environment was frozen; then the
// request is sent once more, unless the server may have worked on it.
func (w *worker) send(r *lambdaevent.Request, limit time.Time) (writing chan error, err error) {
	for try := 0; ; try++ {
		if err := w.connect(limit); err != nil {
			return nil, err
		}
		used := w.conn.Used
		w.conn.Used = true
		writing, err := w.conn.Send(&w.resp, r.Method, r.Head, &r.Body)
		if err == nil {
			return writing, nil
		}
		if writeErr := w.release(writing, false); errors.Is(writeErr, http1.ErrBase64) {
			return nil, writeErr
		}
		var none *http1.NoResponseError
		if try > 0 || !used || !errors.As(err, &none) || !isIdempotent(r.Method) {
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
		if !w.conn.Used || time.Since(w.conn.IdleAt) <= w.config.IdleTimeout {
			if !w.conn.Dead() {
				return nil
			}
		}
		w.conn.Close()
	}
	if w.conn, err = http1.Dial(w.config.ServerAddress(), limit); err != nil {
		return err
	}
	return w.conn.SetDeadline(limit)
}

// release keeps the connection for the next request, or closes it if it cannot
// be used again, and waits until the request's body is no longer being written.
// It returns how that ended.
func (w *worker) release(writing chan error, reusable bool) (err error) {
	keep := reusable && w.resp.Keep && w.resp.Done()
	if writing != nil && keep {
		select {
		case err = <-writing:
			writing = nil
			keep = err == nil
		default: // the server responded without reading the whole body
			keep = false
		}
	}
	if keep {
		w.conn.IdleAt = time.Now()
		return nil
	}
	w.conn.Close()
	w.conn = nil
	if writing != nil {
		err = <-writing
	}
	return err
}

// headersError is about a response whose headers are too long to be streamed.
type headersError struct{ size, most int }

func (e *headersError) Error() string {
	return fmt.Sprintf("the response has %d bytes of status and headers, and a REST API that streams takes %d", e.size, e.most)
}

// failServer responds to an invocation for which the server gave no good response.
func (w *worker) failServer(inv *runtimeapi.Invocation, e *lambdaevent.Event, err error) {
	f := &runtimeapi.Fault{Kind: faultInvalid, Message: "the server sent an invalid response: " + err.Error()}
	var none *http1.NoResponseError
	var late *notReadyError
	var headers *headersError
	status := 0
	switch {
	case errors.As(err, &late):
		f = &runtimeapi.Fault{Kind: faultNotReady, Message: err.Error()}
		status = 504
	case http1.IsTimeout(err):
		f = &runtimeapi.Fault{Kind: faultDeadline, Message: "the server did not finish its response before the function's timeout"}
		status = 504
	case err == http1.ErrTooLarge:
		f = &runtimeapi.Fault{Kind: faultTooLarge, Message: fmt.Sprintf("the response is larger than the %d bytes that Lambda or its caller takes",
			lambdaevent.MaxResponse(e.Source))}
		status = 502
	case errors.As(err, &headers):
		f = &runtimeapi.Fault{Kind: faultTooLarge, Message: err.Error()}
		status = 502
	case errors.Is(err, http1.ErrBase64):
		f = malformed(err)
	case errors.Is(err, syscall.ECONNREFUSED):
		f = &runtimeapi.Fault{Kind: faultUnreachable, Message: "the server does not listen any more: " + err.Error()}
	case errors.As(err, &none):
		f = &runtimeapi.Fault{Kind: faultNoResponse, Message: "the server gave no response: " + err.Error()}
	}
	if status == 0 || e.Source == lambdaevent.PassThrough {
		w.fail(inv, f)
		return
	}
	w.log.print(levelError, f.Message, "requestId", inv.RequestID, "errorType", f.Kind)
	if late != nil {
		f.Message = "the server was not ready before the function's timeout" // ports are not the client's business
	}
	w.message(inv, e, status, f.Message)
}

// message responds with a message of the adapter's own.
func (w *worker) message(inv *runtimeapi.Invocation, e *lambdaevent.Event, status int, text string) {
	r, body := lambdaevent.Message(status, text)
	if w.config.Streaming {
		w.stream(inv, lambdaevent.AppendPrelude(nil, r), bytes.NewReader(body), inv.Deadline())
		return
	}
	w.response.Write(e, r, body)
	w.respond(inv)
}

// malformed is the fault of an event that Lambda should not have sent.
func malformed(err error) *runtimeapi.Fault {
	if !errors.Is(err, lambdaevent.ErrMalformed) { // found while the body was being sent
		err = fmt.Errorf("%w: %w", lambdaevent.ErrMalformed, err)
	}
	return &runtimeapi.Fault{Kind: faultMalformed, Message: err.Error()}
}

// stream posts a response as its body comes in, and returns how reading it ended.
func (w *worker) stream(inv *runtimeapi.Invocation, prelude []byte, body io.Reader, limit time.Time) error {
	readErr, err := w.api.Stream(inv, prelude, body, limit, func(err error) *runtimeapi.Fault {
		f := streamFault(err)
		w.log.print(levelError, f.Message, "requestId", inv.RequestID, "errorType", f.Kind)
		return f
	})
	if err != nil {
		w.log.print(levelError, "Lambda did not take the response", "requestId", inv.RequestID, "reason", err.Error())
	}
	return readErr
}

func streamFault(err error) *runtimeapi.Fault {
	if http1.IsTimeout(err) {
		return &runtimeapi.Fault{Kind: faultDeadline, Message: "the server did not finish its response before the function's timeout"}
	}
	return &runtimeapi.Fault{Kind: faultInvalid, Message: "the server's response broke off: " + err.Error()}
}

func (w *worker) respond(inv *runtimeapi.Invocation) {
	if err := w.api.Respond(inv, &w.response); err != nil {
		w.log.print(levelError, "Lambda did not take the response", "requestId", inv.RequestID,
			"reason", err.Error(), "bytes", w.response.Size())
	}
}

func (w *worker) fail(inv *runtimeapi.Invocation, f *runtimeapi.Fault) {
	message := f.Message
	if f.Kind == faultStatus {
		message = fmt.Sprintf("the server's response has the error status %d", w.resp.Status) // without the body
	}
	w.log.print(levelError, message, "requestId", inv.RequestID, "errorType", f.Kind)
	if err := w.api.Fail(inv, f); err != nil {
		w.log.print(levelError, "Lambda did not take the error", "requestId", inv.RequestID, "reason", err.Error())
	}
}
