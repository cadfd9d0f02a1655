package webalb

import (
	"fmt"
	"hash/fnv"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// Rule says which requests a service gets. The zero value is every request that no other rule
// takes. What else a rule can ask for (headers, methods, addresses) is added to the rule that
// [LoadBalancer.Forward] returns, with AddCondition.
type Rule struct {
	// Hosts are host names, of which a request must have one: "shop.example.com". A * stands for
	// any characters, and a ? for one, before the last dot; after it there are letters only. Upper
	// and lower case are the same. At most 128 characters, and with Paths at most 5 values and 5 of
	// * and ?.
	// Optional. Default: any host.
	Hosts []string

	// Paths are patterns, of which a request's path must match one: "/api/*", which is not "/api".
	// A * stands for any characters, slashes too, and a ? for one. Upper and lower case differ. The
	// server sees the path as it is. At most 128 letters, digits and _-.$/~"'@:+&, and with Hosts
	// at most 5 values and 5 of * and ?.
	// Optional. Default: any path.
	Paths []string

	// Priority of the rule, 1 to 50000: of the rules that match a request, the lowest wins. Up to
	// 999 and from 49000 on, the numbers are yours: by default none of them is chosen. Two rules
	// cannot swap theirs in one deployment.
	// Optional. Default: a number by which the more specific of two rules wins: a host name comes
	// before a pattern of host names, and that before any host; then a path before a pattern of
	// paths, and that before any path; of two patterns the one with more characters beside * and ?.
	// The number depends on the rule and on the service's place in the tree alone, and so stays
	// when other services come or go. If two services get the same number, the error names one that
	// is free. That happens on about one in fifty load balancers of twenty services, and on one in
	// five if the services' paths are all of one length.
	Priority int

	// AllowFrom are the addresses that clients may have; requests of others go on to the rules
	// behind. With Hosts and Paths at most 5 values. For more, there is AllowFrom of the load
	// balancer. Services set it by web.ServiceProps.AllowFrom.
	// Optional. Default: every address that the load balancer lets in.
	AllowFrom []netip.Prefix

	// Login lets in only clients who have logged in. Optional. Default: everybody.
	Login *Login

	// Ready says that the targets can respond as soon as the rule is there, as functions can. Of
	// two rules of one service that CloudFormation replaces by each other, by default the one that
	// is ready comes first, so that a switch of its hosting sends no request to tasks that have yet
	// to start. The endpoint of package lambdaweb sets it.
	// Optional. Default: false, the targets have to start first.
	Ready bool
}

// Limits of rules: Elastic Load Balancing, "Condition types for listener rules" and "Quotas for
// your Application Load Balancers".
const (
	maxPriority  = 50000
	maxPattern   = 128 // characters
	maxValues    = 5   // of all conditions of a rule
	maxWildcards = 5   // of all conditions of a rule; AWS's pages say 5 and 6
	maxServices  = 100 // target groups of a load balancer, a quota that AWS does not raise
)

var (
	hostPattern = regexp.MustCompile(`^[A-Za-z0-9*?.-]+\.[A-Za-z]+$`)
	pathPattern = regexp.MustCompile("^[/*][A-Za-z0-9_.$/~\"'@:+&*?-]*$")
)

// CheckRule checks the rule of a service before anything is made. Field is the path of the fields
// of the rule: "Hosting.".
//
// A nil load balancer is the service's own, which has no other rule.
func (l *LoadBalancer) CheckRule(c *web.Check, field string, rule Rule) {
	if l == nil {
		l = &LoadBalancer{}
	} else if l.Construct == nil {
		c.Problem(web.Problem{
			Field:   field + "LoadBalancer",
			Message: "must be one of webalb.NewLoadBalancer or webalb.FromListener",
			Fix:     `make one with webalb.NewLoadBalancer(stack, "Front", nil)`,
		})
		return
	}
	rule = l.ruleOf(c, rule)
	for _, problem := range l.problems(rule, field, c.Scope) {
		c.Problem(problem)
	}
	l.checkAccess(c, field, rule)
	if c.Stack == nil || l.Construct == nil {
		return
	}
	if awscdk.Stage_Of(l) != awscdk.Stage_Of(c.Stack) {
		c.Problem(web.Problem{
			Field:   field + "LoadBalancer",
			Message: "belongs to another app, or another stage of it",
			Fix:     "make one in each",
		})
		return
	}
	here, there := l.at(), c.Target
	for _, place := range []struct{ here, there string }{
		{token.Literal(here.account), token.Literal(there.Account)},
		{token.Literal(here.region), token.Literal(there.Region)},
	} {
		problem := web.Problem{Field: field + "LoadBalancer"}
		switch {
		case place.here == place.there:
			continue
		case place.there == "":
			problem.Message = fmt.Sprintf(
				"is in %s, and the stack of the service leaves open where it is",
				place.here,
			)
			problem.Fix = "set Env of both stacks, or of none"
		case place.here == "":
			problem.Message = fmt.Sprintf(
				"is in a stack that leaves open where it is, and the service in %s",
				place.there,
			)
			problem.Fix = "set Env of both stacks, or of none"
		default:
			problem.Message = fmt.Sprintf(
				"is in %s, and the service in %s",
				place.here,
				place.there,
			)
			problem.Fix = "make one in the account and region of the service"
		}
		c.Problem(problem)
	}
}

// problems are those of a rule by itself and beside the load balancer's other rules. Scope is empty
// if the service has no place in the tree yet.
func (l *LoadBalancer) problems(rule Rule, field, scope string) []web.Problem {
	if problems := rule.problems(field); len(problems) > 0 {
		return problems
	}
	if len(l.rules) >= maxServices {
		return []web.Problem{{
			Field: field + "LoadBalancer",
			Message: fmt.Sprintf(
				"has %d services already, the most that AWS lets one have",
				len(l.rules),
			),
			Fix: "make a second one",
		}}
	}
	if problem := l.numberTaken(rule, field, scope); problem != nil {
		return []web.Problem{*problem}
	}
	for _, other := range l.rules {
		if problem := l.hidden(rule, other, field, scope); problem != nil {
			return []web.Problem{*problem}
		}
	}
	return nil
}

// problems checks the rule by itself.
func (r Rule) problems(field string) []web.Problem {
	var problems []web.Problem
	report := func(name, message, fix string, got any) {
		problems = append(
			problems,
			web.Problem{Field: field + name, Message: message, Fix: fix, Got: got},
		)
	}
	for i, host := range r.Hosts {
		switch field := fmt.Sprintf("Hosts[%d]", i); {
		case slices.Contains(r.Hosts[:i], host):
			report(field, "is there twice", "leave one of them out", host)
		case !token.In(host) && (!hostPattern.MatchString(host) || len(host) > maxPattern):
			report(
				field,
				fmt.Sprintf(
					"must be a host name of up to %d characters, such as shop.example.com or *.example.com, "+
						"and letters only after the last dot",
					maxPattern,
				),
				hostFix(host),
				host,
			)
		}
	}
	for i, path := range r.Paths {
		switch field := fmt.Sprintf("Paths[%d]", i); {
		case slices.Contains(r.Paths[:i], path):
			report(field, "is there twice", "leave one of them out", path)
		case !token.In(path) && (!pathPattern.MatchString(path) || len(path) > maxPattern):
			report(
				field,
				fmt.Sprintf(
					"must start with a slash or * and have up to %d letters, digits and _-.$/~\"'@:+&*?",
					maxPattern,
				),
				pathFix(path),
				path,
			)
		}
	}
	all := append(slices.Clone(r.Hosts), r.Paths...)
	switch values := len(all) + len(r.AllowFrom); {
	case values > maxValues && len(r.AllowFrom) > 0:
		problems = append(problems, web.Problem{
			Field:   "AllowFrom",
			Message: fmt.Sprintf("must be %d at most with the Hosts and Paths of the service's rule", maxValues),
			Got:     values,
			Fix:     "use larger prefixes, or set AllowFrom of the load balancer",
		})
	case values > maxValues:
		report(
			"Paths",
			fmt.Sprintf("and Hosts must be %d at most together", maxValues),
			"use patterns, or a second service",
			len(all),
		)
	}
	if wildcards := strings.Count(strings.Join(all, ""), "*") + strings.Count(strings.Join(all, ""), "?"); wildcards > maxWildcards {
		report(
			"Paths",
			fmt.Sprintf("and Hosts must have %d of * and ? at most together", maxWildcards),
			"",
			wildcards,
		)
	}
	for _, pattern := range all {
		if r.Priority == 0 && token.In(pattern) && isPattern(token.Without(pattern)) {
			report(
				"Priority",
				fmt.Sprintf(
					"is required: %q has a token beside * or ?, so it is not known which rules are more specific",
					token.Without(pattern),
				),
				"set it, to less than that of what is more general",
				nil,
			)
			break
		}
	}
	if r.Priority < 0 || r.Priority > maxPriority {
		report(
			"Priority",
			fmt.Sprintf("must be between 1 and %d", maxPriority),
			"leave it out for one that fits",
			r.Priority,
		)
	}
	return problems
}

// hostFix says what to do about what is no host name.
func hostFix(host string) string {
	switch {
	case host == "*" || host == "":
		return "leave Hosts out for any host"
	case strings.Contains(host, "://"):
		return "leave the scheme and the path out"
	case strings.Contains(host, ":"):
		return "leave the port out"
	}
	return ""
}

// pathFix says what to do about what is no path.
func pathFix(path string) string {
	switch {
	case path == "":
		return "leave Paths out for any path"
	case strings.Contains(path, "?") && strings.Contains(path, "="):
		return "leave the query out, which is no part of a path"
	case !strings.HasPrefix(path, "/") && pathPattern.MatchString("/"+path):
		return fmt.Sprintf("write %q", "/"+path)
	}
	return ""
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

// placedRule is a rule of the load balancer.
type placedRule struct {
	Rule
	priority int
	scope    string // path of what it belongs to
}

// numberTaken reports a priority that another rule has.
func (l *LoadBalancer) numberTaken(rule Rule, field, scope string) *web.Problem {
	if scope == "" && rule.Priority == 0 {
		return nil
	}
	priority := rule.priority(scope)
	other, ok := l.taken(priority)
	switch {
	case !ok:
		return nil
	case rule.Priority != 0:
		return &web.Problem{
			Field:   field + "Priority",
			Message: "is that of " + other + " on the same load balancer",
			Got:     rule.Priority,
			Fix:     "choose another, or leave it out",
		}
	}
	return &web.Problem{
		Field: field + "Priority",
		Message: fmt.Sprintf(
			"would be %d, which is that of %s on the same load balancer",
			priority,
			other,
		),
		Fix: fmt.Sprintf("set it, to %d for instance", l.free(rule, priority)),
	}
}

// free is a number of the rule's band that no rule has or, if all are taken, the next lower one.
func (l *LoadBalancer) free(rule Rule, priority int) int {
	first, size := rule.band()
	for i := range size {
		free := first + (priority-first+i)%size
		if _, used := l.taken(free); !used {
			return free
		}
	}
	for free := first - 1; ; free-- {
		if _, used := l.taken(free); !used {
			return free
		}
	}
}

// taken returns whose a priority is.
func (l *LoadBalancer) taken(priority int) (scope string, ok bool) {
	i := slices.IndexFunc(l.rules, func(rule placedRule) bool { return rule.priority == priority })
	if i < 0 {
		return "", false
	}
	return l.rules[i].scope, true
}

// hidden reports a rule that gets none of the requests of one of its conditions, because the other
// one comes before it and takes them all. Whoever gives the later one its Priority means it.
func (l *LoadBalancer) hidden(rule Rule, other placedRule, field, scope string) *web.Problem {
	known := scope != "" || rule.Priority != 0
	priority := rule.priority(scope)
	for _, mine := range rule.conditions() {
		for _, theirs := range other.conditions() {
			over, under := mine.covers(theirs), theirs.covers(mine)
			switch {
			case over && under && (!known && other.Priority == 0 || known && rule.later(priority, other).Priority == 0):
				return &web.Problem{
					Field:   field + "LoadBalancer",
					Message: fmt.Sprintf("sends %s to %s already", mine, other.scope),
					Fix:     "give this service other Hosts or Paths",
				}
			case !known || over == under:
			case under && priority > other.priority && rule.Priority == 0:
				return &web.Problem{
					Field: field + "Priority",
					Message: fmt.Sprintf(
						"must be less than %d, that of %s, which takes %s",
						other.priority,
						other.scope,
						theirs,
					),
					Got: priority,
					Fix: l.instead(other.priority, -1),
				}
			case over && priority < other.priority && other.Priority == 0:
				return &web.Problem{
					Field: field + "Priority",
					Message: fmt.Sprintf(
						"must be greater than %d, that of %s, which takes %s",
						other.priority,
						other.scope,
						theirs,
					),
					Got: priority,
					Fix: l.instead(other.priority, +1),
				}
			}
		}
	}
	return nil
}

// later is the one of two rules with the higher number.
func (r Rule) later(priority int, other placedRule) Rule {
	if priority > other.priority {
		return r
	}
	return other.Rule
}

// instead says which priority to set: the next one in a direction that no rule has.
func (l *LoadBalancer) instead(priority, step int) string {
	for priority += step; priority >= 1 && priority <= maxPriority; priority += step {
		if _, used := l.taken(priority); !used {
			return fmt.Sprintf("set it, to %d for instance", priority)
		}
	}
	return "change that one"
}

// condition is one host and one path of a rule.
type condition struct{ host, path string }

// conditions are all combinations of the rule's hosts and paths, in lower case where that does not
// count. What is not asked for is a *.
func (r Rule) conditions() []condition {
	hosts, paths := r.Hosts, r.Paths
	if len(hosts) == 0 {
		hosts = []string{"*"}
	}
	if len(paths) == 0 {
		paths = []string{"*"}
	}
	var all []condition
	for _, host := range hosts {
		for _, path := range paths {
			all = append(all, condition{plain(strings.ToLower(host)), plain(path)})
		}
	}
	return all
}

// plain is the shortest pattern that means the same.
func plain(pattern string) string {
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	if pattern == "/*" { // every path starts with a slash
		return "*"
	}
	return pattern
}

// String says which requests the condition means.
func (c condition) String() string {
	var rule Rule
	if c.host != "*" {
		rule.Hosts = []string{c.host}
	}
	if c.path != "*" {
		rule.Paths = []string{c.path}
	}
	return rule.String()
}

// covers reports whether c takes all requests that other takes.
func (c condition) covers(other condition) bool {
	return covers(c.host, other.host) && covers(c.path, other.path)
}

// covers reports whether a pattern matches all texts that another one matches. A character that
// stands in no pattern is the hardest one to match, so it stands for those of the other one's
// wildcards; and what a pattern matches if a * stands for more of them than there can be ? in the
// pattern, it matches however many they are.
func covers(pattern, other string) bool {
	const character = "\x00"
	before, after, found := strings.Cut(other, "*")
	if !found {
		return match(pattern, strings.ReplaceAll(other, "?", character))
	}
	for n := range maxWildcards + 2 {
		if !covers(pattern, before+strings.Repeat(character, n)+after) {
			return false
		}
	}
	return true
}

// match reports whether a pattern matches a text.
func match(pattern, text string) bool {
	i, j := 0, 0
	star, from := -1, 0 // the last * of the pattern, and where what it stands for ends
	for j < len(text) {
		switch {
		case i < len(pattern) && pattern[i] == '*':
			star, from = i, j
			i++
		case i < len(pattern) && (pattern[i] == text[j] || pattern[i] == '?'):
			i, j = i+1, j+1
		case star >= 0:
			from++
			i, j = star+1, from
		default:
			return false
		}
	}
	return strings.Trim(pattern[i:], "*") == ""
}

// The priorities of rules that have none are in bands, so that the more specific of two rules wins
// whatever the order of the services. Within a band a hash of the service's place in the tree
// chooses, so that one service's priority does not depend on the others. The bands are as wide as
// the rules are usual.
const (
	firstPriority = 1000
	lastPriority  = 48999
)

// What a rule asks of hosts, the most specific first.
const (
	hostNames = iota
	hostPatterns
	anyHost
)

// score of a path that is no pattern; those of patterns are less.
const exact = maxPattern

// bands say how many priorities the rules of a score have, for the scores up to the first number.
var bands = [...][]struct{ score, size int }{
	hostNames:    {{0, 14800}, {3, 150}, {16, 500}, {32, 100}, {exact - 1, 12}, {exact, 640}},
	hostPatterns: {{63, 60}, {2*exact - 1, 8}},
	anyHost:      {{0, 300}, {3, 200}, {16, 900}, {32, 150}, {exact - 1, 15}, {exact, 900}},
}

// specificity says what the rule asks of hosts, and how much of hosts' patterns and paths: the
// characters of the one that has the fewest. A rule that takes a part of another one's requests is
// of an earlier kind, or has the higher score.
func (r Rule) specificity() (kind, score int) {
	hosts, paths := exact, exact
	for _, condition := range r.conditions() {
		hosts, paths = min(
			hosts,
			characters(condition.host),
		), min(
			paths,
			characters(condition.path),
		)
	}
	switch {
	case len(r.Hosts) == 0:
		return anyHost, paths
	case hosts == exact:
		return hostNames, paths
	}
	return hostPatterns, hosts + paths
}

// characters are those of a pattern beside * and ?.
func characters(pattern string) int {
	if !isPattern(pattern) {
		return exact
	}
	literal := token.Without(pattern) // the text of a token says nothing about its value
	return len(literal) - strings.Count(literal, "*") - strings.Count(literal, "?")
}

// band returns the first priority of the rule's band, and how many there are.
func (r Rule) band() (first, size int) { return bandOf(r.specificity()) }

func bandOf(kind, score int) (first, size int) {
	first = firstPriority
	for k, steps := range bands {
		for i := len(steps) - 1; i >= 0; i-- {
			least, most, size := 0, steps[i].score, steps[i].size
			if i > 0 {
				least = steps[i-1].score + 1
			}
			if k == kind && score >= least {
				return first + (most-score)*size, size
			}
			first += (most - least + 1) * size
		}
	}
	panic(fmt.Sprintf("webalb: no band for kind %d, score %d", kind, score)) // a mistake in bands
}

// priority returns the rule's own, or the one of its band for a place in the tree. Two hostings of
// one service, whose places have the same parent, get neighbours, the one that is ready the lower:
// CloudFormation replaces the one by the other while both rules are there.
func (r Rule) priority(scope string) int {
	if r.Priority != 0 {
		return r.Priority
	}
	first, size := r.band()
	priority := first + hash(serviceOf(scope))%(size-1)
	if !r.Ready {
		priority++
	}
	return priority
}

// serviceOf is the place of the service whose hosting has a place in the tree; of what is no
// hosting of this module it is the place itself.
func serviceOf(scope string) string {
	for _, p := range platform.All {
		if service, ok := strings.CutSuffix(scope, "/"+p.ID); ok {
			return service
		}
	}
	return scope
}

func isPattern(text string) bool { return strings.ContainsAny(text, "*?") }

// hash is FNV-1a, which stays the same for ever.
func hash(text string) int {
	sum := fnv.New64a()
	sum.Write([]byte(text))
	return int(sum.Sum64() % (1<<31 - 1))
}

// Forward sends the requests of a rule to a target group: of a hosting, whose Define passes the
// construct that it gets as scope, or of EC2 instances of yours. It panics with a
// [*web.InvalidPropsError] if the rule cannot work; hostings find that out before, with CheckRule.
func (l *LoadBalancer) Forward(
	scope constructs.Construct,
	id string,
	rule Rule,
	targets awselasticloadbalancingv2.IApplicationTargetGroup,
) awselasticloadbalancingv2.ApplicationListenerRule {
	path := *scope.Node().Path()
	problems := l.problems(rule, "", path)
	problems = append(problems, web.PrefixProblems("AllowFrom", rule.AllowFrom)...)
	problems = append(problems, rule.Login.problems("Login")...)
	if rule.Login != nil && !l.https {
		problems = append(problems, web.Problem{
			Field:   "Login",
			Message: "needs HTTPS, and the load balancer has no certificate",
			Fix:     "pass it Certificates",
		})
	}
	if len(problems) > 0 {
		panic(&web.InvalidPropsError{Path: path + "/" + id, Problems: problems})
	}
	priority := rule.priority(path)
	rule.Hosts, rule.Paths = slices.Clone(rule.Hosts), slices.Clone(rule.Paths)
	l.rules = append(l.rules, placedRule{rule, priority, path})
	l.warnOf(rule)
	var conditions []awselasticloadbalancingv2.ListenerCondition
	if len(rule.Hosts) > 0 {
		conditions = append(
			conditions,
			awselasticloadbalancingv2.ListenerCondition_HostHeaders(pointers(rule.Hosts)),
		)
	}
	if len(rule.AllowFrom) > 0 {
		conditions = append(
			conditions,
			awselasticloadbalancingv2.ListenerCondition_SourceIps(pointers(masked(rule.AllowFrom))),
		)
	}
	paths := rule.Paths
	if len(conditions) == 0 && len(paths) == 0 {
		paths = []string{"/*"} // a rule must have a condition
	}
	if len(paths) > 0 {
		conditions = append(
			conditions,
			awselasticloadbalancingv2.ListenerCondition_PathPatterns(pointers(paths)),
		)
	}
	forward := awselasticloadbalancingv2.ListenerAction_Forward(
		&[]awselasticloadbalancingv2.IApplicationTargetGroup{targets}, nil)
	made := awselasticloadbalancingv2.NewApplicationListenerRule(
		scope,
		&id,
		&awselasticloadbalancingv2.ApplicationListenerRuleProps{
			Listener:   l.Listener,
			Priority:   new(float64(priority)),
			Conditions: &conditions,
			Action:     rule.Login.action(forward),
		},
	)
	if rule.Login != nil {
		l.logins[made] = rule.Login
	}
	return made
}

// masked are prefixes as AWS writes them.
func masked(prefixes []netip.Prefix) []string {
	var all []string
	for _, prefix := range prefixes {
		all = append(all, prefix.Masked().String())
	}
	return all
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
	if host, ok := rule.name(); ok {
		return l.scheme() + host + l.port
	}
	return l.url
}

// name is the first host that is not a pattern.
func (r Rule) name() (host string, ok bool) {
	i := slices.IndexFunc(r.Hosts, func(host string) bool { return !isPattern(host) })
	if i < 0 {
		return "", false
	}
	return r.Hosts[i], true
}
