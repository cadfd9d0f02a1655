package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/hostingtest"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// each runs a test for every hosting.
func each(t *testing.T, run func(t *testing.T, hosting web.Hosting)) {
	for name, hosting := range hostings {
		t.Run(name.(string), func(t *testing.T) { run(t, hosting) })
	}
}

// The templates that `cdk synth` writes for the guestbook.
func TestGolden(t *testing.T) {
	each(t, func(t *testing.T, hosting web.Hosting) {
		webtest.Snapshot(t, newGuestbook(webtest.NewApp(t), hosting))
	})
}

// A logical id that changes replaces a live resource: this list changes on purpose only, and every change is a breaking one.
func TestLogicalIDs(t *testing.T) {
	want := map[any]string{
		"apprunner": `
			Entries3C9817F4 AWS::DynamoDB::GlobalTable
			SiteAppRunner17447A16 AWS::AppRunner::Service
			SiteAppRunnerAccessRoleCE8D07B5 AWS::IAM::Role
			SiteAppRunnerAutoScaling805ABC4A AWS::AppRunner::AutoScalingConfiguration
			SiteAppRunnerInstanceRole6ECD65E3 AWS::IAM::Role
			SiteAppRunnerInstanceRoleDefaultPolicy880DF243 AWS::IAM::Policy`,
		"ecs": `
			Entries3C9817F4 AWS::DynamoDB::GlobalTable
			SiteECSExpress4196D072 AWS::ECS::ExpressGatewayService
			SiteECSExpressExecutionRoleA4B648CF AWS::IAM::Role
			SiteECSExpressInfrastructureRoleBE5EEA0E AWS::IAM::Role
			SiteECSExpressLogGroup6D9B01FB AWS::Logs::LogGroup
			SiteECSExpressTaskRole052E060B AWS::IAM::Role
			SiteECSExpressTaskRoleDefaultPolicyC57DAD5E AWS::IAM::Policy`,
		"lambda": `
			Entries3C9817F4 AWS::DynamoDB::GlobalTable
			SiteLambdaFunction719B4B98 AWS::Lambda::Function
			SiteLambdaHttpApi136F8C49 AWS::ApiGatewayV2::Api
			SiteLambdaHttpApiDefaultRoute9854A972 AWS::ApiGatewayV2::Route
			SiteLambdaHttpApiDefaultRouteFunctionC53CBC5B AWS::ApiGatewayV2::Integration
			SiteLambdaHttpApiDefaultRouteFunctionPermission3C3E5B88 AWS::Lambda::Permission
			SiteLambdaHttpApiDefaultStage2DE05E3F AWS::ApiGatewayV2::Stage
			SiteLambdaLogGroup7BC461E6 AWS::Logs::LogGroup
			SiteLambdaRole4DAC2A4E AWS::IAM::Role
			SiteLambdaRoleDefaultPolicyE5767A95 AWS::IAM::Policy`,
	}
	for name, hosting := range hostings {
		t.Run(name.(string), func(t *testing.T) {
			var got []string
			for id, resource := range templatetest.Of(t, newGuestbook(webtest.NewApp(t), hosting)).Resources {
				got = append(got, id+" "+resource.Type)
			}
			slices.Sort(got)
			if lines := strings.Join(got, "\n"); lines != strings.TrimSpace(strings.ReplaceAll(want[name], "\t", "")) {
				t.Errorf("got\n%s", lines)
			}
		})
	}
}

// A switch of the hosting changes no image.
func TestOneImageForAllHostings(t *testing.T) {
	hashes := map[string]bool{}
	each(t, func(t *testing.T, hosting web.Hosting) {
		for _, hash := range hostingtest.ImageHashes(t, newGuestbook(webtest.NewApp(t), hosting)) {
			hashes[hash] = true
		}
	})
	if len(hashes) != 1 {
		t.Errorf("got images %v, want one for all hostings", hashes)
	}
}

// The example stays one that fits on a screen.
func TestSize(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(source), "\n"); n >= 40 {
		t.Errorf("main.go has %d lines, want fewer than 40", n)
	}
}
