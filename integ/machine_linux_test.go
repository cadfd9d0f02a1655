package integ

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// A run happens on a machine of its own, as far as the kernel can make one: own processes, network,
// mounts and /run. It has an own Docker engine, so nothing of the engine that the user may run is
// ever seen. When its first process ends, however that happens, the kernel ends all others and
// takes the network with its bridge and its packet filter away. There is nothing to put back.
//
// What it shares with the user's machine are the files below "/", so that programs and caches are
// found. It writes to the run's own folder, to .tools and to Go's caches.

// insideVariable tells a process that it is the first one of a machine of its own, and names the
// run's folder.
const insideVariable = "CDKWEB_INTEG_FOLDER"

// onOwnMachine runs this program again, with the same arguments, on a machine of its own. When ctx
// ends, so does that machine with everything on it.
func onOwnMachine(ctx context.Context, dir string) *exec.Cmd {
	command := exec.CommandContext(ctx, "/proc/self/exe", os.Args[1:]...)
	command.Env = append(environment(), insideVariable+"="+dir, "GOPROXY=off")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWUTS,
		Setpgid:    true,            // Ctrl-C is for this process, which ends that one
		Pdeathsig:  syscall.SIGKILL, // also if this process is killed
	}
	runtime.LockOSThread() // the kernel takes the end of the thread that started it for the end of the parent
	return command
}

// environment is this process's, without what would lead programs to another engine, account or
// proxy.
func environment() []string {
	var kept []string
	for _, variable := range os.Environ() {
		name, _, _ := strings.Cut(variable, "=")
		switch prefix, _, _ := strings.Cut(strings.ToUpper(name), "_"); {
		case prefix == "DOCKER", prefix == "BUILDX", prefix == "BUILDKIT", prefix == "AWS", prefix == "CDK":
		case strings.HasSuffix(strings.ToUpper(name), "_PROXY"):
		default:
			kept = append(kept, variable)
		}
	}
	return kept
}

// setUpMachine makes what every program expects of a machine: /proc, /run, the loopback device, and
// the names of hosts.
func setUpMachine(dir string) error {
	if err := os.Unsetenv(insideVariable); err != nil { // it is about this process alone
		return err
	}
	temporary := filepath.Join(dir, "tmp")
	if err := errors.Join(os.Mkdir(temporary, 0o700), os.Setenv("TMPDIR", temporary)); err != nil {
		return err
	}
	hosts := filepath.Join(dir, "hosts")
	if err := os.WriteFile(hosts, []byte(hostsFile()), 0o644); err != nil {
		return err
	}
	if err := os.MkdirAll("/etc/docker", 0o755); err != nil {
		return err
	}
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"none", "/", "", syscall.MS_REC | syscall.MS_PRIVATE, ""}, // from here on no mount is seen outside
		{"proc", "/proc", "proc", syscall.MS_NOSUID | syscall.MS_NODEV | syscall.MS_NOEXEC, ""},
		{"run", "/run", "tmpfs", syscall.MS_NOSUID | syscall.MS_NODEV, "mode=755"}, // without the sockets of the user's engine
		{"docker", "/etc/docker", "tmpfs", 0, "mode=755"},                          // without its settings, and for a new key
		{hosts, "/etc/hosts", "", syscall.MS_BIND, ""},
	} {
		if err := syscall.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	_, err := output(exec.Command("ip", "link", "set", "lo", "up"))
	return err
}

// controlGroup is the parent of the containers' control groups: these are one tree for the whole
// kernel.
func controlGroup(dir string) string { return "cdkweb-" + filepath.Base(dir) }

// removeControlGroups removes what the engine of a run that has ended left in that tree. The kernel
// removes empty groups only.
func removeControlGroups(dir string) error {
	var errs []error
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} { // version 2, version 1
		roots, err := filepath.Glob(pattern + controlGroup(dir))
		errs = append(errs, err)
		for _, root := range roots {
			var all []string
			errs = append(errs, filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
				if err == nil && entry.IsDir() {
					all = append(all, name)
				}
				return err
			}))
			for i := len(all) - 1; i >= 0; i-- { // the innermost first
				errs = append(errs, syscall.Rmdir(all[i]))
			}
		}
	}
	return errors.Join(errs...)
}
