package webfront_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudfront"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webfront"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	distribution = "AWS::CloudFront::Distribution"
	globalACL    = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/01234567-89ab-cdef-0123-456789abcdef"
	globalCert   = "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
)

// Each option, and what there is without it.
func TestOptions(t *testing.T) {
	for _, test := range []struct {
		path           string
		without, with  string
		change         func(stack awscdk.Stack, p *webfront.FrontProps)
		alsoWithDomain bool
	}{
		{"DistributionConfig.WebACLId", `null`, `"` + globalACL + `"`, func(_ awscdk.Stack, p *webfront.FrontProps) { p.WebACL = globalACL }, false},
		{"DistributionConfig.PriceClass", `"PriceClass_All"`, `"PriceClass_100"`, func(_ awscdk.Stack, p *webfront.FrontProps) {
			p.PriceClass = awscloudfront.PriceClass_PRICE_CLASS_100
		}, false},
		{"DistributionConfig.DefaultCacheBehavior.ResponseHeadersPolicyId", `"67f7725c-6f97-4210-82d7-5512b31e9d03"`, `"eaab4381-ed33-4a86-88ca-d9558dc6cd63"`, func(_ awscdk.Stack, p *webfront.FrontProps) {
			p.ResponseHeadersPolicy = awscloudfront.ResponseHeadersPolicy_CORS_ALLOW_ALL_ORIGINS_WITH_PREFLIGHT_AND_SECURITY_HEADERS()
		}, false},
		{"DistributionConfig.ViewerCertificate.MinimumProtocolVersion", `"TLSv1.2_2021"`, `"TLSv1.3_2025"`, func(_ awscdk.Stack, p *webfront.FrontProps) {
			p.SecurityPolicy = awscloudfront.SecurityPolicyProtocol_TLS_V1_3_2025
		}, true},
		{"DistributionConfig.Logging.Prefix", `null`, `"shop/"`, func(stack awscdk.Stack, p *webfront.FrontProps) {
			p.AccessLogsBucket = awss3.NewBucket(stack, new("Logs"), &awss3.BucketProps{ObjectOwnership: awss3.ObjectOwnership_OBJECT_WRITER})
			p.AccessLogsPrefix = "shop/"
		}, false},
		{"DistributionConfig.CacheBehaviors.0.PathPattern", `null`, `"/a/*"`, func(_ awscdk.Stack, p *webfront.FrontProps) {
			p.Static = []webfront.Static{{Path: "/a/*", MaxAge: time.Hour}}
		}, false},
	} {
		t.Run(test.path, func(t *testing.T) {
			of := func(change func(stack awscdk.Stack, p *webfront.FrontProps)) string {
				stack := newStack(t)
				props := &webfront.FrontProps{Service: service(stack, "Site", lambdaweb.Hosting{})}
				if test.alsoWithDomain {
					certificate := awscertificatemanager.Certificate_FromCertificateArn(stack, new("Certificate"), new(globalCert))
					props.Domain = &web.Domain{Name: "shop.example.com", Certificate: certificate}
				}
				if change != nil {
					change(stack, props)
				}
				webfront.NewFront(stack, "Front", props)
				return templatetest.JSON(t, templatetest.At(templatetest.Of(t, stack).Get(distribution, "DistributionConfig"), strings.TrimPrefix(test.path, "DistributionConfig.")))
			}
			if got := of(nil); got != test.without {
				t.Errorf("got %s, want %s", got, test.without)
			}
			if got := of(test.change); got != test.with {
				t.Errorf("got %s, want %s", got, test.with)
			}
		})
	}
}

// What every front has, whatever its options.
func TestDefaults(t *testing.T) {
	stack := newStack(t)
	webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: service(stack, "Site", lambdaweb.Hosting{})})
	template := templatetest.Of(t, stack)
	for path, want := range map[string]string{
		"DistributionConfig.HttpVersion":                               `"http2and3"`,
		"DistributionConfig.IPV6Enabled":                               `true`,
		"DistributionConfig.DefaultCacheBehavior.Compress":             `true`,
		"DistributionConfig.DefaultCacheBehavior.ViewerProtocolPolicy": `"redirect-to-https"`,
		"DistributionConfig.DefaultCacheBehavior.AllowedMethods":       `["GET","HEAD","OPTIONS","PUT","PATCH","POST","DELETE"]`,
		// AllViewerExceptHostHeader
		"DistributionConfig.DefaultCacheBehavior.OriginRequestPolicyId":            `"b689b0a8-53d0-40ab-baf2-68738e2966ac"`,
		"DistributionConfig.Origins.0.CustomOriginConfig.OriginReadTimeout":        `35`,
		"DistributionConfig.Origins.0.CustomOriginConfig.OriginProtocolPolicy":     `"https-only"`,
		"DistributionConfig.Origins.0.CustomOriginConfig.OriginSSLProtocols":       `["TLSv1.2"]`,
		"DistributionConfig.Origins.0.OriginCustomHeaders.0.HeaderName":            `"X-Origin-Verify"`,
		"DistributionConfig.DefaultCacheBehavior.FunctionAssociations.0.EventType": `"viewer-request"`,
	} {
		template.Want(distribution, path, want)
	}
	template.WantTypes(map[string]int{
		distribution: 1, "AWS::CloudFront::Function": 1, "AWS::CloudFront::CachePolicy": 1, "AWS::SecretsManager::Secret": 2,
		"AWS::Lambda::Function": 1, "AWS::Lambda::Permission": 1, "AWS::IAM::Role": 1, "AWS::IAM::Policy": 1, "AWS::Logs::LogGroup": 1,
		"AWS::ApiGatewayV2::Api": 1, "AWS::ApiGatewayV2::Stage": 1, "AWS::ApiGatewayV2::Route": 1, "AWS::ApiGatewayV2::Integration": 1,
	})
	if got := template.Resources[template.IDs("AWS::SecretsManager::Secret")[0]].Properties["SecretString"]; got != nil {
		t.Errorf("a secret has the value %v in the template", got)
	}
}

