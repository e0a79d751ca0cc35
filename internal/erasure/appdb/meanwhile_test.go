package appdb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// shop is a database of two firms, of which the first is erased while the app works on.
type shop struct {
	db      *postgres.DB
	of      *appdb.Store
	frozen  *storetest.Memory
	subject store.Subject
	decided datamap.Database
}

// shopMap begins each map: what follows are the tables.
const shopMap = `version: 1
databases:
  - name: app
    account:
      table: a.firms
      key: id
      close: update a.firms set name = name where id = $1
      reopen: update a.firms set name = name where id = $1
%s    tables:
      a.firms: {category: company, role: controller, rows: delete, columns: {erase: [name], not_personal: [id]}}
%s`

func newShop(t *testing.T, sql, references, tables string, options appdb.Options) *shop {
	t.Helper()

	s := &shop{
		db: opened(t), frozen: &storetest.Memory{},
		subject: store.Subject{Erasure: "era_shop", Kind: plan.Account, Account: "1"},
	}
	s.exec(t, "create schema a; create table a.firms (id bigint primary key, name text); insert into a.firms values (1, 'one'), (2, 'two'); "+sql)

	read, err := datamap.Parse("datamap.yaml", fmt.Appendf(nil, shopMap, references, tables))
	if err != nil {
		t.Fatal(err)
	}

	s.decided = *read.Database("app")
	s.of = appdb.New(s.db, s.decided, options)

	return s
}

func (s *shop) exec(t *testing.T, sql string) {
	t.Helper()

	if _, err := s.db.Exec(t.Context(), sql); err != nil {
		t.Fatal(err)
	}
}

// holds checks the rows of a table, as one text.
func (s *shop) holds(t *testing.T, want, table string) {
	t.Helper()

	var is string
	if err := s.db.QueryRow(t.Context(), "select coalesce(string_agg(r::text, ' ' order by r::text), '') from "+table+" as r").Scan(&is); err != nil {
		t.Fatal(err)
	}

	if is != want {
		t.Errorf("%s: %s, not %s", table, is, want)
	}
}

func (s *shop) erase(t *testing.T) {
	t.Helper()

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Fatal(err)
	}

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) clean(t *testing.T) {
	t.Helper()

	if left, err := s.of.Verify(t.Context(), s.subject, s.frozen); err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}

// during makes small batches, and does work once, before the given look at the brake.
func during(look int, work func()) appdb.Options {
	return appdb.Options{Limits: tiny(), Brake: looking(func(context.Context) error {
		look--
		if look == 0 {
			work()
		}

		return nil
	})}
}

func looking(wait always) func() appdb.Brake { return func() appdb.Brake { return wait } }

// always is a brake that does the same at each look.
type always func(ctx context.Context) error

func (a always) Check(context.Context) error    { return nil }
func (a always) Wait(ctx context.Context) error { return a(ctx) }
func (a always) Close(context.Context)          {}

func TestAKeyThatIsUsedAgainIsSomebodyElses(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.domains (name text primary key, firm bigint not null references a.firms);
		create table a.pages (id bigint primary key, domain text not null references a.domains, html text);
		insert into a.domains values ('shop.example', 1); insert into a.pages values (1, 'shop.example', 'old');`, "",
		`      a.domains: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [name, firm]}}
      a.pages: {category: collected, role: processor, path: [domain], rows: delete, columns: {erase: [html], not_personal: [id, domain]}}
`, appdb.Options{})
	s.erase(t)
	s.exec(t, "insert into a.domains values ('shop.example', 2); insert into a.pages values (2, 'shop.example', 'of firm 2')")
	s.clean(t)
	s.erase(t)
	s.holds(t, "(shop.example,2)", "a.domains")
	s.holds(t, `(2,shop.example,"of firm 2")`, "a.pages")
}

func TestARowThatMovedAwayStays(t *testing.T) {
	t.Parallel()

	var s *shop

	s = newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms);
		insert into a.leads select i, 1 from generate_series(1, 30) as i;
		create table a.notes (id bigint primary key, lead bigint references a.leads);`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}
      a.notes: {category: collected, role: processor, path: [lead], rows: delete, columns: {not_personal: [id, lead]}}
`, during(4, func() { s.exec(t, "update a.leads set firm = 2 where id = 30; insert into a.notes values (1, 30)") }))
	s.erase(t)
	s.clean(t)
	s.holds(t, "(30,2)", "a.leads")
	s.holds(t, "(1,30)", "a.notes")
}

// What is below a row that moves to another account while other rows are done stays with it, two steps down too, and so does a key of a
// row of somebody that names it.
func TestWhatIsBelowARowThatMovedAwayStays(t *testing.T) {
	t.Parallel()

	var s *shop

	s = newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms);
		insert into a.leads select i, 1 from generate_series(1, 6) as i;
		create table a.notes (id bigint primary key, lead bigint references a.leads); insert into a.notes select i, i from generate_series(1, 6) as i;
		create table a.marks (id bigint primary key, note bigint references a.notes); insert into a.marks select i, i from generate_series(1, 6) as i;
		create table a.tasks (id bigint primary key, firm bigint references a.firms, lead bigint references a.leads); insert into a.tasks values (1, 2, 6)`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}
      a.notes: {category: collected, role: processor, path: [lead], rows: delete, columns: {not_personal: [id, lead]}}
      a.marks: {category: collected, role: processor, path: [note], rows: delete, columns: {not_personal: [id, note]}}
      a.tasks: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm, lead]}}
