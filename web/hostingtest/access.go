package hostingtest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

// Access says how to see in a template who may come in. A field is required if the platform has the
// ability.
type Access struct {
	// Private is what stands in the template, as JSON, if only the VPC reaches the service.
	Private string

	// WebACL is the type of the resource that a web ACL is associated with.
	WebACL string

	// AllowFrom is what stands in the template, as JSON, if only one address is let in, %s.
	AllowFrom string

	// In returns the hosting for a service of a stack with the props, if it needs something there
	// that has the same. Optional. Default: Harness.In.
	In func(stack awscdk.Stack, props *web.ServiceProps) web.Hosting
}

const (
	accessRegion = "eu-west-1"
	accessACL    = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2c3d4-5678-90ab-cdef-1234567890ab"
	accessPrefix = "192.0.2.0/24"
)

// Protection is one of the props that say who may come in. It is exported for tests of several
// hostings.
type Protection struct {
	// Field of web.ServiceProps.
	Field string

	// Set sets it. A Private service is in the VPC.
	Set func(props *web.ServiceProps, vpc awsec2.IVpc)

	ability func(*platform.Platform) platform.Ability

	// mark is what shows it in a template.
	mark func(a Access) string
}

// Protections are all that there are.
var Protections = []Protection{
	{
		"Private",
		func(props *web.ServiceProps, vpc awsec2.IVpc) { props.Private, props.Workload.VPC = true, vpc },
		func(p *platform.Platform) platform.Ability { return p.Private },
		func(a Access) string { return a.Private },
	},
	{
		"WebACL",
		func(props *web.ServiceProps, _ awsec2.IVpc) { props.WebACL = accessACL },
		func(p *platform.Platform) platform.Ability { return p.WebACL },
		func(a Access) string { return a.WebACL },
	},
	{
		"AllowFrom",
		func(props *web.ServiceProps, _ awsec2.IVpc) {
			props.AllowFrom = []netip.Prefix{netip.MustParsePrefix(accessPrefix)}
		},
		func(p *platform.Platform) platform.Ability { return p.AllowFrom },
		func(a Access) string { return a.AllowFrom },
	},
}

// Protected defines a service with a protection, and reports whether the template has it. The error
// is what NewService panics with.
func (p Protection) Protected(t *testing.T, h Harness) (protected bool, err error) {
	t.Helper()
	stack := accessStack(t)
	service, err := p.define(h, stack, "Site")
	if err != nil {
		return false, err
	}
	return p.in(t, h, templatetest.Of(t, stack), service), nil
}

// accessStack is one whose region is known.
func accessStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("123456789012"), Region: new(accessRegion)},
	})
}

// accessVPC has public and private subnets.
func accessVPC(stack awscdk.Stack) awsec2.IVpc {
	if found := stack.Node().TryFindChild(new("VPC")); found != nil {
		return found.(awsec2.IVpc)
	}
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false),
	})
}

// accessProps are those of a service with the adapter.
func accessProps() *web.ServiceProps {
	return &web.ServiceProps{Workload: web.Workload{
		Image: webimage.URI(privateImage, &webimage.ExistingOptions{Adapter: webimage.WithAdapter}),
	}}
}

// with returns props with the hosting for them.
func (h Harness) with(stack awscdk.Stack, props *web.ServiceProps) *web.ServiceProps {
	if h.Access.In != nil {
		props.Hosting = h.Access.In(stack, props)
	} else {
		props.Hosting = h.hosting(stack)
	}
	return props
}

func (p Protection) define(h Harness, stack awscdk.Stack, id string) (service *web.Service, err error) {
	props := accessProps()
	p.Set(props, accessVPC(stack))
	defer func() {
		if r := recover(); r != nil {
			invalid, ok := r.(*web.InvalidPropsError)
			if !ok {
				panic(r)
			}
			err = invalid
		}
	}()
	return web.NewService(stack, id, h.with(stack, props)), nil
}

// in reports whether a template has the protection of a service.
func (p Protection) in(t *testing.T, h Harness, template templatetest.Template, service *web.Service) bool {
	t.Helper()
	mark := p.mark(h.Access)
	if mark == "" {
		t.Fatalf("Harness.Access.%s is required, because the platform has it", p.Field)
	}
	switch p.Field {
	case "WebACL":
		for _, id := range template.IDs("AWS::WAFv2::WebACLAssociation") {
			association := template.Resources[id].Properties
			arn := templatetest.JSON(t, association["ResourceArn"])
			names := func(id string) bool { return strings.Contains(arn, `"`+id+`"`) }
			if association["WebACLArn"] == accessACL && slices.ContainsFunc(template.IDs(mark), names) {
				return true
			}
		}
		return false
	case "AllowFrom":
		mark = fmt.Sprintf(mark, accessPrefix)
	}
	return strings.Contains(templatetest.JSON(t, template.Resources), mark)
}

