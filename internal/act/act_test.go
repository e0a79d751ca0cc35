package act_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// world is the database as its superuser, the API and a workflow's worker see it.
type world struct {
	db, api, core *postgres.DB
	made          *credentialtest.Maker
}

func open(t *testing.T) *world {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}
	w := &world{db: opened(at), api: opened(pgtest.Member(t, at, "steward_api")), core: opened(pgtest.Member(t, at, "steward_core"))}
	w.made = credentialtest.New(t, w.db, now())

	return w
}

func approve() act.What {
	return act.What{Verb: "dsr.approve", Object: "dsr_abc", InputSHA256: strings.Repeat("0a", 32)}
}

func do(ctx context.Context, db *postgres.DB, who access.Principal,
	how func(context.Context, postgres.Tx, access.Principal, act.What, time.Time) (string, error),
) (id string, err error) {
	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		id, err = how(ctx, tx, who, approve(), now())

		return err
	})

	return id, err
}

// An act that a workflow carries out: the API writes the intent, the worker reads it
// back and says how it ended, each once in the ledger whatever fails.
func TestAnActOfAWorkflow(t *testing.T) {
	t.Parallel()

	w := open(t)
	lead, _ := w.made.Staff(t, access.Lead)

	id, err := do(t.Context(), w.api, lead, act.Intend)
	must(t, err)

	read, err := act.Get(t.Context(), w.core, id)
	if want := (act.Act{What: approve(), ID: id, Staff: lead.ID, Credential: lead.Credential, Role: access.Lead, At: now()}); err != nil || read != want {
		t.Errorf("%+v, %v", read, err)
	}

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}
		err := w.core.InTx(faults.With(t.Context(), counter), func(ctx context.Context, tx postgres.Tx) error {
			return act.End(ctx, tx, id, act.Done, now().Add(time.Hour))
		})

		if reached = counter.Reached(); reached != (err != nil) {
			t.Errorf("call %d: %v", n, err)
		}
	}

	must(t, w.core.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return act.End(ctx, tx, id, "unavailable", now().Add(2*time.Hour))
	}))

	read, err = act.Get(t.Context(), w.core, id)
	if err != nil || read.Outcome != act.Done || !read.EndedAt.Equal(now().Add(time.Hour)) {
		t.Errorf("%+v, %v", read, err)
	}

	if intended, done := w.entries(t, id); intended != 1 || done != 1 {
		t.Errorf("%d intents, %d outcomes", intended, done)
	}
}

// entries are the ledger's entries of an act.
func (w *world) entries(t *testing.T, id string) (intended, done int) {
	t.Helper()
	must(t, w.db.QueryRow(t.Context(), `select count(*) filter (where kind = 'act.intended'),
		count(*) filter (where kind = 'act.done') from ledger.entries where body like '%' || $1 || '%'`, id).Scan(&intended, &done))

	return intended, done
}

// An act with its effect in the same transaction has ended when it is there.
func TestARecordedActIsDone(t *testing.T) {
	t.Parallel()

	w := open(t)
	lead, _ := w.made.Staff(t, access.Lead)

	id, err := do(t.Context(), w.api, lead, act.Record)
	must(t, err)

	read, err := act.Get(t.Context(), w.api, id)
	intended, done := w.entries(t, id)

	if err != nil || read.Outcome != act.Done || intended != 0 || done != 1 {
		t.Errorf("%+v, %v, %d, %d", read, err, intended, done)
	}

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: faults.Before}
		_, err := do(faults.With(t.Context(), counter), w.api, lead, act.Record)

		if reached = counter.Reached(); reached != (err != nil) {
			t.Errorf("call %d: %v", n, err)
		}
	}

	all, err := act.List(t.Context(), w.api, page.Place{}, 100)
	if err != nil || len(all) != 3 { // beside it that of adding the lead
		t.Errorf("%d acts, %v", len(all), err)
	}
}

