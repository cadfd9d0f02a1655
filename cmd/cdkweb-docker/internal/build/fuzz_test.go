package build

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// FuzzDockerfile builds whatever it is given, or says in an error why not. What it builds is whole,
// and the same a second time.
func FuzzDockerfile(f *testing.F) {
	seeds, err := filepath.Glob("../../testdata/*/Dockerfile")
	if err != nil || len(seeds) == 0 {
		f.Fatal(seeds, err)
	}
	for _, seed := range seeds {
		content, err := os.ReadFile(seed)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Add("FROM scratch AS a\nFROM a AS a\nCOPY --from=a a a\nCOPY --from=0 / /\n")
	f.Add("FROM scratch\nCOPY ../../etc/passwd /../../x\nWORKDIR ${X:?y}\nEXPOSE 1-65535\n")
	f.Add("FROM scratch\nCOPY link /l\nCOPY x /l/../y\nCOPY loop /loop/x\nADD x /l\n")
	context1 := f.TempDir()
	for name, content := range map[string]string{"x": "x", "dir/a": "a", "dir/b": "b"} {
		file := filepath.Join(context1, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(content), 0o644)); err != nil {
			f.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("loop", filepath.Join(context1, "loop")), os.Symlink("/dir/../..", filepath.Join(context1, "link"))); err != nil {
		f.Fatal(err)
	}
	opened, err := store.Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { opened.Close() })
	errNone := errors.New("there is no registry")
	f.Fuzz(func(t *testing.T, dockerfile string) {
		if strings.Count(dockerfile, "-") > 50 || len(dockerfile) > 10_000 { // EXPOSE of ranges, again and again
			t.Skip()
		}
		file := filepath.Join(t.TempDir(), "Dockerfile")
		if err := os.WriteFile(file, []byte(dockerfile), 0o644); err != nil {
			t.Fatal(err)
		}
		b := &Builder{
			Store: opened, Log: func(string, ...any) {},
			Pull: func(context.Context, string, v1.Platform) (v1.Image, error) { return nil, errNone },
		}
		options := Options{Context: context1, Dockerfile: file, Args: map[string]string{"ARG": "value"}}
		first, err := b.Build(t.Context(), options)
		second, err2 := b.Build(t.Context(), options)
		if (err == nil) != (err2 == nil) {
			t.Fatalf("first %v, then %v", err, err2)
		}
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without words")
			}
			return
		}
		if first.Digest != second.Digest {
			t.Errorf("the digest is %s, and then %s", first.Digest, second.Digest)
		}
		if err := opened.Tag("example.com/fuzzed:latest", first.Descriptor); err != nil {
			t.Fatal(err)
		}
		if _, whole, err := opened.Find("example.com/fuzzed:latest"); !whole || err != nil {
			t.Errorf("the image is whole: %v, %v", whole, err)
		}
	})
}

func TestParsePlatform(t *testing.T) {
	for text, want := range map[string]string{
		"linux": "linux/" + runtime.GOARCH, "amd64": "linux/amd64", "x86_64": "linux/amd64", "Linux/aarch64/v8": "linux/arm64",
		"linux/arm/v7": "linux/arm/v7", "linux/foo": "linux/foo", "foo": "", "windows": "", "windows/amd64": "", "linux/": "", "": "",
	} {
		got, err := ParsePlatform(text)
		if err == nil && got.String() != want || err != nil && want != "" {
			t.Errorf("%q is %q, %v, want %q", text, got, err, want)
		}
	}
}

func FuzzPlatform(f *testing.F) {
	for _, text := range []string{"linux/amd64", "linux", "arm64", "linux/arm64/v8", "linux/arm/v7", "x/y/z/u", "", "linux/"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		platform, err := ParsePlatform(text)
		if err != nil {
			return
		}
		again, err := ParsePlatform(platform.String())
		if err != nil || again.String() != platform.String() {
			t.Errorf("%q is %s, and that is %s: %v", text, platform, again, err)
		}
	})
}

func FuzzPorts(f *testing.F) {
	for _, text := range []string{"80", "53/udp", "8000-8010/TCP", "127.0.0.1:80:8080", "1-65535", "[::1]:1:2", ":", "-"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ports, err := parsePorts(text)
		if (err == nil) != (len(ports) > 0) {
			t.Errorf("%q is %q, %v", text, ports, err)
		}
		for _, port := range ports {
			if again, err := parsePorts(port); err != nil || len(again) != 1 || again[0] != port {
				t.Errorf("%q holds %q, which is %q: %v", text, port, again, err)
			}
		}
	})
}
