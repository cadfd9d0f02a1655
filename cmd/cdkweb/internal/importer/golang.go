package importer

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const module = "github.com/cdkweb/cdkweb"

const cdk = "github.com/aws/aws-cdk-go/awscdk/v2"

// packages are those that programs import, by their names.
var packages = map[string]string{
	"netip": "net/netip", "os": "os", "testing": "testing", "time": "time", "fmt": "fmt",
	"awscdk": cdk, "awsapigateway": cdk + "/awsapigateway", "awscertificatemanager": cdk + "/awscertificatemanager",
	"awsdynamodb": cdk + "/awsdynamodb", "awsec2": cdk + "/awsec2", "awsecs": cdk + "/awsecs",
	"awselasticloadbalancingv2": cdk + "/awselasticloadbalancingv2", "awsevents": cdk + "/awsevents", "awseventstargets": cdk + "/awseventstargets",
	"awsiam": cdk + "/awsiam", "awslogs": cdk + "/awslogs", "awskms": cdk + "/awskms", "awslambda": cdk + "/awslambda", "awslambdaeventsources": cdk + "/awslambdaeventsources",
	"awsroute53": cdk + "/awsroute53", "awsroute53targets": cdk + "/awsroute53targets", "awss3": cdk + "/awss3",
	"awssecretsmanager": cdk + "/awssecretsmanager", "awssns": cdk + "/awssns", "awssqs": cdk + "/awssqs", "awsssm": cdk + "/awsssm",
	"awscognito": cdk + "/awscognito", "awsapigatewayv2authorizers": cdk + "/awsapigatewayv2authorizers", "awsecr": cdk + "/awsecr", "awsecrassets": cdk + "/awsecrassets",
	"apprunnerweb": module + "/apprunnerweb", "ecsweb": module + "/ecsweb", "fargateweb": module + "/fargateweb", "lambdaweb": module + "/lambdaweb",
	"web": module + "/web", "webalb": module + "/webalb", "webimage": module + "/webimage", "webtest": module + "/webtest",
}

// A source is a Go file that is being written.
type source struct {
	text  strings.Builder
	names *naming
	ids   *naming
}

func (w *source) line(text string, args ...any) {
	if len(args) > 0 {
		text = fmt.Sprintf(text, args...)
	}
	w.text.WriteString(text + "\n")
}

// A comment is one line while a program is written, and several once it is formatted.
const unwrapped = "//§"

// comment writes a comment, which becomes lines of at most 100 characters.
func (w *source) comment(indent int, text string) {
	if text = inLine(text); text != "" {
		w.line("%s%d %s", unwrapped, indent, text)
	}
}

// wrapped has the comments of a file in lines of at most 100 characters.
func wrapped(body string) string {
	const most = 100
	var all strings.Builder
	for text := range strings.Lines(body) {
		comment, ok := strings.CutPrefix(text, unwrapped)
		if !ok {
			all.WriteString(text)
			continue
		}
		words := strings.Fields(comment)
		indent, _ := strconv.Atoi(words[0])
		line := "//"
		for _, word := range words[1:] {
			if utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word)+indent*4 > most && line != "//" {
				all.WriteString(line + "\n")
				line = "//"
			}
			line += " " + word
		}
		all.WriteString(line + "\n")
	}
	return all.String()
}

// notes writes those of a place.
func (w *source) notes(indent int, notes []note) {
	for _, n := range notes {
		w.comment(indent, n.sentence())
	}
}

// sentence is a note as it stands in the program.
func (n note) sentence() string {
	if parts := strings.Split(n.path, "."); len(parts) > 2 && n.kind != unknown { // the line tells the rest
		n.path = strings.Join(parts[len(parts)-2:], ".")
	}
	return fmt.Sprintf("%s: %s %s: %s.", n.short(), n.subject(), n.what, n.todo)
}

// short is where a note's field stands, without folders.
func (n note) short() string {
	where := n.where()
	return where[strings.LastIndexByte(where, '/')+1:]
}

// formatted is the file as gofmt writes it, with the imports that it needs.
func formatted(name, doc, body string) (string, error) {
	body = wrapped(body)
	imports, err := importsOf(body)
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, body)
	}
	content, err := format.Source([]byte(doc + "package main\n\n" + imports + "\n" + body))
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", name, err, body)
	}
	return string(content), nil
}

