package memweb_test

import (
	"os"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting: memweb.Hosting{},
		SecretsOf: func(service *web.Service) map[string]string {
			resources, _ := memweb.ResourcesOf(service)
			return resources.Secrets()
		},
		Variables: func(service *web.Service) map[string]any {
			resources, _ := memweb.ResourcesOf(service)
			variables := map[string]any{}
			for name, value := range resources.Variables() {
				variables[name] = value
				if value != "" { // which Resolve would make nil
					variables[name] = awscdk.Stack_Of(service).Resolve(value)
				}
			}
			return variables
		},
	})
}

func TestHosting(t *testing.T) {
	image := webimage.URI("ghcr.io/example/site:1.4", nil)
	hostingtest.WantProblems(t, web.ServiceProps{Workload: web.Workload{Image: image}, Hosting: memweb.Hosting{Replicas: 10}},
		"Hosting.Replicas must be between 1 and 9, got 10")

	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	service := web.NewService(stack, "Site", &web.ServiceProps{Workload: web.Workload{Image: image}, Hosting: memweb.Hosting{Replicas: 3}})
	resources, ok := memweb.ResourcesOf(service)
	if !ok || resources.Replicas != 3 || resources.Image != "ghcr.io/example/site:1.4" {
		t.Errorf("got resources %+v, want 3 replicas of the image", resources)
	}
}
