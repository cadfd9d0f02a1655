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
