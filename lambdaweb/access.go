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
	c.SetVariable(adapter.AllowFrom, strings.Join(texts(c.AllowFrom), ","))
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
