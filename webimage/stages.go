package webimage

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// stage is a build stage of a Dockerfile: FROM image [AS name], and what follows.
type stage struct {
	name     string // lower case, as Docker compares them; empty without AS
	platform string // of FROM --platform=…
	end      int    // the line after its last
}

// extendStage returns a Dockerfile up to the end of a stage, named or numbered by target, with an instruction added there; the last
// stage where target is empty. The platform is what the image is for. What follows the stage is not built, so that the stage is the last one whatever its name: not every
// builder finds a stage by its number. With an empty instruction nothing is added.
func extendStage(dockerfile, target, platform, instruction string) (string, error) {
	lines := strings.Split(strings.TrimPrefix(dockerfile, "\ufeff"), "\n")
	stages, err := findStages(lines)
	if err != nil {
		return "", err
	}
	found, err := pickStage(stages, target)
	if err != nil {
		return "", err
	}
	if found.platform != "" && !strings.Contains(found.platform, "$") && !strings.HasPrefix(found.platform+"/", platform+"/") {
		return "", fmt.Errorf("the image is for %s, but its stage says FROM --platform=%s; leave that out, or set the option Architecture", platform, found.platform)
	}
	lines = lines[:found.end]
	if instruction != "" {
		lines = append(lines, instruction)
	}
	return strings.Join(lines, "\n") + "\n", nil
}

func pickStage(stages []stage, target string) (stage, error) {
	if len(stages) == 0 {
		return stage{}, errors.New("there is no FROM instruction, so it builds no image")
	}
	if target == "" {
		return stages[len(stages)-1], nil
	}
	for _, stage := range stages {
		if stage.name == strings.ToLower(target) {
			return stage, nil
		}
	}
	if number, err := strconv.Atoi(target); err == nil && number >= 0 && number < len(stages) {
		return stages[number], nil
	}
	var names []string
	for number, stage := range stages {
		if stage.name == "" {
			stage.name = strconv.Itoa(number)
		}
		names = append(names, stage.name)
	}
	return stage{}, fmt.Errorf("there is no stage for Target %q; its stages are %s", target, strings.Join(names, ", "))
}

var (
	// escapePattern is the directive that changes the character which continues a line.
	escapePattern = regexp.MustCompile("(?i)^#\\s*escape\\s*=\\s*([\\\\`])\\s*$")

	// directivePattern is any parser directive: they stand before everything else.
	directivePattern = regexp.MustCompile(`(?i)^#\s*[a-z]+\s*=`)

	fromPattern     = regexp.MustCompile(`(?i)^FROM\s+(?:--\S+\s+)*\S+(?:\s+AS\s+(\S+))?\s*$`)
	platformPattern = regexp.MustCompile(`(?i)^FROM\s+(?:--\S+\s+)*?--platform=(\S+)`)

	// heredocPattern is a word that starts a here-document, in an instruction that may have some.
	heredocPattern     = regexp.MustCompile(`^[0-9]*<<(-?)([^<]+)$`)
	heredocInstruction = regexp.MustCompile(`(?i)^(ONBUILD\s+)?(RUN|COPY|ADD)\s`)
)

// findStages reads a Dockerfile as far as needed to know where its stages end: continued lines, comments and here-documents.
func findStages(lines []string) ([]stage, error) {
	escape := `\`
	directives := true
	var stages []stage
	for i := 0; i < len(lines); {
		line := strings.TrimSpace(lines[i])
		if directives && directivePattern.MatchString(line) {
			if match := escapePattern.FindStringSubmatch(line); match != nil {
				escape = match[1]
			}
			i++
			continue
		}
		directives = false
		if line == "" || strings.HasPrefix(line, "#") {
			i++
			continue
		}

		first := i
		instruction, next, err := joinLines(lines, i, escape)
		if err != nil {
			return nil, err
		}
		if i, err = skipHeredocs(lines, instruction, next); err != nil {
			return nil, fmt.Errorf("line %d: %w", first+1, err)
		}
		if match := fromPattern.FindStringSubmatch(instruction); match != nil {
			found := stage{name: strings.ToLower(match[1])}
			if match := platformPattern.FindStringSubmatch(instruction); match != nil {
				found.platform = strings.ToLower(match[1])
			}
			stages = append(stages, found)
		}
		if last := len(stages) - 1; last >= 0 {
			stages[last].end = i
		}
	}
	return stages, nil
}

// joinLines returns the instruction that starts at a line, its continuations joined, and the line after it.
func joinLines(lines []string, i int, escape string) (instruction string, next int, err error) {
	first := i
	for ; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if i > first && (line == "" || strings.HasPrefix(line, "#")) {
			continue // inside a continued instruction these count as nothing
		}
		continued := strings.HasSuffix(line, escape)
		instruction += strings.TrimSuffix(line, escape)
		if !continued {
			return instruction, i + 1, nil
		}
		instruction += " "
	}
	return "", 0, fmt.Errorf("line %d: the file ends in the middle of an instruction, after a %q", first+1, escape)
}

// skipHeredocs returns the line after the here-documents that an instruction starts.
func skipHeredocs(lines []string, instruction string, next int) (int, error) {
	if !heredocInstruction.MatchString(instruction) {
		return next, nil
	}
	for _, word := range words(instruction) {
		match := heredocPattern.FindStringSubmatch(word)
		if match == nil {
			continue
		}
		name := strings.Trim(match[2], `"'`)
		end := next
		for ; end < len(lines); end++ {
			line := strings.TrimSuffix(lines[end], "\r")
			if match[1] == "-" {
				line = strings.TrimLeft(line, "\t")
			}
			if line == name {
				break
			}
		}
		if end == len(lines) {
			return 0, fmt.Errorf("the here-document %s does not end", name)
		}
		next = end + 1
	}
	return next, nil
}

// words splits an instruction at white space outside of quotes, and keeps the quotes.
func words(instruction string) []string {
	var quote rune
	escaped := false
	return strings.FieldsFunc(instruction, func(r rune) bool {
		switch {
		case escaped:
			escaped = false
		case r == '\\' && quote != '\'':
			escaped = true
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '"' || r == '\'':
			quote = r
		default:
			return r == ' ' || r == '\t'
		}
		return false
	})
}
