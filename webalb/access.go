package webalb

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// For is the rule of a service on a load balancer that it shares: the name of its Domain is the
// host, if the rule has none, and its AllowFrom are the rule's. Hostings pass it to Forward.
func (r Rule) For(in *web.Definition) Rule {
	if in.Domain == nil {
		return r.of("", in.AllowFrom)
	}
	return r.of(in.Domain.Name, in.AllowFrom)
}

func (r Rule) of(domain string, allowFrom []netip.Prefix) Rule {
	if domain != "" && len(r.Hosts) == 0 {
		r.Hosts = []string{domain}
	}
	if len(allowFrom) > 0 {
		r.AllowFrom = allowFrom
	}
	return r
}

// ruleOf is the rule of the service that is checked.
func (l *LoadBalancer) ruleOf(c *web.Check, rule Rule) Rule {
	switch {
	case l.Construct == nil: // its own
		return rule
	case c.Domain == nil:
		return rule.of("", c.AllowFrom)
	}
	return rule.of(c.Domain.Name, c.AllowFrom)
}

// checkAccess checks the service's domain, and who may come in. A load balancer without a construct
// is the service's own, which is made to fit.
func (l *LoadBalancer) checkAccess(c *web.Check, field string, rule Rule) {
	own := l.Construct == nil
	report := func(field, message, fix string) {
		c.Problem(web.Problem{Field: field, Message: message, Fix: fix})
	}
	if d := c.Domain; d != nil && len(rule.Hosts) > 0 && !rule.takes(d.Name) {
		report(field+"Hosts", "must take the requests of Domain.Name, "+d.Name, "add it, or leave Hosts out")
	}
	https := l.https || own && c.Domain != nil
	if rule.Login != nil && !https {
		fix := "pass it Certificates"
		if own {
			fix = "set Domain of the service"
		}
		report(field+"Login", "needs HTTPS, and the load balancer has no certificate", fix)
	}
	for _, problem := range rule.Login.problems(field + "Login") {
		c.Problem(problem)
	}
	if own {
		return
	}
	path := l.at().path
	if c.Domain != nil {
		l.checkDomain(c, path)
	}
	if c.Private && !l.internal {
		if l.ALB == nil {
			report("Private", "needs an internal load balancer, and it is not known whether "+path+" is",
				"set Internal of webalb.ListenerProps if only the VPC reaches it")
		} else {
			report("Private", "needs an Internal load balancer, and "+path+" is on the internet",
				"pass another one, which webalb.NewLoadBalancer makes with Internal")
		}
	}
	if c.WebACL != "" && c.WebACL != l.webACL {
		has := "none"
		if l.webACL != "" {
			has = "another one"
		}
		report("WebACL", fmt.Sprintf("must be that of the load balancer %s, which has %s: "+
			"it counts for all services behind it", path, has),
			"set WebACL of the load balancer, where webalb.NewLoadBalancer makes it")
	}
	if l.ALB == nil { // of which it is not known whether it has IPv6
		return
	}
	for i, prefix := range c.AllowFrom {
		if prefix.Addr().Is6() && !l.dualStack {
			c.Problem(web.Problem{
				Field:   fmt.Sprintf("AllowFrom[%d]", i),
				Message: "is of IPv6, by which clients come only to a load balancer with DualStack",
				Got:     prefix.String(),
				Fix:     "set DualStack of " + path + ", or leave it out",
			})
		}
	}
}

// checkDomain checks the domain of a service on a load balancer that it shares.
func (l *LoadBalancer) checkDomain(c *web.Check, path string) {
	if !l.https {
		c.Problem(web.Problem{
			Field:   "Domain",
			Message: "needs HTTPS, and the load balancer " + path + " has no certificate",
			Fix: "pass it Certificates, for any name; the one for Domain is added. " +
				"Or leave LoadBalancer out for one of the service's own",
		})
		return
	}
	if l.ALB == nil && c.Domain.Zone != nil {
		c.Problem(web.Problem{
			Field:   "Domain.Zone",
			Message: "must not be set: records lead to a load balancer, and of " + path + " only the listener is known",
			Fix:     "pass a Certificate, and make the records yourself",
		})
	}
	if c.Domain.Certificate == nil {
		return
	}
	if owner := l.certificates[*c.Domain.Certificate.CertificateArn()]; owner != "" && owner != path {
		c.Problem(web.Problem{
			Field:   "Domain.Certificate",
			Message: "is on the load balancer for " + owner + " already, and would go with it",
			Fix:     "pass it to the load balancer in Certificates",
		})
	}
	if len(l.certificates) >= maxCertificates {
		c.Problem(web.Problem{
			Field:   "Domain.Certificate",
			Message: fmt.Sprintf("would be one more than the %d that a load balancer has", maxCertificates),
			Fix:     "use one for several names",
		})
	}
}

// takes reports whether a rule takes requests of a host. Of tokens it is not known.
func (r Rule) takes(name string) bool {
	return slices.ContainsFunc(r.Hosts, func(host string) bool {
		return host == name || token.In(host+name) ||
			covers(strings.ToLower(host), strings.ToLower(name))
	})
}

