package erasure_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/act"
	"steward/internal/casekey"
	"steward/internal/credential/credentialtest"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/replay"
	"steward/internal/store"
	"steward/internal/task"
)

// small is a store of one table, over a real database.
type small struct {
	db *postgres.DB
	// lives is how long after its end something may still be left of what it erased.
	lives time.Duration
}

func (small) Name() string { return "small" }

func (s small) Plan(ctx context.Context, subject store.Subject) ([]plan.Step, error) {
	step := plan.Step{Store: "small", Place: "public.leads", Action: plan.DeleteRows}
	err := s.db.QueryRow(ctx, `select count(*) from leads where account = $1`, subject.Account).Scan(&step.Rows)

	return []plan.Step{step}, err
}

func (s small) Freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	rows, err := s.db.Query(ctx, `select id::text from leads where account = $1 order by id`, subject.Account)
	if err != nil {
		return err
	}

	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
		key := make([]string, 1)

		return key, row.Scan(&key[0])
	})
	if err != nil {
		return err
	}

	return frozen.Put(ctx, "small/leads", 0, keys)
}

func (s small) Erase(ctx context.Context, subject store.Subject, _ store.Frozen, beat func(int64)) (store.Outcome, error) {
	rows, err := s.db.Exec(ctx, `delete from leads where account = $1`, subject.Account)
	beat(rows)

	return store.Outcome{Kind: store.Erased, Count: rows}, err
}

func (s small) Verify(ctx context.Context, _ store.Subject, frozen store.Frozen) ([]store.Remainder, error) {
	keys, err := frozen.Get(ctx, "small/leads", 0)
	if err != nil {
		return nil, err
	}

	var left int64

	for _, key := range keys {
		var there bool
		if err := s.db.QueryRow(ctx, `select exists (select from leads where id::text = $1)`, key[0]).Scan(&there); err != nil {
			return nil, err
		}

		if there {
			left++
		}
	}

	if left == 0 {
		return nil, nil
	}

	return []store.Remainder{{Place: "public.leads", Rows: left, Why: "frozen key"}}, nil
}

func (s small) GoneBy(_ context.Context, _ store.Subject, erasedAt time.Time) (time.Time, error) {
	return erasedAt.Add(s.lives), nil
}

// app closes accounts in the same small database.
type app struct{ db *postgres.DB }

func (a app) Close(ctx context.Context, id string) error {
	_, err := a.db.Exec(ctx, `insert into closed values ($1) on conflict do nothing`, id)

	return err
}

func (a app) Reopen(ctx context.Context, id string) error {
	_, err := a.db.Exec(ctx, `delete from closed where account = $1`, id)

	return err
}

// records are replay records of which there is the row only.
type records struct{ db *postgres.DB }

func (r records) Write(ctx context.Context, facts replay.Facts, frozen store.Frozen) (replay.Stored, error) {
	sets, err := frozen.Sets(ctx)
	if err != nil {
		return replay.Stored{}, err
	}

	id := facts.Subject.Erasure
	stored := replay.Stored{
		Object: replay.Object(id), Generation: 1, Bytes: 1, SHA256: facts.PlanSHA256, Content: facts.PlanSHA256, Plan: facts.PlanSHA256,
		Keys: int64(len(sets)), WrittenAt: facts.At,
	}

	return stored, replay.Catalogue{DB: r.db}.Keep(ctx, id, stored)
}

func (r records) Delete(ctx context.Context, id string, asOf time.Time) error {
	return replay.Catalogue{DB: r.db}.Gone(ctx, id, asOf)
}

// ticking is the sealer's clock: no two heads are of one instant.
type ticking struct{ of *clock }

func (c ticking) Now() time.Time {
	c.of.now = c.of.now.Add(time.Microsecond)

	return c.of.now
}

// clock is moved by its test.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// bench is everything that an erasure needs, with a database login for each role.
type bench struct {
	clock        *clock
	root         *postgres.DB
	api          *postgres.DB
	small        small
	judge        erasure.Judge
	eraser       erasure.Eraser
	sealer       *seal.Sealer
	keeper       casekey.Keeper
	support      access.Principal
	lead, second access.Principal
}

