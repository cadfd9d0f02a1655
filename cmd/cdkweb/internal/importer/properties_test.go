package importer

import "slices"

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
	{"log group", `LogGroup`, same, "Logs::LogGroup", "", ""},
	{"log group: name", `LogGroup\.LogGroupName`, none, "Logs::LogGroup.LogGroupName", generated, ""},
	{"log group: retention", `LogGroup\.RetentionInDays`, same, "Logs::LogGroup.RetentionInDays", "", ""},

	{"task definition", `TaskDefinition`, same, "ECS::TaskDefinition", "", ""},
	{"task: CPU, memory, network mode, Fargate", `TaskDefinition\.(Cpu|Memory|NetworkMode|RequiresCompatibilities\.0)`, same, "ECS::TaskDefinition.$1", "", ""},
	{"task: family", `TaskDefinition\.Family`, differs, "ECS::TaskDefinition.Family", "the CDK generates it", ""},
	{"task: roles", `TaskDefinition\.(ExecutionRoleArn|TaskRoleArn)`, differs, "ECS::TaskDefinition.$1", logicalID, ""},
	{"task: volumes", `TaskDefinition\.(Volumes\..+)`, same, "ECS::TaskDefinition.$1", "", ""},

	{"variables `COPILOT_LB_DNS`, `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", mainContainer + `Environment\.(COPILOT_LB_DNS|COPILOT_SERVICE_DISCOVERY_ENDPOINT)`, none,
		containers + "Main.Environment.$1", "the service's own address is `URL()`; `UseService` gives those of others", ""},
	{"variables `COPILOT_LB_DNS`, `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", sidecars + `Environment\.(?:COPILOT_LB_DNS|COPILOT_SERVICE_DISCOVERY_ENDPOINT))`, none,
		containers + "$1", "the service's own address is `URL()`; `UseService` gives those of others", ""},
	{"variable `COPILOT_SNS_TOPIC_ARNS`", mainContainer + `Environment\.COPILOT_SNS_TOPIC_ARNS`, differs, containers + "Main.Environment.COPILOT_SNS_TOPIC_ARNS",
		"the ARNs of the new topics, which also are variables of their own", ""},
	{"variable `COPILOT_SNS_TOPIC_ARNS` of sidecars", sidecars + `Environment\.COPILOT_SNS_TOPIC_ARNS)`, none, containers + "$1", "add it to the container, if it publishes", ""},
	{"variables: yours, and Copilot's `COPILOT_APPLICATION_NAME`, `_ENVIRONMENT_NAME`, `_SERVICE_NAME`, `_MOUNT_POINTS`", mainContainer + `(Environment\..+)`, same, containers + "Main.$1", "", ""},
	{"variables of sidecars", sidecars + `Environment\..+)`, same, containers + "$1", "", ""},
	{"image", mainContainer + `Image`, differs, containers + "Main.Image", "`cdk deploy` builds and pushes it; one at a location keeps its name", ""},
	{"secrets: of Secrets Manager, and exports", mainContainer + `(Secrets\.(?:DB|GIT_USERNAME))`, same, containers + "Main.$1", "", ""},
	{"secrets: of Parameter Store", mainContainer + `(Secrets\.SQL_PASS)`, differs, containers + "Main.$1", parameter, ""},
	{"secrets: of Secrets Manager, and exports", sidecars + `Secrets\.(?:DB|GIT_USERNAME|MONGO_DB))`, same, containers + "$1", "", ""},
	{"secrets: of Parameter Store", sidecars + `Secrets\.(?:SQL_PASS|GITHUB_TOKEN))`, differs, containers + "$1", parameter, ""},
	{"logs: group", mainContainer + `(LogConfiguration\.Options\.awslogs-group)`, differs, containers + "Main.$1", logicalID, ""},
	{"logs: prefix of streams", mainContainer + `(LogConfiguration\.Options\.awslogs-stream-prefix)`, differs, containers + "Main.$1", "`ecs`; set `LogStreamPrefix` for another", ""},
	{"logs: secret options of Parameter Store", mainContainer + `(LogConfiguration\.SecretOptions\.SQL_USERNAME)`, differs, containers + "Main.$1", parameter, ""},
	{"logs: driver, options, secret options", mainContainer + `(LogConfiguration\..+)`, same, containers + "Main.$1", "", ""},
	{"logs: group", sidecars + `LogConfiguration\.Options\.awslogs-group)`, differs, containers + "$1", logicalID, ""},
	{"logs of sidecars", sidecars + `LogConfiguration\..+)`, same, containers + "$1", "", ""},
	{"log router", sidecars + `FirelensConfiguration\..+)`, same, containers + "$1", "", ""},
	{"mount points", mainContainer + `(MountPoints\..+)`, same, containers + "Main.$1", "", ""},
	{"ports of the container", mainContainer + `PortMappings\.(?:0|target)\.(.+)`, same, containers + "Main.PortMappings.web.$1", "", ""},
	{"ports of rules", mainContainer + `(PortMappings\.1\..+)`, same, containers + "Main.$1", "", ""},
	{"ports of sidecars", `TaskDefinition\.ContainerDefinitions\.nginx\.PortMappings\.target\.(.+)`, same, containers + "nginx.PortMappings.0.$1", "", ""},
	{"ports of sidecars", `TaskDefinition\.ContainerDefinitions\.(nginx\.PortMappings\.1\..+)`, same, containers + "$1", "", ""},
	{"image, command and health check of sidecars", sidecars + `(?:Image|Command|HealthCheck).*)`, same, containers + "$1", "", ""},

	{"execution role", `ExecutionRole`, same, "IAM::Role", "", ""},
	{"execution role: who assumes it", `ExecutionRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", "", ""},
	{"execution role: AWS's policy", `ExecutionRole\.ManagedPolicyArns\.0`, none, "IAM::Role.ManagedPolicyArns.0", "it may pull this image and write to this log group", ""},
	{"execution role: all secrets with Copilot's tags", `ExecutionRole\.Policies\..+`, differs, "IAM::Policy", "it may read the secrets that the program names", ""},
	{"task role", `TaskRole`, same, "IAM::Role", "", ""},
	{"task role: who assumes it", `TaskRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", "", ""},
	{"task role: `Deny iam:*`", `TaskRole\.Policies\.0\..+`, none, "", "a role may do what it is granted, and nothing else", ""},
	{"task role: publish to topics", `TaskRole\.Policies\.1\.(?:PolicyName|.+\.Version|.+\.Effect|.+\.Resource\.\d)`, differs, "IAM::Policy.PolicyDocument.Statement.*.Resource", "a policy of its own, for the new topics", ""},
	{"task role: publish to topics", `TaskRole\.Policies\.1\..+\.Action`, same, "IAM::Policy.PolicyDocument.Statement.*.Action", "", ""},

	{"service", `Service`, same, "ECS::Service", "", ""},
	{"deployments: circuit breaker with rollback, 100 to 200 percent", `Service\.(DeploymentConfiguration\.(?:DeploymentCircuitBreaker\..+|M.+Percent))`, same, "ECS::Service.$1", "", ""},
	{"deployments: alarms", `Service\.(DeploymentConfiguration\.Alarms\..+)`, none, "ECS::Service.$1", "`EnableDeploymentAlarms`: see docs/fargate.md", ""},
	{"deployments: alarms", `CPURollbackAlarm.*`, none, "CloudWatch::Alarm", "make the alarm of the target group's or the load balancer's metrics: see docs/fargate.md", ""},
	{"service: platform version, tags, grace period", `Service\.(PlatformVersion|PropagateTags|HealthCheckGracePeriodSeconds)`, same, "ECS::Service.$1", "", ""},
	{"service: cluster", `Service\.Cluster`, differs, "ECS::Service.Cluster", "a cluster of its own; `Hosting.Cluster` names another", ""},
	{"service: task definition", `Service\.TaskDefinition`, differs, "ECS::Service.TaskDefinition", logicalID, ""},
	{"number of tasks: desired", `Service\.DesiredCount`, differs, "", "scaling decides, or it is fixed; no custom resource looks it up", ""},
	{"number of tasks: launch type", `Service\.LaunchType`, none, "ECS::Service.LaunchType", "the capacity provider FARGATE, which means the same", ""},
	{"number of tasks: weight of Spot", `Service\.CapacityProviderStrategy\.0\.Weight`, differs, "ECS::Service.CapacityProviderStrategy.0.Weight", "100, where nothing else has a weight: it means the same", ""},
	{"number of tasks: Spot, and how many are not", `Service\.(CapacityProviderStrategy\..+)`, same, "ECS::Service.$1", "", ""},
	{"Service Connect", `Service\.(ServiceConnectConfiguration\..+)`, none, "ECS::Service.$1", discovery, ""},
	{"service discovery", `Service\.(ServiceRegistries\..+)`, none, "ECS::Service.$1", discovery, ""},
	{"service discovery", `DiscoveryService.*`, none, "ServiceDiscovery::Service", discovery, ""},
	{"network: public addresses", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.AssignPublicIp`, same, awsvpc + "AssignPublicIp", "", ""},
	{"network: subnets", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.Subnets`, differs, awsvpc + "Subnets.0",
		"a VPC of its own, unless the manifest names what is in Copilot's: then the same", ""},
	{"network: the environment's security group", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.SecurityGroups\.0`, differs, awsvpc + "SecurityGroups.0",
		"a group of its own, which lets the load balancer in; in Copilot's VPC the same", ""},
	{"network: security groups of yours", `Service\.NetworkConfiguration\.AwsvpcConfiguration\.(SecurityGroups\.[1-9])`, same, awsvpc + "$1", "", ""},
	{"network: rules for an existing load balancer", `EnvironmentSecurityGroupIngressFromImportedALB.*`, differs, "", "rules between the service's own load balancer and its tasks", ""},
	{"load balancer: ports of containers", `Service\.LoadBalancers\.\d\.ContainerPort`, same, "ECS::Service.LoadBalancers.*.ContainerPort", "", ""},
	{"load balancer: containers", `Service\.LoadBalancers\.\d\.ContainerName`, differs, "ECS::Service.LoadBalancers.*.ContainerName", "the service's own container is called `Main`", ""},
	{"load balancer: target groups", `Service\.LoadBalancers\.\d\.TargetGroupArn`, differs, "ECS::Service.LoadBalancers.*.TargetGroupArn", logicalID, ""},

	{"target groups", `TargetGroup(?:ForImportedALB)?\d?`, same, balancing + "TargetGroup", "", ""},
	{"target groups: port", `TargetGroup(?:ForImportedALB)?\d?\.Port`, differs, balancing + "TargetGroup.Port", "80 for the service's own: each task's port replaces it", ""},
	{"target groups: VPC", `TargetGroup(?:ForImportedALB)?\d?\.VpcId`, differs, balancing + "TargetGroup.VpcId", "as the subnets", ""},
	{"target groups: health check path, protocol, gRPC, delay, stickiness", `TargetGroup(?:ForImportedALB)?\d?\.(.+)`, same, balancing + "TargetGroup.$1", "", ""},

	{"rules of the listener for HTTPS", `HTTPSListenerRule(?:ForImportedALB)?\d?`, same, balancing + "ListenerRule", "", ""},
	{"rules: source addresses", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.SourceIpConfig\.Values\.\d`, same,
		balancing + "ListenerRule.Conditions.*.SourceIpConfig.Values.*", "", ""},
	{"rules: hosts", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.HostHeaderConfig\.Values\.\d`, differs,
		"", "the same, but the load balancer of a service with one `Domain` takes any host", ""},
	{"rules: kinds of conditions", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.Field`, differs, balancing + "ListenerRule.Conditions.*.Field", "one for every path has no condition", ""},
	{"rules: paths", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Conditions\.\d\.PathPatternConfig\.Values\.\d`, differs,
		"", "the same, but one for every path has no condition", ""},
	{"rules: forward", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Actions\.0\.Type`, same, balancing + "ListenerRule.Actions.0.Type", "", ""},
	{"rules: target group, listener", `HTTPSListenerRule(?:ForImportedALB)?\d?\.(Actions\.0\.TargetGroupArn|ListenerArn)`, differs, balancing + "ListenerRule.$1",
		"the service has a load balancer of its own; several services of an environment share one", ""},
	{"rules: priority", `HTTPSListenerRule(?:ForImportedALB)?\d?\.Priority`, differs, balancing + "ListenerRule.Priority", "a number that the library chooses by the rule", ""},
	{"redirect of HTTP to HTTPS", `HTTPListener(?:RuleWithDomain|RedirectRuleForImportedALB)\d?.*`, differs, balancing + "Listener", "the listener on port 80 redirects everything", ""},
	{"DNS records", `LoadBalancerDNSAlias.*`, differs, "", "records of their own, that lead to the service's load balancer; a zone whose id cannot be one is left out", ""},

	{"scaling target", `AutoScalingTarget`, same, "ApplicationAutoScaling::ScalableTarget", "", ""},
	{"scaling: least and most tasks", `AutoScalingTarget\.(M.+Capacity|ScalableDimension|ServiceNamespace)`, same, "ApplicationAutoScaling::ScalableTarget.$1", "", ""},
	{"scaling: what is scaled", `AutoScalingTarget\.ResourceId`, differs, "ApplicationAutoScaling::ScalableTarget.ResourceId", logicalID, ""},
	{"scaling: role", `AutoScalingTarget\.RoleARN`, differs, "ApplicationAutoScaling::ScalableTarget.RoleARN", "the service-linked role that AWS makes", ""},
	{"scaling: role", `AutoScalingRole.*`, none, "", "the service-linked role that AWS makes", ""},
	{"scaling policies", `AutoScalingPolicy[A-Za-z]+`, same, "ApplicationAutoScaling::ScalingPolicy", "", ""},
	{"scaling policies: name", `AutoScalingPolicy[A-Za-z]+\.(PolicyName|ScalingTargetId)`, differs, "ApplicationAutoScaling::ScalingPolicy.$1", "the CDK generates it", ""},
	{"scaling policies: dimensions", `AutoScalingPolicy[A-Za-z]+\.(TargetTrackingScalingPolicyConfiguration\.CustomizedMetricSpecification\.Dimensions\..+)`, differs,
		"ApplicationAutoScaling::ScalingPolicy.$1", "of the service's own load balancer", ""},
	{"scaling policies: metric, value, cooldowns", `AutoScalingPolicy[A-Za-z]+\.(.+)`, same, "ApplicationAutoScaling::ScalingPolicy.$1", "", ""},

	{"topics", `.+SNSTopic`, same, "SNS::Topic", "", ""},
	{"topics: FIFO", `.+SNSTopic\.FifoTopic`, same, "SNS::Topic.FifoTopic", "", ""},
	{"topics: name", `.+SNSTopic\.TopicName`, differs, "", tables, ""},
	{"topics: encryption with `alias/aws/sns`", `.+SNSTopic\.KmsMasterKeyId`, none, "SNS::Topic.KmsMasterKeyId", "set `MasterKey` of the topic", ""},
	{"topic policies", `.+SNSTopicPolicy`, same, "SNS::TopicPolicy", "", ""},
	{"topic policies: queues of the account may subscribe", `.+SNSTopicPolicy\..+`, differs, "SNS::TopicPolicy.PolicyDocument.Statement.0.Effect", "they may by their own permissions; publishing needs TLS", ""},

	{"custom resources: their functions and roles", `(?:EnvController|DynamicDesiredCount|RulePriority|HTTPSRulePriority|HTTPRuleWithDomainPriority|HTTPRedirectRulePriority)(?:Action|Function).*`, none, "", machinery, ""},
	{"custom resources: their functions and roles", `EnvControllerRole.*`, none, "", machinery, ""},
}

