//go:build !linux

package lambdatest

import (
	"fmt"
	"math/rand/v2"
	"net"
	"sync"
)

// FreePort returns a port on loopback that nobody listens on. It is below those that systems give
// to outgoing connections, so that none takes it meanwhile, and is not returned again.
func FreePort(t T) int {
	t.Helper()
	ports.Lock()
	defer ports.Unlock()
	for range 1000 {
		port := 10_000 + rand.IntN(22_000)
		if ports.used[port] {
			continue
		}
		listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		listener.Close()
		ports.used[port] = true
		return port
	}
	t.Fatal("no port is free")
	return 0
}

var ports = struct {
	sync.Mutex
	used map[int]bool
}{used: map[int]bool{}}
