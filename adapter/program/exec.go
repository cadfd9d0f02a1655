package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
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
	environ []string
	exec    func(path string, arguments, environ []string) error
}

// start does not return if the server could be started. Else it also tells
// Lambda why, if there is one.
func (s starter) start(arguments []string) error {
	kind, err := s.try(arguments)
	address := s.getenv("AWS_LAMBDA_RUNTIME_API")
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
	path, commandErr := lookUp(command[0], s.getenv)
	environ, wanted, referenceErr := s.split()
	if s.getenv("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start" && (len(wanted) > 0 || referenceErr != nil) {
		return faultSecret, errors.New("secrets do not go with SnapStart: their values would be part of the snapshot, " +
			"and stay the old ones after they were changed; switch SnapStart off, or let the server fetch them after each restore")
	}
	values, fetchErr := secrets.Fetch(wanted, s.getenv)
	if err := errors.Join(referenceErr, fetchErr); err != nil {
		return faultSecret, errors.Join(err, commandErr)
	}
	if commandErr != nil {
		return faultCommand, commandErr
	}
	for _, v := range wanted {
		environ = append(environ, v.Name+"="+values[v.Name])
	}
	err = s.exec(path, command, environ)
	if errors.Is(err, syscall.E2BIG) {
		return faultCommand, fmt.Errorf("cannot start %s: %w; its arguments, variables and secrets have to be smaller", path, err)
	}
	return faultCommand, fmt.Errorf("cannot start %s: %w", path, err)
}

// getenv is os.Getenv for the starter's environment.
func (s starter) getenv(name string) string {
	value, _ := s.lookupEnv(name)
	return value
}

// lookupEnv takes the first of variables that come twice, as libraries in C do.
func (s starter) lookupEnv(name string) (string, bool) {
	for _, pair := range s.environ {
		if n, value, _ := strings.Cut(pair, "="); n == name {
			return value, true
		}
	}
	return "", false
}

// split returns the environment without the references, and the variables that
// they are for. A variable that is there already needs no secret: this is how
// the same command runs on a laptop.
func (s starter) split() (environ []string, wanted []secrets.Variable, err error) {
	var errs []error
	for _, pair := range s.environ {
		name, text, _ := strings.Cut(pair, "=")
		variable, ok := strings.CutPrefix(name, settings.SecretPrefix)
		if !ok {
			environ = append(environ, pair)
			continue
		}
		if _, ok := s.lookupEnv(variable); ok {
			continue
		}
		r, err := secrets.Parse(text)
		switch {
		case variable == "":
			errs = append(errs, fmt.Errorf("%s must have the name of a variable behind it", name))
		case err != nil:
			if strings.HasPrefix(text, "arn:") { // else somebody may have written the secret itself there
				name += ", " + strconv.Quote(text) + ","
			}
			errs = append(errs, fmt.Errorf("%s holds no reference to a secret: %w", name, err))
		case !slices.ContainsFunc(wanted, func(v secrets.Variable) bool { return v.Name == variable }):
			wanted = append(wanted, secrets.Variable{Name: variable, Reference: r})
		}
	}
	return environ, wanted, errors.Join(errs...)
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
