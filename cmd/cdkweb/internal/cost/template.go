package cost

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/cdkweb/cdkweb/internal/assembly"
)

// template is a synthesized stack.
type template struct {
	stack     string
	region    string // empty if the stack goes where it is deployed from
	resources map[string]*resource
	outputs   map[string]output
}

type resource struct {
	id         string // the logical one
	stack      *template
	kind       string
	path       string // of the construct, if the template says it
	properties map[string]any
}

type output struct {
	value  any
	export any
}

// app is everything that was synthesized.
type app struct{ templates []*template }

// readTemplate reads the JSON of a template. The name is that of the file, for errors.
func readTemplate(name, stack string, content []byte) (*template, error) {
	var document struct {
		Resources map[string]*struct {
			Type       string
			Properties map[string]any
			Metadata   map[string]any
		}
		Outputs map[string]*struct {
			Value  any
			Export *struct{ Name any }
		}
	}
	if err := json.Unmarshal(content, &document); err != nil {
		return nil, jsonError(name, content, err)
	}
	found := &template{stack: stack, resources: map[string]*resource{}, outputs: map[string]output{}}
	for id, declared := range document.Resources {
		if declared == nil {
			continue
		}
		path, _ := declared.Metadata["aws:cdk:path"].(string)
		found.resources[id] = &resource{id, found, declared.Type, path, declared.Properties}
	}
	for id, declared := range document.Outputs {
		if declared == nil {
			continue
		}
		result := output{value: declared.Value}
		if declared.Export != nil {
			result.export = declared.Export.Name
		}
		found.outputs[id] = result
	}
	return found, nil
}

// jsonError is what is wrong with a JSON file, with the line.
func jsonError(name string, content []byte, err error) error {
	offset := int64(0)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
		field := kind.Field
		if field == "" {
			field = "the file"
		}
		err = fmt.Errorf("%s is a JSON %s, so this is no CloudFormation template; run cdk synth again", field, kind.Value)
	}
	line := 1 + bytes.Count(content[:min(int(offset), len(content))], []byte("\n"))
	return fmt.Errorf("%s:%d: %w", name, line, err)
}

// readApp reads a cloud assembly, the folder that cdk synth writes, with those of its stages, or one
// template.
func readApp(path string) (app, error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return app{}, fmt.Errorf("there is no %s; run cdk synth first", path)
	}
	if err != nil {
		return app{}, err
	}
	var found app
	if info.IsDir() {
		found.templates, err = readAssembly(path)
	} else {
		var one *template
		one, err = readTemplateFile(path, strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), ".json"), ".template"))
		found.templates = []*template{one}
	}
	if err != nil {
		return app{}, err
	}
	if len(found.templates) == 0 {
		return app{}, errors.New("there is no template in " + path + elsewhere(path))
	}
	return found, nil
}

// elsewhere names a folder in this one that has templates.
func elsewhere(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	for _, entry := range entries {
		if entry.IsDir() {
			inner := filepath.Join(dir, entry.Name())
			if stacks, err := assembly.Stacks(inner); err == nil && len(stacks) > 0 {
				return ", but there is in " + inner
			}
		}
	}
	return "; run cdk synth first"
}

func readTemplateFile(file, stack string) (*template, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return readTemplate(file, stack, content)
}

func readAssembly(dir string) ([]*template, error) {
	stacks, err := assembly.Stacks(dir)
	if err != nil {
		return nil, err
	}
	regions, err := readRegions(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return nil, err
	}
	var templates []*template
	for _, stack := range stacks {
		found, err := readTemplateFile(assembly.TemplateFile(dir, stack), stack)
		if err != nil {
			return nil, err
		}
		found.region = regions[stack+".template.json"]
		templates = append(templates, found)
	}
	inner, err := filepath.Glob(filepath.Join(dir, "assembly-*"))
	if err != nil {
		return nil, err
	}
	for _, stage := range inner {
		found, err := readAssembly(stage)
		if err != nil {
			return nil, err
		}
		templates = append(templates, found...)
	}
	return templates, nil
}

// readRegions are the regions of the stacks of a cloud assembly, by the names of their templates.
func readRegions(file string) (map[string]string, error) {
	content, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var manifest struct {
		Artifacts map[string]struct {
			Environment string
			Properties  struct{ TemplateFile string }
		}
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return nil, jsonError(file, content, err)
	}
	regions := map[string]string{}
	for _, artifact := range manifest.Artifacts {
		// aws://123456789012/eu-west-1
		parts := strings.Split(artifact.Environment, "/")
		if region := parts[len(parts)-1]; len(parts) == 4 && region != "unknown-region" {
			regions[artifact.Properties.TemplateFile] = region
		}
	}
	return regions, nil
}

