// Command app is the guestbook as a CDK app whose context says everything that a deployment here varies:
//
//	-c hosting=lambda|apprunner|ecs|all  where it runs
//	-c endpoint=http|rest|url          what makes the Lambda function answer HTTP
//	-c access=none|read|readwrite      what UseTable grants
//	-c mode=…                          an environment variable
//	-c stack=…                         the stack's name
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

var endpoints = map[string]lambdaweb.Endpoint{
	"http": lambdaweb.HTTPAPI{},
	"rest": lambdaweb.RESTAPI{},
	"url":  lambdaweb.FunctionURL{},
}

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	context := func(name, fallback string) string {
		if value, ok := app.Node().TryGetContext(&name).(string); ok {
			return value
		}
		return fallback
	}
	stack := awscdk.NewStack(app, new(context("stack", "Guestbook")), nil)
	entries := awsdynamodb.NewTableV2(stack, new("Entries"), &awsdynamodb.TablePropsV2{
		PartitionKey:  &awsdynamodb.Attribute{Name: new("book"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:       &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	guestbook := web.Workload{
		Image:       webimage.Go("./examples/guestbook/server", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
		Environment: map[string]string{"MODE": context("mode", "one")},
	}
	access := context("access", "readwrite")
	add := func(id string, hosting web.Hosting) {
		site := web.NewService(stack, id, &web.ServiceProps{Workload: guestbook, Hosting: hosting})
		switch access {
		case "none":
			site.AddEnvironment("TABLE_NAME", *entries.TableName())
		case "read":
			site.UseTable("TABLE_NAME", entries, web.Read)
		case "readwrite":
			site.UseTable("TABLE_NAME", entries, web.ReadWrite)
		}
		awscdk.NewCfnOutput(stack, new(id+"URL"), &awscdk.CfnOutputProps{Value: new(site.URL())})
	}
	onLambda := lambdaweb.Hosting{Endpoint: endpoints[context("endpoint", "http")]}
	switch context("hosting", "lambda") {
	case "lambda":
		add("Site", onLambda)
	case "apprunner":
		add("Site", apprunnerweb.Hosting{})
	case "ecs":
		add("Site", ecsweb.Hosting{})
	case "all":
		add("Site", onLambda)
		add("OnAppRunner", apprunnerweb.Hosting{})
		add("OnECS", ecsweb.Hosting{})
	}
	app.Synth(nil)
}
