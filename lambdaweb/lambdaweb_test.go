package lambdaweb_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	kind       = "AWS::Lambda::Function"
	privateURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
)

// workload needs no build, so that tests of the hosting's options are fast.
func workload() web.Workload { return web.Workload{Image: existing("")} }

// existing is an image that holds AWS Lambda Web Adapter.
func existing(architecture webimage.Architecture) webimage.Image {
	return webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: architecture, Adapter: webimage.OwnAdapter})
}

// built is an image that is built here, with the adapter of this library.
func built(t *testing.T) webimage.Image {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return webimage.Dockerfile(dir, nil)
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// Each row sets one option; the paths are below the function's Properties. An empty value means
// that there is nothing.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
		own     func(stack awscdk.Stack, h *lambdaweb.Hosting)
		want    map[string]string
	}{
		{name: "defaults", want: map[string]string{
			"PackageType":                  `"Image"`,
			"Architectures":                `["x86_64"]`,
			"MemorySize":                   `512`,
			"Timeout":                      `29`,
			"EphemeralStorage":             "",
			"ReservedConcurrentExecutions": "",
			"TracingConfig":                "",
			"ImageConfig":                  "",
			"FunctionName":                 "",
			"KmsKeyArn":                    "",
			"LoggingConfig.LogFormat":      "",
			"CapacityProviderConfig":       "",
			"PublishToLatestPublished":     "",
			"Environment.Variables":        `{"AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_PROTOCOL":"tcp","PORT":"8080"}`,
		}},
		{name: "an image that is built here", change: func(w *web.Workload) { w.Image = built(t) }, want: map[string]string{
			"Environment.Variables": `{"AWS_LWA_HOST":"127.0.0.1","PORT":"8080"}`,
		}},
		{name: "health check path of an image that is built here", change: func(w *web.Workload) { w.Image = built(t); w.HealthCheck.Path = "/healthz" }, want: map[string]string{
			"Environment.Variables": `{"AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_HEALTHY_STATUS":"200-399","AWS_LWA_READINESS_CHECK_PATH":"/healthz","PORT":"8080"}`,
		}},
		{name: "health check path", change: func(w *web.Workload) { w.HealthCheck.Path = "/healthz" }, want: map[string]string{
			"Environment.Variables": `{"AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_HEALTHY_STATUS":"200-399","AWS_LWA_READINESS_CHECK_PATH":"/healthz","PORT":"8080"}`,
		}},
		{name: "the workload's own adapter settings win", change: func(w *web.Workload) {
			w.HealthCheck.Path = "/healthz"
			w.Environment = map[string]string{"AWS_LWA_READINESS_CHECK_PATH": "/ready", "AWS_LWA_ASYNC_INIT": "true"}
		}, want: map[string]string{
			"Environment.Variables": `{"AWS_LWA_ASYNC_INIT":"true","AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_HEALTHY_STATUS":"200-399","AWS_LWA_READINESS_CHECK_PATH":"/ready","PORT":"8080"}`,
		}},
		{name: "HOST is the server's own", change: func(w *web.Workload) { w.Environment = map[string]string{"HOST": "shop.example.com"} }, want: map[string]string{
			"Environment.Variables": `{"AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_PROTOCOL":"tcp","HOST":"shop.example.com","PORT":"8080"}`,
		}},
		{name: "arm64", change: func(w *web.Workload) {
			w.Image = webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})
		}, want: map[string]string{
			"Architectures": `["arm64"]`,
		}},
		{name: "memory", hosting: lambdaweb.Hosting{MemorySize: 10240}, want: map[string]string{"MemorySize": `10240`}},
		{name: "timeout", hosting: lambdaweb.Hosting{Timeout: time.Second}, want: map[string]string{"Timeout": `1`}},
		{name: "ephemeral storage", hosting: lambdaweb.Hosting{EphemeralStorageSize: 1024}, want: map[string]string{"EphemeralStorage": `{"Size":1024}`}},
		{name: "reserved concurrency", hosting: lambdaweb.Hosting{ReservedConcurrentExecutions: 5}, want: map[string]string{"ReservedConcurrentExecutions": `5`}},
		{name: "tracing", hosting: lambdaweb.Hosting{Tracing: awslambda.Tracing_ACTIVE}, want: map[string]string{"TracingConfig": `{"Mode":"Active"}`}},
		{name: "a name", hosting: lambdaweb.Hosting{FunctionName: "site"}, want: map[string]string{"FunctionName": `"site"`}},
		{name: "a key for the variables", own: func(stack awscdk.Stack, h *lambdaweb.Hosting) {
			h.EnvironmentEncryption = awskms.Key_FromKeyArn(stack, new("Key"), new(keyARN))
		}, want: map[string]string{"KmsKeyArn": `"` + keyARN + `"`}},
		{name: "logs as text", hosting: lambdaweb.Hosting{LoggingFormat: awslambda.LoggingFormat_TEXT}, want: map[string]string{"LoggingConfig.LogFormat": `"Text"`}},
		{name: "logs in JSON", hosting: lambdaweb.Hosting{LoggingFormat: awslambda.LoggingFormat_JSON}, want: map[string]string{
			"LoggingConfig.LogFormat": `"JSON"`, "LoggingConfig.ApplicationLogLevel": "", "LoggingConfig.SystemLogLevel": "",
		}},
		{name: "levels of logs", hosting: lambdaweb.Hosting{
			LoggingFormat: awslambda.LoggingFormat_JSON, ApplicationLogLevel: awslambda.ApplicationLogLevel_ERROR, SystemLogLevel: awslambda.SystemLogLevel_WARN,
		}, want: map[string]string{"LoggingConfig.ApplicationLogLevel": `"ERROR"`, "LoggingConfig.SystemLogLevel": `"WARN"`}},
		{name: "managed instances", own: func(stack awscdk.Stack, h *lambdaweb.Hosting) {
			h.ManagedInstances = &lambdaweb.ManagedInstances{CapacityProvider: importedProvider(stack)}
		}, want: map[string]string{
			"CapacityProviderConfig":   `{"LambdaManagedInstancesCapacityProviderConfig":{"CapacityProviderArn":"` + providerARN + `"}}`,
			"PublishToLatestPublished": `true`,
			"FunctionScalingConfig":    "",
			"MemorySize":               `2048`,
		}},
		{name: "managed instances with every option", own: func(stack awscdk.Stack, h *lambdaweb.Hosting) {
			h.MemorySize = 32768
			h.ManagedInstances = &lambdaweb.ManagedInstances{
				CapacityProvider: importedProvider(stack), PerExecutionEnvironmentMaxConcurrency: 20,
				ExecutionEnvironmentMemoryGiBPerVCPU: 4.5, MinExecutionEnvironments: 1, MaxExecutionEnvironments: 6,
			}
		}, want: map[string]string{
			"CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig.PerExecutionEnvironmentMaxConcurrency": `20`,
			"CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig.ExecutionEnvironmentMemoryGiBPerVCpu":  `4.5`,
			"FunctionScalingConfig": `{"MaxExecutionEnvironments":6,"MinExecutionEnvironments":1}`,
			"MemorySize":            `32768`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(&w)
			}
			if test.own != nil {
				test.own(stack, &test.hosting)
			}
			lambdaweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
		})
	}
}

const (
	keyARN      = "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
	providerARN = "arn:aws:lambda:eu-west-1:123456789012:capacity-provider:shared"
)

func importedProvider(stack awscdk.Stack) awslambda.ICapacityProvider {
	return awslambda.CapacityProvider_FromCapacityProviderArn(stack, new("Provider"), new(providerARN))
}

// newProvider has instances of an architecture.
func newProvider(stack awscdk.Stack, architecture awslambda.Architecture) awslambda.CapacityProvider {
	vpc := awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b"), new("eu-west-1c")},
		PrivateSubnetIds: &[]*string{new("subnet-0000000a"), new("subnet-0000000b"), new("subnet-0000000c")},
	})
	return awslambda.NewCapacityProvider(stack, new("Provider"), &awslambda.CapacityProviderProps{
		Subnets:        vpc.PrivateSubnets(),
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.NewSecurityGroup(stack, new("Instances"), &awsec2.SecurityGroupProps{Vpc: vpc})},
		Architectures:  &[]awslambda.Architecture{architecture},
	})
}

