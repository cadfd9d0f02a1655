package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
	"github.com/cdkweb/cdkweb/internal/secretstest"
)

const (
	secretARN    = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/db-AbCdEf"
	parameterARN = "arn:aws:ssm:eu-west-1:123456789012:parameter/shop/key"

	restoredPath = "/restored"

	// serverMode makes this test's own binary a web server.
	serverMode = "ADAPTER_TEST_SERVER"
)

// process is what a server can say about itself.
type process struct {
	PID       int
	Arguments []string
	Folder    string
	Environ   []string
	Files     []string // that were open at its start
	Restored  []string // what came after a restore: content types and bodies
}

// self returns what this process is.
func self() (p process) {
	p.PID, p.Arguments, p.Environ = os.Getpid(), os.Args, os.Environ()
	p.Folder, _ = os.Getwd()
	p.Files, _ = filepath.Glob("/proc/self/fd/*")
	return p
}

// serveSelf is a web server that says what it is, until SIGTERM.
func serveSelf() int {
	started := self()
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM)
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Getenv("PORT"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go http.Serve(listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == restoredPath { // comes once, before any invocation
			body, err := io.ReadAll(r.Body)
			started.Restored = append(started.Restored, fmt.Sprint(r.Method, " ", r.Header.Values("Content-Type"), " ", string(body), " ", err))
			if os.Getenv("REFUSES") != "" {
				w.WriteHeader(http.StatusUnsupportedMediaType)
			}
			return
		}
		json.NewEncoder(w).Encode(started)
	}))
	<-stop
	return 7
}

// serverCommand is the command that starts this test's binary as a server.
func serverCommand(t testing.TB, arguments ...string) []string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{program}, arguments...)
}

// startExec starts the compiled program as a function's entry point.
func startExec(t testing.TB, lambda *lambdatest.Lambda, command []string, env ...string) *lambdatest.Process {
	t.Helper()
	return lambda.Start(exec.Command(lambdatest.BuildAdapter(t), append([]string{"exec", "--"}, command...)...), env...)
}

// The server is the same process, with the secrets' values and nothing else of
// what the adapter did.
func TestExec(t *testing.T) {
	t.Parallel()
	aws, certificates := secretstest.NewTLS(t)
	aws.SetSecret(secretARN, `"SecretString":"{\"user\":\"shop\",\"password\":\"hunter2 = \\\"ü\\\"\\n\"}"`)
	aws.SetParameter(parameterARN, "key")
	lambda := lambdatest.New(t)
	env := append(aws.Env(), serverMode+"=1", "SSL_CERT_FILE="+certificates, "KEPT=a=b", "EMPTY=",
		"CDKWEB_SECRET_DB_USER="+secretARN+":user", "CDKWEB_SECRET_DB_PASSWORD="+secretARN+":password::", "CDKWEB_SECRET_KEY="+parameterARN)
	only := []string{"CDKWEB_FRONT_SECRETS=" + newSecret, "CDKWEB_ALLOW_FROM=192.0.2.0/24"} // the adapter's business alone
	command := serverCommand(t, "--flag", "", "two words", "--")
	p := startExec(t, lambda, command, append(env, only...)...)
	adapter := lambda.StartAdapter(lambdatest.BuildAdapter(t), append(env, only...)...)
	lambda.WaitInit()

	var got process
	if err := json.Unmarshal(lambda.Invoke(lambdatest.HTTPAPIEvent(by("/", newSecret))).HTTP(t).Body, &got); err != nil {
		t.Fatal(err)
	}
	if got.PID != p.PID() {
		t.Errorf("got the process %d, want %d", got.PID, p.PID())
	}
	if !slices.Equal(got.Arguments, command) {
		t.Errorf("got the arguments %q, want %q", got.Arguments, command)
	}
	if here := self(); got.Folder != here.Folder {
		t.Errorf("got the folder %s, want %s", got.Folder, here.Folder)
	}
	if alone := invokeAlone(t, env); !slices.Equal(got.Files, alone.Files) {
		t.Errorf("got the open files %v, want %v, as without the adapter", got.Files, alone.Files)
	}
	var want []string
	for _, pair := range lambda.Env(env...) {
		if !strings.HasPrefix(pair, "CDKWEB_SECRET_") {
			want = append(want, pair)
		}
	}
	want = append(want, "DB_USER=shop", "DB_PASSWORD=hunter2 = \"ü\"\n", "KEY=key")
	slices.Sort(got.Environ)
	slices.Sort(want)
	if !slices.Equal(got.Environ, want) {
		t.Errorf("got the environment\n%q\nwant\n%q", got.Environ, want)
	}
	if calls := len(aws.Calls()); calls != 2 {
		t.Errorf("got %d calls of AWS, want one for the secret and one for the parameter", calls)
	}
	if code := p.Stop(); code != 7 {
		t.Errorf("got exit code %d, want the server's after SIGTERM", code)
	}
	if logs := p.Logs() + adapter.Logs(); logs != "" {
		t.Errorf("got the log %q", logs)
	}
}

