package ecsweb

import (
	"errors"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/late"
	"github.com/cdkweb/cdkweb/internal/loggroup"
	"github.com/cdkweb/cdkweb/internal/optional"
	"github.com/cdkweb/cdkweb/internal/tagguard"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// ServiceProps are a workload and ECS Express Mode's own options.
type ServiceProps struct {
	web.Workload
	Hosting
}

// Validate reports every problem of the props at once, joined with errors.Join, or nil. It needs no Node, but for what the CDK has to
// say about a VPC or a task definition.
func (p *ServiceProps) Validate() error {
	if p == nil {
		p = &ServiceProps{}
	}
	return (&web.ServiceProps{Workload: p.Workload, Hosting: p.Hosting}).Validate()
}

// Service is a workload on ECS Express Mode.
//
// It is built on the L1 construct awsecs.CfnExpressGatewayService, because the CDK has no L2 for Express Mode.
type Service struct {
	constructs.Construct
	prepared           *web.Prepared
	taskRole           awsiam.IRole
	executionRole      awsiam.IRole
	infrastructureRole awsiam.IRole
	logGroup           awslogs.ILogGroup
	securityGroups     []awsec2.ISecurityGroup
	container          awsecs.ContainerDefinition // of the user's task definition; else nil
	resource           awsecs.CfnExpressGatewayService
}

var (
	_ web.Hosted          = (*Service)(nil)
	_ awsec2.IConnectable = (*Service)(nil)
)

// ARM64Warning is the id of the warning about an image for arm64, which CloudFormation has no property for yet.
const ARM64Warning = "cdkweb:ecs-arm64"

const arm64Message = "the image is for arm64, which AWS::ECS::ExpressGatewayService cannot say: ECS finds it out from the image when it deploys (so AWS's " +
	"documents; elsewhere they give X86_64 as the default). To have it written down, pass a TaskDefinition whose RuntimePlatform is ARM64"

// streamPrefix is ECS's own default for the first part of a log stream's name.
const streamPrefix = "ecs"

// NewService defines an Express Mode service. It panics with a [*web.InvalidPropsError] when the props cannot work or the image does not
// compile; nothing has been added to the tree then.
func NewService(scope constructs.Construct, id string, props *ServiceProps) *Service {
	if props == nil {
		props = &ServiceProps{}
	}
	return newService(scope, id, web.Prepare(scope, id, props.Workload, props.Hosting), props.Hosting)
}

func newService(scope constructs.Construct, id string, prepared *web.Prepared, hosting Hosting) *Service {
	hosting = hosting.withDefaults()

	s := &Service{prepared: prepared}
	constructs.NewConstruct_Override(s, scope, &id)

	s.infrastructureRole = hosting.InfrastructureRole
	if s.infrastructureRole == nil {
		s.infrastructureRole = newRole(s, "InfrastructureRole", "ecs.amazonaws.com", "AmazonECSInfrastructureRoleforExpressGatewayServices", nil)
	}
	s.logGroup = hosting.LogGroup
	if s.logGroup == nil {
		s.logGroup = loggroup.New(s, "LogGroup", hosting.LogRetentionInDays)
	}
	s.securityGroups = hosting.SecurityGroups
	if len(s.securityGroups) == 0 && hosting.VPC != nil {
		s.securityGroups = []awsec2.ISecurityGroup{awsec2.NewSecurityGroup(s, new("SecurityGroup"), &awsec2.SecurityGroupProps{Vpc: hosting.VPC})}
	}
	props := &awsecs.CfnExpressGatewayServiceProps{
		ServiceName:           optional.String(hosting.ServiceName),
		Cluster:               s.clusterName(hosting),
		InfrastructureRoleArn: s.infrastructureRole.RoleArn(),
		HealthCheckPath:       new(healthCheckPath(prepared.Workload.HealthCheck)),
		NetworkConfiguration:  s.networkConfiguration(hosting),
		ScalingTarget: &awsecs.CfnExpressGatewayService_ExpressGatewayScalingTargetProperty{
			AutoScalingMetric:      new(string(hosting.AutoScalingMetric)),
			AutoScalingTargetValue: new(float64(hosting.AutoScalingTargetValue)),
			MinTaskCount:           new(float64(hosting.MinTaskCount)),
			MaxTaskCount:           new(float64(hosting.MaxTaskCount)),
		},
	}
	if hosting.TaskDefinition == nil {
		s.defineTask(hosting, props)
	} else {
		s.useTask(hosting.TaskDefinition, props)
	}
	s.resource = awsecs.NewCfnExpressGatewayService(s, new("Resource"), props)

	s.dependOn(hosting)
	s.warn(hosting)
	return s
}

// defineTask has ECS make the task definition, for the workload alone.
func (s *Service) defineTask(hosting Hosting, props *awsecs.CfnExpressGatewayServiceProps) {
	s.taskRole = s.prepared.Workload.Role
	if s.taskRole == nil {
		s.taskRole = awsiam.NewRole(s, new("TaskRole"), &awsiam.RoleProps{
			AssumedBy: awsiam.NewServicePrincipal(new("ecs-tasks.amazonaws.com"), nil),
		})
	}
	s.executionRole = hosting.ExecutionRole
	if s.executionRole == nil {
		s.executionRole = newExecutionRole(s, "ExecutionRole", s.prepared.Image.RepositoryARN)
	}
	props.Cpu = new(strconv.Itoa(hosting.CPU))
	props.Memory = new(strconv.Itoa(hosting.Memory))
	props.TaskRoleArn = s.taskRole.RoleArn()
	props.ExecutionRoleArn = s.executionRole.RoleArn()
	props.PrimaryContainer = s.primaryContainer()
}

// useTask adds the workload to a task definition of the user's, which excludes what defineTask sets.
func (s *Service) useTask(definition awsecs.TaskDefinition, props *awsecs.CfnExpressGatewayServiceProps) {
	s.container = s.addContainer(definition)
	s.taskRole = definition.TaskRole()
	s.executionRole = definition.ObtainExecutionRole()
	props.TaskDefinitionArn = definition.TaskDefinitionArn()
}

// newRole makes a role for one of AWS's services, with one of AWS's own policies.
func newRole(scope constructs.Construct, id, principal, policy string, inline map[string]awsiam.PolicyDocument) awsiam.Role {
	return awsiam.NewRole(scope, &id, &awsiam.RoleProps{
		AssumedBy:       awsiam.NewServicePrincipal(&principal, nil),
		ManagedPolicies: &[]awsiam.IManagedPolicy{awsiam.ManagedPolicy_FromAwsManagedPolicyName(new("service-role/" + policy))},
		InlinePolicies:  &inline,
	})
}

// newExecutionRole lets ECS write logs and pull. AWS's policy, which ECS asks for, allows that today with every log group and repository
// of the account; the image's own repository is named for the day when it does not.
func newExecutionRole(scope constructs.Construct, id, repositoryARN string) awsiam.Role {
	var inline map[string]awsiam.PolicyDocument
	if repositoryARN != "" {
		inline = map[string]awsiam.PolicyDocument{
			"Pull": awsiam.NewPolicyDocument(&awsiam.PolicyDocumentProps{Statements: &[]awsiam.PolicyStatement{
				awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
					Actions: &[]*string{
						new("ecr:BatchCheckLayerAvailability"),
						new("ecr:BatchGetImage"),
						new("ecr:GetDownloadUrlForLayer"),
					},
					Resources: &[]*string{&repositoryARN},
				}),
			}}),
		}
	}
	return newRole(scope, id, "ecs-tasks.amazonaws.com", "AmazonECSTaskExecutionRolePolicy", inline)
}

