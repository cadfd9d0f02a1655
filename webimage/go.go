package webimage

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"go/build"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/cdkweb/cdkweb/internal/gobuild"
	"github.com/cdkweb/cdkweb/internal/project"
)

// GoOptions change how [Go] builds an image. All are optional.
type GoOptions struct {
	// Tags are build tags, as in go build -tags. The tag timetzdata is always set: it compiles the time zones in.
	Tags []string

	// LDFlags are added to the linker's flags -s -w, as in go build -ldflags: "-X main.version=1.4".
	LDFlags string

	// Include names files and folders to lay beside the binary, relative to the package's folder. Each keeps its last name:
	// "static" and "../assets/static" both become /app/static. The server starts in /app, so it opens them as "static/…".
	Include []string

	// Architecture of the CPU. Default: X86_64, which every hosting runs.
	Architecture Architecture

	// Adapter says what answers Lambda's invocations. Default: the adapter of this library is added.
	Adapter Adapter
}

// Go is a Go web server, built without a Dockerfile: pkg is the folder of its main package, relative to the app's folder. It may
// lie in a module of its own. It is compiled at synth by the toolchain that its go.mod selects, without cgo.
//
// The image is made from scratch. It holds the server as /app/server, the root certificates that https needs, time zones, a
// writable /tmp and nothing else, and it runs as user 65532. A Command given to the workload becomes the server's arguments.
//
// Validate reports a missing folder, one without Go files for Linux, a package that is not main, and files to include that are
// missing or would overwrite each other. A compiler's error stops synth with the compiler's words.
func Go(pkg string, options *GoOptions) Image {
	program := &goProgram{pkg: pkg}
	if options != nil {
		program.options = *options
		program.options.Tags = slices.Clone(options.Tags)
		program.options.Include = slices.Clone(options.Include)
	}
	program.options.Architecture = program.options.Architecture.orDefault()
	return &builtImage{source: program}
}

type goProgram struct {
	pkg     string
	options GoOptions
}

const (
	goBinary    = "server"
	goFolder    = "app" // of the binary and what lies beside it
	goUser      = 65532 // as in distroless images: no user of the host has this number
	passwd      = "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n"
	group       = "root:x:0:\nnonroot:x:65532:\n"
	timeZoneTag = "timetzdata"
)

func (p *goProgram) String() string { return fmt.Sprintf("webimage.Go(%q)", p.pkg) }

func (p *goProgram) facts() Facts {
	return Facts{Architecture: p.options.Architecture, Adapter: p.options.Adapter}
}

func (p *goProgram) spec() any {
	dir, _ := project.Path(p.pkg) // validate reported the error
	return []any{dir, p.options}
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
	report(validateLiteral("LDFlags", p.options.LDFlags))
	for _, tag := range p.options.Tags {
		report(validateLiteral("Tags", tag))
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
		return "", errors.New(`package must be the folder of a main package, such as "./server", got ""`)
	}
	dir, err := project.Path(p.pkg)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", fmt.Errorf("folder %s does not exist; name a main package's folder, relative to the folder of cdk.json (else go.mod)", dir)
	case err != nil:
		return "", err
	case !info.IsDir():
		return "", fmt.Errorf("%s is a file; name the folder of the main package", dir)
	}
	return dir, nil
}

// validatePackage reads the package as the Go tool would for the image's platform.
func (p *goProgram) validatePackage(dir string) error {
	context := build.Default
	context.GOOS, context.GOARCH = "linux", architectures[p.options.Architecture].goarch
	context.CgoEnabled = false
	context.BuildTags = p.tags()
	found, err := context.ImportDir(dir, 0)
	if none := (*build.NoGoError)(nil); errors.As(err, &none) {
		return fmt.Errorf("folder %s holds no Go files for linux/%s; name the folder of a main package", dir, context.GOARCH)
	}
	if err != nil {
		return err
	}
	if found.Name != "main" {
		return fmt.Errorf("folder %s holds package %s, which is not a program; name the folder of a main package", dir, found.Name)
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
			errs = append(errs, fmt.Errorf("Include %q would become /%s/%s, which is %s; rename one of them", name, goFolder, target, other))
		}
		taken[target] = fmt.Sprintf("%q already", name)
		if _, err := os.Stat(source); err != nil {
			errs = append(errs, fmt.Errorf("Include %q: %w; names are relative to the package's folder", name, err))
		}
	}
	return errs
}

