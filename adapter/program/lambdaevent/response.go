package lambdaevent

import (
	"bytes"
	"encoding/base64"
	"strconv"
	"unicode/utf8"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

const (
	// maxPayload is what Lambda takes as a response: 6 MiB and 100 bytes, as its
	// own error message says ("Exceeded maximum allowed payload size (6291556
	// bytes)").
	maxPayload = 6<<20 + 100

	// maxALBPayload is what a load balancer takes from Lambda.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
	maxALBPayload = 1 << 20
)

// MaxResponse is how many bytes of JSON the caller of a source takes.
func MaxResponse(s Source) int {
	if s == ALB {
		return maxALBPayload
	}
	return maxPayload
}

// maxPrelude is how far a REST API reads for the end of a prelude: API Gateway
// developer guide, "Set up a Lambda proxy integration with payload response
// streaming".
const maxPrelude = 16 << 10

// MaxPrelude is how many bytes may stand before a streamed body, with their end;
// 0 if no document names a limit.
func MaxPrelude(s Source) int {
	if s == Payload1 {
		return maxPrelude
	}
	return 0
}

// Response is the JSON that Lambda gets: a text in front, then maybe bytes to be
// written as base64 on the way out, then the end of the text.
type Response struct {
	front  []byte
	binary []byte
	end    string
	chunk  []byte
	Lost   string // what the source cannot carry, for the log
}

func (a *Response) reset() {
	a.front, a.binary, a.end, a.Lost = a.front[:0], nil, "", ""
}

// Size is the length of the JSON.
func (a *Response) Size() int {
	return len(a.front) + base64.StdEncoding.EncodedLen(len(a.binary)) + len(a.end)
}

// base64Piece is how many bytes are encoded between two writes, a multiple of 3
// so that the pieces fit together. Lambda reads one piece while the next is
// encoded.
const base64Piece = 48 << 10

// SendTo sends a head and the JSON.
func (a *Response) SendTo(c *http1.Conn, head []byte) error {
	if len(a.binary) == 0 {
		return c.WriteBoth(head, a.front)
	}
	a.chunk = append(append(a.chunk[:0], head...), a.front...)
	for rest := a.binary; len(rest) > 0; {
		piece := rest[:min(len(rest), base64Piece)]
		rest = rest[len(piece):]
		a.chunk = appendBase64(a.chunk, piece)
		if len(rest) == 0 {
			a.chunk = append(a.chunk, a.end...)
		}
		if _, err := c.Conn.Write(a.chunk); err != nil {
			return err
		}
		a.chunk = a.chunk[:0]
	}
	return nil
}

// Write makes the response to an event from the server's response, whose body was
// read already.
func (a *Response) Write(e *Event, r *http1.Response, body []byte) {
	a.reset()
	if e.Source == PassThrough {
		a.passThrough(body)
		return
	}
	a.front = append(a.front, `{"statusCode":`...)
	a.front = strconv.AppendInt(a.front, int64(r.Status), 10)
	if e.Source == ALB {
		a.front = append(a.front, `,"statusDescription":"`...)
		a.front = append(strconv.AppendInt(a.front, int64(r.Status), 10), ' ')
		a.front = append(append(a.front, statusText(r.Status)...), '"')
	}
	fields := endToEnd(r)
	switch {
	case e.Source == Payload2:
		a.front = appendJoined(a.front, fields)
		a.front = appendCookies(a.front, fields)
	case e.Source == ALB && !e.multiValue():
		a.front = appendSingle(a.front, fields)
		if countCookies(fields) > 1 {
			a.Lost = "only the first of several cookies reaches the client; the target group needs multi-value headers"
		}
	default:
		a.front = appendMulti(a.front, fields)
	}

	a.front = append(a.front, `,"body":"`...)
	if len(body) == 0 || isText(r, body) {
		a.front = jsontext.AppendEscaped(a.front, body)
		a.front = append(a.front, `","isBase64Encoded":false}`...)
		return
	}
	a.binary, a.end = body, `","isBase64Encoded":true}`
}

// passThrough makes the response to an event that is not HTTP: the body as it is
// if it is JSON, else null, as AWS Lambda Web Adapter does.
func (a *Response) passThrough(body []byte) {
	if jsontext.Valid(body) && utf8.Valid(body) {
		a.front = append(a.front, body...)
		return
	}
	a.front = append(a.front, "null"...)
	if len(body) > 0 {
		a.Lost = "the server's response to an event is not JSON; Lambda gets null"
	}
}

// endToEnd returns the fields that go on to the client, all but those that
// belong to the connection to the server (RFC 9110, 7.6.1), with the names in
// lower case.
func endToEnd(r *http1.Response) []http1.Field {
	var nominated [][]byte
	for _, f := range r.Fields {
		for i, c := range f.Name {
			f.Name[i] = ascii.Lower(c)
		}
		if string(f.Name) == "connection" {
			ascii.EachMember(f.Value, func(token []byte) { nominated = append(nominated, token) })
		}
	}
	kept := r.Fields[:0]
	for _, f := range r.Fields {
		switch string(f.Name) {
		case "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade":
			continue
		}
		drop := false
		for _, token := range nominated {
			drop = drop || bytes.EqualFold(token, f.Name)
		}
		if drop {
			continue
		}
		for i, c := range f.Value {
			if c == '\r' || c == 0 { // could end the header early for who reads it next (RFC 9110, 5.5)
				f.Value[i] = ' '
			}
		}
		kept = append(kept, f)
	}
	r.Fields = kept
	return kept
}

// eachName visits the names of fields in the order of their first appearance.
func eachName(fields []http1.Field, visit func(name []byte, first int)) {
	for i, f := range fields {
		seen := false
		for _, before := range fields[:i] {
			seen = seen || bytes.Equal(before.Name, f.Name)
		}
		if !seen {
			visit(f.Name, i)
		}
	}
}

func isSetCookie(name []byte) bool { return string(name) == "set-cookie" }

func countCookies(fields []http1.Field) (n int) {
	for _, f := range fields {
		if isSetCookie(f.Name) {
			n++
		}
	}
	return n
}

// appendMulti appends every value of every field.
func appendMulti(dst []byte, fields []http1.Field) []byte {
	dst = append(dst, `,"multiValueHeaders":{`...)
	start := len(dst)
	eachName(fields, func(name []byte, first int) {
		if len(dst) > start {
			dst = append(dst, ',')
		}
		dst = append(jsontext.AppendString(dst, name), ":["...)
		for i, f := range fields[first:] {
			if bytes.Equal(f.Name, name) {
				if i > 0 {
					dst = append(dst, ',')
				}
				dst = jsontext.AppendString(dst, f.Value)
			}
		}
		dst = append(dst, ']')
	})
	return append(dst, '}')
}

// appendJoined appends the fields with repeated values joined by commas, all
// but the cookies, which cannot be joined (RFC 9110, 5.3).
func appendJoined(dst []byte, fields []http1.Field) []byte {
	dst = append(dst, `,"headers":{`...)
	start := len(dst)
	eachName(fields, func(name []byte, first int) {
		if isSetCookie(name) {
			return
		}
		dst = appendMember(dst, start, fields, name, first)
	})
	return append(dst, '}')
}

func appendMember(dst []byte, start int, fields []http1.Field, name []byte, first int) []byte {
	if len(dst) > start {
		dst = append(dst, ',')
	}
	dst = append(jsontext.AppendString(dst, name), ':')
	value := fields[first].Value
	for _, f := range fields[first+1:] {
		if bytes.Equal(f.Name, name) {
			value = append(append(bytes.Clone(value), ", "...), f.Value...)
		}
	}
	return jsontext.AppendString(dst, value)
}

func appendCookies(dst []byte, fields []http1.Field) []byte {
	dst = append(dst, `,"cookies":[`...)
	start := len(dst)
	for _, f := range fields {
		if isSetCookie(f.Name) {
			if len(dst) > start {
				dst = append(dst, ',')
			}
			dst = jsontext.AppendString(dst, f.Value)
		}
	}
	return append(dst, ']')
}

// appendSingle appends the fields for a load balancer without multi-value
// headers. It can carry one cookie only, the first.
func appendSingle(dst []byte, fields []http1.Field) []byte {
	dst = append(dst, `,"headers":{`...)
	start := len(dst)
	eachName(fields, func(name []byte, first int) {
		if isSetCookie(name) {
			dst = appendMember(dst, start, fields[:first+1], name, first)
			return
		}
		dst = appendMember(dst, start, fields, name, first)
	})
	return append(dst, '}')
}

// preludeEnd stands between the prelude and the body of a streamed response.
const preludeEnd = "\x00\x00\x00\x00\x00\x00\x00\x00"

// AppendPrelude appends the JSON before a streamed body and the end of it.
func AppendPrelude(dst []byte, r *http1.Response) []byte {
	fields := endToEnd(r)
	if r.Get("content-type") == nil {
		fields = append(fields, http1.Field{Name: []byte("content-type"), Value: []byte("application/octet-stream")})
	}
	dst = append(dst, `{"statusCode":`...)
	dst = strconv.AppendInt(dst, int64(r.Status), 10)
	dst = appendJoined(dst, fields)
	dst = appendCookies(dst, fields)
	return append(append(dst, '}'), preludeEnd...)
}

// isText tells whether a body goes out as text. Text arrives as the same bytes
// whatever charset its type names, and without the gateway having to know which
// types are binary; so everything that is valid UTF-8 is text unless its type
// says that it is not.
func isText(r *http1.Response, body []byte) bool {
	if coding := r.Get("content-encoding"); len(coding) > 0 && !ascii.EqualFold(coding, "identity") {
		return false
	}
	return !isBinaryType(r.Get("content-type")) && utf8.Valid(body)
}

// binaryTypes are the types, or beginnings of types, whose bytes are not looked
// at: they are never text.
var binaryTypes = []string{
	"image/", "audio/", "video/", "font/",
	"application/octet-stream", "application/pdf", "application/zip", "application/gzip",
	"application/wasm", "application/vnd.openxmlformats", "application/x-protobuf", "application/grpc",
}

func isBinaryType(value []byte) bool {
	media, _, _ := bytes.Cut(value, []byte(";"))
	media = bytes.ToLower(bytes.TrimSpace(media))
	for _, suffix := range []string{"+xml", "+json", "+yaml"} {
		if bytes.HasSuffix(media, []byte(suffix)) {
			return false // image/svg+xml
		}
	}
	for _, binary := range binaryTypes {
		if bytes.HasPrefix(media, []byte(binary)) {
			return true
		}
	}
	return false
}

// Message makes a response of the adapter's own, in the form that API Gateway
// gives its own errors.
func Message(status int, text string) (*http1.Response, []byte) {
	body := append(jsontext.AppendString([]byte(`{"message":`), text), '}')
	return &http1.Response{
		Status: status,
		Fields: []http1.Field{{Name: []byte("content-type"), Value: []byte("application/json")}},
	}, body
}

func statusText(status int) string {
	if text := statusTexts[status]; text != "" {
		return text
	}
	return "Unknown" // a load balancer wants a description that is not empty
}

// statusTexts are the reason phrases of the IANA registry.
// https://www.iana.org/assignments/http-status-codes
var statusTexts = map[int]string{
	200: "OK", 201: "Created", 202: "Accepted", 203: "Non-Authoritative Information", 204: "No Content",
	205: "Reset Content", 206: "Partial Content", 207: "Multi-Status", 208: "Already Reported", 226: "IM Used",
	300: "Multiple Choices", 301: "Moved Permanently", 302: "Found", 303: "See Other", 304: "Not Modified",
	305: "Use Proxy", 307: "Temporary Redirect", 308: "Permanent Redirect",
	400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
	405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
	409: "Conflict", 410: "Gone", 411: "Length Required", 412: "Precondition Failed", 413: "Content Too Large",
	414: "URI Too Long", 415: "Unsupported Media Type", 416: "Range Not Satisfiable", 417: "Expectation Failed",
	421: "Misdirected Request", 422: "Unprocessable Content", 423: "Locked", 424: "Failed Dependency",
	425: "Too Early", 426: "Upgrade Required", 428: "Precondition Required", 429: "Too Many Requests",
	431: "Request Header Fields Too Large", 451: "Unavailable For Legal Reasons",
	500: "Internal Server Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
	504: "Gateway Timeout", 505: "HTTP Version Not Supported", 506: "Variant Also Negotiates",
	507: "Insufficient Storage", 508: "Loop Detected", 511: "Network Authentication Required",
}