// Every option of a REST API's stage, and its default.
func TestStageOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		api  lambdaweb.RESTAPI
		want map[string]string
	}{
		{"defaults", lambdaweb.RESTAPI{}, map[string]string{"StageName": `"prod"`, "MethodSettings": "", "TracingEnabled": ""}},
		{"rate", lambdaweb.RESTAPI{ThrottlingRateLimit: 50}, map[string]string{"MethodSettings.0.ThrottlingRateLimit": `50`, "MethodSettings.0.ThrottlingBurstLimit": ""}},
		{"burst", lambdaweb.RESTAPI{ThrottlingBurstLimit: 10}, map[string]string{"MethodSettings.0.ThrottlingBurstLimit": `10`}},
		{"metrics", lambdaweb.RESTAPI{MetricsEnabled: true}, map[string]string{"MethodSettings.0.MetricsEnabled": `true`}},
		{"tracing", lambdaweb.RESTAPI{TracingEnabled: true}, map[string]string{"TracingEnabled": `true`}},
		{"logs", lambdaweb.RESTAPI{LoggingLevel: awsapigateway.MethodLoggingLevel_ERROR}, map[string]string{
			"MethodSettings": `[{"DataTraceEnabled":false,"HttpMethod":"*","LoggingLevel":"ERROR","ResourcePath":"/*"}]`,
		}},
		{"everything in the logs", lambdaweb.RESTAPI{LoggingLevel: awsapigateway.MethodLoggingLevel_INFO, DataTraceEnabled: true}, map[string]string{
			"MethodSettings.0.DataTraceEnabled": `true`, "MethodSettings.0.LoggingLevel": `"INFO"`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.api})
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want("AWS::ApiGateway::Stage", path, want)
			}
			template.WantTypes(map[string]int{
				kind: 1, "AWS::IAM::Role": 1, "AWS::IAM::Policy": 1, "AWS::Logs::LogGroup": 1, "AWS::ApiGateway::RestApi": 1,
				"AWS::ApiGateway::Resource": 1, "AWS::ApiGateway::Method": 2, "AWS::ApiGateway::Deployment": 1,
				"AWS::ApiGateway::Stage": 1, "AWS::Lambda::Permission": 1,
			})
		})
	}
}

// The role may decrypt the variables, and do nothing else with the key.
func TestEnvironmentEncryption(t *testing.T) {
	stack := newStack(t)
	key := awskms.NewKey(stack, new("Key"), nil)
	lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{EnvironmentEncryption: key})
	template := templatetest.Of(t, stack)
	arn := `{"Fn::GetAtt":["` + template.IDs("AWS::KMS::Key")[0] + `","Arn"]}`
	template.Want(kind, "KmsKeyArn", arn)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.1", `{"Action":"kms:Decrypt","Effect":"Allow","Resource":`+arn+`}`)
	template.Want("AWS::KMS::Key", "KeyPolicy.Statement.1", "") // but for the account's own
}

// A fixed name is for one function.
func TestFunctionNameTwice(t *testing.T) {
	stack := newStack(t)
	hosting := lambdaweb.Hosting{FunctionName: "site"}
	lambdaweb.NewService(stack, "Site", workload(), hosting)
	hostingtest.WantPanic(t, "Stack/Two", `Hosting.FunctionName is the name of Stack/Site already, got "site"; choose another, or leave it out`, func() {
		lambdaweb.NewService(stack, "Two", workload(), hosting)
	})
}

// Only published versions run on managed instances. Lambda takes the ARN of the function for the
// version $LATEST.PUBLISHED, so that endpoints need no version, and permissions none either. Lambda
// moves no function to instances, so a move makes a new one.
func TestManagedInstances(t *testing.T) {
	endpoints := map[string]lambdaweb.Endpoint{
		"HTTP API": lambdaweb.HTTPAPI{}, "REST API": lambdaweb.RESTAPI{}, "function URL": lambdaweb.FunctionURL{},
	}
	for name, endpoint := range endpoints {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			elsewhere := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Default"), nil)
			provider := newProvider(stack, awslambda.Architecture_X86_64())
			service, _ := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{
				Endpoint: endpoint, ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: provider},
			})
			lambdaweb.NewService(elsewhere, "Site", workload(), lambdaweb.Hosting{Endpoint: endpoint})
			template, other := templatetest.Of(t, stack), templatetest.Of(t, elsewhere)
			id := template.IDs(kind)[0]
			if other := other.IDs(kind)[0]; id == other {
				t.Errorf("the function has the id %s with and without instances, so CloudFormation would try to move it", id)
			}
			if versions := template.IDs("AWS::Lambda::Version", "AWS::Lambda::Alias"); len(versions) > 0 {
				t.Errorf("got %q, want only the version that Lambda publishes", versions)
			}
			arn, ref := `{"Fn::GetAtt":["`+id+`","Arn"]}`, `{"Ref":"`+id+`"}`
			for _, permission := range template.IDs("AWS::Lambda::Permission") {
				if of := templatetest.JSON(t, template.Resources[permission].Properties["FunctionName"]); of != arn && of != ref {
					t.Errorf("%s is for %s, want the function itself", permission, of)
				}
			}
			template.Want(kind, "CapacityProviderConfig.LambdaManagedInstancesCapacityProviderConfig.CapacityProviderArn",
				`{"Fn::GetAtt":["`+template.IDs("AWS::Lambda::CapacityProvider")[0]+`","Arn"]}`)
			template.Want(kind, "VpcConfig", "")
			hostingtest.WantPanic(t, "Stack/Site", "Connections are those of the security groups of ManagedInstances.CapacityProvider; open the ports for them",
				func() { service.Connections() })
		})
	}
}

func TestManagedInstancesErrors(t *testing.T) {
	stack := newStack(t)
	inRegion := func(region string) awscdk.Stack {
		return awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Region: &region}})
	}
	provider := importedProvider(stack)
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
		want    []string
	}{
		{"nothing but the least", nil, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{
			CapacityProvider: provider, PerExecutionEnvironmentMaxConcurrency: 1, ExecutionEnvironmentMemoryGiBPerVCPU: 2, MinExecutionEnvironments: 1, MaxExecutionEnvironments: 1}}, nil},
		{"no provider", nil, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{}},
			[]string{"Hosting.ManagedInstances.CapacityProvider is required; make one with awslambda.NewCapacityProvider"}},
		{"too little memory", nil, lambdaweb.Hosting{MemorySize: 2047, ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: provider}},
			[]string{"Hosting.MemorySize must be between 2048 and 32768 MB, got 2047"}},
		{"too much of everything", nil, lambdaweb.Hosting{MemorySize: 32769, ManagedInstances: &lambdaweb.ManagedInstances{
			CapacityProvider: provider, PerExecutionEnvironmentMaxConcurrency: 1601, ExecutionEnvironmentMemoryGiBPerVCPU: 8.1, MinExecutionEnvironments: 15001, MaxExecutionEnvironments: 15002,
		}}, []string{
			"Hosting.MemorySize must be between 2048 and 32768 MB, got 32769",
			"Hosting.ManagedInstances.PerExecutionEnvironmentMaxConcurrency must be between 1 and 1600, got 1601",
			"Hosting.ManagedInstances.MinExecutionEnvironments must be between 1 and 15000, got 15001",
			"Hosting.ManagedInstances.MaxExecutionEnvironments must be between 1 and 15000, got 15002",
			"Hosting.ManagedInstances.ExecutionEnvironmentMemoryGiBPerVCPU must be between 2 and 8 GiB, got 8.1",
		}},
		{"more at least than at most", nil, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{
			CapacityProvider: provider, MinExecutionEnvironments: 3, MaxExecutionEnvironments: 2,
		}}, []string{"Hosting.ManagedInstances.MinExecutionEnvironments must not be greater than MaxExecutionEnvironments, got 3 and 2; lower the one or raise the other"}},
		{"a VPC of the workload", func(w *web.Workload) {
			w.VPC = awsec2.NewVpc(newStack(t), new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), RestrictDefaultSecurityGroup: new(false)})
		}, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: provider}}, []string{
			"Workload.VPC must not be set with Hosting.ManagedInstances: the server is in the network of the capacity provider; " +
				"leave it out, and make the provider in the subnets that the server needs"}},
		{"instances for another architecture", nil, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{
			CapacityProvider: newProvider(newStack(t), awslambda.Architecture_ARM_64()),
		}}, []string{"Hosting.ManagedInstances.CapacityProvider has instances for arm64, but Workload.Image has Architecture x86_64; " +
			"set Architectures of the provider, or build the image for arm64"}},
		{"what costs nothing when idle", func(w *web.Workload) { w.Needs.ScaleToZero = true }, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: provider}},
			[]string{"Workload.Needs.ScaleToZero is set, but Lambda behind an HTTP API with ManagedInstances always has execution environments running; choose lambdaweb.Hosting{}"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			if test.change != nil {
				test.change(&w)
			}
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting}, test.want...)
		})
	}
	const region = "us-gov-west-1"
	hostingtest.WantPanic(t, "Stack/Site", "Hosting.ManagedInstances do not exist in us-gov-west-1; leave them out, or choose another region for the stack", func() {
		stack := inRegion(region)
		lambdaweb.NewService(stack, "Site", web.Workload{Image: built(t)}, lambdaweb.Hosting{ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: importedProvider(stack)}})
	})
}

