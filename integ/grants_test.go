package integ

import (
	"errors"
	"fmt"
	"testing"
)

// TestGrants deploys the guestbook with each access to its table, on Lambda and on Fargate, and
// tries reading and writing under enforced policies.
func TestGrants(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	for _, on := range []struct {
		access, hosting string
		list, add       int
		listing, adding string
	}{
		{"none", "lambda", 502, 502, "may not read", "may not write to"},
		{"read", "lambda", 200, 502, "Sign the guestbook", "may not write to"},
		{"readwrite", "lambda", 200, 303, "Sign the guestbook", ""},
		{"none", "fargate", 502, 502, "may not read", "may not write to"},
		{"read", "fargate", 200, 502, "Sign the guestbook", "may not write to"},
		{"readwrite", "fargate", 200, 303, "Sign the guestbook", ""},
	} {
		t.Run(on.access+" on "+on.hosting, func(t *testing.T) {
			t.Parallel()
			d := l.deployed(t, "Grants-"+on.access+"-"+on.hosting, "access="+on.access, "hosting="+on.hosting)
			do(t, "read and write", func() (string, error) {
				s, err := d.site("Site")
				if err != nil {
					return "", err
				}
				return fmt.Sprintf("a page has status %d, a form %d", on.list, on.add),
					s.tryTable(on.list, on.listing, on.add, on.adding)
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
