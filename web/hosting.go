package web

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/token"
)

// Hosting is where a workload runs, such as apprunnerweb.Hosting or lambdaweb.Hosting, with the options that only that place has. A
// package of your own may implement it: its constructor calls [Prepare] first and adds its resources after.
type Hosting interface {
	// Validate reports every reason why the workload cannot run here with these options. The workload has its defaults; its Image is
	// nil where the image is not valid by itself, which has been reported then. Validate needs no Node.
	Validate(workload *Workload, environment Environment) []error

	// ValidateVariables reports every environment variable that cannot be set here: names that the hosting keeps for itself, limits of
	// size. Names that no hosting takes have been reported. It needs no Node.
	ValidateVariables(variables map[string]string) []error

	// Host adds the workload to the tree, as one construct below scope that is named for the hosting. Everything is valid.
	Host(scope constructs.Construct, prepared *Prepared) Hosted
}

// Hosted is a workload in its place, as its hosting's package makes it: a *apprunnerweb.Service, a *lambdaweb.Service.
type Hosted interface {
	constructs.Construct
	awsiam.IGrantable

	// URL is where the service answers: https and a host name, for some hostings a path, never a slash at the end.
	// It holds tokens.
	URL() string

	// Role is what the running server may do.
	Role() awsiam.IRole

	// AddEnvironment sets an environment variable of the server. It panics with an [*InvalidPropsError] on a reserved name, and where
	// the variable has another value already.
	AddEnvironment(name, value string)

	// UseTable is what [Service.UseTable] says; [Prepared.UseTable] does it.
	UseTable(name string, table awsdynamodb.ITable, access Access)
}

// Environment is the AWS account and region that a stack is deployed to. A field is empty where the app leaves it open.
type Environment struct {
	Account, Region string
}

// environmentOf returns the environment of the stack that scope belongs to. The CDK panics where it belongs to none.
func environmentOf(scope constructs.Construct) (environment Environment, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("scope must be a stack, or lie in one: %v", r)
		}
	}()
	stack := awscdk.Stack_Of(scope)
	return Environment{Account: token.Literal(*stack.Account()), Region: token.Literal(*stack.Region())}, nil
}

// InvalidPropsError is what constructors panic with when props cannot work.
type InvalidPropsError struct {
	// Path is the construct's path in the tree: "Stack/Site".
	Path string

	// Err holds every problem; errors.Join made it where there are several.
	Err error
}

func (e *InvalidPropsError) Error() string { return fmt.Sprintf("cdkweb: %s: %v", e.Path, e.Err) }

func (e *InvalidPropsError) Unwrap() error { return e.Err }

// validate reports every problem of a workload, which has its defaults, on a hosting.
func validate(workload Workload, hosting Hosting, environment Environment) error {
	errs := workload.validate()
	if workload.Image != nil {
		if err := workload.Image.Validate(); err != nil {
			for _, err := range each(err) {
				errs = append(errs, fmt.Errorf("Image: %w", err))
			}
			workload.Image = nil // what a hosting says of a broken image would be guesswork; it still checks everything else
		}
	}
	if isNil(hosting) {
		errs = append(errs, errors.New("Hosting is required: where it runs, such as ecsweb.Hosting{}, lambdaweb.Hosting{} or apprunnerweb.Hosting{}"))
	} else {
		errs = append(errs, hosting.ValidateVariables(workload.Environment)...)
		errs = append(errs, hosting.Validate(&workload, environment)...)
	}
	return errors.Join(errs...)
}

// isNil reports whether there is no hosting, or a nil pointer to one.
func isNil(hosting Hosting) bool {
	value := reflect.ValueOf(hosting)
	return hosting == nil || value.Kind() == reflect.Pointer && value.IsNil()
}

// each returns the errors that errors.Join joined, or the one.
func each(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	return []error{err}
}
