package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// The Runtime API is how an execution environment gets its invocations; the
// Extensions API is how this process lives in it.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
const (
	runtimePath   = "/2018-06-01/runtime"
	extensionPath = "/2020-01-01/extension"
)

// invocation is one event with what Lambda says about it.
type invocation struct {
	requestID   []byte
	functionARN []byte
	traceID     []byte
	tenantID    []byte
	clientCtx   []byte
	cognito     []byte
	deadlineMS  int64
	event       []byte
}

// deadline is when Lambda ends the invocation, zero if it never does.
func (inv *invocation) deadline() time.Time {
	if inv.deadlineMS <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(inv.deadlineMS)
}

// function is what the environment says about the Lambda function.
type function struct {
	name, version, logGroup, logStream string
	memory                             int
}

// appendContext appends the Lambda context as JSON with the members that AWS
// Lambda Web Adapter sends.
func (inv *invocation) appendContext(dst []byte, f *function) []byte {
	text := func(name string, value []byte) {
		dst = append(append(append(dst, ",\""...), name...), "\":"...)
		if len(value) == 0 {
			dst = append(dst, "null"...)
		} else {
			dst = appendASCII(dst, appendString(nil, value))
		}
	}
	object := func(name string, value []byte) {
		dst = append(append(append(dst, ",\""...), name...), "\":"...)
		if len(value) == 0 || !json.Valid(value) {
			dst = append(dst, "null"...)
		} else {
			dst = appendASCII(dst, value)
		}
	}
	dst = append(dst, `{"request_id":`...)
	dst = appendASCII(dst, appendString(nil, inv.requestID))
	dst = append(dst, `,"deadline":`...)
	dst = strconv.AppendInt(dst, inv.deadlineMS, 10)
	dst = append(dst, `,"invoked_function_arn":`...)
	dst = appendASCII(dst, appendString(nil, inv.functionARN))
	text("xray_trace_id", inv.traceID)
	object("client_context", inv.clientCtx)
	object("identity", inv.cognito)
	dst = append(dst, `,"env_config":{"function_name":`...)
	dst = appendASCII(dst, appendString(nil, f.name))
	dst = append(dst, `,"memory":`...)
	dst = strconv.AppendInt(dst, int64(f.memory), 10)
	dst = append(dst, `,"version":`...)
	dst = appendASCII(dst, appendString(nil, f.version))
	dst = append(dst, `,"log_stream":`...)
	dst = appendASCII(dst, appendString(nil, f.logStream))
	dst = append(dst, `,"log_group":`...)
	dst = appendASCII(dst, appendString(nil, f.logGroup))
	dst = append(dst, '}')
	text("tenant_id", inv.tenantID)
	return append(dst, '}')
}

// apiClient calls one of Lambda's APIs over a connection of its own.
type apiClient struct {
	address string
	conn    *conn
	resp    response
	head    []byte
	body    []byte
}

// statusError is an answer of Lambda's that is not the wanted one.
type statusError struct {
	call   string
	status int
	reason string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("Lambda answered %d to %s: %s", e.status, e.call, e.reason)
}

// call sends a request and reads the whole answer into c.body. A connection
// that turns out to be dead is replaced once.
func (c *apiClient) call(method, path string, header string, body []byte) error {
	c.head = append(c.head[:0], method...)
	c.head = append(append(c.head, ' '), path...)
	c.head = append(append(c.head, " HTTP/1.1\r\nhost: "...), c.address...)
	c.head = append(append(c.head, "\r\n"...), header...)
	if method == "POST" {
		c.head = append(c.head, "content-length: "...)
		c.head = strconv.AppendInt(c.head, int64(len(body)), 10)
		c.head = append(c.head, "\r\n"...)
	}
	c.head = append(c.head, "\r\n"...)
	return c.exchange(method, false, func(conn *conn) error { return conn.write(c.head, body) })
}

// exchange sends a request by calling write, again if the connection is dead
// unless that is to happen once only, and reads the whole answer.
func (c *apiClient) exchange(method string, once bool, write func(*conn) error) error {
	for try := 0; ; try++ {
		err := c.connect()
		if err != nil {
			return err
		}
		used := c.conn.used
		c.conn.used = true
		c.conn.SetDeadline(time.Time{}) // a stream may have left one
		writeErr := write(c.conn)
		err = c.resp.read(c.conn, []byte(method))
		if err == nil {
			c.body, err = appendBody(c.body[:0], &c.resp, -1)
		}
		if err == nil && c.resp.keep && writeErr == nil {
			return nil
		}
		c.close()
		if err == nil {
			return nil
		}
		if writeErr != nil {
			err = writeErr
		}
		var dead *noAnswerError
		if once || !used || try > 0 || !(writeErr != nil || errors.As(err, &dead)) {
			return err
		}
	}
}

func (c *apiClient) connect() (err error) {
	if c.conn != nil && c.conn.dead() {
		c.close()
	}
	if c.conn == nil {
		c.conn, err = dial(c.address, time.Now().Add(5*time.Second))
	}
	return err
}

