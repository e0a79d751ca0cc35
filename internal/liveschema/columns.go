package liveschema

import (
	"context"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// columnsQuery lists the columns of everything that is no partition, with domains followed
// down to the type that they are made of. The length of a text type is its modifier without the
// four bytes of a header.
const columnsQuery = `with recursive step (domain, base, typmod, not_null, checked) as (
	select t.oid, t.typbasetype, t.typtypmod, t.typnotnull,
		exists (select from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c')
	from pg_catalog.pg_type t where t.typtype = 'd'
	union all
	select s.domain, t.typbasetype, greatest(s.typmod, t.typtypmod), s.not_null or t.typnotnull,
		s.checked or exists (select from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c')
	from step s join pg_catalog.pg_type t on t.oid = s.base and t.typtype = 'd'
), resolved as (
	select s.domain, s.base, s.typmod, s.not_null, s.checked from step s join pg_catalog.pg_type t on t.oid = s.base and t.typtype <> 'd'
)
select a.attrelid, a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod),
	pg_catalog.format_type(b.oid, null), b.typcategory::text,
	case when b.oid in ('pg_catalog.varchar'::regtype, 'pg_catalog.bpchar'::regtype)
		then greatest(coalesce(d.typmod, a.atttypmod) - 4, 0) else 0 end,
	a.attnotnull or coalesce(d.not_null, false), a.attgenerated <> '', a.attidentity <> '',
	coalesce(d.checked, false)
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p', 'm', 'f') and not c.relispartition
left join resolved d on d.domain = a.atttypid
join pg_catalog.pg_type b on b.oid = coalesce(d.base, a.atttypid)
where a.attnum > 0 and not a.attisdropped
	and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace, 'pg_toast'::regnamespace)
order by a.attrelid, a.attnum`

func readColumns(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, columnsQuery, func(row pgx.Rows) error {
		var (
			oid    uint32
			column Column
			length int32
		)

		err := row.Scan(&oid, &column.Name, &column.Type, &column.Base, &column.Category, &length,
			&column.NotNull, &column.Generated, &column.Identity, &column.Checked)
		if err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		column.Length = int(length)

		if table := into.table(oid); table != nil {
			table.Columns = append(table.Columns, column)
		}

		return nil
	})
}
