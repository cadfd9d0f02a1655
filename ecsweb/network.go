package ecsweb

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/internal/token"
)

// subnets returns what the load balancer and the tasks are in; nothing for the default VPC.
func (h Hosting) subnets() []awsec2.ISubnet {
	switch {
	case h.VPC == nil:
		return nil
	case h.VPCSubnets != nil && h.VPCSubnets.Subnets != nil:
		return *h.VPCSubnets.Subnets // SelectSubnets would ask for their availability zones, which imported ones may not know
	case h.VPCSubnets != nil:
		return *h.VPC.SelectSubnets(h.VPCSubnets).Subnets
	}
	if public := *h.VPC.PublicSubnets(); len(public) > 0 {
		return public
	}
	return *h.VPC.SelectSubnets(nil).Subnets
}

// validateNetwork checks what ECS finds out about subnets only after it has begun to build.
func (h Hosting) validateNetwork() []error {
	if h.VPC == nil {
		if h.VPCSubnets != nil {
			return []error{errors.New("VPCSubnets needs VPC, the one that they are in; without both the service is in the default VPC")}
		}
		return nil
	}
	var public, private []string // ids
	zones := map[string]bool{}
	known := true // whether the zones are
	subnets := h.subnets()
	for _, subnet := range subnets {
		id := *subnet.Node().Id()
		switch {
		case contains(*h.VPC.PublicSubnets(), subnet):
			public = append(public, id)
		case contains(*h.VPC.PrivateSubnets(), subnet), contains(*h.VPC.IsolatedSubnets(), subnet):
			private = append(private, id)
		default:
			known = false
			continue
		}
		zone := *subnet.AvailabilityZone()
		zones[zone] = true
		known = known && !token.In(zone)
	}
	var errs []error
	if len(public) > 0 && len(private) > 0 {
		errs = append(errs, fmt.Errorf("VPCSubnets must be all public or all private, got public %s and private %s; choose awsec2.SubnetType_PUBLIC for a "+
			"load balancer on the internet, or awsec2.SubnetType_PRIVATE_WITH_EGRESS for one inside the VPC",
			strings.Join(public, ", "), strings.Join(private, ", ")))
	}
	if len(subnets) < 2 || known && len(zones) < 2 {
		errs = append(errs, fmt.Errorf("VPCSubnets must lie in at least two availability zones, which the load balancer needs, got %d subnet(s) in %d; "+
			"choose more, or a VPC with two zones", len(subnets), len(zones)))
	}
	return errs
}

func contains(subnets []awsec2.ISubnet, subnet awsec2.ISubnet) bool {
	return slices.ContainsFunc(subnets, func(s awsec2.ISubnet) bool { return *s.Node().Path() == *subnet.Node().Path() })
}
