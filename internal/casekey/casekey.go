// Package casekey seals what Steward has to keep about a person for a while:
// addresses, texts, frozen identities. Each case (a mail, a request, a webhook
// endpoint) has a key of its own, kept wrapped by a master key that is not in the
// database. Destroying the key of a case destroys everything that was sealed with
// it, in every copy that is left of the rows.
//
// What is sealed is bound to its case and to the column it stands in: a value that
// was moved to another row or column does not open. The cipher is
// XChaCha20-Poly1305 (tink), whose random nonces of 192 bits never repeat.
package casekey

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/tink-crypto/tink-go/v2/aead/subtle"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// keyBytes is the length of every key here, 256 bits.
const keyBytes = 32

// Keeper makes and opens the keys of cases. It is safe for concurrent use.
type Keeper struct {
	// Master wraps them; it must not be nil.
	Master Master
	// Erasures says that this login of the database may open the keys of erasures alone, as that of the erase role.
	Erasures bool
}

// Key seals and opens what belongs to one case. It lives in memory only.
type Key struct {
	caseID string
	cipher *subtle.XChaCha20Poly1305
}

// Make makes the key of a new case and stores it, wrapped, in the caller's
// transaction: a crash before its commit leaves neither the key nor what was sealed
// with it. The case's records end at endsAt, and the key with them; the zero time is for
// a case without an end date, whose key goes with Shred. It fails with
// CaseKeyWrong where the master key cannot wrap, with Unavailable where the
// database does not take it, a second key for one case included.
func (k Keeper) Make(ctx context.Context, q postgres.Queryer, caseID string, at, endsAt time.Time) (*Key, error) {
	var plain [keyBytes]byte
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(plain[:])

	wrapped, err := k.Master.Wrap(ctx, plain[:], bound(caseID))
	if err != nil {
		return nil, failure.Wrap(failure.CaseKeyWrong, "wrapping the key of a case", err)
	}

	_, err = q.Exec(ctx, `insert into case_keys (case_id, master, wrapped, made_at, ends_at)
		values ($1, $2, $3, $4, coalesce($5, 'infinity'::timestamptz))`, caseID, wrapped.Master, wrapped.Bytes, at, postgres.Nullable(endsAt))
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "storing the key of a case", err)
	}

	return newKey(caseID, plain[:])
}

// Open gives the key of a case. It fails with CaseKeyGone where there is none (any
// more), and with CaseKeyWrong where this process has not the master key for it.
func (k Keeper) Open(ctx context.Context, q postgres.Queryer, caseID string) (*Key, error) {
	var wrapped Wrapped

	of := `select master, wrapped from case_keys where case_id = $1`
	if k.Erasures {
		of = `select master, wrapped from erasure_case_keys where case_id = $1`
	}

	err := q.QueryRow(ctx, of, caseID).Scan(&wrapped.Master, &wrapped.Bytes)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failure.New(failure.CaseKeyGone, "looking for the key of a case")
	}

	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for the key of a case", err)
	}

	plain, err := k.Master.Unwrap(ctx, wrapped, bound(caseID))
	if err != nil {
		return nil, failure.Wrap(failure.CaseKeyWrong, "unwrapping the key of a case", err)
	}

	return newKey(caseID, plain)
}

// Shred destroys the key of a case in the caller's transaction: from its commit on,
// nothing opens what was sealed with it, but for a backup of the steward database
// that still holds the row, which goes at its own end. It is no failure that there
// is no such key.
func Shred(ctx context.Context, q postgres.Queryer, caseID string) error {
	_, err := q.Exec(ctx, `delete from case_keys where case_id = $1`, caseID)

	return failure.Wrap(failure.Unavailable, "shredding the key of a case", err)
}

// Seal encrypts a value for one column of the case's records.
func (key *Key) Seal(column string, plain []byte) ([]byte, error) {
	sealed, err := key.cipher.Encrypt(plain, place(key.caseID, column))

	return sealed, failure.Wrap(failure.CaseKeyWrong, "sealing a value of a case", err)
}

// Unseal gives back what Seal was given for the same case and column. It fails with
// CaseKeyWrong for anything else.
func (key *Key) Unseal(column string, sealed []byte) ([]byte, error) {
	plain, err := key.cipher.Decrypt(sealed, place(key.caseID, column))

	return plain, failure.Wrap(failure.CaseKeyWrong, "opening a sealed value of a case", err)
}

func newKey(caseID string, plain []byte) (*Key, error) {
	cipher, err := subtle.NewXChaCha20Poly1305(plain)
	if err != nil {
		return nil, failure.Wrap(failure.CaseKeyWrong, "reading the key of a case", err)
	}

	return &Key{caseID: caseID, cipher: cipher}, nil
}

// bound is what a wrapped key is bound to: the key of one case cannot be put into
// the row of another.
func bound(caseID string) []byte { return []byte("steward case key v1\x00" + caseID) }

// place is what a sealed value is bound to. Neither part can hold a NUL: one is an
// id, the other a constant of the code.
func place(caseID, column string) []byte {
	return []byte("steward sealed value v1\x00" + caseID + "\x00" + column)
}
