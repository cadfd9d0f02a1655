package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"
)

// sink is a connection that remembers what was written and answers what it was
// given, in reads of at most some bytes.
type sink struct {
	net.Conn
	written bytes.Buffer
	answer  io.Reader
}

func (s *sink) Write(p []byte) (int, error) { return s.written.Write(p) }
func (s *sink) Read(p []byte) (int, error)  { return s.answer.Read(p) }
func (s *sink) SetDeadline(time.Time) error { return nil }
func (s *sink) Close() error                { return nil }

var testConfig = &config{host: "127.0.0.1", port: "8080", passThroughPath: "/events", maxConcurrency: 1}

// FuzzEvent gives events to the adapter. What is JSON must be taken, and what
// is taken must be one well-formed HTTP request with the event's body.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"version":"2.0","rawPath":"/a","rawQueryString":"q=1","cookies":["a=1"],"headers":{"host":"h","x":"y"},"requestContext":{"http":{"method":"GET"}},"body":"aGk=","isBase64Encoded":true}`,
		`{"httpMethod":"POST","path":"/a b","multiValueHeaders":{"Host":["h"],"X":["1","2"]},"multiValueQueryStringParameters":{"q":["1"]},"requestContext":{"stage":"s"},"body":"\u00e9\n\"","isBase64Encoded":false}`,
		`{"httpMethod":"GET","path":"/","headers":{"a":"b\r\nc: d"},"queryStringParameters":{"a":"%20"},"requestContext":{"elb":{"targetGroupArn":"x"}}}`,
		`{"requestContext":{"connectionId":"x","routeKey":"$connect"},"body":"x"}`,
		`{"Records":[{"body":"x"}]}`, `[]`, `"text"`, `null`, `{"body":"a","body":"b"}`, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		valid := json.Valid(text)
		var want map[string]json.RawMessage
		json.Unmarshal(text, &want)
		original := bytes.Clone(text)

		checkStrings(t, original)
		e, err := parseEvent(text)
		if err != nil {
			// The context must not come twice, and a nested one must be an object;
			// apart from that all JSON is an event.
			if valid && bytes.Count(original, []byte(`"requestContext"`)) < 2 {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		w := requestWriter{config: testConfig}
		r, err := w.write(e, &invocation{requestID: []byte("id"), traceID: []byte("Root=1")})
		if err != nil {
			return
		}
		peer := &sink{}
		if err := r.body.writeTo(&conn{Conn: peer}, r.head); err != nil {
			return
		}
		reader := bufio.NewReader(&peer.written)
		request, err := http.ReadRequest(reader)
		if err != nil {
			if strings.Contains(err.Error(), "malformed Host") {
				return // the client's, and the server's to refuse
			}
			t.Fatalf("%v: %q", err, r.head)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Fatalf("%v: %q", err, r.head)
		}
		if rest, _ := io.ReadAll(reader); len(rest) > 0 {
			t.Fatalf("%q follows the request %q", rest, r.head)
		}
		if !valid {
			return
		}
		if e.source == passThrough {
			if !bytes.Equal(body, original) {
				t.Fatalf("got %q, want the event %q", body, original)
			}
			return
		}
		// Members that come twice, or whose names are written with escapes, may be
		// read in another way: AWS sends neither.
		var plain string
		if json.Unmarshal(want["body"], &plain) != nil || bytes.Count(original, []byte(`"body"`)) != 1 ||
			bytes.Count(original, []byte(`"isBase64Encoded"`)) > 1 || bytes.Contains(original, []byte(`\u00`)) || !utf8.Valid(original) {
			return
		}
		if string(want["isBase64Encoded"]) == "true" {
			decoded, err := base64.StdEncoding.DecodeString(plain)
			if err != nil {
				t.Fatalf("bad base64 was taken: %q", plain)
			}
			plain = string(decoded)
		}
		if string(body) != plain {
			t.Fatalf("got the body %q, want %q", body, plain)
		}
	})
}

