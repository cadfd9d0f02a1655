package webalb

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// texts are the problems as sentences.
func texts(problems []web.Problem) []string {
	var all []string
	for _, problem := range problems {
		all = append(all, problem.Error())
	}
	return all
}

// place adds rules of services by their paths, in order, and returns the problems of the last one.
func place(l *LoadBalancer, scope string, rule Rule) []string {
	problems := l.problems(rule, "Hosting.", scope)
	if len(problems) == 0 {
		l.rules = append(l.rules, placedRule{rule, rule.priority(scope), scope})
	}
	return texts(problems)
}

func TestRulePatterns(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 120)
	const hosts = "must be a host name of up to 128 characters, such as shop.example.com or *.example.com, and letters only after the last dot"
	const paths = `must start with a slash or * and have up to 128 letters, digits and _-.$/~"'@:+&*?`
	for _, test := range []struct {
		rule Rule
		want []string
	}{
		{rule: Rule{}},
		{rule: Rule{Hosts: []string{"shop.example.com", "*.example.com", "a-?.Example.COM", long + ".com", "${Token[TOKEN.1]}"}}},
		{rule: Rule{Hosts: []string{long + ".example"}}},
		{rule: Rule{Hosts: []string{long + ".examples"}}, want: []string{fmt.Sprintf("Hosting.Hosts[0] %s, got %q", hosts, long+".examples")}},
		{rule: Rule{Hosts: []string{"a.io", "localhost"}}, want: []string{"Hosting.Hosts[1] " + hosts + `, got "localhost"`}},
		{rule: Rule{Hosts: []string{""}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got ""; leave Hosts out for any host`}},
		{rule: Rule{Hosts: []string{"*"}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got "*"; leave Hosts out for any host`}},
		{rule: Rule{Hosts: []string{"10.0.0.1"}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got "10.0.0.1"`}},
		{rule: Rule{Hosts: []string{"example.*"}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got "example.*"`}},
		{rule: Rule{Hosts: []string{"example.com:8080"}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got "example.com:8080"; leave the port out`}},
		{rule: Rule{Hosts: []string{"https://a.io/b"}}, want: []string{"Hosting.Hosts[0] " + hosts + `, got "https://a.io/b"; leave the scheme and the path out`}},
		{rule: Rule{Hosts: []string{"a.io", "a.io"}}, want: []string{`Hosting.Hosts[1] is there twice, got "a.io"; leave one of them out`}},
		{rule: Rule{Paths: []string{"/a", "/b", "/a"}}, want: []string{`Hosting.Paths[2] is there twice, got "/a"; leave one of them out`}},
		{rule: Rule{Paths: []string{"/search?q=*"}}, want: []string{"Hosting.Paths[0] " + paths + `, got "/search?q=*"; leave the query out, which is no part of a path`}},
		{rule: Rule{Paths: []string{"/", "/api/*", "*.png", `/a_-.$/~"'@:+&`, "/?"}}},
		{rule: Rule{Paths: []string{"/" + strings.Repeat("a", 127)}}},
		{rule: Rule{Paths: []string{"/" + strings.Repeat("a", 128)}}, want: []string{fmt.Sprintf("Hosting.Paths[0] %s, got %q", paths, "/"+strings.Repeat("a", 128))}},
		{rule: Rule{Paths: []string{"api/*"}}, want: []string{"Hosting.Paths[0] " + paths + `, got "api/*"; write "/api/*"`}},
		{rule: Rule{Paths: []string{"/a b"}}, want: []string{"Hosting.Paths[0] " + paths + `, got "/a b"`}},
		{rule: Rule{Paths: []string{"/a%20b"}}, want: []string{"Hosting.Paths[0] " + paths + `, got "/a%20b"`}},
		{rule: Rule{Paths: []string{"/ä"}}, want: []string{"Hosting.Paths[0] " + paths + `, got "/ä"`}},
		{rule: Rule{Paths: []string{""}}, want: []string{"Hosting.Paths[0] " + paths + `, got ""; leave Paths out for any path`}},
		{rule: Rule{Hosts: []string{"a.io", "b.io"}, Paths: []string{"/a", "/b", "/c"}}},
		{rule: Rule{Hosts: []string{"a.io", "b.io"}, Paths: []string{"/a", "/b", "/c", "/d"}},
			want: []string{"Hosting.Paths and Hosts must be 5 at most together, got 6; use patterns, or a second service"}},
		{rule: Rule{Hosts: []string{"*.a.io"}, Paths: []string{"/??/*/*"}}},
		{rule: Rule{Hosts: []string{"*.a.io"}, Paths: []string{"/??/*/*/*"}},
			want: []string{"Hosting.Paths and Hosts must have 5 of * and ? at most together, got 6"}},
		{rule: Rule{Priority: 1}},
		{rule: Rule{Priority: 50000}},
		{rule: Rule{Priority: -1}, want: []string{"Hosting.Priority must be between 1 and 50000, got -1; leave it out for one that fits"}},
		{rule: Rule{Priority: 50001}, want: []string{"Hosting.Priority must be between 1 and 50000, got 50001; leave it out for one that fits"}},
	} {
		for _, scope := range []string{"", "Stack/Site/Memory"} {
			if got := place(&LoadBalancer{}, scope, test.rule); !slices.Equal(got, test.want) {
				t.Errorf("%v at %q: got\n\t%s\nwant\n\t%s", test.rule, scope, strings.Join(got, "\n\t"), strings.Join(test.want, "\n\t"))
			}
		}
	}
}

// Two services want the same requests, or the one would never get any of a condition.
func TestRulesThatHideOthers(t *testing.T) {
	t.Parallel()
	const already = "Hosting.LoadBalancer sends %s to Stack/First/Memory already; give this service other Hosts or Paths"
	first := Rule{Hosts: []string{"a.io"}, Paths: []string{"/a", "/b/*"}}
	for _, test := range []struct {
		name          string
		first, second Rule
		want          string // after "Hosting."
	}{
		{name: "other hosts", first: Rule{Hosts: []string{"a.io"}}, second: Rule{Hosts: []string{"b.io"}}},
		{name: "other paths", first: Rule{Paths: []string{"/a"}}, second: Rule{Paths: []string{"/A"}}},
		{name: "a path of a host", first: Rule{Hosts: []string{"a.io"}}, second: Rule{Hosts: []string{"a.io"}, Paths: []string{"/a"}}},
		{name: "all requests", want: fmt.Sprintf(already, "all requests")},
		{name: "all paths are all requests", second: Rule{Paths: []string{"/*"}}, want: fmt.Sprintf(already, "all requests")},
		{name: "all paths are all requests", first: Rule{Paths: []string{"/**"}}, second: Rule{Paths: []string{"*"}}, want: fmt.Sprintf(already, "all requests")},
		{name: "upper and lower case of hosts", first: Rule{Hosts: []string{"a.io"}}, second: Rule{Hosts: []string{"A.IO"}}, want: fmt.Sprintf(already, "all requests of a.io")},
		{name: "the same in another order", first: first, second: Rule{Hosts: []string{"a.io"}, Paths: []string{"/b/*", "/a"}},
			want: fmt.Sprintf(already, "requests for /b/* of a.io")},
		{name: "the same twice", first: Rule{Paths: []string{"/a"}}, second: Rule{Paths: []string{"/a", "/a*"}}, want: fmt.Sprintf(already, "requests for /a")},
		{name: "one of several", first: first, second: Rule{Hosts: []string{"b.io", "a.io"}, Paths: []string{"/a"}},
			want: fmt.Sprintf(already, "requests for /a of a.io")},
		{name: "the same, and this one comes later on purpose", first: first, second: Rule{Hosts: []string{"a.io"}, Paths: []string{"/a"}, Priority: 49000}},
		{name: "the same, and this one comes earlier", first: first, second: Rule{Hosts: []string{"a.io"}, Paths: []string{"/a"}, Priority: 10},
			want: fmt.Sprintf(already, "requests for /a of a.io")},
		{name: "the same, and both say when", first: Rule{Priority: 20}, second: Rule{Priority: 10}},
		{name: "a number that is taken", first: Rule{Priority: 20, Paths: []string{"/a"}}, second: Rule{Priority: 20},
			want: "Hosting.Priority is that of Stack/First/Memory on the same load balancer, got 20; choose another, or leave it out"},
		{name: "a pattern with a number of its own before", first: Rule{Paths: []string{"/a/*"}, Priority: 5}, second: Rule{Paths: []string{"/a/b"}},
			want: "Hosting.Priority must be less than 5, that of Stack/First/Memory, which takes requests for /a/*, got NUMBER; set it, to 4 for instance"},
		{name: "nothing is left before", first: Rule{Priority: 1}, second: Rule{Paths: []string{"/a/b"}},
			want: "Hosting.Priority must be less than 1, that of Stack/First/Memory, which takes all requests, got NUMBER; change that one"},
		{name: "a pattern before one that has a number of its own", first: Rule{Hosts: []string{"a.io"}, Priority: 8}, second: Rule{Hosts: []string{"*.io"}, Priority: 7}},
		{name: "a pattern before one that has none of its own", first: Rule{Hosts: []string{"a.io"}}, second: Rule{Hosts: []string{"*.io"}, Priority: 7},
			want: "Hosting.Priority must be greater than NUMBER, that of Stack/First/Memory, which takes all requests of a.io, got 7; set it, to NEXT for instance"},
		{name: "everything before all others", first: Rule{Hosts: []string{"a.io"}}, second: Rule{Priority: 7},
			want: "Hosting.Priority must be greater than NUMBER, that of Stack/First/Memory, which takes all requests of a.io, got 7; set it, to NEXT for instance"},
		{name: "a longer pattern beside a short one", first: Rule{Paths: []string{"/long/*"}}, second: Rule{Paths: []string{"/long/er/*", "/x*"}},
			want: "Hosting.Priority must be less than NUMBER, that of Stack/First/Memory, which takes requests for /long/*, got MINE; set it, to BEFORE for instance"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			l := &LoadBalancer{}
			if got := place(l, "Stack/First/Memory", test.first); got != nil {
				t.Fatalf("the first rule has problems: %q", got)
			}
			number, mine := l.rules[0].priority, test.second.priority("Stack/Second/Memory")
			got := place(l, "Stack/Second/Memory", test.second)
			replace := map[string]int{"NUMBER": number, "NEXT": number + 1, "MINE": mine, "BEFORE": number - 1}
			if test.first.Priority != 0 {
				replace["NUMBER"] = mine
			}
			for word, number := range replace {
				test.want = strings.ReplaceAll(test.want, word, fmt.Sprint(number))
			}
			if strings.Join(got, "\n") != test.want {
				t.Errorf("got\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), test.want)
			}
		})
	}
}

// Before a service has a place in the tree, only what does not depend on it is said.
func TestRuleWithoutPlace(t *testing.T) {
	t.Parallel()
	l := &LoadBalancer{}
	place(l, "Stack/First/Memory", Rule{Paths: []string{"/a/*"}})
	place(l, "Stack/Second/Memory", Rule{Paths: []string{"/b"}, Priority: 5})
	for _, test := range []struct {
		rule Rule
		want string
	}{
		{Rule{Paths: []string{"/a/*"}}, "Hosting.LoadBalancer sends requests for /a/* to Stack/First/Memory already; give this service other Hosts or Paths"},
		{Rule{Paths: []string{"/a/b"}}, ""},
		{Rule{Paths: []string{"/b"}}, ""}, // whether it comes before 5 is not known
		{Rule{Priority: 5}, "Hosting.Priority is that of Stack/Second/Memory on the same load balancer, got 5; choose another, or leave it out"},
	} {
		if got := strings.Join(texts(l.problems(test.rule, "Hosting.", "")), "\n"); got != test.want {
			t.Errorf("%v: got %q, want %q", test.rule, got, test.want)
		}
	}
}

// Numbers that two services would share are an error with one that is free and fits.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	l := &LoadBalancer{}
	numbers := map[int]string{}
	for i := 0; ; i++ {
		scope, rule := fmt.Sprintf("Stack/S%d/Memory", i), Rule{Paths: []string{fmt.Sprintf("/%02d/*", i)}}
		number := rule.priority(scope)
		if numbers[number] == "" {
			numbers[number] = scope
			if got := place(l, scope, rule); got != nil {
				t.Fatalf("got problems %q of a rule whose number nobody has", got)
			}
			continue
		}
		first, size := rule.band()
		free := first + (number+1-first)%size
		want := fmt.Sprintf("Hosting.Priority would be %d, which is that of %s on the same load balancer; set it, to %d for instance", number, numbers[number], free)
		if got := place(l, scope, rule); !slices.Equal(got, []string{want}) {
			t.Errorf("got\n\t%q\nwant\n\t%q", got, want)
		}
		rule.Priority = free
		if got := place(l, scope, rule); got != nil {
			t.Errorf("got problems %q with the number of the error", got)
		}
		return
	}
}

