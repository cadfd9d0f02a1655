package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// service is a hosting that runs the image as a container and that no emulator has.
type service struct {
	name    string
	context string // in the words of integ/app
	kind    string // of its resource
	read    func(properties json.RawMessage) (*description, error)
}

var services = []service{
	{"App Runner", "apprunner", "AWS::AppRunner::Service", readAppRunner},
	{"ECS Express Mode", "ecs", "AWS::ECS::ExpressGatewayService", readECS},
}

// description is what a template says about the container. Values may be functions of the template.
type description struct {
	image       any
	port        int
	command     []string
	environment map[string]any
	memory      int // MiB
	role        any // of the running code
	principal   string
	check       healthCheck // what the template says, or where it says nothing, one try a second
}

// healthCheck is how a hosting finds out whether the server responds.
type healthCheck struct {
	path      string
	codes     string // of good responses: "200,204" or "200-299"
	interval  time.Duration
	timeout   time.Duration
	healthy   int // good checks in a row
	unhealthy int // bad checks in a row
}

func readAppRunner(properties json.RawMessage) (*description, error) {
	var p struct {
		SourceConfiguration struct {
			ImageRepository struct {
				ImageIdentifier    any
				ImageConfiguration struct {
					Port                        int `json:",string"`
					StartCommand                string
					RuntimeEnvironmentVariables []variable
				}
			}
		}
		InstanceConfiguration struct {
			Memory          int `json:",string"`
			InstanceRoleArn any
		}
		HealthCheckConfiguration struct {
			Protocol, Path                                          string
			Interval, Timeout, HealthyThreshold, UnhealthyThreshold int
		}
	}
	if err := json.Unmarshal(properties, &p); err != nil {
		return nil, err
	}
	image, check := p.SourceConfiguration.ImageRepository, p.HealthCheckConfiguration
	if check.Protocol != "HTTP" {
		return nil, fmt.Errorf("the health check is by %s, want HTTP", check.Protocol)
	}
	return &description{
		image:       image.ImageIdentifier,
		port:        image.ImageConfiguration.Port,
		command:     strings.Fields(image.ImageConfiguration.StartCommand),
		environment: variables(image.ImageConfiguration.RuntimeEnvironmentVariables),
		memory:      p.InstanceConfiguration.Memory,
		role:        p.InstanceConfiguration.InstanceRoleArn,
		principal:   "tasks.apprunner.amazonaws.com",
		check: healthCheck{
			path:      check.Path,
			codes:     "200",
			interval:  time.Duration(check.Interval) * time.Second,
			timeout:   time.Duration(check.Timeout) * time.Second,
			healthy:   check.HealthyThreshold,
			unhealthy: check.UnhealthyThreshold,
		},
	}, nil
}

func readECS(properties json.RawMessage) (*description, error) {
	var p struct {
		Memory           int `json:",string"`
		TaskRoleArn      any
		HealthCheckPath  string
		PrimaryContainer struct {
			Image         any
			ContainerPort int
			Command       []string
			Environment   []variable
		}
	}
	if err := json.Unmarshal(properties, &p); err != nil {
		return nil, err
	}
	return &description{
		image:       p.PrimaryContainer.Image,
		port:        p.PrimaryContainer.ContainerPort,
		command:     p.PrimaryContainer.Command,
		environment: variables(p.PrimaryContainer.Environment),
		memory:      p.Memory,
		role:        p.TaskRoleArn,
		principal:   "ecs-tasks.amazonaws.com",
		check: healthCheck{
			path:      p.HealthCheckPath,
			codes:     "200",
			interval:  time.Second, // the template has nothing of all this
			timeout:   2 * time.Second,
			healthy:   2,
			unhealthy: 10,
		},
	}, nil
}

type variable struct {
	Name  string
	Value any
}

func variables(list []variable) map[string]any {
	all := map[string]any{}
	for _, v := range list {
		all[v.Name] = v.Value
	}
	return all
}