`, during(2, func() { s.exec(t, "update a.leads set firm = 2 where id = 6") }))
	s.erase(t)
	s.clean(t)
	s.holds(t, "(6,2)", "a.leads")
	s.holds(t, "(6,6)", "a.notes")
	s.holds(t, "(6,6)", "a.marks")
	s.holds(t, "(1,2,6)", "a.tasks")
}

func TestARowThatComesIsNotForgotten(t *testing.T) {
	t.Parallel()

	const late = "late@example.com"

	t.Run("kept", func(t *testing.T) {
		t.Parallel()

		var s *shop

		given := during(6, func() { s.exec(t, "insert into a.tickets values (99, 1, '"+late+"')") })
		s = newShop(t, `create table a.displays (id bigint primary key, firm bigint not null references a.firms);
				insert into a.displays select i, 1 from generate_series(1, 30) as i;
				create table a.tickets (id bigint primary key, firm bigint references a.firms, mail text);
				insert into a.tickets values (1, 1, 'ada@example.com'), (2, 2, 'bob@example.com');`, "",
			`      a.displays: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}
      a.tickets: {category: support, role: controller, path: [firm], rows: keep, columns: {erase: [{column: mail, "null": true}], not_personal: [id, firm]}}
`, given)
		s.erase(t)
		s.clean(t)
		s.holds(t, "(1,,) (2,2,bob@example.com) (99,,)", "a.tickets")
	})

	t.Run("of a circle", func(t *testing.T) {
		t.Parallel()

		var s *shop

		given := during(4, func() { s.exec(t, "insert into a.versions values (99, 1, '"+late+"')") })
		s = newShop(t, `create table a.big (id bigint primary key, firm bigint not null references a.firms);
				insert into a.big select i, 1 from generate_series(1, 30) as i;
				create table a.docs (id bigint primary key, firm bigint references a.firms, head bigint not null, body text);
				create table a.versions (id bigint primary key, doc bigint references a.docs, body text);
				insert into a.docs values (1, 1, 1, 'x'); insert into a.versions values (1, 1, 'v1');
				alter table a.docs add foreign key (head) references a.versions;`, "",
			`      a.big: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}
      a.docs: {category: collected, role: processor, path: [firm], rows: delete, follows: [[head]], columns: {erase: [body], not_personal: [id, firm, head]}}
      a.versions: {category: collected, role: processor, path: [doc], rows: delete, columns: {erase: [body], not_personal: [id, doc]}}
`, given)
		s.erase(t)
		s.clean(t)
		s.holds(t, "", "a.versions")
	})
}

func TestAKeyToOnePartitionIsRefused(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.events (id bigint not null, region text not null, firm bigint not null references a.firms) partition by list (region);
		create table a.events_eu partition of a.events for values in ('eu');
		create unique index on a.events_eu (id);
		create table a.notes (id bigint primary key, event bigint references a.events_eu (id));`, "",
		`      a.events: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, region, firm]}}
      a.notes: {category: collected, role: processor, path: [event], rows: delete, columns: {not_personal: [id, event]}}
`, appdb.Options{})

	if _, err := s.of.Plan(t.Context(), s.subject); failure.CodeOf(err) != failure.MapUnfit || !strings.Contains(err.Error(), "one partition only") {
		t.Error(err)
	}
}

func TestAKeyOfManyColumns(t *testing.T) {
	t.Parallel()

	columns := strings.Split("b c d e f g h i j k", " ")
	key := strings.Join(columns, ", ")

	s := newShop(t, `create table a.facts (firm bigint not null references a.firms, mail text, `+strings.Join(columns, " int not null default 1, ")+
		` int not null default 1, primary key (firm, `+key+`)); insert into a.facts (firm, mail) values (1, 'x'), (2, 'y');
		create table a.marks (id bigint primary key, firm bigint, `+strings.Join(columns, " int, ")+` int,
			foreign key (firm, `+key+`) references a.facts (firm, `+key+`)); insert into a.marks values (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)`, "",
		`      a.facts: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [firm, `+key+`]}}
      a.marks: {category: collected, role: processor, path: [firm, `+key+`], rows: delete, columns: {not_personal: [id, firm, `+key+`]}}
`, appdb.Options{})
	s.erase(t)
	s.clean(t)
	s.holds(t, "(2,y,1,1,1,1,1,1,1,1,1,1)", "a.facts")
}

func TestTheOrphansOfOthersAreTheirs(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms);
		create table a.audit (id bigint primary key, firm bigint references a.firms, lead bigint);
		insert into a.leads values (1, 1), (2, 2), (3, 2); insert into a.audit values (1, 1, 1), (2, 2, 2);`,
		`    references:
      - {from: a.audit, columns: [lead], to: a.leads, key: [id]}
`, `      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}
      a.audit: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm, lead]}}
`, appdb.Options{})
	s.erase(t)
	s.exec(t, "delete from a.leads where id = 2")
	s.clean(t)
	s.exec(t, "insert into a.audit values (9, 2, 1)")

	if left, err := s.of.Verify(t.Context(), s.subject, s.frozen); err != nil || len(left) == 0 {
		t.Error("a row that names an erased one is not seen:", left, err)
	}
}
