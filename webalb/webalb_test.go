package webalb_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func TestMain(m *testing.M) { os.Exit(webtest.Main(m)) }

const (
	kind         = "AWS::ElasticLoadBalancingV2::LoadBalancer"
	listenerKind = "AWS::ElasticLoadBalancingV2::Listener"
	ruleKind     = "AWS::ElasticLoadBalancingV2::ListenerRule"
	groupKind    = "AWS::EC2::SecurityGroup"
	policyKind   = "AWS::S3::BucketPolicy"
	warningKey   = "aws:cdk:warning"
)

func newStack(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), nil)
}

// newStackIn is one of a known account and region.
func newStackIn(app awscdk.App, id, account, region string) awscdk.Stack {
	return awscdk.NewStack(app, &id, &awscdk.StackProps{Env: &awscdk.Environment{Account: &account, Region: &region}})
}

// newVPC has subnets of each kind that is named, in two zones.
func newVPC(stack awscdk.Stack, protocol awsec2.IpProtocol, kinds ...awsec2.SubnetType) awsec2.Vpc {
	var subnets []*awsec2.SubnetConfiguration
	for i, kind := range kinds {
		subnets = append(subnets, &awsec2.SubnetConfiguration{Name: new(fmt.Sprint(kind, i)), SubnetType: kind})
	}
	gateways := 0.0
	if slices.Contains(kinds, awsec2.SubnetType_PRIVATE_WITH_EGRESS) {
		gateways = 1
	}
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: &gateways, SubnetConfiguration: &subnets, RestrictDefaultSecurityGroup: new(false), IpProtocol: protocol,
	})
}

const ipv4 = awsec2.IpProtocol_IPV4_ONLY

// importedVPC exists already, with one public and one private subnet in each of some zones.
func importedVPC(scope constructs.Construct, zones ...string) awsec2.IVpc {
	attributes := &awsec2.VpcAttributes{VpcId: new("vpc-0123456789abcdef0"), VpcCidrBlock: new("10.1.0.0/16")}
	var names, public, private []*string
	for i, zone := range zones {
		names = append(names, &zone)
		public = append(public, new(fmt.Sprintf("subnet-0000000%d", i)))
		private = append(private, new(fmt.Sprintf("subnet-1000000%d", i)))
	}
	attributes.AvailabilityZones, attributes.PublicSubnetIds, attributes.PrivateSubnetIds = &names, &public, &private
	return awsec2.Vpc_FromVpcAttributes(scope, new("VPC"), attributes)
}

func certificate(scope constructs.Construct, id string) awscertificatemanager.ICertificate {
	arn := "arn:aws:acm:eu-west-1:123456789012:certificate/" + id
	return awscertificatemanager.Certificate_FromCertificateArn(scope, &id, &arn)
}

func certificates(scope constructs.Construct, ids ...string) []awscertificatemanager.ICertificate {
	var all []awscertificatemanager.ICertificate
	for _, id := range ids {
		all = append(all, certificate(scope, id))
	}
	return all
}

func newBucket(scope constructs.Construct) awss3.Bucket {
	return awss3.NewBucket(scope, new("Logs"), &awss3.BucketProps{EnforceSSL: new(true)})
}

// newGroup is a target group without targets.
func newGroup(scope constructs.Construct, vpc awsec2.IVpc) awselasticloadbalancingv2.ApplicationTargetGroup {
	return awselasticloadbalancingv2.NewApplicationTargetGroup(scope, new("TargetGroup"), &awselasticloadbalancingv2.ApplicationTargetGroupProps{
		Vpc: vpc, Port: new(80.0), TargetType: awselasticloadbalancingv2.TargetType_IP,
	})
}

// hosting is one in memory, behind a load balancer.
type hosting struct {
	memweb.Hosting
	balancer *webalb.LoadBalancer
	rule     webalb.Rule
}

func (h hosting) Check(c *web.Check) { h.balancer.CheckRule(c, "Hosting.", h.rule) }

func (h hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	made := h.Hosting.Define(scope, in)
	h.balancer.Forward(scope, "Rule", h.rule, newGroup(scope, h.balancer.VPC))
	made.URL = func() string { return h.balancer.URLOf(h.rule) }
	return made
}

func props(balancer *webalb.LoadBalancer, rule webalb.Rule) *web.ServiceProps {
	return &web.ServiceProps{
		Workload: web.Workload{Image: webimage.URI("public.ecr.aws/nginx/nginx:1.29", nil)},
		Hosting:  hosting{balancer: balancer, rule: rule},
	}
}

// attributes are those of the only load balancer.
func attributes(t *testing.T, template templatetest.Template) map[string]string {
	t.Helper()
	all := map[string]string{}
	list, _ := template.Get(kind, "LoadBalancerAttributes").([]any)
	for _, entry := range list {
		pair := entry.(map[string]any)
		all[pair["Key"].(string)] = strings.Trim(templatetest.JSON(t, pair["Value"]), `"`)
	}
	return all
}

// warnings are the ids of the warnings of a construct, and of what it is made of.
func warnings(of constructs.IConstruct) []string {
	var ids []string
	for _, construct := range *of.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		for _, entry := range *construct.Node().Metadata() {
			if *entry.Type == warningKey {
				_, id, _ := strings.Cut(fmt.Sprint(entry.Data), "[ack: ")
				ids = append(ids, strings.TrimSuffix(id, "]"))
			}
		}
	}
	return ids
}

