package ecsweb_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

const expressKind = "AWS::ECS::ExpressGatewayService"

// The load balancer and the tasks are where the hosting says, or else the workload.
func TestWorkloadNetwork(t *testing.T) {
	private := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
	public := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
	for _, test := range []struct {
		name     string
		workload func(vpc awsec2.IVpc) web.Workload
		hosting  func(vpc awsec2.IVpc) ecsweb.Hosting
		subnets  string
	}{
		{"the workload's VPC", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc} }, nil,
			`["subnet-0000000a","subnet-0000000b"]`},
		{"public subnets of the workload", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc, VPCSubnets: public} }, nil,
			`["subnet-0000000a","subnet-0000000b"]`},
		{"the hosting's VPC too", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc} },
			func(vpc awsec2.IVpc) ecsweb.Hosting { return ecsweb.Hosting{VPC: vpc} }, `["subnet-0000000a","subnet-0000000b"]`},
		{"private, as the hosting says", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc} },
			func(awsec2.IVpc) ecsweb.Hosting { return ecsweb.Hosting{VPCSubnets: private} }, `["subnet-0000000c","subnet-0000000d"]`},
		{"public, as the hosting says", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc, VPCSubnets: private} },
			func(awsec2.IVpc) ecsweb.Hosting { return ecsweb.Hosting{VPCSubnets: public} }, `["subnet-0000000a","subnet-0000000b"]`},
		{"private, as both say", func(vpc awsec2.IVpc) web.Workload { return web.Workload{VPC: vpc, VPCSubnets: private} },
			func(awsec2.IVpc) ecsweb.Hosting { return ecsweb.Hosting{VPCSubnets: private} }, `["subnet-0000000c","subnet-0000000d"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			vpc := importedVPC(stack, "subnet-0000000a", "subnet-0000000b")
			w, hosting := test.workload(vpc), ecsweb.Hosting{}
			w.Image = workload().Image
			if test.hosting != nil {
				hosting = test.hosting(vpc)
			}
			ecsweb.NewService(stack, "Site", w, hosting)
			templatetest.Of(t, stack).Want(expressKind, "NetworkConfiguration.Subnets", test.subnets)
		})
	}
}

func TestWorkloadNetworkErrors(t *testing.T) {
	stack := newStack(t)
	vpc, other := importedVPC(stack, "subnet-0000000a", "subnet-0000000b"), newVPC(awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Other"), nil))
	inside := awsec2.Vpc_FromVpcAttributes(stack, new("Inside"), &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef1"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PrivateSubnetIds:  &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
	unknown := awsec2.Vpc_FromVpcAttributes(stack, new("Unknown"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef2"), AvailabilityZones: &[]*string{new("eu-west-1a")},
	})
	group := func(id string) awsec2.ISecurityGroup {
		return awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"+id), &id, nil)
	}
	one, two := group("sg-00000001"), group("sg-00000002")
	const fargate = "or choose fargateweb.Hosting{}, whose load balancer has subnets of its own"
	for _, test := range []struct {
		name     string
		workload web.Workload
		hosting  ecsweb.Hosting
		want     string
	}{
		{"another VPC", web.Workload{VPC: vpc}, ecsweb.Hosting{VPC: other},
			`Hosting.VPC must be Workload.VPC, because a server is in one VPC, got "Other/VPC"; make them the same, or leave one of them out`},
		{"other groups", web.Workload{VPC: vpc, SecurityGroups: []awsec2.ISecurityGroup{one}}, ecsweb.Hosting{SecurityGroups: []awsec2.ISecurityGroup{two}},
			"Hosting.SecurityGroups must name the groups of Workload.SecurityGroups, if both are set; leave one of them out"},
		{"private subnets", web.Workload{VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}}, ecsweb.Hosting{},
			"Workload.VPCSubnets are private, and Express Mode would put the load balancer into them too, where only the VPC reaches it; " +
				"set Private for clients in the VPC, or ecsweb.Hosting.VPCSubnets to public ones for clients on the internet; " + fargate},
		{"a VPC without public subnets", web.Workload{VPC: inside}, ecsweb.Hosting{},
			"Workload.VPC has private subnets only, and Express Mode would put the load balancer into them too, where only the VPC reaches it; " +
				"set Private for clients in the VPC; add public ones; " + fargate},
		{"a VPC of which nothing is known", web.Workload{VPC: unknown}, ecsweb.Hosting{},
			"Workload.VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.workload.Image = workload().Image
			hostingtest.WantProblems(t, web.ServiceProps{Workload: test.workload, Hosting: test.hosting}, test.want)
		})
	}
}
