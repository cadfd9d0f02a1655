package lambdaevent

import (
	"bytes"
	"net/netip"
	"strconv"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// The headers that tell a server behind a proxy what the proxy saw. For the
// server the adapter is that proxy, at 127.0.0.1, which many servers trust
// unasked: what a client writes there must not reach them.
const (
	forwardedFor   = "x-forwarded-for"
	forwardedProto = "x-forwarded-proto"
	forwardedHost  = "x-forwarded-host"
	forwardedPort  = "x-forwarded-port"

	// trueClient is CloudFront's own suggestion for a function that writes it.
	// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/example-function-add-true-client-ip-header.html
	trueClient = "true-client-ip"
)

// isForwarded tells which headers say who the client is, or by which scheme,
// host and port it came: those that proxies and CDNs write, and that some
// server or library believes without being told to. The name is normalized.
func isForwarded(name []byte) bool {
	if bytes.HasPrefix(name, []byte("x-forwarded-")) {
		return true
	}
	switch string(name) {
	case "forwarded", "x-forwarded", "x-original-forwarded-for",
		"x-real-ip", "x-client-ip", "client-ip", "x-cluster-client-ip", "x-remote-ip", "x-remote-addr", "x-originating-ip",
		"x-proxyuser-ip", "x-envoy-external-address",
		"true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "cf-pseudo-ipv4", "fastly-client-ip", "fly-client-ip",
		"x-azure-clientip", "x-appengine-user-ip",
		"x-url-scheme", "x-scheme", "front-end-https":
		return true
	}
	return false
}

// withheld tells whether a client's header is one of those, and does not reach
// the server as it came.
func withheld(f *settings.Forwarded, field http1.Field, normalized []byte) bool {
	return !f.Pass && isForwarded(normalized) && !f.Keeps(field.Name)
}

// forwarded appends the headers of what the event's source vouches for, or the
// front. What they do not vouch for is left out.
func (w *RequestWriter) forwarded(e *Event, host []byte) {
	if w.Config.Forwarded.Pass || e.Source == PassThrough {
		return
	}
	var front, proto, port []byte
	if e.Source == ALB {
		// It writes the scheme and the port itself.
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
		proto, port = w.last(forwardedProto), w.last(forwardedPort)
		if !ascii.EqualFold(proto, "http") && !ascii.EqualFold(proto, "https") {
			proto = nil
		}
		if n, err := strconv.ParseUint(string(port), 10, 16); err != nil || n == 0 {
			port = nil
		}
	} else {
		// APIs and function URLs take HTTPS alone, on its own port.
		proto, port = []byte("https"), []byte("443")
		// "This should be the same as the incoming Host header", which the endpoint
		// was found by.
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
		if name := w.optional(e.domainName); len(name) > 0 {
			host = name
		}
	}
	if w.verified {
		// The front's viewers come by HTTPS alone. It writes their address and the
		// host that they have asked for over what they sent. X-Forwarded-For will not
		// do: it begins with what they sent, and of a list a function URL hands on
		// the first entry only.
		proto, port = []byte("https"), []byte("443")
		front, _ = address(w.only(trueClient))
		if name := w.only(forwardedHost); len(name) > 0 && bytes.IndexByte(name, ',') < 0 {
			host = name
		}
	}
	client := front
	if len(client) == 0 {
		if client = w.client; len(client) == 0 {
			client, _ = w.source(e)
		}
	}
	for _, field := range []struct {
		name  string
		value []byte
	}{{forwardedFor, client}, {forwardedProto, proto}, {forwardedHost, host}, {forwardedPort, port}, {trueClient, front}} {
		if len(field.value) > 0 && !(w.Config.Forwarded.Keeps([]byte(field.name)) && w.has(field.name)) {
			w.line(field.name, field.value)
		}
	}
}

// source returns the address that the event's source vouches for: whose
// connection it was.
func (w *RequestWriter) source(e *Event) ([]byte, netip.Addr) {
	if e.Source == ALB {
		// It appends the client's address to what the client sent.
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
		return address(w.last(forwardedFor))
	}
	return address(w.optional(e.sourceIP))
}

// optional returns a JSON string decoded, nothing if a member is missing or
// something else.
func (w *RequestWriter) optional(text []byte) []byte {
	s, err := w.text(text)
	if err != nil {
		return nil
	}
	return s
}

// last returns the last member of a list, of which each header of the name is a
// piece (RFC 9110, 5.3).
func (w *RequestWriter) last(name string) (member []byte) {
	for _, f := range w.fields {
		if ascii.EqualFold(f.Name, name) {
			member = f.Value
		}
	}
	if n := bytes.LastIndexByte(member, ','); n >= 0 {
		member = member[n+1:]
	}
	return bytes.Trim(member, " \t")
}

// address returns an IP address, or one with a port, as servers read it, and
// nothing if it is none. A load balancer can be told to add the client's port,
// and puts IPv6 addresses in brackets.
func address(text []byte) ([]byte, netip.Addr) {
	if n := len(text); n > 2 && text[0] == '[' && text[n-1] == ']' {
		text = text[1 : n-1]
	}
	s := string(text)
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return text, ip
	}
	if ip, err := netip.ParseAddrPort(s); err == nil && ip.Addr().Zone() == "" {
		return text, ip.Addr()
	}
	return nil, netip.Addr{}
}
