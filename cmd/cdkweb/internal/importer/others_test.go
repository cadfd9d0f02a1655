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

// What only others ask of a template is told of.
func TestTemplatesOfOthers(t *testing.T) {
	for _, c := range []smallCase{
		{
			name: "a REST API of the template's own", from: "sam",
			files: samWith("Events: {A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/{proxy+}', Method: ANY}}}",
				"  Api:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: v1\n      TracingEnabled: true\n      BinaryMediaTypes: ['*~1*']\n      EndpointConfiguration: REGIONAL\n"),
			has:   []string{`lambdaweb.RESTAPI{ StageName: "v1", TracingEnabled: true, }`},
			lacks: []string{"AWS::Serverless::Api has no equal", "BinaryMediaTypes", "REGIONAL"},
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

// What Copilot's manifests of others have.
func TestManifestsOfOthers(t *testing.T) {
	workspace := func(manifest string, more ...string) map[string]string {
		files := map[string]string{"copilot/api/manifest.yml": manifest}
		for i := 0; i < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	const rdws = "name: web\ntype: Request-Driven Web Service\nimage:\n  location: nginx\n  port: 80\n"
	for _, c := range []smallCase{
		{
			name: "an application without a name", from: "copilot",
			files: workspace(manifest1 + "secrets:\n  KEY: /copilot/${COPILOT_APPLICATION_NAME}/${COPILOT_ENVIRONMENT_NAME}/secrets/KEY\n" +
				"variables:\n  REDIS:\n    from_cfn: ${COPILOT_APPLICATION_NAME}-${COPILOT_ENVIRONMENT_NAME}-RedisURL\n"),
			has: []string{`new("/copilot/APPLICATION/test/secrets/KEY")`, `awscdk.Fn_ImportValue(new("APPLICATION-test-RedisURL"))`, `"COPILOT_APPLICATION_NAME": "APPLICATION"`,
				"application has a name that no file says: replace APPLICATION by it, or import again with --app"},
			lacks: []string{"os.Getenv"},
		},
		{
			name: "an application with a name", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1), lacks: []string{"APPLICATION\"", "that no file says"},
		},
		{
			name: "no placement", from: "copilot", args: []string{"--app", "shop"}, files: workspace(manifest1 + "http: false\n"),
			has: []string{"SubnetType_PUBLIC}"}, lacks: []string{"PRIVATE_WITH_EGRESS"},
		},
		{
			name: "an alias with a variable of the shell", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1 + "http:\n  path: /\n  alias: api.${DOMAIN}\n  redirect_to_https: false\n"),
			has:   []string{`DomainName: new("api." + os.Getenv("DOMAIN"))`, "http.redirect_to_https: false closes port 80"},
			lacks: []string{"is left out"},
		},
		{
			name: "aliases with variables of the shell", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1 + "http:\n  path: /\n  hosted_zone: Z0123456789\n  alias: ['${HOST}', 'b.example.com']\n"),
			has:   []string{`Hosts: []string{os.Getenv("HOST"), "b.example.com"}`, `RecordName: new(os.Getenv("HOST") + ".")`},
		},
		{
			name: "a rule without a health check", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1 + "http:\n  path: /\n  healthcheck: /health\n  additional_rules:\n    - path: admin\n      target_port: 3002\n"),
			has:   []string{`Path: new("/"),`},
		},
		{
			name: "the port as a variable", from: "copilot", args: []string{"--app", "shop"}, files: workspace(manifest1 + "variables:\n  PORT: 8080\n"),
			lacks: []string{"set Workload.Port instead"},
		},
		{
			name: "another port as a variable", from: "copilot", args: []string{"--app", "shop"}, files: workspace(manifest1 + "variables:\n  PORT: 8081\n"),
			has: []string{"variables.PORT is left out"},
		},
		{
			name: "outputs of addons", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1, "copilot/api/addons/db.yml", "Resources:\n  Sec:\n    Type: AWS::SecretsManager::Secret\n  Group:\n    Type: AWS::EC2::SecurityGroup\n"+
				"Outputs:\n  auroraSecret:\n    Value: !Ref Sec\n  myGroup:\n    Value: !Ref Group\n  MyArn:\n    Value: !GetAtt Sec.Arn\n"),
			has: []string{"addons has the output auroraSecret, which the service had as the secret AURORA_SECRET", "addons has the output myGroup, which was a security group of the service",
				"addons has the output MyArn, which the service had as the variable MY_ARN"},
			lacks: []string{"UseTable, UseBucket, UseQueue"},
		},
		{
			name: "HTTPS that only a domain gives", from: "copilot", args: []string{"--app", "shop", "--hosting", "fargate"}, files: workspace(rdws),
			has: []string{"had HTTPS, and the load balancer has HTTP only: set Domain of web.ServiceProps"},
		},
		{
			name: "a domain gives HTTPS", from: "copilot", args: []string{"--app", "shop"}, files: workspace(rdws + "http:\n  alias: web.example.com\n"),
			lacks: []string{"had HTTPS"},
		},
		{
			name: "numbers of tasks on App Runner", from: "copilot", args: []string{"--app", "shop", "--hosting", "apprunner"},
			files: workspace(manifest1 + "count:\n  range: 2-50\n"),
			has:   []string{"MinSize: 2", "MaxSize: 25", "count.range: 2-50 became 2 to 25"}, lacks: []string{"the hosting decides how many"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// What others have of App Runner.
func TestDescriptionsOfOthers(t *testing.T) {
	appRunner := func(old, new string) map[string]string {
		return map[string]string{"a.json": strings.Replace(appRunner1("one", "eu-west-1"), old, new, 1)}
	}
	for _, c := range []smallCase{
		{
			name: "a public repository that deploys by itself", from: "apprunner", args: []string{"--hosting", "apprunner"},
			files: appRunner(`"SourceConfiguration": {`, `"SourceConfiguration": {"AutoDeploymentsEnabled": true, `),
			has:   []string{"AutoDeploymentsEnabled: true has no equal for an image that is not in a private repository of ECR"}, lacks: []string{"AutoDeploymentsEnabled: true,"},
		},
		{
			name: "what create-service takes", from: "apprunner",
			files: map[string]string{"a.json": `{"ServiceName": "one", "ObservabilityConfiguration": {"ObservabilityEnabled": true}, "Tags": [{"Key": "team", "Value": "a"}],
"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": "public.ecr.aws/nginx/nginx:1",
"ImageConfiguration": {"RuntimeEnvironmentVariables": [{"NAME": "Jane"}]}}}}`},
			has:   []string{`"NAME": "Jane"`, `Add(new("team"), new("a"), nil)`},
			lacks: []string{"is no field that"},
		},
		{
			name: "a connector that nobody describes", from: "apprunner",
			files: appRunner(`"ServiceName"`, `"NetworkConfiguration": {"EgressConfiguration": {"EgressType": "VPC", "VpcConnectorArn": "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/a/1/b"}}, "ServiceName"`),
			has:   []string{"is on ECS on Fargate", "VpcConnectorArn: arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/a/1/b is a VPC that no file describes: replace vpc-00000000000000000"},
		},
	} {
		t.Run(c.name, c.check)
	}
}
