package integ

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/integ/fixture"
	"github.com/cdkweb/cdkweb/internal/assembly"
)

// TestImages builds what webimage stages, as the CDK's command line would, and runs each image as a
// container and under RIE.
func TestImages(t *testing.T) {
	t.Parallel()
	l := withEngine(t)
	fixtures := l.folder("fixtures")
	var assets map[string]assembly.Image
	do(t, "synthesize", func() (string, error) {
		if err := fixture.Write(fixtures, l.tools.hello(), installed("busybox-static")); err != nil {
			return "", err
		}
		out := filepath.Join(l.dir, "fixtures.out")
		if err := l.synth(out, "fixtures", map[string]string{"folder": fixtures}); err != nil {
			return "", err
		}
		var err error
		assets, err = imageAssets(out, "Fixtures")
		return fmt.Sprintf("%d images", len(assets)), err
	})
	webAdapter := sync.OnceValue(l.webAdapterImages)
	for _, f := range fixture.All {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			if f.WebAdapter {
				do(t, "images with AWS Lambda Web Adapter", func() (string, error) { return "", webAdapter() })
			}
			do(t, "build and run", func() (string, error) { return l.buildFixture(f, assets[filepath.Join(fixtures, f.Name)]) })
		})
	}
}

// webAdapterImages makes the images that have AWS Lambda Web Adapter inside.
func (l *lab) webAdapterImages() error {
	program := l.tools.webAdapter()
	if _, err := os.Stat(program); err != nil {
		return missing("AWS Lambda Web Adapter, which cargo builds")
	}
	archive := filepath.Join(l.dir, "lambda-adapter.tar")
	pack := exec.Command("tar", "--create", "--file", archive, "--directory", filepath.Dir(program), filepath.Base(program))
	if _, err := output(pack); err != nil {
		return err
	}
	if _, err := l.docker.run("import", archive, fixture.WebAdapterImage); err != nil {
		return err
	}
	base := l.folder("base")
	if err := os.WriteFile(filepath.Join(base, "Dockerfile"), []byte("FROM scratch\n"+fixture.CopyWebAdapter), 0o644); err != nil {
		return err
	}
	_, err := l.docker.run("build", "--quiet", "--tag", fixture.BaseWithWebAdapter, base)
	return err
}

// buildFixture builds one fixture's image with BuildKit and without, looks into it, and asks it.
func (l *lab) buildFixture(f fixture.Fixture, asset assembly.Image) (string, error) {
	version, err := l.docker.run("version", "--format", "{{.Server.Version}}")
	if err != nil {
		return "", err
	}
	var major int
	if fmt.Sscanf(version, "%d", &major); major < f.Engine {
		return "", missing("Docker %d or later; this is %s", f.Engine, version)
	}
	if err := l.runFixture(f, asset, true); err != nil {
		return "", fmt.Errorf("BuildKit: %w", err)
	}
	if f.BuildKit {
		return "BuildKit", nil
	}
	if err := l.runFixture(f, asset, false); err != nil {
		return "", fmt.Errorf("without BuildKit: %w", err)
	}
	return "with BuildKit and without", nil
}

func (l *lab) runFixture(f fixture.Fixture, asset assembly.Image, buildKit bool) error {
	tag := "integ-fixture:" + f.Name
	secret := &docker{environment: slices.Concat(l.docker.environment, []string{fixture.SecretVariable + "=" + fixture.Secret})}
	if err := secret.build(tag, asset, buildKit); err != nil {
		return err
	}
	files, err := l.docker.files(tag)
	if err != nil {
		return err
	}
	var faults []error
	for name, content := range f.Holds {
		if got, ok := files[name]; !ok {
			faults = append(faults, fmt.Errorf("the image has no %s", name))
		} else if content != "" && got != content {
			faults = append(faults, fmt.Errorf("%s is %q, want %q", name, got, content))
		}
	}
	for _, name := range f.Lacks {
		if _, ok := files[name]; ok {
			faults = append(faults, fmt.Errorf("the image has %s", name))
		}
	}

	if !buildKit {
		return errors.Join(faults...) // the same files run the same
	}

	container, err := l.docker.start(tag, 8080, nil)
	if err != nil {
		return errors.Join(append(faults, err)...)
	}
	faults = append(faults, answers(container, newSite("http://"+container.address, nil), patience), container.remove())

	if f.Refused != "" {
		for range 5 { // two adapters hand a request on twice now and then
			faults = append(faults, l.refuses(tag, f.Refused))
		}
		return errors.Join(faults...)
	}
	if container, err = l.docker.startLambda(l.tools.rie(), tag); err != nil {
		return errors.Join(append(faults, err)...)
	}
	for _, front := range frontEnds {
		limit := patience
		if f.Unanswered {
			limit = 3 * time.Second
		}
		err := answers(container, newSite("http://gateway.example", &emulated{front, container.address}), limit)
		if f.Unanswered {
			if err == nil {
				faults = append(faults, errors.New("the image has no adapter, but there is a response"))
			}
			break
		}
		faults = append(faults, err)
	}
	return errors.Join(append(faults, container.remove())...)
}

