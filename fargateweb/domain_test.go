package fargateweb_test

import (
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awswafv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	listenerKind    = "AWS::ElasticLoadBalancingV2::Listener"
	certificateKind = "AWS::ElasticLoadBalancingV2::ListenerCertificate"
	recordKind      = "AWS::Route53::RecordSet"
	acl             = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2c3d4-5678-90ab-cdef-1234567890ab"
)

// newStackInIreland is one of a known account and region.
func newStackInIreland(t *testing.T) awscdk.Stack {
	return awscdk.NewStack(webtest.NewApp(t), new("Stack"), &awscdk.StackProps{
		Env: &awscdk.Environment{Account: new("123456789012"), Region: new("eu-west-1")},
	})
}

func zone(scope constructs.Construct) awsroute53.IHostedZone {
	if found := scope.Node().TryFindChild(new("Zone")); found != nil {
		return found.(awsroute53.IHostedZone)
	}
	return awsroute53.HostedZone_FromHostedZoneAttributes(scope, new("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: new("Z0123456789ABCDEFGHIJ"), ZoneName: new("example.com"),
	})
}

func certificate(scope constructs.Construct, id string) awscertificatemanager.ICertificate {
	arn := "arn:aws:acm:eu-west-1:123456789012:certificate/" + id
	return awscertificatemanager.Certificate_FromCertificateArn(scope, &id, &arn)
}

// privateVPC has public and private subnets.
func privateVPC(stack awscdk.Stack) awsec2.Vpc {
	return awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{
		MaxAzs: new(2.0), NatGateways: new(1.0), RestrictDefaultSecurityGroup: new(false),
	})
}

func prefixes(texts ...string) []netip.Prefix {
	var all []netip.Prefix
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

func TestDomainGolden(t *testing.T) {
	stack := newStackInIreland(t)
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: workload(), Hosting: fargateweb.Hosting{},
		Domain: &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
		WebACL: acl, AllowFrom: prefixes("192.0.2.0/24", "198.51.100.7/32"),
	})
	webtest.Snapshot(t, stack)
}

func TestPrivateGolden(t *testing.T) {
	stack := newStackInIreland(t)
	w := workload()
	w.VPC = privateVPC(stack)
	web.NewService(stack, "Site", &web.ServiceProps{Workload: w, Hosting: fargateweb.Hosting{}, Private: true})
	webtest.Snapshot(t, stack)
}

// A load balancer that is shared gets the certificate, and its own login.
func TestSharedDomainAndLoginGolden(t *testing.T) {
	stack := newStackInIreland(t)
	shared := webalb.NewLoadBalancer(stack, "Shared", &webalb.LoadBalancerProps{
		Certificates: []awscertificatemanager.ICertificate{certificate(stack, "shared")}, WebACL: acl,
	})
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: workload(),
		Hosting: fargateweb.Hosting{LoadBalancer: shared, Login: &webalb.Login{OIDC: &webalb.OIDC{
			Issuer: "https://id.example.com", AuthorizationEndpoint: "https://id.example.com/authorize",
			TokenEndpoint: "https://id.example.com/token", UserInfoEndpoint: "https://id.example.com/userinfo",
			ClientID: "shop", ClientSecret: awscdk.SecretValue_SecretsManager(new("shop/login"), nil),
		}}},
		Domain: &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
		WebACL: acl, AllowFrom: prefixes("192.0.2.0/24"),
	})
	webtest.Snapshot(t, stack)
}

