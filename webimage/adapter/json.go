package main

import (
	"bytes"
	"errors"
	"unicode/utf16"
	"unicode/utf8"
)

// The adapter reads events with a scanner of its own instead of encoding/json.
// An event is mostly one string, the body, which can be 6 MB of base64. The
// scanner finds its end with two vectorised searches and never copies it;
// encoding/json looks at each byte several times and allocates it anew.

// maxDepth is the nesting that encoding/json allows too.
const maxDepth = 10000

var errJSON = errors.New("not valid JSON")

// scanner walks over one JSON text.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

func (s *scanner) skipSpace() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

// next skips white space and returns the byte it stands on, 0 at the end.
func (s *scanner) next() byte {
	s.skipSpace()
	if s.pos == len(s.data) {
		return 0
	}
	return s.data[s.pos]
}

// value moves over one JSON value and returns its text.
func (s *scanner) value() ([]byte, error) {
	c := s.next()
	start := s.pos
	var err error
	switch {
	case c == '"':
		err = s.str()
	case c == '{':
		err = s.members(nil)
	case c == '[':
		err = s.elements(nil)
	case c == '-' || '0' <= c && c <= '9':
		err = s.number()
	case c == 't':
		err = s.literal("true")
	case c == 'f':
		err = s.literal("false")
	case c == 'n':
		err = s.literal("null")
	default:
		err = errJSON
	}
	return s.data[start:s.pos], err
}

// str moves over a string. Escapes are checked by those who read the string.
func (s *scanner) str() error {
	first := s.pos + 1
	for i := first; ; {
		n := bytes.IndexByte(s.data[i:], '"')
		if n < 0 {
			return errJSON
		}
		// The quote ends the string unless an odd number of backslashes stands
		// before it. The run cannot reach back over an earlier quote, so the
		// whole search stays linear.
		quote := i + n
		run := 0
		for quote-run > first && s.data[quote-run-1] == '\\' {
			run++
		}
		if run%2 == 0 {
			s.pos = quote + 1
			return nil
		}
		i = quote + 1
	}
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
		return errJSON
	}
	s.pos += len(word)
	return nil
}

func (s *scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.data) && '0' <= s.data[s.pos] && s.data[s.pos] <= '9' {
		s.pos++
	}
	return s.pos > start
}

// accept moves over the next byte if it is one of chars.
func (s *scanner) accept(chars string) bool {
	if s.pos < len(s.data) && bytes.IndexByte([]byte(chars), s.data[s.pos]) >= 0 {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) number() error {
	s.accept("-")
	if !s.accept("0") && !s.digits() {
		return errJSON
	}
	if s.accept(".") && !s.digits() {
		return errJSON
	}
	if s.accept("eE") {
		s.accept("+-")
		if !s.digits() {
			return errJSON
		}
	}
	return nil
}

func (s *scanner) enter() error {
	s.pos++ // the opening bracket
	s.depth++
	if s.depth > maxDepth {
		return errJSON
	}
	return nil
}

// members moves over an object. A visit that is not nil gets each key, without
// quotes and with its escapes, and each value's text, in the order of the text.
func (s *scanner) members(visit func(key, value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.next() == '}' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		if s.next() != '"' {
			return errJSON
		}
		start := s.pos + 1
		if err := s.str(); err != nil {
			return err
		}
		key := s.data[start : s.pos-1]
		if s.next() != ':' {
			return errJSON
		}
		s.pos++
		value, err := s.value()
		if err != nil {
			return err
		}
		if visit != nil {
			if err := visit(key, value); err != nil {
				return err
			}
		}
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			s.pos++
			s.depth--
			return nil
		default:
			return errJSON
		}
	}
}

// elements moves over an array. A visit that is not nil gets each value's text.
func (s *scanner) elements(visit func(value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.next() == ']' {
		s.pos++
		s.depth--
		return nil
	}
	for {
		value, err := s.value()
		if err != nil {
			return err
		}
		if visit != nil {
			if err := visit(value); err != nil {
				return err
			}
		}
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			s.pos++
			s.depth--
			return nil
		default:
			return errJSON
		}
	}
}

// eachMember visits the members of the object in text; null and a missing
// value have none.
func eachMember(text []byte, visit func(key, value []byte) error) error {
	if isNull(text) {
		return nil
	}
	if text[0] != '{' {
		return errJSON
	}
	s := scanner{data: text}
	return s.members(visit)
}

// eachElement visits the elements of the array in text; null and a missing
// value have none.
func eachElement(text []byte, visit func(value []byte) error) error {
	if isNull(text) {
		return nil
	}
	if text[0] != '[' {
		return errJSON
	}
	s := scanner{data: text}
	return s.elements(visit)
}

