package importer

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Versions that the program is written for. A test compares them with this module's go.mod.
const (
	goVersion         = "1.26.0"
	awscdkVersion     = "v2.270.0"
	constructsVersion = "v10.6.0"
	jsiiVersion       = "v1.139.0"
	cliVersion        = "2.1148.1"
)

// finish decides about names and hostings, when everything is read.
func (a *app) finish(o options) {
	names := newNaming()
	for _, e := range a.environments {
		if e.name != "" {
			e.v = names.variable("new "+e.name, "Stack")
		} else {
			e.v = names.variable("new "+e.stack, "Stack")
		}
		for _, s := range e.services {
			s.fit()
			a.standIn(s)
			for i := range s.sidecars {
				if k := &s.sidecars[i]; k.image.uri == nil {
					a.standInFor(k.image, k.name)
				}
			}
			s.relative(o.out)
		}
		e.fit()
		if !slices.ContainsFunc(e.services, func(s *service) bool { return s.inVPC }) {
			e.network = nil
		}
		share(e)
		divide(e)
	}
	taken := map[string]bool{}
	for _, e := range a.environments {
		// The templates are files, and some systems take A and a for one name.
		for taken[strings.ToLower(e.stackID())] {
			e.stack = e.stack[:min(len(e.stack), 100)] + "-2"
		}
		taken[strings.ToLower(e.stackID())] = true
	}
}

// standIn makes a Dockerfile, or a server, for an image whose sources are not there, so that the
// program synthesizes.
func (a *app) standIn(s *service) { a.standInFor(s.image, s.name) }

func (a *app) standInFor(i image, name string) {
	folder := goName(name)
	switch {
	case i.goDir == folder:
		a.addFile(folder+"/main.go", standInServer)
	case i.uri == nil && i.goDir == "" && i.dir == folder:
		target := ""
		if i.target != "" {
			target = " AS " + inLine(i.target)
		}
		a.addFile(folder+"/Dockerfile", fmt.Sprintf(standInDockerfile, inLine(name), target))
	}
}

func (a *app) addFile(name, content string) {
	if !slices.ContainsFunc(a.files, func(f file) bool { return f.name == name }) {
		a.files = append(a.files, file{name, content})
	}
}

const standInDockerfile = `# A stand-in for the Dockerfile of %s, which was not found. Point webimage.Dockerfile to yours, and
# delete this folder.
FROM scratch%s
ENTRYPOINT ["/server"]
CMD []
`

const standInServer = `// Command server is a stand-in for the server, which was not found. Point webimage.Go to yours, and
// delete this folder.
package main

import (
	"cmp"
	"log"
	"net/http"
	"os"
)

func main() {
	log.Fatal(http.ListenAndServe(":"+cmp.Or(os.Getenv("PORT"), "8080"), http.NotFoundHandler()))
}
`

// relative has paths start at the folder of the program.
func (s *service) relative(out string) {
	images := []*image{&s.image}
	for i := range s.sidecars {
		images = append(images, &s.sidecars[i].image)
	}
	for _, i := range images {
		if !i.known {
			continue
		}
		for _, path := range []*string{&i.dir, &i.goDir, &i.file} {
			if *path != "" {
				*path = relativeTo(out, *path)
			}
		}
		if i.file != "" && i.uri == nil { // the Dockerfile is relative to its context
			if rest, err := filepath.Rel(i.dir, i.file); err == nil {
				i.file = filepath.ToSlash(rest)
			}
		}
	}
}

func relativeTo(out, path string) string {
	rest, err := filepath.Rel(absolute(out), absolute(path))
	if err != nil {
		return filepath.ToSlash(absolute(path))
	}
	rest = filepath.ToSlash(rest)
	if !strings.HasPrefix(rest, ".") {
		rest = "./" + rest
	}
	return rest
}

// output are all files of the program.
func (a *app) output(o options) ([]file, error) {
	var err error
	if a.text, err = a.program(); err != nil {
		return nil, fmt.Errorf("this is a mistake in cdkweb import, please report it: %w", err)
	}
	test, err := a.test()
	if err != nil {
		return nil, fmt.Errorf("this is a mistake in cdkweb import, please report it: %w", err)
	}
	context, err := json.MarshalIndent(map[string]any{
		"app":     "go run .",
		"context": map[string]any{"@aws-cdk/core:validateAgainstDefaultRules": true, "@aws-cdk/core:defaultCrossStackReferences": "weak"},
	}, "", "  ")
	if err != nil {
		return nil, err
	}
	files := []file{
		{"main.go", a.text},
		{"main_test.go", test},
		{"cdk.json", string(context) + "\n"},
		{"go.mod", a.goMod(o)},
		{".gitignore", "cdk.out/\nnode_modules/\n"},
		{"IMPORT.md", a.report(a.hints(o))},
	}
	return append(files, a.files...), nil
}

