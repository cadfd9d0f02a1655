package main

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
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
// one that the stack makes, and a parameter, which is there already. They call two services that
// take signed requests alone, if they may. The values are stack, mode as above, and
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

	workload := web.Workload{
		Image:       webimage.Go("./integ/needs", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
		Environment: map[string]string{"MODE": cmp.Or(values["mode"], "one")},
	}
	closed := map[string]*web.Service{
		"CLOSED_URL": web.NewService(stack, "ClosedURL", &web.ServiceProps{Workload: workload, Hosting: lambdaweb.Hosting{
			Endpoint: lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM},
		}}),
		"CLOSED_API": web.NewService(stack, "ClosedAPI", &web.ServiceProps{Workload: workload, Hosting: lambdaweb.Hosting{
			Endpoint: lambdaweb.HTTPAPI{Authorizer: awsapigatewayv2authorizers.NewHttpIamAuthorizer()},
		}}),
	}
	workload.Secrets = map[string]web.Secret{
		"PASSWORD": web.SecretsManager(database, "password"),
		"API_KEY":  web.SSMParameter(key),
	}
	add := func(id string, access web.Access, hosting web.Hosting, calls ...string) {
		site := web.NewService(stack, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
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
		for _, variable := range slices.Sorted(maps.Keys(closed)) {
			if slices.Contains(calls, variable) {
				site.UseService(variable, closed[variable])
			} else {
				site.AddEnvironment(variable, closed[variable].URL())
			}
		}
		awscdk.NewCfnOutput(stack, new(id+"URL"), &awscdk.CfnOutputProps{Value: new(site.URL())})
	}
	add("LambdaNone", "", lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{}})
	add("LambdaRead", web.Read, lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, "CLOSED_URL")
	add("LambdaWrite", web.Write, lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}, "CLOSED_URL", "CLOSED_API")
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	onFargate := func(id string, access web.Access, tasks int, calls ...string) {
		add(id, access, fargateweb.Hosting{
			CPU: 256, Memory: 512, MinTaskCount: tasks, MaxTaskCount: tasks,
			LoadBalancer: front, Paths: []string{"/" + id + "/*"},
		}, calls...)
	}
	onFargate("FargateNone", "", 1)
	onFargate("FargateRead", web.Read, 1, "CLOSED_API")
	onFargate("FargateWrite", web.Write, 2, "CLOSED_URL", "CLOSED_API")
}
