package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"gopkg.in/yaml.v3"
)

// kind is what stands at a place of a file.
type kind int

const (
	null kind = iota
	scalar
	mapping
	sequence
)

// A node is a value of a file, with where it stands. What becomes of each leaf is noted, so that none
// is dropped without a word.
type node struct {
	file string
	line int
	path string // from the top of the file: "environments.test.http.alb"
	kind kind

	value  string // of a scalar
	quoted bool   // it is a string, whatever it looks like

	keys   []string // of a mapping, as they stand
	fields map[string]*node
	items  []*node // of a sequence

	origin *node // what this is a copy of, in an environment's manifest

	done bool // it became a part of the program, or is in the report
}

// A broken file cannot be imported at all.
type brokenError struct {
	file string
	line int
	why  string
}

func (e *brokenError) Error() string {
	if e.line == 0 {
		return fmt.Sprintf("%s: %s", e.file, e.why)
	}
	return fmt.Sprintf("%s:%d: %s", e.file, e.line, e.why)
}

// Limits of a file, so that aliases in aliases do not fill the memory.
const (
	maxNodes = 200_000
	maxDepth = 200
	maxFile  = 8 << 20
)

// readYAML reads a file with one document of YAML. CloudFormation's short forms are read as the long
// ones: !Ref x is {Ref: x}.
func readYAML(file string, content []byte) (root *node, err error) {
	if len(content) > maxFile {
		return nil, &brokenError{file, 0, "is larger than 8 MB, which no manifest is"}
	}
	defer func() { // the parser panics on some inputs that are no YAML
		if problem := recover(); problem != nil {
			root, err = nil, &brokenError{file, 0, fmt.Sprintf("is no YAML: %v", problem)}
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, &brokenError{file, 0, "is empty"}
	} else if err != nil {
		return nil, yamlError(file, err)
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, &brokenError{file, second.Line, "starts a second document: put each into a file of its own"}
	} else if !errors.Is(err, io.EOF) {
		return nil, yamlError(file, err)
	}
	r := yamlReader{file: file}
	if len(document.Content) != 1 {
		return nil, &brokenError{file, 0, "is empty"}
	}
	return r.read(document.Content[0], "", 0)
}

// yamlError is the parser's error with its line in front.
func yamlError(file string, err error) error {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 0
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, words, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, text = n, words
			}
		}
	}
	if strings.Contains(text, "cannot start any token") {
		text += ", such as a tab, @ or `"
	}
	return &brokenError{file, line, "is no YAML: " + text}
}

type yamlReader struct {
	file  string
	count int
}

func (r *yamlReader) read(from *yaml.Node, path string, depth int) (*node, error) {
	r.count++
	switch {
	case depth > maxDepth:
		return nil, &brokenError{r.file, from.Line, "is nested too deep"}
	case r.count > maxNodes:
		return nil, &brokenError{r.file, from.Line, "has too many values"}
	}
	n := &node{file: r.file, line: from.Line, path: path}
	var err error
	switch from.Kind {
	case yaml.AliasNode:
		// The value of *name, at the place of *name.
		if n, err = r.read(from.Alias, path, depth+1); err != nil {
			return nil, err
		}
		n.line = from.Line
		return n, nil
	case yaml.ScalarNode:
		n.kind, n.value = scalar, from.Value
		n.quoted = from.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) != 0
		if from.ShortTag() == "!!null" {
			n.kind = null
		}
	case yaml.SequenceNode:
		n.kind = sequence
		for i, item := range from.Content {
			child, err := r.read(item, fmt.Sprintf("%s[%d]", path, i), depth+1)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, child)
		}
	case yaml.MappingNode:
		n.kind, n.fields = mapping, map[string]*node{}
		var merged []*node
		for i := 0; i+1 < len(from.Content); i += 2 {
			key := from.Content[i]
			if key.Kind != yaml.ScalarNode {
				return nil, &brokenError{r.file, key.Line, "has a key that is no word"}
			}
			child, err := r.read(from.Content[i+1], join(path, key.Value), depth+1)
			if err != nil {
				return nil, err
			}
			if key.ShortTag() == "!!merge" {
				merged = append(merged, child)
				continue
			}
			if n.fields[key.Value] != nil {
				return nil, &brokenError{r.file, key.Line, fmt.Sprintf("has the key %q twice", key.Value)}
			}
			if child.kind == null || child.kind == mapping && len(child.keys) == 0 {
				child.line = key.Line
			}
			n.keys = append(n.keys, key.Value)
			n.fields[key.Value] = child
		}
		for _, from := range merged { // <<: *name, or <<: [*one, *other]
			parts := []*node{from}
			if from.kind == sequence {
				parts = from.items
			}
			for _, part := range parts {
				if part.kind != mapping {
					return nil, &brokenError{r.file, part.line, "merges (<<) what has no fields"}
				}
				for _, key := range part.keys {
					if n.fields[key] == nil {
						n.keys, n.fields[key] = append(n.keys, key), part.fields[key].at(join(path, key))
					}
				}
			}
		}
	}
	return r.tagged(from, n)
}

