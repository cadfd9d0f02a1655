package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/registry"
)

func (p *program) login(args []string) error {
	username, fromStdin := "", false
	var servers []string
	for i := 0; i < len(args); i++ {
		value, ok := strings.CutPrefix(args[i], "--username=")
		switch {
		case ok:
			username = value
		case args[i] == "--username" || args[i] == "-u":
			if i++; i == len(args) {
				return usageError{errors.New("--username must be followed by a name")}
			}
			username = args[i]
		case args[i] == "--password-stdin":
			fromStdin = true
		case args[i] == "-p", strings.HasPrefix(args[i], "--password"):
			// Others on this machine see the arguments of a program, and so would they the
			// password.
			return usageError{
				errors.New(
					"login takes the password from standard input alone; use --password-stdin",
				),
			}
		case strings.HasPrefix(args[i], "-"):
			return usageError{
				fmt.Errorf("login has no flag %s", strings.SplitN(args[i], "=", 2)[0]),
			}
		default:
			servers = append(servers, args[i])
		}
	}
	if username == "" || !fromStdin || len(servers) > 1 {
		return usageError{
			errors.New("login must be called with --username NAME --password-stdin REGISTRY"),
		}
	}
	server := name.DefaultRegistry
	if len(servers) == 1 {
		server = strings.TrimPrefix(strings.TrimPrefix(servers[0], "https://"), "http://")
		server, _, _ = strings.Cut(server, "/")
		if server == "" { // which would be Docker Hub
			return usageError{fmt.Errorf(
				"login: the registry must be a name such as example.com, got %q", servers[0])}
		}
	}
	const most = 1 << 20
	content, err := io.ReadAll(io.LimitReader(p.input(p.in), most))
	if err != nil {
		return fmt.Errorf("login: read the password: %w", err)
	}
	password := strings.TrimRight(string(content), "\r\n")
	if password == "" || len(content) == most {
		return errors.New("login: there is no password on standard input")
	}
	credentials := &authn.Basic{Username: username, Password: password}
	if err := registry.Verify(p.ctx, server, credentials); err != nil {
		return err
	}
	file, err := p.logins.Save(server, username, password)
	if err != nil {
		return fmt.Errorf("login: %w", err)
	}
	if err := awaitEnd(file); err != nil {
		return fmt.Errorf("login: %w", err)
	}
	_, err = fmt.Fprintln(p.out, "Login Succeeded")
	return err
}

// input reads what may never come, such as standard input, until the program is interrupted.
func (p *program) input(from io.Reader) io.Reader {
	out, in := io.Pipe()
	context.AfterFunc(p.ctx, func() { in.CloseWithError(p.ctx.Err()) })
	go func() {
		_, err := io.Copy(in, from)
		in.CloseWithError(err)
	}()
	return out
}

// openInput opens a file, which may be a pipe that nobody writes to yet.
func (p *program) openInput(name string) (*os.File, error) {
	type result struct {
		file *os.File
		err  error
	}
	done := make(chan result, 1)
	go func() {
		file, err := os.Open(name)
		done <- result{file, err}
	}()
	select {
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	case r := <-done:
		return r.file, r.err
	}
}

// awaitEnd starts what removes a login once its run has ended. Without it, the next call of this
// program does.
func awaitEnd(file string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := exec.Command(self, awaitLogin, file)
	command.Dir = os.TempDir() // so that no folder is in use by it
	registry.Detach(command)
	if err := command.Start(); err != nil {
		return err
	}
	return command.Process.Release()
}

func (p *program) logout(args []string) error {
	server := name.DefaultRegistry
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			return usageError{fmt.Errorf("logout has no flag %s", arg)}
		}
		server = arg
	}
	if len(args) > 1 {
		return usageError{errors.New("logout takes the name of one registry")}
	}
	host, found, err := p.logins.Remove(server)
	if err != nil {
		return err
	}
	if !found {
		p.log("there is no login for %s in this run", host)
		return nil
	}
	_, err = fmt.Fprintf(p.out, "Removed the login for %s\n", host)
	return err
}
