package importer

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A property of what a service was, and what the imported program makes of it.
type property struct {
	// what it is, in a table of docs/coming-from-copilot.md.
	what string

	// pattern of its path in the original: for a stack a logical id, and the names below. One with =
	// is about the value, too. Of a row of what is added it is the path in the program's template.
	pattern string

	// verdict: same, different, none or added.
	verdict string

	// here is its path in the program's template, by the type of the resource, with $1 for what the
	// pattern found: the value must be there if it is the same, and another one if it is different.
	here string

	// why it differs, or what to do without it.
	why string

	// report is a pattern of a line of the report; unsaid if nobody has to do anything.
	report string
}

const (
	same    = "same"
	differs = "different"
	none    = "none"
	added   = "added"

	unsaid = "nothing"
)

// A comparison is a table of the document, and what it is about.
type comparison struct {
	name      string // in the document
	heading   string
	rules     []property
	originals []original
	values    map[string]string // that both have, such as the partition

	// whole: the report has a line for what is not the same, and each property of the program's
	// template is in the table, too.
	whole bool
}

// An original is what a service was before it was imported.
type original struct {
	sample, environment string
	name                string
	read                func(t *testing.T, values map[string]string) map[string]string // its leaves
}

var comparisons = []comparison{
	{"load balanced", "Copilot's stack has", loadBalancedProperties, []original{
		copilotStack("copilot-svc", "test", "svc-test.stack.yml", "svc-test.params.json", nil),
		copilotStack("copilot-svc", "staging", "svc-staging.stack.yml", "svc-staging.params.json", nil),
		copilotStack("copilot-svc", "prod", "svc-prod.stack.yml", "svc-prod.params.json", nil),
		copilotStack("copilot-grpc", "test", "svc-grpc-test.stack.yml", "svc-grpc-test.params.json", nil),
	}, nil, false},
	{"request-driven", "Copilot's stack has", requestDrivenProperties, []original{
		copilotStack("copilot-rdws", "test", "rdws-test.stack.yml", "", rdwsValues("test")),
		copilotStack("copilot-rdws", "prod", "rdws-prod.stack.yml", "", rdwsValues("prod")),
	}, nil, false},
	{"App Runner on App Runner", "the description has", appRunnerProperties, []original{
		description("apprunner-same-hello", "hello", "hello.json"),
		description("apprunner-same-more", "orders", "orders.json", "orders-more.json"),
		description("apprunner-same-python", "pythonapp", "python-app.json"),
	}, commercial, true},
	{"App Runner on Express Mode", "the description has", expressProperties, []original{
		description("apprunner-hello", "hello", "hello.json"),
	}, commercial, true},
	{"App Runner on Fargate", "the description has", fargateProperties, []original{
		description("apprunner-orders", "orders", "orders.json", "orders-more.json"),
		description("apprunner-python", "pythonapp", "python-app.json"),
	}, commercial, true},
	{"SAM", "SAM's stack has", samProperties, []original{
		samStack("sam-expressjs", "expressjs", "expressjs"),
		samStack("sam-streaming", "fastapiresponsestreaming", "fastapi-response-streaming"),
		samStack("sam-fastapi", "fastapi", "fastapi"),
		samStack("sam-gin-zip", "ginzip", "gin-zip"),
		samStack("sam-nginx", "nginx", "nginx"),
		samStack("sam-sqs", "sqsexpressjs", "sqs-expressjs"),
	}, commercial, true},
}

// commercial are values of the Regions outside of China and of governments.
var commercial = map[string]string{"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}

// rdwsValues are parameters of which there is no file.
func rdwsValues(environment string) map[string]string {
	return map[string]string{
		"AppName": "my-app", "EnvName": environment, "WorkloadName": "frontend", "ContainerImage": "image", "ContainerPort": "8080",
		"ImageRepositoryType": "ECR", "InstanceCPU": "1024", "InstanceMemory": "2048", "AddonsTemplateURL": "",
	}
}

// A cloudFormation evaluates the functions of a template as far as they are known.
type cloudFormation struct {
	values     map[string]string
	conditions map[string]any
}

// value is a value with its functions evaluated; nil for AWS::NoValue.
func (c cloudFormation) value(v any) any {
	switch v := v.(type) {
	case []any:
		list := []any{}
		for _, item := range v {
			if item := c.value(item); item != nil {
				list = append(list, item)
			}
		}
		return list
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return c.call(name, argument)
				}
			}
		}
		object := map[string]any{}
		for key, field := range v {
			if field := c.value(field); field != nil {
				object[key] = field
			}
		}
		return object
	}
	return v
}

