package apprunnerweb_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	kind        = "AWS::AppRunner::Service"
	scalingKind = "AWS::AppRunner::AutoScalingConfiguration"
	privateURI  = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
	publicURI   = "public.ecr.aws/nginx/nginx:1.29"
)

// workload needs no build, so that tests of the hosting's options are fast.
func workload() web.Workload { return web.Workload{Image: webimage.URI(privateURI, nil)} }

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// Each row sets one option; the paths are below the service's Properties. An empty value means that there is nothing.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting apprunnerweb.Hosting
		want    map[string]string
	}{
		{name: "defaults", want: map[string]string{
			"ServiceName":                                             "",
			"AutoScalingConfigurationArn":                             "",
			"InstanceConfiguration.Cpu":                               `"1024"`,
			"InstanceConfiguration.Memory":                            `"2048"`,
			"HealthCheckConfiguration":                                `{"Protocol":"TCP","Interval":5,"Timeout":2,"HealthyThreshold":1,"UnhealthyThreshold":5}`,
			"SourceConfiguration.AutoDeploymentsEnabled":              `false`,
			"SourceConfiguration.ImageRepository.ImageIdentifier":     `"` + privateURI + `"`,
			"SourceConfiguration.ImageRepository.ImageRepositoryType": `"ECR"`,
			"SourceConfiguration.ImageRepository.ImageConfiguration":  `{"Port":"8080","RuntimeEnvironmentVariables":[{"Name":"PORT","Value":"8080"}]}`,
		}},
		{name: "port", change: func(w *web.Workload) { w.Port = 8000 }, want: map[string]string{
			"SourceConfiguration.ImageRepository.ImageConfiguration": `{"Port":"8000","RuntimeEnvironmentVariables":[{"Name":"PORT","Value":"8000"}]}`,
		}},
		{name: "environment in the order of its names", change: func(w *web.Workload) { w.Environment = map[string]string{"Z": "1", "A": "", "M": "x"} }, want: map[string]string{
			"SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables": `[{"Name":"A","Value":""},{"Name":"M","Value":"x"},{"Name":"PORT","Value":"8080"},{"Name":"Z","Value":"1"}]`,
		}},
		{name: "command", change: func(w *web.Workload) { w.Command = []string{"serve", "--verbose"} }, want: map[string]string{
			"SourceConfiguration.ImageRepository.ImageConfiguration.StartCommand": `"serve --verbose"`,
		}},
		{name: "health check over HTTP", change: func(w *web.Workload) { w.HealthCheck.Path = "/healthz" }, want: map[string]string{
			"HealthCheckConfiguration": `{"Protocol":"HTTP","Path":"/healthz","Interval":5,"Timeout":2,"HealthyThreshold":1,"UnhealthyThreshold":5}`,
		}},
		{name: "health check over TCP, all set", change: func(w *web.Workload) {
			w.HealthCheck = web.HealthCheck{Interval: 20 * time.Second, Timeout: 10 * time.Second, HealthyThreshold: 3, UnhealthyThreshold: 20}
		}, want: map[string]string{
			"HealthCheckConfiguration": `{"Protocol":"TCP","Interval":20,"Timeout":10,"HealthyThreshold":3,"UnhealthyThreshold":20}`,
		}},
		{name: "a short interval shortens the timeout", change: func(w *web.Workload) { w.HealthCheck.Interval = time.Second }, want: map[string]string{
			"HealthCheckConfiguration.Timeout": `1`,
		}},
		{name: "CPU and memory", hosting: apprunnerweb.Hosting{CPU: apprunnerweb.FourVCPU, Memory: apprunnerweb.TwelveGB}, want: map[string]string{
			"InstanceConfiguration.Cpu": `"4096"`, "InstanceConfiguration.Memory": `"12288"`,
		}},
		{name: "CPU and memory in units", hosting: apprunnerweb.Hosting{CPU: "2048", Memory: "6144"}, want: map[string]string{
			"InstanceConfiguration.Cpu": `"2048"`, "InstanceConfiguration.Memory": `"6144"`,
		}},
		{name: "CPU alone gets its least memory", hosting: apprunnerweb.Hosting{CPU: apprunnerweb.QuarterVCPU}, want: map[string]string{
			"InstanceConfiguration.Cpu": `"256"`, "InstanceConfiguration.Memory": `"512"`,
		}},
		{name: "service name", hosting: apprunnerweb.Hosting{ServiceName: "site_1"}, want: map[string]string{"ServiceName": `"site_1"`}},
		{name: "auto deployments", hosting: apprunnerweb.Hosting{AutoDeploymentsEnabled: true}, want: map[string]string{
			"SourceConfiguration.AutoDeploymentsEnabled": `true`,
		}},
		{name: "an imported auto scaling configuration",
			hosting: apprunnerweb.Hosting{AutoScaling: apprunnerweb.AutoScalingFromARN("arn:aws:apprunner:eu-west-1:123456789012:autoscalingconfiguration/high/3")},
			want:    map[string]string{"AutoScalingConfigurationArn": `"arn:aws:apprunner:eu-west-1:123456789012:autoscalingconfiguration/high/3"`}},
		{name: "a public image has no access role", change: func(w *web.Workload) { w.Image = webimage.URI(publicURI, nil) }, want: map[string]string{
			"SourceConfiguration.ImageRepository.ImageRepositoryType": `"ECR_PUBLIC"`,
			"SourceConfiguration.AuthenticationConfiguration":         "",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(&w)
			}
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: w, Hosting: test.hosting})
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
		})
	}
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, build := range map[string]func(stack awscdk.Stack){
		"private image": func(stack awscdk.Stack) {
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload()})
		},
		"public image": func(stack awscdk.Stack) {
			w := workload()
			w.Image = webimage.URI(publicURI, nil)
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: w})
		},
		"repository of the stack": func(stack awscdk.Stack) {
			w := workload()
			w.Image = webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "", nil)
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: w, Hosting: apprunnerweb.Hosting{AutoDeploymentsEnabled: true}})
		},
		"every option": func(stack awscdk.Stack) {
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{
				Workload: web.Workload{
					Image:       webimage.URI(privateURI, nil),
					Port:        8000,
					Command:     []string{"serve", "--verbose"},
					Environment: map[string]string{"STAGE": "test"},
					HealthCheck: web.HealthCheck{Path: "/healthz", Interval: 10 * time.Second, Timeout: 3 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 4},
				},
				Hosting: apprunnerweb.Hosting{
					CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.OneGB,
					MinSize: 2, MaxSize: 4, MaxConcurrency: 80,
					AutoDeploymentsEnabled: true, ServiceName: "site",
				},
			})
		},
		"shared auto scaling": func(stack awscdk.Stack) {
			scaling := apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{MinSize: 2, Name: "shared"})
			for _, id := range []string{"One", "Two"} {
				apprunnerweb.NewService(stack, id, &apprunnerweb.ServiceProps{Workload: workload(), Hosting: apprunnerweb.Hosting{AutoScaling: scaling}})
			}
		},
		"roles of the user": func(stack awscdk.Stack) {
			w := workload()
			role := func(id, principal string) awsiam.Role {
				return awsiam.NewRole(stack, &id, &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(&principal, nil)})
			}
			w.Role = role("Instance", "tasks.apprunner.amazonaws.com")
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{
				Workload: w, Hosting: apprunnerweb.Hosting{AccessRole: role("Access", "build.apprunner.amazonaws.com")},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}

