package nightly

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// inTurn are the places, the one that was looked through longest ago first, and those that never were before it.
func (n Night) inTurn(ctx context.Context) ([]Place, error) {
	rows, err := n.Steward.Query(ctx, `select database, max(ended_at) from residue_passes where ended_at is not null group by database`)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking which database was looked through longest ago", err)
	}

	var (
		database string
		at       time.Time
		last     = map[string]time.Time{}
	)

	_, err = pgx.ForEachRow(rows, []any{&database, &at}, func() error {
		last[database] = at

		return nil
	})
	if err = errors.Join(err, rows.Err()); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking which database was looked through longest ago", err)
	}

	places := slices.Clone(n.Places)
	slices.SortStableFunc(places, func(a, b Place) int { return last[a.Decided.Name].Compare(last[b.Decided.Name]) })

	return places, nil
}

// ended is the pass over a database that ended in a night; empty where none did.
func (n Night) ended(ctx context.Context, night, database string) (id string, err error) {
	err = n.Steward.QueryRow(ctx, `select id from residue_passes where database = $1 and night = $2 and ended_at is not null
		order by ended_at desc limit 1`, database, night).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}

	return id, failure.Wrap(failure.Unavailable, "looking for a pass that ended this night", err)
}

// end notes among the remainders of each case what is left of it in this database, and nothing where nothing is, at whatever
// stage it is by now. What Again noted since the pass began is newer than the pass, and stays; so does what is noted of a case
// that was not looked for. A crash before the commit looks through the last range again.
func (n Night) end(ctx context.Context, at position, night, database string) error {
	now, name := n.Clock.Now(), erasure.Residue(database)

	err := n.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		ended, err := tx.Exec(ctx, `update residue_passes set ended_at = $2, night = $3 where id = $1 and ended_at is null`, at.id, now, night)
		if err == nil && ended == 0 {
			return failure.New(failure.ErasureMoved, "ending a pass that another process ended")
		}

		if err == nil {
			_, err = tx.Exec(ctx, `delete from erasure_remainders where store = $2
				and erasure in (select erasure from residue_sought where pass = $1 and not unopened)
				and at < (select began_at from residue_passes where id = $1)`, at.id, name)
		}

		if err == nil {
			_, err = tx.Exec(ctx, `insert into erasure_remainders (erasure, store, place, why, rows, at)
				select f.erasure, $2, f.place || '.' || f.field, $3, f.rows, $4 from residue_found as f join erasures on erasures.id = f.erasure
				where f.pass = $1 and f.whose = 'left' and erased_at is not null and ended_at is null
				on conflict (erasure, store, place, why) do nothing`, at.id, name, erasure.ResidueWhy, now)
		}

		return err
	})

	return failure.Wrap(failure.Unavailable, "ending a pass", err)
}

// counted adds to what a pass over a place looked for what it found; it has ended.
func (n Night) counted(ctx context.Context, pass string, of Place, looked Looked) (Looked, error) {
	looked.Database = of.Decided.Name

	err := n.Steward.QueryRow(ctx, `select count(distinct erasure) filter (where whose = 'left'),
		count(distinct erasure) filter (where whose = 'elsewhere'),
		(select count(*) from erasures where `+open+` and not exists
			(select from residue_sought as s where s.pass = $1 and s.erasure = erasures.id)),
		(select count(*) from residue_sought where pass = $1 and unopened)
		from residue_found where pass = $1`, pass).Scan(&looked.Left, &looked.Elsewhere, &looked.Later, &looked.Unopened)
	if err != nil {
		return Looked{}, failure.Wrap(failure.Unavailable, "counting what a pass found", err)
	}

	looked.Places, err = n.places(ctx, pass)

	return looked, err
}

// places are the columns in which a pass found most, those that are left first.
func (n Night) places(ctx context.Context, pass string) ([]Hit, error) {
	rows, err := n.Steward.Query(ctx, `select place || '.' || field, whose, count(*)::int, sum(rows)::bigint from residue_found where pass = $1
		group by 1, 2 order by whose <> 'left', 4 desc, 1, 2 limit $2`, pass, mostShown)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading what a pass found", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Hit])
	if len(found) == 0 {
		found = nil
	}

	return found, failure.Wrap(failure.Unavailable, "reading what a pass found", err)
}
