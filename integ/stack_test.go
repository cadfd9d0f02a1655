package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// deployment is an app that was synthesized, and its stack as it was deployed.
type deployment struct {
	lab       *lab
	name      string                  // of the stack
	assembly  string                  // folder of the synthesized app
	outputs   map[string]string       // of the stack
	described map[string]*description // of the services that were left out, by their type
	lifted    map[string]int          // how many resources were left out of a template with Fargate, by their type
	corrected map[string]int          // what correctSecrets changed
}

// guestbook synthesizes the guestbook; values is a list of name=value.
func (l *lab) guestbook(name string, values ...string) (*deployment, error) {
	return l.part("guestbook", name, values...)
}

// part synthesizes a stack of a part of integ/app.
func (l *lab) part(part, name string, values ...string) (*deployment, error) {
	d := &deployment{lab: l, name: name, assembly: filepath.Join(l.dir, strings.Join(append([]string{name}, values...), ","))}
	all := map[string]string{"stack": name}
	for _, pair := range values {
		name, value, _ := strings.Cut(pair, "=")
		all[name] = value
	}
	return d, l.synth(d.assembly, part, all)
}

// deploy synthesizes and deploys the guestbook, and waits until it runs.
func (l *lab) deploy(name string, values ...string) (*deployment, error) {
	d, err := l.guestbook(name, values...)
	if err != nil {
		return nil, err
	}
	return d, d.deployAndWait()
}

// deployed deploys the guestbook, as what the rest of a test needs.
func (l *lab) deployed(t *testing.T, name string, values ...string) (d *deployment) {
	t.Helper()
	do(t, "cdk deploy", func() (note string, err error) {
		if d, err = l.deploy(name, values...); err != nil {
			return "", err
		}
		names, err := d.physical()
		return fmt.Sprintf("%d resources", len(names)), err
	})
	return d
}

// deploy deploys an app, which the arguments name.
func (d *deployment) deploy(app ...string) error {
	outputs := d.assembly + ".outputs.json"
	arguments := append([]string{"deploy", "--require-approval", "never", "--outputs-file", outputs}, app...)
	if _, err := d.lab.cdk(arguments...); err != nil {
		return err
	}
	content, err := os.ReadFile(outputs)
	if err != nil {
		return err
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(content, &all); err != nil {
		return err
	}
	d.outputs = all[d.name]
	return nil
}

func (d *deployment) destroy() error {
	_, err := d.lab.cdk("destroy", "--force", "--app", d.assembly)
	return err
}

// site is the service with an id.
func (d *deployment) site(id string) (*site, error) {
	address, ok := d.outputs[id+"URL"]
	if !ok {
		return nil, fmt.Errorf("the stack has no output %sURL: %v", id, d.outputs)
	}
	return siteAt(address)
}

// template is a synthesized template, as far as it is needed here.
type template struct {
	Resources map[string]resource
}

type resource struct {
	Type       string
	Properties json.RawMessage
}

func (d *deployment) templateFile() string { return filepath.Join(d.assembly, d.name+".template.json") }

func (d *deployment) template() (t template, err error) {
	content, err := os.ReadFile(d.templateFile())
	if err != nil {
		return t, err
	}
	return t, json.Unmarshal(content, &t)
}

// without takes all resources of a type out of the synthesized template.
func (d *deployment) without(kind string) error {
	lifted, err := d.lift(kind)
	if err == nil && lifted[kind] == 0 {
		err = fmt.Errorf("the template has no %s", kind)
	}
	return err
}

// lift takes all resources of some types, and the outputs with them, out of the synthesized
// template: what the emulator does not know. It returns how many there were.
func (d *deployment) lift(kinds ...string) (map[string]int, error) {
	lifted := map[string]int{}
	return lifted, d.change(func(t map[string]any) {
		resources := t["Resources"].(map[string]any)
		outputs, _ := t["Outputs"].(map[string]any)
		for id, r := range resources {
			kind := r.(map[string]any)["Type"].(string)
			if !slices.Contains(kinds, kind) {
				continue
			}
			remove(resources, id)
			lifted[kind]++
			for name, output := range outputs {
				if text, _ := json.Marshal(output); strings.Contains(string(text), `"`+id+`"`) {
					delete(outputs, name)
				}
			}
		}
	})
}

// change changes the synthesized template. It must not have been deployed as it was, because it is
// published under the hash of the original.
func (d *deployment) change(change func(t map[string]any)) error {
	t, err := readTemplate(d.templateFile())
	if err != nil {
		return err
	}
	change(t)
	content, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return os.WriteFile(d.templateFile(), content, 0o644)
}

// readTemplate reads all of a template.
func readTemplate(file string) (t map[string]any, _ error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return t, json.Unmarshal(content, &t)
}

// remove takes a resource out of a template, and out of what waits for it.
func remove(resources map[string]any, id string) {
	delete(resources, id)
	for _, r := range resources {
		if needed, ok := r.(map[string]any)["DependsOn"].([]any); ok {
			r.(map[string]any)["DependsOn"] = slices.DeleteFunc(needed, func(other any) bool { return other == id })
		}
	}
}

// physical returns the names of the deployed stack's resources by their logical ids.
func (d *deployment) physical() (map[string]string, error) {
	var answer struct {
		StackResources []struct{ LogicalResourceId, PhysicalResourceId string }
	}
	if err := d.lab.emulator.ask(&answer, "cloudformation", "describe-stack-resources", "--stack-name", d.name); err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, r := range answer.StackResources {
		names[r.LogicalResourceId] = r.PhysicalResourceId
	}
	return names, nil
}

// hasNo wants the deployed stack to have no resource of a type.
func (d *deployment) hasNo(kind string) error {
	var found []string
	err := d.lab.emulator.ask(&found, "cloudformation", "describe-stack-resources", "--stack-name", d.name,
		"--query", "StackResources[?ResourceType=='"+kind+"'].PhysicalResourceId")
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%s %q is left", kind, found)
	}
	return err
}

