package settings

import (
	"net/url"
	"path"
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
)

// IsPath tells whether a path, with or without a query, can stand in a request
// line as it is. Spaces, #, quotes, control characters and letters outside of
// ASCII cannot; they are written with %, as in /caf%C3%A9.
func IsPath(p string) bool {
	for i := range len(p) {
		if p[i] != '?' && !ascii.Path[p[i]] {
			return false
		}
	}
	return true
}

func withSlash(p string) string {
	if strings.HasPrefix(p, "/") {
		return p
	}
	return "/" + p
}

// Guard says why a client must not reach a path.
type Guard uint8

const (
	Open        Guard = iota // it may
	Hook                     // of SnapStart
	PassThrough              // for events that are not HTTP requests
)

// Guard tells whether a client's path, as in the request line without a query,
// reaches what is not for clients.
func (c *Config) Guard(path []byte) Guard {
	if isPlain(path) {
		for _, g := range c.guarded {
			if string(path) == g.path {
				return g.guard
			}
		}
		return Open
	}
	canonical := canonicalPath(string(path))
	for _, g := range c.guarded {
		if canonical == g.path {
			return g.guard
		}
	}
	return Open
}

// guarded is a canonical path that is not for clients.
type guarded struct {
	path  string
	guard Guard
}

func (c *Config) guards() []guarded {
	var all []guarded
	for _, hook := range []string{c.BeforeCheckpoint, c.AfterRestore} {
		if hook != "" {
			all = append(all, guarded{canonicalPath(hook), Hook})
		}
	}
	if !c.PassThroughFromClients {
		all = append(all, guarded{canonicalPath(c.PassThroughPath), PassThrough})
	}
	return all
}

// isPlain tells whether a path is its own canonical path, as nearly all are.
func isPlain(path []byte) bool {
	if len(path) == 0 || path[0] != '/' || len(path) > 1 && path[len(path)-1] == '/' {
		return false
	}
	before := byte(0)
	for _, c := range path {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '~':
		case (c == '/' || c == '.') && before != '/':
		default:
			return false
		}
		before = c
	}
	return true
}

// canonicalPath is the route that a path reaches in a server that decodes it,
// even twice, drops parameters (;x=1) and what follows a NUL, takes backslashes
// for slashes, joins slashes, resolves dots and ignores case: the spellings by
// which a client could try to reach what is not for it.
func canonicalPath(p string) string {
	p, _, _ = strings.Cut(p, "?")
	p = withoutParameters(p)
	for range 3 {
		decoded, err := url.PathUnescape(p)
		if err != nil || decoded == p {
			break
		}
		p = withoutParameters(decoded)
	}
	p, _, _ = strings.Cut(p, "\x00")
	p = strings.ReplaceAll(p, `\`, "/")
	return strings.ToLower(path.Clean("/" + p))
}

// withoutParameters cuts what follows a semicolon from each segment of a path.
func withoutParameters(p string) string {
	if !strings.Contains(p, ";") {
		return p
	}
	segments := strings.Split(p, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";")
	}
	return strings.Join(segments, "/")
}

// isHookPath refuses the paths that cannot be kept from clients: the root, and
// those whose decoded form holds a %, which servers read in different ways.
func isHookPath(p string) bool {
	decoded, err := url.PathUnescape(p)
	return err == nil && IsPath(p) && !strings.Contains(decoded, "%") && !strings.Contains(p, "?") && canonicalPath(p) != "/"
}
