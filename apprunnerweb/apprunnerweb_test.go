package apprunnerweb_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
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

// Each row sets one option; the paths are below the service's Properties. An empty value means that
// there is nothing.
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
			"NetworkConfiguration":                                    "",
			"ObservabilityConfiguration":                              "",
			"EncryptionConfiguration":                                 "",
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
		{name: "a command with tokens", change: func(w *web.Workload) {
			w.Command = []string{"serve", "--region=" + *awscdk.Aws_REGION(), *awscdk.Aws_ACCOUNT_ID()}
		}, want: map[string]string{
			"SourceConfiguration.ImageRepository.ImageConfiguration.StartCommand": `{"Fn::Join":["",["serve --region=",{"Ref":"AWS::Region"}," ",{"Ref":"AWS::AccountId"}]]}`,
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
		{name: "a token as CPU", hosting: apprunnerweb.Hosting{CPU: apprunnerweb.CPU(*awscdk.Aws_REGION()), Memory: apprunnerweb.TwoGB}, want: map[string]string{
			"InstanceConfiguration.Cpu": `{"Ref":"AWS::Region"}`, "InstanceConfiguration.Memory": `"2 GB"`,
		}},
		{name: "service name", hosting: apprunnerweb.Hosting{ServiceName: "site_1"}, want: map[string]string{"ServiceName": `"site_1"`}},
		{name: "IPv4", hosting: apprunnerweb.Hosting{IPAddressType: apprunnerweb.IPv4}, want: map[string]string{"NetworkConfiguration": `{"IpAddressType":"IPV4"}`}},
		{name: "IPv6 too", hosting: apprunnerweb.Hosting{IPAddressType: apprunnerweb.DualStack}, want: map[string]string{"NetworkConfiguration": `{"IpAddressType":"DUAL_STACK"}`}},
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
			apprunnerweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
		})
	}
}

// Traces need a configuration of the service's, and the permission to send them.
func TestTraceVendor(t *testing.T) {
	stack := newStack(t)
	apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{TraceVendor: apprunnerweb.AWSXRAY})
	template := templatetest.Of(t, stack)
	const configuration = "AWS::AppRunner::ObservabilityConfiguration"
	template.Want(configuration, "TraceConfiguration", `{"Vendor":"AWSXRAY"}`)
	template.Want(kind, "ObservabilityConfiguration", `{"ObservabilityConfigurationArn":{"Fn::GetAtt":["`+
		template.IDs(configuration)[0]+`","ObservabilityConfigurationArn"]},"ObservabilityEnabled":true}`)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement", `[{"Action":["xray:GetSamplingRules","xray:GetSamplingStatisticSummaries","xray:GetSamplingTargets",`+
		`"xray:PutTelemetryRecords","xray:PutTraceSegments"],"Effect":"Allow","Resource":"*"}]`)
	if policy := template.IDs("AWS::IAM::Policy")[0]; !slices.Contains(template.Resources[template.IDs(kind)[0]].DependsOn, policy) {
		t.Errorf("the service depends on %q, want %s among them", template.Resources[template.IDs(kind)[0]].DependsOn, policy)
	}
}

// A role of another stack may read an encrypted secret by a policy of the service's stack.
func TestSecretOfRoleOfAnotherStack(t *testing.T) {
	stack := newStack(t)
	roles := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Roles"), nil)
	w := workload()
	w.Role = awsiam.NewRole(roles, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("tasks.apprunner.amazonaws.com"), nil)})
	w.Secrets = map[string]web.Secret{"PASSWORD": web.SecretsManager(awssecretsmanager.NewSecret(stack, new("Password"), &awssecretsmanager.SecretProps{
		EncryptionKey: awskms.NewKey(stack, new("Key"), nil),
	}), "")}
	apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{})
	if ids := templatetest.Of(t, roles).IDs("AWS::IAM::Policy"); len(ids) > 0 {
		t.Errorf("the role's stack has the policies %q, want none", ids)
	}
	template := templatetest.Of(t, stack)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.0.Action", `"secretsmanager:GetSecretValue"`)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.1.Action", `"kms:Decrypt"`)
	template.Want("AWS::IAM::Policy", "PolicyDocument.Statement.1.Condition.StringEquals", `{"kms:ViaService":{"Fn::Join":["",["secretsmanager.",{"Ref":"AWS::Region"},".amazonaws.com"]]}}`)
}

