package importer

import (
	"flag"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
)

var update = flag.Bool("update", false, "write the golden files")

// data is where AWS's own samples are, from the root of the project. They are not part of it.
const data = "../shared/data"

// A sample is an input with the arguments that import it.
type sample struct {
	name string
	args []string // paths are from the root of the project
}

var (
	copilotSamples = []sample{
		{"copilot-rdws", []string{"copilot", data + "/copilot/rdws-manifest.yml", "--app", "my-app"}},
		{"copilot-svc", []string{"copilot", data + "/copilot/svc-manifest.yml", "--app", "my-app"}},
		{"copilot-all", []string{"copilot", data + "/copilot", "--app", "my-app"}},
		{"copilot-grpc", []string{"copilot", data + "/copilot/svc-grpc-manifest.yml", "--app", "my-app"}},
	}
	samSamples = []sample{
		{"sam-expressjs", []string{"sam", data + "/sam/expressjs.yaml"}},
		{"sam-streaming", []string{"sam", data + "/sam/fastapi-response-streaming.yaml"}},
		{"sam-fastapi", []string{"sam", data + "/sam/fastapi.yaml"}},
		{"sam-gin-zip", []string{"sam", data + "/sam/gin-zip.yaml"}},
		{"sam-nginx", []string{"sam", data + "/sam/nginx.yaml"}},
		{"sam-sqs", []string{"sam", data + "/sam/sqs-expressjs.yaml"}},
	}
	ownSamples = []sample{
		{"apprunner-orders", []string{"apprunner", testdata + "/apprunner/orders.json", testdata + "/apprunner/orders-more.json"}},
		{"apprunner-same", []string{"apprunner", testdata + "/apprunner/orders.json", "--hosting", "apprunner"}},
		{"apprunner-same-more", []string{"apprunner", testdata + "/apprunner/orders.json", testdata + "/apprunner/orders-more.json", "--hosting", "apprunner"}},
		{"apprunner-same-hello", []string{"apprunner", testdata + "/apprunner/hello.json", "--hosting", "apprunner"}},
		{"apprunner-same-python", []string{"apprunner", testdata + "/apprunner/python-app.json", "--hosting", "apprunner"}},
		{"apprunner-hello", []string{"apprunner", testdata + "/apprunner/hello.json"}},
		{"apprunner-python", []string{"apprunner", testdata + "/apprunner/python-app.json"}},
		{"sam-apis", []string{"sam", testdata + "/sam/apis.yaml"}},
		{"sam-apis-apprunner", []string{"sam", testdata + "/sam/apis.yaml", "--hosting", "apprunner"}},
		{"sam-many", []string{"sam", testdata + "/sam/template.yaml"}},
		{"sam-many-fargate", []string{"sam", testdata + "/sam/template.yaml", "--hosting", "fargate"}},
		{"edges", []string{"copilot", testdata + "/edges"}},
		{"environments", []string{"copilot", testdata + "/environments"}},
		{"environments-apart", []string{"copilot", testdata + "/environments"}},
		{"workspace", []string{"copilot", testdata + "/workspace"}},
		{"workspace-lambda", []string{"copilot", testdata + "/workspace", "--hosting", "lambda"}},
		{"workspace-express", []string{"copilot", testdata + "/workspace", "--hosting", "express"}},
		{"workspace-apprunner", []string{"copilot", testdata + "/workspace", "--hosting", "apprunner"}},
	}
)

const testdata = "cmd/cdkweb/internal/importer/testdata"

// mutated are those whose values are changed one by one.
func mutated() []sample {
	return slices.DeleteFunc(samples(), func(s sample) bool {
		return slices.Contains([]string{
			"copilot-all", "environments-apart", "apprunner-same-hello", "apprunner-same-python",
			"workspace-express", "workspace-apprunner",
		}, s.name)
	})
}

func samples() []sample { return slices.Concat(copilotSamples, samSamples, ownSamples) }

