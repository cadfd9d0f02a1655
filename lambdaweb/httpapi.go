package lambdaweb

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2integrations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// HTTPAPI is an API Gateway HTTP API with one route for everything and no stage in the path. It
// waits 30 s for a response, takes requests of up to 6 MB (Lambda's limit), and does not stream.
type HTTPAPI struct {
	// Paths are the only ones that come in; API Gateway responds to all others with 404. They are
	// written as API Gateway does: "/hooks/mail" is that path alone, "/hooks/{proxy+}" every path
	// below /hooks/, and "/orders/{id}" has any text without a slash at that place. The server gets
	// them as they are. A front above the service lets nothing more in.
	// Optional. Default: every path.
	Paths []string

	// CORS lets pages of other origins in. API Gateway writes the headers of every response, in
	// place of the server's own. Together with Authorizer, requests with the method OPTIONS come in
	// without authorization, because browsers send preflight requests without.
	// Optional. Default: what the server says.
	CORS *CORS

	// Authorizer says which requests may come in, one of package awsapigatewayv2authorizers of the
	// CDK: NewHttpJwtAuthorizer, NewHttpUserPoolAuthorizer, NewHttpLambdaAuthorizer. With
	// NewHttpIamAuthorizer(), requests must be signed by who has execute-api:Invoke, as the services
	// have that use this one (web.Service.UseService). One authorizer is for one API.
	// Optional. Default: all requests.
	Authorizer awsapigatewayv2.IHttpRouteAuthorizer

	// AuthorizationScopes are the scopes of which the token must have one, for a JWT or user pool
	// Authorizer. Optional. Default: any.
	AuthorizationScopes []string

	// ThrottlingRateLimit is how many requests a second all clients together may send over time, and
	// ThrottlingBurstLimit how many at once; the rest get 429. They are set together.
	// Optional. Default: the account's limits in the region, 10,000 and 5,000 unless raised.
	ThrottlingRateLimit, ThrottlingBurstLimit int

	// DetailedMetricsEnabled has CloudWatch count requests, errors and latency of each route, which
	// costs as custom metrics do. Optional. Default: false, of the whole API only.
	DetailedMetricsEnabled bool

	// AccessLogDestination gets a line for each request, in AccessLogFormat: text with API Gateway's
	// variables, such as $context.requestId, which must be there.
	// Optional. Default: no access logs; DefaultAccessLogFormat.
	AccessLogDestination awslogs.ILogGroup
	AccessLogFormat      string

	// DisableExecuteAPIEndpoint switches the address off that AWS gives, so that clients come by the
	// Domain of the service only. Optional. Default: false.
	DisableExecuteAPIEndpoint bool

	// MutualTLS lets only clients with a certificate in. It needs a Domain.
	// Optional. Default: no certificate is asked for.
	MutualTLS *MutualTLS
}

// HTTPAPITimeoutWarning is the id of the warning about a Timeout that exceeds the 30 s of an HTTP
// API.
const HTTPAPITimeoutWarning = "cdkweb:http-api-timeout"

func (HTTPAPI) platform() *platform.Platform { return &platform.HTTPAPI }

func (HTTPAPI) name() string { return "an HTTP API" }

func (HTTPAPI) timeoutWarning() (id, fix string) { return HTTPAPITimeoutWarning, useFunctionURL }

func (a HTTPAPI) closed() closed { return closed{a.DisableExecuteAPIEndpoint, a.MutualTLS} }

func (a HTTPAPI) logs() accessLogs { return accessLogs{a.AccessLogDestination, a.AccessLogFormat} }

func (a HTTPAPI) check(c *web.Check) {
	checkPaths(c, a.Paths)
	a.CORS.check(c)
	if len(a.AuthorizationScopes) > 0 {
		problem := web.Problem{
			Field: "Hosting.Endpoint.AuthorizationScopes",
			Fix: "set Authorizer to one of NewHttpJwtAuthorizer or NewHttpUserPoolAuthorizer, " +
				"or leave them out",
		}
		switch kind := a.authorization(); {
		case a.Authorizer == nil:
			problem.Message = "need an Authorizer that checks tokens"
			c.Problem(problem)
		case kind != "" && kind != awsapigatewayv2.HttpAuthorizerType_JWT:
			problem.Message = fmt.Sprintf("need an Authorizer that checks tokens, got one of type %s", kind)
			c.Problem(problem)
		}
	}
	c.AtLeast("Endpoint.ThrottlingRateLimit", a.ThrottlingRateLimit, 0)
	c.AtLeast("Endpoint.ThrottlingBurstLimit", a.ThrottlingBurstLimit, 0)
	if (a.ThrottlingRateLimit == 0) != (a.ThrottlingBurstLimit == 0) {
		field, other := "ThrottlingRateLimit", "ThrottlingBurstLimit"
		if a.ThrottlingBurstLimit != 0 {
			field, other = other, field
		}
		c.Problem(web.Problem{
			Field: "Hosting.Endpoint." + field,
			Message: fmt.Sprintf(
				"needs %s too, which could else be 0, so that every request gets 429", other),
			Fix: "set both",
		})
	}
	a.logs().check(c)
	a.closed().check(c)
	checkAllowFrom(c)
	if other := authorizers[a.Authorizer]; a.ownAuthorizer() && other != "" {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.Authorizer",
			Message: "is that of " + other + " already, and an authorizer is for one API",
			Fix:     "make another one",
		})
	}
}

