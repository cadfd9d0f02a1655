package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// config is everything that the environment says. The variables are those of
// AWS Lambda Web Adapter 1.x, so that one adapter can replace the other.
type config struct {
	host string
	port string

	readinessPort     string
	readinessPath     string
	readinessProtocol string // "http", "tcp", or "" for http if a path is set
	readinessTimeout  time.Duration
	healthy           statusSet
	asyncInit         bool

	basePath            string
	passThroughPath     string
	authorizationSource string
	errorStatus         statusSet
	compression         bool
	streaming           bool
	idleTimeout         time.Duration
	beforeCheckpoint    string
	afterRestore        string

	runtimeAPI     string // where invocations come from
	initType       string
	maxConcurrency int
	function       function
}

// serverAddress is where the web server listens.
func (c *config) serverAddress() string { return net.JoinHostPort(c.host, c.port) }

// readinessAddress is where the server is asked whether it is ready.
func (c *config) readinessAddress() string { return net.JoinHostPort(c.host, c.readinessPort) }

// snapStart tells whether Lambda will take a snapshot after the init.
func (c *config) snapStart() bool { return c.initType == "snap-start" }

// setting is one variable. Later names are older ones, read if the first is not
// set. An empty variable counts as not set.
type setting struct {
	names   []string
	allowed string
	set     func(c *config, value string) bool
}

var settings = []setting{
	{[]string{"AWS_LWA_HOST", "HOST"}, "a host name or an IP address", func(c *config, v string) bool {
		c.host = strings.Trim(v, "[]")
		return !strings.ContainsAny(v, " /\r\n")
	}},
	{[]string{"AWS_LWA_PORT", "PORT"}, "a port from 1 to 65535", func(c *config, v string) bool {
		c.port = v
		return isPort(v)
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_PORT", "READINESS_CHECK_PORT"}, "a port from 1 to 65535", func(c *config, v string) bool {
		c.readinessPort = v
		return isPort(v)
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_PATH", "READINESS_CHECK_PATH"}, "a path such as /healthz", func(c *config, v string) bool {
		c.readinessPath = withSlash(v)
		return isPath(v)
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_PROTOCOL", "READINESS_CHECK_PROTOCOL"}, "http or tcp", func(c *config, v string) bool {
		c.readinessProtocol = strings.ToLower(v)
		return c.readinessProtocol == "http" || c.readinessProtocol == "tcp"
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS"}, "a status from 101 to 600", func(c *config, v string) bool {
		n, err := strconv.Atoi(v)
		c.healthy = statusSet{{100, n - 1}}
		return err == nil && n > 100 && n <= 600
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_HEALTHY_STATUS"}, "statuses and ranges such as 200-399,404", func(c *config, v string) (ok bool) {
		c.healthy, ok = parseStatusSet(v)
		return ok
	}},
	{[]string{"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS"}, "a number of seconds; 0 sets no limit", func(c *config, v string) (ok bool) {
		c.readinessTimeout, ok = parseSeconds(v)
		return ok
	}},
	{[]string{"AWS_LWA_ASYNC_INIT", "ASYNC_INIT"}, "true or false", func(c *config, v string) bool {
		return parseBool(&c.asyncInit, v)
	}},
	{[]string{"AWS_LWA_REMOVE_BASE_PATH", "REMOVE_BASE_PATH"}, "a path such as /api", func(c *config, v string) bool {
		c.basePath = strings.TrimRight(withSlash(v), "/")
		return isPath(v)
	}},
	{[]string{"AWS_LWA_PASS_THROUGH_PATH"}, "a path such as /events", func(c *config, v string) bool {
		c.passThroughPath = withSlash(v)
		return isPath(v)
	}},
	{[]string{"AWS_LWA_ENABLE_COMPRESSION"}, "true or false", func(c *config, v string) bool {
		return parseBool(&c.compression, v)
	}},
	{[]string{"AWS_LWA_INVOKE_MODE"}, "buffered or response_stream", func(c *config, v string) bool {
		v = strings.ToLower(v)
		c.streaming = v == "response_stream"
		return c.streaming || v == "buffered"
	}},
	{[]string{"AWS_LWA_AUTHORIZATION_SOURCE"}, "the name of a header", func(c *config, v string) bool {
		c.authorizationSource = strings.ToLower(v)
		return isToken([]byte(v))
	}},
	{[]string{"AWS_LWA_ERROR_STATUS_CODES"}, "statuses and ranges such as 500,502-504", func(c *config, v string) (ok bool) {
		c.errorStatus, ok = parseStatusSet(v)
		return ok
	}},
	{[]string{"AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS"}, "a number of seconds; 0 keeps no connection", func(c *config, v string) (ok bool) {
		c.idleTimeout, ok = parseSeconds(v)
		return ok
	}},
	{[]string{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH"}, "a path other than / without %", func(c *config, v string) bool {
		c.beforeCheckpoint = withSlash(v)
		return isHookPath(c.beforeCheckpoint)
	}},
	{[]string{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH"}, "a path other than / without %", func(c *config, v string) bool {
		c.afterRestore = withSlash(v)
		return isHookPath(c.afterRestore)
	}},
	{[]string{"AWS_LWA_LAMBDA_RUNTIME_API_PROXY"}, "a host and port such as 127.0.0.1:9009", func(c *config, v string) bool {
		c.runtimeAPI = strings.TrimSuffix(strings.TrimPrefix(v, "http://"), "/")
		return isHostPort(c.runtimeAPI)
	}},
	{[]string{"AWS_LAMBDA_MAX_CONCURRENCY"}, "a number from 1", func(c *config, v string) bool {
		n, err := strconv.Atoi(v)
		c.maxConcurrency = n
		return err == nil && n >= 1
	}},
}

