package lambdaweb_test

import (
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webtest"
)

// behind is Lambda behind a load balancer.
func behind(endpoint lambdaweb.LoadBalancer) lambdaweb.Hosting {
	return lambdaweb.Hosting{Endpoint: endpoint}
}

func TestLoadBalancerGolden(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	lambdaweb.NewService(stack, "Site", workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front}))
	w := workload()
	w.HealthCheck = web.HealthCheck{Path: "/healthz", StatusCodes: "200,204"}
	lambdaweb.NewService(stack, "API", w, behind(lambdaweb.LoadBalancer{
		LoadBalancer: front, Hosts: []string{"api.example.com"}, Paths: []string{"/v1/*"}, Priority: 7, HealthCheckEnabled: true,
	}))
	webtest.Snapshot(t, stack)
}

func TestLoadBalancer(t *testing.T) {
	const group, rule, permission = "AWS::ElasticLoadBalancingV2::TargetGroup", "AWS::ElasticLoadBalancingV2::ListenerRule", "AWS::Lambda::Permission"
	for _, test := range []struct {
		name   string
		change func(e *lambdaweb.LoadBalancer)
		want   map[string]string // by type and path of the property
	}{
		{"the default", nil, map[string]string{
			group + " TargetType": `"lambda"`, group + " HealthCheckEnabled": "false", group + " HealthCheckPath": "null", group + " Port": "null", group + " VpcId": "null",
			group + " TargetGroupAttributes": `[{"Key":"lambda.multi_value_headers.enabled","Value":"true"}]`,
			rule + " Conditions":             `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}}]`,
			permission + " Action":           `"lambda:InvokeFunction"`, permission + " SourceAccount": `{"Ref":"AWS::AccountId"}`,
			permission + " SourceArn": `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":elasticloadbalancing:",{"Ref":"AWS::Region"},":",{"Ref":"AWS::AccountId"},":targetgroup/*"]]}`,
		}},
		{"paths", func(e *lambdaweb.LoadBalancer) { e.Paths = []string{"/api", "/api/*"} }, map[string]string{
			rule + " Conditions": `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/api","/api/*"]}}]`,
		}},
		{"hosts", func(e *lambdaweb.LoadBalancer) { e.Hosts = []string{"*.example.com"} }, map[string]string{
			rule + " Conditions": `[{"Field":"host-header","HostHeaderConfig":{"Values":["*.example.com"]}}]`,
		}},
		{"priority", func(e *lambdaweb.LoadBalancer) { e.Priority = 50000 }, map[string]string{rule + " Priority": "50000"}},
		{"health check", func(e *lambdaweb.LoadBalancer) { e.HealthCheckEnabled = true }, map[string]string{
			group + " HealthCheckEnabled": "true", group + " HealthCheckPath": `"/"`, group + " Matcher.HttpCode": `"200-399"`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			endpoint := lambdaweb.LoadBalancer{LoadBalancer: webalb.NewLoadBalancer(stack, "Front", nil)}
			if test.change != nil {
				test.change(&endpoint)
			}
			service, resources := lambdaweb.NewService(stack, "Site", workload(), behind(endpoint))
			if resources.LoadBalancer != endpoint.LoadBalancer || resources.Endpoint() != endpoint.LoadBalancer || resources.Rule == nil || resources.HTTPAPI != nil {
				t.Errorf("got resources %+v, want the load balancer's alone", resources)
			}
			awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
			template := templatetest.Of(t, stack)
			for property, want := range test.want {
				kind, path, _ := strings.Cut(property, " ")
				if got := templatetest.JSON(t, template.Get(kind, path)); got != want {
					t.Errorf("%s is %s, want %s", property, got, want)
				}
			}
			groups, function := template.IDs(group), template.IDs("AWS::Lambda::Function")[0]
			if got := templatetest.JSON(t, template.Get(group, "Targets")); got != `[{"Id":{"Fn::GetAtt":["`+function+`","Arn"]}}]` {
				t.Errorf("got targets %s, want the function", got)
			}
			if depends := template.Resources[groups[0]].DependsOn; !reflect.DeepEqual([]string(depends), template.IDs(permission)) {
				t.Errorf("the target group depends on %q, want the permission", depends)
			}
		})
	}
}

func TestLoadBalancerURL(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{DomainName: "example.com"})
	for id, test := range map[string]struct {
		hosts []string
		want  string
	}{
		"A": {nil, "http://example.com"}, "B": {[]string{"*.b.example.com", "b.example.com"}, "http://b.example.com"}, "C": {[]string{"*.c.example.com"}, "http://example.com"},
	} {
		service, _ := lambdaweb.NewService(stack, id, workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front, Hosts: test.hosts}))
		if got := service.URL(); got != test.want {
			t.Errorf("got URL %s of %q, want %s", got, test.hosts, test.want)
		}
	}
}

