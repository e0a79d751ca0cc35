// Package storetest helps to test stores of an erasure.
package storetest

import (
	"context"
	"maps"
	"slices"
	"sync"
)

// Memory keeps frozen keys in memory, unsealed: for tests. The zero value is empty. It is safe for concurrent use.
type Memory struct {
	mu     sync.Mutex
	chunks map[string]map[int][][]string // owned by mu
}

// Put implements store.Frozen.
func (m *Memory) Put(_ context.Context, set string, chunk int, rows [][]string) error {
	m.mu.Lock()
	defer m.mu.Unlock()

	if m.chunks == nil {
		m.chunks = map[string]map[int][][]string{}
	}

	if m.chunks[set] == nil {
		m.chunks[set] = map[int][][]string{}
	}

	m.chunks[set][chunk] = slices.Clone(rows)

	return nil
}

// Get implements store.Frozen.
func (m *Memory) Get(_ context.Context, set string, chunk int) ([][]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()

	return m.chunks[set][chunk], nil
}

// Sets implements store.Frozen.
func (m *Memory) Sets(context.Context) (map[string]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()

	sets := map[string]int{}
	for set, chunks := range m.chunks {
		sets[set] = len(chunks)
	}

	return sets, nil
}

// Names are the sets that hold something, in order.
func (m *Memory) Names() []string {
	m.mu.Lock()
	defer m.mu.Unlock()

	return slices.Sorted(maps.Keys(m.chunks))
}
