package secrets

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// endpoint is a server that speaks HTTP/1.1, mostly of AWS.
type endpoint struct {
	address string // to connect to
	host    string // for the header
	path    string // what stands before the path of a request, without a slash at the end
	tls     bool
	aws     bool // it is one of AWS's own
}

func (e endpoint) String() string {
	if e.tls {
		return "https://" + e.host + e.path
	}
	return "http://" + e.host + e.path
}

// endpointOf is the endpoint of a reference's service in its region, or another
// one that the environment names or chooses, as AWS's SDKs read it.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
func endpointOf(r Reference, getenv func(string) string) (endpoint, error) {
	for _, name := range []string{[...]string{"AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_ENDPOINT_URL_SSM"}[r.Service], "AWS_ENDPOINT_URL"} {
		text := getenv(name)
		if text == "" {
			continue
		}
		e, err := parseEndpoint(text)
		if err != nil {
			return endpoint{}, fmt.Errorf("%s must be as https://localhost:4566, got %q", name, text)
		}
		return e, nil
	}
	isSet := func(name string) bool { return strings.EqualFold(getenv(name), "true") }
	host := r.host(isSet("AWS_USE_FIPS_ENDPOINT"), isSet("AWS_USE_DUALSTACK_ENDPOINT"))
	return endpoint{address: host + ":443", host: host, tls: true, aws: true}, nil
}

// parseEndpoint reads a URL of a host, with a port and a path or without.
func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Hostname() == "" || !settings.IsPath(u.Path) ||
		!settings.IsPath(u.Host) {
		return endpoint{}, fmt.Errorf("%q is no URL of an endpoint", text)
	}
	port, ok := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	address := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if !ok || !settings.IsHostPort(address) {
		return endpoint{}, fmt.Errorf("%q is no URL of an endpoint", text)
	}
	return endpoint{address: address, host: u.Host, path: strings.TrimRight(u.EscapedPath(), "/"), tls: u.Scheme == "https"}, nil
}

// connect makes a connection that is good until the deadline.
func (e endpoint) connect(deadline time.Time) (*http1.Conn, error) {
	if e.tls {
		return e.secure(e.trusted(), deadline)
	}
	return http1.Dial(e.address, deadline)
}

// secure makes a connection with TLS to an endpoint that one of the sets of root
// certificates knows.
func (e endpoint) secure(trusted []func() (*x509.CertPool, error), deadline time.Time) (c *http1.Conn, err error) {
	for _, roots := range trusted {
		c, err = e.handshake(roots, deadline)
		if _, untrusted := errors.AsType[*tls.CertificateVerificationError](err); !untrusted {
			break
		}
	}
	return c, err
}

func (e endpoint) handshake(roots func() (*x509.CertPool, error), deadline time.Time) (*http1.Conn, error) {
	pool, err := roots()
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(e.address)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Deadline: deadline, KeepAlive: -1}
	plain, err := dialer.Dial("tcp", e.address)
	if err != nil {
		return nil, err
	}
	plain.SetDeadline(deadline)
	secure := tls.Client(plain, &tls.Config{ServerName: host, RootCAs: pool, MinVersion: tls.VersionTLS12})
	if err := secure.Handshake(); err != nil {
		plain.Close()
		return nil, err
	}
	return http1.NewConn(secure), nil
}

// maxResponse bounds a response. A secret has 64 KB at most, and ten parameters
// have 80 KB, which JSON can make six times as long.
const maxResponse = 1 << 20

// exchange sends a request over a connection and reads the whole response.
func exchange(c *http1.Conn, method string, head, body []byte, deadline time.Time) (r *http1.Response, content []byte, err error) {
	c.SetDeadline(deadline)
	r = &http1.Response{}
	sent := http1.BodyOf(body)
	writing, err := c.Send(r, []byte(method), head, &sent)
	if writing != nil { // for a body that is larger than any here
		defer func() { <-writing }()
	}
	if err != nil {
		return nil, nil, err
	}
	content, err = http1.AppendBody(nil, r, maxResponse)
	return r, content, err
}
