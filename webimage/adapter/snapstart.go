package main

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"time"
)

// snapshot goes through a snapshot and the restore from it: it tells the server
// before, waits at Lambda's API, and tells the server after. A snapshot's
// connections are dead in the environments restored from it.
// https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html
func snapshot(config *config, ready *readiness) (restored bool, err error) {
	if c := ready.take(); c != nil {
		c.Close()
	}
	if err := callHook(config, config.beforeCheckpoint); err != nil {
		return false, err
	}
	api := apiClient{address: config.runtimeAPI}
	defer api.close()
	if err := api.call("GET", runtimePath+"/restore/next", "", nil); err != nil {
		return false, err
	}
	if err := api.failed("restore/next"); err != nil {
		return false, err
	}
	ready.ready.Store(false)
	if err := callHook(config, config.afterRestore); err != nil {
		return true, err
	}
	return true, ready.wait(deadlineAfter(time.Now(), config.readinessTimeout))
}

// callHook posts to the server, which must answer 2xx. Lambda bounds the time.
func callHook(config *config, path string) error {
	if path == "" {
		return nil
	}
	server := apiClient{address: config.serverAddress()}
	defer server.close()
	if err := server.call("POST", path, "", nil); err != nil {
		return fmt.Errorf("the SnapStart hook %s failed: %w", path, err)
	}
	if server.resp.status/100 != 2 {
		return fmt.Errorf("the SnapStart hook %s answered %d, it must be 2xx", path, server.resp.status)
	}
	return nil
}

// isHook tells whether a client's path reaches a hook, which must stay private.
func (c *config) isHook(path []byte) bool {
	return c.beforeCheckpoint != "" && samePath(c.beforeCheckpoint, string(path)) ||
		c.afterRestore != "" && samePath(c.afterRestore, string(path))
}

// canonicalPath is the route that a path reaches in a server that decodes it,
// drops parameters (;x=1), joins slashes, resolves dots and ignores case: the
// spellings by which a client could try to reach a hook.
func canonicalPath(p string) string {
	p, _, _ = strings.Cut(p, "?")
	p = withoutParameters(p)
	if decoded, err := url.PathUnescape(p); err == nil {
		p = withoutParameters(decoded)
	}
	return strings.ToLower(path.Clean("/" + p))
}

// withoutParameters cuts what follows a semicolon from each segment of a path.
func withoutParameters(p string) string {
	segments := strings.Split(p, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";")
	}
	return strings.Join(segments, "/")
}

func samePath(a, b string) bool { return canonicalPath(a) == canonicalPath(b) }

// isHookPath refuses the paths that cannot be kept from clients: the root, and
// those whose decoded form holds a %, which servers read in different ways.
func isHookPath(p string) bool {
	decoded, err := url.PathUnescape(p)
	return err == nil && isPath(p) && !strings.Contains(decoded, "%") && !strings.Contains(p, "?") && canonicalPath(p) != "/"
}
