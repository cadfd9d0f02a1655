package webimage

import (
	"strings"
	"testing"
)

func TestExtendStage(t *testing.T) {
	t.Parallel()
	const added = "ADD it /"
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		want       string
	}{
		{"one stage", "FROM scratch\nCOPY a /\n", "", "FROM scratch\nCOPY a /\nADD it /\n"},
		{"no newline at the end", "FROM scratch\nCMD [\"/a\"]", "", "FROM scratch\nCMD [\"/a\"]\nADD it /\n"},
		{"only FROM", "FROM scratch", "", "FROM scratch\nADD it /\n"},
		{"the last of two", "FROM a AS build\nRUN x\nFROM scratch\nCOPY --from=build x /\n", "",
			"FROM a AS build\nRUN x\nFROM scratch\nCOPY --from=build x /\nADD it /\n"},
		{"a named stage", "FROM a AS build\nRUN x\n\nFROM b AS web\nRUN y\nFROM c\n", "web",
			"FROM a AS build\nRUN x\n\nFROM b AS web\nRUN y\nADD it /\n"},
		{"a stage's name in other letters", "from a as Web\nfrom b\n", "WEB", "from a as Web\nADD it /\n"},
		{"a numbered stage", "FROM a\nRUN x\nFROM b\n", "0", "FROM a\nRUN x\nADD it /\n"},
		{"a stage whose name is a number wins", "FROM a\nFROM b AS 0\nRUN y\nFROM c\n", "0", "FROM a\nFROM b AS 0\nRUN y\nADD it /\n"},
		{"a platform", "FROM --platform=$BUILDPLATFORM a AS build\nFROM b\n", "build",
			"FROM --platform=$BUILDPLATFORM a AS build\nADD it /\n"},
		{"its own platform", "FROM --platform=linux/amd64/v2 a\n", "", "FROM --platform=linux/amd64/v2 a\nADD it /\n"},
		{"another stage's platform", "FROM --platform=linux/arm64 a AS build\nFROM b\n", "", "FROM --platform=linux/arm64 a AS build\nFROM b\nADD it /\n"},
		{"ARG before FROM", "ARG V=1\nFROM a:$V\nRUN x\n", "", "ARG V=1\nFROM a:$V\nRUN x\nADD it /\n"},
		{"comments at the end", "FROM a\nRUN x\n# bye\n", "", "FROM a\nRUN x\nADD it /\n"},
		{"a continued line", "FROM a\nRUN x \\\n  # why\n\n  && FROM y\nFROM b\n", "0",
			"FROM a\nRUN x \\\n  # why\n\n  && FROM y\nADD it /\n"},
		{"FROM over two lines", "FROM a \\\n  AS web\nRUN x\nFROM b\n", "web", "FROM a \\\n  AS web\nRUN x\nADD it /\n"},
		{"another escape character", "# escape=`\nFROM a\nRUN dir C:\\\nRUN y `\n z\n", "", "# escape=`\nFROM a\nRUN dir C:\\\nRUN y `\n z\nADD it /\n"},
		{"an escape directive after another", "# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN C:\\\n", "",
			"# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN C:\\\nADD it /\n"},
		{"a here-document", "FROM a\nRUN <<EOF\nFROM b\nEOF\nFROM c\n", "0", "FROM a\nRUN <<EOF\nFROM b\nEOF\nADD it /\n"},
		{"a quoted, indented here-document", "FROM a\nCOPY <<-\"END\" /x\nFROM b\n\tEND\n", "", "FROM a\nCOPY <<-\"END\" /x\nFROM b\n\tEND\nADD it /\n"},
		{"two here-documents", "FROM a\nCOPY <<one <<two /x/\nFROM b\none\nFROM c\ntwo\n", "",
			"FROM a\nCOPY <<one <<two /x/\nFROM b\none\nFROM c\ntwo\nADD it /\n"},
		{"a here-string is none", "FROM a\nRUN cat <<<word\nFROM b\n", "0", "FROM a\nRUN cat <<<word\nADD it /\n"},
		{"one in quotes is none", "FROM a\nRUN sh -c \"cat <<EOF x\"\nFROM b\n", "0", "FROM a\nRUN sh -c \"cat <<EOF x\"\nADD it /\n"},
		{"a shift is none", "FROM a\nRUN echo $((1<<3))\nFROM b\n", "0", "FROM a\nRUN echo $((1<<3))\nADD it /\n"},
		{"Windows line ends", "FROM a\r\nRUN x \\\r\n y\r\nFROM b\r\n", "0", "FROM a\r\nRUN x \\\r\n y\r\nADD it /\n"},
		{"a byte order mark", "\ufeffFROM a\n", "", "FROM a\nADD it /\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := extendStage(test.dockerfile, test.target, "linux/amd64", added)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestExtendStageErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		want       string
	}{
		{"empty", "", "", "there is no FROM instruction"},
		{"only comments", "# hello\n", "", "there is no FROM instruction"},
		{"no such stage", "FROM a AS build\nFROM b\n", "web", `there is no stage for Target "web"; its stages are build, 1`},
		{"a number too high", "FROM a\n", "1", `there is no stage for Target "1"; its stages are 0`},
		{"another platform", "FROM --platform=linux/arm64 a\n", "", "the image is for linux/amd64, but its stage says FROM --platform=linux/arm64; leave that out, or set the option Architecture"},
		{"ends in a continuation", "FROM a\nRUN x \\\n", "", `line 2: the file ends in the middle of an instruction, after a "\\"`},
		{"ends in a here-document", "FROM a\nRUN <<EOF\nx\n", "", "line 2: the here-document EOF does not end"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := extendStage(test.dockerfile, test.target, "linux/amd64", "ADD it /")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