// clusterName returns the cluster's name, of one that is defined for OwnCluster, or nil for the account's default one.
func (s *Service) clusterName(hosting Hosting) *string {
	if hosting.OwnCluster {
		// The L2 construct would make a VPC for it, with two NAT gateways.
		cluster := awsecs.NewCfnCluster(s, new("Cluster"), &awsecs.CfnClusterProps{CapacityProviders: &[]any{"FARGATE"}})
		return cluster.Ref()
	}
	if hosting.Cluster == nil {
		return nil
	}
	return hosting.Cluster.ClusterName()
}

// networkConfiguration is where the load balancer and the tasks are, or nil for the default VPC.
func (s *Service) networkConfiguration(hosting Hosting) any {
	var subnets, groups []*string
	for _, subnet := range hosting.subnets() {
		subnets = append(subnets, subnet.SubnetId())
	}
	for _, group := range s.securityGroups {
		groups = append(groups, group.SecurityGroupId())
	}
	if subnets == nil && groups == nil {
		return nil
	}
	network := &awsecs.CfnExpressGatewayService_ExpressGatewayServiceNetworkConfigurationProperty{}
	if subnets != nil {
		network.Subnets = &subnets
	}
	if groups != nil {
		network.SecurityGroups = &groups
	}
	return network
}