// A domain, a web ACL or addresses that come later replace neither the load balancer nor the tasks.
func TestAddedLater(t *testing.T) {
	synth := func(change func(stack awscdk.Stack, props *web.ServiceProps)) templatetest.Template {
		stack := newStackInIreland(t)
		props := &web.ServiceProps{Workload: workload(), Hosting: fargateweb.Hosting{}}
		props.Workload.VPC = privateVPC(stack)
		change(stack, props)
		web.NewService(stack, "Site", props)
		return templatetest.Of(t, stack)
	}
	before := synth(func(awscdk.Stack, *web.ServiceProps) {})
	replaced := []string{"Scheme", "Type", "Subnets", "SubnetMappings", "Port", "Protocol", "VpcId", "TargetType", "Name"}
	for name, test := range map[string]struct {
		change    func(stack awscdk.Stack, props *web.ServiceProps)
		gone, new []string // types of resources
	}{
		"domain": {func(stack awscdk.Stack, props *web.ServiceProps) {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: zone(stack)}
		}, nil, []string{"AWS::CertificateManager::Certificate", listenerKind, recordKind}},
		"web ACL": {func(_ awscdk.Stack, props *web.ServiceProps) { props.WebACL = acl },
			nil, []string{"AWS::WAFv2::WebACLAssociation"}},
		"addresses": {func(_ awscdk.Stack, props *web.ServiceProps) { props.AllowFrom = prefixes("192.0.2.0/24") }, nil, nil},
		// AWS attaches a target group to one load balancer only, and an internal one is another.
		"private": {func(_ awscdk.Stack, props *web.ServiceProps) { props.Private = true },
			[]string{targetGroupKind}, []string{targetGroupKind}},
	} {
		t.Run(name, func(t *testing.T) {
			after := synth(test.change)
			var gone, came []string
			for _, id := range slices.Sorted(maps.Keys(before.Resources)) {
				old := before.Resources[id]
				now, ok := after.Resources[id]
				if !ok {
					gone = append(gone, old.Type)
					continue
				}
				if name == "private" || old.Type == "AWS::ElasticLoadBalancingV2::ListenerRule" {
					continue
				}
				for _, property := range replaced {
					if one, two := templatetest.JSON(t, old.Properties[property]), templatetest.JSON(t, now.Properties[property]); one != two {
						t.Errorf("%s of %s changes from %s to %s", property, id, one, two)
					}
				}
			}
			for _, id := range slices.Sorted(maps.Keys(after.Resources)) {
				if _, ok := before.Resources[id]; !ok {
					came = append(came, after.Resources[id].Type)
				}
			}
			slices.Sort(came)
			if !slices.Equal(gone, test.gone) || !slices.Equal(came, test.new) {
				t.Errorf("got %q gone and %q new, want %q and %q", gone, came, test.gone, test.new)
			}
		})
	}
}

// On a switch between hostings, the certificate of a load balancer that is shared stays: its id does
// not tell the hosting.
func TestSharedCertificate(t *testing.T) {
	stack := newStackInIreland(t)
	known := certificate(stack, "known")
	shared := webalb.NewLoadBalancer(stack, "Shared", &webalb.LoadBalancerProps{
		Certificates: []awscertificatemanager.ICertificate{certificate(stack, "shared"), known},
	})
	service := func(id string, domain *web.Domain, hosting fargateweb.Hosting) *web.Service {
		hosting.LoadBalancer = shared
		return web.NewService(stack, id, &web.ServiceProps{Workload: workload(), Hosting: hosting, Domain: domain})
	}
	one := service("One", &web.Domain{Name: "one.example.com", Zone: zone(stack)}, fargateweb.Hosting{})
	own := certificate(stack, "own")
	service("Two", &web.Domain{Name: "two.example.com", Certificate: own}, fargateweb.Hosting{Hosts: []string{"*.example.com", "two.example.org"}})
	service("Three", &web.Domain{Name: "three.example.com", Certificate: known}, fargateweb.Hosting{Hosts: []string{"THREE.example.com"}})
	hostingtest.WantPanic(t, "Stack/Four", "Domain.Certificate is on the load balancer for Stack/Two/Fargate already, and would go with it; "+
		"pass it to the load balancer in Certificates", func() {
		service("Four", &web.Domain{Name: "four.example.com", Certificate: own}, fargateweb.Hosting{})
	})
	if one.URL() != "https://one.example.com" {
		t.Errorf("got URL %s", one.URL())
	}
	template := templatetest.Of(t, stack)
	var added []string
	for _, id := range template.IDs(certificateKind) {
		if !strings.HasPrefix(id, "Shared") {
			added = append(added, strings.TrimRight(id, "0123456789ABCDEF"))
		}
	}
	if want := []string{"OneDomainListenerCertificate", "TwoDomainListenerCertificate"}; !slices.Equal(added, want) {
		t.Errorf("got certificates %q, want %q", added, want)
	}
	var names []string
	for _, id := range template.IDs(recordKind) {
		names = append(names, template.Resources[id].Properties["Name"].(string)+" "+template.Resources[id].Properties["Type"].(string))
	}
	if want := []string{"one.example.com. A"}; !slices.Equal(names, want) {
		t.Errorf("got records %q, want %q", names, want)
	}
}

