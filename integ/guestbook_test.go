package integ

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

// site is a web server as its visitors see it, wherever it runs.
type site struct {
	client *http.Client
	url    string // without a slash at the end
	host   string // the Host header, where the address is not the site's own name
}

func newSite(url string, transport http.RoundTripper) *site {
	return &site{url: strings.TrimSuffix(url, "/"), client: &http.Client{
		Transport:     transport,
		Timeout:       patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// reply is a response with its whole body.
type reply struct {
	status int
	header http.Header
	body   []byte
}

func (s *site) send(method, path string, header http.Header, body []byte) (reply, error) {
	request, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("Accept", "*/*") // as browsers do; without it a REST API passes binary bodies on as base64 text
	request.Host = s.host
	response, err := s.client.Do(request)
	if err != nil {
		return reply{}, err
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	return reply{response.StatusCode, response.Header, got}, err
}

func (s *site) get(path string) (reply, error) { return s.send("GET", path, nil, nil) }

// post sends a form, as a browser does.
func (s *site) post(path string, form url.Values) (reply, error) {
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	return s.send("POST", path, header, []byte(form.Encode()))
}

// sign adds an entry to the guestbook.
func (s *site) sign(name, message string) (reply, error) {
	return s.post("/entries", url.Values{"name": {name}, "message": {message}})
}

// want compares a status and, where text is not empty, looks for it in the body.
func want(a reply, err error, status int, text string) error {
	if err != nil {
		return err
	}
	if a.status != status {
		return fmt.Errorf("status is %d, want %d: %s", a.status, status, start(a.body))
	}
	if !bytes.Contains(a.body, []byte(text)) {
		return fmt.Errorf("the body has no %q: %s", text, start(a.body))
	}
	return nil
}

func start(body []byte) string { return fmt.Sprintf("%.200q", body) }

// check is one thing that a site has to do.
type check struct {
	name string
	run  func(s *site) error
}

// guestbookChecks are what the guestbook does on every hosting. The logo is the one in the
// example's folder.
func guestbookChecks(logo string) []check {
	return []check{
		{"page", func(s *site) error {
			a, err := s.get("/")
			if err := want(a, err, 200, "Sign the guestbook"); err != nil {
				return err
			}
			if got := a.header.Get("Content-Type"); got != "text/html; charset=utf-8" {
				return fmt.Errorf("Content-Type is %q", got)
			}
			return nil
		}},
		{"post and read back", func(s *site) error {
			message := fmt.Sprintf("Zoë & <friends> %08x ✓", rand.Uint32())
			a, err := s.sign("Zoë", message)
			if err := want(a, err, 303, ""); err != nil {
				return err
			}
			if got := a.header.Get("Location"); got != "./" {
				return fmt.Errorf("Location is %q", got)
			}
			a, err = s.get("/")
			return want(a, err, 200, html.EscapeString(message))
		}},
		{"cookie", func(s *site) error {
			a, err := s.sign("Åse Ny", "cookie")
			if err := want(a, err, 303, ""); err != nil {
				return err
			}
			cookies := (&http.Response{Header: a.header}).Cookies()
			if len(cookies) != 1 || cookies[0].Name != "guestbook_name" || !cookies[0].HttpOnly {
				return fmt.Errorf("Set-Cookie is %q", a.header["Set-Cookie"])
			}
			header := http.Header{"Cookie": {"other=1; " + cookies[0].Name + "=" + cookies[0].Value + "; last=2"}}
			a, err = s.send("GET", "/", header, nil)
			return want(a, err, 200, `value="Åse Ny"`)
		}},
		{"1 MB upload", func(s *site) error { return s.echo(1 << 20) }},
		{"binary download", func(s *site) error {
			file, err := os.ReadFile(logo)
			if err != nil {
				return err
			}
			a, err := s.get("/logo.png")
			if err := want(a, err, 200, ""); err != nil {
				return err
			}
			if !bytes.Equal(a.body, file) || a.header.Get("Content-Type") != "image/png" {
				return fmt.Errorf("got %d bytes of %s, want the %d of logo.png", len(a.body), a.header.Get("Content-Type"), len(file))
			}
			return nil
		}},
		{"404", func(s *site) error { a, err := s.get("/no/such/page?x=1"); return want(a, err, 404, "Page not found") }},
		{"500", func(s *site) error { a, err := s.get("/status/500"); return want(a, err, 500, "Internal Server Error") }},
	}
}

// echo sends bytes of every value and wants them back.
func (s *site) echo(size int) error {
	body := make([]byte, size)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range body {
		body[i] = byte(random.Uint32())
	}
	a, err := s.send("POST", "/echo", http.Header{"Content-Type": {"application/octet-stream"}}, body)
	if err := want(a, err, 200, ""); err != nil {
		return err
	}
	if !bytes.Equal(a.body, body) {
		return fmt.Errorf("got %d bytes back that differ from the %d sent", len(a.body), size)
	}
	return nil
}

// visit runs checks and returns all faults, each with its check's name.
func (s *site) visit(checks []check) error {
	var faults []error
	for _, c := range checks {
		if err := c.run(s); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", c.name, err))
		}
	}
	return errors.Join(faults...)
}

// waitFor asks until the response on the path has a status from 200 to 399, and returns how long
// that took.
func (s *site) waitFor(path string) (time.Duration, error) { return s.waitUpTo(patience, path) }

func (s *site) waitUpTo(limit time.Duration, path string) (time.Duration, error) {
	begin := time.Now()
	for {
		a, err := s.get(path)
		if err == nil && a.status >= 200 && a.status < 400 {
			return time.Since(begin), nil
		}
		if err == nil {
			err = fmt.Errorf("status %d: %s", a.status, start(a.body))
		}
		if time.Since(begin) > limit {
			return 0, fmt.Errorf("no good response on %s within %s: %w", path, limit, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// names lists checks, for a step's line.
func names(checks []check) string {
	var all []string
	for _, c := range checks {
		all = append(all, c.name)
	}
	return strings.Join(slices.Compact(all), ", ")
}
