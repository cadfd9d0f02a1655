package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// tools are the programs that nobody here wrote. What is installed is kept in .tools, so that a second run starts at once.
type tools struct {
	ctx  context.Context // ends what is being installed
	root string          // of the repository
	kept string          // .tools/integ
}

func (t tools) command(name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.ctx, name, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // so that dpkg is not torn from its work
	command.WaitDelay = 20 * time.Second
	return command
}

// packages are Debian's, by the programs that show that they are installed. The machine's own release decides their version.
var packages = map[string][]string{
	"busybox-static": {"/bin/busybox"},
	"debootstrap":    {"/usr/sbin/debootstrap"},
	"docker.io":      {"/usr/sbin/dockerd", "/usr/bin/dockerd"}, // the second is of Docker's own package, which is as good
	"iproute2":       {"/sbin/ip", "/usr/sbin/ip"},
	"iptables":       {"/usr/sbin/iptables"},
}

// installed returns the program of a package, or "".
func installed(name string) string {
	for _, program := range packages[name] {
		if _, err := os.Stat(program); err == nil {
			return program
		}
	}
	return ""
}

func dockerEngine() string { return installed("docker.io") }

// samCLI is the wheel that carries AWS's Lambda Runtime Interface Emulator.
const samCLI, rieInWheel = "aws-sam-cli==1.170.0", "samcli/local/rapid/aws-lambda-rie-x86_64"

func (t tools) debian() (string, error) {
	var wanted []string
	for _, name := range slices.Sorted(maps.Keys(packages)) {
		if installed(name) == "" {
			wanted = append(wanted, name)
		}
	}
	if len(wanted) == 0 {
		return "all there", nil
	}
	update := t.command("apt-get", "update", "-qq")
	install := t.command("apt-get", append([]string{"install", "--yes", "--no-remove", "--no-install-recommends", "-qq"}, wanted...)...)
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
	if _, err := output(t.command("python3", "-m", "venv", dir)); err != nil {
		return "", missing("%v", err)
	}
	if _, err := output(t.command(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--requirement", list)); err != nil {
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
	if _, err := output(t.command(filepath.Join(t.python("awscli"), "pip"), "download", "--quiet", "--no-deps", "--dest", dir, samCLI)); err != nil {
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
		install := t.command("npm", "ci", "--silent")
		install.Dir = t.root
		if _, err := output(install); err != nil {
			return "", missing("%v", err)
		}
	}
	return output(t.command(t.cdk(), "--version"))
}

// modules fetches the Go modules that are built later, where there is no network.
func (t tools) modules() (string, error) {
	for _, dir := range []string{t.root, filepath.Join(t.root, "examples", "guestbook", "server")} {
		list := t.command("go", "list", "-deps", "./...")
		list.Dir = dir
		if _, err := output(list); err != nil {
			return "", missing("%v", err)
		}
	}
	return "", nil
}

// The root file system that the images of the applications start from.
const debianRelease, debianPackages = "bookworm", "nginx-light,nodejs,python3"

func (t tools) debianRoot() string {
	return filepath.Join(t.kept, debianRelease+"-"+strings.ReplaceAll(debianPackages, ",", "-")+".tar")
}

func (t tools) installDebianRoot() (string, error) {
	archive := t.debianRoot()
	if _, err := os.Stat(archive); err == nil {
		return "kept from an earlier run", nil
	}
	mirrors, err := output(t.command("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: "+debianRelease))
	if err != nil {
		return "", missing("%v", err)
	}
	mirror, _, _ := strings.Cut(mirrors, "\n")
	root, err := os.MkdirTemp(t.kept, "debian-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(root)
	if _, err := output(t.command(installed("debootstrap"), "--variant=minbase", "--include="+debianPackages, debianRelease, root, mirror)); err != nil {
		return "", missing("%v", err)
	}
	if _, err := output(t.command("chroot", root, "useradd", "--create-home", "node")); err != nil {
		return "", err
	}
	pack := t.command("tar", "--create", "--file", archive+".new", "--directory", root, "--exclude=./var/cache/apt/*",
		"--exclude=./var/lib/apt/lists/*", "--exclude=./usr/share/doc/*", "--exclude=./usr/share/locale/*", "--exclude=./dev/*", ".")
	if _, err := output(pack); err != nil {
		return "", err
	}
	return debianRelease + " with " + debianPackages, os.Rename(archive+".new", archive)
}
