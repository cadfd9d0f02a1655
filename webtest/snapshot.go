package webtest

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aymanbagabas/go-udiff"
)

// Snapshot synthesizes the app of a stack and compares the stack's template, as [Template] returns
// it, with testdata/<test name>.template.json. With the flag -update it writes that file instead:
//
//	go test ./stacks -run TestSite -update
//
// Review the file like code: it is what will be deployed. A test takes one snapshot; use t.Run for
// a second one.
func Snapshot(t testing.TB, stack awscdk.Stack) {
	t.Helper()
	file, err := snapshotFile(t.Name())
	if err != nil {
		t.Fatalf("webtest.Snapshot: %v", err)
	}
	if other, taken := snapshots.LoadOrStore(t.Name(), stack); taken && other != stack {
		t.Fatalf("webtest.Snapshot: %s has a snapshot of another stack already; "+
			"give each its own t.Run", t.Name())
	}
	t.Cleanup(func() { snapshots.Delete(t.Name()) })

	got := template(t, "webtest.Snapshot", stack)
	if updating, err := update(); err == nil && updating {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatalf("webtest.Snapshot: %v", err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatalf("webtest.Snapshot: %v", err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("webtest.Snapshot: %s does not exist yet; %s", file, writeHint(t.Name()))
	}
	if err != nil {
		t.Fatalf("webtest.Snapshot: %v", err)
	}
	diff := udiff.Unified(file, "synthesized", strings.ReplaceAll(string(want), "\r\n", "\n"), got)
	if diff != "" {
		t.Errorf("the template changed; if that is meant, %s\n%s", writeHint(t.Name()), diff)
	}
}

// snapshots holds the stack of each test that has taken one.
var snapshots sync.Map

// snapshotFile returns where the snapshot of a test is.
func snapshotFile(test string) (string, error) {
	name := filepath.FromSlash(test)
	for _, part := range []string{"", ".", ".."} {
		if slices.Contains(strings.Split(test, "/"), part) || !filepath.IsLocal(name) {
			return "", fmt.Errorf("the test is named %q, and so is the file of its snapshot; "+
				"take . and .. and empty parts out of the name of the subtest", test)
		}
	}
	return filepath.Join("testdata", name+".template.json"), nil
}

const updateFlag = "update"

// update reports whether the flag -update is set, or why it cannot be.
func update() (bool, error) {
	found := flag.Lookup(updateFlag)
	if found == nil {
		return false, errors.New("to write it, the package needs the flag -update of " +
			"webtest.Main; add func TestMain(m *testing.M) " +
			"{ os.Exit(webtest.Main(m)) } to its tests")
	}
	value, err := strconv.ParseBool(found.Value.String())
	is, ok := found.Value.(interface{ IsBoolFlag() bool })
	if !ok || !is.IsBoolFlag() || err != nil {
		return false, errors.New("to write it, the flag -update has to be a bool, and another " +
			"package defines it as something else; rename that flag")
	}
	return value, nil
}

// packageDir is the folder of the package under test: a test program starts there.
var packageDir, packageDirErr = os.Getwd()

// writeHint says how the snapshot of a test is written.
func writeHint(test string) string {
	if _, err := update(); err != nil {
		return err.Error()
	}
	command := []string{"go", "test"}
	if name, ok := packagePath(); ok {
		command = append(command, name)
	}
	var parts []string
	for part := range strings.SplitSeq(test, "/") {
		parts = append(parts, "^"+regexp.QuoteMeta(part)+"$")
	}
	pattern := strings.ReplaceAll(strings.Join(parts, "/"), "'", `'\''`)
	command = append(command, "-run", "'"+pattern+"'", "-update")
	return "write it, then review it: " + strings.Join(command, " ")
}

// packagePath returns the package under test as the go command takes it in the folder of its
// module.
func packagePath() (string, bool) {
	if packageDirErr != nil {
		return "", false
	}
	for root := packageDir; ; root = filepath.Dir(root) {
		info, err := os.Stat(filepath.Join(root, "go.mod"))
		if err == nil && info.Mode().IsRegular() {
			name, err := filepath.Rel(root, packageDir)
			if err != nil || name == "." {
				return ".", err == nil
			}
			return "./" + filepath.ToSlash(name), true
		}
		if root == filepath.Dir(root) {
			return "", false
		}
	}
}
