package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// extension is this process in the eyes of the Extensions API. It subscribes to
// SHUTDOWN only: every invocation waits for those who subscribe to INVOKE.
type extension struct {
	api apiClient
	id  string
}

const extensionIDHeader = "lambda-extension-identifier"

func (x *extension) register(name string) error {
	header := "content-type: application/json\r\nlambda-extension-name: " + name + "\r\n"
	if err := x.api.call("POST", extensionPath+"/register", header, []byte(`{"events":["SHUTDOWN"]}`)); err != nil {
		return err
	}
	if err := x.api.failed("register"); err != nil {
		return err
	}
	x.id = string(x.api.resp.get(extensionIDHeader))
	if x.id == "" {
		return errors.New("no extension identifier in Lambda's answer")
	}
	return nil
}

func (x *extension) header() string { return extensionIDHeader + ": " + x.id + "\r\n" }

// waitForShutdown returns nil when Lambda is about to end the environment. The
// first call also tells Lambda that the extension has started.
func (x *extension) waitForShutdown() error {
	for tries := 0; ; {
		err := x.api.call("GET", extensionPath+"/event/next", x.header(), nil)
		if err == nil {
			err = x.api.failed("extension/event/next")
		}
		if err != nil {
			if tries++; tries == nextTries {
				return fmt.Errorf("cannot get the next extension event: %w", err)
			}
			x.api.close()
			time.Sleep(retryPause(tries))
			continue
		}
		var event struct{ EventType string }
		if json.Unmarshal(x.api.body, &event); event.EventType == "SHUTDOWN" {
			return nil
		}
	}
}

// fail tells Lambda why the init failed, and returns the same reason.
func (x *extension) fail(f *fault) error { return x.failAt(false, f) }

// failAt is fail for an init that failed before a snapshot or after the restore
// from it.
func (x *extension) failAt(restored bool, f *fault) error {
	path := runtimePath + "/init/error"
	if restored {
		path = runtimePath + "/restore/error"
	}
	api := apiClient{address: x.api.address} // the other one may be waiting
	defer api.close()
	return errors.Join(f,
		api.fail(path, f, ""),
		api.fail(extensionPath+"/init/error", f, x.header()))
}
