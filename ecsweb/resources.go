package ecsweb

import (
	"cmp"
	"strconv"
	"sync"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/ecs"
	"github.com/cdkweb/cdkweb/internal/waf"
	"github.com/cdkweb/cdkweb/web"
)

// Resources are what ECS Express Mode needs for a service. The load balancer and what belongs to it
// are made by ECS; the methods name them, for a web ACL, an alarm or another certificate.
type Resources struct {
	// Service is the AWS::ECS::ExpressGatewayService. It is an L1 construct because the CDK has no
	// L2 for Express Mode. To change what this package has no option for, use AddPropertyOverride.
	Service awsecs.CfnExpressGatewayService

	// ExecutionRole is what ECS pulls the image and writes logs with.
	ExecutionRole awsiam.IRole

	// InfrastructureRole is what ECS builds the load balancer with, and takes it down.
	InfrastructureRole awsiam.IRole

	// LogGroup receives what the server prints; nil with a LogDriver.
	LogGroup awslogs.ILogGroup

	// Container is the workload in the task definition that was passed as Hosting.TaskDefinition;
	// nil if ECS makes one.
	Container awsecs.ContainerDefinition
}

// ResourcesOf returns the resources of a service on ECS Express Mode, and false if it runs
// elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// NewService defines a service on ECS Express Mode. It is web.NewService for who wants just this
// hosting.
func NewService(
	scope constructs.Construct,
	id string,
	workload web.Workload,
	hosting Hosting,
) (*web.Service, *Resources) {
	service := web.NewService(scope, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
	return service, service.Resources().(*Resources)
}

// ServiceARN names the service. It holds tokens.
func (r *Resources) ServiceARN() string { return *r.Service.AttrServiceArn() }

// LoadBalancerARN names the load balancer, which up to 25 Express Mode services of a VPC share: for
// a web ACL, or an alarm. It holds tokens.
func (r *Resources) LoadBalancerARN() string {
	return *r.Service.AttrEcsManagedResourceArnsIngressPathLoadBalancerArn()
}

// ListenerARN names the load balancer's HTTPS listener: for the certificate of another domain. It
// holds tokens.
func (r *Resources) ListenerARN() string {
	return *r.Service.AttrEcsManagedResourceArnsIngressPathListenerArn()
}

// ListenerRuleARN names the rule of the listener that sends this service's host name to its tasks.
// It holds tokens.
func (r *Resources) ListenerRuleARN() string {
	return *r.Service.AttrEcsManagedResourceArnsIngressPathListenerRuleArn()
}

// TargetGroupARNs name the target groups between which a deployment shifts the requests. It is one
// token for the whole list: take one with awscdk.Fn_Select.
func (r *Resources) TargetGroupARNs() []string {
	return values(r.Service.AttrEcsManagedResourceArnsIngressPathTargetGroupArns())
}

// LoadBalancerSecurityGroupARNs name the security groups of the load balancer. It is one token for
// the whole list.
func (r *Resources) LoadBalancerSecurityGroupARNs() []string {
	return values(r.Service.AttrEcsManagedResourceArnsIngressPathLoadBalancerSecurityGroups())
}

// ServiceSecurityGroupARNs name the security groups that ECS made for the tasks. It is one token
// for the whole list.
func (r *Resources) ServiceSecurityGroupARNs() []string {
	return values(r.Service.AttrEcsManagedResourceArnsServiceSecurityGroups())
}

// LogGroupARNs name the log groups that ECS knows for the service. It is one token for the whole
// list.
func (r *Resources) LogGroupARNs() []string {
	return values(r.Service.AttrEcsManagedResourceArnsLogGroups())
}

func values(pointers *[]*string) []string {
	var values []string
	for _, pointer := range *pointers {
		values = append(values, *pointer)
	}
	return values
}

// ARM64Warning is the id of the warning about an image for arm64, which CloudFormation has no
// property for yet.
const ARM64Warning = "cdkweb:ecs-arm64"

const arm64Message = "the image is for arm64, which AWS::ECS::ExpressGatewayService has no property for: ECS finds it out from the image when it deploys (so AWS's " +
	"documents; elsewhere they give X86_64 as the default). To have it written down, pass a TaskDefinition whose RuntimePlatform is ARM64"

// TagWarning is the id of the warning about a service that has a fixed name and tags.
const TagWarning = "cdkweb:ecs-tags-replace"

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	h = h.withDefaults().within(in.Workload)
	r := &Resources{InfrastructureRole: h.InfrastructureRole}
	if r.InfrastructureRole == nil {
		r.InfrastructureRole = newRole(
			scope,
			"InfrastructureRole",
			in.Principal("ecs.amazonaws.com"),
			"AmazonECSInfrastructureRoleforExpressGatewayServices",
			nil,
		)
	}
	if h.LogDriver == nil {
		r.LogGroup = h.logs().Define(scope, in.Warn)
	}
	place := h.placement(scope, in.Private)
	props := &awsecs.CfnExpressGatewayServiceProps{
		ServiceName:           cdk.String(h.ServiceName),
		Cluster:               h.clusterName(scope),
		InfrastructureRoleArn: r.InfrastructureRole.RoleArn(),
		HealthCheckPath:       new(cmp.Or(in.Workload.HealthCheck.Path, defaultHealthCheckPath)),
		NetworkConfiguration:  place.configuration(),
		ScalingTarget: &awsecs.CfnExpressGatewayService_ExpressGatewayScalingTargetProperty{
			AutoScalingMetric:      new(string(h.AutoScalingMetric)),
			AutoScalingTargetValue: new(float64(h.AutoScalingTargetValue)),
			MinTaskCount:           new(float64(h.MinTaskCount)),
			MaxTaskCount:           new(float64(h.MaxTaskCount)),
		},
	}
	var taskRole awsiam.IRole
	if h.TaskDefinition == nil {
		taskRole = h.defineTask(scope, in, r, props)
	} else {
		taskRole = h.useTask(scope, in, r, props)
	}
	r.Service = awsecs.NewCfnExpressGatewayService(scope, new("Resource"), props)

	h.dependOn(r, taskRole, place)
	if h.ServiceName != "" {
		cdk.WarnOfTags(r.Service, r.Service.CdkTagManager(), TagWarning, h.ServiceName)
	}
	made := web.Made{
		URL:           func() string { return url(r.Service) },
		Role:          taskRole,
		Primary:       r.Service,
		Reach:         h.reach(place, in.Private),
		Network:       place.network(in),
		Connections:   place.connections(),
		NoConnections: "need a security group; set Workload.VPC, or VPC or SecurityGroups of ecsweb.Hosting",
		SecretReader: sync.OnceValue(func() awsiam.IGrantable {
			role := in.Adopt(scope, "SecretReader", r.ExecutionRole)
			r.Service.Node().AddDependency(role)
			return role
		}),
		Unverified: "the load balancer and its rules are those of ECS, and cannot be told to ask for a header",
		Resources:  r,
	}
	made.Protected.ARN = r.LoadBalancerARN()
	h.protect(scope, in)
	if len(in.AllowFrom) > 0 {
		name := url(r.Service)[len("https://"):]
		waf.Allow(scope, in.AllowFrom, r.LoadBalancerARN(), name)
	}
	if h.TaskDefinition == nil {
		made.Environment = r.Service.PrimaryContainer
	} else if task, ok := h.TaskDefinition.Node().DefaultChild().(awsecs.CfnTaskDefinition); ok {
		made.Environment = task.ContainerDefinitions
	}
	return made
}

