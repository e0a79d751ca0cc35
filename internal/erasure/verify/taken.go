package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// notTaken leaves out the keys under which a row of another account stands by now: moved there since, or a new one under a
// key that was free again. Neither it nor what names it is the subject's. Only a row that holds its
// account's key itself says so.
func (l Look) notTaken(ctx context.Context, set route.Set, rows [][]string) ([][]string, error) {
	live, _ := l.Schema.Table(set.Table)
	column := l.accountColumn(set.Table)

	if set.LargeObjects || column == "" || l.Subject.Account == "" {
		return rows, nil
	}

	texts := make([]string, len(set.Columns))
	for i, name := range set.Columns {
		texts[i] = "t." + liveschema.Quote(name) + "::text"
	}

	account := fmt.Sprintf("$%d", len(set.Columns)+1)

	found, err := l.On.Query(ctx, "select array["+strings.Join(texts, ", ")+"] from "+table(live)+" where "+
		l.among(set, live, set.Columns)+" and not "+l.is(live, "t", column, account), append(turned(rows), l.Subject.Account)...)
	if err != nil {
		return nil, fmt.Errorf("looking for keys that are used again: %w", err)
	}

	taken, err := pgx.CollectRows(found, pgx.RowTo[[]string])
	if err != nil {
		return nil, fmt.Errorf("looking for keys that are used again: %w", err)
	}

	others := make(map[string]bool, len(taken))
	for _, key := range taken {
		others[fmt.Sprintf("%q", key)] = true
	}

	// The keys are not ours to change.
	kept := make([][]string, 0, len(rows))

	for _, key := range rows {
		if !others[fmt.Sprintf("%q", key)] {
			kept = append(kept, key)
		}
	}

	return kept, nil
}

// accountColumn is the column of a table that holds the account's key: that of the root, or one that its path copies from
// table to table. It is empty where there is none.
func (l Look) accountColumn(name liveschema.Name) string {
	root := l.Decided.Account
	if name == root.Table {
		return root.Key
	}

	decided, _ := l.rows(name)

	for _, edge := range l.edges(name) {
		if len(decided.Path) == 0 || !sameColumns(edge.columns, decided.Path) || edge.to == name {
			continue
		}

		if at := slices.Index(edge.toColumns, l.accountColumn(edge.to)); at >= 0 {
			return edge.columns[at]
		}
	}

	return ""
}
