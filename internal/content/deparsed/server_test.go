package deparsed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"steward/internal/content/deparsed"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T) *pgx.Conn {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := conn.Close(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})

	return conn
}

const columns = `(b boolean, v varchar(20), t text, c char(3), i integer, l bigint, s smallint, n numeric(10, 2), f double precision,
	d date, ts timestamptz, tm timestamp, iv interval, va varchar[], ta text[], ia integer[], j jsonb)`

// words are those of which expressions are made, by their type; %type takes an
// expression of that type.
func words() map[string][]string {
	return map[string][]string{
		"bool": {
			"b", "%bool and %bool", "%bool and %bool", "%bool or %bool", "not (%bool)", "(%bool)", "(%bool)", "%text in (%text, 'x', %text)", "v in ('a', 'b')",
			"v not in ('a', 'b', %text)", "v = any (array['a', 'b'])", "v <> all (array[v, 'b']::varchar[])", "%num between %num and %num",
			"%num not between %num and %num", "%num between symmetric %num and %num", "%num < %num", "%num in (1, %num, 3.5)", "n = any (array[1, 2])",
			"l in (1, 2)", "s in (1, 2)", "f in (1, 2.5)", "c in ('a', 'b')", "d in ('2026-01-01', %time::date)", "%time between %time and %time", "%text like 'a%%'", "%text ~~* any (array['a', v])",
			"%text is null", "(%bool) is not true", "%text is distinct from %text", "(%text, %num) in (('a', 1), ('b', 2))", "(%num, %num) > (1, 2)", "va && array['a', v]",
			"v = any (va)", "t = any (va)", "v = any (ta)", "ta @> array['a', v]::text[]", "'a' = any (array[v, 'b', null])", "va = array['a', 'b']::varchar[]", "j ? 'a'", "(j ->> 'a') = %text", "case when %bool then %bool else %bool end",
			"coalesce(%bool, false)", "array[array['a', v], array['b', 'c']]::text[] = array[va]::text[]", "ia = array[1, s]", "%num = any (ia)", "(array[v, 'b'])[1] = 'a'",
		},
		"text": {
			"v", "t", "'a'", "'it''s'", "v::text", "t::varchar(3)", "'abc'::varchar(2)", "lower(%text)", "%text || v", "coalesce(v, 'x')", "coalesce(%text, t)", "nullif(v, 'a')",
			"case v when 'a' then 'b' else t end", "substring(%text from 1 for 2)", "c::text", "upper(c)", "trim(%text)", "i::text", "greatest(v, t)", "j ->> 'a'", "array_to_string(va, ',')", "E'a\\\\b'", "v collate \"C\"",
		},
		"num": {
			"i", "l", "n", "s", "1", "-1", "2.5", "-0.5", "%num + %num", "%num * %num", "%num - %num", "- %num", "i::bigint", "n::numeric(5, 1)", "n::int", "'5'::int", "length(%text)", "abs(%num)", "coalesce(%num, 0)",
			"extract(year from %time)::int", "case when %bool then %num else 0 end", "array_length(array['a', v], 1)", "date_part('day', tm)::int", "cardinality(ia)", "least(%num, 3)", "(j ->> 'n')::int",
		},
		"time": {
			"ts", "d", "tm::timestamptz", "'2026-01-01'::timestamptz", "d + 1", "ts - interval '1 day'", "date '2026-02-03'", "ts + iv", "coalesce(ts, '2026-01-01Z')", "date_trunc('day', ts)", "(tm at time zone 'UTC')",
		},
	}
}

// expression writes one of a type; depth bounds it.
func expression(t *rapid.T, all map[string][]string, of string, depth int) string {
	choices := all[of]
	if depth == 0 {
		choices = choices[:1]
	}

	text := rapid.SampledFrom(choices).Draw(t, of)

	for _, name := range []string{"bool", "text", "num", "time"} {
		for strings.Contains(text, "%"+name) {
			inner := expression(t, all, name, depth-1)
			if name != "bool" {
				inner = "(" + inner + ")"
			}

			text = strings.Replace(text, "%"+name, inner, 1)
		}
	}

	return strings.ReplaceAll(text, "%%", "%")
}

// What PostgreSQL writes of an expression, and what it writes after it has read
// that text, have one form, whatever the expression is.
func TestAnExpressionKeepsItsForm(t *testing.T) {
	t.Parallel()

	conn := connect(t)
	all := words()
	moved := 0

	rapid.Check(t, func(rt *rapid.T) {
		conditions := make([]string, 8)
		for i := range conditions {
			conditions[i] = "check (" + expression(rt, all, "bool", 4) + ")"
		}

		first := definitions(t, conn, conditions)
		for i, second := range definitions(t, conn, first) {
			if second != first[i] {
				moved++
			}

			if deparsed.Normal(second) != deparsed.Normal(first[i]) {
				rt.Fatalf("%s\n%s\n%s", conditions[i], first[i], second)
			}
		}
	})

	if moved == 0 {
		t.Error("no expression came back otherwise: nothing was tested")
	}
}

