package webimage

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/internal/token"
)

// builtImage is an image that `cdk deploy` builds from a source: [Dockerfile] or [Go].
type builtImage struct {
	source source
	bound  map[use]*Bound
}

// use is what a built image may differ in between services that run it.
type use struct {
	stack awscdk.Stack
	port  int
}

// source is what an image is built from.
type source interface {
	fmt.Stringer // the call that made it, as the user wrote it

	validate() []error
	facts() Facts

	// spec holds everything the user said, with absolute paths. Sources with equal specs make equal images.
	spec() any

	// stage writes a complete build context into an empty folder. What output holds must not become part of it.
	stage(dir string, output buildcontext.Omitted, port int) (recipe, error)
}

// recipe is how to build a staged context.
type recipe struct {
	dockerfile string // inside the context
	args       map[string]string
	secrets    map[string]string // id -> what `docker build --secret id=…,` takes
	name       string            // what `cdk deploy` shows
}

func (i *builtImage) Validate() error {
	var errs []error
	for _, err := range i.source.validate() {
		errs = append(errs, fmt.Errorf("%s: %w", i.source, err))
	}
	return errors.Join(errs...)
}

func (i *builtImage) Facts() Facts { return i.source.facts() }

func (i *builtImage) Bind(scope constructs.Construct, port int) (*Bound, error) {
	stack := awscdk.Stack_Of(scope)
	if bound, ok := i.bound[use{stack, port}]; ok {
		return bound, nil
	}

	// The asset belongs to the stack and is found again by what it is made of, so that equal images are staged once.
	id, err := i.id(port)
	if err != nil {
		return nil, err
	}
	asset, ok := stack.Node().TryFindChild(&id).(awsecrassets.DockerImageAsset)
	if !ok {
		if asset, err = i.newAsset(stack, id, port); err != nil {
			return nil, err
		}
	}

	bound := bindAsset(asset)
	if i.bound == nil {
		i.bound = map[use]*Bound{}
	}
	i.bound[use{stack, port}] = bound
	return bound, nil
}

func (i *builtImage) id(port int) (string, error) {
	spec, err := json.Marshal([]any{i.source.String(), i.source.spec(), port})
	if err != nil {
		return "", fmt.Errorf("%s: %w", i.source, err)
	}
	sum := sha256.Sum256(spec)
	return "cdkweb-image-" + hex.EncodeToString(sum[:8]), nil
}

// newAsset stages the build context in a temporary folder, from which the CDK copies it into cdk.out.
func (i *builtImage) newAsset(stack awscdk.Stack, id string, port int) (awsecrassets.DockerImageAsset, error) {
	dir, err := os.MkdirTemp("", "cdkweb-image-")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.source, err)
	}
	// Without staging (cdk synth --no-staging, as local tools use it) the manifest refers to this folder, so it has to stay.
	if unstaged := stack.Node().TryGetContext(new("aws:cdk:disable-asset-staging")); unstaged != true {
		defer os.RemoveAll(dir)
	}

	recipe, err := i.source.stage(dir, buildcontext.Omit(dir, outputOf(stack)), port)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", i.source, err)
	}
	return awsecrassets.NewDockerImageAsset(stack, &id, &awsecrassets.DockerImageAssetProps{
		Directory:      &dir,
		File:           &recipe.dockerfile,
		BuildArgs:      optional.Strings(recipe.args),
		BuildSecrets:   optional.Strings(recipe.secrets),
		DisplayName:    &recipe.name,
		Platform:       awsecrassets.Platform_Custom(new(architectures[i.source.facts().Architecture].platform)),
		FollowSymlinks: awscdk.SymlinkFollowMode_NEVER,
		// Where a secret lies differs between machines and is not part of the image.
		Invalidation: &awsecrassets.DockerImageAssetInvalidationOptions{BuildSecrets: new(false)},
	}), nil
}

// outputOf returns the folder that the whole app is written to: of an awscdk.Stage, too, the images
// lie there, and not in the folder of its own.
func outputOf(stack awscdk.Stack) string {
	if app, ok := stack.Node().Root().(awscdk.Stage); ok {
		return *app.Outdir()
	}
	return *awscdk.Stage_Of(stack).Outdir()
}

func bindAsset(asset awsecrassets.DockerImageAsset) *Bound {
	repository := asset.Repository()
	return &Bound{
		URI:           *asset.ImageUri(),
		TagOrDigest:   *asset.ImageTag(),
		RepositoryARN: *repository.RepositoryArn(),
		Asset:         asset,
		repository:    repository,
	}
}

// validateLiteral refuses a CDK token where the value is needed to build.
func validateLiteral(field, value string) error {
	if token.In(value) {
		return fmt.Errorf("%s must be a literal, because the image is built before anything is deployed; it holds a CDK token: %q", field, value)
	}
	return nil
}

// inside returns a path that is relative to a folder, or absolute by itself.
func inside(dir, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	return filepath.Join(dir, name)
}
