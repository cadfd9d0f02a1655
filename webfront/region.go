package webfront

import (
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// globalRegion is where CloudFront takes certificates and web ACLs from.
const globalRegion = "us-east-1"

// certificate is the user's, or a new one, which stands in a stack of its own if the front is not in
// us-east-1.
func (p *FrontProps) certificate(
	f constructs.Construct,
	stack awscdk.Stack,
) awscertificatemanager.ICertificate {
	if p.Domain.Certificate != nil {
		return p.Domain.Certificate
	}
	props := &awscertificatemanager.CertificateProps{
		DomainName: &p.Domain.Name,
		Validation: awscertificatemanager.CertificateValidation_FromDns(p.Domain.Zone),
	}
	if token.Literal(*stack.Region()) == globalRegion {
		return awscertificatemanager.NewCertificate(f, new("Certificate"), props)
	}
	global := globalStack(topLevel(stack))
	id := idBelow(f, stack) + "Certificate"
	certificate := awscertificatemanager.NewCertificate(global, &id, props)
	// By its name alone: an output that is in use could not change, and the CDK's own way takes two
	// custom resources.
	certificate.ApplyCrossStackReferenceStrength(awscdk.ReferenceStrength_WEAK)
	return certificate
}

// globalStack is the stack in us-east-1 beside a stack of another region. It is deployed first.
func globalStack(stack awscdk.Stack) awscdk.Stack {
	scope, id := stack.Node().Scope(), globalStackID(stack)
	if found := scope.Node().TryFindChild(&id); found != nil {
		return found.(awscdk.Stack)
	}
	global := awscdk.NewStack(scope.(constructs.Construct), &id, &awscdk.StackProps{
		Env:         &awscdk.Environment{Account: stack.Account(), Region: new(globalRegion)},
		Description: new("What the front of " + *stack.StackName() + " needs in " + globalRegion),
	})
	stack.AddStackDependency(global, nil)
	return global
}

func globalStackID(stack awscdk.Stack) string { return *stack.Node().Id() + "-" + globalRegion }

// topLevel is the stack that is deployed, of one that may be nested in it.
func topLevel(stack awscdk.Stack) awscdk.Stack {
	for stack.NestedStackParent() != nil {
		stack = stack.NestedStackParent()
	}
	return stack
}

// idBelow is the path of a construct below its stack, as one id.
func idBelow(c constructs.Construct, stack awscdk.Stack) string {
	return strings.ReplaceAll(strings.TrimPrefix(*c.Node().Path(), *stack.Node().Path()+"/"), "/", "-")
}