// A configuration of the service's own is made only where a size or the concurrency is set; what is left out is written down.
func TestAutoScaling(t *testing.T) {
	for name, test := range map[string]struct {
		hosting apprunnerweb.Hosting
		want    map[string]string
	}{
		"MinSize":        {apprunnerweb.Hosting{MinSize: 25}, map[string]string{"MinSize": "25", "MaxSize": "25", "MaxConcurrency": "100"}},
		"MaxSize":        {apprunnerweb.Hosting{MaxSize: 2}, map[string]string{"MinSize": "1", "MaxSize": "2", "MaxConcurrency": "100"}},
		"MaxConcurrency": {apprunnerweb.Hosting{MaxConcurrency: 1}, map[string]string{"MinSize": "1", "MaxSize": "25", "MaxConcurrency": "1"}},
		"a fixed size":   {apprunnerweb.Hosting{MinSize: 2, MaxSize: 2}, map[string]string{"MinSize": "2", "MaxSize": "2", "MaxConcurrency": "100"}},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload(), Hosting: test.hosting})
			template := templatetest.Of(t, stack)
			id := template.IDs(scalingKind)
			if len(id) != 1 {
				t.Fatalf("got %d configurations, want one", len(id))
			}
			template.Want(kind, "AutoScalingConfigurationArn", `{"Fn::GetAtt":["`+id[0]+`","AutoScalingConfigurationArn"]}`)
			for field, want := range test.want {
				template.Want(scalingKind, field, want)
			}
		})
	}
}

