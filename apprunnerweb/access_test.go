package apprunnerweb_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/apprunnerweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	acl          = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2c3d4-5678-90ab-cdef-1234567890ab"
	endpointKind = "AWS::EC2::VPCEndpoint"
	ingressKind  = "AWS::AppRunner::VpcIngressConnection"
)

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// newPrivate makes a private service.
func newPrivate(
	stack awscdk.Stack,
	id string,
	vpc awsec2.IVpc,
	hosting apprunnerweb.Hosting,
	allowFrom ...string,
) (*web.Service, *apprunnerweb.Resources) {
	w := workload()
	w.VPC = vpc
	service := web.NewService(stack, id, &web.ServiceProps{
		Workload: w, Hosting: hosting, Private: true, AllowFrom: prefixes(allowFrom...),
	})
	resources, _ := apprunnerweb.ResourcesOf(service)
	return service, resources
}

func TestPrivateGolden(t *testing.T) {
	stack := newStack(t)
	newPrivate(stack, "Site", newVPC(stack), apprunnerweb.Hosting{})
	webtest.Snapshot(t, stack)
}

func TestAllowFromGolden(t *testing.T) {
	stack := newStack(t)
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: workload(), Hosting: apprunnerweb.Hosting{IPAddressType: apprunnerweb.DualStack},
		AllowFrom: prefixes("192.0.2.0/24", "2001:db8::/32"),
	})
	webtest.Snapshot(t, stack)
}

// Private services of a VPC that the same addresses may call share an endpoint, whichever came
// first, and each has an address of its own.
func TestPrivateEndpoint(t *testing.T) {
	synth := func(ids ...string) templatetest.Template {
		stack := newStack(t)
		vpc := newVPC(stack)
		for _, id := range ids {
			var from []string
			if strings.HasPrefix(id, "From") {
				from = []string{"10.0.1.0/24", "10.0.0.0/24"}
			}
			service, r := newPrivate(stack, id, vpc, apprunnerweb.Hosting{}, from...)
			want := `{"Fn::Join":["",["https://",{"Fn::GetAtt":["` + *stack.GetLogicalId(r.IngressConnection) + `","DomainName"]}]]}`
			if got := templatetest.JSON(t, stack.Resolve(service.URL())); got != want {
				t.Errorf("got URL %s, want %s", got, want)
			}
		}
		return templatetest.Of(t, stack)
	}
	one, other := synth("One", "Two", "From"), synth("From", "Two", "One")
	for _, kind := range []string{endpointKind, "AWS::EC2::SecurityGroup", ingressKind} {
		for _, id := range one.IDs(kind) {
			if a, b := templatetest.JSON(t, one.Resources[id]), templatetest.JSON(t, other.Resources[id]); a != b {
				t.Errorf("%s is %s, and in another order %s", id, a, b)
			}
		}
	}
	if endpoints, connections := one.IDs(endpointKind), one.IDs(ingressKind); len(endpoints) != 2 || len(connections) != 3 {
		t.Errorf("got endpoints %q for %q, want two for three", endpoints, connections)
	}
	without := synth("Two")
	for _, id := range without.IDs(endpointKind) {
		if a, b := templatetest.JSON(t, one.Resources[id].Properties), templatetest.JSON(t, without.Resources[id].Properties); a != b {
			t.Errorf("the endpoint is %s, and without the service that came first %s", a, b)
		}
	}
	var let []string
	for _, id := range one.IDs("AWS::EC2::SecurityGroup") {
		if strings.HasPrefix(id, "AppRunnerVPCEndpoint") {
			let = append(let, templatetest.JSON(t, one.Resources[id].Properties["SecurityGroupIngress"]))
		}
	}
	all := strings.Join(let, "\n")
	for _, want := range []string{`"CidrIp":"10.0.1.0/24"`, `"CidrIp":"10.0.0.0/24"`, `"CidrIp":{"Fn::GetAtt":["VPC`} {
		if strings.Count(all, want) != 1 {
			t.Errorf("got %s, want %s once", all, want)
		}
	}
}

// An endpoint of the user's is taken as it is.
func TestOwnPrivateEndpoint(t *testing.T) {
	stack := newStack(t)
	own := awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(stack, new("Endpoint"), &awsec2.InterfaceVpcEndpointAttributes{
		VpcEndpointId: new("vpce-0123456789abcdef0"), Port: new(443.0),
	})
	_, r := newPrivate(stack, "Site", newVPC(stack), apprunnerweb.Hosting{VPCEndpoint: own})
	template := templatetest.Of(t, stack)
	template.Want(ingressKind, "IngressVpcConfiguration.VpcEndpointId", `"vpce-0123456789abcdef0"`)
	if r.VPCEndpoint != own || len(template.IDs(endpointKind)) > 0 {
		t.Errorf("got endpoints %q, want the user's", template.IDs(endpointKind))
	}
}

