package webfront

import (
	"net/netip"
	"slices"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/web"
)

// FrontProps are a service and what clients see of it.
type FrontProps struct {
	// Service that takes the requests: one of web.NewService in the stack of the front, or one of
	// web.FromServiceAttributes. It must be on the internet. From now on it refuses requests that
	// do not come from the front, if its hosting can tell: Lambda and Fargate do, App Runner, ECS
	// Express Mode and imported services carry a warning. Required.
	Service web.IService

	// Domain is the host name that clients use. Its certificate is one of us-east-1, as CloudFront
	// wants it: one that is made here stands in a stack of its own there if the front is in another
	// region. The servers get its URL as the environment variable PUBLIC_URL.
	// Optional. Default: the name that CloudFront gives.
	Domain *web.Domain

	// WebACL is the ARN of a web ACL of AWS WAF that requests must pass: one of scope CLOUDFRONT in
	// us-east-1. Optional. Default: none.
	WebACL string

	// AllowFrom are the addresses that clients may have; all others get 403. With addresses of IPv4
	// alone the front has no IPv6, so that no client comes by an address that is refused. 160 of IPv6
	// fit, or 400 of IPv4.
	// Optional. Default: every address.
	AllowFrom []netip.Prefix

	// Static are paths whose responses may be cached for all clients alike, or that come from a
	// bucket. The first that fits counts. At most 24.
	// Optional. Default: none; a response is cached only as far as its Cache-Control says, for
	// requests with the same query, cookies and Authorization.
	Static []Static

	// Move sends a part of the clients to a second service.
	// Optional. Default: all clients go to Service.
	Move *Move

	// SecretGeneration counts the secrets by which Service and Move.To know the front. To rotate
	// them, raise it by one, not more, and deploy; that takes no request away.
	// Optional. Default: 1.
	SecretGeneration int

	// OriginOpen leaves Service and Move.To open to requests that do not come from the front, which
	// is a warning: for a service that has clients already, until all of them use the front.
	// Optional. Default: false, they are refused.
	OriginOpen bool

	// ResponseHeadersPolicy adds headers to the responses.
	// Optional. Default: CloudFront's SecurityHeadersPolicy: Strict-Transport-Security,
	// X-Content-Type-Options, X-Frame-Options and Referrer-Policy. What the server sends itself wins,
	// but for X-Content-Type-Options.
	ResponseHeadersPolicy awscloudfront.IResponseHeadersPolicy

	// SecurityPolicy says which versions of TLS and which ciphers clients may use. It needs Domain.
	// Optional. Default: awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021.
	SecurityPolicy awscloudfront.SecurityPolicyProtocol

	// PriceClass says from which parts of the world CloudFront responds.
	// Optional. Default: awscloudfront.PriceClass_PRICE_CLASS_ALL.
	PriceClass awscloudfront.PriceClass

	// AccessLogsBucket receives a line for each request. CloudFront writes by an ACL, so the bucket
	// must be made with awss3.ObjectOwnership_OBJECT_WRITER.
	// Optional. Default: no access logs.
	AccessLogsBucket awss3.IBucket

	// AccessLogsPrefix is the folder of the access logs in their bucket, without a slash at the
	// start. It needs AccessLogsBucket. Optional. Default: the top of the bucket.
	AccessLogsPrefix string
}

// Static are paths that are the same for all clients.
type Static struct {
	// Path is a pattern: "/assets/*". * stands for any characters, ? for one. Required.
	Path string

	// Bucket holds the files, each under the path of its request: assets/site.css. Only the front
	// can read it. Optional. Default: the service responds.
	Bucket awss3.IBucket

	// MaxAge is how long a response is cached that has no Cache-Control; one that has it is cached
	// as long as it says. Up to 365 days. Optional. Default: 24 hours.
	MaxAge time.Duration
}

// Move sends a part of the clients to another service: to try a new hosting, or a new version, and
// to go back at once.
//
// Each client has a number that a cookie keeps, __Host-front, and goes to the new service if that is
// below the percentage. So nobody goes back while the percentage grows or stands. A client that
// keeps no cookies is dealt anew for each request.
type Move struct {
	// To is the other service, of the same stack as the front, or imported. Required.
	To web.IService

	// Percent of the clients that go there, 0 to 100, unless the front's KeyValueStore has the key
	// percent: that wins, and is turned in seconds without a deployment.
	// Optional. Default: 0.
	Percent int
}

