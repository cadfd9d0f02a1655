package web

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awskms"

	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/webimage"
)

// Problem is one reason why props cannot work.
type Problem struct {
	// Field is the whole path of what is wrong: "Workload.Port", "Hosting.MemorySize".
	Field string

	// Message continues the field: "must be between 128 and 10240 MB".
	Message string

	// Fix says what to do. Optional.
	Fix string

	// Got is the value, if it is worth showing. It is never a variable's value or a secret.
	Got any

	// Err is the cause, if there is one, such as a *webimage.BuildError.
	Err error
}

// Error is the problem as one sentence: the field, what it must be, what it is, what to do.
func (p Problem) Error() string { return check.Problem(p).Error() }

// Unwrap returns the cause.
func (p Problem) Unwrap() error { return p.Err }

// InvalidPropsError is what constructors and methods panic with if what they were given cannot
// work. It holds every problem:
//
//	defer func() {
//		if invalid, ok := recover().(*web.InvalidPropsError); ok {
//			for _, problem := range invalid.Problems { … problem.Field …
type InvalidPropsError struct {
	// Path of the construct in the tree: "Stack/Site".
	Path string

	Problems []Problem
}

// Error has a line for each problem.
func (e *InvalidPropsError) Error() string {
	var lines []string
	for _, problem := range e.Problems {
		lines = append(lines, problem.Error())
	}
	return fmt.Sprintf("cdkweb: %s: %s", e.Path, strings.Join(lines, "\n"))
}

// Unwrap returns the problems, so that errors.As finds a [Problem] or what caused it.
func (e *InvalidPropsError) Unwrap() []error {
	var errs []error
	for _, problem := range e.Problems {
		errs = append(errs, problem)
	}
	return errs
}

// Check is one validation of a workload on a hosting. A [Hosting] adds the problems of its own
// options to it; what every hosting has to check is checked here in package web.
//
// The methods take a field of the hosting's options, "MemorySize", and report it as
// "Hosting.MemorySize".
type Check struct {
	// Workload with its defaults.
	Workload Workload

	// Given is the workload as it was passed: what is zero there was not set.
	Given Workload

	// Image is what is known of the image, with defaults; nil if the image is missing or invalid,
	// which is reported already.
	Image *webimage.Facts

	// Target is where the stack is deployed, and Stack the stack; empty and nil in
	// [ServiceProps.Validate].
	Target Target
	Stack  awscdk.Stack

	// Domain, Private, WebACL and AllowFrom are those of the props. Whether the platform can have
	// them at all is checked before; a hosting checks what depends on its options.
	Domain    *Domain
	Private   bool
	WebACL    string
	AllowFrom []netip.Prefix

	// Scope is the path in the tree of the construct that Define will get: "Stack/Site/Lambda"; empty
	// in [ServiceProps.Validate].
	Scope string

	platform *platform.Platform
	list     check.List
	own      map[string]string // variables that the hosting writes
	kept     []string          // of which the loss is noticed
	rules    []func(name, value string) *Problem

	secretRules []func() *Problem

	warnings []warning
	unsure   []string // variables that may turn out to hold secrets
	names    []takenName
}

// warning is an acknowledgeable one.
type warning struct{ id, message string }

// Problem adds a problem. Its Field is the whole path.
func (c *Check) Problem(p Problem) { c.list.Add(check.Problem(p)) }

// Warn adds a warning to the service, which users acknowledge by its id: "cdkweb:http-api-timeout".
func (c *Check) Warn(id, message string) { c.warnings = append(c.warnings, warning{id, message}) }

// SetVariable says that the hosting writes an environment variable. The workload's variable of the
// same name wins.
func (c *Check) SetVariable(name, value string) { c.own[name] = value }

// KeepVariable is SetVariable for a variable that keeps clients out: if somebody replaces the
// environment in the L1 construct, its loss is an error.
func (c *Check) KeepVariable(name, value string) {
	c.SetVariable(name, value)
	c.kept = append(c.kept, name)
}

// EachVariable adds a rule for the workload's variables, also for those that are added to the
// service later. It returns nil or a problem whose Field is empty. The rules of the platform are
// checked without it.
func (c *Check) EachVariable(
	rule func(name, value string) *Problem,
) {
	c.rules = append(c.rules, rule)
}

