package fargateweb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// vpc is the one that the service is in, with the field that it comes from; nil if it gets one of its
// own. The error is the CDK's.
func (h Hosting) vpc(w web.Workload) (vpc awsec2.IVpc, field string, err error) {
	switch {
	case h.LoadBalancer != nil:
		return h.LoadBalancer.VPC, "Hosting.LoadBalancer.VPC", nil
	case h.VPC != nil:
		return h.VPC, "Hosting.VPC", nil
	case w.VPC != nil:
		return w.VPC, "Workload.VPC", nil
	case h.Cluster != nil:
		vpc, err = h.clusterVPC()
		return vpc, "Hosting.Cluster.Vpc", err
	}
	return nil, "", nil
}

// clusterVPC is the VPC of a cluster. The error is the CDK's, about one that was imported without.
func (h Hosting) clusterVPC() (vpc awsec2.IVpc, err error) {
	err = network.Try(func() { vpc = h.Cluster.Vpc() })
	return vpc, err
}

// selection is what chooses the subnets of the tasks, with the field that it comes from; nil for the
// default.
func (h Hosting) selection(w web.Workload) (selection *awsec2.SubnetSelection, field string) {
	if h.VPCSubnets == nil && w.VPCSubnets != nil {
		return w.VPCSubnets, "Workload.VPCSubnets"
	}
	return h.VPCSubnets, "Hosting.VPCSubnets"
}

// securityGroups are those of the tasks that are not made here.
func (h Hosting) securityGroups(w web.Workload) []awsec2.ISecurityGroup {
	if len(h.SecurityGroups) > 0 {
		return h.SecurityGroups
	}
	return w.SecurityGroups
}

func (h Hosting) checkNetwork(c *web.Check) {
	for i, group := range h.SecurityGroups {
		if group == nil {
			c.Problem(
				web.Problem{
					Field:   fmt.Sprintf("Hosting.SecurityGroups[%d]", i),
					Message: "must not be nil",
				},
			)
		}
	}
	if most := platform.Fargate.MaxSecurityGroups; len(h.SecurityGroups) > most {
		c.Problem(web.Problem{
			Field:   "Hosting.SecurityGroups",
			Message: fmt.Sprintf("must not be more than %d", most),
			Got:     len(h.SecurityGroups),
			Fix:     "put their rules together",
		})
	}
	c.SameVPC("VPC", h.VPC)
	c.SameSubnets("VPCSubnets", h.VPCSubnets)
	c.SameSecurityGroups("SecurityGroups", h.SecurityGroups)
	if h.LoadBalancer != nil {
		c.SameVPC("LoadBalancer.VPC", h.LoadBalancer.VPC)
	}
	c.Excludes(
		"VPC",
		h.VPC != nil && h.LoadBalancer != nil,
		[]string{"LoadBalancer"},
		"the service is in the load balancer's VPC",
	)
	c.Excludes(
		"VPC",
		h.VPC != nil && h.Cluster != nil,
		[]string{"Cluster"},
		"the service is in the cluster's VPC",
	)
	vpc, field, err := h.vpc(c.Workload)
	selection, _ := h.selection(c.Workload)
	if h.Cluster != nil && vpc != nil && err == nil {
		var clusters awsec2.IVpc
		clusters, err = h.clusterVPC()
		if err == nil && *clusters.VpcId() != *vpc.VpcId() { // which may have been imported twice
			c.Problem(
				web.Problem{
					Field:   "Hosting.Cluster",
					Message: "must be in the VPC of the load balancer and the tasks",
					Fix:     "make it with awsecs.NewCluster and that Vpc, or leave it out",
				},
			)
			return
		}
	}
	if err != nil {
		c.Problem(
			web.Problem{
				Field:   "Hosting.Cluster",
				Message: "was imported without its VPC: " + err.Error(),
				Fix:     "set Vpc when you import it",
			},
		)
		return
	}
	if vpc == nil {
		if c.Private {
			c.Problem(
				web.Problem{
					Field:   "Private",
					Message: "needs a VPC, from which clients reach the service",
					Fix:     "set Workload.VPC; without it the service has a VPC of its own, where no client is",
				},
			)
		}
		if h.VPCSubnets != nil {
			c.Problem(
				web.Problem{
					Field:   "Hosting.VPCSubnets",
					Message: "needs VPC, the one that they are in",
					Fix:     "without both the service has a VPC of its own",
				},
			)
		}
		return
	}
	if network.Unknown(vpc) && selection == nil {
		c.Problem(
			web.Problem{
				Field:   field,
				Message: "has no subnets that are known",
				Fix:     "name them when you import it, or set VPCSubnets.Subnets",
			},
		)
		return
	}
	if h.LoadBalancer == nil {
		h.checkOwnLoadBalancer(c, vpc, field)
	}
	h.checkSubnets(c, vpc, field)
}

