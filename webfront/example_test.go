package webfront_test

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webfront"
)

// A service on Lambda has an address that stays when it moves to Fargate.
func ExampleNewFront() {
	_ = func(stack awscdk.Stack, app web.Workload, zone awsroute53.IHostedZone) *webfront.Front {
		site := web.NewService(stack, "Site", &web.ServiceProps{Workload: app, Hosting: lambdaweb.Hosting{}})
		return webfront.NewFront(stack, "Front", &webfront.FrontProps{
			Service: site,
			Domain:  &web.Domain{Name: "shop.example.com", Zone: zone},
		})
	}
}

// Five of a hundred clients go to the same server on another hosting.
func ExampleMove() {
	_ = func(stack awscdk.Stack, app web.Workload, site *web.Service) {
		next := web.NewService(stack, "Next", &web.ServiceProps{Workload: app, Hosting: fargateweb.Hosting{}})
		front := webfront.NewFront(stack, "Front", &webfront.FrontProps{
			Service: site,
			Move:    &webfront.Move{To: next, Percent: 5},
		})
		awscdk.NewCfnOutput(stack, new("Percent"), &awscdk.CfnOutputProps{
			Value: front.KeyValueStore.KeyValueStoreArn(),
		})
	}
}
