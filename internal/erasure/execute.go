package erasure

import (
	"context"
	"slices"
	"time"

	"steward/internal/erasure/goneby"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Erase erases in every store, one after the other, and notes how each came out. It looks
// for the sealed tombstone itself: nobody can lead it here without one. Those that come to know of more while
// others erase are asked once more at the end. A crash leaves stores that are done, one that is erased again, and others to come.
func (e Eraser) Erase(ctx context.Context, id string, beat Beat) (Seen, error) {
	return e.alone(ctx, id, Executing, func(ctx context.Context, of Case, subject store.Subject) error {
		if _, err := tombstone.Sealed(ctx, e.Steward, id); err != nil {
			return err
		}

		done, err := e.done(ctx, of)
		if err != nil {
			return err
		}

		frozen, err := e.frozen(ctx, id)
		if err != nil {
			return err
		}

		total := int64(0)

		for _, each := range e.Stores {
			if slices.Contains(done, each.Name()) {
				continue
			}

			before := total

			if err := e.eraseIn(ctx, subject, each, frozen, func(rows int64) { total = before + rows; beat(total) }); err != nil {
				return err
			}
		}

		if err := e.late(ctx, subject, frozen, func(rows int64) { beat(total + rows) }); err != nil {
			return err
		}

		if err := e.noteGone(ctx, of); err != nil {
			return err
		}

		// A store that failed erased nothing: asked again it does not move the day by which all is gone. One in which
		// something was found left was erased again, and does.
		return e.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
			return move(ctx, tx, of, Verifying, e.Clock.Now(), `, erased_at = coalesce(
				(select max(s.erased_at) from erasure_stores as s where s.erasure = $3 and s.outcome <> 'failed'), $2)`)
		})
	})
}

// done are the stores that need not erase again: they came out well, and nothing was
// found there since.
func (e Eraser) done(ctx context.Context, of Case) ([]string, error) {
	came, err := StoresOf(ctx, e.Steward, of.ID)
	if err != nil {
		return nil, err
	}

	left, err := RemaindersOf(ctx, e.Steward, of.ID)
	if err != nil {
		return nil, err
	}

	var names []string

	for _, each := range came {
		found := slices.ContainsFunc(left, func(r Remaining) bool { return r.Store == each.Store })
		if !each.failed() && !found {
			names = append(names, each.Store)
		}
	}

	return names, nil
}

// Verify looks in every store for what is left, by other code than that which erased, and
// notes it; and asks each store by when nothing can be left there. With nothing left, a case that
// is verifying is answered; one that waits stays where it is. A store that has failed is not asked.
func (e Eraser) Verify(ctx context.Context, id string, beat Beat) (Seen, error) {
	found, err := Get(ctx, e.Steward, id)
	if err != nil || found.Stage != Verifying && found.Stage != Waiting {
		return seenOf(found), err
	}

	return e.alone(ctx, id, found.Stage, func(ctx context.Context, of Case, subject store.Subject) error {
		return e.verify(ctx, of, subject, beat)
	})
}

func (e Eraser) verify(ctx context.Context, of Case, subject store.Subject, beat Beat) error {
	frozen, err := e.frozen(ctx, of.ID)
	if err != nil {
		return err
	}

	came, err := StoresOf(ctx, e.Steward, of.ID)
	if err != nil {
		return err
	}

	look, clean := looking{gone: of.ErasedAt, known: true}, true

	for n, each := range e.Stores {
		at := slices.IndexFunc(came, func(r StoreRow) bool { return r.Store == each.Name() })
		if at < 0 {
			// A store that came into the policy since: it has never erased.
			return failure.New(failure.EvidenceMissing, "verifying a store that was never asked")
		}

		beat(int64(n))

		if came[at].failed() {
			look.known = false

			continue
		}

		left, err := each.Verify(ctx, subject, frozen)
		if err != nil {
			return err
		}

		clean = clean && len(left) == 0

		if err := e.note(ctx, of, subject, each, came[at], left, &look); err != nil {
			return err
		}
	}

	gone, err := e.gone(ctx, of)
	if err != nil {
		return err
	}

	for _, name := range gone {
		look.known = false

		if err := e.noteUnasked(ctx, of, name); err != nil {
			return err
		}
	}

	if e.Residues != nil {
		without, err := e.Residues.Again(ctx, subject)
		if err != nil {
			return err
		}

		clean = clean && without
	}

	return e.judged(ctx, of, look, clean)
}

// looking gathers when nothing can be left anywhere.
type looking struct {
	gone  time.Time
	known bool
}

// note writes what was found in one store, and by when it is gone there.
func (e Eraser) note(
	ctx context.Context, of Case, subject store.Subject, in store.Store, came StoreRow, left []store.Remainder, look *looking,
) error {
	gone, err := in.GoneBy(ctx, subject, came.ErasedAt)
	code := failure.CodeOf(err)

	if err != nil {
		if failure.Lookup(code).Retryable {
			return err
		}

		look.known, gone = false, time.Time{} // nobody can say: it stays open
	}

	if gone = goneby.Latest(came.Outcome, gone); gone.After(look.gone) {
		look.gone = gone
	}

	at := e.Clock.Now()

	return e.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := putRemainders(ctx, tx, of.ID, in.Name(), left, at); err != nil || len(left) > 0 {
			return err
		}

		_, err := tx.Exec(ctx, `update erasure_stores set verified_at = $3, gone_by = $4, gone_code = $5
			where erasure = $1 and store = $2`, of.ID, in.Name(), at, postgres.Nullable(gone), string(code))

		return failWith("noting that nothing is left in a store", err)
	})
}

// judged takes the case on where nothing is left; what is left is decided about elsewhere.
func (e Eraser) judged(ctx context.Context, of Case, look looking, clean bool) error {
	if !clean {
		return nil
	}

	if !look.known {
		look.gone = time.Time{}
	}

	if of.Stage == Waiting {
		_, err := e.Steward.Exec(ctx, `update erasures set verified_at = $2, gone_by = $3 where id = $1 and stage = 'waiting'`,
			of.ID, e.Clock.Now(), postgres.Nullable(look.gone))

		return failWith("noting that nothing is left", err)
	}

	return move(ctx, e.Steward, of, Answered, e.Clock.Now(), `, verified_at = $2, gone_by = $5`, postgres.Nullable(look.gone))
}

// Forget removes the replay record of a case that was cancelled, or that is gone everywhere
// and only waits for its final certificate: no backup is left then that it could be needed for.
func (e Eraser) Forget(ctx context.Context, id string) (Seen, error) {
	err := e.locked(ctx, id, func(ctx context.Context) error {
		of, err := Get(ctx, e.Steward, id)
		if err != nil {
			return err
		}

		over := of.Stage == Cancelled

		if of.Stage == Waiting {
			if over, err = gone(ctx, e.Steward, of, e.Clock.Now()); err != nil {
				return err
			}
		}

		if !over {
			return nil
		}

		return e.Records.Delete(ctx, id, e.Clock.Now())
	})
	if err != nil {
		return Seen{}, failWith("removing the replay record of an erasure", err)
	}

	found, err := Get(ctx, e.Steward, id)

	return seenOf(found), err
}
