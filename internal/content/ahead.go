package content

import (
	"context"
	"fmt"
	"sync"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Ahead holds digests of tables of a copy that is still being restored: a restore
// keeps one processor busy, and what it has filled can be read beside it. Nothing
// in it is believed by itself: the description proves for each table that its rows
// are still those that were read, or reads them anew. The zero value holds none; it
// is safe for concurrent use.
type Ahead struct {
	mu    sync.Mutex
	taken map[string]bool  // owned by mu; tables that somebody reads or has read
	found map[string]early // owned by mu
}

// early is what a table held at some instant.
type early struct {
	Digest

	open int64 // the oldest transaction that was open then; all before it had ended
}

// Copies is the database of a copy: *postgres.DB.
type Copies interface {
	// InSnapshot runs work in a transaction that sees one instant.
	InSnapshot(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// filledQuery lists the tables with rows that nobody writes to or changes the
// definition of. The size of a locked table is not asked for: that would wait. Only
// the heap says by xmin which rows are new.
//
//nolint:gochecknoglobals // a constant text that a function helps to write
var filledQuery = tablesQuery + ` and not exists (select from pg_locks as l
	where l.locktype = 'relation' and l.relation = c.oid and l.mode in ('RowExclusiveLock', 'AccessExclusiveLock')
	and l.database = (select oid from pg_database where datname = current_database()))
	and c.relam = (select a.oid from pg_am as a where a.amname = 'heap') order by 3 desc`

// Read reads one table that is filled, and that nobody has read yet, and tells
// whether there was one. It holds no lock but on that table, and none when it
// returns. What goes wrong costs time only, so its error needs no answer: whoever
// describes the copy reads the table again.
func (a *Ahead) Read(ctx context.Context, db Copies) (bool, error) {
	var filled []sized

	// Pinned like everything else: on another search_path the copy's own functions
	// would answer.
	err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) (err error) {
		if err := pin(ctx, tx, nil); err != nil {
			return err
		}

		filled, err = listTables(ctx, tx, filledQuery)

		return err
	})
	if err != nil {
		return false, failure.Wrap(codeOf(err), "listing what is restored", err)
	}

	for _, table := range filled {
		if table.blocks == 0 || !a.take(table.Key()) {
			continue
		}

		err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error { return a.read(ctx, tx, table) })
		if err != nil {
			return false, failure.Wrap(codeOf(err), "reading what is restored", err)
		}

		return true, nil
	}

	return false, nil
}

func (a *Ahead) take(key string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()

	if a.taken == nil {
		a.taken, a.found = map[string]bool{}, map[string]early{}
	}

	if a.taken[key] {
		return false
	}

	a.taken[key] = true

	return true
}

func (a *Ahead) read(ctx context.Context, tx postgres.Tx, table sized) error {
	if err := pin(ctx, tx, nil); err != nil {
		return err
	}

	var seen early

	err := tx.QueryRow(ctx, "select pg_snapshot_xmin(pg_current_snapshot())::text::bigint").Scan(&seen.open)
	if err != nil {
		return fmt.Errorf("looking at the snapshot: %w", err)
	}

	if seen.Digest, err = table.read(ctx, tx, atOnce, func(int64) {}); err != nil {
		return err
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	a.found[table.Key()] = seen

	return nil
}

// sinceQuery counts the rows of a table and gives the newest transaction that made
// one of them, with the upper half of its number, which rows do not hold.
const sinceQuery = `select coalesce(sum(n), 0)::bigint, coalesce(max(now - ((now - made) & 4294967295)), 0) from (
	select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as now, xmin::text::bigint as made, n from (
		select steward_row.xmin, count(*) as n from only %s as steward_row group by steward_row.xmin) as c) as m`

// proven gives the digest that was read of a table if its rows are still the same:
// each was made by a transaction that had ended before they were read, so it was
// among those that were read; they are as many; and PostgreSQL changes no row
// in its place. A nil Ahead has none.
func (a *Ahead) proven(ctx context.Context, q postgres.Queryer, table sized) (Digest, bool, error) {
	if a == nil {
		return Digest{}, false, nil
	}

	a.mu.Lock()
	seen, found := a.found[table.Key()]
	a.mu.Unlock()

	if !found {
		return Digest{}, false, nil
	}

	var rows, made int64
	if err := q.QueryRow(ctx, fmt.Sprintf(sinceQuery, table.quoted())).Scan(&rows, &made); err != nil {
		return Digest{}, false, fmt.Errorf("looking for changes: %w", err)
	}

	return seen.Digest, rows == seen.Rows && made < seen.open, nil
}
