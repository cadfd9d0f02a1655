package main

import (
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
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
//	stack       the stack's name
//	hosting     where it runs: url, fargate, or http, which has a domain that the CDN reaches it by
//	generation  of the secrets
//	percent     how many of the clients go to a second one of the same kind; none is made without
//	note        makes the template another one
func front(app awscdk.App, values map[string]string) {
	stack := awscdk.NewStack(app, new(values["stack"]), &awscdk.StackProps{Description: new("Front " + values["note"])})
	zone := awsroute53.NewPublicHostedZone(stack, new("Zone"), &awsroute53.PublicHostedZoneProps{
		ZoneName: new("front.example.com"),
	})
	add := func(id string) *web.Service {
		props := &web.ServiceProps{Workload: mirror(values["hosting"])}
		switch values["hosting"] {
		case "url":
			props.Hosting = lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}}
		case "http":
			props.Hosting = lambdaweb.Hosting{}
			props.Domain = &web.Domain{Name: "origin.front.example.com", Zone: zone}
		case "fargate":
			props.Hosting = smallFargate
		default:
			panic("hosting must be url, http or fargate, got " + values["hosting"])
		}
		service := web.NewService(stack, id, props)
		awscdk.NewCfnOutput(stack, new(id+"URL"), &awscdk.CfnOutputProps{Value: new(service.URL())})
		return service
	}
	generation, err := strconv.Atoi(values["generation"])
	if err != nil {
		panic(err)
	}
	props := &webfront.FrontProps{
		Service: add("Site"),
		// The stack leaves its region open, as the others do.
		Domain: &web.Domain{
			Name: "shop.front.example.com",
			Zone: zone,
			Certificate: awscertificatemanager.NewCertificate(stack, new("Certificate"), &awscertificatemanager.CertificateProps{
				DomainName: new("shop.front.example.com"),
				Validation: awscertificatemanager.CertificateValidation_FromDns(zone),
			}),
		},
		SecretGeneration: generation,
	}
	if text, ok := values["percent"]; ok {
		percent, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		props.Move = &webfront.Move{To: add("Next"), Percent: percent}
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
