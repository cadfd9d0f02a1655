package importer

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/platform"
)

// The hostings, as --hosting names them.
const (
	apprunnerHosting = "apprunner"
	expressHosting   = "express"
	fargateHosting   = "fargate"
	lambdaHosting    = "lambda"
)

var hostings = []string{apprunnerHosting, expressHosting, fargateHosting, lambdaHosting}

// platforms are what each hosting promises.
var platforms = map[string]*platform.Platform{
	apprunnerHosting: &platform.AppRunner, expressHosting: &platform.ECSExpress, fargateHosting: &platform.Fargate,
	lambdaHosting: &platform.HTTPAPI,
}

// A suggestion says for a setting on which hostings it is, where notes about it stand, and what to do
// on the others.
type suggestion struct {
	on    []string
	place string
	todo  string
}

// advice has the suggestions by the names of settings.
var advice = map[string]suggestion{
	"cpu":                  {[]string{apprunnerHosting, expressHosting, fargateHosting}, atHosting, "CPU grows with MemorySize"},
	"memory":               {hostings, atHosting, ""},
	"count":                {[]string{apprunnerHosting, expressHosting, fargateHosting}, atHosting, "the hosting decides how many there are"},
	"instances":            {[]string{apprunnerHosting, expressHosting, fargateHosting}, atHosting, "the hosting decides how many there are"},
	"concurrency":          {[]string{apprunnerHosting}, atHosting, "a task takes as many requests as it can: tasks are added by CPU unless AutoScaling says else"},
	"scalingARN":           {[]string{apprunnerHosting}, atHosting, "look its numbers up with aws apprunner describe-auto-scaling-configuration, and set MinTaskCount and MaxTaskCount"},
	"spot":                 {[]string{fargateHosting}, atHosting, "there is no Spot: it costs the full price"},
	"autoscaling":          {[]string{fargateHosting, expressHosting}, atHosting, "the hosting scales by requests"},
	"response_time":        {[]string{fargateHosting}, atHosting, "the hosting scales by other things"},
	"entrypoint":           {[]string{fargateHosting}, atCommand, "set ENTRYPOINT in the Dockerfile"},
	"arm64":                {[]string{expressHosting, fargateHosting, lambdaHosting}, atImage, "build the image for x86-64"},
	"deregistration_delay": {[]string{fargateHosting}, atHosting, "the hosting has one of its own"},
	"stickiness":           {[]string{fargateHosting}, atHosting, "keep sessions in a table, or choose fargateweb.Hosting{Stickiness: …}"},
	"version":              {[]string{fargateHosting}, atHosting, "the server gets HTTP/1.1; choose fargateweb.Hosting{} for another"},
	"allowed_source_ips":   {[]string{fargateHosting}, atFront, "put a front with AllowFrom above the service: webfront.NewFront; docs/front.md says what each hosting can do itself"},
	"alias":                {[]string{fargateHosting}, atFront, "put a front with a Domain above the service: webfront.NewFront; see docs/front.md"},
	"zone":                 {[]string{fargateHosting}, atFront, "give it to the Domain of that front as its Zone"},
	"redirect":             {[]string{fargateHosting}, atFront, "clients come by HTTPS there"},
	"tls":                  {[]string{fargateHosting}, atPort, "the hosting speaks HTTP with the server, where Copilot's load balancer spoke HTTPS: let the server take HTTP at its port"},
	"alb":                  {[]string{fargateHosting}, atFront, "the hosting has an address of its own: choose fargateweb.Hosting{LoadBalancer: …} to go behind this load balancer"},
	"nlb":                  {[]string{fargateHosting}, atFront, "clients reach a server by HTTP only: choose fargateweb.Hosting{}, and make a network load balancer for its Service"},
	"taskdef_overrides":    {[]string{fargateHosting}, atHosting, "the hosting has no task definition: choose fargateweb.Hosting{}"},
	"rolling":              {[]string{fargateHosting}, atHosting, "the hosting has its own way to deploy, which keeps the old version until the new one responds"},
	"container_check":      {[]string{fargateHosting}, atHealthCheck, "no command runs in the container: the server is asked for HealthCheck.Path"},
	"health_port":          {[]string{fargateHosting, expressHosting}, atHealthCheck, "the hosting asks at the port of the service: let that respond"},
	"connect":              {[]string{fargateHosting}, atNetwork, "other services reach this one with UseService"},
	"no_tasks":             {[]string{fargateHosting, expressHosting}, atHosting, "the hosting decides how many there are"},
	"path":                 {[]string{fargateHosting}, atFront, "the server gets the requests for all paths; let it refuse the others, or choose fargateweb.Hosting{Paths: …}"},
	"private":              {[]string{fargateHosting}, atFront, everybody},
	"endpoint":             {nil, atFront, "clients in the VPC reach the load balancer itself: the endpoint is not needed"},
	"rules":                {[]string{fargateHosting}, atFront, "one service has one address: make a service of each, and put a load balancer of webalb or a front above them"},
	"subnets":              {hostings, atNetwork, ""},
	"groups":               {hostings, atNetwork, ""},
	"grace_period":         {[]string{fargateHosting}, atHosting, "the hosting waits by itself"},
	"exec":                 {[]string{fargateHosting}, atHosting, "look at the logs, or choose fargateweb.Hosting{EnableExecuteCommand: true}"},
	"disk":                 {[]string{fargateHosting}, atHosting, "the disk has the size that the hosting gives it"},
	"readonly_fs":          {[]string{fargateHosting}, atHosting, "the server may write to its disk there"},
	"retention":            {[]string{expressHosting, fargateHosting, lambdaHosting}, atHosting, "App Runner keeps logs until you set the retention of its log groups"},
	"rollback_alarms":      {[]string{fargateHosting}, atAfter, "choose fargateweb.Hosting{}, whose Service has EnableDeploymentAlarms"},
	"labels":               {[]string{fargateHosting}, atAfter, "write LABEL in the Dockerfile"},
	"depends_on":           {[]string{fargateHosting}, atTask, "the server must wait by itself"},
	"sidecars":             {[]string{fargateHosting}, atTask, "a server runs alone there: choose fargateweb.Hosting{TaskDefinition: …}"},
	"volumes":              {[]string{fargateHosting}, atTask, "a server has no volumes there: keep files in a bucket, or choose fargateweb.Hosting{TaskDefinition: …}"},
	"logging":              {[]string{fargateHosting}, atTask, "logs go to CloudWatch Logs: subscribe to the log group"},
	"tracing":              {[]string{apprunnerHosting, lambdaHosting}, atHosting, "there is no collector beside the server: let it send its traces itself, or add one as a sidecar with Hosting.TaskDefinition"},
	"timeout":              {[]string{lambdaHosting}, atHosting, "the hosting has a time of its own"},
	"ephemeral":            {[]string{lambdaHosting}, atHosting, "a task has 20 GiB of disk"},
	"reserved":             {[]string{lambdaHosting}, atHosting, "set MaxTaskCount or MaxSize"},
	"functionName":         {[]string{lambdaHosting}, atHosting, "set ServiceName"},
	"endpointKind":         {[]string{lambdaHosting}, atHosting, "the hosting has an address of its own"},
	"events":               {[]string{lambdaHosting}, atEvents, "only a function takes events: keep it on Lambda"},
	"jsonLogs":             {[]string{lambdaHosting}, atHosting, "let the server write its logs so"},
	"role":                 {[]string{apprunnerHosting}, atRole, "the role lets App Runner assume it and nobody else: the service has a new one, which needs the same permissions"},
	"functionRole":         {[]string{lambdaHosting}, atRole, "the role lets Lambda assume it and nobody else: the service has a new one, which needs the same permissions"},
	"functionKey":          {[]string{lambdaHosting}, atHosting, "keep what is secret in AWS Secrets Manager, and give it to the service with Workload.Secrets"},
	"accessRole":           {[]string{apprunnerHosting}, atImage, "the hosting makes a role that pulls the image"},
	"key":                  {[]string{apprunnerHosting}, atImage, "there is no copy of the image to encrypt: encrypt the repository"},
	"autoDeployments":      {[]string{apprunnerHosting}, atImage, "a new image needs a deployment: build it here with webimage, or deploy from the pipeline that pushes it"},
	"dualStack":            {[]string{apprunnerHosting}, atFront, "make a load balancer with webalb.LoadBalancerProps{DualStack: true} in a VPC with IPv6"},
}

