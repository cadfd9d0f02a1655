package webfront

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/network"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// Limits of AWS::CloudFront::Distribution: developer guide, "Quotas".
const (
	maxStatic  = 24 // cache behaviors beside the default one, a quota that AWS raises
	maxPattern = 255
	maxPrefix  = 255
)

var pathPattern = regexp.MustCompile(`^/[A-Za-z0-9_.*?$/~"'@:+&-]*$`)

// check panics with all problems of the props, or returns them with their defaults, and the stack.
func (p *FrontProps) check(scope constructs.Construct, id string) (*FrontProps, awscdk.Stack) {
	if p == nil {
		p = &FrontProps{}
	}
	all := *p
	if all.SecretGeneration == 0 {
		all.SecretGeneration = 1
	}
	var problems []web.Problem
	report := func(field, message, fix string, got any) {
		problems = append(problems, web.Problem{Field: field, Message: message, Fix: fix, Got: got})
	}
	stack, path := stackOf(scope, id)
	if stack == nil {
		report("scope", "must be a stack, or a construct in one", "", nil)
	} else if region := token.Literal(*stack.Region()); strings.HasPrefix(region, "cn-") ||
		strings.Contains(region, "-gov-") || strings.Contains(region, "-iso") {
		report("scope", "must be in a Region of AWS's standard partition, where CloudFront has functions", "", region)
	}
	if all.SecretGeneration < 1 {
		report("SecretGeneration", "must be at least 1", "leave it out for the first", all.SecretGeneration)
		all.SecretGeneration = 1
	}
	facts := all.facts(stack, path)
	problems = append(problems, facts.Problems("Service", all.Service)...)
	problems = append(problems, all.moveProblems(facts)...)
	problems = append(problems, all.domainProblems(facts, stack)...)
	if problem := web.FrontWebACLProblem(all.WebACL); problem != nil {
		problem.Field = "WebACL"
		problems = append(problems, *problem)
	}
	problems = append(problems, all.allowProblems()...)
	problems = append(problems, all.staticProblems(stack)...)
	if all.SecurityPolicy != "" && all.Domain == nil {
		report("SecurityPolicy", "needs Domain: CloudFront chooses that of its own name", "set it, or leave it out", nil)
	}
	switch prefix := all.AccessLogsPrefix; {
	case prefix == "":
	case all.AccessLogsBucket == nil:
		report("AccessLogsPrefix", "needs AccessLogsBucket", "set it, or leave the prefix out", nil)
	case strings.HasPrefix(prefix, "/") || len(prefix) > maxPrefix:
		report("AccessLogsPrefix", fmt.Sprintf("must not begin with a slash, and have %d characters at most", maxPrefix),
			"", prefix)
	}
	if all.AccessLogsBucket != nil && !takesACLs(all.AccessLogsBucket) {
		report("AccessLogsBucket", "must take ACLs, by which CloudFront writes to it",
			"make it with ObjectOwnership: awss3.ObjectOwnership_OBJECT_WRITER", nil)
	}
	if len(problems) > 0 {
		panic(&web.InvalidPropsError{Path: path, Problems: problems})
	}
	return &all, stack
}

// stackOf is the stack of a scope, with the path of the construct that is to be made; nil if there
// is none.
func stackOf(scope constructs.Construct, id string) (stack awscdk.Stack, path string) {
	if scope == nil {
		return nil, id
	}
	if network.Try(func() { stack = awscdk.Stack_Of(scope) }) != nil {
		return nil, id
	}
	return stack, strings.TrimPrefix(*scope.Node().Path()+"/"+id, "/")
}

func (p *FrontProps) moveProblems(facts *web.Front) []web.Problem {
	if p.Move == nil {
		return nil
	}
	problems := facts.Problems("Move.To", p.Move.To)
	if p.Move.To != nil && p.Move.To == p.Service {
		problems = append(problems, web.Problem{
			Field:   "Move.To",
			Message: "must be another service than Service",
			Fix:     "make a second one of the same workload, with the other hosting",
		})
	}
	if p.Move.Percent < 0 || p.Move.Percent > 100 {
		problems = append(problems, web.Problem{
			Field: "Move.Percent", Message: "must be between 0 and 100", Got: p.Move.Percent,
		})
	}
	return problems
}

// domainProblems are those of the domain, and of a certificate that is to be made in us-east-1.
func (p *FrontProps) domainProblems(facts *web.Front, stack awscdk.Stack) []web.Problem {
	d := p.Domain
	problems := facts.DomainProblems("Domain")
	if d == nil || len(problems) > 0 || stack == nil {
		return problems
	}
	report := func(field, message, fix string, got any) {
		problems = append(problems, web.Problem{Field: "Domain." + field, Message: message, Fix: fix, Got: got})
	}
	if d.Certificate != nil {
		if region := web.CertificateRegion(d.Certificate); region != "" && region != globalRegion {
			report("Certificate", "must be in us-east-1, from where CloudFront takes certificates",
				"leave it out, and one is made there", region)
		}
		return problems
	}
	region := token.Literal(*stack.Region())
	switch {
	case region == globalRegion:
	case region == "":
		report("Certificate", "is required: CloudFront takes certificates of us-east-1 only, and the "+
			"stack leaves its region open", "set Env of the stack, so that one is made in a stack of its own there; "+
			"or make one, and set it", nil)
	case token.In(*d.Zone.HostedZoneId()):
		report("Zone", "must be one that is there already, because the certificate is made in us-east-1 "+
			"before this stack", "look it up with awsroute53.HostedZone_FromLookup, or name it with "+
			"awsroute53.HostedZone_FromHostedZoneAttributes; or set Certificate", nil)
	case token.In(d.Name):
		report("Name", "must be a literal, because the certificate is made in another stack", "or set Certificate", nil)
	default:
		top := topLevel(stack)
		id := globalStackID(top)
		if globalStacks[top] == nil && top.Node().Scope().Node().TryFindChild(&id) != nil {
			report("Certificate", fmt.Sprintf("needs a stack %s beside this one, and there is something else "+
				"of that id", id), "rename that, or set Certificate", nil)
		}
	}
	return problems
}

