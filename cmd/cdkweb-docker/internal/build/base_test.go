package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// imageThatSays is an image with a configuration as it is written.
type imageThatSays struct {
	v1.Image
	config string
}

func (i imageThatSays) RawConfigFile() ([]byte, error) { return []byte(i.config), nil }

// TestBaseStartInterval has docker build on an image whose health check could not be kept.
func TestBaseStartInterval(t *testing.T) {
	t.Parallel()
	kept, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	dir := t.TempDir()
	file := filepath.Join(dir, "Dockerfile")
	if err := os.WriteFile(file, []byte("FROM example.com/base\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]bool{
		`{"config":{"Healthcheck":{"Test":["NONE"],"StartInterval":5000000000}}}`: true,
		`{"config":{"Healthcheck":{"Test":["NONE"]}}}`:                            false,
	} {
		b := &Builder{
			Store: kept, Log: func(string, ...any) {},
			Pull: func(context.Context, string, v1.Platform) (v1.Image, error) {
				return imageThatSays{empty.Image, config}, nil
			},
		}
		_, err := b.Build(t.Context(), Options{Context: dir})
		if needs := (*NeedsDocker)(nil); errors.As(err, &needs) != want || !want && err != nil {
			t.Errorf("%s: %v", config, err)
		}
	}
}