// refuses wants an image's start to end with a sentence, and a form that was sent meanwhile to
// reach no server.
func (l *lab) refuses(tag, sentence string) error {
	container, err := l.docker.startLambda(l.tools.rie(), tag)
	if err != nil {
		return err
	}
	s := newSite("http://gateway.example", &emulated{httpAPI, container.address})
	response, err := s.post("/order", nil)
	for end := time.Now().Add(patience); err != nil && time.Now().Before(end); {
		time.Sleep(50 * time.Millisecond) // RIE does not listen yet
		response, err = s.post("/order", nil)
	}
	if err != nil {
		err = fmt.Errorf("no response to the form within %s: %w", patience, err)
	} else if response.status < 500 {
		err = fmt.Errorf("the form has status %d: %s", response.status, start(response.body))
	}
	err = errors.Join(err, container.says(sentence)) // RIE passes on a moment later what a process has written
	logs := container.logs()
	if n := strings.Count(logs, "POST /order"); n > 0 {
		err = errors.Join(err, fmt.Errorf("the form reached the server %d times", n))
	}
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, tail(logs))
	}
	return errors.Join(err, container.remove())
}

// answers asks until there is a response from the server, or for so long.
func answers(c *container, s *site, limit time.Duration) error {
	s.client.Timeout = limit
	if _, err := s.waitUpTo(limit, "/"); err != nil {
		return fmt.Errorf("%w\n%s", err, tail(c.logs()))
	}
	return nil
}

// TestGuestbookImage builds the guestbook's image from a copy of the cloud assembly that has lost
// its file modes, and runs it both ways.
func TestGuestbookImage(t *testing.T) {
	t.Parallel()
	l := withEngine(t)
	const tag = "integ-guestbook"
	do(t, "build from a copy of cdk.out without file modes", func() (string, error) {
		out := filepath.Join(l.dir, "guestbook.out")
		if _, err := l.tools.runCDK(os.Environ(), "synth", "--quiet", "-c", "hosting=lambda", "--output", out); err != nil {
			return "", err
		}
		assets, err := imageAssets(out, "Guestbook")
		if err != nil {
			return "", err
		}
		for _, asset := range assets {
			copied := filepath.Join(l.dir, "guestbook.copy")
			if err := copyFlat(asset.Directory, copied); err != nil {
				return "", err
			}
			asset.Directory = copied
			for _, buildKit := range []bool{false, true} {
				if err := l.docker.build(tag, asset, buildKit); err != nil {
					return "", err
				}
			}
		}
		return l.docker.run("image", "inspect", "--format", "{{.Size}} bytes, user {{.Config.User}}", tag)
	})
	checks := l.guestbookChecks()
	try(t, "as a container", func() (string, error) {
		c, err := l.docker.start(tag, 8000, []string{"--env", "PORT=8000", "--read-only", "--tmpfs", "/tmp", "--memory", "512m"})
		if err != nil {
			return "", err
		}
		s := newSite("http://"+c.address, nil)
		took, err := s.waitFor("/healthz")
		err = errors.Join(err, s.visit(checks))
		if _, exitErr := s.get("/exit"); exitErr == nil {
			err = errors.Join(err, errors.New("/exit has a response"))
		}
		status, waitErr := l.docker.run("wait", c.id)
		if status != "1" {
			err = errors.Join(err, fmt.Errorf("after /exit the status is %s, want 1", status))
		}
		return fmt.Sprintf("%s; healthy after %d ms", names(checks), took.Milliseconds()), errors.Join(err, waitErr, c.remove())
	})
	for _, front := range frontEnds {
		try(t, "under RIE, "+string(front), func() (string, error) {
			c, err := l.docker.startLambda(l.tools.rie(), tag, "--env", "AWS_LWA_READINESS_CHECK_PATH=/healthz", "--read-only", "--tmpfs", "/tmp")
			if err != nil {
				return "", err
			}
			s := newSite("http://gateway.example", &emulated{front, c.address})
			took, err := s.waitFor("/healthz")
			err = errors.Join(err, s.visit(checks), s.fails("/panic"), s.fails("/exit"))
			return fmt.Sprintf("%s, /panic, /exit; first response after %d ms", names(checks), took.Milliseconds()), errors.Join(err, c.remove())
		})
	}
}

func (l *lab) guestbookChecks() []check {
	return guestbookChecks(filepath.Join(l.tools.root, "examples", "guestbook", "server", "logo.png"))
}

// copyFlat copies the files of a folder, all or the named ones, with the least modes.
func copyFlat(source, target string, only ...string) error {
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	entries, err := os.ReadDir(source)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if only != nil && !slices.Contains(only, entry.Name()) {
			continue
		}
		content, err := os.ReadFile(filepath.Join(source, entry.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(target, entry.Name()), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// fails opens a page that makes the server fail, wants an error for it, and then wants the
// guestbook to work again.
func (s *site) fails(path string) error {
	a, err := s.get(path)
	if err == nil && a.status < 500 {
		return fmt.Errorf("%s: status is %d, want an error", path, a.status)
	}
	if _, err := s.waitFor("/healthz"); err != nil {
		return fmt.Errorf("after %s: %w", path, err)
	}
	a, err = s.get("/")
	if err := want(a, err, 200, "Sign the guestbook"); err != nil {
		return fmt.Errorf("after %s: %w", path, err)
	}
	if strings.Contains(string(a.body), "errorType") {
		return fmt.Errorf("after %s: %s", path, start(a.body))
	}
	return nil
}
