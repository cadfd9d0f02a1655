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
	ServiceName, ServiceArn, ClusterArn string
	DesiredCount, RunningCount          int
	Deployments                         []struct {
		Status, RolloutState, RolloutStateReason, TaskDefinition string
		RunningCount, FailedTasks                                int
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
	t, err := d.template()
	if err != nil {
		return nil, err
	}
	var all []ecsService
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
		_, name, _ := strings.Cut(names[id], ":service/")
		cluster, name, ok := strings.Cut(name, "/")
		if !ok {
			return nil, fmt.Errorf("the service %s is %q", id, names[id])
		}
		var answer struct{ Services []ecsService }
		if err := d.lab.emulator.ask(&answer, "ecs", "describe-services", "--cluster", cluster, "--services", name); err != nil {
			return nil, err
		}
		all = append(all, answer.Services...)
	}
	return all, nil
}

// wait waits until all services of a stack are in a state.
func (d *deployment) wait(state string, is func(ecsService) bool) error {
	const limit = 2 * time.Minute
	for begin := time.Now(); ; time.Sleep(300 * time.Millisecond) {
		services, err := d.services()
		if err != nil {
			return err
		}
		i := slices.IndexFunc(services, func(s ecsService) bool { return !is(s) })
		if i < 0 {
			return nil
		}
		if time.Since(begin) > limit {
			return errors.Join(fmt.Errorf("not %s after %s: %+v", state, limit, services[i]), d.lab.emulator.hosts.fargate.faulty())
		}
	}
}

// tasksOf returns the containers that run the tasks of a service, which has its cluster alone.
func (d *docker) tasksOf(service ecsService) ([]string, error) {
	text, err := d.run("ps", "--quiet", "--no-trunc", "--filter", "label="+clusterLabel+"="+service.ClusterArn)
	return strings.Fields(text), err
}

// tasks returns the containers of the only service of a stack.
func (d *deployment) tasks() ([]string, error) {
	services, err := d.services()
	if err != nil {
		return nil, err
	}
	if len(services) != 1 {
		return nil, fmt.Errorf("the stack has %d services, want one", len(services))
	}
	return d.lab.docker.tasksOf(services[0])
}
