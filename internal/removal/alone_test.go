package removal_test

import (
	"context"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/prune"
	"steward/internal/removal"
)

// waiting returns once a prune waits for another one.
func (s *shelf) waiting(t *testing.T) {
	t.Helper()

	bound, end := context.WithTimeout(t.Context(), time.Minute) // only so that the test ends
	defer end()

	for waits := 0; waits == 0; <-time.After(time.Millisecond) {
		must(t, s.owner.QueryRow(bound, `select count(*) from pg_locks
			where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())`).Scan(&waits))
	}
}

// Two prunes at once take turns: the second reads only what the first has done, so
// that an exception which the first ends is not begun anew by what the second
// decided before.
//
//nolint:contextcheck // the shelf's helpers take the test, and with it its context
func TestTwoPrunesTakeTurns(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	last := s.drilled(t)
	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{})

	ended := make(chan error, 1)

	must(t, removal.Alone(t.Context(), s.Steward, removal.Backups, func(ctx context.Context) error {
		go func() {
			ended <- removal.Alone(ctx, s.Steward, removal.Backups, func(ctx context.Context) error {
				_, err := s.run(ctx)

				return err
			})
		}()

		s.waiting(t)
		s.drilled(t)
		s.ran(t, removal.Result{Removed: 1})

		return nil
	}))
	must(t, <-ended)
	s.evidence(t, map[string]int{"excepted": 1, "exception.ended": 1, "pruned": 1})

	if state := s.state(t, last.ID); state != catalogue.Pruned {
		t.Error(state)
	}
}

// What was decided before another prune ended the exception and removed the backup
// begins no exception anew, though it be carried out after.
func TestAnEndedExceptionIsNotBegunAnew(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{})
	last := s.drilled(t)
	s.clock.Advance(7 * day)
	s.ran(t, removal.Result{})

	stale, err := removal.Read(t.Context(), s.Steward)
	must(t, err)
	must(t, stale.List(t.Context(), s.Steward, s.Bucket))

	plan := stale.Plan(s.rule, s.clock.Now())
	if plan.Backups[0].Action != prune.Except {
		t.Fatalf("%+v", plan)
	}

	s.drilled(t)
	s.ran(t, removal.Result{Removed: 1})

	if _, err := s.Run(t.Context(), stale, plan, s.clock.Now(), func(int) {}); err != nil {
		t.Error(err)
	}

	s.evidence(t, map[string]int{"excepted": 1, "exception.ended": 1, "pruned": 1})

	found, err := catalogue.Exceptions(t.Context(), s.owner)
	if err != nil || found[last.ID].Open() {
		t.Errorf("%+v, %v", found, err)
	}
}

// Whatever fails on the way in or out, the lock is free after.
func TestAFailedPruneHoldsUpNobody(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	must(t, err)
	t.Cleanup(db.Close)

	// A connection that is thrown away lets go when its server process has seen that.
	free := func() (count int) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()

		for count = 1; count > 0 && ctx.Err() == nil; {
			must(t, db.QueryRow(t.Context(), `select count(*) from pg_locks where locktype = 'advisory'
				and database = (select oid from pg_database where datname = current_database())`).Scan(&count))
		}

		return count
	}

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		for n, reached := 1, true; reached; n++ {
			counter, ran := &faults.Counter{N: n, Mode: mode}, false

			err := removal.Alone(faults.With(t.Context(), counter), db, removal.Backups, func(context.Context) error {
				ran = true

				return nil
			})
			reached = counter.Reached()

			if locks := free(); reached != failure.Is(err, failure.Unavailable) || ran != (n > 1) || locks != 0 {
				t.Errorf("call %d failing %s: %v, ran %t, %d locks", n, mode, err, ran, locks)
			}
		}
	}

	gone, stop := context.WithCancel(t.Context())
	stop()

	if err := removal.Alone(gone, db, removal.Backups, func(context.Context) error { return nil }); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}

// A database that leaves the policy takes its exception with it: the newest backup
// goes at its time, and the ledger says why.
func TestADatabaseLeavesThePolicy(t *testing.T) {
	t.Parallel()

	for excepted, want := range map[bool]map[string]int{
		true:  {"excepted": 1, "exception.ended": 1, "pruned": 1},
		false: {"ceiling.honoured": 1, "pruned": 1},
	} {
		s := newShelf(t, gcs.Settings{LifecycleDeleteAfter: 30 * day})
		row := s.drilled(t)
		all := s.rule.Databases

		if excepted {
			s.clock.Advance(7 * day)
			s.ran(t, removal.Result{})
			s.rule.Databases = []string{"steward"}
		} else {
			s.rule.Databases = []string{"steward"}
			s.clock.Advance(7*day - 1)
			s.ran(t, removal.Result{})
			s.evidence(t, map[string]int{})
			s.clock.Advance(1)
		}

		s.ran(t, removal.Result{Removed: 1})
		s.evidence(t, want)

		said := append(s.bodies(t, "backup.exception.ended"), s.bodies(t, "backup.ceiling.honoured")...)
		if len(said) != 1 || !contains(said[0], `"cause":"left_policy"`) || !contains(said[0], row.ID) {
			t.Errorf("excepted %t: %q", excepted, said)
		}

		found, err := catalogue.Exceptions(t.Context(), s.owner)
		if one := found[row.ID]; err != nil || one.EndedCause != string(prune.LeftPolicy) || one.Open() || one.ReleasedAt.IsZero() {
			t.Errorf("excepted %t: %+v, %v", excepted, one, err)
		}

		if len(s.names(t)) > 0 {
			t.Errorf("excepted %t: left %v", excepted, s.names(t))
		}

		s.rule.Databases = all
		s.ran(t, removal.Result{})
	}
}

// Our clock runs a year ahead for an hour, the bucket's does not: the bucket keeps
// what it must, and when the clock is right again everything is as it was.
func TestAClockThatRunsAheadDeletesNothingThatTheBucketKeeps(t *testing.T) {
	t.Parallel()

	s := newShelf(t, gcs.Settings{Retention: 7*day - 3*time.Hour})
	old := s.drilled(t)
	s.clock.Advance(day)

	young := s.drilled(t)

	ahead := func() {
		w, err := removal.Read(t.Context(), s.Steward)
		must(t, err)
		must(t, w.List(t.Context(), s.Steward, s.Bucket))

		later := s.clock.Now().AddDate(1, 0, 0)
		if _, err := s.Run(t.Context(), w, w.Plan(s.rule, later), later, func(int) {}); !failure.Is(err, failure.StorageRefused) {
			t.Error(err)
		}
	}

	ahead()
	s.evidence(t, map[string]int{"excepted": 1, "overdue": 2})
	s.ran(t, removal.Result{})

	for _, row := range []catalogue.Backup{old, young} {
		if state := s.state(t, row.ID); state != catalogue.Drilled {
			t.Errorf("%s is %s", row.Day, state)
		}
	}

	if names := s.names(t); len(names) != 4 {
		t.Errorf("left %v", names)
	}

	s.clock.Advance(6 * day)
	s.ran(t, removal.Result{Removed: 1})

	if old, young := s.state(t, old.ID), s.state(t, young.ID); old != catalogue.Pruned || young != catalogue.Drilled {
		t.Errorf("%s, %s", old, young)
	}
}
