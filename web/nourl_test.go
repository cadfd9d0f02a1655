package web_test

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// silent is a hosting whose services nobody can call.
type silent struct {
	memweb.Hosting
	why string
}

// Platform says of the address what is no matter without one.
func (silent) Platform() *platform.Platform {
	p := memweb.Memory
	p.URLNeedsService = true
	return &p
}

func (s silent) Define(scope constructs.Construct, in *web.Definition) web.Made {
	made := s.Hosting.Define(scope, in)
	made.URL, made.NoURL = nil, s.why
	return made
}

// A hosting without an address says why, and everything else works.
func TestNoURL(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
	on := func(id string, hosting web.Hosting) *web.Service {
		return web.NewService(stack, id, &web.ServiceProps{
			Workload: web.Workload{Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)},
			Hosting:  hosting,
		})
	}
	worker, other := on("Worker", silent{why: "is not there: nobody listens; knock"}), on("Other", memweb.Hosting{})
	hostingtest.WantPanic(t, "Stack/Worker", "URL is not there: nobody listens; knock", func() { worker.URL() })
	hostingtest.WantPanic(t, "Stack/Other", `UseService("WORKER_URL") must not be Stack/Worker, whose URL is not there: nobody listens; knock`,
		func() { other.UseService("WORKER_URL", worker) })
	worker.UseService("OTHER_URL", other)
	worker.AddEnvironment("REGION", *stack.Region())
	resources, _ := worker.Resources().(*memweb.Resources)
	if got, want := stack.Resolve(resources.Variables()["OTHER_URL"]), stack.Resolve(other.URL()); got != want {
		t.Errorf("got OTHER_URL=%v, want %v", got, want)
	}
	hostingtest.WantPanic(t, "Stack/Broken", "Hosting web_test.silent is incomplete: its Define must return a URL or NoURL, and a Role",
		func() { on("Broken", silent{}) })
}
