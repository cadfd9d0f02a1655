package importer

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A smallCase is a small input, and what its program and report have or must not have.
type smallCase struct {
	name  string
	from  string            // copilot, apprunner or sam
	files map[string]string // the first by name is imported; of Copilot the folder, of App Runner all
	args  []string
	has   []string // in main.go, main_test.go or IMPORT.md
	lacks []string // in all files
}

// build imports a case.
func (c smallCase) build(t *testing.T) []file {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "project")
	var paths []string
	for name, content := range c.files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	args := []string{c.from, dir}
	switch c.from {
	case "apprunner":
		args = append([]string{c.from}, paths...)
	case "sam":
		args = []string{c.from, paths[0]}
	}
	files, err := importFiles(append(args, c.args...))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// check fails if the case's program is not Go that compiles, as far as that is known without the
// packages that it imports, or if a text is missing or there that must not be.
func (c smallCase) check(t *testing.T) {
	t.Helper()
	files := c.build(t)
	for _, f := range files {
		if strings.HasSuffix(f.name, ".go") {
			wantGo(t, f)
		}
	}
	wantTypes(t, files)
	// A comment of main.go is in several lines, so all white space is one space.
	text := strings.Join(strings.Fields(strings.ReplaceAll(all(files), "//", " ")), " ")
	for _, want := range c.has {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %q in\n%s", want, all(files))
		}
	}
	for _, bad := range c.lacks {
		if strings.Contains(text, bad) {
			t.Errorf("there is %q in\n%s", bad, all(files))
		}
	}
}

// noPackages imports each package as an empty one.
type noPackages struct{}

func (noPackages) Import(path string) (*types.Package, error) {
	name := path[strings.LastIndexByte(path, '/')+1:]
	if name == "v2" {
		name = "awscdk"
	}
	p := types.NewPackage(path, name)
	p.MarkComplete()
	return p, nil
}

// wantTypes fails if a program does not compile for a reason that has nothing to do with the packages
// that it imports, such as a variable that is not used.
func wantTypes(t testing.TB, files []file) {
	t.Helper()
	set := token.NewFileSet()
	var parsed []*ast.File
	for _, f := range files {
		if f.name != "main.go" && f.name != "main_test.go" {
			continue
		}
		file, err := parser.ParseFile(set, f.name, f.content, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, file)
	}
	config := types.Config{Importer: noPackages{}, Error: func(err error) {
		var problem types.Error
		if errors.As(err, &problem) && !strings.HasPrefix(problem.Msg, "undefined: ") &&
			!strings.HasSuffix(problem.Msg, "imported and not used") {
			t.Errorf("%v in\n%s", err, all(files))
		}
	}}
	_, _ = config.Check("main", set, parsed, nil) // each error goes to Error
}

const manifest1 = "name: api\ntype: Load Balanced Web Service\nimage:\n  location: nginx\n  port: 8080\n"

func appRunner1(name, region string) string {
	return `{"Service": {"ServiceName": "` + name + `", "ServiceArn": "arn:aws:apprunner:` + region + `:123456789012:service/` + name + `/1",
"SourceConfiguration": {"ImageRepository": {"ImageIdentifier": "public.ecr.aws/nginx/nginx:1", "ImageRepositoryType": "ECR_PUBLIC",
"ImageConfiguration": {"Port": "8080"}}}}}`
}

const sam1 = "Transform: AWS::Serverless-2016-10-31\nResources:\n  ApiFunction:\n    Type: AWS::Serverless::Function\n    Properties:\n      PackageType: Image\n" +
	"      ImageUri: 123456789012.dkr.ecr.eu-west-1.amazonaws.com/api:1\n"

