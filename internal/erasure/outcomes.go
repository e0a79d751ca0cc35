package erasure

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
)

// StoreRow is how one store came out of one erasure.
type StoreRow struct {
	Store    string
	Outcome  store.Outcome
	ErasedAt time.Time
	// VerifiedAt is when nothing was found there last; zero before.
	VerifiedAt time.Time
	// GoneBy is when nothing can be left there; zero while nobody can say, for the reason GoneCode.
	GoneBy   time.Time
	GoneCode failure.Code
}

func (r StoreRow) failed() bool { return r.Outcome.Kind == store.Failed }

// StoresOf reads how the stores of a case came out, by their names.
func StoresOf(ctx context.Context, q postgres.Queryer, id string) ([]StoreRow, error) {
	rows, err := q.Query(ctx, `select store, outcome, count, until, parts, code, erased_at, verified_at, gone_by, gone_code
		from erasure_stores where erasure = $1 order by store`, id)
	if err != nil {
		return nil, failWith("reading how stores came out", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (StoreRow, error) {
		var (
			read                  StoreRow
			until, verified, gone *time.Time
		)

		err := row.Scan(&read.Store, &read.Outcome.Kind, &read.Outcome.Count, &until, &read.Outcome.Parts, &read.Outcome.Code,
			&read.ErasedAt, &verified, &gone, &read.GoneCode)
		if len(read.Outcome.Parts) == 0 {
			read.Outcome.Parts = nil
		}

		read.ErasedAt, read.Outcome.At = read.ErasedAt.UTC(), postgres.Instant(until)
		read.VerifiedAt, read.GoneBy = postgres.Instant(verified), postgres.Instant(gone)

		return read, err
	})

	return found, failWith("reading how stores came out", err)
}

// putOutcome notes how a store came out; the last word counts.
func putOutcome(ctx context.Context, q postgres.Queryer, id, name string, came store.Outcome, at time.Time) error {
	parts := came.Parts
	if parts == nil {
		parts = []store.Part{}
	}

	_, err := q.Exec(ctx, `insert into erasure_stores (erasure, store, outcome, count, until, parts, code, erased_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (erasure, store) do update set outcome = excluded.outcome, count = excluded.count, until = excluded.until,
			parts = excluded.parts, code = excluded.code, erased_at = excluded.erased_at, verified_at = null, gone_by = null,
			gone_code = ''`,
		id, name, string(came.Kind), came.Count, postgres.Nullable(came.At), parts, came.Code, at)

	return failWith("noting how a store came out", err)
}

// Remaining is what verify found in one store.
type Remaining struct {
	store.Remainder

	Store string
}

// RemaindersOf reads what verify found last.
func RemaindersOf(ctx context.Context, q postgres.Queryer, id string) ([]Remaining, error) {
	rows, err := q.Query(ctx, `select store, place, rows, why from erasure_remainders where erasure = $1 order by store, place, why`, id)
	if err != nil {
		return nil, failWith("reading what is left of an erasure", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (read Remaining, err error) {
		err = row.Scan(&read.Store, &read.Place, &read.Rows, &read.Why)

		return read, err
	})

	return found, failWith("reading what is left of an erasure", err)
}

// putRemainders replaces what was found in one store.
func putRemainders(ctx context.Context, q postgres.Queryer, id, name string, left []store.Remainder, at time.Time) error {
	if _, err := q.Exec(ctx, `delete from erasure_remainders where erasure = $1 and store = $2`, id, name); err != nil {
		return failWith("noting what is left of an erasure", err)
	}

	for _, each := range left {
		_, err := q.Exec(ctx, `insert into erasure_remainders (erasure, store, place, why, rows, at) values ($1, $2, $3, $4, $5, $6)
			on conflict (erasure, store, place, why) do update set rows = erasure_remainders.rows + excluded.rows`,
			id, name, each.Place, each.Why, each.Rows, at)
		if err != nil {
			return failWith("noting what is left of an erasure", err)
		}
	}

	return nil
}

// failWith gives err the code Unavailable where it has none.
func failWith(op string, err error) error { return failure.Wrap(failure.Unavailable, op, err) }
