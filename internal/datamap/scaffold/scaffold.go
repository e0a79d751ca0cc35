package scaffold

import (
	"errors"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Options help the guesses.
type Options struct {
	// Account is the table of which each row is an account; the zero value lets it be guessed.
	Account liveschema.Name
	// Seen is what samples of the columns look like; nil where nobody looked.
	Seen Seen
}

// ErrNoAccount says that no table looks like one of accounts, or that the named one has no key of one column.
var ErrNoAccount = errors.New("no table of accounts: name one that has a key of one column")

// Write writes the first map of a schema, as text of YAML that datamap.Parse reads. It fails with
// ErrNoAccount. The same schema and the same samples give the same text.
func Write(schema liveschema.Schema, options Options) (string, error) {
	g := &guesser{
		schema: schema, seen: options.Seen, live: map[liveschema.Name]liveschema.Table{},
		path: map[liveschema.Name]edge{}, owned: map[liveschema.Name]bool{}, reference: map[liveschema.Name]datamap.Reference{},
	}

	for _, table := range schema.Tables {
		g.live[table.Name] = table
	}

	if err := g.findRoot(options.Account); err != nil {
		return "", err
	}

	g.findReferences()
	g.spread([]liveschema.Name{g.root.Name}, g.owned)
	g.findOthers()

	return g.print(), nil
}

// guesser holds what is known so far.
type guesser struct {
	schema liveschema.Schema
	seen   Seen
	live   map[liveschema.Name]liveschema.Table

	root liveschema.Table
	key  string
	// path is the key that leads from a table towards its owner.
	path map[liveschema.Name]edge
	// owned are the tables below the account, personal those that hold data of people who belong to no account.
	owned map[liveschema.Name]bool
	// others are tables of persons who belong to no account, with those below them.
	others map[liveschema.Name]bool
	// reference is what leads a table without a foreign key to the account.
	reference map[liveschema.Name]datamap.Reference
}

// edge is a key of a table.
type edge struct {
	columns []string
	to      liveschema.Name
}

// spread finds all tables below some, by foreign keys and references, the nearest first, so that no path
// goes in a circle.
func (g *guesser) spread(from []liveschema.Name, into map[liveschema.Name]bool) {
	for _, name := range from {
		into[name] = true
	}

	for len(from) > 0 {
		var next []liveschema.Name

		for _, table := range g.schema.Tables {
			if g.owned[table.Name] || into[table.Name] || elsewhere(table) {
				continue
			}

			if found, ok := g.toward(table, from); ok {
				g.path[table.Name] = found
				into[table.Name] = true

				next = append(next, table.Name)
			}
		}

		from = next
	}
}

// elsewhere is true of what lies on another server.
func elsewhere(table liveschema.Table) bool {
	return table.Kind == liveschema.Foreign || table.ForeignPartitions > 0
}

// toward finds the key of a table that leads to one of some tables: one that is never null before one that may be.
func (g *guesser) toward(table liveschema.Table, parents []liveschema.Name) (edge, bool) {
	var (
		best  edge
		found bool
	)

	for _, key := range table.Keys {
		if !slices.Contains(parents, key.To) || ambiguous(table, key) {
			continue
		}

		if !found || optional(table, best.columns) && !optional(table, key.Columns) {
			best, found = edge{columns: key.Columns, to: key.To}, true
		}
	}

	if reference, soft := g.reference[table.Name]; !found && soft && slices.Contains(parents, reference.To) {
		return edge{columns: reference.Columns, to: reference.To}, true
	}

	return best, found
}

// ambiguous tells whether a table has keys of the same columns to several tables: nobody could tell which is meant.
func ambiguous(table liveschema.Table, key liveschema.ForeignKey) bool {
	return slices.ContainsFunc(table.Keys, func(other liveschema.ForeignKey) bool {
		return other.To != key.To && sameColumns(other.Columns, key.Columns)
	})
}

func sameColumns(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))

	return slices.Equal(a, b)
}

// optional tells whether any of the columns may be null.
func optional(table liveschema.Table, columns []string) bool {
	return slices.ContainsFunc(columns, func(name string) bool {
		column, found := table.Column(name)

		return found && !column.NotNull
	})
}
