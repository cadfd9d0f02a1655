package ecsweb_test

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A service in a VPC, which a database lets in.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), nil)
	database := awsec2.NewSecurityGroup(stack, new("Database"), &awsec2.SecurityGroupProps{Vpc: vpc})

	app := web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}}
	site, resources := ecsweb.NewService(stack, "Site", app, ecsweb.Hosting{CPU: 512, MinTaskCount: 2, VPC: vpc})

	database.Connections().AllowFrom(site, awsec2.Port_Tcp(new(5432.0)), nil)
	awscdk.NewCfnOutput(stack, new("LoadBalancer"), &awscdk.CfnOutputProps{Value: new(resources.LoadBalancerARN())})
}

// A web ACL for the load balancer, if there is one: on another hosting the function does nothing.
func ExampleResourcesOf() {
	protect := func(site *web.Service, webACL string) {
		if resources, ok := ecsweb.ResourcesOf(site); ok {
			awswafv2.NewCfnWebACLAssociation(site, new("WebACL"), &awswafv2.CfnWebACLAssociationProps{
				ResourceArn: new(resources.LoadBalancerARN()),
				WebAclArn:   &webACL,
			})
		}
	}
	_ = protect
}

// A task definition of one's own, for arm64 and a sidecar.
func ExampleHosting_taskDefinition() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	definition := awsecs.NewFargateTaskDefinition(stack, new("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu: new(1024.0), MemoryLimitMiB: new(2048.0),
		RuntimePlatform: &awsecs.RuntimePlatform{CpuArchitecture: awsecs.CpuArchitecture_ARM64()},
	})

	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", &webimage.GoOptions{Architecture: webimage.ARM64})},
		Hosting:  ecsweb.Hosting{TaskDefinition: definition},
	})
	definition.AddContainer(new("Proxy"), &awsecs.ContainerDefinitionOptions{
		Image: awsecs.ContainerImage_FromRegistry(new("public.ecr.aws/nginx/nginx:1.29"), nil),
	})
}

// The error names pairs of CPU and memory that there are.
func ExampleHosting() {
	props := &web.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil)},
		Hosting:  ecsweb.Hosting{CPU: 512, Memory: 8192},
	}
	fmt.Println(props.Validate())
	// Output:
	// Hosting.Memory is 8192, which is not sold with CPU 512; choose Memory 4096, or CPU 1024
}