var requestDrivenProperties = []property{
	{"App Runner service", `Service`, differs, "ECS::Service", "a service of Fargate here, behind a load balancer", ""},
	{"CPU and memory", `Service\.InstanceConfiguration\.(Cpu|Memory)`, same, "ECS::TaskDefinition.$1", "", ""},
	{"port", apprunner + `ImageRepository\.ImageConfiguration\.Port`, same, containers + "Main.PortMappings.web.ContainerPort", "", ""},
	{"variable `COPILOT_SERVICE_DISCOVERY_ENDPOINT`", apprunner + `.+RuntimeEnvironmentVariables\.COPILOT_SERVICE_DISCOVERY_ENDPOINT`, none,
		containers + "Main.Environment.COPILOT_SERVICE_DISCOVERY_ENDPOINT", "`UseService` gives the addresses of others", ""},
	{"variable `COPILOT_SNS_TOPIC_ARNS`", apprunner + `.+RuntimeEnvironmentVariables\.COPILOT_SNS_TOPIC_ARNS`, differs, containers + "Main.Environment.COPILOT_SNS_TOPIC_ARNS",
		"the ARNs of the new topics, which also are variables of their own", ""},
	{"variables", apprunner + `.+RuntimeEnvironmentVariables\.(.+)`, same, containers + "Main.Environment.$1", "", ""},
	{"secrets: of Parameter Store", apprunner + `.+RuntimeEnvironmentSecrets\.my-ssm-secret`, differs, containers + "Main.Secrets.my-ssm-secret", parameter, ""},
	{"secrets: of Secrets Manager, and exports", apprunner + `.+RuntimeEnvironmentSecrets\.(.+)`, same, containers + "Main.Secrets.$1", "", ""},
	{"command", apprunner + `.+StartCommand`, differs, containers + "Main.Command.0", "its words, one by one", ""},
	{"image", apprunner + `ImageRepository\.ImageIdentifier`, differs, containers + "Main.Image", "`cdk deploy` builds and pushes it", ""},
	{"image: kind of repository", apprunner + `ImageRepository\.ImageRepositoryType`, none, "", "tasks pull from any registry", ""},
	{"image: role that pulls it", apprunner + `AuthenticationConfiguration\.AccessRoleArn`, differs, "ECS::TaskDefinition.ExecutionRoleArn", "the execution role", ""},
	{"image: role that pulls it", `AccessRole`, same, "IAM::Role", "", ""},
	{"image: role that pulls it", `AccessRole\..+`, differs, "IAM::Role.AssumeRolePolicyDocument.Statement.0.Principal.Service", "ECS assumes it, and it may pull this image", ""},
	{"automatic deployments", apprunner + `AutoDeploymentsEnabled`, none, "", "they were off", ""},
	{"name", `Service\.ServiceName`, none, "ECS::Service.ServiceName", generated, ""},
	{"auto scaling configuration", `Service\.AutoScalingConfigurationArn`, none, "", "1 to 20 tasks by their CPU: set `MinTaskCount` and `MaxTaskCount`", ""},
	{"tags", `(?:Service|VpcConnector)\.Tags\..+`, none, "ECS::Service.Tags.*", "`awscdk.Tags_Of(frontend).Add`", ""},
	{"instance role", `Service\.InstanceConfiguration\.InstanceRoleArn`, differs, "ECS::TaskDefinition.TaskRoleArn", "a task role", ""},
	{"instance role", `InstanceRole`, same, "IAM::Role", "", ""},
	{"instance role: who assumes it", `InstanceRole\.AssumeRolePolicyDocument\..+\.Service\.0`, differs, "IAM::Role.AssumeRolePolicyDocument.Statement.0.Principal.Service", "ECS", ""},
	{"instance role: who assumes it", `InstanceRole\.(AssumeRolePolicyDocument\..+)`, same, "IAM::Role.$1", "", ""},
	{"instance role: `Deny iam:*`", `InstanceRole\.Policies\.0\..+`, none, "", "a role may do what it is granted, and nothing else", ""},
	{"instance role: secrets with Copilot's tags, topics", `InstanceRole\.Policies\.[12]\..+`, differs, "IAM::Policy.PolicyDocument.Statement.*.Resource",
		"the execution role reads the secrets that the program names; the task role publishes to the new topics", ""},
	{"way into the VPC", `Service\.NetworkConfiguration\.EgressConfiguration\..+`, differs, "", "the tasks are in the VPC", ""},
	{"VPC connector", `VpcConnector`, differs, "ECS::Service", "the tasks are in the VPC", ""},
	{"VPC connector: subnets", `VpcConnector\.Subnets`, same, awsvpc + "Subnets.0", "", ""},
	{"VPC connector: subnets by id", `VpcConnector\.Subnets\.\d`, differs, awsvpc + "Subnets.*", "the same; the sample's ids cannot be ones, so they are left out and reported", ""},
	{"VPC connector: the environment's security group", `VpcConnector\.SecurityGroups\.1`, same, awsvpc + "SecurityGroups.0", "", ""},
	{"VPC connector: a security group of its own", `VpcConnector\.SecurityGroups\.0`, none, awsvpc + "SecurityGroups.1", "the environment's is enough", ""},
	{"VPC connector: a security group of its own", `ServiceSecurityGroup.*`, differs, "EC2::SecurityGroup", "the load balancer has one of its own", ""},
	{"VPC connector: a rule for its security group", `EnvironmentSecurityGroupIngressFromServiceSecurityGroup(|\.GroupId)`, same, "EC2::SecurityGroupIngress$1", "", ""},
	{"VPC connector: a rule for its security group", `EnvironmentSecurityGroupIngressFromServiceSecurityGroup\.(.+)`, differs, "EC2::SecurityGroupIngress.$1", "it lets the load balancer in", ""},

	{"topics", `.+SNSTopic`, same, "SNS::Topic", "", ""},
	{"topics: FIFO", `.+SNSTopic\.FifoTopic`, same, "SNS::Topic.FifoTopic", "", ""},
	{"topics: name", `.+SNSTopic\.TopicName`, differs, "", tables, ""},
	{"topics: encryption with `alias/aws/sns`", `.+SNSTopic\.KmsMasterKeyId`, none, "SNS::Topic.KmsMasterKeyId", "set `MasterKey` of the topic", ""},
	{"topic policies", `.+SNSTopicPolicy`, same, "SNS::TopicPolicy", "", ""},
	{"topic policies: queues of the account may subscribe", `.+SNSTopicPolicy\..+`, differs, "SNS::TopicPolicy.PolicyDocument.Statement.0.Effect", "they may by their own permissions; publishing needs TLS", ""},
	{"custom resources: their functions and roles", `EnvController(?:Action|Function|Role).*`, none, "", machinery, ""},
}

