package dockerfile

import (
	"slices"
	"strings"
	"testing"
)

func TestStart(t *testing.T) {
	t.Parallel()
	const (
		noEntryPoint = "the Dockerfile has CMD but no ENTRYPOINT, which FROM a may bring"
		otherReader  = "the directive syntax, or the build argument BUILDKIT_SYNTAX, names another program than Docker's to read the Dockerfile"
	)
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		args       map[string]string
		entryPoint []string
		cmd        []string
		unknown    string // instead of both
	}{
		{name: "an entry point in exec form", dockerfile: "FROM a\nENTRYPOINT [\"/server\", \"--a b\"]\n", entryPoint: []string{"/server", "--a b"}},
		{name: "with a command", dockerfile: "FROM a\nENTRYPOINT [\"/server\"]\nCMD [\"-v\"]\n", entryPoint: []string{"/server"}, cmd: []string{"-v"}},
		{name: "with a command before it", dockerfile: "FROM a\nCMD [\"-v\"]\nENTRYPOINT [\"/server\"]\n", entryPoint: []string{"/server"}, cmd: []string{"-v"}},
		{name: "nothing", dockerfile: "FROM scratch\n"},
		{name: "a command of scratch", dockerfile: "FROM scratch\nCMD [\"/server\"]\n", cmd: []string{"/server"}},
		{name: "in shell form", dockerfile: "FROM scratch\nCMD node   server.js \\\n  --port $PORT && \"true\"\n",
			cmd: []string{"/bin/sh", "-c", "node   server.js   --port $PORT && \"true\""}},
		{name: "in shell form, with another shell", dockerfile: "FROM a\nSHELL [\"/bin/bash\", \"-euc\"]\nENTRYPOINT exec server\n",
			entryPoint: []string{"/bin/bash", "-euc", "exec server"}},
		{name: "a shell that comes later", dockerfile: "FROM scratch\nCMD a\nSHELL [\"/b\"]\n", cmd: []string{"/bin/sh", "-c", "a"}},
		{name: "a shell of the stage before", dockerfile: "FROM a AS base\nSHELL [\"/b\"]\nFROM base\nENTRYPOINT x\n", entryPoint: []string{"/b", "x"}},
		{name: "what is almost JSON", dockerfile: "FROM scratch\nCMD ['node', 'server.js']\n", cmd: []string{"/bin/sh", "-c", "['node', 'server.js']"}},
		{name: "no variables", dockerfile: "FROM scratch\nARG A=1\nENV B=2\nENTRYPOINT [\"$A\", \"${B}\"]\nCMD $A \\$B\n",
			entryPoint: []string{"$A", "${B}"}, cmd: []string{"/bin/sh", "-c", "$A \\$B"}},
		{name: "an empty entry point", dockerfile: "FROM a\nENTRYPOINT []\nCMD [\"/server\"]\n", cmd: []string{"/server"}},
		{name: "an empty command", dockerfile: "FROM a\nENTRYPOINT [\"/server\"]\nCMD []\n", entryPoint: []string{"/server"}},
		{name: "the last ones", dockerfile: "FROM a\nENTRYPOINT [\"/a\"]\nCMD [\"b\"]\nentrypoint [\"/c\"]\ncmd [\"d\"]\n", entryPoint: []string{"/c"}, cmd: []string{"d"}},
		{name: "of the stage before", dockerfile: "FROM a AS base\nENTRYPOINT [\"/a\"]\nCMD [\"b\"]\nFROM base\n", entryPoint: []string{"/a"}, cmd: []string{"b"}},
		{name: "a command for the entry point of the stage before", dockerfile: "FROM a AS base\nENTRYPOINT [\"/a\"]\nCMD [\"b\"]\nFROM base\nCMD [\"c\"]\n",
			entryPoint: []string{"/a"}, cmd: []string{"c"}},
		{name: "an entry point, which drops the command of the stage before", dockerfile: "FROM a AS base\nENTRYPOINT [\"/a\"]\nCMD [\"b\"]\nFROM base\nENTRYPOINT [\"/c\"]\n",
			entryPoint: []string{"/c"}},
		{name: "an entry point, which drops the command of the base image", dockerfile: "FROM a\nENTRYPOINT [\"/c\"]\n", entryPoint: []string{"/c"}},
		{name: "not of another stage", dockerfile: "FROM a AS build\nENTRYPOINT [\"/a\"]\nFROM scratch\nCMD [\"b\"]\n", cmd: []string{"b"}},
		{name: "of the target", dockerfile: "FROM a AS web\nENTRYPOINT [\"/a\"]\nFROM web\nENTRYPOINT [\"/b\"]\n", target: "web", entryPoint: []string{"/a"}},
		{name: "of a stage that an argument names", dockerfile: "ARG S=one\nFROM a AS one\nENTRYPOINT [\"/1\"]\nFROM a AS two\nENTRYPOINT [\"/2\"]\nFROM $S\n",
			args: map[string]string{"S": "two"}, entryPoint: []string{"/2"}},
		{name: "of a stage for the image's architecture", dockerfile: "FROM scratch AS b-amd64\nCMD [\"/a\"]\nFROM b-${TARGETARCH}\n", cmd: []string{"/a"}},
		{name: "of a stage named in quotes", dockerfile: "ARG V='b'\nFROM scratch AS b\nCMD [\"/a\"]\nFROM \"$V\"\n", cmd: []string{"/a"}},
		{name: "of a stage chosen by an argument", dockerfile: "ARG V\nFROM scratch AS b\nFROM b AS b-x\nCMD [\"/a\"]\nFROM b${V:+-x}\n",
			args: map[string]string{"V": "1"}, cmd: []string{"/a"}},
		{name: "by ONBUILD", dockerfile: "FROM a AS base\nONBUILD ENTRYPOINT [\"/a\"]\nONBUILD CMD b c\nFROM base\nSHELL [\"/s\"]\nENTRYPOINT [\"/d\"]\n",
			unknown: "CMD in line 3 is in shell form, and FROM a may bring a SHELL"},
		{name: "by ONBUILD of the stage before only", dockerfile: "FROM scratch AS base\nONBUILD CMD [\"b\"]\nFROM base AS more\nENTRYPOINT [\"/a\"]\nFROM more\nENTRYPOINT [\"/c\"]\n",
			entryPoint: []string{"/c"}},
		{name: "an ONBUILD of its own", dockerfile: "FROM scratch\nONBUILD CMD [\"b\"]\n"},
		{name: "a health check's command", dockerfile: "FROM scratch\nHEALTHCHECK CMD x\n"},
		{name: "with escape`", dockerfile: "# escape=`\nFROM a\nENTRYPOINT [ `\n \"C:\\\\a\" ]\n", entryPoint: []string{"C:\\a"}},

		{name: "neither", dockerfile: "FROM a:1\nRUN x\n", unknown: "the Dockerfile has neither ENTRYPOINT nor CMD, which FROM a:1 may bring"},
		{name: "no entry point", dockerfile: "FROM a\nCMD [\"b\"]\n", unknown: noEntryPoint},
		{name: "no entry point in the stages", dockerfile: "FROM a AS base\nCMD [\"b\"]\nFROM base\n", unknown: noEntryPoint},
		{name: "no entry point, and a shell form", dockerfile: "FROM a\nCMD b\n",
			unknown: noEntryPoint + "; CMD in line 2 is in shell form, and FROM a may bring a SHELL"},
		{name: "a shell form", dockerfile: "FROM a\nENTRYPOINT b\n", unknown: "ENTRYPOINT in line 2 is in shell form, and FROM a may bring a SHELL"},
		{name: "an image that an argument names", dockerfile: "ARG V=1\nFROM a:$V\nCMD [\"b\"]\n", args: map[string]string{"V": "2"},
			unknown: "the Dockerfile has CMD but no ENTRYPOINT, which FROM a:2 may bring"},
		{name: "an image or a stage that nobody knows", dockerfile: "FROM scratch AS b\nFROM b${BUILDARCH}\n",
			unknown: "the Dockerfile has neither ENTRYPOINT nor CMD, which FROM b${BUILDARCH} may bring"},
		{name: "a command that ONBUILD of nobody knows which stage may bring", dockerfile: "FROM scratch AS b\nFROM b${BUILDARCH}\nENTRYPOINT [\"/a\"]\n",
			unknown: "the Dockerfile has ENTRYPOINT but no CMD, which FROM b${BUILDARCH} may bring"},
		{name: "a list of other things", dockerfile: "FROM a\nENTRYPOINT [\"/a\", 1]\n", unknown: "line 2 (ENTRYPOINT [\"/a\", 1]) is not what Docker reads"},
		{name: "a flag", dockerfile: "FROM a\nENTRYPOINT --x [\"/a\"]\n", unknown: "line 2 (ENTRYPOINT --x [\"/a\"]) is not what Docker reads"},
		{name: "a shell in shell form", dockerfile: "FROM a\nSHELL bash\n", unknown: "line 2 (SHELL bash) is not what Docker reads"},
		{name: "another reader", dockerfile: "# syntax=example.com/x\nFROM scratch\nCMD [\"b\"]\n", unknown: otherReader},
		{name: "another reader by an argument", dockerfile: "FROM scratch\nCMD [\"b\"]\n", args: map[string]string{"BUILDKIT_SYNTAX": "example.com/x"}, unknown: otherReader},
		{name: "Docker's own reader", dockerfile: "# syntax=docker/dockerfile:1\nFROM scratch\nCMD [\"b\"]\n", cmd: []string{"b"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			f, err := Parse(test.dockerfile)
			if err != nil {
				t.Fatal(err)
			}
			f.Platform = "linux/amd64"
			index, err := f.Pick(test.target)
			if err != nil {
				t.Fatal(err)
			}
			got := f.Start(index, test.args)
			if !slices.Equal(got.EntryPoint, test.entryPoint) || !slices.Equal(got.Cmd, test.cmd) || got.Unknown != test.unknown {
				t.Errorf("got %q, %q, %q\nwant %q, %q, %q", got.EntryPoint, got.Cmd, got.Unknown, test.entryPoint, test.cmd, test.unknown)
			}
			if (got.Fix != "") != (test.unknown != "") || strings.Contains(got.Fix, "\n") {
				t.Errorf("got the advice %q", got.Fix)
			}
		})
	}
}
