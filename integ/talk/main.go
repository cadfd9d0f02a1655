// Command talk is a web server that talks for longer than one response takes: in a stream, and
// over a websocket. Its pages are below /talk/, because load balancers pass paths on as they are.
// With MODE=sick it never gets healthy.
package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	mode := os.Getenv("MODE")
	http.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		if mode == "sick" {
			http.Error(w, "sick", http.StatusServiceUnavailable)
		}
	})
	http.HandleFunc("GET /talk/mode", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, mode)
	})
	http.HandleFunc("GET /talk/stream", stream)
	http.HandleFunc("GET /talk/last", last)
	http.HandleFunc("GET /talk/socket", socket)

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	server := &http.Server{Addr: ":" + os.Getenv("PORT")}
	ended := make(chan error)
	context.AfterFunc(ctx, func() { ended <- server.Shutdown(context.Background()) })
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		log.Fatal(err)
	}
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
}

// ask lets a stream go on.
var ask = make(chan struct{})

// stream sends a line, and another when somebody asks for it.
func stream(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, "first\n")
	http.NewResponseController(w).Flush()
	select {
	case <-ask:
		io.WriteString(w, "last\n")
	case <-r.Context().Done():
	}
}

// last asks a stream for its last line, if one waits here.
func last(w http.ResponseWriter, r *http.Request) {
	select {
	case ask <- struct{}{}:
	default:
		http.Error(w, "no stream waits", http.StatusConflict)
	}
}

// socket sends text messages of up to 125 bytes back (RFC 6455).
func socket(w http.ResponseWriter, r *http.Request) {
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, client, err := http.NewResponseController(w).Hijack()
	if err != nil {
		log.Print(err)
		return
	}
	defer connection.Close()
	fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(sum[:]))
	for {
		message, err := receive(client.Reader)
		if err != nil {
			return // the client is gone
		}
		if _, err := connection.Write(append([]byte{0x81, byte(len(message))}, message...)); err != nil {
			return
		}
	}
}

// receive reads a frame of a client: two bytes, a mask of four, and the text under the mask.
func receive(r *bufio.Reader) ([]byte, error) {
	var head [6]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	if head[0] != 0x81 || head[1]&0x80 == 0 || head[1]&0x7f > 125 {
		return nil, fmt.Errorf("not a short text message: %x", head[:2])
	}
	message := make([]byte, head[1]&0x7f)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	for i := range message {
		message[i] ^= head[2+i%4]
	}
	return message, nil
}
