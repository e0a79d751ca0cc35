package erasure_test

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/hold"
	"steward/internal/postgres"
	"steward/internal/store"
)

// hold sets a hold on the account.
func (b *bench) hold(t *testing.T) (set hold.Hold, late []string) {
	t.Helper()

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		set, late, err = hold.Set(ctx, tx, b.lead, hold.Wanted{
			Kind: plan.Account, Account: subject, Basis: "docket 7", Until: b.clock.now.AddDate(1, 0, 0),
		}, b.clock.now)

		return err
	}))

	return set, late
}

// closing takes a fresh case to the moment before its tombstone: approved, closed, re-checked.
func (b *bench) closing(t *testing.T) string {
	t.Helper()

	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Closing)

	seen, err := b.eraser.Close(t.Context(), id)
	if err != nil || !seen.Rechecked {
		t.Fatalf("%+v, %v", seen, err)
	}

	return id
}

// untouched asserts that nothing was decided and the app has the account open.
func (b *bench) untouched(t *testing.T) {
	t.Helper()

	if b.tombstones(t) != 0 || count(t, b.small.db, `select count(*) from closed`) != 0 || count(t, b.small.db, `select count(*) from leads`) != 60 {
		t.Error("it was decided, is closed, or rows are gone")
	}
}

// A hold that is set at the last moment stops the erasure and opens the app again; after
// its release the plan is made and approved anew. One that comes after the tombstone is told so.
func TestAHoldAtTheLastMoment(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)
	set, late := b.hold(t)

	// Neither the judge nor the database itself lets it pass.
	if _, err := b.judge.Steward.Exec(t.Context(), `update erasures set stage = 'tombstoned', tombstone = 'led_x' where id = $1`, id); err == nil {
		t.Error("the database decided what is held")
	}

	b.until(t, id, erasure.Held)
	b.untouched(t)

	if len(late) != 0 {
		t.Errorf("too late for %v", late)
	}

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := hold.Release(ctx, tx, b.lead, set.ID, b.clock.now)

		return err
	}))
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.second))
	b.until(t, id, erasure.Tombstoned)

	if _, late := b.hold(t); len(late) != 1 || late[0] != id {
		t.Errorf("too late for %v", late)
	}

	b.until(t, id, erasure.Waiting)
}

// Before its tombstone every case can be cancelled, at every stage; after it none can.
func TestCancelledAtEachStage(t *testing.T) {
	t.Parallel()

	cancel := func(b *bench, id string) error {
		return b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Cancel(ctx, tx, b.support, id, b.clock.now)
		})
	}

	b := newBench(t)

	for _, at := range []erasure.Stage{erasure.Requested, erasure.AwaitingApproval, erasure.Closing} {
		var id string

		switch at {
		case erasure.Closing:
			id = b.closing(t)
		default:
			id = b.open(t).ID
			if at != erasure.Requested {
				b.until(t, id, at)
			}
		}

		must(t, cancel(b, id))
		must(t, cancel(b, id))
		b.until(t, id, erasure.Cancelled)
		b.untouched(t)

		if _, err := b.eraser.Forget(t.Context(), id); err != nil {
			t.Error(err)
		}
	}

	id := b.closing(t)
	b.until(t, id, erasure.Tombstoned)

	if err := cancel(b, id); !failure.Is(err, failure.ErasureDecided) {
		t.Error(err)
	}

	if records := count(t, b.root, `select count(*) from replay_records where gone_at is null`); records != 1 {
		t.Errorf("%d replay records", records)
	}
}

// A re-check that is older than it may be is made again, and decides nothing.
func TestAnOldRecheckDecidesNothing(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)
	b.clock.now = b.clock.now.Add(time.Hour)

	seen, err := b.judge.CommitTombstone(t.Context(), id)
	if err != nil || seen.Stage != erasure.Closing || seen.Rechecked || b.tombstones(t) != 0 {
		t.Errorf("%+v, %v", seen, err)
	}

	b.until(t, id, erasure.Tombstoned)
}

// Clocks that are apart end in a code that says so, with the subject open again.
func TestALookThatIsTooOldEachTime(t *testing.T) {
	t.Parallel()

	for name, apart := range map[string]time.Duration{"the one who looks is behind": time.Hour, "the one who looks is before": -time.Hour} {
		b := newBench(t)
		id := b.closing(t)
		b.eraser.Clock = behind{b.clock, apart}

		if _, err := b.eraser.Close(t.Context(), id); err != nil {
			t.Fatal(err)
		}

		if seen := b.until(t, id, erasure.Blocked); seen.Code != failure.RecheckOld {
			t.Errorf("%s: %+v", name, seen)
		}

		b.untouched(t)

		// With the clocks set right it goes on.
		b.eraser.Clock = b.clock

		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
		}))
		b.until(t, id, erasure.AwaitingApproval)
		must(t, b.approve(t, id, b.second))
		b.until(t, id, erasure.Tombstoned)
	}
}

