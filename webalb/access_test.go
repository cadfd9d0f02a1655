package webalb_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsroute53"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/web/hostingtest"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webtest"
)

// complete is what the load balancer fills in for a rule.
func complete(front *webalb.LoadBalancer, rule awselasticloadbalancingv2.ApplicationListenerRule) web.Made {
	var made web.Made
	front.Complete(&made, &web.Definition{}, rule)
	return made
}

// A rule that verifies has its own conditions and that of the header, and the same priority.
func TestVerifier(t *testing.T) {
	for _, test := range []struct {
		rule   webalb.Rule
		method string // of a condition that the user adds
		most   int    // values of the header
		want   string
	}{
		{rule: webalb.Rule{}, most: 4, want: `[{"Field":"path-pattern","PathPatternConfig":{"Values":["/*"]}},%s]`},
		{rule: webalb.Rule{Hosts: []string{"a.io"}, Paths: []string{"/a", "/b"}}, most: 2,
			want: `[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io"]}},{"Field":"path-pattern","PathPatternConfig":{"Values":["/a","/b"]}},%s]`},
		{rule: webalb.Rule{Hosts: []string{"a.io"}}, method: "GET", most: 3,
			want: `[{"Field":"host-header","HostHeaderConfig":{"Values":["a.io"]}},{"Field":"http-request-method","HttpRequestMethodConfig":{"Values":["GET"]}},%s]`},
	} {
		t.Run(test.rule.String(), func(t *testing.T) {
			priorities := map[any]bool{}
			for _, verified := range []bool{false, true} {
				stack := newStack(t)
				front := webalb.NewLoadBalancer(stack, "Front", nil)
				rule := front.Forward(stack, "Rule", test.rule, newGroup(stack, front.VPC))
				if test.method != "" {
					rule.AddCondition(awselasticloadbalancingv2.ListenerCondition_HttpRequestMethods(&[]*string{&test.method}))
				}
				if verified {
					verifier := complete(front, rule).Verify
					if problem := verifier.Check(test.most); problem != nil {
						t.Errorf("got %v for %d values", problem, test.most)
					}
					problem := verifier.Check(test.most + 1)
					want := fmt.Sprintf(" must leave %d of the 5 values of its load balancer's rule to the secrets of the front, "+
						"got %d of Hosts, Paths and other conditions; use patterns, or fewer Hosts and Paths", test.most+1, 5-test.most)
					if problem == nil || problem.Error() != want {
						t.Errorf("got %v, want %q", problem, want)
					}
					verifier.Require(adapter.FrontHeader, []string{"one", "two"})
				}
				template := templatetest.Of(t, stack)
				priorities[template.Get(ruleKind, "Priority")] = true
				if !verified {
					continue
				}
				header := fmt.Sprintf(`{"Field":"http-header","HttpHeaderConfig":{"HttpHeaderName":%q,"Values":["one","two"]}}`, adapter.FrontHeader)
				if got, want := templatetest.JSON(t, template.Get(ruleKind, "Conditions")), fmt.Sprintf(test.want, header); got != want {
					t.Errorf("got conditions %s, want %s", got, want)
				}
			}
			if len(priorities) != 1 {
				t.Errorf("got priorities %v, want one, with the header and without", priorities)
			}
		})
	}
}

const (
	acl             = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/a1b2c3d4-5678-90ab-cdef-1234567890ab"
	associationKind = "AWS::WAFv2::WebACLAssociation"
)

func TestWebACL(t *testing.T) {
	stack := newStackIn(webtest.NewApp(t), "Stack", "123456789012", "eu-west-1")
	webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{WebACL: acl})
	template := templatetest.Of(t, stack)
	template.Want(associationKind, "WebACLArn", `"`+acl+`"`)
	template.Want(associationKind, "ResourceArn", `{"Ref":"`+template.IDs(kind)[0]+`"}`)

	stack = newStackIn(webtest.NewApp(t), "Stack", "123456789012", "eu-central-1")
	for arn, want := range map[string]string{
		acl: `WebACL must be in eu-central-1, the region of the service, got "eu-west-1"; make one there`,
		strings.Replace(acl, "regional", "global", 1): "WebACL must be a regional web ACL, not one for CloudFront, got " + fmt.Sprintf("%q", strings.Replace(acl, "regional", "global", 1)) +
			`; make it with Scope: new("REGIONAL") in the region of the service`,
	} {
		wantProblems(t, stack, func() { webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{WebACL: arn}) }, want)
	}
}

