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

	return nil
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
		return failure.Wrap(restoreCode(err),
			fmt.Sprintf("creating extension %q %s in the drill cluster", extension.Name, extension.Version), err)
	}

	return nil
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
