package appdb_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// everyKey writes, for each foreign key that the server vouches for, a query that counts the rows which name a row that is not
// there, or which break MATCH FULL. A key of a partitioned table is one key; a key never counts rows of heirs, at either end.
const everyKey = `select k.conrelid::regclass || ' ' || k.conname, format('select %L, count(*) from %s %s as c where %s and not exists (select from %s %s as p where %s)',
		k.conrelid::regclass || ' ' || k.conname, case o.relkind when 'p' then '' else 'only' end, k.conrelid::regclass,
		case k.confmatchtype when 'f' then '(' || string_agg(format('c.%I is not null', a.attname), ' or ') || ')'
			else string_agg(format('c.%I is not null', a.attname), ' and ') end,
		case p.relkind when 'p' then '' else 'only' end, k.confrelid::regclass, string_agg(format('p.%I = c.%I', b.attname, a.attname), ' and '))
	from pg_constraint as k
	join pg_class as o on o.oid = k.conrelid
	join pg_class as p on p.oid = k.confrelid
	cross join unnest(k.conkey, k.confkey) as n (own, named)
	join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = n.own
	join pg_attribute as b on b.attrelid = k.confrelid and b.attnum = n.named
	where k.contype = 'f' and k.conparentid = 0 and k.convalidated
	group by k.oid, k.conrelid, k.conname, k.confmatchtype, k.confrelid, o.relkind, p.relkind
	order by 1`

// broken reads every foreign key of a database anew, and gives those with rows without a parent, and how many keys there are.
func broken(ctx context.Context, db *postgres.DB) (names []string, keys int, err error) {
	queries, err := texts(ctx, db, "select query from ("+everyKey+") as k (name, query)")
	if err != nil || len(queries) == 0 {
		return nil, 0, err
	}

	names, err = texts(ctx, db, "select name from ("+strings.Join(queries, " union all ")+") as c (name, count) where count > 0 order by 1")

	return names, len(queries), err
}

// texts reads one text of each row.
func texts(ctx context.Context, db *postgres.DB, query string) ([]string, error) {
	rows, err := db.Query(ctx, query)
	if err != nil {
		return nil, err
	}

	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// keysHold expects that each row which foreign keys name is there.
func keysHold(t *testing.T, db *postgres.DB) {
	t.Helper()

	if names, keys, err := broken(t.Context(), db); err != nil || keys == 0 || len(names) > 0 {
		t.Errorf("of %d foreign keys, these do not hold: %q, %v", keys, names, err)
	}
}

// A parent that went without its children is seen, whatever the key and the tables are.
func TestAKeyThatDoesNotHoldIsSeen(t *testing.T) {
	t.Parallel()

	db := opened(t)
	run(t, db, `create table a (id int primary key, x int, unique (id, x)); create table heir (primary key (id)) inherits (a);
		create table b (id int primary key) partition by hash (id); create table b_0 partition of b for values with (modulus 1, remainder 0);
		insert into a values (1, 1), (2, 2); insert into heir values (3, 3); insert into b values (1), (2);
		create table plain (a int constraint plain references a); insert into plain values (null), (1);
		create table wide (a int, x int, constraint wide foreign key (a, x) references a (id, x)); insert into wide values (1, 1), (7, null);
		create table whole (a int, x int, constraint whole foreign key (a, x) references a (id, x) match full); insert into whole values (1, 1), (null, null);
		create table parts (id int, b int constraint parts references b) partition by list (id); create table parts_1 partition of parts for values in (1);
		insert into parts values (1, 1); create table late (a int); insert into late values (9); alter table late add constraint late foreign key (a) references a not valid`)

	if names, keys, err := broken(t.Context(), db); err != nil || keys != 4 || len(names) > 0 {
		t.Fatal(names, keys, err)
	}

	const want = "parts parts, plain plain, whole whole, wide wide" //nolint:dupword // each key is called like its table

	run(t, db, `begin; set local session_replication_role = replica; insert into plain values (3); insert into wide values (1, 2);
		insert into whole values (1, null); insert into parts values (1, 9); commit`)

	if names, _, err := broken(t.Context(), db); err != nil || strings.Join(names, ", ") != want {
		t.Error(names, err)
	}
}
