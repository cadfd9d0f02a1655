package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
)

// Setting is one variable. An empty one counts as not set.
type Setting struct {
	Name string

	// Old is LWA's older name, without a prefix. It is read if Name is not set,
	// so that a variable which a workload has for another purpose, such as HOST,
	// steers the adapter.
	Old string

	// Neutral is the value of Name that means the same as no value. Written
	// beside a variable called Old, it keeps that one from steering the adapter.
	// It is set for each setting that has an Old, but for the readiness check's
	// port, for which [Setting.NeutralFor] knows it.
	Neutral string

	// NeutralLWA is the value that means the same as no value to LWA, for an
	// image with LWA in place of this adapter.
	NeutralLWA string

	// Standard is a name that others know too and that is read if Name is not
	// set: PORT.
	Standard string

	// Allowed is what a value must be, as the end of a sentence.
	Allowed string

	hidden bool // the value is a secret

	set func(c *Config, value string) bool
}

// NeutralFor is Neutral for a server that listens on a port.
func (s Setting) NeutralFor(port int) string {
	if s.Name == readinessPort {
		return strconv.Itoa(port)
	}
	return s.Neutral
}

// names are the variables that are read, the first that is set counts.
func (s Setting) names() []string {
	return slices.DeleteFunc([]string{s.Name, s.Standard, s.Old}, func(name string) bool { return name == "" })
}

// The names that are used more than once.
const (
	readinessPort          = "AWS_LWA_READINESS_CHECK_PORT"
	passThroughPath        = "AWS_LWA_PASS_THROUGH_PATH"
	passThroughFromClients = "CDKWEB_PASS_THROUGH_FROM_CLIENTS"
	authorizationSource    = "AWS_LWA_AUTHORIZATION_SOURCE"
	runtimeAPI             = "AWS_LAMBDA_RUNTIME_API"
)

// AfterRestorePath names the variable with the path of the hook after a restore.
const AfterRestorePath = "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH"

// All returns the settings.
func All() []Setting { return slices.Clone(all) }

