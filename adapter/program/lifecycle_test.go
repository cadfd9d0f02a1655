package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/lambdaevent"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

func TestItRegistersForShutdownOnly(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, hello)
	ready(t, lambda)
	got := lambda.Extensions()
	if len(got) != 1 || got[0].Name != "cdkweb-adapter" || fmt.Sprint(got[0].Events) != "[SHUTDOWN]" {
		t.Errorf("got %+v", got)
	}
}

func TestInvalidConfigurationFailsTheInit(t *testing.T) {
	lambda := lambdatest.New(t)
	r := start(t, lambda, "AWS_LWA_INVOKE_MODE=fast")
	if err := r.wait(); err == nil {
		t.Fatal("it ended without an error")
	}
	want := `AWS_LWA_INVOKE_MODE must be buffered or response_stream, got "fast"`
	var calls []string
	for _, e := range lambda.InitErrors() {
		calls = append(calls, e.Call)
		if e.ErrorMessage != want || e.ErrorType != "Adapter.InvalidConfiguration" || e.HeaderType != e.ErrorType {
			t.Errorf("got %+v", e)
		}
	}
	if fmt.Sprint(calls) != "[/2018-06-01/runtime/init/error /2020-01-01/extension/init/error]" {
		t.Errorf("got the calls %v", calls)
	}
}

func TestAServerThatListensLateIsFound(t *testing.T) {
	lambda := lambdatest.New(t)
	start(t, lambda)
	lambda.WaitExtensions()
	listens := time.Now()
	serve(t, lambda, hello)
	lambda.WaitInit()
	if lambda.FirstNext().Before(listens) {
		t.Fatal("the init ended before the server listened")
	}
	expect(t, lambda.Invoke(getEvent("/late")), 200, "hello /late")
}

func TestReadinessByTCPAsksTheServerNothing(t *testing.T) {
	lambda := lambdatest.New(t)
	var requests atomic.Int32
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) { requests.Add(1) })
	ready(t, lambda)
	if n := requests.Load(); n != 0 {
		t.Errorf("the server got %d requests before the first invocation", n)
	}
}

func TestReadinessByHTTPBacksOff(t *testing.T) {
	lambda := lambdatest.New(t)
	var requests atomic.Int32
	begin := time.Now()
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		if agent := r.UserAgent(); n < 6 && agent != "cdkweb-adapter" {
			t.Errorf("got the user agent %q", agent)
		}
		if r.URL.Path == "/healthz" && n < 6 {
			w.WriteHeader(503)
		}
	})
	ready(t, lambda, "AWS_LWA_READINESS_CHECK_PATH=/healthz")
	// Five failures are followed by pauses of 5, 10, 20, 40 and 80 ms.
	if n, took := requests.Load(), time.Since(begin); n != 6 || took < 155*time.Millisecond {
		t.Errorf("got %d requests in %v, want 6 in 155 ms at least", n, took)
	}
}

func TestReadinessStatusesDecide(t *testing.T) {
	t.Parallel()
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) })
	r := start(t, lambda, "AWS_LWA_READINESS_CHECK_PATH=/up", "AWS_LWA_READINESS_CHECK_HEALTHY_STATUS=200-399",
		"AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS=2") // enough for one check on a busy machine
	if err := r.wait(); err == nil {
		t.Fatal("404 counts as healthy")
	}
	got := lambda.InitErrors()[0].ErrorMessage
	want := fmt.Sprintf("GET requests to http://127.0.0.1:%d/up, last: status 404, healthy would be 200-399", lambda.ServerPort)
	if !strings.Contains(got, want) {
		t.Errorf("got %q, want %q in it", got, want)
	}
}

func TestReadinessOnAnotherPort(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, hello)
	port := lambdatest.FreePort(t)
	start(t, lambda, fmt.Sprintf("AWS_LWA_READINESS_CHECK_PORT=%d", port))
	lambda.WaitExtensions()
	listens := time.Now()
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	lambda.WaitInit()
	if lambda.FirstNext().Before(listens) {
		t.Fatal("the other port was not asked")
	}
	expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
}

