package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A samAPI is an API of a template: one of its resources, or the one that SAM makes of events. What
// Globals say is for both.
type samAPI struct {
	kind         string // HttpApi or Api, as in events and in Globals
	id           string // empty: the one that SAM makes
	own, globals *node
}

// get is a property of the API, or else of all APIs.
func (a samAPI) get(keys ...string) *node {
	if n := a.own.get(keys...); n != nil {
		return n
	}
	return a.globals.get(keys...)
}

// A lock is what keeps those out who may not call an API.
type lock struct {
	node   *node
	code   string   // an Authorizer in Go; empty: requests are signed
	scopes []string // of which a token must have one
	todo   string   // what code is not enough for; empty if it is the same
	parts  []*node  // what code has of the template
}

// is reports whether two locks let the same in.
func (l *lock) is(other *lock) bool {
	return l.node.text() == other.node.text() && l.code == other.code && slices.Equal(l.scopes, other.scopes)
}

// signed is what a program has in place of an authorizer that is not written: nobody comes in by
// accident.
const signed = "until then only requests come in that are signed by who has execute-api:Invoke"

// apiOf is the API of an event. Known is false if nobody knows what it has.
func (r *samReader) apiOf(kind string, properties *node) (api samAPI, known bool) {
	api = samAPI{kind: kind, globals: r.root.get("Globals", kind)}
	reference := properties.get(map[string]string{"HttpApi": "ApiId", "Api": "RestApiId"}[kind])
	if reference == nil {
		return api, true
	}
	id := reference.get("Ref").text()
	resource := r.root.get("Resources").get(id)
	if id == "Serverless"+map[string]string{"HttpApi": "HttpApi", "Api": "RestApi"}[kind] {
		return api, true
	}
	if id == "" || resource.get("Type").text() != "AWS::Serverless::"+kind {
		return api, false
	}
	reference.take()
	api.id, api.own = id, resource.get("Properties")
	return api, true
}

// api reads the API that some events of a function name.
func (r *samReader) api(kind string, events []*node, s *service) {
	var locks []*lock
	var open []*node
	first, _ := r.apiOf(kind, events[0].get("Properties"))
	for _, event := range events {
		api, known := r.apiOf(kind, event.get("Properties"))
		found := r.lock(api, known, event)
		if api.id != first.id {
			s.missing(atFront, event.get("Properties"), fmt.Sprintf("a service has one API: write a second service with the same image for what %s has", api.id))
		}
		switch {
		case found == nil:
			open = append(open, event)
		case !slices.ContainsFunc(locks, found.is):
			locks = append(locks, found)
		}
	}
	if len(locks) > 1 {
		for _, l := range locks[1:] {
			s.add(missing, atFront, l.node, "is one of several authorizers of a service, which has one", "make a service of each, or let the server check who calls; "+signed)
		}
		locks = []*lock{{node: locks[0].node, todo: "a service has one authorizer"}}
	}
	if len(locks) == 1 {
		r.close(s, locks[0])
		for _, event := range open {
			s.different(atFront, leafOf(event), "is closed now", "the service has one authorizer for all paths: make a second service without, if everybody is to reach this one")
		}
	}
	if first.get("EndpointConfiguration", "Type").text() == "PRIVATE" || first.get("EndpointConfiguration").text() == "PRIVATE" {
		r.enclose(s, first.get("EndpointConfiguration"), "needs the VPC of the clients")
	}
	r.apiProperties(first, s)
	r.used[first.id] = true
}

// leafOf is the place of a value, without what is below it.
func leafOf(n *node) *node { return &node{file: n.file, line: n.line, path: n.path, kind: null} }

