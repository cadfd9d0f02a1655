package integ

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

	"github.com/cdkweb/cdkweb/adapter"
)

// tools are the programs that nobody here wrote. What is installed is kept in .tools, so that a
// second run starts at once.
type tools struct {
	ctx  context.Context // ends what is being installed
	root string          // of the repository
	kept string          // .tools/integ
	dir  string          // of this run
}

func newTools(ctx context.Context, dir string) (tools, error) {
	root, err := filepath.Abs("..")
	return tools{ctx: ctx, root: root, kept: filepath.Join(root, ".tools", "integ"), dir: dir}, err
}

// install installs everything. Later there is no network.
func (t tools) install() error {
	if err := t.say("Debian packages", t.debian); err != nil {
		return err
	}
	python := func(name string) func() error {
		return func() error {
			return t.say("Python: "+name, func() (string, error) { return t.installPython(name) })
		}
	}
	errs := make(chan error)
	jobs := []func() error{
		func() error { return t.say("Debian root file system", t.installDebianRoot) },
		func() error { return t.say("AWS Lambda Web Adapter", t.installWebAdapter) },
		func() error { return t.say("Go modules and programs", t.build) },
		func() error { return t.say("CDK command line", t.installCDK) },
		func() error {
			return errors.Join(python("awscli")(), t.say("Lambda Runtime Interface Emulator", t.installRIE))
		},
		python("ministack"), python("cfn-lint"), python("checkov"),
	}
	for _, job := range jobs {
		go func() { errs <- job() }()
	}
	var all []error
	for range jobs {
		all = append(all, <-errs)
	}
	return errors.Join(all...)
}

// say prints a line about something that was installed.
func (t tools) say(name string, install func() (note string, err error)) error {
	begin := time.Now()
	note, err := install()
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	fmt.Printf("%6.1fs  %s: %s\n", time.Since(begin).Seconds(), name, note)
	return nil
}

func (t tools) command(name string, arguments ...string) *exec.Cmd {
	command := exec.CommandContext(t.ctx, name, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) } // so that dpkg is not torn from its work
	command.WaitDelay = 20 * time.Second
	return command
}

// packages are Debian's, by the programs that show that they are installed. The machine's own
// release decides their version.
var packages = map[string][]string{
	"busybox-static": {"/bin/busybox"},
	"debootstrap":    {"/usr/sbin/debootstrap"},
	"docker.io":      {"/usr/sbin/dockerd", "/usr/bin/dockerd"}, // the second is of Docker's own package, which is as good
	"iproute2":       {"/sbin/ip", "/usr/sbin/ip"},
	"iptables":       {"/usr/sbin/iptables"},
	"postgresql":     {"/usr/lib/postgresql/*/bin/postgres"},
}

// installed returns the program of a package, or "".
func installed(name string) string {
	for _, pattern := range packages[name] {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
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
	// Runlevel 1 keeps packages from starting their services on the machine.
	install.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1")
	for _, command := range []*exec.Cmd{update, install} {
		if _, err := output(command); err != nil {
			return "", err
		}
	}
	return "installed " + strings.Join(wanted, ", "), nil
}

// python returns the folder of the programs of a virtual environment, made from the pinned list of
// the same name.
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
		return "", err
	}
	if _, err := output(t.command(filepath.Join(dir, "bin", "pip"), "install", "--quiet", "--requirement", list)); err != nil {
		return "", err
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
		return "", err
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
			return "", err
		}
	}
	return output(t.command(t.cdk(), "--version"))
}

// runCDK runs the CDK's command line in the repository.
func (t tools) runCDK(environment []string, arguments ...string) (string, error) {
	command := t.command(t.cdk(), append(arguments, "--no-notices")...)
	command.Dir, command.Env = t.root, environment
	return output(command)
}

func (t tools) app() string      { return filepath.Join(t.dir, "app") }
func (t tools) hello() string    { return filepath.Join(t.dir, "hello") }
func (t tools) noDocker() string { return filepath.Join(t.dir, "cdkweb-docker") }

// build compiles the CDK app and the smallest server, once, and fetches the modules that the
// guestbook is built of.
func (t tools) build() (string, error) {
	app := t.command("go", "build", "-o", t.app(), "./integ/app")
	hello := t.command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", t.hello(), "./integ/hello")
	hello.Env = append(os.Environ(), "CGO_ENABLED=0")
	noDocker := t.command("go", "build", "-o", t.noDocker(), ".")
	all := t.command("go", "list", "-deps", "./...")
	guestbook := t.command("go", "list", "-deps", "./...")
	shop := t.command("go", "test", "-c", "-o", t.shop(), ".")
	app.Dir, hello.Dir, all.Dir, guestbook.Dir = t.root, t.root, t.root, filepath.Join(t.root, "examples", "guestbook", "server")
	shop.Dir, noDocker.Dir = t.shopServer(), filepath.Join(t.root, "cmd", "cdkweb-docker")
	for _, command := range []*exec.Cmd{app, hello, noDocker, all, guestbook, shop} {
		if _, err := output(command); err != nil {
			return "", err
		}
	}
	_, err := adapter.Build("amd64") // its toolchain may have to be fetched; from here on it is cached
	return "built", err
}

// shop is the test program of the shop's server, whose sources are in shopServer.
func (t tools) shop() string       { return filepath.Join(t.dir, "shop.test") }
func (t tools) shopServer() string { return filepath.Join(t.root, "examples", "shop", "server") }

// webAdapter is AWS Lambda Web Adapter, or "" if it could not be built.
const webAdapter, webAdapterVersion = "lambda_web_adapter", "1.0.0-rc1"

func (t tools) webAdapter() string { return filepath.Join(t.kept, webAdapter, "bin", "lambda-adapter") }

// installWebAdapter builds it without a C library, as AWS publishes it, but without optimization,
// which takes longer than all else here together. It alone may be missing.
func (t tools) installWebAdapter() (string, error) {
	if _, err := os.Stat(t.webAdapter()); err == nil {
		return "kept from an earlier run", nil
	}
	if _, err := exec.LookPath("cargo"); err != nil {
		return "not built, because there is no cargo; what needs it is skipped", nil
	}
	target := filepath.Join(t.dir, "cargo")
	build := t.command("cargo", "install", webAdapter, "--version", webAdapterVersion, "--locked", "--quiet", "--debug",
		"--target", "x86_64-unknown-linux-gnu", "--root", filepath.Join(t.kept, webAdapter))
	build.Env = append(os.Environ(), "CARGO_TARGET_DIR="+target, "RUSTFLAGS=-C target-feature=+crt-static", "CARGO_PROFILE_DEV_DEBUG=0",
		"CARGO_PROFILE_DEV_STRIP=true")
	if _, err := output(build); err != nil {
		return "", err
	}
	return webAdapter + " " + webAdapterVersion + " from crates.io", os.RemoveAll(target)
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
		return "", err
	}
	mirror, _, _ := strings.Cut(mirrors, "\n")
	root, err := os.MkdirTemp(t.kept, "debian-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(root)
	if _, err := output(t.command(installed("debootstrap"), "--variant=minbase", "--include="+debianPackages, debianRelease, root, mirror)); err != nil {
		return "", err
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
