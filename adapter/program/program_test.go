package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// These tests run the compiled program, as Lambda does.

func TestTheProgramLivesAndEndsAsAnExtension(t *testing.T) {
	for _, how := range []string{"SHUTDOWN", "SIGTERM"} {
		t.Run(how, func(t *testing.T) {
			lambda := lambdatest.New(t)
			serve(t, lambda, hello)
			// A team may give the file another name; Lambda insists on it.
			path := filepath.Join(t.TempDir(), "my-adapter")
			if err := os.Link(lambdatest.BuildAdapter(t), path); err != nil {
				t.Skip(err) // the two folders are on different file systems
			}
			p := lambda.StartAdapter(path)
			lambda.WaitInit()
			if got := lambda.Extensions()[0].Name; got != "my-adapter" {
				t.Errorf("got the name %s", got)
			}
			expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
			code := 0
			if how == "SHUTDOWN" {
				lambda.Shutdown()
				code = p.Wait()
			} else {
				code = p.Stop()
			}
			if code != 0 || p.Logs() != "" {
				t.Errorf("got exit code %d, log %q", code, p.Logs())
			}
		})
	}
}

func TestTheProgramFailsWithALine(t *testing.T) {
	lambda := lambdatest.New(t)
	for _, test := range []struct{ env, want string }{
		{"AWS_LAMBDA_RUNTIME_API=", "only AWS Lambda starts this program"},
		{"AWS_LWA_PORT=x", `AWS_LWA_PORT must be a port`},
		{"CDKWEB_FRONT_SECRETS=hunter2", `CDKWEB_FRONT_SECRETS must be secrets of 16 to 128 letters, digits, - and _ each, separated by commas; its value is not shown`},
		{"CDKWEB_ALLOW_FROM=everybody", `CDKWEB_ALLOW_FROM must be prefixes separated by commas`},
	} {
		p := lambda.StartAdapter(lambdatest.BuildAdapter(t), test.env)
		if code, log := p.Wait(), p.Logs(); code != 1 || !strings.Contains(log, test.want) || strings.Count(log, "\n") != 1 {
			t.Errorf("%s: got exit code %d and the log %q, want one line with %q", test.env, code, log, test.want)
		} else if strings.Contains(log, "hunter2") {
			t.Errorf("there is a secret in the log %q", log)
		}
	}
}

// A function of 128 MB has to hold the server too. The numbers are far from
// what was measured (docs/adapter.md), as memory depends on the system.
func TestMemoryStaysSmall(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcde\n"), 4<<20/16)
	t.Run("streaming 100 MB", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			for range 25 {
				w.Write(large)
			}
		})
		p := lambda.StartAdapter(lambdatest.BuildAdapter(t), streamMode)
		lambda.WaitInit()
		count := &counter{}
		lambda.Do(lambdatest.Invocation{Event: getEvent("/"), Body: count})
		if count.n < 100<<20 {
			t.Errorf("got %d bytes", count.n)
		}
		checkMemory(t, p, 20<<20)
	})
	t.Run("4 MB in, 4 MB out", func(t *testing.T) {
		lambda := lambdatest.New(t)
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.Write(body)
		})
		p := lambda.StartAdapter(lambdatest.BuildAdapter(t))
		lambda.WaitInit()
		event := httpEvent("POST", "/", string(large))
		for range 3 {
			if a := lambda.Invoke(event).HTTP(t); !bytes.Equal(a.Body, large) {
				t.Fatalf("got %d bytes", len(a.Body))
			}
		}
		checkMemory(t, p, 35<<20)
	})
}

func checkMemory(t *testing.T, p *lambdatest.Process, most int64) {
	t.Helper()
	if got := p.PeakMemory(); got > most {
		t.Errorf("got a peak of %d KB, want at most %d KB", got>>10, most>>10)
	}
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }

func gunzip(t *testing.T, body []byte) string {
	t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
