package content

// rareDefinitions are those of what few databases have. Each is a kind of its own
// with no line where there is none of it, so that a manifest from before Steward knew
// the kind still equals its copy: what is added to a kind that every database has
// would condemn every backup of the day before.
func rareDefinitions() []definitionQuery {
	all := append(storageDefinitions(), languageDefinitions()...)
	all = append(all, operatorDefinitions()...)

	return append(all, searchDefinitions()...)
}

// made keeps what no new database has; initdb gives the lower numbers.
const made = ` >= 16384 and `

// storageDefinitions are those of where and how rows lie, here or elsewhere. The
// options of a user mapping are not compared: they may be a password, and only its
// owner sees them.
func storageDefinitions() []definitionQuery {
	class := ours("pg_class", "c.oid")

	return []definitionQuery{
		{"table access", `select concat_ws('|', c.oid::regclass, m.amname) as line` + noExpr + relations + `
			join pg_am as m on m.oid = c.relam where c.relkind in ('r', 'p', 'm') and m.amname <> 'heap' and ` + class},
		{"access method", `select concat_ws('|', m.amname, m.amtype, m.amhandler) as line` + noExpr + `
			from pg_am as m where m.oid` + made + foreign("pg_am", "m.oid")},
		{"wrapper", `select concat_ws('|', w.fdwname, w.fdwhandler::regproc, w.fdwvalidator::regproc, w.fdwoptions) as line` + noExpr + `
			from pg_foreign_data_wrapper as w where ` + foreign("pg_foreign_data_wrapper", "w.oid")},
		{"foreign table", `select concat_ws('|', c.oid::regclass, s.srvname, f.ftoptions,
			(select string_agg(quote_ident(a.attname) || a.attfdwoptions::text, ',' order by a.attnum) from pg_attribute as a
				where a.attrelid = c.oid and not a.attisdropped and a.attfdwoptions is not null)) as line` + noExpr + relations + `
			join pg_foreign_table as f on f.ftrelid = c.oid join pg_foreign_server as s on s.oid = f.ftserver where ` + class},
		{"user mapping", `select concat_ws('|', u.srvname, u.usename) as line` + noExpr + ` from pg_user_mappings as u`},
		// Before PostgreSQL 15 there are neither filters nor columns nor schemas: the view
		// lacks the columns, and no such object is in pg_depend.
		{"publication content", `select concat_ws('|', p.pubname, r.prrelid::regclass,
			case when to_jsonb(r) ->> 'prattrs' is not null then to_jsonb(t) ->> 'attnames' end) as line,
			to_jsonb(t) ->> 'rowfilter' as expr from pg_publication as p join pg_publication_rel as r on r.prpubid = p.oid
			join pg_class as c on c.oid = r.prrelid join pg_namespace as n on n.oid = c.relnamespace
			join pg_publication_tables as t on t.pubname = p.pubname and t.schemaname = n.nspname and t.tablename = c.relname
			where to_jsonb(r) ->> 'prattrs' is not null or to_jsonb(t) ->> 'rowfilter' is not null`},
		{"publication schema", `select distinct i.identity as line` + noExpr + ` from pg_depend as d
			cross join lateral pg_identify_object(d.classid, d.objid, 0) as i
			where d.classid = to_regclass('pg_catalog.pg_publication_namespace')`},
		{"publication root", `select p.pubname::text as line` + noExpr + ` from pg_publication as p where p.pubviaroot`},
	}
}

