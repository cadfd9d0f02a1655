// Package hostingtest is the conformance suite that every hosting must pass. A hosting's package
// runs it with one call:
//
//	func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }
//
//	func TestConformance(t *testing.T) {
//		hostingtest.Run(t, hostingtest.Harness{
//			Hosting:     apprunnerweb.Hosting{},
//			Type:        "AWS::AppRunner::Service",
//			Environment: "SourceConfiguration.ImageRepository.ImageConfiguration.RuntimeEnvironmentVariables",
//			…
//		})
//	}
//
// What only one hosting does is tested in its own package. Package memweb is a hosting of few lines
// that passes.
package hostingtest

import (
	"cmp"
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
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// Harness is what the tests have to know about a hosting.
type Harness struct {
	// Hosting with its default options.
	Hosting web.Hosting

	// In returns the hosting for the services of a stack, if it needs something there, such as a
	// load balancer. Optional. Default: Hosting.
	In func(stack awscdk.Stack) web.Hosting

	// Type of the primary resource; empty if the hosting makes no AWS resource.
	Type string

	// Container is the type of the resource that describes the container, with the variables and
	// the command. Optional. Default: Type.
	Container string

	// Environment is the path of the variables in that resource's properties: a map, or a
	// list of names and values under the keys NameKey (default: Name) and ValueKey (default:
	// Value).
	Environment, NameKey, ValueKey string

	// Command is the path of the command, and CommandValue what ["serve", "--verbose"] becomes, as
	// JSON. Optional.
	Command, CommandValue string

	// Secrets is the path of the secrets in that resource's properties, a list of names and
	// references. Optional. Default: they are variables of the adapter.
	Secrets string

	// SecretReader is the path in that resource's properties of the ARN of the role which reads the
	// secrets. Optional. Default: the server's role.
	SecretReader string

	// SecretsOf replaces Secrets for a hosting without a primary resource.
	SecretsOf func(service *web.Service) map[string]string

	// Access says how to see who may come in.
	Access Access

	// Network says where the server's subnets and security groups are. Optional. Default: the hosting
	// has no way into a VPC.
	Network Network

	// Variables replaces Environment for a hosting without a primary resource.
	Variables func(service *web.Service) map[string]any

	// PlainHTTP is true if the service has no certificate with the default options, so its URL
	// starts with http.
	PlainHTTP bool

	// NoURL is the start of the sentence about the URL of a service that has none, after the word
	// URL. Optional. Default: the service has one.
	NoURL string

	// WithDomain returns the hosting for a service with a domain, if that is not what In returns,
	// such as one behind a load balancer with a certificate. DomainIPv6 says that clients then reach
	// it by IPv6 too.
	WithDomain func(stack awscdk.Stack) web.Hosting
	DomainIPv6 bool

	// WithLogKey returns the hosting with a key for the log group that it makes; nil if it makes
	// none.
	WithLogKey func(key awskms.IKey) web.Hosting

	// OwnConstructor is the package's own NewService with the default options. Optional.
	OwnConstructor func(scope constructs.Construct, id string, workload web.Workload) *web.Service
}

const privateImage = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4"

// workload needs no build.
func workload() web.Workload {
	return web.Workload{Image: webimage.URI(privateImage, &webimage.ExistingOptions{Adapter: webimage.OwnAdapter})}
}

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// service adds a service to a stack.
func (h Harness) service(stack awscdk.Stack, id string, workload web.Workload) *web.Service {
	return web.NewService(stack, id, &web.ServiceProps{Workload: workload, Hosting: h.hosting(stack)})
}

// hosting is the one for the services of a stack.
func (h Harness) hosting(stack awscdk.Stack) web.Hosting {
	if h.In != nil {
		return h.In(stack)
	}
	return h.Hosting
}

// container is the type of the resource that describes the container.
func (h Harness) container() string { return cmp.Or(h.Container, h.Type) }

// node is the id of the construct below the service.
func (h Harness) node() string { return h.Hosting.Platform().ID }

// reserved is a variable's name that the hosting keeps for itself, or empty if there is none.
func (h Harness) reserved() string {
	rules := h.Hosting.Platform().Variables
	switch {
	case len(rules.Reserved) > 0:
		return rules.Reserved[len(rules.Reserved)-1]
	case rules.Prefix != "":
		return rules.Prefix + "_ANYTHING"
	}
	return ""
}

// variables returns the environment variables of a service, which is the only one of its stack.
func (h Harness) variables(t *testing.T, service *web.Service) map[string]any {
	template := templatetest.Of(t, awscdk.Stack_Of(service))
	if h.Variables != nil {
		return h.Variables(service)
	}
	switch found := template.Get(h.container(), h.Environment).(type) {
	case map[string]any:
		return found
	case []any:
		variables := map[string]any{}
		name, value := "Name", "Value"
		if h.NameKey != "" {
			name, value = h.NameKey, h.ValueKey
		}
		for _, pair := range found {
			variables[templatetest.At(pair, name).(string)] = templatetest.At(pair, value)
		}
		return variables
	}
	return nil
}

// tests are the suite. Brief ones depend on a hosting's address.
var tests = []struct {
	name  string
	brief bool
	run   func(*testing.T, Harness)
}{
	{"the service is a construct", true, testConstruct},
	{"the URL has a scheme and no slash at the end", true, testURL},
	{"the service answers by its domain, or says who can", true, testDomain},
	{"the URL is no variable of the service if that would be a circle", true, testOwnURL},
	{"variables come from the port, the workload and AddEnvironment", false, testEnvironment},
	{"a variable has one value", false, testVariableTwice},
	{"a front above the service is the only way in, or it says why not", true, testFront},
	{"a front that cannot work is an error", true, testFrontRefuses},
	{"a variable that is added after a synthesis is there in the next, or an error", false, testVariableAfterSynth},
	{"the command replaces the image's", false, testCommand},
	{"a new role trusts the hosting and may do what it is granted", false, testRole},
	{"the workload's own role is used", false, testOwnRole},
	{"a role that trusts somebody else is a warning", false, testForeignRole},
	{"a role of another stack, or an imported one, gets its permissions in the service's stack", false, testRoleElsewhere},
	{"a permissions boundary, a path and a description reach every role", false, testRoleAspects},
	{"CloudWatch Logs may use the key of a log group", false, testLogKey},
	{"Connections are one object or an error", false, testConnections},
	{"the server is in the workload's VPC", false, ifNetwork(testNetwork)},
	{"the server is in the subnets and security groups that are named", false, ifNetwork(testNetworkNamed)},
	{"subnets that are known by their ids alone do", false, ifPrivate(testUnknownSubnets)},
	{"a VPC that is still to be looked up is no error", false, ifNetwork(testLookedUp)},
	{"a network that cannot work is an error", true, testNetworkErrors},
	{"one line lets the server into a database", false, ifNetwork(testDatabase)},
	{"one line lets the server into a security group", false, ifNetwork(testPeer)},
	{"what the server does not reach from its subnets is a warning", false, ifPrivate(testEndpoints)},
	{"feature flags do not change the network", false, ifNetwork(testNetworkFlags)},
	{"UseTable grants and sets the variable", false, testUseTable},
	{"UseTable refuses what cannot work", false, testUseTableErrors},
	{"a table elsewhere is a warning", false, testTableElsewhere},
	{"UseBucket grants and sets the variable", false, testUseBucket},
	{"UseQueue grants and sets the variable", false, testUseQueue},
	{"UseTopic grants and sets the variable", false, testUseTopic},
	{"a variable names one resource", false, testUseErrors},
	{"a use that comes too late grants nothing", false, testUseTooLate},
	{"a bucket, queue or topic elsewhere is a warning", false, testUseElsewhere},
	{"a bucket of the app in another account is no warning", false, testUseOwnElsewhere},
	{"UseService sets the variable and opens the way", false, testUseService},
	{"a service is used by another one", true, testUsedService},
	{"services use each other, or get a sentence", true, testUseEachOther},
	{"UseService refuses what cannot work", false, testUseServiceErrors},
	{"UseDatabase sets the variables and opens the port", false, testUseDatabase},
	{"UseDatabase with IAM has no password", false, testUseDatabaseIAM},
	{"UseDatabase refuses what cannot work", false, testUseDatabaseErrors},
	{"the variables of UseDatabase count together", false, testUseDatabaseSize},
	{"a server starts after its database and the rules that let it in", false, testDatabaseFirst},
	{"a secret's value in a variable is an error", false, testUnwrapped},
	{"a secret's value that is hidden in a variable is an error at synthesis", false, testUnwrappedLater},
	{"secrets reach the server, and one role may read them", false, ifSecrets(testSecrets)},
	{"the workload's own role may read secrets where it has to", false, ifSecrets(testSecretRole)},
	{"no value of a secret is in the template", false, ifSecrets(testSecretValue)},
	{"a secret that cannot work is an error", false, ifSecrets(testSecretErrors)},
	{"a secret that is added after a synthesis is there in the next, or an error", false, ifSecrets(testSecretTooLate)},
	{"a secret in another account is a warning", false, ifSecrets(testSecretElsewhere)},
	{"secrets are an error where there are none", false, testNoSecrets},
	{"the package's own constructor does the same", false, testOwnConstructor},
	{"one workload makes one image", false, testOneImage},
	{"every problem is reported at once, before anything is made", false, testErrors},
	{"each problem has its sentence", false, testSentences},
	{"who may come in is in the template, or an error", true, testProtections},
	{"a private service stands beside a public one, which calls it", true, testPrivateBesidePublic},
	{"who may come in is checked", true, testAccessErrors},
	{"what the hosting does not promise is an error", true, testPromises},
	{"what the hosting ignores is a warning", false, testIgnored},
	{"the workload is not changed", false, testWorkloadIsCopied},
}

// Run runs the tests.
func Run(t *testing.T, h Harness) { run(t, h, false) }

// RunBriefly runs those tests that depend on the address of a service: for a hosting with several
// kinds of endpoints, one of which went through [Run].
func RunBriefly(t *testing.T, h Harness) { run(t, h, true) }

func run(t *testing.T, h Harness, briefly bool) {
	for _, test := range tests {
		if test.brief || !briefly {
			t.Run(test.name, func(t *testing.T) { test.run(t, h) })
		}
	}
}

func testConstruct(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	if found := stack.Node().FindChild(new("Site")); found != constructs.IConstruct(service) {
		t.Errorf("the stack's child is %v, want the service itself", found)
	}
	if found := service.Node().FindChild(new(h.node())); len(*found.Node().Children()) == 0 && h.Type != "" {
		t.Errorf("there is nothing below the service's child %s", h.node())
	}
	if service.Resources() == nil {
		t.Error("the service has no Resources")
	}

	awssqs.NewQueue(service, new("Queue"), nil)
	awscdk.Tags_Of(service).Add(new("team"), new("web"), nil)
	awscdk.Annotations_Of(service).AddInfo(new("hello"))
	visitor := &visitor{}
	awscdk.Aspects_Of(service).Add(visitor, nil)
	service.Node().AddDependency(awssqs.NewQueue(stack, new("Before"), nil))

	template := templatetest.Of(t, stack)
	if !slices.Contains(visitor.paths, "Stack/Site/"+h.node()) {
		t.Errorf("an aspect saw %q, want the hosting's construct among them", visitor.paths)
	}
	if h.Type == "" {
		return
	}
	if child, ok := service.Node().DefaultChild().(awscdk.CfnResource); !ok || *child.CfnResourceType() != h.Type {
		t.Errorf("the default child is %v, want the %s", service.Node().DefaultChild(), h.Type)
	}
	if tags := templatetest.JSON(t, template.Get(h.Type, "Tags")); !strings.Contains(tags, `"Key":"team","Value":"web"`) {
		t.Errorf("got tags %s, want team=web", tags)
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
	if h.NoURL != "" {
		WantPanic(t, "Stack/Site", "URL "+h.NoURL, func() { service.URL() })
		return
	}
	awscdk.NewCfnOutput(stack, new("URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
	template := templatetest.Of(t, stack)
	if n := len(template.Outputs); n != 1 {
		t.Errorf("got %d outputs, want only the one that was asked for", n)
	}
	value := templatetest.At(template.Outputs, "URL.Value")
	scheme := "https://"
	if h.PlainHTTP {
		scheme = "http://"
	}
	start, end := "", ""
	switch parts, joined := templatetest.At(value, "Fn::Join.1").([]any); {
	case joined:
		start, _ = parts[0].(string)
		end, _ = parts[len(parts)-1].(string)
	case templatetest.At(value, "Fn::GetAtt.1") == "ApiEndpoint":
		start = "https://" // API Gateway's attribute is a URL itself
	default:
		start, _ = value.(string)
		end = start
	}
	if !strings.HasPrefix(start, scheme) || strings.HasSuffix(end, "/") {
		t.Errorf("got URL %s, want one that starts with %s and has no slash at the end", templatetest.JSON(t, value), scheme)
	}
}

func testOwnURL(t *testing.T, h Harness) {
	if h.NoURL != "" {
		return
	}
	service := h.service(newStack(t), "Site", workload())
	if h.Hosting.Platform().URLNeedsService {
		WantPanic(t, "Stack/Site", `AddEnvironment("PUBLIC_URL") must not hold the service's own URL`, func() { service.AddEnvironment("PUBLIC_URL", service.URL()+"/") })
		return
	}
	service.AddEnvironment("PUBLIC_URL", service.URL())
	templatetest.Of(t, awscdk.Stack_Of(service))
}

func testEnvironment(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.Port = 8000
	w.Environment = map[string]string{"ZONE": "z", "ALPHA": "a"}
	service := h.service(stack, "Site", w)
	service.AddEnvironment("MIDDLE", *stack.Region())
	service.AddEnvironment("EMPTY", "")
	got := h.variables(t, service)
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
	const path = "Stack/Site"
	WantPanic(t, path, `AddEnvironment("STAGE") is set to another value already`, func() { service.AddEnvironment("STAGE", "live") })
	wantSecret(t, "test", func() { service.AddEnvironment("STAGE", "live") })
	wantSecret(t, "live", func() { service.AddEnvironment("STAGE", "live") })
	WantPanic(t, path, `AddEnvironment("PORT") is set from Workload.Port`, func() { service.AddEnvironment("PORT", "1") })
	WantPanic(t, path, `AddEnvironment("") must have a name`, func() { service.AddEnvironment("", "1") })
	if reserved := h.reserved(); reserved != "" {
		WantPanic(t, path, "is set by "+h.Hosting.Platform().ServiceName()+" itself", func() { service.AddEnvironment(reserved, "1") })
	}
}

// A hosting that has rendered the variables says so; one that can takes more.
func testVariableAfterSynth(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	stack.Node().Root().(awscdk.App).Synth(nil)
	defer func() {
		r := recover()
		if r == nil {
			stack.Node().Root().(awscdk.App).Synth(&awscdk.StageSynthesisOptions{Force: new(true)})
			if got := h.variables(t, service); got["AFTER"] != "2" {
				t.Errorf("got variables %v, want AFTER", got)
			}
		} else if err, _ := r.(error); !strings.Contains(fmt.Sprint(err), "comes too late") {
			t.Errorf("got panic %v, want a variable or a sentence", r)
		}
	}()
	service.AddEnvironment("AFTER", "2")
}

func testCommand(t *testing.T, h Harness) {
	if h.Command == "" {
		return
	}
	stack := newStack(t)
	w := workload()
	w.Command = []string{"serve", "--verbose"}
	h.service(stack, "Site", w)
	templatetest.Of(t, stack).Want(h.container(), h.Command, h.CommandValue)
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
		if strings.Contains(trust, `"Service":"`+h.Hosting.Platform().Principal+`"`) {
			roles = append(roles, id)
		}
	}
	if len(roles) == 0 {
		t.Fatalf("no role trusts %s", h.Hosting.Platform().Principal)
	}
	id := policyOf(t, template, service)
	policy := template.Resources[id]
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
	if h.Type == "" {
		return
	}
	if primary := template.IDs(h.Type)[0]; !slices.Contains(template.Resources[primary].DependsOn, id) {
		t.Errorf("the %s depends on %q, want the policy %s among them", h.Type, template.Resources[primary].DependsOn, id)
	}
}

// policyOf returns the id of the policy that the server's role has.
func policyOf(t *testing.T, template templatetest.Template, service *web.Service) string {
	t.Helper()
	role := *awscdk.Stack_Of(service).GetLogicalId(service.Role().Node().DefaultChild().(awscdk.CfnElement))
	var policies []string
	for _, id := range template.IDs("AWS::IAM::Policy") {
		if templatetest.At(template.Resources[id].Properties, "Roles.0.Ref") == role {
			policies = append(policies, id)
		}
	}
	if len(policies) != 1 {
		t.Fatalf("got the policies %q of the role %s, want one", policies, role)
	}
	return policies[0]
}

func newRole(stack awscdk.Stack, principal string) awsiam.Role {
	return awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewServicePrincipal(&principal, nil)})
}

func testOwnRole(t *testing.T, h Harness) {
	stack := newStack(t)
	role := newRole(stack, h.Hosting.Platform().Principal)
	w := workload()
	w.Role = role
	service := h.service(stack, "Site", w)
	if service.Role() != awsiam.IRole(role) {
		t.Errorf("got role %v, want the workload's", service.Role())
	}
	newTable(stack, "Table").GrantWriteData(service)
	template := templatetest.Of(t, stack)
	policyOf(t, template, service)
	wantWarnings(t, stack, service, web.RoleWarning, 0)
}

func testForeignRole(t *testing.T, h Harness) {
	principal := h.Hosting.Platform().Principal
	for name, trusted := range map[string]awsiam.IPrincipal{
		"another service":                     awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil),
		"a service whose name ends like ours": awsiam.NewServicePrincipal(new("edge"+principal), nil),
		"another service, with a wild pattern": awsiam.NewServicePrincipal(new("events.amazonaws.com"), &awsiam.ServicePrincipalOpts{
			Conditions: &map[string]any{"StringLike": map[string]string{"aws:SourceArn": "*"}},
		}),
	} {
		t.Run(name, func(t *testing.T) {
			stack, w := newStack(t), workload()
			w.Role = awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: trusted})
			wantWarnings(t, stack, h.service(stack, "Site", w), web.RoleWarning, 1)
		})
	}
	stack, w := newStack(t), workload()
	w.Role = awsiam.NewRole(stack, new("Own"), &awsiam.RoleProps{AssumedBy: awsiam.NewCompositePrincipal(
		awsiam.NewServicePrincipal(new("events.amazonaws.com"), nil), awsiam.NewServicePrincipal(&principal, nil),
	)})
	wantWarnings(t, stack, h.service(stack, "Site", w), web.RoleWarning, 0)
}