func (p *FrontProps) allowProblems() []web.Problem {
	problems := web.PrefixProblems("AllowFrom", p.AllowFrom)
	if len(problems) > 0 {
		return problems
	}
	// The longest names that there can be, so that the size does not depend on them.
	name := strings.Repeat("x", 128)
	most := FrontProps{AllowFrom: p.AllowFrom, Move: &Move{}}
	if size := len(most.config(name, name).requestFunction()); size > maxFunction {
		problems = append(problems, web.Problem{
			Field: "AllowFrom",
			Message: fmt.Sprintf("must be fewer: CloudFront takes a function of %d bytes, and with %d prefixes it has %d",
				maxFunction, len(p.AllowFrom), size),
			Fix: "put the addresses into an IP set of a web ACL, and set WebACL",
		})
	}
	return problems
}

func (p *FrontProps) staticProblems(stack awscdk.Stack) []web.Problem {
	var problems []web.Problem
	var seen []string
	for i, s := range p.Static {
		report := func(name, message, fix string, got any) {
			problems = append(problems, web.Problem{
				Field: fmt.Sprintf("Static[%d].%s", i, name), Message: message, Fix: fix, Got: got,
			})
		}
		switch {
		case s.Path == "":
			report("Path", "is required", `set it to a pattern such as "/assets/*"`, nil)
		case token.In(s.Path):
			report("Path", "must be a literal, without CDK tokens", "", nil)
		case slices.Contains(seen, s.Path):
			report("Path", "is there twice", "leave one of them out", s.Path)
		case s.Path == "/*" || s.Path == "*":
			report("Path", "must leave something that is not static", "name a folder, such as /assets/*", s.Path)
		case strings.Contains(s.Path, "{"):
			report("Path", "must be a pattern with * and ?", "write /assets/* for everything below it", s.Path)
		case !strings.HasPrefix(s.Path, "/") && pathPattern.MatchString("/"+s.Path):
			report("Path", "must begin with a slash", fmt.Sprintf("write %q", "/"+s.Path), s.Path)
		case !pathPattern.MatchString(s.Path) || len(s.Path) > maxPattern:
			report("Path", fmt.Sprintf("must be a path of up to %d letters, digits and _-.*$/~\"'@:+&?", maxPattern), "", s.Path)
		default:
			if before := hiddenBy(s.Path, seen); before != "" {
				report("Path", "comes after "+before+", which takes its requests", "put it before that one", s.Path)
			}
		}
		if s.Path != "/*" && s.Path != "*" {
			seen = append(seen, s.Path)
		}
		if s.Bucket != nil && stack != nil && *awscdk.Resource_IsOwnedResource(s.Bucket) && s.Bucket.Stack() != stack {
			report("Bucket", "must not be "+*s.Bucket.Node().Path()+" of another stack, whose policy would name the "+
				"front, which needs the bucket", "make it in the stack of the front, or import it by its name", nil)
		}
		switch age := s.MaxAge; {
		case age == 0:
		case age > 0 && age < time.Second:
			report("MaxAge", "must be whole seconds from 1 s to 365 days",
				fmt.Sprintf("write %d * time.Second", age.Nanoseconds()), age)
		case age < time.Second || age > maxAge || age%time.Second != 0:
			report("MaxAge", "must be whole seconds from 1 s to 365 days", "", age)
		}
	}
	if len(p.Static) > maxStatic {
		problems = append(problems, web.Problem{
			Field: "Static", Message: fmt.Sprintf("must be %d at most", maxStatic), Got: len(p.Static),
			Fix: "use patterns",
		})
	}
	return problems
}

// hiddenBy is the pattern before a path that takes all its requests, as far as it is one with a * at
// its end alone; empty if there is none.
func hiddenBy(path string, before []string) string {
	i := slices.IndexFunc(before, func(pattern string) bool {
		start, ends := strings.CutSuffix(pattern, "*")
		return ends && !strings.ContainsAny(start, "*?") && strings.HasPrefix(path, start)
	})
	if i < 0 {
		return ""
	}
	return before[i]
}

// takesACLs reports whether a bucket takes ACLs, or may: of an imported one it is not known.
func takesACLs(bucket awss3.IBucket) bool {
	resource, ok := bucket.Node().DefaultChild().(awss3.CfnBucket)
	if !ok {
		return true
	}
	controls := fmt.Sprint(awscdk.Stack_Of(bucket).Resolve(resource.OwnershipControls()))
	return strings.Contains(controls, "ObjectWriter") || strings.Contains(controls, "BucketOwnerPreferred")
}
