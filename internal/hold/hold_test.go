package hold_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/credential/credentialtest"
	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/hold"
	"steward/internal/ids"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/task"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// desk is a steward database with a lead, and the API's rights.
type desk struct {
	*testing.T

	root, api, core *postgres.DB
	lead            access.Principal
	keeper          casekey.Keeper
}

func newDesk(t *testing.T) desk {
	t.Helper()

	at := pgtest.Steward(t)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	must(t, err)

	d := desk{
		T: t, root: open(at), api: open(pgtest.Member(t, at, "steward_api")), core: open(pgtest.Member(t, at, "steward_core")),
		keeper: casekey.Keeper{Master: master},
	}
	d.lead, _ = credentialtest.New(t, d.root, now()).Staff(t, access.Lead)

	return d
}

func (d desk) tx(work func(context.Context, postgres.Tx) error) {
	must(d.T, d.api.InTx(d.Context(), work))
}

// key hashes identities.
func key() account.LookupKey { return account.LookupKey("a lookup key that is for tests only") }

func person(mail string) erasure.Identities { return erasure.Identities{datamap.Email: {mail}} }

// opened opens an erasure of the account, or of the person in it.
func (d desk) opened(kind plan.Subject, id, mail string) (opened erasure.Case) {
	d.Helper()

	asked := erasure.Opening{
		Cause: ids.New("act"), Reason: erasure.ByStaff, Kind: kind, Account: id, Mode: promise.Enforce, AskedBy: "steward",
		OpenedBy: "steward", At: now(),
	}
	if kind == plan.Person {
		asked.Identities, asked.Matches = person(mail), person(mail).Matches(key())
	}

	d.tx(func(ctx context.Context, tx postgres.Tx) (err error) {
		if id != "" {
			if _, _, err := account.Register(ctx, tx, id, time.Time{}, now()); err != nil {
				return err
			}
		}

		opened, _, err = erasure.Open(ctx, tx, d.keeper, asked)

		return err
	})

	return opened
}

// registered lets the app have named an account.
func (d desk) registered(id string) {
	d.Helper()
	d.tx(func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := account.Register(ctx, tx, id, time.Time{}, now())

		return err
	})
}

func (d desk) set(wanted hold.Wanted) (set hold.Hold) {
	d.Helper()

	wanted.Basis, wanted.Until = "docket 7", now().AddDate(1, 0, 0)
	d.tx(func(ctx context.Context, tx postgres.Tx) (err error) {
		set, _, err = hold.Set(ctx, tx, d.lead, wanted, now())

		return err
	})

	return set
}

// What a hold protects, and what it does not.
func TestWhatAHoldProtects(t *testing.T) {
	t.Parallel()

	d := newDesk(t)
	cases := map[string]erasure.Case{
		"account 1":     d.opened(plan.Account, "1", ""),
		"account 2":     d.opened(plan.Account, "2", ""),
		"ada in 1":      d.opened(plan.Person, "1", "ada@example.com"),
		"bob in 1":      d.opened(plan.Person, "1", "bob@example.com"),
		"ada in 2":      d.opened(plan.Person, "2", "ada@example.com"),
		"ada, anywhere": d.opened(plan.Person, "", "ada@example.com"),
	}
	ada := person("ada@example.com").Matches(key())

	for name, c := range map[string]struct {
		wanted hold.Wanted
		holds  []string
	}{
		"an account":         {hold.Wanted{Kind: plan.Account, Account: "1"}, []string{"account 1", "ada in 1", "bob in 1", "ada, anywhere"}},
		"a person in one":    {hold.Wanted{Kind: plan.Person, Account: "1", Matches: ada}, []string{"account 1", "ada in 1", "ada, anywhere"}},
		"a person, anywhere": {hold.Wanted{Kind: plan.Person, Matches: ada}, []string{"account 1", "account 2", "ada in 1", "ada in 2", "ada, anywhere"}},
	} {
		set := d.set(c.wanted)
		want := map[string]bool{}

		for _, each := range c.holds {
			want[each] = true
		}

		for each, of := range cases {
			if held, err := erasure.IsHeld(t.Context(), d.core, of); err != nil || held != want[each] {
				t.Errorf("a hold of %s, %s: %v, %v", name, each, held, err)
			}
		}

		d.tx(func(ctx context.Context, tx postgres.Tx) error {
			_, err := hold.Release(ctx, tx, d.lead, set.ID, now())

			return err
		})
	}

	for each, of := range cases {
		if held, err := erasure.IsHeld(t.Context(), d.core, of); err != nil || held {
			t.Errorf("no hold stands, %s: %v, %v", each, held, err)
		}
	}
}

