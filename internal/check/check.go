// Package check holds the shapes of check that props go through, so that every message has one
// grammar: the field, what it must be, what it is, what to do.
package check

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// Problem is one reason why props cannot work. web.Problem documents the fields.
type Problem struct {
	Field, Message, Fix string
	Got                 any
	Err                 error
}

// Error is the problem as one sentence.
func (p Problem) Error() string {
	var text strings.Builder
	text.WriteString(p.Field)
	if p.Err != nil {
		text.WriteString(": " + p.Err.Error())
	}
	if p.Message != "" {
		text.WriteString(" " + p.Message)
	}
	switch got := p.Got.(type) {
	case nil:
	case string:
		fmt.Fprintf(&text, ", got %q", got)
	default:
		fmt.Fprintf(&text, ", got %v", got)
	}
	if p.Fix != "" {
		text.WriteString("; " + p.Fix)
	}
	return text.String()
}

// List collects problems.
type List struct {
	Problems []Problem
}

// Add adds a problem.
func (l *List) Add(p Problem) { l.Problems = append(l.Problems, p) }

// Err joins the problems, or is nil if there are none.
func (l *List) Err() error {
	var errs []error
	for _, problem := range l.Problems {
		errs = append(errs, problem)
	}
	return errors.Join(errs...)
}

// Between checks a number. The unit may be empty.
func (l *List) Between(field string, got, least, most int, unit string) {
	if got < least || got > most {
		l.Add(Problem{
			Field: field,
			Message: strings.TrimSpace(
				fmt.Sprintf("must be between %d and %d %s", least, most, unit),
			),
			Got: got,
		})
	}
}

// AtLeast checks a number that has no upper limit.
func (l *List) AtLeast(field string, got, least int) {
	if got < least {
		l.Add(Problem{Field: field, Message: fmt.Sprintf("must be at least %d", least), Got: got})
	}
}

// NotGreater checks that of two fields the first is not the greater one.
func (l *List) NotGreater(field string, got int, other string, most int) {
	if got > most {
		l.Add(Problem{
			Field: field,
			Message: fmt.Sprintf(
				"must not be greater than %s, got %d and %d",
				last(other),
				got,
				most,
			),
			Fix: "lower the one or raise the other",
		})
	}
}

// OneOf checks a choice. The empty string and tokens are not checked. Names are what to write for
// the allowed values, if that differs from them.
func (l *List) OneOf(field, got string, allowed []string, names ...string) {
	if got == "" || token.In(got) || slices.Contains(allowed, got) {
		return
	}
	if names == nil {
		names = allowed
	}
	problem := Problem{Field: field, Message: "must be " + Or(names), Got: got}
	if number, err := strconv.Atoi(got); err == nil && isNumber(allowed[0]) {
		problem.Got = number // what is a number to the user is not quoted
	}
	l.Add(problem)
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// WholeSeconds checks a duration.
func (l *List) WholeSeconds(field string, got, least, most time.Duration) {
	if got < least || got > most || got%time.Second != 0 {
		l.Add(Problem{
			Field: field,
			Message: fmt.Sprintf(
				"must be whole seconds from %.0fs to %.0fs",
				least.Seconds(),
				most.Seconds(),
			),
			Got: got,
		})
	}
}

// NameRule is what a name has to look like.
type NameRule struct {
	Pattern     *regexp.Regexp
	Least, Most int
	Words       string // "letters, digits and hyphens"
}

// Name checks a name. The empty string and tokens are not checked.
func (l *List) Name(field, got string, rule NameRule) {
	if got == "" || token.In(got) ||
		len(got) >= rule.Least && len(got) <= rule.Most && rule.Pattern.MatchString(got) {
		return
	}
	message := fmt.Sprintf("must have %d to %d %s, got %q", rule.Least, rule.Most, rule.Words, got)
	if len(got) < rule.Least || len(got) > rule.Most {
		message += fmt.Sprintf(" (%d)", len(got))
	}
	l.Add(Problem{Field: field, Message: message})
}

// Excludes reports fields that are set beside one that leaves no room for them. The fix says what
// to do instead.
func (l *List) Excludes(field string, set bool, others []string, fix string) {
	if set {
		l.Add(Problem{Field: field, Message: "excludes " + And(others), Fix: fix})
	}
}

// Size checks that a pair of CPU and memory is sold, and names the nearest that are.
func (l *List) Size(cpuField, memoryField string, units platform.Sizes, cpu, memory int) {
	var cpus, withMemory, allMemory, withCPU []int
	for _, size := range units.Pairs {
		cpus = append(cpus, size.CPU)
		allMemory = append(allMemory, size.Memory...)
		if slices.Contains(size.Memory, memory) {
			withMemory = append(withMemory, size.CPU)
		}
		if size.CPU == cpu {
			withCPU = size.Memory
		}
	}
	slices.Sort(allMemory)
	allMemory = slices.Compact(allMemory)
	if withCPU == nil {
		l.Add(Problem{
			Field: cpuField,
			Message: fmt.Sprintf(
				"must be %s, got %s",
				Or(texts(cpus, units.CPU)),
				units.CPU(cpu),
			),
			Fix: unitFix(cpu, cpus, "1024 units are one vCPU", "the nearest is "+Or(texts(nearest(cpus, cpu), units.CPU))),
		})
		if memory != 0 && withMemory == nil {
			l.Add(Problem{Field: memoryField,
				Message: fmt.Sprintf(
					"must be from %s to %s, got %s",
					units.Memory(allMemory[0]),
					units.Memory(allMemory[len(allMemory)-1]),
					units.Memory(memory),
				),
				Fix: unitFix(memory, allMemory, "1024 MiB are one GiB", "the nearest is "+Or(texts(nearest(allMemory, memory), units.Memory)))})
		}
		return
	}
	if slices.Contains(withCPU, memory) {
		return
	}
	fix := fmt.Sprintf(
		"choose %s %s",
		last(memoryField),
		Or(texts(nearest(withCPU, memory), units.Memory)),
	)
	if withMemory != nil {
		fix += fmt.Sprintf(
			", or %s %s",
			last(cpuField),
			Or(texts(nearest(withMemory, cpu), units.CPU)),
		)
	}
	l.Add(Problem{
		Field: memoryField,
		Message: fmt.Sprintf(
			"is %s, which is not sold with %s %s",
			units.Memory(memory),
			last(cpuField),
			units.CPU(cpu),
		),
		Fix: fix,
	})
}

// unitFix says what to do about a number that is a choice in a unit 1024 times as large, or else fix.
func unitFix(number int, choices []int, unit, fix string) string {
	if slices.Contains(choices, number*1024) {
		return fmt.Sprintf("%s: write %d", unit, number*1024)
	}
	return fix
}

// nearest returns the choices on both sides of a value that is none of them, or the only one if it
// lies beyond an end.
func nearest(choices []int, value int) []int {
	i, _ := slices.BinarySearch(choices, value)
	return choices[max(i-1, 0):min(i+1, len(choices))]
}

func texts(numbers []int, text func(int) string) []string {
	var all []string
	for _, n := range numbers {
		all = append(all, text(n))
	}
	return all
}

// Or lists choices: "a", "a or b", "a, b or c".
func Or(choices []string) string { return join(choices, " or ") }

// And lists things: "a", "a and b", "a, b and c".
func And(things []string) string { return join(things, " and ") }

func join(words []string, word string) string {
	end := len(words) - 1
	if end < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:end], ", ") + word + words[end]
}

// last is a field without its path.
func last(field string) string { return field[strings.LastIndexByte(field, '.')+1:] }