func (p *goProgram) tags() []string { return append([]string{timeZoneTag}, p.options.Tags...) }

// stage compiles the server and writes one archive per layer: what never changes, the adapter, the server.
func (p *goProgram) stage(context, _ string, port int) (recipe, error) {
	dir, err := p.folder()
	if err != nil {
		return recipe{}, err
	}
	binary, err := p.compile(dir)
	if err != nil {
		return recipe{}, err
	}
	layers := []string{"base", "adapter", "server"}
	write := map[string]func(file string) error{
		"base":    writeBase,
		"adapter": func(file string) error { return writeAdapter(file, p.options.Architecture) },
		"server":  func(file string) error { return p.writeServer(file, dir, binary) },
	}
	if p.options.Adapter != WithAdapter {
		layers = []string{"base", "server"}
	}
	dockerfile := "FROM scratch\n"
	for _, layer := range layers {
		file := layer + ".tar.gz"
		if err := write[layer](filepath.Join(context, file)); err != nil {
			return recipe{}, err
		}
		dockerfile += fmt.Sprintf("ADD %s /\n", file)
	}
	dockerfile += fmt.Sprintf("WORKDIR /%s\nUSER %d:%d\nEXPOSE %d\nENTRYPOINT [\"/%s/%s\"]\n",
		goFolder, goUser, goUser, port, goFolder, goBinary)
	if err := os.WriteFile(filepath.Join(context, "Dockerfile"), []byte(dockerfile), 0o644); err != nil {
		return recipe{}, err
	}
	return recipe{dockerfile: "Dockerfile", name: p.pkg}, nil
}

// compile returns the compiled server.
func (p *goProgram) compile(dir string) ([]byte, error) {
	temporary, err := os.MkdirTemp("", "cdkweb-go-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temporary)

	defer gobuild.IfSlow("compiling %s for linux/%s", p.pkg, architectures[p.options.Architecture].goarch)()
	output := filepath.Join(temporary, goBinary)
	arguments := append([]string{"build", "-o", output,
		"-tags", strings.Join(p.tags(), ","),
		"-ldflags", strings.TrimSpace("-s -w " + p.options.LDFlags)}, gobuild.Flags...)
	environment := append(os.Environ(), gobuild.CrossCompile(architectures[p.options.Architecture].goarch)...)
	if _, err := gobuild.Tool(dir, environment, append(arguments, ".")...); err != nil {
		return nil, fmt.Errorf("the package does not compile: %w", err)
	}
	return os.ReadFile(output)
}

func (p *goProgram) writeServer(file, dir string, binary []byte) error {
	archive := newArchive()
	if err := archive.folder(goFolder, 0o755); err != nil {
		return err
	}
	if err := archive.file(path.Join(goFolder, goBinary), 0o755, binary); err != nil {
		return err
	}
	for _, name := range p.options.Include {
		source := inside(dir, name)
		if err := archive.tree(path.Join(goFolder, filepath.Base(source)), source); err != nil {
			return fmt.Errorf("Include %q: %w", name, err)
		}
	}
	return archive.write(file)
}

// writeBase writes what a program needs of an operating system.
func writeBase(file string) error {
	archive := newArchive()
	certificates, err := rootCertificates()
	if err != nil {
		return err
	}
	return errors.Join(
		archive.file("etc/group", 0o644, []byte(group)),
		archive.file("etc/passwd", 0o644, []byte(passwd)),
		archive.file("etc/ssl/certs/ca-certificates.crt", 0o644, certificates),
		archive.folder("tmp", 0o1777),
		archive.write(file),
	)
}

// rootCertificates returns Mozilla's roots in the file format that Go, OpenSSL and others look for. A root that Mozilla trusts
// only under a condition is left out, because the format cannot say the condition.
func rootCertificates() ([]byte, error) {
	var certificates bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		if err := pem.Encode(&certificates, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}); err != nil {
			return nil, err
		}
	}
	return certificates.Bytes(), nil
}
