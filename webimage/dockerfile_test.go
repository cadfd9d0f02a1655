package webimage

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

const scratch = "FROM scratch\nCOPY . /\n"

func TestDockerfileStage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		files   map[string]string
		options DockerfileOptions
		want    []string // beside .cdkweb
	}{
		{"everything",
			map[string]string{"Dockerfile": scratch, "a.txt": "a", "sub/b.txt": "b", ".env": "x"}, DockerfileOptions{},
			[]string{".env", "Dockerfile", "a.txt", "sub/b.txt"}},
		{"without what .dockerignore names, nor .dockerignore",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "# secrets\n.env\n**/*.log\n", ".env": "x", "a.txt": "", "sub/a.log": "", "sub/b.txt": ""},
			DockerfileOptions{}, []string{"Dockerfile", "a.txt", "sub/b.txt"}},
		{"all but exceptions",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "*\n!public\n!app/main\npublic/draft*\n",
				"public/index.html": "", "public/draft.html": "", "app/main": "", "app/main.go": "", "secret": ""},
			DockerfileOptions{}, []string{"app/main", "public/index.html"}},
		{"what an exception for a folder does not let in again: secrets at any depth",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "**/.env\n**/*.pem\n!api\n",
				"api/.env": "", "api/certs/dev.pem": "", "api/main.go": "", "web/.env": ""},
			DockerfileOptions{}, []string{"Dockerfile", "api/certs/", "api/main.go", "web/"}},
		{"nor dependencies",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "**/node_modules\n!api\n", "api/node_modules/x/index.js": "", "api/a.js": ""},
			DockerfileOptions{}, []string{"Dockerfile", "api/a.js"}},
		{"an exception below a folder that two patterns leave out",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "**/foo\n!foo/bar\nfoo\n", "foo/bar/a": "", "foo/b": "", "sub/foo/c": "", "d": ""},
			DockerfileOptions{}, []string{"Dockerfile", "d", "foo/bar/a", "sub/"}},
		{"an exception with a star, far below",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "*\n!a/*/keep*\n", "a/b/keep.txt": "", "a/b/c.txt": "", "a/keep.txt": "", "x/b/keep.txt": ""},
			DockerfileOptions{}, []string{"a/b/keep.txt"}},
		{"an ignore file of the Dockerfile's own wins",
			map[string]string{"web.Dockerfile": scratch, "web.Dockerfile.dockerignore": "b\n", ".dockerignore": "a\n", "a": "", "b": ""},
			DockerfileOptions{File: "web.Dockerfile"}, []string{"a", "web.Dockerfile", "web.Dockerfile.dockerignore"}},
		{"without extra excludes",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "a\n", "a": "", "b": "", "c/d": ""}, DockerfileOptions{Exclude: []string{"b", "c"}},
			[]string{"Dockerfile"}},
		{"an extra exclude with a slash in front, as in .dockerignore",
			map[string]string{"Dockerfile": scratch, "hidden.txt": "", "sub/hidden.txt": ""}, DockerfileOptions{Exclude: []string{"/hidden.txt"}},
			[]string{"Dockerfile", "sub/hidden.txt"}},
		{"an extra exclude that readmits",
			map[string]string{"Dockerfile": scratch, ".dockerignore": "*.txt\n", "a.txt": "", "b.txt": ""}, DockerfileOptions{Exclude: []string{"!b.txt"}},
			[]string{"Dockerfile", "b.txt"}},
		{"symbolic links stay links",
			map[string]string{"Dockerfile": scratch, "a": "x", "to-a": "-> a", "folder/": "", "to-folder": "-> folder", "outside": "-> /etc/passwd", "dangling": "-> nowhere"},
			DockerfileOptions{}, []string{"Dockerfile", "a", "dangling", "folder/", "outside", "to-a", "to-folder"}},
		{"without what cdk synth wrote",
			map[string]string{"Dockerfile": scratch, "cdk.out/app/cdk.out": `{"version":"54.0.0"}`, "cdk.out/app/asset.1/x": "", "a": ""}, DockerfileOptions{},
			[]string{"Dockerfile", "a", "cdk.out/"}},
		{"with a folder that holds another file named cdk.out",
			map[string]string{"Dockerfile": scratch, "notes/cdk.out": "what cdk printed", "notes/a": "", "list/cdk.out": "[]"}, DockerfileOptions{},
			[]string{"Dockerfile", "list/cdk.out", "notes/a", "notes/cdk.out"}},
		{"a Dockerfile outside of the folder",
			map[string]string{"a": "", "../Dockerfile.web": scratch}, DockerfileOptions{File: "../Dockerfile.web"}, []string{"a"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir, context := filepath.Join(t.TempDir(), "image"), t.TempDir()
			check(t, os.Mkdir(dir, 0o755))
			writeFiles(t, dir, test.files)
			before := listFiles(t, dir)

			image := Dockerfile(dir, &test.options)
			check(t, image.Validate())
			recipe := stage(t, image, context, buildcontext.Omit(context))

			want := append([]string{".cdkweb/Dockerfile", ".cdkweb/adapter.tar.gz"}, test.want...)
			slices.Sort(want)
			if got := listFiles(t, context); !slices.Equal(got, want) {
				t.Errorf("the build sees\n%q, want\n%q", got, want)
			}
			if after := listFiles(t, dir); !slices.Equal(after, before) {
				t.Errorf("the user's folder changed from %q to %q", before, after)
			}
			if recipe.dockerfile != ".cdkweb/Dockerfile" {
				t.Errorf("got Dockerfile %q", recipe.dockerfile)
			}
			content, err := os.ReadFile(filepath.Join(context, recipe.dockerfile))
			check(t, err)
			if want := scratch + "ADD .cdkweb/adapter.tar.gz /\n"; string(content) != want {
				t.Errorf("got\n%s\nwant\n%s", content, want)
			}
		})
	}
}

