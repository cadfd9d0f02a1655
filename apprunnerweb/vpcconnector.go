package apprunnerweb

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// VPCConnector is a way into a VPC, which services with the same network share: an account has ten
// of them in a region. [VPCConnectorFromARN] is one that exists already.
type VPCConnector struct {
	arn         string
	groups      []awsec2.ISecurityGroup
	connections awsec2.Connections
	network     *web.Network // nil for one that was made elsewhere
}

// VPCConnectorFromARN is a connector that was made elsewhere, such as in another stack. Services
// that use it have Connections if its security groups are named here. The ARN may hold tokens.
func VPCConnectorFromARN(arn string, groups ...awsec2.ISecurityGroup) *VPCConnector {
	connector := &VPCConnector{arn: arn, groups: groups}
	if len(groups) > 0 && !slices.Contains(groups, nil) {
		connector.connections = connectionsOf(groups)
	}
	return connector
}

// VPCConnectorARN is the connector's ARN. It may hold tokens.
func (c *VPCConnector) VPCConnectorARN() string { return c.arn }

func connectionsOf(groups []awsec2.ISecurityGroup) awsec2.Connections {
	return awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &groups})
}

// connectors are those of the stacks, by their ids. Constructs are made by one goroutine, because
// of jsii.
var connectors = map[awscdk.Stack]map[string]*VPCConnector{}

// connectorID is the same for networks that are the same, whatever comes first in them.
func connectorID(n *web.Network) string {
	paths := []string{*n.VPC.Node().Path()}
	for _, subnet := range n.Subnets {
		paths = append(paths, *subnet.Node().Path())
	}
	paths = append(paths, "")
	for _, group := range n.SecurityGroups {
		paths = append(paths, *group.Node().Path())
	}
	hash := fnv.New32a()
	hash.Write([]byte(strings.Join(paths, "\n")))
	return fmt.Sprintf("AppRunnerVPCConnector%08x", hash.Sum32())
}

// sorted is a network whose subnets and groups are in the order of their paths, each once.
func sorted(n *web.Network) *web.Network {
	all := *n
	all.Subnets = byPath(n.Subnets)
	all.SecurityGroups = byPath(n.SecurityGroups)
	return &all
}

func byPath[C constructs.IConstruct](list []C) []C {
	path := func(c C) string { return *c.Node().Path() }
	list = slices.SortedFunc(slices.Values(list), func(a, b C) int {
		return strings.Compare(path(a), path(b))
	})
	return slices.CompactFunc(list, func(a, b C) bool { return path(a) == path(b) })
}

// connector returns the connector of a service; nil if it has no VPC. One that is made stands in
// the stack itself, because it stays when the service that needed it first goes.
func (h Hosting) connector(scope constructs.Construct, in *web.Definition) *VPCConnector {
	if h.VPCConnector != nil {
		return h.VPCConnector
	}
	n := in.Network()
	if n == nil {
		return nil
	}
	n = sorted(n)
	stack, id := awscdk.Stack_Of(scope), connectorID(n)
	if found := connectors[stack][id]; found != nil {
		return found
	}
	shared := constructs.NewConstruct(stack, &id)
	if len(n.SecurityGroups) > 0 {
		owners[groupsKey(stack, n.SecurityGroups)] = *shared.Node().Path()
	}
	n.Secure(shared)
	var subnets []*string
	var groups []any
	for _, subnet := range n.Subnets {
		subnets = append(subnets, subnet.SubnetId())
	}
	for _, group := range n.SecurityGroups {
		groups = append(groups, group.SecurityGroupId())
	}
	made := awsapprunner.NewCfnVpcConnector(shared, new("Resource"),
		&awsapprunner.CfnVpcConnectorProps{Subnets: &subnets, SecurityGroups: &groups})
	if connectors[stack] == nil {
		connectors[stack] = map[string]*VPCConnector{}
	}
	connectors[stack][id] = &VPCConnector{
		arn:         *made.AttrVpcConnectorArn(),
		groups:      n.SecurityGroups,
		connections: connectionsOf(n.SecurityGroups),
		network:     n,
	}
	return connectors[stack][id]
}

// owners are the paths of the connectors that have security groups of the user's.
var owners = map[groupSet]string{}

