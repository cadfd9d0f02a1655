package web_test

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// A web server with a table. Another Hosting is the whole move to another place.
func ExampleNewService() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("Shop"), nil)
	orders := awsdynamodb.NewTableV2(stack, new("Orders"), &awsdynamodb.TablePropsV2{
		PartitionKey: &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
	})

	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{
			Image:       webimage.Go("./server", nil),
			Port:        8000,
			Environment: map[string]string{"STAGE": "test"},
			HealthCheck: web.HealthCheck{Path: "/healthz"},
		},
		Hosting: lambdaweb.Hosting{MemorySize: 1024},
	})
	site.UseTable("ORDERS_TABLE", orders, web.ReadWrite)

	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(site.URL())})
	app.Synth(nil)
}

// A server with a bucket, a queue and a topic. It finds them by its environment variables, and its
// role may do no more than this.
func ExampleService_UseBucket() {
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("Shop"), nil)
	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.Go("./server", nil)},
		Hosting:  lambdaweb.Hosting{},
	})
	site.UseBucket("PHOTOS_BUCKET", awss3.NewBucket(stack, new("Photos"), nil), web.ReadWrite)
	site.UseQueue("MAIL_QUEUE_URL", awssqs.NewQueue(stack, new("Mail"), nil), web.Write)
	site.UseTopic("ORDERS_TOPIC_ARN", awssns.NewTopic(stack, new("Orders"), nil))
	app.Synth(nil)
}

// A plain test finds mistakes in milliseconds, all of them at once.
func ExampleServiceProps_Validate() {
	props := &web.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil), Port: 80000},
		Hosting:  apprunnerweb.Hosting{CPU: apprunnerweb.HalfVCPU, Memory: apprunnerweb.TwoGB},
	}
	fmt.Println(props.Validate())
	// Output:
	// Workload.Port must be between 1 and 65535, got 80000
	// Hosting.Memory is 2 GB, which is not sold with CPU 0.5 vCPU; choose Memory 1 GB, or CPU 1 vCPU
}

// A whole CDK app. -c hosting=… chooses where it runs.
func ExampleMain() {
	web.Main(func(app awscdk.App) {
		stack := awscdk.NewStack(app, new("Shop"), nil)
		web.NewService(stack, "Site", &web.ServiceProps{
			Workload: web.Workload{Image: webimage.Go("./server", nil)},
			Hosting: web.HostingOf(app, map[string]web.Hosting{
				"apprunner": apprunnerweb.Hosting{},
				"lambda":    lambdaweb.Hosting{},
			}),
		})
	})
}

// An error of a constructor is a panic with every problem in it.
func ExampleInvalidPropsError() {
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); ok {
			for _, problem := range invalid.Problems {
				fmt.Println(problem.Field, problem.Message)
			}
		}
	}()
	stack := awscdk.NewStack(awscdk.NewApp(nil), new("Shop"), nil)
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil), Port: 80},
		Hosting:  lambdaweb.Hosting{MemorySize: 64},
	})
	// Output:
	// Workload.Port must be at least 1024 on Lambda, where a server may not listen on lower ones
	// Workload.Image is in Amazon ECR Public, but Lambda behind an HTTP API runs images from private ECR only
	// Hosting.MemorySize must be between 128 and 10240 MB
}