// atRoot has a test work in the project's root, where the samples' paths start.
func atRoot(t testing.TB) {
	t.Helper()
	t.Chdir(filepath.Join("..", "..", "..", ".."))
}

// need skips a test whose sample is not on this machine.
func (s sample) need(t testing.TB) {
	t.Helper()
	if path := s.args[1]; !exists(path) {
		t.Skipf("%s is not there: it has AWS's own samples, which are no part of this project", path)
	}
}

// build imports a sample.
func (s sample) build(t testing.TB, more ...string) []file {
	t.Helper()
	files, err := s.files(append(slices.Clone(s.args), more...))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// files imports with the arguments of a sample.
func (s sample) files(args []string) ([]file, error) {
	return importAs(args, strings.HasSuffix(s.name, "-apart"))
}

func importFiles(args []string) ([]file, error) { return importAs(args, false) }

func importAs(args []string, apart bool) ([]file, error) {
	o, err := parse(args)
	if err != nil {
		return nil, err
	}
	a, err := read(o)
	if err != nil {
		return nil, err
	}
	a.apart = apart
	return a.build(o)
}

func content(files []file, name string) string {
	for _, f := range files {
		if f.name == name {
			return f.content
		}
	}
	return ""
}

// The program and the report of each sample.
func TestGolden(t *testing.T) {
	atRoot(t)
	for _, s := range samples() {
		t.Run(s.name, func(t *testing.T) {
			s.need(t)
			files := s.build(t, "--out", "imported")
			for _, f := range files {
				if strings.HasSuffix(f.name, ".go") {
					wantGo(t, f)
				}
			}
			for _, name := range []string{"main.go", "IMPORT.md"} {
				golden(t, filepath.Join(testdata, "golden", s.name, name+".txt"), content(files, name))
			}
		})
	}
}

// wantGo fails if a file is no Go as gofmt writes it.
func wantGo(t testing.TB, f file) {
	t.Helper()
	formatted, err := format.Source([]byte(f.content))
	if err != nil {
		t.Fatalf("%s: %v\n%s", f.name, err, f.content)
	}
	if string(formatted) != f.content {
		t.Errorf("%s is not as gofmt writes it", f.name)
	}
	if _, err := parser.ParseFile(token.NewFileSet(), f.name, f.content, parser.AllErrors|parser.DeclarationErrors); err != nil {
		t.Errorf("%v\n%s", err, f.content)
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test ./cmd/cdkweb/... -update writes it):\n%s", file, udiff.Unified("want", "got", string(want), got))
	}
}

// Whatever a value of the input is, another value makes another program or another report: nothing is
// dropped without a word.
func TestNothingIsDropped(t *testing.T) {
	atRoot(t)
	for _, s := range mutated() {
		t.Run(s.name, func(t *testing.T) {
			s.need(t)
			leaves := 0
			for i, path := range s.args {
				if i == 0 || !exists(path) {
					continue
				}
				for _, file := range inputs(t, path) {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					for _, changed := range mutations(t, file, string(text)) {
						leaves++
						// Both come from one place, so that nothing but the value can make a difference.
						args := slices.Clone(s.args)
						where := filepath.Join(t.TempDir(), filepath.Base(path))
						at := where
						if file != path {
							if err := os.CopyFS(where, os.DirFS(path)); err != nil {
								t.Fatal(err)
							}
							rest, _ := filepath.Rel(path, file)
							at = filepath.Join(where, rest)
						}
						args[i] = where
						of := func(text string) (string, error) {
							if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
								t.Fatal(err)
							}
							files, err := importFiles(append(slices.Clone(args), "--out", "imported"))
							return all(files), err
						}
						before, err := of(string(text))
						if err != nil {
							t.Fatal(err)
						}
						after, err := of(changed.text)
						if err != nil {
							continue // it is said
						}
						if after == before && !told(before, at, changed.path) {
							t.Errorf("%s:%d: %s: neither the program nor the report tells %q from %q", file, changed.line, changed.path, changed.old, changed.new)
						}
					}
				}
			}
			if leaves == 0 {
				t.Error("nothing was changed")
			}
		})
	}
}