// Only the account's quota tells whether concurrency can be reserved.
func TestReservedConcurrencyWarning(t *testing.T) {
	build := func(n int, acknowledge bool) []string {
		stack := newStack(t)
		service, _ := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{ReservedConcurrentExecutions: n})
		if acknowledge {
			awscdk.Annotations_Of(service).AcknowledgeWarning(new(lambdaweb.ReservedConcurrencyWarning), new("known"))
		}
		return templatetest.Warnings(t, stack)
	}
	if got := build(0, false); len(got) != 0 {
		t.Errorf("got warnings %q without reserved concurrency, want none", got)
	}
	want := "ReservedConcurrentExecutions is 5, and 100 of the account's concurrent executions must stay unreserved, or the deployment fails: " +
		"new accounts may have a quota of 10. Look at the quota L-B99A9384, \"Concurrent executions\", of AWS Lambda in Service Quotas, and ask for more there"
	if got := build(5, false); len(got) != 1 || !strings.Contains(got[0], want) || !strings.Contains(got[0], "[ack: cdkweb:reserved-concurrency]") {
		t.Errorf("got warnings %q, want %s", got, want)
	}
	if got := build(5, true); len(got) != 0 {
		t.Errorf("got warnings %q after acknowledging, want none", got)
	}
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(stack awscdk.Stack, w *web.Workload)
		own     func(stack awscdk.Stack, h *lambdaweb.Hosting)
		hosting lambdaweb.Hosting
	}{
		"HTTP API":                  {},
		"REST API":                  {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}},
		"REST API that streams":     {hosting: lambdaweb.Hosting{Timeout: 15 * time.Minute, Endpoint: restStreams}},
		"REST API with a stage":     {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "v1"}}},
		"function URL":              {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}},
		"function URL that streams": {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}},
		"function URL with IAM":     {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM}}},
		"repository of the stack": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Image = webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "1.4", nil)
		}},
		"VPC": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.VPC = awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
				MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false),
			})
		}},
		"secrets": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Image = startable()
			w.Command = []string{"serve"}
			w.Secrets = hostingtest.Secrets(stack)
		}},
		"role of the user": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Role = awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil)})
		}},
		"imported role": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Role = awsiam.Role_FromRoleArn(stack, new("Theirs"), new("arn:aws:iam::123456789012:role/team/site"), nil)
		}},
		"every option": {
			change: func(stack awscdk.Stack, w *web.Workload) {
				*w = web.Workload{
					Image:       existing(webimage.ARM64),
					Port:        8000,
					Command:     []string{"serve", "a b"},
					Environment: map[string]string{"STAGE": "test"},
					HealthCheck: web.HealthCheck{Path: "/healthz"},
				}
			},
			hosting: lambdaweb.Hosting{
				Endpoint: lambdaweb.FunctionURL{}, MemorySize: 1769, Timeout: 15 * time.Minute, EphemeralStorageSize: 2048,
				ReservedConcurrentExecutions: 10, Tracing: awslambda.Tracing_ACTIVE, LogRetentionInDays: 7, FunctionName: "site",
				LoggingFormat: awslambda.LoggingFormat_JSON, ApplicationLogLevel: awslambda.ApplicationLogLevel_WARN, SystemLogLevel: awslambda.SystemLogLevel_WARN,
			},
		},
		"keys of the user": {own: func(stack awscdk.Stack, h *lambdaweb.Hosting) {
			key := awskms.NewKey(stack, new("Key"), &awskms.KeyProps{EnableKeyRotation: new(true)})
			h.EnvironmentEncryption, h.LogEncryptionKey = key, key
		}},
		"managed instances": {own: func(stack awscdk.Stack, h *lambdaweb.Hosting) {
			h.ManagedInstances = &lambdaweb.ManagedInstances{
				CapacityProvider: newProvider(stack, awslambda.Architecture_X86_64()), PerExecutionEnvironmentMaxConcurrency: 10,
				ExecutionEnvironmentMemoryGiBPerVCPU: 2, MinExecutionEnvironments: 3, MaxExecutionEnvironments: 10,
			}
		}},
		"REST API with every option": {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{
			StageName: "v1", ThrottlingRateLimit: 100, ThrottlingBurstLimit: 50, MetricsEnabled: true, TracingEnabled: true,
			LoggingLevel: awsapigateway.MethodLoggingLevel_INFO, DataTraceEnabled: true,
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(stack, &w)
			}
			if test.own != nil {
				test.own(stack, &test.hosting)
			}
			lambdaweb.NewService(stack, "Site", w, test.hosting)
			webtest.Snapshot(t, stack)
		})
	}
}

func TestEndpoints(t *testing.T) {
	httpAPI := map[string]int{
		"AWS::ApiGatewayV2::Api": 1, "AWS::ApiGatewayV2::Integration": 1, "AWS::ApiGatewayV2::Route": 1, "AWS::ApiGatewayV2::Stage": 1,
		"AWS::Lambda::Permission": 1,
	}
	for _, test := range []struct {
		name     string
		endpoint lambdaweb.Endpoint
		url      string // API and URL stand for logical ids
		types    map[string]int
	}{
		{"none", nil, `{"Fn::GetAtt":["API","ApiEndpoint"]}`, httpAPI},
		{"HTTP API", lambdaweb.HTTPAPI{}, `{"Fn::GetAtt":["API","ApiEndpoint"]}`, httpAPI},
		{"a pointer to an HTTP API", &lambdaweb.HTTPAPI{}, `{"Fn::GetAtt":["API","ApiEndpoint"]}`, httpAPI},
		{"REST API", lambdaweb.RESTAPI{}, `{"Fn::Join":["",["https://",{"Ref":"API"},".execute-api.",{"Ref":"AWS::Region"},".",{"Ref":"AWS::URLSuffix"},"/prod"]]}`, map[string]int{
			"AWS::ApiGateway::RestApi": 1, "AWS::ApiGateway::Resource": 1, "AWS::ApiGateway::Method": 2, "AWS::ApiGateway::Deployment": 1,
			"AWS::ApiGateway::Stage": 1, "AWS::Lambda::Permission": 1,
		}},
		{"function URL", lambdaweb.FunctionURL{}, `{"Fn::Join":["",["https://",{"Fn::Select":[2,{"Fn::Split":["/",{"Fn::GetAtt":["URL","FunctionUrl"]}]}]}]]}`, map[string]int{
			"AWS::Lambda::Url": 1, "AWS::Lambda::Permission": 2,
		}},
		{"function URL with IAM", lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM},
			`{"Fn::Join":["",["https://",{"Fn::Select":[2,{"Fn::Split":["/",{"Fn::GetAtt":["URL","FunctionUrl"]}]}]}]]}`, map[string]int{"AWS::Lambda::Url": 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service, _ := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.endpoint})
			awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
			template := templatetest.Of(t, stack)
			want := map[string]int{kind: 1, "AWS::IAM::Role": 1, "AWS::IAM::Policy": 1, "AWS::Logs::LogGroup": 1}
			for name, n := range test.types {
				want[name] = n
			}
			template.WantTypes(want)

			url := test.url
			for word, types := range map[string][]string{
				`"API"`: {"AWS::ApiGatewayV2::Api", "AWS::ApiGateway::RestApi"}, `"URL"`: {"AWS::Lambda::Url"},
			} {
				if ids := template.IDs(types...); len(ids) == 1 {
					url = strings.ReplaceAll(url, word, `"`+ids[0]+`"`)
				}
			}
			if got := templatetest.JSON(t, templatetest.At(template.Outputs, "URL.Value")); got != url {
				t.Errorf("got URL %s, want %s", got, url)
			}
		})
	}
}

