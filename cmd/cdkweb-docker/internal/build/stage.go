package build

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
	mode "github.com/tonistiigi/dchapes-mode"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/rootfs"
)

// defaultPath is the PATH of an image that has none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// build builds a stage, and before it those that it needs.
func (r *run) build(s *stage) error {
	if s.built {
		return nil
	}
	s.built = true
	if err := r.start(s); err != nil {
		return err
	}
	commands := slices.Clone(s.Commands)
	if len(s.onBuild) > 0 {
		triggers, err := parseTriggers(s.onBuild)
		if err != nil {
			return fmt.Errorf("ONBUILD of %s: %w", s.image, err)
		}
		for _, trigger := range triggers {
			if err := needsDocker(trigger); err != nil {
				return err
			}
		}
		commands = append(triggers, commands...)
	}
	for _, command := range commands {
		if err := r.ctx.Err(); err != nil {
			return err
		}
		if err := r.do(s, command); err != nil {
			return at(command, err)
		}
	}
	return nil
}

func parseTriggers(texts []string) ([]instructions.Command, error) {
	var triggers []instructions.Command
	for _, text := range texts {
		parsed, err := parser.Parse(strings.NewReader(text))
		if err != nil {
			return nil, err
		}
		for _, node := range parsed.AST.Children {
			command, err := instructions.ParseCommand(node)
			if err != nil {
				return nil, err
			}
			triggers = append(triggers, command)
		}
	}
	return triggers, nil
}

// start gives a stage what it is built from.
func (r *run) start(s *stage) error {
	s.programs = map[string]*rootfs.Content{}
	switch {
	case s.parent != nil:
		if err := r.build(s.parent); err != nil {
			return err
		}
		s.tree, s.config = s.parent.tree.Clone(), *s.parent.config.DeepCopy()
		s.layers, s.docker = slices.Clone(s.parent.layers), s.parent.docker
		s.env = slices.Clone(s.parent.env)
		s.programs = maps.Clone(s.parent.programs)
	case s.image == "scratch":
		s.tree, s.docker = rootfs.New(), true
		s.config = v1.ConfigFile{
			Architecture: s.platform.Architecture, OS: s.platform.OS, Variant: s.platform.Variant,
			Config: v1.Config{WorkingDir: "/"},
		}
	default:
		from, err := r.base(s.image, s.platform)
		if err != nil {
			return err
		}
		s.tree, s.config = from.tree.Clone(), *from.config.DeepCopy()
		s.layers, s.docker = slices.Clone(from.layers), from.docker
		s.env = slices.Clone(s.config.Config.Env)
	}
	s.onBuild, s.config.Config.OnBuild = s.config.Config.OnBuild, nil
	if !slices.ContainsFunc(s.config.Config.Env, func(set string) bool {
		return strings.HasPrefix(set, "PATH=")
	}) {
		s.config.Config.Env = append(s.config.Config.Env, "PATH="+defaultPath)
		s.env = setEnv(s.env, "PATH", defaultPath)
	}
	return nil
}

