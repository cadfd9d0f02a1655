package difftest

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"

	"github.com/cdkweb/cdkweb/internal/dockerfile"
)

// readStage is a build stage as one of the two read it.
type readStage struct {
	Name, Base string
	End        int
}

// byBuildKit reads a Dockerfile with BuildKit. It reports false for one that BuildKit would not
// build.
func byBuildKit(content string) ([]readStage, bool) {
	parsed, err := parser.Parse(strings.NewReader(content))
	if err != nil {
		return nil, false
	}
	stages, _, err := instructions.Parse(parsed.AST, linter.New(&linter.Config{}))
	if err != nil {
		return nil, false
	}
	var read []readStage
	for _, node := range parsed.AST.Children {
		if strings.EqualFold(node.Value, "FROM") {
			stage := stages[len(read)]
			read = append(read, readStage{Name: stage.Name, Base: stage.BaseName})
		}
		if len(read) > 0 {
			read[len(read)-1].End = node.EndLine
		}
	}
	return read, len(read) > 0
}

func byUs(content string) ([]readStage, error) {
	parsed, err := dockerfile.Parse(content)
	if err != nil {
		return nil, err
	}
	var read []readStage
	for i := range parsed.Stages {
		stage := &parsed.Stages[i]
		read = append(read, readStage{Name: stage.Name, Base: stage.Base, End: stage.End()})
	}
	return read, nil
}

const added = "ADD it /opt"

// compare fails if the two read a Dockerfile differently, or if what is added to one of its stages
// is not the last instruction of what BuildKit builds. It reports whether BuildKit reads it at all.
func compare(t *testing.T, content string) bool {
	t.Helper()
	want, ok := byBuildKit(content)
	if !ok {
		return false
	}
	got, err := byUs(content)
	if err != nil {
		t.Errorf("%q\nBuildKit reads it; got %v", content, err)
		return true
	}
	if len(got) != len(want) {
		t.Errorf("%q\ngot %+v\nwant %+v", content, got, want)
		return true
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%q\nstage %d: got %+v\nwant %+v", content, i, got[i], want[i])
		}
		compareExtended(t, content, strconv.Itoa(i), i)
		if name := want[i].Name; name != "" && last(want, name) == i {
			compareExtended(t, content, name, i)
		}
	}
	compareExtended(t, content, "", len(want)-1)
	return true
}

// last returns the stage that Docker builds for a name: the last of that name.
func last(stages []readStage, name string) int {
	for i := len(stages) - 1; i >= 0; i-- {
		if stages[i].Name == name {
			return i
		}
	}
	return -1
}

var endsInEscape = regexp.MustCompile("[\\\\`][ \\t]*$")

