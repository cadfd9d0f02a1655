package rootfs

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher"
)

// TestFromFolder reads a folder of this machine, whose owners and times are nobody's business.
func TestFromFolder(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("its modes and links are others")
	}
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{
		"a": 0o600, "run": 0o755, "set": 0o755 | fs.ModeSetuid | fs.ModeSetgid, "d/b": 0o644, "d/keep/c": 0o444, "d/keep/e": 0o644, "x/y/z": 0o644,
	} {
		file := filepath.Join(dir, name)
		err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(name), 0o644), os.Chmod(file, mode))
		if err != nil {
			t.Fatal(err)
		}
	}
	err := errors.Join(os.Chmod(filepath.Join(dir, "d"), 0o750|fs.ModeSticky), os.Chmod(filepath.Join(dir, "d", "keep"), 0o700),
		os.Chmod(filepath.Join(dir, "x"), 0o755), os.Chmod(filepath.Join(dir, "x", "y"), 0o755),
		os.Symlink("../../etc/passwd", filepath.Join(dir, "out")), os.Symlink("none", filepath.Join(dir, "d", "none")))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		patterns string
		want     []string
	}{
		{"", []string{"- 0600 0:0 a: a", "d 1750 0:0 d", "- d/b: d/b", "d 0700 0:0 d/keep", "- 0444 0:0 d/keep/c: d/keep/c", "- d/keep/e: d/keep/e",
			"l d/none -> none", "l out -> ../../etc/passwd", "- 0755 0:0 run: run", "- 6755 0:0 set: set", "d x", "d x/y", "- x/y/z: x/y/z"}},
		{"d x out", []string{"- 0600 0:0 a: a", "- 0755 0:0 run: run", "- 6755 0:0 set: set"}},
		{"* !d/keep/c", []string{"d 1750 0:0 d", "d 0700 0:0 d/keep", "- 0444 0:0 d/keep/c: d/keep/c"}},
		{"* !d/keep d/*/e", []string{"d 1750 0:0 d", "d 0700 0:0 d/keep", "- 0444 0:0 d/keep/c: d/keep/c"}},
		{"**/c **/z a set run out d/none d/b", []string{"d 1750 0:0 d", "d 0700 0:0 d/keep", "- d/keep/e: d/keep/e", "d x", "d x/y"}},
	} {
		var ignored *patternmatcher.PatternMatcher
		if test.patterns != "" {
			if ignored, err = patternmatcher.New(strings.Fields(test.patterns)); err != nil {
				t.Fatal(err)
			}
		}
		seen, err := FromFolder(t.Context(), dir, ignored)
		if err != nil {
			t.Fatal(err)
		}
		if seen.Changed() {
			t.Errorf("%q: the folder counts as changed", test.patterns)
		}
		wantLines(t, seen, test.want...)
		if err := seen.Walk(func(name string, file *File) error {
			if !file.Time.Equal(Epoch) {
				t.Errorf("%s is of %v", name, file.Time)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	seen, err := FromFolder(ctx, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	in, err := seen.Lookup("a").Content.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	stop()
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, a file is read: %v", err)
	}
	if _, err := FromFolder(ctx, dir, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted, a folder is read: %v", err)
	}
	if _, err := FromFolder(t.Context(), filepath.Join(dir, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestEachFile counts files as Apply does, so that contents are found again.
func TestEachFile(t *testing.T) {
	t.Parallel()
	layer := []string{"d a", "- a/1: one", "l a/l -> 1", "- a/.wh.x: ", "h a/h = a/1", "- a/2: two", "c 0666 0:0 a/c"}
	var kept, read []string
	err := New().Apply(packed(t, layer...), func(n int, header *tar.Header, content io.Reader) (*Content, error) {
		kept = append(kept, header.Name)
		if n != len(kept)-1 {
			t.Errorf("%s is number %d", header.Name, n)
		}
		return keepAll(n, header, content)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := EachFile(packed(t, layer...), func(n int, header *tar.Header, content io.Reader) error {
		read = append(read, header.Name)
		if n != len(read)-1 {
			t.Errorf("%s is number %d", header.Name, n)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a/1", "a/.wh.x", "a/2"}; !slices.Equal(kept, want) || !slices.Equal(read, want) {
		t.Errorf("kept %q and read %q, want %q", kept, read, want)
	}
	broken := errors.New("broken")
	err = EachFile(packed(t, layer...), func(int, *tar.Header, io.Reader) error { return broken })
	if !errors.Is(err, broken) {
		t.Errorf("the error is %v", err)
	}
	half := tar.NewReader(strings.NewReader("no archive, but as long as a header of one" + strings.Repeat(".", 512)))
	if err := New().Apply(half, keepAll); !errors.Is(err, tar.ErrHeader) {
		t.Errorf("what is no archive was taken: %v", err)
	}
}
