package dockerfile

import (
	"strings"
	"testing"
)

func TestExtend(t *testing.T) {
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
		{"comments at the end", "FROM a\nRUN x\n# bye\n", "", "FROM a\nRUN x\n# bye\nADD it /\n"},
		{"comments at the end of a target", "FROM a AS web\nRUN x\n# next\nFROM b\n", "web", "FROM a AS web\nRUN x\nADD it /\n"},
		{"of two stages with one name the second", "FROM a AS web\nFROM b AS web\nFROM c\n", "web", "FROM a AS web\nFROM b AS web\nADD it /\n"},
		{"two escape characters at the end of a line", "FROM a AS web\nRUN dir C:\\\\\nFROM b AS test\n", "web", "FROM a AS web\nRUN dir C:\\\\\nADD it /\n"},
		{"three escape characters at the end of a line", "FROM a AS web\nRUN dir C:\\\\\\\nFROM b AS test\n", "web", "FROM a AS web\nRUN dir C:\\\\\\\nADD it /\n"},
		{"white space after the escape character", "FROM a AS web\nRUN x \\ \t\n FROM y\nFROM b\n", "web", "FROM a AS web\nRUN x \\ \t\n FROM y\nADD it /\n"},
		{"a continued line at the end", "FROM a\nCMD x \\\n", "", "FROM a\nCMD x \nADD it /\n"},
		{"continued lines, a comment and nothing at the end", "FROM a\nLABEL a=b \\\n  c=d \\\n  # e=f\n\\\n\n", "", "FROM a\nLABEL a=b   c=d \nADD it /\n"},
		{"only a continued FROM", "FROM a \\", "", "FROM a \nADD it /\n"},
		{"the name of a here-document with an escape", "FROM a\nRUN <<\\EOF\nFROM b\nEOF\nFROM c\n", "0", "FROM a\nRUN <<\\EOF\nFROM b\nEOF\nADD it /\n"},
		{"the name of a here-document with quotes inside", "FROM a\nRUN <<E'O'F\nFROM b\nEOF\nFROM c\n", "0", "FROM a\nRUN <<E'O'F\nFROM b\nEOF\nADD it /\n"},
		{"a here-document with white space before its name", "FROM a\nRUN cat << EOF > /x\nFROM b\nEOF\nFROM c\n", "0", "FROM a\nRUN cat << EOF > /x\nFROM b\nEOF\nADD it /\n"},
		{"a here-document whose name goes on", "FROM a\nRUN <<EOF\\\nX\nFROM b\nEOFX\nFROM c\n", "0", "FROM a\nRUN <<EOF\\\nX\nFROM b\nEOFX\nADD it /\n"},
		{"a list holds no here-document", "FROM a\nRUN [\"cat\", \"<<EOF\"]\nFROM b\n", "0", "FROM a\nRUN [\"cat\", \"<<EOF\"]\nADD it /\n"},
		{"a here-document that does not end, without a target", "FROM a\nRUN <<EOF\nx\n", "", "FROM a\nRUN <<EOF\nx\nADD it /\n"},
		{"a directive that another program reads", "# syntax=example.com/other\nINCLUDE x\n", "", "# syntax=example.com/other\nINCLUDE x\nADD it /\n"},
		{"the image's platform as people spell it", "FROM --platform=linux/x86_64 a\n", "", "FROM --platform=linux/x86_64 a\nADD it /\n"},
		{"the same without the system", "FROM --platform=AMD64 a\n", "", "FROM --platform=AMD64 a\nADD it /\n"},
		{"the same in quotes", "FROM --platform=\"linux/amd64\" a\n", "", "FROM --platform=\"linux/amd64\" a\nADD it /\n"},
		{"the system alone", "FROM --platform=linux a\n", "", "FROM --platform=linux a\nADD it /\n"},
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
			got, err := Extend(test.dockerfile, test.target, "linux/amd64", added)
			if err != nil {
				t.Fatal(err)
			}
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
		})
	}
}

func TestExtendErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name       string
		dockerfile string
		target     string
		want       string
	}{
		{"empty", "", "", "there is no FROM instruction"},
		{"only comments", "# hello\n", "", "there is no FROM instruction"},
		{"no such stage", "FROM a AS build\nFROM b\n", "web", `there is no stage for Target "web"; name one of its stages: build, number 1`},
		{"a number too high", "FROM a\n", "1", `there is no stage for Target "1"; name one of its stages: number 0`},
		{"another platform", "FROM --platform=linux/arm64 a\n", "", "the image is for linux/amd64, but its stage says FROM --platform=linux/arm64; leave that out, or set the option Architecture"},
		{"a target, and a here-document that does not end", "FROM a\nRUN <<EOF\nx\n", "0", "line 2: the here-document EOF does not end"},
		{"a target, and a FROM without an image", "FROM\n", "0", "line 1: FROM must be followed by an image"},
		{"a platform by another name", "FROM --platform=aarch64 a\n", "", "the image is for linux/amd64, but its stage says FROM --platform=aarch64"},
		{"another system", "FROM --platform=windows/amd64 a\n", "", "the image is for linux/amd64, but"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := Extend(test.dockerfile, test.target, "linux/amd64", "ADD it /")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}
