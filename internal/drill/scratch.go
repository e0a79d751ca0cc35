package drill

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/content"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/manifest"
	"steward/internal/pgtools"
	"steward/internal/postgres"
)

// drillLock keeps drills in one cluster apart: they share its roles. The number
// means nothing else.
const drillLock = 7_306_018

// cleanTimeout bounds the removal of a scratch database after a drill.
const cleanTimeout = time.Minute

// rolePrefix names the roles that run a restore, groupPrefix the groups of all
// roles that it makes; prefix names its database.
const (
	prefix      = "drill_"
	rolePrefix  = "drill_role_"
	groupPrefix = "drill_group_"
)

// scratch is one throw-away database with the role that restores into it.
type scratch struct {
	*Driller

	document manifest.Manifest
	tools    pgtools.Tools
	admin    *postgres.DB
	name     string
	role     string
	group    string
	password string
}

// inScratch makes a scratch database, runs work, and removes it whatever
// happened. What a killed drill left is removed first.
func (d *Driller) inScratch(
	ctx context.Context, backup catalogue.Backup, document manifest.Manifest, work func(context.Context, *scratch) error,
) (err error) {
	suffix, _ := strings.CutPrefix(backup.Attempt, "att_")

	at, err := named(d.Admin, prefix+suffix)
	if err != nil {
		return err
	}

	admin, err := postgres.Open(ctx, at)
	if err != nil {
		return fmt.Errorf("reaching the drill cluster: %w", err)
	}
	defer admin.Close()

	lock, err := admin.Pool().Acquire(ctx)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "reaching the drill cluster", err)
	}
	defer lock.Release()

	if _, err := postgres.On(lock.Conn()).Exec(ctx, "select pg_advisory_lock($1)", drillLock); err != nil {
		return failure.Wrap(failure.Unavailable, "waiting for the drill cluster", err)
	}

	cleaner := postgres.On(lock.Conn())
	made := &scratch{
		Driller: d, document: document, admin: admin,
		name: prefix + suffix, role: rolePrefix + suffix, group: groupPrefix + suffix, password: ids.New("pw"),
	}

	defer func() {
		// Even a drill whose context has ended leaves nothing behind.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.Patience.Of(cleanTimeout))
		defer cancel()

		err = errors.Join(err, made.silence(ctx, cleaner), sweep(ctx, cleaner), unlock(ctx, cleaner))
	}()

	if err := sweep(ctx, cleaner); err != nil {
		return err
	}

	if err := made.create(ctx); err != nil {
		return err
	}

	return work(ctx, made)
}

// silence ends what this drill's other connections still do. A statement whose
// context was cancelled may be at work in the server all the same, and would
// make a role or a database after the sweep has looked.
func (s *scratch) silence(ctx context.Context, cleaner postgres.Queryer) error {
	const patience = 5000 // milliseconds that one backend has to end

	var alive int64

	err := cleaner.QueryRow(ctx, `select count(*) from pg_stat_activity
		where application_name = $1 
			and case when pid = pg_backend_pid() then false else not pg_terminate_backend(pid, $2) end`, s.name, patience).Scan(&alive)
	if err == nil && alive > 0 {
		return failure.New(failure.Unavailable, "ending the statements of a drill")
	}

	return failure.Wrap(failure.Unavailable, "ending the statements of a drill", err)
}

// named gives the URL under which connections carry a name in the server's list.
func named(at, name string) (string, error) {
	parsed, err := url.Parse(at)
	if err != nil {
		return "", failure.New(failure.ConfigInvalid, "reading the drill cluster's URL")
	}

	query := parsed.Query()
	query.Set("application_name", name)
	parsed.RawQuery = query.Encode()

	return parsed.String(), nil
}

func unlock(ctx context.Context, cleaner postgres.Queryer) error {
	_, err := cleaner.Exec(ctx, "select pg_advisory_unlock($1)", drillLock)

	return failure.Wrap(failure.Unavailable, "leaving the drill cluster", err)
}

