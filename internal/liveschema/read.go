package liveschema

import (
	"context"
	"fmt"

	"steward/internal/postgres"
)

// snapshotter is a database that can show one instant of itself.
type snapshotter interface {
	InSnapshot(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// Read reads the schema of the database that the policy knows under this name. It sends the same
// handful of statements whatever the number of tables. A database is read in a snapshot of its
// own; a transaction is read as it is, and must be a snapshot (REPEATABLE READ) for one instant to
// be seen; its search_path is the same afterwards. It needs no right beyond that to connect. Errors are those
// of the statements, wrapped; they hold names of the catalogue and never a row's values.
func Read(ctx context.Context, q postgres.Queryer, database string) (Schema, error) {
	if db, ok := q.(snapshotter); ok {
		var schema Schema

		err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
			schema, err = read(ctx, tx, database)

			return err
		})

		return schema, err
	}

	return read(ctx, q, database)
}

// setPath sets the search_path until the transaction ends.
const setPath = "select set_config('search_path', $1, true)"

// read does it in one transaction. Types are named as seen from an empty search_path, so that a
// name means the same in every session.
func read(ctx context.Context, q postgres.Queryer, database string) (Schema, error) {
	var before string

	err := q.QueryRow(ctx, "select current_setting('search_path')").Scan(&before)
	if err != nil {
		return Schema{}, fmt.Errorf("reading the search path: %w", err)
	}

	if _, err := q.Exec(ctx, setPath, "pg_catalog"); err != nil {
		return Schema{}, fmt.Errorf("pinning the search path: %w", err)
	}

	into := newCatalogue()

	for _, step := range []struct {
		what string
		read func(context.Context, postgres.Queryer, *catalogue) error
	}{
		{"tables", readTables},
		{"columns", readColumns},
		{"checks", readChecks},
		{"indexes", readIndexes},
		{"foreign keys", readKeys},
		{"triggers", readTriggers},
		{"inheritance", readInheritance},
	} {
		if err := step.read(ctx, q, into); err != nil {
			return Schema{}, fmt.Errorf("reading the %s: %w", step.what, err)
		}
	}

	schema := Schema{Database: database, Tables: into.sorted()}

	err = q.QueryRow(ctx, "select count(*) from pg_catalog.pg_largeobject_metadata").Scan(&schema.LargeObjects)
	if err != nil {
		return Schema{}, fmt.Errorf("counting the large objects: %w", err)
	}

	if _, err := q.Exec(ctx, setPath, before); err != nil {
		return Schema{}, fmt.Errorf("restoring the search path: %w", err)
	}

	return schema, nil
}