// A public function URL needs two permissions since October 2025.
func TestPublicFunctionURL(t *testing.T) {
	stack := newStack(t)
	lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}})
	var got []string
	template := templatetest.Of(t, stack)
	for _, id := range template.IDs("AWS::Lambda::Permission") {
		permission := template.Resources[id].Properties
		delete(permission, "FunctionName")
		got = append(got, templatetest.JSON(t, permission))
	}
	want := `{"Action":"lambda:InvokeFunction","InvokedViaFunctionUrl":true,"Principal":"*"}` + "\n" +
		`{"Action":"lambda:InvokeFunctionUrl","FunctionUrlAuthType":"NONE","Principal":"*"}`
	if strings.Join(got, "\n") != want {
		t.Errorf("got permissions\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// Lambda and the adapter have to agree about streaming, and a pointer to an endpoint is as good as
// the endpoint.
func TestStreaming(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint      lambdaweb.Endpoint
		mode, setting string
		streams       bool
	}{
		"buffered":             {lambdaweb.FunctionURL{}, "", "", false},
		"buffered, by pointer": {&lambdaweb.FunctionURL{}, "", "", false},
		"said to be buffered":  {lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_BUFFERED}, `"BUFFERED"`, "", false},
		"streams":              {lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}, `"RESPONSE_STREAM"`, `"response_stream"`, true},
		"streams, by pointer":  {&lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}, `"RESPONSE_STREAM"`, `"response_stream"`, true},
	} {
		t.Run(name, func(t *testing.T) {
			hosting := lambdaweb.Hosting{Endpoint: test.endpoint}
			stack := newStack(t)
			lambdaweb.NewService(stack, "Site", workload(), hosting)
			template := templatetest.Of(t, stack)
			template.Want("AWS::Lambda::Url", "InvokeMode", test.mode)
			template.Want(kind, "Environment.Variables.AWS_LWA_INVOKE_MODE", test.setting)

			var want []string
			if !test.streams {
				want = []string{"Workload.Needs.Streaming is set, but Lambda with a function URL buffers responses unless InvokeMode says otherwise; " +
					"choose ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}"}
			}
			w := workload()
			w.Needs.Streaming = true
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: hosting}, want...)
		})
	}
}

// restStreams is a REST API that streams.
var restStreams = lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM}

