package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What a visitor may write, in characters.
const (
	maxName    = 40
	maxMessage = 500
)

// maxEntries is how many entries the page lists.
const maxEntries = 100

// An entry is what one visitor wrote.
type entry struct {
	ID      string // sorts by time
	Name    string
	Message string
	Time    time.Time
}

// A store keeps entries.
type store interface {
	// List returns the newest entries, newest first, at most maxEntries of them.
	List(context.Context) ([]entry, error)
	Add(context.Context, entry) error
	// Place says where the entries are kept, as the end of "kept in …".
	Place() string
}

// newEntry makes an entry of what a visitor typed, or says in a sentence what is wrong with it.
func newEntry(name, message string, now time.Time) (e entry, problem string) {
	name = strings.TrimSpace(name)
	message = strings.TrimSpace(strings.ReplaceAll(message, "\r\n", "\n"))
	if strings.Contains(name, "\n") {
		return entry{}, "Please write your name on one line."
	}
	problem = cmp.Or(
		checkText("name", name, maxName), checkText("message", message, maxMessage))
	if problem != "" {
		return entry{}, problem
	}
	now = now.UTC()
	// Not RFC3339Nano: it drops trailing zeros, and then ids no longer sort by time.
	id := now.Format("2006-01-02T15:04:05.000000000Z") + "-" + rand.Text()[:8]
	return entry{ID: id, Name: name, Message: message, Time: now}, ""
}

func checkText(field, text string, limit int) (problem string) {
	odd := func(r rune) bool {
		return r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t'
	}
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return fmt.Sprintf("Please write your %s.", field)
	case n > limit:
		return fmt.Sprintf("Your %s may have at most %d characters; this one has %d.",
			field, limit, n)
	case strings.ContainsFunc(text, odd):
		return fmt.Sprintf("Your %s has characters that are not text.", field)
	}
	return ""
}
