// Command guestbook is a CDK app: a DynamoDB table and a web server that uses it, on the hosting
// that -c hosting=… names.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

var hostings = map[string]web.Hosting{
	"apprunner": apprunnerweb.Hosting{MaxConcurrency: 80},
	"ecs":       ecsweb.Hosting{},
	"fargate":   fargateweb.Hosting{},
	"lambda":    lambdaweb.Hosting{},
}

func main() {
	web.Main(func(app awscdk.App) { newGuestbook(app, web.HostingOf(app, hostings)) })
}

func newGuestbook(app awscdk.App, hosting web.Hosting) awscdk.Stack {
	stack := awscdk.NewStack(app, new("Guestbook"), nil)
	entries := awsdynamodb.NewTableV2(stack, new("Entries"), &awsdynamodb.TablePropsV2{
		PartitionKey: &awsdynamodb.Attribute{
			Name: new("book"),
			Type: awsdynamodb.AttributeType_STRING,
		},
		SortKey: &awsdynamodb.Attribute{
			Name: new("id"),
			Type: awsdynamodb.AttributeType_STRING,
		},
	})
	server := web.Workload{
		Image:       webimage.Go("./examples/guestbook/server", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
	}
	site := web.NewService(stack, "Site", &web.ServiceProps{Workload: server, Hosting: hosting})
	site.UseTable("TABLE_NAME", entries, web.ReadWrite)
	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(site.URL())})
	return stack
}