// lock is what keeps others from the path of an event; nil if everybody reaches it.
func (r *samReader) lock(api samAPI, known bool, event *node) *lock {
	auth := event.get("Properties", "Auth")
	at := auth.get("Authorizer")
	if at == nil {
		at = api.get("Auth", "DefaultAuthorizer")
	}
	for _, key := range []string{"ResourcePolicy", "ApiKeyRequired"} {
		n := auth.get(key)
		if n == nil {
			n = api.get("Auth", key)
		}
		if n != nil && n.text() != "false" {
			return &lock{node: n, todo: map[string]string{
				"ResourcePolicy": "set AllowFrom of web.ServiceProps for addresses, or write the rest on lambdaweb.ResourcesOf(…).RESTAPI",
				"ApiKeyRequired": "make a key and a usage plan with awsapigateway, and set them on lambdaweb.ResourcesOf(…).RESTAPI",
			}[key]}
		}
	}
	if mutual := api.get("Domain", "MutualTlsAuthentication"); mutual != nil && at == nil {
		return &lock{node: mutual, todo: "set MutualTLS of the endpoint, and Domain of the service"}
	}
	if body := api.get("DefinitionBody"); at == nil && closes.MatchString(body.text()) {
		return &lock{node: body, todo: "it says who may call: write that as Authorizer of the endpoint"}
	}
	if uri := api.get("DefinitionUri"); at == nil && uri != nil {
		return &lock{node: uri, todo: "look there who may call, and write that as Authorizer of the endpoint; leave it out if everybody may"}
	}
	if !known && at == nil {
		return &lock{node: firstOf(event.get("Properties"), "ApiId", "RestApiId"), todo: "it is not in the template: look at it who may call, and write that as Authorizer of the endpoint; leave it out if everybody may"}
	}
	switch name := at.text(); {
	case name == "" || name == "NONE":
		return nil
	case name == "AWS_IAM":
		return &lock{node: at}
	case at.kind == scalar:
		return r.authorizer(api, name, at, auth.get("AuthorizationScopes"))
	}
	return &lock{node: at, todo: "write it as Authorizer of the endpoint"}
}

func firstOf(n *node, keys ...string) *node {
	for _, key := range keys {
		if n.has(key) {
			return n.get(key)
		}
	}
	return n
}

// closes is what a document of OpenAPI has that does not let everybody in.
var closes = regexp.MustCompile(`security|x-amazon-apigateway-(?:auth|policy|api-key)|Fn::Transform|AWS::Include`)

