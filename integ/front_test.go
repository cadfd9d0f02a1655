package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fronted is the deployed part front: the mirror below a CDN.
type fronted struct {
	stack, service string // their ids
	*deployment
	names   map[string]string // of resources, by logical ids
	front   *site             // by the distribution's name, as its viewers come
	origin  *site             // around the front
	secrets map[int]string    // by their generation, also of those that are gone
}

// viewer is the address of who asks the front.
const viewer = "127.0.0.9"

// publicName is the front's domain.
func (f *fronted) publicName() string { return "shop." + strings.ToLower(f.stack) + ".example.com" }

// TestFront deploys a server below a CDN, rotates the secret that they share, and moves the server
// from hosting to hosting, while viewers ask.
func TestFront(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	f := &fronted{stack: "Front", service: "Site", secrets: map[int]string{}}
	do(t, "cdk deploy: function URL", func() (string, error) { return f.deployFront(l, "hosting=url", "generation=1") })
	first := *f
	try(t, "HTTP leads to HTTPS", func() (string, error) { return f.redirects() })
	f.tryViewer(t, "function URL")
	f.tryAround(t, "function URL", 403, 1)
	for generation := 2; generation <= 3; generation++ {
		do(t, fmt.Sprintf("generation %d of the secret, while viewers ask", generation), func() (string, error) {
			return f.whileViewersAsk([]string{"url"}, func() (string, error) {
				return f.deployFront(l, "hosting=url", fmt.Sprintf("generation=%d", generation))
			})
		})
		f.tryAround(t, "function URL", 403, generation)
	}
	do(t, "to Fargate, while viewers ask", func() (string, error) {
		return f.whileViewersAsk([]string{"url", "fargate"}, func() (string, error) {
			return f.switchTo(l, "hosting=fargate", "generation=3")
		})
	})
	f.tryViewer(t, "Fargate")
	f.tryAround(t, "Fargate", 404, 3)
	do(t, "generation 4 of the secret, while viewers ask", func() (string, error) {
		return f.whileViewersAsk([]string{"fargate"}, func() (string, error) {
			return f.deployFront(l, "hosting=fargate", "generation=4")
		})
	})
	f.tryAround(t, "Fargate", 404, 4)
	do(t, "to an HTTP API, while viewers ask", func() (string, error) {
		return f.whileViewersAsk([]string{"fargate", "http"}, func() (string, error) {
			return f.switchTo(l, "hosting=http", "generation=4")
		})
	})
	f.tryViewer(t, "HTTP API")
	f.tryAround(t, "HTTP API", 403, 4)
	try(t, "one distribution all along", func() (string, error) {
		if first.front.url != f.front.url {
			return "", fmt.Errorf("the front was at %s and is at %s", first.front.url, f.front.url)
		}
		before, err := resourceOf(first.names, "FrontDistribution")
		after, got := resourceOf(f.names, "FrontDistribution")
		if err := errors.Join(err, got); err != nil {
			return "", err
		}
		if before != after {
			return "", fmt.Errorf("the distribution was %s and is %s", before, after)
		}
		return after + ", " + f.front.url, nil
	})
	do(t, "cdk destroy", func() (string, error) { return "nothing is left", f.destroyedFront() })
}

