package cost

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aymanbagabas/go-udiff"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file, or writes it.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s (go test ./cmd/cdkweb/... -update writes it):\n%s", file, udiff.Unified("want", "got", string(want), got))
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"flags":     {"testdata/app", "--requests-per-month", "3M", "--p50=80ms", "--hours", "8-18", "--cpu", "15ms", "--log-size", "200B"},
		"free tier": {"--free-tier", "--requests-per-month", "20M", "testdata/app", "--service", "Shop/Admin", "--region", "ap-south-1"},
		"idle":      {"testdata/app/Shop.template.json", "--requests-per-month", "0", "--hours-per-month", "720", "--service", "Shop/Hook"},
		"prices":    {"testdata/app", "--prices", "testdata/prices.json", "--service", "Shop/Hook", "--traffic", "testdata/traffic.csv"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			if status := Run(args, &stdout, &stderr); status != 0 {
				t.Fatalf("status %d: %s", status, stderr.String())
			}
			golden(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".txt"), stdout.String())
			if stderr.Len() > 0 {
				t.Errorf("got %s", stderr.String())
			}
		})
	}
}

func TestDayInWords(t *testing.T) {
	t.Parallel()
	about := evenly(0, 24)
	about[3] *= 1.1
	rush := evenly(0, 24)
	rush[17] *= 2
	for _, test := range []struct {
		day  [24]float64
		want string
	}{
		{evenly(0, 24), "at all hours alike"},
		{about, "at all hours about alike"},
		{rush, "most between 17 and 18 h"},
		{evenly(8, 18), "all between 8 and 18 h"},
		{evenly(22, 6), "all between 22 and 6 h"},
		{evenly(23, 24), "all between 23 and 24 h"},
		{[24]float64{}, "none at any hour"},
	} {
		if got := (Traffic{Day: test.day}).day(); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestFlagErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args string
		want string
	}{
		{"", "got 0 names of apps, want one, such as cdk.out"},
		{"a b", "got 2 names of apps"},
		{"testdata/app --requests 3M", "there is no flag --requests;"},
		{"testdata/app --requests-per-month many", `--requests-per-month "many" must be a number up to 10,000B, such as 500k, 3M or 1.2B`},
		{"testdata/app --requests-per-month NaN", `--requests-per-month "NaN" must be`},
		{"testdata/app --requests-per-month", "flag needs an argument: --requests-per-month"},
		{"testdata/app --p50 80", `--p50 "80" must be a time from 0 to 1h, such as 80ms or 1.5s`},
		{"testdata/app --hours 8-25", `--hours "8-25" must be two hours of the day, such as 8-18 or 22-6`},
		{"testdata/app --response-size 1XB", `--response-size "1XB" must be a size`},
		{"testdata/app --hours-per-month 0", `--hours-per-month "0" must be a number from 1 to 10000`},
		{"testdata/app --region=", `--region "" is empty`},
		{"testdata/app --service Shop/None", `--service "Shop/None" is not in testdata/app, which has Shop/Admin, Shop/Hook, Shop/Site`},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			status := Run(strings.Fields(test.args), &stdout, &stderr)
			if got := strings.TrimPrefix(stderr.String(), "cdkweb cost: "); status != 2 || !strings.HasPrefix(got, test.want) || stdout.Len() > 0 {
				t.Errorf("status %d, got %q, want %q", status, got, test.want)
			}
		})
	}
}

func TestFilesThatAreNotThere(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"none":                         "there is no none; run cdk synth first",
		"testdata/app --prices none":   "open none: no such file or directory",
		"testdata/app --traffic none":  "open none: no such file or directory",
		"testdata/app --prices run.go": "run.go:1: invalid character",
	} {
		var stderr strings.Builder
		if status := Run(strings.Fields(args), &strings.Builder{}, &stderr); status != 1 || !strings.Contains(stderr.String(), want) {
			t.Errorf("%s: status %d, got %s", args, status, stderr.String())
		}
	}
}

// The help names every flag, and no line of it is too long for a terminal.
func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout strings.Builder
	if status := Run([]string{"--help"}, &stdout, &strings.Builder{}); status != 0 || stdout.String() != help {
		t.Errorf("status %d", status)
	}
	for _, line := range strings.Split(help, "\n") {
		if len(line) > 110 {
			t.Errorf("%q has %d characters", line, len(line))
		}
	}
}

func FuzzFlags(f *testing.F) {
	f.Add("--requests-per-month", "3M")
	f.Add("--hours", "22-6")
	f.Add("--response-size", "1.5MB")
	f.Add("--p50", "80ms")
	f.Fuzz(func(t *testing.T, name, value string) {
		s, err := parse([]string{"cdk.out", name, value})
		if err != nil {
			return
		}
		var day float64
		for _, share := range s.day {
			day += share
		}
		if day < 0.999 || day > 1.001 || !(s.requests >= 0) || !(s.response >= 0) {
			t.Errorf("%s %s: got %+v", name, value, s)
		}
	})
}
