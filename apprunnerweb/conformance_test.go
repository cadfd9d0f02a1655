package apprunnerweb_test

import (
	"testing"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting:      apprunnerweb.Hosting{},
		Type:         "AWS::AppRunner::Service",
		Environment:  "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables",
		Secrets:      "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentSecrets",
		Command:      "SourceConfiguration.ImageRepository.ImageConfiguration.StartCommand",
		CommandValue: `"serve --verbose"`,
		Network:      hostingtest.Network{Type: "AWS::AppRunner::VpcConnector", Subnets: "Subnets", SecurityGroups: "SecurityGroups"},
		Access: hostingtest.Access{
			Private:   `"IngressConfiguration":{"IsPubliclyAccessible":false}`,
			WebACL:    "AWS::AppRunner::Service",
			AllowFrom: `"Addresses":["%s"]`,
		},
		OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
			service, _ := apprunnerweb.NewService(scope, id, workload, apprunnerweb.Hosting{})
			return service
		},
	})
}
