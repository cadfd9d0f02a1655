// Command app is the CDK app of all deployments and images here. Its context says which part of it, and what varies:
//
//	-c part=guestbook                    the guestbook:
//	   -c hosting=lambda|apprunner|ecs|all  where it runs
//	   -c endpoint=http|rest|url          what makes the Lambda function answer HTTP
//	   -c access=none|read|readwrite      what UseTable grants
//	   -c mode=…                          an environment variable
//	   -c stack=…                         the stack's name
//	-c part=fixtures -c folder=…         the images of all fixtures, which lie in that folder
//	-c part=applications                 the images of the applications
package main

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	context := func(name, fallback string) string {
		if value, ok := app.Node().TryGetContext(&name).(string); ok {
			return value
		}
		return fallback
	}
	switch part := context("part", ""); part {
	case "guestbook":
		guestbook(app, context)
	case "fixtures":
		fixtures(app, context("folder", ""))
	case "applications":
		applications(app)
	default:
		panic(fmt.Sprintf("part must be guestbook, fixtures or applications, got %q", part))
	}
	app.Synth(nil)
}
