package history

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// turn is the key of the advisory lock under which audits are recorded, one
// after the other: "audit" in ASCII. It is held for one short transaction.
const turn = 0x6175646974

// Latest reads the newest audit, the zero Audit if there was none. It fails with
// Unavailable, and with EvidenceMissing for a row that makes no sense.
func Latest(ctx context.Context, q postgres.Queryer) (Audit, error) {
	var (
		last   Audit
		states []byte
	)

	err := q.QueryRow(ctx, "select id, at, states from promise_audits order by id desc limit 1").Scan(&last.ID, &last.At, &states)
	if errors.Is(err, pgx.ErrNoRows) {
		return Audit{}, nil
	}

	if err != nil {
		return Audit{}, failure.Wrap(failure.Unavailable, "reading the last audit", err)
	}

	last.At = last.At.UTC()

	if err := json.Unmarshal(states, &last.Standings); err != nil {
		return Audit{}, failure.Wrap(failure.EvidenceMissing, "reading the states of the last audit", err)
	}

	return last, nil
}

// Database is the steward database, with transactions.
type Database interface {
	// InTx commits what work did, or rolls it back if work fails.
	InTx(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// Record keeps an audit and writes its transitions to the ledger, in one
// transaction: after a crash either both are there or none is, and then the next
// audit finds the same transitions again. It fails with Unavailable, also when
// another audit was recorded since previous was read: what changed must then be
// decided anew.
func Record(ctx context.Context, db Database, previous, next Audit, changes []Transition) error {
	states, err := json.Marshal(next.Standings)
	if err != nil {
		return failure.Wrap(failure.Internal, "writing the states of an audit", err)
	}

	if next.Standings == nil {
		states = []byte("[]")
	}

	err = db.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := inTurn(ctx, tx, previous.ID); err != nil {
			return err
		}

		for _, change := range changes {
			if _, err := ledger.Append(ctx, tx, change.Kind, next.At, change.Body); err != nil {
				return err
			}
		}

		_, err := tx.Exec(ctx, "insert into promise_audits (at, kept, at_risk, broken, states) values ($1, $2, $3, $4, $5)",
			next.At, next.count(promise.Kept), next.count(promise.AtRisk), next.count(promise.Broken), string(states))

		return err
	})

	return failure.Wrap(failure.Unavailable, "recording an audit", err)
}

// inTurn waits for other audits to end, and makes sure that none came between.
func inTurn(ctx context.Context, tx postgres.Tx, previous int64) error {
	if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", int64(turn)); err != nil {
		return err
	}

	var newest int64
	if err := tx.QueryRow(ctx, "select coalesce(max(id), 0) from promise_audits").Scan(&newest); err != nil {
		return failure.Wrap(failure.Unavailable, "looking for the newest audit", err)
	}

	if newest != previous {
		return failure.New(failure.Unavailable, "recording an audit that another one overtook")
	}

	return nil
}
