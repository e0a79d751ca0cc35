package nightly

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/residue"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// Prefix is what the ids of passes begin with.
const Prefix = "rsd"

// position is a pass and how far it is.
type position struct {
	id     string
	cursor residue.Cursor
}

// open are the erasures that were carried out and have not ended.
const open = `erased_at is not null and ended_at is null and stage in ('verifying', 'answered', 'waiting', 'blocked')`

// begin goes on with the pass over a database that was interrupted, or begins one and decides for whom it looks.
func (n Night) begin(ctx context.Context, database string) (at position, err error) {
	now := n.Clock.Now()

	err = n.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		err := tx.QueryRow(ctx, `select id, at_table, at_page from residue_passes
			where database = $1 and ended_at is null and began_at > $2 order by began_at desc limit 1`, database, now.Add(-longest)).
			Scan(&at.id, &at.cursor.Table, &at.cursor.Page)
		if err == nil || !errors.Is(err, pgx.ErrNoRows) {
			return failure.Wrap(failure.Unavailable, "looking for a pass that was interrupted", err)
		}

		if _, err := tx.Exec(ctx, `delete from residue_passes where database = $1 and (ended_at is null or began_at < $2)`,
			database, now.Add(-kept)); err != nil {
			return err
		}

		at.id = ids.New(Prefix)
		if _, err := tx.Exec(ctx, `insert into residue_passes (id, database, began_at) values ($1, $2, $3)`, at.id, database, now); err != nil {
			return err
		}

		_, err = tx.Exec(ctx, `insert into residue_sought (pass, erasure) select $1, id from erasures where `+open+`
			order by (select max(p.began_at) from residue_sought as s join residue_passes as p on p.id = s.pass
				where s.erasure = erasures.id and p.database = $2) nulls first, id limit $3`, at.id, database, most)

		return err
	})

	return at, failure.Wrap(failure.Unavailable, "beginning to look for residue", err)
}

// advance notes what a range held, and how far the pass is. It fails with ErasureMoved where somebody else went on with it.
func (n Night) advance(ctx context.Context, at *position, next residue.Cursor, found []residue.Finding) error {
	err := n.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		moved, err := tx.Exec(ctx, `update residue_passes set at_table = $4, at_page = $5
			where id = $1 and at_table = $2 and at_page = $3 and ended_at is null`,
			at.id, at.cursor.Table, at.cursor.Page, next.Table, next.Page)
		if err == nil && moved == 0 {
			return failure.New(failure.ErasureMoved, "going on with a pass that another process goes on with")
		}

		for _, each := range found {
			if err != nil {
				break
			}

			_, err = tx.Exec(ctx, `insert into residue_found (pass, erasure, place, field, whose, rows) values ($1, $2, $3, $4, $5, $6)
				on conflict (pass, erasure, place, field, whose) do update set rows = residue_found.rows + excluded.rows`,
				at.id, each.Erasure, each.Table, each.Column, whose(each), each.Rows)
		}

		return err
	})
	if err == nil {
		at.cursor = next
	}

	return failure.Wrap(failure.Unavailable, "noting how far a pass is", err)
}

// whose is the word for who decides about what was found.
func whose(found residue.Finding) string {
	switch {
	case found.Elsewhere:
		return "elsewhere"
	case found.Decided:
		return "decided"
	default:
		return "left"
	}
}
