package lambdaweb

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

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

