package web

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/internal/token"
)

// Front is what a CDN tells of itself to a service that it stands above. Package webfront makes
// one; users do not need it.
type Front struct {
	// Stack and Path of its construct, which may be still to be made.
	Stack awscdk.Stack
	Path  string

	// Domain of the front; nil if it has the name that AWS gives.
	Domain *Domain

	// SecretGeneration counts the secrets that the front and the service share, from 1.
	SecretGeneration int

	// Timeout is how long the front waits for a byte of the service.
	Timeout time.Duration

	// Open leaves the service open to requests that do not come from the front.
	Open bool

	above []*Service
}

// Origin is how a front reaches a service.
type Origin struct {
	// ID tells the service from others of its stack. It stays when the hosting changes.
	ID string

	// Host is the host name that requests must have, and Path what stands before theirs: a stage.
	// They may hold tokens.
	Host, Path string

	// HTTPS is false if there can be no certificate for Host, and Port is the one of HTTP or HTTPS
	// that takes the requests; 0 for the usual one.
	HTTPS bool
	Port  int

	// Timeout is how long the service may take for its first byte; 0 if it is not known.
	Timeout time.Duration

	// Secret is the value of the header [adapter.FrontHeader], as a reference that CloudFormation
	// resolves; empty for a service of another stack or app.
	Secret string

	// Unverified says why requests without the header come in too; empty if they are refused.
	Unverified string

	// Ready is everything that must be there before requests are sent; nil if nothing must.
	Ready constructs.IDependable
}

// Verifier makes what takes the requests of a service refuse those without a header.
type Verifier struct {
	// Check returns a problem, without a field, if it is not possible to require one of so many
	// values. Optional.
	Check func(values int) *Problem

	// Require is called once, with the values of which one must be there: references to values of
	// FrontSecretLength bytes.
	Require func(header string, values []string)
}

// FrontSecretLength is how many lower-case letters and digits a front's secret has: 248 bits.
const FrontSecretLength = 48

// fronted is what a service knows of the front above it.
type fronted struct {
	path       string
	url        string
	generation int
	open       bool
	origin     *Origin
	above      *[]*Service // what the front stands above
}

func (f *fronted) services() []*Service { return *f.above }

// Problems are the reasons why the front cannot stand above a service. Their fields begin with
// field: "Service".
func (f *Front) Problems(field string, service IService) []Problem {
	if isNil(service) {
		return []Problem{{Field: field, Message: "is required", Fix: "set it to what web.NewService returned"}}
	}
	path := *service.Node().Path()
	var problems []Problem
	report := func(message, fix string) {
		problems = append(problems, Problem{Field: field, Message: message, Fix: fix})
	}
	reach := service.reach()
	s, own := service.(*Service)
	if own && s.made.URL == nil {
		report(fmt.Sprintf("must not be %s, whose URL %s", path, s.made.NoURL), "")
		return problems
	}
	if !own {
		return append(problems, f.importedProblems(field, service)...)
	}
	if reach.Grant != nil {
		report(fmt.Sprintf("must not be %s, which takes only signed requests: those of browsers are not", path),
			"leave its authorization out; it takes requests of the front only")
	}
	if !isNil(reach.VPC) || s.check.Private {
		report(fmt.Sprintf("must not be %s, which only a VPC reaches, while the front is on the internet", path),
			"leave Private out, or Internal of its load balancer; it takes requests of the front only")
	}
	if f.Stack != nil && s.check.Stack != f.Stack {
		report(fmt.Sprintf("must not be %s of stack %s, while the front is in %s: CloudFormation "+
			"keeps what one stack uses of another, so that the hosting could never change",
			path, *s.check.Stack.Node().Path(), *f.Stack.Node().Path()),
			"put the front into the stack of the service")
		return problems
	}
	if len(s.check.AllowFrom) > 0 {
		report(fmt.Sprintf("must not be %s with AllowFrom, which would see the addresses of the "+
			"front and not of its clients", path), "set AllowFrom of the front instead")
	}
	if f.Domain != nil && strings.EqualFold(host(s.URL()), f.Domain.Name) {
		what, field := "Domain", "the Domain"
		if s.check.Domain == nil {
			what, field = "host", "the name out of the Hosts"
		}
		report(fmt.Sprintf("must not be %s, whose %s is the front's too: %s", path, what, f.Domain.Name),
			"leave "+field+" of the service out, or name it origin."+f.Domain.Name+
				"; docs/front.md says how a name moves from a service to a front")
	}
	if timeout := s.check.Workload.Needs.RequestTimeout; timeout > f.Timeout && !s.check.Workload.Needs.Streaming {
		report(fmt.Sprintf("must not be %s, whose Workload.Needs.RequestTimeout is %s: the front waits %s for a byte",
			path, timeout, f.Timeout), "respond earlier, and let clients ask for the result later; "+
			"or stream, and set Needs.Streaming")
	}
	if s.front != nil {
		if s.front.generation != f.SecretGeneration {
			report(fmt.Sprintf("must not be %s, whose SecretGeneration is %d for the front %s already, and here %d",
				path, s.front.generation, s.front.path, f.SecretGeneration), "give both the same")
		}
		if s.front.open != f.Open {
			report(fmt.Sprintf("must not be %s, whose OriginOpen is %v for the front %s already, and here %v",
				path, s.front.open, s.front.path, f.Open), "give both the same")
		}
		return problems
	}
	if s.variables.rendered {
		problem := lateVariable()
		report(fmt.Sprintf("must not be %s, whose variables were read already, by a synthesis or Stack.Resolve", path),
			strings.Replace(problem.Fix, "add variables", "make the front", 1))
	}
	for _, caller := range s.linked {
		report(fmt.Sprintf("must not be %s, whose own URL %s got by UseService already: from now on it "+
			"takes requests of the front only", path, *caller.Node().Path()),
			"make the front before UseService is called")
	}
	defer s.withPublicURL(f)()
	if problem := s.check.variablesSize(s.check.variables(), s.check.Workload.Secrets); problem != nil {
		problem.Field = field
		problem.Message = "must leave room for the front's URL in " + PublicURLVariable + ": its variables " + problem.Message
		return append(problems, *problem)
	}
	if s.made.Verify.Require != nil && s.made.Verify.Check != nil {
		if problem := s.made.Verify.Check(maxGenerations); problem != nil {
			problem.Field = field
			problems = append(problems, *problem)
		}
	}
	return problems
}

