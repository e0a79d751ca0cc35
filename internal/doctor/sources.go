package doctor

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/pgtools"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// sources looks at each database and each set of files that is backed up, and at the
// programs that do it.
func (d *Doctor) sources(ctx context.Context) []Check {
	var (
		checks []Check
		newest int
	)

	for _, database := range d.Policy.Promises.Backups.Databases {
		check, major := d.source(ctx, database)
		checks = append(checks, check)
		newest = max(newest, major)
	}

	for _, files := range d.Policy.Promises.Backups.Files {
		checks = append(checks, d.files(ctx, files))
	}

	return append(checks, d.tools(ctx, newest))
}

// source looks whether a dump of one database would see everything; it gives the
// server's major too, 0 if it is not known.
func (d *Doctor) source(ctx context.Context, database policy.Database) (check Check, major int) {
	name := database.Name

	at, err := d.Config.SourceURL(database)
	if err != nil {
		return failed(name, err), 0
	}

	db, err := postgres.Open(ctx, at)
	if err != nil {
		return failed(name, err), 0
	}
	defer db.Close()

	seen, err := sees(ctx, db)
	if err != nil {
		return failed(name, failure.Wrap(failure.Unavailable, "looking at the database "+name, err)), 0
	}

	version := pgtools.FromNumber(seen.version)

	switch {
	case seen.hidden > 0 && !seen.bypass:
		return wrong(name, failure.ConfigInvalid,
			fmt.Sprintf("row-level security hides rows of %d tables from this role; a backup would lack them", seen.hidden),
			"Give the role of this URL BYPASSRLS: alter role NAME bypassrls"), version.Major
	case seen.closed > 0:
		return wrong(name, failure.ConfigInvalid, fmt.Sprintf("this role may not read %d tables; a backup would fail", seen.closed),
			"Give the role of this URL: grant pg_read_all_data to NAME"), version.Major
	case len(seen.powers) > 0:
		return wrong(name, failure.ConfigInvalid, "only a superuser can restore "+some(seen.powers)+"; every drill would fail",
			"See docs/production.md, Sources, for what to do about each"), version.Major
	default:
		return fine(name, fmt.Sprintf("PostgreSQL %s, %d tables, every row can be read", version, seen.tables)), version.Major
	}
}

// sight is what a role sees of a database.
type sight struct {
	version int
	bypass  bool
	tables  int // ordinary and partitioned tables outside the system's schemas
	hidden  int // of these, those with row-level security that applies to this role
	closed  int // of these, those that this role may not read
	powers  []string
}

// sees asks the catalogues; an owner is held by row-level security only where it
// is forced, but a policy may be forced at any time, so that counts as hidden.
func sees(ctx context.Context, db postgres.Queryer) (sight, error) {
	var seen sight

	err := db.QueryRow(ctx, `
		select current_setting('server_version_num')::int,
			(select rolsuper or rolbypassrls from pg_roles where rolname = current_user),
			count(*), count(*) filter (where c.relrowsecurity),
			count(*) filter (where not has_table_privilege(c.oid, 'select') or not has_schema_privilege(n.oid, 'usage'))
		from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`).
		Scan(&seen.version, &seen.bypass, &seen.tables, &seen.hidden, &seen.closed)
	if err != nil {
		return sight{}, fmt.Errorf("asking the catalogues: %w", err)
	}

	if seen.powers, err = powers(ctx, db); err != nil {
		return sight{}, err
	}

	return seen, nil
}

// tools looks at pg_dump and pg_restore: not older than the newest server, and
// without known holes.
func (d *Doctor) tools(ctx context.Context, serverMajor int) Check {
	const name = "programs"

	tools, err := pgtools.Find(ctx, d.Config.ToolsDir, serverMajor)
	if err != nil {
		return failed(name, err)
	}

	if !tools.Version.Vulnerable() {
		return fine(name, fmt.Sprintf("PostgreSQL's programs %s in %s", tools.Version, tools.Dir))
	}

	says := fmt.Sprintf("PostgreSQL's programs %s in %s have known holes (CVE-2026-18408, CVE-2026-116314)", tools.Version, tools.Dir)
	hint := failure.Lookup(failure.ClientVulnerable).Hint

	if d.Policy.Promises.Backups.RefuseVulnerableClients {
		return wrong(name, failure.ClientVulnerable, says+", and the policy refuses them", hint)
	}

	return warned(name, says, hint)
}

// drill looks at the cluster in which restores are proven.
func (d *Doctor) drill(ctx context.Context) []Check {
	const name = "cluster"

	if d.Config.DrillDatabase == "" {
		return []Check{skipped(name, "DRILL_DATABASE_URL is not set here; the drill worker has it")}
	}

	db, err := postgres.Open(ctx, d.Config.DrillDatabase)
	if err != nil {
		return []Check{failed(name, err)}
	}
	defer db.Close()

	var (
		number int
		able   bool
	)

	err = db.QueryRow(ctx, `select current_setting('server_version_num')::int, rolsuper or rolcreatedb and rolcreaterole
		from pg_roles where rolname = current_user`).Scan(&number, &able)
	if err != nil {
		return []Check{failed(name, failure.Wrap(failure.Unavailable, "looking at the drill cluster", err))}
	}

	if !able {
		return []Check{wrong(name, failure.ConfigInvalid, "the role of DRILL_DATABASE_URL may not create databases and roles",
			"Give it both: alter role NAME createdb createrole")}
	}

	version := pgtools.FromNumber(number)
	if source := d.otherMajor(ctx, version); source != "" {
		return []Check{wrong(name, failure.DrillClusterUnfit,
			fmt.Sprintf("PostgreSQL %s, of another major than the source %s; no backup would be drilled", version, source),
			failure.Lookup(failure.DrillClusterUnfit).Hint)}
	}

	return []Check{fine(name, "PostgreSQL "+version.String()+", scratch databases can be made")}
}
