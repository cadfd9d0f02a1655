package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestOwners wants numbers of owners taken as they are, or refused.
func TestOwners(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dockerfile := func(chown string) string {
		return files(t, map[string]string{
			"Dockerfile": "FROM scratch\nCOPY --chown=" + chown + " x /x\n", "x": "x",
		})
	}
	for chown, want := range map[string]string{
		"3000000000:3000000001": "3000000000:3000000001",
		"4294967294":            "4294967294:4294967294",
		"7:0":                   "7:0",
	} {
		built(t, m, dockerfile(chown))
		if got := describe(t, saved(t, m, "built")); !strings.Contains(got, want) {
			t.Errorf("--chown=%s made %s, want %s", chown, got, want)
		}
	}
	for chown, wrong := range map[string]string{
		"-1": "-1", "7:-1": "-1", "4294967295": "4294967295", "1:99999999999999999999": "99999999999999999999",
	} {
		m.fails(1, fmt.Sprintf("the owner must be a name or a number from 0 to 4294967294, got %q", wrong),
			"build", dockerfile(chown))
	}
}

// TestNamedContext has docker build where a named context stands in for an image or a stage.
func TestNamedContext(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	dir := files(t, map[string]string{
		"Dockerfile": "FROM example.com/base:1 AS a\nFROM scratch AS b\nCOPY x /\nFROM b AS c\n" +
			"FROM scratch AS d\nCOPY --from=other x /\n",
		"x": "x",
	})
	other := files(t, map[string]string{"x": "other"})
	for _, test := range [][]string{
		{"example.com/base:1", "a", "stands in for the image of FROM"},
		{"b", "b", "stands in for the stage"},
		{"B", "c", "stands in for the stage"},
	} {
		m.fails(1, "this build needs Docker, and there is no docker in PATH: the build context "+
			test[0]+" "+test[2], "build", "--build-context", test[0]+"="+other, "--target", test[1], dir)
	}
	m.must("build", "--build-context", "other="+other, "--target", "d", dir)
}

// TestRefusedInstructions wants refused what BuildKit refuses.
func TestRefusedInstructions(t *testing.T) {
	t.Parallel()
	m := newMachine(t)
	for dockerfile, want := range map[string]string{
		"FROM scratch\nEXPOSE 0\n":               "EXPOSE must have ports from 1 to 65535",
		"FROM scratch\nSTOPSIGNAL SIGBOGUS\n":    `got "SIGBOGUS"`,
		"FROM scratch\nSTOPSIGNAL RTMIN+16\n":    `got "RTMIN+16"`,
		"FROM scratch\nARG S=0\nSTOPSIGNAL $S\n": `got "0"`,
	} {
		m.fails(1, want, "build", files(t, map[string]string{"Dockerfile": dockerfile}))
	}
	for _, signal := range []string{"SIGTERM", "term", "9", "SIGRTMIN+3", "64"} {
		m.must("build", files(t, map[string]string{"Dockerfile": "FROM scratch\nSTOPSIGNAL " + signal + "\n"}))
	}
}

// TestDamagedIndex wants prune to repair a list of images that is damaged.
func TestDamagedIndex(t *testing.T) {
	t.Parallel()
	for _, damaged := range []string{"index.json", "docker.json"} {
		for _, content := range []string{"", `{"manifests":[`} {
			m, dir := newMachine(t), files(t, map[string]string{"Dockerfile": "FROM scratch\n"})
			m.must("build", "--tag", "app", dir)
			if err := os.WriteFile(filepath.Join(m.cache, damaged), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			m.fails(1, damaged+" is damaged", "images")
			m.must("prune")
			if got := m.must("images", "--quiet"); got != "" {
				t.Errorf("after prune there is %q", got)
			}
			m.must("build", "--tag", "app", dir)
			m.must("inspect", "app")
		}
	}
}
