package settings

import (
	"strings"

	"github.com/cdkweb/cdkweb/adapter/program/ascii"
)

// Forwarded is what becomes of a client's headers that say who it is and how it
// came.
type Forwarded struct {
	Pass bool     // they reach the server as they came
	Keep []string // these do, in lower case
}

// Keeps tells whether a header reaches the server as it came.
func (f *Forwarded) Keeps(name []byte) bool {
	for _, keep := range f.Keep {
		if ascii.EqualFold(name, keep) {
			return true
		}
	}
	return false
}

// parseForwarded reads pass, endpoint, or endpoint with the names of headers
// behind it.
func parseForwarded(v string) (f Forwarded, ok bool) {
	mode, names, list := strings.Cut(v, ",")
	switch mode = strings.TrimSpace(mode); {
	case strings.EqualFold(mode, "pass"):
		return Forwarded{Pass: true}, !list
	case !strings.EqualFold(mode, "endpoint"):
		return Forwarded{}, false
	case !list:
		return Forwarded{}, true
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if !ascii.IsToken(name) {
			return Forwarded{}, false
		}
		f.Keep = append(f.Keep, name)
	}
	return f, true
}
