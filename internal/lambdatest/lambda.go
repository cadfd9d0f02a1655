// Package lambdatest stands in for AWS Lambda in tests: it is the
// Runtime API and the Extensions API on loopback, so that the adapter and a web
// server run as the processes they are in an execution environment. Begin with
// [New].
//
//	lambda := lambdatest.New(t)
//	lambda.StartServer(serverBinary)
//	lambda.StartAdapter(lambdatest.BuildAdapter(t))
//	lambda.WaitInit()
//	response := lambda.Invoke(event).HTTP(t)
package lambdatest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// MaxPayload is the largest response that Lambda takes, 6 MiB and 100 bytes.
const MaxPayload = 6<<20 + 100

// Lambda is a stand-in for one execution environment.
type Lambda struct {
	// ServerPort is a free port, which the processes get as PORT.
	ServerPort int
	// Environment is added to that of every process, as NAME=value.
	Environment []string
	// Timeout bounds each wait. New sets it to 5 min, which is enough on a busy machine.
	Timeout time.Duration

	t        T
	listener net.Listener
	server   *http.Server
	queue    chan *pending
	shutdown chan struct{}
	once     sync.Once
	restore  chan struct{}

	mu         sync.Mutex
	intercept  func(http.ResponseWriter, *http.Request) bool
	calls      []Call
	extensions []Extension
	started    map[string]bool // extensions that have asked for their first event
	initErrors []FunctionError
	waiting    int // extensions in event/next
	inNext     int // runtimes in invocation/next
	inRestore  int // runtimes in restore/next
	firstNext  time.Time
	inFlight   map[string]*pending
	requests   int
	waiters    int           // those who wait for changed
	changed    chan struct{} // closed and replaced at each change
}

// T is what this package needs of a *testing.T, so that a benchmark program can
// use it too.
type T interface {
	Helper()
	Cleanup(func())
	Fatal(...any)
	Fatalf(string, ...any)
}

// Call is a request that came to one of the APIs.
type Call struct {
	Method, Path string
	Header       http.Header
	Time         time.Time
}

// Extension is what one extension said when it registered.
type Extension struct {
	Name   string
	Events []string
}

// FunctionError is what was posted to one of the error calls.
type FunctionError struct {
	Call         string `json:"-"`
	HeaderType   string `json:"-"` // Lambda-Runtime-Function-Error-Type
	ErrorType    string
	ErrorMessage string
}

// Invocation is an event and what Lambda says about it. Zero values stand for
// what most tests need.
type Invocation struct {
	Event           []byte
	Timeout         time.Duration // until the deadline; zero means 15 min, the most that Lambda allows
	TraceID         string
	TenantID        string
	ClientContext   string
	CognitoIdentity string
	// Body gets a streamed response's bytes as they arrive. If it is nil, they
	// are collected in the Response.
	Body io.Writer
}

// Response is what came back for an invocation.
type Response struct {
	RequestID string
	Payload   []byte         // what was posted: JSON, or the stream with its prelude
	Error     *FunctionError // set if an error was posted instead
	Header    http.Header    // of the post
	Trailer   http.Header
	Cut       error         // how the post ended if not well
	Status    int           // what Lambda responded with to the post
	Duration  time.Duration // from the event handed out to the response complete
	FirstByte time.Duration // from the event handed out to the response's first byte
}

type pending struct {
	Invocation
	id    string
	start time.Time
	done  chan *Response
}

// New starts the two APIs and ends them, and all processes, with the test.
func New(t T) *Lambda {
	t.Helper()
	l := &Lambda{
		ServerPort: FreePort(t),
		Timeout:    5 * time.Minute,
		t:          t,
		queue:      make(chan *pending, 1024),
		shutdown:   make(chan struct{}),
		restore:    make(chan struct{}),
		started:    map[string]bool{},
		inFlight:   map[string]*pending{},
		changed:    make(chan struct{}),
	}
	var err error
	// A port of its own for long: an adapter of an earlier test may still look for its Lambda, and
	// would take an invocation from this one.
	if l.listener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", FreePort(t))); err != nil {
		t.Fatal(err)
	}
	l.server = &http.Server{Handler: l.handler()}
	go l.server.Serve(l.listener)
	t.Cleanup(func() { l.server.Close() })
	return l
}

// Address is the value for AWS_LAMBDA_RUNTIME_API.
func (l *Lambda) Address() string { return l.listener.Addr().String() }

