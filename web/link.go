package web

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// IService is a service that others can use: a [*Service] of the app, or an [*ImportedService].
type IService interface {
	constructs.Construct
	awsiam.IGrantable
	awsec2.IConnectable

	// URL is the service's base URL without a slash at the end. It may hold tokens.
	URL() string

	reach() Reach
	needsFirst() []*Service // the services that must be made before its URL is known
}

var (
	_ IService = (*Service)(nil)
	_ IService = (*ImportedService)(nil)
)

// Reach is what a server needs to call a service, beside its URL and a way to the internet. The
// zero value is a URL that everybody can call.
type Reach struct {
	// Grant lets a role call a URL that takes only requests which are signed. Optional.
	Grant func(caller awsiam.IGrantable)

	// VPC outside of which nobody reaches the URL. Optional. Default: the URL is on the internet.
	VPC awsec2.IVpc

	// Connections of what takes the requests in the VPC, such as a load balancer, with a default
	// port. Optional. Default: it takes those of the whole VPC, or its security groups are not
	// known.
	Connections awsec2.Connections

	// Closed says why no server can call the URL, after the name of the service: "which lets in only
	// people who have logged in". Optional.
	Closed string
}

// ServiceWarning is the id of the warning about a service in another account, which must allow the
// call there.
const ServiceWarning = "cdkweb:service-elsewhere"

func (s *Service) reach() Reach { return s.made.Reach }

func (s *Service) needsFirst() []*Service {
	switch {
	case s.made.URL == nil:
		return nil
	case s.front != nil && token.In(s.front.url):
		return s.front.services() // the distribution waits for all that it stands above
	case s.front != nil:
		return nil
	case s.urlNeedsService() && (s.made.Reach.Grant != nil || token.In(s.URL())):
		return []*Service{s}
	}
	return nil
}

// address is the URL by which other services use the service: that of the front above it, if what
// takes the requests refuses all others.
func address(service IService) string {
	if s, ok := service.(*Service); ok && s.front != nil {
		return s.front.url
	}
	return service.URL()
}

// UseService lets the server call another service: it sets the environment variable to the other
// service's URL, and opens what stands between the two.
//
//   - A URL that takes only signed requests is a function URL with AWS_IAM, or an API with an IAM
//     authorizer. The server's role is granted the call. The server has to sign: package
//     webclient is an http.RoundTripper that does.
//   - An internal load balancer is reached from its VPC alone, so the server must be in it
//     (Workload.VPC). The security groups of both let the requests through.
//   - Every other URL is on the internet, and open to everybody: nothing is needed.
//
// It panics with an [*InvalidPropsError] if the call cannot work: if the variable is something else
// already, the other service has no URL, the server cannot reach the VPC, or each of two services
// would have to be made before the other. Then nothing was granted or set.
func (s *Service) UseService(variable string, other IService) {
	value, problem := s.checkLink(variable, other)
	if problem != nil {
		problem.Field = fmt.Sprintf("UseService(%q)", variable)
		s.panic(*problem)
	}
	if _, again := s.uses[variable]; !again {
		s.setVariable(variable, value)
		s.uses[variable] = usedResource{"service", other}
	}
	reach := other.reach()
	if isNil(reach.VPC) && reach.Connections == nil {
		s.needsEndpoint(internet, fmt.Sprintf("UseService(%q)", variable))
	}
	if slices.Contains(s.links, other) {
		return
	}
	s.links = append(s.links, other)
	if service, ok := other.(*Service); ok {
		service.linked = append(service.linked, s)
	}
	if stack := stackOf(other, value); stack != nil && stack != s.check.Stack {
		stackLinks[s.check.Stack] = append(stackLinks[s.check.Stack], stack)
	}
	if reach.Grant != nil {
		reach.Grant(s.made.Role)
	}
	if reach.Connections != nil {
		s.openPort(reach.Connections, reach.Connections.DefaultPort(), nil)
	}
	if imported, ok := other.(*ImportedService); ok && reach.Grant != nil {
		if account := imported.account; account != "" && s.check.Target.Account != "" &&
			account != s.check.Target.Account {
			awscdk.Annotations_Of(s).AddWarningV2(new(ServiceWarning), new(fmt.Sprintf(
				"the service %s is in account %s: the policy of its function or API there "+
					"must allow the server's role too", *other.Node().Path(), account)))
		}
	}
}

