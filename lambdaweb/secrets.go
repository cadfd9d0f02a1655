package lambdaweb

import (
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// checkSecrets finds what the adapter needs to hand secrets to the server: Lambda itself has none.
func checkSecrets(c *web.Check) {
	c.SecretsNeed(func() *web.Problem {
		const cannot = "cannot be handed to the server on Lambda: "
		switch {
		case c.Image == nil: // reported already
			return nil
		case c.Image.Adapter != webimage.WithAdapter:
			return &web.Problem{
				Message: cannot + "the image is not known to hold this library's adapter, which gets them there",
				Fix: "build it with webimage.Go or webimage.Dockerfile, and leave their option Adapter out; " +
					"of an image that this library has built, say so: " +
					`&webimage.ExistingOptions{Adapter: webimage.WithAdapter, EntryPoint: []string{"/app/server"}}`,
			}
		case !c.Image.StartKnown:
			return &web.Problem{
				Message: cannot + "the adapter starts it, and does not know how: " + c.Image.StartUnknown,
				Fix:     c.Image.StartFix,
			}
		case len(start(*c.Image, c.Workload)) == 0:
			return &web.Problem{
				Message: cannot + "the image has neither ENTRYPOINT nor CMD, so there is nothing to start",
				Fix:     "write an ENTRYPOINT into the Dockerfile, or set Workload.Command",
			}
		}
		return nil
	})
}

// start is what a container engine would start.
func start(image webimage.Facts, workload web.Workload) []string {
	command := image.Cmd
	if len(workload.Command) > 0 {
		command = workload.Command
	}
	return slices.Concat(image.EntryPoint, command)
}

// handSecrets lets the adapter start the server with the values of the secrets, now or as soon as
// there is one. The image stays the same, and so does the process: the adapter becomes the server.
func handSecrets(function awslambda.Function, in *web.Definition) {
	started := false
	set := func(name, reference string) {
		variable := adapter.SecretVariable(name)
		function.AddEnvironment(&variable, &reference, nil)
		if started {
			return
		}
		started = true
		// What the user sets in ImageConfig stays, whenever that is: a working directory, for instance.
		resource := function.Node().DefaultChild().(awslambda.CfnFunction)
		resource.AddPropertyOverride(new("ImageConfig.EntryPoint"), cdk.List(adapter.ExecCommand()))
		resource.AddPropertyOverride(new("ImageConfig.Command"), cdk.List(start(in.Facts, in.Workload)))
	}
	for name, reference := range in.Secrets.All() {
		set(name, reference)
	}
	in.Secrets.Each(set)
}
