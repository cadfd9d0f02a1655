package hostingtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest/memweb"
)

const (
	domainName     = "shop.example.com"
	certificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"

	certificateType = "AWS::CertificateManager::Certificate"
	recordType      = "AWS::Route53::RecordSet"
)

// Zone is a hosted zone that exists.
func Zone(stack awscdk.Stack) awsroute53.IHostedZone {
	return awsroute53.HostedZone_FromHostedZoneAttributes(stack, new("Zone"), &awsroute53.HostedZoneAttributes{
		HostedZoneId: new("Z0123456789ABCDEFGHIJ"), ZoneName: new("example.com"),
	})
}

// Certificate is one that exists, for any name.
func Certificate(stack awscdk.Stack) awscertificatemanager.ICertificate {
	return awscertificatemanager.Certificate_FromCertificateArn(stack, new("Certificate"), new(certificateARN))
}

// domainIDs are the logical ids of what belongs to the domain of a service Site. They do not tell
// the hosting: a switch must replace nothing of it.
var domainIDs = map[string]string{
	"certificate": "SiteDomainCertificateCBBAD303",
	"A":           "SiteDomainAB840EB49",
	"AAAA":        "SiteDomainAAAABF31F878",
}

// withDomain makes a service Site with a domain, in a stack of its own.
func (h Harness) withDomain(t *testing.T, change func(stack awscdk.Stack, props *web.ServiceProps)) (*web.Service, templatetest.Template) {
	stack := newStack(t)
	props := &web.ServiceProps{Workload: workload(), Domain: &web.Domain{Name: domainName}}
	if h.WithDomain != nil {
		props.Hosting = h.WithDomain(stack)
	} else {
		props.Hosting = h.hosting(stack)
	}
	change(stack, props)
	service := web.NewService(stack, "Site", props)
	return service, templatetest.Of(t, stack)
}

// testDomain shows that a service answers by its own domain, or says who can.
func testDomain(t *testing.T, h Harness) {
	inZone := func(stack awscdk.Stack, props *web.ServiceProps) { props.Domain.Zone = Zone(stack) }
	if p := h.Hosting.Platform(); !p.Domain.Can {
		WantPanic(t, "Stack/Site", "Domain is not possible on "+p.Name, func() { h.withDomain(t, inZone) })
		if !p.NoClients {
			WantPanic(t, "Stack/Site", "put a front above the service: webfront.NewFront, with this Domain", func() { h.withDomain(t, inZone) })
		}
		return
	}

	service, template := h.withDomain(t, inZone)
	const url = "https://" + domainName
	if got := service.URL(); got != url {
		t.Errorf("got URL %s, want %s", got, url)
	}
	if got := h.variables(t, service)[web.PublicURLVariable]; got != url {
		t.Errorf("got the variable %s=%v, want %s", web.PublicURLVariable, got, url)
	}
	template.Want(certificateType, "DomainName", `"`+domainName+`"`)
	template.Want(certificateType, "ValidationMethod", `"DNS"`)
	template.Want(certificateType, "DomainValidationOptions", `[{"DomainName":"`+domainName+`","HostedZoneId":"Z0123456789ABCDEFGHIJ"}]`)
	if got, want := template.IDs(certificateType), []string{domainIDs["certificate"]}; !slices.Equal(got, want) {
		t.Errorf("got the certificate %q, want %q", got, want)
	}
	h.wantRecords(t, template)

	// Another service calls it by its domain.
	caller := web.NewService(awscdk.Stack_Of(service), "Caller", &web.ServiceProps{Workload: workload(), Hosting: memweb.Hosting{}})
	caller.UseService("SITE_URL", service)
	if resources, _ := memweb.ResourcesOf(caller); resources.Variables()["SITE_URL"] != url {
		t.Errorf("got SITE_URL=%s, want %s", resources.Variables()["SITE_URL"], url)
	}

	service, _ = h.withDomain(t, func(stack awscdk.Stack, props *web.ServiceProps) {
		inZone(stack, props)
		props.Workload.Environment = map[string]string{web.PublicURLVariable: "https://example.com"}
	})
	if got := h.variables(t, service)[web.PublicURLVariable]; got != "https://example.com" {
		t.Errorf("got the variable %s=%v, want the workload's own", web.PublicURLVariable, got)
	}

	_, template = h.withDomain(t, func(stack awscdk.Stack, props *web.ServiceProps) {
		inZone(stack, props)
		props.Domain.Certificate = Certificate(stack)
	})
	if made := template.IDs(certificateType); len(made) > 0 {
		t.Errorf("got certificates %q, want the user's", made)
	}
	if text := templatetest.JSON(t, template); !strings.Contains(text, certificateARN) {
		t.Error("the user's certificate is not in the template")
	}
	h.wantRecords(t, template)

	_, template = h.withDomain(t, func(stack awscdk.Stack, props *web.ServiceProps) {
		props.Domain.Certificate = Certificate(stack)
	})
	if records := template.IDs(recordType); len(records) > 0 {
		t.Errorf("got records %q without a zone, want none", records)
	}

	stack := newStack(t)
	service = h.service(stack, "Site", workload())
	if _, ok := h.variables(t, service)[web.PublicURLVariable]; ok {
		t.Errorf("got the variable %s without a domain", web.PublicURLVariable)
	}
	for _, id := range templatetest.Of(t, stack).IDs() {
		if strings.HasPrefix(id, "SiteDomain") {
			t.Errorf("got %s without a domain", id)
		}
	}
}

// wantRecords checks the records of a domain in its zone: what they lead to is ready then.
func (h Harness) wantRecords(t *testing.T, template templatetest.Template) {
	t.Helper()
	want := map[string]string{domainIDs["A"]: "A"}
	if h.DomainIPv6 {
		want[domainIDs["AAAA"]] = "AAAA"
	}
	records := template.IDs(recordType)
	if len(records) != len(want) {
		t.Errorf("got records %q, want %v", records, want)
	}
	for _, id := range records {
		record := template.Resources[id]
		if got := record.Properties["Type"]; got != want[id] {
			t.Errorf("got the record %s of type %v, want one of %v", id, got, want)
		}
		if got := record.Properties["Name"]; got != domainName+"." {
			t.Errorf("%s: got the name %v, want %s", id, got, domainName)
		}
		if templatetest.At(record.Properties, "AliasTarget.DNSName") == nil {
			t.Errorf("%s leads to %v, want an alias", id, record.Properties)
		}
		for _, primary := range template.IDs(h.Type) {
			if !slices.Contains(record.DependsOn, primary) {
				t.Errorf("%s waits for %q, want the server %s among them", id, record.DependsOn, primary)
			}
		}
	}
}
