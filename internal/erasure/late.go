package erasure

import (
	"context"
	"slices"

	"steward/internal/store"
)

// eraseIn erases in one store, and notes how it came out. A crash before the note leaves a store that is erased again.
func (e Eraser) eraseIn(ctx context.Context, subject store.Subject, in store.Store, frozen store.Frozen, beat func(int64)) error {
	came, err := in.Erase(ctx, subject, frozen, beat)
	if err != nil {
		return err
	}

	return putOutcome(ctx, e.Steward, subject.Erasure, in.Name(), came, e.Clock.Now())
}

// late asks those stores once more which came to know of more while rows went: it is known from then on, and nobody else erases
// it. What it goes by is in the steward database, so that a try after a crash asks them too.
func (e Eraser) late(ctx context.Context, subject store.Subject, frozen store.Frozen, beat func(int64)) error {
	came, err := StoresOf(ctx, e.Steward, subject.Erasure)
	if err != nil {
		return err
	}

	for _, each := range e.Stores {
		fed, is := each.(store.Later)
		if !is || !overtaken(came, each.Name()) {
			continue
		}

		more, err := fed.Later(ctx, frozen)
		if err != nil {
			return err
		}

		if !more {
			continue
		}

		if err := e.eraseIn(ctx, subject, each, frozen, beat); err != nil {
			return err
		}
	}

	return nil
}

// overtaken says that another store erased since this one did or, where nothing was found here since, since then: only then
// may it have come to know of more. A store that failed erased nothing.
func overtaken(came []StoreRow, name string) bool {
	at := slices.IndexFunc(came, func(r StoreRow) bool { return r.Store == name })
	if at < 0 {
		return true
	}

	own := came[at]

	return slices.ContainsFunc(came, func(r StoreRow) bool {
		since := !r.ErasedAt.Before(own.ErasedAt)
		if !own.VerifiedAt.IsZero() {
			since = r.ErasedAt.After(own.VerifiedAt)
		}

		return since && r.Store != name && !r.failed()
	})
}
