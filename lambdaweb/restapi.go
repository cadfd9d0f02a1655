package lambdaweb

import (
	"cmp"
	"fmt"
	"regexp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
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

	// CORS lets pages of other origins in. API Gateway responds to preflight requests; the server's
	// own responses need the header Access-Control-Allow-Origin and its like from the server, unlike
	// behind an HTTP API. Optional. Default: preflight requests reach the server.
	CORS *CORS

	// AuthorizationType and Authorizer say which requests may come in. With
	// awsapigateway.AuthorizationType_IAM, requests must be signed by who has execute-api:Invoke, as
	// the services have that use this one (web.Service.UseService). An Authorizer is one of
	// awsapigateway.NewTokenAuthorizer, NewRequestAuthorizer or NewCognitoUserPoolsAuthorizer, is
	// for one API, and knows its type.
	// Optional. Default: all requests.
	AuthorizationType awsapigateway.AuthorizationType
	Authorizer        awsapigateway.IAuthorizer

	// AuthorizationScopes are the scopes of which the token must have one, for a user pool
	// Authorizer. Optional. Default: any.
	AuthorizationScopes []string

	// AccessLogDestination gets a line for each request, in AccessLogFormat: text with API Gateway's
	// variables, such as $context.requestId, which must be there. The account needs the same role as
	// for LoggingLevel.
	// Optional. Default: no access logs; DefaultAccessLogFormat.
	AccessLogDestination awslogs.ILogGroup
	AccessLogFormat      string

	// DisableExecuteAPIEndpoint switches the address off that AWS gives, so that clients come by the
	// Domain of the service only. Optional. Default: false.
	DisableExecuteAPIEndpoint bool

	// MutualTLS lets only clients with a certificate in. It needs a Domain.
	// Optional. Default: no certificate is asked for.
	MutualTLS *MutualTLS

	// VPCEndpoint is the way to a Private service: an interface endpoint of the service execute-api.
	// The address is the endpoint's own, so that private DNS is not needed, which would hide every
	// public API from its VPC.
	// Optional. Default: one in Workload.VPC, in one subnet of each zone, for all private REST APIs
	// of the stack. It takes requests from that VPC on port 443.
	VPCEndpoint awsec2.IInterfaceVpcEndpoint

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
	a.CORS.check(c)
	a.checkAuthorization(c)
	a.logs().check(c)
	a.closed().check(c)
	a.checkPrivate(c)
	checkPolicy(c)
}

func (a RESTAPI) closed() closed { return closed{a.DisableExecuteAPIEndpoint, a.MutualTLS} }

func (a RESTAPI) logs() accessLogs { return accessLogs{a.AccessLogDestination, a.AccessLogFormat} }

