package ecsweb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/ecs"
	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/web"
)

// placement is where the load balancer and the tasks are.
type placement struct {
	vpc     awsec2.IVpc // nil for the account's default one
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

// placement makes a security group if the service is in a VPC and has none.
func (h Hosting) placement(scope constructs.Construct, private bool) placement {
	subnets, _ := h.subnets(private) // checked before
	p := placement{h.VPC, subnets, h.SecurityGroups}
	if len(p.groups) == 0 && h.VPC != nil {
		p.groups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(
				scope,
				new("SecurityGroup"),
				&awsec2.SecurityGroupProps{Vpc: h.VPC, DisableInlineRules: new(false)},
			),
		}
	}
	return p
}

// network is where the tasks are, and what ECS calls from there; nil for the default VPC.
func (p placement) network(in *web.Definition) *web.Network {
	if p.vpc == nil {
		return nil
	}
	return &web.Network{
		VPC:            p.vpc,
		Subnets:        p.subnets,
		SecurityGroups: p.groups,
		Public:         len(network.KindsOf(p.vpc, p.subnets).Public) > 0,
		Endpoints:      ecs.Endpoints(in, true),
	}
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
func (h Hosting) reach(p placement, private bool) web.Reach {
	if !private && (h.VPC == nil || len(network.KindsOf(h.VPC, p.subnets).Private) == 0) {
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
func (h Hosting) subnets(private bool) ([]awsec2.ISubnet, error) {
	switch {
	case h.VPC == nil:
		return nil, nil
	case h.VPCSubnets != nil:
		return network.Select(h.VPC, h.VPCSubnets)
	}
	if public := *h.VPC.PublicSubnets(); len(public) > 0 && !private {
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
	c.SameVPC("VPC", h.VPC)
	c.SameSecurityGroups("SecurityGroups", h.SecurityGroups)
	given := h
	h = h.within(c.Workload)
	if h.VPC == nil {
		if c.Private {
			c.Problem(web.Problem{
				Field:   "Private",
				Message: "needs a VPC with private subnets, which the default VPC does not have",
				Fix:     "set Workload.VPC",
			})
		}
		if given.VPCSubnets != nil {
			c.Problem(web.Problem{
				Field:   "Hosting.VPCSubnets",
				Message: "needs VPC, the one that they are in",
				Fix:     "without both the service is in the default VPC",
			})
		}
		return
	}
	vpc, field := "Hosting.VPC", "Hosting.VPCSubnets"
	if given.VPC == nil {
		vpc = "Workload.VPC"
	}
	if given.VPCSubnets == nil && h.VPCSubnets != nil {
		field = "Workload.VPCSubnets"
	}
	report := func(field, message, fix string) {
		c.Problem(web.Problem{Field: field, Message: message, Fix: fix})
	}
	subnets, err := h.subnets(c.Private)
	kinds := network.KindsOf(h.VPC, subnets)
	if (err != nil || kinds.Nil || len(subnets) == 0) && field == "Workload.VPCSubnets" {
		return // reported, or still to be looked up
	}
	if (err != nil || len(subnets) == 0) && network.Unknown(h.VPC) && h.VPCSubnets == nil {
		report(vpc, "has no subnets that are known", "name them when you import it, or set VPCSubnets.Subnets")
		return
	}
	if err != nil {
		report(field, fmt.Sprintf("must choose subnets of VPC: %s", err), "")
		return
	}
	if kinds.Nil {
		report(field+".Subnets", "must not hold nil", "")
		return
	}
	if len(subnets) == 0 && network.Pending(h.VPC) {
		return // what is known so far are examples
	}
	// A workload names a VPC for what the server talks to, and clients stay where they are.
	const (
		internal = "and Express Mode would put the load balancer into them too, where only the VPC reaches it"
		wayOut   = "or choose fargateweb.Hosting{}, whose load balancer has subnets of its own"
	)
	if c.Private {
		if field := field; len(kinds.Private) < len(subnets) {
			message, fix := "must be private for a service that is Private, got public "+
				strings.Join(kinds.Public, ", "), "choose awsec2.SubnetType_PRIVATE_WITH_EGRESS"
			switch {
			case len(kinds.Public) == 0:
				message = "must be known to be private for a service that is Private"
				fix = "name them in PrivateSubnetIds, where the VPC is imported"
			case h.VPCSubnets == nil:
				field, fix = vpc, "add private ones"
				message = "has public subnets only, and a service that is Private needs private ones"
			}
			report(field, message, fix)
			return
		}
	} else if given.VPCSubnets == nil && len(kinds.Private) > 0 {
		switch {
		case field == "Workload.VPCSubnets":
			report(field, "are private, "+internal,
				"set Private for clients in the VPC, or ecsweb.Hosting.VPCSubnets to public ones for "+
					"clients on the internet; "+wayOut)
			return
		case vpc == "Workload.VPC":
			report(vpc, "has private subnets only, "+internal,
				"set Private for clients in the VPC; add public ones; "+wayOut)
			return
		}
	}
	if len(kinds.Public) > 0 && len(kinds.Private) > 0 {
		report(field, fmt.Sprintf(
			"must be all public or all private, got public %s and private %s",
			strings.Join(kinds.Public, ", "),
			strings.Join(kinds.Private, ", "),
		), "choose awsec2.SubnetType_PUBLIC for a load balancer on the internet, "+
			"or awsec2.SubnetType_PRIVATE_WITH_EGRESS for one inside the VPC")
	}
	if len(subnets) < 2 || kinds.Known && kinds.Zones < 2 {
		report(field, fmt.Sprintf(
			"must be in at least two availability zones, which the load balancer needs, got %d subnet(s) in %d",
			len(subnets),
			kinds.Zones,
		), "choose more, or a VPC with two zones")
	}
}
