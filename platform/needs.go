package platform

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Needs are what a server cannot do without. Each is checked against what AWS's documents promise
// of the place. A need that is not promised is an error that names the places which promise it. The
// zero value needs nothing.
//
//	web.Needs{RequestTimeout: time.Minute, WebSockets: true} // on ECS; not App Runner, not Lambda
//
// Needs change nothing that is deployed.
type Needs struct {
	// RequestTimeout is how long the server may take for a response.
	RequestTimeout time.Duration

	// RequestSize and ResponseSize are how large a body may be, in bytes.
	RequestSize, ResponseSize int

	// Streaming is needed if clients get the first part of a response before the last is there:
	// server-sent events, long downloads.
	Streaming bool

	// WebSockets is needed if clients keep a connection to which both sides write.
	WebSockets bool

	// StickySessions is needed if the requests of a client must reach the same server for as long
	// as that runs, because it keeps sessions in its memory.
	StickySessions bool

	// ARM64 is needed if the image is, or will be, for arm64.
	ARM64 bool

	// ScaleToZero is needed if nothing may run, or cost, while there are no requests.
	ScaleToZero bool
}

// Missing is one of the needs that a place cannot meet.
type Missing struct {
	Need string // the field's name

	// Message continues the name: "is 3 min, but App Runner times out requests after 2 min". Fix
	// says which places can.
	Message, Fix string
}

// need is one of a workload's needs.
type need struct {
	field  string
	wanted bool
	can    func(p *Platform) bool
	why    func(p *Platform) string // what a place does that cannot
}

// list returns all needs, in the order of the fields.
func (n Needs) list() []need {
	timeout := need{"RequestTimeout", n.RequestTimeout > 0,
		func(p *Platform) bool {
			if n.Streaming {
				return n.RequestTimeout <= p.Timeout || p.Quiet
			}
			return n.RequestTimeout <= p.Timeout && (p.Idle == 0 || n.RequestTimeout <= p.Idle)
		},
		func(p *Platform) string {
			limit, quiet := p.Timeout, p.Quiet
			if p.Idle > 0 && n.RequestTimeout <= p.Timeout {
				limit, quiet = p.Idle, true
			}
			text := fmt.Sprintf("is %s, but %s times out requests after %s",
				short(n.RequestTimeout), p.Name, short(limit))
			if quiet {
				text += " without a byte"
			}
			return text
		},
	}
	size := func(field string, bytes int, streams bool) need {
		return need{field, bytes > 0,
			func(p *Platform) bool {
				if field == "RequestSize" && p.RequestBody > 0 {
					return bytes <= p.RequestBody
				}
				return p.Payload == 0 || bytes <= p.Body() || streams && bytes <= p.Streamed
			},
			func(p *Platform) string {
				limit := fmt.Sprintf("limits bodies to %s (%s if not text)", megabytes(p.Payload), megabytes(p.Body()))
				switch {
				case field == "RequestSize" && p.RequestBody > 0:
					limit = "limits the bodies of requests to " + megabytes(p.RequestBody)
				case streams && p.Streamed > 0:
					limit = "limits streaming responses to " + megabytes(p.Streamed)
				}
				return fmt.Sprintf("is %d bytes, but %s %s", bytes, p.Name, limit)
			},
		}
	}
	ability := func(field string, wanted bool, of func(p *Platform) Ability, why string) need {
		return need{field, wanted,
			func(p *Platform) bool { return of(p).Can },
			func(p *Platform) string {
				if special := of(p).Why; special != "" {
					why = special
				}
				return "is set, but " + p.Name + " " + why
			},
		}
	}
	return []need{
		timeout,
		size("RequestSize", n.RequestSize, false),
		size("ResponseSize", n.ResponseSize, n.Streaming),
		ability(
			"Streaming",
			n.Streaming,
			func(p *Platform) Ability { return p.Streaming },
			"does not support streaming responses",
		),
		ability(
			"WebSockets",
			n.WebSockets,
			func(p *Platform) Ability { return p.WebSockets },
			"has no websockets",
		),
		ability(
			"StickySessions",
			n.StickySessions,
			func(p *Platform) Ability { return p.StickySessions },
			"does not keep a client at one server",
		),
		ability(
			"ARM64",
			n.ARM64,
			func(p *Platform) Ability { return p.ARM64 },
			"does not run images for arm64",
		),
		ability(
			"ScaleToZero",
			n.ScaleToZero,
			func(p *Platform) Ability { return p.ScaleToZero },
			"always has something running",
		),
	}
}

// Missing reports each need that the place cannot meet, with the places that can.
func (p *Platform) Missing(needs Needs) []Missing {
	var missing []Missing
	all := needs.list()
	for _, need := range all {
		if need.wanted && !need.can(p) {
			missing = append(missing, Missing{need.field, need.why(p), choice(all, need)})
		}
	}
	return missing
}

// choice names the places that meet all needs or, if there is none, those that meet this one.
func choice(all []need, this need) string {
	meetThis := names(this.can)
	meetAll := names(func(p *Platform) bool {
		return !slices.ContainsFunc(all, func(n need) bool { return n.wanted && !n.can(p) })
	})
	switch {
	case meetAll != "":
		return "choose " + meetAll
	case meetThis != "":
		return meetThis + " can, but no hosting meets all of Needs"
	}
	return "no hosting can"
}

// Can names the places that have an ability, as one writes them in Go.
func Can(ability func(p *Platform) Ability) string {
	return names(func(p *Platform) bool { return ability(p).Can })
}

// In names the places that exist in a region, as one writes them in Go.
func In(region string) string {
	return names(func(p *Platform) bool { return p.Regions.Has(region) })
}

// names lists the places that can do something; of those that share an ID the first.
func names(can func(p *Platform) bool) string {
	var found []string
	named := map[string]bool{}
	for _, p := range All {
		if can(p) && !named[p.ID] {
			named[p.ID] = true
			found = append(found, p.Go)
		}
	}
	last := len(found) - 1
	if last < 1 {
		return strings.Join(found, "")
	}
	return strings.Join(found[:last], ", ") + " or " + found[last]
}

// short is a duration as people say it.
func short(d time.Duration) string {
	switch {
	case d >= 2*time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d%time.Second == 0:
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return d.String()
}

// megabytes is a size as people say it.
func megabytes(bytes int) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return strings.TrimSuffix(fmt.Sprintf("%.2f", float64(bytes)/(1<<20)), "0") + " MB"
}
