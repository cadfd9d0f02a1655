package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// TestLoad takes images from an archive of docker save, as the CDK's TarballImageAsset has it done.
func TestLoad(t *testing.T) {
	t.Parallel()
	r, m := newRegistry(t, false), newMachine(t)
	image := imageOf(t, "amd64", v1.Config{Cmd: []string{"x"}}, layerOf(t, "x", "x"), layerOf(t, "y", "y"))
	archive := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("team/app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(archive, tag, image); err != nil {
		t.Fatal(err)
	}
	if got := m.must("load", "--input", archive); got != "Loaded image: team/app:1" {
		t.Errorf("load printed %q", got)
	}
	m.must("tag", "team/app:1", r.host+"/app:1")
	m.must("push", r.host+"/app:1")
	pushed := r.image(t, "app:1")
	got, err := pushed.ConfigName()
	want, err2 := image.ConfigName()
	if err != nil || err2 != nil || got != want {
		t.Errorf("the image is %v, want %v: %v, %v", got, want, err, err2)
	}
	if found := contents(t, pushed); found["x"] == "" || found["y"] == "" {
		t.Errorf("the image has %q", found)
	}

	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	var zipped bytes.Buffer
	writer := gzip.NewWriter(&zipped)
	writer.Write(content)
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	m = newMachine(t)
	if got := m.call(zipped.String(), "image", "load", "-q"); got.status != 0 || got.stdout != "Loaded image: team/app:1\n" {
		t.Errorf("load from standard input: %+v", got)
	}
	// What was built and saved here has the same id when it is loaded.
	m.must("build", "--tag", "one", folder(t, asset))
	m.must("tag", "one", "two:2")
	m.must("save", "-o", archive, "one", "two:2", "team/app:1")
	other := newMachine(t)
	if got := other.must("load", "--input="+archive); sorted(got) != "Loaded image: one:latest\nLoaded image: team/app:1\nLoaded image: two:2" {
		t.Errorf("load printed %q", got)
	}
	for _, name := range []string{"one", "two:2", "team/app:1"} {
		if got, want := other.must("inspect", "--format", "{{.Id}}", name), m.must("inspect", "--format", "{{.Id}}", name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// TestLoadUnnamed loads an image without a name, which has its id.
func TestLoadUnnamed(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	image := imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", "x"))
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "image.tar")
	reference, err := name.NewDigest("example.com/app@" + digest.String())
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(archive, reference, image); err != nil {
		t.Fatal(err)
	}
	id, err := image.ConfigName()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.must("load", "-i", archive), "Loaded image ID: "+id.String(); got != want {
		t.Errorf("load printed %q, want %q", got, want)
	}
	m.must("tag", id.String(), "example.com/app:1")
	m.must("inspect", "example.com/app:1")
}

// TestLoadBroken takes nothing of what is no whole image.
func TestLoadBroken(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	image := imageOf(t, "amd64", v1.Config{}, layerOf(t, "x", strings.Repeat("x", 2000)))
	archive := filepath.Join(t.TempDir(), "image.tar")
	tag, err := name.NewTag("app:1")
	if err != nil {
		t.Fatal(err)
	}
	if err := tarball.WriteToFile(archive, tag, image); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(content []byte) string {
		file := filepath.Join(t.TempDir(), "broken.tar")
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	m.fails(1, "is no archive of docker save", "load", "-i", broken(nil))
	m.fails(1, "is no archive of docker save", "load", "-i", broken([]byte("text")))
	m.fails(1, "is no archive of docker save", "load", "-i", broken(content[:len(content)/2]))
	gz := bytes.Index(content, []byte("\x1f\x8b"))
	if gz < 0 {
		t.Fatal("the archive has no layer that is compressed")
	}
	damaged := bytes.Clone(content)
	damaged[gz+40] ^= 0xff
	m.fails(1, "load ", "load", "-i", broken(damaged))
	other := packed(t, "manifest.json", `[{"Config": "config.json", "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]`,
		"config.json", `{"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:`+strings.Repeat("0", 64)+`"]}}`,
		"layer.tar", string(packed(t, "x", "x")))
	m.fails(1, "its layer sha256:"+strings.Repeat("0", 64)+" has the sum ", "load", "-i", broken(other))
	m.fails(1, "none.tar", "load", "-i", filepath.Join(m.home, "none.tar"))
	m.fails(2, "load has no flag --nothing", "load", "--nothing")
	m.fails(2, "load takes no arguments", "load", "x")
	m.fails(2, "--input must be followed by a file", "load", "-i")
	if got := m.must("images", "--quiet"); got != "" {
		t.Errorf("there is %q", got)
	}
	if left := temporaries(t, m); len(left) != 0 {
		t.Errorf("there is %q", left)
	}
}

// packed is an archive of files, given by name and content.
func packed(t *testing.T, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	writer := tar.NewWriter(&out)
	for i := 0; i < len(files); i += 2 {
		if err := writer.WriteHeader(&tar.Header{Name: files[i], Mode: 0o644, Size: int64(len(files[i+1]))}); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