// defineTask has ECS make the task definition, for the workload alone.
func (h Hosting) defineTask(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
	props *awsecs.CfnExpressGatewayServiceProps,
) awsiam.IRole {
	role := in.Role(scope, "TaskRole")
	if h.ExecutionRole != nil {
		r.ExecutionRole = in.Adopt(scope, "ExecutionRole", h.ExecutionRole)
	} else {
		r.ExecutionRole = newExecutionRole(scope, "ExecutionRole", in)
	}
	props.Cpu = new(strconv.Itoa(h.CPU))
	props.Memory = new(strconv.Itoa(h.Memory))
	props.TaskRoleArn = role.RoleArn()
	props.ExecutionRoleArn = r.ExecutionRole.RoleArn()
	props.PrimaryContainer = &awsecs.CfnExpressGatewayService_ExpressGatewayContainerProperty{
		Image:         &in.Image.URI,
		ContainerPort: new(float64(in.Workload.Port)),
		Command:       cdk.List(in.Workload.Command),
		Environment:   in.Variables.Pairs("name", "value"),
		Secrets:       in.Secrets.Pairs("name", "valueFrom"),
		AwsLogsConfiguration: &awsecs.CfnExpressGatewayService_ExpressGatewayServiceAwsLogsConfigurationProperty{
			LogGroup:        r.LogGroup.LogGroupName(),
			LogStreamPrefix: &h.LogStreamPrefix,
		},
	}
	return role
}

