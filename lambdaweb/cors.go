package lambdaweb

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/internal/token"
	"github.com/cdkweb/cdkweb/web"
)

// CORS says what pages of other origins may ask for in a browser. API Gateway responds to their
// preflight requests itself, without the server. The rest differs: see the field of the API.
type CORS struct {
	// AllowOrigins are the origins of such pages: "https://shop.example.com", or "*" alone for all.
	// Required.
	AllowOrigins []string

	// AllowMethods are the methods that they may use. Optional. Default: all.
	AllowMethods []string

	// AllowHeaders are the headers that they may send, beside those that are always allowed.
	// Optional. Default: Authorization and Content-Type.
	AllowHeaders []string

	// ExposeHeaders are the headers of a response that they may read, beside those that they always
	// may. Optional. Default: none.
	ExposeHeaders []string

	// AllowCredentials lets them send cookies. It does not go with the origin "*".
	// Optional. Default: false.
	AllowCredentials bool

	// MaxAge is how long a browser need not ask again: whole seconds, up to 24 h.
	// Optional. Default: what the browser chooses, 5 s in most.
	MaxAge time.Duration
}

// allMethods are those that API Gateway takes.
var allMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

var (
	origin = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://[a-z0-9.-]+(:[0-9]{1,5})?$`)

	// headerName is a field name (RFC 9110), but for the apostrophe, which ends a value in API
	// Gateway.
	headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&*+.^_`|~-]+$")
)

const maxCORSAge = 24 * time.Hour // API Gateway developer guide, "Configure CORS for HTTP APIs"

func (o *CORS) withDefaults() *CORS {
	if o == nil {
		return nil
	}
	all := *o
	if len(all.AllowMethods) == 0 {
		all.AllowMethods = allMethods
	}
	if len(all.AllowHeaders) == 0 {
		all.AllowHeaders = []string{"Authorization", "Content-Type"}
	}
	return &all
}

// check checks the field CORS of an endpoint.
func (o *CORS) check(c *web.Check) {
	if o == nil {
		return
	}
	const field = "Hosting.Endpoint.CORS."
	report := func(name, message, fix string, got any) {
		c.Problem(web.Problem{Field: field + name, Message: message, Fix: fix, Got: got})
	}
	all := slices.Contains(o.AllowOrigins, "*")
	switch {
	case len(o.AllowOrigins) == 0:
		report("AllowOrigins", "is required",
			`set it to []string{"https://shop.example.com"}, for instance, or leave CORS out`, nil)
	case all && len(o.AllowOrigins) > 1:
		report("AllowOrigins", `must be "*" alone, or origins`, "leave the one or the others out", nil)
	case all && o.AllowCredentials:
		report("AllowCredentials", `does not go with the origin "*", for which browsers send no cookies`,
			"write the origins", nil)
	}
	for i, text := range o.AllowOrigins {
		if text == "*" || token.In(text) || origin.MatchString(text) {
			continue
		}
		fix := ""
		switch lower := strings.ToLower(text); {
		case !strings.Contains(text, "://"):
			fix = fmt.Sprintf("write %q", "https://"+text)
		case origin.MatchString(lower):
			fix = fmt.Sprintf("write %q", lower)
		case strings.HasSuffix(text, "/"):
			fix = "leave the slash at the end out"
		case strings.Contains(text, "*"):
			fix = `write each origin, or "*" alone`
		}
		report(fmt.Sprintf("AllowOrigins[%d]", i),
			"must be a scheme and a host, in lower case: https://shop.example.com", fix, text)
	}
	for i, method := range o.AllowMethods {
		if !slices.Contains(allMethods, method) {
			fix := ""
			if method == "*" || method == "ANY" {
				fix = "leave AllowMethods out for all"
			}
			report(fmt.Sprintf("AllowMethods[%d]", i),
				"must be one of "+strings.Join(allMethods, ", "), fix, method)
		}
	}
	for _, list := range []struct {
		name  string
		names []string
	}{{"AllowHeaders", o.AllowHeaders}, {"ExposeHeaders", o.ExposeHeaders}} {
		for i, name := range list.names {
			if !headerName.MatchString(name) || name == "*" && o.AllowCredentials {
				report(fmt.Sprintf("%s[%d]", list.name, i),
					"must be the name of a header", "", cmp.Or(name, `""`))
			}
		}
	}
	if o.MaxAge != 0 {
		c.WholeSeconds("Endpoint.CORS.MaxAge", o.MaxAge, time.Second, maxCORSAge)
	}
}
