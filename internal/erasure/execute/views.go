package execute

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/session"
	"steward/internal/liveschema"
)

// resting lists the materialized views whose numbers are given, and those that they rest on, by way of plain views too: whatever
// rests on another comes after it, since it rests on more. What a function reads, no catalogue tells.
const resting = `with recursive reads as (
		select distinct r.ev_class as over, d.refobjid as base from pg_catalog.pg_rewrite as r
		join pg_catalog.pg_depend as d on d.classid = 'pg_catalog.pg_rewrite'::regclass and d.objid = r.oid
			and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid <> r.ev_class
	), below as (
		select o.oid as top, o.oid as base from unnest($1::oid[]) as o (oid)
		union select b.top, r.base from below as b join reads as r on r.over = b.base
	), found as (
		select distinct c.oid, n.nspname, c.relname from below as b join pg_catalog.pg_class as c on c.oid = b.base and c.relkind = 'm'
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
	), rests as (
		select f.oid as top, f.oid as base from found as f union select s.top, r.base from rests as s join reads as r on r.over = s.base
	)
	select f.oid, f.nspname::text, f.relname::text from found as f join rests as s on s.top = f.oid join found as b on b.oid = s.base
	group by f.oid, f.nspname, f.relname order by count(*), f.nspname, f.relname`

// View is a materialized view by its number and name.
type View struct {
	OID  uint32
	Name liveschema.Name
}

// Views are the materialized views of a route and those that they rest on, each after what it rests on.
func Views(ctx context.Context, on *session.Session, schema liveschema.Schema, names []liveschema.Name) ([]View, error) {
	oids := []uint32{}

	for _, name := range names {
		if live, known := schema.Table(name); known {
			oids = append(oids, live.OID)
		}
	}

	if len(oids) == 0 {
		return nil, nil
	}

	rows, err := on.Query(ctx, resting, oids)
	if err != nil {
		return nil, fmt.Errorf("looking for what views rest on: %w", err)
	}

	views, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (view View, err error) {
		return view, row.Scan(&view.OID, &view.Name.Schema, &view.Name.Table)
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what views rest on: %w", err)
	}

	return views, nil
}
