package ecsweb

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/limits"
	"github.com/cdkweb/cdkweb/internal/loggroup"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// Hosting is Amazon ECS Express Mode, with the options that only it has. The zero value is a service of 1 vCPU and 2 GiB on Fargate that
// scales from 1 to 20 tasks by their CPU, on the internet, in the account's default VPC and cluster.
type Hosting struct {
	// CPU of a task in units: 1024 are one vCPU. 256, 512, 1024, 2048, 4096, 8192 or 16384. Optional. Default: 1024.
	CPU int

	// Memory of a task in MiB. Fargate has only some pairs of CPU and memory.
	// Optional. Default: the least that goes with CPU, which is 2048 for 1024.
	Memory int

	// MinTaskCount is the number of tasks that always run, at least 1. Optional. Default: 1.
	MinTaskCount int

	// MaxTaskCount is the number of tasks that there are at most; not less than MinTaskCount. Optional. Default: 20.
	MaxTaskCount int

	// AutoScalingMetric is what decides about the number of tasks. Optional. Default: AverageCPU.
	AutoScalingMetric Metric

	// AutoScalingTargetValue is the value of the metric that ECS keeps by adding and removing tasks: percent, 1 to 100, or for
	// RequestCountPerTarget a number of requests. Optional. Default: 60 percent; RequestCountPerTarget has none and needs one.
	AutoScalingTargetValue int

	// ServiceName has 1 to 255 letters, digits, hyphens and underscores, and is the only one of its cluster. A change of the name, or of
	// a tag, replaces the service, and the replacement of a service with a fixed name fails as long as the old one is there.
	// Optional. Default: CloudFormation makes one up.
	ServiceName string

	// Cluster that the service belongs to. A change replaces the service. One that is made with awsecs.NewCluster should have
	// EnableFargateCapacityProviders set, as the account's default cluster has them, and gets a VPC of its own unless Vpc is set.
	// Optional. Default: the account's cluster named "default", which ECS makes where there is none.
	Cluster awsecs.ICluster

	// OwnCluster makes a cluster for this service alone. It excludes Cluster. Optional. Default: false.
	OwnCluster bool

	// VPC that the load balancer and the tasks are in.
	// Optional. Default: the account's default VPC, in its public subnets.
	VPC awsec2.IVpc

	// VPCSubnets are all public, or all private. Public ones make a load balancer on the internet, and tasks with public addresses;
	// private ones a load balancer that only the VPC reaches, and tasks that need NAT or endpoints to pull the image and to log. They are
	// in at least two availability zones, with at least 8 free addresses each.
	// Optional. Default: the public subnets of VPC; where it has none, its private ones.
	VPCSubnets *awsec2.SubnetSelection

	// SecurityGroups of the tasks, beside the one that ECS makes, which lets the load balancer in.
	// Optional. Default: a new one where VPC is set, so that the service has Connections; it allows all outbound traffic.
	SecurityGroups []awsec2.ISecurityGroup

	// LogGroup receives what the server prints. It excludes LogRetentionInDays. Optional. Default: a new one, deleted with the service.
	LogGroup awslogs.ILogGroup

	// LogRetentionInDays is how long the new log group keeps what it got: a number of days that CloudWatch Logs knows, such as 7, 30,
	// 90 or 365. Optional. Default: 30.
	LogRetentionInDays int

	// TaskDefinition is where the server runs beside other containers, with volumes, or with what else Express Mode has no words for.
	// The service adds the workload to it, as the container "Main" with the port "web"; no other service may use it, and its RuntimePlatform
	// is the image's. It excludes CPU, Memory, ExecutionRole and the workload's Role, which it has itself.
	// Optional. Default: ECS makes one with the workload alone.
	TaskDefinition awsecs.TaskDefinition

	// ExecutionRole lets ECS pull the image and write logs. Its trust policy must name ecs-tasks.amazonaws.com.
	// Optional. Default: a new role with AWS's policy for that, AmazonECSTaskExecutionRolePolicy.
	ExecutionRole awsiam.IRole

	// InfrastructureRole lets ECS build the load balancer and what belongs to it, and take it down again: it must be there for as long as
	// the service is. Its trust policy must name ecs.amazonaws.com. A change replaces the service.
	// Optional. Default: a new role with AWS's policy for that, AmazonECSInfrastructureRoleforExpressGatewayServices.
	InfrastructureRole awsiam.IRole
}

var _ web.Hosting = Hosting{}

// Metric is what ECS scales by, in its own words.
type Metric string

// The metrics that ECS Express Mode scales by.
const (
	AverageCPU            Metric = "AVERAGE_CPU"
	AverageMemory         Metric = "AVERAGE_MEMORY"
	RequestCountPerTarget Metric = "REQUEST_COUNT_PER_TARGET"
)

