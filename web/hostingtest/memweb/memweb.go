// Package memweb is a hosting that makes no AWS resource but a role: it remembers what it was asked
// for. It shows how little a hosting needs, and lets tests run without the resources of a real one.
package memweb

import (
	"maps"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// Hosting is a place in memory. The zero value is ready.
type Hosting struct {
	// Replicas is how many servers there would be, 1 to 9. Optional. Default: 1.
	Replicas int
}

var _ web.Hosting = Hosting{}

// Memory is what the place promises: everything but websockets.
var Memory = platform.Platform{
	Name:      "memory",
	Go:        "memweb.Hosting{}",
	ID:        "Memory",
	Principal: "ecs-tasks.amazonaws.com",
	Timeout:   1 << 40,
	Streaming: platform.Ability{Can: true},
	ARM64:     platform.Ability{Can: true},
	Secrets:   platform.Ability{Can: true},
	Variables: platform.Variables{Reserved: []string{"MEMORY"}},
	Images:    platform.Images{Public: true, Other: true},
}

// Resources is what a service was made of.
type Resources struct {
	Replicas  int
	Image     string
	Command   []string
	variables *web.Variables
	secrets   *web.Variables
}

// ResourcesOf returns the resources of a service in memory, and false if it runs elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// Variables are the server's environment. Values may hold tokens.
func (r *Resources) Variables() map[string]string {
	return maps.Collect(r.variables.All())
}

// Secrets are the variables that the server gets from secrets, as references. They may hold tokens.
func (r *Resources) Secrets() map[string]string { return maps.Collect(r.secrets.All()) }

// Platform implements web.Hosting.
func (Hosting) Platform() *platform.Platform { return &Memory }

// Check implements web.Hosting.
func (h Hosting) Check(c *web.Check) {
	if h.Replicas != 0 {
		c.Between("Replicas", h.Replicas, 1, 9, "")
	}
}

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	return web.Made{
		URL:  func() string { return "https://" + *awscdk.Names_UniqueId(scope) + ".example.com" },
		Role: in.Role(scope, "Role"),
		Resources: &Resources{
			Replicas:  max(1, h.Replicas),
			Image:     in.Image.URI,
			Command:   in.Workload.Command,
			variables: in.Variables,
			secrets:   in.Secrets,
		},
	}
}
