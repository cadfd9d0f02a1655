package webalb

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// LoadBalancerProps are the options of a load balancer. The zero value is one on the internet, over
// HTTP, in a VPC of its own.
type LoadBalancerProps struct {
	// VPC that the load balancer, and the tasks behind it, are in. An imported one must name its
	// subnets. A load balancer cannot move to another VPC; make a new one there.
	// Optional. Default: a new one of two availability zones with a public subnet each and no NAT
	// gateway, which costs nothing.
	VPC awsec2.IVpc

	// VPCSubnets of the load balancer: one of each availability zone, in two zones at least, public
	// ones unless it is Internal.
	// Optional. Default: the VPC's public subnets; for an Internal one its private subnets, and if
	// there are none its isolated or else its public ones. If a zone has several, the first.
	VPCSubnets *awsec2.SubnetSelection

	// Internal makes a load balancer that only the VPC can reach, and networks connected to it that
	// AllowFrom names. A change replaces the load balancer, and the target groups of the services
	// behind it; one of yours has to go first, because AWS attaches it to one load balancer only.
	// Optional. Default: false, it is on the internet.
	Internal bool

	// AllowFrom are the addresses that clients may have. IPv6 needs DualStack. It excludes
	// SecurityGroups, which can also let in security groups and prefix lists, such as CloudFront's.
	// A group of AWS's default quota holds 60 rules: one for each address and port.
	// Optional. Default: every address; for an Internal one the VPC's first block of IPv4, and of
	// IPv6 with DualStack.
	AllowFrom []netip.Prefix

	// SecurityGroups replace the one that is made. What may come in is theirs to say; what goes out
	// to the services behind is added to them, unless they let everything out. At most 5, a quota
	// that AWS raises.
	// Optional. Default: a new one that lets AllowFrom in to the ports of the load balancer, and
	// out to the services only.
	SecurityGroups []awsec2.ISecurityGroup

	// WebACL is the ARN of a regional web ACL of AWS WAF that requests must pass: AttrArn of an
	// awswafv2.CfnWebACL of scope REGIONAL. It counts for all services behind the load balancer, and
	// a load balancer has one. Optional. Default: none.
	WebACL string

	// Certificates make the load balancer listen with HTTPS on port 443, and redirect clients from
	// port 80. The load balancer takes the one that fits the host name that a client asks for, and
	// the first if none does. They must be in the load balancer's region;
	// awscertificatemanager.NewCertificate makes one. At most 26, with those that are added for the
	// Domain of services.
	// Optional. Default: none, clients come over HTTP without encryption.
	Certificates []awscertificatemanager.ICertificate

	// DomainName is the host name by which clients reach the load balancer, such as
	// shop.example.com: Certificates are for it, and a DNS record points from it to the load
	// balancer. It is the host in the URL of services that have no Hosts of their own.
	// Optional. Default: the name that AWS gives, for which there can be no certificate.
	DomainName string

	// SSLPolicy says which versions of TLS and which ciphers clients may use. It needs
	// Certificates.
	// Optional. Default: awselasticloadbalancingv2.SslPolicy_TLS13_12_RES_PQ, what AWS recommends:
	// TLS 1.2 and 1.3 with ciphers of forward secrecy. CloudFormation's own default still takes TLS
	// 1.0.
	SSLPolicy awselasticloadbalancingv2.SslPolicy

	// RedirectDisabled closes port 80, which otherwise redirects clients to HTTPS. It needs
	// Certificates. Optional. Default: false.
	RedirectDisabled bool

	// HTTP2Disabled leaves only HTTP/1.1 to clients, who get HTTP/2 over HTTPS otherwise. Servers
	// get HTTP/1.1 in both cases. Optional. Default: false.
	HTTP2Disabled bool

	// DualStack gives the load balancer IPv6 addresses beside those of IPv4. It needs a VPC whose
	// subnets have IPv6 blocks. Optional. Default: false, IPv4 only.
	DualStack bool

	// IdleTimeout ends a connection on which no byte went in either direction: it is how long a
	// server may take for the first byte of a response. Whole seconds, 1 s to 4,000 s.
	// Optional. Default: 60 s.
	IdleTimeout time.Duration

	// DeletionProtection makes AWS refuse to delete the load balancer, also when the stack is
	// destroyed, until it is switched off. Optional. Default: false.
	DeletionProtection bool

	// InvalidHeadersKept passes headers on to the services whose names have other characters than
	// letters, digits and hyphens: an underscore, for instance. Servers that read such names alike
	// can be deceived. Optional. Default: false, they are dropped.
	InvalidHeadersKept bool

	// AccessLogsBucket receives a line for each request, in files of five minutes. It is in the
	// load balancer's region and not encrypted with a KMS key. The load balancer is allowed to
	// write to it; the policy of an imported bucket must do so itself.
	// Optional. Default: no access logs.
	AccessLogsBucket awss3.IBucket

	// AccessLogsPrefix is the folder of the access logs in their bucket, without slashes at the
	// ends and without AWSLogs, the folder that AWS makes in it. It needs AccessLogsBucket.
	// Optional. Default: the top of the bucket.
	AccessLogsPrefix string

	// LoadBalancerName has 1 to 32 letters, digits and hyphens, no hyphen at the ends, does not
	// start with internal-, and is the only one in the account and region. A change replaces the
	// load balancer, as one of Internal does.
	// Optional. Default: generated by CloudFormation.
	LoadBalancerName string
}