func TestAccessors(t *testing.T) {
	stack := newStack(t)
	service := apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload()})
	for name, value := range map[string]string{
		"URL": service.URL(), "ARN": service.ServiceARN(), "ID": service.ServiceID(),
		"Role": *service.Role().RoleArn(), "AccessRole": *service.AccessRole().RoleArn(),
	} {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: &value})
	}
	service.CfnService().AddPropertyOverride(new("NetworkConfiguration.IpAddressType"), "DUAL_STACK")
	if got := service.Node().DefaultChild(); got != service.CfnService() {
		t.Errorf("the default child is %v, want the L1", got)
	}
	template := templatetest.Of(t, stack)
	id, roles := template.IDs(kind)[0], template.IDs("AWS::IAM::Role") // the access role, the instance role
	for output, want := range map[string]string{
		"URL":        `{"Fn::Join":["",["https://",{"Fn::GetAtt":["` + id + `","ServiceUrl"]}]]}`,
		"ARN":        `{"Fn::GetAtt":["` + id + `","ServiceArn"]}`,
		"ID":         `{"Fn::GetAtt":["` + id + `","ServiceId"]}`,
		"Role":       `{"Fn::GetAtt":["` + roles[1] + `","Arn"]}`,
		"AccessRole": `{"Fn::GetAtt":["` + roles[0] + `","Arn"]}`,
	} {
		if got := templatetest.JSON(t, templatetest.At(template.Outputs, output+".Value")); got != want {
			t.Errorf("%s: got %s, want %s", output, got, want)
		}
	}
	template.Want(kind, "NetworkConfiguration.IpAddressType", `"DUAL_STACK"`)

	public := workload()
	public.Image = webimage.URI(publicURI, nil)
	if role := apprunnerweb.NewService(newStack(t), "Site", &apprunnerweb.ServiceProps{Workload: public}).AccessRole(); role != nil {
		t.Errorf("a public image has the access role %v", role)
	}
}

func TestClosedWarning(t *testing.T) {
	stack := newStack(t)
	apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload()})
	if n := warnings(stack); n != 1 {
		t.Errorf("got %d warnings, want one", n)
	}

	stack = newStack(t)
	service := apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload()})
	awscdk.Annotations_Of(service).AcknowledgeWarning(new(apprunnerweb.ClosedWarning), new("we were here before"))
	if n := warnings(stack); n != 0 {
		t.Errorf("got %d warnings after acknowledging, want none", n)
	}
}

func TestTagWarning(t *testing.T) {
	for _, test := range []struct {
		name        string
		service     string
		tags        bool
		acknowledge bool
		want        int
	}{
		{name: "a fixed name without tags", service: "site"},
		{name: "tags without a fixed name", tags: true},
		{name: "a fixed name and tags", service: "site", tags: true, want: 1},
		{name: "acknowledged", service: "site", tags: true, acknowledge: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service := apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{
				Workload: workload(), Hosting: apprunnerweb.Hosting{ServiceName: test.service},
			})
			if test.tags {
				awscdk.Tags_Of(stack).Add(new("team"), new("web"), nil)
			}
			if test.acknowledge {
				awscdk.Annotations_Of(service).AcknowledgeWarning(new(apprunnerweb.TagWarning), new("our tags never change"))
			}
			if n := warningsOf(stack, `the fixed ServiceName "site" and tags: when a tag changes`); n != test.want {
				t.Errorf("got %d warnings, want %d", n, test.want)
			}
		})
	}
}

