// Package templatetest reads synthesized templates in tests.
package templatetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"

	"github.com/cdkweb/cdkweb/webtest"
)

// Template is a stack's template, as webtest returns it.
type Template struct {
	t         testing.TB
	Resources map[string]Resource
	Outputs   map[string]any
}

// Resource is one resource of a template.
type Resource struct {
	Type       string
	Properties map[string]any
	DependsOn  []string
}

// Of synthesizes a stack.
func Of(t testing.TB, stack awscdk.Stack) Template {
	t.Helper()
	template := Template{t: t}
	if err := json.Unmarshal([]byte(webtest.Template(t, stack)), &template); err != nil {
		t.Fatal(err)
	}
	return template
}

// IDs returns the logical ids of all resources, or of those of one type, sorted.
func (t Template) IDs(types ...string) []string {
	var ids []string
	for id, resource := range t.Resources {
		if len(types) == 0 || slices.Contains(types, resource.Type) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Types returns how many resources there are of each type.
func (t Template) Types() map[string]int {
	types := map[string]int{}
	for _, resource := range t.Resources {
		types[resource.Type]++
	}
	return types
}

// WantTypes fails if the template does not hold exactly these resources.
func (t Template) WantTypes(want map[string]int) {
	t.t.Helper()
	if got := t.Types(); !maps.Equal(got, want) {
		t.t.Errorf("got resources %v, want %v", got, want)
	}
}

// Get returns what the only resource of a type has at a path such as "Properties.Tags.0.Key" below
// Properties, or nil.
func (t Template) Get(kind, path string) any {
	t.t.Helper()
	ids := t.IDs(kind)
	if len(ids) != 1 {
		t.t.Fatalf("got %d resources of type %s, want one", len(ids), kind)
	}
	return At(t.Resources[ids[0]].Properties, path)
}

// Want fails if the only resource of a type does not have a value at a path. The value is written
// as JSON; an empty one means that there is nothing.
func (t Template) Want(kind, path, want string) {
	t.t.Helper()
	got := t.Get(kind, path)
	var value any
	if want != "" {
		if err := json.Unmarshal([]byte(want), &value); err != nil {
			t.t.Fatalf("the test's own value for %s is no JSON: %v", path, err)
		}
	}
	if !reflect.DeepEqual(got, value) {
		t.t.Errorf("%s.%s: got %s, want %s", kind, path, JSON(t.t, got), want)
	}
}

// At follows a path of keys and indexes, separated by dots, into a JSON value. It returns nil if
// there is nothing.
func At(value any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch inside := value.(type) {
		case map[string]any:
			value = inside[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(inside) {
				return nil
			}
			value = inside[i]
		default:
			return nil
		}
	}
	return value
}

// JSON returns a value as JSON without white space.
func JSON(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Warnings synthesizes a stack and returns the texts of its warnings, each with the id by which it
// is acknowledged: "… [ack: ID]".
func Warnings(t testing.TB, stack awscdk.Stack) []string {
	t.Helper()
	webtest.Template(t, stack)
	var texts []string
	for _, construct := range *stack.Node().FindAll(constructs.ConstructOrder_PREORDER) {
		for _, entry := range *construct.Node().Metadata() {
			if *entry.Type == "aws:cdk:warning" {
				texts = append(texts, fmt.Sprint(entry.Data))
			}
		}
	}
	return texts
}
