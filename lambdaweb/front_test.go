package lambdaweb_test

import (
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
)

// Behind a load balancer, its rule asks for the secret of a front: the health checks of the load
// balancer pass no rule, and come as events without the header.
func TestLoadBalancerBelowFront(t *testing.T) {
	stack := newStack(t)
	balancer := webalb.NewLoadBalancer(stack, "Shared", nil)
	service, _ := lambdaweb.NewService(stack, "Site", workload(),
		behind(lambdaweb.LoadBalancer{LoadBalancer: balancer, HealthCheckEnabled: true}))
	front := &web.Front{Stack: stack, Path: "Stack/Front", SecretGeneration: 1}
	if problems := front.Problems("Service", service); len(problems) > 0 {
		t.Fatal(problems)
	}
	if origin := front.Origin(service); origin.Unverified != "" {
		t.Errorf("got unverified because %s", origin.Unverified)
	}
	template := templatetest.Of(t, stack)
	header := templatetest.JSON(t, template.Get("AWS::ElasticLoadBalancingV2::ListenerRule", "Conditions.1.HttpHeaderConfig"))
	if !strings.Contains(header, adapter.FrontHeader) || strings.Count(header, "{{resolve:secretsmanager:") != 2 {
		t.Errorf("got %s, want %s with two references", header, adapter.FrontHeader)
	}
	environment, _ := template.Get("AWS::Lambda::Function", "Environment.Variables").(map[string]any)
	if value, ok := environment[adapter.FrontSecrets]; ok {
		t.Errorf("the adapter gets %v, and would refuse the health checks", value)
	}
}

// Without health checks the adapter knows the secret too, so that it takes it away, and tells the
// server who the client is.
func TestLoadBalancerTellsTheAdapter(t *testing.T) {
	stack := newStack(t)
	balancer := webalb.NewLoadBalancer(stack, "Shared", nil)
	hosting := lambdaweb.Hosting{Endpoint: &lambdaweb.LoadBalancer{LoadBalancer: balancer}} // a pointer is one too
	service, _ := lambdaweb.NewService(stack, "Site", web.Workload{Image: adapted()}, hosting)
	if origin := front(stack, 1).Origin(service); origin.Unverified != "" {
		t.Errorf("got unverified because %s", origin.Unverified)
	}
	template := templatetest.Of(t, stack)
	for _, text := range []string{
		templatetest.JSON(t, template.Get("AWS::ElasticLoadBalancingV2::ListenerRule", "Conditions")),
		templatetest.JSON(t, template.Get("AWS::Lambda::Function", "Environment.Variables."+adapter.FrontSecrets)),
	} {
		if strings.Count(text, "{{resolve:secretsmanager:") != 2 {
			t.Errorf("got %s, want two references", text)
		}
	}
}
