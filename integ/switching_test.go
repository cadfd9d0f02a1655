package integ

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestSwitching moves a live guestbook from Lambda to every other hosting and back, and lets all
// run side by side. Everywhere it is one image.
func TestSwitching(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	const stack = "Live"
	var before *deployment
	var table, digest string
	count := 0
	do(t, "on Lambda, with entries", func() (string, error) {
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
		return fmt.Sprintf("%d entries in %s", count, table), l.inRegistry(digest)
	})
	do(t, "a deployment that is refused leaves all as it was", func() (string, error) {
		d, err := l.guestbook(stack, "hosting="+services[0].context, "mode=refused") // a template of its own, as it is kept by its hash
		if err != nil {
			return "", err
		}
		if err := d.deploy("--app", d.assembly); err == nil {
			return "", errors.New("it was deployed")
		}
		s, err := before.site("Site")
		if err != nil {
			return "", err
		}
		a, err := s.get("/")
		return "", errors.Join(want(a, err, 200, "written on Lambda"), l.sameTable(before, table, count))
	})
	for _, on := range services {
		do(t, "to "+on.name+", in place", func() (string, error) {
			after, err := l.deployWithoutServices(stack, on.context)
			if err != nil {
				return "", err
			}
			if err := l.sameTable(after, table, count); err != nil {
				return "", err
			}
			if err := after.hasNo("AWS::Lambda::Function"); err != nil {
				return "", err
			}
			c, err := l.startContainer(after, on)
			if err != nil {
				return "", err
			}
			s := newSite("http://"+c.address, nil)
			_, err = after.described[on.kind].check.becomesHealthy(s)
			a, got := s.get("/")
			err = errors.Join(err, want(a, got, 200, "written on Lambda"))
			image, inspected := l.docker.imageOf(c.id)
			if image != digest {
				err = errors.Join(err, fmt.Errorf("the image is %s, on Lambda it was %s", image, digest))
			}
			return "the same table and entries; the same image " + digest, errors.Join(err, inspected, c.remove())
		})
	}
	do(t, "to Fargate, in place", func() (string, error) {
		after, err := l.deploy(stack, "hosting=fargate")
		if err != nil {
			return "", err
		}
		if err := after.hasNo("AWS::Lambda::Function"); err != nil {
			return "", err
		}
		s, err := after.site("Site")
		if err != nil {
			return "", err
		}
		a, err := s.get("/")
		return "the same table and entries; the same image " + digest, errors.Join(want(a, err, 200, "written on Lambda"),
			l.sameTable(after, table, count), l.sameImageOnFargate(after, digest))
	})
	do(t, "back to Lambda", func() (string, error) {
		var err error
		if before, err = l.deploy(stack, "hosting=lambda"); err != nil {
			return "", err
		}
		s, err := before.site("Site")
		if err != nil {
			return "", err
		}
		if err := before.hasNo("AWS::ECS::Service"); err != nil {
			return "", err
		}
		a, err := s.get("/")
		return "the same table and entries", errors.Join(want(a, err, 200, "written on Lambda"), l.sameTable(before, table, count))
	})
	all := before
	do(t, "side by side", func() (string, error) {
		var err error
		if all, err = l.deployWithoutServices(stack, "all"); err != nil {
			return "", err
		}
		s, err := all.site("Site")
		if err != nil {
			return "", err
		}
		onFargate, err := all.site("OnFargate")
		if err != nil {
			return "", err
		}
		a, err := onFargate.sign("Bo", "written on Fargate")
		err = errors.Join(want(a, err, 303, ""), l.sameImageOnFargate(all, digest))
		a, got := s.get("/")
		if err := errors.Join(err, want(a, got, 200, "written on Fargate")); err != nil {
			return "", err
		}
		for _, on := range services {
			c, err := l.startContainer(all, on)
			if err != nil {
				return "", err
			}
			other := newSite("http://"+c.address, nil)
			_, err = all.described[on.kind].check.becomesHealthy(other)
			a, got := other.sign("Bo", "written on "+on.name)
			err = errors.Join(err, want(a, got, 303, ""))
			a, got = s.get("/")
			err = errors.Join(err, want(a, got, 200, "written on "+on.name))
			onLambda, inspected := l.digestOnLambda(all)
			image, again := l.docker.imageOf(c.id)
			if image != onLambda || image != digest {
				err = errors.Join(err, fmt.Errorf("several images: first %s, now %s on Lambda, %s on %s", digest, onLambda, image, on.name))
			}
			if err := errors.Join(err, inspected, again, c.remove()); err != nil {
				return "", err
			}
		}
		return "what one writes the other reads; one image " + digest, l.sameTable(all, table, count+1+len(services))
	})
	do(t, "cdk destroy", func() (string, error) { return "", all.destroy() })
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

// inRegistry wants an image to be one that was pushed to the account's registry, by the digest that
// the registry gave it.
func (l *lab) inRegistry(image string) error {
	text, err := l.docker.run("image", "inspect", "--format", "{{json .RepoDigests}}", image)
	if err != nil {
		return err
	}
	var pushed []string
	err = l.emulator.ask(&pushed, "ecr", "describe-images", "--repository-name", "cdk-hnb659fds-container-assets-"+account+"-"+region,
		"--query", "imageDetails[].imageDigest")
	for _, digest := range pushed {
		if strings.Contains(text, "@"+digest+`"`) {
			return err
		}
	}
	return errors.Join(err, fmt.Errorf("the image that runs has the digests %s, the registry has %q", text, pushed))
}

// imageOf is the id of the image that a container runs: the digest of all that is in it.
func (d *docker) imageOf(container string) (string, error) {
	return d.run("inspect", "--format", "{{.Image}}", container)
}