// wantProblems fails if a call does not panic with an error of just these problems, or adds anything
// to the tree.
func wantProblems(t *testing.T, stack awscdk.Stack, call func(), want ...string) {
	t.Helper()
	before := len(*stack.Node().FindAll(constructs.ConstructOrder_PREORDER))
	var got []string
	func() {
		defer func() {
			if r := recover(); r != nil {
				invalid, ok := r.(*web.InvalidPropsError)
				if !ok {
					t.Fatalf("got panic %v, want a *web.InvalidPropsError", r)
				}
				for _, problem := range invalid.Problems {
					got = append(got, problem.Error())
				}
			}
		}()
		call()
	}()
	if !slices.Equal(got, want) {
		t.Errorf("got problems\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
	if after := len(*stack.Node().FindAll(constructs.ConstructOrder_PREORDER)); len(want) > 0 && after != before {
		t.Errorf("the tree has %d constructs more", after-before)
	}
}

// Each row sets one option. An empty value means that there is nothing; attributes not named are
// those of the default.
func TestOptions(t *testing.T) {
	defaults := map[string]string{
		"deletion_protection.enabled":                     "false",
		"idle_timeout.timeout_seconds":                    "60",
		"routing.http.drop_invalid_header_fields.enabled": "true",
		"routing.http2.enabled":                           "true",
	}
	for _, test := range []struct {
		name       string
		props      func(stack awscdk.Stack) *webalb.LoadBalancerProps
		attributes map[string]string
		want       map[string]string // below the load balancer's Properties
		listener   map[string]string // below the only listener's
	}{
		{name: "defaults", want: map[string]string{
			"Type": `"application"`, "Scheme": `"internet-facing"`, "IpAddressType": `"ipv4"`, "Name": "", "SecurityGroups.1": "", "Subnets.2": "",
		}, listener: map[string]string{
			"Port": `80`, "Protocol": `"HTTP"`, "SslPolicy": "", "Certificates": "",
			"DefaultActions": `[{"Type":"fixed-response","FixedResponseConfig":{"StatusCode":"404","ContentType":"text/plain","MessageBody":"Not found\n"}}]`,
		}},
		{name: "no props", props: func(awscdk.Stack) *webalb.LoadBalancerProps { return nil }, want: map[string]string{"Scheme": `"internet-facing"`}},
		{name: "internal", props: func(stack awscdk.Stack) *webalb.LoadBalancerProps { return &webalb.LoadBalancerProps{Internal: true} },
			want: map[string]string{"Scheme": `"internal"`}},
		{name: "idle timeout", props: func(awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{IdleTimeout: 4000 * time.Second}
		}, attributes: map[string]string{"idle_timeout.timeout_seconds": "4000"}},
		{name: "deletion protection", props: func(awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{DeletionProtection: true}
		}, attributes: map[string]string{"deletion_protection.enabled": "true"}},
		{name: "invalid headers", props: func(awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{InvalidHeadersKept: true}
		}, attributes: map[string]string{"routing.http.drop_invalid_header_fields.enabled": "false"}},
		{name: "HTTP/1.1 only", props: func(awscdk.Stack) *webalb.LoadBalancerProps { return &webalb.LoadBalancerProps{HTTP2Disabled: true} },
			attributes: map[string]string{"routing.http2.enabled": "false"}},
		{name: "name", props: func(awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{LoadBalancerName: "Front-1"}
		}, want: map[string]string{"Name": `"Front-1"`}},
		{name: "name that is known at deployment", props: func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{LoadBalancerName: *stack.StackName() + *awscdk.Aws_REGION()}
		}, want: map[string]string{"Name.Fn::Join.1.1.Ref": `"AWS::Region"`}},
		{name: "dual stack", props: func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: newVPC(stack, awsec2.IpProtocol_DUAL_STACK, awsec2.SubnetType_PUBLIC), DualStack: true}
		}, want: map[string]string{"IpAddressType": `"dualstack"`}},
		{name: "HTTPS without redirect", props: func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), RedirectDisabled: true}
		}, listener: map[string]string{
			"Port": `443`, "Protocol": `"HTTPS"`, "SslPolicy": `"ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"`,
			"Certificates":                    `[{"CertificateArn":"arn:aws:acm:eu-west-1:123456789012:certificate/a"}]`,
			"DefaultActions.0.Type":           `"fixed-response"`,
			"DefaultActions.0.RedirectConfig": "",
		}},
		{name: "SSL policy", props: func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), RedirectDisabled: true, SSLPolicy: awselasticloadbalancingv2.SslPolicy_TLS13_13}
		}, listener: map[string]string{"SslPolicy": `"ELBSecurityPolicy-TLS13-1-3-2021-06"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			var props *webalb.LoadBalancerProps
			if test.props != nil {
				props = test.props(stack)
			}
			webalb.NewLoadBalancer(stack, "Front", props)
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(kind, path, want)
			}
			for path, want := range test.listener {
				template.Want(listenerKind, path, want)
			}
			want := maps.Clone(defaults)
			maps.Copy(want, test.attributes)
			if got := attributes(t, template); !maps.Equal(got, want) {
				t.Errorf("got attributes %v, want %v", got, want)
			}
		})
	}
}

// What cannot work is said before anything is made, all at once.
func TestProblems(t *testing.T) {
	public := func(zones ...string) func(stack awscdk.Stack) *webalb.LoadBalancerProps {
		return func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: importedVPC(stack, zones...)}
		}
	}
	subnet := func(stack awscdk.Stack, id, zone string) awsec2.ISubnet {
		return awsec2.Subnet_FromSubnetAttributes(stack, &id, &awsec2.SubnetAttributes{SubnetId: new("subnet-" + id), AvailabilityZone: &zone})
	}
	const name = "must have 1 to 32 letters, digits and hyphens, no hyphen at the ends"
	const domain = "DomainName must be a host name such as shop.example.com"
	plain := func(props webalb.LoadBalancerProps) func(awscdk.Stack) *webalb.LoadBalancerProps {
		return func(awscdk.Stack) *webalb.LoadBalancerProps { return &props }
	}
	for _, test := range []struct {
		name  string
		props func(stack awscdk.Stack) *webalb.LoadBalancerProps
		want  []string
	}{
		{"idle timeout of no time", plain(webalb.LoadBalancerProps{IdleTimeout: -1}),
			[]string{"IdleTimeout must be whole seconds from 1s to 4000s, got -1ns"}},
		{"idle timeout of parts of a second", plain(webalb.LoadBalancerProps{IdleTimeout: 1500 * time.Millisecond}),
			[]string{"IdleTimeout must be whole seconds from 1s to 4000s, got 1.5s"}},
		{"idle timeout of more than AWS takes", plain(webalb.LoadBalancerProps{IdleTimeout: 4001 * time.Second}),
			[]string{"IdleTimeout must be whole seconds from 1s to 4000s, got 1h6m41s"}},
		{"name with other characters", plain(webalb.LoadBalancerProps{LoadBalancerName: "front_1"}), []string{"LoadBalancerName " + name + `, got "front_1"`}},
		{"name with a hyphen at the end", plain(webalb.LoadBalancerProps{LoadBalancerName: "front-"}), []string{"LoadBalancerName " + name + `, got "front-"`}},
		{"name that is too long", plain(webalb.LoadBalancerProps{LoadBalancerName: strings.Repeat("a", 33)}),
			[]string{fmt.Sprintf("LoadBalancerName %s, got %q (33)", name, strings.Repeat("a", 33))}},
		{"name that AWS keeps", plain(webalb.LoadBalancerProps{LoadBalancerName: "internal-1"}),
			[]string{`LoadBalancerName must not start with internal-, got "internal-1"; choose another, or leave it out`}},
		{"domain with a scheme", plain(webalb.LoadBalancerProps{DomainName: "https://shop.example.com"}), []string{domain + `, got "https://shop.example.com"`}},
		{"domain with a pattern", plain(webalb.LoadBalancerProps{DomainName: "*.example.com"}), []string{domain + `, got "*.example.com"`}},
		{"domain with one label", plain(webalb.LoadBalancerProps{DomainName: "shop"}), []string{domain + `, got "shop"`}},
		{"what needs certificates", plain(webalb.LoadBalancerProps{RedirectDisabled: true, SSLPolicy: awselasticloadbalancingv2.SslPolicy_TLS13_13}),
			[]string{"SSLPolicy needs Certificates; set them, or leave it out", "RedirectDisabled needs Certificates; set them, or leave it out"}},
		{"certificate that is nil", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Certificates: []awscertificatemanager.ICertificate{certificate(stack, "a"), nil}}
		}, []string{"Certificates[1] must not be nil"}},
		{"more certificates than AWS takes", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Certificates: slices.Repeat(certificates(stack, "a"), 27)}
		}, []string{"Certificates must be 26 at most, got 27; use one for several names"}},
		{"prefix without a bucket", plain(webalb.LoadBalancerProps{AccessLogsPrefix: "front"}),
			[]string{"AccessLogsPrefix needs AccessLogsBucket; set it, or leave the prefix out"}},
		{"prefix with a slash", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{AccessLogsBucket: newBucket(stack), AccessLogsPrefix: "front/"}
		}, []string{`AccessLogsPrefix must not have slashes at the ends, and not contain AWSLogs, got "front/"`}},
		{"prefix with AWS's own folder", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{AccessLogsBucket: newBucket(stack), AccessLogsPrefix: "a/AWSLogs"}
		}, []string{`AccessLogsPrefix must not have slashes at the ends, and not contain AWSLogs, got "a/AWSLogs"`}},
		{"bucket with a key", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{AccessLogsBucket: awss3.NewBucket(stack, new("Logs"), &awss3.BucketProps{EncryptionKey: awskms.NewKey(stack, new("Key"), nil)})}
		}, []string{"AccessLogsBucket must not be encrypted with a KMS key, which load balancers cannot write with; make it with awss3.BucketEncryption_S3_MANAGED"}},
		{"bucket with AWS's key", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{AccessLogsBucket: awss3.NewBucket(stack, new("Logs"), &awss3.BucketProps{Encryption: awss3.BucketEncryption_KMS_MANAGED})}
		}, []string{"AccessLogsBucket must not be encrypted with a KMS key, which load balancers cannot write with; make it with awss3.BucketEncryption_S3_MANAGED"}},
		{"subnets without a VPC", plain(webalb.LoadBalancerProps{VPCSubnets: &awsec2.SubnetSelection{}}),
			[]string{"VPCSubnets needs VPC, the one that they are in; without both the load balancer has a VPC of its own"}},
		{"dual stack without a VPC", plain(webalb.LoadBalancerProps{DualStack: true}),
			[]string{"DualStack needs VPC, one whose subnets have IPv6 blocks; make it with awsec2.IpProtocol_DUAL_STACK"}},
		{"VPC without known subnets", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: awsec2.Vpc_FromVpcAttributes(stack, new("VPC"),
				&awsec2.VpcAttributes{VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a")}})}
		}, []string{"VPC has no subnets that are known; name them when you import it, or set VPCSubnets.Subnets"}},
		{"VPC without public subnets", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: newVPC(stack, ipv4, awsec2.SubnetType_PRIVATE_ISOLATED)}
		}, []string{"VPC has no public subnets, which a load balancer on the internet needs; add some, or set Internal"}},
		{"selection that the VPC cannot meet", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"), VPCSubnets: &awsec2.SubnetSelection{SubnetGroupName: new("Web")}}
		}, []string{"VPCSubnets must choose subnets of VPC: there are no subnet groups with name 'Web' in this VPC; available names: Public,Private"}},
		{"private subnets on the internet", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"),
				VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS}}
		}, []string{"VPCSubnets must be public for a load balancer on the internet, got private PrivateSubnet1, PrivateSubnet2; " +
			"choose awsec2.SubnetType_PUBLIC, or set Internal"}},
		{"one zone", public("eu-west-1a"),
			[]string{"VPCSubnets must be in at least two availability zones, got 1 subnet(s) in 1; choose more, or a VPC with two zones"}},
		{"two subnets of a zone", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			vpc := importedVPC(stack, "eu-west-1a", "eu-west-1b")
			return &webalb.LoadBalancerProps{Internal: true, VPC: vpc, VPCSubnets: &awsec2.SubnetSelection{
				Subnets: &[]awsec2.ISubnet{(*vpc.PublicSubnets())[0], (*vpc.PrivateSubnets())[0], (*vpc.PrivateSubnets())[1]}}}
		}, []string{"VPCSubnets must be one of each availability zone, got 3 subnets in 2; set OnePerAz"}},
		{"subnet that is nil", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"),
				VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{subnet(stack, "a", "eu-west-1a"), nil}}}
		}, []string{"VPCSubnets.Subnets must not hold nil"}},
		{"security group that is nil", plain(webalb.LoadBalancerProps{SecurityGroups: []awsec2.ISecurityGroup{nil}}), []string{"SecurityGroups[0] must not be nil"}},
		{"security groups and addresses", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, SecurityGroups: []awsec2.ISecurityGroup{
				awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil)}}
		}, []string{"SecurityGroups excludes AllowFrom; add rules to the groups instead"}},
		{"addresses that are none", plain(webalb.LoadBalancerProps{AllowFrom: []netip.Prefix{{}}}),
			[]string{`AllowFrom[0] must be a valid prefix; write netip.MustParsePrefix("192.0.2.0/24"), for instance`}},
		{"addresses of IPv6", plain(webalb.LoadBalancerProps{AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}}),
			[]string{`AllowFrom[1] is of IPv6, by which clients come only with DualStack, got "2001:db8::/32"; set DualStack, or leave it out`}},
		{"internal in a VPC of unknown addresses", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Internal: true, VPC: awsec2.Vpc_FromVpcAttributes(stack, new("VPC"), &awsec2.VpcAttributes{
				VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
				PrivateSubnetIds: &[]*string{new("subnet-a"), new("subnet-b")},
			})}
		}, []string{"VPC was imported without its CIDR block, which says who may connect to an Internal load balancer; set VpcCidrBlock when you import it, or set AllowFrom"}},
		{"internal with IPv6 in a VPC of unknown addresses", func(stack awscdk.Stack) *webalb.LoadBalancerProps {
			return &webalb.LoadBalancerProps{Internal: true, DualStack: true, VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b")}
		}, []string{"AllowFrom is required for an Internal load balancer with DualStack in an imported VPC, whose IPv6 block is not known"}},
		{"several at once", plain(webalb.LoadBalancerProps{IdleTimeout: -1, DomainName: "shop"}),
			[]string{domain + `, got "shop"`, "IdleTimeout must be whole seconds from 1s to 4000s, got -1ns"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			props := test.props(stack)
			wantProblems(t, stack, func() { webalb.NewLoadBalancer(stack, "Front", props) }, test.want...)
		})
	}
}

// The path of the error is that of the construct that was to be made.
func TestPathOfProblems(t *testing.T) {
	stack := newStack(t)
	part := constructs.NewConstruct(stack, new("Part"))
	hostingtest.WantPanic(t, "Stack/Part/Front", "IdleTimeout must be", func() {
		webalb.NewLoadBalancer(part, "Front", &webalb.LoadBalancerProps{IdleTimeout: -1})
	})
	hostingtest.WantPanic(t, "Front", "scope must be a stack, or a construct in one", func() {
		webalb.NewLoadBalancer(webtest.NewApp(t), "Front", nil)
	})
	hostingtest.WantPanic(t, "Front", "scope must be a stack, or a construct in one, got nil", func() {
		webalb.NewLoadBalancer(nil, "Front", nil)
	})
}

// A certificate and a bucket must be in the load balancer's region.
func TestRegions(t *testing.T) {
	app := webtest.NewApp(t)
	elsewhere := newStackIn(app, "Elsewhere", "123456789012", "us-east-1")
	stack := newStackIn(app, "Stack", "123456789012", "eu-west-1")
	vpc := importedVPC(stack, "eu-west-1a", "eu-west-1b")
	arn := "arn:aws:acm:us-east-1:123456789012:certificate/a"
	wantProblems(t, stack, func() {
		webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
			VPC: vpc,
			Certificates: []awscertificatemanager.ICertificate{
				certificate(elsewhere, "b"),
				awscertificatemanager.Certificate_FromCertificateArn(elsewhere, new("Imported"), &arn),
				awscertificatemanager.NewCertificate(elsewhere, new("New"), &awscertificatemanager.CertificateProps{DomainName: new("shop.example.com")}),
			},
			AccessLogsBucket: awss3.NewBucket(elsewhere, new("Logs"), &awss3.BucketProps{BucketName: new("logs-of-the-shop")}),
		})
	},
		"Certificates[1] must be in eu-west-1, as the load balancer is, got \"us-east-1\"; one for CloudFront, in us-east-1, is another",
		"Certificates[2] must be in eu-west-1, as the load balancer is, got \"us-east-1\"; one for CloudFront, in us-east-1, is another",
		"AccessLogsBucket must be in eu-west-1, as the load balancer is, got \"us-east-1\"")

	wantProblems(t, stack, func() {
		vpc := awsec2.NewVpc(elsewhere, new("VPC"), &awsec2.VpcProps{MaxAzs: new(2.0), NatGateways: new(0.0)})
		webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc})
	}, "VPC must be in eu-west-1, as the load balancer is, got \"us-east-1\"")

	agnostic := newStack(t) // and if the region is not known, nothing is said
	webalb.NewLoadBalancer(agnostic, "Front", &webalb.LoadBalancerProps{Certificates: []awscertificatemanager.ICertificate{
		awscertificatemanager.Certificate_FromCertificateArn(agnostic, new("Imported"), &arn),
	}, DomainName: "shop.example.com"})
}

func TestGolden(t *testing.T) {
	for name, build := range map[string]func(stack awscdk.Stack){
		"default": func(stack awscdk.Stack) {
			front := webalb.NewLoadBalancer(stack, "Front", nil)
			web.NewService(stack, "Site", props(front, webalb.Rule{}))
		},
		"every option": func(stack awscdk.Stack) {
			front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
				VPC:                newVPC(stack, awsec2.IpProtocol_DUAL_STACK, awsec2.SubnetType_PUBLIC, awsec2.SubnetType_PRIVATE_WITH_EGRESS),
				VPCSubnets:         &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},
				AllowFrom:          []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24"), netip.MustParsePrefix("2001:db8::/32")},
				Certificates:       certificates(stack, "a", "b", "c"),
				DomainName:         "shop.example.com",
				SSLPolicy:          awselasticloadbalancingv2.SslPolicy_TLS13_13,
				HTTP2Disabled:      true,
				DualStack:          true,
				IdleTimeout:        5 * time.Minute,
				DeletionProtection: true,
				InvalidHeadersKept: true,
				AccessLogsBucket:   newBucket(stack),
				AccessLogsPrefix:   "front",
				LoadBalancerName:   "front",
			})
			web.NewService(stack, "Shop", props(front, webalb.Rule{}))
			web.NewService(stack, "API", props(front, webalb.Rule{Hosts: []string{"shop.example.com", "*.example.com"}, Paths: []string{"/api", "/api/*"}}))
			web.NewService(stack, "Admin", props(front, webalb.Rule{Hosts: []string{"admin.example.com"}, Priority: 7}))
		},
		"internal": func(stack awscdk.Stack) {
			webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
				VPC: newVPC(stack, ipv4, awsec2.SubnetType_PUBLIC, awsec2.SubnetType_PRIVATE_WITH_EGRESS), Internal: true,
			})
		},
		"dual stack": func(stack awscdk.Stack) {
			webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
				VPC: newVPC(stack, awsec2.IpProtocol_DUAL_STACK, awsec2.SubnetType_PUBLIC), DualStack: true,
			})
		},
		"security groups of the user": func(stack awscdk.Stack) {
			var groups []awsec2.ISecurityGroup
			for _, id := range []string{"sg-0123456789abcdef0", "sg-0123456789abcdef1"} {
				groups = append(groups, awsec2.SecurityGroup_FromSecurityGroupId(stack, &id, &id, nil))
			}
			webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"), SecurityGroups: groups})
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			build(stack)
			webtest.Snapshot(t, stack)
		})
	}
}

// Templates are the same whatever flags an app's cdk.json has.
func TestFlags(t *testing.T) {
	content, err := os.ReadFile("../cdk.json")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Context map[string]any }
	if err := json.Unmarshal(content, &config); err != nil {
		t.Fatal(err)
	}
	template := func(on bool) string {
		flags := map[string]any{"@aws-cdk/aws-ec2.securityGroupDisableInlineRules": on}
		for flag, value := range config.Context {
			if _, ok := value.(bool); ok && !strings.HasPrefix(flag, "@aws-cdk/core:") {
				flags[flag] = on
			}
		}
		if len(flags) < 50 {
			t.Fatalf("cdk.json has only %d flags", len(flags))
		}
		stack := awscdk.NewStack(awscdk.NewApp(&awscdk.AppProps{Context: &flags, Outdir: new(t.TempDir())}), new("Stack"), nil)
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
			Certificates: certificates(stack, "a"), DomainName: "shop.example.com",
			AccessLogsBucket: awss3.NewBucket(stack, new("Logs"), nil), AccessLogsPrefix: "front",
		})
		web.NewService(stack, "Site", props(front, webalb.Rule{}))
		return webtest.Template(t, stack)
	}
	if on, off := template(true), template(false); on != off {
		t.Errorf("with all flags the template is\n%s\nand without any\n%s", on, off)
	}
}

// Of each zone one subnet is taken by default, of the first kind that fits.
func TestSubnets(t *testing.T) {
	const public, private, isolated = awsec2.SubnetType_PUBLIC, awsec2.SubnetType_PRIVATE_WITH_EGRESS, awsec2.SubnetType_PRIVATE_ISOLATED
	for _, test := range []struct {
		name     string
		kinds    []awsec2.SubnetType
		internal bool
		choose   *awsec2.SubnetSelection
		want     string // how the names of the subnets begin
	}{
		{"on the internet", []awsec2.SubnetType{private, public}, false, nil, "PUBLIC1"},
		{"on the internet, two groups", []awsec2.SubnetType{public, public}, false, nil, "PUBLIC0"},
		{"on the internet, the second group", []awsec2.SubnetType{public, public}, false, &awsec2.SubnetSelection{SubnetGroupName: new("PUBLIC1")}, "PUBLIC1"},
		{"internal", []awsec2.SubnetType{public, isolated, private}, true, nil, "PRIVATE_WITH_EGRESS2"},
		{"internal, two groups", []awsec2.SubnetType{public, private, private}, true, nil, "PRIVATE_WITH_EGRESS1"},
		{"internal without private ones", []awsec2.SubnetType{public, isolated}, true, nil, "PRIVATE_ISOLATED1"},
		{"internal with public ones alone", []awsec2.SubnetType{public}, true, nil, "PUBLIC0"},
		{"internal in public ones", []awsec2.SubnetType{public, isolated}, true, &awsec2.SubnetSelection{SubnetType: public}, "PUBLIC0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
				VPC: newVPC(stack, ipv4, test.kinds...), Internal: test.internal, VPCSubnets: test.choose,
			})
			subnets := templatetest.Of(t, stack).Get(kind, "Subnets").([]any)
			got := templatetest.JSON(t, subnets)
			if prefix := `{"Ref":"VPC` + strings.ReplaceAll(test.want, "_", ""); len(subnets) != 2 || strings.Count(got, prefix) != 2 {
				t.Errorf("got subnets %s, want two of %s", got, prefix)
			}
		})
	}
}

