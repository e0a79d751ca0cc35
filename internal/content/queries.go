package content

import "errors"

var errNotANumber = errors.New("not a number")

// ours keeps what a dump holds: no system schemas, nothing that belongs to an
// extension, whose objects come with the extension. The schema has the alias n;
// the two places take the catalog and the object's oid.
func ours(catalog, oid string) string {
	return `n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
		and n.nspname not like 'pg\_temp\_%' and n.nspname not like 'pg\_toast\_temp\_%' and ` + foreign(catalog, oid)
}

// foreign keeps what belongs to no extension.
func foreign(catalog, oid string) string {
	return `not exists (select from pg_depend as member where member.deptype = 'e'
			and member.classid = '` + catalog + `'::regclass and member.objid = ` + oid + `)`
}

// relations joins classes to their schemas under the names c and n.
const relations = ` from pg_class as c join pg_namespace as n on n.oid = c.relnamespace `

// tablesQuery lists the tables. Materialized views are not listed: a restore computes
// them afresh, so that a stale one differs rightly. Their definitions are compared.
//
// The sizes are those of the catalogue, as the last VACUUM or ANALYZE found them: to
// ask for the files themselves takes a lock on each table, and would wait behind
// whoever waits to alter one. They decide only into how many pieces a table is cut. The
// files of one that was never analysed, as in a copy just restored, are asked unless
// somebody locks it or waits for that; then it is one piece.
//
//nolint:gochecknoglobals // a constant text that a function helps to write
var tablesQuery = tablesBeside(`'AccessExclusiveLock'`)

// tablesBeside lists tables with their sizes, and joins as locked those on which
// somebody holds or awaits a lock of these modes: their files are not asked. The locks
// are looked at once, however many tables there are.
func tablesBeside(modes string) string {
	return `select c.oid::bigint, n.nspname, c.relname,
	case when ` + unasked + ` then (c.relpages + coalesce(toast.relpages, 0))::bigint * current_setting('block_size')::bigint
		else coalesce(pg_table_size(c.oid), 0) end,
	case when ` + unasked + ` then c.relpages::bigint else coalesce(pg_relation_size(c.oid), 0) / current_setting('block_size')::bigint end,
	getdatabaseencoding() = 'UTF8'` + relations + `
	left join pg_class as toast on toast.oid = c.reltoastrelid
	left join (select distinct l.relation` + locks(modes) + `) as locked on locked.relation = c.oid
	where c.relkind = 'r' and ` + ours("pg_class", "c.oid")
}

// locks are those of these modes on tables of this database, under the name l.
func locks(modes string) string {
	return ` from pg_locks as l where l.locktype = 'relation' and l.mode in (` + modes + `)
	and l.database = (select oid from pg_database where datname = current_database())`
}

// unasked are the tables whose files are not asked for their size.
const unasked = `(c.relpages > 0 or locked.relation is not null)`

//nolint:gochecknoglobals // as above
var sequencesQuery = `select n.nspname, c.relname` + relations + `where c.relkind = 'S' and ` + ours("pg_class", "c.oid")

// pageOfObject are the bytes of a large object that are hashed at once: as a whole
// it may be too large for a value, which ends at 1 GB. The table that holds the
// pages is closed to all but superusers, so they are asked for one by one.
const pageOfObject = "1048576"

// objectHash is a hash over the hashes of all pages of the large object l. The
// page after the last is empty, or the last is short.
const objectHash = `(with recursive page (n, size, h) as (
		select 0::bigint, length(b), md5(b) from (select lo_get(l.oid, 0, ` + pageOfObject + `) as b offset 0) as first
		union all
		select n + 1, length(b), md5(b) from page
			cross join lateral (select lo_get(l.oid, (n + 1) * ` + pageOfObject + `, ` + pageOfObject + `) as b offset 0) as next
			where size = ` + pageOfObject + `
	) select md5(string_agg(h, '' order by n)) from page)`

// someObjects gives the last of the next large objects after one, null if there is
// none: a hundred are hashed at once, so that it shows how the work goes on.
const someObjects = `select max(oid)::bigint from (
	select oid from pg_largeobject_metadata where oid > $1::bigint::oid order by oid limit 100) as o`

