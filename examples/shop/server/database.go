package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// database keeps products and orders in Postgres.
type database struct {
	pool *pgxpool.Pool

	mu    sync.Mutex
	ready bool // the tables are there
}

// openDatabase reads the variables that UseDatabase sets. A pool is small, because Lambda runs a
// server for each request at a time, each with a pool of its own, and a database has a limit.
func openDatabase(ctx context.Context, getenv func(string) string) (*database, error) {
	address := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(getenv("DB_USER"), getenv("DB_PASSWORD")),
		Host:   net.JoinHostPort(getenv("DB_HOST"), getenv("DB_PORT")),
		Path:   "/" + getenv("DB_NAME"),
		// RDS demands encryption. Its certificates are of an authority that no image knows by
		// itself; the network is the VPC's own.
		RawQuery: url.Values{"sslmode": {sslMode(getenv)}, "pool_max_conns": {"4"}}.Encode(),
	}
	config, err := pgxpool.ParseConfig(address.String())
	if err != nil {
		return nil, errors.New("the variables DB_… make no address of a database") // without the password
	}
	config.MaxConnIdleTime = time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &database{pool: pool}, nil
}

func sslMode(getenv func(string) string) string {
	if mode := getenv("DB_SSLMODE"); mode != "" {
		return mode
	}
	return "require"
}

// schema makes the tables. The lock keeps servers that start together from making them at once.
const schema = `
SELECT pg_advisory_xact_lock(6011);
CREATE TABLE IF NOT EXISTS products (
	id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name  text   NOT NULL,
	cents bigint NOT NULL CHECK (cents >= 0)
);
CREATE TABLE IF NOT EXISTS orders (
	id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	product bigint NOT NULL REFERENCES products,
	count   int    NOT NULL CHECK (count > 0)
);`

// prepare makes the tables once.
func (d *database) prepare(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ready {
		return nil
	}
	err := pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, schema)
		return err
	})
	if err != nil {
		return fmt.Errorf("make tables: %w", err)
	}
	d.ready = true
	return nil
}

func (d *database) List(ctx context.Context) ([]product, error) {
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	rows, err := d.pool.Query(ctx, `SELECT id, name, cents FROM products ORDER BY id`)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[product])
	if all == nil {
		all = []product{}
	}
	return all, err
}

func (d *database) Add(ctx context.Context, p product) (product, error) {
	if err := d.prepare(ctx); err != nil {
		return product{}, err
	}
	err := d.pool.QueryRow(ctx, `INSERT INTO products (name, cents) VALUES ($1, $2) RETURNING id`, p.Name, p.Cents).Scan(&p.ID)
	return p, err
}

// foreignKey is Postgres's code for a reference to a row that is not there.
const foreignKey = "23503"

func (d *database) Order(ctx context.Context, o order, announce func(order) error) (order, error) {
	if err := d.prepare(ctx); err != nil {
		return order{}, err
	}
	err := pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `INSERT INTO orders (product, count) VALUES ($1, $2) RETURNING id`, o.Product, o.Count).Scan(&o.ID)
		if err != nil {
			return err
		}
		return announce(o)
	})
	var postgres *pgconn.PgError
	if errors.As(err, &postgres) && postgres.Code == foreignKey {
		return order{}, errNotFound
	}
	return o, err
}
