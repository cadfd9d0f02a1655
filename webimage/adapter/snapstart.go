package main

import (
	"net/url"
	"path"
	"strings"
)

// canonicalPath is the route that a path reaches in a server that decodes it,
// joins slashes, resolves dots and ignores case: the spellings by which a
// client could try to reach a hook.
func canonicalPath(p string) string {
	p, _, _ = strings.Cut(p, "?")
	if decoded, err := url.PathUnescape(p); err == nil {
		p = decoded
	}
	return strings.ToLower(path.Clean("/" + p))
}

func samePath(a, b string) bool { return canonicalPath(a) == canonicalPath(b) }

// isHookPath refuses the paths that cannot be kept from clients: the root, and
// those whose decoded form holds a %, which servers read in different ways.
func isHookPath(p string) bool {
	decoded, err := url.PathUnescape(p)
	return err == nil && isPath(p) && !strings.Contains(decoded, "%") && !strings.Contains(p, "?") && canonicalPath(p) != "/"
}
