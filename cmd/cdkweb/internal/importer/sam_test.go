package importer

import (
	"strings"
	"testing"
)

const (
	apiEvent = "      Events: {A: {Type: HttpApi, Properties: {ApiId: !Ref Api%s}}}\n  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n"
	jwt      = "{IdentitySource: $request.header.Authorization, JwtConfiguration: {issuer: 'https://i.example.com', audience: [x]}}"
	restAPI  = "      Events: {A: {Type: Api, Properties: {Path: '/{proxy+}', Method: ANY, RestApiId: !Ref Api%s}}}\n  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: v1\n"
)

// sam is a template with a server, and what comes below its ImageUri.
func sam(below string) map[string]string { return map[string]string{"template.yaml": sam1 + below} }

// Who may call a service is written, or else it is closed, and the report says so.
func TestSAMStaysClosed(t *testing.T) {
	http := func(event, api string) map[string]string { return sam(strings.Replace(apiEvent, "%s", event, 1) + api) }
	rest := func(event, api string) map[string]string { return sam(strings.Replace(restAPI, "%s", event, 1) + api) }
	const iam = "Authorizer: awsapigatewayv2authorizers.NewHttpIamAuthorizer()"
	fargate := []string{"--hosting", "fargate"}
	for _, c := range []smallCase{
		{
			name: "a JWT", from: "sam", files: http("", "      Auth: {DefaultAuthorizer: J, Authorizers: {J: "+jwt+"}}\n"),
			has:   []string{`NewHttpJwtAuthorizer(new("J"), new("https: i.example.com")`, `JwtAudience: &[]*string{new("x")}`},
			lacks: []string{"Resources.Api: AWS::Serverless::HttpApi has no equal", "NewHttpIamAuthorizer"},
		},
		{
			name: "a JWT with scopes, in Globals", from: "sam", files: sam("      Events: {A: {Type: HttpApi, Properties: {Auth: {AuthorizationScopes: [read]}}}}\nGlobals: {HttpApi: {Auth: {DefaultAuthorizer: J, Authorizers: {J: " + jwt + "}}}}\n"),
			has: []string{"NewHttpJwtAuthorizer", `AuthorizationScopes: []string{"read"}`}, lacks: []string{"Globals.HttpApi"},
		},
		{
			name: "a JWT whose issuer is in the template", from: "sam",
			files: http("", "      Auth: {DefaultAuthorizer: J, Authorizers: {J: {JwtConfiguration: {issuer: !Sub 'https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}', audience: [!Ref Client]}}}}\n"),
			has:   []string{iam, "Auth.DefaultAuthorizer: J is not written: write it as Authorizer of the endpoint", "until then only requests come in that are signed", "Authorizers.J: {JwtConfiguration"},
		},
		{
			name: "a function that authorizes", from: "sam", files: http("", "      Auth: {DefaultAuthorizer: L, Authorizers: {L: {FunctionArn: !GetAtt F.Arn}}}\n"),
			has: []string{iam, "Auth.DefaultAuthorizer: L is not written"},
		},
		{
			name: "the authorizer of an event", from: "sam", files: http(", Auth: {Authorizer: J}", "      Auth: {Authorizers: {J: "+jwt+"}}\n"),
			has: []string{"NewHttpJwtAuthorizer"}, lacks: []string{"Auth.Authorizer: J has no equal"},
		},
		{
			name: "an open path beside one with an authorizer", from: "sam",
			files: sam("      Events:\n        A: {Type: HttpApi, Properties: {Path: /a, Method: GET, Auth: {Authorizer: NONE}}}\n        B: {Type: HttpApi, Properties: {Path: /b, Method: GET}}\nGlobals: {HttpApi: {Auth: {DefaultAuthorizer: AWS_IAM, EnableIamAuthorizer: true}}}\n"),
			has:   []string{iam, "Events.A is closed now: the service has one authorizer for all paths"},
		},
		{
			name: "two authorizers", from: "sam",
			files: sam("      Events:\n        A: {Type: HttpApi, Properties: {Path: /a, Method: GET, Auth: {Authorizer: J}}}\n        B: {Type: HttpApi, Properties: {Path: /b, Method: GET, Auth: {Authorizer: K}}}\n" +
				"Globals: {HttpApi: {Auth: {Authorizers: {J: " + jwt + ", K: " + strings.Replace(jwt, "[x]", "[y]", 1) + "}}}}\n"),
			has: []string{iam, "is one of several authorizers of a service"}, lacks: []string{"NewHttpJwtAuthorizer(new"},
		},
		{
			name: "no authorizer", from: "sam", files: http("", "      FailOnWarnings: true\n"), lacks: []string{"Authorizer:", "Private"},
		},
		{
			name: "an API that is not in the template", from: "sam", files: sam("      Events: {A: {Type: HttpApi, Properties: {ApiId: !ImportValue api}}}\n"),
			has: []string{iam, "it is not in the template"},
		},
		{
			name: "a document that says who may call", from: "sam", files: http("", "      DefinitionBody: {openapi: 3.0.1, security: [{J: []}]}\n"),
			has: []string{iam, "it says who may call"},
		},
		{
			name: "certificates of clients", from: "sam", files: http("", "      Domain: {DomainName: api.example.com, CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/a', MutualTlsAuthentication: {TruststoreUri: 's3://a/b'}}\n"),
			has: []string{iam, "MutualTLS"},
		},
		{
			name: "a user pool", from: "sam", files: rest("", "      Auth: {DefaultAuthorizer: C, Authorizers: {C: {UserPoolArn: 'arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_a'}}}\n"),
			has: []string{"awsapigateway.NewCognitoUserPoolsAuthorizer", `StageName: "v1"`}, lacks: []string{"AuthorizationType_IAM"},
		},
		{
			name: "a user pool of the template", from: "sam", files: rest("", "      Auth: {DefaultAuthorizer: C, Authorizers: {C: {UserPoolArn: !GetAtt Pool.Arn}}}\n"),
			has: []string{"AuthorizationType: awsapigateway.AuthorizationType_IAM", "DefaultAuthorizer: C is not written"},
		},
		{
			name: "signed requests to a REST API", from: "sam", files: rest("", "      Auth: {DefaultAuthorizer: AWS_IAM}\n"),
			has: []string{"AuthorizationType: awsapigateway.AuthorizationType_IAM"}, lacks: []string{"is not written"},
		},
		{
			name: "keys of a REST API", from: "sam", files: rest(", Auth: {ApiKeyRequired: true}", ""),
			has: []string{"AuthorizationType: awsapigateway.AuthorizationType_IAM", "ApiKeyRequired: true is not written"},
		},
		{
			name: "addresses of a REST API", from: "sam", files: rest("", "      Auth: {ResourcePolicy: {IpRangeWhitelist: [192.0.2.0/24]}}\n"),
			has: []string{"AuthorizationType: awsapigateway.AuthorizationType_IAM", "ResourcePolicy: {IpRangeWhitelist: [192.0.2.0/24]} is not written: set AllowFrom"},
		},
		{
			name: "a private REST API", from: "sam", files: rest("", "      EndpointConfiguration: {Type: PRIVATE}\n"),
			has: []string{"Private: true", "VPC: vpc", "EndpointConfiguration: {Type: PRIVATE} needs the VPC of the clients"},
		},
		{
			name: "signed requests to a function URL", from: "sam", files: sam("      FunctionUrlConfig: {AuthType: AWS_IAM}\n"),
			has: []string{"awslambda.FunctionUrlAuthType_AWS_IAM"},
		},
		{
			name: "a function URL whose authentication nobody knows", from: "sam", files: sam("      FunctionUrlConfig: {AuthType: !Ref P}\nParameters: {P: {Type: String}}\n"),
			has: []string{"awslambda.FunctionUrlAuthType_AWS_IAM", "AuthType: {Ref: P} is left out"},
		},
		{
			name: "signed requests on Fargate", from: "sam", args: fargate, files: sam("      FunctionUrlConfig: {AuthType: AWS_IAM}\n"),
			has: []string{"Private: true", "VPC: vpc", "FunctionUrlConfig.AuthType: AWS_IAM lets in only who signs requests, which ECS on Fargate does not know: the service is Private"},
		},
		{
			name: "signed requests on App Runner", from: "sam", args: []string{"--hosting", "apprunner"}, files: sam("      FunctionUrlConfig: {AuthType: AWS_IAM}\n"),
			has: []string{"Private: true", "VPC: vpc", "AuthType: AWS_IAM lets in only"},
		},
		{
			name: "signed requests on Express Mode", from: "sam", args: []string{"--hosting", "express"}, files: sam("      FunctionUrlConfig: {AuthType: AWS_IAM}\n"),
			has: []string{"Private: true", "VPC: vpc", "AuthType: AWS_IAM lets in only"},
		},
		{
			name: "an authorizer on Fargate", from: "sam", args: fargate, files: http("", "      Auth: {DefaultAuthorizer: J, Authorizers: {J: "+jwt+"}}\n"),
			has: []string{"Private: true", "DefaultAuthorizer: J lets in only who may call the API"},
		},
		{
			name: "a function without an address on Fargate", from: "sam", args: fargate, files: sam(""),
			has: []string{"an address now that everybody reaches"},
		},
		{
			name: "a function without an address", from: "sam", files: sam(""), has: []string{"lambdaweb.NoEndpoint{}"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// What an API has beside that is written, or has a line.
func TestSAMAPIs(t *testing.T) {
	http := func(api string) map[string]string { return sam(strings.Replace(apiEvent, "%s", "", 1) + api) }
	const domain = "      Domain: {DomainName: api.example.com, CertificateArn: 'arn:aws:acm:eu-west-1:123456789012:certificate/a', Route53: {HostedZoneId: Z0873220N255IR3MTNR4}}\n      DisableExecuteApiEndpoint: true\n"
	for _, c := range []smallCase{
		{
			name: "CORS", from: "sam", files: http("      CorsConfiguration: {AllowOrigins: ['https://b.example.com'], AllowMethods: [GET], AllowHeaders: [X-A], MaxAge: 60, AllowCredentials: true}\n"),
			has: []string{`CORS: &lambdaweb.CORS{`, `AllowOrigins: []string{"https: b.example.com"}`, `AllowMethods: []string{"GET"}`, `AllowHeaders: []string{"X-A"}`,
				"MaxAge: 60 * time.Second", "AllowCredentials: true"}, lacks: []string{"CorsConfiguration"},
		},
		{
			name: "CORS of all origins in Globals", from: "sam", files: sam("      Events: {A: {Type: HttpApi}}\nGlobals: {HttpApi: {CorsConfiguration: true}}\n"),
			has: []string{`CORS: &lambdaweb.CORS{ AllowOrigins: []string{"*"}, }`},
		},
		{
			name: "CORS that the library does not take", from: "sam", files: http("      CorsConfiguration: {AllowOrigins: ['https://*.example.com']}\n"),
			has: []string{"CorsConfiguration: {AllowOrigins: [https: *.example.com]} has no equal: set CORS of the endpoint"}, lacks: []string{"lambdaweb.CORS"},
		},
		{
			name: "CORS of a REST API", from: "sam", files: sam(strings.Replace(restAPI, "%s", "", 1) + "      Cors: {AllowOrigin: \"'*'\", AllowMethods: \"'GET,POST'\", AllowHeaders: \"'X-A'\"}\n"),
			has: []string{`AllowOrigins: []string{"*"}`, `AllowMethods: []string{"GET", "POST"}`},
		},
		{
			name: "a domain", from: "sam", files: http(domain),
			has: []string{"Domain: &web.Domain{", `Name: "api.example.com"`, `new("Z0873220N255IR3MTNR4")`, "DisableExecuteAPIEndpoint: true"}, lacks: []string{"has no equal: set Domain"},
		},
		{
			name: "a domain with a path", from: "sam", files: http(strings.Replace(domain, "Route53", "BasePath: [v1], Route53", 1)),
			has: []string{"has no equal: set Domain of web.ServiceProps", "DisableExecuteApiEndpoint: true has no equal"}, lacks: []string{"DisableExecuteAPIEndpoint: true,"},
		},
		{
			name: "the rest of an API", from: "sam", files: http("      StageName: v1\n      DefaultRouteSettings: {ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5}\n      AccessLogSettings: {DestinationArn: !GetAtt Logs.Arn, Format: x}\n"),
			has: []string{"lambdaweb.HTTPAPI{ThrottlingRateLimit: 10, ThrottlingBurstLimit: 5}", "Api.Properties.StageName: v1 has no equal: the stage is $default", "AccessLogSettings: {DestinationArn"},
		},
		{
			name: "an API on Fargate", from: "sam", args: []string{"--hosting", "fargate"}, files: http("      CorsConfiguration: true\n"),
			has:   []string{"CorsConfiguration: true has no equal: the hosting has no API", "Events.A.Type: HttpApi has no equal on ECS on Fargate: the hosting has an address of its own"},
			lacks: []string{"Resources.ApiFunction has no equal"},
		},
	} {
		t.Run(c.name, c.check)
	}
}
