package certificate

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/erasure/tombstone"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Prove makes the proof that the tombstone of an erasure stands in the ledger, under its newest checkpoint. It
// fails as tombstone.Sealed and ledger.Prove do.
func Prove(ctx context.Context, q postgres.Queryer, erasure string) (Tombstone, time.Time, error) {
	committed, err := tombstone.Sealed(ctx, q, erasure)
	if err != nil {
		return Tombstone{}, time.Time{}, err
	}

	entry, position, err := ledger.Find(ctx, q, committed.Entry)
	if err != nil {
		return Tombstone{}, time.Time{}, err
	}

	proof, err := ledger.Prove(ctx, q, position)
	if err != nil {
		return Tombstone{}, time.Time{}, err
	}

	return Tombstone{
		Entry: entry.ID, Position: position, Leaf: string(entry.Leaf()), Proof: string(proof.Encode()), Commitment: committed.Commitment,
	}, committed.At, nil
}

// Issue makes the certificate of that kind of an erasure, signs and keeps it, and writes to the ledger that
// it did, in the caller's transaction: a crash before its commit leaves none of these. The first of each kind
// stays: where there is one already, that is given back, whatever the facts say now. An id is made where the facts have none.
// Nothing is kept that Verify would refuse under ledgerKey: it is issued at the time of its checkpoint at the earliest.
// It fails as Assemble, Verify, Sign and ledger.Append do, and with CertificateRefused for a final
// one whose replay record is not proven gone.
func Issue(ctx context.Context, tx postgres.Queryer, signer note.Signer, ledgerKey note.Verifier, facts Facts) (Signed, error) {
	there, err := Find(ctx, tx, facts.Erasure, facts.Kind)
	if !failure.Is(err, failure.CertificateMissing) {
		return there, err
	}

	if facts.Kind == Final {
		if err := forgotten(ctx, tx, facts.Erasure); err != nil {
			return Signed{}, err
		}
	}

	if facts.ID == "" {
		facts.ID = ids.New(IDPrefix)
	}

	checkpoint, _, err := ledger.VerifyProof([]byte(facts.Tombstone.Leaf), []byte(facts.Tombstone.Proof), ledgerKey)
	if err != nil {
		return Signed{}, failure.Wrap(failure.SignatureInvalid, "checking the tombstone of a certificate", err)
	}

	// The sealer commits while this is made, and has a clock of its own.
	if checkpoint.At.After(facts.IssuedAt) {
		facts.IssuedAt = checkpoint.At
	}

	made, err := Assemble(facts)
	if err != nil {
		return Signed{}, err
	}

	if _, err := proven(made, ledgerKey); err != nil {
		return Signed{}, err
	}

	signed, err := Sign(made, signer)
	if err != nil {
		return Signed{}, err
	}

	return signed, keep(ctx, tx, made, signed)
}

// forgotten makes sure that the replay record of the erasure is gone: it is the last copy of the subject's keys.
func forgotten(ctx context.Context, q postgres.Queryer, erasure string) error {
	var gone bool

	err := q.QueryRow(ctx, `select exists (select from replay_records where erasure = $1 and gone_at is not null)`, erasure).Scan(&gone)
	if err == nil && !gone {
		return failure.New(failure.CertificateRefused, "issuing the final certificate (its replay record is still there)")
	}

	return failure.Wrap(failure.Unavailable, "looking for the replay record of an erasure", err)
}

// keep stores a certificate and writes to the ledger that it was issued. A second one of the
// same kind that was made at the same moment is refused by the database: the next call finds the first.
func keep(ctx context.Context, tx postgres.Queryer, made Certificate, signed Signed) error {
	file, err := signed.File()
	if err != nil {
		return err
	}

	_, err = tx.Exec(ctx, `insert into erasure_certificates (id, erasure, kind, issued_at, file) values ($1, $2, $3, $4, $5)`,
		made.ID, made.Erasure, string(made.Kind), made.IssuedAt, string(file))
	if err != nil {
		return failure.Wrap(failure.Unavailable, "storing a certificate", err)
	}

	body := ledger.CertificateBody{Certificate: made.ID, Erasure: made.Erasure, Stage: string(made.Kind), FileSHA256: Hash(file)}
	if made.GoneBy.Known() {
		body.GoneBy = made.GoneBy.At.UTC().Format(time.DateOnly)
	}

	for _, one := range made.Stores {
		if one.Open != "" {
			body.Open++
		}
	}

	_, err = ledger.Append(ctx, tx, ledger.CertificateIssued, made.IssuedAt, body)

	return err
}

// Find reads the certificate of that kind of an erasure. It fails with CertificateMissing where there is none.
func Find(ctx context.Context, q postgres.Queryer, erasure string, kind Kind) (Signed, error) {
	return find(ctx, q, `select file from erasure_certificates where erasure = $1 and kind = $2`, erasure, string(kind))
}

// ByID reads a certificate by its own id, or the newest of an erasure by that. It fails with
// CertificateMissing where there is none.
func ByID(ctx context.Context, q postgres.Queryer, id string) (Signed, error) {
	return find(ctx, q, `select file from erasure_certificates where id = $1 or erasure = $1 order by issued_at desc, kind desc limit 1`, id)
}

func find(ctx context.Context, q postgres.Queryer, sql string, args ...any) (Signed, error) {
	var text string

	err := q.QueryRow(ctx, sql, args...).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return Signed{}, failure.New(failure.CertificateMissing, "looking for a certificate")
	}

	if err != nil {
		return Signed{}, failure.Wrap(failure.Unavailable, "looking for a certificate", err)
	}

	return Parse([]byte(text))
}