// do carries out an instruction.
func (r *run) do(s *stage, command instructions.Command) error {
	environment := shell.EnvsFromSlice(s.env)
	if _, isArgument := command.(*instructions.ArgCommand); !isArgument {
		if expanding, ok := command.(instructions.SupportsSingleWordExpansion); ok {
			if err := expanding.Expand(func(word string) (string, error) {
				expanded, _, err := r.lex.ProcessWord(word, environment)
				return expanded, err
			}); err != nil {
				return err
			}
		}
	}
	if expanding, ok := command.(instructions.SupportsSingleWordExpansionRaw); ok {
		if err := expanding.ExpandRaw(func(word string) (string, error) {
			lex := shell.NewLex('\\')
			lex.SkipProcessQuotes = true
			expanded, _, err := lex.ProcessWord(word, environment)
			return expanded, err
		}); err != nil {
			return err
		}
	}
	if err := needsDocker(command); err != nil { // with what the variables hold
		return err
	}
	r.Log("%s", short(fmt.Sprint(command)))

	config := &s.config.Config
	switch command := command.(type) {
	case *instructions.AddCommand:
		unpack := command.Unpack == nil || *command.Unpack
		return r.copy(s, command, copyStep{
			SourcesAndDest: command.SourcesAndDest, chown: command.Chown, chmod: command.Chmod,
			exclude: command.ExcludePatterns, unpack: unpack,
		})
	case *instructions.CopyCommand:
		step := copyStep{
			SourcesAndDest: command.SourcesAndDest, chown: command.Chown, chmod: command.Chmod,
			exclude: command.ExcludePatterns,
		}
		if command.From != "" {
			var err error
			if step.from, err = r.from(s, command); err != nil {
				return err
			}
		}
		return r.copy(s, command, step)
	case *instructions.WorkdirCommand:
		return r.workdir(s, command)
	case *instructions.EnvCommand:
		for _, set := range command.Env {
			s.env = setEnv(s.env, set.Key, set.Value)
			config.Env = setEnv(config.Env, set.Key, set.Value)
		}
	case *instructions.ArgCommand:
		for _, argument := range command.Args {
			value, ok := r.options.Args[argument.Key]
			if !ok && argument.Value == nil {
				value, ok = environmentOf(r.globals).Get(argument.Key)
			} else if !ok {
				var err error
				value, _, err = r.lex.ProcessWord(*argument.Value, environmentOf(s.env))
				if err != nil {
					return err
				}
				ok = true
			}
			if ok {
				s.env = setEnv(s.env, argument.Key, value)
			}
		}
	case *instructions.LabelCommand:
		if config.Labels == nil {
			config.Labels = map[string]string{}
		}
		for _, set := range command.Labels {
			config.Labels[set.Key] = set.Value
		}
	case *instructions.CmdCommand:
		config.Cmd = s.words(command.ShellDependantCmdLine)
		config.ArgsEscaped = true // as Docker sets it
		s.cmdSet = true
	case *instructions.EntrypointCommand:
		config.Entrypoint = s.words(command.ShellDependantCmdLine)
		if !s.cmdSet { // one of the base image counts no longer
			config.Cmd = nil
		}
	case *instructions.UserCommand:
		config.User = command.User
	case *instructions.ExposeCommand:
		return r.expose(s, command)
	case *instructions.VolumeCommand:
		if config.Volumes == nil {
			config.Volumes = map[string]struct{}{}
		}
		for _, volume := range command.Volumes {
			config.Volumes[volume] = struct{}{}
		}
	case *instructions.StopSignalCommand:
		if err := checkSignal(command.Signal); err != nil {
			return err
		}
		config.StopSignal = command.Signal
	case *instructions.ShellCommand:
		config.Shell = command.Shell
	case *instructions.HealthCheckCommand:
		config.Healthcheck = &v1.HealthConfig{
			Test: command.Health.Test, Retries: command.Health.Retries,
			Interval: command.Health.Interval, Timeout: command.Health.Timeout,
			StartPeriod: command.Health.StartPeriod,
		}
	case *instructions.OnbuildCommand:
		config.OnBuild = append(config.OnBuild, command.Expression)
		return nil // Docker has no history of these
	case *instructions.MaintainerCommand:
		s.config.Author = command.Maintainer
	default:
		return &NeedsDocker{place(command) + " is not known here"}
	}
	s.remember(command, true)
	return nil
}

func environmentOf(list []string) shell.EnvGetter { return shell.EnvsFromSlice(list) }

// remember adds an instruction to the image's history.
func (s *stage) remember(command instructions.Command, empty bool) {
	s.config.History = append(s.config.History, v1.History{
		Created:    v1.Time{Time: rootfs.Epoch},
		CreatedBy:  fmt.Sprint(command),
		Comment:    "cdkweb-docker",
		EmptyLayer: empty,
	})
}

// words are what CMD and ENTRYPOINT start.
func (s *stage) words(line instructions.ShellDependantCmdLine) []string {
	if !line.PrependShell {
		return line.CmdLine
	}
	shell := s.config.Config.Shell
	if len(shell) == 0 {
		shell = []string{"/bin/sh", "-c"}
	}
	return append(slices.Clone(shell), strings.Join(line.CmdLine, " "))
}

// inside returns a path that may be relative to the working folder. It keeps a slash at the end.
func (s *stage) inside(name string) string {
	if name == "." || name == "" {
		name = "./"
	}
	if !path.IsAbs(name) {
		joined := path.Join("/", s.config.Config.WorkingDir, name)
		if strings.HasSuffix(name, "/") || path.Base(name) == "." {
			joined = strings.TrimSuffix(joined, "/") + "/"
		}
		return joined
	}
	if path.Base(name) == "." {
		return path.Clean(name) + "/"
	}
	return name
}

func (r *run) workdir(s *stage, command *instructions.WorkdirCommand) error {
	folder := command.Path
	if !path.IsAbs(folder) {
		folder = path.Join("/", s.config.Config.WorkingDir, folder)
	}
	s.config.Config.WorkingDir = folder // Docker keeps what is absolute as it is written
	owner, err := s.user(s.config.Config.User)
	if err != nil {
		return err
	}
	if err := s.tree.MkdirAll(folder, 0o755, owner); err != nil {
		return err
	}
	return r.commit(s, command)
}

