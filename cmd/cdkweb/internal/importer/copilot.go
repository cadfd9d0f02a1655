package importer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The types of Copilot's manifests that are imported.
const (
	requestDriven = "Request-Driven Web Service"
	loadBalanced  = "Load Balanced Web Service"
)

// otherTypes are Copilot's types that are no web servers of their own, with what to do.
var otherTypes = map[string]string{
	"Backend Service": "has no address on the internet: write it by hand, as fargateweb.Hosting with a load balancer that is Internal",
	"Worker Service":  "works on a queue: write it by hand, as lambdaweb.Hosting with NoEndpoint{}, or with the CDK's awsecs",
	"Scheduled Job":   "is no server: write it by hand, as lambdaweb.Hosting with NoEndpoint{}, or with the CDK's awsecs",
	"Static Site":     "is no server: write it by hand, with the CDK's awss3 and awscloudfront",
	"Pipeline":        "is no service: write one with the CDK's module pipelines",
}

// A manifest is a file of Copilot's.
type manifest struct {
	file string // as it is shown
	dir  string // its folder
	root *node
}

// A workspace is all of Copilot's files.
type workspace struct {
	dir          string // from which builds start
	folder       string // the folder copilot; empty if one manifest is read
	application  string
	services     []manifest
	environments map[string]manifest
	notebook
}

// readCopilot reads a workspace, a folder with a manifest, or a manifest.
func readCopilot(path string, o options) (*app, error) {
	w, err := findWorkspace(path)
	if err != nil {
		return nil, err
	}
	if o.app != "" {
		w.application = o.app
	}
	w.beside()
	a := &app{from: "AWS Copilot", name: w.application}
	a.notebook = w.notebook
	names := o.environments
	if len(names) == 0 {
		names = w.environmentNames()
	}
	if len(names) == 0 {
		names = []string{"test"}
	}
	touched := map[*node]bool{}
	for _, name := range names {
		e := w.environment(name, o)
		for _, m := range w.services {
			s, err := w.service(m, e, o, touched)
			if err != nil {
				return nil, err
			}
			e.services = append(e.services, s)
		}
		e.stack = name
		if w.application != "" {
			e.stack = w.application + "-" + name
		} else if len(e.services) == 1 {
			e.stack = e.services[0].name + "-" + name
		}
		if w.application == "" {
			first := w.services[0]
			e.notes = append(e.notes, note{kind: different, place: atStack, file: first.file, line: first.root.get("name").line, path: "application",
				what: "has a name that no file says", todo: "replace APPLICATION by it, or import again with --app"})
		}
		a.environments = append(a.environments, e)
	}
	if a.name == "" {
		a.name = w.services[0].root.get("name").value
		if len(w.services) > 1 {
			a.name = filepath.Base(w.dir)
		}
	}
	for _, m := range w.services {
		w.untouched(m, names, touched, a)
	}
	for _, name := range slices.Sorted(keysOf(w.environments)) {
		if !slices.Contains(names, name) {
			m := w.environments[name]
			a.add(hidden, atStack, m.root, "is left out", "name it with --environments to import it too")
		}
	}
	return a, nil
}

func keysOf[V any](m map[string]V) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// findWorkspace finds the manifests: of a workspace with a folder copilot, of a folder with
// manifest.yml, of a folder with such folders, or of one with files of any name.
func findWorkspace(path string) (*workspace, error) {
	w := &workspace{environments: map[string]manifest{}}
	info, err := os.Stat(path)
	if err != nil {
		return nil, plain(err)
	}
	if !info.IsDir() {
		w.dir = workspaceOf(path)
		if err := w.add(path, true); err != nil {
			return nil, err
		}
		w.readApplication(filepath.Join(w.dir, "copilot"))
		return w, w.check(path)
	}
	w.dir = path
	folder := path
	defer func() { w.folder = folder }()
	if inner := filepath.Join(path, "copilot"); isDir(inner) {
		folder = inner
	} else if filepath.Base(absolute(path)) == "copilot" {
		w.dir = filepath.Join(path, "..")
	}
	w.readApplication(folder)
	for _, pattern := range []string{"manifest.y*ml", "*/manifest.y*ml", "environments/*/manifest.y*ml"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			if err := w.add(file, true); err != nil {
				return nil, err
			}
		}
		if pattern == "manifest.y*ml" && len(found) > 0 {
			w.dir = workspaceOf(found[0])
			w.readApplication(filepath.Join(w.dir, "copilot"))
		}
	}
	if len(w.services) == 0 {
		found, err := filepath.Glob(filepath.Join(folder, "*.y*ml"))
		if err != nil {
			return nil, err
		}
		for _, file := range found {
			if err := w.add(file, false); err != nil {
				return nil, err
			}
		}
	}
	slices.SortFunc(w.services, func(a, b manifest) int { return cmp.Compare(a.file, b.file) })
	return w, w.check(path)
}

func plain(err error) error {
	var failed *fs.PathError
	if errors.As(err, &failed) && errors.Is(failed.Err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not there", failed.Path)
	}
	return err
}

