package erasure_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"steward/internal/certificate"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
)

// quiet is a store that has nothing of anybody, or that fails each time.
type quiet struct {
	name string
	came store.Outcome
}

func (q quiet) Name() string { return q.name }

func (q quiet) Plan(context.Context, store.Subject) ([]plan.Step, error) {
	return []plan.Step{{Store: q.name, Action: plan.ByHand, Rows: -1}}, nil
}

func (quiet) Freeze(context.Context, store.Subject, store.Frozen) error { return nil }

func (q quiet) Erase(context.Context, store.Subject, store.Frozen, func(int64)) (store.Outcome, error) {
	return q.came, nil
}

func (quiet) Verify(context.Context, store.Subject, store.Frozen) ([]store.Remainder, error) {
	return nil, nil
}

func (quiet) GoneBy(_ context.Context, _ store.Subject, erasedAt time.Time) (time.Time, error) {
	return erasedAt, nil
}

func (b *bench) retry(t *testing.T, id string) {
	t.Helper()

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
	}))
}

// stores reads how a store came out.
func (b *bench) store(t *testing.T, id, name string) erasure.StoreRow {
	t.Helper()

	rows, err := erasure.StoresOf(t.Context(), b.root, id)
	must(t, err)

	at := slices.IndexFunc(rows, func(r erasure.StoreRow) bool { return r.Store == name })
	if at < 0 {
		t.Fatalf("nothing is known of %s", name)
	}

	return rows[at]
}

// A store that is taken away counts as nothing that was seen: before it erased it has failed, after it nobody can say
// when it is done. Neither way there is a final certificate, until it is back.
func TestAStoreThatIsTakenAway(t *testing.T) {
	t.Parallel()

	for name, at := range map[string]erasure.Stage{"before it erased": erasure.Executing, "after it erased": erasure.Waiting} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			all := []store.Store{b.small, quiet{"other", store.Outcome{Kind: store.NothingFound}}}
			b.eraser.Stores = all
			id := b.open(t).ID
			b.until(t, id, erasure.AwaitingApproval)
			must(t, b.approve(t, id, b.lead))
			b.until(t, id, at)

			b.eraser.Stores = all[:1]
			b.until(t, id, erasure.Waiting)
			b.clock.now = b.clock.now.AddDate(0, 1, 0)

			if seen := b.next(t, id); seen.Stage != erasure.Waiting {
				t.Fatalf("%+v", seen)
			}

			found := b.store(t, id, "other")
			if code := failure.Code(found.Outcome.Code + string(found.GoneCode)); code != failure.StoreGone || !found.GoneBy.IsZero() {
				t.Errorf("%+v", found)
			}

			b.verified(t, id, certificate.First)

			// It is back, and somebody says so.
			b.eraser.Stores = all
			b.retry(t, id)
			b.until(t, id, erasure.Waiting)
			b.clock.now = b.clock.now.AddDate(0, 1, 0)
			b.until(t, id, erasure.Done)
			b.verified(t, id, certificate.Final)
		})
	}
}

// Another try of a store that failed leaves the day by which all is gone what it is; what is erased again moves it, since
// it was there until then.
func TestAnotherTryMovesOnlyWhatIsErasedAgain(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.eraser.Stores = []store.Store{b.small, quiet{"vendor", store.Outcome{Kind: store.Failed, Code: string(failure.NoConnector)}}}
	id := b.answered(t)
	b.until(t, id, erasure.Waiting)

	first, err := erasure.Get(t.Context(), b.root, id)
	must(t, err)

	b.clock.now = b.clock.now.AddDate(0, 0, 3)
	b.retry(t, id)
	b.until(t, id, erasure.Executing)
	b.until(t, id, erasure.Waiting)

	again, err := erasure.Get(t.Context(), b.root, id)
	must(t, err)

	if !again.ErasedAt.Equal(first.ErasedAt) || !b.store(t, id, "small").ErasedAt.Equal(first.ErasedAt) {
		t.Errorf("erased at %s, and after another try at %s", first.ErasedAt, again.ErasedAt)
	}

	// A row comes back under its frozen key.
	_, err = b.small.db.Exec(t.Context(), `insert into leads values (1, '4711')`)
	must(t, err)

	b.clock.now = b.clock.now.AddDate(0, 0, 9)
	b.until(t, id, erasure.Blocked)
	b.retry(t, id)
	b.until(t, id, erasure.Waiting)

	if again, err = erasure.Get(t.Context(), b.root, id); err != nil || !again.ErasedAt.After(first.ErasedAt.AddDate(0, 0, 9)) {
		t.Errorf("erased at %s although something was there later, %v", again.ErasedAt, err)
	}
}

// A replay record that stays after its case was cancelled is said, each time, until it is removed.
func TestAReplayRecordThatStays(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Cancel(ctx, tx, b.support, id, b.clock.now)
	}))
	b.until(t, id, erasure.Cancelled)

	core := b.judge.Steward
	if found, err := erasure.Overstayed(t.Context(), core, b.clock.now.Add(time.Hour)); err != nil || found != 0 {
		t.Errorf("%d after an hour, %v", found, err)
	}

	later := b.clock.now.Add(25 * time.Hour)
	if found, err := erasure.Overstayed(t.Context(), core, later); !failure.Is(err, failure.RemaindersFound) || found != 1 {
		t.Errorf("%d after a day, %v", found, err)
	}

	_, err := b.eraser.Forget(t.Context(), id)
	must(t, err)

	if found, err := erasure.Overstayed(t.Context(), core, later); err != nil || found != 0 {
		t.Errorf("%d after it was removed, %v", found, err)
	}
}
