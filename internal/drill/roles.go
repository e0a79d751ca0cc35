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
//
// It is one statement list, which PostgreSQL runs as one transaction: a crash
// leaves either nothing or roles that the next sweep knows by their comment. It
// holds a password, so its error is dropped.
func (s *scratch) createRoles(ctx context.Context) error {
	var (
		list  strings.Builder
		plain []string
	)

	create(&list, s.role, fmt.Sprintf("login nocreatedb nocreaterole password '%s'", s.password))
	create(&list, s.group, "nologin")
	fmt.Fprintf(&list, "grant %s to %s; ", quoted(s.group), quoted(s.role))

	for _, role := range superusersLast(s.document.Roles) {
		create(&list, role.Name, "nologin")
		fmt.Fprintf(&list, "grant %s to %s; grant %s to %s; ",
			quoted(role.Name), quoted(s.role), quoted(s.group), quoted(role.Name))

		switch {
		case !role.Superuser:
			plain = append(plain, quoted(role.Name))
		case len(plain) > 0:
			// A superuser at the source owns things in the schemas of others. Here it
			// may do so through memberships, and no more.
			fmt.Fprintf(&list, "grant %s to %s; ", strings.Join(plain, ", "), quoted(role.Name))
		}
	}

	_, err := s.admin.Exec(ctx, list.String())
	if sqlState(err) == duplicateObject {
		return s.unfit(ctx)
	}

	if err != nil {
		return failure.New(failure.Unavailable, "creating the roles in the drill cluster")
	}

	return nil
}

// create writes the statements that make and mark one role.
func create(list *strings.Builder, role, options string) {
	fmt.Fprintf(list, "create role %s nosuperuser %s; comment on role %s is '%s'; ", quoted(role), options, quoted(role), marker)
}

// unfit says which of the source's roles the drill cluster has. Its name may be a
// person's login: it is given as the cause, which is not logged.
func (s *scratch) unfit(ctx context.Context) error {
	wanted := make([]string, len(s.document.Roles))
	for i, role := range s.document.Roles {
		wanted[i] = role.Name
	}

	var name string

	err := s.admin.QueryRow(ctx, "select rolname from pg_roles where rolname = any($1) order by 1 limit 1", wanted).Scan(&name)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for the role that is in the way", err)
	}

	return failure.Wrap(failure.DrillClusterUnfit, "creating the roles in the drill cluster", found{fmt.Sprintf("role %q is there", name)})
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
