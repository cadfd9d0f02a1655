package hostingtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webtest"
)

// guarded is a hosting of which a test says what callers need.
type guarded struct {
	memweb.Hosting
	reach web.Reach
	after bool // the address is known after the service is made
}

func (g guarded) Platform() *platform.Platform {
	p := *g.Hosting.Platform()
	p.URLNeedsService = g.after
	return &p
}

func (g guarded) Define(scope constructs.Construct, in *web.Definition) web.Made {
	made := g.Hosting.Define(scope, in)
	made.Reach = g.reach
	return made
}

// guardedService is a service that nobody calls without what reach says.
func guardedService(stack awscdk.Stack, id string, reach web.Reach) *web.Service {
	return web.NewService(stack, id, &web.ServiceProps{Workload: workload(), Hosting: guarded{reach: reach}})
}

// signed is what needs a permission, here one that no hosting needs.
func signed(name string) web.Reach {
	return web.Reach{Grant: func(caller awsiam.IGrantable) {
		awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
			Grantee: caller, Actions: &[]*string{new("sns:Publish")},
			ResourceArns: &[]*string{new("arn:aws:sns:eu-west-1:123456789012:" + name)},
		})
	}}
}

// front is what takes the requests in a VPC.
func front(stack awscdk.Stack, id string, vpc awsec2.IVpc) web.Reach {
	group := awsec2.NewSecurityGroup(stack, &id, &awsec2.SecurityGroupProps{Vpc: vpc})
	return web.Reach{VPC: vpc, Connections: awsec2.NewConnections(&awsec2.ConnectionsProps{
		SecurityGroups: &[]awsec2.ISecurityGroup{group}, DefaultPort: awsec2.Port_HTTPS(),
	})}
}

// inVPC adds a service that is in a VPC, or returns nil if the hosting knows none.
func (h Harness) inVPC(stack awscdk.Stack, id string, w web.Workload) *web.Service {
	if !h.Hosting.Platform().VPC.Can {
		return nil
	}
	if found := stack.Node().TryFindChild(new("VPC")); found != nil {
		w.VPC = found.(awsec2.IVpc)
	} else {
		w.VPC = awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)})
	}
	return h.service(stack, id, w)
}

// letIn returns the ids of the security groups whose rules let a service's security groups in, with
// the port, without hashes.
func letIn(t *testing.T, template templatetest.Template, service *web.Service) []string {
	t.Helper()
	var own []string
	for _, group := range *service.Connections().SecurityGroups() {
		own = append(own, templatetest.JSON(t, awscdk.Stack_Of(service).Resolve(group.SecurityGroupId())))
	}
	var rules []string
	for _, id := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		rule := template.Resources[id].Properties
		if slices.Contains(own, templatetest.JSON(t, rule["SourceSecurityGroupId"])) {
			rules = append(rules, resourceName(t, rule["GroupId"])+" "+templatetest.JSON(t, templatetest.At(rule, "ToPort")))
		}
	}
	slices.Sort(rules)
	return rules
}

func testUseService(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	open := guardedService(stack, "Open", web.Reach{})
	closed := guardedService(stack, "Closed", signed("closed"))
	guardedService(stack, "Other", signed("other"))
	imported := web.FromServiceAttributes(stack, "Imported", &web.ServiceAttributes{URL: "https://api.example.com/v1"})
	for range 2 {
		service.UseService("OPEN_URL", open)
		service.UseService("CLOSED_URL", closed)
	}
	service.UseService("CLOSED_AGAIN", closed)
	service.UseService("IMPORTED_URL", imported)
	wantUses(t, h, service, map[string]string{
		"OPEN_URL": `"https://`, "CLOSED_URL": `"https://`, "CLOSED_AGAIN": `"https://`,
		"IMPORTED_URL": `"https://api.example.com/v1"`,
	}, map[string][]string{"closed": publish})
	if got, want := h.variables(t, service)["CLOSED_URL"], stack.Resolve(closed.URL()); got != want {
		t.Errorf("got CLOSED_URL=%v, want %v", got, want)
	}

	stack = newStack(t)
	if service = h.inVPC(stack, "Site", workload()); service == nil {
		return
	}
	private := guardedService(stack, "Private", front(stack, "Front", service.VPC()))
	front(stack, "Other", service.VPC())
	service.UseService("PRIVATE_URL", private)
	service.UseService("PRIVATE_AGAIN", private)
	if got := letIn(t, templatetest.Of(t, stack), service); !slices.Equal(got, []string{"Front 443"}) {
		t.Errorf("got rules of %q, want one of Front", got)
	}
}