// authorizers are those that APIs have, with the paths of their services. Constructs are made by one
// goroutine, because of jsii.
var authorizers = map[awsapigatewayv2.IHttpRouteAuthorizer]string{}

// ownAuthorizer reports whether the authorizer becomes a resource of the API.
func (a HTTPAPI) ownAuthorizer() bool {
	return a.Authorizer != nil && a.authorization() != awsapigatewayv2.HttpAuthorizerType_IAM
}

// authorization is the type of the authorizer; empty if it does not tell.
func (a HTTPAPI) authorization() awsapigatewayv2.HttpAuthorizerType {
	authorizer, ok := a.Authorizer.(interface {
		AuthorizationType() awsapigatewayv2.HttpAuthorizerType
	})
	if !ok {
		return ""
	}
	return authorizer.AuthorizationType()
}

func (HTTPAPI) variables() map[string]string { return nil }

func (a HTTPAPI) define(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
	made *web.Made,
) string {
	if a.ownAuthorizer() {
		authorizers[a.Authorizer] = strings.TrimSuffix(*scope.Node().Path(), "/"+platform.HTTPAPI.ID)
	}
	props := &awsapigatewayv2.HttpApiProps{
		ApiName:                    new(apiName(scope)),
		CorsPreflight:              a.CORS.httpAPI(),
		DefaultAuthorizer:          a.Authorizer,
		DefaultAuthorizationScopes: cdk.List(a.AuthorizationScopes),
		DisableExecuteApiEndpoint:  a.closed().off(),
	}
	if len(in.AllowFrom) > 0 && letsIPv6In(in.AllowFrom) {
		props.IpAddressType = awsapigatewayv2.IpAddressType_DUAL_STACK
	}
	integration := a.integration(r.Function)
	if len(a.Paths) == 0 {
		props.DefaultIntegration = integration
	}
	r.HTTPAPI = awsapigatewayv2.NewHttpApi(scope, new("HttpApi"), props)
	for _, path := range a.Paths {
		r.HTTPAPI.AddRoutes(&awsapigatewayv2.AddRoutesOptions{Path: &path, Integration: integration})
	}
	a.letPreflightsIn(r.HTTPAPI, integration)
	a.configure(r.HTTPAPI.DefaultStage())
	a.closed().verify(in, made)
	a.closed().defineDomain(scope, in, made, r.HTTPAPI.ApiId(), r.HTTPAPI.DefaultStage().StageName())
	if in.Domain != nil {
		return "https://" + in.Domain.Name
	}
	return *r.HTTPAPI.ApiEndpoint()
}

// integration is how the API invokes the function: with one permission for all paths.
func (a HTTPAPI) integration(function awslambda.Function) awsapigatewayv2.HttpRouteIntegration {
	props := &awsapigatewayv2integrations.HttpLambdaIntegrationProps{
		PayloadFormatVersion: awsapigatewayv2.PayloadFormatVersion_VERSION_2_0(),
	}
	if len(a.Paths) > 0 {
		props.ScopePermissionToRoute = new(false) // that of the route $default is for all anyway
	}
	return awsapigatewayv2integrations.NewHttpLambdaIntegration(new("Function"), function, props)
}

// letPreflightsIn adds routes for OPTIONS without authorization, if there is one. API Gateway
// developer guide, "Configuring CORS for an HTTP API with a $default route and an authorizer".
func (a HTTPAPI) letPreflightsIn(
	api awsapigatewayv2.HttpApi,
	integration awsapigatewayv2.HttpRouteIntegration,
) {
	if a.CORS == nil || a.Authorizer == nil {
		return
	}
	paths := a.Paths
	if len(paths) == 0 {
		paths = []string{"/", "/{proxy+}"}
	}
	for _, path := range paths {
		routes := api.AddRoutes(&awsapigatewayv2.AddRoutesOptions{
			Path:                &path,
			Methods:             &[]awsapigatewayv2.HttpMethod{awsapigatewayv2.HttpMethod_OPTIONS},
			Integration:         integration,
			Authorizer:          awsapigatewayv2.NewHttpNoneAuthorizer(),
			AuthorizationScopes: &[]*string{},
		})
		for _, route := range *routes {
			route.Node().TryRemoveChild(new("Function-Permission")) // the API's does
		}
	}
}