func testConnections(t *testing.T, h Harness) {
	service := h.service(newStack(t), "Site", workload())
	defer func() {
		if r := recover(); r != nil {
			if invalid, ok := r.(*web.InvalidPropsError); !ok || !strings.HasPrefix(invalid.Problems[0].Error(), "Connections ") {
				t.Errorf("got panic %v, want a sentence about Connections", r)
			}
		}
	}()
	if first, second := service.Connections(), service.Connections(); first != second {
		t.Error("Connections makes a new object at each call, so rules get lost")
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
				if got := templatetest.JSON(t, h.variables(t, service)["ORDERS"]); got != want {
					t.Errorf("got ORDERS=%s, want %s", got, want)
				}
				policy := templatetest.JSON(t, template.Resources[policyOf(t, template, service)].Properties)
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
	const path = "Stack/Site"
	WantPanic(t, path, `UseTable("TABLE") names the table Stack/One already, and cannot name Stack/Two too; choose another name`, func() { service.UseTable("TABLE", two, web.Read) })
	WantPanic(t, path, `UseTable("OTHER") table must not be nil`, func() { service.UseTable("OTHER", nil, web.Read) })
	WantPanic(t, path, `access must be web.Read, web.Write or web.ReadWrite, got "all"`, func() { service.UseTable("OTHER", one, "all") })
	WantPanic(t, path, `UseTable("") must have a name`, func() { service.UseTable("", one, web.Read) })
	WantPanic(t, path, `UseTable("PORT") is set from Workload.Port`, func() { service.UseTable("PORT", two, web.Read) })
	if reserved := h.reserved(); reserved != "" {
		WantPanic(t, path, "is set by "+h.Hosting.Platform().ServiceName()+" itself", func() { service.UseTable(reserved, two, web.Read) })
	}
	template := templatetest.Of(t, stack)
	if policy := templatetest.JSON(t, template.Resources[policyOf(t, template, service)].Properties); strings.Contains(policy, "Two") {
		t.Errorf("a refused table was granted: %s", policy)
	}
}

func testTableElsewhere(t *testing.T, h Harness) {
	for region, want := range map[string]int{"eu-west-1": 0, "us-east-1": 1} {
		arn := new("arn:aws:dynamodb:" + region + ":123456789012:table/orders")
		for _, table := range []func(stack awscdk.Stack) awsdynamodb.ITable{
			func(stack awscdk.Stack) awsdynamodb.ITable {
				return awsdynamodb.TableV2_FromTableArn(stack, new("Table"), arn)
			},
			func(stack awscdk.Stack) awsdynamodb.ITable {
				return awsdynamodb.Table_FromTableArn(stack, new("Table"), arn)
			},
		} {
			stack := awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{
				Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
			})
			service := h.service(stack, "Site", workload())
			service.UseTable("ORDERS", table(stack), web.Read)
			wantWarnings(t, stack, service, web.TableWarning, want)
		}
	}
}

