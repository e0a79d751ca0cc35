package check_test

import (
	"fmt"

	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

// A column that was added since the map was written stops every erasure, and is named with the line to mend.
func ExampleDatabase() {
	decided, err := datamap.Parse("datamap.yaml", []byte(`version: 1
databases:
  - name: app
    account: {table: app.firms, key: id, close: select close_firm($1), reopen: select open_firm($1)}
    tables:
      app.firms: {category: company, role: controller, rows: delete, columns: {erase: [name], not_personal: [id]}}
`))
	if err != nil {
		fmt.Println(err)

		return
	}

	schema := liveschema.Schema{Database: "app", Tables: []liveschema.Table{{
		Name: liveschema.Name{Schema: "app", Table: "firms"}, Kind: liveschema.Ordinary, Primary: []string{"id"},
		Columns: []liveschema.Column{{Name: "id", Type: "bigint", NotNull: true}, {Name: "name", Type: "text"}, {Name: "phone", Type: "text"}},
	}}}

	for _, found := range check.Database(decided.Databases[0], schema, &policy.Policy{}) {
		fmt.Println(found)
	}
	// Output:
	// app app.firms (line 6): nobody decided about column phone; add it to erase, retain or not_personal of the table's columns
}
