package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

var update = flag.Bool("update", false, "write what the folders of testdata become")

// TestBuild builds the folders of testdata. What they become is beside them, with the digest that it
// has on every machine. integ builds them with Docker, and compares.
func TestBuild(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("testdata/*/Dockerfile")
	if err != nil || len(folders) < 7 {
		t.Fatal(folders, err)
	}
	for _, file := range folders {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			m := newMachine(t)
			digest := built(t, m, folder(t, dir))
			got := fmt.Sprintf("%s\n\n%s", digest, describe(t, saved(t, m, "built")))
			want := dir + ".txt"
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(expected) {
				t.Errorf("the image is not what %s says; -update writes it:\n%s", want, got)
			}
			if other := built(t, newMachine(t), folder(t, dir)); other != digest {
				t.Errorf("on another machine the digest is %s, want %s", other, digest)
			}
		})
	}
}

// built builds an image under the name built, and returns the digest.
func built(t *testing.T, m *machine, dir string) string {
	t.Helper()
	got := m.call("", "build", "--tag", "built", "--platform", "linux/amd64", dir)
	words := strings.Fields(got.stderr)
	if got.status != 0 || len(words) == 0 || !strings.HasPrefix(words[len(words)-1], "sha256:") {
		t.Fatalf("build %s: %+v", dir, got)
	}
	return words[len(words)-1]
}

// saved returns an image as the program saves it.
func saved(t *testing.T, m *machine, image string) v1.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "saved.tar")
	m.must("save", "--output", file, image)
	tag, err := name.NewTag(image)
	if err != nil {
		t.Fatal(err)
	}
	found, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// describe lists the files of an image, and how it is started.
func describe(t *testing.T, image v1.Image) string {
	t.Helper()
	var text strings.Builder
	content := contents(t, image)
	for _, file := range slices.Sorted(maps.Keys(content)) {
		fmt.Fprintf(&text, "%s %s\n", content[file], file)
	}
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.MarshalIndent(config.Config, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&text, "\n%s\n", encoded)
	return text.String()
}

// contents returns what the files of an image are, by their names.
func contents(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, layer := range layers {
		in, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		for archive := tar.NewReader(in); ; {
			header, err := archive.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			file := path.Clean(header.Name)
			what := fmt.Sprintf("%c %04o %d:%d", kinds[header.Typeflag], header.Mode, header.Uid, header.Gid)
			switch header.Typeflag {
			case tar.TypeReg:
				sum := sha256.New()
				if _, err := io.Copy(sum, archive); err != nil {
					t.Fatal(err)
				}
				what += fmt.Sprintf(" %x", sum.Sum(nil)[:4])
			case tar.TypeLink:
				what = found[header.Linkname]
			case tar.TypeSymlink:
				what += " -> " + header.Linkname
			}
			found[file] = what
		}
	}
	return found
}

var kinds = map[byte]rune{
	tar.TypeReg: '-', tar.TypeLink: '-', tar.TypeDir: 'd', tar.TypeSymlink: 'l', tar.TypeFifo: 'p',
	tar.TypeChar: 'c', tar.TypeBlock: 'b',
}

// archiveOf is an archive with one file that may be executed.
func archiveOf(t *testing.T, file, content string) []byte {
	t.Helper()
	var buffer bytes.Buffer
	zipped := gzip.NewWriter(&buffer)
	archive := tar.NewWriter(zipped)
	header := &tar.Header{Typeflag: tar.TypeReg, Name: file, Mode: 0o755, Size: int64(len(content))}
	err := archive.WriteHeader(header)
	if err == nil {
		_, err = io.WriteString(archive, content)
	}
	if err := errors.Join(err, archive.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return buffer.Bytes()
}
