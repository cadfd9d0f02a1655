package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/build"
	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/rootfs"
)

const buildHelp = `usage: cdkweb-docker build [flags] FOLDER

Builds the image of a Dockerfile that runs nothing: FROM, COPY, ADD, ENV, ARG, WORKDIR, USER,
EXPOSE, LABEL, ENTRYPOINT, CMD and the like, with any number of stages. FOLDER is what COPY takes
files from.

  --tag, -t NAME           name of the image; may be repeated
  --file, -f FILE          the Dockerfile (default: Dockerfile in FOLDER)
  --build-arg NAME=VALUE   value of an ARG; NAME alone takes the environment's
  --build-context NAME=FOLDER
                           another folder for COPY --from=NAME, or docker-image://IMAGE
  --label NAME=VALUE       label of the image
  --platform PLATFORM      linux/amd64 or linux/arm64 (default: this machine's CPU)
  --target STAGE           the stage to build (default: the last)
  --iidfile FILE           write the image's id to a file
  --quiet, -q              print the image's id alone

--secret, --ssh, --network and others that only RUN takes notice of change nothing, nor do caches:
--cache-from, --cache-to, --no-cache. Flags that ask for more, such as --output type=local, go to
docker.
`

// buildFlags are the flags of docker build.
type buildFlags struct {
	build.Options
	tags    []string
	iidFile string
	quiet   bool
	help    bool
	docker  string // a flag that only docker knows what to do with
}

// What to do with a flag of docker build.
type flagKind int

const (
	takes   flagKind = iota // a value, which is used
	passes                  // a value, which changes nothing
	is                      // no value
	passing                 // no value, and changes nothing
	asks                    // a value, for docker
	asking                  // no value, for docker
)

var buildFlagKinds = map[string]flagKind{
	"tag": takes, "file": takes, "build-arg": takes, "build-context": takes, "label": takes,
	"platform": takes, "target": takes, "iidfile": takes, "quiet": is, "help": is,

	"add-host": passes, "allow": passes, "builder": passes, "cache-from": passes,
	"cache-to": passes, "cgroup-parent": passes, "cpu-period": passes, "cpu-quota": passes,
	"cpu-shares": passes, "cpuset-cpus": passes, "cpuset-mems": passes, "isolation": passes,
	"memory": passes, "memory-swap": passes, "network": passes, "no-cache-filter": passes,
	"progress": passes, "secret": passes,
	"security-opt": passes, "shm-size": passes, "ssh": passes, "ulimit": passes,
	"compress": passing, "debug": passing, "disable-content-trust": passing, "force-rm": passing,
	"load": passing, "no-cache": passing, "pull": passing, "rm": passing,

	"annotation": asks, "attest": asks, "call": asks, "metadata-file": asks, "output": asks,
	"provenance": asks, "sbom": asks,
	"check": asking, "push": asking, "squash": asking,
}

var shortBuildFlags = map[byte]string{
	't': "tag",
	'f': "file",
	'q': "quiet",
	'h': "help",
	'o': "output",
	'm': "memory",
	'c': "cpu-shares",
	'D': "debug",
}

// isDefault reports whether a flag asks for what is done without it.
func isDefault(name, value string) bool {
	switch name {
	case "output":
		return value == "type=docker" || value == "type=image"
	case "provenance", "sbom":
		return value == "false"
	}
	return false
}

// parseBuild reads the arguments of docker build.
func parseBuild(args []string) (buildFlags, error) {
	f := buildFlags{Options: build.Options{
		Args: map[string]string{}, Labels: map[string]string{}, Contexts: map[string]string{},
	}}
	var folders []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		name, value, hasValue := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			folders, args = append(folders, args...), nil
			continue
		case strings.HasPrefix(name, "--"):
			name = name[2:]
		case len(arg) > 1 && arg[0] == '-':
			long, ok := shortBuildFlags[arg[1]]
			if !ok {
				return f, usageError{fmt.Errorf("build has no flag -%c", arg[1])}
			}
			kind := buildFlagKinds[long]
			name, value, hasValue = long, strings.TrimPrefix(arg[2:], "="), len(arg) > 2
			if kind == is || kind == passing || kind == asking {
				if hasValue && arg[2] != '=' { // several in one, such as -qt
					args = append([]string{"-" + arg[2:]}, args...)
					value, hasValue = "", false
				}
			}
		default:
			folders = append(folders, arg)
			continue
		}
		kind, ok := buildFlagKinds[name]
		if !ok {
			return f, usageError{fmt.Errorf("build has no flag --%s", name)}
		}
		if kind == is || kind == passing || kind == asking {
			if hasValue && value != "true" && value != "false" {
				return f, usageError{fmt.Errorf("--%s must be true or false, got %q", name, value)}
			}
			if value == "false" {
				continue
			}
		} else if !hasValue {
			if len(args) == 0 {
				return f, usageError{fmt.Errorf("--%s must be followed by a value", name)}
			}
			value, args = args[0], args[1:]
		}
		if kind == asks && !isDefault(name, value) || kind == asking {
			f.docker = "the flag --" + name
		}
		if err := f.set(name, value); err != nil {
			return f, usageError{err}
		}
	}
	if f.help {
		return f, nil
	}
	if len(folders) != 1 {
		return f, usageError{fmt.Errorf("build takes one folder, got %d", len(folders))}
	}
	f.Context = folders[0]
	return f, nil
}

