package settings

import (
	"maps"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

func testEnv(pairs map[string]string) func(string) string {
	return func(name string) string {
		if name == "AWS_LAMBDA_RUNTIME_API" {
			return "127.0.0.1:9001"
		}
		return pairs[name]
	}
}

// The variables, meanings and defaults of AWS Lambda Web Adapter's guide; where
// the default differs, docs/adapter.md says so.
func TestConfig(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want func(*Config)
	}{
		{"defaults", nil, func(*Config) {}},
		{"PORT", map[string]string{"PORT": "3000"}, func(c *Config) { c.Port, c.ReadinessPort = "3000", "3000" }},
		{"AWS_LWA_PORT goes before PORT", map[string]string{"PORT": "3000", "AWS_LWA_PORT": "4000"}, func(c *Config) { c.Port, c.ReadinessPort = "4000", "4000" }},
		{"an empty variable is not set", map[string]string{"PORT": "3000", "AWS_LWA_PORT": ""}, func(c *Config) { c.Port, c.ReadinessPort = "3000", "3000" }},
		{"readiness port", map[string]string{"AWS_LWA_READINESS_CHECK_PORT": "9000"}, func(c *Config) { c.ReadinessPort = "9000" }},
		{"readiness path", map[string]string{"AWS_LWA_READINESS_CHECK_PATH": "healthz"}, func(c *Config) { c.ReadinessPath = "/healthz" }},
		{"readiness path, old name", map[string]string{"READINESS_CHECK_PATH": "/up"}, func(c *Config) { c.ReadinessPath = "/up" }},
		{"readiness by HTTP without a path asks the root", map[string]string{"AWS_LWA_READINESS_CHECK_PROTOCOL": "HTTP"}, func(c *Config) { c.ReadinessProtocol, c.ReadinessPath = "http", "/" }},
		{"readiness by TCP ignores the path", map[string]string{"AWS_LWA_READINESS_CHECK_PROTOCOL": "tcp", "AWS_LWA_READINESS_CHECK_PATH": "/x"}, func(c *Config) { c.ReadinessProtocol = "tcp" }},
		{"healthy statuses", map[string]string{"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200-399,404"}, func(c *Config) { c.Healthy = StatusSet{{200, 399}, {404, 404}} }},
		{"least unhealthy status, removed in 1.0", map[string]string{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS": "400"}, func(c *Config) { c.Healthy = StatusSet{{100, 399}} }},
		{"readiness timeout", map[string]string{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS": "0.5"}, func(c *Config) { c.ReadinessTimeout = time.Second / 2 }},
		{"a negative timeout is none", map[string]string{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS": "-1"}, func(*Config) {}},
		{"no async init", map[string]string{"AWS_LWA_ASYNC_INIT": "false"}, func(c *Config) { c.AsyncInit = false }},
		{"base path", map[string]string{"AWS_LWA_REMOVE_BASE_PATH": "/api/"}, func(c *Config) { c.BasePath = "/api" }},
		{"clients on the pass-through path", map[string]string{"CDKWEB_PASS_THROUGH_FROM_CLIENTS": "true"}, func(c *Config) { c.PassThroughFromClients = true }},
		{"the root for what is passed through, and for clients", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/", "CDKWEB_PASS_THROUGH_FROM_CLIENTS": "true"}, func(c *Config) { c.PassThroughPath, c.PassThroughFromClients = "/", true }},
		{"pass-through path", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/sqs"}, func(c *Config) { c.PassThroughPath = "/sqs" }},
		{"compression", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": "True"}, func(c *Config) { c.Compression = true }},
		{"streaming", map[string]string{"AWS_LWA_INVOKE_MODE": "RESPONSE_STREAM"}, func(c *Config) { c.Streaming = true }},
		{"authorization source", map[string]string{"AWS_LWA_AUTHORIZATION_SOURCE": "X-Auth"}, func(c *Config) { c.AuthorizationSource = "x-auth" }},
		{"a client's headers pass", map[string]string{"CDKWEB_FORWARDED_HEADERS": "Pass"}, func(c *Config) { c.Forwarded.Pass = true }},
		{"a client's headers do not pass", map[string]string{"CDKWEB_FORWARDED_HEADERS": "endpoint"}, func(*Config) {}},
		{"some of a client's headers pass", map[string]string{"CDKWEB_FORWARDED_HEADERS": "endpoint, True-Client-IP,x-forwarded-host"}, func(c *Config) { c.Forwarded.Keep = []string{"true-client-ip", "x-forwarded-host"} }},
		{"a front", map[string]string{"CDKWEB_FRONT_SECRETS": "0123456789abcdef"}, func(c *Config) { c.Front = testFront("0123456789abcdef") }},
		{"a front that changes its secret", map[string]string{"CDKWEB_FRONT_SECRETS": "0123456789abcdef, -_" + strings.Repeat("Z", 126)}, func(c *Config) { c.Front = testFront("0123456789abcdef", "-_"+strings.Repeat("Z", 126)) }},
		{"some addresses only", map[string]string{"CDKWEB_ALLOW_FROM": "192.0.2.0/24, 2001:db8::/32"}, func(c *Config) {
			c.AllowFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}
		}},
		{"error statuses", map[string]string{"AWS_LWA_ERROR_STATUS_CODES": "500,502-504"}, func(c *Config) { c.ErrorStatus = StatusSet{{500, 500}, {502, 504}} }},
		{"idle timeout", map[string]string{"AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS": "0"}, func(c *Config) { c.IdleTimeout = 0 }},
		{"the proxy is for the Runtime API alone", map[string]string{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY": "127.0.0.1:9009"}, func(c *Config) { c.RuntimeAPI = "127.0.0.1:9009" }},
		{"the proxy as a URL", map[string]string{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY": "http://127.0.0.1:9009/"}, func(c *Config) { c.RuntimeAPI = "127.0.0.1:9009" }},
		{"SnapStart hooks", map[string]string{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH": "/before", "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH": "after"}, func(c *Config) { c.BeforeCheckpoint, c.AfterRestore = "/before", "/after" }},
		{"Managed Instances", map[string]string{"AWS_LAMBDA_MAX_CONCURRENCY": "16"}, func(c *Config) { c.MaxConcurrency = 16 }},
		{"host", map[string]string{"AWS_LWA_HOST": "::1"}, func(c *Config) { c.Host = "::1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := &Config{
				Host: "127.0.0.1", Port: "8080", ReadinessPort: "8080", Healthy: StatusSet{{100, 499}}, AsyncInit: true,
				PassThroughPath: "/events", IdleTimeout: 4 * time.Second, RuntimeAPI: "127.0.0.1:9001", MaxConcurrency: 1,
			}
			test.want(want)
			want.guarded = want.guards()
			got, err := Read(testEnv(test.env))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

// testFront is a front with secrets.
func testFront(texts ...string) (f Front) {
	for _, text := range texts {
		s := secret{length: int32(len(text))}
		copy(s.text[:], text)
		f.secrets = append(f.secrets, s)
	}
	return f
}

const (
	wantSecrets = "CDKWEB_FRONT_SECRETS must be secrets of 16 to 128 letters, digits, - and _ each, " +
		"separated by commas; its value is not shown"
	wantPrefixes = "CDKWEB_ALLOW_FROM must be prefixes separated by commas, such as 192.0.2.0/24,2001:db8::/32; " +
		"a single address ends with /32 or /128"
)

func TestConfigRefusesWhatIsInvalid(t *testing.T) {
	refused := map[string]bool{}
	for _, test := range []struct{ name, value, want string }{
		{"AWS_LWA_PORT", "http", `AWS_LWA_PORT must be a port from 1 to 65535, got "http"`},
		{"PORT", "0", `PORT must be a port from 1 to 65535, got "0"`},
		{"AWS_LWA_HOST", "a b", `AWS_LWA_HOST must be a host name or an IP address, got "a b"`},
		{"AWS_LWA_READINESS_CHECK_PORT", "70000", `AWS_LWA_READINESS_CHECK_PORT must be a port from 1 to 65535, got "70000"`},
		{"AWS_LWA_READINESS_CHECK_PATH", "/a b", `AWS_LWA_READINESS_CHECK_PATH must be a path such as /healthz, or none, got "/a b"`},
		{"AWS_LWA_READINESS_CHECK_PROTOCOL", "udp", `AWS_LWA_READINESS_CHECK_PROTOCOL must be http, tcp or auto, got "udp"`},
		{"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "ok", `AWS_LWA_READINESS_CHECK_HEALTHY_STATUS must be statuses and ranges such as 200-399,404, got "ok"`},
		{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS", "1000", `AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS must be a status from 101 to 600, got "1000"`},
		{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS", "10s", `AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS must be a number of seconds; 0 sets no limit, got "10s"`},
		{"AWS_LWA_ASYNC_INIT", "yes", `AWS_LWA_ASYNC_INIT must be true or false, got "yes"`},
		{"AWS_LWA_REMOVE_BASE_PATH", "/a#b", `AWS_LWA_REMOVE_BASE_PATH must be a path such as /api, got "/a#b"`},
		{"AWS_LWA_PASS_THROUGH_PATH", "/a\nb", `AWS_LWA_PASS_THROUGH_PATH must be a path such as /events, got "/a\nb"`},
		{"AWS_LWA_PASS_THROUGH_PATH", "/x/..", `AWS_LWA_PASS_THROUGH_PATH must be another path than /, which clients ask for, unless CDKWEB_PASS_THROUGH_FROM_CLIENTS is true, got "/x/.."`},
		{"CDKWEB_PASS_THROUGH_FROM_CLIENTS", "1", `CDKWEB_PASS_THROUGH_FROM_CLIENTS must be true or false, got "1"`},
		{"AWS_LWA_ENABLE_COMPRESSION", "gzip", `AWS_LWA_ENABLE_COMPRESSION must be true or false, got "gzip"`},
		{"AWS_LWA_INVOKE_MODE", "stream", `AWS_LWA_INVOKE_MODE must be buffered or response_stream, got "stream"`},
		{"AWS_LWA_AUTHORIZATION_SOURCE", "a:b", `AWS_LWA_AUTHORIZATION_SOURCE must be the name of a header, got "a:b"`},
		{"CDKWEB_FORWARDED_HEADERS", "true", `CDKWEB_FORWARDED_HEADERS must be endpoint, pass, or endpoint and the names of headers to leave alone, as in endpoint,true-client-ip, got "true"`},
		{"CDKWEB_FORWARDED_HEADERS", "pass,x-real-ip", `CDKWEB_FORWARDED_HEADERS must be endpoint, pass, or endpoint and the names of headers to leave alone, as in endpoint,true-client-ip, got "pass,x-real-ip"`},
		{"CDKWEB_FORWARDED_HEADERS", "endpoint,", `CDKWEB_FORWARDED_HEADERS must be endpoint, pass, or endpoint and the names of headers to leave alone, as in endpoint,true-client-ip, got "endpoint,"`},
		{"CDKWEB_FORWARDED_HEADERS", "endpoint,a b", `CDKWEB_FORWARDED_HEADERS must be endpoint, pass, or endpoint and the names of headers to leave alone, as in endpoint,true-client-ip, got "endpoint,a b"`},
		{"CDKWEB_FRONT_SECRETS", "0123456789abcde", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", strings.Repeat("a", 129), wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "0123456789abcdef,", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "0123456789abcdef,short", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "0123456789 abcdef", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "0123456789abcdef.~", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "0123456789abcdef\u017f", wantSecrets},
		{"CDKWEB_FRONT_SECRETS", "{{resolve:secretsmanager:front:SecretString:::}}", wantSecrets},
		{"CDKWEB_ALLOW_FROM", "192.0.2.1", wantPrefixes + `, got "192.0.2.1"`},
		{"CDKWEB_ALLOW_FROM", "192.0.2.0/33", wantPrefixes + `, got "192.0.2.0/33"`},
		{"CDKWEB_ALLOW_FROM", "192.0.2.0/24,", wantPrefixes + `, got "192.0.2.0/24,"`},
		{"CDKWEB_ALLOW_FROM", "::ffff:192.0.2.0/120", wantPrefixes + `, got "::ffff:192.0.2.0/120"`},
		{"CDKWEB_ALLOW_FROM", "fe80::1%eth0/64", wantPrefixes + `, got "fe80::1%eth0/64"`},
		{"AWS_LWA_ERROR_STATUS_CODES", "5xx", `AWS_LWA_ERROR_STATUS_CODES must be statuses and ranges such as 500,502-504, got "5xx"`},
		{"AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS", "NaN", `AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS must be a number of seconds; 0 keeps no connection, got "NaN"`},
		{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY", "localhost", `AWS_LWA_LAMBDA_RUNTIME_API_PROXY must be a host and port such as 127.0.0.1:9009, got "localhost"`},
		{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH", "/foo/..", `AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH must be a path other than / without %, got "/foo/.."`},
		{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/after%25", `AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH must be a path other than / without %, got "/after%25"`},
		{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/Events", `AWS_LWA_PASS_THROUGH_PATH must be another path than a SnapStart hook's, got "/events"`},
		{"AWS_LAMBDA_MAX_CONCURRENCY", "many", `AWS_LAMBDA_MAX_CONCURRENCY must be a number from 1, got "many"`},
	} {
		_, err := Read(testEnv(map[string]string{test.name: test.value}))
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
		problems := Check(func(name string) string { return map[string]string{test.name: test.value}[name] })
		if len(problems) != 1 || problems[0].Error() != test.want {
			t.Errorf("got the problems %v, want %s", problems, test.want)
		}
		refused[test.name] = true
	}
	for _, s := range All() {
		if !refused[s.Name] {
			t.Errorf("%s has no value that is refused", s.Name)
		}
	}
}

func TestConfigReportsAllFaultsAtOnce(t *testing.T) {
	_, err := Read(testEnv(map[string]string{"AWS_LWA_PORT": "x", "AWS_LWA_INVOKE_MODE": "y"}))
	if err == nil || !strings.Contains(err.Error(), "AWS_LWA_PORT") || !strings.Contains(err.Error(), "AWS_LWA_INVOKE_MODE") {
		t.Errorf("got %v, want both faults", err)
	}
}

// A workload's variable with the older name of a setting steers nothing if the
// neutral value is written beside it.
func TestNeutralValuesMeanNotSet(t *testing.T) {
	const port = 3000
	foreign := map[string]string{
		"HOST": "shop.example.com", "READINESS_CHECK_PORT": "4000", "READINESS_CHECK_PATH": "/theirs",
		"READINESS_CHECK_PROTOCOL": "http", "ASYNC_INIT": "false", "REMOVE_BASE_PATH": "/theirs",
	}
	base := map[string]string{"PORT": strconv.Itoa(port)}
	want, err := Read(testEnv(base))
	if err != nil {
		t.Fatal(err)
	}
	both, seen := maps.Clone(base), 0
	for _, s := range All() {
		if s.Old == "" {
			continue
		}
		seen++
		env := maps.Clone(base)
		env[s.Old] = foreign[s.Old]
		both[s.Old], both[s.Name] = foreign[s.Old], s.NeutralFor(port)
		if got, err := Read(testEnv(env)); err != nil || reflect.DeepEqual(got, want) {
			t.Errorf("%s=%s steers nothing (%v), so that this test proves nothing", s.Old, foreign[s.Old], err)
		}
		env[s.Name] = s.NeutralFor(port)
		if got, err := Read(testEnv(env)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s=%s beside %s=%s: got %+v, %v, want %+v", s.Name, env[s.Name], s.Old, foreign[s.Old], got, err, want)
		}
		if s.Name != "AWS_LWA_READINESS_CHECK_PORT" && (s.Neutral == "" || s.NeutralLWA == "") {
			t.Errorf("%s has no neutral value", s.Name)
		}
	}
	if seen != len(foreign) {
		t.Errorf("got %d settings with an older name, want %d", seen, len(foreign))
	}
	if got, err := Read(testEnv(both)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with all of them: got %+v, %v, want %+v", got, err, want)
	}
}

func TestIsPath(t *testing.T) {
	for path, want := range map[string]bool{
		"/": true, "/healthz": true, "/a/b.c?d=e&f": true, "/caf%C3%A9": true, "/[x]:@!$&'()*+,;=-._~": true, "healthz": true,
		"/a b": false, "/a#b": false, "/ü": false, `/a"b`: false, "/<x>": false, "/a\nb": false, "/\x00": false, "/\x7f": false, "/a\\b": false, "/{id}": false,
	} {
		if got := IsPath(path); got != want {
			t.Errorf("%q: got %v, want %v", path, got, want)
		}
	}
}

// What is not for clients is kept from them in every spelling that a server may
// take for the path.
func TestGuard(t *testing.T) {
	c, err := Read(testEnv(map[string]string{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH": "/snap/after", "AWS_LWA_PASS_THROUGH_PATH": "/Events"}))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]Guard{
		"/snap/after": Hook, "/SNAP//after/": Hook, "/snap;x/after": Hook, "/;/snap/after": Hook, "/snap/%61fter": Hook,
		"/events": PassThrough, "/EVENTS": PassThrough, "//events": PassThrough, "/events/": PassThrough, "/./events": PassThrough,
		"/x/../events": PassThrough, "/%65vents": PassThrough, "/events%2f": PassThrough, "/%2565vents": PassThrough, "/events;x=1": PassThrough,
		"/events%3Bx": PassThrough, "/%5Cevents": PassThrough, "/x%5c..%5cevents": PassThrough, "/events%00.png": PassThrough, "/events/.": PassThrough,
		"/": Open, "/snap": Open, "/snap/afterwards": Open, "/other;/snap/after": Open, "/event": Open, "/events/1": Open, "/my/events": Open,
		"/eventsource": Open, "/events.json": Open, "/%25": Open, "/..": Open,
	} {
		if got := c.Guard([]byte(path)); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	c, err = Read(testEnv(map[string]string{"CDKWEB_PASS_THROUGH_FROM_CLIENTS": "true"}))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Guard([]byte("/events")); got != Open {
		t.Errorf("got %v although clients may use the path", got)
	}
}

// Guard is asked for every request.
func TestGuardCostsNoMemory(t *testing.T) {
	c, err := Read(testEnv(nil))
	if err != nil {
		t.Fatal(err)
	}
	path := []byte("/static/app-1.2.js")
	if n := testing.AllocsPerRun(100, func() { c.Guard(path) }); n != 0 {
		t.Errorf("got %v allocations", n)
	}
}

func BenchmarkGuard(b *testing.B) {
	c, err := Read(testEnv(nil))
	if err != nil {
		b.Fatal(err)
	}
	for name, path := range map[string]string{"plain": "/static/app-1.2.js", "encoded": "/a%20b/C"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Guard([]byte(path))
			}
		})
	}
}

func TestStatusSet(t *testing.T) {
	for _, test := range []struct {
		text string
		want StatusSet
	}{
		{"500", StatusSet{{500, 500}}},
		{"500,502-504, 422", StatusSet{{500, 500}, {502, 504}, {422, 422}}},
		{"100-499", StatusSet{{100, 499}}},
	} {
		if got, ok := ParseStatusSet(test.text); !ok || !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.text, got, ok, test.want)
		}
	}
	for _, text := range []string{"invalid", "500-", "-500", "504-502", "99", "600", "500,,501", "2xx"} {
		if got, ok := ParseStatusSet(text); ok {
			t.Errorf("%s: got %v, want a refusal", text, got)
		}
	}
}

// FuzzSettings gives one value to all settings, and one path to the guard. Check
// and Read agree, a sentence stands for each value that is refused, and a path
// that is taken fits into a request line.
func FuzzSettings(f *testing.F) {
	for _, seed := range [][2]string{{"/healthz", "/events"}, {"8080", "//Events"}, {"true", "/%65vents;x"}, {"200-399,404", "/a/../events"}, {"127.0.0.1", "/"}, {"a b", "/\x00"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, value, path string) {
		for _, s := range All() {
			env := map[string]string{s.Name: value}
			c, err := Read(testEnv(env))
			problems := Check(func(name string) string { return env[name] })
			if (err == nil) != (len(problems) == 0) {
				t.Fatalf("%s=%q: Read says %v, Check %v", s.Name, value, err, problems)
			}
			if err != nil {
				continue
			}
			for _, path := range []string{c.ReadinessPath, c.PassThroughPath, c.BeforeCheckpoint, c.AfterRestore} {
				if strings.ContainsAny(path, " \r\n\x00#") {
					t.Fatalf("%s=%q: got the path %q", s.Name, value, path)
				}
			}
			if c.Guard([]byte(c.PassThroughPath)) == Open && !c.PassThroughFromClients {
				t.Fatalf("%s=%q: clients reach %q", s.Name, value, c.PassThroughPath)
			}
		}
		if isPlain([]byte(path)) && canonicalPath(path) != path {
			t.Fatalf("%q is plain, and becomes %q", path, canonicalPath(path))
		}
		if again := canonicalPath(canonicalPath(path)); !strings.ContainsAny(path, "%?;\x00") && again != canonicalPath(path) {
			t.Fatalf("%q becomes %q and then %q", path, canonicalPath(path), again)
		}
	})
}
