package liveschema

import (
	"context"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// tablesQuery lists what holds rows, partitions too, but for what belongs to the system, to a
// session or to an extension. The root of a table that is no partition is 0. Rules: 2 is update, 4 is delete.
const tablesQuery = `select c.oid, n.nspname::text, c.relname::text, c.relkind::text,
	coalesce(case when c.relispartition then pg_catalog.pg_partition_root(c.oid)::pg_catalog.oid end, 0),
	c.relrowsecurity, c.relforcerowsecurity, not c.relispopulated, c.reltuples::bigint,
	c.relpages::bigint * current_setting('block_size')::bigint,
	(select count(*) from pg_catalog.pg_rewrite r
		where c.relhasrules and r.ev_class = c.oid and r.ev_type in ('2', '4') and r.ev_enabled in ('O', 'A'))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm', 'f') and c.relpersistence <> 't'
	and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
	and not exists (select from pg_catalog.pg_depend d
		where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype = 'e')
order by c.relispartition, n.nspname, c.relname`

// letters of pg_class.relkind.
const (
	kindPartitioned  = "p"
	kindMaterialized = "m"
	kindForeign      = "f"
)

func kindOf(letter string) Kind {
	switch letter {
	case kindPartitioned:
		return Partitioned
	case kindMaterialized:
		return Materialized
	case kindForeign:
		return Foreign
	default:
		return Ordinary
	}
}

// readTables fills the catalogue. Tables come before their partitions, so that each partition
// finds its root.
func readTables(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, tablesQuery, func(row pgx.Rows) error {
		var (
			table  Table
			letter string
			root   uint32
			rules  int64
		)

		err := row.Scan(&table.OID, &table.Name.Schema, &table.Name.Table, &letter, &root,
			&table.RowSecurity, &table.ForcedSecurity, &table.Unpopulated, &table.Rows, &table.Bytes, &rules)
		if err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		table.Kind, table.Rules = kindOf(letter), int(rules)

		if root != 0 {
			into.addPartition(table, root)

			return nil
		}

		into.roots[table.OID] = table.OID
		into.tables[table.OID] = &table

		return nil
	})
}

// addPartition adds a partition's part to its root. A partition that has partitions itself holds
// no rows, and only leads to its root.
func (c *catalogue) addPartition(part Table, root uint32) {
	whole := c.tables[root]
	if whole == nil { // the root belongs to an extension, and its partitions with it
		return
	}

	c.roots[part.OID] = root
	whole.Rules += part.Rules

	if part.Kind == Partitioned {
		return
	}

	whole.Partitions = append(whole.Partitions, part.Name)
	whole.Bytes += part.Bytes

	if part.Kind == Foreign {
		whole.ForeignPartitions++
	}

	if part.Rows >= 0 {
		whole.Rows = max(whole.Rows, 0) + part.Rows
	}
}

// inheritanceQuery lists the old inheritance. Partitions stand in the same catalogue, but are not meant.
const inheritanceQuery = `select i.inhrelid, i.inhparent
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhrelid
where not c.relispartition and c.relkind in ('r', 'f')
order by i.inhrelid, i.inhseqno`

func readInheritance(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, inheritanceQuery, func(row pgx.Rows) error {
		var child, parent uint32

		if err := row.Scan(&child, &parent); err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		heir, from := into.table(child), into.table(parent)
		if heir != nil && from != nil {
			heir.Inherits = append(heir.Inherits, from.Name)
		}

		return nil
	})
}