// Two machines whose umask differs make the same image of the same files.
func TestDockerfileModes(t *testing.T) {
	modes := map[string]fs.FileMode{
		"run.sh": 0o755, "site.html": 0o644, "private": 0o600, "shared": 0o666, "locked": 0o444,
		"as-root": 0o755 | fs.ModeSetuid, "as-group": 0o755 | fs.ModeSetgid,
		"folder": 0o755 | fs.ModeDir, "public": 0o777 | fs.ModeSticky | fs.ModeDir, "closed": 0o700 | fs.ModeDir, "closed/in": 0o640,
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": scratch})
	for _, name := range slices.Sorted(maps.Keys(modes)) {
		file := filepath.Join(dir, name)
		if modes[name].IsDir() {
			check(t, os.Mkdir(file, 0o700))
		} else {
			check(t, os.WriteFile(file, []byte(name), 0o600))
		}
		check(t, os.Chmod(file, modes[name]))
	}
	for _, umask := range []int{0o022, 0o077, 0o027, 0} {
		context := t.TempDir()
		before := syscall.Umask(umask)
		err := Dockerfile(dir, nil).(*builtImage).source.stage(context, buildcontext.Omit(context))
		syscall.Umask(before)
		check(t, err)
		got := map[string]fs.FileMode{}
		for name := range modes {
			info, err := os.Lstat(filepath.Join(context, name))
			check(t, err)
			got[name] = info.Mode()
		}
		if !maps.Equal(got, modes) {
			t.Errorf("umask %03o: got %v\nwant %v", umask, got, modes)
		}
		for _, name := range []string{ownDockerfile, adapterArchive} {
			if info, err := os.Stat(filepath.Join(context, name)); err != nil || info.Mode() != 0o644 {
				t.Errorf("umask %03o: %s has mode %v (%v), want 644", umask, name, info.Mode(), err)
			}
		}
	}
}

func TestDockerfileLinksAndModes(t *testing.T) {
	t.Parallel()
	dir, context := t.TempDir(), t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": scratch, "run.sh*": "#!/bin/sh\n", "link": "-> run.sh"})
	err := Dockerfile(dir, nil).(*builtImage).source.stage(context, buildcontext.Omit(context))
	check(t, err)
	if link, err := os.Readlink(filepath.Join(context, "link")); err != nil || link != "run.sh" {
		t.Errorf("got link %q (%v), want run.sh", link, err)
	}
	if info, err := os.Stat(filepath.Join(context, "run.sh")); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("got mode %v (%v), want 755", info.Mode(), err)
	}
}

