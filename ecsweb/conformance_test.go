package ecsweb_test

import (
	"testing"

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
		OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
			service, _ := ecsweb.NewService(scope, id, workload, ecsweb.Hosting{})
			return service
		},
	})
}