// A step that cannot go on stops the case, before the tombstone with everything opened
// again; asked for another try it goes on.
func TestAParkedCase(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)

	_, err := b.judge.Park(t.Context(), id, failure.MapUnfit)
	must(t, err)

	if seen := b.until(t, id, erasure.Blocked); seen.Code != failure.MapUnfit {
		t.Errorf("%+v", seen)
	}

	b.untouched(t)

	if seen := b.next(t, id); seen.Stage != erasure.Blocked {
		t.Errorf("silence decided: %+v", seen)
	}

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
	}))
	b.until(t, id, erasure.AwaitingApproval)
}

// A closing that cannot be taken back asks a person to mend it; the task is over with the closing.
func TestAClosingThatStaysClosed(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)
	b.hold(t)

	open := func() int64 {
		return count(t, b.root, `select count(*) from tasks where kind = 'erasure.mend' and subject = $1 and done_at is null`, id)
	}

	if seen, err := b.judge.Decide(t.Context(), id); err != nil || seen.BackTo != erasure.Held {
		t.Fatalf("%+v, %v", seen, err)
	}

	seen, err := b.judge.Park(t.Context(), id, failure.StoreRefuses)
	if err != nil || seen.BackTo != erasure.Held || seen.Code != failure.StoreRefuses || open() != 1 {
		t.Fatalf("%+v, %v, %d tasks", seen, err, open())
	}

	retry := func() {
		t.Helper()
		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
		}))
	}

	retry()

	if open() != 0 {
		t.Error("the task is open after it was said to be mended")
	}

	_, err = b.judge.Park(t.Context(), id, failure.StoreRefuses)
	must(t, err)

	if open() != 1 {
		t.Error("no task for the second time")
	}

	b.until(t, id, erasure.Held)
	b.untouched(t)

	if open() != 0 {
		t.Error("the task outlives what it is about")
	}
}

// A blocked case that a hold stops asks nobody to mend it any more.
func TestAHoldOnABlockedCase(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID

	_, err := b.judge.Park(t.Context(), id, failure.MapUnfit)
	must(t, err)
	b.hold(t)
	b.until(t, id, erasure.Held)

	if left := count(t, b.root, `select count(*) from tasks where kind = 'erasure.mend' and done_at is null`); left != 0 {
		t.Errorf("%d tasks are left", left)
	}
}

// Whoever has a role's login takes the steps of that role only, and no way that the table does
// not have: the rules hold also against who does not ask the code.
func TestTheDatabaseHoldsTheRules(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)

	for who, sqls := range map[*postgres.DB][]string{
		b.api: {
			`update erasures set stage = 'closing'`, `update erasures set tombstone = 'x'`, `delete from erasures`, `select sealed from erasure_subjects`,
			`update erasures set approval = false`, `select * from erasure_frozen`,
		},
		b.judge.Steward: {
			`update erasures set stage = 'executing', tombstone = 'x'`, `update erasures set approval = false`, `update erasures set mode = 'enforce'`,
			`insert into erasure_approvals (erasure, plan, act, at) select id, plan, 'act', now() from erasures`, `delete from erasures`,
		},
		b.eraser.Steward: {
			`update erasures set stage = 'closing'`, `update erasures set tombstone = 'x'`, `delete from erasures`, `update erasures set cancel_act = null`,
			`select wrapped from case_keys`, `insert into erasure_case_keys select * from erasure_case_keys`,
			`insert into erasure_approvals (erasure, plan, act, at) select id, plan, 'act', now() from erasures`,
			`insert into ledger.entries (id, kind, at, body) values ('led_' || repeat('a', 26), 'erasure.tombstone', now(), '{}')`,
		},
	} {
		for _, sql := range sqls {
			if _, err := who.Exec(t.Context(), sql); err == nil {
				t.Errorf("it may: %s", sql)
			}
		}
	}

	// Of the keys it opens those of erasures alone.
	_, err := b.root.Exec(t.Context(), `insert into case_keys (case_id, master, wrapped, made_at, ends_at)
		select 'mail_' || repeat('a', 26), master, wrapped, made_at, ends_at from case_keys`)
	must(t, err)

	if keys := count(t, b.eraser.Steward, `select count(*) from erasure_case_keys`); keys != 1 {
		t.Errorf("it opens %d keys", keys)
	}

	// Closing without an approval, and then a tombstone: the last step is refused.
	core := b.judge.Steward
	if _, err := core.Exec(t.Context(), `update erasures set stage = 'closing', staged_at = now(), rechecked_at = now() where id = $1`, id); err != nil {
		t.Fatal(err)
	}

	if _, err := core.Exec(t.Context(), `update erasures set stage = 'tombstoned', tombstone = 'led_x' where id = $1`, id); err == nil {
		t.Error("decided without an approval")
	}

	// Nor is there a way round that step: by a stage from which a decided case would go on.
	for _, step := range []struct {
		sql    string
		passes bool
	}{
		{`update erasures set tombstone = 'led_x' where id = $1`, false},
		{`update erasures set stage = 'blocked', stopped_in = 'closing', code = 'internal', tombstone = 'led_x' where id = $1`, false},
		{`update erasures set stage = 'blocked', stopped_in = 'closing', code = 'internal' where id = $1`, true},
		{`update erasures set tombstone = 'led_x' where id = $1`, false},
		{`update erasures set stage = 'tombstoned', stopped_in = '', code = '', tombstone = 'led_x' where id = $1`, false},
		{`update erasures set stage = 'executing', stopped_in = '', code = '' where id = $1`, false},
	} {
		if _, err := core.Exec(t.Context(), step.sql, id); (err == nil) != step.passes {
			t.Errorf("%s: %v", step.sql, err)
		}
	}
}

