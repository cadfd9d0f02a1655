package fargateweb_test

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// A service in private subnets of a VPC, which a database lets in.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), nil)
	database := awsec2.NewSecurityGroup(stack, new("Database"), &awsec2.SecurityGroupProps{Vpc: vpc})

	app := web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}}
	site, resources := fargateweb.NewService(stack, "Site", app, fargateweb.Hosting{CPU: 512, MinTaskCount: 2, VPC: vpc})

	database.Connections().AllowFrom(site, awsec2.Port_Tcp(new(5432.0)), nil)
	awscdk.NewCfnOutput(stack, new("Cluster"), &awscdk.CfnOutputProps{Value: resources.Cluster.ClusterName()})
}

// Two services behind one load balancer: what no other rule takes goes to the shop.
func ExampleHosting_loadBalancer() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	front := webalb.NewLoadBalancer(stack, "Front", nil)

	image := webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil)
	shop, _ := fargateweb.NewService(stack, "Shop", web.Workload{Image: image},
		fargateweb.Hosting{LoadBalancer: front})
	admin, _ := fargateweb.NewService(stack, "Admin", web.Workload{Image: image},
		fargateweb.Hosting{LoadBalancer: front, Paths: []string{"/admin", "/admin/*"}, MaxTaskCount: 1})

	fmt.Println(shop.URL() == admin.URL())
	// Output:
	// true
}

// A deployment after which the server fails too often is rolled back. The alarm is about the target
// group: about the service it would depend on what depends on it.
func ExampleResourcesOf() {
	watch := func(site *web.Service) {
		made, ok := fargateweb.ResourcesOf(site)
		if !ok {
			return // on another hosting
		}
		errors := made.TargetGroup.Metrics().HttpCodeTarget(
			awselasticloadbalancingv2.HttpCodeTarget_TARGET_5XX_COUNT,
			&awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(new(1.0))},
		)
		alarm := errors.CreateAlarm(site, new("Errors"), &awscloudwatch.CreateAlarmOptions{
			Threshold: new(20.0), EvaluationPeriods: new(2.0),
		})
		made.Service.EnableDeploymentAlarms(&[]*string{alarm.AlarmName()}, &awsecs.DeploymentAlarmOptions{
			Behavior: awsecs.AlarmBehavior_ROLLBACK_ON_ALARM,
		})
	}
	_ = watch
}

// A task definition of one's own, for a sidecar.
func ExampleHosting_taskDefinition() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	definition := awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu: new(1024.0), MemoryLimitMiB: new(2048.0),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64()},
	})

	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", &webimage.GoOptions{Architecture: webimage.ARM64})},
		Hosting:  fargateweb.Hosting{TaskDefinition: definition},
	})
	definition.AddContainer(new("Proxy"), &awsecs.ContainerDefinitionOptions{
		Image: awsecs.ContainerImage_FromRegistry(new("public.ecr.aws/nginx/nginx:1.29"), nil),
	})
}

// All problems are reported at once, without Node.
func ExampleHosting() {
	props := &web.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil)},
		Hosting: fargateweb.Hosting{
			CPU: 512, Memory: 8192,
			MaximumPercent: 100,
			StopTimeout:    5 * time.Minute,
		},
	}
	fmt.Println(props.Validate())
	// Output:
	// Hosting.Memory is 8192, which is not sold with CPU 512; choose Memory 4096, or CPU 1024
	// Hosting.MaximumPercent must leave room to replace a task: with MinTaskCount 1, 100 to 100 percent are 1 to 1 tasks; raise it, or lower MinimumHealthyPercent
	// Hosting.StopTimeout must be whole seconds from 2s to 120s, got 5m0s
}
