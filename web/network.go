package web

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/platform"
)

// Network is where in a VPC a server is, or has its network interfaces.
type Network struct {
	VPC            awsec2.IVpc
	Subnets        []awsec2.ISubnet
	SecurityGroups []awsec2.ISecurityGroup

	// Endpoints are the AWS services that the hosting itself calls from there to start a server, by
	// the last part of an endpoint's name: "ecr.api".
	Endpoints []string
}

// Network returns the workload's network, or nil if it has no VPC.
func (d *Definition) Network() *Network {
	w := d.Workload
	if w.VPC == nil {
		return nil
	}
	subnets, _ := subnetsOf(w) // checked before
	return &Network{VPC: w.VPC, Subnets: subnets, SecurityGroups: w.SecurityGroups}
}

// Secure makes a security group below scope if the workload names none.
func (n *Network) Secure(scope constructs.Construct) {
	if len(n.SecurityGroups) == 0 {
		n.SecurityGroups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(scope, new("SecurityGroup"), &awsec2.SecurityGroupProps{
				Vpc: n.VPC, Description: new("The server"),
			}),
		}
	}
}

// Connections are those of the security groups, once there are some; nil if there is no network.
func (n *Network) Connections() awsec2.Connections {
	if n == nil {
		return nil
	}
	return awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &n.SecurityGroups})
}

// subnetsOf are those that the workload means. The error is the CDK's.
func subnetsOf(w Workload) ([]awsec2.ISubnet, error) {
	if w.VPCSubnets != nil {
		return network.Select(w.VPC, w.VPCSubnets)
	}
	if private := *w.VPC.PrivateSubnets(); len(private) > 0 {
		return private, nil
	}
	return *w.VPC.IsolatedSubnets(), nil
}

// checkNetwork checks what AWS finds out about subnets only after it has begun to build.
func (c *Check) checkNetwork() {
	w := c.Workload
	report := func(field, message, fix string) {
		c.Problem(Problem{Field: "Workload." + field, Message: message, Fix: fix})
	}
	for i, group := range w.SecurityGroups {
		if isNil(group) {
			report(fmt.Sprintf("SecurityGroups[%d]", i), "must not be nil", "")
		}
	}
	if w.VPC == nil {
		if w.VPCSubnets != nil {
			report("VPCSubnets", "needs VPC, the one that they are in", "set it")
		}
		if len(w.SecurityGroups) > 0 {
			report("SecurityGroups", "needs VPC, the one that they are in", "set it")
		}
		return
	}
	if c.platform == nil {
		return
	}
	if !c.platform.VPC.Can {
		report("VPC", "is set, but "+c.platform.Name+" has no way into a VPC",
			"choose "+platform.Can(func(p *platform.Platform) platform.Ability { return p.VPC }))
		return
	}
	if c.platform.InVPC && w.VPCSubnets == nil {
		return // the hosting's
	}
	if network.Unknown(w.VPC) && w.VPCSubnets == nil {
		report("VPC", "has no subnets that are known", "name them when you import it, or set VPCSubnets.Subnets")
		return
	}
	subnets, err := subnetsOf(w)
	if err != nil {
		report("VPCSubnets", fmt.Sprintf("must choose subnets of VPC: %s", err), "")
		return
	}
	kinds := network.KindsOf(w.VPC, subnets)
	switch {
	case kinds.Nil:
		report("VPCSubnets.Subnets", "must not hold nil", "")
	case len(subnets) == 0:
		report("VPC", fmt.Sprintf("has public subnets only, in which the server has no way out on %s", c.platform.ServiceName()),
			"add private ones, with a NAT gateway or endpoints for what it uses")
	case len(kinds.Public) > 0 && !c.platform.InVPC:
		report("VPCSubnets", fmt.Sprintf("must not be public, because the server has no way out of them on %s, got %s",
			c.platform.ServiceName(), strings.Join(kinds.Public, ", ")),
			"choose awsec2.SubnetType_PRIVATE_WITH_EGRESS, or awsec2.SubnetType_PRIVATE_ISOLATED with endpoints for what it uses")
	}
}
