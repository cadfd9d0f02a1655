package main

import (
	"context"
	"slices"
	"sync"
)

// A memoryStore keeps the newest entries until the process ends. The zero value is ready to use.
type memoryStore struct {
	mu      sync.Mutex
	entries []entry // newest first
}

func (m *memoryStore) List(context.Context) ([]entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.entries), nil
}

func (m *memoryStore) Add(_ context.Context, e entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries = slices.Insert(m.entries, 0, e)
	m.entries = m.entries[:min(len(m.entries), maxEntries)]
	return nil
}

func (m *memoryStore) Place() string {
	return "memory until this process ends, as TABLE_NAME is not set"
}
