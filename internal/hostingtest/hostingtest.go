// Package hostingtest is what every hosting has to do alike, as one table of tests. A hosting's package runs them with one call:
//
//	hostingtest.Run(t, hostingtest.Harness{Hosting: apprunnerweb.Hosting{}, …})
//
// What only one hosting does is tested in its own package.
package hostingtest

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// Harness is what the tests have to know about a hosting.
type Harness struct {
	// Hosting with its default options.
	Hosting web.Hosting

	// New is the package's own NewService with the default options.
	New func(scope constructs.Construct, id string, workload web.Workload) web.Hosted

	// Node is the id of the hosting's construct below a web.Service.
	Node string

	// Type is the primary resource's.
	Type string

	// Principal is who assumes the role of the running code.
	Principal string

	// Environment is the path of the variables in the primary resource's properties: a list of Name and Value, or a map.
	Environment string

	// Command is the path of the command, and CommandValue what ["serve", "--verbose"] becomes, as JSON.
	Command, CommandValue string

	// Reserved is a variable's name that the hosting keeps for itself.
	Reserved string
}

const privateImage = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"

// workload needs no build.
func workload() web.Workload { return web.Workload{Image: webimage.URI(privateImage, nil)} }

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// service adds a service to a stack.
func (h Harness) service(stack awscdk.Stack, id string, workload web.Workload) *web.Service {
	return web.NewService(stack, id, &web.ServiceProps{Workload: workload, Hosting: h.Hosting})
}

// variables returns the environment variables of the only service in a template.
func (h Harness) variables(template templatetest.Template) map[string]any {
	switch found := template.Get(h.Type, h.Environment).(type) {
	case map[string]any:
		return found
	case []any:
		variables := map[string]any{}
		for _, pair := range found {
			variables[templatetest.At(pair, "Name").(string)] = templatetest.At(pair, "Value")
		}
		return variables
	}
	return nil
}

// Run runs the tests.
func Run(t *testing.T, h Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"the service is a construct", testConstruct},
		{"the URL is https without a slash at the end", testURL},
		{"variables come from the port, the workload and AddEnvironment", testEnvironment},
		{"a variable has one value", testVariableTwice},
		{"the command replaces the image's", testCommand},
		{"a new role trusts the hosting and may do what it is granted", testRole},
		{"the workload's own role is used", testOwnRole},
		{"UseTable grants and sets the variable", testUseTable},
		{"UseTable refuses what cannot work", testUseTableErrors},
		{"the package's own constructor does the same", testOwnConstructor},
		{"one workload makes one image", testOneImage},
		{"every problem is reported at once, before anything is made", testErrors},
		{"each problem has its sentence", testSentences},
		{"the workload is not changed", testWorkloadIsCopied},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
}

func testConstruct(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	if found := stack.Node().FindChild(new("Site")); found != constructs.IConstruct(service) {
		t.Errorf("the stack's child is %v, want the service itself", found)
	}
	hosted := service.Node().FindChild(&h.Node)
	if hosted != constructs.IConstruct(service.Hosted()) {
		t.Errorf("the service's child %s is %v, want the hosted service", h.Node, hosted)
	}
	if child, ok := hosted.Node().DefaultChild().(awscdk.CfnResource); !ok || *child.CfnResourceType() != h.Type {
		t.Errorf("the default child is %v, want the %s", hosted.Node().DefaultChild(), h.Type)
	}

	awssqs.NewQueue(service, new("Queue"), nil)
	awscdk.Tags_Of(service).Add(new("team"), new("web"), nil)
	awscdk.Annotations_Of(service).AddInfo(new("hello"))
	visitor := &visitor{}
	awscdk.Aspects_Of(service).Add(visitor, nil)
	service.Node().AddDependency(awssqs.NewQueue(stack, new("Before"), nil))

	template := templatetest.Of(t, stack)
	if tags := templatetest.JSON(t, template.Get(h.Type, "Tags")); !strings.Contains(tags, `"Key":"team","Value":"web"`) {
		t.Errorf("got tags %s, want team=web", tags)
	}
	if !slices.Contains(visitor.paths, "Stack/Site/"+h.Node) {
		t.Errorf("an aspect saw %q, want the hosted service among them", visitor.paths)
	}
	before := template.IDs("AWS::SQS::Queue")[0]
	if id := template.IDs(h.Type)[0]; !slices.Contains(template.Resources[id].DependsOn, before) {
		t.Errorf("the %s depends on %q, want %s among them", h.Type, template.Resources[id].DependsOn, before)
	}
}