func TestDockerfileAdapter(t *testing.T) {
	t.Parallel()
	for adapter, want := range map[Adapter]bool{UnknownAdapter: true, WithAdapter: true, OwnAdapter: false, NoAdapter: false} {
		dir, context := t.TempDir(), t.TempDir()
		writeFiles(t, dir, map[string]string{"Dockerfile": "FROM a AS web\nFROM b\n"})
		image := Dockerfile(dir, &DockerfileOptions{Adapter: adapter, Target: "web", BuildArgs: map[string]string{"V": "1"}})
		recipe := stage(t, image, context, buildcontext.Omit(context))
		dockerfile, err := os.ReadFile(filepath.Join(context, recipe.dockerfile))
		check(t, err)
		wantDockerfile := "FROM a AS web\n"
		if want {
			wantDockerfile += "ADD .cdkweb/adapter.tar.gz /\n"
		}
		if string(dockerfile) != wantDockerfile {
			t.Errorf("Adapter %q: got\n%s\nwant\n%s", adapter, dockerfile, wantDockerfile)
		}
		if _, err := os.Stat(filepath.Join(context, adapterArchive)); (err == nil) != want {
			t.Errorf("Adapter %q: got an archive: %v, want %v", adapter, err == nil, want)
		}
		if recipe.args["V"] != "1" {
			t.Errorf("got recipe %+v", recipe)
		}
	}
}

func TestDockerfileValidate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"empty/": "", "bare/README": "", "file": "",
		"good/Dockerfile":   "FROM a AS build\nFROM b\n",
		"broken/Dockerfile": "RUN x\n",
		"taken/Dockerfile":  "FROM a\n", "taken/.cdkweb/": "",
		"arm/Dockerfile": "FROM --platform=linux/arm64 a\n",
		"lwa/Dockerfile": "FROM a AS base\nCOPY --from=example.com/lambda-adapter:1 /lambda-adapter /opt/extensions/lambda-adapter\nFROM base\nCOPY a /a\n",
	})
	for _, test := range []struct {
		name    string
		folder  string
		options *DockerfileOptions
		want    []string
	}{
		{"no folder named", "", nil, []string{`webimage.Dockerfile(""): folder is empty; name a folder with a Dockerfile, such as "./server"`}},
		{"missing folder", "nowhere", nil, []string{"nowhere does not exist; name a folder with a Dockerfile (relative paths start at ", ", the folder of cdk.json)"}},
		{"empty folder", "empty", nil, []string{"empty is empty; name a folder with a Dockerfile"}},
		{"a Dockerfile instead of its folder", "good/Dockerfile", nil, []string{"good/Dockerfile is a file; name its folder: webimage.Dockerfile(", `good", nil)`}},
		{"a file", "file", nil, []string{"file is a file; name its folder: webimage.Dockerfile(", `, &webimage.DockerfileOptions{File: "file"})`}},
		{"a cache without a type", "good", &DockerfileOptions{CacheFrom: []DockerCache{{}}}, []string{`CacheFrom[0] must have a Type, such as "registry"`}},
		{"a token for a cache", "good", &DockerfileOptions{CacheTo: &DockerCache{Type: "registry", Params: map[string]string{"ref": "${Token[A.1]}"}}},
			[]string{`CacheTo.Params["ref"] must be a literal`}},
		{"no Dockerfile", "bare", nil, []string{"there is no Dockerfile ", "bare/Dockerfile; write one"}},
		{"another Dockerfile that is missing", "good", &DockerfileOptions{File: "web.Dockerfile"}, []string{"there is no Dockerfile", "good/web.Dockerfile"}},
		{"no FROM", "broken", nil, []string{"broken/Dockerfile: there is no FROM instruction"}},
		{"no such stage", "good", &DockerfileOptions{Target: "web"}, []string{`there is no stage for Target "web"; name one of its stages: build, number 1`}},
		{"a broken pattern", "good", &DockerfileOptions{Exclude: []string{"["}}, []string{"Exclude holds a pattern that .dockerignore does not know"}},
		{"a token in a build arg", "good", &DockerfileOptions{BuildArgs: map[string]string{"V": "${Token[AWS.Region.4]}"}}, []string{`BuildArgs["V"] must be a literal`}},
		{"a secret from nowhere", "good", &DockerfileOptions{BuildSecrets: map[string]BuildSecret{"npm": {}}}, []string{`BuildSecrets["npm"] must have an id and come from`}},
		{"a token as target", "good", &DockerfileOptions{Target: "${Token[A.1]}"}, []string{"Target must be a literal"}},
		{"a secret's id with a comma", "good", &DockerfileOptions{BuildSecrets: map[string]BuildSecret{"a,b": SecretEnv("A")}}, []string{`BuildSecrets["a,b"]`, "without commas"}},
		{"a folder with a kept name", "taken", nil, []string{"the folder holds .cdkweb, a name that is kept for what cdkweb adds"}},
		{"a Dockerfile for another platform", "arm", nil, []string{"the image is for linux/amd64, but its stage says FROM --platform=linux/arm64"}},
		{"a Dockerfile with an adapter", "lwa", nil, []string{
			"line 2 of the Dockerfile (COPY --from=example.com/lambda-adapter:1 /lambda-adapter /opt/extensions/lambda-adapter)",
			"remove that line, or set Adapter: webimage.OwnAdapter", "(webimage.WithAdapter if its program is no adapter)"}},
		{"all at once", "nowhere", &DockerfileOptions{Architecture: "mips", Adapter: "both"},
			[]string{`Architecture must be webimage.X86_64 or webimage.ARM64, got "mips"`, "Adapter must be", "nowhere does not exist"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := test.folder
			if folder != "" {
				folder = filepath.Join(dir, folder)
			}
			wantError(t, Dockerfile(folder, test.options).Validate(), test.want...)
		})
	}
}

