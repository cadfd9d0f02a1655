package webalb

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscognito"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2actions"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// Login has the load balancer let in only clients who have logged in: it sends browsers to the
// identity provider, and keeps them logged in by a cookie. It needs HTTPS. The server finds out who
// it is by the header x-amzn-oidc-data, whose signature it should verify, as AWS describes it in
// "Authenticate users using an Application Load Balancer".
//
// The provider must know https://HOST/oauth2/idpresponse as a URL to call back, HOST being that of
// the service's URL. The load balancer must reach the provider over the internet, so an Internal
// one needs a NAT gateway. There can be no CDN above, which would show it another HOST than
// browsers see.
type Login struct {
	// OIDC is a provider of OpenID Connect. This or Cognito is required.
	OIDC *OIDC

	// Cognito is a user pool of Amazon Cognito.
	Cognito *Cognito

	// Scope is what the provider is asked for, with spaces between. Optional. Default: "openid".
	Scope string

	// SessionTimeout is how long a client stays logged in: whole seconds, 1 s to 7 days. Optional.
	// Default: 7 days.
	SessionTimeout time.Duration

	// SessionCookieName is the cookie's name, to which the load balancer appends -0, -1 and so on.
	// Services that share a login have the same. Optional. Default: "AWSELBAuthSessionCookie".
	SessionCookieName string

	// OnUnauthenticatedRequest is what happens to clients who have not logged in: they are asked to,
	// are refused with status 401 (awselasticloadbalancingv2.UnauthenticatedAction_DENY), or get
	// through without (…_ALLOW), so that the server decides.
	// Optional. Default: awselasticloadbalancingv2.UnauthenticatedAction_AUTHENTICATE.
	OnUnauthenticatedRequest awselasticloadbalancingv2.UnauthenticatedAction

	// AuthenticationRequestExtraParams are added to the query by which the provider is asked, 10 at
	// most. Optional.
	AuthenticationRequestExtraParams map[string]string
}

// OIDC is a provider of OpenID Connect. Its addresses are in the document at
// ISSUER/.well-known/openid-configuration. All fields are required.
type OIDC struct {
	// Issuer is the provider's URL, as it gives it itself.
	Issuer string

	// AuthorizationEndpoint, TokenEndpoint and UserInfoEndpoint are the provider's: URLs with https.
	AuthorizationEndpoint, TokenEndpoint, UserInfoEndpoint string

	// ClientID is by which the provider knows this client.
	ClientID string

	// ClientSecret is the client's password: awscdk.SecretValue_SecretsManager("name", nil), or
	// SecretValue of a secret. Its value is not in the template.
	ClientSecret awscdk.SecretValue
}

// Cognito is a user pool of Amazon Cognito. All fields are required.
type Cognito struct {
	// UserPool has the users.
	UserPool awscognito.IUserPool

	// UserPoolClient is by which the user pool knows this client. It has a secret (GenerateSecret)
	// and the flow AuthorizationCodeGrant.
	UserPoolClient awscognito.IUserPoolClient

	// UserPoolDomain has the pages where users log in.
	UserPoolDomain awscognito.IUserPoolDomain
}

// Limits of actions: Elastic Load Balancing API reference, AuthenticateOidcActionConfig.
const (
	maxSession     = 7 * 24 * time.Hour
	maxExtraParams = 10
)

var (
	sessionCookie = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 6265, token
	extraParam    = regexp.MustCompile(`^[a-zA-Z0-9]+$`)                // AWS::ElasticLoadBalancingV2::ListenerRule
)

// problems are those of a login. Their fields begin with field.
func (l *Login) problems(field string) []web.Problem {
	if l == nil {
		return nil
	}
	var problems []web.Problem
	report := func(name, message, fix string, got any) {
		problems = append(
			problems,
			web.Problem{Field: field + name, Message: message, Fix: fix, Got: got},
		)
	}
	switch {
	case l.OIDC == nil && l.Cognito == nil:
		report(".OIDC", "or Cognito is required", "set one to who knows the users", nil)
	case l.OIDC != nil && l.Cognito != nil:
		report(".OIDC", "excludes Cognito", "leave one of them out", nil)
	case l.OIDC != nil:
		l.OIDC.problems(report)
	default:
		l.Cognito.problems(report)
	}
	if t := l.SessionTimeout; t != 0 && (t < time.Second || t > maxSession || t%time.Second != 0) {
		report(".SessionTimeout", "must be whole seconds between 1s and 168h", "", t)
	}
	if name := l.SessionCookieName; name != "" && !sessionCookie.MatchString(name) {
		report(".SessionCookieName", "must consist of characters that a cookie's name may have", "", name)
	}
	actions := []awselasticloadbalancingv2.UnauthenticatedAction{
		"",
		awselasticloadbalancingv2.UnauthenticatedAction_AUTHENTICATE,
		awselasticloadbalancingv2.UnauthenticatedAction_DENY,
		awselasticloadbalancingv2.UnauthenticatedAction_ALLOW,
	}
	if !slices.Contains(actions, l.OnUnauthenticatedRequest) {
		report(".OnUnauthenticatedRequest", "must be one of awselasticloadbalancingv2.UnauthenticatedAction_"+
			"AUTHENTICATE, …_DENY and …_ALLOW", "", string(l.OnUnauthenticatedRequest))
	}
	if n := len(l.AuthenticationRequestExtraParams); n > maxExtraParams {
		report(".AuthenticationRequestExtraParams", fmt.Sprintf("must be %d at most", maxExtraParams), "", n)
	}
	for _, name := range slices.Sorted(maps.Keys(l.AuthenticationRequestExtraParams)) {
		if !extraParam.MatchString(name) {
			report(fmt.Sprintf(".AuthenticationRequestExtraParams[%q]", name),
				"must have a name of letters and digits", "", nil)
		}
	}
	return problems
}

