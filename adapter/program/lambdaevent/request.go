package lambdaevent

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// RequestWriter turns events into the heads of HTTP/1.1 requests. Its buffers
// are used again for the next event.
type RequestWriter struct {
	Config *settings.Config

	head   []byte
	fields []http1.Field
	cookie []byte

	verified bool   // the request has come through the front
	client   []byte // whose address is allowed, nil if all are
}

// Request is what goes to the web server.
type Request struct {
	Method []byte
	Path   []byte // as in the request line, without the query
	Head   []byte
	Body   http1.Body

	// Refusal says why the server must not get the request, of which the rest is
	// missing then.
	Refusal Refusal

	fields []http1.Field // the client's
}

// Write makes the request for an event.
func (w *RequestWriter) Write(e *Event, inv *runtimeapi.Invocation) (*Request, error) {
	body, err := e.payload()
	if err != nil {
		return nil, err
	}
	r := &Request{Body: body}
	w.fields, w.cookie = w.fields[:0], w.cookie[:0]
	if r.Method, err = w.method(e); err != nil {
		return nil, err
	}
	if err := w.collect(e); err != nil {
		return nil, malformed(err)
	}
	r.fields = w.fields
	if r.Refusal = w.admit(e); r.Refusal != Admitted {
		return r, nil
	}

	w.head = append(append(w.head[:0], r.Method...), ' ')
	start := len(w.head)
	if err := w.target(e); err != nil {
		return nil, malformed(err)
	}
	r.Path, _, _ = bytes.Cut(w.head[start:], []byte("?"))
	w.head = append(w.head, " HTTP/1.1\r\n"...)
	w.headers(e, inv)
	if body.Size() > 0 || expectsBody(r.Method) || w.has("content-length") {
		w.head = append(w.head, "content-length: "...)
		w.head = strconv.AppendInt(w.head, int64(body.Size()), 10)
		w.head = append(w.head, "\r\n"...)
	}
	w.head = append(w.head, "\r\n"...)
	r.Head = w.head
	return r, nil
}

// expectsBody tells for which methods a missing body is said to be empty
// (RFC 9110, 8.6).
func expectsBody(method []byte) bool {
	switch string(method) {
	case "POST", "PUT", "PATCH":
		return true
	}
	return false
}

func (w *RequestWriter) method(e *Event) ([]byte, error) {
	if e.Source == PassThrough {
		return []byte("POST"), nil
	}
	text := e.httpMethod
	if e.Source == Payload2 {
		text = e.contextMethod
	}
	method, err := w.text(text)
	if err != nil || !ascii.IsToken(method) {
		return nil, fmt.Errorf("%w: the method is no HTTP method", ErrMalformed)
	}
	return method, nil
}

// text returns a JSON string decoded. Without escapes it is a piece of the event.
func (w *RequestWriter) text(text []byte) ([]byte, error) {
	s, ok := jsontext.Inside(text)
	if !ok {
		return nil, fmt.Errorf("%w: a string is missing", ErrMalformed)
	}
	if bytes.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	return jsontext.Unescape(bytes.Clone(s))
}

// target appends the path and the query.
func (w *RequestWriter) target(e *Event) error {
	if e.Source == PassThrough {
		w.head = append(w.head, w.Config.PassThroughPath...)
		return nil
	}
	text := e.path
	if e.Source == Payload2 {
		text = e.rawPath
	}
	var path []byte
	if !jsontext.IsNull(text) {
		var err error
		if path, err = w.text(text); err != nil {
			return err
		}
	}
	path = trimBasePath(path, w.Config.BasePath)
	if len(path) == 0 || path[0] != '/' {
		w.head = append(w.head, '/')
	}
	w.head = appendEncoded(w.head, path, &ascii.Path, true)
	return w.query(e)
}

// trimBasePath removes whole leading segments, once: base /api leaves /apiv2
// alone.
func trimBasePath(path []byte, base string) []byte {
	rest, ok := bytes.CutPrefix(path, []byte(base))
	if ok && (len(rest) == 0 || rest[0] == '/') {
		return rest
	}
	return path
}

