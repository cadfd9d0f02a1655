package main

import (
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

// guestbook adds the guestbook with its table.
func guestbook(app awscdk.App, context func(name, fallback string) string) {
	stack := awscdk.NewStack(app, new(context("stack", "Guestbook")), nil)
	entries := awsdynamodb.NewTableV2(stack, new("Entries"), &awsdynamodb.TablePropsV2{
		PartitionKey:  &awsdynamodb.Attribute{Name: new("book"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:       &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	workload := web.Workload{
		Image:       webimage.Go("./examples/guestbook/server", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
		Environment: map[string]string{"MODE": context("mode", "one")},
	}
	access := context("access", "readwrite")
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
}