func TestKMSKey(t *testing.T) {
	key := func(stack awscdk.Stack, arn string) awskms.IKey {
		return awskms.Key_FromKeyArn(stack, new("Key"), &arn)
	}
	stack := newStack(t)
	apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{KMSKey: awskms.NewKey(stack, new("Key"), nil)})
	template := templatetest.Of(t, stack)
	template.Want(kind, "EncryptionConfiguration", `{"KmsKey":{"Fn::GetAtt":["`+template.IDs("AWS::KMS::Key")[0]+`","Arn"]}}`)

	const must = "Hosting.KMSKey must be a key of one region, by its ARN (arn:aws:kms:REGION:ACCOUNT:key/UUID): App Runner takes no alias and no multi-region key, got "
	for arn, want := range map[string][]string{
		"arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef": nil,
		"arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef": {must + `"arn:aws:kms:eu-west-1:123456789012:key/mrk-0123456789abcdef0123456789abcdef"`},
	} {
		hostingtest.WantProblems(t, web.ServiceProps{Workload: workload(), Hosting: apprunnerweb.Hosting{KMSKey: key(newStack(t), arn)}}, want...)
	}
	const elsewhere = "arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef"
	stack = awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Region: new("eu-west-1")}})
	for want, key := range map[string]awskms.IKey{
		"Hosting.KMSKey must be a key, and not its alias Stack/Alias; pass the key that the alias was made for, " +
			"or the one that it stands for today: awskms.Key_FromKeyArn(…)": awskms.Alias_FromAliasName(newStack(t), new("Alias"), new("alias/site")),
		"Hosting.KMSKey must not be a multi-region key, which App Runner does not take; make one without MultiRegion": awskms.NewKey(
			newStack(t), new("Key"), &awskms.KeyProps{MultiRegion: new(true)}),
	} {
		hostingtest.WantProblems(t, web.ServiceProps{Workload: workload(), Hosting: apprunnerweb.Hosting{KMSKey: key}}, want)
	}
	hostingtest.WantPanic(t, "Stack/Site", `Hosting.KMSKey must be in the stack's own region eu-west-1, got "`+elsewhere+`"`, func() {
		apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{KMSKey: key(stack, elsewhere)})
	})
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, build := range map[string]func(stack awscdk.Stack){
		"private image": func(stack awscdk.Stack) {
			apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{})
		},
		"public image": func(stack awscdk.Stack) {
			w := workload()
			w.Image = webimage.URI(publicURI, nil)
			apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{})
		},
		"repository of the stack": func(stack awscdk.Stack) {
			w := workload()
			w.Image = webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "", nil)
			apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{AutoDeploymentsEnabled: true})
		},
		"every option": func(stack awscdk.Stack) {
			apprunnerweb.NewService(stack, "Site", web.Workload{
				Image:       webimage.URI(privateURI, nil),
				Port:        8000,
				Command:     []string{"serve", "--verbose"},
				Environment: map[string]string{"STAGE": "test"},
				HealthCheck: web.HealthCheck{Path: "/healthz", Interval: 10 * time.Second, Timeout: 3 * time.Second, HealthyThreshold: 2, UnhealthyThreshold: 4},
			}, apprunnerweb.Hosting{
				CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.OneGB,
				MinSize: 2, MaxSize: 4, MaxConcurrency: 80,
				AutoDeploymentsEnabled: true, ServiceName: "site",
				TraceVendor: apprunnerweb.AWSXRAY, IPAddressType: apprunnerweb.DualStack,
				KMSKey: awskms.Key_FromKeyArn(stack, new("Key"), new("arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef")),
			})
		},
		"shared auto scaling": func(stack awscdk.Stack) {
			scaling := apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{MinSize: 2, Name: "shared"})
			for _, id := range []string{"One", "Two"} {
				apprunnerweb.NewService(stack, id, workload(), apprunnerweb.Hosting{AutoScaling: scaling})
			}
		},
		"VPC": func(stack awscdk.Stack) {
			w := workload()
			w.VPC = newVPC(stack)
			for _, id := range []string{"Site", "Blog"} {
				apprunnerweb.NewService(stack, id, w, apprunnerweb.Hosting{})
			}
		},
		"secrets": func(stack awscdk.Stack) {
			w := workload()
			w.Secrets = hostingtest.Secrets(stack)
			apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{})
		},
		"roles of the user": func(stack awscdk.Stack) {
			w := workload()
			role := func(id, principal string) awsiam.Role {
				return awsiam.NewRole(stack, &id, &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(&principal, nil)})
			}
			w.Role = role("Instance", "tasks.apprunner.amazonaws.com")
			apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{AccessRole: role("Access", "build.apprunner.amazonaws.com")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}

