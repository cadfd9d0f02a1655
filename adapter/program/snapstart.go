package main

import (
	"fmt"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// snapshot goes through a snapshot and the restore from it: it tells the server
// before, waits at Lambda's API, and tells the server after, with the values of
// its secrets at that time. A snapshot's connections are dead in the
// environments restored from it.
// https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-custom.html
func snapshot(config *settings.Config, env environment, ready *readiness) (restored bool, fault *runtimeapi.Fault) {
	failed := func(kind string, err error) *runtimeapi.Fault {
		return &runtimeapi.Fault{Kind: kind, Message: err.Error()}
	}
	if c := ready.take(); c != nil {
		c.Close()
	}
	if err := callHook(config, config.BeforeCheckpoint, nil); err != nil {
		return false, failed(faultInit, err)
	}
	api := runtimeapi.Client{Address: config.RuntimeAPI}
	defer api.Close()
	if err := api.RestoreNext(); err != nil {
		return false, failed(faultInit, err)
	}
	ready.ready.Store(false)
	if config.AfterRestore != "" {
		values, err := secretsJSON(env)
		if err != nil {
			return true, failed(faultSecret, err)
		}
		if err := callHook(config, config.AfterRestore, values); err != nil {
			return true, failed(faultInit, err)
		}
	}
	if err := ready.wait(deadlineAfter(time.Now(), config.ReadinessTimeout)); err != nil {
		return true, failed(faultInit, err)
	}
	return true, nil
}

// secretsJSON returns the values of the secrets as a JSON object, with the names
// of their variables, or nothing if there is no secret. The server got them from
// exec, in another process, at its start.
func secretsJSON(env environment) ([]byte, error) {
	wanted, values, err := env.fetch()
	if err != nil || len(wanted) == 0 {
		return nil, err
	}
	text := []byte{'{'}
	for n, v := range wanted {
		if n > 0 {
			text = append(text, ',')
		}
		text = append(jsontext.AppendString(text, v.Name), ':')
		text = jsontext.AppendString(text, values[v.Name])
	}
	return append(text, '}'), nil
}

// callHook posts to the server, which must respond with 2xx. Lambda bounds the time.
func callHook(config *settings.Config, path string, body []byte) error {
	if path == "" {
		return nil
	}
	server := runtimeapi.Client{Address: config.ServerAddress()}
	defer server.Close()
	status, err := server.Post(path, body)
	if err != nil {
		return fmt.Errorf("the SnapStart hook %s failed: %w", path, err)
	}
	if status/100 != 2 {
		return fmt.Errorf("the SnapStart hook %s responded with %d, it must be 2xx", path, status)
	}
	return nil
}
