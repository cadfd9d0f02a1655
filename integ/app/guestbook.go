package main

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"

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

// guestbook adds the guestbook with its table. The values are:
//
//	stack     the stack's name
//	hosting   where it runs: lambda (the default), apprunner, ecs or all
//	endpoint  what makes the Lambda function respond to HTTP: http (the default), rest or url
//	access    what UseTable grants: none, read or readwrite (the default)
//	mode      an environment variable
func guestbook(app awscdk.App, values map[string]string) {
	value := func(name, fallback string) string { return cmp.Or(values[name], fallback) }
	stack := awscdk.NewStack(app, new(values["stack"]), nil)
	entries := awsdynamodb.NewTableV2(stack, new("Entries"), &awsdynamodb.TablePropsV2{
		PartitionKey:  &awsdynamodb.Attribute{Name: new("book"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:       &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	workload := web.Workload{
		Image:       webimage.Go("./examples/guestbook/server", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
		Environment: map[string]string{"MODE": value("mode", "one")},
	}
	access := value("access", "readwrite")
	add := func(id string, hosting web.Hosting) {
		site := web.NewService(stack, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
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
	onLambda := lambdaweb.Hosting{Endpoint: endpoints[value("endpoint", "http")]}
	switch value("hosting", "lambda") {
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
	default:
		panic("hosting must be lambda, apprunner, ecs or all, got " + values["hosting"])
	}
}
