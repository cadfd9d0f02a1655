package apprunnerweb

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/limits"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// Hosting is AWS App Runner, with the options that only it has. The zero value is a service of 1 vCPU and 2 GB that scales from 1 to
// 25 instances, each with up to 100 requests at a time.
type Hosting struct {
	// CPU of an instance. Optional. Default: OneVCPU.
	CPU CPU

	// Memory of an instance. App Runner sells only some pairs of CPU and memory.
	// Optional. Default: the least that goes with CPU, which is TwoGB for OneVCPU.
	Memory Memory

	// MinSize is the number of instances that are always ready, 1 to 25. Optional. Default: 1.
	MinSize int

	// MaxSize is the number of instances that there are at most; not less than MinSize. Optional. Default: 25.
	MaxSize int

	// MaxConcurrency is how many requests an instance gets at a time before another one is started, 1 to 200.
	// Optional. Default: 100.
	MaxConcurrency int

	// AutoScaling is an auto scaling configuration that several services share: an [*AutoScaling] from [NewAutoScaling], or one that
	// exists already, by [AutoScalingFromARN]. It excludes MinSize, MaxSize and MaxConcurrency.
	// Optional. Default: one of the service's own where one of those is set, else the account's default configuration.
	AutoScaling AutoScalingConfiguration

	// AutoDeploymentsEnabled starts a deployment whenever the image's tag is pushed anew. It needs an image in private ECR of the same
	// account, with a tag. It means nothing to an image that is built here, whose tag never moves.
	// Optional. Default: false, so that only `cdk deploy` changes what runs.
	AutoDeploymentsEnabled bool

	// ServiceName has 4 to 40 letters, digits, hyphens and underscores, and starts with a letter or digit. A change of the name, or of
	// a tag, replaces the service, and the replacement of a service with a fixed name fails as long as the old one is there.
	// Optional. Default: CloudFormation makes one up.
	ServiceName string

	// AccessRole lets App Runner pull an image from private ECR. Its trust policy must name build.apprunner.amazonaws.com.
	// Optional. Default: a new role that may pull from the image's repository and nothing else.
	AccessRole awsiam.IRole
}

var _ web.Hosting = Hosting{}

// CPU is the CPU of an instance, in App Runner's own words: "1 vCPU", or in units, "1024".
type CPU string

// The CPU that App Runner sells.
const (
	QuarterVCPU CPU = "0.25 vCPU"
	HalfVCPU    CPU = "0.5 vCPU"
	OneVCPU     CPU = "1 vCPU"
	TwoVCPU     CPU = "2 vCPU"
	FourVCPU    CPU = "4 vCPU"
)

// Memory is the memory of an instance, in App Runner's own words: "2 GB", or in MB, "2048".
type Memory string

// The memory that App Runner sells.
const (
	HalfGB   Memory = "0.5 GB"
	OneGB    Memory = "1 GB"
	TwoGB    Memory = "2 GB"
	ThreeGB  Memory = "3 GB"
	FourGB   Memory = "4 GB"
	SixGB    Memory = "6 GB"
	EightGB  Memory = "8 GB"
	TenGB    Memory = "10 GB"
	TwelveGB Memory = "12 GB"
)

// shapes are the pairs of CPU and memory that App Runner sells, from its developer guide ("Supported CPU and memory
// configurations"), with the units that its API answers with.
var shapes = []struct {
	cpu    CPU
	units  string
	memory []Memory
}{
	{QuarterVCPU, "256", []Memory{HalfGB, OneGB}},
	{HalfVCPU, "512", []Memory{OneGB}},
	{OneVCPU, "1024", []Memory{TwoGB, ThreeGB, FourGB}},
	{TwoVCPU, "2048", []Memory{FourGB, SixGB}},
	{FourVCPU, "4096", []Memory{EightGB, TenGB, TwelveGB}},
}

// megabytes are the units of memory.
var megabytes = map[Memory]string{
	HalfGB: "512", OneGB: "1024", TwoGB: "2048", ThreeGB: "3072", FourGB: "4096",
	SixGB: "6144", EightGB: "8192", TenGB: "10240", TwelveGB: "12288",
}

