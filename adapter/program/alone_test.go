package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// extensionsWith makes a folder of extensions from names and contents, with the
// adapter among them, and returns the adapter's path.
func extensionsWith(t *testing.T, others map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	for name, content := range others {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return copyOf(t, lambdatest.BuildAdapter(t), filepath.Join(folder, "cdkweb-adapter"))
}

func copyOf(t *testing.T, program, path string) string {
	t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// Two adapters in one environment would send each request twice. Lambda hands
// out no invocation before all extensions are ready, so that the one that finds
// the other in time makes the init fail before any request.
func TestItDoesNotStartBesideAnotherAdapter(t *testing.T) {
	own := readFile(t, lambdatest.BuildAdapter(t))
	far := strings.Repeat("x", 64<<10-8) // so that the mark stands across the border of two reads
	for _, test := range []struct{ name, file, content string }{
		{"AWS Lambda Web Adapter, by its name", "lambda-adapter", "\x7fELF"},
		{"AWS Lambda Web Adapter under another name", "web", far + "AWS_LWA_READINESS_CHECK_PATH"},
		{"itself under another name", "aaa", own},
	} {
		t.Run(test.name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			serve(t, lambda, hello)
			path := extensionsWith(t, map[string]string{test.file: test.content})
			p := lambda.StartAdapter(path)
			if code := p.Wait(); code != 1 {
				t.Errorf("got exit code %d, want 1", code)
			}
			other := filepath.Join(filepath.Dir(path), test.file)
			want := other + " is a Lambda adapter too, and each adapter would send every request to the server; " +
				"keep one of them in the image: remove " + other + " or " + path
			if log := p.Logs(); !strings.Contains(log, want) || strings.Count(log, "\n") != 1 {
				t.Errorf("got the log %q, want %q", log, want)
			}
			var calls []string
			for _, e := range lambda.InitErrors() {
				calls = append(calls, e.Call)
				if e.ErrorType != "Adapter.SecondAdapter" || e.ErrorMessage != want {
					t.Errorf("got %+v", e)
				}
			}
			if fmt.Sprint(calls) != "[/2018-06-01/runtime/init/error /2020-01-01/extension/init/error]" {
				t.Errorf("got the calls %v", calls)
			}
			if !lambda.FirstNext().IsZero() {
				t.Error("it asked for an invocation")
			}
		})
	}
}

// Of two copies that cannot see each other's file, one ends, and no request is
// sent twice whichever comes first.
func TestOfTwoCopiesInOneEnvironmentOneEnds(t *testing.T) {
	for range 5 {
		lambda := lambdatest.New(t)
		var requests atomic.Int32
		serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			io.WriteString(w, "hello")
		})
		go lambda.Try(lambdatest.Invocation{Event: postEvent("/order")})
		binary := lambdatest.BuildAdapter(t)
		ended := make(chan *lambdatest.Process, 2)
		for _, name := range []string{"one", "two"} {
			p := lambda.StartAdapter(copyOf(t, binary, filepath.Join(t.TempDir(), name)))
			go func() { <-p.Done(); ended <- p }()
		}
		var p *lambdatest.Process
		select {
		case p = <-ended:
		case <-time.After(lambda.Timeout):
			t.Fatal("both run")
		}
		want := "a second copy of this adapter runs in the same environment"
		if code, log := p.Wait(), p.Logs(); code != 1 || !strings.Contains(log, want) {
			t.Errorf("got exit code %d and the log %q, want 1 and %q", code, log, want)
		}
		if got := lambda.InitErrors(); len(got) != 2 || got[0].ErrorType != "Adapter.SecondAdapter" {
			t.Errorf("got the init errors %+v", got)
		}
		if n := requests.Load(); n > 1 {
			t.Errorf("the order was placed %d times", n)
		}
	}
}

func TestOtherExtensionsMayLieBesideIt(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, hello)
	path := extensionsWith(t, map[string]string{
		"datadog-agent": "\x7fELF /2018-06-01/runtime/invocation/next AWS_LAMBDA_RUNTIME_API",
		"collector":     strings.Repeat("otel", 1<<20),
	})
	folder := filepath.Dir(path)
	if err := os.WriteFile(filepath.Join(folder, "notes"), []byte("AWS_LWA_READINESS_CHECK_PATH"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "lambda-adapter"), 0o755); err != nil { // Lambda looks at files alone
		t.Fatal(err)
	}
	lambda.StartAdapter(path)
	lambda.WaitInit()
	expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
}
