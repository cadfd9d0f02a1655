package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/runtimeapitest"
)

func TestMain(m *testing.M) { os.Exit(runtimeapitest.Main(m)) }

// serve runs a handler as the web server on the port that the stand-in for
// Lambda has chosen, until the test ends.
func serve(t testing.TB, lambda *runtimeapitest.Lambda, handler http.Handler) *http.Server {
	t.Helper()
	server := &http.Server{Addr: fmt.Sprintf("127.0.0.1:%d", lambda.ServerPort), Handler: handler}
	go server.ListenAndServe()
	t.Cleanup(func() { server.Close() })
	lambda.WaitListening()
	return server
}

// echo answers with the request that it got.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Add("Set-Cookie", "a=1; Path=/")
	w.Header().Add("Set-Cookie", "b=2")
	fmt.Fprintf(w, "%s %s host=%s cookie=%q length=%d body=%s",
		r.Method, r.RequestURI, r.Host, r.Header.Values("Cookie"), r.ContentLength, body)
})

func TestEachHTTPSourceReachesTheServer(t *testing.T) {
	lambda := runtimeapitest.New(t)
	serve(t, lambda, echo)
	adapter := lambda.StartAdapter(runtimeapitest.BuildAdapter(t))
	lambda.WaitInit()

	for _, test := range []struct{ name, event, want string }{
		{
			"HTTP API or function URL",
			`{"version":"2.0","rawPath":"/a b/%41","rawQueryString":"q=1&q=%2B","cookies":["x=1","y=2"],"headers":{"host":"example.com"},"requestContext":{"http":{"method":"POST"}},"body":"aGk=","isBase64Encoded":true}`,
			`POST /a%20b/%41?q=1&q=%2B host=example.com cookie=["x=1; y=2"] length=2 body=hi`,
		},
		{
			"REST API",
			`{"httpMethod":"POST","path":"/a","multiValueHeaders":{"Host":["example.com"],"Cookie":["x=1"]},"multiValueQueryStringParameters":{"q":["1","a b"]},"requestContext":{"stage":"prod"},"body":"h\n\"i\"","isBase64Encoded":false}`,
			"POST /a?q=1&q=a%20b host=example.com cookie=[\"x=1\"] length=5 body=h\n\"i\"",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer := lambda.Invoke([]byte(test.event)).HTTP(t)
			if answer.Status != 200 || string(answer.Body) != test.want {
				t.Errorf("got %d %s, want %s", answer.Status, answer.Body, test.want)
			}
			cookies := append(answer.Cookies, answer.Header["Set-Cookie"]...)
			if got := strings.Join(cookies, "|"); got != "a=1; Path=/|b=2" {
				t.Errorf("got the cookies %s", got)
			}
		})
	}
	if logs := adapter.Logs(); logs != "" {
		t.Errorf("the adapter is not silent: %s", logs)
	}
	lambda.Shutdown()
	if code := adapter.Wait(); code != 0 {
		t.Errorf("got exit code %d after SHUTDOWN, want 0", code)
	}
}
