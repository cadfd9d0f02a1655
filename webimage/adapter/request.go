package main

import (
	"bytes"
	"fmt"
	"strconv"
)

// requestWriter turns events into the heads of HTTP/1.1 requests. Its buffers
// are used again for the next event.
type requestWriter struct {
	config *config

	head   []byte
	fields []field
	cookie []byte
}

// request is what goes to the web server.
type request struct {
	method []byte
	path   []byte // as in the request line, without the query
	head   []byte
	body   payload
	fields []field
}

// write makes the request for an event.
func (w *requestWriter) write(e *event, inv *invocation) (*request, error) {
	body, err := e.payload()
	if err != nil {
		return nil, err
	}
	r := &request{body: body}
	w.fields, w.cookie = w.fields[:0], w.cookie[:0]
	if r.method, err = w.method(e); err != nil {
		return nil, err
	}
	if err := w.collect(e); err != nil {
		return nil, malformed(err)
	}
	r.fields = w.fields

	w.head = append(append(w.head[:0], r.method...), ' ')
	start := len(w.head)
	if err := w.target(e); err != nil {
		return nil, malformed(err)
	}
	r.path, _, _ = bytes.Cut(w.head[start:], []byte("?"))
	w.head = append(w.head, " HTTP/1.1\r\n"...)
	w.headers(e, inv)
	if body.size() > 0 || expectsBody(r.method) || w.has("content-length") {
		w.head = append(w.head, "content-length: "...)
		w.head = strconv.AppendInt(w.head, int64(body.size()), 10)
		w.head = append(w.head, "\r\n"...)
	}
	w.head = append(w.head, "\r\n"...)
	r.head = w.head
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

func (w *requestWriter) method(e *event) ([]byte, error) {
	if e.source == passThrough {
		return []byte("POST"), nil
	}
	text := e.httpMethod
	if e.source == payload2 {
		text = e.contextMethod
	}
	method, err := w.text(text)
	if err != nil || !isToken(method) {
		return nil, fmt.Errorf("%w: the method is no HTTP method", errMalformed)
	}
	return method, nil
}

// text returns a JSON string decoded. Without escapes it is a piece of the event.
func (w *requestWriter) text(text []byte) ([]byte, error) {
	s, ok := inside(text)
	if !ok {
		return nil, fmt.Errorf("%w: a string is missing", errMalformed)
	}
	if bytes.IndexByte(s, '\\') < 0 {
		return s, nil
	}
	return unescape(bytes.Clone(s))
}

// target appends the path and the query.
func (w *requestWriter) target(e *event) error {
	if e.source == passThrough {
		w.head = append(w.head, w.config.passThroughPath...)
		return nil
	}
	text := e.path
	if e.source == payload2 {
		text = e.rawPath
	}
	var path []byte
	if !isNull(text) {
		var err error
		if path, err = w.text(text); err != nil {
			return err
		}
	}
	path = trimBasePath(path, w.config.basePath)
	if len(path) == 0 || path[0] != '/' {
		w.head = append(w.head, '/')
	}
	w.head = appendEncoded(w.head, path, &pathByte, true)
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

func (w *requestWriter) query(e *event) error {
	if e.source == payload2 {
		if isNull(e.rawQueryString) {
			return nil
		}
		raw, err := w.text(e.rawQueryString)
		if err != nil || len(raw) == 0 {
			return err
		}
		w.head = append(w.head, '?')
		w.head = appendEncoded(w.head, raw, &queryByte, false)
		return nil
	}

	// API Gateway decodes the names and values of a query, a load balancer does
	// not; so the first are encoded and the second are only made safe.
	keep := &unreservedByte
	if e.source == alb {
		keep = &parameterByte
	}
	separator := byte('?')
	add := func(name, value []byte) error {
		v, err := w.text(value)
		if err != nil {
			return fmt.Errorf("%w: query", errMalformed)
		}
		if name, err = unescape(bytes.Clone(name)); err != nil {
			return fmt.Errorf("%w: query", errMalformed)
		}
		w.head = append(w.head, separator)
		separator = '&'
		w.head = appendEncoded(w.head, name, keep, false)
		w.head = append(w.head, '=')
		w.head = appendEncoded(w.head, v, keep, false)
		return nil
	}
	if !isNull(e.multiValueQueryStrings) {
		return eachMember(e.multiValueQueryStrings, func(name, values []byte) error {
			return eachElement(values, func(value []byte) error { return add(name, value) })
		})
	}
	return eachMember(e.queryStringParameters, add)
}

// The bytes that stay as they are. What is missing can never be in an encoded
// path or query, so it is encoded and nothing is encoded twice, whether the
// event's source decoded the path (HTTP API) or not (all others).
var (
	pathByte       = bytesExcept("\"#<>?\\^`{|}")
	queryByte      = bytesExcept("\"#<>\\^`{|}")
	parameterByte  = bytesExcept("\"#<>\\^`{|}&")
	unreservedByte = bytesOf("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") // RFC 3986, 2.3
)

// bytesExcept marks printable ASCII without some.
func bytesExcept(chars string) (table [256]bool) {
	for c := '!'; c <= '~'; c++ {
		table[c] = bytes.IndexByte([]byte(chars), byte(c)) < 0
	}
	return table
}

func bytesOf(chars string) (table [256]bool) {
	for _, c := range []byte(chars) {
		table[c] = true
	}
	return table
}

// appendEncoded appends text with every byte encoded that keep does not mark.
// With percent, a % that does not begin an encoded byte is encoded too.
func appendEncoded(dst, text []byte, keep *[256]bool, percent bool) []byte {
	const upper = "0123456789ABCDEF"
	for i, c := range text {
		ok := keep[c]
		if ok && c == '%' && percent {
			ok = i+2 < len(text) && unhex(text[i+1]) >= 0 && unhex(text[i+2]) >= 0
		}
		if ok {
			dst = append(dst, c)
		} else {
			dst = append(dst, '%', upper[c>>4], upper[c&15])
		}
	}
	return dst
}

// collect gathers the client's headers.
func (w *requestWriter) collect(e *event) error {
	if e.source == passThrough {
		return nil
	}
	add := func(name, value []byte) error {
		if isNull(value) {
			return nil
		}
		v, err := w.text(value)
		if err != nil {
			return fmt.Errorf("%w: header", errMalformed)
		}
		if !isToken(name) {
			return fmt.Errorf("%w: a header's name is no token", errMalformed)
		}
		w.fields = append(w.fields, field{name, v})
		return nil
	}
	err := eachMember(e.multiValueHeaders, func(name, values []byte) error {
		return eachElement(values, func(value []byte) error { return add(name, value) })
	})
	if err != nil {
		return err
	}
	// The single values of payload 1.0 are the last ones of the multi-value
	// headers, which are complete; what only stands here counts all the same.
	multi := len(w.fields)
	err = eachMember(e.headers, func(name, value []byte) error {
		for _, f := range w.fields[:multi] {
			if bytes.EqualFold(f.name, name) {
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
	if e.source == payload2 {
		err = eachElement(e.cookies, func(value []byte) error {
			cookie, err := w.text(value)
			join(cookie)
			return err
		})
		if err != nil {
			return fmt.Errorf("%w: cookies", errMalformed)
		}
	}
	if len(w.cookie) == 0 {
		for _, f := range w.fields {
			if equalFold(f.name, "cookie") {
				join(f.value)
			}
		}
	}
	return nil
}

func (w *requestWriter) has(name string) bool {
	for _, f := range w.fields {
		if equalFold(f.name, name) {
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

// dropped tells which of the client's headers do not reach the server: those
// that belong to one connection (RFC 9110, 7.6.1), the framing of the body,
// which the adapter does anew, and those that it owns. An underscore counts as
// a hyphen, as it does for servers that make variables of headers (CGI, WSGI).
func dropped(name []byte) bool {
	var lower [32]byte
	if len(name) > len(lower) {
		return false
	}
	for i, c := range name {
		lower[i] = lowerByte(c)
		if c == '_' {
			lower[i] = '-'
		}
	}
	switch string(lower[:len(name)]) {
	case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
		"content-length", "expect",
		"host", "cookie", // written apart
		requestContextHeader, lambdaContextHeader, traceHeader, tenantHeader:
		return true
	}
	return false
}

func (w *requestWriter) headers(e *event, inv *invocation) {
	host := []byte(w.config.serverAddress())
	var authorization []byte
	for _, f := range w.fields {
		if equalFold(f.name, "host") && len(f.value) > 0 {
			host = f.value
		}
		if w.config.authorizationSource != "" && equalFold(f.name, w.config.authorizationSource) {
			authorization = f.value
		}
	}
	w.line("host", host)
	for _, f := range w.fields {
		switch {
		case dropped(f.name) || w.nominated(f.name):
		case authorization != nil && (equalFold(f.name, "authorization") || equalFold(f.name, w.config.authorizationSource)):
		default:
			w.line(string(f.name), f.value)
		}
	}
	if authorization != nil {
		w.line("authorization", authorization)
	}
	if len(w.cookie) > 0 {
		w.line("cookie", w.cookie)
	}
	if e.source == passThrough {
		w.head = append(w.head, "content-type: application/json\r\n"...)
	}
	if !isNull(e.requestContext) && e.source != passThrough {
		w.head = append(w.head, requestContextHeader+": "...)
		w.head = appendASCII(w.head, e.requestContext)
		w.head = append(w.head, "\r\n"...)
	}
	w.head = append(w.head, lambdaContextHeader+": "...)
	w.head = inv.appendContext(w.head, &w.config.function)
	w.head = append(w.head, "\r\n"...)
	if len(inv.traceID) > 0 {
		w.line(traceHeader, inv.traceID)
	}
	if len(inv.tenantID) > 0 {
		w.line(tenantHeader, inv.tenantID)
	}
}

// nominated tells whether the client's Connection header names the header.
func (w *requestWriter) nominated(name []byte) bool {
	found := false
	for _, f := range w.fields {
		if equalFold(f.name, "connection") {
			eachToken(f.value, func(token []byte) { found = found || bytes.EqualFold(token, name) })
		}
	}
	return found
}

// line appends a header. Control characters, which could end the line and which
// servers refuse, become spaces (RFC 9110, 5.5).
func (w *requestWriter) line(name string, value []byte) {
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