// A closing freezes anew: what an earlier one froze, which was taken back, may be somebody else's by now.
func TestAClosingForgetsWhatAnEarlierOneFroze(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)

	_, err := b.root.Exec(t.Context(), `insert into erasure_frozen (erasure, name, chunk, sealed) select erasure, 'of before', 0, sealed
		from erasure_frozen where erasure = $1 limit 1`, id)
	must(t, err)

	if _, err := b.eraser.Close(t.Context(), id); err != nil {
		t.Fatal(err)
	}

	if left := count(t, b.root, `select count(*) from erasure_frozen where erasure = $1 and name = 'of before'`, id); left != 0 {
		t.Error("it is still there")
	}

	if now := count(t, b.root, `select count(*) from erasure_frozen where erasure = $1`, id); now == 0 {
		t.Error("and nothing was frozen anew")
	}
}

// grown is a store whose subject grows while it is frozen.
type grown struct{ small }

func (g grown) Freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	if _, err := g.db.Exec(ctx, `insert into leads select n, '4711' from generate_series(1001, 3000) as n on conflict do nothing`); err != nil {
		return err
	}

	return g.small.Freeze(ctx, subject, frozen)
}

// Freezing may take hours: the last look is the one after it.
func TestTheLastLookIsAfterFreezing(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.closing(t)
	b.eraser.Stores = []store.Store{grown{b.small}}

	seen, err := b.eraser.Close(t.Context(), id)
	if err != nil || seen.BackTo != erasure.Requested || seen.Rechecked {
		t.Errorf("%+v, %v", seen, err)
	}
}

// meeting is a store in whose Plan as many erasures meet as there are connections, and none goes on before all are there.
type meeting struct {
	small

	all *sync.WaitGroup
}

func (m meeting) Plan(ctx context.Context, subject store.Subject) ([]plan.Step, error) {
	m.all.Done()
	m.all.Wait()

	return m.small.Plan(ctx, subject)
}

// As many erasures as the pool has connections do not wait for each other.
func TestAsManyErasuresAsConnections(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	most := int(b.eraser.Steward.Pool().Config().MaxConns)
	meet := meeting{small: b.small, all: &sync.WaitGroup{}}
	b.eraser.Stores = []store.Store{meet}

	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()

	opened, done := make([]string, most), make(chan error, most)
	for i := range opened {
		must(t, b.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			_, _, err := account.Register(ctx, tx, strconv.Itoa(9000+i), time.Time{}, b.clock.now)

			return err
		}))

		opening := b.opening(t)
		opening.Account = strconv.Itoa(9000 + i)

		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			made, _, err := erasure.Open(ctx, tx, b.keeper, opening)
			opened[i] = made.ID

			return err
		}))
	}

	meet.all.Add(most)

	for _, id := range opened {
		go func() {
			_, err := b.eraser.Plan(ctx, id)
			done <- err
		}()
	}

	for range most {
		must(t, <-done)
	}
}

// cut is a store whose Plan loses the connections that hold advisory locks, and waits for the end of its context.
type cut struct {
	small

	root *postgres.DB
}

func (c cut) Plan(ctx context.Context, _ store.Subject) ([]plan.Step, error) {
	if _, err := c.root.Exec(ctx, `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'
		and database = (select oid from pg_database where datname = current_database())`); err != nil {
		return nil, err
	}

	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(time.Minute):
		return nil, nil
	}
}

// Work ends when the lock is lost under it.
func TestALockThatIsLost(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	id := b.open(t).ID
	b.eraser.Stores = []store.Store{cut{b.small, b.root}}

	if _, err := b.eraser.Plan(t.Context(), id); !failure.Is(err, failure.Unavailable) {
		t.Errorf("%v", err)
	}
}
