package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"

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

// asked are the arguments for docker of the command that this program was called with.
func (p *program) asked(command string, args ...string) []string {
	return slices.Concat(p.group, []string{command}, args)
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
		environment = append(environment, "DOCKER_CONFIG="+config,
			"PATH="+filepath.Join(config, helperFolder)+
				string(filepath.ListSeparator)+os.Getenv("PATH"))
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

// helperFolder holds the credential helper, in the folder of the configuration for docker.
const helperFolder = "cdkweb-docker-bin"

// dockerConfig makes a folder with the user's configuration of Docker and a credential helper that
// has the logins of this run. It is empty if there are none.
func (p *program) dockerConfig() (folder string, remove func() error, err error) {
	remove = func() error { return nil }
	held, err := p.logins.HeldFiles()
	if err != nil || len(held) == 0 {
		return "", remove, err
	}
	own := os.Getenv("DOCKER_CONFIG")
	if home, err := os.UserHomeDir(); own == "" && err == nil {
		own = filepath.Join(home, ".docker")
	}
	config, content := map[string]any{}, []byte(nil)
	if own == "" { // as docker has it
		own, err = os.DevNull, fs.ErrNotExist
	} else if own, err = filepath.Abs(own); err == nil {
		content, err = os.ReadFile(filepath.Join(own, "config.json"))
	}
	if err == nil {
		err = json.Unmarshal(content, &config)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", remove, fmt.Errorf("read Docker's configuration: %w", err)
	}
	helpers, ok := config["credHelpers"].(map[string]any)
	if !ok {
		helpers = map[string]any{}
		config["credHelpers"] = helpers
	}
	if file, ok := held[name.DefaultRegistry]; ok { // which docker calls by other names
		held["https://"+name.DefaultRegistry+"/v1/"], held["docker.io"] = file, file
	}
	for server := range held { // it comes before credsStore and auths
		helpers[server] = helperName
	}
	if content, err = json.Marshal(config); err != nil {
		return "", remove, err
	}
	files, err := json.Marshal(held)
	if err != nil {
		return "", remove, err
	}
	// No other process removes the folder as long as the store is open. If this one is killed, one
	// does so after a day.
	opened, err := store.Open(p.dir)
	if err != nil {
		return "", remove, err
	}
	folder, err = opened.Folder()
	if err != nil {
		return "", remove, errors.Join(err, opened.Close())
	}
	remove = func() error { return errors.Join(os.RemoveAll(folder), opened.Close()) }
	if err := fillConfig(folder, own, content, files); err != nil {
		return "", remove, errors.Join(err, remove())
	}
	return folder, remove, nil
}

// fillConfig writes a configuration of Docker into a folder, with what is beside the user's own.
func fillConfig(folder, own string, config, files []byte) error {
	bin := filepath.Join(folder, helperFolder)
	err := errors.Join(
		os.WriteFile(filepath.Join(folder, "config.json"), config, 0o600),
		os.WriteFile(filepath.Join(folder, helperFile), files, 0o600),
		os.Mkdir(bin, 0o700),
	)
	if err != nil {
		return err
	}
	if err := placeHelper(bin); err != nil {
		return err
	}
	entries, err := os.ReadDir(own)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries { // contexts, plugins
		if slices.Contains([]string{"config.json", helperFile, helperFolder}, entry.Name()) {
			continue
		}
		link := filepath.Join(folder, entry.Name())
		if err := os.Symlink(filepath.Join(own, entry.Name()), link); err != nil {
			return err
		}
	}
	return nil
}