func TestAccessErrors(t *testing.T) {
	stack := newStackInIreland(t)
	other := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Other"), &awscdk.StackProps{Env: &awscdk.Environment{
		Account: new("123456789012"), Region: new("eu-west-1"),
	}})
	vpc := privateVPC(stack)
	public := awsec2.Vpc_FromVpcAttributes(stack, new("Public"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef1"), AvailabilityZones: &[]*string{new("eu-west-1a"), new("eu-west-1b")},
		PrivateSubnetIds: &[]*string{new("subnet-0000000c"), new("subnet-0000000d")},
	})
	plain := webalb.NewLoadBalancer(other, "Plain", &webalb.LoadBalancerProps{})
	secure := webalb.NewLoadBalancer(other, "Secure", &webalb.LoadBalancerProps{
		Certificates: []awscertificatemanager.ICertificate{certificate(other, "secure")}, DomainName: "example.com",
	})
	made := awswafv2.NewCfnWebACL(other, new("ACL"), &awswafv2.CfnWebACLProps{
		Scope: new("REGIONAL"), DefaultAction: map[string]any{"allow": map[string]any{}},
		VisibilityConfig: map[string]any{"metricName": "a", "cloudWatchMetricsEnabled": false, "sampledRequestsEnabled": false},
	})
	guarded := webalb.NewLoadBalancer(other, "Guarded", &webalb.LoadBalancerProps{WebACL: *made.AttrArn()})
	domain := &web.Domain{Name: "shop.example.com", Certificate: certificate(stack, "shop")}
	login := &webalb.Login{Cognito: &webalb.Cognito{}}
	many := func(n int) []netip.Prefix {
		var all []netip.Prefix
		for i := range n {
			all = append(all, netip.PrefixFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 32))
		}
		return all
	}
	for _, test := range []struct {
		name string
		vpc  awsec2.IVpc
		set  web.ServiceProps
		h    fargateweb.Hosting
		want []string
	}{
		{"private without a VPC", nil, web.ServiceProps{Private: true}, fargateweb.Hosting{},
			[]string{"Private needs a VPC, from which clients reach the service; set Workload.VPC; without it the service has a VPC of its own, where no client is"}},
		{"private in a VPC whose block is not known", public, web.ServiceProps{Private: true}, fargateweb.Hosting{},
			[]string{"Workload.VPC was imported without its CIDR block, which says who may connect to a Private service; set VpcCidrBlock when you import it, or set AllowFrom"}},
		{"private in it with addresses", public, web.ServiceProps{Private: true, AllowFrom: prefixes("10.1.0.0/16")}, fargateweb.Hosting{}, nil},
		{"private in a VPC", vpc, web.ServiceProps{Private: true}, fargateweb.Hosting{}, nil},
		{"private behind one on the internet", nil, web.ServiceProps{Private: true}, fargateweb.Hosting{LoadBalancer: plain},
			[]string{"Private needs an Internal load balancer, and Other/Plain is on the internet; pass another one, which webalb.NewLoadBalancer makes with Internal"}},
		{"a domain without HTTPS", nil, web.ServiceProps{Domain: domain}, fargateweb.Hosting{LoadBalancer: plain},
			[]string{"Domain needs HTTPS, and the load balancer Other/Plain has no certificate; pass it Certificates, for any name; the one for Domain is added. " +
				"Or leave LoadBalancer out for one of the service's own"}},
		{"other hosts", nil, web.ServiceProps{Domain: domain}, fargateweb.Hosting{LoadBalancer: secure, Hosts: []string{"www.example.com"}},
			[]string{"Hosting.Hosts must take the requests of Domain.Name, shop.example.com; add it, or leave Hosts out"}},
		{"other hosts on its own", nil, web.ServiceProps{Domain: domain}, fargateweb.Hosting{Hosts: []string{"www.example.com"}},
			[]string{"Hosting.Hosts must take the requests of Domain.Name, shop.example.com; add it, or leave Hosts out"}},
		{"a web ACL of one service", nil, web.ServiceProps{WebACL: acl}, fargateweb.Hosting{LoadBalancer: plain},
			[]string{"WebACL must be that of the load balancer Other/Plain, which has none: it counts for all services behind it; " +
				"set WebACL of the load balancer, where webalb.NewLoadBalancer makes it"}},
		{"another web ACL", nil, web.ServiceProps{WebACL: acl}, fargateweb.Hosting{LoadBalancer: guarded},
			[]string{"WebACL must be that of the load balancer Other/Guarded, which has another one: it counts for all services behind it; " +
				"set WebACL of the load balancer, where webalb.NewLoadBalancer makes it"}},
		{"the same web ACL", nil, web.ServiceProps{WebACL: *made.AttrArn()}, fargateweb.Hosting{LoadBalancer: guarded}, nil},
		{"IPv6", nil, web.ServiceProps{AllowFrom: prefixes("192.0.2.0/24", "2001:db8::/32")}, fargateweb.Hosting{},
			[]string{`AllowFrom[1] is of IPv6, by which clients come only to a load balancer with DualStack, got "2001:db8::/32"; ` +
				"pass such a LoadBalancer, of webalb.NewLoadBalancer, or leave it out"}},
		{"IPv6 behind one of IPv4", nil, web.ServiceProps{AllowFrom: prefixes("2001:db8::/32")}, fargateweb.Hosting{LoadBalancer: plain},
			[]string{`AllowFrom[0] is of IPv6, by which clients come only to a load balancer with DualStack, got "2001:db8::/32"; ` +
				"set DualStack of Other/Plain, or leave it out"}},
		{"too many for the rule", nil, web.ServiceProps{AllowFrom: many(4)}, fargateweb.Hosting{LoadBalancer: plain, Paths: []string{"/a", "/b"}},
			[]string{"AllowFrom must be 5 at most with the Hosts and Paths of the service's rule, got 6; use larger prefixes, or set AllowFrom of the load balancer"}},
		{"all that a rule takes", nil, web.ServiceProps{AllowFrom: many(5)}, fargateweb.Hosting{LoadBalancer: plain}, nil},
		{"too many for a security group", nil, web.ServiceProps{AllowFrom: many(61)}, fargateweb.Hosting{},
			[]string{"AllowFrom must be 60 at most, as many as a security group takes, got 61; use larger prefixes, or a WebACL with IP sets"}},
		{"too many for two ports", nil, web.ServiceProps{AllowFrom: many(31), Domain: domain}, fargateweb.Hosting{},
			[]string{"AllowFrom must be 30 at most, as many as a security group takes, got 31; use larger prefixes, or a WebACL with IP sets"}},
		{"a login without HTTPS", nil, web.ServiceProps{}, fargateweb.Hosting{Login: login}, []string{
			"Hosting.Login needs HTTPS, and the load balancer has no certificate; set Domain of the service",
			"Hosting.Login.Cognito.UserPool is required", "Hosting.Login.Cognito.UserPoolClient is required",
			"Hosting.Login.Cognito.UserPoolDomain is required",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			props := test.set
			props.Workload, props.Hosting = workload(), test.h
			props.Workload.VPC = test.vpc
			hostingtest.WantProblems(t, props, test.want...)
		})
	}
}

