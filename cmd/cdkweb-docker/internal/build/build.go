// Package build makes images of Dockerfiles without running anything in them. [Build] reads the
// Dockerfile with BuildKit's own reader, makes the layers in a store, and returns the image.
//
// What has to run in a container, or comes from elsewhere than the context and registries, is a
// [*NeedsDocker].
package build

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/rootfs"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// Options are what docker build is told.
type Options struct {
	Context    string            // the folder
	Dockerfile string            // its file; empty for Dockerfile in the folder
	Target     string            // the stage to build; empty for the last
	Platform   v1.Platform       // of the image; empty for this machine's CPU
	Args       map[string]string // of ARG
	Labels     map[string]string
	Contexts   map[string]string // named contexts
}

// NeedsDocker is the error of a Dockerfile that only Docker can build.
type NeedsDocker struct{ Why string }

func (e *NeedsDocker) Error() string { return e.Why }

// Image is what was built.
type Image struct {
	v1.Descriptor         // its manifest, in the store
	ID            v1.Hash // of its configuration: what Docker calls the image's id
	Config        v1.ConfigFile
}

// Builder builds images.
type Builder struct {
	Store *store.Store
	// Pull returns an image of a registry for a platform.
	Pull func(ctx context.Context, image string, platform v1.Platform) (v1.Image, error)
	// Log is called with a line for each step.
	Log func(format string, args ...any)
}

// Build builds an image.
func (b *Builder) Build(ctx context.Context, options Options) (*Image, error) {
	r := &run{Builder: b, ctx: ctx, options: options, pulled: map[string]*base{}}
	if err := r.read(); err != nil {
		return nil, err
	}
	target, err := r.pick(options.Target)
	if err != nil {
		return nil, err
	}
	if err := r.needs(target); err != nil {
		return nil, err
	}
	var remove func()
	if r.folder, remove, err = b.Store.Temporary(); err != nil {
		return nil, err
	}
	defer remove()
	defer r.closeSpools()
	if err := r.build(target); err != nil {
		return nil, err
	}
	image, err := r.finish(target)
	if err != nil {
		return nil, err
	}
	return image, ctx.Err()
}

// run is one build.
type run struct {
	*Builder
	ctx     context.Context
	options Options
	folder  string // for what the build needs while it runs

	lex     *shell.Lex
	globals []string // ARG before the first FROM, and what Docker sets
	stages  []*stage
	ignored *patternmatcher.PatternMatcher
	seen    *rootfs.Tree // the build context, once it was read
	pulled  map[string]*base
	spools  []*spool
	host    v1.Platform // that BUILDPLATFORM is
}

// stage is a stage of the Dockerfile.
type stage struct {
	instructions.Stage
	index    int
	name     string // of its own or a number
	parent   *stage
	image    string // that it is built from, if it has no parent
	platform v1.Platform

	built    bool
	tree     *rootfs.Tree
	config   v1.ConfigFile
	env      []string // what instructions see: the image's variables and the stage's arguments
	layers   []layer
	docker   bool // the image's manifest is of Docker's kind, not OCI's
	onBuild  []string
	cmdSet   bool
	programs map[string]*rootfs.Content
}

// ownSyntax is how the directive syntax names Docker's own reader of Dockerfiles.
var ownSyntax = regexp.MustCompile(`^(docker\.io/)?docker/dockerfile(-upstream)?([:@]|$)`)

// read reads the Dockerfile.
func (r *run) read() error {
	file := r.options.Dockerfile
	if file == "" {
		file = filepath.Join(r.options.Context, "Dockerfile")
	}
	content, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no Dockerfile %s; name it with --file", file)
	}
	if err != nil {
		return err
	}
	if r.ignored, err = readIgnored(r.options.Context, file); err != nil {
		return err
	}
	return r.parse(content)
}

// readIgnored reads the patterns that hide parts of the context.
func readIgnored(folder, dockerfile string) (*patternmatcher.PatternMatcher, error) {
	return readIgnoreFiles(dockerfile+ignoreFile, filepath.Join(folder, ignoreFile))
}

const ignoreFile = ".dockerignore"