// languageDefinitions are those of languages and of what leads from one type to
// another.
func languageDefinitions() []definitionQuery {
	return []definitionQuery{
		{"language", `select concat_ws('|', l.lanname, l.lanpltrusted, l.lanplcallfoid::regprocedure, l.laninline::regprocedure,
			l.lanvalidator::regprocedure) as line` + noExpr + ` from pg_language as l
			where l.lanispl and ` + foreign("pg_language", "l.oid")},
		{"cast", `select concat_ws('|', k.castsource::regtype, k.casttarget::regtype, k.castfunc::regprocedure, k.castcontext,
			k.castmethod) as line` + noExpr + ` from pg_cast as k where k.oid` + made + foreign("pg_cast", "k.oid")},
		{"transform", `select concat_ws('|', x.trftype::regtype, l.lanname, x.trffromsql::oid::regprocedure,
			x.trftosql::oid::regprocedure) as line` + noExpr + ` from pg_transform as x join pg_language as l on l.oid = x.trflang
			where ` + foreign("pg_transform", "x.oid")},
		{"conversion", `select concat_ws('|', n.nspname, k.conname, pg_encoding_to_char(k.conforencoding),
			pg_encoding_to_char(k.contoencoding), k.conproc::oid::regprocedure, k.condefault) as line` + noExpr + `
			from pg_conversion as k join pg_namespace as n on n.oid = k.connamespace where ` + ours("pg_conversion", "k.oid")},
	}
}

// family writes the name of an operator family with the aliases f, fn and fm.
const family = `concat_ws('|', fn.nspname, f.opfname, fm.amname)`

// families joins families to their schemas and access methods.
const families = ` join pg_namespace as fn on fn.oid = f.opfnamespace join pg_am as fm on fm.oid = f.opfmethod `

// operatorDefinitions are those of operators, of their classes and families, and of
// what belongs to a family. An operator that was only named as another's partner is
// not dumped.
func operatorDefinitions() []definitionQuery {
	mine := ` join pg_namespace as n on n.oid = f.opfnamespace where ` + ours("pg_opfamily", "f.oid")

	return []definitionQuery{
		{"operator", `select concat_ws('|', o.oid::regoperator, o.oprcode::oid::regprocedure, o.oprcom::regoperator,
			o.oprnegate::regoperator, o.oprrest::oid::regprocedure, o.oprjoin::oid::regprocedure, o.oprcanmerge, o.oprcanhash) as line` +
			noExpr + ` from pg_operator as o join pg_namespace as n on n.oid = o.oprnamespace
			where o.oprcode <> 0 and ` + ours("pg_operator", "o.oid")},
		{"operator family", `select ` + family + ` as line` + noExpr + ` from pg_opfamily as f` + families + mine + `
			union all select ` + family + ` || concat_ws('|', '', 'operator', a.amopstrategy, a.amoppurpose, a.amopopr::regoperator,
				nullif(a.amopsortfamily, 0)::text)` + noExpr + `
			from pg_opfamily as f` + families + `join pg_amop as a on a.amopfamily = f.oid` + mine + `
			union all select ` + family + ` || concat_ws('|', '', 'function', a.amprocnum, a.amproclefttype::regtype,
				a.amprocrighttype::regtype, a.amproc::oid::regprocedure)` + noExpr + `
			from pg_opfamily as f` + families + `join pg_amproc as a on a.amprocfamily = f.oid` + mine},
		{"operator class", `select concat_ws('|', n.nspname, k.opcname, ` + family + `, k.opcintype::regtype, k.opcdefault,
			k.opckeytype::regtype) as line` + noExpr + ` from pg_opclass as k join pg_namespace as n on n.oid = k.opcnamespace
			join pg_opfamily as f on f.oid = k.opcfamily` + families + `where ` + ours("pg_opclass", "k.oid")},
	}
}

// searchDefinitions are those of text search.
func searchDefinitions() []definitionQuery {
	return []definitionQuery{
		{"text search parser", `select concat_ws('|', n.nspname, p.prsname, p.prsstart, p.prstoken, p.prsend, p.prsheadline,
			p.prslextype) as line` + noExpr + ` from pg_ts_parser as p join pg_namespace as n on n.oid = p.prsnamespace
			where ` + ours("pg_ts_parser", "p.oid")},
		{"text search template", `select concat_ws('|', n.nspname, t.tmplname, t.tmplinit, t.tmpllexize) as line` + noExpr + `
			from pg_ts_template as t join pg_namespace as n on n.oid = t.tmplnamespace where ` + ours("pg_ts_template", "t.oid")},
		{"text search dictionary", `select concat_ws('|', d.oid::regdictionary, tn.nspname, t.tmplname, d.dictinitoption) as line` + noExpr + `
			from pg_ts_dict as d join pg_namespace as n on n.oid = d.dictnamespace
			join pg_ts_template as t on t.oid = d.dicttemplate join pg_namespace as tn on tn.oid = t.tmplnamespace
			where ` + ours("pg_ts_dict", "d.oid")},
		{"text search configuration", `select concat_ws('|', k.oid::regconfig, pn.nspname, p.prsname,
			(select string_agg(concat_ws(':', m.maptokentype, m.mapdict::regdictionary), ',' order by m.maptokentype, m.mapseqno)
				from pg_ts_config_map as m where m.mapcfg = k.oid)) as line` + noExpr + `
			from pg_ts_config as k join pg_namespace as n on n.oid = k.cfgnamespace
			join pg_ts_parser as p on p.oid = k.cfgparser join pg_namespace as pn on pn.oid = p.prsnamespace
			where ` + ours("pg_ts_config", "k.oid")},
	}
}

