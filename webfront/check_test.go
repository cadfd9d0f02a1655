package webfront_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/lambdaweb"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webfront"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

func prefixes(all ...string) []netip.Prefix {
	var list []netip.Prefix
	for _, text := range all {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

// problemsOf is what NewFront says.
func problemsOf(t *testing.T, stack awscdk.Stack, props *webfront.FrontProps) (text string) {
	t.Helper()
	before := len(*stack.Node().FindAll(constructs.ConstructOrder_PREORDER))
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); ok {
			text = invalid.Error()
			if after := len(*stack.Node().FindAll(constructs.ConstructOrder_PREORDER)); after != before {
				t.Errorf("the tree has %d constructs, had %d before the error", after, before)
			}
			said := map[string]bool{}
			for _, problem := range invalid.Problems {
				if said[problem.Error()] {
					t.Errorf("said twice: %s", problem.Error())
				}
				said[problem.Error()] = true
				if line := problem.Error(); strings.HasSuffix(line, ".") || strings.Contains(line, "\n") {
					t.Errorf("not one sentence: %q", line)
				}
			}
			if _, ok := errors.AsType[web.Problem](invalid); !ok {
				t.Error("it holds no problem")
			}
		}
	}()
	webfront.NewFront(stack, "Front", props)
	return ""
}