// Front is a CloudFront distribution above a service. It is a construct; its fields are what it is
// made of.
type Front struct {
	constructs.Construct

	// Distribution takes the requests of clients. It has metrics, and grants.
	Distribution awscloudfront.Distribution

	// Function runs for each request, and chooses the service.
	Function awscloudfront.Function

	// KeyValueStore may hold the key percent, which wins over Move.Percent; nil without a Move.
	KeyValueStore awscloudfront.KeyValueStore

	// Certificate of the domain; nil without one.
	Certificate awscertificatemanager.ICertificate

	url string
}

const (
	// OriginWarning is the id of the warning about a service that takes requests around the front.
	OriginWarning = "cdkweb:front-origin-open"

	// HTTPWarning is the id of the warning about a service that the front reaches without HTTPS.
	HTTPWarning = "cdkweb:front-origin-http"
)

// NewFront puts a front above a service. It panics with a [*web.InvalidPropsError] if the props
// cannot work; nothing has been added to the tree then.
//
// Make it before other services use this one (UseService): they get the URL of the front.
func NewFront(scope constructs.Construct, id string, props *FrontProps) *Front {
	p, stack := props.check(scope, id)
	f := &Front{}
	constructs.NewConstruct_Override(f, scope, &id)
	facts := p.facts(stack, *f.Node().Path())
	service := p.origin(f, facts, "Service", p.Service)
	var next *web.Origin
	if p.Move != nil {
		next = p.origin(f, facts, "Move.To", p.Move.To)
	}
	if p.Domain != nil {
		f.Certificate = p.certificate(f, stack)
	}
	f.Distribution = p.distribution(f, service, next)
	f.url = "https://" + *f.Distribution.DistributionDomainName()
	if p.Domain != nil {
		f.url = p.Domain.URL()
		p.Domain.Records(f, web.Alias{
			Target: awsroute53targets.NewCloudFrontTarget(f.Distribution),
			IPv6:   p.ipv6(),
		})
	}
	facts.SetURL(p.Service, f.url)
	if p.Move != nil {
		facts.SetURL(p.Move.To, f.url)
	}
	return f
}

// URL is the address that clients use, without a slash at the end. Without a Domain it holds tokens.
func (f *Front) URL() string { return f.url }

// facts are what the services are told.
func (p *FrontProps) facts(stack awscdk.Stack, path string) *web.Front {
	return &web.Front{
		Stack:            stack,
		Path:             path,
		Domain:           p.Domain,
		SecretGeneration: p.SecretGeneration,
		Timeout:          maxReadTimeout,
		Open:             p.OriginOpen,
	}
}

// origin puts the front above a service, and warns of what it cannot keep.
func (p *FrontProps) origin(f *Front, facts *web.Front, field string, service web.IService) *web.Origin {
	origin := facts.Origin(service)
	warn := func(id, message string) {
		awscdk.Annotations_Of(f).AddWarningV2(&id, &message)
	}
	path := *service.Node().Path()
	_, imported := service.(*web.ImportedService)
	if origin.Unverified != "" {
		message := field + " " + path + " also takes requests that do not come through the front, because " +
			origin.Unverified + ": what AllowFrom and WebACL of the front refuse comes in there. "
		switch {
		case p.OriginOpen:
			message += "Leave it out as soon as all clients use the front"
		case imported:
			message += "Let the server check who calls"
		default:
			message += "Let the server check who calls, or choose lambdaweb.Hosting{} or fargateweb.Hosting{}"
		}
		warn(OriginWarning, message)
	}
	if !origin.HTTPS {
		message := field + " " + path + " gets requests over HTTP, without encryption, on the way from CloudFront: "
		if imported {
			message += "its URL has no https. Import it by one that has"
		} else {
			message += "there can be no certificate for the name that AWS gives a load balancer. " +
				"Set Domain of that service, to origin.shop.example.com for instance; the front keeps its own"
		}
		warn(HTTPWarning, message)
	}
	return origin
}

// ipv6 reports whether clients may come by IPv6.
func (p *FrontProps) ipv6() bool {
	return p.AllowFrom == nil || slices.ContainsFunc(p.AllowFrom, func(prefix netip.Prefix) bool {
		return prefix.Addr().Is6()
	})
}
