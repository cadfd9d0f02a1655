package webimage

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/build"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
	"github.com/cdkweb/cdkweb/internal/gobuild"
	"github.com/cdkweb/cdkweb/internal/project"
)

// GoOptions change how [Go] builds an image. All are optional.
type GoOptions struct {
	// Tags are build tags, as in go build -tags. The tag timetzdata is always set: it compiles the
	// time zones in.
	Tags []string

	// LDFlags are added to the linker's flags -s -w, as in go build -ldflags: "-X
	// main.version=1.4".
	LDFlags string

	// Env sets variables of the Go toolchain that change the compiled program: GOAMD64, GOARM64,
	// GOEXPERIMENT and GOFIPS140. What they are on this machine does not count.
	Env map[string]string

	// Include names files and folders to put beside the server, relative to the package's folder.
	// Each keeps its last name: "static" and "../assets/static" both become /app/static. The server
	// starts in /app, so it opens them as "static/…". What `cdk synth` wrote is left out of them.
	Include []string

	// Architecture of the CPU. Default: X86_64, which every hosting runs.
	Architecture Architecture

	// Adapter is WithAdapter or NoAdapter. Default: WithAdapter.
	Adapter Adapter
}

// Go is a Go web server, built without a Dockerfile: pkg is the folder of its main package,
// relative to the app's folder. It may be in a module of its own. It is compiled at synth, without
// cgo, by the toolchain that its go.mod selects.
//
// The image is made from scratch. It holds the server as /app/server, the root certificates that
// https needs, time zones and a writable /tmp, and it runs as user 65532. A Command of the workload
// becomes the server's arguments.
//
// The same sources make the same image on every machine. Of this machine's Go settings, those of go
// env -w among them, only those count that say where modules come from: GOPROXY, GOPRIVATE and
// their like, and in GOFLAGS the flags -mod, -modfile, -modcacherw, -overlay and -p.
//
// Validate reports a missing folder, one without Go files for Linux, a package that is not main,
// and files to include that are missing or would overwrite each other. A compiler's error ends
// synth with a [*BuildError] that holds the compiler's words.
func Go(pkg string, options *GoOptions) Image {
	program := &goProgram{pkg: pkg}
	if options != nil {
		program.options = *options
		program.options.Tags = slices.Clone(options.Tags)
		program.options.Env = maps.Clone(options.Env)
		program.options.Include = slices.Clone(options.Include)
	}
	program.options.Architecture = program.options.Architecture.orDefault()
	program.options.Adapter = program.options.Adapter.orDefault()
	return &builtImage{source: program}
}

type goProgram struct {
	pkg     string
	options GoOptions
}

const (
	goBinary    = "server"
	goFolder    = "app" // of the binary and what lies beside it
	goServer    = "/" + goFolder + "/" + goBinary
	goUser      = 65532 // as in distroless images: no user of the host has this number
	timeZoneTag = "timetzdata"
)

func (p *goProgram) String() string { return fmt.Sprintf("webimage.Go(%q)", p.pkg) }

func (p *goProgram) facts() Facts {
	return Facts{
		Architecture: p.options.Architecture,
		Adapter:      p.options.Adapter,
		EntryPoint:   []string{goServer},
		StartKnown:   true,
		NotRoot:      true,
	}
}

func (p *goProgram) spec() (folder string, options any) {
	dir, _ := project.Path(p.pkg) // validate reported the error
	return dir, p.options
}

func (p *goProgram) validate() []error {
	var errs []error
	report := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	report(p.options.Architecture.validate())
	report(p.options.Adapter.validate())
	if p.options.Adapter == OwnAdapter {
		report(errors.New("Adapter must be webimage.WithAdapter or webimage.NoAdapter, got " +
			"webimage.OwnAdapter: the image is made from scratch and holds none; leave the " +
			"option out, or use webimage.Dockerfile"))
	}
	report(validateLiteral("LDFlags", p.options.LDFlags))
	for _, tag := range p.options.Tags {
		report(validateLiteral("Tags", tag))
	}
	for _, name := range slices.Sorted(maps.Keys(p.options.Env)) {
		if !slices.Contains(programSettings, name) {
			report(fmt.Errorf("Env[%q] must be one of %s; what else the program needs, it reads "+
				"when it runs",
				name, strings.Join(programSettings, ", ")))
		}
		report(validateLiteral(fmt.Sprintf("Env[%q]", name), p.options.Env[name]))
	}
	dir, err := p.folder()
	report(err)
	if err == nil {
		report(p.validatePackage(dir))
		for _, err := range p.validateIncluded(dir) {
			report(err)
		}
	}
	return errs
}

