package explain

import (
	"fmt"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Table is what happens with one table.
type Table struct {
	// Database is the database's name in the policy.
	Database string `json:"database"`
	// Table is schema.table as the data map writes it.
	Table string `json:"table"`
	// Sentences say it in plain words, in the order in which they are read.
	Sentences []string `json:"sentences"`
	// Columns are all that the schema or the map has, in the order of the schema.
	Columns []Column `json:"columns"`
}

// Column is what happens with one column.
type Column struct {
	// Name is the column's name.
	Name string `json:"name"`
	// Type is its type in the schema, empty where it is not there.
	Type string `json:"type"`
	// Decision is erase, retain or not_personal, empty where nobody decided.
	Decision datamap.Decision `json:"decision"`
	// Says is what becomes of it, in words.
	Says string `json:"says"`
}

// Of explains one table of a database; false where neither the schema nor the map has it.
func Of(decided datamap.Database, schema liveschema.Schema, name liveschema.Name) (Table, bool) {
	live, alive := schema.Table(name)
	table := decided.Table(name)
	made := Table{Database: decided.Name, Table: datamap.WriteName(name)}

	switch {
	case !alive && table == nil:
		return made, false
	case !alive:
		made.sayf("The map decides about the table, and the database has none of this name.")
	case table == nil:
		made.sayf("Nobody decided about the table: nothing is erased in the database before somebody has.")
	case table.NotPersonal != "":
		made.sayf("Its rows belong to nobody: %s.", strings.TrimSuffix(table.NotPersonal, "."))
	default:
		made.owner(decided, schema, table)
		made.account(decided, table)
		made.person(decided, table)
	}

	made.keys(decided, schema, name)
	made.columns(live, table)

	return made, true
}

func (t *Table) sayf(format string, args ...any) {
	t.Sentences = append(t.Sentences, fmt.Sprintf(format, args...))
}

// owner says whose the rows are, and how that is known.
func (t *Table) owner(decided datamap.Database, schema liveschema.Schema, table *datamap.Table) {
	whose := "the company itself is the controller"
	if table.Role == datamap.Processor {
		whose = "the customer is the controller"
	}

	t.sayf("It holds data of the category %s, of which %s.", table.Category, whose)

	switch {
	case table.Name == decided.Account.Table:
		t.sayf("Each row is an account; %s tells accounts apart.", decided.Account.Key)
	case len(table.Path) == 0:
		t.sayf("Its rows belong to no account.")
	default:
		t.sayf("Its rows belong to an account by %s.", strings.Join(chain(decided, schema, table), ", "))
	}
}

// chain follows the paths up to the account.
func chain(decided datamap.Database, schema liveschema.Schema, table *datamap.Table) []string {
	var hops []string

	seen := map[liveschema.Name]bool{}

	for table != nil && len(table.Path) > 0 && !seen[table.Name] {
		seen[table.Name] = true

		to, found := leads(decided, schema, table.Name, table.Path)
		if !found {
			return append(hops, fmt.Sprintf("%s, which names no table that the schema knows", strings.Join(table.Path, " + ")))
		}

		hops = append(hops, fmt.Sprintf("%s of %s", strings.Join(table.Path, " + "), datamap.WriteName(to)))
		table = decided.Table(to)
	}

	return hops
}

// leads finds the table that a key of these columns names.
func leads(decided datamap.Database, schema liveschema.Schema, from liveschema.Name, columns []string) (liveschema.Name, bool) {
	live, _ := schema.Table(from)
	for _, key := range live.Keys {
		if same(key.Columns, columns) {
			return key.To, true
		}
	}

	for _, reference := range decided.References {
		if reference.From == from && same(reference.Columns, columns) {
			return reference.To, true
		}
	}

	return liveschema.Name{}, false
}

func same(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// account says what the erasure of an account does.
func (t *Table) account(decided datamap.Database, table *datamap.Table) {
	switch {
	case table.Name != decided.Account.Table && len(table.Path) == 0:
		t.sayf("The erasure of an account does not touch it.")
	case table.Rows == datamap.Keep:
		t.sayf("When the account is erased its rows stay, with their personal columns overwritten.")
	default:
		t.sayf("When the account is erased its rows are deleted.")
	}

	if table.Name != decided.Account.Table {
		return
	}

	for _, prefix := range decided.Prefixes {
		t.sayf("What lies in the bucket %s below %s goes with it, unless a row of somebody else names it.", prefix.Bucket, prefix.Text)
	}
}

// person says how one person is found, and what the erasure of one does.
func (t *Table) person(decided datamap.Database, table *datamap.Table) {
	if table.Person == nil {
		if len(table.Path) > 0 || len(table.Follows) > 0 {
			t.sayf("No person is looked for in it; a row goes with the rows that it follows.")
		}

		return
	}

	places := make([]string, len(table.Person.Matches))
	for i, match := range table.Person.Matches {
		places[i] = fmt.Sprintf("%s in %s", match.Identity, match.Column)
		if match.JSON != "" {
			places[i] += " at " + match.JSON
		}
	}

	what := "are deleted"
	if table.Person.Rows == datamap.Keep {
		what = "stay, with their personal columns overwritten"
	}

	t.sayf("A person is found by %s; the rows found %s.", strings.Join(places, ", "), what)

	for _, object := range decided.Objects {
		if object.Table == table.Name {
			t.sayf("What its rows name outside of the table is erased too.")

			break
		}
	}
}

// keys says what happens to the rows that name rows of this table.
func (t *Table) keys(decided datamap.Database, schema liveschema.Schema, name liveschema.Name) {
	for _, edge := range edges(decided, schema) {
		if edge.to != name {
			continue
		}

		from := fmt.Sprintf("%s (%s)", datamap.WriteName(edge.from), strings.Join(edge.columns, ", "))

		switch edge.kind {
		case goesWith:
			t.sayf("Rows of %s go with those that they name here.", from)
		case madeNull:
			t.sayf("The key of %s is made null where it names a row that goes.", from)
		}
	}
}

// columns lists the columns of the schema, then those that only the map has.
func (t *Table) columns(live liveschema.Table, table *datamap.Table) {
	if table == nil {
		table = &datamap.Table{}
	}

	for _, column := range live.Columns {
		made := Column{Name: column.Name, Type: column.Type, Says: "belongs to nobody"}

		if table.NotPersonal == "" {
			found, decided := table.Column(column.Name)
			made.Decision, made.Says = found.Decision, says(found, column)

			if !decided {
				made.Says = "nobody decided about it"
			}
		}

		t.Columns = append(t.Columns, made)
	}

	for _, column := range table.Columns {
		if _, alive := live.Column(column.Name); !alive {
			t.Columns = append(t.Columns, Column{Name: column.Name, Decision: column.Decision, Says: "is not in the database"})
		}
	}
}

// says is what becomes of a column, in words.
func says(column datamap.Column, live liveschema.Column) string {
	switch {
	case column.Decision == datamap.NotPersonal:
		return "says nothing about a person by itself"
	case column.Decision == datamap.Retain:
		return fmt.Sprintf("kept for %s where its row stays: %s", column.Until, column.Basis)
	case live.Generated:
		return "goes with its row, or changes with the columns that it is computed from"
	case column.Strategy == datamap.Null:
		return "goes with its row; null where the row stays"
	case column.Strategy == datamap.Fixed:
		return fmt.Sprintf("goes with its row; %q where the row stays", column.Value)
	case column.Strategy == datamap.KeyedHash:
		return "goes with its row; a keyed hash where the row stays"
	default:
		return "goes with its row"
	}
}
