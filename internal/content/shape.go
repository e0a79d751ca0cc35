package content

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// shapeQuery is everything beside its rows that the text of a table's rows comes from, or
// no row where that cannot be told:
// which table and which files it is, its columns, and the types of these with all that
// they are made of (elements, bases, labels, and the columns of composite ones). Each is
// named by the transaction that wrote it, so that what was changed and changed back
// differs. What a restore does to a filled table, its indexes, keys, triggers, grants
// and statistics, is not in it: pg_class.xmin would change with these, and every such
// table would be read twice.
//
// The arrays make the server look each thing up: a database may have many tables.
//
// It has no row where more than that decides: a cast of the row to text, which may run any
// function, columns that are computed when they are read, and columns with a type such as
// regclass or aclitem, whose text is the name of something that lies elsewhere in the catalogue.
const shapeQuery = `with recursive used (typ) as (
		select a.atttypid from pg_attribute as a where a.attrelid = $1::bigint::oid and a.attnum > 0 and not a.attisdropped
		union
		select made.typ from used cross join lateral (
			select t.typelem from pg_type as t where t.oid = used.typ and t.typelem <> 0
			union all select t.typbasetype from pg_type as t where t.oid = used.typ and t.typbasetype <> 0
			union all select r.rngsubtype from pg_range as r where r.rngtypid = used.typ or r.rngmultitypid = used.typ
			union all select a.atttypid from pg_type as t join pg_attribute as a on a.attrelid = t.typrelid
				where t.oid = used.typ and t.typrelid <> 0 and a.attnum > 0 and not a.attisdropped) as made (typ)
	)
	select concat_ws(' ', c.oid, c.relfilenode, coalesce(toast.relfilenode, 0),
		(select md5(string_agg(concat_ws(' ', a.attrelid, a.attnum, a.xmin), ',' order by a.attrelid, a.attnum)) from pg_attribute as a
			where a.attnum > 0 and a.attrelid = any (array(select $1::bigint::oid union all
				select t.typrelid from pg_type as t where t.oid = any (array(select typ from used)) and t.typrelid <> 0))),
		(select md5(string_agg(concat_ws(' ', t.oid, t.xmin), ',' order by t.oid)) from pg_type as t
			where t.oid = any (array(select typ from used))),
		(select md5(string_agg(concat_ws(' ', e.oid, e.xmin), ',' order by e.oid)) from pg_enum as e
			where e.enumtypid = any (array(select typ from used))))
	from pg_class as c left join pg_class as toast on toast.oid = c.reltoastrelid
	where c.oid = $1::bigint::oid
		and not exists (select from pg_cast as k where k.castsource = c.reltype)
		and not exists (select from pg_attribute as a where a.attrelid = c.oid and a.attgenerated = 'v')
		and not exists (select from pg_type as t where t.oid = any (array(select typ from used))
			and t.typnamespace = 'pg_catalog'::regnamespace and (t.typname like 'reg%' or t.typname = 'aclitem'))`

// shapeOf asks for it; the answer is empty where it says too little to believe in, or
// where there is no such table.
func shapeOf(ctx context.Context, q postgres.Queryer, oid int64) (shape string, err error) {
	err = q.QueryRow(ctx, shapeQuery, oid).Scan(&shape)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}

	if err != nil {
		return "", fmt.Errorf("looking at what a table is made of: %w", err)
	}

	return shape, nil
}
