package lambdaweb_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"

	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	kind       = "AWS::Lambda::Function"
	privateURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
)

// workload needs no build, so that tests of the hosting's options are fast.
func workload() web.Workload { return web.Workload{Image: webimage.URI(privateURI, nil)} }

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// Each row sets one option; the paths are below the function's Properties. An empty value means that there is nothing.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
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
			"Environment.Variables":        `{"AWS_LWA_HOST":"127.0.0.1","AWS_LWA_READINESS_CHECK_PROTOCOL":"tcp","PORT":"8080"}`,
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
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(&w)
			}
			lambdaweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
		})
	}
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(stack awscdk.Stack, w *web.Workload)
		hosting lambdaweb.Hosting
	}{
		"HTTP API":                  {},
		"REST API":                  {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}},
		"REST API with a stage":     {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "v1"}}},
		"function URL":              {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}},
		"function URL that streams": {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}},
		"function URL with IAM":     {hosting: lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM}}},
		"repository of the stack": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Image = webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "1.4", nil)
		}},
		"role of the user": {change: func(stack awscdk.Stack, w *web.Workload) {
			w.Role = awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("lambda.amazonaws.com"), nil)})
		}},
		"every option": {
			change: func(stack awscdk.Stack, w *web.Workload) {
				*w = web.Workload{
					Image:       webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64}),
					Port:        8000,
					Command:     []string{"serve", "a b"},
					Environment: map[string]string{"STAGE": "test"},
					HealthCheck: web.HealthCheck{Path: "/healthz"},
				}
			},
			hosting: lambdaweb.Hosting{
				Endpoint: lambdaweb.FunctionURL{}, MemorySize: 1769, Timeout: 15 * time.Minute, EphemeralStorageSize: 2048,
				ReservedConcurrentExecutions: 10, Tracing: awslambda.Tracing_ACTIVE, LogRetentionInDays: 7,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(stack, &w)
			}
			lambdaweb.NewService(stack, "Site", w, test.hosting)
			webtest.Snapshot(t, stack)
		})
	}
}

func TestEndpoints(t *testing.T) {
	for _, test := range []struct {
		name     string
		endpoint lambdaweb.Endpoint
		url      string // FUNCTION and API stand for logical ids
		types    map[string]int
	}{
		{"HTTP API", nil, `{"Fn::GetAtt":["API","ApiEndpoint"]}`, map[string]int{
			"AWS::ApiGatewayV2::Api": 1, "AWS::ApiGatewayV2::Integration": 1, "AWS::ApiGatewayV2::Route": 1, "AWS::ApiGatewayV2::Stage": 1,
			"AWS::Lambda::Permission": 1,
		}},
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
			service := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.endpoint})
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

// Lambda and the adapter have to agree about streaming.
func TestStreaming(t *testing.T) {
	stack := newStack(t)
	lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{
		Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM},
	}})
	template := templatetest.Of(t, stack)
	template.Want("AWS::Lambda::Url", "InvokeMode", `"RESPONSE_STREAM"`)
	template.Want(kind, "Environment.Variables.AWS_LWA_INVOKE_MODE", `"response_stream"`)

	stack = newStack(t)
	lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}})
	template = templatetest.Of(t, stack)
	template.Want("AWS::Lambda::Url", "InvokeMode", "")
	template.Want(kind, "Environment.Variables.AWS_LWA_INVOKE_MODE", "")
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
		service := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{LogGroup: group})
		if service.LogGroup() != awslogs.ILogGroup(group) {
			t.Errorf("got log group %v, want the user's", service.LogGroup())
		}
		template := templatetest.Of(t, stack)
		template.Want(kind, "LoggingConfig.LogGroup", `{"Ref":"`+template.IDs("AWS::Logs::LogGroup")[0]+`"}`)
	})
}