// stackLinks are the stacks that services of a stack use services of. Constructs are made by one
// goroutine, because of jsii.
var stackLinks = map[awscdk.Stack][]awscdk.Stack{}

// stackOf is the stack that holds what a service's URL is made of; nil if it is a literal and
// nothing is granted.
func stackOf(service IService, url string) awscdk.Stack {
	for _, found := range *awscdk.Tokenization_ReverseString(&url).Tokens() {
		if reference, ok := found.(awscdk.Reference); ok {
			return awscdk.Stack_Of(reference.Target())
		}
	}
	if reach := service.reach(); token.In(url) || reach.Grant != nil || reach.Connections != nil {
		return awscdk.Stack_Of(service)
	}
	return nil
}

// checkLink returns the URL of another service, or why it cannot be used. The problem has no field.
func (s *Service) checkLink(variable string, other IService) (url string, problem *Problem) {
	if isNil(other) {
		return "", &Problem{Message: "service must not be nil"}
	}
	path := *other.Node().Path()
	used, again := s.uses[variable]
	if again && used.resource != constructs.IConstruct(other) {
		return "", &Problem{
			Fix: "choose another name",
			Message: fmt.Sprintf("names the %s %s already, and cannot name %s too",
				used.kind, *used.resource.Node().Path(), path),
		}
	}
	if other == IService(s) {
		return "", &Problem{
			Message: "must not be the service itself",
			Fix:     "a server calls itself at http://localhost and its port",
		}
	}
	if problem := s.checkPlace(other); problem != nil {
		return "", problem
	}
	if service, ok := other.(*Service); ok && service.made.URL == nil {
		return "", &Problem{
			Message: fmt.Sprintf("must not be %s, whose URL %s", path, service.made.NoURL),
		}
	}
	if closed := other.reach().Closed; closed != "" {
		return "", &Problem{Message: fmt.Sprintf("must not be %s, %s", path, closed)}
	}
	url = address(other)
	if !again {
		if problem := s.checkVariable(variable, url); problem != nil {
			return "", problem
		}
	}
	if problem := s.checkCircle(other); problem != nil {
		return "", problem
	}
	if problem := s.checkStacks(path, stackOf(other, url)); problem != nil {
		return "", problem
	}
	return url, s.checkReach(path, other.reach())
}

// checkCircle reports services of which each would have to be made before the other. The problem
// has no field.
func (s *Service) checkCircle(other IService) *Problem {
	for _, first := range other.needsFirst() {
		if role := *s.made.Role.Node().Path(); first.made.Reach.Grant != nil &&
			*first.made.Role.Node().Path() == role {
			return &Problem{
				Message: fmt.Sprintf("must not be %s, whose role is this service's too, %s: "+
					"it would have to be made before the role may call it", *other.Node().Path(), role),
				Fix: "give each service a role of its own",
			}
		}
		if first == s {
			return s.circle(other, fmt.Sprintf("whose front %s stands above this service too", s.front.path))
		}
		if way := first.wayTo(s, map[*Service]bool{}); way != nil {
			uses := "which uses "
			if IService(first) != other {
				uses = "whose front waits for " + *first.Node().Path() + ", which uses "
			}
			return s.circle(other, uses+strings.Join(way, ", which uses "))
		}
	}
	return nil
}

// circle says that each of two services would have to be made before the other.
func (s *Service) circle(other IService, why string) *Problem {
	where := "on " + s.check.platform.Name
	fix := "choose a hosting whose address comes first for one of them, such as " +
		"fargateweb.Hosting{} or lambdaweb.Hosting{Endpoint: lambdaweb.HTTPAPI{}}; or put a front with a " +
		"Domain above one (webfront.NewFront), whose address is known"
	if service, ok := other.(*Service); ok && service.front != nil || s.front != nil {
		where = "below a front without a Domain"
		fix = "give the front a Domain, whose address is known"
	}
	return &Problem{
		Message: fmt.Sprintf("must not be %s, %s: %s an address is known only after "+
			"the service is made, so each would have to be made before the other",
			*other.Node().Path(), why, where),
		Fix: fix,
	}
}

