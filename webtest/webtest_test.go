package webtest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
)

// TestMain is that of many packages: TestFlag starts this program again with what others do in
// theirs.
func TestMain(m *testing.M) {
	os.Unsetenv("CDK_VALIDATION") // the tests are about the validation, whatever is set here
	switch os.Getenv("WEBTEST_TEST_MAIN") {
	case "a flag of its own":
		flag.Bool("update", false, "write the package's own files")
	case "a bool without a value":
		flag.BoolFunc("update", "do something", func(string) error { return nil })
	case "no bool":
		flag.String("update", "", "what to write")
	case "no webtest.Main":
		os.Exit(m.Run())
	case "flag.Parse first":
		flag.Parse()
	}
	os.Exit(Main(m))
}

// recorder is a test that notes how it failed instead of failing.
type recorder struct {
	testing.TB // of the test that records
	name       string
	failed     string
	cleanups   []func()
}

type stopped struct{}

func (r *recorder) Name() string     { return r.name }
func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.failed += fmt.Sprintf(format, args...)
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(stopped{})
}

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

// enterProject makes a folder with the files, and a folder stacks in it that becomes the working
// directory.
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
		"cdk.json": `{"app": "go run .", "context": {
			"stage": "test", "both": "cdk.json", "deep": {"a": [1]}
		}}`,
		"cdk.context.json": `{
			"looked:up": "zone", "both": "cdk.context.json",
			"@aws-cdk/core:validateAgainstDefaultRules": false
		}`,
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

// As the CDK's command line does.
func TestNewAppReadsOverByteOrderMark(t *testing.T) {
	const mark = "\ufeff"
	enterProject(t, map[string]string{
		"cdk.json":         mark + `{"context": {"stage": "test"}}`,
		"cdk.context.json": mark + `{"zone": "a"}`,
	})
	node := NewApp(t).Node()
	for key, want := range map[string]any{"stage": "test", "zone": "a"} {
		if got := node.TryGetContext(&key); got != want {
			t.Errorf("context %s: got %v, want %v", key, got, want)
		}
	}
}