const subject = "4711"

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func member(t *testing.T, at, role string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Member(t, at, role))
	must(t, err)
	t.Cleanup(db.Close)

	return db
}

func newBench(t *testing.T) *bench {
	t.Helper()

	at := pgtest.Steward(t)
	root, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(root.Close)

	b := &bench{clock: &clock{time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, root: root, api: member(t, at, "steward_api")}

	data, err := postgres.Open(t.Context(), pgtest.Database(t))
	must(t, err)
	t.Cleanup(data.Close)

	for _, sql := range []string{
		`create table leads (id int primary key, account text not null)`, `create table closed (account text primary key)`,
		`insert into leads select n, case when n <= 40 then '4711' else '4712' end from generate_series(1, 60) as n`,
	} {
		_, err := data.Exec(t.Context(), sql)
		must(t, err)
	}

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	must(t, err)

	mirror := ledgertest.NewMemory()
	signer, verifier := ledgertest.Keys(t)
	b.sealer = seal.New(root, mirror, signer, verifier, ticking{b.clock}, seal.Config{})
	b.keeper, b.small = casekey.Keeper{Master: master}, small{db: data, lives: 7 * 24 * time.Hour}
	core, erase := member(t, at, "steward_core"), member(t, at, "steward_erase")
	b.judge = erasure.Judge{
		Steward: core, Clock: b.clock, Keep: erasure.Record, Keeper: b.keeper, Mode: promise.Enforce, KeepWebhooks: 30 * 24 * time.Hour,
		Waiter:    seal.Waiter{DB: core, Mirror: mirror, Verifier: verifier},
		Certifier: erasure.Certifier{Signer: signer, Ledger: verifier, Company: "Popkit", Policy: strings.Repeat("0", 64), Zone: time.UTC},
	}
	b.eraser = erasure.Eraser{
		Steward: erase, Stores: []store.Store{b.small}, Apps: []erasure.App{app{data}}, Keeper: casekey.Keeper{Master: master, Erasures: true}, Records: records{erase}, Clock: b.clock,
	}

	made := credentialtest.New(t, root, b.clock.now)
	b.support, _ = made.Staff(t, access.Support)
	b.lead, _ = made.Staff(t, access.Lead)
	b.second, _ = made.Staff(t, access.Lead)

	must(t, root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := account.Register(ctx, tx, subject, time.Time{}, b.clock.now)

		return err
	}))

	return b
}

// open opens the erasure of the account as support does.
func (b *bench) open(t *testing.T) erasure.Case {
	t.Helper()

	var opened erasure.Case

	asked := b.opening(t)

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		opened, _, err = erasure.Open(ctx, tx, b.keeper, asked)

		return err
	}))

	return opened
}

// opening asks for the erasure of the account: the app asked for it, and support accepted that.
func (b *bench) opening(t *testing.T) erasure.Opening {
	t.Helper()

	asked := erasure.Opening{
		Reason: erasure.AccountDelete, Kind: plan.Account, Account: subject, Mode: promise.Enforce,
		AskedBy: ids.New("app"), OpenedBy: b.support.ID, At: b.clock.now,
	}

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		made, _, err := task.Open(ctx, tx, task.Opening{Kind: task.DeleteAccount, Subject: subject, By: asked.AskedBy, At: b.clock.now})
		if err != nil {
			return err
		}

		asked.Cause = made.ID

		if _, _, err = task.Finish(ctx, tx, task.Finishing{
			Task: made.ID, By: b.support.ID, Role: b.support.Role, Outcome: task.Accepted, At: b.clock.now, Keep: task.Keep,
		}); err != nil {
			return err
		}

		_, err = act.Record(ctx, tx, b.support, act.What{Verb: task.Verb(task.Accepted), Object: made.ID}, b.clock.now)

		return err
	}))

	return asked
}

// byStaff is the same, but that support itself opens the case, by an act.
func (b *bench) byStaff(t *testing.T, asked erasure.Opening) erasure.Opening {
	t.Helper()

	asked.ID, asked.Reason, asked.AskedBy = ids.New(erasure.Prefix), erasure.ByStaff, b.support.ID

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		asked.Cause, err = act.Record(ctx, tx, b.support, act.What{Verb: erasure.OpenVerb, Object: asked.ID}, b.clock.now)

		return err
	}))

	return asked
}

