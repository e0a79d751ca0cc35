package erasure_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/nightly"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/liveschema"
	"steward/internal/postgres"
)

// night looks through the app's database of a bench, a few pages at a time.
func (b *bench) night() nightly.Night {
	at := func(table string) liveschema.Name { return liveschema.Name{Schema: "public", Table: table} }

	return nightly.Night{
		Steward: b.eraser.Steward, Keeper: b.eraser.Keeper, Clock: b.clock, Pages: 2,
		Places: []nightly.Place{{DB: b.small.db, Decided: datamap.Database{
			Name: "app", Account: datamap.Root{Table: at("firms"), Key: "id"},
			Tables: []datamap.Table{
				{Name: at("firms"), Role: datamap.Controller, Rows: datamap.Delete},
				{
					Name: at("notes"), Role: datamap.Processor, Path: []string{"firm"}, Rows: datamap.Delete,
					Columns: []datamap.Column{{Name: "body", Decision: datamap.Erase}},
				},
			},
		}}},
	}
}

// written fills the app's notes, a row a page, and mentions people in some.
func (b *bench) written(t *testing.T) {
	t.Helper()

	for _, sql := range []string{
		`create table firms (id text primary key)`, `insert into firms values ('4711'), ('4712')`,
		`create table notes (id int primary key, firm text not null references firms, body text, filler text)`,
		`alter table notes alter filler set storage plain`,
		`insert into notes select n, case when n <= 40 then '4711' else '4712' end, 'Ada called', repeat('x', 5000) from generate_series(1, 60) as n`,
		`update notes set body = 'call ada@example.com' where id in (7, 30, 50)`, `update notes set body = 'tel. 1234' where id = 9`,
	} {
		_, err := b.small.db.Exec(t.Context(), sql)
		must(t, err)
	}
}

// person opens the erasure of somebody in the scope of an account, and carries it out.
func (b *bench) person(t *testing.T, identities erasure.Identities) string {
	t.Helper()

	asked := b.byStaff(t, b.opening(t))
	asked.Kind, asked.Identities = plan.Person, identities

	var opened erasure.Case

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		opened, _, err = erasure.Open(ctx, tx, b.keeper, asked)

		return err
	}))

	b.until(t, opened.ID, erasure.AwaitingApproval)
	must(t, b.approve(t, opened.ID, b.lead))
	b.until(t, opened.ID, erasure.Waiting)

	return opened.ID
}

func (b *bench) looks(t *testing.T) nightly.Looked {
	t.Helper()

	looked, err := b.night().Run(t.Context(), ids.New("ngt"), func(string, int64) {})
	must(t, err)

	return looked[0]
}

// What was left by hand is found by night and stops its case, with where; removed, the case goes on when it is tried again.
// Weak identifiers stop nobody, and a hit in another controller's data is reported alone.
func TestWhatIsFoundByNightBlocks(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)
	b.eraser.Residues = b.night()

	ada := b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})
	weak := b.person(t, erasure.Identities{datamap.User: {"Ada"}, datamap.Phone: {"1234"}})

	want := nightly.Looked{Database: "app", Erasures: 2, Sought: 1, Weak: 2, Left: 1, Elsewhere: 1, Places: []nightly.Hit{
		{Place: "public.notes.body", Whose: "left", Erasures: 1, Rows: 2}, {Place: "public.notes.body", Whose: "elsewhere", Erasures: 1, Rows: 1},
	}}
	if diff := cmp.Diff(want, b.looks(t)); diff != "" {
		t.Error(diff)
	}

	judged, err := b.judge.Residue(t.Context())
	if err != nil || judged != (erasure.ResidueJudged{Passes: 1, Blocked: 1}) {
		t.Errorf("%+v, %v", judged, err)
	}

	b.found(t, ada, erasure.Blocked, []string{"residue/app public.notes.body"})
	b.found(t, weak, erasure.Waiting, nil)

	if hits := count(t, b.root, `select sum(rows) from residue_found where whose = 'elsewhere'`); hits != 1 {
		t.Errorf("%d hits of another controller are reported", hits)
	}

	if entries := count(t, b.root, `select count(*) from ledger.entries where kind = 'world.observed' and body like '%erasure.residue%'`); entries != 1 {
		t.Errorf("%d entries", entries)
	}

	// Tried again while it is still there, it stops again, without a night in between.
	b.retried(t, ada)
	b.until(t, ada, erasure.Blocked)

	_, err = b.small.db.Exec(t.Context(), `update notes set body = '' where id in (7, 30)`)
	must(t, err)
	b.retried(t, ada)
	b.until(t, ada, erasure.Waiting)
	b.found(t, ada, erasure.Waiting, nil)

	if got := b.looks(t); got.Left != 0 || got.Elsewhere != 1 {
		t.Errorf("%+v", got)
	}

	judged, err = b.judge.Residue(t.Context())
	if err != nil || judged != (erasure.ResidueJudged{Passes: 1}) {
		t.Errorf("%+v, %v", judged, err)
	}
}

