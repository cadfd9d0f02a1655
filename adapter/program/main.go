// Command adapter lets a web server take AWS Lambda invocations. It is a
// Lambda external extension: lying in a container image's /opt/extensions, it
// is started by Lambda beside the server and turns each event into an HTTP
// request to it, and each HTTP response into what the event's source expects.
// Only Lambda starts programs there.
//
// With arguments it is a tool: it asks a server whether it is healthy, and starts
// a server with the values of secrets; commands.go lists what it can do.
//
// It takes the settings of AWS Lambda Web Adapter 1.x, the AWS_LWA_* variables;
// docs/adapter.md explains them. The packages below it are those of HTTP, JSON,
// events, Lambda's APIs and the settings; all use the standard library alone.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"syscall"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/lambdaevent"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

func main() {
	if len(os.Args) > 1 {
		os.Exit(command(os.Args[1:], os.Stderr))
	}

	// The adapter shares a function's memory, 128 MB at least, with the server.
	// What it needs is its buffers: an event of 6 MB and a response of 6 MB,
	// read and written. The limit lets the collector work harder before the
	// server has to do with less.
	debug.SetGCPercent(50)
	if os.Getenv("AWS_LAMBDA_MAX_CONCURRENCY") == "" {
		// One invocation at a time needs one processor; with more, the scheduler
		// would wake a second one for each thing that happens.
		runtime.GOMAXPROCS(1)
		debug.SetMemoryLimit(32 << 20)
	}

	log := newLogger(os.Stderr, os.Getenv)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	if err := run(os.Args[0], os.Environ(), log, stop); err != nil {
		log.print(levelError, err.Error())
		os.Exit(1)
	}
}

// run lives as long as the execution environment does. The program's path is
// the one by which it was started.
func run(program string, env environment, log *logger, stop <-chan os.Signal) error {
	start := time.Now()
	config, configErr := settings.Read(env.get)
	if errors.Is(configErr, settings.ErrOutsideLambda) {
		return configErr
	}

	// Lambda starts the server only when all extensions have registered. A proxy
	// of the Runtime API need not know the Extensions API.
	name, runtimeAPI := filepath.Base(program), env.get("AWS_LAMBDA_RUNTIME_API")
	extension := runtimeapi.NewExtension(runtimeAPI)
	if err := extension.Register(name); err != nil {
		return fmt.Errorf("cannot register as the extension %s: %w", name, err)
	}
	if configErr != nil {
		return extension.Fail(&runtimeapi.Fault{Kind: faultConfig, Message: configErr.Error()})
	}
	release, aloneErr := alone(program, runtimeAPI)
	defer release()
	switch {
	case errors.Is(aloneErr, errNotAlone):
		return extension.Fail(&runtimeapi.Fault{Kind: faultNotAlone, Message: aloneErr.Error()})
	case aloneErr != nil:
		log.print(levelWarn, "cannot tell whether another adapter is part of the image", "reason", aloneErr.Error())
	}
	ended := make(chan error, 1+config.MaxConcurrency)
	go func() { ended <- extension.WaitForShutdown() }()

	ready := &readiness{config: config, log: log, initLimit: onDemandInit}
	prepared := make(chan error, 1)
	go func() { prepared <- prepare(config, env, extension, ready, start) }()
	select {
	case <-stop:
		return nil
	case err := <-ended:
		return err
	case err := <-prepared:
		if err != nil {
			return err
		}
	}

	var busy sync.RWMutex
	var away turnedAway
	for range config.MaxConcurrency {
		w := &worker{
			config: config, log: log, ready: ready, away: &away,
			api:      runtimeapi.Client{Address: config.RuntimeAPI},
			requests: lambdaevent.RequestWriter{Config: config},
		}
		go func() { ended <- w.run(&busy) }()
	}

	var err error
	select {
	case <-stop:
	case err = <-ended:
	}
	finish(&busy)
	return err
}

// prepare waits for the server and, for a snapshot, for its restore. It reports
// to Lambda what went wrong.
func prepare(config *settings.Config, env environment, extension *runtimeapi.Extension, ready *readiness, start time.Time) error {
	if err := ready.start(start); err != nil {
		return extension.Fail(&runtimeapi.Fault{Kind: faultInit, Message: err.Error()})
	}
	if !config.SnapStart() {
		return nil
	}
	if restored, fault := snapshot(config, env, ready); fault != nil {
		return extension.FailAt(restored, fault)
	}
	return nil
}

// finish lets the invocations under way end. Lambda kills the environment 2 s
// after it has said that it will.
func finish(busy *sync.RWMutex) {
	idle := make(chan struct{})
	go func() { busy.Lock(); close(idle) }()
	select {
	case <-idle:
	case <-time.After(1500 * time.Millisecond):
	}
}
