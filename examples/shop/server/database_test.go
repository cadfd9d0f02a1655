package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// startPostgres starts a Postgres of this machine, which the test ends, and returns the variables
// for it.
func startPostgres(t *testing.T) func(string) string {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // Debian's
	if path, err := exec.LookPath("postgres"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Skip("needs Postgres: apt-get install postgresql")
	}
	bin := filepath.Dir(found[len(found)-1])
	dir, err := os.MkdirTemp("", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	const password = "a/b@c:d%e?f"
	passwords := filepath.Join(dir, "password")
	err = errors.Join(os.WriteFile(passwords, []byte(password), 0o644), os.Chmod(passwords, 0o644)) // whatever the umask is
	if err != nil {
		t.Fatal(err)
	}
	command := func(name string, arguments ...string) *exec.Cmd {
		c := exec.Command(filepath.Join(bin, name), arguments...)
		c.Dir = dir
		c.Env = append(os.Environ(), "LC_ALL=C") // what it says is read below
		if os.Getuid() == 0 {                    // which Postgres refuses to be
			const nobody = 65534
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			if err := os.Chown(dir, nobody, nobody); err != nil {
				t.Fatal(err)
			}
		}
		return c
	}
	data := filepath.Join(dir, "data")
	if text, err := command("initdb", "-D", data, "-U", "shop", "--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, text)
	}
	// Somebody else may take a port between the search for a free one and the start.
	port := ""
	for tries := 20; port == ""; tries-- {
		free := freePort(t)
		log := &readiness{ready: make(chan struct{})}
		server := command("postgres", "-D", data, "-k", dir, "-h", "127.0.0.1", "-p", free)
		server.Stderr = log
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- server.Wait() }()
		select {
		case <-log.ready:
			port = free
			t.Cleanup(func() {
				server.Process.Signal(os.Interrupt)
				<-ended
			})
		case err := <-ended:
			said := log.text.String()
			if tries == 0 || !strings.Contains(said, "Address already in use") {
				t.Fatalf("postgres ended: %v\n%s", err, said)
			}
		}
	}
	variables := map[string]string{
		"DB_HOST": "127.0.0.1", "DB_PORT": port, "DB_NAME": "postgres", "DB_USER": "shop",
		"DB_PASSWORD": password, "DB_SSLMODE": "disable",
	}
	return func(name string) string { return variables[name] }
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
}

// readiness closes a channel when Postgres says that it is ready.
type readiness struct {
	text  bytes.Buffer
	once  sync.Once
	ready chan struct{}
}

func (r *readiness) Write(text []byte) (int, error) {
	r.text.Write(text)
	if bytes.Contains(r.text.Bytes(), []byte("ready to accept connections")) {
		r.once.Do(func() { close(r.ready) })
	}
	return len(text), nil
}

func TestDatabase(t *testing.T) {
	getenv := startPostgres(t)
	open := func() *database {
		d, err := openDatabase(t.Context(), getenv)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(d.pool.Close)
		return d
	}

	// Servers that start together make the tables once.
	var group sync.WaitGroup
	for range 8 {
		d := open()
		group.Go(func() {
			if all, err := d.List(t.Context()); err != nil || all == nil || len(all) > 0 {
				t.Errorf("got %v and the error %v, want an empty list", all, err)
			}
		})
	}
	group.Wait()

	d := open()
	tea, err := d.Add(t.Context(), product{Name: "Tea", Cents: 350})
	if err != nil {
		t.Fatal(err)
	}
	if all, err := open().List(t.Context()); err != nil || !slices.Equal(all, []product{tea}) {
		t.Errorf("got %v and the error %v, want the product", all, err)
	}
	if _, err := d.Add(t.Context(), product{Name: "Gift", Cents: -1}); err == nil {
		t.Error("a negative price is kept")
	}

	var announced []order
	announce := func(o order) error {
		announced = append(announced, o)
		return nil
	}
	kept, err := d.Order(t.Context(), order{Product: tea.ID, Count: 2}, announce)
	if err != nil || !slices.Equal(announced, []order{kept}) {
		t.Errorf("got the order %v, announced %v, and the error %v", kept, announced, err)
	}
	if _, err := d.Order(t.Context(), order{Product: tea.ID + 1, Count: 1}, announce); !errors.Is(err, errNotFound) {
		t.Errorf("got the error %v, want errNotFound", err)
	}

	// An order that nobody is told of is not kept.
	unsent := errors.New("the queue is not there")
	if _, err := d.Order(t.Context(), order{Product: tea.ID, Count: 1}, func(order) error { return unsent }); !errors.Is(err, unsent) {
		t.Errorf("got the error %v, want that of the queue", err)
	}
	var orders int
	if err := d.pool.QueryRow(t.Context(), "SELECT count(*) FROM orders").Scan(&orders); err != nil || orders != 1 {
		t.Errorf("got %d orders and the error %v, want one", orders, err)
	}
	if fmt.Sprint(announced) != fmt.Sprint([]order{kept}) {
		t.Errorf("got %v announced, want the order that was kept", announced)
	}
}