func TestCases(t *testing.T) {
	for _, c := range []smallCase{
		{
			name: "a function that nothing names", from: "sam", files: map[string]string{"template.yaml": sam1},
			has: []string{`web.NewService(stack, "API"`}, lacks: []string{"api :="},
		},
		{
			name: "a queue that nothing names", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "  Jobs:\n    Type: AWS::SQS::Queue\n"},
			has:   []string{`awssqs.NewQueue(stack, new("Jobs"), nil)`}, lacks: []string{"jobs :="},
		},
		{
			name: "two services of App Runner", from: "apprunner", files: map[string]string{"a.json": appRunner1("one", "eu-west-1") + appRunner1("two", "eu-west-1")},
			has: []string{`"one-cdk": newOne`, `"two-cdk": newTwo`},
		},
		{
			name: "a service of App Runner in two Regions", from: "apprunner",
			files: map[string]string{"a.json": appRunner1("one", "eu-west-1"), "b.json": appRunner1("one", "eu-west-3")},
			has:   []string{`"one-cdk": newOne`, `"one-2-cdk": newOneStack`},
		},
		{
			name: "lists that an environment empties", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http: {path: /, alias: a.example.com, additional_rules: [{path: x}]}\n" +
				"environments: {test: {http: {alias: [], additional_rules: []}, odd: []}}\n"},
			has: []string{"odd: [] is no field"}, lacks: []string{"Forward", "additional_rules: [] is no field", "alias: [] is no field"},
		},
		{
			name: "a health check of gRPC", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http: {path: /, version: grpc, alias: a.example.com, healthcheck: {path: /h, success_codes: '0,12'}}\n"},
			has: []string{`GrpcCode: new("0,12")`}, lacks: []string{"success_codes"},
		},
		{
			name: "a rule for a path before one for a host", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http: {path: /, alias: [a.example.com, b.example.com], additional_rules: [{path: x}]}\n"},
			has:   []string{`Paths: []string{"/x", "/x/*"}, Priority: 10`, "Priority: 20, }"},
		},
		{
			name: "a command with a space in a word, on App Runner", from: "copilot", args: []string{"--hosting", "apprunner"},
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "command: run --flag='a b'\n"},
			has:   []string{`command has no equal on App Runner: it splits a command at spaces, and "--flag=a b" is one word`}, lacks: []string{"Command:"},
		},
		{
			name: "a folder in place of a Dockerfile", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": strings.Replace(manifest1, "location: nginx", "build: .", 1)},
			has:   []string{"which is a folder and no Dockerfile: a stand-in is in the folder api"},
		},
		{
			name: "ids that are none", from: "copilot", args: []string{"--hosting", "lambda"},
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "network: {vpc: {security_groups: [sg-1]}}\n",
				"copilot/environments/test/manifest.yml": "name: test\ntype: Environment\nnetwork: {vpc: {id: vpc-12345678, subnets: {private: [{id: subnet-1}]}}}\n"},
			has: []string{"sg-1 is left out: must be the id of a security group", "subnet-1 is left out: must be the id of a subnet",
				"needs private subnets, and the environment test names none"}, lacks: []string{"vpc :="},
		},
		{
			name: "environments that differ in their names", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "environments: {test: {}, staging: {}}\n", "copilot/.workspace": "application: shop\n"},
			has:   []string{`return newStack(app, "staging")`, `func newStack(app awscdk.App, env string)`, `new("shop-"+env+"-cdk")`, `"COPILOT_ENVIRONMENT_NAME": env,`},
			lacks: []string{"settings"},
		},
		{
			name: "environments of which one is another", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"environments: {test: {cpu: 512, memory: 1024}, prod: {http: {path: /, alias: shop.example.com}}, staging: {deployment: {rolling: recreate}}}\n"},
			has: []string{"newStack is what the environments test and staging have in common.", "CPU: env.cpu,", "In staging: manifest.yml:6: deployment.rolling: recreate",
				`Name: "shop.example.com"`},
		},
		{
			name: "an environment of a name in an escape", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "variables: {A: \"a\\test\"}\nenvironments: {test: {}, new: {variables: {A: \"a\\new\"}}}\n"},
			has:   []string{`a: "a\test"`, `a: "a\new"`},
		},
		{
			name: "environments that differ in upper case", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1, "copilot/.workspace": "application: shop\n"}, args: []string{"--environments", "test,Test"},
			has: []string{`"test": newTest`, `"shop-test-2-cdk": newTestStack`},
		},
		{
			name: "addresses of clients of another container", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http:\n  path: /\n  target_container: sc\n  allowed_source_ips: [1.2.3.4/32]\nsidecars:\n  sc:\n    image: nginx\n    port: 90\n"},
			has: []string{`AllowFrom: []netip.Prefix{netip.MustParsePrefix("1.2.3.4/32")}, Priority: 20, }, scTargets)`},
		},
		{
			name: "a path with many wildcards", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http:\n  path: /a*b*c*d*\n"},
			has:   []string{"http.path: /a*b*c*d* is left out: must be a path with at most 3 of * and ?"},
		},
		{
			name: "addresses of clients that are odd", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http:\n  path: /\n  allowed_source_ips: [192.0.2.1/24, 192.0.2.0/24, '2001:db8::/32', '::ffff:192.0.2.1']\n"},
			has: []string{`new("192.0.2.0/24"), new("2001:db8::/32")`, "allowed_source_ips[1]: 192.0.2.0/24 is there twice",
				"allowed_source_ips[3]: ::ffff:192.0.2.1 is left out"},
		},
		{
			name: "the alias of another rule", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http:\n  path: /\n  alias: a.example.com\n  additional_rules:\n    - path: x\n      alias: b.example.com\n"},
			has: []string{`Hosts: []string{"a.example.com"}`, `Hosts: []string{"b.example.com"}, Paths: []string{"/x", "/x/*"}`},
		},
		{
			name: "a port of HTTPS", from: "copilot", files: map[string]string{"copilot/api/manifest.yml": strings.Replace(manifest1, "8080", "443", 1)},
			has: []string{`secure.SetProtocol(new("HTTPS"))`, `secure.SetHealthCheckProtocol(new("HTTPS"))`, "leads to port 443, which the load balancer reaches with HTTPS"},
		},
		{
			name: "another container's port of HTTPS", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http:\n  path: /\n  target_container: sc\nsidecars:\n  sc:\n    image: nginx\n    port: 443\n"},
			has: []string{"Port: new(443.0), Protocol: awselasticloadbalancingv2.ApplicationProtocol_HTTPS,",
				"Protocol: awselasticloadbalancingv2.Protocol_HTTPS,", "leads to port 443, which the load balancer reaches with HTTPS"},
			lacks: []string{"secure"},
		},
		{
			name: "the health check of another port", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http:\n  path: /\n  target_container: sc\n  healthcheck:\n    path: /h\n    port: 8080\nsidecars:\n  sc:\n    image: nginx\n    port: 8443\n"},
			has: []string{`Path: new("/h"), Port: new("8080"),`},
		},
		{
			name: "the health check of a port that is nobody's", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http:\n  path: /\n  healthcheck:\n    path: /h\n    port: 8081\n"},
			has:   []string{"http.healthcheck.port: 8081 has no equal"},
		},
		{
			name: "the default of a parameter that is a secret", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      Environment:\n        Variables:\n          KEY: !Ref Key\n          URL: !Sub a${Key}b\n" +
				"Parameters:\n  Key:\n    Type: String\n    NoEcho: true\n    Default: hunter2\n"},
			has: []string{"Parameters.Key has NoEcho, and its default is not written here", "KEY: {Ref: Key} has no equal"}, lacks: []string{"hunter2"},
		},
		{
			name: "a file of variables", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "env_file: api.env\n", "api.env": "A=1\n"},
			has:   []string{`"A": "1"`, "env_file: api.env is read, and its values are in main.go now"},
		},
		{
			name: "a file of variables outside", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "env_file: ../outside.env\n", "../outside.env": "A=hunter2\n"},
			has:   []string{"env_file: ../outside.env has no equal"}, lacks: []string{"hunter2"},
		},
		{
			name: "no redirect to HTTPS", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "http:\n  path: /\n  alias: shop.example.com\n  redirect_to_https: false\n"},
			has:   []string{"RedirectDisabled: true", "http.redirect_to_https: false closes port 80, where Copilot served HTTP"},
		},
		{
			name: "no metadata in logs", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "logging:\n  enableMetadata: false\n"},
			has:   []string{"Options: &awsecs.FirelensOptions{EnableECSLogMetadata: new(false)}"},
		},
		{
			name: "an alias without a hosted zone", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"http:\n  path: /\n  alias:\n    - name: a.example.com\n      hosted_zone: Z0123456789\n    - name: b.example.org\n"},
			has:   []string{"FromDnsMultiZone", `"a.example.com": zone`, "http.alias: b.example.org has no hosted zone, and so no record"},
			lacks: []string{"FromDns(zone)", `"b.example.org": zone`},
		},
		{
			name: "a parameter of another account", from: "apprunner",
			files: map[string]string{"a.json": strings.Replace(appRunner1("one", "eu-west-1"), `"Port"`,
				`"RuntimeEnvironmentSecrets": {"A": "arn:aws:ssm:eu-west-1:210987654321:parameter/a", "B": "arn:aws:ssm:eu-west-1:123456789012:parameter/b"}, "Port"`, 1)},
			has:   []string{"parameter/a is the parameter of this name in the stack's account and region"},
			lacks: []string{"parameter/b is the parameter"},
		},
		{
			name: "the ARN of a secret", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 +
				"secrets:\n  A:\n    secretsmanager: \"arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf:password::\"\n"},
			has: []string{`new("arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf")`, `, "password")`},
		},
		{
			name: "a password of a registry", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "sidecars:\n" +
				"  a:\n    image: quay.io/a\n    credentialsParameter: arn:aws:secretsmanager:eu-west-1:123456789012:secret:one\n" +
				"  b:\n    image: quay.io/b\n    credentialsParameter: arn:aws:secretsmanager:eu-west-1:123456789012:secret:two-AbCdEf\n" +
				"  c:\n    image: quay.io/c\n    credentialsParameter: three\n" +
				"  d:\n    image:\n      build: d/Dockerfile\n    credentialsParameter: four\n"},
			has: []string{
				`Secret_FromSecretPartialArn(stack, new("ACredentials")`, `Secret_FromSecretCompleteArn(stack, new("BCredentials")`,
				`Secret_FromSecretNameV2(stack, new("CCredentials")`, "sidecars.d.credentialsParameter: four has no equal",
			},
		},
		{
			name: "what stands beside the services", from: "copilot",
			files: map[string]string{
				"copilot/api/manifest.yml": manifest1, "copilot/environments/addons/bucket.yml": "Resources: {}\n",
				"copilot/pipelines/main/manifest.yml": "name: main\nversion: 1\n",
			},
			has: []string{
				"environments/addons/bucket.yml: environments/addons belongs to the environments, and has no equal",
				"pipelines/main/manifest.yml: pipelines is a pipeline, and no service: write one",
			},
		},
		{
			name: "a number that nobody knows, with Globals", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      Timeout: !Ref P\nGlobals:\n  Function:\n    Timeout: 60\nParameters:\n  P:\n    Type: Number\n"},
			has:   []string{"Timeout: time.Minute", "Timeout: {Ref: P} is 60, as in Globals, now"},
		},
		{
			name: "a number that nobody knows", from: "sam",
			files: map[string]string{"template.yaml": sam1 + "      Timeout: !Ref P\nParameters:\n  P:\n    Type: Number\n"},
			has:   []string{"Timeout: 3 * time.Second", "Timeout: {Ref: P} is 3 s, Lambda's own, now"},
		},
		{
			name: "values of another shape", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "network: [a]\nlogging: yes\npublish:\n  topics: a\nstorage: 3\n"},
			has: []string{"network: [a] is left out: must be a mapping", "logging: yes is left out: must be a mapping",
				"publish.topics: a is left out: must be a list", "storage: 3 is left out: must be a mapping"},
			lacks: []string{"is no field that"},
		},
		{
			name: "two topics of one name", from: "copilot",
			files: map[string]string{"copilot/api/manifest.yml": manifest1 + "publish:\n  topics:\n    - name: jobs\n    - name: jobs\n"},
			has:   []string{"{name: jobs} is left out: must be a topic of another name"}, lacks: []string{"jobsTopic"},
		},
	} {
		t.Run(c.name, c.check)
	}
}

// Files of another folder stay as they are, also with --force.
func TestForceFollowsNoLinks(t *testing.T) {
	for _, link := range []string{"main.go", "api"} {
		dir := t.TempDir()
		out, outside := filepath.Join(dir, "out"), filepath.Join(dir, "outside")
		target := filepath.Join(outside, "main.go")
		for _, folder := range []string{out, outside} {
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(target, []byte("mine"), 0o644); err != nil {
			t.Fatal(err)
		}
		to := map[string]string{"main.go": target, "api": outside}[link]
		if err := os.Symlink(to, filepath.Join(out, link)); err != nil {
			t.Fatal(err)
		}
		if err := write(out, []file{{"main.go", "new"}, {"api/main.go", "new"}}, true); err == nil {
			t.Errorf("%s: a link that leads out of the folder was followed", link)
		}
		if text, err := os.ReadFile(target); err != nil || string(text) != "mine" {
			t.Errorf("%s: got %q, %v, want the file as it was", link, text, err)
		}
	}
}
