package webimage

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

// writeFiles writes files below a folder. A name that ends in "/" is an empty folder, a content
// that starts with "-> " a symbolic link, a name that ends in "*" an executable.
func writeFiles(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, strings.TrimSuffix(name, "*"))
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o755))
			continue
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o755))
		if link, ok := strings.CutPrefix(content, "-> "); ok {
			check(t, os.Symlink(link, path))
			continue
		}
		mode := fs.FileMode(0o644)
		if strings.HasSuffix(name, "*") {
			mode = 0o755
		}
		check(t, os.WriteFile(path, []byte(content), mode))
		check(t, os.Chmod(path, mode)) // whatever the umask is
	}
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o755)
	}))
}

// listFiles returns the names of all files and links below a folder, sorted; of folders only the
// empty ones.
func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	check(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			inside, err := os.ReadDir(path)
			if err != nil || len(inside) > 0 {
				return err
			}
			name += "/"
		}
		names = append(names, filepath.ToSlash(name))
		return nil
	}))
	slices.Sort(names)
	return names
}

// unpacked is what an archive holds.
type unpacked map[string]struct {
	tar.Header
	content string
}

func readLayer(t *testing.T, file string) unpacked {
	t.Helper()
	opened, err := os.Open(file)
	check(t, err)
	defer opened.Close()
	unzipped, err := gzip.NewReader(opened)
	check(t, err)
	found := unpacked{}
	for reader := tar.NewReader(unzipped); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		check(t, err)
		content, err := io.ReadAll(reader)
		check(t, err)
		entry := found[header.Name]
		entry.Header, entry.content = *header, string(content)
		found[header.Name] = entry
	}
}

// stage writes the build context of an image and returns how it is built.
func stage(t *testing.T, image Image, context string, output buildcontext.Omitted) recipe {
	t.Helper()
	source := image.(*builtImage).source
	check(t, source.stage(context, output))
	recipe, err := source.recipe()
	check(t, err)
	return recipe
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError fails where an error does not hold each of the texts.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one with %q", texts)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %v, want an error with %q", err, text)
		}
	}
}
