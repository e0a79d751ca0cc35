package content

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"steward/internal/postgres"
)

// hashTogether hashes the tables over one transaction and its helpers, which see
// the same snapshot.
func hashTogether(ctx context.Context, q postgres.Queryer, helpers []postgres.Queryer, work *hashing) error {
	group, groupCtx := errgroup.WithContext(ctx)

	for _, helper := range helpers {
		group.Go(func() error {
			if err := pin(groupCtx, helper, nil); err != nil {
				return err
			}

			return work.join(groupCtx, helper)
		})
	}

	group.Go(func() error { return work.join(groupCtx, q) })

	return group.Wait() //nolint:wrapcheck // our own
}

// hashing is the work on all tables, which several transactions may share.
type hashing struct {
	tables   []sized // each is written by whoever took its place in the list
	ahead    *Ahead  // what was read before; nil for nothing
	progress func(rows int64)

	mu   sync.Mutex
	next int   // owned by mu; the first table that nobody has taken
	rows int64 // owned by mu; rows so far
}

// take gives the next table, nil when all are taken.
func (h *hashing) take() *sized {
	h.mu.Lock()
	defer h.mu.Unlock()

	if h.next == len(h.tables) {
		return nil
	}

	h.next++

	return &h.tables[h.next-1]
}

// join hashes tables over one transaction until there is none left.
func (h *hashing) join(ctx context.Context, q postgres.Queryer) (err error) {
	for table := h.take(); table != nil; table = h.take() {
		if table.Digest, err = h.digest(ctx, q, *table); err != nil {
			return fmt.Errorf("hashing table %s: %w", table.Key(), err)
		}
	}

	return nil
}

// digest gives what was read before of a table that has not changed since, or
// reads it.
func (h *hashing) digest(ctx context.Context, q postgres.Queryer, table sized) (Digest, error) {
	digest, same, err := h.ahead.proven(ctx, q, table)
	if err != nil || same {
		h.done(digest.Rows)

		return digest, err
	}

	var before int64

	return table.read(ctx, q, atOnce, func(rows int64) {
		h.done(rows - before)

		before = rows
	})
}

// done tells how far the work is, one part of a table after the other.
func (h *hashing) done(rows int64) {
	h.mu.Lock()
	defer h.mu.Unlock()

	h.rows += rows
	if h.progress != nil {
		h.progress(h.rows)
	}
}
