// Command server is a small shop: products and orders in Postgres, photos in a bucket, and each
// order as a message in a queue. It knows nothing of where it runs: all that it needs are
// variables.
//
//	DB_HOST, DB_PORT, DB_NAME, DB_USER, DB_PASSWORD   the database
//	PHOTOS_BUCKET                                     the bucket
//	ORDERS_QUEUE                                      the queue's URL
//	API_KEY                                           who may change products sends it
//	PORT                                              8080 by default
//
// On a laptop, without DB_HOST, everything is in memory: API_KEY=secret go run .
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
)

func main() {
	if err := run(); err != nil {
		slog.Error("cannot run", "error", err)
		os.Exit(1)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	shop, err := open(ctx, os.Getenv)
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              net.JoinHostPort("", cmp.Or(os.Getenv("PORT"), "8080")),
		Handler:           shop.handler(),
		ReadHeaderTimeout: 5 * time.Second,
	}
	go func() {
		<-ctx.Done()
		ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		server.Shutdown(ending)
	}()
	slog.Info("listening", "address", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// open connects to what the variables name. Nothing is called yet, so that the server listens at
// once, even if the database takes a while to wake up.
func open(ctx context.Context, getenv func(string) string) (*shop, error) {
	s := &shop{key: getenv("API_KEY")}
	if getenv("DB_HOST") == "" {
		memory := newMemory()
		s.products, s.photos, s.orders = memory, memory, memory
		return s, nil
	}
	var err error
	if s.products, err = openDatabase(ctx, getenv); err != nil {
		return nil, err
	}
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	s.photos = openBucket(aws, getenv("PHOTOS_BUCKET"))
	s.orders = openQueue(aws, getenv("ORDERS_QUEUE"))
	return s, nil
}