// invokeAlone returns what the server says if nobody else has started it.
func invokeAlone(t *testing.T, env []string) (got process) {
	t.Helper()
	lambda := lambdatest.New(t)
	lambda.StartServer(serverCommand(t)[0], env...)
	lambda.StartAdapter(lambdatest.BuildAdapter(t), env...)
	lambda.WaitInit()
	if err := json.Unmarshal(lambda.Invoke(getEvent("/")).HTTP(t).Body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// A start that fails says why, in the log and to Lambda, and starts nothing.
func TestExecFails(t *testing.T) {
	t.Parallel()
	aws, certificates := secretstest.NewTLS(t)
	aws.SetSecret(secretARN, `"SecretString":"hunter2"`)
	aws.Fail(parameterARN, "AccessDeniedException hunter2")
	env := append(aws.Env(), serverMode+"=1", "CDKWEB_SECRET_KEY="+parameterARN, "CDKWEB_SECRET_USER="+secretARN+":user", "CDKWEB_SECRET_FINE="+secretARN)
	for _, test := range []struct {
		name, kind string
		command    []string
		env        []string
		code       int
		want       []string
	}{
		{
			"no grant, and no such field", "Adapter.SecretUnavailable", serverCommand(t), []string{"SSL_CERT_FILE=" + certificates}, 1,
			[]string{
				"KEY cannot be set from the parameter /shop/key in eu-west-1: AccessDeniedException; the role needs ssm:GetParameters on it",
				`USER cannot be set from the field "user" of the secret shop/db-AbCdEf in eu-west-1: it is no JSON object, of which a field could be taken; ` +
					"name no field, or store an object",
			},
		},
		{
			"no command", "Adapter.InvalidCommand", nil, nil, 2,
			[]string{"exec takes -- and then a command; usage: cdkweb-adapter exec -- COMMAND [ARGUMENT...]"},
		},
		{
			"what the adapter reads", "Adapter.SecretUnavailable", serverCommand(t),
			[]string{"SSL_CERT_FILE=" + certificates, "CDKWEB_SECRET_CDKWEB_FRONT_SECRETS=" + secretARN}, 1,
			[]string{
				"CDKWEB_SECRET_CDKWEB_FRONT_SECRETS would give the server what only the adapter reads; set CDKWEB_FRONT_SECRETS to the value",
				"KEY cannot be set from the parameter /shop/key in eu-west-1: AccessDeniedException; the role needs ssm:GetParameters on it",
				`USER cannot be set from the field "user" of the secret shop/db-AbCdEf in eu-west-1: it is no JSON object, of which a field could be taken; ` +
					"name no field, or store an object",
			},
		},
		{
			"SnapStart", "Adapter.SecretUnavailable", serverCommand(t), []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}, 1,
			[]string{"secrets need AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH under SnapStart, because the values that are part of the snapshot stay the old ones " +
				"after they were changed; set it to a path at which the server takes the new values, or switch SnapStart off"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			lambda := lambdatest.New(t)
			p := startExec(t, lambda, test.command, append(slices.Clone(env), test.env...)...)
			if code := p.Wait(); code != test.code {
				t.Errorf("got exit code %d, want %d", code, test.code)
			}
			if want := strings.Join(test.want, "\n") + "\n"; p.Logs() != want {
				t.Errorf("got the log\n%s\nwant\n%s", p.Logs(), want)
			}
			message, _, _ := strings.Cut(strings.Join(test.want, "\n"), "; usage: ")
			want := lambdatest.FunctionError{Call: "/2018-06-01/runtime/init/error", HeaderType: test.kind, ErrorType: test.kind, ErrorMessage: message}
			if got := lambda.InitErrors(); len(got) != 1 || got[0] != want {
				t.Errorf("got the init errors %+v, want %+v", got, want)
			}
		})
	}
}

// A server whose certificate nobody vouches for gets no request.
func TestExecTrustsNobodyElse(t *testing.T) {
	t.Parallel()
	aws, _ := secretstest.NewTLS(t)
	other := filepath.Join(t.TempDir(), "none.pem")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	lambda := lambdatest.New(t)
	p := startExec(t, lambda, serverCommand(t), append(aws.Env(), "SSL_CERT_FILE="+other, "SSL_CERT_DIR="+filepath.Dir(other), "CDKWEB_SECRET_V="+secretARN)...)
	if code := p.Wait(); code != 1 {
		t.Errorf("got exit code %d, want 1", code)
	}
	want := "V cannot be set from the secret shop/db-AbCdEf in eu-west-1: cannot connect to " + aws.URL + ": tls: failed to verify certificate: "
	if log := p.Logs(); !strings.HasPrefix(log, want) || !strings.Contains(log, "the image needs the certificates of ca-certificates") || strings.Count(log, "\n") != 1 {
		t.Errorf("got the log %q, want %q", log, want)
	}
	if calls := aws.Calls(); len(calls) > 0 {
		t.Errorf("got the calls %+v", calls)
	}
}

// On a laptop the plain variable is there, and neither AWS nor Lambda is.
func TestExecWithPlainVariables(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(lambdatest.BuildAdapter(t), "exec", "--", "sh", "-c", `echo "$KEY,$EMPTY,${CDKWEB_SECRET_KEY-none},$$"`)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "KEY=plain", "EMPTY=", "CDKWEB_SECRET_KEY=" + parameterARN, "CDKWEB_SECRET_EMPTY=" + parameterARN}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if want := fmt.Sprintf("plain,,none,%d\n", cmd.Process.Pid); err != nil || stdout.String() != want || stderr.Len() > 0 {
		t.Errorf("got %q, %q, %v, want %q", &stdout, &stderr, err, want)
	}
}

