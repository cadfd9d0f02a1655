package web

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// able reports a field that is set and that the hosting cannot honour. It says which hostings can.
func (c *Check) able(
	field string,
	ability platform.Ability,
	of func(*platform.Platform) platform.Ability,
	fix string,
) {
	if ability.Can {
		return
	}
	message := "is not possible on " + c.platform.Name
	if ability.Why != "" {
		message += ": " + ability.Why
	}
	if others := platform.Can(of); others != "" {
		if fix != "" {
			fix += "; or "
		}
		fix += "choose " + others
	}
	c.Problem(Problem{Field: field, Message: message, Fix: fix})
}

// checkAccess checks who may come in. What the hosting cannot keep out is an error.
func (c *Check) checkAccess() {
	if c.Private {
		c.able("Private", c.platform.Private,
			func(p *platform.Platform) platform.Ability { return p.Private }, "")
	}
	if c.WebACL != "" {
		fix := "give the web ACL, one for CloudFront, to a front above the service (webfront.NewFront)"
		if c.platform.NoClients {
			fix = ""
		}
		c.able("WebACL", c.platform.WebACL,
			func(p *platform.Platform) platform.Ability { return p.WebACL }, fix)
	}
	if len(c.AllowFrom) > 0 {
		c.able("AllowFrom", c.platform.AllowFrom,
			func(p *platform.Platform) platform.Ability { return p.AllowFrom }, "")
	}
	for _, problem := range PrefixProblems("AllowFrom", c.AllowFrom) {
		c.Problem(problem)
	}
	if problem := webACLProblem(c.WebACL, false, c.Target.Region); problem != nil {
		problem.Field = "WebACL"
		c.Problem(*problem)
	}
}

// PrefixProblems are those of a list of addresses that are let in. A nil list has none: it lets
// everybody in.
func PrefixProblems(field string, prefixes []netip.Prefix) []Problem {
	var problems []Problem
	if prefixes != nil && len(prefixes) == 0 {
		problems = append(problems, Problem{
			Field:   field,
			Message: "must not be empty, which would let nobody in, or everybody",
			Fix:     "leave it out to let every address in",
		})
	}
	seen := map[netip.Prefix]bool{}
	for i, prefix := range prefixes {
		problem := Problem{Field: fmt.Sprintf("%s[%d]", field, i)}
		switch {
		case !prefix.IsValid():
			problem.Message = "must be a valid prefix"
			problem.Fix = `write netip.MustParsePrefix("192.0.2.0/24"), for instance`
		case prefix.Addr().Is4In6():
			problem.Message, problem.Got = "must not be an IPv4 address in IPv6", prefix.String()
			problem.Fix = fmt.Sprintf("write the address as %s", prefix.Addr().Unmap())
		case prefix.Addr().Zone() != "":
			problem.Message, problem.Got = "must have no zone", prefix.String()
		case seen[prefix.Masked()]:
			problem.Message, problem.Got = "is there twice", prefix.String()
			problem.Fix = "leave one of them out"
		default:
			seen[prefix.Masked()] = true
			continue
		}
		problems = append(problems, problem)
	}
	return problems
}

// webACLARN is the ARN of a web ACL of AWS WAF: its region, its scope, its account.
var webACLARN = regexp.MustCompile(
	`^arn:aws[a-z-]*:wafv2:([a-z0-9-]+):[0-9]{12}:(regional|global)/webacl/[A-Za-z0-9_-]+/[A-Za-z0-9-]+$`,
)

// webACLProblem reports what is certainly not the ARN of a web ACL of a scope: global ones are for
// CloudFront. The problem has no field.
func webACLProblem(arn string, global bool, region string) *Problem {
	if arn == "" || token.In(arn) {
		return nil
	}
	example := "arn:aws:wafv2:REGION:ACCOUNT:regional/webacl/shop/a1b2c3d4-…"
	if global {
		example = "arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/shop/a1b2c3d4-…"
	}
	match := webACLARN.FindStringSubmatch(arn)
	switch {
	case match == nil:
		fix := "write webACL.AttrArn() of an awswafv2.CfnWebACL"
		if strings.Contains(arn, ":waf-regional:") || strings.Contains(arn, ":waf::") {
			fix = "AWS WAF Classic has ended; make a new one with awswafv2.NewCfnWebACL"
		}
		return &Problem{
			Message: "must be the ARN of a web ACL of AWS WAF: " + example,
			Got:     arn,
			Fix:     fix,
		}
	case global && (match[2] != "global" || match[1] != "us-east-1"):
		return &Problem{
			Message: "must be a web ACL for CloudFront, in us-east-1",
			Got:     arn,
			Fix:     `make it with Scope: new("CLOUDFRONT") in a stack in us-east-1`,
		}
	case !global && match[2] == "global":
		return &Problem{
			Message: "must be a regional web ACL, not one for CloudFront",
			Got:     arn,
			Fix:     `make it with Scope: new("REGIONAL") in the region of the service`,
		}
	case !global && region != "" && match[1] != region:
		return &Problem{
			Message: "must be in " + region + ", the region of the service",
			Got:     match[1],
			Fix:     "make one there",
		}
	}
	return nil
}

// WebACLProblem reports what is certainly not the ARN of a web ACL for what is in a region, which is
// empty if it is not known. The problem has no field.
func WebACLProblem(arn, region string) *Problem { return webACLProblem(arn, false, region) }

// FrontWebACLProblem reports what is certainly not the ARN of a web ACL for CloudFront. The problem
// has no field.
func FrontWebACLProblem(arn string) *Problem { return webACLProblem(arn, true, "") }

// Protected is what a web ACL is associated with.
type Protected struct {
	// ARN of the resource that takes the requests.
	ARN string

	// After is what must be there first. Optional.
	After constructs.IDependable
}

// defineWebACL associates the web ACL with what takes the requests. Its construct is the hosting's:
// CloudFormation replaces the association with the resource.
func (s *Service) defineWebACL(scope constructs.Construct) {
	if s.check.WebACL == "" || s.made.Protected.ARN == "" {
		return
	}
	association := awswafv2.NewCfnWebACLAssociation(
		scope,
		new("WebACL"),
		&awswafv2.CfnWebACLAssociationProps{
			ResourceArn: &s.made.Protected.ARN,
			WebAclArn:   &s.check.WebACL,
		},
	)
	if s.made.Protected.After != nil {
		association.Node().AddDependency(s.made.Protected.After)
	}
}