// authorizer reads one of an API's.
func (r *samReader) authorizer(api samAPI, name string, at, scopes *node) *lock {
	n := api.get("Auth", "Authorizers").get(name)
	other := &lock{node: at, todo: "write it as Authorizer of the endpoint: awsapigatewayv2authorizers has NewHttpJwtAuthorizer, NewHttpUserPoolAuthorizer and NewHttpLambdaAuthorizer"}
	if api.kind == "Api" {
		other.todo = "write it as Authorizer of the endpoint: awsapigateway has NewCognitoUserPoolsAuthorizer, NewTokenAuthorizer and NewRequestAuthorizer"
	}
	if n == nil {
		return other
	}
	if scopes == nil {
		scopes = n.get("AuthorizationScopes")
	}
	l := &lock{node: at}
	for _, scope := range scopes.itemsOrNone() {
		l.scopes = append(l.scopes, scope.text())
	}
	if scopes != nil && (scopes.kind != sequence || slices.ContainsFunc(scopes.items, func(n *node) bool { return n.kind != scalar })) {
		return other
	}
	strings := func(n *node) (string, bool) {
		var all []value
		for _, item := range n.itemsOrNone() {
			v, ok := r.resolve(item)
			if !ok {
				return "", false
			}
			all = append(all, v)
		}
		if n != nil && n.kind != sequence {
			v, ok := r.resolve(n)
			if !ok {
				return "", false
			}
			all = append(all, v)
		}
		return pointers(all), len(all) > 0
	}
	only := func(n *node, keys ...string) bool {
		return !slices.ContainsFunc(n.keysOrNone(), func(key string) bool { return !slices.Contains(keys, key) })
	}
	jwt := n.get("JwtConfiguration")
	issuer, ok1 := r.resolve(firstOf(jwt, "issuer", "Issuer"))
	audience, ok2 := strings(firstOf(jwt, "audience", "Audience"))
	pools, ok3 := strings(n.get("UserPoolArn"))
	switch {
	case api.kind == "HttpApi" && jwt != nil && ok1 && ok2 && only(n, "JwtConfiguration", "IdentitySource", "AuthorizationScopes") && only(jwt, "issuer", "audience", "Issuer", "Audience"):
		source := ""
		if identity := n.get("IdentitySource"); identity != nil && identity.text() != "$request.header.Authorization" {
			text, ok := r.resolve(identity)
			if !ok {
				return other
			}
			source = fmt.Sprintf("\nIdentitySource: &[]*string{%s},", pointer(text))
		}
		l.code = fmt.Sprintf("awsapigatewayv2authorizers.NewHttpJwtAuthorizer(new(%s), %s, &awsapigatewayv2authorizers.HttpJwtAuthorizerProps{\nJwtAudience: &[]*string{%s},%s\n})",
			quote(name), pointer(issuer), audience, source)
	case api.kind == "Api" && ok3 && only(n, "UserPoolArn", "AuthorizationScopes") && n.get("UserPoolArn").kind == scalar && arnPattern.MatchString(n.get("UserPoolArn").value):
		l.code = fmt.Sprintf("awsapigateway.NewCognitoUserPoolsAuthorizer(stack, new(%q), &awsapigateway.CognitoUserPoolsAuthorizerProps{\nCognitoUserPools: &[]awscognito.IUserPool{awscognito.UserPool_FromUserPoolArn(stack, new(%q), %s)},\n})",
			r.ids.id(name+" authorizer", "Authorizer"), r.ids.id(name+" pool", "UserPool"), pools)
	default:
		return other
	}
	l.parts = []*node{n, scopes}
	return l
}

// close writes who may call an API.
func (r *samReader) close(s *service, l *lock) {
	if s.hosting != lambdaHosting {
		r.enclose(s, l.node, "lets in only who may call the API, which "+platforms[s.hosting].ServiceName()+" does not know")
		return
	}
	for _, part := range append(l.parts, l.node) {
		part.take()
	}
	s.lambda.authorizer, s.lambda.scopes, s.lambda.iamAuth = l.code, l.scopes, l.code == ""
	if l.todo != "" {
		s.add(missing, atFront, l.node, "is not written", l.todo+"; "+signed)
	}
}

// enclose has a service that not everybody reached reached from a VPC only.
func (r *samReader) enclose(s *service, at *node, what string) {
	s.front.private, s.inVPC, s.onlyClients = true, true, true
	if r.environment.network == nil {
		r.environment.network = placeholder()
	}
	s.took("private", at, s.public)
	todo := "the service is Private: replace vpc-00000000000000000 and its subnets by those of its clients"
	if s.hosting != lambdaHosting {
		todo += "; or leave Private out, and let the server check who calls"
	}
	s.add(missing, atFront, at, what, todo)
}

// apiTodo is what to do about properties of an API.
var apiTodo = map[string]string{
	"AccessLogSettings":    "set AccessLogDestination and AccessLogFormat of the endpoint",
	"Auth":                 "set Authorizer of the endpoint, if the program has none",
	"Domain":               "set Domain of web.ServiceProps: see docs/front.md",
	"CorsConfiguration":    "set CORS of the endpoint",
	"Cors":                 "set CORS of the endpoint",
	"DefaultRouteSettings": "set ThrottlingRateLimit, ThrottlingBurstLimit and DetailedMetricsEnabled of the endpoint",
	"MethodSettings":       "set ThrottlingRateLimit, ThrottlingBurstLimit, MetricsEnabled and LoggingLevel of the endpoint",
	"TracingEnabled":       "set TracingEnabled of the endpoint",
	"Name":                 "the CDK generates a name", "OpenApiVersion": "the API has one route for everything, and no document",
	"StageName":     "the stage is $default, and no part of the path: tell clients the new address",
	"DefinitionUri": "the API has one route for everything, and no document", "DefinitionBody": "the API has one route for everything, and no document",
	"Tags": "set them with awscdk.Tags_Of", "FailOnWarnings": "nothing is imported at deployment",
	"DisableExecuteApiEndpoint": "set DisableExecuteAPIEndpoint of the endpoint and Domain of the service: until then the address that AWS gives is open to the same requests",
	"EndpointConfiguration":     "the API is regional",
}

