package lambdaevent

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
	"time"
	"unicode/utf8"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// sink is a connection that remembers what was written and gives what it was told to.
type sink struct {
	net.Conn
	written bytes.Buffer
	answer  io.Reader
}

func (s *sink) Write(p []byte) (int, error) { return s.written.Write(p) }
func (s *sink) Read(p []byte) (int, error)  { return s.answer.Read(p) }
func (s *sink) SetDeadline(time.Time) error { return nil }
func (s *sink) Close() error                { return nil }

// testConfig is the configuration of an environment without a setting.
func testConfig(t testing.TB) *settings.Config {
	t.Helper()
	return configOf(t, nil)
}

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
	config := testConfig(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		valid := json.Valid(text)
		var want map[string]json.RawMessage
		json.Unmarshal(text, &want)
		original := bytes.Clone(text)

		e, err := Parse(text)
		if err != nil {
			// The context must not come twice, and a nested one must be an object;
			// apart from that all JSON is an event.
			if valid && bytes.Count(original, []byte(`"requestContext"`)) < 2 {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		w := RequestWriter{Config: config}
		r, err := w.Write(e, &runtimeapi.Invocation{RequestID: []byte("id"), TraceID: []byte("Root=1")})
		if err != nil {
			return
		}
		peer := &sink{}
		if err := r.Body.SendTo(&http1.Conn{Conn: peer}, r.Head); err != nil {
			return
		}
		reader := bufio.NewReader(&peer.written)
		request, err := http.ReadRequest(reader)
		if err != nil {
			if strings.Contains(err.Error(), "malformed Host") {
				return // the client's, and the server's to refuse
			}
			t.Fatalf("%v: %q", err, r.Head)
		}
		body, err := io.ReadAll(request.Body)
		if err != nil {
			t.Fatalf("%v: %q", err, r.Head)
		}
		if rest, _ := io.ReadAll(reader); len(rest) > 0 {
			t.Fatalf("%q follows the request %q", rest, r.Head)
		}
		if !valid {
			return
		}
		if e.Source == PassThrough {
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
		got := string(appendEncoded(nil, []byte(path), &ascii.Path, true))
		if again := string(appendEncoded(nil, []byte(got), &ascii.Path, true)); again != got {
			t.Fatalf("%q becomes %q and then %q", path, got, again)
		}
		decoded, err := url.PathUnescape(got)
		if err != nil {
			t.Fatalf("%q becomes %q: %v", path, got, err)
		}
		if want, err := url.PathUnescape(path); err == nil && decoded != want {
			t.Fatalf("%q means %q, became %q", path, want, decoded)
		}
		gotQuery := string(appendEncoded(nil, []byte(query), &ascii.Query, false))
		if again := string(appendEncoded(nil, []byte(gotQuery), &ascii.Query, false)); again != gotQuery {
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
		value := string(appendEncoded(nil, []byte(query), &ascii.Unreserved, false))
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
		events := []*Event{
			{Source: Payload1}, {Source: Payload2}, {Source: ALB}, {Source: ALB, multiValueHeaders: []byte("{}")}, {Source: PassThrough},
		}
		e := events[int(kind)%len(events)]
		if !ascii.IsToken([]byte(name)) {
			name = "x-name"
		}
		r := http1.Response{Status: status, Fields: []http1.Field{{Name: []byte(name), Value: []byte(value)}, {Name: []byte("x-other"), Value: []byte("1")}, {Name: []byte(name), Value: []byte(value)}}}
		var a Response
		a.Write(e, &r, body)
		peer := &sink{}
		if err := a.SendTo(&http1.Conn{Conn: peer}, nil); err != nil {
			t.Fatal(err)
		}
		text := peer.written.Bytes()
		if len(text) != a.Size() {
			t.Fatalf("got %d bytes, said %d", len(text), a.Size())
		}
		if e.Source == PassThrough {
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
		if e.Source == Payload1 && (got.Cookies != nil || got.Headers != nil) {
			t.Fatalf("payload 1.0 gets members it refuses: %q", text)
		}
	})
}