// tagged turns a short form of CloudFormation into the long one.
func (r *yamlReader) tagged(from *yaml.Node, n *node) (*node, error) {
	if !strings.HasPrefix(from.Tag, "!") || strings.HasPrefix(from.Tag, "!!") || from.Tag == "!" {
		return n, nil
	}
	name := strings.TrimPrefix(from.Tag, "!")
	if name != "Ref" && name != "Condition" {
		name = "Fn::" + name
	}
	if name == "Fn::GetAtt" && n.kind == scalar {
		list := &node{file: n.file, line: n.line, path: n.path, kind: sequence}
		resource, attribute, _ := strings.Cut(n.value, ".")
		for _, part := range []string{resource, attribute} {
			list.items = append(list.items, &node{file: n.file, line: n.line, path: n.path, kind: scalar, value: part, quoted: true})
		}
		n = list
	}
	return &node{
		file: n.file, line: from.Line, path: n.path, kind: mapping,
		keys: []string{name}, fields: map[string]*node{name: n},
	}, nil
}

// at is a copy at another path.
func (n *node) at(path string) *node {
	c := *n
	c.path, c.fields, c.items = path, nil, nil
	if n.kind == mapping {
		c.fields = map[string]*node{}
	}
	for key, field := range n.fields {
		c.fields[key] = field.at(join(path, key))
	}
	for i, item := range n.items {
		c.items = append(c.items, item.at(fmt.Sprintf("%s[%d]", path, i)))
	}
	return &c
}

func join(path, key string) string {
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		key = strconv.QuoteToASCII(key) // as in a line of the report, and in a comment
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

// readJSON reads the JSON documents of a file, one or several.
func readJSON(file string, content []byte) ([]*node, error) {
	if len(content) > maxFile {
		return nil, &brokenError{file, 0, "is larger than 8 MB, which no description is"}
	}
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	r := jsonReader{file: file, content: content, decoder: json.NewDecoder(bytes.NewReader(content))}
	r.decoder.UseNumber()
	var documents []*node
	for {
		document, err := r.read("", 0)
		if errors.Is(err, io.EOF) {
			if len(documents) == 0 {
				return nil, &brokenError{file, 0, "is empty"}
			}
			return documents, nil
		}
		if err != nil {
			return nil, err
		}
		documents = append(documents, document)
	}
}

type jsonReader struct {
	file    string
	content []byte
	decoder *json.Decoder
	count   int
}

// line is the one in which the decoder is.
func (r *jsonReader) line(offset int64) int {
	return 1 + bytes.Count(r.content[:min(int(offset), len(r.content))], []byte("\n"))
}

func (r *jsonReader) broken(err error) error {
	offset := r.decoder.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &brokenError{r.file, r.line(int64(len(r.content))), "is no JSON: it ends too early"}
	}
	return &brokenError{r.file, r.line(offset), "is no JSON: " + strings.TrimPrefix(err.Error(), "json: ")}
}

func (r *jsonReader) read(path string, depth int) (*node, error) {
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) && depth == 0 {
		return nil, io.EOF
	}
	if err != nil {
		return nil, r.broken(err)
	}
	if r.count++; depth > maxDepth || r.count > maxNodes {
		return nil, &brokenError{r.file, r.line(r.decoder.InputOffset()), "has too many values, or nests them too deep"}
	}
	n := &node{file: r.file, line: r.line(r.decoder.InputOffset()), path: path}
	switch token := token.(type) {
	case nil:
		n.kind = null
	case string:
		n.kind, n.value, n.quoted = scalar, token, true
	case json.Number:
		n.kind, n.value = scalar, token.String()
	case bool:
		n.kind, n.value = scalar, strconv.FormatBool(token)
	case json.Delim:
		if token == '[' {
			n.kind = sequence
			for r.decoder.More() {
				child, err := r.read(fmt.Sprintf("%s[%d]", path, len(n.items)), depth+1)
				if err != nil {
					return nil, err
				}
				n.items = append(n.items, child)
			}
		} else {
			n.kind, n.fields = mapping, map[string]*node{}
			for r.decoder.More() {
				key, err := r.decoder.Token()
				if err != nil {
					return nil, r.broken(err)
				}
				name, _ := key.(string)
				line := r.line(r.decoder.InputOffset())
				child, err := r.read(join(path, name), depth+1)
				if err != nil {
					return nil, err
				}
				if n.fields[name] != nil {
					return nil, &brokenError{r.file, line, fmt.Sprintf("has the key %q twice", name)}
				}
				n.keys, n.fields[name] = append(n.keys, name), child
			}
		}
		if _, err := r.decoder.Token(); err != nil {
			return nil, r.broken(err)
		}
	}
	return n, nil
}