func (o *OIDC) problems(report func(name, message, fix string, got any)) {
	for _, endpoint := range []struct{ name, url string }{
		{"Issuer", o.Issuer},
		{"AuthorizationEndpoint", o.AuthorizationEndpoint},
		{"TokenEndpoint", o.TokenEndpoint},
		{"UserInfoEndpoint", o.UserInfoEndpoint},
	} {
		switch {
		case endpoint.url == "":
			report(".OIDC."+endpoint.name, "is required",
				"see ISSUER/.well-known/openid-configuration of the provider", nil)
		case !token.In(endpoint.url) && !strings.HasPrefix(endpoint.url, "https://"):
			report(".OIDC."+endpoint.name, "must be a URL with https", "", endpoint.url)
		}
	}
	if o.ClientID == "" {
		report(".OIDC.ClientID", "is required", "the provider gives it when you register a client", nil)
	}
	const fix = `put it into AWS Secrets Manager and write awscdk.SecretValue_SecretsManager(new("name"), nil)`
	switch {
	case o.ClientSecret == nil:
		report(".OIDC.ClientSecret", "is required", fix, nil)
	case isLiteral(o.ClientSecret):
		report(".OIDC.ClientSecret", "must be a reference to a secret, because everybody can read "+
			"the template", fix, nil)
	}
}

// isLiteral reports whether the template would have the value of a secret.
func isLiteral(secret awscdk.SecretValue) bool {
	text := *secret.UnsafeUnwrap()
	return !token.In(text) && !strings.Contains(text, "{{resolve:")
}

func (c *Cognito) problems(report func(name, message, fix string, got any)) {
	for _, part := range []struct {
		name    string
		missing bool
	}{
		{"UserPool", c.UserPool == nil},
		{"UserPoolClient", c.UserPoolClient == nil},
		{"UserPoolDomain", c.UserPoolDomain == nil},
	} {
		if part.missing {
			report(".Cognito."+part.name, "is required", "", nil)
		}
	}
	if c.UserPoolClient == nil {
		return
	}
	made, ok := c.UserPoolClient.Node().DefaultChild().(awscognito.CfnUserPoolClient)
	if ok && made.GenerateSecret() != true {
		report(".Cognito.UserPoolClient", "must have a secret, by which the load balancer is known",
			"make it with GenerateSecret", nil)
	}
}

// action is what a rule does: next, for clients that have logged in.
func (l *Login) action(
	next awselasticloadbalancingv2.ListenerAction,
) awselasticloadbalancingv2.ListenerAction {
	if l == nil {
		return next
	}
	var timeout awscdk.Duration
	if l.SessionTimeout != 0 {
		timeout = awscdk.Duration_Seconds(new(l.SessionTimeout.Seconds()))
	}
	var params *map[string]*string
	if len(l.AuthenticationRequestExtraParams) > 0 {
		all := map[string]*string{}
		for name, value := range l.AuthenticationRequestExtraParams {
			all[name] = &value
		}
		params = &all
	}
	if l.Cognito != nil {
		return awselasticloadbalancingv2actions.NewAuthenticateCognitoAction(
			&awselasticloadbalancingv2actions.AuthenticateCognitoActionProps{
				UserPool:                         l.Cognito.UserPool,
				UserPoolClient:                   l.Cognito.UserPoolClient,
				UserPoolDomain:                   l.Cognito.UserPoolDomain,
				Scope:                            cdk.String(l.Scope),
				SessionTimeout:                   timeout,
				SessionCookieName:                cdk.String(l.SessionCookieName),
				OnUnauthenticatedRequest:         l.OnUnauthenticatedRequest,
				AuthenticationRequestExtraParams: params,
				Next:                             next,
			},
		)
	}
	return awselasticloadbalancingv2.ListenerAction_AuthenticateOidc(
		&awselasticloadbalancingv2.AuthenticateOidcOptions{
			Issuer:                           &l.OIDC.Issuer,
			AuthorizationEndpoint:            &l.OIDC.AuthorizationEndpoint,
			TokenEndpoint:                    &l.OIDC.TokenEndpoint,
			UserInfoEndpoint:                 &l.OIDC.UserInfoEndpoint,
			ClientId:                         &l.OIDC.ClientID,
			ClientSecret:                     l.OIDC.ClientSecret,
			Scope:                            cdk.String(l.Scope),
			SessionTimeout:                   timeout,
			SessionCookieName:                cdk.String(l.SessionCookieName),
			OnUnauthenticatedRequest:         l.OnUnauthenticatedRequest,
			AuthenticationRequestExtraParams: params,
			Next:                             next,
		},
	)
}
