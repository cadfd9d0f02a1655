package lambdaweb

import (
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/internal/limits"
	"github.com/cdkweb/cdkweb/internal/token"
)

// Endpoint is what makes the function answer HTTP: [HTTPAPI], [RESTAPI] or [FunctionURL].
type Endpoint interface {
	// limit is how long the endpoint waits for the function; zero where it waits as long as the function may run.
	limit() limit

	// limits are what AWS promises of the endpoint.
	limits() *limits.Hosting

	validate() []error

	// variables are settings of the adapter that belong to the endpoint.
	variables() map[string]string

	// define adds the endpoint to a service that has its function, and returns the URL without a slash at the end.
	define(s *Service) (url string)
}

// limit is an endpoint's own timeout, and the warning about a function that may run longer.
type limit struct {
	timeout time.Duration
	warning string // id
	name    string
}

// HTTPAPI is an API Gateway HTTP API with one route for everything and no stage in the path. It waits 30 s for an answer, takes
// requests of up to 6 MB (Lambda's limit), and does not stream.
type HTTPAPI struct{}

// HTTPAPITimeoutWarning is the id of the warning about a Timeout that no client behind an HTTP API will see the end of.
const HTTPAPITimeoutWarning = "cdkweb:http-api-timeout"

// limit is API Gateway's maximum integration timeout for HTTP APIs, which is not adjustable.
func (HTTPAPI) limit() limit {
	return limit{limits.HTTPAPI.Timeout, HTTPAPITimeoutWarning, "an HTTP API"}
}

func (HTTPAPI) limits() *limits.Hosting { return &limits.HTTPAPI }

func (HTTPAPI) validate() []error { return nil }

func (HTTPAPI) variables() map[string]string { return nil }

func (HTTPAPI) define(s *Service) string {
	s.httpAPI = awsapigatewayv2.NewHttpApi(s, new("HttpApi"), &awsapigatewayv2.HttpApiProps{
		ApiName: new(apiName(s)),
		DefaultIntegration: awsapigatewayv2integrations.NewHttpLambdaIntegration(new("Function"), s.function,
			&awsapigatewayv2integrations.HttpLambdaIntegrationProps{
				PayloadFormatVersion: awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
			}),
	})
	return *s.httpAPI.ApiEndpoint()
}

// apiName is the end of the service's path, which the console shows; without it every API has the same name. API Gateway takes 128
// characters.
func apiName(s *Service) string {
	const most = 128
	path := *s.Node().Path()
	return path[max(0, len(path)-most):]
}

// RESTAPI is a regional API Gateway REST API that passes every path and method on, and every body as it is. It waits 29 s for an
// answer and takes requests of up to 6 MB (Lambda's limit). It can have a web ACL, a resource policy and usage plans, which an HTTP
// API cannot. Clients that want a binary answer send an Accept header, as browsers do: without one API Gateway leaves it in base64.
type RESTAPI struct {
	// StageName is the first part of every path that clients see; the server does not. 1 to 128 letters, digits, hyphens and
	// underscores. Optional. Default: "prod".
	StageName string
}

// RESTAPITimeoutWarning is the id of the warning about a Timeout that no client behind a REST API will see the end of.
const RESTAPITimeoutWarning = "cdkweb:rest-api-timeout"

// limit is API Gateway's default integration timeout for REST APIs. An account can have it raised at the price of its throttle quota.
func (RESTAPI) limit() limit {
	return limit{limits.RESTAPI.Timeout, RESTAPITimeoutWarning, "a REST API"}
}

func (RESTAPI) limits() *limits.Hosting { return &limits.RESTAPI }

// stageName is API Gateway's rule for a stage, which becomes part of a path.
var stageName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

func (r RESTAPI) validate() []error {
	if r.StageName != "" && !token.In(r.StageName) && !stageName.MatchString(r.StageName) {
		return []error{fmt.Errorf("Endpoint: RESTAPI.StageName must have 1 to 128 letters, digits, hyphens and underscores, got %q", r.StageName)}
	}
	return nil
}