func (c cloudFormation) call(name string, argument any) any {
	list, _ := argument.([]any)
	text := func(v any) string { return fmt.Sprint(c.value(v)) }
	switch name {
	case "Ref":
		if argument == "AWS::NoValue" {
			return nil
		}
		if value, ok := c.values[argument.(string)]; ok {
			return value
		}
		return "${" + argument.(string) + "}"
	case "Fn::GetAtt":
		if len(list) == 2 {
			return fmt.Sprintf("${%v.%v}", list[0], list[1])
		}
		return fmt.Sprintf("${%v}", argument)
	case "Fn::ImportValue":
		return "import " + text(argument)
	case "Fn::If":
		if c.condition(c.conditions[list[0].(string)]) {
			return c.value(list[1])
		}
		return c.value(list[2])
	case "Fn::Join":
		var parts []string
		items, ok := c.value(list[1]).([]any)
		if !ok {
			return text(list[1])
		}
		for _, item := range items {
			parts = append(parts, fmt.Sprint(item))
		}
		return strings.Join(parts, list[0].(string))
	case "Fn::Split", "Fn::Select":
		return text(list[1])
	case "Fn::Sub":
		format, ok := argument.(string)
		own := map[string]any{}
		if !ok {
			format, _ = list[0].(string)
			own, _ = list[1].(map[string]any)
		}
		return substitution.ReplaceAllStringFunc(format, func(found string) string {
			name := found[2 : len(found)-1]
			if value, ok := own[name]; ok {
				return text(value)
			}
			if value, ok := c.values[name]; ok {
				return value
			}
			return found
		})
	}
	return fmt.Sprintf("%s %v", name, argument)
}

func (c cloudFormation) condition(v any) bool {
	object, _ := v.(map[string]any)
	if list, ok := object["Fn::Equals"].([]any); ok {
		return fmt.Sprint(c.value(list[0])) == fmt.Sprint(c.value(list[1]))
	}
	if list, ok := object["Fn::Not"].([]any); ok {
		return !c.condition(list[0])
	}
	return false
}

// flatten are all leaves below a value. Of a list of things with names, the names are the paths.
func flatten(path string, v any, add func(path, value string)) {
	switch v := v.(type) {
	case map[string]any:
		for key, field := range v {
			flatten(path+"."+key, field, add)
		}
	case []any:
		for i, item := range v {
			name := strconv.Itoa(i)
			if object, ok := item.(map[string]any); ok {
				for _, key := range []string{"Name", "name", "Key"} {
					label, ok := object[key].(string)
					if !ok {
						continue
					}
					name = label
					rest := map[string]any{}
					for other, field := range object {
						if other != key {
							rest[other] = field
						}
					}
					item = rest
					if len(rest) == 1 {
						for _, only := range rest {
							item = only
						}
					}
					if len(rest) == 0 {
						item = label
					}
				}
			}
			flatten(path+"."+name, item, add)
		}
	default:
		add(path, strings.TrimSpace(fmt.Sprint(v)))
	}
}

// plainValue is a node as Go values.
func plainValue(n *node) any {
	switch n.kind {
	case mapping:
		object := map[string]any{}
		for key, field := range n.fields {
			object[key] = plainValue(field)
		}
		return object
	case sequence:
		list := []any{}
		for _, item := range n.items {
			list = append(list, plainValue(item))
		}
		return list
	}
	return n.value
}

// copilotStack is a stack that Copilot rendered of a sample, with its parameters.
func copilotStack(sample, environment, stack, parameters string, values map[string]string) original {
	return original{sample, environment, stack, func(t *testing.T, _ map[string]string) map[string]string {
		root, err := readYAML(stack, readTest(t, filepath.Join(data, "copilot", stack)))
		if err != nil {
			t.Fatal(err)
		}
		if parameters != "" {
			var file struct{ Parameters map[string]string }
			if err := json.Unmarshal(readTest(t, filepath.Join(data, "copilot", parameters)), &file); err != nil {
				t.Fatal(err)
			}
			values = file.Parameters
		}
		return stackLeaves(plainValue(root), values)
	}}
}

