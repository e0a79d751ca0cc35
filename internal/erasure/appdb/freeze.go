package appdb

import (
	"context"
	"strconv"

	"steward/internal/erasure/freeze"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/store"
)

// The sets that hold no keys. They stand beside those of the tables, whose names begin with a schema.
const (
	// routeSet holds the fingerprint of the route for which keys were frozen, and the route.
	routeSet = "#route"
	// begunSet is there from the first deletion on, and holds what was counted before it. From then on frozen keys
	// are added, and never replaced: the rows of the others are gone.
	begunSet = "#begun"
)

// Freeze implements store.Store. Before the first deletion it freezes anew what there is now; after it, it does nothing.
func (s *Store) Freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	keys := s.keys(frozen)

	begun, err := has(ctx, keys, begunSet)
	if err != nil || begun {
		return err
	}

	found, err := s.find(ctx, subject)
	if err != nil {
		return err
	}

	return s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) error {
		return s.freeze(ctx, on, found, subject, keys)
	})
}

// freeze keeps the keys in the session's tables, then the fingerprint: where that is, all keys are.
func (s *Store) freeze(ctx context.Context, on *session.Session, found selection.Selection, subject store.Subject, keys freeze.Keys) error {
	way, err := written(found)
	if err != nil {
		return err
	}

	if err := keys.Write(ctx, on, found); err != nil {
		return err
	}

	if err := keys.Describe(ctx, found.Route.Sets); err != nil {
		return err
	}

	if err := s.look(on, found, subject, keys.Frozen).Before(ctx); err != nil {
		return err
	}

	return put(ctx, keys, routeSet, way)
}

func has(ctx context.Context, keys freeze.Keys, set string) (bool, error) {
	sets, err := keys.Frozen.Sets(ctx)

	return sets[keys.Name(set)] > 0, failure.Wrap(failure.Unavailable, "looking for frozen keys", err)
}

func put(ctx context.Context, keys freeze.Keys, set string, row []string) error {
	return failure.Wrap(failure.Unavailable, "freezing "+set, keys.Frozen.Put(ctx, keys.Name(set), 0, [][]string{row}))
}

func number(n int64) string { return strconv.FormatInt(n, 10) }