func warnings(stack awscdk.Stack) int {
	return warningsOf(stack, "App Runner is closed to new customers")
}

func warningsOf(stack awscdk.Stack, pattern string) int {
	return len(*assertions.Annotations_FromStack(stack).FindWarning(new("*"), assertions.Match_StringLikeRegexp(&pattern)))
}

func TestEnvironmentErrors(t *testing.T) {
	service := apprunnerweb.NewService(newStack(t), "Site", &apprunnerweb.ServiceProps{Workload: workload()})
	for name, want := range map[string]string{
		"AWSAPPRUNNER_X": `names that start with AWSAPPRUNNER are App Runner's own, got "AWSAPPRUNNER_X"`,
		"PORT":           "PORT is set from the field Port",
		"":               "a variable's name must not be empty",
		"A=B":            `got "A=B"`,
	} {
		hostingtest.WantPanic(t, "Stack/Site", want, func() { service.AddEnvironment(name, "x") })
	}
	service.AddEnvironment("A", "1")
	service.AddEnvironment("A", "1")
	hostingtest.WantPanic(t, "Stack/Site", `A is set to "1" already, got "2"`, func() { service.AddEnvironment("A", "2") })
}

func TestValidate(t *testing.T) {
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting apprunnerweb.Hosting
		want    []string
	}{
		{"a CPU that is not sold", nil, apprunnerweb.Hosting{CPU: "3 vCPU"}, []string{`CPU must be one of 0.25 vCPU, 0.5 vCPU, 1 vCPU, 2 vCPU, 4 vCPU, got "3 vCPU"`}},
		{"a memory that is not sold", nil, apprunnerweb.Hosting{Memory: "5 GB"}, []string{`Memory must be one of 0.5, 1, 2, 3, 4, 6, 8, 10 or 12 GB, got "5 GB"`}},
		{"a pair that is not sold", nil, apprunnerweb.Hosting{CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.TwoGB},
			[]string{"App Runner does not sell CPU 0.5 vCPU with Memory 2 GB; with 0.5 vCPU choose 1 GB, or for 2 GB choose 1 vCPU"}},
		{"a pair with several ways out", nil, apprunnerweb.Hosting{CPU: apprunnerweb.OneVCPU, Memory: apprunnerweb.OneGB},
			[]string{"with 1 vCPU choose 2 GB, 3 GB or 4 GB, or for 1 GB choose 0.25 vCPU or 0.5 vCPU"}},
		{"memory that the default CPU does not take", nil, apprunnerweb.Hosting{Memory: apprunnerweb.HalfGB}, []string{"for 0.5 GB choose 0.25 vCPU"}},
		{"sizes out of range", nil, apprunnerweb.Hosting{MinSize: 26, MaxSize: 30, MaxConcurrency: 201},
			[]string{"MinSize must be between 1 and 25, got 26", "MaxConcurrency must be between 1 and 200, got 201"}},
		{"negative sizes", nil, apprunnerweb.Hosting{MinSize: -1, MaxSize: -2, MaxConcurrency: -3}, []string{"got -1", "MaxSize must be at least 1, got -2", "got -3"}},
		{"MinSize above MaxSize", nil, apprunnerweb.Hosting{MinSize: 3, MaxSize: 2}, []string{"MinSize must not be greater than MaxSize, got 3 and 2"}},
		{"shared scaling and a size", nil, apprunnerweb.Hosting{AutoScaling: apprunnerweb.AutoScalingFromARN("arn:aws:apprunner:eu-west-1:123456789012:autoscalingconfiguration/high"), MinSize: 2},
			[]string{"AutoScaling excludes MinSize, MaxSize and MaxConcurrency"}},
		{"something else as scaling", nil, apprunnerweb.Hosting{AutoScaling: apprunnerweb.AutoScalingFromARN("high")}, []string{"AutoScaling must be the ARN", `got "high"`}},
		{"a name too short", nil, apprunnerweb.Hosting{ServiceName: "abc"}, []string{"ServiceName must have 4 to 40 letters", `got "abc" (3)`}},
		{"a name too long", nil, apprunnerweb.Hosting{ServiceName: strings.Repeat("a", 41)}, []string{"(41)"}},
		{"a name with wrong letters", nil, apprunnerweb.Hosting{ServiceName: "my site"}, []string{`got "my site"`}},
		{"a name that starts wrongly", nil, apprunnerweb.Hosting{ServiceName: "-site"}, []string{`got "-site"`}},
		{"an arm64 image", func(w *web.Workload) {
			w.Image = webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})
		}, apprunnerweb.Hosting{},
			[]string{"App Runner runs x86-64 images only, got Architecture arm64; build it with webimage.X86_64, or choose ecsweb.Hosting{} or lambdaweb.Hosting{}"}},
		{"auto deployments of a public image", func(w *web.Workload) { w.Image = webimage.URI(publicURI, nil) }, apprunnerweb.Hosting{AutoDeploymentsEnabled: true},
			[]string{"AutoDeploymentsEnabled needs an image in private ECR"}},
		{"auto deployments of a digest", func(w *web.Workload) {
			w.Image = webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@sha256:"+strings.Repeat("0", 64), nil)
		}, apprunnerweb.Hosting{AutoDeploymentsEnabled: true}, []string{"AutoDeploymentsEnabled needs an image with a tag, which can move"}},
		{"a nil configuration", nil, apprunnerweb.Hosting{AutoScaling: (*apprunnerweb.AutoScaling)(nil)}, []string{"AutoScaling must not be a nil *AutoScaling"}},
		{"an access role for a public image", func(w *web.Workload) { w.Image = webimage.URI(publicURI, nil) }, apprunnerweb.Hosting{AccessRole: importedRole(t)},
			[]string{"AccessRole is for images in private ECR"}},
		{"a reserved name", func(w *web.Workload) { w.Environment = map[string]string{"AWSAPPRUNNER": "x"} }, apprunnerweb.Hosting{}, []string{`got "AWSAPPRUNNER"`}},
		{"an argument with a space", func(w *web.Workload) { w.Command = []string{"echo", "a b"} }, apprunnerweb.Hosting{}, []string{`got "a b"; put the command into the image's CMD`}},
		{"several at once", func(w *web.Workload) { w.Port = 70000; w.Environment = map[string]string{"AWSAPPRUNNER_A": ""} }, apprunnerweb.Hosting{ServiceName: "a", MinSize: 99},
			[]string{"Port must be between 1 and 65535, got 70000", "ServiceName must have", "MinSize must be", "AWSAPPRUNNER_A"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			if test.change != nil {
				test.change(&w)
			}
			err := (&apprunnerweb.ServiceProps{Workload: w, Hosting: test.hosting}).Validate()
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want an error with %q", err, want)
				}
			}
		})
	}
}

