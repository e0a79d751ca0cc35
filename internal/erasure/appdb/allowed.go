package appdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
)

// rights lists what the login lacks for the tables whose numbers are given: to see each row, to change
// it, and to have its statistics and its views made anew, which the server lets the owner alone do,
// and from PostgreSQL 17 on whoever may MAINTAIN it. Partitions are changed one by one, and may have other owners than their table.
const rights = `select lack || ' (' || count(*) || ' tables, such as ' || min(c.oid::regclass::text) || ')'
	from pg_catalog.pg_class as c cross join lateral (values
	(pg_catalog.has_table_privilege(c.oid, 'select') and (c.relkind = 'm' or pg_catalog.has_table_privilege(c.oid, 'update')
		and pg_catalog.has_table_privilege(c.oid, 'delete')), 'select, update and delete'),
	(not c.relrowsecurity or (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user)
		or pg_catalog.pg_has_role(c.relowner, 'usage') and not c.relforcerowsecurity,
		'bypassrls of the login, since row-level security hides rows'),
	(pg_catalog.pg_has_role(c.relowner, 'usage') or case when pg_catalog.current_setting('server_version_num')::int >= 170000
		then pg_catalog.has_table_privilege(c.oid, 'maintain') else false end, 'membership of the owner, for vacuum, analyze and refresh')
	) as needs (has, lack) where not has and c.oid in (select o from unnest($1::oid[]) as o
		union select p.relid from unnest($1::oid[]) as o cross join lateral pg_catalog.pg_partition_tree(o) as p) group by lack order by lack`

// allowed fails with StoreRefuses unless the login may do all that the route asks for.
func allowed(ctx context.Context, on *session.Session, found selection.Selection) error {
	oids := []uint32{}

	for _, table := range found.Route.All() {
		oids = append(oids, table.Live.OID)

		for _, unlink := range table.Unlinks {
			if live, known := found.Schema.Table(unlink.Key.From); known {
				oids = append(oids, live.OID)
			}
		}
	}

	for _, view := range found.Route.Views {
		if live, known := found.Schema.Table(view); known {
			oids = append(oids, live.OID)
		}
	}

	rows, err := on.Query(ctx, rights, oids)
	if err != nil {
		return fmt.Errorf("looking at rights: %w", err)
	}

	lacks, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("looking at rights: %w", err)
	}

	if len(lacks) > 0 {
		return failure.New(failure.StoreRefuses,
			"looking at the rights of the login: it lacks "+strings.Join(lacks, " and "))
	}

	return nil
}
