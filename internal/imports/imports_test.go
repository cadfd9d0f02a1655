// Package imports keeps the import directions of the library: examples and integ, then the
// hostings and webfront, then webalb, then web, then webimage.
package imports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/cdkweb/cdkweb"

// hostings never import each other.
var hostings = []string{"apprunnerweb", "ecsweb", "fargateweb", "lambdaweb"}

// rules say what a package, or all packages of a folder, must not import, directly or not, and why.
var rules = []struct {
	packages  []string
	forbidden []string
	why       string
}{
	{[]string{"webimage"}, []string{"web", "apprunnerweb", "ecsweb", "fargateweb", "webalb", "lambdaweb", "webtest"}, "an image does not know what it is for"},
	{[]string{"web"}, []string{"apprunnerweb", "ecsweb", "fargateweb", "webalb", "lambdaweb", "webtest"}, "a workload does not know where it runs"},
	{[]string{"webfront"}, append([]string{"webalb", "webtest"}, hostings...), "a front does not know what is below it"},
	{append([]string{"web", "webalb"}, hostings...), []string{"webfront"}, "what is below a front does not know it"},
	{[]string{"webalb"}, hostings, "a load balancer does not know what runs behind it"},
	{hostings, []string{"webtest"}, "a test helper is no part of a user's app"},
	{[]string{"webtest"}, []string{"web", "webimage", "apprunnerweb", "ecsweb", "fargateweb", "webalb", "lambdaweb"}, "it tests any CDK app"},
	{[]string{"web", "webimage", "webtest", "apprunnerweb", "ecsweb", "fargateweb", "webalb", "webfront", "lambdaweb", "webclient", "adapter", "adapter/program", "platform"}, []string{"examples", "integ"}, "the library stands alone"},
	{[]string{"adapter", "platform"}, []string{"web", "webimage", "apprunnerweb", "ecsweb", "fargateweb", "webalb", "lambdaweb", "webtest"}, "it does not know who uses it"},
	{[]string{"platform"}, []string{"adapter"}, "it is data"},
	{[]string{"webclient"}, []string{"web", "webimage", "apprunnerweb", "ecsweb", "fargateweb", "webalb", "lambdaweb", "webtest", "platform", "adapter/program/secrets"},
		"it runs in users' servers"},
	{[]string{"platform", "webclient", "adapter", "adapter/program/settings", "internal/assembly", "internal/buildcontext", "internal/check", "internal/dockerfile",
		"internal/gobuild", "internal/project", "internal/token", "internal/lambdatest", "tools/summary", "cmd/cdkweb"},
		[]string{"github.com/aws"}, "importing the CDK unpacks its runtime at program start"},
}

type goPackage struct {
	ImportPath string
	Standard   bool
	Deps       []string

	Imports, TestImports, XTestImports []string
}

func TestImports(t *testing.T) {
	packages := list(t)
	for _, rule := range rules {
		for _, name := range rule.packages {
			found := below(packages, name)
			if len(found) == 0 {
				t.Errorf("a rule is about %s, which is not there", name)
			}
			for _, found := range found {
				for _, dep := range found.Deps {
					for _, forbidden := range rule.forbidden {
						if within(dep, forbidden) {
							t.Errorf("%s imports %s: %s", found.ImportPath, dep, rule.why)
						}
					}
				}
			}
		}
	}
	for _, hosting := range hostings {
		if len(below(packages, hosting)) != 1 {
			t.Errorf("the hosting %s is not there", hosting)
		}
		for _, found := range below(packages, hosting) {
			for _, other := range hostings {
				if other != hosting && slices.ContainsFunc(found.Deps, func(dep string) bool { return within(dep, other) }) {
					t.Errorf("%s imports %s: hostings do not know each other", found.ImportPath, other)
				}
			}
		}
	}
}

// An example is a program that a user can copy: with its tests it imports what users can import.
func TestExamplesImportNothingInternal(t *testing.T) {
	examples := 0
	for _, found := range list(t) {
		if !within(found.ImportPath, "examples") {
			continue
		}
		examples++
		for _, path := range slices.Concat(found.Imports, found.TestImports, found.XTestImports) {
			if within(path, "internal") {
				t.Errorf("%s imports %s", found.ImportPath, path)
			}
		}
	}
	if examples == 0 {
		t.Error("there is no example")
	}
}

// The adapter's program is copied into users' images and starts with every execution environment:
// the standard library alone, and not net/http, which would double it.
func TestAdapterImportsTheStandardLibraryAlone(t *testing.T) {
	const folder = "adapter/program"
	found := 0
	for _, p := range list(t) {
		if !within(p.ImportPath, folder) {
			continue
		}
		found++
		for _, dep := range p.Deps {
			if first, _, _ := strings.Cut(dep, "/"); strings.Contains(first, ".") && !within(dep, folder) || dep == "net/http" {
				t.Errorf("%s imports %s", p.ImportPath, dep)
			}
		}
	}
	if found == 0 {
		t.Fatal("the adapter is not there")
	}
}

// within reports whether an import path is a package of this module's folder, or of another module.
func within(path, folder string) bool {
	if !strings.HasPrefix(folder, "github.com/") {
		folder = module + "/" + folder
	}
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// below returns the packages of a folder.
func below(packages []goPackage, folder string) []goPackage {
	var found []goPackage
	for _, p := range packages {
		if p.ImportPath == module+"/"+folder {
			found = append(found, p)
		}
	}
	return found
}

// list returns all packages of the module with everything that they import.
func list(t *testing.T) []goPackage {
	t.Helper()
	command := exec.Command("go", "list", "-json=ImportPath,Standard,Deps,Imports,TestImports,XTestImports", "./...")
	command.Dir = filepath.Join("..", "..")
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var p goPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	return packages
}
