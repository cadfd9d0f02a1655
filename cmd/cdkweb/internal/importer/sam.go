package importer

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// adapterLayer is AWS Lambda Web Adapter as a layer.
var adapterLayer = regexp.MustCompile(`LambdaAdapterLayer|lambda-web-adapter|LambdaWebAdapter`)

// readSAM reads a SAM template.
func readSAM(o options) (*app, error) {
	path := o.paths[0]
	content, err := readFile(path)
	if err != nil {
		return nil, plain(err)
	}
	var root *node
	if strings.HasPrefix(strings.TrimSpace(string(content)), "{") && filepath.Ext(path) == ".json" {
		documents, err := readJSON(path, content)
		if err != nil {
			return nil, err
		}
		root = documents[0]
	} else if root, err = readYAML(path, content); err != nil {
		return nil, err
	}
	if root.kind != mapping || root.get("Resources") == nil || root.get("Resources").kind != mapping {
		return nil, &brokenError{path, root.line, "is no template: it has no Resources"}
	}
	e := &environment{stack: stackName(path)}
	a := &app{from: "AWS SAM", name: e.stack, environments: []*environment{e}}
	r := &samReader{options: o, file: path, dir: filepath.Dir(path), root: root, environment: e, values: map[string]string{}, lists: map[string]func(string) value{}, used: map[string]bool{}, names: newNaming(), ids: newNaming()}
	r.ids.taken = map[string]bool{"Stack": true, "VPC": true}
	if err := r.read(); err != nil {
		return nil, err
	}
	root.each(func(leaf *node) {
		if leaf.done || leaf.kind == null {
			return
		}
		e.add(unknown, atStack, leaf, "is nothing that cdkweb import knows", "write it with the CDK, if it is needed")
	})
	return a, nil
}

// stackName is the name of a template's folder, or of the template.
func stackName(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	if base == "template" || base == "template-base" {
		if dir := filepath.Base(filepath.Dir(absolute(path))); len(words(dir)) > 0 {
			return dir
		}
	}
	return base
}

type samReader struct {
	options     options
	file, dir   string
	root        *node
	environment *environment
	values      map[string]string                       // what a reference becomes in Go: "SqsQueue.Arn"
	used        map[string]bool                         // APIs that became endpoints of services
	lists       map[string]func(separator string) value // what parameters become that are lists
	names, ids  *naming
	current     *service
	globals     *node
	image       map[string]string // variables of the current one that the adapter reads
}

var errNoServer = errors.New("has no function with AWS Lambda Web Adapter: one of PackageType Image, or one with the layer LambdaAdapterLayer")

func (r *samReader) read() error {
	e := r.environment
	root := r.root
	root.get("AWSTemplateFormatVersion").take()
	root.get("Transform").take()
	if description := root.get("Description"); description != nil && description.kind == scalar {
		description.take()
		e.description = inLine(description.value)
	}
	r.globals = root.get("Globals", "Function")
	for _, key := range root.get("Globals").keysOrNone() {
		if key != "Function" && !r.hasEvent(key) {
			e.missing(atStack, root.get("Globals").fields[key], "it is about resources that are not written here")
		}
	}
	for section, todo := range map[string]string{
		"Parameters": "", "Conditions": "write an if in Go", "Mappings": "write a map in Go", "Metadata": "the program does not need it", "Rules": "write an if in Go",
	} {
		if n := root.get(section); n != nil {
			for _, key := range n.keysOrNone() {
				if section == "Parameters" && isSecret(n.fields[key]) {
					e.secretParameter(n.fields[key])
					continue
				}
				if section == "Parameters" {
					r.parameter(key, n.fields[key])
					continue
				}
				e.missing(atStack, n.fields[key], todo)
			}
		}
	}
	resources := root.get("Resources")
	var functions []string
	for _, id := range resources.keys {
		n := resources.fields[id]
		switch kind := n.get("Type").text(); {
		case kind == "AWS::Serverless::Function" && r.isServer(n):
			functions = append(functions, id)
		case kind == "AWS::SQS::Queue":
			r.queue(id, n)
		}
	}
	if len(functions) == 0 {
		return &brokenError{r.file, 0, errNoServer.Error()}
	}
	for _, id := range functions {
		v := r.names.variable(strings.TrimSuffix(id, "Function"), "Service")
		if id == "Function" {
			v = r.names.variable("server", "Service")
		}
		s := &service{file: r.file, root: resources.fields[id], name: id, kind: "function", v: v, id: r.ids.id(cmp.Or(strings.TrimSuffix(id, "Function"), "Server"), "Service"), port: 8080, named: true, cpu: 256, memory: 512}
		e.services = append(e.services, s)
		r.values[id+"Role.Arn"] = fmt.Sprintf("*%s.Role().RoleArn()", v)
	}
	for i, id := range functions {
		r.function(id, resources.fields[id], e.services[i])
	}
	for i, id := range functions {
		r.shared(e.services[i], resources.get(id, "Properties", "Events"))
		if s := e.services[i]; s.hosting == lambdaHosting {
			r.values[id+".Arn"] = fmt.Sprintf("*%sMade.Function.FunctionArn()", s.v)
			r.values[id] = fmt.Sprintf("*%sMade.Function.FunctionName()", s.v)
		}
	}
	r.globals.parts(func(part *node) {
		e.different(atStack, part, "is for none of the functions that are here", "each has its own")
	})
	for _, id := range resources.keys {
		n := resources.fields[id]
		if r.used[id] {
			n.get("Type").take()
			for _, key := range []string{"DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"} {
				e.missing(atStack, n.get(key), "the API is a part of the service: say it in Go, if it is needed")
			}
			continue
		}
		if slices.Contains(functions, id) || n.get("Type").text() == "AWS::SQS::Queue" {
			continue
		}
		kind := n.get("Type").text()
		todo := "write it with the CDK, or keep it in the old template and import what is needed by its name"
		if kind == "AWS::Serverless::Function" {
			todo = "it has no AWS Lambda Web Adapter: write it with the CDK's awslambda"
		}
		e.missing(atStack, n, todo)
		e.notes[len(e.notes)-1].path = "Resources." + id
		e.notes[len(e.notes)-1].value = cmp.Or(kind, "no type")
	}
	r.outputs(root.get("Outputs"))
	return nil
}

// parameter reads a parameter of the template.
func (r *samReader) parameter(key string, n *node) {
	otherwise, kind := n.get("Default"), n.get("Type").text()
	inner, ofSSM := strings.CutPrefix(kind, "AWS::SSM::Parameter::Value<")
	list := strings.HasPrefix(inner, "List<") || inner == "CommaDelimitedList>"
	switch {
	case otherwise == nil || otherwise.kind != scalar:
		r.environment.missing(atStack, n, "it has no default: write what you deploy with at its place, as a variable in Go or a context value of the CDK")
		return
	case ofSSM && list:
		r.lists[key] = func(separator string) value {
			return expression(fmt.Sprintf("*awscdk.Fn_Join(new(%s), awsssm.StringListParameter_ValueForTypedListParameter(stack, new(%s), awsssm.ParameterValueType_STRING, nil))",
				quote(separator), quote(otherwise.value)))
		}
	case ofSSM:
		r.values[key] = fmt.Sprintf("*awsssm.StringParameter_ValueForStringParameter(stack, new(%s), nil)", quote(otherwise.value))
	case kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<"):
		r.lists[key] = func(separator string) value {
			return literal(strings.Join(strings.FieldsFunc(otherwise.value, func(r rune) bool { return r == ',' || r == ' ' }), separator))
		}
	default:
		r.values[key] = quote(otherwise.value)
	}
	if ofSSM {
		r.environment.different(atStack, n, "is read from Systems Manager by its name while the stack is deployed",
			"the parameter must be there, in the stack's account and region")
		return
	}
	r.environment.missing(atStack, n, "the program takes the default: make it a variable in Go, or a context value of the CDK")
}

