package web

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/webimage"
)

// Workload is what runs: the same on every hosting.
type Workload struct {
	// Image is the container image with the web server: webimage.Go, webimage.Dockerfile, webimage.ECR, webimage.URI or
	// webimage.Asset. Required.
	Image webimage.Image

	// Port is where the server listens, 1 to 65535. The container also gets it as the environment variable PORT.
	// Optional. Default: 8080.
	Port int

	// Command replaces the image's CMD, one string an argument. On Lambda and ECS the image's ENTRYPOINT stays; App Runner says only
	// that it replaces the image's start command.
	// Optional. Default: the image's own.
	Command []string

	// Environment holds the server's environment variables. PORT, and the names that a hosting keeps for itself, are errors.
	// Optional. Default: only PORT.
	Environment map[string]string

	// HealthCheck says how the hosting finds out whether the server is ready.
	// Optional. Default: the port accepts connections.
	HealthCheck HealthCheck

	// Needs are what the server cannot do without. A hosting that does not promise them is an error.
	// Optional. Default: none, the server takes what there is.
	Needs Needs

	// Role is what the running server may do; its trust policy must name the hosting's principal.
	// Optional. Default: a new role that may do nothing but what it is granted.
	Role awsiam.IRole
}

// HealthCheck is how a hosting finds out whether the server is ready. The zero value asks whether the port accepts connections.
//
// App Runner asks for as long as an instance runs. ECS Express Mode asks Path, or / where it is empty, every 30 s; the other fields have
// no meaning there. Lambda has no such check: there Path is asked while a new execution environment starts, until it answers, and the
// other fields have no meaning.
type HealthCheck struct {
	// Path is asked with GET. It starts with a slash. On Lambda a status of 200 to 399 is a good answer; what App Runner and the load
	// balancer of ECS take for one is theirs to say: answer with 200.
	// Optional. Default: no request, a TCP connection is enough.
	Path string

	// Interval between two checks: whole seconds, 1 to 20. Optional. Default: 5 s.
	Interval time.Duration

	// Timeout for one check: whole seconds, 1 to 20, and not longer than Interval. Optional. Default: 2 s.
	Timeout time.Duration

	// HealthyThreshold is the number of good checks in a row that make an instance healthy, 1 to 20. Optional. Default: 1.
	HealthyThreshold int

	// UnhealthyThreshold is the number of bad checks in a row that make it unhealthy, 1 to 20. Optional. Default: 5.
	UnhealthyThreshold int
}

const (
	defaultPort = 8080
	maxPort     = 65535

	// The health check's limits and defaults are App Runner's (AWS::AppRunner::Service HealthCheckConfiguration), so that a workload
	// which is valid on one hosting is valid on the next.
	maxHealthSeconds          = 20
	maxHealthThreshold        = 20
	defaultHealthInterval     = 5 * time.Second
	defaultHealthTimeout      = 2 * time.Second
	defaultHealthyThreshold   = 1
	defaultUnhealthyThreshold = 5
)

// withDefaults returns a copy in which every optional field that has a default value has it. The copy shares nothing with the
// original that could be changed.
func (w Workload) withDefaults() Workload {
	w.Port = or(w.Port, defaultPort)
	w.Command = slices.Clone(w.Command)
	w.Environment = maps.Clone(w.Environment)
	w.HealthCheck.Interval = or(w.HealthCheck.Interval, defaultHealthInterval)
	w.HealthCheck.Timeout = or(w.HealthCheck.Timeout, min(defaultHealthTimeout, w.HealthCheck.Interval))
	w.HealthCheck.HealthyThreshold = or(w.HealthCheck.HealthyThreshold, defaultHealthyThreshold)
	w.HealthCheck.UnhealthyThreshold = or(w.HealthCheck.UnhealthyThreshold, defaultUnhealthyThreshold)
	return w
}

func or[T comparable](value, fallback T) T {
	var zero T
	if value == zero {
		return fallback
	}
	return value
}

// validate reports every problem that no hosting could live with, but for those of the image itself. The workload has its defaults.
func (w *Workload) validate() []error {
	var errs []error
	if w.Image == nil {
		errs = append(errs, errors.New(`Image is required: what runs, such as webimage.Go("./server", nil) or webimage.Dockerfile("./server", nil)`))
	}
	if w.Port < 1 || w.Port > maxPort {
		errs = append(errs, fmt.Errorf("Port must be between 1 and %d, got %d", maxPort, w.Port))
	}
	if len(w.Command) > 0 && w.Command[0] == "" {
		errs = append(errs, errors.New(`Command must not start with an empty string; leave it out to run the image's own`))
	}
	for _, name := range slices.Sorted(maps.Keys(w.Environment)) {
		if err := validateName(name); err != nil {
			errs = append(errs, fmt.Errorf("Environment: %w", err))
		}
	}
	errs = append(errs, w.Needs.validate()...)
	return append(errs, w.HealthCheck.validate()...)
}

// validateName reports why a name cannot be an environment variable on any hosting.
func validateName(name string) error {
	switch {
	case name == "":
		return errors.New("a variable's name must not be empty")
	case token.In(name):
		return fmt.Errorf("a variable's name must be a literal, got one that holds a CDK token: %q", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r == '=' || r <= ' ' || r == 0x7f }):
		return fmt.Errorf("a variable's name must have no '=', white space or control characters, got %q", name)
	case name == "PORT":
		return errors.New("PORT is set from the field Port; set that instead")
	}
	return nil
}

// notInPath reports characters that cannot stand in the path and query of a request. The adapter refuses them too, at every start.
func notInPath(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("\"#<>\\^`{|}", r) }

func (h *HealthCheck) validate() []error {
	var errs []error
	if h.Path != "" && !strings.HasPrefix(h.Path, "/") && !token.In(h.Path) {
		errs = append(errs, fmt.Errorf("HealthCheck.Path must start with a slash, got %q; write %q", h.Path, "/"+h.Path))
	}
	if i := strings.IndexFunc(h.Path, notInPath); i >= 0 && !token.In(h.Path) {
		errs = append(errs, fmt.Errorf("HealthCheck.Path must be as it stands in a request, got %q; percent-encode what follows %q", h.Path, h.Path[:i]))
	}
	seconds := func(field string, d time.Duration) {
		if d < time.Second || d > maxHealthSeconds*time.Second || d%time.Second != 0 {
			errs = append(errs, fmt.Errorf("HealthCheck.%s must be whole seconds from 1s to %ds, got %s", field, maxHealthSeconds, d))
		}
	}
	seconds("Interval", h.Interval)
	seconds("Timeout", h.Timeout)
	if h.Timeout > h.Interval {
		errs = append(errs, fmt.Errorf("HealthCheck.Timeout must not be longer than HealthCheck.Interval, got %s and %s; "+
			"shorten the one or lengthen the other", h.Timeout, h.Interval))
	}
	threshold := func(field string, n int) {
		if n < 1 || n > maxHealthThreshold {
			errs = append(errs, fmt.Errorf("HealthCheck.%s must be between 1 and %d, got %d", field, maxHealthThreshold, n))
		}
	}
	threshold("HealthyThreshold", h.HealthyThreshold)
	threshold("UnhealthyThreshold", h.UnhealthyThreshold)
	return errs
}
