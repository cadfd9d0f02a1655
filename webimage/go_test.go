package webimage

import (
	"crypto/x509"
	"debug/buildinfo"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/buildcontext"
)

// A program in a module of its own that prints what only a complete image can answer.
var program = map[string]string{
	"go.mod": "module example.com/hello\n\ngo 1.22\n",
	"main.go": `package main

import (
	"fmt"
	"time"
)

var version = "none"

func main() {
	zone, err := time.LoadLocation("Europe/Berlin")
	fmt.Println(version, zone, err, extra)
}
`,
	"plain.go":          "//go:build !fancy\n\npackage main\n\nconst extra = \"plain\"\n",
	"fancy.go":          "//go:build fancy\n\npackage main\n\nconst extra = \"fancy\"\n",
	"static/style.css":  "body {}",
	"static/latest":     "-> style.css",
	"static/run.sh*":    "#!/bin/sh",
	"../shared/words":   "hello",
	"broken/main.go":    "package main\n\nfunc main() { undefined() }\n",
	"cgo/main.go":       "package main\n\nimport \"C\"\n\nfunc main() {}\n",
	"tests/a_test.go":   "package main\n",
	"library/lib.go":    "package library\n",
	"windows/main.go":   "//go:build windows\n\npackage main\n\nfunc main() {}\n",
	"two/a.go":          "package a\n",
	"two/main.go":       "package main\n",
	"nothing/README.md": "",
	"server":            "in the way",
}

func newProgram(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hello")
	check(t, os.Mkdir(dir, 0o755))
	writeFiles(t, dir, program)
	return dir
}

func TestGoStage(t *testing.T) {
	t.Parallel()
	dir, context := newProgram(t), t.TempDir()
	image := Go(dir, &GoOptions{Tags: []string{"fancy"}, LDFlags: "-X main.version=1.4", Include: []string{"static", "../shared"}})
	check(t, image.Validate())
	recipe := stage(t, image, context, buildcontext.Omit(context))

	want := []string{"Dockerfile", "adapter.tar.gz", "base.tar.gz", "server.tar.gz"}
	if got := listFiles(t, context); !slices.Equal(got, want) {
		t.Errorf("the context holds %q, want %q", got, want)
	}
	dockerfile, err := os.ReadFile(filepath.Join(context, recipe.dockerfile))
	check(t, err)
	wantDockerfile := `FROM scratch
ADD base.tar.gz /
ADD adapter.tar.gz /
ADD server.tar.gz /
WORKDIR /app
USER 65532:65532
ENTRYPOINT ["/app/server"]
`
	if string(dockerfile) != wantDockerfile {
		t.Errorf("got\n%s\nwant\n%s", dockerfile, wantDockerfile)
	}

	base := readLayer(t, filepath.Join(context, "base.tar.gz"))
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(base["etc/ssl/certs/ca-certificates.crt"].content)) {
		t.Error("the root certificates cannot be read")
	}
	if n := strings.Count(base["etc/ssl/certs/ca-certificates.crt"].content, "BEGIN CERTIFICATE"); n < 100 {
		t.Errorf("got %d root certificates, want the usual 100 and more", n)
	}
	if tmp := base["tmp/"]; tmp.Mode != 0o1777 {
		t.Errorf("got /tmp with mode %o, want 1777", tmp.Mode)
	}
	if !strings.Contains(base["etc/passwd"].content, ":65532:65532:") {
		t.Error("the image's user is not in /etc/passwd")
	}

	server := readLayer(t, filepath.Join(context, "server.tar.gz"))
	for name, mode := range map[string]int64{"app/server": 0o755, "app/static/style.css": 0o644, "app/static/run.sh": 0o755, "app/shared/words": 0o644} {
		if got := server[name]; got.Mode != mode || got.Uid != 0 {
			t.Errorf("%s: got mode %o of user %d, want %o of root", name, got.Mode, got.Uid, mode)
		}
	}
	if link := server["app/static/latest"].Linkname; link != "style.css" {
		t.Errorf("got a link to %q, want style.css", link)
	}
	binary := filepath.Join(t.TempDir(), "server")
	check(t, os.WriteFile(binary, []byte(server["app/server"].content), 0o755))
	command := exec.Command(binary)
	command.Env = []string{"ZONEINFO=/nowhere"}
	output, err := command.CombinedOutput()
	check(t, err)
	if got, want := string(output), "1.4 Europe/Berlin <nil> fancy\n"; got != want {
		t.Errorf("the server printed %q, want %q", got, want)
	}

	adapter := readLayer(t, filepath.Join(context, "adapter.tar.gz"))
	if got := adapter["opt/extensions/cdkweb-adapter"]; got.Mode != 0o755 || !strings.HasPrefix(got.content, "\x7fELF") {
		t.Errorf("got an adapter with mode %o that starts with %.4q", got.Mode, got.content)
	}
}

