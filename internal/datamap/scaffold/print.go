package scaffold

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// intro stands above every first map.
const intro = `# A first data map, written by: steward datamap scaffold
# All of it is guessed, from names, types and samples. Look at each table; take out of "guessed" what is
# right, and mend what is not. Nothing is erased while anything is guessed.
# "steward datamap check" says what is left to do; docs/datamap.md explains every key.
version: 1

databases:
`

// page writes lines of YAML.
type page struct{ text strings.Builder }

func (p *page) linef(depth int, format string, args ...any) {
	fmt.Fprintf(&p.text, strings.Repeat("  ", depth)+format+"\n", args...)
}

// The depths of indentation, in steps of two spaces.
const (
	ofDatabase = 2
	ofTable    = 3
	ofKey      = 4
	ofColumns  = 5
	ofItem     = 6
)

func (g *guesser) print() string {
	var out page

	out.text.WriteString(intro)
	out.linef(1, "- name: %s", scalar(g.schema.Database))
	out.linef(ofDatabase, "account:")
	out.linef(ofTable, "table: %s", scalar(datamap.WriteName(g.root.Name)))
	out.linef(ofTable, "key: %s", scalar(g.key))
	g.printClose(&out)
	g.printReferences(&out)
	g.printObjects(&out)
	out.linef(ofDatabase, "tables:")

	for _, table := range g.schema.Tables {
		out.linef(ofTable, "%s:", scalar(datamap.WriteName(table.Name)))

		if g.belongs(table.Name) {
			g.printTable(&out, table)
		} else {
			printNobody(&out, table)
		}
	}

	return out.text.String()
}

// closeColumn are names of columns that say when an account was closed.
var closeColumn = regexp.MustCompile(`(?i)^(closed|deleted|disabled|archived|deactivated|suspended|cancelled)_(at|on)$`)

// printClose guesses how the app is told that an account is closed. What nobody can guess is a
// statement that changes nothing.
func (g *guesser) printClose(out *page) {
	key := liveschema.Quote(g.key)
	set, unset := key+" = "+key, key+" = "+key

	for _, column := range g.root.Columns {
		if column.Category == "D" && !column.NotNull && closeColumn.MatchString(column.Name) {
			name := liveschema.Quote(column.Name)
			set, unset = fmt.Sprintf("%s = coalesce(%s, now())", name, name), name+" = null"

			break
		}
	}

	if !strings.Contains(set, "now()") {
		out.linef(ofTable, "# Write here what tells the app that the account is closed, and that it is not. These change nothing.")
	}

	statement := "update %s set %s where %s = $1"
	out.linef(ofTable, "close: %s", scalar(fmt.Sprintf(statement, g.root.Name.SQL(), set, key)))
	out.linef(ofTable, "reopen: %s", scalar(fmt.Sprintf(statement, g.root.Name.SQL(), unset, key)))
}

func (g *guesser) printReferences(out *page) {
	heading := false

	for _, table := range g.schema.Tables {
		reference, found := g.reference[table.Name]
		if !found || g.path[table.Name].to != reference.To || !slices.Equal(g.path[table.Name].columns, reference.Columns) {
			continue
		}

		if !heading {
			out.linef(ofDatabase, "references:")

			heading = true
		}

		out.linef(ofTable, "- {from: %s, columns: %s, to: %s, key: %s}", scalar(datamap.WriteName(reference.From)), flow(reference.Columns),
			scalar(datamap.WriteName(reference.To)), flow(reference.ToColumns))
	}
}

// printObjects declares columns that may name large objects, where the database has any.
func (g *guesser) printObjects(out *page) {
	heading := false

	for _, table := range g.schema.Tables {
		for _, column := range table.Columns {
			if g.schema.LargeObjects == 0 || column.Base != "oid" || !g.belongs(table.Name) {
				continue
			}

			if !heading {
				out.linef(ofDatabase, "objects:")

				heading = true
			}

			out.linef(ofTable, "- {table: %s, large_object: %s}", scalar(datamap.WriteName(table.Name)), scalar(column.Name))
		}
	}
}

// printNobody writes a table that no key leads to, and in which nobody can be found.
func printNobody(out *page, table liveschema.Table) {
	reason := "no key leads to an account, and no column tells a person"
	if elsewhere(table) {
		reason = "its rows lie on another server: decide about them in the map of that database"
	}

	out.linef(ofKey, "not_personal: %s", scalar(reason))
	out.linef(ofKey, "guessed: {parts: [not_personal]}")
}

var plainScalar = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// reserved are words that YAML, in one version or another, takes for another value than text.
var reserved = regexp.MustCompile(`(?i)^(null|true|false|yes|no|on|off|y|n|nan|inf)$`)

// scalar writes text so that YAML reads it as that text.
func scalar(text string) string {
	if plainScalar.MatchString(text) && !reserved.MatchString(text) {
		return text
	}

	return strconv.Quote(text)
}

// flow writes a list on one line.
func flow(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = scalar(name)
	}

	return "[" + strings.Join(quoted, ", ") + "]"
}
