package lambdaevent

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// The secrets of a front that changes from one to the other.
const (
	oldSecret = "old0123456789abcdefghijklmnopqrstuvwxyz0123456789"
	newSecret = "new0123456789abcdefghijklmnopqrstuvwxyz0123456789"
)

// frontEnv is the environment of a function behind a front.
var frontEnv = map[string]string{settings.FrontSecrets: oldSecret + "," + newSecret}

// endpoints make the events of a client's request with headers, each of a name
// and a value, and the address of the connection.
var endpoints = []struct {
	name   string
	source Source
	event  func(t testing.TB, address string, headers [][2]string) string
}{
	{"HTTP API", Payload2, func(t testing.TB, address string, headers [][2]string) string {
		return object(t, map[string]any{
			"version": "2.0", "rawPath": "/", "headers": joined(headers),
			"requestContext": map[string]any{"domainName": "origin.example", "http": map[string]string{"method": "GET", "sourceIp": address}},
		})
	}},
	{"HTTP API, payload 1.0", Payload1, func(t testing.TB, address string, headers [][2]string) string {
		return object(t, map[string]any{
			"version": "1.0", "path": "/", "httpMethod": "GET", "headers": last(headers), "multiValueHeaders": lists(headers),
			"requestContext": map[string]any{"domainName": "origin.example", "identity": map[string]string{"sourceIp": address}},
		})
	}},
	{"REST API", Payload1, func(t testing.TB, address string, headers [][2]string) string {
		return object(t, map[string]any{
			"resource": "/{proxy+}", "path": "/", "httpMethod": "GET", "headers": last(headers), "multiValueHeaders": lists(headers),
			"requestContext": map[string]any{"stage": "prod", "domainName": "origin.example", "identity": map[string]string{"sourceIp": address}},
		})
	}},
	{"load balancer", ALB, func(t testing.TB, address string, headers [][2]string) string {
		headers = appended(address, headers)
		return object(t, map[string]any{
			"path": "/", "httpMethod": "GET", "headers": last(headers),
			"requestContext": map[string]any{"elb": map[string]string{"targetGroupArn": "arn"}},
		})
	}},
	{"load balancer, multi-value headers", ALB, func(t testing.TB, address string, headers [][2]string) string {
		headers = appended(address, headers)
		return object(t, map[string]any{
			"path": "/", "httpMethod": "GET", "multiValueHeaders": lists(headers),
			"requestContext": map[string]any{"elb": map[string]string{"targetGroupArn": "arn"}},
		})
	}},
}

