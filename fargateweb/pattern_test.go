package fargateweb_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"

	"github.com/cdkweb/cdkweb/fargateweb"
	"github.com/cdkweb/cdkweb/internal/templatetest"
	"github.com/cdkweb/cdkweb/web"
	"github.com/cdkweb/cdkweb/webalb"
	"github.com/cdkweb/cdkweb/webimage"
	"github.com/cdkweb/cdkweb/webtest"
)

const (
	patternImage = "public.ecr.aws/nginx/nginx:1.29"
	patternPort  = 8080
)

// The table in docs/fargate.md holds every difference between the templates of the CDK's own pattern
// and of this package, for the same image and port, and nothing else; and another one what is the
// same. The CDK's feature flags are those of this repository's cdk.json, all that a new app has.
func TestBesideTheCDKsPattern(t *testing.T) {
	theirs, ours := newStack(t), newStack(t)
	awsecspatterns.NewApplicationLoadBalancedFargateService(theirs, new("Site"), &awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
		TaskImageOptions: &awsecspatterns.ApplicationLoadBalancedTaskImageOptions{
			Image:         awsecs.ContainerImage_FromRegistry(new(patternImage), nil),
			ContainerPort: new(float64(patternPort)),
		},
	})
	fargateweb.NewService(ours, "Site", web.Workload{Image: webimage.URI(patternImage, nil), Port: patternPort}, fargateweb.Hosting{})

	different, same := compareTemplates(parts(t, theirs), parts(t, ours))
	compareRows(t, "differences", different, table(t, "| resource | property | the CDK's pattern | here | why |", 4))
	compareRows(t, "what is the same", same, table(t, "| resource | the same in both |", 2))
}

// The second table holds every prop of the pattern, and what it says there is here is here.
func TestPropsOfTheCDKsPattern(t *testing.T) {
	want := map[string]bool{}
	props := reflect.TypeFor[awsecspatterns.ApplicationLoadBalancedFargateServiceProps]()
	for i := range props.NumField() {
		want[props.Field(i).Name] = true
	}
	options := reflect.TypeFor[awsecspatterns.ApplicationLoadBalancedTaskImageOptions]()
	delete(want, "TaskImageOptions")
	for i := range options.NumField() {
		want["TaskImageOptions."+options.Field(i).Name] = true
	}
	known := map[string]reflect.Type{
		"Hosting":           reflect.TypeFor[fargateweb.Hosting](),
		"LoadBalancerProps": reflect.TypeFor[webalb.LoadBalancerProps](),
		"Workload":          reflect.TypeFor[web.Workload](),
		"HealthCheck":       reflect.TypeFor[web.HealthCheck](),
	}
	field := regexp.MustCompile("`([A-Z]\\w+)\\.([A-Z]\\w+)`")
	for _, row := range table(t, "| prop of the pattern | here |", 2) {
		name := strings.Trim(row[0], "`")
		if !want[name] {
			t.Errorf("the table has %s, which is there twice or no prop of the pattern", name)
		}
		delete(want, name)
		if row[1] == "" {
			t.Errorf("the table says nothing of %s", name)
		}
		for _, found := range field.FindAllStringSubmatch(row[1], -1) {
			if kind := known[found[1]]; kind == nil {
				t.Errorf("%s: %s is no type that the test knows", name, found[1])
			} else if _, ok := kind.FieldByName(found[2]); !ok {
				t.Errorf("%s: %s has no field %s", name, found[1], found[2])
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("the table lacks %s", name)
	}
}

// resource is one of a template, with what stands beside its properties.
type resource struct {
	Type                                string
	Properties                          map[string]any
	DependsOn                           []string
	DeletionPolicy, UpdateReplacePolicy string
}

// part is what the resources of one type that do the same have in common: "EC2::Subnet (public)".
type part struct {
	count      int
	properties map[string][]string // values by the path of the property, in the order of the ids
}

// parts returns the parts of a stack's template by their names.
func parts(t *testing.T, stack awscdk.Stack) map[string]*part {
	t.Helper()
	var template struct{ Resources map[string]resource }
	if err := json.Unmarshal([]byte(webtest.Template(t, stack)), &template); err != nil {
		t.Fatal(err)
	}
	reader := reader{t, template.Resources}
	all := map[string]*part{}
	for _, id := range slices.Sorted(maps.Keys(template.Resources)) {
		resource := template.Resources[id]
		name := resource.part(id)
		if all[name] == nil {
			all[name] = &part{properties: map[string][]string{}}
		}
		all[name].count++
		properties := all[name].properties
		reader.walk("", resource.Properties, properties)
		var dependencies []string
		for _, dependency := range resource.DependsOn {
			dependencies = append(dependencies, template.Resources[dependency].part(dependency))
		}
		slices.Sort(dependencies)
		for key, value := range map[string]string{
			"DependsOn":           strings.Join(slices.Compact(dependencies), ", "),
			"DeletionPolicy":      resource.DeletionPolicy,
			"UpdateReplacePolicy": resource.UpdateReplacePolicy,
		} {
			if value != "" {
				properties[key] = append(properties[key], value)
			}
		}
	}
	return all
}

// part tells resources of one type apart by what stands in their ids.
func (r resource) part(id string) string {
	name := strings.TrimPrefix(r.Type, "AWS::")
	if !slices.Contains([]string{
		"EC2::Route", "EC2::RouteTable", "EC2::SecurityGroup", "EC2::Subnet", "EC2::SubnetRouteTableAssociation", "IAM::Policy", "IAM::Role",
	}, name) {
		return name
	}
	for _, of := range []struct{ text, words string }{
		{"PublicSubnet", "public"},
		{"PrivateSubnet", "private"},
		{"CustomVpcRestrictDefaultSG", "of the function"},
		{"ExecutionRole", "execution"},
		{"TaskRole", "task"},
		{"LoadBalancerSecurityGroup", "load balancer"},
		{"LBSecurityGroup", "load balancer"},
		{"SecurityGroup", "tasks"},
	} {
		if strings.Contains(id, of.text) {
			return name + " (" + of.words + ")"
		}
	}
	return name + " " + id // a row of its own
}

// reader reads the properties of a template.
type reader struct {
	t         *testing.T
	resources map[string]resource
}

// walk adds the values of properties by their paths. A list of things with a key counts as an
// object, and what refers to a resource is the name of its part.
func (r reader) walk(path string, value any, into map[string][]string) {
	below := func(key string) string { return strings.TrimPrefix(path+"."+key, ".") }
	if text, ok := r.scalar(value); ok {
		into[path] = append(into[path], text)
		return
	}
	switch value := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(value)) {
			r.walk(below(key), value[key], into)
		}
	case []any:
		for _, element := range value {
			object := element.(map[string]any) // else it was a scalar
			if key, ok := object["Key"].(string); ok {
				r.walk(below(key), object["Value"], into)
			} else {
				r.walk(path, element, into)
			}
		}
	}
}

