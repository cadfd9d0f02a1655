package webimage

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/constructs-go/constructs/v10"
)

// Image is the container image of a workload. [Go], [Dockerfile], [ECR], [URI] and [Asset] make
// one; the methods are for the packages that host it. One Image may be used for any number of
// services.
//
// The interface is stable: it gets no further methods, so a type outside this package may implement
// it.
type Image interface {
	// Validate reports every problem that can be seen without a build, such as a missing folder. It
	// needs no Node.
	Validate() error

	// Facts says what is known about the image before it is built or pulled. It is called only if
	// Validate reports nothing.
	Facts() Facts

	// Bind makes the image available to the stack of scope. Equal images of one stack become one
	// asset. A build that failed is a [*BuildError].
	Bind(scope constructs.Construct) (*Bound, error)
}

// Facts is what is known about an image before it is built or pulled. The zero value is an image
// for x86-64 that the stack builds itself, of which nobody knows whether it holds an adapter.
type Facts struct {
	// Architecture of the CPU that the image's programs are compiled for. Empty means X86_64.
	Architecture Architecture

	// Registry is where the image is pulled from.
	Registry Registry

	// Account and Region hold the private ECR repository. Empty means those of the stack that uses
	// the image, or not known before deployment.
	Account, Region string

	// ByDigest is true for an image that is named by its digest, so that it never changes.
	ByDigest bool

	// Built is true for an image that `cdk deploy` builds and publishes under a tag that never
	// moves.
	Built bool

	// Adapter says whether the image can take Lambda's invocations.
	Adapter Adapter

	// Exposed holds the TCP ports that the Dockerfile names with EXPOSE. It is empty if there are
	// none, if one of them is not known before the build, and for images that are not built here.
	Exposed []int

	// EntryPoint and Cmd are what a container of the image starts, one after the other: its
	// ENTRYPOINT and its CMD in exec form. A command in shell form is
	// {"/bin/sh", "-c", "the command"}. An image of which both are known and empty starts nothing
	// by itself.
	EntryPoint, Cmd []string

	// StartKnown is true if EntryPoint and Cmd are known. Else StartUnknown says why not, as a part
	// of a sentence, such as "the Dockerfile has CMD but no ENTRYPOINT, which FROM node:22 may
	// bring", and StartFix what to do, such as "write the ENTRYPOINT of that image above CMD".
	StartKnown             bool
	StartUnknown, StartFix string

	// NotRoot is true if the server is known to run as a user that is not root, to whom ports below
	// 1024 are closed in some places.
	NotRoot bool
}

// InAccount reports whether the image may lie in an account: also if one of the two is not known.
func (f Facts) InAccount(account string) bool {
	return f.Account == "" || account == "" || f.Account == account
}

// InRegion reports whether the image may lie in a region: also if one of the two is not known.
func (f Facts) InRegion(region string) bool {
	return f.Region == "" || region == "" || f.Region == region
}

// Registry is a kind of registry that images are pulled from.
type Registry string

const (
	// ECRPrivate is a private ECR repository. Images that are built here are pushed to one.
	ECRPrivate Registry = ""

	// ECRPublic is Amazon ECR Public, which is pulled from without a role. Lambda does not.
	ECRPublic Registry = "ecr-public"

	// OtherRegistry is any other, such as Docker Hub or GitHub's. App Runner and Lambda do not pull
	// from it.
	OtherRegistry Registry = "other"
)

// Bound is an image as a stack refers to it.
type Bound struct {
	// URI is the image with its tag or digest. It may hold tokens.
	URI string

	// TagOrDigest is the last part of URI: a tag, or a digest that starts with "sha256:".
	TagOrDigest string

	// RepositoryARN is the private ECR repository of the image; empty for one in another registry.
	RepositoryARN string

	// Asset is the image that `cdk deploy` builds and publishes; nil for an image that exists.
	Asset awsecrassets.DockerImageAsset

	repository awsecr.IRepository
}

// Repository returns the private ECR repository of the image. That of an image from [URI] is
// imported below scope, under the given id. It returns nil for an image in another registry.
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

// BuildError is a build that failed at synth. Its text holds the words of the tool that failed,
// such as the Go compiler's.
type BuildError struct {
	Image string // the call that made the image, such as webimage.Go("./server")
	Err   error
}

func (e *BuildError) Error() string { return e.Image + ": " + e.Err.Error() }

func (e *BuildError) Unwrap() error { return e.Err }

// Architecture is the instruction set of an image's programs, in the words of Lambda and ECS.
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
		return fmt.Errorf("Architecture must be webimage.X86_64 or webimage.ARM64, got "+
			"%q", string(a))
	}
	return nil
}

// Adapter says what takes Lambda's invocations inside an image. Lambda starts the programs in the
// image's folder /opt/extensions; other hostings do not.
type Adapter string

const (
	// UnknownAdapter says nothing. It is the default of images that are not built here.
	UnknownAdapter Adapter = ""

	// WithAdapter is the adapter of this library. [Go] and [Dockerfile] add it by default: it costs
	// a few megabytes of image, and nothing at run time outside Lambda. Said of an image that
	// exists, it means that this library built the image.
	WithAdapter Adapter = "cdkweb"

	// OwnAdapter is an adapter that the image brings in /opt/extensions, for instance AWS Lambda
	// Web Adapter. Nothing is added.
	OwnAdapter Adapter = "own"

	// NoAdapter is none: nothing is added, and Lambda refuses the image.
	NoAdapter Adapter = "none"
)

func (a Adapter) orDefault() Adapter {
	if a == UnknownAdapter {
		return WithAdapter
	}
	return a
}

func (a Adapter) validate() error {
	switch a {
	case UnknownAdapter, WithAdapter, OwnAdapter, NoAdapter:
		return nil
	}
	return fmt.Errorf("Adapter must be webimage.WithAdapter, webimage.OwnAdapter or "+
		"webimage.NoAdapter, got %q", string(a))
}
