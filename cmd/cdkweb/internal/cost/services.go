package cost

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Service is a web server of an app.
type Service struct {
	Name   string // the path of the construct, "Shop/Site"
	Region string // empty if it is where the app is deployed from
	Config Config
	Behind bool // a CloudFront distribution of the app
	Front  FrontParts
	Notes  []string // what its template says that has no price here

	resource *resource   // the one that runs
	front    []*resource // what clients, or CloudFront, talk to
}

// Shared is what the services of an app have together.
type Shared struct {
	NATGateways int
	Region      string
	Notes       []string
}

// services are the web servers of an app, by name, and what they share.
func (a app) services() ([]*Service, Shared, error) {
	var found []*Service
	for _, resource := range a.all("AWS::AppRunner::Service") {
		found = append(found, a.appRunner(resource))
	}
	for _, resource := range a.all("AWS::ECS::ExpressGatewayService") {
		found = append(found, a.express(resource))
	}
	balancers := map[*resource][]*Service{}
	var shared Shared
	for _, resource := range a.all("AWS::ECS::Service") {
		service, why := a.fargate(resource, balancers)
		if service == nil {
			shared.Notes = append(shared.Notes, fmt.Sprintf("%s is left out: it %s", resource.name(), why))
			continue
		}
		found = append(found, service)
	}
	for _, resource := range a.all("AWS::Lambda::Function") {
		if service := a.function(resource, balancers); service != nil {
			found = append(found, service)
		}
	}
	for balancer, behind := range balancers {
		for _, service := range behind {
			service.Config.Sharers = len(behind)
			service.Config.Rules = len(behind)
			service.Config.Addresses = a.addresses(balancer)
		}
	}
	express := 0
	for _, service := range found {
		if service.Config.Kind == Express {
			express++
		}
	}
	for _, service := range found {
		// Up to 25 services of a VPC share a load balancer (developer guide, "Resources created by
		// Amazon ECS Express Mode services").
		if service.Config.Kind == Express {
			service.Config.Sharers = min(express, 25)
			service.Config.Rules = min(express, 25)
		}
	}
	for _, gateway := range a.all("AWS::EC2::NatGateway") {
		shared.NATGateways++
		shared.Region = gateway.stack.region
	}
	for _, distribution := range a.all("AWS::CloudFront::Distribution") {
		origins := a.refs(distribution.stack, distribution.at("DistributionConfig", "Origins"))
		for _, origin := range list(distribution.at("DistributionConfig", "Origins")) {
			if name, ok := at(origin, "DomainName").(string); ok {
				origins = append(origins, a.named(name)...)
			}
		}
		parts := a.frontParts(distribution, origins)
		for _, service := range found {
			if slices.ContainsFunc(service.front, func(front *resource) bool { return slices.Contains(origins, front) }) {
				service.Behind, service.Front = true, parts
			}
		}
	}
	if len(found) == 0 {
		return nil, shared, errors.New("there is no web server in it: no App Runner service, ECS service behind a load balancer, " +
			"or Lambda function that HTTP requests reach" + leftOut(shared.Notes))
	}
	slices.SortStableFunc(found, func(a, b *Service) int { return cmp.Compare(a.Name, b.Name) })
	return found, shared, nil
}

// named is what a domain name leads to: the load balancer of an alias record, or the API of a custom
// domain name.
func (a app) named(name string) []*resource {
	is := func(value any) bool {
		text, ok := value.(string)
		return ok && strings.EqualFold(strings.TrimSuffix(text, "."), name)
	}
	var found []*resource
	for _, record := range a.all("AWS::Route53::RecordSet") {
		if is(record.at("Name")) {
			found = append(found, a.refs(record.stack, record.at("AliasTarget"))...)
		}
	}
	for _, domain := range a.all("AWS::ApiGatewayV2::DomainName") {
		if !is(domain.at("DomainName")) {
			continue
		}
		for _, mapping := range a.all("AWS::ApiGatewayV2::ApiMapping") {
			if slices.Contains(a.refs(mapping.stack, mapping.at("DomainName")), domain) {
				found = append(found, a.refs(mapping.stack, mapping.at("ApiId"))...)
			}
		}
	}
	return found
}