// Limits of AWS::AppRunner::AutoScalingConfiguration. MaxSize has no upper one there.
const (
	maxMinSize            = 25
	maxMaxConcurrency     = 200
	defaultMinSize        = 1
	defaultMaxSize        = 25
	defaultMaxConcurrency = 100
)

// reservedPrefix is of the names that App Runner sets itself.
const reservedPrefix = "AWSAPPRUNNER"

// withDefaults returns the hosting with CPU and Memory in units, as App Runner's API answers them. What is not sold stays as it is.
func (h Hosting) withDefaults() Hosting {
	if h.CPU == "" {
		h.CPU = OneVCPU
	}
	for _, shape := range shapes {
		if h.CPU == shape.cpu || string(h.CPU) == shape.units {
			h.CPU = CPU(shape.units)
			if h.Memory == "" {
				h.Memory = shape.memory[0]
			}
		}
	}
	if units, ok := megabytes[h.Memory]; ok {
		h.Memory = Memory(units)
	}
	return h
}

// Validate implements web.Hosting.
func (h Hosting) Validate(workload *web.Workload, environment web.Environment) []error {
	errs := h.validateShape()
	errs = append(errs, h.validateScaling()...)
	if err := validateServiceName(h.ServiceName); err != nil {
		errs = append(errs, err)
	}
	if err := validateCommand(workload.Command); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, limits.AppRunner.Check(workload.Needs)...)
	if workload.Image != nil {
		errs = append(errs, h.validateImage(workload.Image.Facts(), environment)...)
	}
	return errs
}

// ValidateVariables implements web.Hosting.
func (h Hosting) ValidateVariables(variables map[string]string) []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if strings.HasPrefix(name, reservedPrefix) {
			errs = append(errs, fmt.Errorf("Environment: names that start with %s are App Runner's own, got %q; choose another name", reservedPrefix, name))
		}
	}
	return errs
}

// validateShape checks that the pair of CPU and memory is sold, and names the nearest that are.
func (h Hosting) validateShape() []error {
	if token.In(string(h.CPU)) || token.In(string(h.Memory)) {
		return nil
	}
	h = h.withDefaults()
	var sold, forMemory []string // with this CPU; CPUs with this memory
	var cpu CPU
	var memory Memory
	var cpus []string
	for _, shape := range shapes {
		cpus = append(cpus, string(shape.cpu))
		for _, m := range shape.memory {
			if string(h.CPU) == shape.units {
				cpu, sold = shape.cpu, append(sold, string(m))
			}
			if string(h.Memory) == megabytes[m] {
				memory, forMemory = m, append(forMemory, string(shape.cpu))
			}
		}
	}
	var errs []error
	if cpu == "" {
		errs = append(errs, fmt.Errorf("CPU must be one of %s, got %q", strings.Join(cpus, ", "), string(h.CPU)))
	}
	if memory == "" && h.Memory != "" {
		errs = append(errs, fmt.Errorf("Memory must be one of 0.5, 1, 2, 3, 4, 6, 8, 10 or 12 GB, got %q", string(h.Memory)))
	}
	if cpu != "" && memory != "" && !slices.Contains(sold, string(memory)) {
		errs = append(errs, fmt.Errorf("App Runner does not sell CPU %s with Memory %s; with %[1]s choose %[3]s, or for %[2]s choose %[4]s",
			cpu, memory, either(sold), either(forMemory)))
	}
	return errs
}

func either(choices []string) string {
	last := len(choices) - 1
	if last == 0 {
		return choices[0]
	}
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}

func (h Hosting) validateScaling() []error {
	own := h.scaling()
	if h.AutoScaling == nil {
		return own.validate()
	}
	if made, ok := h.AutoScaling.(*AutoScaling); ok && made == nil {
		return []error{errors.New("AutoScaling must not be a nil *AutoScaling; leave it out for the service's own")}
	}
	if own != (AutoScalingProps{}) {
		return []error{errors.New("AutoScaling excludes MinSize, MaxSize and MaxConcurrency; set them where the shared configuration is made")}
	}
	if arn := h.AutoScaling.AutoScalingConfigurationARN(); !token.In(arn) && !autoScalingARN.MatchString(arn) {
		return []error{fmt.Errorf("AutoScaling must be the ARN of an auto scaling configuration "+
			"(arn:aws:apprunner:REGION:ACCOUNT:autoscalingconfiguration/NAME, optionally /REVISION and /ID), got %q", arn)}
	}
	return nil
}

func (h Hosting) scaling() AutoScalingProps {
	return AutoScalingProps{MinSize: h.MinSize, MaxSize: h.MaxSize, MaxConcurrency: h.MaxConcurrency}
}

func (h Hosting) validateImage(image webimage.Facts, environment web.Environment) []error {
	var errs []error
	if image.Architecture != webimage.X86_64 {
		errs = append(errs, fmt.Errorf("Image: App Runner runs x86-64 images only, got Architecture %s; "+
			"build it with webimage.X86_64, or choose %s", image.Architecture, limits.Can(func(h *limits.Hosting) limits.Ability { return h.ARM64 })))
	}
	if h.AutoDeploymentsEnabled && image.Registry != webimage.ECRPrivate {
		errs = append(errs, errors.New("AutoDeploymentsEnabled needs an image in private ECR, got one in Amazon ECR Public; "+
			"leave it out, or copy the image to a repository of your own"))
	}
	if h.AutoDeploymentsEnabled && !image.InAccount(environment.Account) {
		errs = append(errs, fmt.Errorf("AutoDeploymentsEnabled needs an image in the stack's own account %s, got one in account %s; "+
			"leave it out, or copy the image", environment.Account, image.Account))
	}
	if h.AutoDeploymentsEnabled && image.ByDigest {
		errs = append(errs, errors.New("AutoDeploymentsEnabled needs an image with a tag, which can move, got one by its digest; leave it out, or name a tag"))
	}
	if h.AccessRole != nil && image.Registry != webimage.ECRPrivate {
		errs = append(errs, errors.New("AccessRole is for images in private ECR, got an image in Amazon ECR Public, which App Runner pulls without a role; leave it out"))
	}
	if !image.InRegion(environment.Region) {
		errs = append(errs, fmt.Errorf("Image: App Runner pulls a private image from the service's own region %s only, got one in %s; "+
			"replicate the repository to %[1]s", environment.Region, image.Region))
	}
	return errs
}

var (
	serviceNameLetters = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]*$`)
	autoScalingARN     = regexp.MustCompile(`^arn:aws[a-z-]*:apprunner:[a-z0-9-]+:[0-9]{12}:autoscalingconfiguration/[A-Za-z0-9_-]+(/[0-9]+(/[0-9a-f]+)?)?$`)
)

func validateServiceName(name string) error { return validateNameOf("ServiceName", name, 40) }

// validateNameOf checks a name by App Runner's rule for all its resources; only the greatest length differs.
func validateNameOf(field, name string, most int) error {
	const least = 4
	if name == "" || token.In(name) || len(name) >= least && len(name) <= most && serviceNameLetters.MatchString(name) {
		return nil
	}
	return fmt.Errorf("%s must have %d to %d letters, digits, hyphens and underscores and start with a letter or digit, got %q (%d)",
		field, least, most, name, len(name))
}

// validateCommand refuses what App Runner's one string for the start command cannot be trusted to carry: AWS does not say how it is
// split into arguments.
func validateCommand(command []string) error {
	for i, argument := range command {
		if argument == "" && i > 0 || strings.ContainsAny(argument, " \t\r\n\"'\\$`") && !token.In(argument) {
			return fmt.Errorf("Command: App Runner takes one string and splits it at spaces, so an argument must not be empty or hold white "+
				"space, quotes, '$' or a backslash, got %q; put the command into the image's CMD instead", argument)
		}
	}
	return nil
}

// Host implements web.Hosting.
func (h Hosting) Host(scope constructs.Construct, prepared *web.Prepared) web.Hosted {
	return newService(scope, "AppRunner", prepared, h)
}
