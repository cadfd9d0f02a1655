package rootfs

import (
	"archive/tar"
	"bytes"
	"io"
	"testing"
)

// TestHardLinkThroughSymlink unpacks an archive whose hard link names a file by way of a folder
// that is a symbolic link.
func TestHardLinkThroughSymlink(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, header := range []*tar.Header{
		{Typeflag: tar.TypeDir, Name: "usr/lib/", Mode: 0o755},
		{Typeflag: tar.TypeSymlink, Name: "lib", Linkname: "usr/lib"},
		{Typeflag: tar.TypeReg, Name: "lib/a", Mode: 0o644},
		{Typeflag: tar.TypeLink, Name: "lib/h", Linkname: "lib/a", Mode: 0o640},
	} {
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	keep := func(int, *tar.Header, io.Reader) (*Content, error) { return &Content{}, nil }
	tree := New()
	if err := tree.Unpack(tar.NewReader(&packed), "/to", nil, keep); err != nil {
		t.Fatal(err)
	}
	a, h := tree.Lookup("to/usr/lib/a"), tree.Lookup("to/usr/lib/h")
	if a == nil || h == nil || a.Content != h.Content || a.Mode != 0o640 || h.Mode != 0o640 {
		t.Errorf("unpacked %+v and %+v, want one file of two names", a, h)
	}
}
