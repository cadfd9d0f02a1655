// Command server is what the benchmark measures against: a trivial web server
// and, with IN_PROCESS=true, the same handler inside a Lambda runtime of its
// own, which is what a team would write that gives up being a web server.
package main

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "hello")
	})
	mux.HandleFunc("/text", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		write(w, r, text)
	})
	mux.HandleFunc("/binary", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		write(w, r, binary)
	})
	mux.HandleFunc("/stream", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		for b := binary; len(b) > 0; b = b[piece:] {
			w.Write(b[:piece])
			w.(http.Flusher).Flush()
		}
	})
	if os.Getenv("IN_PROCESS") == "true" {
		lambda.Start(httpadapter.NewV2(mux).ProxyWithContext)
		return
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), mux))
}

const most = 4 << 20

var (
	text   = bytes.Repeat([]byte("<p class=\"x\">The quick brown fox jumps over the lazy dog, and on.</p>\n"), most/70+1)[:most]
	binary = func() []byte {
		b := make([]byte, most)
		for i := range b {
			b[i] = byte(i*7 + i>>8 | 0x80)
		}
		return b
	}()
)

const piece = 64 << 10

// write writes as many bytes as the query's n says.
func write(w http.ResponseWriter, r *http.Request, from []byte) {
	n, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || n < 0 || n > most {
		http.Error(w, "n must be a number of bytes up to 4 MiB", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(n))
	w.Write(from[:n])
}
