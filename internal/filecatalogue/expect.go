package filecatalogue

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// FreshBytes is how many bytes of the app's bucket the newest good backup of a set
// stored that no backup before it had. Known is false before there is one.
func FreshBytes(ctx context.Context, q postgres.Queryer, files string) (bytes int64, known bool, err error) {
	err = q.QueryRow(ctx, `select (select coalesce(sum(c.source_bytes), 0)::bigint from file_contents as c
			where c.fileset = b.fileset and c.newest_at >= b.snapshot_at and c.first_at = b.snapshot_at and c.gone_at is null)
		from file_backups as b where b.fileset = $1 and b.state = 'drilled' order by b.day desc limit 1`, files).Scan(&bytes)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, false, nil
	}

	return bytes, err == nil, failure.Wrap(failure.Unavailable, "estimating what a backup stores", err)
}

// StoredBytes is how many bytes of the app's bucket are stored whole.
func StoredBytes(ctx context.Context, q postgres.Queryer, files string) (bytes int64, err error) {
	err = q.QueryRow(ctx, `select coalesce(sum(source_bytes), 0)::bigint from file_contents
		where fileset = $1 and generation is not null and bad_at is null and doomed_at is null`, files).Scan(&bytes)

	return bytes, failure.Wrap(failure.Unavailable, "adding up what is stored", err)
}

// UnprovenBytes is how many stored bytes the manifest of this snapshot names that
// no drill has proven yet.
func UnprovenBytes(ctx context.Context, q postgres.Queryer, files string, snapshot time.Time) (bytes int64, err error) {
	err = q.QueryRow(ctx, `select coalesce(sum(bytes), 0)::bigint from file_contents
		where fileset = $1 and first_at <= $2 and newest_at >= $2 and generation is not null and drilled_at is null
			and bad_at is null and gone_at is null`, files, snapshot).Scan(&bytes)

	return bytes, failure.Wrap(failure.Unavailable, "adding up what is not proven", err)
}