func compareExtended(t *testing.T, content, target string, index int) {
	t.Helper()
	original, err := parser.Parse(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	// The instructions up to the end of the stage, in BuildKit's own notation.
	var want []string
	stage := -1
	for _, node := range original.AST.Children {
		if strings.EqualFold(node.Value, "FROM") {
			stage++
		}
		if stage <= index {
			want = append(want, node.Dump())
		}
	}
	if final := original.AST.Children[len(original.AST.Children)-1]; stage == index && endsInEscape.MatchString(final.Original) {
		return // what a continued last line leaves would be continued itself: it loses its escape
	}
	want = append(want, `add "it" "/opt"`)

	extended, err := dockerfile.Extend(content, target, "linux/amd64", added)
	if err != nil {
		if !strings.Contains(err.Error(), "--platform=") {
			t.Errorf("%q\ntarget %q: %v", content, target, err)
		}
		return
	}
	parsed, err := parser.Parse(strings.NewReader(extended))
	if err != nil {
		t.Errorf("%q\ntarget %q: BuildKit does not read\n%q: %v", content, target, extended, err)
		return
	}
	var got []string
	for _, node := range parsed.AST.Children {
		got = append(got, node.Dump())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\ntarget %q: got\n%s\nwant\n%s", content, target, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestRandomDockerfiles(t *testing.T) {
	r := source(t)
	n, read := count(t, 20_000), 0
	for range n {
		if compare(t, randomDockerfile(r)) {
			read++
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	t.Logf("%d of %d random Dockerfiles are read by BuildKit, and alike by us", read, n)
	if read < n/10 {
		t.Errorf("only %d of %d random Dockerfiles are read by BuildKit", read, n)
	}
}

// The Dockerfiles of BuildKit's own tests.
func TestDockerfilesOfBuildKit(t *testing.T) {
	output, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit").Output()
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	folder := string(bytes.TrimSpace(output))
	err = filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.Contains(strings.ToLower(filepath.Base(file)), "dockerfile") || filepath.Ext(file) == ".go" {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if compare(t, string(content)) {
			read++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d Dockerfiles of %s are read by BuildKit, and alike by us", read, folder)
	if read < 30 {
		t.Errorf("got %d Dockerfiles, want the 30 and more that BuildKit comes with", read)
	}
}

// randomDockerfile makes a Dockerfile of pieces that are easily misread.
func randomDockerfile(r *rand.Rand) string {
	end := pick(r, "\n", "\n", "\n", "\r\n")
	var b strings.Builder
	if r.IntN(10) == 0 {
		b.WriteString("\ufeff")
	}
	for r.IntN(4) == 0 {
		b.WriteString(pick(r, "# escape=`", "#escape = \\", "# syntax=docker/dockerfile:1", "# check=skip=all", "# other=x", " # escape=`", "# escape=`", "", "#") + end)
	}
	if r.IntN(4) == 0 {
		b.WriteString("ARG V=1" + end)
	}
	for range 1 + r.IntN(4) {
		b.WriteString(randomFrom(r) + end)
		for range r.IntN(5) {
			b.WriteString(randomInstruction(r, end) + end)
		}
	}
	content := b.String()
	switch r.IntN(6) {
	case 0:
		content = strings.TrimRight(content, "\r\n")
	case 1:
		content += pick(r, "RUN x \\", "CMD x \\\n", "LABEL a=b \\\n\n", "RUN y `\n# z\n", "EXPOSE 80 \\ \t\n\\\n", "# bye\n", "\n\n", "RUN x \\ \\\n")
	}
	return content
}

func randomFrom(r *rand.Rand) string {
	from := pick(r, "FROM", "FROM", "from", "  FROM", "FROM\t")
	if r.IntN(5) == 0 {
		from += " --platform=" + pick(r, "linux/amd64", "$BUILDPLATFORM", `"linux/amd64"`, "linux/arm64", "linux/x86_64")
	}
	from += pick(r, " ", " ", "  ", "\t", " \\\n", " \\\n # c\n\n ") + pick(r, "scratch", "a:$V", "one", "b@sha256:0", "${V}")
	if r.IntN(2) == 0 {
		from += pick(r, " AS ", " as ", " \\\nAS ", " As\t") + pick(r, "one", "Two", "three.x", "one", "a-b_c")
	}
	return from + pick(r, "", "", " ", "\t")
}

func randomInstruction(r *rand.Rand, end string) string {
	switch r.IntN(9) {
	case 0:
		return pick(r, "# FROM x", "", "   ", "#", "\t# y \\", "\\", "WORKDIR /a", "EXPOSE 80", "USER b", "ENV A=b C=\"d e\" \\\n F=g", "STOPSIGNAL 9")
	case 1:
		return pick(r, "COPY", "ADD", "copy") + pick(r, " ", " ", " --chown=a:b ", ` --chown="a" `) + pick(r, "a /b", `["a", "b c", "/d/"]`, "a b c/", `"a b" /c`, "$A /b")
	case 2: // with here-documents
		name := pick(r, "EOF", "E", "FROM", "a.b", "1")
		written := pick(r, name, name, `"`+name+`"`, "'"+name+"'", `\`+name, name[:1]+`''`+name[1:], `"`+name, name+`\`, "$"+name)
		start := pick(r, "RUN", "COPY", "ADD", "RUN --mount=type=cache,target=/x", "ONBUILD RUN", "onbuild copy", "CMD", "CMD") +
			pick(r, " ", " cat ", " 3", " a && b ", " $((1", " \"", " ${A:-", " ${A} ") + pick(r, "<<", "<<-", "<<", "<< ", "<<<", "< <", "<<-\t") + written +
			pick(r, "", " /x", " > /y && z", "\"", "}", "))", "<<F", ";FROM x", " \\\n /x", " <<G")
		return start + end + join(r, 3, end, func() string { return pick(r, "FROM x", "  text \\", "\tEOF2", "", "# c", "$A", name+" ") }) + end + pick(r, "", "\t", "", " ") + name +
			pick(r, "", "", end+"F", end+"G")
	}
	text := pick(r, "RUN", "CMD", "ENTRYPOINT", "RUN", "run", "ONBUILD RUN", "HEALTHCHECK CMD x", "USER", "COPY a") + " "
	if r.IntN(6) == 0 {
		text += `["a", "<<EOF", "FROM"]`
	}
	return text + join(r, 6, "", func() string {
		return pick(r, "a", " ", " b ", "\\", "\\\\", "`", "``", "\\\n", "\\ \n", "`\n", "\\\\\n", "\\\\\\\n", "\n", "\n# c\n", "\n\n", "FROM x", "\nFROM y", "'", `"`,
			"$A", "${A}", "${A:-b c}", "${A/x/y}", "${A", "$$", "<<", "<", "|", "&&", "1<<2", "\t", "\\\r\n", "é", `\"`, "$'")
	})
}