// all are the resources of a type, in the order of their names.
func (a app) all(kind string) []*resource {
	var found []*resource
	for _, template := range a.templates {
		for _, id := range slices.Sorted(maps.Keys(template.resources)) {
			if resource := template.resources[id]; resource.kind == kind {
				found = append(found, resource)
			}
		}
	}
	return found
}

// refs are the resources that a value refers to, whether of its own stack or of another.
func (a app) refs(in *template, value any) []*resource {
	return a.follow(in, value, 0)
}

// deepest is how many stacks a reference may go through: no app has so many.
const deepest = 16

func (a app) follow(in *template, value any, depth int) []*resource {
	if depth > deepest {
		return nil
	}
	var found []*resource
	add := func(id string) {
		if resource := in.resources[id]; resource != nil {
			found = append(found, resource)
		}
	}
	switch value := value.(type) {
	case []any:
		for _, part := range value {
			found = append(found, a.follow(in, part, depth)...)
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			part := value[key]
			switch key {
			case "Ref":
				id, _ := part.(string)
				add(id)
			case "Fn::GetAtt":
				switch part := part.(type) {
				case string:
					id, _, _ := strings.Cut(part, ".")
					add(id)
				case []any:
					if len(part) > 0 {
						id, _ := part[0].(string)
						add(id)
					}
				}
			case "Fn::Sub":
				text, _ := part.(string)
				if list, ok := part.([]any); ok && len(list) > 0 {
					text, _ = list[0].(string)
					found = append(found, a.follow(in, list[1:], depth)...)
				}
				for _, match := range substitution.FindAllStringSubmatch(text, -1) {
					add(match[1])
				}
			case "Fn::ImportValue":
				found = append(found, a.imported(part, depth)...)
			case "Fn::GetStackOutput":
				if of, ok := part.(map[string]any); ok {
					found = append(found, a.stackOutput(of, depth)...)
				}
			default:
				found = append(found, a.follow(in, part, depth)...)
			}
		}
	}
	return found
}

// substitution is a reference in Fn::Sub: ${Table} or ${Table.Arn}.
var substitution = regexp.MustCompile(`\$\{([A-Za-z0-9]+)(?:\.[^}]*)?\}`)

// imported are the resources behind the export of another stack.
func (a app) imported(name any, depth int) []*resource {
	wanted, err := json.Marshal(name)
	if err != nil {
		return nil
	}
	for _, template := range a.templates {
		for _, output := range template.outputs {
			if output.export == nil {
				continue
			}
			if exported, err := json.Marshal(output.export); err == nil && bytes.Equal(exported, wanted) {
				return a.follow(template, output.value, depth+1)
			}
		}
	}
	return nil
}

// stackOutput are the resources behind the output of another stack.
func (a app) stackOutput(of map[string]any, depth int) []*resource {
	stack, _ := of["StackName"].(string)
	name, _ := of["OutputName"].(string)
	for _, template := range a.templates {
		if output, ok := template.outputs[name]; ok && (template.stack == stack || len(a.templates) == 1) {
			return a.follow(template, output.value, depth+1)
		}
	}
	return nil
}

// ref is the first resource of a type that a value refers to, or nil.
func (a app) ref(in *template, value any, kind string) *resource {
	for _, found := range a.refs(in, value) {
		if found.kind == kind {
			return found
		}
	}
	return nil
}

// at is the value of a property: at("A", "B") is A.B. It is nil if there is none.
func (r *resource) at(path ...string) any { return at(r.properties, path...) }

func at(value any, path ...string) any {
	for _, name := range path {
		in, ok := value.(map[string]any)
		if !ok {
			return nil
		}
		value = in[name]
	}
	return value
}

// whole is a whole number that a template has as a number or as text, or what stands in for it.
func whole(value any, instead int) int {
	switch value := value.(type) {
	case float64:
		if value >= 0 && value <= 1e9 {
			return int(value)
		}
	case string:
		if n, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil && n >= 0 && n <= 1e9 {
			return int(n)
		}
	}
	return instead
}

// units are CPU units or MB: "1024", "1 vCPU", "2 GB".
func units(value any, instead int) int {
	text, ok := value.(string)
	if !ok {
		return whole(value, instead)
	}
	if n, unit, ok := strings.Cut(strings.TrimSpace(text), " "); ok && (unit == "vCPU" || unit == "GB") {
		if n, err := strconv.ParseFloat(n, 64); err == nil && n > 0 && n <= 1e6 {
			return int(n * 1024)
		}
	}
	return whole(value, instead)
}

// list is a value as a list, nil if it is none.
func list(value any) []any {
	found, _ := value.([]any)
	return found
}