func (w *RequestWriter) query(e *Event) error {
	if e.Source == Payload2 {
		if jsontext.IsNull(e.rawQueryString) {
			return nil
		}
		raw, err := w.text(e.rawQueryString)
		if err != nil || len(raw) == 0 {
			return err
		}
		w.head = append(w.head, '?')
		w.head = appendEncoded(w.head, raw, &ascii.Query, false)
		return nil
	}

	// API Gateway decodes the names and values of a query, a load balancer does
	// not; so the first are encoded and the second are only made safe.
	keep := &ascii.Unreserved
	if e.Source == ALB {
		keep = &ascii.Parameter
	}
	separator := byte('?')
	add := func(name, value []byte) error {
		v, err := w.text(value)
		if err != nil {
			return fmt.Errorf("%w: query", ErrMalformed)
		}
		if name, err = jsontext.Unescape(bytes.Clone(name)); err != nil {
			return fmt.Errorf("%w: query", ErrMalformed)
		}
		w.head = append(w.head, separator)
		separator = '&'
		w.head = appendEncoded(w.head, name, keep, false)
		w.head = append(w.head, '=')
		w.head = appendEncoded(w.head, v, keep, false)
		return nil
	}
	if !jsontext.IsNull(e.multiValueQueryStrings) {
		return jsontext.EachMember(e.multiValueQueryStrings, func(name, values []byte) error {
			return jsontext.EachElement(values, func(value []byte) error { return add(name, value) })
		})
	}
	return jsontext.EachMember(e.queryStringParameters, add)
}

// appendEncoded appends text with every byte encoded that keep does not mark.
// With percent, a % that does not begin an encoded byte is encoded too.
func appendEncoded(dst, text []byte, keep *[256]bool, percent bool) []byte {
	const upper = "0123456789ABCDEF"
	for i, c := range text {
		ok := keep[c]
		if ok && c == '%' && percent {
			ok = i+2 < len(text) && ascii.Unhex(text[i+1]) >= 0 && ascii.Unhex(text[i+2]) >= 0
		}
		if ok {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upper[c>>4], upper[c&15])
		}
	}
	return dst
}

// maxHeaders bounds the headers of an event. API Gateway and load balancers take
// 10 to 64 KB of them; headers are compared with each other, so that their
// number counts twice.
const maxHeaders = 1000

// collect gathers the client's headers.
func (w *RequestWriter) collect(e *Event) error {
	if e.Source == PassThrough {
		return nil
	}
	add := func(name, value []byte) error {
		if jsontext.IsNull(value) {
			return nil
		}
		v, err := w.text(value)
		if err != nil {
			return fmt.Errorf("%w: header", ErrMalformed)
		}
		if !ascii.IsToken(name) {
			return fmt.Errorf("%w: a header's name is no token", ErrMalformed)
		}
		if len(w.fields) == maxHeaders {
			return fmt.Errorf("%w: it has more than %d headers", ErrMalformed, maxHeaders)
		}
		w.fields = append(w.fields, http1.Field{Name: name, Value: v})
		return nil
	}
	err := jsontext.EachMember(e.multiValueHeaders, func(name, values []byte) error {
		return jsontext.EachElement(values, func(value []byte) error { return add(name, value) })
	})
	if err != nil {
		return err
	}
	// The single values of payload 1.0 are the last ones of the multi-value
	// headers, which are complete; what only stands here counts all the same.
	multi := len(w.fields)
	err = jsontext.EachMember(e.headers, func(name, value []byte) error {
		for _, f := range w.fields[:multi] {
			if bytes.EqualFold(f.Name, name) {
				return nil
			}
		}
		return add(name, value)
	})
	if err != nil {
		return err
	}
	// Payload 2.0 carries the cookies apart; else repeated headers are joined,
	// as HTTP/1.1 wants one (RFC 9113, 8.2.3).
	join := func(cookie []byte) {
		if len(w.cookie) > 0 {
			w.cookie = append(w.cookie, "; "...)
		}
		w.cookie = append(w.cookie, cookie...)
	}
	if e.Source == Payload2 {
		err = jsontext.EachElement(e.cookies, func(value []byte) error {
			cookie, err := w.text(value)
			join(cookie)
			return err
		})
		if err != nil {
			return fmt.Errorf("%w: cookies", ErrMalformed)
		}
	}
	if len(w.cookie) == 0 {
		for _, f := range w.fields {
			if ascii.EqualFold(f.Name, "cookie") {
				join(f.Value)
			}
		}
	}
	return nil
}