// everybody is what to do about a service that was closed.
const everybody = "everybody reaches the service now: let the server check who calls before you deploy, or set Private or AllowFrom of web.ServiceProps"

// otherAdvice is what to do on one hosting that differs from the others.
var otherAdvice = map[string]map[string]string{
	"scalingARN":         {lambdaHosting: "Lambda adds environments by itself: set ReservedConcurrentExecutions if there has to be a limit"},
	"concurrency":        {lambdaHosting: "an environment of Lambda takes one request at a time"},
	"response_time":      {expressHosting: "set AutoScalingMetric and AutoScalingTargetValue to scale by something else"},
	"allowed_source_ips": {apprunnerHosting: "set WebACL of web.ServiceProps, or put a front with AllowFrom above the service: see docs/front.md"},
	"endpoint": {
		apprunnerHosting: "the stack makes one: set VPCEndpoint of apprunnerweb.Hosting to keep yours",
		lambdaHosting:    "the stack makes one for the REST API",
	},
	"exec":        {lambdaHosting: "no shell runs in a function: look at the logs, or choose fargateweb.Hosting{EnableExecuteCommand: true}"},
	"disk":        {lambdaHosting: "set EphemeralStorageSize: Lambda has 10,240 MB at most"},
	"readonly_fs": {lambdaHosting: "nothing but /tmp can be written there"},
	"tracing":     {expressHosting: "there is no collector beside the server: let it send its traces itself"},
	"timeout": {
		fargateHosting: "the load balancer waits 60 s for each byte: set IdleTimeout of webalb.LoadBalancerProps",
		expressHosting: "the load balancer waits 60 s for each byte", apprunnerHosting: "App Runner waits 2 min for a response",
	},
	"dualStack": {expressHosting: "the hosting chooses the addresses", lambdaHosting: "the hosting chooses the addresses"},
}

