package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestInterruptInput interrupts what waits for a word on standard input, or for a program that never
// says who somebody is.
func TestInterruptInput(t *testing.T) {
	t.Parallel()
	for _, args := range []string{
		"login --username a --password-stdin HOST", "load", "load --input FIFO", "push HOST/app:1",
	} {
		for _, sent := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
			t.Run(args+" "+sent.String(), func(t *testing.T) {
				t.Parallel()
				r, m := newRegistry(t, false), newMachine(t)
				m.must("build", "--tag", r.host+"/app:1", folder(t, asset))
				fifo := filepath.Join(m.home, "fifo")
				config := filepath.Join(m.home, ".docker", "config.json")
				err := errors.Join(
					syscall.Mkfifo(fifo, 0o600), os.Mkdir(filepath.Dir(config), 0o700),
					os.WriteFile(config, []byte(`{"credsStore":"slow"}`), 0o600),
					script(filepath.Join(m.path, "docker-credential-slow"),
						"#!/bin/sh\nexec 2>&1 >/dev/null\necho > \"$HOME/asked\"\nread never < "+fifo+"\n"),
				)
				if err != nil {
					t.Fatal(err)
				}
				in, out, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer out.Close()
				defer in.Close()
				words, err := os.Create(filepath.Join(m.home, "stderr"))
				if err != nil {
					t.Fatal(err)
				}
				defer words.Close()
				command := m.command(strings.Fields(strings.NewReplacer("HOST", r.host, "FIFO", fifo).Replace(args))...)
				command.Stdin, command.Stderr = in, words
				if err := command.Start(); err != nil {
					t.Fatal(err)
				}
				defer time.AfterFunc(30*time.Second, func() { command.Process.Kill() }).Stop()
				if _, err := out.WriteString("x"); err != nil {
					t.Fatal(err)
				}
				waits := func() bool {
					switch args {
					case "load --input FIFO":
						file, err := os.OpenFile(fifo, os.O_WRONLY|syscall.O_NONBLOCK, 0)
						if err == nil {
							t.Cleanup(func() { file.Close() })
						}
						return err == nil
					case "push HOST/app:1":
						_, err := os.Stat(filepath.Join(m.home, "asked"))
						return err == nil
					}
					unread, err := unix.IoctlGetInt(int(in.Fd()), unix.TIOCINQ)
					return err == nil && unread == 0
				}
				for limit := time.Now().Add(20 * time.Second); !waits() && time.Now().Before(limit); {
					time.Sleep(time.Millisecond)
				}
				if err := command.Process.Signal(sent); err != nil {
					t.Fatal(err)
				}
				err = command.Wait()
				if file, err := os.OpenFile(fifo, os.O_RDWR, 0); err == nil { // the helper ends
					file.Close()
				}
				content, err2 := os.ReadFile(words.Name())
				m.wantFailure(result{command.ProcessState.ExitCode(), "", string(content)}, 130,
					"interrupted; what was not finished is not kept")
				if err2 != nil || len(temporaries(t, m)) != 0 {
					t.Errorf("it ended with %v, %v, and left %q", err, err2, temporaries(t, m))
				}
			})
		}
	}
}