// configure sets the options of the stage.
func (a HTTPAPI) configure(stage awsapigatewayv2.IHttpStage) {
	resource := stage.Node().DefaultChild().(awsapigatewayv2.CfnStage)
	if a.ThrottlingRateLimit != 0 || a.DetailedMetricsEnabled {
		settings := &awsapigatewayv2.CfnStage_RouteSettingsProperty{
			ThrottlingRateLimit:  cdk.Number(a.ThrottlingRateLimit),
			ThrottlingBurstLimit: cdk.Number(a.ThrottlingBurstLimit),
		}
		if a.DetailedMetricsEnabled {
			settings.DetailedMetricsEnabled = true
		}
		resource.SetDefaultRouteSettings(settings)
	}
	if a.AccessLogDestination != nil {
		destination := awsapigatewayv2.NewLogGroupLogDestination(a.AccessLogDestination)
		resource.SetAccessLogSettings(&awsapigatewayv2.CfnStage_AccessLogSettingsProperty{
			DestinationArn: destination.Bind(stage).DestinationArn,
			Format:         new(a.logs().line()),
		})
	}
}

// httpAPI are the options as an HTTP API takes them; nil if there are none.
func (o *CORS) httpAPI() *awsapigatewayv2.CorsPreflightOptions {
	o = o.withDefaults()
	if o == nil {
		return nil
	}
	options := &awsapigatewayv2.CorsPreflightOptions{
		AllowOrigins:  cdk.List(o.AllowOrigins),
		AllowMethods:  &[]awsapigatewayv2.CorsHttpMethod{},
		AllowHeaders:  cdk.List(o.AllowHeaders),
		ExposeHeaders: cdk.List(o.ExposeHeaders),
	}
	for _, method := range o.AllowMethods {
		*options.AllowMethods = append(*options.AllowMethods, awsapigatewayv2.CorsHttpMethod(method))
	}
	if o.AllowCredentials {
		options.AllowCredentials = new(true)
	}
	if o.MaxAge != 0 {
		options.MaxAge = awscdk.Duration_Seconds(new(o.MaxAge.Seconds()))
	}
	return options
}

const (
	segment = "/[A-Za-z0-9._~!$&'()*,;=:@%-]+|/\\{[A-Za-z0-9._:-]+\\}"
	greedy  = "/\\{[A-Za-z0-9._:-]+\\+\\}"
)

// A path of a route: each segment is text or a parameter, and the last one may be greedy.
var (
	routePath    = regexp.MustCompile("^(/|(" + segment + ")*(" + segment + "|" + greedy + "))$")
	routeMethod  = regexp.MustCompile(`^[A-Z]+ `)
	goWildcard   = regexp.MustCompile(`\{([A-Za-z0-9_]+)\.\.\.\}$`)
	anyParameter = regexp.MustCompile(`\{[^}+]*(\+?)\}`)
)

// checkPaths checks the field Paths of an endpoint.
func checkPaths(c *web.Check, paths []string) {
	if paths != nil && len(paths) == 0 {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.Paths",
			Message: "must not be empty, which would let nothing in, or everything",
			Fix:     "leave it out to let every path in",
		})
	}
	seen := map[string]string{}
	for i, path := range paths {
		problem := web.Problem{
			Field: fmt.Sprintf("Hosting.Endpoint.Paths[%d]", i),
			Got:   path,
			Message: `must be a path as API Gateway writes it: "/hooks/mail", or "/hooks/{proxy+}" for ` +
				"everything below",
		}
		same := anyParameter.ReplaceAllString(path, "{$1}")
		switch other, twice := seen[same]; {
		case token.In(path):
			problem.Message = "must be a literal, because it becomes part of a construct's id"
			problem.Fix = "write it out"
		case routeMethod.MatchString(path):
			problem.Fix = "leave the method out; every method comes in"
		case goWildcard.MatchString(path):
			problem.Fix = fmt.Sprintf("write %q", goWildcard.ReplaceAllString(path, "{$1+}"))
		case strings.HasSuffix(path, "/*"):
			problem.Fix = fmt.Sprintf("write %q", strings.TrimSuffix(path, "*")+"{proxy+}")
		case path != "/" && strings.HasSuffix(path, "/"):
			problem.Fix = fmt.Sprintf("write %q, and %q if everything below is meant too",
				strings.TrimRight(path, "/"), path+"{proxy+}")
		case path != "" && !strings.HasPrefix(path, "/"):
			problem.Fix = fmt.Sprintf("write %q", "/"+path)
		case path == "" || !routePath.MatchString(path):
			problem.Fix = ""
		case twice:
			problem.Message, problem.Fix = "is the same as "+other, "leave one of them out"
		default:
			seen[same] = path
			continue
		}
		c.Problem(problem)
	}
}

func (a HTTPAPI) reach(r *Resources) web.Reach {
	if a.authorization() != awsapigatewayv2.HttpAuthorizerType_IAM {
		return web.Reach{}
	}
	return web.Reach{Grant: func(caller awsiam.IGrantable) {
		awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
			Grantee:      caller,
			Actions:      cdk.List([]string{invokeAPI}),
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
