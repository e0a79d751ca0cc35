package liveschema

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// keysQuery lists the foreign keys as they were declared: not those that the server made for
// each partition of either side.
const keysQuery = `select k.conrelid, k.conname::text, k.confrelid, k.confdeltype::text, k.condeferrable, k.confmatchtype = 'f',
	(select array_agg(a.attname::text order by c.n) from unnest(k.conkey) with ordinality as c (attnum, n)
		join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = c.attnum),
	(select array_agg(a.attname::text order by c.n) from unnest(k.confkey) with ordinality as c (attnum, n)
		join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = c.attnum)
from pg_catalog.pg_constraint k
where k.contype = 'f' and k.conparentid = 0
order by k.conrelid, k.conname`

func ruleOf(letter string) Rule {
	switch letter {
	case "r":
		return Restrict
	case "c":
		return Cascade
	case "n":
		return SetNull
	case "d":
		return SetDefault
	default:
		return NoAction
	}
}

func readKeys(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, keysQuery, func(row pgx.Rows) error {
		var (
			from, to uint32
			key      ForeignKey
			letter   string
		)

		err := row.Scan(&from, &key.Name, &to, &letter, &key.Deferrable, &key.MatchFull, &key.Columns, &key.ToColumns)
		if err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		table, named := into.table(from), into.table(to)
		if table == nil || named == nil {
			return nil
		}

		key.To, key.OnDelete = named.Name, ruleOf(letter)

		if !slices.ContainsFunc(table.Keys, key.same) {
			table.Keys = append(table.Keys, key)
		}

		return nil
	})
}

// same is true of keys that differ in nothing but their name, as those of several partitions do.
func (k ForeignKey) same(other ForeignKey) bool {
	return k.To == other.To && k.OnDelete == other.OnDelete && k.Deferrable == other.Deferrable && k.MatchFull == other.MatchFull &&
		slices.Equal(k.Columns, other.Columns) && slices.Equal(k.ToColumns, other.ToColumns)
}
