package integ

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// needsServices are the services of the part needs of integ/app, and what their server may do.
var needsServices = []struct {
	id       string
	onLambda bool
	errands  map[string]string // what comes of each
	calls    []string          // of services that take signed requests alone
}{
	{"LambdaNone", true, mayNothing, nil},
	{"LambdaRead", true, mayRead, []string{"CLOSED_URL"}},
	{"LambdaWrite", true, mayWrite, []string{"CLOSED_URL", "CLOSED_API"}},
	{"FargateNone", false, mayNothing, nil},
	{"FargateRead", false, mayRead, []string{"CLOSED_API"}},
	{"FargateWrite", false, mayWrite, []string{"CLOSED_URL", "CLOSED_API"}},
}

var (
	mayNothing = map[string]string{
		"put": "AccessDenied", "get": "AccessDenied", "send": "AccessDeniedException", "receive": "AccessDeniedException",
		"publish": "AuthorizationError",
	}
	mayRead = map[string]string{
		"put": "AccessDenied", "get": "done: hello", "send": "AccessDeniedException", "receive": "done: hello",
		"publish": "AuthorizationError",
	}
	mayWrite = map[string]string{
		"put": "done", "get": "AccessDenied", "send": "done", "receive": "AccessDeniedException", "publish": "done",
	}
)

// needs is the deployed part needs, with the values of its secrets.
type needs struct {
	*deployment
	names         map[string]string // of resources, by logical ids
	secret        string            // ARN
	password, key string
	values        []string // of all secrets, also of those that were replaced
}

const needsStack, needsParameter = "Needs", "/needs/key"

// TestNeeds deploys a server with secrets, a bucket, a queue and a topic behind every endpoint of
// Lambda and on Fargate.
func TestNeeds(t *testing.T) {
	t.Parallel()
	l := withAWS(t)
	n := &needs{key: rand.Text()}
	do(t, "an encrypted parameter", func() (string, error) { return needsParameter, n.putParameter(l.emulator) })
	do(t, "cdk deploy", func() (string, error) { return n.deployNeeds(l) })
	for _, s := range needsServices {
		try(t, "the secrets reach the server: "+s.id, func() (string, error) {
			got, err := n.environment(s.id, "")
			if want := n.environmentOf("one"); err == nil && !maps.Equal(got, want) {
				err = fmt.Errorf("got %v, want %v", got, want)
			}
			return "", err
		})
	}
	try(t, "no value stands where people can read it", func() (string, error) { return n.hides() })
	do(t, "what is there to read", func() (string, error) { return "", n.fill() })
	for _, s := range needsServices {
		try(t, "bucket, queue and topic: "+s.id, func() (string, error) {
			got, err := n.errands(s.id)
			if err == nil && !maps.Equal(got, s.errands) {
				err = fmt.Errorf("got %v, want %v", got, s.errands)
			}
			return "", err
		})
	}
	try(t, "what was written is there", n.written)
	for _, s := range needsServices {
		try(t, "calls of other services: "+s.id, func() (string, error) { return n.calls(s.id, s.calls) })
	}
	do(t, "new values", func() (string, error) { return n.rotate() })
	do(t, "without the grants no start", func() (string, error) { return n.failsWithoutGrants() })
	do(t, "with them again", func() (string, error) {
		if _, err := n.deployNeeds(l, "mode=three"); err != nil {
			return "", err
		}
		for _, s := range needsServices {
			got, err := n.environment(s.id, "")
			if want := n.environmentOf("three"); err == nil && !maps.Equal(got, want) {
				err = fmt.Errorf("got %v, want %v", got, want)
			}
			if err != nil {
				return "", fmt.Errorf("%s: %w", s.id, err)
			}
		}
		return "", nil
	})
	do(t, "cdk destroy", func() (string, error) { return "nothing is left", n.destroyedNeeds() })
}

func (n *needs) putParameter(e *emulator) error {
	return e.ask(nil, "ssm", "put-parameter", "--name", needsParameter, "--type", "SecureString", "--value", n.key, "--overwrite")
}

