package secrets

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// The certificates are those whose keys Amazon publishes, with these hashes.
// https://www.amazontrust.com/repository/
func TestAmazonRoots(t *testing.T) {
	want := []struct{ name, key string }{
		{"Amazon Root CA 1", "fbe3018031f9586bcbf41727e417b7d1c45c2f47f93be372a17b96b50757d5a2"},
		{"Amazon Root CA 2", "7f4296fc5b6a4e3b35d3c369623e364ab1af381d8fa7121533c9d6c633ea2461"},
		{"Amazon Root CA 3", "36abc32656acfc645c61b71613c4bf21c787f5cabbee48348d58597803d7abc9"},
		{"Amazon Root CA 4", "f7ecded5c66047d28ed6466b543c40e0743abe81d109254dcf845d4c2c7853c5"},
		{"Starfield Services Root Certificate Authority - G2", "2b071c59a0a0ae76b0eadb2bad23bad4580b69c3601b630c2eaf0613afa83f92"},
	}
	if len(amazonCertificates) != len(want) {
		t.Fatalf("got %d certificates, want %d", len(amazonCertificates), len(want))
	}
	for n, text := range amazonCertificates {
		der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(certificate.RawSubjectPublicKeyInfo)
		if got := hex.EncodeToString(sum[:]); got != want[n].key || certificate.Subject.CommonName != want[n].name {
			t.Errorf("got %s with the key %s, want %v", certificate.Subject.CommonName, got, want[n])
		}
		if !certificate.IsCA || certificate.CheckSignatureFrom(certificate) != nil || certificate.NotAfter.Year() < 2037 {
			t.Errorf("%s is no root that lasts", certificate.Subject.CommonName)
		}
	}
	if pool, err := amazonRoots(); err != nil || !pool.Equal(poolOf(t)) {
		t.Errorf("got another pool, %v", err)
	}
}

func poolOf(t *testing.T) *x509.CertPool {
	t.Helper()
	pool := x509.NewCertPool()
	for _, text := range amazonCertificates {
		der, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, "\n", ""))
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		pool.AddCert(certificate)
	}
	return pool
}

// The roots are tried in their order, and an endpoint that none of them knows
// gets nothing.
func TestTrust(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	t.Cleanup(server.Close)
	e := endpoint{address: server.Listener.Addr().String(), host: "example.com", tls: true}
	known := func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		pool.AddCert(server.Certificate())
		return pool, nil
	}
	failing := func() (*x509.CertPool, error) { return nil, errors.New("no roots") }
	for _, test := range []struct {
		name  string
		roots []func() (*x509.CertPool, error)
		want  string
	}{
		{"the first", []func() (*x509.CertPool, error){known, failing}, ""},
		{"the second", []func() (*x509.CertPool, error){amazonRoots, known}, ""},
		{"none", []func() (*x509.CertPool, error){amazonRoots}, "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
		{"roots that cannot be read", []func() (*x509.CertPool, error){amazonRoots, failing}, "no roots"},
	} {
		c, err := e.secure(test.roots, time.Now().Add(10*time.Second))
		if (err == nil) != (test.want == "") || err != nil && err.Error() != test.want {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if err == nil {
			c.Close()
		}
	}
}

func TestWhoIsTrusted(t *testing.T) {
	r, err := Parse("arn:aws:ssm:eu-west-1:1:parameter/p")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("SSL_CERT_FILE", "")
	t.Setenv("SSL_CERT_DIR", "")
	count := func(environment map[string]string) int {
		e, err := endpointOf(r, func(name string) string { return environment[name] })
		if err != nil {
			t.Fatal(err)
		}
		return len(e.trusted())
	}
	if n := count(nil); n != 2 {
		t.Errorf("AWS: got %d sets of roots, want Amazon's and the image's", n)
	}
	if n := count(map[string]string{"AWS_ENDPOINT_URL": "https://localhost"}); n != 1 {
		t.Errorf("another endpoint: got %d sets of roots, want the image's", n)
	}
	for _, name := range []string{"SSL_CERT_FILE", "SSL_CERT_DIR"} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "/somewhere")
			if n := count(nil); n != 1 {
				t.Errorf("got %d sets of roots, want the one that the variable names", n)
			}
		})
	}
}
