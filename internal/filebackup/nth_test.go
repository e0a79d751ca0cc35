package filebackup_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/filecatalogue"
	"steward/internal/filestest"
)

// step is one operation, and what must hold once it ended well.
type step struct {
	name string
	// world makes what the operation needs and gives the operation. It may be run
	// again until it ends well.
	world func(t *testing.T, b *filestest.Bench) func(context.Context) error
	check func(t *testing.T, b *filestest.Bench, after string)
}

func steps() []step {
	return []step{
		{"take", func(t *testing.T, b *filestest.Bench) func(context.Context) error {
			b.Write(t, "old", "old")
			b.Drilled(t)
			b.Clock.Advance(day)
			b.Write(t, "new", "new")
			b.Write(t, "newer", "newer")

			id := b.Open(t).ID
			b.Taker.Expected = func(int64) {}

			return func(ctx context.Context) error {
				_, err := b.Taker.Take(ctx, id)

				return err
			}
		}, func(t *testing.T, b *filestest.Bench, after string) {
			t.Helper()

			row := b.Open(t)
			if row.State != catalogue.Taken || row.Count != 3 {
				t.Errorf("%s: %+v", after, row)
			}

			if _, err := b.Driller.Drill(t.Context(), row.ID); err != nil {
				t.Errorf("%s: %v", after, err)
			}
		}},
		{"drill", func(t *testing.T, b *filestest.Bench) func(context.Context) error {
			b.Write(t, "old", "old")
			b.Drilled(t)
			b.Clock.Advance(day)
			b.Write(t, "new", "new")

			id := b.Take(t).ID
			b.Driller.Expected = func(int64) {}

			return func(ctx context.Context) error {
				_, err := b.Driller.Drill(ctx, id)

				return err
			}
		}, func(t *testing.T, b *filestest.Bench, after string) {
			t.Helper()

			if row := b.Open(t); row.State != catalogue.Drilled || row.Count != 2 {
				t.Errorf("%s: %+v", after, row)
			}
		}},
		{"prune", func(t *testing.T, b *filestest.Bench) func(context.Context) error {
			b.Write(t, "goes", "goes")
			b.Write(t, "stays", "stays")
			b.Drilled(t)
			b.Unlink(t, "goes")
			b.Clock.Advance(day)
			b.Drilled(t)
			b.Clock.Advance(6 * day)

			return func(ctx context.Context) error {
				_, err := b.Remover.Prune(ctx, b.Clock.Now())

				return err
			}
		}, func(t *testing.T, b *filestest.Bench, after string) {
			t.Helper()

			if names := b.Names(t, ""); len(names) != 3 {
				t.Errorf("%s: %v", after, names)
			}
		}},
	}
}

// Every outside call of taking, drilling and pruning fails once, before its effect
// and after it. The operation then says so, may be tried again, and ends well: one
// backup, proven, or what was due gone and nothing else; each recorded once.
func TestFilesSurviveEveryFailingCall(t *testing.T) {
	t.Parallel()

	for _, step := range steps() {
		t.Run(step.name, func(t *testing.T) {
			t.Parallel()

			whole := &faults.Counter{}
			b := filestest.New(t)

			if err := step.world(t, b)(faults.With(t.Context(), whole)); err != nil {
				t.Fatal(err)
			}

			evidence := b.Strings(t, `select kind || count(*) from ledger.entries group by kind order by 1`)
			t.Logf("%d outside calls", len(whole.Calls()))

			every := 5 // make soak takes every call
			if os.Getenv("STEWARD_SOAK") != "" {
				every = 1
			}

			for i, mode := range []faults.Mode{faults.Before, faults.After} {
				for n := 1 + i; n <= len(whole.Calls()); n += every {
					failing(t, step, mode, n, evidence)
				}
			}
		})
	}
}

func failing(t *testing.T, step step, mode faults.Mode, n int, evidence []string) {
	t.Helper()

	b := filestest.New(t)
	defer b.Steward.Close()

	do := step.world(t, b)
	counter := &faults.Counter{N: n, Mode: mode}
	after := fmt.Sprintf("%s call %d", mode, n)

	err := do(faults.With(t.Context(), counter))
	if calls := counter.Calls(); counter.Reached() {
		after += fmt.Sprintf(" (%s %s)", calls[n-1].Kind, calls[n-1].Name)

		// The storage client tries requests again by itself.
		if err == nil && calls[n-1].Kind != faults.HTTP {
			t.Errorf("%s failed unnoticed", after)
		}
	}

	if err != nil && !failure.Lookup(failure.CodeOf(err)).Retryable {
		t.Errorf("%s ended it for good: %v", after, err)
	}

	if err := do(t.Context()); err != nil {
		t.Errorf("%s: again: %v", after, err)
	}

	found := b.Strings(t, `select kind || count(*) from ledger.entries group by kind order by 1`)
	if fmt.Sprint(found) != fmt.Sprint(evidence) {
		t.Errorf("%s: %v, want %v", after, found, evidence)
	}

	step.check(t, b, after)
}

// A new attempt goes on from what the dead one stored.
func TestAnAttemptGoesOnFromTheOneBefore(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	for n := range 6 {
		b.Write(t, fmt.Sprintf("file-%d", n), "x")
	}

	// The last call of a whole attempt is its commit.
	whole := &faults.Counter{}
	if _, err := b.Taker.Take(faults.With(t.Context(), whole), b.Open(t).ID); err != nil {
		t.Fatal(err)
	}

	b.Clock.Advance(day)

	for n := range 6 {
		b.Write(t, fmt.Sprintf("file-%d", n), "y")
	}

	id := b.Open(t).ID

	lost := &faults.Counter{N: len(whole.Calls()), Mode: faults.Before}
	if _, err := b.Taker.Take(faults.With(t.Context(), lost), id); err == nil {
		t.Fatal("the fault was not noticed")
	}

	taken, err := b.Taker.Take(t.Context(), id)
	if err != nil || taken.Count != 6 || taken.Fresh != 0 {
		t.Errorf("%+v, %v", taken, err)
	}

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Error(err)
	}
}

// Another owner takes a day over only after the silence; then the first is fenced.
func TestADayOfFilesHasOneAttempt(t *testing.T) {
	t.Parallel()

	b := filestest.New(t)
	b.Write(t, "a", "a")
	id := b.Open(t).ID

	claim := func(owner string) error {
		return filecatalogue.Begin(t.Context(), b.Steward, catalogue.Claim{
			Backup: id, Attempt: "att_" + "aaaaaaaaaaaaaaaaaaaaaaaaaa", Owner: owner, At: b.Clock.Now(), Silence: time.Minute,
		})
	}
	if err := claim("test"); err != nil {
		t.Fatal(err)
	}

	b.Taker.Owner = "other"

	if _, err := b.Taker.Take(t.Context(), id); !failure.Is(err, failure.DayTaken) {
		t.Errorf("while the other lives: %v", err)
	}

	b.Clock.Advance(2 * time.Minute)

	if _, err := b.Taker.Take(t.Context(), id); err != nil {
		t.Error(err)
	}

	err := filecatalogue.Beat(t.Context(), b.Steward, id, "att_aaaaaaaaaaaaaaaaaaaaaaaaaa", b.Clock.Now())
	if !failure.Is(err, failure.DayTaken) {
		t.Errorf("the fenced attempt lives on: %v", err)
	}
}
