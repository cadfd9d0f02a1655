package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// A page is the guestbook, or a title and a text when there is nothing else to show.
type page struct {
	Root   string // the guestbook's own address, relative to the page
	Title  string
	Text   string
	Detail string // for whoever runs the server
	Book   *bookPage
}

type bookPage struct {
	Form     form
	Entries  []entry
	Place    string
	Failures []failure
}

// A form is what stands in the form for a new entry.
type form struct{ Name, Message, Problem string }

func (form) MaxName() int    { return maxName }
func (form) MaxMessage() int { return maxMessage }

// show responds with a whole page, or with a plain 500.
func show(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Root = root(r)
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p); err != nil {
		slog.ErrorContext(r.Context(), "page", "error", err)
		http.Error(w, "The page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}

// root returns the way from r back to the guestbook. All links are relative, so that they also work
// behind a path prefix that the server never sees, such as an API Gateway stage.
func root(r *http.Request) string {
	return "./" + strings.Repeat("../", max(0, strings.Count(r.URL.Path, "/")-1))
}