// Who may connect, and to which ports.
func TestAllowFrom(t *testing.T) {
	prefixes := func(texts ...string) (all []netip.Prefix) {
		for _, text := range texts {
			all = append(all, netip.MustParsePrefix(text))
		}
		return all
	}
	dualStack := func(stack awscdk.Stack) awsec2.IVpc {
		return newVPC(stack, awsec2.IpProtocol_DUAL_STACK, awsec2.SubnetType_PUBLIC)
	}
	const vpcBlock, vpcBlockIPv6 = `{"Fn::GetAtt":["VPCB9E5F0B4","CidrBlock"]}`, `{"Fn::Select":[0,{"Fn::GetAtt":["VPCB9E5F0B4","Ipv6CidrBlocks"]}]}`
	for _, test := range []struct {
		name  string
		props func(stack awscdk.Stack) webalb.LoadBalancerProps
		want  []string
	}{
		{"everybody", func(awscdk.Stack) webalb.LoadBalancerProps { return webalb.LoadBalancerProps{} }, []string{`80 "0.0.0.0/0"`}},
		{"everybody, with HTTPS", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{Certificates: certificates(stack, "a")}
		}, []string{`443 "0.0.0.0/0"`, `80 "0.0.0.0/0"`}},
		{"everybody, with HTTPS alone", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), RedirectDisabled: true}
		}, []string{`443 "0.0.0.0/0"`}},
		{"everybody, with IPv6", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{VPC: dualStack(stack), DualStack: true}
		}, []string{`80 "0.0.0.0/0"`, `80 "::/0"`}},
		{"some", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{VPC: dualStack(stack), DualStack: true, AllowFrom: prefixes("192.0.2.77/24", "2001:db8::1/32", "198.51.100.1/32")}
		}, []string{`80 "192.0.2.0/24"`, `80 "198.51.100.1/32"`, `80 "2001:db8::/32"`}},
		{"the VPC", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{VPC: newVPC(stack, ipv4, awsec2.SubnetType_PUBLIC), Internal: true}
		}, []string{"80 " + vpcBlock}},
		{"the VPC, with IPv6", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{VPC: dualStack(stack), Internal: true, DualStack: true}
		}, []string{"80 " + vpcBlock, "80 " + vpcBlockIPv6}},
		{"an imported VPC", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"), Internal: true}
		}, []string{`80 "10.1.0.0/16"`}},
		{"an office, to an internal one", func(stack awscdk.Stack) webalb.LoadBalancerProps {
			return webalb.LoadBalancerProps{Internal: true, AllowFrom: prefixes("10.0.0.0/8")}
		}, []string{`80 "10.0.0.0/8"`}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			webalb.NewLoadBalancer(stack, "Front", new(test.props(stack)))
			template := templatetest.Of(t, stack)
			var got []string
			for _, entry := range template.Get(groupKind, "SecurityGroupIngress").([]any) {
				rule := entry.(map[string]any)
				address := rule["CidrIp"]
				if address == nil {
					address = rule["CidrIpv6"]
				}
				if rule["FromPort"] != rule["ToPort"] || rule["IpProtocol"] != "tcp" || rule["Description"] != "clients" {
					t.Errorf("got rule %v, want one of a TCP port, for clients", rule)
				}
				got = append(got, fmt.Sprint(rule["FromPort"], " ", templatetest.JSON(t, address)))
			}
			slices.Sort(got)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			template.Want(groupKind, "SecurityGroupEgress", // else EC2 would let everything out
				`[{"CidrIp":"255.255.255.255/32","Description":"nothing, else all would be allowed","FromPort":1,"IpProtocol":"tcp","ToPort":1}]`)
		})
	}
}