// instead is what to do about a setting that a hosting does not have.
func instead(setting, hosting string) string {
	return cmp.Or(otherAdvice[setting][hosting], advice[setting].todo)
}

// fit leaves out what the hosting of a service cannot do, with a note for each.
func (s *service) fit() {
	p := platforms[s.hosting]
	s.keepPrivate()
	var lacking []setting
	for _, set := range s.set {
		a, known := advice[set.name]
		if !known {
			panic("importer: no advice about " + set.name)
		}
		if !slices.Contains(a.on, s.hosting) && !s.able(set.name) {
			set.reset()
			lacking = append(lacking, set)
		}
	}
	// One line is about a field, with all below it: what it would be elsewhere does not matter.
	for _, set := range lacking {
		s.notes = slices.DeleteFunc(s.notes, func(n note) bool {
			if n.place == atFront && advice[set.name].place != atFront {
				return false // who may come in
			}
			return n.kind != unknown && n.file == set.node.file && (n.path == set.node.path && n.line == set.node.line || below(n.path, set.node.path))
		})
	}
	for i, set := range lacking {
		if !slices.ContainsFunc(lacking, func(other setting) bool {
			return other.name != "endpointKind" && below(set.node.path, other.node.path) && set.node.file == other.node.file
		}) &&
			!slices.ContainsFunc(lacking[:i], func(other setting) bool { return other.node.path == set.node.path && other.node.file == set.node.file }) {
			todo := instead(set.name, s.hosting)
			if set.name == "alias" && s.front.private {
				todo = "a private service has the address that AWS gives it, and a front cannot reach it"
			}
			s.add(missing, advice[set.name].place, set.node, fmt.Sprintf("has no equal on %s", p.ServiceName()), todo)
		}
	}
	s.fitCommand()
	s.fitSize(p)
	s.fitHealth(p.HealthCheck)
	s.fitVariables(p.Variables)
	if s.hosting == lambdaHosting {
		switch {
		case s.port < 1024 || s.port == 9001:
			todo := "the server must listen on the variable PORT, which is 8080 now"
			if s.port == httpsPort {
				todo += ", and take HTTP"
			}
			s.notes = slices.DeleteFunc(s.notes, func(n note) bool { return n.place == atPort && strings.HasSuffix(n.path, "image.port") })
			s.noteAbout("port", atPort, fmt.Sprintf("of %d cannot be on Lambda", s.port), todo)
			s.port = 0
		}
		if len(s.secrets) > 0 && s.image.dir == "" && s.image.goDir == "" {
			s.noteAbout("secrets", atSecrets, "need to know what the image starts on Lambda", "set EntryPoint and Cmd of webimage.ExistingOptions, then add them again")
			s.secrets = nil
		}
		if text, ok := s.image.uri.text(); ok && text != "" && !strings.Contains(text, ".dkr.ecr") {
			s.noteAbout("image", atImage, "must be in a private repository of ECR on Lambda", "copy it there; until then a stand-in is built")
			s.image = image{dir: goName(s.name)}
		}
	}
	if s.hosting != apprunnerHosting {
		s.connector = nil
	} else if s.connector != nil { // it has subnets and security groups
		s.inVPC, s.subnets, s.groups = s.front.private, nil, nil
	}
	if s.hosting == apprunnerHosting {
		if text, ok := s.image.uri.text(); ok && text != "" && !strings.Contains(text, ".dkr.ecr") && !strings.HasPrefix(text, "public.ecr.aws/") {
			s.noteAbout("image", atImage, "must be in ECR on App Runner", "copy it there; until then a stand-in is built")
			s.image = image{dir: goName(s.name)}
		}
		s.fitPull()
	}
	if s.protocol == "GRPC" && len(s.front.names) == 0 && len(s.front.certificates) == 0 {
		s.noteAbout("http.version", atFront, "needs HTTPS between clients and the load balancer for gRPC",
			"add an alias with a certificate; until then the load balancer speaks HTTP/1.1 to the server")
		s.http1()
		s.fitHealth(p.HealthCheck)
	}
}

