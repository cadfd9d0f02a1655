package integ

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// emulated sends requests to a container in which AWS's Lambda Runtime Interface Emulator (RIE)
// runs the image's command and what lies in /opt/extensions.
type emulated struct {
	front   frontEnd
	address string // of RIE, on this machine
}

// RoundTrip implements http.RoundTripper.
func (e *emulated) RoundTrip(r *http.Request) (*http.Response, error) {
	event, err := e.front.event(r)
	if err != nil {
		return nil, err
	}
	url := "http://" + e.address + "/2015-03-31/functions/function/invocations"
	invocation, err := http.NewRequestWithContext(r.Context(), "POST", url, bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultTransport.RoundTrip(invocation)
	if err != nil {
		return nil, fmt.Errorf("invoke: %w", err)
	}
	defer answer.Body.Close()
	payload, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, fmt.Errorf("invoke: %w", err)
	}
	return e.front.response(r, payload)
}
