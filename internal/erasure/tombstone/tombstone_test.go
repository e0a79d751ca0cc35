package tombstone_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// house is a steward database, as its superuser and as the roles that know and that decide.
type house struct{ db, erase, core *postgres.DB }

func newHouse(t *testing.T) house {
	t.Helper()

	url := pgtest.Steward(t)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}

		t.Cleanup(db.Close)

		return db
	}

	return house{open(url), open(pgtest.Member(t, url, "steward_erase")), open(pgtest.Member(t, url, "steward_core"))}
}

// facts are those of a fresh erasure of somebody, and how it is prepared.
func facts(t *testing.T, db *postgres.DB, digit string) (made tombstone.Facts, who store.Subject, key *casekey.Key) {
	t.Helper()

	who = store.Subject{Erasure: ids.New("era"), Kind: plan.Person, Account: "42", Identities: map[string][]string{
		"email": {"ada@example.com"},
	}}

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	if key, err = (casekey.Keeper{Master: master}).Make(t.Context(), db, who.Erasure, at(), time.Time{}); err != nil {
		t.Fatal(err)
	}

	return tombstone.Facts{Erasure: who.Erasure, Cause: "dsr", Plan: strings.Repeat(digit, 64), At: at()}, who, key
}

// prepare prepares a tombstone with the rights of the role that erases.
func prepare(t *testing.T, db *postgres.DB, key *casekey.Key, who store.Subject) {
	t.Helper()

	for range 2 {
		if err := tombstone.Prepare(t.Context(), db, key, who); err != nil {
			t.Fatal(err)
		}
	}
}

// record says that a replay record of the plan was written.
func record(t *testing.T, db *postgres.DB, erasure, hash string) {
	t.Helper()

	_, err := db.Exec(t.Context(), `insert into replay_records (erasure, object, generation, bytes, sha256, content, keys, plan, written_at)
		values ($1, 'erasures/' || $1 || '/replay', 1, 1, $2, $2, 0, $2, $3)`, erasure, hash, at())
	if err != nil {
		t.Fatal(err)
	}
}

func entries(t *testing.T, db *postgres.DB) (count int) {
	t.Helper()

	if err := db.QueryRow(t.Context(), `select count(*) from ledger.entries where kind = 'erasure.tombstone'`).Scan(&count); err != nil {
		t.Fatal(err)
	}

	return count
}

func TestCommittedOnceAndSealedInBothCopies(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	db := h.db
	wanted, who, key := facts(t, db, "a")
	erasure := wanted.Erasure

	if _, err := tombstone.Sealed(t.Context(), db, erasure); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("before it: %v", err)
	}

	refuses := func(why string) {
		t.Helper()

		if _, err := tombstone.Commit(t.Context(), h.core, wanted); !failure.Is(err, failure.EvidenceMissing) || entries(t, db) != 0 {
			t.Errorf("%s: %v", why, err)
		}
	}

	refuses("unprepared, without a replay record")
	prepare(t, h.erase, key, who)
	refuses("without a replay record")
	record(t, db, erasure, strings.Repeat("0", 64))
	refuses("with the replay record of another plan")

	if _, err := db.Exec(t.Context(), `update replay_records set plan = $1`, wanted.Plan); err != nil {
		t.Fatal(err)
	}

	// What the caller's transaction does not commit was never decided.
	undone := errors.New("undone")
	if err := h.core.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := tombstone.Commit(ctx, tx, wanted)

		return errors.Join(err, undone)
	}); !errors.Is(err, undone) || entries(t, db) != 0 {
		t.Fatalf("%v, %d entries", err, entries(t, db))
	}

	first, err := tombstone.Commit(t.Context(), h.core, wanted)
	if err != nil {
		t.Fatal(err)
	}

	again := wanted
	again.At = at().Add(time.Hour)

	second, err := tombstone.Commit(t.Context(), h.core, again)
	if diff := cmp.Diff(first, second); err != nil || diff != "" || entries(t, db) != 1 {
		t.Errorf("%v, %s", err, diff)
	}

	again.Plan = strings.Repeat("b", 64)
	if _, err := tombstone.Commit(t.Context(), h.core, again); !failure.Is(err, failure.PlanChanged) {
		t.Errorf("another plan: %v", err)
	}

	if _, err := tombstone.Sealed(t.Context(), db, erasure); !failure.Is(err, failure.LedgerBehind) {
		t.Errorf("before its seal: %v", err)
	}

	mirror := ledgertest.NewMemory()
	signer, verifier := ledgertest.Keys(t)
	waiter := seal.Waiter{DB: h.core, Mirror: mirror, Verifier: verifier}
	now := func() time.Time { return at().Add(time.Minute) }

	short, stop := context.WithTimeout(t.Context(), time.Millisecond)
	defer stop()

	if _, err := tombstone.WaitSealed(short, db, waiter, erasure, now); err == nil {
		t.Error("it was sealed by nobody")
	}

	if _, err := seal.New(db, mirror, signer, verifier, clocks.Fixed(at()), seal.Config{}).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		sealed, err := tombstone.WaitSealed(t.Context(), h.core, waiter, erasure, now)
		if err != nil || !sealed.SealedAt.Equal(now()) || sealed.Position != 0 || sealed.Entry != first.Entry {
			t.Fatalf("%+v, %v", sealed, err)
		}
	}

	if _, err := tombstone.Sealed(t.Context(), h.erase, erasure); err != nil {
		t.Error(err)
	}
}