// testProtections: what the props ask for is in the template, or an error that says where it can be
// had.
func testProtections(t *testing.T, h Harness) {
	for _, protection := range Protections {
		t.Run(protection.Field, func(t *testing.T) {
			ability := protection.ability(h.Hosting.Platform())
			protected, err := protection.Protected(t, h)
			if !ability.Can {
				want := protection.Field + " is not possible on " + h.Hosting.Platform().Name
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q", err, want)
				}
				others := platform.Can(protection.ability)
				if err != nil && !strings.Contains(err.Error(), others) {
					t.Errorf("%v does not name %s", err, others)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !protected {
				t.Errorf("the template does not have it, as Harness.Access.%s says", protection.Field)
			}
			stack := accessStack(t)
			accessVPC(stack)
			open := web.NewService(stack, "Site", h.with(stack, accessProps()))
			if protection.in(t, h, templatetest.Of(t, stack), open) {
				t.Errorf("Harness.Access.%s is in the template of a service without it, too", protection.Field)
			}
		})
	}
}

// testPrivateBesidePublic: two services of a VPC, and the public one calls the private one.
func testPrivateBesidePublic(t *testing.T, h Harness) {
	if !h.Hosting.Platform().Private.Can || !h.Hosting.Platform().VPC.Can {
		return
	}
	for _, first := range []string{"Public", "Private"} {
		t.Run(first+" first", func(t *testing.T) {
			stack := accessStack(t)
			services := map[string]*web.Service{}
			public := func() {
				props := accessProps()
				props.Workload.VPC = accessVPC(stack)
				services["Public"] = web.NewService(stack, "Public", h.with(stack, props))
			}
			private := func() {
				service, err := Protections[0].define(h, stack, "Private")
				if err != nil {
					t.Fatal(err)
				}
				services["Private"] = service
			}
			if first == "Private" {
				private()
				public()
			} else {
				public()
				private()
			}
			services["Public"].UseService("PRIVATE_URL", services["Private"])
			template := templatetest.Of(t, stack)
			if !Protections[0].in(t, h, template, services["Private"]) {
				t.Error("the private service is not private")
			}
		})
	}
}

// testAccessErrors: what cannot be meant.
func testAccessErrors(t *testing.T, h Harness) {
	prefix := netip.MustParsePrefix
	for _, test := range []struct {
		can  bool
		set  func(props *web.ServiceProps)
		want string
	}{
		{
			h.Hosting.Platform().AllowFrom.Can,
			func(props *web.ServiceProps) { props.AllowFrom = []netip.Prefix{} },
			"AllowFrom must not be empty, which would let nobody in, or everybody; leave it out to let every address in",
		},
		{
			h.Hosting.Platform().AllowFrom.Can,
			func(props *web.ServiceProps) {
				props.AllowFrom = []netip.Prefix{prefix("192.0.2.1/32"), {}}
			},
			`AllowFrom[1] must be a valid prefix; write netip.MustParsePrefix("192.0.2.0/24"), for instance`,
		},
		{
			h.Hosting.Platform().AllowFrom.Can,
			func(props *web.ServiceProps) {
				props.AllowFrom = []netip.Prefix{prefix("192.0.2.1/24"), prefix("192.0.2.0/24")}
			},
			`AllowFrom[1] is there twice, got "192.0.2.0/24"; leave one of them out`,
		},
		{
			h.Hosting.Platform().WebACL.Can,
			func(props *web.ServiceProps) {
				props.WebACL = strings.ReplaceAll(strings.ReplaceAll(accessACL, "regional", "global"), accessRegion, "us-east-1")
			},
			"WebACL must be a regional web ACL, not one for CloudFront",
		},
		{
			h.Hosting.Platform().WebACL.Can,
			func(props *web.ServiceProps) {
				props.WebACL = strings.ReplaceAll(accessACL, accessRegion, "us-west-2")
			},
			`WebACL must be in eu-west-1, the region of the service, got "us-west-2"; make one there`,
		},
		{
			h.Hosting.Platform().WebACL.Can,
			func(props *web.ServiceProps) { props.WebACL = "shop" },
			"WebACL must be the ARN of a web ACL of AWS WAF",
		},
	} {
		if !test.can {
			continue
		}
		stack := accessStack(t)
		props := accessProps()
		h.with(stack, props)
		test.set(props)
		before := len(*stack.Node().FindAll(""))
		WantPanic(t, "Stack/Site", test.want, func() { web.NewService(stack, "Site", props) })
		if now := len(*stack.Node().FindAll("")); now != before {
			t.Errorf("%s: the tree has %d constructs, before %d", test.want, now, before)
		}
	}
}
