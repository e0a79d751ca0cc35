// Package pseudonymkey keeps the keys of pseudonyms: where the data map asks for a keyed hash
// (HMAC-SHA-256) in place of a value, the rows that stay can still be told apart, and nobody can say whose they were, or try
// guesses, once the key is destroyed.
//
// Each erasure has a key of its own, sealed under the key of its case. Both are deleted when the case ends; in every copy of
// the row that is left, such as a backup of the steward database, it cannot be opened from then on.
package pseudonymkey

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// keyBytes is the length of a key, that of what HMAC-SHA-256 gives.
const keyBytes = 32

// column is the place that a key is sealed for.
const column = "pseudonym_keys.sealed"

// Keys gives the keys of erasures. It is safe for concurrent use.
type Keys struct {
	// DB is the steward database, with the rights of the role that erases.
	DB postgres.Queryer
	// Keeper opens the keys of cases.
	Keeper casekey.Keeper
	// Clock tells the time of promises.
	Clock clocks.Clock
}

// For gives the key of an erasure, and makes it at the first call: every later one gives the same. It fails
// with CaseKeyGone once the case has ended, and as casekey.Keeper.Open does.
func (k Keys) For(ctx context.Context, erasure string) ([]byte, error) {
	key, err := k.Keeper.Open(ctx, k.DB, erasure)
	if err != nil {
		return nil, err
	}

	plain, err := k.read(ctx, key, erasure)
	if !failure.Is(err, failure.ObjectNotFound) {
		return plain, err
	}

	made := make([]byte, keyBytes)
	// rand.Read never fails: it ends the program rather than return weak bytes.
	rand.Read(made)

	sealed, err := key.Seal(column, made)
	if err != nil {
		return nil, err
	}

	// Of two who make it at once, one is first, and both read that one.
	_, err = k.DB.Exec(ctx, `insert into pseudonym_keys (erasure, sealed, made_at) values ($1, $2, $3) on conflict do nothing`,
		erasure, sealed, k.Clock.Now())
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "storing the key of pseudonyms", err)
	}

	return k.read(ctx, key, erasure)
}

func (k Keys) read(ctx context.Context, key *casekey.Key, erasure string) ([]byte, error) {
	var sealed []byte

	err := k.DB.QueryRow(ctx, `select sealed from pseudonym_keys where erasure = $1`, erasure).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, failure.New(failure.ObjectNotFound, "looking for the key of pseudonyms")
	}

	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for the key of pseudonyms", err)
	}

	return key.Unseal(column, sealed)
}

// Others gives the keys of all erasures but one whose cases have not ended, in no order. A key that does not open any more (CaseKeyWrong),
// or that goes with its case meanwhile, proves nothing and is left out: what it made is then named as left in the one case that has
// it, and keeps no other from its end. It fails with Unavailable.
func (k Keys) Others(ctx context.Context, erasure string) (others [][]byte, err error) {
	rows, err := k.DB.Query(ctx, `select k.erasure from pseudonym_keys as k join erasures as e on e.id = k.erasure
		where k.erasure <> $1 and e.ended_at is null`, erasure)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "listing the keys of pseudonyms", err)
	}

	erasures, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "listing the keys of pseudonyms", err)
	}

	for _, other := range erasures {
		plain, err := k.opened(ctx, other)

		switch failure.CodeOf(err) {
		case "":
			others = append(others, plain)
		case failure.CaseKeyGone, failure.CaseKeyWrong, failure.ObjectNotFound:
		default:
			return nil, err
		}
	}

	return others, nil
}

// opened is the key of an erasure that has one.
func (k Keys) opened(ctx context.Context, erasure string) ([]byte, error) {
	key, err := k.Keeper.Open(ctx, k.DB, erasure)
	if err != nil {
		return nil, err
	}

	return k.read(ctx, key, erasure)
}
