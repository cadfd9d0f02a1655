package hostingtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdk/v2/cxapi"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webtest"
)

// A role of another stack, or an imported one, gets its permissions in the service's stack:
// otherwise the two stacks would need each other.
func testRoleElsewhere(t *testing.T, h Harness) {
	principal := h.Hosting.Platform().Principal
	const name, arn = "their-role", "arn:aws:iam::123456789012:role/team/their-role"
	imported := func(in func(roles, own awscdk.Stack) awscdk.Stack, options *awsiam.FromRoleArnOptions) func(roles, own awscdk.Stack) awsiam.IRole {
		return func(roles, own awscdk.Stack) awsiam.IRole {
			return awsiam.Role_FromRoleArn(in(roles, own), new("Theirs"), new(arn), options)
		}
	}
	theirs := func(roles, _ awscdk.Stack) awscdk.Stack { return roles }
	ours := func(_, own awscdk.Stack) awscdk.Stack { return own }
	for _, test := range []struct {
		name  string
		role  func(roles, own awscdk.Stack) awsiam.IRole
		takes bool   // policies
		named string // as the policy names the role
		first bool   // the role's stack must be deployed first
	}{
		{"of another stack", func(roles, _ awscdk.Stack) awsiam.IRole {
			return newRole(roles, principal)
		}, true, "", true},
		{"of another stack, with a path and a name", func(roles, _ awscdk.Stack) awsiam.IRole {
			return awsiam.NewRole(roles, new("Own"), &awsiam.RoleProps{
				AssumedBy: awsiam.NewServicePrincipal(&principal, nil), Path: new("/team/"), RoleName: new("their-role"),
			})
		}, true, "", true},
		{"imported", imported(ours, nil), true, `"` + name + `"`, false},
		{"imported into another stack", imported(theirs, nil), true, `"` + name + `"`, false},
		{"imported as immutable", imported(ours, &awsiam.FromRoleArnOptions{Mutable: new(false)}), false, "", false},
		{"imported as immutable into another stack", imported(theirs, &awsiam.FromRoleArnOptions{Mutable: new(false)}), false, "", false},
		{"of another stack, without policy updates", func(roles, _ awscdk.Stack) awsiam.IRole {
			return newRole(roles, principal).WithoutPolicyUpdates(nil)
		}, false, "", true},
		{"of the same stack, without policy updates", func(_, own awscdk.Stack) awsiam.IRole {
			return newRole(own, principal).WithoutPolicyUpdates(nil)
		}, false, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			app := webtest.NewApp(t)
			roles, stack := awscdk.NewStack(app, new("Roles"), nil), awscdk.NewStack(app, new("Stack"), nil)
			awssqs.NewQueue(roles, new("Queue"), nil) // a stack without resources cannot be deployed
			w := workload()
			w.Role = test.role(roles, stack)
			service := h.service(stack, "Site", w)
			if got, want := *service.Role().RoleArn(), *w.Role.RoleArn(); got != want {
				t.Errorf("got the role %s, want the workload's, %s", got, want)
			}
			service.UseTable("TABLE", newTable(stack, "Table"), web.ReadWrite)
			newTable(stack, "Other").GrantReadData(service)
			service.Role().AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
				Actions: &[]*string{new("sns:Publish")}, Resources: &[]*string{new("*")},
			}))

			assembly := app.Synth(nil)
			template := templatetest.Of(t, stack)
			if after := dependencies(assembly.GetStackByName(roles.StackName())); len(after) > 0 {
				t.Errorf("the role's stack is deployed after %q, want first", after)
			}
			after := slices.Contains(dependencies(assembly.GetStackByName(stack.StackName())), *roles.StackName())
			if after != test.first && h.Type != "" {
				t.Errorf("the service's stack is deployed after the role's: %v, want %v", after, test.first)
			}
			if ids := templatetest.Of(t, roles).IDs("AWS::IAM::Policy"); len(ids) > 0 {
				t.Errorf("the role's stack has the policies %q, want none", ids)
			}

			var granted []string
			for _, id := range template.IDs("AWS::IAM::Policy") {
				policy := template.Resources[id].Properties
				text := templatetest.JSON(t, policy["PolicyDocument"])
				if !strings.Contains(text, "sns:Publish") {
					continue
				}
				granted = append(granted, id)
				for _, want := range []string{"dynamodb:PutItem", `"Table`, `"Other`} {
					if !strings.Contains(text, want) {
						t.Errorf("the policy lacks %s: %s", want, text)
					}
				}
				if named := templatetest.JSON(t, templatetest.At(policy, "Roles.0")); test.named != "" && named != test.named {
					t.Errorf("the policy is of the role %s, want %s", named, test.named)
				}
				if h.Type == "" {
					continue
				}
				if primary := template.IDs(h.Type)[0]; !slices.Contains(template.Resources[primary].DependsOn, id) {
					t.Errorf("the %s depends on %q, want the policy %s among them", h.Type, template.Resources[primary].DependsOn, id)
				}
			}
			warnings := 0
			if !test.takes {
				warnings = 1
			}
			if len(granted) != 1-warnings {
				t.Errorf("got the policies %q with what was granted, want %d", granted, 1-warnings)
			}
			wantWarnings(t, stack, service, web.ImmutableRoleWarning, warnings)
		})
	}
	// A role has one inline policy of a name: a second one would overwrite the first.
	t.Run("of another stack, shared by two stacks", func(t *testing.T) {
		app := webtest.NewApp(t)
		w := workload()
		w.Role = newRole(awscdk.NewStack(app, new("Roles"), nil), principal)
		names := map[any]bool{}
		for _, id := range []string{"Blue", "Green"} {
			stack := awscdk.NewStack(app, &id, nil)
			h.service(stack, "Site", w).UseTable("TABLE", newTable(stack, "Table"), web.Read)
			template := templatetest.Of(t, stack)
			for _, id := range template.IDs("AWS::IAM::Policy") {
				policy := template.Resources[id].Properties
				if strings.Contains(templatetest.JSON(t, policy), "dynamodb:GetItem") {
					names[policy["PolicyName"]] = true
				}
			}
		}
		if len(names) != 2 {
			t.Errorf("got the policies %v, want one of each stack", names)
		}
	})
	t.Run("shared by two services, one of which is granted nothing", func(t *testing.T) {
		for _, imported := range []bool{false, true} {
			app := webtest.NewApp(t)
			roles, stack := awscdk.NewStack(app, new("Roles"), nil), awscdk.NewStack(app, new("Stack"), nil)
			w := workload()
			w.Role = newRole(roles, principal)
			if imported {
				w.Role = awsiam.Role_FromRoleArn(stack, new("Theirs"), new(arn), nil)
			}
			idle, busy := h.service(stack, "Idle", w), h.service(stack, "Busy", w)
			busy.UseTable("TABLE", newTable(stack, "Table"), web.Read)
			if idle.Role() == busy.Role() {
				t.Error("two services have one stand-in for the role, want one each")
			}
			granted := 0
			template := templatetest.Of(t, stack)
			for _, id := range template.IDs("AWS::IAM::Policy") {
				granted += strings.Count(templatetest.JSON(t, template.Resources[id].Properties), "dynamodb:GetItem")
			}
			if granted != 1 {
				t.Errorf("imported %v: policies grant reading %d times, want once", imported, granted)
			}
		}
	})
	// Some hostings need the role for themselves, such as to write logs.
	t.Run("imported as immutable, and the workload uses nothing", func(t *testing.T) {
		stack, w := newStack(t), workload()
		w.Role = newRole(stack, principal)
		h.service(stack, "Site", w)
		want := 0
		template := templatetest.Of(t, stack)
		for _, id := range template.IDs("AWS::IAM::Policy") {
			if of, _ := templatetest.At(template.Resources[id].Properties, "Roles.0.Ref").(string); strings.HasPrefix(of, "Own") {
				want = 1
			}
		}

		stack = newStack(t)
		awssqs.NewQueue(stack, new("Queue"), nil) // a stack without resources cannot be deployed
		w.Role = awsiam.Role_FromRoleArn(stack, new("Theirs"), new(arn), &awsiam.FromRoleArnOptions{Mutable: new(false)})
		wantWarnings(t, stack, h.service(stack, "Site", w), web.ImmutableRoleWarning, want)
	})
	t.Run("imported from another account", func(t *testing.T) {
		app := webtest.NewApp(t)
		stack := awscdk.NewStack(app, new("Stack"), &awscdk.StackProps{
			Env: &awscdk.Environment{Account: new("210987654321"), Region: new("eu-west-1")},
		})
		w := workload()
		w.Role = awsiam.Role_FromRoleArn(stack, new("Theirs"), new(arn), nil)
		service := h.service(stack, "Site", w)
		service.UseTable("TABLE", newTable(stack, "Table"), web.Read)
		wantWarnings(t, stack, service, web.ImmutableRoleWarning, 1)
	})
}

