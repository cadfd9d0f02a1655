package ecsweb_test

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A service in a VPC, with the concrete type: its Connections open the database to it.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), nil)
	database := awsec2.NewSecurityGroup(stack, new("Database"), &awsec2.SecurityGroupProps{Vpc: vpc})

	site := ecsweb.NewService(stack, "Site", &ecsweb.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}},
		Hosting:  ecsweb.Hosting{CPU: 512, MinTaskCount: 2, VPC: vpc},
	})
	database.Connections().AllowFrom(site, awsec2.Port_Tcp(new(5432.0)), nil)
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
func ExampleServiceProps_Validate() {
	props := &ecsweb.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil)},
		Hosting:  ecsweb.Hosting{CPU: 512, Memory: 8192},
	}
	fmt.Println(props.Validate())
	// Output:
	// Fargate does not run CPU 512 with Memory 8192; with CPU 512 choose Memory 4096, or for Memory 8192 choose CPU 1024
}
