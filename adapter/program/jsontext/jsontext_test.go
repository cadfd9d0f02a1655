package jsontext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// stringCases are JSON strings; encoding/json tells what they mean.
var stringCases = []string{
	``, `a`, `plain text without an escape`, `\n`, `\"`, `\\`, `\\\\\\\\`, `\/`, `\b\f\n\r\t`,
	`\u00e9`, `\u20ac`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\ud83d\n`, `\ud83dx`, `\u0000`,
	`0123456\n`, `01234567\n`, `0123456\\`, `0123456789abcdef\u00e9ghijklmnopqrstuvwxyz\n0123456789`,
	`\na\nab\nabc\nabcd\nabcde\nabcdef\nabcdefg\nabcdefgh\n`, `\u00e9a\u00e9ab\u00e9abc\u00e9abcdefghijklmnop\n`,
	`{\"a\":\"b\",\"c\":[\"\\\"\"]}`, `\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n`, `é€😀 raw \n é€😀`,
}

func TestUnescapeReadsStringsAsEncodingJSONDoes(t *testing.T) {
	for _, text := range stringCases {
		for _, text := range []string{text, strings.Repeat(text+"x", 7), strings.Repeat("long, long ago ", 30) + text} {
			var want string
			if err := json.Unmarshal([]byte(`"`+text+`"`), &want); err != nil {
				t.Fatal(err)
			}
			s := Scanner{Data: []byte(`"` + text + `"`)}
			value, err := s.Value()
			if err != nil || s.Pos != len(s.Data) {
				t.Errorf("%s: got an end at %d, %v", text, s.Pos, err)
				continue
			}
			body, _ := Inside(value)
			got, err := Unescape(body)
			if err != nil || string(got) != want {
				t.Errorf("%s: got %q, %v, want %q", text, got, err, want)
			}
		}
	}
}

func TestAppendStringWritesWhatEncodingJSONReads(t *testing.T) {
	for _, text := range []string{
		"", "a", "plain", "<html>&amp;</html>", "a\"b\\c\nd\te\x00f\x1f\x7f", "0123456\"", "01234567\"", "é€😀\n é€😀",
		strings.Repeat("\"", 50), strings.Repeat("0123456789\n", 50), "\x1f\x20\x21", "\u2028",
	} {
		written := AppendString([]byte(nil), text)
		var got string
		if err := json.Unmarshal(written, &got); err != nil || got != text {
			t.Errorf("%q: got %s, which is %q, %v", text, written, got, err)
		}
	}
	if got := string(AppendString(nil, "caf\xe9")); got != `"café"` {
		t.Errorf("got %s for Latin-1, want \"café\"", got)
	}
	if got := string(AppendString(nil, "<a href='x'>&</a>")); got != `"<a href='x'>&</a>"` {
		t.Errorf("got %s: HTML must not be escaped", got)
	}
}

func TestAppendASCII(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`{"a": "b c"}`, `{"a":"b c"}`},
		{"{\n\t\"a\": [1, 2]\r\n}", `{"a":[1,2]}`},
		{`{"name":"Zoë 😀"}`, `{"name":"Zo\u00eb \ud83d\ude00"}`},
		{`{"q":"\"quoted\" \\"}`, `{"q":"\"quoted\" \\"}`},
		{"{\"c\":\"\x01\x7f\"}", `{"c":"\u0001\u007f"}`},
	} {
		if got := string(AppendASCII(nil, []byte(test.in))); got != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestScannerRefusesWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{
		``, `{`, `}`, `[`, `]`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `"`, `"\"`, `"a\\\"`,
		`tru`, `nul`, `-`, `1.`, `1e`, `.5`, `+1`, `{"a":1 "b":2}`, strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	} {
		s := Scanner{Data: []byte(text)}
		if _, err := s.Value(); err == nil && s.Next() == 0 && s.Pos == len(text) {
			t.Errorf("%.40s is taken for JSON", text)
		}
	}
}

var benchmarkText = bytes.Repeat([]byte(`{\"name\":\"The quick brown fox\",\"of\":\"the lazy dog\"}\n`), 20_000)

func BenchmarkUnescape(b *testing.B) {
	work := make([]byte, len(benchmarkText))
	b.SetBytes(int64(len(work)))
	for b.Loop() {
		copy(work, benchmarkText)
		Unescape(work)
	}
}

