//go:build !windows

package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCredentialHelperFails wants nothing of what a helper prints, which may be a secret.
func TestCredentialHelperFails(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
	config := filepath.Join(m.home, ".docker", "config.json")
	err := errors.Join(
		os.Mkdir(filepath.Dir(config), 0o700),
		os.WriteFile(config, []byte(`{"credsStore":"broken"}`), 0o600),
		script(filepath.Join(m.path, "docker-credential-broken"),
			"#!/bin/sh\necho secret\necho no keys >&2\nexit 3\n"),
	)
	if err != nil {
		t.Fatal(err)
	}
	got := m.fails(1, "push "+r.host+"/app:1: the credential helper for "+r.host+
		" in Docker's configuration failed: exit status 3", "push", r.host+"/app:1")
	if strings.Contains(got.stderr+got.stdout, "secret") || !strings.Contains(got.stderr, "no keys") {
		t.Errorf("push printed %q", got.stderr)
	}
}
