package main

import (
	"errors"
	"fmt"
)

// grants deploys the guestbook with each access to its table, and tries reading and writing under enforced policies.
func (l *lab) grants() {
	var d *deployment
	for _, access := range []struct {
		name            string
		list, add       int
		listing, adding string
	}{
		{"none", 502, 502, "may not read", "may not write to"},
		{"read", 200, 502, "Sign the guestbook", "may not write to"},
		{"readwrite", 200, 303, "Sign the guestbook", ""},
	} {
		l.step("access "+access.name, func() (string, error) {
			var err error
			if d, err = l.deploy("Grants", "access="+access.name, "mode="+access.name); err != nil {
				return "", err
			}
			s, err := d.site("Site")
			if err != nil {
				return "", err
			}
			return fmt.Sprintf("a page answers %d, a form %d", access.list, access.add), s.tryTable(access.list, access.listing, access.add, access.adding)
		})
	}
	if d != nil {
		l.step("grants: cdk destroy", func() (string, error) { return "", d.destroy() })
	}
}

func (s *site) tryTable(list int, listing string, add int, adding string) error {
	page, err := s.get("/")
	listed := want(page, err, list, listing)
	form, err := s.sign("Ana", "hello")
	return errors.Join(listed, want(form, err, add, adding))
}
