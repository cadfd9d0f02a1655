// Command mirror is a web server that shows what reaches it: forms, cookies, uploads, and every
// header of a request. What stands in front of it is tested with it.
package main

import (
	"encoding/json"
	"html/template"
	"io"
	"log"
	"net/http"
	"os"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<title>Mirror</title>
<p>Hello {{.}}</p>
<form method="post" action="form"><input name="name"><button>Send</button></form>
`))

func main() {
	http.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("GET /mode", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, os.Getenv("MODE")) })
	http.HandleFunc("GET /{$}", greet)
	http.HandleFunc("POST /form", form)
	http.HandleFunc("POST /echo", echo)
	http.HandleFunc("GET /request", show)
	log.Print("listening on ", os.Getenv("PORT"))
	log.Fatal(http.ListenAndServe(":"+os.Getenv("PORT"), nil))
}

// greet shows the page with the form, and the name in the cookie.
func greet(w http.ResponseWriter, r *http.Request) {
	name := "nobody"
	if cookie, err := r.Cookie("name"); err == nil {
		name = cookie.Value
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if err := page.Execute(w, name); err != nil {
		log.Print(err)
	}
}

// form keeps what was sent in one cookie, and sets another.
func form(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "name", Value: r.FormValue("name"), HttpOnly: true})
	http.SetCookie(w, &http.Cookie{Name: "sent", Value: "yes", SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func echo(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
	if _, err := io.Copy(w, r.Body); err != nil {
		log.Print(err)
	}
}

// show shows a request, and the URL that the server was told to be its own.
func show(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	err := json.NewEncoder(w).Encode(map[string]any{
		"Host": r.Host, "URL": r.RequestURI, "Header": r.Header, "PublicURL": os.Getenv("PUBLIC_URL"),
	})
	if err != nil {
		log.Print(err)
	}
}
