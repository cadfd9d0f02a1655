package dockerfile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Extend returns a Dockerfile that ends with the stage that target names or numbers, and with
// an instruction added there; the last stage if target is empty. Without an instruction nothing is
// added. The platform is what the image is for.
//
// Only a target asks for a Dockerfile that can be read: the last stage ends where the file ends.
func Extend(content, target, platform, added string) (string, error) {
	f, err := Parse(content)
	if target == "" && (f.foreign || err != nil && !errors.Is(err, errNoStage)) {
		if added == "" {
			return content, nil
		}
		return strings.TrimSuffix(content, "\n") + "\n" + added + "\n", nil
	}
	if err != nil {
		return "", err
	}
	index, err := f.Pick(target)
	if err != nil {
		return "", err
	}
	if wanted := f.Stages[index].from.flag("platform"); !samePlatform(wanted, platform) {
		return "", fmt.Errorf("the image is for %s, but its stage says FROM --platform=%s; leave "+
			"that out, or set the option Architecture", platform, wanted)
	}
	return f.upTo(index, added), nil
}

// samePlatform reports whether a flag --platform means the platform that an image is for, or may
// mean it: it holds a variable, or only names the system.
func samePlatform(flag, platform string) bool {
	if flag == "" || strings.Contains(flag, "$") {
		return true
	}
	system, architecture, found := strings.Cut(strings.ToLower(flag), "/")
	if !found {
		system, architecture = "linux", system
		if architecture == "linux" {
			return true
		}
	}
	architecture, _, _ = strings.Cut(architecture, "/") // without the variant
	switch architecture {
	case "x86_64", "x86-64":
		architecture = "amd64"
	case "aarch64":
		architecture = "arm64"
	}
	return system+"/"+architecture == platform
}

// File is a Dockerfile with its build stages.
type File struct {
	Stages   []Stage
	Platform string // that the image is for, such as linux/amd64; empty if it is not known

	lines     []string
	arguments []Instruction // ARG before the first FROM
	escape    string
	foreign   bool // a program other than Docker's own reads it
}

// Stage is a build stage of a Dockerfile: FROM image [AS name], and what follows.
type Stage struct {
	from         Instruction
	Base         string // what it is built from: an image, or a stage before
	Name         string // lower case, as Docker compares them; empty without AS
	instructions []Instruction
}

// End is the index of the line after the last of a stage.
func (s *Stage) End() int {
	if last := len(s.instructions) - 1; last >= 0 {
		return s.instructions[last].end
	}
	return s.from.end
}

// ownSyntax is how the directive syntax names Docker's own reader of Dockerfiles.
var ownSyntax = regexp.MustCompile(`^(docker\.io/)?docker/dockerfile(-upstream)?([:@]|$)`)

var errNoStage = errors.New("there is no FROM instruction, so it builds no image")

// Parse reads a Dockerfile as BuildKit does.
func Parse(content string) (*File, error) {
	content = strings.TrimPrefix(content, "\ufeff")
	f := &File{lines: strings.Split(strings.TrimSuffix(content, "\n"), "\n")}
	instructions, syntax, escape, err := readInstructions(f.lines)
	f.escape = escape
	f.foreign = syntax != "" && !ownSyntax.MatchString(syntax)
	if err != nil {
		return f, err
	}
	for _, i := range instructions {
		last := len(f.Stages) - 1
		switch {
		case i.keyword == "FROM":
			words := strings.Fields(i.arguments)
			if len(words) != 1 && (len(words) != 3 || !strings.EqualFold(words[1], "AS")) {
				return f, fmt.Errorf("line %d: FROM must be followed by an image, or by IMAGE AS "+
					"NAME", i.First+1)
			}
			found := Stage{from: i, Base: words[0]}
			if len(words) == 3 {
				found.Name = strings.ToLower(words[2])
			}
			f.Stages = append(f.Stages, found)
		case last >= 0:
			f.Stages[last].instructions = append(f.Stages[last].instructions, i)
		case i.keyword == "ARG":
			f.arguments = append(f.arguments, i)
		}
	}
	if len(f.Stages) == 0 {
		return f, errNoStage
	}
	return f, nil
}

// Pick returns the index of the stage that is built: the one that target names or numbers, or the
// last. Of two stages with one name Docker takes the second.
func (f *File) Pick(target string) (int, error) {
	if target == "" {
		return len(f.Stages) - 1, nil
	}
	for i := len(f.Stages) - 1; i >= 0; i-- {
		if f.Stages[i].Name == strings.ToLower(target) {
			return i, nil
		}
	}
	if number, err := strconv.Atoi(target); err == nil && number >= 0 && number < len(f.Stages) {
		return number, nil
	}
	var names []string
	for i, stage := range f.Stages {
		if stage.Name == "" {
			stage.Name = "number " + strconv.Itoa(i)
		}
		names = append(names, stage.Name)
	}
	return 0, fmt.Errorf("there is no stage for Target %q; name one of its stages: "+
		"%s", target, strings.Join(names, ", "))
}

// upTo returns the Dockerfile up to the end of a stage, with an instruction added there. What
// follows is not built, so that the stage is the last one: not every builder finds a stage by its
// number.
func (f *File) upTo(index int, added string) string {
	found := &f.Stages[index]
	end := found.End()
	if index == len(f.Stages)-1 {
		end = len(f.lines)
	}
	lines := slices.Clone(f.lines[:end])
	last := found.from
	if n := len(found.instructions); n > 0 {
		last = found.instructions[n-1]
	}
	if last.open { // in one line, so that nothing continues it
		text := last.Text
		for continuedPatterns[f.escape].MatchString(text) {
			text = continuedPatterns[f.escape].ReplaceAllString(text, "$1")
		}
		lines = append(lines[:last.First], text)
	}
	if added != "" {
		lines = append(lines, added)
	}
	return strings.Join(lines, "\n") + "\n"
}
