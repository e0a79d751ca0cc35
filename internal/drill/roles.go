package drill

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

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
	if err := s.createRole(ctx, s.role, fmt.Sprintf("login nocreatedb nocreaterole password '%s'", s.password)); err != nil {
		return err
	}

	var plain []string

	for _, role := range superusersLast(s.document.Roles) {
		if err := s.createRole(ctx, role.Name, "nologin"); err != nil {
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

// createRole makes a role and marks it in one transaction: a crash leaves either
// none or one that the next sweep knows. The statement may hold a password, so
// its error is dropped.
func (s *scratch) createRole(ctx context.Context, role, options string) error {
	err := s.admin.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "create role "+quoted(role)+" nosuperuser "+options); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, "comment on role "+quoted(role)+" is '"+marker+"'")

		return err
	})

	switch {
	case err == nil:
		return nil
	case sqlState(err) == duplicateObject:
		return failure.New(failure.DrillClusterUnfit, fmt.Sprintf("creating role %q in the drill cluster", role))
	default:
		return failure.New(failure.Unavailable, fmt.Sprintf("creating role %q in the drill cluster", role))
	}
}

// duplicateObject is the SQLSTATE of a role that exists.
const duplicateObject = "42710"

// sqlState is the server's own code of an error, empty if the server gave none.
func sqlState(err error) string {
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok {
		return answer.Code
	}

	return ""
}

// sweep removes every scratch database and every role that a drill made. The
// drill lock is held: no drill is at work.
func sweep(ctx context.Context, cleaner postgres.Queryer) error {
	databases, err := names(ctx, cleaner, `select datname from pg_database where datname ~ ('^' || $1 || '[a-z2-7]{26}$')`, prefix)
	if err != nil {
		return err
	}

	for _, name := range databases {
		if _, err := cleaner.Exec(ctx, "drop database if exists "+quoted(name)+" with (force)"); err != nil {
			return failure.Wrap(failure.Unavailable, "dropping a scratch database", err)
		}
	}

	roles, err := names(ctx, cleaner, `select rolname from pg_roles where shobj_description(oid, 'pg_authid') = $1`, marker)
	if err != nil {
		return err
	}

	for _, name := range roles {
		if _, err := cleaner.Exec(ctx, "drop role if exists "+quoted(name)); err != nil {
			return failure.Wrap(failure.Unavailable, "dropping a role of a drill", err)
		}
	}

	return nil
}

func names(ctx context.Context, cleaner postgres.Queryer, query string, args ...any) ([]string, error) {
	rows, err := cleaner.Query(ctx, query, args...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for leftovers of drills", err)
	}

	names, err := pgx.CollectRows(rows, pgx.RowTo[string])

	return names, failure.Wrap(failure.Unavailable, "looking for leftovers of drills", err)
}