// workspaceOf is the folder from which the builds of a manifest start: the one that holds the folder
// copilot, or else the manifest's own.
func workspaceOf(file string) string {
	for dir, rest := absolute(filepath.Dir(file)), filepath.Dir(file); ; dir, rest = filepath.Dir(dir), filepath.Join(rest, "..") {
		if filepath.Base(dir) == "copilot" {
			if isDir(filepath.Join(dir, "environments")) || exists(filepath.Join(dir, ".workspace")) || filepath.Base(file) == "manifest.yml" {
				return filepath.Join(rest, "..")
			}
		}
		if filepath.Dir(dir) == dir {
			return filepath.Dir(file)
		}
	}
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// readApplication reads the name of the application from Copilot's file .workspace.
func (w *workspace) readApplication(folder string) {
	name := filepath.Join(folder, ".workspace")
	content, err := readFile(name)
	if err != nil {
		return
	}
	root, err := readYAML(name, content)
	if err != nil {
		w.notes = append(w.notes, note{kind: unknown, place: atStack, file: name, what: "cannot be read", todo: "name the application with --app"})
		return
	}
	if application := root.get("application"); application != nil {
		w.application = application.value
	}
}

// add reads a manifest. One of another type is skipped with a note; a file that is no manifest at all
// is an error if it must be one.
func (w *workspace) add(file string, must bool) error {
	content, err := readFile(file)
	if err != nil {
		return plain(err)
	}
	root, err := readYAML(file, content)
	if err != nil {
		return err
	}
	m := manifest{file: file, dir: filepath.Dir(file), root: root}
	if root.kind != mapping {
		if must {
			return &brokenError{file, root.line, "is no manifest: it has no fields"}
		}
		return nil
	}
	name, kind := root.get("name"), root.get("type")
	if name == nil || kind == nil || name.kind != scalar || kind.kind != scalar {
		if !must {
			return nil
		}
		return &brokenError{file, root.line, `is no manifest of Copilot: it needs "name" and "type"`}
	}
	switch why := otherTypes[kind.value]; {
	case kind.value == requestDriven || kind.value == loadBalanced:
		for _, other := range w.services {
			if other.root.get("name").value == name.value {
				return &brokenError{file, name.line, fmt.Sprintf("has the name %q of %s: two services need two names", name.value, other.file)}
			}
		}
		w.services = append(w.services, m)
	case kind.value == "Environment":
		w.environments[name.value] = m
	case why != "":
		what, todo, _ := strings.Cut(why, ": ")
		w.notebook.add(missing, atStack, root, fmt.Sprintf("is a %s, which %s", kind.value, what), todo)
		last := &w.notes[len(w.notes)-1]
		last.path, last.value = name.value, ""
	default:
		return &brokenError{file, kind.line, fmt.Sprintf("has the type %q, which Copilot does not have: %s or %s", kind.value, requestDriven, loadBalanced)}
	}
	return nil
}

// beside notes what stands beside the manifests of services and environments.
func (w *workspace) beside() {
	if w.folder == "" {
		return
	}
	for _, beside := range []struct{ pattern, what, todo string }{
		{"environments/addons/*", "belongs to the environments, and has no equal",
			"make what it has with the CDK, or import it by its name, and let the services use it"},
		{"environments/overrides/*", "changes the environments, and has no equal", "make the change in Go"},
		{"pipelines/*/manifest.y*ml", "is a pipeline, and no service", "write one with the CDK's module pipelines"},
	} {
		found, err := filepath.Glob(filepath.Join(w.folder, beside.pattern))
		if err != nil {
			panic(err) // the pattern is wrong
		}
		for _, file := range found {
			kind, _, _ := strings.Cut(beside.pattern, "/*")
			w.notes = append(w.notes, note{kind: missing, place: atStack, file: file, path: kind, what: beside.what, todo: beside.todo})
		}
	}
}

func (w *workspace) check(path string) error {
	if len(w.services) > 0 {
		return nil
	}
	for _, note := range w.notes {
		if note.kind == missing {
			return fmt.Errorf("%s %s: %s", note.where(), note.what, note.todo)
		}
	}
	return fmt.Errorf("%s has no manifest of a %s or a %s: looked for copilot/*/manifest.yml, */manifest.yml, manifest.yml and *.yml in it",
		path, requestDriven, loadBalanced)
}

// environmentNames are those that manifests name.
func (w *workspace) environmentNames() []string {
	var names []string
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, m := range w.services {
		if overrides := m.root.get("environments"); overrides != nil {
			for _, name := range overrides.keys {
				add(name)
			}
		}
	}
	for _, name := range slices.Sorted(keysOf(w.environments)) {
		add(name)
	}
	return names
}

// copilotExclusive are the fields of which one replaces the others in an environment, although both
// are in a mapping.
func copilotExclusive(path, key string) (others []string, all bool) {
	last := path[strings.LastIndexByte(path, '.')+1:]
	switch {
	case last == "image" && key == "build":
		return []string{"location"}, false
	case last == "image" && key == "location":
		return []string{"build"}, false
	case path == "count" && key == "spot":
		return nil, true
	case path == "count":
		return []string{"spot"}, false
	case strings.HasPrefix(path, "secrets.") || strings.Contains(path, ".secrets."):
		return nil, true // {from_cfn: …} or {secretsmanager: …}
	case last == "efs" && (key == "uid" || key == "gid"):
		return []string{"id", "root_dir", "auth"}, false
	case last == "efs":
		return []string{"uid", "gid"}, false
	}
	return nil, false
}

// untouched notes what no environment's manifest has, because each overrides it.
func (w *workspace) untouched(m manifest, names []string, touched map[*node]bool, a *app) {
	m.root.each(func(leaf *node) {
		if touched[leaf] {
			return
		}
		what, todo := "is not used", "each environment overrides it"
		if rest, ok := strings.CutPrefix(leaf.path, "environments."); ok {
			name, _, _ := strings.Cut(rest, ".")
			if leaf.kind == null || leaf.kind == mapping && len(leaf.keys) == 0 && slices.Contains(names, name) {
				return // nothing to override
			}
			if !slices.Contains(names, name) {
				todo = fmt.Sprintf("the environment %q is left out: name it with --environments to import it too", name)
			}
		} else if leaf.kind == null {
			return
		}
		a.add(hidden, atStack, leaf, what, todo)
	})
}

// service reads a manifest as it is in an environment.
func (w *workspace) service(m manifest, e *environment, o options, touched map[*node]bool) (*service, error) {
	root := m.root.copy()
	over := root.get("environments", e.name)
	overrides := root.get("environments")
	root.drop("environments")
	if overrides != nil && overrides.kind != mapping {
		e.wrong(atStack, overrides, "a mapping from environments to fields")
	}
	if over != nil && over.kind != mapping {
		return nil, &brokenError{m.file, over.line, fmt.Sprintf("%s must have fields, got %s", over.path, over.text())}
	}
	if over != nil {
		root = root.merge(over, copilotExclusive, "")
	}
	root.each(func(leaf *node) { touched[leaf.origin] = true })

	s := &service{file: m.file, root: root, port: 80}
	c := &copilotReader{workspace: w, manifest: m, environment: e, service: s, root: root, options: o}
	c.interpolate(root)
	c.read()
	c.shapes()
	root.each(func(leaf *node) {
		if !leaf.done && !leaf.resets() {
			s.add(unknown, c.placeOf(leaf), leaf, fmt.Sprintf("is no field that a %s has", s.kind), "check its name")
		}
	})
	return s, nil
}

// resets reports whether a field is empty that Copilot has, which an environment does to have none of
// what the others have.
func (n *node) resets() bool {
	if n.kind != mapping && n.kind != sequence {
		return false
	}
	return slices.Contains(resettable, n.path[strings.LastIndexByte(n.path, '.')+1:])
}

var resettable = []string{
	"additional_rules", "alias", "allowed_source_ips", "args", "cache_from", "command", "count", "deployment", "depends_on", "entrypoint",
	"groups", "healthcheck", "http", "image", "labels", "logging", "mount_points", "network", "observability", "publish", "rollback_alarms",
	"secretOptions", "secrets", "security_groups", "sidecars", "storage", "tags", "taskdef_overrides", "topics", "variables", "volumes", "vpc",
}

// shapes are the fields that must have fields, or a list, of their own.
var shapes = map[string]kind{
	"image": mapping, "variables": mapping, "secrets": mapping, "sidecars": mapping, "storage": mapping, "storage.volumes": mapping,
	"logging": mapping, "deployment": mapping, "observability": mapping, "network": mapping, "network.vpc": mapping, "publish": mapping,
	"publish.topics": sequence, "http.additional_rules": sequence, "image.depends_on": mapping,
}

// shapes notes fields of another shape: their values are wrong, and the fields not unknown.
func (c *copilotReader) shapes() {
	for path, shape := range shapes {
		n := c.root.get(strings.Split(path, ".")...)
		if n == nil || n.kind == shape {
			continue
		}
		undone := false
		n.each(func(leaf *node) { undone = undone || !leaf.done })
		if !undone {
			continue
		}
		must := "a mapping from names to values"
		if shape == sequence {
			must = "a list"
		}
		c.service.wrong(c.placeOf(n), n, must)
	}
}

// A copilotReader reads one manifest of one environment.
type copilotReader struct {
	*workspace
	manifest    manifest
	environment *environment
	service     *service
	root        *node
	options     options
}

// placeOf is where a note about an unknown field stands.
func (c *copilotReader) placeOf(leaf *node) string {
	path := leaf.path
	if rest, ok := strings.CutPrefix(path, "environments."+c.environment.name+"."); ok {
		path = rest
	}
	first, _, _ := strings.Cut(path, ".")
	for place, fields := range map[string][]string{
		atImage: {"image"}, atEnvironment: {"variables", "env_file"}, atSecrets: {"secrets"}, atFront: {"http"}, atNetwork: {"network"},
		atTask: {"sidecars", "storage", "logging", "taskdef_overrides"}, atTopics: {"publish"}, atCommand: {"command", "entrypoint"},
	} {
		if slices.Contains(fields, first) {
			return place
		}
	}
	return atHosting
}

// interpolation is what Copilot replaces in a manifest: variables of the shell.
var interpolation = regexp.MustCompile(`\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}`)

// interpolate puts the names of the application and the environment into the manifest. Other
// variables are read when the program runs.
func (c *copilotReader) interpolate(n *node) {
	n.each(func(leaf *node) {
		leaf.value = interpolation.ReplaceAllStringFunc(leaf.value, func(found string) string {
			switch found {
			case "${COPILOT_ENVIRONMENT_NAME}":
				return c.environment.name
			case "${COPILOT_APPLICATION_NAME}":
				return c.named()
			}
			return found
		})
	})
}

// named is the name of the application, or what stands for it until a person writes it.
func (w *workspace) named() string { return cmp.Or(w.application, "APPLICATION") }

// valueOf is a string with variables of the shell.
func valueOf(text string) value {
	var v value
	for {
		found := interpolation.FindStringSubmatchIndex(text)
		if found == nil {
			break
		}
		if found[0] > 0 {
			v = append(v, part{text: text[:found[0]]})
		}
		v = append(v, part{code: fmt.Sprintf("os.Getenv(%q)", text[found[2]:found[3]])})
		text = text[found[1]:]
	}
	if text != "" || len(v) == 0 {
		v = append(v, part{text: text})
	}
	return v
}

// str reads a string.
func (c *copilotReader) str(n *node, place string) (string, bool) {
	if n == nil {
		return "", false
	}
	if n.kind != scalar {
		c.service.wrong(place, n, "a string")
		return "", false
	}
	if interpolation.MatchString(n.value) {
		c.service.wrong(place, n, "a string without variables of the shell here")
		return "", false
	}
	n.take()
	return n.value, true
}

// val reads a string that may have variables of the shell.
func (c *copilotReader) val(n *node, place string) (value, bool) {
	if n == nil {
		return nil, false
	}
	if n.kind != scalar {
		c.service.wrong(place, n, "a string")
		return nil, false
	}
	n.take()
	return valueOf(n.value), true
}

// number reads an integer between two.
func (c *copilotReader) number(n *node, place string, least, most int) (int, bool) {
	if n == nil {
		return 0, false
	}
	i, ok := n.integer()
	if !ok || i < least || i > most {
		c.service.wrong(place, n, fmt.Sprintf("a number from %d to %d", least, most))
		return 0, false
	}
	n.take()
	return i, true
}

// flag reads a boolean.
func (c *copilotReader) flag(n *node, place string) (value, ok bool) {
	if n == nil {
		return false, false
	}
	if value, ok = n.boolean(); !ok {
		c.service.wrong(place, n, "true or false")
		return false, false
	}
	n.take()
	return value, true
}

// time reads a duration of whole seconds.
func (c *copilotReader) time(n *node, place string, least, most time.Duration) (time.Duration, bool) {
	if n == nil {
		return 0, false
	}
	d, ok := n.duration()
	if !ok || d < least || d > most || d%time.Second != 0 {
		c.service.wrong(place, n, fmt.Sprintf("whole seconds from %s to %s, such as 30s", short(least), short(most)))
		return 0, false
	}
	n.take()
	return d, true
}

func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// words reads a list of strings, or a string that is split as a shell does.
func (c *copilotReader) words(n *node, place string) []value {
	if n == nil {
		return nil
	}
	switch n.kind {
	case scalar:
		words, err := splitShell(n.value)
		if err != nil {
			c.service.wrong(place, n, "a command: "+err.Error())
			return nil
		}
		n.take()
		var values []value
		for _, word := range words {
			values = append(values, valueOf(word))
		}
		return values
	case sequence:
		var values []value
		for _, item := range n.items {
			if v, ok := c.val(item, place); ok {
				values = append(values, v)
			}
		}
		return values
	}
	c.service.wrong(place, n, "a string or a list of strings")
	return nil
}

// strs reads a string, or a list of strings.
func (c *copilotReader) strs(n *node, place string) []string {
	if n == nil {
		return nil
	}
	items := n.items
	if n.kind != sequence {
		items = []*node{n}
	}
	var found []string
	for _, item := range items {
		if s, ok := c.str(item, place); ok {
			found = append(found, s)
		}
	}
	return found
}

// splitShell splits a command as a shell does.
func splitShell(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	started, quoted := false, rune(0)
	escaped := false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\' && quoted != '\'':
			escaped, started = true, true
		case quoted != 0 && r == quoted:
			quoted = 0
		case quoted != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quoted, started = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if started {
				words = append(words, word.String())
				word.Reset()
				started = false
			}
		default:
			word.WriteRune(r)
			started = true
		}
	}
	if quoted != 0 || escaped {
		return nil, errors.New("a quotation mark or backslash has no end")
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}

