package cost

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What this repository synthesizes is read as what it is.
func TestServicesOfTheHostings(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"examples/guestbook/testdata/TestGolden/apprunner.template.json":        "App Runner, 1 vCPU and 2 GB, 1 to 25",
		"examples/guestbook/testdata/TestGolden/ecs.template.json":              "ECS Express Mode, 1 vCPU and 2 GB, 1 to 20",
		"examples/guestbook/testdata/TestGolden/fargate.template.json":          "ECS on Fargate, 1 vCPU and 2 GB, 1 to 20",
		"examples/guestbook/testdata/TestGolden/lambda.template.json":           "Lambda behind an HTTP API, 512 MB",
		"examples/shop/testdata/TestGolden/apprunner.template.json":             "App Runner, 1 vCPU and 2 GB, 1 to 25",
		"examples/shop/testdata/TestGolden/lambda.template.json":                "Lambda behind an HTTP API, 512 MB",
		"apprunnerweb/testdata/TestGolden/every_option.template.json":           "App Runner, 0.5 vCPU and 1 GB, 2 to 4",
		"fargateweb/testdata/TestGolden/arm64.template.json":                    "ECS on Fargate, 0.25 vCPU and 0.5 GB, arm64, 1 to 20",
		"lambdaweb/testdata/TestGolden/REST_API.template.json":                  "Lambda behind a REST API, 512 MB",
		"lambdaweb/testdata/TestGolden/every_option.template.json":              "Lambda with a function URL, 1769 MB, arm64",
		"lambdaweb/testdata/TestGolden/function_URL_that_streams.template.json": "Lambda with a function URL, 512 MB",
		"lambdaweb/testdata/TestLoadBalancerGolden.template.json": "Lambda behind a load balancer, 512 MB, 2 behind it; " +
			"Lambda behind a load balancer, 512 MB, 2 behind it",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			app, err := readApp(filepath.Join("../../../..", file))
			if err != nil {
				t.Fatal(err)
			}
			services, _, err := app.services()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, service := range services {
				got = append(got, service.describe())
			}
			if got := strings.Join(got, "; "); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func (s *Service) describe() string {
	text := s.Config.Kind.String() + ", " + s.Config.Size()
	if !s.Config.Kind.lambda() {
		text += ", " + number(float64(s.Config.Min)) + " to " + number(float64(s.Config.Max))
	}
	if s.Config.Sharers > 1 {
		text += ", " + number(float64(s.Config.Sharers)) + " behind it"
	}
	return text
}

func TestServices(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, resources string
		want            Config
		notes           string
	}{
		{
			"App Runner in words",
			`"S": {"Type": "AWS::AppRunner::Service", "Properties": {"InstanceConfiguration": {"Cpu": "0.25 vCPU", "Memory": "0.5 GB"},
				"SourceConfiguration": {"ImageRepository": {"ImageRepositoryType": "ECR"}}}}`,
			Config{Kind: AppRunner, CPU: 256, Memory: 512, Min: 1, Max: 25, Concurrency: 100, AutoDeployments: true}, "",
		},
		{
			"Express with nothing set",
			`"S": {"Type": "AWS::ECS::ExpressGatewayService"}`,
			Config{Kind: Express, CPU: 1024, Memory: 2048, Min: 1, Max: 20, TargetCPU: 60, PublicTasks: true, Sharers: 1, Addresses: 2, Rules: 1}, "",
		},
		{
			"Express in private subnets with a task definition",
			`"S": {"Type": "AWS::ECS::ExpressGatewayService", "Properties": {"TaskDefinitionArn": {"Ref": "T"},
				"NetworkConfiguration": {"Subnets": [{"Ref": "A"}]}, "ScalingTarget": {"AutoScalingMetric": "REQUEST_COUNT_PER_TARGET", "MaxTaskCount": 3}}},
			"A": {"Type": "AWS::EC2::Subnet", "Properties": {"MapPublicIpOnLaunch": false}},
			"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "256", "Memory": "512", "RuntimePlatform": {"CpuArchitecture": "ARM64"},
				"EphemeralStorage": {"SizeInGiB": 30}}}`,
			Config{Kind: Express, CPU: 256, Memory: 512, ARM64: true, Min: 1, Max: 3, TargetCPU: 60, DiskGB: 30, Sharers: 1, Rules: 1},
			"it scales by REQUEST_COUNT_PER_TARGET: tasks are added at 60 % CPU here",
		},
		{
			"Fargate without scaling behind a load balancer of another app",
			`"S": {"Type": "AWS::ECS::Service", "Properties": {"DesiredCount": 3, "LaunchType": "FARGATE", "TaskDefinition": {"Ref": "T"},
				"LoadBalancers": [{"TargetGroupArn": "arn:aws:x"}], "NetworkConfiguration": {"AwsvpcConfiguration": {"AssignPublicIp": "ENABLED"}}}},
			"T": {"Type": "AWS::ECS::TaskDefinition", "Properties": {"Cpu": "256", "Memory": "512"}}`,
			Config{Kind: Fargate, CPU: 256, Memory: 512, Min: 3, Max: 3, TargetCPU: 60, PublicTasks: true}, "",
		},
		{
			"a function by a URL of its alias, on managed instances",
			`"S": {"Type": "AWS::Lambda::Function", "Properties": {"MemorySize": 2048, "CapacityProviderConfig": {}, "EphemeralStorage": {"Size": 1024}}},
			"A": {"Type": "AWS::Lambda::Alias", "Properties": {"FunctionName": {"Ref": "S"}}},
			"U": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Ref": "A"}}}`,
			Config{Kind: FunctionURL, Memory: 2048, ScratchMB: 1024},
			"there is no price of Lambda Managed Instances: it is counted as a function without them",
		},
		{
			"a function by two ways, and by websockets",
			`"S": {"Type": "AWS::Lambda::Function", "Properties": {}},
			"A": {"Type": "AWS::ApiGatewayV2::Api", "Properties": {"ProtocolType": "WEBSOCKET"}},
			"I": {"Type": "AWS::ApiGatewayV2::Integration", "Properties": {"ApiId": {"Ref": "A"}, "IntegrationUri": {"Fn::Sub": "arn:${S.Arn}/x"}}},
			"M": {"Type": "AWS::ApiGateway::Method", "Properties": {"Integration": {"Uri": {"Fn::Sub": ["${X}", {"X": {"Ref": "S"}}]}}}},
			"U": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Fn::GetAtt": "S.Arn"}}}`,
			Config{Kind: RESTAPI, Memory: 128, ScratchMB: 512},
			"requests also reach it by Lambda with a function URL: all are counted here",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			parsed, err := readTemplate("t.json", "T", []byte(`{"Resources": {`+test.resources+`}}`))
			if err != nil {
				t.Fatal(err)
			}
			services, _, err := app{[]*template{parsed}}.services()
			if err != nil || len(services) != 1 {
				t.Fatalf("got %v, %v", services, err)
			}
			if got := services[0]; got.Config != test.want || strings.Join(got.Notes, "; ") != test.notes {
				t.Errorf("got  %+v, %q\nwant %+v, %q", got.Config, got.Notes, test.want, test.notes)
			}
		})
	}
}

func TestAppErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"an empty folder", map[string]string{"x": ""}, "there is no template in DIR; run cdk synth first"},
		{"one that is further in", map[string]string{"a/x": "", "lambda/Shop.template.json": "{}"}, "there is no template in DIR, but there is in DIR/lambda"},
		{"a broken template", map[string]string{"Shop.template.json": "{\n\"Resources\": {,"}, "DIR/Shop.template.json:2: invalid character ','"},
		{"no template", map[string]string{"Shop.template.json": "{\n\"Resources\": 3}"},
			"DIR/Shop.template.json:2: Resources is a JSON number, so this is no CloudFormation template; run cdk synth again"},
		{"a broken manifest", map[string]string{"Shop.template.json": "{}", "manifest.json": "["}, "DIR/manifest.json:1: unexpected end of JSON input"},
		{"a broken stage", map[string]string{"Shop.template.json": "{}", "assembly-Prod/S.template.json": "x"},
			"DIR/assembly-Prod/S.template.json:1: invalid character"},
		{"no web server", map[string]string{"Shop.template.json": `{"Resources": {"W": {"Type": "AWS::ECS::Service", "Properties": {"LaunchType": "EC2"}}}}`},
			"DIR: there is no web server in it: no App Runner service, ECS service behind a load balancer, or Lambda function that HTTP requests " +
				"reach; Shop/W is left out: it runs on instances of its own, whose price is not known here"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for name, content := range test.files {
				file := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var stderr strings.Builder
			status := Run([]string{dir}, &strings.Builder{}, &stderr)
			got := strings.ReplaceAll(strings.TrimPrefix(stderr.String(), "cdkweb cost: "), dir, "DIR")
			if status != 1 || !strings.HasPrefix(got, test.want) {
				t.Errorf("status %d, got %s, want %s", status, got, test.want)
			}
		})
	}
}

// Whatever a template holds, its services can be priced, or an error says what it is.
func FuzzTemplate(f *testing.F) {
	for _, file := range []string{"testdata/app/Edge.template.json", "testdata/app/Shop.template.json"} {
		content, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte(`{"Resources": {"U": {"Type": "AWS::Lambda::Url", "Properties": {"TargetFunctionArn": {"Fn::ImportValue": "a"}}},
		"S": {"Type": "AWS::Lambda::Function"}}, "Outputs": {"O": {"Value": {"Fn::ImportValue": "a"}, "Export": {"Name": "a"}}}}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		parsed, err := readTemplate("t.json", "T", content)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "t.json:") {
				t.Errorf("got %v, want the file's name and a line", err)
			}
			return
		}
		services, _, err := app{[]*template{parsed}}.services()
		if err != nil {
			return
		}
		for _, service := range services {
			traffic := Traffic{Requests: 1e6, Mean: 80 * ms, CPU: 20 * ms, Day: evenly(8, 18)}
			for _, kind := range kinds {
				config, err := service.Config.on(kind, "us-east-1")
				if err != nil {
					continue
				}
				if usd := Monthly(config, traffic, Options{Region: "us-east-1", Hours: 730}).USD(); !(usd >= 0) {
					t.Errorf("%+v costs %f", config, usd)
				}
			}
		}
	})
}
