// Command shop is a CDK app: a web server with a Postgres database in a VPC, its password, an API
// key, a bucket and a queue, on the hosting that -c hosting=… names, below a front whose address
// stays when that changes.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webfront"
	"github.com/cdkweb/cdkweb/webimage"
)

var hostings = map[string]web.Hosting{
	"apprunner": apprunnerweb.Hosting{},
	"ecs":       ecsweb.Hosting{},
	"fargate":   fargateweb.Hosting{},
	"lambda":    lambdaweb.Hosting{},
}

func main() {
	web.Main(func(app awscdk.App) { newShop(app, web.HostingOf(app, hostings)) })
}

func newShop(app awscdk.App, hosting web.Hosting) awscdk.Stack {
	stack := awscdk.NewStack(app, new("Shop"), nil)

	// What the server uses. None of it knows where the server runs.
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(1.0),
	})
	database := awsrds.NewDatabaseInstance(stack, new("Database"), &awsrds.DatabaseInstanceProps{
		Engine: awsrds.DatabaseInstanceEngine_Postgres(&awsrds.PostgresInstanceEngineProps{
			Version: awsrds.PostgresEngineVersion_VER_17(),
		}),
		InstanceType:       awsec2.InstanceType_Of(awsec2.InstanceClass_T4G, awsec2.InstanceSize_MICRO),
		DatabaseName:       new("shop"),
		PubliclyAccessible: new(false), // RDS's own default depends on the VPC
		StorageEncrypted:   new(true),
		Vpc:                vpc,
	})
	key := awssecretsmanager.NewSecret(stack, new("APIKey"), nil)
	photos := awss3.NewBucket(stack, new("Photos"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(), EnforceSSL: new(true),
	})
	orders := awssqs.NewQueue(stack, new("Orders"), &awssqs.QueueProps{EnforceSSL: new(true)})

	site := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{
			Image:       webimage.Go("./examples/shop/server", nil),
			HealthCheck: web.HealthCheck{Path: "/healthz"},
			VPC:         vpc,
			Secrets:     map[string]web.Secret{"API_KEY": web.SecretsManager(key, "")},
		},
		Hosting: hosting,
	})
	site.UseDatabase("DB", web.DatabaseInstance(database, "shop")) // DB_HOST, DB_PASSWORD, …
	site.UseBucket("PHOTOS_BUCKET", photos, web.ReadWrite)
	site.UseQueue("ORDERS_QUEUE", orders, web.Write)

	// One address, whatever the hosting is. A Domain gives it a name of yours: docs/front.md.
	front := webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: site})

	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(front.URL())})
	return stack
}