// isSecret reports whether nobody may see a parameter's value.
func isSecret(parameter *node) bool {
	hide := parameter.get("NoEcho")
	shown, ok := hide.boolOr(false)
	return hide != nil && (!ok || shown)
}

// secretParameter notes a parameter whose default is a secret, and does not show it.
func (e *environment) secretParameter(n *node) {
	n.take()
	e.notes = append(e.notes, note{kind: missing, place: atStack, file: n.file, line: n.line, path: n.path,
		what: "has NoEcho, and its default is not written here",
		todo: "keep the value as a secret in AWS Secrets Manager, and give it to the service with Workload.Secrets"})
}

// isServer reports whether a function runs a web server with the adapter.
func (r *samReader) isServer(n *node) bool {
	properties := n.get("Properties")
	kind := cmp.Or(properties.get("PackageType"), r.globals.get("PackageType"))
	if kind.text() == "Image" || properties.get("ImageUri") != nil {
		return true
	}
	for _, layers := range []*node{properties.get("Layers"), r.globals.get("Layers")} {
		if slices.ContainsFunc(layers.itemsOrNone(), func(item *node) bool { return r.isAdapter(item, properties) }) {
			return true
		}
	}
	return false
}

// isAdapter reports whether a layer is AWS Lambda Web Adapter: by its name, by that of the parameter
// of Systems Manager that has it, or because the function has settings of the adapter.
func (r *samReader) isAdapter(layer, properties *node) bool {
	parameter := r.root.get("Parameters").get(layer.get("Ref").text())
	if adapterLayer.MatchString(layer.text()) || adapterLayer.MatchString(parameter.get("Default").text()) {
		return true
	}
	layers := len(properties.get("Layers").itemsOrNone()) + len(r.globals.get("Layers").itemsOrNone())
	if layers > 1 {
		return false
	}
	for _, variables := range []*node{properties.get("Environment", "Variables"), r.globals.get("Environment", "Variables")} {
		if slices.ContainsFunc(variables.keysOrNone(), func(key string) bool { return strings.HasPrefix(key, "AWS_LWA_") }) {
			return true
		}
	}
	return false
}

// lwaNames are those settings of AWS Lambda Web Adapter that are fields here.
var lwaPath = []string{"AWS_LWA_READINESS_CHECK_PATH", "READINESS_CHECK_PATH"}

// str reads a string that is literal, or resolves to text.
func (r *samReader) str(n *node, place string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.kind == scalar {
		n.take()
		return n.value, true
	}
	if v, ok := r.resolve(n); ok {
		if text, ok := v.text(); ok {
			n.take()
			return text, true
		}
	}
	r.current.wrong(place, n, "a string that is known before deployment")
	return "", false
}

func (r *samReader) number(n *node, place string, least, most int) (int, bool) {
	if n == nil {
		return 0, false
	}
	text := n.text()
	if v, ok := r.resolve(n); ok {
		if t, ok := v.text(); ok {
			text = t
		}
	}
	i, err := strconv.Atoi(text)
	if err != nil || i < least || i > most {
		r.current.wrong(place, n, fmt.Sprintf("a number from %d to %d", least, most))
		return 0, false
	}
	n.take()
	return i, true
}

// known reads a number of a function. One that nobody knows before deployment is that of Globals, or
// else Lambda's own, and the report says which.
func (r *samReader) known(properties *node, key, otherwise string, least, most int) (int, bool) {
	n := r.property(properties, key)
	i, ok := r.number(n, atHosting, least, most)
	if ok || n == nil {
		return i, ok
	}
	i, ok = 0, false
	if global := r.globals.get(key); global != n && global != nil {
		if i, ok = r.number(global, atHosting, least, most); ok {
			otherwise = fmt.Sprintf("%d, as in Globals", i)
		}
	}
	r.current.different(atHosting, n, "is "+otherwise+", now", "write the number that you deploy with")
	return i, ok
}

// pseudo are what CloudFormation knows of the stack.
var pseudo = map[string]string{
	"AWS::Region": "*awscdk.Aws_REGION()", "AWS::AccountId": "*awscdk.Aws_ACCOUNT_ID()", "AWS::Partition": "*awscdk.Aws_PARTITION()",
	"AWS::URLSuffix": "*awscdk.Aws_URL_SUFFIX()", "AWS::StackName": "*awscdk.Aws_STACK_NAME()", "AWS::StackId": "*awscdk.Aws_STACK_ID()",
}

// reference is what Ref or GetAtt becomes.
func (r *samReader) reference(name string) (value, bool) {
	if code := pseudo[name]; code != "" {
		return expression(code), true
	}
	code, ok := r.values[name]
	if !ok {
		return nil, false
	}
	if text, err := strconv.Unquote(code); err == nil {
		return literal(text), true
	}
	return expression(code), true
}

var substitution = regexp.MustCompile(`\$\{(!?[^}]*)\}`)

// resolve makes an expression of a value of CloudFormation.
func (r *samReader) resolve(n *node) (value, bool) {
	switch {
	case n == nil:
		return nil, false
	case n.kind == scalar:
		return literal(n.value), true
	case n.kind != mapping || len(n.keys) != 1:
		return nil, false
	}
	argument := n.fields[n.keys[0]]
	switch n.keys[0] {
	case "Ref":
		return r.reference(argument.text())
	case "Fn::GetAtt":
		if argument.kind == sequence && len(argument.items) == 2 {
			return r.reference(argument.items[0].text() + "." + argument.items[1].text())
		}
		return r.reference(argument.text())
	case "Fn::ImportValue":
		if name, ok := r.resolve(argument); ok {
			return importValue(name), true
		}
	case "Fn::Sub":
		text, own := argument, (*node)(nil)
		if argument.kind == sequence && len(argument.items) == 2 {
			text, own = argument.items[0], argument.items[1]
		}
		if text.kind != scalar {
			return nil, false
		}
		var v value
		rest := text.value
		for {
			at := substitution.FindStringSubmatchIndex(rest)
			if at == nil {
				break
			}
			name := rest[at[2]:at[3]]
			if at[0] > 0 {
				v = append(v, part{text: rest[:at[0]]})
			}
			rest, name = rest[at[1]:], strings.TrimSpace(name)
			if literal, ok := strings.CutPrefix(name, "!"); ok {
				v = append(v, part{text: "${" + literal + "}"})
				continue
			}
			inner, ok := r.reference(name)
			if field := own.get(name); field != nil {
				inner, ok = r.resolve(field)
			}
			if !ok {
				return nil, false
			}
			v = append(v, inner...)
		}
		if rest != "" || len(v) == 0 {
			v = append(v, part{text: rest})
		}
		return v, true
	case "Fn::Join":
		if argument.kind == sequence && len(argument.items) == 2 && argument.items[0].kind == scalar {
			if list := r.lists[argument.items[1].get("Ref").text()]; list != nil {
				return list(argument.items[0].value), true
			}
		}
		if argument.kind != sequence || len(argument.items) != 2 || argument.items[1].kind != sequence || argument.items[0].kind != scalar {
			return nil, false
		}
		var v value
		for i, item := range argument.items[1].items {
			inner, ok := r.resolve(item)
			if !ok {
				return nil, false
			}
			if i > 0 && argument.items[0].value != "" {
				v = append(v, part{text: argument.items[0].value})
			}
			v = append(v, inner...)
		}
		return v, true
	}
	return nil, false
}