func BenchmarkScan(b *testing.B) {
	for name, inside := range map[string][]byte{"escapes": benchmarkText, "base64": bytes.Repeat([]byte("QUJD"), 1<<18)} {
		text := append(append([]byte(`"`), inside...), '"')
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s := Scanner{Data: text}
				s.Value()
			}
		})
	}
}

func BenchmarkEscape(b *testing.B) {
	text := bytes.Repeat([]byte("<p class=\"x\">The quick brown fox jumps over the lazy dog, and on.</p>\n"), 15_000)
	out := make([]byte, 0, 2*len(text))
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		utf8.Valid(text)
		AppendEscaped(out, text)
	}
}

// What is said to be left unchecked in strings that nobody reads.
func TestStringsThatNobodyReadsAreNotChecked(t *testing.T) {
	for _, text := range []string{`{"a":"\x"}`, "{\"a\":\"\x01\"}", "{\"a\":\"\xff\"}", `{"\x":1}`} {
		s := Scanner{Data: []byte(text)}
		if _, err := s.Value(); err != nil || s.Pos != len(text) {
			t.Errorf("%q: got an end at %d, %v", text, s.Pos, err)
		}
	}
	if got, err := Unescape([]byte(`\x`)); err == nil {
		t.Errorf("an escape that means nothing is read as %q", got)
	}
}

// FuzzText gives texts to the scanner. What is JSON is taken, to its end and not
// over it; strings mean what they mean to encoding/json.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,-2.5e3,true,false,null,"\u00e9\n"],"b":{}}`, `[]`, `"text"`, `"\ud83d\ude00"`, `null`, `{"a":"\\\""}`, `{`, ` 1 `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		checkStrings(t, text)
		s := Scanner{Data: bytes.Clone(text)}
		value, err := s.Value()
		end := err == nil && s.Next() == 0 && s.Pos == len(text)
		if valid := json.Valid(text); valid != Valid(text) {
			t.Fatalf("%q: got %v, encoding/json says %v", text, !valid, valid)
		} else if !valid {
			return
		}
		if !end || !bytes.Equal(value, bytes.TrimSpace(text)) {
			t.Fatalf("%q: got %q, an end at %d, %v", text, value, s.Pos, err)
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(text, &want) != nil || want == nil || bytes.IndexByte(text, '\\') >= 0 || !utf8.Valid(text) {
			return
		}
		got := map[string]json.RawMessage{}
		if err := EachMember(value, func(key, value []byte) error {
			got[string(key)] = bytes.Clone(value)
			return nil
		}); err != nil || len(got) != len(want) {
			t.Fatalf("%q: got the members %q, %v, want %q", text, got, err, want)
		}
		for key, value := range want {
			if string(got[key]) != string(value) {
				t.Fatalf("%q: the member %q is %q, want %q", text, key, got[key], value)
			}
		}
		if ascii := AppendASCII(nil, text); !json.Valid(ascii) {
			t.Fatalf("%q becomes %q", text, ascii)
		}
	})
}

// checkStrings takes the same bytes for a plain string and for the inside of a
// JSON string, and compares with encoding/json.
func checkStrings(t *testing.T, plain []byte) {
	for _, quoted := range [][]byte{AppendString(nil, plain), append(append([]byte{'"'}, plain...), '"')} {
		var want string
		if json.Unmarshal(quoted, &want) != nil || !utf8.Valid(quoted) {
			continue
		}
		s := Scanner{Data: bytes.Clone(quoted)}
		value, err := s.Value()
		if err != nil || s.Pos != len(quoted) {
			t.Fatalf("%q ends at %d, %v", quoted, s.Pos, err)
		}
		text, _ := Inside(value)
		if got, err := Unescape(text); err != nil || string(got) != want {
			t.Fatalf("%q becomes %q, %v, want %q", quoted, got, err, want)
		}
		s = Scanner{Data: bytes.Clone(quoted)}
		if got, err := s.UnescapeString(); err != nil || string(got) != want || s.Pos != len(quoted) {
			t.Fatalf("on the way, %q becomes %q, %v, want %q", quoted, got, err, want)
		}
	}
}