// ownedBy writes a line of privileges: who owns one thing.
func ownedBy(kind, name, owner, from string) string {
	return `
	union all
	select '` + kind + ` ' || ` + name + ` || ' is owned by ' || pg_get_userbyid(` + owner + `) from ` + from
}

// in joins a catalog under the alias o to its schemas, and keeps what a dump holds.
func in(catalog, namespace string) string {
	return catalog + ` as o join pg_namespace as n on n.oid = o.` + namespace + ` where ` + ours(catalog, "o.oid")
}

// rarePrivileges are the owners and the rights of what few databases have, each
// behind a union.
func rarePrivileges() string {
	wrappers := `pg_foreign_data_wrapper as o`
	servers := `pg_foreign_server as o`
	languages := `pg_language as o`
	own := func(catalog string) string { return ` where o.oid` + made + foreign(catalog, "o.oid") }
	may := func(kind, name, from string) string {
		return `
	union all
	select '` + kind + ` ' || quote_ident(o.` + name + `)` + right + ` from ` + from
	}

	return ownedBy("wrapper", "quote_ident(o.fdwname)", "o.fdwowner", wrappers+own("pg_foreign_data_wrapper")) +
		may("wrapper", "fdwname", wrappers+exploded("o.fdwacl", "F", "o.fdwowner")+own("pg_foreign_data_wrapper")) +
		ownedBy("server", "quote_ident(o.srvname)", "o.srvowner", servers+own("pg_foreign_server")) +
		may("server", "srvname", servers+exploded("o.srvacl", "S", "o.srvowner")+own("pg_foreign_server")) +
		ownedBy("language", "quote_ident(o.lanname)", "o.lanowner", languages+own("pg_language")) +
		may("language", "lanname", languages+exploded("o.lanacl", "l", "o.lanowner")+own("pg_language")) +
		ownedBy("operator", "o.oid::regoperator", "o.oprowner", in("pg_operator", "oprnamespace")+` and o.oprcode <> 0`) +
		ownedBy("operator class", "concat_ws('.', quote_ident(n.nspname), quote_ident(o.opcname), o.opcintype::regtype)", "o.opcowner",
			in("pg_opclass", "opcnamespace")) +
		ownedBy("operator family", "concat_ws('.', quote_ident(n.nspname), quote_ident(o.opfname), o.opfmethod)", "o.opfowner",
			in("pg_opfamily", "opfnamespace")) +
		ownedBy("text search dictionary", "o.oid::regdictionary::text", "o.dictowner", in("pg_ts_dict", "dictnamespace")) +
		ownedBy("text search configuration", "o.oid::regconfig::text", "o.cfgowner", in("pg_ts_config", "cfgnamespace")) +
		ownedBy("conversion", "concat_ws('.', quote_ident(n.nspname), quote_ident(o.conname))", "o.conowner",
			in("pg_conversion", "connamespace")) +
		ownedBy("collation", "o.oid::regcollation::text", "o.collowner", in("pg_collation", "collnamespace")) +
		ownedBy("statistics", "concat_ws('.', quote_ident(n.nspname), quote_ident(o.stxname))", "o.stxowner",
			in("pg_statistic_ext", "stxnamespace")) +
		ownedBy("publication", "quote_ident(o.pubname)", "o.pubowner", `pg_publication as o`)
}
