package fargateweb_test

import (
	"os"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	privateURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"
)

func workload() web.Workload {
	return web.Workload{Image: webimage.URI(privateURI, nil), HealthCheck: web.HealthCheck{Path: "/healthz"}}
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

func newService(stack awscdk.Stack, hosting fargateweb.Hosting) (*web.Service, *fargateweb.Resources) {
	return fargateweb.NewService(stack, "Site", workload(), hosting)
}

func TestGolden(t *testing.T) {
	for name, build := range map[string]func(stack awscdk.Stack){
		"default": func(stack awscdk.Stack) { newService(stack, fargateweb.Hosting{}) },
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}
