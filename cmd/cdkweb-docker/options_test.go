package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestBuildContextIgnored hides from a named context what its own .dockerignore says, as BuildKit
// does.
func TestBuildContextIgnored(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	other := files(t, map[string]string{".dockerignore": "secret\n**/*.log\n!keep.log\n", "secret": "s", "sub/x.log": "x", "keep.log": "k", "a": "a"})
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=other . /\n"})
	m.must("build", "--tag", "app", "--build-context", "other="+other, dir)
	got := contents(t, saved(t, m, "app"))
	for name, want := range map[string]bool{"a": true, "keep.log": true, "secret": false, "sub/x.log": false, ".dockerignore": true} {
		if (got[name] != "") != want {
			t.Errorf("the image has %s: %v, want %v", name, got[name] != "", want)
		}
	}
	broken := files(t, map[string]string{".dockerignore": "[", "a": "a"})
	m.fails(1, filepath.Join(broken, ".dockerignore"), "build", "--build-context", "other="+broken, dir)
	m.fails(1, "other="+filepath.Join(dir, "none")+": a named context must be a folder, or docker-image:// and an image",
		"build", "--build-context", "other="+filepath.Join(dir, "none"), dir)
}

// TestFlagsThatChangeImages wants each flag that would change the image to be carried out, or to go
// to docker with a reason.
func TestFlagsThatChangeImages(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{"Dockerfile": "FROM scratch\nARG SOURCE_DATE_EPOCH\nLABEL at=$SOURCE_DATE_EPOCH\nCOPY Dockerfile /\n"})
	from := files(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY --from=other . /\n"})
	plain := m.must("build", "--quiet", dir)
	same := []string{
		"--output=type=docker", "--output type=image", "-o type=docker", "--load", "--provenance=false", "--sbom=false", "--sbom false",
		"--network host", "--no-cache", "--pull", "--cache-from type=registry,ref=example.com/x", "--cache-to type=gha,mode=max",
		"--ssh default", "--secret id=a,src=/none", "--build-arg BUILDKIT_MULTI_PLATFORM=0", "--build-arg BUILDKIT_INLINE_CACHE=1",
		"--add-host a:127.0.0.1", "--ulimit nofile=1", "--shm-size 1m",
	}
	if got := m.must(slices.Concat([]string{"build", "--quiet"}, strings.Fields(strings.Join(same, " ")), []string{dir})...); got != plain {
		t.Errorf("%q made %s, want %s as without", same, got, plain)
	}
	for flags, why := range map[string]string{
		"--output=type=local,dest=x":         "the flag --output",
		"--output type=docker,dest=x.tar":    "the flag --output",
		"--output=out":                       "the flag --output",
		"--provenance=mode=max":              "the flag --provenance",
		"--provenance true":                  "the flag --provenance",
		"--sbom=true":                        "the flag --sbom",
		"--attest type=sbom":                 "the flag --attest",
		"--annotation a=b":                   "the flag --annotation",
		"--platform linux/amd64,linux/arm64": "the flag --platform with several platforms",
	} {
		if parsed, err := parseBuild(append(strings.Fields(flags), dir)); parsed.docker != why || err != nil {
			t.Errorf("%s goes to docker for %q, %v; want %q", flags, parsed.docker, err, why)
		}
	}
	m.fails(1, "this build needs Docker, and there is no docker in PATH: the flag --sbom asks for it", "build", "--sbom=true", dir)
	m.fails(1, "BUILDKIT_MULTI_PLATFORM asks for an image of several platforms", "build", "--build-arg", "BUILDKIT_MULTI_PLATFORM=1", dir)
	for _, elsewhere := range []string{"git@example.com:a/b.git", "https://example.com/a.git", "oci-layout:///x@sha256:1", "target:a"} {
		m.fails(1, "this build needs Docker, and there is no docker in PATH: the build context other="+elsewhere+" lies elsewhere",
			"build", "--build-context", "other="+elsewhere, from)
	}
	got := m.call("", "build", "--quiet", "--build-arg", "SOURCE_DATE_EPOCH=1000", dir)
	if want := "cdkweb-docker: SOURCE_DATE_EPOCH changes no times; all that a build makes is of 1980-01-01\n"; got.status != 0 || got.stderr != want {
		t.Errorf("with SOURCE_DATE_EPOCH: %+v, want %q", got, want)
	}
	if at := m.must("inspect", "--format", "{{.Config.Labels.at}} {{.Created}}", strings.TrimSpace(got.stdout)); at != "1000 1980-01-01T00:00:00Z" {
		t.Errorf("the image is of %q", at)
	}
}
