package webfront

import (
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
	id := "Certificate" + originSuffix(*f.Node().Path())
	certificate := awscertificatemanager.NewCertificate(global, &id, props)
	// By its name alone: an output that is in use could not change, and the CDK's own way takes two
	// custom resources.
	certificate.ApplyCrossStackReferenceStrength(awscdk.ReferenceStrength_WEAK)
	return certificate
}

// globalStacks are the stacks in us-east-1 beside those of other regions. Constructs are made by one
// goroutine, because of jsii.
var globalStacks = map[awscdk.Stack]awscdk.Stack{}

// globalStack is the stack in us-east-1 beside a stack of another region. It is deployed first. Its
// name tells the stack, and the region, because one program may be deployed to several.
func globalStack(stack awscdk.Stack) awscdk.Stack {
	if global := globalStacks[stack]; global != nil {
		return global
	}
	props := &awscdk.StackProps{
		Env:                   &awscdk.Environment{Account: stack.Account(), Region: new(globalRegion)},
		StackName:             new(*stack.StackName() + "-" + *stack.Region() + "-front"),
		Description:           new("What the front of " + *stack.StackName() + " needs in " + globalRegion),
		TerminationProtection: stack.TerminationProtection(),
	}
	const bootstrapped = "hnb659fds" // unless an app says otherwise
	if qualifier := stack.Synthesizer().BootstrapQualifier(); qualifier != nil && *qualifier != bootstrapped {
		props.Synthesizer = awscdk.NewDefaultStackSynthesizer(
			&awscdk.DefaultStackSynthesizerProps{Qualifier: qualifier},
		)
	}
	id := globalStackID(stack)
	global := awscdk.NewStack(stack.Node().Scope().(constructs.Construct), &id, props)
	stack.AddStackDependency(global, nil)
	globalStacks[stack] = global
	return global
}

func globalStackID(stack awscdk.Stack) string {
	return *stack.Node().Id() + "-" + *stack.Region() + "-front"
}

// topLevel is the stack that is deployed, of one that may be nested in it.
func topLevel(stack awscdk.Stack) awscdk.Stack {
	for stack.NestedStackParent() != nil {
		stack = stack.NestedStackParent()
	}
	return stack
}