// importedRole is a role in a stack that is never synthesized.
func importedRole(t *testing.T) awsiam.IRole {
	return awsiam.Role_FromRoleName(newStack(t), new("Imported"), new("access"), nil)
}

// What depends on the stack's account and region is known when the service is made.
func TestPlaceErrors(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("111111111111"), Region: new("us-east-1")}})
	service := func() {
		apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{Workload: workload(), Hosting: apprunnerweb.Hosting{AutoDeploymentsEnabled: true}})
	}
	hostingtest.WantPanic(t, "Stack/Site", "AutoDeploymentsEnabled needs an image in the stack's own account 111111111111, got one in account 123456789012", service)
	hostingtest.WantPanic(t, "Stack/Site", "App Runner pulls a private image from the service's own region us-east-1 only, got one in eu-west-1; replicate the repository to us-east-1", service)
	if n := len(*stack.Node().Children()); n != 0 {
		t.Errorf("%d constructs are left in the stack after the error", n)
	}
	hostingtest.WantPanic(t, "Stack/Scaling", "Name must have 4 to 32 letters", func() {
		apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{Name: "abc", MinSize: 30})
	})
	hostingtest.WantPanic(t, "Stack/Site", "Image is required", func() { apprunnerweb.NewService(stack, "Site", nil) })
}
