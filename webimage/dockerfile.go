package webimage

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecrassets"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/buildcontext"
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/dockerfile"
	"github.com/cdkweb/cdkweb/internal/project"
)

// DockerfileOptions change how [Dockerfile] builds an image. All are cdk.
type DockerfileOptions struct {
	// File is the Dockerfile, relative to the image's folder or absolute; it may be outside of the
	// folder. Default: "Dockerfile".
	File string

	// Target is the stage to build, by its name or number, as in docker build --target. Default:
	// the last stage.
	Target string

	// BuildArgs are values for the Dockerfile's ARG instructions. They are part of the asset hash
	// and can be read in the image's history: use BuildSecrets for what nobody may see.
	BuildArgs map[string]string

	// BuildSecrets are read while the image is built and leave no trace in it: RUN
	// --mount=type=secret,id=… . The key is the id. A secret's file is not part of what the build
	// sees otherwise, even if it is in the image's folder.
	BuildSecrets map[string]BuildSecret

	// Exclude holds patterns, as in .dockerignore, of files that the build shall not see; one that
	// starts with "!" lets files in again. They come after those of the .dockerignore in the
	// image's folder, or of the FILE.dockerignore beside the Dockerfile, which wins over it.
	Exclude []string

	// CacheDisabled builds every layer again, as docker build --no-cache does. An image whose asset
	// hash is published already is not built at all. Default: layers that did not change are taken
	// from Docker's cache.
	CacheDisabled bool

	// CacheFrom names caches to take layers from, as in docker build --cache-from. Default: only
	// the cache of the machine that builds.
	CacheFrom []DockerCache

	// CacheTo is the cache to write layers to, as in docker build --cache-to. Default: none.
	CacheTo *DockerCache

	// Architecture of the CPU. Default: X86_64, which every hosting runs.
	Architecture Architecture

	// Adapter says what takes Lambda's invocations. Default: WithAdapter. It is an error if the
	// Dockerfile puts a program into /opt/extensions itself and this field does not say which:
	// OwnAdapter if that is an adapter, WithAdapter if it is another extension.
	Adapter Adapter
}

// DockerCache is a cache of Docker builds, such as {Type: "registry", Params: {"ref": "…"}}.
type DockerCache struct {
	Type   string            // registry, gha, s3, inline …
	Params map[string]string // of that type
}

// BuildSecret is a secret of a Docker build, from [SecretFile] or [SecretEnv].
type BuildSecret struct{ kind, value string }

// The kinds of secrets, as docker build --secret spells them.
const fileSecret, environmentSecret = "src", "env"

// SecretFile is a build secret in a file of the machine that runs `cdk deploy`. A relative path
// starts at the folder of cdk.json. The cloud assembly holds the absolute path, so it deploys only
// where the file has the same path.
func SecretFile(path string) BuildSecret { return BuildSecret{fileSecret, path} }

// SecretEnv is a build secret in an environment variable of the machine that runs `cdk deploy`.
func SecretEnv(name string) BuildSecret { return BuildSecret{environmentSecret, name} }

// Dockerfile is an image that Docker builds from a folder with a Dockerfile, relative to the app's
// folder. The folder is left as it is: the build gets a copy of the files that it may see, together
// with the adapter, which is added to the image that the last (or the target) stage makes.
//
// The copy holds two more files, .cdkweb/Dockerfile and .cdkweb/adapter.tar.gz, so an instruction
// `COPY . .` copies these, too. It never holds what `cdk synth` wrote.
//
// Validate reports a missing or empty folder, a missing Dockerfile, a target that it does not have
// and a second adapter.
func Dockerfile(dir string, options *DockerfileOptions) Image {
	image := &dockerBuild{dir: dir}
	if options != nil {
		image.options = *options
		image.options.BuildArgs = maps.Clone(options.BuildArgs)
		image.options.BuildSecrets = maps.Clone(options.BuildSecrets)
		image.options.Exclude = slices.Clone(options.Exclude)
		image.options.CacheFrom = slices.Clone(options.CacheFrom)
	}
	image.options.Architecture = image.options.Architecture.orDefault()
	if image.options.File == "" {
		image.options.File = "Dockerfile"
	}
	return &builtImage{source: image}
}

type dockerBuild struct {
	dir     string
	options DockerfileOptions
}

const (
	ownFolder      = ".cdkweb" // in the build context
	adapterArchive = ownFolder + "/adapter.tar.gz"
	ownDockerfile  = ownFolder + "/Dockerfile"
	addAdapter     = "ADD " + adapterArchive + " /"
)

func (d *dockerBuild) String() string { return fmt.Sprintf("webimage.Dockerfile(%q)", d.dir) }

