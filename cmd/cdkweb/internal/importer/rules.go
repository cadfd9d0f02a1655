package importer

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Limits of a rule of a load balancer: of hosts, paths and addresses, and of * and ? in them.
const (
	maxValues    = 5
	maxWildcards = 5
	maxRules     = 100 // of a load balancer, a quota
)

// A condition is what one rule of a load balancer asks of requests. What a manifest has in one rule may
// need several of them.
type condition struct {
	hosts, paths, sources []string
	priority              int // 0 leaves the number to the library
}

// split divides conditions into those of rules that have at most five values each. All rules
// together take the same requests: those of each host, path and address.
func split(hosts, paths, sources []string) []condition {
	if fits(hosts, paths, sources) {
		return []condition{{hosts: hosts, paths: paths, sources: sources}}
	}
	// The paths stay together, as long as there is room for a host and an address beside them.
	var best []condition
	for _, size := range []int{len(paths), 1} {
		for h := 1; h <= maxValues; h++ {
			for s := 1; s <= maxValues; s++ {
				if made, ok := grid(hosts, paths, sources, h, max(size, 1), s); ok && (best == nil || len(made) < len(best)) {
					best = made
				}
			}
		}
		if best != nil {
			return best
		}
	}
	panic("importer: a path or a host has more wildcards than a rule") // the reader refuses them
}

// grid has at most h hosts, p paths and s addresses in each rule. It is false if one has too many.
func grid(hosts, paths, sources []string, h, p, s int) ([]condition, bool) {
	chunks := func(values []string, size int) [][]string {
		if len(values) == 0 {
			return [][]string{nil}
		}
		return slices.Collect(slices.Chunk(values, size))
	}
	var all []condition
	for _, hosts := range chunks(hosts, h) {
		for _, paths := range chunks(paths, p) {
			for _, sources := range chunks(sources, s) {
				if !fits(hosts, paths, sources) {
					return nil, false
				}
				all = append(all, condition{hosts: hosts, paths: paths, sources: sources})
			}
		}
	}
	return all, true
}

func fits(hosts, paths, sources []string) bool {
	wildcards := 0
	for _, pattern := range slices.Concat(hosts, paths) {
		wildcards += strings.Count(pattern, "*") + strings.Count(pattern, "?")
	}
	return len(hosts)+len(paths)+len(sources) <= maxValues && wildcards <= maxWildcards
}

// specific compares what two rules ask for: the more specific one comes first. Rules for all paths
// come last, as Copilot has them; of others, hosts count before paths, and those before addresses.
func (p condition) specific(other condition) int {
	literal := func(patterns []string) int {
		least := 1 << 10 // without any, every request fits
		for _, pattern := range patterns {
			if wildcards := strings.Count(pattern, "*") + strings.Count(pattern, "?"); wildcards > 0 {
				least = min(least, len(pattern)-wildcards)
			}
		}
		if len(patterns) == 0 {
			return 0
		}
		return least
	}
	every := func(c condition) int {
		if literal(c.paths) <= 1 {
			return 1
		}
		return 0
	}
	return cmp.Or(
		cmp.Compare(every(p), every(other)),
		cmp.Compare(literal(other.hosts), literal(p.hosts)),
		cmp.Compare(literal(other.paths), literal(p.paths)),
		cmp.Compare(min(len(other.sources), 1), min(len(p.sources), 1)),
	)
}

// nobody is a path that no client asks for: that of the service's own rule, if all its requests are
// for another container.
func (s *service) nobody() string { return "/-/" + goName(s.name) }

// behind reports whether the load balancer of a service stands in the program, beside the service.
func (s *service) behind(e *environment) bool {
	if s.hosting != fargateHosting {
		return false
	}
	return e.shared != nil && !s.alone || (len(s.front.names) > 0 || len(s.front.certificates) > 0) && !s.domain()
}

