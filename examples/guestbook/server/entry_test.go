package main

import (
	"strings"
	"testing"
	"time"
)

func TestNewEntry(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, visitor, message string
		want                   entry
		wantProblem            string
	}{
		{name: "spaces around are dropped", visitor: " Ada ", message: "\r\n Hi \t", want: entry{Name: "Ada", Message: "Hi"}},
		{name: "a message may have lines", visitor: "Ada", message: "a\r\n\r\nb", want: entry{Name: "Ada", Message: "a\n\nb"}},
		{name: "characters are counted, not bytes", visitor: strings.Repeat("é", maxName), message: strings.Repeat("💐", maxMessage),
			want: entry{Name: strings.Repeat("é", maxName), Message: strings.Repeat("💐", maxMessage)}},
		{name: "no name", visitor: " ", message: "Hi", wantProblem: "Please write your name."},
		{name: "no message", visitor: "Ada", wantProblem: "Please write your message."},
		{name: "a long name", visitor: strings.Repeat("x", 41), message: "Hi", wantProblem: "Your name may have at most 40 characters; this one has 41."},
		{name: "a long message", visitor: "Ada", message: strings.Repeat("x", 501), wantProblem: "Your message may have at most 500 characters; this one has 501."},
		{name: "a name of two lines", visitor: "Ada\nBob", message: "Hi", wantProblem: "Please write your name on one line."},
		{name: "a control character", visitor: "Ada\x00", message: "Hi", wantProblem: "Your name has characters that are not text."},
		{name: "not UTF-8", visitor: "Ada", message: "\xff", wantProblem: "Your message has characters that are not text."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, problem := newEntry(test.visitor, test.message, time.Now())
			if problem != test.wantProblem {
				t.Errorf("got problem %q, want %q", problem, test.wantProblem)
			}
			if got.Name != test.want.Name || got.Message != test.want.Message {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestIDsSortByTime(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 21, 4, 0, 0, 0, time.FixedZone("", 3600))
	last := ""
	for _, after := range []time.Duration{0, 1, 10, time.Millisecond, time.Second, time.Second + 500*time.Millisecond, 11 * time.Hour} {
		e, _ := newEntry("Ada", "Hi", start.Add(after))
		if e.ID <= last {
			t.Errorf("got id %s after %s, want a larger one", e.ID, last)
		}
		last = e.ID
	}
	a, _ := newEntry("Ada", "Hi", start)
	b, _ := newEntry("Bob", "Hi", start)
	if a.ID == b.ID {
		t.Errorf("got id %s for two entries of one moment, want two ids", a.ID)
	}
}
