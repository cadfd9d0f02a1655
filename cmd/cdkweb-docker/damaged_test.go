package main

import (
	"os"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// TestDamagedBlob pushes an image with a layer that has other bytes, and as many.
func TestDamagedBlob(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	dir, image := folder(t, asset), r.host+"/app:1"
	m.must("build", "--tag", image, dir)
	damaged := ""
	for _, blob := range blobs(t, m) {
		content, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(content), "\x1f\x8b") {
			continue
		}
		damaged = blob
		content[len(content)/2] ^= 0xff
		if err := os.WriteFile(blob, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if damaged == "" {
		t.Fatal("the image has no layer")
	}
	m.fails(1, "is damaged on this machine, and was removed; build the image again", "push", image)
	m.must("build", "--tag", image, dir)
	m.must("push", image)
}

// TestDamagedBase builds on an image whose pulled layer has other bytes, and as many.
func TestDamagedBase(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	base := r.push(t, "base:1", imageOf(t, "amd64", v1.Config{}, layerOf(t, "etc/a", "a")))
	dir := files(t, map[string]string{"Dockerfile": "FROM " + base + "\nCOPY --from=" + base + " /etc/a /b\n"})
	build := []string{"build", "--platform", "linux/amd64", "--tag", "app:1", dir}
	m.must(build...)
	want := blobs(t, m)
	for _, blob := range want {
		content, err := os.ReadFile(blob)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(string(content), "\x1f\x8b") {
			content[len(content)/2] ^= 0xff
			if err := os.WriteFile(blob, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	got := m.call("", build...)
	if got.status != 0 || !strings.Contains(got.stderr, "is damaged on this machine: pulling it again") {
		t.Errorf("got status %d and %q, want that it is pulled again", got.status, got.stderr)
	}
	m.must("tag", "app:1", r.host+"/app:1")
	m.must("push", r.host+"/app:1")
}
