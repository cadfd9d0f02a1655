package lambdaweb_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigateway"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapigatewayv2authorizers"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

const webACL = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/01234567-89ab-cdef-0123-456789abcdef"

// adapted is an image of a registry that holds this library's adapter.
func adapted() webimage.Image {
	return webimage.URI(privateURI, &webimage.ExistingOptions{Adapter: webimage.WithAdapter, EntryPoint: []string{"/app"}})
}

// front is one above the service, of a generation of its secrets.
func front(stack awscdk.Stack, generation int) *web.Front {
	return &web.Front{
		Stack: stack, Path: "Stack/Front", SecretGeneration: generation,
	}
}

// endpoints are those whose requests the adapter verifies.
var endpoints = map[string]lambdaweb.Endpoint{
	"HTTP API": lambdaweb.HTTPAPI{}, "REST API": lambdaweb.RESTAPI{}, "function URL": lambdaweb.FunctionURL{},
}

// The adapter gets references to the secrets of the front, and takes each of them.
func TestVerify(t *testing.T) {
	for name, endpoint := range endpoints {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			service := web.NewService(stack, "Site", &web.ServiceProps{
				Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{Endpoint: endpoint},
			})
			above := front(stack, 2)
			if problems := above.Problems("Service", service); len(problems) > 0 {
				t.Fatalf("got problems %v", problems)
			}
			if origin := above.Origin(service); origin.Unverified != "" {
				t.Errorf("got %q, want an origin that is verified", origin.Unverified)
			}
			template := templatetest.Of(t, stack)
			value := templatetest.JSON(t, template.Get(kind, "Environment.Variables.CDKWEB_FRONT_SECRETS"))
			ids := template.IDs("AWS::SecretsManager::Secret")
			if len(ids) != 3 {
				t.Fatalf("got secrets %q, want three", ids)
			}
			for _, id := range ids {
				if !strings.Contains(value, `{"Ref":"`+id+`"}`) {
					t.Errorf("got %s, want a reference to %s in it", value, id)
				}
			}
			if n := strings.Count(value, "{{resolve:secretsmanager:"); n != 3 || strings.Count(value, "}},{{") != 2 {
				t.Errorf("got %s, want three references with commas between them", value)
			}
		})
	}
}

// Another adapter checks nothing.
func TestUnverified(t *testing.T) {
	for name, endpoint := range endpoints {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			service, _ := lambdaweb.NewService(stack, "Site", workload(), lambdaweb.Hosting{Endpoint: endpoint})
			origin := front(stack, 1).Origin(service)
			if want := "the image is not known to hold this library's adapter, which would check the header; build it with webimage.Go"; !strings.HasPrefix(origin.Unverified, want) {
				t.Errorf("got %q, want it to begin with %q", origin.Unverified, want)
			}
			templatetest.Of(t, stack).Want(kind, "Environment.Variables.CDKWEB_FRONT_SECRETS", "")
		})
	}
}

// Lambda has room for 4 KB of variables.
func TestVerifySize(t *testing.T) {
	service := func(stack awscdk.Stack, size int) *web.Service {
		return web.NewService(stack, "Site", &web.ServiceProps{
			Workload: web.Workload{Image: adapted(), Environment: map[string]string{"TEXT": strings.Repeat("x", size)}},
			Hosting:  lambdaweb.Hosting{},
		})
	}
	// HOST 12+9, PORT 4+4, TEXT 4, FRONT_SECRETS 20+146
	const most = 4096 - 21 - 8 - 4 - 166
	stack := newStack(t)
	fits := service(stack, most)
	above := front(stack, 2)
	if problems := above.Problems("Service", fits); len(problems) > 0 {
		t.Fatalf("got problems %v, want none", problems)
	}
	above.Origin(fits)
	hostingtest.WantPanic(t, "Stack/Site", `AddEnvironment("MORE") must not have more than 4096 bytes in all names and values on Lambda`, func() { fits.AddEnvironment("MORE", "") })

	// There is room for the first rotation from the beginning.
	stack = newStack(t)
	problems := front(stack, 1).Problems("Service", service(stack, most+1))
	want := "Service must leave room for the front's secrets, 146 bytes in the variable CDKWEB_FRONT_SECRETS: its variables must not have " +
		"more than 4096 bytes in all names and values on Lambda, got 3902 and 195 of PORT and the hosting's own; " +
		"put what is large into the image, a table or a parameter"
	if len(problems) != 1 || problems[0].Error() != want {
		t.Errorf("got %v, want %q", problems, want)
	}
}