// user returns the numbers of a user, as --chown names one: names are looked up in the image, and
// one that is not there is root.
func (s *stage) user(text string) (rootfs.Owner, error) {
	var owner rootfs.Owner
	if text == "" {
		return owner, nil
	}
	user, group, hasGroup := strings.Cut(text, ":")
	if id, ok, err := ownerNumber(user); err != nil {
		return owner, err
	} else if ok {
		owner = rootfs.Owner{UID: id, GID: id}
	} else if user != "root" && user != "" {
		fields := s.lookup("/etc/passwd", user, 4)
		if fields != nil {
			owner = rootfs.Owner{UID: number(fields[2]), GID: number(fields[3])}
		}
	}
	if !hasGroup {
		return owner, nil
	}
	if id, ok, err := ownerNumber(group); err != nil {
		return owner, err
	} else if ok {
		owner.GID = id
	} else if group == "root" {
		owner.GID = 0
	} else if fields := s.lookup("/etc/group", group, 3); fields != nil {
		owner.GID = number(fields[2])
	}
	return owner, nil
}

// ownerNumber reads the number of a user or a group. It reports false for a name.
func ownerNumber(text string) (int, bool, error) {
	digits := strings.TrimLeft(text, "+-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false, nil
	}
	const most = 1<<32 - 2 // Linux has the number above for none
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 || id > most {
		return 0, false, fmt.Errorf(
			"the owner must be a name or a number from 0 to %d, got %q", int64(most), text)
	}
	return int(id), true, nil
}

// lookup returns the line of a name in one of the files of users.
func (s *stage) lookup(file, name string, fields int) []string {
	content, err := s.tree.ReadFile(file, 1<<20)
	if err != nil {
		return nil // an image without the file knows no names
	}
	for line := range strings.Lines(string(content)) {
		found := strings.Split(strings.TrimSpace(line), ":")
		if len(found) >= fields && found[0] == name {
			return found
		}
	}
	return nil
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0
	}
	return n
}

// copyStep is what COPY or ADD says.
type copyStep struct {
	instructions.SourcesAndDest
	from         *rootfs.Tree // nil for the build context
	chown, chmod string
	exclude      []string
	unpack       bool
}

func (r *run) copy(s *stage, command instructions.Command, step copyStep) error {
	options := rootfs.CopyOptions{Exclude: step.exclude}
	if step.chown != "" {
		owner, err := s.user(step.chown)
		if err != nil {
			return err
		}
		options.Owner = &owner
	}
	if err := parseChmod(step.chmod, &options); err != nil {
		return err
	}
	from := step.from
	if from == nil && len(step.SourcePaths) > 0 {
		var err error
		if from, err = r.context(); err != nil {
			return err
		}
	}
	to := s.inside(step.DestPath)
	for _, source := range step.SourcePaths {
		names, err := from.Match(source)
		if err != nil {
			return err
		}
		for _, name := range names {
			if step.unpack {
				unpacked, err := r.unpack(s, from, name, to, options.Owner)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				if unpacked {
					continue
				}
			}
			if err := s.tree.Copy(from, name, to, options); err != nil {
				return err
			}
		}
	}
	for _, document := range step.SourceContents {
		single := rootfs.New()
		if err := single.AddFile(document.Path, 0o644, []byte(document.Data)); err != nil {
			return err
		}
		if err := s.tree.Copy(single, document.Path, to, options); err != nil {
			return err
		}
	}
	return r.commit(s, command)
}

// parseChmod reads --chmod: numbers in octal, or letters.
func parseChmod(text string, options *rootfs.CopyOptions) error {
	if text == "" {
		return nil
	}
	if bits, err := strconv.ParseUint(text, 8, 32); err == nil && bits <= 0o7777 {
		options.Chmod = func(int64, bool) int64 { return int64(bits) }
		options.Dirs = int64(bits)
		return nil
	}
	set, err := mode.ParseWithUmask(text, 0)
	if err != nil {
		return fmt.Errorf("--chmod must be octal up to 7777, or letters such as u+x, got %q", text)
	}
	options.Chmod = func(old int64, dir bool) int64 { return applyMode(set, old, dir) }
	return nil
}

// from returns the files that COPY --from names.
func (r *run) from(s *stage, command *instructions.CopyCommand) (*rootfs.Tree, error) {
	source, err := r.source(s, command)
	if err != nil {
		return nil, err
	}
	if source != nil {
		if err := r.build(source); err != nil {
			return nil, err
		}
		return source.tree, nil
	}
	if name, ok := r.contextNamed(command.From); ok {
		return r.namedContext(name, r.options.Contexts[name], s.platform)
	}
	found, err := r.base(command.From, s.platform)
	if err != nil {
		return nil, err
	}
	return found.tree, nil
}

