package demoapp

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// schemaVersion is raised with every change of the files under schema/.
const schemaVersion = 1

// installLock is the advisory lock that two installs into one database take in turn; the number means nothing.
const installLock = 7_315_001

// roleAttempts is how often making the cluster's roles is tried: another database's install may be changing the same
// rows of the shared catalogues, which Postgres answers with an error instead of waiting.
const roleAttempts = 20

const roleRetryPause = 25 * time.Millisecond

//go:embed schema/*.sql
var schemaFiles embed.FS

// areas returns the schema's files in the order in which they build on each other.
func areas() []string {
	return []string{
		"01_types", "02_accounts", "03_billing", "04_campaigns",
		"05_collected", "06_support", "07_reporting", "08_access",
	}
}

// ErrVersion says that the database holds the demo app's schema of another version, which has no upgrade: it is a demo.
var ErrVersion = errors.New("the demo app's schema has another version, start over with a new database")

// Install makes the roles app_owner, app_rw and app_ro and the demo app's schema in the database at adminURL, which must
// name a superuser. It is all or nothing, may run twice or in several databases of a cluster at once, and changes
// nothing where the schema is installed. It returns ErrVersion when another version is.
func Install(ctx context.Context, adminURL string) error {
	conn, err := connect(ctx, adminURL)
	if err != nil {
		return err
	}
	defer disconnect(ctx, conn)
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, installLock); err != nil {
		return fmt.Errorf("waiting for another install: %w", err)
	}
	switch installed, err := installedVersion(ctx, conn); {
	case err != nil:
		return err
	case installed == schemaVersion:
		return nil
	case installed != 0:
		return fmt.Errorf("%w: found %d, this is %d", ErrVersion, installed, schemaVersion)
	}
	if err := installRoles(ctx, conn); err != nil {
		return err
	}
	return installSchema(ctx, conn)
}

func installRoles(ctx context.Context, conn *pgx.Conn) error {
	script, err := schemaFiles.ReadFile("schema/roles.sql")
	if err != nil {
		return fmt.Errorf("reading the roles: %w", err)
	}
	for attempt := 1; ; attempt++ {
		_, err := conn.Exec(ctx, string(script))
		if err == nil {
			return nil
		}
		if attempt == roleAttempts || !isConcurrentChange(err) {
			return fmt.Errorf("making the demo app's roles: %w", err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("making the demo app's roles: %w", ctx.Err())
		case <-time.After(roleRetryPause):
		}
	}
}

// isConcurrentChange tells an error that passes when tried again: "tuple concurrently updated" has no code of its own.
func isConcurrentChange(err error) bool {
	const internalError, uniqueViolation, duplicateObject = "XX000", "23505", "42710"
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return false
	}
	return pgErr.Code == internalError || pgErr.Code == uniqueViolation || pgErr.Code == duplicateObject
}

// installSchema runs every file as app_owner in one transaction: a crash leaves no schema, or all of it.
func installSchema(ctx context.Context, conn *pgx.Conn) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SET LOCAL ROLE app_owner`); err != nil {
			return fmt.Errorf("becoming the app's owner: %w", err)
		}
		for _, area := range areas() {
			script, err := schemaFiles.ReadFile("schema/" + area + ".sql")
			if err != nil {
				return fmt.Errorf("reading %s: %w", area, err)
			}
			if _, err := tx.Exec(ctx, string(script)); err != nil {
				return fmt.Errorf("running %s: %w", area, err)
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO app.schema_version (version) VALUES ($1)`, schemaVersion); err != nil {
			return fmt.Errorf("noting the version: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("installing the demo app's schema: %w", err)
	}
	return nil
}

// installedVersion answers 0 where the schema is missing.
func installedVersion(ctx context.Context, conn *pgx.Conn) (int, error) {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('app.schema_version') IS NOT NULL`).Scan(&exists); err != nil {
		return 0, fmt.Errorf("looking for the demo app's schema: %w", err)
	}
	if !exists {
		return 0, nil
	}
	var version int
	if err := conn.QueryRow(ctx, `SELECT coalesce(max(version), 0) FROM app.schema_version`).Scan(&version); err != nil {
		return 0, fmt.Errorf("reading the version of the demo app's schema: %w", err)
	}
	return version, nil
}