// read reads all fields of the manifest.
func (c *copilotReader) read() {
	s, root := c.service, c.root
	s.name, _ = c.str(root.get("name"), atAfter)
	s.kind, _ = c.str(root.get("type"), atAfter)
	apprunner := s.kind == requestDriven
	s.variables = c.injected()
	c.image(root.get("image"), &s.image, s.name)
	if port, ok := c.number(root.get("image", "port"), atPort, 1, 65535); ok {
		s.port = port
	}
	s.command = c.words(root.get("command"), atCommand)
	if n := root.get("entrypoint"); n != nil {
		s.entryPoint = c.words(n, atCommand)
		s.took("entrypoint", n, func() { s.entryPoint = nil })
	}
	c.envFile(root.get("env_file"))
	s.variables = c.variables(root.get("variables"), atEnvironment, s.variables)
	s.secrets = c.secrets(root.get("secrets"), atSecrets)

	s.cpu, s.memory = 256, 512
	if apprunner {
		s.cpu, s.memory = 1024, 2048
	}
	for _, size := range []struct {
		field string
		into  *int
	}{{"cpu", &s.cpu}, {"memory", &s.memory}} {
		if n := root.get(size.field); n != nil {
			if i, ok := c.number(n, atHosting, 1, 1<<20); ok {
				*size.into = i
				s.took(size.field, n, func() {})
			}
		}
	}
	c.platform(root.get("platform"))
	if apprunner {
		c.appRunnerCount(root.get("count"))
	} else {
		s.least, s.most = 1, 1
		c.count(root.get("count"))
	}
	c.http(root.get("http"), apprunner)
	if s.port == httpsPort && !apprunner {
		s.tls = true
		s.overTLS(root.get("image", "port"))
		s.took("tls", root.get("image", "port"), func() { s.tls = false })
	}
	c.network(root.get("network"), apprunner)
	c.topics(root.get("publish", "topics"))
	c.tags(root.get("tags"))
	if tracing := root.get("observability", "tracing"); tracing != nil {
		if v, ok := c.str(tracing, atHosting); ok && v == "awsxray" {
			s.tracing = true
			s.took("tracing", tracing, func() { s.tracing = false })
		} else if ok {
			s.wrong(atHosting, tracing, "awsxray")
		}
	}
	if !apprunner {
		c.loadBalanced()
	}
	c.addons()
	s.hosting, s.why = c.options.hosting, "as --hosting asks for"
	if s.hosting == "" {
		s.hosting, s.why = chooseHosting(s, apprunner)
	}
	if apprunner && s.hosting == fargateHosting && len(s.front.names) == 0 {
		at := cmp.Or(root.get("http"), root.get("type"))
		s.notes = append(s.notes, note{kind: different, place: atFront, file: at.file, line: at.line, path: at.path,
			what: "had HTTPS, and the load balancer has HTTP only", todo: "set Domain of web.ServiceProps: see docs/front.md"})
	}
}

// chooseHosting is the hosting that fits, of those which take new customers.
func chooseHosting(s *service, appRunner bool) (hosting, why string) {
	switch {
	case !appRunner:
		return fargateHosting, "tasks of Fargate behind a load balancer, as before"
	case len(s.front.names) > 0:
		return fargateHosting, "App Runner takes no new customers; Fargate has a domain with HTTPS, and each request has as long as before"
	case s.front.private:
		return fargateHosting, "App Runner takes no new customers; Fargate has a load balancer that only the VPC reaches"
	case s.inVPC:
		return fargateHosting, "App Runner takes no new customers; Fargate has tasks in private subnets behind a load balancer in public ones"
	}
	return expressHosting, "App Runner takes no new customers; ECS Express Mode has an HTTPS address without a domain too, " +
		"and the server runs between requests"
}

// injected are the variables that Copilot adds.
func (c *copilotReader) injected() []variable {
	return []variable{
		{"COPILOT_APPLICATION_NAME", literal(c.named())},
		{"COPILOT_ENVIRONMENT_NAME", literal(c.environment.name)},
		{"COPILOT_SERVICE_NAME", literal(c.service.name)},
	}
}

// image reads what to build, or where the image is.
func (c *copilotReader) image(n *node, into *image, name string) {
	if n == nil {
		c.buildIn(into, "", "", name)
		return
	}
	if n.kind == scalar { // a sidecar's
		if v, ok := c.val(n, atImage); ok {
			into.uri = v
		}
		return
	}
	build, location := n.get("build"), n.get("location")
	switch {
	case location != nil:
		if v, ok := c.val(location, atImage); ok {
			into.uri = v
		}
		if build != nil {
			c.service.missing(atImage, build, "the image is at its location: leave one of them out")
		}
	case build == nil:
		c.buildIn(into, "", "", name)
	case build.kind == scalar:
		file, _ := c.str(build, atImage)
		c.buildIn(into, file, "", name)
	default:
		file, _ := c.str(build.get("dockerfile"), atImage)
		context, _ := c.str(build.get("context"), atImage)
		into.target, _ = c.str(build.get("target"), atImage)
		into.args = c.plainVariables(build.get("args"), atImage)
		if from := build.get("cache_from"); from != nil {
			into.cacheFrom = c.strs(from, atImage)
		}
		c.buildIn(into, file, context, name)
	}
	c.service.missing(atImage, n.get("credentials"),
		"webimage pulls without a password: copy the image to a repository in ECR, and write its name here")
}

