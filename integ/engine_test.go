package integ

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// runEngine starts the run's own Docker engine, with the socket that clients take without being
// told: this run has an own /run.
func (l *lab) runEngine() error {
	const socket = "/run/docker.sock"
	process, err := l.start("dockerd", exec.Command(dockerEngine(), "--host", "unix://"+socket, "--data-root", l.folder("engine"),
		"--exec-opt", "native.cgroupdriver=cgroupfs", "--cgroup-parent", "/"+controlGroup(l.dir)))
	if err != nil {
		return err
	}
	l.docker = &docker{environment: append(os.Environ(), "DOCKER_CONFIG="+l.folder("docker-login")), socket: socket}
	return process.wait(func() error {
		connection, err := net.Dial("unix", socket)
		if err == nil {
			connection.Close()
		}
		return err
	})
}

// process is a program in the background, with its log in a file.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
	err     error
}

// start starts a program that ends with the run.
func (l *lab) start(name string, command *exec.Cmd) (*process, error) {
	p := &process{command: command, log: filepath.Join(l.dir, name+".log"), ended: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, err
	}
	go func() { p.err = command.Wait(); log.Close(); close(p.ended) }()
	return p, nil
}

// patience is how long a run waits for what has to happen: far longer than it takes on a busy machine.
const patience = 5 * time.Minute

// wait waits until the process is ready.
func (p *process) wait(ready func() error) error {
	end := time.Now().Add(patience)
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
			return fmt.Errorf("%s is not ready after %s: %w: %s", p.command.Path, patience, err, tail(string(log)))
		}
	}
}
