package integ

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// TestShop runs the tests of the shop's server with a Postgres, of which a machine without one skips
// those of its database.
func TestShop(t *testing.T) {
	t.Parallel()
	l := withMachine(t)
	do(t, "the server's tests, with a Postgres", func() (string, error) {
		command := exec.Command(l.tools.shop(), "-test.v")
		command.Dir = l.tools.shopServer()
		// The folder of this run is root's alone, and Postgres runs as somebody else.
		command.Env = append(command.Environ(), "AWS_REGION=eu-west-1", "TMPDIR=/tmp")
		output, err := command.CombinedOutput()
		text := string(output)
		if err != nil || !strings.Contains(text, "--- PASS: TestDatabase") {
			return "", fmt.Errorf("the test of the database did not pass: %v\n%s", err, text)
		}
		return fmt.Sprintf("%d tests", strings.Count(text, "--- PASS: ")), nil
	})
}
