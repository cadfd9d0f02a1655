package importer

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// describers are what the AWS CLI prints, by the first key: what it is in words.
var describers = map[string]string{
	"Service": "a service", "AutoScalingConfiguration": "an auto scaling configuration", "VpcConnector": "a VPC connector",
	"ObservabilityConfiguration": "an observability configuration", "VpcIngressConnection": "a VPC ingress connection",
}

// readAppRunner reads what aws apprunner describe-… printed.
func readAppRunner(o options) (*app, error) {
	r := appRunnerReader{options: o, found: map[string][]*node{}}
	for _, path := range o.paths {
		content, err := readFile(path)
		if err != nil {
			return nil, plain(err)
		}
		documents, err := readJSON(path, content)
		if err != nil {
			return nil, err
		}
		for _, document := range documents {
			if err := r.add(path, document); err != nil {
				return nil, err
			}
		}
	}
	services := r.found["Service"]
	if len(services) == 0 {
		return nil, errors.New("no file describes a service: aws apprunner describe-service --service-arn ARN prints one")
	}
	a := &app{from: "AWS App Runner"}
	for _, n := range services {
		e := &environment{}
		s := r.service(n, e)
		e.services = []*service{s}
		e.stack = s.name
		a.environments = append(a.environments, e)
		a.name = cmp.Or(a.name, s.name)
	}
	for kind, nodes := range r.found {
		for _, n := range nodes {
			n.each(func(leaf *node) {
				if !leaf.done {
					a.add(hidden, atStack, leaf, "is not used", fmt.Sprintf("it is of %s that no service names", describers[kind]))
				}
			})
		}
	}
	return a, nil
}

type appRunnerReader struct {
	options options
	found   map[string][]*node
	current *service

	region, account string // of the current service
}

// add takes a document, which may be the description itself or have it below its kind; or several of
// them in a list.
func (r *appRunnerReader) add(file string, document *node) error {
	if document.kind == sequence && len(document.items) > 0 {
		for _, item := range document.items {
			if err := r.add(file, item); err != nil {
				return err
			}
		}
		return nil
	}
	switch {
	case document.kind != mapping:
	case (document.has("ServiceName") || document.has("ServiceArn")) && document.has("SourceConfiguration"):
		// As --query Service prints it, or create-service and update-service take it.
		r.found["Service"] = append(r.found["Service"], document)
		return nil
	case document.has("ServiceSummaryList"):
		return &brokenError{file, document.line, "is a list of names: aws apprunner describe-service --service-arn ARN prints one service with all that it has"}
	case document.get("Services") != nil && document.get("Services").kind == sequence:
		return r.add(file, document.get("Services"))
	default:
		known := false
		for _, key := range document.keys {
			if describers[key] != "" && document.fields[key].kind == mapping {
				r.found[key] = append(r.found[key], document.fields[key])
				known = true
			}
		}
		for _, key := range document.keys { // the CLI adds an id of the operation, or a token of the next page
			if known && (key == "OperationId" || key == "NextToken") {
				document.fields[key].take()
			}
		}
		if known {
			return nil
		}
	}
	return &brokenError{file, document.line, "is no description of a service, an auto scaling configuration, a VPC connector, " +
		"an observability configuration or a VPC ingress connection, as aws apprunner prints them: describe each with describe-service and the like"}
}

// about are what AWS knows of a resource, and nothing can be set to.
var about = []string{
	"ServiceId", "ServiceUrl", "CreatedAt", "UpdatedAt", "DeletedAt", "Status", "Latest", "HasAssociatedService", "IsDefault",
	"AutoScalingConfigurationRevision", "VpcConnectorRevision", "ObservabilityConfigurationRevision",
}

// find is another description by its ARN.
func (r *appRunnerReader) find(kind, field string, arn *node) *node {
	if arn == nil {
		return nil
	}
	for _, n := range r.found[kind] {
		if n.get(field).text() == arn.text() {
			return n
		}
	}
	return nil
}

// take takes fields that say what something is and not how it is to be.
func take(n *node, fields ...string) {
	if n == nil {
		return
	}
	for _, field := range append(fields, about...) {
		n.fields[field].take()
	}
}

