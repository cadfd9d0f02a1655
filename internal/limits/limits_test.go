package limits_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/internal/limits"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// longest is a function that may run as long as Lambda lets it, so that only the endpoint limits a request.
const longest = 15 * time.Minute

// hostings are all there are, in the order of limits.All.
var hostings = []struct {
	name    string
	hosting web.Hosting
}{
	{"apprunner", apprunnerweb.Hosting{}},
	{"ecs", ecsweb.Hosting{}},
	{"http", lambdaweb.Hosting{Timeout: longest, Endpoint: lambdaweb.HTTPAPI{}}},
	{"rest", lambdaweb.Hosting{Timeout: longest, Endpoint: lambdaweb.RESTAPI{}}},
	{"url", lambdaweb.Hosting{Timeout: longest, Endpoint: lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM}}},
}

func validate(hosting web.Hosting, needs web.Needs) error {
	image := webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)
	return (&web.ServiceProps{Workload: web.Workload{Image: image, Needs: needs}, Hosting: hosting}).Validate()
}

// Each row is a need and the hostings that meet it; all others refuse it.
func TestNeeds(t *testing.T) {
	t.Parallel()
	const all = "apprunner ecs http rest url"
	for _, test := range []struct {
		name  string
		needs web.Needs
		want  string
	}{
		{"nothing", web.Needs{}, all},
		{"29 s", web.Needs{RequestTimeout: 29 * time.Second}, all},
		{"30 s", web.Needs{RequestTimeout: 30 * time.Second}, "apprunner ecs http url"},
		{"a minute", web.Needs{RequestTimeout: time.Minute}, "apprunner ecs url"},
		{"two minutes", web.Needs{RequestTimeout: 2 * time.Minute}, "apprunner url"},
		{"15 minutes", web.Needs{RequestTimeout: longest}, "url"},
		{"more than 15 minutes", web.Needs{RequestTimeout: longest + time.Second}, ""},
		{"an hour of streaming", web.Needs{RequestTimeout: time.Hour, Streaming: true}, "ecs"},
		{"a small request", web.Needs{RequestSize: 4_718_592}, all},
		{"a large request", web.Needs{RequestSize: 4_718_593}, "apprunner ecs"},
		{"a small answer", web.Needs{ResponseSize: 4_718_592}, all},
		{"a large answer", web.Needs{ResponseSize: 4_718_593}, "apprunner ecs"},
		{"streaming", web.Needs{Streaming: true}, "ecs url"},
		{"a large answer that streams", web.Needs{ResponseSize: 200 << 20, Streaming: true}, "ecs url"},
		{"a larger answer that streams", web.Needs{ResponseSize: 200<<20 + 1, Streaming: true}, "ecs"},
		{"websockets", web.Needs{WebSockets: true}, "ecs"},
		{"arm64", web.Needs{ARM64: true}, "ecs http rest url"},
		{"scale to zero", web.Needs{ScaleToZero: true}, "http rest url"},
		{"arm64 and two minutes", web.Needs{ARM64: true, RequestTimeout: 2 * time.Minute}, "url"},
		{"websockets and scale to zero", web.Needs{WebSockets: true, ScaleToZero: true}, ""},
	} {
		var met []string
		for _, h := range hostings {
			if err := validate(h.hosting, test.needs); err == nil {
				met = append(met, h.name)
			}
		}
		if got := strings.Join(met, " "); got != test.want {
			t.Errorf("%s: met by %q, want %q", test.name, got, test.want)
		}
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		hosting web.Hosting
		needs   web.Needs
		want    string
	}{
		{apprunnerweb.Hosting{}, web.Needs{RequestTimeout: 3 * time.Minute},
			"Needs.RequestTimeout is 3m0s, but App Runner gives a request up after 2m0s; choose lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"},
		{ecsweb.Hosting{}, web.Needs{RequestTimeout: 2 * time.Minute},
			"Needs.RequestTimeout is 2m0s, but ECS Express Mode gives a request up after 1m0s without a byte; " +
				"choose apprunnerweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"},
		{lambdaweb.Hosting{}, web.Needs{RequestTimeout: time.Hour},
			"Needs.RequestTimeout is 1h0m0s, but Lambda behind an HTTP API gives a request up after 30s; no hosting can"},
		{lambdaweb.Hosting{}, web.Needs{RequestSize: 5 << 20},
			"Needs.RequestSize is 5242880 bytes, but Lambda behind an HTTP API carries 6291456, of which base64 leaves 4718592; choose apprunnerweb.Hosting{} or ecsweb.Hosting{}"},
		{lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, web.Needs{Streaming: true},
			"Needs.Streaming is set, but Lambda behind a REST API is not known to send an answer in parts; choose ecsweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"},
		{apprunnerweb.Hosting{}, web.Needs{WebSockets: true}, "Needs.WebSockets is set, but App Runner has no websockets; choose ecsweb.Hosting{}"},
		{apprunnerweb.Hosting{}, web.Needs{ARM64: true},
			"Needs.ARM64 is set, but App Runner does not run images for arm64; choose ecsweb.Hosting{} or lambdaweb.Hosting{}"},
		{ecsweb.Hosting{}, web.Needs{ScaleToZero: true}, "Needs.ScaleToZero is set, but ECS Express Mode always has something running; choose lambdaweb.Hosting{}"},
		{apprunnerweb.Hosting{}, web.Needs{ARM64: true, RequestTimeout: 3 * time.Minute},
			"Needs.RequestTimeout is 3m0s, but App Runner gives a request up after 2m0s; choose lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}\n" +
				"Needs.ARM64 is set, but App Runner does not run images for arm64; choose lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"},
		{ecsweb.Hosting{}, web.Needs{WebSockets: true, ScaleToZero: true},
			"Needs.ScaleToZero is set, but ECS Express Mode always has something running; lambdaweb.Hosting{} can, but no hosting meets all of Needs"},
		{lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}, web.Needs{RequestTimeout: time.Minute},
			"Timeout must not be shorter than Needs.RequestTimeout, got 29s and 1m0s; lengthen it"},
		{ecsweb.Hosting{}, web.Needs{RequestTimeout: -1, RequestSize: -2, ResponseSize: -3},
			"Needs.RequestTimeout must not be negative, got -1ns; leave it out where any will do\n" +
				"Needs.RequestSize must not be negative, got -2; leave it out where any will do\n" +
				"Needs.ResponseSize must not be negative, got -3; leave it out where any will do"},
	} {
		if err := validate(test.hosting, test.needs); err == nil || err.Error() != test.want {
			t.Errorf("got  %v\nwant %s", err, test.want)
		}
	}
}

