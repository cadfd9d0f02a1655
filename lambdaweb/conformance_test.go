package lambdaweb_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
)

func TestConformance(t *testing.T) {
	harness := func(endpoint lambdaweb.Endpoint) hostingtest.Harness {
		hosting := lambdaweb.Hosting{Endpoint: endpoint}
		allowFrom := `"CDKWEB_ALLOW_FROM":"%s"`
		if _, ok := endpoint.(lambdaweb.RESTAPI); ok {
			allowFrom = `"NotIpAddress":{"aws:SourceIp":["%s"]}`
		}
		return hostingtest.Harness{
			Hosting:      hosting,
			DomainIPv6:   true,
			Type:         "AWS::Lambda::Function",
			Environment:  "Environment.Variables",
			Command:      "ImageConfig.Command",
			CommandValue: `["serve","--verbose"]`,
			Access: hostingtest.Access{
				Private:   `"Types":["PRIVATE"]`,
				WebACL:    "AWS::ApiGateway::Stage",
				AllowFrom: allowFrom,
			},
			WithLogKey: func(key awskms.IKey) web.Hosting { return lambdaweb.Hosting{LogEncryptionKey: key} },
			Network:    hostingtest.Network{Type: "AWS::Lambda::Function", Subnets: "VpcConfig.SubnetIds", SecurityGroups: "VpcConfig.SecurityGroupIds"},
			OwnConstructor: func(scope constructs.Construct, id string, workload web.Workload) *web.Service {
				service, _ := lambdaweb.NewService(scope, id, workload, hosting)
				return service
			},
		}
	}
	hostingtest.Run(t, harness(nil))
	for name, endpoint := range map[string]lambdaweb.Endpoint{
		"REST API":                  lambdaweb.RESTAPI{},
		"REST API that streams":     lambdaweb.RESTAPI{ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM},
		"function URL":              lambdaweb.FunctionURL{},
		"function URL that streams": &lambdaweb.FunctionURL{InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM},
	} {
		t.Run(name, func(t *testing.T) { hostingtest.RunBriefly(t, harness(endpoint)) })
	}
	t.Run("no endpoint", func(t *testing.T) {
		h := harness(lambdaweb.NoEndpoint{})
		h.NoURL = "is not there: lambdaweb.NoEndpoint{} takes events only; set another Endpoint, such as lambdaweb.HTTPAPI{}"
		hostingtest.RunBriefly(t, h)
	})
	t.Run("load balancer", func(t *testing.T) {
		behind := func(stack awscdk.Stack) web.Hosting {
			front := webalb.NewLoadBalancer(stack, "Shared", nil)
			return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}
		}
		h := harness(nil)
		h.Hosting, h.In, h.PlainHTTP = behind(newStack(t)), behind, true
		h.DomainIPv6 = false
		h.WithDomain = func(stack awscdk.Stack) web.Hosting {
			front := webalb.NewLoadBalancer(stack, "Shared", &webalb.LoadBalancerProps{
				Certificates: []awscertificatemanager.ICertificate{certificate(stack, "Other")},
			})
			return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}
		}
		h.Access = hostingtest.Access{
			Private:   `"Scheme":"internal"`,
			WebACL:    "AWS::ElasticLoadBalancingV2::LoadBalancer",
			AllowFrom: `"SourceIpConfig":{"Values":["%s"]}`,
			In: func(stack awscdk.Stack, props *web.ServiceProps) web.Hosting {
				front := webalb.NewLoadBalancer(stack, fmt.Sprint("Internal", props.Private), &webalb.LoadBalancerProps{
					VPC: props.Workload.VPC, Internal: props.Private, WebACL: props.WebACL,
				})
				return lambdaweb.Hosting{Endpoint: lambdaweb.LoadBalancer{LoadBalancer: front}}
			},
		}
		hostingtest.RunBriefly(t, h)
	})
}
