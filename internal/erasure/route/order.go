package route

import (
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// order puts children before their parents. A circle is opened at a key that can be made null first; what no key
// opens goes in one statement, at whose end the server looks at the keys.
func (b *builder) order() {
	var (
		names []liveschema.Name
		edges []Key
	)

	for _, name := range b.names() {
		switch member := b.member[name]; {
		case b.deletes(name):
			names = append(names, name)
		case member != nil && b.rows(name) == datamap.Keep && member.Live.Kind != liveschema.Materialized:
			member.Own = b.own(name)
			b.route.Kept = append(b.route.Kept, *member)
		}
	}

	for _, key := range b.keys {
		if b.deletes(key.From) && b.deletes(key.To) {
			edges = append(edges, key)
		}
	}

	edges = b.open(names, edges)
	b.orderSets()

	groups := components(names, edges)
	circles := inner(groups, edges)

	for _, group := range groups {
		b.checkTogether(edges, circles[group[0]])

		tables := make([]Table, len(group))
		for i, name := range group {
			b.member[name].Own = b.own(name)
			tables[i] = *b.member[name]
		}

		b.route.Going = append(b.route.Going, tables)
	}
}

// open takes keys out of circles, one after the other, as long as there are such that may be. It
// gives the keys that are left.
func (b *builder) open(names []liveschema.Name, edges []Key) []Key {
	for {
		cut, groups := -1, components(names, edges)
		circles := inner(groups, edges)

		for _, group := range groups {
			if cut = b.weakest(edges, circles[group[0]]); cut >= 0 {
				break
			}
		}

		if cut < 0 {
			return edges
		}

		b.cut(edges[cut])
		edges = slices.Delete(edges, cut, cut+1)
	}
}

// weakest is the key of a circle that is taken out with the least harm, -1 if none may be: a soft one, which
// nobody keeps; one that does not lead to the row's owner; one that does.
func (b *builder) weakest(edges []Key, circle []int) int {
	for _, fits := range []func(Key) bool{
		func(key Key) bool { return key.Soft },
		func(key Key) bool { return len(b.nulls(key)) > 0 && !b.isGoesWith(key) },
		func(key Key) bool { return len(b.nulls(key)) > 0 && b.remembered(key.From) },
	} {
		if at := slices.IndexFunc(circle, func(at int) bool { return fits(edges[at]) }); at >= 0 {
			return circle[at]
		}
	}

	return -1
}

// remembered says that rows of a table are found by a key of their own once they lead nowhere any more.
func (b *builder) remembered(name liveschema.Name) bool {
	return b.own(name) != nil || len(b.live[name].Primary) > 0 || len(b.live[name].Unique) > 0
}

func (b *builder) cut(key Key) {
	if key.Soft {
		return
	}

	b.addUnlink(Unlink{Key: key, Nulls: b.nulls(key)})

	if b.isGoesWith(key) {
		b.addOwnSet(key.From)
	}
}

// checkTogether checks that what goes in one statement can.
func (b *builder) checkTogether(edges []Key, circle []int) {
	for _, at := range circle {
		if key := edges[at]; key.OnDelete == liveschema.Restrict {
			b.problem(key.From, key.Columns, b.tables[key.From].Place,
				fmt.Sprintf("%v closes a circle of keys that cannot be made null, and restricts deletion", key.Columns),
				"make it ON DELETE NO ACTION, or let it hold null")
		}
	}
}

// collectViews finds what is computed from rows of subjects, and what they name elsewhere.
func (b *builder) collectViews() {
	for _, name := range b.names() {
		if b.live[name].Kind == liveschema.Materialized {
			b.route.Views = append(b.route.Views, name)
		}
	}

	for _, columns := range b.decided.Objects {
		if b.member[columns.Table] != nil {
			columns.Place = datamap.Place{} // a comment above it changes no route
			b.route.Objects = append(b.route.Objects, columns)
		}
	}
}