func (d *dockerBuild) facts() Facts {
	facts := Facts{Architecture: d.options.Architecture, Adapter: d.options.Adapter.orDefault()}
	dir, err := d.folder()
	if err == nil {
		var parsed *dockerfile.File
		var index int
		if parsed, index, err = d.parse(dir); err == nil {
			facts.Exposed = parsed.Exposed(index, d.options.BuildArgs)
			start := parsed.Start(index, d.options.BuildArgs)
			facts.EntryPoint, facts.Cmd = start.EntryPoint, start.Cmd
			facts.StartUnknown, facts.StartFix = start.Unknown, start.Fix
		}
	}
	if err != nil {
		facts.StartUnknown = "the Dockerfile cannot be read (" + err.Error() + ")"
		facts.StartFix = "check it with docker build"
	}
	facts.StartKnown = facts.StartUnknown == ""
	return facts
}

func (d *dockerBuild) spec() (folder string, options any) {
	dir, _ := project.Path(d.dir) // validate reported the error
	secrets := map[string]string{}
	for id, secret := range d.options.BuildSecrets {
		secrets[id] = secret.kind + "=" + secret.value
	}
	return dir, []any{d.options, secrets}
}

func (d *dockerBuild) validate() []error {
	var errs []error
	report := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	report(d.options.Architecture.validate())
	report(d.options.Adapter.validate())
	for _, name := range slices.Sorted(maps.Keys(d.options.BuildArgs)) {
		report(validateLiteral("BuildArgs", name))
		report(validateLiteral(fmt.Sprintf("BuildArgs[%q]", name), d.options.BuildArgs[name]))
	}
	for _, id := range slices.Sorted(maps.Keys(d.options.BuildSecrets)) {
		report(d.options.BuildSecrets[id].validate(id))
	}
	for i, cache := range d.options.CacheFrom {
		report(cache.validate(fmt.Sprintf("CacheFrom[%d]", i)))
	}
	if d.options.CacheTo != nil {
		report(d.options.CacheTo.validate("CacheTo"))
	}
	report(validateLiteral("Target", d.options.Target))
	if _, err := buildcontext.Patterns(strings.Join(d.options.Exclude, "\n")); err != nil {
		report(fmt.Errorf("Exclude holds a pattern that .dockerignore does not know: %w", err))
	}
	dir, err := d.folder()
	report(err)
	if err == nil {
		_, err := d.read(dir)
		report(err)
		report(d.validateExtensions(dir))
		if _, err := os.Lstat(filepath.Join(dir, ownFolder)); err == nil {
			report(fmt.Errorf("the folder holds %s, a name that is kept for what cdkweb adds; "+
				"rename it", ownFolder))
		}
	}
	return errs
}

func (s BuildSecret) validate(id string) error {
	if id == "" || s.value == "" || strings.ContainsAny(id+s.value, ",\n") {
		return fmt.Errorf("BuildSecrets[%q] must have an id and come from webimage.SecretFile or "+
			"webimage.SecretEnv with a name, both without commas", id)
	}
	return nil
}

func (c DockerCache) validate(field string) error {
	if c.Type == "" {
		return fmt.Errorf(`%s must have a Type, such as "registry" with the parameter "ref"`, field)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		err := validateLiteral(fmt.Sprintf("%s.Params[%q]", field, name), c.Params[name])
		if err != nil {
			return err
		}
	}
	return validateLiteral(field+".Type", c.Type)
}

// validateExtensions refuses a second adapter: Lambda starts all programs in /opt/extensions, and
// each of two adapters would take requests, so that one is carried out twice. A Dockerfile that
// cannot be read is left to Docker.
func (d *dockerBuild) validateExtensions(dir string) error {
	if d.options.Adapter != UnknownAdapter {
		return nil
	}
	parsed, index, err := d.parse(dir)
	if err != nil {
		return nil
	}
	i, found := parsed.Writer(index, "/"+path.Dir(adapter.Path), d.options.BuildArgs, dir)
	if !found {
		return nil
	}
	return fmt.Errorf("line %d of the Dockerfile (%s) puts a program into /opt/extensions, where "+
		"the Lambda adapter of this library is added, and two adapters carry requests out twice; "+
		"remove that line, or set Adapter: webimage.OwnAdapter to use the adapter that the "+
		"Dockerfile brings (webimage.WithAdapter if its program is no adapter)", i.First+1, i.Text)
}

// parse reads the Dockerfile, and returns the index of the stage that is built.
func (d *dockerBuild) parse(dir string) (*dockerfile.File, int, error) {
	content, err := os.ReadFile(inside(dir, d.options.File))
	if err != nil {
		return nil, 0, err
	}
	parsed, err := dockerfile.Parse(string(content))
	if err != nil {
		return nil, 0, err
	}
	parsed.Platform = architectures[d.options.Architecture.orDefault()].platform
	index, err := parsed.Pick(d.options.Target)
	return parsed, index, err
}