var all = []Setting{
	{
		Name: "AWS_LWA_HOST", Old: "HOST", Neutral: "127.0.0.1", NeutralLWA: "127.0.0.1",
		Allowed: "a host name or an IP address",
		set: func(c *Config, v string) bool {
			c.Host = strings.Trim(v, "[]")
			return !strings.ContainsAny(v, " /\r\n")
		},
	},
	{
		Name: "AWS_LWA_PORT", Standard: "PORT",
		Allowed: "a port from 1 to 65535",
		set: func(c *Config, v string) bool {
			c.Port = v
			return isPort(v)
		},
	},
	{
		Name: readinessPort, Old: "READINESS_CHECK_PORT",
		Allowed: "a port from 1 to 65535",
		set: func(c *Config, v string) bool {
			c.ReadinessPort = v
			return isPort(v)
		},
	},
	{
		Name: "AWS_LWA_READINESS_CHECK_PATH", Old: "READINESS_CHECK_PATH", Neutral: "none", NeutralLWA: "/",
		Allowed: "a path such as /healthz, or none",
		set: func(c *Config, v string) bool {
			if c.ReadinessPath = ""; v != "none" {
				c.ReadinessPath = withSlash(v)
			}
			return IsPath(v)
		},
	},
	{
		Name: "AWS_LWA_READINESS_CHECK_PROTOCOL", Old: "READINESS_CHECK_PROTOCOL", Neutral: "auto", NeutralLWA: "http",
		Allowed: "http, tcp or auto",
		set: func(c *Config, v string) bool {
			c.ReadinessProtocol = strings.ToLower(v)
			if c.ReadinessProtocol == "auto" {
				c.ReadinessProtocol = ""
				return true
			}
			return c.ReadinessProtocol == "http" || c.ReadinessProtocol == "tcp"
		},
	},
	{
		Name:    "AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS",
		Allowed: "a status from 101 to 600",
		set: func(c *Config, v string) bool {
			n, err := strconv.Atoi(v)
			c.Healthy = StatusSet{{100, n - 1}}
			return err == nil && n > 100 && n <= 600
		},
	},
	{
		Name:    "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS",
		Allowed: "statuses and ranges such as 200-399,404",
		set: func(c *Config, v string) (ok bool) {
			c.Healthy, ok = ParseStatusSet(v)
			return ok
		},
	},
	{
		Name:    "AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS",
		Allowed: "a number of seconds; 0 sets no limit",
		set: func(c *Config, v string) (ok bool) {
			c.ReadinessTimeout, ok = parseSeconds(v)
			return ok
		},
	},
	{
		Name: "AWS_LWA_ASYNC_INIT", Old: "ASYNC_INIT", Neutral: "true", NeutralLWA: "false",
		Allowed: "true or false",
		set:     func(c *Config, v string) bool { return parseBool(&c.AsyncInit, v) },
	},
	{
		Name: "AWS_LWA_REMOVE_BASE_PATH", Old: "REMOVE_BASE_PATH", Neutral: "/", NeutralLWA: "/",
		Allowed: "a path such as /api",
		set: func(c *Config, v string) bool {
			c.BasePath = strings.TrimRight(withSlash(v), "/")
			return IsPath(v)
		},
	},
	{
		Name:    passThroughPath,
		Allowed: "a path such as /events",
		set: func(c *Config, v string) bool {
			c.PassThroughPath = withSlash(v)
			return IsPath(v)
		},
	},
	{
		Name:    passThroughFromClients,
		Allowed: "true or false",
		set:     func(c *Config, v string) bool { return parseBool(&c.PassThroughFromClients, v) },
	},
	{
		Name:    "AWS_LWA_ENABLE_COMPRESSION",
		Allowed: "true or false",
		set:     func(c *Config, v string) bool { return parseBool(&c.Compression, v) },
	},
	{
		Name:    "AWS_LWA_INVOKE_MODE",
		Allowed: "buffered or response_stream",
		set: func(c *Config, v string) bool {
			v = strings.ToLower(v)
			c.Streaming = v == "response_stream"
			return c.Streaming || v == "buffered"
		},
	},
	{
		Name:    authorizationSource,
		Allowed: "the name of a header",
		set: func(c *Config, v string) bool {
			c.AuthorizationSource = strings.ToLower(v)
			return ascii.IsToken(v)
		},
	},
	{
		Name:    "CDKWEB_FORWARDED_HEADERS",
		Allowed: "endpoint, pass, or endpoint and the names of headers to leave alone, as in endpoint,true-client-ip",
		set: func(c *Config, v string) (ok bool) {
			c.Forwarded, ok = parseForwarded(v)
			return ok
		},
	},
	{
		Name: FrontSecrets, hidden: true,
		Allowed: "secrets of 16 to 128 letters, digits, - and _ each, separated by commas",
		set: func(c *Config, v string) (ok bool) {
			c.Front, ok = parseFront(v)
			return ok
		},
	},
	{
		Name:    AllowFrom,
		Allowed: "prefixes separated by commas, such as 192.0.2.0/24,2001:db8::/32; a single address ends with /32 or /128",
		set: func(c *Config, v string) (ok bool) {
			c.AllowFrom, ok = parsePrefixes(v)
			return ok
		},
	},
	{
		Name:    "AWS_LWA_ERROR_STATUS_CODES",
		Allowed: "statuses and ranges such as 500,502-504",
		set: func(c *Config, v string) (ok bool) {
			c.ErrorStatus, ok = ParseStatusSet(v)
			return ok
		},
	},
	{
		Name:    "AWS_LWA_POOL_IDLE_TIMEOUT_SECONDS",
		Allowed: "a number of seconds; 0 keeps no connection",
		set: func(c *Config, v string) (ok bool) {
			c.IdleTimeout, ok = parseSeconds(v)
			return ok
		},
	},
	{
		Name:    "AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH",
		Allowed: "a path other than / without %",
		set: func(c *Config, v string) bool {
			c.BeforeCheckpoint = withSlash(v)
			return isHookPath(c.BeforeCheckpoint)
		},
	},
	{
		Name:    AfterRestorePath,
		Allowed: "a path other than / without %",
		set: func(c *Config, v string) bool {
			c.AfterRestore = withSlash(v)
			return isHookPath(c.AfterRestore)
		},
	},
	{
		Name:    "AWS_LWA_LAMBDA_RUNTIME_API_PROXY",
		Allowed: "a host and port such as 127.0.0.1:9009",
		set: func(c *Config, v string) bool {
			c.RuntimeAPI = strings.TrimSuffix(strings.TrimPrefix(v, "http://"), "/")
			return IsHostPort(c.RuntimeAPI)
		},
	},
	{
		Name:    "AWS_LAMBDA_MAX_CONCURRENCY",
		Allowed: "a number from 1",
		set: func(c *Config, v string) bool {
			n, err := strconv.Atoi(v)
			c.MaxConcurrency = n
			return err == nil && n >= 1
		},
	},
}

// Config is everything that the environment says.
type Config struct {
	Host string
	Port string

	ReadinessPort     string
	ReadinessPath     string
	ReadinessProtocol string // "http", "tcp", or "" for http if a path is set
	ReadinessTimeout  time.Duration
	Healthy           StatusSet
	AsyncInit         bool

	BasePath               string
	PassThroughPath        string
	PassThroughFromClients bool
	AuthorizationSource    string
	Forwarded              Forwarded
	Front                  Front
	AllowFrom              []netip.Prefix // empty for all
	ErrorStatus            StatusSet
	Compression            bool
	Streaming              bool
	IdleTimeout            time.Duration
	BeforeCheckpoint       string
	AfterRestore           string

	RuntimeAPI     string // where invocations come from
	InitType       string
	MaxConcurrency int
	Function       Function

	guarded []guarded
}

