package execute

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/liveschema"
)

// above lists the tables that those of the names inherit from, in the old way: samples of them hold values of their heirs.
const above = `with recursive up as (
		select i.inhparent as oid from unnest($1::text[]) as t (name) join pg_catalog.pg_inherits as i on i.inhrelid = t.name::regclass
		union select i.inhparent from up join pg_catalog.pg_inherits as i on i.inhrelid = up.oid
	) select c.oid, n.nspname::text, c.relname::text from up join pg_catalog.pg_class as c on c.oid = up.oid and c.relkind = 'r'
	join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
	where c.oid <> all (select t.name::regclass::oid from unnest($1::text[]) as t (name))
	order by 2, 3`

// Parent is a table from which another inherits that is no partition, by its number and name.
type Parent struct {
	OID  uint32
	Name liveschema.Name
}

// Parents are the tables from which those inherit that an erasure touches, and that it touches not itself: Clean has the server take new
// samples of them too, since some hold values of rows that are gone.
func Parents(ctx context.Context, on *session.Session, found selection.Selection, views []View) ([]Parent, error) {
	rows, err := on.Query(ctx, above, written(touched(found, views)))
	if err != nil {
		return nil, fmt.Errorf("looking for what tables inherit from: %w", err)
	}

	parents, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (parent Parent, err error) {
		return parent, row.Scan(&parent.OID, &parent.Name.Schema, &parent.Name.Table)
	})
	if err != nil {
		return nil, fmt.Errorf("looking for what tables inherit from: %w", err)
	}

	return parents, nil
}