func TestGoWithoutAdapter(t *testing.T) {
	t.Parallel()
	context := t.TempDir()
	err := Go(newProgram(t), &GoOptions{Adapter: NoAdapter}).(*builtImage).source.stage(context, buildcontext.Omit(context))
	check(t, err)
	if got, want := listFiles(t, context), []string{"Dockerfile", "base.tar.gz", "server.tar.gz"}; !slices.Equal(got, want) {
		t.Errorf("the context holds %q, want %q", got, want)
	}
}

func TestGoArchitecture(t *testing.T) {
	t.Parallel()
	context := t.TempDir()
	err := Go(newProgram(t), &GoOptions{Architecture: ARM64}).(*builtImage).source.stage(context, buildcontext.Omit(context))
	check(t, err)
	for archive, file := range map[string]string{"server": "app/server", "adapter": "opt/extensions/cdkweb-adapter"} {
		content := readLayer(t, filepath.Join(context, archive+".tar.gz"))[file].content
		const machine = 0x12 // e_machine in the ELF header; 0xb7 is AArch64
		if len(content) <= machine || content[machine] != 0xb7 {
			t.Errorf("%s is not compiled for arm64", file)
		}
	}
}

// The same program in two folders, at two times, makes the same bytes.
func TestGoStageIsReproducible(t *testing.T) {
	t.Parallel()
	first, second := t.TempDir(), t.TempDir()
	for _, context := range []string{first, second} {
		err := Go(newProgram(t), &GoOptions{Include: []string{"static"}}).(*builtImage).source.stage(context, buildcontext.Omit(context))
		check(t, err)
	}
	for _, name := range listFiles(t, first) {
		a, err := os.ReadFile(filepath.Join(first, name))
		check(t, err)
		b, err := os.ReadFile(filepath.Join(second, name))
		check(t, err)
		if !slices.Equal(a, b) {
			t.Errorf("%s differs between two folders", name)
		}
	}
}

func TestGoCompileError(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(newProgram(t), "broken")
	err := Go(dir, nil).(*builtImage).source.stage(t.TempDir(), nil)
	wantError(t, err, "the package does not compile: go build: exit status 1", "main.go:3:15: undefined: undefined", "example.com/hello/broken")
}

func TestGoMissing(t *testing.T) {
	dir := newProgram(t)
	t.Setenv("PATH", t.TempDir())
	err := Go(dir, &GoOptions{Adapter: NoAdapter}).(*builtImage).source.stage(t.TempDir(), nil)
	wantError(t, err, "the command go is not in PATH; install Go to compile the package, or use webimage.Dockerfile")
}