// below reports whether a field is a part of another one. How long logs are kept has nothing to do
// with where else they go.
func below(path, other string) bool {
	rest, ok := strings.CutPrefix(overridden.ReplaceAllString(path, ""), overridden.ReplaceAllString(other, ""))
	return ok && rest != "" && (rest[0] == '.' || rest[0] == '[') && rest != ".retention"
}

// overridden is where an environment has its own fields.
var overridden = regexp.MustCompile(`^environments\.[^.]+\.`)

// fitPull leaves out how App Runner pulls an image and follows its tag, if the image is not of that
// kind.
func (s *service) fitPull() {
	text, _ := s.image.uri.text()
	registry, _, _ := strings.Cut(text, "/")
	account, _, inECR := strings.Cut(registry, ".dkr.ecr.")
	for _, set := range s.set {
		what := ""
		switch {
		case set.name != "autoDeployments" && set.name != "accessRole" || set.node.text() == "false":
			continue
		case s.image.uri == nil:
			what = "has no equal for an image that is built here"
		case strings.HasPrefix(text, "public.ecr.aws/"):
			what = "has no equal for an image that is not in a private repository of ECR"
		case set.name == "accessRole":
			continue
		case strings.Contains(text, "@"):
			what = "needs an image with a tag, which can move, and this one is named by its digest"
		case inECR && s.account != "" && account != s.account:
			what = "needs an image in the stack's own account"
		default:
			continue
		}
		set.reset()
		s.add(missing, atImage, set.node, what, advice[set.name].todo)
	}
}

// keepPrivate has a service that is not on the internet stay so on every hosting. On Fargate its load
// balancer is internal then. Its VPC is that of the clients.
func (s *service) keepPrivate() {
	i := slices.IndexFunc(s.set, func(set setting) bool { return set.name == "private" })
	if i < 0 || s.hosting != fargateHosting && !s.able("private") {
		return
	}
	at := s.set[i].node
	switch s.hosting {
	case fargateHosting:
		if at.text() == "false" {
			s.different(atFront, at, "became a load balancer that only the VPC reaches", "the service needs none for itself; let others call it with UseService")
		}
	case lambdaHosting:
		s.lambda.endpoint = "RESTAPI"
		s.different(atFront, at, "became a private REST API", "clients in the VPC reach it through an interface endpoint, "+
			"and its address has the stage in the path; the function is in the VPC too, and reaches the internet only through a NAT gateway")
	case expressHosting:
		if s.subnets = nil; s.placement == "public" {
			s.placement = ""
		}
		s.different(atFront, at, "became a load balancer that only the VPC reaches", "it is in private subnets, as the tasks are")
	case apprunnerHosting:
		if s.dualStack {
			s.dualStack = false
			s.noteAbout("IpAddressType", atFront, "is left out", "a Private service on App Runner has IPv4 addresses only")
		}
		if s.connector == nil && s.root.find("EgressType") == nil {
			s.different(atFront, at, "became Private", "the server is in that VPC too, and reaches the internet only through a NAT gateway")
		}
	}
}

