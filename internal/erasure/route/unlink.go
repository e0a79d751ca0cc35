package route

import (
	"fmt"
	"slices"
	"strings"

	"steward/internal/liveschema"
)

// unlink finds the keys of rows that stay, and that may name rows which go.
func (b *builder) unlink() {
	for _, key := range b.keys {
		if !b.deletes(key.To) || b.live[key.From].Kind == liveschema.Materialized || b.goesAlong(key) {
			continue
		}

		nulls := b.nulls(key)
		if len(nulls) == 0 {
			b.cannotUnlink(key)

			continue
		}

		b.addUnlink(Unlink{Key: key, Nulls: nulls})
	}
}

func (b *builder) addUnlink(unlink Unlink) {
	member := b.member[unlink.Key.To]

	if !slices.ContainsFunc(member.Unlinks, func(known Unlink) bool {
		return known.Key.From == unlink.Key.From && alike(pairs(known.Key), pairs(unlink.Key))
	}) {
		member.Unlinks = append(member.Unlinks, unlink)
	}
}

// goesAlong says that every row which names a row that goes by this key goes itself.
func (b *builder) goesAlong(key Key) bool {
	return b.deletes(key.From) && (b.isGoesWith(key) || b.ofAccount(key))
}

func (b *builder) isGoesWith(key Key) bool {
	return slices.ContainsFunc(b.goesWith(key.From), func(other Key) bool {
		return other.To == key.To && alike(pairs(other), pairs(key))
	})
}

// nulls are the columns of a key that are made null, none if it cannot be unlinked. Those that lead the row to
// its own account are spared where another one will do.
func (b *builder) nulls(key Key) (nulls []string) {
	live := b.live[key.From]

	for _, name := range key.Columns {
		column, found := live.Column(name)
		if found && !column.NotNull && !column.Generated && !slices.Contains(live.Primary, name) {
			nulls = append(nulls, name)
		}
	}

	if key.MatchFull {
		if len(nulls) < len(key.Columns) {
			return nil
		}

		return nulls
	}

	own := b.path[key.From]
	if alike(own.Columns, key.Columns) {
		return nulls
	}

	spared := slices.DeleteFunc(slices.Clone(nulls), func(name string) bool { return slices.Contains(own.Columns, name) })
	if len(spared) > 0 {
		return spared
	}

	return nulls
}

func (b *builder) cannotUnlink(key Key) {
	table := b.tables[key.From]
	what := fmt.Sprintf("rows of it that stay may name rows of %s that go, by %v, which cannot be made null", key.To, key.Columns)
	remedy := fmt.Sprintf("let them go too: follows: [%s]", list(key.Columns))

	switch {
	case !b.personal(key.From):
		remedy = "decide whose rows the table holds, since those would be in the way"
	case b.member[key.From] != nil && !b.deletes(key.From):
		remedy = "let its rows go (rows: delete), or those of " + key.To.String() + " stay (rows: keep)"
	case key.Soft:
		remedy += ", or take the reference out of references"
	}

	b.problem(key.From, key.Columns, table.Place, what, remedy)
}

// list writes columns as the map does.
func list(columns []string) string {
	return "[" + strings.Join(columns, ", ") + "]"
}
