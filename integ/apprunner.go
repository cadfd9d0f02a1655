package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const appRunnerService = "AWS::AppRunner::Service"

// appRunner plays App Runner, which no emulator has: everything but the service itself is deployed, and the container is run
// with exactly what the template says of it.
func (l *lab) appRunner() {
	l.step("App Runner: the emulator refuses the service", func() (string, error) {
		d, err := l.synth("Tripwire", "hosting=apprunner")
		if err != nil {
			return "", err
		}
		err = d.deploy()
		if err == nil {
			return "", errors.Join(fmt.Errorf("%s is deployed: the emulator has it now, so these steps can ask the real thing", appRunnerService), d.destroy())
		}
		if !strings.Contains(err.Error(), "Unrecognized resource types: ["+appRunnerService+"]") {
			return "", fmt.Errorf("another error than that of an unsupported type: %w", err)
		}
		return "Unrecognized resource types: [" + appRunnerService + "]", nil
	})

	var d *deployment
	ok := l.step("App Runner: deploy all but the service", func() (string, error) {
		var err error
		if d, err = l.synth("OnAppRunner", "hosting=apprunner"); err != nil {
			return "", err
		}
		service, err := d.appRunnerService()
		if err != nil {
			return "", err
		}
		if err := d.without(appRunnerService); err != nil {
			return "", err
		}
		if err := d.deploy(); err != nil {
			return "", err
		}
		d.service = service
		names, err := d.physical()
		return fmt.Sprintf("%d resources", len(names)), err
	})
	if !ok {
		return
	}
	l.step("App Runner: the container that the template describes", func() (string, error) { return l.runAsAppRunner(d) })
	l.step("App Runner: cdk destroy", func() (string, error) { return "", d.destroy() })
}

// appRunnerProperties is the part of AWS::AppRunner::Service that decides how the container runs.
type appRunnerProperties struct {
	SourceConfiguration struct {
		AuthenticationConfiguration struct{ AccessRoleArn any }
		ImageRepository             struct {
			ImageIdentifier     any
			ImageRepositoryType string
			ImageConfiguration  struct {
				Port                        string
				StartCommand                string
				RuntimeEnvironmentVariables []struct {
					Name  string
					Value any
				}
			}
		}
	}
	InstanceConfiguration struct {
		CPU, Memory     string
		InstanceRoleArn any
	}
	HealthCheckConfiguration struct {
		Protocol, Path                                          string
		Interval, Timeout, HealthyThreshold, UnhealthyThreshold int
	}
}

func (d *deployment) appRunnerService() (*appRunnerProperties, error) {
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if r := t.Resources[id]; r.Type == appRunnerService {
			service := &appRunnerProperties{}
			return service, json.Unmarshal(r.Properties, service)
		}
	}
	return nil, fmt.Errorf("the template has no %s", appRunnerService)
}

// startAppRunner runs the container of a stack that is deployed without its service, as App Runner would.
func (l *lab) startAppRunner(d *deployment) (*container, error) {
	names, err := d.physical()
	if err != nil {
		return nil, err
	}
	image := d.service.SourceConfiguration.ImageRepository
	uri, err := resolve(image.ImageIdentifier, names)
	if err != nil {
		return nil, err
	}
	role, err := resolve(d.service.InstanceConfiguration.InstanceRoleArn, names)
	if err != nil {
		return nil, err
	}
	credentials, err := l.emulator.assume(role, "tasks.apprunner.amazonaws.com")
	if err != nil {
		return nil, err
	}
	options := []string{"--restart", "always", "--add-host", "host.docker.internal:host-gateway",
		"--env", "AWS_ENDPOINT_URL=http://host.docker.internal:80", "--env", "AWS_REGION=" + region}
	for _, variable := range credentials {
		options = append(options, "--env", variable)
	}
	if megabytes, err := strconv.Atoi(d.service.InstanceConfiguration.Memory); err == nil {
		options = append(options, "--memory", fmt.Sprintf("%dm", megabytes))
	}
	for _, variable := range image.ImageConfiguration.RuntimeEnvironmentVariables {
		value, err := resolve(variable.Value, names)
		if err != nil {
			return nil, err
		}
		options = append(options, "--env", variable.Name+"="+value)
	}
	port, err := strconv.Atoi(image.ImageConfiguration.Port)
	if err != nil {
		return nil, err
	}
	return l.docker.start(uri, port, options, strings.Fields(image.ImageConfiguration.StartCommand)...)
}

func (l *lab) runAsAppRunner(d *deployment) (note string, err error) {
	c, err := l.startAppRunner(d)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.remove()) }()
	s := newSite("http://"+c.address, nil)
	first, err := d.service.becomesHealthy(s)
	if err != nil {
		return "", err
	}
	checks := l.guestbookChecks()
	if err := s.visit(checks); err != nil {
		return "", err
	}
	if a, err := s.get("/panic"); err == nil {
		return "", fmt.Errorf("/panic was answered with status %d", a.status)
	}
	if a, err := s.get("/exit"); err == nil {
		return "", fmt.Errorf("/exit was answered with status %d", a.status)
	}
	second, err := d.service.becomesHealthy(s)
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

// becomesHealthy checks as often and as patiently as the template says, and returns the number of the check that made it healthy.
func (p *appRunnerProperties) becomesHealthy(s *site) (int, error) {
	check := p.HealthCheckConfiguration
	client := &http.Client{Timeout: time.Duration(check.Timeout) * time.Second}
	good, bad := 0, 0
	for n := 1; ; n++ {
		response, err := client.Get(s.url + check.Path)
		if err == nil {
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				err = fmt.Errorf("status %d", response.StatusCode)
			}
		}
		if err == nil {
			good, bad = good+1, 0
		} else {
			good, bad = 0, bad+1
		}
		if good >= check.HealthyThreshold {
			return n, nil
		}
		if bad >= check.UnhealthyThreshold {
			return n, fmt.Errorf("unhealthy after %d checks: %w", n, err)
		}
		time.Sleep(time.Duration(check.Interval) * time.Second)
	}
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

// assume returns a role's credentials as environment variables. The role must trust the service that runs the container, and is
// made to trust the account's root too, which plays that service.
func (e *emulator) assume(role, service string) ([]string, error) {
	name := role[strings.LastIndex(role, "/")+1:]
	var answer struct {
		Role struct{ AssumeRolePolicyDocument json.RawMessage }
	}
	if err := e.ask(&answer, "iam", "get-role", "--role-name", name); err != nil {
		return nil, err
	}
	if !strings.Contains(string(answer.Role.AssumeRolePolicyDocument), `"`+service+`"`) {
		return nil, fmt.Errorf("the role %s does not trust %s: %s", name, service, answer.Role.AssumeRolePolicyDocument)
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root","Service":"` + service +
		`"},"Action":"sts:AssumeRole"}]}`
	if err := e.ask(nil, "iam", "update-assume-role-policy", "--role-name", name, "--policy-document", trust); err != nil {
		return nil, err
	}
	var session struct {
		Credentials struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	}
	if err := e.ask(&session, "sts", "assume-role", "--role-arn", role, "--role-session-name", "container"); err != nil {
		return nil, err
	}
	c := session.Credentials
	return []string{"AWS_ACCESS_KEY_ID=" + c.AccessKeyId, "AWS_SECRET_ACCESS_KEY=" + c.SecretAccessKey, "AWS_SESSION_TOKEN=" + c.SessionToken}, nil
}