// started is what a starter would have started.
type started struct {
	path      string
	arguments []string
	environ   []string
}

func TestStarter(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	aws.SetSecret(secretARN, `"SecretString":"x"`)
	folder := t.TempDir()
	for name, mode := range map[string]os.FileMode{"program": 0o755, "text": 0o644} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}
	inPath := "PATH=/nowhere:" + folder
	for _, test := range []struct {
		name      string
		environ   []string
		arguments []string
		exec      error // what it returns, nil if it is not to be called
		want      started
		kind      string
		err       string
	}{
		{
			name: "no secret", environ: []string{inPath, "A=1"}, arguments: []string{"--", "program", "a"}, exec: errors.New("started"),
			want: started{folder + "/program", []string{"program", "a"}, []string{inPath, "A=1"}},
			kind: faultCommand, err: "cannot start " + folder + "/program: started",
		},
		{
			name: "a secret", environ: []string{"CDKWEB_SECRET_V=" + secretARN, "A=1"}, arguments: []string{"--", "./program"}, exec: errors.New("started"),
			want: started{"./program", []string{"./program"}, []string{"A=1", "V=x"}},
			kind: faultCommand, err: "cannot start ./program: started",
		},
		{
			name: "a variable of the same name", environ: []string{"CDKWEB_SECRET_V=rubbish", "V=1"}, arguments: []string{"--", "/program"}, exec: errors.New("started"),
			want: started{"/program", []string{"/program"}, []string{"V=1"}},
			kind: faultCommand, err: "cannot start /program: started",
		},
		{
			name: "a variable of the image, on Lambda", environ: []string{"V=1", "AWS_LAMBDA_RUNTIME_API=x", "CDKWEB_SECRET_V=" + secretARN, "V=2"}, arguments: []string{"--", "/program"},
			exec: errors.New("started"),
			want: started{"/program", []string{"/program"}, []string{"AWS_LAMBDA_RUNTIME_API=x", "V=x"}},
			kind: faultCommand, err: "cannot start /program: started",
		},
		{
			name: "a reference that comes twice", environ: []string{"CDKWEB_SECRET_V=" + secretARN, "CDKWEB_SECRET_V=" + parameterARN},
			arguments: []string{"--", "/program"}, exec: errors.New("started"),
			want: started{"/program", []string{"/program"}, []string{"V=x"}},
			kind: faultCommand, err: "cannot start /program: started",
		},
		{
			name: "SnapStart without a secret", environ: []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}, arguments: []string{"--", "/program"},
			exec: errors.New("started"),
			want: started{"/program", []string{"/program"}, []string{"AWS_LAMBDA_INITIALIZATION_TYPE=snap-start"}},
			kind: faultCommand, err: "cannot start /program: started",
		},
		{
			name: "too large an environment", arguments: []string{"--", "/program"}, exec: syscall.E2BIG,
			want: started{"/program", []string{"/program"}, nil},
			kind: faultCommand, err: "cannot start /program: argument list too long; its arguments, variables and secrets have to be smaller",
		},
		{
			name: "no such program", environ: []string{inPath}, arguments: []string{"--", "nothing"},
			kind: faultCommand, err: "cannot start nothing: no folder of PATH has such a program, PATH is /nowhere:" + folder,
		},
		{
			name: "a file that is no program", environ: []string{inPath}, arguments: []string{"--", "text"},
			kind: faultCommand, err: "cannot start text: no folder of PATH has such a program, PATH is /nowhere:" + folder,
		},
		{
			name: "a folder", environ: []string{inPath}, arguments: []string{"--", "folder"},
			kind: faultCommand, err: "cannot start folder: no folder of PATH has such a program, PATH is /nowhere:" + folder,
		},
		{
			name: "no PATH", arguments: []string{"--", "nothing"},
			kind: faultCommand, err: "cannot start nothing: no folder of PATH has such a program, PATH is " + defaultPath,
		},
		{name: "no --", arguments: []string{"program"}, kind: faultCommand, err: "exec takes -- and then a command"},
		{name: "nothing behind --", arguments: []string{"--"}, kind: faultCommand, err: "exec takes -- and then a command"},
		{name: "an empty command", arguments: []string{"--", ""}, kind: faultCommand, err: "exec takes -- and then a command"},
		{
			name: "all that is wrong", arguments: []string{"--", "nothing"},
			environ: []string{inPath, "CDKWEB_SECRET_=" + secretARN, "CDKWEB_SECRET_A=hunter2", "CDKWEB_SECRET_B=", "CDKWEB_SECRET_D=arn:aws:s3:::b", "CDKWEB_SECRET_C=" + secretARN + ":x"},
			kind:    faultSecret,
			err: "CDKWEB_SECRET_ must have the name of a variable behind it\n" +
				"CDKWEB_SECRET_A holds no reference to a secret: " + form + "\n" + // and not what it holds
				"CDKWEB_SECRET_B holds no reference to a secret: " + form + "\n" +
				`CDKWEB_SECRET_D, "arn:aws:s3:::b", holds no reference to a secret: ` + form + "\n" +
				`C cannot be set from the field "x" of the secret shop/db-AbCdEf in eu-west-1: it is no JSON object, of which a field could be taken; ` +
				"name no field, or store an object\n" +
				"cannot start nothing: no folder of PATH has such a program, PATH is /nowhere:" + folder,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var got started
			s := starter{slices.Concat(test.environ, aws.Env()), func(path string, arguments, environ []string) error {
				if test.exec == nil {
					t.Errorf("starts %s", path)
				}
				got = started{path, arguments, environ}
				return test.exec
			}}
			kind, err := s.try(test.arguments)
			if kind != test.kind || err == nil || err.Error() != test.err {
				t.Errorf("got %s, %v\nwant %s, %s", kind, err, test.kind, test.err)
			}
			got.environ = slices.DeleteFunc(got.environ, func(pair string) bool { return slices.Contains(aws.Env(), pair) })
			if got.path != test.want.path || !slices.Equal(got.arguments, test.want.arguments) || !slices.Equal(got.environ, test.want.environ) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

const form = "it must be as arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME:JSON-KEY:VERSION-STAGE:VERSION-ID, of which the last three may be missing, " +
	"or as arn:aws:ssm:REGION:ACCOUNT:parameter/NAME:VERSION-OR-LABEL, of which the last may be missing"

// What the start says is not lost if Lambda cannot be told.
func TestStarterWithoutLambdasAPI(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	s := starter{[]string{"AWS_LAMBDA_RUNTIME_API=" + address}, nil}
	want := "exec takes -- and then a command\ncannot tell Lambda that the start failed: dial tcp " + address + ": connect: connection refused"
	if err := s.start(nil); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// BenchmarkExec measures how long a server is started later because of its
// secrets, which a server on this machine hands out, over TLS, after as long as
// AWS needs.
func BenchmarkExec(b *testing.B) {
	const responds = 15 * time.Millisecond
	adapter := lambdatest.BuildAdapter(b)
	command := []string{"/bin/true"}
	b.Run("without the adapter", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command(command[0]).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, count := range []int{0, 1, 10} {
		b.Run(fmt.Sprintf("%d secrets", count), func(b *testing.B) {
			env := secretsAfter(b, count, responds)
			var cpu time.Duration
			for b.Loop() {
				cmd := exec.Command(adapter, append([]string{"exec", "--"}, command...)...)
				cmd.Env = env
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
			}
			b.ReportMetric(float64(cpu)/1e6/float64(b.N), "cpu-ms/op")
		})
	}
}

// BenchmarkColdStart measures the whole of it: from the start of the server's
// command, and of the adapter beside it, to the first request for an invocation.
func BenchmarkColdStart(b *testing.B) {
	adapter := lambdatest.BuildAdapter(b)
	for _, count := range []int{-1, 0, 1, 10} {
		name := fmt.Sprintf("%d secrets", count)
		if count < 0 {
			name = "without exec"
		}
		b.Run(name, func(b *testing.B) {
			env := append(secretsAfter(b, max(count, 0), 15*time.Millisecond), serverMode+"=1")
			var took []time.Duration
			for b.Loop() {
				lambda := lambdatest.New(b)
				command := serverCommand(b)
				if count >= 0 {
					command = slices.Concat([]string{adapter, "exec", "--"}, command)
				}
				start := time.Now()
				extension := lambda.StartAdapter(adapter, env...)
				server := lambda.Start(exec.Command(command[0], command[1:]...), env...)
				lambda.WaitInit()
				took = append(took, lambda.FirstNext().Sub(start))
				extension.Kill()
				server.Kill()
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2])/1e6, "p50-ms")
		})
	}
}

// secretsAfter is an environment with so many secrets, for which AWS needs some
// time.
func secretsAfter(b *testing.B, count int, responds time.Duration) (env []string) {
	aws, certificates := secretstest.NewTLS(b)
	aws.Intercept(func(http.ResponseWriter, secretstest.Call) bool { time.Sleep(responds); return false })
	env = append(aws.Env(), "SSL_CERT_FILE="+certificates, "SSL_CERT_DIR=/nowhere") // as few as Amazon's
	for n := range count {
		arn := fmt.Sprint(secretARN, n)
		aws.SetSecret(arn, `"SecretString":"x"`)
		env = append(env, fmt.Sprintf("CDKWEB_SECRET_V%d=%s", n, arn))
	}
	return env
}

// credentialsServer hands out credentials as Lambda does under SnapStart, and returns the variables
// that say where.
func credentialsServer(t *testing.T) []string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/2021-04-23/credentials" || r.Header.Get("Authorization") != "token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		c := secretstest.Credentials
		fmt.Fprintf(w, `{"AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":"2126-11-21T00:00:00Z"}`, c.AccessKeyID, c.SecretAccessKey, c.SessionToken)
	}))
	t.Cleanup(server.Close)
	return []string{"AWS_CONTAINER_CREDENTIALS_FULL_URI=" + server.URL + "/2021-04-23/credentials", "AWS_CONTAINER_AUTHORIZATION_TOKEN=token"}
}