func TestAccessors(t *testing.T) {
	for name, test := range map[string]struct {
		endpoint        lambdaweb.Endpoint
		http, rest, url bool
	}{
		"HTTP API":     {lambdaweb.HTTPAPI{}, true, false, false},
		"REST API":     {lambdaweb.RESTAPI{}, false, true, false},
		"function URL": {lambdaweb.FunctionURL{}, false, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			service := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: test.endpoint})
			if got := service.HTTPAPI() != nil; got != test.http {
				t.Errorf("HTTPAPI: got one: %v", got)
			}
			if got := service.RESTAPI() != nil; got != test.rest {
				t.Errorf("RESTAPI: got one: %v", got)
			}
			if got := service.FunctionURL() != nil; got != test.url {
				t.Errorf("FunctionURL: got one: %v", got)
			}
			service.CfnFunction().AddPropertyOverride(new("Description"), "overridden")
			if got := service.Node().DefaultChild(); got != service.CfnFunction() {
				t.Errorf("the default child is %v, want the L1", got)
			}
			for kind, l1 := range map[string]bool{"CfnApi": service.CfnApi() != nil, "CfnRestApi": service.CfnRestApi() != nil, "CfnUrl": service.CfnUrl() != nil} {
				if want := map[string]bool{"CfnApi": test.http, "CfnRestApi": test.rest, "CfnUrl": test.url}[kind]; l1 != want {
					t.Errorf("%s: got one: %v", kind, l1)
				}
			}
			if service.Function() == nil || service.LogGroup() == nil {
				t.Error("the function or the log group is missing")
			}
			templatetest.Of(t, stack).Want(kind, "Description", `"overridden"`)
		})
	}
}

