package webclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// container responds as ECS does, and counts the requests.
type container struct {
	server   *httptest.Server
	requests atomic.Int32
	respond  atomic.Pointer[http.HandlerFunc]
}

// newContainer has no other credentials beside it in the environment.
func newContainer(t *testing.T, respond http.HandlerFunc) *container {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	} {
		t.Setenv(name, "")
	}
	c := &container{}
	c.respond.Store(&respond)
	c.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		(*c.respond.Load())(w, r)
	}))
	t.Cleanup(c.server.Close)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", c.server.URL+"/credentials")
	return c
}

// then changes what the container responds.
func (c *container) then(respond http.HandlerFunc) { c.respond.Store(&respond) }

// key responds with credentials that end after a while.
func key(id string, after time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `{"RoleArn":"arn","AccessKeyId":%q,"SecretAccessKey":"secret","Token":"token","Expiration":%q}`,
			id, time.Now().Add(after).UTC().Format(time.RFC3339))
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// want fails if the environment does not have the credentials of an id, after so many requests.
func (c *container) want(t *testing.T, e *environment, id string, requests int32) {
	t.Helper()
	got, err := e.credentials(t.Context())
	if want := (Credentials{id, "secret", "token"}); err != nil || got != want {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	if n := c.requests.Load(); n != requests {
		t.Errorf("got %d requests, want %d", n, requests)
	}
}

func TestEnvironmentVariables(t *testing.T) {
	c := newContainer(t, key("CONTAINER", time.Hour))
	e := &environment{}
	t.Setenv("AWS_ACCESS_KEY_ID", "A")
	c.want(t, e, "CONTAINER", 1)
	t.Setenv("AWS_SECRET_ACCESS_KEY", "S")
	for _, token := range []string{"", "T", "U"} { // a process that renews its own is believed
		t.Setenv("AWS_SESSION_TOKEN", token)
		if got, err := e.credentials(t.Context()); err != nil || got != (Credentials{"A", "S", token}) {
			t.Errorf("got %v %v", got, err)
		}
	}
}

func TestRenewal(t *testing.T) {
	c := newContainer(t, key("FIRST", time.Hour))
	e := &environment{}
	c.want(t, e, "FIRST", 1)
	c.want(t, e, "FIRST", 1)

	e = &environment{}
	c.then(key("SECOND", early-time.Minute))
	c.want(t, e, "SECOND", 2)
	c.then(status(500))
	c.want(t, e, "SECOND", 3) // still good, so one attempt
	c.want(t, e, "SECOND", 3) // and none soon after it
	e.retry = time.Time{}
	c.then(key("THIRD", time.Hour))
	c.want(t, e, "THIRD", 4)

	e.expires = time.Now().Add(-time.Second)
	c.then(status(503))
	if got, err := e.credentials(t.Context()); err == nil || got != (Credentials{}) {
		t.Errorf("got %v %v, want an error", got, err)
	}
	if n := c.requests.Load(); n != 4+attempts {
		t.Errorf("got %d requests, want %d more", n, attempts)
	}
	c.then(key("FOURTH", time.Hour))
	c.want(t, e, "FOURTH", 5+attempts)
}

// Without an end, credentials are asked for again after a while.
func TestNoExpiration(t *testing.T) {
	c := newContainer(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"AccessKeyId":"ONE","SecretAccessKey":"secret","Token":"token"}`)
	})
	e := &environment{}
	c.want(t, e, "ONE", 1)
	if left := time.Until(e.expires); left < early || left > time.Hour {
		t.Errorf("got %s until the next", left)
	}
}

func TestOneAsksForAll(t *testing.T) {
	c := newContainer(t, key("SHARED", time.Hour))
	e := &environment{}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { c.want(t, e, "SHARED", 1) })
	}
	group.Wait()
}

// Who gives up does not wait for another one's request.
func TestCancelled(t *testing.T) {
	asked, respond := make(chan bool), make(chan bool)
	c := newContainer(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- true
		<-respond
		key("LATE", time.Hour)(w, r)
	})
	e := &environment{}
	first := make(chan error)
	go func() {
		_, err := e.credentials(context.Background())
		first <- err
	}()
	<-asked
	cause := errors.New("gave up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := e.credentials(ctx); !errors.Is(err, cause) {
		t.Errorf("got %v, want %v", err, cause)
	}
	close(respond)
	if err := <-first; err != nil {
		t.Error(err)
	}
	c.want(t, e, "LATE", 1)
}

func TestTokens(t *testing.T) {
	c := newContainer(t, func(w http.ResponseWriter, r *http.Request) { key(r.Header.Get("Authorization"), time.Hour)(w, r) })
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "plain")
	c.want(t, &environment{}, "plain", 1)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file)
	c.want(t, &environment{}, "from-file", 2)
}

// ECS names a path on an address that every task has.
func TestRelativeURI(t *testing.T) {
	c := newContainer(t, func(w http.ResponseWriter, r *http.Request) { key(r.Host+r.URL.Path, time.Hour)(w, r) })
	t.Setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/1")
	e := &environment{client: &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "169.254.170.2:80" {
				t.Errorf("got a connection to %s", address)
			}
			return new(net.Dialer).DialContext(ctx, network, c.server.Listener.Addr().String())
		},
	}}}
	c.want(t, e, "169.254.170.2/v2/credentials/1", 1)
}

func TestCredentialErrors(t *testing.T) {
	respond := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
	}
	c := newContainer(t, nil)
	for _, test := range []struct {
		respond           http.HandlerFunc
		address, variable string // and what the variable holds
		value, want       string
		requests          int32
	}{
		{respond: status(404), want: "responded with the status 404", requests: 1},
		{respond: status(500), want: "responded with the status 500", requests: attempts},
		{respond: http.RedirectHandler("http://example.com", http.StatusFound).ServeHTTP, want: "responded with the status 302", requests: 1},
		{respond: respond(`SECRET`), want: "responded with something else than credentials", requests: attempts},
		{respond: respond(`{"AccessKeyId":"SECRET"}`), want: "credentials are incomplete", requests: 1},
		{respond: respond(`{"AccessKeyId":"A","SecretAccessKey":"SECRET\n"}`), want: "cannot have", requests: 1},
		{respond: respond(`{"Token":"` + strings.Repeat("SECRET", maxCredentials) + `"}`), want: "something else", requests: attempts},
		{address: "http://example.com/", want: "without TLS it must be of this machine"},
		{address: "http://127.0.0.1.example.com/", want: "without TLS it must be of this machine"},
		{address: "ftp://127.0.0.1/", want: "it must be as http://127.0.0.1:9001/credentials"},
		{address: "/path", want: "it must be as"},
		{address: "http://[::1", want: "it must be as"},
		{address: "http://user:SECRET%w@127.0.0.1/", want: "without a user"},
		{address: "http://user:SECRET@127.0.0.1/", want: "without a user"},
		{address: "http://user:SECRET@example.com/", want: "without a user"},
		{variable: "AWS_CONTAINER_AUTHORIZATION_TOKEN", value: "SECRET\r\nX: y", want: "has a line break"},
		{variable: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", value: "/nowhere", want: "cannot read the token"},
	} {
		t.Run(test.want, func(t *testing.T) {
			c.then(test.respond)
			before := c.requests.Load()
			if test.address != "" {
				t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", test.address)
			}
			if test.variable != "" {
				t.Setenv(test.variable, test.value)
			}
			_, err := (&environment{}).credentials(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "AWS_CONTAINER_") {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if strings.Contains(fmt.Sprint(err), "SECRET") {
				t.Errorf("%v shows a secret", err)
			}
			if n := c.requests.Load() - before; n != test.requests {
				t.Errorf("got %d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestIsLocal(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "169.254.170.2": true, "169.254.170.23": true,
		"fd00:ec2::23": true, "169.254.169.254": false, "10.0.0.1": false, "example.com": false, "": false, "::": false,
	} {
		if got := isLocal(host); got != want {
			t.Errorf("%q: got %v", host, got)
		}
	}
}