// deployNeeds deploys the part needs and fetches what it has made.
func (n *needs) deployNeeds(l *lab, values ...string) (note string, err error) {
	if n.deployment, err = l.part("needs", needsStack, append(values, "parameter="+needsParameter)...); err != nil {
		return "", err
	}
	if err := n.deployAndWait(); err != nil {
		return "", err
	}
	// Each service has two references to the secret: the variable's and its policy's.
	if want := map[string]int{secretRef: 12, parameterGrant: 6}; !maps.Equal(n.corrected, want) {
		return "", fmt.Errorf("changed %v in the template, want %v", n.corrected, want)
	}
	if n.names, err = n.physical(); err != nil {
		return "", err
	}
	if n.secret == "" {
		name, err := n.named("AWS::SecretsManager::Secret")
		if err != nil {
			return "", err
		}
		if n.secret, err = l.emulator.secretARN(name); err != nil {
			return "", err
		}
		if n.password, err = l.emulator.secretValue(root, n.secret+":password::"); err != nil {
			return "", err
		}
		n.values = []string{n.password, n.key}
	}
	return fmt.Sprintf("%d resources, with %v", len(n.names), n.corrected), nil
}

// resource is the name of the resource whose logical id begins with these words.
func (n *needs) resource(words string) (string, error) { return resourceOf(n.names, words) }

// resourceOf is the name of the resource whose logical id begins with these words, of all that a
// stack has.
func resourceOf(names map[string]string, words string) (string, error) {
	for id, name := range names {
		if strings.HasPrefix(id, words) && len(id) == len(words)+8 {
			return name, nil
		}
	}
	return "", fmt.Errorf("the stack has no %s", words)
}

// environmentOf is what the server shows of its environment.
func (n *needs) environmentOf(mode string) map[string]string {
	return map[string]string{"MODE": mode, "PASSWORD": hashed(n.password), "API_KEY": hashed(n.key)}
}

// hashed is what the server shows of a secret.
func hashed(value string) string {
	sum := sha256.Sum256([]byte(value))
	return hex.EncodeToString(sum[:])[:12]
}

// environment asks a service for what it has in its environment.
func (n *needs) environment(id, query string) (map[string]string, error) {
	s, err := n.site(id)
	if err != nil {
		return nil, err
	}
	a, err := s.get("/" + id + "/environment" + query)
	return shown(a, err)
}

func (n *needs) errands(id string) (map[string]string, error) {
	s, err := n.site(id)
	if err != nil {
		return nil, err
	}
	a, err := s.send("POST", "/"+id+"/errands?text="+id, nil, nil)
	return shown(a, err)
}

// calls wants a service's signed requests to be taken by those that it uses alone, and no others.
func (n *needs) calls(id string, may []string) (string, error) {
	s, err := n.site(id)
	if err != nil {
		return "", err
	}
	a, err := s.get("/" + id + "/calls")
	got, err := shown(a, err)
	want := map[string]string{
		"CLOSED_URL": "403", "CLOSED_URL unsigned": "403", "CLOSED_API": "403", "CLOSED_API unsigned": "403",
	}
	for _, name := range may {
		want[name] = "200"
	}
	if err == nil && !maps.Equal(got, want) {
		err = fmt.Errorf("got %v, want %v", got, want)
	}
	return fmt.Sprintf("may call %q", may), err
}

func shown(a reply, err error) (values map[string]string, _ error) {
	if err := want(a, err, 200, ""); err != nil {
		return nil, err
	}
	return values, json.Unmarshal(a.body, &values)
}

// fill puts an object into the bucket, and a message into the queue for each who may take one.
func (n *needs) fill() error {
	bucket, err := n.resource("Files")
	if err != nil {
		return err
	}
	queue, err := n.resource("Orders")
	if err != nil {
		return err
	}
	put := n.lab.emulator.command(n.lab.emulator.aws, "s3", "cp", "-", "s3://"+bucket+"/note")
	put.Stdin = strings.NewReader("hello")
	_, err = output(put)
	err = errors.Join(err, n.defaultTopicPolicy())
	for range 2 {
		err = errors.Join(err, n.lab.emulator.ask(nil, "sqs", "send-message", "--queue-url", queue, "--message-body", "hello"))
	}
	return err
}