// frontParts are what a distribution runs for each request, and the secrets that it sends.
func (a app) frontParts(distribution *resource, origins []*resource) FrontParts {
	var parts FrontParts
	behavior := distribution.at("DistributionConfig", "DefaultCacheBehavior", "FunctionAssociations")
	list, _ := behavior.([]any)
	parts.Functions = len(list)
	for _, function := range a.refs(distribution.stack, behavior) {
		if stores, ok := function.at("FunctionConfig", "KeyValueStoreAssociations").([]any); ok {
			parts.StoreReads += len(stores)
		}
	}
	if slices.ContainsFunc(origins, func(r *resource) bool { return r.kind == "AWS::SecretsManager::Secret" }) {
		parts.Secrets = 2 // a service also takes the next generation's
	}
	return parts
}

func leftOut(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return "; " + strings.Join(notes, "; ")
}

// name is what a user calls a resource: the path of the construct without the parts that a hosting
// adds, or the logical id.
func (r *resource) name() string {
	if r.path == "" {
		return r.stack.stack + "/" + r.id
	}
	name := strings.TrimSuffix(r.path, "/Resource")
	for _, part := range []string{
		"/Lambda/Function", "/Lambda/ManagedFunction", "/Fargate/Service/Service", "/Fargate/Service", "/ECSExpress", "/AppRunner", "/Service",
	} {
		if short, ok := strings.CutSuffix(name, part); ok && short != "" {
			return short
		}
	}
	return name
}

func newService(r *resource, kind Kind) *Service {
	return &Service{Name: r.name(), Region: r.stack.region, Config: Config{Kind: kind}, resource: r, front: []*resource{r}}
}

func (s *Service) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

func (a app) appRunner(r *resource) *Service {
	service := newService(r, AppRunner)
	// The defaults are the API reference's, of InstanceConfiguration and AutoScalingConfiguration.
	config := &service.Config
	config.CPU = units(r.at("InstanceConfiguration", "Cpu"), 1024)
	config.Memory = units(r.at("InstanceConfiguration", "Memory"), 2048)
	config.Min, config.Max, config.Concurrency = 1, 25, 100
	if arn := r.at("AutoScalingConfigurationArn"); arn != nil {
		scaling := a.ref(r.stack, arn, "AWS::AppRunner::AutoScalingConfiguration")
		if scaling == nil {
			service.note("its auto scaling configuration is not of this app: 1 to 25 instances of 100 requests are assumed")
		} else {
			config.Min = max(1, whole(scaling.at("MinSize"), 1))
			config.Max = whole(scaling.at("MaxSize"), 25)
			config.Concurrency = max(1, whole(scaling.at("MaxConcurrency"), 100))
		}
	}
	// The API's default is true for an image in the account's own registry.
	enabled, said := r.at("SourceConfiguration", "AutoDeploymentsEnabled").(bool)
	kind, _ := r.at("SourceConfiguration", "ImageRepository", "ImageRepositoryType").(string)
	config.AutoDeployments = enabled || !said && kind == "ECR"
	service.sane()
	return service
}

// sane replaces what no hosting sells, so that nothing is divided by zero.
func (s *Service) sane() {
	c := &s.Config
	if c.Kind.lambda() {
		if c.Memory < 128 || c.Memory > 1<<20 {
			s.note("its memory is not known: 128 MB are assumed")
			c.Memory = 128
		}
		return
	}
	if c.CPU < 1 || c.Memory < 1 || c.CPU > 1<<20 || c.Memory > 1<<24 {
		s.note("its size is not known: 1 vCPU and 2 GB are assumed")
		c.CPU, c.Memory = 1024, 2048
	}
	c.Max = max(c.Min, c.Max)
}

func (a app) express(r *resource) *Service {
	service := newService(r, Express)
	config := &service.Config
	size := r.at
	if definition := a.ref(r.stack, r.at("TaskDefinitionArn"), "AWS::ECS::TaskDefinition"); definition != nil {
		size = definition.at
		taskDefinition(config, definition)
	} else if r.at("TaskDefinitionArn") != nil {
		service.note("its task definition is not of this app: 1 vCPU and 2 GB are assumed")
	}
	// The defaults are the developer guide's, "Resources created by Amazon ECS Express Mode
	// services". The API reference has others; cdkweb writes them all out.
	config.CPU, config.Memory = units(size("Cpu"), 1024), units(size("Memory"), 2048)
	config.Min = max(1, whole(r.at("ScalingTarget", "MinTaskCount"), 1))
	config.Max = whole(r.at("ScalingTarget", "MaxTaskCount"), 20)
	config.TargetCPU = 60
	metric, _ := r.at("ScalingTarget", "AutoScalingMetric").(string)
	if metric == "" || metric == "AVERAGE_CPU" {
		config.TargetCPU = float64(whole(r.at("ScalingTarget", "AutoScalingTargetValue"), 60))
	} else {
		service.note("it scales by %s: tasks are added at 60 %% CPU here", metric)
	}
	if arch, _ := r.at("CpuArchitecture").(string); arch == "ARM64" {
		config.ARM64 = true
	}
	config.PublicTasks, config.Addresses = true, 2
	if subnets := list(r.at("NetworkConfiguration", "Subnets")); len(subnets) > 0 {
		config.Addresses = len(subnets)
		if public, known := a.publicSubnets(r.stack, subnets); known && !public {
			config.PublicTasks, config.Addresses = false, 0
		}
	}
	service.sane()
	return service
}

// publicSubnets says whether subnets give addresses to what starts in them, if the app has them.
func (a app) publicSubnets(in *template, subnets any) (public, known bool) {
	for _, subnet := range a.refs(in, subnets) {
		if subnet.kind == "AWS::EC2::Subnet" {
			known = true
			if mapped, _ := subnet.at("MapPublicIpOnLaunch").(bool); mapped {
				public = true
			}
		}
	}
	return public, known
}

// taskDefinition takes what has a price from a task definition.
func taskDefinition(config *Config, definition *resource) {
	config.CPU, config.Memory = units(definition.at("Cpu"), 0), units(definition.at("Memory"), 0)
	arch, _ := definition.at("RuntimePlatform", "CpuArchitecture").(string)
	config.ARM64 = arch == "ARM64"
	config.DiskGB = whole(definition.at("EphemeralStorage", "SizeInGiB"), 0)
}

// fargate is an ECS service on Fargate behind a load balancer, or why it is none.
func (a app) fargate(r *resource, balancers map[*resource][]*Service) (*Service, string) {
	launch, _ := r.at("LaunchType").(string)
	if launch == "EC2" || launch == "EXTERNAL" {
		return nil, "runs on instances of its own, whose price is not known here"
	}
	targets := list(r.at("LoadBalancers"))
	if len(targets) == 0 {
		return nil, "is behind no load balancer"
	}
	service := newService(r, Fargate)
	config := &service.Config
	if definition := a.ref(r.stack, r.at("TaskDefinition"), "AWS::ECS::TaskDefinition"); definition != nil {
		taskDefinition(config, definition)
	}
	for _, strategy := range list(r.at("CapacityProviderStrategy")) {
		if provider, _ := at(strategy, "CapacityProvider").(string); provider == "FARGATE_SPOT" {
			service.note("there is no price of Fargate Spot: its tasks are counted as others, so this is too much")
		} else if provider != "FARGATE" {
			return nil, "runs on a capacity provider whose price is not known here"
		}
	}
	config.Min = whole(r.at("DesiredCount"), 1)
	config.Max, config.TargetCPU = config.Min, 60
	for _, target := range a.all("AWS::ApplicationAutoScaling::ScalableTarget") {
		if !slices.Contains(a.refs(target.stack, target.at("ResourceId")), r) {
			continue
		}
		config.Min, config.Max = whole(target.at("MinCapacity"), 1), whole(target.at("MaxCapacity"), 20)
		for _, policy := range a.all("AWS::ApplicationAutoScaling::ScalingPolicy") {
			const tracking = "TargetTrackingScalingPolicyConfiguration"
			metric, _ := policy.at(tracking, "PredefinedMetricSpecification", "PredefinedMetricType").(string)
			if metric == "ECSServiceAverageCPUUtilization" && slices.Contains(a.refs(policy.stack, policy.at("ScalingTargetId")), target) {
				config.TargetCPU = float64(whole(policy.at(tracking, "TargetValue"), 60))
			}
		}
	}
	assign, _ := r.at("NetworkConfiguration", "AwsvpcConfiguration", "AssignPublicIp").(string)
	config.PublicTasks = assign == "ENABLED"
	for _, target := range targets {
		group := a.ref(r.stack, at(target, "TargetGroupArn"), "AWS::ElasticLoadBalancingV2::TargetGroup")
		a.behind(service, group, balancers)
	}
	service.sane()
	return service, ""
}

// behind puts a service behind the load balancer that forwards to a target group.
func (a app) behind(service *Service, group *resource, balancers map[*resource][]*Service) {
	if group == nil {
		return
	}
	for _, listener := range append(a.all("AWS::ElasticLoadBalancingV2::Listener"), a.all("AWS::ElasticLoadBalancingV2::ListenerRule")...) {
		actions := listener.at("DefaultActions")
		if actions == nil {
			actions = listener.at("Actions")
		}
		if !slices.Contains(a.refs(listener.stack, actions), group) {
			continue
		}
		if rule := a.ref(listener.stack, listener.at("ListenerArn"), "AWS::ElasticLoadBalancingV2::Listener"); rule != nil {
			listener = rule
		}
		balancer := a.ref(listener.stack, listener.at("LoadBalancerArn"), "AWS::ElasticLoadBalancingV2::LoadBalancer")
		if balancer == nil {
			continue
		}
		service.front = append(service.front, balancer)
		if !slices.Contains(balancers[balancer], service) {
			balancers[balancer] = append(balancers[balancer], service)
		}
	}
}

// addresses are the public ones of a load balancer: one in each subnet.
func (a app) addresses(balancer *resource) int {
	if scheme, _ := balancer.at("Scheme").(string); scheme == "internal" {
		return 0
	}
	return max(len(list(balancer.at("Subnets"))), len(list(balancer.at("SubnetMappings"))))
}

// function is a Lambda function that HTTP requests reach, or nil if none do.
func (a app) function(r *resource, balancers map[*resource][]*Service) *Service {
	// What calls a function may name a version or an alias of it.
	names := []*resource{r}
	provisioned := 0
	for _, kind := range []string{"AWS::Lambda::Version", "AWS::Lambda::Alias"} {
		for _, name := range a.all(kind) {
			if slices.Contains(a.refs(name.stack, name.at("FunctionName")), r) {
				names = append(names, name)
				provisioned += whole(name.at("ProvisionedConcurrencyConfig", "ProvisionedConcurrentExecutions"), 0)
			}
		}
	}
	calls := func(in *template, value any) bool {
		return slices.ContainsFunc(a.refs(in, value), func(found *resource) bool { return slices.Contains(names, found) })
	}
	var reached []Kind
	service := newService(r, HTTPAPI)
	for _, integration := range a.all("AWS::ApiGatewayV2::Integration") {
		api := a.ref(integration.stack, integration.at("ApiId"), "AWS::ApiGatewayV2::Api")
		if !calls(integration.stack, integration.at("IntegrationUri")) {
			continue
		}
		if api != nil {
			if protocol, _ := api.at("ProtocolType").(string); protocol == "WEBSOCKET" {
				continue
			}
			service.front = append(service.front, api)
		}
		reached = append(reached, HTTPAPI)
	}
	for _, method := range a.all("AWS::ApiGateway::Method") {
		if calls(method.stack, method.at("Integration", "Uri")) {
			reached = append(reached, RESTAPI)
			service.front = append(service.front, a.refs(method.stack, method.at("RestApiId"))...)
		}
	}
	for _, url := range a.all("AWS::Lambda::Url") {
		if calls(url.stack, url.at("TargetFunctionArn")) {
			reached = append(reached, FunctionURL)
			service.front = append(service.front, url)
		}
	}
	for _, group := range a.all("AWS::ElasticLoadBalancingV2::TargetGroup") {
		for _, target := range list(group.at("Targets")) {
			if calls(group.stack, at(target, "Id")) {
				reached = append(reached, LambdaBalancer)
				a.behind(service, group, balancers)
			}
		}
	}
	if len(reached) == 0 {
		return nil
	}
	config := &service.Config
	config.Kind = slices.Min(reached)
	for _, kind := range reached {
		if kind != config.Kind {
			service.note("requests also reach it by %s: all are counted here", kind)
			break
		}
	}
	config.Memory = whole(r.at("MemorySize"), 128)
	config.ARM64 = slices.Contains(list(r.at("Architectures")), any("arm64"))
	config.ScratchMB = whole(r.at("EphemeralStorage", "Size"), 512)
	config.Provisioned = provisioned
	if r.at("CapacityProviderConfig") != nil {
		service.note("there is no price of Lambda Managed Instances: it is counted as a function without them")
	}
	if r.at("SnapStart", "ApplyOn") == "PublishedVersions" {
		service.note("there is no price of SnapStart: it is left out")
	}
	service.sane()
	return service
}
