package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	removeBinary()
	os.Exit(code)
}

func TestPaths(t *testing.T) {
	t.Parallel()
	png, err := files.ReadFile("logo.png")
	if err != nil {
		t.Fatal(err)
	}
	const form, binary = "application/x-www-form-urlencoded", "application/octet-stream"
	tests := []struct {
		name        string
		method      string // default GET
		path        string
		contentType string
		body        string
		cookie      string
		wantStatus  int
		wantType    string // prefix
		want        []string
		wantBody    string // all of it
		not         []string
	}{
		{name: "the page lists entries", path: "/", wantStatus: 200, wantType: "text/html",
			want: []string{"<strong>Ada</strong>", "Hello", "21 November 2026, 04:05 UTC", `datetime="2026-11-21T04:05:06Z"`}},
		{name: "the page says where entries are kept", path: "/", wantStatus: 200, want: []string{"kept in memory", "TABLE_NAME is not set"}},
		{name: "the page escapes what visitors write", path: "/", wantStatus: 200, want: []string{"&lt;script&gt;"}, not: []string{"<script"}},
		{name: "the page links the failures", path: "/", wantStatus: 200,
			want: []string{`href="./panic"`, `href="./exit"`, `href="./fatal"`, `href="./use-all-memory"`, `href="./status/500"`}},
		{name: "the page bounds what the browser sends", path: "/", wantStatus: 200, want: []string{`maxlength="40"`, `maxlength="500"`}},
		{name: "the form knows a returning visitor", path: "/", cookie: "Zo%C3%AB+%26+Co", wantStatus: 200, want: []string{`value="Zoë &amp; Co"`}},
		{name: "a broken cookie is no visitor", path: "/", cookie: "%zz", wantStatus: 200, want: []string{`value=""`}},
		{name: "a query changes nothing", path: "/?a=b", wantStatus: 200, want: []string{"Ada"}},
		{name: "HEAD works", method: "HEAD", path: "/", wantStatus: 200, wantType: "text/html"},

		{name: "an entry needs a name", method: "POST", path: "/entries", contentType: form, body: "message=Hi", wantStatus: 400,
			want: []string{"Please write your name.", "Hi</textarea>", "<strong>Ada</strong>"}},
		{name: "an entry needs a message", method: "POST", path: "/entries", contentType: form, body: "name=Bob&message=+%0A+", wantStatus: 400,
			want: []string{"Please write your message.", `value="Bob"`}},
		{name: "an entry is bounded", method: "POST", path: "/entries", contentType: form, body: "name=Bob&message=" + strings.Repeat("x", 501), wantStatus: 400,
			want: []string{"Your message may have at most 500 characters; this one has 501."}},
		{name: "a form is bounded", method: "POST", path: "/entries", contentType: form, body: "name=" + strings.Repeat("x", maxForm), wantStatus: 400,
			want: []string{"larger than 16 KiB"}},
		{name: "a form is a form", method: "POST", path: "/entries", contentType: form, body: "name=%zz", wantStatus: 400, want: []string{"could not be read"}},
		{name: "JSON is no form", method: "POST", path: "/entries", contentType: "application/json", body: "{}", wantStatus: 400, want: []string{"Please write your name."}},

		{name: "health", path: "/healthz", wantStatus: 200, wantBody: "ok"},
		{name: "echo keeps bytes and type", method: "POST", path: "/echo", contentType: "image/x-test", body: "\x00\xff\xfe\r\n\x80", wantStatus: 200,
			wantType: "image/x-test", wantBody: "\x00\xff\xfe\r\n\x80"},
		{name: "echo of nothing", method: "POST", path: "/echo", contentType: binary, wantStatus: 200, wantType: binary},
		{name: "echo guesses no type", method: "POST", path: "/echo", body: "<html>", wantStatus: 200, wantBody: "<html>"},
		{name: "echo is bounded", method: "POST", path: "/echo", contentType: binary, body: strings.Repeat("x", maxEcho+1), wantStatus: 413},
		{name: "the logo is a picture", path: "/logo.png", wantStatus: 200, wantType: "image/png", wantBody: string(png)},

		{name: "status 500", path: "/status/500", wantStatus: 500, wantType: "text/plain", wantBody: "500 Internal Server Error\n"},
		{name: "status 404", path: "/status/404", wantStatus: 404, wantBody: "404 Not Found\n"},
		{name: "status 599", path: "/status/599", wantStatus: 599},
		{name: "status 200 is no failure", path: "/status/200", wantStatus: 404, want: []string{"Page not found"}},
		{name: "status 600 does not exist", path: "/status/600", wantStatus: 404, want: []string{"Page not found"}},
		{name: "status needs a number", path: "/status/x", wantStatus: 404, want: []string{"Page not found"}},

		{name: "any other page", path: "/nothing", wantStatus: 404, wantType: "text/html", want: []string{"Page not found", `href="./"`}},
		{name: "any other page, deeper", path: "/no/thing/", wantStatus: 404, want: []string{`href="./../../"`, `src="./../../logo.png"`}},
		{name: "failures take GET only", method: "POST", path: "/exit", wantStatus: 404},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := &memoryStore{entries: []entry{
				{Name: "Ada", Message: "Hello", Time: time.Date(2026, 11, 21, 4, 5, 6, 7, time.UTC)},
				{Name: "Eve", Message: "<script>alert(1)</script>"},
			}}
			r := httptest.NewRequest(test.method, test.path, strings.NewReader(test.body))
			if test.contentType != "" {
				r.Header.Set("Content-Type", test.contentType)
			}
			if test.cookie != "" {
				r.AddCookie(&http.Cookie{Name: nameCookie, Value: test.cookie})
			}
			w := httptest.NewRecorder()
			newServer(store).ServeHTTP(w, r)

			if w.Code != test.wantStatus {
				t.Errorf("got status %d, want %d", w.Code, test.wantStatus)
			}
			if got := w.Header().Get("Content-Type"); !strings.HasPrefix(got, test.wantType) {
				t.Errorf("got type %q, want %q", got, test.wantType)
			}
			if test.wantBody != "" && w.Body.String() != test.wantBody {
				t.Errorf("got body %q, want %q", w.Body, test.wantBody)
			}
			for _, want := range test.want {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("got no %q in\n%s", want, w.Body)
				}
			}
			for _, not := range test.not {
				if strings.Contains(w.Body.String(), not) {
					t.Errorf("got %q in\n%s", not, w.Body)
				}
			}
			if len(store.entries) != 2 {
				t.Errorf("got %d entries, want no new one", len(store.entries))
			}
		})
	}
}

