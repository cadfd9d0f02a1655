package main

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
			s := scanner{data: []byte(`"` + text + `"`)}
			value, err := s.value()
			if err != nil || s.pos != len(s.data) {
				t.Errorf("%s: got an end at %d, %v", text, s.pos, err)
				continue
			}
			body, _ := inside(value)
			got, err := unescape(body)
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
		written := appendString([]byte(nil), text)
		var got string
		if err := json.Unmarshal(written, &got); err != nil || got != text {
			t.Errorf("%q: got %s, which is %q, %v", text, written, got, err)
		}
	}
	if got := string(appendString(nil, "caf\xe9")); got != `"café"` {
		t.Errorf("got %s for Latin-1, want \"café\"", got)
	}
	if got := string(appendString(nil, "<a href='x'>&</a>")); got != `"<a href='x'>&</a>"` {
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
		if got := string(appendASCII(nil, []byte(test.in))); got != test.want {
			t.Errorf("%s: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestScannerRefusesWhatIsNotJSON(t *testing.T) {
	for _, text := range []string{
		``, `{`, `}`, `[`, `]`, `{]`, `[}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `[1,]`, `[1 2]`, `"`, `"\"`, `"a\\\"`,
		`tru`, `nul`, `-`, `1.`, `1e`, `.5`, `+1`, `{"a":1 "b":2}`, strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1),
	} {
		if _, err := parseEvent([]byte(text)); err == nil {
			t.Errorf("%.40s is taken for an event", text)
		}
	}
}

var benchmarkText = bytes.Repeat([]byte(`{\"name\":\"The quick brown fox\",\"of\":\"the lazy dog\"}\n`), 20_000)

func BenchmarkUnescape(b *testing.B) {
	work := make([]byte, len(benchmarkText))
	b.SetBytes(int64(len(work)))
	for b.Loop() {
		copy(work, benchmarkText)
		unescape(work)
	}
}

func BenchmarkScan(b *testing.B) {
	for name, inside := range map[string][]byte{"escapes": benchmarkText, "base64": bytes.Repeat([]byte("QUJD"), 1<<18)} {
		text := append(append([]byte(`"`), inside...), '"')
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				s := scanner{data: text}
				s.value()
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
		appendEscaped(out, text)
	}
}