// Where AWS's documents disagree, these are the developer guide's values ("Resources created by Amazon ECS Express Mode services"). The
// API reference and CloudFormation say 256 and 512 for CPU and memory, /ping for the health check, and CloudFormation one task at most.
const (
	defaultCPU             = 1024
	defaultMinTaskCount    = 1
	defaultMaxTaskCount    = 20
	defaultMetric          = AverageCPU
	defaultTarget          = 60
	defaultHealthCheckPath = "/"
)

// container is what ECS calls the container that gets the requests, also in a task definition of the user's.
const container = "Main"

// reserved are the names that ECS sets itself on Fargate and that mean nothing else, from its developer guide ("Amazon ECS environment
// variables"). AWS_REGION and AWS_DEFAULT_REGION are missing: a server may be told to work elsewhere.
var reserved = []string{
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_EXECUTION_ENV", "ECS_AGENT_URI", "ECS_CONTAINER_METADATA_URI",
	"ECS_CONTAINER_METADATA_URI_V4",
}

// serviceName is ECS's rule for names of services (CreateExpressGatewayService, parameter serviceName).
var serviceName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func (h Hosting) withDefaults() Hosting {
	h.CPU = cmp.Or(h.CPU, defaultCPU)
	h.Memory = cmp.Or(h.Memory, leastMemory(h.CPU))
	h.MinTaskCount = cmp.Or(h.MinTaskCount, defaultMinTaskCount)
	h.MaxTaskCount = cmp.Or(h.MaxTaskCount, max(defaultMaxTaskCount, h.MinTaskCount))
	h.AutoScalingMetric = cmp.Or(h.AutoScalingMetric, defaultMetric)
	if h.AutoScalingTargetValue == 0 && h.AutoScalingMetric != RequestCountPerTarget {
		h.AutoScalingTargetValue = defaultTarget
	}
	return h
}

// Validate implements web.Hosting.
func (h Hosting) Validate(workload *web.Workload, environment web.Environment) []error {
	var errs []error
	if h.TaskDefinition == nil {
		sized := h.withDefaults()
		errs = append(errs, validateSize(sized.CPU, sized.Memory)...)
	} else {
		errs = append(errs, h.validateTaskDefinition(workload)...)
	}
	errs = append(errs, h.validateScaling()...)
	if h.ServiceName != "" && !token.In(h.ServiceName) && !serviceName.MatchString(h.ServiceName) {
		errs = append(errs, fmt.Errorf("ServiceName must have 1 to 255 letters, digits, hyphens and underscores, got %q (%d)", h.ServiceName, len(h.ServiceName)))
	}
	if h.Cluster != nil && h.OwnCluster {
		errs = append(errs, errors.New("Cluster excludes OwnCluster; leave one of them out"))
	}
	errs = append(errs, limits.ECSExpress.Check(workload.Needs)...)
	errs = append(errs, h.validateNetwork()...)
	errs = append(errs, loggroup.Validate(h.LogGroup, h.LogRetentionInDays)...)
	return errs
}

// ValidateVariables implements web.Hosting.
func (h Hosting) ValidateVariables(variables map[string]string) []error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		if slices.Contains(reserved, name) {
			errs = append(errs, fmt.Errorf("Environment: %s is ECS's own and cannot be set; choose another name", name))
		}
	}
	return errs
}

func (h Hosting) validateScaling() []error {
	h = h.withDefaults()
	var errs []error
	if h.MinTaskCount < 1 {
		errs = append(errs, fmt.Errorf("MinTaskCount must be at least 1, got %d; "+
			"what runs nothing while there are no requests is %s", h.MinTaskCount, limits.Can(func(h *limits.Hosting) limits.Ability { return h.ScaleToZero })))
	}
	if h.MaxTaskCount < 1 {
		errs = append(errs, fmt.Errorf("MaxTaskCount must be at least 1, got %d", h.MaxTaskCount))
	} else if h.MinTaskCount > h.MaxTaskCount {
		errs = append(errs, fmt.Errorf("MinTaskCount must not be greater than MaxTaskCount, got %d and %d; lower the one or raise the other", h.MinTaskCount, h.MaxTaskCount))
	}
	switch target := h.AutoScalingTargetValue; h.AutoScalingMetric {
	case AverageCPU, AverageMemory:
		if target < 1 || target > 100 {
			errs = append(errs, fmt.Errorf("AutoScalingTargetValue must be between 1 and 100 percent for %s, got %d", h.AutoScalingMetric, target))
		}
	case RequestCountPerTarget:
		if target < 1 {
			errs = append(errs, fmt.Errorf("AutoScalingTargetValue must be set to at least 1 request for %s, got %d", h.AutoScalingMetric, target))
		}
	default:
		errs = append(errs, fmt.Errorf("AutoScalingMetric must be ecsweb.AverageCPU, ecsweb.AverageMemory or ecsweb.RequestCountPerTarget, got %q", string(h.AutoScalingMetric)))
	}
	return errs
}

// Host implements web.Hosting.
func (h Hosting) Host(scope constructs.Construct, prepared *web.Prepared) web.Hosted {
	return newService(scope, "ECSExpress", prepared, h)
}
