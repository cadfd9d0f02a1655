package importer

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// write writes a service with all that belongs to it.
func (s *service) write(w *source, e *environment) {
	if s.v == "" {
		s.v, s.id = w.names.variable(s.name, "Service"), w.ids.id(s.name, "Service")
	}
	secrets := &secretsOf{w: w, made: map[string]string{}}
	written := map[string]string{}
	for _, secret := range s.secrets {
		written[secret.name] = secrets.web(secret)
	}
	s.writeTopics(w)
	for i := range s.tables {
		s.tables[i].write(w)
	}
	groups := s.writeGroups(w)
	role := ""
	if s.roleARN != nil {
		role = w.names.variable("role", "Instance")
		w.line("%s := awsiam.Role_FromRoleArn(stack, new(%q), %s, nil)", role, w.ids.id("Role", "Instance"), pointer(s.roleARN))
	}
	frontName, front := "", []string(nil)
	if s.hosting == fargateHosting || s.able("alias") || s.able("allowed_source_ips") || s.able("private") {
		frontName, front = s.writeFront(w, e)
	}
	task := s.writeTask(w, secrets)
	if s.scalingARN != nil || s.accessRoleARN != nil || s.keyARN != nil {
		w.line("")
	}

	w.comment(1, fmt.Sprintf("%s was a %s. It is on %s: %s.", inLine(s.name), inLine(s.kind), platforms[s.hosting].ServiceName(), s.why))
	w.line("%s := web.NewService(stack, %q, &web.ServiceProps{", s.v, s.id)
	w.line("Workload: web.Workload{")
	w.notes(3, s.at(atImage))
	w.line("Image: %s,", s.image.code(s.hosting))
	w.notes(3, s.at(atPort))
	if s.port != 0 && s.port != 8080 {
		w.line("Port: %d,", s.port)
	}
	w.notes(3, s.at(atCommand))
	if len(s.command) > 0 {
		w.line("Command: []string{%s},", list(s.command))
	}
	w.notes(3, s.at(atEnvironment))
	if len(s.variables) > 0 {
		w.line("Environment: %s,", mapOf("string", s.variables))
	}
	w.notes(3, s.at(atSecrets))
	if len(s.secrets) > 0 {
		var variables []variable
		for _, secret := range s.secrets {
			variables = append(variables, variable{secret.name, expression(written[secret.name])})
		}
		w.line("Secrets: %s,", mapOf("web.Secret", variables))
	}
	w.notes(3, s.at(atHealthCheck))
	if h := s.health.golang(); h != "" {
		w.line("HealthCheck: web.HealthCheck{%s},", h)
	}
	w.notes(3, s.at(atRole))
	if role != "" {
		w.line("Role: %s,", role)
	}
	w.notes(3, s.at(atNetwork))
	s.writeNetwork(w, groups)
	w.line("},")
	s.writeHosting(w, frontName, task)
	if s.hosting == fargateHosting && frontName != "" && len(s.parts[0].sources) > 0 && ipv4(s.parts[0].sources) {
		front = append(front, "AllowFrom: "+prefixes(s.parts[0].sources))
	}
	for _, field := range front {
		w.line("%s,", field)
	}
	w.line("})")
	s.writeAfter(w, frontName, e.outputs)
	for _, tag := range s.tags {
		w.line("awscdk.Tags_Of(%s).Add(new(%s), %s, nil)", s.v, quote(tag.name), pointer(tag.value))
	}
}

func list(values []value) string {
	var all []string
	for _, v := range values {
		all = append(all, v.golang())
	}
	return strings.Join(all, ", ")
}

// golang are the fields of a health check.
func (h health) golang() string {
	var fields []string
	if h.path != "" {
		fields = append(fields, "Path: "+quote(h.path))
	}
	if h.codes != "" {
		fields = append(fields, "StatusCodes: "+quote(h.codes))
	}
	if h.interval != 0 {
		fields = append(fields, "Interval: "+duration(h.interval))
	}
	if h.timeout != 0 {
		fields = append(fields, "Timeout: "+duration(h.timeout))
	}
	if h.healthy != 0 {
		fields = append(fields, fmt.Sprintf("HealthyThreshold: %d", h.healthy))
	}
	if h.unhealthy != 0 {
		fields = append(fields, fmt.Sprintf("UnhealthyThreshold: %d", h.unhealthy))
	}
	if len(fields) > 2 {
		return "\n" + strings.Join(fields, ",\n") + ",\n"
	}
	return strings.Join(fields, ", ")
}

func (s *service) writeTopics(w *source) {
	w.notes(1, s.at(atTopics))
	for i := range s.topics {
		t := &s.topics[i]
		t.v, t.id = w.names.variable(t.name, "Topic"), w.ids.id(t.name, "Topic")
		props := ""
		if t.fifo {
			props = "Fifo: new(true), "
			if t.deduplication {
				props += "ContentBasedDeduplication: new(true), "
			}
		}
		w.line("%s := awssns.NewTopic(stack, new(%q), &awssns.TopicProps{%sEnforceSSL: new(true)})", t.v, t.id, props)
	}
}

func (t *storage) write(w *source) {
	t.v = w.names.variable(t.id, "Storage")
	id := w.ids.id(t.id, "Storage")
	if t.kind == "table" {
		w.line("%s := awsdynamodb.TableV2_FromTableAttributes(stack, new(%q), &awsdynamodb.TableAttributesV2{", t.v, id)
		w.line("TableName: %s, GrantIndexPermissions: new(true),", pointer(t.name))
		w.line("})")
		return
	}
	w.line("%s := awss3.Bucket_FromBucketName(stack, new(%q), %s)", t.v, id, pointer(t.name))
}

