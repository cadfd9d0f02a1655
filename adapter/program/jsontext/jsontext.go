package jsontext

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/buffer"
)

// maxDepth is the nesting that encoding/json allows too.
const maxDepth = 10000

// ErrInvalid says that a text is not JSON.
var ErrInvalid = errors.New("not valid JSON")

// Scanner walks over one JSON text.
type Scanner struct {
	Data  []byte
	Pos   int // of the next byte
	depth int

	strict bool // strings are looked at byte by byte

	// Take, if not nil, is asked for each member of the outermost object. It may
	// move over the value itself and return true; the visit is then left out.
	Take func(s *Scanner, key []byte) (bool, error)
}

// Valid tells whether a text is JSON, with all that RFC 8259 asks of strings but
// UTF-8, as encoding/json does.
func Valid(text []byte) bool {
	s := Scanner{Data: text, strict: true}
	_, err := s.Value()
	return err == nil && s.Next() == 0 && s.Pos == len(text)
}

// String returns the string that a member's text holds, "" if it holds another
// value.
func String(text []byte) string {
	inner, ok := Inside(text)
	if !ok {
		return ""
	}
	s, err := Unescape(bytes.Clone(inner))
	if err != nil {
		return ""
	}
	return string(s)
}

func (s *Scanner) skipSpace() {
	for s.Pos < len(s.Data) {
		switch s.Data[s.Pos] {
		case ' ', '\t', '\n', '\r':
			s.Pos++
		default:
			return
		}
	}
}

// Next skips white space and returns the byte it stands on, 0 at the end.
func (s *Scanner) Next() byte {
	s.skipSpace()
	if s.Pos == len(s.Data) {
		return 0
	}
	return s.Data[s.Pos]
}

// Value moves over one JSON value and returns its text.
func (s *Scanner) Value() ([]byte, error) {
	c := s.Next()
	start := s.Pos
	var err error
	switch {
	case c == '"':
		err = s.str()
	case c == '{':
		err = s.Members(nil)
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
		err = ErrInvalid
	}
	return s.Data[start:s.Pos], err
}

// str moves over a string. Its escapes are checked by those who read it.
func (s *Scanner) str() error {
	if s.strict {
		return s.strictStr()
	}
	// A long string without escapes, such as a body in base64, is searched with
	// the vector instructions of bytes.IndexByte. They cost more than they save
	// where quotes are near each other, as in JSON inside JSON; there words of
	// 8 bytes are faster.
	first := s.Pos + 1
	for i := first; ; {
		n := bytes.IndexByte(s.Data[i:], '"')
		if n < 0 {
			return ErrInvalid
		}
		// The quote ends the string unless an odd number of backslashes stands
		// before it. The run cannot reach back over an earlier quote, so the
		// whole search stays linear.
		quote := i + n
		run := 0
		for quote-run > first && s.Data[quote-run-1] == '\\' {
			run++
		}
		if run%2 == 0 {
			s.Pos = quote + 1
			return nil
		}
		i = quote + 1
		if n < 256 {
			var ended bool
			if i, ended = s.nearQuote(i); ended {
				return nil
			}
			first = i
		}
	}
}

// strictStr is str for who wants to know whether the string is JSON too.
func (s *Scanner) strictStr() error {
	for i := s.Pos + 1; i < len(s.Data); i++ {
		switch c := s.Data[i]; {
		case c == '"':
			s.Pos = i + 1
			return nil
		case c < ' ':
			return ErrInvalid
		case c == '\\':
			if i++; i == len(s.Data) {
				return ErrInvalid
			}
			if s.Data[i] == 'u' {
				if _, ok := hex4(s.Data[i+1:]); !ok {
					return ErrInvalid
				}
				i += 4
			} else if jsonUnescape[s.Data[i]] == 0 {
				return ErrInvalid
			}
		}
	}
	return ErrInvalid
}

// nearQuote goes on in a string from i for some 4 KB, and tells whether the
// string has ended there. If not, i stands behind no backslash.
func (s *Scanner) nearQuote(i int) (next int, ended bool) {
	for end := min(i+4096, len(s.Data)-8); i < end; {
		word := binary.LittleEndian.Uint64(s.Data[i:])
		found := equalBytes(word, '"') | equalBytes(word, '\\')
		if found == 0 {
			i += 8
			continue
		}
		i += bits.TrailingZeros64(found) / 8
		if s.Data[i] == '"' {
			s.Pos = i + 1
			return i, true
		}
		i += 2
	}
	return min(i, len(s.Data)), false
}

