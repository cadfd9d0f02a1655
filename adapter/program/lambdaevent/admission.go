package lambdaevent

import "github.com/cdkweb/cdkweb/adapter/program/ascii"

// Refusal says why the server must not get a client's request.
type Refusal uint8

const (
	Admitted   Refusal = iota // it may
	NotByFront                // it has no secret of the front's, or several
	NotAllowed                // it comes from another address
)

// frontHeader is the header with the front's secret, normalized.
const frontHeader = "x-origin-verify"

// admit tells whether the server may get the request. Events that are no HTTP
// requests come from AWS, and may.
func (w *RequestWriter) admit(e *Event) Refusal {
	w.verified, w.client = false, nil
	if e.Source == PassThrough {
		return Admitted
	}
	if front := &w.Config.Front; front.Required() {
		if !front.Verify(w.only(frontHeader)) {
			return NotByFront
		}
		w.verified = true
	}
	if len(w.Config.AllowFrom) > 0 {
		text, ip := w.source(e)
		if !w.Config.Allows(ip) {
			return NotAllowed
		}
		w.client = text
	}
	return Admitted
}

// only returns the value of a header that came once, nothing if it did not.
func (w *RequestWriter) only(name string) (value []byte) {
	count := 0
	for _, f := range w.fields {
		if ascii.EqualFold(f.Name, name) {
			value = f.Value
			count++
		}
	}
	if count != 1 {
		return nil
	}
	return value
}
