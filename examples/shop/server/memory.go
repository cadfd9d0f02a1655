package main

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"sync"
)

// memory is a shop without a database, bucket and queue, for laptops and tests.
type memory struct {
	mu       sync.Mutex
	products []product
	orders   int64
	pictures map[string][]byte
	messages [][]byte
}

func newMemory() *memory { return &memory{pictures: map[string][]byte{}} }

func (m *memory) List(context.Context) ([]product, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]product{}, m.products...), nil
}

func (m *memory) Add(_ context.Context, p product) (product, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p.ID = int64(len(m.products) + 1)
	m.products = append(m.products, p)
	return p, nil
}

func (m *memory) Order(_ context.Context, o order, announce func(order) error) (order, error) {
	m.mu.Lock()
	known := slices.ContainsFunc(m.products, func(p product) bool { return p.ID == o.Product })
	m.orders++
	o.ID = m.orders
	m.mu.Unlock()
	if !known {
		return order{}, errNotFound
	}
	return o, announce(o)
}

func (m *memory) Put(_ context.Context, name string, photo []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.pictures[name] = bytes.Clone(photo)
	return nil
}

func (m *memory) Get(_ context.Context, name string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	photo, ok := m.pictures[name]
	if !ok {
		return nil, errNotFound
	}
	return photo, nil
}

func (m *memory) Send(_ context.Context, message []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = append(m.messages, bytes.Clone(message))
	slog.Info("ordered", "message", string(message))
	return nil
}