// importsOf are the packages that a file without imports uses.
func importsOf(body string) (string, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package main\n"+body, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	used := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok && packages[name.Name] != "" {
				used[packages[name.Name]] = true
			}
		}
		return true
	})
	groups := [3][]string{}
	for path := range used {
		switch {
		case strings.HasPrefix(path, module):
			groups[2] = append(groups[2], path)
		case strings.Contains(path, "."):
			groups[1] = append(groups[1], path)
		default:
			groups[0] = append(groups[0], path)
		}
	}
	var text []string
	for _, group := range groups {
		slices.Sort(group)
		if len(group) == 0 {
			continue
		}
		lines := ""
		for _, path := range group {
			lines += strconv.Quote(path) + "\n"
		}
		text = append(text, lines)
	}
	return "import (\n" + strings.Join(text, "\n") + ")\n", nil
}

// program writes main.go.
func (a *app) program() (string, error) {
	w := &source{}
	w.line("func main() { web.Main(newApp) }")
	w.line("")
	w.line("func newApp(app awscdk.App) {")
	for _, e := range a.environments {
		w.line("%s(app)", e.function())
	}
	w.line("}")
	a.writeEnvironments(w)
	what := "the services"
	if len(a.environments) > 0 && len(a.environments[0].services) == 1 {
		what = "the service " + a.environments[0].services[0].name
	}
	doc := fmt.Sprintf("// Command %s is a CDK app: %s, imported from %s.\n", goName(a.name), inLine(what), a.from)
	body, err := withoutUnused(w.text.String())
	if err != nil {
		return "", fmt.Errorf("main.go: %w\n%s", err, w.text.String())
	}
	return formatted("main.go", doc, body)
}

// withoutUnused leaves out variables that nothing uses, which Go refuses: x := f() becomes f().
func withoutUnused(body string) (string, error) {
	const head = "package main\n"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", head+body, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	type span struct{ from, to int }
	var unused []span
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		uses := map[string]int{}
		var made []*ast.AssignStmt
		ast.Inspect(function, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				uses[n.Name]++
			case *ast.AssignStmt:
				if _, call := n.Rhs[0].(*ast.CallExpr); call && n.Tok == token.DEFINE && len(n.Lhs) == 1 {
					made = append(made, n)
				}
			}
			return true
		})
		for _, statement := range made {
			if name, ok := statement.Lhs[0].(*ast.Ident); ok && uses[name.Name] == 1 {
				unused = append(unused, span{set.Position(statement.Pos()).Offset - len(head), set.Position(statement.Rhs[0].Pos()).Offset - len(head)})
			}
		}
	}
	slices.SortFunc(unused, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for _, s := range slices.Backward(unused) {
		body = body[:s.from] + body[s.to:]
	}
	return body, nil
}

// inLine is text that can stand in a comment, or in a line of the report.
func inLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == 0xfeff {
			return '?'
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// function is the name of an environment's function.
func (e *environment) function() string {
	if e.v != "" {
		return e.v
	}
	return "newStack"
}

// stackSuffix is what the names of stacks end with. CloudFormation would take a stack with the name of
// the one that Copilot or SAM made for the next version of that, and remove what is in it.
const stackSuffix = "-cdk"

// stackID is the environment's stack in the tree.
func (e *environment) stackID() string {
	var id strings.Builder
	for _, r := range e.stack {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			id.WriteRune(r)
		default:
			id.WriteRune('-')
		}
	}
	text := strings.Trim(id.String(), "-")
	if text == "" || text[0] >= '0' && text[0] <= '9' {
		text = "Stack" + text
	}
	return text[:min(len(text), 128-len(stackSuffix))] + stackSuffix
}

// about is the comment of an environment's function.
func (e *environment) about() string {
	if e.name == "" {
		return fmt.Sprintf("%s makes the stack %s.", e.function(), e.stackID())
	}
	return fmt.Sprintf("%s is the environment %s.", e.function(), e.name)
}

// body is the body of an environment's function.
func (e *environment) body() string {
	w := &source{names: newNaming(), ids: newNaming()}
	w.ids.taken = map[string]bool{"Stack": true}
	for _, s := range e.services {
		if s.named {
			w.names.free(s.v)
			w.ids.free(s.id)
		}
	}
	for _, q := range e.queues {
		w.names.free(q.name)
	}
	var props []string
	if e.account != "" {
		props = append(props, fmt.Sprintf("Env: &awscdk.Environment{Account: new(%q), Region: new(%q)},", e.account, e.region))
	}
	if e.description != "" {
		props = append(props, fmt.Sprintf("Description: new(%s),", quote(e.description)))
	}
	if len(props) == 0 {
		w.line("stack := awscdk.NewStack(app, new(%q), nil)", e.stackID())
	} else {
		w.line("stack := awscdk.NewStack(app, new(%q), &awscdk.StackProps{", e.stackID())
		for _, prop := range props {
			w.line("%s", prop)
		}
		w.line("})")
	}
	w.notes(1, e.at(atStack))
	for _, tag := range e.tags {
		w.line("awscdk.Tags_Of(stack).Add(new(%s), %s, nil)", quote(tag.name), pointer(tag.value))
	}
	if e.network != nil {
		e.network.cidr = e.cidr
		e.network.clients = slices.ContainsFunc(e.services, func(s *service) bool { return s.inVPC && s.front.private })
		e.network.write(w)
	}
	for _, q := range e.queues {
		w.line("")
		q.write(w)
	}
	if e.shared != nil {
		w.line("")
		e.shared.write(w, "front", "Front", e.network != nil, "")
	}
	for _, s := range e.services {
		w.line("")
		s.write(w, e)
	}
	for _, s := range e.services {
		if code := s.url(); code != "" && !slices.ContainsFunc(e.outputs, func(o output) bool { return o.code == code || strings.HasPrefix(o.code, code+" + ") }) {
			name := "URL"
			if len(e.services) > 1 {
				name = s.id + "URL"
			}
			e.outputs = append(e.outputs, output{name: name, code: code, own: true})
		}
	}
	if len(e.outputs) > 0 {
		w.line("")
	}
	for _, o := range e.outputs {
		description := ""
		if o.description != "" {
			description = "Description: new(" + quote(o.description) + "), "
		}
		id, rename := w.ids.output(o.name), ""
		if id != o.name && outputName.MatchString(o.name) && !o.own {
			rename = fmt.Sprintf(".OverrideLogicalId(new(%q))", o.name)
		}
		w.line("awscdk.NewCfnOutput(stack, new(%q), &awscdk.CfnOutputProps{%sValue: %s})%s", id, description, pointer(expression(o.code)), rename)
	}
	w.line("return stack")
	return w.text.String()
}

// url is the expression of a service's address; empty if it has none.
func (s *service) url() string {
	if s.hosting == lambdaHosting && s.lambda.endpoint == "NoEndpoint" {
		return ""
	}
	return s.v + ".URL()"
}

func (n *network) write(w *source) {
	w.line("")
	w.ids.taken["VPC"] = true
	w.line("vpc := awsec2.Vpc_FromVpcAttributes(stack, new(%q), &awsec2.VpcAttributes{", "VPC")
	w.line("VpcId: %s,", pointer(n.vpc))
	switch {
	case n.clients && n.cidr != "":
		w.line("VpcCidrBlock: new(%q),", n.cidr)
	case n.clients:
		w.line("VpcCidrBlock: new(\"10.0.0.0/16\"), // from where clients reach a private service: write the VPC's own")
	}
	zones := 2
	if !n.lists {
		zones = cmp.Or(len(n.public), len(n.private), 2)
	}
	var list []string
	for i := range zones {
		list = append(list, fmt.Sprintf("awscdk.Fn_Select(new(%d.0), awscdk.Fn_GetAzs(nil))", i))
	}
	w.line("AvailabilityZones: &[]*string{")
	for _, zone := range list {
		w.line("%s,", zone)
	}
	w.line("},")
	for _, subnets := range []struct {
		field string
		ids   []value
	}{{"PublicSubnetIds", n.public}, {"PrivateSubnetIds", n.private}} {
		if len(subnets.ids) == 0 {
			continue
		}
		if n.lists {
			name := strings.TrimSuffix(strings.TrimPrefix(pointer(subnets.ids[0]), "awscdk.Fn_ImportValue("), ")")
			w.line("%s: awscdk.Fn_ImportListValue(%s, new(2.0), nil),", subnets.field, name)
			continue
		}
		w.line("%s: &[]*string{%s},", subnets.field, pointers(subnets.ids))
	}
	w.line("})")
}

