package appdb_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
	"steward/internal/postgres"
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
	person  datamap.Rows // empty where no person can be found
	json    string       // the path to the words in a JSON column, empty where they are a text
	data    []*wrow
}

// wkey is a key of one column, or of two with the tenant's.
type wkey struct {
	column   string
	to       int // of tables
	wide     bool
	nullable bool
	rule     string
}

type wrow struct {
	id, tenant int
	names      []int // the row that each key names, 0 for none
	text       string
}

const identity = "Ada@Example.com"

// drawWorld makes one.
func drawWorld(t *rapid.T) *world {
	w := &world{tenants: rapid.Bool().Draw(t, "tenants")}
	count := rapid.IntRange(2, 7).Draw(t, "tables")

	for i := range count {
		w.tables = append(w.tables, &wtable{name: fmt.Sprintf("T %d", i), path: -1, rows: datamap.Delete})
	}

	for i, table := range w.tables {
		if i > 0 {
			table.path = 0
			table.keys = append(table.keys, w.drawKey(t, i, 0, rapid.IntRange(0, i-1).Draw(t, "parent"), true))
			table.rows = rapid.SampledFrom([]datamap.Rows{datamap.Delete, datamap.Delete, datamap.Keep}).Draw(t, "rows")

			if rapid.Bool().Draw(t, "people") {
				table.person = rapid.SampledFrom([]datamap.Rows{datamap.Delete, datamap.Keep}).Draw(t, "person")
				table.json = rapid.SampledFrom([]string{"", "$.mails", "$.mails[*]", "$.*"}).Draw(t, "json")
			}
		}

		for range rapid.IntRange(0, 2).Draw(t, "more keys") {
			table.keys = append(table.keys, w.drawKey(t, i, len(table.keys), rapid.IntRange(0, count-1).Draw(t, "to"), false))

			if i > 0 && rapid.Bool().Draw(t, "follows") {
				table.follows = append(table.follows, len(table.keys)-1)
			}
		}
	}

	for i := range w.tables {
		w.fill(t, i)
	}

	w.tie(t)

	return w
}

func (w *world) drawKey(t *rapid.T, from, number, to int, path bool) *wkey {
	key := &wkey{column: fmt.Sprintf("k%d", number), to: to, rule: "no action"}
	key.wide = w.tenants && to > 0 && from > 0 && (path || rapid.Bool().Draw(t, "wide"))
	key.nullable = rapid.Bool().Draw(t, "nullable") && (!path || !w.tenants)

	rules := []string{"no action", "cascade"}
	if key.nullable && !key.wide {
		rules = append(rules, "set null")
	}

	key.rule = rapid.SampledFrom(rules).Draw(t, "rule")

	return key
}

