package web

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// ServiceProps are a workload and its hosting.
type ServiceProps struct {
	// Workload is what runs. Its Image is required.
	Workload Workload

	// Hosting is where the workload runs: lambdaweb.Hosting, fargateweb.Hosting, ecsweb.Hosting or
	// apprunnerweb.Hosting. Required.
	Hosting Hosting

	// Domain is the host name by which clients reach the service over HTTPS: on Fargate, and on
	// Lambda behind an HTTP API, a REST API or a load balancer. URL is then its URL, which the
	// server also gets as the environment variable PUBLIC_URL. Everywhere else, and for a domain
	// that stays with one address while the hosting changes, put a front above the service: package
	// webfront.
	// Optional. Default: the address that AWS gives.
	Domain *Domain

	// Private makes the service reachable from inside a VPC only. Where that is impossible it is an
	// error. Optional. Default: false, the service is on the internet.
	Private bool

	// WebACL is the ARN of a regional web ACL of AWS WAF that requests must pass: AttrArn of an
	// awswafv2.CfnWebACL of scope REGIONAL. Where there can be none it is an error.
	// Optional. Default: none.
	WebACL string

	// AllowFrom are the addresses that clients may have; all others are refused. Each hosting does
	// that by the best means it has: see docs/front.md. Where it has none it is an error. Behind a
	// front, whose addresses are all that the service sees, it is the front's to say.
	// Optional. Default: every address.
	AllowFrom []netip.Prefix
}

// Validate reports every problem of the props at once, joined with errors.Join, or nil; each is a
// [Problem]. It needs no Node. What depends on the stack's account and region, or on what a CDK
// token stands for, is checked by [NewService].
func (p *ServiceProps) Validate() error {
	if p == nil {
		p = &ServiceProps{}
	}
	var errs []error
	for _, problem := range validate(p, &place{}, "").problems() {
		errs = append(errs, problem)
	}
	return errors.Join(errs...)
}

// Service is a workload on a hosting. It is a construct: it can be a scope, a grantee, a peer in
// security groups, and be passed to awscdk.Tags_Of, Aspects_Of and Annotations_Of.
type Service struct {
	constructs.Construct
	check     *Check
	variables *Variables
	secrets   *Variables              // as references
	uses      map[string]usedResource // by the variable that names it
	granted   map[granted]bool
	links     []IService          // that are used
	unsure    []string            // variables that may turn out to hold secrets
	endpoints map[string][]string // AWS services that the server calls, with what makes it do so
	made      Made
	url       string // once it was asked for
	front     *fronted
	linked    []*Service // that use this one
}

var (
	_ awsiam.IGrantable   = (*Service)(nil)
	_ awsec2.IConnectable = (*Service)(nil)
)

// NewService defines a service: everything that the workload needs on its hosting. It panics with
// an [*InvalidPropsError] if the props cannot work or the image does not compile; nothing has been
// added to the tree then.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	if props == nil {
		props = &ServiceProps{}
	}
	place, err := placeOf(scope)
	if err != nil {
		panicWith(scope, id, Problem{Field: "scope", Err: err})
	}
	check := validate(props, place, pathOf(scope, id))
	if problems := check.problems(); len(problems) > 0 {
		panicWith(scope, id, problems...)
	}
	image, err := check.Workload.Image.Bind(scope)
	if err != nil {
		panicWith(scope, id, Problem{Field: "Workload.Image", Err: err})
	}

	s := &Service{
		check:     check,
		variables: &Variables{values: check.variables()},
		secrets:   &Variables{values: map[string]string{}},
		uses:      map[string]usedResource{},
		granted:   map[granted]bool{},
	}
	for name, secret := range check.Workload.Secrets {
		s.secrets.values[name] = secret.reference()
	}
	constructs.NewConstruct_Override(s, scope, &id)

	domain := s.defineDomain()
	node := constructs.NewConstruct(s, &check.platform.ID)
	s.made = props.Hosting.Define(node, &Definition{
		Workload:  check.Workload,
		Image:     image,
		Facts:     *check.Image,
		Variables: s.variables,
		Secrets:   s.secrets,
		Domain:    domain,
		Private:   check.Private,
		WebACL:    check.WebACL,
		AllowFrom: check.AllowFrom,
		platform:  check.platform,
		place:     place,
		warn: func(id, message string) {
			awscdk.Annotations_Of(s).AddWarningV2(&id, &message)
		},
		add:  s.addOwnVariable,
		fits: s.fits,
	})
	if s.made.URL == nil && s.made.NoURL == "" || s.made.Role == nil {
		panicWith(scope, id, Problem{
			Field:   "Hosting",
			Message: fmt.Sprintf("%T is incomplete: its Define must return a URL or NoURL, and a Role", props.Hosting),
		})
	}
	if domain != nil && !isNil(check.Domain.Zone) && s.made.Alias.Target == nil {
		panicWith(scope, id, Problem{
			Field: "Hosting",
			Message: fmt.Sprintf("%T is incomplete: its Define must return an Alias for the Domain",
				props.Hosting),
		})
	}
	if len(check.kept) > 0 {
		s.watchEnvironment()
		s.variables.added = append(s.variables.added, check.kept...)
	}
	s.defineRecords(domain)
	s.defineWebACL(node)
	if front := s.made.Reach.Connections; front != nil && front.DefaultPort() == nil {
		panicWith(scope, id, Problem{
			Field:   "Hosting",
			Message: fmt.Sprintf("%T is incomplete: Connections of its Reach must have a default port", props.Hosting),
		})
	}
	if s.made.Primary != nil {
		s.Node().SetDefaultChild(s.made.Primary)
	}
	for _, name := range check.names {
		taken[name] = *s.Node().Path()
	}
	if domain != nil && !token.In(domain.Name) {
		domains[takenDomain{check.Stack, domain.Name}] = *s.Node().Path()
	}
	for _, name := range slices.Sorted(maps.Keys(check.Workload.Secrets)) {
		s.grantSecret(check.Workload.Secrets[name])
	}
	s.dependsOnWorkload()
	s.watch(check.unsure)
	s.watchEndpoints()
	s.warn()
	return s
}

