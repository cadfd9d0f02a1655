package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/cdkweb/cdkweb/cmd/cdkweb-docker/internal/registry"
)

// helperName is this program as a credential helper, which docker asks for the logins of the run.
// So no password is written for docker, where it would stay if this program was killed.
const helperName = "cdkweb-docker"

// helperFile names the files of the logins by their registries, in the folder of the configuration
// that docker is given.
const helperFile = "cdkweb-docker-logins.json"

// isHelper reports whether this program was called as a credential helper.
func isHelper(argument string) bool {
	name := strings.TrimSuffix(filepath.Base(argument), ".exe")
	return name == "docker-credential-"+helperName
}

// helper does what docker asks of a credential helper. What it says goes to docker.
func helper(args []string, in io.Reader, out io.Writer) error {
	if len(args) != 1 || args[0] != "get" && args[0] != "list" {
		return fmt.Errorf("the credential helper of cdkweb-docker knows get and list, got %q", args)
	}
	content, err := os.ReadFile(filepath.Join(os.Getenv("DOCKER_CONFIG"), helperFile))
	if err != nil {
		return fmt.Errorf("read the logins of the run: %w", err)
	}
	files := map[string]string{}
	if err := json.Unmarshal(content, &files); err != nil {
		return fmt.Errorf("read the logins of the run: %w", err)
	}
	if args[0] == "list" {
		users := map[string]string{}
		for server, file := range files {
			if login, ok := registry.ReadLogin(file); ok {
				users[server] = login.Username
			}
		}
		return json.NewEncoder(out).Encode(users)
	}
	const most = 1 << 16
	asked, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil {
		return err
	}
	server := strings.TrimSpace(string(asked))
	login, ok := registry.ReadLogin(files[server])
	if !ok { // in the words that docker takes for it
		_, err := fmt.Fprintln(out, "credentials not found in native keychain")
		return errors.Join(err, statusError(1))
	}
	return json.NewEncoder(out).Encode(map[string]string{
		"ServerURL": server, "Username": login.Username, "Secret": login.Password,
	})
}

// placeHelper makes this program a credential helper in a folder.
func placeHelper(folder string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "docker-credential-"+helperName)
	if runtime.GOOS == "windows" {
		file += ".exe"
	}
	linked := os.Symlink(self, file)
	if linked == nil {
		return nil
	}
	if os.Link(self, file) == nil { // Windows allows not everyone a symbolic link
		return nil
	}
	from, err := os.Open(self)
	if err != nil {
		return errors.Join(linked, err)
	}
	defer from.Close()
	to, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o700)
	if err != nil {
		return errors.Join(linked, err)
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
