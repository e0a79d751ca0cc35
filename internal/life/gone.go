package life

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Gone reads which objects of a backup were found gone from the bucket, and when,
// by name. It fails with Unavailable.
func Gone(ctx context.Context, q postgres.Queryer, id string) (map[string]time.Time, error) {
	const op = "reading the removed objects of a backup"

	type removed struct {
		Name string
		At   time.Time
	}

	rows, err := q.Query(ctx, `select name, pruned_at from backup_objects where backup_id = $1 and pruned_at is not null`, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[removed])
	gone := make(map[string]time.Time, len(found))

	for _, each := range found {
		gone[each.Name] = each.At.UTC()
	}

	return gone, failure.Wrap(failure.Unavailable, op, err)
}
