package content

import "strings"

// definitionQuery gives two texts for each thing of a kind: the column line, and
// the column expr, which PostgreSQL wrote out of a tree. What a dump and a restore
// make of the second is not the same text, so it is compared in the form that
// package deparsed gives it.
type definitionQuery struct{ name, lines string }

// The columns of a kind that has only one of the two.
const (
	noExpr = `, null as expr`
	noLine = `null as line, `
)

// exprs joins expressions to the column expr; an absent one keeps its place.
func exprs(parts ...string) string {
	return `, concat(` + strings.Join(parts, `, chr(31), `) + `) as expr`
}

// dumpedIndex keeps the indexes that pg_dump takes, with the alias i for the index
// and t for the class of its table: what a CREATE INDEX CONCURRENTLY that failed
// leaves behind stays out.
const dumpedIndex = `(i.indisvalid or t.relkind = 'p') and i.indisready`

// definitionQueries are the kinds of things that have a definition. With the
// pinned search path PostgreSQL writes every name in full.
func definitionQueries() []definitionQuery {
	all := append(relationDefinitions(), typeDefinitions()...)
	all = append(all, otherDefinitions()...)

	return append(all, rareDefinitions()...)
}

// relationDefinitions are those of tables and of what hangs on tables.
func relationDefinitions() []definitionQuery {
	class := ours("pg_class", "c.oid")

	return []definitionQuery{
		{"relation", `select concat_ws('|', c.oid::regclass, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
			c.reloptions, c.relispartition,
			(select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits as i where i.inhrelid = c.oid),
			c.relreplident, nullif(c.reloftype, 0)::regtype) as line` +
			exprs("pg_get_expr(c.relpartbound, c.oid)", "pg_get_partkeydef(c.oid)") +
			relations + `where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ` + class},
		{"column", `select concat_ws('|', c.oid::regclass, row_number() over (partition by c.oid order by a.attnum), a.attname,
			format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
			case when c.relkind in ('r', 'p', 'm') then a.attstorage end,
			(select string_agg(o, ',' order by o) from unnest(a.attoptions) as o where o like 'n\_distinct%')) as line` +
			exprs("pg_get_expr(d.adbin, d.adrelid)") + relations + `
			join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
			left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
			where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ` + class},
		// NOT NULL is part of the column, though PostgreSQL 18 keeps a constraint for it.
		{"constraint", `select concat_ws('|', c.oid::regclass, k.conname, k.convalidated) as line` +
			exprs("pg_get_constraintdef(k.oid)") + relations +
			`join pg_constraint as k on k.conrelid = c.oid and k.conparentid = 0 and k.contype <> 'n' where ` + class},
		{"index", `select concat_ws('|', i.indisvalid, i.indisclustered, i.indisreplident) as line` +
			exprs("pg_get_indexdef(c.oid)") + relations + `
			join pg_index as i on i.indexrelid = c.oid join pg_class as t on t.oid = i.indrelid
			where c.relkind in ('i', 'I') and ` + dumpedIndex + ` and ` + class},
		{"trigger", `select t.tgenabled::text as line` + exprs("pg_get_triggerdef(t.oid)") + relations + `
			join pg_trigger as t on t.tgrelid = c.oid where not t.tgisinternal and t.tgparentid = 0 and ` + class},
		{"rule", `select r.ev_enabled::text as line` + exprs("pg_get_ruledef(r.oid)") + relations + `
			join pg_rewrite as r on r.ev_class = c.oid where r.rulename <> '_RETURN' and ` + class},
		{"view", `select c.oid::regclass::text as line` + exprs("pg_get_viewdef(c.oid)") + relations + `
			where c.relkind in ('v', 'm') and ` + class},
		{"policy", `select concat_ws('|', c.oid::regclass, p.polname, p.polcmd, p.polpermissive,
			(select string_agg(case r when 0 then '' else pg_get_userbyid(r) end, ',' order by pg_get_userbyid(r))
				from unnest(p.polroles) as r)) as line` +
			exprs("pg_get_expr(p.polqual, p.polrelid)", "pg_get_expr(p.polwithcheck, p.polrelid)") + relations +
			`join pg_policy as p on p.polrelid = c.oid where ` + class},
		{"sequence", `select concat_ws('|', c.oid::regclass, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
			s.seqcache, s.seqcycle, (select d.refobjid::regclass::text || d.refobjsubid from pg_depend as d
				where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
				and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0)) as line` + noExpr + relations + `
			join pg_sequence as s on s.seqrelid = c.oid where ` + class},
	}
}

