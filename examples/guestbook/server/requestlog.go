package main

import (
	"log/slog"
	"net/http"
	"time"
)

// logRequests writes one line to the log for each request that h serves. Status 0 means that h
// panicked before it responded.
func logRequests(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		counted := &countingWriter{ResponseWriter: w}
		defer func() {
			level := slog.LevelInfo
			if counted.status == 0 || counted.status >= 500 {
				level = slog.LevelError
			}
			slog.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path,
				"status", counted.status, "bytes", counted.bytes,
				"ms", time.Since(start).Milliseconds())
		}()
		h.ServeHTTP(counted, r)
	})
}

// A countingWriter remembers the response. Every handler here writes a header or a body.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (w *countingWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}