// checkStrings takes the same bytes for a plain string and for the inside of a
// JSON string, and compares with encoding/json.
func checkStrings(t *testing.T, plain []byte) {
	for _, quoted := range [][]byte{appendString(nil, plain), append(append([]byte{'"'}, plain...), '"')} {
		var want string
		if json.Unmarshal(quoted, &want) != nil || !utf8.Valid(quoted) {
			continue
		}
		s := scanner{data: bytes.Clone(quoted)}
		value, err := s.value()
		if err != nil || s.pos != len(quoted) {
			t.Fatalf("%q ends at %d, %v", quoted, s.pos, err)
		}
		text, _ := inside(value)
		if got, err := unescape(text); err != nil || string(got) != want {
			t.Fatalf("%q becomes %q, %v, want %q", quoted, got, err, want)
		}
		s = scanner{data: bytes.Clone(quoted)}
		if got, err := s.unescapeString(); err != nil || string(got) != want || s.pos != len(quoted) {
			t.Fatalf("on the way, %q becomes %q, %v, want %q", quoted, got, err, want)
		}
	}
}

// FuzzTarget gives paths and queries to the encoder. The result must be a valid
// request target, mean the same, and not change if it is encoded again.
func FuzzTarget(f *testing.F) {
	for _, seed := range [][2]string{
		{"/", ""}, {"/a b", "q=a b"}, {"/100%", "a=%"}, {"/a%2Fb", "a=%2B+&b"}, {"/é", "é=é"}, {"/a?b#c", "#"}, {"//[]", "a[]=1&a[]=2"},
		{"/%zz%1", "%zz"}, {"/\r\n", "\r\n"}, {"", "?"}, {"/..", "/../"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, query string) {
		got := string(appendEncoded(nil, []byte(path), &pathByte, true))
		if again := string(appendEncoded(nil, []byte(got), &pathByte, true)); again != got {
			t.Fatalf("%q becomes %q and then %q", path, got, again)
		}
		decoded, err := url.PathUnescape(got)
		if err != nil {
			t.Fatalf("%q becomes %q: %v", path, got, err)
		}
		if want, err := url.PathUnescape(path); err == nil && decoded != want {
			t.Fatalf("%q means %q, became %q", path, want, decoded)
		}
		gotQuery := string(appendEncoded(nil, []byte(query), &queryByte, false))
		if again := string(appendEncoded(nil, []byte(gotQuery), &queryByte, false)); again != gotQuery {
			t.Fatalf("%q becomes %q and then %q", query, gotQuery, again)
		}
		if want, err := url.QueryUnescape(query); err == nil {
			if decoded, err := url.QueryUnescape(gotQuery); err != nil || decoded != want {
				t.Fatalf("%q means %q, became %q (%v)", query, want, decoded, err)
			}
		}
		if u, err := url.ParseRequestURI("/" + got + "?" + gotQuery); err != nil || u.Fragment != "" || u.RawQuery != gotQuery {
			t.Fatalf("%q and %q are no request target: %v", got, gotQuery, err)
		}
		// A decoded value must come back as itself from any decoder.
		value := string(appendEncoded(nil, []byte(query), &unreservedByte, false))
		if back, err := url.QueryUnescape(value); err != nil || back != query {
			t.Fatalf("the value %q comes back as %q (%v)", query, back, err)
		}
	})
}