// typeDefinitions are those of enums, domains and ranges. A composite's are its
// columns.
func typeDefinitions() []definitionQuery {
	return []definitionQuery{
		{"enum", `select t.oid::regtype::text || '|' || string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder) as line` +
			noExpr + types + `
			join pg_enum as e on e.enumtypid = t.oid where ` + ownTypes + ` group by t.oid`},
		{"domain", `select concat_ws('|', t.oid::regtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull,
			t.typcollation::regcollation) as line` + exprs("t.typdefault",
			`(select string_agg(quote_ident(k.conname) || ' ' || pg_get_constraintdef(k.oid), chr(31) order by k.conname)
				from pg_constraint as k where k.contypid = t.oid and k.contype <> 'n')`) + types + `where t.typtype = 'd' and ` + ownTypes},
		{"range", `select concat_ws('|', t.oid::regtype, r.rngsubtype::regtype, r.rngmultitypid::regtype, r.rngcollation::regcollation,
			r.rngcanonical, r.rngsubdiff) as line` + noExpr + types + `join pg_range as r on r.rngtypid = t.oid where ` + ownTypes},
	}
}

// otherDefinitions are those of functions and of things of the whole database.
func otherDefinitions() []definitionQuery {
	return []definitionQuery{
		{"function", `select ` + noLine + `pg_get_functiondef(p.oid) as expr from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
			where p.prokind in ('f', 'p', 'w') and ` + ours("pg_proc", "p.oid")},
		{"aggregate", `select concat_ws('|', p.oid::regprocedure, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
			a.aggtranstype::regtype, a.agginitval) as line` + noExpr + ` from pg_aggregate as a join pg_proc as p on p.oid = a.aggfnoid
			join pg_namespace as n on n.oid = p.pronamespace where ` + ours("pg_proc", "p.oid")},
		// Its locale has another name from PostgreSQL 17 on, and there is none before 15.
		{"collation", `select concat_ws('|', n.nspname, k.collname, k.collprovider, k.collisdeterministic, k.collcollate, k.collctype,
			coalesce(to_jsonb(k) ->> 'colllocale', to_jsonb(k) ->> 'colliculocale')) as line` + noExpr + `
			from pg_collation as k join pg_namespace as n on n.oid = k.collnamespace
			where ` + ours("pg_collation", "k.oid")},
		{"statistics", `select ` + noLine + `pg_get_statisticsobjdef(s.oid) as expr from pg_statistic_ext as s
			join pg_namespace as n on n.oid = s.stxnamespace where ` + ours("pg_statistic_ext", "s.oid")},
		{"server", `select concat_ws('|', s.srvname, w.fdwname, s.srvtype, s.srvversion, s.srvoptions) as line` + noExpr + `
			from pg_foreign_server as s join pg_foreign_data_wrapper as w on w.oid = s.srvfdw where ` + foreign("pg_foreign_server", "s.oid")},
		{"event trigger", `select concat_ws('|', e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regprocedure, e.evttags) as line` + noExpr + `
			from pg_event_trigger as e where ` + foreign("pg_event_trigger", "e.oid")},
		{"publication", `select concat_ws('|', p.pubname, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
			(select string_agg(r.prrelid::regclass::text, ',' order by r.prrelid::regclass::text) from pg_publication_rel as r
				where r.prpubid = p.oid)) as line` + noExpr + ` from pg_publication as p`},
		// Comments of what a new database has, of extensions, and of an index that is
		// not valid do not come with a dump.
		{"comment", `select concat_ws('|', i.type, i.identity, d.description) as line` + noExpr + ` from pg_description as d
			cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
			where (d.objoid >= 16384 or d.classoid = 'pg_namespace'::regclass and d.objoid = to_regnamespace('public'))
			and d.classoid <> 'pg_extension'::regclass and i.schema is distinct from 'pg_toast'
			and not exists (select from pg_depend as e where e.deptype = 'e' and e.classid = d.classoid and e.objid = d.objoid)
			and not exists (select from pg_index as i join pg_class as t on t.oid = i.indrelid
				where d.classoid = 'pg_class'::regclass and i.indexrelid = d.objoid and not (` + dumpedIndex + `))`},
	}
}