// readIgnoreFiles reads the first of some files that exists.
func readIgnoreFiles(names ...string) (*patternmatcher.PatternMatcher, error) {
	for _, name := range names {
		content, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		patterns, err := ignorefile.ReadAll(bytes.NewReader(content))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		matcher, err := patternmatcher.New(patterns)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return matcher, nil
	}
	return nil, nil
}

// multiPlatform is an argument that BuildKit itself takes notice of.
const multiPlatform = "BUILDKIT_MULTI_PLATFORM"

// parse reads the stages. It panics in none of them: BuildKit's reader does in a few.
func (r *run) parse(content []byte) (err error) {
	defer func() {
		if thrown := recover(); thrown != nil {
			err = fmt.Errorf("the Dockerfile cannot be read: %v", thrown)
		}
	}()
	syntax, _, _, found := parser.DetectSyntax(content)
	if given, ok := r.options.Args["BUILDKIT_SYNTAX"]; ok {
		syntax, found = given, given != ""
	}
	if found && !ownSyntax.MatchString(syntax) {
		return &NeedsDocker{
			fmt.Sprintf("the Dockerfile asks to be read by the program %s (syntax)", syntax),
		}
	}
	if yes, err := strconv.ParseBool(r.options.Args[multiPlatform]); err == nil && yes {
		return &NeedsDocker{multiPlatform + " asks for an image of several platforms"}
	}
	parsed, err := parser.Parse(bytes.NewReader(content))
	if err != nil {
		return inDockerfile(err)
	}
	stages, arguments, err := instructions.Parse(
		parsed.AST,
		linter.New(&linter.Config{SkipAll: true}),
	)
	if err != nil {
		return inDockerfile(err)
	}
	if len(stages) == 0 {
		return errNoStage
	}
	r.lex = shell.NewLex(parsed.EscapeToken)
	r.host = v1.Platform{OS: "linux", Architecture: runtime.GOARCH}
	if r.options.Platform.Architecture == "" {
		r.options.Platform = r.host
	}
	if err := r.setGlobals(stages, arguments); err != nil {
		return err
	}
	return r.link(stages)
}

// errNoStage is the error of a Dockerfile that says nothing, or sets arguments alone.
var errNoStage = errors.New("the Dockerfile has no FROM instruction, so it builds no image")

// parserPrefix is how BuildKit's reader says where an error is, too.
var parserPrefix = regexp.MustCompile(`^(dockerfile )?parse error on line \d+: `)

// inDockerfile says where an error is.
func inDockerfile(err error) error {
	// BuildKit has no other names for these.
	text := parserPrefix.ReplaceAllString(err.Error(), "")
	switch text {
	case "file with no instructions":
		return errNoStage
	case "no build stage in current context":
		text = "there is no FROM instruction above it"
	}
	if located := (*parser.LocationError)(nil); errors.As(err, &located) &&
		len(located.Locations) > 0 &&
		len(located.Locations[0]) > 0 {
		return fmt.Errorf("line %d of the Dockerfile: %s", located.Locations[0][0].Start.Line, text)
	}
	return fmt.Errorf("the Dockerfile: %s", text)
}

// at says in which line an error is.
func at(command instructions.Command, err error) error {
	if needs := (*NeedsDocker)(nil); err == nil || errors.As(err, &needs) {
		return err
	}
	return fmt.Errorf("%s: %w", place(command), err)
}

// place is where an instruction stands.
func place(command instructions.Command) string {
	if lines := command.Location(); len(lines) > 0 {
		return fmt.Sprintf(
			"line %d of the Dockerfile (%s)",
			lines[0].Start.Line,
			short(fmt.Sprint(command)),
		)
	}
	return short(fmt.Sprint(command))
}

// short is the start of a text, in one line.
func short(text string) string {
	const most = 60
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}