// buildIn finds the context and the Dockerfile as Copilot does.
func (c *copilotReader) buildIn(into *image, file, context, name string) {
	switch {
	case file != "" && context != "":
	case file != "":
		context = filepath.Dir(file)
	case context != "":
		file = filepath.Join(context, "Dockerfile")
	default:
		file, context = "Dockerfile", "."
	}
	in := func(path string) string { return filepath.Join(c.dir, path) }
	into.known = exists(in(file)) && !isDir(in(file)) && isDir(in(context))
	if !into.known {
		what := fmt.Sprintf("names %s, which is not there", in(file))
		if isDir(in(file)) {
			what = fmt.Sprintf("names %s, which is a folder and no Dockerfile", in(file))
		}
		c.service.notes = append(c.service.notes, note{
			kind: missing, place: atImage, file: c.manifest.file, line: c.root.get("image").lineOr(c.root.line), path: "image.build",
			what:  what,
			todo:  fmt.Sprintf("a stand-in is in the folder %s: point to your own, and delete it", goName(name)),
			value: "",
		})
		into.dir = goName(name)
		return
	}
	into.dir, into.file = in(context), in(file)
	if filepath.Clean(into.file) == filepath.Join(into.dir, "Dockerfile") {
		into.file = ""
	}
}

func (n *node) lineOr(line int) int {
	if n == nil {
		return line
	}
	return n.line
}

// plainVariables reads a mapping from names to strings.
func (c *copilotReader) plainVariables(n *node, place string) []variable {
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		c.service.wrong(place, n, "a mapping from names to strings")
		return nil
	}
	var found []variable
	for _, key := range slices.Sorted(slices.Values(n.keys)) {
		if v, ok := c.val(n.fields[key], place); ok {
			found = append(found, variable{key, v})
		}
	}
	return found
}

// variables reads environment variables, which may be exports of other stacks, over those there are.
func (c *copilotReader) variables(n *node, place string, over []variable) []variable {
	if n == nil {
		return over
	}
	if n.kind != mapping {
		c.service.wrong(place, n, "a mapping from names to values")
		return over
	}
	for _, key := range n.keys {
		field := n.fields[key]
		var v value
		switch {
		case field.kind == null:
			field.take()
			v = literal("")
		case field.kind == mapping && field.has("from_cfn"):
			name, ok := c.val(field.get("from_cfn"), place)
			if !ok {
				continue
			}
			v = importValue(name)
		case field.kind == scalar:
			field.take()
			v = valueOf(field.value)
		default:
			c.service.wrong(place, field, "a value, or from_cfn with the name of an export")
			continue
		}
		at := slices.IndexFunc(over, func(v variable) bool { return v.name == key })
		if at >= 0 {
			over[at].value = v
		} else {
			over = append(over, variable{key, v})
		}
	}
	return over
}

// importValue is what another stack exports.
func importValue(name value) value {
	return expression(fmt.Sprintf("*awscdk.Fn_ImportValue(%s)", pointer(name)))
}

// pointer is a value as the CDK takes it.
func pointer(v value) string {
	code := v.golang()
	if rest, ok := strings.CutPrefix(code, "*"); ok && len(v) == 1 {
		return rest
	}
	return "new(" + code + ")"
}

// envFile reads the variables of a file in the workspace.
func (c *copilotReader) envFile(n *node) {
	if n == nil {
		return
	}
	s := c.service
	name, ok := c.str(n, atEnvironment)
	if !ok {
		return
	}
	path := filepath.Join(c.dir, name)
	content, err := readInside(c.dir, name)
	if err != nil {
		s.missing(atEnvironment, n, fmt.Sprintf("%s cannot be read, as a file of the workspace: write its variables here", path))
		return
	}
	s.different(atEnvironment, n, "is read, and its values are in main.go now",
		"move what is secret to AWS Secrets Manager and Workload.Secrets before you commit main.go")
	for i, line := range strings.Split(string(content), "\n") {
		line = strings.TrimRight(line, "\r")
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, ok := strings.Cut(line, "=")
		if !ok || name == "" {
			s.notes = append(s.notes, note{kind: missing, place: atEnvironment, file: path, line: i + 1, path: "env_file",
				what: "is left out", todo: "a line must be NAME=value"})
			continue
		}
		s.variables = append(slices.DeleteFunc(s.variables, func(v variable) bool { return v.name == name }), variable{name, literal(text)})
	}
}

// readInside reads a file in a folder. One outside of it is an error, also if a link leads there.
func readInside(dir, name string) ([]byte, error) {
	root, err := os.OpenRoot(cmp.Or(dir, "."))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(filepath.Clean(name))
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is no file of at most 8 MB", name)
	}
	return root.ReadFile(filepath.Clean(name))
}

// secrets reads variables whose values are secrets.
func (c *copilotReader) secrets(n *node, place string) []secretVariable {
	if n == nil {
		return nil
	}
	if n.kind != mapping {
		c.service.wrong(place, n, "a mapping from names to secrets")
		return nil
	}
	var found []secretVariable
	for _, key := range n.keys {
		field := n.fields[key]
		switch {
		case field.kind == mapping && field.has("secretsmanager"):
			text, ok := c.str(field.get("secretsmanager"), place)
			if !ok {
				continue
			}
			if strings.HasPrefix(text, "arn:") {
				found = append(found, secretVariable{key, secretOf(text)})
				continue
			}
			name, rest, _ := strings.Cut(text, ":")
			found = append(found, secretVariable{key, secret{name: literal(name)}.with(rest)})
		case field.kind == mapping && field.has("from_cfn"):
			from := field.get("from_cfn")
			name, ok := c.val(from, place)
			if !ok {
				continue
			}
			c.service.different(place, from, "is taken for the ARN of a secret in Secrets Manager",
				"if the export is the name of a parameter, write web.SSMParameter(awsssm.StringParameter_FromSecureStringParameterAttributes(…))")
			found = append(found, secretVariable{key, secret{arn: importValue(name)}})
		case field.kind == scalar:
			text, ok := c.str(field, place)
			if !ok {
				continue
			}
			if secret := secretOf(text); secret.stage != "" && secret.version != "" {
				c.service.different(place, field, "names a stage and a version of which the stage counts",
					"write WithVersion in place of WithStage if the version is meant")
			}
			found = append(found, secretVariable{key, secretOf(text)})
			if strings.HasPrefix(text, "arn:") && strings.Contains(text, ":ssm:") {
				c.service.different(place, field, "is the parameter of this name in the stack's account and region",
					"it must be there: copy it, if the ARN is another account's or region's")
			}
		default:
			c.service.wrong(place, field, "the name of a parameter, or secretsmanager or from_cfn with a name")
		}
	}
	return found
}

// with has what follows the name of a secret: field, stage and version.
func (s secret) with(rest string) secret {
	parts := append(strings.Split(rest, ":"), "", "", "")
	s.field, s.stage, s.version = parts[0], parts[1], parts[2]
	return s
}

// secretOf is the secret that Amazon ECS and App Runner take by a string: an ARN of a secret, maybe
// with field, stage and version, or the name or ARN of a parameter.
func secretOf(text string) secret {
	parts := strings.Split(text, ":")
	if len(parts) < 6 || parts[0] != "arn" {
		return secret{parameter: true, name: literal(text)}
	}
	if parts[2] == "ssm" {
		return secret{parameter: true, name: literal(parameterOf(parts[5]))}
	}
	s := secret{}
	if len(parts) > 7 {
		s = s.with(strings.Join(parts[7:], ":"))
	}
	arn := strings.Join(parts[:min(7, len(parts))], ":")
	s.arn, s.partial = literal(arn), !completeARN.MatchString(arn)
	return s
}

