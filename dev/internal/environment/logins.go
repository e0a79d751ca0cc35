package environment

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/dev/internal/cluster"
	"steward/dev/internal/devkeys"
)

// login is a role that may connect, with a password of its own.
type login struct {
	name string
	// rights are role attributes beside LOGIN.
	rights []string
	// member of these roles; a missing one is made as NOLOGIN, as migrations do.
	member []string
}

// Logins of people and of programs that are not workers.
const (
	appAdmin     = "app_admin"
	stewardOwner = "steward_owner"
	temporalRole = "temporal"
	drillAdmin   = "drill_admin"
)

// Databases of the main cluster.
const (
	databaseApp        = "app"
	databaseSteward    = "steward"
	databaseTemporal   = "temporal"
	databaseVisibility = "temporal_visibility"
)

// mainLogins are the logins of the main cluster; each worker has one of its own.
func mainLogins() []login {
	logins := []login{
		// The app's administrator sees every row of the demo app.
		{name: appAdmin, rights: []string{"BYPASSRLS"}, member: []string{"app_owner"}},
		// The migrations of a later version may bring more roles.
		{name: stewardOwner, rights: []string{"CREATEROLE"}},
		{name: temporalRole},
		{name: apiLogin, member: []string{"steward_api"}},
	}
	for _, one := range workers() {
		logins = append(logins, workerLogin(one))
	}
	return logins
}

// workerLogin has what the worker's roles need together, and nothing else.
func workerLogin(one worker) login {
	out := login{name: one.login()}
	for _, role := range one.roles {
		out.member = append(out.member, "steward_"+role)
		if role == devkeys.Backup {
			// A dump reads everything, rows under row-level security too.
			out.rights = append(out.rights, "BYPASSRLS")
			out.member = append(out.member, "pg_read_all_data")
		}
		if role == devkeys.Erase {
			// It deletes rows that row-level security hides, removes large objects and vacuums, which takes the owner's rights.
			out.rights = append(out.rights, "BYPASSRLS")
			out.member = append(out.member, "app_owner")
		}
	}
	return out
}

// ensureMain makes the logins and databases of the main cluster, and corrects
// what differs. It may be repeated; it never drops anything.
func (e *Environment) ensureMain(ctx context.Context, c cluster.Cluster) error {
	return e.asAdmin(ctx, c, func(conn *pgx.Conn) error {
		for _, one := range mainLogins() {
			if err := e.ensureLogin(ctx, conn, one); err != nil {
				return fmt.Errorf("making the login %s: %w", one.name, err)
			}
		}
		for name, owner := range map[string]string{
			databaseApp: appAdmin, databaseSteward: stewardOwner,
			databaseTemporal: temporalRole, databaseVisibility: temporalRole,
		} {
			if err := ensureDatabase(ctx, conn, name, owner); err != nil {
				return fmt.Errorf("making the database %s: %w", name, err)
			}
		}
		return nil
	})
}

// ensureDrill makes the login of the drill cluster: its administrator, since a
// drill restores roles and extensions before it becomes the database's owner.
func (e *Environment) ensureDrill(ctx context.Context, c cluster.Cluster) error {
	return e.asAdmin(ctx, c, func(conn *pgx.Conn) error {
		if err := e.ensureLogin(ctx, conn, login{name: drillAdmin, rights: []string{"SUPERUSER"}}); err != nil {
			return fmt.Errorf("making the login %s: %w", drillAdmin, err)
		}
		return nil
	})
}

func (e *Environment) asAdmin(ctx context.Context, c cluster.Cluster, work func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to %s: %w", c.Name, err)
	}
	if err := errors.Join(work(conn), conn.Close(ctx)); err != nil {
		return fmt.Errorf("preparing %s: %w", c.Name, err)
	}
	return nil
}

func (e *Environment) ensureLogin(ctx context.Context, conn *pgx.Conn, one login) error {
	password, err := e.dir.Secret(one.name)
	if err != nil {
		return fmt.Errorf("reading its password: %w", err)
	}
	if err := ensureRole(ctx, conn, one.name); err != nil {
		return err
	}
	name := pgx.Identifier{one.name}.Sanitize()
	// Secrets are letters and digits only, so the quotes are safe.
	alter := fmt.Sprintf("ALTER ROLE %s LOGIN %s PASSWORD '%s'", name, strings.Join(one.rights, " "), password)
	if err := run(ctx, conn, alter); err != nil {
		return err
	}
	for _, group := range one.member {
		if !strings.HasPrefix(group, "pg_") {
			if err := ensureRole(ctx, conn, group); err != nil {
				return err
			}
		}
		if err := run(ctx, conn, fmt.Sprintf("GRANT %s TO %s", pgx.Identifier{group}.Sanitize(), name)); err != nil {
			return err
		}
	}
	return nil
}

// ensureRole makes a role that may not log in, unless it exists.
func ensureRole(ctx context.Context, conn *pgx.Conn, name string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("looking for the role: %w", err)
	}
	if exists {
		return nil
	}
	return run(ctx, conn, fmt.Sprintf("CREATE ROLE %s NOLOGIN", pgx.Identifier{name}.Sanitize()))
}

// ensureDatabase makes a database unless it exists, and closes it to everybody
// but its owner and those that are let in. The owner of an existing one stays:
// the demo app gives its database to a role of its own.
func ensureDatabase(ctx context.Context, conn *pgx.Conn, name, owner string) error {
	var exists bool
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists); err != nil {
		return fmt.Errorf("looking for it: %w", err)
	}
	quoted := pgx.Identifier{name}.Sanitize()
	if !exists {
		if err := run(ctx, conn, fmt.Sprintf("CREATE DATABASE %s OWNER %s", quoted, pgx.Identifier{owner}.Sanitize())); err != nil {
			return err
		}
	}
	if err := run(ctx, conn, fmt.Sprintf("REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC", quoted)); err != nil {
		return err
	}
	for _, guest := range guests(name) {
		if err := run(ctx, conn, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", quoted, pgx.Identifier{guest}.Sanitize())); err != nil {
			return err
		}
	}
	return nil
}

// guests are the logins beside the owner that may connect to a database.
func guests(database string) []string {
	var out []string
	switch database {
	case databaseApp:
		out = append(out, appAdmin)
		for _, one := range workers() {
			if slices.Contains(one.roles, devkeys.Backup) || slices.Contains(one.roles, devkeys.Erase) {
				out = append(out, one.login())
			}
		}
	case databaseSteward:
		out = append(out, apiLogin)
		for _, one := range workers() {
			out = append(out, one.login())
		}
	}
	return out
}

// run executes one statement; its text may hold a password and stays out of errors.
func run(ctx context.Context, conn *pgx.Conn, sql string) error {
	if _, err := conn.Exec(ctx, sql); err != nil {
		verb, _, _ := strings.Cut(sql, " ")
		return fmt.Errorf("%s: %w", strings.ToLower(verb), err)
	}
	return nil
}