// folder returns the absolute path of the package's folder.
func (p *goProgram) folder() (string, error) {
	if strings.TrimSpace(p.pkg) == "" {
		return "", errors.New(`folder is empty; name that of a main package, such as "./server"`)
	}
	dir, err := project.Path(p.pkg)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("folder %s does not exist; name the folder of a main package "+
			"(%s)", dir, project.Hint())
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file; name its folder: webimage.Go(%q, "+
			"…)", dir, folderOf(p.pkg))
	}
	return dir, nil
}

// folderOf returns the folder of a file, written as the file was.
func folderOf(name string) string {
	dir := filepath.ToSlash(filepath.Dir(name))
	if !filepath.IsAbs(name) && !strings.HasPrefix(dir, ".") {
		dir = "./" + dir
	}
	return dir
}

// validatePackage reads the package as the Go tool would for the image's platform.
func (p *goProgram) validatePackage(dir string) error {
	context := build.Default
	context.GOOS, context.GOARCH = "linux", architectures[p.options.Architecture].goarch
	context.CgoEnabled = false
	context.BuildTags = p.tags()
	found, err := context.ImportDir(dir, 0)
	if none := (*build.NoGoError)(nil); errors.As(err, &none) {
		context.CgoEnabled = true
		if withC, err := context.ImportDir(dir, 0); err == nil && len(withC.CgoFiles) > 0 {
			return fmt.Errorf(`folder %s holds only Go files that import "C", `+
				"and the image has no C library; write them without cgo, or use webimage.Dockerfile", dir)
		}
		return fmt.Errorf("folder %s holds no Go files for linux/%s; name the folder of a main "+
			"package", dir, context.GOARCH)
	}
	if err != nil {
		return err
	}
	if len(found.GoFiles) == 0 {
		return fmt.Errorf("folder %s holds tests only; name the folder of a main package", dir)
	}
	if found.Name != "main" {
		return fmt.Errorf("folder %s holds package %s, which is not a program; name the folder "+
			"of a main package", dir, found.Name)
	}
	return nil
}

func (p *goProgram) validateIncluded(dir string) []error {
	var errs []error
	taken := map[string]string{goBinary: "the compiled server"}
	for _, name := range p.options.Include {
		source := inside(dir, name)
		target := path.Base(filepath.ToSlash(source))
		if name == "" {
			errs = append(errs, errors.New(`Include must name files or folders, got ""`))
			continue
		}
		if other, ok := taken[target]; ok {
			errs = append(errs, fmt.Errorf("Include %q would become /%s/%s, which is %s; rename "+
				"one of them",
				name, goFolder, target, other))
		}
		taken[target] = fmt.Sprintf("%q already", name)
		if _, err := os.Stat(source); err != nil {
			errs = append(errs, fmt.Errorf("Include %q: %w; names are relative to the package's "+
				"folder", name, err))
		}
	}
	return errs
}

func (p *goProgram) tags() []string { return append([]string{timeZoneTag}, p.options.Tags...) }

// stage compiles the server and writes one archive per layer: what never changes, the adapter, the
// server.
func (p *goProgram) stage(context string, output buildcontext.Omitted) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	names := []string{"base", "adapter", "server"}
	pack := map[string]func() ([]byte, error){
		"base":    baseLayer,
		"adapter": func() ([]byte, error) { return adapterLayer(p.options.Architecture) },
		"server":  func() ([]byte, error) { return p.serverLayer(dir, output) },
	}
	if p.options.Adapter == NoAdapter {
		names = []string{"base", "server"}
	}
	dockerfile := "FROM scratch\n"
	for _, name := range names {
		content, err := pack[name]()
		if err != nil {
			return err
		}
		file := name + ".tar.gz"
		if err := buildcontext.WriteFile(filepath.Join(context, file), content); err != nil {
			return err
		}
		dockerfile += fmt.Sprintf("ADD %s /\n", file)
	}
	dockerfile += fmt.Sprintf("WORKDIR /%s\nUSER %d:%d\nENTRYPOINT "+
		"[%q]\n", goFolder, goUser, goUser, goServer)
	return buildcontext.WriteFile(filepath.Join(context, "Dockerfile"), []byte(dockerfile))
}

