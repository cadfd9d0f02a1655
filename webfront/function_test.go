package webfront

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// edge is CloudFront running a function.
type edge struct {
	t       *testing.T
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errors  *strings.Builder
}

func newEdge(t *testing.T, program string) *edge {
	t.Helper()
	file := filepath.Join(t.TempDir(), "function.js")
	if err := os.WriteFile(file, []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &edge{t: t, command: exec.Command("node", "testdata/cloudfront.cjs", file), errors: &strings.Builder{}}
	e.command.Stderr = e.errors
	in, err := e.command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	e.in, e.out = in, bufio.NewReader(out)
	if err := e.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		e.in.Close()
		if err := e.command.Wait(); err != nil {
			t.Errorf("%v: %s", err, e.errors)
		}
	})
	return e
}

type header struct {
	Value string `json:"value"`
}

type cookie struct {
	Value      string `json:"value"`
	Attributes string `json:"attributes,omitempty"`
}

type message struct {
	StatusCode int               `json:"statusCode,omitempty"`
	Method     string            `json:"method,omitempty"`
	URI        string            `json:"uri,omitempty"`
	Headers    map[string]header `json:"headers"`
	Cookies    map[string]cookie `json:"cookies"`
}

type event struct {
	Context struct {
		RequestID string `json:"requestId"`
	} `json:"context"`
	Viewer struct {
		IP string `json:"ip"`
	} `json:"viewer"`
	Request  message `json:"request"`
	Response message `json:"response"`
}

func newEvent(ip, id string) event {
	var e event
	e.Viewer.IP, e.Context.RequestID = ip, id
	e.Request = message{
		Method: "POST", URI: "/buy", Headers: map[string]header{"host": {"shop.example.com"}},
		Cookies: map[string]cookie{},
	}
	e.Response = message{StatusCode: 200, Headers: map[string]header{}, Cookies: map[string]cookie{}}
	return e
}

// call is one run of a function, and what came of it.
type call struct {
	Event event             `json:"event"`
	Store map[string]string `json:"store"`

	result message
	origin string
}

// run runs the function once.
func (e *edge) run(event event, store map[string]string) (result message, origin string) {
	e.t.Helper()
	calls := []call{{Event: event, Store: store}}
	e.runAll(calls)
	return calls[0].result, calls[0].origin
}

// runAll runs the function for each call, one after the other.
func (e *edge) runAll(calls []call) {
	e.t.Helper()
	written := make(chan error, 1)
	go func() {
		buffered := bufio.NewWriter(e.in)
		encoder := json.NewEncoder(buffered)
		for i := range calls {
			if err := encoder.Encode(&calls[i]); err != nil {
				written <- err
				return
			}
		}
		written <- buffered.Flush()
	}()
	for i := range calls {
		line, err := e.out.ReadBytes('\n')
		if err != nil {
			e.t.Fatalf("%v: %s", err, e.errors)
		}
		var output struct {
			Result message
			Origin string
		}
		if err := json.Unmarshal(line, &output); err != nil {
			e.t.Fatal(err)
		}
		calls[i].result, calls[i].origin = output.Result, output.Origin
	}
	if err := <-written; err != nil {
		e.t.Fatalf("%v: %s", err, e.errors)
	}
}

// What the service is told of a viewer is what CloudFront saw, whatever the viewer says.
func TestRequestHeaders(t *testing.T) {
	edge := newEdge(t, (&FrontProps{}).config("Site", "").requestFunction())
	e := newEvent("2001:db8::7", "id")
	for name, value := range map[string]string{
		"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9", "x-forwarded-host": "evil.example",
		"true-client-ip": "203.0.113.9", "x-front-origin": "Other", "accept": "text/html",
	} {
		e.Request.Headers[name] = header{value}
	}
	got, origin := edge.run(e, nil)
	want := map[string]header{
		"host": {"shop.example.com"}, "accept": {"text/html"}, "x-forwarded-host": {"shop.example.com"},
		"true-client-ip": {"2001:db8::7"}, "x-front-origin": {"Site"},
	}
	if fmt.Sprint(got.Headers) != fmt.Sprint(want) {
		t.Errorf("got headers %v, want %v", got.Headers, want)
	}
	if origin != "" || got.Method != "POST" || got.URI != "/buy" {
		t.Errorf("got origin %q and %s %s, want the request as it is", origin, got.Method, got.URI)
	}
}

