package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/cdkweb/cdkweb/integ/fixture"
)

// buildFixture builds one fixture's image, looks into it, and has it answer as a container and as a Lambda function.
func buildFixture(d *docker, rie string, f fixture.Fixture, asset imageAsset, buildKit bool) error {
	tag := "integ-fixture:" + f.Name
	if err := d.build(tag, asset, buildKit); err != nil {
		return err
	}
	files, err := d.files(tag)
	if err != nil {
		return err
	}
	var faults []error
	for name, content := range f.Holds {
		if got, ok := files[name]; !ok {
			faults = append(faults, fmt.Errorf("the image has no %s", name))
		} else if content != "" && got != content {
			faults = append(faults, fmt.Errorf("%s is %q, want %q", name, got, content))
		}
	}
	for _, name := range f.Lacks {
		if _, ok := files[name]; ok {
			faults = append(faults, fmt.Errorf("the image has %s", name))
		}
	}
	c, err := d.start(tag, 8080, nil)
	if err != nil {
		return errors.Join(append(faults, err)...)
	}
	faults = append(faults, hello(c, newSite("http://"+c.address, nil)), c.remove())

	if c, err = d.startLambda(rie, tag); err != nil {
		return errors.Join(append(faults, err)...)
	}
	for _, front := range frontEnds {
		err := hello(c, newSite("http://gateway.example", &emulated{front, c.address}))
		if f.Unanswered && err == nil {
			err = errors.New("the image has no adapter, but something answered")
		} else if f.Unanswered {
			err = nil
			break
		}
		faults = append(faults, err)
	}
	return errors.Join(append(faults, c.remove())...)
}

func hello(c *container, s *site) error {
	s.client.Timeout = 5 * time.Second
	if _, err := s.waitFor("/", 5*time.Second); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(c.logs()))
	}
	return nil
}

func fixtureFolder(dir, name string) string { return filepath.Join(dir, name) }
