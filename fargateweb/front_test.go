package fargateweb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
)

// Below a front, the service's rule takes requests with one of the secrets only, which stand in the
// template by reference.
func TestBelowFront(t *testing.T) {
	for generation, secrets := range map[int]int{1: 2, 2: 3} {
		for name, hosting := range map[string]func(awscdk.Stack) fargateweb.Hosting{
			"its own load balancer": func(awscdk.Stack) fargateweb.Hosting { return fargateweb.Hosting{} },
			"a shared one": func(stack awscdk.Stack) fargateweb.Hosting {
				return fargateweb.Hosting{LoadBalancer: webalb.NewLoadBalancer(stack, "Shared", nil)}
			},
		} {
			t.Run(fmt.Sprint(name, " ", generation), func(t *testing.T) {
				stack := newStack(t)
				service, _ := newService(stack, hosting(stack))
				front := &web.Front{Stack: stack, Path: "Stack/Front", SecretGeneration: generation}
				if problems := front.Problems("Service", service); len(problems) > 0 {
					t.Fatal(problems)
				}
				if origin := front.Origin(service); origin.Unverified != "" {
					t.Errorf("got unverified because %s", origin.Unverified)
				}
				template := templatetest.Of(t, stack)
				header := template.Get(ruleKind, "Conditions.1.HttpHeaderConfig")
				if got := templatetest.At(header, "HttpHeaderName"); got != adapter.FrontHeader {
					t.Errorf("got header %v, want %s", got, adapter.FrontHeader)
				}
				values := templatetest.At(header, "Values").([]any)
				if len(values) != secrets {
					t.Errorf("got %d values, want %d", len(values), secrets)
				}
				for _, value := range values {
					if text := templatetest.JSON(t, value); !strings.Contains(text, "{{resolve:secretsmanager:") {
						t.Errorf("got value %s, want a reference", text)
					}
				}
			})
		}
	}
}

// A rule that has no room for the secrets is an error.
func TestBelowFrontWithTooManyValues(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, fargateweb.Hosting{Paths: []string{"/a", "/b", "/c", "/d"}})
	front := &web.Front{Stack: stack, Path: "Stack/Front", SecretGeneration: 1}
	problems := front.Problems("Service", service)
	const want = "Service must leave 3 of the 5 values of its load balancer's rule to the secrets of the front, " +
		"got 4 of Hosts, Paths and other conditions; use patterns, or fewer Hosts and Paths"
	if len(problems) != 1 || problems[0].Error() != want {
		t.Errorf("got %v, want %s", problems, want)
	}
}

// A front finds a service by a name, which no pattern is.
func TestBelowFrontWithPatternsOfHosts(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, fargateweb.Hosting{Hosts: []string{"*.example.com"}})
	front := &web.Front{Stack: stack, Path: "Stack/Front", SecretGeneration: 1}
	problems := front.Problems("Service", service)
	if len(problems) != 1 || !strings.Contains(problems[0].Error(), "Service must have a host without * and ? among the Hosts") {
		t.Errorf("got %v", problems)
	}
}

// The front says itself that it comes over HTTP; clients do not.
func TestBelowFrontClientsComeOverHTTPS(t *testing.T) {
	stack := newStack(t)
	service, _ := newService(stack, fargateweb.Hosting{})
	front := &web.Front{Stack: stack, Path: "Stack/Front", SecretGeneration: 1}
	front.Origin(service)
	for _, warning := range templatetest.Warnings(t, stack) {
		if strings.Contains(warning, webalb.HTTPWarning) {
			t.Errorf("got %s", warning)
		}
	}
}