// Only addresses in the list come in, in each way of writing them. Go's netip says which those are.
func TestAllowFrom(t *testing.T) {
	lists := [][]string{
		{"192.0.2.0/24"}, {"0.0.0.0/0"}, {"::/0"}, {"10.0.0.0/9", "2001:db8::/29"}, {"198.51.100.7/32"},
		{"2001:db8:0:1::/64", "fe80::/10"}, {"192.0.2.128/25", "192.0.2.64/26"}, {"::1/128"}, {"128.0.0.0/1"},
	}
	addresses := []string{
		"192.0.2.0", "192.0.2.127", "192.0.2.128", "192.0.2.255", "192.0.3.0", "10.127.255.255", "10.128.0.0",
		"198.51.100.7", "198.51.100.8", "2001:db8::1", "2001:db7:ffff::1", "2001:dbf:ffff::", "2001:dc0::",
		"2001:db8:0:1::", "2001:db8:0:2::", "::1", "::", "fe80::1", "febf::1", "fec0::1", "1::", "255.255.255.255",
		"0.0.0.0", "127.255.255.255", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
	}
	for _, list := range lists {
		var prefixes []netip.Prefix
		for _, text := range list {
			prefixes = append(prefixes, netip.MustParsePrefix(text))
		}
		edge := newEdge(t, (&FrontProps{AllowFrom: prefixes}).config("Site", "").requestFunction())
		for _, text := range addresses {
			ip := netip.MustParseAddr(text)
			want := false
			for _, prefix := range prefixes {
				want = want || prefix.Contains(ip)
			}
			for _, written := range []string{text, ip.StringExpanded(), strings.ToUpper(text)} {
				got, _ := edge.run(newEvent(written, "id"), nil)
				if in := got.StatusCode == 0; in != want || !in && got.StatusCode != 403 {
					t.Errorf("%s from %v: got status %d, want it in: %v", written, list, got.StatusCode, want)
				}
			}
		}
	}
}

// requestID is one as CloudFront makes them.
func requestID(i int) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(i)))
	return base64.URLEncoding.EncodeToString(sum[:])
}

// A client's first request and its response agree about its number, and from then on the cookie says
// it. While the percentage grows or stands nobody goes back, and the shares are what it says.
func TestMoveShares(t *testing.T) {
	const clients = 100_000
	c := (&FrontProps{Move: &Move{Percent: 0}}).config("Site", "Next")
	request, response := newEdge(t, c.requestFunction()), newEdge(t, c.responseFunction())
	texts := []string{"0", "1", "5", "12.5", "50", "99", "100"}
	percents := []float64{0, 1, 5, 12.5, 50, 99, 100}
	first := make([]call, clients)
	for i := range first { // each comes first at one of the percentages
		first[i].Event = newEvent("192.0.2.1", requestID(i))
		first[i].Store = map[string]string{"percent": texts[i%len(texts)]}
	}
	set := slices.Clone(first)
	request.runAll(first)
	response.runAll(set)
	moved := make([]int, len(texts))
	numbers := make([]int, clients)
	for i := range clients {
		number := set[i].result.Cookies[cookieName]
		if !strings.HasPrefix(number.Attributes, "Path=/; Max-Age=7776000; Secure; HttpOnly") {
			t.Fatalf("got cookies %v, want %s", set[i].result.Cookies, cookieName)
		}
		n, err := strconv.Atoi(number.Value)
		if err != nil || n < 0 || n > 9999 {
			t.Fatalf("got number %q", number.Value)
		}
		numbers[i] = n
		if next := first[i].origin == "Next"; next != (float64(n) < percents[i%len(texts)]*100) {
			t.Fatalf("client %d goes first to %q at %s percent, its cookie is %d", i, first[i].origin, texts[i%len(texts)], n)
		}
		for j, percent := range percents {
			if float64(n) < percent*100 {
				moved[j]++
			}
		}
	}
	for j, text := range texts {
		got := float64(moved[j]) / clients * 100
		t.Logf("%s percent: %.2f of %d clients", text, got, clients)
		if math.Abs(got-percents[j]) > 1 {
			t.Errorf("%s percent: got %.2f", text, got)
		}
	}
	// With the cookie, whatever the id of the request.
	const each = 2 // requests at each percentage
	var again []call
	for i := 0; i < clients; i += 50 {
		for j := range len(texts) * each {
			e := newEvent("192.0.2.1", requestID(clients+i*17+j))
			e.Request.Cookies[cookieName] = cookie{Value: strconv.Itoa(numbers[i])}
			again = append(again, call{Event: e, Store: map[string]string{"percent": texts[j/each]}})
		}
	}
	kept := slices.Clone(again)
	request.runAll(again)
	response.runAll(kept)
	for i, call := range again {
		at := i % (len(texts) * each)
		if at > 0 && again[i-1].origin == "Next" && call.origin != "Next" {
			t.Fatalf("a client goes back at %s percent", texts[at/each])
		}
		n, _ := strconv.Atoi(call.Event.Request.Cookies[cookieName].Value)
		if next := call.origin == "Next"; next != (float64(n) < percents[at/each]*100) {
			t.Fatalf("number %d goes to %q at %s percent", n, call.origin, texts[at/each])
		}
		if len(kept[i].result.Cookies) > 0 {
			t.Fatalf("number %d gets another cookie: %v", n, kept[i].result.Cookies)
		}
	}
}