func (r *run) expose(s *stage, command *instructions.ExposeCommand) error {
	if s.config.Config.ExposedPorts == nil {
		s.config.Config.ExposedPorts = map[string]struct{}{}
	}
	for _, text := range command.Ports {
		words, err := r.lex.ProcessWords(text, shell.EnvsFromSlice(s.env))
		if err != nil {
			return err
		}
		for _, word := range words {
			ports, err := parsePorts(word)
			if err != nil {
				return err
			}
			for _, port := range ports {
				s.config.Config.ExposedPorts[port] = struct{}{}
			}
		}
	}
	s.remember(command, true)
	return nil
}

// parsePorts reads a port of EXPOSE: 80, 80/udp, 8000-8010. What stands before a colon is for
// docker run and not part of the image.
func parsePorts(text string) ([]string, error) {
	wrong := fmt.Errorf(
		"EXPOSE must have ports from 1 to 65535, such as 8080, 53/udp or 8000-8010, got %q",
		text,
	)
	container := text
	if i := strings.LastIndex(text, ":"); i >= 0 {
		container = text[i+1:]
		host := strings.Split(text[:i], ":")
		if len(host) == 2 && host[0] != "" && net.ParseIP(host[0]) == nil {
			return nil, wrong
		}
	}
	ports, protocol, given := strings.Cut(container, "/")
	protocol = strings.ToLower(protocol)
	if !given {
		protocol = "tcp"
	}
	if !slices.Contains([]string{"tcp", "udp", "sctp"}, protocol) {
		return nil, wrong
	}
	from, to, isRange := strings.Cut(ports, "-")
	if !isRange {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || first > last {
		return nil, wrong
	}
	var all []string
	for port := first; port <= last; port++ {
		all = append(all, fmt.Sprintf("%d/%s", port, protocol))
	}
	return all, nil
}

// errNoContext is for names that a build cannot use.
var errNoContext = errors.New("a named context must be a folder, or docker-image:// and an image")

// elsewhere is how a named context is written that is no folder of this machine.
var elsewhere = regexp.MustCompile(`://|^git@|^target:`)

func (r *run) namedContext(name, where string, platform v1.Platform) (*rootfs.Tree, error) {
	if image, ok := strings.CutPrefix(where, "docker-image://"); ok {
		found, err := r.base(image, platform)
		if err != nil {
			return nil, err
		}
		return found.tree, nil
	}
	if elsewhere.MatchString(where) {
		return nil, &NeedsDocker{fmt.Sprintf("the build context %s=%s lies elsewhere", name, where)}
	}
	if info, err := os.Stat(where); err != nil || !info.IsDir() {
		return nil, fmt.Errorf("%s=%s: %w", name, where, errNoContext)
	}
	ignored, err := readIgnoreFiles(filepath.Join(where, ignoreFile))
	if err != nil {
		return nil, err
	}
	return rootfs.FromFolder(r.ctx, where, ignored)
}

// context returns what the build sees of its folder.
func (r *run) context() (*rootfs.Tree, error) {
	if r.seen == nil {
		seen, err := rootfs.FromFolder(r.ctx, r.options.Context, r.ignored)
		if err != nil {
			return nil, err
		}
		r.seen = seen
	}
	return r.seen, nil
}

// unpack does what ADD does with an archive. It reports false for what is none.
func (r *run) unpack(
	s *stage, from *rootfs.Tree, name, to string, owner *rootfs.Owner,
) (bool, error) {
	resolved, err := from.Resolve(name)
	if err != nil {
		return false, err
	}
	file := from.Lookup(resolved)
	if file == nil || file.Content == nil {
		return false, nil
	}
	open := func() (io.ReadCloser, error) {
		in, err := file.Content.Open()
		if err != nil {
			return nil, err
		}
		return decompress(in)
	}
	archive, ok, err := openArchive(open)
	if !ok || err != nil {
		return false, err
	}
	defer archive.Close()
	kept, err := r.spool()
	if err != nil {
		return false, err
	}
	return true, s.tree.Unpack(archive.Reader, to, owner, kept.keep)
}

// commit makes a layer of what an instruction has changed.
func (r *run) commit(s *stage, command instructions.Command) error {
	if !s.tree.Changed() {
		s.remember(command, true)
		return nil
	}
	made, err := r.newLayer(s)
	if err != nil {
		return err
	}
	s.layers = append(s.layers, made)
	s.remember(command, false)
	return nil
}

// magic is how programs for Linux begin.
var magic = []byte("\x7fELF")

// note remembers a program that is put into the image.
func (s *stage) note(name string, file *rootfs.File) {
	delete(s.programs, name)
	if file.Mode&0o111 == 0 {
		return
	}
	in, err := file.Content.Open()
	if err != nil {
		return // it was read a moment ago
	}
	defer in.Close()
	first := make([]byte, len(magic))
	if _, err := io.ReadFull(in, first); err == nil && bytes.Equal(first, magic) {
		s.programs[name] = file.Content
	}
}