// checkOwnLoadBalancer checks the VPC for a load balancer that is made with the service.
func (h Hosting) checkOwnLoadBalancer(c *web.Check, vpc awsec2.IVpc, field string) {
	kind, subnets := "public", *vpc.PublicSubnets()
	fix := "add some, or set Private for clients in the VPC"
	if c.Private {
		kind, fix = "private", "add some"
		if private := *vpc.PrivateSubnets(); len(private) > 0 {
			subnets = private
		} else if isolated := *vpc.IsolatedSubnets(); len(isolated) > 0 {
			subnets = isolated
		}
		if len(c.AllowFrom) == 0 && network.Try(func() { vpc.VpcCidrBlock() }) != nil {
			c.Problem(web.Problem{
				Field:   field,
				Message: "was imported without its CIDR block, which says who may connect to a Private service",
				Fix:     "set VpcCidrBlock when you import it, or set AllowFrom",
			})
		}
	}
	if kinds := network.KindsOf(vpc, subnets); len(subnets) < 2 || kinds.Known && kinds.Zones < 2 {
		c.Problem(web.Problem{
			Field: field,
			Message: fmt.Sprintf(
				"must have %s subnets in at least two availability zones for the service's own load balancer, got %d subnet(s) in %d",
				kind,
				len(subnets),
				kinds.Zones,
			),
			Fix: fix,
		})
	}
}

// subnets are those of the tasks. The error is the CDK's.
func (h Hosting) subnets(w web.Workload, vpc awsec2.IVpc) ([]awsec2.ISubnet, error) {
	if selection, _ := h.selection(w); selection != nil {
		return network.Select(vpc, selection)
	}
	if private := *vpc.PrivateSubnets(); len(private) > 0 {
		return private, nil
	}
	return *vpc.PublicSubnets(), nil
}

// public reports whether the subnets of the tasks are.
func (h Hosting) public(w web.Workload, vpc awsec2.IVpc, subnets []awsec2.ISubnet) bool {
	if selection, _ := h.selection(w); selection == nil {
		return len(*vpc.PrivateSubnets()) == 0
	}
	return len(network.KindsOf(vpc, subnets).Public) > 0
}

func (h Hosting) checkSubnets(c *web.Check, vpc awsec2.IVpc, vpcField string) {
	selection, field := h.selection(c.Workload)
	report := func(field, message, fix string) {
		c.Problem(web.Problem{Field: field, Message: message, Fix: fix})
	}
	subnets, err := h.subnets(c.Workload, vpc)
	var kinds network.Kinds
	if err == nil && selection != nil { // otherwise they are of one kind
		kinds = network.KindsOf(vpc, subnets)
	}
	if field == "Workload.VPCSubnets" && (err != nil || kinds.Nil || len(subnets) == 0) {
		return // reported, or still to be looked up
	}
	most := platform.Fargate.MaxSubnets
	switch {
	case err != nil:
		report(field, fmt.Sprintf("must choose subnets of the VPC: %s", err), "")
	case kinds.Nil:
		report(field+".Subnets", "must not hold nil", "")
	case len(subnets) == 0 && network.Pending(vpc): // what is known so far are examples
	case len(subnets) == 0 && selection != nil:
		report(field+".Subnets", "must not be empty", "leave it out")
	case len(subnets) == 0:
		report(vpcField, "has only isolated subnets, from which tasks can neither pull the image nor log",
			"add others, or choose them with VPCSubnets if the VPC has endpoints for that")
	case len(kinds.Public) > 0 && len(kinds.Private) > 0:
		report(field, fmt.Sprintf("must be all public or all private, got public %s and private %s",
			strings.Join(kinds.Public, ", "), strings.Join(kinds.Private, ", ")),
			"choose awsec2.SubnetType_PUBLIC for tasks with public addresses, "+
				"or awsec2.SubnetType_PRIVATE_WITH_EGRESS")
	case len(subnets) > most && field == "Hosting.VPCSubnets":
		report(field, fmt.Sprintf("must not be more than %d, got %d", most, len(subnets)),
			"choose one in each availability zone")
	}
}