// defaultTopicPolicy gives the topic the policy that it has on AWS if it got none: it lets the
// account's owner in. That of the emulator's CloudFormation lets everybody publish.
func (n *needs) defaultTopicPolicy() error {
	topic, err := n.resource("News")
	if err != nil {
		return err
	}
	policy := `{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"SNS:Publish","Resource":"` + topic +
		`","Condition":{"StringEquals":{"AWS:SourceOwner":"` + account + `"}}}]}`
	return n.lab.emulator.ask(nil, "sns", "set-topic-attributes", "--topic-arn", topic, "--attribute-name", "Policy",
		"--attribute-value", policy)
}

// written wants what the servers with access wrote, and nothing of the others.
func (n *needs) written() (string, error) {
	bucket, err := n.resource("Files")
	if err != nil {
		return "", err
	}
	var objects []string
	if err := n.lab.emulator.ask(&objects, "s3api", "list-objects-v2", "--bucket", bucket, "--query", "Contents[].Key"); err != nil {
		return "", err
	}
	slices.Sort(objects)
	writers := []string{"FargateWrite", "LambdaWrite"}
	if want := append(slices.Clone(writers), "note"); !slices.Equal(objects, want) {
		return "", fmt.Errorf("the bucket has %q, want %q", objects, want)
	}
	for _, queue := range []string{"Orders", "NewsRead"} {
		url, err := n.resource(queue)
		if err != nil {
			return "", err
		}
		var messages []string
		if err := n.lab.emulator.ask(&messages, "sqs", "receive-message", "--queue-url", url, "--max-number-of-messages", "10",
			"--query", "Messages[].Body || `[]`"); err != nil {
			return "", err
		}
		for i, text := range messages { // those of a topic are in an envelope
			var envelope struct{ Message string }
			if json.Unmarshal([]byte(text), &envelope) == nil {
				messages[i] = envelope.Message
			}
		}
		slices.Sort(messages)
		if !slices.Equal(messages, writers) {
			return "", fmt.Errorf("the queue %s has %q, want %q", queue, messages, writers)
		}
	}
	return fmt.Sprintf("%q, and messages by both in the queue and of the topic", objects), nil
}

// hides wants values to stand in nothing that AWS shows of the services, and in no log. The
// containers of Lambda have references; the engine knows the values of Fargate's containers from
// the agent.
func (n *needs) hides() (string, error) {
	e := n.lab.emulator
	places := map[string]func() (string, error){}
	ask := func(arguments ...string) func() (string, error) {
		return func() (string, error) { return output(e.command(e.aws, arguments...)) }
	}
	places["the deployed template"] = ask("cloudformation", "get-template", "--stack-name", n.name)
	var containers []string
	for _, s := range needsServices {
		group, err := n.resource(s.id + map[bool]string{true: "LambdaLogGroup", false: "FargateLogGroup"}[s.onLambda])
		if err != nil {
			return "", err
		}
		places["the log of "+s.id] = func() (string, error) { return e.log(group) }
		if !s.onLambda {
			continue
		}
		function, err := n.resource(s.id + "LambdaFunction")
		if err != nil {
			return "", err
		}
		places["the configuration of "+s.id] = ask("lambda", "get-function-configuration", "--function-name", function)
		ids, err := n.lab.containersOfFunction(function)
		if err != nil {
			return "", err
		}
		containers = append(containers, ids...)
	}
	for _, id := range containers {
		places["the container "+id] = func() (string, error) { return n.lab.docker.run("inspect", id) }
	}
	var errs []error
	for place, look := range places {
		text, err := look()
		if err == nil && len(text) == 0 {
			err = errors.New("it is empty")
		}
		if err := errors.Join(err, n.holdsNo(text)); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", place, err))
		}
		reference := "CDKWEB_SECRET_PASSWORD=" + n.secret + ":password::"
		if strings.HasPrefix(place, "the container ") && !strings.Contains(text, reference) {
			errs = append(errs, fmt.Errorf("%s has no %s", place, reference))
		}
	}
	return fmt.Sprintf("%d places", len(places)), errors.Join(errs...)
}

// holdsNo wants a text to hold no value that a secret has or had.
func (n *needs) holdsNo(text string) error {
	for _, value := range n.values {
		if strings.Contains(text, value) {
			return errors.New("it holds the value of a secret")
		}
	}
	return nil
}

