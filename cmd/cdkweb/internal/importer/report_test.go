package importer

import (
	"regexp"
	"strings"
	"testing"
)

// Words that are about Fargate's own load balancer, task definition or tasks. What to do on another
// hosting may name them only as a reason to choose fargateweb.Hosting.
var ofFargate = regexp.MustCompile(`load balancer reaches|closes port 80|Hosting\.LoadBalancer|ContainerHealthCheck|AddVolume|pass it to EnableDeploymentAlarms|` +
	`fargateweb\.Resources|MinimumHealthyPercent|became 1 s|needs a certificate, which|Environment of the (log router|container)`)

// Each line of a report says where its field is, each field has one line, and what it says is true of
// the hosting.
func TestReports(t *testing.T) {
	atRoot(t)
	for _, s := range []sample{copilotSamples[0], copilotSamples[1], copilotSamples[3],
		{"edges", []string{"copilot", testdata + "/edges"}}, {"workspace", []string{"copilot", testdata + "/workspace"}}} {
		for _, hosting := range hostings {
			t.Run(s.name+"/"+hosting, func(t *testing.T) {
				s.need(t)
				seen := map[string]string{}
				for line := range strings.Lines(content(s.build(t, "--hosting", hosting), "IMPORT.md")) {
					line, ok := strings.CutPrefix(strings.TrimSpace(line), "- ")
					if !ok || strings.Contains(line, "as --hosting asks for") {
						continue
					}
					if !regexp.MustCompile(`^[^ :]+:[0-9]+: `).MatchString(line) {
						t.Errorf("has no line number: %s", line)
					}
					field, _, _ := strings.Cut(line, " ")
					rest := strings.TrimPrefix(line, field+" ")
					path, _, _ := strings.Cut(rest, " ")
					environment := regexp.MustCompile(` \[[a-z]+\] `).FindString(line)
					key := field + strings.TrimSuffix(path, ":") + environment
					if other := seen[key]; other != "" && !strings.HasSuffix(path, "addons") {
						t.Errorf("two lines of one field:\n%s\n%s", other, line)
					}
					seen[key] = line
					if hosting != fargateHosting && ofFargate.MatchString(line) {
						t.Errorf("is about Fargate on %s: %s", hosting, line)
					}
				}
			})
		}
	}
}
