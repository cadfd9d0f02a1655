package dockerfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Start is what a container of an image starts: the entry point and the command, together. Both are
// in exec form. If they are not known, Unknown says why, as a part of a sentence, and Fix what to
// write into the Dockerfile.
type Start struct {
	EntryPoint, Cmd []string
	Unknown, Fix    string
}

// startConfig is the part of an image's configuration that says what is started.
type startConfig struct {
	entryPoint, cmd startCommand
	shell           []string // of the shell form; nil if the base image may bring another one
	image           string   // the base image, as FROM names it; empty for scratch
}

// startCommand is what ENTRYPOINT or CMD says.
type startCommand struct {
	words     []string
	known     bool
	shellForm *Instruction // in which it was written, if that is why it is not known
}

// linuxShell runs what is written in shell form, unless SHELL names another one.
var linuxShell = []string{"/bin/sh", "-c"}

// Start returns what an image of a stage starts, as far as the Dockerfile says so. The configuration
// of another image is not known, apart from that of scratch, which is empty. ONBUILD instructions of
// another image are taken to leave CMD alone.
func (f *File) Start(index int, args map[string]string) Start {
	if given := args["BUILDKIT_SYNTAX"]; f.foreign || given != "" && !ownSyntax.MatchString(given) {
		return Start{
			Unknown: "the directive syntax, or the build argument BUILDKIT_SYNTAX, names another " +
				"program than Docker's to read the Dockerfile",
			Fix: "leave it out",
		}
	}
	c, invalid := f.start(index, args)
	if invalid != nil {
		return Start{
			Unknown: fmt.Sprintf("line %d (%s) is not what Docker reads", invalid.First+1,
				invalid.Text),
			Fix: "check it with docker build",
		}
	}
	if c.entryPoint.known && c.cmd.known {
		return Start{EntryPoint: c.entryPoint.words, Cmd: c.cmd.words}
	}
	return c.unknown()
}

// start returns the configuration of a stage, or an instruction that Docker would refuse.
func (f *File) start(index int, args map[string]string) (c startConfig, invalid *Instruction) {
	parent, base, known := f.base(index, args)
	var own []Instruction
	switch {
	case parent >= 0:
		if c, invalid = f.start(parent, args); invalid != nil {
			return c, invalid
		}
		own = f.triggers(parent)
	case base == "scratch":
		c.entryPoint.known, c.cmd.known = true, true
		c.shell = linuxShell
	default:
		c.image = base
	}

	hasCmd := !known // by ONBUILD, if it is a stage of this file
	for _, i := range append(own, f.Stages[index].instructions...) {
		var ok bool
		switch i.keyword {
		case "SHELL":
			var isList bool
			c.shell, isList, ok = i.exec()
			ok = ok && isList && len(c.shell) > 0
		case "CMD":
			c.cmd, ok = c.command(i)
			hasCmd = true
		case "ENTRYPOINT":
			c.entryPoint, ok = c.command(i)
			if !hasCmd { // one of a stage before, or of the base image, counts no longer
				c.cmd = startCommand{known: true}
			}
		default:
			continue
		}
		if !ok || len(i.flags) > 0 {
			return c, &i
		}
	}
	return c, nil
}

// command returns what CMD or ENTRYPOINT says. It reports false for what Docker refuses.
func (c *startConfig) command(i Instruction) (startCommand, bool) {
	words, isList, ok := i.exec()
	switch {
	case !ok || isList:
		return startCommand{words: words, known: true}, ok
	case c.shell == nil:
		return startCommand{shellForm: &i}, true
	}
	return startCommand{words: append(slices.Clone(c.shell), i.arguments), known: true}, true
}

// exec returns the arguments if they are in exec form, a JSON array. What begins like one but is
// none is in shell form. An array of other things than strings is an error for Docker.
func (i *Instruction) exec() (words []string, isList, ok bool) {
	text := strings.TrimLeftFunc(i.arguments, unicode.IsSpace)
	var list []any
	if !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &list) != nil {
		return nil, false, true
	}
	for _, element := range list {
		word, isString := element.(string)
		if !isString {
			return nil, true, false
		}
		words = append(words, word)
	}
	return words, true, true
}

// unknown says why it is not known what is started, and what to do.
func (c *startConfig) unknown() Start {
	var s Start
	inherited := !c.entryPoint.known && c.entryPoint.shellForm == nil
	switch {
	case inherited && !c.cmd.known && c.cmd.shellForm == nil:
		s.Unknown = "the Dockerfile has neither ENTRYPOINT nor CMD, which FROM " + c.image +
			" may bring"
		s.Fix = "write the ENTRYPOINT and the CMD of that image into the Dockerfile; " +
			"ENTRYPOINT [] comes first if it has none"
	case c.entryPoint.known && c.cmd.shellForm == nil:
		s.Unknown = "the Dockerfile has ENTRYPOINT but no CMD, which FROM " + c.image +
			" may bring"
		s.Fix = "write CMD into it, or CMD [] for none"
	case inherited:
		s.Unknown = "the Dockerfile has CMD but no ENTRYPOINT, which FROM " + c.image +
			" may bring"
		s.Fix = "write the ENTRYPOINT of that image above CMD, or ENTRYPOINT [] if it has none; " +
			"docker inspect --format '{{json .Config.Entrypoint}}' " + c.image + " prints it"
	}
	for _, i := range []*Instruction{c.entryPoint.shellForm, c.cmd.shellForm} {
		if i == nil {
			continue
		}
		why := fmt.Sprintf("%s in line %d is in shell form, and FROM %s may bring a SHELL",
			i.keyword, i.First+1, c.image)
		fix := fmt.Sprintf(`write %s as a JSON array, or SHELL ["/bin/sh", "-c"] above it`,
			i.keyword)
		if s.Unknown != "" {
			why, fix = s.Unknown+"; "+why, s.Fix+"; "+fix
		}
		s.Unknown, s.Fix = why, fix
	}
	return s
}