// TestMove deploys the steps of a move, as far as the emulator goes: its functions have no module
// cloudfront, by which the front's chooses a service, so that no request gets through while there
// are two.
func TestMove(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	f := &fronted{stack: "Moving", service: "Site", secrets: map[int]string{}}
	step := func(name, service string, values ...string) {
		t.Helper()
		do(t, name, func() (string, error) {
			before := f.front
			if f.service != service {
				f.service, f.secrets = service, map[int]string{}
			}
			note, err := f.deployFront(l, append(values, "hosting=url", "generation=1")...)
			if err == nil && before != nil && before.url != f.front.url {
				err = fmt.Errorf("the front was at %s and is at %s", before.url, f.front.url)
			}
			return note, err
		})
	}
	step("beside, without clients", "Site", "percent=0")
	try(t, "two origins", func() (string, error) { return f.hasOrigins("Site", "Next") })
	try(t, "the emulator cannot run the function that chooses", func() (string, error) {
		a, err := f.front.get("/mode")
		if err == nil && a.status == 200 {
			return "", errors.New("it responds: the emulator has the module cloudfront now, so the move can be tried")
		}
		return "", want(a, err, 503, "")
	})
	try(t, "a part, by the commands of docs/front.md", func() (string, error) { return f.turns() })
	names := maps.Clone(f.names)
	step("the new one alone", "Next", "service=Next")
	try(t, "the other service responds", func() (string, error) {
		a, err := f.front.get("/mode")
		return "", want(a, err, 200, "url")
	})
	try(t, "one origin", func() (string, error) { return f.hasOrigins("Next") })
	do(t, "cdk destroy", func() (string, error) {
		return "no store is left", errors.Join(f.destroy(), l.emulator.nothingOf(names,
			[]string{"cloudfront", "list-key-value-stores", "KeyValueStoreList.Items[].ARN"}))
	})
}

// hasOrigins wants the distribution to have these alone.
func (f *fronted) hasOrigins(want ...string) (string, error) {
	id, err := resourceOf(f.names, "FrontDistribution")
	if err != nil {
		return "", err
	}
	var got []string
	if err := f.lab.emulator.ask(&got, "cloudfront", "get-distribution-config", "--id", id,
		"--query", "DistributionConfig.Origins.Items[].Id"); err != nil {
		return "", err
	}
	if !slices.Equal(got, want) {
		return "", fmt.Errorf("got %q, want %q", got, want)
	}
	return fmt.Sprintf("%q", got), nil
}

// turns runs the commands of docs/front.md that turn the percentage, and wants the store to have it.
func (f *fronted) turns() (string, error) {
	e := f.lab.emulator
	text, err := os.ReadFile(filepath.Join(f.lab.tools.root, "docs", "front.md"))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(text), "```sh\nETAG=")
	commands, _, ok := strings.Cut(rest, "```")
	if !ok {
		return "", errors.New("docs/front.md has no commands that begin with ETAG=")
	}
	commands = "ETAG=" + commands
	shell := e.command("sh", "-euc", commands)
	shell.Env = append(shell.Env, "ARN="+f.outputs["Store"], "PATH="+filepath.Dir(e.aws)+":"+os.Getenv("PATH"))
	if _, err := output(shell); err != nil {
		return "", err
	}
	var key struct{ Value string }
	if err := e.ask(&key, "cloudfront-keyvaluestore", "get-key", "--kvs-arn", f.outputs["Store"], "--key", "percent"); err != nil {
		return "", err
	}
	if key.Value != "5" {
		return "", fmt.Errorf("percent is %s, want 5", key.Value)
	}
	return "percent is " + key.Value, nil
}

// deployFront deploys the part front, and finds what it has made.
func (f *fronted) deployFront(l *lab, values ...string) (note string, err error) {
	if f.deployment, err = l.part("front", f.stack, values...); err != nil {
		return "", err
	}
	if err := f.deployAndWait(); err != nil {
		return "", err
	}
	return f.find()
}

// find finds what was deployed.
func (f *fronted) find() (note string, err error) {
	if f.names, err = f.physical(); err != nil {
		return "", err
	}
	if f.origin, err = f.site(f.service); err != nil {
		return "", err
	}
	if strings.HasSuffix(f.outputs[f.service+"URL"], ".example.com") {
		f.origin = newSite(f.outputs[f.service+"URL"], f.lab.emulator.edge.from("127.0.0.1"))
	}
	f.front = newSite(f.outputs["FrontURL"], f.lab.emulator.edge.from(viewer))
	var generations []int
	for generation := range 10 {
		name, err := resourceOf(f.names, fmt.Sprintf("%sFrontSecret%d", f.service, generation))
		if err != nil {
			continue
		}
		generations = append(generations, generation)
		value, err := f.lab.emulator.secretText(name)
		if err != nil {
			return "", err
		}
		if was, ok := f.secrets[generation]; ok && was != value {
			return "", fmt.Errorf("the secret of generation %d has changed", generation)
		}
		f.secrets[generation] = value
	}
	return fmt.Sprintf("%d resources, secrets of generations %v, %s in front of %s", len(f.names), generations,
		f.outputs["FrontURL"], f.outputs[f.service+"URL"]), nil
}

