package web

import (
	"cmp"
	"fmt"
	"slices"
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

	// Public says that the server has a public address there, as a task in public subnets has.
	Public bool

	// IPv6 says that the server reaches IPv6 addresses too.
	IPv6 bool

	// Endpoints are the AWS services that the hosting itself calls from there to start a server, by
	// the last part of an endpoint's name: "ecr.api".
	Endpoints []string
}

// Network returns the workload's network, or nil if it has no VPC.
func (d *Definition) Network() *Network { return networkOf(d.Workload, d.platform) }

// Network returns the workload's network, or nil if it has no VPC or cannot be in it, which is
// reported already.
func (c *Check) Network() *Network {
	if c.platform == nil || !c.platform.VPC.Can {
		return nil
	}
	return networkOf(c.Workload, c.platform)
}

func networkOf(w Workload, p *platform.Platform) *Network {
	if w.VPC == nil {
		return nil
	}
	subnets, err := subnetsOf(w, p)
	if err != nil || slices.Contains(subnets, nil) {
		return nil // reported by checkNetwork
	}
	return &Network{VPC: w.VPC, Subnets: subnets, SecurityGroups: w.SecurityGroups}
}

// Secure makes a security group below scope if the workload names none.
func (n *Network) Secure(scope constructs.Construct) {
	if len(n.SecurityGroups) == 0 {
		n.SecurityGroups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(scope, new("SecurityGroup"), &awsec2.SecurityGroupProps{
				Vpc:                  n.VPC,
				Description:          new("The server"), // a change would replace the group
				AllowAllIpv6Outbound: new(n.IPv6),
				DisableInlineRules:   new(false), // whatever the app's context says
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
func subnetsOf(w Workload, p *platform.Platform) ([]awsec2.ISubnet, error) {
	if w.VPCSubnets != nil {
		return network.Select(w.VPC, w.VPCSubnets)
	}
	for _, subnets := range []*[]awsec2.ISubnet{w.VPC.PrivateSubnets(), w.VPC.IsolatedSubnets()} {
		if len(*subnets) > 0 {
			return *subnets, nil
		}
	}
	if p.PublicSubnets {
		return *w.VPC.PublicSubnets(), nil
	}
	return nil, nil
}

// checkNetwork checks what AWS finds out about subnets only after it has begun to build.
func (c *Check) checkNetwork() {
	w, p := c.Workload, c.platform
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
	if p == nil {
		return
	}
	if !p.VPC.Can {
		report("VPC", "is set, but "+p.ServiceName()+" "+cmp.Or(p.VPC.Why, "has no way into a VPC"),
			"choose "+platform.Can(func(other *platform.Platform) platform.Ability {
				if p.Streaming.Can && !other.Streaming.Can {
					return other.Streaming
				}
				return other.VPC
			}))
		return
	}
	if most := p.MaxSecurityGroups; most > 0 && len(w.SecurityGroups) > most {
		report("SecurityGroups", fmt.Sprintf("must not be more than %d on %s, got %d",
			most, p.ServiceName(), len(w.SecurityGroups)), "put their rules together")
	}
	if p.InVPC && w.VPCSubnets == nil {
		return // the hosting chooses
	}
	if network.Unknown(w.VPC) && w.VPCSubnets == nil {
		report("VPC", "has no subnets that are known",
			"name them when you import it, or set VPCSubnets.Subnets")
		return
	}
	subnets, err := subnetsOf(w, p)
	if err != nil {
		report("VPCSubnets", fmt.Sprintf("must choose subnets of VPC: %s", err), "")
		return
	}
	kinds := network.KindsOf(w.VPC, subnets)
	switch {
	case kinds.Nil:
		report("VPCSubnets.Subnets", "must not hold nil", "")
	case len(subnets) == 0 && network.Pending(w.VPC): // what is known so far are examples
	case len(subnets) == 0 && w.VPCSubnets != nil:
		report("VPCSubnets", "must choose at least one subnet of VPC", "leave it out")
	case len(subnets) == 0:
		report("VPC", "has public subnets only, from which a server has no way out on "+
			p.ServiceName(), "add private ones, with a NAT gateway or endpoints for what it uses")
	case len(kinds.Public) > 0 && !p.InVPC && !p.PublicSubnets:
		report("VPCSubnets", fmt.Sprintf(
			"must not be public, because a server has no way out of them on %s, got %s",
			p.ServiceName(), strings.Join(kinds.Public, ", ")),
			"choose awsec2.SubnetType_PRIVATE_WITH_EGRESS, "+
				"or awsec2.SubnetType_PRIVATE_ISOLATED with endpoints for what it uses")
	case p.MaxSubnets > 0 && len(subnets) > p.MaxSubnets:
		report("VPCSubnets", fmt.Sprintf("must not be more than %d on %s, got %d",
			p.MaxSubnets, p.ServiceName(), len(subnets)), "choose one in each availability zone")
	}
}

// SameVPC checks that a VPC which the hosting's options name is the workload's, if both are set.
func (c *Check) SameVPC(field string, vpc awsec2.IVpc) {
	if own := c.Workload.VPC; own != nil && !isNil(vpc) && *own.VpcId() != *vpc.VpcId() {
		c.Problem(Problem{
			Field:   "Hosting." + field,
			Message: "must be Workload.VPC, because a server is in one VPC",
			Got:     *vpc.Node().Path(),
			Fix:     "make them the same, or leave one of them out",
		})
	}
}

// SameSubnets checks that the subnets which the hosting's options name are the workload's, if both
// are set.
func (c *Check) SameSubnets(field string, selection *awsec2.SubnetSelection) {
	w := c.Workload
	if w.VPC == nil || w.VPCSubnets == nil || selection == nil {
		return
	}
	workloads, err := network.Select(w.VPC, w.VPCSubnets)
	hostings, other := network.Select(w.VPC, selection)
	if err == nil && other == nil && !slices.Equal(network.IDs(workloads), network.IDs(hostings)) {
		c.conflict(field, "VPCSubnets", "must choose the subnets of")
	}
}

// SameSecurityGroups checks that the security groups which the hosting's options name are the
// workload's, if both are set.
func (c *Check) SameSecurityGroups(field string, groups []awsec2.ISecurityGroup) {
	ids := func(groups []awsec2.ISecurityGroup) []string {
		var ids []string
		for _, group := range groups {
			if !isNil(group) {
				ids = append(ids, *group.SecurityGroupId())
			}
		}
		slices.Sort(ids)
		return ids
	}
	own := c.Workload.SecurityGroups
	if len(own) > 0 && len(groups) > 0 && !slices.Equal(ids(own), ids(groups)) {
		c.conflict(field, "SecurityGroups", "must name the groups of")
	}
}

func (c *Check) conflict(field, other, message string) {
	c.Problem(Problem{
		Field:   "Hosting." + field,
		Message: fmt.Sprintf("%s Workload.%s, if both are set", message, other),
		Fix:     "leave one of them out",
	})
}
