package dockerfile

import (
	"strings"
	"unicode"
)

// globals are what FROM instructions see: the ARG instructions before the first stage, and what
// Docker sets. Any other variable is empty.
type globals struct {
	values  variables
	unknown map[string]bool // not before the build
	escape  rune
}

func (f *File) globals(args map[string]string) globals {
	g := globals{values: variables{}, unknown: map[string]bool{}, escape: rune(f.escape[0])}
	system, architecture, found := strings.Cut(f.Platform, "/")
	for name, value := range map[string]string{
		"TARGETPLATFORM": f.Platform, "TARGETOS": system, "TARGETARCH": architecture,
		"TARGETVARIANT": "", "TARGETOSVERSION": "", "TARGETSTAGE": "",
		"BUILDPLATFORM": "", "BUILDOS": "", "BUILDARCH": "", "BUILDVARIANT": "", "BUILDOSVERSION": "",
	} {
		if given, ok := args[name]; ok {
			value = given
		} else if !found || strings.HasPrefix(name, "BUILD") || name == "TARGETSTAGE" {
			g.unknown[name] = true
			continue
		}
		g.values[name] = value
	}
	for _, i := range f.arguments {
		for _, word := range quotedWords(i.arguments, g.escape) {
			name, value, assigned := strings.Cut(word, "=")
			expanded, known := g.expand(value)
			if given, ok := args[name]; ok {
				expanded, assigned, known = given, true, true
			}
			if !assigned {
				continue
			}
			delete(g.values, name)
			if g.unknown[name] = !known; known {
				g.values[name] = expanded
			}
		}
	}
	return g
}

// quotedWords splits a text at white space outside of quotes, which stay there.
func quotedWords(text string, escape rune) []string {
	var words []string
	var word strings.Builder
	var quote rune
	escaped := false
	for _, char := range text {
		switch {
		case escaped:
			escaped = false
		case char == escape && quote != '\'':
			escaped = true
		case char == quote:
			quote = 0
		case quote == 0 && (char == '\'' || char == '"'):
			quote = char
		case quote == 0 && unicode.IsSpace(char):
			if word.Len() > 0 {
				words = append(words, word.String())
				word.Reset()
			}
			continue
		}
		word.WriteRune(char)
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}

// expand returns what a word stands for, without quotes, and whether that is known. The forms of
// ${NAME…} that ask for a pattern are not.
func (g globals) expand(word string) (expanded string, known bool) {
	w := wordReader{globals: g, text: []rune(word)}
	return w.until(-1)
}

type wordReader struct {
	globals
	text []rune
	next int
}

// peek returns the next character, -1 at the end.
func (w *wordReader) peek() rune {
	if w.next < len(w.text) {
		return w.text[w.next]
	}
	return -1
}

// take returns the next character and goes on.
func (w *wordReader) take() rune {
	char := w.peek()
	w.next++
	return char
}

// until reads up to a character, and that one too; -1 is the end.
func (w *wordReader) until(stop rune) (string, bool) {
	var text strings.Builder
	for {
		switch char := w.take(); {
		case char == stop:
			return text.String(), true
		case char == -1:
			return "", false
		case char == '\'':
			for char = w.take(); char != '\''; char = w.take() {
				if char == -1 {
					return "", false
				}
				text.WriteRune(char)
			}
		case char == '"':
			quoted, known := w.quoted()
			if !known {
				return "", false
			}
			text.WriteString(quoted)
		case char == '$':
			value, known := w.variable()
			if !known {
				return "", false
			}
			text.WriteString(value)
		case char == w.escape:
			if w.peek() != -1 {
				text.WriteRune(w.take())
			}
		default:
			text.WriteRune(char)
		}
	}
}

// quoted reads up to a double quote.
func (w *wordReader) quoted() (string, bool) {
	var text strings.Builder
	for {
		switch char := w.take(); {
		case char == '"':
			return text.String(), true
		case char == -1:
			return "", false
		case char == '$':
			value, known := w.variable()
			if !known {
				return "", false
			}
			text.WriteString(value)
		case char == w.escape && strings.ContainsRune(`"$`+string(w.escape), w.peek()):
			text.WriteRune(w.take())
		default:
			text.WriteRune(char)
		}
	}
}

// variable reads what follows a dollar.
func (w *wordReader) variable() (string, bool) {
	if w.peek() != '{' {
		name := w.name()
		if name == "" {
			return "$", true
		}
		return w.values[name], !w.unknown[name]
	}
	w.next++
	name := w.name()
	value, set := w.values[name]
	operator := w.take()
	if name == "" || w.unknown[name] {
		return "", false
	}
	if operator == '}' {
		return value, true
	}
	if operator == ':' {
		set = set && value != ""
		operator = w.take()
	}
	if operator != '-' && operator != '+' {
		return "", false
	}
	other, known := w.until('}')
	switch {
	case !known:
		return "", false
	case operator == '-' && set:
		return value, true
	case operator == '+' && !set:
		return "", true
	}
	return other, true
}

// name reads the name of a variable, which may be one of a shell's own.
func (w *wordReader) name() string {
	first := w.next
	for ; w.next < len(w.text); w.next++ {
		char := w.text[w.next]
		if w.next == first && strings.ContainsRune("@*#?-$!0", char) {
			w.next++
			break
		}
		if char != '_' && !unicode.IsLetter(char) && !unicode.IsDigit(char) ||
			unicode.IsDigit(w.text[first]) && !unicode.IsDigit(char) {
			break
		}
	}
	return string(w.text[first:w.next])
}