// A service of another stack, or of Copilot, can be either side.
func TestImported(t *testing.T) {
	stack := newStack(t)
	theirs := web.FromServiceAttributes(stack, "Theirs", &web.ServiceAttributes{URL: "https://old.example.com/v1"})
	webfront.NewFront(stack, "Front", &webfront.FrontProps{
		Service: theirs,
		Move:    &webfront.Move{To: service(stack, "Next", lambdaweb.Hosting{}), Percent: 10},
	})
	template := templatetest.Of(t, stack)
	template.Want(distribution, "DistributionConfig.Origins.0", `{"CustomOriginConfig":{"OriginKeepaliveTimeout":5,"OriginProtocolPolicy":"https-only",`+
		`"OriginReadTimeout":120,"OriginSSLProtocols":["TLSv1.2"]},"DomainName":"old.example.com","Id":"Theirs","OriginPath":"/v1"}`)
	if warnings := strings.Join(templatetest.Warnings(t, stack), "\n"); !strings.Contains(warnings, "Service Shop/Theirs also takes requests that do not come through the front") {
		t.Errorf("got warnings %s", warnings)
	}
}

// The server cannot have the address of a distribution that waits for it.
func TestOwnAddress(t *testing.T) {
	stack := newStack(t)
	site := service(stack, "Site", lambdaweb.Hosting{})
	front := webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: site})
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); !ok || !strings.Contains(invalid.Error(),
			`AddEnvironment("SELF") must not hold the URL of the front above the service, Shop/Front`) {
			t.Errorf("got %v", invalid)
		}
	}()
	site.AddEnvironment("SELF", front.URL()+"/callback")
}

// A front that comes after a synthesis would not be in what was synthesized.
func TestAfterSynthesis(t *testing.T) {
	stack := newStack(t)
	site := service(stack, "Site", places["AppRunner"](stack))
	webtest.Template(t, stack)
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); !ok || !strings.Contains(invalid.Error(), "whose variables were read already") {
			t.Errorf("got %v", invalid)
		}
	}()
	webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: site})
}

// A service that has clients already stays open until they use the front, which sends the secret
// from the beginning.
func TestOriginOpen(t *testing.T) {
	stack := newStack(t)
	webfront.NewFront(stack, "Front", &webfront.FrontProps{Service: service(stack, "Site", lambdaweb.Hosting{}), OriginOpen: true})
	template := templatetest.Of(t, stack)
	template.Want("AWS::Lambda::Function", "Environment.Variables.CDKWEB_FRONT_SECRETS", "")
	template.Want(distribution, "DistributionConfig.Origins.0.OriginCustomHeaders.0.HeaderName", `"X-Origin-Verify"`)
	if warnings := strings.Join(templatetest.Warnings(t, stack), "\n"); !strings.Contains(warnings, "because OriginOpen is set") {
		t.Errorf("got warnings %s", warnings)
	}
}

// Clients that may come by IPv4 only are not led to choose IPv6.
func TestAddressesOfIPv4(t *testing.T) {
	for _, test := range []struct {
		allow   []string
		enabled string
		records int
	}{{nil, "true", 2}, {[]string{"192.0.2.0/24"}, "false", 1}, {[]string{"192.0.2.0/24", "2001:db8::/32"}, "true", 2}} {
		stack := newStack(t)
		props := &webfront.FrontProps{
			Service: service(stack, "Site", lambdaweb.Hosting{}),
			Domain:  &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
		}
		if test.allow != nil {
			props.AllowFrom = prefixes(test.allow...)
		}
		webfront.NewFront(stack, "Front", props)
		template := templatetest.Of(t, stack)
		template.Want(distribution, "DistributionConfig.IPV6Enabled", test.enabled)
		if got := len(template.IDs("AWS::Route53::RecordSet")); got != test.records {
			t.Errorf("%v: got %d records, want %d", test.allow, got, test.records)
		}
	}
}

// The port of an imported service is no part of its name.
func TestImportedPort(t *testing.T) {
	for url, want := range map[string]string{
		"https://old.example.com:8443": `"HTTPSPort":8443`, "http://old.example.com:8080/v1": `"HTTPPort":8080`,
	} {
		for _, move := range []bool{false, true} {
			stack := newStack(t)
			theirs := web.FromServiceAttributes(stack, "Theirs", &web.ServiceAttributes{URL: url})
			props, at := &webfront.FrontProps{Service: theirs}, "DistributionConfig.Origins.0"
			if move {
				props = &webfront.FrontProps{Service: service(stack, "Site", lambdaweb.Hosting{}), Move: &webfront.Move{To: theirs}}
				at = "DistributionConfig.Origins.1"
			}
			webfront.NewFront(stack, "Front", props)
			text := templatetest.JSON(t, templatetest.Of(t, stack).Get(distribution, at))
			if !strings.Contains(text, want) || !strings.Contains(text, `"DomainName":"old.example.com"`) {
				t.Errorf("%s: got %s, want %s", url, text, want)
			}
		}
	}
}