// visitor is an aspect that notes what it saw.
type visitor struct{ paths []string }

func (v *visitor) Visit(node constructs.IConstruct) { v.paths = append(v.paths, *node.Node().Path()) }

func testURL(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
	template := templatetest.Of(t, stack)
	if n := len(template.Outputs); n != 1 {
		t.Errorf("got %d outputs, want only the one that was asked for", n)
	}
	value := templatetest.At(template.Outputs, "URL.Value")
	if parts, ok := templatetest.At(value, "Fn::Join.1").([]any); ok {
		if start, ok := parts[0].(string); !ok || !strings.HasPrefix(start, "https://") {
			t.Errorf("got URL %s, want one that starts with https://", templatetest.JSON(t, value))
		}
		if end, ok := parts[len(parts)-1].(string); ok && strings.HasSuffix(end, "/") {
			t.Errorf("got URL %s, want none with a slash at the end", templatetest.JSON(t, value))
		}
		return
	}
	// API Gateway's attribute is a URL itself.
	if attribute := templatetest.At(value, "Fn::GetAtt.1"); attribute != "ApiEndpoint" {
		t.Errorf("got URL %s, want https://… or an attribute that holds it", templatetest.JSON(t, value))
	}
}

func testEnvironment(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.Port = 8000
	w.Environment = map[string]string{"ZONE": "z", "ALPHA": "a"}
	service := h.service(stack, "Site", w)
	service.AddEnvironment("MIDDLE", *stack.Region())
	service.AddEnvironment("EMPTY", "")
	got := h.variables(templatetest.Of(t, stack))
	for name, want := range map[string]string{
		"PORT": `"8000"`, "ZONE": `"z"`, "ALPHA": `"a"`, "EMPTY": `""`, "MIDDLE": `{"Ref":"AWS::Region"}`,
	} {
		if text := templatetest.JSON(t, got[name]); text != want {
			t.Errorf("%s: got %s, want %s", name, text, want)
		}
	}
}

func testVariableTwice(t *testing.T, h Harness) {
	w := workload()
	w.Environment = map[string]string{"STAGE": "test"}
	service := h.service(newStack(t), "Site", w)
	service.AddEnvironment("STAGE", "test")
	path := "Stack/Site/" + h.Node
	WantPanic(t, path, `STAGE is set to "test" already, got "live"`, func() { service.AddEnvironment("STAGE", "live") })
	WantPanic(t, path, "PORT is set from the field Port", func() { service.AddEnvironment("PORT", "1") })
	WantPanic(t, path, "must not be empty", func() { service.AddEnvironment("", "1") })
	WantPanic(t, path, h.Reserved, func() { service.AddEnvironment(h.Reserved, "1") })
}

func testCommand(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.Command = []string{"serve", "--verbose"}
	h.service(stack, "Site", w)
	templatetest.Of(t, stack).Want(h.Type, h.Command, h.CommandValue)
}

