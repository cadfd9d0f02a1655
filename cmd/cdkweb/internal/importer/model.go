package importer

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The places of a service that notes stand at: the fields of what is written in Go.
const (
	atImage       = "Image"
	atPort        = "Port"
	atCommand     = "Command"
	atEnvironment = "Environment"
	atSecrets     = "Secrets"
	atHealthCheck = "HealthCheck"
	atRole        = "Role"
	atNetwork     = "VPC"
	atHosting     = "Hosting"
	atFront       = "LoadBalancer" // what clients reach the service by
	atTask        = "Task"         // the other containers and the volumes of its task
	atTopics      = "Topics"
	atEvents      = "Events"
	atAfter       = "After" // what is below the service
	atStack       = "Stack" // the environment
)

// The kinds of notes.
const (
	missing   = "missing"   // it has no equal
	different = "different" // it became something else
	unknown   = "unknown"   // nobody knows the field
	hidden    = "hidden"    // the manifest itself overrides it
)

// A note says what became of a field that has no exact equal, and what to do.
type note struct {
	kind  string
	place string
	file  string
	line  int
	path  string
	value string
	what  string
	todo  string
}

// where is a note's field with its file and line.
func (n note) where() string {
	if n.line == 0 {
		return n.file
	}
	return fmt.Sprintf("%s:%d", n.file, n.line)
}

// subject is the field with its value, if it is short.
func (n note) subject() string {
	text := n.path
	if value := strings.Join(strings.Fields(n.value), " "); value != "" {
		if runes := []rune(value); len(runes) > maxShown {
			value = string(runes[:maxShown]) + "…"
		}
		text += ": " + value
	}
	return text
}

const maxShown = 160

// A notebook keeps the notes of an environment or a service.
type notebook struct{ notes []note }

// add notes what became of a value, with all below it.
func (b *notebook) add(kind, place string, n *node, what, todo string) {
	n.take()
	entry := note{kind: kind, place: place, what: what, todo: todo}
	if n != nil {
		entry.file, entry.line, entry.path, entry.value = n.file, n.line, n.path, n.text()
	}
	b.notes = append(b.notes, entry)
}

// missing notes a field without an equal.
func (b *notebook) missing(place string, n *node, todo string) {
	if n != nil {
		b.add(missing, place, n, "has no equal", todo)
	}
}

// different notes a field that became something else.
func (b *notebook) different(place string, n *node, what, todo string) {
	b.add(different, place, n, what, todo)
}

// wrong notes a value that the field does not take.
func (b *notebook) wrong(place string, n *node, must string) {
	b.add(missing, place, n, "is left out", "must be "+must)
}

// at are the notes of a place.
func (b *notebook) at(place string) []note {
	var found []note
	for _, note := range b.notes {
		if note.place == place {
			found = append(found, note)
		}
	}
	slices.SortStableFunc(found, func(a, b note) int {
		if a.file != b.file {
			return strings.Compare(a.file, b.file)
		}
		return a.line - b.line
	})
	return found
}

// A value is a string of the program: text, and expressions that make text.
type value []part

type part struct{ text, code string }

func literal(text string) value { return value{{text: text}} }

func expression(code string) value { return value{{code: code}} }

// text is the value if it is nothing but text.
func (v value) text() (string, bool) {
	var all strings.Builder
	for _, part := range v {
		if part.code != "" {
			return "", false
		}
		all.WriteString(part.text)
	}
	return all.String(), true
}

// golang is the value as an expression of type string.
func (v value) golang() string {
	var parts []string
	text := ""
	flush := func() {
		if text != "" {
			parts = append(parts, quote(text))
		}
		text = ""
	}
	for _, part := range v {
		if part.code != "" {
			flush()
			parts = append(parts, part.code)
		}
		text += part.text
	}
	flush()
	if len(parts) == 0 {
		return `""`
	}
	return strings.Join(parts, " + ")
}

