package demoapp_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/graph/formats/dot"
	"gonum.org/v1/gonum/graph/formats/dot/ast"

	"steward/dev/demoapp"
	"steward/internal/datamap"
	"steward/internal/datamap/explain"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
)

// A parser of DOT that is not ours reads the picture of the demo map: each table is a node, and each key leads from a node to another.
func TestThePictureOfTheDemoMapIsRead(t *testing.T) {
	t.Parallel()

	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}

	schema, err := liveschema.Read(t.Context(), opened(t, url), "app")
	if err != nil {
		t.Fatal(err)
	}

	of := pictureOf(t, explain.DOT(decided(t), schema))

	names := []string{}
	for _, table := range schema.Tables {
		names = append(names, table.Name.String())
	}

	slices.Sort(names)

	if diff := cmp.Diff(names, slices.Sorted(maps.Keys(of.nodes))); diff != "" || len(of.edges) < 10 {
		t.Error(diff, of.edges)
	}
}

// Names that SQL quotes, tables of one name in several schemas, and circles come out as they were.
func TestThePictureOfNamesThatAreQuoted(t *testing.T) {
	t.Parallel()

	url := pgtest.Database(t)

	if _, err := open(t, url).Exec(t.Context(), `create schema "Shop; {}"; create schema b;
		create table b.firms (id int primary key, boss int);
		create table "Shop; {}".firms (id int primary key, other int references b.firms);
		create table b."say ""-> [x]"" \" (id int primary key, "of, ""whom""" int references b.firms, next int references b."say ""-> [x]"" \");
		create table b."digraph" (id int primary key, node int references b."say ""-> [x]"" \" unique);
		alter table b.firms add foreign key (boss) references b."digraph" (node)`); err != nil {
		t.Fatal(err)
	}

	schema, err := liveschema.Read(t.Context(), opened(t, url), "app")
	if err != nil {
		t.Fatal(err)
	}

	decided := datamap.Database{Name: `a "b" \`}
	for _, table := range schema.Tables {
		decided.Tables = append(decided.Tables, datamap.Table{Name: table.Name, Rows: datamap.Delete, Path: []string{"next"}})
	}

	of := pictureOf(t, explain.DOT(decided, schema))
	odd := `b.` + datamap.WriteName(liveschema.Name{Schema: "b", Table: `say "-> [x]" \`})[2:]
	want := []string{
		`Shop; {}.firms -> b.firms: other, dashed`, `b.digraph -> ` + odd + `: node, dashed`, `b.firms -> b.digraph: boss, dashed`,
		odd + ` -> b.firms: of, "whom", dashed`, odd + ` -> ` + odd + `: next, solid`,
	}

	slices.Sort(want)

	if diff := cmp.Diff(want, of.edges); diff != "" || of.name != `a "b" \` {
		t.Error(diff, of.name)
	}

	if diff := cmp.Diff([]string{"Shop; {}.firms", odd, "b.digraph", "b.firms"}, slices.Sorted(maps.Keys(of.nodes))); diff != "" {
		t.Error(diff)
	}
}

// picture is what a parser makes of a text: edges with their labels and styles, sorted.
type picture struct {
	name  string
	nodes map[string]bool
	edges []string
}

func pictureOf(t *testing.T, text string) picture {
	t.Helper()

	file, err := dot.ParseString(text)
	if err != nil || len(file.Graphs) != 1 || !file.Graphs[0].Directed {
		t.Fatal(err, text)
	}

	of := picture{name: unquoted(file.Graphs[0].ID), nodes: map[string]bool{}}

	for _, statement := range file.Graphs[0].Stmts {
		switch statement := statement.(type) {
		case *ast.NodeStmt:
			of.nodes[unquoted(statement.Node.ID)] = true
		case *ast.EdgeStmt:
			from, isNode := statement.From.(*ast.Node)
			to, alsoNode := statement.To.Vertex.(*ast.Node)

			if !isNode || !alsoNode || statement.To.To != nil {
				t.Fatal("no edge from a node to a node:", statement)
			}

			of.edges = append(of.edges, unquoted(from.ID)+" -> "+unquoted(to.ID)+": "+valueOf(statement.Attrs, "label")+", "+valueOf(statement.Attrs, "style"))
		}
	}

	slices.Sort(of.edges)

	return of
}

func valueOf(attributes []*ast.Attr, key string) string {
	for _, attribute := range attributes {
		if attribute.Key == key {
			return unquoted(attribute.Val)
		}
	}

	return ""
}

// unquoted is a text as Graphviz shows it.
func unquoted(id string) string {
	id, quoted := strings.CutPrefix(id, `"`)
	if !quoted {
		return id
	}

	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(strings.TrimSuffix(id, `"`))
}