func testOwnConstructor(t *testing.T, h Harness) {
	if h.OwnConstructor == nil {
		return
	}
	first := newStack(t)
	h.service(first, "Site", workload()).UseTable("TABLE", newTable(first, "Table"), web.ReadWrite)
	second := newStack(t)
	h.OwnConstructor(second, "Site", workload()).UseTable("TABLE", newTable(second, "Table"), web.ReadWrite)
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

// ImageHashes synthesizes a stack's app and returns the source hashes of the images that `cdk
// deploy` builds for the stack.
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
	w := web.Workload{
		Port:        -1,
		Environment: map[string]string{"": "x", "PORT": "1"},
		HealthCheck: web.HealthCheck{Path: "healthz", Interval: time.Hour, Timeout: 2 * time.Hour, HealthyThreshold: 21, UnhealthyThreshold: -1},
	}
	want := []string{
		"Workload.Image is required", "Workload.Port must be", `Workload.Environment[""] must have a name`, `Workload.Environment["PORT"] is set from Workload.Port`,
		"Workload.HealthCheck.Path", "Workload.HealthCheck.Interval", "Workload.HealthCheck.Timeout",
		"Workload.HealthCheck.HealthyThreshold", "Workload.HealthCheck.UnhealthyThreshold",
	}
	if reserved := h.reserved(); reserved != "" {
		w.Environment[reserved] = "x"
		want = append(want, fmt.Sprintf("Workload.Environment[%q] is set by", reserved))
	}
	return w, want
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
	WantPanic(t, "Site", "scope: must be a stack, or a construct in one", func() {
		web.NewService(webtest.NewApp(t), "Site", &web.ServiceProps{Workload: workload(), Hosting: h.Hosting})
	})
	WantPanic(t, "Site", "scope: must be a stack, or a construct in one, got nil", func() {
		web.NewService(nil, "Site", &web.ServiceProps{Workload: workload(), Hosting: h.Hosting})
	})
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
	build := func() { h.service(stack, "Site", web.Workload{Image: webimage.Go(dir, nil)}) }
	WantPanic(t, "Stack/Site", "undefined: nothing", build)
	func() {
		defer func() {
			err, _ := recover().(error)
			if _, ok := errors.AsType[*webimage.BuildError](err); !ok {
				t.Errorf("got %v, want a *webimage.BuildError in it", err)
			}
		}()
		build()
	}()
	if children := *stack.Node().Children(); len(children) != 0 {
		t.Errorf("%d constructs are left in the stack after the compiler's error", len(children))
	}
}