// TestSigning does what a visitor's browser does, behind a path prefix that the server does not
// see, as an API Gateway stage.
func TestSigning(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/prod"} {
		server := httptest.NewServer(http.StripPrefix(prefix, newServer(&memoryStore{})))
		defer server.Close()

		for _, message := range []string{"first\r\nsecond line", "newest"} {
			response, err := server.Client().PostForm(server.URL+prefix+"/entries", url.Values{"name": {" Zoë; 💐 "}, "message": {message}})
			if err != nil {
				t.Fatal(err)
			}
			page, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if got, want := response.Request.URL.Path, prefix+"/"; response.StatusCode != 200 || got != want {
				t.Errorf("got %d at %s after the redirect, want 200 at %s", response.StatusCode, got, want)
			}
			if redirect := response.Request.Response; redirect.StatusCode != http.StatusSeeOther {
				t.Errorf("got %d, want 303", redirect.StatusCode)
			} else if got, want := redirect.Header.Get("Set-Cookie"), "guestbook_name=Zo%C3%AB%3B+%F0%9F%92%90; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"; got != want {
				t.Errorf("got cookie %q, want %q", got, want)
			}
			if message == "newest" && !inOrder(string(page), "newest", "first\nsecond line") {
				t.Errorf("got no newest before first in\n%s", page)
			}
		}
	}
}

func inOrder(s string, parts ...string) bool {
	for _, part := range parts {
		_, after, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = after
	}
	return true
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	var store memoryStore
	for i := range maxEntries + 5 {
		store.Add(t.Context(), entry{Message: fmt.Sprint(i)})
	}
	entries, _ := store.List(t.Context())
	if len(entries) != maxEntries || entries[0].Message != "104" || entries[99].Message != "5" {
		t.Errorf("got %d entries from %v to %v, want 100 from 104 to 5", len(entries), entries[0], entries[len(entries)-1])
	}
}

// A brokenStore is not DynamoDB, and answers nothing but its error.
type brokenStore struct{ memoryStore }

func (*brokenStore) List(context.Context) ([]entry, error) { return nil, errors.New("secret words") }

func TestErrorsOfNoKnownKind(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	newServer(&brokenStore{}).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusBadGateway || !bytes.Contains(w.Body.Bytes(), []byte("try again")) {
		t.Errorf("got %d and %s, want 502 and advice", w.Code, w.Body)
	}
	if bytes.Contains(w.Body.Bytes(), []byte("secret")) {
		t.Error("got the error's own words on the page, want them in the log only")
	}
}
