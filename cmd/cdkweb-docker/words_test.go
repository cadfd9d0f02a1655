package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestDockerfileSentences says once where a mistake is, and what is missing.
func TestDockerfileSentences(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for dockerfile, want := range map[string]string{
		"":                         "the Dockerfile has no FROM instruction, so it builds no image",
		"\n# nothing\n\n":          "the Dockerfile has no FROM instruction, so it builds no image",
		"ARG A\n":                  "the Dockerfile has no FROM instruction, so it builds no image",
		"ARG A\nENV a b\n":         "line 2 of the Dockerfile: there is no FROM instruction above it",
		"FROM\n":                   "line 1 of the Dockerfile: FROM requires either one or three arguments",
		"\nFRM x\n":                "line 2 of the Dockerfile: unknown instruction: FRM (did you mean FROM?)",
		"FROM scratch\nENV\n":      "line 2 of the Dockerfile: ENV requires at least one argument",
		"FROM scratch\nCOPY a /":   "line 2 of the Dockerfile (COPY a /): /a does not exist",
		"FROM scratch AS a/b\n":    "line 1 of the Dockerfile: ",
		"FROM scratch\nUSER \"a\n": "line 2 of the Dockerfile (USER",
	} {
		got := m.call("", "build", files(t, map[string]string{"Dockerfile": dockerfile}))
		lines := strings.Split(strings.TrimSuffix(got.stderr, "\n"), "\n")
		if last := lines[len(lines)-1]; got.status != 1 || !strings.HasPrefix(last, "cdkweb-docker: "+want) ||
			strings.Contains(last, "line 0") || strings.Contains(last, "parse error") {
			t.Errorf("%q: status %d, %q, want %q", dockerfile, got.status, last, want)
		}
	}
}

// TestLogoutSentences says what was done.
func TestLogoutSentences(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	if got := m.call("secret", "login", "-u", "me", "--password-stdin", r.host); got.status != 0 {
		t.Fatalf("login: %+v", got)
	}
	for _, test := range []struct{ args, stdout, stderr string }{
		{"logout nowhere.example.com", "", "cdkweb-docker: there is no login for nowhere.example.com in this run\n"},
		{"logout https://" + r.host + "/v1/", "Removed the login for " + r.host + "\n", ""},
		{"logout " + r.host, "", "cdkweb-docker: there is no login for " + r.host + " in this run\n"},
		{"logout", "", "cdkweb-docker: there is no login for index.docker.io in this run\n"},
	} {
		if got := m.call("", strings.Fields(test.args)...); got.status != 0 || got.stdout != test.stdout || got.stderr != test.stderr {
			t.Errorf("%s: %+v", test.args, got)
		}
	}
	m.fails(2, "logout has no flag -x", "logout", "-x")
	m.fails(2, "logout takes the name of one registry", "logout", "a", "b")
	m.fails(1, `"A B" is no name of a registry, such as example.com`, "logout", "A B")
}

// TestFolderSentences names the folder that cannot be used, and how to name another.
func TestFolderSentences(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	file := filepath.Join(m.home, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{file, filepath.Join(file, "below"), "/proc/none"} {
		if folder == "/proc/none" {
			if _, err := os.Stat("/proc/self"); err != nil {
				continue
			}
		}
		m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE="+folder)
		for _, args := range [][]string{{"images"}, {"push", "x"}, {"prune"}, {"build", asset}, {"login", "-u", "a", "--password-stdin", "127.0.0.1:1"}} {
			m.fails(1, "the folder for images "+folder+" cannot be used; name another in CDKWEB_DOCKER_CACHE: ", args...)
		}
	}
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE=", "HOME="+filepath.Join(file, "home"), "XDG_CACHE_HOME=")
	m.fails(1, "cannot be used; name another in CDKWEB_DOCKER_CACHE: ", "images")
	m.environment = append(m.environment, "HOME=")
	m.fails(1, "there is no folder for images; name one in CDKWEB_DOCKER_CACHE", "images")
}

// TestHelp wants help of every command, whatever folders there are.
func TestHelp(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE=", "HOME=", "XDG_CACHE_HOME=")
	for name := range commands {
		for _, flag := range []string{"--help", "-h"} {
			if got := m.must(name, flag); !strings.HasPrefix(got, "usage: cdkweb-docker ") {
				t.Errorf("%s %s printed %q", name, flag, got)
			}
		}
	}
	if got := m.must("version"); !strings.HasPrefix(got, "cdkweb-docker ") {
		t.Errorf("version printed %q", got)
	}
}

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

// TestRefusedArguments wants nothing to be done with another image or registry than was named.
func TestRefusedArguments(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	id := m.must("inspect", "--format", "{{.Id}}", r.host+"/app:1")
	m.fails(1, "push takes the name of an image, got the id "+id+"; give it a name with tag", "push", id)
	if got := r.count("PUT "); got != 0 {
		t.Errorf("it was pushed: %d", got)
	}
	for _, server := range []string{"", "https://", "http:///v1/"} {
		m.fails(2, "login: the registry must be a name such as example.com, got ",
			"login", "-u", "a", "--password-stdin", server)
	}
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE_SIZE=lots")
	m.fails(1, "CDKWEB_DOCKER_CACHE_SIZE must be a size", "build", "--tag", "late", folder(t, asset))
	m.environment = append(m.environment, "CDKWEB_DOCKER_CACHE_SIZE=")
	m.fails(1, "there is no image late here", "inspect", "late")
}