// API Gateway, Lambda and the adapter have to agree about streaming: the API invokes the function in
// another way, and waits as long as that may take, with its start.
func TestRESTAPIStreaming(t *testing.T) {
	deployments := map[string]string{}
	for name, test := range map[string]struct {
		endpoint               lambdaweb.Endpoint
		timeout                time.Duration
		mode, setting, waits   string
		action, needsStreaming string
	}{
		"buffered": {lambdaweb.RESTAPI{}, 0, "", "", "", `/invocations"`,
			"Workload.Needs.Streaming is set, but Lambda behind a REST API buffers responses unless ResponseTransferMode says otherwise; choose " +
				"ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}"},
		"said to be buffered": {lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_BUFFERED}, 0,
			`"BUFFERED"`, "", "", `/invocations"`, "Workload.Needs.Streaming is set, but Lambda behind a REST API buffers responses unless ResponseTransferMode says otherwise; choose " +
				"ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}"},
		"streams":              {restStreams, 0, `"STREAM"`, `"response_stream"`, `39000`, `/response-streaming-invocations"`, ""},
		"streams, by pointer":  {&restStreams, 0, `"STREAM"`, `"response_stream"`, `39000`, `/response-streaming-invocations"`, ""},
		"streams briefly":      {restStreams, time.Second, `"STREAM"`, `"response_stream"`, `11000`, `/response-streaming-invocations"`, ""},
		"streams for long":     {restStreams, 890 * time.Second, `"STREAM"`, `"response_stream"`, `900000`, `/response-streaming-invocations"`, ""},
		"streams for longer":   {restStreams, 891 * time.Second, `"STREAM"`, `"response_stream"`, `900000`, `/response-streaming-invocations"`, ""},
		"streams for the most": {restStreams, 900 * time.Second, `"STREAM"`, `"response_stream"`, `900000`, `/response-streaming-invocations"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			hosting := lambdaweb.Hosting{Endpoint: test.endpoint, Timeout: test.timeout}
			stack := newStack(t)
			lambdaweb.NewService(stack, "Site", workload(), hosting)
			if warnings := templatetest.Warnings(t, stack); len(warnings) > 0 {
				t.Errorf("got the warnings %q", warnings)
			}
			template := templatetest.Of(t, stack)
			template.Want(kind, "Environment.Variables.AWS_LWA_INVOKE_MODE", test.setting)
			template.Want("AWS::ApiGateway::RestApi", "BinaryMediaTypes", `["*/*"]`) // for requests
			for _, id := range template.IDs("AWS::ApiGateway::Method") {
				integration := templatetest.At(template.Resources[id].Properties, "Integration")
				for path, want := range map[string]string{"ResponseTransferMode": test.mode, "TimeoutInMillis": test.waits} {
					got := ""
					if value := templatetest.At(integration, path); value != nil {
						got = templatetest.JSON(t, value)
					}
					if got != want {
						t.Errorf("%s: got %s %s, want %s", id, path, got, want)
					}
				}
				if uri := templatetest.JSON(t, templatetest.At(integration, "Uri")); !strings.HasSuffix(uri, test.action+"]]}") {
					t.Errorf("%s: got the URI %s, want one that ends with %s", id, uri, test.action)
				}
			}
			deployments[name] = template.IDs("AWS::ApiGateway::Deployment")[0]

			var want []string
			if test.needsStreaming != "" {
				want = []string{test.needsStreaming}
			}
			w := workload()
			w.Needs.Streaming = true
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: hosting}, want...)
		})
	}
	if deployments["buffered"] == deployments["streams"] || deployments["streams"] == deployments["streams briefly"] {
		t.Errorf("got the deployments %v, want another one for another mode and another timeout, or the stage keeps the old", deployments)
	}
}

// A function that streams cannot have a URL if it is in a VPC. A REST API does not care.
func TestRESTAPIStreamsFromAVPC(t *testing.T) {
	stack, w := newStack(t), workload()
	w.VPC = awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), RestrictDefaultSecurityGroup: new(false)})
	w.Needs.Streaming = true
	lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{Endpoint: restStreams})
	template := templatetest.Of(t, stack)
	for _, id := range template.IDs("AWS::ApiGateway::Method") {
		if mode := templatetest.At(template.Resources[id].Properties, "Integration.ResponseTransferMode"); mode != "STREAM" {
			t.Errorf("%s: got the mode %v, want STREAM", id, mode)
		}
	}
}

// A REST API takes every body for bytes, else it would mangle what is not UTF-8.
func TestRESTAPIIsBinary(t *testing.T) {
	stack := newStack(t)
	lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "live"}})
	template := templatetest.Of(t, stack)
	template.Want("AWS::ApiGateway::RestApi", "BinaryMediaTypes", `["*/*"]`)
	template.Want("AWS::ApiGateway::RestApi", "EndpointConfiguration.Types", `["REGIONAL"]`)
	template.Want("AWS::ApiGateway::Resource", "PathPart", `"{proxy+}"`)
	template.Want("AWS::ApiGateway::Stage", "StageName", `"live"`)
}

// API Gateway takes names of up to 128 characters; the end of a path tells more than its start.
func TestAPIName(t *testing.T) {
	for name, test := range map[string]struct{ id, want string }{
		"short":            {"Site", "Stack/Site/Lambda"},
		"long":             {strings.Repeat("a", 150), strings.Repeat("a", 121) + "/Lambda"},
		"long, not ASCII":  {strings.Repeat("é", 150), strings.Repeat("é", 121) + "/Lambda"},
		"128 characters":   {strings.Repeat("é", 115), "Stack/" + strings.Repeat("é", 115) + "/Lambda"},
		"129 characters":   {strings.Repeat("é", 116), "tack/" + strings.Repeat("é", 116) + "/Lambda"},
		"in more than two": {strings.Repeat("日", 150), strings.Repeat("日", 121) + "/Lambda"},
	} {
		for kind, endpoint := range map[string]lambdaweb.Endpoint{"AWS::ApiGatewayV2::Api": lambdaweb.HTTPAPI{}, "AWS::ApiGateway::RestApi": lambdaweb.RESTAPI{}} {
			t.Run(name+" "+kind, func(t *testing.T) {
				stack := newStack(t)
				lambdaweb.NewService(stack, test.id, workload(), lambdaweb.Hosting{Endpoint: endpoint})
				templatetest.Of(t, stack).Want(kind, "Name", `"`+test.want+`"`)
			})
		}
	}
}

func TestLogGroup(t *testing.T) {
	t.Run("a new one is bounded and goes with the service", func(t *testing.T) {
		stack := newStack(t)
		lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{})
		template := templatetest.Of(t, stack)
		template.Want("AWS::Logs::LogGroup", "RetentionInDays", `30`)
		template.Want("AWS::Logs::LogGroup", "LogGroupName", "")
		id := template.IDs("AWS::Logs::LogGroup")[0]
		template.Want(kind, "LoggingConfig.LogGroup", `{"Ref":"`+id+`"}`)
		template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.0", `{"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Effect":"Allow","Resource":{"Fn::GetAtt":["`+id+`","Arn"]}}`)
	})
	t.Run("another retention", func(t *testing.T) {
		stack := newStack(t)
		lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{LogRetentionInDays: 3653})
		templatetest.Of(t, stack).Want("AWS::Logs::LogGroup", "RetentionInDays", `3653`)
	})
	t.Run("the user's own", func(t *testing.T) {
		stack := newStack(t)
		group := awslogs.NewLogGroup(stack, new("Logs"), nil)
		_, resources := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{LogGroup: group})
		if resources.LogGroup != awslogs.ILogGroup(group) {
			t.Errorf("got log group %v, want the user's", resources.LogGroup)
		}
		template := templatetest.Of(t, stack)
		template.Want(kind, "LoggingConfig.LogGroup", `{"Ref":"`+template.IDs("AWS::Logs::LogGroup")[0]+`"}`)
	})
}

func TestResources(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint lambdaweb.Endpoint
		of       func(r *lambdaweb.Resources) constructs.IConstruct
	}{
		"HTTP API":     {lambdaweb.HTTPAPI{}, func(r *lambdaweb.Resources) constructs.IConstruct { return r.HTTPAPI }},
		"REST API":     {lambdaweb.RESTAPI{}, func(r *lambdaweb.Resources) constructs.IConstruct { return r.RESTAPI }},
		"function URL": {lambdaweb.FunctionURL{}, func(r *lambdaweb.Resources) constructs.IConstruct { return r.FunctionURL }},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			service, resources := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.endpoint})
			if of, ok := lambdaweb.ResourcesOf(service); !ok || of != resources {
				t.Errorf("got resources %v, %v, want those of NewService", of, ok)
			}
			var endpoints []constructs.IConstruct
			if resources.HTTPAPI != nil {
				endpoints = append(endpoints, resources.HTTPAPI)
			}
			if resources.RESTAPI != nil {
				endpoints = append(endpoints, resources.RESTAPI)
			}
			if resources.FunctionURL != nil {
				endpoints = append(endpoints, resources.FunctionURL)
			}
			if want := test.of(resources); len(endpoints) != 1 || endpoints[0] != want || resources.Endpoint() != want {
				t.Errorf("got the endpoints %v, and Endpoint is %v, want only the %s", endpoints, resources.Endpoint(), name)
			}
			function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
			function.AddPropertyOverride(new("Description"), "overridden")
			if got := service.Node().DefaultChild(); got != function {
				t.Errorf("the default child is %v, want the L1", got)
			}
			if resources.LogGroup == nil {
				t.Error("the log group is missing")
			}
			templatetest.Of(t, stack).Want(kind, "Description", `"overridden"`)
		})
	}
	elsewhere := web.NewService(newStack(t), "Site", &web.ServiceProps{Workload: workload(), Hosting: memweb.Hosting{}})
	if resources, ok := lambdaweb.ResourcesOf(elsewhere); ok || resources != nil {
		t.Errorf("got resources %v of a service that runs elsewhere", resources)
	}
}

func TestTimeoutWarning(t *testing.T) {
	for _, test := range []struct {
		name    string
		hosting lambdaweb.Hosting
		id      string // of the warning; none if empty
		want    string // in the warning
	}{
		{"the default", lambdaweb.Hosting{}, "", ""},
		{"an HTTP API's limit", lambdaweb.Hosting{Timeout: 30 * time.Second}, "", ""},
		{"more than an HTTP API waits", lambdaweb.Hosting{Timeout: 31 * time.Second}, lambdaweb.HTTPAPITimeoutWarning,
			"Timeout is 31s, but an HTTP API waits 30s for a response: clients get an error while the function runs on and is paid for. " +
				"Shorten it, or use Endpoint: lambdaweb.FunctionURL{}, which waits as long as the function"},
		{"a REST API's limit", lambdaweb.Hosting{Timeout: 29 * time.Second, Endpoint: lambdaweb.RESTAPI{}}, "", ""},
		{"more than a REST API waits", lambdaweb.Hosting{Timeout: 30 * time.Second, Endpoint: &lambdaweb.RESTAPI{}}, lambdaweb.RESTAPITimeoutWarning,
			"Timeout is 30s, but a REST API waits 29s for a response: clients get an error while the function runs on and is paid for. Shorten it, or " +
				"set ResponseTransferMode of the RESTAPI to awsapigateway.ResponseTransferMode_STREAM, with which it waits up to 15 min"},
		{"a REST API that streams waits", lambdaweb.Hosting{Timeout: 900 * time.Second, Endpoint: restStreams}, "", ""},
		{"a function URL waits", lambdaweb.Hosting{Timeout: 900 * time.Second, Endpoint: lambdaweb.FunctionURL{}}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			build := func(acknowledge bool) []string {
				stack := newStack(t)
				service, _ := lambdaweb.NewService(stack, "Site", workload(), test.hosting)
				if acknowledge {
					awscdk.Annotations_Of(service).AcknowledgeWarning(&test.id, new("known"))
				}
				return templatetest.Warnings(t, stack)
			}
			got := build(false)
			if test.id == "" {
				if len(got) != 0 {
					t.Errorf("got warnings %q, want none", got)
				}
				return
			}
			if len(got) != 1 || !strings.Contains(got[0], test.want) || !strings.Contains(got[0], "[ack: "+test.id+"]") {
				t.Errorf("got warnings %q, want %s: %s", got, test.id, test.want)
			}
			if got := build(true); len(got) != 0 {
				t.Errorf("got warnings %q after acknowledging %s, want none", got, test.id)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	token := *awscdk.Aws_REGION()
	var noRESTAPI *lambdaweb.RESTAPI
	var noFunctionURL *lambdaweb.FunctionURL
	rest := func(stage string) lambdaweb.Hosting {
		return lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: stage}}
	}
	needs := func(timeout time.Duration) func(w *web.Workload) {
		return func(w *web.Workload) { w.Needs.RequestTimeout = timeout }
	}
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
		want    []string // whole, and all
	}{
		{"memory too small", nil, lambdaweb.Hosting{MemorySize: 127}, []string{"Hosting.MemorySize must be between 128 and 10240 MB, got 127"}},
		{"memory too large", nil, lambdaweb.Hosting{MemorySize: 10241}, []string{"Hosting.MemorySize must be between 128 and 10240 MB, got 10241"}},
		{"timeout too short", nil, lambdaweb.Hosting{Timeout: time.Millisecond}, []string{"Hosting.Timeout must be whole seconds from 1s to 900s, got 1ms"}},
		{"timeout negative", nil, lambdaweb.Hosting{Timeout: -1}, []string{"Hosting.Timeout must be whole seconds from 1s to 900s, got -1ns"}},
		{"timeout too long", nil, lambdaweb.Hosting{Timeout: 901 * time.Second}, []string{"Hosting.Timeout must be whole seconds from 1s to 900s, got 15m1s"}},
		{"timeout shorter than what is needed", needs(29 * time.Second), lambdaweb.Hosting{Timeout: 28 * time.Second},
			[]string{"Hosting.Timeout must not be shorter than Workload.Needs.RequestTimeout, got 28s and 29s; lengthen it"}},
		{"the default timeout is shorter than what is needed", needs(30 * time.Second), lambdaweb.Hosting{},
			[]string{"Hosting.Timeout must not be shorter than Workload.Needs.RequestTimeout, got 29s and 30s; lengthen it"}},
		{"timeout as long as what is needed", needs(30 * time.Second), lambdaweb.Hosting{Timeout: 30 * time.Second}, nil},
		{"storage too small", nil, lambdaweb.Hosting{EphemeralStorageSize: 511}, []string{"Hosting.EphemeralStorageSize must be between 512 and 10240 MB, got 511"}},
		{"storage too large", nil, lambdaweb.Hosting{EphemeralStorageSize: 10241}, []string{"Hosting.EphemeralStorageSize must be between 512 and 10240 MB, got 10241"}},
		{"negative concurrency", nil, lambdaweb.Hosting{ReservedConcurrentExecutions: -1}, []string{"Hosting.ReservedConcurrentExecutions must be at least 0, got -1"}},
		{"an unknown tracing mode", nil, lambdaweb.Hosting{Tracing: "On"},
			[]string{`Hosting.Tracing must be awslambda.Tracing_ACTIVE, awslambda.Tracing_PASS_THROUGH or awslambda.Tracing_DISABLED, got "On"`}},
		{"an odd retention", nil, lambdaweb.Hosting{LogRetentionInDays: 2}, []string{"Hosting.LogRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, " +
			`400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got 2`}},
		{"a log group and a retention", nil, lambdaweb.Hosting{LogGroup: logGroup(t), LogRetentionInDays: 7},
			[]string{"Hosting.LogGroup excludes LogRetentionInDays; set the retention where the log group is made"}},

		{"a name with a dot", nil, lambdaweb.Hosting{FunctionName: "my.site"},
			[]string{`Hosting.FunctionName must have 1 to 64 letters, digits, hyphens and underscores, got "my.site"`}},
		{"a name too long", nil, lambdaweb.Hosting{FunctionName: strings.Repeat("a", 65)},
			[]string{`Hosting.FunctionName must have 1 to 64 letters, digits, hyphens and underscores, got "` + strings.Repeat("a", 65) + `" (65)`}},
		{"the longest name", nil, lambdaweb.Hosting{FunctionName: strings.Repeat("a", 64)}, nil},
		{"an unknown format of logs", nil, lambdaweb.Hosting{LoggingFormat: "XML"},
			[]string{`Hosting.LoggingFormat must be awslambda.LoggingFormat_TEXT or awslambda.LoggingFormat_JSON, got "XML"`}},
		{"levels of logs that are text", nil, lambdaweb.Hosting{LoggingFormat: awslambda.LoggingFormat_TEXT, ApplicationLogLevel: awslambda.ApplicationLogLevel_INFO, SystemLogLevel: awslambda.SystemLogLevel_INFO},
			[]string{
				"Hosting.ApplicationLogLevel needs logs in JSON; set LoggingFormat to awslambda.LoggingFormat_JSON",
				"Hosting.SystemLogLevel needs logs in JSON; set LoggingFormat to awslambda.LoggingFormat_JSON",
			}},
		{"unknown levels", nil, lambdaweb.Hosting{LoggingFormat: awslambda.LoggingFormat_JSON, ApplicationLogLevel: "ALL", SystemLogLevel: "ERROR"}, []string{
			`Hosting.ApplicationLogLevel must be awslambda.ApplicationLogLevel_TRACE, awslambda.ApplicationLogLevel_DEBUG, awslambda.ApplicationLogLevel_INFO, ` +
				`awslambda.ApplicationLogLevel_WARN, awslambda.ApplicationLogLevel_ERROR or awslambda.ApplicationLogLevel_FATAL, got "ALL"`,
			`Hosting.SystemLogLevel must be awslambda.SystemLogLevel_DEBUG, awslambda.SystemLogLevel_INFO or awslambda.SystemLogLevel_WARN, got "ERROR"`,
		}},
		{"aliases of keys", nil, lambdaweb.Hosting{EnvironmentEncryption: alias(t), LogEncryptionKey: alias(t)}, []string{
			"Hosting.EnvironmentEncryption must be a key, and not its alias Stack/Alias; " +
				"pass the key that the alias was made for, or the one that it stands for today: awskms.Key_FromKeyArn(…)",
			"Hosting.LogEncryptionKey must be a key, and not its alias Stack/Alias; " +
				"pass the key that the alias was made for, or the one that it stands for today: awskms.Key_FromKeyArn(…)",
		}},
		{"a log group and a key", nil, lambdaweb.Hosting{LogGroup: logGroup(t), LogEncryptionKey: logKey(t)},
			[]string{"Hosting.LogGroup excludes LogEncryptionKey; set the key where the log group is made"}},
		{"a log group, a retention and a key", nil, lambdaweb.Hosting{LogGroup: logGroup(t), LogRetentionInDays: 7, LogEncryptionKey: logKey(t)},
			[]string{"Hosting.LogGroup excludes LogRetentionInDays and LogEncryptionKey; set them where the log group is made"}},
		{"limits below zero", nil, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ThrottlingRateLimit: -1, ThrottlingBurstLimit: -1}}, []string{
			"Hosting.Endpoint.ThrottlingRateLimit must be at least 0, got -1",
			"Hosting.Endpoint.ThrottlingBurstLimit must be at least 0, got -1",
		}},
		{"an unknown level of API Gateway's logs", nil, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{LoggingLevel: "DEBUG"}},
			[]string{`Hosting.Endpoint.LoggingLevel must be awsapigateway.MethodLoggingLevel_OFF, awsapigateway.MethodLoggingLevel_ERROR or awsapigateway.MethodLoggingLevel_INFO, got "DEBUG"`}},
		{"bodies in no logs", nil, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{DataTraceEnabled: true}},
			[]string{"Hosting.Endpoint.DataTraceEnabled needs logs of requests; set LoggingLevel to awsapigateway.MethodLoggingLevel_INFO"}},

		{"a stage with a slash", nil, rest("a/b"), []string{`Hosting.Endpoint.StageName must have 1 to 128 letters, digits, hyphens and underscores, got "a/b"`}},
		{"a stage too long", nil, rest(strings.Repeat("a", 129)),
			[]string{`Hosting.Endpoint.StageName must have 1 to 128 letters, digits, hyphens and underscores, got "` + strings.Repeat("a", 129) + `" (129)`}},
		{"the longest stage", nil, rest(strings.Repeat("a", 128)), nil},
		{"a token as stage", nil, rest(token),
			[]string{`Hosting.Endpoint.StageName must be a literal, because it becomes part of a construct's id, got "` + token + `"`}},
		{"a token in a stage", nil, lambdaweb.Hosting{Endpoint: &lambdaweb.RESTAPI{StageName: "v-" + token}},
			[]string{`Hosting.Endpoint.StageName must be a literal, because it becomes part of a construct's id, got "v-` + token + `"`}},
		{"an unknown transfer mode", nil, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{ResponseTransferMode: "RESPONSE_STREAM"}},
			[]string{`Hosting.Endpoint.ResponseTransferMode must be awsapigateway.ResponseTransferMode_BUFFERED or awsapigateway.ResponseTransferMode_STREAM, got "RESPONSE_STREAM"`}},
		{"an adapter that buffers behind a REST API that streams", func(w *web.Workload) {
			w.Environment = map[string]string{"AWS_LWA_INVOKE_MODE": "buffered"}
		}, lambdaweb.Hosting{Endpoint: restStreams}, []string{`Workload.Environment["AWS_LWA_INVOKE_MODE"] must agree with the endpoint, which says response_stream; ` +
			`leave it out, and set InvokeMode of a FunctionURL or ResponseTransferMode of a RESTAPI`}},
		{"an adapter that streams behind a REST API that buffers", func(w *web.Workload) {
			w.Environment = map[string]string{"AWS_LWA_INVOKE_MODE": "response_stream"}
		}, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, []string{`Workload.Environment["AWS_LWA_INVOKE_MODE"] must agree with the endpoint, which says buffered; ` +
			`leave it out, and set InvokeMode of a FunctionURL or ResponseTransferMode of a RESTAPI`}},
		{"an adapter that streams behind a REST API that streams", func(w *web.Workload) {
			w.Environment = map[string]string{"AWS_LWA_INVOKE_MODE": "response_stream"}
		}, lambdaweb.Hosting{Endpoint: restStreams}, nil},
		{"minutes without a byte", needs(6 * time.Minute), lambdaweb.Hosting{Endpoint: restStreams, Timeout: 6 * time.Minute}, []string{
			"Workload.Needs.RequestTimeout is 6 min, but Lambda behind a REST API that streams times out requests after 5 min without a byte; " +
				"choose fargateweb.Hosting{LoadBalancer: …} with a longer IdleTimeout or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"}},
		{"minutes of bytes", func(w *web.Workload) {
			w.Needs = web.Needs{RequestTimeout: 15 * time.Minute, Streaming: true, ResponseSize: 200 << 20}
		},
			lambdaweb.Hosting{Endpoint: restStreams, Timeout: 15 * time.Minute}, nil},

		{"an unknown auth type", nil, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{AuthType: "BASIC"}},
			[]string{`Hosting.Endpoint.AuthType must be awslambda.FunctionUrlAuthType_NONE or awslambda.FunctionUrlAuthType_AWS_IAM, got "BASIC"`}},
		{"an unknown invoke mode", nil, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: "STREAM"}},
			[]string{`Hosting.Endpoint.InvokeMode must be awslambda.InvokeMode_BUFFERED or awslambda.InvokeMode_RESPONSE_STREAM, got "STREAM"`}},
		{"a nil REST API", nil, lambdaweb.Hosting{Endpoint: noRESTAPI}, []string{"Hosting.Endpoint must not be a nil *lambdaweb.RESTAPI; leave it out for an HTTP API"}},
		{"a nil function URL", nil, lambdaweb.Hosting{Endpoint: noFunctionURL}, []string{"Hosting.Endpoint must not be a nil *lambdaweb.FunctionURL; leave it out for an HTTP API"}},

		{"a name with a hyphen", func(w *web.Workload) { w.Environment = map[string]string{"A-B": ""} }, lambdaweb.Hosting{},
			[]string{`Workload.Environment["A-B"] must, on Lambda, have a name of at least two letters, digits and underscores, starting with a letter`}},
		{"a name of one letter", func(w *web.Workload) { w.Environment = map[string]string{"A": ""} }, lambdaweb.Hosting{},
			[]string{`Workload.Environment["A"] must, on Lambda, have a name of at least two letters, digits and underscores, starting with a letter`}},
		{"several at once", func(w *web.Workload) { w.Port = 80; w.Environment = map[string]string{"_HANDLER": ""} },
			lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "/"}, MemorySize: 1, Timeout: -1}, []string{
				"Workload.Port must be at least 1024 on Lambda, where a server may not listen on lower ones, got 80; let the server listen on the variable PORT",
				`Hosting.Endpoint.StageName must have 1 to 128 letters, digits, hyphens and underscores, got "/"`,
				"Hosting.MemorySize must be between 128 and 10240 MB, got 1",
				"Hosting.Timeout must be whole seconds from 1s to 900s, got -1ns",
				`Workload.Environment["_HANDLER"] is set by Lambda itself; choose another name`,
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			if test.change != nil {
				test.change(&w)
			}
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: test.hosting}, test.want...)
		})
	}
}

