package main

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// tools are the programs that nobody here wrote. What is installed is kept in .tools, so that a second run starts at once.
type tools struct {
	root string // of the repository
	kept string // .tools/integ
}

// packages are Debian's, by the file that shows that they are installed. The machine's own release decides their version.
var packages = map[string]string{
	"docker.io":      "/usr/sbin/dockerd",
	"busybox-static": "/bin/busybox",
	"debootstrap":    "/usr/sbin/debootstrap",
}

// samCLI is the wheel that carries AWS's Lambda Runtime Interface Emulator.
const samCLI, rieInWheel = "aws-sam-cli==1.170.0", "samcli/local/rapid/aws-lambda-rie-x86_64"

func (t tools) debian() (string, error) {
	var wanted []string
	for name, file := range packages {
		if _, err := os.Stat(file); err != nil {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return "all there", nil
	}
	slices.Sort(wanted)
	update := exec.Command("apt-get", "update", "-qq")
	install := exec.Command("apt-get", append([]string{"install", "--yes", "--no-install-recommends", "-qq"}, wanted...)...)
	install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	for _, command := range []*exec.Cmd{update, install} {
		if _, err := output(command); err != nil {
			return "", missing("%v", err)
		}
	}
	return "installed " + strings.Join(wanted, ", "), nil
}

// python returns the folder of the programs of a virtual environment, made from the pinned list of the same name.
func (t tools) python(name string) string { return filepath.Join(t.kept, name, "bin") }

func (t tools) installPython(name string) (string, error) {
	list := filepath.Join(t.root, "integ", "python", name+".txt")
	pins, err := os.ReadFile(list)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(pins)
	mark, want := filepath.Join(t.kept, name, "installed"), hex.EncodeToString(sum[:])
	if got, err := os.ReadFile(mark); err == nil && string(got) == want {
		return "kept from an earlier run", nil
	}
	dir := filepath.Join(t.kept, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if _, err := output(exec.Command("python3", "-m", "venv", dir)); err != nil {
		return "", missing("%v", err)
	}
	if _, err := output(exec.Command(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--requirement", list)); err != nil {
		return "", missing("%v", err)
	}
	return fmt.Sprintf("%d packages", strings.Count(string(pins), "==")), os.WriteFile(mark, []byte(want), 0o644)
}

func (t tools) rie() string { return filepath.Join(t.kept, "aws-lambda-rie") }

// installRIE takes the emulator out of its wheel and leaves everything else there.
func (t tools) installRIE() (string, error) {
	if _, err := os.Stat(t.rie()); err == nil {
		return "kept from an earlier run", nil
	}
	dir, err := os.MkdirTemp("", "integ-rie-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if _, err := output(exec.Command(filepath.Join(t.python("awscli"), "pip"), "download", "--quiet", "--no-deps", "--dest", dir, samCLI)); err != nil {
		return "", missing("%v", err)
	}
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return "", errors.Join(err, fmt.Errorf("%s came as %q", samCLI, wheels))
	}
	wheel, err := zip.OpenReader(wheels[0])
	if err != nil {
		return "", err
	}
	defer wheel.Close()
	binary, err := wheel.Open(rieInWheel)
	if err != nil {
		return "", err
	}
	defer binary.Close()
	content, err := io.ReadAll(binary)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(t.kept, 0o755); err != nil {
		return "", err
	}
	return "from " + samCLI, os.WriteFile(t.rie(), content, 0o755)
}

func (t tools) cdk() string { return filepath.Join(t.root, "node_modules", ".bin", "cdk") }

func (t tools) installCDK() (string, error) {
	if _, err := os.Stat(t.cdk()); err != nil {
		install := exec.Command("npm", "ci", "--silent")
		install.Dir = t.root
		if _, err := output(install); err != nil {
			return "", missing("%v", err)
		}
	}
	return output(exec.Command(t.cdk(), "--version"))
}
