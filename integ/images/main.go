// Command images is a CDK app with the images of all fixtures, in one stack. -c fixtures=… is the folder where they lie.
package main

import (
	"maps"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/cdkweb/cdkweb/integ/fixture"
	"github.com/cdkweb/cdkweb/webimage"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("Images"), nil)
	dir := app.Node().TryGetContext(new("fixtures")).(string)
	for _, f := range fixture.All {
		folder := filepath.Join(dir, f.Name)
		if f.Name == "build-secrets" {
			f.Options.BuildSecrets = maps.Clone(f.Options.BuildSecrets)
			f.Options.BuildSecrets["file"] = webimage.SecretFile(filepath.Join(folder, "secret.txt"))
		}
		if _, err := webimage.Dockerfile(folder, &f.Options).Bind(stack); err != nil {
			panic(err)
		}
	}
	app.Synth(nil)
}
