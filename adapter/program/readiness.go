package main

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/http1"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

const (
	// onDemandInit leaves 0.2 s of the 10 s that Lambda gives an init.
	// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib
	onDemandInit = 9800 * time.Millisecond

	// A refused connect on loopback costs some 20 microseconds, so that trying
	// each millisecond costs 2 % of a CPU; a server that needs long gets it
	// half as often. That is while Lambda gives the init a whole CPU at least.
	// Later a function of 128 MB has 7 % of one, which the server needs more.
	connectEvery      = time.Millisecond
	connectEverySlow  = 2 * time.Millisecond
	slowAfter         = time.Second
	connectEveryLater = 10 * time.Millisecond

	// HTTP checks reach the application, which may log or work for each one.
	checkFirst   = 5 * time.Millisecond
	checkMost    = 500 * time.Millisecond
	checkTimeout = 5 * time.Second

	// goneAfter is how long a server that did listen may refuse connections,
	// as one that restarts itself does, before it counts as dead.
	goneAfter = time.Second
)

// notReadyError says what was tried and what came back.
type notReadyError struct{ tried string }

func (e *notReadyError) Error() string { return e.tried }

var errServerGone = errors.New("the server listened and then stopped listening")

// readiness waits for the web server, in the init and, if that took too long,
// in the first invocations.
type readiness struct {
	config *settings.Config
	log    *logger
	// initLimit is how long an init on demand may wait.
	initLimit time.Duration

	ready atomic.Bool
	mu    sync.Mutex  // held for one try
	conn  *http1.Conn // the connection that succeeded, for the first request

	connects, checks int
	last             string // what came of the last try
	listened         time.Time
	refused          time.Time // since when, after it had listened

	// began: the init has ended without the server. An invocation waits for as
	// long as it may, also for a server that comes and goes.
	began atomic.Bool
}

// wait returns nil when the server is ready, else, at the deadline, what was
// tried and what came back. A zero deadline waits for ever.
func (r *readiness) wait(deadline time.Time) error {
	if r.ready.Load() {
		return nil
	}
	start, pause := time.Now(), checkFirst
	r.mu.Lock()
	r.refused = time.Time{} // since the last wait the server may have come back, and gone
	r.mu.Unlock()
	for {
		asked, err := r.try(deadline)
		if err != nil || r.ready.Load() {
			return err
		}
		wait := r.connectPause(time.Since(start))
		if asked {
			wait = pause
			pause = min(2*pause, checkMost)
		}
		if !deadline.IsZero() {
			left := time.Until(deadline)
			if left <= 0 {
				r.mu.Lock()
				defer r.mu.Unlock()
				return &notReadyError{r.String()}
			}
			wait = min(wait, left)
		}
		time.Sleep(wait)
	}
}

// connectPause is the time between two connects, after so much time of waiting.
func (r *readiness) connectPause(waited time.Duration) time.Duration {
	switch {
	case r.began.Load():
		return connectEveryLater
	case waited > slowAfter:
		return connectEverySlow
	}
	return connectEvery
}

// try connects once and, if a path is set, asks once.
func (r *readiness) try(deadline time.Time) (asked bool, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready.Load() {
		return false, nil
	}
	limit := time.Now().Add(checkTimeout)
	if !deadline.IsZero() && deadline.Before(limit) {
		limit = deadline
	}
	r.connects++
	c, err := http1.Dial(r.config.ReadinessAddress(), limit)
	if err != nil {
		r.note(err)
		if !r.listened.IsZero() {
			if r.refused.IsZero() {
				r.refused = time.Now()
			} else if !r.began.Load() && time.Since(r.refused) > goneAfter {
				return false, fmt.Errorf("%w: %s", errServerGone, r)
			}
		}
		return false, nil
	}
	r.listened, r.refused = time.Now(), time.Time{}
	if r.config.ReadinessPath == "" {
		r.done(c)
		return false, nil
	}
	r.checks++
	c.SetDeadline(limit)
	var resp http1.Response
	if err := get(c, &resp, r.config.ReadinessAddress(), r.config.ReadinessPath); err != nil {
		c.Close()
		r.note(err)
		return true, nil
	}
	r.last = fmt.Sprintf("status %d", resp.Status)
	_, err = http1.AppendBody(nil, &resp, http1.MaxHead)
	if !r.config.Healthy.Has(resp.Status) {
		c.Close()
		return true, nil
	}
	if err != nil || !resp.Keep {
		c.Close()
		c = nil
	}
	if c != nil {
		c.SetDeadline(time.Time{})
	}
	r.done(c)
	return true, nil
}

// get asks a server for a path and reads the head of the response. It follows no
// redirect.
func get(c *http1.Conn, resp *http1.Response, address, path string) error {
	head := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nhost: %s\r\nuser-agent: cdkweb-adapter\r\n\r\n", path, address)
	_, err := c.Send(resp, []byte("GET"), head, &http1.Body{})
	return err
}

// note remembers what went wrong, but not that the time was up: what came back
// before says more.
func (r *readiness) note(err error) {
	if r.last == "" || !http1.IsTimeout(err) {
		r.last = err.Error()
	}
}

func (r *readiness) done(c *http1.Conn) {
	r.ready.Store(true)
	if c != nil { // it may be dead when the first invocation comes, as any other
		c.Used, c.IdleAt = true, time.Now()
	}
	if c != nil && r.config.ReadinessPort == r.config.Port {
		r.conn = c
	} else if c != nil {
		c.Close()
	}
}

// take returns the connection that succeeded, once.
func (r *readiness) take() *http1.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.conn
	r.conn = nil
	return c
}

// String says what was tried and what came back.
func (r *readiness) String() string {
	address := r.config.ReadinessAddress()
	if r.config.ReadinessPath == "" || r.checks == 0 {
		return fmt.Sprintf("the server is not ready: %d connects to %s, last: %s", r.connects, address, r.last)
	}
	return fmt.Sprintf("the server is not ready: %d GET requests to http://%s%s, last: %s, healthy would be %s",
		r.checks, address, r.config.ReadinessPath, r.last, r.config.Healthy)
}

// start waits in the init, for as long as the settings and Lambda allow.
func (r *readiness) start(begin time.Time) error {
	deadline := deadlineAfter(begin, r.config.ReadinessTimeout)
	// Only an init on demand ends after 10 s; then the first invocation can go
	// on waiting. A snapshot or a provisioned environment must be ready.
	onDemand := r.config.InitType == "" || r.config.InitType == "on-demand"
	limit := begin.Add(r.initLimit)
	async := onDemand && r.config.AsyncInit && (deadline.IsZero() || limit.Before(deadline))
	if async || onDemand && deadline.IsZero() {
		deadline = limit
	}
	err := r.wait(deadline)
	if err != nil && async && !errors.Is(err, errServerGone) {
		r.began.Store(true)
		r.log.print(levelWarn, "the init ends before the server is ready; the first invocation waits on", "reason", err.Error())
		return nil
	}
	return err
}

// deadlineAfter is no deadline for no limit.
func deadlineAfter(begin time.Time, limit time.Duration) time.Time {
	if limit <= 0 {
		return time.Time{}
	}
	return begin.Add(limit)
}