// Who asks for the same again has done one act, each person their own.
func TestAnActThatIsAskedForAgainIsOne(t *testing.T) {
	t.Parallel()

	w := open(t)
	lead, _ := w.made.Staff(t, access.Lead)
	other, _ := w.made.Staff(t, access.Lead)
	app, _ := w.made.Key(t, access.AccountsWrite)

	if _, err := do(t.Context(), w.api, app, act.RecordOnce); !failure.Is(err, failure.NotPermitted) {
		t.Errorf("an app: %v", err)
	}

	first, err := do(t.Context(), w.api, lead, act.RecordOnce)
	must(t, err)

	for n, reached := 1, true; reached; n++ {
		counter := &faults.Counter{N: n, Mode: faults.Before}
		again, err := do(faults.With(t.Context(), counter), w.api, lead, act.RecordOnce)

		if reached = counter.Reached(); reached != (err != nil) || !reached && again != first {
			t.Errorf("call %d: %s after %s, %v", n, again, first, err)
		}
	}

	if its, err := do(t.Context(), w.api, other, act.RecordOnce); err != nil || its == first {
		t.Errorf("another person: %s after %s, %v", its, first, err)
	}

	if intended, done := w.entries(t, first); intended != 0 || done != 1 {
		t.Errorf("%d intents, %d outcomes", intended, done)
	}
}

// Nobody acts who may not at the instant of the act: an app, who left, who has
// another role by now, who shows a token that ended or is another's.
func TestWhoMayNotActDoesNot(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, _ := w.made.Key(t, access.AccountsWrite)
	lead, _ := w.made.Staff(t, access.Lead)
	gone, _ := w.made.Staff(t, access.Lead)
	w.made.Revoke(t, gone)
	late, _ := w.made.Staff(t, access.Lead)
	w.made.Expire(t, late)

	promoted := lead
	promoted.Role = access.Operator
	borrowed, _ := w.made.Operator()
	borrowed.Credential = lead.Credential

	for name, who := range map[string]access.Principal{
		"an app": key, "revoked": gone, "expired": late, "another role": promoted, "another's token": borrowed, "nobody": {Kind: access.Staff},
	} {
		for _, how := range []func(context.Context, postgres.Tx, access.Principal, act.What, time.Time) (string, error){act.Record, act.Intend} {
			if id, err := do(t.Context(), w.api, who, how); !failure.Is(err, failure.NotPermitted) || id != "" {
				t.Errorf("%s: %q, %v", name, id, err)
			}
		}
	}
}

// What was done is never changed, not by the owner of the tables either.
func TestActsStay(t *testing.T) {
	t.Parallel()

	w := open(t)
	lead, _ := w.made.Staff(t, access.Lead)
	_, err := do(t.Context(), w.api, lead, act.Record)
	must(t, err)

	for _, sql := range []string{
		`update staff_acts set verb = 'a.b'`, `delete from staff_acts`, `truncate staff_acts cascade`,
		`update staff_act_ends set outcome = 'x'`, `delete from staff_act_ends`, `truncate staff_act_ends`,
	} {
		for who, db := range map[string]*postgres.DB{"the owner": w.db, "the API": w.api, "the worker": w.core} {
			if _, err := db.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s may: %s", who, sql)
			}
		}
	}

	if _, err := w.core.Exec(t.Context(), `insert into staff_acts select id, staff, credential, role, verb, object, input_sha256, at from staff_acts`); err == nil {
		t.Error("a worker makes acts")
	}

	if _, err := act.List(faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Before}), w.core, page.Place{}, 1); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	if _, err := act.Get(t.Context(), w.core, "act_nobody"); !failure.Is(err, failure.EvidenceMissing) {
		t.Error(err)
	}
}

// Pages neither repeat nor skip.
func TestPages(t *testing.T) {
	t.Parallel()

	w := open(t)
	lead, _ := w.made.Staff(t, access.Lead)

	for range 7 {
		_, err := do(t.Context(), w.api, lead, act.Record)
		must(t, err)
	}

	seen := map[string]bool{}

	var after page.Place

	for {
		found, err := act.List(t.Context(), w.api, after, 3)
		must(t, err)

		for _, each := range found {
			seen[each.ID] = true
			after = each.Place()
		}

		if len(found) < 3 {
			break
		}
	}

	if len(seen) != 8 {
		t.Errorf("%d acts", len(seen))
	}
}