func testRole(t *testing.T, h Harness) {
	stack := newStack(t)
	table := newTable(stack, "Table")
	service := h.service(stack, "Site", workload())
	table.GrantReadData(service)
	service.Role().AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Actions: &[]*string{new("sns:Publish")}, Resources: &[]*string{new("*")},
	}))

	template := templatetest.Of(t, stack)
	var roles []string
	for _, id := range template.IDs("AWS::IAM::Role") {
		trust := templatetest.JSON(t, template.Resources[id].Properties["AssumeRolePolicyDocument"])
		if strings.Contains(trust, `"Service":"`+h.Principal+`"`) {
			roles = append(roles, id)
		}
	}
	if len(roles) == 0 {
		t.Fatalf("no role trusts %s", h.Principal)
	}
	policies := template.IDs("AWS::IAM::Policy")
	if len(policies) != 1 {
		t.Fatalf("got policies %q, want one", policies)
	}
	policy := template.Resources[policies[0]]
	text := templatetest.JSON(t, policy.Properties)
	for _, want := range []string{"dynamodb:GetItem", "sns:Publish"} {
		if !strings.Contains(text, want) {
			t.Errorf("the policy lacks %s: %s", want, text)
		}
	}
	if strings.Contains(text, "dynamodb:PutItem") {
		t.Errorf("GrantReadData grants writing: %s", text)
	}
	if of, _ := templatetest.At(policy.Properties, "Roles.0.Ref").(string); !slices.Contains(roles, of) {
		t.Errorf("the policy is of %s, want one of %q", of, roles)
	}
	if id := template.IDs(h.Type)[0]; !slices.Contains(template.Resources[id].DependsOn, policies[0]) {
		t.Errorf("the %s depends on %q, want the policy %s among them", h.Type, template.Resources[id].DependsOn, policies[0])
	}
}

func testOwnRole(t *testing.T, h Harness) {
	stack := newStack(t)
	role := awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(&h.Principal, nil)})
	w := workload()
	w.Role = role
	service := h.service(stack, "Site", w)
	if service.Role() != awsiam.IRole(role) {
		t.Errorf("got role %v, want the workload's", service.Role())
	}
	newTable(stack, "Table").GrantWriteData(service)
	template := templatetest.Of(t, stack)
	if of := template.Get("AWS::IAM::Policy", "Roles.0.Ref"); of != *stack.GetLogicalId(role.Node().DefaultChild().(awscdk.CfnElement)) {
		t.Errorf("the policy is of %v, want the workload's role", of)
	}
}

func newTable(scope constructs.Construct, id string) awsdynamodb.TableV2 {
	return awsdynamodb.NewTableV2(scope, &id, &awsdynamodb.TablePropsV2{
		PartitionKey: &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
	})
}

func testUseTable(t *testing.T, h Harness) {
	kinds := map[string]func(stack awscdk.Stack) awsdynamodb.ITable{
		"Table": func(stack awscdk.Stack) awsdynamodb.ITable {
			return awsdynamodb.NewTable(stack, new("Table"), &awsdynamodb.TableProps{
				PartitionKey: &awsdynamodb.Attribute{Name: new("id"), Type: awsdynamodb.AttributeType_STRING},
			})
		},
		"TableV2": func(stack awscdk.Stack) awsdynamodb.ITable { return newTable(stack, "Table") },
		"imported": func(stack awscdk.Stack) awsdynamodb.ITable {
			return awsdynamodb.Table_FromTableName(stack, new("Table"), new("orders"))
		},
		"imported V2": func(stack awscdk.Stack) awsdynamodb.ITable {
			return awsdynamodb.TableV2_FromTableArn(stack, new("Table"), new("arn:aws:dynamodb:eu-west-1:123456789012:table/orders"))
		},
	}
	for kind, make := range kinds {
		for _, test := range []struct {
			access      []web.Access
			read, write bool
		}{
			{[]web.Access{web.Read}, true, false},
			{[]web.Access{web.Write}, false, true},
			{[]web.Access{web.ReadWrite}, true, true},
			{[]web.Access{web.Read, web.Write}, true, true}, // a second call widens the access
		} {
			name := kind
			for _, access := range test.access {
				name += " " + string(access)
			}
			t.Run(name, func(t *testing.T) {
				stack := newStack(t)
				table := make(stack)
				service := h.service(stack, "Site", workload())
				for _, access := range test.access {
					service.UseTable("ORDERS", table, access)
				}
				template := templatetest.Of(t, stack)
				want := `"orders"`
				if ids := template.IDs("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"); len(ids) == 1 {
					want = `{"Ref":"` + ids[0] + `"}`
				}
				if got := templatetest.JSON(t, h.variables(template)["ORDERS"]); got != want {
					t.Errorf("got ORDERS=%s, want %s", got, want)
				}
				policy := templatetest.JSON(t, template.Get("AWS::IAM::Policy", "PolicyDocument"))
				for action, granted := range map[string]bool{"dynamodb:Query": test.read, "dynamodb:PutItem": test.write} {
					if strings.Contains(policy, action) != granted {
						t.Errorf("%s is granted: %v, want %v", action, !granted, granted)
					}
				}
			})
		}
	}
}

