package integ

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestStrangers runs a part of these tests beside an engine with a container, an image, a network
// and a volume that they have nothing to do with, and wants all of it untouched, whether the run
// ends by itself or is interrupted, and also what was made meanwhile. That engine is the one of
// this run: it has the socket that everybody's has, and to a run within this one it is the user's.
// It runs alone, before the tests that are parallel.
func TestStrangers(t *testing.T) {
	l := withEngine(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l.docker.strange(t, "before")
	for _, test := range []struct {
		name      string
		interrupt bool
	}{{"to-the-end", false}, {"interrupted", true}} {
		t.Run(test.name, func(t *testing.T) {
			begin, machine := len(l.docker.everything(t)), machineNow(t)
			var after []string
			command := exec.Command(self, "-deploy", "-test.v", "-test.run", "^TestGrants$/^none_on_lambda$")
			temporary := t.TempDir()
			command.Env = append(os.Environ(), "TMPDIR="+temporary)
			ended := runUntil(t, command, "cdk deploy", func(p *os.Process) {
				l.docker.strange(t, test.name)
				after = l.docker.everything(t)
				if test.interrupt {
					if err := p.Signal(syscall.SIGINT); err != nil {
						t.Fatal(err)
					}
				}
			})
			if (ended != nil) != test.interrupt {
				t.Errorf("it ended with %v", ended)
			}
			if got := l.docker.everything(t); len(got) != begin+4 || !slices.Equal(got, after) {
				t.Errorf("the engine has\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(after, "\n"))
			}
			if got := machineNow(t); got != machine {
				t.Errorf("the machine is\n%s\nit was\n%s", got, machine)
			}
			if left, err := filepath.Glob(temporary + "/*"); err != nil || len(left) > 0 {
				t.Errorf("%q are left (%v)", left, err)
			}
		})
	}
}

// strange makes an image, a network, a volume with a file, and a running container with all of
// them.
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

// machineNow is what an engine and an emulator may change about a machine, as far as it does not
// change with every container.
func machineNow(t *testing.T) string {
	t.Helper()
	var all []string
	for _, command := range []*exec.Cmd{
		exec.Command("cat", "/etc/hosts", "/proc/sys/net/ipv4/ip_forward"),
		exec.Command("iptables", "--list-rules", "INPUT"), exec.Command("iptables", "--list-rules", "FORWARD"),
		exec.Command("ip", "-brief", "address", "show", "dev", "docker0"),
		exec.Command("find", "/sys/fs/cgroup", "-maxdepth", "2", "-name", "cdkweb-*"),
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

// runUntil runs a program, calls then when it prints a line with some text, and returns how it
// ended.
func runUntil(t *testing.T, command *exec.Cmd, text string, then func(*os.Process)) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	printed, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.Stderr = command.Stdout
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
		t.Errorf("it did not print %q within %s", text, 2*patience)
	}
	return command.Wait()
}
