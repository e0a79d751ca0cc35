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
// key that was free again. Neither it nor what names it is the subject's. A row says so that holds its account's key itself, or
// that belongs by its path alone, which leads to another account.
func (l Look) notTaken(ctx context.Context, set route.Set, rows [][]string) ([][]string, error) {
	live, _ := l.Schema.Table(set.Table)
	account := fmt.Sprintf("$%d", len(set.Columns)+1)
	others := l.ofOthers(live, account)

	if set.LargeObjects || others == "" || l.Subject.Account == "" {
		return rows, nil
	}

	texts := make([]string, len(set.Columns))
	for i, name := range set.Columns {
		texts[i] = "t." + liveschema.Quote(name) + "::text"
	}

	found, err := l.On.Query(ctx, "select array["+strings.Join(texts, ", ")+"] from "+table(live)+" where "+
		l.among(set, live, set.Columns)+" and "+others, append(turned(rows), l.Subject.Account)...)
	if err != nil {
		return nil, fmt.Errorf("looking for keys that are used again: %w", err)
	}

	taken, err := pgx.CollectRows(found, pgx.RowTo[[]string])
	if err != nil {
		return nil, fmt.Errorf("looking for keys that are used again: %w", err)
	}

	theirs := make(map[string]bool, len(taken))
	for _, key := range taken {
		theirs[fmt.Sprintf("%q", key)] = true
	}

	// The keys are not ours to change.
	kept := make([][]string, 0, len(rows))

	for _, key := range rows {
		if !theirs[fmt.Sprintf("%q", key)] {
			kept = append(kept, key)
		}
	}

	return kept, nil
}

// ofOthers says that a row is of another account than that of a parameter; it is empty where no row says whose it is.
func (l Look) ofOthers(live liveschema.Table, account string) string {
	if column := l.accountColumn(live.Name); column != "" {
		return "not " + l.is(live, "t", column, account)
	}

	if decided, _ := l.rows(live.Name); len(decided.Path) == 0 || len(decided.Follows) > 0 {
		return ""
	}

	return l.up(live.Name, "t", func(root liveschema.Table, alias, column string) string {
		return "not " + l.is(root, alias, column, account)
	})
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
