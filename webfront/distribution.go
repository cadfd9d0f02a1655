package webfront

import (
	"cmp"
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfrontorigins"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
)

// Limits of CloudFront: developer guide, "Quotas" and "Request and response behavior for custom
// origins".
const (
	maxReadTimeout = 120 * time.Second // a quota that AWS raises
	margin         = 5 * time.Second   // for the way, so that the service's own error is seen
	keepAlive      = 5 * time.Second
	maxAge         = 365 * 24 * time.Hour
	defaultMaxAge  = 24 * time.Hour
)

// originHeader names the service that a request goes to. It is part of what responses are cached by,
// so that a client never gets what the other service made.
const originHeader = "X-Front-Origin"

// distribution makes the CDN.
func (p *FrontProps) distribution(f *Front, service, next *web.Origin) awscloudfront.Distribution {
	dynamic := p.dynamicPolicy(f)
	functions := p.functions(f, service, next)
	policy := p.ResponseHeadersPolicy
	if policy == nil {
		policy = awscloudfront.ResponseHeadersPolicy_SECURITY_HEADERS()
	}
	origin := httpOrigin(service)
	// The name of a host that is no viewer's, because services are found by theirs.
	forward := awscloudfront.OriginRequestPolicy_ALL_VIEWER_EXCEPT_HOST_HEADER()
	behavior := func(cache awscloudfront.ICachePolicy) *awscloudfront.AddBehaviorOptions {
		return &awscloudfront.AddBehaviorOptions{
			ViewerProtocolPolicy:  awscloudfront.ViewerProtocolPolicy_REDIRECT_TO_HTTPS,
			AllowedMethods:        awscloudfront.AllowedMethods_ALLOW_ALL(),
			CachePolicy:           cache,
			OriginRequestPolicy:   forward,
			ResponseHeadersPolicy: policy,
			Compress:              new(true),
			FunctionAssociations:  functions.service,
		}
	}
	props := &awscloudfront.DistributionProps{
		Comment:         new(comment(*f.Node().Path())),
		DefaultBehavior: defaultBehavior(origin, behavior(dynamic)),
		HttpVersion:     awscloudfront.HttpVersion_HTTP2_AND_3,
		EnableIpv6:      new(p.ipv6()),
		Enabled:         new(true),
		PriceClass:      cmp.Or(p.PriceClass, awscloudfront.PriceClass_PRICE_CLASS_ALL),
		WebAclId:        cdk.String(p.WebACL),
	}
	if p.Domain != nil {
		props.DomainNames = &[]*string{&p.Domain.Name}
		props.Certificate = f.Certificate
		props.MinimumProtocolVersion = cmp.Or(
			p.SecurityPolicy,
			awscloudfront.SecurityPolicyProtocol_TLS_V1_2_2021,
		)
	}
	if p.AccessLogsBucket != nil {
		props.EnableLogging = new(true)
		props.LogBucket = p.AccessLogsBucket
		props.LogFilePrefix = cdk.String(p.AccessLogsPrefix)
	}
	distribution := awscloudfront.NewDistribution(f, new("Distribution"), props)
	buckets := map[string]awscloudfront.IOrigin{}
	policies := p.staticPolicies(f)
	for _, s := range p.Static { // the order counts
		options, from := behavior(policies[s.age()]), origin
		if s.Bucket != nil {
			path := *s.Bucket.Node().Path()
			if buckets[path] == nil {
				buckets[path] = awscloudfrontorigins.S3BucketOrigin_WithOriginAccessControl(
					s.Bucket,
					&awscloudfrontorigins.S3BucketOriginWithOACProps{
						OriginId: new("Bucket" + originSuffix(path)),
					},
				)
			}
			from = buckets[path]
			options.AllowedMethods = awscloudfront.AllowedMethods_ALLOW_GET_HEAD_OPTIONS()
			options.OriginRequestPolicy = nil
			options.FunctionAssociations = functions.bucket
		}
		distribution.AddBehavior(&s.Path, from, options)
	}
	resource := distribution.Node().DefaultChild().(awscloudfront.CfnDistribution)
	if next != nil {
		// No behavior leads to it, only the function.
		resource.AddPropertyOverride(
			new(fmt.Sprintf("DistributionConfig.Origins.%d", 1+len(buckets))),
			originProperty(next),
		)
	}
	// Requests are not to come before everything of a service is there that responds to them.
	for _, origin := range []*web.Origin{service, next} {
		if origin != nil && origin.Ready != nil {
			distribution.Node().AddDependency(origin.Ready)
		}
	}
	return distribution
}

// defaultBehavior is the behavior for what no pattern takes.
func defaultBehavior(
	origin awscloudfront.IOrigin,
	options *awscloudfront.AddBehaviorOptions,
) *awscloudfront.BehaviorOptions {
	return &awscloudfront.BehaviorOptions{
		Origin:                origin,
		ViewerProtocolPolicy:  options.ViewerProtocolPolicy,
		AllowedMethods:        options.AllowedMethods,
		CachePolicy:           options.CachePolicy,
		OriginRequestPolicy:   options.OriginRequestPolicy,
		ResponseHeadersPolicy: options.ResponseHeadersPolicy,
		Compress:              options.Compress,
		FunctionAssociations:  options.FunctionAssociations,
	}
}

