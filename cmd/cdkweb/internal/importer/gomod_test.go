package importer

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A clone may lie in a folder whose name go.mod takes in quotes only.
func TestLibraryInQuotes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, test := range []struct{ library, want string }{
		{"cdkweb", module + " => ../cdkweb\n"},
		{"a b", module + ` => "../a b"` + "\n"},
		{"a(b),c", module + ` => "../a(b),c"` + "\n"},
	} {
		out := filepath.Join(dir, "out")
		text := (&app{name: "shop"}).goMod(options{out: out, library: filepath.Join(dir, test.library)})
		if !strings.Contains(text, test.want) {
			t.Errorf("got\n%s\nwant %s in it", text, test.want)
		}
		file := filepath.Join(t.TempDir(), "go.mod")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if output, err := exec.Command("go", "mod", "edit", "-json", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", test.library, err, output)
		}
	}
}
