package replay

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Decided are the erasures that must be done again in data of a snapshot: those that were decided for good, whose
// tombstone both copies of the ledger hold, and whose record is still there. A record without a tombstone is that of an erasure
// that may still be cancelled, or was: doing it again would erase a living account. They come in the order in which
// they were decided. An erasure whose record is gone was gone everywhere, from each backup too.
func Decided(ctx context.Context, q postgres.Queryer) ([]Decision, error) {
	rows, err := q.Query(ctx, `select t.erasure, t.committed_at from erasure_tombstones as t join replay_records as r using (erasure)
		where t.sealed_at is not null and r.gone_at is null order by t.committed_at, t.erasure`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for erasures to do again", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (read Decision, err error) {
		err = row.Scan(&read.Erasure, &read.At)
		read.At = read.At.UTC()

		return read, err
	})

	return found, failure.Wrap(failure.Unavailable, "looking for erasures to do again", err)
}

// Decision is an erasure that was decided for good.
type Decision struct {
	// Erasure is its opaque id.
	Erasure string `json:"erasure"`
	// At is when its tombstone was committed.
	At time.Time `json:"at"`
}
