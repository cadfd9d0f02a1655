package fargateweb_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	serviceKind     = "AWS::ECS::Service"
	taskKind        = "AWS::ECS::TaskDefinition"
	clusterKind     = "AWS::ECS::Cluster"
	targetGroupKind = "AWS::ElasticLoadBalancingV2::TargetGroup"
	ruleKind        = "AWS::ElasticLoadBalancingV2::ListenerRule"
	balancerKind    = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	scalableKind    = "AWS::ApplicationAutoScaling::ScalableTarget"
	scalingKind     = "AWS::ApplicationAutoScaling::ScalingPolicy"
	logGroupKind    = "AWS::Logs::LogGroup"
	groupKind       = "AWS::EC2::SecurityGroup"
	ingressKind     = "AWS::EC2::SecurityGroupIngress"
	egressKind      = "AWS::EC2::SecurityGroupEgress"

	privateURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
	publicURI  = "public.ecr.aws/nginx/nginx:1.29"
)

// workload needs no build, so that tests of the hosting's options are fast.
func workload() web.Workload {
	return web.Workload{Image: webimage.URI(privateURI, nil), HealthCheck: web.HealthCheck{Path: "/healthz"}}
}

// portable is an image with the adapter that needs no build.
func portable() webimage.Image {
	return webimage.URI(privateURI, &webimage.ExistingOptions{Adapter: webimage.WithAdapter})
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// newService makes a service of the default workload.
func newService(stack awscdk.Stack, hosting fargateweb.Hosting) (*web.Service, *fargateweb.Resources) {
	return fargateweb.NewService(stack, "Site", workload(), hosting)
}

// newVPC has a public and a private subnet in each of two zones.
func newVPC(stack awscdk.Stack) awsec2.Vpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false)})
}

// importedVPC exists already, with subnets in two zones.
func importedVPC(stack awscdk.Stack, id string) awsec2.IVpc {
	return awsec2.Vpc_FromVpcAttributes(stack, &id, &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef0"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PublicSubnetIds:   &[]*string{new("subnet-0000000a"), new("subnet-0000000b")},
		PrivateSubnetIds:  &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
}

func newLoadBalancer(stack awscdk.Stack, vpc awsec2.IVpc) *webalb.LoadBalancer {
	return webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{VPC: vpc})
}

func newCluster(stack awscdk.Stack, vpc awsec2.IVpc) awsecs.Cluster {
	return awsecs.NewCluster(stack, new("Shared"), &awsecs.ClusterProps{Vpc: vpc})
}

func importedCluster(stack awscdk.Stack, vpc awsec2.IVpc) awsecs.ICluster {
	return awsecs.Cluster_FromClusterAttributes(stack, new("Shared"), &awsecs.ClusterAttributes{ClusterName: new("shared"), Vpc: vpc})
}

func newNamespace(stack awscdk.Stack, vpc awsec2.IVpc) awsservicediscovery.PrivateDnsNamespace {
	return awsservicediscovery.NewPrivateDnsNamespace(stack, new("Namespace"), &awsservicediscovery.PrivateDnsNamespaceProps{Name: new("shop.internal"), Vpc: vpc})
}

func newRole(stack awscdk.Stack, id string) awsiam.Role {
	return awsiam.NewRole(stack, &id, &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(new("ecs-tasks.amazonaws.com"), nil)})
}

func newTaskDefinition(stack awscdk.Stack, architecture awsecs.CpuArchitecture) awsecs.FargateTaskDefinition {
	return awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu: new(512.0), MemoryLimitMiB: new(1024.0),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: architecture, OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX()},
	})
}

func addSidecar(definition awsecs.TaskDefinition) {
	definition.AddContainer(new("Sidecar"), &awsecs.ContainerDefinitionOptions{
		Image:        awsecs.ContainerImage_FromRegistry(new(publicURI), nil),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: new(9000.0)}},
	})
}

// ref and attribute are a reference to the only resource of a kind.
func ref(template templatetest.Template, kind string) string {
	return `{"Ref":"` + template.IDs(kind)[0] + `"}`
}

func attribute(template templatetest.Template, kind, name string) string {
	return `{"Fn::GetAtt":["` + template.IDs(kind)[0] + `","` + name + `"]}`
}

// kinds are the resources in which the options of TestOptions stand, by what its paths start with.
var kinds = map[string]struct{ kind, path string }{
	"Service":      {serviceKind, ""},
	"Task":         {taskKind, ""},
	"Container":    {taskKind, "ContainerDefinitions.0."},
	"TargetGroup":  {targetGroupKind, ""},
	"Rule":         {ruleKind, ""},
	"Count":        {scalableKind, ""},
	"Scaling":      {scalingKind, ""},
	"Tracking":     {scalingKind, "TargetTrackingScalingPolicyConfiguration."},
	"LogGroup":     {logGroupKind, ""},
	"LoadBalancer": {balancerKind, ""},
}

// Each row sets options; the paths start with a name of kinds. An empty value means that there is
// nothing.
func TestOptions(t *testing.T) {
	const token = `{"Ref":"Token"}`
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting fargateweb.Hosting
		own     func(stack awscdk.Stack, h *fargateweb.Hosting) // sets what is made of the stack
		want    map[string]string
	}{
		{name: "defaults", change: func(w *web.Workload) { w.HealthCheck = web.HealthCheck{} }, want: map[string]string{
			"Task.Cpu": `"1024"`, "Task.Memory": `"2048"`, "Task.EphemeralStorage": "",
			"Task.NetworkMode": `"awsvpc"`, "Task.RequiresCompatibilities": `["FARGATE"]`, "Task.Volumes": "",
			"Task.RuntimePlatform":         `{"CpuArchitecture":"X86_64","OperatingSystemFamily":"LINUX"}`,
			"Container.Name":               `"Main"`,
			"Container.Essential":          `true`,
			"Container.PortMappings":       `[{"ContainerPort":8080,"Name":"web","Protocol":"tcp"}]`,
			"Container.Environment":        `[{"Name":"PORT","Value":"8080"}]`,
			"Container.Command":            "",
			"Container.EntryPoint":         "",
			"Container.HealthCheck":        "",
			"Container.LinuxParameters":    "",
			"Container.StopTimeout":        `30`,
			"Container.Ulimits":            "",
			"LogGroup.RetentionInDays":     `30`,
			"LogGroup.LogGroupName":        "",
			"Service.ServiceName":          "",
			"Service.DesiredCount":         "",
			"Service.LaunchType":           "",
			"Service.DeploymentController": "",
			"Service.PlatformVersion":      `"LATEST"`,
			"Service.ServiceRegistries":    "",
			"Service.EnableExecuteCommand": `false`,
			"Service.DeploymentConfiguration": `{"DeploymentCircuitBreaker":{"Enable":true,"Rollback":true},` +
				`"MaximumPercent":200,"MinimumHealthyPercent":100}`,
			"Service.AvailabilityZoneRebalancing":                             `"ENABLED"`,
			"Service.CapacityProviderStrategy":                                `[{"CapacityProvider":"FARGATE","Weight":100}]`,
			"Service.HealthCheckGracePeriodSeconds":                           `60`,
			"Service.NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp": `"ENABLED"`,
			"Count.MinCapacity":                                               `1`, "Count.MaxCapacity": `20`,
			"Count.ScalableDimension": `"ecs:service:DesiredCount"`, "Count.ServiceNamespace": `"ecs"`,
			"Tracking.PredefinedMetricSpecification": `{"PredefinedMetricType":"ECSServiceAverageCPUUtilization"}`,
			"Tracking.TargetValue":                   `60`, "Tracking.ScaleInCooldown": `300`, "Tracking.ScaleOutCooldown": `60`, "Tracking.DisableScaleIn": `false`,
			"TargetGroup.TargetType": `"ip"`, "TargetGroup.Protocol": `"HTTP"`, "TargetGroup.Port": `80`, "TargetGroup.ProtocolVersion": "", "TargetGroup.Name": "",
			"TargetGroup.TargetGroupAttributes": `[{"Key":"deregistration_delay.timeout_seconds","Value":"60"},{"Key":"stickiness.enabled","Value":"false"}]`,
			"Rule.Conditions":                   `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}}]`,
			"LoadBalancer.Scheme":               `"internet-facing"`,
		}},
		{name: "port", change: func(w *web.Workload) { w.Port = 80 }, want: map[string]string{
			"Container.PortMappings.0.ContainerPort": `80`,
			"Container.Environment":                  `[{"Name":"PORT","Value":"80"}]`,
			"Service.LoadBalancers.0.ContainerPort":  `80`,
		}},
		{name: "a port that the target group does not have", change: func(w *web.Workload) { w.Port = 3000 }, want: map[string]string{
			"Service.LoadBalancers.0.ContainerPort": `3000`,
			"TargetGroup.Port":                      `80`, // otherwise a change would replace it
		}},
		{name: "environment in the order of its names", change: func(w *web.Workload) { w.Environment = map[string]string{"Z": "1", "A": "", "M": "x"} }, want: map[string]string{
			"Container.Environment": `[{"Name":"A","Value":""},{"Name":"M","Value":"x"},{"Name":"PORT","Value":"8080"},{"Name":"Z","Value":"1"}]`,
		}},
		{name: "command", change: func(w *web.Workload) { w.Command = []string{"serve", "a b", ""} }, want: map[string]string{"Container.Command": `["serve","a b",""]`}},
		{name: "arm64", change: func(w *web.Workload) {
			w.Image = webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})
		}, want: map[string]string{"Task.RuntimePlatform": `{"CpuArchitecture":"ARM64","OperatingSystemFamily":"LINUX"}`}},
		{name: "CPU and memory", hosting: fargateweb.Hosting{CPU: 4096, Memory: 30720}, want: map[string]string{"Task.Cpu": `"4096"`, "Task.Memory": `"30720"`}},
		{name: "CPU alone gets its least memory", hosting: fargateweb.Hosting{CPU: 256}, want: map[string]string{"Task.Cpu": `"256"`, "Task.Memory": `"512"`}},
		{name: "disk", hosting: fargateweb.Hosting{EphemeralStorage: 200}, want: map[string]string{"Task.EphemeralStorage": `{"SizeInGiB":200}`}},
		{name: "task counts", hosting: fargateweb.Hosting{MinTaskCount: 2, MaxTaskCount: 5}, want: map[string]string{
			"Count.MinCapacity": `2`, "Count.MaxCapacity": `5`, "Service.DesiredCount": "",
		}},
		{name: "a high minimum lifts the maximum", hosting: fargateweb.Hosting{MinTaskCount: 21}, want: map[string]string{"Service.DesiredCount": `21`}},
		{name: "a fixed number of tasks", hosting: fargateweb.Hosting{MinTaskCount: 3, MaxTaskCount: 3}, want: map[string]string{"Service.DesiredCount": `3`}},
		{name: "scaling by memory", hosting: fargateweb.Hosting{AutoScaling: []fargateweb.AutoScaling{{Metric: fargateweb.AverageMemory, TargetValue: 100}}}, want: map[string]string{
			"Tracking.PredefinedMetricSpecification": `{"PredefinedMetricType":"ECSServiceAverageMemoryUtilization"}`, "Tracking.TargetValue": `100`,
		}},
		{name: "cooldowns and no scaling in", hosting: fargateweb.Hosting{AutoScaling: []fargateweb.AutoScaling{
			{Metric: fargateweb.AverageCPU, TargetValue: 1, ScaleInCooldown: time.Hour, ScaleOutCooldown: time.Second, ScaleInDisabled: true},
		}}, want: map[string]string{
			"Tracking.TargetValue": `1`, "Tracking.ScaleInCooldown": `3600`, "Tracking.ScaleOutCooldown": `1`, "Tracking.DisableScaleIn": `true`,
		}},
		{name: "some tasks on Spot", hosting: fargateweb.Hosting{SpotPercentage: 70}, want: map[string]string{
			"Service.CapacityProviderStrategy": `[{"CapacityProvider":"FARGATE","Weight":30},{"CapacityProvider":"FARGATE_SPOT","Weight":70}]`,
		}},
		{name: "all tasks on Spot", hosting: fargateweb.Hosting{SpotPercentage: 100}, want: map[string]string{
			"Service.CapacityProviderStrategy": `[{"CapacityProvider":"FARGATE_SPOT","Weight":100}]`,
		}},
		{name: "a cluster of the user's", own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			h.Cluster = newCluster(stack, importedVPC(stack, "VPC"))
		}, want: map[string]string{
			"Service.LaunchType": `"FARGATE"`, "Service.CapacityProviderStrategy": "",
			"Service.NetworkConfiguration.AwsvpcConfiguration.Subnets": `["subnet-0000000c","subnet-0000000d"]`,
			"LoadBalancer.Subnets": `["subnet-0000000a","subnet-0000000b"]`,
		}},
		{name: "an imported cluster and Spot", hosting: fargateweb.Hosting{SpotPercentage: 50}, own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			h.Cluster = importedCluster(stack, importedVPC(stack, "VPC"))
		}, want: map[string]string{
			"Service.Cluster": `"shared"`, "Service.LaunchType": "",
			"Service.CapacityProviderStrategy": `[{"CapacityProvider":"FARGATE","Weight":50},{"CapacityProvider":"FARGATE_SPOT","Weight":50}]`,
		}},
		{name: "hosts and paths", hosting: fargateweb.Hosting{Hosts: []string{"shop.example.com", "*.example.org"}, Paths: []string{"/api", "/api/*"}, Priority: 7}, want: map[string]string{
			"Rule.Conditions": `[{"Field":"host-header","HostHeaderConfig":{"Values":["shop.example.com","*.example.org"]}},` +
				`{"Field":"path-pattern","PathPatternConfig":{"Values":["/api","/api/*"]}}]`,
			"Rule.Priority": `7`,
		}},
		{name: "hosts alone", hosting: fargateweb.Hosting{Hosts: []string{"shop.example.com"}}, want: map[string]string{
			"Rule.Conditions": `[{"Field":"host-header","HostHeaderConfig":{"Values":["shop.example.com"]}}]`,
		}},
		{name: "sticky sessions", hosting: fargateweb.Hosting{Stickiness: time.Hour}, want: map[string]string{
			"TargetGroup.TargetGroupAttributes": `[{"Key":"deregistration_delay.timeout_seconds","Value":"60"},{"Key":"stickiness.enabled","Value":"true"},` +
				`{"Key":"stickiness.type","Value":"lb_cookie"},{"Key":"stickiness.lb_cookie.duration_seconds","Value":"3600"}]`,
		}},
		{name: "sticky sessions by the server's cookie", hosting: fargateweb.Hosting{Stickiness: 7 * 24 * time.Hour, StickinessCookieName: "SID"}, want: map[string]string{
			"TargetGroup.TargetGroupAttributes": `[{"Key":"deregistration_delay.timeout_seconds","Value":"60"},{"Key":"stickiness.enabled","Value":"true"},` +
				`{"Key":"stickiness.type","Value":"app_cookie"},{"Key":"stickiness.app_cookie.cookie_name","Value":"SID"},` +
				`{"Key":"stickiness.app_cookie.duration_seconds","Value":"604800"}]`,
		}},
		{name: "slow start and deregistration", hosting: fargateweb.Hosting{SlowStart: 30 * time.Second, DeregistrationDelay: time.Hour}, want: map[string]string{
			"TargetGroup.TargetGroupAttributes": `[{"Key":"deregistration_delay.timeout_seconds","Value":"3600"},{"Key":"slow_start.duration_seconds","Value":"30"},` +
				`{"Key":"stickiness.enabled","Value":"false"}]`,
		}},
		{name: "grace period", hosting: fargateweb.Hosting{HealthCheckGracePeriod: 5 * time.Minute}, want: map[string]string{"Service.HealthCheckGracePeriodSeconds": `300`}},
		{name: "percents", hosting: fargateweb.Hosting{MinTaskCount: 4, MinimumHealthyPercent: 50, MaximumPercent: 150}, want: map[string]string{
			"Service.DeploymentConfiguration.MinimumHealthyPercent": `50`, "Service.DeploymentConfiguration.MaximumPercent": `150`,
			"Service.AvailabilityZoneRebalancing": `"ENABLED"`,
		}},
		{name: "never more tasks than there should be", hosting: fargateweb.Hosting{MinTaskCount: 2, MinimumHealthyPercent: 50, MaximumPercent: 100}, want: map[string]string{
			"Service.DeploymentConfiguration.MaximumPercent": `100`, "Service.AvailabilityZoneRebalancing": `"DISABLED"`,
		}},
		{name: "no circuit breaker", hosting: fargateweb.Hosting{CircuitBreakerDisabled: true}, want: map[string]string{
			"Service.DeploymentConfiguration.DeploymentCircuitBreaker": `{"Enable":false,"Rollback":false}`,
		}},
		{name: "no rollback", hosting: fargateweb.Hosting{RollbackDisabled: true}, want: map[string]string{
			"Service.DeploymentConfiguration.DeploymentCircuitBreaker": `{"Enable":true,"Rollback":false}`,
		}},
		{name: "service name", hosting: fargateweb.Hosting{ServiceName: "site_1"}, want: map[string]string{"Service.ServiceName": `"site_1"`}},
		{name: "ECS Exec", hosting: fargateweb.Hosting{EnableExecuteCommand: true}, want: map[string]string{"Service.EnableExecuteCommand": `true`}},
		{name: "platform version", hosting: fargateweb.Hosting{PlatformVersion: awsecs.FargatePlatformVersion_VERSION1_4}, want: map[string]string{"Service.PlatformVersion": `"1.4.0"`}},
		{name: "service discovery", own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			h.VPC = importedVPC(stack, "VPC")
			h.ServiceDiscovery = &awsecs.CloudMapOptions{CloudMapNamespace: newNamespace(stack, h.VPC), Name: new("site")}
		}, want: map[string]string{
			"Service.ServiceRegistries.0.ContainerName": "", // an A record has no port
			"Service.ServiceRegistries.0.ContainerPort": "",
		}},
		{name: "entry point", hosting: fargateweb.Hosting{EntryPoint: []string{"/bin/server", ""}}, want: map[string]string{"Container.EntryPoint": `["/bin/server",""]`}},
		{name: "stop timeout", hosting: fargateweb.Hosting{StopTimeout: 2 * time.Minute}, want: map[string]string{"Container.StopTimeout": `120`}},
		{name: "limits", hosting: fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{{Name: awsecs.UlimitName_NOFILE, SoftLimit: new(1024.0), HardLimit: new(4096.0)}}}, want: map[string]string{
			"Container.Ulimits": `[{"HardLimit":4096,"Name":"nofile","SoftLimit":1024}]`,
		}},
		{name: "a file system to read", hosting: fargateweb.Hosting{ReadonlyRootFilesystem: true}, want: map[string]string{
			"Container.ReadonlyRootFilesystem": `true`,
			"Container.LinuxParameters.Tmpfs":  `[{"ContainerPath":"/tmp","MountOptions":["nosuid","nodev"],"Size":64}]`,
		}},
		{name: "days of logs", hosting: fargateweb.Hosting{LogRetentionInDays: 365}, want: map[string]string{"LogGroup.RetentionInDays": `365`}},
		{name: "a log group of the user's", own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			h.LogGroup = awslogs.LogGroup_FromLogGroupName(stack, new("Logs"), new("site"))
		}, want: map[string]string{"Container.LogConfiguration.Options.awslogs-group": `"site"`}},
		{name: "log streams", hosting: fargateweb.Hosting{LogStreamPrefix: "site/live"}, want: map[string]string{
			"Container.LogConfiguration": `{"LogDriver":"awslogs","Options":{"awslogs-group":{"Ref":"SiteFargateLogGroup2122D686"},` +
				`"awslogs-region":{"Ref":"AWS::Region"},"awslogs-stream-prefix":"site/live"}}`,
		}},
		{name: "another log driver", own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			token := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, new("Token"),
				&awsssm.SecureStringParameterAttributes{ParameterName: new("/splunk/token")})
			h.LogDriver = awsecs.LogDrivers_Splunk(&awsecs.SplunkLogDriverProps{
				Url: new("https://splunk.example.com"), SecretToken: awsecs.Secret_FromSsmParameter(token),
			})
		}, want: map[string]string{
			"Container.LogConfiguration.LogDriver": `"splunk"`,
			"Container.LogConfiguration.Options":   `{"splunk-url":"https://splunk.example.com"}`,
		}},
		{name: "tokens", own: func(stack awscdk.Stack, h *fargateweb.Hosting) {
			token := *awscdk.NewCfnParameter(stack, new("Token"), nil).ValueAsString()
			*h = fargateweb.Hosting{
				Hosts: []string{token}, Paths: []string{token}, Stickiness: time.Minute, StickinessCookieName: token,
				ServiceName: token, EntryPoint: []string{token}, LogStreamPrefix: token,
			}
		}, want: map[string]string{
			"Rule.Conditions": `[{"Field":"host-header","HostHeaderConfig":{"Values":[` + token + `]}},{"Field":"path-pattern","PathPatternConfig":{"Values":[` + token + `]}}]`,
			"TargetGroup.TargetGroupAttributes.3.Value":                token,
			"Service.ServiceName":                                      token,
			"Container.EntryPoint":                                     `[` + token + `]`,
			"Container.LogConfiguration.Options.awslogs-stream-prefix": token,
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
			fargateweb.NewService(stack, "Site", w, test.hosting)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				name, path, _ := strings.Cut(path, ".")
				template.Want(kinds[name].kind, kinds[name].path+path, want)
			}
		})
	}
}

// goldens are typical services, by the name of the file that shows their resources.
var goldens = map[string]func(stack awscdk.Stack){
	"default": func(stack awscdk.Stack) { newService(stack, fargateweb.Hosting{}) },
	"public image": func(stack awscdk.Stack) {
		fargateweb.NewService(stack, "Site", web.Workload{Image: webimage.URI(publicURI, nil), Port: 80}, fargateweb.Hosting{})
	},
	"repository of the stack": func(stack awscdk.Stack) {
		w := web.Workload{Image: webimage.ECR(awsecr.NewRepository(stack, new("Repository"), nil), "", nil)}
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{})
	},
	"workload in a VPC": func(stack awscdk.Stack) {
		w := workload()
		w.VPC = newVPC(stack)
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{})
	},
	"secrets": func(stack awscdk.Stack) {
		w := workload()
		w.Secrets = hostingtest.Secrets(stack)
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{})
	},
	"arm64": func(stack awscdk.Stack) {
		w := web.Workload{Image: webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})}
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{CPU: 256})
	},
	"VPC": func(stack awscdk.Stack) { newService(stack, fargateweb.Hosting{VPC: newVPC(stack)}) },
	"every option": func(stack awscdk.Stack) {
		vpc := importedVPC(stack, "VPC")
		w := web.Workload{
			Image:       portable(),
			Port:        8000,
			Command:     []string{"serve", "--verbose"},
			Environment: map[string]string{"STAGE": "test"},
			HealthCheck: web.HealthCheck{
				Path: "/healthz", StatusCodes: "200,204", Interval: 20 * time.Second, Timeout: 10 * time.Second, HealthyThreshold: 3, UnhealthyThreshold: 4,
			},
			Needs: web.Needs{StickySessions: true, WebSockets: true},
		}
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{
			CPU: 512, Memory: 3072, EphemeralStorage: 30,
			MinTaskCount: 2, MaxTaskCount: 4, SpotPercentage: 50,
			AutoScaling: []fargateweb.AutoScaling{
				{Metric: fargateweb.AverageCPU, TargetValue: 70},
				{Metric: fargateweb.AverageMemory, TargetValue: 80, ScaleInDisabled: true},
				{Metric: fargateweb.RequestCountPerTarget, TargetValue: 1000, ScaleInCooldown: 10 * time.Minute, ScaleOutCooldown: 30 * time.Second},
			},
			LoadBalancer: newLoadBalancer(stack, vpc), Hosts: []string{"shop.example.com"}, Paths: []string{"/shop", "/shop/*"}, Priority: 10,
			Stickiness: time.Hour, StickinessCookieName: "session", SlowStart: time.Minute, DeregistrationDelay: 2 * time.Minute,
			HealthCheckGracePeriod: 90 * time.Second, MinimumHealthyPercent: 50, MaximumPercent: 150, RollbackDisabled: true,
			ServiceName: "site",
			VPCSubnets:  &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
			SecurityGroups: []awsec2.ISecurityGroup{
				awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil),
			},
			ServiceDiscovery: &awsecs.CloudMapOptions{CloudMapNamespace: newNamespace(stack, vpc), Name: new("site")},
			PlatformVersion:  awsecs.FargatePlatformVersion_VERSION1_4,
			EntryPoint:       []string{"/bin/server"}, StopTimeout: time.Minute,
			Ulimits:              []*awsecs.Ulimit{{Name: awsecs.UlimitName_NOFILE, SoftLimit: new(1024.0), HardLimit: new(4096.0)}},
			ContainerHealthCheck: true, ReadonlyRootFilesystem: true,
			LogRetentionInDays: 7, LogStreamPrefix: "site",
		})
	},
	"ECS Exec": func(stack awscdk.Stack) {
		newService(stack, fargateweb.Hosting{MinTaskCount: 2, MaxTaskCount: 2, EnableExecuteCommand: true, CircuitBreakerDisabled: true})
	},
	"resources of the user": func(stack awscdk.Stack) {
		vpc := newVPC(stack)
		w := workload()
		w.Role = newRole(stack, "TaskRole")
		fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{
			LoadBalancer:  newLoadBalancer(stack, vpc),
			Cluster:       newCluster(stack, vpc),
			LogGroup:      awslogs.LogGroup_FromLogGroupName(stack, new("Logs"), new("site")),
			ExecutionRole: newRole(stack, "ExecutionRole"),
		})
	},
	"task definition of the user": func(stack awscdk.Stack) {
		definition := newTaskDefinition(stack, awsecs.CpuArchitecture_ARM64())
		addSidecar(definition) // the first container is what ECS and the CDK take if they are not told
		w := web.Workload{
			Image:       webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64}),
			Environment: map[string]string{"Z": "1", "A": "2"},
		}
		service, _ := fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{TaskDefinition: definition})
		service.AddEnvironment("ADDED", "3")
	},
}

// One golden template shows the resources of each kind of service.
func TestGolden(t *testing.T) {
	for name, build := range goldens {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}

// shared is a load balancer in a stack, and a service in each of two others.
func shared(app awscdk.App) (edge, shop, blog awscdk.Stack) {
	edge, shop, blog = awscdk.NewStack(app, new("Edge"), nil), awscdk.NewStack(app, new("Shop"), nil), awscdk.NewStack(app, new("Blog"), nil)
	balancer := newLoadBalancer(edge, nil)
	newService(shop, fargateweb.Hosting{LoadBalancer: balancer})
	newService(blog, fargateweb.Hosting{
		LoadBalancer: balancer, Paths: []string{"/blog/*"},
		AutoScaling: []fargateweb.AutoScaling{{Metric: fargateweb.RequestCountPerTarget, TargetValue: 600}},
	})
	return edge, shop, blog
}

// Services of two stacks share the load balancer of a third, which knows nothing of them: what
// lets it reach a service belongs to that service's stack, and stacks come and go one by one.
func TestGoldenShared(t *testing.T) {
	edge, shop, blog := shared(webtest.NewApp(t))
	for name, stack := range map[string]awscdk.Stack{"load balancer": edge, "one service": shop, "another service": blog} {
		t.Run(name, func(t *testing.T) { webtest.Snapshot(t, stack) })
	}
	for _, stack := range []awscdk.Stack{shop, blog} {
		template := templatetest.Of(t, stack)
		group := attribute(template, groupKind, "GroupId")
		if got := templatetest.JSON(t, template.Get(ingressKind, "GroupId")); got != group {
			t.Errorf("%s lets the load balancer in to %s, want its own group %s", *stack.StackName(), got, group)
		}
		if got := templatetest.JSON(t, template.Get(egressKind, "DestinationSecurityGroupId")); got != group {
			t.Errorf("%s lets the load balancer out to %s, want its own group %s", *stack.StackName(), got, group)
		}
	}
	for _, id := range templatetest.Of(t, edge).IDs(ingressKind, egressKind, ruleKind, targetGroupKind) {
		t.Errorf("the load balancer's stack has %s, want nothing of the services there", id)
	}
	for _, stack := range *edge.Dependencies() {
		t.Errorf("the load balancer's stack depends on %s, want on none", *stack.StackName())
	}
}