func isNull(text []byte) bool { return len(text) == 0 || string(text) == "null" }

// inside returns what stands between the quotes of a string's text.
func inside(text []byte) ([]byte, bool) {
	if len(text) < 2 || text[0] != '"' {
		return nil, false
	}
	return text[1 : len(text)-1], true
}

// unescape decodes the inside of a JSON string in its own place: what an escape
// stands for is never longer than the escape.
func unescape(s []byte) ([]byte, error) {
	from := bytes.IndexByte(s, '\\')
	if from < 0 {
		return s, nil
	}
	return appendUnescaped(s[:from], s[from:])
}

// appendUnescaped appends the inside of a JSON string to dst, decoded. dst may
// end where s begins, in the same memory. A lone surrogate becomes U+FFFD, as
// in encoding/json.
func appendUnescaped(dst, s []byte) ([]byte, error) {
	for {
		n := bytes.IndexByte(s, '\\')
		if n < 0 {
			return append(dst, s...), nil
		}
		dst = append(dst, s[:n]...)
		s = s[n+1:]
		if len(s) == 0 {
			return nil, errJSON
		}
		c := s[0]
		switch c {
		case '"', '\\', '/':
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			r, ok := hex4(s[1:])
			if !ok {
				return nil, errJSON
			}
			s = s[5:]
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if len(s) > 1 && s[0] == '\\' && s[1] == 'u' {
					if low, ok := hex4(s[2:]); ok {
						pair = utf16.DecodeRune(r, low)
					}
				}
				if r = pair; pair != utf8.RuneError {
					s = s[6:]
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		default:
			return nil, errJSON
		}
		dst = append(dst, c)
		s = s[1:]
	}
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		v := unhex(c)
		if v < 0 {
			return 0, false
		}
		r = r<<4 | rune(v)
	}
	return r, true
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

const hexDigits = "0123456789abcdef"

// jsonEscape tells how a byte stands in a JSON string: 0 as itself, 'u' as
// \u00XX, else behind a backslash as the letter given. Nothing else is escaped:
// escaping <, > and & as encoding/json does would make 5 MB of HTML too large.
var jsonEscape = func() (table [256]byte) {
	for c := range 0x20 {
		table[c] = 'u'
	}
	table['\b'], table['\f'], table['\n'], table['\r'], table['\t'] = 'b', 'f', 'n', 'r', 't'
	table['"'], table['\\'] = '"', '\\'
	return table
}()

// appendEscaped appends text, which is valid UTF-8, as the inside of a JSON
// string.
func appendEscaped[T string | []byte](dst []byte, text T) []byte {
	start := 0
	for i := 0; i < len(text); i++ {
		e := jsonEscape[text[i]]
		if e == 0 {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		if e == 'u' {
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[text[i]>>4], hexDigits[text[i]&15])
		} else {
			dst = append(dst, '\\', e)
		}
	}
	return append(dst, text[start:]...)
}

// appendString appends text as a JSON string. Bytes that are not UTF-8 are
// taken for Latin-1, which is what a header's bytes were before UTF-8.
func appendString[T string | []byte](dst []byte, text T) []byte {
	dst = append(dst, '"')
	if utf8.ValidString(string(text)) {
		dst = appendEscaped(dst, text)
	} else {
		for i := range len(text) {
			dst = appendEscaped(dst, string(rune(text[i])))
		}
	}
	return append(dst, '"')
}

// appendASCII appends valid JSON text without white space between its tokens
// and with every byte that a header cannot hold as a \u escape.
func appendASCII(dst, text []byte) []byte {
	quoted := false
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRune(text[i:])
			if r > 0xFFFF {
				high, low := utf16.EncodeRune(r)
				dst = appendU(appendU(dst, high), low)
			} else {
				dst = appendU(dst, r)
			}
			i += size
			continue
		case c == '\\' && quoted && i+1 < len(text) && text[i+1] < utf8.RuneSelf && text[i+1] >= ' ':
			dst = append(dst, c, text[i+1])
			i += 2
			continue
		case c == '"':
			quoted = !quoted
			dst = append(dst, c)
		case c < ' ' || c == 0x7F:
			if quoted {
				dst = appendU(dst, rune(c))
			}
		case c == ' ' && !quoted:
		default:
			dst = append(dst, c)
		}
		i++
	}
	return dst
}

func appendU(dst []byte, r rune) []byte {
	return append(dst, '\\', 'u', hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
}