// primaryContainer is what runs.
func (s *Service) primaryContainer() *awsecs.CfnExpressGatewayService_ExpressGatewayContainerProperty {
	return &awsecs.CfnExpressGatewayService_ExpressGatewayContainerProperty{
		Image:         &s.prepared.Image.URI,
		ContainerPort: new(float64(s.prepared.Workload.Port)),
		Command:       optional.List(s.prepared.Workload.Command),
		Environment:   late.Pairs(s.prepared.Variables),
		AwsLogsConfiguration: &awsecs.CfnExpressGatewayService_ExpressGatewayServiceAwsLogsConfigurationProperty{
			LogGroup:        s.logGroup.LogGroupName(),
			LogStreamPrefix: new(streamPrefix),
		},
	}
}

// healthCheckPath is the workload's, or "/": the load balancer of Express Mode only knows checks over HTTP.
func healthCheckPath(check web.HealthCheck) string {
	if check.Path == "" {
		return defaultHealthCheckPath
	}
	return check.Path
}

// dependOn puts the service after, and its deletion before, what it needs and does not name.
func (s *Service) dependOn(hosting Hosting) {
	// CloudFormation deletes in the opposite order: the infrastructure role, and the policies that hang below it, go when ECS has taken
	// the load balancer down with them.
	s.resource.Node().AddDependency(s.infrastructureRole, s.taskRole, s.executionRole)
	if hosting.TaskDefinition != nil {
		s.resource.Node().AddDependency(hosting.TaskDefinition)
	}
	if hosting.VPC == nil {
		return
	}
	// A subnet is public once it has a route to the internet. Before, ECS calls it private, and refuses the mix of both.
	s.resource.Node().AddDependency(hosting.VPC.InternetConnectivityEstablished())
	for _, subnet := range hosting.subnets() {
		s.resource.Node().AddDependency(subnet.InternetConnectivityEstablished())
	}
}

func (s *Service) warn(hosting Hosting) {
	if hosting.TaskDefinition == nil && s.prepared.Workload.Image.Facts().Architecture == webimage.ARM64 {
		awscdk.Annotations_Of(s).AddWarningV2(new(ARM64Warning), new(arm64Message))
	}
	if hosting.ServiceName != "" {
		tagguard.Add(s.resource, s.resource.CdkTagManager(), TagWarning, hosting.ServiceName)
	}
}

// TagWarning is the id of the warning about a service that has a fixed name and tags.
const TagWarning = "cdkweb:ecs-tags-replace"

// URL is where the service answers: https and a host name. It holds tokens.
func (s *Service) URL() string {
	// AWS does not say whether the attribute starts with https://; a host name has neither that nor a slash.
	return "https://" + without("/", without("https://", *s.resource.AttrEndpoint()))
}

// without removes a text from a value that is known at deployment only.
func without(text, value string) string {
	return *awscdk.Fn_Join(new(""), awscdk.Fn_Split(&text, &value, nil))
}

// Role is the task role: what the running server may do.
func (s *Service) Role() awsiam.IRole { return s.taskRole }

// GrantPrincipal makes the service a grantee: table.GrantReadData(service).
func (s *Service) GrantPrincipal() awsiam.IPrincipal { return s.taskRole }

