// Command cdkweb-docker stands in for docker when the CDK builds and pushes images, on machines
// that have no Docker:
//
//	CDK_DOCKER=cdkweb-docker cdk deploy
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/google/go-containerregistry/pkg/logs"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/build"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/progress"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/registry"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

const help = `usage: cdkweb-docker COMMAND [arguments]

Stands in for docker when the CDK builds and pushes images: no Docker is needed for images of
webimage.Go, nor for Dockerfiles that run nothing.

  CDK_DOCKER=cdkweb-docker cdk deploy

What the CDK calls
  build [flags] FOLDER     build an image; cdkweb-docker build --help lists the flags
  inspect [--format T] IMAGE...
                           say what an image is, in JSON
  tag IMAGE NAME           give an image another name
  login --username USER --password-stdin REGISTRY
                           take a password for a registry, from standard input, until the program
                           that calls this has ended
  push NAME                push an image to its registry
  images [--format T] [--filter reference=PATTERN]
                           list images
  load [--input FILE]      take images from an archive of docker save
What people call
  save [--output FILE] IMAGE...
                           write images as an archive for docker load
  logout REGISTRY          forget a login before its time
  prune                    remove all images that were built here
  version

A Dockerfile that runs programs (RUN), and every other command, goes to docker if there is one in
PATH. --config DIR before the command names the folder of Docker's configuration, as docker has it.

Images are kept in the cache folder of the user until they are pushed, and some time after.
  CDKWEB_DOCKER_CACHE      another folder for them
  CDKWEB_DOCKER_CACHE_SIZE the most that they may take, such as 2GB (default 5GB)

It ends with status 1 if something failed, 2 if the arguments are wrong, and 130 if it was
interrupted.
`

func main() { os.Exit(run(os.Args[1:])) }

// usageError is a mistake in the arguments.
type usageError struct{ error }

// statusError is the status of a program that has said itself what is wrong.
type statusError int

func (e statusError) Error() string { return fmt.Sprintf("status %d", int(e)) }

func run(args []string) int {
	logs.Warn.SetOutput(io.Discard) // what matters becomes an error
	ctx, stop := signal.NotifyContext(context.Background(), endings()...)
	defer stop()
	p := &program{ctx: ctx, in: os.Stdin, out: os.Stdout, err: os.Stderr}
	err := p.run(args)
	var usage usageError
	var status statusError
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil: // whatever failed for it
		fmt.Fprintln(p.err, "cdkweb-docker: interrupted; what was not finished is not kept")
		return 130
	case errors.As(err, &status):
		return int(status)
	case errors.As(err, &usage):
		fmt.Fprintf(
			p.err,
			"cdkweb-docker: %s; cdkweb-docker --help lists the commands\n",
			sentence(err),
		)
		return 2
	}
	fmt.Fprintf(p.err, "cdkweb-docker: %s\n", sentence(err))
	return 1
}

// endings are the signals that end the program in order. Who ignores that a terminal is closed, as
// nohup does, goes on.
func endings() []os.Signal {
	return slices.DeleteFunc(
		[]os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT},
		func(s os.Signal) bool { return s == syscall.SIGHUP && signal.Ignored(s) },
	)
}

// sentence is an error in one line, with what helps against a full disk.
func sentence(err error) string {
	text := strings.Join(
		slices.DeleteFunc(strings.Split(err.Error(), "\n"), func(line string) bool {
			return strings.TrimSpace(line) == ""
		}),
		"; ",
	)
	if errors.Is(err, syscall.ENOSPC) && !strings.Contains(text, "CDKWEB_DOCKER_CACHE") {
		text += "; free some space, or name a folder on another disk in CDKWEB_DOCKER_CACHE"
	}
	return strings.Map(func(r rune) rune { // what a registry says is no word to a terminal
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, text)
}

// program is one call.
type program struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer

	group  []string // the word before the command, for docker: image or buildx
	dir    string   // of the images
	store  *store.Store
	logins *registry.Logins
}

// commands are what this program does itself.
var commands = map[string]func(p *program, args []string) error{
	"build": (*program).build, "inspect": (*program).inspect, "tag": (*program).tag,
	"push":  (*program).push,
	"login": (*program).login, "logout": (*program).logout, "images": (*program).images,
	"save": (*program).save, "load": (*program).load, "prune": (*program).prune, "version": (*program).version,
}

// grouped are the commands that docker has below image and buildx, too.
var grouped = map[string][]string{
	"image":  {"build", "inspect", "tag", "push", "save", "load"},
	"buildx": {"build"},
}