// Intercept lets f respond to calls in Lambda's place: f returns whether it did.
// Nil ends that.
func (l *Lambda) Intercept(f func(http.ResponseWriter, *http.Request) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.intercept = f
}

// Calls returns the calls so far.
func (l *Lambda) Calls() []Call {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Call(nil), l.calls...)
}

// Extensions returns what has registered so far.
func (l *Lambda) Extensions() []Extension {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Extension(nil), l.extensions...)
}

// InitErrors returns what was posted to the init error calls.
func (l *Lambda) InitErrors() []FunctionError {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]FunctionError(nil), l.initErrors...)
}

// FirstNext is when the runtime first asked for an invocation.
func (l *Lambda) FirstNext() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.firstNext
}

// Waiting is how many requests for an invocation are open.
func (l *Lambda) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.inNext
}

// WaitInit waits for the end of the init: the runtime and all extensions wait
// for what comes next. It fails the test if the init fails.
func (l *Lambda) WaitInit() {
	l.t.Helper()
	if err := l.Init(); err != nil {
		l.t.Fatal(err)
	}
}

// Init waits for the end of the init and returns how it failed, nil if it did
// not.
func (l *Lambda) Init() error {
	var failed error
	ok := l.wait(func() bool {
		if len(l.initErrors) > 0 {
			failed = fmt.Errorf("init failed: %+v", l.initErrors[0])
			return true
		}
		return !l.firstNext.IsZero() && l.waiting == len(l.extensions)
	})
	if !ok {
		return fmt.Errorf("the init did not end within %s", l.Timeout)
	}
	return failed
}

// allStarted tells whether the extensions are ready for invocations. Lambda
// hands out none before, and none in an environment whose init has failed.
func (l *Lambda) allStarted() bool {
	for _, e := range l.extensions {
		if !l.started[e.Name] {
			return false
		}
	}
	return len(l.initErrors) == 0
}

// WaitExtensions waits until an extension has registered and all that have wait
// for their next event: the environment is up, and the runtime may go on.
func (l *Lambda) WaitExtensions() {
	l.t.Helper()
	l.need(
		"no extension is up",
		func() bool { return len(l.extensions) > 0 && l.waiting == len(l.extensions) },
	)
}

// WaitTaken waits until an invocation was handed out and has no response yet.
func (l *Lambda) WaitTaken() {
	l.t.Helper()
	l.need("nobody has taken the invocation", func() bool { return len(l.inFlight) > 0 })
}

// WaitNext waits until somebody asks for an invocation.
func (l *Lambda) WaitNext() {
	l.t.Helper()
	l.need("nobody asks for an invocation", func() bool { return l.inNext > 0 })
}

// WaitShutdown waits until no extension waits for an event, because all have got
// the one of the shutdown.
func (l *Lambda) WaitShutdown() {
	l.t.Helper()
	l.need("the shutdown has not arrived", func() bool { return l.waiting == 0 })
}

// WaitRestore waits until the runtime waits at the snapshot.
func (l *Lambda) WaitRestore() {
	l.t.Helper()
	l.need("the runtime does not wait for the restore", func() bool { return l.inRestore > 0 })
}

// need fails the test unless the condition comes to hold.
func (l *Lambda) need(text string, condition func() bool) {
	l.t.Helper()
	if !l.wait(condition) {
		l.t.Fatal(text)
	}
}

// wait waits until condition, which may look at the fields under the lock,
// holds, and returns false if it does not within the timeout.
func (l *Lambda) wait(condition func() bool) bool {
	timeout, stop := context.WithTimeout(context.Background(), l.Timeout)
	defer stop()
	return l.until(condition, timeout.Done())
}

// until is wait with an end that the caller knows.
func (l *Lambda) until(condition func() bool, end <-chan struct{}) bool {
	l.mu.Lock()
	l.waiters++
	l.mu.Unlock()
	defer l.change(func() { l.waiters-- })
	for {
		l.mu.Lock()
		ok, changed := condition(), l.changed
		l.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-end:
			return false
		}
	}
}

