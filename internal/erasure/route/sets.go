package route

import (
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// collectSets finds the keys that must be frozen: all that name rows which go, or that lead to rows which
// belong. Rows that are overwritten are remembered by their own keys.
func (b *builder) collectSets() {
	for _, key := range b.keys {
		member := b.member[key.To]
		if member == nil || member.Live.Kind == liveschema.Materialized {
			continue
		}

		if b.deletes(key.To) || b.selects(key) {
			b.addSet(key.Set())
		}
	}

	for _, name := range b.names() {
		member := b.member[name]
		if member == nil || len(member.Overwrites) == 0 {
			continue
		}

		b.addOwnSet(name)

		if len(b.live[name].Primary) == 0 && slices.ContainsFunc(member.Overwrites, keyed) {
			b.problem(name, nil, b.tables[name].Place, "a keyed hash needs to know which rows are done, and the table has no primary key",
				"give it one, or make the column null or fixed")
		}
	}

	for _, columns := range b.decided.Objects {
		if columns.LargeObject != "" && b.member[columns.Table] != nil {
			b.addSet(Set{Table: columns.Table, Columns: []string{columns.LargeObject}, LargeObjects: true})
		}
	}
}

func keyed(overwrite Overwrite) bool { return overwrite.Strategy == datamap.KeyedHash }

func (b *builder) addSet(set Set) {
	if !slices.ContainsFunc(b.route.Sets, func(known Set) bool {
		return known.Table == set.Table && slices.Equal(known.Columns, set.Columns) && known.LargeObjects == set.LargeObjects
	}) {
		b.route.Sets = append(b.route.Sets, set)
	}
}

// addOwnSet freezes the rows of a table by a key of its own, if it has one.
func (b *builder) addOwnSet(name liveschema.Name) {
	if b.own(name) != nil {
		return
	}

	own := b.live[name].Primary
	if len(own) == 0 && len(b.live[name].Unique) > 0 {
		own = b.live[name].Unique[0]
	}

	if len(own) > 0 {
		own = slices.Clone(own)
		slices.Sort(own)
		b.addSet(Set{Table: name, Columns: own})
	}
}

// own is the first frozen key of a table that each of its rows has.
func (b *builder) own(name liveschema.Name) *Set {
	for _, set := range b.route.SetsOf(name) {
		if b.unique(name, set.Columns) {
			return &set
		}
	}

	return nil
}

// unique says that columns name each row of a table, and hold no null.
func (b *builder) unique(name liveschema.Name, columns []string) bool {
	live := b.live[name]

	return alike(live.Primary, columns) || slices.ContainsFunc(live.Unique, func(unique []string) bool { return alike(unique, columns) })
}

// selects says that rows which belong are found by a key.
func (b *builder) selects(key Key) bool {
	member := b.member[key.From]

	return member != nil && slices.ContainsFunc(member.Selectors, func(selector Selector) bool {
		return selector.Key != nil && selector.Key.To == key.To && alike(pairs(*selector.Key), pairs(key))
	})
}

// orderSets puts the sets of parents before those of their children, and notes whether there is a circle.
func (b *builder) orderSets() {
	var edges []Key

	for _, name := range b.names() {
		if member := b.member[name]; member != nil {
			for _, selector := range member.Selectors {
				if selector.Key != nil {
					edges = append(edges, *selector.Key)
				}
			}
		}
	}

	rank := map[liveschema.Name]int{}

	groups := components(b.names(), edges)
	b.route.Rounds = len(inner(groups, edges)) > 0

	for place, group := range groups {
		for _, name := range group {
			rank[name] = -place
		}
	}

	slices.SortStableFunc(b.route.Sets, func(x, y Set) int { return rank[x.Table] - rank[y.Table] })
}
