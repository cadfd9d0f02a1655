package ecsweb

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// network is where the load balancer and the tasks are.
type network struct {
	subnets []awsec2.ISubnet
	groups  []awsec2.ISecurityGroup
}

// network makes a security group if the service is in a VPC and has none.
func (h Hosting) network(scope constructs.Construct) network {
	subnets, _ := h.subnets() // checked before
	n := network{subnets, h.SecurityGroups}
	if len(n.groups) == 0 && h.VPC != nil {
		n.groups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(
				scope,
				new("SecurityGroup"),
				&awsec2.SecurityGroupProps{Vpc: h.VPC},
			),
		}
	}
	return n
}

// connections are those of the tasks; nil if they have no security group but the one that ECS
// makes.
func (n network) connections() awsec2.Connections {
	if len(n.groups) == 0 {
		return nil
	}
	return awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &n.groups})
}

// configuration is the property of the service, or nil for the default VPC.
func (n network) configuration() any {
	var subnets, groups []*string
	for _, subnet := range n.subnets {
		subnets = append(subnets, subnet.SubnetId())
	}
	for _, group := range n.groups {
		groups = append(groups, group.SecurityGroupId())
	}
	if subnets == nil && groups == nil {
		return nil
	}
	network := &awsecs.CfnExpressGatewayService_ExpressGatewayServiceNetworkConfigurationProperty{}
	if subnets != nil {
		network.Subnets = &subnets
	}
	if groups != nil {
		network.SecurityGroups = &groups
	}
	return network
}

// subnets returns what the load balancer and the tasks are in; nothing for the default VPC. The
// error is the CDK's, about a selection that the VPC cannot meet.
func (h Hosting) subnets() (subnets []awsec2.ISubnet, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New(words(fmt.Sprint(r)))
		}
	}()
	switch {
	case h.VPC == nil:
		return nil, nil
	case h.VPCSubnets != nil && h.VPCSubnets.Subnets != nil:
		return *h.VPCSubnets.Subnets, nil // SelectSubnets would ask for their availability zones, which imported ones may not know
	case h.VPCSubnets != nil:
		return *h.VPC.SelectSubnets(h.VPCSubnets).Subnets, nil
	}
	if public := *h.VPC.PublicSubnets(); len(public) > 0 {
		return public, nil
	}
	return *h.VPC.SelectSubnets(nil).Subnets, nil
}

// errorName is what the CDK writes before a sentence: "OnlySuppliedSubnetSelection: Only one of …".
var errorName = regexp.MustCompile(`^[A-Z]\w*: `)

// words makes the CDK's sentences a part of one of ours.
func words(text string) string {
	text, _, _ = strings.Cut(text, "\n    at ") // where in the CDK's JavaScript
	text = errorName.ReplaceAllString(strings.TrimSpace(text), "")
	var sentences []string
	for _, sentence := range strings.Split(strings.TrimSuffix(text, "."), ". ") {
		first, size := utf8.DecodeRuneInString(sentence)
		sentences = append(sentences, string(unicode.ToLower(first))+sentence[size:])
	}
	return strings.Join(sentences, "; ")
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
	if err != nil &&
		len(
			*h.VPC.PublicSubnets(),
		)+len(
			*h.VPC.PrivateSubnets(),
		)+len(
			*h.VPC.IsolatedSubnets(),
		) == 0 {
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
	isPublic := map[string]bool{} // by the path of the VPC's subnets
	for _, subnet := range *h.VPC.PublicSubnets() {
		isPublic[*subnet.Node().Path()] = true
	}
	for _, inside := range []*[]awsec2.ISubnet{h.VPC.PrivateSubnets(), h.VPC.IsolatedSubnets()} {
		for _, subnet := range *inside {
			isPublic[*subnet.Node().Path()] = false
		}
	}
	var public, private []string // ids
	zones := map[string]bool{}
	known := true // whether the zones are
	for _, subnet := range subnets {
		if subnet == nil {
			c.Problem(
				web.Problem{Field: "Hosting.VPCSubnets.Subnets", Message: "must not hold nil"},
			)
			return
		}
		open, ofVPC := isPublic[*subnet.Node().Path()]
		if !ofVPC {
			known = false
			continue
		}
		if id := *subnet.Node().Id(); open {
			public = append(public, id)
		} else {
			private = append(private, id)
		}
		zone := *subnet.AvailabilityZone()
		zones[zone] = true
		known = known && !token.In(zone)
	}
	if len(public) > 0 && len(private) > 0 {
		c.Problem(web.Problem{Field: "Hosting.VPCSubnets",
			Message: fmt.Sprintf(
				"must be all public or all private, got public %s and private %s",
				strings.Join(public, ", "),
				strings.Join(private, ", "),
			),
			Fix: "choose awsec2.SubnetType_PUBLIC for a load balancer on the internet, or awsec2.SubnetType_PRIVATE_WITH_EGRESS for one inside the VPC"})
	}
	if len(subnets) < 2 || known && len(zones) < 2 {
		c.Problem(web.Problem{Field: "Hosting.VPCSubnets",
			Message: fmt.Sprintf(
				"must be in at least two availability zones, which the load balancer needs, got %d subnet(s) in %d",
				len(subnets),
				len(zones),
			),
			Fix: "choose more, or a VPC with two zones"})
	}
}