// withPublicURL counts the variable with the front's URL among those of the service, until the
// function that it returns is called.
func (s *Service) withPublicURL(f *Front) (undo func()) {
	if f.Domain == nil {
		return func() {}
	}
	before, was := s.check.own[PublicURLVariable]
	s.check.own[PublicURLVariable] = f.Domain.URL()
	return func() {
		delete(s.check.own, PublicURLVariable)
		if was {
			s.check.own[PublicURLVariable] = before
		}
	}
}

// importedProblems are the reasons why the front cannot stand above a service of another stack.
func (f *Front) importedProblems(field string, service IService) []Problem {
	path, address, reach := *service.Node().Path(), service.URL(), service.reach()
	var problems []Problem
	report := func(message, fix string) {
		problems = append(problems, Problem{Field: field, Message: message, Fix: fix})
	}
	if reach.Grant != nil {
		report(fmt.Sprintf("must not be %s, which takes only signed requests: those of browsers are not", path),
			"import it without FunctionARN and APIARN if it takes all")
	}
	if !isNil(reach.VPC) {
		report(fmt.Sprintf("must not be %s, which only a VPC reaches, while the front is on the internet", path),
			"import it without VPC if it is on the internet")
	}
	name := host(address)
	if token.In(name) {
		return problems
	}
	name, _ = splitPort(name)
	if net.ParseIP(strings.Trim(name, "[]")) != nil {
		report(fmt.Sprintf("must not be %s, whose URL %s has an address: a front reaches names", path, address),
			"import it by a host name")
	}
	if f.Domain != nil && strings.EqualFold(name, f.Domain.Name) {
		report(fmt.Sprintf("must not be %s, whose URL has the front's own Domain, %s: "+
			"the front would ask itself", path, name),
			"import it by a name that stays, such as the one that AWS gave it, or origin."+name)
	}
	return problems
}

// DomainProblems are those of the front's domain, with fields that begin with field: "Domain".
func (f *Front) DomainProblems(field string) []Problem {
	problems := f.Domain.Problems(field)
	if f.Domain != nil && !isNil(f.Domain.Certificate) && !isNil(f.Domain.Zone) && isPrivate(f.Domain.Zone) {
		problems = append(problems, Problem{
			Field: field + ".Zone", Message: "is private, where no record can lead to CloudFront",
			Fix: "name the public zone, or leave it out and make the records yourself",
		})
	}
	if f.Domain == nil || f.Stack == nil || token.In(f.Domain.Name) {
		return problems
	}
	if other, ok := domains[takenDomain{f.Stack, f.Domain.Name}]; ok {
		problems = append(problems, *takenProblem(field+".Name", f.Domain.Name, other))
	}
	return problems
}

// maxGenerations is how many secrets a service takes after its first rotation, for which there must
// be room from the beginning.
const maxGenerations = 3

// generations are the secrets that the service takes. A deployment and its rollback update front and
// service in any order, so each takes its predecessor's and its successor's too.
func (f *Front) generations() []int {
	if f.SecretGeneration == 1 {
		return []int{1, 2}
	}
	return []int{f.SecretGeneration - 1, f.SecretGeneration, f.SecretGeneration + 1}
}

