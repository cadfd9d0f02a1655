package lambdaweb

import (
	"cmp"
	"reflect"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
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

const useFunctionURL = "use Endpoint: lambdaweb.FunctionURL{}, which waits as long as the function"

// isNil reports whether there is no endpoint, or a nil pointer to one.
func isNil(endpoint Endpoint) bool {
	value := reflect.ValueOf(endpoint)
	return endpoint == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// HTTPAPI is an API Gateway HTTP API with one route for everything and no stage in the path. It
// waits 30 s for a response, takes requests of up to 6 MB (Lambda's limit), and does not stream.
type HTTPAPI struct {
	// Authorizer says which requests may come in, one of package awsapigatewayv2authorizers of the
	// CDK. With NewHttpIamAuthorizer(), requests must be signed by who has execute-api:Invoke, as
	// the services have that use this one (web.Service.UseService). One authorizer is for one API.
	// Optional. Default: all requests.
	Authorizer awsapigatewayv2.IHttpRouteAuthorizer
}

// HTTPAPITimeoutWarning is the id of the warning about a Timeout that exceeds the 30 s of an HTTP
// API.
const HTTPAPITimeoutWarning = "cdkweb:http-api-timeout"

func (HTTPAPI) platform() *platform.Platform { return &platform.HTTPAPI }

func (HTTPAPI) name() string { return "an HTTP API" }

func (HTTPAPI) timeoutWarning() (id, fix string) { return HTTPAPITimeoutWarning, useFunctionURL }

func (HTTPAPI) check(*web.Check) {}

func (HTTPAPI) variables() map[string]string { return nil }

func (a HTTPAPI) define(scope constructs.Construct, in *web.Definition, r *Resources, made *web.Made) string {
	r.HTTPAPI = awsapigatewayv2.NewHttpApi(scope, new("HttpApi"), &awsapigatewayv2.HttpApiProps{
		ApiName:           new(apiName(scope)),
		DefaultAuthorizer: a.Authorizer,
		DefaultIntegration: awsapigatewayv2integrations.NewHttpLambdaIntegration(
			new("Function"),
			r.Function,
			&awsapigatewayv2integrations.HttpLambdaIntegrationProps{
				PayloadFormatVersion: awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
			},
		),
	})
	verify(in, made)
	return *r.HTTPAPI.ApiEndpoint()
}

func (a HTTPAPI) reach(r *Resources) web.Reach {
	authorizer, ok := a.Authorizer.(interface {
		AuthorizationType() awsapigatewayv2.HttpAuthorizerType
	})
	if !ok || authorizer.AuthorizationType() != awsapigatewayv2.HttpAuthorizerType_IAM {
		return web.Reach{}
	}
	return web.Reach{Grant: func(caller awsiam.IGrantable) {
		awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
			Grantee:      caller,
			Actions:      cdk.List([]string{"execute-api:Invoke"}),
			ResourceArns: cdk.List([]string{*r.HTTPAPI.ArnForExecuteApi(nil, nil, nil)}),
		})
	}}
}

// apiName is the end of the service's path, which the console shows; without it every API has the
// same name. API Gateway takes 128 characters.
func apiName(scope constructs.Construct) string {
	const most = 128
	path := []rune(*scope.Node().Path())
	return string(path[max(0, len(path)-most):])
}