func pointers(values []value) string {
	var all []string
	for _, v := range values {
		all = append(all, pointer(v))
	}
	return strings.Join(all, ", ")
}

func hosts_(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, hostCode(name))
	}
	return strings.Join(all, ", ")
}

func strings_(values []string) string {
	var all []string
	for _, v := range values {
		all = append(all, quote(v))
	}
	return strings.Join(all, ", ")
}

func (q *queue) write(w *source) {
	if len(q.props) == 0 {
		w.line("%s := awssqs.NewQueue(stack, new(%q), nil)", q.name, w.ids.id(q.id, "Queue"))
		return
	}
	w.line("%s := awssqs.NewQueue(stack, new(%q), &awssqs.QueueProps{", q.name, w.ids.id(q.id, "Queue"))
	for _, prop := range q.props {
		w.line("%s", prop)
	}
	w.line("})")
}

// duration is a time as an expression.
func duration(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}} {
		if d%unit.of == 0 {
			if d == unit.of {
				return unit.name
			}
			return fmt.Sprintf("%d * %s", d/unit.of, unit.name)
		}
	}
	return fmt.Sprintf("%d * time.Millisecond", d/time.Millisecond)
}

// cdkDuration is a time as the CDK takes it.
func cdkDuration(d time.Duration) string {
	if d%time.Minute == 0 && d > 0 {
		return fmt.Sprintf("awscdk.Duration_Minutes(new(%d.0))", d/time.Minute)
	}
	return fmt.Sprintf("awscdk.Duration_Seconds(new(%s))", number(d.Seconds()))
}

