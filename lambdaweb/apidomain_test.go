package lambdaweb_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
)

const certificateARN = "arn:aws:acm:eu-west-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"

func certificate(stack awscdk.Stack, id string) awscertificatemanager.ICertificate {
	return awscertificatemanager.Certificate_FromCertificateArn(stack, &id, new(certificateARN))
}

// wantPanicHolds fails unless a call panics with a text.
func wantPanicHolds(t *testing.T, text string, call func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, _ := recover().(error)
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("got panic %v, want %q", err, text)
		}
	}()
	call()
}

const (
	domainName = "AWS::ApiGatewayV2::DomainName"
	mapping    = "AWS::ApiGatewayV2::ApiMapping"
)

// The API answers by the domain, without a stage in the path; the mapping waits for the API, and the
// records for the mapping.
func TestAPIDomain(t *testing.T) {
	for name, endpoint := range map[string]lambdaweb.Endpoint{"HTTP API": lambdaweb.HTTPAPI{}, "REST API": lambdaweb.RESTAPI{StageName: "v1"}} {
		t.Run(name, func(t *testing.T) {
			make := func(change func(stack awscdk.Stack, props *web.ServiceProps)) templatetest.Template {
				stack := newStack(t)
				props := &web.ServiceProps{
					Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{Endpoint: endpoint},
					Domain: &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)},
				}
				change(stack, props)
				web.NewService(stack, "Site", props)
				return templatetest.Of(t, stack)
			}
			template := make(func(awscdk.Stack, *web.ServiceProps) {})
			id := template.IDs(domainName)[0]
			template.Want(domainName, "DomainName", `"shop.example.com"`)
			template.Want(domainName, "DomainNameConfigurations", `[{"CertificateArn":{"Ref":"`+template.IDs("AWS::CertificateManager::Certificate")[0]+
				`"},"EndpointType":"REGIONAL","IpAddressType":"dualstack","SecurityPolicy":"TLS_1_2"}]`)
			template.Want(domainName, "MutualTlsAuthentication", "")
			template.Want(mapping, "DomainName", `{"Ref":"`+id+`"}`)
			template.Want(mapping, "ApiMappingKey", "")
			stage := `"$default"`
			if name == "REST API" {
				stage = `{"Ref":"` + template.IDs("AWS::ApiGateway::Stage")[0] + `"}`
			}
			template.Want(mapping, "Stage", stage)
			after := template.Resources[template.IDs(mapping)[0]].DependsOn
			for _, kind := range []string{kind, "AWS::Lambda::Permission"} {
				if !slices.Contains(after, template.IDs(kind)[0]) {
					t.Errorf("the mapping waits for %q, want %s among them", after, kind)
				}
			}
			records := template.IDs("AWS::Route53::RecordSet")
			if len(records) != 2 {
				t.Fatalf("got records %q, want A and AAAA", records)
			}
			for _, record := range records {
				if got, want := templatetest.JSON(t, template.Resources[record].Properties["AliasTarget"]),
					`{"DNSName":{"Fn::GetAtt":["`+id+`","RegionalDomainName"]},"HostedZoneId":{"Fn::GetAtt":["`+id+`","RegionalHostedZoneId"]}}`; got != want {
					t.Errorf("got target %s, want %s", got, want)
				}
				if got := template.Resources[record].DependsOn; !slices.Contains(got, template.IDs(mapping)[0]) {
					t.Errorf("%s waits for %q, want the mapping among them", record, got)
				}
			}

			// Who has an IPv4 address that is let in, and an IPv6 address that is not, must choose the
			// first.
			template = make(func(_ awscdk.Stack, props *web.ServiceProps) {
				props.AllowFrom = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
			})
			template.Want(domainName, "DomainNameConfigurations.0.IpAddressType", `"ipv4"`)
			template.Want("AWS::Route53::RecordSet", "Type", `"A"`)
		})
	}
}