func testUseTableErrors(t *testing.T, h Harness) {
	stack := newStack(t)
	one, two := newTable(stack, "One"), newTable(stack, "Two")
	service := h.service(stack, "Site", workload())
	service.UseTable("TABLE", one, web.Read)
	path := "Stack/Site/" + h.Node
	WantPanic(t, path, `UseTable("TABLE"): the variable names the table Stack/One already, got the table Stack/Two; choose another name`, func() { service.UseTable("TABLE", two, web.Read) })
	WantPanic(t, path, `UseTable("OTHER"): table must not be nil`, func() { service.UseTable("OTHER", nil, web.Read) })
	WantPanic(t, path, `access must be web.Read, web.Write or web.ReadWrite, got "all"`, func() { service.UseTable("OTHER", one, "all") })
	WantPanic(t, path, "must not be empty", func() { service.UseTable("", one, web.Read) })
	WantPanic(t, path, h.Reserved, func() { service.UseTable(h.Reserved, two, web.Read) })
	if policy := templatetest.JSON(t, templatetest.Of(t, stack).Get("AWS::IAM::Policy", "PolicyDocument")); strings.Contains(policy, "Two") {
		t.Errorf("a refused table was granted: %s", policy)
	}
}

func testOwnConstructor(t *testing.T, h Harness) {
	first := newStack(t)
	h.service(first, "Site", workload()).UseTable("TABLE", newTable(first, "Table"), web.ReadWrite)
	second := newStack(t)
	scope := constructs.NewConstruct(second, new("Site")) // stands where the web.Service stands
	h.New(scope, h.Node, workload()).UseTable("TABLE", newTable(second, "Table"), web.ReadWrite)
	if one, two := webtest.Template(t, first), webtest.Template(t, second); one != two {
		t.Errorf("web.NewService makes\n%s\nand the package's own NewService\n%s", one, two)
	}
}

func testOneImage(t *testing.T, h Harness) {
	build := func(dir string) (hash string, images int) {
		if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nCOPY . /\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		stack := newStack(t)
		h.service(stack, "One", web.Workload{Image: webimage.Dockerfile(dir, nil)})
		h.service(stack, "Two", web.Workload{Image: webimage.Dockerfile(dir, nil), Environment: map[string]string{"STAGE": "2"}})
		hashes := ImageHashes(t, stack)
		return hashes[0], len(hashes)
	}
	first, images := build(t.TempDir())
	if images != 1 {
		t.Errorf("two services over one workload make %d images, want one", images)
	}
	if second, _ := build(t.TempDir()); second != first {
		t.Errorf("the same files in two folders have the hashes %s and %s", first, second)
	}
}