// setGlobals sets what FROM instructions see.
func (r *run) setGlobals(stages []instructions.Stage, arguments []instructions.ArgCommand) error {
	target := r.options.Target
	if target == "" {
		target = stages[len(stages)-1].Name
	}
	if target == "" {
		target = "default"
	}
	for _, set := range [][2]string{
		{"BUILDPLATFORM", r.host.String()}, {"BUILDOS", r.host.OS}, {"BUILDOSVERSION", ""},
		{"BUILDARCH", r.host.Architecture}, {"BUILDVARIANT", r.host.Variant},
		{"TARGETPLATFORM", r.options.Platform.String()}, {"TARGETOS", r.options.Platform.OS},
		{"TARGETOSVERSION", ""}, {"TARGETARCH", r.options.Platform.Architecture},
		{"TARGETVARIANT", r.options.Platform.Variant}, {"TARGETSTAGE", target},
	} {
		value := set[1]
		if given, ok := r.options.Args[set[0]]; ok {
			value = given
		}
		r.globals = setEnv(r.globals, set[0], value)
	}
	for _, command := range arguments {
		for _, argument := range command.Args {
			value, ok := r.options.Args[argument.Key]
			if !ok && argument.Value != nil {
				expanded, _, err := r.lex.ProcessWord(
					*argument.Value,
					shell.EnvsFromSlice(r.globals),
				)
				if err != nil {
					return at(&command, err)
				}
				value, ok = expanded, true
			}
			if ok {
				r.globals = setEnv(r.globals, argument.Key, value)
			}
		}
	}
	return nil
}

// setEnv sets a variable in a list.
func setEnv(env []string, key, value string) []string {
	for i, set := range env {
		if name, _, _ := strings.Cut(set, "="); name == key {
			env[i] = key + "=" + value
			return env
		}
	}
	return append(env, key+"="+value)
}

// link finds what each stage is built from.
func (r *run) link(stages []instructions.Stage) error {
	for i := range stages {
		s := &stage{Stage: stages[i], index: i, name: stages[i].Name}
		if s.name == "" {
			s.name = strconv.Itoa(i)
		}
		line := fmt.Sprintf(
			"line %d of the Dockerfile (%s)",
			s.Location[0].Start.Line,
			short(s.SourceCode),
		)
		image, _, err := r.lex.ProcessWord(s.BaseName, shell.EnvsFromSlice(r.globals))
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		if image == "" {
			return fmt.Errorf("%s: the image has no name; the variables in it are those of ARG "+
				"above the first FROM", line)
		}
		s.platform = r.options.Platform
		if s.Platform != "" {
			text, _, err := r.lex.ProcessWord(s.Platform, shell.EnvsFromSlice(r.globals))
			if err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
			if s.platform, err = ParsePlatform(text); err != nil {
				return fmt.Errorf("%s: %w", line, err)
			}
		}
		s.parent, s.image = r.named(image), image
		if s.parent != nil {
			s.platform = s.parent.platform
		}
		r.stages = append(r.stages, s)
	}
	return nil
}

// named returns the last stage with a name; nil if there is none.
func (r *run) named(name string) *stage {
	for i := len(r.stages) - 1; i >= 0; i-- {
		if r.stages[i].Name != "" && strings.EqualFold(r.stages[i].Name, name) {
			return r.stages[i]
		}
	}
	return nil
}

// pick returns the stage to build.
func (r *run) pick(target string) (*stage, error) {
	if target == "" {
		return r.stages[len(r.stages)-1], nil
	}
	if found := r.named(target); found != nil {
		return found, nil
	}
	if n, err := strconv.Atoi(target); err == nil && n >= 0 && n < len(r.stages) {
		return r.stages[n], nil
	}
	var names []string
	for _, s := range r.stages {
		names = append(names, s.name)
	}
	return nil, fmt.Errorf("--target %q is no stage of the Dockerfile, which has %s", target,
		strings.Join(names, ", "))
}

// source returns the stage that --from names, or nil if it names an image.
func (r *run) source(s *stage, command *instructions.CopyCommand) (*stage, error) {
	if n, err := strconv.Atoi(command.From); err == nil {
		if n < 0 || n >= s.index {
			return nil, at(command, fmt.Errorf("--from=%s is no stage above", command.From))
		}
		return r.stages[n], nil
	}
	if strings.Contains(command.From, "$") {
		return nil, at(
			command,
			errors.New("--from cannot hold variables; write FROM with the variable "+
				"and a name above, and use that name"),
		)
	}
	found := r.named(command.From)
	if found != nil && found.index >= s.index {
		return nil, at(command, fmt.Errorf("--from=%s is no stage above", command.From))
	}
	return found, nil
}

// contextNamed returns the named context that stands in for an image or a stage, which BuildKit
// looks for before anything else.
func (r *run) contextNamed(wanted string) (string, bool) {
	full, err := FullName(wanted)
	for _, name := range sortedKeys(r.options.Contexts) {
		if strings.EqualFold(name, wanted) {
			return name, true
		}
		if other, err2 := FullName(name); err == nil && err2 == nil && other == full {
			return name, true
		}
	}
	return "", false
}

