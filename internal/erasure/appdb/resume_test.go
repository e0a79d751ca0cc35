package appdb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/failure"
)

// people is a schema whose leads go one after the other, and the map of it.
const people = `create table a.leads (id bigint primary key, firm bigint not null references a.firms, mail text);
	create table a.notes (id bigint primary key, lead bigint not null references a.leads, body text);
	insert into a.leads select i, 1 + i / 31, 'ada' from generate_series(1, 40) as i; insert into a.notes select id, id as lead, 'of ada' from a.leads;`

const peopleMap = `      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [id, firm]}}
      a.notes: {category: collected, role: processor, path: [lead], rows: delete, columns: {erase: [body], not_personal: [id, lead]}}
`

var errStopped = errors.New("stopped")

// A map or a schema that does more than the one for which keys were frozen takes its place, before the first row went and
// in the middle; one that does less is refused by what it lacks, until that is back.
func TestAChangeAfterTheDecision(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		change, from, to string
		begun            bool // what is lost only once rows are gone
		lost, undo       string
	}{
		"a column that nothing touches": {change: "alter table a.leads add score int", from: "[id, firm]", to: "[id, firm, score]"},
		"a column that is erased too":   {change: "alter table a.leads add phone text", from: "erase: [mail]", to: "erase: [mail, phone]"},
		"a renamed column":              {change: "alter table a.notes rename lead to about", from: "lead], rows: delete, columns: {erase: [body], not_personal: [id, lead]", to: "about], rows: delete, columns: {erase: [body], not_personal: [id, about]"},
		"a rule":                        {change: "alter table a.notes drop constraint notes_lead_fkey, add foreign key (lead) references a.leads on delete cascade"},
		"another line of the map":       {from: "      a.leads", to: "      # Looked at again.\n      a.leads"},
		"a new table": {
			change: "create table a.calls (id bigint primary key, lead bigint references a.leads); insert into a.calls select id, id from a.leads where firm = 1 or id = 31",
			from:   "      a.notes", to: "      a.calls: {category: collected, role: processor, path: [lead], rows: delete, columns: {not_personal: [id, lead]}}\n      a.notes",
		},
		"rows that are to stay": {
			from: "path: [lead], rows: delete, columns: {erase: [body]", to: `path: [lead], rows: keep, columns: {erase: [{column: body, "null": true}]`,
			lost: "a.notes", undo: "select",
		},
		"a renamed table": {
			change: "alter table a.leads rename to persons", from: "a.leads", to: "a.persons", begun: true,
			lost: "a.leads", undo: "alter table a.persons rename to leads",
		},
	} {
		for _, begun := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, begun %v", name, begun), func(t *testing.T) {
				t.Parallel()

				s := newShop(t, people, "", peopleMap, appdb.Options{})
				s.begin(t, begun)
				s.exec(t, "select 1; "+c.change)

				before := s.of
				s.of = s.with(t, strings.ReplaceAll(peopleMap, orNever(c.from), c.to))

				_, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil)

				switch refused := c.lost != "" && (begun || !c.begun); {
				case !refused && err != nil:
					t.Fatal(err)
				case refused:
					if !failure.Is(err, failure.RouteChanged) && !failure.Is(err, failure.MapUnfit) || !strings.Contains(err.Error(), c.lost) {
						t.Errorf("%v, want %s", err, c.lost)
					}

					s.exec(t, c.undo)

					s.of = before
					if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
						t.Fatal(err)
					}
				}

				s.clean(t)
				s.holds(t, "(2,two)", "a.firms")

				if name == "a new table" {
					s.holds(t, "(31,31)", "a.calls")
				}
			})
		}
	}
}

// A key of several columns is known by their names: it may be made anew in another order in the middle of an erasure.
func TestAKeyInAnotherOrder(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.leads (id bigint, part int, firm bigint not null references a.firms, primary key (id, part));
		create table a.notes (id bigint primary key, lead bigint, part int, foreign key (lead, part) references a.leads (id, part));
		insert into a.leads select i, 1, 1 + i / 10 from generate_series(1, 10) as i; insert into a.notes select id, id + 0, part from a.leads`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, part, firm]}}
      a.notes: {category: collected, role: processor, path: [lead, part], rows: delete, columns: {not_personal: [id, lead, part]}}
`, appdb.Options{})
	s.begin(t, true)
	// What notes name is gone: only the frozen keys say whose they are.
	s.exec(t, `alter table a.notes drop constraint notes_lead_part_fkey; alter table a.leads drop constraint leads_pkey, add primary key (part, id);
		delete from a.leads where firm = 1; insert into a.notes select i, i + 0, 1 from generate_series(1, 9) as i on conflict do nothing;
		alter table a.notes add foreign key (part, lead) references a.leads (part, id) not valid`)

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
		t.Fatal(err)
	}

	s.clean(t)
	s.holds(t, "(10,10,1)", "a.notes")
}

// with is the store under another map.
func (s *shop) with(t *testing.T, tables string) *appdb.Store {
	t.Helper()

	read, err := datamap.Parse("datamap.yaml", fmt.Appendf(nil, shopMap, "", tables))
	if err != nil {
		t.Fatal(err)
	}

	return appdb.New(s.db, *read.Database("app"), appdb.Options{Limits: tiny()})
}

// begin freezes, and erases some rows if it is told to.
func (s *shop) begin(t *testing.T, begun bool) {
	t.Helper()

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil || !begun {
		if err != nil {
			t.Fatal(err)
		}

		return
	}

	calls := 0
	half := appdb.New(s.db, s.decided, appdb.Options{Limits: tiny(), Brake: looking(func(context.Context) error {
		calls++
		if calls > 5 {
			return errStopped
		}

		return nil
	})})

	if _, err := half.Erase(t.Context(), s.subject, s.frozen, nil); !errors.Is(err, errStopped) {
		t.Fatal(err)
	}
}

// orNever is a text to look for, or one that no map has.
func orNever(text string) string {
	if text == "" {
		return "\x00"
	}

	return text
}