func TestTimeoutWarning(t *testing.T) {
	for _, test := range []struct {
		name    string
		hosting lambdaweb.Hosting
		want    string // part of the warning; none where empty
		id      string
	}{
		{"the default", lambdaweb.Hosting{}, "", ""},
		{"an HTTP API's limit", lambdaweb.Hosting{Timeout: 30 * time.Second}, "", ""},
		{"more than an HTTP API waits", lambdaweb.Hosting{Timeout: 31 * time.Second}, "Timeout is 31s, but an HTTP API waits 30s for an answer.*FunctionURL", lambdaweb.HTTPAPITimeoutWarning},
		{"more than a REST API waits", lambdaweb.Hosting{Timeout: 30 * time.Second, Endpoint: lambdaweb.RESTAPI{}}, "a REST API waits 29s for an answer", lambdaweb.RESTAPITimeoutWarning},
		{"a function URL waits", lambdaweb.Hosting{Timeout: 900 * time.Second, Endpoint: lambdaweb.FunctionURL{}}, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			build := func(acknowledge bool) int {
				stack := newStack(t)
				service := lambdaweb.NewService(stack, "Site", workload(), test.hosting)
				if acknowledge {
					awscdk.Annotations_Of(service).AcknowledgeWarning(&test.id, new("known"))
				}
				pattern := test.want
				if pattern == "" {
					pattern = ".*"
				}
				return len(*assertions.Annotations_FromStack(stack).FindWarning(new("*"), assertions.Match_StringLikeRegexp(&pattern)))
			}
			want := 0
			if test.want != "" {
				want = 1
				if n := build(true); n != 0 {
					t.Errorf("got %d warnings after acknowledging %s, want none", n, test.id)
				}
			}
			if n := build(false); n != want {
				t.Errorf("got %d warnings, want %d", n, want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting lambdaweb.Hosting
		want    string // whole
	}{
		{"memory too small", nil, lambdaweb.Hosting{MemorySize: 127}, "MemorySize must be between 128 and 10240 MB, got 127"},
		{"memory too large", nil, lambdaweb.Hosting{MemorySize: 10241}, "MemorySize must be between 128 and 10240 MB, got 10241"},
		{"timeout too short", nil, lambdaweb.Hosting{Timeout: time.Millisecond}, "Timeout must be whole seconds from 1s to 900s, got 1ms"},
		{"timeout too long", nil, lambdaweb.Hosting{Timeout: 901 * time.Second}, "Timeout must be whole seconds from 1s to 900s, got 15m1s"},
		{"storage too small", nil, lambdaweb.Hosting{EphemeralStorageSize: 511}, "EphemeralStorageSize must be between 512 and 10240 MB, got 511"},
		{"storage too large", nil, lambdaweb.Hosting{EphemeralStorageSize: 10241}, "EphemeralStorageSize must be between 512 and 10240 MB, got 10241"},
		{"negative concurrency", nil, lambdaweb.Hosting{ReservedConcurrentExecutions: -1}, "ReservedConcurrentExecutions must be at least 1, or 0 for none reserved, got -1"},
		{"an unknown tracing mode", nil, lambdaweb.Hosting{Tracing: "On"}, `Tracing must be awslambda.Tracing_ACTIVE, _PASS_THROUGH or _DISABLED, got "On"`},
		{"an odd retention", nil, lambdaweb.Hosting{LogRetentionInDays: 2},
			"LogRetentionInDays must be one of [1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653], got 2"},
		{"a stage with a slash", nil, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "a/b"}}, `Endpoint: RESTAPI.StageName must have 1 to 128 letters, digits, hyphens and underscores, got "a/b"`},
		{"an unknown auth type", nil, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{AuthType: "BASIC"}}, `Endpoint: FunctionURL.AuthType must be awslambda.FunctionUrlAuthType_NONE or _AWS_IAM, got "BASIC"`},
		{"an unknown invoke mode", nil, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: "STREAM"}}, `Endpoint: FunctionURL.InvokeMode must be awslambda.InvokeMode_BUFFERED or _RESPONSE_STREAM, got "STREAM"`},
		{"streaming through what buffers", func(w *web.Workload) { w.Needs.Streaming = true }, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}},
			"Needs.Streaming is set, but the function URL buffers; set FunctionURL.InvokeMode to awslambda.InvokeMode_RESPONSE_STREAM"},
		{"a public image", func(w *web.Workload) { w.Image = webimage.URI("public.ecr.aws/nginx/nginx:1", nil) }, lambdaweb.Hosting{},
			"Image: Lambda runs images from private ECR only, got one in Amazon ECR Public; build it with webimage.Dockerfile (FROM that image), or copy it to a repository of your own"},
		{"an image without adapter", func(w *web.Workload) {
			w.Image = webimage.Go("./examples/guestbook/server", &webimage.GoOptions{Adapter: webimage.NoAdapter})
		}, lambdaweb.Hosting{}, "Image has no adapter (webimage.NoAdapter), so it cannot answer Lambda's invocations; leave the option Adapter out, or choose another hosting"},
		{"a name with a hyphen", func(w *web.Workload) { w.Environment = map[string]string{"A-B": ""} }, lambdaweb.Hosting{},
			`Environment: on Lambda a variable's name has at least two letters, digits and underscores and starts with a letter, got "A-B"`},
		{"a reserved name", func(w *web.Workload) { w.Environment = map[string]string{"_HANDLER": ""} }, lambdaweb.Hosting{},
			"Environment: _HANDLER is Lambda's own and cannot be set; choose another name"},
		{"a large environment", func(w *web.Workload) { w.Environment = map[string]string{"BIG": strings.Repeat("x", 3966)} }, lambdaweb.Hosting{},
			"Environment must not have more than 3968 bytes in all names and values on Lambda, got 3969; put what is large into the image, a table or a parameter (Lambda takes 4096, and PORT and the adapter need some)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			if test.change != nil {
				test.change(&w)
			}
			if err := (&lambdaweb.ServiceProps{Workload: w, Hosting: test.hosting}).Validate(); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	t.Run("a log group and a retention", func(t *testing.T) {
		group := awslogs.NewLogGroup(newStack(t), new("Logs"), nil)
		err := (&lambdaweb.ServiceProps{Workload: workload(), Hosting: lambdaweb.Hosting{LogGroup: group, LogRetentionInDays: 7}}).Validate()
		if want := "LogGroup excludes LogRetentionInDays; set the retention where the log group is made"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

// What depends on the stack's region is known when the service is made.
func TestPlaceErrors(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("111111111111"), Region: new("us-east-1")}})
	hostingtest.WantPanic(t, "Stack/Site", "Lambda pulls from the function's own region us-east-1 only, got an image in eu-west-1; replicate the repository to us-east-1",
		func() { lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{}) })
	hostingtest.WantPanic(t, "Stack/Site", "Image is required", func() { lambdaweb.NewService(stack, "Site", nil) })
}

// Adding variables must not make the environment larger than Lambda takes.
func TestEnvironmentGrows(t *testing.T) {
	service := lambdaweb.NewService(newStack(t), "Site", workload(), lambdaweb.Hosting{})
	service.AddEnvironment("ONE", strings.Repeat("x", 3900))
	hostingtest.WantPanic(t, "Stack/Site", "Environment must not have more than 3968 bytes", func() { service.AddEnvironment("TWO", strings.Repeat("x", 100)) })
}
