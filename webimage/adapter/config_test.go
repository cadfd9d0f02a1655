package main

import (
	"reflect"
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
		want func(*config)
	}{
		{"defaults", nil, func(*config) {}},
		{"PORT", map[string]string{"PORT": "3000"}, func(c *config) { c.port, c.readinessPort = "3000", "3000" }},
		{"AWS_LWA_PORT goes before PORT", map[string]string{"PORT": "3000", "AWS_LWA_PORT": "4000"}, func(c *config) { c.port, c.readinessPort = "4000", "4000" }},
		{"an empty variable is not set", map[string]string{"PORT": "3000", "AWS_LWA_PORT": ""}, func(c *config) { c.port, c.readinessPort = "3000", "3000" }},
		{"readiness port", map[string]string{"AWS_LWA_READINESS_CHECK_PORT": "9000"}, func(c *config) { c.readinessPort = "9000" }},
		{"readiness path", map[string]string{"AWS_LWA_READINESS_CHECK_PATH": "healthz"}, func(c *config) { c.readinessPath = "/healthz" }},
		{"readiness path, old name", map[string]string{"READINESS_CHECK_PATH": "/up"}, func(c *config) { c.readinessPath = "/up" }},
		{"readiness by HTTP without a path asks the root", map[string]string{"AWS_LWA_READINESS_CHECK_PROTOCOL": "HTTP"}, func(c *config) { c.readinessProtocol, c.readinessPath = "http", "/" }},
		{"readiness by TCP ignores the path", map[string]string{"AWS_LWA_READINESS_CHECK_PROTOCOL": "tcp", "AWS_LWA_READINESS_CHECK_PATH": "/x"}, func(c *config) { c.readinessProtocol = "tcp" }},
		{"healthy statuses", map[string]string{"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS": "200-399,404"}, func(c *config) { c.healthy = statusSet{{200, 399}, {404, 404}} }},
		{"least unhealthy status, removed in 1.0", map[string]string{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS": "400"}, func(c *config) { c.healthy = statusSet{{100, 399}} }},
		{"readiness timeout", map[string]string{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS": "0.5"}, func(c *config) { c.readinessTimeout = time.Second / 2 }},
		{"a negative timeout is none", map[string]string{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS": "-1"}, func(*config) {}},
		{"no async init", map[string]string{"AWS_LWA_ASYNC_INIT": "false"}, func(c *config) { c.asyncInit = false }},
		{"base path", map[string]string{"AWS_LWA_REMOVE_BASE_PATH": "/api/"}, func(c *config) { c.basePath = "/api" }},
		{"pass-through path", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/sqs"}, func(c *config) { c.passThroughPath = "/sqs" }},
		{"compression", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": "True"}, func(c *config) { c.compression = true }},
		{"streaming", map[string]string{"AWS_LWA_INVOKE_MODE": "RESPONSE_STREAM"}, func(c *config) { c.streaming = true }},
		{"authorization source", map[string]string{"AWS_LWA_AUTHORIZATION_SOURCE": "X-Auth"}, func(c *config) { c.authorizationSource = "x-auth" }},
		{"error statuses", map[string]string{"AWS_LWA_ERROR_STATUS_CODES": "500,502-504"}, func(c *config) { c.errorStatus = statusSet{{500, 500}, {502, 504}} }},
		{"idle timeout", map[string]string{"AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS": "0"}, func(c *config) { c.idleTimeout = 0 }},
		{"the proxy is for the Runtime API alone", map[string]string{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY": "127.0.0.1:9009"}, func(c *config) { c.runtimeAPI = "127.0.0.1:9009" }},
		{"the proxy as a URL", map[string]string{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY": "http://127.0.0.1:9009/"}, func(c *config) { c.runtimeAPI = "127.0.0.1:9009" }},
		{"SnapStart hooks", map[string]string{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH": "/before", "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH": "after"}, func(c *config) { c.beforeCheckpoint, c.afterRestore = "/before", "/after" }},
		{"Managed Instances", map[string]string{"AWS_LAMBDA_MAX_CONCURRENCY": "16"}, func(c *config) { c.maxConcurrency = 16 }},
		{"host", map[string]string{"AWS_LWA_HOST": "::1"}, func(c *config) { c.host = "::1" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := &config{
				host: "127.0.0.1", port: "8080", readinessPort: "8080", healthy: statusSet{{100, 499}}, asyncInit: true,
				passThroughPath: "/events", idleTimeout: 4 * time.Second, runtimeAPI: "127.0.0.1:9001", maxConcurrency: 1,
			}
			test.want(want)
			got, err := readConfig(testEnv(test.env))
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		})
	}
}

func TestConfigRefusesWhatIsInvalid(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"AWS_LWA_PORT", "http", `AWS_LWA_PORT must be a port from 1 to 65535, got "http"`},
		{"PORT", "0", `PORT must be a port from 1 to 65535, got "0"`},
		{"AWS_LWA_HOST", "a b", `AWS_LWA_HOST must be a host name or an IP address, got "a b"`},
		{"AWS_LWA_READINESS_CHECK_PORT", "70000", `AWS_LWA_READINESS_CHECK_PORT must be a port from 1 to 65535, got "70000"`},
		{"AWS_LWA_READINESS_CHECK_PATH", "/a b", `AWS_LWA_READINESS_CHECK_PATH must be a path such as /healthz, got "/a b"`},
		{"AWS_LWA_READINESS_CHECK_PROTOCOL", "udp", `AWS_LWA_READINESS_CHECK_PROTOCOL must be http or tcp, got "udp"`},
		{"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS", "ok", `AWS_LWA_READINESS_CHECK_HEALTHY_STATUS must be statuses and ranges such as 200-399,404, got "ok"`},
		{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS", "1000", `AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS must be a status from 101 to 600, got "1000"`},
		{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS", "10s", `AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS must be a number of seconds; 0 sets no limit, got "10s"`},
		{"AWS_LWA_ASYNC_INIT", "yes", `AWS_LWA_ASYNC_INIT must be true or false, got "yes"`},
		{"AWS_LWA_REMOVE_BASE_PATH", "/a#b", `AWS_LWA_REMOVE_BASE_PATH must be a path such as /api, got "/a#b"`},
		{"AWS_LWA_PASS_THROUGH_PATH", "/a\nb", `AWS_LWA_PASS_THROUGH_PATH must be a path such as /events, got "/a\nb"`},
		{"AWS_LWA_ENABLE_COMPRESSION", "gzip", `AWS_LWA_ENABLE_COMPRESSION must be true or false, got "gzip"`},
		{"AWS_LWA_INVOKE_MODE", "stream", `AWS_LWA_INVOKE_MODE must be buffered or response_stream, got "stream"`},
		{"AWS_LWA_AUTHORIZATION_SOURCE", "a:b", `AWS_LWA_AUTHORIZATION_SOURCE must be the name of a header, got "a:b"`},
		{"AWS_LWA_ERROR_STATUS_CODES", "5xx", `AWS_LWA_ERROR_STATUS_CODES must be statuses and ranges such as 500,502-504, got "5xx"`},
		{"AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS", "NaN", `AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS must be a number of seconds; 0 keeps no connection, got "NaN"`},
		{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY", "localhost", `AWS_LWA_LAMBDA_RUNTIME_API_PROXY must be a host and port such as 127.0.0.1:9009, got "localhost"`},
		{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH", "/foo/..", `AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH must be a path other than / without %, got "/foo/.."`},
		{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/after%25", `AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH must be a path other than / without %, got "/after%25"`},
		{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/Events", `AWS_LWA_PASS_THROUGH_PATH must not be a SnapStart hook's path, got "/Events"`},
		{"AWS_LAMBDA_MAX_CONCURRENCY", "many", `AWS_LAMBDA_MAX_CONCURRENCY must be a number from 1, got "many"`},
	} {
		_, err := readConfig(testEnv(map[string]string{test.name: test.value}))
		if err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

func TestConfigReportsAllFaultsAtOnce(t *testing.T) {
	_, err := readConfig(testEnv(map[string]string{"AWS_LWA_PORT": "x", "AWS_LWA_INVOKE_MODE": "y"}))
	if err == nil || !strings.Contains(err.Error(), "AWS_LWA_PORT") || !strings.Contains(err.Error(), "AWS_LWA_INVOKE_MODE") {
		t.Errorf("got %v, want both faults", err)
	}
}

// A variable that no row sets is one that nobody has checked.
func TestEverySettingHasARow(t *testing.T) {
	source := sourceFiles(t, "config_test.go")["config_test.go"]
	for _, s := range settings {
		if !strings.Contains(source, `{"`+s.names[0]+`",`) {
			t.Errorf("%s has no invalid value", s.names[0])
		}
	}
}

func TestHookPathsAreGuardedInEverySpelling(t *testing.T) {
	c := &config{afterRestore: "/snapstart/after"}
	for path, want := range map[string]bool{
		"/snapstart/after": true, "/SnapStart/After": true, "//snapstart///after": true, "/snapstart/%61fter": true,
		"/x/../snapstart/./after": true, "/snapstart%2fafter": true, "/snapstart/after/": true,
		"/": false, "/snapstart": false, "/snapstart/afterwards": false,
	} {
		if got := c.isHook([]byte(path)); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
}
