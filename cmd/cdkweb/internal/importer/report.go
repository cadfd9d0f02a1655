package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// An entry is a note of the report, with the environments that have it.
type entry struct {
	note
	environments []string
}

// entries are all notes, each once.
func (a *app) entries() []entry {
	var all []entry
	add := func(environment string, notes []note) {
		for _, n := range notes {
			n.place = ""
			at := slices.IndexFunc(all, func(e entry) bool { return e.note == n })
			if at < 0 {
				all = append(all, entry{note: n})
				at = len(all) - 1
			}
			if environment != "" && !slices.Contains(all[at].environments, environment) {
				all[at].environments = append(all[at].environments, environment)
			}
		}
	}
	add("", a.notes)
	for _, e := range a.environments {
		add(e.name, e.notes)
		for _, s := range e.services {
			add(e.name, s.notes)
		}
	}
	slices.SortStableFunc(all, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.path, b.path))
	})
	return all
}

// sections are the parts of the report.
var sections = []struct{ kind, title, none string }{
	{missing, "Has no equal: what to do", "Everything has an equal."},
	{different, "Became something else: what to look at", ""},
	{unknown, "Unknown fields, which are left out", ""},
	{hidden, "Not used by any environment", ""},
}

// report is the text for people.
func (a *app) report(hints []string) string {
	var w strings.Builder
	fmt.Fprintf(&w, "# What was imported from %s\n", a.from)
	for _, e := range a.environments {
		w.WriteString("\n")
		if e.name != "" {
			fmt.Fprintf(&w, "Environment %s, stack %s\n", inLine(e.name), e.stackID())
		} else {
			fmt.Fprintf(&w, "Stack %s\n", e.stackID())
		}
		for _, s := range e.services {
			fmt.Fprintf(&w, "- %s (%s) is on %s: %s\n", inLine(s.name), inLine(s.kind), platforms[s.hosting].ServiceName(), s.why)
		}
	}
	entries := a.entries()
	for _, section := range sections {
		var lines []string
		for _, e := range entries {
			if e.kind != section.kind {
				continue
			}
			where := ""
			if len(e.environments) > 0 && len(e.environments) < len(a.environments) {
				where = " [" + strings.Join(e.environments, ", ") + "]"
			}
			lines = append(lines, "- "+inLine(fmt.Sprintf("%s: %s%s %s: %s", e.where(), e.subject(), where, e.what, e.todo))+"\n")
		}
		if len(lines) == 0 && section.none == "" {
			continue
		}
		fmt.Fprintf(&w, "\n## %s\n\n", section.title)
		if len(lines) == 0 {
			w.WriteString(section.none + "\n")
		}
		w.WriteString(strings.Join(lines, ""))
	}
	if len(hints) > 0 {
		w.WriteString("\n## Next\n\n")
		for i, hint := range hints {
			fmt.Fprintf(&w, "%d. %s\n", i+1, hint)
		}
	}
	return w.String()
}
