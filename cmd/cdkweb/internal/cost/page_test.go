package cost

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// page writes the page of an app and returns it with the text.
func page(t *testing.T, args ...string) (html, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cost.html")
	var stdout, stderr strings.Builder
	if status := Run(append(args, "--html", file), &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s", status, stderr.String())
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(filepath.Dir(file))
	if err != nil || len(left) != 1 {
		t.Errorf("got %v, %v, want nothing beside the page", left, err)
	}
	return string(content), stdout.String()
}

// The page says what the text says, needs nothing from elsewhere, and its plots are well-formed.
func TestPage(t *testing.T) {
	t.Parallel()
	html, text := page(t, "testdata/app", "--requests-per-month", "3M", "--p50", "80ms", "--hours", "8-18")
	for _, amount := range regexp.MustCompile(`\$[0-9,]+\.\d\d\b`).FindAllString(text, -1) {
		if !strings.Contains(html, amount) {
			t.Errorf("%s is not on the page", amount)
		}
	}
	for _, foreign := range []string{"src=", "href=", "http:", "https:", "url(", "@import", "<script", "NaN", "Inf", "<no value>"} {
		if strings.Contains(html, foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
	if got := strings.Count(html, "<h2>Shop/"); got != 3 {
		t.Errorf("got %d services, want 3", got)
	}
	plots := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1)
	drawn := 0
	for _, plot := range plots {
		decoder := xml.NewDecoder(strings.NewReader(plot))
		for {
			if _, err := decoder.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, plot)
			}
		}
		if strings.Contains(plot, "role=\"img\"") {
			drawn++
		}
	}
	if drawn != 12 { // cost and day, wide and narrow, of three services
		t.Errorf("got %d plots, want 12", drawn)
	}
	for _, ring := range []string{"becomes dearer from", "becomes cheaper from"} {
		if !strings.Contains(html, ring) {
			t.Errorf("no ring %s", ring)
		}
	}
}

// Names come from templates: none of them is taken for HTML.
func TestPageEscapes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	template := `{"Resources": {"S": {"Type": "AWS::AppRunner::Service", "Metadata": {"aws:cdk:path": "<b>&\"x"}}}}`
	if err := os.WriteFile(filepath.Join(dir, "S.template.json"), []byte(template), 0o644); err != nil {
		t.Fatal(err)
	}
	html, _ := page(t, dir, "--requests-per-month", "0")
	if !strings.Contains(html, "&lt;b&gt;&amp;&#34;x") || strings.Contains(html, "<b>&") {
		t.Error("the name is not escaped")
	}
}

func TestPageThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	status := Run([]string{"testdata/app", "--html", filepath.Join(t.TempDir(), "none", "cost.html")}, &stdout, &stderr)
	if status != 1 || !strings.Contains(stderr.String(), "no such file or directory") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("status %d, got %s", status, stderr.String())
	}
}

// At a break-even point both cost the same, and a little further the one that is named is cheaper.
func TestBreakEven(t *testing.T) {
	t.Parallel()
	app, err := readApp("testdata/app")
	if err != nil {
		t.Fatal(err)
	}
	services, _, err := app.services()
	if err != nil {
		t.Fatal(err)
	}
	traffic := Traffic{Requests: 3e6, Mean: 80 * ms, CPU: 20 * ms, Response: 10 << 10, Day: evenly(8, 18)}
	found := 0
	for _, service := range services {
		for _, region := range []string{"us-east-1", "eu-west-1"} {
			comparison := compare(service, traffic, Options{Prices: inRegion(region).prices, Region: region, Hours: 730})
			for _, offer := range comparison.Offers {
				gain := func(requests float64) float64 {
					t := traffic.withRequests(requests)
					return Monthly(service.Config, t, comparison.Options).USD() - Monthly(offer.Config, t, comparison.Options).USD()
				}
				for _, at := range offer.Cheaper {
					found++
					if gain(at*1.00001) <= 0 || gain(at*0.99999) > 0 {
						t.Errorf("%s, %s from %f: got %f before and %f after", service.Name, offer.Config.Kind, at, gain(at*0.99999), gain(at*1.00001))
					}
				}
				for _, at := range offer.Dearer {
					found++
					if gain(at*1.00001) >= 0 || gain(at*0.99999) < 0 {
						t.Errorf("%s, %s until %f: got %f before and %f after", service.Name, offer.Config.Kind, at, gain(at*0.99999), gain(at*1.00001))
					}
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("got %d break-even points", found)
	}
}

// More than a server may grow to is said, and is no break-even point.
func TestOverloaded(t *testing.T) {
	t.Parallel()
	small := Config{Kind: AppRunner, CPU: 256, Memory: 512, Min: 1, Max: 1, Concurrency: 100}
	options := Options{Prices: inRegion("us-east-1").prices, Region: "us-east-1", Hours: 730}
	traffic := Traffic{Requests: 1e9, Mean: 100 * ms, CPU: 25 * ms, Day: evenly(0, 24)}
	bill := Monthly(small, traffic, options)
	if len(bill.Notes) != 1 || !strings.Contains(bill.Notes[0], "needs 39 instances, but there are at most 1") {
		t.Errorf("got %q", bill.Notes)
	}
	function := Config{Kind: HTTPAPI, Memory: 512}
	cheaper, _ := breakEven(function, small, traffic, options)
	if len(cheaper) != 1 || cheaper[0] > 26e6 || math.IsNaN(cheaper[0]) {
		t.Errorf("got %v, want one that one instance can serve", cheaper)
	}
	traffic.Requests = 1e6
	if overloaded(small, traffic, 730) || overloaded(function, traffic.withRequests(1e12), 730) {
		t.Error("a million are not too many, and a function has no limit here")
	}
}