// The entry says nothing about the subject; who has salt and subject can show that it is about it.
func TestTheEntryNamesNobody(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	db := h.db
	wanted, who, key := facts(t, db, "c")
	prepare(t, h.erase, key, who)
	record(t, db, wanted.Erasure, wanted.Plan)

	committed, err := tombstone.Commit(t.Context(), h.core, wanted)
	if err != nil {
		t.Fatal(err)
	}

	entry, _, err := ledger.Find(t.Context(), db, committed.Entry)
	if !errors.Is(err, ledger.ErrUnsealed) || strings.Contains(string(entry.Body), "@example") || strings.Contains(string(entry.Body), `"42"`) {
		t.Fatalf("%s, %v", entry.Body, err)
	}

	salt, err := tombstone.Salt(t.Context(), h.erase, key, wanted.Erasure)
	if err != nil {
		t.Fatal(err)
	}

	same, err := tombstone.Commitment(salt, who)
	if err != nil || same != committed.Commitment || !strings.Contains(string(entry.Body), same) {
		t.Errorf("%s, %v", same, err)
	}

	other := who
	other.Identities = map[string][]string{"email": {"eve@example.com"}}

	if different, err := tombstone.Commitment(salt, other); err != nil || different == same {
		t.Errorf("another subject has the same commitment, %v", err)
	}
}

// One subject has one commitment, however its identities are listed.
func TestCommitmentIsOfTheSubject(t *testing.T) {
	t.Parallel()

	salt := []byte("salt")
	one, err := tombstone.Commitment(salt, store.Subject{Kind: plan.Person, Identities: map[string][]string{"email": {"b", "a", "b"}, "phone": {"1"}}})
	if err != nil {
		t.Fatal(err)
	}

	// The vector of docs/erasure.md: openssl dgst -sha256 -hmac salt gives the same.
	const vector = "f959d0f4a077541798beb53eb24670e3889aeb241de0c5b2700648841076eccd"

	two, err := tombstone.Commitment(salt, store.Subject{Kind: plan.Person, Identities: map[string][]string{"phone": {"1"}, "email": {"a", "b"}}})
	if err != nil || one != two || one != vector {
		t.Errorf("%s, %s, %v", one, two, err)
	}
}

// The database itself keeps what was committed, whoever asks.
func TestNothingTakesATombstoneBack(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	db := h.db
	wanted, who, key := facts(t, db, "d")
	prepare(t, h.erase, key, who)
	record(t, db, wanted.Erasure, wanted.Plan)

	if _, err := tombstone.Commit(t.Context(), h.core, wanted); err != nil {
		t.Fatal(err)
	}

	for _, sql := range []string{
		`delete from erasure_tombstones`, `update erasure_commitments set commitment = repeat('e', 64)`, `update erasure_tombstones set plan_sha256 = repeat('e', 64)`,
		`update erasure_tombstones set sealed_at = now(), position = 1, commitment = repeat('e', 64)`,
		`update replay_records set content = repeat('e', 64)`, `update replay_records set gone_at = now(), plan = repeat('e', 64)`,
	} {
		if _, err := db.Exec(t.Context(), sql); err == nil {
			t.Errorf("allowed: %s", sql)
		}
	}
}
