package certificate_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/certificate"
	"steward/internal/clocks"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// house is a steward database, as its superuser and as the role that issues certificates.
type house struct{ db, core *postgres.DB }

func newHouse(t *testing.T) house {
	t.Helper()

	url := pgtest.Steward(t)
	open := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	return house{open(url), open(pgtest.Member(t, url, "steward_core"))}
}

// committed is a sealed tombstone in a real ledger.
func committed(t *testing.T, db *postgres.DB, k keys, facts certificate.Facts) {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	must(t, err)

	key, err := casekey.Keeper{Master: master}.Make(t.Context(), db, facts.Erasure, at(), time.Time{})
	must(t, err)

	must(t, tombstone.Prepare(t.Context(), db, key, store.Subject{Erasure: facts.Erasure, Kind: plan.Account, Account: "42"}))

	_, err = db.Exec(t.Context(), `insert into replay_records (erasure, object, generation, bytes, sha256, content, keys, plan, written_at)
		values ($1, 'erasures/' || $1 || '/replay', 1, 1, $2, $2, 0, $2, $3)`, facts.Erasure, facts.PlanSHA256, at())
	must(t, err)

	_, err = tombstone.Commit(t.Context(), db, tombstone.Facts{
		Erasure: facts.Erasure, Cause: facts.Cause, Plan: facts.PlanSHA256, At: facts.DecidedAt,
	})
	must(t, err)

	mirror := ledgertest.NewMemory()
	_, err = seal.New(db, mirror, k.ledgerSigner, k.ledgerVerifier, clocks.Fixed(facts.DecidedAt), seal.Config{}).Seal(t.Context())
	must(t, err)

	_, err = tombstone.WaitSealed(t.Context(), db, seal.Waiter{DB: db, Mirror: mirror, Verifier: k.ledgerVerifier}, facts.Erasure,
		func() time.Time { return facts.DecidedAt.Add(time.Second) })
	must(t, err)
}

// From the real ledger into the file and back out of the database: signed, kept once, verified without any service.
func TestKeptAndFound(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	db := h.db
	k := newKeys(t)
	facts := first(final(t, k))
	facts.Erasure = ids.New("era")

	if _, _, err := certificate.Prove(t.Context(), db, facts.Erasure); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("before its tombstone: %v", err)
	}

	committed(t, db, k, facts)

	var err error

	facts.Tombstone, facts.DecidedAt, err = certificate.Prove(t.Context(), h.core, facts.Erasure)
	must(t, err)

	for _, kind := range []certificate.Kind{certificate.First, certificate.Final} {
		if _, err := certificate.Find(t.Context(), db, facts.Erasure, kind); !failure.Is(err, failure.CertificateMissing) {
			t.Errorf("%s: %v", kind, err)
		}
	}

	facts.ID = ""

	signed, err := certificate.Issue(t.Context(), h.core, k.signer, k.ledgerVerifier, facts)
	must(t, err)

	made, err := signed.Open(k.verifier)
	must(t, err)

	// Another try: what was given away first stays, also when the facts would give another one.
	facts.IssuedAt = facts.IssuedAt.Add(time.Hour)

	if kept, err := certificate.Issue(t.Context(), h.core, k.signer, k.ledgerVerifier, facts); err != nil || kept != signed {
		t.Errorf("a second one was kept, %v", err)
	}

	last := final(t, k)
	last.Erasure, last.Tombstone, last.DecidedAt, last.ID = facts.Erasure, facts.Tombstone, facts.DecidedAt, ""

	if _, err := certificate.Issue(t.Context(), h.core, k.signer, k.ledgerVerifier, last); !refused(err) {
		t.Errorf("a final one with the replay record still there: %v", err)
	}

	_, err = db.Exec(t.Context(), `update replay_records set gone_at = $1`, last.VerifiedAt)
	must(t, err)

	facts.Kind = certificate.Final
	if _, err := certificate.Issue(t.Context(), h.core, k.signer, k.ledgerVerifier, facts); !refused(err) {
		t.Errorf("a final one on the first day: %v", err)
	}

	if _, err = certificate.Issue(t.Context(), h.core, k.signer, k.ledgerVerifier, last); err != nil {
		t.Error(err)
	}

	file, err := signed.File()
	must(t, err)

	var entry string
	must(t, db.QueryRow(t.Context(), `select string_agg(body, ' ') from ledger.entries where kind = 'certificate.issued'`).Scan(&entry))

	if want := certificate.Hash(file); !strings.Contains(entry, want) || strings.Count(entry, "file_sha256") != 2 || strings.Count(entry, `"open":1`) != 1 {
		t.Errorf("%s, not %s", entry, want)
	}

	found, err := certificate.ByID(t.Context(), db, made.ID)
	must(t, err)

	read, err := certificate.Verify(found, k.verifier, k.ledgerVerifier)
	if err != nil || read.Certificate.ID != made.ID {
		t.Errorf("%+v, %v", read, err)
	}

	newest, err := certificate.ByID(t.Context(), db, made.Erasure)
	must(t, err)

	if read, err := newest.Open(k.verifier); err != nil || read.Kind != certificate.Final {
		t.Errorf("%+v, %v", read, err)
	}

	if _, err := certificate.ByID(t.Context(), db, "crt_"+strings.Repeat("z", 26)); !failure.Is(err, failure.CertificateMissing) {
		t.Error(err)
	}

	if _, err := db.Exec(t.Context(), `update erasure_certificates set file = 'x'`); err == nil {
		t.Error("a certificate was changed")
	}

	if _, err := db.Exec(t.Context(), `delete from erasure_certificates`); err == nil {
		t.Error("a certificate was deleted")
	}
}
