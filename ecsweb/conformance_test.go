package ecsweb_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting:      ecsweb.Hosting{},
		Type:         "AWS::ECS::ExpressGatewayService",
		Environment:  "PrimaryContainer.Environment",
		Secrets:      "PrimaryContainer.Secrets",
		SecretReader: "ExecutionRoleArn",
		Command:      "PrimaryContainer.Command",
		CommandValue: `["serve","--verbose"]`,
		WithLogKey:   func(key awskms.IKey) web.Hosting { return ecsweb.Hosting{LogEncryptionKey: key} },
		Access: hostingtest.Access{
			Private:   `"Subnets":[{"Ref":"VPCPrivateSubnet`,
			WebACL:    "AWS::ECS::ExpressGatewayService", // which tells the load balancer's ARN
			AllowFrom: `"Addresses":["%s"]`,
		},
		Network: hostingtest.Network{
			Type:           "AWS::ECS::ExpressGatewayService",
			Subnets:        "NetworkConfiguration.Subnets",
			SecurityGroups: "NetworkConfiguration.SecurityGroups",
			Public:         true,
			Private: func(subnets *awsec2.SubnetSelection) web.Hosting {
				return ecsweb.Hosting{VPCSubnets: subnets}
			},
			Needs: []string{"ecr.api", "ecr.dkr", "s3", "logs"},
		},
		OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
			service, _ := ecsweb.NewService(scope, id, workload, ecsweb.Hosting{})
			return service
		},
	})
}