// The user's groups get no rule for clients; a prefix list is one of theirs.
func TestSecurityGroups(t *testing.T) {
	stack := newStack(t)
	vpc := newVPC(stack, ipv4, awsec2.SubnetType_PUBLIC)
	group := awsec2.NewSecurityGroup(stack, new("Group"), &awsec2.SecurityGroupProps{Vpc: vpc, AllowAllOutbound: new(false)})
	group.AddIngressRule(awsec2.Peer_PrefixList(new("pl-0123456789abcdef0")), awsec2.Port_Tcp(new(80.0)), new("CloudFront"), nil)
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{VPC: vpc, SecurityGroups: []awsec2.ISecurityGroup{
		group, awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Second"), new("sg-0123456789abcdef1"), nil),
	}})
	server := awsec2.NewSecurityGroup(stack, new("Server"), &awsec2.SecurityGroupProps{Vpc: vpc})
	server.Connections().AllowFrom(front, awsec2.Port_Tcp(new(8080.0)), nil)
	template := templatetest.Of(t, stack)
	id := template.IDs(groupKind)[0] // Group, before Server
	template.Want(kind, "SecurityGroups", `[{"Fn::GetAtt":["`+id+`","GroupId"]},"sg-0123456789abcdef1"]`)
	var clients []any
	for _, rule := range template.IDs("AWS::EC2::SecurityGroupIngress") {
		if properties := template.Resources[rule].Properties; templatetest.At(properties, "GroupId.Fn::GetAtt.0") == id {
			clients = append(clients, properties["SourcePrefixListId"])
		}
	}
	if inline := template.Resources[id].Properties["SecurityGroupIngress"]; inline != nil || !slices.Equal(clients, []any{"pl-0123456789abcdef0"}) {
		t.Errorf("clients come from %v and %v, want the prefix list alone", inline, clients)
	}
	if got := template.Types()["AWS::EC2::SecurityGroupEgress"]; got < 1 {
		t.Errorf("got %d outbound rules to the server, want one of the first group at least", got)
	}
}