// TestContainers plays the hostings that no emulator has: everything but the service itself is
// deployed, and the container is run with exactly what the template says of it.
func TestContainers(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	for _, on := range services {
		t.Run(on.name, func(t *testing.T) {
			t.Parallel()
			try(t, "the emulator refuses the service", func() (string, error) {
				d, err := l.guestbook("Tripwire-"+on.context, "hosting="+on.context)
				if err != nil {
					return "", err
				}
				refusal := "Unrecognized resource types: [" + on.kind + "]"
				err = d.deploy("--app", d.assembly)
				if err == nil {
					return "", errors.Join(fmt.Errorf("%s is deployed: the emulator has it now, so these steps can ask the real thing", on.kind), d.destroy())
				}
				if !strings.Contains(err.Error(), refusal) {
					return "", fmt.Errorf("another error than %q: %w", refusal, err)
				}
				return refusal, nil
			})
			var d *deployment
			do(t, "deploy all but the service", func() (note string, err error) {
				if d, err = l.deployWithoutServices("On-"+on.context, on.context); err != nil {
					return "", err
				}
				names, err := d.physical()
				return fmt.Sprintf("%d resources", len(names)), err
			})
			try(t, "the container that the template describes", func() (string, error) { return l.live(d, on) })
			do(t, "cdk destroy", func() (string, error) { return "", d.destroy() })
		})
	}
}

// deployWithoutServices deploys the guestbook but for the resources that the emulator refuses, and
// keeps what the template says about their containers.
func (l *lab) deployWithoutServices(stack, hosting string) (*deployment, error) {
	d, err := l.guestbook(stack, "hosting="+hosting)
	if err != nil {
		return nil, err
	}
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	d.described = map[string]*description{}
	for _, r := range t.Resources {
		for _, on := range services {
			if r.Type != on.kind {
				continue
			}
			if d.described[on.kind], err = on.read(r.Properties); err != nil {
				return nil, fmt.Errorf("%s: %w", on.kind, err)
			}
			if err := d.without(on.kind); err != nil {
				return nil, err
			}
		}
	}
	if len(d.described) == 0 {
		return nil, fmt.Errorf("the template of %s has none of the resources that were to be left out", hosting)
	}
	return d, d.deployAndWait()
}

// startContainer runs the container of a stack that is deployed without its service, as that
// service would.
func (l *lab) startContainer(d *deployment, on service) (*container, error) {
	say := d.described[on.kind]
	if say == nil {
		return nil, fmt.Errorf("the template has no %s", on.kind)
	}
	names, err := d.physical()
	if err != nil {
		return nil, err
	}
	image, err := resolve(say.image, names)
	if err != nil {
		return nil, err
	}
	role, err := resolve(say.role, names)
	if err != nil {
		return nil, err
	}
	credentials, err := l.emulator.assume(role, say.principal)
	if err != nil {
		return nil, err
	}
	options := []string{"--restart", "always", "--memory", fmt.Sprintf("%dm", say.memory), "--add-host", "host.docker.internal:host-gateway",
		"--env", "AWS_ENDPOINT_URL=http://host.docker.internal:80", "--env", "AWS_REGION=" + region}
	for _, variable := range credentials {
		options = append(options, "--env", variable)
	}
	for name, value := range say.environment {
		text, err := resolve(value, names)
		if err != nil {
			return nil, err
		}
		options = append(options, "--env", name+"="+text)
	}
	return l.docker.start(image, say.port, options, say.command...)
}

// live runs the container, visits it, has it fail, and wants it back.
func (l *lab) live(d *deployment, on service) (note string, err error) {
	c, err := l.startContainer(d, on)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.remove()) }()
	say, s := d.described[on.kind], newSite("http://"+c.address, nil)
	first, err := say.check.becomesHealthy(s)
	if err != nil {
		return "", err
	}
	checks := l.guestbookChecks()
	if err := s.visit(checks); err != nil {
		return "", err
	}
	for _, page := range []string{"/panic", "/exit"} {
		if a, err := s.get(page); err == nil {
			return "", fmt.Errorf("%s has a response, with status %d", page, a.status)
		}
	}
	second, err := say.check.becomesHealthy(s)
	if err != nil {
		return "", fmt.Errorf("after /exit: %w", err)
	}
	a, err := s.get("/")
	if err := want(a, err, 200, "Åse Ny"); err != nil {
		return "", fmt.Errorf("the entries are gone after /exit: %w", err)
	}
	restarts, err := c.docker.run("inspect", "--format", "{{.RestartCount}}", c.id)
	if err != nil {
		return "", err
	}
	if restarts != "1" {
		return "", fmt.Errorf("restarted %s times, want once", restarts)
	}
	return fmt.Sprintf("%s, /panic, /exit; healthy at check %d, after the restart at check %d", names(checks), first, second), nil
}

