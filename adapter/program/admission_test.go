package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/lambdaevent"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// The secrets of a front that changes from one to the other, and what its
// requests have.
const (
	oldSecret = "old0123456789abcdefghijklmnopqrstuvwxyz0123456789"
	newSecret = "new0123456789abcdefghijklmnopqrstuvwxyz0123456789"
	frontEnv  = settings.FrontSecrets + "=" + oldSecret + "," + newSecret
	frontOnly = "this address takes requests of its front only"
	networks  = "this address takes requests from some networks only"
)

// endpoints make the events of the HTTP sources. Those of the REST API have no
// address.
var endpoints = map[string]func(lambdatest.Request) []byte{
	"HTTP API":      lambdatest.HTTPAPIEvent,
	"function URL":  lambdatest.FunctionURLEvent,
	"REST API":      lambdatest.RESTAPIEvent,
	"load balancer": func(r lambdatest.Request) []byte { return lambdatest.LoadBalancerEvent(r, false) },
	"load balancer, multi-value headers": func(r lambdatest.Request) []byte {
		return lambdatest.LoadBalancerEvent(r, true)
	},
}

// by is a request with a front's header.
func by(path, secret string) lambdatest.Request {
	return lambdatest.Request{Method: "GET", Path: path, Header: map[string]string{"x-origin-verify": secret}}
}

// serveHeaders runs a server that responds with the headers that it got. It
// says what it was asked for.
func serveHeaders(t *testing.T, lambda *lambdatest.Lambda) (asked func() []string) {
	t.Helper()
	var mu sync.Mutex
	var paths []string
	serve(t, lambda, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		json.NewEncoder(w).Encode(r.Header)
	})
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return paths
	}
}

// Only requests with a secret reach the server, and the secret does not.
func TestTheServerIsReachedByTheFrontOnly(t *testing.T) {
	for name, event := range endpoints {
		for _, mode := range []string{"AWS_LWA_INVOKE_MODE=buffered", streamMode} {
			if mode == streamMode && strings.HasPrefix(name, "load balancer") {
				continue // Lambda does not stream to it
			}
			t.Run(name+", "+mode, func(t *testing.T) {
				lambda := lambdatest.New(t)
				asked := serveHeaders(t, lambda)
				r := ready(t, lambda, frontEnv, mode)
				for _, request := range []lambdatest.Request{
					{Method: "GET", Path: "/none"},
					by("/forged", strings.Repeat("x", len(newSecret))),
					by("/", "forged with the old one, "+oldSecret),
					{Method: "GET", Path: "/other", Header: map[string]string{"x_origin_verify": newSecret}},
					{Method: "GET", Path: "/events"}, // whose own refusal would be in the log
				} {
					expect(t, lambda.Invoke(event(request)), 403, frontOnly)
				}
				for _, secret := range []string{oldSecret, newSecret} {
					a := lambda.Invoke(event(by("/by-front", secret))).HTTP(t)
					if a.Status != 200 || strings.Contains(string(a.Body), "Verify") || strings.Contains(string(a.Body), secret) {
						t.Errorf("got %d %s", a.Status, a.Body)
					}
				}
				if got := fmt.Sprint(asked()); got != "[/by-front /by-front]" {
					t.Errorf("the server was asked for %s", got)
				}
				log := r.log()
				if strings.Count(log, "\n") != 1 || !strings.Contains(log, `"message":"clients without the front's secret got 403; CDKWEB_FRONT_SECRETS lets in who comes by the front"`) {
					t.Errorf("got the log %s", log)
				}
				if strings.Contains(log, "forged") || strings.Contains(log, oldSecret) || strings.Contains(log, newSecret) {
					t.Errorf("there is a header's value in the log: %s", log)
				}
			})
		}
	}
}

// Who is turned away does not wait for the server.
func TestTurnedAwayBeforeTheServerIsReady(t *testing.T) {
	lambda := lambdatest.New(t)
	port := fmt.Sprint(lambda.ServerPort)
	config, err := settings.Read(environment{"AWS_LAMBDA_RUNTIME_API=" + lambda.Address(), "AWS_LWA_PORT=" + port, frontEnv}.get)
	if err != nil {
		t.Fatal(err)
	}
	log := &logger{w: io.Discard}
	w := &worker{
		config: config, log: log, ready: &readiness{config: config, log: log}, away: &turnedAway{},
		api: runtimeapi.Client{Address: lambda.Address()}, requests: lambdaevent.RequestWriter{Config: config},
	}
	var busy sync.RWMutex
	go w.run(&busy)

	// Nothing listens, so that this would wait until the deadline, and be 504.
	expect(t, lambda.Do(lambdatest.Invocation{Event: getEvent("/"), Timeout: time.Minute}), 403, frontOnly)
	expect(t, lambda.Do(lambdatest.Invocation{Event: lambdatest.HTTPAPIEvent(by("/", newSecret)), Timeout: 150 * time.Millisecond}), 504, "not ready")
}