// able reports whether a hosting other than Fargate can do what the service's own front does.
func (s *service) able(setting string) bool {
	p := platforms[s.hosting]
	switch setting {
	case "private":
		return s.hosting != fargateHosting && s.front.private && s.inVPC
	case "alias", "zone":
		return p.Domain.Can && s.domain() && !(s.hosting == lambdaHosting && s.front.private)
	case "allowed_source_ips":
		return p.AllowFrom.Can && s.hosting != apprunnerHosting && s.allowFrom() && (s.hosting != lambdaHosting || s.image.uri == nil)
	}
	return false
}

// domain reports whether the names of a service are one that web.Domain takes.
func (s *service) domain() bool {
	return len(s.front.names) == 1 && !strings.HasPrefix(s.front.names[0], "*") && len(s.front.names[0]) <= 64 && !s.front.redirectOff
}

// allowFrom reports whether the addresses of clients are the service's alone, and not of one rule of
// several.
func (s *service) allowFrom() bool {
	return len(s.front.sources) > 0 && len(s.front.sources) <= 20 && (len(s.rules) == 0 || s.hosting != fargateHosting) && len(s.front.names) < 2 &&
		!slices.ContainsFunc(s.front.sources, func(source string) bool {
			prefix, err := netip.ParsePrefix(source)
			return err != nil || !prefix.Addr().Is4() || prefix != prefix.Masked()
		})
}

// noteAbout adds a note about a part of the description that is known by its name only.
func (s *service) noteAbout(path, place, what, todo string) {
	n := note{kind: missing, place: place, file: s.file, line: s.lineOf(path), path: path, what: what, todo: todo}
	if !slices.Contains(s.notes, n) { // a program is written twice
		s.notes = append(s.notes, n)
	}
}

// lineOf is where a field of a name stands: if it has several parts, the last one that is there, and
// if nothing is, where the description starts.
func (s *service) lineOf(path string) int {
	for _, name := range [][2]string{
		{"variables.", "RuntimeEnvironmentVariables."}, {"secrets.", "RuntimeEnvironmentSecrets."}, {"healthcheck", "HealthCheckConfiguration"},
	} { // of App Runner
		if rest, ok := strings.CutPrefix(path, name[0]); ok {
			if found := s.root.find(name[1] + rest); found != nil && found != s.root {
				return found.line
			}
		}
	}
	first, rest, _ := strings.Cut(path, ".")
	if first == "variables" && s.root.find(path) == s.root.find(first) {
		first = "env_file"
	}
	for _, name := range []string{path, first, rest, rest[strings.LastIndexByte(rest, '.')+1:]} {
		if found := s.root.find(name); found != nil && found != s.root {
			return found.line
		}
	}
	return s.root.lineOr(0)
}

// appRunnerWord is what App Runner takes as a word of a command.
var appRunnerWord = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// fitCommand leaves out a command that the hosting cannot split into its words.
func (s *service) fitCommand() {
	if s.hosting != apprunnerHosting {
		return
	}
	for _, word := range s.command {
		if text, ok := word.text(); ok && !appRunnerWord.MatchString(text) {
			s.noteAbout("command", atCommand, "has no equal on App Runner", fmt.Sprintf("it splits a command at spaces, and %s is one word: write CMD in the Dockerfile", strconv.Quote(text)))
			s.command = nil
			return
		}
	}
}