func TestLoadBalancerValidate(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	patient := webalb.NewLoadBalancer(stack, "Patient", &webalb.LoadBalancerProps{IdleTimeout: time.Hour})
	lambdaweb.NewService(stack, "Site", workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/a/*"}, Priority: 5}))
	lambdaweb.NewService(stack, "Other", workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/b/*"}}))
	for _, test := range []struct {
		name    string
		needs   web.Needs
		timeout time.Duration
		with    lambdaweb.LoadBalancer
		want    []string
	}{
		{"no load balancer", web.Needs{}, 0, lambdaweb.LoadBalancer{}, []string{"Hosting.Endpoint.LoadBalancer is required; " +
			`make one with webalb.NewLoadBalancer(stack, "Front", nil), or leave Endpoint out for an HTTP API`}},
		{"the conditions of another", web.Needs{}, 0, lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/b/*"}}, []string{
			"Hosting.Endpoint.LoadBalancer sends requests for /b/* to Stack/Other/Lambda already; give this service other Hosts or Paths"}},
		{"a path without a slash", web.Needs{}, 0, lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"api"}}, []string{
			`Hosting.Endpoint.Paths[0] must start with a slash or * and have up to 128 letters, digits and _-.$/~"'@:+&*?, got "api"; write "/api"`}},
		{"a large request", web.Needs{RequestSize: 1<<20 + 1}, 0, lambdaweb.LoadBalancer{LoadBalancer: front}, []string{
			"Workload.Needs.RequestSize is 1048577 bytes, but Lambda behind a load balancer limits the bodies of requests to 1 MB; " +
				"choose apprunnerweb.Hosting{}, ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}"}},
		{"nothing that costs", web.Needs{ScaleToZero: true}, 0, lambdaweb.LoadBalancer{LoadBalancer: front}, []string{
			"Workload.Needs.ScaleToZero is set, but Lambda behind a load balancer needs a load balancer, which costs money by the hour; choose lambdaweb.Hosting{}"}},
		{"a long request", web.Needs{RequestTimeout: 2 * time.Minute}, 2 * time.Minute, lambdaweb.LoadBalancer{LoadBalancer: front}, []string{
			"Workload.Needs.RequestTimeout is 2 min, but Lambda behind a load balancer times out requests after 60 s; choose apprunnerweb.Hosting{}, " +
				"fargateweb.Hosting{LoadBalancer: …} with a longer IdleTimeout or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"}},
		{"a long request behind a patient one", web.Needs{RequestTimeout: 15 * time.Minute}, 15 * time.Minute, lambdaweb.LoadBalancer{LoadBalancer: patient}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			w.Needs = test.needs
			hosting := behind(test.with)
			hosting.Timeout = test.timeout
			hostingtest.WantProblems(t, web.ServiceProps{Workload: w, Hosting: hosting}, test.want...)
		})
	}
	hostingtest.WantPanic(t, "Stack/Next", "Hosting.Endpoint.Priority is that of Stack/Site/Lambda on the same load balancer, got 5; choose another, or leave it out", func() {
		lambdaweb.NewService(stack, "Next", workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front, Priority: 5}))
	})
	if p := behind(lambdaweb.LoadBalancer{LoadBalancer: patient}).Platform(); p.Timeout != 15*time.Minute || p.Name != platform.LambdaLoadBalancer.Name {
		t.Errorf("got %s with a timeout of %s, want 15 minutes", p.Name, p.Timeout)
	}
}

func TestLoadBalancerTimeoutWarning(t *testing.T) {
	for timeout, want := range map[time.Duration]int{60 * time.Second: 0, 61 * time.Second: 1} {
		stack := newStack(t)
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{DomainName: "example.com"})
		awscdk.Annotations_Of(front).AcknowledgeWarning(new(webalb.HTTPWarning), new("a test"))
		hosting := behind(lambdaweb.LoadBalancer{LoadBalancer: front})
		hosting.Timeout = timeout
		lambdaweb.NewService(stack, "Site", workload(), hosting)
		got := templatetest.Warnings(t, stack)
		if len(got) != want || want == 1 && (!strings.Contains(got[0], "the load balancer waits 1m0s for a response") ||
			!strings.Contains(got[0], "Shorten it, or lengthen IdleTimeout of the load balancer [ack: "+lambdaweb.LoadBalancerTimeoutWarning+"]")) {
			t.Errorf("%s: got warnings %q, want %d", timeout, got, want)
		}
	}
}

// A service keeps its priority when others come before it.
func TestLoadBalancerPriorities(t *testing.T) {
	const rule = "AWS::ElasticLoadBalancingV2::ListenerRule"
	priorities := func(ids ...string) map[string]any {
		stack := newStack(t)
		front := webalb.NewLoadBalancer(stack, "Front", nil)
		for _, id := range ids {
			lambdaweb.NewService(stack, id, workload(), behind(lambdaweb.LoadBalancer{LoadBalancer: front, Paths: []string{"/" + id + "/*"}}))
		}
		found := map[string]any{}
		template := templatetest.Of(t, stack)
		for _, id := range template.IDs(rule) {
			found[id] = template.Resources[id].Properties["Priority"]
		}
		return found
	}
	before, after := priorities("b"), priorities("a", "b", "c")
	if len(after) != 3 {
		t.Errorf("got rules %v, want three", after)
	}
	maps.DeleteFunc(after, func(id string, _ any) bool { return before[id] == nil })
	if !reflect.DeepEqual(before, after) {
		t.Errorf("got %v beside others, alone %v", after, before)
	}
}
