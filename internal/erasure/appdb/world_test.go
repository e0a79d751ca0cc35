package appdb_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// world is a schema with rows that somebody could have made, as plain values: what an erasure must do to
// it is worked out in Go, row by row.
type world struct {
	tenants bool // each table has the account's key as a column, and keys of two columns
	tables  []*wtable
}

type wtable struct {
	name    string
	keys    []*wkey
	path    int   // of keys, -1 for the root
	follows []int // of keys
	rows    datamap.Rows
	role    datamap.Role
	person  datamap.Rows // empty where no person can be found
	heir    int          // of tables: the one that it inherits from, -1 for none
	parts   string       // how it is split, by which column: empty for not at all
	text    bool         // its own key is a text
	columns []*wcolumn   // the first are the words in which a person is found
	data    []*wrow
}

// wkey is a key of one column, or of two with the tenant's.
type wkey struct {
	column     string
	to         int // of tables
	wide       bool
	nullable   bool
	rule       string
	deferrable bool
}

type wrow struct {
	id, tenant int
	names      []int    // the row that each key names, 0 for none
	words      string   // in which the person is found
	values     []string // of the columns as SQL writes them
}

const identity = "Ada@Example.com"

// drawWorld makes one.
func drawWorld(t *rapid.T) *world {
	w := &world{tenants: rapid.Bool().Draw(t, "tenants")}
	count := rapid.IntRange(2, 7).Draw(t, "tables")

	for i := range count {
		text := rapid.IntRange(0, 2).Draw(t, "text key") == 0
		w.tables = append(w.tables, &wtable{name: fmt.Sprintf("T %d", i), path: -1, heir: -1, text: text, rows: datamap.Delete, role: datamap.Controller})
	}

	for i := range w.tables {
		w.drawTable(t, i)
	}

	for i := range w.tables {
		w.drawParts(t, i)
		w.fill(t, i)
	}

	w.tie(t)

	return w
}

func (w *world) drawTable(t *rapid.T, i int) {
	table := w.tables[i]

	if i > 1 && rapid.IntRange(0, 3).Draw(t, "inherits") == 0 {
		w.inherit(t, i, rapid.IntRange(1, i-1).Draw(t, "from"))
	}

	if i > 0 {
		table.path = 0
		table.rows = rapid.SampledFrom([]datamap.Rows{datamap.Delete, datamap.Delete, datamap.Keep}).Draw(t, "rows")
		table.role = rapid.SampledFrom([]datamap.Role{datamap.Controller, datamap.Controller, datamap.Processor}).Draw(t, "role")

		if table.heir < 0 {
			table.keys = append(table.keys, w.drawKey(t, i, 0, rapid.IntRange(0, i-1).Draw(t, "parent"), true))
		}

		if rapid.Bool().Draw(t, "people") {
			table.person = rapid.SampledFrom([]datamap.Rows{datamap.Delete, datamap.Keep}).Draw(t, "person")
		}
	}

	for range rapid.IntRange(0, 2).Draw(t, "more keys") {
		table.keys = append(table.keys, w.drawKey(t, i, len(table.keys), rapid.IntRange(0, len(w.tables)-1).Draw(t, "to"), false))
	}

	for k := range table.keys {
		if i > 0 && k > 0 && rapid.Bool().Draw(t, "follows") {
			table.follows = append(table.follows, k)
		}
	}

	w.drawColumns(t, i)
}

// inherit gives a table the columns of another. Keys are not inherited: it has its own, of the same columns.
func (w *world) inherit(t *rapid.T, i, from int) {
	table := w.tables[i]
	table.heir, table.text = from, w.tables[from].text

	for _, theirs := range w.tables[from].keys {
		key := *theirs
		if key.rule == "no action" {
			key.rule = rapid.SampledFrom([]string{"no action", "cascade"}).Draw(t, "rule of the heir")
		}

		table.keys = append(table.keys, &key)
	}
}

func (w *world) drawKey(t *rapid.T, from, number, to int, path bool) *wkey {
	key := &wkey{column: fmt.Sprintf("k%d", number), to: to}
	key.wide = w.tenants && to > 0 && from > 0 && (path || rapid.Bool().Draw(t, "wide"))
	key.nullable = rapid.Bool().Draw(t, "nullable") && (!path || !w.tenants)
	key.deferrable = rapid.IntRange(0, 3).Draw(t, "deferrable") == 0

	rules := []string{"no action", "cascade"}
	if key.nullable && !key.wide {
		rules = append(rules, "set null")
	}

	key.rule = rapid.SampledFrom(rules).Draw(t, "rule")

	return key
}