// Function is what the environment says about the Lambda function.
type Function struct {
	Name, Version, LogGroup, LogStream string
	Memory                             int
}

// ServerAddress is where the web server listens.
func (c *Config) ServerAddress() string { return net.JoinHostPort(c.Host, c.Port) }

// ReadinessAddress is where the server is asked whether it is ready.
func (c *Config) ReadinessAddress() string { return net.JoinHostPort(c.Host, c.ReadinessPort) }

// SnapStart tells whether Lambda will take a snapshot after the init.
func (c *Config) SnapStart() bool { return c.InitType == "snap-start" }

// Problem is a variable whose value is not allowed. As an error it is a sentence
// that says so. A value that is a secret is left out.
type Problem struct{ Name, Value, Allowed string }

func (p Problem) Error() string {
	if p.Value == "" {
		return fmt.Sprintf("%s must be %s; its value is not shown", p.Name, p.Allowed)
	}
	return fmt.Sprintf("%s must be %s, got %q", p.Name, p.Allowed, p.Value)
}

// ErrOutsideLambda says that somebody else than Lambda has started the program.
var ErrOutsideLambda = errors.New("AWS_LAMBDA_RUNTIME_API is not set: only AWS Lambda starts this program, from /opt/extensions")

// Check returns what is wrong with the variables that getenv knows, in the order
// of [All], nothing if all is well.
func Check(getenv func(string) string) []Problem {
	_, problems := read(getenv)
	return problems
}

// Read reads the settings with getenv and reports all problems at once.
func Read(getenv func(string) string) (*Config, error) {
	if getenv(runtimeAPI) == "" {
		return nil, ErrOutsideLambda
	}
	c, problems := read(getenv)
	if len(problems) > 0 {
		var errs []error
		for _, p := range problems {
			errs = append(errs, p)
		}
		return nil, errors.Join(errs...)
	}
	return c, nil
}

func read(getenv func(string) string) (*Config, []Problem) {
	memory, _ := strconv.Atoi(getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")) // Lambda's own, and for the context only
	c := &Config{
		Host:            "127.0.0.1",
		Port:            "8080",
		Healthy:         StatusSet{{100, 499}},
		AsyncInit:       true,
		PassThroughPath: "/events",
		IdleTimeout:     4 * time.Second, // below the 5 s after which Node.js closes an idle connection
		RuntimeAPI:      getenv(runtimeAPI),
		InitType:        getenv("AWS_LAMBDA_INITIALIZATION_TYPE"),
		MaxConcurrency:  1,
		Function: Function{
			Name:      getenv("AWS_LAMBDA_FUNCTION_NAME"),
			Version:   getenv("AWS_LAMBDA_FUNCTION_VERSION"),
			Memory:    memory,
			LogGroup:  getenv("AWS_LAMBDA_LOG_GROUP_NAME"),
			LogStream: getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
		},
	}
	var problems []Problem
	for _, s := range all {
		for _, name := range s.names() {
			value := getenv(name)
			if value == "" {
				continue
			}
			if !s.set(c, value) {
				if s.hidden {
					value = ""
				}
				problems = append(problems, Problem{name, value, s.Allowed})
			}
			break
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	passThrough := canonicalPath(c.PassThroughPath)
	for _, hook := range []string{c.BeforeCheckpoint, c.AfterRestore} {
		if hook != "" && canonicalPath(hook) == passThrough {
			problems = append(problems, Problem{passThroughPath, c.PassThroughPath, "another path than a SnapStart hook's"})
		}
	}
	if passThrough == "/" && !c.PassThroughFromClients {
		problems = append(problems, Problem{passThroughPath, c.PassThroughPath,
			"another path than /, which clients ask for, unless " + passThroughFromClients + " is true"})
	}
	if c.Front.Required() && isFrontHeader(c.AuthorizationSource) {
		problems = append(problems, Problem{authorizationSource, c.AuthorizationSource,
			"another header than " + FrontHeader + ", in which the front sends its secret"})
	}
	if c.ReadinessPort == "" {
		c.ReadinessPort = c.Port
	}
	if c.ReadinessProtocol == "http" && c.ReadinessPath == "" {
		c.ReadinessPath = "/"
	}
	if c.ReadinessProtocol == "tcp" {
		c.ReadinessPath = ""
	}
	c.guarded = c.guards()
	return c, problems
}

func isPort(v string) bool {
	n, err := strconv.ParseUint(v, 10, 16)
	return err == nil && n > 0
}

// IsHostPort tells whether an address has a host and a port, as 127.0.0.1:8080 has.
func IsHostPort(v string) bool {
	host, port, err := net.SplitHostPort(v)
	return err == nil && host != "" && isPort(port)
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
