package schema

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pressly/goose/v3"

	"steward/internal/failure"
)

// Queryer asks the steward database; the pool of a process that is connected.
type Queryer interface {
	// QueryRow is that of postgres.DB.
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

// noTable is SQLSTATE 42P01, undefined_table.
const noTable = "42P01"

// Missing tells how many migrations of this program the database lacks, by one
// statement on a connection that exists; Pending opens its own. A database that
// was never migrated lacks all.
func Missing(ctx context.Context, db Queryer) (int, error) {
	versions, err := Versions()
	if err != nil {
		return 0, err
	}

	var (
		missing int
		refused *pgconn.PgError
	)

	err = db.QueryRow(ctx, `
		select count(*) from unnest($1::bigint[]) as known(version)
		where not exists (select from goose_db_version where version_id = known.version and is_applied)`, versions).Scan(&missing)
	if errors.As(err, &refused) && refused.Code == noTable {
		return len(versions), nil
	}

	return missing, failure.Wrap(failure.Unavailable, "reading the migrations' state", err)
}

// Versions are those of the migrations of this program, in the order of their files.
func Versions() ([]int64, error) {
	names, err := fs.Glob(files, "migrations/*.sql")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded migrations: %w", err)
	}

	versions := make([]int64, len(names))
	for i, name := range names {
		if versions[i], err = goose.NumericComponent(name); err != nil {
			return nil, fmt.Errorf("reading the number of %s: %w", name, err)
		}
	}

	return versions, nil
}