// With the default endpoint off, the domain is the only way in; mutual TLS needs that.
func TestClosedEndpoint(t *testing.T) {
	bucket := func(stack awscdk.Stack) awss3.IBucket {
		return awss3.Bucket_FromBucketName(stack, new("Trust"), new("trust"))
	}
	for _, test := range []struct {
		name string
		api  func(stack awscdk.Stack, http bool) lambdaweb.Endpoint
		off  string
		mtls string
		own  string
	}{
		{"default", func(_ awscdk.Stack, http bool) lambdaweb.Endpoint {
			if http {
				return lambdaweb.HTTPAPI{}
			}
			return lambdaweb.RESTAPI{}
		}, "", "", ""},
		{"off", func(_ awscdk.Stack, http bool) lambdaweb.Endpoint {
			if http {
				return lambdaweb.HTTPAPI{DisableExecuteAPIEndpoint: true}
			}
			return lambdaweb.RESTAPI{DisableExecuteAPIEndpoint: true}
		}, "true", "", ""},
		{"mutual TLS", func(stack awscdk.Stack, http bool) lambdaweb.Endpoint {
			m := &lambdaweb.MutualTLS{Bucket: bucket(stack), Key: "truststore.pem"}
			if http {
				return lambdaweb.HTTPAPI{MutualTLS: m}
			}
			return lambdaweb.RESTAPI{MutualTLS: m}
		}, "true", `{"TruststoreUri":"s3://trust/truststore.pem"}`, ""},
		{"mutual TLS of a version", func(stack awscdk.Stack, http bool) lambdaweb.Endpoint {
			m := &lambdaweb.MutualTLS{Bucket: bucket(stack), Key: "truststore.pem", Version: "3", OwnershipCertificate: certificate(stack, "Certificate")}
			if http {
				return lambdaweb.HTTPAPI{MutualTLS: m}
			}
			return lambdaweb.RESTAPI{MutualTLS: m}
		}, "true", `{"TruststoreUri":"s3://trust/truststore.pem","TruststoreVersion":"3"}`, `"` + certificateARN + `"`},
	} {
		for _, http := range []bool{true, false} {
			kind := restAPI
			if http {
				kind = "AWS::ApiGatewayV2::Api"
			}
			t.Run(test.name+" "+kind, func(t *testing.T) {
				stack := newStack(t)
				service := web.NewService(stack, "Site", &web.ServiceProps{
					Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{Endpoint: test.api(stack, http)},
					Domain: &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)},
				})
				template := templatetest.Of(t, stack)
				template.Want(kind, "DisableExecuteApiEndpoint", test.off)
				template.Want(domainName, "MutualTlsAuthentication", test.mtls)
				template.Want(domainName, "DomainNameConfigurations.0.OwnershipVerificationCertificateArn", test.own)
				if got := service.URL(); got != "https://shop.example.com" {
					t.Errorf("got URL %s, want the domain's", got)
				}
				var problems []string
				for _, problem := range front(stack, 1).Problems("Service", service) {
					problems = append(problems, problem.Error())
				}
				want := []string(nil)
				if test.mtls != "" {
					want = []string{"Service must not have MutualTLS, for which the front has no certificate to show; leave the one or the other out"}
				}
				if !slices.Equal(problems, want) {
					t.Errorf("got problems %q of a front, want %q", problems, want)
				}
			})
		}
	}
}

// Where there can be no domain, the sentence says what can have one.
func TestNoDomain(t *testing.T) {
	for name, endpoint := range map[string]lambdaweb.Endpoint{
		"with a function URL": lambdaweb.FunctionURL{}, "without an endpoint": lambdaweb.NoEndpoint{},
	} {
		stack := newStack(t)
		hostingtest.WantPanic(t, "Stack/Site", "Domain is not possible on Lambda "+name, func() {
			web.NewService(stack, "Site", &web.ServiceProps{
				Workload: workload(), Hosting: lambdaweb.Hosting{Endpoint: endpoint}, Domain: &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)},
			})
		})
	}
}