// definitions makes a table with these constraints and gives what PostgreSQL
// writes of them.
func definitions(t *testing.T, conn *pgx.Conn, constraints []string) []string {
	t.Helper()

	var script strings.Builder

	script.WriteString("drop table if exists made; create table made " + columns + ";")

	for i, constraint := range constraints {
		fmt.Fprintf(&script, "alter table made add constraint k%d %s;", i, constraint)
	}

	if _, err := conn.PgConn().Exec(t.Context(), script.String()).ReadAll(); err != nil {
		t.Fatalf("%v\n%s", err, script.String())
	}

	return list(t, conn, `select pg_get_constraintdef(oid) from pg_constraint where conrelid = 'made'::regclass order by conname`)
}

func list(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()

	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}

	texts, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	return texts
}

// ours are shapes of queries that apps have.
func ours() []string {
	return []string{
		"select v from app union select 'x' union all select null",
		"select i from app union select n from app union select -1 union select 2",
		"select i, d, ts from app union all select null, null::date, now() union all select -1, '2026-01-01', '2026-01-01'",
		"select exists (select 'x' from app as o where o.i = app.i) as one, exists (select from app) as two, (select -1) as minus, (select null) as none from app",
		"select * from (select 'x', i + 1, case v when 'a' then 'b' end, -1, true, null from app) as s (a, b, c, d, e, f)",
		"select i as words, v as int4, t as \"AS\", v::text as text, i::bigint as int8, v::varchar(3) as \"varchar\" from app",
		"with recursive up (n, v) as (select 1, v::text from app union all select n + 1, 'x' from up where n between 1 and 9 and v in ('a', 'b')) select * from up",
		"select count(*) as few, count(*) filter (where v in ('a', 'b'))  as some, sum(i) over (partition by v order by ts rows between 1 preceding and 1 following) from app group by v, i, ts having count(*) between 1 and 2 and v is not null",
		"select a.v, b.v as w from app as a left join app as b using (i) join app as c on c.v in ('a', 'b') and c.i between 1 and 2 and c.b where a.v not in (select t from app where v = 'a' and i between 1 and 2)",
		"select a.*, x from app as a cross join lateral (select string_agg(z.v, ',' order by z.i desc) as x from app as z where z.i = a.i) as l limit 10",
		"select i, e from app, unnest(array['a', v]) with ordinality as u (e, o) where (v, i) in (select v, i from app)",
		"select array(select v from app) || array['a', 'b']::varchar[] as all_of, (j #>> '{a,b}') as deep, to_tsvector('english', t) from app",
		"values (1, 'a'), (2, 'b')",
		"select v, case when v in ('a', 'b') then 'x' when i between 1 and 2 and b then 'y' else 'z' end as kind from app where v like any (array['a%', v]) order by 2, 1",
		"select distinct on (v) v, ts at time zone 'UTC', extract(epoch from ts), coalesce(v, t, 'x') from app where ts > now() - interval '30 days' and (d between '2026-01-01' and '2027-01-01' or not b) order by v, ts desc nulls last",
		"select grouping(v), v, i, max(n) from app group by rollup (v, i)",
		"(select i from app except select 1) intersect (select 2 union select i from app order by 1 limit 3)",
	}
}

// The server's own views are large queries that others wrote.
func TestAViewKeepsItsForm(t *testing.T) {
	t.Parallel()

	conn := connect(t)

	views := list(t, conn, `select pg_get_viewdef(oid) from pg_class
		where relkind = 'v' and not exists (select from pg_attribute where attrelid = pg_class.oid and atttypid = 'anyarray'::regtype)
		and relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`)
	if len(views) < 100 {
		t.Fatalf("only %d views", len(views))
	}

	definitions(t, conn, nil)

	if _, err := conn.Exec(t.Context(), "alter table made rename to app"); err != nil {
		t.Fatal(err)
	}

	for _, view := range append(views, ours()...) {
		if _, err := conn.Exec(t.Context(), "drop view if exists made"); err != nil {
			t.Fatal(err)
		}

		if _, err := conn.Exec(t.Context(), "create view made as "+view); err != nil {
			t.Fatalf("%v\n%s", err, view)
		}

		view = list(t, conn, "select pg_get_viewdef('made'::regclass)")[0]
		if _, err := conn.Exec(t.Context(), "drop view made; "); err != nil {
			t.Fatal(err)
		}

		if _, err := conn.Exec(t.Context(), "create view made as "+view); err != nil {
			t.Fatalf("%v\n%s", err, view)
		}

		again := list(t, conn, "select pg_get_viewdef('made'::regclass)")[0]
		if was, is := deparsed.Normal(view), deparsed.Normal(again); was != is {
			t.Error(cut(was, is))
		}
	}
}

// cut gives what two texts say where they begin to differ.
func cut(a, b string) string {
	const before, after = 80, 200

	at := 0
	for at < min(len(a), len(b)) && a[at] == b[at] {
		at++
	}

	from := max(0, at-before)

	return fmt.Sprintf("%q\n%q", a[from:min(len(a), at+after)], b[from:min(len(b), at+after)])
}
