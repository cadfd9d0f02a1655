package main

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webfront"
	"github.com/cdkweb/cdkweb/webimage"
)

// smallFargate is one task.
var smallFargate = fargateweb.Hosting{CPU: 256, Memory: 512, MinTaskCount: 1, MaxTaskCount: 1}

// mirror is the server that shows what reaches it.
func mirror(mode string) web.Workload {
	return web.Workload{
		Image:       webimage.Go("./integ/mirror", nil),
		HealthCheck: web.HealthCheck{Path: "/healthz"},
		Environment: map[string]string{"MODE": mode},
	}
}

// front adds the mirror below a CDN. The values are:
//
//	stack       the stack's name; its lower case is that of the zone, below example.com
//	hosting     where it runs: url, fargate, or http, which has a domain that the CDN reaches it by
//	service     its id: Site (the default) or Next
//	generation  of the secrets
//	percent     how many of the clients go to Next, which is made then
//	note        makes the template another one
func front(app awscdk.App, values map[string]string) {
	stack, zone := newZone(app, values)
	name := func(host string) string { return host + "." + *zone.ZoneName() }
	add := func(id string) *web.Service {
		props := &web.ServiceProps{Workload: mirror(values["hosting"])}
		switch values["hosting"] {
		case "url":
			props.Hosting = lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}
		case "http":
			props.Hosting = lambdaweb.Hosting{}
			props.Domain = &web.Domain{Name: name("origin"), Zone: zone}
		case "fargate":
			props.Hosting = smallFargate
		default:
			panic("hosting must be url, http or fargate, got " + values["hosting"])
		}
		return addService(stack, id, props)
	}
	props := &webfront.FrontProps{
		Service: add(cmp.Or(values["service"], "Site")),
		// The stack leaves its region open, as the others do.
		Domain: &web.Domain{
			Name: name("shop"),
			Zone: zone,
			Certificate: awscertificatemanager.NewCertificate(stack, new("Certificate"), &awscertificatemanager.CertificateProps{
				DomainName: new(name("shop")),
				Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
			}),
		},
		SecretGeneration: number(values["generation"]),
	}
	if text, ok := values["percent"]; ok {
		props.Move = &webfront.Move{To: add("Next"), Percent: number(text)}
	}
	front := webfront.NewFront(stack, "Front", props)
	output := func(name string, value *string) {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Value: value})
	}
	output("FrontURL", new("https://"+*front.Distribution.DistributionDomainName()))
	output("PublicURL", new(front.URL()))
	if front.KeyValueStore != nil {
		output("Store", front.KeyValueStore.KeyValueStoreArn())
	}
}

// domains adds the mirror behind what has a domain of its own, and behind what lets only some
// clients in. The values are stack, as above.
func domains(app awscdk.App, values map[string]string) {
	stack, zone := newZone(app, values)
	named := func(host string) *web.Domain {
		return &web.Domain{Name: host + "." + *zone.ZoneName(), Zone: zone}
	}
	add := func(id string, hosting web.Hosting, domain *web.Domain, allow ...netip.Prefix) {
		addService(stack, id, &web.ServiceProps{Workload: mirror(id), Hosting: hosting, Domain: domain, AllowFrom: allow})
	}
	add("HTTPAPI", lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{
		CORS: &lambdaweb.CORS{AllowOrigins: []string{"https://pages.example.com"}}, DisableExecuteAPIEndpoint: true,
	}}, named("api"))
	add("RESTAPI", lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{}}, named("rest"))
	add("Fargate", smallFargate, named("balanced"))
	add("Login", lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{
		Authorizer: awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("Token"), new("https://login."+*zone.ZoneName()),
			&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("mirror")}}),
	}}, nil)
	// The emulator's front ends say that every client is at 127.0.0.1.
	add("Inside", lambdaweb.Hosting{}, nil, netip.MustParsePrefix("127.0.0.0/8"))
	add("Outside", lambdaweb.Hosting{}, nil, netip.MustParsePrefix("192.0.2.0/24"))
	add("OutsideByURL", lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}, nil, netip.MustParsePrefix("192.0.2.0/24"))
}

// newZone is a stack with a zone for its names.
func newZone(app awscdk.App, values map[string]string) (awscdk.Stack, awsroute53.IHostedZone) {
	stack := awscdk.NewStack(app, new(values["stack"]), &awscdk.StackProps{Description: new("integ " + values["note"])})
	return stack, awsroute53.NewPublicHostedZone(stack, new("Zone"), &awsroute53.PublicHostedZoneProps{
		ZoneName: new(strings.ToLower(values["stack"]) + ".example.com"),
	})
}

// addService makes a service, with its URL as an output.
func addService(stack awscdk.Stack, id string, props *web.ServiceProps) *web.Service {
	service := web.NewService(stack, id, props)
	awscdk.NewCfnOutput(stack, new(id+"URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
	return service
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}
