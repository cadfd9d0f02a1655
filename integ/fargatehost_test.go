package integ

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

// fargateHost does what Fargate does for a task, and what ECS does by the health check of the load
// balancer:
//
//   - the server gets the region and credentials of the task's role, where the emulator of AWS has
//     some of a role that does not exist, at an address that AWS's libraries refuse,
//   - the server gets the secrets of its container, which the execution role may read, or does not
//     start: the emulator loses the secrets of task definitions that CloudFormation makes, so they
//     are those of the synthesized template,
//   - the task has the memory of its definition,
//   - a task runs, and so gets requests, once it is healthy by the check of its target groups, ten
//     times as fast as they say; it fails if it gets unhealthy,
//   - a task that is to end, and gets no new requests, has a second for those on their way.
//
// What becomes of a deployment whose tasks fail is decided by the emulator, by the template.
type fargateHost struct {
	docker   *docker
	emulator *emulator

	mutex       sync.Mutex
	definitions map[string]func() (*taskDefinition, error)
	secrets     map[string]secrets // by the family of a task definition
	faults      []error
}

// hurry is how much shorter the pauses between health checks are here.
const hurry = 10

const deregistrationDelay = time.Second

// task is what the labels of a container say.
type task struct{ arn, cluster, definition string }

const taskLabel, clusterLabel = "com.amazonaws.ecs.task-arn", "com.amazonaws.ecs.cluster"

// newTask returns nil if the labels are not those of a task.
func newTask(label func(name string) string) *task {
	if label(taskLabel) == "" {
		return nil
	}
	const definition = "com.amazonaws.ecs.task-definition-"
	return &task{label(taskLabel), label(clusterLabel), label(definition+"family") + ":" + label(definition+"version")}
}

// secrets are those of a task definition of a template that is deployed.
type secrets struct {
	deployment *deployment
	all        []containerSecret
}

// expect takes the secrets of containers from a template that is about to be deployed.
func (h *fargateHost) expect(d *deployment) error {
	all, err := d.containerSecrets()
	if err != nil {
		return err
	}
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.secrets == nil {
		h.secrets = map[string]secrets{}
	}
	for family, list := range all {
		h.secrets[family] = secrets{d, list}
	}
	return nil
}

// taskDefinition is what a definition, and the service that it is of, say about its tasks.
type taskDefinition struct {
	memory     int64 // bytes
	variables  []string
	targets    []target
	references map[string]string // to secrets, by the variables' names
	execution  sigv4.Credentials // of the execution role, if there are secrets
}

// target is how a target group asks a task whether it is healthy.
type target struct {
	port  int
	check healthCheck
}