// get is a field of a mapping, or nil if it is not there or null. It follows several keys.
func (n *node) get(keys ...string) *node {
	for _, key := range keys {
		if n == nil || n.kind != mapping {
			return nil
		}
		n = n.fields[key]
	}
	if n != nil && n.kind == null {
		n.take()
		return nil
	}
	return n
}

// has reports whether a mapping has a field.
func (n *node) has(key string) bool { return n.get(key) != nil }

// take notes that a value became a part of the program, with all below it.
func (n *node) take() {
	n.each(func(leaf *node) { leaf.done = true })
}

// each calls f for each leaf: each scalar, null, and empty mapping or sequence.
func (n *node) each(f func(leaf *node)) {
	if n == nil {
		return
	}
	if len(n.fields) == 0 && len(n.items) == 0 {
		f(n)
		return
	}
	for _, key := range n.keys {
		n.fields[key].each(f)
	}
	for _, item := range n.items {
		item.each(f)
	}
}

// text is how a value is shown in one line.
func (n *node) text() string {
	switch {
	case n == nil || n.kind == null:
		return ""
	case n.kind == scalar:
		return n.value
	case n.kind == sequence:
		var parts []string
		for _, item := range n.items {
			parts = append(parts, item.text())
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	var parts []string
	for _, key := range n.keys {
		parts = append(parts, key+": "+n.fields[key].text())
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// copy is a deep copy that remembers what it is a copy of.
func (n *node) copy() *node {
	c := *n
	c.origin, c.done, c.fields, c.items = n, false, nil, nil
	c.keys = slices.Clone(n.keys)
	if n.kind == mapping {
		c.fields = map[string]*node{}
	}
	for key, field := range n.fields {
		c.fields[key] = field.copy()
	}
	for _, item := range n.items {
		c.items = append(c.items, item.copy())
	}
	return &c
}

// merge puts the fields of an environment over those of the manifest, as Copilot does: mappings field
// by field, all else as a whole. Exclusive are groups of fields of which one group counts.
func (n *node) merge(over *node, exclusive func(path, key string) (others []string, all bool), path string) *node {
	if over.kind == null {
		return n
	}
	if n == nil || n.kind != mapping || over.kind != mapping {
		return over
	}
	for _, key := range over.keys {
		if over.fields[key].kind == null {
			continue
		}
		others, all := exclusive(path, key)
		for _, other := range n.keys {
			if slices.Contains(others, other) || all && !slices.Contains(over.keys, other) {
				n.drop(other)
			}
		}
		if n.fields[key] == nil {
			n.keys = append(n.keys, key)
		}
		n.fields[key] = n.fields[key].merge(over.fields[key], exclusive, join(path, key))
	}
	return n
}

func (n *node) drop(key string) {
	delete(n.fields, key)
	n.keys = slices.DeleteFunc(slices.Clone(n.keys), func(k string) bool { return k == key })
}

// duration reads a duration as Go and Copilot write it: 2m30s.
func (n *node) duration() (time.Duration, bool) {
	d, err := time.ParseDuration(n.value)
	return d, err == nil && n.kind == scalar
}

func (n *node) integer() (int, bool) {
	i, err := strconv.Atoi(n.value)
	return i, err == nil && n.kind == scalar
}

func (n *node) boolean() (value, ok bool) {
	if n.kind != scalar || n.quoted && n.value != "true" && n.value != "false" {
		return false, false
	}
	switch strings.ToLower(n.value) {
	case "true", "yes", "on":
		return true, true
	case "false", "no", "off":
		return false, true
	}
	return false, false
}

// find is the first field with a name, whose words may be written in any way: healthy_threshold and
// HealthyThreshold are the same. A name of several parts is found in the part before.
func (n *node) find(name string) *node {
	if n == nil || name == "" {
		return n
	}
	first, rest, _ := strings.Cut(name, ".")
	if n.kind == mapping {
		for _, key := range n.keys {
			if lettersOf(key) == lettersOf(first) {
				return cmp.Or(n.fields[key].find(rest), n.fields[key])
			}
		}
		for _, key := range n.keys {
			if found := n.fields[key].find(name); found != nil {
				return found
			}
		}
	}
	return nil
}

func lettersOf(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }
