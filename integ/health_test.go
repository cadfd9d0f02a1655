package integ

import "testing"

func TestHealthyCodes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		codes     string
		good, bad []int
	}{
		{"200", []int{200}, []int{199, 201, 503}},
		{"200,204", []int{200, 204}, []int{202, 205}},
		{"200-299,404", []int{200, 250, 299, 404}, []int{300, 403, 500}},
		{"", nil, []int{0, 200}},
	} {
		for _, status := range test.good {
			if !(healthCheck{codes: test.codes}).isGood(status) {
				t.Errorf("%q: %d is bad, want good", test.codes, status)
			}
		}
		for _, status := range test.bad {
			if (healthCheck{codes: test.codes}).isGood(status) {
				t.Errorf("%q: %d is good, want bad", test.codes, status)
			}
		}
	}
}
