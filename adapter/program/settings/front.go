package settings

import (
	"crypto/subtle"
	"net/netip"
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
)

// The settings that keep clients from a server who do not come through its
// front, or not from where they should.
const (
	// FrontSecrets names the variable with the secrets of which the front sends one.
	FrontSecrets = "CDKWEB_FRONT_SECRETS"

	// FrontHeader is the header in which it does.
	FrontHeader = "X-Origin-Verify"

	// AllowFrom names the variable with the addresses that requests may come from.
	AllowFrom = "CDKWEB_ALLOW_FROM"
)

// OnlyForAdapter tells whether a variable says who may come in. That is not the
// server's business, and the secrets are not for it.
func OnlyForAdapter(name string) bool { return name == FrontSecrets || name == AllowFrom }

// How long a front's secret is.
const minSecret, maxSecret = 16, 128

// Front is what is known of the front, through which all requests have to come
// if it has a secret.
type Front struct{ secrets []secret }

// secret is padded, so that comparing takes the same time for all.
type secret struct {
	text   [maxSecret]byte
	length int32
}

// Required tells whether requests have to come through the front.
func (f *Front) Required() bool { return len(f.secrets) > 0 }

// Verify tells whether a value is one of the secrets. How long that takes says
// nothing about them but their number.
func (f *Front) Verify(value []byte) bool {
	var padded [maxSecret]byte
	copy(padded[:], value)
	found := 0
	for i := range f.secrets {
		s := &f.secrets[i]
		found |= subtle.ConstantTimeCompare(padded[:], s.text[:]) & subtle.ConstantTimeEq(int32(len(value)), s.length)
	}
	return found == 1
}

// parseFront reads secrets between commas.
func parseFront(v string) (f Front, ok bool) {
	for text := range strings.SplitSeq(v, ",") {
		text = strings.TrimSpace(text)
		if len(text) < minSecret || len(text) > maxSecret || strings.ContainsFunc(text, isNoSecret) {
			return Front{}, false
		}
		s := secret{length: int32(len(text))}
		copy(s.text[:], text)
		f.secrets = append(f.secrets, s)
	}
	return f, true
}

func isNoSecret(c rune) bool {
	return c > 'z' || !ascii.Unreserved[c] || c == '.' || c == '~'
}

// isFrontHeader tells whether some server may take a header's name for the
// front's header, because an underscore is a hyphen for it.
func isFrontHeader(name string) bool {
	return strings.EqualFold(strings.ReplaceAll(name, "_", "-"), FrontHeader)
}

// Allows tells whether requests may come from an address, the zero one if it is
// not known. An IPv4 address counts as such also if it is written as IPv6.
func (c *Config) Allows(ip netip.Addr) bool {
	if len(c.AllowFrom) == 0 {
		return true
	}
	ip = ip.Unmap()
	for _, prefix := range c.AllowFrom {
		if prefix.Contains(ip) {
			return true
		}
	}
	return false
}

// parsePrefixes reads prefixes between commas.
func parsePrefixes(v string) (prefixes []netip.Prefix, ok bool) {
	for text := range strings.SplitSeq(v, ",") {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil || prefix.Addr().Is4In6() { // would match nothing, as addresses are unmapped
			return nil, false
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, true
}
