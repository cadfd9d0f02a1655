// Package waf lets only some addresses in, by a web ACL of AWS WAF, where a hosting has no other
// means.
package waf

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/web"
)

// maxAddresses is how many an IP set has: AWS WAF developer guide, "AWS WAF quotas".
const maxAddresses = 10_000

// Check checks the addresses for IP sets, and that there is no other web ACL. What says in a
// sentence what takes the requests: "App Runner".
func Check(c *web.Check, what string) {
	if len(c.AllowFrom) == 0 {
		return
	}
	if c.WebACL != "" {
		c.Problem(web.Problem{
			Field:   "AllowFrom",
			Message: "excludes WebACL on " + what + ", where it takes a web ACL too, and there is one for each service",
			Fix:     "put the addresses into that web ACL, as a rule with an IP set",
		})
	}
	if len(c.AllowFrom) > maxAddresses {
		c.Problem(web.Problem{
			Field:   "AllowFrom",
			Message: fmt.Sprintf("must be %d at most, as many as an IP set has", maxAddresses),
			Got:     len(c.AllowFrom),
			Fix:     "use larger prefixes",
		})
	}
	for i, prefix := range c.AllowFrom {
		if prefix.IsValid() && prefix.Bits() == 0 {
			c.Problem(web.Problem{
				Field:   fmt.Sprintf("AllowFrom[%d]", i),
				Message: "must not be every address, which AWS WAF takes in no IP set",
				Got:     prefix.String(),
				Fix:     "leave AllowFrom out to let every address in",
			})
		}
	}
}

// Allow makes a web ACL below the construct of a hosting that lets addresses in, and associates it
// with a resource. With a host, which may hold tokens, requests for other hosts come in as before.
func Allow(hosting constructs.Construct, prefixes []netip.Prefix, resourceARN, host string) {
	scope := constructs.NewConstruct(hosting, new("AllowFrom"))
	from := allowed(scope, prefixes)
	action, rules := &awswafv2.CfnWebACL_DefaultActionProperty{}, &awswafv2.CfnWebACL_RuleProperty{
		Name:             new("Addresses"),
		Priority:         new(0.0),
		VisibilityConfig: visibility("Addresses"),
	}
	if host == "" {
		action.Block = &awswafv2.CfnWebACL_BlockActionProperty{}
		rules.Action = &awswafv2.CfnWebACL_RuleActionProperty{Allow: &awswafv2.CfnWebACL_AllowActionProperty{}}
		rules.Statement = from
	} else {
		action.Allow = &awswafv2.CfnWebACL_AllowActionProperty{}
		rules.Action = &awswafv2.CfnWebACL_RuleActionProperty{Block: &awswafv2.CfnWebACL_BlockActionProperty{}}
		rules.Statement = &awswafv2.CfnWebACL_StatementProperty{
			AndStatement: &awswafv2.CfnWebACL_AndStatementProperty{
				Statements: []any{
					forHost(host),
					&awswafv2.CfnWebACL_StatementProperty{
						NotStatement: &awswafv2.CfnWebACL_NotStatementProperty{Statement: from},
					},
				},
			},
		}
	}
	acl := awswafv2.NewCfnWebACL(scope, new("Resource"), &awswafv2.CfnWebACLProps{
		Scope:            new("REGIONAL"),
		Description:      new("Lets the addresses of AllowFrom in"),
		DefaultAction:    action,
		Rules:            []any{rules},
		VisibilityConfig: visibility("AllowFrom"),
	})
	// The id is that of the association with a WebACL, so that CloudFormation replaces one by the
	// other instead of taking the old one away at the end.
	awswafv2.NewCfnWebACLAssociation(hosting, new("WebACL"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: &resourceARN,
		WebAclArn:   acl.AttrArn(),
	})
}

// visibility are the metrics of a rule or a web ACL.
func visibility(name string) *awswafv2.CfnWebACL_VisibilityConfigProperty {
	return &awswafv2.CfnWebACL_VisibilityConfigProperty{
		MetricName:               &name,
		CloudWatchMetricsEnabled: new(true),
		SampledRequestsEnabled:   new(true),
	}
}

// allowed matches the addresses. An IP set holds those of one version.
func allowed(
	scope constructs.Construct,
	prefixes []netip.Prefix,
) *awswafv2.CfnWebACL_StatementProperty {
	byVersion := map[string][]*string{}
	for _, prefix := range prefixes {
		version := "IPV6"
		if prefix.Addr().Is4() {
			version = "IPV4"
		}
		byVersion[version] = append(byVersion[version], new(prefix.Masked().String()))
	}
	var statements []any
	var last *awswafv2.CfnWebACL_StatementProperty
	for _, version := range []string{"IPV4", "IPV6"} {
		addresses := byVersion[version]
		if len(addresses) == 0 {
			continue
		}
		set := awswafv2.NewCfnIPSet(scope, &version, &awswafv2.CfnIPSetProps{
			Scope:            new("REGIONAL"),
			IpAddressVersion: &version,
			Addresses:        &addresses,
		})
		last = &awswafv2.CfnWebACL_StatementProperty{
			IpSetReferenceStatement: &awswafv2.CfnWebACL_IPSetReferenceStatementProperty{
				Arn: set.AttrArn(),
			},
		}
		statements = append(statements, last)
	}
	if len(statements) == 1 {
		return last
	}
	return &awswafv2.CfnWebACL_StatementProperty{
		OrStatement: &awswafv2.CfnWebACL_OrStatementProperty{Statements: statements},
	}
}

// forHost matches requests for a host, with a port or without.
func forHost(host string) *awswafv2.CfnWebACL_StatementProperty {
	return &awswafv2.CfnWebACL_StatementProperty{
		ByteMatchStatement: &awswafv2.CfnWebACL_ByteMatchStatementProperty{
			FieldToMatch: &awswafv2.CfnWebACL_FieldToMatchProperty{
				SingleHeader: map[string]any{"Name": "host"},
			},
			PositionalConstraint: new("STARTS_WITH"),
			SearchString:         &host,
			TextTransformations: []any{&awswafv2.CfnWebACL_TextTransformationProperty{
				Priority: new(0.0), Type: new("LOWERCASE"),
			}},
		},
	}
}
