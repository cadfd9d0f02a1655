package web

import (
	"fmt"
	"time"
)

// Needs are what a server cannot do without. Each is checked against what AWS's documents promise of the hosting; one that is not promised
// is an error that names the hostings which promise it. The zero value needs nothing.
//
//	web.Needs{RequestTimeout: time.Minute, WebSockets: true} // ecsweb.Hosting; not App Runner, not Lambda
//
// Needs change nothing that is deployed.
type Needs struct {
	// RequestTimeout is how long the server may take for an answer.
	RequestTimeout time.Duration

	// RequestSize and ResponseSize are how large a body may be, in bytes.
	RequestSize, ResponseSize int

	// Streaming is needed where clients get the first part of an answer before the last is there: server-sent events, long downloads.
	Streaming bool

	// WebSockets is needed where clients keep a connection to which both sides write.
	WebSockets bool

	// ARM64 is needed where the image is, or will be, for arm64.
	ARM64 bool

	// ScaleToZero is needed where nothing may run, or cost, while there are no requests.
	ScaleToZero bool
}

// validate reports what cannot be needed anywhere.
func (n *Needs) validate() []error {
	var errs []error
	if n.RequestTimeout < 0 {
		errs = append(errs, fmt.Errorf("Needs.RequestTimeout must not be negative, got %s; leave it out where any will do", n.RequestTimeout))
	}
	for _, size := range []struct {
		field string
		bytes int
	}{{"RequestSize", n.RequestSize}, {"ResponseSize", n.ResponseSize}} {
		if size.bytes < 0 {
			errs = append(errs, fmt.Errorf("Needs.%s must not be negative, got %d; leave it out where any will do", size.field, size.bytes))
		}
	}
	return errs
}