// useTask adds the workload to a task definition of the user's, which excludes what defineTask
// sets.
func (h Hosting) useTask(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
	props *awsecs.CfnExpressGatewayServiceProps,
) awsiam.IRole {
	options := ecs.ContainerOptions(scope, in)
	options.Logging = h.LogDriver
	if h.LogDriver == nil {
		options.Logging = ecs.LogDriver(r.LogGroup, h.LogStreamPrefix)
	}
	r.Container = ecs.AddContainer(h.TaskDefinition, in, options)
	r.ExecutionRole = h.TaskDefinition.ObtainExecutionRole()
	props.TaskDefinitionArn = h.TaskDefinition.TaskDefinitionArn()
	return in.Adopt(scope, "TaskRole", h.TaskDefinition.TaskRole())
}

// newRole makes a role for one of AWS's services, with one of AWS's own policies.
func newRole(
	scope constructs.Construct,
	id string,
	principal awsiam.IPrincipal,
	policy string,
	inline map[string]awsiam.PolicyDocument,
) awsiam.Role {
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy: principal,
		ManagedPolicies: &[]awsiam.IManagedPolicy{
			awsiam.ManagedPolicy_FromAwsManagedPolicyName(new("service-role/" + policy)),
		},
		InlinePolicies: &inline,
	})
}

// newExecutionRole lets ECS write logs and pull. AWS's policy, which ECS asks for, allows that
// today with every log group and repository of the account; the image's own repository is granted
// explicitly in case AWS narrows its policy.
func newExecutionRole(scope constructs.Construct, id string, in *web.Definition) awsiam.Role {
	var inline map[string]awsiam.PolicyDocument
	if in.Image.RepositoryARN != "" {
		inline = map[string]awsiam.PolicyDocument{
			"Pull": cdk.Policy(cdk.Statement{Actions: []string{
				"ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer",
			}, Resource: in.Image.RepositoryARN}),
		}
	}
	return newRole(
		scope,
		id,
		in.Principal("ecs-tasks.amazonaws.com"),
		"AmazonECSTaskExecutionRolePolicy",
		inline,
	)
}

// clusterName returns the cluster's name, of one that is defined for OwnCluster, or nil for the
// account's default one.
func (h Hosting) clusterName(scope constructs.Construct) *string {
	if h.OwnCluster {
		// The L2 construct would make a VPC for it, with two NAT gateways.
		return awsecs.NewCfnCluster(scope, new("Cluster"), &awsecs.CfnClusterProps{CapacityProviders: &[]any{"FARGATE"}}).
			Ref()
	}
	if h.Cluster == nil {
		return nil
	}
	return h.Cluster.ClusterName()
}

// dependOn puts the service after, and its deletion before, what it needs and does not name.
func (h Hosting) dependOn(r *Resources, taskRole awsiam.IRole, place placement) {
	// CloudFormation deletes in the opposite order: the infrastructure role, and the policies that
	// hang below it, go when ECS has taken the load balancer down with them.
	needed := []constructs.IDependable{r.InfrastructureRole, taskRole, r.ExecutionRole}
	if h.TaskDefinition != nil {
		needed = append(needed, h.TaskDefinition)
	}
	// A subnet is public once it has a route to the internet. Before, ECS calls it private, and
	// refuses the mix of both.
	if h.VPC != nil {
		needed = append(needed, h.VPC.InternetConnectivityEstablished())
	}
	for _, subnet := range place.subnets {
		needed = append(needed, subnet.InternetConnectivityEstablished())
	}
	r.Service.Node().AddDependency(needed...)
}

// url is the service's base URL. AWS does not say whether the attribute starts with https://; a
// host name has neither that nor a slash.
func url(service awsecs.CfnExpressGatewayService) string {
	return "https://" + without("/", without("https://", *service.AttrEndpoint()))
}

// without removes a text from a value that is known at deployment only.
func without(text, value string) string {
	return *awscdk.Fn_Join(new(""), awscdk.Fn_Split(&text, &value, nil))
}
