package lambdaweb_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
)

// Every option of an HTTP API's stage, and its default.
func TestHTTPAPIStage(t *testing.T) {
	for _, test := range []struct {
		name string
		api  func(stack awscdk.Stack) lambdaweb.HTTPAPI
		want map[string]string
	}{
		{"defaults", func(awscdk.Stack) lambdaweb.HTTPAPI { return lambdaweb.HTTPAPI{} }, map[string]string{
			"StageName": `"$default"`, "AutoDeploy": `true`, "DefaultRouteSettings": "", "AccessLogSettings": "",
		}},
		{"throttling", func(awscdk.Stack) lambdaweb.HTTPAPI {
			return lambdaweb.HTTPAPI{ThrottlingRateLimit: 50, ThrottlingBurstLimit: 10}
		}, map[string]string{"DefaultRouteSettings": `{"ThrottlingBurstLimit":10,"ThrottlingRateLimit":50}`}},
		{"metrics", func(awscdk.Stack) lambdaweb.HTTPAPI { return lambdaweb.HTTPAPI{DetailedMetricsEnabled: true} }, map[string]string{
			"DefaultRouteSettings": `{"DetailedMetricsEnabled":true}`,
		}},
		{"access logs", func(stack awscdk.Stack) lambdaweb.HTTPAPI {
			return lambdaweb.HTTPAPI{AccessLogDestination: accessLogs(stack)}
		}, map[string]string{
			"AccessLogSettings.DestinationArn": `"arn:aws:logs:eu-west-1:123456789012:log-group:access:*"`,
			"AccessLogSettings.Format":         templatetest.JSON(t, lambdaweb.DefaultAccessLogFormat),
		}},
		{"access logs in a format", func(stack awscdk.Stack) lambdaweb.HTTPAPI {
			return lambdaweb.HTTPAPI{AccessLogDestination: accessLogs(stack), AccessLogFormat: "$context.requestId $context.status"}
		}, map[string]string{"AccessLogSettings.Format": `"$context.requestId $context.status"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.api(stack)})
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want("AWS::ApiGatewayV2::Stage", path, want)
			}
		})
	}
}

func accessLogs(stack awscdk.Stack) awslogs.ILogGroup {
	return awslogs.LogGroup_FromLogGroupArn(stack, new("AccessLogs"), new("arn:aws:logs:eu-west-1:123456789012:log-group:access"))
}

// Only the paths that are named have routes, and one permission is for all of them.
func TestPaths(t *testing.T) {
	routes := func(t *testing.T, api lambdaweb.HTTPAPI) (keys []string, template templatetest.Template) {
		stack := newStack(t)
		lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: api})
		template = templatetest.Of(t, stack)
		for _, id := range template.IDs("AWS::ApiGatewayV2::Route") {
			keys = append(keys, template.Resources[id].Properties["RouteKey"].(string))
		}
		slices.Sort(keys)
		if n := len(template.IDs("AWS::ApiGatewayV2::Integration")); n != 1 {
			t.Errorf("got %d integrations, want one", n)
		}
		return keys, template
	}
	const permission = "AWS::Lambda::Permission"
	keys, template := routes(t, lambdaweb.HTTPAPI{})
	if !slices.Equal(keys, []string{"$default"}) {
		t.Errorf("got routes %q, want $default", keys)
	}
	template.Want(permission, "SourceArn.Fn::Join.1.8", `"/*/*"`)
	keys, template = routes(t, lambdaweb.HTTPAPI{Paths: []string{"/", "/hooks/mail", "/orders/{id}", "/static/{proxy+}"}})
	if want := []string{"ANY /", "ANY /hooks/mail", "ANY /orders/{id}", "ANY /static/{proxy+}"}; !slices.Equal(keys, want) {
		t.Errorf("got routes %q, want %q", keys, want)
	}
	template.Want(permission, "SourceArn.Fn::Join.1.8", `"/*/*/*"`)
}

// Each kind of authorizer of the CDK, and scopes.
func TestHTTPAPIAuthorizers(t *testing.T) {
	for _, test := range []struct {
		name       string
		authorizer func(stack awscdk.Stack) awsapigatewayv2.IHttpRouteAuthorizer
		scopes     []string
		route      map[string]string
		kind       string
		want       map[string]string
	}{
		{
			name: "JWT",
			authorizer: func(awscdk.Stack) awsapigatewayv2.IHttpRouteAuthorizer {
				return awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("Login"), new("https://login.example.com"),
					&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("shop")}})
			},
			scopes: []string{"orders:read"},
			route:  map[string]string{"AuthorizationType": `"JWT"`, "AuthorizationScopes": `["orders:read"]`},
			kind:   "JWT",
			want:   map[string]string{"JwtConfiguration": `{"Audience":["shop"],"Issuer":"https://login.example.com"}`, "IdentitySource": `["$request.header.Authorization"]`},
		},
		{
			name: "user pool",
			authorizer: func(stack awscdk.Stack) awsapigatewayv2.IHttpRouteAuthorizer {
				pool := awscognito.UserPool_FromUserPoolId(stack, new("Pool"), new("eu-west-1_abc"))
				client := awscognito.UserPoolClient_FromUserPoolClientId(stack, new("Client"), new("client"))
				return awsapigatewayv2authorizers.NewHttpUserPoolAuthorizer(new("Login"), pool,
					&awsapigatewayv2authorizers.HttpUserPoolAuthorizerProps{UserPoolClients: &[]awscognito.IUserPoolClient{client}})
			},
			route: map[string]string{"AuthorizationType": `"JWT"`, "AuthorizationScopes": ""},
			kind:  "JWT",
			want:  map[string]string{"JwtConfiguration.Audience": `["client"]`},
		},
		{
			name: "Lambda",
			authorizer: func(stack awscdk.Stack) awsapigatewayv2.IHttpRouteAuthorizer {
				function := checkFunction(stack)
				return awsapigatewayv2authorizers.NewHttpLambdaAuthorizer(new("Login"), function, &awsapigatewayv2authorizers.HttpLambdaAuthorizerProps{
					ResponseTypes: &[]awsapigatewayv2authorizers.HttpLambdaResponseType{awsapigatewayv2authorizers.HttpLambdaResponseType_SIMPLE},
				})
			},
			route: map[string]string{"AuthorizationType": `"CUSTOM"`},
			kind:  "REQUEST",
			want:  map[string]string{"EnableSimpleResponses": `true`, "AuthorizerPayloadFormatVersion": `"2.0"`},
		},
		{
			name: "IAM",
			authorizer: func(awscdk.Stack) awsapigatewayv2.IHttpRouteAuthorizer {
				return awsapigatewayv2authorizers.NewHttpIamAuthorizer()
			},
			route: map[string]string{"AuthorizationType": `"AWS_IAM"`, "AuthorizerId": ""},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{
				Endpoint: lambdaweb.HTTPAPI{Authorizer: test.authorizer(stack), AuthorizationScopes: test.scopes},
			})
			template := templatetest.Of(t, stack)
			for path, want := range test.route {
				template.Want("AWS::ApiGatewayV2::Route", path, want)
			}
			if test.kind == "" {
				return
			}
			template.Want("AWS::ApiGatewayV2::Authorizer", "AuthorizerType", `"`+test.kind+`"`)
			for path, want := range test.want {
				template.Want("AWS::ApiGatewayV2::Authorizer", path, want)
			}
		})
	}
}

// checkFunction is one that a Lambda authorizer calls.
func checkFunction(stack awscdk.Stack) awslambda.IFunction {
	return awslambda.Function_FromFunctionAttributes(stack, new("Check"), &awslambda.FunctionAttributes{
		FunctionArn: new("arn:aws:lambda:eu-west-1:123456789012:function:check"), SameEnvironment: new(true),
	})
}

// API Gateway responds to preflight requests, also where everything else needs authorization:
// browsers send none with them.
func TestHTTPAPICORS(t *testing.T) {
	const kind = "AWS::ApiGatewayV2::Api"
	make := func(t *testing.T, api lambdaweb.HTTPAPI) templatetest.Template {
		stack := newStack(t)
		lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: api})
		return templatetest.Of(t, stack)
	}
	make(t, lambdaweb.HTTPAPI{}).Want(kind, "CorsConfiguration", "")
	template := make(t, lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}}})
	template.Want(kind, "CorsConfiguration", `{"AllowHeaders":["Authorization","Content-Type"],`+
		`"AllowMethods":["DELETE","GET","HEAD","OPTIONS","PATCH","POST","PUT"],"AllowOrigins":["*"]}`)
	template.Want("AWS::ApiGatewayV2::Route", "RouteKey", `"$default"`)
	template = make(t, lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{
		AllowOrigins: []string{"https://shop.example.com", "http://localhost:5173"}, AllowMethods: []string{"GET", "POST"}, AllowHeaders: []string{"X-Cart"},
		ExposeHeaders: []string{"X-Total"}, AllowCredentials: true, MaxAge: time.Hour,
	}})
	template.Want(kind, "CorsConfiguration", `{"AllowCredentials":true,"AllowHeaders":["X-Cart"],"AllowMethods":["GET","POST"],`+
		`"AllowOrigins":["https://shop.example.com","http://localhost:5173"],"ExposeHeaders":["X-Total"],"MaxAge":3600}`)

	for _, test := range []struct {
		paths, want []string
	}{
		{nil, []string{"$default JWT", "OPTIONS / NONE", "OPTIONS /{proxy+} NONE"}},
		{[]string{"/a", "/b/{proxy+}"}, []string{"ANY /a JWT", "ANY /b/{proxy+} JWT", "OPTIONS /a NONE", "OPTIONS /b/{proxy+} NONE"}},
	} {
		template := make(t, lambdaweb.HTTPAPI{
			Paths: test.paths, CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}}, AuthorizationScopes: []string{"orders:read"},
			Authorizer: awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("Login"), new("https://login.example.com"),
				&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("shop")}}),
		})
		var got []string
		for _, id := range template.IDs("AWS::ApiGatewayV2::Route") {
			route := template.Resources[id].Properties
			got = append(got, route["RouteKey"].(string)+" "+route["AuthorizationType"].(string))
			if scopes := route["AuthorizationScopes"]; (scopes == nil) == (route["AuthorizationType"] == "JWT") {
				t.Errorf("route %s has the scopes %v", route["RouteKey"], scopes)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, test.want) {
			t.Errorf("got routes %q, want %q", got, test.want)
		}
		if n := len(template.IDs("AWS::Lambda::Permission")); n != 1 {
			t.Errorf("got %d permissions, want one for the API", n)
		}
	}
}

func TestHTTPAPIErrors(t *testing.T) {
	group := accessLogs(newStack(t))
	jwt := awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("Login"), new("https://login.example.com"),
		&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("shop")}})
	const path = `must be a path as API Gateway writes it: "/hooks/mail", or "/hooks/{proxy+}" for everything below, got `
	for _, test := range []struct {
		api  lambdaweb.HTTPAPI
		want string
	}{
		{lambdaweb.HTTPAPI{Paths: []string{}}, "Paths must not be empty, which would let nothing in, or everything; leave it out to let every path in"},
		{lambdaweb.HTTPAPI{Paths: []string{"/a", "POST /b"}}, `Paths[1] ` + path + `"POST /b"; leave the method out; every method comes in`},
		{lambdaweb.HTTPAPI{Paths: []string{"a"}}, `Paths[0] ` + path + `"a"; write "/a"`},
		{lambdaweb.HTTPAPI{Paths: []string{""}}, `Paths[0] ` + path + `""`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a/"}}, `Paths[0] ` + path + `"/a/"; write "/a", and "/a/{proxy+}" if everything below is meant too`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a/*"}}, `Paths[0] ` + path + `"/a/*"; write "/a/{proxy+}"`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a/{rest...}"}}, `Paths[0] ` + path + `"/a/{rest...}"; write "/a/{rest+}"`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a/{x+}/b"}}, `Paths[0] ` + path + `"/a/{x+}/b"`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a?b=c"}}, `Paths[0] ` + path + `"/a?b=c"`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a//b"}}, `Paths[0] ` + path + `"/a//b"`},
		{lambdaweb.HTTPAPI{Paths: []string{"/" + *awscdk.Aws_REGION()}}, `Paths[0] must be a literal, because it becomes part of a construct's id`},
		{lambdaweb.HTTPAPI{Paths: []string{"/a/{x}", "/a/{y}"}}, `Paths[1] is the same as /a/{x}, got "/a/{y}"; leave one of them out`},
		{lambdaweb.HTTPAPI{ThrottlingRateLimit: 5}, "ThrottlingRateLimit needs ThrottlingBurstLimit too, which could else be 0, so that every request gets 429; set both"},
		{lambdaweb.HTTPAPI{ThrottlingBurstLimit: 5}, "ThrottlingBurstLimit needs ThrottlingRateLimit too"},
		{lambdaweb.HTTPAPI{ThrottlingBurstLimit: -5, ThrottlingRateLimit: 1}, "ThrottlingBurstLimit must be at least 0"},
		{lambdaweb.HTTPAPI{AccessLogFormat: "$context.requestId"}, "AccessLogFormat needs AccessLogDestination; set it to a log group"},
		{lambdaweb.HTTPAPI{AccessLogDestination: group, AccessLogFormat: "$context.status"}, `AccessLogFormat must hold $context.requestId or $context.extendedRequestId, got "$context.status"; leave it out for lambdaweb.DefaultAccessLogFormat`},
		{lambdaweb.HTTPAPI{AccessLogDestination: group, AccessLogFormat: "$context.requestId\n"}, "AccessLogFormat must be one line"},
		{lambdaweb.HTTPAPI{DisableExecuteAPIEndpoint: true}, "DisableExecuteAPIEndpoint needs Domain, because nobody could call the API without its default endpoint; set Domain of the service, or leave it out"},
		{lambdaweb.HTTPAPI{MutualTLS: &lambdaweb.MutualTLS{}}, "MutualTLS needs Domain: API Gateway asks for certificates only there"},
		{lambdaweb.HTTPAPI{MutualTLS: &lambdaweb.MutualTLS{}}, "MutualTLS.Bucket is required"},
		{lambdaweb.HTTPAPI{MutualTLS: &lambdaweb.MutualTLS{}}, `MutualTLS.Key is required; set it to "truststore.pem", for instance`},
		{lambdaweb.HTTPAPI{AuthorizationScopes: []string{"a"}}, "AuthorizationScopes need an Authorizer that checks tokens; set Authorizer to one of"},
		{lambdaweb.HTTPAPI{AuthorizationScopes: []string{"a"}, Authorizer: awsapigatewayv2authorizers.NewHttpIamAuthorizer()}, "AuthorizationScopes need an Authorizer that checks tokens, got one of type IAM"},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{}}, `CORS.AllowOrigins is required; set it to []string{"https://shop.example.com"}, for instance, or leave CORS out`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*", "https://a.example.com"}}}, `CORS.AllowOrigins must be "*" alone, or origins`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}}, `CORS.AllowCredentials does not go with the origin "*", for which browsers send no cookies; write the origins`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"shop.example.com"}}}, `CORS.AllowOrigins[0] must be a scheme and a host, in lower case: https://shop.example.com, got "shop.example.com"; write "https://shop.example.com"`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"https://shop.example.com/"}}}, `… got "https://shop.example.com/"; leave the slash at the end out`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"https://Shop.example.com"}}}, `… got "https://Shop.example.com"; write "https://shop.example.com"`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"https://*.example.com"}}}, `… got "https://*.example.com"; write each origin, or "*" alone`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "*"}}}, `CORS.AllowMethods[1] must be one of DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT, got "*"; leave AllowMethods out for all`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}, AllowHeaders: []string{"X-A", "X B"}}}, `CORS.AllowHeaders[1] must be the name of a header, got "X B"`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"it's"}}}, `CORS.ExposeHeaders[0] must be the name of a header, got "it's"`},
		{lambdaweb.HTTPAPI{CORS: &lambdaweb.CORS{AllowOrigins: []string{"*"}, MaxAge: 48 * time.Hour}}, "CORS.MaxAge must be whole seconds from 1s to 86400s, got 48h0m0s"},
	} {
		wantProblem(t, &web.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{Endpoint: test.api}}, "Hosting.Endpoint."+test.want)
	}
	wantNone(t, &web.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{
		Paths:      []string{"/", "/.well-known/acme-challenge/{token}", "/a-b_c~d/{x}/e", "/{proxy+}"},
		CORS:       &lambdaweb.CORS{AllowOrigins: []string{"https://shop.example.com:8443", "capacitor://localhost", "null://x"}},
		Authorizer: jwt, AuthorizationScopes: []string{"a"},
	}}})
}

// wantProblem fails if the props do not have a problem whose sentence holds a text.
func wantProblem(t *testing.T, props *web.ServiceProps, text string) {
	t.Helper()
	err := props.Validate()
	if err == nil {
		t.Errorf("got no problem, want %q", text)
		return
	}
	text = strings.TrimPrefix(text, "Hosting.Endpoint.… ")
	if !strings.Contains(err.Error(), text) {
		t.Errorf("got problems\n%v\nwant\n%s", err, text)
	}
}

// wantNone fails if the props have a problem.
func wantNone(t *testing.T, props *web.ServiceProps) {
	t.Helper()
	if err := props.Validate(); err != nil {
		t.Errorf("got problems\n%v\nwant none", err)
	}
}
