package apprunnerweb

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/internal/waf"
	"github.com/cdkweb/cdkweb/web"
)

// PrivateWebACLWarning is the id of the warning about a web ACL on a service that is Private.
const PrivateWebACLWarning = "cdkweb:apprunner-private-web-acl"

const privateWebACLMessage = "App Runner does not tell a web ACL the addresses of the clients of a Private service, so rules by address, " +
	"such as IP sets and rates, do not work there: use AllowFrom for addresses"

// checkAccess checks who may come in.
func (h Hosting) checkAccess(c *web.Check) {
	report := func(field, message, fix string) {
		c.Problem(web.Problem{Field: field, Message: message, Fix: fix})
	}
	if !c.Private {
		if h.VPCEndpoint != nil {
			report("Hosting.VPCEndpoint", "is for services that are Private, and this one is on the internet",
				"set Private, or leave it out")
		}
		waf.Check(c, "App Runner")
		for i, prefix := range c.AllowFrom {
			if prefix.Addr().Is6() && h.IPAddressType != DualStack {
				c.Problem(web.Problem{
					Field:   fmt.Sprintf("AllowFrom[%d]", i),
					Message: "is of IPv6, by which clients come only with IPAddressType apprunnerweb.DualStack",
					Got:     prefix.String(),
					Fix:     "set that, or leave it out",
				})
			}
		}
		return
	}
	if c.WebACL != "" {
		c.Warn(PrivateWebACLWarning, privateWebACLMessage)
	}
	// Developer guide, "Enabling Private endpoint for incoming traffic".
	if h.IPAddressType == DualStack {
		report("Hosting.IPAddressType", "must be apprunnerweb.IPv4 for a service that is Private", "leave it out")
	}
	for i, prefix := range c.AllowFrom {
		if prefix.Addr().Is6() {
			c.Problem(web.Problem{
				Field:   fmt.Sprintf("AllowFrom[%d]", i),
				Message: "is of IPv6, by which no client reaches a Private service on App Runner",
				Got:     prefix.String(),
				Fix:     "leave it out",
			})
		}
	}
	vpc := c.Workload.VPC
	switch {
	case vpc == nil:
		report("Private", "needs a VPC, from which clients reach the service", "set Workload.VPC")
	case h.VPCEndpoint != nil:
		if len(c.AllowFrom) > 0 {
			report("AllowFrom", "is for the security groups of Hosting.VPCEndpoint to say",
				"add rules to them, or leave VPCEndpoint out")
		}
	default:
		if len(endpointSubnets(vpc)) == 0 && !network.Pending(vpc) {
			report("Workload.VPC", "has no private subnets that are known, for an interface endpoint",
				"name them when you import it, or pass Hosting.VPCEndpoint")
		}
		if len(c.AllowFrom) == 0 && network.Try(func() { vpc.VpcCidrBlock() }) != nil {
			report("Workload.VPC",
				"was imported without its CIDR block, which says who may connect to a Private service",
				"set VpcCidrBlock when you import it, or set AllowFrom")
		}
		if len(c.AllowFrom) > maxRules {
			report("AllowFrom", fmt.Sprintf("must be %d at most, as many as a security group takes", maxRules),
				"use larger prefixes")
		}
	}
}

// maxRules is how many rules a security group has: Amazon VPC user guide, "Amazon VPC quotas".
const maxRules = 60

