package integ

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"
)

// loginName is where those log in who may call the service Login.
const loginName = "login.domains.example.com"

// TestDomains deploys services with domains of their own, and services that let only some clients
// in.
func TestDomains(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	e := l.emulator
	issuer, err := newIssuer()
	if err != nil {
		t.Fatal(err)
	}
	e.edge.login = issuer
	var d *deployment
	var names map[string]string
	do(t, "cdk deploy", func() (string, error) {
		var err error
		if d, err = l.part("domains", "Domains"); err == nil {
			err = d.deployAndWait()
		}
		if err == nil {
			names, err = d.physical()
		}
		return fmt.Sprintf("%d resources", len(names)), err
	})
	for _, domain := range []struct {
		id, host string
		leads    func(name string) (string, error) // to what a record must lead
		proto    string
	}{
		{"HTTPAPI", "api", e.regionalName, "https"},
		{"RESTAPI", "rest", e.regionalName, "https"},
		{"Fargate", "balanced", func(string) (string, error) { return e.balancerName(names) }, "https"},
	} {
		name := domain.host + ".domains.example.com"
		s := newSite("https://"+name, e.edge.from(viewer))
		for _, c := range mirrorChecks[1:] { // the first is about a CDN's headers
			try(t, domain.id+", by its domain: "+c.name, func() (string, error) { return "", c.run(s) })
		}
		try(t, domain.id+": the domain", func() (string, error) {
			if got, want := d.outputs[domain.id+"URL"], "https://"+name; got != want {
				return "", fmt.Errorf("the URL is %s, want %s", got, want)
			}
			want, err := domain.leads(name)
			if err != nil {
				return "", err
			}
			got, err := e.record(name, "A")
			if err == nil && got != want {
				err = fmt.Errorf("the record leads to %s, want %s", got, want)
			}
			if err != nil {
				return "", err
			}
			seen, err := s.mirrored("/request?a=b", nil)
			if err != nil {
				return "", err
			}
			proto := seen.Header.Get("X-Forwarded-Proto")
			if seen.Host != name || seen.URL != "/request?a=b" || seen.PublicURL != "https://"+name || proto != "https" {
				return "", fmt.Errorf("the server saw %s of %s by %s, and its PUBLIC_URL is %q", seen.URL, seen.Host, proto, seen.PublicURL)
			}
			return name + " leads to " + got, nil
		})
	}
	try(t, "Fargate: HTTP leads to HTTPS", func() (string, error) {
		dns, err := e.record("balanced.domains.example.com", "A")
		if err != nil {
			return "", err
		}
		s := newSite("http://"+emulatorAddress+"/_alb/"+balancerOf(dns), nil)
		s.host = "balanced.domains.example.com"
		a, err := s.get("/mode?a=b")
		if err := want(a, err, 301, ""); err != nil {
			return "", err
		}
		if got := a.header.Get("Location"); got != "https://balanced.domains.example.com:443/mode?a=b" {
			return "", fmt.Errorf("Location is %s", got)
		}
		return "", nil
	})
	try(t, "CORS", func() (string, error) {
		if err := d.configureCORS(names); err != nil {
			return "", err
		}
		return "", crossOrigin(newSite("https://api.domains.example.com", e.edge.from(viewer)))
	})
	try(t, "the API's own name is off", func() (string, error) {
		id, err := resourceOf(names, "HTTPAPILambdaHttpApi")
		if err != nil {
			return "", err
		}
		var off bool
		err = e.ask(&off, "apigatewayv2", "get-api", "--api-id", id, "--query", "DisableExecuteApiEndpoint")
		if err == nil && !off {
			err = errors.New("it is on")
		}
		if err != nil {
			return "", err
		}
		s, err := siteAt("https://" + id + ".execute-api." + region + ".amazonaws.com")
		if err != nil {
			return "", err
		}
		a, err := s.get("/mode")
		if err == nil && a.status != 200 {
			err = fmt.Errorf("status %d: the emulator switches it off now, so that can be tried", a.status)
		}
		return "so the emulator says, and responds by it all the same", err
	})
	try(t, "tokens", func() (string, error) {
		s, err := d.site("Login")
		if err != nil {
			return "", err
		}
		return issuer.tried(s)
	})
	for _, allowed := range []struct {
		id     string
		status int
		text   string
	}{
		{"Inside", 200, "Inside"},
		{"Outside", 403, "from some networks only"},
		{"OutsideByURL", 403, "from some networks only"},
	} {
		try(t, "who may come in: "+allowed.id, func() (string, error) {
			s, err := d.site(allowed.id)
			if err != nil {
				return "", err
			}
			for _, header := range []http.Header{nil, {"X-Forwarded-For": {"192.0.2.1"}, "True-Client-Ip": {"192.0.2.1"}}} {
				a, err := s.send("GET", "/mode", header, nil)
				if err := want(a, err, allowed.status, allowed.text); err != nil {
					return "", err
				}
			}
			return fmt.Sprintf("status %d", allowed.status), nil
		})
	}
	do(t, "cdk destroy", func() (string, error) {
		return "no domain is left", errors.Join(d.destroy(), e.nothingOf(names,
			[]string{"route53", "list-hosted-zones", "HostedZones[].Id"},
			[]string{"apigatewayv2", "get-domain-names", "Items[].DomainName"},
		))
	})
}