// Whose connection it is counts.
func TestTheServerIsReachedFromAllowedAddressesOnly(t *testing.T) {
	inside := map[string]string{"x-forwarded-for": "198.51.100.7", "true-client-ip": "198.51.100.7"}
	for name, test := range map[string]struct {
		event  []byte
		prefix string
		status int
	}{
		"HTTP API, inside":                       {lambdatest.HTTPAPIEvent(lambdatest.Request{Method: "GET", Path: "/"}), "192.0.2.0/24", 200},
		"HTTP API, outside":                      {lambdatest.HTTPAPIEvent(lambdatest.Request{Method: "GET", Path: "/", Header: inside}), "198.51.100.0/24", 403},
		"function URL, inside":                   {lambdatest.FunctionURLEvent(lambdatest.Request{Method: "GET", Path: "/"}), "2001:db8::/32,192.0.2.1/32", 200},
		"function URL, outside":                  {lambdatest.FunctionURLEvent(lambdatest.Request{Method: "GET", Path: "/", Header: inside}), "198.51.100.0/24", 403},
		"REST API, no address":                   {lambdatest.RESTAPIEvent(lambdatest.Request{Method: "GET", Path: "/", Header: inside}), "0.0.0.0/0,::/0", 403},
		"load balancer, inside":                  {lambdatest.LoadBalancerEvent(lambdatest.Request{Method: "GET", Path: "/", Header: inside}, false), "198.51.100.0/24", 200},
		"load balancer, outside":                 {lambdatest.LoadBalancerEvent(lambdatest.Request{Method: "GET", Path: "/", Header: inside}, true), "192.0.2.0/24", 403},
		"load balancer, no address":              {lambdatest.LoadBalancerEvent(lambdatest.Request{Method: "GET", Path: "/"}, true), "0.0.0.0/0", 403},
		"an event that is no request, everybody": {[]byte(`{"Records":[]}`), "192.0.2.0/24", 0},
	} {
		t.Run(name, func(t *testing.T) {
			lambda := lambdatest.New(t)
			asked := serveHeaders(t, lambda)
			r := ready(t, lambda, settings.AllowFrom+"="+test.prefix)
			for range 3 {
				got := lambda.Invoke(test.event)
				switch test.status {
				case 0:
					if got.Error != nil {
						t.Errorf("got %+v", got.Error)
					}
				case 200:
					expect(t, got, 200, "")
				default:
					expect(t, got, 403, networks)
				}
			}
			wantAsked, wantLines := 3, 0
			if test.status == 403 {
				wantAsked, wantLines = 0, 1
			}
			if got := len(asked()); got != wantAsked {
				t.Errorf("the server was asked %d times, want %d", got, wantAsked)
			}
			log := r.log()
			if strings.Count(log, "\n") != wantLines || strings.Count(log, `"message":"clients from addresses outside of CDKWEB_ALLOW_FROM got 403"`) != wantLines {
				t.Errorf("got the log %s, want %d lines", log, wantLines)
			}
			if strings.Contains(log, "198.51.100.7") || strings.Contains(log, "192.0.2.1") {
				t.Errorf("there is an address in the log: %s", log)
			}
		})
	}
}

// Events that are no requests reach a server behind a front.
func TestEventsNeedNoFront(t *testing.T) {
	lambda := lambdatest.New(t)
	asked := serveHeaders(t, lambda)
	r := ready(t, lambda, frontEnv)
	if got := lambda.Invoke([]byte(`{"Records":[]}`)); got.Error != nil {
		t.Errorf("got %+v", got.Error)
	}
	if got := fmt.Sprint(asked()); got != "[/events]" || r.log() != "" {
		t.Errorf("the server was asked for %s, and the log is %s", got, r.log())
	}
}

// Of many workers, all together write a line a minute.
func TestFewLinesForManyRequests(t *testing.T) {
	t.Parallel()
	var s seldom
	begin := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	var lines []int
	at := func(after time.Duration, requests int) {
		var all sync.WaitGroup
		for range requests {
			all.Go(func() {
				if n := s.due(begin.Add(after)); n > 0 {
					mu.Lock()
					lines = append(lines, n)
					mu.Unlock()
				}
			})
		}
		all.Wait()
	}
	at(0, 1000)
	at(59*time.Second, 20)
	at(60*time.Second, 1)
	at(90*time.Second, 5)
	at(time.Hour, 1)
	at(2*time.Hour, 1)
	if got, want := fmt.Sprint(lines), "[1 1020 6 1]"; got != want {
		t.Errorf("got lines for %s requests, want %s", got, want)
	}
}

// The compiled program does the same.
func TestTheProgramTurnsAway(t *testing.T) {
	t.Parallel()
	lambda := lambdatest.New(t)
	asked := serveHeaders(t, lambda)
	p := lambda.StartAdapter(lambdatest.BuildAdapter(t), frontEnv, settings.AllowFrom+"=192.0.2.0/24")
	lambda.WaitInit()
	expect(t, lambda.Invoke(getEvent("/")), 403, frontOnly)
	expect(t, lambda.Invoke(lambdatest.HTTPAPIEvent(by("/", oldSecret[:40]))), 403, frontOnly)
	expect(t, lambda.Invoke(lambdatest.RESTAPIEvent(by("/", oldSecret))), 403, networks)
	expect(t, lambda.Invoke(lambdatest.HTTPAPIEvent(by("/", oldSecret))), 200, "")
	expect(t, lambda.Invoke(lambdatest.HTTPAPIEvent(by("/", newSecret))), 200, "")
	if got := len(asked()); got != 2 {
		t.Errorf("the server was asked %d times, want 2", got)
	}
	if code := p.Stop(); code != 0 || strings.Count(p.Logs(), "\n") != 2 {
		t.Errorf("got exit code %d and the log %s", code, p.Logs())
	}
}
