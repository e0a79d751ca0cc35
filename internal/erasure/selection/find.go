package selection

import (
	"fmt"
	"strings"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// ways are the conditions of which one finds each row. Where the table's own keys are frozen, those find
// all rows that the selectors do, and of them those that still are the subject's.
func (s Selection) ways(table route.Table) []string {
	if table.Own != nil {
		return []string{s.InOwnSet(*table.Own) + " and " + s.still(table)}
	}

	ways := []string{}
	for _, selector := range table.Selectors {
		ways = append(ways, s.Selector(table, selector))
	}

	for _, set := range s.Route.SetsOf(table.Name) { // of columns that may be null
		ways = append(ways, s.InOwnSet(set)+" and "+s.still(table))
	}

	return ways
}

// Grow adds to the i-th set the keys of rows that one selector finds, in round $1. A key selector
// looks below the keys that came in round $2 or later.
func (s Selection) Grow(i int, table route.Table, selector route.Selector) string {
	set := s.Route.Sets[i]
	columns, conditions := make([]string, len(set.Columns)), []string{}

	for c, column := range set.Columns {
		columns[c] = alias + "." + liveschema.Quote(column)
		conditions = append(conditions, columns[c]+" is not null")
	}

	condition := s.Selector(table, selector)
	if selector.Key != nil {
		condition = s.InSet(*selector.Key, " and k.round >= $2::int")
	}

	return "insert into " + Table(i) + " select distinct " + strings.Join(columns, ", ") + ", $1::int from " + From(table.Live) +
		" where " + strings.Join(append([]string{condition}, conditions...), " and ") + " on conflict do nothing"
}

// Keys reads the keys of the i-th set as texts, those that came in round $1 or later.
func (s Selection) Keys(i int) string {
	columns := make([]string, len(s.Route.Sets[i].Columns))
	for c := range columns {
		columns[c] = name(c) + "::text"
	}

	return "select array[" + strings.Join(columns, ", ") + "] from " + Table(i) + " where round >= $1"
}

// Load puts keys into the i-th set, one array of texts for each column.
func (s Selection) Load(i int) string {
	set := s.Route.Sets[i]
	names, values, arrays := make([]string, len(set.Columns)), make([]string, len(set.Columns)), make([]string, len(set.Columns))

	for c, column := range set.Columns {
		names[c], arrays[c] = name(c), fmt.Sprintf("$%d::text[]", c+1)
		values[c] = name(c) + "::" + s.typeOf(set.Table, column)
	}

	return "insert into " + Table(i) + " select " + strings.Join(values, ", ") + ", 0 from unnest(" + strings.Join(arrays, ", ") +
		") as k (" + strings.Join(names, ", ") + ") on conflict do nothing"
}

// Count counts the rows of a table that belong.
func (s Selection) Count(table route.Table) string {
	return Job{Table: table.Live, ways: s.ways(table)}.Count()
}
