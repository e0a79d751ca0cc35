package datamap_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// update writes the expected files anew: go test ./internal/datamap -update.
var update = flag.Bool("update", false, "write the expected files anew")

func source(t testing.TB, file string) string {
	t.Helper()

	src, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	return string(src)
}

// golden compares text with the file, or writes it.
func golden(t *testing.T, file, text string) {
	t.Helper()

	if *update {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	if diff := cmp.Diff(source(t, file), text); diff != "" {
		t.Errorf("%s (-file +now):\n%s", file, diff)
	}
}

// Each busted file has a file beside it with the whole error.
func TestBusted(t *testing.T) {
	t.Parallel()

	files, err := filepath.Glob("testdata/busted_*.yaml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}

	for _, file := range files {
		name := filepath.Base(file)

		read, err := datamap.Parse(name, []byte(source(t, file)))

		problems, ok := errors.AsType[*datamap.Problems](err)
		if !ok || read != nil {
			t.Errorf("%s is accepted: %v", file, err)

			continue
		}

		golden(t, strings.TrimSuffix(file, ".yaml")+".txt", problems.Error()+"\n")
	}
}

// Everything that the file can say is read as it was written.
func TestEverything(t *testing.T) {
	t.Parallel()

	read, err := datamap.Load("testdata/working_everything.yaml")
	if err != nil {
		t.Fatal(err)
	}

	app := read.Database("app")
	if app == nil || read.Database("other") != nil {
		t.Fatalf("%+v", read.Databases)
	}

	name := func(schema, table string) liveschema.Name { return liveschema.Name{Schema: schema, Table: table} }
	want := datamap.Database{
		Name: "app",
		Account: datamap.Root{
			Table: name("app", "firms"), Key: "id", Close: "select close_firm($1)", Reopen: "select open_firm($1)",
		},
		References: []datamap.Reference{{
			From: name("app", "leads"), Columns: []string{"firm", "at"}, To: name("app", "firms"), ToColumns: []string{"id", "since"},
			Place: datamap.Place{Line: 10, Column: 10},
		}},
		Objects: []datamap.ObjectColumns{
			{Table: name("app", "leads"), Bucket: "bucket", Object: "object", Place: datamap.Place{Line: 12, Column: 10}},
			{Table: name("app", "leads"), FixedBucket: "uploads", Object: "object", Place: datamap.Place{Line: 13, Column: 10}},
			{Table: name("app", "leads"), LargeObject: "scan", Place: datamap.Place{Line: 14, Column: 10}},
		},
		Prefixes: []datamap.Prefix{
			{Bucket: "uploads", Text: "firms/{account}/", Place: datamap.Place{Line: 47, Column: 10}},
			{Bucket: "uploads", Text: "firms/{account}_old", Place: datamap.Place{Line: 48, Column: 10}},
		},
		Tables: []datamap.Table{
			{
				Name: name("app", "firms"), Category: "company", Role: datamap.Controller, Rows: datamap.Keep,
				Columns: []datamap.Column{
					{Name: "since", Decision: datamap.Erase, Place: datamap.Place{Line: 22, Column: 15}},
					{Name: "a", Decision: datamap.Erase, Strategy: datamap.Null, Place: datamap.Place{Line: 23, Column: 16}},
					{Name: "b", Decision: datamap.Erase, Strategy: datamap.Fixed, Place: datamap.Place{Line: 24, Column: 16}},
					{Name: "c", Decision: datamap.Erase, Strategy: datamap.Fixed, Value: "{}", Place: datamap.Place{Line: 25, Column: 16}},
					{Name: "d", Decision: datamap.Erase, Strategy: datamap.KeyedHash, Place: datamap.Place{Line: 26, Column: 16}},
					{Name: "e", Decision: datamap.Erase, Strategy: datamap.KeyedHash, Value: "x-{}", Place: datamap.Place{Line: 27, Column: 16}},
					{Name: "f", Decision: datamap.Retain, Basis: "invoices", Until: "10y", Place: datamap.Place{Line: 28, Column: 31}},
					{Name: "id", Decision: datamap.NotPersonal, Place: datamap.Place{Line: 29, Column: 26}},
				},
				Known:  datamap.Known{Triggers: []string{"touch"}, Rules: true, Checks: []string{"b"}},
				Export: []string{"a", "b"},
				Place:  datamap.Place{Line: 16, Column: 7},
			},
			{
				Name: name("a.b", `say "hi"`), Category: "collected", Role: datamap.Processor, Path: []string{"firm"}, Rows: datamap.Delete,
				Follows: [][]string{{"x", "y"}, {"null"}},
				Person: &datamap.Person{Rows: datamap.Delete, Matches: []datamap.Match{
					{Identity: datamap.Email, Column: "mail"},
					{Identity: datamap.Phone, Column: "form", JSON: `$.contacts[*]."tel no"`},
				}},
				Columns: []datamap.Column{{Name: "mail", Decision: datamap.Erase, Place: datamap.Place{Line: 43, Column: 27}}},
				Guessed: datamap.Guessed{Parts: []datamap.Part{datamap.PartRole, datamap.PartPath}, Columns: []string{"mail"}},
				Place:   datamap.Place{Line: 32, Column: 7},
			},
			{Name: name("app", "Campaign Tags"), NotPersonal: "words", Place: datamap.Place{Line: 45, Column: 7}},
		},
	}

	if diff := cmp.Diff(want, *app); diff != "" {
		t.Error(diff)
	}
}

// The hash names the decisions, not how they are written.
func TestTheHashNamesTheDecisions(t *testing.T) {
	t.Parallel()

	text := source(t, "testdata/working_everything.yaml")
	hash := func(text string) string {
		read, err := datamap.Parse("datamap.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}

		return read.SHA256
	}

	first := hash(text)
	if again := hash("# more words\n" + strings.ReplaceAll(text, "rows: keep", `rows:   "keep"`)); again != first {
		t.Error("the form changes the hash")
	}

	for _, change := range [][2]string{{"rows: keep", "rows: delete"}, {"until: 10y", "until: 9y"}, {"id]", "id2]"}, {"touch", "touched"}} {
		changed := strings.Replace(text, change[0], change[1], 1)
		if change[0] == "rows: keep" {
			changed = strings.Replace(changed, "          retain: [{columns: [f], basis: invoices, until: 10y}]\n", "", 1)
		}

		if hash(changed) == first {
			t.Errorf("%v does not change the hash", change)
		}
	}
}

func TestNamesAreReadAsTheyAreWritten(t *testing.T) {
	t.Parallel()

	for _, name := range []liveschema.Name{
		{Schema: "app", Table: "leads"}, {Schema: "a.b", Table: "c.d"}, {Schema: `a"b`, Table: "Campaign Tags"}, {Schema: `"`, Table: `."`},
	} {
		if got, err := datamap.ParseName(datamap.WriteName(name)); err != nil || got != name {
			t.Errorf("%+v is written %s, read %+v, %v", name, datamap.WriteName(name), got, err)
		}
	}

	for _, text := range []string{"", "leads", "app.", ".leads", "a.b.c", `"a"b.c`, `"a.b`, `a"b.c`, `a.b"c`, "app." + strings.Repeat("x", 64), `"".x`} {
		if got, err := datamap.ParseName(text); err == nil {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// docs/datamap.md ends with the reference; -update writes it anew.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()

	const file, heading = "../../docs/datamap.md", "## Every key\n"

	text, _, found := strings.Cut(source(t, file), heading)
	if !found {
		t.Fatalf("%s has no %q", file, heading)
	}

	golden(t, file, text+datamap.Manual())
}

// Whatever a file holds, it is read or refused, with a place and a remedy for each problem.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}

	for _, file := range append(files, "../../datamap.yaml") {
		f.Add(source(f, file))
	}

	f.Fuzz(func(t *testing.T, text string) {
		read, err := datamap.Parse("datamap.yaml", []byte(text))
		if err == nil {
			if len(read.SHA256) != 64 || len(read.Databases) == 0 {
				t.Fatalf("%+v", read)
			}

			return
		}

		problems, ok := errors.AsType[*datamap.Problems](err)
		if !ok || len(problems.List) == 0 {
			t.Fatalf("%v", err)
		}

		for _, problem := range problems.List {
			if problem.Line < 1 || problem.Column < 1 || problem.Message == "" || problem.Remedy == "" {
				t.Fatalf("%+v", problem)
			}
		}
	})
}