// panicWith panics with an [*InvalidPropsError] of the construct that was to be made.
func panicWith(scope constructs.Construct, id string, problems ...Problem) {
	path := id
	if !isNil(scope) {
		path = pathOf(scope, id)
	}
	panic(&InvalidPropsError{Path: path, Problems: problems})
}

// pathOf is the path of a construct in the tree.
func pathOf(scope constructs.Construct, id string) string {
	return strings.TrimPrefix(*scope.Node().Path()+"/"+id, "/")
}

// warn adds the warnings of the check to the tree, and those that need the CDK.
func (s *Service) warn() {
	warnings := s.check.warnings
	if role, ok := s.check.Workload.Role.(awsiam.Role); ok &&
		!trusts(s.check.Stack, role, s.check.platform.Principal) {
		warnings = append(
			warnings,
			warning{
				RoleWarning,
				fmt.Sprintf(
					"the trust policy of Workload.Role %s does not name %s, so %s cannot assume it: "+
						"add it to the role's AssumedBy, for instance in an awsiam.NewCompositePrincipal",
					*role.Node().Path(),
					s.check.platform.Principal,
					s.check.platform.Name,
				),
			},
		)
	}
	for _, warning := range warnings {
		awscdk.Annotations_Of(s).AddWarningV2(&warning.id, &warning.message)
	}
}

// trusts reports whether a role's trust policy names a service, or everybody.
func trusts(stack awscdk.Stack, role awsiam.Role, service string) bool {
	policy, _ := stack.Resolve(role.AssumeRolePolicy()).(map[string]any)
	statements, _ := policy["Statement"].([]any)
	for _, statement := range statements {
		statement, _ := statement.(map[string]any)
		if names(statement["Principal"], service) || names(statement["Principal"], "*") {
			return true
		}
	}
	return false
}

// names reports whether a string is a value, or an element of one.
func names(value any, text string) bool {
	switch value := value.(type) {
	case string:
		return value == text
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return names(element, text) })
	case map[string]any:
		for _, element := range value {
			if names(element, text) {
				return true
			}
		}
	}
	return false
}

// URL is the service's base URL, such as https://abc.execute-api.eu-west-1.amazonaws.com, without a
// slash at the end; with a Domain it is that one's. Behind a load balancer without a certificate it
// starts with http. It contains tokens: use it in outputs and other constructs. It panics with an
// [*InvalidPropsError] if the service has none, because it takes no HTTP requests.
//
// A front above the service has a URL of its own, which is the one for clients.
func (s *Service) URL() string {
	if s.check.Domain != nil {
		return s.check.Domain.URL()
	}
	if s.made.URL == nil {
		s.panic(Problem{Field: "URL", Message: s.made.NoURL})
	}
	if s.url == "" {
		s.url = s.made.URL()
	}
	return s.url
}

// Role is what the running server may do: the workload's own, or the one that was made for it. For
// a role that is not made in the service's stack it is a stand-in, which adds what it is granted to a
// policy of that stack.
func (s *Service) Role() awsiam.IRole { return s.made.Role }

// GrantPrincipal makes the service a grantee: table.GrantReadData(service).
func (s *Service) GrantPrincipal() awsiam.IPrincipal { return s.made.Role }

