package cost

import "time"

// Traffic is what clients do in a month.
type Traffic struct {
	Requests float64
	Day      [24]float64 // the share of the requests in each hour of the day; 1 together

	Mean time.Duration // how long the server takes for a response
	CPU  time.Duration // how much of it is spent computing

	// Sizes in bytes of a request, its response, and what is logged about it.
	Request, Response, Log float64
}

// evenly is a day with the same traffic in every hour from one to another; 22 to 6 is a night.
func evenly(from, to int) (day [24]float64) {
	hours := (to - from + 24) % 24
	if hours == 0 {
		hours = 24
	}
	for i := range hours {
		day[(from+i)%24] = 1 / float64(hours)
	}
	return day
}

// rate is the number of requests a second in an hour of the day.
func (t Traffic) rate(hour int, hoursPerMonth float64) float64 {
	return t.Requests * t.Day[hour] / (hoursPerMonth / 24 * 3600)
}

// times is the same traffic with more or fewer requests.
func (t Traffic) withRequests(requests float64) Traffic {
	t.Requests = requests
	return t
}
