package owntables_test

import (
	"context"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/erasure"
	"steward/internal/erasure/owntables"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, at string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	return db
}

func at() time.Time { return time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC) }

// bench is a steward database with two accounts that the app calls by mail addresses, and the erasure of the first.
type bench struct {
	root    *postgres.DB
	of      *owntables.Store
	subject store.Subject
	account string
	hash    []byte
}

const canary = "canary@example.com"

func newBench(t *testing.T) *bench {
	t.Helper()

	url := pgtest.Steward(t)
	b := &bench{root: connect(t, url)}

	of, err := owntables.New(connect(t, pgtest.Member(t, url, "steward_erase")), &policy.Policy{})
	must(t, err)

	b.of = of
	b.account, b.hash = b.registered(t, canary)
	b.registered(t, "other@example.com")

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	must(t, err)
	must(t, b.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		opened, _, err := erasure.Open(ctx, tx, casekey.Keeper{Master: master}, erasure.Opening{
			Cause: ids.New("tsk"), Reason: erasure.AccountDelete, Kind: plan.Account, Account: b.account, Key: canary, Mode: promise.Enforce,
			AskedBy: ids.New("app"), OpenedBy: ids.New("stf"), At: at(),
		})
		b.subject = store.Subject{Erasure: opened.ID, Kind: plan.Account, Account: canary}

		return err
	}))

	return b
}

// registered is an account that the app calls by a personal key, and the hash by which Steward knows that.
func (b *bench) registered(t *testing.T, key string) (id string, hash []byte) {
	t.Helper()

	id = ids.New(account.Prefix)
	must(t, b.root.QueryRow(t.Context(), `insert into account_keys (key_hmac, account, since) values (sha256($1::bytea), $2, $3)
		returning key_hmac`, []byte(key), id, at()).Scan(&hash))

	_, err := b.root.Exec(t.Context(), `insert into accounts (id, registered_at, created_at, last_interaction_at) values ($1, $2, $2, $2)`, id, at())
	must(t, err)

	return id, hash
}

// close closes the account for good, as a tombstone does.
func (b *bench) close(t *testing.T) {
	t.Helper()
	must(t, b.root.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if err := account.BeginClosing(ctx, tx, b.account, b.subject.Erasure, 0, at()); err != nil {
			return err
		}

		return account.Close(ctx, tx, b.account, b.subject.Erasure, at())
	}))
}

// dump is all of the database as text, by table.
func (b *bench) dump(t *testing.T) map[string]string {
	t.Helper()

	rows, err := b.root.Query(t.Context(), `select format('%I.%I', n.nspname, c.relname) from pg_class as c join pg_namespace as n
		on n.oid = c.relnamespace where c.relkind = 'r' and n.nspname in ('public', 'ledger')`)
	must(t, err)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)

	tables := map[string]string{}

	for _, name := range names {
		var text string
		must(t, b.root.QueryRow(t.Context(), `select coalesce(string_agg(r::text, E'\n' order by r::text), '') from `+name+` as r`).Scan(&text))
		tables[name] = text
	}

	if len(tables) < 50 {
		t.Fatalf("a dump of %d tables", len(tables))
	}

	return tables
}

// The role of the erasure takes the subject's rows away, and nothing else changes: afterwards the database holds nothing of
// the subject's key.
func TestAnErasureHereToo(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	frozen := &storetest.Memory{}

	steps, err := b.of.Plan(t.Context(), b.subject)
	if err != nil || len(steps) != 1 || steps[0].Rows != 1 || steps[0].Place != "public.account_keys" {
		t.Errorf("%+v, %v", steps, err)
	}

	must(t, b.of.Freeze(t.Context(), b.subject, frozen))
	b.close(t)

	before := b.dump(t)
	if !strings.Contains(before["public.account_keys"], hex.EncodeToString(b.hash)) {
		t.Fatal("the dump does not show the key's hash")
	}

	came, err := b.of.Erase(t.Context(), b.subject, frozen, nil)
	if err != nil || came.Kind != store.Erased || came.Count != 1 || len(came.Parts) > 0 {
		t.Errorf("%+v, %v", came, err)
	}

	after := b.dump(t)

	for name, text := range after {
		if strings.Contains(text, hex.EncodeToString(b.hash)) || strings.Contains(text, canary) {
			t.Errorf("%s holds the subject", name)
		}
	}

	if lines := strings.Split(after["public.account_keys"], "\n"); len(lines) != 1 || !strings.Contains(before["public.account_keys"], lines[0]) {
		t.Errorf("keys of others: %q", lines)
	}

	delete(before, "public.account_keys")
	delete(after, "public.account_keys")

	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}

	left, err := b.of.Verify(t.Context(), b.subject, frozen)
	if err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}

	b.registeredAgain(t)

	if left, err = b.of.Verify(t.Context(), b.subject, frozen); err != nil || len(left) != 1 || left[0].Rows != 1 {
		t.Errorf("what is left is not found: %+v, %v", left, err)
	}
}