func testSentences(t *testing.T, h Harness) {
	check := h.Hosting.Platform().HealthCheck
	longer := "not be longer than"
	if check.TimeoutBelowInterval {
		longer = "be shorter than"
	}
	if !check.Timing() { // what is ignored must make sense all the same
		check.Interval = platform.Times{Least: time.Second, Most: 300 * time.Second}
		check.Timeout = check.Interval
		check.HealthyThreshold = platform.Counts{Least: 1, Most: 20}
		check.UnhealthyThreshold = check.HealthyThreshold
	}
	seconds := func(field string, limits platform.Times, got time.Duration) string {
		return fmt.Sprintf("Workload.HealthCheck.%s must be whole seconds from %.0fs to %.0fs, got %s", field, limits.Least.Seconds(), limits.Most.Seconds(), got)
	}
	count := func(field string, limits platform.Counts, got int) string {
		return fmt.Sprintf("Workload.HealthCheck.%s must be between %d and %d, got %d", field, limits.Least, limits.Most, got)
	}
	statuses := func(got string) string {
		return fmt.Sprintf(`Workload.HealthCheck.StatusCodes must be statuses from 200 to 499, such as "200", "200,204" or "200-299", got %q`, got)
	}
	for _, test := range []struct {
		name   string
		change func(*web.Workload)
		want   string // whole, so that one mistake makes one sentence
	}{
		{"no image", func(w *web.Workload) { w.Image = nil },
			`Workload.Image is required; set it to webimage.Go("./server", nil) or webimage.Dockerfile("./server", nil), for instance`},
		{"port too low", func(w *web.Workload) { w.Port = -1 }, "Workload.Port must be between 1 and 65535, got -1"},
		{"port too high", func(w *web.Workload) { w.Port = 65536 }, "Workload.Port must be between 1 and 65535, got 65536"},
		{"PORT", func(w *web.Workload) { w.Environment = map[string]string{"PORT": "1"} },
			`Workload.Environment["PORT"] is set from Workload.Port; set that instead`},
		{"an empty name", func(w *web.Workload) { w.Environment = map[string]string{"": "1"} },
			`Workload.Environment[""] must have a name`},
		{"a name with a space that is not ASCII", func(w *web.Workload) { w.Environment = map[string]string{"A\u00a0B": "1"} },
			`Workload.Environment["A\u00a0B"] must have a name without '=', white space and invisible characters`},
		{"a name with '='", func(w *web.Workload) { w.Environment = map[string]string{"A=B": "1"} },
			`Workload.Environment["A=B"] must have a name without '=', white space and invisible characters`},
		{"a value with NUL", func(w *web.Workload) { w.Environment = map[string]string{"AB": "a\x00b"} },
			`Workload.Environment["AB"] must be UTF-8 text without NUL; encode it, for instance as base64`},
		{"a value that is not UTF-8", func(w *web.Workload) { w.Environment = map[string]string{"AB": "\xff"} },
			`Workload.Environment["AB"] must be UTF-8 text without NUL; encode it, for instance as base64`},
		{"a name with an invisible character", func(w *web.Workload) { w.Environment = map[string]string{"A\u200bB": "1"} },
			`Workload.Environment["A\u200bB"] must have a name without '=', white space and invisible characters`},
		{"a name with a token", func(w *web.Workload) { w.Environment = map[string]string{"A${Token[B.1]}": "1"} },
			`Workload.Environment["A${Token[B.1]}"] must have a literal name, without CDK tokens`},
		{"a long health path", func(w *web.Workload) { w.HealthCheck.Path = "/" + strings.Repeat("a", 1024) },
			"the length of Workload.HealthCheck.Path must be between 1 and 1024, got 1025"},
		{"a need without a unit", func(w *web.Workload) { w.Needs.RequestTimeout = 60 },
			"Workload.Needs.RequestTimeout must be at least 1ms, got 60ns; write 60 * time.Second, for instance"},
		{"a negative request", func(w *web.Workload) { w.Needs.RequestSize = -1 },
			"Workload.Needs.RequestSize must not be negative, got -1; leave it out if any will do"},
		{"a negative response", func(w *web.Workload) { w.Needs.ResponseSize = -1 },
			"Workload.Needs.ResponseSize must not be negative, got -1; leave it out if any will do"},
		{"an empty command", func(w *web.Workload) { w.Command = []string{""} },
			"Workload.Command must not start with an empty string; leave it out to run the image's own"},
		{"a health path without a slash", func(w *web.Workload) { w.HealthCheck.Path = "healthz" },
			`Workload.HealthCheck.Path must start with a slash, got "healthz"; write "/healthz"`},
		{"a health path with a space", func(w *web.Workload) { w.HealthCheck.Path = "/a b" },
			`Workload.HealthCheck.Path must be as it stands in a request, got "/a b"; percent-encode what follows "/a"`},
		{"a health path beyond ASCII", func(w *web.Workload) { w.HealthCheck.Path = "/ü" },
			`Workload.HealthCheck.Path must be as it stands in a request, got "/ü"; percent-encode what follows "/"`},
		{"a health path with a fragment", func(w *web.Workload) { w.HealthCheck.Path = "/a#b" },
			`Workload.HealthCheck.Path must be as it stands in a request, got "/a#b"; percent-encode what follows "/a"`},
		{"a long interval", func(w *web.Workload) { w.HealthCheck.Interval = time.Hour }, seconds("Interval", check.Interval, time.Hour)},
		{"half a second", func(w *web.Workload) { w.HealthCheck.Timeout = time.Second / 2 }, seconds("Timeout", check.Timeout, time.Second/2)},
		{"an interval that is not whole", func(w *web.Workload) { w.HealthCheck.Interval = 5500 * time.Millisecond },
			seconds("Interval", check.Interval, 5500*time.Millisecond)},
		{"a timeout longer than the interval", func(w *web.Workload) { w.HealthCheck.Interval, w.HealthCheck.Timeout = 10*time.Second, 11*time.Second },
			fmt.Sprintf("Workload.HealthCheck.Timeout must %s Interval, got 11s and 10s; shorten the one or lengthen the other", longer)},
		{"a threshold too high", func(w *web.Workload) { w.HealthCheck.HealthyThreshold = 21 }, count("HealthyThreshold", check.HealthyThreshold, 21)},
		{"a threshold too low", func(w *web.Workload) { w.HealthCheck.UnhealthyThreshold = -1 }, count("UnhealthyThreshold", check.UnhealthyThreshold, -1)},
		{"a status that is none", func(w *web.Workload) { w.HealthCheck.StatusCodes = "2xx" }, statuses("2xx")},
		{"a status that cannot mean healthy", func(w *web.Workload) { w.HealthCheck.StatusCodes = "200,500" }, statuses("200,500")},
		{"a range that descends", func(w *web.Workload) { w.HealthCheck.StatusCodes = "299-200" }, statuses("299-200")},
		{"a range in a list", func(w *web.Workload) { w.HealthCheck.StatusCodes = "200-299,404" }, statuses("200-299,404")},
		{"a need that makes no sense", func(w *web.Workload) { w.Needs.RequestTimeout = -time.Second },
			"Workload.Needs.RequestTimeout must not be negative, got -1s; leave it out if any will do"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := workload()
			test.change(&w)
			WantProblems(t, web.ServiceProps{Workload: w, Hosting: h.Hosting}, test.want)
		})
	}
	WantProblems(t, web.ServiceProps{Workload: workload(), Hosting: h.Hosting})
}

