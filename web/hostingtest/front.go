package hostingtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webimage"
)

// cdn is one above the services of a stack.
func cdn(stack awscdk.Stack, generation int) *web.Front {
	return &web.Front{
		Stack: stack, Path: "Stack/Front", SecretGeneration: generation,
		Domain: &web.Domain{Name: "shop.example.com"},
	}
}

// frontWorkload has the adapter, which knows a front by its secrets.
func frontWorkload() web.Workload {
	return web.Workload{Image: webimage.URI(privateImage, &webimage.ExistingOptions{Adapter: webimage.WithAdapter})}
}

// testFront puts a front above a service: either requests without the secret are refused, or it is
// said why not. What the two share stands beside the hosting.
func testFront(t *testing.T, h Harness) {
	for _, generation := range []int{1, 2} {
		stack := newStack(t)
		service := h.service(stack, "Site", frontWorkload())
		above := cdn(stack, generation)
		if problems := above.Problems("Service", service); len(problems) > 0 {
			if h.NoURL == "" {
				t.Fatalf("got problems %v", problems)
			}
			return
		}
		if h.NoURL != "" {
			t.Fatal("a front can stand above a service that has no URL")
		}
		origin := above.Origin(service)
		above.SetURL(service, "https://shop.example.com")
		if got := above.Origin(service); got != origin {
			t.Error("a second front gets another origin")
		}
		if origin.ID != "Site" {
			t.Errorf("got id %q, want the service's path", origin.ID)
		}
		if strings.ContainsAny(origin.Host, "/") || origin.Path != "" && !strings.HasPrefix(origin.Path, "/") ||
			strings.HasSuffix(origin.Path, "/") {
			t.Errorf("got host %q and path %q", origin.Host, origin.Path)
		}
		if origin.HTTPS == h.PlainHTTP {
			t.Errorf("got HTTPS %v, the URL is %s", origin.HTTPS, service.URL())
		}
		template := templatetest.Of(t, stack)
		var want []string
		for n := max(1, generation-1); n <= generation+1; n++ {
			want = append(want, fmt.Sprintf("SiteFrontSecret%d", n))
		}
		secrets := template.IDs("AWS::SecretsManager::Secret")
		if len(secrets) != len(want) {
			t.Fatalf("got secrets %q, want %q", secrets, want)
		}
		used := map[string]bool{}
		for i, secret := range secrets {
			if !strings.HasPrefix(secret, want[i]) {
				t.Errorf("got secret %s, want %s", secret, want[i])
			}
			for id, resource := range template.Resources {
				if id != secret && strings.Contains(templatetest.JSON(t, resource.Properties), `"`+secret+`"`) {
					used[secret] = true
				}
			}
		}
		if verified := origin.Unverified == ""; verified != (len(used) == len(secrets)) || !verified && len(used) > 0 {
			t.Errorf("the service requires one of %v, and says %q", used, origin.Unverified)
		}
		if got := h.variables(t, service)[web.PublicURLVariable]; got != "https://shop.example.com" {
			t.Errorf("got %s %v, want the front's", web.PublicURLVariable, got)
		}
	}
}

// testFrontRefuses makes what would be open, or closed, by mistake.
func testFrontRefuses(t *testing.T, h Harness) {
	if h.NoURL != "" {
		t.Skip("it has no URL")
	}
	stack := newStack(t)
	service := h.service(stack, "Site", frontWorkload())
	other := awscdk.NewStack(stack.Node().Root().(awscdk.App), new("Elsewhere"), nil)
	above := cdn(other, 1)
	if problems := above.Problems("Service", service); len(problems) != 1 || !strings.Contains(problems[0].Message, "of stack") {
		t.Errorf("got %v, want that the front belongs into the service's stack", problems)
	}
	late := newStack(t)
	site := h.service(late, "Site", frontWorkload())
	templatetest.Of(t, late)
	if problems := cdn(late, 1).Problems("Service", site); len(problems) > 0 &&
		!strings.Contains(problems[0].Message, "were read already") {
		t.Errorf("got %v after a synthesis", problems)
	}
}
