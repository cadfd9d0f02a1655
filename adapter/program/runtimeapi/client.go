package runtimeapi

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

// The two APIs, below the address in AWS_LAMBDA_RUNTIME_API.
const (
	runtimePath   = "/2018-06-01/runtime"
	extensionPath = "/2020-01-01/extension"
)

// Client calls one of Lambda's APIs over a connection of its own.
type Client struct {
	Address string

	conn  *http1.Conn
	resp  http1.Response
	head  []byte
	body  []byte
	piece []byte // of a stream
}

// Tries is how often a call that waits is made again after a failure. Lambda's
// documentation wants a runtime to end after a 500, so this is not many.
const Tries = 5

// RetryPause is the time between two tries.
func RetryPause(failures int) time.Duration {
	return time.Duration(failures*failures) * 20 * time.Millisecond
}

// statusError is a response of Lambda's other than the wanted one.
type statusError struct {
	call   string
	status int
	reason string
}

func (e *statusError) Error() string {
	return fmt.Sprintf("Lambda responded with %d to %s: %s", e.status, e.call, e.reason)
}

// call sends a request and reads the whole response into c.body. A connection
// that turns out to be dead is replaced once.
func (c *Client) call(method, path string, header string, body []byte) error {
	c.head = append(c.head[:0], method...)
	c.head = append(append(c.head, ' '), path...)
	c.head = append(append(c.head, " HTTP/1.1\r\nhost: "...), c.Address...)
	c.head = append(append(c.head, "\r\n"...), header...)
	if method == "POST" {
		c.head = append(c.head, "content-length: "...)
		c.head = strconv.AppendInt(c.head, int64(len(body)), 10)
		c.head = append(c.head, "\r\n"...)
	}
	c.head = append(c.head, "\r\n"...)
	return c.exchange(method, false, func(conn *http1.Conn) error { return conn.WriteBoth(c.head, body) })
}

// exchange sends a request by calling write, again if the connection is dead
// unless that is to happen once only, and reads the whole response.
func (c *Client) exchange(method string, once bool, write func(*http1.Conn) error) error {
	for try := 0; ; try++ {
		err := c.connect()
		if err != nil {
			return err
		}
		used := c.conn.Used
		c.conn.Used = true
		c.conn.SetDeadline(time.Time{}) // a stream may have left one
		writeErr := write(c.conn)
		err = c.resp.ReadHead(c.conn, []byte(method))
		if err == nil {
			c.body, err = http1.AppendBody(c.body[:0], &c.resp, -1)
		}
		if err == nil && c.resp.Keep && writeErr == nil {
			return nil
		}
		c.Close()
		if err == nil {
			return nil
		}
		if writeErr != nil {
			err = writeErr
		}
		var dead *http1.NoResponseError
		if once || !used || try > 0 || !(writeErr != nil || errors.As(err, &dead)) {
			return err
		}
	}
}

func (c *Client) connect() (err error) {
	if c.conn != nil && c.conn.Dead() {
		c.Close()
	}
	if c.conn == nil {
		c.conn, err = http1.Dial(c.Address, time.Now().Add(5*time.Second))
	}
	return err
}

// Close ends the connection; the next call makes a new one.
func (c *Client) Close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// failed makes an error of a response other than 2xx.
func (c *Client) failed(call string) error {
	if c.resp.Status/100 == 2 {
		return nil
	}
	kind, message := "no reason given", ""
	if jsontext.Valid(c.body) {
		jsontext.EachMember(c.body, func(key, value []byte) error { // an error means that it is no object
			switch string(key) {
			case "errorType":
				kind = cmp.Or(jsontext.String(value), kind)
			case "errorMessage":
				message = jsontext.String(value)
			}
			return nil
		})
	}
	return &statusError{call, c.resp.Status, strings.TrimRight(kind+", "+message, ", ")}
}

