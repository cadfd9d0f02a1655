package web

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/internal/check"
	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/platform"
)

// maxPath is the longest path that every load balancer and the adapter take (Elastic Load
// Balancing: 1,024 characters).
const maxPath = 1024

// anyTimes and anyCounts are the limits on a place that ignores them: those of all places together.
var (
	anyTimes  = platform.Times{Least: time.Second, Most: 300 * time.Second}
	anyCounts = platform.Counts{Least: 1, Most: 20}
)

// checkHealthCheck checks the health check by what the place takes, and fills in its defaults.
func (c *Check) checkHealthCheck() {
	var place platform.HealthCheck
	if c.platform != nil {
		place = c.platform.HealthCheck
	}
	given := c.Given.HealthCheck
	c.Workload.HealthCheck = given.withDefaults(place)
	health := c.Workload.HealthCheck
	c.checkHealthPath(health.Path)
	c.checkStatusCodes(health.StatusCodes)
	intervals, timeouts := place.Interval, place.Timeout
	healthy, unhealthy := place.HealthyThreshold, place.UnhealthyThreshold
	if !place.Timing() {
		intervals, timeouts, healthy, unhealthy = anyTimes, anyTimes, anyCounts, anyCounts
	}
	// What was not set is checked only together with what was.
	seconds := func(field string, given time.Duration, limits platform.Times) bool {
		before := len(c.list.Problems)
		if given != 0 {
			c.list.WholeSeconds("Workload.HealthCheck."+field, given, limits.Least, limits.Most)
		}
		return len(c.list.Problems) == before
	}
	count := func(field string, given int, limits platform.Counts) {
		if given != 0 {
			c.list.Between("Workload.HealthCheck."+field, given, limits.Least, limits.Most, "")
		}
	}
	intervalOK := seconds("Interval", given.Interval, intervals)
	timeoutOK := seconds("Timeout", given.Timeout, timeouts)
	both := health.Interval != 0 && health.Timeout != 0
	if intervalOK && timeoutOK && both && health.Timeout > place.LongestTimeout(health.Interval) {
		message := "must not be longer than"
		if place.TimeoutBelowInterval {
			message = "must be shorter than"
		}
		c.Problem(Problem{
			Field: "Workload.HealthCheck.Timeout",
			Message: fmt.Sprintf(
				"%s Interval, got %s and %s",
				message,
				health.Timeout,
				health.Interval,
			),
			Fix: "shorten the one or lengthen the other",
		})
	}
	count("HealthyThreshold", given.HealthyThreshold, healthy)
	count("UnhealthyThreshold", given.UnhealthyThreshold, unhealthy)
	c.warnOfIgnored(place)
}

// checkHealthPath checks a path, which may be empty.
func (c *Check) checkHealthPath(path string) {
	if path == "" || token.In(path) {
		return
	}
	if !strings.HasPrefix(path, "/") {
		c.Problem(Problem{
			Field:   "Workload.HealthCheck.Path",
			Message: "must start with a slash",
			Got:     path,
			Fix:     fmt.Sprintf("write %q", "/"+path),
		})
	} else if i := strings.IndexFunc(path, notInPath); i >= 0 {
		c.Problem(Problem{
			Field:   "Workload.HealthCheck.Path",
			Message: "must be as it stands in a request",
			Got:     path,
			Fix:     fmt.Sprintf("percent-encode what follows %q", path[:i]),
		})
	}
	c.list.Between("the length of Workload.HealthCheck.Path", len(path), 1, maxPath, "")
}

// notInPath reports characters that cannot stand in the path and query of a request. The adapter
// refuses them too, at every start.
func notInPath(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"#<>\\^`{|}", r)
}

// statusCodes are a list or a range, as load balancers take them (Elastic Load Balancing API
// reference, Matcher). The adapter takes them too.
var statusCodes = regexp.MustCompile(`^(\d{3}(,\d{3})*|\d{3}-\d{3})$`)

// checkStatusCodes checks the statuses that mean healthy, of which there may be none.
func (c *Check) checkStatusCodes(codes string) {
	if codes == "" || token.In(codes) {
		return
	}
	ok := statusCodes.MatchString(codes)
	least := 200
	for _, code := range strings.FieldsFunc(codes, func(r rune) bool { return r == ',' || r == '-' }) {
		number, err := strconv.Atoi(code)
		ok = ok && err == nil && number >= least && number <= 499
		if strings.Contains(codes, "-") {
			least = number // a range ascends
		}
	}
	if !ok {
		c.Problem(Problem{
			Field:   "Workload.HealthCheck.StatusCodes",
			Message: `must be statuses from 200 to 499, such as "200", "200,204" or "200-299"`,
			Got:     codes,
		})
	}
}

// warnOfIgnored warns of what is set and has no meaning at a place.
func (c *Check) warnOfIgnored(place platform.HealthCheck) {
	if c.platform == nil {
		return
	}
	given, timing := c.Given.HealthCheck, place.Timing()
	var ignored []string
	for _, field := range []struct {
		name    string
		ignored bool
	}{
		{"StatusCodes", given.StatusCodes != "" &&
			(!place.StatusCodes && given.StatusCodes != "200" || !timing && given.Path == "")},
		{"Interval", !timing && given.Interval != 0},
		{"Timeout", !timing && given.Timeout != 0},
		{"HealthyThreshold", !timing && given.HealthyThreshold != 0},
		{"UnhealthyThreshold", !timing && given.UnhealthyThreshold != 0},
	} {
		if field.ignored {
			ignored = append(ignored, field.name)
		}
	}
	if len(ignored) == 0 {
		return
	}
	meant := "only Path has a meaning there"
	switch {
	case place.StatusCodes && given.Path == "":
		meant = "only Path has a meaning there, and StatusCodes beside it"
	case place.StatusCodes:
		meant = "only Path and StatusCodes have a meaning there"
	case timing:
		meant = "200 is the status that means healthy there"
	}
	c.Warn(
		HealthCheckWarning,
		fmt.Sprintf(
			"%s ignores %s of the health check: %s",
			c.platform.Name,
			check.And(ignored),
			meant,
		),
	)
}
