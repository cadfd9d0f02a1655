package integ

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/sigv4"
)

const (
	account  = "000000000000"
	region   = "us-east-1"
	registry = account + ".dkr.ecr." + region + ".amazonaws.com"

	// emulatorAddress is where ministack listens: the registry's name has no port, so it has to be
	// the one of http.
	emulatorAddress = "127.0.0.1:80"
)

// emulator is ministack, which plays AWS with its policies enforced, and what corrects it where it
// differs from AWS.
type emulator struct {
	environment []string // for programs that talk to AWS
	aws         string   // AWS's command line
	hosts       *hosts
	edge        *edge

	mutex    sync.Mutex
	sessions map[string]func() (sigv4.Credentials, error) // by the role
}

// runEmulator starts ministack. Its containers are made by way of hosts, and what the CDK
// asks the registry by way of correctRegistry.
func (l *lab) runEmulator() error {
	const socket = "/run/hosts.sock"
	hosts, err := startHosts(l.docker, l.tools.rie(), socket)
	if err != nil {
		return err
	}

	edge, err := startEdge(l.dir)
	if err != nil {
		return err
	}
	command := exec.Command(filepath.Join(l.tools.python("ministack"), "ministack"))
	keys := []string{"AWS_ACCESS_KEY_ID=" + root.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + root.SecretAccessKey}
	command.Env = append(slices.Concat(os.Environ(), keys), "AUTH=true", "GATEWAY_PORT=80", "DOCKER_HOST=unix://"+socket,
		"SSL_CERT_FILE="+edge.file,                                 // by which its CloudFront trusts origins
		"MINISTACK_DOCKER_TIMEOUT="+fmt.Sprint(patience.Seconds()), // because a task is started when it is healthy
		"ALB_TARGET_CONNECT_TIMEOUT_SECONDS=1.5")                   // a task that has ended leaves an address that says nothing
	command.Dir = l.folder("ministack")
	process, err := l.start("ministack", command)
	if err != nil {
		return err
	}
	err = process.wait(func() error {
		response, err := http.Get("http://" + emulatorAddress + "/_ministack/health")
		if err == nil {
			response.Body.Close()
		}
		return err
	})
	if err != nil {
		return err
	}
	corrected, err := l.correctRegistry()
	if err != nil {
		return err
	}
	l.emulator = &emulator{
		aws:   filepath.Join(l.tools.python("awscli"), "aws"),
		hosts: hosts,
		edge:  edge,
		environment: append(slices.Concat(l.docker.environment, keys), "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region,
			"AWS_ENDPOINT_URL=http://localhost:80", "AWS_ENDPOINT_URL_ECR="+corrected, "AWS_EC2_METADATA_DISABLED=true",
			"CDK_DOCKER="+dockerClient, "DOCKER_BUILDKIT=1", "CI=true",
			"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null"),
	}
	hosts.fargate.emulator, edge.emulator = l.emulator, l.emulator
	return nil
}

// correctRegistry passes requests on to ministack, and corrects one response: when asked for an
// image that is not there, DescribeImages returns an empty list where ECR returns an error, so that
// the CDK would never push any.
func (l *lab) correctRegistry() (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: emulatorAddress})
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.Header.Get("X-Amz-Target"), ".DescribeImages") || r.StatusCode != 200 {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			var answer struct{ ImageDetails []any }
			if json.Unmarshal(body, &answer) == nil && len(answer.ImageDetails) == 0 {
				body = []byte(`{"__type":"ImageNotFoundException","message":"The image requested does not exist."}`)
				r.StatusCode, r.Status = 400, "400 Bad Request"
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			r.ContentLength = int64(len(body))
			r.Header.Set("Content-Length", strconv.Itoa(len(body)))
			return nil
		},
	}
	server := &http.Server{Handler: proxy}
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), nil
}

// command is a program that talks to AWS.
func (e *emulator) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(name, arguments...)
	command.Env = slices.Clone(e.environment)
	return command
}

