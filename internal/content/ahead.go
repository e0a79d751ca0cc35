package content

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Ahead holds digests of tables of a copy that is still being restored: a restore
// keeps one processor busy, and what it has filled can be read beside it. Nothing
// in it is believed by itself: the description proves for each table that it is still
// the one that was read, of the same columns and types and with the same rows, or reads
// it anew. The zero value holds none; it is safe for concurrent use.
type Ahead struct {
	mu    sync.Mutex
	queue []sized          // owned by mu; listed, and not begun
	taken map[int64]bool   // owned by mu; by oid, what is or was in the queue
	found map[string]early // owned by mu
}

// early is what a table held at some instant.
type early struct {
	Digest

	oid   int64
	shape string // what shapeQuery said of the table in the snapshot of the digest
	open  int64  // the oldest transaction that was open then; all before it had ended
}

// Copies is the database of a copy: *postgres.DB.
type Copies interface {
	// InSnapshot runs work in a transaction that sees one instant.
	InSnapshot(ctx context.Context, work func(context.Context, postgres.Tx) error) error
}

// busy are the locks of who fills a table or changes its definition.
const busy = `'RowExclusiveLock', 'AccessExclusiveLock'`

// filledQuery lists the tables with rows that nobody writes to or changes the
// definition of, but for those with the given oids. The size of a locked table is not
// asked for: that would wait. Only the heap says by xmin which rows are new.
//
//nolint:gochecknoglobals // a constant text that a function helps to write
var filledQuery = tablesBeside(busy) + ` and c.oid::bigint <> all($1::bigint[]) and locked.relation is null
	and c.relam = (select a.oid from pg_am as a where a.amname = 'heap')
	and case when c.relpages > 0 then true when locked.relation is null then coalesce(pg_relation_size(c.oid), 0) > 0 else false end
	order by 4 desc`

// beginQuery gives the oldest transaction that is open, and tells whether somebody
// fills or changes one table now.
//
//nolint:gochecknoglobals // as above
var beginQuery = `select pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
	exists (select` + locks(busy) + ` and l.relation = $1::bigint::oid)`

// Read reads one table that is filled, and that nobody has read yet, and tells
// whether there was one. It holds no lock but on that table, and none when it
// returns. What goes wrong costs time only, so its error needs no answer: whoever
// describes the copy reads the table again.
func (a *Ahead) Read(ctx context.Context, db Copies) (bool, error) {
	table, found := a.next()
	if !found {
		if err := db.InSnapshot(ctx, a.list); err != nil {
			return false, failure.Wrap(codeOf(err), "listing what is restored", err)
		}

		if table, found = a.next(); !found {
			return false, nil
		}
	}

	err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error { return a.read(ctx, tx, table) })

	return err == nil, failure.Wrap(codeOf(err), "reading what is restored", err)
}

// Len is how many tables were read so far.
func (a *Ahead) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()

	return len(a.found)
}

// next gives a table to read.
func (a *Ahead) next() (sized, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()

	if len(a.queue) == 0 {
		return sized{}, false
	}

	table := a.queue[0]
	a.queue = a.queue[1:]

	return table, true
}

// list queues what was filled since the last list, the largest first.
func (a *Ahead) list(ctx context.Context, tx postgres.Tx) error {
	// Pinned like everything else: on another search_path the copy's own functions
	// would answer.
	if err := pin(ctx, tx, nil); err != nil {
		return err
	}

	a.mu.Lock()
	known := append([]int64{}, slices.Collect(maps.Keys(a.taken))...)
	a.mu.Unlock()

	filled, err := listTables(ctx, tx, filledQuery, known)
	if err != nil {
		return err
	}

	a.mu.Lock()
	defer a.mu.Unlock()

	if a.taken == nil {
		a.taken, a.found = map[int64]bool{}, map[string]early{}
	}

	for _, table := range filled {
		if !a.taken[table.oid] { // somebody else may have listed it meanwhile
			a.taken[table.oid], a.queue = true, append(a.queue, table)
		}
	}

	return nil
}

// read reads one table, or puts it back where somebody is at work on it again.
func (a *Ahead) read(ctx context.Context, tx postgres.Tx, table sized) error {
	if err := pin(ctx, tx, nil); err != nil {
		return err
	}

	var atWork bool

	seen := early{oid: table.oid}

	err := tx.QueryRow(ctx, beginQuery, table.oid).Scan(&seen.open, &atWork)
	if err != nil {
		return fmt.Errorf("looking at the snapshot: %w", err)
	}

	if atWork {
		a.mu.Lock()
		defer a.mu.Unlock()

		delete(a.taken, table.oid)

		return nil
	}

	if seen.shape, err = shapeOf(ctx, tx, table.oid); err != nil || seen.shape == "" {
		return err
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

// proven gives the digest that was read of a table if it is still the same table, with
// the same files, columns and types, and its rows are the same: each was made by a
// transaction that had ended before they were read, so it was among those that were
// read; they are as many; and PostgreSQL changes no row in its place. A nil Ahead has
// none.
func (a *Ahead) proven(ctx context.Context, q postgres.Queryer, table sized) (Digest, bool, error) {
	if a == nil {
		return Digest{}, false, nil
	}

	a.mu.Lock()
	seen, found := a.found[table.Key()]
	a.mu.Unlock()

	if !found || seen.oid != table.oid {
		return Digest{}, false, nil
	}

	shape, err := shapeOf(ctx, q, table.oid)
	if err != nil || shape != seen.shape {
		return Digest{}, false, err
	}

	var rows, made int64
	if err := q.QueryRow(ctx, fmt.Sprintf(sinceQuery, table.quoted())).Scan(&rows, &made); err != nil {
		return Digest{}, false, fmt.Errorf("looking for changes: %w", err)
	}

	return seen.Digest, rows == seen.Rows && made < seen.open, nil
}
