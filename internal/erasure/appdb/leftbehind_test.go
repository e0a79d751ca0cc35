package appdb_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/verify"
	"steward/internal/store"
)

// tickets stay, in parts, with the replies below them and the heirs of those, and lose what they hold of somebody: each column in
// another way.
const tickets = `create table a.tickets (id bigint primary key, firm bigint references a.firms, mail text, name text not null, phone text, form jsonb, born date)
		partition by hash (id);
	create table a.tickets_0 partition of a.tickets for values with (modulus 2, remainder 0);
	create table a.tickets_1 partition of a.tickets for values with (modulus 2, remainder 1);
	create table a.replies (id bigint primary key, ticket bigint references a.tickets, mail text, name text not null, phone text, form jsonb, born date);
	create table a.calls (primary key (id), foreign key (ticket) references a.tickets) inherits (a.replies);
	insert into a.tickets select i, 1 + i / 4, 'ada@example.com', 'Ada', '+44 1', '{"m": "Ada"}', '1815-12-10' from generate_series(1, 6) as i;
	insert into a.replies select id, id as ticket, mail, name, phone, form, born from a.tickets;
	insert into a.calls select id, id as ticket, mail, name, phone, form, born from a.tickets`

// ticketsMap is the map of them, with PERSON in place of how a person is found.
const ticketsMap = `      a.tickets: {category: support, role: controller, path: [firm], rows: keep, PERSON columns: {COLUMNS, not_personal: [id, firm]}}
      a.replies: {category: support, role: controller, path: [ticket], rows: keep, PERSON columns: {COLUMNS, not_personal: [id, ticket]}}
      a.calls: {category: support, role: controller, path: [ticket], rows: keep, PERSON columns: {COLUMNS, not_personal: [id, ticket]}}
`

// overwrites are the columns of each of them.
const overwrites = `erase: [{column: mail, keyed_hash: "gone-{}@example.invalid"}, {column: name, fixed: "it's gone"}, {column: phone, keyed_hash: true},
          {column: form, fixed: "{}"}, {column: born, "null": true}]`

// Verify names the column, of whatever table, in which the value of a row that stays was left as it was.
func TestVerifyNamesColumnsThatAreLeft(t *testing.T) {
	t.Parallel()

	for name, subject := range map[string]store.Subject{"account": {Erasure: "era_left", Kind: plan.Account, Account: "1"}, "person": ada("1")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newShop(t, tickets, "", strings.NewReplacer("COLUMNS", overwrites,
				"PERSON", "person: {match: [{identity: email, column: mail}], rows: keep},").Replace(ticketsMap), appdb.Options{PseudonymKey: worldKey()})
			s.subject = subject
			tables := []string{"a.tickets", "only a.replies", "a.calls"}
			before := map[string]string{}

			for _, table := range tables {
				before[table] = s.row(t, table)
			}

			s.erase(t)
			s.clean(t)

			for _, table := range tables {
				after := s.row(t, table)
				s.put(t, table, before[table])

				left, err := s.of.Verify(t.Context(), s.subject, s.frozen)

				want := []string{}
				for _, column := range overwritten() {
					want = append(want, fmt.Sprintf("{%s.%s 1 column not overwritten}", strings.TrimPrefix(table, "only "), column))
				}

				if got := notOverwritten(left); err != nil || !slices.Equal(got, want) {
					t.Errorf("%s, not %s, %v", got, want, err)
				}

				s.put(t, table, after)
			}

			s.clean(t)
		})
	}
}

// overwritten are the columns that are, in the order of their names.
func overwritten() []string { return []string{"born", "form", "mail", "name", "phone"} }

// notOverwritten are the remainders that are columns of rows that stay.
func notOverwritten(left []store.Remainder) (told []string) {
	for _, one := range left {
		if one.Why == verify.NotErased {
			told = append(told, fmt.Sprint(one))
		}
	}

	slices.Sort(told)

	return told
}

// row is the second row of a table as JSON.
func (s *shop) row(t *testing.T, table string) (row string) {
	t.Helper()

	if err := s.db.QueryRow(t.Context(), "select to_jsonb(t)::text from "+table+" as t where id = 2").Scan(&row); err != nil {
		t.Fatal(err)
	}

	return row
}

// put gives the columns of that row the values that they have in a row as JSON.
func (s *shop) put(t *testing.T, table, row string) {
	t.Helper()

	columns := strings.Join(overwritten(), ", ")

	changed, err := s.db.Exec(t.Context(), "update "+table+" as t set ("+columns+") = (select "+columns+" from jsonb_populate_record(null::"+
		strings.TrimPrefix(table, "only ")+", $1)) where id = 2", row)
	if err != nil || changed != 1 {
		t.Fatal(changed, err)
	}
}