// registeredAgain leaves the erased row behind.
func (b *bench) registeredAgain(t *testing.T) {
	t.Helper()

	_, err := b.root.Exec(t.Context(), `insert into account_keys (key_hmac, account, since) values ($1, $2, $3)`, b.hash, b.account, at())
	must(t, err)
}

// The role may take away nothing of an account that is alive, and no server keeps a sample of what it takes away.
func TestTheRoleMayDoNoMore(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	frozen := &storetest.Memory{}

	must(t, b.of.Freeze(t.Context(), b.subject, frozen))

	if came, err := b.of.Erase(t.Context(), b.subject, frozen, nil); err == nil {
		t.Errorf("the key of an account that is alive: %+v", came)
	}

	if !strings.Contains(b.dump(t)["public.account_keys"], hex.EncodeToString(b.hash)) {
		t.Error("it is gone")
	}

	_, err := b.root.Exec(t.Context(), `analyze account_keys`)
	must(t, err)

	var samples int
	must(t, b.root.QueryRow(t.Context(), `select count(*) from pg_stats where tablename = 'account_keys' and attname = 'key_hmac'`).Scan(&samples))

	if samples != 0 {
		t.Error("the server keeps samples of keys")
	}
}

// A person is in none of these tables, as long as the map decides all of them.
func TestAPersonIsNotHere(t *testing.T) {
	t.Parallel()

	b, frozen := newBench(t), &storetest.Memory{}
	who := store.Subject{Erasure: b.subject.Erasure, Kind: plan.Person, Identities: map[string][]string{"email": {canary}}}

	must(t, b.of.Freeze(t.Context(), who, frozen))

	came, err := b.of.Erase(t.Context(), who, frozen, nil)
	if err != nil || came.Kind != store.NothingFound {
		t.Errorf("%+v, %v", came, err)
	}

	left, err := b.of.Verify(t.Context(), who, frozen)
	if err != nil || left != nil {
		t.Errorf("%+v, %v", left, err)
	}

	_, err = b.root.Exec(t.Context(), `create table visitors (email text)`)
	must(t, err)

	for _, subject := range []store.Subject{who, b.subject} {
		if _, err := b.of.Plan(t.Context(), subject); !failure.Is(err, failure.MapUnfit) || !strings.Contains(err.Error(), "visitors") {
			t.Errorf("%s: %v", subject.Kind, err)
		}
	}
}

// A case of before this store was one is erased all the same when it is tried again.
func TestACaseOfBefore(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.close(t)

	if came, err := b.of.Erase(t.Context(), b.subject, &storetest.Memory{}, nil); err != nil || came.Count != 1 {
		t.Errorf("%+v, %v", came, err)
	}

	if gone, err := b.of.GoneBy(t.Context(), b.subject, at()); err != nil || !gone.Equal(at()) || b.of.Name() != "steward" {
		t.Error(gone, err)
	}
}

// The last key that goes leaves the table empty, and no sample of it behind.
func TestTheLastKeyGoes(t *testing.T) {
	t.Parallel()

	b, frozen := newBench(t), &storetest.Memory{}

	_, err := b.root.Exec(t.Context(), `delete from account_keys where account <> $1`, b.account)
	must(t, err)
	b.manyKeys(t)
	must(t, b.of.Freeze(t.Context(), b.subject, frozen))
	b.close(t)

	came, err := b.of.Erase(t.Context(), b.subject, frozen, nil)
	if err != nil || came.Count != 1 {
		t.Errorf("%+v, %v", came, err)
	}

	if left, err := b.of.Verify(t.Context(), b.subject, frozen); err != nil || len(left) != 0 {
		t.Errorf("%+v, %v", left, err)
	}
}

// manyKeys lets the server sample keys of other accounts, which go before the last one.
func (b *bench) manyKeys(t *testing.T) {
	t.Helper()

	for range 3 {
		b.registered(t, ids.New("key"))
	}

	_, err := b.root.Exec(t.Context(), `analyze account_keys`)
	must(t, err)
	_, err = b.root.Exec(t.Context(), `delete from account_keys where account <> $1`, b.account)
	must(t, err)
}
