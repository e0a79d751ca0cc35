package check_test

import (
	"slices"
	"strings"
	"testing"

	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

// text is a map about the schema below that nothing is wrong with.
const text = `version: 1
databases:
  - name: app
    account:
      table: app.firms
      key: id
      close: update app.firms set closed = true where id = $1
      reopen: update app.firms set closed = false where id = $1
    objects:
      - {table: app.leads, large_object: scan}
    tables:
      app.firms:
        category: company
        role: controller
        rows: delete
        columns: {erase: [name], not_personal: [id, closed]}
      app.leads:
        category: collected
        role: processor
        path: [firm]
        rows: delete
        person: {match: [{identity: email, column: mail}, {identity: email, column: form, json: $.mail}], rows: delete}
        columns: {erase: [mail, form, scan], not_personal: [id, firm]}
        export: [mail]
      app.tickets:
        category: support
        role: controller
        path: [firm]
        rows: keep
        columns:
          erase:
            - {column: mail, fixed: "gone@example.invalid"}
            - {column: name, "null": true}
            - {column: nick, keyed_hash: true}
            - upper
          retain: [{columns: [amount], basis: invoices, until: 10y}]
          not_personal: [id, firm, lead]
        known: {checks: [mail], triggers: [touch]}
      app.countries: {not_personal: "a list of countries"}
`

func name(text string) liveschema.Name {
	schema, table, _ := strings.Cut(text, ".")

	return liveschema.Name{Schema: schema, Table: table}
}

// column makes a column from words: its name, its type, then "not null", "checked" or "generated".
func column(words ...string) liveschema.Column {
	made := liveschema.Column{Name: words[0], Type: words[1], Base: words[1], Category: "S"}

	switch {
	case slices.Contains([]string{"bigint", "oid", "numeric"}, words[1]):
		made.Category = "N"
	case words[1] == "jsonb":
		made.Category = "U"
	}

	made.NotNull = slices.Contains(words, "not null")
	made.Checked = slices.Contains(words, "checked")
	made.Generated = slices.Contains(words, "generated")

	return made
}

// schema is what the text is about.
func schema() liveschema.Schema {
	id := column("id", "bigint", "not null")
	firm := liveschema.ForeignKey{Name: "firm", Columns: []string{"firm"}, To: name("app.firms"), ToColumns: []string{"id"}, OnDelete: liveschema.SetNull}
	lead := liveschema.ForeignKey{Name: "lead", Columns: []string{"lead"}, To: name("app.leads"), ToColumns: []string{"id"}, OnDelete: liveschema.NoAction}

	return liveschema.Schema{Database: "app", LargeObjects: 1, Tables: []liveschema.Table{
		{
			Name: name("app.countries"), Kind: liveschema.Ordinary, Primary: []string{"id"},
			Columns: []liveschema.Column{id},
		},
		{
			Name: name("app.firms"), Kind: liveschema.Ordinary, Primary: []string{"id"}, UniqueOver: [][]string{{"id"}},
			Columns: []liveschema.Column{id, column("name", "text"), column("closed", "boolean")},
		},
		{
			Name: name("app.leads"), Kind: liveschema.Ordinary, Primary: []string{"id"}, UniqueOver: [][]string{{"id"}},
			Columns: []liveschema.Column{
				id, column("firm", "bigint"), column("mail", "text"), column("form", "jsonb"), column("scan", "oid"),
			},
			Keys: []liveschema.ForeignKey{firm}, Indexes: [][]string{{"firm"}},
		},
		{
			Name: name("app.tickets"), Kind: liveschema.Ordinary, Primary: []string{"id"}, UniqueOver: [][]string{{"id"}, {"id", "mail"}},
			Columns: []liveschema.Column{
				id, column("firm", "bigint"), column("lead", "bigint"), column("mail", "text", "not null", "checked"), column("name", "text"),
				column("nick", "text"), column("upper", "text", "generated"), column("amount", "numeric"),
			},
			Keys: []liveschema.ForeignKey{firm, lead}, Indexes: [][]string{{"firm"}, {"lead", "id"}},
			Triggers: []liveschema.Trigger{{Name: "touch", Function: "app.touch", OnUpdate: true, Enabled: true}},
		},
	}}
}

// table finds a table of a schema to change it.
func table(in *liveschema.Schema, text string) *liveschema.Table {
	for i := range in.Tables {
		if in.Tables[i].Name == name(text) {
			return &in.Tables[i]
		}
	}

	panic("no table " + text)
}

// col finds a column of a table to change it.
func col(in *liveschema.Schema, tableName, columnName string) *liveschema.Column {
	found := table(in, tableName)
	for i := range found.Columns {
		if found.Columns[i].Name == columnName {
			return &found.Columns[i]
		}
	}

	panic("no column " + columnName)
}

func rules(t testing.TB) *policy.Policy {
	t.Helper()

	read, err := policy.Load("../../policy/testdata/working_exceptions.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	read.Exceptions[0].Categories = []string{"support"}

	return read
}

// parsed reads a map; each pair of edits is a text and what stands instead.
func parsed(t testing.TB, edits ...string) *datamap.Map {
	t.Helper()

	src := text

	for edit := range slices.Chunk(edits, 2) {
		if !strings.Contains(src, edit[0]) {
			t.Fatalf("the map has no %q", edit[0])
		}

		src = strings.Replace(src, edit[0], edit[1], 1)
	}

	read, err := datamap.Parse("datamap.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}

	return read
}

func run(t testing.TB, live liveschema.Schema, edits ...string) []check.Finding {
	t.Helper()

	return check.Run(parsed(t, edits...), []liveschema.Schema{live}, rules(t))
}
