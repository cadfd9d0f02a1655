package importer

import (
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

// A property of a stack that Copilot rendered, and what the imported program makes of it.
type property struct {
	// what it is, in the table of docs/coming-from-copilot.md.
	what string

	// pattern of its path in Copilot's stack: a logical id, and the names below.
	pattern string

	// verdict: same, different or none.
	verdict string

	// here is its path in the program's template, by the type of the resource, with $1 for what the
	// pattern found: the value must be there if it is the same, and another one if it is different.
	here string

	// why it differs, or what to do without it.
	why string
}

const (
	same    = "same"
	differs = "different"
	none    = "none"
)

// copilotStacks are the stacks that Copilot rendered of the samples, with their parameters.
var copilotStacks = []struct {
	sample, environment, stack, parameters string
	values                                 map[string]string
}{
	{"copilot-svc", "test", "svc-test.stack.yml", "svc-test.params.json", nil},
	{"copilot-svc", "staging", "svc-staging.stack.yml", "svc-staging.params.json", nil},
	{"copilot-svc", "prod", "svc-prod.stack.yml", "svc-prod.params.json", nil},
	{"copilot-grpc", "test", "svc-grpc-test.stack.yml", "svc-grpc-test.params.json", nil},
	{"copilot-rdws", "test", "rdws-test.stack.yml", "", rdwsValues("test")},
	{"copilot-rdws", "prod", "rdws-prod.stack.yml", "", rdwsValues("prod")},
}

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

// rendered are the leaves of a stack that Copilot rendered.
func rendered(t *testing.T, stack, parameters string, values map[string]string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "copilot", stack))
	if err != nil {
		t.Fatal(err)
	}
	root, err := readYAML(stack, text)
	if err != nil {
		t.Fatal(err)
	}
	if parameters != "" {
		text, err := os.ReadFile(filepath.Join(data, "copilot", parameters))
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Parameters map[string]string }
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		values = file.Parameters
	}
	template := plainValue(root).(map[string]any)
	conditions, _ := template["Conditions"].(map[string]any)
	c := cloudFormation{values, conditions}
	leaves := map[string]string{}
	for id, resource := range template["Resources"].(map[string]any) {
		resource := resource.(map[string]any)
		if condition, ok := resource["Condition"].(string); ok && !c.condition(conditions[condition]) {
			continue
		}
		leaves[id] = fmt.Sprint(resource["Type"])
		flatten(id, c.value(resource["Properties"]), func(path, value string) { leaves[path] = value })
	}
	return leaves
}

// TestLikeCopilot compares each property of the stacks that Copilot rendered with the synthesized
// templates, and the table of the document with that.
func TestLikeCopilot(t *testing.T) {
	templates, err := synthesize()
	if err != nil {
		t.Fatal(err)
	}
	atRoot(t)
	if !exists(data) {
		t.Skipf("%s is not there", data)
	}
	seen, differ := map[string]bool{}, map[string]bool{}
	for _, s := range copilotStacks {
		here := map[string][]string{}
		template := templates[s.sample][s.environment]
		for _, resource := range template["Resources"].(map[string]any) {
			resource := resource.(map[string]any)
			kind := strings.TrimPrefix(fmt.Sprint(resource["Type"]), "AWS::")
			here[kind] = append(here[kind], fmt.Sprint(resource["Type"]))
			flatten(kind, cloudFormation{}.value(resource["Properties"]), func(path, value string) { here[path] = append(here[path], value) })
		}
		for path, value := range rendered(t, s.stack, s.parameters, s.values) {
			rules := loadBalancedProperties
			if s.sample == "copilot-rdws" {
				rules = requestDrivenProperties
			}
			i := slices.IndexFunc(rules, func(p property) bool { return p.matches(path) })
			if i < 0 {
				t.Errorf("%s: nothing is said of %s: %s", s.stack, path, value)
				continue
			}
			p := rules[i]
			seen[p.what+p.pattern] = true
			target := regexp.MustCompile("^("+p.pattern+")$").ReplaceAllString(path, strings.ReplaceAll(p.here, "$1", "${2}"))
			got := at(here, target)
			switch p.verdict {
			case same:
				if !slices.Contains(got, value) {
					t.Errorf("%s: %s is %s, and here %s is %q: the table says that they are the same", s.stack, path, value, target, got)
				}
			case differs:
				if p.here != "" && len(got) == 0 {
					t.Errorf("%s: %s is %s, and here %s is not there", s.stack, path, value, target)
				}
				if !slices.Contains(got, value) {
					differ[p.what+p.pattern] = true
				}
			case none:
				if len(got) > 0 {
					t.Errorf("%s: %s is %s, and here %s is %q: the table says that there is none", s.stack, path, value, target, got)
				}
			}
		}
	}
	for _, p := range slices.Concat(loadBalancedProperties, requestDrivenProperties) {
		if !seen[p.what+p.pattern] {
			t.Errorf("no stack has %s (%s)", p.what, p.pattern)
		}
		if p.verdict == differs && p.here != "" && !differ[p.what+p.pattern] {
			t.Errorf("%s (%s) is the same in each stack: the table says that it differs", p.what, p.pattern)
		}
	}
}

// at are the values of a path, in which a * stands for any index or name.
func at(here map[string][]string, path string) []string {
	if !strings.Contains(path, "*") {
		return here[path]
	}
	pattern := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(path), `\*`, `[^.]+`) + "$")
	var found []string
	for name, values := range here {
		if pattern.MatchString(name) {
			found = append(found, values...)
		}
	}
	return found
}

func (p property) matches(path string) bool {
	return regexp.MustCompile("^(" + p.pattern + ")$").MatchString(path)
}

// The tables stand in the document.
func TestTables(t *testing.T) {
	atRoot(t)
	const document = "docs/coming-from-copilot.md"
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	got := string(text)
	for name, rules := range map[string][]property{"load balanced": loadBalancedProperties, "request-driven": requestDrivenProperties} {
		start, end := fmt.Sprintf("<!-- %s: start; go test ./cmd/cdkweb/... -update writes it -->\n", name), fmt.Sprintf("<!-- %s: end -->", name)
		before, rest, ok1 := strings.Cut(got, start)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatalf("%s has no place for the table %s", document, name)
		}
		got = before + start + table(rules) + end + after
	}
	golden(t, document, got)
}

func table(rules []property) string {
	text := "| Copilot's stack has | here | |\n|---|---|---|\n"
	var said []string
	for _, p := range rules {
		row := fmt.Sprintf("| %s | %s | %s |\n", p.what, map[string]string{same: "the same", differs: "different", none: "no equal"}[p.verdict], p.why)
		if !slices.Contains(said, row) {
			said = append(said, row)
			text += row
		}
	}
	return text
}