// LoadBalancer is an Application Load Balancer, for up to 100 services. It is a construct; its
// fields are what it is made of.
type LoadBalancer struct {
	constructs.Construct

	// VPC that the load balancer is in.
	VPC awsec2.IVpc

	// Listener takes the requests of clients: HTTPS on port 443, or HTTP on port 80 without
	// Certificates. It responds with 404 to what no service takes.
	Listener awselasticloadbalancingv2.IApplicationListener

	// Redirect is the listener on port 80 beside HTTPS; nil if there is none.
	Redirect awselasticloadbalancingv2.ApplicationListener

	// ALB is the load balancer itself: for DNS records, metrics, attributes, a web ACL. Nil if the
	// listener is somebody else's ([FromListener]).
	ALB awselasticloadbalancingv2.ApplicationLoadBalancer

	internal, https bool
	dualStack       bool
	webACL          string
	certificates    map[string]string // ARNs, with the paths of whose they are
	logins          map[awselasticloadbalancingv2.ApplicationListenerRule]*Login
	name            string // as the props have it, or the ARN of somebody else's listener
	url             string
	port            string // of the URL, with its colon; empty for the scheme's own
	named           bool   // the URL is one that Certificates can be for
	idleTimeout     time.Duration
	rules           []placedRule
	at              func() location
}

// location is where a load balancer stands. It is asked for once, not for each service: a call to
// the CDK takes time.
type location struct{ path, account, region string }

var _ awsec2.IConnectable = (*LoadBalancer)(nil)

const (
	// HTTPWarning is the id of the warning about a load balancer on the internet without HTTPS.
	HTTPWarning = "cdkweb:load-balancer-http"

	// AccessLogsWarning is the id of the warning about an imported bucket, whose policy is not
	// changed here.
	AccessLogsWarning = "cdkweb:access-logs-bucket"

	// DomainWarning is the id of the warning about certificates without the host name that they are
	// for.
	DomainWarning = "cdkweb:load-balancer-domain"
)

const (
	httpMessage = "clients come over HTTP, without encryption: the load balancer has no certificate, and there can be none for the name that AWS gives it. " +
		"Pass it Certificates for a domain of yours, with DomainName; or put a CDN in front. lambdaweb.Hosting{}, ecsweb.Hosting{} and " +
		"apprunnerweb.Hosting{} have HTTPS without a domain"
	domainMessage = "the load balancer has Certificates but no DomainName, and a service behind it has no Hosts: its URL has the name that AWS gives " +
		"the load balancer, for which no certificate is valid. Set DomainName to the host name that the certificates are for, or Hosts of each service"
	vpcMessage = "made a VPC of two availability zones with public subnets and no NAT gateway; pass VPC to use yours"
)

