package content

import "errors"

var errNotANumber = errors.New("not a number")

// ours keeps what a dump holds: no system schemas, nothing that belongs to an
// extension, whose objects come with the extension. The two places take the
// schema's alias and the catalog with the object's oid.
func ours(schema, catalog, oid string) string {
	return schema + `.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
		and ` + schema + `.nspname not like 'pg\_temp\_%' and ` + schema + `.nspname not like 'pg\_toast\_temp\_%'
		and not exists (select from pg_depend as e where e.deptype = 'e'
			and e.classid = '` + catalog + `'::regclass and e.objid = ` + oid + `)`
}

// relations joins classes to their schemas under the names c and n.
const relations = ` from pg_class as c join pg_namespace as n on n.oid = c.relnamespace `

// Materialized views are not listed: a restore computes them afresh, so that a
// stale one differs rightly. Their definitions are compared.
//
//nolint:gochecknoglobals // a constant text that a function helps to write
var tablesQuery = `select n.nspname, c.relname` + relations + `where c.relkind = 'r' and ` + ours("n", "pg_class", "c.oid")

//nolint:gochecknoglobals // as above
var sequencesQuery = `select n.nspname, c.relname` + relations + `where c.relkind = 'S' and ` + ours("n", "pg_class", "c.oid")

const largeObjectsQuery = `select oid::text || md5(lo_get(oid)) as line from pg_largeobject_metadata`

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

//nolint:gochecknoglobals // a constant text that functions help to write
var privilegesQuery = `
	select 'relation ' || c.oid::regclass::text || ' is owned by ' || pg_get_userbyid(c.relowner)` + relations + `
		where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ` + ours("n", "pg_class", "c.oid") + `
	union all
	select 'relation ' || c.oid::regclass::text` + right + relations + exploded("c.relacl", "r", "c.relowner") + `
		where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + ours("n", "pg_class", "c.oid") + `
	union all
	select 'sequence ' || c.oid::regclass::text` + right + relations + exploded("c.relacl", "s", "c.relowner") + `
		where c.relkind = 'S' and ` + ours("n", "pg_class", "c.oid") + `
	union all
	select 'column ' || c.oid::regclass::text || '.' || quote_ident(t.attname)` + right + relations + `
		join pg_attribute as t on t.attrelid = c.oid and t.attacl is not null and not t.attisdropped
		cross join lateral aclexplode(t.attacl) as a where ` + ours("n", "pg_class", "c.oid") + `
	union all
	select 'schema ' || n.nspname || ' is owned by ' || pg_get_userbyid(n.nspowner)
		from pg_namespace as n where ` + ours("n", "pg_namespace", "n.oid") + `
	union all
	select 'schema ' || n.nspname` + right + ` from pg_namespace as n` + exploded("n.nspacl", "n", "n.nspowner") + `
		where ` + ours("n", "pg_namespace", "n.oid") + `
	union all
	select 'function ' || p.oid::regprocedure::text || ' is owned by ' || pg_get_userbyid(p.proowner)
		from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where ` + ours("n", "pg_proc", "p.oid") + `
	union all
	select 'function ' || p.oid::regprocedure::text` + right + `
		from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace` + exploded("p.proacl", "f", "p.proowner") + `
		where ` + ours("n", "pg_proc", "p.oid") + `
	union all
	select 'type ' || t.oid::regtype::text || ' is owned by ' || pg_get_userbyid(t.typowner)
		from pg_type as t join pg_namespace as n on n.oid = t.typnamespace
		where t.typtype in ('e', 'd', 'r') and ` + ours("n", "pg_type", "t.oid") + `
	union all
	select 'default for ' || pg_get_userbyid(d.defaclrole) || ' in ' || coalesce(n.nspname, 'every schema') || ' of kind ' || d.defaclobjtype::text` +
	right + ` from pg_default_acl as d left join pg_namespace as n on n.oid = d.defaclnamespace
		cross join lateral aclexplode(d.defaclacl) as a`

// definitionQuery gives one line of text for each thing of a kind.
type definitionQuery struct{ name, lines string }

// definitionQueries are the kinds of things that have a definition. With the
// pinned search path PostgreSQL writes every name in full.
func definitionQueries() []definitionQuery {
	class := ours("n", "pg_class", "c.oid")

	return []definitionQuery{
		{"relation", `select concat_ws('|', c.oid::regclass, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
			c.reloptions, c.relispartition, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
			(select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits as i where i.inhrelid = c.oid)) as line` +
			relations + `where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ` + class},
		{"column", `select concat_ws('|', c.oid::regclass, row_number() over (partition by c.oid order by a.attnum), a.attname,
			format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
			pg_get_expr(d.adbin, d.adrelid)) as line` + relations + `join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0
			and not a.attisdropped left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
			where c.relkind in ('r', 'p', 'v', 'm', 'f') and ` + class},
		{"constraint", `select concat_ws('|', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) as line` +
			relations + `join pg_constraint as k on k.conrelid = c.oid and k.conparentid = 0 where ` + class},
		{"index", `select pg_get_indexdef(c.oid) as line` + relations + `where c.relkind in ('i', 'I') and ` + class},
		{"trigger", `select pg_get_triggerdef(t.oid) || t.tgenabled::text as line` + relations + `join pg_trigger as t on t.tgrelid = c.oid
			where not t.tgisinternal and t.tgparentid = 0 and ` + class},
		{"view", `select c.oid::regclass::text || pg_get_viewdef(c.oid) as line` + relations + `where c.relkind in ('v', 'm') and ` + class},
		{"policy", `select concat_ws('|', c.oid::regclass, p.polname, p.polcmd, p.polpermissive,
			(select string_agg(pg_get_userbyid(r), ',' order by pg_get_userbyid(r)) from unnest(p.polroles) as r),
			pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as line` + relations +
			`join pg_policy as p on p.polrelid = c.oid where ` + class},
		{"function", `select pg_get_functiondef(p.oid) as line from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
			where p.prokind in ('f', 'p', 'w') and ` + ours("n", "pg_proc", "p.oid")},
		{"enum", `select t.oid::regtype::text || '|' || string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder) as line
			from pg_type as t join pg_namespace as n on n.oid = t.typnamespace join pg_enum as e on e.enumtypid = t.oid
			where ` + ours("n", "pg_type", "t.oid") + ` group by t.oid`},
		{"domain", `select concat_ws('|', t.oid::regtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
			(select string_agg(k.conname::text || pg_get_constraintdef(k.oid), ',' order by k.conname) from pg_constraint as k where k.contypid = t.oid)) as line
			from pg_type as t join pg_namespace as n on n.oid = t.typnamespace where t.typtype = 'd' and ` + ours("n", "pg_type", "t.oid")},
		{"sequence", `select concat_ws('|', c.oid::regclass, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
			s.seqcache, s.seqcycle) as line` + relations + `join pg_sequence as s on s.seqrelid = c.oid where ` + class},
		{"statistics", `select pg_get_statisticsobjdef(s.oid) as line from pg_statistic_ext as s join pg_namespace as n on n.oid = s.stxnamespace
			where ` + ours("n", "pg_statistic_ext", "s.oid")},
		{"comment", `select concat_ws('|', c.oid::regclass, d.objsubid, d.description) as line` + relations + `join pg_description as d
			on d.classoid = 'pg_class'::regclass and d.objoid = c.oid where ` + class},
	}
}