// oidc is a provider that has everything.
func oidc() *webalb.OIDC {
	return &webalb.OIDC{
		Issuer: "https://id.example.com", AuthorizationEndpoint: "https://id.example.com/authorize",
		TokenEndpoint: "https://id.example.com/token", UserInfoEndpoint: "https://id.example.com/userinfo",
		ClientID: "shop", ClientSecret: awscdk.SecretValue_SecretsManager(new("shop/login"), nil),
	}
}

// pool is a user pool with a client.
func pool(stack awscdk.Stack, secret bool) *webalb.Cognito {
	users := awscognito.NewUserPool(stack, new("Users"), nil)
	return &webalb.Cognito{
		UserPool:       users,
		UserPoolClient: users.AddClient(new("Client"), &awscognito.UserPoolClientOptions{GenerateSecret: &secret}),
		UserPoolDomain: users.AddDomain(new("Domain"), &awscognito.UserPoolDomainOptions{
			CognitoDomain: &awscognito.CognitoDomainOptions{DomainPrefix: new("shop")},
		}),
	}
}

func TestLogin(t *testing.T) {
	const action = "Actions.0.AuthenticateOidcConfig"
	for _, test := range []struct {
		name  string
		login func(stack awscdk.Stack) *webalb.Login
		want  map[string]string
	}{
		{"OIDC", func(awscdk.Stack) *webalb.Login { return &webalb.Login{OIDC: oidc()} }, map[string]string{
			action + ".ClientSecret": `"{{resolve:secretsmanager:shop/login:SecretString:::}}"`, action + ".Scope": "null",
			action + ".SessionTimeout": "null", action + ".OnUnauthenticatedRequest": "null", "Actions.1.Type": `"forward"`,
		}},
		{"every option", func(awscdk.Stack) *webalb.Login {
			return &webalb.Login{
				OIDC: oidc(), Scope: "openid email", SessionTimeout: time.Hour, SessionCookieName: "shop",
				OnUnauthenticatedRequest:         awselasticloadbalancingv2.UnauthenticatedAction_DENY,
				AuthenticationRequestExtraParams: map[string]string{"prompt": "login"},
			}
		}, map[string]string{
			action + ".Scope": `"openid email"`, action + ".SessionTimeout": "3600", action + ".SessionCookieName": `"shop"`,
			action + ".OnUnauthenticatedRequest": `"deny"`, action + ".AuthenticationRequestExtraParams": `{"prompt":"login"}`,
		}},
		{"Cognito", func(stack awscdk.Stack) *webalb.Login { return &webalb.Login{Cognito: pool(stack, true)} }, map[string]string{
			"Actions.0.Type": `"authenticate-cognito"`, "Actions.1.Type": `"forward"`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			stack := newStack(t)
			front := webalb.NewLoadBalancer(stack, "Front", &webalb.LoadBalancerProps{
				Certificates: certificates(stack, "one"), DomainName: "shop.example.com",
			})
			rule := front.Forward(stack, "Rule", webalb.Rule{Login: test.login(stack)}, newGroup(stack, front.VPC))
			made := complete(front, rule)
			if problem := made.Verify.Check(2); problem == nil || !strings.HasPrefix(problem.Message, "must not have a Login: ") {
				t.Errorf("got problem %v below a front, want one about the login", problem)
			}
			if made.Reach.Closed == "" {
				t.Error("other services can call what people log in to")
			}
			template := templatetest.Of(t, stack)
			for path, want := range test.want {
				template.Want(ruleKind, path, want)
			}
		})
	}
}

