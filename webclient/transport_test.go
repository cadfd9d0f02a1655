package webclient

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// example are the credentials of AWS's test suite for signatures.
var example = Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}

func always(c Credentials) func(context.Context) (Credentials, error) {
	return func(context.Context) (Credentials, error) { return c, nil }
}

// roundTripper is a function as an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (r roundTripper) RoundTrip(request *http.Request) (*http.Response, error) { return r(request) }

// kept is a Base that keeps the last request.
func kept(last **http.Request) roundTripper {
	return func(request *http.Request) (*http.Response, error) {
		*last = request
		return &http.Response{StatusCode: 200, Body: http.NoBody, Request: request}, nil
	}
}

// Those of AWS's vectors that sign what this package signs.
// https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4
func TestVectors(t *testing.T) {
	const unreserved = "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for _, test := range []struct{ name, method, target, token, signature string }{
		{"get-vanilla", "GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-with-session-token", "GET", "/", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
		{"get-vanilla-empty-query-key", "GET", "/?Param1=value1", "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-query-unreserved", "GET", "/?" + unreserved + "=" + unreserved, "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
		{"get-vanilla-utf8-query", "GET", "/?%E1%88%B4=bar", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
		{"get-unreserved", "GET", "/" + unreserved, "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
		{"get-relative-relative-normalized", "GET", "/example1/example2/../..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slashes-normalized", "GET", "//example//", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
		{"post-vanilla", "POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-query", "POST", "/?Param1=value1", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
	} {
		credentials := example
		credentials.SessionToken = test.token
		transport := &Transport{
			Credentials: always(credentials),
			clock:       func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) },
		}
		request, err := http.NewRequest(test.method, "https://example.amazonaws.com"+test.target, nil)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := transport.sign(request, &target{"example.amazonaws.com", "service", "us-east-1"})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if got := signed.Header.Get("Authorization"); !strings.HasSuffix(got, "Signature="+test.signature) {
			t.Errorf("%s: got %s, want the signature %s", test.name, got, test.signature)
		}
	}
}

func TestHosts(t *testing.T) {
	t.Setenv("AWS_REGION", "eu-north-1")
	for _, test := range []struct {
		url, host string // host is that of the request, if it is another one
		scope     string // region and service of the signature; empty if there is none
	}{
		{url: "https://abc123.lambda-url.eu-west-1.on.aws", scope: "eu-west-1/lambda"},
		{url: "https://abc123.lambda-url.eu-west-1.on.aws:443/a?b", scope: "eu-west-1/lambda"},
		{url: "https://ABC123.Lambda-URL.eu-west-1.ON.aws/", scope: "eu-west-1/lambda"},
		{url: "https://abc.execute-api.us-gov-west-1.amazonaws.com/prod", scope: "us-gov-west-1/execute-api"},
		{url: "https://abc.execute-api.cn-north-1.amazonaws.com.cn", scope: "cn-north-1/execute-api"},
		{url: "https://abc.execute-api.eu-west-1.api.aws", scope: "eu-west-1/execute-api"},
		{url: "https://abc-vpce-123.execute-api.eu-west-1.amazonaws.com", scope: "eu-west-1/execute-api"},
		{url: "https://vpce-1.execute-api.eu-west-1.vpce.amazonaws.com", host: "abc.execute-api.eu-west-1.amazonaws.com", scope: "eu-west-1/execute-api"},
		{url: "https://api.example.com", scope: "eu-north-1/execute-api"},
		{url: "https://API.example.com:443/", scope: "eu-north-1/execute-api"},
		{url: "http://local.example.com:4566/", scope: "us-east-1/lambda"},
		{url: "https://127.0.0.1:8443/a", scope: "eu-north-1/lambda"}, // the port of its Domain
		{url: "https://127.0.0.1:443/a", scope: "eu-west-3/lambda"},
		{url: "https://127.0.0.1/a", scope: "eu-west-3/lambda"}, // the same port
		{url: "http://127.0.0.1:443/a", scope: "eu-west-3/lambda"},
		{url: "https://[::1]:9999/a", scope: "eu-west-4/lambda"},
		{url: "https://[::1]/a", scope: "eu-west-4/lambda"},
		{url: "https://[::2]:8443/a", scope: "eu-west-5/lambda"},

		{url: "https://127.0.0.1:8444/a"},
		{url: "http://127.0.0.1/a"},
		{url: "https://[::2]/a"},
		{url: "https://example.com"},
		{url: "http://example.com"},
		{url: "https://abc.lambda-url.eu-west-1.on.aws.example.com"},
		{url: "https://example.com/abc.lambda-url.eu-west-1.on.aws"},
		{url: "https://user@example.com#abc.lambda-url.eu-west-1.on.aws"},
		{url: "https://xlambda-url.eu-west-1.on.aws"},
		{url: "https://a.b.lambda-url.eu-west-1.on.aws"},
		{url: "https://internal-site-1.eu-west-1.elb.amazonaws.com"},
		{url: "https://abc.execute-api.eu-west-1.amazonaws.com.example.com"},
		{url: "https://other.api.example.com"},
		{url: "https://abc.eu-west-1.awsapprunner.com"},
		{url: "https://dynamodb.eu-west-1.amazonaws.com"},
	} {
		var sent *http.Request
		transport := &Transport{
			Domains: []Domain{
				{Host: "api.example.com", Service: APIGateway},
				{Host: "Local.example.com", Service: Lambda, Region: "us-east-1"},
				{Host: "127.0.0.1:8443", Service: Lambda},
				{Host: "127.0.0.1:443", Service: Lambda, Region: "eu-west-3"},
				{Host: "::1", Service: Lambda, Region: "eu-west-4"},
				{Host: "[::2]:8443", Service: Lambda, Region: "eu-west-5"},
			},
			Credentials: always(example),
			Base:        kept(&sent),
		}
		request, err := http.NewRequest("GET", test.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = test.host
		if _, err := transport.RoundTrip(request); err != nil {
			t.Errorf("%s: %v", test.url, err)
			continue
		}
		authorization := sent.Header.Get("Authorization")
		switch {
		case test.scope == "" && sent != request:
			t.Errorf("%s: got a request with %q, want the same one", test.url, authorization)
		case test.scope != "" && !strings.Contains(authorization, "/"+test.scope+"/aws4_request"):
			t.Errorf("%s: got %q, want one for %s", test.url, authorization, test.scope)
		case test.scope != "" && (sent.Host != strings.ToLower(sent.Host) || strings.HasSuffix(sent.Host, map[string]string{"https": ":443", "http": ":80"}[request.URL.Scheme])):
			t.Errorf("%s: got the host %s, want it as it is signed", test.url, sent.Host)
		}
	}
}

// A request with a signature or a token of its own is not touched.
func TestOwnAuthorization(t *testing.T) {
	const host = "https://abc.execute-api.eu-west-1.amazonaws.com/"
	for _, change := range []func(*http.Request){
		func(r *http.Request) { r.SetBasicAuth("user", "password") },
		func(r *http.Request) { r.Header["authorization"] = []string{"Bearer abc"} },
		func(r *http.Request) { r.URL.RawQuery = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=abc" },
	} {
		var sent *http.Request
		request, _ := http.NewRequest("POST", host, iotest.ErrReader(errors.New("not read")))
		change(request)
		transport := &Transport{Credentials: always(example), Base: kept(&sent)}
		if _, err := transport.RoundTrip(request); err != nil || sent != request {
			t.Errorf("got %v and %v, want the same request", sent, err)
		}
	}
}

// A Domain that would never match is an error of every request, whoever it goes to.
func TestDomainErrors(t *testing.T) {
	for _, test := range []struct {
		domain Domain
		want   string
	}{
		{Domain{Service: Lambda}, `Domains[1].Host must be a host name such as api.example.com, and maybe a port, got ""`},
		{Domain{Host: "https://api.example.com", Service: Lambda}, `Domains[1].Host must be a host name such as api.example.com, and maybe a port, got "https://api.example.com"; write "api.example.com"`},
		{Domain{Host: "https://api.example.com:8443/v1?a", Service: Lambda}, `got "https://api.example.com:8443/v1?a"; write "api.example.com:8443"`},
		{Domain{Host: "api.example.com/v1", Service: Lambda}, `got "api.example.com/v1"; write "api.example.com"`},
		{Domain{Host: "api.example.com:", Service: Lambda}, `Domains[1].Host must be a host name such as api.example.com, and maybe a port, got "api.example.com:"`},
		{Domain{Host: "api.example.com:0", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "api.example.com:65536", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "api.example.com:https", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: ":443", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "api.example.com ", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "[api.example.com]:x", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "*.example.com", Service: Lambda}, `Domains[1].Host must be`},
		{Domain{Host: "user:secret@api.example.com", Service: Lambda}, `Domains[1].Host must be a host name such as api.example.com, and maybe a port, without a user`},
		{Domain{Host: "api.example.com"}, `Domains[1].Service must be webclient.APIGateway or webclient.Lambda, got ""`},
		{Domain{Host: "api.example.com", Service: "foo"}, `Domains[1].Service must be webclient.APIGateway or webclient.Lambda, got "foo"`},
	} {
		for _, address := range []string{"https://api.example.com/", "https://other.example.com/", function} {
			request, err := http.NewRequest("GET", address, nil)
			if err != nil {
				t.Fatal(err)
			}
			transport := &Transport{
				Domains:     []Domain{{Host: "first.example.com", Service: APIGateway}, test.domain},
				Credentials: always(example),
				Base: roundTripper(func(*http.Request) (*http.Response, error) {
					t.Errorf("%v: a request was sent", test.domain)
					return nil, errors.New("sent")
				}),
			}
			_, err = transport.RoundTrip(request)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %s", err, test.want)
			}
		}
	}
}

// server checks the signatures of what it gets, and says what it got. Client reaches it under every
// name.
func server(t *testing.T, http2 bool, transport *Transport) (*http.Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		switch r.URL.Path {
		case "/moved":
			http.Redirect(w, r, "https://def.lambda-url.us-east-1.on.aws/there", http.StatusTemporaryRedirect)
			return
		case "/away":
			http.Redirect(w, r, "https://example.com/there", http.StatusTemporaryRedirect)
			return
		}
		w.Header().Set("Host", r.Host)
		w.Header().Set("Proto", r.Proto)
		if err := verify(r, r.RequestURI, body, example); err != nil {
			w.WriteHeader(403)
			fmt.Fprintln(w, err)
		}
		w.Write(body)
	}))
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	base := server.Client().Transport.(*http.Transport).Clone()
	base.TLSClientConfig.ServerName = "example.com" // that of the server's certificate
	base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	base.ForceAttemptHTTP2 = http2
	if !http2 {
		base.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	}
	transport.Base = base
	if transport.Credentials == nil {
		transport.Credentials = always(example)
	}
	client := &http.Client{Transport: transport}
	t.Cleanup(client.CloseIdleConnections)
	return client, server
}

const function = "https://abc.lambda-url.eu-west-1.on.aws"

func TestRequests(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		client, _ := server(t, http2, &Transport{})
		var group sync.WaitGroup
		for _, test := range []struct{ method, target, contentType, body string }{
			{"", "", "", ""},
			{"GET", "/", "", ""},
			{"HEAD", "/a/b/", "", ""},
			{"DELETE", "/a%2Fb", "", ""},
			{"GET", "/a%2fb/%41/ü/%C3%BC/a b/a+b/a:b/a@b/~/*/(')", "", ""},
			{"GET", "/a/./b//c/../d", "", ""},
			{"GET", "//", "", ""},
			{"GET", "/%25/%2525", "", ""},
			{"GET", "/?b=2&a=1&a=0&c", "", ""},
			{"GET", "?q=a+b&r=a%20b&s=a%2Bb&t=%2f", "", ""},
			{"GET", "/?" + url.Values{"q": {"ü & =", "b"}, "": {"x"}, "B": {""}}.Encode(), "", ""},
			{"GET", "/?a=b=c&&d", "", ""},
			{"GET", "/?a=1;b=2&x=:/?@!$'()*,~", "", ""},
			{"POST", "/", "application/json", `{"a":1}`},
			{"PUT", "/big", "application/octet-stream", strings.Repeat("x", 100_000)},
			{"PATCH", "/", "text/plain; charset=utf-8", ""},
		} {
			for range 4 {
				group.Go(func() {
					request, err := http.NewRequest(test.method, function+test.target, strings.NewReader(test.body))
					if err != nil {
						t.Error(err)
						return
					}
					if test.contentType != "" {
						request.Header.Set("Content-Type", test.contentType)
					}
					request.Header.Add("X-Amz-Meta", " a   b ")
					request.Header.Add("X-Amz-Meta", "c")
					request.Header.Set("X-Amzn-Trace-Id", "Root=1")
					response, err := client.Do(request)
					if err != nil {
						t.Errorf("%s: %v", test.target, err)
						return
					}
					defer response.Body.Close()
					body, err := io.ReadAll(response.Body)
					if err != nil || response.StatusCode != 200 || test.method != "HEAD" && string(body) != test.body {
						t.Errorf("%s %q: got %d %s %v", test.method, test.target, response.StatusCode, body, err)
					}
					if got := response.Header.Get("Proto") == "HTTP/2.0"; got != http2 {
						t.Errorf("got %s", response.Header.Get("Proto"))
					}
				})
			}
		}
		group.Wait()
	}
}

