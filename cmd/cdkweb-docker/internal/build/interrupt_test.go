package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// buildText builds a Dockerfile in a folder that holds nothing else.
func buildText(
	t *testing.T, ctx context.Context, dockerfile string, log func(string, ...any), options Options,
) (*Image, error) {
	t.Helper()
	kept, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kept.Close() })
	options.Context = t.TempDir()
	file := filepath.Join(options.Context, "Dockerfile")
	if err := os.WriteFile(file, []byte(dockerfile), 0o600); err != nil {
		t.Fatal(err)
	}
	return (&Builder{Store: kept, Log: log}).Build(ctx, options)
}

// TestInterruptAtEnd interrupts a build in its last instruction, which does not notice.
func TestInterruptAtEnd(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	image, err := buildText(t, ctx, "FROM scratch\nENV A=b\n", func(format string, words ...any) {
		if len(words) == 1 && strings.HasPrefix(words[0].(string), "ENV") {
			stop()
		}
	}, Options{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("it built %v, %v", image, err)
	}
}