// A large object's owner and rights are in its line: there may be millions, so
// they are not listed one by one. The two numbers are the bounds of some of them.
const largeObjectsQuery = `select concat_ws('|', l.oid, ` + objectHash + `, pg_get_userbyid(l.lomowner),
	(select string_agg(concat_ws(':', a.privilege_type, a.is_grantable, case a.grantee when 0 then '' else pg_get_userbyid(a.grantee) end),
		',' order by a.privilege_type, a.is_grantable, a.grantee = 0, case a.grantee when 0 then '' else pg_get_userbyid(a.grantee) end)
		from aclexplode(coalesce(l.lomacl, acldefault('L', l.lomowner))) as a)) as line
	from pg_largeobject_metadata as l where l.oid > %d and l.oid <= %d`

const extensionsQuery = `select e.extname, e.extversion, n.nspname, pg_get_userbyid(n.nspowner)
	from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace where e.extname <> 'plpgsql'`

// right writes one entry of an exploded ACL under the name a.
const right = ` || ' grants ' || a.privilege_type || case when a.is_grantable then ' with option' else '' end
	|| ' to ' || case a.grantee when 0 then 'everybody' else pg_get_userbyid(a.grantee) end`

// exploded joins the rights of an ACL under the name a. An empty ACL is the
// default one of its kind, so that "never granted" and "granted as by default"
// agree.
func exploded(acl, kind, owner string) string {
	return ` cross join lateral aclexplode(coalesce(` + acl + `, acldefault('` + kind + `', ` + owner + `))) as a `
}

// types joins types to their schemas under the names t and n.
const types = ` from pg_type as t join pg_namespace as n on n.oid = t.typnamespace `

// ownTypes keeps the types that somebody made: enums, domains, ranges, and
// composites that are not the row of a table.
//
//nolint:gochecknoglobals // a constant text that a function helps to write
var ownTypes = `(t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and exists (
	select from pg_class as c where c.oid = t.typrelid and c.relkind = 'c')) and ` + ours("pg_type", "t.oid")

//nolint:gochecknoglobals // a constant text that functions help to write
var privilegesQuery = `
	select 'relation ' || c.oid::regclass::text || ' is owned by ' || pg_get_userbyid(c.relowner)` + relations + `
		where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ` + ours("pg_class", "c.oid") + `
	union all
	select 'relation ' || c.oid::regclass::text` + right + relations + exploded("c.relacl", "r", "c.relowner") + `
		where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + ours("pg_class", "c.oid") + `
	union all
	select 'sequence ' || c.oid::regclass::text` + right + relations + exploded("c.relacl", "s", "c.relowner") + `
		where c.relkind = 'S' and ` + ours("pg_class", "c.oid") + `
	union all
	select 'column ' || c.oid::regclass::text || '.' || quote_ident(t.attname)` + right + relations + `
		join pg_attribute as t on t.attrelid = c.oid and t.attacl is not null and not t.attisdropped
		cross join lateral aclexplode(t.attacl) as a where ` + ours("pg_class", "c.oid") + `
	union all
	select 'schema ' || n.nspname || ' is owned by ' || pg_get_userbyid(n.nspowner)
		from pg_namespace as n where ` + ours("pg_namespace", "n.oid") + `
	union all
	select 'schema ' || n.nspname` + right + ` from pg_namespace as n` + exploded("n.nspacl", "n", "n.nspowner") + `
		where ` + ours("pg_namespace", "n.oid") + `
	union all
	select 'function ' || p.oid::regprocedure::text || ' is owned by ' || pg_get_userbyid(p.proowner)
		from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where ` + ours("pg_proc", "p.oid") + `
	union all
	select 'function ' || p.oid::regprocedure::text` + right + `
		from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace` + exploded("p.proacl", "f", "p.proowner") + `
		where ` + ours("pg_proc", "p.oid") + `
	union all
	select 'type ' || t.oid::regtype::text || ' is owned by ' || pg_get_userbyid(t.typowner)` + types + `where ` + ownTypes + `
	union all
	select 'type ' || t.oid::regtype::text` + right + types + exploded("t.typacl", "T", "t.typowner") + `where ` + ownTypes + `
	union all
	select 'default for ' || pg_get_userbyid(d.defaclrole) || ' in ' || coalesce(n.nspname, 'every schema') || ' of kind ' ||
		d.defaclobjtype::text` + right + ` from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace
		cross join lateral aclexplode(d.defaclacl) as a` + rarePrivileges()
