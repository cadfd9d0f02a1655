package dockerfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
)

// Instruction is one of a Dockerfile, as BuildKit reads it.
type Instruction struct {
	keyword   string   // upper case
	flags     []string // such as --from=build, without quotes
	arguments string   // what follows the flags, continued lines joined
	heredocs  []string // contents of its here-documents
	Text      string   // all of it in one line, without here-documents
	First     int      // index of its first line
	end       int      // index of the line after its last
	open      bool     // the file ends in a continued line
}

var (
	directivePattern  = regexp.MustCompile(`^#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$`)
	whiteSpacePattern = regexp.MustCompile(`[\t\v\f\r ]+`)

	// continuedPatterns match a line that goes on in the next, by the escape character. One that is
	// escaped itself ends the line.
	continuedPatterns = map[string]*regexp.Regexp{
		`\`: regexp.MustCompile(`(^|[^\\])\\[ \t]*$`),
		"`": regexp.MustCompile("(^|[^`])`[ \t]*$"),
	}

	// heredocPattern is a word that starts a here-document.
	heredocPattern = regexp.MustCompile(`^[0-9]*<<(-?)\s*([^<]*)$`)
)

// instructionReader reads a Dockerfile as far as it takes to know its instructions.
type instructionReader struct {
	lines  []string
	next   int    // index of the line to read
	escape string // the character that continues a line
	syntax string // what a directive names as the program that reads the file
}

// readInstructions splits lines into instructions. It also returns what the directives syntax and
// escape say.
func readInstructions(lines []string) (
	instructions []Instruction, syntax, escape string, err error,
) {
	r := &instructionReader{lines: lines, escape: `\`}
	if err := r.directives(); err != nil {
		return nil, r.syntax, r.escape, err
	}
	for r.next < len(r.lines) {
		if skipped(r.lines[r.next]) {
			r.next++
			continue
		}
		read, err := r.instruction()
		if err != nil {
			return nil, r.syntax, r.escape, fmt.Errorf("line %d: %w", read.First+1, err)
		}
		if strings.TrimSpace(read.Text) != "" {
			instructions = append(instructions, read)
		}
	}
	return instructions, r.syntax, r.escape, nil
}

// directives reads the comments that say how to read the file. They stand before everything else.
func (r *instructionReader) directives() error {
	seen := map[string]bool{}
	for _, line := range r.lines {
		line = strings.TrimLeftFunc(strings.TrimRight(line, "\r"), unicode.IsSpace)
		match := directivePattern.FindStringSubmatch(line)
		if match == nil {
			return nil
		}
		name, value := strings.ToLower(match[1]), match[2]
		switch {
		case name != "syntax" && name != "escape" && name != "check":
			return nil
		case seen[name]:
			return fmt.Errorf("the directive %s stands there twice", name)
		case name == "escape" && continuedPatterns[value] == nil:
			return fmt.Errorf("the directive escape must be \\ or `, got %q", value)
		case name == "escape":
			r.escape = value
		case name == "syntax":
			r.syntax = value
		}
		seen[name] = true
	}
	return nil
}

// skipped reports whether a line is empty or a comment.
func skipped(line string) bool {
	line = strings.TrimLeftFunc(line, unicode.IsSpace)
	return line == "" || line[0] == '#'
}

// instruction reads the lines of one instruction, and the here-documents that it starts.
func (r *instructionReader) instruction() (Instruction, error) {
	read := Instruction{First: r.next}
	var text strings.Builder
	for read.open = true; read.open && r.next < len(r.lines); r.next++ {
		line := strings.TrimRight(r.lines[r.next], "\r")
		if r.next == read.First {
			line = strings.TrimLeftFunc(line, unicode.IsSpace)
		} else if skipped(line) {
			continue
		}
		continued := continuedPatterns[r.escape]
		read.open = continued.MatchString(line)
		text.WriteString(continued.ReplaceAllString(line, "$1"))
	}
	read.Text = text.String()
	read.split(read.Text, r.escape)
	err := r.heredocs(&read)
	read.end = r.next
	return read, err
}

// split takes an instruction apart.
func (i *Instruction) split(text, escape string) {
	parts := whiteSpacePattern.Split(strings.TrimSpace(text), 2)
	i.keyword = strings.ToUpper(parts[0])
	if len(parts) == 2 {
		i.flags, i.arguments = cutFlags(parts[1], escape[0])
	}
}

// cutFlags returns the words at the start that begin with "--", and the rest.
func cutFlags(text string, escape byte) (flags []string, rest string) {
	for {
		text = strings.TrimLeftFunc(text, unicode.IsSpace)
		if !strings.HasPrefix(text, "--") {
			return flags, strings.TrimSpace(text)
		}
		var word strings.Builder
		var quote byte
		end := 0
		for ; end < len(text) && (quote != 0 || !unicode.IsSpace(rune(text[end]))); end++ {
			switch char := text[end]; {
			case char == escape:
				if end++; end < len(text) {
					word.WriteByte(text[end])
				}
			case quote == 0 && (char == '"' || char == '\''):
				quote = char
			case char == quote:
				quote = 0
			default:
				word.WriteByte(char)
			}
		}
		text = text[min(end, len(text)):]
		if word.String() == "--" {
			return flags, strings.TrimSpace(text)
		}
		flags = append(flags, word.String())
	}
}

// list returns the arguments if they are a JSON array of strings.
func (i *Instruction) list() ([]string, bool) {
	var list []string
	if !strings.HasPrefix(i.arguments, "[") || json.Unmarshal([]byte(i.arguments), &list) != nil {
		return nil, false
	}
	return list, true
}

// flag returns the value of a flag.
func (i *Instruction) flag(name string) string {
	for _, flag := range i.flags {
		if value, ok := strings.CutPrefix(flag, "--"+name+"="); ok {
			return value
		}
	}
	return ""
}

// trigger returns the instruction that an ONBUILD instruction holds.
func (i *Instruction) trigger(escape string) Instruction {
	held := Instruction{Text: i.Text, First: i.First, end: i.end, heredocs: i.heredocs}
	held.split(i.arguments, escape)
	return held
}

// heredocs reads the here-documents that an instruction starts.
func (r *instructionReader) heredocs(read *Instruction) error {
	held := *read
	if held.keyword == "ONBUILD" {
		held = read.trigger(r.escape)
	}
	if held.keyword != "RUN" && held.keyword != "COPY" && held.keyword != "ADD" {
		return nil
	}
	if _, isList := held.list(); isList {
		return nil
	}
	words, err := shellWords(read.Text, true)
	if err != nil {
		return nil // the shell may read it, and BuildKit looks for no here-document in it
	}
	for _, word := range words {
		match := heredocPattern.FindStringSubmatch(word)
		if match == nil {
			continue
		}
		name, err := shellWords(match[2], false)
		if err != nil {
			return err
		}
		if len(name) != 1 {
			continue
		}
		content, err := r.heredoc(name[0], match[1] == "-")
		if err != nil {
			return err
		}
		read.heredocs = append(read.heredocs, content)
	}
	return nil
}

// heredoc reads up to the line with the name of a here-document; its lines may be indented by tabs.
func (r *instructionReader) heredoc(name string, indented bool) (string, error) {
	first := r.next
	for ; r.next < len(r.lines); r.next++ {
		line := strings.TrimRight(r.lines[r.next], "\r")
		if indented {
			line = strings.TrimLeft(line, "\t")
		}
		if line == name {
			r.next++
			return strings.Join(r.lines[first:r.next-1], "\n"), nil
		}
	}
	return "", fmt.Errorf("the here-document %s does not end", name)
}

var errQuote = errors.New("a quote or a brace does not end")

// shellWords splits a command into words, as BuildKit does to find here-documents. If it is raw, it
// keeps quotes and escapes.
func shellWords(text string, raw bool) ([]string, error) {
	s := &shellScanner{text: []rune(text), raw: raw}
	if err := s.scan(0); err != nil {
		return nil, err
	}
	s.end()
	return s.words, nil
}

type shellScanner struct {
	text  []rune
	next  int
	raw   bool
	word  strings.Builder
	words []string
}

// end ends a word.
func (s *shellScanner) end() {
	if s.word.Len() > 0 {
		s.words = append(s.words, s.word.String())
		s.word.Reset()
	}
}

func (s *shellScanner) peek() rune {
	if s.next < len(s.text) {
		return s.text[s.next]
	}
	return -1
}

// add takes a character, which ends a word if it is white space.
func (s *shellScanner) add(char rune) {
	if unicode.IsSpace(char) {
		s.end()
	} else {
		s.word.WriteRune(char)
	}
}

// scan reads up to a closing character, which stands after an expression; 0 is the end of the text.
func (s *shellScanner) scan(closing rune) error {
	for s.next < len(s.text) {
		char := s.text[s.next]
		s.next++
		switch {
		case closing != 0 && char == closing:
			return nil
		case char == '\'' || char == '"':
			if err := s.quoted(char); err != nil {
				return err
			}
		case char == '$':
			if err := s.variable(s.add); err != nil {
				return err
			}
		case char == '<':
			s.word.WriteRune(char)
			if s.peek() != '<' {
				break
			}
			s.word.WriteRune('<')
			s.next++
			for s.peek() == ' ' || s.peek() == '\t' { // before the name of a here-document
				s.word.WriteRune(s.peek())
				s.next++
			}
		case char == '\\':
			if s.raw {
				s.word.WriteRune(char)
			}
			if s.next < len(s.text) {
				s.word.WriteRune(s.text[s.next])
				s.next++
			}
		default:
			s.add(char)
		}
	}
	if closing != 0 {
		return errQuote
	}
	return nil
}

// quoted reads what stands in quotes.
func (s *shellScanner) quoted(quote rune) error {
	write := func(char rune) { s.word.WriteRune(char) }
	if s.raw {
		write(quote)
	}
	for s.next < len(s.text) {
		char := s.text[s.next]
		s.next++
		switch {
		case char == quote:
			if s.raw {
				write(quote)
			}
			return nil
		case quote == '"' && char == '$':
			if err := s.variable(write); err != nil {
				return err
			}
		case quote == '"' && char == '\\' && strings.ContainsRune(`"$\`, s.peek()):
			if s.raw {
				write(char)
			}
			write(s.text[s.next])
			s.next++
		default:
			write(char)
		}
	}
	return errQuote
}

// variable reads $NAME or ${NAME…}, which stays as it is. Forms that BuildKit does not know are an
// error.
func (s *shellScanner) variable(write func(rune)) error {
	write('$')
	if s.peek() == '$' {
		write('$')
		s.next++
		return nil
	}
	if s.peek() != '{' {
		return nil // a name is made of characters that mean nothing else
	}
	first := s.next
	s.next++
	if char := s.peek(); char == '{' || char == '}' || char == ':' {
		return errQuote
	}
	s.name()
	operator := s.peek()
	s.next++
	switch operator {
	case '}':
		for _, char := range s.text[first:s.next] {
			write(char)
		}
		return nil
	case ':':
		operator = s.peek()
		s.next++
		if operator == '#' || operator == '%' {
			return errQuote
		}
	case '+', '-', '?', '#', '%', '/':
	default:
		return errQuote
	}

	inner := &shellScanner{text: s.text, next: s.next, raw: s.raw}
	if operator == '/' {
		if err := inner.scan('/'); err != nil {
			return err
		}
	}
	if err := inner.scan('}'); err != nil {
		return err
	}
	s.next = inner.next
	s.word.Reset() // BuildKit forgets what the word began with
	write('$')
	for _, char := range s.text[first:s.next] {
		write(char)
	}
	return nil
}

// name reads the name of a variable.
func (s *shellScanner) name() {
	first := s.next
	for s.next < len(s.text) {
		char := s.text[s.next]
		digits := unicode.IsDigit(s.text[first])
		switch {
		case s.next == first && strings.ContainsRune("@*#?-$!", char):
			s.next++
			return
		case digits && !unicode.IsDigit(char):
			return
		case !unicode.IsLetter(char) && !unicode.IsDigit(char) && char != '_':
			return
		}
		s.next++
	}
}
