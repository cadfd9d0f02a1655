package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// endpoints are what a Lambda function can answer HTTP by, in the words of integ/app.
var endpoints = []struct {
	name  string
	front frontEnd
}{
	{"http", httpAPI},
	{"rest", restAPI},
	{"url", functionURL},
}

// lambda deploys the guestbook behind every endpoint, visits it, deploys it again with another environment, and destroys it.
func (l *lab) lambda() {
	for _, e := range endpoints {
		l.lambdaBehind(e.name, e.front)
	}
	l.step("the example as it is: cdk deploy, page, cdk destroy", l.example)
}

func (l *lab) lambdaBehind(endpoint string, front frontEnd) {
	title := string(front) + ": "
	before, err := l.emulator.inventory()
	if err != nil {
		l.step(title+"inventory", func() (string, error) { return "", err })
		return
	}
	stack := "Guestbook-" + endpoint
	var d *deployment
	var s *site
	ok := l.step(title+"cdk deploy", func() (string, error) {
		if d, err = l.deploy(stack, "endpoint="+endpoint); err != nil {
			return "", err
		}
		if s, err = d.site("Site"); err != nil {
			return "", err
		}
		names, err := d.physical()
		return fmt.Sprintf("%d resources, %s", len(names), d.outputs["SiteURL"]), err
	})
	if !ok {
		return
	}
	l.step(title+"first visit", func() (string, error) { // of a new execution environment
		a, err := s.get("/")
		return "", want(a, err, 200, "Nobody has written anything yet")
	})
	for _, c := range l.guestbookChecks() {
		l.step(title+c.name, func() (string, error) { return "", c.run(s) })
	}
	l.step(title+"entries in the table", func() (string, error) {
		table, err := d.named("AWS::DynamoDB::GlobalTable")
		if err != nil {
			return "", err
		}
		count, err := l.emulator.entries(table)
		if err == nil && count != 2 {
			err = fmt.Errorf("%d entries, want 2", count)
		}
		return fmt.Sprint(count), err
	})
	for _, page := range []string{"/panic", "/exit"} {
		l.step(title+page+", and then a page again", func() (string, error) { return "", s.fails(page) })
	}
	l.step(title+"deploy with another environment", func() (string, error) {
		if d, err = l.deploy(stack, "endpoint="+endpoint, "mode=two"); err != nil {
			return "", err
		}
		again, err := d.site("Site")
		if err != nil {
			return "", err
		}
		if again.url != s.url {
			return "", fmt.Errorf("the URL changed from %s to %s", s.url, again.url)
		}
		a, err := s.get("/")
		if err := want(a, err, 200, "value=\"\""); err != nil {
			return "", err
		}
		if err := want(a, nil, 200, "Åse Ny"); err != nil {
			return "", fmt.Errorf("the entries are gone: %w", err)
		}
		environment, err := l.environmentOfLambda(d)
		if err != nil {
			return "", err
		}
		if !slices.Contains(environment, "MODE=two") {
			return "", fmt.Errorf("the container that answers has the environment %q", environment)
		}
		return "the same URL and entries, MODE=two in the container that answers", nil
	})
	l.step(title+"cdk destroy", func() (string, error) {
		if err := d.destroy(); err != nil {
			return "", err
		}
		after, err := l.emulator.inventory()
		if err != nil {
			return "", err
		}
		var errs []error
		for name := range after {
			if !before[name] {
				errs = append(errs, fmt.Errorf("%s is left", name))
			}
		}
		if a, err := s.get("/"); err == nil && a.status < 400 {
			errs = append(errs, fmt.Errorf("it still answers with status %d", a.status))
		}
		return "nothing is left", errors.Join(errs...)
	})
}

// example deploys examples/guestbook by the repository's cdk.json. Its table outlives it, as the CDK has it for what holds data.
func (l *lab) example() (note string, err error) {
	before, err := l.emulator.inventory()
	if err != nil {
		return "", err
	}
	d := &deployment{lab: l, name: "Guestbook", assembly: filepath.Join(l.dir, "example")}
	if _, err := l.cdk("synth", "--quiet", "-c", "hosting=lambda", "--output", d.assembly); err != nil {
		return "", err
	}
	if err := d.deploy(); err != nil {
		return "", err
	}
	table, err := d.named("AWS::DynamoDB::GlobalTable")
	if err != nil {
		return "", err
	}
	s, err := siteAt(d.outputs["URL"])
	if err != nil {
		return "", err
	}
	if err := errors.Join(s.visit(l.guestbookChecks()), d.destroy()); err != nil {
		return "", err
	}
	if count, err := l.emulator.entries(table); err != nil || count != 2 {
		return "", errors.Join(err, fmt.Errorf("%d entries are left, want 2", count))
	}
	if err := l.emulator.ask(nil, "dynamodb", "delete-table", "--table-name", table); err != nil {
		return "", err
	}
	after, err := l.emulator.inventory()
	for name := range after {
		if !before[name] {
			err = errors.Join(err, fmt.Errorf("%s is left", name))
		}
	}
	return "nothing is left but the table with its 2 entries", err
}

// containersOfLambda returns the ids of the containers that run a stack's function, the newest first.
func (l *lab) containersOfLambda(d *deployment) ([]string, error) {
	function, err := d.named("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	ids, err := l.docker.run("ps", "--quiet", "--no-trunc")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, id := range strings.Fields(ids) {
		environment, err := l.docker.environmentOf(id)
		if err != nil {
			return nil, err
		}
		if slices.Contains(environment, "AWS_LAMBDA_FUNCTION_NAME="+function) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("no container runs the function %s", function)
	}
	return found, nil
}

func (l *lab) environmentOfLambda(d *deployment) ([]string, error) {
	ids, err := l.containersOfLambda(d)
	if err != nil {
		return nil, err
	}
	return l.docker.environmentOf(ids[0])
}

func (d *docker) environmentOf(container string) ([]string, error) {
	text, err := d.run("inspect", "--format", `{{range .Config.Env}}{{println .}}{{end}}`, container)
	return strings.Split(text, "\n"), err
}
