package importer

import (
	"go/token"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// initialisms are written in one case in Go.
var initialisms = []string{"API", "ARN", "AWS", "CDN", "CPU", "DB", "DNS", "HTML", "HTTP", "HTTPS", "ID", "IP", "JSON", "JWT", "SNS", "SQL", "SQS", "SSH", "SSM", "TLS", "UI", "URL", "VPC"}

// words are the parts of a name: those between other characters than letters and digits, and those
// that begin with a capital letter.
func words(name string) []string {
	var found []string
	var word []rune
	flush := func() {
		text := string(word)
		word = nil
		for _, first := range initialisms { // APIURL
			if rest, ok := strings.CutPrefix(text, first); ok && slices.Contains(initialisms, rest) {
				found = append(found, first)
				text = rest
				break
			}
		}
		if text != "" {
			found = append(found, text)
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]) && unicode.IsUpper(runes[i-1])):
			flush()
		}
		word = append(word, r)
	}
	flush()
	return found
}

// pascal is a name as an id in the tree: OrderEvents.
func pascal(name string) string {
	var all strings.Builder
	for _, word := range words(name) {
		if upper := strings.ToUpper(word); slices.Contains(initialisms, upper) {
			all.WriteString(upper)
			continue
		}
		all.WriteString(strings.ToUpper(word[:1]) + strings.ToLower(word[1:]))
	}
	text := all.String()
	if text != "" && unicode.IsDigit(rune(text[0])) {
		text = "N" + text
	}
	return text
}

// camel is a name as that of a variable: orderEvents.
func camel(name string) string {
	parts := words(name)
	if len(parts) == 0 {
		return ""
	}
	first := strings.ToLower(parts[0])
	if unicode.IsDigit(rune(first[0])) {
		first = "n" + first
	}
	return first + strings.TrimPrefix(pascal("x"+strings.Repeat(" ", 1)+strings.Join(parts[1:], " ")), "X")
}

// snake is a name as Copilot names variables of addons: ENTRIES_NAME.
func snake(name string) string {
	parts := words(name)
	for i := range parts {
		parts[i] = strings.ToUpper(parts[i])
	}
	return strings.Join(parts, "_")
}

// goName is a name as that of a folder or a module.
func goName(name string) string {
	parts := words(name)
	for i := range parts {
		parts[i] = strings.ToLower(parts[i])
	}
	if len(parts) == 0 {
		return "app"
	}
	return strings.Join(parts, "-")
}

// A naming gives out names that are all different.
type naming struct{ taken map[string]bool }

// takenNames are names of packages, and of variables that every program has.
var takenNames = []string{"app", "stack", "env", "t", "m", "made", "task", "front", "vpc", "main", "new", "web", "time", "fmt", "os", "constructs", "testing"}

func newNaming() *naming {
	n := &naming{taken: map[string]bool{}}
	for _, name := range takenNames {
		n.taken[name] = true
	}
	for name := range packages {
		n.taken[name] = true
	}
	return n
}

// variable is a name of a variable for a name of the input. Otherwise is put behind one that is taken.
func (n *naming) variable(name, otherwise string) string {
	v := camel(name)
	if v == "" {
		v = strings.ToLower(otherwise[:1]) + otherwise[1:]
	}
	if n.free(v) {
		return v
	}
	return n.numbered(v + otherwise)
}

// id is an id in the tree.
func (n *naming) id(name, otherwise string) string {
	id := pascal(name)
	if id == "" {
		id = otherwise
	}
	if n.free(id) {
		return id
	}
	return n.numbered(id + otherwise)
}

// outputName is what CloudFormation takes as the name of an output.
var outputName = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// output is the id of an output: its name as others read it, if that is free.
func (n *naming) output(name string) string {
	if outputName.MatchString(name) && n.free(name) {
		return name
	}
	return n.id(name, "Output")
}

func (n *naming) numbered(name string) string {
	for i, v := 2, name; ; i++ {
		if n.free(v) {
			return v
		}
		v = name + string(rune('0'+i%10))
		if i > 9 {
			v = name + strings.Repeat("x", i/10) + string(rune('0'+i%10))
		}
	}
}

func (n *naming) free(name string) bool {
	if n.taken[name] || token.IsKeyword(name) || slices.Contains(predeclared, name) {
		return false
	}
	n.taken[name] = true
	return true
}

var predeclared = []string{
	"any", "append", "bool", "byte", "cap", "clear", "close", "comparable", "complex", "complex128", "complex64", "copy", "delete", "error",
	"false", "float32", "float64", "imag", "int", "int16", "int32", "int64", "int8", "iota", "len", "make", "max", "min", "new", "nil", "panic",
	"print", "println", "real", "recover", "rune", "string", "true", "uint", "uint16", "uint32", "uint64", "uint8", "uintptr", "init", "_",
}
