package route

import (
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
)

// findAccountColumns finds the column of each table that holds the key of the account itself: the path copies it
// from table to table in databases of many tenants. Such rows are found without their parents.
func (b *builder) findAccountColumns() {
	root := b.decided.Account
	if !b.personal(root.Table) {
		return
	}

	b.accountOf[root.Table] = root.Key

	for _, name := range b.names() {
		if !b.underAccount(name) {
			continue
		}

		hops := b.hops(name)
		column := root.Key

		for _, hop := range slices.Backward(hops) {
			at := slices.Index(hop.ToColumns, column)
			if column = ""; at >= 0 {
				column = hop.Columns[at]
			}
		}

		b.accountOf[name] = column
	}
}

// findMembers finds the tables that may hold rows of the subject: those where it begins, then
// those whose rows go with theirs.
func (b *builder) findMembers() {
	for _, name := range b.names() {
		if b.seed(name) {
			b.add(name)
		}
	}

	for grown := true; grown; {
		grown = false

		for _, name := range b.names() {
			if b.member[name] == nil && slices.ContainsFunc(b.goesWith(name), func(key Key) bool { return b.member[key.To] != nil }) {
				b.add(name)

				grown = true
			}
		}
	}
}

// seed says that the subject begins in a table.
func (b *builder) seed(name liveschema.Name) bool {
	table := b.tables[name]

	switch {
	case b.kind.Subject == plan.Account:
		return name == b.decided.Account.Table
	case table.Person == nil:
		return false
	case b.kind.Scoped:
		// The customer whose account it is decides about all rows below it, whoever
		// the controller is; rows of other customers are of other subjects.
		return b.underAccount(name)
	default:
		return table.Role == datamap.Controller
	}
}

// goesWith are the keys of a table whose rows go with what they name.
func (b *builder) goesWith(name liveschema.Name) (keys []Key) {
	if key, found := b.path[name]; found {
		keys = append(keys, key)
	}

	return append(keys, b.follows[name]...)
}

// rows says what becomes of a table's rows.
func (b *builder) rows(name liveschema.Name) datamap.Rows {
	table := b.tables[name]
	if b.kind.Subject == plan.Person && table.Person != nil {
		return table.Person.Rows
	}

	return table.Rows
}

func (b *builder) add(name liveschema.Name) {
	live, decided := b.live[name], b.tables[name]
	member := &Table{Name: name, Live: live, Partitioned: live.Kind == liveschema.Partitioned}
	b.member[name] = member

	switch {
	case live.Kind == liveschema.Materialized:
		return // it is computed anew
	case live.Kind == liveschema.Foreign || live.ForeignPartitions > 0:
		b.problem(name, nil, decided.Place, "its rows lie on another server",
			"map the database that holds them, and call this table not_personal")
	}

	switch b.rows(name) {
	case datamap.Delete:
	case datamap.Keep:
		b.keep(member, decided)
	default:
		b.problem(name, nil, decided.Place, "nobody decided what becomes of its rows", "add rows: delete, or rows: keep")
	}
}

// keep reads what happens to the columns of rows that stay.
func (b *builder) keep(member *Table, decided datamap.Table) {
	for _, column := range decided.Columns {
		live, found := member.Live.Column(column.Name)

		switch {
		case !found:
		case column.Decision == datamap.NotPersonal:
			b.checkMatched(member.Live, decided, column)
		case column.Decision == datamap.Retain:
			member.Retains = append(member.Retains, Retain{Column: column.Name, Basis: column.Basis, Until: column.Until})
		case live.Generated:
			// It is computed from others, and changes with them.
		case column.Strategy == datamap.WithRow:
			b.problem(member.Name, []string{column.Name}, column.Place, fmt.Sprintf("column %s is erased, but its row stays", column.Name),
				`say how: {column: `+column.Name+`, "null": true}, or fixed, or keyed_hash`)
		default:
			member.Overwrites = append(member.Overwrites, Overwrite{
				Column: column.Name, Strategy: column.Strategy, Value: column.Value, Type: live.Type,
			})
		}
	}
}

// checkMatched refuses a column of rows that stay that tells persons apart, and is called not personal: their identities would stay. The
// number of a user's own row may: other rows name it, and once the rest of the row is overwritten it leads to nobody.
func (b *builder) checkMatched(live liveschema.Table, decided datamap.Table, column datamap.Column) {
	matched := func(match datamap.Match) bool {
		return match.Column == column.Name && (match.Identity != datamap.User || !numbers(live, column.Name))
	}
	if decided.Person == nil || !slices.ContainsFunc(decided.Person.Matches, matched) {
		return
	}

	b.problem(decided.Name, []string{column.Name}, column.Place,
		fmt.Sprintf("column %s tells persons apart, and is called not personal, but its row stays", column.Name),
		`erase it: {column: `+column.Name+`, "null": true}, or fixed, or keyed_hash; or retain it on a basis`)
}

// numbers says that a column is a number of the row itself: of its primary key, and no text, which could be a name.
func numbers(table liveschema.Table, name string) bool {
	const text = "S" // typcategory of strings

	live, found := table.Column(name)

	return found && live.Category != text && slices.Contains(table.Primary, name)
}

// deletes says that rows of a table go.
func (b *builder) deletes(name liveschema.Name) bool {
	return b.member[name] != nil && b.rows(name) == datamap.Delete && b.member[name].Live.Kind != liveschema.Materialized
}
