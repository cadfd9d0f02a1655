package main

import (
	"bufio"
	"context"
	"flag"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

var deploy = flag.Bool("deploy", false, "run the tests that need root, Debian and a Docker engine")

// TestStrangers runs a part of integ where another engine runs already, with a container, an image, a network and a volume that
// integ has nothing to do with, and wants all of it untouched: whether integ ends by itself or is interrupted, and also what was made
// meanwhile. That other engine, with the socket that everybody's has, runs on a machine of its own too.
func TestStrangers(t *testing.T) {
	if !*deploy {
		t.Skip("needs root and Debian; run it by: go test ./integ -deploy -run TestStrangers")
	}
	if dir := os.Getenv(insideVariable); dir != "" {
		testStrangers(t, dir)
		return
	}
	dir := t.TempDir()
	command := onOwnMachine(t.Context(), dir)
	defer func() {
		if err := removeControlGroups(dir); err != nil {
			t.Error(err)
		}
	}()
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
}

func testStrangers(t *testing.T, dir string) {
	if err := setUpMachine(dir); err != nil {
		t.Fatal(err)
	}
	user := startUsersEngine(t, dir)
	integ := filepath.Join(dir, "integ")
	if _, err := output(exec.Command("go", "build", "-o", integ, ".")); err != nil {
		t.Fatal(err)
	}
	user.strange(t, "before")
	for _, test := range []struct {
		name      string
		interrupt bool
	}{{"to the end", false}, {"interrupted", true}} {
		t.Run(test.name, func(t *testing.T) {
			network := machineNow(t)
			begin := len(user.everything(t))
			var after []string
			ended := runUntil(t, exec.Command(integ, "-only", "linters"), "cdk bootstrap", func(p *os.Process) {
				user.strange(t, strings.ReplaceAll(test.name, " ", "-"))
				after = user.everything(t)
				if test.interrupt {
					if err := p.Signal(syscall.SIGINT); err != nil {
						t.Fatal(err)
					}
				}
			})
			if ended != nil != test.interrupt {
				t.Errorf("integ ended with %v", ended)
			}
			if got := user.everything(t); len(got) <= begin || !slices.Equal(got, after) {
				t.Errorf("the other engine has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(after, "\n"))
			}
			if got := machineNow(t); got != network {
				t.Errorf("the machine is\n%s\nit was\n%s", got, network)
			}
		})
	}
}

// startUsersEngine starts an engine as everybody has it, with the socket that clients take without being told.
func startUsersEngine(t *testing.T, dir string) *docker {
	t.Helper()
	engine := exec.CommandContext(t.Context(), "/usr/sbin/dockerd", "--data-root", filepath.Join(dir, "users"), "--cgroup-parent", controlGroup(dir))
	log, err := os.Create(filepath.Join(dir, "users.log"))
	if err != nil {
		t.Fatal(err)
	}
	engine.Stdout, engine.Stderr = log, log
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- engine.Wait() }()
	for end := time.Now().Add(30 * time.Second); ; {
		connection, err := net.Dial("unix", "/var/run/docker.sock")
		if err == nil {
			connection.Close()
			return &docker{environment: environment()}
		}
		select {
		case err := <-ended:
			words, _ := os.ReadFile(log.Name())
			t.Fatalf("dockerd ended: %v\n%s", err, words)
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}

// strange makes an image, a network, a volume with a file, and a running container with all of them.
func (d *docker) strange(t *testing.T, name string) {
	t.Helper()
	root := t.TempDir()
	if err := copyFlat("/bin", root, "busybox"); err != nil {
		t.Fatal(err)
	}
	archive := filepath.Join(t.TempDir(), "root.tar")
	for _, command := range []*exec.Cmd{
		exec.Command("tar", "--create", "--file", archive, "--mode", "755", "--directory", root, "."),
		d.command("import", "--change", "LABEL stranger="+name, archive, "stranger:"+name),
		d.command("network", "create", "stranger-"+name),
		d.command("volume", "create", "stranger-"+name),
		d.command("run", "--detach", "--name", "stranger-"+name, "--network", "stranger-"+name, "--volume", "stranger-"+name+":/kept",
			"stranger:"+name, "/busybox", "sh", "-c", "echo kept > /kept/file; exec /busybox sleep 3600"),
	} {
		if _, err := output(command); err != nil {
			t.Fatal(err)
		}
	}
}

// everything lists what the engine has: a container with its state and when it was started.
func (d *docker) everything(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, list := range [][]string{
		{"ps", "--all", "--no-trunc", "--format", "container {{.ID}} {{.Names}} {{.State}} {{.CreatedAt}}"},
		{"images", "--all", "--no-trunc", "--format", "image {{.ID}} {{.Repository}}:{{.Tag}}"},
		{"network", "ls", "--no-trunc", "--format", "network {{.ID}} {{.Name}}"},
		{"volume", "ls", "--format", "volume {{.Name}}"},
	} {
		text, err := d.run(list...)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.Split(text, "\n")...)
	}
	slices.Sort(all)
	return all
}

// machineNow is what an engine and an emulator may change about a machine, as far as it does not change with every container.
func machineNow(t *testing.T) string {
	t.Helper()
	var all []string
	for _, command := range []*exec.Cmd{
		exec.Command("cat", "/etc/hosts", "/proc/sys/net/ipv4/ip_forward"),
		exec.Command("iptables", "--list-rules", "INPUT"), exec.Command("iptables", "--list-rules", "FORWARD"),
		exec.Command("ip", "-brief", "address", "show", "dev", "docker0"),
	} {
		text, err := output(command)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(text) {
			if !strings.Contains(line, " br-") { // of a network, as a stranger makes one
				all = append(all, line)
			}
		}
	}
	return strings.Join(all, "")
}

// runUntil runs a program, calls then when it prints a line with some text, and returns how it ended.
func runUntil(t *testing.T, command *exec.Cmd, text string, then func(*os.Process)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	printed, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
	command.Dir = ".."
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer context.AfterFunc(ctx, func() { command.Process.Kill() })()
	found := false
	lines := bufio.NewScanner(printed)
	for lines.Scan() {
		t.Log(lines.Text())
		if !found && strings.Contains(lines.Text(), text) {
			found = true
			then(command.Process)
		}
	}
	if !found {
		t.Errorf("it never printed %q", text)
	}
	return command.Wait()
}
