package platform

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// longest is how long a Lambda function may run.
const longest = 15 * time.Minute

// words are short names of the platforms for tables of tests, in the order of All.
var words = []string{"apprunner", "ecs", "fargate", "sticky", "idle", "both", "http", "rest", "url", "stream", "reststream", "alb", "albidle"}

// Each row is a need and the platforms that meet it.
func TestMissing(t *testing.T) {
	t.Parallel()
	const all = "apprunner ecs fargate sticky idle both http rest url stream reststream alb albidle"
	for _, test := range []struct {
		name  string
		needs Needs
		want  string
	}{
		{"nothing", Needs{}, all},
		{"29 s", Needs{RequestTimeout: 29 * time.Second}, all},
		{"30 s", Needs{RequestTimeout: 30 * time.Second}, "apprunner ecs fargate sticky idle both http url stream reststream alb albidle"},
		{"a minute", Needs{RequestTimeout: time.Minute}, "apprunner ecs fargate sticky idle both url stream reststream alb albidle"},
		{"two minutes", Needs{RequestTimeout: 2 * time.Minute}, "apprunner idle both url stream reststream albidle"},
		{"five minutes", Needs{RequestTimeout: 5 * time.Minute}, "idle both url stream reststream albidle"},
		{"more than five minutes", Needs{RequestTimeout: 5*time.Minute + time.Second}, "idle both url stream albidle"},
		{"15 minutes", Needs{RequestTimeout: longest}, "idle both url stream albidle"},
		{"15 minutes of streaming", Needs{RequestTimeout: longest, Streaming: true}, "ecs fargate sticky idle both stream reststream"},
		{"more than 15 minutes", Needs{RequestTimeout: longest + time.Second}, "idle both"},
		{"an hour of streaming", Needs{RequestTimeout: time.Hour, Streaming: true}, "ecs fargate sticky idle both"},
		{"a request of 1 MB", Needs{RequestSize: 1 << 20}, all},
		{"a small request", Needs{RequestSize: 4_718_592}, "apprunner ecs fargate sticky idle both http rest url stream reststream"},
		{"a large request", Needs{RequestSize: 4_718_593}, "apprunner ecs fargate sticky idle both"},
		{"a small response", Needs{ResponseSize: 786_432}, all},
		{"a response of 4.5 MB", Needs{ResponseSize: 4_718_592}, "apprunner ecs fargate sticky idle both http rest url stream reststream"},
		{"a large response", Needs{ResponseSize: 4_718_593}, "apprunner ecs fargate sticky idle both"},
		{"streaming", Needs{Streaming: true}, "ecs fargate sticky idle both stream reststream"},
		{"a large response that streams", Needs{ResponseSize: 200 << 20, Streaming: true}, "ecs fargate sticky idle both stream reststream"},
		{"a larger response that streams", Needs{ResponseSize: 200<<20 + 1, Streaming: true}, "ecs fargate sticky idle both"},
		{"websockets", Needs{WebSockets: true}, "ecs fargate sticky idle both"},
		{"sticky sessions", Needs{StickySessions: true}, "sticky both"},
		{"arm64", Needs{ARM64: true}, "ecs fargate sticky idle both http rest url stream reststream alb albidle"},
		{"scale to zero", Needs{ScaleToZero: true}, "http rest url stream reststream"},
		{"arm64 and two minutes", Needs{ARM64: true, RequestTimeout: 2 * time.Minute}, "idle both url stream reststream albidle"},
		{"websockets and scale to zero", Needs{WebSockets: true, ScaleToZero: true}, ""},
	} {
		var met []string
		for i, p := range All {
			if len(p.Missing(test.needs)) == 0 {
				met = append(met, words[i])
			}
		}
		if got := strings.Join(met, " "); got != test.want {
			t.Errorf("%s: met by %q, want %q", test.name, got, test.want)
		}
	}
}