// wayTo returns the paths of what a service uses on the way to another one, or nil if there is no
// way. Services whose address comes first end it.
func (s *Service) wayTo(to *Service, seen map[*Service]bool) []string {
	for _, link := range s.links {
		for _, next := range link.needsFirst() {
			if seen[next] {
				continue
			}
			seen[next] = true
			path := *next.Node().Path()
			if next == to {
				return []string{path}
			}
			if way := next.wayTo(to, seen); way != nil {
				return append([]string{path}, way...)
			}
		}
	}
	return nil
}

// checkPlace reports a service that the CDK cannot refer to from here. The problem has no field.
func (s *Service) checkPlace(other IService) *Problem {
	if _, imported := other.(*ImportedService); imported {
		return nil
	}
	path := *other.Node().Path()
	const fix = "import it with web.FromServiceAttributes"
	if awscdk.Stage_Of(other) != awscdk.Stage_Of(s) {
		return &Problem{
			Message: fmt.Sprintf(
				"must not be %s, which belongs to another app, or another stage of it",
				path,
			),
			Fix: fix,
		}
	}
	there := token.Literal(*awscdk.Stack_Of(other).Account())
	if here := s.check.Target.Account; here != "" && there != "" && here != there {
		return &Problem{
			Message: fmt.Sprintf(
				"must not be %s, which is in account %s, while this service is in %s",
				path,
				there,
				here,
			),
			Fix: fix,
		}
	}
	return nil
}

// checkStacks reports two stacks that would each have to be deployed before the other. The problem
// has no field.
func (s *Service) checkStacks(path string, stack awscdk.Stack) *Problem {
	if stack == nil || !isDeployedAlone(stack, s.check.Stack) {
		return nil
	}
	if !reachesStack(stack, s.check.Stack, map[awscdk.Stack]bool{}) {
		return nil
	}
	return &Problem{
		Message: fmt.Sprintf(
			"must not be %s of stack %s, which depends on stack %s already: "+
				"each would have to be deployed before the other",
			path,
			*stack.Node().Path(),
			*s.check.Stack.Node().Path(),
		),
		Fix: "put both services into one stack, or import one of them with web.FromServiceAttributes",
	}
}

// reachesStack reports whether a stack depends on another one, as far as it is known before the app
// synthesizes.
func reachesStack(from, to awscdk.Stack, seen map[awscdk.Stack]bool) bool {
	seen[from] = true
	for _, stack := range slices.Concat(stackLinks[from], *from.Dependencies()) {
		if stack == to || !seen[stack] && reachesStack(stack, to, seen) {
			return true
		}
	}
	return false
}

// checkReach reports a server that cannot get to where a service is. The problem has no field.
func (s *Service) checkReach(path string, reach Reach) *Problem {
	if isNil(reach.VPC) && reach.Connections == nil {
		return nil
	}
	if s.made.Connections == nil {
		vpc := "its VPC"
		if !isNil(reach.VPC) {
			vpc = "the VPC " + *reach.VPC.Node().Path()
		}
		return &Problem{
			Message: fmt.Sprintf(
				"must not be %s, which is reached from %s only: Connections of this service %s",
				path,
				vpc,
				s.noConnections(),
			),
		}
	}
	if !otherVPC(s.VPC(), reach.VPC) {
		return nil
	}
	here, fix := *s.VPC().Node().Path(), "put both into one VPC; or if the VPCs are connected, "+
		"set the URL with AddEnvironment and open the ports with Connections"
	if s.madeVPC() {
		here = "a VPC made for it because none was set"
		fix = "set Workload.VPC to " + *reach.VPC.Node().Path()
	}
	return &Problem{
		Message: fmt.Sprintf(
			"must not be %s, which is reached from the VPC %s only, while this service is in %s",
			path,
			*reach.VPC.Node().Path(),
			here,
		),
		Fix: fix,
	}
}

// madeVPC reports whether the VPC that the server is in was made with the service.
func (s *Service) madeVPC() bool {
	return strings.HasPrefix(*s.VPC().Node().Path(), *s.Node().Path()+"/")
}

// otherVPC reports whether two VPCs are certainly not the same.
func otherVPC(one, other awsec2.IVpc) bool {
	if isNil(one) || isNil(other) || one == other {
		return false
	}
	id, otherID := *one.VpcId(), *other.VpcId()
	if id == otherID {
		return false
	}
	if !token.In(id) && !token.In(otherID) {
		return true
	}
	// The id of an imported one may be a token for the id of the other.
	return *awscdk.Resource_IsOwnedResource(one) && *awscdk.Resource_IsOwnedResource(other)
}
