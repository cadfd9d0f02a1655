package assembly

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReadAssets(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"Site.assets.json": `{
		"version": "48.0.0",
		"files": {"f1": {"displayName": "Site Template", "source": {"path": "Site.template.json", "packaging": "file"}, "destinations": {}}},
		"dockerImages": {
			"d2": {"displayName": "./server", "source": {"directory": "asset.d2", "dockerFile": ".cdkweb/Dockerfile", "platform": "linux/arm64",
				"dockerBuildTarget": "web", "dockerBuildArgs": {"A": "b"}, "dockerBuildSecrets": {"token": "env=TOKEN"}}},
			"d1": {"source": {"directory": "/elsewhere"}}
		}}`})
	got, err := ReadAssets(dir, "Site")
	if err != nil {
		t.Fatal(err)
	}
	want := Assets{
		Files: map[string]File{"f1": {DisplayName: "Site Template", Path: "Site.template.json"}},
		Images: map[string]Image{
			"d1": {ImageSource: ImageSource{Directory: "/elsewhere"}},
			"d2": {DisplayName: "./server", ImageSource: ImageSource{
				Directory: "asset.d2", DockerFile: ".cdkweb/Dockerfile", Platform: "linux/arm64", DockerBuildTarget: "web",
				DockerBuildArgs: map[string]string{"A": "b"}, DockerBuildSecrets: map[string]string{"token": "env=TOKEN"},
			}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := got.Hashes(), []string{"d1", "d2", "f1"}; !slices.Equal(got, want) {
		t.Errorf("the hashes are %q, want %q", got, want)
	}
	if got, want := got.Images["d2"].Folder(dir), filepath.Join(dir, "asset.d2"); got != want {
		t.Errorf("the folder of d2 is %s, want %s", got, want)
	}
	if got := got.Images["d1"].Folder(dir); got != "/elsewhere" {
		t.Errorf("the folder of d1 is %s, want /elsewhere", got)
	}
}

func TestReadAssetsErrors(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{"Broken.assets.json": "{"})
	if _, err := ReadAssets(dir, "None"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no list of assets: got %v", err)
	}
	if _, err := ReadAssets(dir, "Broken"); err == nil || !strings.Contains(err.Error(), "Broken.assets.json") {
		t.Errorf("a broken list: got %v, want an error that names the file", err)
	}
}

func TestStacks(t *testing.T) {
	t.Parallel()
	dir := write(t, map[string]string{
		"Web.template.json": "{}", "Data.template.json": "{}", "WebInner1234.nested.template.json": "{}", "Web.assets.json": "{}", "cdk.out": "{}",
	})
	got, err := Stacks(dir)
	if want := []string{"Data", "Web", "WebInner1234.nested"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	if got, want := TemplateFile(dir, "Web"), filepath.Join(dir, "Web.template.json"); got != want {
		t.Errorf("the template is %s, want %s", got, want)
	}
	if _, err := Stacks(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: got %v", err)
	}
}