// RESTAPI is a regional API Gateway REST API that passes every path and method on, and every body
// as it is. It waits 29 s for a response, or up to 15 minutes with ResponseTransferMode, and takes
// requests of up to 6 MB (Lambda's limit). It can have a web ACL, a resource policy and usage
// plans, which an HTTP API cannot. For a binary response that is not streamed, clients must send an
// Accept header, as browsers do: without one API Gateway leaves the response in base64.
type RESTAPI struct {
	// ResponseTransferMode says whether a response is sent when it is complete (BUFFERED), and may
	// be 6 MB, or while the server writes it (STREAM), and may be 200 MB, of which 2 MB a second are
	// sent after the first 6. With STREAM the API waits 10 s longer than Hosting.Timeout, for the
	// start of an execution environment, and 15 minutes at most; it gives up after 5 minutes without
	// a byte, refuses a response with more than 16 KB of headers, and does not compress.
	//
	// A change reaches the function before the API. What comes in between is an error for clients,
	// so move them to a second service instead if a few seconds matter.
	// Optional. Default: awsapigateway.ResponseTransferMode_BUFFERED.
	ResponseTransferMode awsapigateway.ResponseTransferMode

	// StageName is the first part of every path that clients see; the server does not. 1 to 128
	// letters, digits, hyphens and underscores. A change replaces the stage, and so the address.
	// Optional. Default: "prod".
	StageName string

	// ThrottlingRateLimit is how many requests a second all clients together may send to the stage
	// over time, and ThrottlingBurstLimit how many at once; the rest get 429.
	// Optional. Default: the account's limits in the region, 10,000 and 5,000 unless raised.
	ThrottlingRateLimit, ThrottlingBurstLimit int

	// MetricsEnabled has CloudWatch count requests, errors and latency of each method, which costs
	// as custom metrics do. Optional. Default: false, of the whole stage only.
	MetricsEnabled bool

	// TracingEnabled sends traces of the stage to AWS X-Ray. Tracing of the hosting is what the
	// function sends. Optional. Default: false.
	TracingEnabled bool

	// LoggingLevel says which requests API Gateway describes in CloudWatch Logs: those that fail
	// (ERROR), or all (INFO). The account needs a role for that in the region, or the deployment
	// fails: awsapigateway.NewCfnAccount, once for all APIs.
	// Optional. Default: awsapigateway.MethodLoggingLevel_OFF.
	LoggingLevel awsapigateway.MethodLoggingLevel

	// DataTraceEnabled writes headers and bodies into these logs too, and what is secret in them. It
	// needs LoggingLevel, and is not for production. Optional. Default: false.
	DataTraceEnabled bool
}

// RESTAPITimeoutWarning is the id of the warning about a Timeout that exceeds the 29 s of a REST
// API.
const RESTAPITimeoutWarning = "cdkweb:rest-api-timeout"

func (a RESTAPI) platform() *platform.Platform {
	if a.streams() {
		return &platform.RESTAPIStreaming
	}
	return &platform.RESTAPI
}

func (RESTAPI) name() string { return "a REST API" }

func (RESTAPI) timeoutWarning() (id, fix string) {
	return RESTAPITimeoutWarning, "set ResponseTransferMode of the RESTAPI to " +
		"awsapigateway.ResponseTransferMode_STREAM, with which it waits up to 15 min"
}

// streams reports whether clients get the first part of a response before the last is there.
func (a RESTAPI) streams() bool {
	return a.ResponseTransferMode == awsapigateway.ResponseTransferMode_STREAM
}

// stageName is API Gateway's rule for a stage, which becomes part of a path.
var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (a RESTAPI) check(c *web.Check) {
	if token.In(a.StageName) {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.StageName",
			Message: "must be a literal, because it becomes part of a construct's id",
			Got:     a.StageName,
		})
	}
	c.Name(
		"Endpoint.StageName",
		a.StageName,
		stageName,
		1,
		128,
		"letters, digits, hyphens and underscores",
	)
	c.OneOf(
		"Endpoint.ResponseTransferMode",
		string(a.ResponseTransferMode),
		[]string{
			string(awsapigateway.ResponseTransferMode_BUFFERED),
			string(awsapigateway.ResponseTransferMode_STREAM),
		},
		"awsapigateway.ResponseTransferMode_BUFFERED",
		"awsapigateway.ResponseTransferMode_STREAM",
	)
	c.AtLeast("Endpoint.ThrottlingRateLimit", a.ThrottlingRateLimit, 0)
	c.AtLeast("Endpoint.ThrottlingBurstLimit", a.ThrottlingBurstLimit, 0)
	c.OneOf(
		"Endpoint.LoggingLevel",
		string(a.LoggingLevel),
		[]string{
			string(awsapigateway.MethodLoggingLevel_OFF),
			string(awsapigateway.MethodLoggingLevel_ERROR),
			string(awsapigateway.MethodLoggingLevel_INFO),
		},
		"awsapigateway.MethodLoggingLevel_OFF",
		"awsapigateway.MethodLoggingLevel_ERROR",
		"awsapigateway.MethodLoggingLevel_INFO",
	)
	if a.DataTraceEnabled && cmp.Or(a.LoggingLevel, awsapigateway.MethodLoggingLevel_OFF) == awsapigateway.MethodLoggingLevel_OFF {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.DataTraceEnabled",
			Message: "needs logs of requests",
			Fix:     "set LoggingLevel to awsapigateway.MethodLoggingLevel_INFO",
		})
	}
}

