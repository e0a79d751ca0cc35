package explain

import (
	"fmt"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// The kinds of edges.
const (
	goesWith = "goes with"
	madeNull = "made null"
)

// edge is a key of one table that names rows of another, which may go.
type edge struct {
	from, to liveschema.Name
	columns  []string
	kind     string
	soft     bool
}

// edges are all keys and references between tables that belong to somebody, and those of other tables that name such,
// in the order of the schema, then of the map.
func edges(decided datamap.Database, schema liveschema.Schema) []edge {
	var all []edge

	for _, table := range schema.Tables {
		for _, key := range table.Keys {
			all = append(all, edge{from: table.Name, to: key.To, columns: key.Columns})
		}
	}

	for _, reference := range decided.References {
		all = append(all, edge{from: reference.From, to: reference.To, columns: reference.Columns, soft: true})
	}

	all = slices.DeleteFunc(all, func(e edge) bool {
		to := decided.Table(e.to)

		return to == nil || to.NotPersonal != ""
	})

	for i := range all {
		all[i].kind = madeNull

		from := decided.Table(all[i].from)
		if from == nil || from.Rows == datamap.Keep {
			continue
		}

		for _, columns := range append([][]string{from.Path}, from.Follows...) {
			if same(columns, all[i].columns) {
				all[i].kind = goesWith
			}
		}
	}

	return all
}

// fill is the colour of a table: what becomes of its rows when the account is erased.
func fill(decided datamap.Database, table *datamap.Table) string {
	switch {
	case table == nil:
		return "#ff9d9d" // nobody decided
	case table.NotPersonal != "":
		return "#eeeeee"
	case table.Name == decided.Account.Table:
		return "#8fc7ff"
	case len(table.Path) == 0:
		return "#ffe9a8" // of persons only
	case table.Rows == datamap.Keep:
		return "#c9b8ff"
	default:
		return "#cfe8ff"
	}
}

// DOT draws the tables and what goes with what, in the language of Graphviz. Solid arrows lead from rows to
// those with which they go, dashed ones are keys that are made null, dotted ones are references without a foreign key.
func DOT(decided datamap.Database, schema liveschema.Schema) string {
	var out strings.Builder

	fmt.Fprintf(&out, "digraph %s {\n  rankdir=RL;\n  node [shape=box, style=filled, fontname=\"sans-serif\"];\n", quote(decided.Name))

	names := make([]liveschema.Name, 0, len(schema.Tables))
	for _, table := range schema.Tables {
		names = append(names, table.Name)
	}

	for _, name := range names {
		fmt.Fprintf(&out, "  %s [fillcolor=\"%s\"];\n", quote(datamap.WriteName(name)), fill(decided, decided.Table(name)))
	}

	for _, e := range edges(decided, schema) {
		if !slices.Contains(names, e.from) || !slices.Contains(names, e.to) {
			continue
		}

		style := "solid"

		switch {
		case e.soft:
			style = "dotted"
		case e.kind == madeNull:
			style = "dashed"
		}

		fmt.Fprintf(&out, "  %s -> %s [label=%s, style=%s];\n",
			quote(datamap.WriteName(e.from)), quote(datamap.WriteName(e.to)), quote(strings.Join(e.columns, ", ")), style)
	}

	out.WriteString("}\n")

	return out.String()
}

// quote writes a text as DOT does: a quotation mark and a backslash have a backslash before them.
func quote(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, `\`, `\\`), `"`, `\"`)

	return `"` + strings.ReplaceAll(text, "\n", " ") + `"`
}