func TestAccessLogs(t *testing.T) {
	statement := func(folder string) string {
		return `{"Action":"s3:PutObject","Effect":"Allow","Principal":{"Service":"logdelivery.elasticloadbalancing.amazonaws.com"},` +
			`"Resource":{"Fn::Join":["",[{"Fn::GetAtt":["Logs6819BB44","Arn"]},"` + folder + `AWSLogs/",{"Ref":"AWS::AccountId"},"/*"]]}}`
	}
	for _, test := range []struct{ name, prefix, folder string }{
		{"top of the bucket", "", "/"},
		{"folder", "front/logs", "/front/logs/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{AccessLogsBucket: newBucket(stack), AccessLogsPrefix: test.prefix})
			template := templatetest.Of(t, stack)
			got := attributes(t, template)
			if got["access_logs.s3.enabled"] != "true" || got["access_logs.s3.bucket"] != `{"Ref":"Logs6819BB44"}` || got["access_logs.s3.prefix"] != test.prefix {
				t.Errorf("got attributes %v", got)
			}
			template.Want(policyKind, "PolicyDocument.Statement.1", statement(test.folder))
			if depends := template.Resources[template.IDs(kind)[0]].DependsOn; !slices.Contains(depends, template.IDs(policyKind)[0]) {
				t.Errorf("the load balancer depends on %q, want the bucket's policy among them", depends)
			}
		})
	}

	t.Run("imported bucket", func(t *testing.T) {
		stack := newStack(t)
		bucket := awss3.Bucket_FromBucketName(stack, new("Logs"), new("logs-of-the-shop"))
		front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Internal: true, AccessLogsBucket: bucket})
		if got := warnings(front); !slices.Equal(got, []string{webalb.AccessLogsWarning}) {
			t.Errorf("got warnings %q", got)
		}
		if got := attributes(t, templatetest.Of(t, stack)); got["access_logs.s3.bucket"] != "logs-of-the-shop" {
			t.Errorf("got attributes %v", got)
		}
		awscdk.Annotations_Of(stack).AcknowledgeWarning(new(webalb.AccessLogsWarning), new("the policy is there"))
		if got := warnings(front); got != nil {
			t.Errorf("got warnings %q after they were acknowledged", got)
		}
	})

	t.Run("bucket of another stack", func(t *testing.T) {
		app := webtest.NewApp(t)
		logs, stack := awscdk.NewStack(app, new("Logs"), nil), awscdk.NewStack(app, new("Stack"), nil)
		webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{AccessLogsBucket: newBucket(logs)})
		if got := templatetest.Of(t, logs).Types()[policyKind]; got != 1 {
			t.Errorf("got %d policies beside the bucket, want one", got)
		}
		if depends := *stack.Dependencies(); !slices.Contains(depends, logs) {
			t.Errorf("the load balancer's stack does not depend on the bucket's")
		}
	})
}

