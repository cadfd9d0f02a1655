package cost

import (
	"cmp"
	"math"
	"slices"
)

// Offer is what a server costs on a hosting.
type Offer struct {
	Config Config
	Bill   Bill
	Here   bool // it is where the server is now

	// Cheaper are the numbers of requests a month at which it becomes cheaper than where the server
	// is now, and Dearer those at which it becomes dearer.
	Cheaper, Dearer []float64

	// Gain is what it saves a month with the traffic of now.
	Gain float64
}

// Refusal is a hosting that does not have the server.
type Refusal struct {
	Kind Kind
	Why  string
}

// Comparison is a server on every hosting, its own first and then the cheapest.
type Comparison struct {
	Service  *Service
	Traffic  Traffic
	Options  Options
	Offers   []Offer
	Refusals []Refusal
	Notes    []string // what holds on every hosting
}

// compare prices a service on its hosting and, with equal sizes, on the others.
func compare(s *Service, t Traffic, o Options) Comparison {
	o.Behind, o.Front = s.Behind, s.Front
	found := Comparison{Service: s, Traffic: t, Options: o}
	for _, kind := range kinds {
		config, err := s.Config.on(kind, o.Region)
		if err != nil {
			found.Refusals = append(found.Refusals, Refusal{kind, err.Error()})
			continue
		}
		offer := Offer{Config: config, Bill: Monthly(config, t, o), Here: kind == s.Config.Kind}
		if !offer.Here {
			offer.Cheaper, offer.Dearer = breakEven(s.Config, config, t, o)
			if kind == AppRunner {
				offer.Bill.note("App Runner takes no new customers")
			}
			offer.Gain = Monthly(s.Config, t, o).USD() - offer.Bill.USD()
		}
		found.Offers = append(found.Offers, offer)
	}
	slices.SortStableFunc(found.Offers, func(a, b Offer) int {
		if a.Here != b.Here {
			return cmp.Compare(rank(a.Here), rank(b.Here))
		}
		return cmp.Compare(a.Bill.USD(), b.Bill.USD())
	})
	found.shareNotes(s.Notes)
	return found
}

// shareNotes moves the notes that every bill has, and those of the service, to the comparison.
func (c *Comparison) shareNotes(ofService []string) {
	c.Notes = slices.Clone(ofService)
	for _, note := range c.Offers[0].Bill.Notes {
		everywhere := !slices.ContainsFunc(c.Offers, func(o Offer) bool { return !slices.Contains(o.Bill.Notes, note) })
		if everywhere {
			c.Notes = append(c.Notes, note)
		}
	}
	for i := range c.Offers {
		c.Offers[i].Bill.Notes = slices.DeleteFunc(c.Offers[i].Bill.Notes, func(note string) bool { return slices.Contains(c.Notes, note) })
	}
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

// The numbers of requests a month among which break-even points are looked for.
const (
	leastRequests = 1e3
	mostRequests  = 1e10
	perDecade     = 40
)

// breakEven are the numbers of requests a month at which another hosting becomes cheaper than one,
// and dearer, as long as both can serve them.
func breakEven(here, there Config, t Traffic, o Options) (cheaper, dearer []float64) {
	gain := func(requests float64) float64 {
		t := t.withRequests(requests)
		before, after := Monthly(here, t, o).USD(), Monthly(there, t, o).USD()
		if math.Abs(before-after) < 1e-9*before { // the same, but for the last digit
			return 0
		}
		return before - after
	}
	steps := int(math.Log10(mostRequests/leastRequests) * perDecade)
	low, lowGain := leastRequests, gain(leastRequests)
	for step := 1; step <= steps; step++ {
		high := leastRequests * math.Pow(10, float64(step)/perDecade)
		if full := t.withRequests(high); overloaded(here, full, o.Hours) || overloaded(there, full, o.Hours) {
			break
		}
		highGain := gain(high)
		switch {
		case lowGain <= 0 && highGain > 0:
			cheaper = append(cheaper, bisect(gain, low, high))
		case lowGain >= 0 && highGain < 0:
			dearer = append(dearer, bisect(func(requests float64) float64 { return -gain(requests) }, low, high))
		}
		low, lowGain = high, highGain
	}
	return cheaper, dearer
}

// bisect is where a gain becomes positive.
func bisect(gain func(float64) float64, low, high float64) float64 {
	for high/low > 1+1e-6 {
		middle := math.Sqrt(low * high)
		if gain(middle) > 0 {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}