// fitSize makes CPU and memory a pair that is sold.
func (s *service) fitSize(p *platform.Platform) {
	if s.hosting == lambdaHosting {
		if s.lambda.memory == 0 && s.memory > 0 {
			s.lambda.memory = min(max(s.memory, 128), 10240)
		}
		s.cpu, s.memory = 0, 0
		return
	}
	for _, size := range p.Sizes.Pairs {
		if size.CPU == s.cpu && slices.Contains(size.Memory, s.memory) {
			return
		}
	}
	if s.cpu == 0 && s.memory == 0 {
		return
	}
	cpu, memory := s.cpu, s.memory
	s.cpu, s.memory = 0, 0
	for _, size := range p.Sizes.Pairs { // the smallest that has both
		for _, m := range size.Memory {
			if size.CPU >= cpu && m >= memory && (s.cpu == 0 || size.CPU < s.cpu) {
				s.cpu, s.memory = size.CPU, m
			}
		}
	}
	if cpu > 0 {
		became := fmt.Sprintf("became %d and %d MiB", s.cpu, s.memory)
		if s.cpu == 0 {
			became = "became the default"
		}
		s.notes = append(s.notes, note{kind: different, place: atHosting, file: s.file, line: s.lineOf(sizeField(s.root)), path: "cpu and memory",
			value: fmt.Sprintf("%d and %d", cpu, memory), what: became, todo: fmt.Sprintf("%s sells only some pairs of CPU and memory", p.ServiceName())})
	}
}

// fitHealth leaves out what the hosting does not take of a health check.
func (s *service) fitHealth(p platform.HealthCheck) {
	h := s.health
	about := func(field, got, todo string) {
		s.notes = append(s.notes, note{kind: missing, place: atHealthCheck, file: s.file, line: s.lineOf(s.healthField() + "." + field), path: "healthcheck." + field, value: got,
			what: "is left out", todo: todo})
	}
	if h.path != "" && (!strings.HasPrefix(h.path, "/") || len(h.path) > 1024 || strings.ContainsFunc(h.path, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune("\"#<>\\^`{|}", r)
	})) {
		about("path", h.path, "a path starts with a slash, and is as it stands in a request, of at most 1,024 characters")
		h.path = ""
	}
	switch {
	case h.codes == "":
	case !p.StatusCodes:
		about("success_codes", h.codes, "the response must have status 200 there")
		h.codes = ""
	case !codes(h.codes):
		about("success_codes", h.codes, "must be codes of 200 to 499, such as 200,204 or 200-299")
		h.codes = ""
	}
	if h.codes != "" && h.path == "" {
		h.codes = ""
	}
	for _, time := range []struct {
		field string
		got   *time.Duration
		may   platform.Times
	}{{"interval", &h.interval, p.Interval}, {"timeout", &h.timeout, p.Timeout}} {
		switch {
		case *time.got == 0:
		case time.may.Most == 0:
			about(time.field, short(*time.got), "the hosting has times of its own")
			*time.got = 0
		case *time.got < time.may.Least || *time.got > time.may.Most:
			about(time.field, short(*time.got), fmt.Sprintf("it may be %s to %s here", short(time.may.Least), short(time.may.Most)))
			*time.got = 0
		}
	}
	if interval := h.interval; h.timeout != 0 {
		if interval == 0 {
			interval = p.Interval.Default
		}
		if longest := p.LongestTimeout(interval); h.timeout > longest {
			about("timeout", short(h.timeout), fmt.Sprintf("with an interval of %s it may be %s at most", short(interval), short(longest)))
			h.timeout = 0
		}
	}
	for _, count := range []struct {
		field string
		got   *int
		may   platform.Counts
	}{{"healthy_threshold", &h.healthy, p.HealthyThreshold}, {"unhealthy_threshold", &h.unhealthy, p.UnhealthyThreshold}} {
		switch {
		case *count.got == 0:
		case count.may.Most == 0:
			about(count.field, fmt.Sprint(*count.got), "the hosting has a number of its own")
			*count.got = 0
		case *count.got < count.may.Least || *count.got > count.may.Most:
			about(count.field, fmt.Sprint(*count.got), fmt.Sprintf("it may be %d to %d here", count.may.Least, count.may.Most))
			*count.got = 0
		}
	}
	if s.hosting == expressHosting && h.path == "" {
		s.notes = append(s.notes, note{kind: different, place: atHealthCheck, file: s.file, line: s.lineOf(s.healthField()), path: "healthcheck",
			what: "asks for / now, and needs status 200", todo: "set HealthCheck.Path to one whose response always has that"})
	}
	s.health = h
}

// healthField is the field of the health check by which clients' requests are decided.
func (s *service) healthField() string {
	if s.root.find("http") != nil { // of Copilot, where the image has one too
		return "http.healthcheck"
	}
	return "healthcheck"
}

