package certificate_test

import (
	"crypto/rand"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/certificate"
	"steward/internal/erasure/goneby"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/letter"
	"steward/internal/store"
)

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t testing.TB, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// keys are those that certificates and ledgers of one test are signed with.
type keys struct {
	signer, ledgerSigner     note.Signer
	verifier, ledgerVerifier note.Verifier
	public, ledgerPublic     string
}

func newKeys(t testing.TB) keys {
	t.Helper()

	pair := func(name string) (note.Signer, note.Verifier, string) {
		secret, public, err := note.GenerateKey(rand.Reader, name)
		must(t, err)

		signer, err := note.NewSigner(secret)
		must(t, err)

		verifier, err := note.NewVerifier(public)
		must(t, err)

		return signer, verifier, public
	}

	var made keys

	made.signer, made.verifier, made.public = pair("certificates.test/steward")
	made.ledgerSigner, made.ledgerVerifier, made.ledgerPublic = pair(ledgertest.Origin)

	return made
}

// tombstone is one in a ledger of some entries, made without a database.
func (k keys) tombstone(t testing.TB, body ledger.ErasureBody, decided, signed time.Time) certificate.Tombstone {
	t.Helper()

	const position, size = 5, 7

	var (
		hashes []tlog.Hash
		entry  ledger.Entry
	)

	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, 0, len(indexes))
		for _, index := range indexes {
			out = append(out, hashes[index])
		}

		return out, nil
	})

	for n := range int64(size) {
		made, err := ledger.NewEntry(ledger.Tombstone, decided, body)
		must(t, err)

		if n == position {
			entry = made
		}

		stored, err := tlog.StoredHashes(n, made.Leaf(), reader)
		must(t, err)

		hashes = append(hashes, stored...)
	}

	root, err := tlog.TreeHash(size, reader)
	must(t, err)

	path, err := tlog.ProveRecord(size, position, reader)
	must(t, err)

	checkpoint, err := ledger.Checkpoint{Origin: ledgertest.Origin, Size: size, Root: root, At: signed}.Sign(k.ledgerSigner)
	must(t, err)

	return certificate.Tombstone{
		Entry: entry.ID, Position: position, Leaf: string(entry.Leaf()), Commitment: body.Commitment,
		Proof: string(ledger.Proof{Index: position, Path: path, Checkpoint: checkpoint}.Encode()),
	}
}

// final are the facts of a final certificate: everything went as it should.
func final(t testing.TB, k keys) certificate.Facts {
	t.Helper()

	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	decided := at().Add(time.Hour)
	gone := at().Add(8 * 24 * time.Hour)
	body := ledger.ErasureBody{
		Erasure: "era_" + strings.Repeat("a", 26), Commitment: hash("c"), PlanSHA256: hash("b"), Cause: "account.delete",
	}
	paris, err := time.LoadLocation("Europe/Paris")
	must(t, err)

	return certificate.Facts{
		ID: "crt_" + strings.Repeat("a", 26), Kind: certificate.Final, Erasure: body.Erasure, Cause: body.Cause,
		Reference: "tsk_" + strings.Repeat("a", 26), Subject: plan.Account,
		Company: "Popkit", Contact: "privacy@popkit.example", Policy: hash("d"), Zone: paris, Language: letter.English,
		Plan: plan.Plan{Erasure: body.Erasure, Subject: plan.Account, Map: hash("e"), Schema: hash("f"), Steps: []plan.Step{
			{Store: "app", Place: "app.leads", Action: plan.DeleteRows, Rows: 7},
		}},
		PlanSHA256: body.PlanSHA256, RequestedAt: at(), DecidedAt: decided, ErasedAt: decided.Add(time.Minute),
		VerifiedAt: gone.Add(time.Hour), IssuedAt: gone.Add(time.Hour + time.Minute),
		Answers: []goneby.Answer{
			{Store: "backups", Outcome: store.Outcome{Kind: store.Expires, At: gone}, GoneBy: gone},
			{Store: "app", Outcome: store.Outcome{Kind: store.Erased, Count: 7}, GoneBy: decided.Add(time.Minute)},
		},
		Exceptions: []certificate.Exception{{Name: "invoices", Basis: "tax law", Until: "10y"}},
		Tombstone:  k.tombstone(t, body, decided, decided.Add(time.Second)),
	}
}

// first makes them the facts of a first certificate, of the day of the erasure.
func first(facts certificate.Facts) certificate.Facts {
	facts.Kind = certificate.First
	facts.VerifiedAt = facts.ErasedAt.Add(time.Minute)
	facts.IssuedAt = facts.VerifiedAt.Add(time.Second)

	return facts
}

func assemble(t testing.TB, facts certificate.Facts) certificate.Certificate {
	t.Helper()

	made, err := certificate.Assemble(facts)
	must(t, err)

	return made
}

func sign(t testing.TB, k keys, made certificate.Certificate) (certificate.Signed, []byte) {
	t.Helper()

	signed, err := certificate.Sign(made, k.signer)
	must(t, err)

	text, err := signed.File()
	must(t, err)

	return signed, text
}

// resigned is a certificate whose JSON somebody with the key changed before they signed it.
func resigned(t testing.TB, k keys, made certificate.Certificate, change func(*certificate.Certificate)) certificate.Signed {
	t.Helper()

	text, err := json.Marshal(made)
	must(t, err)

	var other certificate.Certificate
	must(t, json.Unmarshal(text, &other))
	change(&other)

	signed, err := certificate.Sign(other, k.signer)
	must(t, err)

	return signed
}

func refused(err error) bool { return failure.Is(err, failure.CertificateRefused) }