// secretText is the value of a secret, by its name or its ARN.
func (e *emulator) secretText(name string) (string, error) {
	var answer struct{ SecretString string }
	err := e.call(root, "secretsmanager", "secretsmanager.GetSecretValue", map[string]string{"SecretId": name}, &answer)
	return answer.SecretString, err
}

// whileViewersAsk deploys while viewers ask, and wants each response to come from one of these.
func (f *fronted) whileViewersAsk(modes []string, deploy func() (string, error)) (string, error) {
	v := f.front.keepVisiting("/mode", 1)
	v.waitFor(25)
	note, err := deploy()
	v.waitFor(v.asked() + 25)
	seen, faults := v.leave()
	if err := errors.Join(err, faults); err != nil {
		return "", err
	}
	if got := slices.Sorted(maps.Keys(v.seen)); !slices.Equal(got, slices.Sorted(slices.Values(modes))) {
		return "", fmt.Errorf("the responses were of %v, want %q", v.seen, modes)
	}
	return fmt.Sprintf("%s, %v; %s", seen, v.seen, note), nil
}

// switchTo deploys another hosting by the steps of CloudFormation on AWS, which are three deployments
// here: everything that is new next to what was there; the front, once tasks run; and without what
// was there, once no edge leads to it any more. The emulator waits for neither.
func (f *fronted) switchTo(l *lab, values ...string) (string, error) {
	before, err := readTemplate(f.templateFile())
	if err != nil {
		return "", err
	}
	for _, step := range []struct {
		note  string
		front bool // whether it is the new one
	}{{"beside", false}, {"front", true}} {
		d, err := l.part("front", f.stack, append(slices.Clone(values), "note="+step.note)...) // a template is kept by its hash
		if err != nil {
			return "", err
		}
		err = d.change(func(t map[string]any) {
			resources := t["Resources"].(map[string]any)
			for id, r := range before["Resources"].(map[string]any) {
				kind := r.(map[string]any)["Type"].(string)
				if _, stays := resources[id]; !stays || !step.front && strings.HasPrefix(kind, "AWS::CloudFront::") {
					resources[id] = r
				}
			}
		})
		if err == nil {
			err = d.deployAndWait()
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", step.note, err)
		}
	}
	return f.deployFront(l, values...)
}

// redirects wants HTTP to lead to HTTPS, with the method.
func (f *fronted) redirects() (string, error) {
	plain := newSite(strings.Replace(f.front.url, "https://", "http://", 1), gateway)
	a, err := plain.get("/mode?a=b")
	if err := want(a, err, 301, ""); err != nil {
		return "", err
	}
	if got := a.header.Get("Location"); got != f.front.url+"/mode?a=b" {
		return "", fmt.Errorf("Location is %s", got)
	}
	a, err = plain.post("/form", url.Values{"name": {"Zoë"}})
	return "", want(a, err, 307, "")
}

// tryViewer tries what viewers do, and what the server sees of them.
func (f *fronted) tryViewer(t *testing.T, hosting string) {
	t.Helper()
	for _, c := range mirrorChecks {
		try(t, hosting+": "+c.name, func() (string, error) { return "", c.run(f.front) })
	}
	try(t, hosting+": what the server sees", func() (string, error) { return f.sees(hosting) })
	try(t, hosting+": by the domain", f.hasDomain)
}

