package appdb

import (
	"context"

	"steward/internal/erasure/execute"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/store"
)

// Erase implements store.Store. It fails with RouteChanged, and names where, if the map or the schema changed since
// Freeze so that something is not done any more; then nothing is done. What they say to do beyond it is done too.
// Where nothing was frozen here, as in a database that came into the map after the decision, it is frozen now.
func (s *Store) Erase(ctx context.Context, subject store.Subject, frozen store.Frozen, beat func(done int64)) (store.Outcome, error) {
	keys := s.keys(frozen)

	found, err := s.find(ctx, subject)
	if err != nil {
		return store.Outcome{}, err
	}

	if err := s.first(ctx, subject, frozen); err != nil {
		return store.Outcome{}, err
	}

	if err := resume(ctx, keys, found); err != nil {
		return store.Outcome{}, err
	}

	if err := s.begin(ctx, subject, found, keys); err != nil {
		return store.Outcome{}, err
	}

	on, err := session.Open(ctx, s.db)
	if err != nil {
		return store.Outcome{}, err
	}
	defer on.Close(ctx)

	done, err := s.run(ctx, on, subject, found, keys, beat)
	if err != nil {
		return store.Outcome{}, failure.Wrap(failure.Unavailable, "erasing in "+s.Name(), err)
	}

	return outcome(ctx, keys, done)
}

// first freezes where nothing was: nobody else does it after the tombstone. Where it had begun, Freeze does nothing, and resume
// refuses.
func (s *Store) first(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	planned, err := has(ctx, s.keys(frozen), routeSet)
	if err != nil || planned {
		return err
	}

	return s.Freeze(ctx, subject, frozen)
}

// begin freezes once more what there is just before the first deletion, since the subject lived on after the plan,
// and notes that it begins. A crash before the note leaves nothing deleted.
func (s *Store) begin(ctx context.Context, subject store.Subject, found selection.Selection, keys freeze.Keys) error {
	begun, err := has(ctx, keys, begunSet)
	if err != nil || begun {
		return err
	}

	return s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) error {
		if err := s.freeze(ctx, on, found, subject, keys); err != nil {
			return err
		}

		steps, err := s.count(ctx, on, found)
		if err != nil {
			return err
		}

		return failure.Wrap(failure.Unavailable, "freezing "+begunSet, keys.Frozen.Put(ctx, keys.Name(begunSet), 0, begunOf(steps)))
	})
}

// run erases over one session, then has the server forget samples of what it knew.
func (s *Store) run(
	ctx context.Context, on *session.Session, subject store.Subject, found selection.Selection, keys freeze.Keys, beat func(int64),
) (execute.Done, error) {
	if err := freeze.Prepare(ctx, on, found, subject); err != nil {
		return execute.Done{}, err
	}

	chunks, err := keys.Load(ctx, on, found)
	if err != nil {
		return execute.Done{}, err
	}

	if err := recorded(ctx, on, keys); err != nil {
		return execute.Done{}, err
	}

	known, err := counted(ctx, keys)
	if err != nil {
		return execute.Done{}, err
	}

	held := s.brake()
	defer held.Close(ctx)

	round, again := 1, false
	runner := execute.Runner{
		Session: on, Found: found, Limits: s.options.Limits, Known: known, Beat: beat, Brake: held.Wait,
		Record: recorder(found, keys, chunks),
		Grow: func(ctx context.Context) error {
			err := s.late(ctx, on, found, keys, chunks, round, again)
			if again = err != nil; !again {
				round++
			}

			return err
		},
	}

	if execute.Needed(found) {
		key, err := s.pseudonymKey(ctx, subject.Erasure)
		if err != nil {
			return execute.Done{}, err
		}

		pseudonyms := execute.Pseudonyms{Session: on, Found: found, Keys: keys, Key: key}
		runner.Pseudonyms = func(ctx context.Context) error { return pseudonyms.Give(ctx, chunks) }
	}

	done, err := runner.Run(ctx)
	if err != nil {
		return done, err
	}

	if s.options.Cleaning != nil {
		s.options.Cleaning()
	}

	if s.options.NoOwner {
		return done, nil
	}

	return done, execute.Clean(ctx, on, found, held.Wait, func() {
		if beat != nil {
			beat(done.All())
		}
	})
}

// late lets go of rows that are somebody else's by now, and freezes keys of rows that came after Freeze, in chunks of
// their own, before those rows go. Where the same round failed before, keys that it found are in the session's tables
// already, and are frozen again.
func (s *Store) late(
	ctx context.Context, on *session.Session, found selection.Selection, keys freeze.Keys, chunks map[string]int, round int, again bool,
) error {
	first := round * roundsApart

	if err := freeze.Prune(ctx, on, found); err != nil {
		return err
	}

	grown, err := freeze.Grow(ctx, on, found, first)
	if err != nil || grown == 0 && !again {
		return err
	}

	return keys.Append(ctx, on, found, first, chunks)
}

// roundsApart keeps the rounds of one look apart from those of the next.
const roundsApart = 10_000
