package ec2web_test

import (
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"

	"example.com/ec2web"

	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const kind = "AWS::EC2::Instance"

func TestConformance(t *testing.T) {
	hostingtest.Run(t, hostingtest.Harness{
		Hosting:   ec2web.Hosting{},
		Type:      kind,
		Network:   hostingtest.Network{Type: kind, SecurityGroups: "SecurityGroupIds", Public: true},
		Variables: func(service *web.Service) map[string]any { return variables(t, service) },
		OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
			service, _ := ec2web.NewService(scope, id, workload, ec2web.Hosting{})
			return service
		},
	})
}

// option is the start of a variable in the instance's script; the value follows it.
var option = regexp.MustCompile(`add --env=(\w+)= '$`)

// variables reads the variables of the only service of a stack from the instance's script.
func variables(t *testing.T, service *web.Service) map[string]any {
	found := map[string]any{}
	parts := script(t, awscdk.Stack_Of(service))
	for i, part := range parts {
		text, _ := part.(string)
		if match := option.FindStringSubmatch(text); match != nil && i+1 < len(parts) {
			value, _ := parts[i+1].(map[string]any)
			found[match[1]] = value["Fn::Base64"]
		}
	}
	return found
}

// script returns the script of the only instance in a stack: pieces of text, and functions of
// CloudFormation between them.
func script(t *testing.T, stack awscdk.Stack) []any {
	t.Helper()
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct {
				UserData struct {
					Base64 struct {
						Join []any `json:"Fn::Join"`
					} `json:"Fn::Base64"`
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(webtest.Template(t, stack)), &template); err != nil {
		t.Fatal(err)
	}
	for _, resource := range template.Resources {
		if resource.Type == kind {
			return resource.Properties.UserData.Base64.Join[1].([]any)
		}
	}
	t.Fatalf("there is no %s", kind)
	return nil
}

const (
	registry = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
	uri      = registry + "/site:1.4"
)

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// Each row sets something that decides the type of the instance.
func TestOptions(t *testing.T) {
	arm64 := &webimage.ExistingOptions{Architecture: webimage.ARM64}
	for _, test := range []struct {
		name    string
		image   webimage.Image
		hosting ec2web.Hosting
		want    string
	}{
		{"defaults", webimage.URI(uri, nil), ec2web.Hosting{}, "t3.small"},
		{"size", webimage.URI(uri, nil), ec2web.Hosting{Size: "large"}, "t3.large"},
		{"arm64", webimage.URI(uri, arm64), ec2web.Hosting{Size: "2xlarge"}, "t4g.2xlarge"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			service, resources := ec2web.NewService(stack, "Site", web.Workload{Image: test.image}, test.hosting)
			if got, ok := ec2web.ResourcesOf(service); !ok || got != resources {
				t.Errorf("ResourcesOf: got %v and %v, want what NewService returned", got, ok)
			}
			assertions.Template_FromStack(stack, nil).HasResourceProperties(
				new(kind), map[string]any{"InstanceType": test.want})
		})
	}
}

func TestVPC(t *testing.T) {
	stack := newStack(t)
	vpc := awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{NatGateways: new(0.0)})
	ec2web.NewService(stack, "Site", web.Workload{Image: webimage.URI(uri, nil)}, ec2web.Hosting{VPC: vpc})
	assertions.Template_FromStack(stack, nil).ResourceCountIs(new("AWS::EC2::VPC"), new(1.0))
}

func TestProblems(t *testing.T) {
	for _, test := range []struct {
		workload web.Workload
		hosting  ec2web.Hosting
		want     string
	}{
		{web.Workload{}, ec2web.Hosting{Size: "huge"},
			`Hosting.Size must be nano, micro, small, medium, large, xlarge or 2xlarge, got "huge"`},
		{web.Workload{Port: 22}, ec2web.Hosting{},
			"Workload.Port is the port of the instance's SSH server, got 22; choose another"},
		{web.Workload{Environment: map[string]string{"A-B": "a"}}, ec2web.Hosting{},
			`Workload.Environment["A-B"] must, on EC2 behind an HTTP API, have a name of letters, digits ` +
				"and underscores that does not start with a digit"},
	} {
		test.workload.Image = webimage.URI(uri, nil)
		props := web.ServiceProps{Workload: test.workload, Hosting: test.hosting}
		hostingtest.WantProblems(t, props, test.want)
	}
}

func TestGolden(t *testing.T) {
	stack := newStack(t)
	ec2web.NewService(stack, "Site", web.Workload{Image: webimage.URI(uri, nil)}, ec2web.Hosting{})
	webtest.Snapshot(t, stack)
}