// change does f under the lock and wakes those who wait.
func (l *Lambda) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	if l.waiters > 0 {
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// Invoke hands out an event and returns what was posted for it.
func (l *Lambda) Invoke(event []byte) *Response {
	l.t.Helper()
	return l.Do(Invocation{Event: event})
}

// Do hands out an invocation and returns what was posted for it. It may be
// called by several goroutines, for a function on Managed Instances.
func (l *Lambda) Do(inv Invocation) *Response {
	l.t.Helper()
	r, err := l.Try(inv)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// Try is Do for those who expect that no response may come.
func (l *Lambda) Try(inv Invocation) (*Response, error) {
	p := &pending{Invocation: inv, done: make(chan *Response, 1)}
	if p.Timeout == 0 {
		p.Timeout = 15 * time.Minute
	}
	l.queue <- p
	select {
	case r := <-p.done:
		return r, nil
	case <-time.After(l.Timeout):
		return nil, fmt.Errorf("no response to the invocation within %s", l.Timeout)
	}
}

// Shutdown tells the extensions that the environment ends.
func (l *Lambda) Shutdown() { l.once.Do(func() { close(l.shutdown) }) }

// Restore lets a runtime go on that waits at the snapshot.
func (l *Lambda) Restore() { close(l.restore) }

func (l *Lambda) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", l.next)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", l.response)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", l.invocationError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", l.initError)
	mux.HandleFunc("GET /2018-06-01/runtime/restore/next", l.restoreNext)
	mux.HandleFunc("POST /2018-06-01/runtime/restore/error", l.initError)
	mux.HandleFunc("POST /2020-01-01/extension/register", l.register)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", l.extensionNext)
	mux.HandleFunc("POST /2020-01-01/extension/init/error", l.initError)
	mux.HandleFunc("POST /2020-01-01/extension/exit/error", l.initError)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		intercept := l.intercept
		if len(l.calls) < 4096 { // a benchmark makes millions
			l.calls = append(l.calls, Call{r.Method, r.URL.Path, r.Header, time.Now()})
		}
		l.mu.Unlock()
		if intercept == nil || !intercept(w, r) {
			mux.ServeHTTP(w, r)
		}
	})
}

func (l *Lambda) next(w http.ResponseWriter, r *http.Request) {
	l.change(func() {
		if l.firstNext.IsZero() {
			l.firstNext = time.Now()
		}
		l.inNext++
	})
	defer l.change(func() { l.inNext-- })
	if !l.until(func() bool { return l.allStarted() }, r.Context().Done()) {
		return
	}
	var p *pending
	select {
	case p = <-l.queue:
	case <-r.Context().Done():
		return
	}
	l.change(func() {
		l.requests++
		p.id = fmt.Sprintf("8476a536-e9f4-11e8-9739-%012x", l.requests)
		l.inFlight[p.id] = p
	})
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(p.Event)))
	h.Set("Lambda-Runtime-Aws-Request-Id", p.id)
	h.Set(
		"Lambda-Runtime-Deadline-Ms",
		strconv.FormatInt(time.Now().Add(p.Timeout).UnixMilli(), 10),
	)
	h.Set(
		"Lambda-Runtime-Invoked-Function-Arn",
		"arn:aws:lambda:eu-west-1:123456789012:function:site",
	)
	for name, value := range map[string]string{
		"Lambda-Runtime-Trace-Id":         p.TraceID,
		"Lambda-Runtime-Aws-Tenant-Id":    p.TenantID,
		"Lambda-Runtime-Client-Context":   p.ClientContext,
		"Lambda-Runtime-Cognito-Identity": p.CognitoIdentity,
	} {
		if value != "" {
			h.Set(name, value)
		}
	}
	p.start = time.Now()
	w.Write(p.Event)
}

// take returns the invocation in flight with the id in the path, or says
// that there is none.
func (l *Lambda) take(w http.ResponseWriter, r *http.Request) *pending {
	id := r.PathValue("id")
	var p *pending
	l.change(func() {
		p = l.inFlight[id]
		delete(l.inFlight, id)
	})
	if p == nil {
		respond(
			w,
			http.StatusBadRequest,
			`{"errorType":"InvalidRequestID","errorMessage":"Invalid request ID"}`,
		)
	}
	return p
}

