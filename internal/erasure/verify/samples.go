package verify

// samples are what the server knows of columns by heart: values that are frequent, and those that divide the others into
// equal parts; of columns, of what indexes compute, and of several columns at once. A table's partitions and heirs have
// samples of their own, and tables that they inherit from have some of them all. Of indexes those with an expression have samples;
// they are found first, so that the server does not join all indexes with all samples.
// $1 are tables by their numbers, $2 the column that is asked for of each, null for all.
const samples = `with recursive asked (oid, col) as (select a.oid, a.col from unnest($1::oid[], $2::text[]) as a (oid, col)),
	below (oid, col) as (
		select oid, col from asked
		union select i.inhrelid, f.col from below as f join pg_catalog.pg_inherits as i on i.inhparent = f.oid
	), family (oid, col) as (
		select oid, col from below
		union select i.inhparent, f.col from family as f join pg_catalog.pg_inherits as i on i.inhrelid = f.oid
	), relations as (
		select f.oid, f.col, n.nspname, c.relname from family as f join pg_catalog.pg_class as c on c.oid = f.oid
		join pg_catalog.pg_namespace as n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'm')
	), indexed as materialized (
		select r.nspname, r.relname, n.nspname as schemaname, x.relname as indexname, x.oid, a.attnum, a.attname
		from pg_catalog.pg_index as i join relations as r on r.oid = i.indrelid
		join pg_catalog.pg_class as x on x.oid = i.indexrelid
		join pg_catalog.pg_namespace as n on n.oid = x.relnamespace join pg_catalog.pg_attribute as a on a.attrelid = x.oid
		where i.indexprs is not null and r.col is null
	), several as (
		select s.schemaname, s.tablename, s.attnames, s.exprs, s.most_common_vals, s.statistics_schemaname || '.' || s.statistics_name as place,
			coalesce((pg_catalog.to_jsonb(s) ->> 'inherited')::boolean, false) as heirs
		from pg_catalog.pg_stats_ext as s
	), known (nspname, relname, inherited, place, expression, vals) as (
		select r.nspname, r.relname, s.inherited, r.nspname || '.' || r.relname || '.' || s.attname, quote_ident(s.attname),
			s.most_common_vals::text::text[] || s.histogram_bounds::text::text[] || s.most_common_elems::text::text[]
		from relations as r join pg_catalog.pg_stats as s on s.schemaname = r.nspname and s.tablename = r.relname
			and (r.col is null or r.col = s.attname)
		union all
		select x.nspname, x.relname, s.inherited, s.schemaname || '.' || s.tablename || '.' || s.attname,
			pg_catalog.pg_get_indexdef(x.oid, x.attnum, false),
			s.most_common_vals::text::text[] || s.histogram_bounds::text::text[] || s.most_common_elems::text::text[]
		from indexed as x
		join pg_catalog.pg_stats as s on s.schemaname = x.schemaname and s.tablename = x.indexname and s.attname = x.attname
		union all
		select r.nspname, r.relname, s.heirs, s.place, e.expression,
			array(select s.most_common_vals[i][e.n] from generate_subscripts(s.most_common_vals, 1) as i)
		from relations as r join several as s on s.schemaname = r.nspname and s.tablename = r.relname
		cross join lateral (
			select quote_ident(v.name), v.name, v.n from unnest(s.attnames) with ordinality as v (name, n)
			union all
			select v.text, null, v.n + coalesce(cardinality(s.attnames), 0) from unnest(s.exprs) with ordinality as v (text, n)
		) as e (expression, col, n)
		where s.most_common_vals is not null and (r.col is null or r.col = e.col)
		union all
		select r.nspname, r.relname, coalesce((pg_catalog.to_jsonb(s) ->> 'inherited')::boolean, false),
			s.statistics_schemaname || '.' || s.statistics_name, s.expr,
			s.most_common_vals::text::text[] || s.histogram_bounds::text::text[] || s.most_common_elems::text::text[]
		from relations as r join pg_catalog.pg_stats_ext_exprs as s on s.schemaname = r.nspname and s.tablename = r.relname
		where r.col is null
	) `

// sources are the samples that there are, in place of their values a number that changes with them.
const sources = samples + `select distinct k.nspname::text, k.relname::text, k.inherited, k.place, ''::text,
	pg_catalog.hashtextextended(k.vals::text collate "C", 0)::text
	from known as k where cardinality(k.vals) > 0 order by 1, 2, 3, 4, 6`

// sought are the values of samples that are looked for: $3, whole, or where $4 says so inside of others if they have $5 letters.
const sought = samples + `select distinct k.nspname::text, k.relname::text, k.inherited, k.place, k.expression, v.value from known as k
	cross join lateral unnest(k.vals) as v (value)
	where lower(v.value) = any (array(select lower(x) from unnest($3::text[]) as x)) or $4 and exists (
		select from unnest($3::text[]) as x where length(x) >= $5 and strpos(lower(v.value), lower(x)) > 0)
	order by 1, 2, 3, 4, 5, 6`
