// Command applications is a CDK app with the images of the web servers in the folders beside it, which know nothing of AWS.
package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/cdkweb/cdkweb/webimage"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, new("Applications"), nil)
	for _, name := range []string{"nginx", "node", "python"} {
		if _, err := webimage.Dockerfile("./integ/applications/"+name, nil).Bind(stack); err != nil {
			panic(err)
		}
	}
	app.Synth(nil)
}