func TestMissingSays(t *testing.T) {
	t.Parallel()
	const idle, url, stream = "fargateweb.Hosting{LoadBalancer: …} with a longer IdleTimeout",
		"lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}",
		"lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}"
	for _, test := range []struct {
		platform Platform
		needs    Needs
		want     []string
	}{
		{AppRunner, Needs{RequestTimeout: 3 * time.Minute},
			[]string{"RequestTimeout is 3 min, but App Runner times out requests after 2 min; choose " + idle + " or " + url}},
		{ECSExpress, Needs{RequestTimeout: 2 * time.Minute},
			[]string{"RequestTimeout is 2 min, but ECS Express Mode times out requests after 60 s without a byte; choose apprunnerweb.Hosting{}, " + idle + " or " + url}},
		{HTTPAPI, Needs{RequestTimeout: time.Hour}, []string{"RequestTimeout is 60 min, but Lambda behind an HTTP API times out requests after 30 s; choose " + idle}},
		{HTTPAPI, Needs{RequestSize: 5 << 20},
			[]string{"RequestSize is 5242880 bytes, but Lambda behind an HTTP API limits bodies to 6 MB (4.5 MB if not text); choose apprunnerweb.Hosting{}, ecsweb.Hosting{} or fargateweb.Hosting{}"}},
		{FunctionURLStreaming, Needs{ResponseSize: 300 << 20, Streaming: true},
			[]string{"ResponseSize is 314572800 bytes, but Lambda with a function URL that streams limits streaming responses to 200 MB; choose ecsweb.Hosting{} or fargateweb.Hosting{}"}},
		{RESTAPIStreaming, Needs{RequestTimeout: 6 * time.Minute},
			[]string{"RequestTimeout is 6 min, but Lambda behind a REST API that streams times out requests after 5 min without a byte; choose " + idle + " or " + url}},
		{RESTAPIStreaming, Needs{RequestTimeout: 16 * time.Minute, Streaming: true},
			[]string{"RequestTimeout is 16 min, but Lambda behind a REST API that streams times out requests after 15 min; choose ecsweb.Hosting{} or fargateweb.Hosting{}"}},
		{RESTAPIStreaming, Needs{ResponseSize: 201 << 20, Streaming: true},
			[]string{"ResponseSize is 210763776 bytes, but Lambda behind a REST API that streams limits streaming responses to 200 MB; choose ecsweb.Hosting{} or fargateweb.Hosting{}"}},
		{RESTAPI, Needs{Streaming: true},
			[]string{"Streaming is set, but Lambda behind a REST API buffers responses unless ResponseTransferMode says otherwise; choose ecsweb.Hosting{}, fargateweb.Hosting{} or " + stream}},
		{FunctionURL, Needs{Streaming: true},
			[]string{"Streaming is set, but Lambda with a function URL buffers responses unless InvokeMode says otherwise; choose ecsweb.Hosting{}, fargateweb.Hosting{} or " + stream}},
		{LambdaLoadBalancer, Needs{RequestSize: 1<<20 + 1}, []string{"RequestSize is 1048577 bytes, but Lambda behind a load balancer " +
			"limits the bodies of requests to 1 MB; choose apprunnerweb.Hosting{}, ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}"}},
		{LambdaLoadBalancer, Needs{ResponseSize: 1 << 20}, []string{"ResponseSize is 1048576 bytes, but Lambda behind a load balancer " +
			"limits bodies to 1 MB (0.75 MB if not text); choose apprunnerweb.Hosting{}, ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}"}},
		{ECSExpress, Needs{StickySessions: true}, []string{"StickySessions is set, but ECS Express Mode has no setting for them, " +
			"and its deployments choose the version for each request; choose fargateweb.Hosting{Stickiness: …}"}},
		{Fargate, Needs{StickySessions: true}, []string{"StickySessions is set, but ECS on Fargate sends each request to any task " +
			"unless Stickiness is set; choose fargateweb.Hosting{Stickiness: …}"}},
		{HTTPAPI, Needs{StickySessions: true}, []string{"StickySessions is set, but Lambda behind an HTTP API gives each request to " +
			"whichever execution environment is free; choose fargateweb.Hosting{Stickiness: …}"}},
		{AppRunner, Needs{WebSockets: true}, []string{"WebSockets is set, but App Runner has no websockets; choose ecsweb.Hosting{} or fargateweb.Hosting{}"}},
		{AppRunner, Needs{ARM64: true}, []string{"ARM64 is set, but App Runner does not run images for arm64; choose ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}"}},
		{ECSExpress, Needs{ScaleToZero: true}, []string{"ScaleToZero is set, but ECS Express Mode always has something running; choose lambdaweb.Hosting{}"}},
		{AppRunner, Needs{ARM64: true, RequestTimeout: 3 * time.Minute}, []string{
			"RequestTimeout is 3 min, but App Runner times out requests after 2 min; choose " + idle + " or " + url,
			"ARM64 is set, but App Runner does not run images for arm64; choose " + idle + " or " + url}},
		{ECSExpress, Needs{WebSockets: true, ScaleToZero: true},
			[]string{"ScaleToZero is set, but ECS Express Mode always has something running; lambdaweb.Hosting{} can, but no hosting meets all of Needs"}},
	} {
		var got []string
		for _, m := range test.platform.Missing(test.needs) {
			got = append(got, fmt.Sprintf("%s %s; %s", m.Need, m.Message, m.Fix))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("got  %q\nwant %q", got, test.want)
		}
	}
}

