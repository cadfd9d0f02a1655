package lambdaweb

import (
	"fmt"
	"math"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/platform"
	"github.com/cdkweb/cdkweb/web"
)

// ManagedInstances are EC2 instances in your account that Lambda starts, patches and scales (Lambda
// Managed Instances). An execution environment takes several requests at a time, so the server must
// be one that can; Lambda tells the adapter how many. An AWS Lambda Web Adapter in the image must be
// 1.0 or newer. There are always environments running, which cost money by the hour.
//
// Only published versions of a function run there. Every deployment publishes the version
// $LATEST.PUBLISHED, and that is what the endpoint calls, because Lambda takes the function's own
// ARN for it.
//
// The server is in the network of the capacity provider, so Workload.VPC is an error: ports are
// opened for the provider's security groups. Whoever deploys needs lambda:PassCapacityProvider.
type ManagedInstances struct {
	// CapacityProvider is where the instances are, made with awslambda.NewCapacityProvider. Its
	// architecture must be the image's. Required.
	CapacityProvider awslambda.ICapacityProvider

	// PerExecutionEnvironmentMaxConcurrency is how many requests an execution environment takes at
	// a time, 1 to 1600. Optional. Default: Lambda's, which it may change.
	PerExecutionEnvironmentMaxConcurrency int

	// ExecutionEnvironmentMemoryGiBPerVCPU is how much of MemorySize comes with each vCPU: 2 to 8
	// GiB. Optional. Default: 2.
	ExecutionEnvironmentMemoryGiBPerVCPU float64

	// MinExecutionEnvironments and MaxExecutionEnvironments are how many there are, 1 to 15000.
	// Optional. Default: 3 at least, one in each of three zones, and no limit but the provider's.
	MinExecutionEnvironments, MaxExecutionEnvironments int
}

// Limits of Lambda Managed Instances: Lambda developer guide, "Best practices for Lambda Managed
// Instances"; API reference, LambdaManagedInstancesCapacityProviderConfig and
// FunctionScalingConfig.
const (
	minManagedMemory, maxManagedMemory = 2048, 32768
	maxManagedConcurrency              = 1600
	minMemoryPerVCPU, maxMemoryPerVCPU = 2, 8
	maxEnvironments                    = 15000
)

// check checks the options, and those of the hosting that mean something else on such instances.
func (m *ManagedInstances) check(c *web.Check, h Hosting) {
	const field = "Hosting.ManagedInstances"
	if regions := platform.ManagedInstancesRegions; !regions.Has(c.Target.Region) {
		c.Problem(web.Problem{
			Field:   field,
			Message: "do not exist in " + c.Target.Region,
			Fix:     "leave them out, or choose another region for the stack",
		})
	}
	c.Between("MemorySize", h.MemorySize, minManagedMemory, maxManagedMemory, "MB")
	optional := func(name string, got, most int) {
		if got != 0 {
			c.Between("ManagedInstances."+name, got, 1, most, "")
		}
	}
	optional("PerExecutionEnvironmentMaxConcurrency", m.PerExecutionEnvironmentMaxConcurrency, maxManagedConcurrency)
	optional("MinExecutionEnvironments", m.MinExecutionEnvironments, maxEnvironments)
	optional("MaxExecutionEnvironments", m.MaxExecutionEnvironments, maxEnvironments)
	if m.MaxExecutionEnvironments > 0 {
		c.NotGreater(
			"ManagedInstances.MinExecutionEnvironments",
			m.MinExecutionEnvironments,
			"ManagedInstances.MaxExecutionEnvironments",
			m.MaxExecutionEnvironments,
		)
	}
	if memory := m.ExecutionEnvironmentMemoryGiBPerVCPU; memory != 0 &&
		!(memory >= minMemoryPerVCPU && memory <= maxMemoryPerVCPU) || math.IsNaN(memory) {
		c.Problem(web.Problem{
			Field:   field + ".ExecutionEnvironmentMemoryGiBPerVCPU",
			Message: fmt.Sprintf("must be between %d and %d GiB", minMemoryPerVCPU, maxMemoryPerVCPU),
			Got:     memory,
		})
	}
	if c.Workload.VPC != nil {
		c.Problem(web.Problem{
			Field:   "Workload.VPC",
			Message: "must not be set with Hosting.ManagedInstances: the server is in the network of the capacity provider",
			Fix:     "leave it out, and make the provider in the subnets that the server needs",
		})
	}
	if m.CapacityProvider == nil {
		c.Problem(web.Problem{
			Field:   field + ".CapacityProvider",
			Message: "is required",
			Fix:     "make one with awslambda.NewCapacityProvider",
		})
		return
	}
	if has := m.architectures(); c.Image != nil && len(has) > 0 && !slices.Contains(has, string(c.Image.Architecture)) {
		c.Problem(web.Problem{
			Field: field + ".CapacityProvider",
			Message: fmt.Sprintf(
				"has instances for %s, but Workload.Image has Architecture %s",
				has[0],
				c.Image.Architecture,
			),
			Fix: "set Architectures of the provider, or build the image for " + has[0],
		})
	}
}

// architectures are those that the provider asks for, if it is one of the app and says so.
func (m *ManagedInstances) architectures() []string {
	resource, ok := m.CapacityProvider.Node().DefaultChild().(awslambda.CfnCapacityProvider)
	if !ok || resource.InstanceRequirements() == nil {
		return nil
	}
	requirements, _ := awscdk.Stack_Of(resource).Resolve(resource.InstanceRequirements()).(map[string]any)
	list, _ := requirements["architectures"].([]any)
	var all []string
	for _, one := range list {
		if text, ok := one.(string); ok {
			all = append(all, text)
		}
	}
	return all
}

// apply sets the properties of a function, which the CDK has on the provider that is made in an app
// only.
func (m *ManagedInstances) apply(function awslambda.CfnFunction) {
	managed := &awslambda.CfnFunction_LambdaManagedInstancesCapacityProviderConfigProperty{
		CapacityProviderArn:                   m.CapacityProvider.CapacityProviderArn(),
		PerExecutionEnvironmentMaxConcurrency: cdk.Number(m.PerExecutionEnvironmentMaxConcurrency),
	}
	if memory := m.ExecutionEnvironmentMemoryGiBPerVCPU; memory != 0 {
		managed.ExecutionEnvironmentMemoryGiBPerVCpu = &memory
	}
	function.SetCapacityProviderConfig(&awslambda.CfnFunction_CapacityProviderConfigProperty{
		LambdaManagedInstancesCapacityProviderConfig: managed,
	})
	function.SetPublishToLatestPublished(new(true))
	if m.MinExecutionEnvironments != 0 || m.MaxExecutionEnvironments != 0 {
		function.SetFunctionScalingConfig(&awslambda.CfnFunction_FunctionScalingConfigProperty{
			MinExecutionEnvironments: cdk.Number(m.MinExecutionEnvironments),
			MaxExecutionEnvironments: cdk.Number(m.MaxExecutionEnvironments),
		})
	}
}