// parameterOf is the name of a parameter by the last part of its ARN.
func parameterOf(resource string) string {
	name := strings.TrimPrefix(resource, "parameter/")
	if strings.Contains(name, "/") {
		return "/" + name
	}
	return name
}

// completeARN is the ARN of a secret with the six characters that AWS adds to its name.
var completeARN = regexp.MustCompile(`-[A-Za-z0-9]{6}$`)

func (c *copilotReader) platform(n *node) {
	if n == nil {
		return
	}
	s := c.service
	system, architecture := "", ""
	if n.kind == mapping {
		system, _ = c.str(n.get("osfamily"), atImage)
		architecture, _ = c.str(n.get("architecture"), atImage)
	} else if text, ok := c.str(n, atImage); ok {
		system, architecture, _ = strings.Cut(text, "/")
	}
	if system != "" && system != "linux" {
		s.missing(atImage, n, "servers run on Linux here: rebuild the image for it")
		return
	}
	switch architecture {
	case "arm64", "arm":
		s.image.arm64 = true
		s.took("arm64", n, func() { s.image.arm64 = false })
	case "", "amd64", "x86_64":
	default:
		s.wrong(atImage, n, "linux/amd64 or linux/arm64")
	}
}

// appRunnerCount is the name of an auto scaling configuration.
func (c *copilotReader) appRunnerCount(n *node) {
	if n == nil {
		return
	}
	s := c.service
	name, ok := c.str(n, atHosting)
	if !ok {
		return
	}
	s.scalingARN = expression(`*stack.FormatArn(&awscdk.ArnComponents{
		Service: new("apprunner"), Resource: new("autoscalingconfiguration"), ResourceName: new(` + strconv.Quote(name) + `),
	})`)
	s.took("scalingARN", n, func() { s.scalingARN = nil })
}

// copilotCooldown are Copilot's own cooldowns.
const (
	copilotIn  = 120 * time.Second
	copilotOut = 60 * time.Second
)

// count reads how many tasks there are.
func (c *copilotReader) count(n *node) {
	if n == nil {
		return
	}
	s := c.service
	if n.kind != mapping {
		if count, ok := n.integer(); ok && count == 0 {
			s.different(atHosting, n, "became 1 task", "a service has at least one: set the desired count of 0 by hand, or delete the service")
			s.took("no_tasks", n, func() { s.least, s.most = 0, 0 })
		} else if count, ok := c.number(n, atHosting, 1, 5000); ok {
			s.least, s.most = count, count
			s.took("count", n, func() {})
		}
		return
	}
	if spot := n.get("spot"); spot != nil {
		if count, ok := c.number(spot, atHosting, 1, 5000); ok {
			s.least, s.most, s.spot = count, count, true
			s.took("count", spot, func() {})
			s.took("spot", spot, func() { s.spot = false })
		}
	}
	within := n.get("range")
	switch {
	case within == nil:
	case within.kind == mapping:
		least, ok1 := c.number(within.get("min"), atHosting, 0, 5000)
		most, ok2 := c.number(within.get("max"), atHosting, 1, 5000)
		if ok1 && ok2 && least <= most {
			s.least, s.most = max(least, 1), most
			if least == 0 {
				s.different(atHosting, within.get("min"), "became 1 task", "a service has at least one")
			}
			s.took("count", within.get("max"), func() {})
		}
		if from := within.get("spot_from"); from != nil {
			if count, ok := c.number(from, atHosting, 1, 5000); ok {
				s.spot, s.spotFrom = true, count
				s.took("spot", from, func() { s.spot, s.spotFrom = false, 0 })
			}
		}
	default:
		least, most, ok := strings.Cut(within.text(), "-")
		low, err1 := strconv.Atoi(strings.TrimSpace(least))
		high, err2 := strconv.Atoi(strings.TrimSpace(most))
		if !ok || err1 != nil || err2 != nil || low > high || high < 1 || low < 0 {
			s.wrong(atHosting, within, "a range such as 2-10")
			break
		}
		s.least, s.most = max(low, 1), high
		if low == 0 {
			s.different(atHosting, within, "became "+fmt.Sprintf("%d to %d tasks", s.least, s.most), "a service has at least one")
		}
		s.took("count", within, func() {})
	}
	if s.most > 25 && c.options.hosting == apprunnerHosting {
		s.different(atHosting, within, fmt.Sprintf("became %d to 25", min(s.least, 25)), "App Runner has 25 instances of a service at most")
	}
	in, out := copilotIn, copilotOut
	c.cooldown(n.get("cooldown"), &in, &out)
	if cooldown := n.get("cooldown"); cooldown != nil {
		s.took("autoscaling", cooldown, func() {})
	}
	counts := map[string]bool{} // the cooldowns that a metric has from count
	defer func() {
		for _, way := range []string{"in", "out"} {
			if cooldown := n.get("cooldown", way); cooldown != nil && !counts[way] {
				s.different(atHosting, cooldown, "counts for nothing", "each metric has one of its own, or there is none")
			}
		}
	}()
	for _, kind := range []struct{ field, metric string }{
		{"cpu_percentage", "AverageCPU"}, {"memory_percentage", "AverageMemory"}, {"requests", "RequestCountPerTarget"},
		{"response_time", "ResponseTime"},
	} {
		n := n.get(kind.field)
		if n == nil {
			continue
		}
		m := metric{metric: kind.metric, in: in, out: out}
		target := n
		for _, way := range []string{"in", "out"} {
			counts[way] = counts[way] || n.kind != mapping || n.get("cooldown", way) == nil
		}
		if n.kind == mapping {
			target = n.get("value")
			c.cooldown(n.get("cooldown"), &m.in, &m.out)
			if target == nil {
				s.wrong(atHosting, n, "a number, or a value with a cooldown")
				continue
			}
		}
		if kind.metric == "ResponseTime" {
			d, ok := target.duration()
			if !ok || d <= 0 {
				s.wrong(atHosting, target, "a duration such as 2s")
				continue
			}
			m.seconds = d.Seconds()
			s.response = &m
			s.took("response_time", n, func() { s.response = nil })
			continue
		}
		most := 100
		if kind.metric == "RequestCountPerTarget" {
			most = 1 << 30
		}
		var ok bool
		if m.target, ok = c.number(target, atHosting, 1, most); ok {
			s.metrics = append(s.metrics, m)
			s.took("autoscaling", n, func() { s.metrics = nil })
		}
	}
	if s.least == s.most && (len(s.metrics) > 0 || s.response != nil) {
		for _, setting := range slices.Clone(s.set) {
			if setting.name == "autoscaling" || setting.name == "response_time" {
				s.missing(atHosting, setting.node, "nothing scales, because the least and the most number of tasks are the same")
			}
		}
		s.metrics, s.response = nil, nil
	}
}

func (c *copilotReader) cooldown(n *node, in, out *time.Duration) {
	if d, ok := c.time(n.get("in"), atHosting, time.Second, time.Hour); ok {
		*in = d
	}
	if d, ok := c.time(n.get("out"), atHosting, time.Second, time.Hour); ok {
		*out = d
	}
}