// set takes over a flag.
func (f *buildFlags) set(name, value string) error {
	pair := func() (string, string, error) {
		key, value, ok := strings.Cut(value, "=")
		if !ok || key == "" {
			return "", "", fmt.Errorf("--%s must be NAME=VALUE, got %q", name, key)
		}
		return key, value, nil
	}
	switch name {
	case "tag":
		full, err := build.FullName(value)
		if err != nil || strings.Contains(full, "@") {
			return fmt.Errorf(
				"--tag must be the name of an image, such as example.com/team/image:tag, got %q",
				value,
			)
		}
		f.tags = append(f.tags, full)
	case "file":
		f.Dockerfile = value
	case "build-arg":
		key, value, ok := strings.Cut(value, "=")
		if key == "" {
			return errors.New("--build-arg must be NAME=VALUE, got no name")
		}
		if !ok {
			if value, ok = os.LookupEnv(key); !ok {
				return nil // as docker has it
			}
		}
		f.Args[key] = value
	case "build-context":
		key, value, err := pair()
		if err != nil {
			return err
		}
		f.Contexts[key] = value
	case "label":
		key, value, _ := strings.Cut(value, "=")
		if key == "" {
			return errors.New("--label must be NAME=VALUE, got no name")
		}
		f.Labels[key] = value
	case "platform":
		platform, err := build.ParsePlatform(value)
		if err != nil {
			if strings.Contains(value, ",") {
				f.docker = "the flag --platform with several platforms"
				return nil
			}
			return fmt.Errorf("--%w", err)
		}
		f.Platform = platform
	case "target":
		f.Target = value
	case "iidfile":
		f.iidFile = value
	case "quiet":
		f.quiet = true
	case "help":
		f.help = true
	}
	return nil
}

func (p *program) build(args []string) error {
	flags, err := parseBuild(args)
	if err != nil {
		return err
	}
	if flags.help {
		_, err := fmt.Fprint(p.out, buildHelp)
		return err
	}
	if flags.docker != "" {
		return p.dockerBuild(flags, args, flags.docker+" asks for it")
	}
	if flags.Context == "-" || strings.Contains(flags.Context, "://") {
		return p.dockerBuild(flags, args, fmt.Sprintf("its context %s is no folder", flags.Context))
	}
	info, err := os.Stat(flags.Context)
	if err != nil {
		return fmt.Errorf("build: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf(
			"build: %s is a file; name the folder that COPY takes files from",
			flags.Context,
		)
	}
	// A Dockerfile is looked for where the program was called, as docker does.
	if flags.Dockerfile == "-" {
		return p.dockerBuild(flags, args, "its Dockerfile comes from standard input")
	}
	log := p.log
	if flags.quiet {
		log = func(string, ...any) {}
	}
	if flags.Args["SOURCE_DATE_EPOCH"] != "" {
		p.log("SOURCE_DATE_EPOCH changes no times; all that a build makes is of %s",
			rootfs.Epoch.Format(time.DateOnly))
	}
	builder := &build.Builder{Store: p.store, Pull: p.client().Pull, Log: log}
	image, err := builder.Build(p.ctx, flags.Options)
	if needs := (*build.NeedsDocker)(nil); errors.As(err, &needs) {
		return p.dockerBuild(flags, args, needs.Why)
	}
	if err != nil {
		return err
	}
	if err := p.ctx.Err(); err != nil {
		return err
	}
	for _, tag := range flags.tags {
		if err := p.store.Tag(tag, image.Descriptor); err != nil {
			return err
		}
	}
	if len(flags.tags) == 0 { // it can be named by its id
		if err := p.store.Tag("<none>@"+image.ID.String(), image.Descriptor); err != nil {
			return err
		}
	}
	if flags.iidFile != "" {
		if err := os.WriteFile(flags.iidFile, []byte(image.ID.String()), 0o644); err != nil {
			return err
		}
	}
	if flags.quiet {
		_, err = fmt.Fprintln(p.out, image.ID)
		return err
	}
	p.log("built %s %s", strings.Join(slices.Concat(flags.tags), ", "), image.Digest)
	return nil
}

// dockerBuild has docker build an image, and remembers that it has it.
func (p *program) dockerBuild(flags buildFlags, args []string, why string) error {
	if _, err := findDocker(); err != nil {
		return fmt.Errorf("this build needs Docker, and %w: %s", err, why)
	}
	if !flags.quiet {
		p.log("docker builds this: %s", why)
	}
	if err := p.docker(p.asked("build", args...)); err != nil {
		return err
	}
	for _, tag := range flags.tags {
		if err := p.store.TagOutside(tag); err != nil {
			return err
		}
	}
	return nil
}

// pathFolders are the folders of PATH, without the working folder, which an empty name means.
func pathFolders() []string {
	folders := filepath.SplitList(os.Getenv("PATH"))
	return slices.DeleteFunc(folders, func(folder string) bool { return folder == "" })
}
