package secrets

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// What AWS said says more than that the time was up for the last try.
func TestRetryUntilTheTimeIsUp(t *testing.T) {
	t.Parallel()
	said := errors.New("ThrottlingException")
	late := fmt.Errorf("no response: %w", os.ErrDeadlineExceeded)
	for _, test := range []struct {
		name  string
		first error
		want  error
	}{
		{"after a response", said, said},
		{"after none", late, late},
	} {
		deadline := time.Now().Add(time.Second)
		tries := 0
		err := retry(deadline, func(time.Time) (outcome, error) {
			if tries++; tries == 1 {
				return throttled, test.first
			}
			<-time.After(time.Until(deadline))
			return failed, late
		})
		if err != test.want {
			t.Errorf("%s: got %v after %d tries, want %v", test.name, err, tries, test.want)
		}
	}
}
