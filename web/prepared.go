package web

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
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
	tables  map[string]awsdynamodb.ITable // by the variable that names them
}

// Prepare checks a workload and its hosting, and builds the image, before the construct scope/id exists. It panics with an
// [*InvalidPropsError] that holds every problem. Constructors of hosting packages call it first.
func Prepare(scope constructs.Construct, id string, workload Workload, hosting Hosting) *Prepared {
	p := &Prepared{Workload: workload.withDefaults(), hosting: hosting, tables: map[string]awsdynamodb.ITable{}}
	environment, err := environmentOf(scope)
	if err = errors.Join(err, validate(p.Workload, hosting, environment)); err == nil {
		p.Image, err = p.Workload.Image.Bind(scope)
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

// grants maps an access to the CDK's grant of it.
var grants = map[Access]func(awsdynamodb.ITable, awsiam.IGrantable) awsiam.Grant{
	Read:      awsdynamodb.ITable.GrantReadData,
	Write:     awsdynamodb.ITable.GrantWriteData,
	ReadWrite: awsdynamodb.ITable.GrantReadWriteData,
}

// UseTable is what [Service.UseTable] says, for the service that the workload became.
func (p *Prepared) UseTable(service Hosted, name string, table awsdynamodb.ITable, access Access) {
	var errs []error
	report := func(format string, arguments ...any) {
		errs = append(errs, fmt.Errorf("UseTable(%q): "+format, append([]any{name}, arguments...)...))
	}
	if table == nil {
		report("table must not be nil")
	} else if other, ok := p.tables[name]; ok && other != table {
		report("the variable names the table %s already, got the table %s; choose another name", *other.Node().Path(), *table.Node().Path())
	}
	grant, ok := grants[access]
	if !ok {
		report("access must be web.Read, web.Write or web.ReadWrite, got %q", string(access))
	}
	if err := validateName(name); err != nil {
		report("%w", err)
	}
	if len(errs) > 0 {
		panic(&InvalidPropsError{Path: *service.Node().Path(), Err: errors.Join(errs...)})
	}

	service.AddEnvironment(name, *table.TableName())
	p.tables[name] = table
	grant(table, service)
}
