// Command hello is the smallest web server: what the images of the fixtures run.
package main

import (
	"io"
	"log"
	"net/http"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })
	log.Fatal(http.ListenAndServe(":8080", nil))
}