// needs reports what only Docker can do of what it takes to build a stage.
func (r *run) needs(s *stage) error {
	if s.parent != nil {
		if err := r.needs(s.parent); err != nil {
			return err
		}
	}
	if s.parent == nil {
		if name, ok := r.contextNamed(s.image); ok {
			return &NeedsDocker{
				fmt.Sprintf("the build context %s stands in for the image of FROM", name),
			}
		}
	}
	if name, ok := r.contextNamed(s.Name); ok && s.Name != "" {
		return &NeedsDocker{fmt.Sprintf("the build context %s stands in for the stage", name)}
	}
	for _, command := range s.Commands {
		if err := needsDocker(command); err != nil {
			return err
		}
		if command, ok := command.(*instructions.CopyCommand); ok && command.From != "" {
			source, err := r.source(s, command)
			if err != nil {
				return err
			}
			if source != nil {
				if err := r.needs(source); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// needsDocker reports an instruction that only Docker can carry out.
func needsDocker(command instructions.Command) error {
	switch command := command.(type) {
	case *instructions.RunCommand:
		return &NeedsDocker{place(command) + " runs a program in a container"}
	case *instructions.CopyCommand:
		if command.Parents {
			return &NeedsDocker{place(command) + " has the flag --parents"}
		}
	case *instructions.HealthCheckCommand:
		if command.Health.StartInterval != 0 {
			return &NeedsDocker{place(command) + " has the flag --start-interval"}
		}
	case *instructions.AddCommand:
		for _, source := range command.SourcePaths {
			if isRemote(source) {
				return &NeedsDocker{place(command) + " fetches " + short(source)}
			}
		}
	}
	return nil
}

// remote is what ADD fetches: addresses, and repositories of git.
var remote = regexp.MustCompile(`^(https?://|git://|ssh://|git@|github\.com/)`)

func isRemote(source string) bool { return remote.MatchString(source) }

// architectures are those that a platform may be without linux/ before it.
var architectures = []string{
	"386", "amd64", "x86_64", "x86-64", "arm", "arm64", "aarch64", "loong64", "mips64le", "ppc64le",
	"riscv64", "s390x",
}

// ParsePlatform reads a platform, such as linux/amd64.
func ParsePlatform(text string) (v1.Platform, error) {
	parts := strings.Split(strings.ToLower(text), "/")
	if len(parts) == 1 {
		if parts[0] == "linux" {
			parts = []string{"linux", runtime.GOARCH}
		} else {
			parts = []string{"linux", parts[0]}
		}
	}
	alone := !strings.Contains(text, "/") && !slices.Contains(architectures, parts[1])
	if alone && parts[1] != runtime.GOARCH || len(parts) > 3 || parts[0] != "linux" || strings.ContainsAny(text, ", ") || parts[1] == "" {
		return v1.Platform{}, fmt.Errorf(
			"platform must be one of Linux, such as linux/amd64 or linux/arm64, "+
				"got %q",
			text,
		)
	}
	platform := v1.Platform{OS: parts[0], Architecture: parts[1]}
	if len(parts) == 3 {
		platform.Variant = parts[2]
	}
	switch platform.Architecture {
	case "x86_64", "x86-64":
		platform.Architecture = "amd64"
	case "aarch64":
		platform.Architecture = "arm64"
	}
	if platform.Architecture == "arm64" && (platform.Variant == "v8" || platform.Variant == "8") {
		platform.Variant = "" // the only one
	}
	return platform, nil
}

// FullName returns the name of an image with registry and tag, as Docker completes it.
func FullName(image string) (string, error) {
	reference, err := name.ParseReference(image, name.WeakValidation)
	if err != nil {
		return "", fmt.Errorf(
			"%q is no name of an image, such as example.com/team/image:tag",
			image,
		)
	}
	return reference.Name(), nil
}

// repositoryOf returns the repository that an image lies in, with its registry.
func repositoryOf(image string) (string, error) {
	reference, err := name.ParseReference(image, name.WeakValidation)
	if err != nil {
		return "", err
	}
	return reference.Context().Name(), nil
}
