package integ

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// edge is what the emulator of AWS lacks where HTTPS comes in. It listens on port 443, has a
// certificate for each name, and passes requests on to the emulator as what they are:
//
//   - with X-Forwarded-Proto, by which the emulator's CloudFront knows HTTPS,
//   - from the client's own address,
//   - to what a name leads to by its record in Route 53, if that is a load balancer or a
//     distribution: the emulator knows these by the names that AWS gives them alone.
//
// Names are found here because setUpMachine writes edgeNames to the /etc/hosts of the run.
type edge struct {
	emulator *emulator
	roots    *x509.CertPool
	file     string // the certificate of the authority, for other programs

	authority *x509.Certificate
	key       *ecdsa.PrivateKey

	login http.Handler // the server of loginName

	mutex        sync.Mutex
	certificates map[string]*tls.Certificate
}

// edgeNames are the names that others than the tests ask for: those of domains, and that by which
// AWS's command line finds a KeyValueStore.
var edgeNames = []string{"origin.front.example.com", loginName, account + ".localhost"}

const edgeAddress = "127.0.0.1:443"

// startEdge starts it. Requests can come once it has its emulator.
func startEdge(dir string) (*edge, error) {
	e := &edge{roots: x509.NewCertPool(), file: filepath.Join(dir, "authority.pem"), certificates: map[string]*tls.Certificate{}}
	var err error
	if e.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, err
	}
	der, err := e.sign(&x509.Certificate{
		Subject: pkix.Name{CommonName: "integ"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}, nil, e.key)
	if err != nil {
		return nil, err
	}
	if e.authority, err = x509.ParseCertificate(der); err != nil {
		return nil, err
	}
	e.roots.AddCert(e.authority)
	if err := os.WriteFile(e.file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", edgeAddress)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(e.serve), TLSConfig: &tls.Config{GetCertificate: e.certificate}}
	go server.ServeTLS(listener, "", "")
	return e, nil
}

func (e *edge) sign(certificate, parent *x509.Certificate, key *ecdsa.PrivateKey) ([]byte, error) {
	certificate.SerialNumber = big.NewInt(time.Now().UnixNano())
	certificate.NotBefore, certificate.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	if parent == nil {
		parent = certificate
	}
	return x509.CreateCertificate(rand.Reader, certificate, parent, key.Public(), e.key)
}

// certificate is one for the name that a client asks for.
func (e *edge) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	name := hello.ServerName
	if found := e.certificates[name]; found != nil {
		return found, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := e.sign(&x509.Certificate{Subject: pkix.Name{CommonName: "edge"}, DNSNames: []string{name}}, e.authority, key)
	if err != nil {
		return nil, err
	}
	e.certificates[name] = &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return e.certificates[name], nil
}

// clientKey is where the context of a request to the emulator has the client's address.
type clientKey struct{}

// fromClient connects to the emulator from the address of the client.
var fromClient = &http.Transport{
	DisableKeepAlives: true, // the next one may be of another
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: ctx.Value(clientKey{}).(net.IP)}}
		return dialer.DialContext(ctx, "tcp", emulatorAddress)
	},
}

func (e *edge) serve(w http.ResponseWriter, r *http.Request) {
	if r.Host == loginName {
		e.login.ServeHTTP(w, r)
		return
	}
	to, err := e.target(r.Host)
	if err != nil {
		http.Error(w, "edge: "+err.Error(), http.StatusBadGateway)
		return
	}
	address, err := net.ResolveTCPAddr("tcp", r.RemoteAddr)
	if err != nil {
		http.Error(w, "edge: "+err.Error(), http.StatusBadGateway)
		return
	}
	proxy := &httputil.ReverseProxy{
		Transport:     fromClient,
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host = "http", emulatorAddress
			p.Out.URL.RawQuery = p.In.URL.RawQuery
			if to.path != "" {
				p.Out.URL = p.Out.URL.JoinPath() // a copy
				p.Out.URL.RawPath = to.path + p.In.URL.EscapedPath()
				p.Out.URL.Path = to.path + p.In.URL.Path
			}
			p.Out.Host = to.host
			for name, values := range p.In.Header { // also what a proxy should not pass on
				if strings.HasPrefix(name, "X-Forwarded-") || name == "Forwarded" {
					p.Out.Header[name] = values
				}
			}
			p.Out.Header.Set("X-Forwarded-Proto", "https")
		},
	}
	proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, address.IP)))
}

// place is what the emulator knows something by: a Host header, and a path before that of requests.
type place struct{ host, path string }

// target is where requests for a host go.
func (e *edge) target(host string) (place, error) {
	if !strings.HasSuffix(host, ".example.com") {
		return place{host: host}, nil
	}
	alias, err := e.emulator.record(host, "A")
	switch {
	case err != nil:
		return place{}, err
	case strings.HasSuffix(alias, ".cloudfront.net"):
		return place{host: alias}, nil
	case strings.HasSuffix(alias, ".elb.amazonaws.com"):
		return place{host + ":443", "/_alb/" + balancerOf(alias)}, nil
	}
	return place{host: host}, nil // of an API, which the emulator finds
}

// balancerOf is the name of the load balancer that has an address of AWS's.
func balancerOf(address string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(address, "dualstack."), ".")
	name = strings.TrimPrefix(name, "internal-")
	return name[:strings.LastIndex(name, "-")]
}

// from returns what sends requests to the edge from an address of this machine.
func (e *edge) from(address string) http.RoundTripper {
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: e.roots},
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
			return dialer.DialContext(ctx, "tcp", edgeAddress)
		},
	}
}

var errNoRecord = errors.New("there is no such record")

// record returns what an alias record of Route 53 leads to.
func (e *emulator) record(name, kind string) (string, error) {
	var zones struct {
		HostedZones []struct{ Id, Name string } `xml:"HostedZones>HostedZone"`
	}
	if err := e.route53("hostedzone", &zones); err != nil {
		return "", err
	}
	for _, zone := range zones.HostedZones {
		if !strings.HasSuffix(name+".", "."+zone.Name) {
			continue
		}
		var records struct {
			Sets []struct {
				Name, Type string
				Target     string `xml:"AliasTarget>DNSName"`
			} `xml:"ResourceRecordSets>ResourceRecordSet"`
		}
		if err := e.route53(strings.TrimPrefix(zone.Id, "/")+"/rrset", &records); err != nil {
			return "", err
		}
		for _, set := range records.Sets {
			if set.Name == name+"." && set.Type == kind && set.Target != "" {
				return strings.ToLower(strings.TrimSuffix(set.Target, ".")), nil
			}
		}
	}
	return "", fmt.Errorf("%w: %s %s", errNoRecord, kind, name)
}

// route53 asks Route 53, whose protocol is XML.
func (e *emulator) route53(path string, answer any) error {
	signed := &sigv4.Request{Method: "GET", Path: "/2013-04-01/" + path, Headers: []sigv4.Header{{Name: "host", Value: emulatorAddress}}}
	root.Sign(signed, region, "route53", time.Now())
	address := url.URL{Scheme: "http", Host: emulatorAddress, Path: signed.Path}
	request, err := http.NewRequest("GET", address.String(), nil)
	if err != nil {
		return err
	}
	for _, h := range signed.Headers {
		request.Header.Set(h.Name, h.Value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s, %s: %s", response.Status, path, start(content))
	}
	return xml.Unmarshal(content, answer)
}

// hostsFile is the /etc/hosts of a run.
func hostsFile() string {
	return "127.0.0.1 " + strings.Join(slices.Concat([]string{"localhost", registry}, edgeNames), " ") + "\n"
}
