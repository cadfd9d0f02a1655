package webtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

// recorder is a test that notes how it failed instead of failing.
type recorder struct {
	testing.TB
	name     string
	failed   string
	cleanups []func()
}

type stopped struct{}

func (r *recorder) Name() string                      { return r.name }
func (r *recorder) Helper()                           {}
func (r *recorder) Cleanup(f func())                  { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) { r.failed += fmt.Sprintf(format, args...) }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); panic(stopped{}) }

// record runs a test's body and returns what it failed with, or nothing.
func record(t *testing.T, name string, body func(testing.TB)) string {
	r := &recorder{TB: t, name: name}
	func() {
		defer func() {
			if v := recover(); v != nil && v != (stopped{}) {
				panic(v)
			}
		}()
		body(r)
	}()
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	return r.failed
}

// enterProject makes a folder with the files, and a folder stacks in it that becomes the working directory.
func enterProject(t *testing.T, files map[string]string) {
	t.Helper()
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "stacks"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(root, "stacks"))
}

func TestNewAppContext(t *testing.T) {
	enterProject(t, map[string]string{
		"cdk.json":         `{"app": "go run .", "context": {"stage": "test", "both": "cdk.json", "deep": {"a": [1]}}}`,
		"cdk.context.json": `{"looked:up": "zone", "both": "cdk.context.json", "@aws-cdk/core:validateAgainstDefaultRules": false}`,
	})
	node := NewApp(t).Node()
	for key, want := range map[string]any{
		"stage":     "test",
		"looked:up": "zone",
		"both":      "cdk.json", // as for the command line
		"@aws-cdk/core:validateAgainstDefaultRules": true,
	} {
		if got := node.TryGetContext(&key); got != want {
			t.Errorf("context %s: got %v, want %v", key, got, want)
		}
	}
	if got := fmt.Sprint(node.TryGetContext(new("deep"))); got != "map[a:[1]]" {
		t.Errorf("context deep: got %v", got)
	}
}

func TestNewAppErrors(t *testing.T) {
	enterProject(t, map[string]string{"cdk.json": `{"context": `})
	if failed := record(t, "Test", func(t testing.TB) { NewApp(t) }); !strings.Contains(failed, "cdk.json: unexpected end of JSON input") {
		t.Errorf("got %q, want an error that names cdk.json", failed)
	}
}

// queue is a stack with one queue of a name.
func queue(t testing.TB, name string) awscdk.Stack {
	stack := awscdk.NewStack(NewApp(t), new("Stack"), nil)
	awssqs.NewQueue(stack, new("Queue"), &awssqs.QueueProps{QueueName: &name})
	return stack
}

func TestSnapshot(t *testing.T) {
	enterProject(t, map[string]string{"cdk.json": `{}`})
	const name = "TestSite/with a queue"
	file := filepath.Join("testdata", "TestSite", "with a queue.template.json")

	failed := record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	if !strings.Contains(failed, file+" does not exist yet; write it with: go test -run '^TestSite/with a queue$' -update") {
		t.Errorf("without a file: got %q", failed)
	}
	*update = true
	failed = record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	*update = false
	if failed != "" {
		t.Errorf("with -update: got %q", failed)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if failed := record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) }); failed != "" {
		t.Errorf("unchanged: got %q", failed)
	}
	failed = record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "two")) })
	for _, want := range []string{"the template changed", "--- " + file, `-        "QueueName": "one"`, `+        "QueueName": "two"`} {
		if !strings.Contains(failed, want) {
			t.Errorf("changed: got %q, want %q in it", failed, want)
		}
	}
	failed = record(t, name, func(r testing.TB) {
		Snapshot(r, queue(t, "one"))
		Snapshot(r, queue(t, "one"))
	})
	if !strings.Contains(failed, "has a snapshot of another stack already; give each its own t.Run") {
		t.Errorf("two stacks: got %q", failed)
	}
}

