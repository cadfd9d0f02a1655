package apprunnerweb_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	serviceKind   = "AWS::AppRunner::Service"
	connectorKind = "AWS::AppRunner::VpcConnector"
	connectorARN  = "arn:aws:apprunner:eu-west-1:123456789012:vpcconnector/shared/1/0123456789abcdef0123456789abcdef"
)

// newVPC has a public and a private subnet in each of two zones.
func newVPC(stack awscdk.Stack) awsec2.Vpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false)})
}

func group(stack awscdk.Stack, id string) awsec2.ISecurityGroup {
	return awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"+id), new("sg-"+id), nil)
}

// connectors are the resources of a template that make connectors.
func connectors(t *testing.T, stack awscdk.Stack) map[string]string {
	template := templatetest.Of(t, stack)
	found := map[string]string{}
	for _, id := range template.IDs(connectorKind, "AWS::EC2::SecurityGroup") {
		found[id] = templatetest.JSON(t, template.Resources[id].Properties)
	}
	return found
}

// Services with the same network share a connector, whichever comes first and in whatever order the
// subnets and the groups are named.
func TestSharedConnector(t *testing.T) {
	build := func(ids ...string) map[string]string {
		stack := newStack(t)
		vpc := newVPC(stack)
		subnets := *vpc.PrivateSubnets()
		groups := []awsec2.ISecurityGroup{group(stack, "00000001"), group(stack, "00000002")}
		networks := map[string]web.Workload{
			"Default":  {VPC: vpc},
			"Named":    {VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnets[0], subnets[1]}}},
			"Reversed": {VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnets[1], subnets[0]}}},
			"Twice":    {VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnets[1], subnets[0], subnets[1]}}},
			"Groups":   {VPC: vpc, SecurityGroups: groups},
			"Backward": {VPC: vpc, SecurityGroups: []awsec2.ISecurityGroup{groups[1], groups[0]}},
			"One":      {VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnets[0]}}},
		}
		var services []*web.Service
		for _, id := range ids {
			w := networks[id]
			w.Image = workload().Image
			service, resources := apprunnerweb.NewService(stack, id, w, apprunnerweb.Hosting{})
			if resources.VPCConnector == nil || resources.VPCConnector.VPCConnectorARN() == "" {
				t.Errorf("%s: Resources has no VPCConnector", id)
			}
			services = append(services, service)
		}
		if ids[0] == "Default" && services[0].Connections() != services[1].Connections() {
			t.Error("services that share a connector have different Connections")
		}
		return connectors(t, stack)
	}
	forward := build("Default", "Named", "Reversed", "Twice", "Groups", "Backward", "One")
	backward := build("One", "Backward", "Groups", "Twice", "Reversed", "Named", "Default")
	if !maps.Equal(forward, backward) {
		t.Errorf("in one order there are\n\t%v\nand in the other\n\t%v", forward, backward)
	}
	if n := len(forward); n != 3+2 { // of the default, of one subnet, and of the groups; two new groups
		t.Errorf("got %d connectors and groups, want 5: %v", n, forward)
	}
}

// Without a VPC a service has the network that it always had.
func TestNoConnector(t *testing.T) {
	stack := newStack(t)
	service, resources := apprunnerweb.NewService(stack, "Site", workload(), apprunnerweb.Hosting{})
	if resources.VPCConnector != nil {
		t.Error("there is a connector, want none")
	}
	templatetest.Of(t, stack).Want(serviceKind, "NetworkConfiguration", "")
	hostingtest.WantPanic(t, "Stack/Site", "Connections need a VPC; set Workload.VPC", func() { service.Connections() })
}

// The connector goes after the services, and the group after the connector: App Runner refuses to
// delete one that is in use. The server finds the way out of its subnets.
func TestConnectorOrder(t *testing.T) {
	stack := newStack(t)
	w := workload()
	w.VPC = newVPC(stack)
	apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{})
	template := templatetest.Of(t, stack)
	connector := template.IDs(connectorKind)[0]
	template.Want(serviceKind, "NetworkConfiguration.EgressConfiguration",
		`{"EgressType":"VPC","VpcConnectorArn":{"Fn::GetAtt":["`+connector+`","VpcConnectorArn"]}}`)
	service := template.Resources[template.IDs(serviceKind)[0]]
	for _, id := range template.IDs("AWS::EC2::Route") {
		if template.Resources[id].Properties["NatGatewayId"] != nil && !slices.Contains(service.DependsOn, id) {
			t.Errorf("the service depends on %q, want the route %s among them", service.DependsOn, id)
		}
	}
	template.Want("AWS::EC2::SecurityGroup", "GroupDescription", `"The server"`)
}

