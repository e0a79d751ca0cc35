package operator

import (
	"context"
	"errors"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// MendBuckets is the verb of a command that changes the settings of buckets.
const MendBuckets = "bucket.mend"

// Buckets is what MendBuckets is done to, as the ledger names it: which of them, and
// how, is in the hash.
const Buckets = "buckets"

// writing is how long it may take to write the outcome, also when the command itself is
// told to stop.
const writing = 10 * time.Second

// Direct is what a command does by itself, with no workflow behind it: the ledger is
// the only place where it is recorded.
type Direct struct {
	// Verb is the code of what is done, Object the code of what to.
	Verb, Object string
	// InputSHA256 is the hex hash of what was shown.
	InputSHA256 string
}

// Do writes the intent to the ledger, does the work, and writes how it ended. It gives
// the opaque id of the act. Without the intent nothing is done, and without a database
// there is none: it fails with Unavailable then, and with what the work fails with.
//
// A crash during the work leaves an intent without an outcome, which says that any of
// the work may be done. It is never ended later: nobody else knows how it went.
func (d Direct) Do(ctx context.Context, db *postgres.DB, clock clocks.Clock, work func(context.Context) error) (string, error) {
	body := ledger.ActBody{Act: ids.New("act"), Role: role, Verb: d.Verb, Object: d.Object, InputSHA256: d.InputSHA256}

	err := db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		if body.Actor, err = whoever(ctx, tx, clock.Now()); err != nil {
			return err
		}

		_, err = ledger.Append(ctx, tx, ledger.ActIntended, clock.Now(), body)

		return err
	})
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, "recording what is about to be done", err)
	}

	failed := work(ctx)

	body.Outcome = Done
	if failed != nil {
		body.Outcome = string(failure.CodeOf(failed))
	}

	whatever, cancel := context.WithTimeout(context.WithoutCancel(ctx), writing)
	defer cancel()

	_, err = ledger.Append(whatever, db, ledger.ActDone, clock.Now(), body)

	return body.Act, errors.Join(failed, failure.Wrap(failure.Unavailable, "recording how it ended", err))
}

// whoever gives the opaque id of whoever is logged in, and makes one at the first act.
func whoever(ctx context.Context, tx postgres.Tx, at time.Time) (string, error) {
	_, err := tx.Exec(ctx, `insert into operators (id, since) values ($1, $2) on conflict (login) do nothing`, ids.New("opr"), at)
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, "looking for the operator", err)
	}

	var id string

	err = tx.QueryRow(ctx, `select id from operators where login = session_user`).Scan(&id)

	return id, failure.Wrap(failure.Unavailable, "looking for the operator", err)
}
