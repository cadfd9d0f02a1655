package integ

import (
	"errors"
	"fmt"
	"testing"
)

// TestGrants deploys the guestbook with each access to its table, and tries reading and writing
// under enforced policies.
func TestGrants(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	for _, access := range []struct {
		name            string
		list, add       int
		listing, adding string
	}{
		{"none", 502, 502, "may not read", "may not write to"},
		{"read", 200, 502, "Sign the guestbook", "may not write to"},
		{"readwrite", 200, 303, "Sign the guestbook", ""},
	} {
		t.Run(access.name, func(t *testing.T) {
			t.Parallel()
			d := l.deployed(t, "Grants-"+access.name, "access="+access.name)
			do(t, "read and write", func() (string, error) {
				s, err := d.site("Site")
				if err != nil {
					return "", err
				}
				return fmt.Sprintf("a page has status %d, a form %d", access.list, access.add),
					s.tryTable(access.list, access.listing, access.add, access.adding)
			})
			do(t, "cdk destroy", func() (string, error) { return "", d.destroy() })
		})
	}
}

func (s *site) tryTable(list int, listing string, add int, adding string) error {
	page, err := s.get("/")
	listed := want(page, err, list, listing)
	form, err := s.sign("Ana", "hello")
	return errors.Join(listed, want(form, err, add, adding))
}
