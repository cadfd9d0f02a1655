package lambdaweb

import (
	"cmp"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

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

