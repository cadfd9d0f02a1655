package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// extensionsFolder is where Lambda looks for external extensions.
const extensionsFolder = "/opt/extensions"

// folderOf is the folder of a program that was started by its path, as Lambda
// starts an extension.
func folderOf(program string) string {
	if filepath.IsAbs(program) {
		return filepath.Dir(program)
	}
	return extensionsFolder
}

// errNotAlone is the reason of an init that fails because of another adapter.
var errNotAlone = errors.New("another adapter")

// alone returns errNotAlone, with a sentence, if another adapter is part of this
// execution environment. Lambda hands one invocation to everybody who asks for
// the next one, so that with two adapters the server would get a request twice.
// Any other error means that it could not find out.
//
// It is called before the adapter asks for the next extension event. Lambda
// hands out no invocation until all extensions have done that.
func alone(program, runtimeAPI string) (release func(), err error) {
	release, claimErr := claim(runtimeAPI)
	return release, errors.Join(claimErr, siblings(folderOf(program), filepath.Base(program)))
}

// claim takes a name that two processes of one environment cannot share: that
// of an abstract Unix socket, which the kernel frees when the process ends,
// however it ends. The address of the Runtime API tells environments on one
// network apart, as two tests are.
func claim(runtimeAPI string) (release func(), err error) {
	release = func() {}
	if runtime.GOOS != "linux" {
		return release, nil // tests only: Lambda is Linux
	}
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return release, fmt.Errorf("socket: %w", err)
	}
	err = syscall.Bind(fd, &syscall.SockaddrUnix{Name: "@cdkweb-adapter " + runtimeAPI})
	if err == nil {
		return func() { syscall.Close(fd) }, nil
	}
	syscall.Close(fd)
	if errors.Is(err, syscall.EADDRINUSE) {
		return release, notAlone("a second copy of this adapter runs in the same environment, and each would send every " +
			"request to the server; keep one of them in the image")
	}
	return release, fmt.Errorf("bind: %w", err)
}

// siblings looks for other adapters among the programs in a folder. Lambda
// starts each executable file that lies in it.
func siblings(folder, self string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil // a proxy that starts programs itself needs no such folder
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(folder, entry.Name())
		info, err := os.Stat(path) // of what a link names
		if entry.Name() == self || err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			continue
		}
		if isAdapter(path, info.Size()) {
			return notAlone(path + " is a Lambda adapter too, and each adapter would send every request to the server; " +
				"keep one of them in the image: remove " + path + " or " + filepath.Join(folder, self))
		}
	}
	return nil
}

// notAlone is a sentence that counts as errNotAlone.
type notAlone string

func (n notAlone) Error() string        { return string(n) }
func (n notAlone) Is(target error) bool { return target == errNotAlone }

const (
	// lwaName is the file's name in the images that AWS publishes, and in all
	// examples.
	lwaName = "lambda-adapter"

	// adapterMark stands in the programs of AWS Lambda Web Adapter and of this
	// adapter, whatever their files are called: the name of a setting of both.
	adapterMark = "READINESS_CHECK_PATH"

	// maxAdapter bounds the programs that are searched for the mark. Adapters
	// have 3 to 10 MB; reading the 50 MB and more of other extensions, which come
	// over the network in a new environment, would delay each start.
	maxAdapter = 16 << 20
)

// isAdapter tells whether a program is an adapter. One that cannot be read
// cannot be started either, which Lambda reports.
func isAdapter(path string, size int64) bool {
	if strings.EqualFold(filepath.Base(path), lwaName) {
		return true
	}
	if size > maxAdapter {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	buf := make([]byte, 64<<10)
	for kept := 0; ; {
		n, err := io.ReadFull(file, buf[kept:])
		text := buf[:kept+n]
		if bytes.Contains(text, []byte(adapterMark)) {
			return true
		}
		if err != nil {
			return false
		}
		kept = copy(buf, text[len(text)-len(adapterMark):]) // the mark may stand across the border
	}
}