func TestRegions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		platform Platform
		region   string
		want     bool
	}{
		{AppRunner, "eu-west-1", true},
		{AppRunner, "eu-north-1", false},
		{AppRunner, "cn-north-1", false},
		{AppRunner, "", true},
		{AppRunner, "xx-future-1", true},
		{ECSExpress, "us-gov-west-1", true},
		{HTTPAPI, "us-gov-west-1", true},
		{FunctionURL, "us-gov-west-1", false},
		{FunctionURLStreaming, "ca-west-1", false},
		{RESTAPIStreaming, "ca-west-1", true},
		{FunctionURL, "us-east-1", true},
	} {
		if got := test.platform.Regions.Has(test.region); got != test.want {
			t.Errorf("%s in %q: got %v, want %v", test.platform.Name, test.region, got, test.want)
		}
	}
	if got, want := In("us-gov-west-1"), "ecsweb.Hosting{}, fargateweb.Hosting{} or lambdaweb.Hosting{}"; got != want {
		t.Errorf("got %q in us-gov-west-1, want %q", got, want)
	}
	for _, p := range All {
		for _, region := range append(slices.Clone(p.Regions.Only), p.Regions.Except...) {
			if !slices.Contains(known, region) {
				t.Errorf("%s names %s, which is not a known region", p.Name, region)
			}
		}
	}
}

func TestIsReserved(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		platform Platform
		name     string
		want     bool
	}{
		{AppRunner, "AWSAPPRUNNER_X", true}, {AppRunner, "AWSAPPRUNNE", false}, {AppRunner, "", false},
		{ECSExpress, "ECS_AGENT_URI", true}, {ECSExpress, "AWS_REGION", false},
		{HTTPAPI, "AWS_REGION", true}, {HTTPAPI, "_HANDLER", true}, {HTTPAPI, "TZ", false},
	} {
		if got := test.platform.Variables.IsReserved(test.name); got != test.want {
			t.Errorf("%s, %q: got %v, want %v", test.platform.Name, test.name, got, test.want)
		}
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"README.md", "docs/moving.md"} {
		content, err := os.ReadFile(filepath.Join("..", document))
		if err != nil {
			t.Fatal(err)
		}
		want, err := Rewrite(string(content))
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if string(content) != want {
			t.Errorf("the table of the hostings in %s is stale; renew it with: make table", document)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	got, err := Rewrite("before\n" + Start + "\nold\n" + End + "\nafter\n")
	if want := "before\n" + Start + "\n" + Table() + End + "\nafter\n"; err != nil || got != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	for _, document := range []string{"", Start + "\n", End + "\n"} {
		if _, err := Rewrite(document); err == nil {
			t.Errorf("%q: got no error", document)
		}
	}
}

func TestOnManagedInstances(t *testing.T) {
	t.Parallel()
	managed := HTTPAPI.OnManagedInstances()
	if managed.ScaleToZero.Can || !HTTPAPI.ScaleToZero.Can || managed.Timeout != HTTPAPI.Timeout {
		t.Errorf("got %+v, want the HTTP API's without scaling to zero, and that unchanged", managed)
	}
	for region, want := range map[string]bool{"us-east-1": true, "us-gov-west-1": false, "cn-north-1": false, "": true, "xx-future-1": true} {
		if got := ManagedInstancesRegions.Has(region); got != want {
			t.Errorf("managed instances in %q: got %v, want %v", region, got, want)
		}
	}
	for _, region := range ManagedInstancesRegions.Except {
		if !slices.Contains(known, region) {
			t.Errorf("managed instances name %s, which is not a known region", region)
		}
	}
}

func TestBehind(t *testing.T) {
	t.Parallel()
	if got := Fargate.Behind(IdleTimeout); got != &Fargate {
		t.Errorf("got another platform for the default idle timeout")
	}
	for _, test := range []struct {
		platform *Platform
		want     time.Duration
	}{{&Fargate, time.Hour}, {&LambdaLoadBalancer, longest}} {
		got := test.platform.Behind(time.Hour)
		if got.Timeout != test.want || got.Name != test.platform.Name || test.platform.Timeout != IdleTimeout {
			t.Errorf("%s: got %s, want %s and the original unchanged", got.Name, got.Timeout, test.want)
		}
	}
}
