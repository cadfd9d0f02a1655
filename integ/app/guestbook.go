package main

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

var endpoints = map[string]lambdaweb.Endpoint{
	"http": lambdaweb.HTTPAPI{},
	"rest": lambdaweb.RESTAPI{},
	"url":  lambdaweb.FunctionURL{},
}

// lambdaPaths are those that the function gets behind a shared load balancer.
var lambdaPaths = []string{"/entries", "/logo.png", "/status/*"}

// guestbook adds the guestbook with its table. The values are:
//
//	stack     the stack's name
//	hosting   where it runs: lambda (the default), apprunner, ecs, fargate, all, or shared, which is
//	          Fargate and, for some paths, Lambda behind one load balancer
//	endpoint  what makes the Lambda function respond to HTTP: http (the default), rest or url
//	access    what UseTable grants: none, read or readwrite (the default)
//	mode      an environment variable
//	include   a file to put beside the server, which makes another image
//	tasks     how many on Fargate: fixed (the default) are two, scaling from two to four
func guestbook(app awscdk.App, values map[string]string) {
	value := func(name, fallback string) string { return cmp.Or(values[name], fallback) }
	stack := awscdk.NewStack(app, new(values["stack"]), nil)
	entries := awsdynamodb.NewTableV2(stack, new("Entries"), &awsdynamodb.TablePropsV2{
		PartitionKey:  &awsdynamodb.Attribute{Name: new("book"), Type: awsdynamodb.AttributeType_STRING},
		SortKey:       &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
	var options *webimage.GoOptions
	if include := value("include", ""); include != "" {
		options = &webimage.GoOptions{Include: []string{include}}
	}
	workload := web.Workload{
		Image:       webimage.Go("./examples/guestbook/server", options),
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
	onFargate := fargateweb.Hosting{CPU: 256, Memory: 512, MinTaskCount: 2, MaxTaskCount: 2, ContainerHealthCheck: true}
	if value("tasks", "fixed") == "scaling" {
		onFargate.MaxTaskCount = 4
	}
	onLambda := lambdaweb.Hosting{Endpoint: endpoints[value("endpoint", "http")]}
	switch value("hosting", "lambda") {
	case "lambda":
		add("Site", onLambda)
	case "apprunner":
		add("Site", apprunnerweb.Hosting{})
	case "ecs":
		add("Site", ecsweb.Hosting{})
	case "fargate":
		add("Site", onFargate)
	case "shared":
		front := webalb.NewLoadBalancer(stack, "Front", nil)
		onFargate.LoadBalancer = front
		onLambda.Endpoint = lambdaweb.LoadBalancer{LoadBalancer: front, Paths: lambdaPaths}
		add("Site", onFargate)
		add("OnLambda", onLambda)
	case "all":
		add("Site", onLambda)
		add("OnAppRunner", apprunnerweb.Hosting{})
		add("OnECS", ecsweb.Hosting{})
		add("OnFargate", onFargate)
	default:
		panic("hosting must be lambda, apprunner, ecs, fargate, shared or all, got " + values["hosting"])
	}
}

// talk adds the server that streams and has websockets, on Fargate behind a load balancer that has
// nothing else. The values are stack, and mode as above.
func talk(app awscdk.App, values map[string]string) {
	stack := awscdk.NewStack(app, new(values["stack"]), nil)
	service := web.NewService(stack, "Talk", &web.ServiceProps{
		Workload: web.Workload{
			Image:       webimage.Go("./integ/talk", nil),
			HealthCheck: web.HealthCheck{Path: "/healthz"},
			Environment: map[string]string{"MODE": cmp.Or(values["mode"], "one")},
		},
		Hosting: fargateweb.Hosting{
			CPU: 256, Memory: 512, MinTaskCount: 2, MaxTaskCount: 2,
			LoadBalancer: webalb.NewLoadBalancer(stack, "Front", nil),
			Paths:        []string{"/talk/*"},
		},
	})
	awscdk.NewCfnOutput(stack, new("TalkURL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
}
