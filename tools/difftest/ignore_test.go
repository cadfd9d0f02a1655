package difftest

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/patternmatcher/ignorefile"
	"github.com/tonistiigi/fsutil"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

// sentByDocker returns what BuildKit's client sends of a folder.
func sentByDocker(t *testing.T, folder, ignore string) ([]string, error) {
	t.Helper()
	patterns, err := ignorefile.ReadAll(strings.NewReader(ignore))
	if err != nil {
		return nil, err
	}
	base, err := fsutil.NewFS(folder)
	if err != nil {
		t.Fatal(err)
	}
	filtered, err := fsutil.NewFilterFS(base, &fsutil.FilterOpt{ExcludePatterns: patterns})
	if err != nil {
		return nil, err
	}
	var names []string
	err = filtered.Walk(t.Context(), "", func(name string, entry fs.DirEntry, err error) error {
		if err == nil {
			names = append(names, describe(name, entry))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

// copiedByUs returns what the library copies.
func copiedByUs(t *testing.T, folder, ignore string) ([]string, error) {
	t.Helper()
	patterns, err := buildcontext.Patterns(ignore)
	if err != nil {
		return nil, err
	}
	copied := temporary(t)
	defer os.RemoveAll(copied)
	if err := buildcontext.Copy(folder, copied, patterns, nil); err != nil {
		return nil, err
	}
	var names []string
	err = filepath.WalkDir(copied, func(file string, entry fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(copied, file); err == nil && name != "." {
			names = append(names, describe(name, entry))
		}
		return err
	})
	slices.Sort(names)
	return names, err
}

func describe(name string, entry fs.DirEntry) string {
	return entry.Type().String()[:1] + " " + filepath.ToSlash(name)
}

func TestRandomIgnoreFiles(t *testing.T) {
	r := source(t)
	n, matched := count(t, 800), 0
	var folder string
	for i := range n {
		if i%50 == 0 {
			folder = randomTree(t, r)
		}
		ignore := randomIgnoreFile(r)
		want, err := sentByDocker(t, folder, ignore)
		got, gotErr := copiedByUs(t, folder, ignore)
		if (err != nil) != (gotErr != nil) {
			t.Fatalf("%q: got error %v, want %v", ignore, gotErr, err)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q:\ngot  %q\nwant %q\n(%s)", ignore, got, want, folder)
		}
		if err == nil && len(want) > 0 {
			matched++
		}
	}
	t.Logf("%d of %d random ignore files leave something to the build, and the same to ours", matched, n)
	if matched < n/10 {
		t.Errorf("only %d of %d random ignore files leave something to the build", matched, n)
	}
}

var names = []string{"a", "b", "foo", "bar", ".env", "dev.pem", "main.go", "node_modules", "api", "x.txt", "a b", "é"}

// temporary makes a folder in memory, if the system has some for it.
func temporary(t *testing.T) string {
	t.Helper()
	in := "/dev/shm"
	if _, err := os.Stat(in); err != nil {
		in = ""
	}
	folder, err := os.MkdirTemp(in, "difftest-")
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// randomTree makes a folder with files, folders and links up to five levels deep.
func randomTree(t *testing.T, r *rand.Rand) string {
	t.Helper()
	folder := temporary(t)
	t.Cleanup(func() { os.RemoveAll(folder) })
	for range 25 {
		file := filepath.Join(folder, join(r, 5, "/", func() string { return pick(r, names...) }))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			continue // there is a file of that name
		}
		switch r.IntN(6) {
		case 0:
			_ = os.Mkdir(file, 0o755) // or it exists
		case 1:
			_ = os.Symlink(pick(r, names...), file) // or it exists
		default:
			if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
				continue
			}
			if err := os.WriteFile(file, []byte(file), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	return folder
}

func randomIgnoreFile(r *rand.Rand) string {
	return join(r, 5, "\n", func() string {
		part := func() string {
			name := pick(r, names...)
			switch r.IntN(10) {
			case 0:
				return "*"
			case 1:
				return "**"
			case 2:
				return pick(r, "*.pem", "?", "[ab]", "*o*", "f*", ".*", "!x", `\a`, "[!a]", "[^a]", "..", ".", "**x", "a**")
			}
			return name
		}
		return pick(r, "", "", "", "!", "!", " ", "# ") + pick(r, "", "", "", "/", "./", "**/") + join(r, 3, "/", part) + pick(r, "", "", "", "/", "/**", "/*", " ", "/.")
	})
}