func TestAServerThatNeverListensFailsTheInit(t *testing.T) {
	t.Parallel()
	lambda := lambdatest.New(t)
	r := start(t, lambda, "AWS_LWA_READINESS_CHECK_TIMEOUT_SECONDS=1")
	if err := r.wait(); err == nil {
		t.Fatal("it ended without an error")
	}
	got := lambda.InitErrors()[0]
	if got.ErrorType != "Adapter.InitFailed" || !strings.Contains(got.ErrorMessage, "connects to 127.0.0.1:") ||
		!strings.Contains(got.ErrorMessage, "connection refused") {
		t.Errorf("got %+v, want what was tried and what came back", got)
	}
}

func TestAServerThatDiesFailsTheInit(t *testing.T) {
	lambda := lambdatest.New(t)
	asked := make(chan bool, 1)
	server := serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(503)
		select {
		case asked <- true:
		default:
		}
	})
	r := start(t, lambda, "AWS_LWA_READINESS_CHECK_PATH=/")
	<-asked
	server.Close()
	if err := r.wait(); err == nil || !strings.Contains(err.Error(), "listened and then stopped listening") {
		t.Errorf("got %v", err)
	}
}

// The limits of an init in every combination of what decides them. The init
// limit is shortened; on Lambda it is 9.8 s.
func TestInitLimits(t *testing.T) {
	for _, test := range []struct {
		name      string
		initType  string
		async     bool
		timeout   time.Duration
		wantError bool // after the timeout or the init limit; else the init ends well
	}{
		{"on demand: the first invocation waits on", "on-demand", true, 0, false},
		{"on demand, not async: the init fails with a reason before Lambda ends it", "on-demand", false, 0, true},
		{"on demand, with a shorter limit of one's own", "on-demand", true, 20 * time.Millisecond, true},
		{"on demand, with a longer limit of one's own", "on-demand", true, time.Hour, false},
		{"provisioned: async does not count", "provisioned-concurrency", true, 80 * time.Millisecond, true},
		{"snapshot: async does not count", "snap-start", true, 80 * time.Millisecond, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var log strings.Builder
			r := &readiness{
				config: &settings.Config{
					Host: "127.0.0.1", ReadinessPort: fmt.Sprint(lambdatest.FreePort(t)),
					InitType: test.initType, AsyncInit: test.async, ReadinessTimeout: test.timeout,
				},
				log:       &logger{w: &log, max: levelInfo},
				initLimit: 50 * time.Millisecond,
			}
			begin := time.Now()
			err := r.start(begin)
			if (err != nil) != test.wantError {
				t.Errorf("got %v, want an error: %v", err, test.wantError)
			}
			if said := log.String(); (said != "") == test.wantError {
				t.Errorf("got the log %q", said)
			}
			if test.initType != "on-demand" && time.Since(begin) < test.timeout {
				t.Errorf("it waited %v, not %v", time.Since(begin), test.timeout)
			}
		})
	}
}

// Waiting takes little of the CPU that a small function has after the init.
func TestConnectsAreFewerTheLongerItTakes(t *testing.T) {
	r := &readiness{}
	if got := r.connectPause(0); got != time.Millisecond {
		t.Errorf("at first: got a pause of %v", got)
	}
	if got := r.connectPause(2 * time.Second); got != 2*time.Millisecond {
		t.Errorf("after two seconds: got a pause of %v", got)
	}
	r.began.Store(true)
	if got := r.connectPause(0); got != 10*time.Millisecond {
		t.Errorf("after the init: got a pause of %v", got)
	}
}

