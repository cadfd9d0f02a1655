package runtimeapi

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"github.com/cdkweb/cdkweb/adapter/program/jsontext"
)

// Extension is this process in the eyes of the Extensions API. It subscribes to
// SHUTDOWN only: every invocation waits for those who subscribe to INVOKE.
type Extension struct {
	api Client
	id  string
}

const extensionIDHeader = "lambda-extension-identifier"

// NewExtension is an extension in the environment whose APIs have this address.
func NewExtension(address string) *Extension { return &Extension{api: Client{Address: address}} }

// Register tells Lambda that there is an extension, by its file's name.
func (x *Extension) Register(name string) error {
	header := "content-type: application/json\r\nlambda-extension-name: " + name + "\r\n"
	if err := x.api.call("POST", extensionPath+"/register", header, []byte(`{"events":["SHUTDOWN"]}`)); err != nil {
		return err
	}
	if err := x.api.failed("register"); err != nil {
		return err
	}
	x.id = string(x.api.resp.Get(extensionIDHeader))
	if x.id == "" {
		return errors.New("no extension identifier in Lambda's response")
	}
	return nil
}

func (x *Extension) header() string { return extensionIDHeader + ": " + x.id + "\r\n" }

// WaitForShutdown returns nil when Lambda is about to end the environment. The
// first call also tells Lambda that the extension has started.
func (x *Extension) WaitForShutdown() error {
	for tries := 0; ; {
		shutdown, err := x.next()
		if shutdown {
			return nil
		}
		if err != nil {
			if tries++; tries == Tries {
				return fmt.Errorf("cannot get the next extension event: %w", err)
			}
			x.api.Close()
			time.Sleep(RetryPause(tries))
		}
	}
}

// next waits for the next extension event and tells whether it is the shutdown.
func (x *Extension) next() (shutdown bool, err error) {
	if err := x.api.call("GET", extensionPath+"/event/next", x.header(), nil); err != nil {
		return false, err
	}
	if err := x.api.failed("extension/event/next"); err != nil {
		return false, err
	}
	err = jsontext.EachMember(bytes.TrimSpace(x.api.body), func(key, value []byte) error {
		shutdown = shutdown || string(key) == "eventType" && jsontext.String(value) == "SHUTDOWN"
		return nil
	})
	return shutdown, err
}

// Fail tells Lambda why the init failed, and returns the same reason.
func (x *Extension) Fail(f *Fault) error { return x.FailAt(false, f) }

// FailAt is Fail for an init that failed before a snapshot or after the restore
// from it.
func (x *Extension) FailAt(restored bool, f *Fault) error {
	path := runtimePath + "/init/error"
	if restored {
		path = runtimePath + "/restore/error"
	}
	api := Client{Address: x.api.Address} // the other one may be waiting
	defer api.Close()
	return errors.Join(f,
		api.fail(path, f, ""),
		api.fail(extensionPath+"/init/error", f, x.header()))
}
