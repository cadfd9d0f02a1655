package fargateweb

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscertificatemanager"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsservicediscovery"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/internal/cdk"
	"github.com/cdkweb/cdkweb/internal/ecs"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
)

// Resources are what a service on Fargate is made of. For what this package has no option for, the
// L1 construct of each is its default child:
// resources.Service.Node().DefaultChild().(awsecs.CfnService).
type Resources struct {
	// Service keeps the tasks running. It takes alarms for deployments, and has metrics.
	Service awsecs.FargateService

	// TaskDefinition is the task, and Container the workload in it.
	TaskDefinition awsecs.TaskDefinition
	Container      awsecs.ContainerDefinition

	// Cluster that the service belongs to.
	Cluster awsecs.ICluster

	// LoadBalancer sends requests by Rule to TargetGroup.
	LoadBalancer *webalb.LoadBalancer
	TargetGroup  awselasticloadbalancingv2.ApplicationTargetGroup
	Rule         awselasticloadbalancingv2.ApplicationListenerRule

	// Scaling decides about the number of tasks; nil if that is fixed.
	Scaling awsecs.ScalableTaskCount

	// LogGroup receives what the server prints; nil with a LogDriver.
	LogGroup awslogs.ILogGroup
}

// ResourcesOf returns the resources of a service on Fargate, and false if it runs elsewhere.
func ResourcesOf(service *web.Service) (*Resources, bool) {
	resources, ok := service.Resources().(*Resources)
	return resources, ok
}

// NewService defines a service on Fargate. It is web.NewService for who wants just this hosting.
func NewService(
	scope constructs.Construct,
	id string,
	workload web.Workload,
	hosting Hosting,
) (*web.Service, *Resources) {
	service := web.NewService(scope, id, &web.ServiceProps{Workload: workload, Hosting: hosting})
	return service, service.Resources().(*Resources)
}

// flags of the CDK that change the templates of these constructs are set as a new app has them, so
// that what is deployed does not depend on the age of the app's cdk.json.
var flags = []string{
	"@aws-cdk/aws-ecs:disableExplicitDeploymentControllerForCircuitBreaker",
	"@aws-cdk/aws-ecs:reduceEc2FargateCloudWatchPermissions",
	"@aws-cdk/aws-ecs:removeDefaultDeploymentAlarm",
}

// Define implements web.Hosting.
func (h Hosting) Define(scope constructs.Construct, in *web.Definition) web.Made {
	h = h.withDefaults()
	h.Hosts, h.Paths = slices.Clone(h.Hosts), slices.Clone(h.Paths) // URL is asked for later
	node := scope.Node()
	for _, flag := range flags {
		node.SetContext(&flag, true)
	}
	r := &Resources{LoadBalancer: h.loadBalancer(scope, in)}
	rule := h.rule()
	if h.LoadBalancer != nil {
		rule = rule.For(in)
	}
	if h.LogDriver == nil {
		r.LogGroup = h.logs().Define(scope, in.Warn)
	}
	r.Cluster = h.cluster(scope, r.LoadBalancer.VPC)
	role := h.defineTask(scope, in, r)
	r.TargetGroup = h.targetGroup(scope, in, r.LoadBalancer)
	r.Rule = r.LoadBalancer.Forward(scope, "Rule", rule, r.TargetGroup)
	place := h.place(scope, in, r)
	r.Service = h.service(scope, r, place, role)
	r.TargetGroup.AddTarget(r.Service.LoadBalancerTarget(&awsecs.LoadBalancerTargetOptions{
		ContainerName: new(ecs.Container),
		ContainerPort: new(float64(in.Workload.Port)),
	}))
	r.Scaling = h.scaling(r)

	made := web.Made{
		URL:         func() string { return r.LoadBalancer.URLOf(rule) },
		Role:        role,
		Primary:     r.Service.Node().DefaultChild(),
		Network:     place,
		Connections: r.Service.Connections(),
		SecretReader: sync.OnceValue(func() awsiam.IGrantable {
			role := in.Adopt(scope, "SecretReader", r.TaskDefinition.ObtainExecutionRole())
			r.Service.Node().DefaultChild().Node().AddDependency(role)
			return role
		}),
		Resources: r,
	}
	r.LoadBalancer.Complete(&made, in, r.Rule)
	if task, ok := r.TaskDefinition.Node().DefaultChild().(awsecs.CfnTaskDefinition); ok {
		made.Environment = task.ContainerDefinitions
	}
	return made
}