// http reads how clients reach the service.
func (c *copilotReader) http(n *node, apprunner bool) {
	s := c.service
	if !apprunner {
		s.health = health{path: "/"}
	}
	if n == nil {
		if !apprunner {
			s.front.sources = c.within(nil)
		}
		return
	}
	if n.kind != mapping {
		if on, ok := c.flag(n, atFront); ok && !on && apprunner {
			s.wrong(atFront, n, "a mapping")
		} else if ok && !on {
			s.front.private = true
			s.took("private", n, s.public)
		}
		return
	}
	c.health(n.get("healthcheck"), &s.health, true)
	c.alias(n, &s.front, apprunner)
	if apprunner {
		c.checked(n, &s.health, s.port, true)
		private := n.get("private")
		switch {
		case private == nil:
		case private.kind == mapping:
			s.front.private = true
			if endpoint := private.get("endpoint"); endpoint != nil {
				s.took("endpoint", endpoint, func() {})
			}
			s.took("private", private, s.public)
		default:
			if on, ok := c.flag(private, atFront); ok && on {
				s.front.private = true
				s.took("private", private, s.public)
			}
		}
		return
	}
	if path, ok := c.str(n.get("path"), atFront); ok {
		s.front.paths = c.paths(n.get("path"), path)
		if path != "/" {
			s.took("path", n.get("path"), func() {})
		}
	}
	if delay, ok := c.time(n.get("deregistration_delay"), atHosting, 0, time.Hour); ok {
		s.deregister = delay
		s.took("deregistration_delay", n.get("deregistration_delay"), func() { s.deregister = 0 })
		if delay == 0 {
			s.different(atHosting, n.get("deregistration_delay"), "became 1 s", "the least that there is")
			s.deregister = time.Second
		}
	}
	if on, ok := c.flag(n.get("stickiness"), atHosting); ok && on {
		s.stickiness = true
		s.took("stickiness", n.get("stickiness"), func() { s.stickiness = false })
	}
	s.protocol = c.protocol(n.get("version"))
	if s.protocol == "GRPC" { // whose codes are others than those of HTTP
		s.grpcCodes, s.health.codes = s.health.codes, ""
	}
	if s.protocol != "" {
		s.took("version", n.get("version"), s.http1)
	}
	s.front.sources = c.sources(n.get("allowed_source_ips"))
	if len(s.front.sources) > 0 {
		s.took("allowed_source_ips", n.get("allowed_source_ips"), func() { s.front.sources = nil })
	}
	s.front.sources = c.within(s.front.sources)
	if on, ok := c.flag(n.get("redirect_to_https"), atFront); ok {
		s.front.redirectOff = !on
		redirect := n.get("redirect_to_https")
		switch https := len(s.front.names) > 0 || len(c.environment.certificates) > 0; {
		case !https:
			s.different(atFront, redirect, "counts for nothing", "there is no alias, and so no HTTPS to redirect to")
		case !on:
			s.different(atFront, redirect, "closes port 80, where Copilot served HTTP",
				"if clients need HTTP, add a listener at port 80 to the load balancer with the CDK's awselasticloadbalancingv2")
		}
		s.took("redirect", redirect, func() { s.front.redirectOff = false })
	}
	s.lacks("alb", atFront, n.get("alb"),
		"the service gets a load balancer of its own: to go behind this one, pass webalb.FromListener(…) as Hosting.LoadBalancer")
	c.rules(n)
}

// http1 undoes that the load balancer speaks another version of HTTP with the server.
func (s *service) http1() {
	s.protocol, s.health.codes, s.grpcCodes = "", cmp.Or(s.health.codes, s.grpcCodes), ""
}

func (c *copilotReader) protocol(n *node) string {
	text, ok := c.str(n, atFront)
	switch strings.ToLower(text) {
	case "grpc":
		return "GRPC"
	case "http2":
		return "HTTP2"
	case "http1", "":
	default:
		if ok {
			c.service.wrong(atFront, n, "gRPC, http1 or http2")
		}
	}
	return ""
}

var rulePath = regexp.MustCompile("^[A-Za-z0-9_.$/~\"'@:+&*?-]*$")

// paths are the patterns that Copilot makes of a path.
func (c *copilotReader) paths(n *node, path string) []string {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil
	}
	if !rulePath.MatchString(path) || len(path) > 120 {
		c.service.wrong(atFront, n, "a path of at most 120 letters, digits and _-.$/~\"'@:+&*?")
		return nil
	}
	if most := maxWildcards - 2; strings.Count(path, "*")+strings.Count(path, "?") > most { // one is added, one is a host's
		c.service.wrong(atFront, n, fmt.Sprintf("a path with at most %d of * and ?", most))
		return nil
	}
	return []string{"/" + path, "/" + path + "/*"}
}

// prefixOf is a block of addresses, or one address.
func prefixOf(text string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(text); err == nil {
		return prefix, nil
	}
	address, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(address, address.BitLen()), nil
}

// within are the addresses that a rule and the environment let in. No addresses are all.
func (c *copilotReader) within(sources []string) []string {
	all := c.environment.sources
	if len(all) == 0 {
		return sources
	}
	if at := c.environment.sourcesAt; !slices.ContainsFunc(c.service.set, func(s setting) bool { return s.node == at }) {
		c.service.took("allowed_source_ips", at, func() { c.service.front.sources = nil })
	}
	if len(sources) == 0 {
		return all
	}
	var both []string
	for _, one := range sources {
		for _, other := range all {
			a, b := netip.MustParsePrefix(one), netip.MustParsePrefix(other)
			if !a.Overlaps(b) {
				continue
			}
			narrow := a
			if b.Bits() > a.Bits() {
				narrow = b
			}
			if !slices.Contains(both, narrow.String()) {
				both = append(both, narrow.String())
			}
		}
	}
	if len(both) == 0 {
		c.service.notes = append(c.service.notes, note{kind: missing, place: atFront, file: c.environment.sourcesAt.file, line: c.environment.sourcesAt.line,
			path: c.environment.sourcesAt.path, what: "lets nobody in whom allowed_source_ips of " + c.service.name + " lets in",
			todo: "the service lets its own in now: look at who is meant"})
		return sources
	}
	return both
}

// sources are addresses of clients.
func (c *copilotReader) sources(n *node) []string {
	if n == nil {
		return nil
	}
	var found []string
	for _, item := range n.items {
		text, ok := c.str(item, atFront)
		if !ok {
			continue
		}
		prefix, err := prefixOf(text)
		switch text = prefix.Masked().String(); {
		case err != nil || prefix.Addr().Is4In6() || prefix.Addr().Zone() != "":
			c.service.wrong(atFront, item, "an address block such as 192.0.2.0/24")
		case slices.Contains(found, text):
			c.service.different(atFront, item, "is there twice", "one of them is enough")
		default:
			found = append(found, text)
		}
	}
	if n.kind != sequence {
		c.service.wrong(atFront, n, "a list of address blocks such as 192.0.2.0/24")
	}
	return found
}

// hostPart is what stands in the name of a host beside variables of the shell.
var hostPart = regexp.MustCompile(`^(\*\.)?[A-Za-z0-9.-]*$`)

