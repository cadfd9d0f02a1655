package dockerfile

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const extensions = "/opt/extensions"

func TestWriter(t *testing.T) {
	t.Parallel()
	context := t.TempDir()
	for _, file := range []string{"layer/opt/extensions/ext", "ext/extensions/ext", "opt/bin/tool", "server"} {
		if err := os.MkdirAll(filepath.Join(context, filepath.Dir(file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(context, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		args       map[string]string
		want       string // the start of the instruction that writes; empty if none does
	}{
		{name: "a file from an image", dockerfile: "FROM node:24\nCOPY --from=example.com/adapter:1 /adapter /opt/extensions/adapter\n", want: "COPY --from=example.com/adapter:1"},
		{name: "into the folder", dockerfile: "FROM node:24\nCOPY --from=example.com/adapter:1 /adapter /opt/extensions/\n", want: "COPY"},
		{name: "lower case, over two lines", dockerfile: "FROM node:24\ncopy --from=example.com/adapter:1 \\\n  /adapter \\\n  /opt/extensions/adapter\n", want: "copy"},
		{name: "as a list", dockerfile: "FROM node:24\nCOPY [\"adapter\", \"/opt/extensions/adapter\"]\n", want: "COPY"},
		{name: "in quotes", dockerfile: "FROM node:24\nCOPY adapter \"/opt/extensions/adapter\"\n", want: "COPY"},
		{name: "ADD of an address", dockerfile: "FROM node:24\nADD https://example.com/adapter /opt/extensions/adapter\n", want: "ADD"},
		{name: "with owner and mode", dockerfile: "FROM node:24\nCOPY --chown=1:1 --chmod=755 --from=example.com/adapter /adapter /opt/extensions/adapter\n", want: "COPY"},
		{name: "from a stage that is an alias of an image", dockerfile: "FROM example.com/adapter:1 AS adapter\nFROM node:24\nCOPY --from=adapter /adapter /opt/extensions/adapter\n", want: "COPY"},
		{name: "for a platform", dockerfile: "ARG P=linux/amd64\nFROM --platform=$P node:24\nCOPY --from=example.com/adapter:1-x86_64 /adapter /opt/extensions/adapter\n", want: "COPY"},
		{name: "in a stage that the built one is made from", dockerfile: "FROM node:24 AS base\nCOPY adapter /opt/extensions/adapter\nFROM base AS build\nRUN x\nFROM build\nCOPY a /a\n", want: "COPY adapter"},
		{name: "by an ONBUILD of it", dockerfile: "FROM node:24 AS base\nONBUILD COPY adapter /opt/extensions/adapter\nFROM base\n", want: "ONBUILD COPY"},
		{name: "in the target", dockerfile: "FROM node:24 AS web\nCOPY adapter /opt/extensions/adapter\nFROM web AS test\n", target: "web", want: "COPY"},
		{name: "relative to WORKDIR", dockerfile: "FROM node:24\nWORKDIR /opt\nCOPY adapter extensions/adapter\n", want: "COPY"},
		{name: "relative to WORKDIRs", dockerfile: "FROM node:24\nWORKDIR /opt\nWORKDIR extensions\nCOPY adapter .\n", want: "COPY"},
		{name: "relative to the root", dockerfile: "FROM node:24\nCOPY adapter opt/extensions/\n", want: "COPY"},
		{name: "around a corner", dockerfile: "FROM node:24\nWORKDIR /app\nCOPY adapter ../opt/./extensions/adapter\n", want: "COPY"},
		{name: "through a variable", dockerfile: "FROM node:24\nENV DIR=/opt/extensions\nCOPY adapter $DIR/adapter\n", want: "COPY"},
		{name: "through an argument", dockerfile: "ARG DIR=/opt\nFROM node:24\nARG DIR\nCOPY adapter ${DIR}/extensions/adapter\n", want: "COPY"},
		{name: "through an argument of the build", dockerfile: "FROM node:24\nARG DIR=/tmp\nCOPY adapter ${DIR}/adapter\n", args: map[string]string{"DIR": "/opt/extensions"}, want: "COPY"},
		{name: "through a default", dockerfile: "FROM node:24\nCOPY adapter ${DIR:-/opt/extensions}/adapter\n", want: "COPY"},
		{name: "a here-document", dockerfile: "FROM node:24\nCOPY <<EOF /opt/extensions/adapter\nx\nEOF\n", want: "COPY"},
		{name: "a download", dockerfile: "FROM node:24\nRUN curl -o /opt/extensions/adapter https://example.com/adapter && chmod +x /opt/extensions/adapter\n", want: "RUN curl"},
		{name: "a download over lines", dockerfile: "FROM node:24\nRUN set -e; \\\n  # the adapter\n  curl -o /opt/extensions/adapter https://example.com/adapter\n", want: "RUN set"},
		{name: "a download in a here-document", dockerfile: "FROM node:24\nRUN <<EOF\ncurl -o /opt/extensions/adapter https://example.com/adapter\nEOF\n", want: "RUN"},
		{name: "a download in the folder", dockerfile: "FROM node:24\nWORKDIR /opt/extensions\nRUN curl -O https://example.com/adapter\n", want: "RUN curl"},
		{name: "as a list", dockerfile: "FROM node:24\nRUN [\"cp\", \"/adapter\", \"/opt/extensions/adapter\"]\n", want: "RUN"},
		{name: "a folder above it from a stage that fills it", dockerfile: "FROM a AS layer\nCOPY adapter /opt/extensions/adapter\nFROM b\nCOPY --from=layer /opt /opt\n", want: "COPY --from=layer"},
		{name: "from a numbered stage that fills another place", dockerfile: "FROM a\nRUN cp adapter /out/opt/extensions/\nFROM b\nCOPY --from=0 /out/ /\n", want: "COPY --from=0"},
		{name: "a folder above it from the context", dockerfile: "FROM a\nCOPY layer /\n", want: "COPY layer"},
		{name: "a folder right above it", dockerfile: "FROM a\nCOPY ext /opt/\n", want: "COPY ext"},

		{name: "nothing of it", dockerfile: "FROM node:24\nWORKDIR /app\nCOPY . .\nRUN npm ci\n"},
		{name: "another folder with such a start", dockerfile: "FROM node:24\nCOPY a /opt/extensions-of-mine/a\nCOPY b /opt/ext\n"},
		{name: "another stage", dockerfile: "FROM a AS lambda\nCOPY adapter /opt/extensions/adapter\nFROM a\nCOPY --from=lambda /app /app\n"},
		{name: "a stage after the target", dockerfile: "FROM a AS web\nFROM web AS lambda\nCOPY adapter /opt/extensions/adapter\n", target: "web"},
		{name: "what is left of an image's /opt", dockerfile: "FROM a\nCOPY --from=example.com/tools /opt/. /opt/\n"},
		{name: "what removes it", dockerfile: "FROM a\nRUN apk add x && rm -rf /opt/extensions/*\n"},
		{name: "a comment", dockerfile: "FROM a\n# COPY --from=x /adapter /opt/extensions/adapter\nCOPY a /a\n"},
		{name: "a folder of the context without it", dockerfile: "FROM a\nCOPY opt /opt\n"},
		{name: "an ONBUILD of its own", dockerfile: "FROM a\nONBUILD COPY adapter /opt/extensions/adapter\n"},
		{name: "a mount of it", dockerfile: "FROM a\nRUN --mount=type=bind,target=/opt/extensions true\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := Parse(test.dockerfile)
			if err != nil {
				t.Fatal(err)
			}
			index, err := f.Pick(test.target)
			if err != nil {
				t.Fatal(err)
			}
			got, found := f.Writer(index, extensions, test.args, context)
			if found != (test.want != "") || !strings.HasPrefix(got.Text, test.want) {
				t.Errorf("got %q, %v; want %q", got.Text, found, test.want)
			}
		})
	}
}

func TestExposed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		args       map[string]string
		want       []int
	}{
		{name: "none", dockerfile: "FROM a\n"},
		{name: "one", dockerfile: "FROM a\nEXPOSE 8080\n", want: []int{8080}},
		{name: "several, one twice", dockerfile: "FROM a\nEXPOSE 80/tcp 443\nEXPOSE 80\n", want: []int{80, 443}},
		{name: "not UDP", dockerfile: "FROM a\nEXPOSE 53/udp 53/TCP\n", want: []int{53}},
		{name: "of the stage before too", dockerfile: "FROM a AS base\nEXPOSE 80\nFROM base\nEXPOSE 8080\n", want: []int{80, 8080}},
		{name: "not of another stage", dockerfile: "FROM a AS build\nEXPOSE 80\nFROM a\nEXPOSE 8080\n", want: []int{8080}},
		{name: "of the target", dockerfile: "FROM a AS web\nEXPOSE 80\nFROM a\nEXPOSE 8080\n", target: "web", want: []int{80}},
		{name: "through a variable", dockerfile: "FROM a\nENV PORT=8080\nEXPOSE $PORT\n", want: []int{8080}},
		{name: "through a variable, as it was written once", dockerfile: "FROM a\nENV PORT 8080\nEXPOSE ${PORT}\n", want: []int{8080}},
		{name: "through an argument", dockerfile: "FROM a\nARG PORT=80\nEXPOSE $PORT\n", args: map[string]string{"PORT": "81"}, want: []int{81}},
		{name: "a variable of the image", dockerfile: "FROM a\nEXPOSE 80 $PORT\n"},
		{name: "a range", dockerfile: "FROM a\nEXPOSE 80 8000-8010\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := Parse(test.dockerfile)
			if err != nil {
				t.Fatal(err)
			}
			index, err := f.Pick(test.target)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Exposed(index, test.args); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
