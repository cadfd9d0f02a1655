package webalb

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// Rule says which requests a service gets. The zero value is every request that no other rule
// takes.
type Rule struct {
	// Hosts are host names, of which a request must have one: "shop.example.com". A * stands for
	// any characters, and a ? for one, before the last dot. Optional. Default: any host.
	Hosts []string

	// Paths are patterns, of which a request's path must match one: "/api/*". A * stands for any
	// characters, slashes too, and a ? for one. Letters count in upper and lower case. The server
	// sees the path as it is. Optional. Default: any path.
	Paths []string

	// Priority of the rule, 1 to 50000: of the rules that match a request, the lowest wins.
	// Optional. Default: a number by which a host name comes before a pattern of host names and
	// that before any host, and then a path before a pattern of paths, the longer pattern first. It
	// depends on the rule and on the service's place in the tree alone, and so stays when other
	// services come or go.
	Priority int
}

// Limits of rules: Elastic Load Balancing, "Condition types for listener rules" and "Quotas for
// your Application Load Balancers".
const (
	maxPriority  = 50000
	maxPattern   = 128 // characters
	maxValues    = 5   // of all conditions of a rule
	maxWildcards = 5   // of all conditions of a rule; AWS's pages say 5 and 6
)

var (
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9*?.-]+\.[A-Za-z]+$`)
	pathPattern = regexp.MustCompile("^[/*][A-Za-z0-9_.$/~\"'@:+&*?-]*$")
)

// CheckRule checks the rule of a service before anything is made. Field is the path of the fields
// of the rule: "Hosting.".
func (l *LoadBalancer) CheckRule(c *web.Check, field string, rule Rule) {
	rule.check(c, field)
	key := rule.conditions()
	if other, ok := l.conditions[key]; ok {
		c.Problem(web.Problem{
			Field:   field + "LoadBalancer",
			Message: fmt.Sprintf("sends %s to %s already", rule, other),
			Fix:     "give this service other Hosts or Paths",
		})
	}
	if c.Scope == "" {
		return
	}
	priority := rule.priority(c.Scope)
	other, ok := l.priorities[priority]
	switch {
	case !ok:
	case rule.Priority != 0:
		c.Problem(web.Problem{
			Field:   field + "Priority",
			Message: "is that of " + other + " on the same load balancer",
			Got:     rule.Priority,
			Fix:     "choose another, or leave it out",
		})
	default:
		c.Problem(web.Problem{
			Field:   field + "Priority",
			Message: fmt.Sprintf("would be %d, which is that of %s on the same load balancer", priority, other),
			Fix:     fmt.Sprintf("set it, to %d for instance", l.free(priority)),
		})
	}
}

// check checks the rule by itself.
func (r Rule) check(c *web.Check, field string) {
	report := func(name, message, fix string, got any) {
		c.Problem(web.Problem{Field: field + name, Message: message, Fix: fix, Got: got})
	}
	for i, host := range r.Hosts {
		if token.In(host) {
			continue
		}
		if !hostPattern.MatchString(host) || len(host) > maxPattern {
			report(fmt.Sprintf("Hosts[%d]", i), fmt.Sprintf("must be a host name of up to %d characters, such as shop.example.com or *.example.com", maxPattern), "", host)
		}
	}
	for i, path := range r.Paths {
		if token.In(path) {
			continue
		}
		if !pathPattern.MatchString(path) || len(path) > maxPattern {
			report(fmt.Sprintf("Paths[%d]", i),
				fmt.Sprintf("must start with a slash or * and have up to %d letters, digits and _-.$/~\"'@:+&*?", maxPattern), "", path)
		}
	}
	all := append(slices.Clone(r.Hosts), r.Paths...)
	if len(all) > maxValues {
		report("Paths", fmt.Sprintf("and Hosts must be %d at most together", maxValues), "use patterns, or a second service", len(all))
	}
	if wildcards := strings.Count(strings.Join(all, ""), "*") + strings.Count(strings.Join(all, ""), "?"); wildcards > maxWildcards {
		report("Paths", fmt.Sprintf("and Hosts must have %d of * and ? at most together", maxWildcards), "", wildcards)
	}
	if r.Priority < 0 || r.Priority > maxPriority {
		report("Priority", fmt.Sprintf("must be between 1 and %d", maxPriority), "leave it out for one that fits", r.Priority)
	}
}

// String says which requests the rule means.
func (r Rule) String() string {
	text := "all requests"
	if len(r.Paths) > 0 {
		text = "requests for " + strings.Join(r.Paths, ", ")
	}
	if len(r.Hosts) > 0 {
		text += " of " + strings.Join(r.Hosts, ", ")
	}
	return text
}

// conditions is the same for rules that match the same requests.
func (r Rule) conditions() string {
	hosts := slices.Sorted(slices.Values(r.Hosts))
	for i := range hosts {
		hosts[i] = strings.ToLower(hosts[i])
	}
	return strings.Join(hosts, " ") + "\n" + strings.Join(slices.Sorted(slices.Values(r.Paths)), " ")
}

// The priorities of rules that have none are in bands, so that the more specific of two rules wins
// whatever the order of the services: three of hosts, each of which has bands for paths. Within a
// band a hash of the service's place in the tree chooses, so that one service's priority does not
// depend on the others, and two hostings of one service do not clash while CloudFormation replaces
// the one by the other.
const (
	hostBand  = 16000        // of three: names, patterns, any host
	pathBands = 32           // exact paths, then patterns by the length of what they start with
	pathBand  = 250          // of those
	anyBand   = hostBand / 2 // any path, after pathBands
)

// priority returns the rule's own, or the one of its band for a place in the tree.
func (r Rule) priority(scope string) int {
	if r.Priority != 0 {
		return r.Priority
	}
	hash := fnv.New32a()
	hash.Write([]byte(scope))
	first, size := r.band()
	return first + int(hash.Sum32()%uint32(size))
}

// band returns the first priority of the rule's band, and how many there are.
func (r Rule) band() (first, size int) {
	first = 1
	switch {
	case len(r.Hosts) == 0:
		first += 2 * hostBand
	case slices.ContainsFunc(r.Hosts, isPattern):
		first += hostBand
	}
	if len(r.Paths) == 0 {
		return first + pathBands*pathBand, anyBand
	}
	least := pathBands // characters that every path starts with
	for _, path := range r.Paths {
		if isPattern(path) {
			least = min(least, strings.IndexAny(path, "*?"))
		}
	}
	if least == pathBands {
		return first, pathBand
	}
	return first + (pathBands-1-min(least, pathBands-2))*pathBand, pathBand
}

func isPattern(text string) bool { return strings.ContainsAny(token.Without(text), "*?") }

// free is the next priority that no service has.
func (l *LoadBalancer) free(priority int) int {
	for l.priorities[priority] != "" {
		priority = priority%maxPriority + 1
	}
	return priority
}

// Forward sends the requests of a rule to a target group. Scope is the construct that a hosting's
// Define gets, and the rule was checked by CheckRule.
func (l *LoadBalancer) Forward(
	scope constructs.Construct,
	id string,
	rule Rule,
	targets awselasticloadbalancingv2.IApplicationTargetGroup,
) awselasticloadbalancingv2.ApplicationListenerRule {
	path := *scope.Node().Path()
	priority := rule.priority(path)
	l.priorities[priority], l.conditions[rule.conditions()] = path, path
	var conditions []awselasticloadbalancingv2.ListenerCondition
	if len(rule.Hosts) > 0 {
		conditions = append(conditions, awselasticloadbalancingv2.ListenerCondition_HostHeaders(pointers(rule.Hosts)))
	}
	paths := rule.Paths
	if len(conditions) == 0 && len(paths) == 0 {
		paths = []string{"/*"} // a rule must have a condition
	}
	if len(paths) > 0 {
		conditions = append(conditions, awselasticloadbalancingv2.ListenerCondition_PathPatterns(pointers(paths)))
	}
	return awselasticloadbalancingv2.NewApplicationListenerRule(scope, &id, &awselasticloadbalancingv2.ApplicationListenerRuleProps{
		Listener:     l.Listener,
		Priority:     new(float64(priority)),
		Conditions:   &conditions,
		TargetGroups: &[]awselasticloadbalancingv2.IApplicationTargetGroup{targets},
	})
}

func pointers(values []string) *[]*string {
	var all []*string
	for _, value := range values {
		all = append(all, &value)
	}
	return &all
}

// URLOf is the address of a rule's requests without a slash at the end: its first host that is not
// a pattern, or else the load balancer's own. The paths of the rule are not part of it, because the
// server sees them as they are.
func (l *LoadBalancer) URLOf(rule Rule) string {
	for _, host := range rule.Hosts {
		if !isPattern(host) {
			return l.scheme() + host
		}
	}
	return l.url
}