func (r *appRunnerReader) str(n *node, place string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.kind != scalar {
		r.current.wrong(place, n, "a string")
		return "", false
	}
	n.take()
	return n.value, true
}

func (r *appRunnerReader) number(n *node, place string, least, most int) (int, bool) {
	if n == nil {
		return 0, false
	}
	i, ok := n.integer()
	if !ok || i < least || i > most {
		r.current.wrong(place, n, fmt.Sprintf("a number from %d to %d", least, most))
		return 0, false
	}
	n.take()
	return i, true
}

var arnPattern = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]+:([a-z0-9-]*):([0-9]{12}|):.+$`)

var (
	servicePattern   = regexp.MustCompile(`:service/([^/]+)`)
	keyPattern       = regexp.MustCompile(`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	connectorPattern = regexp.MustCompile(`^arn:aws[a-z-]*:apprunner:[a-z0-9-]+:[0-9]{12}:vpcconnector/[A-Za-z0-9][A-Za-z0-9_-]{3,39}(/[0-9]+(/[0-9a-f]{32})?)?$`)
)

// arn reads an ARN.
func (r *appRunnerReader) arn(n *node, place string) (value, bool) {
	text, ok := r.str(n, place)
	if !ok {
		return nil, false
	}
	if !arnPattern.MatchString(text) {
		r.current.wrong(place, n, "an ARN")
		return nil, false
	}
	return literal(text), true
}

// service reads a service.
func (r *appRunnerReader) service(n *node, e *environment) *service {
	s := &service{file: n.file, root: n, kind: "service of App Runner", port: 8080}
	r.current = s
	s.name, _ = r.str(n.get("ServiceName"), atHosting)
	if found := servicePattern.FindStringSubmatch(n.get("ServiceArn").text()); s.name == "" && found != nil {
		s.name = found[1] // of the input of update-service
	}
	if s.name == "" {
		s.name = "server"
	} else if r.options.hosting == apprunnerHosting {
		s.name2 = s.name
		s.different(atHosting, n.get("ServiceName"), "is taken while the old service is there", takenName)
	} else if name := n.get("ServiceName"); name != nil {
		field := "ServiceName"
		if r.options.hosting == lambdaHosting {
			field = "FunctionName"
		}
		s.different(atHosting, name, "is not the name of the new service", "AWS generates one: set "+field+" if something needs it")
	}
	if arn := n.get("ServiceArn"); arn != nil {
		arn.take()
		if parts := arnPattern.FindStringSubmatch(arn.value); parts != nil && parts[1] != "" && parts[2] != "" {
			e.region, e.account = parts[1], parts[2]
		}
	}
	r.region, r.account, s.account = e.region, e.account, e.account
	address := n.get("ServiceUrl")
	if status := n.get("Status"); status.text() == "PAUSED" {
		s.different(atAfter, status, "becomes a service that runs", "deploy it when it is to run")
	}
	take(n)
	s.cpu, s.memory = 1024, 2048
	r.source(n.get("SourceConfiguration"))
	r.instance(n.get("InstanceConfiguration"))
	r.health(n.get("HealthCheckConfiguration"))
	r.scaling(n)
	r.network(n, e)
	r.tags(n.get("Tags"))
	if key := n.get("EncryptionConfiguration", "KmsKey"); key != nil {
		if arn, ok := r.arn(key, atImage); ok && keyPattern.MatchString(key.value) {
			s.keyARN = arn
			s.took("key", key, func() { s.keyARN = nil })
		} else if ok {
			s.wrong(atImage, key, "the ARN of a key of one Region, such as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab")
		}
	}
	observe := n.get("ObservabilityConfiguration")
	if on, ok := observe.get("ObservabilityEnabled").boolOr(false); ok {
		observe.get("ObservabilityEnabled").take()
		if configuration := observe.get("ObservabilityConfigurationArn"); configuration != nil {
			s.different(atHosting, configuration, "is not needed", "a hosting that can send traces to AWS X-Ray makes what that needs")
			found := r.find("ObservabilityConfiguration", "ObservabilityConfigurationArn", configuration)
			take(found, "ObservabilityConfigurationArn", "ObservabilityConfigurationName")
			if vendor := found.get("TraceConfiguration", "Vendor"); vendor != nil {
				vendor.take()
			}
		}
		if on {
			s.tracing = true
			s.took("tracing", observe.get("ObservabilityEnabled"), func() { s.tracing = false })
		}
	}
	n.each(func(leaf *node) {
		if leaf.done || leaf.kind != scalar {
			leaf.done = true
			return
		}
		s.add(unknown, atHosting, leaf, "is no field that cdkweb import knows of App Runner", "look it up in App Runner's API reference")
	})
	apprunner := r.options.hosting
	s.hosting, s.why = apprunner, "as --hosting asks for"
	if apprunner == "" {
		s.hosting, s.why = chooseHosting(s, true)
	}
	if s.hosting == fargateHosting {
		if address == nil {
			address = &node{file: n.file, line: n.line, path: join(n.path, "ServiceUrl"), kind: null}
		}
		s.different(atFront, address, "had HTTPS, and the load balancer has HTTP only", "set Domain of web.ServiceProps: see docs/front.md")
		if s.health.path == "" {
			s.notes = append(s.notes, note{kind: different, place: atHealthCheck, file: s.file, line: s.lineOf("healthcheck"), path: "healthcheck",
				what: "asks for / now by HTTP, and takes the statuses 200 to 499", todo: "set HealthCheck.Path to a better one"})
		}
	}
	return s
}

