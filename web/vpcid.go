package web

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// vpcID is the id of the VPC that a security group or a subnet of the app is made in; empty if it is
// not the app's.
func vpcID(construct constructs.IConstruct) string {
	made, ok := construct.Node().DefaultChild().(interface{ VpcId() *string })
	if !ok || made.VpcId() == nil {
		return ""
	}
	return *made.VpcId()
}

// isElsewhere reports whether a security group or a subnet is certainly not in a VPC.
func isElsewhere(construct constructs.IConstruct, vpc awsec2.IVpc) bool {
	one, other := vpcID(construct), *vpc.VpcId()
	if one == "" || one == other {
		return false
	}
	if !token.In(one) && !token.In(other) {
		return true
	}
	// A token may stand for the other id, but not if both are made.
	made, otherMade := vpcOf(one), vpcOf(other)
	return made != nil && otherMade != nil && made != otherMade
}

// vpcOf is the VPC of the app that has an id; nil if there is none.
func vpcOf(id string) constructs.IConstruct {
	for _, found := range *awscdk.Tokenization_ReverseString(&id).Tokens() {
		if reference, ok := found.(awscdk.Reference); ok {
			if made, ok := reference.Target().(awsec2.CfnVPC); ok {
				return made
			}
		}
	}
	return nil
}

// checkGroupsOf reports security groups of a database that no server of this VPC is let in by. The
// problem has no field.
func (s *Service) checkGroupsOf(path string, d Database) []Problem {
	connections, _ := d.connected()
	if connections == nil || isNil(s.VPC()) {
		return nil
	}
	for _, group := range *connections.SecurityGroups() {
		if isElsewhere(group, s.VPC()) {
			return []Problem{{
				Message: fmt.Sprintf("needs the server in the VPC of %s, whose security group %s "+
					"is not in %s", path, *group.Node().Path(), *s.VPC().Node().Path()),
				Fix: "put both into one VPC",
			}}
		}
	}
	return nil
}