func TestFreeNumberStaysInTheBand(t *testing.T) {
	t.Parallel()
	rule := Rule{Hosts: []string{"a.io"}, Paths: []string{"/a"}}
	first, size := rule.band()
	last := first + size - 1
	l := &LoadBalancer{rules: []placedRule{{Rule{Paths: []string{"/b"}}, last, "Stack/Other/Memory"}}}
	problem := l.numberTaken(rule, "", scopeOf(t, rule, last))
	if want := fmt.Sprintf("set it, to %d for instance", first); problem == nil || problem.Fix != want {
		t.Errorf("got %v, want the fix %q", problem, want)
	}
}

// scopeOf finds a place whose hash chooses a number.
func scopeOf(t *testing.T, rule Rule, number int) string {
	t.Helper()
	for i := range 1_000_000 {
		if scope := fmt.Sprintf("Stack/S%d/Memory", i); rule.priority(scope) == number {
			return scope
		}
	}
	t.Fatalf("no place has the number %d", number)
	return ""
}

func TestHundredServices(t *testing.T) {
	t.Parallel()
	l := &LoadBalancer{}
	for i := range 100 {
		rule := Rule{Paths: []string{fmt.Sprintf("/service-%d/*", i)}, Priority: 1 + i}
		if got := place(l, fmt.Sprintf("Stack/S%d/Memory", i), rule); got != nil {
			t.Fatalf("service %d has problems: %q", i, got)
		}
	}
	want := "Hosting.LoadBalancer has 100 services already, the most that AWS lets one have; make a second one"
	if got := place(l, "Stack/Last/Memory", Rule{}); !slices.Equal(got, []string{want}) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The bands follow each other without gap from the first number on, and leave the last ones to the
// users.
func TestBands(t *testing.T) {
	t.Parallel()
	next := firstPriority
	for kind, most := range []int{hostNames: exact, hostPatterns: 2*exact - 1, anyHost: exact} {
		for score := most; score >= 0; score-- {
			first, size := bandOf(kind, score)
			if first != next || size < 1 {
				t.Fatalf("kind %d, score %d: got %d numbers from %d on, want them from %d", kind, score, size, first, next)
			}
			next = first + size
		}
	}
	if next-1 > lastPriority {
		t.Errorf("the last number is %d, want %d at most", next-1, lastPriority)
	}
	t.Logf("numbers from %d to %d", firstPriority, next-1)
}

// What stands in the documentation about numbers.
func TestNumbers(t *testing.T) {
	t.Parallel()
	var last Rule
	var lastSize int
	for _, rule := range []Rule{ // the most specific one first
		{Hosts: []string{"a.io"}, Paths: []string{"/a"}},
		{Hosts: []string{"a.io", "b.io"}, Paths: []string{"/abc/*"}},
		{Hosts: []string{"a.io"}, Paths: []string{"/abc/*", "/a*"}},
		{Hosts: []string{"a.io"}},
		{Hosts: []string{"*.io"}, Paths: []string{"/a"}},
		{Hosts: []string{"*.b.io"}, Paths: []string{"/a/*"}},
		{Hosts: []string{"*.io"}, Paths: []string{"/a/*"}},
		{Hosts: []string{"*.b.io"}},
		{Hosts: []string{"*.io", "a.io"}},
		{Paths: []string{"/a"}},
		{Paths: []string{"/abc/*"}},
		{Paths: []string{"/a/*"}},
		{},
	} {
		first, size := rule.band()
		if lastFirst, _ := last.band(); lastSize > 0 && first != lastFirst && first < lastFirst+lastSize {
			t.Errorf("%v has numbers from %d on, and %v from %d to %d", rule, first, last, lastFirst, lastFirst+lastSize-1)
		}
		last, lastSize = rule, size
	}
}

// random makes rules and narrows them.
type random struct{ *rand.Rand }

func (r random) word() string {
	letters := make([]byte, 1+r.IntN(6))
	for i := range letters {
		letters[i] = "abc"[r.IntN(3)]
	}
	return string(letters)
}

func (r random) host() string {
	host := r.word() + ".io"
	switch r.IntN(4) {
	case 0:
		return "*." + host
	case 1:
		return r.word() + "?." + host
	}
	return r.word() + "." + host
}

func (r random) path() string {
	path := "/" + r.word()
	if r.IntN(2) == 0 {
		path += "/" + r.word()
	}
	switch r.IntN(5) {
	case 0:
		return path
	case 1:
		return path + "/*/" + r.word()
	case 2:
		return path + "?"
	}
	return path + "/*"
}

func (r random) rule() Rule {
	var rule Rule
	for range r.IntN(3) {
		rule.Hosts = append(rule.Hosts, r.host())
	}
	for range r.IntN(3) {
		rule.Paths = append(rule.Paths, r.path())
	}
	return rule
}

// narrow replaces wildcards by texts, so that the pattern matches less; a pattern without any stays.
func (r random) narrow(pattern string) string {
	i := strings.IndexAny(pattern, "*?")
	if i < 0 {
		return pattern
	}
	with := "a"
	if pattern[i] == '*' {
		with = []string{"a", "ab*", "*b", "a?*"}[r.IntN(4)]
	}
	return pattern[:i] + with + pattern[i+1:]
}

// A rule that takes only a part of another one's requests has the lower number, wherever the two
// services are.
func TestMoreSpecificComesFirst(t *testing.T) {
	t.Parallel()
	r := random{rand.New(rand.NewPCG(1, 2))}
	narrowed := 0
	for range 50_000 {
		var wide, narrow Rule
		if r.IntN(3) > 0 {
			wide.Hosts = []string{r.host()}
			narrow.Hosts = []string{r.narrow(wide.Hosts[0])}
		} else if r.IntN(2) == 0 {
			narrow.Hosts = []string{r.host()}
		}
		if r.IntN(3) > 0 {
			wide.Paths = []string{r.path()}
			narrow.Paths = []string{r.narrow(wide.Paths[0])}
		} else if r.IntN(2) == 0 {
			narrow.Paths = []string{r.path()}
		}
		if narrow.conditions()[0] == wide.conditions()[0] {
			continue
		}
		narrowed++
		first, size := narrow.band()
		if from, _ := wide.band(); first+size > from {
			t.Fatalf("%v has numbers from %d to %d, and %v, which takes more, from %d on", narrow, first, first+size-1, wide, from)
		}
	}
	if narrowed < 10_000 {
		t.Errorf("only %d rules were narrower than others", narrowed)
	}
}

// request is one that a rule takes.
func (r random) request(rule placedRule) (host, path string) {
	all := rule.conditions()
	c := all[r.IntN(len(all))]
	if c.host == "*" {
		c.host = r.host()
	}
	if c.path == "*" {
		c.path = r.path()
	}
	fill := func(pattern string) string {
		for strings.ContainsAny(pattern, "*?") {
			pattern = r.narrow(pattern)
		}
		return pattern
	}
	return fill(c.host), fill(c.path)
}

// matches is what AWS documents of patterns, as a regular expression.
func matches(pattern, text string) bool {
	expression, ok := expressions.Load(pattern)
	if !ok {
		quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
		expression, _ = expressions.LoadOrStore(pattern, regexp.MustCompile("^"+quoted+"$"))
	}
	return expression.(*regexp.Regexp).MatchString(text)
}

var expressions sync.Map

// Of the services that would take a request, it goes to one that asks for no more than another one:
// whatever set of rules is accepted, and in whatever order.
func TestRequestsGoToTheMostSpecificService(t *testing.T) {
	t.Parallel()
	r := random{rand.New(rand.NewPCG(3, 4))}
	refused, contested := 0, 0
	for n := range 300 {
		l := &LoadBalancer{}
		for i := range 8 {
			if problems := place(l, fmt.Sprintf("Stack%d/S%d/Memory", n, i), r.rule()); problems != nil {
				refused++
			}
		}
		for range 100 {
			host, path := r.request(l.rules[r.IntN(len(l.rules))])
			type match struct {
				rule placedRule
				condition
			}
			var all []match
			for _, rule := range l.rules {
				for _, c := range rule.conditions() {
					if matches(c.host, host) && matches(c.path, path) {
						all = append(all, match{rule, c})
					}
				}
			}
			winner := slices.MinFunc(append(all, match{rule: placedRule{priority: maxPriority + 1}}), func(a, b match) int { return a.rule.priority - b.rule.priority })
			for _, other := range all {
				if other.rule.scope == winner.rule.scope {
					continue
				}
				contested++
				if winner.covers(other.condition) {
					t.Fatalf("%s%s goes to %v (%d), not to %v (%d)", host, path, winner.condition, winner.rule.priority, other.condition, other.rule.priority)
				}
			}
		}
	}
	t.Logf("%d requests that several services would take; %d rules refused", contested, refused)
	if contested < 1_000 {
		t.Errorf("only %d requests had several services", contested)
	}
}

// A pattern covers another one if it matches every text that the other one matches.
func TestCovers(t *testing.T) {
	t.Parallel()
	var patterns, all []string
	var extend func(alphabet, text string, most int, into *[]string)
	extend = func(alphabet, text string, most int, into *[]string) {
		*into = append(*into, text)
		if len(text) < most {
			for _, letter := range alphabet {
				extend(alphabet, text+string(letter), most, into)
			}
		}
	}
	extend("ab*?", "", 3, &patterns)
	extend("abc", "", 5, &all)
	matched := map[string][]bool{}
	for _, pattern := range patterns {
		for _, text := range all {
			matched[pattern] = append(matched[pattern], matches(pattern, text))
		}
	}
	for _, pattern := range patterns {
		for _, other := range patterns {
			want := true
			for i := range all {
				want = want && (matched[pattern][i] || !matched[other][i])
			}
			if got := covers(pattern, other); got != want {
				t.Errorf("%q covers %q: got %v, want %v", pattern, other, got, want)
			}
		}
	}
}

// A service's number depends on nothing but its rule and its place.
func TestNumbersStay(t *testing.T) {
	t.Parallel()
	r := random{rand.New(rand.NewPCG(5, 6))}
	rule := Rule{Hosts: []string{"shop.example.com"}, Paths: []string{"/api/*"}}
	alone := &LoadBalancer{}
	place(alone, "Stack/Shop/Memory", rule)
	for n := range 100 {
		l := &LoadBalancer{}
		for i := range r.IntN(20) {
			place(l, fmt.Sprintf("Stack/S%d/Memory", i), r.rule())
		}
		if problems := place(l, "Stack/Shop/Memory", rule); problems != nil {
			t.Fatalf("after others: %q", problems)
		}
		if got, want := l.rules[len(l.rules)-1].priority, alone.rules[0].priority; got != want {
			t.Fatalf("load balancer %d: got %d after others, want %d as alone", n, got, want)
		}
	}
	if got := rule.priority("Stack/Shop/Memory"); got != 9925 {
		t.Errorf("got %d, want 9925: a change moves the rules of everybody who upgrades", got)
	}
}

// The hostings of one service have neighbouring numbers, and the one that is ready the lower:
// CloudFormation makes the new rule before it deletes the old one.
func TestHostingsHaveNumbersOfTheirOwn(t *testing.T) {
	t.Parallel()
	for i := range 1_000 {
		rule := Rule{Paths: []string{"/" + strings.Repeat("a", i%120) + "*"}}
		service := fmt.Sprintf("Stack/S%d", i)
		waiting := rule.priority(service + "/" + platform.Fargate.ID)
		rule.Ready = true
		if ready := rule.priority(service + "/" + platform.HTTPAPI.ID); ready != waiting-1 {
			t.Errorf("%s: on Lambda it has %d, on Fargate %d", service, ready, waiting)
		}
		first, size := rule.band()
		if waiting < first+1 || waiting >= first+size {
			t.Errorf("%s: %d is not within the %d numbers from %d on", service, waiting, size, first)
		}
	}
}

// How often services of one load balancer get the same number. The documentation of Priority has
// the figures for twenty services.
func TestCollisions(t *testing.T) {
	t.Parallel()
	const trials = 4_000
	word := func(r *rand.Rand) string {
		word := make([]byte, 3+r.IntN(9))
		for i := range word {
			word[i] = byte('a' + r.IntN(26))
		}
		return string(word)
	}
	for _, test := range []struct {
		name string
		rule func(i int, word string) Rule
		most map[int]float64 // of load balancers with so many services
	}{
		{"host names", func(_ int, word string) Rule { return Rule{Hosts: []string{word + ".example.com"}} }, map[int]float64{20: .02, 100: .35}},
		{"host names and paths", func(i int, word string) Rule {
			return Rule{Hosts: []string{word + ".example.com"}, Paths: []string{"/" + word + "/*"}}
		}, map[int]float64{20: .06}},
		{"paths", func(_ int, word string) Rule { return Rule{Paths: []string{"/" + word, "/" + word + "/*"}} }, map[int]float64{20: .04, 100: .6}},
		{"paths of one length", func(i int, _ string) Rule { return Rule{Paths: []string{fmt.Sprintf("/svc%02d/*", i)}} }, map[int]float64{10: .06, 20: .22}},
	} {
		for services, most := range test.most {
			r := rand.New(rand.NewPCG(7, 8))
			collisions := 0
			for n := range trials {
				numbers := map[int]bool{}
				for i := range services {
					word := word(r)
					numbers[test.rule(i, word).priority(fmt.Sprintf("Stack%d/%s%d/Fargate", n, word, i))] = true
				}
				if len(numbers) < services {
					collisions++
				}
			}
			got := float64(collisions) / trials
			t.Logf("%d services with %s: %.1f %% of load balancers", services, test.name, 100*got)
			if got > most {
				t.Errorf("%d services with %s: numbers collide on %.1f %% of load balancers, want %.0f %% at most", services, test.name, 100*got, 100*most)
			}
		}
	}
}

// The number that an error names is free, also if those of the rule's own band are taken.
func TestFreeNumber(t *testing.T) {
	t.Parallel()
	l := &LoadBalancer{}
	rule := Rule{Hosts: []string{"*.a.example.com"}, Paths: []string{"/api"}}
	first, size := rule.band()
	for n := range size {
		l.rules = append(l.rules, placedRule{priority: first + n})
	}
	if got := l.free(rule, first); got != first-1 {
		t.Errorf("got %d of a full band from %d on, want %d", got, first, first-1)
	}
	l.rules = slices.DeleteFunc(l.rules, func(r placedRule) bool { return r.priority == first+2 })
	if got := l.free(rule, first+5); got != first+2 {
		t.Errorf("got %d, want the free %d", got, first+2)
	}
}
