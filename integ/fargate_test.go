package integ

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestFargate deploys the guestbook on Fargate, visits it while tasks end and while it is deployed
// again, and destroys it.
func TestFargate(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	const stack = "Guestbook-fargate"
	try(t, "the emulator refuses what scales, and rules of security groups", func() (string, error) {
		d, err := l.guestbook(stack, "hosting=fargate", "tasks=scaling")
		if err != nil {
			return "", err
		}
		refusal := "Unrecognized resource types: [" + strings.Join(refusedOnFargate, ", ") + "]"
		if err := d.deploy("--app", d.assembly); err == nil || !strings.Contains(err.Error(), refusal) {
			return "", fmt.Errorf("got %w, want %s", err, refusal)
		}
		return refusal, nil
	})
	var d *deployment
	do(t, "cdk deploy", func() (note string, err error) {
		if d, err = l.deploy(stack, "hosting=fargate"); err != nil {
			return "", err
		}
		names, err := d.physical()
		return fmt.Sprintf("%d resources, without %s", len(names), d.liftedNote()), err
	})
	var s *site
	do(t, "first visit", func() (note string, err error) {
		if s, err = d.site("Site"); err != nil {
			return "", err
		}
		a, err := s.get("/")
		return d.outputs["SiteURL"], want(a, err, 200, "Nobody has written anything yet")
	})
	for _, c := range l.guestbookChecks() {
		try(t, c.name, func() (string, error) { return "", c.run(s) })
	}
	try(t, "panic, and then a page again", func() (string, error) { return "", s.fails("/panic") })
	do(t, "two tasks, with the template's memory", func() (string, error) { return l.bothServe(d, s) })
	try(t, "the container's own health check", func() (string, error) { return l.checkInside(d) })
	try(t, "log", func() (string, error) { return l.logged(d) })
	do(t, "/exit in one task while visitors ask", func() (string, error) {
		before, err := d.tasks()
		if err != nil {
			return "", err
		}
		v := s.keepVisiting("/", 5) // the emulator needs an instant to see that a task has ended
		v.waitFor(50)
		exit, err := s.get("/exit")
		err = want(exit, err, 502, "")
		v.waitFor(200)
		note, faults := v.leave()
		if err := errors.Join(err, faults, d.wait("steady", ecsService.isSteady)); err != nil {
			return "", err
		}
		after, err := d.tasks()
		if stayed := common(before, after); err == nil && (len(after) != 2 || stayed != 1) {
			err = fmt.Errorf("the tasks were %q and are %q", before, after)
		}
		return note + ", one task is new", err
	})
	do(t, "deploy with another environment while visitors ask", func() (string, error) {
		a, err := s.sign("Ana", "before the second deployment")
		if err := want(a, err, 303, ""); err != nil {
			return "", err
		}
		before, err := d.tasks()
		if err != nil {
			return "", err
		}
		v := s.keepVisiting("/", 1)
		d, err = l.deploy(stack, "hosting=fargate", "mode=two")
		note, faults := v.leave()
		if err := errors.Join(err, faults); err != nil {
			return "", err
		}
		again, err := d.site("Site")
		if err != nil {
			return "", err
		}
		if again.url != s.url {
			return "", fmt.Errorf("the URL changed from %s to %s", s.url, again.url)
		}
		a, err = s.get("/")
		if err := want(a, err, 200, "before the second deployment"); err != nil {
			return "", fmt.Errorf("the entries are gone: %w", err)
		}
		after, err := d.tasks()
		if err != nil {
			return "", err
		}
		if len(after) != 2 || common(before, after) != 0 {
			return "", fmt.Errorf("the tasks were %q and are %q", before, after)
		}
		for _, container := range after {
			environment, err := l.docker.environmentOf(container)
			if err != nil {
				return "", err
			}
			if !slices.Contains(environment, "MODE=two") {
				return "", fmt.Errorf("the task that runs has the environment %q", environment)
			}
		}
		return note + "; the same URL and entries, MODE=two in both tasks", nil
	})
	do(t, "cdk destroy", func() (string, error) {
		err := d.destroyed()
		a, got := s.get("/healthz") // the emulator takes the name for that of a bucket now
		return "nothing is left", errors.Join(err, want(a, got, 404, "NoSuchBucket"))
	})
}

// bothServe wants a stack to have two tasks that get requests and have the memory of a task.
func (l *lab) bothServe(d *deployment, s *site) (string, error) {
	for range 40 {
		a, err := s.get("/logo.png")
		if err := want(a, err, 200, ""); err != nil {
			return "", err
		}
	}
	tasks, err := d.tasks()
	if err != nil {
		return "", err
	}
	if len(tasks) != 2 {
		return "", fmt.Errorf("%d tasks run, want 2", len(tasks))
	}
	var counts []string
	for _, id := range tasks {
		served := strings.Count((&container{docker: l.docker, id: id}).logs(), `"path":"/logo.png"`)
		if served == 0 {
			return "", fmt.Errorf("the task %.12s got none of the requests", id)
		}
		memory, err := l.docker.run("inspect", "--format", "{{.HostConfig.Memory}}", id)
		if err != nil {
			return "", err
		}
		if memory != fmt.Sprint(512<<20) {
			return "", fmt.Errorf("the task %.12s has %s bytes of memory, want 512 MiB", id, memory)
		}
		counts = append(counts, fmt.Sprint(served))
	}
	return "they got " + strings.Join(counts, " and ") + " requests", nil
}