// testUsedService shows that a service which everybody may call needs nothing from its callers.
func testUsedService(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "API", workload())
	caller := guardedService(stack, "Site", web.Reach{})
	if h.NoURL != "" {
		WantPanic(t, "Stack/Site", `UseService("API_URL") must not be Stack/API, whose URL `+h.NoURL, func() { caller.UseService("API_URL", service) })
		return
	}
	caller.UseService("API_URL", service)
	resources, _ := caller.Resources().(*memweb.Resources)
	got, want := templatetest.JSON(t, stack.Resolve(resources.Variables()["API_URL"])), templatetest.JSON(t, stack.Resolve(service.URL()))
	if got != want {
		t.Errorf("got API_URL=%s, want %s", got, want)
	}
	template := templatetest.Of(t, stack)
	role := *stack.GetLogicalId(caller.Role().Node().DefaultChild().(awscdk.CfnElement))
	for _, id := range template.IDs("AWS::IAM::Policy") {
		if strings.Contains(templatetest.JSON(t, template.Resources[id].Properties["Roles"]), role) {
			t.Errorf("the caller has the policy %s", id)
		}
	}
}

func testUseServiceErrors(t *testing.T, h Harness) {
	make := func(call func(stack awscdk.Stack, service, other *web.Service)) string {
		stack := newStack(t)
		w := workload()
		w.Environment = map[string]string{"STAGE": "test"}
		service, other := h.service(stack, "Site", w), guardedService(stack, "Other", signed("other"))
		service.UseService("USED", guardedService(stack, "Used", web.Reach{}))
		call(stack, service, other)
		return templatetest.JSON(t, templatetest.Of(t, stack))
	}
	fails := func(text string, call func()) {
		t.Helper()
		WantPanic(t, "Stack/Site", text, call)
	}
	before := make(func(awscdk.Stack, *web.Service, *web.Service) {})
	after := make(func(stack awscdk.Stack, service, other *web.Service) {
		fails(`UseService("API") service must not be nil`, func() { service.UseService("API", nil) })
		fails(`UseService("API") service must not be nil`, func() { service.UseService("API", (*web.Service)(nil)) })
		fails(`UseService("API") must not be the service itself`, func() { service.UseService("API", service) })
		fails(`UseService("STAGE") is set to another value already`, func() { service.UseService("STAGE", other) })
		fails(`UseService("PORT") is set from Workload.Port`, func() { service.UseService("PORT", other) })
		fails(`UseService("") must have a name`, func() { service.UseService("", other) })
		fails(`UseService("USED") names the service Stack/Used already, and cannot name Stack/Other too; choose another name`,
			func() { service.UseService("USED", other) })
		app := awscdk.NewStack(webtest.NewApp(t), new("Elsewhere"), nil)
		fails(`UseService("API") must not be Elsewhere/Other, which belongs to another app, or another stage of it; import it with web.FromServiceAttributes`,
			func() { service.UseService("API", guardedService(app, "Other", web.Reach{})) })
	})
	if before != after {
		t.Errorf("calls that failed changed the template:\n%s\nwant\n%s", after, before)
	}

	if service := h.service(newStack(t), "Site", workload()); service.VPC() == nil {
		stack := awscdk.Stack_Of(service)
		vpc := awsec2.NewVpc(stack, new("VPC"), nil)
		private := guardedService(stack, "Private", front(stack, "Front", vpc))
		fails(`UseService("API") must not be Stack/Private, which is reached from the VPC Stack/VPC only: Connections of this service `,
			func() { service.UseService("API", private) })
	}
	stack := newStack(t)
	if service := h.inVPC(stack, "Site", workload()); service != nil {
		private := guardedService(stack, "Private", front(stack, "Front", awsec2.NewVpc(stack, new("Elsewhere"), nil)))
		fails(`UseService("API") must not be Stack/Private, which is reached from the VPC Stack/Elsewhere only, while this service is in `,
			func() { service.UseService("API", private) })
	}
}

// testUseEachOther shows that two services use each other if an address comes before its service, and
// else get a sentence instead of CloudFormation's.
func testUseEachOther(t *testing.T, h Harness) {
	stack := newStack(t)
	service := h.service(stack, "Site", workload())
	api := web.NewService(stack, "API", &web.ServiceProps{Workload: workload(), Hosting: guarded{after: true, reach: signed("api")}})
	if h.NoURL != "" { // nobody uses the service
		service.UseService("API_URL", api)
		templatetest.Of(t, stack)
		return
	}
	api.UseService("SITE_URL", service)
	if !h.Hosting.Platform().URLNeedsService {
		service.UseService("API_URL", api)
		templatetest.Of(t, stack)
		return
	}
	WantPanic(t, "Stack/Site", `UseService("API_URL") must not be Stack/API, which uses Stack/Site: on `+h.Hosting.Platform().Name+
		` an address is known only after the service is made`, func() { service.UseService("API_URL", api) })
}
