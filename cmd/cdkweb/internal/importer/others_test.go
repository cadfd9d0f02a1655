package importer

import (
	"strings"
	"testing"
)

// samWith is the template sam1 with more properties of its function, in the flow style of YAML, and
// with what follows.
func samWith(properties, rest string) map[string]string {
	text := sam1
	for _, property := range strings.Split(properties, "\n") {
		if property != "" {
			text += "      " + property + "\n"
		}
	}
	return map[string]string{"template.yaml": text + rest}
}

const explicitAPI = "  Api:\n    Type: AWS::Serverless::HttpApi\n    Properties:\n" +
	"      CorsConfiguration: {AllowOrigins: ['*']}\n" +
	"      Auth: {DefaultAuthorizer: J}\n      Domain: {DomainName: api.example.com}\n"

const namesAPI = "Events: {A: {Type: HttpApi, Properties: {ApiId: !Ref Api}}}"

// Nothing that was closed is open without a word.
func TestClosedStaysToldOf(t *testing.T) {
	for _, c := range []smallCase{
		{
			name: "an API of the template's own", from: "sam", files: samWith(namesAPI, explicitAPI),
			has: []string{
				"Resources.Api.Properties.Auth: {DefaultAuthorizer: J} has no equal: everybody reaches the service now: set Authorizer of lambdaweb.HTTPAPI",
				"Resources.Api.Properties.CorsConfiguration: {AllowOrigins: [*]} has no equal: set CORS of lambdaweb.HTTPAPI",
				"Resources.Api.Properties.Domain: {DomainName: api.example.com} has no equal: set Domain of web.ServiceProps",
			},
			lacks: []string{"AWS::Serverless::HttpApi has no equal", "ApiId"},
		},
		{
			name: "what all APIs have", from: "sam",
			files: samWith("Events: {A: {Type: HttpApi}}", "Globals:\n  HttpApi: {Auth: {DefaultAuthorizer: J}}\n"),
			has:   []string{"Globals.HttpApi.Auth: {DefaultAuthorizer: J} has no equal: everybody reaches the service now"},
			lacks: []string{"it is about resources that are not written here"},
		},
		{
			name: "a REST API of the template's own", from: "sam",
			files: samWith("Events: {A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/{proxy+}', Method: ANY}}}",
				"  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: v1\n      TracingEnabled: true\n      BinaryMediaTypes: ['*~1*']\n      Auth: {ApiKeyRequired: true}\n"),
			has: []string{`lambdaweb.RESTAPI{StageName: "v1", TracingEnabled: true}`,
				"Resources.Api.Properties.Auth: {ApiKeyRequired: true} has no equal: everybody reaches the service now: set AuthorizationType or Authorizer of lambdaweb.RESTAPI"},
			lacks: []string{"AWS::Serverless::Api has no equal", "BinaryMediaTypes"},
		},
		{
			name: "an API on another hosting", from: "sam", files: samWith(namesAPI, explicitAPI), args: []string{"--hosting", "fargate"},
			has: []string{"Resources.Api.Properties.Auth: {DefaultAuthorizer: J} has no equal: everybody reaches the service now"},
		},
		{
			name: "a function that only callers of AWS reach", from: "sam", files: samWith("FunctionUrlConfig: {AuthType: AWS_IAM}", ""), args: []string{"--hosting", "express"},
			has: []string{"FunctionUrlConfig.AuthType: AWS_IAM has no equal on ECS Express Mode: everybody reaches the service now"},
		},
		{
			name: "a function that nobody reaches", from: "sam", files: samWith("", ""), args: []string{"--hosting", "fargate"},
			has: []string{"the service has an address now, which everybody reaches"},
		},
		{
			name: "what an event of an API asks for, on another hosting", from: "sam",
			files: samWith("Events: {A: {Type: HttpApi, Properties: {Path: /a, Method: GET, Auth: {Authorizer: J}}}}", ""), args: []string{"--hosting", "fargate"},
			has: []string{"Events.A.Properties.Auth: {Authorizer: J} has no equal", "Events.A.Properties.Path: /a became every path"},
		},
		{
			name: "a variable that nobody knows, on another hosting", from: "sam",
			files: samWith("FunctionUrlConfig: {AuthType: NONE}\nEnvironment: {Variables: {TABLE: !Ref Table}}", "  Table:\n    Type: AWS::Serverless::SimpleTable\n"),
			args:  []string{"--hosting", "fargate"},
			has:   []string{"Environment.Variables.TABLE: {Ref: Table} has no equal"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// Values are what they were.
func TestValuesOfOthers(t *testing.T) {
	const ssm = "Parameters:\n  Zone:\n    Type: AWS::SSM::Parameter::Value<String>\n    Default: /a/zone\n" +
		"  Image:\n    Type: AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>\n    Default: /a/image\n" +
		"  Names:\n    Type: AWS::SSM::Parameter::Value<List<String>>\n    Default: /a/names\n" +
		"  Plain:\n    Type: CommaDelimitedList\n    Default: a,b\n  Bare:\n    Type: String\n"
	for _, c := range []smallCase{
		{
			name: "parameters of Systems Manager", from: "sam",
			files: samWith("Environment: {Variables: {URL: !Sub 'x.${Zone}/', ZONE: !Ref Zone, IMAGE: !Ref Image, NAMES: !Join [';', !Ref Names], PLAIN: !Join [';', !Ref Plain]}}", ssm),
			has: []string{
				`"x." + *awsssm.StringParameter_ValueForStringParameter(stack, new("/a/zone"), nil) + "/"`,
				`"ZONE": *awsssm.StringParameter_ValueForStringParameter(stack, new("/a/zone"), nil)`,
				`"IMAGE": *awsssm.StringParameter_ValueForStringParameter(stack, new("/a/image"), nil)`,
				`*awscdk.Fn_Join(new(";"), awsssm.StringListParameter_ValueForTypedListParameter(stack, new("/a/names"), awsssm.ParameterValueType_STRING, nil))`,
				`"PLAIN": "a;b"`,
				"Parameters.Zone: {Type: AWS::SSM::Parameter::Value<String>, Default: /a/zone} is read from Systems Manager by its name while the stack is deployed",
				"Parameters.Bare: {Type: String} has no equal: it has no default",
			},
		},
		{
			name: "a health check at a path that nobody knows", from: "sam",
			files: samWith("Environment: {Variables: {READINESS_CHECK_PATH: !Sub '/${Zone}'}}", ssm),
			has:   []string{"READINESS_CHECK_PATH: {Fn::Sub: /${Zone}} is left out"},
		},
	} {
		t.Run(c.name, c.check)
	}
}