// checkInside runs the command that ECS runs in a task to find out whether it is healthy: the
// emulator does not.
func (l *lab) checkInside(d *deployment) (string, error) {
	t, err := d.template()
	if err != nil {
		return "", err
	}
	tasks, err := d.tasks()
	if err != nil {
		return "", err
	}
	var p struct {
		ContainerDefinitions []struct {
			HealthCheck struct{ Command []string }
		}
	}
	for _, r := range t.Resources {
		if r.Type != "AWS::ECS::TaskDefinition" {
			continue
		}
		if err := json.Unmarshal(r.Properties, &p); err != nil {
			return "", err
		}
	}
	command := p.ContainerDefinitions[0].HealthCheck.Command
	if len(command) < 2 || command[0] != "CMD" {
		return "", fmt.Errorf("the command is %q, want CMD and a program", command)
	}
	for _, id := range tasks {
		if _, err := l.docker.run(append([]string{"exec", id}, command[1:]...)...); err != nil {
			return "", err
		}
	}
	return strings.Join(command, " "), nil
}

// logged wants the server's log in the service's log group, a stream for each task.
func (l *lab) logged(d *deployment) (string, error) {
	group, err := d.named("AWS::Logs::LogGroup")
	if err != nil {
		return "", err
	}
	var streams []string
	if err := l.emulator.ask(&streams, "logs", "filter-log-events", "--log-group-name", group, "--filter-pattern", "listening",
		"--query", "events[].logStreamName"); err != nil {
		return "", err
	}
	slices.Sort(streams)
	if streams = slices.Compact(streams); len(streams) != 2 || !strings.HasPrefix(streams[0], "ecs/Main/") {
		return "", fmt.Errorf("the server says that it listens in the streams %q, want two of ecs/Main", streams)
	}
	return strings.Join(streams, ", "), nil
}

// common counts what two lists have in common.
func common(a, b []string) int {
	n := 0
	for _, x := range a {
		if slices.Contains(b, x) {
			n++
		}
	}
	return n
}

// TestTalk deploys a server that streams and has websockets, behind a load balancer that passes
// only its paths on, and then one that never gets healthy.
func TestTalk(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	const stack = "Talk"
	var d *deployment
	var s *site
	do(t, "cdk deploy", func() (note string, err error) {
		if d, err = l.part("talk", stack); err == nil {
			err = d.deployAndWait()
		}
		if err == nil {
			s, err = d.site("Talk")
		}
		return d.outputs["TalkURL"], err
	})
	try(t, "other paths have the load balancer's 404", func() (string, error) {
		a, err := s.get("/mode")
		if err := want(a, err, 404, "Not found"); err != nil {
			return "", err
		}
		a, err = s.get("/talk/mode")
		return "", want(a, err, 200, "one")
	})
	try(t, "stream", func() (string, error) { return s.streams("/talk/stream", "/talk/last") })
	try(t, "the emulator's load balancer refuses websockets", func() (string, error) {
		connection, err := openSocket(emulatorAddress, strings.TrimPrefix(s.url, "http://"), "/talk/socket")
		if err == nil {
			connection.Close()
			return "", errors.New("it is open: the emulator has them now, so the next step can go through the load balancer")
		}
		if err.Error() != "status is 403, want 101" {
			return "", err
		}
		return "status 403", nil
	})
	try(t, "websocket echo, at each task's own address", func() (string, error) {
		tasks, err := d.tasks()
		if err != nil {
			return "", err
		}
		for _, id := range tasks {
			address, err := l.docker.run("inspect", "--format", "{{.NetworkSettings.IPAddress}}:8080", id)
			if err != nil {
				return "", err
			}
			connection, err := openSocket(address, "talk", "/talk/socket")
			if err != nil {
				return "", err
			}
			defer connection.Close()
			for _, text := range []string{"Zoë", "", strings.Repeat("x", 125)} {
				if err := echoes(connection, text); err != nil {
					return "", err
				}
			}
		}
		return fmt.Sprintf("%d tasks", len(tasks)), nil
	})
	do(t, "a deployment that never gets healthy is rolled back while visitors ask", func() (string, error) {
		before, err := d.tasks()
		if err != nil {
			return "", err
		}
		sick, err := l.part("talk", stack, "mode=sick")
		if err != nil {
			return "", err
		}
		v := s.keepVisiting("/talk/mode", 1)
		err = sick.deployWithoutRefused()
		if err == nil {
			err = sick.wait("rolled back", ecsService.isRolledBack)
		}
		note, faults := v.leave()
		if err := errors.Join(err, faults); err != nil {
			return "", err
		}
		services, err := sick.services()
		if err != nil {
			return "", err
		}
		after, err := sick.tasks()
		if common(before, after) != 2 || len(after) != 2 {
			err = errors.Join(err, fmt.Errorf("the tasks were %q and are %q", before, after))
		}
		a, got := s.get("/talk/mode")
		return services[0].failure() + "; the tasks of before run; " + note, errors.Join(err, want(a, got, 200, "one"))
	})
	do(t, "the next deployment gets healthy", func() (string, error) {
		var err error
		if d, err = l.part("talk", stack, "mode=two"); err == nil {
			err = d.deployAndWait()
		}
		if err != nil {
			return "", err
		}
		a, err := s.get("/talk/mode")
		return "", want(a, err, 200, "two")
	})
	do(t, "cdk destroy", func() (string, error) { return "", d.destroy() })
}