// Connections opens ports between the server and what else is in the VPC:
// database.Connections().AllowDefaultPortFrom(service, nil). It panics with an [*InvalidPropsError]
// if the server is in no security group that is known.
//
// The rule of that line belongs to the database's stack. If that is another one than the service's,
// and the service refers to the database, say so from the other side, and the rule belongs to the
// service's stack: service.Connections().AllowTo(database, awsec2.Port_Tcp(new(5432.0)), nil).
// [Service.UseDatabase] does all of that.
func (s *Service) Connections() awsec2.Connections {
	if s.made.Connections == nil {
		s.panic(Problem{Field: "Connections", Message: s.noConnections()})
	}
	return s.made.Connections
}

// noConnections says why there are none, after the word Connections.
func (s *Service) noConnections() string {
	if s.made.NoConnections != "" {
		return s.made.NoConnections
	}
	return fmt.Sprintf(
		"are not possible on %s with cdkweb yet: the server is in no VPC",
		s.check.platform.Name,
	)
}

// VPC is the one that the server is in, or has its network interfaces in; nil if it is in none, or in
// one that is not known.
func (s *Service) VPC() awsec2.IVpc {
	if s.made.Network == nil {
		return nil
	}
	return s.made.Network.VPC
}

// Platform is what AWS promises of the place where the service runs.
func (s *Service) Platform() *platform.Platform { return s.check.platform }

// Resources is a pointer to a struct with what the hosting made, such as *lambdaweb.Resources.
// lambdaweb.ResourcesOf(service), and so in each hosting's package, returns it with its type.
func (s *Service) Resources() any { return s.made.Resources }

// AddEnvironment sets an environment variable of the server. It panics with an [*InvalidPropsError]
// on a name that the hosting reserves, and if the variable has another value already.
func (s *Service) AddEnvironment(name, value string) {
	problem := s.checkVariable(name, value)
	if problem == nil {
		problem = s.checkStacksOf(value)
	}
	if problem != nil {
		problem.Field = fmt.Sprintf("AddEnvironment(%q)", name)
		s.panic(*problem)
	}
	s.setVariable(name, value)
	_, unsure := s.check.unwrapped(map[string]string{name: value})
	s.watch(unsure)
}

// setVariable sets a variable for which checkVariable found no problem.
func (s *Service) setVariable(name, value string) {
	if s.isSet(name, value) {
		return
	}
	s.watchEnvironment()
	s.check.Workload.Environment[name] = value
	s.dependsOn(value)
	s.variables.add(name, value)
}

// addOwnVariable adds a variable of the hosting's, which is to be missed if it gets lost.
func (s *Service) addOwnVariable(name, value string, size int) {
	s.watchEnvironment()
	s.check.own[name] = strings.Repeat("x", size)
	s.variables.add(name, value)
}

// fits reports that there is no room for one. The problem has no field.
func (s *Service) fits(name string, size int) *Problem {
	c := *s.check
	c.own = maps.Clone(c.own)
	c.own[name] = strings.Repeat("x", size)
	return c.variablesSize(c.variables(), c.Workload.Secrets)
}

// watchEnvironment is called before a variable or secret is added, so that its loss is noticed.
func (s *Service) watchEnvironment() {
	if s.made.Environment != nil && len(s.variables.added) == 0 && len(s.secrets.added) == 0 {
		s.Node().AddValidation(&lateVariables{s})
	}
}

// isSet reports whether a variable has a value already.
func (s *Service) isSet(name, value string) bool {
	old, ok := s.variables.values[name]
	return ok && old == value
}

// checkVariable reports why a variable cannot be set on the service. The problem has no field, and
// never the value.
func (s *Service) checkVariable(name, value string) *Problem {
	if problem := s.checkAttribute(name, value); problem != nil {
		return problem
	}
	problems, _ := s.check.unwrapped(map[string]string{name: value})
	return problems[name]
}

