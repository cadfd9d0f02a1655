package lambdaweb

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/limits"
	"github.com/cdkweb/cdkweb/internal/loggroup"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// Hosting is AWS Lambda, with the options that only it has. The zero value is a function of 512 MB behind an HTTP API.
type Hosting struct {
	// Endpoint is what makes the function answer HTTP: HTTPAPI{}, RESTAPI{} or FunctionURL{}. Optional. Default: HTTPAPI{}.
	Endpoint Endpoint

	// MemorySize in MB, 128 to 10240. CPU grows with it: 1769 MB are one vCPU. Optional. Default: 512.
	MemorySize int

	// Timeout is how long a request may take, start-up of a new execution environment not included: whole seconds, 1 s to 900 s.
	// Optional. Default: 29 s, which leaves API Gateway the time to pass the last answer on.
	Timeout time.Duration

	// EphemeralStorageSize is the size of /tmp in MB, 512 to 10240. Optional. Default: 512, which costs nothing.
	EphemeralStorageSize int

	// ReservedConcurrentExecutions is how many requests are answered at a time at most; as many are taken from what the account's
	// other functions can use. Optional. Default: none reserved, up to the account's limit.
	ReservedConcurrentExecutions int

	// Tracing sends traces to AWS X-Ray, and grants the role what that needs. Optional. Default: awslambda.Tracing_DISABLED.
	Tracing awslambda.Tracing

	// LogGroup receives what the server prints. It excludes LogRetentionInDays. Optional. Default: a new one, deleted with the service.
	LogGroup awslogs.ILogGroup

	// LogRetentionInDays is how long the new log group keeps what it got: a number of days that CloudWatch Logs knows, such as 7, 30,
	// 90 or 365. Optional. Default: 30.
	LogRetentionInDays int
}

var _ web.Hosting = Hosting{}

// Limits of AWS::Lambda::Function, and this package's defaults.
const (
	minMemorySize, maxMemorySize, defaultMemorySize = 128, 10240, 512
	minStorageSize, maxStorageSize                  = 512, 10240
	defaultTimeout                                  = 29 * time.Second
	maxEnvironment                                  = 4096 // bytes of all names and values
	ownVariables                                    = 128  // of these, for PORT and the adapter's settings
)

// reserved are the names that Lambda sets itself, from its developer guide ("Reserved environment variables").
var reserved = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
	"AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

// variableName is Lambda's rule for the name of an environment variable.
var variableName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]+$`)

func (h Hosting) withDefaults() Hosting {
	if h.Endpoint == nil {
		h.Endpoint = HTTPAPI{}
	}
	if h.MemorySize == 0 {
		h.MemorySize = defaultMemorySize
	}
	if h.Timeout == 0 {
		h.Timeout = defaultTimeout
	}
	if h.Tracing == "" {
		h.Tracing = awslambda.Tracing_DISABLED
	}
	return h
}

// Validate implements web.Hosting.
func (h Hosting) Validate(workload *web.Workload, environment web.Environment) []error {
	h = h.withDefaults()
	errs := h.Endpoint.validate()
	between := func(field string, got, least, most int) {
		if got < least || got > most {
			errs = append(errs, fmt.Errorf("%s must be between %d and %d MB, got %d", field, least, most, got))
		}
	}
	between("MemorySize", h.MemorySize, minMemorySize, maxMemorySize)
	if h.EphemeralStorageSize != 0 {
		between("EphemeralStorageSize", h.EphemeralStorageSize, minStorageSize, maxStorageSize)
	}
	if h.Timeout < time.Second || h.Timeout > limits.FunctionURL.Timeout || h.Timeout%time.Second != 0 {
		errs = append(errs, fmt.Errorf("Timeout must be whole seconds from 1s to %.0fs, got %s", limits.FunctionURL.Timeout.Seconds(), h.Timeout))
	}
	if h.ReservedConcurrentExecutions < 0 {
		errs = append(errs, fmt.Errorf("ReservedConcurrentExecutions must be at least 1, or 0 for none reserved, got %d", h.ReservedConcurrentExecutions))
	}
	switch h.Tracing {
	case awslambda.Tracing_ACTIVE, awslambda.Tracing_PASS_THROUGH, awslambda.Tracing_DISABLED:
	default:
		errs = append(errs, fmt.Errorf("Tracing must be awslambda.Tracing_ACTIVE, _PASS_THROUGH or _DISABLED, got %q", string(h.Tracing)))
	}
	errs = append(errs, h.validateNeeds(workload.Needs)...)
	errs = append(errs, loggroup.Validate(h.LogGroup, h.LogRetentionInDays)...)
	if workload.Image != nil {
		errs = append(errs, validateImage(workload.Image.Facts(), environment)...)
	}
	return errs
}

// validateNeeds checks what the workload needs against the endpoint and, where the endpoint waits for long enough, against the function.
func (h Hosting) validateNeeds(needs web.Needs) []error {
	promised := h.Endpoint.limits()
	errs := promised.Check(needs)
	if needs.RequestTimeout > h.Timeout && needs.RequestTimeout <= promised.Timeout {
		errs = append(errs, fmt.Errorf("Timeout must not be shorter than Needs.RequestTimeout, got %s and %s; lengthen it", h.Timeout, needs.RequestTimeout))
	}
	if url, ok := h.Endpoint.(FunctionURL); ok && needs.Streaming && !url.streams() {
		errs = append(errs, errors.New("Needs.Streaming is set, but the function URL buffers; set FunctionURL.InvokeMode to awslambda.InvokeMode_RESPONSE_STREAM"))
	}
	return errs
}

// ValidateVariables implements web.Hosting.
func (h Hosting) ValidateVariables(variables map[string]string) []error {
	var errs []error
	size := 0
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value := variables[name]
		size += len(name) + len(token.Literal(value))
		switch {
		case name == "": // reported for every hosting
		case slices.Contains(reserved, name):
			errs = append(errs, fmt.Errorf("Environment: %s is Lambda's own and cannot be set; choose another name", name))
		case !variableName.MatchString(name):
			errs = append(errs, fmt.Errorf("Environment: on Lambda a variable's name has at least two letters, digits and underscores "+
				"and starts with a letter, got %q", name))
		}
	}
	if most := maxEnvironment - ownVariables; size > most {
		errs = append(errs, fmt.Errorf("Environment must not have more than %d bytes in all names and values on Lambda, got %d; "+
			"put what is large into the image, a table or a parameter (Lambda takes %d, and PORT and the adapter need some)", most, size, maxEnvironment))
	}
	return errs
}

func validateImage(image webimage.Facts, environment web.Environment) []error {
	var errs []error
	if image.Registry != webimage.ECRPrivate {
		errs = append(errs, errors.New("Image: Lambda runs images from private ECR only, got one in Amazon ECR Public; "+
			"build it with webimage.Dockerfile (FROM that image), or copy it to a repository of your own"))
	}
	if image.Adapter == webimage.NoAdapter {
		errs = append(errs, errors.New("Image has no adapter (webimage.NoAdapter), so it cannot answer Lambda's invocations; "+
			"leave the option Adapter out, or choose another hosting"))
	}
	if !image.InRegion(environment.Region) {
		errs = append(errs, fmt.Errorf("Image: Lambda pulls from the function's own region %s only, got an image in %s; "+
			"replicate the repository to %[1]s", environment.Region, image.Region))
	}
	return errs
}

// Host implements web.Hosting.
func (h Hosting) Host(scope constructs.Construct, prepared *web.Prepared) web.Hosted {
	return newService(scope, "Lambda", prepared, h)
}
