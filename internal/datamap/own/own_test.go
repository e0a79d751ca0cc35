package own_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/datamap/check"
	"steward/internal/datamap/own"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/ids"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// Every table and every column of the migrated schema is decided, and every decision can be carried out.
func TestEveryTableIsDecided(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	decided, err := own.Database()
	must(t, err)

	findings := func() []check.Finding {
		t.Helper()

		schema, err := liveschema.Read(t.Context(), db, own.Name)
		must(t, err)

		return check.Database(decided, schema, &policy.Policy{})
	}

	for _, finding := range findings() {
		t.Error(finding)
	}

	// A table, and a column of a table that has personal ones, that a migration forgot.
	for _, sql := range []string{`create table visitors (email text)`, `alter table account_keys add column note text`} {
		_, err := db.Exec(t.Context(), sql)
		must(t, err)
	}

	found := findings()
	if text := strings.Join(texts(found), "\n"); !check.Stops(found) || !strings.Contains(text, "visitors") || !strings.Contains(text, "note") {
		t.Errorf("what is not decided is not found:\n%s", text)
	}
}

func texts(findings []check.Finding) (all []string) {
	for _, finding := range findings {
		all = append(all, finding.String())
	}

	return all
}

// The engine takes away what Steward keeps of an account by its key, and leaves the account's row and all others.
func TestTheEngineErasesHereToo(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	decided, err := own.Database()
	must(t, err)

	of := appdb.New(db, decided, appdb.Options{})
	one, other := registered(t, db, "one@example.com"), registered(t, db, "two@example.com")
	who := store.Subject{Erasure: "era_" + strings.Repeat("a", 26), Kind: plan.Account, Account: one}
	keys := replay.NewKeys()

	must(t, of.Freeze(t.Context(), who, keys))

	came, err := of.Erase(t.Context(), who, keys, func(int64) {})
	if err != nil || came.Kind != store.Erased || came.Count != 1 {
		t.Errorf("%+v, %v", came, err)
	}

	left, err := of.Verify(t.Context(), who, keys)
	if err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}

	var rows string
	must(t, db.QueryRow(t.Context(), `select string_agg(account, ' ') from account_keys`).Scan(&rows))

	var accounts int
	must(t, db.QueryRow(t.Context(), `select count(*) from accounts`).Scan(&accounts))

	if rows != other || accounts != 2 {
		t.Errorf("left of keys %q, of accounts %d", rows, accounts)
	}
}

// registered is the id of an account that the app calls by a personal key.
func registered(t *testing.T, db *postgres.DB, key string) (id string) {
	t.Helper()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	id = ids.New(account.Prefix)

	_, err := db.Exec(t.Context(), `insert into account_keys (key_hmac, account, since) values (sha256($1::bytea), $2, $3)`, []byte(key), id, at)
	must(t, err)

	_, err = db.Exec(t.Context(), `insert into accounts (id, registered_at, created_at, last_interaction_at) values ($1, $2, $2, $2)`, id, at)
	must(t, err)

	return id
}