// queueProps are properties of a queue, and how the CDK has them.
var queueProps = map[string]string{
	"QueueName": "QueueName: new(%s)", "VisibilityTimeout": "VisibilityTimeout: awscdk.Duration_Seconds(new(%s))",
	"MessageRetentionPeriod": "RetentionPeriod: awscdk.Duration_Seconds(new(%s))", "DelaySeconds": "DeliveryDelay: awscdk.Duration_Seconds(new(%s))",
	"ReceiveMessageWaitTimeSeconds": "ReceiveMessageWaitTime: awscdk.Duration_Seconds(new(%s))",
	"MaximumMessageSize":            "MaxMessageSizeBytes: new(%s)", "FifoQueue": "Fifo: new(%s)", "ContentBasedDeduplication": "ContentBasedDeduplication: new(%s)",
}

// queue reads a queue of the template.
func (r *samReader) queue(id string, n *node) {
	q := &queue{id: id, name: r.names.variable(id, "Queue")}
	n.get("Type").take()
	properties := n.get("Properties")
	for _, key := range properties.keysOrNone() {
		field := properties.fields[key]
		format := queueProps[key]
		switch {
		case format == "" || field.kind != scalar:
			r.environment.missing(atStack, field, "set it on the queue: awssqs.QueueProps, or the queue's L1 construct")
			continue
		case key == "QueueName":
			r.environment.different(atStack, field, "is taken while the old stack is there", takenName)
			q.props = append(q.props, fmt.Sprintf(format, quote(field.value))+",")
		case key == "FifoQueue" || key == "ContentBasedDeduplication":
			if on, ok := field.boolean(); ok {
				field.take()
				q.props = append(q.props, fmt.Sprintf(format, strconv.FormatBool(on))+",")
			}
		default:
			if seconds, ok := field.integer(); ok && seconds >= 0 {
				field.take()
				q.props = append(q.props, fmt.Sprintf(format, number(float64(seconds)))+",")
			}
		}
		if !field.done {
			r.environment.wrong(atStack, field, "a number, or true or false")
		}
	}
	for _, key := range []string{"DeletionPolicy", "UpdateReplacePolicy", "DependsOn", "Condition", "Metadata"} {
		r.environment.missing(atStack, n.get(key), "set it with ApplyRemovalPolicy, AddDependency or an if in Go")
	}
	r.environment.queues = append(r.environment.queues, q)
	r.values[id] = fmt.Sprintf("*%s.QueueUrl()", q.name)
	r.values[id+".Arn"] = fmt.Sprintf("*%s.QueueArn()", q.name)
	r.values[id+".QueueName"] = fmt.Sprintf("*%s.QueueName()", q.name)
	r.values[id+".QueueUrl"] = r.values[id]
}

// shared tells of other functions that had the same API.
func (r *samReader) shared(s *service, events *node) {
	var others []string
	for _, other := range r.environment.services {
		if other != s && other.lambda.apiID != "" && other.lambda.apiID == s.lambda.apiID {
			others = append(others, other.name)
		}
	}
	if len(others) > 0 && events != nil {
		s.notes = append(s.notes, note{kind: different, place: atHosting, file: events.file, line: events.line, path: events.path,
			what: "had one address with " + strings.Join(others, ", "), todo: "each service has an address of its own now: put a front above them, webfront.NewFront, for one"})
	}
}

// addressed is the service whose address begins a value of CloudFormation, and what comes behind; nil
// if it is none's. If several services share an API it is the one that gets requests for what comes
// behind.
func (r *samReader) addressed(text string) (s *service, rest string) {
	var found []*service
	for _, s := range r.environment.services {
		begin := []string{regexp.QuoteMeta("${" + s.name + "Url.FunctionUrl}")}
		if id := s.lambda.apiID; id != "" {
			stages := "/" + regexp.QuoteMeta(cmp.Or(s.lambda.stage, "Prod"))
			if s.lambda.endpoint == "HTTPAPI" { // one with a name is no part of the new address
				stages = "(?:/" + regexp.QuoteMeta(cmp.Or(r.stageOf(id), "$default")) + ")?"
			}
			begin = append(begin, `https://\$\{`+regexp.QuoteMeta(id)+`\}\.execute-api\.\$\{AWS::Region\}\.(?:\$\{AWS::URLSuffix\}|amazonaws\.com)`+stages)
		}
		if s.url() == "" {
			continue
		}
		if at := regexp.MustCompile("^(?:" + strings.Join(begin, "|") + ")").FindString(text); at != "" {
			found = append(found, s)
			if rest = text[len(at):]; strings.HasSuffix(at, "Url.FunctionUrl}") {
				rest = "/" + rest // AWS has the address of a function with a slash
			}
		}
	}
	switch {
	case len(found) == 0 || rest != "" && !strings.HasPrefix(rest, "/"):
		return nil, ""
	case len(found) == 1:
		return found[0], rest
	}
	longest := -1
	for _, f := range found {
		for _, pattern := range f.lambda.paths {
			base, every := strings.CutSuffix(pattern, "/{proxy+}")
			if base = strings.TrimSuffix(base, "/"); pattern == "$default" {
				base, every = "", true
			}
			if fits := strings.TrimSuffix(rest, "/") == base || every && strings.HasPrefix(rest, base+"/"); fits && len(base) > longest {
				s, longest = f, len(base)
			}
		}
	}
	return s, rest
}

// stageOf is the stage of an API in the template.
func (r *samReader) stageOf(id string) string {
	return cmp.Or(r.root.get("Resources").get(id).get("Properties", "StageName").text(), r.root.get("Globals", "HttpApi", "StageName").text())
}

// written is a value of CloudFormation as text in which references are ${Name} and ${Name.Attribute}.
func written(n *node) (string, bool) {
	switch {
	case n == nil:
		return "", false
	case n.kind == scalar:
		return strings.ReplaceAll(n.value, "${", "${!"), true
	case n.kind != mapping || len(n.keys) != 1:
		return "", false
	}
	argument := n.fields[n.keys[0]]
	switch n.keys[0] {
	case "Ref":
		return "${" + argument.text() + "}", argument.kind == scalar
	case "Fn::GetAtt":
		if argument.kind == sequence && len(argument.items) == 2 {
			return "${" + argument.items[0].text() + "." + argument.items[1].text() + "}", true
		}
		return "${" + argument.text() + "}", argument.kind == scalar
	case "Fn::Sub":
		return argument.text(), argument.kind == scalar
	case "Fn::Join":
		if argument.kind != sequence || len(argument.items) != 2 || argument.items[0].kind != scalar || argument.items[1].kind != sequence {
			return "", false
		}
		var parts []string
		for _, item := range argument.items[1].items {
			part, ok := written(item)
			if !ok {
				return "", false
			}
			parts = append(parts, part)
		}
		return strings.Join(parts, argument.items[0].value), true
	}
	return "", false
}

// outputs reads what the stack prints.
func (r *samReader) outputs(n *node) {
	e := r.environment
	for _, id := range n.keysOrNone() {
		output := n.fields[id]
		value := output.get("Value")
		description := inLine(output.get("Description").text())
		code := ""
		if text, ok := written(value); ok {
			if s, rest := r.addressed(text); s != nil {
				code = s.url()
				below, ok := r.resolve(&node{kind: mapping, keys: []string{"Fn::Sub"}, fields: map[string]*node{"Fn::Sub": {kind: scalar, value: rest}}})
				switch {
				case !ok:
					e.different(atStack, value, "became the URL of the service", "add the path that it had")
				case rest != "":
					code += " + " + below.golang()
				}
			}
		}
		if code == "" {
			if v, ok := r.resolve(value); ok && len(v) > 0 {
				code = v.golang()
			}
		}
		if code == "" {
			e.missing(atStack, output, "write awscdk.NewCfnOutput with what it names")
			continue
		}
		output.get("Description").take()
		value.take()
		if export := output.get("Export"); export != nil {
			e.missing(atStack, export, "set ExportName of the CfnOutput")
		}
		e.missing(atStack, output.get("Condition"), "write an if in Go")
		e.outputs = append(e.outputs, outputOf(id, description, code))
	}
}

// takenName is what to do with a name that only one can have.
const takenName = "leave it out to deploy beside that, or delete that first"

func outputOf(id, description, code string) output {
	return output{name: id, description: description, code: code}
}

// property is one of a function, or of all functions.
func (r *samReader) property(properties *node, key string) *node {
	if n := properties.get(key); n != nil {
		return n
	}
	return r.globals.get(key)
}

// function reads a function.
func (r *samReader) function(id string, n *node, s *service) {
	r.current = s
	n.get("Type").take()
	s.hosting, s.why = cmp.Or(r.options.hosting, lambdaHosting), "a function, as before"
	if r.options.hosting != "" {
		s.why = "as --hosting asks for"
	}
	p := n.get("Properties")
	get := func(key string) *node { return r.property(p, key) }
	r.image = map[string]string{}
	r.source(n, p, s)
	r.variables(p, s)
	r.adapted(s)
	if i, ok := r.known(p, "MemorySize", "128 MB, Lambda's own", 128, 10240); ok {
		s.lambda.memory = i
		s.memory = max(i, s.memory)
		s.took("memory", get("MemorySize"), func() {})
	} else {
		s.lambda.memory = 128 // Lambda's own
	}
	s.lambda.timeout = 3 * time.Second // Lambda's own
	if i, ok := r.known(p, "Timeout", "3 s, Lambda's own", 1, 900); ok {
		s.lambda.timeout = time.Duration(i) * time.Second
		s.took("timeout", get("Timeout"), func() { s.lambda.timeout = 0 })
	}
	if i, ok := r.number(get("EphemeralStorage").get("Size"), atHosting, 512, 10240); ok {
		s.lambda.disk = i
		s.took("ephemeral", get("EphemeralStorage").get("Size"), func() { s.lambda.disk = 0 })
	}
	if i, ok := r.known(p, "ReservedConcurrentExecutions", "no limit", 1, 100000); ok {
		s.lambda.concurrency = i
		s.took("reserved", get("ReservedConcurrentExecutions"), func() { s.lambda.concurrency = 0 })
	}
	if name := get("FunctionName"); name != nil {
		if text, ok := r.str(name, atHosting); ok && regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(text) {
			s.lambda.functionName = text
			if s.hosting == lambdaHosting {
				s.different(atHosting, name, "is taken while the old stack is there", takenName)
			}
			s.took("functionName", name, func() { s.lambda.functionName = "" })
		} else if ok {
			s.wrong(atHosting, name, "1 to 64 letters, digits, hyphens and underscores")
		}
	}
	switch text, ok := r.str(get("Tracing"), atHosting); {
	case ok && text == "Active":
		s.tracing = true
		s.took("tracing", get("Tracing"), func() { s.tracing = false })
	case ok && text != "PassThrough" && text != "Disabled":
		s.wrong(atHosting, get("Tracing"), "Active or PassThrough")
	}
	r.logging(get("LoggingConfig"), s)
	r.vpc(get("VpcConfig"), s)
	r.role(get("Role"), s)
	if key := get("KmsKeyArn"); key != nil {
		if v, ok := r.resolve(key); ok && keyPattern.MatchString(literalOf(v)) {
			s.lambda.keyARN = v
			s.took("functionKey", key, func() { s.lambda.keyARN = nil })
		} else {
			s.missing(atHosting, key, "set EnvironmentEncryption of lambdaweb.Hosting to the key")
		}
	}
	r.policies(p, s)
	r.events(id, p, s)
	if tags := get("Tags"); tags != nil {
		for _, key := range tags.keysOrNone() {
			if v, ok := r.resolve(tags.fields[key]); ok {
				tags.fields[key].take()
				s.tags = append(s.tags, variable{key, v})
			}
		}
	}
	for _, properties := range []*node{p, r.globals} {
		for _, key := range properties.keysOrNone() {
			if properties == r.globals && p.has(key) && !slices.Contains(addedUp, key) {
				continue // the function has its own
			}
			todo := cmp.Or(functionTodo[key], "set it on the function: lambdaweb.ResourcesOf(…).Function, or its L1 construct")
			if s.hosting != lambdaHosting && functionTodo[key] == "" {
				todo = "it is of functions only"
			}
			properties.fields[key].parts(func(part *node) { s.missing(atHosting, part, todo) })
		}
	}
	for _, key := range []string{"DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy"} {
		s.missing(atAfter, n.get(key), "say it in Go: an if, or Node().AddDependency")
	}
}

// addedUp are the properties in Globals that a function's own are added to, instead of replacing them.
var addedUp = []string{"Environment", "Layers", "Policies", "Tags", "VpcConfig"}

// functionTodo is what to do about properties of a function.
var functionTodo = map[string]string{
	"AutoPublishAlias":             "make a version and an alias with awslambda.NewAlias; the endpoint invokes the function itself",
	"DeploymentPreference":         "make a deployment group with awscodedeploy for an alias of the function; on Fargate set DeploymentConfiguration",
	"ProvisionedConcurrencyConfig": "make an alias with awslambda.NewAlias, which has it",
	"Description":                  "it is for people: write a comment",
	"DeadLetterQueue":              "it is for events that nobody waits for: set OnFailure with ConfigureAsyncInvoke of the function",
	"SnapStart":                    "it is not for images",
	"CapacityProviderConfig":       "set ManagedInstances of lambdaweb.Hosting",
}

// parts calls f for each leaf that became nothing. A function of CloudFormation is one.
func (n *node) parts(f func(part *node)) {
	switch {
	case n == nil || n.kind == null:
	case n.kind == mapping && len(n.keys) == 1 && (n.keys[0] == "Ref" || strings.HasPrefix(n.keys[0], "Fn::")):
		done := true
		n.each(func(leaf *node) { done = done && leaf.done })
		if !done {
			f(n)
		}
	case len(n.keys) == 0 && len(n.items) == 0:
		if !n.done {
			f(n)
		}
	}
	if n == nil || n.kind == mapping && len(n.keys) == 1 && (n.keys[0] == "Ref" || strings.HasPrefix(n.keys[0], "Fn::")) {
		return
	}
	for _, key := range n.keys {
		n.fields[key].parts(f)
	}
	for _, item := range n.items {
		item.parts(f)
	}
}

// source reads what the function runs.
func (r *samReader) source(n, p *node, s *service) {
	get := func(key string) *node { return r.property(p, key) }
	metadata := n.get("Metadata")
	if architectures := get("Architectures"); architectures != nil {
		for _, item := range architectures.itemsOrNone() {
			switch text, ok := r.str(item, atImage); {
			case ok && text == "arm64":
				s.image.arm64 = true
				s.took("arm64", item, func() { s.image.arm64 = false })
			case ok && text != "x86_64":
				s.wrong(atImage, item, "x86_64 or arm64")
			}
		}
	}
	if config := get("ImageConfig"); config != nil {
		for _, item := range config.get("Command").itemsOrNone() {
			if text, ok := r.str(item, atCommand); ok {
				s.command = append(s.command, literal(text))
			}
		}
		s.missing(atCommand, config.get("EntryPoint"), "set ENTRYPOINT in the Dockerfile")
		s.missing(atCommand, config.get("WorkingDirectory"), "set WORKDIR in the Dockerfile")
	}
	if kind := get("PackageType"); kind != nil && kind.text() != "Image" && kind.text() != "Zip" {
		s.missing(atImage, kind, "it must be Image or Zip")
	}
	get("PackageType").take()
	if uri := get("ImageUri"); uri != nil && metadata.get("Dockerfile") == nil {
		if v, ok := r.resolve(uri); ok {
			uri.take()
			s.image.uri, s.image.adapter = v, true
			metadata.take()
			return
		}
	}
	get("ImageUri").take()
	if context := metadata.get("DockerContext"); context != nil || get("PackageType").text() == "Image" {
		dir, _ := r.str(context, atImage)
		name, _ := r.str(metadata.get("Dockerfile"), atImage)
		s.image.target, _ = r.str(metadata.get("DockerBuildTarget"), atImage)
		for _, key := range metadata.get("DockerBuildArgs").keysOrNone() {
			if text, ok := r.str(metadata.get("DockerBuildArgs", key), atImage); ok {
				s.image.args = append(s.image.args, variable{key, literal(text)})
			}
		}
		if tag := metadata.get("DockerTag"); tag != nil {
			s.different(atImage, tag, "is not needed", "the CDK names images by their content")
		}
		r.dockerfile(context, dir, cmp.Or(name, "Dockerfile"), s)
	} else {
		r.zip(metadata, get, s)
	}
	for _, key := range metadata.keysOrNone() {
		s.missing(atImage, undone(metadata.fields[key]), "webimage builds the image without it")
	}
}

// undone is a value of which nothing was taken yet, or nil.
func undone(n *node) *node {
	found := false
	n.each(func(leaf *node) { found = found || leaf.done })
	if found {
		return nil
	}
	return n
}

func (r *samReader) dockerfile(at *node, dir, name string, s *service) {
	context := filepath.Join(r.dir, dir)
	path := filepath.Join(context, name)
	content, err := readFile(path)
	if err != nil {
		s.image.dir = goName(s.name)
		s.notes = append(s.notes, note{kind: missing, place: atImage, file: r.file, line: at.lineOr(r.root.line), path: "Metadata.DockerContext",
			what: fmt.Sprintf("names %s, which is not there", path),
			todo: fmt.Sprintf("a stand-in is in the folder %s: point to your own, with Adapter: webimage.OwnAdapter if its Dockerfile copies an adapter to /opt/extensions, and delete it", goName(s.name))})
		return
	}
	s.image.dir, s.image.file, s.image.known = context, path, true
	r.image = dockerENV(string(content), s.image.target)
	s.image.adapter = strings.Contains(string(content), "/opt/extensions")
	if name == "Dockerfile" {
		s.image.file = ""
	}
	if s.image.adapter {
		s.notes = append(s.notes, note{kind: different, place: atImage, file: path, path: "/opt/extensions", what: "has an adapter of its own",
			todo: "leave its COPY and the option Adapter out to have the one of this library"})
	}
}

// dockerENV are the variables that a stage of a Dockerfile sets, with those of the stages that it is
// built from. Without a name it is the last one.
func dockerENV(text, target string) map[string]string {
	stages := map[string]map[string]string{}
	current := map[string]string{}
	lines := strings.Split(strings.NewReplacer("\r", "", "\\\n", " ").Replace(text), "\n")
	for _, line := range lines {
		fields, err := splitShell(strings.TrimSpace(line))
		if err != nil || len(fields) < 2 {
			continue
		}
		switch strings.ToUpper(fields[0]) {
		case "FROM":
			if named(stages, target) {
				return stages[strings.ToLower(target)]
			}
			fields = slices.DeleteFunc(fields[1:], func(field string) bool { return strings.HasPrefix(field, "--") })
			current = map[string]string{}
			if len(fields) > 0 {
				maps.Copy(current, stages[strings.ToLower(fields[0])])
			}
			if len(fields) == 3 {
				stages[strings.ToLower(fields[2])] = current
			}
		case "ENV":
			if !strings.Contains(fields[1], "=") {
				current[fields[1]] = strings.Join(fields[2:], " ")
				continue
			}
			for _, field := range fields[1:] {
				name, value, _ := strings.Cut(field, "=")
				current[name] = value
			}
		}
	}
	return current
}

func named(stages map[string]map[string]string, target string) bool {
	return target != "" && stages[strings.ToLower(target)] != nil
}

