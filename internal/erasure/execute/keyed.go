package execute

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/datamap"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/pseudonym"
	"steward/internal/erasure/route"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
)

// atOncePseudonyms is how many rows one transaction gives pseudonyms: their values are in memory meanwhile.
const atOncePseudonyms = 1_000

// Pseudonyms gives keyed hashes to the columns of rows that stay and are to have one. The key stays here: the server
// sees hashes only. What is a hash already is left, so that it may be run again.
type Pseudonyms struct {
	Session *session.Session
	Found   selection.Selection
	Keys    freeze.Keys
	Key     []byte

	done map[string]int // chunks of each set that are done
}

// Needed says that a route has columns for pseudonyms.
func Needed(found selection.Selection) bool {
	for _, table := range found.Route.Kept {
		if len(keyed(table)) > 0 {
			return true
		}
	}

	return false
}

func keyed(table route.Table) (columns []route.Overwrite) {
	for _, overwrite := range table.Overwrites {
		if overwrite.Strategy == datamap.KeyedHash {
			columns = append(columns, overwrite)
		}
	}

	return columns
}

// Give does all rows whose keys are frozen, and were not done before by this value.
func (p *Pseudonyms) Give(ctx context.Context, chunks map[string]int) error {
	if p.done == nil {
		p.done = map[string]int{}
	}

	for _, table := range p.Found.Route.Kept {
		columns := keyed(table)
		if len(columns) == 0 || table.Own == nil {
			continue
		}

		for name := p.Keys.Name(table.Own.String()); p.done[name] < chunks[name]; p.done[name]++ {
			rows, err := p.Keys.Frozen.Get(ctx, name, p.done[name])
			if err != nil {
				return fmt.Errorf("reading frozen keys: %w", err)
			}

			for len(rows) > 0 {
				some := rows[:min(atOncePseudonyms, len(rows))]
				rows = rows[len(some):]

				if err := p.some(ctx, table, columns, some); err != nil {
					return fmt.Errorf("giving pseudonyms in %s: %w", table.Name, err)
				}
			}
		}
	}

	return nil
}

// some does some rows in one transaction: a crash leaves all of them as they were, or all done.
func (p *Pseudonyms) some(ctx context.Context, table route.Table, columns []route.Overwrite, keys [][]string) error {
	return p.Session.InTx(ctx, "begin", func(ctx context.Context) error {
		for _, column := range columns {
			read, write := p.Found.Pseudonyms(table, column)

			rows, err := p.Session.Query(ctx, read, freeze.Columns(keys)...)
			if err != nil {
				return fmt.Errorf("reading: %w", err)
			}

			found, err := pgx.CollectRows(rows, pgx.RowTo[[]string])
			if err != nil {
				return fmt.Errorf("reading: %w", err)
			}

			names := p.names(found, column.Value)
			if len(names) == 0 {
				continue
			}

			if _, err := p.Session.Exec(ctx, write, freeze.Columns(names)...); err != nil {
				return fmt.Errorf("writing: %w", err)
			}
		}

		return nil
	})
}

// names puts a name in place of the last text of each row that is none yet, and gives those rows.
func (p *Pseudonyms) names(rows [][]string, around string) (names [][]string) {
	for _, row := range rows {
		last := len(row) - 1
		if !pseudonym.Written(p.Key, around, row[last]) {
			row[last] = pseudonym.Write(around, pseudonym.Hash(p.Key, row[last]))
			names = append(names, row)
		}
	}

	return names
}
