package web

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces"
	"github.com/aws/aws-cdk-go/awscdk/v2/interfaces/interfacesawsiam"
	"github.com/aws/constructs-go/constructs/v10"
)

// foreignRole stands for a role that is not made in the service's stack. What it is granted stands
// in a policy of the service's stack. The CDK would put it beside the role, whose stack would then
// need what the statements name, while the service's stack needs the role: neither could be
// deployed first.
//
// It is a construct, so that whatever depends on it depends on the policy.
type foreignRole struct {
	constructs.Construct
	role   awsiam.IRole
	policy awsiam.Policy // once something is granted; nil if the role takes none
	asked  bool          // whether it takes one
	warn   func(id, message string)
	warned bool
}

var _ awsiam.IRole = (*foreignRole)(nil)

func newForeignRole(
	scope constructs.Construct,
	id string,
	role awsiam.IRole,
	warn func(id, message string),
) *foreignRole {
	f := &foreignRole{role: role, warn: warn}
	constructs.NewConstruct_Override(f, scope, &id)
	if resource := role.Node().DefaultChild(); resource != nil {
		f.Node().SetDefaultChild(resource) // by which the CDK knows that the app makes the role
	}
	return f
}

// takes reports whether the role takes a policy, and makes that when it is first asked: a policy
// without a statement is an error of the CDK's if the role has another one beside it.
func (f *foreignRole) takes() bool {
	if f.asked {
		return f.policy != nil
	}
	f.asked = true
	// The CDK's own name would be the same in each stack that has a service with this path, and the
	// role keeps one policy of a name.
	const longest = 128 // IAM API reference, PutRolePolicy
	name := awscdk.Names_UniqueResourceName(f, &awscdk.UniqueResourceNameOptions{MaxLength: new(float64(longest))})
	policy := awsiam.NewPolicy(f, new("Policy"), &awsiam.PolicyProps{PolicyName: name})

	// Nothing tells an immutable role from another, but that the policy is not attached to it.
	f.role.AttachInlinePolicy(policy)
	resource := policy.Node().DefaultChild().(awsiam.CfnPolicy)
	if roles, _ := awscdk.Stack_Of(f).Resolve(resource.Roles()).([]any); len(roles) > 0 {
		f.policy = policy
	}
	return f.policy != nil
}

// AddToPrincipalPolicy adds a statement to the policy. A role that takes none decides itself what
// becomes of it: the CDK drops it, or adds it to the policy of the resource.
func (f *foreignRole) AddToPrincipalPolicy(
	statement awsiam.PolicyStatement,
) *awsiam.AddToPrincipalPolicyResult {
	if !f.takes() {
		f.refuse()
		return f.role.AddToPrincipalPolicy(statement)
	}
	f.policy.AddStatements(statement)
	return &awsiam.AddToPrincipalPolicyResult{StatementAdded: new(true), PolicyDependable: f.policy}
}

// refuse warns once.
func (f *foreignRole) refuse() {
	if f.warned {
		return
	}
	f.warned = true
	f.warn(ImmutableRoleWarning, fmt.Sprintf(
		"the role %s takes no policies from this app, because it was imported as immutable or is of another account: "+
			"give it what it is granted here, where it is made",
		*f.role.Node().Path(),
	))
}

// GrantPrincipal is this, so that grants come here.
func (f *foreignRole) GrantPrincipal() awsiam.IPrincipal { return f }

// Stack is the one that the policy is in.
func (f *foreignRole) Stack() awscdk.Stack { return awscdk.Stack_Of(f) }

func (f *foreignRole) AddManagedPolicy(policy awsiam.IManagedPolicy) {
	f.role.AddManagedPolicy(policy)
}

func (f *foreignRole) ApplyRemovalPolicy(policy awscdk.RemovalPolicy) {
	f.role.ApplyRemovalPolicy(policy)
}

func (f *foreignRole) AssumeRoleAction() *string { return f.role.AssumeRoleAction() }

func (f *foreignRole) AttachInlinePolicy(policy awsiam.Policy) { f.role.AttachInlinePolicy(policy) }

func (f *foreignRole) Env() *interfaces.ResourceEnvironment { return f.role.Env() }

func (f *foreignRole) Grant(grantee awsiam.IPrincipal, actions ...*string) awsiam.Grant {
	return f.role.Grant(grantee, actions...)
}

func (f *foreignRole) GrantAssumeRole(grantee awsiam.IPrincipal) awsiam.Grant {
	return f.role.GrantAssumeRole(grantee)
}

func (f *foreignRole) GrantPassRole(grantee awsiam.IPrincipal) awsiam.Grant {
	return f.role.GrantPassRole(grantee)
}

func (f *foreignRole) PolicyFragment() awsiam.PrincipalPolicyFragment {
	return f.role.PolicyFragment()
}

func (f *foreignRole) PrincipalAccount() *string { return f.role.PrincipalAccount() }

func (f *foreignRole) RoleArn() *string { return f.role.RoleArn() }

func (f *foreignRole) RoleName() *string { return f.role.RoleName() }

func (f *foreignRole) RoleRef() *interfacesawsiam.RoleReference { return f.role.RoleRef() }
