package webtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
)

// Template synthesizes the app of a stack and returns the stack's template as indented JSON. What
// differs between runs and machines is replaced: asset hashes by "<asset 1>", "<asset 2>" in the
// order in which they appear, a Lambda version's logical id by one without its hash. Left out is
// the metadata that only the CDK's command line adds, and what every stack repeats: the parameter
// BootstrapVersion and the rule that checks it.
//
// The test fails if synthesis does, on findings of CloudFormation's validation and on error
// annotations. A nested stack has its own template; its errors are those of the stack that holds
// it.
func Template(t testing.TB, stack awscdk.Stack) string {
	t.Helper()
	return template(t, "webtest.Template", stack)
}

// template is Template for a caller, which its errors name.
func template(t testing.TB, caller string, stack awscdk.Stack) string {
	t.Helper()
	if stack == nil {
		t.Fatalf("%s: the stack is nil; pass the stack that awscdk.NewStack returned", caller)
	}
	refuseParallel(t, caller)
	file, err := synthesize(stack)
	if err != nil {
		t.Fatalf("%s: %v", caller, err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%s: read the template: %v", caller, err)
	}
	assets, err := assetHashes(filepath.Dir(file))
	if err != nil {
		t.Fatalf("%s: %v", caller, err)
	}
	text, err := normalize(content, assets)
	if err != nil {
		t.Fatalf("%s: normalize the template: %v", caller, err)
	}
	return text
}

// synthesize returns the file of the stack's template. It turns the CDK's panics into an error, and
// reports error annotations and findings of the validation.
func synthesize(stack awscdk.Stack) (template string, err error) {
	app, ok := stack.Node().Root().(awscdk.App)
	if !ok {
		return "", fmt.Errorf("the stack %s is in no app; give it the app of webtest.NewApp",
			*stack.Node().Path())
	}
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("synthesis failed: %v", r)
		}
		if err != nil {
			err = errors.Join(missingContext(*app.Outdir()), err)
		}
	}()
	top := stack // of nested stacks, the one that holds them all
	for parent := top.NestedStackParent(); parent != nil; parent = top.NestedStackParent() {
		top = parent
	}
	// The stack may have changed since the last time.
	assembly := app.Synth(&awscdk.StageSynthesisOptions{Force: new(true)})
	found := assembly.GetStackArtifact(top.ArtifactId())
	for _, message := range *found.Messages() {
		//lint:ignore SA1019 the type moved to another package, but this is what App.Synth returns
		if level, path, entry := message.Level, message.Id, message.Entry; level == "ERROR" {
			err = errors.Join(err, fmt.Errorf("error at %s: %v", *path, entry.Data))
		}
	}
	file := filepath.Join(filepath.Dir(*found.TemplateFullPath()), *stack.TemplateFile())
	return file, errors.Join(err, findings(*assembly.Directory()))
}

// missingContext says what a cloud assembly lacks of what the app looks up. The CDK puts made-up
// values in its place, such as the VPC vpc-12345, and its validation finds fault with some of them.
func missingContext(assembly string) error {
	content, err := os.ReadFile(filepath.Join(assembly, "manifest.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil // synthesis did not come so far
	}
	if err != nil {
		return err
	}
	var manifest struct{ Missing []struct{ Key string } }
	if err := json.Unmarshal(content, &manifest); err != nil {
		return fmt.Errorf("read the cloud assembly: %w", err)
	}
	if len(manifest.Missing) == 0 {
		return nil
	}
	var keys []string
	for _, missing := range manifest.Missing {
		keys = append(keys, missing.Key)
	}
	return fmt.Errorf("%s lacks what the app looks up (%s), so the CDK made values up; "+
		"run cdk synth once with access to the account, and commit the file that it writes",
		contextFile, strings.Join(keys, ", "))
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

// findings returns what the built-in validation said of the app's templates, warnings too: a wrong
// enum value is one to it. The report is there when there is something to say; what the app
// acknowledged is left out.
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
			errs = append(errs, fmt.Errorf("%s at %s: %s (%s)",
				violation.Severity, path, violation.Description, violation.RuleName))
		}
	}
	return errors.Join(errs...)
}

var (
	sha256Hash = regexp.MustCompile(`[0-9a-f]{64}`)

	// versionID is the logical id of a Lambda version: the function's path and hash, and a hash of
	// its configuration and code.
	versionID = regexp.MustCompile(`(CurrentVersion[0-9A-F]{8})[0-9a-f]{32}`)
)

// commandLineMetadata is what the CDK's command line, but not a test, adds to every resource.
var commandLineMetadata = []string{"aws:cdk:path", "aws:asset:"}

// bootstrapCheck is what the CDK adds to every stack, by the template's sections.
var bootstrapCheck = map[string]string{
	"Parameters": "BootstrapVersion",
	"Rules":      "CheckBootstrapVersion",
}

// normalize replaces what differs between runs and machines: the hashes of assets, but not a digest
// that somebody wrote down.
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
	for section, entry := range bootstrapCheck {
		if entries, ok := document[section].(map[string]any); ok {
			delete(entries, entry)
			if len(entries) == 0 {
				delete(document, section)
			}
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
		return slices.ContainsFunc(commandLineMetadata, func(prefix string) bool {
			return strings.HasPrefix(key, prefix)
		})
	})
	if len(metadata) == 0 {
		delete(properties, "Metadata")
	}
}