// A folder that another synth wrote is part of the image only if it is named itself, and the folder
// that this one writes never is.
func TestGoIncludesOutput(t *testing.T) {
	t.Parallel()
	dir := newProgram(t)
	writeFiles(t, dir, map[string]string{
		"notes/cdk.out": "what cdk printed", "notes/a": "", "old/cdk.out": `{"version":"54.0.0"}`, "old/a": "",
		"data/old/cdk.out": `{"version":"54.0.0"}`, "data/b": "", "now/asset.1/x": "",
	})
	context, output := t.TempDir(), buildcontext.Omit(filepath.Join(dir, "now"))
	stage(t, Go(dir, &GoOptions{Adapter: NoAdapter, Include: []string{"notes", "old", "data"}}), context, output)
	server := readLayer(t, filepath.Join(context, "server.tar.gz"))
	got := slices.DeleteFunc(slices.Sorted(maps.Keys(server)), func(name string) bool { return strings.HasSuffix(name, "/") })
	if want := []string{"app/data/b", "app/notes/a", "app/notes/cdk.out", "app/old/a", "app/old/cdk.out", "app/server"}; !slices.Equal(got, want) {
		t.Errorf("the image holds %q, want %q", got, want)
	}
	err := Go(dir, &GoOptions{Include: []string{"now"}}).(*builtImage).source.stage(t.TempDir(), output)
	wantError(t, err, `Include "now" is the folder that this app is written to`)
}

// The package's own go.mod selects the toolchain, not that of the app.
func TestGoToolchain(t *testing.T) {
	t.Setenv("GOTOOLCHAIN", "local") // so that the newer one is refused instead of fetched
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"go.mod": "module example.com/future\n\ngo 1.99\n", "main.go": "package main\n\nfunc main() {}\n"})
	err := Go(dir, nil).(*builtImage).source.stage(t.TempDir(), nil)
	wantError(t, err, "the package does not compile", "go.mod requires go >= 1.99")
}

// compiledServer returns the server that is compiled of a program.
func compiledServer(t *testing.T, dir string, options *GoOptions) string {
	t.Helper()
	context := t.TempDir()
	err := Go(dir, options).(*builtImage).source.stage(context, nil)
	check(t, err)
	return readLayer(t, filepath.Join(context, "server.tar.gz"))["app/server"].content
}

// What is set on this machine, for all Go programs, does not change the image.
func TestGoIgnoresTheMachine(t *testing.T) {
	usual := compiledServer(t, newProgram(t), nil)
	for _, test := range []struct {
		name        string
		environment map[string]string
		written     string // by go env -w
	}{
		{"in the environment", map[string]string{"GOAMD64": "v3", "GOFLAGS": "'-gcflags=-N -l' -v", "GOEXPERIMENT": "nogreenteagc"}, ""},
		{"by go env -w", nil, "GOAMD64=v3\nGOFLAGS=-n -cover -gcflags=-N\nGOEXPERIMENT=nogreenteagc\nGOFIPS140=latest\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for name, value := range test.environment {
				t.Setenv(name, value)
			}
			file := filepath.Join(t.TempDir(), "env")
			check(t, os.WriteFile(file, []byte(test.written), 0o644))
			t.Setenv("GOENV", file)
			if compiledServer(t, newProgram(t), nil) != usual {
				t.Error("the settings changed the server")
			}
		})
	}
}

// A program has the experiments that its toolchain has by default, such as its garbage collector.
func TestGoUsualExperiments(t *testing.T) {
	t.Parallel()
	binary := compiledServer(t, newProgram(t), nil)
	info, err := buildinfo.Read(strings.NewReader(binary))
	check(t, err)
	if strings.Contains(info.GoVersion, "X:") {
		t.Errorf("got a server of %q, want no other experiments than the usual", info.GoVersion)
	}
}

// What says where modules come from is kept.
func TestGoKeepsModuleSettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "env")
	check(t, os.WriteFile(file, []byte("GOFLAGS=-modfile=other.mod -N\nGOPROXY=off\nGOTOOLCHAIN=local\n"), 0o644))
	t.Setenv("GOENV", file)
	for _, name := range []string{"GOFLAGS", "GOPROXY", "GOTOOLCHAIN"} {
		t.Setenv(name, "") // so that the file counts, whatever is set here
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{
		"go.mod":    "module example.com/future\n\ngo 1.26\n\nrequire example.com/nowhere v1.0.0\n",
		"other.mod": "module example.com/a\n\ngo 1.26\n", "other.sum": "",
		"main.go": "package main\n\nfunc main() {}\n",
	})
	environment, err := Go(dir, nil).(*builtImage).source.(*goProgram).environment(dir)
	check(t, err)
	for _, want := range []string{"GOFLAGS=-modfile=other.mod", "GOPROXY=off", "GOTOOLCHAIN=local"} {
		if !slices.Contains(environment, want) {
			t.Errorf("got %q, want %s among them", environment, want)
		}
	}
	compiledServer(t, dir, nil)
}

// What the program is to be compiled with is said in the app, for all machines.
func TestGoEnv(t *testing.T) {
	t.Parallel()
	dir := newProgram(t)
	if compiledServer(t, dir, nil) == compiledServer(t, dir, &GoOptions{Env: map[string]string{"GOAMD64": "v3"}}) {
		t.Error("GOAMD64 of the options changed nothing")
	}
}

func TestGoValidate(t *testing.T) {
	t.Parallel()
	dir := newProgram(t)
	for _, test := range []struct {
		name    string
		folder  string
		options *GoOptions
		want    []string
	}{
		{"no folder named", "", nil, []string{`webimage.Go(""): folder is empty; name that of a main package, such as "./server"`}},
		{"missing folder", "nowhere", nil, []string{"nowhere does not exist; name the folder of a main package (relative paths start at ", ", the folder of cdk.json)"}},
		{"a file", "main.go", nil, []string{"main.go is a file; name its folder: webimage.Go("}},
		{"only cgo", "cgo", nil, []string{`cgo holds only Go files that import "C", and the image has no C library; write them without cgo, or use webimage.Dockerfile`}},
		{"only tests", "tests", nil, []string{"tests holds tests only; name the folder of a main package"}},
		{"an adapter that it cannot have", ".", &GoOptions{Adapter: OwnAdapter}, []string{"Adapter must be webimage.WithAdapter or webimage.NoAdapter, got webimage.OwnAdapter"}},
		{"no Go files", "nothing", nil, []string{"nothing holds no Go files for linux/amd64"}},
		{"only for another system", "windows", nil, []string{"windows holds no Go files for linux/amd64"}},
		{"a library", "library", nil, []string{"library holds package library, which is not a program"}},
		{"two packages", "two", nil, []string{"found packages a (a.go) and main (main.go)"}},
		{"a missing file to include", ".", &GoOptions{Include: []string{"gone"}}, []string{`Include "gone": `, "no such file"}},
		{"a file in the server's place", ".", &GoOptions{Include: []string{"server"}}, []string{`Include "server" would become /app/server, which is the compiled server`}},
		{"one name twice", ".", &GoOptions{Include: []string{"static", "./static"}}, []string{`Include "./static" would become /app/static, which is "static" already`}},
		{"a token in the linker's flags", ".", &GoOptions{LDFlags: "-X main.table=${Token[TOKEN.1]}"}, []string{"LDFlags must be a literal"}},
		{"a token as tag", ".", &GoOptions{Tags: []string{"${Token[TOKEN.1]}"}}, []string{"Tags must be a literal"}},
		{"a variable that is no setting of the program", ".", &GoOptions{Env: map[string]string{"GOOS": "windows"}},
			[]string{`Env["GOOS"] must be one of GOAMD64, GOARM64, GOEXPERIMENT, GOFIPS140`}},
		{"a token as setting", ".", &GoOptions{Env: map[string]string{"GOAMD64": "${Token[TOKEN.1]}"}}, []string{`Env["GOAMD64"] must be a literal`}},
		{"all at once", ".", &GoOptions{Architecture: "mips", Adapter: "both", Include: []string{""}}, []string{"Architecture must be", "Adapter must be"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			folder := test.folder
			if folder != "" {
				folder = filepath.Join(dir, folder)
			}
			wantError(t, Go(folder, test.options).Validate(), test.want...)
		})
	}
}
