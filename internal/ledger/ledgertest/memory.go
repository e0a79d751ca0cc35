// Package ledgertest helps to test the ledger and what stands on it: mirrors in
// memory and in a folder, the conformance suite for mirrors, and small worlds of
// both copies as plain values. Nothing in it ships.
package ledgertest

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"sync"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ledger"
)

// Memory is a ledger.Mirror in memory. Each call passes the fault gate as one
// HTTP request. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	objects map[string]object // owned by mu
	serial  ledger.Generation // owned by mu
}

type object struct {
	data       []byte
	generation ledger.Generation
}

// NewMemory gives an empty mirror.
func NewMemory() *Memory { return &Memory{objects: map[string]object{}} }

// Put implements ledger.Mirror.
func (m *Memory) Put(
	ctx context.Context, name string, data []byte, generation ledger.Generation,
) (stored ledger.Generation, err error) {
	err = faults.Do(ctx, faults.HTTP, "PUT", func(context.Context) error {
		m.mu.Lock()
		defer m.mu.Unlock()

		if m.objects[name].generation != generation {
			return failure.New(failure.ObjectExists, "writing to the memory mirror")
		}

		m.serial++
		stored = m.serial
		m.objects[name] = object{data: bytes.Clone(data), generation: stored}

		return nil
	})

	return stored, failure.Wrap(failure.Unavailable, "writing to the memory mirror", err)
}

// Get implements ledger.Mirror.
func (m *Memory) Get(ctx context.Context, name string) (data []byte, generation ledger.Generation, err error) {
	err = faults.Do(ctx, faults.HTTP, "GET", func(context.Context) error {
		m.mu.Lock()
		defer m.mu.Unlock()

		found, ok := m.objects[name]
		if !ok {
			return failure.New(failure.ObjectNotFound, "reading from the memory mirror")
		}

		data, generation = bytes.Clone(found.data), found.generation

		return nil
	})

	return data, generation, failure.Wrap(failure.Unavailable, "reading from the memory mirror", err)
}

// List implements ledger.Mirror.
func (m *Memory) List(ctx context.Context, prefix, from string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		var names []string

		err := faults.Do(ctx, faults.HTTP, "LIST", func(context.Context) error {
			names = m.Names(prefix)

			return nil
		})
		if err != nil {
			yield("", failure.Wrap(failure.Unavailable, "listing the memory mirror", err))

			return
		}

		for _, name := range names {
			if name >= from && !yield(name, nil) {
				return
			}
		}
	}
}

// Delete implements ledger.Mirror.
func (m *Memory) Delete(ctx context.Context, name string) error {
	err := faults.Do(ctx, faults.HTTP, "DELETE", func(context.Context) error {
		m.Tamper(name, nil)

		return nil
	})

	return failure.Wrap(failure.Unavailable, "deleting from the memory mirror", err)
}

// Names gives the names with a prefix in order, past the fault gate.
func (m *Memory) Names(prefix string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()

	var names []string

	for name := range m.objects {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}

	slices.Sort(names)

	return names
}

// Tamper replaces an object behind the ledger's back; nil removes it.
func (m *Memory) Tamper(name string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()

	if data == nil {
		delete(m.objects, name)

		return
	}

	m.serial++
	m.objects[name] = object{data: bytes.Clone(data), generation: m.serial}
}