// testPromises shows that what the platform's data say is checked, without a word of the hosting's
// own.
func testPromises(t *testing.T, h Harness) {
	p := h.Hosting.Platform()
	validate := func(change func(w *web.Workload)) error {
		w := workload()
		change(&w)
		return (&web.ServiceProps{Workload: w, Hosting: h.Hosting}).Validate()
	}
	want := func(name, text string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: got %v, want %q", name, err, text)
		}
	}
	want("a day for a request", "; no hosting can", validate(func(w *web.Workload) { w.Needs.RequestTimeout = 24 * time.Hour }))
	for _, need := range []struct {
		name  string
		can   bool
		needs web.Needs
	}{
		{"Streaming", p.Streaming.Can, web.Needs{Streaming: true}}, {"WebSockets", p.WebSockets.Can, web.Needs{WebSockets: true}},
		{"StickySessions", p.StickySessions.Can, web.Needs{StickySessions: true}}, {"ARM64", p.ARM64.Can, web.Needs{ARM64: true}}, {"ScaleToZero", p.ScaleToZero.Can, web.Needs{ScaleToZero: true}},
	} {
		err := validate(func(w *web.Workload) { w.Needs = need.needs })
		if need.can && err != nil {
			t.Errorf("Needs.%s: got %v, want none", need.name, err)
		} else if !need.can {
			want(need.name, "Workload.Needs."+need.name+" is set, but "+p.Name, err)
		}
	}
	if p.Ports.Least > 1 {
		want("a low port", fmt.Sprintf("Workload.Port must be at least %d", p.Ports.Least), validate(func(w *web.Workload) { w.Port = p.Ports.Least - 1 }))
	}
	for port, who := range p.Ports.Taken {
		want("a port that is taken", "Workload.Port is the port of "+who, validate(func(w *web.Workload) { w.Port = port }))
	}
	if most := p.Variables.MaxSize; most > 0 {
		want("large variables", fmt.Sprintf("Workload.Environment must not have more than %d bytes", most),
			validate(func(w *web.Workload) { w.Environment = map[string]string{"BIG": strings.Repeat("x", most)} }))
		want("large variables beside a token", fmt.Sprintf("Workload.Environment must not have more than %d bytes", most),
			validate(func(w *web.Workload) {
				w.Environment = map[string]string{"BIG": strings.Repeat("x", most) + *awscdk.Aws_REGION()}
			}))
		service := h.service(newStack(t), "Site", workload())
		WantPanic(t, "Stack/Site", `AddEnvironment("BIG") must not have more than`, func() { service.AddEnvironment("BIG", strings.Repeat("x", most)) })
	}
	for name, image := range map[string]struct {
		uri  string
		runs bool
	}{
		"ECR Public": {"public.ecr.aws/nginx/nginx:1", p.Images.Public}, "another registry": {"ghcr.io/example/site:1", p.Images.Other},
	} {
		err := validate(func(w *web.Workload) { w.Image = webimage.URI(image.uri, nil) })
		if image.runs && err != nil {
			t.Errorf("an image in %s: got %v, want none", name, err)
		} else if !image.runs {
			want(name, "Workload.Image is in", err)
		}
	}
	if !p.ARM64.Can {
		want("an image for arm64", "Workload.Image is for arm64, but "+p.Name,
			validate(func(w *web.Workload) {
				w.Image = webimage.URI(privateImage, &webimage.ExistingOptions{Architecture: webimage.ARM64})
			}))
	}
	if p.Images.Adapter {
		want("an image without adapter", "Workload.Image has no adapter",
			validate(func(w *web.Workload) {
				w.Image = webimage.URI(privateImage, &webimage.ExistingOptions{Adapter: webimage.NoAdapter})
			}))
	}
	stack := func(region string) awscdk.Stack {
		return awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{Env: &awscdk.Environment{Account: new("123456789012"), Region: &region}})
	}
	if p.Images.OwnRegion {
		WantPanic(t, "Stack/Site", "is in eu-west-1, but "+p.Name+" pulls from the service's own region us-east-1 only", func() { h.service(stack("us-east-1"), "Site", workload()) })
	}
	if p.Images.AnyRegionUnknown {
		far := stack("us-east-1")
		wantWarnings(t, far, h.service(far, "Site", workload()), web.RegionWarning, 1)
	}
	for _, region := range []string{"eu-north-1", "us-gov-west-1", "ca-west-1"} {
		if !p.Regions.Has(region) {
			WantPanic(t, "Stack/Site", "Hosting is "+p.Name+", which does not exist in "+region, func() { h.service(stack(region), "Site", workload()) })
		}
	}
}

