package apprunnerweb_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A small service, with the resources that only App Runner has.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site, resources := apprunnerweb.NewService(stack, "Site",
		web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}},
		apprunnerweb.Hosting{CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.OneGB, MaxConcurrency: 80})
	awscdk.NewCfnOutput(stack, new("ARN"), &awscdk.CfnOutputProps{Value: new(resources.ServiceARN())})
	awscdk.Annotations_Of(site).AcknowledgeWarning(new(apprunnerweb.ClosedWarning), new("this account used App Runner before"))
}

// What has no option is set on the L1 construct.
func ExampleResourcesOf() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil)},
		Hosting:  apprunnerweb.Hosting{},
	})
	if resources, ok := apprunnerweb.ResourcesOf(site); ok {
		resources.Service.AddPropertyOverride(new("NetworkConfiguration.IpAddressType"), "DUAL_STACK")
	}
}

// Two services that scale alike.
func ExampleNewAutoScaling() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	hosting := apprunnerweb.Hosting{
		AutoScaling: apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{MinSize: 2, MaxSize: 10}),
	}
	web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: webimage.Go("./site", nil)}, Hosting: hosting})
	web.NewService(stack, "Admin", &web.ServiceProps{Workload: web.Workload{Image: webimage.Go("./admin", nil)}, Hosting: hosting})
}
