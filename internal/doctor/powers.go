package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// powersQuery names what only a superuser can restore: a drill restores as a role
// without powers, so that each of these makes every drill fail. What an extension
// brought comes with it. Subscriptions are in a superuser's dump only.
const powersQuery = `
	select 'event trigger ' || quote_ident(e.evtname) from pg_event_trigger as e
		where not exists (select from pg_depend as d where d.deptype = 'e' and d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid)
	union all
	select 'publication ' || quote_ident(p.pubname) || ' of all tables or of a schema' from pg_publication as p
		where p.puballtables or exists (select from pg_depend as d
			where d.classid = to_regclass('pg_catalog.pg_publication_namespace') and d.refobjid = p.oid)
	union all
	select 'function ' || p.oid::regprocedure::text || ' in ' || l.lanname from pg_proc as p join pg_language as l on l.oid = p.prolang
		join pg_namespace as n on n.oid = p.pronamespace
		where not l.lanpltrusted and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
			and not exists (select from pg_depend as d where d.deptype = 'e' and d.classid = 'pg_proc'::regclass and d.objid = p.oid)
	union all
	select 'subscription ' || quote_ident(s.subname) from pg_subscription as s join pg_database as b on b.oid = s.subdbid
		where b.datname = current_database() and (select rolsuper from pg_roles where rolname = current_user)
	order by 1`

// powers lists them.
func powers(ctx context.Context, db postgres.Queryer) ([]string, error) {
	rows, err := db.Query(ctx, powersQuery)
	if err != nil {
		return nil, fmt.Errorf("asking for what needs a superuser: %w", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("asking for what needs a superuser: %w", err)
	}

	return found, nil
}

// shown is how many names a line of the doctor holds.
const shown = 3

// some are the first names, and how many there are beyond.
func some(names []string) string {
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}

	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}