// SecretsNeed adds a rule for services that have secrets, also if they are added to the service
// later. It returns nil or a problem whose Field is empty: "need an image with …".
func (c *Check) SecretsNeed(rule func() *Problem) { c.secretRules = append(c.secretRules, rule) }

// Between checks a number of a unit, which may be empty.
func (c *Check) Between(field string, got, least, most int, unit string) {
	c.list.Between("Hosting."+field, got, least, most, unit)
}

// AtLeast checks a number without an upper limit.
func (c *Check) AtLeast(
	field string,
	got, least int,
) {
	c.list.AtLeast("Hosting."+field, got, least)
}

// NotGreater checks that the first of two fields is not greater than the second.
func (c *Check) NotGreater(field string, got int, other string, most int) {
	c.list.NotGreater("Hosting."+field, got, "Hosting."+other, most)
}

// OneOf checks a choice. The empty string and tokens pass. Names are what to write for the allowed
// values, if that differs.
func (c *Check) OneOf(field, got string, allowed []string, names ...string) {
	c.list.OneOf("Hosting."+field, got, allowed, names...)
}

// WholeSeconds checks a duration.
func (c *Check) WholeSeconds(field string, got, least, most time.Duration) {
	c.list.WholeSeconds("Hosting."+field, got, least, most)
}

// Excludes reports a field that leaves no room for others which are set. The fix says what to do
// instead.
func (c *Check) Excludes(field string, set bool, others []string, fix string) {
	c.list.Excludes("Hosting."+field, set, others, fix)
}

// Name checks the name of a resource: least to most characters that match a pattern, and what the
// pattern says in words. The empty string and tokens pass.
func (c *Check) Name(field, got string, pattern *regexp.Regexp, least, most int, words string) {
	c.list.Name(
		"Hosting."+field,
		got,
		check.NameRule{Pattern: pattern, Least: least, Most: most, Words: words},
	)
}

// Unique checks that no other service of the stack has a resource of this name on the same hosting.
// The empty string and tokens pass.
func (c *Check) Unique(field, name string) { c.UniqueIn("", field, name) }

// UniqueIn is Unique for names that have to be unique within something, such as a cluster, of which
// place is the path.
func (c *Check) UniqueIn(place, field, name string) {
	if name == "" || token.In(name) || c.Stack == nil {
		return
	}
	key := takenName{c.Stack, c.platform.ID, place, field, name}
	if other, ok := taken[key]; ok {
		c.Problem(Problem{
			Field:   "Hosting." + field,
			Message: "is the name of " + other + " already",
			Got:     name,
			Fix:     "choose another, or leave it out",
		})
	}
	c.names = append(c.names, key)
}

// taken are the names that services have, with their paths. Constructs are made by one goroutine,
// because of jsii.
var taken = map[takenName]string{}

type takenName struct {
	stack                        awscdk.Stack
	platform, place, field, name string
}

// Size checks that the platform sells a pair of CPU and memory, in the units of its Sizes.
func (c *Check) Size(cpu, memory int) {
	c.list.Size("Hosting.CPU", "Hosting.Memory", c.platform.Sizes, cpu, memory)
}

// Key checks a KMS key, which may be nil: it must be the key itself, and not an alias, for which IAM
// takes no permission to use the key.
func (c *Check) Key(field string, key awskms.IKey) {
	if problem := aliasProblem(key); problem != nil {
		problem.Field = "Hosting." + field
		c.Problem(*problem)
	}
}

// aliasProblem says that a key is an alias; nil if it is not. It has no field.
func aliasProblem(key awskms.IKey) *Problem {
	alias, ok := key.(awskms.IAlias)
	if !ok {
		return nil
	}
	return &Problem{
		Message: fmt.Sprintf("must be a key, and not its alias %s", *alias.Node().Path()),
		Fix: "pass the key that the alias was made for, or the one that it stands for today: " +
			"awskms.Key_FromKeyArn(…)",
	}
}

// problems returns what was found.
func (c *Check) problems() []Problem {
	var problems []Problem
	for _, problem := range c.list.Problems {
		problems = append(problems, Problem(problem))
	}
	return problems
}

// Target is the AWS account and region that a stack is deployed to. A field is empty if the app
// leaves it open.
type Target struct {
	Account, Region string
}