// source reads the image, or the code.
func (r *appRunnerReader) source(n *node) {
	s := r.current
	auto := n.get("AutoDeploymentsEnabled")
	if on, ok := auto.boolOr(false); ok {
		auto.take()
		if on {
			s.autoDeployments = true
			s.took("autoDeployments", auto, func() { s.autoDeployments = false })
		}
	}
	if access := n.get("AuthenticationConfiguration", "AccessRoleArn"); access != nil {
		if arn, ok := r.arn(access, atImage); ok {
			s.accessRoleARN = arn
			s.took("accessRole", access, func() { s.accessRoleARN = nil })
		}
	}
	s.missing(atImage, n.get("AuthenticationConfiguration", "ConnectionArn"), "the image is built where you deploy, and needs no connection to the repository")
	configuration := n.get("ImageRepository", "ImageConfiguration")
	if image := n.get("ImageRepository"); image != nil {
		image.get("ImageRepositoryType").take()
		uri, ok := r.str(image.get("ImageIdentifier"), atImage)
		if !ok || uri == "" {
			s.noteAbout("ImageRepository.ImageIdentifier", atImage, "is missing", "a stand-in is built until you name the image")
			s.image.dir = goName(s.name)
		} else {
			s.image.uri = literal(uri)
		}
	} else {
		r.code(n.get("CodeRepository"))
		configuration = n.get("CodeRepository", "CodeConfiguration", "CodeConfigurationValues")
	}
	if port, ok := r.number(configuration.get("Port"), atPort, 1, 65535); ok {
		s.port = port
	}
	if command := configuration.get("StartCommand"); command != nil {
		if words, err := splitShell(command.value); err == nil && command.kind == scalar {
			command.take()
			for _, word := range words {
				s.command = append(s.command, literal(word))
			}
		} else {
			s.wrong(atCommand, command, "a command whose quotation marks have an end")
		}
	}
	variables := r.pairs(configuration.get("RuntimeEnvironmentVariables"), atEnvironment)
	for _, name := range slices.Sorted(slices.Values(variables.keysOrNone())) {
		if text, ok := r.str(variables.fields[name], atEnvironment); ok {
			s.variables = append(s.variables, variable{name, literal(text)})
		}
	}
	secrets := r.pairs(configuration.get("RuntimeEnvironmentSecrets"), atSecrets)
	for _, name := range slices.Sorted(slices.Values(secrets.keysOrNone())) {
		text, ok := r.str(secrets.fields[name], atSecrets)
		if !ok {
			continue
		}
		s.secrets = append(s.secrets, secretVariable{name, secretOf(text)})
		parts := arnPattern.FindStringSubmatch(text)
		if parts != nil && strings.Contains(text, ":ssm:") && (parts[1] != r.region || parts[2] != r.account) {
			s.different(atSecrets, secrets.fields[name], "is the parameter of this name in the stack's account and region",
				"it must be there: copy it, if the ARN is another account's or region's")
		}
	}
}