func TestConnectorFromARN(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	own := group(stack, "00000001")
	w := workload()
	bare, _ := apprunnerweb.NewService(stack, "Bare", w, apprunnerweb.Hosting{VPCConnector: apprunnerweb.VPCConnectorFromARN(connectorARN)})
	hostingtest.WantPanic(t, "Stack/Bare", "Connections need the security groups of Hosting.VPCConnector; pass them to apprunnerweb.VPCConnectorFromARN",
		func() { bare.Connections() })
	w.VPC, w.SecurityGroups = vpc, []awsec2.ISecurityGroup{own}
	service, _ := apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{VPCConnector: apprunnerweb.VPCConnectorFromARN(connectorARN, own)})
	group(stack, "0000000d").Connections().AllowFrom(service, awsec2.Port_Tcp(new(5432.0)), nil)
	template := templatetest.Of(t, stack)
	template.Want("AWS::EC2::SecurityGroupIngress", "SourceSecurityGroupId", `"sg-00000001"`)
	for _, id := range template.IDs(serviceKind) {
		if got := templatetest.At(template.Resources[id].Properties, "NetworkConfiguration.EgressConfiguration.VpcConnectorArn"); got != connectorARN {
			t.Errorf("got the connector %v, want %s", got, connectorARN)
		}
	}
	if made := template.IDs(connectorKind); len(made) > 0 {
		t.Errorf("got the connectors %q, want none", made)
	}
}

func TestConnectorErrors(t *testing.T) {
	stack := newStack(t)
	vpc, own, other := newVPC(stack), group(stack, "00000001"), group(stack, "00000002")
	from := apprunnerweb.VPCConnectorFromARN
	for _, test := range []struct {
		name      string
		groups    []awsec2.ISecurityGroup
		connector *apprunnerweb.VPCConnector
		want      []string
	}{
		{"no ARN of a connector", nil, from("shared"), []string{"Hosting.VPCConnector must have the ARN of a VPC connector " +
			`(arn:aws:apprunner:REGION:ACCOUNT:vpcconnector/NAME/REVISION/ID), got "shared"`}},
		{"a token", nil, from(*awscdk.Fn_ImportValue(new("Connector"))), nil},
		{"a group that is nil", nil, from(connectorARN, nil), []string{"Hosting.VPCConnector must not have a security group that is nil"}},
		{"other groups", []awsec2.ISecurityGroup{own}, from(connectorARN, other),
			[]string{"Hosting.VPCConnector must name the groups of Workload.SecurityGroups, if both are set; leave one of them out"}},
		{"no groups", []awsec2.ISecurityGroup{own}, from(connectorARN), []string{
			"Hosting.VPCConnector has no security groups that are known, but Workload.SecurityGroups is set; " +
				"pass those of the connector to apprunnerweb.VPCConnectorFromARN, or leave them out"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.VPC, w.SecurityGroups = vpc, test.groups
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: apprunnerweb.Hosting{VPCConnector: test.connector}}, test.want...)
		})
	}

	far := awscdk.NewStack(webtest.NewApp(t), new("Far"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("123456789012"), Region: new("us-east-1")}})
	w := workload()
	w.Image = webimage.URI(publicURI, nil)
	hostingtest.WantPanic(t, "Far/Site", "Hosting.VPCConnector must be in the stack's own region us-east-1", func() {
		apprunnerweb.NewService(far, "Site", w, apprunnerweb.Hosting{VPCConnector: from(connectorARN)})
	})
}

// App Runner has one connector for a set of security groups.
func TestConnectorGroups(t *testing.T) {
	stack := newStack(t)
	vpc, own := newVPC(stack), group(stack, "00000001")
	subnets := *vpc.PrivateSubnets()
	w := workload()
	w.VPC, w.SecurityGroups = vpc, []awsec2.ISecurityGroup{own}
	apprunnerweb.NewService(stack, "Site", w, apprunnerweb.Hosting{})
	apprunnerweb.NewService(stack, "Blog", w, apprunnerweb.Hosting{}) // shares it
	const text = "Workload.SecurityGroups are those of the VPC connector Stack/AppRunnerVPCConnector"
	elsewhere := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Elsewhere"), nil)
	hostingtest.WantPanic(t, "Elsewhere/Site", text, func() { apprunnerweb.NewService(elsewhere, "Site", w, apprunnerweb.Hosting{}) })
	w.VPCSubnets = &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnets[0]}}
	hostingtest.WantPanic(t, "Stack/Other", text, func() { apprunnerweb.NewService(stack, "Other", w, apprunnerweb.Hosting{}) })
	w.SecurityGroups = append(w.SecurityGroups, group(stack, "00000002"))
	apprunnerweb.NewService(stack, "Other", w, apprunnerweb.Hosting{})
}