// NewLoadBalancer defines a load balancer. It panics with a [*web.InvalidPropsError] if the props
// cannot work; nothing has been added to the tree then.
func NewLoadBalancer(
	scope constructs.Construct,
	id string,
	props *LoadBalancerProps,
) *LoadBalancer {
	p := props.withDefaults()
	p.check(scope, id)
	l := newLoadBalancer(scope, id)
	l.internal, l.https, l.idleTimeout = p.Internal, len(p.Certificates) > 0, p.IdleTimeout
	l.VPC, l.name, l.dualStack = p.VPC, p.LoadBalancerName, p.DualStack
	l.keepCertificates(p.Certificates)
	if l.VPC == nil {
		l.VPC = newVPC(l)
		awscdk.Annotations_Of(l).AddInfo(new(vpcMessage))
	}
	l.ALB = p.newALB(l)
	for _, group := range p.SecurityGroups[min(1, len(p.SecurityGroups)):] {
		l.ALB.AddSecurityGroup(group)
	}
	p.logAccess(l)
	p.protect(l)
	l.listen(&p)
	l.url, l.named = l.scheme()+cmp.Or(
		p.DomainName,
		*l.ALB.LoadBalancerDnsName(),
	), p.DomainName != ""
	if !l.https && !l.internal {
		awscdk.Annotations_Of(l).AddWarningV2(new(HTTPWarning), new(httpMessage))
	}
	return l
}

// newLoadBalancer is one without resources.
func newLoadBalancer(scope constructs.Construct, id string) *LoadBalancer {
	l := &LoadBalancer{
		certificates: map[string]string{},
		logins:       map[awselasticloadbalancingv2.ApplicationListenerRule]*Login{},
	}
	constructs.NewConstruct_Override(l, scope, &id)
	l.at = sync.OnceValue(func() location {
		stack := awscdk.Stack_Of(l)
		return location{*l.Node().Path(), *stack.Account(), *stack.Region()}
	})
	return l
}

// newVPC is one whose tasks have public addresses, because a NAT gateway costs more than the tasks.
func newVPC(scope constructs.Construct) awsec2.Vpc {
	return awsec2.NewVpc(scope, new("VPC"), &awsec2.VpcProps{
		MaxAzs:      new(2.0),
		NatGateways: new(0.0),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{
				Name:                new("Public"),
				SubnetType:          awsec2.SubnetType_PUBLIC,
				MapPublicIpOnLaunch: new(false),
			},
		},
		// Emptying the default security group takes a custom resource, and nothing here uses it.
		RestrictDefaultSecurityGroup: new(false),
	})
}

// newALB makes the load balancer in the VPC that it has.
func (p *LoadBalancerProps) newALB(
	l *LoadBalancer,
) awselasticloadbalancingv2.ApplicationLoadBalancer {
	subnets, _ := p.subnets(l.VPC) // checked before
	props := &awselasticloadbalancingv2.ApplicationLoadBalancerProps{
		Vpc:                     l.VPC,
		VpcSubnets:              &awsec2.SubnetSelection{Subnets: &subnets},
		InternetFacing:          new(!p.Internal),
		LoadBalancerName:        cdk.String(p.LoadBalancerName),
		DeletionProtection:      new(p.DeletionProtection),
		DropInvalidHeaderFields: new(!p.InvalidHeadersKept),
		Http2Enabled:            new(!p.HTTP2Disabled),
		IdleTimeout:             awscdk.Duration_Seconds(new(p.IdleTimeout.Seconds())),
		IpAddressType:           awselasticloadbalancingv2.IpAddressType_IPV4,
	}
	if p.DualStack {
		props.IpAddressType = awselasticloadbalancingv2.IpAddressType_DUAL_STACK
	}
	if len(p.SecurityGroups) > 0 {
		props.SecurityGroup = p.SecurityGroups[0]
	} else {
		props.SecurityGroup = newSecurityGroup(l)
	}
	return awselasticloadbalancingv2.NewApplicationLoadBalancer(l, new("Resource"), props)
}