var hostName = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]+$`)

// alias reads the names of hosts: a string, a list, or a list with hosted zones.
func (c *copilotReader) alias(n *node, into *front, apprunner bool) {
	s, alias := c.service, n.get("alias")
	fallback := c.zone(n.get("hosted_zone"))
	if alias == nil {
		if fallback != "" {
			s.missing(atFront, n.get("hosted_zone"), "there is no alias whose record could be made in it")
		}
		return
	}
	if zone := n.get("hosted_zone"); zone != nil {
		s.took("zone", zone, func() {})
	}
	add := func(n *node, name, id string) {
		for _, name := range strings.Split(name, ",") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			shell := interpolation.MatchString(name)
			if !shell {
				name = strings.ToLower(name)
			}
			if !shell && !hostName.MatchString(name) || shell && !hostPart.MatchString(interpolation.ReplaceAllString(name, "")) {
				s.wrong(atFront, n, "the name of a host, such as shop.example.com")
				continue
			}
			if slices.Contains(into.names, name) {
				continue
			}
			into.names = append(into.names, name)
			if id = cmp.Or(id, fallback); id == "" {
				continue
			}
			at := slices.IndexFunc(into.zones, func(z zone) bool { return z.id == id })
			if at < 0 {
				into.zones = append(into.zones, zone{id: id})
				at = len(into.zones) - 1
			}
			into.zones[at].names = append(into.zones[at].names, name)
		}
	}
	items := alias.items
	if alias.kind != sequence {
		items = []*node{alias}
	}
	for _, item := range items {
		if item.kind == mapping {
			id := c.zone(item.get("hosted_zone"))
			if name, ok := c.host(item.get("name")); ok {
				add(item.get("name"), name, id)
			}
		} else if name, ok := c.host(item); ok {
			add(item, name, "")
		}
	}
	if len(into.zones) > 0 {
		for _, name := range into.names {
			if into.inZone(name) {
				continue
			}
			s.notes = append(s.notes, note{kind: different, place: atFront, file: alias.file, line: alias.line, path: alias.path, value: name,
				what: "has no hosted zone, and so no record",
				todo: "add the record that ACM asks for while the stack is deployed, and one that leads to the service; or set its hosted_zone"})
		}
	}
	if len(into.names) > 0 {
		s.took("alias", alias, func() { *into = front{private: into.private, paths: into.paths, sources: into.sources} })
	}
	if len(into.names) > 0 && len(into.zones) == 0 && slices.ContainsFunc(into.names, func(name string) bool { return into == &s.front || !slices.Contains(s.front.names, name) }) {
		s.different(atFront, alias, "needs a certificate, and records in DNS",
			"add the records that ACM asks for while the stack is deployed, and one for each name that leads to the service")
	}
}

// host reads the name of a host, which may have variables of the shell.
func (c *copilotReader) host(n *node) (string, bool) {
	if n == nil || n.kind != scalar {
		return c.str(n, atFront)
	}
	n.take()
	return n.value, true
}

// hostCode is the name of a host as an expression.
func hostCode(name string) string { return valueOf(name).golang() }

// zone reads the id of a hosted zone.
func (c *copilotReader) zone(n *node) string {
	id, ok := c.str(n, atFront)
	if ok && !zoneID.MatchString(id) {
		c.service.wrong(atFront, n, "the id of a hosted zone, such as Z0123456789ABCDEFGHIJ")
		return ""
	}
	return id
}

// health reads a health check: a path, or a mapping.
func (c *copilotReader) health(n *node, into *health, own bool) {
	if n == nil {
		return
	}
	s := c.service
	if n.kind != mapping {
		if path, ok := c.str(n, atHealthCheck); ok {
			into.path = path
		}
		return
	}
	if path, ok := c.str(n.get("path"), atHealthCheck); ok {
		into.path = path
	}
	if n.has("success_codes") {
		into.codes, _ = c.str(n.get("success_codes"), atHealthCheck)
	}
	into.interval, _ = c.time(n.get("interval"), atHealthCheck, time.Second, time.Hour)
	into.timeout, _ = c.time(n.get("timeout"), atHealthCheck, time.Second, time.Hour)
	into.healthy, _ = c.number(n.get("healthy_threshold"), atHealthCheck, 1, 20)
	into.unhealthy, _ = c.number(n.get("unhealthy_threshold"), atHealthCheck, 1, 20)
	into.port, _ = c.number(n.get("port"), atHealthCheck, 1, 65535)
	if grace := n.get("grace_period"); grace != nil {
		if !own {
			s.missing(atHealthCheck, grace, "the service has one grace period: that of http.healthcheck")
		} else if d, ok := c.time(grace, atHealthCheck, 0, 24*time.Hour); ok {
			s.grace = max(d, time.Second)
			s.took("grace_period", grace, func() { s.grace = 0 })
		}
	}
}

// checked settles the port of a health check of a target at another port. The load balancer reaches a
// task at its targets' ports, and so can check the service's own for another target.
func (c *copilotReader) checked(n *node, into *health, target int, apprunner bool) {
	s := c.service
	switch into.port {
	case 0, target:
		into.port = 0
	case s.port:
		if !apprunner {
			return
		}
		into.port = 0
	default:
		into.port = 0
		s.lacks("health_port", atHealthCheck, n.get("healthcheck", "port"), "the load balancer checks the port of the service: let that respond")
	}
}

// rules reads http.target_container, http.target_port and http.additional_rules.
func (c *copilotReader) rules(n *node) {
	s := c.service
	s.hosts = slices.Clone(s.front.names)
	main := rule{main: true, paths: []string{"/*"}, hosts: s.hosts, node: n.get("target_container")}
	main.container, main.port = c.target(n)
	if len(s.front.paths) > 0 {
		main.paths = s.front.paths
	}
	if main.container != "" || main.port != s.port {
		main.node = cmp.Or(main.node, n.get("targetContainer"), n.get("target_port"))
		c.checked(n, &s.health, main.port, false)
		main.grpcCodes = s.grpcCodes
		main.health, main.protocol, main.deregister, main.stickiness = s.health, s.protocol, s.deregister, s.stickiness
		main.sources = s.front.sources
		main.id = pascal(cmp.Or(main.container, "target"))
		s.rules = append(s.rules, main)
		s.took("rules", main.node, func() { s.rules = nil })
	} else {
		c.checked(n, &s.health, s.port, false)
	}
	s.health.port = 0
	if main.port == httpsPort && main.port != s.port {
		s.overTLS(main.node)
	}
	more := n.get("additional_rules")
	if more == nil {
		return
	}
	for i, n := range more.items {
		r := rule{node: n, health: health{path: "/"}}
		r.container, r.port = c.target(n)
		if path, ok := c.str(n.get("path"), atFront); ok {
			r.paths = c.paths(n.get("path"), path)
			r.id = pascal(strings.Trim(path, "/"))
		}
		if len(r.paths) == 0 {
			r.paths = []string{"/*"}
		}
		if r.id == "" {
			r.id = "Rule" + strconv.Itoa(i+1)
		}
		var own front
		c.alias(n, &own, false)
		r.hosts = own.names
		for _, name := range own.names {
			if !slices.Contains(s.front.names, name) {
				s.front.names = append(s.front.names, name)
			}
		}
		s.front.zones = append(s.front.zones, own.zones...)
		c.health(n.get("healthcheck"), &r.health, false)
		c.checked(n, &r.health, r.port, false)
		if r.port == httpsPort && r.port != s.port {
			s.overTLS(n)
		}
		r.sources = c.within(c.sources(n.get("allowed_source_ips")))
		r.deregister, _ = c.time(n.get("deregistration_delay"), atFront, 0, time.Hour)
		r.stickiness, _ = c.flag(n.get("stickiness"), atFront)
		r.protocol = c.protocol(n.get("version"))
		if r.protocol == "GRPC" {
			r.grpcCodes, r.health.codes = r.health.codes, ""
		}
		if other := s.same(r); other != "" && len(r.sources) == 0 {
			s.missing(atFront, n, "it never gets a request: "+other+" takes them all before it")
			continue
		}
		s.rules = append(s.rules, r)
		s.took("rules", n, func() { s.rules = nil })
	}
	if more.kind != sequence {
		s.wrong(atFront, more, "a list of rules")
	}
}

// httpsPort is the port of a container that Copilot's load balancer reaches with HTTPS.
const httpsPort = 443

// overTLS notes that the load balancer speaks HTTPS with a container.
func (s *service) overTLS(n *node) {
	s.notes = append(s.notes, note{kind: different, place: atPort, file: n.file, line: n.line, path: n.path,
		what: "leads to port 443, which the load balancer reaches with HTTPS, as Copilot's did",
		todo: "the container needs a certificate, which nobody checks"})
}

// same names the rule that takes all requests of another before it; empty if there is none.
func (s *service) same(r rule) string {
	paths := s.front.paths
	if len(paths) == 0 {
		paths = []string{"/*"}
	}
	main := rule{hosts: s.hosts, paths: paths, sources: s.front.sources}
	for i, other := range append([]rule{main}, s.rules...) {
		if len(other.sources) == 0 && slices.Equal(other.hosts, r.hosts) && slices.Equal(other.paths, r.paths) {
			if i == 0 {
				return "http"
			}
			return other.id
		}
	}
	return ""
}

// target is the container and the port that a rule sends requests to.
func (c *copilotReader) target(n *node) (container string, port int) {
	s := c.service
	container, _ = c.str(n.get("target_container"), atFront)
	if old := n.get("targetContainer"); old != nil {
		name, _ := c.str(old, atFront)
		container = cmp.Or(container, name)
	}
	port, _ = c.number(n.get("target_port"), atFront, 1, 65535)
	if container == s.name {
		container = ""
	}
	if container == "" && port != 0 { // a sidecar's port means the sidecar
		for _, name := range c.root.get("sidecars").keysOrNone() {
			if p, _, ok := portOf(c.root.get("sidecars", name, "port")); ok && p == port {
				container = name
			}
		}
	}
	if container != "" {
		n := cmp.Or(n.get("target_container"), n.get("targetContainer"))
		if sidecar := c.root.get("sidecars", container); sidecar == nil && n != nil {
			s.wrong(atFront, n, "the name of a sidecar")
			return "", cmp.Or(port, s.port)
		} else if port == 0 {
			port, _, _ = portOf(sidecar.get("port"))
		}
	}
	return container, cmp.Or(port, s.port)
}

func (n *node) keysOrNone() []string {
	if n == nil {
		return nil
	}
	return n.keys
}

// portOf is a sidecar's port: 8080 or 8080/udp.
func portOf(n *node) (port int, protocol string, ok bool) {
	if n == nil || n.kind != scalar {
		return 0, "", false
	}
	number, protocol, _ := strings.Cut(n.value, "/")
	port, err := strconv.Atoi(number)
	return port, cmp.Or(protocol, "tcp"), err == nil && port >= 1 && port <= 65535
}

// network reads where the tasks are.
func (c *copilotReader) network(n *node, apprunner bool) {
	s := c.service
	if c.environment.network != nil && !c.environment.network.lists && !apprunner {
		s.inVPC = true // the environment's own
	}
	if n == nil && !s.front.private {
		return
	}
	placement := n.get("vpc", "placement")
	switch {
	case placement == nil:
	case placement.kind == mapping:
		subnets := placement.get("subnets")
		if subnets != nil && subnets.kind == sequence {
			for _, item := range subnets.items {
				if id, ok := c.id(item, subnetID, "the id of a subnet, such as subnet-0123456789abcdef0"); ok {
					s.subnets = append(s.subnets, id)
				}
			}
			s.inVPC = true
			if len(s.subnets) == 0 {
				s.placement = "private"
			}
			s.took("subnets", subnets, func() {})
		} else if subnets != nil {
			s.missing(atNetwork, subnets, "name the subnets by their ids: Workload.VPCSubnets")
		}
	default:
		text, ok := c.str(placement, atNetwork)
		switch {
		case text == "private":
			s.placement, s.inVPC = text, true
		case text == "public":
			s.placement = text
		case ok:
			s.wrong(atNetwork, placement, "public or private, or subnets with ids")
		}
	}
	groups := n.get("vpc", "security_groups")
	list := groups
	denyDefault := false
	if groups != nil && groups.kind == mapping {
		list = groups.get("groups")
		denyDefault, _ = c.flag(groups.get("deny_default"), atNetwork)
	}
	if list != nil {
		for _, item := range list.items {
			if item.kind == mapping && item.has("from_cfn") {
				if name, ok := c.val(item.get("from_cfn"), atNetwork); ok {
					s.groups = append(s.groups, importValue(name))
				}
			} else if id, ok := c.id(item, groupID, "the id of a security group, such as sg-0123456789abcdef0"); ok {
				s.groups = append(s.groups, id)
			}
		}
		if list.kind != sequence {
			s.wrong(atNetwork, list, "a list of security groups")
		}
		s.took("groups", list, func() {})
		s.inVPC = true
	}
	if connect := n.get("connect"); connect != nil {
		if on, ok := connect.boolean(); ok && !on {
			connect.take()
		} else {
			s.lacks("connect", atNetwork, connect,
				"other services reach this one with UseService; or call EnableServiceConnect of fargateweb.Resources.Service, with a cluster that has a namespace")
		}
	}
	if !s.inVPC && s.front.private {
		s.inVPC, s.onlyClients = true, true
	}
	if !s.inVPC {
		return
	}
	if s.placement == "" && len(s.subnets) == 0 && (!apprunner || s.onlyClients) {
		s.placement = "public" // as Copilot has it: its VPC may have no NAT gateways
	}
	if n == nil {
		n = c.root.get("http")
	}
	e := c.environment
	if e.network == nil {
		e.network = &network{
			vpc: c.export("VpcId"), lists: true,
			public: []value{c.export("PublicSubnets")}, private: []value{c.export("PrivateSubnets")},
		}
	}
	if !denyDefault && !apprunner || apprunner {
		if e.network.group == nil {
			e.network.group = c.export("EnvironmentSecurityGroup")
		}
		if e.network.group != nil && !denyDefault {
			s.groups = append([]value{e.network.group}, s.groups...)
		}
	}
	if !e.network.lists && len(s.groups) > 0 && !denyDefault {
		s.notes = append(s.notes, note{kind: different, place: atNetwork, file: n.file, line: n.line, path: n.path, what: "has the security group that Copilot made for the environment",
			todo: "it goes with Copilot's stack of the environment: keep that, or give the service a group of your own"})
	}
	if e.network.lists {
		file, line := n.file, n.line
		what := inCopilotsVPC
		todo := "the VPC, and what is in it, goes with Copilot's stack of the environment: keep that, or move to a VPC of your own. " +
			"Copilot keeps NAT gateways only while a service of its own in private subnets is there"
		s.notes = append(s.notes, note{kind: different, place: atNetwork, file: file, line: line, path: n.path, what: what, todo: todo})
	}
}

var (
	subnetID = regexp.MustCompile(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`)
	groupID  = regexp.MustCompile(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`)
	vpcID    = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	zoneID   = regexp.MustCompile(`^[A-Z0-9]{1,32}$`)
)

// id reads an id, which CloudFormation checks.
func (c *copilotReader) id(n *node, pattern *regexp.Regexp, must string) (value, bool) {
	if n.kind == scalar && !interpolation.MatchString(n.value) && !pattern.MatchString(n.value) {
		c.service.wrong(atNetwork, n, must)
		return nil, false
	}
	return c.val(n, atNetwork)
}

// export is what the stack of Copilot's environment exports.
func (c *copilotReader) export(name string) value {
	return importValue(literal(fmt.Sprintf("%s-%s-%s", c.named(), c.environment.name, name)))
}

// topics reads what the service publishes to.
func (c *copilotReader) topics(n *node) {
	if n == nil {
		return
	}
	s := c.service
	for _, item := range n.items {
		name, ok := c.str(item.get("name"), atTopics)
		if !ok {
			s.wrong(atTopics, item, "a topic with a name")
			continue
		}
		if slices.ContainsFunc(s.topics, func(t topic) bool { return snake(t.name) == snake(name) }) {
			s.wrong(atTopics, item, "a topic of another name: the server finds topics by the variables "+snake(name)+"_TOPIC_ARN")
			continue
		}
		t := topic{name: name}
		if fifo := item.get("fifo"); fifo != nil && fifo.kind == mapping {
			t.fifo = true
			t.deduplication, _ = c.flag(fifo.get("content_based_deduplication"), atTopics)
		} else {
			t.fifo, _ = c.flag(fifo, atTopics)
		}
		s.topics = append(s.topics, t)
	}
	if n.kind != sequence {
		s.wrong(atTopics, n, "a list of topics")
	}
	if len(s.topics) > 0 {
		s.notes = append(s.notes, note{kind: different, place: atTopics, file: n.file, line: n.line, path: n.path,
			what: "became new topics", todo: "what subscribed to Copilot's has to subscribe to these"})
	}
}

func (c *copilotReader) tags(n *node) {
	c.service.tags = c.plainVariables(n, atAfter)
}

// addons reads the templates beside the manifest.
func (c *copilotReader) addons() {
	s := c.service
	for _, folder := range []string{filepath.Join(c.manifest.dir, "addons"), filepath.Join(c.manifest.dir, "overrides")} {
		files, err := os.ReadDir(folder)
		if err != nil {
			continue
		}
		for _, file := range files {
			path := filepath.Join(folder, file.Name())
			switch {
			case filepath.Base(folder) == "overrides":
				s.notes = append(s.notes, note{kind: missing, place: atAfter, file: path, path: "overrides", what: "has no equal",
					todo: "what it changes is a field of Hosting, or a property of the resources that fargateweb.ResourcesOf returns"})
			case !strings.HasSuffix(file.Name(), ".yml") && !strings.HasSuffix(file.Name(), ".yaml"):
				s.notes = append(s.notes, note{kind: unknown, place: atAfter, file: path, path: "addons", what: "is no template",
					todo: "look at what it is for"})
			case strings.Contains(file.Name(), ".parameters."):
				s.notes = append(s.notes, note{kind: missing, place: atAfter, file: path, path: "addons", what: "has no equal",
					todo: "write the parameters of the addons where they are used"})
			default:
				c.addon(path)
			}
		}
	}
}
