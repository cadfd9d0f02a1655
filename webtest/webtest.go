// Package webtest tests CDK apps in plain Go tests: [NewApp] makes an app that sees what `cdk
// synth` sees, and [Snapshot] compares a stack's template with the one that was reviewed before.
//
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }
//
//	func TestSite(t *testing.T) {
//		stack := NewSiteStack(webtest.NewApp(t), "Site")
//		webtest.Snapshot(t, stack)
//	}
//
// The first run writes the template with `go test -update`; later runs fail with a diff if it
// changes, and on everything that CloudFormation's validation finds wrong with it.
//
// The CDK runs in one Node process, which is not safe for concurrent use: [NewApp] and [Template]
// fail a test that calls t.Parallel, and t.Parallel panics after them.
//
// # The flag -update
//
// [Main] defines it, unless the test program has a flag of that name already: then that one counts,
// if it is a bool. So it lives beside other packages' -update, and a test package may define its
// own.
package webtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"github.com/cdkweb/cdkweb/internal/project"
)

// Main runs the tests of a package and then ends the CDK's Node process. Call it in TestMain, as
// os.Exit(webtest.Main(m)), before anything that calls flag.Parse.
func Main(m *testing.M) int {
	if flag.Lookup(updateFlag) == nil && !flag.Parsed() {
		flag.Bool(updateFlag, false, "write the templates that webtest.Snapshot compares with")
	}
	defer jsii.Close()
	return m.Run()
}

// NewApp makes an app with the context of the nearest cdk.json at or above the working directory,
// and of the cdk.context.json beside it, as `cdk synth` does. What it writes goes to a folder that
// ends with the test.
//
// Whatever cdk.json says, findings of CloudFormation's validation are errors
// (@aws-cdk/core:validateAgainstDefaultRules).
func NewApp(t testing.TB) awscdk.App {
	t.Helper()
	refuseParallel(t, "webtest.NewApp")
	values, err := readContext()
	if err != nil {
		t.Fatalf("webtest.NewApp: %v", err)
	}
	values["@aws-cdk/core:validateAgainstDefaultRules"] = true
	values["@aws-cdk/core:appMode"] = "inmemory" // so that the findings become part of the error
	return awscdk.NewApp(&awscdk.AppProps{Context: &values, Outdir: new(t.TempDir())})
}

// refuseParallel fails a test that is parallel, or within one that is, and lets a later t.Parallel
// panic. Both are what t.Setenv does; the variable is nobody's.
func refuseParallel(t testing.TB, caller string) {
	t.Helper()
	refused := func() (refused any) {
		defer func() { refused = recover() }()
		t.Setenv("WEBTEST_SERIAL", "1")
		return nil
	}()
	if refused == nil {
		return
	}
	if !strings.Contains(fmt.Sprint(refused), "t.Parallel") {
		panic(refused)
	}
	t.Fatalf("%s: %s is a parallel test, and the CDK cannot run in parallel; "+
		"remove t.Parallel from it and from the tests around it", caller, t.Name())
}

// readContext returns the context that the CDK's command line would give to the app.
func readContext() (map[string]any, error) {
	root, err := project.Root()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	var config struct{ Context map[string]any }
	for file, into := range map[string]any{project.Config: &config, contextFile: &values} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(bytes.TrimPrefix(content, byteOrderMark), into)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(root, file), err)
		}
	}
	maps.Copy(values, config.Context) // cdk.json wins, as for the command line
	return values, nil
}

// contextFile holds what the CDK's command line looked up.
const contextFile = "cdk.context.json"

// byteOrderMark is what some editors put before the text; the CDK's command line reads over it.
var byteOrderMark = []byte("\xef\xbb\xbf")