// named returns the physical name of the only resource of a type.
func (d *deployment) named(kind string) (string, error) {
	t, err := d.template()
	if err != nil {
		return "", err
	}
	names, err := d.physical()
	if err != nil {
		return "", err
	}
	found := ""
	for id, r := range t.Resources {
		if r.Type != kind {
			continue
		}
		if found != "" {
			return "", fmt.Errorf("the stack has more than one %s", kind)
		}
		found = names[id]
	}
	if found == "" {
		return "", fmt.Errorf("the stack has no %s", kind)
	}
	return found, nil
}

// entries counts the items of the guestbook's table.
func (e *emulator) entries(table string) (int, error) {
	var answer struct{ Count int }
	err := e.ask(&answer, "dynamodb", "scan", "--table-name", table, "--select", "COUNT", "--consistent-read")
	return answer.Count, err
}

// inventory lists what exists in the account, of the kinds that the library makes. What it makes
// for Fargate alone is asked for only if that is wanted.
func (e *emulator) inventory(fargate bool) ([]string, error) {
	type kind struct{ service, call, query string }
	kinds := []kind{
		{"dynamodb", "list-tables", "TableNames[]"},
		{"lambda", "list-functions", "Functions[].FunctionName"},
		{"iam", "list-roles", "Roles[].RoleName"},
		{"logs", "describe-log-groups", "logGroups[].logGroupName"},
		{"apigatewayv2", "get-apis", "Items[].ApiId"},
		{"apigateway", "get-rest-apis", "items[].id"},
		{"cloudformation", "list-stacks", "StackSummaries[?StackStatus!='DELETE_COMPLETE'].StackName"},
	}
	if fargate {
		kinds = append(kinds,
			kind{"ec2", "describe-vpcs", "Vpcs[].VpcId"},
			kind{"ec2", "describe-subnets", "Subnets[].SubnetId"},
			kind{"ec2", "describe-security-groups", "SecurityGroups[].GroupId"},
			kind{"ec2", "describe-internet-gateways", "InternetGateways[].InternetGatewayId"},
			kind{"ec2", "describe-route-tables", "RouteTables[].RouteTableId"},
			kind{"elbv2", "describe-load-balancers", "LoadBalancers[].LoadBalancerArn"},
			kind{"elbv2", "describe-target-groups", "TargetGroups[].TargetGroupArn"},
			kind{"ecs", "list-clusters", "clusterArns[]"},
			kind{"ecs", "list-task-definitions", "taskDefinitionArns[]"},
		)
	}
	var all []string
	var errs []error
	for _, kind := range kinds {
		var names []string
		errs = append(errs, e.ask(&names, kind.service, kind.call, "--query", kind.query+" || `[]`"))
		all = append(all, names...)
	}
	return all, errors.Join(errs...)
}

// destroyed destroys the stack and wants nothing to be left of it in the account: nothing whose
// name has the name of one of its resources in it, as a function's log group has.
func (d *deployment) destroyed() error {
	names, err := d.physical()
	if err != nil {
		return err
	}
	services, err := d.serviceIDs()
	if err != nil {
		return err
	}
	if err := d.destroy(); err != nil {
		return err
	}
	all, err := d.lab.emulator.inventory(len(services) > 0)
	if err == nil && !slices.Contains(all, "CDKToolkit") {
		err = fmt.Errorf("the account has only %q, not even what cdk bootstrap deployed", all)
	}
	var left []string
	for _, name := range all {
		if name == d.name {
			left = append(left, name)
		}
		for _, own := range names {
			if len(own) > len("$default") && strings.Contains(name, own) {
				left = append(left, name)
				break
			}
		}
	}
	for _, service := range services {
		containers, got := d.lab.docker.tasksOf(service)
		err = errors.Join(err, got)
		left = append(left, containers...)
	}
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%q are left", left)
	}
	return err
}