// Origin puts the front above a service that it has no problem with: from now on the service takes
// requests with the secret only, as far as its hosting can tell. URL is the front's, which other
// services get that use this one.
func (f *Front) Origin(service IService) *Origin {
	s, own := service.(*Service)
	if !own {
		name, port := splitPort(host(service.URL()))
		return &Origin{
			ID:         f.originID(service),
			Host:       name,
			Port:       port,
			Path:       path(service.URL()),
			HTTPS:      !strings.HasPrefix(service.URL(), "http://"),
			Unverified: "it belongs to another stack or app",
		}
	}
	f.above = append(f.above, s)
	if s.front != nil {
		return s.front.origin
	}
	name, port := splitPort(host(s.URL()))
	origin := &Origin{
		ID:         f.originID(s),
		Host:       name,
		Port:       port,
		Path:       path(s.URL()),
		HTTPS:      !strings.HasPrefix(s.URL(), "http://"),
		Timeout:    s.check.platform.Timeout,
		Unverified: s.unverified(),
		Ready:      s.ready(),
	}
	scope := constructs.NewConstruct(s, new("Front"))
	var accepted []string
	for _, generation := range f.generations() {
		value := newFrontSecret(scope, generation)
		accepted = append(accepted, value)
		if generation == f.SecretGeneration {
			origin.Secret = value
		}
	}
	switch {
	case f.Open:
		origin.Unverified = "OriginOpen is set"
	case s.made.Verify.Require != nil:
		s.made.Verify.Require(adapter.FrontHeader, accepted)
	}
	s.front = &fronted{path: f.Path, generation: f.SecretGeneration, open: f.Open, origin: origin, above: &f.above}
	return origin
}

// ready is what requests to the service need: the hosting, and the name that they come by.
func (s *Service) ready() constructs.IDependable {
	hosting := s.Node().FindChild(&s.check.platform.ID)
	if s.check.Domain == nil {
		return hosting
	}
	return constructs.NewDependencyGroup(hosting, s.Node().FindChild(new("Domain")))
}

// SetURL tells a service the URL of the front above it, which is known last. The server gets it if
// the front has a domain.
func (f *Front) SetURL(service IService, url string) {
	if f.Domain != nil && !token.In(f.Domain.Name) {
		domains[takenDomain{f.Stack, f.Domain.Name}] = f.Path
	}
	s, own := service.(*Service)
	if !own || s.front == nil || s.front.url != "" {
		return
	}
	s.front.url = url
	if _, users := s.check.Workload.Environment[PublicURLVariable]; f.Domain != nil && !users {
		s.check.own[PublicURLVariable] = url
		s.variables.set(PublicURLVariable, url)
	}
}

func (s *Service) unverified() string {
	if s.made.Verify.Require != nil {
		return ""
	}
	if s.made.Unverified != "" {
		return s.made.Unverified
	}
	return s.check.platform.Name + " checks no headers"
}

// newFrontSecret makes a secret that the front sends. A load balancer compares it without regard to
// case, and takes * and ? as wildcards, so it consists of lower-case letters and digits.
func newFrontSecret(scope constructs.Construct, generation int) string {
	secret := awssecretsmanager.NewSecret(
		scope,
		new(fmt.Sprintf("Secret%d", generation)),
		&awssecretsmanager.SecretProps{
			Description: new(fmt.Sprintf("The header %s of the front's requests, generation %d",
				adapter.FrontHeader, generation)),
			GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
				PasswordLength:     new(float64(FrontSecretLength)),
				ExcludePunctuation: new(true),
				ExcludeUppercase:   new(true),
			},
		},
	)
	return *secret.SecretValue().UnsafeUnwrap() // a reference: the template has no value
}

// originID is made of the path of the service, which no other one has.
func (f *Front) originID(service IService) string {
	path := strings.TrimPrefix(*service.Node().Path(), *f.Stack.Node().Path()+"/")
	const most = 128 // CloudFront's
	id := []rune(strings.Map(func(r rune) rune {
		if r == '/' {
			return '-'
		}
		return r
	}, path))
	return string(id[max(0, len(id)-most):])
}

// host is the host name of a URL, and path what follows it. Tokens hold no slash. A URL that is a
// token as a whole has no path.
func host(url string) string {
	if !strings.Contains(url, "://") {
		return *awscdk.Fn_Select(new(2.0), awscdk.Fn_Split(new("/"), &url, nil))
	}
	name, _, _ := strings.Cut(hostOf(url), "/")
	return name
}

// splitPort takes the port off a host name; 0 if there is none, or tokens say it.
func splitPort(name string) (host string, port int) {
	if token.In(name) {
		return name, 0
	}
	host, text, err := net.SplitHostPort(name)
	if err != nil {
		return name, 0
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		return name, 0
	}
	return host, port
}

func path(url string) string {
	if _, rest, ok := strings.Cut(hostOf(url), "/"); ok && rest != "" {
		return "/" + rest
	}
	return ""
}