func TestProblems(t *testing.T) {
	for name, test := range map[string]struct {
		props func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps
		want  []string
	}{
		"nothing": {
			func(awscdk.Stack, *web.Service) *webfront.FrontProps { return nil },
			[]string{"Service is required; set it to what web.NewService returned"},
		},
		"a nil service": {
			func(awscdk.Stack, *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: (*web.Service)(nil)}
			},
			[]string{"Service is required"},
		},
		"signed requests": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: service(stack, "Signed", lambdaweb.Hosting{
					Endpoint: lambdaweb.FunctionURL{AuthType: awslambda.FunctionUrlAuthType_AWS_IAM},
				})}
			},
			[]string{"Service must not be Shop/Signed, which takes only signed requests"},
		},
		"no endpoint": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: service(stack, "Jobs", lambdaweb.Hosting{Endpoint: lambdaweb.NoEndpoint{}})}
			},
			[]string{"Service must not be Shop/Jobs, whose URL is not there"},
		},
		"internal": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				internal := webalb.NewLoadBalancer(stack, "Internal", &webalb.LoadBalancerProps{
					VPC: awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)}), Internal: true,
				})
				return &webfront.FrontProps{Service: service(stack, "Inside", fargateweb.Hosting{LoadBalancer: internal})}
			},
			[]string{"Service must not be Shop/Inside, which only a VPC reaches, while the front is on the internet"},
		},
		"another stack": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				other := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Other"), target)
				return &webfront.FrontProps{Service: service(other, "Site", lambdaweb.Hosting{})}
			},
			[]string{"Service must not be Other/Site of stack Other, while the front is in Shop"},
		},
		"addresses of the service": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: web.NewService(stack, "Next", &web.ServiceProps{
					Workload: workload(), Hosting: fargateweb.Hosting{}, AllowFrom: prefixes("192.0.2.0/24"),
				})}
			},
			[]string{"Service must not be Shop/Next with AllowFrom", "set AllowFrom of the front instead"},
		},
		"the same domain twice": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				domain := &web.Domain{Name: "shop.example.com", Zone: zone(stack)}
				return &webfront.FrontProps{
					Service: web.NewService(stack, "Next", &web.ServiceProps{Workload: workload(), Hosting: fargateweb.Hosting{}, Domain: domain}),
					Domain:  domain,
				}
			},
			[]string{"whose Domain is the front's too: shop.example.com; leave the Domain of the service out, or name it origin.shop.example.com"},
		},
		"used before": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				service(stack, "Other", fargateweb.Hosting{}).UseService("SITE_URL", site)
				return &webfront.FrontProps{Service: site}
			},
			[]string{"whose own URL Shop/Other got by UseService already", "make the front before UseService is called"},
		},
		"a slow service": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				w := workload()
				w.Needs.RequestTimeout = 10 * time.Minute
				return &webfront.FrontProps{Service: web.NewService(stack, "Slow", &web.ServiceProps{
					Workload: w, Hosting: lambdaweb.Hosting{Timeout: 15 * time.Minute, Endpoint: lambdaweb.FunctionURL{}},
				})}
			},
			[]string{"whose Workload.Needs.RequestTimeout is 10m0s: the front waits 2m0s for a byte"},
		},
		"a move to itself": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, Move: &webfront.Move{To: site, Percent: 101}}
			},
			[]string{"Move.To must be another service than Service", "Move.Percent must be between 0 and 100, got 101"},
		},
		"a move to nothing": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, Move: &webfront.Move{}}
			},
			[]string{"Move.To is required"},
		},
		"web ACLs": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, WebACL: "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2"}
			},
			[]string{"WebACL must be a web ACL for CloudFront, in us-east-1"},
		},
		"static paths": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, Static: []webfront.Static{
					{Path: "assets/*"}, {Path: "/*"}, {}, {Path: "/a b"}, {Path: "/a/*", MaxAge: time.Millisecond}, {Path: "/a/*"},
					{Path: "/a/b/*"}, {Path: "*"}, {Path: "/x/{proxy+}"}, {Path: "/y", MaxAge: -1}, {Path: "/z", MaxAge: 3600},
				}}
			},
			[]string{
				`Static[0].Path must begin with a slash, got "assets/*"; write "/assets/*"`, "Static[1].Path must leave something that is not static",
				"Static[2].Path is required", "Static[3].Path must be a path of up to", "Static[4].MaxAge must be whole seconds", "Static[5].Path is there twice",
				"Static[6].Path comes after /a/*, which takes its requests", "Static[7].Path must leave something",
				"Static[8].Path must be a pattern with * and ?", "Static[9].MaxAge must be whole seconds", "write 3600 * time.Second",
			},
		},
		"a bucket of another stack": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				other := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Other"), target)
				return &webfront.FrontProps{Service: site, Static: []webfront.Static{
					{Path: "/img/*", Bucket: awss3.NewBucket(other, new("Files"), nil)},
				}}
			},
			[]string{"Shop/Front: Static[0].Bucket must not be Other/Files of another stack"},
		},
		"no room for the URL": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				w := workload()
				w.Image = webimage.URI("123456789012.dkr.ecr.eu-west-1.amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.OwnAdapter})
				w.Environment = map[string]string{"TEXT": strings.Repeat("x", 4000)}
				return &webfront.FrontProps{
					Service: web.NewService(stack, "Full", &web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}}),
					Domain:  &web.Domain{Name: strings.Repeat("x", 40) + ".example.com", Zone: zone(stack)},
				}
			},
			[]string{"Service must leave room for the front's URL in PUBLIC_URL: its variables must not have more than 4096 bytes"},
		},
		"addresses": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, AllowFrom: []netip.Prefix{{}}}
			},
			[]string{"AllowFrom[0] must be a valid prefix"},
		},
		"no address": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, AllowFrom: []netip.Prefix{}}
			},
			[]string{"AllowFrom must not be empty"},
		},
		"too many addresses": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				var many []string
				for i := range 1000 {
					many = append(many, fmt.Sprintf("10.%d.%d.0/24", i/250, i%250))
				}
				return &webfront.FrontProps{Service: site, AllowFrom: prefixes(many...)}
			},
			[]string{"AllowFrom must be fewer: CloudFront takes a function of 10240 bytes", "IP set"},
		},
		"an imported service of the same name": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{
					Service: web.FromServiceAttributes(stack, "Old", &web.ServiceAttributes{URL: "https://shop.example.com"}),
					Domain:  &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
				}
			},
			[]string{"Service must not be Shop/Old, whose URL has the front's own Domain, shop.example.com: the front would ask itself"},
		},
		"an imported service by address": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: web.FromServiceAttributes(stack, "Old", &web.ServiceAttributes{URL: "http://192.0.2.7:8080"})}
			},
			[]string{"Service must not be Shop/Old, whose URL http://192.0.2.7:8080 has an address: a front reaches names"},
		},
		"an imported service that takes signed requests": {
			func(stack awscdk.Stack, _ *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: web.FromServiceAttributes(stack, "Old", &web.ServiceAttributes{
					URL: "https://abc.lambda-url.eu-west-1.on.aws", FunctionARN: "arn:aws:lambda:eu-west-1:123456789012:function:old",
				})}
			},
			[]string{"import it without FunctionARN and APIARN if it takes all"},
		},
		"the domain of another service": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				domain := &web.Domain{Name: "shop.example.com", Zone: zone(stack)}
				web.NewService(stack, "Other", &web.ServiceProps{Workload: workload(), Hosting: fargateweb.Hosting{}, Domain: domain})
				return &webfront.FrontProps{Service: site, Domain: domain}
			},
			[]string{`Domain.Name is the domain of Shop/Other already, got "shop.example.com"`},
		},
		"the domain of another front": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				domain := &web.Domain{Name: "shop.example.com", Zone: zone(stack)}
				webfront.NewFront(stack, "First", &webfront.FrontProps{Service: site, Domain: domain})
				return &webfront.FrontProps{Service: service(stack, "Other", lambdaweb.Hosting{}), Domain: domain}
			},
			[]string{`Domain.Name is the domain of Shop/First already`},
		},
		"a private zone": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				private := awsroute53.NewPrivateHostedZone(stack, new("Private"), &awsroute53.PrivateHostedZoneProps{
					ZoneName: new("corp.internal"), Vpc: awsec2.NewVpc(stack, new("VPC"), &awsec2.VpcProps{RestrictDefaultSecurityGroup: new(false)}),
				})
				return &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.corp.internal", Zone: private}}
			},
			[]string{"Domain.Zone is private, where AWS validates no certificate"},
		},
		"a name of a web ACL": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, WebACL: "shop-acl"}
			},
			[]string{"arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/"},
		},
		"logs": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, AccessLogsBucket: awss3.NewBucket(stack, new("Logs"), nil), AccessLogsPrefix: "/x"}
			},
			[]string{"AccessLogsBucket must take ACLs", "AccessLogsPrefix must not begin with a slash"},
		},
		"a prefix alone": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, AccessLogsPrefix: "x", SecurityPolicy: "TLS_V1_2_2021", SecretGeneration: -1}
			},
			[]string{"AccessLogsPrefix needs AccessLogsBucket", "SecurityPolicy needs Domain", "SecretGeneration must be at least 1, got -1"},
		},
		"no certificate": {
			func(_ awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "https://shop.example.com"}}
			},
			[]string{"Domain.Name must be a host name", "leave the scheme and the path out", "Domain.Zone or Certificate is required"},
		},
		"a certificate of another region": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				certificate := awscertificatemanager.NewCertificate(stack, new("Certificate"), &awscertificatemanager.CertificateProps{DomainName: new("shop.example.com")})
				return &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.example.com", Certificate: certificate}}
			},
			[]string{"Domain.Certificate must be in us-east-1", `got "eu-west-1"`},
		},
		"a zone of the stack": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				own := awsroute53.NewPublicHostedZone(stack, new("Own"), &awsroute53.PublicHostedZoneProps{ZoneName: new("example.com")})
				return &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.example.com", Zone: own}}
			},
			[]string{"Domain.Zone must be one that is there already"},
		},
		"another zone": {
			func(stack awscdk.Stack, site *web.Service) *webfront.FrontProps {
				return &webfront.FrontProps{Service: site, Domain: &web.Domain{Name: "shop.example.org", Zone: zone(stack)}}
			},
			[]string{`Domain.Zone must be the one that Name belongs to, shop.example.org, got "example.com"`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			stack := newStack(t)
			text := problemsOf(t, stack, test.props(stack, service(stack, "Site", lambdaweb.Hosting{})))
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("got %q, want %q", text, want)
				}
			}
		})
	}
}

// A stack that leaves its region open cannot say where the certificate is to be made.
func TestOpenRegion(t *testing.T) {
	stack := awscdk.NewStack(webtest.NewApp(t), new("Shop"), nil)
	props := &webfront.FrontProps{
		Service: service(stack, "Site", lambdaweb.Hosting{}),
		Domain:  &web.Domain{Name: "shop.example.com", Zone: zone(stack)},
	}
	if text := problemsOf(t, stack, props); !strings.Contains(text, "Domain.Certificate is required: CloudFront takes certificates of us-east-1 only") {
		t.Errorf("got %q", text)
	}
}

func TestScope(t *testing.T) {
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); !ok || !strings.Contains(invalid.Error(), "scope must be a stack") {
			t.Errorf("got %v", invalid)
		}
	}()
	webfront.NewFront(nil, "Front", nil)
}

// Two fronts above one service share its secrets.
func TestTwoFronts(t *testing.T) {
	stack := newStack(t)
	site := service(stack, "Site", lambdaweb.Hosting{})
	webfront.NewFront(stack, "One", &webfront.FrontProps{Service: site})
	webfront.NewFront(stack, "Two", &webfront.FrontProps{Service: site})
	defer func() {
		if invalid, ok := recover().(*web.InvalidPropsError); !ok || !strings.Contains(invalid.Error(), "whose SecretGeneration is 1 for the front Shop/One already, and here 2") {
			t.Errorf("got %v", invalid)
		}
	}()
	webfront.NewFront(stack, "Three", &webfront.FrontProps{Service: site, SecretGeneration: 2})
}

// A distribution without a domain waits for all services that it stands above, so none of them may
// wait for what uses it.
func TestCircleThroughAMove(t *testing.T) {
	for _, domain := range []bool{false, true} {
		stack := newStack(t)
		site, next := service(stack, "Site", lambdaweb.Hosting{}), service(stack, "Next", fargateweb.Hosting{})
		caller := service(stack, "Caller", lambdaweb.Hosting{Endpoint: lambdaweb.FunctionURL{}})
		props := &webfront.FrontProps{Service: site, Move: &webfront.Move{To: next}}
		if domain {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: zone(stack)}
		}
		webfront.NewFront(stack, "Front", props)
		caller.UseService("SITE_URL", site)
		var text string
		func() {
			defer func() {
				if invalid, ok := recover().(*web.InvalidPropsError); ok {
					text = invalid.Error()
				}
			}()
			next.UseService("CALLER_URL", caller)
		}()
		if got := strings.Contains(text, "each would have to be made before the other"); got == domain {
			t.Errorf("with a domain: %v, got %q", domain, text)
		}
		if !domain && !strings.Contains(text, "give the front a Domain") {
			t.Errorf("got %q, want what to do", text)
		}
	}
}

// Each move has its own store, so that the percentage of the last one does not count.
func TestStoreOfEachMove(t *testing.T) {
	stores := map[string]bool{}
	for _, to := range []string{"Next", "Third"} {
		stack := newStack(t)
		front := webfront.NewFront(stack, "Front", &webfront.FrontProps{
			Service: service(stack, "Site", lambdaweb.Hosting{}),
			Move:    &webfront.Move{To: service(stack, to, lambdaweb.Hosting{})},
		})
		stores[*front.KeyValueStore.Node().Id()] = true
	}
	if len(stores) != 2 {
		t.Errorf("got stores %v, want one for each move", stores)
	}
}

// The stack in us-east-1 belongs to the stack of its region.
func TestStackOfTheRegion(t *testing.T) {
	app := webtest.NewApp(t)
	names := map[string]bool{}
	for _, region := range []string{"eu-west-1", "eu-central-1"} {
		stack := awscdk.NewStack(app, new("Shop"+region), &awscdk.StackProps{
			Env: &awscdk.Environment{Account: new("123456789012"), Region: &region}, StackName: new("shop"),
			TerminationProtection: new(true),
		})
		w := workload()
		w.Image = webimage.URI("123456789012.dkr.ecr."+region+".amazonaws.com/site:1.4", &webimage.ExistingOptions{Adapter: webimage.WithAdapter})
		for _, id := range []string{"X-Y", "X"} {
			scope := constructs.Construct(stack)
			if id == "X" {
				scope = constructs.NewConstruct(stack, new("X"))
				id = "Y"
			}
			site := web.NewService(scope, "Site"+id, &web.ServiceProps{Workload: w, Hosting: lambdaweb.Hosting{}})
			front := webfront.NewFront(scope, id, &webfront.FrontProps{
				Service: site, Domain: &web.Domain{Name: strings.ToLower(id) + region + ".example.com", Zone: zoneIn(scope)},
			})
			global := awscdk.Stack_Of(front.Certificate)
			names[*global.StackName()] = true
			if !*global.TerminationProtection() {
				t.Error("the stack is not protected")
			}
		}
	}
	if len(names) != 2 || !names["shop-eu-west-1-front"] {
		t.Errorf("got stacks %v, want one for each region", names)
	}
}
