// Package freeze finds all keys of an erasure's subject that other rows name, and keeps
// them sealed: once the rows are gone, no join finds what was below them.
package freeze

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/route"
	"steward/internal/erasure/selection"
	"steward/internal/liveschema"
	"steward/internal/postgres"
	"steward/internal/store"
)

// chunkRows is how many keys a chunk holds: some hundred kilobytes, which seal and travel at once.
const chunkRows = 10_000

// mostRounds ends a search that finds something new in each round. A chain of rows that name each other is as
// long as its longest path; a thousand is a design that nobody has.
const mostRounds = 1_000

// errTooLong says that a search came to no end.
var errTooLong = fmt.Errorf("rows name each other in more than %d steps", mostRounds)

// Keys are the frozen keys of one store of an erasure.
type Keys struct {
	// Frozen keeps them, under names that begin with Store and a slash.
	Frozen store.Frozen
	Store  string
}

// Name is the name under which a set of this store is kept.
func (k Keys) Name(set string) string { return k.Store + "/" + set }

// Prepare makes the session's tables, and puts the subject into them.
func Prepare(ctx context.Context, q postgres.Queryer, found selection.Selection, subject store.Subject) error {
	if _, err := q.Exec(ctx, found.Create()); err != nil {
		return fmt.Errorf("making the session's tables: %w", err)
	}

	kinds, values := []string{}, []string{}
	if subject.Account != "" {
		kinds, values = append(kinds, selection.AccountKind), append(values, subject.Account)
	}

	for kind, identities := range subject.Identities {
		for _, identity := range identities {
			kinds, values = append(kinds, kind), append(values, identity)
		}
	}

	_, err := q.Exec(ctx, "insert into "+selection.Subject+" select kind, value from unnest($1::text[], $2::text[]) as s (kind, value)",
		kinds, values)
	if err != nil {
		return fmt.Errorf("naming the subject: %w", err)
	}

	return nil
}

// Grow finds the keys of rows that belong, and are not in the sets yet, in rounds from the given one on until
// there are no more. It gives how many it found.
func Grow(ctx context.Context, q postgres.Queryer, found selection.Selection, round int) (grown int64, err error) {
	// The first round looks below all that is known, each later one below what the one before found.
	for last, since := round+mostRounds, 0; ; round, since = round+1, round {
		if round == last {
			return 0, errTooLong
		}

		rows, err := growOnce(ctx, q, found, round, since)
		if err != nil {
			return 0, err
		}

		if grown += rows; rows == 0 || !found.Route.Rounds {
			break
		}
	}

	if grown > 0 {
		return grown, analyze(ctx, q, len(found.Route.Sets))
	}

	return 0, nil
}

// analyze tells the planner how large the sets are.
func analyze(ctx context.Context, q postgres.Queryer, sets int) error {
	tables := make([]string, sets)
	for i := range tables {
		tables[i] = selection.Table(i)
	}

	if len(tables) == 0 {
		return nil
	}

	if _, err := q.Exec(ctx, "analyze "+strings.Join(tables, ", ")); err != nil {
		return fmt.Errorf("counting the frozen keys: %w", err)
	}

	return nil
}

func growOnce(ctx context.Context, q postgres.Queryer, found selection.Selection, round, since int) (grown int64, err error) {
	for i, set := range found.Route.Sets {
		table, _ := found.Route.Table(set.Table)

		for _, selector := range table.Selectors {
			args := []any{round}
			if selector.Key != nil {
				args = append(args, since)
			}

			rows, err := q.Exec(ctx, found.Grow(i, table, selector), args...)
			if err != nil {
				return 0, fmt.Errorf("finding keys of %s: %w", set, err)
			}

			grown += rows
		}
	}

	return grown, nil
}

// Append keeps the keys that came in a round or later, in chunks after those that there are, and counts them in chunks.
func (k Keys) Append(ctx context.Context, q postgres.Queryer, found selection.Selection, round int, chunks map[string]int) error {
	for i, set := range found.Route.Sets {
		name := k.Name(set.String())

		next, err := k.writeSet(ctx, q, found.Keys(i), name, round, chunks[name])
		if err != nil {
			return err // chunks stays, so that a later try overwrites none that is full
		}

		chunks[name] = next
	}

	return nil
}

