// Package docstest tests the pages of the repository: their Go compiles, and the commands in them
// are there.
package docstest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The Go of all pages is compiled by one run of the compiler; what it finds has the page and the
// line.
func TestSnippetsCompile(t *testing.T) {
	t.Parallel()
	packages := knownPackages(t)
	var snippets []snippet
	for _, file := range pages(t) {
		found, err := extract(file, read(t, file), packages)
		if err != nil {
			t.Fatal(err)
		}
		snippets = append(snippets, found...)
	}
	if len(snippets) < 10 {
		t.Errorf("got %d snippets, want those of README.md and docs", len(snippets))
	}
	for _, problem := range compile(t, snippets, packages) {
		t.Error(problem)
	}
}

// A page with mistakes is found out, each at its line.
func TestSnippetsThatDoNotCompile(t *testing.T) {
	t.Parallel()
	packages := knownPackages(t)
	file := filepath.Join(t.TempDir(), "page.md")
	snippets, err := extract(file, strings.Join([]string{
		1:  "```go",
		2:  `package main`,
		3:  `func main() { web.Start() }`,
		4:  "```",
		5:  "Then `site.Rename(\"shop\")`, or `unknown.Call()`, `URL()` and `x`.",
		6:  "<!-- snippet: count int; stack awscdk.App -->",
		7:  "```go",
		8:  `doubled, unused := 2 * count, 1`,
		9:  `if doubled > 2 {`,
		10: `	stack.Add(doubled)`,
		11: `}`,
		12: "```",
		13: "```go",
		14: `site := web.NewService(`,
		15: "```",
		16: "```go",
		17: `func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }`,
		18: `func TestShop(t *testing.T) { undeclared(t) }`,
		19: "```",
	}, "\n"), packages)
	if err != nil {
		t.Fatal(err)
	}
	for i := range snippets {
		snippets[i].line-- // the first element of the list is no line
	}
	got := strings.Join(compile(t, snippets, packages), "\n")
	for line, want := range map[int]string{
		3:  "undefined: web",
		5:  "site.Rename undefined",
		10: "stack.Add undefined",
		15: "expected operand",
		18: "undefined: undeclared",
	} {
		pattern := fmt.Sprintf(`page\.md:%d(:\d+)?: .*%s`, line, want)
		if !regexp.MustCompile(pattern).MatchString(got) {
			t.Errorf("got\n%s\nwant %q at line %d", got, want, line)
		}
	}
	if n := strings.Count(got, "page.md:"); n != 5 {
		t.Errorf("got\n%s\nwant 5 problems", got)
	}
}

func TestExtractErrors(t *testing.T) {
	t.Parallel()
	for page, want := range map[string]string{
		"text\n```go\nx := 1": "page.md:2: the block has no end",
		"<!-- snippet: x int -->": "page.md: the last declaration of a snippet " +
			"has no snippet",
		"\n<!-- snippet: x -->\n```go\n```": `page.md:2: "x" is no name with a type`,
	} {
		if _, err := extract("page.md", page, nil); err == nil || err.Error() != want {
			t.Errorf("%q: got error %v, want %s", page, err, want)
		}
	}
}

var (
	makeCommand = regexp.MustCompile("(?m)(?:`|^)make ([a-z][a-z-]*)")
	makeTarget  = regexp.MustCompile(`(?m)^([a-z][a-z-]*):`)
	goRun       = regexp.MustCompile(`go run (\./[\w./-]+)`)
)

