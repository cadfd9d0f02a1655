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
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/project"
	"github.com/cdkweb/cdkweb/internal/token"
)

// builtImage is an image that `cdk deploy` builds from a source: [Dockerfile] or [Go].
type builtImage struct{ source source }

// source is what an image is built from.
type source interface {
	fmt.Stringer // the call that made it, as the user wrote it

	validate() []error
	facts() Facts

	// spec holds everything that the user said, with the folder that it is about. Sources with
	// equal specs make equal images.
	spec() (folder string, options any)

	// stage writes a complete build context into an empty folder. What output holds must not become
	// part of it.
	stage(dir string, output buildcontext.Omitted) error

	// recipe says how to build the context that stage writes.
	recipe() (recipe, error)
}

// recipe is how to build a staged context.
type recipe struct {
	dockerfile string // inside the context
	args       map[string]string
	secrets    map[string]string // id -> what `docker build --secret id=…,` takes
	name       string            // what `cdk deploy` shows
	cache      cache
}

func (i *builtImage) Validate() error {
	var errs []error
	for _, err := range i.source.validate() {
		errs = append(errs, fmt.Errorf("%s: %w", i.source, err))
	}
	return errors.Join(errs...)
}

func (i *builtImage) Facts() Facts {
	facts := i.source.facts()
	facts.Built = true
	return facts
}

// Bind implements Image. The asset belongs to the stack and is found again by what it is made of.
func (i *builtImage) Bind(scope constructs.Construct) (*Bound, error) {
	stack := awscdk.Stack_Of(scope)
	id, err := i.id()
	if err != nil {
		return nil, &BuildError{i.source.String(), err}
	}
	asset, ok := stack.Node().TryFindChild(&id).(awsecrassets.DockerImageAsset)
	if !ok {
		if asset, err = i.newAsset(stack, id); err != nil {
			return nil, &BuildError{i.source.String(), err}
		}
	}
	return bindAsset(asset), nil
}

// id returns the asset's construct id, which is the same on every machine.
func (i *builtImage) id() (string, error) {
	folder, options := i.source.spec()
	folder, err := project.Relative(folder)
	if err != nil {
		return "", err
	}
	sum, err := hash(fmt.Sprintf("%T", i.source), folder, options)
	return "cdkweb-image-" + sum[:16], err
}

// hash returns the SHA-256 of what its arguments are as JSON.
func hash(parts ...any) (string, error) {
	content, err := json.Marshal(parts)
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:]), err
}

// stagedImage is an image that an app has staged.
type stagedImage struct {
	folder string // that the CDK was given
	copied string // the CDK's copy of it, in the app's output
	modes  string // of its files
}

// staged are the images that the apps of this process have staged: stacks and awscdk.Stages of one
// app share them, and another app reads the sources again. The CDK, too, keeps every app until the
// process ends, and runs in one thread.
var staged = map[stagedKey]stagedImage{}

type stagedKey struct {
	app  constructs.IConstruct
	spec string
}

func (i *builtImage) newAsset(
	stack awscdk.Stack,
	id string,
) (awsecrassets.DockerImageAsset, error) {
	recipe, err := i.source.recipe()
	if err != nil {
		return nil, err
	}
	folder, options := i.source.spec()
	spec, err := hash(fmt.Sprintf("%T", i.source), folder, options)
	if err != nil {
		return nil, err
	}
	key := stagedKey{stack.Node().Root(), spec}
	if found, ok := staged[key]; ok {
		if asset, ok := i.defineAgain(stack, id, recipe, found); ok {
			return asset, nil
		}
	}

	dir, err := os.MkdirTemp("", "cdkweb-image-")
	if err != nil {
		return nil, err
	}
	// Without staging (cdk synth --no-staging, as local tools use it) the manifest refers to this
	// folder, so it has to stay.
	unstaged := stack.Node().TryGetContext(new("aws:cdk:disable-asset-staging")) == true
	if !unstaged {
		defer os.RemoveAll(dir)
	}
	if !*stack.BundlingRequired() { // cdk ls, cdk destroy, or a stack that is not deployed
		if err := i.writePlaceholder(dir, recipe.dockerfile); err != nil {
			return nil, err
		}
		return i.define(stack, id, recipe, stagedImage{folder: dir}), nil
	}
	output, err := outputOf(stack)
	if err != nil {
		return nil, err
	}
	if err := i.source.stage(dir, buildcontext.Omit(dir, output)); err != nil {
		return nil, err
	}
	modes, err := buildcontext.Executables(dir)
	if err != nil {
		return nil, err
	}
	image := stagedImage{folder: dir, modes: modes}
	asset := i.define(stack, id, recipe, image)
	if !unstaged {
		image.copied = filepath.Join(output, "asset."+*asset.AssetHash())
		// The CDK lets the umask change the folders of its copy.
		if err := buildcontext.CopyModes(dir, image.copied); err != nil {
			return nil, err
		}
	}
	staged[key] = image
	return asset, nil
}

// defineAgain adds the asset of an image that another stack of the app has staged. For the CDK the
// folder is there once more, and as it knows that folder, it neither reads nor copies it. It
// reports false on a system without symbolic links.
func (i *builtImage) defineAgain(
	stack awscdk.Stack, id string, recipe recipe, image stagedImage,
) (awsecrassets.DockerImageAsset, bool) {
	if image.copied != "" {
		if err := os.Symlink(image.copied, image.folder); err != nil {
			return nil, false
		}
		defer os.Remove(image.folder)
	}
	return i.define(stack, id, recipe, image), true
}

// define adds the asset of a staged image to a stack.
func (i *builtImage) define(
	stack awscdk.Stack, id string, recipe recipe, image stagedImage,
) awsecrassets.DockerImageAsset {
	platform := architectures[i.source.facts().Architecture].platform
	props := &awsecrassets.DockerImageAssetProps{
		Directory:      &image.folder,
		File:           &recipe.dockerfile,
		BuildArgs:      cdk.Strings(recipe.args),
		BuildSecrets:   cdk.Strings(recipe.secrets),
		DisplayName:    &recipe.name,
		Platform:       awsecrassets.Platform_Custom(&platform),
		FollowSymlinks: awscdk.SymlinkFollowMode_NEVER,
		// The CDK's own hash leaves out which files may be executed.
		ExtraHash: cdk.String(image.modes),
		// Where a secret is differs between machines and is not part of the image.
		Invalidation: &awsecrassets.DockerImageAssetInvalidationOptions{BuildSecrets: new(false)},
	}
	recipe.cache.apply(props)
	return awsecrassets.NewDockerImageAsset(stack, &id, props)
}

// writePlaceholder writes what stands for an image that nobody builds, in a stack that is
// synthesized for its name only.
func (i *builtImage) writePlaceholder(dir, dockerfile string) error {
	file := filepath.Join(dir, dockerfile)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	content := fmt.Sprintf("# A placeholder: %s was not built, because its stack was not to be "+
		"deployed.\nFROM scratch\n", i.source)
	return buildcontext.WriteFile(file, []byte(content))
}

// outputOf returns the folder that the whole app is written to: of an awscdk.Stage, too, the images
// lie there, and not in the folder of its own. The CDK's command line names it relative to the app's
// working directory.
func outputOf(stack awscdk.Stack) (string, error) {
	if app, ok := stack.Node().Root().(awscdk.Stage); ok {
		return filepath.Abs(*app.Outdir())
	}
	return filepath.Abs(*awscdk.Stage_Of(stack).Outdir())
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
		return fmt.Errorf("%s must be a literal, because the image is built before anything is "+
			"deployed; it holds a CDK token: %q", field, value)
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