// comment is what the console shows. CloudFront takes 128 characters.
func comment(path string) string {
	const most = 128
	runes := []rune(path)
	return string(runes[max(0, len(runes)-most):])
}

// httpOrigin is a service. Its id and everything else but its address are the same on each hosting.
func httpOrigin(o *web.Origin) awscloudfront.IOrigin {
	props := &awscloudfrontorigins.HttpOriginProps{
		OriginId:           &o.ID,
		OriginPath:         cdk.String(o.Path),
		ProtocolPolicy:     awscloudfront.OriginProtocolPolicy_HTTPS_ONLY,
		OriginSslProtocols: &[]awscloudfront.OriginSslPolicy{awscloudfront.OriginSslPolicy_TLS_V1_2},
		ReadTimeout:        awscdk.Duration_Seconds(new(readTimeout(o).Seconds())),
		KeepaliveTimeout:   awscdk.Duration_Seconds(new(keepAlive.Seconds())),
	}
	if !o.HTTPS {
		props.ProtocolPolicy = awscloudfront.OriginProtocolPolicy_HTTP_ONLY
		props.HttpPort = cdk.Number(o.Port)
	} else {
		props.HttpsPort = cdk.Number(o.Port)
	}
	if o.Secret != "" {
		props.CustomHeaders = &map[string]*string{adapter.FrontHeader: &o.Secret}
	}
	return awscloudfrontorigins.NewHttpOrigin(&o.Host, props)
}

// originProperty is what httpOrigin becomes in the template.
func originProperty(o *web.Origin) map[string]any {
	protocol := "https-only"
	if !o.HTTPS {
		protocol = "http-only"
	}
	custom := map[string]any{
		"OriginProtocolPolicy":   protocol,
		"OriginSSLProtocols":     []any{"TLSv1.2"},
		"OriginReadTimeout":      readTimeout(o).Seconds(),
		"OriginKeepaliveTimeout": keepAlive.Seconds(),
	}
	switch {
	case o.Port == 0:
	case o.HTTPS:
		custom["HTTPSPort"] = o.Port
	default:
		custom["HTTPPort"] = o.Port
	}
	property := map[string]any{"Id": o.ID, "DomainName": o.Host, "CustomOriginConfig": custom}
	if o.Path != "" {
		property["OriginPath"] = o.Path
	}
	if o.Secret != "" {
		property["OriginCustomHeaders"] = []any{
			map[string]any{"HeaderName": adapter.FrontHeader, "HeaderValue": o.Secret},
		}
	}
	return property
}

// readTimeout is how long the front waits for the next byte: longer than the service takes, so that
// clients see its own error, as far as CloudFront can.
func readTimeout(o *web.Origin) time.Duration {
	if o.Timeout == 0 {
		return maxReadTimeout
	}
	return min(o.Timeout+margin, maxReadTimeout).Truncate(time.Second)
}

// dynamicPolicy caches what the server allows, and nothing else. CloudFront's own policies of that
// kind forward the viewer's Host, by which no service is found.
func (p *FrontProps) dynamicPolicy(f constructs.Construct) awscloudfront.ICachePolicy {
	return awscloudfront.NewCachePolicy(f, new("CachePolicy"), &awscloudfront.CachePolicyProps{
		Comment:                    new("As Cache-Control says, else nothing"),
		MinTtl:                     seconds(0),
		DefaultTtl:                 seconds(0),
		MaxTtl:                     seconds(maxAge),
		CookieBehavior:             awscloudfront.CacheCookieBehavior_All(),
		QueryStringBehavior:        awscloudfront.CacheQueryStringBehavior_All(),
		HeaderBehavior:             awscloudfront.CacheHeaderBehavior_AllowList(new("Authorization"), new("Origin"), new(originHeader)),
		EnableAcceptEncodingGzip:   new(true),
		EnableAcceptEncodingBrotli: new(true),
	})
}

// staticPolicies are those of the static paths, by their age.
func (p *FrontProps) staticPolicies(f constructs.Construct) map[time.Duration]awscloudfront.ICachePolicy {
	policies := map[time.Duration]awscloudfront.ICachePolicy{}
	for _, s := range p.Static {
		age := s.age()
		if policies[age] != nil {
			continue
		}
		id := fmt.Sprintf("StaticPolicy%d", int(age.Seconds()))
		policies[age] = awscloudfront.NewCachePolicy(f, &id, &awscloudfront.CachePolicyProps{
			Comment:                    new("For all clients alike"),
			MinTtl:                     seconds(0),
			DefaultTtl:                 seconds(age),
			MaxTtl:                     seconds(maxAge),
			CookieBehavior:             awscloudfront.CacheCookieBehavior_None(),
			QueryStringBehavior:        awscloudfront.CacheQueryStringBehavior_All(),
			HeaderBehavior:             awscloudfront.CacheHeaderBehavior_AllowList(new(originHeader)),
			EnableAcceptEncodingGzip:   new(true),
			EnableAcceptEncodingBrotli: new(true),
		})
	}
	return policies
}

func (s Static) age() time.Duration { return cmp.Or(s.MaxAge, defaultMaxAge) }

func seconds(d time.Duration) awscdk.Duration { return awscdk.Duration_Seconds(new(d.Seconds())) }
