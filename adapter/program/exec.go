package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/cdkweb/cdkweb/adapter/program/runtimeapi"
	"github.com/cdkweb/cdkweb/adapter/program/secrets"
	"github.com/cdkweb/cdkweb/adapter/program/settings"
)

// execute starts a server with the values of secrets in its environment. It is
// what a function's entry point runs, as Lambda itself knows no secrets. The
// server takes this process's place, and so gets its id and its signals.
func execute(arguments []string) error {
	return starter{os.Environ(), syscall.Exec}.start(arguments)
}

// starter is what a start depends on.
type starter struct {
	environment
	exec func(path string, arguments, environ []string) error
}

// start does not return if the server could be started. Else it also tells
// Lambda why, if there is one.
func (s starter) start(arguments []string) error {
	kind, err := s.try(arguments)
	address := s.get("AWS_LAMBDA_RUNTIME_API")
	if address == "" {
		return err
	}
	api := runtimeapi.Client{Address: address}
	defer api.Close()
	if failed := api.FailInit(&runtimeapi.Fault{Kind: kind, Message: err.Error()}); failed != nil {
		err = errors.Join(err, fmt.Errorf("cannot tell Lambda that the start failed: %w", failed))
	}
	return err
}

func (s starter) try(arguments []string) (kind string, err error) {
	if len(arguments) < 2 || arguments[0] != "--" || arguments[1] == "" {
		return faultCommand, usageError("exec takes -- and then a command")
	}
	command := arguments[1:]
	path, commandErr := lookUp(command[0], s.get)
	wanted, values, err := s.fetchForStart()
	if err != nil {
		return faultSecret, errors.Join(err, commandErr)
	}
	if commandErr != nil {
		return faultCommand, commandErr
	}
	environ := s.without(func(name string) bool {
		_, isSecret := values[name]
		return isSecret || strings.HasPrefix(name, settings.SecretPrefix) || settings.OnlyForAdapter(name)
	})
	for _, v := range wanted {
		environ = append(environ, v.Name+"="+values[v.Name])
	}
	err = s.exec(path, command, environ)
	if errors.Is(err, syscall.E2BIG) {
		return faultCommand, fmt.Errorf("cannot start %s: %w; its arguments, variables and secrets have to be smaller", path, err)
	}
	return faultCommand, fmt.Errorf("cannot start %s: %w", path, err)
}

// fetchForStart is fetch, unless the values would stay the old ones in every
// environment that is restored from a snapshot.
func (s starter) fetchForStart() ([]secrets.Variable, map[string]string, error) {
	if s.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" && s.get(settings.AfterRestorePath) == "" {
		if wanted, err := s.secrets(); len(wanted) > 0 || err != nil {
			return nil, nil, errors.New("secrets need " + settings.AfterRestorePath + " under SnapStart, because the values that are part of " +
				"the snapshot stay the old ones after they were changed; set it to a path at which the server takes the new values, " +
				"or switch SnapStart off")
		}
	}
	return s.fetch()
}

// defaultPath is where programs are looked for in an environment without PATH.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// lookUp finds a command as a container's engine does: by its path, else in PATH.
func lookUp(command string, getenv func(string) string) (path string, err error) {
	if strings.Contains(command, "/") {
		return command, nil
	}
	folders := getenv("PATH")
	if folders == "" {
		folders = defaultPath
	}
	for _, folder := range filepath.SplitList(folders) {
		path := filepath.Join(folder, command)
		if folder == "" || folder == "." {
			path = "./" + command
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", fmt.Errorf("cannot start %s: no folder of PATH has such a program, PATH is %s", command, folders)
}