// TestScript runs the script, with stubs for the programs of the instance. They note their
// arguments; one that is to fail, or fails the first time, leaves that to a file.
func TestScript(t *testing.T) {
	values := map[string]string{
		"EMPTY": "", "LINES": "a\nb\n", "QUOTES": `it's "quoted"`, "SHELL": "$(exit 1) `x` $HOME \\ *",
		"TEXT": "grüße",
	}
	command := []string{"serve", "", "a b", "it's", "end\n\n"}
	for _, test := range []struct {
		name, image, path string
		fail              string // a program
		login, curls      int
		signal            string
	}{
		{name: "private image", image: uri, path: "/healthz?a=1&b=it's", login: 1, curls: 2, signal: "0"},
		{name: "another registry", image: "ghcr.io/example/site:1", path: "/", curls: 2, signal: "0"},
		{name: "no docker", image: uri, path: "/", fail: "dnf", signal: "3"},
		{name: "no image", image: uri, path: "/", fail: "docker", login: 1, signal: "3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			ec2web.NewService(stack, "Site", web.Workload{
				Image: webimage.URI(test.image, nil), Port: 8000, Command: command, Environment: values,
				HealthCheck: web.HealthCheck{Path: test.path},
			}, ec2web.Hosting{})
			calls := run(t, script(t, stack), test.fail)

			var signals, regions, logins, curls []string
			for _, call := range calls {
				switch {
				case call[0] == "cfn-signal":
					signals = append(signals, call[2])
				case call[0] == "aws":
					regions = append(regions, call[len(call)-1])
				case call[0] == "docker" && call[1] == "login":
					logins = append(logins, call[len(call)-1])
				case call[0] == "curl":
					curls = append(curls, call[len(call)-1])
				}
			}
			if !slices.Equal(signals, []string{test.signal}) {
				t.Errorf("got signals %q, want one of %s", signals, test.signal)
			}
			if len(logins) != test.login || test.login > 0 && logins[0] != registry {
				t.Errorf("got logins at %q, want %d", logins, test.login)
			}
			if len(regions) != test.login || test.login > 0 && regions[0] != "eu-west-1" {
				t.Errorf("got passwords of the regions %q, want %d", regions, test.login)
			}
			if len(curls) != test.curls || test.curls > 0 && curls[0] != "http://localhost:8000"+test.path {
				t.Errorf("got requests for %q, want %d for %s", curls, test.curls, test.path)
			}
			if test.fail == "" {
				wantContainer(t, calls, values, append([]string{test.image}, command...))
			}
		})
	}
}

// wantContainer fails if the container does not get exactly the variables and the end of the command.
func wantContainer(t *testing.T, calls [][]string, values map[string]string, end []string) {
	t.Helper()
	for _, call := range calls {
		if call[0] != "docker" || call[1] != "run" {
			continue
		}
		if got := call[len(call)-len(end):]; !slices.Equal(got, end) {
			t.Errorf("got image and command %q, want %q", got, end)
		}
		for name, value := range values {
			if !slices.Contains(call, "--env="+name+"="+value) {
				t.Errorf("got %q, want %s=%s among them", call, name, value)
			}
		}
		return
	}
	t.Errorf("no container was started: %q", calls)
}

// run runs a script as an instance would, and returns the calls of its programs.
func run(t *testing.T, parts []any, fail string) [][]string {
	t.Helper()
	dir := t.TempDir()
	const stub = `#!/bin/bash
name="$(basename "$0")"
[ "$name ${1:-}" != "docker login" ] || cat > /dev/null # the password: who writes it has noted its call then
{ printf '%s\0' "$name" "$@"; printf '\n\0'; } >> "$CALLS"
case "$name" in
"$FAIL") [ "${1:-}" = login ] || exit 3 ;;
curl) rm "$CALLS.wait" 2> /dev/null && exit 7 ;; # the first time
esac
exit 0
`
	for _, program := range []string{"cfn-signal", "dnf", "systemctl", "aws", "docker", "curl", "sleep"} {
		if err := os.WriteFile(filepath.Join(dir, program), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	calls := filepath.Join(dir, "calls")
	if err := os.WriteFile(calls+".wait", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	bash := exec.CommandContext(t.Context(), "bash")
	bash.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "CALLS="+calls, "FAIL="+fail)
	bash.Stdin = strings.NewReader(strings.ReplaceAll(deployed(t, parts), "/opt/aws/bin/", ""))
	output, err := bash.CombinedOutput()
	if (err != nil) != (fail != "") {
		t.Fatalf("the script ended with %v: %s", err, output)
	}
	content, err := os.ReadFile(calls)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for _, call := range strings.Split(strings.TrimSuffix(string(content), "\x00\n\x00"), "\x00\n\x00") {
		all = append(all, strings.Split(call, "\x00"))
	}
	return all
}

// deployed is a script with what CloudFormation makes of its functions.
func deployed(t *testing.T, parts []any) string {
	t.Helper()
	var text strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case string:
			text.WriteString(part)
		case map[string]any:
			if value, ok := part["Fn::Base64"].(string); ok {
				text.WriteString(base64.StdEncoding.EncodeToString([]byte(value)))
			} else if name, ok := part["Ref"].(string); ok {
				text.WriteString(name)
			} else {
				t.Fatalf("the test does not know %v", part)
			}
		}
	}
	return text.String()
}
