package drill

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/manifest"
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

	var plain []string

	for _, role := range superusersLast(s.document.Roles) {
		if _, err := s.admin.Exec(ctx, "create role "+quoted(role.Name)+" nologin nosuperuser"); err != nil {
			return fmt.Errorf("creating role %q (the drill cluster must have no role of the source): %w", role.Name, err)
		}

		if err := s.mark(ctx, role.Name); err != nil {
			return err
		}

		if _, err := s.admin.Exec(ctx, "grant "+quoted(role.Name)+" to "+quoted(s.role)); err != nil {
			return fmt.Errorf("granting role %q: %w", role.Name, err)
		}

		if !role.Superuser {
			plain = append(plain, quoted(role.Name))
		} else if err := s.standIn(ctx, role.Name, plain); err != nil {
			return err
		}
	}

	return nil
}

// standIn lets a role that is a superuser at the source own things in the
// schemas of others, as it could there, through memberships and no more.
func (s *scratch) standIn(ctx context.Context, superuser string, plain []string) error {
	if len(plain) == 0 {
		return nil
	}

	if _, err := s.admin.Exec(ctx, "grant "+strings.Join(plain, ", ")+" to "+quoted(superuser)); err != nil {
		return fmt.Errorf("granting memberships to %q: %w", superuser, err)
	}

	return nil
}

// superusersLast orders the roles so that a stand-in finds all others made.
func superusersLast(roles []manifest.Role) []manifest.Role {
	ordered := slices.Clone(roles)
	slices.SortStableFunc(ordered, func(a, b manifest.Role) int {
		switch {
		case a.Superuser == b.Superuser:
			return 0
		case b.Superuser:
			return -1
		default:
			return 1
		}
	})

	return ordered
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