// Complete fills in what the load balancer does for a service whose rule Forward returned: it
// listens with the certificate of its Domain, and says what records and a web ACL are for, who
// reaches it and how requests of a front are told from others.
func (l *LoadBalancer) Complete(
	made *web.Made,
	in *web.Definition,
	rule awselasticloadbalancingv2.ApplicationListenerRule,
) {
	made.Verify = l.verifier(rule)
	made.Reach = l.Reach()
	if login := l.logins[rule]; login != nil &&
		login.OnUnauthenticatedRequest != awselasticloadbalancingv2.UnauthenticatedAction_ALLOW {
		made.Reach.Closed = "which lets in only people who have logged in (Login)"
	}
	if l.ALB != nil && l.webACL == "" {
		made.Protected = web.Protected{ARN: *l.ALB.LoadBalancerArn(), After: l.ALB}
	}
	if in.Domain == nil {
		return
	}
	added := l.addCertificate(in.Domain, *rule.Node().Scope().Node().Path())
	if l.ALB != nil {
		made.Alias = web.Alias{
			Target: awsroute53targets.NewLoadBalancerTarget(l.ALB, nil),
			IPv6:   l.dualStack,
			After:  added,
		}
	}
}

// addCertificate adds that of a service's domain to the listener, if it is not there. Its id does
// not tell the hosting: of two with the same certificate, the one that goes takes it away. It
// returns what it added.
func (l *LoadBalancer) addCertificate(
	domain *web.DomainDefinition,
	service string,
) []constructs.IDependable {
	arn := *domain.Certificate.CertificateArn()
	if l.certificates[arn] != "" {
		return nil
	}
	l.certificates[arn] = service
	return []constructs.IDependable{awselasticloadbalancingv2.NewCfnListenerCertificate(
		domain.Scope,
		new("ListenerCertificate"),
		&awselasticloadbalancingv2.CfnListenerCertificateProps{
			ListenerArn: l.Listener.ListenerArn(),
			Certificates: &[]any{
				&awselasticloadbalancingv2.CfnListenerCertificate_CertificateProperty{CertificateArn: &arn},
			},
		},
	)}
}

// keepCertificates remembers those that the listener has of the load balancer's own.
func (l *LoadBalancer) keepCertificates(certificates []awscertificatemanager.ICertificate) {
	for _, certificate := range certificates {
		l.certificates[*certificate.CertificateArn()] = *l.Node().Path()
	}
}

// protect associates the web ACL with the load balancer.
func (p *LoadBalancerProps) protect(l *LoadBalancer) {
	if l.webACL = p.WebACL; p.WebACL == "" {
		return
	}
	awswafv2.NewCfnWebACLAssociation(l, new("WebACL"), &awswafv2.CfnWebACLAssociationProps{
		ResourceArn: l.ALB.LoadBalancerArn(),
		WebAclArn:   &p.WebACL,
	})
}

// verifier adds a condition to a rule that Forward returned: requests must have a header. Those
// without it go on to the rules behind, of other services, which take the same requests from
// everybody anyway; if there are none, the response is the listener's 404. Health checks come from
// the load balancer itself, which asks no rule.
func (l *LoadBalancer) verifier(
	rule awselasticloadbalancingv2.ApplicationListenerRule,
) web.Verifier {
	return web.Verifier{
		Check: func(values int) *web.Problem {
			if l.logins[rule] != nil {
				return &web.Problem{
					Message: "must not have a Login: the load balancer sends browsers back to the host " +
						"that it sees, which is not the front's",
					Fix: "leave Login out, and let the server ask who it is",
				}
			}
			if hosts := l.hostsOf(rule); len(hosts) > 0 && !l.found(hosts) {
				return &web.Problem{
					Message: fmt.Sprintf("must have a host without * and ? among the Hosts of its load balancer's rule, "+
						"by which the front reaches it, got %s", strings.Join(hosts, ", ")),
					Fix: "add one, such as origin.shop.example.com, with a record that leads to the load balancer; or set Domain",
				}
			}
			used := valuesOf(rule)
			if used+values <= maxValues {
				return nil
			}
			return &web.Problem{
				Message: fmt.Sprintf(
					"must leave %d of the %d values of its load balancer's rule to the secrets of the front, "+
						"got %d of Hosts, Paths and other conditions", values, maxValues, used),
				Fix: "use patterns, or fewer Hosts and Paths",
			}
		},
		Require: func(header string, values []string) {
			rule.AddCondition(awselasticloadbalancingv2.ListenerCondition_HttpHeader(
				&header, pointers(slices.Clone(values))))
			if len(l.rules) == 1 && l.ALB != nil { // the front's own warning says what matters
				awscdk.Annotations_Of(l).AcknowledgeWarning(new(HTTPWarning), new("clients come by the front"))
			}
		},
	}
}

// hostsOf are the Hosts of a rule that Forward returned.
func (l *LoadBalancer) hostsOf(rule awselasticloadbalancingv2.ApplicationListenerRule) []string {
	scope := *rule.Node().Scope().Node().Path()
	for _, placed := range l.rules {
		if placed.scope == scope {
			return placed.Hosts
		}
	}
	return nil
}

// found reports whether one of the hosts is no pattern, or a pattern of the load balancer's own name.
func (l *LoadBalancer) found(hosts []string) bool {
	_, ok := Rule{Hosts: hosts}.name()
	return ok || slices.ContainsFunc(hosts, func(host string) bool {
		return strings.HasSuffix(host, ".elb.amazonaws.com")
	})
}

// valuesOf counts the values of all conditions of a rule, those of AddCondition too.
func valuesOf(rule awselasticloadbalancingv2.ApplicationListenerRule) int {
	resource := rule.Node().DefaultChild().(awselasticloadbalancingv2.CfnListenerRule)
	conditions, _ := awscdk.Stack_Of(rule).Resolve(resource.Conditions()).([]any)
	values := 0
	for _, condition := range conditions {
		for _, config := range condition.(map[string]any) {
			if config, ok := config.(map[string]any); ok { // beside Field, which is a string
				list, _ := config["values"].([]any)
				values += len(list)
			}
		}
	}
	return values
}
