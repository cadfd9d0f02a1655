package importer

// Patterns and paths that many rows share.
const (
	mainContainer = `TaskDefinition\.ContainerDefinitions\.(?:fe|gRPC)\.`
	sidecars      = `TaskDefinition\.ContainerDefinitions\.((?:nginx|operation|firelens_log_router)\.`
	containers    = "ECS::TaskDefinition.ContainerDefinitions."
	awsvpc        = "ECS::Service.NetworkConfiguration.AwsvpcConfiguration."
	balancing     = "ElasticLoadBalancingV2::"
	apprunner     = `Service\.SourceConfiguration\.`
)

const (
	machinery = "Copilot's own machinery: nothing runs while a stack of the CDK is deployed"
	discovery = "let others call the service with `UseService`, or set `Hosting.ServiceDiscovery`"
	parameter = "the whole ARN of the parameter, in the stack's account and Region"
	logicalID = "the logical ids are the CDK's"
	generated = "CloudFormation generates it"
	tables    = "what subscribed to Copilot's topics has to subscribe to the new ones"
)

var loadBalancedProperties = []property{
	{"log group", `LogGroup`, same, "Logs::LogGroup", ""},
	{"log group: name", `LogGroup\.LogGroupName`, none, "Logs::LogGroup.LogGroupName", generated},
	{"log group: retention", `LogGroup\.RetentionInDays`, same, "Logs::LogGroup.RetentionInDays", ""},

	{"task definition", `TaskDefinition`, same, "ECS::TaskDefinition", ""},
	{"task: CPU, memory, network mode, Fargate", `TaskDefinition\.(Cpu|Memory|NetworkMode|RequiresCompatibilities\.0)`, same, "ECS::TaskDefinition.$1", ""},
	{"task: family", `TaskDefinition\.Family`, differs, "ECS::TaskDefinition.Family", "the CDK generates it"},
	{"task: roles", `TaskDefinition\.(ExecutionRoleArn|TaskRoleArn)`, differs, "ECS::TaskDefinition.$1", logicalID},
	{"task: volumes", `TaskDefinition\.(Volumes\..+)`, same, "ECS::TaskDefinition.$1", ""},

	{"variables `COPILOT_LB_DNS`, `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", mainContainer + `Environment\.(COPILOT_LB_DNS|COPILOT_SERVICE_DISCOVERY_ENDPOINT)`, none,
		containers + "Main.Environment.$1", "the service's own address is `URL()`; `UseService` gives those of others"},
	{"variables `COPILOT_LB_DNS`, `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", sidecars + `Environment\.(?:COPILOT_LB_DNS|COPILOT_SERVICE_DISCOVERY_ENDPOINT))`, none,
		containers + "$1", "the service's own address is `URL()`; `UseService` gives those of others"},
	{"variable `COPILOT_SNS_TOPIC_ARNS`", mainContainer + `Environment\.COPILOT_SNS_TOPIC_ARNS`, differs, containers + "Main.Environment.COPILOT_SNS_TOPIC_ARNS",
		"the ARNs of the new topics, which also are variables of their own"},
	{"variable `COPILOT_SNS_TOPIC_ARNS` of sidecars", sidecars + `Environment\.COPILOT_SNS_TOPIC_ARNS)`, none, containers + "$1", "add it to the container, if it publishes"},
	{"variables: yours, and Copilot's `COPILOT_APPLICATION_NAME`, `_ENVIRONMENT_NAME`, `_SERVICE_NAME`, `_MOUNT_POINTS`", mainContainer + `(Environment\..+)`, same, containers + "Main.$1", ""},
	{"variables of sidecars", sidecars + `Environment\..+)`, same, containers + "$1", ""},
	{"image", mainContainer + `Image`, differs, containers + "Main.Image", "`cdk deploy` builds and pushes it; one at a location keeps its name"},
	{"secrets: of Secrets Manager, and exports", mainContainer + `(Secrets\.(?:DB|GIT_USERNAME))`, same, containers + "Main.$1", ""},
	{"secrets: of Parameter Store", mainContainer + `(Secrets\.SQL_PASS)`, differs, containers + "Main.$1", parameter},
	{"secrets: of Secrets Manager, and exports", sidecars + `Secrets\.(?:DB|GIT_USERNAME|MONGO_DB))`, same, containers + "$1", ""},
	{"secrets: of Parameter Store", sidecars + `Secrets\.(?:SQL_PASS|GITHUB_TOKEN))`, differs, containers + "$1", parameter},
	{"logs: group", mainContainer + `(LogConfiguration\.Options\.awslogs-group)`, differs, containers + "Main.$1", logicalID},
	{"logs: prefix of streams", mainContainer + `(LogConfiguration\.Options\.awslogs-stream-prefix)`, differs, containers + "Main.$1", "`ecs`; set `LogStreamPrefix` for another"},
	{"logs: secret options of Parameter Store", mainContainer + `(LogConfiguration\.SecretOptions\.SQL_USERNAME)`, differs, containers + "Main.$1", parameter},
	{"logs: driver, options, secret options", mainContainer + `(LogConfiguration\..+)`, same, containers + "Main.$1", ""},
	{"logs: group", sidecars + `LogConfiguration\.Options\.awslogs-group)`, differs, containers + "$1", logicalID},
	{"logs of sidecars", sidecars + `LogConfiguration\..+)`, same, containers + "$1", ""},
	{"log router", sidecars + `FirelensConfiguration\..+)`, same, containers + "$1", ""},
	{"mount points", mainContainer + `(MountPoints\..+)`, same, containers + "Main.$1", ""},
	{"ports of the container", mainContainer + `PortMappings\.(?:0|target)\.(.+)`, same, containers + "Main.PortMappings.web.$1", ""},
	{"ports of rules", mainContainer + `(PortMappings\.1\..+)`, same, containers + "Main.$1", ""},
	{"ports of sidecars", `TaskDefinition\.ContainerDefinitions\.nginx\.PortMappings\.target\.(.+)`, same, containers + "nginx.PortMappings.0.$1", ""},
	{"ports of sidecars", `TaskDefinition\.ContainerDefinitions\.(nginx\.PortMappings\.1\..+)`, same, containers + "$1", ""},
	{"image, command and health check of sidecars", sidecars + `(?:Image|Command|HealthCheck).*)`, same, containers + "$1", ""},

	{"execution role", `ExecutionRole`, same, "IAM::Role", ""},
	{"execution role: who assumes it", `ExecutionRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", ""},
	{"execution role: AWS's policy", `ExecutionRole\.ManagedPolicyArns\.0`, none, "IAM::Role.ManagedPolicyArns.0", "it may pull this image and write to this log group"},
	{"execution role: all secrets with Copilot's tags", `ExecutionRole\.Policies\..+`, differs, "IAM::Policy", "it may read the secrets that the program names"},
	{"task role", `TaskRole`, same, "IAM::Role", ""},
	{"task role: who assumes it", `TaskRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", ""},
	{"task role: `Deny iam:*`", `TaskRole\.Policies\.0\..+`, none, "", "a role may do what it is granted, and nothing else"},
	{"task role: publish to topics", `TaskRole\.Policies\.1\.(?:PolicyName|.+\.Version|.+\.Effect|.+\.Resource\.\d)`, differs, "IAM::Policy.PolicyDocument.Statement.*.Resource", "a policy of its own, for the new topics"},
	{"task role: publish to topics", `TaskRole\.Policies\.1\..+\.Action`, same, "IAM::Policy.PolicyDocument.Statement.*.Action", ""},

	{"service", `Service`, same, "ECS::Service", ""},
	{"deployments: circuit breaker with rollback, 100 to 200 percent", `Service\.(DeploymentConfiguration\.(?:DeploymentCircuitBreaker\..+|M.+Percent))`, same, "ECS::Service.$1", ""},
	{"deployments: alarms", `Service\.(DeploymentConfiguration\.Alarms\..+)`, none, "ECS::Service.$1", "`EnableDeploymentAlarms`: see docs/fargate.md"},
	{"deployments: alarms", `CPURollbackAlarm.*`, none, "CloudWatch::Alarm", "make the alarm of the target group's or the load balancer's metrics: see docs/fargate.md"},
	{"service: platform version, tags, grace period", `Service\.(PlatformVersion|PropagateTags|HealthCheckGracePeriodSeconds)`, same, "ECS::Service.$1", ""},
	{"service: cluster", `Service\.Cluster`, differs, "ECS::Service.Cluster", "a cluster of its own; `Hosting.Cluster` names another"},
	{"service: task definition", `Service\.TaskDefinition`, differs, "ECS::Service.TaskDefinition", logicalID},
	{"number of tasks: desired", `Service\.DesiredCount`, differs, "", "scaling decides, or it is fixed; no custom resource looks it up"},
	{"number of tasks: launch type", `Service\.LaunchType`, none, "ECS::Service.LaunchType", "the capacity provider FARGATE, which means the same"},
	{"number of tasks: weight of Spot", `Service\.CapacityProviderStrategy\.0\.Weight`, differs, "ECS::Service.CapacityProviderStrategy.0.Weight", "100, where nothing else has a weight: it means the same"},
	{"number of tasks: Spot, and how many are not", `Service\.(CapacityProviderStrategy\..+)`, same, "ECS::Service.$1", ""},
	{"Service Connect", `Service\.(ServiceConnectConfiguration\..+)`, none, "ECS::Service.$1", discovery},
	{"service discovery", `Service\.(ServiceRegistries\..+)`, none, "ECS::Service.$1", discovery},
	{"service discovery", `DiscoveryService.*`, none, "ServiceDiscovery::Service", discovery},
	{"network: public addresses", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.AssignPublicIp`, same, awsvpc + "AssignPublicIp", ""},
	{"network: subnets", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.Subnets`, differs, awsvpc + "Subnets.0",
		"a VPC of its own, unless the manifest names what is in Copilot's: then the same"},
	{"network: the environment's security group", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.SecurityGroups\.0`, differs, awsvpc + "SecurityGroups.0",
		"a group of its own, which lets the load balancer in; in Copilot's VPC the same"},
	{"network: security groups of yours", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.(SecurityGroups\.[1-9])`, same, awsvpc + "$1", ""},
	{"network: rules for an existing load balancer", `EnvironmentSecurityGroupIngressFromImportedALB.*`, differs, "", "rules between the service's own load balancer and its tasks"},
	{"load balancer: ports of containers", `Service\.LoadBalancers\.\d\.ContainerPort`, same, "ECS::Service.LoadBalancers.*.ContainerPort", ""},
	{"load balancer: containers", `Service\.LoadBalancers\.\d\.ContainerName`, differs, "ECS::Service.LoadBalancers.*.ContainerName", "the service's own container is called `Main`"},
	{"load balancer: target groups", `Service\.LoadBalancers\.\d\.TargetGroupArn`, differs, "ECS::Service.LoadBalancers.*.TargetGroupArn", logicalID},

	{"target groups", `TargetGroup(?:ForImportedALB)?\d?`, same, balancing + "TargetGroup", ""},
	{"target groups: port", `TargetGroup(?:ForImportedALB)?\d?\.Port`, differs, balancing + "TargetGroup.Port", "80 for the service's own: each task's port replaces it"},
	{"target groups: VPC", `TargetGroup(?:ForImportedALB)?\d?\.VpcId`, differs, balancing + "TargetGroup.VpcId", "as the subnets"},
	{"target groups: health check path, protocol, gRPC, delay, stickiness", `TargetGroup(?:ForImportedALB)?\d?\.(.+)`, same, balancing + "TargetGroup.$1", ""},

	{"rules of the listener for HTTPS", `HTTPSListenerRule(?:ForImportedALB)?\d?`, same, balancing + "ListenerRule", ""},
	{"rules: source addresses", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.SourceIpConfig\.Values\.\d`, same,
		balancing + "ListenerRule.Conditions.*.SourceIpConfig.Values.*", ""},
	{"rules: hosts", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.HostHeaderConfig\.Values\.\d`, differs,
		"", "the same, but the load balancer of a service with one `Domain` takes any host"},
	{"rules: kinds of conditions", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.Field`, differs, balancing + "ListenerRule.Conditions.*.Field", "one for every path has no condition"},
	{"rules: paths", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.PathPatternConfig\.Values\.\d`, differs,
		"", "the same, but one for every path has no condition"},
	{"rules: forward", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Actions\.0\.Type`, same, balancing + "ListenerRule.Actions.0.Type", ""},
	{"rules: target group, listener", `HTTPSListenerRule(?:ForImportedALB)?\d?\.(Actions\.0\.TargetGroupArn|ListenerArn)`, differs, balancing + "ListenerRule.$1",
		"the service has a load balancer of its own; several services of an environment share one"},
	{"rules: priority", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Priority`, differs, balancing + "ListenerRule.Priority", "a number that the library chooses by the rule"},
	{"redirect of HTTP to HTTPS", `HTTPListener(?:RuleWithDomain|RedirectRuleForImportedALB)\d?.*`, differs, balancing + "Listener", "the listener on port 80 redirects everything"},
	{"DNS records", `LoadBalancerDNSAlias.*`, differs, "", "records of their own, that lead to the service's load balancer; a zone whose id cannot be one is left out"},

	{"scaling target", `AutoScalingTarget`, same, "ApplicationAutoScaling::ScalableTarget", ""},
	{"scaling: least and most tasks", `AutoScalingTarget\.(M.+Capacity|ScalableDimension|ServiceNamespace)`, same, "ApplicationAutoScaling::ScalableTarget.$1", ""},
	{"scaling: what is scaled", `AutoScalingTarget\.ResourceId`, differs, "ApplicationAutoScaling::ScalableTarget.ResourceId", logicalID},
	{"scaling: role", `AutoScalingTarget\.RoleARN`, differs, "ApplicationAutoScaling::ScalableTarget.RoleARN", "the service-linked role that AWS makes"},
	{"scaling: role", `AutoScalingRole.*`, none, "", "the service-linked role that AWS makes"},
	{"scaling policies", `AutoScalingPolicy[A-Za-z]+`, same, "ApplicationAutoScaling::ScalingPolicy", ""},
	{"scaling policies: name", `AutoScalingPolicy[A-Za-z]+\.(PolicyName|ScalingTargetId)`, differs, "ApplicationAutoScaling::ScalingPolicy.$1", "the CDK generates it"},
	{"scaling policies: dimensions", `AutoScalingPolicy[A-Za-z]+\.(TargetTrackingScalingPolicyConfiguration\.CustomizedMetricSpecification\.Dimensions\..+)`, differs,
		"ApplicationAutoScaling::ScalingPolicy.$1", "of the service's own load balancer"},
	{"scaling policies: metric, value, cooldowns", `AutoScalingPolicy[A-Za-z]+\.(.+)`, same, "ApplicationAutoScaling::ScalingPolicy.$1", ""},

	{"topics", `.+SNSTopic`, same, "SNS::Topic", ""},
	{"topics: FIFO", `.+SNSTopic\.FifoTopic`, same, "SNS::Topic.FifoTopic", ""},
	{"topics: name", `.+SNSTopic\.TopicName`, differs, "", tables},
	{"topics: encryption with `alias/aws/sns`", `.+SNSTopic\.KmsMasterKeyId`, none, "SNS::Topic.KmsMasterKeyId", "set `MasterKey` of the topic"},
	{"topic policies", `.+SNSTopicPolicy`, same, "SNS::TopicPolicy", ""},
	{"topic policies: queues of the account may subscribe", `.+SNSTopicPolicy\..+`, differs, "SNS::TopicPolicy.PolicyDocument.Statement.0.Effect", "they may by their own permissions; publishing needs TLS"},

	{"custom resources: their functions and roles", `(?:EnvController|DynamicDesiredCount|RulePriority|HTTPSRulePriority|HTTPRuleWithDomainPriority|HTTPRedirectRulePriority)(?:Action|Function).*`, none, "", machinery},
	{"custom resources: their functions and roles", `EnvControllerRole.*`, none, "", machinery},
}

var requestDrivenProperties = []property{
	{"App Runner service", `Service`, differs, "ECS::Service", "a service of Fargate here, behind a load balancer"},
	{"CPU and memory", `Service\.InstanceConfiguration\.(Cpu|Memory)`, same, "ECS::TaskDefinition.$1", ""},
	{"port", apprunner + `ImageRepository\.ImageConfiguration\.Port`, same, containers + "Main.PortMappings.web.ContainerPort", ""},
	{"variable `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", apprunner + `.+RuntimeEnvironmentVariables\.COPILOT_SERVICE_DISCOVERY_ENDPOINT`, none,
		containers + "Main.Environment.COPILOT_SERVICE_DISCOVERY_ENDPOINT", "`UseService` gives the addresses of others"},
	{"variable `COPILOT_SNS_TOPIC_ARNS`", apprunner + `.+RuntimeEnvironmentVariables\.COPILOT_SNS_TOPIC_ARNS`, differs, containers + "Main.Environment.COPILOT_SNS_TOPIC_ARNS",
		"the ARNs of the new topics, which also are variables of their own"},
	{"variables", apprunner + `.+RuntimeEnvironmentVariables\.(.+)`, same, containers + "Main.Environment.$1", ""},
	{"secrets: of Parameter Store", apprunner + `.+RuntimeEnvironmentSecrets\.my-ssm-secret`, differs, containers + "Main.Secrets.my-ssm-secret", parameter},
	{"secrets: of Secrets Manager, and exports", apprunner + `.+RuntimeEnvironmentSecrets\.(.+)`, same, containers + "Main.Secrets.$1", ""},
	{"command", apprunner + `.+StartCommand`, differs, containers + "Main.Command.0", "its words, one by one"},
	{"image", apprunner + `ImageRepository\.ImageIdentifier`, differs, containers + "Main.Image", "`cdk deploy` builds and pushes it"},
	{"image: kind of repository", apprunner + `ImageRepository\.ImageRepositoryType`, none, "", "tasks pull from any registry"},
	{"image: role that pulls it", apprunner + `AuthenticationConfiguration\.AccessRoleArn`, differs, "ECS::TaskDefinition.ExecutionRoleArn", "the execution role"},
	{"image: role that pulls it", `AccessRole`, same, "IAM::Role", ""},
	{"image: role that pulls it", `AccessRole\..+`, differs, "IAM::Role.AssumeRolePolicyDocument.Statement.0.Principal.Service", "ECS assumes it, and it may pull this image"},
	{"automatic deployments", apprunner + `AutoDeploymentsEnabled`, none, "", "they were off"},
	{"name", `Service\.ServiceName`, none, "ECS::Service.ServiceName", generated},
	{"auto scaling configuration", `Service\.AutoScalingConfigurationArn`, none, "", "1 to 20 tasks by their CPU: set `MinTaskCount` and `MaxTaskCount`"},
	{"tags", `(?:Service|VpcConnector)\.Tags\..+`, none, "ECS::Service.Tags.*", "`awscdk.Tags_Of(frontend).Add`"},
	{"instance role", `Service\.InstanceConfiguration\.InstanceRoleArn`, differs, "ECS::TaskDefinition.TaskRoleArn", "a task role"},
	{"instance role", `InstanceRole`, same, "IAM::Role", ""},
	{"instance role: who assumes it", `InstanceRole\.AssumeRolePolicyDocument\..+\.Service\.0`, differs, "IAM::Role.AssumeRolePolicyDocument.Statement.0.Principal.Service", "ECS"},
	{"instance role: who assumes it", `InstanceRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", ""},
	{"instance role: `Deny iam:*`", `InstanceRole\.Policies\.0\..+`, none, "", "a role may do what it is granted, and nothing else"},
	{"instance role: secrets with Copilot's tags, topics", `InstanceRole\.Policies\.[12]\..+`, differs, "IAM::Policy.PolicyDocument.Statement.*.Resource",
		"the execution role reads the secrets that the program names; the task role publishes to the new topics"},
	{"way into the VPC", `Service\.NetworkConfiguration\.EgressConfiguration\..+`, differs, "", "the tasks are in the VPC"},
	{"VPC connector", `VpcConnector`, differs, "ECS::Service", "the tasks are in the VPC"},
	{"VPC connector: subnets", `VpcConnector\.Subnets`, same, awsvpc + "Subnets.0", ""},
	{"VPC connector: subnets by id", `VpcConnector\.Subnets\.\d`, differs, awsvpc + "Subnets.*", "the same; the sample's ids cannot be ones, so they are left out and reported"},
	{"VPC connector: the environment's security group", `VpcConnector\.SecurityGroups\.1`, same, awsvpc + "SecurityGroups.0", ""},
	{"VPC connector: a security group of its own", `VpcConnector\.SecurityGroups\.0`, none, awsvpc + "SecurityGroups.1", "the environment's is enough"},
	{"VPC connector: a security group of its own", `ServiceSecurityGroup.*`, differs, "EC2::SecurityGroup", "the load balancer has one of its own"},
	{"VPC connector: a rule for its security group", `EnvironmentSecurityGroupIngressFromServiceSecurityGroup(|\.GroupId)`, same, "EC2::SecurityGroupIngress$1", ""},
	{"VPC connector: a rule for its security group", `EnvironmentSecurityGroupIngressFromServiceSecurityGroup\.(.+)`, differs, "EC2::SecurityGroupIngress.$1", "it lets the load balancer in"},

	{"topics", `.+SNSTopic`, same, "SNS::Topic", ""},
	{"topics: FIFO", `.+SNSTopic\.FifoTopic`, same, "SNS::Topic.FifoTopic", ""},
	{"topics: name", `.+SNSTopic\.TopicName`, differs, "", tables},
	{"topics: encryption with `alias/aws/sns`", `.+SNSTopic\.KmsMasterKeyId`, none, "SNS::Topic.KmsMasterKeyId", "set `MasterKey` of the topic"},
	{"topic policies", `.+SNSTopicPolicy`, same, "SNS::TopicPolicy", ""},
	{"topic policies: queues of the account may subscribe", `.+SNSTopicPolicy\..+`, differs, "SNS::TopicPolicy.PolicyDocument.Statement.0.Effect", "they may by their own permissions; publishing needs TLS"},
	{"custom resources: their functions and roles", `EnvController(?:Action|Function|Role).*`, none, "", machinery},
}