// pairs are names with values. Examples of the AWS CLI have a list of mappings, too.
func (r *appRunnerReader) pairs(n *node, place string) *node {
	if n == nil || n.kind == mapping {
		return n
	}
	all := &node{file: n.file, line: n.line, path: n.path, kind: mapping, fields: map[string]*node{}}
	for _, item := range n.items {
		for _, key := range item.keysOrNone() {
			if all.fields[key] == nil {
				all.keys, all.fields[key] = append(all.keys, key), item.fields[key]
			} else {
				r.current.wrong(place, item.fields[key], "a variable of another name")
			}
		}
	}
	if n.kind == scalar {
		r.current.wrong(place, n, "a mapping of names to values")
	}
	return all
}

// tags reads those of the input of create-service.
func (r *appRunnerReader) tags(n *node) {
	for _, tag := range n.itemsOrNone() {
		if name, ok := r.str(tag.get("Key"), atAfter); ok && name != "" {
			text, _ := r.str(tag.get("Value"), atAfter)
			r.current.tags = append(r.current.tags, variable{name, literal(text)})
		}
	}
}

// code reads a service that App Runner built from a repository.
func (r *appRunnerReader) code(n *node) {
	s := r.current
	s.image.dir = goName(s.name)
	if n == nil {
		s.noteAbout("SourceConfiguration", atImage, "is missing", "a stand-in is built until you name the image")
		return
	}
	runtime := n.get("CodeConfiguration", "CodeConfigurationValues", "Runtime").text()
	if strings.HasPrefix(runtime, "GO_") {
		s.image.dir, s.image.goDir = "", goName(s.name)
	}
	todo := "clone it beside the program, write a Dockerfile, and point to its folder; a stand-in is built until then"
	if s.image.goDir != "" {
		todo = "clone it beside the program, and point to the folder of its main package; a stand-in is built until then"
	}
	for i, field := range []*node{
		n.get("RepositoryUrl"), n.get("SourceDirectory"), n.get("SourceCodeVersion", "Type"), n.get("SourceCodeVersion", "Value"),
		n.get("CodeConfiguration", "ConfigurationSource"), n.get("CodeConfiguration", "CodeConfigurationValues", "Runtime"),
		n.get("CodeConfiguration", "CodeConfigurationValues", "BuildCommand"),
	} {
		if i > 0 && n.has("RepositoryUrl") {
			todo = "that clone and the Dockerfile say it"
			if s.image.goDir != "" {
				todo = "that clone and its go.mod say it"
			}
		}
		s.missing(atImage, field, todo)
	}
}

// The words of App Runner for CPU and memory, which may also be numbers.
var (
	vcpus     = map[string]int{"0.25 vCPU": 256, "0.5 vCPU": 512, "1 vCPU": 1024, "2 vCPU": 2048, "4 vCPU": 4096}
	gigabytes = regexp.MustCompile(`^([0-9.]+) GB$`)
)

func (r *appRunnerReader) instance(n *node) {
	s := r.current
	if cpu, ok := r.str(n.get("Cpu"), atHosting); ok {
		units := vcpus[cpu]
		if units == 0 {
			units, _ = strconv.Atoi(cpu)
		}
		if units <= 0 {
			s.wrong(atHosting, n.get("Cpu"), `units such as 1024, or words such as "1 vCPU"`)
		} else {
			s.cpu = units
			s.took("cpu", n.get("Cpu"), func() {})
		}
	}
	if memory, ok := r.str(n.get("Memory"), atHosting); ok {
		megabytes, _ := strconv.Atoi(memory)
		if words := gigabytes.FindStringSubmatch(memory); words != nil {
			if gb, err := strconv.ParseFloat(words[1], 64); err == nil && gb < 1000 {
				megabytes = int(gb * 1024)
			}
		}
		if megabytes <= 0 {
			s.wrong(atHosting, n.get("Memory"), `MB such as 2048, or words such as "2 GB"`)
		} else {
			s.memory = megabytes
			s.took("memory", n.get("Memory"), func() {})
		}
	}
	if role := n.get("InstanceRoleArn"); role != nil {
		if arn, ok := r.arn(role, atRole); ok {
			s.roleARN = arn
			s.took("role", role, func() { s.roleARN = nil })
		}
	}
}