// What a user's aspects do to roles reaches each one that the hosting makes.
func testRoleAspects(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	newTable(stack, "Table").GrantReadData(service)
	const boundary = "arn:aws:iam::123456789012:policy/boundary"
	awsiam.PermissionsBoundary_Of(service).Apply(awsiam.ManagedPolicy_FromManagedPolicyArn(stack, new("Boundary"), new(boundary)))
	awscdk.Aspects_Of(service).Add(&roleAspect{}, nil)

	template := templatetest.Of(t, stack)
	roles := template.IDs("AWS::IAM::Role")
	if len(roles) == 0 {
		t.Fatal("there is no role")
	}
	for _, id := range roles {
		for property, want := range map[string]string{"PermissionsBoundary": boundary, "Path": "/team/", "Description": "of the team"} {
			if got := template.Resources[id].Properties[property]; got != want {
				t.Errorf("%s of the role %s: got %v, want %s", property, id, got, want)
			}
		}
	}
}

// roleAspect gives each role a path and a description.
type roleAspect struct{}

// Visit implements awscdk.IAspect.
func (*roleAspect) Visit(node constructs.IConstruct) {
	if role, ok := node.(awsiam.CfnRole); ok {
		role.SetPath(new("/team/"))
		role.SetDescription(new("of the team"))
	}
}

// dependencies are the names of the stacks that must be deployed before one.
func dependencies(stack cxapi.CloudFormationStackArtifact) []string {
	var names []string
	for _, dependency := range *stack.Dependencies() {
		if stack, ok := dependency.(cxapi.CloudFormationStackArtifact); ok {
			names = append(names, *stack.StackName())
		}
	}
	return names
}