// snapStartEnv is the environment of a function with SnapStart and two secrets.
func snapStartEnv(t *testing.T, aws *secretstest.Server) []string {
	t.Helper()
	return append(credentialsServer(t), "AWS_ENDPOINT_URL="+aws.URL, serverMode+"=1", "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start",
		"CDKWEB_SECRET_DB_PASSWORD="+secretARN+":password", "CDKWEB_SECRET_KEY="+parameterARN)
}

// A server gets the values at its start, and those of the time of the restore after it.
func TestSecretsAfterARestore(t *testing.T) {
	t.Parallel()
	aws := secretstest.New(t)
	aws.SetSecret(secretARN, `"SecretString":"{\"password\":\"old\"}"`)
	aws.SetParameter(parameterARN, "key")
	lambda := lambdatest.New(t)
	env := append(snapStartEnv(t, aws), "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH="+restoredPath)
	p := startExec(t, lambda, serverCommand(t), env...)
	adapter := lambda.StartAdapter(lambdatest.BuildAdapter(t), env...)
	lambda.WaitRestore()
	if calls := len(aws.Calls()); calls != 2 {
		t.Errorf("got %d calls of AWS before the snapshot, want 2", calls)
	}
	aws.SetSecret(secretARN, `"SecretString":"{\"password\":\"new \\\"ü\\\"\\n\"}"`)
	lambda.Restore()
	lambda.WaitInit()

	var got process
	if err := json.Unmarshal(lambda.Invoke(getEvent("/")).HTTP(t).Body, &got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"DB_PASSWORD=old", "KEY=key"} {
		if !slices.Contains(got.Environ, want) {
			t.Errorf("got the environment %q, want %s in it", got.Environ, want)
		}
	}
	want := `POST [application/json] {"DB_PASSWORD":"new \"ü\"\n","KEY":"key"} <nil>`
	if len(got.Restored) != 1 || got.Restored[0] != want {
		t.Errorf("got %q after the restore, want %q", got.Restored, want)
	}
	if logs := p.Logs() + adapter.Logs(); logs != "" {
		t.Errorf("got the log %q", logs)
	}
}