// Patterns and paths that rows of App Runner share.
const (
	facts    = `(?:OperationId|(?:.+\.)?(?:ServiceId|CreatedAt|UpdatedAt|Latest|HasAssociatedService|IsDefault|[A-Za-z]+Revision))`
	source1  = `Service\.SourceConfiguration\.ImageRepository\.`
	source2  = `Service\.SourceConfiguration\.CodeRepository\.`
	values1  = `Service\.SourceConfiguration\.(?:ImageRepository\.ImageConfiguration|CodeRepository\.CodeConfiguration\.CodeConfigurationValues)\.`
	image1   = "AppRunner::Service.SourceConfiguration.ImageRepository."
	scaling  = `Service\.AutoScalingConfigurationSummary\.AutoScalingConfiguration`
	network1 = `Service\.NetworkConfiguration\.`
	express  = "ECS::ExpressGatewayService."
)

const (
	known     = "what AWS knows of it, which nothing can be set to"
	moves     = "the new service has another one: see [moving.md](moving.md)"
	ownStack  = "the stack is in its account and Region"
	builtHere = "an image is built here: bring a Dockerfile"
	pushes    = "a new image needs a deployment: by `cdk deploy`, or the pipeline that pushes it"
	otherRole = "a new task role, which needs the same permissions: only App Runner may assume the old one"
	numbers   = "the hosting has numbers of its own"
	keyOf     = "there is no copy of the image to encrypt: encrypt the repository"
	pullRole  = "the execution role, which may pull the image"
	noTraces  = "let the server send its traces itself, or add a collector beside it"
	anyway    = "as without it: App Runner's default"
	logGroup  = "log group"
)