// A configuration of the service's own is made only if a size or the concurrency is set; what is
// left out is written down.
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
			apprunnerweb.NewService(stack, "Site", workload(), test.hosting)
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

func TestResources(t *testing.T) {
	stack := newStack(t)
	service, resources := apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{})
	if of, ok := apprunnerweb.ResourcesOf(service); !ok || of != resources {
		t.Errorf("got resources %v, %v, want those of NewService", of, ok)
	}
	for name, value := range map[string]string{
		"URL": service.URL(), "ARN": resources.ServiceARN(), "ID": resources.ServiceID(),
		"Role": *service.Role().RoleArn(), "AccessRole": *resources.AccessRole.RoleArn(),
	} {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: &value})
	}
	resources.Service.AddPropertyOverride(new("NetworkConfiguration.IpAddressType"), "DUAL_STACK")
	if got := service.Node().DefaultChild(); got != resources.Service {
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
	if _, resources := apprunnerweb.NewService(newStack(t), "Site", public, apprunnerweb.Hosting{}); resources.AccessRole != nil {
		t.Errorf("a public image has the access role %v", resources.AccessRole)
	}
	elsewhere := web.NewService(newStack(t), "Site", &web.ServiceProps{Workload: workload(), Hosting: memweb.Hosting{}})
	if resources, ok := apprunnerweb.ResourcesOf(elsewhere); ok || resources != nil {
		t.Errorf("got resources %v of a service that runs elsewhere", resources)
	}
}

// Each row is a service and the warnings that it carries, which are gone when they are acknowledged
// on the service.
func TestWarnings(t *testing.T) {
	for _, test := range []struct {
		name    string
		command []string
		service string
		tags    bool
		want    []string // in the order of their ids
	}{
		{"every service", nil, "", false, []string{apprunnerweb.ClosedWarning}},
		{"a command", []string{"serve"}, "", false, []string{apprunnerweb.ClosedWarning, apprunnerweb.CommandWarning}},
		{"a fixed name without tags", nil, "site", false, []string{apprunnerweb.ClosedWarning}},
		{"tags without a fixed name", nil, "", true, []string{apprunnerweb.ClosedWarning}},
		{"a fixed name and tags", nil, "site", true, []string{apprunnerweb.ClosedWarning, apprunnerweb.TagWarning}},
	} {
		t.Run(test.name, func(t *testing.T) {
			build := func() (awscdk.Stack, *web.Service) {
				stack, w := newStack(t), workload()
				w.Command = test.command
				service, _ := apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{ServiceName: test.service})
				if test.tags {
					awscdk.Tags_Of(stack).Add(new("team"), new("web"), nil)
				}
				return stack, service
			}
			stack, _ := build()
			if got := warnings(t, stack); !slices.Equal(got, test.want) {
				t.Errorf("got warnings %q, want %q", got, test.want)
			}
			stack, service := build()
			for _, id := range test.want {
				awscdk.Annotations_Of(service).AcknowledgeWarning(&id, new("known"))
			}
			if got := warnings(t, stack); len(got) != 0 {
				t.Errorf("got warnings %q after acknowledging them, want none", got)
			}
		})
	}
}

