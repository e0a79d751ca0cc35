package route

import (
	"cmp"
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// readKeys lists the foreign keys of the schema, then the references of the map.
func (b *builder) readKeys() {
	for _, table := range b.schema.Tables {
		for _, key := range table.Keys {
			b.keys = append(b.keys, ordered(Key{
				From: table.Name, Columns: key.Columns, To: key.To, ToColumns: key.ToColumns,
				OnDelete: key.OnDelete, Deferrable: key.Deferrable, MatchFull: key.MatchFull,
			}))
		}
	}

	for _, key := range b.keys {
		b.checkWhole(key)
	}

	for _, reference := range b.decided.References {
		key := ordered(Key{
			From: reference.From, Columns: reference.Columns, To: reference.To, ToColumns: reference.ToColumns,
			Soft: true, OnDelete: liveschema.NoAction,
		})

		if b.referenceStands(reference) && !b.known(key) {
			b.keys = append(b.keys, key)
		}
	}

	for _, key := range b.keys {
		b.from[key.From] = append(b.from[key.From], key)
	}
}

// checkWhole checks that a foreign key names one row of a table: one to a partition may name a key that is
// unique there only, and rows of other subjects have the same in other partitions.
func (b *builder) checkWhole(key Key) {
	if !b.personal(key.To) || b.live[key.To].Kind != liveschema.Partitioned || b.unique(key.To, key.ToColumns) {
		return
	}

	b.problem(key.From, key.Columns, b.tables[key.From].Place,
		fmt.Sprintf("%v leads to %v of %s, which is unique in one partition only", key.Columns, key.ToColumns, key.To),
		"let the key lead to a unique key of the whole table that holds no null")
}

// ordered puts the columns of a key in the order of the names that they lead to, so that all
// keys to the same columns share one set.
func ordered(key Key) Key {
	if len(key.Columns) != len(key.ToColumns) {
		return key
	}

	places := make([]int, len(key.Columns))
	for i := range places {
		places[i] = i
	}

	slices.SortStableFunc(places, func(a, b int) int { return cmp.Compare(key.ToColumns[a], key.ToColumns[b]) })

	columns, toColumns := make([]string, len(places)), make([]string, len(places))
	for i, place := range places {
		columns[i], toColumns[i] = key.Columns[place], key.ToColumns[place]
	}

	key.Columns, key.ToColumns = columns, toColumns

	return key
}

// known says that the same key is in the list already: a reference that has become a foreign key
// since is that one.
func (b *builder) known(key Key) bool {
	return slices.ContainsFunc(b.keys, func(other Key) bool {
		return other.From == key.From && other.To == key.To && alike(pairs(other), pairs(key))
	})
}

// pairs are the columns of a key with those that they name, as one comparable list.
func pairs(key Key) []string {
	all := make([]string, len(key.Columns))
	for i := range key.Columns {
		all[i] = fmt.Sprintf("%q %q", key.Columns[i], key.ToColumns[i])
	}

	return all
}

// referenceStands checks that both ends of a reference exist.
func (b *builder) referenceStands(reference datamap.Reference) bool {
	ends := []struct {
		name    liveschema.Name
		columns []string
	}{{reference.From, reference.Columns}, {reference.To, reference.ToColumns}}

	stands := len(reference.Columns) == len(reference.ToColumns) && len(reference.Columns) > 0
	if !stands {
		b.problem(reference.From, reference.Columns, reference.Place,
			"the reference names another number of columns than it has", "give as many under key as under columns")
	}

	for _, end := range ends {
		live, found := b.live[end.name]
		if !found {
			stands = false

			b.problem(reference.From, reference.Columns, reference.Place,
				"a reference needs table "+end.name.String()+", which is not there", "take the reference out of references")

			continue
		}

		for _, column := range end.columns {
			if _, found := live.Column(column); !found {
				stands = false

				b.problem(end.name, []string{column}, reference.Place,
					"a reference needs column "+column+", which is not there", "take the reference out of references, or name the column anew")
			}
		}
	}

	// What is not unique is named by rows of several subjects at once: nobody could tell whose those are.
	if stands && !b.unique(reference.To, reference.ToColumns) {
		stands = false

		b.problem(reference.To, reference.ToColumns, reference.Place,
			fmt.Sprintf("a reference leads to %v, of which several rows may hold the same", reference.ToColumns),
			"name the primary key, or a unique key that holds no null")
	}

	return stands
}

// alike says that two lists hold the same, in whatever order.
func alike(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)

	return slices.Equal(a, b)
}

// resolve finds the key of a table that has these columns. What is the word of the map that names them.
func (b *builder) resolve(table datamap.Table, columns []string, what string) (Key, bool) {
	var found []Key

	for _, key := range b.from[table.Name] {
		if alike(key.Columns, columns) {
			found = append(found, key)
		}
	}

	if len(found) == 1 {
		return found[0], true
	}

	if len(found) == 0 {
		b.problem(table.Name, columns, table.Place,
			fmt.Sprintf("%s %v is no foreign key and no reference of the table", what, columns),
			"name the columns of a key that it has, or declare the reference under references")

		return Key{}, false
	}

	// Keys of the same columns to several tables: the one that leads to a table with an
	// owner is meant, if there is but one.
	owned := slices.DeleteFunc(found, func(key Key) bool { return !b.personal(key.To) })
	if len(owned) == 1 {
		return owned[0], true
	}

	b.problem(table.Name, columns, table.Place,
		fmt.Sprintf("%s %v is the columns of several keys", what, columns), "keep one of the keys, since nobody can tell which is meant")

	return Key{}, false
}

// implied says that a key copies the account's column: a row that names another by it is of the same account.
func (b *builder) implied(key Key) bool {
	own, theirs := b.accountOf[key.From], b.accountOf[key.To]
	if own == "" || theirs == "" {
		return false
	}

	return slices.Contains(pairs(key), fmt.Sprintf("%q %q", own, theirs))
}
