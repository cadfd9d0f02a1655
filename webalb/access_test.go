package webalb_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
)

// complete is what the load balancer fills in for a rule.
func complete(front *webalb.LoadBalancer, rule awselasticloadbalancingv2.ApplicationListenerRule) web.Made {
	var made web.Made
	front.Complete(&made, &web.Definition{}, rule)
	return made
}

// A rule that verifies has its own conditions and that of the header, and the same priority.
func TestVerifier(t *testing.T) {
	for _, test := range []struct {
		rule   webalb.Rule
		method string // of a condition that the user adds
		most   int    // values of the header
		want   string
	}{
		{rule: webalb.Rule{}, most: 4, want: `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}},%s]`},
		{rule: webalb.Rule{Hosts: []string{"a.io"}, Paths: []string{"/a", "/b"}}, most: 2,
			want: `[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io"]}},{"Field":"path-pattern","PathPatternConfig":{"Values":["/a","/b"]}},%s]`},
		{rule: webalb.Rule{Hosts: []string{"a.io"}}, method: "GET", most: 3,
			want: `[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io"]}},{"Field":"http-request-method","HttpRequestMethodConfig":{"Values":["GET"]}},%s]`},
	} {
		t.Run(test.rule.String(), func(t *testing.T) {
			priorities := map[any]bool{}
			for _, verified := range []bool{false, true} {
				stack := newStack(t)
				front := webalb.NewLoadBalancer(stack, "Front", nil)
				rule := front.Forward(stack, "Rule", test.rule, newGroup(stack, front.VPC))
				if test.method != "" {
					rule.AddCondition(awselasticloadbalancingv2.ListenerCondition_HttpRequestMethods(&[]*string{&test.method}))
				}
				if verified {
					verifier := complete(front, rule).Verify
					if problem := verifier.Check(test.most); problem != nil {
						t.Errorf("got %v for %d values", problem, test.most)
					}
					problem := verifier.Check(test.most + 1)
					want := fmt.Sprintf(" must leave %d of the 5 values of its load balancer's rule to the secrets of the front, "+
						"got %d of Hosts, Paths and other conditions; use patterns, or fewer Hosts and Paths", test.most+1, 5-test.most)
					if problem == nil || problem.Error() != want {
						t.Errorf("got %v, want %q", problem, want)
					}
					verifier.Require(adapter.FrontHeader, []string{"one", "two"})
				}
				template := templatetest.Of(t, stack)
				priorities[template.Get(ruleKind, "Priority")] = true
				if !verified {
					continue
				}
				header := fmt.Sprintf(`{"Field":"http-header","HttpHeaderConfig":{"HttpHeaderName":%q,"Values":["one","two"]}}`, adapter.FrontHeader)
				if got, want := templatetest.JSON(t, template.Get(ruleKind, "Conditions")), fmt.Sprintf(test.want, header); got != want {
					t.Errorf("got conditions %s, want %s", got, want)
				}
			}
			if len(priorities) != 1 {
				t.Errorf("got priorities %v, want one, with the header and without", priorities)
			}
		})
	}
}
