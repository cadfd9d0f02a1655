package limits

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/web"
)

// need is one of a workload's needs.
type need struct {
	field  string
	wanted bool
	can    func(h *Hosting) bool
	why    func(h *Hosting) string // says what a hosting does that cannot
}

// list returns the needs of a workload, in the order of web.Needs.
func list(n web.Needs) []need {
	timeout := need{"RequestTimeout", n.RequestTimeout > 0,
		func(h *Hosting) bool { return n.RequestTimeout <= h.Timeout || h.Quiet && n.Streaming },
		func(h *Hosting) string {
			quiet := ""
			if h.Quiet {
				quiet = " without a byte"
			}
			return fmt.Sprintf("is %s, but %s gives a request up after %s%s", n.RequestTimeout, h.Name, h.Timeout, quiet)
		},
	}
	size := func(field string, bytes int, streams bool) need {
		return need{field, bytes > 0,
			func(h *Hosting) bool { return h.Payload == 0 || bytes <= h.body() || streams && bytes <= h.Streamed },
			func(h *Hosting) string {
				return fmt.Sprintf("is %d bytes, but %s carries %d, of which base64 leaves %d", bytes, h.Name, h.Payload, h.body())
			},
		}
	}
	ability := func(field string, wanted bool, of func(h *Hosting) Ability, why string) need {
		return need{field, wanted, func(h *Hosting) bool { return of(h).Can }, func(h *Hosting) string { return "is set, but " + h.Name + " " + why }}
	}
	return []need{
		timeout,
		size("RequestSize", n.RequestSize, false),
		size("ResponseSize", n.ResponseSize, n.Streaming),
		ability("Streaming", n.Streaming, func(h *Hosting) Ability { return h.Streaming }, "is not known to send an answer in parts"),
		ability("WebSockets", n.WebSockets, func(h *Hosting) Ability { return h.WebSockets }, "has no websockets"),
		ability("ARM64", n.ARM64, func(h *Hosting) Ability { return h.ARM64 }, "does not run images for arm64"),
		ability("ScaleToZero", n.ScaleToZero, func(h *Hosting) Ability { return h.ScaleToZero }, "always has something running"),
	}
}

// Check reports each need of a workload that the hosting cannot meet, with the hostings that can.
func (h *Hosting) Check(needs web.Needs) []error {
	var errs []error
	all := list(needs)
	for _, need := range all {
		if need.wanted && !need.can(h) {
			errs = append(errs, fmt.Errorf("Needs.%s %s; %s", need.field, need.why(h), choice(all, need)))
		}
	}
	return errs
}

// choice names the hostings that meet all needs or, where there is none, those that meet this one.
func choice(all []need, this need) string {
	meetThis := names(this.can)
	meetAll := names(func(h *Hosting) bool {
		return !slices.ContainsFunc(all, func(n need) bool { return n.wanted && !n.can(h) })
	})
	switch {
	case meetAll != "":
		return "choose " + meetAll
	case meetThis != "":
		return meetThis + " can, but no hosting meets all of Needs"
	}
	return "no hosting can"
}

// Can names the hostings that have an ability, as one writes them in Go.
func Can(ability func(h *Hosting) Ability) string {
	return names(func(h *Hosting) bool { return ability(h).Can })
}

// names lists the hostings that can do something; those with options only where their package's default cannot.
func names(can func(h *Hosting) bool) string {
	var found []string
	for _, h := range All {
		if can(h) && (h.Default == nil || !can(h.Default)) {
			found = append(found, h.Go)
		}
	}
	return strings.Join(found, " or ")
}

// short is a duration as people say it.
func short(d time.Duration) string {
	if d >= 5*time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