// newSecurityGroup is one that lets nothing in or out yet. Rules for services in other stacks are
// resources of those stacks; without any rule of its own the group would let everything out, which
// is what EC2 makes of a group without outbound rules.
func newSecurityGroup(l *LoadBalancer) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(l, new("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              l.VPC,
		Description:      new("The load balancer"),
		AllowAllOutbound: new(false),
		// A rule that is a resource of its own would leave the group open until it is there.
		DisableInlineRules: new(false),
	})
	group.AddEgressRule(
		awsec2.Peer_Ipv4(new("255.255.255.255/32")),
		awsec2.Port_Tcp(new(1.0)),
		new("nothing, else all would be allowed"),
		nil,
	)
	return group
}

// listen adds the listeners, and opens their ports.
func (l *LoadBalancer) listen(p *LoadBalancerProps) {
	notFound := awselasticloadbalancingv2.ListenerAction_FixedResponse(
		new(404.0),
		&awselasticloadbalancingv2.FixedResponseOptions{
			ContentType: new("text/plain"),
			MessageBody: new("Not found\n"),
		},
	)
	add := func(id string, port float64, props *awselasticloadbalancingv2.BaseApplicationListenerProps) awselasticloadbalancingv2.ApplicationListener {
		props.Port, props.Open = &port, new(false)
		listener := l.ALB.AddListener(&id, props)
		if len(p.SecurityGroups) == 0 {
			for _, peer := range p.peers(l.VPC) {
				listener.Connections().AllowDefaultPortFrom(peer, new("clients"))
			}
		}
		return listener
	}
	if !l.https {
		l.Listener = add("HTTP", 80, &awselasticloadbalancingv2.BaseApplicationListenerProps{
			Protocol:      awselasticloadbalancingv2.ApplicationProtocol_HTTP,
			DefaultAction: notFound,
		})
		return
	}
	var certificates []awselasticloadbalancingv2.IListenerCertificate
	for _, certificate := range p.Certificates {
		certificates = append(
			certificates,
			awselasticloadbalancingv2.ListenerCertificate_FromCertificateManager(certificate),
		)
	}
	l.Listener = add("HTTPS", 443, &awselasticloadbalancingv2.BaseApplicationListenerProps{
		Protocol:      awselasticloadbalancingv2.ApplicationProtocol_HTTPS,
		Certificates:  &certificates,
		SslPolicy:     p.SSLPolicy,
		DefaultAction: notFound,
	})
	if p.RedirectDisabled {
		return
	}
	l.Redirect = add("HTTP", 80, &awselasticloadbalancingv2.BaseApplicationListenerProps{
		Protocol: awselasticloadbalancingv2.ApplicationProtocol_HTTP,
		DefaultAction: awselasticloadbalancingv2.ListenerAction_Redirect(
			&awselasticloadbalancingv2.RedirectOptions{
				Protocol: new("HTTPS"), Port: new("443"), Permanent: new(true),
			},
		),
	})
}

// peers are who may connect.
func (p *LoadBalancerProps) peers(vpc awsec2.IVpc) []awsec2.IPeer {
	var peers []awsec2.IPeer
	for _, prefix := range p.AllowFrom {
		if prefix.Addr().Is4() {
			peers = append(peers, awsec2.Peer_Ipv4(new(prefix.Masked().String())))
		} else {
			peers = append(peers, awsec2.Peer_Ipv6(new(prefix.Masked().String())))
		}
	}
	switch {
	case len(peers) > 0:
	case p.Internal:
		peers = append(peers, awsec2.Peer_Ipv4(vpc.VpcCidrBlock()))
		if own, ok := vpc.(awsec2.Vpc); ok && p.DualStack {
			peers = append(
				peers,
				awsec2.Peer_Ipv6(awscdk.Fn_Select(new(0.0), own.VpcIpv6CidrBlocks())),
			)
		}
	default:
		peers = append(peers, awsec2.Peer_AnyIpv4())
		if p.DualStack {
			peers = append(peers, awsec2.Peer_AnyIpv6())
		}
	}
	return peers
}

