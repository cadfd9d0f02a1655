package main

import (
	"embed"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
)

// What a request may send, in bytes.
const (
	maxForm = 16 << 10
	maxEcho = 16 << 20
)

// nameCookie remembers the visitor's name, URL-escaped because a cookie holds ASCII only.
const nameCookie = "guestbook_name"

//go:embed logo.png
var files embed.FS

type server struct{ store store }

// newServer returns the guestbook's pages over the entries in s.
func newServer(s store) http.Handler {
	srv := &server{store: s}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", srv.list)
	mux.HandleFunc("POST /entries", srv.add)
	mux.HandleFunc("GET /healthz", healthy)
	mux.HandleFunc("POST /echo", echo)
	mux.HandleFunc("GET /status/{code}", status)
	mux.Handle("GET /logo.png", http.FileServerFS(files))
	for _, f := range failures {
		mux.HandleFunc("GET /"+f.Path, f.fail)
	}
	mux.HandleFunc("/", notFound)
	return mux
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	form := form{}
	if c, err := r.Cookie(nameCookie); err == nil {
		form.Name, _ = url.QueryUnescape(c.Value)
	}
	s.showBook(w, r, http.StatusOK, form)
}

func (s *server) add(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.showBook(w, r, http.StatusBadRequest, form{
			Problem: "That form could not be read: it is not a form, or larger than 16 KiB.",
		})
		return
	}
	form := form{Name: r.PostForm.Get("name"), Message: r.PostForm.Get("message")}
	entry, problem := newEntry(form.Name, form.Message, time.Now())
	if problem != "" {
		form.Problem = problem
		s.showBook(w, r, http.StatusBadRequest, form)
		return
	}
	if err := s.store.Add(r.Context(), entry); err != nil {
		s.showStoreError(w, r, "write to", err)
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: nameCookie, Value: url.QueryEscape(entry.Name), Path: "/", MaxAge: 365 * 24 * 60 * 60,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	// Not http.Redirect: it makes the address absolute, and a gateway's stage (/prod/) would be
	// lost.
	w.Header().Set("Location", root(r))
	w.WriteHeader(http.StatusSeeOther)
}

// showBook responds with the page of all entries and the form.
func (s *server) showBook(w http.ResponseWriter, r *http.Request, status int, f form) {
	entries, err := s.store.List(r.Context())
	if err != nil {
		s.showStoreError(w, r, "read", err)
		return
	}
	show(w, r, status, page{Title: "Guestbook", Book: &bookPage{
		Form: f, Entries: entries, Place: s.store.Place(), Failures: failures,
	}})
}

// showStoreError tells the visitor in a sentence what the table refused, and the log in the error's
// own words.
func (s *server) showStoreError(w http.ResponseWriter, r *http.Request, verb string, err error) {
	slog.ErrorContext(r.Context(), "cannot "+verb+" the table",
		"entries", s.store.Place(), "error", err)
	p := page{
		Title: "Out of order",
		Text:  "The guestbook's table did not answer as it should. Please try again in a moment.",
	}
	if op, ok := errors.AsType[*smithy.OperationError](err); ok {
		p.Detail = op.Service() + " " + op.Operation()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		p.Detail += ": " + api.ErrorCode()
		switch api.ErrorCode() {
		case "AccessDeniedException":
			p.Text = "This service may not " + verb + " the guestbook's table."
		case "ResourceNotFoundException":
			p.Text = "The guestbook's table does not exist."
		}
	}
	show(w, r, http.StatusBadGateway, p)
}

// healthy responds without asking the table, so that a table in trouble does not get the server
// replaced.
func healthy(w http.ResponseWriter, _ *http.Request) {
	io.WriteString(w, "ok")
}

// echo responds with the body it got, byte for byte.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEcho))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	// Also if there is none: then nothing is guessed.
	w.Header()["Content-Type"] = r.Header["Content-Type"]
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(body)
}

// status responds with the error status in the path, for trying out health checks and alarms.
func status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 400 || code > 599 {
		notFound(w, r)
		return
	}
	http.Error(w, strconv.Itoa(code)+" "+http.StatusText(code), code)
}

func notFound(w http.ResponseWriter, r *http.Request) {
	show(w, r, http.StatusNotFound, page{
		Title: "Page not found",
		Text:  "There is nothing here but the guestbook.",
	})
}