func (RESTAPI) variables() map[string]string { return nil }

func (r RESTAPI) define(s *Service) string {
	if r.StageName == "" {
		r.StageName = "prod"
	}
	s.restAPI = awsapigateway.NewRestApi(s, new("RestApi"), &awsapigateway.RestApiProps{
		RestApiName:      new(apiName(s)),
		EndpointTypes:    &[]awsapigateway.EndpointType{awsapigateway.EndpointType_REGIONAL},
		BinaryMediaTypes: &[]*string{new("*/*")}, // else API Gateway takes every body for UTF-8 text
		CloudWatchRole:   new(false),             // an account-wide setting, not this service's
		DeployOptions:    &awsapigateway.StageOptions{StageName: &r.StageName},
		DefaultIntegration: awsapigateway.NewLambdaIntegration(s.function, &awsapigateway.LambdaIntegrationOptions{
			ScopePermissionToMethod: new(false), // one permission for the API instead of two for each method
		}),
	})
	s.restAPI.Node().TryRemoveChild(new("Endpoint")) // an output that nobody asked for
	s.restAPI.Root().AddMethod(new("ANY"), nil, nil)
	s.restAPI.Root().AddProxy(nil)
	return "https://" + *s.restAPI.RestApiId() + ".execute-api." + *s.Stack().Region() + "." + *s.Stack().UrlSuffix() + "/" + r.StageName
}

// FunctionURL is the function's own address. It waits as long as the function may run, up to 15 minutes, and costs nothing beside the
// invocations.
type FunctionURL struct {
	// AuthType says who may call: everybody (NONE), or who has the permission lambda:InvokeFunctionUrl and signs requests (AWS_IAM).
	// Optional. Default: awslambda.FunctionUrlAuthType_NONE.
	AuthType awslambda.FunctionUrlAuthType

	// InvokeMode says whether an answer is sent when it is complete (BUFFERED), and may be 6 MB, or while the server writes it
	// (RESPONSE_STREAM), and may be 200 MB, of which Lambda sends what is over 6 MB at 2 MB a second.
	// Optional. Default: awslambda.InvokeMode_BUFFERED.
	InvokeMode awslambda.InvokeMode
}

func (FunctionURL) limit() limit { return limit{} }

func (FunctionURL) limits() *limits.Hosting { return &limits.FunctionURL }

func (f FunctionURL) validate() []error {
	var errs []error
	switch f.AuthType {
	case "", awslambda.FunctionUrlAuthType_NONE, awslambda.FunctionUrlAuthType_AWS_IAM:
	default:
		errs = append(errs, fmt.Errorf("Endpoint: FunctionURL.AuthType must be awslambda.FunctionUrlAuthType_NONE or _AWS_IAM, got %q", string(f.AuthType)))
	}
	switch f.InvokeMode {
	case "", awslambda.InvokeMode_BUFFERED, awslambda.InvokeMode_RESPONSE_STREAM:
	default:
		errs = append(errs, fmt.Errorf("Endpoint: FunctionURL.InvokeMode must be awslambda.InvokeMode_BUFFERED or _RESPONSE_STREAM, got %q", string(f.InvokeMode)))
	}
	return errs
}

// streams reports whether clients get the first part of an answer before the last is there.
func (f FunctionURL) streams() bool { return f.InvokeMode == awslambda.InvokeMode_RESPONSE_STREAM }

func (f FunctionURL) variables() map[string]string {
	if !f.streams() {
		return nil
	}
	return map[string]string{"AWS_LWA_INVOKE_MODE": "response_stream"}
}

func (f FunctionURL) define(s *Service) string {
	if f.AuthType == "" {
		f.AuthType = awslambda.FunctionUrlAuthType_NONE
	}
	s.functionURL = s.function.AddFunctionUrl(&awslambda.FunctionUrlOptions{AuthType: f.AuthType, InvokeMode: f.InvokeMode})
	host := awscdk.Fn_Select(new(float64(2)), awscdk.Fn_Split(new("/"), s.functionURL.Url(), nil))
	return "https://" + *host
}