func readTest(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// stackLeaves are the leaves of a template, with logical ids.
func stackLeaves(root any, values map[string]string) map[string]string {
	template := root.(map[string]any)
	conditions, _ := template["Conditions"].(map[string]any)
	c := cloudFormation{values, conditions}
	leaves := map[string]string{}
	add := func(path, value string) { leaves[path] = value }
	for id, resource := range template["Resources"].(map[string]any) {
		resource := resource.(map[string]any)
		if condition, ok := resource["Condition"].(string); ok && !c.condition(conditions[condition]) {
			continue
		}
		leaves[id] = fmt.Sprint(resource["Type"])
		flatten(id, c.value(resource["Properties"]), add)
	}
	return leaves
}

// samStack is what CloudFormation makes of a SAM template: make sam-transformed writes it.
func samStack(sample, environment, name string) original {
	return original{sample, environment, name + ".yaml", func(t *testing.T, values map[string]string) map[string]string {
		path := filepath.Join(testdata, "sam-transformed", name+".json")
		var record map[string]any
		decoder := json.NewDecoder(bytes.NewReader(readTest(t, path)))
		decoder.UseNumber()
		if err := decoder.Decode(&record); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if sum := fmt.Sprintf("%x", sha256.Sum256(readTest(t, filepath.Join(data, "sam", name+".yaml")))); sum != record["SHA256"] {
			t.Errorf("%s is of another template: make sam-transformed writes it", path)
		}
		leaves := stackLeaves(record, values)
		add := func(path, value string) { leaves[path] = value }
		head(cloudFormation{values: values}, record, add)
		for id, resource := range record["Resources"].(map[string]any) {
			if metadata, ok := resource.(map[string]any)["Metadata"]; ok {
				flatten(id+".Metadata", metadata, add)
			}
		}
		return leaves
	}}
}

// description is what AWS prints of a service of App Runner, and of what it uses.
func description(sample, environment string, files ...string) original {
	return original{sample, environment, files[0], func(t *testing.T, _ map[string]string) map[string]string {
		leaves := map[string]string{}
		for _, name := range files {
			documents, err := readJSON(name, readTest(t, filepath.Join(testdata, "apprunner", name)))
			if err != nil {
				t.Fatal(err)
			}
			for _, document := range documents {
				for key, v := range plainValue(document).(map[string]any) {
					if describers[key] != "" {
						leaves[key] = "AWS::AppRunner::" + key
					}
					flatten(key, v, func(path, value string) { leaves[path] = inUnits(path, value) })
				}
			}
		}
		return leaves
	}}
}

// inUnits is a size that App Runner may print in words as the number that means the same.
func inUnits(path, value string) string {
	units := map[string]float64{"Service.InstanceConfiguration.Cpu": 1024, "Service.InstanceConfiguration.Memory": 1024}[path]
	number, unit, ok := strings.Cut(value, " ")
	amount, err := strconv.ParseFloat(number, 64)
	if units == 0 || !ok || err != nil || unit != "vCPU" && unit != "GB" {
		return value
	}
	return fmt.Sprint(amount * units)
}

// hereLeaves are the leaves of a synthesized template, with the types of the resources.
func hereLeaves(template map[string]any, values map[string]string) map[string][]string {
	c := cloudFormation{values: values}
	here := map[string][]string{}
	add := func(path, value string) { here[path] = append(here[path], value) }
	for _, resource := range template["Resources"].(map[string]any) {
		resource := resource.(map[string]any)
		kind := strings.TrimPrefix(fmt.Sprint(resource["Type"]), "AWS::")
		add(kind, fmt.Sprint(resource["Type"]))
		flatten(kind, c.value(resource["Properties"]), add)
	}
	head(c, template, add)
	return here
}

// head adds what stands beside the resources of a template.
func head(c cloudFormation, template map[string]any, add func(path, value string)) {
	for _, section := range []string{"Description", "Outputs"} {
		if v, ok := template[section]; ok {
			flatten(section, c.value(v), add)
		}
	}
}

// TestLike compares each property of what the services were with the synthesized templates, and the
// tables of the document with that.
func TestLike(t *testing.T) {
	templates, err := synthesize()
	if err != nil {
		t.Fatal(err)
	}
	atRoot(t)
	for _, c := range comparisons {
		t.Run(c.name, func(t *testing.T) { c.compare(t, templates) })
	}
}

func (c *comparison) compare(t *testing.T, templates map[string]map[string]map[string]any) {
	seen, differ := map[string]bool{}, map[string]bool{}
	compared := 0
	for _, o := range c.originals {
		template, ok := templates[o.sample][o.environment]
		if !ok && templates[o.sample] != nil {
			t.Fatalf("%s has no environment %s", o.sample, o.environment)
		}
		if !ok {
			continue
		}
		compared++
		here := hereLeaves(template, c.values)
		said := map[string]bool{}
		report := strings.Split(string(readTest(t, filepath.Join(testdata, "golden", o.sample, "IMPORT.md.txt"))), "\n")
		for path, value := range o.read(t, c.values) {
			i := slices.IndexFunc(c.rules, func(p property) bool { return p.verdict != added && p.find(path, value) != nil })
			if i < 0 {
				t.Errorf("%s: nothing is said of %s: %s", o.name, path, value)
				continue
			}
			p := c.rules[i]
			seen[p.key()] = true
			target := p.target(p.here, path, value)
			paths, got := at(here, target)
			for _, path := range paths {
				said[path] = true
			}
			switch p.verdict {
			case same:
				if !slices.Contains(got, value) {
					t.Errorf("%s: %s is %s, and here %s is %q: the table says that they are the same", o.name, path, value, target, got)
				}
			case differs:
				if p.here != "" && len(got) == 0 {
					t.Errorf("%s: %s is %s, and here %s is not there", o.name, path, value, target)
				}
				if !slices.Contains(got, value) {
					differ[p.key()] = true
				}
			case none:
				if len(got) > 0 {
					t.Errorf("%s: %s is %s, and here %s is %q: the table says that there is none", o.name, path, value, target, got)
				}
			}
			equal := p.verdict == same || p.verdict == differs && slices.Contains(got, value)
			if c.whole && !equal && p.report != unsaid {
				line := regexp.MustCompile(p.target(p.report, path, value))
				if p.report == "" || !slices.ContainsFunc(report, line.MatchString) {
					t.Errorf("%s: %s is %s: the report has no line %q", o.name, path, value, line)
				}
			}
		}
		for path, values := range here {
			if !c.whole || said[path] {
				continue
			}
			i := slices.IndexFunc(c.rules, func(p property) bool { return p.verdict == added && p.find(path, strings.Join(values, " ")) != nil })
			if i < 0 {
				t.Errorf("%s: nothing is said of what is here only: %s: %q", o.name, path, values)
				continue
			}
			seen[c.rules[i].key()] = true
		}
	}
	if compared < len(c.originals) {
		t.Skipf("%d of %d were not compared: their samples are not there, or CDKWEB_IMPORT is not all", len(c.originals)-compared, len(c.originals))
	}
	for _, p := range c.rules {
		if !seen[p.key()] {
			t.Errorf("nothing has %s (%s)", p.what, p.pattern)
		}
		if p.verdict == differs && p.here != "" && !differ[p.key()] {
			t.Errorf("%s (%s) is the same each time: the table says that it differs", p.what, p.pattern)
		}
	}
}

func (p property) key() string { return p.what + p.pattern }

// find is what the pattern finds in a path; nil if it is about another one.
func (p property) find(path, value string) []string {
	if strings.Contains(p.pattern, "=") {
		path += "=" + value
	}
	return pattern(p.pattern).FindStringSubmatch(path)
}

// patterns are the compiled ones: each is compared with thousands of paths.
var patterns = map[string]*regexp.Regexp{}

func pattern(text string) *regexp.Regexp {
	if patterns[text] == nil {
		patterns[text] = regexp.MustCompile("^(?:" + text + ")$")
	}
	return patterns[text]
}

// target is a path with $1 for what the pattern found.
func (p property) target(format, path, value string) string {
	found := p.find(path, value)
	if len(found) > 1 {
		format = strings.ReplaceAll(format, "$1", found[1])
	}
	return format
}

// at are the values of a path, in which a * stands for any index or name, and the paths that it found.
func at(here map[string][]string, path string) (paths, found []string) {
	if !strings.Contains(path, "*") {
		if here[path] == nil {
			return nil, nil
		}
		return []string{path}, here[path]
	}
	pattern := pattern(strings.ReplaceAll(regexp.QuoteMeta(path), `\*`, `[^.]+`))
	for name, values := range here {
		if pattern.MatchString(name) {
			paths, found = append(paths, name), append(found, values...)
		}
	}
	return paths, found
}

// The tables stand in the document.
func TestTables(t *testing.T) {
	atRoot(t)
	const document = "docs/coming-from-copilot.md"
	got := string(readTest(t, document))
	for _, c := range comparisons {
		start, end := fmt.Sprintf("<!-- %s: start; go test ./cmd/cdkweb/... -update writes it -->\n", c.name), fmt.Sprintf("<!-- %s: end -->", c.name)
		before, rest, ok1 := strings.Cut(got, start)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no place for the table %s", document, c.name)
		}
		got = before + start + c.table() + end + after
	}
	golden(t, document, got)
}

func (c *comparison) table() string {
	text := fmt.Sprintf("| %s | here | |\n|---|---|---|\n", c.heading)
	var said []string
	for _, p := range c.rules {
		row := fmt.Sprintf("| %s | %s | %s |\n", p.what, map[string]string{same: "the same", differs: "different", none: "no equal", added: "only here"}[p.verdict], p.why)
		if !slices.Contains(said, row) {
			said = append(said, row)
			text += row
		}
	}
	return text
}