// number is a number of type float64.
func number(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// inZone reports whether the hosted zone of a name is known.
func (f *front) inZone(name string) bool {
	return slices.ContainsFunc(f.zones, func(z zone) bool { return slices.Contains(z.names, name) })
}

// write writes a load balancer.
func (f *front) write(w *source, name, id string, inVPC bool, subnets string) {
	w.ids.taken[id] = true
	certificates := ""
	if len(f.certificates) > 0 {
		var list []string
		for i, arn := range f.certificates {
			id := "Certificate"
			if i > 0 {
				id += strconv.Itoa(i + 1)
			}
			list = append(list, fmt.Sprintf("awscertificatemanager.Certificate_FromCertificateArn(stack, new(%q), %s)", w.ids.id(id, "Certificate"), pointer(arn)))
		}
		certificates = strings.Join(list, ",\n")
	}
	zones := map[string]string{}
	for i, zone := range f.zones {
		if zones[zone.id] != "" {
			continue
		}
		id := "Zone"
		if i > 0 {
			id += strconv.Itoa(i + 1)
		}
		v := w.names.variable(id, "Hosted")
		zones[zone.id] = v
		w.line("%s := awsroute53.HostedZone_FromHostedZoneId(stack, new(%q), new(%s))", v, w.ids.id(id, "Zone"), quote(zone.id))
	}
	if len(f.names) > 0 && certificates == "" {
		v := w.names.variable("certificate", "ACM")
		w.line("%s := awscertificatemanager.NewCertificate(stack, new(%q), &awscertificatemanager.CertificateProps{", v, w.ids.id("Certificate", "ACM"))
		w.line("DomainName: %s,", pointer(valueOf(f.names[0])))
		if len(f.names) > 1 {
			var others []value
			for _, name := range f.names[1:] {
				others = append(others, literal(name))
			}
			w.line("SubjectAlternativeNames: &[]*string{%s},", pointers(others))
		}
		switch {
		case len(zones) == 1 && !slices.ContainsFunc(f.names, func(name string) bool { return !f.inZone(name) }):
			w.line("Validation: awscertificatemanager.CertificateValidation_FromDns(%s),", zones[f.zones[0].id])
		case len(zones) > 0: // the others are validated by records that a person adds
			w.line("Validation: awscertificatemanager.CertificateValidation_FromDnsMultiZone(&map[string]awsroute53.IHostedZone{")
			for _, zone := range f.zones {
				for _, name := range zone.names {
					w.line("%s: %s,", hostCode(name), zones[zone.id])
				}
			}
			w.line("}),")
		default:
			w.line("Validation: awscertificatemanager.CertificateValidation_FromDns(nil),")
		}
		w.line("})")
		certificates = v
	}
	w.line("%s := webalb.NewLoadBalancer(stack, %q, &webalb.LoadBalancerProps{", name, id)
	if inVPC {
		w.line("VPC: vpc,")
	}
	if subnets != "" {
		w.line("VPCSubnets: %s,", subnets)
	}
	if f.private {
		w.line("Internal: true,")
	}
	if certificates != "" {
		w.line("Certificates: []awscertificatemanager.ICertificate{%s},", certificates)
	}
	if len(f.names) > 0 {
		if !strings.HasPrefix(f.names[0], "*") {
			w.line("DomainName: %s,", hostCode(f.names[0]))
		}
	}
	if f.redirectOff && certificates != "" {
		w.line("RedirectDisabled: true,")
	}
	w.line("})")
	made := map[string]bool{}
	for _, zone := range f.zones {
		for _, host := range zone.names {
			if made[host] {
				continue
			}
			made[host] = true
			w.line("awsroute53.NewARecord(stack, new(%q), &awsroute53.ARecordProps{", w.ids.id("DNS "+host, "Record"))
			w.line("Zone: %s,", zones[zone.id])
			w.line("RecordName: new(%s), // the dot says that it is the whole name", hostCode(host+"."))
			w.line("Target: awsroute53.RecordTarget_FromAlias(awsroute53targets.NewLoadBalancerTarget(%s.ALB, nil)),", name)
			w.line("})")
		}
	}
}

// secretsOf are the secrets of a service and its containers, made once each.
type secretsOf struct {
	w    *source
	made map[string]string // by what it is
}

// variable is the variable of a secret, which is made if it is not there yet.
func (m *secretsOf) variable(name string, s secret) string {
	what := fmt.Sprint(s.parameter, s.partial, s.name.golang(), s.arn.golang())
	if v := m.made[what]; v != "" {
		return v
	}
	short := name
	if text, ok := s.name.text(); ok {
		short = text[strings.LastIndexByte(text, '/')+1:]
		if len(words(short)) == 0 {
			short = name
		}
	}
	otherwise := "Secret"
	if s.parameter {
		otherwise = "Parameter"
	}
	v, id := m.w.names.variable(short, otherwise), m.w.ids.id(short, otherwise)
	m.made[what] = v
	switch {
	case s.parameter:
		m.w.line("%s := awsssm.StringParameter_FromSecureStringParameterAttributes(stack, new(%q), &awsssm.SecureStringParameterAttributes{", v, id)
		m.w.line("ParameterName: %s,", pointer(s.name))
		m.w.line("})")
	case s.arn != nil && s.partial:
		m.w.line("%s := awssecretsmanager.Secret_FromSecretPartialArn(stack, new(%q), %s)", v, id, pointer(s.arn))
	case s.arn != nil:
		m.w.line("%s := awssecretsmanager.Secret_FromSecretCompleteArn(stack, new(%q), %s)", v, id, pointer(s.arn))
	default:
		m.w.line("%s := awssecretsmanager.Secret_FromSecretNameV2(stack, new(%q), %s)", v, id, pointer(s.name))
	}
	return v
}

// web is a secret as the library takes it.
func (m *secretsOf) web(s secretVariable) string {
	v := m.variable(s.name, s.secret)
	if s.secret.parameter {
		return fmt.Sprintf("web.SSMParameter(%s)", v)
	}
	code := fmt.Sprintf("web.SecretsManager(%s, %s)", v, quote(s.secret.field))
	if s.secret.stage != "" {
		code += fmt.Sprintf(".WithStage(%s)", quote(s.secret.stage))
	} else if s.secret.version != "" {
		code += fmt.Sprintf(".WithVersion(%s)", quote(s.secret.version))
	}
	return code
}

// ecs is a secret as a container of the CDK takes it.
func (m *secretsOf) ecs(s secretVariable) string {
	v := m.variable(s.name, s.secret)
	switch {
	case s.secret.parameter:
		return fmt.Sprintf("awsecs.Secret_FromSsmParameter(%s)", v)
	case s.secret.stage != "" || s.secret.version != "":
		return fmt.Sprintf("awsecs.Secret_FromSecretsManagerVersion(%s, &awsecs.SecretVersionInfo{VersionId: new(%s), VersionStage: new(%s)}, new(%s))",
			v, quote(s.secret.version), quote(s.secret.stage), quote(s.secret.field))
	case s.secret.field != "":
		return fmt.Sprintf("awsecs.Secret_FromSecretsManager(%s, new(%s))", v, quote(s.secret.field))
	}
	return fmt.Sprintf("awsecs.Secret_FromSecretsManager(%s, nil)", v)
}

// code is an image as webimage makes it.
func (i image) code(hosting string) string {
	architecture := ""
	if i.arm64 {
		architecture = "Architecture: webimage.ARM64"
	}
	switch {
	case i.goDir != "":
		if architecture != "" {
			return fmt.Sprintf("webimage.Go(%q, &webimage.GoOptions{%s})", i.goDir, architecture)
		}
		return fmt.Sprintf("webimage.Go(%q, nil)", i.goDir)
	case i.uri != nil:
		options := []string{}
		if architecture != "" {
			options = append(options, architecture)
		}
		if i.adapter && hosting == lambdaHosting {
			options = append(options, "Adapter: webimage.OwnAdapter")
		}
		if len(options) > 0 {
			return fmt.Sprintf("webimage.URI(%s, &webimage.ExistingOptions{%s})", i.uri.golang(), strings.Join(options, ", "))
		}
		return fmt.Sprintf("webimage.URI(%s, nil)", i.uri.golang())
	}
	var options []string
	if i.file != "" {
		options = append(options, "File: "+quote(i.file))
	}
	if i.target != "" {
		options = append(options, "Target: "+quote(i.target))
	}
	if len(i.args) > 0 {
		options = append(options, "BuildArgs: "+mapOf("string", i.args))
	}
	if len(i.cacheFrom) > 0 {
		var caches []string
		for _, ref := range i.cacheFrom {
			caches = append(caches, fmt.Sprintf(`{Type: "registry", Params: map[string]string{"ref": %s}}`, quote(ref)))
		}
		options = append(options, "CacheFrom: []webimage.DockerCache{"+strings.Join(caches, ", ")+"}")
	}
	if architecture != "" {
		options = append(options, architecture)
	}
	if i.adapter {
		options = append(options, "Adapter: webimage.OwnAdapter")
	}
	dir := quote(cmp.Or(i.dir, "."))
	switch len(options) {
	case 0:
		return fmt.Sprintf("webimage.Dockerfile(%s, nil)", dir)
	case 1:
		return fmt.Sprintf("webimage.Dockerfile(%s, &webimage.DockerfileOptions{%s})", dir, options[0])
	}
	return fmt.Sprintf("webimage.Dockerfile(%s, &webimage.DockerfileOptions{\n%s,\n})", dir, strings.Join(options, ",\n"))
}

// mapOf is a map from names to strings.
func mapOf(of string, variables []variable) string {
	sorted := slices.Clone(variables)
	slices.SortStableFunc(sorted, func(a, b variable) int { return cmp.Compare(a.name, b.name) })
	var lines []string
	for _, v := range sorted {
		lines = append(lines, fmt.Sprintf("%s: %s", quote(v.name), v.value.golang()))
	}
	if len(lines) == 1 {
		return fmt.Sprintf("map[string]%s{%s}", of, lines[0])
	}
	return fmt.Sprintf("map[string]%s{\n%s,\n}", of, strings.Join(lines, ",\n"))
}

// pointerMap is a map as the CDK takes it.
func pointerMap(variables []variable) string {
	sorted := slices.Clone(variables)
	slices.SortStableFunc(sorted, func(a, b variable) int { return cmp.Compare(a.name, b.name) })
	var lines []string
	for _, v := range sorted {
		lines = append(lines, fmt.Sprintf("%s: %s", quote(v.name), pointer(v.value)))
	}
	if len(lines) == 1 {
		return fmt.Sprintf("&map[string]*string{%s}", lines[0])
	}
	return fmt.Sprintf("&map[string]*string{\n%s,\n}", strings.Join(lines, ",\n"))
}
