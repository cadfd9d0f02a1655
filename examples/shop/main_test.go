package main

import (
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

// The templates that `cdk synth` writes, one for each hosting.
func TestGolden(t *testing.T) {
	for name, hosting := range hostings {
		t.Run(name, func(t *testing.T) {
			webtest.Snapshot(t, newShop(webtest.NewApp(t), hosting))
		})
	}
}

// resource is one of a template.
type resource struct {
	Type       string
	Properties map[string]any
}

// synthesized has the resources of the shop on each hosting, because a synthesis takes a while.
var synthesized = map[string]map[string]resource{}

// resources returns those of the shop on a hosting. Who changes the map changes a copy.
func resources(t *testing.T, hosting string) map[string]resource {
	t.Helper()
	if synthesized[hosting] == nil {
		var template struct{ Resources map[string]resource }
		text := webtest.Template(t, newShop(webtest.NewApp(t), hostings[hosting]))
		if err := json.Unmarshal([]byte(text), &template); err != nil {
			t.Fatal(err)
		}
		synthesized[hosting] = template.Resources
	}
	return maps.Clone(synthesized[hosting])
}

// keep are the types of what holds data. A move must neither replace nor change it.
var keep = []string{
	"AWS::EC2::VPC", "AWS::RDS::DBInstance", "AWS::RDS::DBSubnetGroup", "AWS::S3::Bucket",
	"AWS::SecretsManager::Secret", "AWS::SecretsManager::SecretTargetAttachment", "AWS::SQS::Queue",
}

func TestMoveKeepsData(t *testing.T) {
	data := func(hosting string) map[string]resource {
		kept := resources(t, hosting)
		for id, r := range kept {
			if !slices.Contains(keep, r.Type) || strings.HasPrefix(id, "Site") {
				delete(kept, id)
			}
		}
		return kept
	}
	want := data("lambda")
	if len(want) != len(keep)+1 { // two secrets
		t.Errorf("got %d resources that hold data, want %d", len(want), len(keep)+1)
	}
	for hosting := range hostings {
		if got := data(hosting); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: what holds data differs from that beside Lambda", hosting)
		}
	}
}

// What clients see stays: the front changes where its requests go, and nothing else.
func TestMoveKeepsTheAddress(t *testing.T) {
	front := func(hosting string) map[string]resource {
		all := resources(t, hosting)
		for id, r := range all {
			if !strings.HasPrefix(id, "Front") && !strings.HasPrefix(id, "SiteFront") {
				delete(all, id)
				continue
			}
			if r.Type == "AWS::CloudFront::Distribution" {
				config := maps.Clone(r.Properties["DistributionConfig"].(map[string]any))
				delete(config, "Origins")
				r.Properties = map[string]any{"DistributionConfig": config}
				all[id] = r
			}
		}
		return all
	}
	want := front("lambda")
	if len(want) == 0 {
		t.Fatal("there is no front")
	}
	for hosting := range hostings {
		if got := front(hosting); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: the front is %v, beside Lambda it is %v", hosting, got, want)
		}
	}
}

// Only the server gets at the database, and nobody from the internet does.
func TestDatabaseIsPrivate(t *testing.T) {
	for hosting := range hostings {
		open := 0
		for id, r := range resources(t, hosting) {
			switch r.Type {
			case "AWS::RDS::DBInstance":
				if public := r.Properties["PubliclyAccessible"]; public != false {
					t.Errorf("%s: the database %s has PubliclyAccessible %v, want false", hosting, id, public)
				}
			case "AWS::EC2::SecurityGroupIngress":
				if text, _ := json.Marshal(r.Properties["GroupId"]); strings.Contains(string(text), "Database") {
					open++
					if r.Properties["SourceSecurityGroupId"] == nil {
						t.Errorf("%s: %s lets more in than a security group", hosting, id)
					}
				}
			}
		}
		if open != 1 {
			t.Errorf("%s: %d rules open the database, want one for the server", hosting, open)
		}
	}
}

// No password stands in the configuration of a service, which many people may read. What the front
// and the service know each other by does: it opens nothing but the way around the front.
func TestNoSecretInTemplate(t *testing.T) {
	for hosting := range hostings {
		for id, r := range resources(t, hosting) {
			if r.Type == "AWS::RDS::DBInstance" { // CloudFormation fills in the main user's password
				continue
			}
			text, err := json.Marshal(r.Properties)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(text), "{{resolve:") > strings.Count(string(text), `"SiteFrontSecret`) {
				t.Errorf("%s: CloudFormation writes a secret into %s", hosting, id)
			}
		}
	}
}
