package drill

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// marker is the comment on roles that drills create, by which a later drill
// finds what a killed one left.
const marker = "made by a restore drill of Steward"

// createRoles makes the roles that the dump names, without login and without
// any power, and the role that restores, a member of all of them. A role of the
// source that exists here already, and was not made by a drill, is refused: it
// would lend its powers to the restore.
func (s *scratch) createRoles(ctx context.Context) error {
	statement := fmt.Sprintf("create role %s login nosuperuser nocreatedb nocreaterole password '%s'", quoted(s.role), s.password)
	if _, err := s.admin.Exec(ctx, statement); err != nil {
		return failure.New(failure.Unavailable, "creating the restoring role")
	}

	if err := s.mark(ctx, s.role); err != nil {
		return err
	}

	for _, role := range s.document.Roles {
		if _, err := s.admin.Exec(ctx, "create role "+quoted(role.Name)+" nologin nosuperuser"); err != nil {
			return fmt.Errorf("creating role %q (the drill cluster must have no role of the source): %w", role.Name, err)
		}

		if err := s.mark(ctx, role.Name); err != nil {
			return err
		}

		if _, err := s.admin.Exec(ctx, "grant "+quoted(role.Name)+" to "+quoted(s.role)); err != nil {
			return fmt.Errorf("granting role %q: %w", role.Name, err)
		}
	}

	return nil
}

func (s *scratch) mark(ctx context.Context, role string) error {
	if _, err := s.admin.Exec(ctx, "comment on role "+quoted(role)+" is '"+marker+"'"); err != nil {
		return fmt.Errorf("marking a role: %w", err)
	}

	return nil
}

// createExtensions makes the extensions in the versions of the source. Their
// schemas come first, with the owner they have there; the restore skips both.
func (s *scratch) createExtensions(ctx context.Context, db *postgres.DB) error {
	for _, extension := range s.document.Content.Extensions {
		if extension.Schema != "public" && extension.Schema != "pg_catalog" {
			statement := fmt.Sprintf("create schema if not exists %s authorization %s", quoted(extension.Schema), quoted(extension.Owner))
			if _, err := db.Exec(ctx, statement); err != nil {
				return failure.Wrap(failure.RestoreFailed, "creating the schema of an extension", err)
			}
		}

		statement := fmt.Sprintf("create extension %s schema %s version %s",
			quoted(extension.Name), quoted(extension.Schema), quoted(extension.Version))
		if _, err := db.Exec(ctx, statement); err != nil {
			return failure.Wrap(failure.RestoreFailed,
				fmt.Sprintf("creating extension %q %s in the drill cluster", extension.Name, extension.Version), err)
		}
	}

	return nil
}

// sweep removes every scratch database and every role that a drill made. The
// drill lock is held: no drill is at work.
func (s *scratch) sweep(ctx context.Context) error {
	databases, err := s.names(ctx, `select datname from pg_database where datname like 'drill\_%'`)
	if err != nil {
		return err
	}

	for _, name := range databases {
		if _, err := s.admin.Exec(ctx, "drop database if exists "+quoted(name)+" with (force)"); err != nil {
			return failure.Wrap(failure.Unavailable, "dropping a scratch database", err)
		}
	}

	roles, err := s.names(ctx, `select rolname from pg_roles where shobj_description(oid, 'pg_authid') = '`+marker+`'`)
	if err != nil {
		return err
	}

	for _, name := range roles {
		if _, err := s.admin.Exec(ctx, "drop role if exists "+quoted(name)); err != nil {
			return failure.Wrap(failure.Unavailable, "dropping a role of a drill", err)
		}
	}

	return nil
}

func (s *scratch) names(ctx context.Context, query string) ([]string, error) {
	rows, err := s.admin.Query(ctx, query)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for leftovers of drills", err)
	}

	names, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return names, failure.Wrap(failure.Unavailable, "looking for leftovers of drills", err)
}
