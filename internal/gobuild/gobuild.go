// Package gobuild runs the go command for images: what it compiles is the same in every folder and
// on every machine.
package gobuild

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Flags make the same program from the same sources in every folder: no paths, no revision.
var Flags = []string{"-trimpath", "-buildvcs=false"}

// CrossCompile is the environment that compiles for Linux without a C library, for every CPU of an
// architecture: the image does not depend on what this machine is tuned for. None of the values is
// empty: for an empty one the go command reads what go env -w has set.
func CrossCompile(goarch string) []string {
	return []string{
		"CGO_ENABLED=0",
		"GOOS=linux",
		"GOARCH=" + goarch,
		"GOAMD64=v1",
		"GOARM64=v8.0",
		"GOEXPERIMENT=none",
	}
}

// Tool runs the go command in a folder, with this and no other environment, and returns what it
// printed. An error holds the command's own words.
func Tool(dir string, environment []string, arguments ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	command := exec.Command("go", arguments...)
	command.Dir = dir
	command.Stdout, command.Stderr = &stdout, &stderr
	command.Env = environment
	if err := command.Run(); err != nil {
		if message := strings.TrimSpace(stderr.String()); message != "" {
			return "", fmt.Errorf("go %s: %w\n%s", arguments[0], err, message)
		}
		return "", fmt.Errorf("go %s: %w", arguments[0], err)
	}
	return stdout.String(), nil
}

// slow is how long somebody waits without being told for what.
const slow = time.Second

var announced struct {
	sync.Mutex
	texts map[string]bool
}

// IfSlow tells the person who waits for synth what takes so long, if it takes long: call the
// returned function when it is done. A text is said once.
func IfSlow(format string, arguments ...any) (done func()) {
	return ifSlow(os.Stderr, fmt.Sprintf(format, arguments...))
}

func ifSlow(w io.Writer, text string) (done func()) {
	timer := time.AfterFunc(slow, func() {
		announced.Lock()
		defer announced.Unlock()
		if !announced.texts[text] {
			fmt.Fprintf(w, "cdkweb: %s\n", text)
		}
		if announced.texts == nil {
			announced.texts = map[string]bool{}
		}
		announced.texts[text] = true
	})
	return func() { timer.Stop() }
}