// mirrorChecks are what the mirror does behind every front.
var mirrorChecks = []check{
	{"page", func(s *site) error {
		a, err := s.get("/")
		if err := want(a, err, 200, "Hello nobody"); err != nil {
			return err
		}
		if got := a.header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
			return fmt.Errorf("Strict-Transport-Security is %q", got)
		}
		return nil
	}},
	{"form and cookies", func(s *site) error {
		a, err := s.post("/form", url.Values{"name": {"Zoe"}})
		if err := want(a, err, 303, ""); err != nil {
			return err
		}
		if got := a.header.Get("Location"); got != "/" {
			return fmt.Errorf("Location is %q", got)
		}
		cookies := a.header["Set-Cookie"]
		slices.Sort(cookies)
		if want := []string{"name=Zoe; HttpOnly", "sent=yes; SameSite=Lax"}; !slices.Equal(cookies, want) {
			return fmt.Errorf("Set-Cookie is %q, want %q", cookies, want)
		}
		a, err = s.send("GET", "/", http.Header{"Cookie": {"sent=yes; name=Zoe"}}, nil)
		return want(a, err, 200, "Hello Zoe")
	}},
	{"1 MB upload", func(s *site) error { return s.echo(1 << 20) }},
	{"query", func(s *site) error {
		const query = "?a=b&a=c%20d&e="
		seen, err := s.mirrored("/request"+query, nil)
		if err == nil && seen.URL != "/request"+query {
			err = fmt.Errorf("the server got %s", seen.URL)
		}
		return err
	}},
	{"404", func(s *site) error { a, err := s.get("/no/such/page"); return want(a, err, 404, "not found") }},
}

// mirrored is a request as the server got it.
type mirrored struct {
	Host, URL, PublicURL string
	Header               http.Header
}

func (s *site) mirrored(path string, header http.Header) (seen mirrored, _ error) {
	a, err := s.send("GET", path, header, nil)
	if err := want(a, err, 200, ""); err != nil {
		return seen, err
	}
	return seen, json.Unmarshal(a.body, &seen)
}

// forgedHeaders are what a viewer may send to be taken for the front, or for somebody else.
func forgedHeaders() http.Header {
	return http.Header{
		"X-Origin-Verify": {strings.Repeat("0", 48)}, "X-Forwarded-For": {"6.6.6.6"}, "True-Client-Ip": {"6.6.6.6"},
		"X-Forwarded-Host": {"evil.example"}, "Forwarded": {"for=6.6.6.6"}, "X-Front-Origin": {"Other"},
	}
}

// sees wants the server to see who the viewer is, whatever the viewer says itself.
func (f *fronted) sees(hosting string) (string, error) {
	var all []string
	for _, header := range []http.Header{nil, forgedHeaders()} {
		seen, err := f.front.mirrored("/request", header)
		if err != nil {
			return "", err
		}
		want := map[string]string{
			"True-Client-Ip": viewer, "X-Forwarded-For": viewer, "X-Forwarded-Proto": "https",
			"X-Forwarded-Host": strings.TrimPrefix(f.front.url, "https://"), "Forwarded": "", "X-Origin-Verify": "",
		}
		if hosting == "Fargate" { // there is no adapter, and the load balancer adds the front's address
			want["X-Forwarded-For"], want["X-Forwarded-Proto"] = viewer+", 127.0.0.1", "http"
			want["X-Origin-Verify"] = f.secrets[slices.Max(f.generations())-1]
		}
		for name, value := range want {
			if got := strings.Join(seen.Header[name], "|"); got != value {
				err = errors.Join(err, fmt.Errorf("%s is %q, want %q", name, got, value))
			}
		}
		if seen.PublicURL != "https://"+f.publicName() {
			err = errors.Join(err, fmt.Errorf("PUBLIC_URL is %q", seen.PublicURL))
		}
		if _, host, _ := strings.Cut(f.outputs[f.service+"URL"], "://"); seen.Host != host {
			err = errors.Join(err, fmt.Errorf("Host is %q, want %q", seen.Host, host))
		}
		if err != nil {
			return "", err
		}
		all = append(all, seen.Header.Get("X-Forwarded-For"))
	}
	return fmt.Sprintf("X-Forwarded-For is %q", all), nil
}

