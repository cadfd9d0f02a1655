package lambdaweb

import (
	"cmp"
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// Endpoint is what takes HTTP requests for the function: [HTTPAPI], [RESTAPI], [FunctionURL] or
// [LoadBalancer]. [NoEndpoint] is none.
type Endpoint interface {
	// platform is what AWS promises of Lambda behind the endpoint.
	platform() *platform.Platform

	// name of the endpoint in a sentence.
	name() string

	// timeoutWarning is the id of the warning about a function that may run longer than the
	// endpoint waits, and what to do beside shortening that.
	timeoutWarning() (id, fix string)

	check(c *web.Check)

	// variables are settings of the adapter that belong to the endpoint.
	variables() map[string]string

	// define adds the endpoint to the resources that have their function, and returns the URL
	// without a slash at the end; nothing if there is none. It may tell more of what it made: Alias,
	// Protected, Verify or Unverified.
	define(scope constructs.Construct, in *web.Definition, r *Resources, made *web.Made) (url string)

	// reach is what others need to call the URL of an endpoint that is defined.
	reach(r *Resources) web.Reach
}

// completer is an endpoint that has more to say of what was made than URL and reach.
type completer interface {
	complete(in *web.Definition, r *Resources, made *web.Made)
}

const useFunctionURL = "use Endpoint: lambdaweb.FunctionURL{}, which waits as long as the function"

// isNil reports whether there is no endpoint, or a nil pointer to one.
func isNil(endpoint Endpoint) bool {
	value := reflect.ValueOf(endpoint)
	return endpoint == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// FunctionURL is the function's own address. It waits as long as the function may run, up to 15
// minutes, and costs nothing beside the invocations.
type FunctionURL struct {
	// AuthType says who may call: everybody (NONE), or who signs requests (AWS_IAM) and has both
	// permissions that this needs since October 2025: lambda:InvokeFunctionUrl and
	// lambda:InvokeFunction.
	// Optional. Default: awslambda.FunctionUrlAuthType_NONE.
	AuthType awslambda.FunctionUrlAuthType

	// InvokeMode says whether a response is sent when it is complete (BUFFERED), and may be 6 MB,
	// or while the server writes it (RESPONSE_STREAM), and may be 200 MB, of which Lambda sends
	// what is over 6 MB at 2 MB a second.
	// Optional. Default: awslambda.InvokeMode_BUFFERED.
	InvokeMode awslambda.InvokeMode
}

// FunctionURLIPv6Warning is the id of the warning about an AllowFrom without IPv6 addresses. Lambda
// developer guide, "Function URLs": they are dual stack-enabled.
const FunctionURLIPv6Warning = "cdkweb:function-url-ipv6"

func (f FunctionURL) platform() *platform.Platform {
	if f.streams() {
		return &platform.FunctionURLStreaming
	}
	return &platform.FunctionURL
}

func (FunctionURL) name() string { return "a function URL" }

// It waits as long as a function can run.
func (FunctionURL) timeoutWarning() (id, fix string) { return "", "" }

func (f FunctionURL) check(c *web.Check) {
	c.OneOf(
		"Endpoint.AuthType",
		string(f.AuthType),
		[]string{
			string(awslambda.FunctionUrlAuthType_NONE),
			string(awslambda.FunctionUrlAuthType_AWS_IAM),
		},
		"awslambda.FunctionUrlAuthType_NONE",
		"awslambda.FunctionUrlAuthType_AWS_IAM",
	)
	c.OneOf(
		"Endpoint.InvokeMode",
		string(f.InvokeMode),
		[]string{
			string(awslambda.InvokeMode_BUFFERED),
			string(awslambda.InvokeMode_RESPONSE_STREAM),
		},
		"awslambda.InvokeMode_BUFFERED",
		"awslambda.InvokeMode_RESPONSE_STREAM",
	)
	checkAllowFrom(c)
	if !letsIPv6In(c.AllowFrom) {
		c.Warn(FunctionURLIPv6Warning, "AllowFrom has no IPv6 address, and a function URL always has some itself: "+
			"clients that have one too come by it, and are refused. Add theirs, or set Endpoint to lambdaweb.HTTPAPI{}, "+
			"which then has IPv4 addresses only")
	}
}

// streams reports whether clients get the first part of a response before the last is there.
func (f FunctionURL) streams() bool { return f.InvokeMode == awslambda.InvokeMode_RESPONSE_STREAM }

func (f FunctionURL) variables() map[string]string {
	if !f.streams() {
		return nil
	}
	return streaming()
}

func (f FunctionURL) define(_ constructs.Construct, in *web.Definition, r *Resources, made *web.Made) string {
	r.FunctionURL = r.Function.AddFunctionUrl(&awslambda.FunctionUrlOptions{
		AuthType:   cmp.Or(f.AuthType, awslambda.FunctionUrlAuthType_NONE),
		InvokeMode: f.InvokeMode,
	})
	verify(in, made)
	host := awscdk.Fn_Select(new(float64(2)), awscdk.Fn_Split(new("/"), r.FunctionURL.Url(), nil))
	return "https://" + *host
}

func (f FunctionURL) reach(r *Resources) web.Reach {
	if f.AuthType != awslambda.FunctionUrlAuthType_AWS_IAM {
		return web.Reach{}
	}
	return web.Reach{Grant: func(caller awsiam.IGrantable) { r.FunctionURL.GrantInvokeUrl(caller) }}
}

// NoEndpoint is for a function that takes events only, such as the messages of a queue or the times
// of a schedule. Nobody calls it by HTTP: it has no URL. Each event reaches the server as a POST of
// its JSON to /events, or to the path that the variable AWS_LWA_PASS_THROUGH_PATH names. The body of
// the response, if it is JSON, is what the function returns. A status of 400 or more makes the
// function fail, so that the event comes again, as far as its source does that; the variable
// AWS_LWA_ERROR_STATUS_CODES says otherwise. Event sources are added to the function that was made:
//
//	_, resources := lambdaweb.NewService(stack, "Mailer", workload, lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}})
//	resources.Function.AddEventSource(awslambdaeventsources.NewSqsEventSource(queue, nil))
type NoEndpoint struct{}

func (NoEndpoint) platform() *platform.Platform { return &platform.LambdaNoEndpoint }

func (NoEndpoint) name() string { return "nothing" }

// Nothing waits for the function.
func (NoEndpoint) timeoutWarning() (id, fix string) { return "", "" }

func (NoEndpoint) check(*web.Check) {}

// variables make an event whose response has an error status fail, so that its source tries again.
func (NoEndpoint) variables() map[string]string {
	return map[string]string{"AWS_LWA_ERROR_STATUS_CODES": "400-599"}
}

func (NoEndpoint) define(constructs.Construct, *web.Definition, *Resources, *web.Made) string {
	return ""
}

func (NoEndpoint) reach(*Resources) web.Reach { return web.Reach{} }

const noURL = "is not there: lambdaweb.NoEndpoint{} takes events only; " +
	"set another Endpoint, such as lambdaweb.HTTPAPI{}"