// drawParts splits a table by its own key, or by whose its rows are: then rows of an account are in one part, and only keys with the
// tenant's column can lead there. What inherits, or is inherited from, has no parts.
func (w *world) drawParts(t *rapid.T, i int) {
	table := w.tables[i]
	if table.heir >= 0 || slices.ContainsFunc(w.tables, func(other *wtable) bool { return other.heir == i }) {
		return
	}

	parts := []string{"", "", "range (id)", "list (id)", "hash (id)", "deep (id)"}
	narrow := func(key *wkey) bool { return key.to == i && !key.wide }

	if w.tenants && i > 0 && !slices.ContainsFunc(w.tables, func(other *wtable) bool { return slices.ContainsFunc(other.keys, narrow) }) {
		parts = append(parts, "range (tenant)", "list (tenant)", "list (tenant)", "deep (tenant)")
	}

	table.parts = rapid.SampledFrom(parts).Draw(t, "parts")
}

// fill makes rows; what they name but by their path comes afterwards.
func (w *world) fill(t *rapid.T, i int) {
	table := w.tables[i]

	for range rapid.IntRange(3, 9).Draw(t, "count") {
		row := &wrow{id: 100*i + len(table.data) + 1, names: make([]int, len(table.keys)), words: "somebody"}
		row.tenant = row.id

		if i > 0 {
			parents := w.tables[table.keys[0].to].data
			if len(parents) == 0 {
				return
			}

			parent := rapid.SampledFrom(parents).Draw(t, "parent row")
			row.tenant, row.names[0] = parent.tenant, parent.id

			if table.keys[0].nullable && rapid.IntRange(0, 5).Draw(t, "no parent") == 0 {
				row.names[0] = 0
			}

			row.words = rapid.SampledFrom([]string{"somebody", "ada@example.com", "ADA@EXAMPLE.COM"}).Draw(t, "words")
		}

		for _, column := range table.columns {
			row.values = append(row.values, column.draw(t, row.words))
		}

		table.data = append(table.data, row)
	}
}

// tie lets rows name others, in circles too.
func (w *world) tie(t *rapid.T) {
	for i, table := range w.tables {
		for k, key := range table.keys {
			if k == table.path {
				continue
			}

			for _, row := range table.data {
				choices := slices.DeleteFunc(slices.Clone(w.tables[key.to].data), func(to *wrow) bool { return key.wide && to.tenant != row.tenant })

				switch {
				case key.nullable && rapid.Bool().Draw(t, "null"):
				case len(choices) == 0:
					w.loosen(i, k)
				default:
					row.names[k] = rapid.SampledFrom(choices).Draw(t, "names").id
				}
			}

			if i == 0 && !key.nullable {
				key.rule = "no action"
			}
		}
	}
}

// loosen lets a key be null, in the table that it is inherited from too.
func (w *world) loosen(i, k int) {
	for ; i >= 0 && k < len(w.tables[i].keys); i = w.tables[i].heir {
		w.tables[i].keys[k].nullable = true
	}
}

// decided is the map of the world.
func (w *world) decided() datamap.Database {
	decided := datamap.Database{Name: "w", Account: datamap.Root{Table: w.name(0), Key: "id"}}

	for i, table := range w.tables {
		of := datamap.Table{Name: w.name(i), Category: "company", Role: table.role, Rows: table.rows}

		if table.path >= 0 {
			of.Path, _ = w.columns(table, table.path)
		}

		for _, k := range table.follows {
			columns, _ := w.columns(table, k)
			of.Follows = append(of.Follows, columns)
		}

		if table.person != "" {
			of.Person = &datamap.Person{Rows: table.person, Matches: []datamap.Match{
				{Identity: datamap.Email, Column: "words", JSON: table.columns[0].json},
			}}
		}

		of.Columns = []datamap.Column{{Name: "tenant", Decision: datamap.NotPersonal}, {Name: "id", Decision: datamap.NotPersonal}}
		for _, column := range table.columns {
			of.Columns = append(of.Columns, table.decision(column))
		}

		for _, key := range table.keys {
			of.Columns = append(of.Columns, datamap.Column{Name: key.column, Decision: datamap.NotPersonal})
		}

		decided.Tables = append(decided.Tables, of)
	}

	return decided
}

func (w *world) name(i int) liveschema.Name {
	return liveschema.Name{Schema: "w", Table: w.tables[i].name}
}

// columns are those of a key, and those that it names. In a world of tenants, what is below the root names it by the tenant.
func (w *world) columns(table *wtable, k int) (from, to []string) {
	key := table.keys[k]

	switch {
	case key.wide:
		return []string{"tenant", key.column}, []string{"tenant", "id"}
	case w.tenants && k == table.path:
		return []string{"tenant"}, []string{"id"}
	default:
		return []string{key.column}, []string{"id"}
	}
}

// key is the own key of a row of a table as SQL writes it.
func (w *world) key(table, id int) string {
	switch {
	case id == 0:
		return "null"
	case w.tables[table].text:
		return "'" + strings.ReplaceAll(w.keyText(table, id), "'", "''") + "'"
	default:
		return w.keyText(table, id)
	}
}

// keyText is the own key of a row as the server writes it.
func (w *world) keyText(table, id int) string {
	if w.tables[table].text {
		return fmt.Sprintf("Key's %d", id)
	}

	return strconv.Itoa(id)
}