func TestHTTPWarning(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(stack awscdk.Stack) *webalb.LoadBalancer
		want bool
	}{
		{"on the internet", func(stack awscdk.Stack) *webalb.LoadBalancer { return webalb.NewLoadBalancer(stack, "Front", nil) }, true},
		{"with a domain alone", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{DomainName: "shop.example.com"})
		}, true},
		{"with a certificate", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), DomainName: "shop.example.com"})
		}, false},
		{"internal", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Internal: true})
		}, false},
		{"of somebody else", func(stack awscdk.Stack) *webalb.LoadBalancer { return fromListener(stack, "http://shop.example.com") }, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			front := test.make(stack)
			if got := slices.Contains(warnings(front), webalb.HTTPWarning); got != test.want {
				t.Errorf("got a warning: %v, want %v", got, test.want)
			}
			awscdk.Annotations_Of(stack).AcknowledgeWarning(new(webalb.HTTPWarning), new("a CDN is in front"))
			if got := warnings(front); got != nil {
				t.Errorf("got warnings %q after they were acknowledged", got)
			}
		})
	}
}

// The warning comes with the first service whose URL no certificate is for.
func TestDomainWarning(t *testing.T) {
	https := func(domain string) func(stack awscdk.Stack) *webalb.LoadBalancer {
		return func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), DomainName: domain})
		}
	}
	for _, test := range []struct {
		name  string
		make  func(stack awscdk.Stack) *webalb.LoadBalancer
		rules []webalb.Rule
		want  int
	}{
		{"no service yet", https(""), nil, 0},
		{"services with hosts", https(""), []webalb.Rule{{Hosts: []string{"a.io"}}, {Hosts: []string{"*.io", "b.io"}}}, 0},
		{"services without hosts", https(""), []webalb.Rule{{Hosts: []string{"a.io"}}, {}, {Paths: []string{"/a"}}}, 1},
		{"a service with a pattern of hosts", https(""), []webalb.Rule{{Hosts: []string{"*.io"}}}, 1},
		{"a domain", https("shop.example.com"), []webalb.Rule{{}}, 0},
		{"of somebody else", func(stack awscdk.Stack) *webalb.LoadBalancer { return fromListener(stack, "https://shop.example.com") }, []webalb.Rule{{}}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			front := test.make(stack)
			for i, rule := range test.rules {
				web.NewService(stack, fmt.Sprint("S", i), props(front, rule))
			}
			if got := warnings(front); len(got) != test.want || test.want > 0 && got[0] != webalb.DomainWarning {
				t.Errorf("got warnings %q, want %d", got, test.want)
			}
		})
	}
	t.Run("acknowledged before", func(t *testing.T) {
		stack := newStack(t)
		front := https("")(stack)
		awscdk.Annotations_Of(front).AcknowledgeWarning(new(webalb.DomainWarning), new("clients use another name"))
		web.NewService(stack, "Site", props(front, webalb.Rule{}))
		if got := warnings(front); got != nil {
			t.Errorf("got warnings %q", got)
		}
	})
}

// fromListener is a load balancer that was not made here.
func fromListener(stack awscdk.Stack, url string) *webalb.LoadBalancer {
	group := awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Theirs"), new("sg-0123456789abcdef0"), &awsec2.SecurityGroupImportOptions{AllowAllOutbound: new(false)})
	listener := awselasticloadbalancingv2.ApplicationListener_FromApplicationListenerAttributes(stack, new("Listener"),
		&awselasticloadbalancingv2.ApplicationListenerAttributes{
			ListenerArn:   new("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/front/0123456789abcdef/fedcba9876543210"),
			SecurityGroup: group,
		})
	return webalb.FromListener(stack, "Front", &webalb.ListenerProps{Listener: listener, VPC: importedVPC(stack, "eu-west-1a", "eu-west-1b"), URL: url})
}

func TestFromListener(t *testing.T) {
	stack := newStack(t)
	front := fromListener(stack, "https://shop.example.com")
	if front.ALB != nil || front.Redirect != nil || front.IdleTimeout() != 60*time.Second || front.URL() != "https://shop.example.com" {
		t.Errorf("got %+v", front)
	}
	service := web.NewService(stack, "Site", props(front, webalb.Rule{Paths: []string{"/api/*"}}))
	if got := service.URL(); got != "https://shop.example.com" {
		t.Errorf("got URL %s", got)
	}
	awsec2.NewSecurityGroup(stack, new("Server"), &awsec2.SecurityGroupProps{Vpc: front.VPC}).
		Connections().AllowFrom(front, awsec2.Port_Tcp(new(8080.0)), nil)
	template := templatetest.Of(t, stack)
	template.Want(ruleKind, "ListenerArn", `"arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/front/0123456789abcdef/fedcba9876543210"`)
	template.Want("AWS::EC2::SecurityGroupEgress", "GroupId", `"sg-0123456789abcdef0"`)

	props := &webalb.ListenerProps{Listener: front.Listener, VPC: front.VPC, URL: "http://a.io", IdleTimeout: 5 * time.Minute}
	if got := webalb.FromListener(stack, "Slow", props).IdleTimeout(); got != 5*time.Minute {
		t.Errorf("got idle timeout %s, want 5m", got)
	}
	for _, test := range []struct {
		name  string
		props *webalb.ListenerProps
		want  []string
	}{
		{"nothing", nil, []string{"Listener is required", "VPC is required",
			"URL is required; set it to the address that clients use, such as https://shop.example.com"}},
		{"URL without scheme", &webalb.ListenerProps{Listener: front.Listener, VPC: front.VPC, URL: "shop.example.com"},
			[]string{`URL must be http:// or https:// and a host name without a path, got "shop.example.com"`}},
		{"URL with another scheme", &webalb.ListenerProps{Listener: front.Listener, VPC: front.VPC, URL: "ftp://shop.example.com"},
			[]string{`URL must be http:// or https:// and a host name without a path, got "ftp://shop.example.com"`}},
		{"URL with a slash", &webalb.ListenerProps{Listener: front.Listener, VPC: front.VPC, URL: "https://shop.example.com/"},
			[]string{`URL must be http:// or https:// and a host name without a path, got "https://shop.example.com/"`}},
		{"idle timeout", &webalb.ListenerProps{Listener: front.Listener, VPC: front.VPC, URL: "https://shop.example.com", IdleTimeout: time.Millisecond},
			[]string{"IdleTimeout must be whole seconds from 1s to 4000s, got 1ms"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantProblems(t, stack, func() { webalb.FromListener(stack, "Wrong", test.props) }, test.want...)
		})
	}
}