// variables of the shell that the program reads.
func (a *app) shell() []string {
	var found []string
	for _, part := range strings.Split(a.text, "os.Getenv(")[1:] {
		name, _, _ := strings.Cut(strings.Trim(part[:max(strings.IndexByte(part, ')'), 0)], `"`), `"`)
		if !slices.Contains(found, name) && name != "" {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

// test writes main_test.go.
func (a *app) test() (string, error) {
	w := &source{}
	w.line("func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }")
	w.line("")
	w.comment(0, "The templates that cdk synth writes. After a change that is meant, go test -update writes them anew.")
	w.line("func TestGolden(t *testing.T) {")
	for _, name := range a.shell() {
		w.line("t.Setenv(%q, \"test\")", name)
	}
	w.line("for name, environment := range map[string]func(awscdk.App) awscdk.Stack{")
	keys := map[string]bool{}
	for _, e := range a.environments {
		key := goName(cmp.Or(e.name, "stack"))
		if e.name == "" && len(a.environments) > 1 || keys[key] {
			key = goName(e.stackID()) // which no other has
		}
		for keys[key] {
			key += "-2"
		}
		keys[key] = true
		w.line("%q: %s,", key, e.v)
	}
	w.line("} {")
	w.line("t.Run(name, func(t *testing.T) { webtest.Snapshot(t, environment(webtest.NewApp(t))) })")
	w.line("}")
	w.line("}")
	return formatted("main_test.go", "", w.text.String())
}

// goMod writes go.mod.
func (a *app) goMod(o options) string {
	library, replace := libraryVersion(), ""
	if o.library != "" {
		folder := relativeTo(o.out, o.library)
		if strings.ContainsAny(folder, " \"'`()[]{},") {
			folder = strconv.Quote(folder)
		}
		replace = fmt.Sprintf("\nreplace %s => %s\n", module, folder)
	}
	return fmt.Sprintf(`module %s

go %s

require (
	%s %s
	github.com/aws/constructs-go/constructs/v10 %s
	github.com/aws/jsii-runtime-go %s // indirect
	%s %s
)
%s`, cmp.Or(o.module, goName(a.name)), goVersion, cdk, awscdkVersion, constructsVersion+" // indirect", jsiiVersion, module, library, replace)
}

// libraryVersion is the version of this program, which is that of the library.
func libraryVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		if version := info.Main.Version; info.Main.Path == module && strings.HasPrefix(version, "v") && !strings.Contains(version, "+") {
			return version
		}
	}
	return "v0.0.0"
}

// hints say what to do with the program.
func (a *app) hints(o options) []string {
	var hints []string
	if o.library == "" && libraryVersion() == "v0.0.0" {
		hints = append(hints, fmt.Sprintf("Point to a clone of cdkweb: go mod edit -replace %s=../cdkweb", module))
	}
	hints = append(hints, "go mod tidy")
	if shell := a.shell(); len(shell) > 0 {
		hints = append(hints, fmt.Sprintf("Set %s, which the program reads as Copilot did.", strings.Join(shell, ", ")))
	}
	return append(hints,
		"go test -update, which writes the templates that later runs compare with",
		fmt.Sprintf("npx aws-cdk@%s synth --quiet, and read the warnings", cliVersion),
		"Look through main.go: a comment stands at each field without an equal.")
}

// readFile reads a file of at most 8 MB. What is no file can wait for ever: only /dev has pipes that a
// shell opens, such as /dev/stdin.
func readFile(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	pipe := strings.HasPrefix(filepath.Clean(name), "/dev/") && info.Mode()&fs.ModeNamedPipe != 0
	if !info.Mode().IsRegular() && !pipe {
		return nil, fmt.Errorf("%s is no file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile+1))
}

// write writes the files into a folder that is empty, unless they may be overwritten.
func write(folder string, files []file, force bool) error {
	if info, err := os.Stat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is a file: choose a folder with --out", folder)
	}
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if len(entries) > 0 && !force {
		return fmt.Errorf("%s is not empty: choose another folder with --out, or overwrite what is there with --force", folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder) // links do not lead out of it
	if err != nil {
		return err
	}
	defer root.Close()
	for _, f := range files {
		info, err := root.Lstat(filepath.FromSlash(f.name))
		if err == nil && !info.Mode().IsRegular() {
			return fmt.Errorf("%s is no file but a link or a folder: remove it, or choose another folder with --out", filepath.Join(folder, f.name))
		} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	for _, f := range files {
		name := filepath.FromSlash(f.name)
		if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := root.WriteFile(name, []byte(f.content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
