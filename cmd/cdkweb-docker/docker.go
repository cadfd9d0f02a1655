package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/store"
)

// handedOver is set for docker, so that two programs which each take the other for docker end.
const handedOver = "CDKWEB_DOCKER_HANDED_OVER"

// findDocker returns the docker on PATH that is not this program.
func findDocker() (string, error) {
	if os.Getenv(handedOver) != "" {
		return "", errors.New("the docker in PATH is cdkweb-docker itself")
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	own, err := os.Stat(self)
	if err != nil {
		return "", err
	}
	name := "docker"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	for _, folder := range pathFolders() {
		file := filepath.Join(folder, name)
		info, err := os.Stat(file)
		if err != nil || info.IsDir() || os.SameFile(info, own) {
			continue
		}
		if runtime.GOOS == "windows" || info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", errors.New("there is no docker in PATH")
}

// elsewhere has docker carry out what this program does not.
func (p *program) elsewhere(args []string) error {
	if _, err := findDocker(); err != nil {
		return usageError{
			fmt.Errorf(
				"%q is no command of cdkweb-docker, and %w that would know it",
				args[0],
				err,
			),
		}
	}
	if args[0] == "run" || args[0] == "create" {
		if err := p.lend(args[1:]); err != nil {
			return err
		}
	}
	return p.docker(args)
}

// lend gives docker the images that are here and that it is about to run.
func (p *program) lend(args []string) error {
	opened, err := store.Open(p.dir)
	if err != nil {
		return err
	}
	defer opened.Close()
	p.store = opened
	for _, arg := range args {
		image, found, err := p.find(arg)
		if err != nil {
			return err
		}
		if !found || strings.HasPrefix(image.Name, unnamed) {
			continue
		}
		docker, err := findDocker()
		if err != nil {
			return err
		}
		command := exec.CommandContext(p.ctx, docker, "load", "--quiet")
		archive, err := command.StdinPipe()
		if err != nil {
			return err
		}
		command.Stderr = p.err
		if err := command.Start(); err != nil {
			return err
		}
		written := errors.Join(p.writeArchive(archive, []string{arg}), archive.Close())
		if err := errors.Join(command.Wait(), written); err != nil {
			return fmt.Errorf("give %s to docker: %w", arg, err)
		}
	}
	return nil
}

// docker runs docker with the logins of this run.
func (p *program) docker(args []string) (err error) {
	docker, err := findDocker()
	if err != nil {
		return fmt.Errorf("docker %s: %w", args[0], err)
	}
	environment := append(os.Environ(), handedOver+"=1")
	config, remove, err := p.dockerConfig()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	if config != "" {
		environment = append(environment, "DOCKER_CONFIG="+config)
	}
	command := exec.CommandContext(p.ctx, docker, args...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	command.Env = environment
	command.Stdin, command.Stdout, command.Stderr = p.in, p.out, p.err
	err = command.Run()
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) && ended.ExitCode() > 0 {
		return statusError(ended.ExitCode())
	}
	return err
}

// dockerConfig makes a folder with the user's configuration of Docker and the logins of this run.
// It is empty if there are none.
func (p *program) dockerConfig() (folder string, remove func() error, err error) {
	remove = func() error { return nil }
	held, err := p.logins.Held()
	if err != nil || len(held) == 0 {
		return "", remove, err
	}
	own := os.Getenv("DOCKER_CONFIG")
	if own == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", remove, err
		}
		own = filepath.Join(home, ".docker")
	}
	config := map[string]any{}
	content, err := os.ReadFile(filepath.Join(own, "config.json"))
	if err == nil {
		err = json.Unmarshal(content, &config)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", remove, fmt.Errorf("read Docker's configuration: %w", err)
	}
	table := func(name string) map[string]any {
		found, ok := config[name].(map[string]any)
		if !ok {
			found = map[string]any{}
			config[name] = found
		}
		return found
	}
	for registry, login := range held {
		pair := login.Username + ":" + login.Password
		table("auths")[registry] = map[string]string{
			"auth": base64.StdEncoding.EncodeToString([]byte(pair)),
		}
		delete(table("credHelpers"), registry)
	}
	// A store of credentials would be asked in place of what stands in the file. Those it has are
	// found by a helper for each registry.
	if store, ok := config["credsStore"].(string); ok && store != "" {
		delete(config, "credsStore")
		for registry := range table("auths") {
			if _, ours := held[registry]; !ours {
				if _, taken := table("credHelpers")[registry]; !taken {
					table("credHelpers")[registry] = store
				}
			}
		}
	}
	if content, err = json.Marshal(config); err != nil {
		return "", remove, err
	}
	folder, err = os.MkdirTemp("", "cdkweb-docker-")
	if err != nil {
		return "", remove, err
	}
	remove = func() error { return os.RemoveAll(folder) }
	if err := os.WriteFile(filepath.Join(folder, "config.json"), content, 0o600); err != nil {
		return "", remove, errors.Join(err, remove())
	}
	entries, err := os.ReadDir(own)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", remove, errors.Join(err, remove())
	}
	for _, entry := range entries { // contexts, plugins
		if entry.Name() == "config.json" {
			continue
		}
		link := filepath.Join(folder, entry.Name())
		if err := os.Symlink(filepath.Join(own, entry.Name()), link); err != nil {
			return "", remove, errors.Join(err, remove())
		}
	}
	return folder, remove, nil
}