func TestURLs(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(stack awscdk.Stack) *webalb.LoadBalancer
		rule webalb.Rule
		want string
	}{
		{"AWS's name", func(stack awscdk.Stack) *webalb.LoadBalancer { return webalb.NewLoadBalancer(stack, "Front", nil) }, webalb.Rule{Paths: []string{"/a"}},
			`{"Fn::Join":["",["http://",{"Fn::GetAtt":["Front7519E808","DNSName"]}]]}`},
		{"domain", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), DomainName: "shop.example.com"})
		}, webalb.Rule{Hosts: []string{"*.example.com"}}, `"https://shop.example.com"`},
		{"domain of another alphabet", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{DomainName: "shop.xn--p1ai"})
		}, webalb.Rule{}, `"http://shop.xn--p1ai"`},
		{"domain that is known at deployment", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{DomainName: *awscdk.Aws_REGION() + ".example.com"})
		}, webalb.Rule{}, `{"Fn::Join":["",["http://",{"Ref":"AWS::Region"},".example.com"]]}`},
		{"host", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{Certificates: certificates(stack, "a"), DomainName: "shop.example.com"})
		}, webalb.Rule{Hosts: []string{"*.io", "b.io", "a.io"}}, `"https://b.io"`},
		{"host of another port", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return fromListener(stack, "https://shop.example.com:8443")
		},
			webalb.Rule{Hosts: []string{"b.io"}}, `"https://b.io:8443"`},
		{"another port", func(stack awscdk.Stack) *webalb.LoadBalancer {
			return fromListener(stack, "http://shop.example.com:8080")
		},
			webalb.Rule{}, `"http://shop.example.com:8080"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			front := test.make(stack)
			service := web.NewService(stack, "Site", props(front, test.rule))
			if got := templatetest.JSON(t, stack.Resolve(service.URL())); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// A rule of a hosting: its conditions, and its priority.
func TestForward(t *testing.T) {
	for _, test := range []struct {
		name       string
		rule       webalb.Rule
		conditions string
	}{
		{"everything", webalb.Rule{}, `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}}]`},
		{"hosts", webalb.Rule{Hosts: []string{"a.io", "b.io"}}, `[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io","b.io"]}}]`},
		{"paths", webalb.Rule{Paths: []string{"/b", "/a/*"}}, `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/b","/a/*"]}}]`},
		{"hosts and paths", webalb.Rule{Hosts: []string{"a.io"}, Paths: []string{"/a"}},
			`[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io"]}},{"Field":"path-pattern","PathPatternConfig":{"Values":["/a"]}}]`},
		{"priority", webalb.Rule{Priority: 12}, `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			front := webalb.NewLoadBalancer(stack, "Front", nil)
			web.NewService(stack, "Site", props(front, test.rule))
			template := templatetest.Of(t, stack)
			template.Want(ruleKind, "Conditions", test.conditions)
			template.Want(ruleKind, "Actions.0.Type", `"forward"`)
			priority, _ := template.Get(ruleKind, "Priority").(float64)
			if own := test.rule.Priority != 0; own != (priority == 12) || !own && (priority < 1000 || priority > 48999) {
				t.Errorf("got priority %v", priority)
			}
		})
	}
}

// Forward is for target groups of everybody, and checks what they ask for.
func TestForwardChecks(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	instances, others := constructs.NewConstruct(stack, new("Instances")), constructs.NewConstruct(stack, new("Others"))
	paths := []string{"/old/*"}
	front.Forward(instances, "Rule", webalb.Rule{Paths: paths}, newGroup(instances, front.VPC))
	paths[0] = "/new/*" // is the caller's own
	group := newGroup(others, front.VPC)
	wantProblems(t, stack, func() { front.Forward(others, "Rule", webalb.Rule{Paths: []string{"/old/*"}}, group) },
		"LoadBalancer sends requests for /old/* to Stack/Instances already; give this service other Hosts or Paths")
	wantProblems(t, stack, func() { front.Forward(others, "Rule", webalb.Rule{Hosts: []string{"shop"}}, group) },
		`Hosts[0] must be a host name of up to 128 characters, such as shop.example.com or *.example.com, and letters only after the last dot, got "shop"`)
	hostingtest.WantPanic(t, "Stack/Others/Rule", "Priority must be between", func() { front.Forward(others, "Rule", webalb.Rule{Priority: -1}, group) })
	front.Forward(others, "Rule", webalb.Rule{Paths: []string{"/new/*"}}, group)
}

func TestCheckRule(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	web.NewService(stack, "Site", props(front, webalb.Rule{Hosts: []string{"a.io"}}))
	wantProblems(t, stack, func() { web.NewService(stack, "Other", props(front, webalb.Rule{Hosts: []string{"a.io"}})) },
		"Hosting.LoadBalancer sends all requests of a.io to Stack/Site/Memory already; give this service other Hosts or Paths")
	hostingtest.WantProblems(t, *props(front, webalb.Rule{Hosts: []string{"a.io"}}),
		"Hosting.LoadBalancer sends all requests of a.io to Stack/Site/Memory already; give this service other Hosts or Paths")
	hostingtest.WantProblems(t, *props(nil, webalb.Rule{Hosts: []string{"a.io"}})) // one of its own
	hostingtest.WantProblems(t, *props(&webalb.LoadBalancer{}, webalb.Rule{Hosts: []string{"a.io"}}),
		`Hosting.LoadBalancer must be one of webalb.NewLoadBalancer or webalb.FromListener; make one with webalb.NewLoadBalancer(stack, "Front", nil)`)

	app := webtest.NewApp(t)
	here := newStackIn(app, "Here", "123456789012", "eu-west-1")
	front = webalb.NewLoadBalancer(here, "Front", &webalb.LoadBalancerProps{VPC: importedVPC(here, "eu-west-1a", "eu-west-1b")})
	there := newStackIn(app, "There", "210987654321", "us-east-1")
	wantProblems(t, there, func() { web.NewService(there, "Site", props(front, webalb.Rule{})) },
		"Hosting.LoadBalancer is in 123456789012, and the service in 210987654321; make one in the account and region of the service",
		"Hosting.LoadBalancer is in eu-west-1, and the service in us-east-1; make one in the account and region of the service")
	anywhere := awscdk.NewStack(app, new("Anywhere"), nil)
	wantProblems(t, anywhere, func() { web.NewService(anywhere, "Site", props(front, webalb.Rule{})) },
		"Hosting.LoadBalancer is in 123456789012, and the stack of the service leaves open where it is; set Env of both stacks, or of none",
		"Hosting.LoadBalancer is in eu-west-1, and the stack of the service leaves open where it is; set Env of both stacks, or of none")
	open := webalb.NewLoadBalancer(anywhere, "Front", nil)
	wantProblems(t, there, func() { web.NewService(there, "Site", props(open, webalb.Rule{})) },
		"Hosting.LoadBalancer is in a stack that leaves open where it is, and the service in 210987654321; set Env of both stacks, or of none",
		"Hosting.LoadBalancer is in a stack that leaves open where it is, and the service in us-east-1; set Env of both stacks, or of none")
}

// A service keeps its number when others come before it, and its hostings have numbers of their own.
func TestPriorityStays(t *testing.T) {
	number := func(others int) float64 {
		stack := newStack(t)
		front := webalb.NewLoadBalancer(stack, "Front", nil)
		for i := range others {
			web.NewService(stack, fmt.Sprint("S", i), props(front, webalb.Rule{Paths: []string{fmt.Sprintf("/s%d/*", i)}}))
		}
		web.NewService(stack, "Site", props(front, webalb.Rule{Paths: []string{"/site/*"}}))
		template := templatetest.Of(t, stack)
		for _, id := range template.IDs(ruleKind) {
			if strings.HasPrefix(id, "Site") {
				return template.Resources[id].Properties["Priority"].(float64)
			}
		}
		t.Fatal("the service has no rule")
		return 0
	}
	if alone, after := number(0), number(3); alone != after {
		t.Errorf("got %v after others, want %v as alone", after, alone)
	}
}

// The load balancer may be in another stack than its services, in whatever order they are deployed.
func TestStacks(t *testing.T) {
	app := webtest.NewApp(t)
	shared := awscdk.NewStack(app, new("Shared"), nil)
	front := webalb.NewLoadBalancer(shared, "Front", nil)
	before := templatetest.Of(t, shared)
	stack := awscdk.NewStack(app, new("Stack"), nil)
	web.NewService(stack, "Site", props(front, webalb.Rule{}))
	server := awsec2.NewSecurityGroup(stack, new("Server"), &awsec2.SecurityGroupProps{Vpc: front.VPC})
	server.Connections().AllowFrom(front, awsec2.Port_Tcp(new(8080.0)), nil)
	template := templatetest.Of(t, stack)
	for _, kind := range []string{ruleKind, "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress"} {
		if len(template.IDs(kind)) != 1 {
			t.Errorf("the service's stack has no %s", kind)
		}
	}
	after := templatetest.Of(t, shared)
	if got, want := templatetest.JSON(t, after.Resources), templatetest.JSON(t, before.Resources); got != want {
		t.Errorf("a service in another stack changed the load balancer's to\n%s\nfrom\n%s", got, want)
	}
}

// What has no option is set on the resources.
func TestWithoutOption(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
		Certificates: certificates(stack, "a"), DomainName: "shop.example.com", RedirectDisabled: true,
	})
	front.ALB.SetAttribute(new("client_keep_alive.seconds"), new("600"))
	listener := front.Listener.(awselasticloadbalancingv2.ApplicationListener)
	listener.SetAttribute(new("routing.http.response.strict_transport_security.header_value"), new("max-age=31536000"))
	listener.Node().DefaultChild().(awselasticloadbalancingv2.CfnListener).SetMutualAuthentication(
		&awselasticloadbalancingv2.CfnListener_MutualAuthenticationProperty{Mode: new("passthrough")})
	front.Listener.AddAction(new("WWW"), &awselasticloadbalancingv2.AddApplicationActionProps{
		Priority:   new(1.0),
		Conditions: &[]awselasticloadbalancingv2.ListenerCondition{awselasticloadbalancingv2.ListenerCondition_HostHeaders(&[]*string{new("www.example.com")})},
		Action: awselasticloadbalancingv2.ListenerAction_Redirect(&awselasticloadbalancingv2.RedirectOptions{
			Host: new("shop.example.com"), Permanent: new(true),
		}),
	})
	login := front.Forward(stack, "Login", webalb.Rule{Paths: []string{"/login"}}, newGroup(stack, front.VPC))
	login.AddCondition(awselasticloadbalancingv2.ListenerCondition_HttpRequestMethods(&[]*string{new("GET")}))
	login.ConfigureAction(awselasticloadbalancingv2.ListenerAction_AuthenticateOidc(&awselasticloadbalancingv2.AuthenticateOidcOptions{
		AuthorizationEndpoint: new("https://id.example.com/authorize"), TokenEndpoint: new("https://id.example.com/token"),
		UserInfoEndpoint: new("https://id.example.com/user"), Issuer: new("https://id.example.com"), ClientId: new("shop"),
		ClientSecret: awscdk.SecretValue_SecretsManager(new("login"), nil),
		Next:         awselasticloadbalancingv2.ListenerAction_Forward(&[]awselasticloadbalancingv2.IApplicationTargetGroup{newGroup(constructs.NewConstruct(stack, new("Next")), front.VPC)}, nil),
	}))
	template := templatetest.Of(t, stack)
	if got := attributes(t, template)["client_keep_alive.seconds"]; got != "600" {
		t.Errorf("got client keep alive %q", got)
	}
	template.Want(listenerKind, "ListenerAttributes", `[{"Key":"routing.http.response.strict_transport_security.header_value","Value":"max-age=31536000"}]`)
	template.Want(listenerKind, "MutualAuthentication", `{"Mode":"passthrough"}`)
	www, path := template.Resources["FrontHTTPSWWWRule13045F0C"].Properties, template.Resources["LoginDDE9992A"].Properties
	for _, test := range []struct {
		rule       map[string]any
		path, want string
	}{
		{www, "Priority", `1`},
		{path, "Actions.0.Type", `"authenticate-oidc"`},
		{path, "Actions.1.TargetGroupArn", `{"Ref":"NextTargetGroup6EB04233"}`},
		{path, "Conditions.1.Field", `"http-request-method"`},
	} {
		if got := templatetest.JSON(t, templatetest.At(test.rule, test.path)); got != test.want {
			t.Errorf("got %s %s, want %s (rules %q)", test.path, got, test.want, template.IDs(ruleKind))
		}
	}
	template.Want(groupKind, "SecurityGroupEgress.1.ToPort", `443`) // to whom users log in at
}

// Everything that InvalidPropsError says of its problems.
func TestErrorText(t *testing.T) {
	stack := newStack(t)
	defer func() {
		err, _ := recover().(error)
		var problem web.Problem
		if !errors.As(err, &problem) || err.Error() != "cdkweb: Stack/Front: IdleTimeout must be whole seconds from 1s to 4000s, got -1s" {
			t.Errorf("got %v", err)
		}
	}()
	webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{IdleTimeout: -time.Second})
}

// The text of a token is another one in each run of an app, so it must not count.
func TestTokensInPatterns(t *testing.T) {
	stack := newStack(t)
	front := webalb.NewLoadBalancer(stack, "Front", nil)
	name := *awscdk.NewCfnParameter(stack, new("Name"), nil).ValueAsString()
	wantProblems(t, stack, func() { web.NewService(stack, "Site", props(front, webalb.Rule{Hosts: []string{"*." + name}})) },
		`Hosting.Priority is required: "*." has a token beside * or ?, so it is not known which rules are more specific; set it, to less than that of what is more general`)
	web.NewService(stack, "Site", props(front, webalb.Rule{Hosts: []string{"*." + name}, Priority: 49000}))
	web.NewService(stack, "Other", props(front, webalb.Rule{Hosts: []string{"a." + name}})) // is one host, whatever its name
	templatetest.Of(t, stack)
}

// Target groups belong to one load balancer: with another listener of somebody else's they are others.
func TestTargetGroupID(t *testing.T) {
	id := func(name string) string {
		stack := newStack(t)
		listener := awselasticloadbalancingv2.ApplicationListener_FromApplicationListenerAttributes(stack, new("Listener"),
			&awselasticloadbalancingv2.ApplicationListenerAttributes{
				ListenerArn:   new("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/" + name + "/0123456789abcdef/0123456789abcdef"),
				SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil),
			})
		front := webalb.FromListener(stack, "Front", &webalb.ListenerProps{
			Listener: listener, VPC: awsec2.NewVpc(stack, new("VPC"), nil), URL: "https://example.com",
		})
		return front.TargetGroupID()
	}
	if blue, again, green := id("blue"), id("blue"), id("green"); blue != again || blue == green {
		t.Errorf("got %s and %s of one listener, and %s of another", blue, again, green)
	}
}

// A load balancer is of one app, and of one stage of it.
func TestLoadBalancerOfAnotherStage(t *testing.T) {
	app := webtest.NewApp(t)
	front := webalb.NewLoadBalancer(awscdk.NewStack(app, new("Stack"), nil), "Front", nil)
	stage := awscdk.NewStack(awscdk.NewStage(app, new("Live"), nil), new("Stack"), nil)
	for _, stack := range []awscdk.Stack{stage, newStack(t)} {
		wantProblems(t, stack, func() { web.NewService(stack, "Site", props(front, webalb.Rule{})) },
			"Hosting.LoadBalancer belongs to another app, or another stage of it; make one in each")
	}
}
