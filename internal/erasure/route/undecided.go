package route

import (
	"fmt"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Undecided finds what the schema has and the map does not decide, and what it decides that is not there: with
// any of them nothing may be erased, since data would be left, or another than what was meant erased.
func Undecided(decided datamap.Database, schema liveschema.Schema) []Problem {
	b := &builder{decided: decided, schema: schema}

	for _, live := range schema.Tables {
		b.undecidedTable(live)
	}

	for _, table := range decided.Tables {
		if _, found := schema.Table(table.Name); !found {
			b.problem(table.Name, nil, table.Place, "it is decided, but there is no such table",
				"take it out of the map, or name it as it is called now")
		}
	}

	return sorted(b.problems)
}

func (b *builder) undecidedTable(live liveschema.Table) {
	for _, table := range b.decided.Tables {
		if table.Name != live.Name {
			continue
		}

		if table.NotPersonal == "" || len(table.Guessed.Parts) > 0 {
			b.undecidedColumns(table, live)
		}

		return
	}

	b.problem(live.Name, nil, datamap.Place{}, "nobody decided about the table", "add it under tables, or as "+
		live.Name.String()+`: {not_personal: "why"}`)
}

func (b *builder) undecidedColumns(table datamap.Table, live liveschema.Table) {
	if len(table.Guessed.Parts) > 0 || len(table.Guessed.Columns) > 0 {
		b.problem(live.Name, table.Guessed.Columns, table.Place, "what was guessed about the table is not confirmed",
			"read it, mend it, and take the marks out")
	}

	if table.NotPersonal != "" {
		return
	}

	decided := map[string]bool{}

	for _, column := range table.Columns {
		decided[column.Name] = true

		if _, found := live.Column(column.Name); !found {
			b.problem(live.Name, []string{column.Name}, column.Place, fmt.Sprintf("column %s is decided, but there is no such column", column.Name),
				"take it out of the map, or name it as it is called now")
		}
	}

	for _, column := range live.Columns {
		if !decided[column.Name] {
			b.problem(live.Name, []string{column.Name}, table.Place, "nobody decided about column "+column.Name,
				"add it to erase, retain or not_personal of the table's columns")
		}
	}
}
