package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args           []string
		status         int
		stdout, stderr string
	}{
		{nil, 2, "", "usage: cdkweb COMMAND"},
		{[]string{"--help"}, 0, "usage: cdkweb COMMAND", ""},
		{[]string{"cots"}, 2, "", `cdkweb: there is no command "cots"; cdkweb --help lists them`},
		{[]string{"cost", "--help"}, 0, "usage: cdkweb cost APP", ""},
		{[]string{"cost", "none"}, 1, "", "cdkweb cost: there is no none; run cdk synth first"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			status := run(test.args, &stdout, &stderr)
			if status != test.status || !strings.HasPrefix(stdout.String(), test.stdout) || !strings.HasPrefix(stderr.String(), test.stderr) {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout.String(), stderr.String())
			}
			if test.stdout == "" && stdout.Len() > 0 || test.stderr == "" && stderr.Len() > 0 {
				t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
			}
		})
	}
}