// folder returns the absolute path of the image's folder, with links resolved.
func (d *dockerBuild) folder() (string, error) {
	if strings.TrimSpace(d.dir) == "" {
		return "", errors.New(
			`folder is empty; name a folder with a Dockerfile, such as "./server"`,
		)
	}
	dir, err := project.Path(d.dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("folder %s does not exist; name a folder with a Dockerfile "+
			"(%s)", dir, project.Hint())
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file; name its folder: %s", dir, d.byFolder())
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) == 0 {
		return "", fmt.Errorf("folder %s is empty; name a folder with a Dockerfile", dir)
	}
	return filepath.EvalSymlinks(dir)
}

// byFolder is the call that takes the file which the user named for the Dockerfile's folder.
func (d *dockerBuild) byFolder() string {
	file := filepath.Base(d.dir)
	if file == "Dockerfile" {
		return fmt.Sprintf("webimage.Dockerfile(%q, nil)", folderOf(d.dir))
	}
	return fmt.Sprintf("webimage.Dockerfile(%q, &webimage.DockerfileOptions{File: "+
		"%q})", folderOf(d.dir), file)
}

// read returns the Dockerfile as it shall be built.
func (d *dockerBuild) read(dir string) (string, error) {
	file := inside(dir, d.options.File)
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("there is no Dockerfile %s; write one, name another with the "+
			"option File, or use webimage.Go for a Go program", file)
	}
	if err != nil {
		return "", err
	}
	added := ""
	if d.options.Adapter.orDefault() == WithAdapter {
		added = addAdapter
	}
	platform := architectures[d.options.Architecture.orDefault()].platform
	extended, err := dockerfile.Extend(string(content), d.options.Target, platform, added)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return extended, nil
}

// stage copies what the build may see, and adds the extended Dockerfile and the adapter.
func (d *dockerBuild) stage(context string, output buildcontext.Omitted) error {
	dir, err := d.folder()
	if err != nil {
		return err
	}
	content, err := d.read(dir)
	if err != nil {
		return err
	}
	if err := d.copyContext(dir, context, output); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(context, ownFolder), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Join(context, ownFolder), 0o755); err != nil {
		return err
	}
	err = buildcontext.WriteFile(filepath.Join(context, ownDockerfile), []byte(content))
	if err != nil {
		return err
	}
	if d.options.Adapter.orDefault() != WithAdapter {
		return nil
	}
	layer, err := adapterLayer(d.options.Architecture)
	if err != nil {
		return err
	}
	return buildcontext.WriteFile(filepath.Join(context, adapterArchive), layer)
}

// copyContext copies the files that the ignore file and the option Exclude leave to the build.
func (d *dockerBuild) copyContext(dir, context string, output buildcontext.Omitted) error {
	content, err := os.ReadFile(inside(dir, d.options.File+buildcontext.IgnoreFile))
	if errors.Is(err, os.ErrNotExist) {
		content, err = os.ReadFile(filepath.Join(dir, buildcontext.IgnoreFile))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	patterns := string(content) + "\n" + strings.Join(d.options.Exclude, "\n")
	ignored, err := buildcontext.Patterns(patterns)
	if err != nil {
		return fmt.Errorf("%s: %w", buildcontext.IgnoreFile, err)
	}
	var secrets []string
	for _, secret := range d.options.BuildSecrets {
		file, err := secret.resolve()
		if err != nil {
			return err
		}
		if secret.kind == fileSecret {
			secrets = append(secrets, file)
		}
	}
	return buildcontext.Copy(
		dir,
		context,
		ignored,
		append(buildcontext.Omit(secrets...), output...),
	)
}

// resolve makes the path of a file absolute.
func (s BuildSecret) resolve() (string, error) {
	if s.kind == fileSecret {
		return project.Path(s.value)
	}
	return s.value, nil
}

func (d *dockerBuild) recipe() (recipe, error) {
	secrets := map[string]string{}
	for id, secret := range d.options.BuildSecrets {
		value, err := secret.resolve()
		if err != nil {
			return recipe{}, err
		}
		secrets[id] = secret.kind + "=" + value
	}
	return recipe{
		dockerfile: ownDockerfile,
		args:       d.options.BuildArgs,
		secrets:    secrets,
		name:       d.dir,
		cache:      cache{d.options.CacheDisabled, d.options.CacheFrom, d.options.CacheTo},
	}, nil
}

// cache says what a build takes from caches, and where it puts what it made.
type cache struct {
	disabled bool
	from     []DockerCache
	to       *DockerCache
}

// apply sets the asset's properties.
func (c cache) apply(props *awsecrassets.DockerImageAssetProps) {
	option := func(d DockerCache) *awsecrassets.DockerCacheOption {
		return &awsecrassets.DockerCacheOption{Type: &d.Type, Params: cdk.Strings(d.Params)}
	}
	if c.disabled {
		props.CacheDisabled = new(true)
	}
	if len(c.from) > 0 {
		var from []*awsecrassets.DockerCacheOption
		for _, d := range c.from {
			from = append(from, option(d))
		}
		props.CacheFrom = &from
	}
	if c.to != nil {
		props.CacheTo = option(*c.to)
	}
}
