package webimage_test

import (
	"fmt"

	"github.com/cdkweb/cdkweb/webimage"
)

// A Go web server, its version compiled in, with its templates beside it.
func ExampleGo() {
	image := webimage.Go("./server", &webimage.GoOptions{
		LDFlags: "-X main.version=1.4",
		Include: []string{"templates", "../assets/static"},
	})
	fmt.Println(image.Facts().Architecture)
	// Output: x86_64
}

// A server in any language, from its Dockerfile.
func ExampleDockerfile() {
	image := webimage.Dockerfile("./server", &webimage.DockerfileOptions{
		Target:       "production",
		BuildArgs:    map[string]string{"NODE_ENV": "production"},
		BuildSecrets: map[string]webimage.BuildSecret{"npmrc": webimage.SecretFile(".npmrc")},
		Exclude:      []string{"test"},
	})
	_ = image
}

// An image that somebody else built and pushed, for arm64, with AWS Lambda Web Adapter in it.
func ExampleURI() {
	image := webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{
		Architecture: webimage.ARM64,
		Adapter:      webimage.OwnAdapter,
	})
	facts := image.Facts()
	fmt.Println(facts.Architecture, facts.Account, facts.Region)
	// Output: arm64 123456789012 eu-west-1
}