// checkAttribute is checkVariable for an attribute of a resource, which is no secret.
func (s *Service) checkAttribute(name, value string) *Problem {
	if problem := s.check.variable(name, value); problem != nil {
		return problem
	}
	if old, ok := s.check.Workload.Environment[name]; ok && old != value {
		return &Problem{Message: "is set to another value already", Fix: "a variable has one value"}
	}
	if _, ok := s.secrets.values[name]; ok {
		return &Problem{Message: "is set to a secret already", Fix: "a variable has one value"}
	}
	if s.front != nil && token.In(s.front.url) && strings.Contains(value, hostOf(s.front.url)) {
		return &Problem{
			Message: "must not hold the URL of the front above the service, " + s.front.path +
				": it is known only after the service is made, which needs the variable",
			Fix: "give the front a Domain, whose URL the server gets as " + PublicURLVariable,
		}
	}
	if s.urlNeedsService() && s.made.URL != nil && token.In(value) &&
		strings.Contains(value, hostOf(s.URL())) {
		return &Problem{
			Message: fmt.Sprintf(
				"must not hold the service's own URL: on %s it is known only after the service is made, which needs the variable",
				s.check.platform.Name,
			),
			Fix: "put a front with a Domain above the service (webfront.NewFront); the server " +
				"gets its URL as " + PublicURLVariable,
		}
	}
	if s.variables.rendered && !s.isSet(name, value) {
		return lateVariable()
	}
	all := s.check.variables()
	all[name] = value
	return s.check.variablesSize(all, s.check.Workload.Secrets)
}

// urlNeedsService reports whether the URL is known only after the service is made.
func (s *Service) urlNeedsService() bool {
	return s.check.platform.URLNeedsService && s.check.Domain == nil
}

// lateVariable says that a variable would not be in what the CDK has read. It has no field.
func lateVariable() *Problem {
	return &Problem{
		Message: "comes too late: the variables were read already, by a synthesis or Stack.Resolve",
		Fix:     "add variables before",
	}
}

// hostOf is a URL without its scheme.
func hostOf(url string) string {
	if _, host, ok := strings.Cut(url, "://"); ok {
		return host
	}
	return url
}

// lateVariables is the CDK's validation of a service to which variables were added: they must not
// get lost if somebody has replaced the property in which they are rendered.
type lateVariables struct{ service *Service }

func (l *lateVariables) Validate() *[]*string {
	s := l.service
	rendered := s.check.Stack.Resolve(s.made.Environment())
	var lost []string
	for _, name := range s.variables.added {
		if !holds(rendered, name) {
			lost = append(lost, name)
		}
	}
	for _, name := range s.secrets.added {
		if !holds(rendered, name) && !holds(rendered, adapter.SecretVariable(name)) {
			lost = append(lost, name)
		}
	}
	if len(lost) == 0 {
		return &[]*string{}
	}
	return &[]*string{
		new(
			fmt.Sprintf(
				"cdkweb: the variables %s were added to the service, but its environment was replaced in the L1 construct, "+
					"so they would be missing: set them there too, or change the L1 with AddPropertyOverride instead",
				strings.Join(lost, ", "),
			),
		),
	}
}

// holds reports whether a variable stands anywhere in a resolved value: as the name of a pair, as a
// key beside PORT, or before '=' in a text.
func holds(value any, name string) bool {
	switch value := value.(type) {
	case string:
		return strings.Contains(value, name+"=")
	case []any:
		return slices.ContainsFunc(value, func(element any) bool { return holds(element, name) })
	case map[string]any:
		_, variables := value[portVariable]
		for key, element := range value {
			isName := strings.EqualFold(key, "name") && element == name
			if isName || variables && key == name || holds(element, name) {
				return true
			}
		}
	}
	return false
}

// panic panics with problems of the service.
func (s *Service) panic(problems ...Problem) {
	panic(&InvalidPropsError{Path: *s.Node().Path(), Problems: problems})
}

// place is the stack that a service is in, with what is asked of it for each service.
type place struct {
	stack      awscdk.Stack
	target     Target
	principals map[string]awsiam.IPrincipal
}

// places are those of the stacks that have services. Constructs are made by one goroutine, because
// of jsii.
var places = map[awscdk.Stack]*place{}

var errScope = errors.New("must be a stack, or a construct in one")

// placeOf returns the stack that a scope belongs to, and where that is deployed.
func placeOf(scope constructs.Construct) (p *place, err error) {
	if isNil(scope) {
		return nil, errors.New("must be a stack, or a construct in one, got nil")
	}
	stack, ok := scope.(awscdk.Stack)
	if !ok {
		defer func() {
			if recover() != nil { // the CDK's way to say that there is none, followed by a stack trace
				err = errScope
			}
		}()
		stack = awscdk.Stack_Of(scope)
	}
	if places[stack] == nil {
		places[stack] = &place{
			stack: stack,
			target: Target{
				Account: token.Literal(*stack.Account()),
				Region:  token.Literal(*stack.Region()),
			},
			principals: map[string]awsiam.IPrincipal{},
		}
	}
	return places[stack], nil
}

// principal is an AWS service in the trust policies of the stack's roles.
func (p *place) principal(name string) awsiam.IPrincipal {
	if p.principals[name] == nil {
		p.principals[name] = awsiam.NewServicePrincipal(&name, nil)
	}
	return p.principals[name]
}
