package replay

import (
	"context"
	"strings"

	"steward/internal/store"
)

// together are the keys of a record beside those that are frozen anew in restored data: what was erased then and
// what is found now goes. What is put goes to the new keys alone. It is a store.Frozen.
type together struct{ then, now *Keys }

// Put implements store.Frozen.
func (b together) Put(ctx context.Context, set string, chunk int, rows [][]string) error {
	return b.now.Put(ctx, set, chunk, rows)
}

// Get implements store.Frozen.
func (b together) Get(ctx context.Context, set string, chunk int) ([][]string, error) {
	rows, err := b.now.Get(ctx, set, chunk)
	if err != nil || noKeys(set) {
		return rows, err
	}

	before, err := b.then.Get(ctx, set, chunk)

	return append(rows, before...), err
}

// Sets implements store.Frozen.
func (b together) Sets(ctx context.Context) (map[string]int, error) {
	sets, err := b.now.Sets(ctx)
	if err != nil {
		return nil, err
	}

	before, err := b.then.Sets(ctx)

	for set, chunks := range before {
		if !noKeys(set) {
			sets[set] = max(sets[set], chunks)
		}
	}

	return sets, err
}

// noKeys reports whether a set holds what a store noted of that erasure, such as how far it came, and
// no keys: a store calls such a set by a name that begins with a number sign.
func noKeys(set string) bool {
	_, own, _ := strings.Cut(set, "/")

	return strings.HasPrefix(own, "#")
}

var _ store.Frozen = together{}