// letIn makes what lets clients in, or keeps others out.
func (h Hosting) letIn(scope constructs.Construct, in *web.Definition, r *Resources, made *web.Made) {
	if !in.Private {
		if len(in.AllowFrom) > 0 {
			waf.Allow(scope, in.AllowFrom, r.ServiceARN(), "")
		}
		return
	}
	vpc := in.Workload.VPC
	r.VPCEndpoint = h.VPCEndpoint
	if r.VPCEndpoint == nil {
		r.VPCEndpoint = endpoint(awscdk.Stack_Of(scope), vpc, in.AllowFrom)
	}
	r.IngressConnection = awsapprunner.NewCfnVpcIngressConnection(
		scope,
		new("IngressConnection"),
		&awsapprunner.CfnVpcIngressConnectionProps{
			ServiceArn: r.Service.AttrServiceArn(),
			IngressVpcConfiguration: &awsapprunner.CfnVpcIngressConnection_IngressVpcConfigurationProperty{
				VpcId:         vpc.VpcId(),
				VpcEndpointId: r.VPCEndpoint.VpcEndpointId(),
			},
		},
	)
	made.URL = func() string { return "https://" + *r.IngressConnection.AttrDomainName() }
	made.Reach = web.Reach{VPC: vpc}
	if connections := r.VPCEndpoint.Connections(); len(*connections.SecurityGroups()) > 0 &&
		connections.DefaultPort() != nil {
		made.Reach.Connections = connections
	}
}

// endpointSubnets are those of a VPC that its interface endpoint is in, one in each zone.
func endpointSubnets(vpc awsec2.IVpc) []awsec2.ISubnet {
	subnets := *vpc.PrivateSubnets()
	if len(subnets) == 0 {
		subnets = *vpc.IsolatedSubnets()
	}
	zones := map[string]bool{}
	return slices.DeleteFunc(slices.Clone(subnets), func(subnet awsec2.ISubnet) bool {
		zone := *subnet.AvailabilityZone()
		known := zones[zone]
		zones[zone] = true
		return known
	})
}

// endpoint is the one of a stack for services of a VPC that the same addresses may call. It stands
// in the stack itself, because it stays when the service that needed it first goes.
func endpoint(stack awscdk.Stack, vpc awsec2.IVpc, allowFrom []netip.Prefix) awsec2.IInterfaceVpcEndpoint {
	var prefixes []string
	for _, prefix := range allowFrom {
		prefixes = append(prefixes, prefix.Masked().String())
	}
	slices.Sort(prefixes)
	hash := fnv.New32a()
	hash.Write([]byte(*vpc.Node().Path() + "\n" + strings.Join(prefixes, " ")))
	id := fmt.Sprintf("AppRunnerVPCEndpoint%08x", hash.Sum32())
	if found := endpoints[stack][id]; found != nil {
		return found
	}
	shared := constructs.NewConstruct(stack, &id)
	group := awsec2.NewSecurityGroup(shared, new("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:                vpc,
		Description:        new("The clients of private services"),
		AllowAllOutbound:   new(false),
		DisableInlineRules: new(false), // whatever the app's context says
	})
	subnets := endpointSubnets(vpc)
	made := awsec2.NewInterfaceVpcEndpoint(shared, new("Resource"), &awsec2.InterfaceVpcEndpointProps{
		Vpc: vpc,
		Service: awsec2.NewInterfaceVpcEndpointService(
			new("com.amazonaws."+*stack.Region()+".apprunner.requests"), new(443.0)),
		Subnets:           &awsec2.SubnetSelection{Subnets: &subnets},
		SecurityGroups:    &[]awsec2.ISecurityGroup{group},
		PrivateDnsEnabled: new(false), // each ingress connection has a host name of its own
		Open:              new(false),
	})
	if len(prefixes) == 0 {
		made.Connections().AllowDefaultPortFrom(awsec2.Peer_Ipv4(vpc.VpcCidrBlock()), new("clients in the VPC"))
	}
	for _, prefix := range prefixes {
		made.Connections().AllowDefaultPortFrom(awsec2.Peer_Ipv4(&prefix), new("clients"))
	}
	if endpoints[stack] == nil {
		endpoints[stack] = map[string]awsec2.InterfaceVpcEndpoint{}
	}
	endpoints[stack][id] = made
	return made
}

// endpoints are those of the stacks, by their ids. Constructs are made by one goroutine, because of
// jsii.
var endpoints = map[awscdk.Stack]map[string]awsec2.InterfaceVpcEndpoint{}
