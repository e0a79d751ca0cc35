package scaffold_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/datamap/scaffold"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

// confirmed reads a first map, and confirms every guess.
func confirmed(t rapid.TB, text string) *datamap.Map {
	t.Helper()

	read, err := datamap.Parse("datamap.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}

	for i := range read.Databases[0].Tables {
		table := &read.Databases[0].Tables[i]
		if len(table.Guessed.Parts) == 0 {
			t.Fatalf("nothing is marked in %s:\n%s", table.Name, text)
		}

		table.Guessed = datamap.Guessed{}
	}

	return read
}

// The first map of any schema can be read, and is right once its marks are confirmed.
func TestTheFirstMapOfAnySchema(t *testing.T) {
	t.Parallel()

	rules, err := policy.Load("../../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	rapid.Check(t, func(t *rapid.T) {
		schema := anySchema().Draw(t, "schema")

		text, err := scaffold.Write(schema, scaffold.Options{})
		if err != nil {
			t.Fatal(err)
		}

		for _, found := range check.Run(confirmed(t, text), []liveschema.Schema{schema}, rules) {
			if found.Severity == check.Wrong {
				t.Fatalf("%s\n%s\n%+v", found, text, schema)
			}
		}
	})
}

// anySchema draws schemas that PostgreSQL could have. The first table can be that of accounts.
func anySchema() *rapid.Generator[liveschema.Schema] {
	return rapid.Custom(func(t *rapid.T) liveschema.Schema {
		count := rapid.IntRange(1, 12).Draw(t, "tables")
		names := rapid.SliceOfNDistinct(anyName(), count, count, rapid.ID).Draw(t, "names")
		schema := liveschema.Schema{Database: "app", LargeObjects: rapid.Int64Range(0, 1).Draw(t, "large objects")}

		for i, table := range names {
			schema.Tables = append(schema.Tables, anyTable(i, liveschema.Name{
				Schema: rapid.SampledFrom([]string{"app", "public", "B c", "d.e"}).Draw(t, "schema"), Table: table,
			}, schema.Tables).Draw(t, "table"))
		}

		slices.SortFunc(schema.Tables, func(a, b liveschema.Table) int { return a.Name.Compare(b.Name) })

		return schema
	})
}

// anyName draws names as they are, and as they must be possible.
func anyName() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[a-z_]{3,8}`), rapid.SampledFrom([]string{
			"companies", "null", "true", "1e3", "a b", `a"b`, "a.b", "Ü", "#x", "- y", "a: b", "'", "[", "{", "*a", "&b", "!c", "|", "%", "@", "`", "\\n", "ids",
			"\u65e5\u672c", "email", "company_id", "x\ny", "\u2028", " ", "?", "~", "0x1F", ".5", "2026-11-22", "=", "<<", "a#b", "a:b", "Campaign Tags",
		}),
		rapid.StringN(1, 8, 30).Filter(func(s string) bool { return !strings.ContainsRune(s, 0) && strings.ToValidUTF8(s, "") == s }),
	)
}

// anyTable draws a table whose keys lead to those above it, or to itself: what leads back is added as a key that may be null.
func anyTable(number int, name liveschema.Name, above []liveschema.Table) *rapid.Generator[liveschema.Table] {
	return rapid.Custom(func(t *rapid.T) liveschema.Table {
		table := liveschema.Table{
			Name: name, Kind: liveschema.Ordinary, Rows: -1, Primary: []string{"id"}, UniqueOver: [][]string{{"id"}},
			Columns: []liveschema.Column{{Name: "id", Type: "bigint", Base: "bigint", Category: "N", NotNull: true}},
		}

		if number > 0 {
			table.Kind = rapid.SampledFrom([]liveschema.Kind{
				liveschema.Ordinary, liveschema.Ordinary, liveschema.Ordinary, liveschema.Partitioned, liveschema.Materialized, liveschema.Foreign,
			}).Draw(t, "kind")
		}

		taken := map[string]bool{"id": true}
		for _, column := range rapid.SliceOfNDistinct(anyName(), 0, 5, rapid.ID).Draw(t, "columns") {
			if !taken[column] {
				table.Columns = append(table.Columns, anyColumn(column).Draw(t, "column"))
				taken[column] = true
			}
		}

		if table.Kind == liveschema.Ordinary || table.Kind == liveschema.Partitioned {
			addKeys(t, &table, above)
			table.Rules = rapid.IntRange(0, 1).Draw(t, "rules")
			table.RowSecurity = rapid.Bool().Draw(t, "row security")
		}

		if rapid.Bool().Draw(t, "trigger") && table.Kind == liveschema.Ordinary {
			table.Triggers = []liveschema.Trigger{{Name: "a: b", Function: "x.y", OnDelete: true, OnUpdate: true, Enabled: true}}
		}

		return table
	})
}

func anyColumn(name string) *rapid.Generator[liveschema.Column] {
	return rapid.Custom(func(t *rapid.T) liveschema.Column {
		kind := rapid.SampledFrom([][2]string{
			{"text", "S"}, {"bigint", "N"}, {"jsonb", "U"}, {"oid", "N"}, {"uuid", "U"}, {"inet", "I"}, {"text[]", "A"}, {"timestamp with time zone", "D"},
		}).Draw(t, "type")

		return liveschema.Column{
			Name: name, Type: kind[0], Base: kind[0], Category: kind[1], NotNull: rapid.Bool().Draw(t, "not null"), Checked: rapid.Bool().Draw(t, "checked"),
		}
	})
}

// addKeys adds foreign keys with columns of their own.
func addKeys(t *rapid.T, table *liveschema.Table, above []liveschema.Table) {
	parents := slices.Concat(above, []liveschema.Table{*table})

	for i := range rapid.IntRange(0, 3).Draw(t, "keys") {
		to := rapid.SampledFrom(parents).Draw(t, "to")
		if to.Kind == liveschema.Materialized || to.Kind == liveschema.Foreign {
			continue
		}

		column := liveschema.Column{
			Name: fmt.Sprintf("fk_%d", i), Type: "bigint", Base: "bigint", Category: "N",
			NotNull: to.Name != table.Name && rapid.Bool().Draw(t, "must be set"),
		}
		table.Columns = append(table.Columns, column)
		table.Keys = append(table.Keys, liveschema.ForeignKey{
			Name: column.Name, Columns: []string{column.Name}, To: to.Name, ToColumns: []string{"id"},
			OnDelete: rapid.SampledFrom([]liveschema.Rule{
				liveschema.NoAction, liveschema.Restrict, liveschema.Cascade, liveschema.SetNull, liveschema.SetDefault,
			}).Draw(t, "on delete"),
			Deferrable: rapid.Bool().Draw(t, "deferrable"), MatchFull: rapid.Bool().Draw(t, "match full"),
		})
	}
}
