package tombstone

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/seal"
	"steward/internal/postgres"
	"steward/internal/store"
)

// saltColumn is the place that the salt is sealed for.
const saltColumn = "erasure_commitments.salt"

// Prepare writes what the tombstone of an erasure will say of its subject, with the rights of the
// role that erases, which knows whom it is about: whoever decides does not. A second call changes nothing.
func Prepare(ctx context.Context, q postgres.Queryer, key *casekey.Key, subject store.Subject) error {
	salt := make([]byte, saltBytes)
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(salt)

	commitment, err := Commitment(salt, subject)
	if err != nil {
		return err
	}

	sealed, err := key.Seal(saltColumn, salt)
	if err != nil {
		return err
	}

	_, err = q.Exec(ctx, `insert into erasure_commitments (erasure, commitment, salt) values ($1, $2, $3) on conflict do nothing`,
		subject.Erasure, commitment, sealed)

	return failure.Wrap(failure.Unavailable, "preparing a tombstone", err)
}

// Facts are what a tombstone is committed about.
type Facts struct {
	// Erasure is the opaque id of the erasure.
	Erasure string
	// Cause is the code of what asked for it, such as "account.delete".
	Cause string
	// Plan is the hex SHA-256 of the plan that is carried out.
	Plan string
	// At is when it is decided.
	At time.Time
}

// Tombstone is a committed one.
type Tombstone struct {
	Erasure string
	// Entry is that of the ledger.
	Entry ledger.ID
	// At is when it was committed, SealedAt when both copies of the ledger were seen to
	// hold it: zero before that.
	At, SealedAt time.Time
	// Plan is the hex SHA-256 of the plan, Commitment the salted hash of the subject.
	Plan, Commitment string
	// Position is that of the entry; it counts only with SealedAt.
	Position int64
}

// Commit writes the tombstone in the caller's transaction, which also takes the case to its
// stage: a crash before its commit leaves neither, and from the commit on nothing
// aborts the erasure. It must have been prepared, and the replay record of this plan written, or it
// fails with EvidenceMissing. Where there is a tombstone of this erasure already, it is given
// back as it is, if it is of the same plan; otherwise Commit fails with PlanChanged.
func Commit(ctx context.Context, tx postgres.Queryer, facts Facts) (Tombstone, error) {
	there, err := Look(ctx, tx, facts.Erasure)

	switch {
	case err == nil && there.Plan == facts.Plan:
		return there, nil
	case err == nil:
		return there, failure.New(failure.PlanChanged, "committing a tombstone (there is one of another plan)")
	case !failure.Is(err, failure.EvidenceMissing):
		return there, err
	}

	commitment, err := prepared(ctx, tx, facts)
	if err != nil {
		return there, err
	}

	entry, err := ledger.Append(ctx, tx, ledger.Tombstone, facts.At, ledger.ErasureBody{
		Erasure: facts.Erasure, Commitment: commitment, PlanSHA256: facts.Plan, Cause: facts.Cause,
	})
	if err != nil {
		return there, err
	}

	made := Tombstone{Erasure: facts.Erasure, Entry: entry, At: facts.At.UTC(), Plan: facts.Plan, Commitment: commitment}
	_, err = tx.Exec(ctx, `insert into erasure_tombstones (erasure, entry, committed_at, plan_sha256, commitment)
		values ($1, $2, $3, $4, $5)`, facts.Erasure, string(entry), facts.At, facts.Plan, commitment)

	return made, failure.Wrap(failure.Unavailable, "writing a tombstone", err)
}

// prepared gives the commitment, if what is planned can be done again after a restore.
func prepared(ctx context.Context, q postgres.Queryer, facts Facts) (commitment string, err error) {
	err = q.QueryRow(ctx, `select c.commitment from erasure_commitments as c join replay_records as r using (erasure)
		where erasure = $1 and r.plan = $2 and r.gone_at is null`, facts.Erasure, facts.Plan).Scan(&commitment)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", failure.New(failure.EvidenceMissing, "looking for the replay record of an erasure, and for what its tombstone says")
	}

	return commitment, failure.Wrap(failure.Unavailable, "looking for the replay record of an erasure", err)
}

// Look reads the tombstone of an erasure. It fails with EvidenceMissing where there is none.
func Look(ctx context.Context, q postgres.Queryer, erasure string) (Tombstone, error) {
	found := Tombstone{Erasure: erasure}

	var (
		sealedAt *time.Time
		position *int64
	)

	err := q.QueryRow(ctx, `select entry, committed_at, plan_sha256, commitment, sealed_at, position
		from erasure_tombstones where erasure = $1`, erasure).
		Scan(&found.Entry, &found.At, &found.Plan, &found.Commitment, &sealedAt, &position)
	if errors.Is(err, pgx.ErrNoRows) {
		return found, failure.New(failure.EvidenceMissing, "looking for the tombstone of an erasure")
	}

	if err != nil {
		return found, failure.Wrap(failure.Unavailable, "looking for the tombstone of an erasure", err)
	}

	found.At = found.At.UTC()
	if sealedAt != nil && position != nil {
		found.SealedAt, found.Position = sealedAt.UTC(), *position
	}

	return found, nil
}

// Sealed gives the tombstone of an erasure that may be carried out: one whose entry both
// copies of the ledger were seen to hold. It fails with EvidenceMissing where there is none and
// with LedgerBehind where it waits. Whatever erases asks it first.
func Sealed(ctx context.Context, q postgres.Queryer, erasure string) (Tombstone, error) {
	found, err := Look(ctx, q, erasure)
	if err == nil && found.SealedAt.IsZero() {
		err = failure.New(failure.LedgerBehind, "looking for the sealed tombstone of an erasure")
	}

	return found, err
}

// Waiter waits until both copies of the ledger hold an entry. It is seal.Waiter.
type Waiter interface {
	// WaitSealed returns when both copies hold the entry; it fails with TimedOut when ctx ends first.
	WaitSealed(ctx context.Context, id ledger.ID) (seal.Sealed, error)
}

// WaitSealed waits until the tombstone is in both copies of the ledger, and writes down
// that it was seen there, at at() then. A crash before that is written leaves a sealed
// entry that the next call sees. It fails as the waiter does, and with EvidenceMissing
// where there is no tombstone.
func WaitSealed(ctx context.Context, q postgres.Queryer, waiter Waiter, erasure string, at func() time.Time) (Tombstone, error) {
	found, err := Look(ctx, q, erasure)
	if err != nil || !found.SealedAt.IsZero() {
		return found, err
	}

	seen, err := waiter.WaitSealed(ctx, found.Entry)
	if err != nil {
		return found, err
	}

	_, err = q.Exec(ctx, `update erasure_tombstones set sealed_at = greatest($2, committed_at), position = $3
		where erasure = $1 and sealed_at is null`, erasure, at(), seen.Position)
	if err != nil {
		return found, failure.Wrap(failure.Unavailable, "writing that a tombstone is sealed", err)
	}

	return Look(ctx, q, erasure)
}

// Salt opens the salt of an erasure's commitment, for the subject alone. It fails with EvidenceMissing where
// nothing was prepared, and as casekey.Key.Unseal does.
func Salt(ctx context.Context, q postgres.Queryer, key *casekey.Key, erasure string) ([]byte, error) {
	var sealed []byte

	err := q.QueryRow(ctx, `select salt from erasure_commitments where erasure = $1`, erasure).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failure.New(failure.EvidenceMissing, "looking for the salt of a tombstone")
	}

	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for the salt of a tombstone", err)
	}

	return key.Unseal(saltColumn, sealed)
}
