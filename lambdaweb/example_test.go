package lambdaweb_test

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A function with an address of its own, for requests of up to five minutes.
func ExampleNewService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site := lambdaweb.NewService(stack, "Site", &lambdaweb.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil), HealthCheck: web.HealthCheck{Path: "/healthz"}},
		Hosting: lambdaweb.Hosting{
			Endpoint:   lambdaweb.FunctionURL{},
			MemorySize: 1769,
			Timeout:    5 * time.Minute,
			Tracing:    awslambda.Tracing_ACTIVE,
		},
	})
	awscdk.NewCfnOutput(stack, new("Function"), &awscdk.CfnOutputProps{Value: site.Function().FunctionName()})
}

// What only Lambda has is at hand from a web.Service, too.
func ExampleService() {
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil)},
		Hosting:  lambdaweb.Hosting{},
	})
	if onLambda, ok := site.Hosted().(*lambdaweb.Service); ok {
		onLambda.HTTPAPI().AddStage(new("Beta"), &awsapigatewayv2.HttpStageOptions{StageName: new("beta")})
		onLambda.CfnFunction().AddPropertyOverride(new("Description"), "the shop's site")
	}
}
