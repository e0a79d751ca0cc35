package erasure_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/certificate"
	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// From the request to the end: counted, approved by another person, closed, decided once,
// erased, verified, and gone only when the day is over.
func TestAnErasureFromItsRequestToItsEnd(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID

	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	must(t, b.approve(t, id, b.lead)) // said again, it changes nothing

	b.until(t, id, erasure.Tombstoned)

	if left := count(t, b.small.db, `select count(*) from leads where account = '4711'`); left != 40 {
		t.Errorf("%d rows are left before the tombstone is sealed", left)
	}

	seen := b.until(t, id, erasure.Waiting)
	if want := b.clock.now.Add(b.small.lives); seen.GoneBy.Sub(want).Abs() > time.Second {
		t.Errorf("gone by %s, not %s", seen.GoneBy, want)
	}

	if left := count(t, b.small.db, `select count(*) from leads`); left != 20 {
		t.Errorf("%d rows are left, of the others there were 20", left)
	}

	b.clock.now = seen.GoneBy.Add(-time.Second)
	if early := b.next(t, id); early.Stage != erasure.Waiting {
		t.Errorf("it ended before the day: %+v", early)
	}

	_, err := b.root.Exec(t.Context(), `insert into pseudonym_keys (erasure, sealed, made_at) values ($1, $2, now())`, id, make([]byte, 40))
	must(t, err)

	b.clock.now = seen.GoneBy
	b.until(t, id, erasure.Done)

	closed, err := account.Get(t.Context(), b.root, subject)
	if err != nil || closed.State != account.Closed || b.tombstones(t) != 1 {
		t.Errorf("%+v, %v, %d tombstones", closed, err, b.tombstones(t))
	}

	for _, kind := range []certificate.Kind{certificate.First, certificate.Final} {
		b.verified(t, id, kind)
	}

	for _, table := range []string{"erasure_subjects", "erasure_frozen", "pseudonym_keys", "case_keys"} {
		if left := count(t, b.root, `select count(*) from `+table); left != 0 {
			t.Errorf("%d rows are left in %s", left, table)
		}
	}
}

// Every step may be taken again at any stage: nothing is done twice and nothing skipped.
func TestEveryStepAtEveryStage(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID
	all := []doing{
		b.judge.Decide, b.judge.CommitTombstone, b.awaitSeal, b.judge.Answer, b.judge.Finish, b.eraser.Plan, b.eraser.Close,
		b.eraser.Reopen, b.eraser.Forget,
		func(ctx context.Context, id string) (erasure.Seen, error) {
			return b.eraser.Erase(ctx, id, func(int64) {})
		},
		func(ctx context.Context, id string) (erasure.Seen, error) {
			return b.eraser.Verify(ctx, id, func(int64) {})
		},
	}

	for round := range 12 {
		for _, step := range all {
			_, err := step(t.Context(), id)
			must(t, err)
		}

		found, err := erasure.Get(t.Context(), b.root, id)
		must(t, err)

		if found.Stage == erasure.AwaitingApproval {
			if round > 3 {
				must(t, b.approve(t, id, b.lead))
			} else if left := count(t, b.small.db, `select count(*) from leads`); left != 60 || b.tombstones(t) != 0 {
				t.Fatalf("nobody has approved it: %d rows, %d tombstones", left, b.tombstones(t))
			}
		}

		b.seal(t)
	}

	found, err := erasure.Get(t.Context(), b.root, id)
	if err != nil || found.Stage != erasure.Waiting || b.tombstones(t) != 1 {
		t.Errorf("%+v, %v, %d tombstones", found, err, b.tombstones(t))
	}
}