// zip reads a function that is no image.
func (r *samReader) zip(metadata *node, get func(string) *node, s *service) {
	code, _ := r.str(get("CodeUri"), atImage)
	runtime := get("Runtime").text()
	method := metadata.get("BuildMethod").text()
	isGo := strings.HasPrefix(method, "go") || strings.HasPrefix(runtime, "go") ||
		method == "" && strings.HasPrefix(runtime, "provided") && exists(filepath.Join(r.dir, code, "go.mod"))
	for _, field := range []string{"Runtime", "Handler"} {
		if n := get(field); n != nil {
			s.different(atImage, n, "is not needed", "an image has what runs in it, and starts it")
		}
	}
	for _, item := range get("Layers").itemsOrNone() {
		if r.isAdapter(item, s.root.get("Properties")) {
			s.different(atImage, item, "became the adapter of this library", "which the image gets by itself")
		} else {
			s.missing(atImage, item, "an image has no layers: copy what is in it in the Dockerfile")
		}
	}
	folder := filepath.Join(r.dir, code)
	if isGo {
		if n := metadata.get("BuildMethod"); n != nil {
			s.different(atImage, n, "became webimage.Go", "which compiles the program at synth")
		}
		s.image.goDir, s.image.known = folder, isDir(folder)
		if !s.image.known {
			s.image.goDir = goName(s.name)
			s.notes = append(s.notes, note{kind: missing, place: atImage, file: r.file, line: get("CodeUri").lineOr(r.root.line), path: "CodeUri",
				what: fmt.Sprintf("names %s, which is not there", folder), todo: fmt.Sprintf("a stand-in is in the folder %s: point to your own, and delete it", goName(s.name))})
		}
		return
	}
	script := ""
	if handler := get("Handler").text(); strings.HasSuffix(handler, ".sh") {
		script = ", as " + handler + " did"
	}
	s.image.dir = goName(s.name)
	s.notes = append(s.notes, note{kind: missing, place: atImage, file: r.file, line: get("CodeUri").lineOr(r.root.line), path: "CodeUri", value: code,
		what: fmt.Sprintf("is a package for %s, and an image is needed here", cmp.Or(runtime, "Lambda")),
		todo: fmt.Sprintf("write a Dockerfile that starts the web server%s; a stand-in is in the folder %s until then", script, goName(s.name))})
	if n := metadata.get("BuildMethod"); n != nil {
		s.missing(atImage, n, "build it in the Dockerfile")
	}
}

// variables reads the environment.
func (r *samReader) variables(p *node, s *service) {
	for _, variables := range []*node{r.globals.get("Environment", "Variables"), p.get("Environment", "Variables")} {
		for _, key := range variables.keysOrNone() {
			field := variables.fields[key]
			v, ok := r.resolve(field)
			if !ok {
				s.missing(atEnvironment, field, "write what it refers to in Go, with AddEnvironment or a Use method")
				continue
			}
			text, known := v.text()
			if strings.Contains(text, "{{resolve:") {
				r.dynamic(key, field, text, s)
				continue
			}
			field.take()
			port, isPort := strconv.Atoi(text)
			switch {
			case (key == "PORT" || key == "AWS_LWA_PORT") && isPort == nil && port > 0 && port < 65536:
				r.image[key] = text
				continue
			case slices.Contains(lwaPath, key) && !known:
				s.wrong(atEnvironment, field, "a path that is known before deployment")
				continue
			case slices.Contains(lwaPath, key):
				r.image["AWS_LWA_READINESS_CHECK_PATH"] = text
				continue
			case key == healthyStatus && codes(text) || oldStatus[key] && unhealthyFrom(text) != "":
				s.health.codes = cmp.Or(unhealthyFrom(text), text)
				continue
			case key == "AWS_LWA_ENABLE_TLS" && s.hosting == fargateHosting && text == "true":
				s.tls = true
				s.different(atPort, field, "became HTTPS between the load balancer and the server", "the server needs a certificate, which the load balancer does not check")
				continue
			case key == "AWS_LWA_INVOKE_MODE":
				s.lambda.streaming = strings.EqualFold(text, "response_stream")
				if !s.lambda.streaming && !strings.EqualFold(text, "buffered") {
					s.missing(atEnvironment, field, "it must be buffered or response_stream: buffered is taken")
				}
				continue
			case key == "AWS_LAMBDA_EXEC_WRAPPER":
				s.different(atEnvironment, field, "is not needed", "an image starts its server by itself")
				continue
			case s.hosting != lambdaHosting && (strings.HasPrefix(key, "AWS_LWA_") || adapterNames[key] != ""):
				s.missing(atEnvironment, field, cmp.Or(withoutAdapter[cmp.Or(adapterNames[key], key)], "there is no adapter to read it"))
				continue
			case adapterNames[key] != "":
				s.different(atEnvironment, field, "became "+adapterNames[key], "the newer name of the same")
				key = adapterNames[key]
			}
			s.variables = append(slices.DeleteFunc(s.variables, func(v variable) bool { return v.name == key }), variable{key, v})
		}
	}
}

// healthyStatus and oldStatus are the adapter's variables for statuses of a server that is ready.
const healthyStatus = "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS"

var oldStatus = map[string]bool{"AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS": true, "READINESS_CHECK_MIN_UNHEALTHY_STATUS": true}

// unhealthyFrom are the statuses below one, as web.HealthCheck has them; empty if it is none.
func unhealthyFrom(text string) string {
	if i, err := strconv.Atoi(text); err == nil && i > 200 && i <= 500 && len(text) == 3 {
		return fmt.Sprintf("200-%d", i-1)
	}
	return ""
}

// adapted reads what the adapter has of the template, or else of the Dockerfile, in its order.
func (r *samReader) adapted(s *service) {
	for _, key := range []string{"AWS_LWA_PORT", "PORT"} {
		if port, err := strconv.Atoi(r.image[key]); err == nil && port > 0 && port < 65536 {
			s.port = port
			break
		}
	}
	path := cmp.Or(r.image["AWS_LWA_READINESS_CHECK_PATH"], r.image["READINESS_CHECK_PATH"])
	if path != "none" {
		s.health.path = path
	}
	own := slices.ContainsFunc(s.variables, func(v variable) bool { return v.name == healthyStatus || oldStatus[v.name] })
	if s.health.path != "" && s.health.codes == "" && !own {
		s.health.codes = "200-499" // the adapter's default
	}
}

// secretAt and parameterAt are references of CloudFormation to a secret and to a parameter.
var (
	secretAt    = regexp.MustCompile(`^\{\{resolve:secretsmanager:(arn:[^{}]+:secret:[^:{}]+|[^:{}]+)(?::SecretString)?(?::([^:{}]*))?(?::([^:{}]*))?(?::([^:{}]*))?\}\}$`)
	parameterAt = regexp.MustCompile(`^\{\{resolve:ssm(-secure)?:([A-Za-z0-9_./-]+)\}\}$`)
)

// dynamic reads a variable whose value CloudFormation looks up. A secret does not become a part of the
// function's configuration, where others can read it.
func (r *samReader) dynamic(key string, n *node, text string, s *service) {
	found, parameter := secretAt.FindStringSubmatch(text), parameterAt.FindStringSubmatch(text)
	kept := secret{parameter: true}
	switch {
	case found != nil:
		kept = secret{field: found[2], stage: found[3], version: found[4]}
		if strings.HasPrefix(found[1], "arn:") {
			kept.arn, kept.partial = literal(found[1]), !completeARN.MatchString(found[1])
		} else {
			kept.name = literal(found[1])
		}
	case parameter != nil && parameter[1] == "":
		n.take()
		s.variables = append(slices.DeleteFunc(s.variables, func(v variable) bool { return v.name == key }),
			variable{key, expression(fmt.Sprintf("*awsssm.StringParameter_ValueForStringParameter(stack, new(%s), nil)", quote(parameter[2])))})
		return
	case parameter != nil:
		kept.name = literal(parameter[2])
	default:
		s.missing(atEnvironment, n, "CloudFormation would write a secret into the function's configuration: set it in Workload.Secrets")
		return
	}
	s.different(atSecrets, n, "is a secret of the service", "the server gets it when it starts, and it is in no configuration")
	s.secrets = append(slices.DeleteFunc(s.secrets, func(v secretVariable) bool { return v.name == key }), secretVariable{key, kept})
}