// awaitLogin is the command that login starts in the background.
const awaitLogin = "await-login"

func (p *program) run(args []string) error {
	if isHelper(os.Args[0]) {
		return helper(args, p.in, p.out)
	}
	args, err := p.global(args)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		fmt.Fprint(p.err, help)
		return statusError(2)
	}
	name, rest := args[0], args[1:]
	switch name {
	case "help", "-h", "-help", "--help":
		_, err := io.WriteString(p.out, help)
		return err
	case "-v", "--version":
		name = "version"
	case "image", "buildx": // docker image build is docker build
		if len(rest) > 0 && slices.Contains(grouped[name], rest[0]) {
			p.group, name, rest = []string{name}, rest[0], rest[1:]
		}
	case awaitLogin:
		if len(rest) == 1 {
			return registry.Await(p.ctx, rest[0])
		}
	}
	command, ok := commands[name]
	switch {
	case ok && len(rest) == 1 && (rest[0] == "--help" || rest[0] == "-h"):
		text := help
		if name == "build" {
			text = buildHelp
		}
		_, err := io.WriteString(p.out, text)
		return err
	case name == "version":
		return p.version(rest)
	}
	if err := p.folders(); err != nil {
		return err
	}
	if !ok {
		return p.elsewhere(args)
	}
	err = p.logins.Sweep()
	if err == nil {
		p.store, err = store.Open(p.dir)
	}
	if err != nil {
		return fmt.Errorf("the folder for images %s cannot be used; name another in "+
			"CDKWEB_DOCKER_CACHE: %w", p.dir, err)
	}
	defer p.store.Close()
	size, err := cacheSize(os.Getenv("CDKWEB_DOCKER_CACHE_SIZE"))
	if err != nil {
		return err
	}
	if err := command(p, rest); err != nil {
		return err
	}
	if name == "build" || name == "push" {
		if err := p.store.Prune(size, pruneAge); err != nil { // what was asked for is done
			p.log("old images were not removed: %s", sentence(err))
		}
	}
	return nil
}

// pruneAge is how long images are kept that nobody uses.
const pruneAge = 14 * 24 * time.Hour

// global reads the flags before the command.
func (p *program) global(args []string) ([]string, error) {
	for len(args) > 0 && strings.HasPrefix(args[0], "--config") {
		value, ok := strings.CutPrefix(args[0], "--config=")
		if !ok {
			if args[0] != "--config" || len(args) < 2 {
				return nil, usageError{fmt.Errorf("%s must be --config and a folder", args[0])}
			}
			value, args = args[1], args[1:]
		}
		args = args[1:]
		if err := os.Setenv("DOCKER_CONFIG", value); err != nil {
			return nil, err
		}
	}
	return args, nil
}

// folders finds where images and logins are.
func (p *program) folders() error {
	p.dir = os.Getenv("CDKWEB_DOCKER_CACHE")
	if p.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf(
				"there is no folder for images; name one in CDKWEB_DOCKER_CACHE: %w",
				err,
			)
		}
		p.dir = filepath.Join(cache, "cdkweb-docker")
	}
	dir, err := filepath.Abs(p.dir)
	if err != nil {
		return err
	}
	p.dir = dir
	p.logins = &registry.Logins{Dir: filepath.Join(dir, "logins"), Run: registry.ThisRun()}
	return nil
}

// cacheSize reads a number of bytes: 500MB, 5GB.
func cacheSize(text string) (int64, error) {
	if text == "" {
		return 5e9, nil
	}
	number, factor := strings.ToUpper(strings.TrimSpace(text)), int64(1)
	for _, unit := range []struct {
		suffix string
		bytes  int64
	}{{"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1}} {
		if cut, ok := strings.CutSuffix(number, unit.suffix); ok {
			number, factor = cut, unit.bytes
			break
		}
	}
	var n int64
	if _, err := fmt.Sscanf(number+" ", "%d ", &n); err != nil || n < 0 || n > 1<<62/factor ||
		fmt.Sprint(n) != strings.TrimSpace(number) {
		return 0, fmt.Errorf(
			"CDKWEB_DOCKER_CACHE_SIZE must be a size such as 500MB or 5GB, got %q",
			text,
		)
	}
	return n * factor, nil
}

func (p *program) log(format string, args ...any) {
	fmt.Fprintf(p.err, "cdkweb-docker: "+format+"\n", args...)
}

// client talks to registries, as whom login and Docker's configuration say.
func (p *program) client() *registry.Client {
	return &registry.Client{Keychain: p.logins.Keychain(), Log: p.log}
}

func (p *program) version(args []string) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(p.out, "cdkweb-docker %s\n", version)
	return err
}