func object(t testing.TB, members map[string]any) string {
	t.Helper()
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // AWS does not
	if err := encoder.Encode(members); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// joined are headers as payload 2.0 has them.
func joined(headers [][2]string) map[string]string {
	all := map[string]string{}
	for name, values := range lists(headers) {
		lower := strings.ToLower(name)
		if before, ok := all[lower]; ok {
			values = append([]string{before}, values...)
		}
		all[lower] = strings.Join(values, ",")
	}
	return all
}

// last are headers of which the last value counts.
func last(headers [][2]string) map[string]string {
	all := map[string]string{}
	for _, h := range headers {
		all[h[0]] = h[1]
	}
	return all
}

// lists are headers with all values.
func lists(headers [][2]string) map[string][]string {
	all := map[string][]string{}
	for _, h := range headers {
		all[h[0]] = append(all[h[0]], h[1])
	}
	return all
}

// appended are headers as a load balancer hands them on.
func appended(address string, headers [][2]string) [][2]string {
	list := ""
	var rest [][2]string
	for _, h := range headers {
		if strings.EqualFold(h[0], forwardedFor) {
			list += h[1] + ", "
			continue
		}
		rest = append(rest, h)
	}
	return append(rest, [2]string{forwardedFor, list + address})
}

// configOf is the configuration of an environment.
func configOf(t testing.TB, env map[string]string) *settings.Config {
	t.Helper()
	config, err := settings.Read(func(name string) string {
		if name == "AWS_LAMBDA_RUNTIME_API" {
			return "127.0.0.1:9001"
		}
		return env[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// write makes the request for an event, or says why there is none.
func write(t testing.TB, env map[string]string, source Source, event string) *Request {
	t.Helper()
	e, err := Parse([]byte(event))
	if err != nil || e.Source != source {
		t.Fatalf("%s: got %v, %v, want %v", event, e, err, source)
	}
	w := RequestWriter{Config: configOf(t, env)}
	r, err := w.Write(e, &runtimeapi.Invocation{RequestID: []byte("id")})
	if err != nil {
		t.Fatalf("%s: %v", event, err)
	}
	return r
}

// Behind a front a request needs one header with one of its secrets, whatever the
// endpoint is. The header ends here.
func TestRequestsComeByTheFront(t *testing.T) {
	const header = settings.FrontHeader
	for _, test := range []struct {
		name    string
		headers [][2]string
		want    Refusal
	}{
		{"the secret", [][2]string{{header, newSecret}}, Admitted},
		{"the old secret, while it changes", [][2]string{{header, oldSecret}}, Admitted},
		{"the header in lower case", [][2]string{{"x-origin-verify", newSecret}}, Admitted},
		{"beside it one of the viewer's own, with underscores", [][2]string{{header, newSecret}, {"X_Origin_Verify", "forged"}, {"x-origin_verify", "forged"}}, Admitted},
		{"named by the Connection header", [][2]string{{header, newSecret}, {"Connection", "x-origin-verify, close"}}, Admitted},
		{"no header", nil, NotByFront},
		{"another header", [][2]string{{"X-Origin-Verified", newSecret}, {"Authorization", newSecret}, {"Cookie", header + "=" + newSecret}}, NotByFront},
		{"an empty header", [][2]string{{header, ""}}, NotByFront},
		{"a forged secret", [][2]string{{header, strings.Repeat("x", len(newSecret))}}, NotByFront},
		{"in the other case", [][2]string{{header, strings.ToUpper(newSecret)}}, NotByFront},
		{"the beginning of it", [][2]string{{header, newSecret[:len(newSecret)-1]}}, NotByFront},
		{"more than it", [][2]string{{header, newSecret + "0"}}, NotByFront},
		{"the setting", [][2]string{{header, oldSecret + "," + newSecret}}, NotByFront},
		{"a list of the same", [][2]string{{header, newSecret + ", " + newSecret}}, NotByFront},
		{"underscores", [][2]string{{"X_Origin_Verify", newSecret}}, NotByFront},
		{"two spellings", [][2]string{{header, "forged"}, {"x-origin-verify", newSecret}}, NotByFront},
	} {
		for _, endpoint := range endpoints {
			t.Run(test.name+"/"+endpoint.name, func(t *testing.T) {
				event := endpoint.event(t, "192.0.2.1", append(test.headers, [2]string{"Host", "h"}))
				r := write(t, frontEnv, endpoint.source, event)
				if r.Refusal != test.want {
					t.Errorf("got %v, want %v", r.Refusal, test.want)
				}
				if test.want != Admitted && len(r.Head) > 0 {
					t.Errorf("there is a request for the server: %q", r.Head)
				}
				checkNoSecret(t, r)
			})
		}
	}
}

// checkNoSecret fails the test if the server sees the front's header.
func checkNoSecret(t testing.TB, r *Request) {
	t.Helper()
	for line := range strings.SplitSeq(string(r.Head), "\r\n") {
		name, _, _ := strings.Cut(line, ":")
		if strings.Contains(line, newSecret) || strings.Contains(line, oldSecret) || strings.ReplaceAll(strings.ToLower(name), "_", "-") == "x-origin-verify" {
			t.Errorf("the server sees %q", line)
		}
	}
}

// A header that comes twice is refused, also if both have the secret. A load
// balancer hands on the last one alone if its target group has no multi-value
// headers.
func TestTwoSecretsAreNone(t *testing.T) {
	const header = settings.FrontHeader
	for name, headers := range map[string][][2]string{
		"the same":         {{header, newSecret}, {header, newSecret}},
		"both":             {{header, oldSecret}, {header, newSecret}},
		"a forged one too": {{header, "forged"}, {header, newSecret}},
		"an empty one too": {{header, ""}, {header, newSecret}},
	} {
		for _, endpoint := range endpoints {
			want := NotByFront
			if endpoint.name == "load balancer" {
				want = Admitted
			}
			r := write(t, frontEnv, endpoint.source, endpoint.event(t, "192.0.2.1", headers))
			if r.Refusal != want {
				t.Errorf("%s, %s: got %v, want %v", name, endpoint.name, r.Refusal, want)
			}
			checkNoSecret(t, r)
		}
	}
}

// The header stays away from the server also if all others of the client pass.
func TestTheSecretDoesNotPass(t *testing.T) {
	for _, forwarded := range []string{"pass", "endpoint,x-origin-verify"} {
		env := maps.Clone(frontEnv)
		env["CDKWEB_FORWARDED_HEADERS"] = forwarded
		for _, endpoint := range endpoints {
			r := write(t, env, endpoint.source, endpoint.event(t, "192.0.2.1", [][2]string{{settings.FrontHeader, newSecret}, {"x_origin_verify", newSecret}}))
			if r.Refusal != Admitted {
				t.Errorf("%s: got %v", endpoint.name, r.Refusal)
			}
			checkNoSecret(t, r)
		}
	}
}

// Without a front the header is the client's own, and maybe the server's to check.
func TestTheHeaderWithoutAFront(t *testing.T) {
	for _, endpoint := range endpoints {
		r := write(t, nil, endpoint.source, endpoint.event(t, "192.0.2.1", [][2]string{{settings.FrontHeader, "x"}}))
		if r.Refusal != Admitted || !strings.Contains(strings.ToLower(string(r.Head)), "\r\nx-origin-verify: x\r\n") {
			t.Errorf("%s: got %v and %q", endpoint.name, r.Refusal, r.Head)
		}
	}
}

// Addresses are those of the connection, and no header of a client or of a front
// changes them.
func TestAllowFrom(t *testing.T) {
	env := map[string]string{settings.AllowFrom: "192.0.2.0/24,2001:db8::/32"}
	behindFront := maps.Clone(env)
	maps.Copy(behindFront, frontEnv)
	inside := [][2]string{
		{"X-Forwarded-For", "192.0.2.1"}, {"True-Client-IP", "192.0.2.1"}, {"X-Real-IP", "192.0.2.1"}, {"Forwarded", "for=192.0.2.1"},
		{settings.FrontHeader, newSecret},
	}
	for _, endpoint := range endpoints {
		for address, want := range map[string]Refusal{
			"192.0.2.77": Admitted, "::ffff:192.0.2.77": Admitted, "2001:db8::1": Admitted,
			"198.51.100.7": NotAllowed, "::ffff:198.51.100.7": NotAllowed, "2001:db9::1": NotAllowed,
			"": NotAllowed, "unknown": NotAllowed, "test-invoke-source-ip": NotAllowed, "2001:db8::1%eth0": NotAllowed,
		} {
			for _, env := range []map[string]string{env, behindFront} {
				if got := write(t, env, endpoint.source, endpoint.event(t, address, inside)).Refusal; got != want {
					t.Errorf("%s, %q: got %v, want %v", endpoint.name, address, got, want)
				}
			}
		}
		if got := write(t, behindFront, endpoint.source, endpoint.event(t, "192.0.2.1", nil)).Refusal; got != NotByFront {
			t.Errorf("%s, allowed but not by the front: got %v", endpoint.name, got)
		}
	}
	for name, test := range map[string]struct {
		list string
		want Refusal
	}{
		"its port, which a load balancer can add":      {"192.0.2.1:8080", Admitted},
		"its port, of IPv6":                            {"[2001:db8::1]:8080", Admitted},
		"in brackets":                                  {"198.51.100.7, [2001:db8::1]", Admitted},
		"an allowed one before another":                {"192.0.2.1, 198.51.100.7", NotAllowed},
		"its port, of another address":                 {"198.51.100.7:8080", NotAllowed},
		"an empty member at the end, after an allowed": {"192.0.2.1, ", NotAllowed},
	} {
		event := `{"path":"/","httpMethod":"GET","requestContext":{"elb":{}},"headers":{"x-forwarded-for":"` + test.list + `"}}`
		if got := write(t, env, ALB, event).Refusal; got != test.want {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
	for _, event := range []string{
		`{"rawPath":"/","requestContext":{"http":{"method":"GET"}},"headers":{"x-forwarded-for":"192.0.2.1"}}`,
		`{"rawPath":"/","requestContext":{"http":{"method":"GET","sourceIp":null}}}`,
		`{"rawPath":"/","requestContext":{"http":{"method":"GET","sourceIp":["192.0.2.1"]}}}`,
	} {
		if got := write(t, env, Payload2, event).Refusal; got != NotAllowed {
			t.Errorf("%s: got %v", event, got)
		}
	}
	if got := write(t, env, ALB, `{"path":"/","httpMethod":"GET","requestContext":{"elb":{}},"headers":{}}`).Refusal; got != NotAllowed {
		t.Errorf("a load balancer that removes the address: got %v", got)
	}
}

// Events that are no requests have neither a front nor an address.
func TestEventsNeedNoFront(t *testing.T) {
	env := maps.Clone(frontEnv)
	env[settings.AllowFrom] = "192.0.2.0/24"
	for _, event := range []string{
		`{"Records":[]}`, `[]`, `"text"`,
		`{"requestContext":{"connectionId":"abc=","identity":{"sourceIp":"198.51.100.7"}},"headers":{}}`,
		`{"type":"REQUEST","methodArn":"arn","path":"/","httpMethod":"GET","headers":{},"requestContext":{}}`,
	} {
		if r := write(t, env, PassThrough, event); r.Refusal != Admitted || !strings.HasPrefix(string(r.Head), "POST /events ") {
			t.Errorf("%s: got %v and %q", event, r.Refusal, r.Head)
		}
	}
}

// FuzzFront adds a client's headers to a request. Without the secret there is no
// request for the server; with it, the client cannot change what the server is
// told of it, and the server does not see the secret. The front writes two headers
// over what the client sent.
func FuzzFront(f *testing.F) {
	for _, name := range []string{
		"X-Origin-Verify", "x_origin_verify", "X-Forwarded-For", "X-Forwarded-Host", "x_forwarded_host", "True-Client-IP", "true_client_ip", "true-client_ip",
		"X-Forwarded-Proto", "Connection", "Host", "X-Real-IP", "Authorization", "Content-Length",
	} {
		f.Add(name, "6.6.6.6", "")
		f.Add(name, "x-origin-verify, true-client-ip", "close")
		f.Add(name, "a\r\nx-origin-verify: b", "[::1]:1")
	}
	f.Fuzz(func(t *testing.T, name, value, second string) {
		if !ascii.IsToken(name) {
			t.Skip("no header has such a name")
		}
		client := [][2]string{{name, value}, {name, second}}
		byFront := [][2]string{{"x-origin-verify", newSecret}, {"true-client-ip", "203.0.113.9"}, {"x-forwarded-host", "shop.example.com"}}
		for _, h := range client {
			if !ascii.EqualFold([]byte(name), "x-origin-verify") && !ascii.EqualFold([]byte(name), trueClient) && !ascii.EqualFold([]byte(name), forwardedHost) {
				byFront = append(byFront, h)
			}
		}
		for _, endpoint := range endpoints {
			if r := write(t, frontEnv, endpoint.source, endpoint.event(t, "192.0.2.1", client)); r.Refusal != NotByFront || len(r.Head) > 0 {
				t.Fatalf("%s: got %v and %q without the secret", endpoint.name, r.Refusal, r.Head)
			}
			r := write(t, frontEnv, endpoint.source, endpoint.event(t, "192.0.2.1", byFront))
			if r.Refusal != Admitted {
				t.Fatalf("%s: got %v with the secret", endpoint.name, r.Refusal)
			}
			checkNoSecret(t, r)
			got := map[string]string{}
			for line := range strings.SplitSeq(string(r.Head), "\r\n") {
				n, v, _ := strings.Cut(line, ": ")
				if n = strings.ReplaceAll(strings.ToLower(n), "_", "-"); isForwarded([]byte(n)) {
					got[n] += v + ";"
				}
			}
			want := map[string]string{
				forwardedFor: "203.0.113.9;", forwardedProto: "https;", forwardedHost: "shop.example.com;", forwardedPort: "443;", trueClient: "203.0.113.9;",
			}
			if !maps.Equal(got, want) {
				t.Fatalf("%s: got %q, want %q", endpoint.name, got, want)
			}
		}
	})
}

// browserEvent is an HTTP API's, as a browser sends it through a front.
const browserEvent = `{"version":"2.0","routeKey":"$default","rawPath":"/cart/items","rawQueryString":"page=2","cookies":["session=abcdef0123456789","lang=de"],
		"headers":{"accept":"text/html,application/xhtml+xml","accept-encoding":"gzip, deflate, br","accept-language":"de","content-length":"0",
		"host":"abc123.execute-api.eu-west-1.amazonaws.com","user-agent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","x-amzn-trace-id":"Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e",
		"x-forwarded-for":"198.51.100.7, 192.0.2.1","x-forwarded-port":"443","x-forwarded-proto":"https","true-client-ip":"198.51.100.7","x-forwarded-host":"shop.example.com",
		"x-origin-verify":"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl"},
		"requestContext":{"accountId":"123456789012","apiId":"abc123","domainName":"abc123.execute-api.eu-west-1.amazonaws.com","domainPrefix":"abc123",
		"http":{"method":"GET","path":"/cart/items","protocol":"HTTP/1.1","sourceIp":"192.0.2.1","userAgent":"Mozilla/5.0"},
		"requestId":"JKJaXmPLvHcESHA=","routeKey":"$default","stage":"$default","time":"10/Mar/2020:05:16:23 +0000","timeEpoch":1583817383220},"isBase64Encoded":false}`

// repeatedly makes the request for browserEvent again and again.
func repeatedly(t testing.TB, env map[string]string) func() {
	event := make([]byte, len(browserEvent))
	inv := &runtimeapi.Invocation{RequestID: []byte("id")}
	w := RequestWriter{Config: configOf(t, env)}
	return func() {
		copy(event, browserEvent)
		e, err := Parse(event)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e, inv); err != nil {
			t.Fatal(err)
		}
	}
}

const browserSecret = "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijkl"

// Who may come in costs no memory.
func TestAdmissionCostsNoMemory(t *testing.T) {
	all := testing.AllocsPerRun(100, repeatedly(t, nil))
	for name, env := range map[string]map[string]string{
		"a front":        {settings.FrontSecrets: oldSecret + "," + browserSecret},
		"some addresses": {settings.AllowFrom: "198.51.100.0/24,192.0.2.0/24"},
	} {
		if got := testing.AllocsPerRun(100, repeatedly(t, env)); got > all {
			t.Errorf("%s: got %v allocations for a request, want %v as without", name, got, all)
		}
	}
}

func BenchmarkRequest(b *testing.B) {
	for _, bench := range []struct {
		name string
		env  map[string]string
	}{
		{"for all", nil},
		{"by the front", map[string]string{settings.FrontSecrets: oldSecret + "," + browserSecret}},
		{"from addresses", map[string]string{settings.AllowFrom: "198.51.100.0/24,192.0.2.0/24"}},
		{"turned away", frontEnv},
	} {
		b.Run(bench.name, func(b *testing.B) {
			request := repeatedly(b, bench.env)
			b.ReportAllocs()
			for b.Loop() {
				request()
			}
		})
	}
}
