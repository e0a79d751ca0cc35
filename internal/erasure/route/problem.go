package route

import (
	"cmp"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Problem is a reason why nothing can be erased.
type Problem struct {
	Table liveschema.Name
	// Columns are those that it is about, none if it is about the table.
	Columns []string
	// Place is where the map says so, zero where it says nothing.
	Place datamap.Place
	// What is wrong, and Remedy what mends it, in words for whoever keeps the map.
	What, Remedy string
}

// String is the problem in one line.
func (p Problem) String() string { return p.Table.String() + ": " + p.What + "; " + p.Remedy }

// sorted puts problems in the order of their tables, each once.
func sorted(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Table.String(), b.Table.String()), cmp.Compare(a.What, b.What))
	})

	return slices.CompactFunc(problems, func(a, b Problem) bool { return a.Table == b.Table && a.What == b.What })
}
