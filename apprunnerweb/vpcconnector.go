package apprunnerweb

import (
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/web"
)

// vpcConnector is a way into a VPC, which services of a stack share if their networks are the same:
// an account has ten of them in a region.
type vpcConnector struct {
	arn     *string
	network *web.Network
}

// vpcConnectors are those of the stacks. Constructs are made by one goroutine, because of jsii.
var vpcConnectors = map[awscdk.Stack]map[string]*vpcConnector{}

// vpcConnectorOf returns the connector for a network; nil if there is no network. It stands in the
// stack itself, because it stays when the service that needed it first goes.
func vpcConnectorOf(scope constructs.Construct, network *web.Network) *vpcConnector {
	if network == nil {
		return nil
	}
	stack := awscdk.Stack_Of(scope)
	key := keyOf(network)
	if found := vpcConnectors[stack][key]; found != nil {
		return found
	}
	hash := fnv.New32a()
	hash.Write([]byte(key))
	shared := constructs.NewConstruct(stack, new(fmt.Sprintf("AppRunnerVPCConnector%08x", hash.Sum32())))
	network.Secure(shared)
	var subnets []*string
	var groups []any
	for _, subnet := range network.Subnets {
		subnets = append(subnets, subnet.SubnetId())
	}
	for _, group := range network.SecurityGroups {
		groups = append(groups, group.SecurityGroupId())
	}
	resource := awsapprunner.NewCfnVpcConnector(shared, new("Resource"), &awsapprunner.CfnVpcConnectorProps{
		Subnets:        &subnets,
		SecurityGroups: &groups,
	})
	if vpcConnectors[stack] == nil {
		vpcConnectors[stack] = map[string]*vpcConnector{}
	}
	connector := &vpcConnector{resource.AttrVpcConnectorArn(), network}
	vpcConnectors[stack][key] = connector
	return connector
}

// egress is the way out of a service; nil for one that reaches the internet alone.
func (c *vpcConnector) egress() any {
	if c == nil {
		return nil
	}
	return &awsapprunner.CfnService_EgressConfigurationProperty{
		EgressType:      new("VPC"),
		VpcConnectorArn: c.arn,
	}
}

// connections are those of the connector's security groups; nil if there is none.
func (c *vpcConnector) connections() awsec2.Connections {
	if c == nil {
		return nil
	}
	return c.network.Connections()
}

// keyOf is the same for networks that are the same.
func keyOf(network *web.Network) string {
	paths := []string{*network.VPC.Node().Path()}
	for _, subnet := range network.Subnets {
		paths = append(paths, *subnet.Node().Path())
	}
	paths = append(paths, "")
	for _, group := range network.SecurityGroups {
		paths = append(paths, *group.Node().Path())
	}
	return strings.Join(paths, "\n")
}