// AddEnvironment sets an environment variable of the server. It panics with a [*web.InvalidPropsError] on a name that ECS reserves, and
// where the variable has another value already.
func (s *Service) AddEnvironment(name, value string) {
	if err := s.prepared.SetVariable(name, value); err != nil {
		panic(&web.InvalidPropsError{Path: *s.Node().Path(), Err: err})
	}
	if s.container != nil {
		s.container.AddEnvironment(&name, &value)
	}
}

// UseTable lets the server use a DynamoDB table: it grants the access and sets the environment variable to the table's name.
func (s *Service) UseTable(name string, table awsdynamodb.ITable, access web.Access) {
	s.prepared.UseTable(s, name, table, access)
}

// ExecutionRole is what ECS pulls the image and writes logs with.
func (s *Service) ExecutionRole() awsiam.IRole { return s.executionRole }

// InfrastructureRole is what ECS builds the load balancer with, and takes it down.
func (s *Service) InfrastructureRole() awsiam.IRole { return s.infrastructureRole }

// LogGroup receives what the server prints.
func (s *Service) LogGroup() awslogs.ILogGroup { return s.logGroup }

// Connections opens ports between the tasks and what else is in the VPC: database.Connections().AllowDefaultPortFrom(service, nil). It
// panics with a [*web.InvalidPropsError] where the service has no security group but the one that ECS makes.
func (s *Service) Connections() awsec2.Connections {
	if len(s.securityGroups) == 0 {
		panic(&web.InvalidPropsError{Path: *s.Node().Path(), Err: errors.New("Connections needs a security group: set VPC or SecurityGroups of ecsweb.Hosting")})
	}
	return awsec2.NewConnections(&awsec2.ConnectionsProps{SecurityGroups: &s.securityGroups})
}

// ServiceARN names the service. It holds tokens.
func (s *Service) ServiceARN() string { return *s.resource.AttrServiceArn() }

// LoadBalancerARN names the load balancer, which up to 25 Express Mode services of a VPC share: for a web ACL, or an alarm. It holds tokens.
func (s *Service) LoadBalancerARN() string {
	return *s.resource.AttrEcsManagedResourceArnsIngressPathLoadBalancerArn()
}

// ListenerARN names the load balancer's HTTPS listener: for the certificate of another domain. It holds tokens.
func (s *Service) ListenerARN() string {
	return *s.resource.AttrEcsManagedResourceArnsIngressPathListenerArn()
}

// ListenerRuleARN names the rule of the listener that sends this service's host name to its tasks. It holds tokens.
func (s *Service) ListenerRuleARN() string {
	return *s.resource.AttrEcsManagedResourceArnsIngressPathListenerRuleArn()
}

// TargetGroupARNs name the target groups between which a deployment shifts the requests. It is one token for the whole list: take one with
// awscdk.Fn_Select.
func (s *Service) TargetGroupARNs() []string {
	return values(s.resource.AttrEcsManagedResourceArnsIngressPathTargetGroupArns())
}

// LoadBalancerSecurityGroupARNs name the security groups of the load balancer. It is one token for the whole list.
func (s *Service) LoadBalancerSecurityGroupARNs() []string {
	return values(s.resource.AttrEcsManagedResourceArnsIngressPathLoadBalancerSecurityGroups())
}

// ServiceSecurityGroupARNs name the security groups that ECS made for the tasks. It is one token for the whole list.
func (s *Service) ServiceSecurityGroupARNs() []string {
	return values(s.resource.AttrEcsManagedResourceArnsServiceSecurityGroups())
}

// LogGroupARNs name the log groups that ECS knows for the service. It is one token for the whole list.
func (s *Service) LogGroupARNs() []string {
	return values(s.resource.AttrEcsManagedResourceArnsLogGroups())
}

func values(pointers *[]*string) []string {
	var values []string
	for _, pointer := range *pointers {
		values = append(values, *pointer)
	}
	return values
}

// Container is the workload in the task definition that was passed as Hosting.TaskDefinition, or nil where ECS makes one.
func (s *Service) Container() awsecs.ContainerDefinition { return s.container }

// CfnExpressGatewayService is the AWS::ECS::ExpressGatewayService, for what this package has no option for.
func (s *Service) CfnExpressGatewayService() awsecs.CfnExpressGatewayService { return s.resource }
