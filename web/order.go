package web

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
)

// waitFor has the server start after constructs of the app, with all that is below them.
func (s *Service) waitFor(needed ...constructs.IConstruct) {
	if s.made.Primary == nil {
		return
	}
	for _, construct := range needed {
		s.made.Primary.Node().AddDependency(construct)
	}
}

// waitForDatabase has the server start after a database of the app. Its address is known earlier: a
// cluster has one before its writer is there, and a proxy before it knows its database.
func (s *Service) waitForDatabase(d Database) {
	inside := strings.HasPrefix(*s.Node().Path(), *d.resource.Node().Path()+"/")
	if !inside && *awscdk.Resource_IsOwnedResource(d.resource) {
		s.waitFor(d.resource)
	}
}

// portOwner is the database whose port is known at deployment only; nil if it is known now.
func (d Database) portOwner() constructs.IConstruct {
	if d.port != 0 || !*awscdk.Resource_IsOwnedResource(d.resource) {
		return nil
	}
	return d.resource
}

// openPort lets the server connect to a port of what has security groups, before it starts.
// Connections.AllowTo of the CDK does the same, and warns of each group that lets everything out
// already. A port that is known at deployment only belongs to an owner, else that is nil.
func (s *Service) openPort(to awsec2.Connections, port awsec2.Port, owner constructs.IConstruct) {
	for _, other := range *to.SecurityGroups() {
		for _, own := range *s.made.Connections.SecurityGroups() {
			beside := s.rulesBeside(own, other)
			peer := other
			if !beside && owner != nil {
				peer = standIn(owner, other)
			}
			peer.AddIngressRule(own, port, nil, &beside)
			if awscdk.Stack_Of(peer) != awscdk.Stack_Of(own) {
				acknowledgePort(own)
			}
			if !*own.AllowAllOutbound() {
				own.AddEgressRule(peer, port, nil, new(!beside))
			}
			s.waitFor(rulesBetween(own, peer)...)
		}
	}
}

// rulesBeside reports whether rules between two security groups of two stacks stand beside the
// server's own group. The other stack need not know the server's, but the stack of a group that
// several services share need not know the other one.
func (s *Service) rulesBeside(own, other awsec2.ISecurityGroup) bool {
	stack := awscdk.Stack_Of(own)
	return stack == s.check.Stack ||
		reachesStack(stack, awscdk.Stack_Of(other), map[awscdk.Stack]bool{})
}

// standIn is a security group in the stack of its owner, or what stands for it there: rules with the
// owner's port would make the group's stack need the owner's, which needs the group.
func standIn(owner constructs.IConstruct, group awsec2.ISecurityGroup) awsec2.ISecurityGroup {
	if awscdk.Stack_Of(group) == awscdk.Stack_Of(owner) || !*awscdk.Resource_IsOwnedResource(group) {
		return group // of an imported one nothing tells whether rules may be added
	}
	pair := [2]constructs.IConstruct{owner, group}
	if standIns[pair] == nil {
		standIns[pair] = awsec2.SecurityGroup_FromSecurityGroupId(owner.(constructs.Construct),
			awscdk.Names_NodeUniqueId(group.Node()), group.SecurityGroupId(), nil)
	}
	return standIns[pair]
}

// standIns are those that there are, by owner and group: the CDK's tree does not return their type.
// Constructs are made by one goroutine, because of jsii.
var standIns = map[[2]constructs.IConstruct]awsec2.ISecurityGroup{}

// rulesBetween are the rules by which a security group reaches another one.
func rulesBetween(from, to awsec2.ISecurityGroup) []constructs.IConstruct {
	source, target := *from.SecurityGroupId(), *to.SecurityGroupId()
	var rules []constructs.IConstruct
	for _, group := range []awsec2.ISecurityGroup{from, to} {
		for _, child := range *group.Node().Children() {
			switch rule := child.(type) {
			case awsec2.CfnSecurityGroupIngress:
				if is(rule.SourceSecurityGroupId(), source) && is(rule.GroupId(), target) {
					rules = append(rules, rule)
				}
			case awsec2.CfnSecurityGroupEgress:
				if is(rule.GroupId(), source) && is(rule.DestinationSecurityGroupId(), target) {
					rules = append(rules, rule)
				}
			}
		}
	}
	return rules
}

// is reports whether an optional text is given.
func is(text *string, want string) bool { return text != nil && *text == want }

// acknowledgePort keeps the CDK's validation from refusing the rules of a security group whose port
// is known at deployment only: it takes a port that another stack exports for none.
func acknowledgePort(group awsec2.ISecurityGroup) {
	for _, rule := range *group.Node().Children() {
		if strings.Contains(*rule.Node().Id(), "{IndirectPort}") {
			awscdk.Validations_Of(rule).Acknowledge(&awscdk.Acknowledgment{
				Id:     new("CloudFormation-Validate::E3687"),
				Reason: new("the port is an export of another stack"),
			})
		}
	}
}
