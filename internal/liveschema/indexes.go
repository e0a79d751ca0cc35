package liveschema

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// indexesQuery lists the indexes as they were declared: not those that the server made for each
// partition. The first array are the key's
// columns in its order, with an empty name for an expression; the second are columns that
// its expressions and its condition name, which only the dependencies tell. That nulls are the same, PostgreSQL
// knows from 15 on.
const indexesQuery = `select i.indrelid, i.indisprimary, i.indisunique or i.indisexclusion,
	i.indisunique and coalesce((to_jsonb(i) ->> 'indnullsnotdistinct')::boolean, false), i.indisvalid,
	i.indpred is not null, c.relispartition, m.amname::text,
	(select coalesce(array_agg(coalesce(a.attname::text, '') order by k.n), '{}')
		from unnest(i.indkey::smallint[]) with ordinality as k (attnum, n)
		left join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
		where k.n <= i.indnkeyatts),
	case when i.indpred is null and i.indexprs is null then '{}' else
		(select coalesce(array_agg(distinct a.attname::text), '{}')
			from pg_catalog.pg_depend d
			join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
			where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indexrelid
				and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = i.indrelid and d.refobjsubid > 0) end
from pg_catalog.pg_index i
join pg_catalog.pg_class c on c.oid = i.indrelid
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_am m on m.oid = x.relam
where c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
	and not x.relispartition
order by c.relispartition, i.indrelid, x.relname`

// index is one row of it.
type index struct {
	primary, unique, valid bool
	nullsAlike             bool // two nulls are the same to it
	partial                bool // it has a condition
	part                   bool // it is that of one partition only
	method                 string
	columns, others        []string
}

func readIndexes(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, indexesQuery, func(row pgx.Rows) error {
		var (
			oid  uint32
			read index
		)

		err := row.Scan(&oid, &read.primary, &read.unique, &read.nullsAlike, &read.valid, &read.partial, &read.part, &read.method,
			&read.columns, &read.others)
		if err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		if table := into.table(oid); table != nil {
			addIndex(table, read)
		}

		return nil
	})
}

// addIndex says what an index is good for. One that is not valid still refuses what is not unique.
func addIndex(t *Table, read index) {
	if read.unique {
		t.UniqueOver = append(t.UniqueOver, read.named())
	}

	if read.nullsAlike {
		t.NullsAlike = append(t.NullsAlike, read.named())
	}

	if !read.valid || read.partial || read.part {
		return
	}

	if leading := read.leading(); len(leading) > 0 && (read.method == "btree" || read.method == "hash") {
		t.Indexes = append(t.Indexes, leading)
	}

	switch {
	case read.primary:
		t.Primary = read.columns
	case read.unique && read.method == "btree" && holdsNoNull(t, read.columns):
		t.Unique = append(t.Unique, read.columns)
	}
}

// leading are the key's columns up to its first expression.
func (i index) leading() []string {
	for n, column := range i.columns {
		if column == "" {
			return i.columns[:n]
		}
	}

	return i.columns
}

// named are all columns that it looks at, each once.
func (i index) named() []string {
	names := slices.Concat(i.columns, i.others)
	slices.Sort(names)

	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// holdsNoNull is false too where a key has an expression, which is no column.
func holdsNoNull(t *Table, columns []string) bool {
	for _, name := range columns {
		if column, ok := t.Column(name); !ok || !column.NotNull {
			return false
		}
	}

	return true
}
