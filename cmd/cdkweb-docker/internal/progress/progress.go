// Package progress says from time to time how far something is that takes long.
package progress

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Every is the time between two lines.
const Every = 3 * time.Second

// Meter counts bytes.
type Meter struct{ done atomic.Int64 }

// Done returns how many there were.
func (m *Meter) Done() int64 { return m.done.Load() }

// Reader counts what is read through it.
func (m *Meter) Reader(in io.Reader) io.Reader { return &counted{in, &m.done} }

type counted struct {
	in   io.Reader
	done *atomic.Int64
}

func (c *counted) Read(into []byte) (int, error) {
	n, err := c.in.Read(into)
	c.done.Add(int64(n))
	return n, err
}

// Report calls log with a line every so often until the returned function is called. The first comes
// after a while, so that nothing is said of what is quick.
func (m *Meter) Report(
	every time.Duration, log func(format string, args ...any), what string, total int64,
) (stop func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticker.C:
				log("%s: %s of %s", what, Bytes(m.Done()), Bytes(total))
			}
		}
	}()
	return func() { close(end); <-ended }
}

// Bytes is a number of bytes as people write it.
func Bytes(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%d bytes", n)
}