// logKey is one of a stack that is never synthesized.
func alias(t *testing.T) awskms.IKey {
	return awskms.Alias_FromAliasName(newStack(t), new("Alias"), new("alias/site"))
}

func logKey(t *testing.T) awskms.IKey { return awskms.NewKey(newStack(t), new("Key"), nil) }

// logGroup is one of a stack that is never synthesized.
func logGroup(t *testing.T) awslogs.ILogGroup {
	return awslogs.NewLogGroup(newStack(t), new("Logs"), nil)
}

// What the adapter would refuse at every start is refused here, in its own words. The values are
// not shown.
func TestAdapterSettings(t *testing.T) {
	token := *awscdk.Aws_REGION()
	for _, test := range []struct {
		name        string
		environment map[string]string
		want        []string // whole, and all
	}{
		{"a switch that is a number", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": "1"},
			[]string{`Workload.Environment["AWS_LWA_ENABLE_COMPRESSION"] is a setting of the adapter and must be true or false`}},
		{"two at once", map[string]string{"AWS_LWA_PORT": "http", "AWS_LWA_INVOKE_MODE": "stream"}, []string{
			`Workload.Environment["AWS_LWA_INVOKE_MODE"] must agree with the endpoint, which says buffered; leave it out, and set InvokeMode of a FunctionURL or ResponseTransferMode of a RESTAPI`,
			`Workload.Environment["AWS_LWA_PORT"] is a setting of the adapter and must be a port from 1 to 65535`,
		}},
		{"a port that the server does not listen on", map[string]string{"AWS_LWA_PORT": "9000"},
			[]string{`Workload.Environment["AWS_LWA_PORT"] must be Workload.Port, 8080; leave it out`}},
		{"the server's port", map[string]string{"AWS_LWA_PORT": "8080"}, nil},
		{"a mode that the endpoint has not", map[string]string{"AWS_LWA_INVOKE_MODE": "response_stream"},
			[]string{`Workload.Environment["AWS_LWA_INVOKE_MODE"] must agree with the endpoint, which says buffered; leave it out, and set InvokeMode of a FunctionURL or ResponseTransferMode of a RESTAPI`}},
		{"an address of the server that is none", map[string]string{"AWS_LWA_HOST": "https://shop.example.com"},
			[]string{`Workload.Environment["AWS_LWA_HOST"] is a setting of the adapter and must be a host name or an IP address`}},
		{"a setting without the usual prefix", map[string]string{"CDKWEB_PASS_THROUGH_FROM_CLIENTS": "1"},
			[]string{`Workload.Environment["CDKWEB_PASS_THROUGH_FROM_CLIENTS"] is a setting of the adapter and must be true or false`}},
		{"good values", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": "true", "AWS_LWA_ERROR_STATUS_CODES": "500,502-504"}, nil},
		{"an empty value counts as none", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": ""}, nil},
		{"a token is known only at deployment", map[string]string{"AWS_LWA_ENABLE_COMPRESSION": token}, nil},
		{"a setting that only another adapter knows", map[string]string{"AWS_LWA_SOMETHING": "1"}, nil},

		{"a path for events that clients ask for", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/"}, []string{
			`Workload.Environment["AWS_LWA_PASS_THROUGH_PATH"] is a setting of the adapter and must be another path than /, which clients ask for, unless CDKWEB_PASS_THROUGH_FROM_CLIENTS is true`}},
		{"a path for events that clients may ask for", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/", "CDKWEB_PASS_THROUGH_FROM_CLIENTS": "true"}, nil},
		{"one path for two purposes", map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/x", "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH": "/x", "STAGE": "live"},
			[]string{`Workload.Environment["AWS_LWA_PASS_THROUGH_PATH"] is a setting of the adapter and must be another path than a SnapStart hook's`}},
		{"the path of another setting's default", map[string]string{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH": "/events", "STAGE": "live"}, []string{
			`Workload.Environment["AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH"] is a setting of the adapter that does not go with AWS_LWA_PASS_THROUGH_PATH, which must be another path than a SnapStart hook's`}},

		{"an old name", map[string]string{"ASYNC_INIT": "1"},
			[]string{`Workload.Environment["ASYNC_INIT"] is an old name of the adapter's setting AWS_LWA_ASYNC_INIT, so it would change the adapter; set AWS_LWA_ASYNC_INIT too, or rename the variable`}},
		{"more old names", map[string]string{"READINESS_CHECK_PATH": "/x", "READINESS_CHECK_PORT": "x", "REMOVE_BASE_PATH": "/x"},
			[]string{oldName("READINESS_CHECK_PATH"), oldName("READINESS_CHECK_PORT"), oldName("REMOVE_BASE_PATH")}},
		{"an old name of a setting that is written here", map[string]string{"READINESS_CHECK_PROTOCOL": "http"}, nil},
		{"an old name beside the new one", map[string]string{"ASYNC_INIT": "1", "AWS_LWA_ASYNC_INIT": "true"}, nil},
		{"an old name beside the new one, which is empty", map[string]string{"ASYNC_INIT": "1", "AWS_LWA_ASYNC_INIT": ""}, []string{oldName("ASYNC_INIT")}},
		{"an old name beside the new one, which is a token", map[string]string{"ASYNC_INIT": "1", "AWS_LWA_ASYNC_INIT": token}, nil},
		{"an old name without a value", map[string]string{"ASYNC_INIT": ""}, nil},
		{"HOST is the server's own, whatever it is", map[string]string{"HOST": "https://shop.example.com"}, nil},
		{"HOST beside an empty setting", map[string]string{"HOST": "shop.example.com", "AWS_LWA_HOST": ""}, []string{oldName("HOST")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.Environment = test.environment
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}}, test.want...)
		})
	}
	t.Run("an old name of a setting that is not written for an image that is built here", func(t *testing.T) {
		w := web.Workload{Image: built(t), Environment: map[string]string{"READINESS_CHECK_PROTOCOL": "http"}}
		hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}}, oldName("READINESS_CHECK_PROTOCOL"))
	})
	t.Run("the old name of a path that is the health check's", func(t *testing.T) {
		w := workload()
		w.HealthCheck.Path = "/healthz"
		w.Environment = map[string]string{"READINESS_CHECK_PATH": "/theirs"}
		hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}})
	})
}

