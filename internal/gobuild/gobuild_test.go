package gobuild

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Who waits is told for what, once; who does not wait is told nothing.
func TestIfSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		announced.texts = nil // what was said before is not said again
		var said bytes.Buffer
		work := func(text string, d time.Duration) {
			done := ifSlow(&said, text)
			time.Sleep(d) // on the test's own clock
			synctest.Wait()
			done()
		}
		work("compiling ./fast", slow/2)
		work("compiling ./slow", 2*slow)
		work("compiling ./slow", 2*slow)
		time.Sleep(2 * slow)
		synctest.Wait()
		if got, want := said.String(), "cdkweb: compiling ./slow\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestToolSaysWhatTheCommandSaid(t *testing.T) {
	_, err := Tool(".", os.Environ(), "build", "./nowhere")
	if err == nil || !strings.HasPrefix(err.Error(), "go build: exit status 1\n") || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}