func (r *appRunnerReader) health(n *node) {
	s := r.current
	protocol, _ := r.str(n.get("Protocol"), atHealthCheck)
	path, _ := r.str(n.get("Path"), atHealthCheck)
	switch {
	case strings.EqualFold(protocol, "HTTP"):
		s.health.path = cmp.Or(path, "/")
	case protocol != "" && !strings.EqualFold(protocol, "TCP"):
		s.wrong(atHealthCheck, n.get("Protocol"), "TCP or HTTP")
	case path != "" && path != "/":
		s.missing(atHealthCheck, n.get("Path"), "App Runner asked for no path with the protocol TCP: set HealthCheck.Path if it is to be asked for")
	}
	seconds := func(field string, into *time.Duration) {
		if i, ok := r.number(n.get(field), atHealthCheck, 1, 20); ok {
			*into = time.Duration(i) * time.Second
		}
	}
	seconds("Interval", &s.health.interval)
	seconds("Timeout", &s.health.timeout)
	s.health.healthy, _ = r.number(n.get("HealthyThreshold"), atHealthCheck, 1, 20)
	s.health.unhealthy, _ = r.number(n.get("UnhealthyThreshold"), atHealthCheck, 1, 20)
}

// scaling reads the auto scaling configuration, if there is one.
func (r *appRunnerReader) scaling(n *node) {
	s := r.current
	summary := n.get("AutoScalingConfigurationSummary")
	if n.has("AutoScalingConfigurationArn") { // the input of create-service
		summary = n
	}
	if summary == nil {
		return
	}
	arn := summary.get("AutoScalingConfigurationArn")
	found := r.find("AutoScalingConfiguration", "AutoScalingConfigurationArn", arn)
	take(summary, "AutoScalingConfigurationName")
	if found == nil {
		if arn == nil {
			return
		}
		if isDefault := strings.Contains(arn.value, "/DefaultConfiguration/"); isDefault {
			s.different(atHosting, arn, "is App Runner's own", "the hosting has defaults of its own for how many instances or tasks there are")
			return
		}
		if v, ok := r.arn(arn, atHosting); ok {
			s.scalingARN = v
			s.took("scalingARN", arn, func() { s.scalingARN = nil })
		}
		return
	}
	arn.take()
	take(found, "AutoScalingConfigurationArn", "AutoScalingConfigurationName")
	if i, ok := r.number(found.get("MinSize"), atHosting, 1, 25); ok {
		s.least = i
		s.took("instances", found.get("MinSize"), func() { s.least = 0 })
	}
	if i, ok := r.number(found.get("MaxSize"), atHosting, 1, 1000); ok {
		s.most = max(i, s.least)
		s.took("instances", found.get("MaxSize"), func() { s.most = 0 })
	}
	if i, ok := r.number(found.get("MaxConcurrency"), atHosting, 1, 200); ok {
		s.concurrency = i
		s.took("concurrency", found.get("MaxConcurrency"), func() { s.concurrency = 0 })
	}
}