func (w *RequestWriter) has(name string) bool {
	for _, f := range w.fields {
		if ascii.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// The headers that only the adapter may set.
const (
	requestContextHeader = "x-amzn-request-context"
	lambdaContextHeader  = "x-amzn-lambda-context"
	traceHeader          = "x-amzn-trace-id"
	tenantHeader         = "x-amz-tenant-id"
)

// normalized is a header's name in lower case, in memory of its own. An
// underscore counts as a hyphen, as it does for servers that make variables of
// headers (CGI, WSGI). Of a long name it is the beginning.
type normalized [32]byte

func (n *normalized) of(name []byte) []byte {
	length := min(len(name), len(n))
	for i, c := range name[:length] {
		n[i] = ascii.Lower(c)
		if c == '_' {
			n[i] = '-'
		}
	}
	return n[:length]
}

// dropped tells which of the client's headers do not reach the server: those
// that belong to one connection (RFC 9110, 7.6.1), the framing of the body,
// which the adapter does anew, and those that it owns. The name is normalized.
func dropped(name []byte) bool {
	switch string(name) {
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
		"content-length", "expect",
		"host", "cookie", // written apart
		requestContextHeader, lambdaContextHeader, traceHeader, tenantHeader:
		return true
	}
	return false
}

func (w *RequestWriter) headers(e *Event, inv *runtimeapi.Invocation) {
	var host, authorization []byte
	for _, f := range w.fields {
		if ascii.EqualFold(f.Name, "host") && len(f.Value) > 0 {
			host = f.Value
		}
		if w.Config.AuthorizationSource != "" && ascii.EqualFold(f.Name, w.Config.AuthorizationSource) {
			authorization = f.Value
		}
	}
	if host != nil {
		w.line("host", host)
	} else {
		w.line("host", []byte(w.Config.ServerAddress()))
	}
	var n normalized
	for _, f := range w.fields {
		name := n.of(f.Name)
		switch {
		case dropped(name) || w.verified && string(name) == frontHeader || withheld(&w.Config.Forwarded, f, name) || w.nominated(f.Name):
		case authorization != nil && (ascii.EqualFold(f.Name, "authorization") || ascii.EqualFold(f.Name, w.Config.AuthorizationSource)):
		default:
			w.line(string(f.Name), f.Value)
		}
	}
	if authorization != nil {
		w.line("authorization", authorization)
	}
	if len(w.cookie) > 0 {
		w.line("cookie", w.cookie)
	}
	w.forwarded(e, host)
	if e.Source == PassThrough {
		w.head = append(w.head, "content-type: application/json\r\n"...)
	}
	if !jsontext.IsNull(e.requestContext) && e.Source != PassThrough {
		w.head = append(w.head, requestContextHeader+": "...)
		w.head = jsontext.AppendASCII(w.head, e.requestContext)
		w.head = append(w.head, "\r\n"...)
	}
	w.head = append(w.head, lambdaContextHeader+": "...)
	w.head = inv.AppendContext(w.head, &w.Config.Function)
	w.head = append(w.head, "\r\n"...)
	if len(inv.TraceID) > 0 {
		w.line(traceHeader, inv.TraceID)
	}
	if len(inv.TenantID) > 0 {
		w.line(tenantHeader, inv.TenantID)
	}
}

// nominated tells whether the client's Connection header names the header.
func (w *RequestWriter) nominated(name []byte) bool {
	found := false
	for _, f := range w.fields {
		if ascii.EqualFold(f.Name, "connection") {
			ascii.EachMember(f.Value, func(token []byte) { found = found || bytes.EqualFold(token, name) })
		}
	}
	return found
}

// line appends a header. Control characters, which could end the line and which
// servers refuse, become spaces (RFC 9110, 5.5).
func (w *RequestWriter) line(name string, value []byte) {
	w.head = append(append(w.head, name...), ": "...)
	start := len(w.head)
	w.head = append(w.head, value...)
	for i, c := range w.head[start:] {
		if c < ' ' && c != '\t' || c == 0x7F {
			w.head[start+i] = ' '
		}
	}
	w.head = append(w.head, "\r\n"...)
}