// Rows that all tables of App Runner have.
var described = []property{
	{"facts: status, times, revisions, the CLI's own", facts, none, "", known, unsaid},
	{"facts: that it is paused", `Service\.Status=PAUSED`, differs, "", "the new service runs once it is deployed", `Service\.Status: PAUSED`},
	{"facts: status, times, revisions, the CLI's own", `.+\.Status`, none, "", known, unsaid},
	{"account and Region, in the ARN", `Service\.ServiceArn`, differs, "", ownStack, unsaid},
	{"facts: names and ARNs of what the service uses", `[A-Za-z]+\.(?:AutoScalingConfiguration|VpcConnector|ObservabilityConfiguration)(?:Arn|Name)`, none, "", known, unsaid},
	{"code: repository, branch, folder, runtime, build command", source2 + `(?:CodeConfiguration\.(?:CodeConfigurationValues\.)?)?(RepositoryUrl|SourceCodeVersion\.Type|SourceCodeVersion\.Value|SourceDirectory|ConfigurationSource|Runtime|BuildCommand)`,
		none, "", builtHere, `CodeRepository\..*$1: .* has no equal`},
	{"code: connection to the repository", `Service\.SourceConfiguration\.AuthenticationConfiguration\.ConnectionArn`, none, "", "the image is built where you deploy", `ConnectionArn: .* has no equal`},
}

