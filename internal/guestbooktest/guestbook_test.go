// Package guestbooktest tests of examples/guestbook what its own tests, which are those of a user,
// leave out: that logical ids stay, and that the programs in its image serve Lambda's events.
package guestbooktest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	root    = "../.."
	example = "examples/guestbook"
)

// logicalIDs are those of each hosting's template. One that changes replaces a live resource: this
// list changes on purpose only, and every change is a breaking one.
var logicalIDs = map[string]string{
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
	"fargate": `
		Entries3C9817F4 AWS::DynamoDB::GlobalTable
		SiteFargateClusterFDF3DB28 AWS::ECS::Cluster
		SiteFargateLoadBalancer14B6698E AWS::ElasticLoadBalancingV2::LoadBalancer
		SiteFargateLoadBalancerHTTP4F8232F0 AWS::ElasticLoadBalancingV2::Listener
		SiteFargateLoadBalancerSecurityGroup9A7C090C AWS::EC2::SecurityGroup
		SiteFargateLoadBalancerSecurityGrouptoGuestbookSiteFargateSecurityGroup45AD1A4080806DEA0811 AWS::EC2::SecurityGroupEgress
		SiteFargateLoadBalancerVPCE4DD7301 AWS::EC2::VPC
		SiteFargateLoadBalancerVPCIGWD7D943E4 AWS::EC2::InternetGateway
		SiteFargateLoadBalancerVPCPublicSubnet1DefaultRouteAD9A7256 AWS::EC2::Route
		SiteFargateLoadBalancerVPCPublicSubnet1RouteTableAssociationFF8F2506 AWS::EC2::SubnetRouteTableAssociation
		SiteFargateLoadBalancerVPCPublicSubnet1RouteTableEFE52AB8 AWS::EC2::RouteTable
		SiteFargateLoadBalancerVPCPublicSubnet1SubnetF392800A AWS::EC2::Subnet
		SiteFargateLoadBalancerVPCPublicSubnet2DefaultRouteE72DB304 AWS::EC2::Route
		SiteFargateLoadBalancerVPCPublicSubnet2RouteTableAssociation1B65F414 AWS::EC2::SubnetRouteTableAssociation
		SiteFargateLoadBalancerVPCPublicSubnet2RouteTableE048A300 AWS::EC2::RouteTable
		SiteFargateLoadBalancerVPCPublicSubnet2Subnet0281B025 AWS::EC2::Subnet
		SiteFargateLoadBalancerVPCVPCGW310B128D AWS::EC2::VPCGatewayAttachment
		SiteFargateLogGroup2122D686 AWS::Logs::LogGroup
		SiteFargateRule961AECA7 AWS::ElasticLoadBalancingV2::ListenerRule
		SiteFargateSecurityGroupB84EB06C AWS::EC2::SecurityGroup
		SiteFargateSecurityGroupfromGuestbookSiteFargateLoadBalancerSecurityGroupC7037F21808041C74459 AWS::EC2::SecurityGroupIngress
		SiteFargateServiceA0E23A4C AWS::ECS::Service
		SiteFargateServiceTaskCountTargetCPUCA88E548 AWS::ApplicationAutoScaling::ScalingPolicy
		SiteFargateServiceTaskCountTargetFBDA033C AWS::ApplicationAutoScaling::ScalableTarget
		SiteFargateTargetGroup3D6E074A AWS::ElasticLoadBalancingV2::TargetGroup
		SiteFargateTaskDefinition57C362BB AWS::ECS::TaskDefinition
		SiteFargateTaskDefinitionExecutionRole9B97E06A AWS::IAM::Role
		SiteFargateTaskDefinitionExecutionRoleDefaultPolicy38404823 AWS::IAM::Policy
		SiteFargateTaskRoleC3801AA4 AWS::IAM::Role
		SiteFargateTaskRoleDefaultPolicy7C05C765 AWS::IAM::Policy`,
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

// The templates are those of the example's own snapshots.
func TestLogicalIDs(t *testing.T) {
	t.Parallel()
	for hosting, want := range logicalIDs {
		t.Run(hosting, func(t *testing.T) {
			t.Parallel()
			var template struct {
				Resources map[string]struct{ Type string }
			}
			file := hosting + ".template.json"
			readJSON(t, filepath.Join(root, example, "testdata", "TestGolden", file), &template)
			var got []string
			for id, resource := range template.Resources {
				got = append(got, id+" "+resource.Type)
			}
			slices.Sort(got)
			lines := strings.Join(got, "\n")
			if lines != strings.TrimSpace(strings.ReplaceAll(want, "\t", "")) {
				t.Errorf("got\n%s", lines)
			}
		})
	}
}

func readJSON(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