func (r *samReader) logging(n *node, s *service) {
	if n == nil {
		return
	}
	if format, ok := r.str(n.get("LogFormat"), atHosting); ok && strings.EqualFold(format, "JSON") {
		s.lambda.jsonLogs = true
		s.took("jsonLogs", n.get("LogFormat"), func() { s.lambda.jsonLogs = false })
	}
	for _, level := range []struct {
		field string
		into  *string
		may   []string
	}{
		{"ApplicationLogLevel", &s.lambda.appLevel, []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}},
		{"SystemLogLevel", &s.lambda.systemLevel, []string{"DEBUG", "INFO", "WARN"}},
	} {
		if text, ok := r.str(n.get(level.field), atHosting); ok {
			if *level.into = text; !slices.Contains(level.may, text) {
				*level.into = ""
				s.wrong(atHosting, n.get(level.field), strings.Join(level.may, ", "))
			}
		}
	}
}

func (r *samReader) vpc(n *node, s *service) {
	if n == nil {
		return
	}
	s.missing(atNetwork, n, "look the VPC up with awsec2.Vpc_FromLookup, and set Workload.VPC, VPCSubnets and SecurityGroups")
}

// literalOf is a value that is nothing but text; empty if it is more.
func literalOf(v value) string {
	text, _ := v.text()
	return text
}

// role reads one that the template does not make.
func (r *samReader) role(n *node, s *service) {
	if n == nil {
		return
	}
	if v, ok := r.resolve(n); ok && (literalOf(v) == "" || rolePattern.MatchString(literalOf(v))) {
		s.roleARN = v
		s.took("functionRole", n, func() { s.roleARN = nil })
		return
	}
	s.missing(atRole, n, "write the role with awsiam, or import it with awsiam.Role_FromRoleArn, and set Workload.Role; until then the service has a new one")
}

var rolePattern = regexp.MustCompile(`^arn:[a-z-]+:iam::[0-9]{12}:role/.+$`)

// policies reads what the function may do.
func (r *samReader) policies(p *node, s *service) {
	for _, policies := range []*node{r.globals.get("Policies"), p.get("Policies")} {
		items := policies.itemsOrNone()
		if policies != nil && policies.kind != sequence {
			items = []*node{policies}
		}
		for _, item := range items {
			switch {
			case s.roleARN != nil && s.hosting == lambdaHosting:
				s.different(atAfter, item, "is not used", "SAM takes no Policies where there is a Role")
			case item.kind == scalar && !strings.HasPrefix(item.value, "arn:"):
				item.take()
				name := item.value
				if name == "AWSLambdaBasicExecutionRole" || name == "AWSLambdaVPCAccessExecutionRole" || name == "AWSLambdaExecute" {
					name = "service-role/" + name
				}
				s.lambda.policies = append(s.lambda.policies, fmt.Sprintf("%s.Role().AddManagedPolicy(awsiam.ManagedPolicy_FromAwsManagedPolicyName(new(%s)))", s.v, quote(name)))
			case item.kind == scalar:
				item.take()
				s.lambda.policies = append(s.lambda.policies, fmt.Sprintf("%s.Role().AddManagedPolicy(awsiam.ManagedPolicy_FromManagedPolicyArn(stack, new(%q), new(%s)))",
					s.v, r.ids.id("Policy", "Managed"), quote(item.value)))
			case item.kind == mapping && item.has("Statement"):
				item.get("Version").take()
				statements := item.get("Statement").itemsOrNone()
				if item.get("Statement").kind == mapping {
					statements = []*node{item.get("Statement")}
				}
				for _, statement := range statements {
					r.statement(statement, s)
				}
			default:
				s.missing(atAfter, item, "grant it in Go: UseTable, UseBucket, UseQueue and the like, or a grant of the resource to the service")
			}
		}
	}
}

// statement is one of a policy.
func (r *samReader) statement(n *node, s *service) {
	values := func(key string) (string, bool) {
		field := n.get(key)
		items := field.itemsOrNone()
		if field != nil && field.kind != sequence {
			items = []*node{field}
		}
		var all []value
		for _, item := range items {
			v, ok := r.resolve(item)
			if !ok {
				return "", false
			}
			all = append(all, v)
		}
		return pointers(all), len(all) > 0
	}
	actions, ok1 := values("Action")
	resources, ok2 := values("Resource")
	effect := n.get("Effect").text()
	if !ok1 || !ok2 || effect != "Allow" && effect != "Deny" || n.has("Condition") || n.has("NotAction") || n.has("NotResource") {
		s.missing(atAfter, n, "write it as awsiam.NewPolicyStatement, and add it with Role().AddToPrincipalPolicy")
		return
	}
	for _, key := range []string{"Action", "Resource", "Effect", "Sid"} {
		n.get(key).take()
	}
	fields := ""
	if sid := n.get("Sid"); sid != nil {
		fields = "Sid: new(" + quote(sid.text()) + "),\n"
	}
	if effect == "Deny" {
		fields += "Effect: awsiam.Effect_DENY,\n"
	}
	s.lambda.policies = append(s.lambda.policies, fmt.Sprintf("%s.Role().AddToPrincipalPolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{\n%sActions: &[]*string{%s},\nResources: &[]*string{%s},\n}))",
		s.v, fields, actions, resources))
}