// approve agrees to the newest plan.
func (b *bench) approve(t *testing.T, id string, who access.Principal) error {
	t.Helper()

	found, err := erasure.Get(t.Context(), b.api, id)
	must(t, err)
	planned, err := erasure.PlanOf(t.Context(), b.api, found)
	must(t, err)

	return b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Approve(ctx, tx, who, id, planned.SHA256, b.clock.now)
	})
}

// seal seals what waits in the ledger.
func (b *bench) seal(t *testing.T) {
	t.Helper()

	_, err := b.sealer.Seal(t.Context())
	must(t, err)
}

// next takes the one step that the stage asks for, as the workflow does.
func (b *bench) next(t *testing.T, id string) erasure.Seen {
	t.Helper()

	seen, err := b.judge.Look(t.Context(), id)
	must(t, err)

	for _, step := range b.steps(seen) {
		after, err := step(t.Context(), id)
		must(t, err)

		if after.Stage != seen.Stage || after.BackTo != seen.BackTo {
			return after
		}
	}

	return seen
}

// awaitSeal asks for the seal, and does not wait for one that nobody makes. Where nothing waits for it there is no limit:
// a busy machine may take its time over a few statements.
func (b *bench) awaitSeal(ctx context.Context, id string) (erasure.Seen, error) {
	var unsealed bool
	if err := b.root.QueryRow(ctx, `select exists (select from ledger.entries where position is null)`).Scan(&unsealed); err != nil {
		return erasure.Seen{}, err
	}

	if unsealed {
		short, stop := context.WithTimeout(ctx, 200*time.Millisecond)
		defer stop()

		ctx = short
	}

	seen, err := b.judge.AwaitSeal(ctx, id)
	if err != nil && ctx.Err() != nil {
		return erasure.Seen{Stage: erasure.Tombstoned}, nil
	}

	return seen, err
}

type doing = func(context.Context, string) (erasure.Seen, error)

func (b *bench) steps(seen erasure.Seen) []doing {
	erase := func(ctx context.Context, id string) (erasure.Seen, error) {
		return b.eraser.Erase(ctx, id, func(int64) {})
	}
	verify := func(ctx context.Context, id string) (erasure.Seen, error) {
		return b.eraser.Verify(ctx, id, func(int64) {})
	}

	switch seen.Stage {
	case erasure.Requested:
		return []doing{b.judge.Decide, b.eraser.Plan}
	case erasure.Closing:
		if seen.BackTo != "" {
			return []doing{b.eraser.Reopen, b.judge.Decide}
		}

		return []doing{b.eraser.Close, b.judge.CommitTombstone}
	case erasure.Tombstoned:
		return []doing{b.awaitSeal}
	case erasure.Executing:
		return []doing{erase}
	case erasure.Verifying:
		return []doing{verify, b.judge.Decide}
	case erasure.Answered:
		return []doing{b.judge.Answer}
	case erasure.Waiting:
		return []doing{b.judge.Decide, verify, b.judge.Decide, b.eraser.Forget, b.judge.Finish}
	default:
		return []doing{b.judge.Decide}
	}
}

// until steps on until the case has reached a stage.
func (b *bench) until(t *testing.T, id string, want erasure.Stage) erasure.Seen {
	t.Helper()

	const most = 40

	var seen erasure.Seen

	for range most {
		if seen = b.next(t, id); seen.Stage == want && seen.BackTo == "" {
			return seen
		}

		if seen.Stage == erasure.Tombstoned {
			b.seal(t)
		}
	}

	t.Fatalf("it never came to %s: %+v", want, seen)

	return seen
}

// count counts rows of a table of the app or of Steward.
func count(t *testing.T, db *postgres.DB, sql string, args ...any) (found int64) {
	t.Helper()
	must(t, db.QueryRow(t.Context(), sql, args...).Scan(&found))

	return found
}

// tombstones are how many the ledger has.
func (b *bench) tombstones(t *testing.T) int64 {
	t.Helper()

	return count(t, b.root, fmt.Sprintf(`select count(*) from ledger.entries where kind = '%s'`, ledger.Tombstone))
}