// A listener of somebody else's gets the certificate, and the user makes the records.
func TestDomainOnListener(t *testing.T) {
	stack := newStackInIreland(t)
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shared/0123456789abcdef/0123456789abcdef"
	shared := webalb.FromListener(stack, "Shared", &webalb.ListenerProps{
		Listener: awselasticloadbalancingv2.ApplicationListener_FromApplicationListenerAttributes(stack, new("Listener"),
			&awselasticloadbalancingv2.ApplicationListenerAttributes{
				ListenerArn:   new(arn),
				SecurityGroup: awsec2.SecurityGroup_FromSecurityGroupId(stack, new("Group"), new("sg-0123456789abcdef0"), nil),
			}),
		VPC: privateVPC(stack), URL: "https://www.example.com",
	})
	service := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: workload(), Hosting: fargateweb.Hosting{LoadBalancer: shared},
		Domain: &web.Domain{Name: "shop.example.com", Certificate: certificate(stack, "shop")},
	})
	if service.URL() != "https://shop.example.com" {
		t.Errorf("got URL %s", service.URL())
	}
	template := templatetest.Of(t, stack)
	template.Want(certificateKind, "ListenerArn", `"`+arn+`"`)
	template.Want(ruleKind, "Conditions", `[{"Field":"host-header","HostHeaderConfig":{"Values":["shop.example.com"]}}]`)
	if records := template.IDs(recordKind); len(records) > 0 {
		t.Errorf("got records %q, want none", records)
	}
}
