// Command bench measures Lambda adapters side by side: each as a process of its
// own, with a trivial web server as another and a stand-in for Lambda's APIs,
// taking turns in one run.
//
//	go run ./tools/bench-adapter -adapter lwa=/path/to/lambda-adapter
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/internal/lambdatest"
)

// contender is one of those who are compared.
type contender struct {
	name      string
	binary    string
	env       []string
	inProcess bool // no adapter: the handler runs in the Lambda runtime itself
}

// row is one kind of invocation.
type row struct {
	name   string
	event  []byte
	count  int // invocations a round
	stream bool
}

func main() {
	log.SetFlags(0)
	contenders := []contender{{name: "cdkweb"}}
	flag.Func(
		"adapter",
		"another adapter as `name=binary[,NAME=value...]`, with variables of its own; may be repeated",
		func(v string) error {
			name, rest, ok := strings.Cut(v, "=")
			if !ok {
				return fmt.Errorf("want name=binary, got %q", v)
			}
			parts := strings.Split(rest, ",")
			contenders = append(contenders, contender{name: name, binary: parts[0], env: parts[1:]})
			return nil
		},
	)
	rounds := flag.Int("rounds", 5, "how many turns each one takes in a row of the table")
	scale := flag.Float64("scale", 1, "multiplies the number of invocations")
	starts := flag.Int("starts", 30, "how often each one is started")
	only := flag.String("row", "", "run only the rows whose name contains this")
	flag.Parse()

	t := &bench{}
	defer t.cleanup()
	contenders[0].binary = lambdatest.Build(
		t,
		"github.com/cdkweb/cdkweb/adapter/program",
		"cdkweb-adapter",
	)
	server := buildServer(t)
	contenders = append(contenders, contender{name: "in-process", binary: server, inProcess: true})

	fmt.Printf(
		"%s, %s/%s, %d CPUs, %s\n\n",
		time.Now().UTC().Format(time.DateOnly),
		runtime.GOOS,
		runtime.GOARCH,
		runtime.NumCPU(),
		runtime.Version(),
	)
	fmt.Println(
		"| row | adapter | p50 ms | p90 ms | p99 ms | per second | adapter CPU ms | CPU with server ms | peak MB |",
	)
	fmt.Println("|---|---|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range rows() {
		if strings.Contains(r.name, *only) {
			r.count = max(1, int(float64(r.count)*(*scale)))
			measure(t, r, contenders, server, *rounds)
		}
	}
	if *starts == 0 {
		return
	}
	fmt.Println(
		"\n| adapter | binary MB | start to first /next, p50 ms | max | server listens to first /next, p50 ms | max |",
	)
	fmt.Println("|---|--:|--:|--:|--:|--:|")
	for _, c := range contenders {
		if !c.inProcess {
			measureStart(t, c, *starts)
		}
	}
}

// rows are the kinds of invocations, as events of an HTTP API.
func rows() []row {
	list := []row{{"GET small", event("GET", "/", "", nil, false), 2000, false}}
	for _, size := range []struct {
		name  string
		n     int
		count int
	}{{"1 KB", 1 << 10, 1500}, {"100 KB", 100 << 10, 400}, {"1 MB", 1 << 20, 60}, {"4 MB", 4 << 20, 20}} {
		text := []byte(strings.Repeat("{\"name\":\"The quick brown fox\",\"of\":\"the lazy dog\"}\n", size.n/50+1))[:size.n]
		binary := make([]byte, size.n)
		for i := range binary {
			binary[i] = byte(i*7 + i>>8)
		}
		list = append(
			list,
			row{
				"POST " + size.name + " text",
				event("POST", "/", "", text, false),
				size.count,
				false,
			},
			row{
				"POST " + size.name + " binary",
				event("POST", "/", "", binary, true),
				size.count,
				false,
			},
		)
	}
	for _, size := range []struct {
		name  string
		n     int
		count int
	}{{"1 KB", 1 << 10, 1500}, {"100 KB", 100 << 10, 400}, {"4 MB", 4 << 20, 20}} {
		query := "n=" + strconv.Itoa(size.n)
		list = append(
			list,
			row{
				"response " + size.name + " text",
				event("GET", "/text", query, nil, false),
				size.count,
				false,
			},
			row{
				"response " + size.name + " binary",
				event("GET", "/binary", query, nil, false),
				size.count,
				false,
			},
		)
	}
	return append(list, row{"stream 4 MB", event("GET", "/stream", "", nil, false), 40, true})
}

// event is what an HTTP API sends for a browser's request, payload format 2.0.
func event(method, path, query string, body []byte, isBase64 bool) []byte {
	return lambdatest.HTTPAPIEvent(lambdatest.Request{
		Method: method, Path: path, Query: query,
		Cookies: []string{"session=8f14e45fceea167a5a36dedd4bea2543", "theme=dark"},
		Header: map[string]string{
			"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "accept-language": "en-GB,en;q=0.5",
			"content-length":  strconv.Itoa(len(body)),
			"user-agent":      "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
			"x-amzn-trace-id": "Root=1-5759e988-bd862e3fe1be46a994272793", "x-forwarded-for": "192.0.2.1",
			"x-forwarded-port": "443", "x-forwarded-proto": "https", "content-type": "application/octet-stream",
		},
		Body: body, Base64: isBase64,
	})
}

