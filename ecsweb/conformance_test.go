package ecsweb_test

import (
	"testing"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/web"
)

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting: ecsweb.Hosting{},
		New: func(scope constructs.Construct, id string, workload web.Workload) web.Hosted {
			return ecsweb.NewService(scope, id, &ecsweb.ServiceProps{Workload: workload})
		},
		Node:         "ECSExpress",
		Type:         "AWS::ECS::ExpressGatewayService",
		Principal:    "ecs-tasks.amazonaws.com",
		Environment:  "PrimaryContainer.Environment",
		Command:      "PrimaryContainer.Command",
		CommandValue: `["serve","--verbose"]`,
		Reserved:     "ECS_CONTAINER_METADATA_URI_V4",
	})
}
