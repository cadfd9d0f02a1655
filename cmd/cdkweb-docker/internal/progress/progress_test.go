package progress

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	t.Parallel()
	var m Meter
	if _, err := io.Copy(io.Discard, m.Reader(strings.NewReader(strings.Repeat("x", 1500)))); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	stop := m.Report(time.Millisecond, func(format string, args ...any) {
		select {
		case lines <- fmt.Sprintf(format, args...):
		case <-t.Context().Done():
		}
	}, "pushing", 3_000_000)
	const want = "pushing: 1.5 kB of 3.0 MB"
	for range 2 {
		if got := <-lines; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	go func() {
		for range lines { // one may be on its way
		}
	}()
	stop()
	close(lines)
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 2_340_000: "2.3 MB", 5e9: "5.0 GB"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