// loadBalancer is the user's, or a new one.
func (h Hosting) loadBalancer(scope constructs.Construct, in *web.Definition) *webalb.LoadBalancer {
	if h.LoadBalancer != nil {
		return h.LoadBalancer
	}
	id := "LoadBalancer"
	props := &webalb.LoadBalancerProps{Internal: in.Private, AllowFrom: in.AllowFrom}
	if in.Domain != nil {
		props.Certificates = []awscertificatemanager.ICertificate{in.Domain.Certificate}
		props.DomainName = in.Domain.Name
	}
	if vpc, _, _ := h.vpc(in.Workload); vpc != nil { // checked before
		// A load balancer cannot move to another VPC.
		hash := fnv.New32a()
		hash.Write([]byte(*vpc.Node().Path()))
		id += fmt.Sprintf("%08x", hash.Sum32())
		props.VPC = vpc
		if !in.Private {
			props.VPCSubnets = &awsec2.SubnetSelection{
				SubnetType: awsec2.SubnetType_PUBLIC,
				OnePerAz:   new(true),
			}
		}
	}
	return webalb.NewLoadBalancer(scope, id, props)
}

// cluster is the user's, or a new one with Fargate's capacity providers, so that SpotPercentage can
// change later.
func (h Hosting) cluster(scope constructs.Construct, vpc awsec2.IVpc) awsecs.ICluster {
	if h.Cluster != nil {
		return h.Cluster
	}
	cluster := awsecs.NewCluster(scope, new("Cluster"), &awsecs.ClusterProps{Vpc: vpc})
	// The CDK's own option makes a resource that cannot be deleted while the service is there.
	cluster.Node().DefaultChild().(awsecs.CfnCluster).SetCapacityProviders(
		&[]*string{new("FARGATE"), new("FARGATE_SPOT")},
	)
	return cluster
}

// targetGroup is what the load balancer knows of the tasks. Its port is not the tasks': ECS
// registers each task with the container's, and a change of the group's would replace it.
func (h Hosting) targetGroup(
	scope constructs.Construct,
	in *web.Definition,
	balancer *webalb.LoadBalancer,
) awselasticloadbalancingv2.ApplicationTargetGroup {
	health := in.Workload.HealthCheck
	id := "TargetGroup"
	if h.LoadBalancer != nil || in.Private {
		id = balancer.TargetGroupID()
	}
	return awselasticloadbalancingv2.NewApplicationTargetGroup(
		scope,
		&id,
		&awselasticloadbalancingv2.ApplicationTargetGroupProps{
			Vpc:                      balancer.VPC,
			TargetType:               awselasticloadbalancingv2.TargetType_IP,
			Protocol:                 awselasticloadbalancingv2.ApplicationProtocol_HTTP,
			Port:                     new(80.0),
			DeregistrationDelay:      seconds(h.DeregistrationDelay),
			SlowStart:                seconds(h.SlowStart),
			StickinessCookieDuration: seconds(h.Stickiness),
			StickinessCookieName:     cdk.String(h.StickinessCookieName),
			HealthCheck: &awselasticloadbalancingv2.HealthCheck{
				Protocol:                awselasticloadbalancingv2.Protocol_HTTP,
				Path:                    new(cmp.Or(health.Path, "/")),
				HealthyHttpCodes:        new(statusCodes(health)),
				Interval:                seconds(health.Interval),
				Timeout:                 seconds(health.Timeout),
				HealthyThresholdCount:   new(float64(health.HealthyThreshold)),
				UnhealthyThresholdCount: new(float64(health.UnhealthyThreshold)),
			},
		},
	)
}