// A redirected request is signed for its new host, and not at all for one that needs none.
func TestRedirects(t *testing.T) {
	client, _ := server(t, true, &Transport{})
	for path, want := range map[string]struct {
		status int
		host   string
	}{
		"/moved": {200, "def.lambda-url.us-east-1.on.aws"},
		"/away":  {403, "example.com"},
	} {
		response, err := client.Post(function+path, "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		host := response.Header.Get("Host")
		if response.StatusCode != want.status || host != want.host || !strings.HasSuffix(string(body), "hello") {
			t.Errorf("%s: got %d of %s: %s", path, response.StatusCode, host, body)
		}
		if want.status == 403 && !strings.Contains(string(body), "no signature") {
			t.Errorf("%s: got %s, want a request without signature", path, body)
		}
	}
}

// The same request can be sent again, by somebody who keeps it.
func TestRequestIsNotChanged(t *testing.T) {
	var sent *http.Request
	transport := &Transport{Credentials: always(example), Base: kept(&sent)}
	body := &closed{Reader: strings.NewReader("hello")}
	request, _ := http.NewRequest("POST", function+"/a?b=c+d", body)
	request.Header.Set("X-Amz-Date", "old")
	before := request.Clone(t.Context())
	if _, err := transport.RoundTrip(request); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(request.Header, before.Header) || *request.URL != *before.URL || request.Host != before.Host {
		t.Errorf("got %v %v, want %v %v", request.URL, request.Header, before.URL, before.Header)
	}
	if !body.closed {
		t.Error("the body is open")
	}
	if got := sent.Header["X-Amz-Date"]; len(got) != 1 || got[0] == "old" {
		t.Errorf("got X-Amz-Date %q", got)
	}
	if sent.URL.RawQuery != "b=c%20d" || sent.ContentLength != 5 {
		t.Errorf("got %s and %d bytes", sent.URL, sent.ContentLength)
	}
	for range 2 {
		again, err := sent.GetBody()
		if err != nil {
			t.Fatal(err)
		}
		if text, _ := io.ReadAll(again); string(text) != "hello" {
			t.Errorf("got body %q", text)
		}
	}
}

// closed is a body that knows whether it was closed.
type closed struct {
	io.Reader
	closed bool
}

func (c *closed) Close() error {
	c.closed = true
	return nil
}

func TestErrors(t *testing.T) {
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	} {
		t.Setenv(name, "")
	}
	cause := errors.New("no login")
	for _, test := range []struct {
		url       string
		body      io.Reader
		length    int64
		transport *Transport
		want      string
		cause     error
	}{
		{url: function, want: "webclient: cannot sign the request to abc.lambda-url.eu-west-1.on.aws: there are no AWS credentials: set AWS_ACCESS_KEY_ID"},
		{url: function, transport: &Transport{Credentials: func(context.Context) (Credentials, error) { return Credentials{}, cause }}, want: "no login", cause: cause},
		{url: function, transport: &Transport{Credentials: always(Credentials{})}, want: "the credentials are incomplete"},
		{url: function, transport: &Transport{Credentials: always(Credentials{"a", "b", "c\nd"})}, want: "cannot have"},
		{url: "http" + function[5:], want: `takes requests over https only, got a URL with "http"`},
		{url: "https://a.example.com", transport: &Transport{Domains: []Domain{{Host: "a.example.com"}}}, want: "Domains[0].Service must be"},
		{url: "https://a.example.com", transport: &Transport{Domains: []Domain{{Host: "a.example.com", Service: Lambda}}}, want: "the Domain a.example.com has no Region"},
		{url: function, body: strings.NewReader("x"), length: MaxBody + 1, transport: &Transport{Credentials: always(example)}, want: "at most 10485760 bytes"},
		{url: function, body: io.LimitReader(zeros{}, MaxBody+1), transport: &Transport{Credentials: always(example)}, want: "at most 10485760 bytes"},
		{url: function, body: strings.NewReader("x"), length: 2, transport: &Transport{Credentials: always(example)}, want: "has 1 bytes, and its ContentLength is 2"},
		{url: function, body: iotest.ErrReader(cause), transport: &Transport{Credentials: always(example)}, want: "cannot read the body", cause: cause},
	} {
		body := &closed{Reader: test.body}
		if test.body == nil {
			body.Reader = strings.NewReader("")
		}
		request, err := http.NewRequest("POST", test.url, body)
		if err != nil {
			t.Fatal(err)
		}
		request.ContentLength = test.length
		transport := test.transport
		if transport == nil {
			transport = &Transport{}
		}
		transport.Base = roundTripper(func(*http.Request) (*http.Response, error) {
			t.Errorf("%s was sent", test.url)
			return nil, errors.New("sent")
		})
		_, err = transport.RoundTrip(request)
		if err == nil || !strings.Contains(err.Error(), test.want) || test.cause != nil && !errors.Is(err, test.cause) {
			t.Errorf("got %v, want %q", err, test.want)
		}
		if !body.closed {
			t.Errorf("%s: the body is open", test.want)
		}
	}
	opaque := &http.Request{URL: &url.URL{Scheme: "https", Host: function[8:], Opaque: "//" + function[8:] + "/a"}}
	if _, err := (&Transport{}).RoundTrip(opaque); err == nil || !strings.Contains(err.Error(), "Opaque") {
		t.Errorf("got %v, want an error about Opaque", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestLargestBody(t *testing.T) {
	var sent *http.Request
	transport := &Transport{Credentials: always(example), Base: kept(&sent)}
	request, _ := http.NewRequest("POST", function, io.LimitReader(zeros{}, MaxBody))
	if _, err := transport.RoundTrip(request); err != nil || sent.ContentLength != MaxBody {
		t.Errorf("got %v", err)
	}
}

// FuzzSign signs what can be sent, and checks the signature of what a server reads.
func FuzzSign(f *testing.F) {
	f.Add("GET", "/", "", "", "", []byte(nil))
	f.Add("POST", "/a%2Fb/../ü//", "a=b+c&d&%zz=%41;e", "text/plain", " a  b\tc ", []byte("hello"))
	f.Add("PUT", "/%25%32", "&&=&=x", "", "\x80", []byte{0, 1, 2})
	f.Fuzz(func(t *testing.T, method, path, query, contentType, meta string, body []byte) {
		request, err := http.NewRequest(method, function, bytes.NewReader(body))
		if err != nil {
			t.Skip(err)
		}
		if unescaped, err := url.PathUnescape(path); err == nil {
			request.URL.Path, request.URL.RawPath = "/"+unescaped, "/"+path
		} else {
			request.URL.Path = "/" + path
		}
		request.URL.RawQuery = query
		request.Header.Set("Content-Type", contentType)
		request.Header.Set("X-Amz-Meta", meta)
		var sent *http.Request
		transport := &Transport{Credentials: always(example), Base: kept(&sent)}
		if _, err := transport.RoundTrip(request); err != nil {
			t.Fatal(err)
		}
		var wire bytes.Buffer
		if err := sent.Write(&wire); err != nil {
			t.Skip(err) // what cannot be sent at all
		}
		text := wire.String()
		got, err := http.ReadRequest(bufio.NewReader(&wire))
		if err != nil {
			t.Skip(err)
		}
		read, err := io.ReadAll(got.Body)
		if err != nil || !bytes.Equal(read, body) {
			t.Fatalf("got body %q, want %q: %v", read, body, err)
		}
		if err := verify(got, got.RequestURI, read, example); err != nil && sent.Header.Get("Authorization") != "" {
			t.Errorf("%v\n%s", err, text)
		}
	})
}

// verify checks a signature as AWS describes it: a second implementation, of the receiving side.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func verify(r *http.Request, requestURI string, body []byte, c Credentials) error {
	var key, scope, names, signature string
	authorization := strings.NewReplacer(",", "", "Credential=", "", "SignedHeaders=", "", "Signature=", "").Replace(r.Header.Get("Authorization"))
	if _, err := fmt.Sscanf(authorization, "AWS4-HMAC-SHA256 %s %s %s", &key, &names, &signature); err != nil {
		return errors.New("no signature")
	}
	key, scope, _ = strings.Cut(key, "/")
	if key != c.AccessKeyID {
		return fmt.Errorf("the key is %s", key)
	}
	date := r.Header.Get("X-Amz-Date")
	if when, err := time.Parse("20060102T150405Z", date); err != nil || time.Since(when).Abs() > time.Minute {
		return fmt.Errorf("the date is %s", date)
	}
	want := []string{"host"}
	for name := range r.Header {
		if name = strings.ToLower(name); name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if names != strings.Join(want, ";") {
		return fmt.Errorf("%s are signed, want %s", names, want)
	}
	path, query, _ := strings.Cut(requestURI, "?")
	canonical := r.Method + "\n" + escape(normal(path), true) + "\n"
	pairs := map[string][]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair != "" {
			name = escape(unescape(name), false)
			pairs[name] = append(pairs[name], escape(unescape(value), false))
		}
	}
	separator := ""
	for _, name := range slices.Sorted(maps.Keys(pairs)) {
		for _, value := range slices.Sorted(slices.Values(pairs[name])) {
			canonical += separator + name + "=" + value
			separator = "&"
		}
	}
	for _, name := range want {
		values := slices.Clone(r.Header.Values(name))
		if name == "host" {
			values = []string{r.Host}
		}
		for i := range values {
			values[i] = strings.Join(strings.Fields(values[i]), " ")
		}
		canonical += "\n" + name + ":" + strings.Join(values, ",")
	}
	canonical += fmt.Sprintf("\n\n%s\n%x", names, sha256.Sum256(body))
	text := fmt.Sprintf("AWS4-HMAC-SHA256\n%s\n%s\n%x", date, scope, sha256.Sum256([]byte(canonical)))
	secret := []byte("AWS4" + c.SecretAccessKey)
	for _, part := range append(strings.Split(scope, "/"), text) {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(part))
		secret = mac.Sum(nil)
	}
	if fmt.Sprintf("%x", secret) != signature {
		return fmt.Errorf("the signature does not match; the canonical request is\n%s", canonical)
	}
	return nil
}

// normal is a path without dots and double slashes.
func normal(path string) string {
	var parts []string
	end := ""
	for part := range strings.SplitSeq(path, "/") {
		end = ""
		switch part {
		case "":
			end = "/"
		case ".":
		case "..":
			parts = parts[:max(0, len(parts)-1)]
		default:
			parts = append(parts, part)
		}
	}
	if len(parts) == 0 {
		return "/"
	}
	return "/" + strings.Join(parts, "/") + end
}

func unescape(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

func escape(text string, slashes bool) string {
	escaped := strings.NewReplacer("+", "%20", "%7E", "~").Replace(url.QueryEscape(text))
	if slashes {
		escaped = strings.ReplaceAll(escaped, "%2F", "/")
	}
	return escaped
}
