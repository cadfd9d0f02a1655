package lambdaweb

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// Hosting is AWS Lambda, with the options that only it has. The zero value is a function of 512 MB
// behind an HTTP API.
type Hosting struct {
	// Endpoint is what takes HTTP requests for the function: HTTPAPI{}, RESTAPI{}, FunctionURL{} or
	// LoadBalancer{…}. Optional. Default: HTTPAPI{}.
	Endpoint Endpoint

	// MemorySize in MB, 128 to 10240. CPU grows with it: 1769 MB are one vCPU. Optional. Default:
	// 512.
	MemorySize int

	// Timeout is how long a request may take, start-up of a new execution environment not included:
	// whole seconds, 1 s to 900 s.
	// Optional. Default: 29 s, which leaves API Gateway the time to pass the last response on.
	Timeout time.Duration

	// EphemeralStorageSize is the size of /tmp in MB, 512 to 10240. Optional. Default: 512, which
	// costs nothing.
	EphemeralStorageSize int

	// ReservedConcurrentExecutions is the maximum of concurrent requests, reserved out of the
	// account's concurrency, of which 100 must stay unreserved: a new account, whose quota may be
	// as low as 10, cannot reserve any.
	// Optional. Default: none reserved, up to the account's limit.
	ReservedConcurrentExecutions int

	// Tracing sends traces to AWS X-Ray, and grants the role what that needs. Optional. Default:
	// awslambda.Tracing_DISABLED.
	Tracing awslambda.Tracing

	// LogGroup receives what the server prints. It excludes LogRetentionInDays. Optional. Default:
	// a new one, deleted with the service.
	LogGroup awslogs.ILogGroup

	// LogRetentionInDays is how long the new log group keeps what it got: a number of days that
	// CloudWatch Logs knows, such as 7, 30, 90 or 365. Optional. Default: 30.
	LogRetentionInDays int
}

var _ web.Hosting = Hosting{}

// Limits of AWS::Lambda::Function, and this package's defaults.
const (
	minMemorySize, maxMemorySize, defaultMemorySize = 128, 10240, 512
	minStorageSize, maxStorageSize                  = 512, 10240
	defaultTimeout, maxTimeout                      = 29 * time.Second, 900 * time.Second
)

// Platform implements web.Hosting.
func (h Hosting) Platform() *platform.Platform {
	if isNil(h.Endpoint) { // reported by Check if it is a nil pointer
		return &platform.HTTPAPI
	}
	return h.Endpoint.platform()
}

func (h Hosting) withDefaults() Hosting {
	if isNil(h.Endpoint) {
		h.Endpoint = HTTPAPI{}
	}
	h.MemorySize = cmp.Or(h.MemorySize, defaultMemorySize)
	h.Timeout = cmp.Or(h.Timeout, defaultTimeout)
	h.Tracing = cmp.Or(h.Tracing, awslambda.Tracing_DISABLED)
	return h
}

// Check implements web.Hosting.
func (h Hosting) Check(c *web.Check) {
	if h.Endpoint != nil && isNil(h.Endpoint) {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint",
			Message: fmt.Sprintf("must not be a nil %T", h.Endpoint),
			Fix:     "leave it out for an HTTP API",
		})
	}
	h = h.withDefaults()
	h.Endpoint.check(c)
	c.Between("MemorySize", h.MemorySize, minMemorySize, maxMemorySize, "MB")
	if h.EphemeralStorageSize != 0 {
		c.Between(
			"EphemeralStorageSize",
			h.EphemeralStorageSize,
			minStorageSize,
			maxStorageSize,
			"MB",
		)
	}
	c.AtLeast("ReservedConcurrentExecutions", h.ReservedConcurrentExecutions, 0)
	c.OneOf(
		"Tracing",
		string(h.Tracing),
		[]string{
			string(awslambda.Tracing_ACTIVE),
			string(awslambda.Tracing_PASS_THROUGH),
			string(awslambda.Tracing_DISABLED),
		},
		"awslambda.Tracing_ACTIVE",
		"awslambda.Tracing_PASS_THROUGH",
		"awslambda.Tracing_DISABLED",
	)
	h.checkTimeout(c)
	if url, ok := h.Endpoint.(interface{ streams() bool }); ok && url.streams() && c.Workload.VPC != nil {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.InvokeMode",
			Message: "must not be RESPONSE_STREAM with Workload.VPC: Lambda does not stream through the URL of a function in a VPC",
			Fix:     "leave it out, or choose another hosting",
		})
	}
	cdk.CheckLogGroup(c, h.LogGroup, h.LogRetentionInDays)
	h.setVariables(c)
	checkSecrets(c)
}

