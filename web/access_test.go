package web_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
)

// Two prefixes of the same addresses are one, however they are written.
func TestPrefixProblems(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.0/8 11.0.0.0/8 10.0.0.0/9 2001:db8::/32": "",
		"10.1.2.3/8 10.0.0.0/8":                          "AllowFrom[1] is there twice",
		"::ffff:192.0.2.0/120":                           "AllowFrom[0] must not be an IPv4 address in IPv6",
	} {
		var prefixes []netip.Prefix
		for _, prefix := range strings.Fields(text) {
			prefixes = append(prefixes, netip.MustParsePrefix(prefix))
		}
		problems := web.PrefixProblems("AllowFrom", prefixes)
		switch {
		case want == "" && len(problems) > 0:
			t.Errorf("%s: got %v", text, problems)
		case want != "" && (len(problems) != 1 || !strings.HasPrefix(problems[0].Error(), want)):
			t.Errorf("%s: got %v, want %s", text, problems, want)
		}
	}
	if problems := web.PrefixProblems("AllowFrom", []netip.Prefix{{}}); len(problems) != 1 {
		t.Errorf("got %v for no prefix", problems)
	}
}

// A front above a function that nobody can call would be no help.
func TestNoEndpointHasNoDomain(t *testing.T) {
	err := (&web.ServiceProps{
		Workload: everythingWrong.Workload, Domain: &web.Domain{Name: "shop.example.com"}, WebACL: "x",
		Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}},
	}).Validate()
	for _, field := range []string{"Domain", "WebACL"} {
		if text := err.Error(); !strings.Contains(text, field+" is not possible on Lambda without an endpoint: nobody can call it; choose ") {
			t.Errorf("%s: got %s", field, text)
		}
	}
}
