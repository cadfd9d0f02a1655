package apprunnerweb_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// The concrete type, for what only App Runner has.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site := apprunnerweb.NewService(stack, "Site", &apprunnerweb.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}},
		Hosting:  apprunnerweb.Hosting{CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.OneGB, MaxConcurrency: 80},
	})
	awscdk.NewCfnOutput(stack, new("ARN"), &awscdk.CfnOutputProps{Value: new(site.ServiceARN())})
	awscdk.Annotations_Of(site).AcknowledgeWarning(new(apprunnerweb.ClosedWarning), new("this account used App Runner before"))
}

// Two services that scale alike.
func ExampleNewAutoScaling() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	scaling := apprunnerweb.NewAutoScaling(stack, "Scaling", &apprunnerweb.AutoScalingProps{MinSize: 2, MaxSize: 10})
	for id, folder := range map[string]string{"Site": "./site", "Admin": "./admin"} {
		web.NewService(stack, id, &web.ServiceProps{
			Workload: web.Workload{Image: webimage.Go(folder, nil)},
			Hosting:  apprunnerweb.Hosting{AutoScaling: scaling},
		})
	}
}
