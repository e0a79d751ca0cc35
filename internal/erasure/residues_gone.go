package erasure

import (
	"context"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// Unlooked are the databases in which something of an open case was found by night, and that are not among those of the data map:
// nobody looks there any more, so that the case stays blocked. It gives how many cases each of them stops, and fails with Unavailable.
func Unlooked(ctx context.Context, q postgres.Queryer, databases []string) (map[string]int64, error) {
	//nolint:rowserrcheck // ForEachRow returns it
	rows, err := q.Query(ctx, `select substr(store, length($1) + 1), count(distinct erasure)
		from erasure_remainders join erasures on id = erasure
		where starts_with(store, $1) and ended_at is null and not substr(store, length($1) + 1) = any(coalesce($2::text[], '{}'))
		group by store`, residuePrefix, databases)
	if err != nil {
		return nil, failWith("looking for residue where nobody looks", err)
	}

	var (
		found = map[string]int64{}
		name  string
		cases int64
	)

	_, err = pgx.ForEachRow(rows, []any{&name, &cases}, func() error {
		found[name] = cases

		return nil
	})

	return found, failWith("looking for residue where nobody looks", err)
}
