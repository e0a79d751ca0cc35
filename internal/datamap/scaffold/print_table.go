package scaffold

import (
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// printTable writes a table that belongs to somebody. What was guessed is listed at its end.
func (g *guesser) printTable(out *page, table liveschema.Table) {
	guessed := []string{string(datamap.PartCategory), string(datamap.PartRole)}
	path, below := g.path[table.Name]

	out.linef(ofKey, "category: %s", category(table.Name))
	out.linef(ofKey, "role: controller")

	if below {
		out.linef(ofKey, "path: %s", flow(path.columns))

		guessed = append(guessed, string(datamap.PartPath))
	}

	if table.Name == g.root.Name {
		guessed = append(guessed, string(datamap.PartAccount))
	}

	if below || table.Name == g.root.Name {
		out.linef(ofKey, "rows: delete")

		guessed = append(guessed, string(datamap.PartRows))
	}

	if follows := g.follows(table); len(follows) > 0 {
		lists := make([]string, len(follows))
		for i, columns := range follows {
			lists[i] = flow(columns)
		}

		out.linef(ofKey, "follows: [%s]", strings.Join(lists, ", "))

		guessed = append(guessed, string(datamap.PartFollows))
	}

	if g.printPerson(out, table) {
		guessed = append(guessed, string(datamap.PartPerson))
	}

	g.printColumns(out, table)

	if printKnown(out, table) {
		guessed = append(guessed, string(datamap.PartKnown))
	}

	names := make([]string, len(table.Columns))
	for i, column := range table.Columns {
		names[i] = column.Name
	}

	out.linef(ofKey, "guessed:")
	out.linef(ofColumns, "parts: %s", flow(guessed))

	if len(names) > 0 {
		out.linef(ofColumns, "columns: %s", flow(names))
	}
}

// printPerson writes how persons are found. A materialized view is made from other tables, in which they are found.
func (g *guesser) printPerson(out *page, table liveschema.Table) bool {
	matches := g.matches(table)
	if len(matches) == 0 || table.Kind == liveschema.Materialized {
		return false
	}

	out.linef(ofKey, "person:")
	out.linef(ofColumns, "match:")

	for _, match := range matches {
		out.linef(ofItem, "- {identity: %s, column: %s}", match.Identity, scalar(match.Column))
	}

	out.linef(ofColumns, "rows: delete")

	return true
}

func (g *guesser) printColumns(out *page, table liveschema.Table) {
	var erase, rest []string

	for _, column := range table.Columns {
		if reason, yes := g.personal(table, column); yes {
			erase = append(erase, scalar(column.Name)+" # "+reason)
		} else {
			rest = append(rest, scalar(column.Name))
		}
	}

	if len(table.Columns) == 0 {
		out.linef(ofKey, "columns: {}")

		return
	}

	out.linef(ofKey, "columns:")

	for _, one := range []struct {
		key   string
		items []string
	}{{"erase", erase}, {"not_personal", rest}} {
		if len(one.items) == 0 {
			continue
		}

		out.linef(ofColumns, "%s:", one.key)

		for _, item := range one.items {
			out.linef(ofItem, "- %s", item)
		}
	}
}

// printKnown writes what acts by itself: somebody has to look at each.
func printKnown(out *page, table liveschema.Table) bool {
	if len(table.Triggers) == 0 && table.Rules == 0 {
		return false
	}

	out.linef(ofKey, "known:")

	if len(table.Triggers) > 0 {
		names := make([]string, len(table.Triggers))
		for i, trigger := range table.Triggers {
			names[i] = trigger.Name
		}

		out.linef(ofColumns, "triggers: %s", flow(names))
	}

	if table.Rules > 0 {
		out.linef(ofColumns, "rules: true")
	}

	return true
}
