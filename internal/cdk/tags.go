package cdk

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
)

// WarnOfTags warns, under an id, if a service with a fixed name has tags, or gets those of its
// stack: a change of a tag replaces the service, which fails as long as the old one has the name.
// The warning is on the resource and not on the service, because the CDK ignores an acknowledgement
// on the construct itself for warnings added during synthesis.
func WarnOfTags(resource awscdk.CfnResource, tags awscdk.TagManager, id, name string) {
	awscdk.Aspects_Of(resource).
		Add(&guard{resource, tags, id, name}, &awscdk.AspectOptions{Priority: awscdk.AspectPriority_READONLY()})
}

// guard is an aspect, because tags come from anywhere above the service and late.
type guard struct {
	resource awscdk.CfnResource
	tags     awscdk.TagManager
	id, name string
}

// Visit implements awscdk.IAspect.
func (g *guard) Visit(constructs.IConstruct) {
	if !*g.tags.HasTags() && !*awscdk.Stack_Of(g.resource).Tags().HasTags() {
		return
	}
	awscdk.Annotations_Of(g.resource).AddWarningV2(&g.id, new(fmt.Sprintf(
		"the service has the fixed ServiceName %q and tags: when a tag changes, CloudFormation replaces the service, and the deployment "+
			"fails because the old one still has the name. Leave ServiceName out, or never change the tags",
		g.name,
	)))
}
