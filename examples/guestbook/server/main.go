// Command server is a small guestbook: a page that lists what visitors wrote and a form to add to
// it.
//
// It listens on PORT (8080 when unset) and keeps the entries in the DynamoDB table that TABLE_NAME
// names. The table has the partition key "book" and the sort key "id", both strings. Without
// TABLE_NAME the entries stay in memory, so that "go run ." works on a laptop.
//
// It also has pages that make it fail on purpose (see failure.go). Anybody who can reach the server
// can open them.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))
	slog.SetLogLoggerLevel(slog.LevelError) // the log package speaks for net/http and for log.Fatal

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()

	if err := run(ctx); err != nil {
		slog.Error("failed", "error", err)
		os.Exit(1)
	}
	slog.Info("stopped")
}

// run serves until ctx is done, and then lets the requests under way finish.
func run(ctx context.Context) error {
	store, err := openStore(ctx, os.Getenv("TABLE_NAME"))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("", cmp.Or(os.Getenv("PORT"), "8080")))
	if err != nil {
		return fmt.Errorf("listen on PORT: %w", err)
	}
	server := &http.Server{
		Handler:           logRequests(newServer(store)),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      60 * time.Second,
		// Longer than a load balancer's, so that it never reuses a connection just closed here.
		IdleTimeout: 120 * time.Second,
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	slog.Info("listening", "address", listener.Addr().String(), "entries", store.Place())

	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	slog.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return server.Shutdown(ctx)
}

// openStore opens the named table, or a store in memory when the name is empty.
func openStore(ctx context.Context, table string) (store, error) {
	if table == "" {
		return &memoryStore{}, nil
	}
	return openTable(ctx, table)
}