// found compares where a case stands, and what is left of it.
func (b *bench) found(t *testing.T, id string, stage erasure.Stage, want []string) {
	t.Helper()

	of, err := erasure.Get(t.Context(), b.root, id)
	must(t, err)

	left, err := erasure.RemaindersOf(t.Context(), b.root, id)
	must(t, err)

	var places []string
	for _, each := range left {
		places = append(places, each.Store+" "+each.Place)
	}

	if diff := cmp.Diff(want, places); diff != "" || of.Stage != stage || stage == erasure.Blocked && of.Code != failure.RemaindersFound {
		t.Errorf("%s, %s: %s", of.Stage, of.Code, diff)
	}
}

// retried asks for another try as a lead does.
func (b *bench) retried(t *testing.T, id string) {
	t.Helper()
	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
	}))
}

// A pass that is killed after each range goes on in another process: every page is looked through once, and nothing is
// counted twice.
func TestAPassGoesOnWhereItWasKilled(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)

	ada := b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})

	var (
		places []string
		err    error
	)

	for killed := true; killed; {
		killed = false

		ctx, kill := context.WithCancel(t.Context())
		_, err = b.night().Run(ctx, "the same", func(table string, _ int64) {
			places = append(places, table)
			killed = true

			kill()
		})

		kill()

		if len(places) == 5 {
			b.clock.now = b.clock.now.Add(24 * time.Hour) // the next night goes on too
		}
	}

	must(t, err)

	if first := places[0]; slices.Contains(places[1:], first) {
		t.Errorf("%s was looked through again: %v", first, places)
	}

	if len(places) < 10 || !slices.Contains(places, "residue app public.notes") {
		t.Errorf("looked through %v", places)
	}

	if rows := count(t, b.root, `select sum(rows) from erasure_remainders where erasure = $1`, ada); rows != 2 {
		t.Errorf("%d rows are left", rows)
	}

	if passes := count(t, b.root, `select count(*) from residue_passes`); passes != 1 {
		t.Errorf("%d passes", passes)
	}
}

// Two processes do not look through the same range: one of them is told to stop.
func TestTwoNightsAreOne(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)
	b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})

	once := false

	_, err := b.night().Run(t.Context(), ids.New("ngt"), func(string, int64) {
		if !once {
			once = true

			b.looks(t)
		}
	})
	if !failure.Is(err, failure.ErasureMoved) {
		t.Errorf("%v", err)
	}
}

// Since when nobody has looked is told, of the erasure that waits the longest.
func TestSinceWhenNobodyHasLooked(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.written(t)

	since := func(want time.Duration, wantLeft int) {
		t.Helper()

		found, err := erasure.ResidueAt(t.Context(), b.judge.Steward, []string{"app"}, b.clock.now)
		if got := b.clock.now.Sub(found.Since).Round(time.Minute); err != nil || got != want || found.Left != wantLeft {
			t.Errorf("%s, %d, %v; want %s, %d", got, found.Left, err, want, wantLeft)
		}
	}

	since(0, 0)
	b.person(t, erasure.Identities{datamap.Email: {"ada@example.com"}})

	b.clock.now = b.clock.now.Add(30 * time.Hour)
	since(30*time.Hour, 0)
	b.looks(t)
	since(0, 1)
}
