package webimage

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// extendDockerfile returns a Dockerfile that ends with the stage that target names or numbers, and with
// an instruction added there; the last stage if target is empty. Without an instruction nothing is
// added. The platform is what the image is for.
//
// Only a target asks for a Dockerfile that can be read: the last stage ends where the file ends.
func extendDockerfile(content, target, platform, added string) (string, error) {
	d, err := parseDockerfile(content)
	if target == "" && (d.foreign || err != nil && !errors.Is(err, errNoStage)) {
		if added == "" {
			return content, nil
		}
		return strings.TrimSuffix(content, "\n") + "\n" + added + "\n", nil
	}
	if err != nil {
		return "", err
	}
	index, err := d.pick(target)
	if err != nil {
		return "", err
	}
	if wanted := d.stages[index].from.flag("platform"); !samePlatform(wanted, platform) {
		return "", fmt.Errorf("the image is for %s, but its stage says FROM --platform=%s; leave that out, or set the option Architecture", platform, wanted)
	}
	return d.upTo(index, added), nil
}

// samePlatform reports whether a flag --platform means the platform that an image is for, or may mean
// it: it holds a variable, or only names the system.
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

// parsedDockerfile is a Dockerfile with its build stages.
type parsedDockerfile struct {
	lines     []string
	arguments []instruction // ARG before the first FROM
	stages    []stage
	escape    string
	foreign   bool // a program other than Docker's own reads it
}

// stage is a build stage of a Dockerfile: FROM image [AS name], and what follows.
type stage struct {
	from         instruction
	base         string // what it is built from: an image, or a stage before
	name         string // lower case, as Docker compares them; empty without AS
	instructions []instruction
}

// end is the index of the line after the last of a stage.
func (s *stage) end() int {
	if last := len(s.instructions) - 1; last >= 0 {
		return s.instructions[last].end
	}
	return s.from.end
}

// ownSyntax is how the directive syntax names Docker's own reader of Dockerfiles.
var ownSyntax = regexp.MustCompile(`^(docker\.io/)?docker/dockerfile(-upstream)?([:@]|$)`)

var errNoStage = errors.New("there is no FROM instruction, so it builds no image")

// parseDockerfile reads a Dockerfile as BuildKit does.
func parseDockerfile(content string) (*parsedDockerfile, error) {
	content = strings.TrimPrefix(content, "\ufeff")
	d := &parsedDockerfile{lines: strings.Split(strings.TrimSuffix(content, "\n"), "\n")}
	instructions, syntax, escape, err := readInstructions(d.lines)
	d.escape = escape
	d.foreign = syntax != "" && !ownSyntax.MatchString(syntax)
	if err != nil {
		return d, err
	}
	for _, i := range instructions {
		last := len(d.stages) - 1
		switch {
		case i.keyword == "FROM":
			words := strings.Fields(i.arguments)
			if len(words) != 1 && (len(words) != 3 || !strings.EqualFold(words[1], "AS")) {
				return d, fmt.Errorf("line %d: FROM must be followed by an image, or by IMAGE AS NAME", i.first+1)
			}
			found := stage{from: i, base: words[0]}
			if len(words) == 3 {
				found.name = strings.ToLower(words[2])
			}
			d.stages = append(d.stages, found)
		case last >= 0:
			d.stages[last].instructions = append(d.stages[last].instructions, i)
		case i.keyword == "ARG":
			d.arguments = append(d.arguments, i)
		}
	}
	if len(d.stages) == 0 {
		return d, errNoStage
	}
	return d, nil
}

// pick returns the index of the stage that is built: the one that target names or numbers, or the
// last. Of two stages with one name Docker takes the second.
func (d *parsedDockerfile) pick(target string) (int, error) {
	if target == "" {
		return len(d.stages) - 1, nil
	}
	for i := len(d.stages) - 1; i >= 0; i-- {
		if d.stages[i].name == strings.ToLower(target) {
			return i, nil
		}
	}
	if number, err := strconv.Atoi(target); err == nil && number >= 0 && number < len(d.stages) {
		return number, nil
	}
	var names []string
	for i, stage := range d.stages {
		if stage.name == "" {
			stage.name = "number " + strconv.Itoa(i)
		}
		names = append(names, stage.name)
	}
	return 0, fmt.Errorf("there is no stage for Target %q; name one of its stages: %s", target, strings.Join(names, ", "))
}

// upTo returns the Dockerfile up to the end of a stage, with an instruction added there. What follows
// is not built, so that the stage is the last one: not every builder finds a stage by its number.
func (d *parsedDockerfile) upTo(index int, added string) string {
	found := &d.stages[index]
	end := found.end()
	if index == len(d.stages)-1 {
		end = len(d.lines)
	}
	lines := slices.Clone(d.lines[:end])
	last := found.from
	if n := len(found.instructions); n > 0 {
		last = found.instructions[n-1]
	}
	if last.open { // in one line, so that nothing continues it
		text := last.text
		for continuedPatterns[d.escape].MatchString(text) {
			text = continuedPatterns[d.escape].ReplaceAllString(text, "$1")
		}
		lines = append(lines[:last.first], text)
	}
	if added != "" {
		lines = append(lines, added)
	}
	return strings.Join(lines, "\n") + "\n"
}