// Write keeps all keys in place of those that an earlier try left. A crash leaves some chunks of this try
// and some of the one before.
func (k Keys) Write(ctx context.Context, q postgres.Queryer, found selection.Selection) error {
	before, err := k.Frozen.Sets(ctx)
	if err != nil {
		return fmt.Errorf("looking for frozen keys: %w", err)
	}

	for i, set := range found.Route.Sets {
		name := k.Name(set.String())

		next, err := k.writeSet(ctx, q, found.Keys(i), name, 0, 0)
		if err != nil {
			return err
		}

		for ; next < before[name]; next++ {
			if err := k.Frozen.Put(ctx, name, next, [][]string{}); err != nil {
				return fmt.Errorf("emptying frozen keys: %w", err)
			}
		}
	}

	return nil
}

func (k Keys) writeSet(ctx context.Context, q postgres.Queryer, query, name string, round, next int) (int, error) {
	rows, err := q.Query(ctx, query, round)
	if err != nil {
		return 0, fmt.Errorf("reading keys: %w", err)
	}
	defer rows.Close()

	chunk := make([][]string, 0, chunkRows)
	put := func() error {
		if len(chunk) == 0 {
			return nil
		}

		if err := k.Frozen.Put(ctx, name, next, chunk); err != nil {
			return fmt.Errorf("freezing keys: %w", err)
		}

		next++
		chunk = make([][]string, 0, chunkRows)

		return nil
	}

	for rows.Next() {
		key, err := pgx.RowTo[[]string](rows)
		if err != nil {
			return 0, fmt.Errorf("reading keys: %w", err)
		}

		if chunk = append(chunk, key); len(chunk) == chunkRows {
			if err := put(); err != nil {
				return 0, err
			}
		}
	}

	if err := rows.Err(); err != nil {
		return 0, fmt.Errorf("reading keys: %w", err)
	}

	err = put()

	return next, err
}

// setsSet holds what each frozen set is, beside them.
const setsSet = "#sets"

// Describe keeps what the sets are: the map and the schema may be others when somebody looks again.
func (k Keys) Describe(ctx context.Context, sets []route.Set) error {
	rows := make([][]string, len(sets))
	for i, set := range sets {
		rows[i] = append([]string{set.Table.Schema, set.Table.Table, strconv.FormatBool(set.LargeObjects)}, set.Columns...)
	}

	if err := k.Frozen.Put(ctx, k.Name(setsSet), 0, rows); err != nil {
		return fmt.Errorf("keeping what is frozen: %w", err)
	}

	return nil
}

// Described are the sets as they were when they were frozen.
func (k Keys) Described(ctx context.Context) (sets []route.Set, err error) {
	const before = 3

	rows, err := k.Frozen.Get(ctx, k.Name(setsSet), 0)
	if err != nil {
		return nil, fmt.Errorf("reading what is frozen: %w", err)
	}

	for _, row := range rows {
		if len(row) <= before {
			return nil, fmt.Errorf("reading what is frozen: %d fields are not enough", len(row))
		}

		sets = append(sets, route.Set{
			Table: liveschema.Name{Schema: row[0], Table: row[1]}, LargeObjects: row[2] == "true", Columns: row[before:],
		})
	}

	return sets, nil
}

// Load puts the frozen keys into the session's tables, and gives how many chunks there are of each set.
func (k Keys) Load(ctx context.Context, q postgres.Queryer, found selection.Selection) (map[string]int, error) {
	chunks, err := k.Frozen.Sets(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for frozen keys: %w", err)
	}

	for i, set := range found.Route.Sets {
		for chunk := range chunks[k.Name(set.String())] {
			rows, err := k.Frozen.Get(ctx, k.Name(set.String()), chunk)
			if err != nil {
				return nil, fmt.Errorf("reading frozen keys: %w", err)
			}

			if len(rows) == 0 {
				continue
			}

			if _, err := q.Exec(ctx, found.Load(i), Columns(rows)...); err != nil {
				return nil, fmt.Errorf("loading frozen keys of %s: %w", set, err)
			}
		}
	}

	return chunks, analyze(ctx, q, len(found.Route.Sets))
}

// Columns turns rows of texts into one list for each column, as statements take them. There must be a row.
func Columns(rows [][]string) []any {
	lists := make([][]string, len(rows[0]))
	for _, row := range rows {
		for i := range lists {
			lists[i] = append(lists[i], row[i])
		}
	}

	args := make([]any, len(lists))
	for i, list := range lists {
		args[i] = list
	}

	return args
}