// rotate sets new values. Environments and tasks that run keep the old ones; those that start have
// the new ones.
func (n *needs) rotate() (string, error) {
	e := n.lab.emulator
	before := n.environmentOf("one")
	n.password, n.key = rand.Text(), rand.Text()
	n.values = append(n.values, n.password, n.key)
	after := n.environmentOf("one")
	secret, err := json.Marshal(map[string]string{"username": "shop", "password": n.password})
	if err != nil {
		return "", err
	}
	if err := e.ask(nil, "secretsmanager", "put-secret-value", "--secret-id", n.secret, "--secret-string", string(secret)); err != nil {
		return "", err
	}
	if err := n.putParameter(e); err != nil {
		return "", err
	}
	var errs []error
	for _, s := range needsServices {
		got, err := n.environment(s.id, "")
		if err == nil && !maps.Equal(got, before) {
			err = fmt.Errorf("got %v, want the old %v", got, before)
		}
		if err == nil && s.onLambda {
			err = n.twoEnvironments(s.id, before, after)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.id, err))
		}
	}
	return "", errors.Join(append(errs, n.replaceTask(before, after))...)
}

// twoEnvironments has two requests at once, so that a second execution environment starts beside
// the first.
func (n *needs) twoEnvironments(id string, before, after map[string]string) error {
	var got [2]map[string]string
	var errs [2]error
	// On a busy machine the first may have ended before the second arrives, so that both have the
	// environment that was there: then they take longer.
	for _, hold := range []string{"1s", "4s", "16s"} {
		var requests sync.WaitGroup
		for i := range got {
			requests.Go(func() { got[i], errs[i] = n.environment(id, "?hold="+hold) })
		}
		requests.Wait()
		if errors.Join(errs[:]...) != nil || !maps.Equal(got[0], before) || !maps.Equal(got[1], before) {
			break
		}
	}
	err := errors.Join(errs[:]...)
	if err == nil && !(maps.Equal(got[0], before) && maps.Equal(got[1], after) || maps.Equal(got[0], after) && maps.Equal(got[1], before)) {
		err = fmt.Errorf("got %v, want one of %v and %v each", got, before, after)
	}
	return err
}

// replaceTask ends one of two tasks and waits for another.
func (n *needs) replaceTask(before, after map[string]string) error {
	tasks, err := n.tasksOf("FargateWrite")
	if err != nil {
		return err
	}
	if len(tasks) != 2 {
		return fmt.Errorf("%d tasks run, want 2", len(tasks))
	}
	ended, stays := tasks[0], tasks[1]
	if _, err := n.lab.docker.run("kill", ended); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; time.Sleep(100 * time.Millisecond) {
		if err := n.wait("steady", ecsService.isSteady); err != nil {
			return err
		}
		if tasks, err = n.tasksOf("FargateWrite"); err != nil {
			return err
		}
		if len(tasks) == 2 && !slices.Contains(tasks, ended) {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s after %s has ended, the tasks are %q, want two others", patience, ended, tasks)
		}
	}
	for _, id := range tasks {
		address, err := n.lab.docker.run("inspect", "--format", "{{.NetworkSettings.IPAddress}}:8080", id)
		if err != nil {
			return err
		}
		a, err := newSite("http://"+address, nil).get("/FargateWrite/environment")
		got, err := shown(a, err)
		if err != nil {
			return err
		}
		want := after
		if id == stays {
			want = before
		}
		if !maps.Equal(got, want) {
			return fmt.Errorf("the task %.12s has %v, want %v", id, got, want)
		}
	}
	return nil
}

// tasksOf returns the containers of a service.
func (n *needs) tasksOf(id string) ([]string, error) {
	cluster, err := n.resource(id + "FargateCluster")
	if err != nil {
		return nil, err
	}
	return n.lab.docker.tasksOf(serviceID{cluster: cluster})
}

// failsWithoutGrants deploys the same without what lets roles read the secrets.
func (n *needs) failsWithoutGrants() (string, error) {
	d, err := n.lab.part("needs", needsStack, "parameter="+needsParameter, "mode=two")
	if err != nil {
		return "", err
	}
	taken, err := d.withoutSecretGrants()
	if err == nil && taken != 12 {
		err = fmt.Errorf("took %d statements out of the template, want two for each service", taken)
	}
	if err == nil {
		err = d.deployWithoutRefused()
	}
	if err != nil {
		return "", err
	}
	var errs []error
	note := ""
	for _, s := range needsServices {
		fails := n.noTask
		if s.onLambda {
			fails = n.noFunction
		}
		if note, err = fails(d, s.id); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", s.id, err))
		}
	}
	_, hidden := n.hides()
	return note, errors.Join(append(errs, hidden)...)
}

