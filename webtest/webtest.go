// Package webtest tests CDK apps in plain Go tests: [NewApp] makes an app that sees what `cdk synth` sees, and [Snapshot] compares a
// stack's template with the one that was reviewed before.
//
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }
//
//	func TestSite(t *testing.T) {
//		stack := NewSiteStack(webtest.NewApp(t), "Site")
//		webtest.Snapshot(t, stack)
//	}
//
// The first run writes the template with `go test -update`; later runs fail with a diff when it changes, and on everything that
// CloudFormation's validation finds wrong with it.
//
// The CDK runs in one Node process, which is not safe for concurrent use: tests that make constructs must not call t.Parallel.
//
// This package defines the flag -update. A test package that wants one for its own files reads this one, with flag.Lookup("update"):
// the flag package panics where a flag is defined twice.
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
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
	"github.com/aymanbagabas/go-udiff"

	"github.com/cdkweb/cdkweb/internal/project"
)

var update = flag.Bool("update", false, "write the templates that webtest.Snapshot compares with, instead of comparing")

// Main runs the tests of a package and then ends the CDK's Node process. Call it in TestMain, as os.Exit(webtest.Main(m)).
func Main(m *testing.M) int {
	defer jsii.Close()
	return m.Run()
}

// NewApp makes an app with the context of the nearest cdk.json at or above the working directory, and of the cdk.context.json beside
// it, as `cdk synth` does. What it writes goes to a folder that ends with the test.
//
// Whatever cdk.json says, findings of CloudFormation's validation are errors (@aws-cdk/core:validateAgainstDefaultRules).
func NewApp(t testing.TB) awscdk.App {
	t.Helper()
	values, err := readContext()
	if err != nil {
		t.Fatalf("webtest.NewApp: %v", err)
	}
	values["@aws-cdk/core:validateAgainstDefaultRules"] = true
	values["@aws-cdk/core:appMode"] = "inmemory" // so that the findings become part of the error
	return awscdk.NewApp(&awscdk.AppProps{Context: &values, Outdir: new(t.TempDir())})
}

// readContext returns the context that the CDK's command line would give to the app.
func readContext() (map[string]any, error) {
	root, err := project.Root()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	var config struct{ Context map[string]any }
	for file, into := range map[string]any{project.Config: &config, "cdk.context.json": &values} {
		content, err := os.ReadFile(filepath.Join(root, file))
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(content, into)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(root, file), err)
		}
	}
	maps.Copy(values, config.Context) // cdk.json wins, as for the command line
	return values, nil
}

// Template synthesizes the app of a stack and returns the stack's template as indented JSON, in which what differs between runs and
// machines is replaced: asset hashes by "<asset 1>", "<asset 2>" in the order in which they appear, a Lambda version's logical id by
// one without its hash, and the metadata that only the CDK's command line adds by nothing.
//
// The test fails where synthesis does, on findings of CloudFormation's validation and on error annotations.
func Template(t testing.TB, stack awscdk.Stack) string {
	t.Helper()
	file, err := synthesize(stack)
	if err != nil {
		t.Fatalf("webtest: %v", err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("webtest: read the template: %v", err)
	}
	assets, err := assetHashes(filepath.Dir(file))
	if err != nil {
		t.Fatalf("webtest: %v", err)
	}
	template, err := normalize(content, assets)
	if err != nil {
		t.Fatalf("webtest: normalize the template: %v", err)
	}
	return template
}

// synthesize returns the file of the stack's template. It turns the CDK's panics into an error, and reports error annotations and
// findings of the validation.
func synthesize(stack awscdk.Stack) (template string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("synthesis failed: %v", r)
		}
	}()
	app := stack.Node().Root().(awscdk.App)
	assembly := app.Synth(&awscdk.StageSynthesisOptions{Force: new(true)}) // the stack may have changed since the last time
	found := assembly.GetStackArtifact(stack.ArtifactId())
	for _, message := range *found.Messages() {
		//lint:ignore SA1019 the type moved to another package, but this is what App.Synth returns
		if level, path, entry := message.Level, message.Id, message.Entry; level == "ERROR" {
			err = errors.Join(err, fmt.Errorf("error at %s: %v", *path, entry.Data))
		}
	}
	return *found.TemplateFullPath(), errors.Join(err, findings(*assembly.Directory()))
}

// assetHashes returns the hashes of the assets of a cloud assembly.
func assetHashes(assembly string) (map[string]bool, error) {
	manifests, err := filepath.Glob(filepath.Join(assembly, "*.assets.json"))
	if err != nil {
		return nil, err
	}
	hashes := map[string]bool{}
	for _, file := range manifests {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var manifest struct{ Files, DockerImages map[string]any }
		if err := json.Unmarshal(content, &manifest); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, assets := range []map[string]any{manifest.Files, manifest.DockerImages} {
			for hash := range assets {
				hashes[hash] = true
			}
		}
	}
	return hashes, nil
}

