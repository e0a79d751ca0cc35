package verify

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// orphansSet is where the numbers of before are kept, beside the frozen keys.
const orphansSet = "#orphans"

// Before counts the rows whose key leads nowhere, for each key into a table of which rows go by which no rows
// are frozen, and keeps the numbers: an
// erasure must add none. Foreign keys are counted too, since not every database has always enforced them. It notes too which
// samples the server has of tables without rows.
func (l Look) Before(ctx context.Context) error {
	edges := l.intoGoing()

	counts, err := l.countOrphans(ctx, edges)
	if err != nil {
		return err
	}

	rows := make([][]string, len(edges))
	for i, edge := range edges {
		rows[i] = []string{edge.String() + " to " + edge.to.String(), strconv.FormatInt(counts[i], 10)}
	}

	if err := l.Keys.Frozen.Put(ctx, l.Keys.Name(orphansSet), 0, rows); err != nil {
		return fmt.Errorf("keeping the numbers of before: %w", err)
	}

	return l.noteEmpty(ctx)
}

// remembered says that what an edge leads to is frozen: then a row that names an erased one is known by the key that it
// names, and those that name what others delete meanwhile are not taken for it.
func (l Look) remembered(edge edge) bool {
	return slices.ContainsFunc(l.Route.Sets, func(set route.Set) bool {
		return set.Table == edge.to && !set.LargeObjects && sameColumns(set.Columns, edge.toColumns)
	})
}

// intoGoing leaves out materialized views, whose rows were computed at another time than those that they name.
func (l Look) intoGoing() (edges []edge) {
	for _, edge := range l.allEdges() {
		if from, _ := l.Schema.Table(edge.from); from.Kind == liveschema.Materialized {
			continue
		}

		if _, found := l.Route.Table(edge.to); found && l.goes(edge.to) && !l.remembered(edge) {
			edges = append(edges, edge)
		}
	}

	return edges
}

func (l Look) countOrphans(ctx context.Context, edges []edge) (counts []int64, err error) {
	if len(edges) == 0 {
		return nil, nil
	}

	parts := make([]string, len(edges))

	for i, edge := range edges {
		from, _ := l.Schema.Table(edge.from)
		to, _ := l.Schema.Table(edge.to)
		joins, whole := make([]string, len(edge.columns)), make([]string, len(edge.columns))

		for c, column := range edge.columns {
			here, _ := from.Column(column)
			there, _ := to.Column(edge.toColumns[c])
			own, parent := "t."+liveschema.Quote(column), "p."+liveschema.Quote(edge.toColumns[c])
			whole[c] = own + " is not null"

			if here.Base != there.Base && here.Category != there.Category {
				own, parent = own+"::text", parent+"::text"
			}

			joins[c] = own + " = " + parent
		}

		parts[i] = "(select count(*) from " + table(from) + " where " + strings.Join(whole, " and ") + " and not exists (select from " +
			edge.to.SQL() + " as p where " + strings.Join(joins, " and ") + "))"
	}

	if err := l.On.QueryRow(ctx, "select array["+strings.Join(parts, ", ")+"]::bigint[]").Scan(&counts); err != nil {
		return nil, fmt.Errorf("counting keys that lead nowhere: %w", err)
	}

	return counts, nil
}

// orphans looks for more rows whose key leads nowhere than there were.
func (l Look) orphans(ctx context.Context) (left []store.Remainder, err error) {
	kept, err := l.Keys.Frozen.Get(ctx, l.Keys.Name(orphansSet), 0)
	if err != nil {
		return nil, fmt.Errorf("reading the numbers of before: %w", err)
	}

	before := map[string]int64{}

	for _, row := range kept {
		if before[row[0]], err = strconv.ParseInt(row[1], 10, 64); err != nil {
			return nil, fmt.Errorf("reading the numbers of before: %w", err)
		}
	}

	edges := l.intoGoing()

	counts, err := l.countOrphans(ctx, edges)
	if err != nil {
		return nil, err
	}

	for i, edge := range edges {
		if more := counts[i] - before[edge.String()+" to "+edge.to.String()]; more > 0 {
			left = append(left, store.Remainder{Place: edge.String(), Rows: more, Why: Orphan})
		}
	}

	return left, nil
}
