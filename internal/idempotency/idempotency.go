// Package idempotency remembers what was done for a caller who may ask again: an
// answer can get lost on its way, and the second try must not do it twice.
//
// The row is written in the transaction of the effect: after a crash there are both
// or neither. Failures leave no row, so that a retry tries again. Answers are sealed
// under a key made from the caller's own credential: a token that is shown once, or
// a person's data, cannot be read from the database, and the sealing needs no key of
// ours.
package idempotency

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Keep is how long an answer is remembered where the policy says nothing: longer
// than any queue of a caller retries.
const Keep = 30 * 24 * time.Hour

// Header is the header that carries the key (draft-ietf-httpapi-idempotency-key-header-07).
const Header = "Idempotency-Key"

// Request is one request that creates something.
type Request struct {
	// Owner is the opaque id of whose keys these are.
	Owner string
	// Credential is the opaque id of the credential that was shown.
	Credential string
	// Operation is the operation id.
	Operation string
	// Key is what the caller sent, read by ParseKey.
	Key string
	// Target is the rest of what was asked beside the body: the path with its values.
	Target string
	// Body is the body as it came.
	Body []byte
	// Secret is what only the holder of the credential has: the token itself, or
	// bytes made from it.
	Secret []byte
	// Pepper is what only the API has, the same for all requests: of what Key says the
	// database gets an HMAC under it. Without one it gets a plain hash, against which
	// whoever reads the database can try guesses.
	Pepper Pepper
}

var visible = regexp.MustCompile(`^[[:graph:]]{1,255}$`)

// ParseKey reads the header's values: one, of 1 to 255 visible ASCII characters, with
// or without the quotes that the draft has. It fails with IdempotencyMissing.
func ParseKey(values []string) (string, error) {
	missing := failure.New(failure.IdempotencyMissing, "reading the Idempotency-Key")
	if len(values) != 1 {
		return "", missing
	}

	key := values[0]
	if inner, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = strings.CutSuffix(inner, `"`); !ok {
			return "", missing
		}
	}

	if !visible.MatchString(key) {
		return "", missing
	}

	return key, nil
}

// Do runs work once for the request, inside tx, and gives its answer; or, if that
// was done before, the first answer again with true. What work gives is opaque here.
//
// It fails with IdempotencyReused when the key was used for another request, with
// IdempotencyRunning while the first request is under way, with IdempotencyNotYours
// when the answer is sealed for another credential of the owner, with what work fails
// with, and with Unavailable.
//
// A crash before tx commits leaves neither the effect nor the row; a crash after it
// leaves both, and the caller's retry gets the answer.
func Do(ctx context.Context, tx postgres.Tx, asked Request, now time.Time, keep time.Duration,
	work func(context.Context) ([]byte, error),
) (answer []byte, again bool, err error) {
	s := seal(asked)

	stored, found, err := begin(ctx, tx, asked)
	if err != nil {
		return nil, false, err
	}

	if found {
		answer, err = s.reopen(asked, stored)

		return answer, err == nil, err
	}

	if answer, err = work(ctx); err != nil {
		return nil, false, err
	}

	return answer, false, s.store(ctx, tx, asked, answer, now, keep)
}

// sealing is what is made from the caller's secret for one key.
type sealing struct{ macKey, sealKey []byte }

// row is what is stored of a request that was done.
type row struct {
	credential string
	mac        []byte
	answer     []byte
}

// begin takes the lock of the key until the transaction ends, and reads what is
// stored. Whoever comes second while the first is at work is told so at once; a
// second one whose statement began before the first committed sees no row, does its
// work, and is stopped by the primary key: store then fails, and everything it did is
// rolled back.
func begin(ctx context.Context, tx postgres.Tx, asked Request) (row, bool, error) {
	var (
		locked bool
		stored row
	)

	hashes := keyHashes(asked)

	// One row of before may stand beside a newer one: the newer one counts.
	err := tx.QueryRow(ctx, `select pg_try_advisory_xact_lock($4), coalesce(credential, ''), body_mac, answer
		from (values (1)) as one left join idempotency_keys
		on owner = $1 and operation = $2 and key_hash = any ($3)
		order by key_hash is distinct from ($3::bytea[])[1] limit 1`,
		asked.Owner, asked.Operation, hashes, lockNumber(asked)).Scan(&locked, &stored.credential, &stored.mac, &stored.answer)
	if err != nil {
		return row{}, false, failure.Wrap(failure.Unavailable, "looking for the Idempotency-Key", err)
	}

	if stored.credential != "" {
		return stored, true, nil
	}

	if !locked {
		return row{}, false, failure.New(failure.IdempotencyRunning, "looking for the Idempotency-Key")
	}

	return row{}, false, nil
}

func (s sealing) store(ctx context.Context, tx postgres.Tx, asked Request, answer []byte, now time.Time, keep time.Duration) error {
	sealed, err := s.close(answer)
	if err != nil {
		return err
	}

	mac := s.mac(asked)

	done, err := tx.Exec(ctx, `insert into idempotency_keys (owner, operation, key_hash, credential, body_mac, answer, made_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
		asked.Owner, asked.Operation, keyHashes(asked)[0], asked.Credential, mac, sealed, now, now.Add(keep))
	if err != nil {
		return failure.Wrap(failure.Unavailable, "storing the answer", err)
	}

	if done == 0 {
		return failure.New(failure.IdempotencyRunning, "storing the answer")
	}

	return nil
}

// seal derives the keys of one request. The secret has 256 random bits, so that one
// HMAC is derivation enough.
func seal(asked Request) sealing {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, asked.Secret)
		writeParts(h.Write, purpose, asked.Owner, asked.Operation, asked.Key)

		return h.Sum(nil)
	}

	return sealing{macKey: derive("steward idempotency body v1"), sealKey: derive("steward idempotency answer v1")}
}

func (s sealing) mac(asked Request) []byte {
	h := hmac.New(sha256.New, s.macKey)
	writeParts(h.Write, asked.Target, string(asked.Body))

	return h.Sum(nil)
}

func (s sealing) close(answer []byte) ([]byte, error) {
	aead, err := s.aead()
	if err != nil {
		return nil, err
	}

	return aead.Seal(nil, nil, answer, nil), nil //nolint:gosec // it makes a random nonce itself
}

// reopen gives the stored answer to whoever asked for it first, for the same request.
func (s sealing) reopen(asked Request, stored row) ([]byte, error) {
	if stored.credential != asked.Credential {
		return nil, failure.New(failure.IdempotencyNotYours, "reading the first answer")
	}

	if !hmac.Equal(stored.mac, s.mac(asked)) {
		return nil, failure.New(failure.IdempotencyReused, "comparing with the first request")
	}

	aead, err := s.aead()
	if err != nil {
		return nil, err
	}

	answer, err := aead.Open(nil, nil, stored.answer, nil)

	return answer, failure.Wrap(failure.Internal, "opening the first answer", err)
}

func (s sealing) aead() (cipher.AEAD, error) {
	block, err := aes.NewCipher(s.sealKey)
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "making the seal", err)
	}

	aead, err := cipher.NewGCMWithRandomNonce(block)

	return aead, failure.Wrap(failure.Internal, "making the seal", err)
}

// writeParts writes texts with their lengths, so that no two lists of them look the same.
func writeParts(write func([]byte) (int, error), parts ...string) {
	var length [8]byte

	for _, part := range parts {
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		// A hash takes everything.
		_, _ = write(length[:])    //nolint:errcheck // as said
		_, _ = write([]byte(part)) //nolint:errcheck // as said
	}
}
