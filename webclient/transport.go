package webclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// Transport is an [http.RoundTripper] that signs requests with AWS Signature Version 4 if their
// host asks for it. The zero value is ready for use, by several goroutines at once; a Transport
// must not be copied, nor its fields be changed, after its first use.
type Transport struct {
	// Domains are hosts that need signed requests although their names do not show it, such as a
	// domain of yours in front of an API. One that cannot be right is an error of every request.
	// Optional.
	Domains []Domain

	// Credentials returns who signs, for each request; it does its own caching. Optional. Default:
	// the credentials of the server's role, or those in the environment.
	Credentials func(context.Context) (Credentials, error)

	// Base sends the requests. Optional. Default: http.DefaultTransport.
	Base http.RoundTripper

	environment environment
	clock       func() time.Time // for tests
}

// Domain is a host that needs signed requests.
type Domain struct {
	// Host is a name or an address: api.example.com, for all ports of it. With a port it is for
	// that one: api.example.com:8443. Required.
	Host string

	// Service is what is behind it: APIGateway or Lambda. Required.
	Service Service

	// Region that it is in. Optional. Default: that of the server, from the variable AWS_REGION.
	Region string
}

// Service is the name of an AWS service in a signature.
type Service string

const (
	// APIGateway is Amazon API Gateway: HTTP APIs and REST APIs.
	APIGateway Service = "execute-api"

	// Lambda is the function URLs of AWS Lambda.
	Lambda Service = "lambda"
)

// Credentials are who signs.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // empty for those of a user, which do not expire
}

// MaxBody is how many bytes the body of a signed request can have.
const MaxBody = 10 << 20