// Every `make X` has a target, and every `go run ./X` a folder.
func TestCommandsAreThere(t *testing.T) {
	t.Parallel()
	targets := map[string]bool{}
	for _, found := range makeTarget.FindAllStringSubmatch(read(t, inRoot("Makefile")), -1) {
		targets[found[1]] = true
	}
	commands := 0
	for _, file := range pages(t) {
		page := read(t, file)
		line := func(at int) int { return 1 + strings.Count(page[:at], "\n") }
		for _, at := range makeCommand.FindAllStringSubmatchIndex(page, -1) {
			commands++
			if name := page[at[2]:at[3]]; !targets[name] {
				t.Errorf("%s:%d: the Makefile has no target %s", file, line(at[0]), name)
			}
		}
		for _, at := range goRun.FindAllStringSubmatchIndex(page, -1) {
			commands++
			if name := page[at[2]:at[3]]; !isFolder(inRoot(name)) {
				t.Errorf("%s:%d: there is no folder %s", file, line(at[0]), name)
			}
		}
	}
	if commands < 10 {
		t.Errorf("got %d commands, want those of README.md and CONTRIBUTING.md", commands)
	}
}

// compile compiles each snippet as a package of this module, and returns what is wrong with them.
func compile(t *testing.T, snippets []snippet, packages map[string]string) []string {
	t.Helper()
	var problems []string
	dir := t.TempDir()
	// The packages are not written into the module: the overlay makes the go command see them
	// there.
	overlay := map[string]string{}
	arguments := []string{"build", "-gcflags=-e", "-overlay", filepath.Join(dir, "overlay.json")}
	for i, snippet := range snippets {
		source, err := snippet.source(packages)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(file, []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("internal/docstest/snippet%d", i)
		overlay[inRoot(filepath.Join(name, "snippet.go"))] = file
		arguments = append(arguments, "./"+name)
	}
	content, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), content, 0o644); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", arguments...)
	command.Dir = root
	output, err := command.CombinedOutput()
	if err == nil {
		return problems
	}
	// A line that starts with # names the package, which says nothing here.
	for line := range strings.Lines(string(output)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			problems = append(problems, line)
		}
	}
	if len(problems) == 0 {
		t.Fatalf("go %s: %v", strings.Join(arguments, " "), err)
	}
	return problems
}

// knownPackages returns the import paths of the packages that snippets may use, by name.
func knownPackages(t *testing.T) map[string]string {
	t.Helper()
	known := map[string]string{
		"awscdk":     "github.com/aws/aws-cdk-go/awscdk/v2",
		"constructs": "github.com/aws/constructs-go/constructs/v10",
		"jsii":       "github.com/aws/jsii-runtime-go",
	}
	for _, name := range []string{
		"context", "encoding/json", "fmt", "log", "net/http", "net/netip", "net/http/httptest", "os", "testing", "time",
	} {
		known[name[strings.LastIndex(name, "/")+1:]] = name
	}
	for _, module := range []string{"./...", "github.com/aws/aws-cdk-go/awscdk/v2/..."} {
		command := exec.Command("go", "list", "-f", "{{.Name}} {{.ImportPath}} {{.Dir}}", module)
		command.Dir = root
		output, err := command.Output()
		if err != nil {
			t.Fatalf("go list %s: %v", module, err)
		}
		for line := range strings.Lines(string(output)) {
			fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
			name, path, dir := fields[0], fields[1], fields[2]
			// So `go test` takes no result from its cache if a file of the package has changed.
			if _, err := os.ReadDir(dir); err != nil {
				t.Fatal(err)
			}
			internal := strings.Contains(path+"/", "/internal/") || strings.HasSuffix(path, "/jsii")
			if name != "main" && !internal && known[name] == "" {
				known[name] = path
			}
		}
	}
	return known
}

// pages returns the files of all pages of the repository.
func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"*.md", "*/*.md", "*/*/*.md"} {
		files, err := filepath.Glob(inRoot(pattern))
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, files...)
	}
	return slices.DeleteFunc(found, func(file string) bool {
		_, err := os.Stat(filepath.Join(filepath.Dir(file), "go.mod"))
		return err == nil && filepath.Dir(file) != root ||
			strings.HasPrefix(file, inRoot("node_modules")+string(filepath.Separator))
	})
}

// root is the folder of the module.
var root = func() string {
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		panic(err)
	}
	return dir
}()

func inRoot(name string) string { return filepath.Join(root, name) }

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