// Who opened it, who asked for it and who is no lead does not approve it, and nobody approves
// another plan than the newest.
func TestWhoApproves(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	opened := b.open(t)
	id := opened.ID
	b.support.Role = access.Lead // who opened it
	b.until(t, id, erasure.AwaitingApproval)

	if err := b.approve(t, id, b.support); !failure.Is(err, failure.OwnErasure) {
		t.Error(err)
	}

	operator := b.lead
	operator.Role = access.Operator

	if err := b.approve(t, id, operator); !failure.Is(err, failure.NotPermitted) {
		t.Error(err)
	}

	approve := func(sha string) error {
		return b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Approve(ctx, tx, b.lead, id, sha, b.clock.now)
		})
	}

	if err := approve(strings.Repeat("a", 64)); !failure.Is(err, failure.PlanChanged) {
		t.Error(err)
	}

	if seen := b.next(t, id); seen.Stage != erasure.AwaitingApproval {
		t.Errorf("%+v", seen)
	}

	must(t, b.approve(t, id, b.second))
	b.until(t, id, erasure.Waiting)

	if err := b.approve(t, id, b.lead); err != nil { // it was approved already, by somebody else
		t.Error(err)
	}
}

// A sign of life at any moment before the tombstone makes the account alive, the app opens it
// again, and the case waits for a new approval.
func TestALoginAtTheLastMoment(t *testing.T) {
	t.Parallel()

	for name, when := range map[string]erasure.Stage{"after the approval": erasure.AwaitingApproval, "while it closes": erasure.Closing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			b := newBench(t)
			id := b.open(t).ID
			b.until(t, id, erasure.AwaitingApproval)
			must(t, b.approve(t, id, b.lead))

			if when == erasure.Closing {
				b.until(t, id, erasure.Closing)

				_, err := b.eraser.Close(t.Context(), id)
				must(t, err)
			}

			_, err := account.Record(t.Context(), b.api, map[string]time.Time{subject: b.clock.now}, b.clock.now)
			must(t, err)

			b.until(t, id, erasure.AwaitingApproval)

			found, err := account.Get(t.Context(), b.root, subject)
			if err != nil || found.State != account.Alive || b.tombstones(t) != 0 {
				t.Errorf("%+v, %v, %d tombstones", found, err, b.tombstones(t))
			}

			if closed := count(t, b.small.db, `select count(*) from closed`); closed != 0 {
				t.Error("the app still has it closed")
			}

			// The old approval counts for nothing.
			if seen := b.next(t, id); seen.Stage != erasure.AwaitingApproval {
				t.Errorf("%+v", seen)
			}
		})
	}
}

// Reality that has left the approved plan goes back to approval, with a new plan.
func TestRealityPastThePlan(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))

	_, err := b.small.db.Exec(t.Context(), `insert into leads select n, '4711' from generate_series(100, 300) as n`)
	must(t, err)

	b.until(t, id, erasure.Closing)
	b.until(t, id, erasure.AwaitingApproval)

	found, err := erasure.Get(t.Context(), b.root, id)
	if err != nil || found.Plan != 2 || b.tombstones(t) != 0 {
		t.Errorf("%+v, %v", found, err)
	}

	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Waiting)
}

// What verify finds blocks the case, by name; who has mended it lets it go on.
func TestWhatIsLeftBlocks(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Executing)
	b.until(t, id, erasure.Verifying)

	_, err := b.small.db.Exec(t.Context(), `insert into leads values (7, '4711')`)
	must(t, err)

	if seen := b.until(t, id, erasure.Blocked); seen.Code != failure.RemaindersFound {
		t.Errorf("%+v", seen)
	}

	left, err := erasure.RemaindersOf(t.Context(), b.api, id)
	if err != nil || len(left) != 1 || left[0].Place != "public.leads" || left[0].Rows != 1 {
		t.Errorf("%+v, %v", left, err)
	}

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Retry(ctx, tx, b.support, id, b.clock.now)
	}))
	b.until(t, id, erasure.Waiting)
}

// The table of steps in the code is that of the database.
func TestTheStepsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()

	rows, err := pgtest.OpenSteward(t).Query(t.Context(), `select from_stage, to_stage, role from erasure_steps`)
	must(t, err)

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[erasure.Step])
	must(t, err)

	less := func(a, b erasure.Step) bool { return a.From+a.To < b.From+b.To }
	if diff := cmp.Diff(erasure.Steps(), found, cmpopts.SortSlices(less)); diff != "" {
		t.Error(diff)
	}
}