// Who replaces the environment of the L1 construct must not open the door.
func TestVerifyIsMissed(t *testing.T) {
	stack := newStack(t)
	service, resources := lambdaweb.NewService(stack, "Site", web.Workload{Image: adapted()}, lambdaweb.Hosting{})
	front(stack, 1).Origin(service)
	function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
	function.SetEnvironment(&awslambda.CfnFunction_EnvironmentProperty{Variables: map[string]string{"A": "b"}})
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "the variables CDKWEB_FRONT_SECRETS were added to the service, but its environment was replaced") {
			t.Errorf("got %s, want an error", text)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
}

// A web ACL protects the stage, once that is there.
func TestWebACL(t *testing.T) {
	stack := newStack(t)
	web.NewService(stack, "Site", &web.ServiceProps{
		Workload: workload(), Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.RESTAPI{StageName: "v1"}}, WebACL: webACL,
	})
	template := templatetest.Of(t, stack)
	const kind = "AWS::WAFv2::WebACLAssociation"
	api, stage := template.IDs("AWS::ApiGateway::RestApi")[0], template.IDs("AWS::ApiGateway::Stage")[0]
	template.Want(kind, "WebACLArn", `"`+webACL+`"`)
	template.Want(kind, "ResourceArn", `{"Fn::Join":["",["arn:",{"Ref":"AWS::Partition"},":apigateway:",{"Ref":"AWS::Region"},"::/restapis/",{"Ref":"`+api+`"},"/stages/",{"Ref":"`+stage+`"}]]}`)
	if got := templatetest.JSON(t, template.Resources[template.IDs(kind)[0]].DependsOn); got != `["`+stage+`"]` {
		t.Errorf("the association depends on %s, want the stage", got)
	}
}

// Services with everything that their fronts can do.
func TestGoldenAccess(t *testing.T) {
	for name, make := range map[string]func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.Endpoint{
		"HTTP API": func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.Endpoint {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)}
			props.AllowFrom = allowFrom
			return lambdaweb.HTTPAPI{
				Paths: []string{"/", "/orders/{proxy+}"},
				CORS:  &lambdaweb.CORS{AllowOrigins: []string{"https://www.example.com"}, AllowCredentials: true, MaxAge: time.Hour},
				Authorizer: awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("Login"), new("https://login.example.com"),
					&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("shop")}}),
				AuthorizationScopes: []string{"orders"}, ThrottlingRateLimit: 100, ThrottlingBurstLimit: 200, DetailedMetricsEnabled: true,
				AccessLogDestination: awslogs.NewLogGroup(stack, new("AccessLogs"), nil), DisableExecuteAPIEndpoint: true,
			}
		},
		"HTTP API with mutual TLS": func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.Endpoint {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack), Certificate: certificate(stack, "Certificate")}
			return lambdaweb.HTTPAPI{MutualTLS: &lambdaweb.MutualTLS{Bucket: awss3.NewBucket(stack, new("Trust"), nil), Key: "truststore.pem"}}
		},
		"private REST API": func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.Endpoint {
			props.Private, props.AllowFrom, props.Workload.VPC = true, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/17")}, vpc(stack, "VPC")
			return lambdaweb.RESTAPI{AuthorizationType: awsapigateway.AuthorizationType_IAM}
		},
		"REST API": func(stack awscdk.Stack, props *web.ServiceProps) lambdaweb.Endpoint {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: hostingtest.Zone(stack)}
			props.AllowFrom, props.WebACL = allowFrom, webACL
			return lambdaweb.RESTAPI{
				CORS:                 &lambdaweb.CORS{AllowOrigins: []string{"*"}},
				AccessLogDestination: awslogs.NewLogGroup(stack, new("AccessLogs"), nil),
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			props := &web.ServiceProps{Workload: web.Workload{Image: adapted()}}
			props.Hosting = lambdaweb.Hosting{Endpoint: make(stack, props)}
			web.NewService(stack, "Site", props)
			webtest.Snapshot(t, stack)
		})
	}
}