var appRunnerProperties = slices.Concat(described, []property{
	{"address", `Service\.ServiceUrl`, differs, "", moves, unsaid},
	{"service", `Service`, same, "AppRunner::Service", "", ""},
	{"name", `Service\.ServiceName`, same, "AppRunner::Service.ServiceName", "it is taken while the old service is there", ""},
	{"image, and its kind of repository", source1 + `(ImageIdentifier|ImageRepositoryType)`, same, image1 + "$1", "", ""},
	{"port, command, variables, secrets", values1 + `(Port|StartCommand|RuntimeEnvironment.+)`, same, image1 + "ImageConfiguration.$1", "", ""},
	{"automatic deployments", `Service\.SourceConfiguration\.AutoDeploymentsEnabled`, differs, "AppRunner::Service.SourceConfiguration.AutoDeploymentsEnabled",
		"the same for an image in ECR; one that was built of code needs a deployment", `AutoDeploymentsEnabled: true has no equal`},
	{"role that pulls the image, instance role", `Service\.(SourceConfiguration\.AuthenticationConfiguration\.AccessRoleArn|InstanceConfiguration\.InstanceRoleArn)`, same, "AppRunner::Service.$1", "", ""},
	{"CPU and memory", `Service\.(InstanceConfiguration\.(?:Cpu|Memory))`, same, "AppRunner::Service.$1", "", ""},
	{"key that encrypts the copy of the image", `Service\.(EncryptionConfiguration\.KmsKey)`, same, "AppRunner::Service.$1", "", ""},
	{"health check: a path that TCP does not ask for", `Service\.(HealthCheckConfiguration\.Path)=/`, none, "AppRunner::Service.$1", "it does nothing", unsaid},
	{"health check: protocol, path, times, thresholds", `Service\.(HealthCheckConfiguration\..+)`, same, "AppRunner::Service.$1", "", ""},
	{"scaling: App Runner's default configuration", scaling + `Arn=.+/DefaultConfiguration/.+`, none, "AppRunner::Service.AutoScalingConfigurationArn", anyway, `AutoScalingConfigurationArn: .* is App Runner's own`},
	{"scaling: configuration", scaling + `Arn=.+`, differs, "AppRunner::Service.AutoScalingConfigurationArn", "a new one with its numbers; its ARN, if its description is not there", unsaid},
	{"scaling: name of the configuration", scaling + `Name`, none, "AppRunner::AutoScalingConfiguration.AutoScalingConfigurationName", generated, unsaid},
	{"scaling: least, most, requests at once", `AutoScalingConfiguration(|\.(?:MinSize|MaxSize|MaxConcurrency))`, same, "AppRunner::AutoScalingConfiguration$1", "", ""},
	{"egress: to the internet", network1 + `EgressConfiguration\.EgressType=DEFAULT`, differs, "", "as without it; through the VPC, if only that reaches the service", unsaid},
	{"egress: VPC connector", `Service\.(NetworkConfiguration\.EgressConfiguration\..+)`, same, "AppRunner::Service.$1", "", ""},
	{"VPC connector: subnets, security groups", `VpcConnector(?:|\.Subnets\.\d|\.SecurityGroups\.\d)`, none, "AppRunner::VpcConnector", "the connector stays, with all that it has", `VpcConnector\..* are those of the connector, which stays`},
	{"ingress: from the internet", network1 + `IngressConfiguration\.IsPubliclyAccessible=true`, none, "AppRunner::Service.NetworkConfiguration.IngressConfiguration.IsPubliclyAccessible", anyway, unsaid},
	{"ingress: from a VPC only", `Service\.(NetworkConfiguration\.IngressConfiguration\.IsPubliclyAccessible)`, same, "AppRunner::Service.$1", "the VPC's id has to be written", ""},
	{"addresses: IPv4", network1 + `IpAddressType=IPV4`, none, "AppRunner::Service.NetworkConfiguration.IpAddressType", anyway, unsaid},
	{"addresses: IPv4 and IPv6 from a VPC", network1 + `IpAddressType`, none, "AppRunner::Service.NetworkConfiguration.IpAddressType", "IPv4 only; from the internet the same", `IpAddressType: DUAL_STACK has no equal`},
	{"traces: off", `Service\.ObservabilityConfiguration\.ObservabilityEnabled=false`, none, "AppRunner::Service.ObservabilityConfiguration.ObservabilityEnabled", anyway, unsaid},
	{"traces: on", `Service\.(ObservabilityConfiguration\.ObservabilityEnabled)`, same, "AppRunner::Service.$1", "", ""},
	{"traces: configuration", `Service\.ObservabilityConfiguration\.ObservabilityConfigurationArn`, differs, "AppRunner::Service.ObservabilityConfiguration.ObservabilityConfigurationArn",
		"a new one, which is the same", `ObservabilityConfigurationArn: .* is not needed`},
	{"traces: vendor", `ObservabilityConfiguration(|\.TraceConfiguration\.Vendor)`, same, "AppRunner::ObservabilityConfiguration$1", "", ""},

	{"variable `PORT`", `AppRunner::Service\..+RuntimeEnvironmentVariables\.PORT`, added, "", "App Runner sets it too", ""},
	{"image that is built, with a role that pulls it", `AppRunner::Service\.(?:SourceConfiguration\.ImageRepository\.Image(?:Identifier|RepositoryType)|SourceConfiguration\.AuthenticationConfiguration\.AccessRoleArn)`, added, "", "instead of code", ""},
	{"health check, if the description has none", `AppRunner::Service\.HealthCheckConfiguration\..+`, added, "", "App Runner's defaults", ""},
	{"instance role, if the description has none", `AppRunner::Service\.InstanceConfiguration\.InstanceRoleArn`, added, "", "it may do nothing yet", ""},
	{"way in from the VPC: ingress connection, interface endpoint", `AppRunner::VpcIngressConnection.*|EC2::.+`, added, "", "if only the VPC reaches the service", ""},
	{"way into the VPC: connector", `AppRunner::(?:VpcConnector|Service\.NetworkConfiguration\.EgressConfiguration\.).*`, added, "", "if only the VPC reaches the service", ""},
	{"roles", `IAM::Role.*`, added, "", "the role that pulls an image that is built, the new instance role", ""},
	{"policy of the instance role: secrets, traces", `IAM::Policy.*`, added, "", "it is added to yours", ""},
	{"output `URL`", `Outputs\..+`, added, "", "", ""},
})