func (s *service) writeGroups(w *source) []string {
	var groups []string
	for i, group := range s.groups {
		name := "securityGroup"
		if len(s.groups) > 1 {
			name += fmt.Sprint(i + 1)
		}
		v := w.names.variable(name, s.id)
		w.line("%s := awsec2.SecurityGroup_FromSecurityGroupId(stack, new(%q), %s, nil)", v, w.ids.id(name, s.id), pointer(group))
		groups = append(groups, v)
	}
	return groups
}

// writeFront writes the load balancer of a service, if it needs one that differs from the default,
// and returns its variable and the fields of the service that say who reaches it.
func (s *service) writeFront(w *source, e *environment) (balancer string, fields []string) {
	if s.hosting == fargateHosting {
		w.notes(1, s.at(atFront))
	}
	if e.shared != nil && !s.alone && s.hosting == fargateHosting {
		return "front", nil
	}
	f := s.front
	if len(f.names) == 0 && len(f.certificates) == 0 || s.domain() {
		if s.domain() {
			fields = append(fields, f.domain(w))
		}
		if f.private {
			fields = append(fields, "Private: true")
		}
		if s.allowFrom() {
			fields = append(fields, "AllowFrom: "+prefixes(f.sources))
		}
		return "", fields
	}
	v := w.names.variable("balancer", s.id)
	f.write(w, v, w.ids.id("LoadBalancer", s.id), s.inVPC, "")
	return v, nil
}

// domain writes what belongs to the only name of a front, and returns the field of the service.
func (f *front) domain(w *source) string {
	name := hostCode(f.names[0])
	switch {
	case len(f.certificates) > 0:
		certificate := fmt.Sprintf("awscertificatemanager.Certificate_FromCertificateArn(stack, new(%q), %s)", w.ids.id("Certificate", "ACM"), pointer(f.certificates[0]))
		if len(f.zones) == 0 {
			return fmt.Sprintf("Domain: &web.Domain{\nName: %s,\nCertificate: %s,\n}", name, certificate)
		}
		return fmt.Sprintf("Domain: &web.Domain{\nName: %s,\nZone: %s,\nCertificate: %s,\n}", name, f.zones[0].golang(w), certificate)
	case len(f.zones) > 0:
		return fmt.Sprintf("Domain: &web.Domain{\nName: %s,\nZone: %s,\n}", name, f.zones[0].golang(w))
	}
	v := w.names.variable("certificate", "ACM")
	w.line("%s := awscertificatemanager.NewCertificate(stack, new(%q), &awscertificatemanager.CertificateProps{", v, w.ids.id("Certificate", "ACM"))
	w.line("DomainName: new(%s),", name)
	w.line("Validation: awscertificatemanager.CertificateValidation_FromDns(nil),")
	w.line("})")
	return fmt.Sprintf("Domain: &web.Domain{Name: %s, Certificate: %s}", name, v)
}

// golang is a hosted zone that exists.
func (z zone) golang(w *source) string {
	return fmt.Sprintf("awsroute53.HostedZone_FromHostedZoneId(stack, new(%q), new(%s))", w.ids.id("Zone", "Hosted"), quote(z.id))
}

func (s *service) writeNetwork(w *source, groups []string) {
	if !s.inVPC {
		return
	}
	w.line("VPC: vpc,")
	switch {
	case len(s.subnets) > 0:
		w.line("VPCSubnets: &awsec2.SubnetSelection{Subnets: &[]awsec2.ISubnet{")
		for i, id := range s.subnets {
			w.line("awsec2.Subnet_FromSubnetId(stack, new(%q), %s),", w.ids.id(fmt.Sprintf("Subnet%d", i+1), s.id), pointer(id))
		}
		w.line("}},")
	case s.hosting == lambdaHosting || s.hosting == apprunnerHosting || s.placement == "private" || s.front.private && s.placement == "":
		w.line("VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},")
	default:
		w.line("VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC},")
	}
	if len(groups) > 0 {
		w.line("SecurityGroups: []awsec2.ISecurityGroup{%s},", strings.Join(groups, ", "))
	}
}

// lacksTask reports whether the service's task has nothing but the service.
func (s *service) lacksTask() bool {
	return len(s.sidecars) == 0 && len(s.volumes) == 0 && s.logging == nil
}

// writeHosting writes the field Hosting.
func (s *service) writeHosting(w *source, front, task string) {
	var fields []string
	add := func(format string, args ...any) { fields = append(fields, fmt.Sprintf(format, args...)) }
	name := map[string]string{
		apprunnerHosting: "apprunnerweb", expressHosting: "ecsweb", fargateHosting: "fargateweb", lambdaHosting: "lambdaweb",
	}[s.hosting]
	notes := s.at(atHosting)
	switch s.hosting {
	case fargateHosting:
		if task == "" {
			add("CPU: %d", s.cpu)
			add("Memory: %d", s.memory)
			if s.disk > 0 {
				add("EphemeralStorage: %d", s.disk)
			}
		} else {
			add("TaskDefinition: %s", task)
		}
		s.addCount(add)
		if len(s.metrics) > 0 {
			var all []string
			for _, m := range s.metrics {
				all = append(all, fmt.Sprintf("{\nMetric: fargateweb.%s, TargetValue: %d,\nScaleInCooldown: %s, ScaleOutCooldown: %s,\n}",
					m.metric, m.target, duration(m.in), duration(m.out)))
			}
			add("AutoScaling: []fargateweb.AutoScaling{%s}", strings.Join(all, ", "))
		}
		if s.spot {
			add("SpotPercentage: 100")
		}
		if front != "" {
			add("LoadBalancer: %s", front)
		} else if s.inVPC {
			add("VPC: vpc")
		}
		s.addRule(add)
		if s.stickiness {
			add("Stickiness: 24 * time.Hour")
		}
		if s.deregister > 0 {
			add("DeregistrationDelay: %s", duration(s.deregister))
		}
		if s.grace > 0 {
			add("HealthCheckGracePeriod: %s", duration(s.grace))
		}
		if s.exec {
			add("EnableExecuteCommand: true")
		}
		if len(s.entryPoint) > 0 {
			add("EntryPoint: []string{%s}", list(s.entryPoint))
		}
		if s.readOnly {
			if s.exec {
				s.noteAbout("storage.readonly_fs", atHosting, "is left out", "ECS Exec must write files")
				notes = s.at(atHosting)
			} else {
				add("ReadonlyRootFilesystem: true")
			}
		}
		if s.logging != nil {
			add("LogDriver: %s", s.logs)
		} else if task != "" {
			add("LogGroup: %s", s.logGroup)
		} else if s.retention > 0 && s.retention != 30 {
			add("LogRetentionInDays: %d", s.retention)
		}
	case expressHosting:
		add("CPU: %d", s.cpu)
		add("Memory: %d", s.memory)
		s.addCount(add)
		if len(s.metrics) > 0 {
			add("AutoScalingMetric: ecsweb.%s", s.metrics[0].metric)
			add("AutoScalingTargetValue: %d", s.metrics[0].target)
			for _, m := range s.metrics[1:] {
				field := map[string]string{"AverageCPU": "cpu_percentage", "AverageMemory": "memory_percentage", "RequestCountPerTarget": "requests"}[m.metric]
				s.noteAbout("count."+field, atHosting, "has no equal on ECS Express Mode", fmt.Sprintf("it scales by one metric, which is %s here", s.metrics[0].metric))
			}
			notes = s.at(atHosting)
		}
		if s.retention > 0 && s.retention != 30 {
			add("LogRetentionInDays: %d", s.retention)
		}
		if s.inVPC && !s.front.private && (len(s.subnets) > 0 || s.placement == "private") {
			add("VPCSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}")
			field := "network.vpc.placement"
			if s.root.find("EgressConfiguration") != nil { // of App Runner
				field = "EgressConfiguration"
			}
			s.noteAbout(field, atHosting, "has no equal on ECS Express Mode",
				"the tasks are in the public subnets, where the load balancer is; or choose fargateweb.Hosting{}")
			notes = s.at(atHosting)
		}
	case apprunnerHosting:
		add("CPU: %s", appRunnerCPU[s.cpu])
		add("Memory: %s", appRunnerMemory[s.memory])
		if s.scalingARN != nil {
			add("AutoScaling: apprunnerweb.AutoScalingFromARN(%s)", s.scalingARN.golang())
		} else {
			if s.least > 0 {
				add("MinSize: %d", min(s.least, 25))
			}
			if s.most > 0 {
				add("MaxSize: %d", min(s.most, 25))
			}
			if s.concurrency > 0 {
				add("MaxConcurrency: %d", s.concurrency)
			}
		}
		if s.autoDeployments {
			add("AutoDeploymentsEnabled: true")
		}
		if s.name2 != "" {
			add("ServiceName: %s", quote(s.name2))
		}
		if s.accessRoleARN != nil {
			add("AccessRole: awsiam.Role_FromRoleArn(stack, new(%q), %s, nil)", w.ids.id("AccessRole", s.id), pointer(s.accessRoleARN))
		}
		if s.tracing {
			add("TraceVendor: apprunnerweb.AWSXRAY")
		}
		if s.keyARN != nil {
			add("KMSKey: awskms.Key_FromKeyArn(stack, new(%q), %s)", w.ids.id("Key", s.id), pointer(s.keyARN))
		}
		if s.dualStack {
			add("IPAddressType: apprunnerweb.DualStack")
		}
		if s.connector != nil {
			add("VPCConnector: apprunnerweb.VPCConnectorFromARN(%s)", s.connector.golang())
		}
	case lambdaHosting:
		s.lambda.fields(add)
		if s.lambda.keyARN != nil {
			add("EnvironmentEncryption: awskms.Key_FromKeyArn(stack, new(%q), %s)", w.ids.id("Key", s.id), pointer(s.lambda.keyARN))
		}
		if s.tracing || s.lambda.tracing {
			add("Tracing: awslambda.Tracing_ACTIVE")
		}
		if s.retention > 0 && s.retention != 30 {
			add("LogRetentionInDays: %d", s.retention)
		}
	}
	if s.hosting != fargateHosting {
		notes = append(s.at(atFront), notes...)
	}
	if len(fields) == 0 && len(notes) == 0 {
		w.line("Hosting: %s.Hosting{},", name)
		return
	}
	w.line("Hosting: %s.Hosting{", name)
	w.notes(3, notes)
	for _, field := range fields {
		if code, comment, ok := strings.Cut(field, ", // "); ok {
			w.line("%s, // %s", code, comment)
			continue
		}
		w.line("%s,", field)
	}
	w.line("},")
}

func (s *service) addCount(add func(format string, args ...any)) {
	if s.least > 0 {
		add("MinTaskCount: %d", s.least)
	}
	if s.most > 0 {
		add("MaxTaskCount: %d", s.most)
	}
}

// addRule adds the fields of the service's own rule.
func (s *service) addRule(add func(format string, args ...any)) {
	own := s.parts[0]
	if len(own.hosts) > 0 {
		add("Hosts: []string{%s}", hosts_(own.hosts))
	}
	comment := ""
	if slices.ContainsFunc(s.rules, func(r rule) bool { return r.main }) {
		comment = ", // nobody asks for it: clients reach another container, see below"
	}
	if len(own.paths) > 0 {
		add("Paths: []string{%s}%s", strings_(own.paths), comment)
	}
	if own.priority > 0 {
		add("Priority: %d", own.priority)
	}
}

var appRunnerCPU = map[int]string{
	256: "apprunnerweb.QuarterVCPU", 512: "apprunnerweb.HalfVCPU", 1024: "apprunnerweb.OneVCPU", 2048: "apprunnerweb.TwoVCPU",
	4096: "apprunnerweb.FourVCPU",
}

var appRunnerMemory = map[int]string{
	512: "apprunnerweb.HalfGB", 1024: "apprunnerweb.OneGB", 2048: "apprunnerweb.TwoGB", 3072: "apprunnerweb.ThreeGB", 4096: "apprunnerweb.FourGB",
	6144: "apprunnerweb.SixGB", 8192: "apprunnerweb.EightGB", 10240: "apprunnerweb.TenGB", 12288: "apprunnerweb.TwelveGB",
}

// fields are the options of a function.
func (l *lambdaOptions) fields(add func(format string, args ...any)) {
	switch l.endpoint {
	case "RESTAPI":
		var options []string
		if l.stage != "" && l.stage != "prod" {
			options = append(options, "StageName: "+quote(l.stage))
		}
		if l.streaming {
			options = append(options, "ResponseTransferMode: awsapigateway.ResponseTransferMode_STREAM")
		}
		if l.iamAuth {
			options = append(options, "AuthorizationType: awsapigateway.AuthorizationType_IAM")
		}
		if l.apiTracing {
			options = append(options, "TracingEnabled: true")
		}
		add("Endpoint: lambdaweb.RESTAPI{%s}", l.apiFields(options))
	case "FunctionURL":
		var options []string
		if l.iamAuth {
			options = append(options, "AuthType: awslambda.FunctionUrlAuthType_AWS_IAM")
		}
		if l.streaming {
			options = append(options, "InvokeMode: awslambda.InvokeMode_RESPONSE_STREAM")
		}
		add("Endpoint: lambdaweb.FunctionURL{%s}", strings.Join(options, ", "))
	case "NoEndpoint":
		add("Endpoint: lambdaweb.NoEndpoint{}")
	case "HTTPAPI":
		var options []string
		if l.iamAuth {
			options = append(options, "Authorizer: awsapigatewayv2authorizers.NewHttpIamAuthorizer()")
		}
		if l.rate > 0 {
			options = append(options, fmt.Sprintf("ThrottlingRateLimit: %d, ThrottlingBurstLimit: %d", l.rate, l.burst))
		}
		if l.routeMetrics {
			options = append(options, "DetailedMetricsEnabled: true")
		}
		if fields := l.apiFields(options); fields != "" {
			add("Endpoint: lambdaweb.HTTPAPI{%s}", fields)
		}
	}
	if l.functionName != "" {
		add("FunctionName: %s", quote(l.functionName))
	}
	if l.memory > 0 {
		add("MemorySize: %d", l.memory)
	}
	if l.timeout > 0 {
		add("Timeout: %s", duration(l.timeout))
	}
	if l.disk > 512 {
		add("EphemeralStorageSize: %d", l.disk)
	}
	if l.concurrency > 0 {
		add("ReservedConcurrentExecutions: %d", l.concurrency)
	}
	if l.jsonLogs {
		add("LoggingFormat: awslambda.LoggingFormat_JSON")
		if l.appLevel != "" {
			add("ApplicationLogLevel: awslambda.ApplicationLogLevel_%s", l.appLevel)
		}
		if l.systemLevel != "" {
			add("SystemLogLevel: awslambda.SystemLogLevel_%s", l.systemLevel)
		}
	}
}

// apiFields are the fields of an API, with those that both kinds have.
func (l *lambdaOptions) apiFields(options []string) string {
	if l.authorizer != "" {
		options = append(options, "Authorizer: "+l.authorizer)
	}
	if len(l.scopes) > 0 {
		options = append(options, "AuthorizationScopes: []string{"+strings_(l.scopes)+"}")
	}
	if l.cors != "" {
		options = append(options, "CORS: &lambdaweb.CORS{\n"+l.cors+",\n}")
	}
	if l.noAddress {
		options = append(options, "DisableExecuteAPIEndpoint: true")
	}
	if len(options) < 2 {
		return strings.Join(options, "")
	}
	return "\n" + strings.Join(options, ",\n") + ",\n"
}

// writeTask writes the task definition, if the service does not run alone in it, and returns its
// variable.
func (s *service) writeTask(w *source, secrets *secretsOf) string {
	if s.hosting != fargateHosting || s.lacksTask() {
		if s.hosting == fargateHosting {
			w.notes(1, s.at(atTask))
		} else {
			s.moveTask()
		}
		return ""
	}
	// Everything that the containers refer to comes first.
	before := map[string]string{}
	remember := func(list []secretVariable) {
		for _, secret := range list {
			before[secret.name+fmt.Sprint(secret.secret)] = secrets.ecs(secret)
		}
	}
	for _, k := range s.sidecars {
		remember(k.secrets)
	}
	if s.logging != nil {
		remember(s.logging.secrets)
		remember(s.logging.secretOptions)
	}
	use := func(list []secretVariable) string {
		var variables []variable
		for _, secret := range list {
			variables = append(variables, variable{secret.name, expression(before[secret.name+fmt.Sprint(secret.secret)])})
		}
		return "&" + mapOf("awsecs.Secret", variables)
	}

	w.line("")
	s.logGroup = w.names.variable("logGroup", s.id)
	w.line(s.logGroup+" := awslogs.NewLogGroup(stack, new(%q), &awslogs.LogGroupProps{", w.ids.id("LogGroup", s.id))
	w.line("Retention: awslogs.RetentionDays_%s, RemovalPolicy: awscdk.RemovalPolicy_DESTROY,", logRetention[cmp.Or(s.retention, 30)])
	w.line("})")
	w.notes(1, s.at(atTask))
	task := w.names.variable("taskDefinition", s.id)
	w.line("%s := awsecs.NewFargateTaskDefinition(stack, new(%q), &awsecs.FargateTaskDefinitionProps{", task, w.ids.id("TaskDefinition", s.id))
	w.line("Cpu: new(%d.0), MemoryLimitMiB: new(%d.0),", s.cpu, s.memory)
	if s.disk > 0 {
		w.line("EphemeralStorageGiB: new(%d.0),", s.disk)
	}
	if s.image.arm64 {
		w.line("RuntimePlatform: &awsecs.RuntimePlatform{")
		w.line("CpuArchitecture: awsecs.CpuArchitecture_ARM64(), OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),")
		w.line("},")
	}
	w.line("})")
	for _, v := range s.volumes {
		w.line("%s.AddVolume(&awsecs.Volume{", task)
		w.line("Name: new(%s),", quote(v.name))
		if v.efs {
			w.line("EfsVolumeConfiguration: &awsecs.EfsVolumeConfiguration{")
			w.line("FileSystemId: %s,", pointer(v.fileSystem))
			if v.rootDir != "" {
				w.line("RootDirectory: new(%s),", quote(v.rootDir))
			}
			w.line("TransitEncryption: new(\"ENABLED\"),")
			var auth []string
			if v.accessPoint != "" {
				auth = append(auth, "AccessPointId: new("+quote(v.accessPoint)+")")
			}
			if v.iam {
				auth = append(auth, `Iam: new("ENABLED")`)
			}
			if len(auth) > 0 {
				w.line("AuthorizationConfig: &awsecs.AuthorizationConfig{%s},", strings.Join(auth, ", "))
			}
			w.line("},")
		}
		w.line("})")
	}
	if s.logging != nil {
		s.logging.write(w, s, task, use)
	}
	for i := range s.sidecars {
		s.sidecars[i].write(w, s, task, use)
	}
	for _, k := range s.sidecars {
		for _, d := range k.dependsOn {
			w.line("%s.AddContainerDependencies(&awsecs.ContainerDependency{", k.v)
			w.line("Container: %s, Condition: awsecs.ContainerDependencyCondition_%s,", s.sidecar(d.container), d.condition)
			w.line("})")
		}
	}
	w.line("")
	return task
}

// moveTask puts notes about the task's other containers to the hosting.
func (s *service) moveTask() {
	for i := range s.notes {
		if s.notes[i].place == atTask {
			s.notes[i].place = atHosting
		}
	}
}

func (s *service) sidecar(name string) string {
	for _, k := range s.sidecars {
		if k.name == name {
			return k.v
		}
	}
	return "nil"
}

// logStream is the log driver of a container that stands beside the server.
func (s *service) logStream() string {
	return fmt.Sprintf("Logging: awsecs.LogDrivers_AwsLogs(&awsecs.AwsLogDriverProps{LogGroup: %s, StreamPrefix: new(\"copilot\")}),", s.logGroup)
}

// logRetention are numbers of days as the CDK names them.
var logRetention = map[int]string{
	1: "ONE_DAY", 3: "THREE_DAYS", 5: "FIVE_DAYS", 7: "ONE_WEEK", 14: "TWO_WEEKS", 30: "ONE_MONTH", 60: "TWO_MONTHS", 90: "THREE_MONTHS",
	120: "FOUR_MONTHS", 150: "FIVE_MONTHS", 180: "SIX_MONTHS", 365: "ONE_YEAR", 400: "THIRTEEN_MONTHS", 545: "EIGHTEEN_MONTHS",
	731: "TWO_YEARS", 1096: "THREE_YEARS", 1827: "FIVE_YEARS", 2192: "SIX_YEARS", 2557: "SEVEN_YEARS", 2922: "EIGHT_YEARS",
	3288: "NINE_YEARS", 3653: "TEN_YEARS",
}

func (l *logging) write(w *source, s *service, task string, use func([]secretVariable) string) {
	s.logs = w.names.variable("logs", s.id)
	w.line("%s := awsecs.LogDrivers_Firelens(&awsecs.FireLensLogDriverProps{", s.logs)
	if len(l.options) > 0 {
		w.line("Options: %s,", pointerMap(l.options))
	}
	if len(l.secretOptions) > 0 {
		w.line("SecretOptions: %s,", use(l.secretOptions))
	}
	w.line("})")
	w.line("%s.AddFirelensLogRouter(new(\"firelens_log_router\"), &awsecs.FirelensLogRouterDefinitionOptions{", task)
	w.line("Image: %s,", containerImage(w, s, image{uri: literal(cmp.Or(l.image, "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable"))}, "Logs", nil))
	w.line("FirelensConfig: &awsecs.FirelensConfig{")
	w.line("Type: awsecs.FirelensLogRouterType_FLUENTBIT,")
	options := []string{fmt.Sprintf("EnableECSLogMetadata: new(%t)", !l.metadataOff)}
	if l.configFile != "" {
		options = append(options, "ConfigFileType: awsecs.FirelensConfigFileType_FILE", "ConfigFileValue: new("+quote(l.configFile)+")")
	}
	w.line("Options: &awsecs.FirelensOptions{%s},", strings.Join(options, ", "))
	w.line("},")
	if len(l.variables) > 0 {
		w.line("Environment: %s,", pointerMap(l.variables))
	}
	if len(l.secrets) > 0 {
		w.line("Secrets: %s,", use(l.secrets))
	}
	w.line("%s", s.logStream())
	w.line("})")
}

func (k *container) write(w *source, s *service, task string, use func([]secretVariable) string) {
	k.v = w.names.variable(k.name, "Container")
	image := containerImage(w, s, k.image, k.name, k.credentials)
	used := slices.ContainsFunc(s.sidecars, func(other container) bool {
		return slices.ContainsFunc(other.dependsOn, func(d dependency) bool { return d.container == k.name })
	}) || len(k.dependsOn) > 0 || len(k.mounts) > 0 ||
		slices.ContainsFunc(s.dependsOn, func(d dependency) bool { return d.container == k.name })
	if used {
		w.line("%s := %s.AddContainer(new(%s), &awsecs.ContainerDefinitionOptions{", k.v, task, quote(k.name))
	} else {
		w.line("%s.AddContainer(new(%s), &awsecs.ContainerDefinitionOptions{", task, quote(k.name))
	}
	w.line("Image: %s,", image)
	ports := s.portsOf(k)
	if len(ports) > 0 {
		var list []string
		for _, port := range ports {
			if k.udp && port == k.port {
				list = append(list, fmt.Sprintf("{ContainerPort: new(%d.0), Protocol: awsecs.Protocol_UDP}", port))
				continue
			}
			list = append(list, fmt.Sprintf("{ContainerPort: new(%d.0)}", port))
		}
		w.line("PortMappings: &[]*awsecs.PortMapping{%s},", strings.Join(list, ", "))
	}
	if k.optional {
		w.line("Essential: new(false),")
	}
	if len(k.entryPoint) > 0 {
		w.line("EntryPoint: &[]*string{%s},", pointers(k.entryPoint))
	}
	if len(k.command) > 0 {
		w.line("Command: &[]*string{%s},", pointers(k.command))
	}
	if len(k.variables) > 0 {
		w.line("Environment: %s,", pointerMap(k.variables))
	}
	if len(k.secrets) > 0 {
		w.line("Secrets: %s,", use(k.secrets))
	}
	if check := k.check; check != nil {
		w.line("HealthCheck: &awsecs.HealthCheck{")
		var command []value
		for _, word := range check.command {
			command = append(command, literal(word))
		}
		w.line("Command: &[]*string{%s},", pointers(command))
		w.line("Interval: %s, Timeout: %s,", cdkDuration(check.interval), cdkDuration(check.timeout))
		w.line("Retries: new(%d.0), StartPeriod: %s,", check.retries, cdkDuration(check.startPeriod))
		w.line("},")
	}
	if len(k.labels) > 0 {
		w.line("DockerLabels: %s,", pointerMap(k.labels))
	}
	w.line("%s", s.logStream())
	w.line("})")
	for _, m := range k.mounts {
		w.line("%s.AddMountPoints(%s)", k.v, m.golang())
	}
}

// portsOf are the ports of a sidecar: its own, and those that rules name.
func (s *service) portsOf(k *container) []int {
	var ports []int
	if k.port > 0 {
		ports = append(ports, k.port)
	}
	for _, rule := range s.rules {
		if rule.container == k.name && rule.port > 0 && !slices.Contains(ports, rule.port) {
			ports = append(ports, rule.port)
		}
	}
	return ports
}

func (m mount) golang() string {
	return fmt.Sprintf("&awsecs.MountPoint{\nSourceVolume: new(%s), ContainerPath: new(%s), ReadOnly: new(%t),\n}", quote(m.volume), quote(m.path), m.readOnly)
}

// containerImage is an image as a container of the CDK takes it.
func containerImage(w *source, s *service, i image, name string, credentials value) string {
	if i.uri == nil {
		options := []string{}
		if i.file != "" {
			options = append(options, "File: new("+quote(i.fileIn())+")")
		}
		if i.target != "" {
			options = append(options, "Target: new("+quote(i.target)+")")
		}
		if len(i.args) > 0 {
			options = append(options, "BuildArgs: "+pointerMap(i.args))
		}
		if s.image.arm64 {
			options = append(options, "Platform: awsecrassets.Platform_LINUX_ARM64()")
		} else {
			options = append(options, "Platform: awsecrassets.Platform_LINUX_AMD64()")
		}
		return fmt.Sprintf("awsecs.ContainerImage_FromAsset(new(%s), &awsecs.AssetImageProps{%s})", quote(i.dir), strings.Join(options, ", "))
	}
	if credentials != nil {
		from := "FromSecretCompleteArn"
		switch text, ok := credentials.text(); {
		case ok && !strings.HasPrefix(text, "arn:"):
			from = "FromSecretNameV2"
		case ok && !completeARN.MatchString(text):
			from = "FromSecretPartialArn"
		}
		return fmt.Sprintf("awsecs.ContainerImage_FromRegistry(%s, &awsecs.RepositoryImageProps{\nCredentials: awssecretsmanager.Secret_%s(stack, new(%q), %s),\n})",
			pointer(i.uri), from, w.ids.id(name+" credentials", s.id), pointer(credentials))
	}
	text, ok := i.uri.text()
	if registry, rest, found := strings.Cut(text, "/"); ok && found && strings.Contains(registry, ".dkr.ecr.") && !strings.Contains(rest, "@") {
		parts := strings.Split(registry, ".")
		repository, tag, _ := strings.Cut(rest, ":")
		if len(parts) > 4 && account.MatchString(parts[0]) && repository != "" {
			return fmt.Sprintf("awsecs.ContainerImage_FromEcrRepository(awsecr.Repository_FromRepositoryArn(stack, new(%q),\nnew(%s)), new(%s))",
				w.ids.id(name+" repository", s.id), quote(fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", partition(parts[3]), parts[3], parts[0], repository)), quote(cmp.Or(tag, "latest")))
		}
	}
	return fmt.Sprintf("awsecs.ContainerImage_FromRegistry(%s, nil)", pointer(i.uri))
}

// account is the number of an AWS account.
var account = regexp.MustCompile(`^[0-9]{12}$`)

func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// fileIn is the Dockerfile relative to its context.
func (i image) fileIn() string {
	if rest, ok := strings.CutPrefix(i.file, i.dir+"/"); ok {
		return rest
	}
	return i.file
}

// writeAfter writes what is below the service.
func (s *service) writeAfter(w *source, balancer string, outputs []output) {
	for _, t := range s.topics {
		w.line("%s.UseTopic(%q, %s)", s.v, snake(t.name)+"_TOPIC_ARN", t.v)
	}
	if len(s.topics) > 0 {
		var names, arns []string
		for _, t := range s.topics {
			name := t.name
			if t.fifo {
				name += ".fifo"
			}
			names = append(names, quoteJSON(name)+":"+`"%s"`)
			arns = append(arns, "*"+t.v+".TopicArn()")
		}
		w.line("%s.AddEnvironment(\"COPILOT_SNS_TOPIC_ARNS\", fmt.Sprintf(%s, %s))", s.v, quote("{"+strings.Join(names, ",")+"}"), strings.Join(arns, ", "))
	}
	for _, t := range s.tables {
		use := "UseTable"
		if t.kind == "bucket" {
			use = "UseBucket"
		}
		w.line("%s.%s(%q, %s, web.ReadWrite)", s.v, use, t.variable, t.v)
	}
	for _, line := range s.lambda.policies {
		w.line("%s", line)
	}
	s.writeEvents(w)
	if s.hosting == fargateHosting {
		s.writeMade(w, balancer)
	}
	w.notes(1, s.at(atAfter))
	if slices.ContainsFunc(outputs, func(o output) bool { return strings.Contains(o.code, s.v+"Made.") }) {
		w.line("%sMade, _ := lambdaweb.ResourcesOf(%s)", s.v, s.v)
	}
}

func quoteJSON(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%").Replace(text) + `"`
}

func (s *service) writeEvents(w *source) {
	w.notes(1, s.at(atEvents))
	if len(s.lambda.events) == 0 || s.hosting != lambdaHosting {
		return
	}
	uses := slices.ContainsFunc(s.lambda.events, func(line string) bool { return strings.Contains(line, "made.") })
	if uses {
		w.line("if made, ok := lambdaweb.ResourcesOf(%s); ok {", s.v)
	}
	for _, line := range s.lambda.events {
		w.line("%s", line)
	}
	if uses {
		w.line("}")
	}
}

// writeMade writes what is changed at the resources that Fargate has made.
func (s *service) writeMade(w *source, balancer string) {
	inner := &source{names: w.names, ids: w.ids}
	if s.spotFrom > 0 {
		inner.comment(2, fmt.Sprintf("The first %d tasks are not on Spot.", s.spotFrom-1))
		inner.line("made.Service.Node().DefaultChild().(awsecs.CfnService).SetCapacityProviderStrategy(&[]any{")
		inner.line(`&awsecs.CfnService_CapacityProviderStrategyItemProperty{CapacityProvider: new("FARGATE_SPOT"), Weight: new(1.0)},`)
		inner.line(`&awsecs.CfnService_CapacityProviderStrategyItemProperty{CapacityProvider: new("FARGATE"), Weight: new(0.0), Base: new(%d.0)},`, s.spotFrom-1)
		inner.line("})")
	}
	if r := s.response; r != nil {
		inner.line("made.Scaling.ScaleToTrackCustomMetric(new(\"ResponseTime\"), &awsecs.TrackCustomMetricProps{")
		inner.line("Metric: made.TargetGroup.Metrics().TargetResponseTime(nil), TargetValue: new(%s),", number(r.seconds))
		inner.line("ScaleInCooldown: %s, ScaleOutCooldown: %s,", cdkDuration(r.in), cdkDuration(r.out))
		inner.line("})")
	}
	s.writeParts(inner, balancer)
	if s.tls {
		inner.line("secure := made.TargetGroup.Node().DefaultChild().(awselasticloadbalancingv2.CfnTargetGroup)")
		inner.line("secure.SetProtocol(new(\"HTTPS\"))")
		inner.line("secure.SetHealthCheckProtocol(new(\"HTTPS\"))")
	}
	if s.protocol != "" {
		writeProtocol(inner, "made.TargetGroup", s.protocol, s.grpcCodes)
	}
	if len(s.rollbackAlarms) > 0 {
		inner.line("made.Service.EnableDeploymentAlarms(&[]*string{%s}, &awsecs.DeploymentAlarmOptions{", pointers(s.rollbackAlarms))
		inner.line("Behavior: awsecs.AlarmBehavior_ROLLBACK_ON_ALARM,")
		inner.line("})")
	}
	for _, m := range s.mounts {
		inner.line("made.Container.AddMountPoints(%s)", m.golang())
	}
	for _, label := range s.labels {
		inner.line("made.Container.AddDockerLabel(new(%s), %s)", quote(label.name), pointer(label.value))
	}
	for _, d := range s.dependsOn {
		if v := s.sidecar(d.container); v != "nil" {
			inner.line("made.Container.AddContainerDependencies(&awsecs.ContainerDependency{")
			inner.line("Container: %s, Condition: awsecs.ContainerDependencyCondition_%s,", v, d.condition)
			inner.line("})")
		}
	}
	for _, r := range s.rules {
		s.writeRule(inner, r)
	}
	if inner.text.Len() == 0 {
		return
	}
	w.line("if made, ok := fargateweb.ResourcesOf(%s); ok {", s.v)
	w.text.WriteString(inner.text.String())
	w.line("}")
}

// writeProtocol has a load balancer speak another version of HTTP with the server.
func writeProtocol(w *source, group, protocol, codes string) {
	w.line("targets := %s.Node().DefaultChild().(awselasticloadbalancingv2.CfnTargetGroup)", group)
	w.line("targets.SetProtocolVersion(new(%q))", protocol)
	if protocol == "GRPC" {
		w.line("targets.SetMatcher(&awselasticloadbalancingv2.CfnTargetGroup_MatcherProperty{GrpcCode: new(%s)})", quote(cmp.Or(codes, "0-99")))
	}
}

// writeRule writes one more rule of the load balancer with its target group.
func (s *service) writeRule(w *source, r rule) {
	container := r.container
	own := container == ""
	if own {
		container = "Main"
	}
	if w.text.Len() > 0 {
		w.line("")
	}
	if r.main {
		w.comment(2, fmt.Sprintf("Clients reach the container %s instead of the service's own.", container))
	}
	id := w.ids.id(r.id, s.id+"Rule")
	v := w.names.variable(r.id+" targets", s.id)
	if own && r.port != s.port {
		w.line("made.Container.AddPortMappings(&awsecs.PortMapping{ContainerPort: new(%d.0)})", r.port)
	}
	w.line("%s := awselasticloadbalancingv2.NewApplicationTargetGroup(stack, new(%q), &awselasticloadbalancingv2.ApplicationTargetGroupProps{", v, w.ids.id(r.id+" targets", s.id))
	w.line("Vpc: made.LoadBalancer.VPC,")
	scheme := "HTTP"
	if r.port == httpsPort {
		scheme = "HTTPS"
	}
	w.line("Port: new(%d.0), Protocol: awselasticloadbalancingv2.ApplicationProtocol_%s,", r.port, scheme)
	switch r.protocol {
	case "GRPC":
		w.line("ProtocolVersion: awselasticloadbalancingv2.ApplicationProtocolVersion_GRPC,")
	case "HTTP2":
		w.line("ProtocolVersion: awselasticloadbalancingv2.ApplicationProtocolVersion_HTTP2,")
	}
	delay := r.deregister
	if delay == 0 {
		delay = copilotOut
	}
	w.line("DeregistrationDelay: %s,", cdkDuration(delay))
	if r.stickiness {
		w.line("StickinessCookieDuration: awscdk.Duration_Days(new(1.0)),")
	}
	w.line("HealthCheck: &awselasticloadbalancingv2.HealthCheck{")
	w.line("Path: new(%s),", quote(cmp.Or(r.health.path, "/")))
	if r.health.port != 0 {
		w.line("Port: new(\"%d\"),", r.health.port)
	}
	if cmp.Or(r.health.port, r.port) == httpsPort {
		w.line("Protocol: awselasticloadbalancingv2.Protocol_HTTPS,")
	}
	if r.health.codes != "" {
		w.line("HealthyHttpCodes: new(%s),", quote(r.health.codes))
	}
	if r.grpcCodes != "" {
		w.line("HealthyGrpcCodes: new(%s),", quote(r.grpcCodes))
	}
	if r.health.interval > 0 {
		w.line("Interval: %s,", cdkDuration(r.health.interval))
	}
	if r.health.timeout > 0 {
		w.line("Timeout: %s,", cdkDuration(r.health.timeout))
	}
	if r.health.healthy > 0 {
		w.line("HealthyThresholdCount: new(%d.0),", r.health.healthy)
	}
	if r.health.unhealthy > 0 {
		w.line("UnhealthyThresholdCount: new(%d.0),", r.health.unhealthy)
	}
	w.line("},")
	w.line("Targets: &[]awselasticloadbalancingv2.IApplicationLoadBalancerTarget{")
	w.line("made.Service.LoadBalancerTarget(&awsecs.LoadBalancerTargetOptions{ContainerName: new(%s), ContainerPort: new(%d.0)}),", quote(container), r.port)
	w.line("},")
	w.line("})")
	w.line("made.LoadBalancer.Forward(stack, %q, %s, %s)", id, r.parts[0].golang(), v)
	writeRest(w, r.id+" rule", r.parts[1:], v)
}

// writeParts writes what the service's own rule asks for beside the fields of the hosting, and the
// rules that take the rest, if one is too small.
func (s *service) writeParts(w *source, balancer string) {
	if first := s.parts[0]; len(first.sources) > 0 && (balancer == "" || !ipv4(first.sources)) {
		var sources []value
		for _, source := range first.sources {
			sources = append(sources, literal(source))
		}
		w.line("made.Rule.AddCondition(awselasticloadbalancingv2.ListenerCondition_SourceIps(&[]*string{%s}))", pointers(sources))
	}
	writeRest(w, s.name+" rule", s.parts[1:], "made.TargetGroup")
}

// writeRest writes the rules that take what one rule has no room for.
func writeRest(w *source, name string, rest []condition, targets string) {
	if len(rest) == 0 {
		return
	}
	w.comment(2, fmt.Sprintf("A rule has at most %d hosts, paths and addresses. This is the rest.", maxValues))
	if len(rest) == 1 {
		w.line("made.LoadBalancer.Forward(stack, %q, %s, %s)", w.ids.id(name+" 2", "Rule"), rest[0].golang(), targets)
		return
	}
	w.line("for i, rule := range []webalb.Rule{")
	for _, part := range rest {
		w.line("{%s},", strings.Join(part.fields(), ", "))
	}
	w.line("} {")
	w.line("made.LoadBalancer.Forward(stack, fmt.Sprintf(%q, i+2), rule, %s)", w.ids.id(name, "Rules")+"%d", targets)
	w.line("}")
}
