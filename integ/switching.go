package main

import (
	"errors"
	"fmt"
)

// switching moves a live guestbook from Lambda to App Runner and back, and lets both run side by side. Everywhere it is one image.
func (l *lab) switching() {
	const stack = "Live"
	var before, after *deployment
	var table, digest string
	count := 0
	ok := l.step("switching: on Lambda, with entries", func() (string, error) {
		var err error
		if before, err = l.deploy(stack, "hosting=lambda"); err != nil {
			return "", err
		}
		s, err := before.site("Site")
		if err != nil {
			return "", err
		}
		for range 3 {
			a, err := s.sign("Ana", "written on Lambda")
			if err := want(a, err, 303, ""); err != nil {
				return "", err
			}
		}
		if table, err = before.named("AWS::DynamoDB::GlobalTable"); err != nil {
			return "", err
		}
		if count, err = l.emulator.entries(table); err != nil {
			return "", err
		}
		if digest, err = l.digestOnLambda(before); err != nil {
			return "", err
		}
		return fmt.Sprintf("%d entries in %s", count, table), nil
	})
	if !ok {
		return
	}
	l.step("switching: to App Runner, in place", func() (string, error) {
		var err error
		if after, err = l.moveToAppRunner(stack, "hosting=apprunner"); err != nil {
			return "", err
		}
		if err := l.sameTable(after, table, count); err != nil {
			return "", err
		}
		if function, err := after.named("AWS::Lambda::Function"); err == nil {
			return "", fmt.Errorf("the function %s is left", function)
		}
		c, err := l.startAppRunner(after)
		if err != nil {
			return "", err
		}
		s := newSite("http://"+c.address, nil)
		_, err = after.service.becomesHealthy(s)
		a, got := s.get("/")
		err = errors.Join(err, want(a, got, 200, "written on Lambda"))
		onAppRunner, inspected := l.docker.imageOf(c.id)
		if onAppRunner != digest {
			err = errors.Join(err, fmt.Errorf("the image is %s, on Lambda it was %s", onAppRunner, digest))
		}
		return "the same table and entries; the same image " + digest, errors.Join(err, inspected, c.remove())
	})
	l.step("switching: back to Lambda", func() (string, error) {
		var err error
		if before, err = l.deploy(stack, "hosting=lambda"); err != nil {
			return "", err
		}
		s, err := before.site("Site")
		if err != nil {
			return "", err
		}
		a, err := s.get("/")
		return "the same table and entries", errors.Join(want(a, err, 200, "written on Lambda"), l.sameTable(before, table, count))
	})
	both := before
	l.step("side by side", func() (string, error) {
		var err error
		if both, err = l.moveToAppRunner(stack, "hosting=both"); err != nil {
			return "", err
		}
		s, err := both.site("Site")
		if err != nil {
			return "", err
		}
		c, err := l.startAppRunner(both)
		if err != nil {
			return "", err
		}
		second := newSite("http://"+c.address, nil)
		_, err = both.service.becomesHealthy(second)
		a, got := second.sign("Bo", "written on App Runner")
		err = errors.Join(err, want(a, got, 303, ""))
		a, got = s.get("/")
		err = errors.Join(err, want(a, got, 200, "written on App Runner"))
		onLambda, inspected := l.digestOnLambda(both)
		onAppRunner, again := l.docker.imageOf(c.id)
		if onLambda != onAppRunner {
			err = errors.Join(err, fmt.Errorf("two images: %s on Lambda, %s on App Runner", onLambda, onAppRunner))
		}
		return "what one writes the other reads; one image " + onLambda,
			errors.Join(err, inspected, again, c.remove(), l.sameTable(both, table, count+1))
	})
	l.step("switching: cdk destroy", func() (string, error) { return "", both.destroy() })
}

// moveToAppRunner deploys a stack's new template, of which the emulator knows everything but the service itself.
func (l *lab) moveToAppRunner(stack, context string) (*deployment, error) {
	d, err := l.synth(stack, context)
	if err != nil {
		return nil, err
	}
	service, err := d.appRunnerService()
	if err != nil {
		return nil, err
	}
	if err := d.without(appRunnerService); err != nil {
		return nil, err
	}
	d.service = service
	return d, d.deploy()
}

// sameTable wants a stack to have the table that it had, with as many entries.
func (l *lab) sameTable(d *deployment, table string, count int) error {
	now, err := d.named("AWS::DynamoDB::GlobalTable")
	if err != nil {
		return err
	}
	if now != table {
		return fmt.Errorf("the table is %s, it was %s", now, table)
	}
	entries, err := l.emulator.entries(table)
	if err == nil && entries != count {
		err = fmt.Errorf("%d entries in the table, want %d", entries, count)
	}
	return err
}

// digestOnLambda is the image that runs as a stack's function.
func (l *lab) digestOnLambda(d *deployment) (string, error) {
	ids, err := l.containersOfLambda(d)
	if err != nil {
		return "", err
	}
	return l.docker.imageOf(ids[0])
}

// imageOf is the id of the image that a container runs: the digest of all that is in it.
func (d *docker) imageOf(container string) (string, error) {
	return d.run("inspect", "--format", "{{.Image}}", container)
}