// equalBytes marks with its highest bit each byte of word that is c. Bytes above
// a marked one may be marked wrongly, so that only the lowest mark counts.
func equalBytes(word uint64, c byte) uint64 {
	return zeroBytes(word ^ lowBits*uint64(c))
}

func zeroBytes(word uint64) uint64 { return (word - lowBits) &^ word & highBits }

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

func (s *Scanner) literal(word string) error {
	if !bytes.HasPrefix(s.Data[s.Pos:], []byte(word)) {
		return ErrInvalid
	}
	s.Pos += len(word)
	return nil
}

func (s *Scanner) digits() bool {
	start := s.Pos
	for s.Pos < len(s.Data) && '0' <= s.Data[s.Pos] && s.Data[s.Pos] <= '9' {
		s.Pos++
	}
	return s.Pos > start
}

// accept moves over the next byte if it is one of chars.
func (s *Scanner) accept(chars string) bool {
	if s.Pos < len(s.Data) && bytes.IndexByte([]byte(chars), s.Data[s.Pos]) >= 0 {
		s.Pos++
		return true
	}
	return false
}

func (s *Scanner) number() error {
	s.accept("-")
	if !s.accept("0") && !s.digits() {
		return ErrInvalid
	}
	if s.accept(".") && !s.digits() {
		return ErrInvalid
	}
	if s.accept("eE") {
		s.accept("+-")
		if !s.digits() {
			return ErrInvalid
		}
	}
	return nil
}

func (s *Scanner) enter() error {
	s.Pos++ // the opening bracket
	s.depth++
	if s.depth > maxDepth {
		return ErrInvalid
	}
	return nil
}

