package verify

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// frozen looks for rows that have a frozen key, or name one.
func (l Look) frozen(ctx context.Context) (left []store.Remainder, err error) {
	chunks, err := l.Keys.Frozen.Sets(ctx)
	if err != nil {
		return nil, fmt.Errorf("looking for frozen keys: %w", err)
	}

	sets, err := l.Keys.Described(ctx)
	if err != nil {
		return nil, err
	}

	for _, set := range sets {
		name := l.Keys.Name(set.String())

		live, found := l.Schema.Table(set.Table)
		if !found {
			continue // the table is gone, and its rows with it
		}

		if !whole(live, set.Columns) {
			left = append(left, store.Remainder{Place: set.String(), Rows: 1, Why: Renamed})

			continue
		}

		checks := l.checksOf(set)
		if set.LargeObjects {
			checks = l.objects()
		}

		for chunk := range chunks[name] {
			more, err := l.chunk(ctx, set, checks, chunk)
			if err != nil {
				return nil, err
			}

			left = append(left, more...)
		}
	}

	return left, nil
}

// chunk runs the checks of a set with one chunk of its keys.
func (l Look) chunk(ctx context.Context, set route.Set, checks []check, chunk int) ([]store.Remainder, error) {
	rows, err := l.Keys.Frozen.Get(ctx, l.Keys.Name(set.String()), chunk)
	if err != nil {
		return nil, fmt.Errorf("reading frozen keys: %w", err)
	}

	if len(rows) == 0 {
		return nil, nil
	}

	if rows, err = l.notTaken(ctx, set, rows); err != nil || len(rows) == 0 {
		return nil, err
	}

	left, err := l.run(ctx, checks, turned(rows)...)
	if err != nil {
		return nil, err
	}

	more, err := l.hashes(ctx, set, rows)

	return append(left, more...), err
}

// whole says that a table still has all columns.
func whole(live liveschema.Table, columns []string) bool {
	for _, column := range columns {
		if _, found := live.Column(column); !found {
			return false
		}
	}

	return true
}

// turned makes one array of each column.
func turned(rows [][]string) []any {
	columns := make([]any, len(rows[0]))

	for i := range columns {
		column := make([]string, len(rows))
		for r, row := range rows {
			column[r] = row[i]
		}

		columns[i] = column
	}

	return columns
}

// checksOf are the checks of one set: its own rows, then those that name them.
func (l Look) checksOf(set route.Set) (checks []check) {
	live, _ := l.Schema.Table(set.Table)
	gone := l.goes(set.Table)

	if gone {
		checks = append(checks, check{
			set.Table.String(), FrozenKey, "select count(*) from " + table(live) + " where " + l.among(set, live, set.Columns),
		})
	} else {
		checks = append(checks, l.overwritten(set, live)...)
	}

	for _, key := range l.keysTo(set) {
		from, _ := l.Schema.Table(key.from)
		decided, rows := l.rows(key.from)
		goesWith := rows == datamap.Delete && (sameColumns(decided.Path, key.columns) ||
			slices.ContainsFunc(decided.Follows, func(columns []string) bool { return sameColumns(columns, key.columns) }))

		if gone || goesWith {
			checks = append(checks, check{
				key.String(), NamesKey,
				"select count(*) from " + table(from) + " where " + l.among(set, from, key.columns),
			})
		}
	}

	return checks
}

func (l Look) goes(name liveschema.Name) bool {
	_, rows := l.rows(name)

	return rows == datamap.Delete
}

// among says that columns hold a key of the chunk.
func (l Look) among(set route.Set, live liveschema.Table, columns []string) string {
	names, values := make([]string, len(columns)), make([]string, len(columns))
	arrays, own := make([]string, len(columns)), make([]string, len(columns))
	target, _ := l.Schema.Table(set.Table)

	for i, column := range columns {
		of, _ := target.Column(set.Columns[i])
		here, _ := live.Column(column)
		names[i], arrays[i] = fmt.Sprintf("v%d", i), fmt.Sprintf("$%d::text[]", i+1)
		own[i], values[i] = "t."+liveschema.Quote(column), fmt.Sprintf("v%d::%s", i, of.Type)

		if here.Base != of.Base && here.Category != of.Category {
			own[i], values[i] = own[i]+"::text", names[i]
		}
	}

	return "(" + strings.Join(own, ", ") + ") in (select " + strings.Join(values, ", ") + " from unnest(" + strings.Join(arrays, ", ") +
		") as k (" + strings.Join(names, ", ") + "))"
}

// form is what a keyed hash looks like; only who has the key can tell that it is one.
const form = "[0-9a-f]{32}"

// regular is the text around a hash as a regular expression in a literal, but for the mark of the hash.
func regular(around string) string {
	if around == "" {
		around = datamap.HashMark
	}

	before, after, _ := strings.Cut(around, datamap.HashMark)
	escape := func(text string) string { return strings.ReplaceAll(regexp.QuoteMeta(text), "'", "''") }

	return escape(before) + datamap.HashMark + escape(after)
}

// objects looks for large objects that no row names any more. One that a row of somebody else names too stays, and
// is that one's.
func (l Look) objects() []check {
	conditions := []string{"m.oid::text = any ($1::text[])"}

	for _, object := range l.Decided.Objects {
		if live, found := l.Schema.Table(object.Table); found && object.LargeObject != "" {
			conditions = append(conditions,
				"not exists (select from "+table(live)+" where t."+liveschema.Quote(object.LargeObject)+"::text = m.oid::text)")
		}
	}

	return []check{{
		"large objects", FrozenKey,
		"select count(*) from pg_catalog.pg_largeobject_metadata as m where " + strings.Join(conditions, " and "),
	}}
}

// overwritten are the checks that rows which stay hold nothing of their subject any more.
func (l Look) overwritten(set route.Set, live liveschema.Table) (checks []check) {
	decided, _ := l.rows(set.Table)

	for _, column := range decided.Columns {
		of, found := live.Column(column.Name)
		if !found || column.Decision != datamap.Erase || of.Generated {
			continue
		}

		name := "t." + liveschema.Quote(column.Name)
		condition := ""

		switch column.Strategy {
		case datamap.Null:
			condition = name + " is not null"
		case datamap.Fixed:
			condition = name + "::text <> ('" + strings.ReplaceAll(column.Value, "'", "''") + "'::" + of.Type + ")::text"
		case datamap.KeyedHash:
			condition = name + "::text !~ " + formOf(column) // what has the form is shown to the keys
		case datamap.WithRow:
			continue
		}

		checks = append(checks, check{
			set.Table.String() + "." + column.Name, NotErased,
			"select count(*) from " + table(live) + " where " + condition + " and " + l.among(set, live, set.Columns),
		})
	}

	return checks
}

// keysTo are the edges that lead to a set, with their columns in the order of the set's.
func (l Look) keysTo(set route.Set) (to []edge) {
	for _, edge := range l.allEdges() {
		if edge.to != set.Table || !sameColumns(edge.toColumns, set.Columns) {
			continue
		}

		columns := make([]string, len(set.Columns))
		for i, column := range set.Columns {
			columns[i] = edge.columns[slices.Index(edge.toColumns, column)]
		}

		edge.columns, edge.toColumns = columns, set.Columns
		to = append(to, edge)
	}

	return to
}

func sameColumns(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)

	return len(a) > 0 && slices.Equal(a, b)
}