// ask runs AWS's command line and decodes what it prints.
func (e *emulator) ask(answer any, arguments ...string) error {
	if arguments[0] == "sqs" { // where the command line passes over AWS_ENDPOINT_URL
		arguments = append(arguments, "--endpoint-url", "http://localhost:80")
	}
	text, err := output(e.command(e.aws, append(arguments, "--output", "json")...))
	if err != nil || answer == nil {
		return err
	}
	if text == "" {
		return fmt.Errorf("aws %s: it printed nothing", strings.Join(arguments[:2], " "))
	}
	return json.Unmarshal([]byte(text), answer)
}

// root is ministack's root user.
var root = sigv4.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}

// call calls a service with a JSON protocol itself: what is asked often, or with the credentials of
// a role, without the start of AWS's command line. The error of a refused call begins with AWS's
// code.
func (e *emulator) call(as sigv4.Credentials, service, target string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return err
	}
	signed := &sigv4.Request{Method: "POST", Path: "/", Body: body, Headers: []sigv4.Header{
		{Name: "host", Value: emulatorAddress},
		{Name: "content-type", Value: "application/x-amz-json-1.1"},
		{Name: "x-amz-target", Value: target},
	}}
	as.Sign(signed, region, service, time.Now())
	request, err := http.NewRequest("POST", "http://"+emulatorAddress+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	for _, h := range signed.Headers {
		request.Header.Set(h.Name, h.Value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if response.StatusCode != http.StatusOK {
		var refused struct {
			Type string `json:"__type"`
		}
		if json.Unmarshal(content, &refused) != nil || refused.Type == "" {
			refused.Type = response.Status
		}
		return fmt.Errorf("%s, %s: %s", refused.Type, target, start(content))
	}
	return json.Unmarshal(content, answer)
}

// log is what stands in a log group.
func (e *emulator) log(group string) (string, error) {
	var answer struct {
		Events    []struct{ Message string }
		NextToken string
	}
	err := e.call(root, "logs", "Logs_20140328.FilterLogEvents", map[string]any{"logGroupName": group}, &answer)
	if err == nil && answer.NextToken != "" {
		err = fmt.Errorf("the log group %s has more than one page of events", group)
	}
	var log strings.Builder
	for _, event := range answer.Events {
		log.WriteString(event.Message + "\n")
	}
	return log.String(), err
}

// bootstrap runs cdk bootstrap and lifts two things of it that ministack judges in another way than
// AWS: it denies the role that publishes images what its policy allows, and it has no TLS, which
// the bucket's policy demands. No role of a service is touched.
func (l *lab) bootstrap() error {
	if _, err := l.cdk("bootstrap", "aws://"+account+"/"+region, "--app", ""); err != nil {
		return err
	}
	allow := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecr:*","Resource":"*"}]}`
	return errors.Join(
		l.emulator.ask(nil, "iam", "put-role-policy", "--role-name", "cdk-hnb659fds-image-publishing-role-"+account+"-"+region,
			"--policy-name", "Publish", "--policy-document", allow),
		l.emulator.ask(nil, "s3api", "delete-bucket-policy", "--bucket", "cdk-hnb659fds-assets-"+account+"-"+region),
	)
}

// cdk runs the CDK's command line in the repository, with AWS at hand.
func (l *lab) cdk(arguments ...string) (string, error) {
	return l.tools.runCDK(l.emulator.environment, arguments...)
}

// gateway finds the emulator for every host name that it plays.
var gateway = &http.Transport{
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", emulatorAddress)
	},
}

// siteAt returns the site at the URL of a deployed service, as the emulator serves it: without TLS,
// and under localhost.
func siteAt(address string) (*site, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	u.Scheme = "http"
	if id, rest, ok := strings.Cut(u.Host, ".execute-api."); ok && strings.HasSuffix(rest, ".amazonaws.com") {
		u.Host = id + ".execute-api.localhost"
	}
	return newSite(u.String(), gateway), nil
}