// sizeField is the field that a note about the size stands at.
func sizeField(root *node) string {
	for _, name := range []string{"cpu", "memory", "memorysize"} {
		if root.find(name) != nil {
			return name
		}
	}
	return "cpu"
}

// codes reports whether statuses are as web.HealthCheck takes them: 200, 200,204 or 200-299, of 200
// to 499.
func codes(text string) bool {
	valid := func(code string) bool { return len(code) == 3 && code >= "200" && code <= "499" }
	if first, last, ok := strings.Cut(text, "-"); ok {
		return valid(first) && valid(last) && first <= last
	}
	for _, code := range strings.Split(text, ",") {
		if !valid(code) {
			return false
		}
	}
	return true
}

// adapterNames are settings of AWS Lambda Web Adapter by their older names.
var adapterNames = map[string]string{
	"READINESS_CHECK_PATH": "AWS_LWA_READINESS_CHECK_PATH", "READINESS_CHECK_PORT": "AWS_LWA_READINESS_CHECK_PORT",
	"READINESS_CHECK_PROTOCOL":             "AWS_LWA_READINESS_CHECK_PROTOCOL",
	"READINESS_CHECK_MIN_UNHEALTHY_STATUS": "AWS_LWA_READINESS_CHECK_MIN_UNHEALTHY_STATUS",
	"ASYNC_INIT":                           "AWS_LWA_ASYNC_INIT", "REMOVE_BASE_PATH": "AWS_LWA_REMOVE_BASE_PATH",
}

// withoutAdapter is what to do about settings of the adapter where there is none.
var withoutAdapter = map[string]string{
	"AWS_LWA_REMOVE_BASE_PATH":     "nobody takes the base path away: the server must expect it in the path, or clients must leave it out",
	"AWS_LWA_ENABLE_TLS":           "the hosting speaks HTTP with the server: let it take HTTP at its port",
	"AWS_LWA_ENABLE_COMPRESSION":   "let the server compress its responses, or put a front above it: see docs/front.md",
	"AWS_LWA_AUTHORIZATION_SOURCE": "clients' header Authorization arrives as it is: let the server look there",
}

// fitVariables leaves out variables that the hosting has itself.
func (s *service) fitVariables(rules platform.Variables) {
	bad := func(name, place string) bool {
		path := map[string]string{atEnvironment: "variables.", atSecrets: "secrets."}[place] + name
		todo := ""
		switch {
		case name == "PORT":
			todo = "it is the service's port: set Workload.Port instead"
		case name == "" || strings.ContainsFunc(name, func(r rune) bool { return r == '=' || r <= ' ' || r == 0x7f || r > 0x7e }):
			todo = "a name has no '=', white space and invisible characters"
		case rules.IsReserved(name):
			todo = "the hosting sets it itself: choose another name"
		case rules.Name != nil && !rules.Name.MatchString(name):
			todo = "a name must be of " + rules.NameWords
		case strings.HasPrefix(name, "CDKWEB_SECRET_"):
			todo = "the adapter has variables of this name: choose another"
		case s.hosting == lambdaHosting && adapterNames[name] != "":
			todo = fmt.Sprintf("write %s, the newer name", adapterNames[name])
		default:
			return false
		}
		s.notes = append(s.notes, note{kind: missing, place: place, file: s.file, line: s.lineOf(path), path: path, what: "is left out", todo: todo})
		return true
	}
	s.variables = slices.DeleteFunc(s.variables, func(v variable) bool {
		text, ok := v.value.text()
		return v.name == "PORT" && ok && text == fmt.Sprint(s.port) || bad(v.name, atEnvironment) // each hosting sets PORT
	})
	s.secrets = slices.DeleteFunc(s.secrets, func(v secretVariable) bool { return bad(v.name, atSecrets) })
	s.secrets = slices.DeleteFunc(s.secrets, func(secret secretVariable) bool {
		if !slices.ContainsFunc(s.variables, func(v variable) bool { return v.name == secret.name }) {
			return false
		}
		s.notes = append(s.notes, note{kind: missing, place: atSecrets, file: s.file, line: s.lineOf("secrets." + secret.name), path: "secrets." + secret.name, what: "is left out",
			todo: "it is a variable, too: a name has one value"})
		return true
	})
}
