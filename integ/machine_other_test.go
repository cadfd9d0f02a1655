//go:build !linux

package integ

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
)

const insideVariable = "CDKWEB_INTEG_FOLDER"

var errNotLinux = errors.New("a machine of its own needs Linux; this is " + runtime.GOOS)

func onOwnMachine(ctx context.Context, _ string) *exec.Cmd {
	return &exec.Cmd{Err: errNotLinux}
}

func setUpMachine(string) error        { return errNotLinux }
func controlGroup(string) string       { return "" }
func removeControlGroups(string) error { return nil }
