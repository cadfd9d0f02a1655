package web

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/webimage"
)

// Prepared is a valid workload with its image at hand: what a hosting needs to make its resources. It also keeps the environment
// variables of the service as they are added. Users have no need of it.
type Prepared struct {
	// Workload with its defaults.
	Workload Workload

	// Image as the stack refers to it.
	Image *webimage.Bound

	hosting Hosting
}

// Prepare checks a workload and its hosting, and builds the image, before the construct scope/id exists. It panics with an
// [*InvalidPropsError] that holds every problem. Constructors of hosting packages call it first.
func Prepare(scope constructs.Construct, id string, workload Workload, hosting Hosting) *Prepared {
	p := &Prepared{Workload: workload.withDefaults(), hosting: hosting}
	err := validate(p.Workload, hosting, environmentOf(scope))
	if err == nil {
		p.Image, err = p.Workload.Image.Bind(scope, p.Workload.Port)
	}
	if err != nil {
		panic(&InvalidPropsError{Path: *scope.Node().Path() + "/" + id, Err: err})
	}
	if p.Workload.Environment == nil {
		p.Workload.Environment = map[string]string{}
	}
	return p
}

// Variables yields the service's environment variables, PORT among them, in the order of their names.
func (p *Prepared) Variables() iter.Seq2[string, string] {
	all := maps.Clone(p.Workload.Environment)
	all["PORT"] = strconv.Itoa(p.Workload.Port)
	return func(yield func(string, string) bool) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if !yield(name, all[name]) {
				return
			}
		}
	}
}

// SetVariable notes one variable more for the service. It reports a name that the hosting does not allow, and one that has another
// value already.
func (p *Prepared) SetVariable(name, value string) error {
	if old, ok := p.Workload.Environment[name]; ok {
		if old != value {
			return fmt.Errorf("%s is set to %q already, got %q; a variable has one value", name, old, value)
		}
		return nil
	}
	if err := validateName(name); err != nil {
		return err
	}
	variables := maps.Clone(p.Workload.Environment)
	variables[name] = value
	if errs := p.hosting.ValidateVariables(variables); len(errs) > 0 {
		return errs[0] // the others were valid before
	}
	p.Workload.Environment = variables
	return nil
}