// failure is what ECS says about a deployment that failed.
func (s ecsService) failure() string {
	for _, d := range s.Deployments {
		if d.RolloutState == "FAILED" {
			return d.RolloutStateReason
		}
	}
	return ""
}

// streams wants two lines, of which the server sends the last only when it is asked to, after the
// first has arrived.
func (s *site) streams(path, last string) (note string, err error) {
	response, err := s.client.Get(s.url + path)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("status is %d", response.StatusCode)
	}
	var lines []string
	var asking sync.WaitGroup
	ended := make(chan struct{})
	body := bufio.NewScanner(response.Body)
	for body.Scan() {
		if lines = append(lines, body.Text()); len(lines) == 1 {
			asking.Go(func() { s.askUntil(ended, last) })
		}
	}
	close(ended)
	asking.Wait()
	if err := body.Err(); err != nil || !slices.Equal(lines, []string{"first", "last"}) {
		return "", fmt.Errorf("got %q: %w", lines, err)
	}
	return "the first line arrived before the server was asked for the last", nil
}

// askUntil asks for a path until the response is good, as one task may be asked and another be
// meant, or until the end.
func (s *site) askUntil(end <-chan struct{}, path string) {
	for {
		if a, err := s.get(path); err == nil && a.status == http.StatusOK {
			return
		}
		select {
		case <-end:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// TestShared deploys the guestbook twice behind one load balancer: on Fargate, and for some paths
// as a function.
func TestShared(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	d := l.deployed(t, "Shared", "hosting=shared")
	var s *site
	do(t, "one address", func() (note string, err error) {
		if s, err = d.site("Site"); err == nil && d.outputs["SiteURL"] != d.outputs["OnLambdaURL"] {
			err = fmt.Errorf("the URLs are %v", d.outputs)
		}
		return d.outputs["SiteURL"], err
	})
	for _, c := range l.guestbookChecks() {
		try(t, c.name, func() (string, error) { return "", c.run(s) })
	}
	do(t, "each path at its service", func() (string, error) {
		tasks, err := d.tasks()
		if err != nil {
			return "", err
		}
		functions, err := l.containersOfLambda(d)
		if err != nil {
			return "", err
		}
		onFargate, onLambda := l.paths(tasks), l.paths(functions)
		for path, isOnLambda := range map[string]bool{
			"/": false, "/echo": false, "/no/such/page": false, "/entries": true, "/logo.png": true, "/status/500": true,
		} {
			if onFargate[path] == isOnLambda || onLambda[path] != isOnLambda {
				return "", fmt.Errorf("%s: on Fargate %t, on Lambda %t", path, onFargate[path], onLambda[path])
			}
		}
		return "/, /echo and others on Fargate; /entries, /logo.png and /status/* on Lambda", nil
	})
	do(t, "one image", func() (string, error) {
		digest, err := l.digestOnLambda(d)
		if err != nil {
			return "", err
		}
		return digest, errors.Join(l.sameImageOnFargate(d, digest), l.inRegistry(digest))
	})
	do(t, "cdk destroy", func() (string, error) { return "nothing is left", d.destroyed() })
}

// paths are those that containers got requests for.
func (l *lab) paths(containers []string) map[string]bool {
	all := map[string]bool{}
	for _, id := range containers {
		for line := range strings.Lines((&container{docker: l.docker, id: id}).logs()) {
			if _, rest, ok := strings.Cut(line, `"path":"`); ok {
				path, _, _ := strings.Cut(rest, `"`)
				all[path] = true
			}
		}
	}
	return all
}

// sameImageOnFargate wants the tasks of a stack to run an image.
func (l *lab) sameImageOnFargate(d *deployment, digest string) error {
	tasks, err := d.tasks()
	for _, id := range tasks {
		image, inspected := l.docker.imageOf(id)
		if image != digest {
			err = errors.Join(err, inspected, fmt.Errorf("the task %.12s runs the image %s, want %s", id, image, digest))
		}
	}
	if err == nil && len(tasks) == 0 {
		err = errors.New("no task runs")
	}
	return err
}
