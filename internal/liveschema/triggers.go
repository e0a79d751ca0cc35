package liveschema

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// triggersQuery lists the triggers of users on delete (8) and update (16), as bits of tgtype, but
// for the copies that a partition has of its table's.
const triggersQuery = `select t.tgrelid, t.tgname::text, n.nspname || '.' || p.proname,
	t.tgtype & 8 <> 0, t.tgtype & 16 <> 0, t.tgenabled in ('O', 'A')
from pg_catalog.pg_trigger t
join pg_catalog.pg_proc p on p.oid = t.tgfoid
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where not t.tgisinternal and t.tgparentid = 0 and t.tgtype & 24 <> 0
order by t.tgrelid, t.tgname`

func readTriggers(ctx context.Context, q postgres.Queryer, into *catalogue) error {
	return each(ctx, q, triggersQuery, func(row pgx.Rows) error {
		var (
			oid     uint32
			trigger Trigger
		)

		err := row.Scan(&oid, &trigger.Name, &trigger.Function, &trigger.OnDelete, &trigger.OnUpdate, &trigger.Enabled)
		if err != nil {
			return err //nolint:wrapcheck // Read says what was read
		}

		table := into.table(oid)
		if table != nil && !slices.Contains(table.Triggers, trigger) {
			table.Triggers = append(table.Triggers, trigger)
		}

		return nil
	})
}