// apiProperties reads what an API has beside who may call it.
func (r *samReader) apiProperties(api samAPI, s *service) {
	type field struct {
		name string
		read func(n *node, s *service) bool
	}
	var fields []field
	if s.hosting == lambdaHosting {
		fields = []field{
			{"CorsConfiguration", r.cors}, {"Cors", r.cors}, {"Domain", r.domain}, {"DefaultRouteSettings", r.routeSettings},
			{"TracingEnabled", func(n *node, s *service) bool {
				on, ok := n.boolean()
				s.lambda.apiTracing = on && api.kind == "Api"
				return ok && api.kind == "Api"
			}},
			{"StageName", func(n *node, s *service) bool {
				text, _ := r.resolve(n)
				name, ok := text.text()
				if ok = ok && api.kind == "Api" && stagePattern.MatchString(name); ok {
					s.lambda.stage = name
				}
				return ok || name == "$default"
			}},
			{"DisableExecuteApiEndpoint", func(n *node, s *service) bool {
				on, ok := n.boolean()
				s.lambda.noAddress = on && len(s.front.names) > 0
				return ok && (!on || s.lambda.noAddress)
			}},
		}
	} else {
		fields = []field{{"Domain", r.domain}}
	}
	done := map[string]bool{}
	for _, f := range fields {
		if n := api.get(f.name); n != nil && f.read(n, s) {
			n.take()
			done[f.name] = true
		}
	}
	for _, properties := range []*node{api.own, api.globals} {
		for _, key := range properties.keysOrNone() {
			n := properties.fields[key]
			if key == "Auth" {
				r.restOfAuth(n, s)
				continue
			}
			asHere := api.kind == "Api" && key == "BinaryMediaTypes" || key == "EndpointConfiguration" && (s.front.private || n.text() == "REGIONAL" || n.get("Type").text() == "REGIONAL" && len(n.keys) == 1)
			if done[key] || n.kind == null || asHere {
				n.take()
				continue
			}
			todo := apiTodo[key]
			if s.hosting != lambdaHosting {
				todo = "the hosting has no API: the server gets every request as it is"
			} else if todo == "" {
				todo = "set it on the API: lambdaweb.ResourcesOf(…)." + s.lambda.endpoint
			}
			s.missing(atFront, n, todo)
		}
	}
}

var stagePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)

// restOfAuth notes what is left of who may call.
func (r *samReader) restOfAuth(n *node, s *service) {
	for _, key := range n.keysOrNone() {
		if key == "DefaultAuthorizer" || key == "EnableIamAuthorizer" {
			n.fields[key].take()
		}
		if left := n.fields[key]; left.kind == mapping {
			for _, name := range left.keys {
				s.leftOf(left.fields[name])
			}
		} else {
			s.leftOf(left)
		}
	}
}

// leftOf notes a value of which nothing was taken.
func (s *service) leftOf(n *node) {
	if n = undone(n); n != nil && n.kind != null {
		s.missing(atFront, n, "it says who may call: look whether Authorizer of the endpoint does, too")
	}
}

