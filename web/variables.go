package web

import (
	"iter"
	"maps"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
)

// Variables are the environment variables of a service. They grow until the app synthesizes.
type Variables struct {
	values map[string]string
	follow []func(name, value string)

	added []string // after the service was defined, so that their loss is noticed

	rendered bool // the CDK has read them, and keeps what it got
}

// All yields the variables that there are now, in the order of their names.
func (v *Variables) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range slices.Sorted(maps.Keys(v.values)) {
			if !yield(name, v.values[name]) {
				return
			}
		}
	}
}

// Map returns the variables that there are now, as the CDK takes them.
func (v *Variables) Map() *map[string]*string {
	all := map[string]*string{}
	for name, value := range v.values {
		all[name] = &value
	}
	return &all
}

// Each calls set for each variable that is added from now on.
func (v *Variables) Each(set func(name, value string)) { v.follow = append(v.follow, set) }

// ReadOnce says that a construct keeps the variables which it has at the first synthesis, as the
// CDK's task definitions do: to add one later is an error then.
func (v *Variables) ReadOnce(construct constructs.IConstruct) {
	construct.Node().AddValidation(&readOnce{v})
}

// readOnce is a constructs.IValidation, which the CDK calls when it synthesizes.
type readOnce struct{ variables *Variables }

func (r *readOnce) Validate() *[]*string {
	r.variables.rendered = true
	return &[]*string{}
}

// Pairs is a list with all variables for a property of an L1 construct, rendered when the app
// synthesizes. The keys are the property's names of name and value: "name" and "value" for a
// KeyValuePairProperty. Without any variable there is no list.
func (v *Variables) Pairs(nameKey, valueKey string) awscdk.IResolvable {
	return awscdk.Lazy_Any(&pairs{v, nameKey, valueKey}, nil)
}

// pairs is an awscdk.IStableAnyProducer: a pointer to a struct, because jsii takes nothing else for
// an interface.
type pairs struct {
	variables         *Variables
	nameKey, valueKey string
}

func (p *pairs) Produce() any {
	p.variables.rendered = true
	var list []any
	for name, value := range p.variables.All() {
		list = append(list, map[string]any{p.nameKey: name, p.valueKey: value})
	}
	if list == nil {
		return nil
	}
	return list
}

// Text is a string, such as a script or a file, that render makes of all variables when the app
// synthesizes.
func (v *Variables) Text(render func(all iter.Seq2[string, string]) string) string {
	return *awscdk.Lazy_UncachedString(&text{v, render}, nil)
}

// text is an awscdk.IStringProducer.
type text struct {
	variables *Variables
	render    func(all iter.Seq2[string, string]) string
}

func (t *text) Produce(awscdk.IResolveContext) *string { return new(t.render(t.variables.All())) }

// add adds a variable to a service that is defined.
func (v *Variables) add(name, value string) {
	v.added = append(v.added, name)
	v.set(name, value)
}

// set is add for a variable of the hosting's, which may get lost.
func (v *Variables) set(name, value string) {
	v.values[name] = value
	for _, set := range v.follow {
		set(name, value)
	}
}