// Next waits for the next invocation. The invocation's event is good until the
// call after that.
func (c *Client) Next(inv *Invocation) error {
	if err := c.call("GET", runtimePath+"/invocation/next", "", nil); err != nil {
		return err
	}
	if err := c.failed("next"); err != nil {
		return err
	}
	*inv = Invocation{Event: c.body}
	for _, f := range c.resp.Fields {
		switch {
		case ascii.EqualFold(f.Name, "lambda-runtime-aws-request-id"):
			inv.RequestID = bytes.Clone(f.Value)
		case ascii.EqualFold(f.Name, "lambda-runtime-deadline-ms"):
			inv.DeadlineMS, _ = strconv.ParseInt(string(f.Value), 10, 64)
		case ascii.EqualFold(f.Name, "lambda-runtime-invoked-function-arn"):
			inv.FunctionARN = bytes.Clone(f.Value)
		case ascii.EqualFold(f.Name, "lambda-runtime-trace-id"):
			inv.TraceID = bytes.Clone(f.Value)
		case ascii.EqualFold(f.Name, "lambda-runtime-aws-tenant-id"):
			inv.TenantID = bytes.Clone(f.Value)
		case ascii.EqualFold(f.Name, "lambda-runtime-client-context"):
			inv.ClientContext = bytes.Clone(f.Value)
		case ascii.EqualFold(f.Name, "lambda-runtime-cognito-identity"):
			inv.Cognito = bytes.Clone(f.Value)
		}
	}
	if len(inv.RequestID) == 0 {
		return errors.New("the invocation has no request id")
	}
	return nil
}

// KeepEvent keeps the last event's memory from being used for Lambda's next
// response.
func (c *Client) KeepEvent() { c.body = nil }

// RestoreNext waits until an environment is restored from the snapshot that
// Lambda takes while this call waits.
func (c *Client) RestoreNext() error {
	if err := c.call("GET", runtimePath+"/restore/next", "", nil); err != nil {
		return err
	}
	return c.failed("restore/next")
}

// Post posts JSON, or nothing, to a path of any server, and returns the status.
func (c *Client) Post(path string, json []byte) (status int, err error) {
	header := ""
	if json != nil {
		header = "content-type: application/json\r\n"
	}
	if err := c.call("POST", path, header, json); err != nil {
		return 0, err
	}
	return c.resp.Status, nil
}

// postHead begins the request that carries the response to an invocation.
func (c *Client) postHead(inv *Invocation) []byte {
	c.head = append(c.head[:0], "POST "+runtimePath+"/invocation/"...)
	c.head = append(append(c.head, inv.RequestID...), "/response HTTP/1.1\r\nhost: "...)
	return append(append(c.head, c.Address...), "\r\n"...)
}

// Payload is the response to an invocation, as far as it matters here.
type Payload interface {
	Size() int
	SendTo(c *http1.Conn, head []byte) error
}

// Respond posts the response to an invocation.
func (c *Client) Respond(inv *Invocation, p Payload) error {
	c.head = append(c.postHead(inv), "content-type: application/json\r\ncontent-length: "...)
	c.head = strconv.AppendInt(c.head, int64(p.Size()), 10)
	c.head = append(c.head, "\r\n\r\n"...)
	err := c.exchange("POST", false, func(conn *http1.Conn) error { return p.SendTo(conn, c.head) })
	if err != nil {
		return err
	}
	return c.failed("response")
}

// fail posts a fault to one of the error calls.
func (c *Client) fail(path string, f *Fault, header string) error {
	kind := "lambda-runtime-function-error-type: "
	if strings.HasPrefix(path, extensionPath) {
		kind = "lambda-extension-function-error-type: "
	}
	header += kind + f.Kind + "\r\ncontent-type: application/json\r\n"
	if err := c.call("POST", path, header, f.appendJSON(nil)); err != nil {
		return err
	}
	return c.failed(path)
}

// FailInit tells Lambda why the function's own process does not start.
func (c *Client) FailInit(f *Fault) error { return c.fail(runtimePath+"/init/error", f, "") }

// Fail posts a fault as an invocation's outcome.
func (c *Client) Fail(inv *Invocation, f *Fault) error {
	return c.fail(runtimePath+"/invocation/"+string(inv.RequestID)+"/error", f, "")
}