// cors reads who may call from pages of other origins, as HTTP APIs and REST APIs write it.
func (r *samReader) cors(n *node, s *service) bool {
	list := func(n *node) ([]string, bool) {
		var all []string
		items := n.itemsOrNone()
		if n != nil && n.kind != sequence {
			items = []*node{n}
		}
		for _, item := range items {
			v, ok := r.resolve(item)
			text, literal := v.text()
			if !ok || !literal {
				return nil, false
			}
			for _, word := range strings.Split(strings.Trim(text, "'"), ",") {
				if word = strings.TrimSpace(word); word != "" {
					all = append(all, word)
				}
			}
		}
		return all, true
	}
	if n.kind == scalar {
		if on, ok := n.boolean(); ok {
			if !on {
				return true
			}
			s.lambda.cors = `AllowOrigins: []string{"*"}`
		} else if text := strings.Trim(n.value, "'"); text == "*" || originPattern.MatchString(text) {
			s.lambda.cors = "AllowOrigins: []string{" + quote(text) + "}"
		} else {
			return false
		}
		s.different(atFront, leafOf(n), "lets pages use every method", "and the headers Authorization and Content-Type: set AllowMethods and AllowHeaders of CORS for others")
		return true
	}
	var fields []string
	credentials, ok := n.get("AllowCredentials").boolOr(false)
	if !ok && n.has("AllowCredentials") {
		return false
	}
	for _, key := range n.keysOrNone() {
		field := n.fields[key]
		if key == "AllowOrigin" {
			key = "AllowOrigins"
		}
		values, ok := list(field)
		if !ok || field.kind == mapping && len(values) == 0 {
			return false
		}
		all := slices.Contains(values, "*")
		switch key {
		case "AllowOrigins":
			if all && (len(values) > 1 || credentials) || !all && slices.ContainsFunc(values, func(text string) bool { return !originPattern.MatchString(text) }) {
				return false
			}
		case "AllowMethods":
			if all {
				continue // those of the library
			}
			if slices.ContainsFunc(values, func(text string) bool { return !slices.Contains(corsMethods, text) }) {
				return false
			}
		case "AllowHeaders", "ExposeHeaders":
			if all && credentials || slices.ContainsFunc(values, func(text string) bool { return !headerPattern.MatchString(text) }) {
				return false
			}
		case "AllowCredentials":
			if credentials {
				fields = append(fields, "AllowCredentials: true")
			}
			continue
		case "MaxAge":
			seconds, err := strconv.Atoi(strings.Join(values, ""))
			if err != nil || seconds < 1 || seconds > 86400 {
				return false
			}
			fields = append(fields, fmt.Sprintf("MaxAge: %d * time.Second", seconds))
			continue
		default:
			return false
		}
		fields = append(fields, fmt.Sprintf("%s: []string{%s}", key, strings_(values)))
	}
	if !n.has("AllowOrigins") && !n.has("AllowOrigin") {
		return false
	}
	if !n.has("AllowMethods") || !n.has("AllowHeaders") {
		s.different(atFront, leafOf(n), "lets pages use every method, and the headers Authorization and Content-Type, where it names none",
			"set AllowMethods and AllowHeaders of CORS for others")
	}
	s.lambda.cors = strings.Join(fields, ",\n")
	return true
}

var (
	corsMethods   = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
	originPattern = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[a-z0-9.-]+(:[0-9]{1,5})?$`)
	headerPattern = regexp.MustCompile("^[A-Za-z0-9!#$%&*+.^_`|~-]+$")
	domainPattern = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
)