// quote is a string as a person would write it.
func quote(text string) string {
	if strings.ContainsAny(text, "\"\\") && strconv.CanBackquote(text) && inLine("|"+text+"|") == "|"+text+"|" {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// An app is what an import found, whatever it was imported from.
type app struct {
	from         string // "AWS Copilot"
	name         string // of the application
	environments []*environment
	notebook            // what belongs to no environment
	files        []file // beside the program
	text         string // of the program, once it is written
	apart        bool   // each environment has all of its function, as a test compares
}

type file struct{ name, content string }

// An environment is a stack of its own.
type environment struct {
	name           string
	v              string // its function in the program
	stack          string // its name
	description    string
	account        string
	region         string
	network        *network
	certificates   []value // of its load balancer
	certificatesAt *node
	cidr           string   // of the VPC that Copilot made
	sources        []string // addresses of all clients
	sourcesAt      *node
	shared         *front // the load balancer that its services share
	services       []*service
	queues         []*queue
	tags           []variable
	outputs        []output
	notebook
}

// A network is a VPC that exists.
type network struct {
	vpc             value
	public, private []value // ids of subnets
	lists           bool    // public and private are each one list that another stack exports
	group           value   // the environment's own security group
	clients         bool    // a private service is in it
	cidr            string  // its addresses, if they are known
}

type queue struct {
	id, name string // in the template, and in the program
	props    []string
}

type output struct {
	name, description, code string
	own                     bool // nobody asked for it
}

// A service is one server.
type service struct {
	name string // as in the manifest
	kind string // as in the manifest
	id   string // in the tree
	v    string // its variable in the program
	file string

	root    *node  // what describes it
	named   bool   // id and v are given
	account string // of the stack, if it is known

	logGroup, logs string // variables of the log group, and of the driver of a log router

	hosting string
	why     string // the hosting was chosen

	image       image
	port        int
	command     []value
	entryPoint  []value
	variables   []variable
	secrets     []secretVariable
	health      health
	cpu, memory int // units, and MiB
	least, most int // tasks
	concurrency int
	spot        bool
	spotFrom    int
	metrics     []metric
	response    *metric // the time that the load balancer measures

	front           front
	alone           bool // its load balancer is its own
	rules           []rule
	hosts           []string    // of the service's own rule
	parts           []condition // of the service's own rule
	stickiness      bool
	tls             bool   // the load balancer speaks HTTPS with the server
	protocol        string // of the load balancer's requests: GRPC, HTTP2
	grpcCodes       string // of a health check of gRPC
	deregister      time.Duration
	grace           time.Duration
	exec            bool
	disk            int
	readOnly        bool
	retention       int
	rollbackAlarms  []value
	labels          []variable
	dependsOn       []dependency
	tracing         bool
	name2           string // the name that AWS knows it by
	placement       string // public or private
	subnets         []value
	groups          []value
	inVPC           bool
	onlyClients     bool // it is in the VPC because its clients are
	connector       value
	scalingARN      value
	roleARN         value
	accessRoleARN   value
	keyARN          value
	autoDeployments bool
	dualStack       bool

	topics   []topic
	tables   []storage
	sidecars []container
	volumes  []volume
	mounts   []mount
	logging  *logging
	tags     []variable

	lambda lambdaOptions

	set []setting // what was set, so that a hosting that cannot do it says so
	notebook
}

// A setting is a field of the manifest that not every hosting has.
type setting struct {
	name  string
	node  *node
	reset func()
}

type image struct {
	dir, file, target string
	args              []variable
	cacheFrom         []string
	uri               value
	goDir             string
	arm64             bool
	adapter           bool // the image brings one
	known             bool // the folder is there
}

type variable struct {
	name  string
	value value
}

// A secretVariable is a variable whose value is a secret.
type secretVariable struct {
	name   string
	secret secret
}

// A secret is where it is kept.
type secret struct {
	parameter      bool  // of Systems Manager, else a secret of Secrets Manager
	name, arn      value // one of both
	partial        bool  // the ARN lacks the six characters that AWS adds
	field          string
	stage, version string
}

type health struct {
	path               string
	codes              string
	interval, timeout  time.Duration
	healthy, unhealthy int
	port               int // of a rule to another container; 0 is the port of the requests
}

type metric struct {
	metric  string // AverageCPU, AverageMemory, RequestCountPerTarget
	target  int
	seconds float64
	in, out time.Duration
}

// A front is how clients reach a service.
type front struct {
	names        []string // of hosts
	zones        []zone
	certificates []value
	paths        []string
	sources      []string // addresses of clients
	private      bool
	redirectOff  bool
}

// A zone is a hosted zone of Route 53, with the names that are to be made in it.
type zone struct {
	id    string
	names []string
}

// A rule is one more rule of the load balancer.
type rule struct {
	node       *node
	id         string
	paths      []string
	hosts      []string
	sources    []string
	container  string // empty: the service's own
	port       int
	protocol   string
	grpcCodes  string
	health     health
	deregister time.Duration
	stickiness bool
	main       bool // it stands for the service's own rule
	parts      []condition
}

type topic struct {
	name          string
	v, id         string
	fifo          bool
	deduplication bool
}

// A storage is a table or a bucket with a name that is known.
type storage struct {
	kind     string // table, bucket
	id, v    string
	name     value
	variable string
}

type dependency struct{ container, condition string }

// A container is a sidecar.
type container struct {
	name        string
	v           string
	image       image
	port        int
	udp         bool
	optional    bool // not essential
	credentials value
	variables   []variable
	secrets     []secretVariable
	mounts      []mount
	labels      []variable
	dependsOn   []dependency
	command     []value
	entryPoint  []value
	check       *containerCheck
}

type containerCheck struct {
	command                        []string
	interval, timeout, startPeriod time.Duration
	retries                        int
}

type volume struct {
	name                 string
	efs                  bool
	fileSystem           value
	rootDir, accessPoint string
	iam                  bool
}

type mount struct {
	volume, path string
	readOnly     bool
}

// A logging is a router of logs beside the server.
type logging struct {
	image         string
	options       []variable
	secretOptions []secretVariable
	variables     []variable
	secrets       []secretVariable
	metadataOff   bool
	configFile    string
}

// lambdaOptions are what only a function has.
type lambdaOptions struct {
	endpoint     string // HTTPAPI, RESTAPI, FunctionURL, NoEndpoint
	iamAuth      bool
	authorizer   string // in Go
	scopes       []string
	cors         string // fields in Go
	rate, burst  int
	routeMetrics bool
	apiTracing   bool
	apiID        string   // in the template
	paths        []string // of its events at the API
	keyARN       value    // of the key that encrypts variables
	noAddress    bool     // only the domain leads to the API
	streaming    bool
	stage        string
	memory       int
	timeout      time.Duration
	disk         int
	concurrency  int
	tracing      bool
	functionName string
	jsonLogs     bool
	appLevel     string
	systemLevel  string
	policies     []string // Go statements
	events       []string // Go statements
}

// inCopilotsVPC is what becomes of a service that is in a VPC of Copilot's.
const inCopilotsVPC = "is in the VPC that Copilot made for the environment"

// public undoes that a service is private.
func (s *service) public() {
	s.front.private = false
	if s.onlyClients {
		s.inVPC, s.groups = false, nil
		s.notes = slices.DeleteFunc(s.notes, func(n note) bool { return n.what == inCopilotsVPC })
	}
}

// took notes that a field was set that not every hosting has.
func (s *service) took(name string, n *node, reset func()) {
	n.take()
	s.set = append(s.set, setting{name, n, reset})
}

// lacks notes a field that even Fargate does not have. On another hosting, its advice counts.
func (s *service) lacks(name, place string, n *node, todo string) {
	if n != nil {
		s.missing(place, n, todo)
		s.set = append(s.set, setting{name, n, func() {}})
	}
}