// validatorName is what the report calls the CDK's built-in validation of templates.
const validatorName = "CloudFormation Validate"

// findings returns what the built-in validation said of the app's templates, warnings too: a wrong enum value is one to it. The report
// is there when there is something to say; what the app acknowledged is left out.
func findings(assembly string) error {
	content, err := os.ReadFile(filepath.Join(assembly, "validation-report.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var report struct {
		PluginReports []struct {
			PluginName string
			Violations []struct {
				RuleName, Description, Severity string
				ViolatingConstructs             []struct{ ConstructPath string }
			}
		}
	}
	if err := json.Unmarshal(content, &report); err != nil {
		return fmt.Errorf("read the validation report: %w", err)
	}
	var errs []error
	for _, plugin := range report.PluginReports {
		if plugin.PluginName != validatorName {
			continue
		}
		for _, violation := range plugin.Violations {
			path := "the template"
			if len(violation.ViolatingConstructs) > 0 {
				path = violation.ViolatingConstructs[0].ConstructPath
			}
			errs = append(errs, fmt.Errorf("%s at %s: %s (%s)", violation.Severity, path, violation.Description, violation.RuleName))
		}
	}
	return errors.Join(errs...)
}

// Snapshot synthesizes the app of a stack and compares the stack's template, as [Template] returns it, with
// testdata/<test name>.template.json. With the flag -update it writes that file instead:
//
//	go test ./stacks -run TestSite -update
//
// Review the file like code: it is what will be deployed. A test takes one snapshot; use t.Run for a second one.
func Snapshot(t testing.TB, stack awscdk.Stack) {
	t.Helper()
	if other, taken := snapshots.LoadOrStore(t.Name(), stack); taken && other != stack {
		t.Fatalf("webtest.Snapshot: %s has a snapshot of another stack already; give each its own t.Run", t.Name())
	}
	t.Cleanup(func() { snapshots.Delete(t.Name()) })

	got := Template(t, stack)
	file := filepath.Join("testdata", filepath.FromSlash(t.Name())+".template.json")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatalf("webtest.Snapshot: %v", err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatalf("webtest.Snapshot: %v", err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("webtest.Snapshot: %s does not exist yet; write it with: go test -run '^%s$' -update, and review it", file, t.Name())
	}
	if err != nil {
		t.Fatalf("webtest.Snapshot: %v", err)
	}
	if diff := udiff.Unified(file, "synthesized", strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		t.Errorf("the template changed; if that is meant, renew it with -update and review it\n%s", diff)
	}
}

// snapshots holds the stack of each test that has taken one.
var snapshots sync.Map

var (
	sha256Hash = regexp.MustCompile(`[0-9a-f]{64}`)

	// versionID is the logical id of a Lambda version: the function's path and hash, and a hash of its configuration and code.
	versionID = regexp.MustCompile(`(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}`)
)

// commandLineMetadata is what the CDK's command line, but not a test, adds to every resource.
var commandLineMetadata = []string{"aws:cdk:path", "aws:asset:"}

// normalize replaces what differs between runs and machines: the hashes of assets, but not a digest that somebody wrote down.
func normalize(template []byte, assets map[string]bool) (string, error) {
	var document map[string]any
	if err := json.Unmarshal(template, &document); err != nil {
		return "", err
	}
	if resources, ok := document["Resources"].(map[string]any); ok {
		for _, resource := range resources {
			dropMetadata(resource)
		}
	}
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return "", err
	}
	words := map[string]string{}
	text := sha256Hash.ReplaceAllStringFunc(buffer.String(), func(hash string) string {
		if !assets[hash] {
			return hash
		}
		if words[hash] == "" {
			words[hash] = fmt.Sprintf("<asset %d>", len(words)+1)
		}
		return words[hash]
	})
	return versionID.ReplaceAllString(text, "${1}<version>"), nil
}

func dropMetadata(resource any) {
	properties, ok := resource.(map[string]any)
	if !ok {
		return
	}
	metadata, ok := properties["Metadata"].(map[string]any)
	if !ok {
		return
	}
	maps.DeleteFunc(metadata, func(key string, _ any) bool {
		return slices.ContainsFunc(commandLineMetadata, func(prefix string) bool { return strings.HasPrefix(key, prefix) })
	})
	if len(metadata) == 0 {
		delete(properties, "Metadata")
	}
}
