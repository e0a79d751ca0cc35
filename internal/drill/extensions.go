package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// createExtensions makes the extensions in the versions of the source, each
// after those that it requires. Their schemas come first, with the owner they
// have there; the restore skips both.
func (s *scratch) createExtensions(ctx context.Context, db *postgres.DB) error {
	waiting := slices.Clone(s.document.Content.Extensions)
	made := []string{"plpgsql"} // every database has it

	for len(waiting) > 0 {
		extension, err := next(ctx, db, waiting, made)
		if err != nil {
			return err
		}

		if err := createExtension(ctx, db, extension); err != nil {
			return err
		}

		made = append(made, extension.Name)
		waiting = slices.DeleteFunc(waiting, func(e content.Extension) bool { return e.Name == extension.Name })
	}

	if len(made) > 1 {
		return s.lendWrappers(ctx, db)
	}

	return nil
}

// lendWrappers lets the roles of the source use the foreign data wrappers that
// extensions brought, as their owners could at the source: else no foreign
// server could be restored. The rights go with the scratch database.
func (s *scratch) lendWrappers(ctx context.Context, db *postgres.DB) error {
	wrappers, err := names(ctx, db, "select fdwname from pg_foreign_data_wrapper order by 1")
	if err != nil || len(wrappers) == 0 {
		return err
	}

	users := make([]string, 1, len(s.document.Roles)+1)
	users[0] = quoted(s.role)

	for _, role := range s.document.Roles {
		users = append(users, quoted(role.Name))
	}

	for i, wrapper := range wrappers {
		wrappers[i] = quoted(wrapper)
	}

	_, err = db.Exec(ctx, fmt.Sprintf("grant usage on foreign data wrapper %s to %s with grant option",
		strings.Join(wrappers, ", "), strings.Join(users, ", ")))

	return failure.Wrap(failure.Unavailable, "lending the foreign data wrappers", err)
}

// next chooses an extension that requires none of those still waiting. Where the
// cluster knows no such version, the first is given, and fails by name.
func next(ctx context.Context, db *postgres.DB, waiting []content.Extension, made []string) (content.Extension, error) {
	names, versions := make([]string, len(waiting)), make([]string, len(waiting))
	for i, extension := range waiting {
		names[i], versions[i] = extension.Name, extension.Version
	}

	rows, err := db.Query(ctx, `select a.name::text from pg_available_extension_versions as a
		join unnest($1::text[], $2::text[]) as w (name, version) on w.name = a.name and w.version = a.version
		where coalesce(a.requires::text[], '{}') <@ $3::text[] order by 1`, names, versions, made)
	if err != nil {
		return content.Extension{}, failure.Wrap(failure.Unavailable, "reading which extensions there are", err)
	}

	ready, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return content.Extension{}, failure.Wrap(failure.Unavailable, "reading which extensions there are", err)
	}

	at := slices.IndexFunc(waiting, func(e content.Extension) bool { return slices.Contains(ready, e.Name) })

	return waiting[max(at, 0)], nil
}

func createExtension(ctx context.Context, db *postgres.DB, extension content.Extension) error {
	if !builtIn(extension.Schema) {
		statement := fmt.Sprintf("create schema if not exists %s authorization %s", quoted(extension.Schema), quoted(extension.Owner))
		if _, err := db.Exec(ctx, statement); err != nil {
			return failure.Wrap(restoreCode(err), "creating the schema of an extension", err)
		}
	}

	statement := fmt.Sprintf("create extension %s schema %s version %s",
		quoted(extension.Name), quoted(extension.Schema), quoted(extension.Version))
	if _, err := db.Exec(ctx, statement); err != nil {
		return failure.Wrap(extensionCode(err),
			fmt.Sprintf("creating extension %q %s in the drill cluster", extension.Name, extension.Version), err)
	}

	return nil
}

// missing are the SQLSTATEs of an extension that the cluster does not have: no
// control file, no such version, a file of it that is not there.
func missing(state string) bool {
	return slices.Contains([]string{"0A000", "22023", "42704", "58P01"}, state)
}

// extensionCode tells a cluster without an extension from one that failed at
// it: what is missing there says nothing about the backup.
func extensionCode(err error) failure.Code {
	if missing(sqlState(err)) {
		return failure.ExtensionMissing
	}

	return restoreCode(err)
}

// builtIn reports whether every new database has this schema.
func builtIn(schema string) bool { return schema == "public" || schema == "pg_catalog" }

// restoreCode tells a server that refused a statement for what it says from one
// that could not serve it: classes 53, 57 and 58 of SQLSTATE, or no answer.
func restoreCode(err error) failure.Code {
	state := sqlState(err)

	for _, class := range []string{"53", "57", "58"} {
		if strings.HasPrefix(state, class) {
			return failure.Unavailable
		}
	}

	if state == "" {
		return failure.Unavailable
	}

	return failure.RestoreFailed
}
