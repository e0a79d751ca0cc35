package appdb_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// A subject that says nobody, or everybody who left a field empty, is refused before anything is looked for.
func TestASubjectThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()

	db, decided := tenants().install(t)
	decided.Tables[0].Person = &datamap.Person{Rows: datamap.Delete}
	of := appdb.New(db, decided, appdb.Options{})

	for name, subject := range map[string]store.Subject{
		"no account":      {Kind: plan.Account},
		"an empty one":    {Kind: plan.Account, Account: " "},
		"no identity":     {Kind: plan.Person, Account: "1"},
		"an empty mail":   {Kind: plan.Person, Account: "1", Identities: map[string][]string{"email": {"ada@example.com", ""}}},
		"a phone of none": {Kind: plan.Person, Account: "1", Identities: map[string][]string{"phone": {"+ -"}}},
	} {
		if _, err := of.Plan(t.Context(), subject); !failure.Is(err, failure.MapUnfit) || strings.Contains(err.Error(), "ada") {
			t.Errorf("%s: %v", name, err)
		}

		if err := of.Freeze(t.Context(), subject, &storetest.Memory{}); !failure.Is(err, failure.MapUnfit) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A login that does not see each row, or may not change or clean a table, is refused by what it lacks.
func TestALoginThatMayNotIsRefused(t *testing.T) {
	t.Parallel()

	db, decided := hospital().install(t)
	role := strings.ToLower(ids.New("t"))
	subject := store.Subject{Erasure: "era_rights", Kind: plan.Account, Account: "1"}

	run(t, db, "create role "+role+" login; grant usage on schema public to "+role)
	at, err := url.Parse(db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}

	at.User = url.User(role)

	other, err := postgres.Open(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(other.Close)

	of := appdb.New(other, decided, appdb.Options{})

	for _, step := range []struct{ lacks, grant string }{
		{"select, update and delete", "grant select, update, delete on all tables in schema public to " + role},
		{"membership of the owner", "alter table result enable row level security"},
		{"bypassrls", "alter role " + role + " bypassrls"},
	} {
		if _, err := of.Plan(t.Context(), subject); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), step.lacks) {
			t.Errorf("%v, want %s", err, step.lacks)
		}

		if err := of.Ready(t.Context()); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), step.lacks) {
			t.Errorf("not ready: %v, want %s", err, step.lacks)
		}

		run(t, db, step.grant)

		if step.lacks == "membership of the owner" {
			run(t, db, "do $$ declare t regclass; begin for t in select oid from pg_class where relkind in ('r', 'p') and "+
				"relnamespace = 'public'::regnamespace and relname <> 'result' loop execute format('alter table %s owner to "+role+"', t); end loop; end $$")
		}
	}

	run(t, db, "alter table result owner to "+role)

	if _, err := of.Plan(t.Context(), subject); err != nil {
		t.Error(err)
	}

	if err := of.Ready(t.Context()); err != nil {
		t.Error(err)
	}

	// Sessions that are over drop their temporary tables a little later, in the way of the next statement.
	run(t, db, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '"+role+"'")
	run(t, db, "reassign owned by "+role+" to current_user; drop owned by "+role+"; drop role "+role)
}

func TestWhatTheCheckFindsStopsAnErasure(t *testing.T) {
	t.Parallel()

	rules, err := policy.Load("../../policy/testdata/working_exceptions.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	s := newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms, mail text);
		create table a.old_rows (what jsonb); insert into a.leads values (1, 1, 'ada@example.com');
		create function a.archive() returns trigger language plpgsql as
			$$ begin insert into a.old_rows values (to_jsonb(old)); return old; end $$`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [id, firm]}}
      a.old_rows: {not_personal: "empty since 2019"}
`, appdb.Options{Rules: rules})

	if _, err := s.of.Plan(t.Context(), s.subject); err != nil {
		t.Fatal(err)
	}

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Fatal(err)
	}

	s.exec(t, "create trigger archive after delete on a.leads for each row execute function a.archive()") // once it was approved

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); failure.CodeOf(err) != failure.MapUnfit ||
		!strings.Contains(err.Error(), "trigger") {
		t.Error(err)
	}

	s.holds(t, "", "a.old_rows")
}

// An account whose own row is not there is planned as it is, and the plan says so: what the app left of it can go.
func TestAnAccountThatIsNotThere(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.leads (id bigint primary key, firm bigint); insert into a.leads values (1, 3), (2, 1)`,
		"    references: [{from: a.leads, columns: [firm], to: a.firms, key: [id]}]\n",
		"      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}\n",
		appdb.Options{})

	for account, want := range map[string]bool{"1": false, "3": true} {
		s.subject.Account = account

		steps, err := s.of.Plan(t.Context(), s.subject)
		said := slices.ContainsFunc(steps, func(step plan.Step) bool {
			return step.Action == plan.Absent && step.Store == "app" && step.Place == "a.firms" && step.Rows == 0
		})

		if err != nil || said != want {
			t.Errorf("%s: %v, %+v", account, err, steps)
		}
	}
}