func TestNewAppErrors(t *testing.T) {
	enterProject(t, map[string]string{"cdk.json": `{"context": `})
	failed := record(t, "Test", func(t testing.TB) { NewApp(t) })
	if !strings.Contains(failed, "cdk.json: unexpected end of JSON input") {
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

	const hint = "write it, then review it: " +
		`go test ./webtest -run '^TestSite$/^with a queue$' -update`
	setUpdate(t, "false")
	failed := record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	if want := file + " does not exist yet; " + hint; !strings.Contains(failed, want) {
		t.Errorf("without a file: got %q, want %q in it", failed, want)
	}
	setUpdate(t, "true")
	failed = record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	setUpdate(t, "false")
	if failed != "" {
		t.Errorf("with -update: got %q", failed)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	failed = record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	if failed != "" {
		t.Errorf("unchanged: got %q", failed)
	}
	failed = record(t, name, func(r testing.TB) { Snapshot(r, queue(t, "two")) })
	for _, want := range []string{
		"the template changed; if that is meant, " + hint + "\n", "--- " + file,
		`-        "QueueName": "one"`, `+        "QueueName": "two"`,
	} {
		if !strings.Contains(failed, want) {
			t.Errorf("changed: got %q, want %q in it", failed, want)
		}
	}
	failed = record(t, name, func(r testing.TB) {
		Snapshot(r, queue(t, "one"))
		Snapshot(r, queue(t, "one"))
	})
	const want = "has a snapshot of another stack already; give each its own t.Run"
	if !strings.Contains(failed, want) {
		t.Errorf("two stacks: got %q, want %q in it", failed, want)
	}
}

// setUpdate sets the flag for the rest of a test.
func setUpdate(t *testing.T, value string) {
	t.Helper()
	before := flag.Lookup("update").Value.String()
	t.Cleanup(func() { flag.Set("update", before) })
	if err := flag.Set("update", value); err != nil {
		t.Fatal(err)
	}
}

func TestSnapshotOfNothing(t *testing.T) {
	const want = "webtest.Snapshot: the stack is nil; pass the stack that awscdk.NewStack returned"
	if got := record(t, "Test", func(r testing.TB) { Snapshot(r, nil) }); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A snapshot is below testdata, and no other test's, whatever its subtest is called.
func TestSnapshotFile(t *testing.T) {
	t.Parallel()
	for test, want := range map[string]string{
		"TestSite":             "testdata/TestSite.template.json",
		"TestSite/a_b/c#01":    "testdata/TestSite/a_b/c#01.template.json",
		"TestSite/..x":         "testdata/TestSite/..x.template.json",
		"TestSite/../../else":  "",
		"TestSite/../TestElse": "",
		"TestSite/./a":         "",
		"TestSite//a":          "",
		"TestSite/..":          "",
	} {
		got, err := snapshotFile(test)
		if filepath.ToSlash(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q and error %v, want %q", test, got, err, want)
		}
	}
}

func TestSnapshotOutsideOfTestdata(t *testing.T) {
	enterProject(t, map[string]string{"cdk.json": `{}`})
	setUpdate(t, "true")
	got := record(t, "TestSite/../../escape", func(r testing.TB) { Snapshot(r, queue(t, "one")) })
	const want = `webtest.Snapshot: the test is named "TestSite/../../escape", and so is the ` +
		`file of its snapshot; take . and .. and empty parts out of the name of the subtest`
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if entries, err := os.ReadDir("."); err != nil || len(entries) > 0 {
		t.Errorf("got files %v and error %v, want none", entries, err)
	}
}

func TestWriteHint(t *testing.T) {
	t.Parallel()
	for test, pattern := range map[string]string{
		"TestSite":         `'^TestSite$'`,
		"TestSite/a+b/c":   `'^TestSite$/^a\+b$/^c$'`,
		"TestSite/Bob's_1": `'^TestSite$/^Bob'\''s_1$'`,
	} {
		want := "write it, then review it: go test ./webtest -run " + pattern + " -update"
		if got := writeHint(test); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Whoever else defines -update in a test program, and however the program starts.
func TestFlag(t *testing.T) {
	t.Parallel()
	const noMain = "update: false to write it, the package needs the flag -update of " +
		"webtest.Main; add func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) } to its tests"
	const noBool = "update: false to write it, the flag -update has to be a bool, " +
		"and another package defines it as something else; rename that flag"
	for _, test := range []struct {
		testMain string
		args     []string
		want     string
	}{
		{"as documented", nil, "update: false <nil>"},
		{"as documented", []string{"-update"}, "update: true <nil>"},
		{"a flag of its own", nil, "update: false <nil>"},
		{"a flag of its own", []string{"-update"}, "update: true <nil>"},
		{"a bool without a value", nil, noBool},
		{"no bool", []string{"-update=true"}, noBool},
		{"no webtest.Main", nil, noMain},
		{"flag.Parse first", nil, noMain},
	} {
		t.Run(strings.Join(append([]string{test.testMain}, test.args...), " "), func(t *testing.T) {
			t.Parallel()
			output, err := restart(t, "TestFlagOfThisProgram", test.testMain, test.args...)
			if err != nil || !strings.Contains(output, test.want) {
				t.Errorf("got error %v and\n%s\nwant %q in it", err, output, test.want)
			}
		})
	}
}

// A package with a flag -update of its own writes its templates with it.
func TestFlagOfItsOwnWrites(t *testing.T) {
	t.Parallel()
	output, err := restart(t, "TestSnapshotOfThisProgram", "a flag of its own", "-update")
	const want = "wrote testdata/TestSnapshotOfThisProgram.template.json"
	if err != nil || !strings.Contains(output, want) {
		t.Errorf("got error %v and\n%s\nwant %q in it", err, output, want)
	}
}

// restart runs one test of this program in another process, in an empty module.
func restart(t *testing.T, test, testMain string, args ...string) (string, error) {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-test.run=^" + test + "$", "-test.v"}, args...)
	command := exec.Command(executable, args...)
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "WEBTEST_TEST_MAIN="+testMain)
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestFlagOfThisProgram(t *testing.T) {
	if os.Getenv("WEBTEST_TEST_MAIN") == "" {
		t.Skip("TestFlag runs it")
	}
	fmt.Print("update: ")
	fmt.Println(update())
}

func TestSnapshotOfThisProgram(t *testing.T) {
	if os.Getenv("WEBTEST_TEST_MAIN") == "" {
		t.Skip("TestFlagOfItsOwnWrites runs it")
	}
	Snapshot(t, queue(t, "one"))
	file := "testdata/TestSnapshotOfThisProgram.template.json"
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	fmt.Println("wrote", file)
}

func TestParallelIsRefused(t *testing.T) {
	stack := queue(t, "one")
	t.Run("before NewApp", func(t *testing.T) {
		t.Parallel()
		got := record(t, "TestSite", func(r testing.TB) { NewApp(r) })
		const want = "webtest.NewApp: TestSite is a parallel test, and the CDK cannot run in " +
			"parallel; remove t.Parallel from it and from the tests around it"
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("around NewApp", func(t *testing.T) {
		t.Parallel()
		t.Run("inside", func(t *testing.T) {
			got := record(t, "TestSite/inside", func(r testing.TB) { NewApp(r) })
			const want = "webtest.NewApp: TestSite/inside is a parallel test"
			if !strings.HasPrefix(got, want) {
				t.Errorf("got %q, want %q first", got, want)
			}
		})
	})
	t.Run("in a subtest of the app's test", func(t *testing.T) {
		t.Parallel()
		got := record(t, "TestSite", func(r testing.TB) { Snapshot(r, stack) })
		if want := "webtest.Snapshot: TestSite is a parallel test"; !strings.HasPrefix(got, want) {
			t.Errorf("got %q, want %q first", got, want)
		}
	})
	t.Run("after NewApp", func(t *testing.T) {
		NewApp(t)
		defer func() {
			if got := fmt.Sprint(recover()); !strings.Contains(got, "t.Parallel") {
				t.Errorf("got %s, want a panic about t.Parallel", got)
			}
		}()
		t.Parallel()
	})
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

// A nested stack has a template of its own, and the errors of the stack that holds it.
func TestTemplateOfNestedStack(t *testing.T) {
	stage := awscdk.NewStage(NewApp(t), new("Prod"), nil)
	stack := awscdk.NewStack(stage, new("Stack"), nil)
	outer := awscdk.NewNestedStack(stack, new("Outer"), nil)
	inner := awscdk.NewNestedStack(outer, new("Inner"), nil)
	awssqs.NewQueue(inner, new("Queue"), nil)
	for _, test := range []struct {
		stack awscdk.Stack
		want  string
	}{
		{stack, "AWS::CloudFormation::Stack"},
		{outer, "AWS::CloudFormation::Stack"},
		{inner, "AWS::SQS::Queue"},
	} {
		got := Template(t, test.stack)
		if n := strings.Count(got, `"Type": "AWS::`); n != 1 || !strings.Contains(got, test.want) {
			t.Errorf("%s: got\n%s\nwant one %s", *test.stack.Node().Path(), got, test.want)
		}
	}

	awscdk.Annotations_Of(inner).AddError(new("no such zone"))
	failed := record(t, t.Name(), func(r testing.TB) { Template(r, outer) })
	if !strings.Contains(failed, "no such zone") {
		t.Errorf("got %q, want the inner stack's error", failed)
	}
}

// Without cdk.context.json the CDK makes values up, which its own validation finds wrong.
func TestTemplateWithoutLookedUpContext(t *testing.T) {
	const lookup = "vpc-provider:account=123456789012:filter.isDefault=true:region=eu-west-1:" +
		"returnAsymmetricSubnets=true"
	build := func(t testing.TB) awscdk.Stack {
		stage := awscdk.NewStage(NewApp(t), new("Prod"), nil)
		stack := awscdk.NewStack(stage, new("Stack"), &awscdk.StackProps{
			Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
		})
		vpc := awsec2.Vpc_FromLookup(stack, new("VPC"), &awsec2.VpcLookupOptions{
			IsDefault: new(true),
		})
		awsec2.NewSecurityGroup(stack, new("Group"), &awsec2.SecurityGroupProps{Vpc: vpc})
		return stack
	}
	enterProject(t, map[string]string{"cdk.json": `{}`})
	failed := record(t, t.Name(), func(r testing.TB) { Template(r, build(t)) })
	const want = "webtest.Template: cdk.context.json lacks what the app looks up (" +
		lookup + "), so the CDK made values up; run cdk synth once with access to the account, " +
		"and commit the file that it writes\n"
	if !strings.HasPrefix(failed, want) || !strings.Contains(failed, "vpc-12345") {
		t.Errorf("got %q, want %q first, and what the validation said", failed, want)
	}

	enterProject(t, map[string]string{"cdk.json": `{}`, "cdk.context.json": `{"` + lookup + `": {
		"vpcId": "vpc-0123456789abcdef0", "vpcCidrBlock": "172.31.0.0/16",
		"ownerAccountId": "123456789012",
		"availabilityZones": [], "subnetGroups": []
	}}`})
	if got := Template(t, build(t)); !strings.Contains(got, `"VpcId": "vpc-0123456789abcdef0"`) {
		t.Errorf("got\n%s\nwant the VPC that was looked up", got)
	}
}

func TestTemplateFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		build func(awscdk.Stack)
		want  string
	}{
		{
			"on an error of the validation",
			func(stack awscdk.Stack) { service(stack, "nginx", "ECR") },
			"ImageIdentifier: 'nginx' does not match pattern",
		},
		{
			"on a warning of the validation",
			func(stack awscdk.Stack) { service(stack, "public.ecr.aws/a/b:1", "ECR_PUBLICK") },
			"warning at Stack/Service: SourceConfiguration.ImageRepository.ImageRepositoryType: " +
				"'ECR_PUBLICK' is not one of",
		},
		{
			"on an error annotation",
			func(stack awscdk.Stack) { awscdk.Annotations_Of(stack).AddError(new("no such zone")) },
			"no such zone",
		},
		{
			"on a panic of the CDK",
			func(stack awscdk.Stack) {
				for _, id := range []string{"A", "B"} {
					resource := awscdk.NewCfnResource(stack, &id, &awscdk.CfnResourceProps{
						Type: new("AWS::SQS::Queue"),
					})
					resource.OverrideLogicalId(new("Same"))
				}
			},
			"synthesis failed: ",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			failed := record(t, t.Name(), func(r testing.TB) {
				stack := awscdk.NewStack(NewApp(t), new("Stack"), nil)
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
			ImageRepository: &awsapprunner.CfnService_ImageRepositoryProperty{
				ImageIdentifier: &image, ImageRepositoryType: &registry,
			},
		},
	})
}

// An error annotation fails also where cdk.json does not make it part of the validation.
func TestErrorAnnotationWithoutFlag(t *testing.T) {
	enterProject(t, map[string]string{
		"cdk.json": `{"context": {"@aws-cdk/core:annotationsInValidationReport": false}}`,
	})
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
	got, err := normalize([]byte(`{
		"Parameters": {"BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>"}},
		"Rules": {"CheckBootstrapVersion": {"Assertions": []}, "Own": {"Assertions": []}},
		"Resources": {
			"A": {
				"Type": "X",
				"Metadata": {"aws:cdk:path": "Stack/A", "aws:asset:path": "asset.1", "own": 1},
				"Properties": {
					"Image": "repo:`+hash("b")+`", "Text": "a<b",
					"Pinned": "site@sha256:`+hash("c")+`"
				}
			},
			"B": {
				"Type": "X",
				"Metadata": {"aws:cdk:path": "Stack/B"},
				"Properties": {"One": "`+hash("a")+`.zip", "Two": "`+hash("b")+`"}
			},
			"FunctionCurrentVersion1234ABCD`+strings.Repeat("0f", 16)+`": {"Type": "X"}
		}
	}`), assets)
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
  },
  "Rules": {
    "Own": {
      "Assertions": []
    }
  }
}
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
