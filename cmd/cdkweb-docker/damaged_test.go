package main

import (
	"os"
	"strings"
	"testing"
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