// What changed since the last synthesis is seen.
func TestTemplateTwice(t *testing.T) {
	stack := queue(t, "one")
	first := Template(t, stack)
	awssqs.NewQueue(stack, new("Another"), nil)
	if second := Template(t, stack); second == first {
		t.Error("a queue that was added after the first template is missing in the second")
	}
}

func TestTemplateFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(awscdk.Stack)
		want  string
	}{
		{"on an error of the validation", func(stack awscdk.Stack) { service(stack, "nginx", "ECR") }, "ImageIdentifier: 'nginx' does not match pattern"},
		{"on a warning of the validation", func(stack awscdk.Stack) { service(stack, "public.ecr.aws/a/b:1", "ECR_PUBLICK") }, "warning at Stack/Service: SourceConfiguration.ImageRepository.ImageRepositoryType: 'ECR_PUBLICK' is not one of"},
		{"on an error annotation", func(stack awscdk.Stack) { awscdk.Annotations_Of(stack).AddError(new("no such zone")) }, "no such zone"},
		{"on a panic of the CDK", func(stack awscdk.Stack) { awscdk.NewCfnResource(stack, new("A"), nil) }, "synthesis failed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			failed := record(t, t.Name(), func(r testing.TB) {
				stack := awscdk.NewStack(NewApp(t), new("Stack"), nil)
				defer func() {
					if v := recover(); v != nil && v != (stopped{}) {
						r.Errorf("synthesis failed: %v", v)
					}
				}()
				test.build(stack)
				Template(r, stack)
			})
			if !strings.Contains(failed, test.want) {
				t.Errorf("got %q, want %q in it", failed, test.want)
			}
		})
	}
}

// service is an App Runner service by hand.
func service(stack awscdk.Stack, image, registry string) {
	awsapprunner.NewCfnService(stack, new("Service"), &awsapprunner.CfnServiceProps{
		SourceConfiguration: &awsapprunner.CfnService_SourceConfigurationProperty{
			ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{ImageIdentifier: &image, ImageRepositoryType: &registry},
		},
	})
}

// An error annotation fails also where cdk.json does not make it part of the validation.
func TestErrorAnnotationWithoutFlag(t *testing.T) {
	enterProject(t, map[string]string{"cdk.json": `{"context": {"@aws-cdk/core:annotationsInValidationReport": false}}`})
	failed := record(t, t.Name(), func(r testing.TB) {
		stack := queue(t, "one")
		awscdk.Annotations_Of(stack).AddError(new("no such zone"))
		Template(r, stack)
	})
	if !strings.Contains(failed, "error at /Stack: no such zone") {
		t.Errorf("got %q", failed)
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	assets := map[string]bool{hash("a"): true, hash("b"): true}
	got, err := normalize([]byte(`{"Resources": {
		"A": {"Type": "X", "Metadata": {"aws:cdk:path": "Stack/A", "aws:asset:path": "asset.1", "own": 1}, "Properties": {"Image": "repo:`+hash("b")+`", "Text": "a<b", "Pinned": "site@sha256:`+hash("c")+`"}},
		"B": {"Type": "X", "Metadata": {"aws:cdk:path": "Stack/B"}, "Properties": {"One": "`+hash("a")+`.zip", "Two": "`+hash("b")+`"}},
		"FunctionCurrentVersion1234ABCD`+strings.Repeat("0f", 16)+`": {"Type": "X"}
	}}`), assets)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "Resources": {
    "A": {
      "Metadata": {
        "own": 1
      },
      "Properties": {
        "Image": "repo:<asset 1>",
        "Pinned": "site@sha256:` + hash("c") + `",
        "Text": "a<b"
      },
      "Type": "X"
    },
    "B": {
      "Properties": {
        "One": "<asset 2>.zip",
        "Two": "<asset 1>"
      },
      "Type": "X"
    },
    "FunctionCurrentVersion1234ABCD<version>": {
      "Type": "X"
    }
  }
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
