package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const systemEngine = "/var/run/docker.sock"

// startEngine starts a Docker engine that keeps everything in this run's folder, unless the machine's own runs already: two would
// quarrel about one bridge. In any case nothing of what was built stays.
func (l *lab) startEngine() (string, error) {
	l.engine = systemEngine
	note := "the machine's own, running already"
	if connection, err := net.Dial("unix", systemEngine); err == nil {
		connection.Close()
	} else {
		note = "started"
		if err := l.startOwnEngine(); err != nil {
			return "", err
		}
	}
	l.docker = &docker{environment: append(os.Environ(), "DOCKER_HOST=unix://"+l.engine)}
	version, err := l.docker.run("version", "--format", "{{.Server.Version}}")
	if err != nil {
		return "", err
	}
	before, err := l.docker.all()
	if err != nil {
		return "", err
	}
	l.atEnd(func() error { return l.docker.removeAllBut(before) })
	return "Docker " + version + ", " + note, nil
}

func (l *lab) startOwnEngine() error {
	restore, err := networkNow()
	if err != nil {
		return err
	}
	dir := l.folder("engine")
	l.engine = filepath.Join(dir, "docker.sock")
	process, err := l.start("dockerd", exec.Command("/usr/sbin/dockerd", "--host", "unix://"+l.engine, "--data-root", filepath.Join(dir, "data"),
		"--exec-root", filepath.Join(dir, "exec"), "--pidfile", filepath.Join(dir, "pid")), restore)
	if err != nil {
		return err
	}
	return process.wait(30*time.Second, func() error {
		connection, err := net.Dial("unix", l.engine)
		if err == nil {
			connection.Close()
		}
		return err
	})
}

// networkNow returns what puts the machine's packet filter and bridges back as they are now: an engine leaves its own behind.
func networkNow() (restore func() error, err error) {
	rules, err := exec.Command("iptables-save").Output()
	if err != nil {
		return nil, fmt.Errorf("iptables-save: %w", err)
	}
	const forwarding = "/proc/sys/net/ipv4/ip_forward"
	forward, err := os.ReadFile(forwarding)
	if err != nil {
		return nil, err
	}
	_, bridgeErr := net.InterfaceByName("docker0")
	return func() error {
		command := exec.Command("iptables-restore")
		command.Stdin = strings.NewReader(withEmptyTables(string(rules)))
		_, err := output(command)
		if bridgeErr != nil {
			_, deleted := output(exec.Command("ip", "link", "delete", "docker0"))
			err = errors.Join(err, deleted)
		}
		return errors.Join(err, os.WriteFile(forwarding, forward, 0o644))
	}, nil
}

// withEmptyTables adds the tables that an engine writes to where nothing had been said about them.
func withEmptyTables(rules string) string {
	for table, chains := range map[string][]string{
		"filter": {"INPUT", "FORWARD", "OUTPUT"},
		"nat":    {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"},
	} {
		if strings.Contains(rules, "*"+table+"\n") {
			continue
		}
		rules += "*" + table + "\n"
		for _, chain := range chains {
			rules += ":" + chain + " ACCEPT [0:0]\n"
		}
		rules += "COMMIT\n"
	}
	return rules
}

// process is a program in the background, with its log in a file.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
	err     error
}

// start starts a program that is stopped, by its process id, at the end. Then comes what else has to be undone.
func (l *lab) start(name string, command *exec.Cmd, after func() error) (*process, error) {
	p := &process{command: command, log: filepath.Join(l.dir, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = log, log
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for this program, which stops the others in order
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() { p.err = command.Wait(); log.Close(); close(p.ended) }()
	l.atEnd(func() error { return errors.Join(p.stop(), after()) })
	return p, nil
}

func (p *process) stop() error {
	p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		return nil
	case <-time.After(20 * time.Second):
		return p.command.Process.Kill()
	}
}

// wait waits until the process is ready.
func (p *process) wait(limit time.Duration, ready func() error) error {
	end := time.Now().Add(limit)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			log, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s ended: %w: %s", p.command.Path, p.err, tail(string(log)))
		case <-time.After(100 * time.Millisecond):
		}
		if time.Now().After(end) {
			log, _ := os.ReadFile(p.log)
			return fmt.Errorf("%s is not ready after %s: %w: %s", p.command.Path, limit, err, tail(string(log)))
		}
	}
}

// all returns the ids of all containers and images.
func (d *docker) all() (map[string]bool, error) {
	ids := map[string]bool{}
	for _, list := range [][]string{{"ps", "--all", "--quiet", "--no-trunc"}, {"images", "--all", "--quiet", "--no-trunc"}} {
		text, err := d.run(list...)
		if err != nil {
			return nil, err
		}
		for _, id := range strings.Fields(text) {
			ids[id] = true
		}
	}
	return ids, nil
}

// removeAllBut removes the containers and images that were not there before.
func (d *docker) removeAllBut(before map[string]bool) error {
	now, err := d.run("ps", "--all", "--quiet", "--no-trunc")
	for _, id := range strings.Fields(now) {
		if !before[id] {
			_, removed := d.run("rm", "--force", "--volumes", id)
			err = errors.Join(err, removed)
		}
	}
	for range 3 { // an image goes when nothing is built on it
		now, listed := d.run("images", "--all", "--quiet", "--no-trunc")
		err = errors.Join(err, listed)
		for _, id := range strings.Fields(now) {
			if !before[id] {
				d.run("rmi", "--force", id)
			}
		}
	}
	left, listed := d.all()
	for id := range left {
		if !before[id] {
			err = errors.Join(err, fmt.Errorf("%s is left in the engine", id))
		}
	}
	return errors.Join(err, listed)
}