var errOutsideLambda = errors.New("AWS_LAMBDA_RUNTIME_API is not set: only AWS Lambda starts this program, from /opt/extensions")

// readConfig reads the settings with getenv and reports all faults at once.
func readConfig(getenv func(string) string) (*config, error) {
	api := getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		return nil, errOutsideLambda
	}
	memory, _ := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"))
	c := &config{
		host:            "127.0.0.1",
		port:            "8080",
		healthy:         statusSet{{100, 499}},
		asyncInit:       true,
		passThroughPath: "/events",
		idleTimeout:     4 * time.Second, // below the 5 s after which Node.js closes an idle connection
		runtimeAPI:      api,
		initType:        getenv("AWS_LAMBDA_INITIALIZATION_TYPE"),
		maxConcurrency:  1,
		function: function{
			name:      getenv("AWS_LAMBDA_FUNCTION_NAME"),
			version:   getenv("AWS_LAMBDA_FUNCTION_VERSION"),
			memory:    memory,
			logGroup:  getenv("AWS_LAMBDA_LOG_GROUP_NAME"),
			logStream: getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
		},
	}
	var faults []error
	for _, s := range settings {
		for _, name := range s.names {
			value := getenv(name)
			if value == "" {
				continue
			}
			if !s.set(c, value) {
				faults = append(faults, fmt.Errorf("%s must be %s, got %q", name, s.allowed, value))
			}
			break
		}
	}
	for _, hook := range []string{c.beforeCheckpoint, c.afterRestore} {
		if hook != "" && samePath(hook, c.passThroughPath) {
			faults = append(faults, fmt.Errorf("AWS_LWA_PASS_THROUGH_PATH must not be a SnapStart hook's path, got %q", hook))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	if c.readinessPort == "" {
		c.readinessPort = c.port
	}
	if c.readinessProtocol == "http" && c.readinessPath == "" {
		c.readinessPath = "/"
	}
	if c.readinessProtocol == "tcp" {
		c.readinessPath = ""
	}
	return c, nil
}

func isPort(v string) bool {
	n, err := strconv.ParseUint(v, 10, 16)
	return err == nil && n > 0
}

func isHostPort(v string) bool {
	host, port, err := net.SplitHostPort(v)
	return err == nil && host != "" && isPort(port)
}

// isPath tells whether v can stand in a request line.
func isPath(v string) bool {
	for i := range len(v) {
		if v[i] != '?' && !pathByte[v[i]] {
			return false
		}
	}
	return true
}

func withSlash(v string) string {
	if strings.HasPrefix(v, "/") {
		return v
	}
	return "/" + v
}

func parseBool(b *bool, v string) bool {
	*b = strings.EqualFold(v, "true")
	return *b || strings.EqualFold(v, "false")
}

func parseSeconds(v string) (time.Duration, bool) {
	seconds, err := strconv.ParseFloat(v, 64)
	if err != nil || !(seconds < 1e6) {
		return 0, false
	}
	return max(0, time.Duration(seconds*float64(time.Second))), true
}

// statusSet is a set of HTTP statuses, as ranges with both ends.
type statusSet [][2]int

func (s statusSet) has(status int) bool {
	for _, r := range s {
		if r[0] <= status && status <= r[1] {
			return true
		}
	}
	return false
}

func (s statusSet) String() string {
	var parts []string
	for _, r := range s {
		if r[0] == r[1] {
			parts = append(parts, strconv.Itoa(r[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
	}
	return strings.Join(parts, ",")
}

// parseStatusSet reads a list such as "500,502-504".
func parseStatusSet(v string) (statusSet, bool) {
	var set statusSet
	for part := range strings.SplitSeq(v, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(strings.TrimSpace(first))
		to, err2 := strconv.Atoi(strings.TrimSpace(last))
		if err1 != nil || err2 != nil || from < 100 || to > 599 || from > to {
			return nil, false
		}
		set = append(set, [2]int{from, to})
	}
	return set, true
}
