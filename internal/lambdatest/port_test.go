package lambdatest

import (
	"fmt"
	"net"
	"net/http"
	"runtime"
	"syscall"
	"testing"
)

// A port that a test has is nobody else's before the test listens on it, in between and after.
func TestFreePort(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux keeps a port")
	}
	port := FreePort(t)
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for range 2 {
		if _, err := net.Dial("tcp", address); err == nil {
			t.Fatalf("somebody listens on %s", address)
		}
		listener, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		go http.Serve(listener, nil)
		if _, err := http.Get("http://" + address); err != nil {
			t.Error(err)
		}
		listener.Close()
	}
	wantInUse(t, port)
}

// The address of a Lambda is nobody else's after its test either: what has outlived the test may
// still call it.
func TestAddressIsKept(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux keeps a port")
	}
	port := 0
	t.Run("test", func(t *testing.T) {
		lambda := New(t)
		port = lambda.listener.Addr().(*net.TCPAddr).Port
		response, err := http.Get("http://" + lambda.Address()) // it serves, and so can be closed
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
	})
	wantInUse(t, port)
}

// wantInUse fails if a port could be had by who asks for any.
func wantInUse(t *testing.T, port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	other := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}
	if err := syscall.Bind(fd, other); err != syscall.EADDRINUSE {
		t.Errorf("got %v, want that the port is in use", err)
	}
}
