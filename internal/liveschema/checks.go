package liveschema

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// checksQuery lists the columns that a check names (with no name for a check on the whole row), and those
// by which rows are dealt out to partitions, in whatever way. Checks that a partition inherited are its table's.
const checksQuery = `select k.conrelid, coalesce(a.attname::text, ''), false
from pg_catalog.pg_constraint k
cross join unnest(k.conkey) as c (attnum)
left join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum and c.attnum > 0
where k.contype = 'c' and k.conrelid <> 0 and k.coninhcount = 0
union
select p.partrelid, a.attname::text, true
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = p.partrelid
	and d.refclassid = 'pg_catalog.pg_class'::regclass and d.refobjid = p.partrelid and d.refobjsubid > 0
join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = d.refobjsubid
union
select p.partrelid, a.attname::text, true
from pg_catalog.pg_partitioned_table p
join pg_catalog.pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::smallint[])
where a.attnum > 0
order by 1, 2`

func readChecks(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, checksQuery, func(row pgx.Rows) error {
		var (
			oid   uint32
			name  string
			deals bool
		)

		if err := row.Scan(&oid, &name, &deals); err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		table := into.table(oid)
		if table == nil {
			return nil
		}

		if deals && !slices.Contains(table.PartitionBy, name) {
			table.PartitionBy = append(table.PartitionBy, name)
		}

		for i := range table.Columns {
			if name == "" || table.Columns[i].Name == name {
				table.Columns[i].Checked = true
			}
		}

		return nil
	})
}