func TestTheFirstInvocationWaitsForASlowServer(t *testing.T) {
	t.Parallel()
	lambda := lambdatest.New(t)
	port := fmt.Sprint(lambda.ServerPort)
	config := &settings.Config{Host: "127.0.0.1", Port: port, ReadinessPort: port, RuntimeAPI: lambda.Address()}
	log := &logger{w: io.Discard}
	w := &worker{
		config: config, log: log, ready: &readiness{config: config, log: log},
		api: runtimeapi.Client{Address: lambda.Address()}, requests: lambdaevent.RequestWriter{Config: config},
	}
	var busy sync.RWMutex
	go w.run(&busy)

	// As long as nothing listens, an invocation is answered just before its
	// deadline.
	const short = time.Second // enough for one connect on a busy machine
	expect(t, lambda.Do(lambdatest.Invocation{Event: getEvent("/"), Timeout: short}), 504, "not ready")
	expectError(t, lambda.Do(lambdatest.Invocation{Event: []byte("[]"), Timeout: short}), "Adapter.ServerNotReady", "connection refused")

	answer := make(chan *lambdatest.Response, 1)
	go func() { answer <- lambda.Invoke(getEvent("/slow")) }()
	lambda.WaitTaken()
	serve(t, lambda, hello)
	expect(t, <-answer, 200, "hello /slow")
}

func TestManagedInstancesRunConcurrently(t *testing.T) {
	lambda := lambdatest.New(t)
	const concurrency = 4
	var arrived sync.WaitGroup
	arrived.Add(concurrency)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		arrived.Done()
		arrived.Wait() // answers only when all are here
		hello(w, r)
	})
	ready(t, lambda, fmt.Sprintf("AWS_LAMBDA_MAX_CONCURRENCY=%d", concurrency), "AWS_LAMBDA_INITIALIZATION_TYPE=lambda-managed-instances")
	var invocations sync.WaitGroup
	for i := range concurrency {
		invocations.Go(func() {
			path := fmt.Sprintf("/%d", i)
			r, err := lambda.Try(lambdatest.Invocation{Event: getEvent(path)})
			if err != nil || !strings.Contains(string(r.Payload), "hello "+path) {
				t.Errorf("%s: got %v, %v", path, r, err)
			}
		})
	}
	invocations.Wait()
}

func TestSnapStartCallsTheHooks(t *testing.T) {
	lambda := lambdatest.New(t)
	paths := make(chan string, 10)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		paths <- r.Method + " " + r.URL.Path
		hello(w, r)
	})
	start(t, lambda, "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start",
		"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH=/before", "AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH=/after")
	if got := <-paths; got != "POST /before" {
		t.Fatalf("got %s before the snapshot", got)
	}
	lambda.WaitRestore()
	if n := len(paths); n > 0 {
		t.Fatalf("got %s before the restore", <-paths)
	}
	lambda.Restore()
	lambda.WaitInit()
	if got := <-paths; got != "POST /after" {
		t.Fatalf("got %s after the restore", got)
	}
	expect(t, lambda.Invoke(postEvent("/x/../after")), 403, "SnapStart")
	expect(t, lambda.Invoke(getEvent("/")), 200, "hello")
	if got := <-paths; got != "GET /" {
		t.Fatalf("got %s, want only the invocation to reach the server", got)
	}
}

// Only Lambda posts to the path of events that are not HTTP requests, unless the
// workload says that clients may too.
func TestClientsAreKeptFromThePassThroughPath(t *testing.T) {
	for _, test := range []struct {
		name, env string
		refused   bool
	}{
		{"by default", "AWS_LWA_PASS_THROUGH_PATH=/events", true},
		{"if the workload wants them", "CDKWEB_PASS_THROUGH_FROM_CLIENTS=true", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			paths := make(chan string, 100)
			serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
				paths <- r.Method + " " + r.URL.Path
				io.WriteString(w, "{}")
			})
			r := ready(t, lambda, test.env)
			for _, event := range [][]byte{
				postEvent("/events"), getEvent("/events"), postEvent("//EVENTS/;x"), postEvent("/%65vents"),
				[]byte(`{"httpMethod":"POST","path":"/a/../events","requestContext":{"stage":"prod"}}`),
				[]byte(`{"httpMethod":"POST","path":"/%5Cevents","requestContext":{"elb":{"targetGroupArn":"arn"}}}`),
			} {
				res := lambda.Invoke(event)
				if !test.refused {
					expect(t, res, 200, "{}")
					<-paths
					continue
				}
				expect(t, res, 403, "this path is for events only")
				r.waitLog("CDKWEB_PASS_THROUGH_FROM_CLIENTS=true lets clients use it")
			}
			if lines := strings.Count(r.log(), "\n"); test.refused && lines != 6 || !test.refused && lines != 0 {
				t.Errorf("got the log %s", r.log())
			}
			if got := string(lambda.Invoke([]byte(`{"Records":[]}`)).Payload); got != "{}" {
				t.Errorf("got %s for an event that is no request", got)
			}
			if got := <-paths; got != "POST /events" || len(paths) > 0 {
				t.Errorf("got %s and %d more, want the event alone", got, len(paths))
			}
		})
	}
}