// A hold ends at its time and not before, with a task for a lead; nobody lets it end in
// another way, and what stands is not removed.
func TestAHoldEndsAtItsTime(t *testing.T) {
	t.Parallel()

	d := newDesk(t)
	d.registered("1")
	set := d.set(hold.Wanted{Kind: plan.Account, Account: "1"})

	if ended, err := hold.EndDue(t.Context(), d.core, set.Until.Add(-time.Second)); err != nil || ended != 0 {
		t.Errorf("%d ended too early, %v", ended, err)
	}

	for _, sql := range []string{
		`update holds set released_at = set_at, ends_at = until`, `update holds set until = set_at + interval '1 day'`, `delete from holds`,
	} {
		if _, err := d.core.Exec(t.Context(), sql); err == nil {
			t.Errorf("the core may: %s", sql)
		}
	}

	for want := range 2 {
		if ended, err := hold.EndDue(t.Context(), d.core, set.Until); err != nil || ended != 1-want {
			t.Errorf("%d ended, %v", ended, err)
		}
	}

	if opened, is, err := task.OpenOf(t.Context(), d.root, task.HoldEnded, set.ID); err != nil || !is || opened.Role != access.Lead {
		t.Errorf("%+v, %v", opened, err)
	}

	standing, err := hold.List(t.Context(), d.api, false, page.Place{}, 10)
	all, allErr := hold.List(t.Context(), d.api, true, page.Place{}, 10)

	if err != nil || allErr != nil || len(standing) != 0 || len(all) != 1 || all[0].ReleasedBy != "" || all[0].Standing() {
		t.Errorf("%+v, %+v, %v, %v", standing, all, err, allErr)
	}
}

// An end that is over, or farther than ten years, is none; and nobody releases what is not there.
func TestHoldsThatAreNone(t *testing.T) {
	t.Parallel()

	d := newDesk(t)

	for _, until := range []time.Time{now(), now().AddDate(10, 0, 1)} {
		err := d.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			_, _, err := hold.Set(ctx, tx, d.lead, hold.Wanted{Kind: plan.Account, Account: "1", Basis: "x", Until: until}, now())

			return err
		})
		if !failure.Is(err, failure.HoldEnd) {
			t.Errorf("until %s: %v", until, err)
		}
	}

	err := d.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := hold.Release(ctx, tx, d.lead, ids.New(hold.Prefix), now())

		return err
	})
	if !failure.Is(err, failure.HoldUnknown) {
		t.Error(err)
	}
}

// A hold of an account that nobody registered would protect nobody, and so would one of a person in it.
func TestAHoldOfAnAccountThatIsNot(t *testing.T) {
	t.Parallel()

	d := newDesk(t)

	for kind, matches := range map[plan.Subject][][]byte{plan.Account: nil, plan.Person: person("ada@example.com").Matches(key())} {
		err := d.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			_, _, err := hold.Set(ctx, tx, d.lead, hold.Wanted{
				Kind: kind, Account: "471100", Matches: matches, Basis: "docket 7", Until: now().AddDate(1, 0, 0),
			}, now())

			return err
		})
		if !failure.Is(err, failure.AccountUnknown) {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// Who is held too late is told of the erasures that go on: of accounts and of persons, in a scope and anywhere, and of
// no other.
func TestTooLate(t *testing.T) {
	t.Parallel()

	d := newDesk(t)
	ada, bob := person("ada@example.com").Matches(key()), person("bob@example.com").Matches(key())
	cases := map[string]erasure.Case{
		"account 1": d.opened(plan.Account, "1", ""), "account 2": d.opened(plan.Account, "2", ""),
		"ada in 1": d.opened(plan.Person, "1", "ada@example.com"), "bob in 2": d.opened(plan.Person, "2", "bob@example.com"),
		"ada, anywhere": d.opened(plan.Person, "", "ada@example.com"),
	}
	names := map[string]string{}

	// As if all were decided: the triggers that keep anybody from saying so are of other tests.
	must(t, d.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, `set local session_replication_role = replica`); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, `update erasures set stage = 'tombstoned', tombstone = id`)

		return err
	}))

	for name, of := range cases {
		names[of.ID] = name
	}

	for name, c := range map[string]struct {
		wanted hold.Wanted
		want   []string
	}{
		"an account":         {hold.Wanted{Kind: plan.Account, Account: "1"}, []string{"account 1", "ada in 1", "ada, anywhere"}},
		"a person in one":    {hold.Wanted{Kind: plan.Person, Account: "2", Matches: bob}, []string{"account 2", "bob in 2"}},
		"a person, anywhere": {hold.Wanted{Kind: plan.Person, Matches: ada}, []string{"account 1", "account 2", "ada in 1", "ada, anywhere"}},
	} {
		c.wanted.Basis, c.wanted.Until = "docket 7", now().AddDate(1, 0, 0)

		var got []string

		d.tx(func(ctx context.Context, tx postgres.Tx) error {
			_, late, err := hold.Set(ctx, tx, d.lead, c.wanted, now())
			for _, id := range late {
				got = append(got, names[id])
			}

			return err
		})

		slices.Sort(got)

		if !slices.Equal(got, c.want) {
			t.Errorf("%s is too late for %q", name, got)
		}
	}
}
