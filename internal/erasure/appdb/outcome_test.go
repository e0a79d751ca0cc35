package appdb_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/erasure/appdb"
	"steward/internal/store"
)

// What is retained is said with its basis, how many and for how long, alone and beside what went.
func TestAnOutcomeSaysWhatIsRetained(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		sql  string
		want store.Outcome
	}{
		"alone": {
			`insert into a.bills values (1, 1, 'no. 1', 'Ada'), (2, 1, 'no. 2', 'Ada'), (3, 2, 'no. 3', 'Bob')`,
			store.Outcome{Kind: store.Erased, Count: 1, Parts: []store.Part{
				{Kind: store.Erased, Count: 1},
				{Kind: store.Retained, Count: 2, Basis: "invoices", For: "10y"},
				{Kind: store.Retained, Count: 2, Basis: "claims", For: "2y"},
			}},
		},
		"nothing of theirs": {`insert into a.bills values (3, 2, 'no. 3', 'Bob')`, store.Outcome{Kind: store.Erased, Count: 1}},
		"without the firm": {
			`insert into a.bills values (1, 1, 'no. 1', 'Ada'); alter table a.bills drop constraint bills_firm_fkey;
			delete from a.firms where id = 1; alter table a.bills add foreign key (firm) references a.firms not valid`,
			store.Outcome{Kind: store.Retained, Count: 2, Parts: []store.Part{
				{Kind: store.Retained, Count: 1, Basis: "invoices", For: "10y"}, {Kind: store.Retained, Count: 1, Basis: "claims", For: "2y"},
			}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := newShop(t, `create table a.bills (id bigint primary key, firm bigint references a.firms, no text, name text); `+c.sql, "",
				`      a.bills:
        category: billing
        role: controller
        path: [firm]
        rows: keep
        columns: {not_personal: [id, firm], retain: [{columns: [no], basis: invoices, until: 10y}, {columns: [name], basis: claims, until: 2y}]}
`, appdb.Options{})

			if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
				t.Fatal(err)
			}

			for range 2 { // a second try finds less, and says the same
				got, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil)
				if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
					t.Fatal(err, diff)
				}
			}
		})
	}
}
