package main

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// needs adds the server that says what it was given: behind each endpoint of Lambda, and three times
// on Fargate behind one load balancer, with another access each. All have two secrets: a field of
// one that the stack makes, and a parameter, which is there already. The values are stack, mode as
// above, and
//
//	parameter  the name of an encrypted parameter
func needs(app awscdk.App, values map[string]string) {
	stack := awscdk.NewStack(app, new(values["stack"]), nil)
	database := awssecretsmanager.NewSecret(stack, new("Database"), &awssecretsmanager.SecretProps{
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: new(`{"username":"shop"}`),
			GenerateStringKey:    new("password"),
		},
	})
	key := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, new("Key"),
		&awsssm.SecureStringParameterAttributes{ParameterName: new(values["parameter"])})
	bucket := awss3.NewBucket(stack, new("Files"), &awss3.BucketProps{RemovalPolicy: awscdk.RemovalPolicy_DESTROY})
	queue := awssqs.NewQueue(stack, new("Orders"), nil)
	topic := awssns.NewTopic(stack, new("News"), nil)
	read := awssqs.NewQueue(stack, new("NewsRead"), nil)
	topic.AddSubscription(awssnssubscriptions.NewSqsSubscription(read, nil))

	add := func(id string, access web.Access, hosting web.Hosting) {
		site := web.NewService(stack, id, &web.ServiceProps{
			Hosting: hosting,
			Workload: web.Workload{
				Image:       webimage.Go("./integ/needs", nil),
				HealthCheck: web.HealthCheck{Path: "/healthz"},
				Environment: map[string]string{"MODE": cmp.Or(values["mode"], "one")},
				Secrets: map[string]web.Secret{
					"PASSWORD": web.SecretsManager(database, "password"),
					"API_KEY":  web.SSMParameter(key),
				},
			},
		})
		if access == "" {
			site.AddEnvironment("BUCKET", *bucket.BucketName())
			site.AddEnvironment("QUEUE", *queue.QueueUrl())
		} else {
			site.UseBucket("BUCKET", bucket, access)
			site.UseQueue("QUEUE", queue, access)
		}
		if access == web.Write {
			site.UseTopic("TOPIC", topic)
		} else {
			site.AddEnvironment("TOPIC", *topic.TopicArn())
		}
		awscdk.NewCfnOutput(stack, new(id+"URL"), &awscdk.CfnOutputProps{Value: new(site.URL())})
	}
	add("LambdaNone", "", lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{}})
	add("LambdaRead", web.Read, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}})
	add("LambdaWrite", web.Write, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}})
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	onFargate := func(id string, access web.Access, tasks int) {
		add(id, access, fargateweb.Hosting{
			CPU: 256, Memory: 512, MinTaskCount: tasks, MaxTaskCount: tasks,
			LoadBalancer: front, Paths: []string{"/" + id + "/*"},
		})
	}
	onFargate("FargateNone", "", 1)
	onFargate("FargateRead", web.Read, 1)
	onFargate("FargateWrite", web.Write, 2)
}