// What warnings say.
func TestWarningTexts(t *testing.T) {
	stack, w := newStack(t), workload()
	w.Command = []string{"serve"}
	apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{ServiceName: "site"})
	awscdk.Tags_Of(stack).Add(new("team"), new("web"), nil)
	for _, text := range []string{
		"App Runner is closed to new customers",
		"Command replaces the image's start command on App Runner, and AWS does not say whether an ENTRYPOINT stays",
		`the fixed ServiceName "site" and tags: when a tag changes`,
	} {
		pattern := regexp.QuoteMeta(text)
		if n := len(*assertions.Annotations_FromStack(stack).FindWarning(new("*"), assertions.Match_StringLikeRegexp(&pattern))); n != 1 {
			t.Errorf("got %d warnings %q, want one", n, text)
		}
	}
}

var warningID = regexp.MustCompile(`\[ack: ([^\]]+)\]`)

// warnings returns the ids of a stack's warnings, sorted.
func warnings(t *testing.T, stack awscdk.Stack) []string {
	t.Helper()
	var ids []string
	for _, text := range templatetest.Warnings(t, stack) {
		ids = append(ids, warningID.FindStringSubmatch(text)[1])
	}
	slices.Sort(ids)
	return ids
}

const (
	scalingARN = "arn:aws:apprunner:eu-west-1:123456789012:autoscalingconfiguration/high"
	digest     = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

	nameRule    = "letters, digits, hyphens and underscores and start with a letter or digit"
	commandRule = "must consist of letters, digits and the characters _@%+=:,./- on App Runner, which takes one string and splits it at spaces"
	commandFix  = "; put the command into the image's CMD instead"
)

