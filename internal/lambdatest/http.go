package lambdatest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
)

// HTTPResponse is a response as the client of a gateway would see it.
type HTTPResponse struct {
	Status      int
	Description string
	Header      http.Header // with canonical names, of whichever kind the response has
	Cookies     []string
	Body        []byte
	Base64      bool            // the body came as base64
	Keys        map[string]bool // the members of the JSON
}

// HTTP reads the JSON of a buffered response, or the prelude of a streamed one.
func (r *Response) HTTP(t T) *HTTPResponse {
	t.Helper()
	if r.Error != nil {
		t.Fatalf("got the error %s (%s), want a response", r.Error.ErrorType, r.Error.ErrorMessage)
	}
	text, stream := r.Payload, []byte(nil)
	if streamed := r.Header.Get("Lambda-Runtime-Function-Response-Mode") == "streaming"; streamed {
		var found bool
		if text, stream, found = bytes.Cut(r.Payload, make([]byte, 8)); !found {
			t.Fatalf("the stream has no prelude with 8 NULs: %.200q", r.Payload)
		}
	}
	var all map[string]json.RawMessage
	var parts struct {
		StatusCode        int
		StatusDescription string
		Headers           map[string]string
		MultiValueHeaders map[string][]string
		Cookies           []string
		Body              string
		IsBase64Encoded   bool
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("the response is not JSON: %v: %.200q", err, text)
	}
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatalf("the response is not of the right kind: %v: %.200q", err, text)
	}
	a := &HTTPResponse{
		Status: parts.StatusCode, Description: parts.StatusDescription, Cookies: parts.Cookies,
		Header: http.Header{}, Body: stream, Base64: parts.IsBase64Encoded, Keys: map[string]bool{},
	}
	for key := range all {
		a.Keys[key] = true
	}
	for name, value := range parts.Headers {
		a.Header.Add(name, value)
	}
	for name, values := range parts.MultiValueHeaders {
		for _, value := range values {
			a.Header.Add(name, value)
		}
	}
	switch {
	case stream != nil:
	case parts.IsBase64Encoded:
		var err error
		if a.Body, err = base64.StdEncoding.DecodeString(parts.Body); err != nil {
			t.Fatalf("the body is not base64: %v", err)
		}
	default:
		a.Body = []byte(parts.Body)
	}
	return a
}