// regionalName is the name that API Gateway gives the endpoint of a domain.
func (e *emulator) regionalName(domain string) (name string, err error) {
	err = e.ask(&name, "apigatewayv2", "get-domain-name", "--domain-name", domain,
		"--query", "DomainNameConfigurations[0].ApiGatewayDomainName")
	return strings.ToLower(name), err
}

// balancerName is what a record leads to that leads to the load balancer of a stack.
func (e *emulator) balancerName(names map[string]string) (name string, err error) {
	arn, err := resourceOf(names, "FargateLoadBalancer")
	if err == nil {
		err = e.ask(&name, "elbv2", "describe-load-balancers", "--load-balancer-arns", arn, "--query", "LoadBalancers[0].DNSName")
	}
	return "dualstack." + strings.ToLower(name), err
}

// configureCORS gives APIs their configuration of CORS by a call, as the template says it: the
// emulator's CloudFormation does not read the names in it.
func (d *deployment) configureCORS(names map[string]string) error {
	t, err := d.template()
	if err != nil {
		return err
	}
	configured := 0
	for id, r := range t.Resources {
		if r.Type != "AWS::ApiGatewayV2::Api" {
			continue
		}
		var p struct{ CorsConfiguration json.RawMessage }
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if p.CorsConfiguration == nil {
			continue
		}
		configured++
		if err := d.lab.emulator.ask(nil, "apigatewayv2", "update-api", "--api-id", names[id],
			"--cors-configuration", string(p.CorsConfiguration)); err != nil {
			return err
		}
	}
	if configured == 0 {
		return errors.New("no API has a CorsConfiguration")
	}
	return nil
}

// crossOrigin wants the pages of one other origin to be let in.
func crossOrigin(s *site) error {
	const pages = "https://pages.example.com"
	for _, origin := range []string{pages, "https://evil.example"} {
		header := http.Header{"Origin": {origin}, "Access-Control-Request-Method": {"POST"}}
		a, err := s.send("OPTIONS", "/form", header, nil)
		if err != nil {
			return err
		}
		got := a.header.Get("Access-Control-Allow-Origin")
		if in := a.status < 300 && got == origin; in != (origin == pages) {
			return fmt.Errorf("%s gets status %d, and Access-Control-Allow-Origin is %q", origin, a.status, got)
		}
	}
	return nil
}

// issuer gives tokens to who has logged in: an OpenID provider, as far as an API asks it.
type issuer struct {
	key *rsa.PrivateKey
	http.Handler
}

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	show := func(path string, value any) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(value)
		})
	}
	show("/.well-known/openid-configuration", map[string]string{"issuer": "https://" + loginName, "jwks_uri": "https://" + loginName + "/keys"})
	show("/keys", map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
	return &issuer{key, mux}, nil
}

// token is one for an audience, signed with a key (RFC 7519).
func token(key *rsa.PrivateKey, audience string, age time.Duration) (string, error) {
	var parts []string
	for _, part := range []any{
		map[string]string{"alg": "RS256", "typ": "JWT", "kid": "one"},
		map[string]any{"iss": "https://" + loginName, "aud": audience, "sub": "ana", "exp": time.Now().Add(age).Unix()},
	} {
		text, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		parts = append(parts, base64.RawURLEncoding.EncodeToString(text))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return strings.Join(append(parts, base64.RawURLEncoding.EncodeToString(signature)), "."), err
}

// tried wants only requests with a good token to come in.
func (i *issuer) tried(s *site) (string, error) {
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	for _, try := range []struct {
		name     string
		key      *rsa.PrivateKey
		audience string
		age      time.Duration
		status   int
	}{
		{"good", i.key, "mirror", time.Hour, 200},
		{"for another", i.key, "other", time.Hour, 401},
		{"old", i.key, "mirror", -time.Hour, 401},
		{"forged", other, "mirror", time.Hour, 401},
		{"none", nil, "", 0, 401},
	} {
		header := http.Header{}
		if try.key != nil {
			text, err := token(try.key, try.audience, try.age)
			if err != nil {
				return "", err
			}
			header.Set("Authorization", "Bearer "+text)
		}
		a, err := s.send("GET", "/mode", header, nil)
		if err := want(a, err, try.status, ""); err != nil {
			return "", fmt.Errorf("%s: %w", try.name, err)
		}
	}
	return "", nil
}
