package verify

// samples are what the server knows of columns by heart: values that are frequent, and those that divide the others into
// equal parts; of columns, of what indexes compute, and of several columns at once. A table's partitions and heirs have
// samples of their own, and tables that they inherit from have some of them all. Of indexes those with an expression have samples.
// What may have samples is found first, and asked for one by one (offset 0 keeps the server from turning that into a join):
// else it reads the samples of all columns of the database.
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
	), sampled (nspname, relname, col, schemaname, tablename, index) as (
		select r.nspname, r.relname, r.col, r.nspname, r.relname, null::oid from relations as r
		union all
		select r.nspname, r.relname, null, n.nspname, x.relname, x.oid
		from pg_catalog.pg_index as i join relations as r on r.oid = i.indrelid
		join pg_catalog.pg_class as x on x.oid = i.indexrelid join pg_catalog.pg_namespace as n on n.oid = x.relnamespace
		where i.indexprs is not null and r.col is null
	), several as (
		select s.schemaname, s.tablename, s.attnames, s.exprs, s.most_common_vals, s.statistics_schemaname || '.' || s.statistics_name as place,
			coalesce((pg_catalog.to_jsonb(s) ->> 'inherited')::boolean, false) as heirs
		from pg_catalog.pg_stats_ext as s
	), known (nspname, relname, inherited, place, expression, vals) as (
		select w.nspname, w.relname, s.inherited, w.schemaname || '.' || w.tablename || '.' || s.attname,
			coalesce((select pg_catalog.pg_get_indexdef(a.attrelid, a.attnum, false) from pg_catalog.pg_attribute as a
				where a.attrelid = w.index and a.attname = s.attname), quote_ident(s.attname)), s.vals
		from sampled as w cross join lateral (
			select s.inherited, s.attname,
				s.most_common_vals::text::text[] || s.histogram_bounds::text::text[] || s.most_common_elems::text::text[] as vals
			from pg_catalog.pg_stats as s
			where s.schemaname = w.schemaname and s.tablename = w.tablename and (w.col is null or w.col = s.attname) offset 0) as s
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