func TestSnapStartHooksMustSucceed(t *testing.T) {
	for _, test := range []struct{ variable, call string }{
		{"AWS_LWA_SNAPSTART_BEFORE_CHECKPOINT_PATH", "/2018-06-01/runtime/init/error"},
		{"AWS_LWA_SNAPSTART_AFTER_RESTORE_PATH", "/2018-06-01/runtime/restore/error"},
	} {
		t.Run(test.variable, func(t *testing.T) {
			lambda := lambdatest.New(t)
			serve(t, lambda, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
			r := start(t, lambda, "AWS_LAMBDA_INITIALIZATION_TYPE=snap-start", test.variable+"=/hook")
			lambda.Restore()
			if err := r.wait(); err == nil {
				t.Fatal("it ended without an error")
			}
			got := lambda.InitErrors()[0]
			if got.Call != test.call || !strings.Contains(got.ErrorMessage, "/hook responded with 500") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestTheProxyIsForTheRuntimeAPIOnly(t *testing.T) {
	lambda, proxy := lambdatest.New(t), lambdatest.New(t)
	serve(t, lambda, hello)
	start(t, lambda, "AWS_LWA_LAMBDA_RUNTIME_API_PROXY="+proxy.Address())
	expect(t, proxy.Invoke(getEvent("/")), 200, "hello")
	for _, c := range proxy.Calls() {
		if strings.Contains(c.Path, "/extension/") {
			t.Errorf("the proxy got %s", c.Path)
		}
	}
	for _, c := range lambda.Calls() {
		if !strings.Contains(c.Path, "/extension/") {
			t.Errorf("Lambda got %s beside the proxy", c.Path)
		}
	}
}

func TestShutdownLetsTheInvocationEnd(t *testing.T) {
	for _, how := range []string{"SHUTDOWN", "SIGTERM"} {
		t.Run(how, func(t *testing.T) {
			lambda := lambdatest.New(t)
			arrived, answer := make(chan bool), make(chan bool)
			serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
				arrived <- true
				<-answer
				hello(w, r)
			})
			r := ready(t, lambda)
			done := make(chan *lambdatest.Response, 1)
			go func() {
				res, _ := lambda.Try(lambdatest.Invocation{Event: getEvent("/")})
				done <- res
			}()
			<-arrived
			if how == "SHUTDOWN" {
				lambda.Shutdown()
				lambda.WaitShutdown()
			} else {
				r.stop <- syscall.SIGTERM
				for len(r.stop) > 0 { // until the adapter has taken it
					runtime.Gosched()
				}
			}
			answer <- true
			if err := r.wait(); err != nil {
				t.Errorf("got %v, want a clean end", err)
			}
			expect(t, <-done, 200, "hello")
			if log := r.log(); log != "" {
				t.Errorf("got the log %s", log)
			}
		})
	}
}

func TestErrorStatusesFailTheInvocation(t *testing.T) {
	lambda := lambdatest.New(t)
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		status := 500
		fmt.Sscanf(r.URL.Path, "/%d", &status)
		w.WriteHeader(status)
		io.WriteString(w, "no \"luck\"")
	})
	ready(t, lambda, "AWS_LWA_ERROR_STATUS_CODES=500,502-504")
	expectError(t, lambda.Invoke(getEvent("/500")), "Adapter.ErrorStatus", `{"statusCode":500,"body":"no \"luck\""}`)
	expectError(t, lambda.Invoke([]byte(`{"Records":[]}`)), "Adapter.ErrorStatus", `"statusCode":500`)
	expectError(t, lambda.Invoke(getEvent("/503")), "Adapter.ErrorStatus", `"statusCode":503`)
	expect(t, lambda.Invoke(getEvent("/501")), 501, "no")
	expect(t, lambda.Invoke(getEvent("/404")), 404, "no")
}

func TestCompression(t *testing.T) {
	lambda := lambdatest.New(t)
	text := strings.Repeat("All work and no play makes Jack a dull boy.\n", 160_000) // 7 MB, more than Lambda takes
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Vary", "Accept-Language")
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		io.WriteString(w, text)
	})
	ready(t, lambda, "AWS_LWA_ENABLE_COMPRESSION=true")
	event := []byte(`{"version":"2.0","rawPath":"/","headers":{"accept-encoding":"br, gzip"},"requestContext":{"http":{"method":"GET"}}}`)
	a := lambda.Invoke(event).HTTP(t)
	if a.Status != 200 || !a.Base64 || a.Header.Get("Content-Encoding") != "gzip" || a.Header.Get("Content-Length") != "" ||
		a.Header.Get("Etag") != `W/"v1"` || a.Header.Get("Vary") != "Accept-Language, accept-encoding" {
		t.Errorf("got %d, base64 %v, %v", a.Status, a.Base64, a.Header)
	}
	if got := gunzip(t, a.Body); got != text {
		t.Errorf("got %d bytes, want %d", len(got), len(text))
	}
	// Without gzip it is too large.
	expect(t, lambda.Invoke(getEvent("/")), 502, "larger than")
}

func TestLogsAreOneLineOfJSON(t *testing.T) {
	var out strings.Builder
	l := newLogger(&out, func(name string) string { return map[string]string{"AWS_LAMBDA_LOG_LEVEL": "WARN"}[name] })
	l.print(levelInfo, "not this")
	l.print(levelError, "a \"message\"\nof two lines", "requestId", []byte("id"), "bytes", 5, "took", 1500*time.Millisecond)
	var line map[string]any
	if err := json.Unmarshal([]byte(out.String()), &line); err != nil || strings.Count(out.String(), "\n") != 1 {
		t.Fatalf("got %q, %v", out.String(), err)
	}
	delete(line, "timestamp")
	want := `map[bytes:5 level:ERROR logger:cdkweb-adapter message:a "message"` + "\nof two lines requestId:id took:1500]"
	if got := fmt.Sprint(line); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOutsideLambdaItSaysSo(t *testing.T) {
	err := run("cdkweb-adapter", nil, &logger{w: io.Discard}, nil)
	if !errors.Is(err, settings.ErrOutsideLambda) {
		t.Errorf("got %v", err)
	}
}

// Many servers believe what comes from 127.0.0.1, where the adapter is.
func TestAForgedAddressDoesNotReachTheServer(t *testing.T) {
	request := lambdatest.Request{Method: "GET", Path: "/", Header: map[string]string{
		"host": "shop.example.com", "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "http", "X_Forwarded_Host": "evil.example",
		"Forwarded": "for=6.6.6.6", "X-Real-IP": "6.6.6.6",
	}}
	client := func(w http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X_Forwarded_Host", "Forwarded", "X-Real-IP"} {
			fmt.Fprintf(w, "%v ", r.Header.Values(name))
		}
		fmt.Fprint(w, r.Host)
	}
	for setting, want := range map[string]string{
		"":         "[192.0.2.1] [https] [shop.example.com] [443] [] [] [] shop.example.com",
		"endpoint": "[192.0.2.1] [https] [shop.example.com] [443] [] [] [] shop.example.com",
		"pass":     "[6.6.6.6] [http] [] [] [evil.example] [for=6.6.6.6] [6.6.6.6] shop.example.com",
	} {
		lambda := lambdatest.New(t)
		serve(t, lambda, client)
		ready(t, lambda, "CDKWEB_FORWARDED_HEADERS="+setting)
		for name, event := range map[string][]byte{"HTTP API": lambdatest.HTTPAPIEvent(request), "function URL": lambdatest.FunctionURLEvent(request)} {
			if got := string(lambda.Invoke(event).HTTP(t).Body); got != want {
				t.Errorf("%s, %q: got %s, want %s", name, setting, got, want)
			}
		}
	}
}