func (c *apiClient) close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// failed makes an error of an answer other than 2xx.
func (c *apiClient) failed(call string) error {
	if c.resp.status/100 == 2 {
		return nil
	}
	var reason struct{ ErrorType, ErrorMessage string }
	json.Unmarshal(c.body, &reason)
	if reason.ErrorType == "" {
		reason.ErrorType = "no reason given"
	}
	return &statusError{call, c.resp.status, strings.TrimRight(reason.ErrorType+", "+reason.ErrorMessage, ", ")}
}

// next waits for the next invocation. The invocation's event is good until the
// call after that.
func (c *apiClient) next(inv *invocation) error {
	if err := c.call("GET", runtimePath+"/invocation/next", "", nil); err != nil {
		return err
	}
	if err := c.failed("next"); err != nil {
		return err
	}
	*inv = invocation{event: c.body}
	for _, f := range c.resp.fields {
		switch {
		case equalFold(f.name, "lambda-runtime-aws-request-id"):
			inv.requestID = bytes.Clone(f.value)
		case equalFold(f.name, "lambda-runtime-deadline-ms"):
			inv.deadlineMS, _ = strconv.ParseInt(string(f.value), 10, 64)
		case equalFold(f.name, "lambda-runtime-invoked-function-arn"):
			inv.functionARN = bytes.Clone(f.value)
		case equalFold(f.name, "lambda-runtime-trace-id"):
			inv.traceID = bytes.Clone(f.value)
		case equalFold(f.name, "lambda-runtime-aws-tenant-id"):
			inv.tenantID = bytes.Clone(f.value)
		case equalFold(f.name, "lambda-runtime-client-context"):
			inv.clientCtx = bytes.Clone(f.value)
		case equalFold(f.name, "lambda-runtime-cognito-identity"):
			inv.cognito = bytes.Clone(f.value)
		}
	}
	if len(inv.requestID) == 0 {
		return errors.New("the invocation has no request id")
	}
	return nil
}

// postHead begins the request that carries the answer to an invocation.
func (c *apiClient) postHead(inv *invocation) []byte {
	c.head = append(c.head[:0], "POST "+runtimePath+"/invocation/"...)
	c.head = append(append(c.head, inv.requestID...), "/response HTTP/1.1\r\nhost: "...)
	return append(append(c.head, c.address...), "\r\n"...)
}

// respond posts the answer to an invocation.
func (c *apiClient) respond(inv *invocation, a *answer) error {
	c.head = append(c.postHead(inv), "content-type: application/json\r\ncontent-length: "...)
	c.head = strconv.AppendInt(c.head, int64(a.size()), 10)
	c.head = append(c.head, "\r\n\r\n"...)
	err := c.exchange("POST", false, func(conn *conn) error { return a.writeTo(conn, c.head) })
	if err != nil {
		return err
	}
	return c.failed("response")
}

// fault is an error in the words of Lambda's error calls.
type fault struct {
	kind    string // the error type, such as Adapter.ServerUnreachable
	message string
}

func (f *fault) Error() string { return f.message }

func (f *fault) appendJSON(dst []byte) []byte {
	dst = append(dst, `{"errorType":`...)
	dst = appendString(dst, f.kind)
	dst = append(dst, `,"errorMessage":`...)
	dst = appendString(dst, f.message)
	return append(dst, `,"stackTrace":[]}`...)
}

// fail posts a fault to one of the error calls.
func (c *apiClient) fail(path string, f *fault, header string) error {
	kind := "lambda-runtime-function-error-type: "
	if strings.HasPrefix(path, extensionPath) {
		kind = "lambda-extension-function-error-type: "
	}
	header += kind + f.kind + "\r\ncontent-type: application/json\r\n"
	if err := c.call("POST", path, header, f.appendJSON(nil)); err != nil {
		return err
	}
	return c.failed(path)
}

// invocationError posts a fault as an invocation's outcome.
func (c *apiClient) invocationError(inv *invocation, f *fault) error {
	return c.fail(runtimePath+"/invocation/"+string(inv.requestID)+"/error", f, "")
}

// appendBody appends a response's body to dst. A limit of 0 or more bounds it;
// a longer body gives errTooLarge.
func appendBody(dst []byte, r *response, limit int) ([]byte, error) {
	start := len(dst)
	if r.length > 0 {
		if limit >= 0 && r.length > int64(limit) {
			return dst, errTooLarge
		}
		if r.length > maxTrusted {
			return dst, errTooLarge
		}
		dst = grow(dst, int(r.length))
	}
	for {
		if len(dst) == cap(dst) {
			if r.body == bodyDone {
				return dst, nil
			}
			dst = grow(dst, max(readSize, len(dst)))
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
			return dst, errTooLarge
		}
	}
}

// maxTrusted is the largest content-length for which memory is set aside at
// once. Lambda's events and answers are bounded at 6 MB.
const maxTrusted = 64 << 20

var errTooLarge = errors.New("the body is too large")

// grow makes room for n more bytes. It does not round up as append does: a
// buffer of megabytes is as large as the largest body so far, not twice that.
func grow(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	larger := make([]byte, len(b), len(b)+n)
	copy(larger, b)
	return larger
}
