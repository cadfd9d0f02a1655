package lambdaweb_test

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A function with an address of its own, for requests of up to five minutes.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	_, resources := lambdaweb.NewService(stack, "Site",
		web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}},
		lambdaweb.Hosting{
			Endpoint:   lambdaweb.FunctionURL{},
			MemorySize: 1769,
			Timeout:    5 * time.Minute,
			Tracing:    awslambda.Tracing_ACTIVE,
		})
	awscdk.NewCfnOutput(stack, new("Function"), &awscdk.CfnOutputProps{Value: resources.Function.FunctionName()})
}

// A busy server on EC2 instances that Lambda manages.
func ExampleManagedInstances() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(3.0)})
	provider := awslambda.NewCapacityProvider(stack, new("Instances"), &awslambda.CapacityProviderProps{
		Subnets:        vpc.PrivateSubnets(),
		SecurityGroups: &[]awsec2.ISecurityGroup{awsec2.NewSecurityGroup(stack, new("Group"), &awsec2.SecurityGroupProps{Vpc: vpc})},
		Architectures:  &[]awslambda.Architecture{awslambda.Architecture_X86_64()},
	})
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil)},
		Hosting: lambdaweb.Hosting{
			MemorySize:       4096,
			ManagedInstances: &lambdaweb.ManagedInstances{CapacityProvider: provider},
		},
	})
}

// What only Lambda has is at hand for any service.
func ExampleResourcesOf() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil)},
		Hosting:  lambdaweb.Hosting{},
	})
	if resources, ok := lambdaweb.ResourcesOf(site); ok {
		resources.HTTPAPI.AddStage(new("Beta"), &awsapigatewayv2.HttpStageOptions{StageName: new("beta")})
		resources.Function.Node().DefaultChild().(awslambda.CfnFunction).AddPropertyOverride(new("Description"), "the shop's site")
	}
}
