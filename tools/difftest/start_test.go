package difftest

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerui"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/cdkweb/cdkweb/internal/dockerfile"
)

// registry is one in which all images have the same configuration.
type registry struct{ entryPoint, cmd, shell []string }

// The images of two registries, of which the one brings nothing and the other all that it can.
var registries = []registry{{}, {[]string{"/base"}, []string{"base"}, []string{"/base/sh"}}}

func (r registry) ResolveImageConfig(_ context.Context, name string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	var image dockerspec.DockerOCIImage
	image.OS, image.Architecture = "linux", "amd64"
	image.Config.Entrypoint, image.Config.Cmd, image.Config.Shell = r.entryPoint, r.cmd, r.shell
	content, err := json.Marshal(image)
	return name, digest.FromBytes(content), content, err
}

// started is what an image starts.
type started struct{ entryPoint, cmd []string }

func (s started) equal(other started) bool {
	return slices.Equal(s.entryPoint, other.entryPoint) && slices.Equal(s.cmd, other.cmd)
}

// startedByBuildKit returns what the image starts that BuildKit makes of a Dockerfile.
func startedByBuildKit(t *testing.T, r registry, content, target string, args map[string]string) (started, error) {
	result, err := dockerfile2llb.Dockerfile2LLB(t.Context(), []byte(content), dockerfile2llb.ConvertOpt{
		Config:         dockerui.Config{Target: target, BuildArgs: maps.Clone(args)},
		TargetPlatform: &ocispecs.Platform{OS: "linux", Architecture: "amd64"},
		MetaResolver:   r,
	})
	if err != nil {
		return started{}, err
	}
	return started{result.Image.Config.Entrypoint, result.Image.Config.Cmd}, nil
}

// notRead is what we do not try to know in FROM.
var notRead = regexp.MustCompile(`FROM .*(\$TARGETSTAGE|\$\{V#x\})`)

// Where it does not depend on the base images, both say the same; where it does, we say so.
func TestRandomStarts(t *testing.T) {
	r := source(t)
	n, read, known := count(t, 20_000), 0, 0
	for range n {
		content, target, args := randomStages(r)
		var want []started
		var err error
		for _, registry := range registries {
			var s started
			if s, err = startedByBuildKit(t, registry, content, target, args); err != nil {
				break
			}
			want = append(want, s)
		}
		if err != nil {
			continue // Docker does not build it
		}
		read++
		file, err := dockerfile.Parse(content)
		if err != nil {
			t.Fatalf("%q\nBuildKit reads it; got %v", content, err)
		}
		file.Platform = "linux/amd64"
		index, err := file.Pick(target)
		if err != nil {
			t.Fatalf("%q\ntarget %q: %v", content, target, err)
		}
		got := file.Start(index, args)
		switch same := want[0].equal(want[1]); {
		case same && got.Unknown != "" && !notRead.MatchString(content):
			t.Fatalf("%q\ntarget %q, arguments %q: got %q, want %q", content, target, args, got.Unknown, want[0])
		case !same && got.Unknown == "":
			t.Fatalf("%q\ntarget %q, arguments %q: got %q, want it to depend on the base image: %q", content, target, args, got, want)
		case same && got.Unknown == "" && !want[0].equal(started{got.EntryPoint, got.Cmd}):
			t.Fatalf("%q\ntarget %q, arguments %q: got %q, want %q", content, target, args, got, want[0])
		case same && got.Unknown == "":
			known++
		}
	}
	t.Logf("%d of %d random Dockerfiles are built by BuildKit; what %d of them start is known", read, n, known)
	if read < n/10 || known < read/10 {
		t.Errorf("only %d of %d random Dockerfiles are built by BuildKit, and only %d known", read, n, known)
	}
}

// randomStages makes a Dockerfile of stages that say what to start, or leave it to others.
func randomStages(r *rand.Rand) (content, target string, args map[string]string) {
	var b strings.Builder
	if r.IntN(4) == 0 {
		b.WriteString(pick(r, "# escape=`\n", "# escape=\\\n", "# syntax=docker/dockerfile:1\n", "\ufeff"))
	}
	args = map[string]string{}
	for r.IntN(2) == 0 {
		b.WriteString("ARG " + pick(r, "V", "V=one", "V=two", `V="one"`, "V='two'", "W=$V", "W=${V:-two}", "TARGETARCH", "TARGETARCH=one", "V=one W=two", `W=\$V`, `W='$V'`) + "\n")
		if r.IntN(3) == 0 {
			args[pick(r, "V", "W", "TARGETARCH")] = pick(r, "one", "two", "", "three")
		}
	}
	names := []string{"one", "two", "Two", "three", "b-amd64", "b-linux"}
	for range 1 + r.IntN(4) {
		b.WriteString("FROM " + pick(r, "scratch", "scratch", "scratch", "image", "image", "image", "one", "one", "one", "two", "two", "three", "$V", "${W}", "${V:-one}", "${V-two}", "${V:+one}", "${V+two}",
			"one$X", `"one"`, "o${V:+ne}", "${V:-$W}", "${V#x}", "Two", "b-$TARGETARCH", "b-${TARGETOS}", "${TARGETVARIANT:-one}", "$TARGETSTAGE", `on\e`))
		if r.IntN(2) == 0 {
			b.WriteString(" AS " + pick(r, names...))
		}
		b.WriteString("\n")
		for range r.IntN(5) {
			b.WriteString(pick(r, "", "", "", "ONBUILD ", "onbuild\t") + pick(r,
				"CMD", "CMD", "CMD", "ENTRYPOINT", "ENTRYPOINT", "ENTRYPOINT", "entrypoint", "SHELL", "ENV A=b", "ARG V=two", "HEALTHCHECK CMD", "LABEL a=b", "cmd", "#", "RUN") +
				pick(r, " ", " ", " ", "  ", "\t", " \\\n", "") + randomCommand(r) + pick(r, "\n", "\n", "\n", "\r\n", " \n"))
		}
	}
	if r.IntN(4) == 0 {
		target = pick(r, names...)
	}
	return b.String(), target, args
}

func randomCommand(r *rand.Rand) string {
	if r.IntN(3) > 0 {
		return pick(r, `["a"]`, `["b"]`, `["c"]`, `["a", "b c"]`, `[]`, `[ ]`, `["$A", "${V}"]`, `['a']`, `["a",]`, `["a"] b`, `["a", 1]`, `[null]`, `["a" , "\u00e9\n"]`, `["a", `+"\\\n"+` "b"]`,
			`[""]`, "[\t\"a\"\t]", `["a\d"]`, `["é"]`, "[\"\\ud800\"]", "[\"\xff\"]", `["a", ["b"]]`, ` ["a"]`, "\u00a0[\"a\"]", `[`)
	}
	return "x" + join(r, 5, "", func() string {
		return pick(r, "a", " ", " b ", "$A", "${V}", `"b c"`, "'d'", "\\\n", "\\\n# x\n", "\\", "`", "`\n", "\\\\\n", "--x", "-- ", "--x=y ", "é", "\t", "<<E", "  ", "&& c", "[", "]", "\u00a0")
	})
}
