package explain_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/datamap/explain"
	"steward/internal/liveschema"
)

const text = `version: 1
databases:
  - name: app
    account: {table: app.firms, key: id, close: select $1, reopen: select $1}
    references: [{from: app.log, columns: [firm], to: app.firms, key: [id]}]
    objects: [{table: app.leads, large_object: scan}]
    tables:
      app.firms: {category: company, role: controller, rows: delete, columns: {erase: [name], not_personal: [id]}}
      app.leads:
        category: collected
        role: processor
        path: [firm]
        rows: delete
        person: {match: [{identity: email, column: mail}, {identity: phone, column: form, json: $.tel}], rows: keep}
        columns:
          erase: [{column: mail, fixed: "x"}, {column: form, "null": true}, {column: code, keyed_hash: true}, scan, sum]
          retain: [{columns: [amount], basis: invoices, until: 10y}]
          not_personal: [id, firm, gone]
      app.log: {category: company, role: controller, path: [firm], rows: delete, columns: {not_personal: [firm]}}
      app.kinds: {not_personal: "a list of kinds."}
      app.lost: {category: company, role: controller, path: [firm], rows: keep, columns: {not_personal: [id]}}
      app.news: {category: company, role: controller, person: {match: [{identity: email, column: mail}], rows: delete}, columns: {erase: [mail]}}
`

func name(table string) liveschema.Name { return liveschema.Name{Schema: "app", Table: table} }

func world(t *testing.T) (datamap.Database, liveschema.Schema) {
	t.Helper()

	read, err := datamap.Parse("datamap.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}

	columns := func(names ...string) []liveschema.Column {
		made := make([]liveschema.Column, len(names))
		for i, one := range names {
			made[i] = liveschema.Column{Name: one, Type: "text", Generated: one == "sum"}
		}

		return made
	}
	key := func(column, to string) []liveschema.ForeignKey {
		return []liveschema.ForeignKey{{Columns: []string{column}, To: name(to), ToColumns: []string{"id"}}}
	}

	return read.Databases[0], liveschema.Schema{Database: "app", Tables: []liveschema.Table{
		{Name: name("firms"), Columns: columns("id", "name")},
		{Name: name("kinds"), Columns: columns("id")},
		{Name: name("leads"), Columns: columns("id", "firm", "mail", "form", "code", "scan", "sum", "amount", "new"), Keys: key("firm", "firms")},
		{Name: name("log"), Columns: columns("firm")},
		{Name: name("news"), Columns: columns("mail")},
		{Name: name("notes"), Columns: columns("lead"), Keys: key("lead", "leads")},
	}}
}

func TestATableInSentences(t *testing.T) {
	t.Parallel()

	decided, schema := world(t)

	for table, want := range map[string]string{
		"firms": `It holds data of the category company, of which the company itself is the controller.
Each row is an account; id tells accounts apart.
When the account is erased its rows are deleted.
Rows of app.leads (firm) go with those that they name here.
Rows of app.log (firm) go with those that they name here.`,
		"leads": `It holds data of the category collected, of which the customer is the controller.
Its rows belong to an account by firm of app.firms.
When the account is erased its rows are deleted.
A person is found by email in mail, phone in form at $.tel; the rows found stay, with their personal columns overwritten.
What its rows name outside of the table is erased too.
The key of app.notes (lead) is made null where it names a row that goes.`,
		"log": `It holds data of the category company, of which the company itself is the controller.
Its rows belong to an account by firm of app.firms.
When the account is erased its rows are deleted.
No person is looked for in it; a row goes with the rows that it follows.`,
		"news": `It holds data of the category company, of which the company itself is the controller.
Its rows belong to no account.
The erasure of an account does not touch it.
A person is found by email in mail; the rows found are deleted.`,
		"kinds": "Its rows belong to nobody: a list of kinds.",
		"lost":  "The map decides about the table, and the database has none of this name.",
		"notes": "Nobody decided about the table: nothing is erased in the database before somebody has.",
	} {
		made, found := explain.Of(decided, schema, name(table))
		if diff := cmp.Diff(want, strings.Join(made.Sentences, "\n")); !found || diff != "" {
			t.Errorf("%s: %v %s", table, found, diff)
		}
	}

	if _, found := explain.Of(decided, schema, name("nowhere")); found {
		t.Error("a table that nobody has")
	}
}

func TestTheColumnsOfATable(t *testing.T) {
	t.Parallel()

	decided, schema := world(t)
	made, _ := explain.Of(decided, schema, name("leads"))

	var lines []string
	for _, column := range made.Columns {
		lines = append(lines, column.Name+": "+string(column.Decision)+": "+column.Says)
	}

	want := []string{
		"id: not_personal: says nothing about a person by itself",
		"firm: not_personal: says nothing about a person by itself",
		`mail: erase: goes with its row; "x" where the row stays`,
		"form: erase: goes with its row; null where the row stays",
		"code: erase: goes with its row; a keyed hash where the row stays",
		"scan: erase: goes with its row",
		"sum: erase: goes with its row, or changes with the columns that it is computed from",
		"amount: retain: kept for 10y where its row stays: invoices",
		"new: : nobody decided about it",
		"gone: not_personal: is not in the database",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}

	if made, _ := explain.Of(decided, schema, name("kinds")); made.Columns[0].Says != "belongs to nobody" {
		t.Error(made.Columns)
	}
}

func TestThePicture(t *testing.T) {
	t.Parallel()

	decided, schema := world(t)
	schema.Tables = append(schema.Tables, liveschema.Table{Name: liveschema.Name{Schema: "app", Table: `a"b\c`}})

	got := explain.DOT(decided, schema)
	for _, want := range []string{
		`digraph "app" {`, `"app.firms" [fillcolor="#8fc7ff"]`, `"app.leads" -> "app.firms" [label="firm", style=solid]`,
		`"app.log" -> "app.firms" [label="firm", style=dotted]`, `"app.notes" -> "app.leads" [label="lead", style=dashed]`,
		`"app.notes" [fillcolor="#ff9d9d"]`, `"app.kinds" [fillcolor="#eeeeee"]`, `"app.news" [fillcolor="#ffe9a8"]`,
		`"app.\"a\"\"b\\c\"" [fillcolor="#ff9d9d"]`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}

	if strings.Contains(got, "app.lost") {
		t.Error("a table that is not there is drawn")
	}
}