func TestPrivateWebACLWarning(t *testing.T) {
	stack := newStack(t)
	w := workload()
	w.VPC = newVPC(stack)
	web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: apprunnerweb.Hosting{}, Private: true, WebACL: acl})
	text := assertions.Match_StringLikeRegexp(new("App Runner does not tell a web ACL the addresses of the clients"))
	if found := assertions.Annotations_FromStack(stack).FindWarning(new("*"), text); len(*found) != 1 {
		t.Errorf("got %d warnings, want one", len(*found))
	}
}

func TestAccessErrors(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	imported := awsec2.Vpc_FromVpcAttributes(stack, new("Imported"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef1"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PrivateSubnetIds: &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
	own := awsec2.InterfaceVpcEndpoint_FromInterfaceVpcEndpointAttributes(stack, new("Endpoint"), &awsec2.InterfaceVpcEndpointAttributes{
		VpcEndpointId: new("vpce-0123456789abcdef0"), Port: new(443.0),
	})
	for _, test := range []struct {
		name  string
		vpc   awsec2.IVpc
		props web.ServiceProps
		h     apprunnerweb.Hosting
		want  []string
	}{
		{"private without a VPC", nil, web.ServiceProps{Private: true}, apprunnerweb.Hosting{VPCEndpoint: own},
			[]string{"Private needs a VPC, from which clients reach the service; set Workload.VPC"}},
		{"an endpoint of a public service", vpc, web.ServiceProps{}, apprunnerweb.Hosting{VPCEndpoint: own},
			[]string{"Hosting.VPCEndpoint is for services that are Private, and this one is on the internet; set Private, or leave it out"}},
		{"a VPC whose block is not known", imported, web.ServiceProps{Private: true}, apprunnerweb.Hosting{},
			[]string{"Workload.VPC was imported without its CIDR block, which says who may connect to a Private service; set VpcCidrBlock when you import it, or set AllowFrom"}},
		{"the same with addresses", imported, web.ServiceProps{Private: true, AllowFrom: prefixes("10.0.0.0/16")}, apprunnerweb.Hosting{}, nil},
		{"the same with an endpoint", imported, web.ServiceProps{Private: true}, apprunnerweb.Hosting{VPCEndpoint: own}, nil},
		{"addresses of an endpoint", vpc, web.ServiceProps{Private: true, AllowFrom: prefixes("10.0.0.0/16")}, apprunnerweb.Hosting{VPCEndpoint: own},
			[]string{"AllowFrom is for the security groups of Hosting.VPCEndpoint to say; add rules to them, or leave VPCEndpoint out"}},
		{"IPv6", vpc, web.ServiceProps{Private: true, AllowFrom: prefixes("2001:db8::/32")}, apprunnerweb.Hosting{IPAddressType: apprunnerweb.DualStack}, []string{
			"Hosting.IPAddressType must be apprunnerweb.IPv4 for a service that is Private; leave it out",
			`AllowFrom[0] is of IPv6, by which no client reaches a Private service on App Runner, got "2001:db8::/32"; leave it out`,
		}},
		{"two web ACLs", nil, web.ServiceProps{WebACL: acl, AllowFrom: prefixes("192.0.2.0/24")}, apprunnerweb.Hosting{},
			[]string{"AllowFrom excludes WebACL on App Runner, where it takes a web ACL too, and there is one for each service; put the addresses into that web ACL, as a rule with an IP set"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			props := test.props
			props.Workload, props.Hosting = workload(), test.h
			props.Workload.VPC = test.vpc
			hostingtest.WantProblems(t, props, test.want...)
		})
	}
}

// Clients of IPv6 come only if the service has such addresses.
func TestAllowFromIPv6(t *testing.T) {
	for kind, want := range map[apprunnerweb.IPAddressType]bool{"": true, apprunnerweb.IPv4: true, apprunnerweb.DualStack: false} {
		err := (&web.ServiceProps{
			Workload:  web.Workload{Image: webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", nil)},
			Hosting:   apprunnerweb.Hosting{IPAddressType: kind},
			AllowFrom: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")},
		}).Validate()
		if got := err != nil && strings.Contains(err.Error(), "AllowFrom[0] is of IPv6"); got != want {
			t.Errorf("%q: got %v", kind, err)
		}
	}
}
