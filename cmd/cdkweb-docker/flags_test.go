package main

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestBuildFlags(t *testing.T) {
	t.Parallel()
	// What aws-cdk 2.1148.1 passes when an asset has every option.
	all := []string{"build", "--build-arg", "A=b=c", "--build-arg", "EMPTY=", "--build-context", "other=../other",
		"--secret", "id=x,src=/y", "--ssh", "default", "--tag", "cdkasset-1", "--target", "web", "--file", "sub/File",
		"--network", "host", "--platform", "linux/arm64", "--cache-from", "type=registry,ref=a",
		"--cache-to", "type=inline", "--no-cache", "."}
	got, err := parseBuild(all[1:])
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got.Args, map[string]string{"A": "b=c", "EMPTY": ""}) || got.Contexts["other"] != "../other" ||
		!slices.Equal(got.tags, []string{"index.docker.io/library/cdkasset-1:latest"}) || got.Target != "web" ||
		got.Dockerfile != "sub/File" || got.Platform.String() != "linux/arm64" || got.Context != "." || got.docker != "" {
		t.Errorf("got %+v", got)
	}
	for _, test := range []struct {
		args string
		want func(f buildFlags) bool
	}{
		{"-qt a .", func(f buildFlags) bool { return f.quiet && len(f.tags) == 1 }},
		{"-ta -t=b . --quiet=false", func(f buildFlags) bool { return !f.quiet && len(f.tags) == 2 }},
		{"--output=type=local,dest=x .", func(f buildFlags) bool { return f.docker == "the flag --output" }},
		{"-o x .", func(f buildFlags) bool { return f.docker == "the flag --output" }},
		{"--push .", func(f buildFlags) bool { return f.docker == "the flag --push" }},
		{"--platform linux/amd64,linux/arm64 .", func(f buildFlags) bool { return f.docker != "" }},
		{"--label a --label b=c=d -- -x", func(f buildFlags) bool { return f.Context == "-x" && f.Labels["b"] == "c=d" }},
	} {
		f, err := parseBuild(strings.Fields(test.args))
		if err != nil || !test.want(f) {
			t.Errorf("%s: got %+v, %v", test.args, f, err)
		}
	}
}

func FuzzBuildFlags(f *testing.F) {
	f.Add("--tag\x00a\x00.")
	f.Add("-qt\x00a\x00--platform=linux\x00--build-arg\x00A\x00--\x00x")
	f.Add("--label=a=b\x00-o\x00x\x00-f-\x00-")
	f.Fuzz(func(t *testing.T, joined string) {
		got, err := parseBuild(strings.Split(joined, "\x00"))
		if err != nil {
			if usage := (usageError{}); !errors.As(err, &usage) {
				t.Errorf("%q is %v, and not a mistake in the flags", joined, err)
			}
			return
		}
		if !got.help && got.Context == "" && !slices.Contains(strings.Split(joined, "\x00"), "") {
			t.Errorf("%q has no folder", joined)
		}
	})
}

func TestCacheSizeText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 5e9, "1": 1, "10 MB": 1e7, "2gb": 2e9, "3KB": 3000, "1TB": 1e12} {
		if got, err := cacheSize(text); got != want || err != nil {
			t.Errorf("%q is %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"-1", "1.5GB", "GB", "x", "1e9", "99999999999999999999", "9000000000GB"} {
		if got, err := cacheSize(text); err == nil {
			t.Errorf("%q is %d", text, got)
		}
	}
}