// scalar writes what is no structure, a list of such, or a function of CloudFormation.
func (r reader) scalar(value any) (string, bool) {
	switch value := value.(type) {
	case []any:
		var all []string
		for _, element := range value {
			text, ok := r.scalar(element)
			if !ok {
				return "", false
			}
			all = append(all, text)
		}
		return strings.Join(slices.Compact(all), ", "), true
	case map[string]any:
		if len(value) != 1 {
			return "", false
		}
		for function, argument := range value {
			id, attribute := "", ""
			switch function {
			case "Ref":
				id = argument.(string)
			case "Fn::GetAtt":
				id, attribute = argument.([]any)[0].(string), "."+argument.([]any)[1].(string)
			case "Fn::Join", "Fn::Select", "Fn::GetAZs":
				return templatetest.JSON(r.t, value), true
			default:
				return "", false
			}
			if resource, ok := r.resources[id]; ok {
				id = resource.part(id)
			}
			return id + attribute, true
		}
	}
	return strings.ReplaceAll(fmt.Sprint(value), "\n", `\n`), true
}

// names are properties whose values the CDK makes of the construct's path.
var names = map[string]bool{"Family": true, "PolicyName": true, "Tags.Name": true}

// compareTemplates returns rows of the two tables, without the reasons.
func compareTemplates(theirs, ours map[string]*part) (different, same [][]string) {
	all := maps.Clone(theirs)
	maps.Copy(all, ours)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		one, other := theirs[name], ours[name]
		if one == nil || other == nil {
			count := func(p *part) string {
				if p == nil {
					return "none"
				}
				return fmt.Sprint(p.count)
			}
			different = append(different, []string{name, "how many", count(one), count(other)})
			continue
		}
		if one.count != other.count {
			different = append(different, []string{name, "how many", fmt.Sprint(one.count), fmt.Sprint(other.count)})
		}
		paths := maps.Clone(one.properties)
		maps.Copy(paths, other.properties)
		var equal []string
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			left, right := text(one.properties[path]), text(other.properties[path])
			if left == right || names[path] {
				equal = append(equal, path)
				continue
			}
			different = append(different, []string{name, path, left, right})
		}
		if len(equal) > 0 {
			same = append(same, []string{name, strings.Join(equal, ", ")})
		}
	}
	return different, same
}

// text is the value of a property of one or more resources.
func text(values []string) string {
	if len(values) == 0 {
		return "not set"
	}
	return strings.Join(slices.Compact(slices.Clone(values)), "; ")
}

// table returns the cells of a table of docs/fargate.md, of which as many are compared.
func table(t *testing.T, header string, columns int) [][]string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "docs", "fargate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "\n"+header+"\n")
	if !found {
		t.Fatalf("docs/fargate.md has no table %q", header)
	}
	var rows [][]string
	for _, line := range strings.Split(rest, "\n")[1:] {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		if len(cells) < columns || slices.Contains(cells, "") {
			t.Errorf("the row %s has not all cells", line)
			continue
		}
		rows = append(rows, cells)
	}
	return rows
}

// compareRows fails for rows that only one of the two has.
func compareRows(t *testing.T, what string, templates, page [][]string) {
	t.Helper()
	line := func(row []string) string { return "| " + strings.Join(row, " | ") + " |" }
	documented := map[string]bool{}
	for _, row := range page {
		documented[line(row[:len(templates[0])])] = true
	}
	for _, row := range templates {
		if !documented[line(row)] {
			t.Errorf("%s: the table lacks\n%s", what, line(row))
		}
		delete(documented, line(row))
	}
	for _, row := range slices.Sorted(maps.Keys(documented)) {
		t.Errorf("%s: the templates do not have\n%s", what, row)
	}
}