// What the store has wins if it makes sense; else the literal does.
func TestMovePercent(t *testing.T) {
	edge := newEdge(t, (&FrontProps{Move: &Move{Percent: 50}}).config("Site", "Next").requestFunction())
	for _, test := range []struct {
		store map[string]string
		want  float64
	}{
		{nil, 50}, {map[string]string{"percent": "0"}, 0}, {map[string]string{"percent": "100"}, 100},
		{map[string]string{"percent": "0.5"}, 0.5}, {map[string]string{"percent": "99.99"}, 99.99},
		{map[string]string{"percent": ""}, 50}, {map[string]string{"percent": "all"}, 50},
		{map[string]string{"percent": "101"}, 50}, {map[string]string{"percent": "-1"}, 50},
		{map[string]string{"percent": "1e1"}, 50}, {map[string]string{"percent": " 5"}, 50},
	} {
		for _, n := range []int{0, 49, 50, 4999, 5000, 9998, 9999} {
			e := newEvent("192.0.2.1", "id")
			e.Request.Cookies[cookieName] = cookie{Value: strconv.Itoa(n)}
			got, origin := edge.run(e, test.store)
			next := float64(n) < test.want*100
			if (origin == "Next") != next {
				t.Errorf("%v: number %d goes to %q", test.store, n, origin)
			}
			// What is cached for one side is not for the other.
			if want := map[bool]string{true: "Next", false: "Site"}[next]; got.Headers["x-front-origin"].Value != want {
				t.Errorf("%v: got %v, want %s", test.store, got.Headers["x-front-origin"], want)
			}
		}
	}
}

// A cookie that is no number is dealt anew, and replaced.
func TestMoveBadCookie(t *testing.T) {
	c := (&FrontProps{Move: &Move{Percent: 50}}).config("Site", "Next")
	request, response := newEdge(t, c.requestFunction()), newEdge(t, c.responseFunction())
	for _, value := range []string{"", "x", "10000", "-1", "1.5", "0x1", " 1", "NaN"} {
		e := newEvent("192.0.2.1", requestID(7))
		e.Request.Cookies[cookieName] = cookie{Value: value}
		_, origin := request.run(e, nil)
		set, _ := response.run(e, nil)
		n, err := strconv.Atoi(set.Cookies[cookieName].Value)
		if err != nil || (origin == "Next") != (n < 5000) {
			t.Errorf("%q: got origin %q and cookies %v", value, origin, set.Cookies)
		}
	}
}

func TestFunctionSize(t *testing.T) {
	name := strings.Repeat("x", 128)
	p := &FrontProps{Move: &Move{Percent: 100}}
	for range 200 {
		p.AllowFrom = append(p.AllowFrom, netip.MustParsePrefix("192.0.2.0/24"))
	}
	if size := len(p.config(name, name).requestFunction()); size > maxFunction {
		t.Errorf("a function for 200 prefixes has %d bytes, more than %d", size, maxFunction)
	}
}