// Members moves over an object. A visit that is not nil gets each key, without
// quotes and with its escapes, and each value's text, in the order of the text.
func (s *Scanner) Members(visit func(key, value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.Next() == '}' {
		s.Pos++
		s.depth--
		return nil
	}
	for {
		if s.Next() != '"' {
			return ErrInvalid
		}
		start := s.Pos + 1
		if err := s.str(); err != nil {
			return err
		}
		key := s.Data[start : s.Pos-1]
		if s.Next() != ':' {
			return ErrInvalid
		}
		s.Pos++
		taken := false
		if s.Take != nil && s.depth == 1 {
			var err error
			if taken, err = s.Take(s, key); err != nil {
				return err
			}
		}
		if !taken {
			value, err := s.Value()
			if err != nil {
				return err
			}
			if visit != nil {
				if err := visit(key, value); err != nil {
					return err
				}
			}
		}
		switch s.Next() {
		case ',':
			s.Pos++
		case '}':
			s.Pos++
			s.depth--
			return nil
		default:
			return ErrInvalid
		}
	}
}

// elements moves over an array. A visit that is not nil gets each value's text.
func (s *Scanner) elements(visit func(value []byte) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	if s.Next() == ']' {
		s.Pos++
		s.depth--
		return nil
	}
	for {
		value, err := s.Value()
		if err != nil {
			return err
		}
		if visit != nil {
			if err := visit(value); err != nil {
				return err
			}
		}
		switch s.Next() {
		case ',':
			s.Pos++
		case ']':
			s.Pos++
			s.depth--
			return nil
		default:
			return ErrInvalid
		}
	}
}

// EachMember visits the members of the object in text; null and a missing
// value have none.
func EachMember(text []byte, visit func(key, value []byte) error) error {
	if IsNull(text) {
		return nil
	}
	if text[0] != '{' {
		return ErrInvalid
	}
	s := Scanner{Data: text}
	return s.Members(visit)
}

// EachElement visits the elements of the array in text; null and a missing
// value have none.
func EachElement(text []byte, visit func(value []byte) error) error {
	if IsNull(text) {
		return nil
	}
	if text[0] != '[' {
		return ErrInvalid
	}
	s := Scanner{Data: text}
	return s.elements(visit)
}

// IsNull tells whether a member's text is missing or null.
func IsNull(text []byte) bool { return len(text) == 0 || string(text) == "null" }

// Inside returns what stands between the quotes of a string's text.
func Inside(text []byte) ([]byte, bool) {
	if len(text) < 2 || text[0] != '"' {
		return nil, false
	}
	return text[1 : len(text)-1], true
}

// Unescape decodes the inside of a JSON string in its own place.
func Unescape(s []byte) ([]byte, error) {
	from := bytes.IndexByte(s, '\\')
	if from < 0 {
		return s, nil
	}
	decoded, end, err := unescapeUntil(s, from, false)
	if end < len(s) {
		err = ErrInvalid // a quote inside
	}
	return decoded, err
}

// UnescapeString moves over the string that the scanner stands on, like str,
// and decodes it in its own place on the way.
func (s *Scanner) UnescapeString() ([]byte, error) {
	rest := s.Data[s.Pos+1:]
	quote := bytes.IndexByte(rest, '"')
	if quote < 0 {
		return nil, ErrInvalid
	}
	escape := bytes.IndexByte(rest[:quote], '\\')
	if escape < 0 {
		s.Pos += 1 + quote + 1
		return rest[:quote], nil
	}
	decoded, end, err := unescapeUntil(rest, escape, true)
	s.Pos += 1 + end + 1
	return decoded, err
}

// unescapeUntil decodes the inside of a JSON string in its own place, up to the
// quote that ends it, or to the end of s: what an escape stands for is never
// longer than the escape. The first from bytes are known to have no escape. A
// lone surrogate becomes U+FFFD, as in encoding/json.
func unescapeUntil(s []byte, from int, quoted bool) (decoded []byte, end int, err error) {
	to := from
	for from < len(s) {
		// Words move as long as they hold neither backslash nor quote.
		if from+8 <= len(s) {
			word := binary.LittleEndian.Uint64(s[from:])
			found := equalBytes(word, '\\') | equalBytes(word, '"')
			if found == 0 {
				binary.LittleEndian.PutUint64(s[to:], word)
				from, to = from+8, to+8
				continue
			}
			for range bits.TrailingZeros64(found) / 8 {
				s[to] = s[from]
				from, to = from+1, to+1
			}
		}
		if s[from] == '"' {
			return s[:to], from, nil
		}
		if s[from] != '\\' { // less than a word is left
			s[to] = s[from]
			from, to = from+1, to+1
			continue
		}
		if from+1 == len(s) {
			return nil, from, ErrInvalid
		}
		if c := jsonUnescape[s[from+1]]; c != 0 {
			s[to] = c
			from, to = from+2, to+1
			continue
		}
		r, size := unescapeRune(s[from:])
		if size == 0 {
			return nil, from, ErrInvalid
		}
		from += size
		to += utf8.EncodeRune(s[to:], r)
	}
	if quoted {
		return nil, from, ErrInvalid
	}
	return s[:to], from, nil
}

// jsonUnescape holds what the letter behind a backslash stands for; the escapes
// of four hex digits, and letters that mean nothing, have 0.
var jsonUnescape = [256]byte{
	'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
}

// unescapeRune reads the \u escape, or the two for a surrogate pair, at the
// beginning of s, and returns how long it is, 0 if it is not valid.
func unescapeRune(s []byte) (rune, int) {
	if len(s) < 6 || s[1] != 'u' {
		return 0, 0
	}
	r, ok := hex4(s[2:])
	if !ok {
		return 0, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low, ok := hex4(s[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

func hex4(s []byte) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range s[:4] {
		v := ascii.Unhex(c)
		if v < 0 {
			return 0, false
		}
		r = r<<4 | rune(v)
	}
	return r, true
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

// AppendEscaped appends text, which is valid UTF-8, as the inside of a JSON
// string.
func AppendEscaped(dst, text []byte) []byte {
	for len(text) > 0 {
		if len(text) >= 8 {
			word := binary.LittleEndian.Uint64(text)
			// A byte below 0x20 has none of these three bits.
			control := zeroBytes(word & (lowBits * 0xE0))
			found := control | equalBytes(word, '"') | equalBytes(word, '\\')
			n := 8
			if found != 0 {
				n = bits.TrailingZeros64(found) / 8
			}
			if cap(dst)-len(dst) < 16 {
				dst = buffer.Grow(dst, len(text)+len(text)/8+64)
			}
			binary.LittleEndian.PutUint64(dst[len(dst):len(dst)+8], word)
			dst, text = dst[:len(dst)+n], text[n:]
			if n == 8 {
				continue
			}
		}
		c := text[0]
		switch e := jsonEscape[c]; e {
		case 0:
			dst = append(dst, c)
		case 'u':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, '\\', e)
		}
		text = text[1:]
	}
	return dst
}

// AppendString appends text as a JSON string. Bytes that are not UTF-8 are
// taken for Latin-1, which is what a header's bytes were before UTF-8.
func AppendString[T string | []byte](dst []byte, text T) []byte {
	b := []byte(text)
	if !utf8.Valid(b) {
		latin1 := make([]rune, len(b))
		for i, c := range b {
			latin1[i] = rune(c)
		}
		b = []byte(string(latin1))
	}
	return append(AppendEscaped(append(dst, '"'), b), '"')
}

// AppendASCII appends valid JSON text without white space between its tokens
// and with every byte that a header cannot hold as a \u escape.
func AppendASCII(dst, text []byte) []byte {
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