var expressProperties = []property{
	{"facts: status, times, revisions, the CLI's own", facts + `|.+\.Status`, none, "", known, unsaid},
	{"account and Region, in the ARN", `Service\.ServiceArn`, differs, "", ownStack, unsaid},
	{"address", `Service\.ServiceUrl`, differs, "", moves, unsaid},
	{"service", `Service`, differs, "ECS::ExpressGatewayService", "ECS Express Mode", unsaid},
	{"name", `Service\.ServiceName`, none, express + "ServiceName", generated, `ServiceName: .* is not the name`},
	{"image", source1 + `ImageIdentifier`, same, express + "PrimaryContainer.Image", "", ""},
	{"image: kind of repository", source1 + `ImageRepositoryType`, none, "", "tasks pull from any registry", unsaid},
	{"port", values1 + `Port`, same, express + "PrimaryContainer.ContainerPort", "", ""},
	{"automatic deployments: off", `Service\.SourceConfiguration\.AutoDeploymentsEnabled=false`, none, "", "there are none", unsaid},
	{"CPU and memory", `Service\.InstanceConfiguration\.(Cpu|Memory)`, same, express + "$1", "", ""},
	{"health check: protocol TCP", `Service\.HealthCheckConfiguration\.Protocol=TCP`, differs, express + "HealthCheckPath", "it asks for a path, and needs status 200", `healthcheck asks for / now`},
	{"health check: a path that TCP does not ask for", `Service\.HealthCheckConfiguration\.Path`, same, express + "HealthCheckPath", "", ""},
	{"health check: times, thresholds", `Service\.HealthCheckConfiguration\.Interval`, none, "", numbers, `healthcheck\.interval: .* is left out`},
	{"health check: times, thresholds", `Service\.HealthCheckConfiguration\.Timeout`, none, "", numbers, `healthcheck\.timeout: .* is left out`},
	{"health check: times, thresholds", `Service\.HealthCheckConfiguration\.HealthyThreshold`, none, "", numbers, `healthcheck\.healthy_threshold: .* is left out`},
	{"health check: times, thresholds", `Service\.HealthCheckConfiguration\.UnhealthyThreshold`, none, "", numbers, `healthcheck\.unhealthy_threshold: .* is left out`},
	{"scaling: App Runner's default configuration", scaling + `(?:Arn|Name)`, differs, express + "ScalingTarget.MaxTaskCount", "1 to 20 tasks by their CPU: set `MinTaskCount` and `MaxTaskCount`", `AutoScalingConfigurationArn: .* is App Runner's own`},
	{"egress: to the internet", network1 + `EgressConfiguration\.EgressType=DEFAULT`, none, express + "NetworkConfiguration.*", "the tasks are in public subnets", unsaid},
	{"ingress: from the internet", network1 + `IngressConfiguration\.IsPubliclyAccessible=true`, none, "", "Express Mode's own load balancer", unsaid},
	{"traces: off", `Service\.ObservabilityConfiguration\.ObservabilityEnabled=false`, none, "", "there are none", unsaid},

	{"variable `PORT`", `ECS::ExpressGatewayService\.PrimaryContainer\.Environment\.PORT`, added, "", "App Runner sets it too", ""},
	{"scaling: least, metric, value", `ECS::ExpressGatewayService\.ScalingTarget\..+`, added, "", "one task for each 60 percent of CPU", ""},
	{"roles: of the task, of ECS, of Express Mode", `IAM::Role.*|ECS::ExpressGatewayService\.\w+RoleArn`, added, "", "", ""},
	{logGroup, `Logs::LogGroup.*|ECS::ExpressGatewayService\.PrimaryContainer\.AwsLogsConfiguration\..+`, added, "", "it keeps what the server prints for 30 days, App Runner's for ever: set `LogRetentionInDays`", ""},
	{"output `URL`", `Outputs\..+`, added, "", "", ""},
}

