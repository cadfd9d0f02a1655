package lambdaweb_test

import (
	"testing"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
)

func TestConformance(t *testing.T) {
	for name, hosting := range map[string]lambdaweb.Hosting{
		"HTTP API":     {},
		"REST API":     {Endpoint: lambdaweb.RESTAPI{}},
		"function URL": {Endpoint: lambdaweb.FunctionURL{}},
	} {
		t.Run(name, func(t *testing.T) {
			hostingtest.Run(t, hostingtest.Harness{
				Hosting: hosting,
				New: func(scope constructs.Construct, id string, workload web.Workload) web.Hosted {
					return lambdaweb.NewService(scope, id, &lambdaweb.ServiceProps{Workload: workload, Hosting: hosting})
				},
				Node:         "Lambda",
				Type:         "AWS::Lambda::Function",
				Principal:    "lambda.amazonaws.com",
				Environment:  "Environment.Variables",
				Command:      "ImageConfig.Command",
				CommandValue: `["serve","--verbose"]`,
				Reserved:     "AWS_REGION",
			})
		})
	}
}
