package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestControlCharacters wants none of what a registry says to reach the terminal as a command.
func TestControlCharacters(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	r.ask(func(w http.ResponseWriter, request *http.Request) bool {
		http.Error(w, "bad\x1b[2Jwords\u009b1m\a\r", http.StatusBadRequest)
		return true
	})
	got := m.fails(1, "bad[2Jwords1m", "push", r.host+"/app:1")
	if strings.ContainsAny(got.stderr, "\x1b\u009b\a\r") {
		t.Errorf("push printed %q", got.stderr)
	}
}
