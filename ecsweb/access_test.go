package ecsweb_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"

	"github.com/cdkweb/cdkweb/ecsweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webtest"
)

const acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2c3d4-5678-90ab-cdef-1234567890ab"

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// newAccess makes a service with props that say who may come in.
func newAccess(stack awscdk.Stack, id string, vpc awsec2.IVpc, props web.ServiceProps) *web.Service {
	props.Workload = workload()
	props.Workload.VPC = vpc
	if props.Hosting == nil {
		props.Hosting = ecsweb.Hosting{}
	}
	return web.NewService(stack, id, &props)
}

func TestPrivateGolden(t *testing.T) {
	stack := newStack(t)
	newAccess(stack, "Site", newVPC(stack), web.ServiceProps{Private: true, AllowFrom: prefixes("10.0.0.0/24", "2001:db8::/32")})
	webtest.Snapshot(t, stack)
}

// The addresses are asked for in requests for the service's own host: others have the same load
// balancer.
func TestAllowFrom(t *testing.T) {
	stack := newStack(t)
	newAccess(stack, "Site", nil, web.ServiceProps{AllowFrom: prefixes("192.0.2.0/24")})
	template := templatetest.Of(t, stack)
	const kind = "AWS::WAFv2::WebACL"
	template.Want(kind, "DefaultAction", `{"Allow":{}}`)
	template.Want(kind, "Rules.0.Action", `{"Block":{}}`)
	statements := template.Get(kind, "Rules.0.Statement.AndStatement.Statements").([]any)
	host := templatetest.JSON(t, templatetest.At(statements[0], "ByteMatchStatement"))
	for _, want := range []string{`"FieldToMatch":{"SingleHeader":{"Name":"host"}}`, `"PositionalConstraint":"STARTS_WITH"`, `"Endpoint"`} {
		if !strings.Contains(host, want) {
			t.Errorf("got %s, want %s in it", host, want)
		}
	}
	if strings.Contains(templatetest.JSON(t, templatetest.At(statements[0], "ByteMatchStatement.SearchString.Fn::Join.0")), "https") {
		t.Errorf("got %s, want a host without a scheme", host)
	}
	not := templatetest.JSON(t, templatetest.At(statements[1], "NotStatement.Statement"))
	if set := template.IDs("AWS::WAFv2::IPSet"); len(set) != 1 || not != `{"IPSetReferenceStatement":{"Arn":{"Fn::GetAtt":["`+set[0]+`","Arn"]}}}` {
		t.Errorf("got %s, want the IP set of %v", not, set)
	}
	if got := warnings(stack, "it looks at requests for this service's host only"); got != 1 {
		t.Errorf("got %d warnings, want one", got)
	}
}

// A load balancer has one web ACL, and the services of a VPC share it. A private one is another.
func TestOneWebACL(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	newAccess(stack, "One", vpc, web.ServiceProps{WebACL: acl})
	const want = " needs a web ACL on the load balancer that ECS shares among the services of the VPC, which has that of Stack/One already; " +
		"give one web ACL for both to one of them, leave it out of the other, or choose fargateweb.Hosting{}"
	hostingtest.WantPanic(t, "Stack/Two", "WebACL"+want, func() { newAccess(stack, "Two", vpc, web.ServiceProps{WebACL: acl}) })
	hostingtest.WantPanic(t, "Stack/Two", "AllowFrom"+want, func() {
		newAccess(stack, "Two", vpc, web.ServiceProps{AllowFrom: prefixes("192.0.2.0/24")})
	})
	newAccess(stack, "Two", vpc, web.ServiceProps{WebACL: acl, Private: true})
	newAccess(stack, "Three", nil, web.ServiceProps{WebACL: acl})
	newAccess(stack, "Four", vpc, web.ServiceProps{})
	if got := len(templatetest.Of(t, stack).IDs("AWS::WAFv2::WebACLAssociation")); got != 3 {
		t.Errorf("got %d associations, want 3", got)
	}
}

func TestAccessErrors(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack)
	public := awsec2.Vpc_FromVpcAttributes(stack, new("Public"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef1"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PublicSubnetIds: &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
	one := awsec2.Subnet_FromSubnetId(stack, new("One"), new("subnet-0000000e"))
	two := awsec2.Subnet_FromSubnetId(stack, new("Two"), new("subnet-0000000f"))
	for _, test := range []struct {
		name  string
		vpc   awsec2.IVpc
		props web.ServiceProps
		want  []string
	}{
		{"private without a VPC", nil, web.ServiceProps{Private: true}, []string{
			"Private needs a VPC with private subnets, which the default VPC does not have; set Workload.VPC"}},
		{"private in a VPC with public subnets only", public, web.ServiceProps{Private: true}, []string{
			"Workload.VPC has public subnets only, and a service that is Private needs private ones; add private ones"}},
		{"private in public subnets", vpc, web.ServiceProps{Private: true, Hosting: ecsweb.Hosting{
			VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
		}}, []string{"Hosting.VPCSubnets must be private for a service that is Private, got public PublicSubnet1, PublicSubnet2; choose awsec2.SubnetType_PRIVATE_WITH_EGRESS"}},
		{"private in unknown subnets", vpc, web.ServiceProps{Private: true, Hosting: ecsweb.Hosting{
			VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{one, two}},
		}}, []string{"Hosting.VPCSubnets must be known to be private for a service that is Private; name them in PrivateSubnetIds, where the VPC is imported"}},
		{"private", vpc, web.ServiceProps{Private: true}, nil},
		{"two web ACLs", vpc, web.ServiceProps{WebACL: acl, AllowFrom: prefixes("192.0.2.0/24")}, []string{
			"AllowFrom excludes WebACL on ECS Express Mode, where it takes a web ACL too, and there is one for each service; put the addresses into that web ACL, as a rule with an IP set"}},
		{"every address", vpc, web.ServiceProps{AllowFrom: prefixes("0.0.0.0/0")}, []string{
			`AllowFrom[0] must not be every address, which AWS WAF takes in no IP set, got "0.0.0.0/0"; leave AllowFrom out to let every address in`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			props := test.props
			props.Workload = workload()
			props.Workload.VPC = test.vpc
			if props.Hosting == nil {
				props.Hosting = ecsweb.Hosting{}
			}
			hostingtest.WantProblems(t, props, test.want...)
		})
	}
}