// network reads where the service is reached from, and what it reaches.
func (r *appRunnerReader) network(n *node, e *environment) {
	s := r.current
	ingress := n.get("NetworkConfiguration", "IngressConfiguration", "IsPubliclyAccessible")
	if public, ok := ingress.boolOr(true); ok {
		ingress.take()
		if !public {
			r.private(n, ingress, e)
		}
	}
	if kind := n.get("NetworkConfiguration", "IpAddressType"); kind != nil {
		if text, ok := r.str(kind, atFront); ok && text == "DUAL_STACK" && s.front.private && r.options.hosting == apprunnerHosting {
			s.missing(atFront, kind, "a service that only a VPC reaches has IPv4 there")
		} else if ok && text == "DUAL_STACK" {
			s.dualStack = true
			s.took("dualStack", kind, func() { s.dualStack = false })
		} else if ok && text != "IPV4" {
			s.wrong(atFront, kind, "IPV4 or DUAL_STACK")
		}
	}
	egress := n.get("NetworkConfiguration", "EgressConfiguration")
	egress.get("EgressType").take()
	arn := egress.get("VpcConnectorArn")
	if arn == nil {
		if kind := egress.get("EgressType"); kind != nil && s.front.private && r.options.hosting == apprunnerHosting {
			s.different(atNetwork, kind, "goes through the VPC now", "its private subnets need a NAT gateway if the server calls the internet")
		}
		return
	}
	connector := r.find("VpcConnector", "VpcConnectorArn", arn)
	v, ok := r.arn(arn, atNetwork)
	if ok && !connectorPattern.MatchString(arn.value) && r.options.hosting == apprunnerHosting {
		s.wrong(atNetwork, arn, "the ARN of a VPC connector, arn:aws:apprunner:REGION:ACCOUNT:vpcconnector/NAME/REVISION/ID")
		return
	}
	if !ok {
		return
	}
	s.connector = v
	take(connector, "VpcConnectorArn", "VpcConnectorName")
	if r.options.hosting == apprunnerHosting {
		for _, field := range []string{"Subnets", "SecurityGroups"} {
			if n := connector.get(field); n != nil {
				s.different(atNetwork, n, "are those of the connector, which stays", "change them there, by a new revision of it")
			}
		}
		return
	}
	s.inVPC, s.onlyClients = true, false
	if e.network == nil {
		e.network = placeholder()
	}
	if connector == nil {
		s.placement = "private"
		s.add(missing, atNetwork, arn, "is a VPC that no file describes", "replace vpc-00000000000000000 and its subnets: aws apprunner describe-vpc-connector "+
			"prints the subnets and security groups of the server, and you can give that file to cdkweb import, too")
		return
	}
	todo := "replace vpc-00000000000000000 by its id, and name its public subnets, where a load balancer on the internet is: aws ec2 describe-subnets"
	if s.front.private {
		todo = "replace vpc-00000000000000000 by its id"
	}
	s.add(missing, atNetwork, connector.get("Subnets"), "are in a VPC that the connector does not name", todo)
	for _, item := range connector.get("Subnets").itemsOrNone() {
		if subnetID.MatchString(item.value) {
			s.subnets = append(s.subnets, literal(item.value))
		} else {
			s.wrong(atNetwork, item, "the id of a subnet, such as subnet-0123456789abcdef0")
		}
	}
	for _, item := range connector.get("SecurityGroups").itemsOrNone() {
		if groupID.MatchString(item.value) {
			item.take()
			s.groups = append(s.groups, literal(item.value))
		} else {
			s.wrong(atNetwork, item, "the id of a security group, such as sg-0123456789abcdef0")
		}
	}
	if len(s.subnets) == 0 && !s.front.private {
		s.inVPC, e.network = false, nil
	}
	if len(s.subnets) > 0 && s.front.private && r.options.hosting == expressHosting {
		e.network.public, e.network.private, s.subnets = nil, s.subnets, nil // the VPC knows that they are private
	}
}

// private reads from where a service is reached that is not on the internet.
func (r *appRunnerReader) private(n, ingress *node, e *environment) {
	s := r.current
	s.front.private = true
	s.took("private", ingress, s.public)
	s.inVPC, s.onlyClients = true, true
	e.network = placeholder()
	s.add(missing, atNetwork, ingress, "needs the VPC of the clients", "replace vpc-00000000000000000 and its subnets by those of the VPC endpoint: aws apprunner list-vpc-ingress-connections names it")
	for _, connection := range r.found["VpcIngressConnection"] {
		if connection.get("ServiceArn").text() != n.get("ServiceArn").text() {
			continue
		}
		take(connection, "ServiceArn", "VpcIngressConnectionArn", "VpcIngressConnectionName", "AccountId", "DomainName")
		if vpc := connection.get("IngressVpcConfiguration", "VpcId"); vpc != nil {
			vpc.take()
			e.network.vpc = literal(vpc.value)
		}
		if endpoint := connection.get("IngressVpcConfiguration", "VpcEndpointId"); endpoint != nil {
			s.took("endpoint", endpoint, func() {})
		}
	}
}

// placeholder is a VPC whose ids are to be replaced.
func placeholder() *network {
	return &network{
		vpc:     literal("vpc-00000000000000000"),
		public:  []value{literal("subnet-00000000000000001"), literal("subnet-00000000000000002")},
		private: []value{literal("subnet-00000000000000003"), literal("subnet-00000000000000004")},
	}
}

func (n *node) itemsOrNone() []*node {
	if n == nil {
		return nil
	}
	return n.items
}
