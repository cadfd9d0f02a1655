package importer

import (
	"cmp"
	"fmt"
	"go/scanner"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// writeEnvironments writes a function for each environment. What those have in common that differ in
// a few values only is a function of its own.
func (a *app) writeEnvironments(w *source) {
	bodies := make([]string, len(a.environments))
	for i, e := range a.environments {
		bodies[i] = e.body()
	}
	common, alike := a.common(bodies)
	names := newNaming()
	for _, e := range a.environments {
		names.free(e.function())
	}
	function, settings := names.variable("newStack", "Common"), names.variable("settings", "Common")
	if common != nil && !common.onlyName() {
		w.line("")
		w.comment(0, settings+" are what differs between the environments.")
		w.line("type %s struct {", settings)
		for _, s := range common.settings {
			w.line("%s %s", s.name, s.kind)
		}
		w.line("}")
	}
	for i, e := range a.environments {
		w.line("")
		w.comment(0, e.about())
		w.line("func %s(app awscdk.App) awscdk.Stack {", e.function())
		at := slices.Index(alike, i)
		switch {
		case at < 0:
			w.text.WriteString(bodies[i])
		case common.onlyName():
			w.line("return %s(app, %s)", function, common.settings[0].values[at])
		default:
			w.line("return %s(app, %s{", function, settings)
			for _, s := range common.settings {
				if s.values[at] != "" {
					w.line("%s: %s,", s.name, s.values[at])
				}
			}
			w.line("})")
		}
		w.line("}")
	}
	if common == nil {
		return
	}
	w.line("")
	all := "the environments"
	if len(alike) < len(a.environments) {
		var names []string
		for _, i := range alike {
			names = append(names, a.environments[i].name)
		}
		all += " " + strings.Join(names, " and ")
	}
	w.comment(0, fmt.Sprintf("%s is what %s have in common.", function, all))
	kind := settings
	if common.onlyName() {
		kind = "string"
	}
	w.line("func %s(app awscdk.App, env %s) awscdk.Stack {", function, kind)
	w.text.WriteString(common.body())
	w.line("}")
}

// shaped are the lines of a function with their shapes.
type shaped struct {
	texts, shapes []string
	must          string // the shapes of the lines without which nothing is in common, sorted
}

func shapesOf(body string) shaped {
	var s shaped
	var must []string
	for text := range strings.Lines(body) {
		text = strings.TrimSuffix(text, "\n")
		shape := shapeOf(text)
		s.texts, s.shapes = append(s.texts, text), append(s.shapes, shape)
		if text != "" && !strings.HasPrefix(text, "//") && !fieldLine.MatchString(text) {
			must = append(must, shape)
		}
	}
	slices.Sort(must)
	s.must = strings.Join(must, "\n")
	return s
}

// common finds the most environments whose functions are one with settings.
func (a *app) common(bodies []string) (best *merged, alike []int) {
	if a.apart || len(a.environments) > maxEnvironments ||
		slices.ContainsFunc(bodies, func(body string) bool { return strings.Count(body, "\n") > maxLines }) {
		return nil, nil
	}
	all := make([]shaped, len(bodies))
	for i, body := range bodies {
		all[i] = shapesOf(body)
	}
	for first := range a.environments {
		if a.environments[first].name == "" {
			continue
		}
		var m *merged
		group := []int{first}
		for i := range a.environments {
			if i == first || a.environments[i].name == "" || all[i].must != all[first].must {
				continue
			}
			with := append(slices.Clone(group), i)
			slices.Sort(with)
			var names []string
			var lines []shaped
			for _, i := range with {
				names, lines = append(names, a.environments[i].name), append(lines, all[i])
			}
			if made := merge(names, lines); made != nil {
				m, group = made, with
			}
		}
		if m != nil && len(group) > len(alike) {
			best, alike = m, group
		}
		if len(alike) == len(a.environments) {
			break
		}
	}
	return best, alike
}

// A merged is the functions of several environments as one.
type merged struct {
	names    []string // of the environments
	lines    []mergedLine
	settings []difference
	taken    *naming
	services int    // how many there are
	service  string // the variable of the one that is being written
}

// A mergedLine is a line with the text that it has in each environment, of which an empty one has
// none.
type mergedLine struct {
	shape string // the same in all environments
	texts []string
}

// A difference is a field of the settings.
type difference struct {
	name, kind string
	of         string   // what it is of: the name of a field or a variable
	values     []string // an expression for each environment; empty is the zero value
}

// nameHere is where the name of the environment stands in a line.
const nameHere = "env\x00name"

// A person writes a function with settings as long as they are few. What is very long is not compared.
const (
	maxSettings      = 16
	linesPerSettings = 5
	maxLines         = 2000
	maxEnvironments  = 12
)

// merge makes one function of several; nil if that would not read better.
func merge(names []string, bodies []shaped) *merged {
	m := &merged{names: names, taken: newNaming(), services: strings.Count(bodies[0].must, ":= web . NewService (")}
	m.settings = []difference{{name: m.taken.variable("name", "Name"), kind: "string", values: quoted(names)}}
	for i, body := range bodies {
		var lines []mergedLine
		for k, text := range body.texts {
			texts := make([]string, len(bodies))
			texts[i] = text
			if text == "" {
				texts[i] = " " // an empty line is one
			}
			lines = append(lines, mergedLine{body.shapes[k], texts})
		}
		if i == 0 {
			m.lines = lines
			continue
		}
		m.lines = zip(m.lines, lines, i)
	}
	for i := range m.lines {
		if !m.settle(&m.lines[i]) {
			return nil
		}
	}
	if len(m.settings) > maxSettings || len(m.settings)*linesPerSettings > len(m.lines) {
		return nil
	}
	return m
}

func quoted(texts []string) []string {
	var all []string
	for _, text := range texts {
		all = append(all, quote(text))
	}
	return all
}

// zip puts the lines of an environment to those of the others that have the same shape, in order.
func zip(all, own []mergedLine, environment int) []mergedLine {
	// length[i][j] is the length of what all[i:] and own[j:] have in common.
	length := make([][]int, len(all)+1)
	for i := range length {
		length[i] = make([]int, len(own)+1)
	}
	for i := len(all) - 1; i >= 0; i-- {
		for j := len(own) - 1; j >= 0; j-- {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if all[i].shape == own[j].shape {
				length[i][j] = max(length[i][j], length[i+1][j+1]+1)
			}
		}
	}
	var zipped []mergedLine
	i, j := 0, 0
	for i < len(all) || j < len(own) {
		switch {
		case i < len(all) && j < len(own) && all[i].shape == own[j].shape && length[i][j] == length[i+1][j+1]+1:
			all[i].texts[environment] = own[j].texts[environment]
			zipped = append(zipped, all[i])
			i, j = i+1, j+1
		case j == len(own) || i < len(all) && length[i+1][j] >= length[i][j+1]:
			zipped = append(zipped, all[i])
			i++
		default:
			zipped = append(zipped, own[j])
			j++
		}
	}
	return zipped
}

// An atom is a part of a line: a token, or several that are one value.
type atom struct {
	text string
	kind string // of the value; empty if it is none, so that it has to be the same everywhere
}

var (
	durationAtom = regexp.MustCompile(`^(?:[0-9]+ \* )?time\.(?:Hour|Minute|Second|Millisecond)\b`)
	enumAtom     = regexp.MustCompile(`^(aws[a-z0-9]+\.[A-Z][A-Za-z]+)_[A-Z0-9_]+\b`)
	imageAtom    = regexp.MustCompile(`^Image: (webimage\..*),$`)
	sizeAtom     = regexp.MustCompile(`^apprunnerweb\.[A-Z][a-z]+(VCPU|GB)\b`)
	listAtom     = regexp.MustCompile(`^\[\]string\{[^{}]*\}`)
	fieldLine    = regexp.MustCompile(`^([A-Z][A-Za-z0-9]*): .*,$`)
	assignedTo   = regexp.MustCompile(`^([a-z][A-Za-z0-9]*) := (web\.NewService\()?`)
)

// atoms are the parts of a line. A line that is no Go is one.
func atoms(line string) []atom {
	if strings.HasPrefix(line, "//") {
		return []atom{{text: line}}
	}
	if image := imageAtom.FindStringSubmatch(line); image != nil {
		return []atom{{text: "Image"}, {text: ":"}, {image[1], "webimage.Image"}, {text: ","}}
	}
	var s scanner.Scanner
	set := token.NewFileSet()
	broken := false
	s.Init(set.AddFile("", -1, len(line)), []byte(line), func(token.Position, string) { broken = true }, scanner.ScanComments)
	var all []atom
	skip := 0
	for {
		pos, kind, text := s.Scan()
		if broken {
			return []atom{{text: line}}
		}
		if kind == token.EOF || kind == token.SEMICOLON && text == "\n" {
			break
		}
		at := set.Position(pos).Offset
		if at < skip {
			continue
		}
		rest := line[at:]
		if found := durationAtom.FindString(rest); found != "" {
			all, skip = append(all, atom{found, "time.Duration"}), at+len(found)
			continue
		}
		if found := enumAtom.FindStringSubmatch(rest); found != nil {
			all, skip = append(all, atom{found[0], found[1]}), at+len(found[0])
			continue
		}
		if found := sizeAtom.FindStringSubmatch(rest); found != nil {
			kind := map[string]string{"VCPU": "apprunnerweb.CPU", "GB": "apprunnerweb.Memory"}[found[1]]
			all, skip = append(all, atom{found[0], kind}), at+len(found[0])
			continue
		}
		if found := listAtom.FindString(rest); found != "" {
			all, skip = append(all, atom{found, "[]string"}), at+len(found)
			continue
		}
		switch {
		case kind == token.STRING && !strings.HasPrefix(strings.TrimSpace(rest[len(text):]), ":"):
			all = append(all, atom{text, "string"})
		case kind == token.INT:
			all = append(all, atom{text, "int"})
		case kind == token.FLOAT:
			all = append(all, atom{text, "float64"})
		case kind == token.IDENT && (text == "true" || text == "false"):
			all = append(all, atom{text, "bool"})
		default:
			all = append(all, atom{text: cmp.Or(text, kind.String())})
		}
	}
	return all
}

// shapeOf is a line without its values.
func shapeOf(line string) string {
	if found := fieldLine.FindStringSubmatch(line); found != nil && found[1] == "Image" && imageAtom.MatchString(line) {
		return "Image"
	}
	var parts []string
	for _, a := range atoms(line) {
		if a.kind != "" {
			parts = append(parts, "§"+a.kind)
		} else {
			parts = append(parts, a.text)
		}
	}
	return strings.Join(parts, " ")
}

// settle makes settings of what differs in a line. It reports false if the line is not in all
// environments, and no setting can say so.
func (m *merged) settle(l *mergedLine) bool {
	if found := assignedTo.FindStringSubmatch(strings.Join(l.texts, "")); found != nil && found[2] != "" {
		m.service = found[1]
	}
	present, absent := -1, false
	for i, text := range l.texts {
		if text != "" {
			present = i
		} else {
			absent = true
		}
	}
	if comment, ok := strings.CutPrefix(l.texts[present], unwrapped); ok {
		if absent {
			var only []string
			for i, text := range l.texts {
				if text != "" {
					only = append(only, m.names[i])
				}
			}
			indent, text, _ := strings.Cut(comment, " ")
			l.texts[0] = fmt.Sprintf("%s%s In %s: %s", unwrapped, indent, strings.Join(only, " and "), text)
		}
		return true
	}
	if strings.TrimSpace(l.texts[present]) == "" {
		return true
	}
	values := make([][]atom, len(l.texts))
	for i, text := range l.texts {
		if text != "" {
			values[i] = atoms(text)
		}
	}
	if absent { // a field that is left out has its zero value
		field, parts := fieldLine.MatchString(l.texts[present]), values[present]
		if !field || len(parts) != 4 || parts[2].kind == "" || parts[2].kind == "webimage.Image" || parts[1].text != ":" {
			return false
		}
	}
	var line strings.Builder
	text, rest := l.texts[present], l.texts[present]
	for k, a := range values[present] {
		at := strings.Index(rest, a.text)
		line.WriteString(rest[:at])
		rest = rest[at+len(a.text):]
		own := make([]string, len(l.texts))
		same := !absent
		for i := range l.texts {
			if values[i] != nil {
				own[i] = values[i][k].text
			}
			same = same && own[i] == a.text
		}
		if same || a.kind == "" {
			line.WriteString(a.text)
			continue
		}
		line.WriteString(m.setting(a.kind, own, nameOf(text, values[present][:k])))
	}
	line.WriteString(rest)
	l.texts[0] = line.String()
	return true
}

// nameOf is what a value is called: by its field, or else by the variable that the line is for.
func nameOf(line string, before []atom) string {
	for i := len(before) - 1; i > 0; i-- {
		if before[i].text == ":" {
			return strings.Trim(before[i-1].text, `"`)
		}
	}
	if found := assignedTo.FindStringSubmatch(line); found != nil {
		return found[1]
	}
	return "value"
}

// setting is the expression of a value that differs.
func (m *merged) setting(kind string, values []string, name string) string {
	if kind == "string" {
		if code, ok := m.byName(values); ok {
			return code
		}
	}
	for i := range m.settings {
		if s := &m.settings[i]; i > 0 && s.kind == kind && s.of == name && slices.Equal(s.values, values) {
			return "env." + s.name
		}
	}
	s := difference{of: name, kind: kind, values: values}
	if m.services > 1 && m.service != "" {
		name = m.service + " " + name
	}
	s.name = m.taken.variable(name, "Value")
	m.settings = append(m.settings, s)
	return "env." + s.name
}

// byName is a text with the name of the environment in it.
func (m *merged) byName(values []string) (string, bool) {
	name := m.names[0]
	if name == "" || strings.Contains(strings.Join(values, ""), `\`) {
		return "", false
	}
	for at := 0; ; at++ {
		next := strings.Index(values[0][at:], name)
		if next < 0 {
			return "", false
		}
		at += next
		before, after := values[0][:at], values[0][at+len(name):]
		fits := true
		for i, value := range values {
			fits = fits && value == before+m.names[i]+after
		}
		if !fits {
			continue
		}
		var parts []string
		quote := values[0][:1]
		if before != quote {
			parts = append(parts, before+quote)
		}
		parts = append(parts, nameHere)
		if after != quote {
			parts = append(parts, quote+after)
		}
		return strings.Join(parts, " + "), true
	}
}

// onlyName reports whether the environments differ in their names only.
func (m *merged) onlyName() bool { return len(m.settings) == 1 }

// body is the body of the function.
func (m *merged) body() string {
	var text strings.Builder
	for _, l := range m.lines {
		name := "env.name"
		if m.onlyName() {
			name = "env"
		}
		text.WriteString(strings.TrimRight(strings.ReplaceAll(cmp.Or(l.texts...), nameHere, name), " ") + "\n")
	}
	return text.String()
}
