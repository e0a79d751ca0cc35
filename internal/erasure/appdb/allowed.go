package appdb

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/execute"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
)

// rights lists what the login lacks for the tables whose numbers are given: to see each row, to change or to delete it
// where that is done, and ($4) to have its statistics and its views made anew, which the server lets the owner alone do,
// and from PostgreSQL 17 on whoever may MAINTAIN it. Partitions are changed one by one, and may have other owners than their table.
// The tables are gathered first: else the server asks for the rights on every table that it has, once for each that is given.
const rights = `with done (number, updates, deletes) as materialized (
		select part.number, bool_or(given.updates), bool_or(given.deletes)
		from unnest($1::oid[], $2::boolean[], $3::boolean[]) as given (root, updates, deletes)
		cross join lateral (select given.root union select p.relid from pg_catalog.pg_partition_tree(given.root) as p) as part (number)
		group by part.number
	), tables as materialized (
		select c.oid, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, done.updates, done.deletes
		from done join pg_catalog.pg_class as c on c.oid = done.number
	)
	select lack || ' (' || count(*) || ' tables, such as ' || min(c.oid::regclass::text) || ')'
	from tables as c cross join lateral (values
	(pg_catalog.has_table_privilege(c.oid, 'select') and (not updates or pg_catalog.has_table_privilege(c.oid, 'update'))
		and (not deletes or pg_catalog.has_table_privilege(c.oid, 'delete')), 'select, update and delete'),
	(not c.relrowsecurity or (select rolsuper or rolbypassrls from pg_catalog.pg_roles where rolname = current_user)
		or pg_catalog.pg_has_role(c.relowner, 'usage') and not c.relforcerowsecurity,
		'bypassrls of the login, since row-level security hides rows'),
	(not $4 or pg_catalog.pg_has_role(c.relowner, 'usage') or case when pg_catalog.current_setting('server_version_num')::int >= 170000
		then pg_catalog.has_table_privilege(c.oid, 'maintain') else false end, 'membership of the owner, for vacuum, analyze and refresh'),
	(c.relkind <> 'm' or not exists (select from pg_catalog.pg_rewrite as r join pg_catalog.pg_depend as d
			on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_catalog.pg_class'::regclass
			and d.refobjid <> r.ev_class
		where r.ev_class = c.oid and not pg_catalog.has_any_column_privilege(c.relowner, d.refobjid, 'select')),
		'select of the owner of a view on what it reads, to compute it anew'),
	(not $4 or pg_catalog.pg_has_role(c.relowner, 'usage')
		or not exists (select from pg_catalog.pg_statistic_ext as e where e.stxrelid = c.oid)
		and not exists (select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indexprs is not null),
		'membership of the owner, to see statistics of several columns and of indexes')
	) as needs (has, lack) where not has group by lack order by lack`

// done is what an erasure does to tables, each at the same place of the three.
type done struct {
	oids             []uint32
	updates, deletes []bool
}

func (d *done) add(oid uint32, updates, deletes bool) {
	d.oids, d.updates, d.deletes = append(d.oids, oid), append(d.updates, updates), append(d.deletes, deletes)
}

// doneAlong is what is done along a route. A table whose rows stay as they are is read alone.
func doneAlong(found selection.Selection, views []execute.View) (all done) {
	for _, table := range found.Route.Kept {
		all.add(table.Live.OID, len(table.Overwrites) > 0, false)
	}

	for _, group := range found.Route.Going {
		for _, table := range group {
			all.add(table.Live.OID, false, true)

			for _, unlink := range table.Unlinks {
				if live, known := found.Schema.Table(unlink.Key.From); known {
					all.add(live.OID, true, false)
				}
			}
		}
	}

	for _, view := range views {
		all.add(view.OID, false, false)
	}

	return all
}

// allowed fails with StoreRefuses unless the login may do all that the route asks for, as an owner or not.
func allowed(ctx context.Context, on *session.Session, found selection.Selection, owner bool) error {
	views, err := execute.Views(ctx, on, found.Schema, found.Route.Views)
	if err != nil {
		return err
	}

	all := doneAlong(found, views)

	if owner {
		// Verify reads samples of these too, which the server shows to whoever may read the table.
		parents, err := execute.Parents(ctx, on, found, views)
		if err != nil {
			return err
		}

		for _, parent := range parents {
			all.add(parent.OID, false, false)
		}
	}

	rows, err := on.Query(ctx, rights, all.oids, all.updates, all.deletes, owner)
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

// owned fails with StoreRefuses unless the login may unlink the large objects that rows of the subject name, whose numbers are
// in the session's tables: once rows are gone, one of another owner would be in the way. One that a row of somebody else names too
// is asked for likewise, since that row may be gone by then.
func owned(ctx context.Context, on *session.Session, found selection.Selection) error {
	for i, set := range found.Route.Sets {
		if !set.LargeObjects {
			continue
		}

		var (
			count, example int64
			login          string
		)

		if err := on.QueryRow(ctx, found.NotOwned(i)).Scan(&count, &example, &login); err != nil {
			return fmt.Errorf("looking for the owners of large objects: %w", err)
		}

		if count > 0 {
			return failure.New(failure.StoreRefuses, fmt.Sprintf("looking at the rights of the login: "+
				"it does not own %d large objects, such as %d (%s); for each: alter large object %[2]d owner to %[4]s",
				count, example, set, login))
		}
	}

	return nil
}
