package cost

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/cdkweb/cdkweb/platform"
)

// What a front costs: its requests, its functions, and the secrets by which the service knows it.
func TestFront(t *testing.T) {
	for file, want := range map[string]FrontParts{
		"TestGolden/default_options.template.json": {Functions: 1, Secrets: 2},
		"TestMove/3_five_percent.template.json":    {Functions: 2, StoreReads: 1, Secrets: 2},
	} {
		app, err := readApp(filepath.Join("../../../../webfront/testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		services, _, err := app.services()
		if err != nil {
			t.Fatal(err)
		}
		for _, service := range services {
			if !service.Behind || service.Front != want {
				t.Errorf("%s: %s is behind a front: %v, with %+v, want %+v", file, service.Name, service.Behind, service.Front, want)
			}
		}
	}
}

// The lines of 3 million requests: 3 × $1 for requests, 6 × $0.10 for functions, 3 × $0.03 for reads,
// 2 × $0.40 for secrets.
func TestFrontLines(t *testing.T) {
	bill := Monthly(
		Config{Kind: FunctionURL, CPU: 1024, Memory: 512},
		Traffic{Requests: 3e6},
		Options{
			Prices: platform.ListPrices(), Region: "us-east-1", Hours: 730, Behind: true,
			Front: FrontParts{Functions: 2, StoreReads: 1, Secrets: 2},
		},
	)
	want := map[string]float64{
		"CloudFront, requests": 3, "CloudFront, functions": 0.6, "CloudFront, key value store": 0.09, "secrets of the front": 0.8,
	}
	for _, line := range bill.Lines {
		if usd, ok := want[line.What]; ok {
			if diff := line.USD - usd; diff > 0.001 || diff < -0.001 {
				t.Errorf("%s costs %.4f, want %.4f", line.What, line.USD, usd)
			}
			delete(want, line.What)
		}
	}
	if len(want) > 0 {
		t.Errorf("lines %v are missing", want)
	}
}

// A front above a service with a Domain fetches from that name.
func TestFrontOfADomain(t *testing.T) {
	for _, file := range []string{
		"fargateweb/testdata/TestDomainGolden.template.json",
		"lambdaweb/testdata/TestGoldenAccess/HTTP_API.template.json",
		"lambdaweb/testdata/TestGoldenAccess/HTTP_API_with_mutual_TLS.template.json", // has no record
		"lambdaweb/testdata/TestGoldenAccess/REST_API.template.json",
	} {
		for name, want := range map[string]bool{"shop.example.com": true, "other.example.com": false} {
			content, err := os.ReadFile(filepath.Join("../../../..", file))
			if err != nil {
				t.Fatal(err)
			}
			var template map[string]map[string]any
			if err := json.Unmarshal(content, &template); err != nil {
				t.Fatal(err)
			}
			template["Resources"]["Front"] = map[string]any{
				"Type": "AWS::CloudFront::Distribution",
				"Properties": map[string]any{"DistributionConfig": map[string]any{
					"Origins": []any{map[string]any{"DomainName": name}},
				}},
			}
			if content, err = json.Marshal(template); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "Stack.template.json")
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
			app, err := readApp(path)
			if err != nil {
				t.Fatal(err)
			}
			services, _, err := app.services()
			if err != nil {
				t.Fatal(err)
			}
			for _, service := range services {
				if service.Behind != want {
					t.Errorf("%s, from %s: %s is behind a front: %v", file, name, service.Name, service.Behind)
				}
			}
		}
	}
}