// What keeps clients out must not get lost with the environment.
func TestAllowFromIsMissed(t *testing.T) {
	stack := newStack(t)
	service := web.NewService(stack, "Site", &web.ServiceProps{
		Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{}, AllowFrom: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
	})
	resources, _ := lambdaweb.ResourcesOf(service)
	function := resources.Function.Node().DefaultChild().(awslambda.CfnFunction)
	function.SetEnvironment(&awslambda.CfnFunction_EnvironmentProperty{Variables: map[string]string{"A": "b"}})
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "the variables CDKWEB_ALLOW_FROM were added to the service, but its environment was replaced") {
			t.Errorf("got %s, want an error", text)
		}
	}()
	stack.Node().Root().(awscdk.App).Synth(nil)
}

// Many addresses fit into neither a variable nor a policy.
func TestAllowFromSize(t *testing.T) {
	var many []netip.Prefix
	for i := range 600 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i / 250), byte(i % 250), 0}), 24))
	}
	for _, test := range []struct {
		endpoint lambdaweb.Endpoint
		prefixes int
		want     string
	}{
		{lambdaweb.HTTPAPI{}, 600, "AllowFrom must have 3072 bytes at most as a list on such an endpoint"},
		{lambdaweb.FunctionURL{}, 600, "AllowFrom must have 3072 bytes at most as a list on such an endpoint"},
		{lambdaweb.RESTAPI{}, 600, "AllowFrom must be fewer: API Gateway takes a resource policy of 8 KB"},
		{lambdaweb.HTTPAPI{}, 200, ""}, {lambdaweb.RESTAPI{}, 400, ""},
	} {
		err := (&web.ServiceProps{
			Workload: web.Workload{Image: adapted()}, Hosting: lambdaweb.Hosting{Endpoint: test.endpoint}, AllowFrom: many[:test.prefixes],
		}).Validate()
		if got := fmt.Sprint(err); test.want == "" && err != nil || !strings.Contains(got, test.want) {
			t.Errorf("%T with %d: got %v, want %q", test.endpoint, test.prefixes, err, test.want)
		}
	}
}

// An authorizer belongs to one API.
func TestAuthorizerTwice(t *testing.T) {
	stack := newStack(t)
	authorizer := awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new("JWT"), new("https://id.example.com"),
		&awsapigatewayv2authorizers.HttpJwtAuthorizerProps{JwtAudience: &[]*string{new("shop")}})
	hosting := lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{Authorizer: authorizer}}
	lambdaweb.NewService(stack, "One", web.Workload{Image: adapted()}, hosting)
	hostingtest.WantPanic(t, "Stack/Two", "Hosting.Endpoint.Authorizer is that of Stack/One already", func() {
		lambdaweb.NewService(stack, "Two", web.Workload{Image: adapted()}, hosting)
	})
}

func TestMutualTLSKey(t *testing.T) {
	stack := newStack(t)
	err := (&web.ServiceProps{
		Workload: web.Workload{Image: adapted()}, Domain: &web.Domain{Name: "api.example.com", Zone: hostingtest.Zone(stack)},
		Hosting: lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{MutualTLS: &lambdaweb.MutualTLS{
			Bucket: awss3.NewBucket(stack, new("Bucket"), nil), Key: "s3://bucket/ca.pem",
		}}},
	}).Validate()
	if err == nil || !strings.Contains(err.Error(), "MutualTLS.Key must be the name of an object in Bucket") {
		t.Errorf("got %v", err)
	}
}