// create gives the container of a task what Fargate gives it.
func (h *fargateHost) create(t task, c map[string]any) error {
	definition, err := h.of(t)
	if err != nil {
		return err
	}
	given, _ := c["Env"].([]any)
	var environment []any
	for _, variable := range given {
		if !strings.HasPrefix(fmt.Sprint(variable), "AWS_CONTAINER_") { // the credentials of no role
			environment = append(environment, variable)
		}
	}
	for _, variable := range definition.variables {
		environment = append(environment, variable)
	}
	var errs []error
	for name, reference := range definition.references {
		value, err := h.emulator.secretValue(definition.execution, reference)
		if err != nil {
			errs = append(errs, fmt.Errorf("unable to pull secrets: %s from %s: %w", name, reference, err))
		}
		environment = append(environment, name+"="+value)
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	c["Env"] = environment
	host, ok := c["HostConfig"].(map[string]any)
	if !ok {
		return fmt.Errorf("the container of %s has no HostConfig", t.arn)
	}
	host["Memory"] = definition.memory
	return nil
}

// started returns once a task is healthy, and removes its container if it is not.
func (h *fargateHost) started(container string) error {
	t, address, err := h.inspect(container)
	if err != nil || t == nil {
		return err
	}
	definition, err := h.of(*t)
	if err != nil {
		return err
	}
	for _, target := range definition.targets {
		if _, err = target.check.becomesHealthy(newSite(fmt.Sprintf("http://%s:%d", address, target.port), nil)); err != nil {
			break
		}
	}
	if err != nil {
		_, removed := h.docker.run("rm", "--force", "--volumes", container)
		err = errors.Join(err, removed)
	}
	return err
}

// stopping lets a task have the requests that are on their way to it.
func (h *fargateHost) stopping(container string) error {
	t, _, err := h.inspect(container)
	if t != nil {
		time.Sleep(deregistrationDelay)
	}
	return err
}

// inspect returns the task that a container is of, or nil, and the container's address.
func (h *fargateHost) inspect(container string) (t *task, address string, err error) {
	text, err := h.docker.run("inspect", "--format", `{"Labels":{{json .Config.Labels}},"IP":"{{.NetworkSettings.IPAddress}}"}`, container)
	if err != nil {
		return nil, "", err
	}
	var c struct {
		Labels map[string]string
		IP     string
	}
	err = json.Unmarshal([]byte(text), &c)
	return newTask(func(label string) string { return c.Labels[label] }), c.IP, err
}

// of returns what is known of a task's definition. It asks the emulator once for each.
func (h *fargateHost) of(t task) (*taskDefinition, error) {
	h.mutex.Lock()
	find := h.definitions[t.definition]
	if find == nil {
		find = sync.OnceValues(func() (*taskDefinition, error) {
			definition, err := h.find(t)
			if err != nil {
				err = fmt.Errorf("the task definition %s: %w", t.definition, err)
				h.mutex.Lock()
				h.faults = append(h.faults, err)
				h.mutex.Unlock()
			}
			return definition, err
		})
		if h.definitions == nil {
			h.definitions = map[string]func() (*taskDefinition, error){}
		}
		h.definitions[t.definition] = find
	}
	h.mutex.Unlock()
	return find()
}

func (h *fargateHost) find(t task) (*taskDefinition, error) {
	var answer struct {
		TaskDefinition struct{ Family, TaskRoleArn, ExecutionRoleArn, Memory string }
		Tasks          []struct{ Group string }
		Services       []struct {
			LoadBalancers []struct {
				TargetGroupArn string
				ContainerPort  int
			}
		}
		TargetGroups []struct {
			HealthCheckPath                                                                                       string
			HealthCheckIntervalSeconds, HealthCheckTimeoutSeconds, HealthyThresholdCount, UnhealthyThresholdCount int
			Matcher                                                                                               struct{ HttpCode string }
		}
	}
	if err := h.emulator.callECS("DescribeTaskDefinition", map[string]any{"taskDefinition": t.definition}, &answer); err != nil {
		return nil, err
	}
	memory, err := strconv.Atoi(answer.TaskDefinition.Memory)
	if err != nil {
		return nil, err
	}
	d := &taskDefinition{memory: int64(memory) << 20}
	if d.variables, err = h.emulator.assume(answer.TaskDefinition.TaskRoleArn, "ecs-tasks.amazonaws.com"); err != nil {
		return nil, err
	}
	d.variables = append(d.variables, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region)
	if err := h.findSecrets(answer.TaskDefinition.Family, answer.TaskDefinition.ExecutionRoleArn, d); err != nil {
		return nil, err
	}
	if err := h.emulator.callECS("DescribeTasks", map[string]any{"cluster": t.cluster, "tasks": []string{t.arn}}, &answer); err != nil {
		return nil, err
	}
	service, ok := strings.CutPrefix(answer.Tasks[0].Group, "service:")
	if !ok {
		return nil, fmt.Errorf("the task %s is of %q, want a service", t.arn, answer.Tasks[0].Group)
	}
	if err := h.emulator.callECS("DescribeServices", map[string]any{"cluster": t.cluster, "services": []string{service}}, &answer); err != nil {
		return nil, err
	}
	for _, balancer := range answer.Services[0].LoadBalancers {
		if err := h.emulator.ask(&answer, "elbv2", "describe-target-groups", "--target-group-arns", balancer.TargetGroupArn); err != nil {
			return nil, err
		}
		group := answer.TargetGroups[0]
		d.targets = append(d.targets, target{balancer.ContainerPort, healthCheck{
			path:      group.HealthCheckPath,
			codes:     group.Matcher.HttpCode,
			interval:  time.Duration(group.HealthCheckIntervalSeconds) * time.Second / hurry,
			timeout:   time.Duration(group.HealthCheckTimeoutSeconds) * time.Second,
			healthy:   group.HealthyThresholdCount,
			unhealthy: group.UnhealthyThresholdCount,
		}})
	}
	return d, nil
}

// findSecrets adds what a task needs to get its secrets.
func (h *fargateHost) findSecrets(family, executionRole string, d *taskDefinition) (err error) {
	h.mutex.Lock()
	known := h.secrets[family]
	h.mutex.Unlock()
	if len(known.all) == 0 {
		return nil
	}
	if d.references, err = known.deployment.references(known.all); err != nil {
		return err
	}
	d.execution, err = h.emulator.credentials(executionRole, "ecs-tasks.amazonaws.com")
	return err
}

// faulty is what kept tasks from being prepared.
func (h *fargateHost) faulty() error {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	return errors.Join(h.faults...)
}