// create prepares what only an administrator may: roles, the database, its
// extensions and the schemas they live in.
func (s *scratch) create(ctx context.Context) error {
	tools, err := pgtools.Find(ctx, s.ToolsDir, pgtools.FromNumber(s.document.ServerVersion).Major)
	if err != nil {
		return fmt.Errorf("choosing the programs: %w", err)
	}

	if s.RefuseVulnerable && tools.Version.Vulnerable() {
		return failure.New(failure.ClientVulnerable, "using pg_restore "+tools.Version.String())
	}

	s.tools = tools

	if err := s.checkMajor(ctx); err != nil {
		return err
	}

	if err := s.createRoles(ctx); err != nil {
		return failure.Wrap(failure.Unavailable, "creating the roles in the drill cluster", err)
	}

	statement := fmt.Sprintf("create database %s owner %s template template0", quoted(s.name), quoted(s.document.Owner))
	if _, err := s.admin.Exec(ctx, statement); err != nil {
		return failure.Wrap(failure.Unavailable, "creating the scratch database", err)
	}

	return s.asAdmin(ctx, s.createExtensions)
}

// checkMajor refuses a cluster of another major version than the source: rights,
// definitions and catalogues differ between them, so that a good backup would be
// found wanting.
func (s *scratch) checkMajor(ctx context.Context) error {
	var number int
	if err := s.admin.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&number); err != nil {
		return failure.Wrap(failure.Unavailable, "asking the drill cluster for its version", err)
	}

	here, source := pgtools.FromNumber(number), pgtools.FromNumber(s.document.ServerVersion)
	if here.Major != source.Major {
		return failure.New(failure.DrillClusterUnfit,
			fmt.Sprintf("preparing the drill cluster (it is PostgreSQL %d, the source was %d)", here.Major, source.Major))
	}

	return nil
}

// asAdmin runs work as the administrator inside the scratch database.
func (s *scratch) asAdmin(ctx context.Context, work func(context.Context, *postgres.DB) error) error {
	at, err := in(s.Admin, s.name, nil)
	if err != nil {
		return err
	}

	return within(ctx, at, work)
}

// within runs work in the database at this URL.
func within(ctx context.Context, at string, work func(context.Context, *postgres.DB) error) error {
	db, err := postgres.Open(ctx, at)
	if err != nil {
		return fmt.Errorf("reaching the scratch database: %w", err)
	}
	defer db.Close()

	return work(ctx, db)
}

// describe reads what the restore made, over two connections that see one
// snapshot: nothing else happens in the drill cluster meanwhile. Tables that were
// read ahead are only looked at for changes.
func (s *scratch) describe(ctx context.Context, ahead *content.Ahead) (described content.Description, err error) {
	err = s.asAdmin(ctx, func(ctx context.Context, db *postgres.DB) error {
		return db.InSnapshot(ctx, func(ctx context.Context, first postgres.Tx) error {
			var snapshot string
			if err := first.QueryRow(ctx, "select pg_export_snapshot()").Scan(&snapshot); err != nil {
				return failure.Wrap(failure.Unavailable, "sharing a snapshot", err)
			}

			return db.InSnapshot(ctx, func(ctx context.Context, second postgres.Tx) (err error) {
				// The name comes from the server; it has no quote in it.
				if _, err := second.Exec(ctx, "set transaction snapshot '"+snapshot+"'"); err != nil {
					return failure.Wrap(failure.Unavailable, "sharing a snapshot", err)
				}

				described, err = content.DescribeTogether(ctx, []postgres.Queryer{first, second}, ahead,
					func(rows int64) { s.report(Compare, rows) })

				return err
			})
		})
	})

	return described, err
}

// in gives the URL of another database in the same cluster, as another user if
// user is not nil. That URL becomes an argument of a child: the administrator's
// name and secrets are in no part of it.
func in(admin, database string, user *url.Userinfo) (string, error) {
	if user != nil {
		bare, _, err := postgres.WithoutSecrets(admin)
		if err != nil {
			return "", fmt.Errorf("reading the drill cluster's URL: %w", err)
		}

		admin = bare
	}

	at, err := url.Parse(admin)
	if err != nil {
		return "", failure.New(failure.ConfigInvalid, "reading the drill cluster's URL")
	}

	at.Path = "/" + database

	if user != nil {
		at.User = user
	}

	return at.String(), nil
}

func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }
