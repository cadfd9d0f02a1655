package importer

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// logDays are the numbers of days that CloudWatch Logs knows.
var logDays = []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}

// loadBalanced reads what only a Load Balanced Web Service has.
func (c *copilotReader) loadBalanced() {
	s, root := c.service, c.root
	if exec := root.get("exec"); exec != nil {
		on := exec
		if exec.kind == mapping {
			on = exec.get("enable")
		}
		if enabled, ok := c.flag(on, atHosting); ok && enabled {
			s.exec = true
			s.took("exec", exec, func() { s.exec = false })
		}
	}
	if image := root.get("image"); image != nil && image.kind == mapping {
		if labels := image.get("labels"); labels != nil {
			s.labels = c.plainVariables(labels, atAfter)
			s.took("labels", labels, func() { s.labels = nil })
		}
		if depends := image.get("depends_on"); depends != nil {
			s.dependsOn = c.dependencies(depends)
			s.took("depends_on", depends, func() { s.dependsOn = nil })
		}
		s.lacks("container_check", atHosting, image.get("healthcheck"),
			"the load balancer checks the container: set Hosting.ContainerHealthCheck if ECS is to ask for the path too")
	}
	c.storage(root.get("storage"))
	c.mountPoints()
	c.logging(root.get("logging"))
	if sidecars := root.get("sidecars"); sidecars != nil && sidecars.kind == mapping {
		for _, name := range sidecars.keys {
			c.sidecar(name, sidecars.fields[name])
		}
		s.took("sidecars", sidecars.leafless(), func() { s.sidecars = nil })
	}
	c.deployment(root.get("deployment"))
	s.lacks("nlb", atFront, root.get("nlb"), "there is no network load balancer here: make one with awselasticloadbalancingv2 and the Service of fargateweb.Resources")
	s.lacks("taskdef_overrides", atTask, root.get("taskdef_overrides"), "change the property of the task definition: its L1 construct is the default child of TaskDefinition in fargateweb.Resources")
}

// leafless is a node to say where something is, which marks nothing as done.
func (n *node) leafless() *node {
	return &node{file: n.file, line: n.line, path: n.path, kind: null}
}

func (c *copilotReader) deployment(n *node) {
	if n == nil {
		return
	}
	s := c.service
	switch rolling, ok := c.str(n.get("rolling"), atHosting); {
	case !ok || rolling == "default":
	case rolling == "recreate":
		s.lacks("rolling", atHosting, n.get("rolling"), "a deployment keeps tasks running here: of two or more tasks, MinimumHealthyPercent 1 and MaximumPercent 100 stop all but one first")
	default:
		s.wrong(atHosting, n.get("rolling"), "default or recreate")
	}
	alarms := n.get("rollback_alarms")
	if alarms == nil {
		return
	}
	if alarms.kind == sequence {
		for _, item := range alarms.items {
			if name, ok := c.val(item, atAfter); ok {
				s.rollbackAlarms = append(s.rollbackAlarms, name)
			}
		}
		s.took("rollback_alarms", alarms, func() { s.rollbackAlarms = nil })
		return
	}
	s.lacks("rollback_alarms", atAfter, alarms, "make an alarm of the target group's or the load balancer's metrics, and pass it to EnableDeploymentAlarms: see docs/fargate.md")
}

func (c *copilotReader) storage(n *node) {
	if n == nil {
		return
	}
	s := c.service
	if disk := n.get("ephemeral"); disk != nil {
		if size, ok := c.number(disk, atHosting, 20, 200); ok && size > 20 {
			s.disk = size
			s.took("disk", disk, func() { s.disk = 0 })
		}
	}
	if on, ok := c.flag(n.get("readonly_fs"), atHosting); ok && on {
		s.readOnly = true
		s.took("readonly_fs", n.get("readonly_fs"), func() { s.readOnly = false })
	}
	volumes := n.get("volumes")
	if volumes == nil {
		return
	}
	if volumes.kind != mapping {
		s.wrong(atTask, volumes, "a mapping from names to volumes")
		return
	}
	for _, name := range volumes.keys {
		field := volumes.fields[name]
		v := volume{name: name, iam: true}
		if efs := field.get("efs"); efs != nil && efs.kind == mapping {
			v.efs = true
			id := efs.get("id")
			if id != nil && id.kind == mapping && id.has("from_cfn") {
				if export, ok := c.val(id.get("from_cfn"), atTask); ok {
					v.fileSystem = importValue(export)
				}
			} else if id != nil {
				v.fileSystem, _ = c.val(id, atTask)
			}
			v.rootDir, _ = c.str(efs.get("root_dir"), atTask)
			if iam, ok := c.flag(efs.get("auth", "iam"), atTask); ok {
				v.iam = iam
			}
			v.accessPoint, _ = c.str(efs.get("auth", "access_point_id"), atTask)
			if v.fileSystem == nil {
				c.managed(field)
				continue
			}
		} else if on, ok := c.flag(efs, atTask); ok && on {
			c.managed(field)
			continue
		}
		if v.efs {
			s.notes = append(s.notes, note{kind: different, place: atTask, file: field.file, line: field.line, path: field.path,
				what: "is a file system that exists", todo: "let the service in: its security group, and the role if the file system has a policy"})
		}
		s.volumes = append(s.volumes, v)
		if m, ok := c.mount(name, field); ok {
			s.mounts = append(s.mounts, m)
		}
		s.took("volumes", field.leafless(), func() {
			s.volumes, s.mounts = nil, nil
			s.variables = slices.DeleteFunc(s.variables, func(v variable) bool { return v.name == mountPointsName })
		})
	}
}

const mountPointsName = "COPILOT_MOUNT_POINTS"

// mountPoints is a variable that Copilot adds.
func (c *copilotReader) mountPoints() {
	s := c.service
	if len(s.mounts) == 0 {
		return
	}
	paths := map[string]string{}
	for _, m := range s.mounts {
		paths[m.volume] = m.path
	}
	if text, err := json.Marshal(paths); err == nil {
		s.variables = append(s.variables, variable{mountPointsName, literal(string(text))})
	}
}

// managed notes a file system that Copilot made.
func (c *copilotReader) managed(n *node) {
	c.service.lacks("volumes", atTask, n,
		"Copilot made the file system of the environment: import it with awsefs.FileSystem_FromFileSystemAttributes, or make one, and add it to the task definition with AddVolume")
}

// mount reads where a volume is in a container. Copilot's volumes are read-only unless they say else.
func (c *copilotReader) mount(volume string, n *node) (mount, bool) {
	m := mount{volume: volume, readOnly: true}
	if on, ok := c.flag(n.get("read_only"), atTask); ok {
		m.readOnly = on
	}
	path, ok := c.str(n.get("path"), atTask)
	m.path = path
	return m, ok && path != ""
}

func (c *copilotReader) logging(n *node) {
	if n == nil {
		return
	}
	s := c.service
	if days, ok := c.number(n.get("retention"), atHosting, 1, 3653); ok {
		if slices.Contains(logDays, days) {
			s.retention = days
			s.took("retention", n.get("retention"), func() { s.retention = 0 })
		} else {
			s.wrong(atHosting, n.get("retention"), "a number of days that CloudWatch Logs knows, such as 7, 30 or 365")
		}
	}
	l := &logging{options: c.plainVariables(n.get("destination"), atTask)}
	l.secretOptions = c.secrets(n.get("secretOptions"), atTask)
	l.variables = c.variables(n.get("variables"), atTask, c.injected())
	l.secrets = c.secrets(n.get("secrets"), atTask)
	l.image, _ = c.str(n.get("image"), atTask)
	if on, ok := c.flag(n.get("enableMetadata"), atTask); ok {
		l.metadataOff = !on
	}
	l.configFile, _ = c.str(n.get("configFilePath"), atTask)
	s.missing(atTask, n.get("env_file"), "write its variables into Environment of the log router")
	for _, field := range []string{"image", "destination", "enableMetadata", "secretOptions", "configFilePath", "variables", "secrets", "env_file"} {
		if n.has(field) {
			s.logging = l
			s.took("logging", n.leafless(), func() { s.logging = nil })
			break
		}
	}
}

var containerName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

func (c *copilotReader) sidecar(name string, n *node) {
	s := c.service
	if n.kind != mapping || !containerName.MatchString(name) || name == "Main" || name == "firelens_log_router" && s.logging != nil {
		s.wrong(atTask, n, "a container with an image, and a name of letters, digits, hyphens and underscores that no other has")
		return
	}
	k := container{name: name}
	if image := n.get("image"); image == nil {
		s.wrong(atTask, n, "a container with an image")
		return
	} else {
		c.image(image, &k.image, name)
		if text, ok := k.image.uri.text(); ok && strings.Contains(text, ".dkr.ecr.") && !account.MatchString(text[:strings.IndexByte(text, '.')]) {
			s.different(atTask, image, "is taken for an image that needs no permission", "an account has 12 digits: check the name of the image")
		}
	}
	if port := n.get("port"); port != nil {
		number, protocol, ok := portOf(port)
		switch {
		case !ok || protocol != "tcp" && protocol != "udp":
			s.wrong(atTask, port, "a port such as 8080 or 8080/udp")
		case number == s.port:
			s.missing(atTask, port, "the service has this port: the containers of a task share their ports")
		default:
			port.take()
			k.port, k.udp = number, protocol == "udp"
		}
	}
	if essential, ok := c.flag(n.get("essential"), atTask); ok {
		k.optional = !essential
	}
	if credentials := n.get("credentialsParameter"); credentials != nil {
		if k.image.uri == nil {
			s.missing(atTask, credentials, "the image is built here, and needs no password: leave it out")
		} else {
			k.credentials, _ = c.val(credentials, atTask)
		}
	}
	k.variables = c.variables(n.get("variables"), atTask, c.injected())
	s.missing(atTask, n.get("env_file"), "write its variables into Environment of the container")
	k.secrets = c.secrets(n.get("secrets"), atTask)
	if mounts := n.get("mount_points"); mounts != nil && mounts.kind == sequence {
		for _, item := range mounts.items {
			source, ok1 := c.str(item.get("source_volume"), atTask)
			if m, ok2 := c.mount(source, item); ok1 && ok2 {
				if !slices.ContainsFunc(s.volumes, func(v volume) bool { return v.name == source }) && c.root.get("storage", "volumes", source) != nil {
					s.missing(atTask, item, fmt.Sprintf("the volume %s is left out, see storage.volumes", source))
					continue
				}
				if !slices.ContainsFunc(s.volumes, func(v volume) bool { return v.name == source }) {
					s.wrong(atTask, item, "of a volume in storage.volumes")
					continue
				}
				k.mounts = append(k.mounts, m)
			}
		}
	}
	k.labels = c.plainVariables(n.get("labels"), atTask)
	k.dependsOn = c.dependencies(n.get("depends_on"))
	k.command = c.words(n.get("command"), atTask)
	k.entryPoint = c.words(n.get("entrypoint"), atTask)
	k.check = c.containerCheck(n.get("healthcheck"))
	s.sidecars = append(s.sidecars, k)
}

func (c *copilotReader) containerCheck(n *node) *containerCheck {
	if n == nil {
		return nil
	}
	check := &containerCheck{interval: 10 * time.Second, timeout: 5 * time.Second, retries: 2}
	check.command = c.strs(n.get("command"), atTask)
	if len(check.command) == 0 {
		check.command = []string{"CMD-SHELL", "curl -f http://localhost/ || exit 1"}
	}
	for _, time := range []struct {
		field       string
		into        *time.Duration
		least, most time.Duration
	}{
		{"interval", &check.interval, 5 * time.Second, 300 * time.Second}, {"timeout", &check.timeout, 2 * time.Second, 60 * time.Second},
		{"start_period", &check.startPeriod, 0, 300 * time.Second},
	} {
		if d, ok := c.time(n.get(time.field), atTask, time.least, time.most); ok {
			*time.into = d
		}
	}
	if retries, ok := c.number(n.get("retries"), atTask, 1, 10); ok {
		check.retries = retries
	}
	return check
}

// dependencies are containers that must have come so far before this one starts.
func (c *copilotReader) dependencies(n *node) []dependency {
	if n == nil {
		return nil
	}
	var found []dependency
	for _, name := range n.keys {
		condition, ok := c.str(n.fields[name], atTask)
		if !ok {
			continue
		}
		condition = strings.ToUpper(condition)
		sidecar := c.root.get("sidecars", name)
		switch {
		case !slices.Contains([]string{"START", "HEALTHY", "SUCCESS", "COMPLETE"}, condition):
			c.service.wrong(atTask, n.fields[name], "start, healthy, success or complete")
		case sidecar == nil:
			c.service.missing(atTask, n.fields[name], "only containers of sidecars can be named here")
		case condition == "HEALTHY" && !sidecar.has("healthcheck"):
			c.service.missing(atTask, n.fields[name], "the container has no health check")
		default:
			found = append(found, dependency{name, condition})
		}
	}
	return found
}

// environment reads the manifest of an environment.
func (w *workspace) environment(name string, o options) *environment {
	e := &environment{name: name}
	m, ok := w.environments[name]
	if !ok {
		return e
	}
	root := m.root
	root.get("name").take()
	root.get("type").take()
	vpc := root.get("network", "vpc")
	if id := vpc.get("id"); e.id(id, vpcID, "the id of a VPC, such as vpc-0123456789abcdef0") {
		e.network = &network{vpc: valueOf(id.value)}
		for kind, into := range map[string]*[]value{"public": &e.network.public, "private": &e.network.private} {
			subnets := vpc.get("subnets", kind)
			if subnets == nil {
				continue
			}
			for _, item := range subnets.items {
				if id := item.get("id"); e.id(id, subnetID, "the id of a subnet, such as subnet-0123456789abcdef0") {
					*into = append(*into, valueOf(id.value))
				}
				if az := item.get("az"); az != nil && kind == "public" {
					az.take()
				}
			}
		}
		if zones := len(e.network.public); zones > 0 && len(e.network.private)%zones != 0 {
			e.notes = append(e.notes, note{kind: different, place: atStack, file: vpc.file, line: vpc.line, path: vpc.path, what: "has not as many private as public subnets",
				todo: "the CDK takes as many in each zone: some are left out"})
			for len(e.network.private)%zones != 0 && len(e.network.private) > zones {
				e.network.private = e.network.private[:len(e.network.private)-1]
			}
			if len(e.network.private) < zones {
				e.network.public = e.network.public[:len(e.network.private)]
			}
		}
	}
	if cidr := vpc.get("cidr"); cidr != nil && cidr.kind == scalar {
		if prefix, err := prefixOf(cidr.value); err == nil {
			e.cidr = prefix.Masked().String()
		}
	}
	if vpc != nil && vpc.get("id") == nil {
		e.different(atStack, vpc, "describes the VPC that Copilot made", "services that were in its private subnets, or are private, import it; the others have a VPC of their own")
	}
	if certificates := root.get("http", "public", "certificates"); certificates != nil && certificates.kind == sequence {
		e.certificatesAt = certificates
		for _, item := range certificates.items {
			if item.kind == scalar {
				item.take()
				e.certificates = append(e.certificates, valueOf(item.value))
			}
		}
	}
	if sources := root.get("http", "public", "ingress", "source_ips"); sources != nil && sources.kind == sequence &&
		slices.ContainsFunc(w.services, func(m manifest) bool { return m.root.get("type").text() == loadBalanced }) {
		for _, item := range sources.items {
			if prefix, err := prefixOf(item.value); err != nil || item.kind != scalar {
				e.wrong(atStack, item, "an address block such as 192.0.2.0/24")
			} else {
				item.take()
				e.sources = append(e.sources, prefix.Masked().String())
			}
		}
		e.sourcesAt = sources
	}
	insights := root.get("observability", "container_insights")
	if on, ok := insights.boolOr(false); ok && !on {
		insights.take()
	}
	for field, todo := range map[string]string{
		"network":       "make the VPC with awsec2.NewVpc, and pass it as Workload.VPC",
		"http":          needsBalancer,
		"cdn":           "put a front above the service: webfront.NewFront",
		"observability": needsCluster,
	} {
		root.get(field).each(func(leaf *node) {
			if !leaf.done && leaf.kind != null {
				e.missing(atStack, leaf, todo)
			}
		})
	}
	root.each(func(leaf *node) {
		if !leaf.done {
			e.add(unknown, atStack, leaf, "is no field that an Environment has", "check its name")
		}
	})
	return e
}

// What to do about fields of an environment that has services on Fargate.
const (
	needsBalancer = "make the load balancer with webalb.NewLoadBalancer, and pass it as Hosting.LoadBalancer"
	needsCluster  = "make the cluster with ContainerInsightsV2, and pass it as Hosting.Cluster"
)

// fit has the notes of an environment be about the hostings of its services, and those that need
// subnets that are not there outside of its VPC.
func (e *environment) fit() {
	for _, s := range e.services {
		n := e.network
		if n == nil || n.lists || !s.inVPC || len(s.subnets) > 0 {
			continue
		}
		lacks := ""
		switch private := s.hosting == lambdaHosting || s.hosting == apprunnerHosting || s.placement == "private" || s.front.private; {
		case private && len(n.private) == 0:
			lacks = "private"
		case !(private && s.front.private) && len(n.public) == 0 && s.hosting != lambdaHosting && s.hosting != apprunnerHosting:
			lacks = "public"
		default:
			continue
		}
		s.noteAbout("network", atNetwork, fmt.Sprintf("needs %s subnets, and the environment %s names none", lacks, e.name),
			"the service has a VPC of its own, or none: give it one as Workload.VPC")
		s.inVPC, s.groups, s.placement = false, nil, ""
	}
	on := func(hosting string) bool {
		return slices.ContainsFunc(e.services, func(s *service) bool { return s.hosting == hosting })
	}
	for i := range e.notes {
		n := &e.notes[i]
		switch {
		case on(fargateHosting):
		case n.todo == needsBalancer:
			n.todo = "each service has an address of its own: put a front above it, webfront.NewFront, or choose fargateweb.Hosting{}"
		case n.todo == needsCluster && on(expressHosting):
			n.todo = "make the cluster with the CDK's awsecs, and pass it as Hosting.Cluster"
		case n.todo == needsCluster:
			n.todo = "there is no cluster: CloudWatch has the metrics of the hosting"
		}
	}
}

// id reports whether a value is an id, which CloudFormation checks.
func (e *environment) id(n *node, pattern *regexp.Regexp, must string) bool {
	switch {
	case n == nil:
		return false
	case n.kind != scalar || !interpolation.MatchString(n.value) && !pattern.MatchString(n.value):
		e.wrong(atStack, n, must)
		return false
	}
	n.take()
	return true
}

func (n *node) boolOr(value bool) (bool, bool) {
	if n == nil {
		return value, false
	}
	return n.boolean()
}

// addon reads a template of a table or a bucket that the service uses by its name.
func (c *copilotReader) addon(path string) {
	s := c.service
	say := func(line int, what, todo string) {
		s.notes = append(s.notes, note{kind: missing, place: atAfter, file: path, line: line, path: "addons", what: what, todo: todo})
	}
	content, err := readFile(path)
	if err != nil {
		say(0, "cannot be read", err.Error())
		return
	}
	root, err := readYAML(path, content)
	if err != nil {
		say(0, "cannot be read", err.Error())
		return
	}
	resources := root.get("Resources")
	for _, id := range resources.keysOrNone() {
		resource := resources.fields[id]
		kind := resource.get("Type").text()
		field, use := map[string][2]string{"AWS::DynamoDB::Table": {"TableName", "table"}, "AWS::S3::Bucket": {"BucketName", "bucket"}}[kind][0],
			map[string]string{"AWS::DynamoDB::Table": "table", "AWS::S3::Bucket": "bucket"}[kind]
		name := c.addonName(resource.get("Properties", field))
		variable := ""
		outputs := root.get("Outputs")
		for _, output := range outputs.keysOrNone() {
			if outputs.fields[output].get("Value", "Ref").text() == id {
				variable = snake(output)
			}
		}
		if use == "" || name == nil || variable == "" {
			switch {
			case kind == "AWS::IAM::ManagedPolicy":
				say(resource.line, fmt.Sprintf("has the policy %s, which the service had", id),
					"UseTable, UseBucket and the like grant what a service needs; grant the rest to the service")
			case kind == "":
				say(resource.line, fmt.Sprintf("has %s without a type", id), "look at what it is for")
			default:
				say(resource.line, fmt.Sprintf("has the %s %s", kind, id), addonAdvice(kind))
			}
			continue
		}
		st := storage{kind: use, id: id, name: name, variable: variable}
		s.tables = append(s.tables, st)
		s.notes = append(s.notes, note{kind: different, place: atAfter, file: path, line: resource.line, path: "addons." + id,
			what: fmt.Sprintf("is the %s that exists", use),
			todo: "it stays as long as Copilot's stack does: see that its DeletionPolicy is Retain before you delete that, then import it with cdk import"})
	}
	c.addonOutputs(root, say)
}

// addonAdvice is what to do about a resource of an addon.
func addonAdvice(kind string) string {
	use := map[string]string{
		"AWS::DynamoDB::Table": ", and let the service use it with UseTable", "AWS::S3::Bucket": ", and let the service use it with UseBucket",
		"AWS::SQS::Queue": ", and let the service use it with UseQueue", "AWS::SNS::Topic": ", and let the service use it with UseTopic",
		"AWS::RDS::DBCluster": ", and let the service use it with UseDatabase", "AWS::RDS::DBInstance": ", and let the service use it with UseDatabase",
		"AWS::SecretsManager::Secret": ", and give it to the service with Workload.Secrets", "AWS::EC2::SecurityGroup": ", and give it to the service with Workload.SecurityGroups",
	}[kind]
	return "make it with the CDK, or import the one that exists by its name" + use
}

// addonOutputs notes what Copilot gave the service of an addon, beside the names of tables and buckets.
func (c *copilotReader) addonOutputs(root *node, say func(line int, what, todo string)) {
	outputs, resources := root.get("Outputs"), root.get("Resources")
	for _, name := range outputs.keysOrNone() {
		output := outputs.fields[name]
		id := output.get("Value", "Ref").text()
		kind := resources.get(id, "Type").text()
		if slices.ContainsFunc(c.service.tables, func(s storage) bool { return s.id == id && s.variable == snake(name) }) {
			continue
		}
		switch kind {
		case "AWS::IAM::ManagedPolicy": // it is in the report
		case "AWS::EC2::SecurityGroup":
			say(output.line, fmt.Sprintf("has the output %s, which was a security group of the service", name), "add it to Workload.SecurityGroups")
		case "AWS::SecretsManager::Secret":
			say(output.line, fmt.Sprintf("has the output %s, which the service had as the secret %s", name, snake(name)), "set it in Workload.Secrets")
		default:
			say(output.line, fmt.Sprintf("has the output %s, which the service had as the variable %s", name, snake(name)), "set it with AddEnvironment")
		}
	}
}

var addonVariable = regexp.MustCompile(`\$\{([^}]*)\}`)

// addonName is a name of the form ${App}-${Env}-${Name}-entries, as Copilot writes it.
func (c *copilotReader) addonName(n *node) value {
	if n == nil {
		return nil
	}
	text := n.get("Fn::Sub").text()
	if n.kind == scalar {
		text = n.value
	}
	if text == "" {
		return nil
	}
	known := true
	text = addonVariable.ReplaceAllStringFunc(text, func(found string) string {
		switch found {
		case "${App}":
			return c.named()
		case "${Env}":
			return c.environment.name
		case "${Name}":
			return c.service.name
		}
		known = false
		return found
	})
	if !known {
		return nil
	}
	return literal(text)
}

// requests are what a load balancer sends to a service, by host and path.
func (s *service) requests() []string {
	var keys []string
	add := func(hosts, paths []string) {
		if len(hosts) == 0 {
			hosts = []string{"*"}
		}
		if len(paths) == 0 {
			paths = []string{"/*"}
		}
		for _, host := range hosts {
			for _, path := range paths {
				keys = append(keys, host+path)
			}
		}
	}
	add(s.hosts, s.front.paths)
	for _, r := range s.rules {
		add(r.hosts, r.paths)
	}
	return keys
}

// share has the services of an environment behind one load balancer, if there are several on it.
func share(e *environment) {
	var behind []*service
	taken := map[string]bool{}
	for _, s := range e.services {
		s.alone = true
		keys := s.requests()
		if s.hosting != fargateHosting || s.front.private || slices.ContainsFunc(keys, func(key string) bool { return taken[key] }) {
			continue // two services cannot have the same requests
		}
		for _, key := range keys {
			taken[key] = true
		}
		behind = append(behind, s)
	}
	certificates := e.certificates
	if len(behind) == 1 && certificates != nil {
		behind[0].front.certificates = certificates
	}
	if len(behind) == 0 && certificates != nil && len(e.services) > 0 {
		e.services[0].add(missing, atFront, e.certificatesAt, "has no equal here: no service has a load balancer",
			"give the certificate to a Domain of the service, or to a front above it: webfront.NewFront")
	}
	if len(behind) < 2 {
		return
	}
	e.shared = &front{}
	e.shared.certificates = certificates
	for _, s := range behind {
		s.alone = false
		for _, name := range s.front.names {
			if !slices.Contains(e.shared.names, name) {
				e.shared.names = append(e.shared.names, name)
			}
		}
		e.shared.zones = append(e.shared.zones, s.front.zones...)
		e.shared.redirectOff = e.shared.redirectOff || s.front.redirectOff
	}
}
