package difftest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/cdkweb/cdkweb/webclient"
)

// TestSign compares the signatures of webclient with those of AWS's SDK, over random requests. Their
// paths have no dots and double slashes, which the SDK leaves as they are for all services, and
// AWS's test suite for S3 only.
func TestSign(t *testing.T) {
	random := source(t)
	text := func(letters string, most int) string {
		var b strings.Builder
		for range random.IntN(most) {
			all := []rune(letters)
			b.WriteRune(all[random.IntN(len(all))])
		}
		return b.String()
	}
	const letters = "abzAZ019-_~!@$&'()*+,;=:ü漢 \"<>%#?[]^`{|}"
	credentials := webclient.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}
	for i := range count(t, 2000) {
		var path string
		for range random.IntN(4) {
			path += "/a" + text(letters, 8)
		}
		query := url.Values{}
		for range random.IntN(4) {
			query.Add(text(letters, 4), text(letters, 8))
		}
		body := text(letters, 100)
		location := url.URL{
			Scheme: "https", Host: "abc.lambda-url.eu-west-1.on.aws", Path: path, RawQuery: query.Encode(),
		}
		request, err := http.NewRequest([]string{"GET", "POST", "PUT"}[random.IntN(3)], location.String(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if random.IntN(2) == 0 {
			request.Header.Set("Content-Type", "text/plain; charset=utf-8")
			request.Header.Set("X-Amz-Meta", text("ab ", 20))
		}
		if credentials.SessionToken = ""; random.IntN(2) == 0 {
			credentials.SessionToken = "token"
		}
		var sent *http.Request
		client := &webclient.Transport{
			Credentials: func(context.Context) (webclient.Credentials, error) { return credentials, nil },
			Base: roundTripper(func(r *http.Request) (*http.Response, error) {
				sent = r
				return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
			}),
		}
		if _, err := client.RoundTrip(request); err != nil {
			t.Fatal(err)
		}
		got := sent.Header.Get("Authorization")

		again, err := http.NewRequest(sent.Method, sent.URL.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"Content-Type", "X-Amz-Meta"} {
			if value, ok := sent.Header[name]; ok {
				again.Header[name] = value
			}
		}
		when, err := time.Parse("20060102T150405Z", sent.Header.Get("X-Amz-Date"))
		if err != nil {
			t.Fatal(err)
		}
		read, err := io.ReadAll(sent.Body)
		if err != nil || string(read) != body {
			t.Fatalf("got body %q, want %q", read, body)
		}
		sum := sha256.Sum256(read)
		err = v4.NewSigner().SignHTTP(t.Context(), credentialsOf(credentials), again, hex.EncodeToString(sum[:]), "lambda", "eu-west-1", when)
		if err != nil {
			t.Fatal(err)
		}
		if want := again.Header.Get("Authorization"); got != want {
			t.Fatalf("request %d: %s %s\ngot  %s\nwant %s", i, sent.Method, sent.URL, got, want)
		}
	}
}

func credentialsOf(c webclient.Credentials) aws.Credentials {
	return aws.Credentials{AccessKeyID: c.AccessKeyID, SecretAccessKey: c.SecretAccessKey, SessionToken: c.SessionToken}
}

// roundTripper is a function as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }
