package fargateweb_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting:      fargateweb.Hosting{},
		Type:         "AWS::ECS::Service",
		Container:    "AWS::ECS::TaskDefinition",
		Environment:  "ContainerDefinitions.0.Environment",
		Secrets:      "ContainerDefinitions.0.Secrets",
		SecretReader: "ExecutionRoleArn",
		Command:      "ContainerDefinitions.0.Command",
		CommandValue: `["serve","--verbose"]`,
		WithLogKey:   func(key awskms.IKey) web.Hosting { return fargateweb.Hosting{LogEncryptionKey: key} },
		Network: hostingtest.Network{
			Type:           "AWS::ECS::Service",
			Subnets:        "NetworkConfiguration.AwsvpcConfiguration.Subnets",
			SecurityGroups: "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups",
			Needs:          []string{"ecr.api", "ecr.dkr", "s3", "logs"},
		},
		Access: hostingtest.Access{
			Private:   `"Scheme":"internal"`,
			WebACL:    "AWS::ElasticLoadBalancingV2::LoadBalancer",
			AllowFrom: `"CidrIp":"%s"`,
		},
		PlainHTTP: true,
		OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
			service, _ := fargateweb.NewService(scope, id, workload, fargateweb.Hosting{})
			return service
		},
	})
}
