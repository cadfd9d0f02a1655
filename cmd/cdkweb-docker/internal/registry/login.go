package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// Logins are the credentials that login was given, in a folder that nobody else may read. Each
// belongs to a run: other runs do not see it, and it is removed when the run has ended.
type Logins struct {
	Dir string
	Run Run
}

// Login is what is known of a registry.
type Login struct {
	Registry string    `json:"registry"`
	Username string    `json:"username"`
	Password string    `json:"password"`
	Run      Run       `json:"run"`
	Made     time.Time `json:"made"`
}

// gone reports whether a login has to be removed.
func (l Login) gone(now time.Time) bool {
	return now.Sub(l.Made) > LoginAge || l.Made.After(now.Add(time.Hour)) ||
		!l.Run.alive(system{}, processSpace())
}

// registryKey is how a registry is called, whichever way it was written.
func registryKey(registry string) (string, error) {
	registry = strings.TrimPrefix(strings.TrimPrefix(registry, "https://"), "http://")
	registry, _, _ = strings.Cut(registry, "/")
	parsed, err := name.NewRegistry(registry)
	if err != nil {
		return "", fmt.Errorf("%q is no name of a registry, such as example.com", registry)
	}
	return parsed.RegistryStr(), nil
}

func (l *Logins) file(registry string) string {
	group := l.Run.Group
	if l.Run.Caller.PID > 0 {
		group = 0 // a shell gives each command another
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %+v %d %q",
		registry, l.Run.Caller, group, l.Run.Space))
	return filepath.Join(l.Dir, hex.EncodeToString(sum[:16])+".json")
}

// Save keeps credentials for the run, and returns the file that holds them.
func (l *Logins) Save(registry, username, password string) (string, error) {
	key, err := registryKey(registry)
	if err != nil {
		return "", err
	}
	if !l.Run.known() {
		return "", errors.New("nothing that called it is left, and a login is kept as long as " +
			"that runs; call login and push from one program")
	}
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return "", err
	}
	content, err := json.Marshal(Login{key, username, password, l.Run, time.Now().UTC()})
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(l.Dir, "new-") // mode 0600
	if err != nil {
		return "", err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	return l.file(key), os.Rename(file.Name(), l.file(key))
}

// Remove forgets the run's credentials for a registry, whose name it returns. It reports false if
// there are none.
func (l *Logins) Remove(registry string) (name string, found bool, err error) {
	key, err := registryKey(registry)
	if err != nil {
		return "", false, err
	}
	all, held, err := l.held()
	near := all[held[key]].Run.distance(l.Run)
	for file, login := range all {
		// What another program of the group was given may be used, and is not this one's to remove.
		if login.Registry == key && login.Run.has(l.Run) &&
			(login.Run.Caller.PID > 0 && slices.Contains(l.Run.Above, login.Run.Caller) ||
				login.Run.distance(l.Run) <= near) {
			found = true
			err = errors.Join(err, os.Remove(file))
		}
	}
	return key, found, err
}

// all returns the logins by their files. What cannot be read is half removed.
func (l *Logins) all() (map[string]Login, error) {
	entries, err := os.ReadDir(l.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	logins := map[string]Login{}
	for _, entry := range entries {
		file := filepath.Join(l.Dir, entry.Name())
		login, err := readLogin(file)
		if err == nil {
			logins[file] = login
		}
	}
	return logins, nil
}

func readLogin(file string) (Login, error) {
	var login Login
	content, err := os.ReadFile(file)
	if err != nil {
		return login, err
	}
	return login, json.Unmarshal(content, &login)
}

// Sweep removes the logins of runs that have ended.
func (l *Logins) Sweep() error {
	all, err := l.all()
	for file, login := range all {
		if login.gone(time.Now()) {
			if removed := os.Remove(file); !errors.Is(removed, fs.ErrNotExist) {
				err = errors.Join(err, removed)
			}
		}
	}
	return err
}

// Held returns the logins of this run, by registry.
func (l *Logins) Held() (map[string]Login, error) {
	all, held, err := l.held()
	logins := map[string]Login{}
	for registry, file := range held {
		logins[registry] = all[file]
	}
	return logins, err
}

// HeldFiles returns the files of the logins of this run, by registry.
func (l *Logins) HeldFiles() (map[string]string, error) {
	_, held, err := l.held()
	return held, err
}

// held returns all logins by their files, and the files of the run's by registry: the nearest, and
// of those the last.
func (l *Logins) held() (all map[string]Login, held map[string]string, err error) {
	all, err = l.all()
	held = map[string]string{}
	for file, login := range all {
		if !login.Run.has(l.Run) || login.gone(time.Now()) {
			continue
		}
		other, ok := all[held[login.Registry]]
		near := cmp.Compare(login.Run.distance(l.Run), other.Run.distance(l.Run))
		if !ok || near < 0 || near == 0 && login.Made.After(other.Made) {
			held[login.Registry] = file
		}
	}
	return all, held, err
}

// ReadLogin reads a login from its file. It reports false if there is none any more.
func ReadLogin(file string) (Login, bool) {
	login, err := readLogin(file)
	return login, err == nil && !login.gone(time.Now())
}

// Resolve implements authn.Keychain.
func (l *Logins) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	held, err := l.Held()
	if err != nil {
		return nil, err
	}
	login, ok := held[resource.RegistryStr()]
	if !ok {
		return authn.Anonymous, nil
	}
	return &authn.Basic{Username: login.Username, Password: login.Password}, nil
}

// Keychain returns who this program is for each registry: what login was given comes first, then
// what the user's Docker configuration says, which is only read.
func (l *Logins) Keychain() authn.Keychain {
	return authn.NewMultiKeychain(l, dockerKeychain{})
}

// dockerKeychain is the user's Docker configuration with its credential helpers.
type dockerKeychain struct{}

func (dockerKeychain) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	found, err := authn.DefaultKeychain.Resolve(resource)
	if err == nil {
		return found, nil
	}
	// What a helper printed stands at the end, and may be a secret.
	if before, _, ok := strings.Cut(err.Error(), ", out: `"); ok {
		_, status, _ := strings.Cut(before, "err: ")
		return nil, &credentialsError{fmt.Sprintf(
			"the credential helper for %s in Docker's configuration failed: %s; "+
				"its own words, if any, are above", resource.RegistryStr(), status)}
	}
	return nil, &credentialsError{fmt.Sprintf(
		"read the credentials for %s from Docker's configuration: %v", resource.RegistryStr(), err)}
}

// ResolveContext implements authn.ContextKeychain: an interrupt does not wait for a helper, which
// may have asked the user something.
func (k dockerKeychain) ResolveContext(
	ctx context.Context, resource authn.Resource,
) (authn.Authenticator, error) {
	type result struct {
		found authn.Authenticator
		err   error
	}
	done := make(chan result, 1)
	go func() {
		found, err := k.Resolve(resource)
		done <- result{found, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-done:
		return r.found, r.err
	}
}

// credentialsError is an error before a registry was asked anything.
type credentialsError struct{ text string }

func (e *credentialsError) Error() string { return e.text }

// Await removes a login once its run has ended.
func Await(ctx context.Context, file string) error {
	first, err := readLogin(file)
	for ; err == nil; err = ctx.Err() {
		login, err := readLogin(file)
		if err != nil || !login.Made.Equal(first.Made) {
			return nil // removed, or of another call of login, which awaits it too
		}
		if login.gone(time.Now()) {
			return os.Remove(file)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
	return err
}