func TestValidate(t *testing.T) {
	regionToken := *awscdk.Aws_REGION()
	listToken := (*awscdk.Fn_Split(new(","), awscdk.Fn_ImportValue(new("Arguments")), nil))[0]
	command := func(arguments ...string) func(w *web.Workload) {
		return func(w *web.Workload) { w.Command = arguments }
	}
	image := func(image webimage.Image) func(w *web.Workload) {
		return func(w *web.Workload) { w.Image = image }
	}
	shared := func(arn string) apprunnerweb.Hosting {
		return apprunnerweb.Hosting{AutoScaling: apprunnerweb.AutoScalingFromARN(arn)}
	}
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting apprunnerweb.Hosting
		want    []string // whole, and all
	}{
		{"an unknown vendor of traces", nil, apprunnerweb.Hosting{TraceVendor: "ZIPKIN"}, []string{`Hosting.TraceVendor must be apprunnerweb.AWSXRAY, got "ZIPKIN"`}},
		{"an unknown type of addresses", nil, apprunnerweb.Hosting{IPAddressType: "IPV6"},
			[]string{`Hosting.IPAddressType must be apprunnerweb.IPv4 or apprunnerweb.DualStack, got "IPV6"`}},
		{"a CPU that is not sold", nil, apprunnerweb.Hosting{CPU: "3 vCPU"},
			[]string{`Hosting.CPU must be 0.25 vCPU, 0.5 vCPU, 1 vCPU, 2 vCPU or 4 vCPU, got "3 vCPU"`}},
		{"a memory that is not sold", nil, apprunnerweb.Hosting{Memory: "5 GB"},
			[]string{`Hosting.Memory must be 0.5 GB, 1 GB, 2 GB, 3 GB, 4 GB, 6 GB, 8 GB, 10 GB or 12 GB, got "5 GB"`}},
		{"neither is sold", nil, apprunnerweb.Hosting{CPU: "1", Memory: "2"}, []string{
			`Hosting.CPU must be 0.25 vCPU, 0.5 vCPU, 1 vCPU, 2 vCPU or 4 vCPU, got "1"`,
			`Hosting.Memory must be 0.5 GB, 1 GB, 2 GB, 3 GB, 4 GB, 6 GB, 8 GB, 10 GB or 12 GB, got "2"`,
		}},
		{"a pair that is not sold", nil, apprunnerweb.Hosting{CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.TwoGB},
			[]string{"Hosting.Memory is 2 GB, which is not sold with CPU 0.5 vCPU; choose Memory 1 GB, or CPU 1 vCPU"}},
		{"a pair in units", nil, apprunnerweb.Hosting{CPU: "2048", Memory: "5120"},
			[]string{`Hosting.Memory must be 0.5 GB, 1 GB, 2 GB, 3 GB, 4 GB, 6 GB, 8 GB, 10 GB or 12 GB, got "5120"`}},
		{"a memory between two that go with the CPU", nil, apprunnerweb.Hosting{CPU: apprunnerweb.FourVCPU, Memory: apprunnerweb.SixGB},
			[]string{"Hosting.Memory is 6 GB, which is not sold with CPU 4 vCPU; choose Memory 8 GB, or CPU 2 vCPU"}},
		{"a memory that the default CPU does not take", nil, apprunnerweb.Hosting{Memory: apprunnerweb.HalfGB},
			[]string{"Hosting.Memory is 0.5 GB, which is not sold with CPU 1 vCPU; choose Memory 2 GB, or CPU 0.25 vCPU"}},
		{"a token as CPU, and no memory", nil, apprunnerweb.Hosting{CPU: apprunnerweb.CPU(regionToken)},
			[]string{"Hosting.Memory and CPU must both be set if one of them is a CDK token"}},
		{"a token as memory, and no CPU", nil, apprunnerweb.Hosting{Memory: apprunnerweb.Memory(regionToken)},
			[]string{"Hosting.Memory and CPU must both be set if one of them is a CDK token"}},
		{"tokens", nil, apprunnerweb.Hosting{CPU: apprunnerweb.CPU(regionToken), Memory: apprunnerweb.Memory(regionToken), ServiceName: regionToken}, nil},

		{"sizes out of range", nil, apprunnerweb.Hosting{MinSize: 26, MaxSize: 30, MaxConcurrency: 201},
			[]string{"Hosting.MinSize must be between 1 and 25, got 26", "Hosting.MaxConcurrency must be between 1 and 200, got 201"}},
		{"negative sizes", nil, apprunnerweb.Hosting{MinSize: -1, MaxSize: -2, MaxConcurrency: -3},
			[]string{"Hosting.MinSize must be between 1 and 25, got -1", "Hosting.MaxSize must be at least 1, got -2", "Hosting.MaxConcurrency must be between 1 and 200, got -3"}},
		{"the limits", nil, apprunnerweb.Hosting{MinSize: 25, MaxSize: 1000, MaxConcurrency: 200}, nil},
		{"MinSize above MaxSize", nil, apprunnerweb.Hosting{MinSize: 3, MaxSize: 2},
			[]string{"Hosting.MinSize must not be greater than MaxSize, got 3 and 2; lower the one or raise the other"}},
		{"shared scaling and a size", nil, apprunnerweb.Hosting{AutoScaling: apprunnerweb.AutoScalingFromARN(scalingARN), MinSize: 2},
			[]string{"Hosting.AutoScaling excludes MinSize, MaxSize and MaxConcurrency; set them on the shared configuration"}},
		{"something else as scaling", nil, shared("high"), []string{"Hosting.AutoScaling must be the ARN of an auto scaling configuration " +
			`(arn:aws:apprunner:REGION:ACCOUNT:autoscalingconfiguration/NAME, optionally /REVISION and /ID), got "high"`}},
		{"scaling by name", nil, shared(scalingARN), nil},
		{"scaling by revision", nil, shared(scalingARN + "/3"), nil},
		{"scaling by id", nil, shared(scalingARN + "/3/0123456789abcdef0123456789abcdef"), nil},
		{"a token as scaling", nil, shared(regionToken), nil},
		{"a nil configuration", nil, apprunnerweb.Hosting{AutoScaling: (*apprunnerweb.AutoScaling)(nil)},
			[]string{"Hosting.AutoScaling must not be a nil *AutoScaling; leave it out for the service's own"}},

		{"a name too short", nil, apprunnerweb.Hosting{ServiceName: "abc"}, []string{"Hosting.ServiceName must have 4 to 40 " + nameRule + `, got "abc" (3)`}},
		{"a name too long", nil, apprunnerweb.Hosting{ServiceName: strings.Repeat("a", 41)},
			[]string{"Hosting.ServiceName must have 4 to 40 " + nameRule + `, got "` + strings.Repeat("a", 41) + `" (41)`}},
		{"a name with a space", nil, apprunnerweb.Hosting{ServiceName: "my site"}, []string{"Hosting.ServiceName must have 4 to 40 " + nameRule + `, got "my site"`}},
		{"a name that starts wrongly", nil, apprunnerweb.Hosting{ServiceName: "-site"}, []string{"Hosting.ServiceName must have 4 to 40 " + nameRule + `, got "-site"`}},

		{"auto deployments of a public image", image(webimage.URI(publicURI, nil)), apprunnerweb.Hosting{AutoDeploymentsEnabled: true},
			[]string{"Hosting.AutoDeploymentsEnabled needs an image in private ECR, got one in Amazon ECR Public; leave it out, or copy the image to a repository of your own"}},
		{"auto deployments of a digest", image(webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site@"+digest, nil)), apprunnerweb.Hosting{AutoDeploymentsEnabled: true},
			[]string{"Hosting.AutoDeploymentsEnabled needs an image with a tag, which can move, got one by its digest; leave it out, or name a tag"}},
		{"auto deployments of an image that is built here", image(dockerfile(t)), apprunnerweb.Hosting{AutoDeploymentsEnabled: true},
			[]string{"Hosting.AutoDeploymentsEnabled needs an image with a tag that moves, got one that is built here; leave it out"}},
		{"an image that is built here", image(dockerfile(t)), apprunnerweb.Hosting{}, nil},
		{"an access role for a public image", image(webimage.URI(publicURI, nil)), apprunnerweb.Hosting{AccessRole: importedRole(t)},
			[]string{"Hosting.AccessRole is for images in private ECR, got an image in Amazon ECR Public, which App Runner pulls without a role; leave it out"}},
		{"a name that App Runner reserves by its start", func(w *web.Workload) { w.Environment = map[string]string{"AWSAPPRUNNER": "x"} }, apprunnerweb.Hosting{},
			[]string{`Workload.Environment["AWSAPPRUNNER"] is set by App Runner itself; choose another name`}},

		{"a plain command", command("./serve", "--port=80", "a_b", "c@d", "1%", "+x,y:z"), apprunnerweb.Hosting{}, nil},
		{"a token in an argument", command("serve", "--region="+regionToken), apprunnerweb.Hosting{}, nil},
		{"an argument with a space", command("echo", "a b"), apprunnerweb.Hosting{}, []string{`Workload.Command[1] ` + commandRule + `, got "a b"` + commandFix}},
		{"an argument with a space beside a token", command(regionToken + " x"), apprunnerweb.Hosting{},
			[]string{`Workload.Command[0] ` + commandRule + `, got "` + regionToken + ` x"` + commandFix}},
		{"an empty argument", command("echo", ""), apprunnerweb.Hosting{}, []string{`Workload.Command[1] ` + commandRule + `, got ""` + commandFix}},
		{"a command that starts with an empty string", command("", "x"), apprunnerweb.Hosting{},
			[]string{"Workload.Command must not start with an empty string; leave it out to run the image's own"}},
		{"a token of a list", command(*listToken), apprunnerweb.Hosting{},
			[]string{`Workload.Command[0] must not be a CDK token of a list on App Runner, which takes one string, got "` + *listToken + `"` + commandFix}},

		{"several at once", func(w *web.Workload) { w.Port = 70000; w.Environment = map[string]string{"AWSAPPRUNNER_A": ""} },
			apprunnerweb.Hosting{ServiceName: "a", MinSize: 99}, []string{
				"Workload.Port must be between 1 and 65535, got 70000",
				"Hosting.MinSize must be between 1 and 25, got 99",
				"Hosting.ServiceName must have 4 to 40 " + nameRule + `, got "a" (1)`,
				`Workload.Environment["AWSAPPRUNNER_A"] is set by App Runner itself; choose another name`,
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
	// What a shell could read is refused, because AWS does not say whether one does.
	for _, c := range " \t\n\"'\\$`;|&<>*?#~!(){}[]^é" {
		argument := "a" + string(c)
		t.Run(fmt.Sprintf("an argument with %q", c), func(t *testing.T) {
			hostingtest.WantProblems(t, web.ServiceProps{Workload: web.Workload{Image: workload().Image, Command: []string{argument}}, Hosting: apprunnerweb.Hosting{}},
				fmt.Sprintf("Workload.Command[0] %s, got %q%s", commandRule, argument, commandFix))
		})
	}
}

// importedRole is a role in a stack that is never synthesized.
func importedRole(t *testing.T) awsiam.IRole {
	return awsiam.Role_FromRoleName(newStack(t), new("Imported"), new("access"), nil)
}

// dockerfile is an image that is built here.
func dockerfile(t *testing.T) webimage.Image {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return webimage.Dockerfile(dir, nil)
}

// What depends on the stack's account and region is known when the service is made.
func TestPlaceErrors(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("111111111111"), Region: new("us-east-1")}})
	wantPanic(t, func() {
		apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{AutoDeploymentsEnabled: true, AutoScaling: apprunnerweb.AutoScalingFromARN(scalingARN)})
	},
		`Hosting.AutoScaling must be in the stack's own region us-east-1, got "`+scalingARN+`"`,
		"Hosting.AutoDeploymentsEnabled needs an image in the stack's own account 111111111111, got one in account 123456789012; leave it out, or copy the image")
	if n := len(*stack.Node().Children()); n != 0 {
		t.Errorf("%d constructs are left in the stack after the error", n)
	}

	stack = awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")}})
	apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{AutoDeploymentsEnabled: true, AutoScaling: apprunnerweb.AutoScalingFromARN(scalingARN)})
	templatetest.Of(t, stack)
}

func TestAutoScalingErrors(t *testing.T) {
	stack := newStack(t)
	build := func() {
		apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{Name: "abc", MinSize: 30, MaxConcurrency: -1})
	}
	wantPanic(t, build,
		"MinSize must be between 1 and 25, got 30",
		"MaxConcurrency must be between 1 and 200, got -1",
		"Name must have 4 to 32 "+nameRule+`, got "abc" (3)`)
	hostingtest.WantPanic(t, "Stack/Scaling", "MinSize must be", build)
	if n := len(*stack.Node().Children()); n != 0 {
		t.Errorf("%d constructs are left in the stack after the error", n)
	}
}

// wantPanic fails if a call does not panic with exactly these problems.
func wantPanic(t *testing.T, call func(), want ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		err, _ := r.(error)
		invalid, ok := errors.AsType[*web.InvalidPropsError](err)
		if !ok {
			t.Fatalf("got panic %v, want an *InvalidPropsError", r)
		}
		var got []string
		for _, problem := range invalid.Problems {
			got = append(got, problem.Error())
		}
		if !slices.Equal(got, want) {
			t.Errorf("got problems\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
	}()
	call()
}

// What a user sets on the L1 stays if a variable is added after it, and the variable does not get lost.
func TestAddEnvironmentKeepsTheL1(t *testing.T) {
	const path = "SourceConfiguration.ImageRepository.ImageConfiguration"
	secret := []any{&awsapprunner.CfnService_KeyValuePairProperty{Name: new("KEY"), Value: new("arn:aws:ssm:eu-west-1:123456789012:parameter/key")}}
	// replace replaces all that the service runs, as users do for what has no option.
	replace := func(resources *apprunnerweb.Resources, variables any) {
		resources.Service.SetSourceConfiguration(&awsapprunner.CfnService_SourceConfigurationProperty{
			ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{
				ImageIdentifier: new(privateURI), ImageRepositoryType: new("ECR"),
				ImageConfiguration: &awsapprunner.CfnService_ImageConfigurationProperty{RuntimeEnvironmentSecrets: secret, RuntimeEnvironmentVariables: variables},
			},
		})
	}
	variable := func(name, value string) any {
		return &awsapprunner.CfnService_KeyValuePairProperty{Name: &name, Value: &value}
	}
	build := func() (awscdk.Stack, *web.Service, *apprunnerweb.Resources) {
		stack := newStack(t)
		service, resources := apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{})
		return stack, service, resources
	}

	t.Run("an override", func(t *testing.T) {
		stack, service, resources := build()
		resources.Service.AddPropertyOverride(new(path+".RuntimeEnvironmentSecrets"), []any{map[string]any{"Name": "KEY", "Value": "arn:aws:ssm:eu-west-1:123456789012:parameter/key"}})
		service.AddEnvironment("STAGE", "live")
		template := templatetest.Of(t, stack)
		template.Want(kind, path+".RuntimeEnvironmentSecrets.0.Name", `"KEY"`)
		template.Want(kind, path+".RuntimeEnvironmentVariables", `[{"Name":"PORT","Value":"8080"},{"Name":"STAGE","Value":"live"}]`)
	})
	t.Run("after somebody has resolved the property", func(t *testing.T) {
		stack, service, resources := build()
		stack.Resolve(resources.Service.SourceConfiguration())
		hostingtest.WantPanic(t, "Stack/Site", `AddEnvironment("STAGE") comes too late: the variables were read already, by a synthesis or Stack.Resolve; add variables before`,
			func() { service.AddEnvironment("STAGE", "live") })
		templatetest.Of(t, stack).Want(kind, path+".RuntimeEnvironmentVariables", `[{"Name":"PORT","Value":"8080"}]`)
	})
	t.Run("a replacement with the variable", func(t *testing.T) {
		stack, service, resources := build()
		replace(resources, []any{variable("STAGE", "live")})
		service.AddEnvironment("STAGE", "live")
		template := templatetest.Of(t, stack)
		template.Want(kind, path+".RuntimeEnvironmentSecrets.0.Name", `"KEY"`)
		template.Want(kind, path+".RuntimeEnvironmentVariables", `[{"Name":"STAGE","Value":"live"}]`)
	})
	t.Run("a replacement without variables, and none are added", func(t *testing.T) {
		stack, _, resources := build()
		replace(resources, nil)
		templatetest.Of(t, stack).Want(kind, path, `{"RuntimeEnvironmentSecrets":[{"Name":"KEY","Value":"arn:aws:ssm:eu-west-1:123456789012:parameter/key"}]}`)
	})
	for name, late := range map[string]bool{"a replacement before the variables": false, "a replacement after the variables": true} {
		t.Run(name, func(t *testing.T) {
			stack, service, resources := build()
			if !late {
				replace(resources, nil)
			}
			service.AddEnvironment("STAGE", "live")
			service.AddEnvironment("ZONE", "a")
			if late {
				replace(resources, nil)
			}
			defer func() {
				const want = "[Stack/Site] cdkweb: the variables STAGE, ZONE were added to the service, but its environment was replaced in the L1 construct"
				if r := recover(); !strings.Contains(fmt.Sprint(r), want) {
					t.Errorf("got %v, want the validation's error %q", r, want)
				}
			}()
			stack.Node().Root().(awscdk.App).Synth(nil)
		})
	}
}