// oldName is the sentence about a variable that is an old name of a setting.
func oldName(name string) string {
	return fmt.Sprintf("Workload.Environment[%q] is an old name of the adapter's setting AWS_LWA_%[2]s, so it would change the adapter; set AWS_LWA_%[2]s too, or rename the variable", name, name)
}

// The same rules hold for variables that are added, together with those that are there.
func TestAddedAdapterSettings(t *testing.T) {
	w := workload()
	w.Environment = map[string]string{"AWS_LWA_PASS_THROUGH_PATH": "/x"}
	service, _ := lambdaweb.NewService(newStack(t), "Site", w, lambdaweb.Hosting{})
	const path = "Stack/Site"
	hostingtest.WantPanic(t, path, `AddEnvironment("AWS_LWA_ENABLE_COMPRESSION") is a setting of the adapter and must be true or false`,
		func() { service.AddEnvironment("AWS_LWA_ENABLE_COMPRESSION", "1") })
	hostingtest.WantPanic(t, path, `AddEnvironment("AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH") is a setting of the adapter that does not go with AWS_LWA_PASS_THROUGH_PATH`,
		func() { service.AddEnvironment("AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/x") })
	hostingtest.WantPanic(t, path, `AddEnvironment("ASYNC_INIT") is an old name of the adapter's setting AWS_LWA_ASYNC_INIT`, func() { service.AddEnvironment("ASYNC_INIT", "1") })
	service.AddEnvironment("AWS_LWA_ASYNC_INIT", "true")
	service.AddEnvironment("ASYNC_INIT", "1")
	service.AddEnvironment("HOST", "shop.example.com")
}

