package lambdaweb

import (
	"fmt"
	"strings"

	"github.com/cdkweb/cdkweb/adapter"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// withAdapter is what to do about an image that may hold another adapter than this library's.
const withAdapter = "build it with webimage.Go or webimage.Dockerfile, and leave their option Adapter out; " +
	"of an image that this library has built, say so: &webimage.ExistingOptions{Adapter: webimage.WithAdapter}"

// maxAllowFrom leaves a quarter of a function's variables to everything else.
const maxAllowFrom = 3 << 10

// checkAllowFrom has the adapter refuse requests that come from elsewhere, where the endpoint itself
// lets everybody in. It goes by the address that API Gateway or Lambda vouches for.
func checkAllowFrom(c *web.Check) {
	if len(c.AllowFrom) == 0 {
		return
	}
	if c.Image != nil && c.Image.Adapter != webimage.WithAdapter {
		c.Problem(web.Problem{
			Field: "AllowFrom",
			Message: "is kept by this library's adapter on such an endpoint, which the image is not " +
				"known to hold",
			Fix: withAdapter,
		})
	}
	list := strings.Join(texts(c.AllowFrom), ",")
	if len(list) > maxAllowFrom {
		c.Problem(web.Problem{
			Field: "AllowFrom",
			Message: fmt.Sprintf("must have %d bytes at most as a list on such an endpoint, because "+
				"it is a variable of the function, of which all have 4 KB", maxAllowFrom),
			Got: fmt.Sprintf("%d prefixes with %d bytes", len(c.AllowFrom), len(list)),
			Fix: "use larger prefixes, or a web ACL: lambdaweb.RESTAPI{} takes one, and a front " +
				"(webfront.NewFront) above any endpoint",
		})
		return
	}
	c.KeepVariable(adapter.AllowFrom, list)
}

// checkAccessVariable reports a variable of the workload's that would change who may come in. The
// problem has no field.
func checkAccessVariable(name string) *web.Problem {
	switch name {
	case adapter.AllowFrom:
		return &web.Problem{
			Message: "tells the adapter who may come in",
			Fix:     "set AllowFrom of the service instead",
		}
	case adapter.FrontSecrets:
		return &web.Problem{
			Message: "tells the adapter who may come in",
			Fix:     "put a front above the service instead: webfront.NewFront",
		}
	}
	return nil
}

// verify has the adapter refuse requests that do not come from the front above the service.
func verify(in *web.Definition, made *web.Made) {
	if in.Facts.Adapter != webimage.WithAdapter {
		made.Unverified = "the image is not known to hold this library's adapter, which would check " +
			"the header; " + withAdapter
		return
	}
	made.Verify = web.Verifier{
		Check: func(values int) *web.Problem {
			size := values*(web.FrontSecretLength+1) - 1
			problem := in.Fits(adapter.FrontSecrets, size)
			if problem == nil {
				return nil
			}
			problem.Message = fmt.Sprintf(
				"must leave room for the front's secrets, %d bytes in the variable %s: its variables %s",
				size, adapter.FrontSecrets, problem.Message,
			)
			return problem
		},
		Require: func(_ string, values []string) {
			in.AddVariable(adapter.FrontSecrets, strings.Join(values, ","),
				len(values)*(web.FrontSecretLength+1)-1)
		},
	}
}
