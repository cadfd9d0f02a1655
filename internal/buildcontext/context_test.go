package buildcontext_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

// What the comparison with BuildKit over random files has found; tools/difftest makes it.
func TestCopy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, ignore string
		want         string
	}{
		{"everything", "", "a.txt foo/b/x.txt foo/y.txt"},
		{"an exception with a folder's name", "*\n!foo/b", "foo/b/x.txt"},
		{"an exception that ends in a glob is looked for in its folder only", "*\n!foo/*/**", ""},
		{"an exception with another wildcard is looked for everywhere", "*\n!f*/b", "foo/b/x.txt"},
		{"an exception does not undo what another pattern names below it", "*\n!foo\n**/*.txt", ""},
	} {
		from, to := t.TempDir(), t.TempDir()
		for _, name := range []string{"a.txt", "foo/y.txt", "foo/b/x.txt"} {
			file := filepath.Join(from, name)
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		patterns, err := buildcontext.Patterns(test.ignore)
		if err != nil {
			t.Fatal(err)
		}
		if err := buildcontext.Copy(from, to, patterns, nil); err != nil {
			t.Fatal(err)
		}
		var got []string
		err = fs.WalkDir(os.DirFS(to), ".", func(name string, entry fs.DirEntry, err error) error {
			if !entry.IsDir() {
				got = append(got, name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: got %q, want %q", test.name, text, test.want)
		}
	}
}