func (l *Lambda) response(w http.ResponseWriter, r *http.Request) {
	p := l.take(w, r)
	if p == nil {
		return
	}
	res := &Response{RequestID: p.id, Header: r.Header, Status: http.StatusAccepted}
	body := &firstByte{r: r.Body, start: p.start}
	switch r.Header.Get("Lambda-Runtime-Function-Response-Mode") {
	case "streaming":
		// The status comes with the end of the stream, as from Lambda.
		var all bytes.Buffer
		to := p.Body
		if to == nil {
			to = &all
		}
		_, res.Cut = io.Copy(to, body)
		res.Payload, res.Trailer = all.Bytes(), r.Trailer
	case "":
		if r.ContentLength > 0 {
			res.Payload = make([]byte, 0, r.ContentLength+1)
		}
		res.Payload, res.Cut = readAll(res.Payload, body)
		if len(res.Payload) > MaxPayload {
			res.Status = http.StatusRequestEntityTooLarge
		}
	default:
		res.Status = http.StatusBadRequest
	}
	res.Duration, res.FirstByte = time.Since(p.start), body.at
	switch res.Status {
	case http.StatusAccepted:
		respond(w, res.Status, `{"status":"OK"}`)
	case http.StatusRequestEntityTooLarge:
		respond(
			w,
			res.Status,
			`{"errorType":"RequestEntityTooLarge","errorMessage":"Exceeded maximum allowed payload size (6291556 bytes)."}`,
		)
	default:
		respond(
			w,
			res.Status,
			`{"errorType":"InvalidFunctionResponseMode","errorMessage":"Invalid function response mode"}`,
		)
	}
	p.done <- res
}

// firstByte notes when the first byte came.
type firstByte struct {
	r     io.Reader
	start time.Time
	at    time.Duration
}

func (f *firstByte) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if n > 0 && f.at == 0 {
		f.at = time.Since(f.start)
	}
	return n, err
}

func readAll(b []byte, r io.Reader) ([]byte, error) {
	for {
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err := r.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
	}
}

func (l *Lambda) invocationError(w http.ResponseWriter, r *http.Request) {
	p := l.take(w, r)
	if p == nil {
		return
	}
	res := &Response{
		RequestID: p.id,
		Header:    r.Header,
		Error:     functionError(r),
		Status:    http.StatusAccepted,
	}
	res.Duration = time.Since(p.start)
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
	p.done <- res
}

func (l *Lambda) initError(w http.ResponseWriter, r *http.Request) {
	e := functionError(r)
	l.change(func() { l.initErrors = append(l.initErrors, *e) })
	respond(w, http.StatusAccepted, `{"status":"OK"}`)
}

func functionError(r *http.Request) *FunctionError {
	e := &FunctionError{}
	json.NewDecoder(r.Body).Decode(e)
	e.Call, e.HeaderType = r.URL.Path, r.Header.Get("Lambda-Runtime-Function-Error-Type")
	if e.HeaderType == "" {
		e.HeaderType = r.Header.Get("Lambda-Extension-Function-Error-Type")
	}
	return e
}

func (l *Lambda) restoreNext(w http.ResponseWriter, r *http.Request) {
	l.change(func() { l.inRestore++ })
	defer l.change(func() { l.inRestore-- })
	select {
	case <-l.restore:
	case <-r.Context().Done():
	}
}

func (l *Lambda) register(w http.ResponseWriter, r *http.Request) {
	var body struct{ Events []string }
	name := r.Header.Get("Lambda-Extension-Name")
	if json.NewDecoder(r.Body).Decode(&body) != nil || name == "" {
		respond(
			w,
			http.StatusBadRequest,
			`{"errorType":"Extension.InvalidRequest","errorMessage":"no name or no events"}`,
		)
		return
	}
	l.change(func() { l.extensions = append(l.extensions, Extension{name, body.Events}) })
	w.Header().Set("Lambda-Extension-Identifier", "extension-"+name)
	respond(w, http.StatusOK, `{"functionName":"site","functionVersion":"$LATEST","handler":""}`)
}

func (l *Lambda) extensionNext(w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.Header.Get("Lambda-Extension-Identifier"), "extension-") {
		respond(
			w,
			http.StatusForbidden,
			`{"errorType":"Extension.InvalidExtensionIdentifier","errorMessage":"no identifier"}`,
		)
		return
	}
	l.change(func() {
		l.waiting++
		l.started[strings.TrimPrefix(r.Header.Get("Lambda-Extension-Identifier"), "extension-")] = true
	})
	defer l.change(func() { l.waiting-- })
	select {
	case <-l.shutdown:
		respond(
			w,
			http.StatusOK,
			`{"eventType":"SHUTDOWN","shutdownReason":"spindown","deadlineMs":0}`,
		)
	case <-r.Context().Done():
	}
}

func respond(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, body)
}