var fargateProperties = slices.Concat(described, []property{
	{"address", `Service\.ServiceUrl`, differs, "Outputs.URL.Value", "another one, with HTTP only: a `Domain` gives HTTPS", `Service\.ServiceUrl: .* had HTTPS`},
	{"service", `Service`, differs, "ECS::Service", "a service of Fargate behind a load balancer", unsaid},
	{"name", `Service\.ServiceName`, none, "ECS::Service.ServiceName", generated, `ServiceName: .* is not the name`},
	{"image", source1 + `ImageIdentifier`, same, containers + "Main.Image", "", ""},
	{"image: kind of repository", source1 + `ImageRepositoryType`, none, "", "tasks pull from any registry", unsaid},
	{"image: role that pulls it", `Service\.SourceConfiguration\.AuthenticationConfiguration\.AccessRoleArn`, differs, "ECS::TaskDefinition.ExecutionRoleArn", pullRole, `AccessRoleArn: .* has no equal`},
	{"automatic deployments", `Service\.SourceConfiguration\.AutoDeploymentsEnabled`, none, "", pushes, `AutoDeploymentsEnabled: true has no equal`},
	{"port", values1 + `Port`, same, containers + "Main.PortMappings.web.ContainerPort", "", ""},
	{"command", values1 + `StartCommand`, differs, containers + "Main.Command.0", "its words, one by one", unsaid},
	{"variables, secrets", values1 + `RuntimeEnvironment(?:Variables\.)(.+)`, same, containers + "Main.Environment.$1", "", ""},
	{"variables, secrets", values1 + `RuntimeEnvironment(?:Secrets\.)(.+)`, same, containers + "Main.Secrets.$1", "", ""},
	{"CPU and memory", `Service\.InstanceConfiguration\.(Cpu|Memory)`, same, "ECS::TaskDefinition.$1", "", ""},
	{"instance role", `Service\.InstanceConfiguration\.InstanceRoleArn`, differs, "ECS::TaskDefinition.TaskRoleArn", otherRole, `InstanceRoleArn: .* has no equal`},
	{"key that encrypts the copy of the image", `Service\.EncryptionConfiguration\.KmsKey`, none, "", keyOf, `KmsKey: .* has no equal`},
	{"health check: protocol HTTP, path, interval, timeout", `Service\.HealthCheckConfiguration\.(Protocol|Path)`, same, balancing + "TargetGroup.HealthCheck$1", "", ""},
	{"health check: protocol HTTP, path, interval, timeout", `Service\.HealthCheckConfiguration\.(Interval|Timeout)`, same, balancing + "TargetGroup.HealthCheck$1Seconds", "", ""},
	{"health check: failures until it is unhealthy", `Service\.HealthCheckConfiguration\.UnhealthyThreshold`, same, balancing + "TargetGroup.UnhealthyThresholdCount", "", ""},
	{"health check: successes until it is healthy", `Service\.HealthCheckConfiguration\.HealthyThreshold`, differs, balancing + "TargetGroup.HealthyThresholdCount", "at least 2", `healthcheck\.healthy_threshold: .* is left out`},
	{"scaling: configuration", scaling + `(?:Arn|Name)`, differs, "ApplicationAutoScaling::ScalableTarget", "a scaling target with its numbers", unsaid},
	{"scaling: configuration", `AutoScalingConfiguration`, differs, "ApplicationAutoScaling::ScalableTarget", "a scaling target with its numbers", unsaid},
	{"scaling: least and most", `AutoScalingConfiguration\.(Min|Max)Size`, same, "ApplicationAutoScaling::ScalableTarget.$1Capacity", "", ""},
	{"scaling: requests at once", `AutoScalingConfiguration\.MaxConcurrency`, none, "", "tasks are added by CPU, unless `AutoScaling` says else", `MaxConcurrency: .* has no equal`},
	{"egress: to the internet, or VPC connector", network1 + `EgressConfiguration\.(?:EgressType|VpcConnectorArn)`, differs, "", "the tasks are in the VPC", unsaid},
	{"VPC connector", `VpcConnector`, differs, "ECS::Service", "the tasks are in the VPC, whose id has to be written", `VpcConnector\.Subnets: .* are in a VPC that the connector does not name`},
	{"VPC connector: subnets, security groups", `VpcConnector\.((?:Subnets|SecurityGroups)\.\d)`, same, awsvpc + "$1", "", ""},
	{"ingress: from the internet", network1 + `IngressConfiguration\.IsPubliclyAccessible=true`, differs, balancing + "LoadBalancer.Scheme", "a load balancer in public subnets, whose ids have to be written", `name its public subnets`},
	{"ingress: from a VPC only", network1 + `IngressConfiguration\.IsPubliclyAccessible`, differs, balancing + "LoadBalancer.Scheme", "an internal load balancer in the VPC, whose id has to be written", `IsPubliclyAccessible: false needs the VPC of the clients`},
	{"addresses: IPv4", network1 + `IpAddressType=IPV4`, differs, balancing + "LoadBalancer.IpAddressType", "the same, in small letters", unsaid},
	{"addresses: IPv4 and IPv6", network1 + `IpAddressType`, differs, balancing + "LoadBalancer.IpAddressType", "IPv4: set `DualStack` of `webalb.LoadBalancerProps` in a VPC with IPv6", `IpAddressType: DUAL_STACK has no equal`},
	{"traces: on", `Service\.ObservabilityConfiguration\.ObservabilityEnabled`, none, "", noTraces, `ObservabilityEnabled: true has no equal`},
	{"traces: configuration", `Service\.ObservabilityConfiguration\.ObservabilityConfigurationArn`, none, "", noTraces, `ObservabilityConfigurationArn: .* is not needed`},
	{"traces: configuration", `ObservabilityConfiguration(?:\.TraceConfiguration\.Vendor)?`, none, "", noTraces, `ObservabilityEnabled: true has no equal`},

	{"variable `PORT`", `ECS::TaskDefinition\.ContainerDefinitions\.Main\.Environment\.PORT`, added, "", "App Runner sets it too", ""},
	{logGroup, `Logs::LogGroup.*|ECS::TaskDefinition\.ContainerDefinitions\.Main\.LogConfiguration\..+`, added, "", "it keeps what the server prints for 30 days, App Runner's for ever: set `LogRetentionInDays`", ""},
	{"task definition, service, cluster", `ECS::.+`, added, "", "see [fargate.md](fargate.md)", ""},
	{"load balancer, listener, rule, target group", `ElasticLoadBalancingV2::.+`, added, "", "see [front.md](front.md)", ""},
	{"security groups and their rules", `EC2::.+`, added, "", "clients reach the load balancer, and it reaches the tasks", ""},
	{"scaling policy", `ApplicationAutoScaling::.+`, added, "", "one task for each 60 percent of CPU", ""},
	{"roles and their policies", `IAM::.+`, added, "", "ECS pulls the image, writes logs and reads the secrets; the task role may do nothing yet", ""},
})

// Patterns and paths that rows of SAM share.
const (
	function1 = `[A-Za-z]*Function\.`
	role1     = `[A-Za-z]*FunctionRole\.`
	routes1   = `ServerlessHttpApi\.Body\.paths\..+\.`
	statement = "IAM::Policy.PolicyDocument.Statement.*."
)

const (
	marked   = "SAM's own mark"
	notImage = "an image has what runs in it, and starts it"
	ownGroup = "it may write to its own log group, and make no other"
	samRoute = "one route, `$default`, which takes every path"
)