// statusCodes are the statuses that mean healthy. Without a path any response will do that is not
// an error of the server, because a load balancer cannot ask whether a port accepts connections.
func statusCodes(health web.HealthCheck) string {
	if health.Path == "" {
		return cmp.Or(health.StatusCodes, "200-499")
	}
	return cmp.Or(health.StatusCodes, "200")
}

// place is where the tasks are. It makes a security group if there is none.
func (h Hosting) place(
	scope constructs.Construct,
	in *web.Definition,
	r *Resources,
) *web.Network {
	vpc, w := r.LoadBalancer.VPC, in.Workload
	subnets, _ := h.subnets(w, vpc) // checked before
	groups := h.securityGroups(w)
	if len(groups) == 0 {
		groups = []awsec2.ISecurityGroup{
			awsec2.NewSecurityGroup(
				scope,
				new("SecurityGroup"),
				&awsec2.SecurityGroupProps{
					Vpc:                vpc,
					Description:        new("The tasks"),
					DisableInlineRules: new(false), // whatever the app's context says
				},
			),
		}
	}
	return &web.Network{
		VPC:            vpc,
		Subnets:        subnets,
		SecurityGroups: groups,
		Public:         h.public(w, vpc, subnets),
		Endpoints:      ecs.Endpoints(in, h.LogDriver == nil),
	}
}

// service keeps the tasks running.
func (h Hosting) service(
	scope constructs.Construct,
	r *Resources,
	place *web.Network,
	role awsiam.IRole,
) awsecs.FargateService {
	props := &awsecs.FargateServiceProps{
		ServiceName:            cdk.String(h.ServiceName),
		Cluster:                r.Cluster,
		TaskDefinition:         r.TaskDefinition,
		PlatformVersion:        h.PlatformVersion,
		PropagateTags:          awsecs.PropagatedTagSource_SERVICE, // so that bills by tag hold the tasks
		HealthCheckGracePeriod: seconds(h.HealthCheckGracePeriod),
		MinHealthyPercent:      new(float64(h.MinimumHealthyPercent)),
		MaxHealthyPercent:      new(float64(h.MaximumPercent)),
		VpcSubnets:             &awsec2.SubnetSelection{Subnets: &place.Subnets},
		AssignPublicIp:         new(place.Public),
		SecurityGroups:         &place.SecurityGroups,
		EnableExecuteCommand:   new(h.EnableExecuteCommand),
		CloudMapOptions:        h.serviceDiscovery(r),
		CircuitBreaker: &awsecs.DeploymentCircuitBreaker{
			Enable:   new(!h.CircuitBreakerDisabled),
			Rollback: new(!h.CircuitBreakerDisabled && !h.RollbackDisabled),
		},
		AvailabilityZoneRebalancing: awsecs.AvailabilityZoneRebalancing_ENABLED,
		CapacityProviderStrategies:  h.capacity(),
	}
	if h.MaximumPercent == 100 { // ECS adds a task before it takes another away
		props.AvailabilityZoneRebalancing = awsecs.AvailabilityZoneRebalancing_DISABLED
	}
	if h.MinTaskCount == h.MaxTaskCount {
		// Otherwise the number is left out: each deployment would set it back.
		props.DesiredCount = new(float64(h.MinTaskCount))
	}
	service := awsecs.NewFargateService(scope, new("Service"), props)
	// Without these a first task could not pull its image, or its server could do nothing.
	needs := []constructs.IDependable{role}
	if role := r.TaskDefinition.ExecutionRole(); role != nil {
		needs = append(needs, role)
	}
	for _, subnet := range place.Subnets {
		needs = append(needs, subnet.InternetConnectivityEstablished())
	}
	if h.Cluster != nil && h.SpotPercentage > 0 {
		// The CDK's cluster makes a resource of its capacity providers. It must come before the
		// service, and cannot go before it.
		needs = append(needs, h.Cluster)
	}
	service.Node().DefaultChild().Node().AddDependency(needs...)
	return service
}

// serviceDiscovery is the user's, whose records name the workload's port unless they say otherwise:
// the CDK's own choice is the first container.
func (h Hosting) serviceDiscovery(r *Resources) *awsecs.CloudMapOptions {
	if h.ServiceDiscovery == nil || h.ServiceDiscovery.Container != nil {
		return h.ServiceDiscovery
	}
	options := *h.ServiceDiscovery
	if options.DnsRecordType == awsservicediscovery.DnsRecordType_SRV {
		options.Container = r.Container
		options.ContainerPort = cmp.Or(options.ContainerPort, r.Container.ContainerPort())
	}
	return &options
}

// capacity says how many of the tasks run on Spot; nil for a cluster of the user's without any,
// which may not know Fargate's capacity providers.
func (h Hosting) capacity() *[]*awsecs.CapacityProviderStrategy {
	if h.Cluster != nil && h.SpotPercentage == 0 {
		return nil
	}
	var strategies []*awsecs.CapacityProviderStrategy
	for _, provider := range []struct {
		name   string
		weight int
	}{{"FARGATE", 100 - h.SpotPercentage}, {"FARGATE_SPOT", h.SpotPercentage}} {
		if provider.weight > 0 {
			strategies = append(strategies, &awsecs.CapacityProviderStrategy{
				CapacityProvider: &provider.name, Weight: new(float64(provider.weight)),
			})
		}
	}
	return &strategies
}

// scaling adds and removes tasks; nil if their number is fixed.
func (h Hosting) scaling(r *Resources) awsecs.ScalableTaskCount {
	if h.MinTaskCount == h.MaxTaskCount {
		return nil
	}
	count := r.Service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: new(float64(h.MinTaskCount)),
		MaxCapacity: new(float64(h.MaxTaskCount)),
	})
	for _, s := range h.AutoScaling {
		in := seconds(cmp.Or(s.ScaleInCooldown, defaultScaleInCooldown))
		out := seconds(cmp.Or(s.ScaleOutCooldown, defaultScaleOutCooldown))
		target, disabled := new(float64(s.TargetValue)), new(s.ScaleInDisabled)
		switch s.Metric {
		case AverageCPU:
			count.ScaleOnCpuUtilization(new("CPU"), &awsecs.CpuUtilizationScalingProps{
				TargetUtilizationPercent: target, ScaleInCooldown: in, ScaleOutCooldown: out, DisableScaleIn: disabled,
			})
		case AverageMemory:
			count.ScaleOnMemoryUtilization(new("Memory"), &awsecs.MemoryUtilizationScalingProps{
				TargetUtilizationPercent: target, ScaleInCooldown: in, ScaleOutCooldown: out, DisableScaleIn: disabled,
			})
		case RequestCountPerTarget:
			count.ScaleOnRequestCount(new("Requests"), &awsecs.RequestCountScalingProps{
				TargetGroup: r.TargetGroup, RequestsPerTarget: target, ScaleInCooldown: in, ScaleOutCooldown: out, DisableScaleIn: disabled,
			})
			r.labelRequests(count)
		}
	}
	return count
}

// labelRequests names the load balancer and the target group whose requests are counted. The CDK
// cuts the name out of the listener's ARN, which CloudFormation may not do with the output of
// another stack.
func (r *Resources) labelRequests(count awsecs.ScalableTaskCount) {
	if r.LoadBalancer.ALB == nil { // somebody else's, of which the listener is known alone
		return
	}
	policy := count.Node().FindChild(new("Target")).Node().FindChild(new("Requests")).Node().DefaultChild().(awsapplicationautoscaling.CfnScalingPolicy)
	policy.AddPropertyOverride(
		new("TargetTrackingScalingPolicyConfiguration.PredefinedMetricSpecification.ResourceLabel"),
		*r.LoadBalancer.ALB.LoadBalancerFullName()+"/"+*r.TargetGroup.TargetGroupFullName(),
	)
}

// seconds is nil for zero.
func seconds(d time.Duration) awscdk.Duration {
	if d == 0 {
		return nil
	}
	return awscdk.Duration_Seconds(new(d.Seconds()))
}
