package integ

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/internal/assembly"
)

// bases are the images that the applications are built from, by the names that they have in
// Docker's registry. No registry is at hand, so all of them are one root file system of Debian
// packages.
var bases = []string{"node:18-bookworm-slim", "python:3.11-slim-bookworm", "nginx:1.22"}

// TestApplications builds web servers of other languages, whose folders know nothing of AWS, and
// runs them both ways.
func TestApplications(t *testing.T) {
	t.Parallel()
	l := withEngine(t)
	do(t, "base images of Debian packages", l.debianImages)
	var assets map[string]assembly.Image
	do(t, "synthesize", func() (string, error) {
		out := filepath.Join(l.dir, "applications.out")
		if err := l.synth(out, "applications", nil); err != nil {
			return "", err
		}
		var err error
		assets, err = imageAssets(out, "Applications")
		return fmt.Sprintf("%d images", len(assets)), err
	})
	for name, asset := range assets {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			tag := "integ-application:" + filepath.Base(name)
			do(t, "build", func() (string, error) { return "", l.docker.build(tag, asset, true) })
			try(t, "as a container", func() (string, error) {
				c, err := l.docker.start(tag, 8080, []string{"--env", "PORT=8080"})
				if err != nil {
					return "", err
				}
				return l.visitApplication(c, newSite("http://"+c.address, nil))
			})
			for _, front := range frontEnds {
				try(t, "under RIE, "+string(front), func() (string, error) {
					// As Lambda runs it: as a user of its own, with nothing writable but /tmp.
					c, err := l.docker.startLambda(l.tools.rie(), tag, "--env", "PORT=8080", "--read-only", "--tmpfs", "/tmp:mode=1777", "--user", "993:990")
					if err != nil {
						return "", err
					}
					return l.visitApplication(c, newSite("http://gateway.example", &emulated{front, c.address}))
				})
			}
		})
	}
}

func (l *lab) visitApplication(c *container, s *site) (string, error) {
	took, err := s.waitFor("/")
	if err == nil {
		err = s.visit(applicationChecks)
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, tail(c.logs()))
	}
	return fmt.Sprintf("%s; first response after %d ms", names(applicationChecks), took.Milliseconds()), errors.Join(err, c.remove())
}

// applicationChecks are what every application does.
var applicationChecks = []check{
	{"page", func(s *site) error {
		a, err := s.get("/")
		return want(a, err, 200, "<h1>Hello stranger</h1>")
	}},
	{"post", func(s *site) error {
		a, err := s.post("/name", url.Values{"name": {"Ana"}, "other": {strings.Repeat("x", 10000)}})
		if err := want(a, err, 303, ""); err != nil {
			return err
		}
		var got []string
		for _, cookie := range (&http.Response{Header: a.header}).Cookies() {
			got = append(got, cookie.Name+"="+cookie.Value)
		}
		if slices.Sort(got); strings.Join(got, " ") != "name=Ana seen=1" || a.header.Get("Location") != "./" {
			return fmt.Errorf("the cookies are %q and Location is %q", got, a.header.Get("Location"))
		}
		return nil
	}},
	{"cookie", func(s *site) error {
		a, err := s.send("GET", "/?x=1", http.Header{"Cookie": {"first=1; name=Ana; last=2"}}, nil)
		return want(a, err, 200, "<h1>Hello Ana</h1>")
	}},
	{"binary", func(s *site) error {
		a, err := s.get("/binary")
		if err := want(a, err, 200, ""); err != nil {
			return err
		}
		if !bytes.HasPrefix(a.body, []byte("\x7fELF\x02\x01\x01\x00")) || len(a.body) < 20000 {
			return fmt.Errorf("got %d bytes, no program: %s", len(a.body), start(a.body))
		}
		return nil
	}},
	{"404", func(s *site) error { a, err := s.get("/no/such/page"); return want(a, err, 404, "nothing here") }},
}

// debianImages gives the root file system of Debian packages the names that Dockerfiles use.
func (l *lab) debianImages() (string, error) {
	if _, err := l.docker.run("import", l.tools.debianRoot(), bases[0]); err != nil {
		return "", err
	}
	for _, base := range bases[1:] {
		if _, err := l.docker.run("tag", bases[0], base); err != nil {
			return "", err
		}
	}
	return debianRelease + " with " + debianPackages, nil
}