// ImageHashes synthesizes a stack's app and returns the source hashes of the images that `cdk deploy` builds for the stack.
func ImageHashes(t *testing.T, stack awscdk.Stack) []string {
	t.Helper()
	assembly := stack.Node().Root().(awscdk.App).Synth(nil)
	content, err := os.ReadFile(filepath.Join(*assembly.Directory(), *stack.ArtifactId()+".assets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var manifest struct {
		DockerImages map[string]struct {
			Source struct{ Directory, DockerFile, Platform string }
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		t.Fatal(err)
	}
	for hash, image := range manifest.DockerImages {
		if image.Source.Platform == "" {
			t.Errorf("image %s has no platform", hash)
		}
		// The folder lies in cdk.out and is complete.
		if _, err := os.Stat(filepath.Join(*assembly.Directory(), image.Source.Directory, image.Source.DockerFile)); err != nil || filepath.IsAbs(image.Source.Directory) {
			t.Errorf("image %s is built from %s (%v), want a folder of the cloud assembly", hash, image.Source.Directory, err)
		}
	}
	return slices.Sorted(maps.Keys(manifest.DockerImages))
}

// broken is wrong in every field that all hostings share.
func broken(h Harness) (web.Workload, []string) {
	return web.Workload{
			Port:        -1,
			Environment: map[string]string{"": "x", "PORT": "1", h.Reserved: "x"},
			HealthCheck: web.HealthCheck{Path: "healthz", Interval: time.Minute, Timeout: 2 * time.Minute, HealthyThreshold: 21, UnhealthyThreshold: -1},
		}, []string{
			"Image is required", "Port must be", "must not be empty", "PORT is set from the field Port", h.Reserved,
			"HealthCheck.Path", "HealthCheck.Interval", "HealthCheck.Timeout", "HealthCheck.HealthyThreshold", "HealthCheck.UnhealthyThreshold",
		}
}

func testErrors(t *testing.T, h Harness) {
	w, want := broken(h)
	err := (&web.ServiceProps{Workload: w, Hosting: h.Hosting}).Validate()
	if err == nil {
		t.Fatal("Validate found nothing")
	}
	for _, text := range want {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("Validate does not report %q: %v", text, err)
		}
	}
	stack := newStack(t)
	for _, text := range want {
		WantPanic(t, "Stack/Site", text, func() { h.service(stack, "Site", w) })
	}
	WantPanic(t, "Stack/Site", "Image is required", func() { h.New(stack, "Site", w) })
	WantPanic(t, "/Site", "scope must be a stack, or lie in one", func() { h.New(webtest.NewApp(t), "Site", workload()) })
	WantPanic(t, "Stack/Site", "Hosting is required", func() { web.NewService(stack, "Site", &web.ServiceProps{Workload: w}) })
	WantPanic(t, "Stack/Site", "Hosting is required", func() { web.NewService(stack, "Site", nil) })
	if children := *stack.Node().Children(); len(children) != 0 {
		t.Errorf("%d constructs are left in the stack after the errors", len(children))
	}

	// An image that does not compile is found before anything is made, too.
	dir := t.TempDir()
	for name, content := range map[string]string{"go.mod": "module example.com/broken\n\ngo 1.26\n", "main.go": "package main\n\nfunc main() { nothing() }\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	WantPanic(t, "Stack/Site", "undefined: nothing", func() { h.service(stack, "Site", web.Workload{Image: webimage.Go(dir, nil)}) })
	if children := *stack.Node().Children(); len(children) != 0 {
		t.Errorf("%d constructs are left in the stack after the compiler's error", len(children))
	}
}

func testSentences(t *testing.T, h Harness) {
	for _, test := range []struct {
		name   string
		change func(*web.Workload)
		want   string // whole, so that one mistake makes one sentence
	}{
		{"no image", func(w *web.Workload) { w.Image = nil },
			`Image is required: what runs, such as webimage.Go("./server", nil) or webimage.Dockerfile("./server", nil)`},
		{"port too low", func(w *web.Workload) { w.Port = -1 }, "Port must be between 1 and 65535, got -1"},
		{"port too high", func(w *web.Workload) { w.Port = 65536 }, "Port must be between 1 and 65535, got 65536"},
		{"PORT", func(w *web.Workload) { w.Environment = map[string]string{"PORT": "1"} },
			"Environment: PORT is set from the field Port; set that instead"},
		{"an empty name", func(w *web.Workload) { w.Environment = map[string]string{"": "1"} },
			"Environment: a variable's name must not be empty"},
		{"an empty command", func(w *web.Workload) { w.Command = []string{""} },
			"Command must not start with an empty string; leave it out to run the image's own"},
		{"a health path without a slash", func(w *web.Workload) { w.HealthCheck.Path = "healthz" },
			`HealthCheck.Path must start with a slash, got "healthz"; write "/healthz"`},
		{"a long interval", func(w *web.Workload) { w.HealthCheck.Interval = 21 * time.Second },
			"HealthCheck.Interval must be whole seconds from 1s to 20s, got 21s"},
		{"half a second", func(w *web.Workload) { w.HealthCheck.Timeout = 500 * time.Millisecond },
			"HealthCheck.Timeout must be whole seconds from 1s to 20s, got 500ms"},
		{"a timeout longer than the interval", func(w *web.Workload) { w.HealthCheck.Timeout = 6 * time.Second },
			"HealthCheck.Timeout must not be longer than HealthCheck.Interval, got 6s and 5s; shorten the one or lengthen the other"},
		{"a threshold too high", func(w *web.Workload) { w.HealthCheck.HealthyThreshold = 21 },
			"HealthCheck.HealthyThreshold must be between 1 and 20, got 21"},
		{"a threshold too low", func(w *web.Workload) { w.HealthCheck.UnhealthyThreshold = -1 },
			"HealthCheck.UnhealthyThreshold must be between 1 and 20, got -1"},
		{"a need that makes no sense", func(w *web.Workload) { w.Needs.RequestTimeout = -time.Second },
			"Needs.RequestTimeout must not be negative, got -1s; leave it out where any will do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			test.change(&w)
			err := (&web.ServiceProps{Workload: w, Hosting: h.Hosting}).Validate()
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	w := workload()
	if err := (&web.ServiceProps{Workload: w, Hosting: h.Hosting}).Validate(); err != nil {
		t.Errorf("a good workload is refused: %v", err)
	}
	w.Needs.RequestTimeout = 24 * time.Hour
	if err := (&web.ServiceProps{Workload: w, Hosting: h.Hosting}).Validate(); err == nil || !strings.HasSuffix(err.Error(), "; no hosting can") {
		t.Errorf("got %v, want an error about a need that no hosting meets", err)
	}
}

func testWorkloadIsCopied(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.Environment = map[string]string{"ONE": "1"}
	props := &web.ServiceProps{Workload: w, Hosting: h.Hosting}
	service := web.NewService(stack, "Site", props)
	service.AddEnvironment("TWO", "2")
	props.Environment["THREE"] = "3"
	if _, ok := w.Environment["TWO"]; ok || props.Port != 0 {
		t.Errorf("NewService changed its props: %+v", props)
	}
	if got := h.variables(templatetest.Of(t, stack)); got["THREE"] != nil || got["TWO"] != "2" {
		t.Errorf("got variables %v, want ONE and TWO", got)
	}
}

// WantPanic fails where a call does not panic with a *web.InvalidPropsError of a path and a text.
func WantPanic(t *testing.T, path, text string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		err, _ := r.(error)
		var invalid *web.InvalidPropsError
		if !errors.As(err, &invalid) {
			t.Errorf("got panic %v, want an *InvalidPropsError with %q", r, text)
		} else if invalid.Path != path || !strings.Contains(invalid.Error(), text) {
			t.Errorf("got %v, want path %s and %q", invalid, path, text)
		}
	}()
	call()
}
