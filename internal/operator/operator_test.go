package operator_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/operator"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// open gives the database as the core role sees it, which is who asks and who
// writes to the ledger, and as the backup role does, which carries out.
func open(t *testing.T) (core, backup *postgres.DB) {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(role string) *postgres.DB {
		db, err := postgres.Open(t.Context(), pgtest.Member(t, at, role))
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	return opened("steward_core"), opened("steward_backup")
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, db *postgres.DB) string {
	t.Helper()

	id, err := operator.Ask(t.Context(), db, operator.PruneBackups, strings.Repeat("0a", 32), now())
	must(t, err)

	return id
}

// One login is one operator, and nothing but the opaque id leaves the table.
func TestAnOperatorIsAnOpaqueID(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_core"))
	must(t, err)
	t.Cleanup(db.Close)

	first, second := ask(t, db), ask(t, db)

	one, err := operator.Get(t.Context(), db, first)
	must(t, err)

	two, err := operator.Get(t.Context(), db, second)
	must(t, err)

	if one.Operator != two.Operator || !strings.HasPrefix(one.Operator, "opr_") || one.ID == two.ID || one.Intended || one.Begun || one.Ended {
		t.Errorf("%+v, %+v", one, two)
	}

	other, err := postgres.Open(t.Context(), pgtest.Member(t, at, "steward_core"))
	must(t, err)
	t.Cleanup(other.Close)

	_, err = other.Exec(t.Context(), `insert into operator_acts (id, operator, verb, input_sha256, asked_at)
		values ('act_aaaaaaaaaaaaaaaaaaaaaaaaaa', $1, 'backup.prune', repeat('a', 64), now())`, one.Operator)
	if err == nil {
		t.Error("an act in the name of another operator")
	}

	theirs, err := operator.Get(t.Context(), db, ask(t, other))
	if err != nil || theirs.Operator == one.Operator {
		t.Errorf("%+v, %v", theirs, err)
	}
}

// The steps of an act come in order, each once, whichever call fails.
func TestStepsOfAnAct(t *testing.T) {
	t.Parallel()

	db, backup := open(t)
	id := ask(t, db)

	if outcome, err := operator.End(t.Context(), db, id, now()); err != nil || outcome != "" {
		t.Errorf("%s, %v", outcome, err)
	}

	for i, step := range []func(ctx context.Context) error{
		func(ctx context.Context) error { return operator.Intend(ctx, db, id, now()) },
		func(ctx context.Context) error { return operator.Begin(ctx, backup, id, "x", now()) },
		func(ctx context.Context) error {
			return operator.Finish(ctx, backup, id, string(failure.PlanChanged))
		},
		func(ctx context.Context) error {
			_, err := operator.End(ctx, db, id, now())

			return err
		},
	} {
		for n, reached := 1, true; reached; n++ {
			counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}
			err := step(faults.With(t.Context(), counter))
			reached = counter.Reached()

			if reached != (err != nil) {
				t.Errorf("step %d, call %d: %v", i, n, err)
			}
		}
	}

	act, err := operator.Get(t.Context(), db, id)
	if err != nil || !act.Intended || !act.Begun || act.Effects != "x" || !act.Ended || act.Outcome != "plan_changed" {
		t.Errorf("%+v, %v", act, err)
	}

	var intended, ended int

	must(t, db.QueryRow(t.Context(), `select count(*) filter (where kind = 'act.intended'),
		count(*) filter (where kind = 'act.done' and body like '%"outcome":"plan_changed"%') from ledger.entries`).Scan(&intended, &ended))

	if intended != 1 || ended != 1 {
		t.Errorf("%d intents, %d outcomes", intended, ended)
	}

	for what, sql := range map[string]string{
		"another hash": `update operator_acts set input_sha256 = repeat('b', 64)`, "over again": `update operator_acts set ended_at = null`,
		"other effects": `update operator_acts set effects = 'y'`, "another outcome": `update operator_acts set outcome = 'done'`,
		"another result": `update operator_acts set result = 'done'`,
	} {
		if _, err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("an act that is over takes %s", what)
		}
	}
}

// An intent of an act that is over, too old or unknown is refused.
func TestIntentsAreFresh(t *testing.T) {
	t.Parallel()

	db, _ := open(t)

	old := ask(t, db)
	if err := operator.Intend(t.Context(), db, old, now().Add(time.Hour)); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("an hour later: %v", err)
	}

	must(t, operator.Intend(t.Context(), db, old, now().Add(time.Hour-1)))
	must(t, operator.Intend(t.Context(), db, old, now().Add(2*time.Hour))) // its answer was lost

	if outcome, err := operator.End(t.Context(), db, old, now()); err != nil || outcome != operator.NotBegun {
		t.Errorf("%s, %v", outcome, err)
	}

	if err := operator.Intend(t.Context(), db, old, now()); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("an act that is over: %v", err)
	}

	if _, err := operator.Get(t.Context(), db, "act_nobody"); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("nobody's: %v", err)
	}
}

// The outcome is what was written by who carried the act out, whoever ends it: each
// try's result counts until one is done, and none that came too late.
func TestTheOutcomeIsThatOfTheWork(t *testing.T) {
	t.Parallel()

	db, backup := open(t)

	for name, test := range map[string]struct {
		begun   bool
		results []string
		want    string
	}{
		"nothing was begun":           {false, nil, operator.NotBegun},
		"refused before it began":     {false, []string{"plan_changed"}, "plan_changed"},
		"begun, and nobody came back": {true, nil, operator.Unknown},
		"failed":                      {true, []string{"storage_refused"}, "storage_refused"},
		"failed, then done":           {true, []string{"storage_refused", operator.Done}, operator.Done},
		"done, then a try that fails": {true, []string{operator.Done, "unavailable"}, operator.Done},
	} {
		id := ask(t, db)
		must(t, operator.Finish(t.Context(), backup, id, "too_early"))
		must(t, operator.Intend(t.Context(), db, id, now()))

		if test.begun {
			must(t, operator.Begin(t.Context(), backup, id, "x", now()))
		}

		for _, result := range test.results {
			must(t, operator.Finish(t.Context(), backup, id, result))
		}

		for range 2 {
			if outcome, err := operator.End(t.Context(), db, id, now()); err != nil || outcome != test.want {
				t.Errorf("%s: %s, %v", name, outcome, err)
			}

			must(t, operator.Finish(t.Context(), backup, id, "too_late"))
		}
	}

	for name, sql := range map[string]string{
		"done before it began": `update operator_acts set result = 'done' where begun_at is null`,
		"the outcome":          `update operator_acts set outcome = 'done'`,
	} {
		must(t, operator.Intend(t.Context(), db, ask(t, db), now()))

		if _, err := backup.Exec(t.Context(), sql); err == nil {
			t.Errorf("the backup role writes %s", name)
		}
	}

	if _, err := db.Exec(t.Context(), `update operator_acts set result = 'done'`); err == nil {
		t.Error("the core role writes a result")
	}
}
