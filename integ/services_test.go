package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// refusedOnFargate are the types of resources that the emulator refuses, of those in a template
// for Fargate. Without them nothing scales, and security groups are not checked anyway.
var refusedOnFargate = []string{
	"AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy",
	"AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress",
}

// deployAndWait deploys what is synthesized, but for what the emulator refuses of it, and waits
// until its tasks run. CloudFormation does that on AWS.
func (d *deployment) deployAndWait() error {
	if err := d.deployWithoutRefused(); err != nil {
		return err
	}
	return d.wait("steady", ecsService.isSteady)
}

func (d *deployment) deployWithoutRefused() error {
	var err error
	if d.lifted, err = d.lift(refusedOnFargate...); err != nil {
		return err
	}
	if err := d.correctSecrets(); err != nil {
		return err
	}
	if err := d.lab.emulator.hosts.fargate.expect(d); err != nil {
		return err
	}
	if err := d.deploy("--app", d.assembly); err != nil {
		return err
	}
	return d.registerFunctions()
}

// liftedNote says what was left out.
func (d *deployment) liftedNote() string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(d.lifted)) {
		all = append(all, fmt.Sprintf("%d %s", d.lifted[kind], kind))
	}
	return strings.Join(all, ", ")
}

// registerFunctions registers the functions that are targets of a load balancer, as the template
// says: the emulator's CloudFormation makes the target groups only.
func (d *deployment) registerFunctions() error {
	t, err := d.template()
	if err != nil {
		return err
	}
	var names map[string]string
	for id, r := range t.Resources {
		if r.Type != "AWS::ElasticLoadBalancingV2::TargetGroup" {
			continue
		}
		var p struct {
			TargetType string
			Targets    []struct {
				Id map[string][]string // {"Fn::GetAtt": [function, "Arn"]}
			}
		}
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
		if p.TargetType != "lambda" {
			continue
		}
		if names == nil {
			if names, err = d.physical(); err != nil {
				return err
			}
		}
		for _, target := range p.Targets {
			function := names[target.Id["Fn::GetAtt"][0]]
			if err := d.lab.emulator.ask(nil, "elbv2", "register-targets", "--target-group-arn", names[id],
				"--targets", "Id=arn:aws:lambda:"+region+":"+account+":function:"+function); err != nil {
				return err
			}
		}
	}
	return nil
}

// ecsService is a service as ECS describes it.
type ecsService struct {
	DesiredCount, RunningCount int
	Deployments                []struct {
		Status, RolloutState, RolloutStateReason string
		RunningCount, FailedTasks                int
	}
	Events []struct{ Message string }
}

// isSteady reports whether all tasks run, and all of the newest deployment.
func (s ecsService) isSteady() bool {
	for _, d := range s.Deployments {
		if d.RolloutState != "FAILED" && (d.Status != "PRIMARY" || d.RolloutState != "COMPLETED") {
			return false
		}
	}
	return len(s.Deployments) > 0 && s.RunningCount == s.DesiredCount
}

// isRolledBack reports whether a deployment failed and the tasks of before run.
func (s ecsService) isRolledBack() bool {
	failed, back := 0, 0
	for _, d := range s.Deployments {
		switch {
		case d.RolloutState == "FAILED" && d.RunningCount == 0:
			failed++
		case d.Status == "PRIMARY" && d.RolloutState == "COMPLETED" && d.RunningCount == s.DesiredCount:
			back++
		}
	}
	return failed == 1 && back == 1 && s.RunningCount == s.DesiredCount
}

// services are those of a stack.
func (d *deployment) services() ([]ecsService, error) {
	ids, err := d.serviceIDs()
	if err != nil {
		return nil, err
	}
	var all []ecsService
	for _, id := range ids {
		service, err := d.lab.emulator.describe(id)
		if err != nil {
			return nil, err
		}
		all = append(all, service)
	}
	return all, nil
}

// serviceID is the cluster and the name of a service.
type serviceID struct{ cluster, name string }

func (d *deployment) serviceIDs() ([]serviceID, error) {
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	var all []serviceID
	var names map[string]string
	for id, r := range t.Resources {
		if r.Type != "AWS::ECS::Service" {
			continue
		}
		if names == nil {
			if names, err = d.physical(); err != nil {
				return nil, err
			}
		}
		_, path, _ := strings.Cut(names[id], ":service/")
		cluster, name, ok := strings.Cut(path, "/")
		if !ok {
			return nil, fmt.Errorf("the service %s is %q", id, names[id])
		}
		all = append(all, serviceID{cluster, name})
	}
	return all, nil
}

func (e *emulator) callECS(action string, question, answer any) error {
	return e.call(root, "ecs", "AmazonEC2ContainerServiceV20141113."+action, question, answer)
}

func (e *emulator) describe(id serviceID) (ecsService, error) {
	var answer struct{ Services []ecsService }
	err := e.callECS("DescribeServices", map[string]any{"cluster": id.cluster, "services": []string{id.name}}, &answer)
	if err == nil && len(answer.Services) != 1 {
		err = fmt.Errorf("there is no service %s", id.name)
	}
	if err != nil {
		return ecsService{}, err
	}
	return answer.Services[0], nil
}

// wait waits until all services of a stack are in a state.
func (d *deployment) wait(state string, is func(ecsService) bool) error {
	ids, err := d.serviceIDs()
	if err != nil {
		return err
	}
	begin := time.Now()
	for _, id := range ids {
		for {
			service, err := d.lab.emulator.describe(id)
			if err != nil {
				return err
			}
			if is(service) {
				break
			}
			if time.Since(begin) > patience {
				return errors.Join(fmt.Errorf("not %s after %s: %+v", state, patience, service), d.lab.emulator.hosts.fargate.faulty())
			}
			time.Sleep(time.Second)
		}
	}
	return nil
}

// tasksOf returns the containers that run the tasks of a service, which has its cluster alone.
func (d *docker) tasksOf(id serviceID) ([]string, error) {
	cluster := "arn:aws:ecs:" + region + ":" + account + ":cluster/" + id.cluster
	text, err := d.run("ps", "--quiet", "--no-trunc", "--filter", "label="+clusterLabel+"="+cluster)
	return strings.Fields(text), err
}

// tasks returns the containers of the only service of a stack.
func (d *deployment) tasks() ([]string, error) {
	ids, err := d.serviceIDs()
	if err != nil {
		return nil, err
	}
	if len(ids) != 1 {
		return nil, fmt.Errorf("the stack has %d services, want one", len(ids))
	}
	return d.lab.docker.tasksOf(ids[0])
}
