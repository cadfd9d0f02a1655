package apprunnerweb_test

import (
	"testing"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/web"
)

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting: apprunnerweb.Hosting{},
		New: func(scope constructs.Construct, id string, workload web.Workload) web.Hosted {
			return apprunnerweb.NewService(scope, id, &apprunnerweb.ServiceProps{Workload: workload})
		},
		Node:         "AppRunner",
		Type:         "AWS::AppRunner::Service",
		Principal:    "tasks.apprunner.amazonaws.com",
		Environment:  "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables",
		Command:      "SourceConfiguration.ImageRepository.ImageConfiguration.StartCommand",
		CommandValue: `"serve --verbose"`,
		Reserved:     "AWSAPPRUNNER_URL",
	})
}
