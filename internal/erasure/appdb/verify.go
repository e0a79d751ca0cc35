package appdb

import (
	"context"

	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/erasure/verify"
	"steward/internal/failure"
	"steward/internal/store"
)

// Verify implements store.Store. It fails with NotFrozen where there are no keys to look for, and as the key of keyed hashes does
// where it is needed and cannot be had.
func (s *Store) Verify(ctx context.Context, subject store.Subject, frozen store.Frozen) (left []store.Remainder, err error) {
	found, err := s.find(ctx, subject)
	if err != nil {
		return nil, err
	}

	keys := s.keys(frozen)

	if known, err := has(ctx, keys, routeSet); err != nil || !known {
		return nil, failure.Wrap(failure.NotFrozen, "verifying in "+s.Name(), orNotFrozen(err))
	}

	on, err := session.Open(ctx, s.db)
	if err != nil {
		return nil, err
	}
	defer on.Close(ctx)

	err = on.InTx(ctx, session.Snapshot+" read only", func(ctx context.Context) (err error) {
		left, err = s.look(on, found, subject, frozen).All(ctx)

		return err
	})

	return left, failure.Wrap(failure.Unavailable, "verifying in "+s.Name(), err)
}

func (s *Store) look(on *session.Session, found selection.Selection, subject store.Subject, frozen store.Frozen) verify.Look {
	return verify.Look{
		On: on, Decided: s.decided, Schema: found.Schema, Route: found.Route, Subject: subject, Keys: s.keys(frozen),
		Hashes: s.hashes(subject.Erasure),
	}
}

// hashes gives the keys of keyed hashes.
func (s *Store) hashes(erasure string) *verify.Hashes {
	keys := &verify.Hashes{Own: func(ctx context.Context) ([]byte, error) { return s.pseudonymKey(ctx, erasure) }}

	if s.options.OtherPseudonyms != nil {
		keys.Others = func(ctx context.Context) ([][]byte, error) { return s.options.OtherPseudonyms(ctx, erasure) }
	}

	return keys
}

// orNotFrozen is err, or that nothing was frozen.
func orNotFrozen(err error) error {
	if err != nil {
		return err
	}

	return failure.New(failure.NotFrozen, "looking for the frozen route")
}
