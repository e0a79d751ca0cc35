package replay_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

// shop is a database of its own: accounts, people below them, and what they wrote.
const shop = `
	create schema shop;
	create table shop.accounts (id bigint primary key, name text not null);
	create table shop.people (id bigint primary key, account_id bigint not null references shop.accounts, email text, more jsonb);
	create table shop.notes (id bigint primary key, person_id bigint not null references shop.people, said text not null);
	insert into shop.accounts values (1, 'canary one'), (2, 'two');
	insert into shop.people values (1, 1, 'Canary@Example.com', '{}'), (2, 1, null, '{"mail": "canary@example.com"}'),
		(3, 1, 'eve@example.com', '{}'), (4, 2, 'canary@example.com', '{}');
	insert into shop.notes select n, 1 + n % 4, 'canary of ' || (1 + n % 4) from generate_series(1, 40) as n;`

const shopMap = `version: 1
databases:
  - name: shop
    account:
      table: shop.accounts
      key: id
      close: update shop.accounts set name = name where id = $1
      reopen: update shop.accounts set name = name where id = $1
    tables:
      shop.accounts:
        category: company
        role: controller
        rows: delete
        columns: {erase: [name], not_personal: [id]}
      shop.people:
        category: collected
        role: processor
        path: [account_id]
        rows: delete
        person:
          match: [{identity: email, column: email}, {identity: email, column: more, json: "$.mail"}]
          rows: delete
        columns: {erase: [email, more], not_personal: [id, account_id]}
      shop.notes:
        category: collected
        role: processor
        path: [person_id]
        rows: delete
        columns: {erase: [said], not_personal: [id, person_id]}
`

// shopOf is a fresh database as a backup of before the erasure has it.
func shopOf(t *testing.T) (*postgres.DB, *appdb.Store, replay.Columns) {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	must(t, err)
	t.Cleanup(db.Close)

	_, err = db.Exec(t.Context(), shop)
	must(t, err)

	read, err := datamap.Parse("datamap.yaml", []byte(shopMap))
	must(t, err)

	decided := *read.Database("shop")

	return db, appdb.New(db, decided, appdb.Options{}), replay.Columns{DB: db, Decided: decided}
}

func left(t *testing.T, db *postgres.DB) (people []string) {
	t.Helper()

	must(t, db.QueryRow(t.Context(), `select array_agg(p.id || ':' || (select count(*) from shop.notes where person_id = p.id) order by p.id)
		from shop.people as p`).Scan(&people))

	return people
}

// recorded erases a subject, and gives the record that was written before.
func recorded(t *testing.T, h *house, who store.Subject) replay.Record {
	t.Helper()

	_, in, _ := shopOf(t)
	wanted := facts()
	who.Erasure = wanted.Subject.Erasure
	wanted.Subject, wanted.Pseudonym = who, nil

	keys := replay.NewKeys()
	must(t, in.Freeze(t.Context(), who, keys))

	_, err := h.Write(t.Context(), wanted, keys)
	must(t, err)

	_, err = in.Erase(t.Context(), who, keys, func(int64) {})
	must(t, err)

	record, err := h.Open(t.Context(), who.Erasure)
	must(t, err)

	return record
}

// What was erased and came back with a restore goes again, below this account and no other; a person too of whom
// the restored data has more than there was, or another address.
func TestErasedAgainAfterARestore(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	account := recorded(t, h, store.Subject{Kind: plan.Account, Account: "1"})
	person := recorded(t, h, store.Subject{
		Kind: plan.Person, Account: "1", Identities: map[string][]string{"email": {"canary@example.com"}},
	})

	for name, c := range map[string]struct {
		record replay.Record
		change string // how the backup differs from what was there when it was erased
		found  int
		left   []string
	}{
		"account":                    {account, ``, 0, []string{"4:10"}},
		"account, gone in it":        {account, `delete from shop.notes; delete from shop.people; delete from shop.accounts`, 0, nil},
		"person":                     {person, ``, 2, []string{"3:10", "4:10"}},
		"person, with another row":   {person, `insert into shop.people values (5, 1, 'CANARY@example.com', null)`, 3, []string{"3:10", "4:10"}},
		"person of another address":  {person, `update shop.people set email = 'old@example.com' where id = 1`, 1, []string{"3:10", "4:10"}},
		"person of no known address": {person, `update shop.people set email = null, more = null where id <> 3`, 0, []string{"3:10", "4:10"}},
	} {
		db, in, finder := shopOf(t)
		if c.change != "" {
			_, err := db.Exec(t.Context(), c.change)
			must(t, err)
		}

		for _, found := range []int{c.found, -1} {
			got, err := c.record.Again(t.Context(), h.Key, in, finder, func(int64) {})
			if err != nil || len(got.Left) != 0 || found >= 0 && got.Found != found {
				t.Fatalf("%s: %+v, %v", name, got, err)
			}

			if found < 0 && got.Outcome.Kind != store.NothingFound {
				t.Errorf("%s, the second time: %+v", name, got.Outcome)
			}
		}

		if diff := cmp.Diff(c.left, left(t, db)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// Only what was decided for good is done again: a record alone is that of an erasure which may be cancelled.
func TestOnlyDecidedErasuresAreDoneAgain(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	wanted := facts()

	_, err := h.Write(t.Context(), wanted, frozen(t, 1))
	must(t, err)

	erasure := wanted.Subject.Erasure
	decided := func(want ...replay.Decision) {
		t.Helper()

		got, err := replay.Decided(t.Context(), h.Catalogue.DB)
		if diff := cmp.Diff(want, got); err != nil || len(want)+len(got) > 0 && diff != "" {
			t.Error(diff, err)
		}
	}

	decided()
	tombstoned(t, h, erasure, wanted.PlanSHA256)
	decided()

	_, err = h.db.Exec(t.Context(), `update erasure_tombstones set sealed_at = committed_at, position = 0`)
	must(t, err)
	decided(replay.Decision{Erasure: erasure, At: at()})

	must(t, h.Delete(t.Context(), erasure, at()))
	decided()
}
