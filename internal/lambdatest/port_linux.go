package lambdatest

import (
	"sync"
	"syscall"
)

// FreePort returns a port on loopback that nobody listens on. Until the test ends, and for long
// after it, it is kept from all who ask for any free port, in other processes too, and from
// outgoing connections. Who asks for this one gets it if its socket has SO_REUSEADDR, as those of
// servers have.
func FreePort(t T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("socket: %v", err)
	}
	t.Cleanup(func() { retire(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("bind: %v", err)
	}
	// Only now, so that the port is nobody else's; and without listening, so that connections to it
	// are refused.
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatalf("setsockopt: %v", err)
	}
	address, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatalf("getsockname: %v", err)
	}
	return address.(*syscall.SockaddrInet4).Port
}

// retired are the sockets of tests that have ended, the oldest first.
var retired struct {
	sync.Mutex
	sockets []int
}

// retire keeps a port until a thousand others have been used.
func retire(fd int) {
	retired.Lock()
	defer retired.Unlock()
	retired.sockets = append(retired.sockets, fd)
	if len(retired.sockets) > 1000 {
		syscall.Close(retired.sockets[0])
		retired.sockets = retired.sockets[1:]
	}
}
