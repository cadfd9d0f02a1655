package lambdaweb

import (
	"strings"

	"net/netip"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53targets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/web"
)

// MutualTLS lets clients in that have a certificate of an authority which is trusted. It is for an
// API with a Domain, and switches the API's default endpoint off, which would ask for no
// certificate. The server can read the client's certificate in the header
// X-Amzn-Request-Context, as clientCert. A front above the service has no certificate, so there can
// be none.
type MutualTLS struct {
	// Bucket and Key are where the certificates of the authorities are, the truststore: a file in
	// PEM of up to 1,000. Required. API Gateway reads it at deployments, and not when it changes.
	Bucket awss3.IBucket
	Key    string

	// Version of the file, if the bucket has versions. A new one is a change that is deployed.
	// Optional. Default: the newest at a deployment that changes the truststore.
	Version string

	// OwnershipCertificate is a public certificate of AWS Certificate Manager for the same name. It is
	// needed if the Certificate of the Domain was imported, or is of a private authority.
	// Optional. Default: none.
	OwnershipCertificate awscertificatemanager.ICertificate
}

// closed are the options that close the address which AWS gives an API.
type closed struct {
	disable bool
	mutual  *MutualTLS
}

// check checks options that need a domain.
func (o closed) check(c *web.Check) {
	const needs = "needs Domain, because nobody could call the API without its default endpoint"
	if o.disable && c.Domain == nil {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.DisableExecuteAPIEndpoint",
			Message: needs,
			Fix:     "set Domain of the service, or leave it out",
		})
	}
	m := o.mutual
	if m == nil {
		return
	}
	if c.Domain == nil {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.MutualTLS",
			Message: "needs Domain: API Gateway asks for certificates only there",
			Fix:     "set Domain of the service, or leave it out",
		})
	}
	if m.Bucket == nil {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.MutualTLS.Bucket",
			Message: "is required",
			Fix:     "set it to the bucket with the certificates of the authorities",
		})
	}
	if m.Key == "" {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.MutualTLS.Key",
			Message: "is required",
			Fix:     `set it to "truststore.pem", for instance`,
		})
	}
	if strings.Contains(m.Key, "://") || strings.HasPrefix(m.Key, "/") {
		c.Problem(web.Problem{
			Field:   "Hosting.Endpoint.MutualTLS.Key",
			Message: "must be the name of an object in Bucket",
			Got:     m.Key,
			Fix:     "leave the scheme, the bucket and the slash at the start out",
		})
	}
}

// off says whether the default endpoint is off; nil for API Gateway's default, which it is not.
func (o closed) off() *bool {
	if !o.disable && o.mutual == nil {
		return nil
	}
	return new(true)
}

// verify is that of the adapter, but for the front, which has no certificate to show.
func (o closed) verify(in *web.Definition, made *web.Made) {
	if o.mutual == nil {
		verify(in, made)
		return
	}
	made.Verify = web.Verifier{
		Check: func(int) *web.Problem {
			return &web.Problem{
				Message: "must not have MutualTLS, for which the front has no certificate to show",
				Fix:     "leave the one or the other out",
			}
		},
		Require: func(string, []string) {}, // never called, because of Check
	}
}

// defineDomain lets an API answer by the service's domain, without a stage in the path. The domain
// name and the mapping are the same for every API, and stand beside the hosting: there can be only
// one of each at a time. After a switch the mapping leads to the other API in place, as soon as all
// of that is there.
func (o closed) defineDomain(
	scope constructs.Construct,
	in *web.Definition,
	made *web.Made,
	api, stage *string,
) {
	if in.Domain == nil {
		return
	}
	ipv6 := letsIPv6In(in.AllowFrom)
	props := &awsapigatewayv2.DomainNameProps{
		DomainName:     &in.Domain.Name,
		Certificate:    in.Domain.Certificate,
		EndpointType:   awsapigatewayv2.EndpointType_REGIONAL,
		SecurityPolicy: awsapigatewayv2.SecurityPolicy_TLS_1_2,
		IpAddressType:  awsapigatewayv2.IpAddressType_IPV4,
	}
	if ipv6 {
		props.IpAddressType = awsapigatewayv2.IpAddressType_DUAL_STACK
	}
	if m := o.mutual; m != nil {
		props.Mtls = &awsapigatewayv2.MTLSConfig{
			Bucket: m.Bucket, Key: &m.Key, Version: cdk.String(m.Version),
		}
		if m.OwnershipCertificate != nil {
			props.OwnershipCertificate = m.OwnershipCertificate
		}
	}
	name := awsapigatewayv2.NewDomainName(in.Domain.Scope, new("Name"), props)
	mapping := awsapigatewayv2.NewCfnApiMapping(
		in.Domain.Scope,
		new("Mapping"),
		&awsapigatewayv2.CfnApiMappingProps{ApiId: api, DomainName: name.Name(), Stage: stage},
	)
	mapping.Node().AddDependency(scope)
	made.Alias = web.Alias{
		Target: awsroute53targets.NewApiGatewayv2DomainProperties(
			name.RegionalDomainName(),
			name.RegionalHostedZoneId(),
		),
		IPv6:  ipv6,
		After: []constructs.IDependable{mapping},
	}
}

// letsIPv6In reports whether a client with an IPv6 address may be let in. If none may, a client
// that has both must not choose that one.
func letsIPv6In(allowed []netip.Prefix) bool {
	is6 := func(p netip.Prefix) bool { return p.Addr().Is6() }
	return len(allowed) == 0 || slices.ContainsFunc(allowed, is6)
}
