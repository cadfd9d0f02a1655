package apprunnerweb

import (
	"errors"
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsapprunner"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/web"
)

// AutoScalingConfiguration is how many instances services have: an [*AutoScaling] of this app, or one by [AutoScalingFromARN].
type AutoScalingConfiguration interface {
	// AutoScalingConfigurationARN names it. It may hold tokens.
	AutoScalingConfigurationARN() string
}

// AutoScalingFromARN is an auto scaling configuration that exists already. The ARN may leave out the revision, which means the
// latest.
func AutoScalingFromARN(arn string) AutoScalingConfiguration { return autoScalingByARN(arn) }

type autoScalingByARN string

func (a autoScalingByARN) AutoScalingConfigurationARN() string { return string(a) }

// AutoScalingProps are the sizes of an auto scaling configuration. All are optional.
type AutoScalingProps struct {
	// MinSize is the number of instances that are always ready, 1 to 25. Default: 1.
	MinSize int

	// MaxSize is the number of instances that there are at most; not less than MinSize. Default: 25.
	MaxSize int

	// MaxConcurrency is how many requests an instance gets at a time before another one is started, 1 to 200. Default: 100.
	MaxConcurrency int

	// Name has 4 to 32 letters, digits, hyphens and underscores, and starts with a letter or digit. A change of the sizes makes a new
	// revision under the same name. Default: CloudFormation makes one up.
	Name string
}

func (p AutoScalingProps) withDefaults() AutoScalingProps {
	for _, field := range []struct {
		value    *int
		fallback int
	}{
		{&p.MinSize, defaultMinSize},
		{&p.MaxSize, max(defaultMaxSize, p.MinSize)},
		{&p.MaxConcurrency, defaultMaxConcurrency},
	} {
		if *field.value == 0 {
			*field.value = field.fallback
		}
	}
	return p
}

func (p AutoScalingProps) validate() []error {
	p = p.withDefaults()
	var errs []error
	if p.MinSize < 1 || p.MinSize > maxMinSize {
		errs = append(errs, fmt.Errorf("MinSize must be between 1 and %d, got %d", maxMinSize, p.MinSize))
	}
	if p.MaxSize < 1 {
		errs = append(errs, fmt.Errorf("MaxSize must be at least 1, got %d", p.MaxSize))
	} else if p.MinSize > p.MaxSize {
		errs = append(errs, fmt.Errorf("MinSize must not be greater than MaxSize, got %d and %d; lower the one or raise the other", p.MinSize, p.MaxSize))
	}
	if p.MaxConcurrency < 1 || p.MaxConcurrency > maxMaxConcurrency {
		errs = append(errs, fmt.Errorf("MaxConcurrency must be between 1 and %d, got %d", maxMaxConcurrency, p.MaxConcurrency))
	}
	if err := validateNameOf("Name", p.Name, 32); err != nil {
		errs = append(errs, err)
	}
	return errs
}

// AutoScaling is an auto scaling configuration that services share: pass it as Hosting.AutoScaling.
type AutoScaling struct {
	constructs.Construct
	resource awsapprunner.CfnAutoScalingConfiguration
}

var _ AutoScalingConfiguration = (*AutoScaling)(nil)

// NewAutoScaling defines an auto scaling configuration. The props may be nil. It panics with a [*web.InvalidPropsError] when they
// cannot work.
func NewAutoScaling(scope constructs.Construct, id string, props *AutoScalingProps) *AutoScaling {
	if props == nil {
		props = &AutoScalingProps{}
	}
	if err := errors.Join(props.validate()...); err != nil {
		panic(&web.InvalidPropsError{Path: *scope.Node().Path() + "/" + id, Err: err})
	}
	defaulted := props.withDefaults()

	a := &AutoScaling{}
	constructs.NewConstruct_Override(a, scope, &id)

	a.resource = awsapprunner.NewCfnAutoScalingConfiguration(a, new("Resource"), &awsapprunner.CfnAutoScalingConfigurationProps{
		AutoScalingConfigurationName: optional.String(defaulted.Name),
		MinSize:                      new(float64(defaulted.MinSize)),
		MaxSize:                      new(float64(defaulted.MaxSize)),
		MaxConcurrency:               new(float64(defaulted.MaxConcurrency)),
	})
	return a
}

// AutoScalingConfigurationARN names this revision of the configuration.
func (a *AutoScaling) AutoScalingConfigurationARN() string {
	return *a.resource.AttrAutoScalingConfigurationArn()
}

// CfnAutoScalingConfiguration is the AWS::AppRunner::AutoScalingConfiguration, for what this package has no option for.
func (a *AutoScaling) CfnAutoScalingConfiguration() awsapprunner.CfnAutoScalingConfiguration {
	return a.resource
}