// events reads what calls the function.
func (r *samReader) events(id string, p *node, s *service) {
	s.lambda.endpoint = "NoEndpoint"
	kinds := map[string]string{"HttpApi": "HTTPAPI", "Api": "RESTAPI"}
	var asked []*node // by the endpoint's API
	if url := r.property(p, "FunctionUrlConfig"); url != nil {
		s.lambda.endpoint = "FunctionURL"
		r.url(url, s)
		s.took("endpointKind", leafOf(url), func() {})
	}
	events := p.get("Events")
	const becameEvery = "the server responds with 404 to what it does not know; if others must not reach it, say so there"
	everyPath := false
	var root *node // the path /, which is one path unless there is another event for the rest
	for _, name := range events.keysOrNone() {
		event := events.fields[name]
		properties := event.get("Properties")
		kind, _ := r.str(event.get("Type"), atEvents)
		switch kind {
		case "HttpApi", "Api":
			path, method := properties.get("Path"), properties.get("Method")
			if s.lambda.endpoint == "NoEndpoint" {
				s.lambda.endpoint = kinds[kind]
				if kind == "Api" {
					s.lambda.stage = "Prod"
				}
				s.took("endpointKind", event.get("Type"), func() {})
			} else if s.lambda.endpoint != kinds[kind] {
				s.missing(atHosting, event, "a service has one endpoint: lambdaweb."+s.lambda.endpoint)
				continue
			}
			asked = append(asked, event)
			s.lambda.paths = append(s.lambda.paths, cmp.Or(path.text(), "$default"))
			switch text, ok := r.str(path, atHosting); {
			case text == "/":
				root = path
			case text == "/{proxy+}" || text == "$default" || path == nil:
				everyPath = true
			case ok:
				s.different(atHosting, path, "became every path", becameEvery)
			}
			if text, ok := r.str(method, atHosting); ok && !strings.EqualFold(text, "ANY") && text != "x-amazon-apigateway-any-method" {
				s.different(atHosting, method, "became every method", "the server responds with 405 to what it does not take")
			}
		case "SQS":
			r.sqs(event, properties, s)
		case "Schedule":
			r.schedule(name, event, properties, s)
		default:
			s.missing(atEvents, event, "add it to the function: AddEventSource, or a target of the source; it arrives as a POST to /events")
		}
	}
	if root != nil && !everyPath {
		s.different(atHosting, root, "became every path", becameEvery)
	}
	if len(asked) > 0 {
		api, _ := r.apiOf(asked[0].get("Type").text(), asked[0].get("Properties"))
		s.lambda.apiID = cmp.Or(api.id, map[string]string{"HttpApi": "ServerlessHttpApi", "Api": "ServerlessRestApi"}[api.kind])
		r.api(asked[0].get("Type").text(), asked, s)
		r.eventProperties(events, s)
	}
	if at := cmp.Or(r.property(p, "FunctionUrlConfig"), firstNode(asked)); at != nil && s.hosting == fargateHosting && len(s.front.names) == 0 {
		s.different(atFront, leafOf(at), "had HTTPS, and the load balancer has HTTP only", "set Domain of web.ServiceProps: see docs/front.md")
	}
	if s.lambda.streaming && s.lambda.endpoint == "NoEndpoint" {
		s.noteAbout("AWS_LWA_INVOKE_MODE", atHosting, "has no equal without an endpoint", "what invoked the function is not in the template as an event: set Endpoint to "+
			"lambdaweb.FunctionURL with InvokeMode, or lambdaweb.RESTAPI with ResponseTransferMode")
	}
	if s.lambda.streaming && s.lambda.endpoint == "HTTPAPI" {
		s.noteAbout("AWS_LWA_INVOKE_MODE", atHosting, "has no equal behind an HTTP API, which does not stream", "choose lambdaweb.FunctionURL or lambdaweb.RESTAPI")
	}
	if timeout := r.property(p, "Timeout"); s.lambda.endpoint == "HTTPAPI" && s.lambda.timeout > 30*time.Second && s.hosting == lambdaHosting {
		s.add(missing, atHosting, timeout, "is longer than an HTTP API waits, which is 30 s", "keep it for events, or lower it to 29 s")
	}
	if s.lambda.endpoint == "NoEndpoint" && s.hosting != lambdaHosting {
		s.noteAbout("Events", atEvents, "are only for functions", "the service gets no events: keep it on Lambda if it needs them")
		r.enclose(s, leafOf(cmp.Or(events, s.root.get("Type"))), "had no address, and has one on "+platforms[s.hosting].ServiceName())
	}
}

func (r *samReader) sqs(event, properties *node, s *service) {
	source, ok := r.resolve(properties.get("Queue"))
	var found string
	for _, q := range r.environment.queues {
		if ok && source.golang() == fmt.Sprintf("*%s.QueueArn()", q.name) {
			found = q.name
		}
	}
	if found == "" {
		text, literal := source.text()
		if !literal || !strings.HasPrefix(text, "arn:") {
			s.missing(atEvents, event, "import the queue with awssqs.Queue_FromQueueArn, and add it with AddEventSource")
			return
		}
		found = fmt.Sprintf("awssqs.Queue_FromQueueArn(stack, new(%q), new(%s))", r.ids.id("Queue", "Source"), quote(text))
	}
	properties.get("Queue").take()
	props := "nil"
	if size, ok := properties.get("BatchSize").intOr(0); ok && size > 0 && size <= 10000 {
		s.took("events", properties.get("BatchSize"), func() {})
		props = fmt.Sprintf("&awslambdaeventsources.SqsEventSourceProps{BatchSize: new(%d.0)}", size)
	}
	s.lambda.events = append(s.lambda.events, fmt.Sprintf("made.Function.AddEventSource(awslambdaeventsources.NewSqsEventSource(%s, %s))", found, props))
	r.refused(event, s)
	s.took("events", properties.get("Queue").leafless(), func() { s.lambda.events = nil })
	r.rest(properties, s)
}

// firstNode is the first of some values; nil if there is none.
func firstNode(nodes []*node) *node {
	if len(nodes) == 0 {
		return nil
	}
	return nodes[0]
}

// errorStatuses is the adapter's variable for statuses that make an invocation fail.
const errorStatuses = "AWS_LWA_ERROR_STATUS_CODES"

// refused notes that events which the server refuses come again, unless the template has said which.
func (r *samReader) refused(event *node, s *service) {
	own := slices.ContainsFunc(s.variables, func(v variable) bool { return v.name == errorStatuses })
	if own || s.hosting != lambdaHosting || s.lambda.endpoint != "NoEndpoint" {
		return
	}
	s.notes = append(s.notes, note{kind: different, place: atEvents, file: event.file, line: event.line, path: event.path,
		what: "fails now if the server's status is 400 or more, so that the event comes again",
		todo: "set the variable " + errorStatuses + " for other statuses"})
}

// rest notes what is left of an event.
func (r *samReader) rest(n *node, s *service) {
	n.each(func(leaf *node) {
		if !leaf.done && leaf.kind != null {
			s.missing(atEvents, leaf, "set it on the event source")
		}
	})
}

func (n *node) intOr(i int) (int, bool) {
	if n == nil {
		return i, false
	}
	return n.integer()
}

var scheduleExpression = regexp.MustCompile(`^(rate|cron)\([^)"\\]*\)$`)

func (r *samReader) schedule(name string, event, properties *node, s *service) {
	expression, ok := r.str(properties.get("Schedule"), atEvents)
	if !ok || !scheduleExpression.MatchString(expression) {
		s.missing(atEvents, event, "make a rule with awsevents, whose target is the function")
		return
	}
	r.refused(event, s)
	options := fmt.Sprintf("Schedule: awsevents.Schedule_Expression(new(%s)),", quote(expression))
	if on, ok := properties.get("Enabled").boolOr(true); ok {
		properties.get("Enabled").take()
		if !on {
			options += "\nEnabled: new(false),"
		}
	}
	s.lambda.events = append(s.lambda.events, fmt.Sprintf("awsevents.NewRule(stack, new(%q), &awsevents.RuleProps{\n%s\nTargets: &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(made.Function, nil)},\n})",
		r.ids.id(name, "Rule"), options))
	s.took("events", properties.get("Schedule").leafless(), func() { s.lambda.events = nil })
	r.rest(properties, s)
}
