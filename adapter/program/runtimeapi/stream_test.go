package runtimeapi

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// late is a body of which some bytes come, and then nothing until the limit, and a moment longer:
// on a busy machine nobody notices at once that a time is up.
type late struct {
	until time.Time
	began bool
}

func (l *late) Read(b []byte) (int, error) {
	if !l.began {
		l.began = true
		return copy(b, "hello"), nil
	}
	<-time.After(time.Until(l.until))
	return 0, os.ErrDeadlineExceeded
}

// Lambda is told how a stream ended, also if the adapter or Lambda itself is late.
func TestStreamEndsLate(t *testing.T) {
	t.Parallel()
	const after = 200 * time.Millisecond // the limit
	for _, test := range []struct {
		name     string
		body     time.Duration // until it ends, after the limit
		response time.Duration // until Lambda responds, after it has got the stream
	}{
		{"a body that ends long after the limit", after, 0},
		{"a response long after the limit", 0, after},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := make(chan string, 1)
			lambda := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Errorf("the stream broke off: %v", err)
				}
				got <- string(body) + ", " + r.Trailer.Get(errorTypeTrailer)
				<-time.After(test.response)
				w.WriteHeader(http.StatusAccepted)
			}))
			t.Cleanup(lambda.Close)
			c := Client{Address: strings.TrimPrefix(lambda.URL, "http://")}
			limit := time.Now().Add(2 * time.Second)
			inv := &Invocation{RequestID: []byte("id"), DeadlineMS: limit.Add(20 * time.Millisecond).UnixMilli()}
			readErr, err := c.Stream(inv, []byte("{}"), &late{until: limit.Add(test.body)}, limit, func(err error) *Fault {
				return &Fault{Kind: "Adapter.Late", Message: err.Error()}
			})
			if !errors.Is(readErr, os.ErrDeadlineExceeded) || err != nil {
				t.Errorf("got %v and %v, want the body's error alone", readErr, err)
			}
			if got := <-got; got != "{}hello, Adapter.Late" {
				t.Errorf("Lambda got %q", got)
			}
			// The connection may be in any state, so that the next call has one of its own.
			if c.conn != nil && c.conn.Dead() {
				t.Error("the connection is kept")
			}
		})
	}
}