// What the sentences tell people to write is what the rows above are tested with.
func TestNames(t *testing.T) {
	t.Parallel()
	var names []string
	for _, h := range limits.All {
		names = append(names, h.Go)
	}
	want := []string{"apprunnerweb.Hosting{}", "ecsweb.Hosting{}", "lambdaweb.Hosting{}",
		"lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}", "lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	for _, document := range []string{"README.md", "docs/moving.md"} {
		content, err := os.ReadFile(filepath.Join("..", "..", document))
		if err != nil {
			t.Fatal(err)
		}
		want, err := limits.Rewrite(string(content))
		if err != nil {
			t.Fatalf("%s: %v", document, err)
		}
		if string(content) != want {
			t.Errorf("the table of the hostings in %s is stale; renew it with: make table", document)
		}
	}
	for _, h := range limits.All {
		if !strings.Contains(limits.Table(), "| "+h.Name+" |") {
			t.Errorf("the table has no column for %s", h.Name)
		}
	}
}

func TestRewrite(t *testing.T) {
	t.Parallel()
	got, err := limits.Rewrite("before\n" + limits.Start + "\nold\n" + limits.End + "\nafter\n")
	if want := "before\n" + limits.Start + "\n" + limits.Table() + limits.End + "\nafter\n"; err != nil || got != want {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
	for _, document := range []string{"", limits.Start + "\n", limits.End + "\n"} {
		if _, err := limits.Rewrite(document); err == nil {
			t.Errorf("%q: got no error", document)
		}
	}
}
