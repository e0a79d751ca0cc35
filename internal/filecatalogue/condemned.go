package filecatalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Condemnation is one content that a drill found wanting. The name of its object is
// opaque, and says nothing of what the app calls the file.
type Condemnation struct {
	Object     string
	Generation int64
	// FirstDay and LastDay are the first and the last of the days, as 2006-01-02, that
	// are taken or drilled and name it.
	FirstDay, LastDay string
}

// CondemnedAt gives at most limit of the contents that were found wanting and that
// the manifest of this snapshot names, those first that were named first. It is to be
// asked while the backup of this snapshot is still taken.
func CondemnedAt(ctx context.Context, q postgres.Queryer, files string, snapshot time.Time, limit int) ([]Condemnation, error) {
	const op = "reading which contents were found wanting"

	rows, err := q.Query(ctx, `select c.object, coalesce(c.generation, 0), to_char(min(b.day), 'YYYY-MM-DD'), to_char(max(b.day), 'YYYY-MM-DD')
		from file_contents as c join file_backups as b on b.fileset = c.fileset and b.state in ('taken', 'drilled')
			and b.snapshot_at between c.first_at and c.newest_at
		where c.fileset = $1 and c.bad_at is not null and c.gone_at is null and c.first_at <= $2 and c.newest_at >= $2
		group by c.id order by min(b.day), c.object limit $3`, files, snapshot, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Condemnation])

	return found, failure.Wrap(failure.Unavailable, op, err)
}
