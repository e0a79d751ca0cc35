package filebackup_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/filecatalogue"
	"steward/internal/filestest"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// yesterdays is a bench on whose second day the first day's attempt was not made
// yet; late makes it, on behalf of another run.
//
//nolint:revive // two benches, each with its day
func yesterdays(t *testing.T) (b, late *filestest.Bench, first, second filecatalogue.Backup) {
	t.Helper()

	b = filestest.New(t)
	b.Write(t, "a", "a")
	b.Write(t, "b", "b")
	first = b.Open(t)
	b.Clock.Advance(day)
	second = b.Open(t)

	taker := *b.Taker
	taker.Owner = "late"
	copied := *b
	copied.Taker = &taker

	return b, &copied, first, second
}

func row(t *testing.T, b *filestest.Bench, id string) filecatalogue.Backup {
	t.Helper()

	found, err := filecatalogue.Get(t.Context(), b.Steward, id)
	if err != nil {
		t.Fatal(err)
	}

	return found
}

// bothAreProven drills both days.
func bothAreProven(t *testing.T, b *filestest.Bench, days ...filecatalogue.Backup) {
	t.Helper()

	for _, each := range days {
		if drilled, err := b.Driller.Drill(t.Context(), each.ID); err != nil || drilled.State != catalogue.Drilled {
			t.Errorf("%+v, %v", drilled, err)
		}
	}
}

// While yesterday's attempt is alive today's waits; then it finds everything stored.
func TestTodayWaitsForYesterday(t *testing.T) {
	t.Parallel()

	b, late, first, second := yesterdays(t)
	meanwhile := &meddler{at: 2, do: func() {
		if _, err := b.Taker.Take(t.Context(), second.ID); !failure.Is(err, failure.DayTaken) {
			t.Errorf("two attempts at one set: %v", err)
		}
	}}

	taken, err := late.Taker.Take(faults.With(t.Context(), meanwhile), first.ID)
	if err != nil || taken.Fresh != 2 {
		t.Fatalf("%+v, %v", taken, err)
	}

	taken, err = b.Taker.Take(t.Context(), second.ID)
	if err != nil || taken.Fresh != 0 || taken.Count != 2 {
		t.Errorf("%+v, %v", taken, err)
	}

	bothAreProven(t, b, first, second)

	if names := b.Names(t, "uploads/contents/"); len(names) != 2 {
		t.Errorf("stored are %v", names)
	}
}

// One that was silent is fenced out by today's, and made after it.
func TestASilentYesterdayGivesWay(t *testing.T) {
	t.Parallel()

	b, late, first, second := yesterdays(t)

	var taken filecatalogue.Backup

	meanwhile := &meddler{at: 2, do: func() {
		b.Exec(t, `update file_backups set beat_at = beat_at - interval '1 hour' where id = $1`, first.ID)

		var err error

		taken, err = b.Taker.Take(t.Context(), second.ID)
		if err != nil {
			t.Error(err)
		}
	}}

	if _, err := late.Taker.Take(faults.With(t.Context(), meanwhile), first.ID); !failure.Is(err, failure.DayTaken) {
		t.Errorf("it goes on beside today's: %v", err)
	}

	if found := row(t, b, first.ID); found.State != catalogue.Running || found.Owner != "late" {
		t.Errorf("%+v", found)
	}

	again, err := late.Taker.Take(t.Context(), first.ID)
	if err != nil || again.Fresh != 0 || again.Count != 2 || taken.Count != 2 {
		t.Errorf("%+v, %v", again, err)
	}

	bothAreProven(t, b, first, second)
}

// A day that was opened and not begun stands in nobody's way, nor does another set.
func TestOnlyAnAttemptAtTheSameSetStandsInTheWay(t *testing.T) {
	t.Parallel()

	b, late, first, _ := yesterdays(t)

	other, err := filecatalogue.Open(t.Context(), b.Steward, filecatalogue.Backup{
		ID: ids.New("fbk"), Files: "invoices", Day: first.Day, Attempt: ids.New("att"), Owner: "test", OpenedAt: b.Clock.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}

	meanwhile := &meddler{at: 2, do: func() {
		if _, err := b.Taker.Take(t.Context(), other.ID); err != nil {
			t.Error(err)
		}
	}}

	if _, err := late.Taker.Take(faults.With(t.Context(), meanwhile), first.ID); err != nil {
		t.Error(err)
	}
}

// Of two attempts that begin in the same moment one begins.
func TestTwoDaysThatBeginAtOnce(t *testing.T) {
	t.Parallel()

	b, _, first, second := yesterdays(t)

	for range 20 {
		var (
			group sync.WaitGroup
			began atomic.Int64
		)

		for _, id := range []string{first.ID, second.ID} {
			group.Go(func() {
				err := b.Steward.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
					return filecatalogue.Begin(ctx, tx, catalogue.Claim{
						Backup: id, Attempt: ids.New("att"), Owner: id, At: b.Clock.Now(), Silence: b.Taker.Silence,
					})
				})

				switch {
				case err == nil:
					began.Add(1)
				case !failure.Is(err, failure.DayTaken):
					t.Error(err)
				}
			})
		}

		group.Wait()

		if began.Load() != 1 {
			t.Fatalf("%d attempts are at work on one set", began.Load())
		}

		b.Clock.Advance(2 * b.Taker.Silence)
	}
}
