package webalb

import (
	"fmt"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"

	"github.com/cdkweb/cdkweb/web"
)

// Verifier adds a condition to a rule that Forward returned: requests must have a header. Those
// without it go on to the rules behind, of other services, which take the same requests from
// everybody anyway; if there are none, the response is the listener's 404. Health checks come from
// the load balancer itself, which asks no rule.
//
// Hostings put it into web.Made.
func (l *LoadBalancer) Verifier(
	rule awselasticloadbalancingv2.ApplicationListenerRule,
) web.Verifier {
	return web.Verifier{
		Check: func(values int) *web.Problem {
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
		},
	}
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