// A value that cannot be had ends the restore, and so does a server that does not take the values.
func TestSecretsAfterARestoreFail(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, env, kind, want string
		change                func(*secretstest.Server)
	}{
		{
			"no grant any more", "A=b", "Adapter.SecretUnavailable",
			"DB_PASSWORD cannot be set from the secret shop/db-AbCdEf in eu-west-1: AccessDeniedException; the role needs secretsmanager:GetSecretValue on it",
			func(aws *secretstest.Server) { aws.Fail(secretARN, "AccessDeniedException hunter2") },
		},
		{
			"no such field any more", "A=b", "Adapter.SecretUnavailable",
			`DB_PASSWORD cannot be set from the field "password" of the secret shop/db-AbCdEf in eu-west-1: its JSON object has no such field`,
			func(aws *secretstest.Server) { aws.SetSecret(secretARN, `"SecretString":"{\"hunter2\":\"hunter2\"}"`) },
		},
		{
			"a server that takes no body", "REFUSES=1", "Adapter.InitFailed", "the SnapStart hook /restored responded with 415, it must be 2xx",
			func(aws *secretstest.Server) {},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			aws := secretstest.New(t)
			aws.SetSecret(secretARN, `"SecretString":"{\"password\":\"hunter2\"}"`)
			aws.SetParameter(parameterARN, "hunter2")
			lambda := lambdatest.New(t)
			env := append(snapStartEnv(t, aws), test.env, "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH="+restoredPath)
			startExec(t, lambda, serverCommand(t), env...)
			adapter := lambda.StartAdapter(lambdatest.BuildAdapter(t), env...)
			lambda.WaitRestore()
			test.change(aws)
			lambda.Restore()
			if code := adapter.Wait(); code != 1 {
				t.Errorf("got exit code %d, want 1", code)
			}
			want := lambdatest.FunctionError{Call: "/2018-06-01/runtime/restore/error", HeaderType: test.kind, ErrorType: test.kind, ErrorMessage: test.want}
			if got := lambda.InitErrors(); len(got) == 0 || got[0] != want {
				t.Errorf("got the errors %+v, want %+v first", got, want)
			}
			if log := adapter.Logs(); strings.Contains(log, "hunter2") || strings.Count(log, "\n") != 1 {
				t.Errorf("got the log %q, want one line without a value", log)
			}
		})
	}
}