var samProperties = []property{
	{"description", `Description`, differs, "Description", "its lines become one", unsaid},

	{"function", `[A-Za-z]*Function`, same, "Lambda::Function", "", ""},
	{"function: memory, timeout, package type, architecture, tracing", function1 + `(MemorySize|Timeout|PackageType|Architectures\.0|TracingConfig\.Mode)`, same, "Lambda::Function.$1", "", ""},
	{"function: role", function1 + `Role`, differs, "Lambda::Function.Role", logicalID, unsaid},
	{"tags `createdBy`", `.+\.[Tt]ags\.\w+:createdBy`, none, "", marked, unsaid},
	{"image", function1 + `Code\.ImageUri`, differs, "Lambda::Function.Code.ImageUri", "`cdk deploy` builds and pushes it", unsaid},
	{"image: folder, Dockerfile", function1 + `Metadata\.(?:DockerContext|Dockerfile)`, differs, "", "the same if they are there; a stand-in for those of the samples, which are not", `Metadata\.DockerContext names`},
	{"image: tag", function1 + `Metadata\.DockerTag`, none, "", "the CDK names images by their content", `DockerTag: .* is not needed`},
	{"package: code", function1 + `Code\.S3(?:Bucket|Key)`, differs, "Lambda::Function.Code.ImageUri", "an image: `webimage.Go` compiles a program in Go", `BuildMethod: .* became webimage.Go`},
	{"package: build method", function1 + `Metadata\.BuildMethod`, differs, "", "`webimage.Go` compiles it", `BuildMethod: .* became webimage.Go`},
	{"package: runtime, handler", function1 + `(Runtime|Handler)`, none, "Lambda::Function.$1", notImage, `Properties\.$1: .* is not needed`},
	{"package: layer of the adapter", function1 + `Layers\.\d`, none, "Lambda::Function.Layers.*", "the image gets this library's", `Layers\[0\]: .* became the adapter of this library`},
	{"variable `AWS_LWA_INVOKE_MODE`", function1 + `Environment\.Variables\.AWS_LWA_INVOKE_MODE`, differs, "Lambda::Function.Environment.Variables.AWS_LWA_INVOKE_MODE", "the same, in small letters", unsaid},
	{"variables", function1 + `(Environment\.Variables\..+)`, same, "Lambda::Function.$1", "", ""},

	{"role", `[A-Za-z]*FunctionRole`, same, "IAM::Role", "", ""},
	{"role: who assumes it", role1 + `(AssumeRolePolicyDocument\.(?:Version|Statement\.0\.(?:Effect|Action|Principal\.Service)))(?:\.0)?`, same, "IAM::Role.$1", "", ""},
	{"role: `AWSLambdaBasicExecutionRole`", role1 + `ManagedPolicyArns\.\d=.+/AWSLambdaBasicExecutionRole`, differs, statement + "Action.*", ownGroup, unsaid},
	{"role: `AWSXrayWriteOnlyAccess`", role1 + `ManagedPolicyArns\.\d=.+/AWSXrayWriteOnlyAccess`, differs, statement + "Action.*", "it may send traces", unsaid},
	{"role: `AWSLambdaSQSQueueExecutionRole`", role1 + `ManagedPolicyArns\.\d=.+/AWSLambdaSQSQueueExecutionRole`, differs, statement + "Action.*", "it may receive from this queue, and from no other", unsaid},
	{"role: managed policies of yours", role1 + `ManagedPolicyArns\.\d`, same, "IAM::Role.ManagedPolicyArns.*", "", ""},
	{"role: statements of yours", role1 + `Policies\.\d\.PolicyDocument\.Statement\.\d\.(Sid|Effect|Action|Resource)(?:\.0)?`, same, statement + "$1", "", ""},
	{"role: statements of yours: name of the policy", role1 + `Policies\.\d\.PolicyName`, differs, "IAM::Policy.PolicyName", "they are in the role's own policy", unsaid},

	{"function URL: authentication, invoke mode", `[A-Za-z]*FunctionUrl(|\.(?:AuthType|InvokeMode))`, same, "Lambda::Url$1", "", ""},
	{"function URL: function", `[A-Za-z]*FunctionUrl\.TargetFunctionArn`, differs, "Lambda::Url.TargetFunctionArn", logicalID, unsaid},
	{"permission to invoke the function", `[A-Za-z]+(?:Permissions?|PublicAccess)(|\.(?:Action|Principal|FunctionUrlAuthType|InvokedViaFunctionUrl))`, same, "Lambda::Permission$1", "", ""},
	{"permission to invoke the function: which", `[A-Za-z]+(?:Permissions?|PublicAccess)\.FunctionName`, differs, "Lambda::Permission.FunctionName", logicalID, unsaid},
	{"permission to invoke the function: from where", `[A-Za-z]+(?:Permissions?|PublicAccess)\.SourceArn`, differs, "Lambda::Permission.SourceArn", "from any route of the API", unsaid},

	{"HTTP API", `ServerlessHttpApi`, same, "ApiGatewayV2::Api", "", ""},
	{"HTTP API: name", `ServerlessHttpApi\.Body\.info\.title`, differs, "ApiGatewayV2::Api.Name", "the CDK generates it", unsaid},
	{"HTTP API: versions of its document", `ServerlessHttpApi\.Body\.(?:info\.version|openapi)`, none, "ApiGatewayV2::Api.Body.*", "the routes are resources", unsaid},
	{"HTTP API: version of events", routes1 + `x-amazon-apigateway-integration\.payloadFormatVersion`, same, "ApiGatewayV2::Integration.PayloadFormatVersion", "", ""},
	{"HTTP API: integration", routes1 + `x-amazon-apigateway-integration\.type`, differs, "ApiGatewayV2::Integration.IntegrationType", "the same, in capital letters", unsaid},
	{"HTTP API: integration's method", routes1 + `x-amazon-apigateway-integration\.httpMethod`, none, "ApiGatewayV2::Integration.IntegrationMethod", "a function is always called by POST", unsaid},
	{"HTTP API: integration's function", routes1 + `x-amazon-apigateway-integration\.uri`, differs, "ApiGatewayV2::Integration.IntegrationUri", logicalID, unsaid},
	{"HTTP API: route for every path", routes1 + `isDefaultRoute`, differs, "ApiGatewayV2::Route.RouteKey", samRoute, unsaid},
	{"HTTP API: routes `/` and `/{proxy+}`", routes1 + `parameters\..+`, differs, "ApiGatewayV2::Route.RouteKey", samRoute, unsaid},
	{"HTTP API: stage `$default`, which deploys by itself", `ServerlessHttpApiApiGatewayDefaultStage(|\.StageName|\.AutoDeploy)`, same, "ApiGatewayV2::Stage$1", "", ""},
	{"HTTP API: stage's API", `ServerlessHttpApiApiGatewayDefaultStage\.ApiId`, differs, "ApiGatewayV2::Stage.ApiId", logicalID, unsaid},

	{"event source mapping", `[A-Za-z]+SqsEvent`, same, "Lambda::EventSourceMapping", "", ""},
	{"event source mapping: queue, function", `[A-Za-z]+SqsEvent\.(EventSourceArn|FunctionName)`, differs, "Lambda::EventSourceMapping.$1", logicalID, unsaid},
	{"queue: visibility timeout", `SqsQueue(|\.VisibilityTimeout)`, same, "SQS::Queue$1", "", ""},
	{"queue: name", `SqsQueue\.QueueName`, same, "SQS::Queue.QueueName", "it is taken while the old stack is there", ""},

	{"outputs: names, descriptions", `(Outputs\.[A-Za-z]+\.Description)`, same, "$1", "", ""},
	{"outputs: values", `(Outputs\.[A-Za-z]+\.Value)`, differs, "$1", "of the new resources", unsaid},

	{"variables `PORT`, `AWS_LWA_HOST`", `Lambda::Function\.Environment\.Variables\.(?:PORT|AWS_LWA_HOST)`, added, "", "by which the adapter reaches the server", ""},
	{"variable `AWS_LWA_ERROR_STATUS_CODES` of a function without an address", `Lambda::Function\.Environment\.Variables\.AWS_LWA_ERROR_STATUS_CODES`, added, "",
		"400 to 599, so that a message that the server refuses comes again", ""},
	{"package type and architecture, if the template says none", `Lambda::Function\.(?:PackageType|Architectures\.0)`, added, "", "an image, for x86-64", ""},
	{logGroup, `Logs::LogGroup.*|Lambda::Function\.LoggingConfig\.LogGroup`, added, "", "it keeps what the server prints for 30 days, Lambda's own for ever: set `LogRetentionInDays`", ""},
	{"policy of the role", `IAM::Policy.*`, added, "", "what the managed policies of SAM allow, for the service's own resources", ""},
	{"HTTP API: protocol, route, integration", `ApiGatewayV2::(?:Api|Route|Integration).*`, added, "", "resources instead of a document", ""},
}