func (a RESTAPI) checkAuthorization(c *web.Check) {
	c.OneOf(
		"Endpoint.AuthorizationType",
		string(a.AuthorizationType),
		[]string{
			string(awsapigateway.AuthorizationType_NONE),
			string(awsapigateway.AuthorizationType_IAM),
			string(awsapigateway.AuthorizationType_CUSTOM),
			string(awsapigateway.AuthorizationType_COGNITO),
		},
		"awsapigateway.AuthorizationType_NONE",
		"awsapigateway.AuthorizationType_IAM",
		"awsapigateway.AuthorizationType_CUSTOM",
		"awsapigateway.AuthorizationType_COGNITO",
	)
	report := func(field, message, fix string) {
		c.Problem(web.Problem{Field: "Hosting.Endpoint." + field, Message: message, Fix: fix})
	}
	const cognito = awsapigateway.AuthorizationType_COGNITO
	if a.Authorizer == nil {
		if a.AuthorizationType == awsapigateway.AuthorizationType_CUSTOM || a.AuthorizationType == cognito {
			report("Authorizer", fmt.Sprintf("is required for AuthorizationType %s", a.AuthorizationType),
				"set it; AuthorizationType is not needed then")
		}
		if len(a.AuthorizationScopes) > 0 {
			report("AuthorizationScopes", "need an Authorizer that checks tokens",
				"set Authorizer to one of NewCognitoUserPoolsAuthorizer, or leave them out")
		}
		return
	}
	kind := a.Authorizer.AuthorizationType()
	if a.AuthorizationType != "" && a.AuthorizationType != kind {
		report("AuthorizationType",
			fmt.Sprintf("must be that of the Authorizer, %s, got %s", kind, a.AuthorizationType),
			"leave it out, or Authorizer")
	}
	if len(a.AuthorizationScopes) > 0 && kind != cognito {
		report("AuthorizationScopes",
			fmt.Sprintf("need an Authorizer that checks tokens, got one of type %s", kind),
			"set Authorizer to one of NewCognitoUserPoolsAuthorizer, or leave them out")
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
	var destination awsapigateway.IAccessLogDestination
	var format awsapigateway.AccessLogFormat
	if a.AccessLogDestination != nil {
		destination = awsapigateway.NewLogGroupLogDestination(a.AccessLogDestination)
		format = awsapigateway.AccessLogFormat_Custom(new(a.logs().line()))
	}
	return &awsapigateway.StageOptions{
		StageName:            new(cmp.Or(a.StageName, defaultStage)),
		ThrottlingRateLimit:  cdk.Number(a.ThrottlingRateLimit),
		ThrottlingBurstLimit: cdk.Number(a.ThrottlingBurstLimit),
		MetricsEnabled:       set(a.MetricsEnabled),
		TracingEnabled:       set(a.TracingEnabled),
		LoggingLevel:         a.LoggingLevel,
		DataTraceEnabled:     set(a.DataTraceEnabled),
		AccessLogDestination: destination,
		AccessLogFormat:      format,
	}
}

func (a RESTAPI) define(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
	made *web.Made,
) string {
	endpoints := &awsapigateway.EndpointConfiguration{
		Types: &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
	}
	switch {
	case in.Private:
		a.definePrivate(scope, in, r)
		endpoints.Types = &[]awsapigateway.EndpointType{awsapigateway.EndpointType_PRIVATE}
		endpoints.VpcEndpoints = &[]awsec2.IVpcEndpoint{r.VPCEndpoint}
	case len(in.AllowFrom) > 0 && letsIPv6In(in.AllowFrom):
		endpoints.IpAddressType = awsapigateway.IpAddressType_DUAL_STACK
	}
	r.RESTAPI = awsapigateway.NewRestApi(scope, new("RestApi"), &awsapigateway.RestApiProps{
		RestApiName:           new(apiName(scope)),
		EndpointConfiguration: endpoints,
		BinaryMediaTypes: &[]*string{
			new("*/*"),
		}, // else API Gateway takes every body for UTF-8 text
		CloudWatchRole:            new(false), // an account-wide setting, not this service's
		DeployOptions:             a.stage(),
		DefaultIntegration:        a.integration(r.Function),
		DisableExecuteApiEndpoint: a.closed().off(),
		Policy:                    a.policy(scope, in, r),
	})
	r.RESTAPI.Node().TryRemoveChild(new("Endpoint")) // an output that nobody asked for
	root := r.RESTAPI.Root()
	root.AddMethod(new("ANY"), nil, a.method())
	proxy := root.AddProxy(&awsapigateway.ProxyResourceOptions{AnyMethod: new(false)})
	proxy.AddMethod(new("ANY"), nil, a.method())
	a.letPreflightsIn(root)
	a.letPreflightsIn(proxy)
	stage := r.RESTAPI.DeploymentStage()
	made.Protected = web.Protected{ARN: *stage.StageArn(), After: stage}
	a.closed().verify(in, made)
	a.closed().defineDomain(scope, in, made, r.RESTAPI.RestApiId(), stage.StageName())
	if in.Domain != nil {
		return "https://" + in.Domain.Name
	}
	name := *r.RESTAPI.RestApiId()
	if in.Private {
		name += "-" + *r.VPCEndpoint.VpcEndpointId()
	}
	stack := awscdk.Stack_Of(scope)
	return "https://" + name + ".execute-api." + *stack.Region() + "." + *stack.UrlSuffix() +
		"/" + cmp.Or(a.StageName, defaultStage)
}

// method are the options of the methods; nil if there are none.
func (a RESTAPI) method() *awsapigateway.MethodOptions {
	if a.AuthorizationType == "" && a.Authorizer == nil {
		return nil
	}
	return &awsapigateway.MethodOptions{
		AuthorizationType:   a.AuthorizationType,
		Authorizer:          a.Authorizer,
		AuthorizationScopes: cdk.List(a.AuthorizationScopes),
	}
}

// letPreflightsIn has API Gateway respond to preflight requests of a resource.
func (a RESTAPI) letPreflightsIn(resource awsapigateway.IResource) {
	o := a.CORS.withDefaults()
	if o == nil {
		return
	}
	options := &awsapigateway.CorsOptions{
		AllowOrigins:  cdk.List(o.AllowOrigins),
		AllowMethods:  cdk.List(o.AllowMethods),
		AllowHeaders:  cdk.List(o.AllowHeaders),
		ExposeHeaders: cdk.List(o.ExposeHeaders),
	}
	if o.AllowCredentials {
		options.AllowCredentials = new(true)
	}
	if o.MaxAge != 0 {
		options.MaxAge = awscdk.Duration_Seconds(new(o.MaxAge.Seconds()))
	}
	method := resource.AddCorsPreflight(options).Node().DefaultChild().(awsapigateway.CfnMethod)
	// Every body is binary to this API, and its template takes text: without this, 500.
	method.AddPropertyOverride(new("Integration.ContentHandling"), "CONVERT_TO_TEXT")
}

func (a RESTAPI) reach(r *Resources) web.Reach {
	var reach web.Reach
	if r.VPCEndpoint != nil {
		reach.VPC, reach.Connections = r.endpointVPC, r.VPCEndpoint.Connections()
	}
	if a.AuthorizationType == awsapigateway.AuthorizationType_IAM {
		reach.Grant = func(caller awsiam.IGrantable) {
			awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
				Grantee:      caller,
				Actions:      cdk.List([]string{invokeAPI}),
				ResourceArns: cdk.List([]string{*r.RESTAPI.ArnForExecuteApi(nil, nil, nil)}),
			})
		}
	}
	return reach
}

// invokeAPI is the permission to call an API.
const invokeAPI = "execute-api:Invoke"
