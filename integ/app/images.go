package main

import (
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/integ/fixture"
	"github.com/cdkweb/cdkweb/webimage"
)

// fixtures adds the images of all fixtures, in one stack.
func fixtures(app awscdk.App, dir string) {
	stack := awscdk.NewStack(app, new("Fixtures"), nil)
	for _, f := range fixture.All {
		folder := filepath.Join(dir, f.Name)
		options := &webimage.DockerfileOptions{
			File: f.Options.File, Target: f.Options.Target, BuildArgs: f.Options.BuildArgs, Exclude: f.Options.Exclude,
			BuildSecrets: map[string]webimage.BuildSecret{}, Adapter: adapters[f.Options.Adapter],
		}
		for id, name := range f.Options.SecretEnv {
			options.BuildSecrets[id] = webimage.SecretEnv(name)
		}
		for id, name := range f.Options.SecretFile {
			options.BuildSecrets[id] = webimage.SecretFile(filepath.Join(folder, name))
		}
		if _, err := webimage.Dockerfile(folder, options).Bind(stack); err != nil {
			panic(err)
		}
	}
}

var adapters = map[fixture.Adapter]webimage.Adapter{
	fixture.NoAdapter:  webimage.NoAdapter,
	fixture.OwnAdapter: webimage.OwnAdapter,
}

// applications adds the images of the web servers in integ/applications, which know nothing of AWS.
func applications(app awscdk.App) {
	stack := awscdk.NewStack(app, new("Applications"), nil)
	for _, name := range []string{"nginx", "node", "python"} {
		if _, err := webimage.Dockerfile("./integ/applications/"+name, nil).Bind(stack); err != nil {
			panic(err)
		}
	}
}