// unreadable are the words about the secrets that nobody may read: each has its name in it, and
// AWS's code.
func (n *needs) unreadable() []string {
	name := n.secret[strings.LastIndex(n.secret, ":")+1:]
	return []string{
		"PASSWORD cannot be set from the secret " + name + " in " + region + ": AccessDeniedException",
		"API_KEY cannot be set from the parameter " + needsParameter + " in " + region + ": AccessDeniedException",
	}
}

// noFunction wants a request to fail, and the log to say why: that of the container, as the emulator
// takes what is there when the response is, and RIE passes on what a process has written a moment
// later.
func (n *needs) noFunction(d *deployment, id string) (string, error) {
	s, err := n.site(id)
	if err != nil {
		return "", err
	}
	a, err := s.get("/" + id + "/environment")
	if err == nil && a.status < 500 {
		err = fmt.Errorf("status is %d, want 500 or more: %s", a.status, start(a.body))
	}
	if err == nil {
		err = n.holdsNo(string(a.body))
	}
	if err != nil {
		return "", err
	}
	function, err := n.resource(id + "LambdaFunction")
	if err != nil {
		return "", err
	}
	containers, err := n.lab.containersOfFunction(function)
	if err != nil {
		return "", err
	}
	for _, words := range n.unreadable() {
		if err := (&container{docker: n.lab.docker, id: containers[0]}).says(words); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("status %d", a.status), nil
}

// noTask wants a deployment to be rolled back, because no task starts, and ECS to say why.
func (n *needs) noTask(d *deployment, id string) (string, error) {
	if err := d.wait("rolled back", ecsService.isRolledBack); err != nil {
		return "", err
	}
	services, err := d.services()
	if err != nil {
		return "", err
	}
	cluster, err := n.resource(id + "FargateCluster")
	if err != nil {
		return "", err
	}
	var list struct{ TaskArns []string }
	if err := n.lab.emulator.callECS("ListTasks", map[string]any{"cluster": cluster, "desiredStatus": "STOPPED"}, &list); err != nil {
		return "", err
	}
	var stopped struct {
		Tasks []struct{ StoppedReason string }
	}
	if err := n.lab.emulator.callECS("DescribeTasks", map[string]any{"cluster": cluster, "tasks": list.TaskArns}, &stopped); err != nil {
		return "", err
	}
	reasons := fmt.Sprint(stopped.Tasks)
	for _, words := range []string{
		"API_KEY from arn:aws:ssm:" + region + ":" + account + ":parameter" + needsParameter + ": AccessDeniedException",
		"PASSWORD from " + n.secret + ":password::: AccessDeniedException",
	} {
		if !strings.Contains(reasons, words) {
			return "", fmt.Errorf("no task ended with %q: %s", words, reasons)
		}
	}
	return services[0].failure(), n.holdsNo(reasons)
}

// destroyedNeeds destroys the stack and wants nothing of it to be left. A bucket is destroyed when
// it is empty.
func (n *needs) destroyedNeeds() error {
	e := n.lab.emulator
	bucket, err := n.resource("Files")
	if err == nil {
		_, err = output(e.command(e.aws, "s3", "rm", "--recursive", "--quiet", "s3://"+bucket))
	}
	if err == nil {
		err = n.destroyed()
	}
	for _, kind := range [][]string{
		{"s3api", "list-buckets", "Buckets[].Name"},
		{"sqs", "list-queues", "QueueUrls"},
		{"sns", "list-topics", "Topics[].TopicArn"},
		{"secretsmanager", "list-secrets", "SecretList[].Name"},
	} {
		var all []string
		err = errors.Join(err, e.ask(&all, kind[0], kind[1], "--query", kind[2]+" || `[]`"))
		for _, name := range all {
			if strings.Contains(strings.ToLower(name), strings.ToLower(needsStack)+"-") {
				err = errors.Join(err, fmt.Errorf("%s is left", name))
			}
		}
	}
	return err
}