// groupSet is a set of security groups in an app.
type groupSet struct {
	root constructs.IConstruct
	ids  string
}

func groupsKey(stack awscdk.Stack, groups []awsec2.ISecurityGroup) groupSet {
	var ids []string
	for _, group := range groups {
		ids = append(ids, *group.SecurityGroupId())
	}
	slices.Sort(ids)
	return groupSet{stack.Node().Root(), strings.Join(slices.Compact(ids), " ")}
}

// egress is the way out of a service; nil for one that reaches the internet alone.
func (c *VPCConnector) egress() any {
	if c == nil {
		return nil
	}
	return &awsapprunner.CfnService_EgressConfigurationProperty{
		EgressType:      new("VPC"),
		VpcConnectorArn: &c.arn,
	}
}

// connect fills in what a service with the connector has.
func (c *VPCConnector) connect(made *web.Made) {
	made.NoConnections = "need a VPC; set Workload.VPC"
	if c == nil {
		return
	}
	made.Network, made.Connections = c.network, c.connections
	made.NoConnections = "need the security groups of Hosting.VPCConnector; " +
		"pass them to apprunnerweb.VPCConnectorFromARN"
}

// routes are what the server's way out of its subnets depends on.
func (c *VPCConnector) routes() []constructs.IDependable {
	if c == nil || c.network == nil {
		return nil
	}
	var routes []constructs.IDependable
	for _, subnet := range c.network.Subnets {
		routes = append(routes, subnet.InternetConnectivityEstablished())
	}
	return routes
}

// connectorARN is App Runner's pattern (API reference, VpcConnector).
var connectorARN = regexp.MustCompile(
	`^arn:aws[a-z-]*:apprunner:([a-z0-9-]+):[0-9]{12}:vpcconnector/` +
		`[A-Za-z0-9][A-Za-z0-9_-]{3,39}(/[0-9]+(/[0-9a-f]{32})?)?$`,
)

func (h Hosting) checkNetwork(c *web.Check) {
	report := func(message, fix string, got any) {
		c.Problem(web.Problem{Field: "Hosting.VPCConnector", Message: message, Fix: fix, Got: got})
	}
	if h.VPCConnector == nil {
		h.checkGroups(c)
		return
	}
	connector := h.VPCConnector
	if slices.Contains(connector.groups, nil) {
		report("must not have a security group that is nil", "", nil)
		return
	}
	if len(connector.groups) == 0 && len(c.Workload.SecurityGroups) > 0 {
		report("has no security groups that are known, but Workload.SecurityGroups is set",
			"pass those of the connector to apprunnerweb.VPCConnectorFromARN, or leave them out", nil)
	}
	c.SameSecurityGroups("VPCConnector", connector.groups)
	if token.In(connector.arn) {
		return
	}
	found := connectorARN.FindStringSubmatch(connector.arn)
	switch {
	case found == nil:
		report("must have the ARN of a VPC connector "+
			"(arn:aws:apprunner:REGION:ACCOUNT:vpcconnector/NAME/REVISION/ID)", "", connector.arn)
	case c.Target.Region != "" && found[1] != c.Target.Region:
		report("must be in the stack's own region "+c.Target.Region, "", connector.arn)
	}
}

// checkGroups finds security groups that another connector has. App Runner's words for it are "The
// security groups combination provided in the request already exists on existing vpc connector".
func (h Hosting) checkGroups(c *web.Check) {
	n := c.Network()
	if n == nil || c.Stack == nil || len(n.SecurityGroups) == 0 || slices.Contains(n.SecurityGroups, nil) {
		return
	}
	owner := owners[groupsKey(c.Stack, n.SecurityGroups)]
	if own := *c.Stack.Node().Path() + "/" + connectorID(sorted(n)); owner == "" || owner == own {
		return
	}
	c.Problem(web.Problem{
		Field: "Workload.SecurityGroups",
		Message: "are those of the VPC connector " + owner + " already, which is in other subnets " +
			"or another stack, and App Runner has one connector for a set of groups",
		Fix: "leave them out, add another group, " +
			"or share a connector with Hosting.VPCConnector: apprunnerweb.VPCConnectorFromARN",
	})
}