func (p *goProgram) recipe() (recipe, error) {
	return recipe{dockerfile: "Dockerfile", name: p.pkg}, nil
}

// compile returns the compiled server.
func (p *goProgram) compile(dir string) ([]byte, error) {
	temporary, err := os.MkdirTemp("", "cdkweb-go-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)

	defer gobuild.IfSlow("compiling %s", p)()
	environment, err := p.environment(dir)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, errors.New("the command go is not in PATH; install Go to compile the " +
			"package, or use webimage.Dockerfile")
	}
	if err != nil {
		return nil, err
	}
	output := filepath.Join(temporary, goBinary)
	arguments := append([]string{"build", "-o", output,
		"-tags", strings.Join(p.tags(), ","),
		"-ldflags", strings.TrimSpace("-s -w " + p.options.LDFlags)}, gobuild.Flags...)
	if _, err := gobuild.Tool(dir, environment, append(arguments, ".")...); err != nil {
		return nil, fmt.Errorf("the package does not compile: %w", err)
	}
	return os.ReadFile(output)
}

var (
	// programSettings of the go command change the program that it compiles.
	programSettings = []string{"GOAMD64", "GOARM64", "GOEXPERIMENT", "GOFIPS140"}

	// moduleSettings say where the go command finds toolchains and modules, and keeps what it has
	// made of them.
	moduleSettings = []string{
		"GOAUTH", "GOCACHE", "GOCACHEPROG", "GOFLAGS", "GOINSECURE", "GOMODCACHE", "GONOPROXY",
		"GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN", "GOVCS",
	}

	// moduleFlags are the flags in GOFLAGS for the same purpose; quotes go around a whole flag.
	moduleFlags = regexp.MustCompile(`^['"]?--?(mod|modfile|modcacherw|overlay|p)(=|['"]?$)`)
	goFlag      = regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`)
)

// environment is what the program is compiled with. Of this machine's settings, those of `go env
// -w` among them, it takes over what says where modules come from. What would make another program
// of the same sources (-gcflags, -cover, GOEXPERIMENT …) counts only if the options say so.
func (p *goProgram) environment(dir string) ([]string, error) {
	arguments := append([]string{"env", "-json"}, moduleSettings...)
	printed, err := gobuild.Tool(dir, os.Environ(), arguments...)
	if err != nil {
		return nil, err
	}
	var settings map[string]string
	if err := json.Unmarshal([]byte(printed), &settings); err != nil {
		return nil, fmt.Errorf("go env: %w", err)
	}
	flags := goFlag.FindAllString(settings["GOFLAGS"], -1)
	flags = slices.DeleteFunc(flags, func(flag string) bool {
		return !moduleFlags.MatchString(flag)
	})
	settings["GOFLAGS"] = strings.Join(flags, " ")

	goarch := architectures[p.options.Architecture].goarch
	// An empty GOEXPERIMENT is the toolchain's default, now that go env -w does not count.
	environment := slices.Concat(os.Environ(),
		gobuild.CrossCompile(goarch),
		[]string{"GOENV=off", "GOEXPERIMENT=", "GOFIPS140=off"})
	for _, values := range []map[string]string{settings, p.options.Env} {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			environment = append(environment, name+"="+values[name])
		}
	}
	return environment, nil
}

// serverLayer is the archive with the compiled server and what lies beside it.
func (p *goProgram) serverLayer(dir string, output buildcontext.Omitted) ([]byte, error) {
	binary, err := p.compile(dir)
	if err != nil {
		return nil, err
	}
	archive := newArchive()
	if err := archive.folder(goFolder, 0o755); err != nil {
		return nil, err
	}
	if err := archive.file(path.Join(goFolder, goBinary), 0o755, binary); err != nil {
		return nil, err
	}
	for _, name := range p.options.Include {
		source := inside(dir, name)
		if output.Has(source) {
			return nil, fmt.Errorf("Include %q is the folder that this app is written to, which "+
				"is part of no image", name)
		}
		target := path.Join(goFolder, filepath.Base(source))
		if err := archive.tree(target, source, output); err != nil {
			return nil, fmt.Errorf("Include %q: %w", name, err)
		}
	}
	return archive.bytes()
}
