package content

// definitionQuery gives one line of text for each thing of a kind.
type definitionQuery struct{ name, lines string }

// definitionQueries are the kinds of things that have a definition. With the
// pinned search path PostgreSQL writes every name in full.
func definitionQueries() []definitionQuery {
	all := append(relationDefinitions(), typeDefinitions()...)

	return append(all, otherDefinitions()...)
}

// relationDefinitions are those of tables and of what hangs on tables.
func relationDefinitions() []definitionQuery {
	class := ours("pg_class", "c.oid")

	return []definitionQuery{
		{"relation", `select concat_ws('|', c.oid::regclass, c.relkind, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity,
			c.reloptions, c.relispartition, pg_get_expr(c.relpartbound, c.oid), pg_get_partkeydef(c.oid),
			(select string_agg(i.inhparent::regclass::text, ',' order by i.inhseqno) from pg_inherits as i where i.inhrelid = c.oid),
			c.relreplident, nullif(c.reloftype, 0)::regtype) as line` +
			relations + `where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and ` + class},
		{"column", `select concat_ws('|', c.oid::regclass, row_number() over (partition by c.oid order by a.attnum), a.attname,
			format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation::regcollation,
			case when c.relkind in ('r', 'p', 'm') then a.attstorage end,
			(select string_agg(o, ',' order by o) from unnest(a.attoptions) as o where o like 'n\_distinct%'),
			pg_get_expr(d.adbin, d.adrelid)) as line` + relations + `
			join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
			left join pg_attrdef as d on d.adrelid = c.oid and d.adnum = a.attnum
			where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and ` + class},
		{"constraint", `select concat_ws('|', c.oid::regclass, k.conname, pg_get_constraintdef(k.oid), k.convalidated) as line` +
			relations + `join pg_constraint as k on k.conrelid = c.oid and k.conparentid = 0 where ` + class},
		{"index", `select concat_ws('|', pg_get_indexdef(c.oid), i.indisvalid, i.indisclustered, i.indisreplident) as line` + relations + `
			join pg_index as i on i.indexrelid = c.oid where c.relkind in ('i', 'I') and ` + class},
		{"trigger", `select pg_get_triggerdef(t.oid) || t.tgenabled::text as line` + relations + `join pg_trigger as t on t.tgrelid = c.oid
			where not t.tgisinternal and t.tgparentid = 0 and ` + class},
		{"rule", `select pg_get_ruledef(r.oid) || r.ev_enabled::text as line` + relations + `join pg_rewrite as r on r.ev_class = c.oid
			where r.rulename <> '_RETURN' and ` + class},
		{"view", `select c.oid::regclass::text || pg_get_viewdef(c.oid) as line` + relations + `
			where c.relkind in ('v', 'm') and ` + class},
		{"policy", `select concat_ws('|', c.oid::regclass, p.polname, p.polcmd, p.polpermissive,
			(select string_agg(case r when 0 then '' else pg_get_userbyid(r) end, ',' order by pg_get_userbyid(r))
				from unnest(p.polroles) as r),
			pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as line` + relations +
			`join pg_policy as p on p.polrelid = c.oid where ` + class},
		{"sequence", `select concat_ws('|', c.oid::regclass, format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmax, s.seqmin,
			s.seqcache, s.seqcycle, (select d.refobjid::regclass::text || d.refobjsubid from pg_depend as d
				where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
				and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0)) as line` + relations + `
			join pg_sequence as s on s.seqrelid = c.oid where ` + class},
	}
}

// typeDefinitions are those of enums, domains and ranges. A composite's are its
// columns.
func typeDefinitions() []definitionQuery {
	return []definitionQuery{
		{"enum", `select t.oid::regtype::text || '|' || string_agg(quote_literal(e.enumlabel), ',' order by e.enumsortorder) as line` + types + `
			join pg_enum as e on e.enumtypid = t.oid where ` + ownTypes + ` group by t.oid`},
		{"domain", `select concat_ws('|', t.oid::regtype, format_type(t.typbasetype, t.typtypmod), t.typnotnull, t.typdefault,
			t.typcollation::regcollation, (select string_agg(k.conname::text || pg_get_constraintdef(k.oid), ',' order by k.conname)
				from pg_constraint as k where k.contypid = t.oid)) as line` + types + `where t.typtype = 'd' and ` + ownTypes},
		{"range", `select concat_ws('|', t.oid::regtype, r.rngsubtype::regtype, r.rngmultitypid::regtype, r.rngcollation::regcollation,
			r.rngcanonical, r.rngsubdiff) as line` + types + `join pg_range as r on r.rngtypid = t.oid where ` + ownTypes},
	}
}

// otherDefinitions are those of functions and of things of the whole database.
func otherDefinitions() []definitionQuery {
	return []definitionQuery{
		{"function", `select pg_get_functiondef(p.oid) as line from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace
			where p.prokind in ('f', 'p', 'w') and ` + ours("pg_proc", "p.oid")},
		{"aggregate", `select concat_ws('|', p.oid::regprocedure, a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn,
			a.aggtranstype::regtype, a.agginitval) as line from pg_aggregate as a join pg_proc as p on p.oid = a.aggfnoid
			join pg_namespace as n on n.oid = p.pronamespace where ` + ours("pg_proc", "p.oid")},
		{"collation", `select concat_ws('|', n.nspname, k.collname, k.collprovider, k.collisdeterministic, k.collcollate, k.collctype,
			k.colliculocale) as line from pg_collation as k join pg_namespace as n on n.oid = k.collnamespace
			where ` + ours("pg_collation", "k.oid")},
		{"statistics", `select pg_get_statisticsobjdef(s.oid) as line from pg_statistic_ext as s
			join pg_namespace as n on n.oid = s.stxnamespace where ` + ours("pg_statistic_ext", "s.oid")},
		{"server", `select concat_ws('|', s.srvname, w.fdwname, s.srvtype, s.srvversion, s.srvoptions) as line from pg_foreign_server as s
			join pg_foreign_data_wrapper as w on w.oid = s.srvfdw where ` + foreign("pg_foreign_server", "s.oid")},
		{"event trigger", `select concat_ws('|', e.evtname, e.evtevent, e.evtenabled, e.evtfoid::regprocedure, e.evttags) as line
			from pg_event_trigger as e where ` + foreign("pg_event_trigger", "e.oid")},
		{"publication", `select concat_ws('|', p.pubname, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
			(select string_agg(r.prrelid::regclass::text, ',' order by r.prrelid::regclass::text) from pg_publication_rel as r
				where r.prpubid = p.oid)) as line from pg_publication as p`},
		// Comments of what a new database has, and of extensions, do not come with a dump.
		{"comment", `select concat_ws('|', i.type, i.identity, d.description) as line from pg_description as d
			cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
			where (d.objoid >= 16384 or d.classoid = 'pg_namespace'::regclass and d.objoid = to_regnamespace('public'))
			and d.classoid <> 'pg_extension'::regclass and i.schema is distinct from 'pg_toast'
			and not exists (select from pg_depend as e where e.deptype = 'e' and e.classid = d.classoid and e.objid = d.objoid)`},
	}
}