func TestLoginErrors(t *testing.T) {
	stack := newStack(t)
	secure := webalb.NewLoadBalancer(stack, "Secure", &webalb.LoadBalancerProps{
		Certificates: certificates(stack, "one"), DomainName: "shop.example.com",
	})
	literal := oidc()
	literal.ClientSecret = awscdk.SecretValue_UnsafePlainText(new("letmein"))
	plain := oidc()
	plain.TokenEndpoint = "http://id.example.com/token"
	params := map[string]string{"a-b": ""}
	for _, test := range []struct {
		name  string
		login webalb.Login
		want  []string
	}{
		{"nothing", webalb.Login{}, []string{"Hosting.Login.OIDC or Cognito is required; set one to who knows the users"}},
		{"both", webalb.Login{OIDC: oidc(), Cognito: &webalb.Cognito{}}, []string{"Hosting.Login.OIDC excludes Cognito; leave one of them out"}},
		{"a literal secret", webalb.Login{OIDC: literal}, []string{"Hosting.Login.OIDC.ClientSecret must be a reference to a secret, because everybody can read the template; " +
			`put it into AWS Secrets Manager and write awscdk.SecretValue_SecretsManager(new("name"), nil)`}},
		{"no HTTPS", webalb.Login{OIDC: plain}, []string{`Hosting.Login.OIDC.TokenEndpoint must be a URL with https, got "http://id.example.com/token"`}},
		{"no client", webalb.Login{Cognito: pool(stack, false)}, []string{
			"Hosting.Login.Cognito.UserPoolClient must have a secret, by which the load balancer is known; make it with GenerateSecret"}},
		{"options", webalb.Login{OIDC: oidc(), SessionTimeout: 8 * 24 * time.Hour, SessionCookieName: "a b", OnUnauthenticatedRequest: "maybe",
			AuthenticationRequestExtraParams: params}, []string{
			"Hosting.Login.SessionTimeout must be whole seconds between 1s and 168h, got 192h0m0s",
			`Hosting.Login.SessionCookieName must consist of characters that a cookie's name may have, got "a b"`,
			`Hosting.Login.OnUnauthenticatedRequest must be one of awselasticloadbalancingv2.UnauthenticatedAction_AUTHENTICATE, …_DENY and …_ALLOW, got "maybe"`,
			`Hosting.Login.AuthenticationRequestExtraParams["a-b"] must have a name of letters and digits`,
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			hostingtest.WantProblems(t, *props(secure, webalb.Rule{Login: &test.login}), test.want...)
		})
	}
	open := webalb.NewLoadBalancer(stack, "Open", nil)
	group := newGroup(stack, open.VPC)
	wantProblems(t, stack, func() {
		open.Forward(stack, "Rule", webalb.Rule{Login: &webalb.Login{OIDC: oidc()}}, group)
	}, "Login needs HTTPS, and the load balancer has no certificate; pass it Certificates")
}

// Of somebody else's listener little is known.
func TestListenerAccess(t *testing.T) {
	stack := newStack(t)
	open, inside := somebodyElses(stack, "Open", false), somebodyElses(stack, "Inside", true)
	if reach := inside.Reach(); reach.VPC == nil || reach.Connections == nil {
		t.Errorf("got reach %+v of an internal load balancer, want the VPC and its security groups", reach)
	}
	for _, test := range []struct {
		name     string
		balancer *webalb.LoadBalancer
		set      func(props *web.ServiceProps)
		want     []string
	}{
		{"private", open, func(props *web.ServiceProps) { props.Private = true }, []string{
			"Private needs an internal load balancer, and it is not known whether Stack/Open is; set Internal of webalb.ListenerProps if only the VPC reaches it"}},
		{"private and known to be", inside, func(props *web.ServiceProps) { props.Private = true }, nil},
		{"records", open, func(props *web.ServiceProps) {
			props.Domain = &web.Domain{Name: "shop.example.com", Zone: awsroute53.HostedZone_FromHostedZoneId(stack, new("Zone"), new("Z0123456789ABCDEFGHIJ"))}
		}, []string{"Domain.Zone must not be set: records lead to a load balancer, and of Stack/Open only the listener is known; " +
			"pass a Certificate, and make the records yourself"}},
		{"addresses", open, func(props *web.ServiceProps) {
			props.AllowFrom = []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			all := props(test.balancer, webalb.Rule{})
			all.Hosting = frontable{all.Hosting.(hosting)}
			test.set(all)
			hostingtest.WantProblems(t, *all, test.want...)
		})
	}
}

// frontable is a hosting whose platform can have all that a load balancer has.
type frontable struct{ hosting }

func (h frontable) Platform() *platform.Platform {
	p := *h.hosting.Platform()
	p.Domain, p.Private, p.WebACL, p.AllowFrom = platform.Fargate.Domain, platform.Fargate.Private, platform.Fargate.WebACL, platform.Fargate.AllowFrom
	return &p
}

func somebodyElses(stack awscdk.Stack, id string, internal bool) *webalb.LoadBalancer {
	group := awsec2.SecurityGroup_FromSecurityGroupId(stack, new(id+"Group"), new("sg-0123456789abcdef0"), nil)
	listener := awselasticloadbalancingv2.ApplicationListener_FromApplicationListenerAttributes(stack, new(id+"Listener"),
		&awselasticloadbalancingv2.ApplicationListenerAttributes{
			ListenerArn:   new("arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/" + id + "/0123456789abcdef/0123456789abcdef"),
			SecurityGroup: group, DefaultPort: new(443.0),
		})
	vpc := awsec2.Vpc_FromVpcAttributes(stack, new(id+"VPC"), &awsec2.VpcAttributes{
		VpcId: new("vpc-0123456789abcdef0"), AvailabilityZones: &[]*string{new("eu-west-1a")},
	})
	return webalb.FromListener(stack, id, &webalb.ListenerProps{
		Listener: listener, VPC: vpc, URL: "https://shop.example.com", Internal: internal,
	})
}
