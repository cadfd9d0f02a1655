package web

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// Access is what a service may do with what is in a table, a bucket or a queue. [Service.UseTable],
// [Service.UseBucket] and [Service.UseQueue] say what that is.
type Access string

const (
	// Read is getting what is there; for a queue, receiving messages and deleting them.
	Read Access = "read"

	// Write is putting and deleting; for a queue, sending messages.
	Write Access = "write"

	// ReadWrite is both.
	ReadWrite Access = "read and write"
)

// kind is what there is to know of a kind of resources that services use.
type kind[R awscdk.IResource] struct {
	name, method string // "table", "UseTable"
	endpoint     string // of AWS, by which a server finds it: "dynamodb"

	value  func(R) *string // what the variable holds
	arn    func(R) *string
	grants map[Access]grant[R]

	// warning is the id of the warning about a resource in another account or region, and elsewhere
	// returns its text, or nothing if the server finds the resource all the same.
	warning   string
	elsewhere func(resource awscdk.IResource, name, account, region string) string
}

// grant grants an access to a role, with what it needs of the resource's key.
type grant[R awscdk.IResource] func(resource R, to awsiam.IGrantable) awsiam.Grant

// granted is an access that a service has to a resource.
type granted struct {
	resource awscdk.IResource
	access   Access
}

// use grants an access to a resource and sets a variable to its value, or panics before it did
// anything.
func use[R awscdk.IResource](s *Service, k *kind[R], variable string, resource R, access Access) {
	var problems []Problem
	report := func(problem Problem) {
		problem.Field = fmt.Sprintf("%s(%q)", k.method, variable)
		problems = append(problems, problem)
	}
	grant, ok := k.grants[access]
	if !ok {
		report(Problem{
			Message: "access must be web.Read, web.Write or web.ReadWrite",
			Got:     string(access),
		})
	}
	used, again := s.uses[variable]
	var value string
	switch {
	case isNil(resource):
		report(Problem{Message: k.name + " must not be nil"})
	case again && used.resource != constructs.IConstruct(resource):
		report(Problem{
			Fix: "choose another name",
			Message: fmt.Sprintf("names the %s %s already, and cannot name %s too",
				used.kind, *used.resource.Node().Path(), *resource.Node().Path()),
		})
	case !again:
		value = *k.value(resource)
		if problem := s.checkAttribute(variable, value); problem != nil {
			report(*problem)
		} else if problem := s.checkStacksOf(value); problem != nil {
			report(*problem)
		}
	}
	if len(problems) > 0 {
		s.panic(problems...)
	}

	wanted := granted{resource, access}
	if !s.granted[wanted] && !s.granted[granted{resource, ReadWrite}] {
		grant(resource, s.made.Role) // the role itself, so that Node need not ask the service for it
		s.granted[wanted] = true
	}
	if again {
		return
	}
	s.setVariable(variable, value)
	s.uses[variable] = usedResource{k.name, resource}
	s.needsEndpoint(k.endpoint, fmt.Sprintf("%s(%q)", k.method, variable))
	if account, region := s.elsewhere(resource, *k.arn(resource)); account != "" || region != "" {
		name := k.name + " " + *resource.Node().Path()
		if text := k.elsewhere(resource, name, account, region); text != "" {
			awscdk.Annotations_Of(s).AddWarningV2(&k.warning, &text)
		}
	}
}

// usedResource is what a variable names.
type usedResource struct {
	kind     string // "table"
	resource constructs.IConstruct
}

// elsewhere returns the account and the region of a resource, each only if it is not the service's.
func (s *Service) elsewhere(resource awscdk.IResource, arn string) (account, region string) {
	where, own := resource.Env(), s.check.Target
	account, region = token.Literal(*where.Account), token.Literal(*where.Region)
	// Some imported ones take their Env from the stack that they are imported into, not from their
	// ARN. The ARN of a bucket names neither.
	if parts := strings.Split(arn, ":"); len(parts) == 6 && !token.In(arn) {
		account, region = cmp.Or(parts[4], account), cmp.Or(parts[3], region)
	}
	if own.Account == "" || account == own.Account {
		account = ""
	}
	if own.Region == "" || region == own.Region {
		region = ""
	}
	return account, region
}

// byPolicy is the text about a resource elsewhere that has a policy of its own, and which the
// server finds in its region only.
func byPolicy(resource awscdk.IResource, name, account, region string) string {
	var texts []string
	if region != "" {
		texts = append(texts, fmt.Sprintf(
			"the %s is in region %s: the server's client must be set to that region, "+
				"or it looks in its own",
			name, region,
		))
	}
	// The CDK writes into the policy of a resource that the app makes.
	if account != "" && !*awscdk.Resource_IsOwnedResource(resource) {
		texts = append(texts, fmt.Sprintf(
			"the %s is in account %s: its policy there must allow the server's role too, "+
				"and so must that of its key",
			name, account,
		))
	}
	return strings.Join(texts, "; ")
}

// grantOn grants actions on a resource, and others on its key if that is the customer's.
func grantOn(
	resource awsiam.IResourceWithPolicyV2, arns []string, actions []string,
	key awskms.IKey, keyActions []string,
	to awsiam.IGrantable,
) awsiam.Grant {
	if !isNil(key) {
		key.Grant(to, pointers(keyActions)...)
	}
	return awsiam.Grant_AddToPrincipalOrResource(&awsiam.GrantWithResourceOptions{
		Actions:      new(pointers(actions)),
		Grantee:      to,
		Resource:     resource,
		ResourceArns: new(pointers(arns)),
	})
}

// pointers are texts as the CDK takes them.
func pointers(texts []string) []*string {
	var all []*string
	for _, text := range texts {
		all = append(all, &text)
	}
	return all
}