// FuzzResponse gives responses to each source's encoder. The result must be
// JSON that carries the same bytes and has the members the source allows.
func FuzzResponse(f *testing.F) {
	f.Add(uint8(0), 200, "content-type", "text/html", []byte("<p>\"é\"</p>\n"))
	f.Add(uint8(1), 404, "Set-Cookie", "a=1", []byte{0xff, 0x00})
	f.Add(uint8(2), 200, "content-encoding", "gzip", []byte("\x1f\x8b"))
	f.Add(uint8(3), 500, "X-Name", "caf\xe9", bytes.Repeat([]byte("0123456\n"), 20))
	f.Fuzz(func(t *testing.T, kind uint8, status int, name, value string, body []byte) {
		events := []*event{
			{source: payload1}, {source: payload2}, {source: alb}, {source: alb, multiValueHeaders: []byte("{}")}, {source: passThrough},
		}
		e := events[int(kind)%len(events)]
		if !isToken([]byte(name)) {
			name = "x-name"
		}
		r := response{status: status, fields: []field{{[]byte(name), []byte(value)}, {[]byte("x-other"), []byte("1")}, {[]byte(name), []byte(value)}}}
		var a answer
		a.write(e, &r, body)
		peer := &sink{}
		if err := a.writeTo(&conn{Conn: peer}, nil); err != nil {
			t.Fatal(err)
		}
		text := peer.written.Bytes()
		if len(text) != a.size() {
			t.Fatalf("got %d bytes, said %d", len(text), a.size())
		}
		if e.source == passThrough {
			if json.Valid(body) && utf8.Valid(body) != bytes.Equal(text, body) {
				t.Fatalf("%q becomes %q", body, text)
			}
			return
		}
		var got struct {
			StatusCode      int
			Headers         map[string]string
			Multi           map[string][]string `json:"multiValueHeaders"`
			Cookies         []string
			Body            string
			IsBase64Encoded bool
		}
		if err := json.Unmarshal(text, &got); err != nil || !utf8.Valid(text) {
			t.Fatalf("%v: %q", err, text)
		}
		back := []byte(got.Body)
		if got.IsBase64Encoded {
			back, _ = base64.StdEncoding.DecodeString(got.Body)
		}
		if got.StatusCode != status || !bytes.Equal(back, body) {
			t.Fatalf("got %d %q, want %d %q", got.StatusCode, back, status, body)
		}
		if e.source == payload1 && (got.Cookies != nil || got.Headers != nil) {
			t.Fatalf("payload 1.0 gets members it refuses: %q", text)
		}
	})
}

// FuzzHTTP gives bytes to the client as a server's answer. Where net/http reads
// an answer too, both must read the same.
func FuzzHTTP(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n3;x=y\r\nabc\r\n0\r\nT: v\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
		"HTTP/1.0 200 OK\r\n\r\nto the end", "HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "garbage\r\n\r\n",
	} {
		f.Add([]byte(seed), uint8(0))
		f.Add([]byte(seed), uint8(7))
		f.Add([]byte(seed), uint8(1))
	}
	f.Fuzz(func(t *testing.T, wire []byte, size uint8) {
		read := func(method string) (*response, []byte, error) {
			var from io.Reader = bytes.NewReader(wire)
			if size > 0 {
				from = &slowReader{from, int(size)}
			}
			r := &response{}
			if err := r.read(newConn(&sink{answer: from}), []byte(method)); err != nil {
				return r, nil, err
			}
			body, err := appendBody(nil, r, 1<<20)
			return r, body, err
		}
		read("HEAD")
		r, body, err := read("GET")
		// The same bytes in one piece and byte by byte mean the same.
		one := &response{}
		if oneErr := one.read(newConn(&sink{answer: iotest.OneByteReader(bytes.NewReader(wire))}), []byte("GET")); oneErr == nil {
			oneBody, oneErr := appendBody(nil, one, 1<<20)
			if (oneErr == nil) != (err == nil) || err == nil && !bytes.Equal(body, oneBody) {
				t.Fatalf("in pieces of %d: %q, %v; byte by byte: %q, %v", size, body, err, oneBody, oneErr)
			}
		} else if err == nil {
			t.Fatalf("byte by byte: %v", oneErr)
		}
		if err != nil {
			return
		}
		// With little room for each piece, too.
		small := &response{}
		if err := small.read(newConn(&sink{answer: bytes.NewReader(wire)}), []byte("GET")); err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(&slowReader{small, int(size) + 1}); err != nil || !bytes.Equal(got, body) {
			t.Fatalf("with room for %d: %q, %v; with more: %q", size+1, got, err, body)
		}
		want, wantErr := http.ReadResponse(bufio.NewReader(bytes.NewReader(wire)), nil)
		if wantErr != nil || want.StatusCode < 200 || want.ProtoMinor == 0 && r.get("transfer-encoding") != nil {
			return // net/http reads a chunked HTTP/1.0 answer to its end
		}
		wantBody, wantErr := io.ReadAll(want.Body)
		if wantErr != nil {
			return
		}
		if r.status != want.StatusCode || !bytes.Equal(body, wantBody) {
			t.Fatalf("got %d %q, net/http reads %d %q", r.status, body, want.StatusCode, wantBody)
		}
	})
}

// slowReader reads at most n bytes at a time.
type slowReader struct {
	r io.Reader
	n int
}

func (s *slowReader) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }
