package fargateweb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

func nofile(soft, hard float64) *awsecs.Ulimit {
	return &awsecs.Ulimit{Name: awsecs.UlimitName_NOFILE, SoftLimit: &soft, HardLimit: &hard}
}

func TestValidate(t *testing.T) {
	const (
		cpus    = "Hosting.CPU must be 256, 512, 1024, 2048, 4096, 8192 or 16384"
		metrics = "must be fargateweb.AverageCPU, fargateweb.AverageMemory or fargateweb.RequestCountPerTarget"
		cookie  = "Hosting.StickinessCookieName must have 1 to 256 characters that a cookie's name may have"
		ulimit  = "Hosting.Ulimits[0] must have a SoftLimit that is not greater than HardLimit, whole numbers of at least 1"
		names   = "Hosting.ServiceName must have 1 to 255 letters, digits, hyphens and underscores"
		prefix  = "Hosting.LogStreamPrefix must have 1 to 474 characters but : and *"
	)
	type scaling = []fargateweb.AutoScaling
	for _, test := range []struct {
		name    string
		change  func(w *web.Workload)
		hosting fargateweb.Hosting
		want    []string
	}{
		{"nothing", nil, fargateweb.Hosting{}, nil},
		{"the least of everything", nil, fargateweb.Hosting{
			CPU: 256, Memory: 512, EphemeralStorage: 21, MinTaskCount: 1, MaxTaskCount: 2, Priority: 1,
			Stickiness: time.Second, SlowStart: 30 * time.Second, DeregistrationDelay: time.Second, HealthCheckGracePeriod: time.Second,
			MinimumHealthyPercent: 1, StopTimeout: 2 * time.Second, ServiceName: "a", LogRetentionInDays: 1, LogStreamPrefix: "a",
			AutoScaling: scaling{{Metric: fargateweb.RequestCountPerTarget, TargetValue: 1, ScaleInCooldown: time.Second, ScaleOutCooldown: time.Second}},
			Ulimits:     []*awsecs.Ulimit{nofile(1, 1)},
		}, nil},
		{"the most of everything", nil, fargateweb.Hosting{
			CPU: 16384, Memory: 122880, EphemeralStorage: 200, MinTaskCount: 5000, MaxTaskCount: 5001, Priority: 50000, SpotPercentage: 100,
			Stickiness: 7 * 24 * time.Hour, SlowStart: 900 * time.Second, DeregistrationDelay: time.Hour, HealthCheckGracePeriod: (1<<31 - 1) * time.Second,
			MinimumHealthyPercent: 100, MaximumPercent: 200, StopTimeout: 2 * time.Minute, ServiceName: strings.Repeat("a", 255),
			LogRetentionInDays: 3653, LogStreamPrefix: strings.Repeat("a", 474), StickinessCookieName: strings.Repeat("a", 256),
			AutoScaling: scaling{{Metric: fargateweb.AverageMemory, TargetValue: 100, ScaleInCooldown: time.Hour, ScaleOutCooldown: time.Hour}},
		}, nil},

		{"a CPU that Fargate does not have", nil, fargateweb.Hosting{CPU: 300}, []string{cpus + ", got 300; the nearest is 256 or 512"}},
		{"memory that the CPU does not take", nil, fargateweb.Hosting{CPU: 512, Memory: 8192},
			[]string{"Hosting.Memory is 8192, which is not sold with CPU 512; choose Memory 4096, or CPU 1024"}},
		{"memory that the default CPU does not take", nil, fargateweb.Hosting{Memory: 512},
			[]string{"Hosting.Memory is 512, which is not sold with CPU 1024; choose Memory 2048, or CPU 256"}},
		{"a disk that is not sold", nil, fargateweb.Hosting{EphemeralStorage: 20}, []string{"Hosting.EphemeralStorage must be between 21 and 200 GiB, got 20"}},
		{"a disk too large", nil, fargateweb.Hosting{EphemeralStorage: 201}, []string{"Hosting.EphemeralStorage must be between 21 and 200 GiB, got 201"}},

		{"task counts out of range", nil, fargateweb.Hosting{MinTaskCount: -1, MaxTaskCount: -2}, []string{
			"Hosting.MinTaskCount must be at least 1, got -1; what runs nothing while there are no requests is lambdaweb.Hosting{}",
			"Hosting.MaxTaskCount must be at least 1, got -2"}},
		{"MinTaskCount above MaxTaskCount", nil, fargateweb.Hosting{MinTaskCount: 3, MaxTaskCount: 2},
			[]string{"Hosting.MinTaskCount must not be greater than MaxTaskCount, got 3 and 2; lower the one or raise the other"}},
		{"metrics for a fixed number of tasks", nil, fargateweb.Hosting{
			MinTaskCount: 2, MaxTaskCount: 2, AutoScaling: scaling{{Metric: fargateweb.AverageCPU, TargetValue: 50}},
		}, []string{"Hosting.AutoScaling has no meaning: MinTaskCount and MaxTaskCount are both 2; raise MaxTaskCount, or leave it out"}},
		{"a metric missing", nil, fargateweb.Hosting{AutoScaling: scaling{{TargetValue: 50}}},
			[]string{"Hosting.AutoScaling[0].Metric is required; set it to fargateweb.AverageCPU, for instance"}},
		{"an unknown metric", nil, fargateweb.Hosting{AutoScaling: scaling{{Metric: "CPU", TargetValue: 50}}},
			[]string{"Hosting.AutoScaling[0].Metric " + metrics + `, got "CPU"`}},
		{"the same metric twice", nil, fargateweb.Hosting{AutoScaling: scaling{
			{Metric: fargateweb.AverageCPU, TargetValue: 50}, {Metric: fargateweb.AverageMemory, TargetValue: 50}, {Metric: fargateweb.AverageCPU, TargetValue: 60},
		}}, []string{"Hosting.AutoScaling[2].Metric is there twice; leave one of them out"}},
		{"no target", nil, fargateweb.Hosting{AutoScaling: scaling{{Metric: fargateweb.AverageCPU}}},
			[]string{"Hosting.AutoScaling[0].TargetValue is required; set it to the value of the metric that is kept"}},
		{"more than all of the memory", nil, fargateweb.Hosting{AutoScaling: scaling{{Metric: fargateweb.AverageMemory, TargetValue: 101}}},
			[]string{"Hosting.AutoScaling[0].TargetValue must be between 1 and 100 percent, got 101"}},
		{"no requests", nil, fargateweb.Hosting{AutoScaling: scaling{{Metric: fargateweb.RequestCountPerTarget}}},
			[]string{"Hosting.AutoScaling[0].TargetValue is required; set it to the value of the metric that is kept"}},
		{"cooldowns out of range", nil, fargateweb.Hosting{AutoScaling: scaling{
			{Metric: fargateweb.AverageCPU, TargetValue: 50, ScaleInCooldown: time.Hour + time.Second, ScaleOutCooldown: 1500 * time.Millisecond},
		}}, []string{
			"Hosting.AutoScaling[0].ScaleInCooldown must be whole seconds from 1s to 3600s, got 1h0m1s",
			"Hosting.AutoScaling[0].ScaleOutCooldown must be whole seconds from 1s to 3600s, got 1.5s"}},
		{"less than nothing on Spot", nil, fargateweb.Hosting{SpotPercentage: -1}, []string{"Hosting.SpotPercentage must be between 0 and 100, got -1"}},
		{"more than all on Spot", nil, fargateweb.Hosting{SpotPercentage: 101}, []string{"Hosting.SpotPercentage must be between 0 and 100, got 101"}},

		{"hosts, paths and a priority that no rule takes", nil, fargateweb.Hosting{Hosts: []string{"localhost"}, Paths: []string{"api"}, Priority: 50001}, []string{
			`Hosting.Hosts[0] must be a host name of up to 128 characters, such as shop.example.com or *.example.com, and letters only after the last dot, got "localhost"`,
			"Hosting.Paths[0] must start with a slash or * and have up to 128 letters, digits and _-.$/~\"'@:+&*?" + `, got "api"; write "/api"`,
			"Hosting.Priority must be between 1 and 50000, got 50001; leave it out for one that fits"}},
		{"times of the load balancer out of range", nil, fargateweb.Hosting{
			Stickiness: 7*24*time.Hour + time.Second, SlowStart: 29 * time.Second, DeregistrationDelay: -time.Second, HealthCheckGracePeriod: time.Millisecond,
		}, []string{
			"Hosting.Stickiness must be whole seconds from 1s to 604800s, got 168h0m1s",
			"Hosting.SlowStart must be whole seconds from 30s to 900s, got 29s",
			"Hosting.DeregistrationDelay must be whole seconds from 1s to 3600s, got -1s",
			"Hosting.HealthCheckGracePeriod must be whole seconds from 1s to 2147483647s, got 1ms"}},
		{"a slow start too slow", nil, fargateweb.Hosting{SlowStart: 901 * time.Second}, []string{"Hosting.SlowStart must be whole seconds from 30s to 900s, got 15m1s"}},
		{"a cookie alone", nil, fargateweb.Hosting{StickinessCookieName: "SID"},
			[]string{"Hosting.StickinessCookieName needs Stickiness; set it to how long a client sticks to a task"}},
		{"a cookie with a space", nil, fargateweb.Hosting{Stickiness: time.Hour, StickinessCookieName: "a b"}, []string{cookie + `, got "a b"`}},
		{"a cookie with its value", nil, fargateweb.Hosting{Stickiness: time.Hour, StickinessCookieName: "SID=1"}, []string{cookie + `, got "SID=1"`}},
		{"a cookie too long", nil, fargateweb.Hosting{Stickiness: time.Hour, StickinessCookieName: strings.Repeat("a", 257)},
			[]string{cookie + `, got "` + strings.Repeat("a", 257) + `" (257)`}},
		{"the load balancer's cookie", nil, fargateweb.Hosting{Stickiness: time.Hour, StickinessCookieName: "AWSALBAPP-0"},
			[]string{`Hosting.StickinessCookieName must not be one of the load balancer's own, which start with AWSALB, got "AWSALBAPP-0"; name a cookie of the server's, or leave it out`}},

		{"percents out of range", nil, fargateweb.Hosting{MinimumHealthyPercent: 101, MaximumPercent: 99},
			[]string{"Hosting.MinimumHealthyPercent must be between 1 and 100, got 101", "Hosting.MaximumPercent must be between 100 and 200, got 99"}},
		{"percents out of range on the other side", nil, fargateweb.Hosting{MinimumHealthyPercent: -1, MaximumPercent: 201},
			[]string{"Hosting.MinimumHealthyPercent must be between 1 and 100, got -1", "Hosting.MaximumPercent must be between 100 and 200, got 201"}},
		{"no room for the only task", nil, fargateweb.Hosting{MinimumHealthyPercent: 50, MaximumPercent: 150}, []string{
			"Hosting.MaximumPercent must leave room to replace a task: with MinTaskCount 1, 50 to 150 percent are 1 to 1 tasks; raise it, or lower MinimumHealthyPercent"}},
		{"no room for two tasks", nil, fargateweb.Hosting{MinTaskCount: 2, MinimumHealthyPercent: 51, MaximumPercent: 149}, []string{
			"Hosting.MaximumPercent must leave room to replace a task: with MinTaskCount 2, 51 to 149 percent are 2 to 2 tasks; raise it, or lower MinimumHealthyPercent"}},
		{"room for one of two tasks", nil, fargateweb.Hosting{MinTaskCount: 2, MinimumHealthyPercent: 50, MaximumPercent: 100}, nil},
		{"room for a third task", nil, fargateweb.Hosting{MinTaskCount: 2, MaximumPercent: 150}, nil},
		{"no circuit breaker and no rollback", nil, fargateweb.Hosting{CircuitBreakerDisabled: true, RollbackDisabled: true},
			[]string{"Hosting.CircuitBreakerDisabled excludes RollbackDisabled; without a circuit breaker nothing is rolled back"}},
		{"a name with wrong letters", nil, fargateweb.Hosting{ServiceName: "my site"}, []string{names + `, got "my site"`}},
		{"a name too long", nil, fargateweb.Hosting{ServiceName: strings.Repeat("a", 256)}, []string{names + `, got "` + strings.Repeat("a", 256) + `" (256)`}},

		{"subnets without a VPC", nil, fargateweb.Hosting{VPCSubnets: &awsec2.SubnetSelection{}},
			[]string{"Hosting.VPCSubnets needs VPC, the one that they are in; without both the service has a VPC of its own"}},
		{"no security group where one should be", nil, fargateweb.Hosting{SecurityGroups: []awsec2.ISecurityGroup{nil}}, []string{"Hosting.SecurityGroups[0] must not be nil"}},
		{"an unknown platform version", nil, fargateweb.Hosting{PlatformVersion: awsecs.FargatePlatformVersion_VERSION1_3},
			[]string{`Hosting.PlatformVersion must be awsecs.FargatePlatformVersion_LATEST or awsecs.FargatePlatformVersion_VERSION1_4, got "VERSION1_3"`}},
		{"discovery without a namespace", nil, fargateweb.Hosting{ServiceDiscovery: &awsecs.CloudMapOptions{Name: new("site")}},
			[]string{"Hosting.ServiceDiscovery.CloudMapNamespace is required; set it, or pass a Cluster with a DefaultCloudMapNamespace"}},

		{"an entry point that is empty", nil, fargateweb.Hosting{EntryPoint: []string{"", "serve"}},
			[]string{"Hosting.EntryPoint must not start with an empty string; leave it out to run the image's own"}},
		{"a stop too short", nil, fargateweb.Hosting{StopTimeout: time.Second}, []string{"Hosting.StopTimeout must be whole seconds from 2s to 120s, got 1s"}},
		{"a stop too long", nil, fargateweb.Hosting{StopTimeout: 121 * time.Second}, []string{"Hosting.StopTimeout must be whole seconds from 2s to 120s, got 2m1s"}},
		{"a limit that is nil", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{nil}}, []string{"Hosting.Ulimits[0] must not be nil"}},
		{"a limit that Fargate does not take", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{{Name: awsecs.UlimitName_CORE, SoftLimit: new(1.0), HardLimit: new(1.0)}}},
			[]string{`Hosting.Ulimits[0].Name must be awsecs.UlimitName_NOFILE, the only one that Fargate takes, got "CORE"`}},
		{"a soft limit above the hard one", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{nofile(2, 1)}}, []string{ulimit}},
		{"half a file", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{nofile(1.5, 2)}}, []string{ulimit}},
		{"a limit of nothing", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{nofile(0, 1)}}, []string{ulimit}},
		{"half of a limit", nil, fargateweb.Hosting{Ulimits: []*awsecs.Ulimit{{Name: awsecs.UlimitName_NOFILE, SoftLimit: new(1.0)}}}, []string{ulimit}},
		{"ECS Exec where nothing can be written", nil, fargateweb.Hosting{ReadonlyRootFilesystem: true, EnableExecuteCommand: true},
			[]string{"Hosting.ReadonlyRootFilesystem excludes EnableExecuteCommand; the agent of ECS Exec must write files"}},
		{"a check in the container without the adapter", nil, fargateweb.Hosting{ContainerHealthCheck: true}, []string{
			"Hosting.ContainerHealthCheck needs the adapter in the image, which makes the requests; " +
				"build the image with webimage.Go or webimage.Dockerfile, or leave it out: the load balancer checks anyway"}},
		{"a check in the container with it", func(w *web.Workload) { w.Image = portable() }, fargateweb.Hosting{ContainerHealthCheck: true}, nil},
		{"a retention that CloudWatch Logs does not know", nil, fargateweb.Hosting{LogRetentionInDays: 10}, []string{
			"Hosting.LogRetentionInDays must be 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653, got 10"}},
		{"a prefix of log streams with a colon", nil, fargateweb.Hosting{LogStreamPrefix: "a:b"}, []string{prefix + `, got "a:b"`}},
		{"a prefix of log streams too long", nil, fargateweb.Hosting{LogStreamPrefix: strings.Repeat("a", 475)}, []string{prefix + `, got "` + strings.Repeat("a", 475) + `" (475)`}},

		{"an interval that load balancers do not take", func(w *web.Workload) { w.HealthCheck.Interval = 4 * time.Second }, fargateweb.Hosting{},
			[]string{"Workload.HealthCheck.Interval must be whole seconds from 5s to 300s, got 4s"}},
		{"reserved names", func(w *web.Workload) {
			w.Environment = map[string]string{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "x", "ECS_AGENT_URI": "x", "AWS_REGION": "eu-west-1"} // the last is not
		}, fargateweb.Hosting{}, []string{
			`Workload.Environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] is set by ECS on Fargate itself; choose another name`,
			`Workload.Environment["ECS_AGENT_URI"] is set by ECS on Fargate itself; choose another name`}},
		{"several at once", func(w *web.Workload) { w.Port = 70000 }, fargateweb.Hosting{CPU: 3, MinTaskCount: -1, MaximumPercent: 1, ServiceName: "a b", StopTimeout: 1}, []string{
			"Workload.Port must be between 1 and 65535, got 70000",
			cpus + ", got 3; the nearest is 256",
			"Hosting.MinTaskCount must be at least 1, got -1; what runs nothing while there are no requests is lambdaweb.Hosting{}",
			"Hosting.MaximumPercent must be between 100 and 200, got 1",
			names + `, got "a b"`,
			"Hosting.StopTimeout must be whole seconds from 2s to 120s, got 1ns"}},
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

// What resources of the CDK have to say is only known with Node.
func TestValidateResources(t *testing.T) {
	type hosting = fargateweb.Hosting
	const (
		otherVPC = "Hosting.Cluster must be in the VPC of the load balancer and the tasks; make it with awsecs.NewCluster and that Vpc, or leave it out"
		noVPC    = "Hosting.Cluster was imported without its VPC: vpc is not available for a Cluster imported using fromClusterArn(), " +
			"please use fromClusterAttributes() instead; set Vpc when you import it"
		mixed = "Hosting.VPCSubnets must be all public or all private, got public PublicSubnet1 and private PrivateSubnet2; " +
			"choose awsec2.SubnetType_PUBLIC for tasks with public addresses, or awsec2.SubnetType_PRIVATE_WITH_EGRESS"
		excluded = "Hosting.TaskDefinition excludes CPU, Memory, EphemeralStorage and ExecutionRole; set them in the task definition"
		driver   = "Hosting.LogDriver excludes LogGroup, LogRetentionInDays, LogEncryptionKey and LogStreamPrefix; set them on the driver"
	)
	arn := func(stack awscdk.Stack) awsecs.ICluster {
		return awsecs.Cluster_FromClusterArn(stack, new("Shared"), new("arn:aws:ecs:eu-west-1:123456789012:cluster/shared"))
	}
	unknownVPC := func(stack awscdk.Stack) awsec2.IVpc {
		return awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
			VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		})
	}
	publicVPC := func(stack awscdk.Stack, zones ...*string) awsec2.IVpc { // with two public subnets
		return awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
			VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &zones,
			PublicSubnetIds: &[]*string{new("subnet-0000000a"), new("subnet-0000000b")},
		})
	}
	firelens := awsecs.LogDrivers_Firelens(&awsecs.FireLensLogDriverProps{})
	for _, test := range []struct {
		name    string
		change  func(stack awscdk.Stack, w *web.Workload)
		hosting func(stack awscdk.Stack) hosting
		want    []string
	}{
		{"a VPC beside a load balancer", nil, func(stack awscdk.Stack) hosting {
			vpc := importedVPC(stack, "VPC")
			return hosting{VPC: vpc, LoadBalancer: newLoadBalancer(stack, vpc)}
		}, []string{"Hosting.VPC excludes LoadBalancer; the service is in the load balancer's VPC"}},
		{"a VPC beside a cluster", nil, func(stack awscdk.Stack) hosting {
			vpc := importedVPC(stack, "VPC")
			return hosting{VPC: vpc, Cluster: newCluster(stack, vpc)}
		}, []string{"Hosting.VPC excludes Cluster; the service is in the cluster's VPC"}},
		{"a cluster, and a load balancer that nobody made", nil, func(stack awscdk.Stack) hosting {
			return hosting{Cluster: awsecs.NewCluster(stack, new("Cluster"), nil), LoadBalancer: &webalb.LoadBalancer{}}
		}, []string{
			`Hosting.LoadBalancer must be one of webalb.NewLoadBalancer or webalb.FromListener; make one with webalb.NewLoadBalancer(stack, "Front", nil)`,
		}},
		{"a cluster of another VPC than the load balancer's", nil, func(stack awscdk.Stack) hosting {
			return hosting{LoadBalancer: newLoadBalancer(stack, nil), Cluster: newCluster(stack, importedVPC(stack, "VPC"))}
		}, []string{otherVPC}},
		{"one VPC that was imported twice", nil, func(stack awscdk.Stack) hosting {
			return hosting{LoadBalancer: newLoadBalancer(stack, importedVPC(stack, "VPC")), Cluster: newCluster(stack, importedVPC(stack, "Same"))}
		}, nil},
		{"a cluster that was imported without its VPC", nil, func(stack awscdk.Stack) hosting { return hosting{Cluster: arn(stack)} }, []string{noVPC}},
		{"a cluster without its VPC and a load balancer", nil, func(stack awscdk.Stack) hosting {
			return hosting{LoadBalancer: newLoadBalancer(stack, nil), Cluster: arn(stack)}
		}, []string{noVPC}},
		{"a VPC that was imported without subnets", nil, func(stack awscdk.Stack) hosting { return hosting{VPC: unknownVPC(stack)} },
			[]string{"Hosting.VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"}},
		{"a cluster's VPC that was imported without subnets", nil, func(stack awscdk.Stack) hosting { return hosting{Cluster: importedCluster(stack, unknownVPC(stack))} },
			[]string{"Hosting.Cluster.Vpc has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"}},
		{"a load balancer's VPC that was imported without subnets", nil, func(stack awscdk.Stack) hosting {
			vpc := unknownVPC(stack)
			subnets := &awsec2.SubnetSelection{Subnets: importedVPC(stack, "Named").PublicSubnets()}
			return hosting{LoadBalancer: webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{VPC: vpc, VPCSubnets: subnets})}
		}, []string{"Hosting.LoadBalancer.VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"}},
		{"a load balancer's VPC without subnets, and those of the tasks", nil, func(stack awscdk.Stack) hosting {
			named := importedVPC(stack, "Named")
			h := inSubnets(nil, *named.PrivateSubnets()...)
			h.LoadBalancer = webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{
				VPC: unknownVPC(stack), VPCSubnets: &awsec2.SubnetSelection{Subnets: named.PublicSubnets()},
			})
			return h
		}, nil},
		{"isolated subnets alone", nil, func(stack awscdk.Stack) hosting {
			vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), RestrictDefaultSecurityGroup: new(false),
				SubnetConfiguration: &[]*awsec2.SubnetConfiguration{{Name: new("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}}})
			return hosting{LoadBalancer: webalb.NewLoadBalancer(stack, "Balancer", &webalb.LoadBalancerProps{VPC: vpc, Internal: true})}
		}, []string{"Hosting.LoadBalancer.VPC has only isolated subnets, from which tasks can neither pull the image nor log; " +
			"add others, or choose them with VPCSubnets if the VPC has endpoints for that"}},
		{"isolated subnets that were chosen", nil, func(stack awscdk.Stack) hosting {
			vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(0.0), RestrictDefaultSecurityGroup: new(false)})
			return hosting{VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}}
		}, nil},
		{"no public subnets for a load balancer", nil, func(stack awscdk.Stack) hosting {
			return hosting{VPC: awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
				VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
				PrivateSubnetIds: &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
			})}
		}, []string{"Hosting.VPC must have public subnets in at least two availability zones for the service's own load balancer, got 0 subnet(s) in 0; " +
			"add some, or set Private for clients in the VPC"}},
		{"public subnets in one zone", nil, func(stack awscdk.Stack) hosting { return hosting{VPC: publicVPC(stack, new("eu-west-1a"))} },
			[]string{"Hosting.VPC must have public subnets in at least two availability zones for the service's own load balancer, got 2 subnet(s) in 1; " +
				"add some, or set Private for clients in the VPC"}},
		{"public and private subnets", nil, func(stack awscdk.Stack) hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0], (*vpc.PrivateSubnets())[1])
		}, []string{mixed}},
		{"public and private subnets of a load balancer's VPC", nil, func(stack awscdk.Stack) hosting {
			vpc := newVPC(stack)
			h := inSubnets(nil, (*vpc.PublicSubnets())[0], (*vpc.PrivateSubnets())[1])
			h.LoadBalancer = newLoadBalancer(stack, vpc)
			return h
		}, []string{mixed}},
		{"one subnet", nil, func(stack awscdk.Stack) hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0])
		}, nil},
		{"no subnet", nil, func(stack awscdk.Stack) hosting { return inSubnets(newVPC(stack)) }, []string{"Hosting.VPCSubnets.Subnets must not be empty; leave it out"}},
		{"no subnet where one should be", nil, func(stack awscdk.Stack) hosting {
			vpc := newVPC(stack)
			return inSubnets(vpc, (*vpc.PublicSubnets())[0], nil)
		}, []string{"Hosting.VPCSubnets.Subnets must not hold nil"}},
		{"an unknown subnet group", nil, func(stack awscdk.Stack) hosting {
			return hosting{VPC: newVPC(stack), VPCSubnets: &awsec2.SubnetSelection{SubnetGroupName: new("Web")}}
		}, []string{"Hosting.VPCSubnets must choose subnets of the VPC: there are no subnet groups with name 'Web' in this VPC; available names: Public,Private"}},
		{"no security group beside one", nil, func(stack awscdk.Stack) hosting {
			vpc := newVPC(stack)
			group := awsec2.NewSecurityGroup(stack, new("Group"), &awsec2.SecurityGroupProps{Vpc: vpc})
			return hosting{VPC: vpc, SecurityGroups: []awsec2.ISecurityGroup{group, nil}}
		}, []string{"Hosting.SecurityGroups[1] must not be nil"}},

		{"a task definition and its size", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, nil), Memory: 1}
		}, []string{excluded}},
		{"a task definition and its CPU", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, nil), CPU: 1024}
		}, []string{excluded}},
		{"a task definition and its disk", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, nil), EphemeralStorage: 30}
		}, []string{excluded}},
		{"a task definition and an execution role", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, nil), ExecutionRole: newRole(stack, "Execution")}
		}, []string{excluded}},
		{"a task definition and a role", func(stack awscdk.Stack, w *web.Workload) { w.Role = newRole(stack, "Own") }, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, nil)}
		}, []string{"Hosting.TaskDefinition excludes Workload.Role; set the task definition's TaskRole instead"}},
		{"a task definition for EC2", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: awsecs.NewEc2TaskDefinition(stack, new("Task"), nil)}
		}, []string{"Hosting.TaskDefinition must be one for Fargate; make it with awsecs.NewFargateTaskDefinition"}},
		{"a task definition with a server of its own", nil, func(stack awscdk.Stack) hosting {
			definition := newTaskDefinition(stack, nil)
			definition.AddContainer(new("Web"), &awsecs.ContainerDefinitionOptions{ContainerName: new("Main"), Image: awsecs.ContainerImage_FromRegistry(new(publicURI), nil)})
			return hosting{TaskDefinition: definition}
		}, []string{`Hosting.TaskDefinition must not have a container "Main" yet: the service adds the workload under this name; ` +
			"leave it out, and give each service a task definition of its own"}},
		{"a task definition for arm64 and an image for x86-64", nil, func(stack awscdk.Stack) hosting {
			return hosting{TaskDefinition: newTaskDefinition(stack, awsecs.CpuArchitecture_ARM64())}
		}, []string{"Hosting.TaskDefinition runs programs for arm64, but Workload.Image has Architecture x86_64; " +
			"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for arm64"}},
		{"a task definition for x86-64 and an image for arm64", func(_ awscdk.Stack, w *web.Workload) {
			w.Image = webimage.URI(privateURI, &webimage.ExistingOptions{Architecture: webimage.ARM64})
		}, func(stack awscdk.Stack) hosting { return hosting{TaskDefinition: newTaskDefinition(stack, nil)} },
			[]string{"Hosting.TaskDefinition runs programs for x86_64, but Workload.Image has Architecture arm64; " +
				"set RuntimePlatform.CpuArchitecture of the task definition, or build the image for x86_64"}},

		{"discovery in a cluster without a namespace", nil, func(stack awscdk.Stack) hosting {
			return hosting{Cluster: newCluster(stack, importedVPC(stack, "VPC")), ServiceDiscovery: &awsecs.CloudMapOptions{}}
		}, []string{"Hosting.ServiceDiscovery.CloudMapNamespace is required; set it, or pass a Cluster with a DefaultCloudMapNamespace"}},
		{"discovery in a cluster with a namespace", nil, func(stack awscdk.Stack) hosting {
			cluster := newCluster(stack, importedVPC(stack, "VPC"))
			cluster.AddDefaultCloudMapNamespace(&awsecs.CloudMapNamespaceOptions{Name: new("shop.internal")})
			return hosting{Cluster: cluster, ServiceDiscovery: &awsecs.CloudMapOptions{}}
		}, nil},
		{"discovery in a namespace without DNS", nil, func(stack awscdk.Stack) hosting {
			namespace := awsservicediscovery.NewHttpNamespace(stack, new("Namespace"), &awsservicediscovery.HttpNamespaceProps{Name: new("shop")})
			return hosting{ServiceDiscovery: &awsecs.CloudMapOptions{CloudMapNamespace: namespace}}
		}, []string{"Hosting.ServiceDiscovery.CloudMapNamespace must be one with DNS names, got HTTP; make it with awsservicediscovery.NewPrivateDnsNamespace"}},

		{"a log group and a retention", nil, func(stack awscdk.Stack) hosting {
			return hosting{LogGroup: awslogs.NewLogGroup(stack, new("Logs"), nil), LogRetentionInDays: 7}
		}, []string{"Hosting.LogGroup excludes LogRetentionInDays; set the retention where the log group is made"}},
		{"a log driver and a log group", nil, func(stack awscdk.Stack) hosting {
			return hosting{LogDriver: firelens, LogGroup: awslogs.NewLogGroup(stack, new("Logs"), nil)}
		}, []string{driver}},
		{"a log driver and a retention", nil, func(awscdk.Stack) hosting { return hosting{LogDriver: firelens, LogRetentionInDays: 7} }, []string{driver}},
		{"a log driver and a prefix", nil, func(awscdk.Stack) hosting { return hosting{LogDriver: firelens, LogStreamPrefix: "site"} }, []string{driver}},
		{"a log driver alone", nil, func(awscdk.Stack) hosting { return hosting{LogDriver: firelens} }, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			if test.change != nil {
				test.change(stack, &w)
			}
			props := web.ServiceProps{Workload: w, Hosting: test.hosting(stack)}
			hostingtest.WantProblems(t, props, test.want...)
			if len(test.want) == 0 && !t.Failed() {
				web.NewService(stack, "Site", &props) // what passes the checks can be made
			}
		})
	}
}

// inSubnets is a hosting in some subnets of a VPC.
func inSubnets(vpc awsec2.IVpc, subnets ...awsec2.ISubnet) fargateweb.Hosting {
	return fargateweb.Hosting{VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &subnets}}
}

// wantPanic fails if a call does not panic with a text, about a service Stack/Twice.
func wantPanic(t *testing.T, text string, call func()) {
	t.Helper()
	hostingtest.WantPanic(t, "Stack/Twice", text, call)
}