// domain reads the name of an API.
func (r *samReader) domain(n *node, s *service) bool {
	text := func(n *node) (string, bool) {
		v, ok := r.resolve(n)
		text, literal := v.text()
		return text, ok && literal
	}
	name, ok1 := text(n.get("DomainName"))
	certificate, ok2 := text(n.get("CertificateArn"))
	if !ok1 || !ok2 || !domainPattern.MatchString(name) || !arnPattern.MatchString(certificate) || s.front.private {
		return false
	}
	for _, key := range n.keys {
		base := key == "BasePath" && (n.get(key).text() == "/" || n.get(key).text() == "[/]")
		if !base && !slices.Contains([]string{"DomainName", "CertificateArn", "Route53"}, key) {
			return false
		}
	}
	s.front.names, s.front.certificates = []string{name}, []value{literal(certificate)}
	id, known := text(n.get("Route53", "HostedZoneId"))
	known = known && zoneID.MatchString(id) && len(n.get("Route53").keysOrNone()) == 1
	s.took("alias", n, func() { s.front.names, s.front.certificates, s.front.zones = nil, nil, nil })
	if known {
		s.front.zones = append(s.front.zones, zone{id: id, names: []string{name}})
	} else {
		s.missing(atFront, n.get("Route53"), "make the record in your zone, or set Zone of web.Domain")
		s.different(atFront, leafOf(n), "has no hosted zone, and so no record", "make a record that leads to the service")
	}
	return true
}

// routeSettings reads how many requests may come.
func (r *samReader) routeSettings(n *node, s *service) bool {
	rate, ok1 := n.get("ThrottlingRateLimit").intOr(0)
	burst, ok2 := n.get("ThrottlingBurstLimit").intOr(0)
	metrics, ok3 := n.get("DetailedMetricsEnabled").boolOr(false)
	if n.has("ThrottlingRateLimit") != n.has("ThrottlingBurstLimit") || n.has("ThrottlingRateLimit") && (!ok1 || !ok2 || rate < 1 || burst < 1) || !ok3 && n.has("DetailedMetricsEnabled") || s.lambda.endpoint != "HTTPAPI" {
		return false
	}
	for _, key := range n.keys {
		if !slices.Contains([]string{"ThrottlingRateLimit", "ThrottlingBurstLimit", "DetailedMetricsEnabled"}, key) {
			return false
		}
	}
	s.lambda.rate, s.lambda.burst, s.lambda.routeMetrics = rate, burst, metrics
	return true
}

// hasEvent reports whether an event of a server has an API of a kind.
func (r *samReader) hasEvent(kind string) bool {
	for _, resource := range r.root.get("Resources").fields {
		events := resource.get("Properties", "Events")
		for _, name := range events.keysOrNone() {
			if events.get(name, "Type").text() == kind && resource.get("Type").text() == "AWS::Serverless::Function" && r.isServer(resource) {
				return true
			}
		}
	}
	return false
}

// url reads a function's own address.
func (r *samReader) url(n *node, s *service) {
	switch auth, ok := r.str(n.get("AuthType"), atFront); {
	case ok && auth == "NONE":
	case s.hosting != lambdaHosting:
		r.enclose(s, firstOf(n, "AuthType"), "lets in only who signs requests, which "+platforms[s.hosting].ServiceName()+" does not know")
	default: // also if nobody knows it before deployment
		s.lambda.iamAuth = true
		if ok && auth != "AWS_IAM" {
			s.wrong(atFront, n.get("AuthType"), "NONE or AWS_IAM")
		}
	}
	if mode, ok := r.str(n.get("InvokeMode"), atHosting); ok {
		s.lambda.streaming = mode == "RESPONSE_STREAM"
	}
	s.missing(atFront, n.get("Cors"), "let the server send the headers of CORS")
}

// eventProperties notes what is left of the events of an API.
func (r *samReader) eventProperties(events *node, s *service) {
	for _, name := range events.keysOrNone() {
		properties := events.get(name, "Properties")
		if kind := events.get(name, "Type").text(); kind != "HttpApi" && kind != "Api" {
			continue
		}
		for _, key := range properties.keysOrNone() {
			if n := properties.fields[key]; key == "Auth" {
				for _, part := range n.keysOrNone() {
					if part == "Authorizer" {
						n.fields[part].take()
					}
					s.leftOf(n.fields[part])
				}
			} else if n = undone(n); n != nil && n.kind != null && key != "Path" && key != "Method" {
				s.missing(atHosting, n, "the API has one route for everything: set it on lambdaweb.ResourcesOf(…)."+s.lambda.endpoint)
			}
		}
	}
}
