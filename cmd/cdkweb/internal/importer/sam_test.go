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
			has: []string{"Private: true", "had no address, and has one on ECS on Fargate"},
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
			name: "an API beside a function URL", from: "sam", files: sam("      FunctionUrlConfig: {AuthType: NONE}\n" + strings.Replace(apiEvent, "%s", ", Path: /a, Method: GET", 1) + "      Description: x\n"),
			has:   []string{"Events.A: {Type: HttpApi, Properties: {ApiId: {Ref: Api}, Path: /a, Method: GET}} has no equal: a service has one endpoint: lambdaweb.FunctionURL", "Resources.Api: AWS::Serverless::HttpApi has no equal"},
			lacks: []string{"became every", "nothing that cdkweb import knows"},
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

func TestSAMValues(t *testing.T) {
	variables := func(below string, more ...string) map[string]string {
		return sam("      Environment: {Variables: {" + below + "}}\n" + strings.Join(more, ""))
	}
	built := func(dockerfile, below string) map[string]string {
		return map[string]string{"template.yaml": strings.Replace(sam1, "      ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:1\n", below+"    Metadata: {DockerContext: ., Dockerfile: z.Dockerfile}\n", 1), "z.Dockerfile": dockerfile}
	}
	zip := func(below string) map[string]string {
		return map[string]string{"template.yaml": "Resources:\n  ApiFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: app\n      Runtime: nodejs22.x\n" + below}
	}
	fargate := []string{"--hosting", "fargate"}
	const url = "      FunctionUrlConfig: {AuthType: NONE}\nOutputs:\n  Out: {Value: "
	for _, c := range []smallCase{
		{
			name: "a parameter of Systems Manager", from: "sam", files: variables("AA: !Ref Zone, BB: !Sub 'https://x.${Zone}/', CC: !Join ['-', [a, !Ref Zone]]", "Parameters: {Zone: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a/zone}}\n"),
			has:   []string{`"AA": *awsssm.StringParameter_ValueForStringParameter(stack, new("/a/zone"), nil)`, `"CC": "a-" + *awsssm.`, "is read from Systems Manager"},
			lacks: []string{`"/a/zone" +`, "takes the default"},
		},
		{
			name: "a parameter without a default", from: "sam", files: variables("A: !Ref Zone", "Parameters: {Zone: {Type: 'AWS::SSM::Parameter::Value<String>'}, Name: {Type: String}}\n"),
			has: []string{"Variables.A: {Ref: Zone} has no equal", "Parameters.Name: {Type: String} has no equal: it has no default"}, lacks: []string{"takes the default", "ValueForStringParameter(stack"},
		},
		{
			name: "the port of a Dockerfile", from: "sam", files: built("FROM scratch\nCOPY a /opt/extensions/a\nENV A=b PORT=8000\nCMD [\"/a\"]\n", ""), has: []string{"Port: 8000,"},
		},
		{
			name: "the adapter's port of a Dockerfile before a template's", from: "sam", files: built("FROM scratch AS base\nENV AWS_LWA_PORT 3000\nFROM base\nCMD [\"/a\"]\n", "      Environment: {Variables: {PORT: 8001}}\n"),
			has: []string{"Port: 3000,"},
		},
		{
			name: "a template's port before a Dockerfile's", from: "sam", files: built("FROM scratch\nENV PORT=8000\n", "      Environment: {Variables: {PORT: 8001}}\n"), has: []string{"Port: 8001,"},
		},
		{
			name: "the port of another stage", from: "sam", files: built("FROM scratch AS build\nENV PORT=8000\nFROM scratch\n", ""), lacks: []string{"Port: 8000"},
		},
		{
			name: "the adapter's port before the other, in any order", from: "sam", files: variables("AWS_LWA_PORT: 3000, PORT: 4000"), has: []string{"Port: 3000,"},
		},
		{
			name: "the adapter's statuses", from: "sam", files: variables("READINESS_CHECK_PATH: /h"), has: []string{`Path: "/h", StatusCodes: "200-499"`},
		},
		{
			name: "statuses of the template", from: "sam", files: variables("AWS_LWA_READINESS_CHECK_PATH: /h, AWS_LWA_READINESS_CHECK_HEALTHY_STATUS: 200-299"), has: []string{`StatusCodes: "200-299"`}, lacks: []string{`"AWS_LWA_`},
		},
		{
			name: "the least status that is not ready", from: "sam", files: variables("READINESS_CHECK_PATH: /h, READINESS_CHECK_MIN_UNHEALTHY_STATUS: 400"), has: []string{`StatusCodes: "200-399"`}, lacks: []string{`"AWS_LWA_`, `"READINESS_`},
		},
		{
			name: "no path", from: "sam", files: variables("READINESS_CHECK_PATH: none"), lacks: []string{"HealthCheck:"},
		},
		{
			name: "settings of the adapter on Fargate", from: "sam", args: fargate, files: variables("AWS_LWA_REMOVE_BASE_PATH: /v1, ASYNC_INIT: true, AWS_LWA_ENABLE_TLS: true, PORT: 8443"),
			has:   []string{"Variables.AWS_LWA_REMOVE_BASE_PATH: /v1 has no equal: nobody takes the base path away", "Variables.ASYNC_INIT: true has no equal", "AWS_LWA_ENABLE_TLS: true became HTTPS", `secure.SetProtocol(new("HTTPS"))`},
			lacks: []string{`"AWS_LWA_`, "became AWS_LWA_ASYNC_INIT"},
		},
		{
			name: "settings of the adapter on App Runner", from: "sam", args: []string{"--hosting", "apprunner"}, files: variables("AWS_LWA_ENABLE_TLS: true"), has: []string{"AWS_LWA_ENABLE_TLS: true has no equal: the hosting speaks HTTP"},
		},
		{
			name: "streaming without an endpoint", from: "sam", files: variables("AWS_LWA_INVOKE_MODE: response_stream"), has: []string{"AWS_LWA_INVOKE_MODE has no equal without an endpoint"},
		},
		{
			name: "secrets that CloudFormation looks up", from: "sam",
			files: built("FROM scratch\n", "      Environment: {Variables: {DB: '{{resolve:secretsmanager:my/secret:SecretString:password}}', API: '{{resolve:ssm-secure:/a/key}}', ZONE: '{{resolve:ssm:/a/zone}}', URL: 'x{{resolve:secretsmanager:a}}'}}\n"),
			has: []string{`"DB": web.SecretsManager(`, `"password")`, `"API": web.SSMParameter(`, `"ZONE": *awsssm.StringParameter_ValueForStringParameter(stack, new("/a/zone"), nil)`,
				"Variables.URL: x{{resolve:secretsmanager:a}} has no equal"},
			lacks: []string{`"DB": "{{`, `"URL": `},
		},
		{
			name: "a role and a key", from: "sam",
			files: sam("      Role: arn:aws:iam::123456789012:role/r\n      KmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\n      Policies: [AmazonS3ReadOnlyAccess]\n"),
			has:   []string{"Role: role,", `Role_FromRoleArn(stack, new("Role"), new("arn:aws:iam::123456789012:role/r"), nil)`, "EnvironmentEncryption: awskms.Key_FromKeyArn", "Policies[0]: AmazonS3ReadOnlyAccess is not used"},
			lacks: []string{"has no equal:", "AddManagedPolicy"},
		},
		{
			name: "a role of the template", from: "sam", files: sam("      Role: !GetAtt [R, Arn]\n      CapacityProviderConfig: {Arn: !GetAtt [P, Arn]}\n"),
			has: []string{"Properties.Role: {Fn::GetAtt: [R, Arn]} has no equal: write the role", "CapacityProviderConfig.Arn: {Fn::GetAtt: [P, Arn]} has no equal"}, lacks: []string{"Arn: P has", "Arn: Arn"},
		},
		{
			name: "a role on Fargate", from: "sam", args: fargate, files: sam("      Role: arn:aws:iam::123456789012:role/r\n"), has: []string{"role/r has no equal on ECS on Fargate"}, lacks: []string{"Role_FromRoleArn"},
		},
		{
			name: "a layer by the parameter that has it", from: "sam", files: zip("      Layers: [!Ref L]\n      Handler: bootstrap\nParameters: {L: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /lambda-web-adapter/layer/x86_64/latest}}\n"),
			has: []string{"Layers[0]: {Ref: L} became the adapter"}, lacks: []string{"run.sh", "bootstrap did"},
		},
		{
			name: "a layer that settings tell", from: "sam", files: zip("      Layers: [!Ref L]\n      Handler: start.sh\n      Environment: {Variables: {AWS_LWA_PORT: 80}}\n"),
			has: []string{"Layers[0]: {Ref: L} became the adapter", "as start.sh did"},
		},
		{
			name: "a path behind a function URL", from: "sam", files: sam(url + "!Sub '${ApiFunctionUrl.FunctionUrl}stream?size=15'}\n"), has: []string{`Value: new(api.URL() + "/stream?size=15")`}, lacks: []string{"became the URL"},
		},
		{
			name: "a joined path", from: "sam", files: sam(url + "!Join ['', [!GetAtt ApiFunctionUrl.FunctionUrl, graphql]]}\n"), has: []string{`Value: new(api.URL() + "/graphql")`},
		},
		{
			name: "an address in a text", from: "sam", files: sam(url + "!Sub 'see ${ApiFunctionUrl.FunctionUrl}'}\n"), has: []string{"Outputs.Out: {Value: {Fn::Sub: see ${ApiFunctionUrl.FunctionUrl}}} has no equal"},
		},
		{
			name: "the address of an API of the template", from: "sam",
			files: sam(strings.Replace(apiEvent, "%s", "", 1) + "      StageName: v1\nOutputs:\n  Out: {Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.amazonaws.com/v1/mcp'}\n"),
			has:   []string{`Value: new(api.URL() + "/mcp")`},
		},
		{
			name: "the address of a REST API of the template", from: "sam",
			files: sam(strings.Replace(restAPI, "%s", "", 1) + "Outputs:\n  Out: {Value: !Sub 'https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/v1/'}\n"),
			has:   []string{`Value: new(api.URL() + "/")`},
		},
		{
			name: "as long as an HTTP API waits", from: "sam", files: sam(apiEvents + "      Timeout: 30\n"), lacks: []string{"is longer"},
		},
		{
			name: "longer than an HTTP API waits", from: "sam", files: sam(apiEvents + "      Timeout: 60\n"), has: []string{"template.yaml:10: Properties.Timeout: 60 is longer than an HTTP API waits"},
		},
		{
			name: "a name with digits", from: "sam", files: map[string]string{"template.yaml": strings.Replace(zip("      Layers: [x:LambdaAdapterLayerX86:1]\n")["template.yaml"], "ApiFunction", "PhpAl282Function", 1)}, has: []string{`webimage.Dockerfile("php-al282-function", nil)`},
		},
	} {
		t.Run(c.name, c.check)
	}
}
