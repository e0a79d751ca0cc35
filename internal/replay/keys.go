package replay

import (
	"context"
	"slices"

	"steward/internal/store"
)

// Keys are frozen keys in memory: those of a record, some dozens of bytes for each row that went
// and that others name. It is a store.Frozen; one goroutine uses it at a time.
type Keys struct{ sets map[string][][][]string }

var _ store.Frozen = (*Keys)(nil)

// NewKeys gives keys without any.
func NewKeys() *Keys { return &Keys{sets: map[string][][][]string{}} }

// Put implements store.Frozen.
func (k *Keys) Put(_ context.Context, set string, chunk int, rows [][]string) error {
	for len(k.sets[set]) <= chunk {
		k.sets[set] = append(k.sets[set], nil)
	}

	k.sets[set][chunk] = slices.Clone(rows)

	return nil
}

// Get implements store.Frozen.
func (k *Keys) Get(_ context.Context, set string, chunk int) ([][]string, error) {
	if chunk < 0 || chunk >= len(k.sets[set]) {
		return nil, nil
	}

	return slices.Clone(k.sets[set][chunk]), nil
}

// Sets implements store.Frozen.
func (k *Keys) Sets(context.Context) (map[string]int, error) {
	counts := make(map[string]int, len(k.sets))
	for set, chunks := range k.sets {
		counts[set] = len(chunks)
	}

	return counts, nil
}
