package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree makes empty files below a new folder and returns it.
func tree(t *testing.T, files ...string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		path := filepath.Join(root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestRoot(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		in    string
		want  string
	}{
		{"cdk.json in the working directory", []string{"cdk.json", "go.mod"}, ".", "."},
		{"cdk.json above a package's folder", []string{"cdk.json", "go.mod", "stacks/site/site.go"}, "stacks/site", "."},
		{"the nearest of two cdk.json", []string{"cdk.json", "infra/cdk.json", "infra/stacks/a.go"}, "infra/stacks", "infra"},
		{"cdk.json wins over a nearer go.mod", []string{"cdk.json", "server/go.mod", "server/cmd/a.go"}, "server/cmd", "."},
		{"go.mod where there is no cdk.json", []string{"go.mod", "stacks/a.go"}, "stacks", "."},
		{"a folder named cdk.json does not count", []string{"cdk.json/x", "go.mod"}, ".", "."},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, test.files...)
			t.Chdir(filepath.Join(root, test.in))
			got, err := Root()
			if err != nil {
				t.Fatal(err)
			}
			if want := filepath.Join(root, test.want); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestPath(t *testing.T) {
	root := tree(t, "cdk.json", "stacks/a.go")
	t.Chdir(filepath.Join(root, "stacks"))
	for name, want := range map[string]string{
		"./server":        filepath.Join(root, "server"),
		"server/":         filepath.Join(root, "server"),
		"/srv/../srv/app": "/srv/app",
	} {
		got, err := Path(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("Path(%q): got %s, want %s", name, got, want)
		}
	}
}

func TestRelative(t *testing.T) {
	root := tree(t, "cdk.json", "stacks/a.go")
	t.Chdir(filepath.Join(root, "stacks"))
	for name, want := range map[string]string{
		filepath.Join(root, "server"): "server",
		root:                          ".",
		filepath.Join(filepath.Dir(root), "shared"): "../shared",
	} {
		got, err := Relative(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("Relative(%q): got %s, want %s", name, got, want)
		}
	}
}

func TestHint(t *testing.T) {
	for _, test := range []struct {
		name  string
		files []string
		want  string
	}{
		{"cdk.json", []string{"cdk.json", "go.mod"}, "relative paths start at ROOT, the folder of cdk.json"},
		{"go.mod alone", []string{"go.mod"}, "relative paths start at ROOT, the folder of go.mod"},
		{"neither", nil, "relative paths start at the working directory ROOT, because there is no cdk.json and no go.mod at or above it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := tree(t, test.files...)
			t.Chdir(root)
			if got, want := Hint(), strings.ReplaceAll(test.want, "ROOT", root); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