// fill makes rows; what they name but by their path comes afterwards.
func (w *world) fill(t *rapid.T, i int) {
	table := w.tables[i]

	for range rapid.IntRange(3, 9).Draw(t, "count") {
		row := &wrow{id: 100*i + len(table.data) + 1, names: make([]int, len(table.keys)), text: "somebody"}
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

			row.text = rapid.SampledFrom([]string{"somebody", "ada@example.com", "ADA@EXAMPLE.COM"}).Draw(t, "text")
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
					key.nullable = true
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

// install makes the schema with its rows in an empty database.
func (w *world) install(ctx context.Context, db *postgres.DB) error {
	text := &strings.Builder{}
	write := func(format string, args ...any) { fmt.Fprintf(text, format, args...) }

	write("drop schema if exists w cascade; create schema w;")

	for _, table := range w.tables {
		write("create table w.%q (tenant int not null, id int not null unique, words %s", table.name, map[bool]string{true: "text", false: "jsonb"}[table.json == ""])

		for _, key := range table.keys {
			write(", %s int%s", key.column, map[bool]string{false: " not null"}[key.nullable])
		}

		write("%s", map[bool]string{true: ", primary key (tenant, id));", false: ", primary key (id), unique (tenant, id));"}[w.tenants])

		for _, row := range table.data {
			words := "'" + row.text + "'"
			if table.json != "" {
				words = `'{"n": 1, "mails": ["nobody", ["` + row.text + `"]]}'`
			}

			write("insert into w.%q values (%d, %d, %s", table.name, row.tenant, row.id, words)

			for _, named := range row.names {
				write(", nullif(%d, 0)", named)
			}

			write(");")
		}
	}

	for _, table := range w.tables {
		for k, key := range table.keys {
			from, to := w.columns(table, k)
			write("alter table w.%q add foreign key (%s) references w.%q (%s) on delete %s;",
				table.name, strings.Join(from, ", "), w.tables[key.to].name, strings.Join(to, ", "), key.rule)
		}
	}

	_, err := db.Exec(ctx, text.String())

	return err
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

// decided is the map of the world.
func (w *world) decided() datamap.Database {
	decided := datamap.Database{Name: "w", Account: datamap.Root{Table: w.name(0), Key: "id"}}

	for i, table := range w.tables {
		of := datamap.Table{Name: w.name(i), Category: "company", Role: datamap.Controller, Rows: table.rows}

		if table.path >= 0 {
			of.Path, _ = w.columns(table, table.path)
		}

		for _, k := range table.follows {
			columns, _ := w.columns(table, k)
			of.Follows = append(of.Follows, columns)
		}

		if table.person != "" {
			of.Person = &datamap.Person{Rows: table.person, Matches: []datamap.Match{{Identity: datamap.Email, Column: "words", JSON: table.json}}}
		}

		of.Columns = []datamap.Column{
			{Name: "words", Decision: datamap.Erase, Strategy: datamap.Null},
			{Name: "tenant", Decision: datamap.NotPersonal},
			{Name: "id", Decision: datamap.NotPersonal},
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

// dump reads the rows of all tables.
func (w *world) dump(ctx context.Context, db *postgres.DB) (lines []string, err error) {
	parts := make([]string, len(w.tables))

	for i, table := range w.tables {
		columns := []string{"id", map[bool]string{true: "words", false: "words #>> '{mails,1,0}'"}[table.json == ""]}
		for _, key := range table.keys {
			columns = append(columns, key.column)
		}

		parts[i] = "select '" + table.name + "' || row(" + strings.Join(columns, ", ") + ")::text from " + w.name(i).SQL()
	}

	err = db.QueryRow(ctx, "select coalesce(array_agg(l order by l collate \"C\"), '{}') from ("+strings.Join(parts, " union all ")+") as x (l)").Scan(&lines)

	return lines, err
}

// after is what dump must give once a subject is erased.
func (w *world) after(kind plan.Subject, account int) (lines []string) {
	belongs := w.belongs(kind, account)
	gone := map[int]bool{}

	for _, table := range w.tables {
		for _, row := range table.data {
			gone[row.id] = belongs[row.id] && table.action(kind) == datamap.Delete
		}
	}

	for _, table := range w.tables {
		for _, row := range table.data {
			if gone[row.id] {
				continue
			}

			text := row.text
			if belongs[row.id] {
				text = ""
			}

			values := []string{strconv.Itoa(row.id), text}

			for _, named := range row.names {
				value := ""
				if named != 0 && !gone[named] {
					value = strconv.Itoa(named)
				}

				values = append(values, value)
			}

			lines = append(lines, table.name+"("+strings.Join(values, ",")+")")
		}
	}

	slices.Sort(lines)

	return lines
}

func (t *wtable) action(kind plan.Subject) datamap.Rows {
	if kind == plan.Person && t.person != "" {
		return t.person
	}

	return t.rows
}

// belongs works out whose rows are whose, by going round until nothing changes.
func (w *world) belongs(kind plan.Subject, account int) map[int]bool {
	belongs := map[int]bool{}
	under := w.under(account)

	for i, table := range w.tables {
		for _, row := range table.data {
			seed := kind == plan.Account && i == 0 && row.id == account
			if kind == plan.Person && table.person != "" && strings.EqualFold(row.text, identity) {
				seed = account == 0 || under[row.id]
			}

			belongs[row.id] = seed
		}
	}

	for grown := true; grown; {
		grown = false

		for _, table := range w.tables {
			for _, row := range table.data {
				for k, named := range row.names {
					if (k == table.path || slices.Contains(table.follows, k)) && belongs[named] && !belongs[row.id] {
						belongs[row.id], grown = true, true
					}
				}
			}
		}
	}

	return belongs
}

// under are the rows whose path leads to an account.
func (w *world) under(account int) map[int]bool {
	under := map[int]bool{account: true}

	for _, table := range w.tables { // parents come first
		for _, row := range table.data {
			if table.path >= 0 && under[row.names[table.path]] {
				under[row.id] = true
			}
		}
	}

	return under
}