func (a RESTAPI) variables() map[string]string {
	if !a.streams() {
		return nil
	}
	return streaming()
}

// streaming is how the adapter and an endpoint that streams agree.
func streaming() map[string]string { return map[string]string{invokeMode: "response_stream"} }

// integration is how the API invokes the function.
func (a RESTAPI) integration(function awslambda.Function) awsapigateway.Integration {
	options := &awsapigateway.LambdaIntegrationOptions{
		ScopePermissionToMethod: new(
			false,
		), // one permission for the API instead of two for each method
		ResponseTransferMode: a.ResponseTransferMode,
	}
	if a.streams() {
		// Its default is 29 s here too. The function's own time does not count its start.
		const start = 10
		timeout := min(*function.Timeout().ToSeconds(nil)+start, maxTimeout.Seconds())
		options.Timeout = awscdk.Duration_Seconds(&timeout)
	}
	return awsapigateway.NewLambdaIntegration(function, options)
}

// defaultStage is the CDK's, too.
const defaultStage = "prod"

// stage are the options of the stage. Those that are not set are left out.
func (a RESTAPI) stage() *awsapigateway.StageOptions {
	set := func(on bool) *bool {
		if !on {
			return nil
		}
		return &on
	}
	return &awsapigateway.StageOptions{
		StageName:            new(cmp.Or(a.StageName, defaultStage)),
		ThrottlingRateLimit:  cdk.Number(a.ThrottlingRateLimit),
		ThrottlingBurstLimit: cdk.Number(a.ThrottlingBurstLimit),
		MetricsEnabled:       set(a.MetricsEnabled),
		TracingEnabled:       set(a.TracingEnabled),
		LoggingLevel:         a.LoggingLevel,
		DataTraceEnabled:     set(a.DataTraceEnabled),
	}
}

func (a RESTAPI) define(scope constructs.Construct, in *web.Definition, r *Resources, made *web.Made) string {
	stage := cmp.Or(a.StageName, defaultStage)
	r.RESTAPI = awsapigateway.NewRestApi(scope, new("RestApi"), &awsapigateway.RestApiProps{
		RestApiName:   new(apiName(scope)),
		EndpointTypes: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		BinaryMediaTypes: &[]*string{
			new("*/*"),
		}, // else API Gateway takes every body for UTF-8 text
		CloudWatchRole:     new(false), // an account-wide setting, not this service's
		DeployOptions:      a.stage(),
		DefaultIntegration: a.integration(r.Function),
	})
	r.RESTAPI.Node().TryRemoveChild(new("Endpoint")) // an output that nobody asked for
	r.RESTAPI.Root().AddMethod(new("ANY"), nil, nil)
	r.RESTAPI.Root().AddProxy(nil)
	verify(in, made)
	made.Protected = web.Protected{ARN: *r.RESTAPI.DeploymentStage().StageArn(), After: r.RESTAPI.DeploymentStage()}
	stack := awscdk.Stack_Of(scope)
	return "https://" + *r.RESTAPI.RestApiId() + ".execute-api." + *stack.Region() + "." + *stack.UrlSuffix() + "/" + stage
}

func (RESTAPI) reach(*Resources) web.Reach { return web.Reach{} }

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
