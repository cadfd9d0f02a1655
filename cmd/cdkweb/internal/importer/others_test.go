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

const namesAPI = "Events: {A: {Type: HttpApi, Properties: {ApiId: !Ref Api}}}"

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
			name: "addresses of clients beside another rule, on Lambda", from: "copilot", args: []string{"--app", "shop", "--hosting", "lambda"},
			files: workspace(strings.Replace(manifest1, "location: nginx", "build: Dockerfile", 1)+
				"http:\n  path: /\n  allowed_source_ips: [203.0.113.0/24]\n  additional_rules:\n    - path: admin\n      target_port: 9090\n",
				"Dockerfile", "FROM scratch\nCMD [\"/a\"]\n"),
			has: []string{`AllowFrom: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}`}, lacks: []string{"allowed_source_ips"},
		},
		{
			name: "the addresses of Copilot's VPC", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1+"http: false\n", "copilot/environments/test/manifest.yml",
				"name: test\ntype: Environment\nnetwork:\n  vpc:\n    cidr: 10.10.0.0/16\n    subnets:\n      public:\n        - cidr: 10.10.0.0/24\n          az: us-east-1a\n"),
			has:   []string{`VpcCidrBlock: new("10.10.0.0/16"),`, "describes the VPC that Copilot made"},
			lacks: []string{"awsec2.NewVpc"},
		},
		{
			name: "services of one load balancer with names of their own", from: "copilot", args: []string{"--app", "shop", "--hosting", "fargate"},
			files: workspace(manifest1+"http: {path: /, alias: orders.example.com}\n", "copilot/web/manifest.yml", rdws+"http: {alias: billing.example.com}\n"),
			has:   []string{`Hosts: []string{"orders.example.com"}`, `Hosts: []string{"billing.example.com"}`},
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
		{
			name: "who may reach an environment", from: "copilot", args: []string{"--app", "shop", "--environments", "test"},
			files: workspace(manifest1+"http:\n  path: /\n", "copilot/environments/test/manifest.yml",
				"name: test\ntype: Environment\nhttp:\n  public:\n    ingress:\n      source_ips: [10.0.0.0/8, 192.0.2.0/24]\n"),
			has: []string{`AllowFrom: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("192.0.2.0/24")}`}, lacks: []string{"source_ips"},
		},
		{
			name: "who may reach an environment and a service", from: "copilot", args: []string{"--app", "shop", "--environments", "test"},
			files: workspace(manifest1+"http:\n  path: /\n  allowed_source_ips: [10.1.0.0/16, 198.51.100.0/24]\n", "copilot/environments/test/manifest.yml",
				"name: test\ntype: Environment\nhttp:\n  public:\n    ingress:\n      source_ips: [10.0.0.0/8]\n"),
			has: []string{`AllowFrom: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}`}, lacks: []string{"198.51.100"},
		},
		{
			name: "who may reach an environment, on another hosting", from: "copilot", args: []string{"--app", "shop", "--environments", "test", "--hosting", "apprunner"},
			files: workspace(manifest1+"http:\n  path: /\n", "copilot/environments/test/manifest.yml",
				"name: test\ntype: Environment\nhttp:\n  public:\n    ingress:\n      source_ips: [10.0.0.0/8]\n"),
			has: []string{"http.public.ingress.source_ips: [10.0.0.0/8] has no equal on App Runner"},
		},
		{
			name: "a volume that Copilot made, in a sidecar", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1 + "storage:\n  volumes:\n    wp:\n      path: /a\n      efs: true\nsidecars:\n  b:\n    image: nginx\n    mount_points:\n      - source_volume: wp\n        path: /a\n"),
			has:   []string{"sidecars.b.mount_points[0]: {source_volume: wp, path: /a} has no equal: the volume wp is left out, see storage.volumes"},
			lacks: []string{"must be of a volume in storage.volumes"},
		},
		{
			name: "a VPC that a function is not in", from: "copilot", args: []string{"--app", "shop", "--hosting", "lambda"}, files: workspace(manifest1 + "http: false\nnetwork:\n  connect: true\n"),
			has: []string{"http: false became a private REST API"},
		},
		{
			name: "a field whose parent has a typing mistake", from: "copilot", args: []string{"--app", "shop"},
			files: workspace(manifest1 + "environmet:\n  prod:\n    count: 10\n"), lacks: []string{" prod.count: 10 is no field"},
		},
		{
			name: "a deployment that stops first", from: "copilot", args: []string{"--app", "shop"}, files: workspace(manifest1 + "deployment:\n  rolling: recreate\n"),
			has: []string{"deployment.rolling: recreate has no equal: a deployment keeps tasks running here: of two or more tasks, MinimumHealthyPercent 1 and MaximumPercent 100 stop all but one first"},
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
		{
			name: "a name on another hosting", from: "apprunner", files: appRunner("", ""), has: []string{"Service.ServiceName: one is not the name of the new service: AWS generates one"}, lacks: []string{"ServiceName: one has no equal"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// What the templates of others have.
func TestFunctionsOfOthers(t *testing.T) {
	zip := func(layer, variables, rest string) map[string]string {
		return map[string]string{"template.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  ApiFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n" +
			"      CodeUri: app\n      Handler: bootstrap\n      Runtime: provided.al2023\n      Layers: [" + layer + "]\n      Environment: {Variables: {" + variables + "}}\n" + rest}
	}
	built := func(dockerfile, variables string) map[string]string {
		return map[string]string{
			"a.yaml": "Transform: AWS::Serverless-2016-10-31\nResources:\n  ApiFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n" +
				"      Environment: {Variables: {" + variables + "}}\n    Metadata: {DockerContext: app, Dockerfile: Dockerfile}\n",
			"app/Dockerfile": dockerfile,
		}
	}
	output := func(value string) string { return "Outputs:\n  Address:\n    Value: " + value + "\n" }
	const url = "FunctionUrlConfig: {AuthType: NONE}"
	for _, c := range []smallCase{
		{
			name: "the port of a Dockerfile", from: "sam", files: built("FROM a AS b\nENV PORT=1\nFROM c\nENV A=b \\\n  PORT=\"8000\"\n", ""), has: []string{"Port: 8000,"},
		},
		{
			name: "the port of a Dockerfile in the older form", from: "sam", files: built("FROM c\nenv AWS_LWA_PORT 8000\n", ""), has: []string{"Port: 8000,"},
		},
		{
			name: "the port of a template", from: "sam", files: built("FROM c\nENV PORT=8000\n", "PORT: 3000"), has: []string{"Port: 3000,"},
		},
		{
			name: "the statuses of a ready server", from: "sam", files: samWith(url+"\nEnvironment: {Variables: {READINESS_CHECK_PATH: /healthz}}", ""),
			has: []string{`HealthCheck: web.HealthCheck{Path: "/healthz", StatusCodes: "200-499"}`},
		},
		{
			name: "the statuses of a server that is not ready", from: "sam",
			files: samWith(url+"\nEnvironment: {Variables: {AWS_LWA_READINESS_CHECK_PATH: /healthz, READINESS_CHECK_MIN_UNHEALTHY_STATUS: 400}}", ""),
			has:   []string{`HealthCheck: web.HealthCheck{Path: "/healthz", StatusCodes: "200-399"}`}, lacks: []string{"MIN_UNHEALTHY_STATUS\":"},
		},
		{
			name: "settings of an adapter that is not there", from: "sam", args: []string{"--hosting", "fargate"},
			files: samWith(url+"\nEnvironment: {Variables: {REMOVE_BASE_PATH: /v1, AWS_LWA_ENABLE_TLS: true, AWS_LWA_ENABLE_COMPRESSION: true}}", ""),
			has: []string{"Variables.REMOVE_BASE_PATH: /v1 has no equal: nobody takes the base path away",
				"Variables.AWS_LWA_ENABLE_TLS: true became HTTPS between the load balancer and the server",
				"Variables.AWS_LWA_ENABLE_COMPRESSION: true has no equal: let the server compress its responses"},
			lacks: []string{`"AWS_LWA_`},
		},
		{
			name: "streaming without an endpoint", from: "sam", files: samWith("Environment: {Variables: {AWS_LWA_INVOKE_MODE: response_stream}}", ""),
			has: []string{"AWS_LWA_INVOKE_MODE has no equal without an endpoint"},
		},
		{
			name: "a layer that a parameter names", from: "sam",
			files: zip("!Ref Layer", "A: b", "Parameters:\n  Layer:\n    Type: AWS::SSM::Parameter::Value<String>\n    Default: /lambda-web-adapter/layer/x86_64/latest\n"),
			has:   []string{"Layers[0]: {Ref: Layer} became the adapter of this library"},
		},
		{
			name: "a layer whose function has settings of the adapter", from: "sam", files: zip("!Ref Layer", "AWS_LWA_ENABLE_COMPRESSION: true", "Parameters:\n  Layer: {Type: String}\n"),
			has: []string{"Layers[0]: {Ref: Layer} became the adapter of this library"},
		},
		{
			name: "an address with a path, joined", from: "sam", files: samWith(url, output("!Join ['', [!GetAtt ApiFunctionUrl.FunctionUrl, graphql]]")),
			has: []string{`Value: new(api.URL() + "/graphql")`}, lacks: []string{"became the URL", `new("URL")`},
		},
		{
			name: "an address with a path, put in", from: "sam", files: samWith(url, output("!Sub '${ApiFunctionUrl.FunctionUrl}a?size=15'")),
			has: []string{`Value: new(api.URL() + "/a?size=15")`}, lacks: []string{"became the URL", `new("URL")`},
		},
		{
			name: "the address of an API of the template's own", from: "sam",
			files: samWith(namesAPI, "  Api: {Type: AWS::Serverless::HttpApi}\n"+output(`!Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/mcp"`)),
			has:   []string{`Value: new(api.URL() + "/mcp")`}, lacks: []string{"became the URL", `new("URL")`},
		},
		{
			name: "the address of an API as it says it", from: "sam",
			files: samWith(namesAPI, "  Api: {Type: AWS::Serverless::HttpApi}\n"+output(`!GetAtt Api.ApiEndpoint`)), has: []string{`Value: new(api.URL())`},
		},
		{
			name: "the address of a stage", from: "sam",
			files: samWith("Events: {A: {Type: Api, Properties: {RestApiId: !Ref Api, Path: '/{proxy+}', Method: ANY}}}",
				"  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}\n"+output(`!Join ['', ['https://', !Ref Api, '.execute-api.', !Ref 'AWS::Region', '.amazonaws.com/v1/x']]`)),
			has: []string{`Value: new(api.URL() + "/x")`},
		},
		{
			name: "the addresses of functions that had one API", from: "sam",
			files: samWith("Events: {A: {Type: HttpApi, Properties: {Path: '/v1/{proxy+}', Method: ANY}}}",
				strings.ReplaceAll(sam1[strings.Index(sam1, "  ApiFunction"):], "ApiFunction", "Other")+"      Events: {A: {Type: HttpApi, Properties: {Path: '/v2/{proxy+}', Method: ANY}}}\n"+
					output(`!Sub "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/v2/info"`)),
			has: []string{`new("Address"), &awscdk.CfnOutputProps{Value: new(other.URL() + "/v2/info")}`},
		},
		{
			name: "a role and a key", from: "sam",
			files: samWith("Role: arn:aws:iam::123456789012:role/r\nKmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", ""),
			has:   []string{`Role: role,`, `EnvironmentEncryption: awskms.Key_FromKeyArn(stack, new("Key"), new("arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"))`},
			lacks: []string{"no equal: set it on the function"},
		},
		{
			name: "a role and a key on another hosting", from: "sam", args: []string{"--hosting", "fargate"},
			files: samWith("Role: arn:aws:iam::123456789012:role/r\nKmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab", ""),
			has:   []string{"Properties.Role: arn:aws:iam::123456789012:role/r has no equal on ECS on Fargate", "KmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab has no equal on ECS on Fargate"},
			lacks: []string{"awsiam.Role_FromRoleArn"},
		},
		{
			name: "functions that had one API", from: "sam",
			files: samWith("Events: {A: {Type: HttpApi, Properties: {Path: '/v1/{proxy+}', Method: ANY}}}",
				strings.ReplaceAll(sam1[strings.Index(sam1, "  ApiFunction"):], "ApiFunction", "Other")+"      Events: {A: {Type: HttpApi, Properties: {Path: '/v2/{proxy+}', Method: ANY}}}\n"),
			has: []string{"ApiFunction.Properties.Events had one address with Other: each service has an address of its own now", "Other.Properties.Events had one address with ApiFunction"},
		},
		{
			name: "30 seconds behind an HTTP API", from: "sam", files: samWith("Events: {A: {Type: HttpApi}}\nTimeout: 30", ""), lacks: []string{"longer than an HTTP API waits"},
		},
		{
			name: "31 seconds behind an HTTP API", from: "sam", files: samWith("Events: {A: {Type: HttpApi}}\nTimeout: 31", ""),
			has: []string{"is longer than an HTTP API waits, which is 30 s"},
		},
		{
			name: "what refers to something that is not here", from: "sam", files: samWith("DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt [X, Arn]}", "  X: {Type: AWS::SNS::Topic}\n"),
			has: []string{"DeadLetterQueue.TargetArn: {Fn::GetAtt: [X, Arn]} has no equal"}, lacks: []string{"TargetArn[0]", "GetAtt[1]"},
		},
		{
			name: "a variable that is a secret", from: "sam",
			files: samWith("Environment: {Variables: {KEY: !Ref Key}}", "Parameters:\n  Key: {Type: String, NoEcho: true, Default: a}\n"),
			has:   []string{"Environment.Variables.KEY: {Ref: Key} has no equal", "Parameters.Key has NoEcho, and its default is not written here: keep the value as a secret in AWS Secrets Manager"},
		},
		{
			name: "a property of all functions that each has itself", from: "sam", files: samWith("MemorySize: 256", "Globals: {Function: {MemorySize: 512, Timeout: 7}}\n"),
			has:   []string{"MemorySize: 256,", "Timeout: 7 * time.Second", "Globals.Function.MemorySize: 512 is for none of the functions that are here"},
			lacks: []string{"MemorySize: 512 has no equal"},
		},
		{
			name: "an alias of a function", from: "sam", files: samWith("AutoPublishAlias: live", ""),
			has: []string{"AutoPublishAlias: live has no equal: make a version and an alias with awslambda.NewAlias"},
		},
		{
			name: "a program that a bootstrap starts", from: "sam", files: zip("!Ref LambdaAdapterLayerX86", "A: b", "    Metadata: {BuildMethod: rust-cargolambda}\n"),
			has: []string{"write a Dockerfile that starts the web server; a stand-in is", "BuildMethod: rust-cargolambda has no equal: build it in the Dockerfile"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// A comment of main.go stands there once.
func TestCommentsStandOnce(t *testing.T) {
	c := smallCase{from: "copilot", args: []string{"--app", "shop"}, files: map[string]string{"copilot/api/manifest.yml": manifest1 + "exec: true\nstorage:\n  readonly_fs: true\n"}}
	if got := strings.Count(content(c.build(t), "main.go"), "readonly_fs"); got != 1 {
		t.Errorf("main.go names readonly_fs %d times, want once", got)
	}
}