// divide settles the rules of an environment's load balancers.
func divide(e *environment) {
	var shared []*service
	for _, s := range e.services {
		if s.hosting != fargateHosting {
			continue
		}
		s.ownParts(e)
		for i := range s.rules {
			r := &s.rules[i]
			r.parts = split(r.hosts, r.paths, r.sources)
		}
		if e.shared != nil && !s.alone {
			shared = append(shared, s)
		} else {
			prioritize([]*service{s})
		}
	}
	prioritize(shared)
}

// ownParts are the rules that lead to the service's own container.
func (s *service) ownParts(e *environment) {
	hosts, paths, sources := s.hosts, s.front.paths, s.front.sources
	if s.kind == requestDriven {
		hosts = s.front.names // it had an address of its own
	}
	if !s.behind(e) {
		hosts = nil // the load balancer is for one name
		if s.allowFrom() {
			sources = nil // a security group lets them in
		}
	}
	if slices.ContainsFunc(s.rules, func(r rule) bool { return r.main }) {
		hosts, paths, sources = nil, []string{s.nobody()}, nil
	}
	all := paths
	if len(paths) == 0 && !s.behind(e) && len(sources) > 0 {
		all = []string{"/*"} // which is in the rule before the addresses are
	}
	s.parts = split(hosts, all, sources)
	for i := range s.parts {
		if len(paths) == 0 {
			s.parts[i].paths = nil
		}
	}
}

// prioritize gives the rules of one load balancer numbers, if the services have more than one rule each.
// The library's own numbers are of one rule for each service.
func prioritize(services []*service) {
	var all []*condition
	more := false
	for _, s := range services {
		for i := range s.parts {
			all = append(all, &s.parts[i])
		}
		more = more || len(s.parts) > 1 || len(s.rules) > 0
		for _, r := range s.rules {
			for i := range r.parts {
				all = append(all, &r.parts[i])
			}
		}
	}
	if !more {
		return
	}
	slices.SortStableFunc(all, func(a, b *condition) int { return a.specific(*b) })
	step := 10
	if len(all) > 99 {
		step = 1
	}
	if len(all) > maxRules {
		services[0].noteAbout("http", atFront, fmt.Sprintf("needs %d rules of the load balancer", len(all)),
			fmt.Sprintf("AWS lets one have %d unless it raises the quota: use larger address blocks, or fewer names", maxRules))
	}
	for i, p := range all {
		p.priority = (i + 1) * step
	}
}

// prefixes are addresses of clients as an expression.
func prefixes(sources []string) string {
	var all []string
	for _, source := range sources {
		all = append(all, fmt.Sprintf("netip.MustParsePrefix(%q)", source))
	}
	return "[]netip.Prefix{" + strings.Join(all, ", ") + "}"
}

// ipv4 reports whether all addresses are of IPv4: others need a load balancer with DualStack.
func ipv4(sources []string) bool {
	return !slices.ContainsFunc(sources, func(source string) bool { return strings.Contains(source, ":") })
}

// golang is the rule as the load balancer takes it.
func (p condition) golang() string {
	fields := p.fields()
	if len(fields) < 3 && len(p.sources) == 0 {
		return "webalb.Rule{" + strings.Join(fields, ", ") + "}"
	}
	return "webalb.Rule{\n" + strings.Join(fields, ",\n") + ",\n}"
}

func (p condition) fields() []string {
	var fields []string
	if len(p.hosts) > 0 {
		fields = append(fields, "Hosts: []string{"+hosts_(p.hosts)+"}")
	}
	if len(p.paths) > 0 {
		fields = append(fields, "Paths: []string{"+strings_(p.paths)+"}")
	}
	if len(p.sources) > 0 {
		fields = append(fields, "AllowFrom: "+prefixes(p.sources))
	}
	if p.priority > 0 {
		fields = append(fields, fmt.Sprintf("Priority: %d", p.priority))
	}
	return fields
}