// becomesHealthy checks as often and as patiently as it says, and returns the number of the check
// that made the site healthy. Until the first response it is more patient, as a busy machine takes
// its time to start a container.
func (c healthCheck) becomesHealthy(s *site) (int, error) {
	client := &http.Client{Timeout: c.timeout, CheckRedirect: s.client.CheckRedirect}
	good, bad := 0, 0
	starting, end := true, time.Now().Add(patience)
	for n := 1; ; n++ {
		response, err := client.Get(s.url + c.path)
		if err == nil {
			starting = false
			response.Body.Close()
			if !c.isGood(response.StatusCode) {
				err = fmt.Errorf("status %d", response.StatusCode)
			}
		}
		if err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		if good >= c.healthy {
			return n, nil
		}
		if bad >= c.unhealthy && (!starting || time.Now().After(end)) {
			return n, fmt.Errorf("unhealthy after %d checks: %w", n, err)
		}
		time.Sleep(c.interval)
	}
}

func (c healthCheck) isGood(status int) bool {
	for part := range strings.SplitSeq(c.codes, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		least, err := strconv.Atoi(from)
		most, wrong := strconv.Atoi(to)
		if err == nil && wrong == nil && least <= status && status <= most {
			return true
		}
	}
	return false
}

// resolve works out a template's value: a text, or one of the functions that the CDK writes.
func resolve(value any, names map[string]string) (string, error) {
	switch value := value.(type) {
	case string:
		return value, nil
	case map[string]any:
		if ref, ok := value["Ref"].(string); ok {
			pseudo := map[string]string{"AWS::AccountId": account, "AWS::Region": region, "AWS::URLSuffix": "amazonaws.com", "AWS::Partition": "aws"}
			if text, ok := pseudo[ref]; ok {
				return text, nil
			}
			if text, ok := names[ref]; ok {
				return text, nil
			}
		}
		if sub, ok := value["Fn::Sub"].(string); ok {
			return strings.NewReplacer("${AWS::AccountId}", account, "${AWS::Region}", region, "${AWS::URLSuffix}", "amazonaws.com",
				"${AWS::Partition}", "aws").Replace(sub), nil
		}
		if attribute, ok := value["Fn::GetAtt"].([]any); ok && attribute[1] == "Arn" {
			return "arn:aws:iam::" + account + ":role/" + names[fmt.Sprint(attribute[0])], nil // of roles alone
		}
		if attribute, ok := value["Fn::GetAtt"].([]any); ok && attribute[1] == "Id" {
			return names[fmt.Sprint(attribute[0])], nil // of secrets alone
		}
		if join, ok := value["Fn::Join"].([]any); ok {
			var parts []string
			for _, part := range join[1].([]any) {
				text, err := resolve(part, names)
				if err != nil {
					return "", err
				}
				parts = append(parts, text)
			}
			return strings.Join(parts, join[0].(string)), nil
		}
	}
	return "", fmt.Errorf("cannot resolve %v", value)
}

// assume returns a role's credentials as environment variables.
func (e *emulator) assume(role, service string) ([]string, error) {
	c, err := e.credentials(role, service)
	if err != nil {
		return nil, err
	}
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}, nil
}

// credentials returns a role's credentials, which last for longer than a run.
func (e *emulator) credentials(role, service string) (sigv4.Credentials, error) {
	e.mutex.Lock()
	session := e.sessions[role]
	if session == nil {
		session = sync.OnceValues(func() (sigv4.Credentials, error) { return e.newSession(role, service) })
		if e.sessions == nil {
			e.sessions = map[string]func() (sigv4.Credentials, error){}
		}
		e.sessions[role] = session
	}
	e.mutex.Unlock()
	return session()
}

// newSession assumes a role. The role must trust the service that runs the container, and is made
// to trust the account's root too, which plays that service.
func (e *emulator) newSession(role, service string) (none sigv4.Credentials, err error) {
	name := role[strings.LastIndex(role, "/")+1:]
	var answer struct {
		Role struct{ AssumeRolePolicyDocument json.RawMessage }
	}
	if err := e.ask(&answer, "iam", "get-role", "--role-name", name); err != nil {
		return none, err
	}
	if !strings.Contains(string(answer.Role.AssumeRolePolicyDocument), `"`+service+`"`) {
		return none, fmt.Errorf("the role %s does not trust %s: %s", name, service, answer.Role.AssumeRolePolicyDocument)
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root","Service":"` + service +
		`"},"Action":"sts:AssumeRole"}]}`
	if err := e.ask(nil, "iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust); err != nil {
		return none, err
	}
	var session struct{ Credentials sigv4.Credentials }
	err = e.ask(&session, "sts", "assume-role", "--role-arn", role, "--role-session-name", "container")
	return session.Credentials, err
}