// RoundTrip sends a request, signed if its host asks for it.
func (t *Transport) RoundTrip(request *http.Request) (*http.Response, error) {
	target, err := t.target(request)
	if err == nil && target == nil {
		return t.base().RoundTrip(request)
	}
	var signed *http.Request
	if err == nil {
		signed, err = t.sign(request, target)
	}
	if request.Body != nil {
		// What http.RoundTripper has to do; of the copy the body is in memory.
		err = errors.Join(err, request.Body.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("webclient: %w", err)
	}
	return t.base().RoundTrip(signed)
}

// CloseIdleConnections closes those of Base, for http.Client.CloseIdleConnections.
func (t *Transport) CloseIdleConnections() {
	if base, ok := t.base().(interface{ CloseIdleConnections() }); ok {
		base.CloseIdleConnections()
	}
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

// target is whom a request is signed for.
type target struct {
	host            string // as the request says it
	service, region string
}

// The host names of function URLs and of APIs, on IPv4 alone and on both.
var (
	functionURL = regexp.MustCompile(`^[a-z0-9]+\.lambda-url\.([a-z0-9-]+)\.on\.aws$`)
	gatewayAPI  = regexp.MustCompile(
		`^[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws|api\.amazonwebservices\.com\.cn)$`,
	)
)

// target returns nil for a request that is passed on.
func (t *Transport) target(request *http.Request) (*target, error) {
	for i, domain := range t.Domains {
		if err := domain.check(fmt.Sprintf("Domains[%d]", i)); err != nil {
			return nil, err
		}
	}
	if request.URL == nil || strings.Contains(request.URL.RawQuery, "X-Amz-Signature=") {
		return nil, nil
	}
	for name := range request.Header {
		if strings.EqualFold(name, "Authorization") {
			return nil, nil
		}
	}
	host := request.Host // the service's name, also of a connection to an endpoint in a VPC
	if host == "" {
		host = request.URL.Host
	}
	host = withoutDefaultPort(strings.ToLower(host), request.URL.Scheme)
	name, port := split(host)
	if port == "" {
		port = defaultPorts[request.URL.Scheme]
	}
	for _, domain := range t.Domains {
		wanted, only := split(strings.ToLower(domain.Host))
		if wanted != name || only != "" && only != port {
			continue
		}
		region := domain.Region
		for _, variable := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
			if region == "" {
				region = os.Getenv(variable)
			}
		}
		if region == "" {
			return nil, fmt.Errorf(
				"the Domain %s has no Region, and the variable AWS_REGION is not set",
				domain.Host,
			)
		}
		return &target{host, string(domain.Service), region}, nil
	}
	found, service := functionURL.FindStringSubmatch(name), Lambda
	if found == nil {
		found, service = gatewayAPI.FindStringSubmatch(name), APIGateway
	}
	if found == nil {
		return nil, nil
	}
	if request.URL.Scheme != "https" {
		return nil, fmt.Errorf(
			"%s takes requests over https only, got a URL with %q",
			name,
			request.URL.Scheme,
		)
	}
	return &target{host, string(service), found[1]}, nil
}

var defaultPorts = map[string]string{"https": "443", "http": "80"}

// withoutDefaultPort is the host as a signature has it.
func withoutDefaultPort(host, scheme string) string {
	port, ok := defaultPorts[scheme]
	if !ok {
		return host
	}
	return strings.TrimSuffix(host, ":"+port)
}

// split returns the name of a host, or its address without brackets, and its port if it has one.
func split(host string) (name, port string) {
	if name, port, err := net.SplitHostPort(host); err == nil {
		return name, port
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), ""
}

// hostName is one that has no address, port or path about it.
var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`)

// isHost reports whether a request can be to a host.
func isHost(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil { // it has none
		name, _ = split(host)
	} else if number, err := strconv.ParseUint(port, 10, 16); err != nil || number == 0 {
		return false
	}
	_, err = netip.ParseAddr(name)
	return err == nil || hostName.MatchString(name)
}

// check refuses a Domain that would match no request, or sign for what AWS has not.
func (d Domain) check(field string) error {
	if !isHost(d.Host) {
		const form = "must be a host name such as api.example.com, and maybe a port"
		if strings.Contains(d.Host, "@") { // maybe with a password
			return fmt.Errorf("%s.Host %s, without a user", field, form)
		}
		_, rest, ok := strings.Cut(d.Host, "://")
		if !ok {
			rest = d.Host
		}
		fix := ""
		if end := strings.IndexAny(rest, "/?#"); end >= 0 {
			rest = rest[:end]
		}
		if isHost(rest) {
			fix = fmt.Sprintf("; write %q", rest)
		}
		return fmt.Errorf("%s.Host %s, got %q%s", field, form, d.Host, fix)
	}
	if d.Service != APIGateway && d.Service != Lambda {
		return fmt.Errorf("%s.Service must be webclient.APIGateway or webclient.Lambda, got %q",
			field, d.Service)
	}
	return nil
}

// sign returns a signed copy of a request, with the body in memory.
func (t *Transport) sign(request *http.Request, to *target) (*http.Request, error) {
	if request.URL.Opaque != "" {
		return nil, errors.New("a URL with Opaque cannot be signed: set Path and RawPath")
	}
	credentials := t.Credentials
	if credentials == nil {
		credentials = t.environment.credentials
	}
	who, err := credentials(request.Context())
	if err != nil {
		return nil, fmt.Errorf("cannot sign the request to %s: %w", to.host, err)
	}
	if err := who.check(); err != nil {
		return nil, fmt.Errorf("cannot sign the request to %s: %w", to.host, err)
	}
	body, err := read(request)
	if err != nil {
		return nil, err
	}

	signed := request.Clone(request.Context())
	signed.Host = to.host
	// A + is a space to those who wrote it, and a + to others who sign: AWS's SDKs send %20 too.
	signed.URL.RawQuery = strings.ReplaceAll(signed.URL.RawQuery, "+", "%20")
	signed.Body, signed.GetBody = http.NoBody, nil
	if signed.ContentLength = int64(len(body)); len(body) > 0 {
		signed.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		signed.Body, _ = signed.GetBody()
		signed.TransferEncoding = nil
	}
	for name := range signed.Header {
		if slices.Contains(ours, strings.ToLower(name)) {
			delete(signed.Header, name)
		}
	}

	r := &sigv4.Request{
		Method:  signed.Method,
		Path:    signed.URL.EscapedPath(),
		Query:   signed.URL.RawQuery,
		Headers: []sigv4.Header{{Name: "host", Value: to.host}},
		Body:    body,
	}
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	for name, values := range signed.Header {
		// What AWS asks for; proxies change others on the way.
		if strings.EqualFold(name, "Content-Type") ||
			strings.HasPrefix(strings.ToLower(name), "x-amz-") {
			for _, value := range values {
				r.Headers = append(r.Headers, sigv4.Header{Name: name, Value: value})
			}
		}
	}
	now := time.Now
	if t.clock != nil {
		now = t.clock
	}
	given := len(r.Headers)
	sigv4.Credentials(who).Sign(r, to.region, to.service, now())
	if signed.Header == nil {
		signed.Header = http.Header{}
	}
	for _, header := range r.Headers[given:] {
		signed.Header.Set(header.Name, header.Value)
	}
	return signed, nil
}

// ours are the headers of a signature. An old one may be in a request that is sent again.
var ours = []string{"x-amz-date", "x-amz-security-token"}

// read returns the body of a request. It is not more than can be sent.
func read(request *http.Request) ([]byte, error) {
	tooLarge := fmt.Errorf(
		"the body of a signed request must have at most %d bytes, which is what AWS takes",
		MaxBody,
	)
	if request.Body == nil || request.Body == http.NoBody {
		return nil, nil
	}
	if request.ContentLength > MaxBody {
		return nil, tooLarge
	}
	body, err := io.ReadAll(io.LimitReader(request.Body, MaxBody+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read the body of the request: %w", err)
	case len(body) > MaxBody:
		return nil, tooLarge
	case request.ContentLength > 0 && int64(len(body)) != request.ContentLength:
		return nil, fmt.Errorf(
			"the body of the request has %d bytes, and its ContentLength is %d",
			len(body),
			request.ContentLength,
		)
	}
	return body, nil
}
