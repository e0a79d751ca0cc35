// Package schema holds the migrations of the steward database.
package schema

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5/pgconn"
	// The driver under the name "pgx", which goose speaks to.
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"steward/internal/failure"
)

//go:embed migrations/*.sql
var files embed.FS

// Migrate brings the steward database at url to the newest version and tells
// how many migrations it applied. Several callers at once are safe: they wait
// for each other at an advisory lock.
func Migrate(ctx context.Context, url string) (applied int, err error) {
	err = withProvider(url, func(provider *goose.Provider) error {
		applied, err = twice(func() (int, error) { return up(ctx, provider) })

		return failure.Wrap(failure.Unavailable, "migrating the steward database", err)
	})
	if err != nil {
		return 0, err
	}

	return applied, nil
}

// up applies what is missing and tells how much that was, also where it ends with an error.
func up(ctx context.Context, provider *goose.Provider) (int, error) {
	results, err := provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		return len(partial.Applied), err
	}

	return len(results), err
}

// twice lets up go on once where it missed a role. Roles belong to the whole cluster: a
// migration of another database may make one at this moment, and this session hear of
// it an instant after it has seen that there is one. What was applied stays.
func twice(up func() (int, error)) (applied int, err error) {
	applied, err = up()
	if missed, ok := errors.AsType[*pgconn.PgError](err); !ok || missed.Code != undefinedObject {
		return applied, err
	}

	more, err := up()

	return applied + more, err
}

// undefinedObject is PostgreSQL's code for a role that is not there.
const undefinedObject = "42704"

// Pending tells how many migrations the steward database at url lacks.
func Pending(ctx context.Context, url string) (pending int, err error) {
	err = withProvider(url, func(provider *goose.Provider) error {
		states, err := provider.Status(ctx)
		for _, state := range states {
			if state.State == goose.StatePending {
				pending++
			}
		}

		return failure.Wrap(failure.Unavailable, "reading the migrations' state", err)
	})
	if err != nil {
		return 0, err
	}

	return pending, nil
}

// withProvider lets work migrate, or look at, the database at url, and closes
// the connections that this took.
func withProvider(url string, work func(*goose.Provider) error) (err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return failure.New(failure.ConfigInvalid, "reading the steward database URL")
	}

	defer func() {
		if closeErr := db.Close(); err == nil && closeErr != nil {
			err = fmt.Errorf("closing the steward database: %w", closeErr)
		}
	}()

	provider, err := newProvider(db)
	if err != nil {
		return err
	}

	return work(provider)
}

func newProvider(db *sql.DB) (*goose.Provider, error) {
	migrations, err := fs.Sub(files, "migrations")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded migrations: %w", err)
	}

	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return nil, fmt.Errorf("preparing the migration lock: %w", err)
	}

	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}

	return provider, nil
}
