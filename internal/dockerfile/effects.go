package dockerfile

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// base returns the index of the stage that a stage is built from, or -1 and the image. It is not
// known of a FROM that depends on what only the build knows.
func (f *File) base(index int, args map[string]string) (parent int, image string, known bool) {
	written := f.Stages[index].Base
	base, known := f.globals(args).expand(written)
	if !known {
		return -1, written, false
	}
	for i := index - 1; i >= 0; i-- {
		if f.Stages[i].Name == base && base != "" {
			return i, "", true
		}
	}
	return -1, base, true
}

// source returns the index of the stage that a flag --from= names, or -1 if it names an image.
func (f *File) source(index int, from string) int {
	for i := index - 1; i >= 0; i-- {
		if f.Stages[i].Name == strings.ToLower(from) {
			return i
		}
	}
	if number, err := strconv.Atoi(from); err == nil && number >= 0 && number < index {
		return number
	}
	return -1
}

// steps returns what is done to make a stage: the instructions of the stages it is built from, and
// its own. ONBUILD instructions of a stage are done at the start of one that is built from it.
func (f *File) steps(index int, args map[string]string) []Instruction {
	var steps []Instruction
	if parent, _, _ := f.base(index, args); parent >= 0 {
		steps = append(f.steps(parent, args), f.triggers(parent)...)
	}
	return append(steps, f.Stages[index].instructions...)
}

// triggers returns the instructions that a stage leaves to those that are built from it.
func (f *File) triggers(index int) []Instruction {
	var triggers []Instruction
	for _, i := range f.Stages[index].instructions {
		if i.keyword == "ONBUILD" {
			triggers = append(triggers, i.trigger(f.escape))
		}
	}
	return triggers
}

// variables are the values of ARG and ENV that are known before the build.
type variables map[string]string

// set takes over what an ARG or ENV instruction says. A stage sees a global ARG only if it repeats
// it.
func (v variables) set(i Instruction, args map[string]string, global variables) {
	words, err := shellWords(i.arguments, false)
	if err != nil {
		return
	}
	if i.keyword == "ENV" && len(words) > 1 && !strings.Contains(words[0], "=") {
		words = []string{words[0] + "=" + strings.Join(words[1:], " ")}
	}
	for _, word := range words {
		name, value, assigned := strings.Cut(word, "=")
		if i.keyword == "ARG" {
			if given, ok := args[name]; ok {
				v[name] = given
				continue
			}
			if inherited, ok := global[name]; ok && !assigned {
				v[name] = inherited
			}
		}
		if expanded, ok := v.expand(value); ok && assigned {
			v[name] = expanded
		}
	}
}

// expand replaces the variables in a text, and reports whether all are known.
func (v variables) expand(text string) (expanded string, known bool) {
	known = true
	expanded = os.Expand(text, func(name string) string {
		name, fallback, hasFallback := strings.Cut(name, ":-")
		if !hasFallback {
			name, fallback, hasFallback = strings.Cut(name, "-")
		}
		if value, ok := v[name]; ok && (value != "" || !hasFallback) {
			return value
		}
		if !hasFallback {
			known = false
		}
		return fallback
	})
	return expanded, known
}

// Exposed returns the TCP ports that EXPOSE instructions of a stage name, if all can be told.
func (f *File) Exposed(index int, args map[string]string) []int {
	var ports []int
	v, global := variables{}, f.globals(args).values
	for _, i := range f.steps(index, args) {
		switch i.keyword {
		case "ARG", "ENV":
			v.set(i, args, global)
		case "EXPOSE":
			text, known := v.expand(i.arguments)
			if !known {
				return nil
			}
			for _, word := range strings.Fields(text) {
				word, protocol, _ := strings.Cut(word, "/")
				port, err := strconv.Atoi(word)
				if err != nil {
					return nil // a range
				}
				tcp := protocol == "" || strings.EqualFold(protocol, "tcp")
				if tcp && !slices.Contains(ports, port) {
					ports = append(ports, port)
				}
			}
		}
	}
	return ports
}

// Writer returns the instruction that writes to a folder, or below it, in the image of a stage. The
// context is the folder that COPY takes files from. It sees what instructions say, and not what the
// programs do that they run.
func (f *File) Writer(
	index int, folder string, args map[string]string, context string,
) (Instruction, bool) {
	v, global := variables{}, f.globals(args).values
	workDir := "/"
	at := func(name string) string {
		if !path.IsAbs(name) {
			name = path.Join(workDir, name)
		}
		return path.Clean(name)
	}
	for _, i := range f.steps(index, args) {
		switch i.keyword {
		case "ARG", "ENV":
			v.set(i, args, global)
		case "WORKDIR":
			if dir, known := v.expand(strings.Trim(i.arguments, `"'`)); known {
				workDir = at(dir)
			}
		case "COPY", "ADD":
			words, isList := i.list()
			if !isList {
				var err error
				if words, err = shellWords(i.arguments, false); err != nil {
					words = strings.Fields(i.arguments)
				}
			}
			if len(words) < 2 {
				continue
			}
			expanded := make([]string, len(words))
			for n, word := range words {
				expanded[n], _ = v.expand(word)
			}
			target := at(expanded[len(words)-1])
			if below(target, folder) || names(words[len(words)-1], folder) {
				return i, true
			}
			if !below(folder, target) {
				continue
			}
			inside := strings.TrimPrefix(strings.TrimPrefix(folder, target), "/")
			for _, source := range expanded[:len(words)-1] {
				from := i.flag("from")
				if stage := f.source(index, from); from != "" && stage >= 0 {
					there := path.Join("/", source, inside)
					if _, found := f.Writer(stage, there, args, context); found {
						return i, true
					}
				}
				if from == "" {
					entries, err := os.ReadDir(filepath.Join(context, source, inside))
					if err == nil && len(entries) > 0 {
						return i, true
					}
				}
			}
		case "RUN":
			text, _ := v.expand(strings.Join(append([]string{i.arguments}, i.heredocs...), "\n"))
			if below(workDir, folder) || mentions(text, folder) {
				return i, true
			}
		}
	}
	return Instruction{}, false
}

// below reports whether a path is a folder or lies in it.
func below(name, folder string) bool {
	return name == folder || strings.HasPrefix(name, strings.TrimSuffix(folder, "/")+"/")
}

// mentions reports whether one of the commands that a shell runs names a folder, other than to
// remove it.
func mentions(script, folder string) bool {
	commands := strings.FieldsFunc(script, func(r rune) bool {
		return strings.ContainsRune(";&|\n", r)
	})
	return slices.ContainsFunc(commands, func(command string) bool {
		return names(command, folder) && !strings.HasPrefix(strings.TrimSpace(command), "rm ")
	})
}

// names reports whether a text holds the path of a folder, or of something in it.
func names(text, folder string) bool {
	return regexp.MustCompile(regexp.QuoteMeta(folder) + `([^-_.a-zA-Z0-9]|$)`).MatchString(text)
}