// told reports whether the report has a line about a field, or about what it is a part of.
func told(report, file, path string) bool {
	for part := path; part != ""; {
		line := regexp.MustCompile(`(?m)^- ` + regexp.QuoteMeta(file) + `(:[0-9]+)?: ` + regexp.QuoteMeta(part) + `(:| |$)`)
		if line.MatchString(report) {
			return true
		}
		part = part[:max(0, strings.LastIndexAny(part, ".["))]
	}
	whole := regexp.MustCompile(`(?m)^- ` + regexp.QuoteMeta(file) + `:1: .* is a Scheduled Job, `)
	return whole.MatchString(report)
}

// all is everything that an import writes.
func all(files []file) string {
	var text strings.Builder
	for _, f := range files {
		text.WriteString("== " + f.name + "\n" + f.content)
	}
	return text.String()
}

// inputs are the files of a path that hold fields.
func inputs(t *testing.T, path string) []string {
	if !isDir(path) {
		return []string{path}
	}
	var found []string
	err := filepath.WalkDir(path, func(name string, entry os.DirEntry, err error) error {
		if err == nil && filepath.Base(name) == "manifest.yml" {
			found = append(found, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

type mutation struct {
	text, path, old, new string
	line                 int
}

// ignored are values that mean nothing for a program: what AWS knows of a resource, or of a format.
var ignored = regexp.MustCompile(`(^|\.)(CreatedAt|UpdatedAt|Status|ServiceId|ServiceUrl|ServiceArn|AutoScalingConfigurationName|AutoScalingConfigurationRevision|` +
	`Latest|HasAssociatedService|IsDefault|VpcConnectorName|VpcConnectorRevision|ObservabilityConfigurationName|ObservabilityConfigurationRevision|` +
	`OperationId|ImageRepositoryType|EgressType|AWSTemplateFormatVersion|Transform|Vendor)$`)

// mutations are texts with one scalar changed each.
func mutations(t *testing.T, file, text string) []mutation {
	t.Helper()
	var roots []*node
	var err error
	if strings.HasSuffix(file, ".json") {
		roots, err = readJSON(file, []byte(text))
	} else {
		var root *node
		root, err = readYAML(file, []byte(text))
		roots = []*node{root}
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(text, "\n")
	var found []mutation
	for _, root := range roots {
		root.each(func(leaf *node) {
			if leaf.kind != scalar || leaf.value == "" || ignored.MatchString(leaf.path) || leaf.line > len(lines) {
				return
			}
			line := lines[leaf.line-1]
			at := strings.LastIndex(line, leaf.value)
			if at < 0 || strings.Contains(leaf.value, "\n") || len(root.at("").path) > 0 {
				return
			}
			other := leaf.value + "7"
			switch leaf.value {
			case "true":
				other = "false"
			case "false":
				other = "true"
			}
			if strings.HasSuffix(leaf.value, "s") && leaf.value[0] >= '0' && leaf.value[0] <= '9' { // a duration
				other = "1" + leaf.value
			}
			changed := slices.Clone(lines)
			changed[leaf.line-1] = line[:at] + other + line[at+len(leaf.value):]
			found = append(found, mutation{strings.Join(changed, ""), leaf.path, leaf.value, other, leaf.line})
		})
	}
	return found
}

// Unknown fields, values of another kind, and files that are none.
func TestSentences(t *testing.T) {
	const service = "name: shop\ntype: Load Balanced Web Service\n"
	for name, test := range map[string]struct {
		from, file, text, want string
	}{
		"empty":              {"copilot", "manifest.yml", "", "manifest.yml: is empty"},
		"no YAML":            {"copilot", "manifest.yml", "name: shop\n\tport: 1\n", "manifest.yml:2: is no YAML: found a tab character that violates indentation"},
		"a list":             {"copilot", "manifest.yml", "- a\n", "manifest.yml:1: is no manifest: it has no fields"},
		"a key twice":        {"copilot", "manifest.yml", service + "cpu: 256\ncpu: 512\n", `manifest.yml:4: has the key "cpu" twice`},
		"two documents":      {"copilot", "manifest.yml", service + "---\nname: b\n", "manifest.yml:3: starts a second document"},
		"nothing but words":  {"copilot", "manifest.yml", "# nothing\n", "manifest.yml: is empty"},
		"a tab":              {"copilot", "manifest.yml", service + "cpu:\n\t256\n", "manifest.yml:4: is no YAML: found character that cannot start any token, such as a tab"},
		"a mark and CRLF":    {"copilot", "manifest.yml", "\xef\xbb\xbf" + strings.ReplaceAll(service+"cpu: 512\nmemory: x\n", "\n", "\r\n"), "manifest.yml:4: memory: x is left out"},
		"merged":             {"copilot", "manifest.yml", "x: &x {port: web}\n" + service + "image:\n  <<: *x\n", "image.port: web is left out: must be a number"},
		"an odd key":         {"copilot", "manifest.yml", service + "\"a\\nb\\x1b[31m\\u202e\": 1\n", `manifest.yml:3: "a\nb\x1b[31m\u202e": 1 is no field`},
		"a key in a value":   {"copilot", "manifest.yml", service + "image: {\"x\\n// y\": \"v\\e[31m\"}\n", `manifest.yml:3: image."x\n// y": v?[31m is no field`},
		"more JSON":          {"apprunner", "service.json", "{\"Service\": {}}\n]", "service.json:2: is no JSON"},
		"no type":            {"copilot", "manifest.yml", "name: shop\n", `manifest.yml:1: is no manifest of Copilot: it needs "name" and "type"`},
		"another type":       {"copilot", "manifest.yml", "name: shop\ntype: Web\n", `manifest.yml:2: has the type "Web", which Copilot does not have`},
		"no server":          {"copilot", "manifest.yml", "name: shop\ntype: Scheduled Job\n", "is a Scheduled Job, which is no server"},
		"aliases":            {"copilot", "manifest.yml", bomb(), "has too many values"},
		"unknown":            {"copilot", "manifest.yml", service + "imgae:\n  port: 80\n", "manifest.yml:4: imgae.port: 80 is no field that a Load Balanced Web Service has: check its name"},
		"unknown below":      {"copilot", "manifest.yml", service + "http:\n  paths: /\n", "manifest.yml:4: http.paths: / is no field"},
		"of another kind":    {"copilot", "manifest.yml", service + "image:\n  port: web\n", "manifest.yml:4: image.port: web is left out: must be a number from 1 to 65535"},
		"out of range":       {"copilot", "manifest.yml", service + "count:\n  range: 9-3\n", "manifest.yml:4: count.range: 9-3 is left out: must be a range such as 2-10"},
		"overridden":         {"copilot", "manifest.yml", service + "cpu: 256\nenvironments:\n  test:\n    cpu: 512\n", "manifest.yml:3: cpu: 256 is not used: each environment overrides it"},
		"environment":        {"copilot", "manifest.yml", service + "environments:\n  test: web\n", "manifest.yml:4: environments.test must have fields, got web"},
		"size":               {"copilot", "manifest.yml", service + "cpu: 300\nmemory: 700\n", "cpu and memory: 300 and 700 became 512 and 1024 MiB"},
		"no JSON":            {"apprunner", "service.json", "{\n\"Service\": {,}}", "service.json:2: is no JSON"},
		"cut JSON":           {"apprunner", "service.json", "{\"Service\": {\n\"ServiceName\": \"a\"", "service.json:2: is no JSON: it ends too early"},
		"other JSON":         {"apprunner", "service.json", `{"Cluster": {}}`, "service.json:1: is no description of a service"},
		"a list of services": {"apprunner", "service.json", `{"ServiceSummaryList": [{"ServiceName": "a"}]}`, "service.json:1: is a list of names: aws apprunner describe-service --service-arn ARN prints one service with all that it has"},
		"services in a list": {"apprunner", "service.json", `[{"ServiceSummaryList": []}]`, "service.json:1: is a list of names"},
		"nothing described":  {"apprunner", "service.json", `{"VpcConnector": {}}`, "no file describes a service: aws apprunner describe-service"},
		"unknown of App Runner": {"apprunner", "service.json", "{\"Service\": {\"ServiceName\": \"shop\",\n\"Colour\": \"red\"}}",
			"service.json:2: Service.Colour: red is no field that cdkweb import knows of App Runner"},
		"no template":  {"sam", "template.yaml", "a: b\n", "template.yaml:1: is no template: it has no Resources"},
		"no adapter":   {"sam", "template.yaml", "Resources:\n  A:\n    Type: AWS::Serverless::Function\n", "template.yaml: has no function with AWS Lambda Web Adapter"},
		"not imported": {"sam", "template.yaml", "Resources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n  B:\n    Type: AWS::S3::Bucket\n", "template.yaml:7: Resources.B: AWS::S3::Bucket has no equal"},
		"unknown of SAM": {"sam", "template.yaml", "Resources:\n  A:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n      SnapStart:\n        ApplyOn: PublishedVersions\n",
			"template.yaml:7: Resources.A.Properties.SnapStart.ApplyOn: PublishedVersions has no equal"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), test.file)
			if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
				t.Fatal(err)
			}
			files, err := importFiles([]string{test.from, path})
			got := content(files, "IMPORT.md")
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, test.want) {
				t.Errorf("got %s, want %q in it", got, test.want)
			}
		})
	}
}

// bomb is a short file whose aliases stand for very many values.
func bomb() string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		text += fmt.Sprintf("a%d: &a%[1]d [%s]\n", i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	return text
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	manifest := filepath.Join(dir, "manifest.yml")
	if err := os.WriteFile(manifest, []byte("name: shop\ntype: Load Balanced Web Service\nimage:\n  port: 8000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, empty := filepath.Join(dir, "out"), t.TempDir()
	for _, test := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{[]string{"--help"}, 0, "usage: cdkweb import", ""},
		{[]string{"help"}, 0, "usage: cdkweb import", ""},
		{nil, 2, "", "say what to import: copilot, apprunner or sam"},
		{[]string{"heroku", "."}, 2, "", `"heroku" cannot be imported`},
		{[]string{"copilot"}, 2, "", "name what to read: cdkweb import copilot DIR"},
		{[]string{"sam"}, 2, "", "name what to read: cdkweb import sam FILE"},
		{[]string{"copilot", "a", "b"}, 2, "", "b is one too many"},
		{[]string{"copilot", "a", "--hosting", "ec2"}, 2, "", `--hosting must be fargate, express, lambda or apprunner, got "ec2"`},
		{[]string{"copilot", "a", "--module", "a b"}, 2, "", "--module must be the name of a Go module"},
		{[]string{"sam", "a", "--app", "b"}, 2, "", "--app and --environments are for Copilot"},
		{[]string{"copilot", "a", "--environments", "a,,b"}, 2, "", "--environments must be names"},
		{[]string{"copilot", "a", "--nonsense"}, 2, "", "flag provided but not defined: -nonsense"},
		{[]string{"copilot", manifest, "--library", dir}, 2, "", "--library must be a clone of cdkweb, whose go.mod is that of the module"},
		{[]string{"copilot", manifest, "--library", filepath.Join(dir, "none")}, 2, "", "--library must be a clone of cdkweb"},
		{[]string{"copilot", manifest, "--out", manifest}, 1, "", "manifest.yml is a file: choose a folder with --out"},
		{[]string{"copilot", empty}, 1, "", "looked for copilot/*/manifest.yml, */manifest.yml, manifest.yml and *.yml in it"},
		{[]string{"copilot", filepath.Join(dir, "none")}, 1, "", "none is not there"},
		{[]string{"copilot", manifest, "--out", dir}, 1, "", "is not empty: choose another folder with --out, or overwrite what is there with --force"},
		{[]string{"copilot", manifest, "--out", out, "--dry-run"}, 0, "shop (Load Balanced Web Service) is on ECS on Fargate", ""},
		{[]string{"copilot", "--out", out, manifest}, 0, "Environment test, stack shop-test", "writing 7 files"},
		{[]string{"copilot", "--out", out, manifest}, 1, "", "is not empty"},
		{[]string{"copilot", "--out", out, manifest, "--force", "--environments", "prod"}, 0, "Environment prod", "writing 7 files"},
	} {
		var stdout, stderr strings.Builder
		if status := Run(test.args, &stdout, &stderr); status != test.status || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) {
			t.Errorf("%q: got %d, %s, %s, want %d, %q, %q", test.args, status, &stdout, &stderr, test.status, test.stdout, test.stderr)
		}
	}
	if _, err := os.Stat(filepath.Join(out, "main.go")); err != nil {
		t.Error(err)
	}
}

// The program's go.mod has the versions of this module's.
func TestVersions(t *testing.T) {
	atRoot(t)
	text, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"go " + goVersion + "\n", cdk + " " + awscdkVersion + "\n", "constructs/v10 " + constructsVersion + "\n", "jsii-runtime-go " + jsiiVersion + "\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("go.mod has no %q", want)
		}
	}
	packageJSON, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	if want := `"aws-cdk": "` + cliVersion + `"`; !strings.Contains(string(packageJSON), want) {
		t.Errorf("package.json has no %s", want)
	}
}

