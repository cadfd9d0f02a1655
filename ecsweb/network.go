package ecsweb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/web"
)

// placement is where the load balancer and the tasks are.
type placement struct {
	subnets []awsec2.ISubnet
	groups  []awsec2.ISecurityGroup
}

// within fills in the workload's network where the hosting says nothing.
func (h Hosting) within(w web.Workload) Hosting {
	if h.VPC == nil {
		h.VPC = w.VPC
	}
	if h.VPCSubnets == nil {
		h.VPCSubnets = w.VPCSubnets
	}
	if len(h.SecurityGroups) == 0 {
		h.SecurityGroups = w.SecurityGroups
	}
	return h
}

// checkWorkloadNetwork checks the workload's network against the hosting's.
func (h Hosting) checkWorkloadNetwork(c *web.Check) {
	w := c.Workload
	if h.VPC != nil && w.VPC != nil && *h.VPC.Node().Path() != *w.VPC.Node().Path() {
		c.Problem(web.Problem{
			Field:   "Hosting.VPC",
			Message: "must be Workload.VPC: the tasks are in one VPC",
			Fix:     "leave it out",
		})
	}
	if h.VPCSubnets != nil || w.VPC == nil || w.VPCSubnets == nil {
		return
	}
	subnets, err := network.Select(w.VPC, w.VPCSubnets)
	if err == nil && len(network.KindsOf(w.VPC, subnets).Private) > 0 {
		c.Problem(web.Problem{
			Field:   "Workload.VPCSubnets",
			Message: "are private, and Express Mode would put the load balancer into them too, where only the VPC reaches it",
			Fix: "set ecsweb.Hosting.VPCSubnets, to the public ones for clients on the internet or to these for clients in the VPC; " +
				"or choose fargateweb.Hosting{}, whose load balancer has subnets of its own",
		})
	}
}

// placement makes a security group if the service is in a VPC and has none.
func (h Hosting) placement(scope constructs.Construct) placement {
	subnets, _ := h.subnets() // checked before
	p := placement{subnets, h.SecurityGroups}
	if len(p.groups) == 0 && h.VPC != nil {
		p.groups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(
				scope,
				new("SecurityGroup"),
				&awsec2.SecurityGroupProps{Vpc: h.VPC},
			),
		}
	}
	return p
}

// connections are those of the tasks; nil if they have no security group but the one that ECS
// makes.
func (p placement) connections() awsec2.Connections {
	if len(p.groups) == 0 {
		return nil
	}
	return awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &p.groups})
}

// reach is what others need to call the service: the load balancer is in the subnets of the tasks,
// and its security group is one that ECS makes.
func (h Hosting) reach(p placement) web.Reach {
	if h.VPC == nil || len(network.KindsOf(h.VPC, p.subnets).Private) == 0 {
		return web.Reach{}
	}
	return web.Reach{VPC: h.VPC}
}

// configuration is the property of the service, or nil for the default VPC.
func (p placement) configuration() any {
	var subnets, groups []*string
	for _, subnet := range p.subnets {
		subnets = append(subnets, subnet.SubnetId())
	}
	for _, group := range p.groups {
		groups = append(groups, group.SecurityGroupId())
	}
	if subnets == nil && groups == nil {
		return nil
	}
	configuration := &awsecs.CfnExpressGatewayService_ExpressGatewayServiceNetworkConfigurationProperty{}
	if subnets != nil {
		configuration.Subnets = &subnets
	}
	if groups != nil {
		configuration.SecurityGroups = &groups
	}
	return configuration
}

// subnets returns what the load balancer and the tasks are in; nothing for the default VPC. The
// error is the CDK's, about a selection that the VPC cannot meet.
func (h Hosting) subnets() ([]awsec2.ISubnet, error) {
	switch {
	case h.VPC == nil:
		return nil, nil
	case h.VPCSubnets != nil:
		return network.Select(h.VPC, h.VPCSubnets)
	}
	if public := *h.VPC.PublicSubnets(); len(public) > 0 {
		return public, nil
	}
	return network.Select(h.VPC, nil)
}

// checkNetwork checks what ECS finds out about subnets only after it has begun to build.
func (h Hosting) checkNetwork(c *web.Check) {
	for i, group := range h.SecurityGroups {
		if group == nil {
			c.Problem(web.Problem{
				Field:   fmt.Sprintf("Hosting.SecurityGroups[%d]", i),
				Message: "must not be nil",
			})
		}
	}
	if h.VPC == nil {
		if h.VPCSubnets != nil {
			c.Problem(web.Problem{
				Field:   "Hosting.VPCSubnets",
				Message: "needs VPC, the one that they are in",
				Fix:     "without both the service is in the default VPC",
			})
		}
		return
	}
	subnets, err := h.subnets()
	if err != nil && network.Unknown(h.VPC) {
		c.Problem(web.Problem{
			Field:   "Hosting.VPC",
			Message: "has no subnets that are known",
			Fix:     "name them when you import it, or set VPCSubnets.Subnets",
		})
		return
	}
	if err != nil {
		c.Problem(web.Problem{
			Field:   "Hosting.VPCSubnets",
			Message: fmt.Sprintf("must choose subnets of VPC: %s", err),
		})
		return
	}
	kinds := network.KindsOf(h.VPC, subnets)
	if kinds.Nil {
		c.Problem(web.Problem{Field: "Hosting.VPCSubnets.Subnets", Message: "must not hold nil"})
		return
	}
	if len(kinds.Public) > 0 && len(kinds.Private) > 0 {
		c.Problem(web.Problem{Field: "Hosting.VPCSubnets",
			Message: fmt.Sprintf(
				"must be all public or all private, got public %s and private %s",
				strings.Join(kinds.Public, ", "),
				strings.Join(kinds.Private, ", "),
			),
			Fix: "choose awsec2.SubnetType_PUBLIC for a load balancer on the internet, or awsec2.SubnetType_PRIVATE_WITH_EGRESS for one inside the VPC"})
	}
	if len(subnets) < 2 || kinds.Known && kinds.Zones < 2 {
		c.Problem(web.Problem{Field: "Hosting.VPCSubnets",
			Message: fmt.Sprintf(
				"must be in at least two availability zones, which the load balancer needs, got %d subnet(s) in %d",
				len(subnets),
				kinds.Zones,
			),
			Fix: "choose more, or a VPC with two zones"})
	}
}