func (p *program) prune(args []string) error {
	if len(args) > 0 && !slices.Equal(args, []string{"--force"}) {
		return usageError{fmt.Errorf("prune takes no arguments, got %q", args)}
	}
	return p.store.Prune(0, 0)
}

func (p *program) tag(args []string) error {
	if len(args) != 2 {
		return usageError{fmt.Errorf("tag takes an image and a name, got %d arguments", len(args))}
	}
	target, err := build.FullName(args[1])
	if err != nil {
		return err
	}
	if strings.Contains(target, "@") {
		return fmt.Errorf("tag: %q has a digest, and a name of its own is needed", args[1])
	}
	image, found, err := p.find(args[0])
	if err != nil {
		return err
	}
	if found {
		return p.store.Tag(target, image.Descriptor)
	}
	if outside, err := p.outside(args[0]); err != nil || !outside {
		return errors.Join(err, missing(args[0]))
	}
	if err := p.docker(p.asked("tag", args...)); err != nil {
		return err
	}
	return p.store.TagOutside(target)
}

// missing is the error of an image that is not here.
func missing(image string) error {
	return fmt.Errorf("there is no image %s here; build it first", image)
}

// outside reports whether docker may have an image that is not here: it has built it for this
// program, or is there to be asked.
func (p *program) outside(image string) (bool, error) {
	if built, err := p.builtOutside(image); err != nil || built {
		return built, err
	}
	_, err := findDocker()
	return err == nil, nil
}

// builtOutside reports whether docker has built an image for this program.
func (p *program) builtOutside(image string) (bool, error) {
	name, err := build.FullName(image)
	if err != nil {
		return false, nil
	}
	return p.store.Outside(name)
}

func (p *program) push(args []string) error {
	args = slices.DeleteFunc(args, func(arg string) bool { return arg == "--quiet" || arg == "-q" })
	if len(args) != 1 || strings.HasPrefix(args[0], "-") {
		return usageError{fmt.Errorf("push takes the name of an image, got %q", args)}
	}
	image, found, err := p.find(args[0])
	if err != nil {
		return err
	}
	if !found {
		if outside, err := p.outside(args[0]); err != nil || !outside {
			return errors.Join(err, missing(args[0]))
		}
		return p.docker(p.asked("push", args[0]))
	}
	name := image.Name
	if full, err := build.FullName(args[0]); err != nil || full != name { // as docker has it
		return fmt.Errorf("push takes the name of an image, got the id %s; give it a name with tag",
			args[0])
	}
	content, err := p.store.Image(image.Digest)
	if err != nil {
		return err
	}
	client := p.client()
	started := time.Now()
	p.log("pushing %s", name)
	pushed, err := client.Push(p.ctx, name, image.Descriptor, content, store.Sources(image.Descriptor))
	if err != nil && p.ctx.Err() == nil {
		if damaged := p.store.RemoveDamaged(p.ctx, image.Descriptor); damaged != nil {
			return fmt.Errorf("push %s: %w", name, damaged)
		}
	}
	if err != nil {
		return err
	}
	if pushed.There {
		p.log("the registry has it already")
	} else {
		p.log("pushed %s in %s (the registry had %d of %d parts)", progress.Bytes(pushed.Bytes),
			time.Since(started).Round(10*time.Millisecond), pushed.Had, pushed.Had+pushed.Sent)
	}
	if err := p.attach(client, name, image.Descriptor.Digest); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.out, "%s: digest: %s size: %d\n", name, image.Digest, image.Size)
	return err
}

// save writes images as docker save does.
func (p *program) save(args []string) error {
	output := ""
	var names []string
	for i := 0; i < len(args); i++ {
		value, ok := strings.CutPrefix(args[i], "--output=")
		switch {
		case ok:
			output = value
		case args[i] == "--output" || args[i] == "-o":
			if i++; i == len(args) {
				return usageError{errors.New("--output must be followed by a file")}
			}
			output = args[i]
		case strings.HasPrefix(args[i], "-"):
			return usageError{fmt.Errorf("save has no flag %s", args[i])}
		default:
			names = append(names, args[i])
		}
	}
	if len(names) == 0 {
		return usageError{errors.New("save takes the names of images")}
	}
	if output == "" {
		return p.writeArchive(p.out, names)
	}
	file, err := os.CreateTemp(filepath.Dir(output), ".cdkweb-docker-")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--output %s: its folder does not exist", output)
	}
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if err := errors.Join(p.writeArchive(file, names), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), output)
}