func TestNames(t *testing.T) {
	for _, test := range []struct{ name, camel, pascal string }{
		{"frontend", "frontend", "Frontend"}, {"my-ssm-secret", "mySSMSecret", "MySSMSecret"}, {"DB_NAME", "dbName", "DBName"},
		{"GreetingsAPIURL", "greetingsAPIURL", "GreetingsAPIURL"}, {"2fast", "n2fast", "N2fast"}, {"gRPC", "gRpc", "GRpc"}, {"", "", ""},
		{"größe", "grE", "GrE"},
	} {
		if camel, pascal := camel(test.name), pascal(test.name); camel != test.camel || pascal != test.pascal {
			t.Errorf("%q: got %q and %q, want %q and %q", test.name, camel, pascal, test.camel, test.pascal)
		}
	}
}

func TestSplitShell(t *testing.T) {
	for text, want := range map[string][]string{
		"shine on you": {"shine", "on", "you"}, `a "b c" 'd "e"' f\ g ""`: {"a", "b c", `d "e"`, "f g", ""}, "": nil, "  ": nil, `a"b`: nil, `a\`: nil,
	} {
		if got, err := splitShell(text); !slices.Equal(got, want) || err == nil && strings.ContainsAny(text, `\`) && want == nil {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
		}
	}
}

// fuzz imports what a fuzzer wrote: it is refused in a sentence, or becomes a program that parses.
func fuzz(f *testing.F, from, name string) {
	for _, pattern := range []string{data + "/" + from + "/*.y*ml", testdata + "/" + from + "/*.json", testdata + "/workspace/copilot/*/manifest.yml"} {
		found, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", pattern))
		for _, path := range found {
			if text, err := os.ReadFile(path); err == nil {
				f.Add(text, "")
				f.Add(text, "lambda")
			}
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, hosting string) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
		args := []string{from, path}
		if slices.Contains(hostings, hosting) {
			args = append(args, "--hosting", hosting)
		}
		files, err := importFiles(args)
		if err != nil {
			if strings.Contains(err.Error(), "a mistake in cdkweb import") {
				t.Fatal(err)
			}
			return
		}
		for _, f := range files {
			if strings.HasSuffix(f.name, ".go") {
				wantGo(t, f)
			}
		}
	})
}

func FuzzCopilot(f *testing.F)   { fuzz(f, "copilot", "manifest.yml") }
func FuzzAppRunner(f *testing.F) { fuzz(f, "apprunner", "service.json") }
func FuzzSAM(f *testing.F)       { fuzz(f, "sam", "template.yaml") }
