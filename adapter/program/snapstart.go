package main

import (
	"fmt"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// snapshot goes through a snapshot and the restore from it: it tells the server
// before, waits at Lambda's API, and tells the server after. A snapshot's
// connections are dead in the environments restored from it.
// https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html
func snapshot(config *settings.Config, ready *readiness) (restored bool, err error) {
	if c := ready.take(); c != nil {
		c.Close()
	}
	if err := callHook(config, config.BeforeCheckpoint); err != nil {
		return false, err
	}
	api := runtimeapi.Client{Address: config.RuntimeAPI}
	defer api.Close()
	if err := api.RestoreNext(); err != nil {
		return false, err
	}
	ready.ready.Store(false)
	if err := callHook(config, config.AfterRestore); err != nil {
		return true, err
	}
	return true, ready.wait(deadlineAfter(time.Now(), config.ReadinessTimeout))
}

// callHook posts to the server, which must respond with 2xx. Lambda bounds the time.
func callHook(config *settings.Config, path string) error {
	if path == "" {
		return nil
	}
	server := runtimeapi.Client{Address: config.ServerAddress()}
	defer server.Close()
	status, err := server.Post(path)
	if err != nil {
		return fmt.Errorf("the SnapStart hook %s failed: %w", path, err)
	}
	if status/100 != 2 {
		return fmt.Errorf("the SnapStart hook %s responded with %d, it must be 2xx", path, status)
	}
	return nil
}
