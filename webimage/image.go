package webimage

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/constructs-go/constructs/v10"
)

// Image is the container image of a workload. It is made by [Go], [Dockerfile], [ECR], [URI] or [Asset]; the methods are for the
// packages that host it.
//
// An Image may be used for any number of services.
type Image interface {
	// Validate reports every problem that can be seen without building: a missing folder, a package that is not main. It needs
	// no Node.
	Validate() error

	// Facts says what a hosting has to know about the image before it exists.
	Facts() Facts

	// Bind makes the image available to the stack of scope. Equal images of one stack become one asset. The port is what the
	// container listens on. An error is a build that failed, in the words of the tool that failed.
	Bind(scope constructs.Construct, port int) (*Bound, error)
}

// Facts is what is known about an image before it is built or pulled.
type Facts struct {
	// Architecture of the CPU that the image's programs are compiled for.
	Architecture Architecture

	// Public is true for an image in Amazon ECR Public, which is pulled without a role.
	Public bool

	// Account and Region hold the private ECR repository. Empty means the stack's own, or not known before deployment.
	Account, Region string

	// ByDigest is true for an image that is named by its digest, so that it never changes.
	ByDigest bool

	// Adapter says whether the image can answer Lambda's invocations.
	Adapter Adapter
}

// InAccount reports whether the image may lie in an account: true also where one of the two is not known.
func (f Facts) InAccount(account string) bool {
	return f.Account == "" || account == "" || f.Account == account
}

// InRegion reports whether the image may lie in a region: true also where one of the two is not known.
func (f Facts) InRegion(region string) bool {
	return f.Region == "" || region == "" || f.Region == region
}

// Bound is an image as a stack refers to it.
type Bound struct {
	// URI is the image with its tag or digest. It may hold tokens.
	URI string

	// TagOrDigest is the last part of URI: a tag, or a digest that starts with "sha256:".
	TagOrDigest string

	// RepositoryARN is the private ECR repository of the image; empty for an image in ECR Public.
	RepositoryARN string

	// Asset is the image that `cdk deploy` builds and publishes; nil for an image that exists already.
	Asset awsecrassets.DockerImageAsset

	repository awsecr.IRepository
}

// Repository returns the private ECR repository of the image. An image that was named by its URI has its repository imported
// below scope under the given id. It returns nil for an image in ECR Public.
func (b *Bound) Repository(scope constructs.Construct, id string) awsecr.IRepository {
	if b.repository == nil && b.RepositoryARN != "" {
		_, name, _ := cutARN(b.RepositoryARN)
		return awsecr.Repository_FromRepositoryAttributes(scope, &id, &awsecr.RepositoryAttributes{
			RepositoryArn:  new(b.RepositoryARN),
			RepositoryName: new(name),
		})
	}
	return b.repository
}

// Architecture is the instruction set of an image's programs, in Lambda's and ECS's words.
type Architecture string

const (
	// X86_64 runs on every hosting. It is the default.
	X86_64 Architecture = "x86_64"

	// ARM64 is AWS Graviton. App Runner does not run it.
	ARM64 Architecture = "arm64"
)

// architectures maps the architecture to what the Go toolchain and Docker call it.
var architectures = map[Architecture]struct{ goarch, platform string }{
	X86_64: {goarch: "amd64", platform: "linux/amd64"},
	ARM64:  {goarch: "arm64", platform: "linux/arm64"},
}

func (a Architecture) orDefault() Architecture {
	if a == "" {
		return X86_64
	}
	return a
}

func (a Architecture) validate() error {
	if _, ok := architectures[a.orDefault()]; !ok {
		return fmt.Errorf("Architecture must be webimage.X86_64 or webimage.ARM64, got %q", string(a))
	}
	return nil
}

// Adapter says what answers Lambda's invocations inside an image that is built here.
type Adapter string

const (
	// WithAdapter adds cdkweb's adapter to the image. It is the default. It costs a few megabytes of image and nothing at run
	// time outside Lambda.
	WithAdapter Adapter = ""

	// OwnAdapter adds nothing, because the image brings an adapter in /opt/extensions, for instance AWS Lambda Web Adapter.
	OwnAdapter Adapter = "own"

	// NoAdapter adds nothing, and Lambda refuses the image.
	NoAdapter Adapter = "none"
)

func (a Adapter) validate() error {
	switch a {
	case WithAdapter, OwnAdapter, NoAdapter:
		return nil
	}
	return fmt.Errorf("Adapter must be webimage.WithAdapter, webimage.OwnAdapter or webimage.NoAdapter, got %q", string(a))
}