// generations are those of the secrets that there are.
func (f *fronted) generations() []int {
	var all []int
	for generation := range f.secrets {
		if _, err := resourceOf(f.names, fmt.Sprintf("%sFrontSecret%d", f.service, generation)); err == nil {
			all = append(all, generation)
		}
	}
	return all
}

// hasDomain wants the records of the front's domain to lead to the distribution.
func (f *fronted) hasDomain() (string, error) {
	e := f.lab.emulator
	for _, kind := range []string{"A", "AAAA"} {
		target, err := e.record(f.publicName(), kind)
		if err != nil {
			return "", err
		}
		if "https://"+target != f.front.url {
			return "", fmt.Errorf("the record %s leads to %s, want %s", kind, target, f.front.url)
		}
	}
	if got, want := f.outputs["PublicURL"], "https://"+f.publicName(); got != want {
		return "", fmt.Errorf("the front's URL is %s, want %s", got, want)
	}
	a, err := newSite("https://"+f.publicName(), e.edge.from(viewer)).get("/")
	return "", want(a, err, 200, "Hello nobody")
}

// tryAround tries requests around the front: those without the secret, and with one that is not
// taken, get the status; those with the secret of a generation, or of one next to it, get in.
func (f *fronted) tryAround(t *testing.T, hosting string, status, generation int) {
	t.Helper()
	try(t, fmt.Sprintf("%s: around the front, with generation %d", hosting, generation), func() (string, error) {
		ask := func(secret string, status int, text string) error {
			header := http.Header{}
			if secret != "" {
				header.Set("X-Origin-Verify", secret)
			}
			a, err := f.origin.send("GET", "/mode", header, nil)
			return want(a, err, status, text)
		}
		refused := map[int]string{403: "requests of its front only", 404: "Not found"}[status]
		var errs []error
		note := func(name string, err error) {
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		}
		note("without", ask("", status, refused))
		note("forged", ask(strings.Repeat("0", 48), status, refused))
		if hosting != "Fargate" { // a load balancer takes one of several that fits; the front sends one alone
			header := http.Header{"X-Origin-Verify": {f.secrets[generation], strings.Repeat("0", 48)}}
			a, err := f.origin.send("GET", "/mode", header, nil)
			note("two", want(a, err, status, refused))
		}
		var in, out []int
		for _, g := range slices.Sorted(maps.Keys(f.secrets)) {
			if g < generation-1 {
				out = append(out, g)
				note(fmt.Sprintf("generation %d", g), ask(f.secrets[g], status, refused))
			} else {
				in = append(in, g)
				note(fmt.Sprintf("generation %d", g), ask(f.secrets[g], 200, ""))
			}
		}
		a, err := f.origin.get("/healthz")
		note("/healthz", want(a, err, status, refused))
		return fmt.Sprintf("status %d; generations %v get in, %v do not", status, in, out), errors.Join(errs...)
	})
}

// destroyedFront destroys the stack and wants nothing of it to be left.
func (f *fronted) destroyedFront() error {
	err := f.destroyed()
	return errors.Join(err, f.lab.emulator.nothingOf(f.names,
		[]string{"cloudfront", "list-distributions", "DistributionList.Items[].Id"},
		[]string{"cloudfront", "list-functions", "FunctionList.Items[].Name"},
		[]string{"secretsmanager", "list-secrets", "SecretList[].Name"},
		[]string{"apigatewayv2", "get-domain-names", "Items[].DomainName"},
	))
}

// nothingOf wants lists to hold none of these names.
func (e *emulator) nothingOf(names map[string]string, lists ...[]string) error {
	var errs []error
	for _, list := range lists {
		var all []string
		errs = append(errs, e.ask(&all, list[0], list[1], "--query", list[2]+" || `[]`"))
		for _, name := range all {
			for id, own := range names {
				if own != "" && strings.HasSuffix(name, own) {
					errs = append(errs, fmt.Errorf("%s is left, %s", id, name))
				}
			}
		}
	}
	return errors.Join(errs...)
}