// warnOf warns of a service whose URL has a host name that the certificates are not for.
func (l *LoadBalancer) warnOf(rule Rule) {
	if _, ok := rule.name(); ok || !l.https || l.named {
		return
	}
	// Below l, where the CDK finds also what was acknowledged on l before.
	awscdk.Annotations_Of(l.ALB).AddWarningV2(new(DomainWarning), new(domainMessage))
	l.named = true // once is enough
}

// ListenerProps describe a listener that was not made by this package.
type ListenerProps struct {
	// Listener of an Application Load Balancer: awselasticloadbalancingv2.ApplicationLoadBalancer's
	// AddListener, or an imported one with its security group. Required.
	Listener awselasticloadbalancingv2.IApplicationListener

	// VPC that the load balancer is in. Required.
	VPC awsec2.IVpc

	// URL by which clients reach the listener: a scheme and a host, with a port if that is not the
	// scheme's own: https://shop.example.com. Required.
	URL string

	// Internal says that only the VPC reaches the load balancer, and networks connected to it.
	// Optional. Default: false, it is not known.
	Internal bool

	// IdleTimeout of the load balancer, which is not changed: whole seconds, 1 s to 4,000 s. It
	// says how long servers may take. Optional. Default: 60 s, as load balancers have it.
	IdleTimeout time.Duration
}

// FromListener makes a load balancer of a listener that was not made by this package: of another
// port, for instance, or of another app. Make one of each listener, so that it knows all services
// of the app. Priorities that others use are not known: set Priority of a service if CloudFormation
// says that one is in use. It panics with a [*web.InvalidPropsError] if the props cannot work.
func FromListener(scope constructs.Construct, id string, props *ListenerProps) *LoadBalancer {
	if props == nil {
		props = &ListenerProps{}
	}
	scheme := props.check(scope, id)
	l := newLoadBalancer(scope, id)
	l.VPC, l.Listener, l.name = props.VPC, props.Listener, token.Literal(
		*props.Listener.ListenerArn(),
	)
	l.https, l.url, l.named = scheme == "https", props.URL, true
	l.internal = props.Internal
	if host := token.Without(props.URL[len(l.scheme()):]); strings.Contains(host, ":") {
		l.port = host[strings.LastIndexByte(host, ':'):]
	}
	l.idleTimeout = cmp.Or(props.IdleTimeout, platform.IdleTimeout)
	return l
}

// TargetGroupID is the id for the target group of a service. It is another one whenever
// CloudFormation replaces the load balancer: a target group belongs to one load balancer, and the
// rule on the new one is made before the old one goes.
func (l *LoadBalancer) TargetGroupID() string {
	return fmt.Sprintf("TargetGroup%08x", hash(fmt.Sprint(l.at().path, l.internal, l.name)))
}

// Connections are those of the load balancer's security groups, and let it in elsewhere:
// instances.Connections().AllowFrom(front, port, nil).
func (l *LoadBalancer) Connections() awsec2.Connections { return l.Listener.Connections() }

// IdleTimeout is how long the load balancer waits for the next byte of a client or a server.
func (l *LoadBalancer) IdleTimeout() time.Duration { return l.idleTimeout }

// Internal reports whether only the VPC reaches the load balancer; false if the listener is
// somebody else's, of which it is not known.
func (l *LoadBalancer) Internal() bool { return l.internal }

// Reach is what services need to call those behind the load balancer. Of somebody else's listener it
// is not known: they may need a rule of its security groups.
func (l *LoadBalancer) Reach() web.Reach {
	if !l.internal {
		return web.Reach{}
	}
	return web.Reach{VPC: l.VPC, Connections: l.Connections()}
}

// URL is the load balancer's address without a slash at the end. It may hold tokens.
func (l *LoadBalancer) URL() string { return l.url }

func (l *LoadBalancer) scheme() string {
	if l.https {
		return "https://"
	}
	return "http://"
}
