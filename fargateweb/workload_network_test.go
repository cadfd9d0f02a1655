package fargateweb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsssm"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

const (
	tasksSubnets = "NetworkConfiguration.AwsvpcConfiguration.Subnets"
	tasksGroups  = "NetworkConfiguration.AwsvpcConfiguration.SecurityGroups"
)

// importedGroups exist already.
func importedGroups(stack awscdk.Stack, ids ...string) []awsec2.ISecurityGroup {
	var groups []awsec2.ISecurityGroup
	for _, id := range ids {
		groups = append(groups, awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"+id), &id, nil))
	}
	return groups
}

// The tasks are in the VPC of the load balancer, the hosting, the workload or the cluster, whichever
// says so; those that say so agree.
func TestWorkloadNetwork(t *testing.T) {
	const private, isolated = `["subnet-0000000c","subnet-0000000d"]`, `["subnet-0000000e","subnet-0000000f"]`
	isolatedOf := func(vpc awsec2.IVpc) *awsec2.SubnetSelection {
		return &awsec2.SubnetSelection{Subnets: vpc.IsolatedSubnets()}
	}
	for _, test := range []struct {
		name   string
		set    func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting)
		want   string
		groups string
	}{
		{"of the workload", func(_ awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, _ *fargateweb.Hosting) { w.VPC = vpc }, private, ""},
		{"of both", func(_ awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) { w.VPC, h.VPC = vpc, vpc }, private, ""},
		{"of both, imported twice", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) {
			w.VPC, h.VPC = vpc, threeKinds(stack, "Again")
		}, private, ""},
		{"of the cluster too", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) {
			w.VPC, h.Cluster = vpc, newCluster(stack, vpc)
		}, private, ""},
		{"of the load balancer too", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) {
			w.VPC, h.LoadBalancer = vpc, newLoadBalancer(stack, vpc)
			w.VPCSubnets = isolatedOf(vpc)
		}, isolated, ""},
		{"subnets and groups of the workload", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, _ *fargateweb.Hosting) {
			w.VPC, w.VPCSubnets, w.SecurityGroups = vpc, isolatedOf(vpc), importedGroups(stack, "sg-00000001")
		}, isolated, `["sg-00000001"]`},
		{"subnets and groups of the hosting", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) {
			w.VPC, h.VPCSubnets, h.SecurityGroups = vpc, isolatedOf(vpc), importedGroups(stack, "sg-00000001")
		}, isolated, `["sg-00000001"]`},
		{"the same subnets and groups of both", func(stack awscdk.Stack, vpc awsec2.IVpc, w *web.Workload, h *fargateweb.Hosting) {
			w.VPC, w.VPCSubnets = vpc, isolatedOf(vpc)
			h.VPCSubnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
			groups := importedGroups(stack, "sg-00000001", "sg-00000002")
			w.SecurityGroups, h.SecurityGroups = groups, []awsec2.ISecurityGroup{groups[1], groups[0]}
		}, isolated, `["sg-00000002","sg-00000001"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			w, hosting := workload(), fargateweb.Hosting{}
			test.set(stack, threeKinds(stack, "VPC"), &w, &hosting)
			fargateweb.NewService(stack, "Site", w, hosting)
			template := templatetest.Of(t, stack)
			template.Want("AWS::ECS::Service", tasksSubnets, test.want)
			template.Want("AWS::ECS::Service", "NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp", `"DISABLED"`)
			if test.groups != "" {
				template.Want("AWS::ECS::Service", tasksGroups, test.groups)
			}
			template.Want("AWS::ElasticLoadBalancingV2::LoadBalancer", "Subnets", `["subnet-0000000a","subnet-0000000b"]`)
		})
	}
}

// threeKinds exists already, with public, private and isolated subnets.
func threeKinds(stack awscdk.Stack, id string) awsec2.IVpc {
	return awsec2.Vpc_FromVpcAttributes(stack, &id, &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef0"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PublicSubnetIds:   &[]*string{new("subnet-0000000a"), new("subnet-0000000b")},
		PrivateSubnetIds:  &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
		IsolatedSubnetIds: &[]*string{new("subnet-0000000e"), new("subnet-0000000f")},
	})
}

func TestWorkloadNetworkErrors(t *testing.T) {
	stack := newStack(t)
	vpc, other := threeKinds(stack, "Workload"), newVPC(stack)
	groups := importedGroups(stack, "sg-00000001", "sg-00000002")
	private := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}
	isolated := &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
	inside := awsec2.Vpc_FromVpcAttributes(stack, new("Inside"), &awsec2.VpcAttributes{
		VpcId:             new("vpc-0123456789abcdef1"),
		AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PrivateSubnetIds:  &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
	mixed := &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{(*vpc.PublicSubnets())[0], (*vpc.PrivateSubnets())[0]}}
	const same = " must be Workload.VPC, because a server is in one VPC, got %q; make them the same, or leave one of them out"
	var many []awsec2.ISubnet
	for i := range 17 {
		many = append(many, awsec2.Subnet_FromSubnetId(stack, new(fmt.Sprint("Many", i)), new(fmt.Sprintf("subnet-%08d", i))))
	}
	for _, test := range []struct {
		name     string
		workload web.Workload
		hosting  fargateweb.Hosting
		want     []string
	}{
		{"another VPC", web.Workload{VPC: vpc}, fargateweb.Hosting{VPC: other}, []string{"Hosting.VPC" + fmt.Sprintf(same, "Stack/VPC")}},
		{"a load balancer in another VPC", web.Workload{VPC: vpc}, fargateweb.Hosting{LoadBalancer: newLoadBalancer(stack, other)},
			[]string{"Hosting.LoadBalancer.VPC" + fmt.Sprintf(same, "Stack/VPC")}},
		{"a cluster in another VPC", web.Workload{VPC: vpc}, fargateweb.Hosting{Cluster: newCluster(stack, other)},
			[]string{"Hosting.Cluster must be in the VPC of the load balancer and the tasks; make it with awsecs.NewCluster and that Vpc, or leave it out"}},
		{"other subnets", web.Workload{VPC: vpc, VPCSubnets: private}, fargateweb.Hosting{VPCSubnets: isolated},
			[]string{"Hosting.VPCSubnets must choose the subnets of Workload.VPCSubnets, if both are set; leave one of them out"}},
		{"other groups", web.Workload{VPC: vpc, SecurityGroups: groups[:1]}, fargateweb.Hosting{SecurityGroups: groups},
			[]string{"Hosting.SecurityGroups must name the groups of Workload.SecurityGroups, if both are set; leave one of them out"}},
		{"both kinds of subnets", web.Workload{VPC: vpc, VPCSubnets: mixed}, fargateweb.Hosting{},
			[]string{"Workload.VPCSubnets must be all public or all private, got public PublicSubnet1 and private PrivateSubnet1; " +
				"choose awsec2.SubnetType_PUBLIC for tasks with public addresses, or awsec2.SubnetType_PRIVATE_WITH_EGRESS"}},
		{"no public subnets for the load balancer", web.Workload{VPC: inside}, fargateweb.Hosting{},
			[]string{"Workload.VPC must have public subnets in at least two availability zones for the service's own load balancer, got 0 subnet(s) in 0; " +
				"add some, or set Private for clients in the VPC"}},
		{"too many subnets", web.Workload{}, fargateweb.Hosting{VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &many}},
			[]string{"Hosting.VPCSubnets must not be more than 16, got 17; choose one in each availability zone"}},
		{"too many groups", web.Workload{}, fargateweb.Hosting{VPC: vpc, SecurityGroups: slices.Repeat(groups, 3)},
			[]string{"Hosting.SecurityGroups must not be more than 5, got 6; put their rules together"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.workload.Image = workload().Image
			hostingtest.WantProblems(t, web.ServiceProps{Workload: test.workload, Hosting: test.hosting}, test.want...)
		})
	}
}

// A task in isolated subnets whose log goes elsewhere needs no endpoint of CloudWatch Logs.
func TestEndpointsWithoutLogs(t *testing.T) {
	stack := newStack(t)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(0.0), RestrictDefaultSecurityGroup: new(false),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{Name: new("Public"), SubnetType: awsec2.SubnetType_PUBLIC}, {Name: new("Isolated"), SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
		},
	})
	w := workload()
	w.VPC, w.VPCSubnets = vpc, &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED}
	token := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, new("Token"),
		&awsssm.SecureStringParameterAttributes{ParameterName: new("/splunk/token")})
	fargateweb.NewService(stack, "Site", w, fargateweb.Hosting{LogDriver: awsecs.LogDrivers_Splunk(&awsecs.SplunkLogDriverProps{
		Url: new("https://splunk.example.com"), SecretToken: awsecs.Secret_FromSsmParameter(token),
	})})
	var found []string
	for _, text := range templatetest.Warnings(t, stack) {
		if strings.Contains(text, web.NetworkWarning) {
			found = append(found, text)
		}
	}
	if len(found) != 1 || !strings.Contains(found[0], "no endpoint for ecr.api (for starts of the server), ecr.dkr") || strings.Contains(found[0], "logs (for") {
		t.Errorf("got the warnings %q, want one about the image alone", found)
	}
}
