package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aymanbagabas/go-udiff"
)

// synthesized are the samples that are synthesized, unless CDKWEB_IMPORT is all, as in make validate: then it is all of
// them.
var synthesized = []string{"copilot-rdws", "copilot-svc", "copilot-grpc", "apprunner-orders", "sam-apis", "sam-sqs", "edges", "environments", "environments-apart"}

var environmentFunction = regexp.MustCompile(`(?m)^func (new\w+)\(app awscdk\.App\) awscdk\.Stack {`)

// The programs pass go vet and synthesize. They share one process, because the CDK takes seconds to
// start: each becomes a package, and one test of them all writes the templates.
var synthesize = sync.OnceValues(func() (map[string]map[string]map[string]any, error) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", ".."))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "imported")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sums, err := os.ReadFile(filepath.Join(root, "examples/ec2/go.sum"))
	if err != nil {
		return nil, err
	}
	harness := "package imported\n\nimport (\n\"os\"\n\"testing\"\n\n\"github.com/aws/aws-cdk-go/awscdk/v2\"\n\"github.com/cdkweb/cdkweb/webtest\"\n"
	apps := "\nvar apps = map[string]map[string]func(awscdk.App) awscdk.Stack{\n"
	files := []file{{"go.sum", string(sums)}}
	for _, s := range samples() {
		if os.Getenv("CDKWEB_IMPORT") != "all" && !slices.Contains(synthesized, s.name) || !exists(filepath.Join(root, s.args[1])) {
			continue
		}
		args := slices.Clone(s.args)
		for i := range args {
			if path := filepath.Join(root, args[i]); i > 0 && !strings.HasPrefix(args[i], "-") && exists(path) {
				args[i] = path
			}
		}
		made, err := s.files(append(args, "--out", filepath.Join(dir, "apps", s.name), "--library", root))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		library := strings.ReplaceAll(s.name, "-", "")
		harness += fmt.Sprintf("%s \"imported/lib/%[1]s\"\n", library)
		apps += fmt.Sprintf("%q: %s.Environments,\n", s.name, library)
		for _, f := range made {
			if f.name == "go.mod" {
				continue
			}
			files = append(files, file{"apps/" + s.name + "/" + f.name, f.content})
			if f.name != "main.go" {
				continue
			}
			environments := "package " + library + "\n\nimport \"github.com/aws/aws-cdk-go/awscdk/v2\"\n\nvar Environments = map[string]func(awscdk.App) awscdk.Stack{\n"
			for _, match := range environmentFunction.FindAllStringSubmatch(f.content, -1) {
				environments += fmt.Sprintf("%q: %s,\n", strings.ToLower(strings.TrimPrefix(match[1], "new")), match[1])
			}
			files = append(files,
				file{"lib/" + library + "/main.go", strings.Replace(f.content, "package main", "package "+library, 1)},
				file{"lib/" + library + "/environments.go", environments + "}\n"})
		}
	}
	files = append(files,
		file{"go.mod", (&app{name: "imported"}).goMod(options{module: "imported", out: dir, library: root})},
		file{"synth_test.go", harness + ")\n" + apps + harnessTests})
	if err := write(dir, files, true); err != nil {
		return nil, err
	}
	for _, command := range [][]string{{"go", "vet", "./..."}, {"go", "test", "-count=1", "."}} {
		run := exec.Command(command[0], command[1:]...)
		run.Dir = dir
		run.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
		if output, err := run.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%v: %w\n%s", command, err, output)
		}
	}
	templates := map[string]map[string]map[string]any{}
	found, err := filepath.Glob(filepath.Join(dir, "templates", "*", "*.json"))
	if err != nil {
		return nil, err
	}
	for _, path := range found {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var template map[string]any
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if err := decoder.Decode(&template); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		name := filepath.Base(filepath.Dir(path))
		if templates[name] == nil {
			templates[name] = map[string]map[string]any{}
		}
		templates[name][strings.TrimSuffix(filepath.Base(path), ".json")] = template
	}
	return templates, nil
})

const harnessTests = `}

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

func TestApps(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, environments := range apps {
		for environment, define := range environments {
			t.Run(name+"/"+environment, func(t *testing.T) {
				defer func() {
					if problem := recover(); problem != nil {
						t.Error(problem)
					}
				}()
				t.Chdir(here + "/apps/" + name)
				t.Setenv("TAG", "test")
				t.Setenv("BUILD", "test")
				text := webtest.Template(t, define(webtest.NewApp(t)))
				if err := os.MkdirAll(here+"/templates/"+name, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(here+"/templates/"+name+"/"+environment+".json", []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}
`

func TestSynthesis(t *testing.T) {
	templates, err := synthesize()
	if err != nil {
		t.Fatal(err)
	}
	for name, environments := range templates {
		for environment, template := range environments {
			if resources, _ := template["Resources"].(map[string]any); len(resources) == 0 {
				t.Errorf("%s has no resources in %s", name, environment)
			}
		}
	}
	if len(templates) == 0 {
		t.Error("nothing was synthesized")
	}
}

// A container at port 443 is reached with HTTPS, and the health check of another container is at the
// port that the manifest names.
func TestEdges(t *testing.T) {
	templates, err := synthesize()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(templates["edges"]["test"])
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"Port":443,"Protocol":"HTTPS"`, `"HealthCheckProtocol":"HTTPS"`, `"HealthCheckPort":"8080"`, `"Values":["1.2.3.4/32"]`,
		`"enable-ecs-log-metadata":"false"`, `"Values":["10.0.6.0/24"]`, `"Values":["c.example.net","d.example.net"]`, `"DomainValidationOptions":[{"DomainName":"a.example.com","HostedZoneId":"Z0123456789"}]`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the template has no %s", want)
		}
	}
}

// Functions that share what is common make the same stacks as those that have all of it.
func TestSharedFunction(t *testing.T) {
	templates, err := synthesize()
	if err != nil {
		t.Fatal(err)
	}
	shared, apart := templates["environments"], templates["environments-apart"]
	if len(shared) != 3 || len(apart) != 3 {
		t.Fatalf("got %d and %d stacks, want 3", len(shared), len(apart))
	}
	for name := range shared {
		one, err1 := json.MarshalIndent(shared[name], "", " ")
		other, err2 := json.MarshalIndent(apart[name], "", " ")
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if string(one) != string(other) {
			t.Errorf("%s:\n%s", name, udiff.Unified("apart", "shared", string(other), string(one)))
		}
	}
}
