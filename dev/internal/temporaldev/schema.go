package temporaldev

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.temporal.io/server/common/log"
	// The plugin registers itself as "postgres12" by being imported.
	_ "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/tools/common/schema"
	sqltool "go.temporal.io/server/tools/sql"
)

const (
	// undefinedDatabase is Postgres' SQLSTATE for a database that does not exist.
	undefinedDatabase = "3D000"
	// firstVersion is where an empty database starts; the setup task leaves a
	// database that is already further as it is.
	firstVersion = "0.0"
	// mainSchema and visibilitySchema are paths inside the server module, which
	// carries every version of its schema.
	mainSchema       = "postgresql/v12/temporal"
	visibilitySchema = "postgresql/v12/visibility"
)

// prepare creates both databases when missing and brings each to the newest
// schema. It is safe to repeat; a crash in between leaves a database that the
// next call finishes, because every version is recorded when it is reached.
func prepare(ctx context.Context, db database) error {
	if err := prepareOne(ctx, db, mainSchema); err != nil {
		return err
	}
	return prepareOne(ctx, db.visibility(), visibilitySchema)
}

func prepareOne(ctx context.Context, db database, schemaName string) error {
	if err := create(ctx, db); err != nil {
		return fmt.Errorf("creating the database %s: %w", db.name, err)
	}
	// The tool's own command line ends the process on an error, so its tasks are
	// used directly; without its logger, which prints every statement.
	conn, err := sqltool.NewConnection(sqlConfig(db), log.NewNoopLogger())
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", db.name, err)
	}
	defer conn.Close()
	if err := setup(conn); err != nil {
		return fmt.Errorf("setting up the schema of %s: %w", db.name, err)
	}
	update := schema.NewUpdateSchemaTask(conn, &schema.UpdateConfig{SchemaName: schemaName}, log.NewNoopLogger())
	if err := update.Run(); err != nil {
		return fmt.Errorf("updating the schema of %s: %w", db.name, err)
	}
	return nil
}

// setup makes the version tables of an empty database.
func setup(conn *sqltool.Connection) error {
	version, err := conn.ReadSchemaVersion()
	if err == nil && version != "" {
		return nil
	}
	task := schema.NewSetupSchemaTask(conn, &schema.SetupConfig{InitialVersion: firstVersion}, log.NewNoopLogger())
	if err := task.Run(); err != nil {
		return fmt.Errorf("making the version tables: %w", err)
	}
	return nil
}

// create makes the database unless it exists. Existence is asked first, because
// Postgres refuses CREATE DATABASE to a login without CREATEDB either way.
func create(ctx context.Context, db database) error {
	conn, err := pgx.Connect(ctx, db.url(db.name))
	if err == nil {
		return closed(ctx, conn, nil)
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) || refused.Code != undefinedDatabase {
		return fmt.Errorf("connecting: %w", err)
	}
	conn, err = pgx.Connect(ctx, db.url("postgres"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	_, err = conn.Exec(ctx, fmt.Sprintf("create database %s", pgx.Identifier{db.name}.Sanitize()))
	return closed(ctx, conn, err)
}

// closed closes conn and joins what went wrong before with what goes wrong now.
func closed(ctx context.Context, conn *pgx.Conn, err error) error {
	if joined := errors.Join(err, conn.Close(ctx)); joined != nil {
		return fmt.Errorf("using the connection: %w", joined)
	}
	return nil
}
