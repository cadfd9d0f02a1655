package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webtest"
)

// program is a user's CDK app.
const program = `package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

func main() {
	web.Main(func(app awscdk.App) {
		kind, _ := app.Node().TryGetContext(new("mistake")).(string)
		stack := awscdk.NewStack(app, new("Shop"), nil)
		workload := web.Workload{Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)}
		switch kind {
		case "two":
			workload.Port, workload.HealthCheck.Path = 70000, "healthz"
		case "cdk":
			awscdk.NewStack(app, new("Shop"), nil)
		case "go":
			var nothing *web.ServiceProps
			workload = nothing.Workload
		}
		web.NewService(stack, "Site", &web.ServiceProps{
			Workload: workload,
			Hosting: web.HostingOf(app, map[string]web.Hosting{
				"apprunner": apprunnerweb.Hosting{},
				"lambda":    lambdaweb.Hosting{},
			}),
		})
	})
}
`

// Main is a program's main function, so it is tested as one: what it prints, and how it exits.
func TestMainAsAProgram(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	if err := os.WriteFile(source, []byte(program), 0o644); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "app")
	if output, err := exec.Command("go", "build", "-o", binary, source).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	for _, test := range []struct {
		name, context string
		want          string // a pattern of everything but Node's banner; empty for success
	}{
		{"a good app", `{"hosting": "lambda"}`, ""},
		{"two problems", `{"hosting": "lambda", "mistake": "two"}`,
			`^main.go:26: Shop/Site has 2 problems:\n  Workload.Port must be between 1 and 65535, got 70000\n  Workload.HealthCheck.Path must start with a slash, got "healthz"; write "/healthz"\n$`},
		{"an unknown hosting", `{"hosting": "lamda"}`,
			`^main.go:28: App: the context "hosting" must be apprunner or lambda, got "lamda"; set it with -c hosting=apprunner, or under "context" in cdk.json\n$`},
		{"no hosting", `{}`, `^main.go:28: App: the context "hosting" is not set; it must be apprunner or lambda; set it with`},
		{"an error of the CDK", `{"hosting": "lambda", "mistake": "cdk"}`, `^main.go:21: .*There is already a Construct with name 'Shop' in App\n$`},
		{"a mistake in Go", `{"hosting": "lambda", "mistake": "go"}`, `(?s)^panic: runtime error: invalid memory address.*main.go:24`},
	} {
		t.Run(test.name, func(t *testing.T) {
			command := exec.Command(binary)
			command.Dir = dir
			command.Env = append(os.Environ(), "CDK_VALIDATION=false", "CDK_OUTDIR="+t.TempDir(), "CDK_CONTEXT_JSON="+test.context)
			output, err := command.CombinedOutput()
			text := banner.ReplaceAllString(string(output), "")
			if test.want == "" {
				if err != nil || strings.Contains(text, "rror") {
					t.Errorf("got %v and %s, want success", err, text)
				}
				return
			}
			if command.ProcessState.ExitCode() != 1 || !regexp.MustCompile(test.want).MatchString(text) {
				t.Errorf("got exit status %d and\n%s\nwant 1 and %s", command.ProcessState.ExitCode(), text, test.want)
			}
		})
	}
}

// banner is what Node 20 prints, and what jsii prints if the process that started the test ignores
// the end of its children.
var banner = regexp.MustCompile(`(?m)^(!!|Runtime process exited abnormally: waitid: no child processes).*\n?`)

func TestHostingOf(t *testing.T) {
	app := webtest.NewApp(t)
	app.Node().SetContext(new("hosting"), "lambda")
	hostings := map[string]web.Hosting{"lambda": lambdaweb.Hosting{MemorySize: 256}, "memory": memweb.Hosting{}}
	if got := web.HostingOf(app, hostings); got != web.Hosting(lambdaweb.Hosting{MemorySize: 256}) {
		t.Errorf("got %+v, want the one of lambda", got)
	}
	other := webtest.NewApp(t)
	other.Node().SetContext(new("hosting"), 1)
	hostingtest.WantPanic(t, "App", `the context "hosting" must be lambda or memory, got 1; set it with -c hosting=lambda`, func() { web.HostingOf(other, hostings) })
	var _ awscdk.App = other
}
