package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// healthRest is how long the rest of a response is waited for. Some servers log
// an error if nobody reads it. What comes of it does not count, so that a
// response without an end is healthy too.
const healthRest = 250 * time.Millisecond

// health asks a server once whether it is healthy. It is what a container's
// health check runs: an image may have no other program that could ask.
func health(arguments []string) error {
	check, err := parseHealthCheck(arguments)
	if err != nil {
		return err
	}
	if err := check.run(); err != nil {
		return fmt.Errorf("%s is not healthy: %w", check.url, err)
	}
	return nil
}

type healthCheck struct {
	url     string
	address string
	path    string // empty if it is enough to connect
	healthy settings.StatusSet
	timeout time.Duration
}

func parseHealthCheck(arguments []string) (*healthCheck, error) {
	if len(arguments) < 1 || len(arguments) > 3 {
		return nil, usageError(fmt.Sprintf("health takes 1 to 3 arguments, got %d", len(arguments)))
	}
	values := [3]string{"", settings.HealthStatusCodes, settings.HealthTimeout.String()}
	copy(values[:], arguments)
	check := &healthCheck{url: values[0]}
	var ok bool
	if check.address, check.path, ok = parseHealthURL(values[0]); !ok {
		return nil, usageError(fmt.Sprintf(
			"URL must be as http://127.0.0.1:8080/healthz or tcp://127.0.0.1:8080, got %q", values[0]))
	}
	if check.healthy, ok = settings.ParseStatusSet(values[1]); !ok {
		return nil, usageError(fmt.Sprintf("STATUSCODES must be statuses and ranges such as 200-399,404, got %q", values[1]))
	}
	timeout, err := time.ParseDuration(values[2])
	if err != nil || timeout <= 0 {
		return nil, usageError(fmt.Sprintf("TIMEOUT must be more than 0, such as 5s or 500ms, got %q", values[2]))
	}
	check.timeout = timeout
	return check, nil
}

// parseHealthURL returns the host and port of a URL and, for http, the path with
// its query as they stand in a request.
func parseHealthURL(url string) (address, path string, ok bool) {
	scheme, address, _ := strings.Cut(url, "://")
	if end := strings.IndexAny(address, "/?"); end >= 0 {
		address, path = address[:end], address[end:]
	}
	if !settings.IsPath(url) || strings.Contains(address, "@") || !settings.IsHostPort(address) {
		return "", "", false
	}
	switch {
	case scheme == "tcp":
		return address, "", path == ""
	case !strings.HasPrefix(path, "/"):
		path = "/" + path
	}
	return address, path, scheme == "http"
}

func (h *healthCheck) run() error {
	deadline := time.Now().Add(h.timeout)
	c, err := http1.Dial(h.address, deadline)
	if err != nil {
		return h.reason(err)
	}
	defer c.Close()
	if h.path == "" {
		return nil
	}
	c.SetDeadline(deadline)
	var resp http1.Response
	if err := get(c, &resp, h.address, h.path); err != nil {
		return h.reason(err)
	}
	if rest := time.Now().Add(healthRest); rest.Before(deadline) {
		c.SetDeadline(rest)
	}
	http1.AppendBody(nil, &resp, http1.MaxHead)
	if !h.healthy.Has(resp.Status) {
		return fmt.Errorf("status %d, healthy would be %s", resp.Status, h.healthy)
	}
	return nil
}

// reason says what the time limit was if it has passed.
func (h *healthCheck) reason(err error) error {
	if http1.IsTimeout(err) {
		return fmt.Errorf("no response within %s", h.timeout)
	}
	return err
}
