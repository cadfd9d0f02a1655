// Command hello is the smallest web server: what the images of the fixtures run. It logs each
// request.
package main

import (
	"io"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		log.Print(r.Method, " ", r.URL.Path)
		io.WriteString(w, "hello")
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
