package main

import (
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"
)

// A failure is a page that makes the server fail on purpose, to see what the hosting does about it.
type failure struct {
	Path      string // without the leading slash
	Does, See string
	fail      http.HandlerFunc
}

var failures = []failure{
	{
		Path: "panic",
		Does: "The handler panics; net/http recovers and cuts this one connection without a " +
			"response.",
		See: "You see the hosting's own error page and, in the log, the stack. The server " +
			"lives on.",
		fail: func(http.ResponseWriter, *http.Request) { panic("a visitor opened /panic") },
	},
	{
		Path: "exit",
		Does: "The process ends with status 1, without a response and without waiting for other " +
			"requests.",
		See: "You see the hosting's own error page and, in the log, the “listening” line of the " +
			"process that takes over.",
		fail: func(http.ResponseWriter, *http.Request) {
			slog.Error("a visitor opened /exit")
			os.Exit(1)
		},
	},
	{
		Path: "fatal",
		Does: "The handler calls log.Fatal, as programs do when they cannot go on.",
		See:  "The same as /exit: a process with status 1, its reason the last line of its log.",
		fail: func(http.ResponseWriter, *http.Request) { log.Fatal("a visitor opened /fatal") },
	},
	{
		Path: "use-all-memory",
		Does: "Takes memory until the process is killed. If nothing limits it, that is all the " +
			"machine has.",
		See: "You see the hosting's own error page and, in the log, how far it came: no process " +
			"can log its own killing.",
		fail: useAllMemory,
	},
}

func useAllMemory(http.ResponseWriter, *http.Request) {
	const step = 32 << 20
	var held [][]byte
	for {
		chunk := make([]byte, step)
		for i := 0; i < step; i += os.Getpagesize() {
			chunk[i] = 1 // memory counts once it is touched
		}
		held = append(held, chunk)
		slog.Warn("a visitor opened /use-all-memory", "mib", len(held)*step>>20)
		time.Sleep(50 * time.Millisecond) // let the log keep up
	}
}