// checkTimeout checks the function's timeout, and what waits for it.
func (h Hosting) checkTimeout(c *web.Check) {
	c.WholeSeconds("Timeout", h.Timeout, time.Second, maxTimeout)
	limit := h.Endpoint.platform().Timeout
	if needed := c.Workload.Needs.RequestTimeout; h.Timeout >= time.Second && needed > h.Timeout &&
		needed <= limit {
		c.Problem(web.Problem{
			Field: "Hosting.Timeout",
			Message: fmt.Sprintf(
				"must not be shorter than Workload.Needs.RequestTimeout, got %s and %s",
				h.Timeout,
				needed,
			),
			Fix: "lengthen it",
		})
	}
	if h.Timeout > limit && h.Timeout <= maxTimeout {
		id, fix := h.Endpoint.timeoutWarning()
		c.Warn(
			id,
			fmt.Sprintf(
				"Timeout is %s, but %s waits %s for a response: clients get an error while the function runs on and is paid for. "+
					"Shorten it, or %s",
				h.Timeout,
				h.Endpoint.name(),
				limit,
				fix,
			),
		)
	}
}

// variables are the adapter's settings, which are those of AWS Lambda Web Adapter. What the
// workload sets wins.
func (h Hosting) variables(c *web.Check) map[string]string {
	own := map[string]string{
		// Else a workload's variable HOST, a common name for the public host name, would be where
		// the adapter looks for the server.
		"AWS_LWA_HOST": "127.0.0.1",
	}
	maps.Copy(own, h.Endpoint.variables())
	if path := c.Workload.HealthCheck.Path; path != "" {
		own["AWS_LWA_READINESS_CHECK_PATH"] = path
		own["AWS_LWA_READINESS_CHECK_HEALTHY_STATUS"] = cmp.Or(c.Workload.HealthCheck.StatusCodes, "200-399")
	} else if c.Image != nil && c.Image.Adapter != webimage.WithAdapter {
		own["AWS_LWA_READINESS_CHECK_PROTOCOL"] = "tcp" // AWS Lambda Web Adapter would ask for / over HTTP
	}
	return own
}

// invokeMode says whether the adapter streams responses. Where it and the endpoint disagree, clients
// get what the one wrote for the other.
const invokeMode = "AWS_LWA_INVOKE_MODE"

// setVariables states the hosting's variables, and checks those of the workload that the adapter
// reads.
func (h Hosting) setVariables(c *web.Check) {
	own := h.variables(c)
	for name, value := range own {
		c.SetVariable(name, value)
	}
	c.EachVariable(func(name, value string) *web.Problem {
		if name == invokeMode && !token.In(value) && !strings.EqualFold(value, cmp.Or(own[name], "buffered")) {
			return &web.Problem{
				Message: "must agree with the endpoint, which says " + cmp.Or(own[name], "buffered"),
				Fix:     "leave it out, and set InvokeMode of a FunctionURL",
			}
		}
		environment := maps.Clone(own)
		maps.Copy(environment, c.Workload.Environment)
		environment[name] = value
		if problem := checkOldName(environment, name); problem != nil {
			return problem
		}
		for _, setting := range settings.All() {
			delete(environment, setting.Old) // the new name is set, maybe to a token
		}
		_, given := c.Workload.Environment[name]
		if problem := checkSetting(environment, name, given); problem != nil {
			return problem
		}
		if port := strconv.Itoa(c.Workload.Port); name == "AWS_LWA_PORT" && !token.In(value) && value != port {
			return &web.Problem{Message: "must be Workload.Port, " + port, Fix: "leave it out"}
		}
		return nil
	})
}

// checkOldName reports a variable that only looks like a setting: the adapter reads a setting's old
// name if the new one is not set.
func checkOldName(environment map[string]string, name string) *web.Problem {
	for _, setting := range settings.All() {
		if setting.Old == name && environment[name] != "" && environment[setting.Name] == "" {
			return &web.Problem{
				Message: fmt.Sprintf(
					"is an old name of the adapter's setting %s, so it would change the adapter",
					setting.Name,
				),
				Fix: fmt.Sprintf("set %s too, or rename the variable", setting.Name),
			}
		}
	}
	return nil
}

// checkSetting reports what the adapter would refuse at every start because of a variable, which is
// given if it is one of the workload's and not one that is added.
func checkSetting(environment map[string]string, name string, given bool) *web.Problem {
	check := func(without string) []settings.Problem {
		return settings.Check(func(asked string) string {
			if asked == without {
				return ""
			}
			return token.Literal(environment[asked])
		})
	}
	others := check(name)
	for _, problem := range check("") {
		_, reported := environment[problem.Name]
		switch {
		case slices.Contains(others, problem):
		case problem.Name == name:
			return &web.Problem{
				Message: "is a setting of the adapter and must be " + problem.Allowed,
			}
		case !given || !reported:
			return &web.Problem{
				Message: fmt.Sprintf(
					"is a setting of the adapter that does not go with %s, which must be %s",
					problem.Name,
					problem.Allowed,
				),
			}
		}
	}
	return nil
}