// Who says what is in /opt/extensions may have it.
func TestDockerfileOwnAdapter(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": "FROM a\nCOPY adapter /opt/extensions/\n"})
	for _, adapter := range []Adapter{WithAdapter, OwnAdapter, NoAdapter} {
		check(t, Dockerfile(dir, &DockerfileOptions{Adapter: adapter}).Validate())
	}
}

func TestBuildSecrets(t *testing.T) {
	root := t.TempDir()
	writeFiles(t, root, map[string]string{"cdk.json": "{}", "server/Dockerfile": scratch})
	t.Chdir(filepath.Join(root, "server"))
	image := Dockerfile("server", &DockerfileOptions{BuildSecrets: map[string]BuildSecret{
		"npm": SecretFile(".npmrc"), "key": SecretFile("/run/key"), "token": SecretEnv("TOKEN"),
	}})
	check(t, image.Validate())
	recipe := stage(t, image, t.TempDir(), nil)
	for id, want := range map[string]string{"npm": "src=" + filepath.Join(root, ".npmrc"), "key": "src=/run/key", "token": "env=TOKEN"} {
		if got := recipe.secrets[id]; got != want {
			t.Errorf("secret %s: got %q, want %q", id, got, want)
		}
	}
}

func TestOptionsAreCopied(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": scratch})
	options := &DockerfileOptions{BuildArgs: map[string]string{"V": "1"}}
	image := Dockerfile(dir, options)
	options.BuildArgs["V"] = "2"
	options.Target = "nothing"
	check(t, image.Validate())
	recipe := stage(t, image, t.TempDir(), nil)
	if recipe.args["V"] != "1" {
		t.Errorf("got build argument %q, want the one at the time of the call", recipe.args["V"])
	}
}

// A secret's file is read by the build, and lies nowhere else.
func TestSecretFileIsNotCopied(t *testing.T) {
	t.Parallel()
	dir, context := t.TempDir(), t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": scratch, ".npmrc": "secret", "a": ""})
	image := Dockerfile(dir, &DockerfileOptions{BuildSecrets: map[string]BuildSecret{"npm": SecretFile(filepath.Join(dir, ".npmrc"))}})
	err := image.(*builtImage).source.stage(context, buildcontext.Omit(context))
	check(t, err)
	if got, want := listFiles(t, context), []string{".cdkweb/Dockerfile", ".cdkweb/adapter.tar.gz", "Dockerfile", "a"}; !slices.Equal(got, want) {
		t.Errorf("the build sees %q, want %q", got, want)
	}
}

// A folder for temporary files that lies in the image's folder is not copied into itself.
func TestTemporaryFolderInside(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"Dockerfile": scratch, "tmp/build/": ""})
	context := filepath.Join(dir, "tmp", "build")
	err := Dockerfile(dir, nil).(*builtImage).source.stage(context, buildcontext.Omit(context))
	check(t, err)
	if got := listFiles(t, context); slices.ContainsFunc(got, func(name string) bool { return filepath.Base(filepath.Dir(name)) == "build" }) {
		t.Errorf("the build sees itself: %q", got)
	}
}