// testIgnored shows that nothing of the workload is dropped without a word.
func testIgnored(t *testing.T, h Harness) {
	p := h.Hosting.Platform()
	count := func(change func(w *web.Workload), id string) {
		t.Helper()
		stack, w := newStack(t), workload()
		change(&w)
		want := map[string]map[bool]int{
			web.HealthCheckWarning: {true: 0, false: 1}, web.HealthCheckRootWarning: {true: 1, false: 0}, web.AdapterWarning: {true: 1, false: 0},
		}[id][map[string]bool{web.HealthCheckWarning: p.HealthCheck.Timing(), web.HealthCheckRootWarning: p.HealthCheck.Root, web.AdapterWarning: p.Images.Adapter}[id]]
		wantWarnings(t, stack, h.service(stack, "Site", w), id, want)
	}
	count(func(w *web.Workload) { w.HealthCheck = web.HealthCheck{Path: "/healthz", Interval: 10 * time.Second} }, web.HealthCheckWarning)
	count(func(w *web.Workload) { w.HealthCheck = web.HealthCheck{Path: "/healthz", UnhealthyThreshold: 3} }, web.HealthCheckWarning)
	if !p.HealthCheck.Timing() || !p.HealthCheck.StatusCodes {
		stack, w := newStack(t), workload()
		w.HealthCheck = web.HealthCheck{Path: "/healthz", Interval: 10 * time.Second, StatusCodes: "204"}
		wantWarnings(t, stack, h.service(stack, "Site", w), web.HealthCheckWarning, 1)
	}
	stack, w := newStack(t), workload()
	w.HealthCheck = web.HealthCheck{Path: "/healthz", StatusCodes: "200"} // what every hosting does
	wantWarnings(t, stack, h.service(stack, "Site", w), web.HealthCheckWarning, 0)
	count(func(*web.Workload) {}, web.HealthCheckRootWarning)
	count(func(w *web.Workload) { w.Image = webimage.URI(privateImage, nil) }, web.AdapterWarning)

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "Dockerfile"), []byte("FROM scratch\nEXPOSE 3000\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for port, want := range map[int]int{3000: 0, 8080: 1} {
		stack := newStack(t)
		w := web.Workload{Image: webimage.Dockerfile(dir, nil), Port: port}
		wantWarnings(t, stack, h.service(stack, "Site", w), web.PortWarning, want)
	}
}

