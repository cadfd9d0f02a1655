package integ

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// endpoints are what can stand before a Lambda function, in the words of integ/app.
var endpoints = []struct {
	name  string
	front frontEnd
}{
	{"http", httpAPI},
	{"rest", restAPI},
	{"url", functionURL},
}

// TestLambda deploys the guestbook behind every endpoint, visits it, deploys it again with another
// environment, and destroys it.
func TestLambda(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	for _, e := range endpoints {
		t.Run(string(e.front), func(t *testing.T) {
			t.Parallel()
			l.testLambda(t, e.name)
		})
	}
}

func (l *lab) testLambda(t *testing.T, endpoint string) {
	stack := "Guestbook-" + endpoint
	d := l.deployed(t, stack, "endpoint="+endpoint)
	var s *site
	do(t, "first visit", func() (note string, err error) { // of a new execution environment
		if s, err = d.site("Site"); err != nil {
			return "", err
		}
		a, err := s.get("/")
		return d.outputs["SiteURL"], want(a, err, 200, "Nobody has written anything yet")
	})
	for _, c := range l.guestbookChecks() {
		try(t, c.name, func() (string, error) { return "", c.run(s) })
	}
	for _, page := range []string{"panic", "exit"} {
		try(t, page+", and then a page again", func() (string, error) { return "", s.fails("/" + page) })
	}
	entries := 0
	do(t, "entries in the table", func() (string, error) {
		table, err := d.named("AWS::DynamoDB::GlobalTable")
		if err != nil {
			return "", err
		}
		if entries, err = l.emulator.entries(table); err != nil {
			return "", err
		}
		a, err := s.sign("Ana", "before the second deployment")
		entries++
		return fmt.Sprint(entries), want(a, err, 303, "")
	})
	do(t, "deploy with another environment", func() (note string, err error) {
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
		if err := want(a, nil, 200, "before the second deployment"); err != nil {
			return "", fmt.Errorf("the entries are gone: %w", err)
		}
		table, err := d.named("AWS::DynamoDB::GlobalTable")
		if err != nil {
			return "", err
		}
		if count, err := l.emulator.entries(table); err != nil || count != entries {
			return "", errors.Join(err, fmt.Errorf("%d entries, want %d", count, entries))
		}
		environment, err := l.environmentOfLambda(d)
		if err != nil {
			return "", err
		}
		if !slices.Contains(environment, "MODE=two") {
			return "", fmt.Errorf("the container that runs has the environment %q", environment)
		}
		return "the same URL and entries, MODE=two in the container that runs", nil
	})
	do(t, "cdk destroy", func() (string, error) {
		err := d.destroyed()
		if a, got := s.get("/"); got == nil && a.status < 400 {
			err = errors.Join(err, fmt.Errorf("it still responds with status %d", a.status))
		}
		return "nothing is left", err
	})
}

// TestExample deploys examples/guestbook by the repository's cdk.json. Its table outlives it, as
// the CDK has it for what holds data.
func TestExample(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	d := &deployment{lab: l, name: "Guestbook", assembly: filepath.Join(l.dir, "example")}
	do(t, "cdk deploy", func() (string, error) {
		return "", d.deploy("-c", "hosting=lambda", "--output", d.assembly)
	})
	table := ""
	do(t, "visit", func() (note string, err error) {
		if table, err = d.named("AWS::DynamoDB::GlobalTable"); err != nil {
			return "", err
		}
		s, err := siteAt(d.outputs["URL"])
		if err != nil {
			return "", err
		}
		return names(l.guestbookChecks()), s.visit(l.guestbookChecks())
	})
	do(t, "cdk destroy", func() (string, error) {
		err := d.destroyed()
		if want := fmt.Sprintf("[%q] are left", table); err == nil || err.Error() != want {
			return "", fmt.Errorf("got %v, want %s", err, want)
		}
		count, err := l.emulator.entries(table)
		if err == nil && count != 2 {
			err = fmt.Errorf("%d entries are left, want 2", count)
		}
		return "nothing is left but the table with its 2 entries", err
	})
}

// containersOfLambda returns the ids of the containers that run a stack's function, the newest
// first.
func (l *lab) containersOfLambda(d *deployment) ([]string, error) {
	function, err := d.named("AWS::Lambda::Function")
	if err != nil {
		return nil, err
	}
	return l.containersOfFunction(function)
}

func (l *lab) containersOfFunction(function string) ([]string, error) {
	ids, err := l.docker.run("ps", "--quiet", "--no-trunc")
	if err != nil {
		return nil, err
	}
	var found []string
	for _, id := range strings.Fields(ids) {
		environment, err := l.docker.environmentOf(id)
		if err != nil && l.docker.isGone(id) { // it was another test's
			continue
		}
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

func (d *docker) isGone(container string) bool {
	id, err := d.run("ps", "--all", "--quiet", "--filter", "id="+container)
	return err == nil && id == ""
}