// stand is a contender at work.
type stand struct {
	contender
	lambda  *lambdatest.Lambda
	runtime *lambdatest.Process
	server  *lambdatest.Process
	times   []time.Duration
	spent   time.Duration // in rounds
	cpu     time.Duration // of the adapter in rounds
	serving time.Duration // CPU of the server in rounds
}

func set(t *bench, c contender, server string, stream bool) *stand {
	s := &stand{contender: c, lambda: lambdatest.New(t)}
	if c.inProcess {
		s.runtime = s.lambda.StartServer(server, "IN_PROCESS=true")
	} else {
		s.server = s.lambda.StartServer(server)
		s.lambda.WaitListening()
		mode := "buffered"
		if stream {
			mode = "response_stream"
		}
		s.runtime = s.lambda.StartAdapter(c.binary, append([]string{"AWS_LWA_INVOKE_MODE=" + mode}, c.env...)...)
	}
	s.lambda.WaitInit()
	return s
}

func measure(t *bench, r row, contenders []contender, server string, rounds int) {
	var stands []*stand
	for _, c := range contenders {
		if !(r.stream && c.inProcess) {
			stands = append(stands, set(t, c, server, r.stream))
		}
	}
	for round := range rounds + 1 {
		for _, s := range stands {
			count := r.count
			if round == 0 {
				count = max(3, count/10) // warm up
			}
			runtime.GC() // the harness's own garbage is nobody's time
			cpu, serving, start := s.runtime.CPU(), time.Duration(0), time.Now()
			if s.server != nil {
				serving = s.server.CPU()
			}
			for range count {
				inv := lambdatest.Invocation{Event: r.event}
				if r.stream {
					inv.Body = io.Discard
				}
				res := s.lambda.Do(inv)
				if res.Error != nil {
					log.Fatalf("%s, %s: %+v", r.name, s.name, *res.Error)
				}
				if round > 0 {
					s.times = append(s.times, res.Duration)
				}
			}
			if round > 0 {
				s.spent += time.Since(start)
				s.cpu += s.runtime.CPU() - cpu
				if s.server != nil {
					s.serving += s.server.CPU() - serving
				}
			}
		}
	}
	for _, s := range stands {
		slices.Sort(s.times)
		n := time.Duration(len(s.times))
		fmt.Printf(
			"| %s | %s | %s | %s | %s | %.0f | %s | %s | %.1f |\n",
			r.name,
			s.name,
			ms(
				s.times[n/2],
			),
			ms(s.times[n*9/10]),
			ms(s.times[n*99/100]),
			float64(n)/s.spent.Seconds(),
			ms(s.cpu/n),
			ms((s.cpu+s.serving)/n),
			float64(s.runtime.PeakMemory())/1e6,
		)
	}
	t.cleanup()
}

// measureStart measures how long a contender takes to its first /next, with a
// server that listens already, and after the server begins to listen.
func measureStart(t *bench, c contender, starts int) {
	var fresh, lag []time.Duration
	hello := http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello") },
	)
	for i := range 2 * starts {
		lambda := lambdatest.New(t)
		late := i%2 == 1
		var listening time.Time
		listen := func() {
			listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", lambda.ServerPort))
			if err != nil {
				log.Fatal(err)
			}
			listening = time.Now()
			server := &http.Server{Handler: hello}
			go server.Serve(listener)
			t.Cleanup(func() { server.Close() })
		}
		if !late {
			listen()
		}
		p := lambda.StartAdapter(c.binary)
		if late {
			// Steps that are no multiple of any poll's interval.
			time.Sleep(100*time.Millisecond + time.Duration(i)*1370*time.Microsecond)
			listen()
		}
		lambda.WaitInit()
		if late {
			lag = append(lag, lambda.FirstNext().Sub(listening))
		} else {
			fresh = append(fresh, lambda.FirstNext().Sub(p.Started()))
		}
		t.cleanup()
	}
	slices.Sort(fresh)
	slices.Sort(lag)
	info, err := os.Stat(c.binary)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("| %s | %.1f | %s | %s | %s | %s |\n", c.name, float64(info.Size())/1e6,
		ms(fresh[starts/2]), ms(fresh[starts-1]), ms(lag[starts/2]), ms(lag[starts-1]))
}

func ms(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d)/1e6) }

// buildServer builds the server, a module of its own because of what it needs
// to be a Lambda runtime.
func buildServer(t *bench) string {
	_, file, _, _ := runtime.Caller(0)
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		log.Fatal(err)
	}
	t.last = append(t.last, func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "server")
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Dir = filepath.Join(filepath.Dir(file), "server")
	if out, err := cmd.CombinedOutput(); err != nil {
		log.Fatalf("go build: %v\n%s", err, out)
	}
	return path
}

// bench is what a test is to the stand-in: cleanup ends what was started.
type bench struct{ cleanups, last []func() }

func (t *bench) Helper()                   { _ = t }
func (t *bench) Cleanup(f func())          { t.cleanups = append(t.cleanups, f) }
func (t *bench) Fatal(v ...any)            { log.Fatal(v...) }
func (t *bench) Fatalf(f string, v ...any) { log.Fatalf(f, v...) }

func (t *bench) cleanup() {
	for len(t.cleanups) > 0 {
		f := t.cleanups[len(t.cleanups)-1]
		t.cleanups = t.cleanups[:len(t.cleanups)-1]
		f()
	}
}
