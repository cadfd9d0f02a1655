package lambdaweb

import (
	"cmp"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
)

// LoadBalancer is an Application Load Balancer that the function shares with other services, on
// Lambda or on Fargate. It takes requests and responses of up to 1 MB, a response that is not text
// of up to 0.75 MB, and does not stream. It waits for a response as long as its IdleTimeout.
type LoadBalancer struct {
	// LoadBalancer that sends requests to the function. Required.
	LoadBalancer *webalb.LoadBalancer

	// Hosts and Paths are the conditions of the function's rule on the load balancer, and Priority
	// is the rule's. See webalb.Rule for what they take.
	// Optional. Default: all requests that no other rule takes; with a Domain of the service those
	// of that.
	Hosts, Paths []string
	Priority     int

	// Login has the load balancer let in only clients who have logged in. It needs a LoadBalancer
	// with Certificates. Optional. Default: everybody.
	Login *webalb.Login

	// HealthCheckEnabled has the load balancer ask for the workload's HealthCheck.Path, or /, every
	// 35 s. Each check is an invocation that is paid for, and keeps one execution environment warm.
	// Optional. Default: false.
	HealthCheckEnabled bool
}

// LoadBalancerTimeoutWarning is the id of the warning about a Timeout that exceeds the IdleTimeout
// of the load balancer.
const LoadBalancerTimeoutWarning = "cdkweb:load-balancer-timeout"

func (e LoadBalancer) platform() *platform.Platform {
	if e.LoadBalancer == nil { // reported by check
		return &platform.LambdaLoadBalancer
	}
	return platform.LambdaLoadBalancer.Behind(e.LoadBalancer.IdleTimeout())
}

func (LoadBalancer) name() string { return "the load balancer" }

func (LoadBalancer) timeoutWarning() (id, fix string) {
	return LoadBalancerTimeoutWarning, "lengthen IdleTimeout of the load balancer"
}

func (LoadBalancer) variables() map[string]string { return nil }

func (e LoadBalancer) rule() webalb.Rule {
	return webalb.Rule{
		Hosts: e.Hosts, Paths: e.Paths, Priority: e.Priority, Login: e.Login, Ready: true,
	}
}

func (e LoadBalancer) check(c *web.Check) {
	if e.LoadBalancer == nil {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.LoadBalancer",
			Message: "is required",
			Fix:     `make one with webalb.NewLoadBalancer(stack, "Front", nil), or leave Endpoint out for an HTTP API`,
		})
		return
	}
	e.LoadBalancer.CheckRule(c, "Hosting.Endpoint.", e.rule())
}

func (e LoadBalancer) define(scope constructs.Construct, in *web.Definition, r *Resources, _ *web.Made) string {
	check := &awselasticloadbalancingv2.HealthCheck{Enabled: new(e.HealthCheckEnabled)}
	if e.HealthCheckEnabled {
		check.Path = new(cmp.Or(in.Workload.HealthCheck.Path, "/"))
		check.HealthyHttpCodes = new(cmp.Or(in.Workload.HealthCheck.StatusCodes, "200-399"))
	}
	r.TargetGroup = awselasticloadbalancingv2.NewApplicationTargetGroup(
		scope,
		new(e.LoadBalancer.TargetGroupID()),
		&awselasticloadbalancingv2.ApplicationTargetGroupProps{
			TargetType:               awselasticloadbalancingv2.TargetType_LAMBDA,
			MultiValueHeadersEnabled: new(true), // else one cookie is all that a response can set
			HealthCheck:              check,
		},
	)
	// The CDK's own target lets the load balancers of every account invoke the function. The target
	// group cannot be named exactly, because it needs the permission first.
	stack := awscdk.Stack_Of(scope)
	permission := awslambda.NewCfnPermission(
		scope,
		new("Permission"),
		&awslambda.CfnPermissionProps{
			Action:        new("lambda:InvokeFunction"),
			FunctionName:  r.Function.FunctionArn(),
			Principal:     new("elasticloadbalancing.amazonaws.com"),
			SourceAccount: stack.Account(),
			SourceArn: stack.FormatArn(&awscdk.ArnComponents{
				Service:      new("elasticloadbalancing"),
				Resource:     new("targetgroup"),
				ResourceName: new("*"),
			}),
		},
	)
	group := r.TargetGroup.Node().DefaultChild().(awselasticloadbalancingv2.CfnTargetGroup)
	group.SetTargets(&[]any{
		&awselasticloadbalancingv2.CfnTargetGroup_TargetDescriptionProperty{
			Id: r.Function.FunctionArn(),
		},
	})
	group.AddResourceDependency(permission, nil)
	r.LoadBalancer = e.LoadBalancer
	rule := e.rule().For(in)
	r.Rule = e.LoadBalancer.Forward(scope, "Rule", rule, r.TargetGroup)
	return e.LoadBalancer.URLOf(rule)
}

func (LoadBalancer) reach(*Resources) web.Reach { return web.Reach{} } // see Complete

// complete says what the load balancer does for the service.
func (e LoadBalancer) complete(in *web.Definition, r *Resources, made *web.Made) {
	e.LoadBalancer.Complete(made, in, r.Rule)
	e.tellAdapter(in, made)
}

// tellAdapter has the adapter check what the rule has checked, so that the server sees the client as
// behind other endpoints, and no secret. Health checks of the load balancer are events without it.
func (e LoadBalancer) tellAdapter(in *web.Definition, made *web.Made) {
	if e.HealthCheckEnabled || in.Facts.Adapter != webimage.WithAdapter {
		return
	}
	rule := made.Verify
	verify(in, made)
	adapters := made.Verify
	made.Verify = web.Verifier{
		Check: func(values int) *web.Problem {
			if problem := rule.Check(values); problem != nil {
				return problem
			}
			return adapters.Check(values)
		},
		Require: func(header string, values []string) {
			rule.Require(header, values)
			adapters.Require(header, values)
		},
	}
}