func testWorkloadIsCopied(t *testing.T, h Harness) {
	stack := newStack(t)
	w := workload()
	w.Environment = map[string]string{"ONE": "1"}
	props := &web.ServiceProps{Workload: w, Hosting: h.Hosting}
	service := web.NewService(stack, "Site", props)
	service.AddEnvironment("TWO", "2")
	props.Workload.Environment["THREE"] = "3"
	if _, ok := w.Environment["TWO"]; ok || props.Workload.Port != 0 {
		t.Errorf("NewService changed its props: %+v", props)
	}
	if got := h.variables(t, service); got["THREE"] != nil || got["TWO"] != "2" {
		t.Errorf("got variables %v, want ONE and TWO", got)
	}
}

// wantWarnings counts the warnings of an id, and that they go when they are acknowledged on the
// service.
func wantWarnings(t *testing.T, stack awscdk.Stack, service *web.Service, id string, want int) {
	t.Helper()
	count := func() int {
		pattern := regexp.QuoteMeta("[ack: " + id + "]")
		return len(*assertions.Annotations_FromStack(stack).FindWarning(new("*"), assertions.Match_StringLikeRegexp(&pattern)))
	}
	if got := count(); got != want {
		t.Errorf("got %d warnings %s, want %d", got, id, want)
	}
	awscdk.Annotations_Of(service).AcknowledgeWarning(&id, new("known"))
	if got := count(); got != 0 {
		t.Errorf("got %d warnings %s after acknowledging them, want none", got, id)
	}
}

// WantProblems fails if Validate of some props does not report exactly the wanted problems, each a
// whole sentence in the order of the fields.
func WantProblems(t testing.TB, props web.ServiceProps, want ...string) {
	t.Helper()
	var got []string
	if err := props.Validate(); err != nil {
		for _, problem := range err.(interface{ Unwrap() []error }).Unwrap() {
			got = append(got, problem.Error())
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got problems\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// wantSecret fails if a call does not panic, or shows a value in its error: variables hold
// passwords, and errors land in logs.
func wantSecret(t *testing.T, value string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if r := recover(); r == nil || strings.Contains(fmt.Sprint(r), value) {
			t.Errorf("got panic %v, want one without the value %q", r, value)
		}
	}()
	call()
}

// WantPanic fails if a call does not panic with a *web.InvalidPropsError of a path and a text.
func WantPanic(t testing.TB, path, text string, call func()) {
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