// What this package writes is what the adapter takes.
func TestAdapterTakesTheVariables(t *testing.T) {
	for name, test := range map[string]struct {
		image    webimage.Image
		path     string
		endpoint lambdaweb.Endpoint
	}{
		"an image that is built here":              {built(t), "", nil},
		"a health check":                           {built(t), "/healthz", nil},
		"an image with AWS Lambda Web Adapter":     {existing(""), "", lambdaweb.RESTAPI{}},
		"a REST API that streams":                  {existing(""), "", restStreams},
		"no endpoint":                              {built(t), "/healthz", lambdaweb.NoEndpoint{}},
		"a health check with a query, and streams": {existing(""), "/a/[b]:@!$&'()*+,;=-._~%20?c=d&e", lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			w := web.Workload{Image: test.image, HealthCheck: web.HealthCheck{Path: test.path}}
			lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{Endpoint: test.endpoint})
			variables := templatetest.Of(t, stack).Get(kind, "Environment.Variables").(map[string]any)
			for _, problem := range settings.Check(func(name string) string { value, _ := variables[name].(string); return value }) {
				t.Errorf("the adapter refuses %+v", problem)
			}
		})
	}
	for c := range rune(0x100) {
		path := "/" + string(c)
		props := web.ServiceProps{Workload: web.Workload{Image: existing(""), HealthCheck: web.HealthCheck{Path: path}}, Hosting: lambdaweb.Hosting{}}
		problems := settings.Check(func(name string) string { return map[string]string{"AWS_LWA_READINESS_CHECK_PATH": path}[name] })
		if err := props.Validate(); err == nil && len(problems) > 0 {
			t.Errorf("the health check path %q is taken here, and the adapter refuses it: %+v", path, problems)
		}
	}
}

// Lambda takes 4,096 bytes of names and values, of which PORT and the adapter's settings are some.
func TestEnvironmentSize(t *testing.T) {
	const most = 4096
	streams := lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
		own     string // names and values of all variables but BIG
	}{
		{"PORT and the least that the adapter needs", func(w *web.Workload) { w.Image = built(t) }, lambdaweb.Hosting{}, "PORT8080AWS_LWA_HOST127.0.0.1"},
		{"a long path, and streams", func(w *web.Workload) { w.HealthCheck.Path = "/" + strings.Repeat("a", 200) }, streams,
			"PORT8080AWS_LWA_HOST127.0.0.1AWS_LWA_READINESS_CHECK_HEALTHY_STATUS200-399AWS_LWA_INVOKE_MODEresponse_streamAWS_LWA_READINESS_CHECK_PATH/" + strings.Repeat("a", 200)},
		{"a setting of the workload's own", func(w *web.Workload) { w.Environment["AWS_LWA_HOST"] = "::1" }, lambdaweb.Hosting{},
			"PORT8080AWS_LWA_HOST::1AWS_LWA_READINESS_CHECK_PROTOCOLtcp"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.Environment = map[string]string{}
			test.change(&w)
			w.Environment["BIG"] = strings.Repeat("x", most-len(test.own)-len("BIG"))
			stack := newStack(t)
			service, _ := lambdaweb.NewService(stack, "Site", w, test.hosting)
			size := 0
			for name, value := range templatetest.Of(t, stack).Get(kind, "Environment.Variables").(map[string]any) {
				size += len(name) + len(value.(string))
			}
			if size != most {
				t.Errorf("the template has %d bytes, want %d", size, most)
			}

			sentence := fmt.Sprintf(`must not have more than %d bytes in all names and values on %s, got `, most, test.hosting.Platform().ServiceName())
			hostingtest.WantPanic(t, "Stack/Site", `AddEnvironment("A1") `+sentence, func() { service.AddEnvironment("A1", "") })
			w.Environment["BIG"] += "x"
			hostingtest.WantPanic(t, "Stack/Site", "Workload.Environment "+sentence, func() { lambdaweb.NewService(newStack(t), "Site", w, test.hosting) })
		})
	}
	w := workload()
	w.Environment = map[string]string{"BIG": strings.Repeat("x", most)}
	hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}},
		fmt.Sprintf("Workload.Environment must not have more than 4096 bytes in all names and values on Lambda, got 4099 and %d of PORT and the hosting's own; "+
			"put what is large into the image, a table or a parameter", len("PORT8080AWS_LWA_HOST127.0.0.1AWS_LWA_READINESS_CHECK_PROTOCOLtcp")))
}

// What replaces the environment on the L1 does not lose a variable silently.
func TestReplacedEnvironment(t *testing.T) {
	stack := newStack(t)
	service, resources := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{})
	function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
	function.SetEnvironment(&awslambda.CfnFunction_EnvironmentProperty{Variables: &map[string]*string{"MINE": new("1")}})
	service.AddEnvironment("STAGE", "live")
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "the variables STAGE were added to the service, but its environment was replaced") {
			t.Errorf("got panic %s, want a sentence about STAGE", text)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
}

// A server that uses a database and other services.
func TestGoldenUses(t *testing.T) {
	stack := newStack(t)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false),
	})
	database := awsrds.NewDatabaseCluster(stack, new("Database"), &awsrds.DatabaseClusterProps{
		Vpc: vpc, StorageEncrypted: new(true), Writer: awsrds.ClusterInstance_ServerlessV2(new("Writer"), nil),
		Engine: awsrds.DatabaseClusterEngine_AuroraPostgres(&awsrds.AuroraPostgresClusterEngineProps{
			Version: awsrds.AuroraPostgresEngineVersion_VER_17_7(),
		}),
	})
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})
	w := workload()
	w.Image, w.VPC = startable(), vpc
	site, _ := lambdaweb.NewService(stack, "Site", w, lambdaweb.Hosting{})
	on := func(id string, endpoint lambdaweb.Endpoint) *web.Service {
		service, _ := lambdaweb.NewService(stack, id, workload(), lambdaweb.Hosting{Endpoint: endpoint})
		return service
	}
	site.UseDatabase("DB", web.DatabaseCluster(database, "shop"))
	site.UseDatabase("REPORTS", web.DatabaseCluster(database, "shop").WithReader().WithUser("reporter"))
	site.UseService("PRICES_URL", on("Prices", lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM}))
	site.UseService("STOCK_URL", on("Stock", lambdaweb.HTTPAPI{Authorizer: awsapigatewayv2authorizers.NewHttpIamAuthorizer()}))
	site.UseService("MAIL_URL", on("Mail", lambdaweb.LoadBalancer{LoadBalancer: front}))
	webtest.Snapshot(t, stack)
}
